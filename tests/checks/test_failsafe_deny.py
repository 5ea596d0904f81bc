"""Rules of hosts that deny failsafe ports: where these are open to all, and where the rule still decides."""

from __future__ import annotations

import pytest

from callint.checks import find
from manifests import ROUTER, calico_node, cluster_of, pod

POLICY = """
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: closed}
spec: {selector: zone == 'wan', types: [Ingress, Egress], INGRESS, egress: [{action: Allow}]}
"""
DENY = "ingress: [{action: Deny, protocol: TCP, destination: {ports: [22, 80]}}, {action: Allow}]"
FELIX = """
---
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {name: default}
spec: {failsafeInboundHostPorts: [{protocol: tcp, port: PORT}]}
"""
MADE = """
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {zone: wan}}, spec: {containers: []}}}
"""
CLOSED = ROUTER + POLICY.replace("INGRESS", DENY)
OUT = CLOSED.replace("INGRESS", "").replace(
    "egress: [{action: Allow}]", "egress: [{action: Deny, protocol: UDP, destination: {ports: [53]}}]"
)


@pytest.mark.parametrize(
    ("manifests", "ports"),
    [
        (CLOSED, "tcp 22"),
        (CLOSED.replace("[22, 80]", "[22, 6443]"), "tcp 22 and tcp 6443"),
        (CLOSED.replace("types:", "applyOnForward: true, types:"), None),
        (CLOSED.replace("{ports:", "{nets: [10.0.0.0/24], ports:"), None),
        (OUT.replace(DENY, "ingress: [{action: Allow}]"), "udp 53"),
        (CLOSED + FELIX.replace("PORT", "22"), "tcp 22"),
        (CLOSED + FELIX.replace("PORT", "22, net: 10.0.0.0/24"), None),
        (CLOSED + FELIX.replace("PORT", "6443"), None),
        (CLOSED.replace("protocol: TCP", "protocol: UDP"), None),
        (CLOSED.replace("[22, 80]", "['1:1024']"), None),  # who denies all means no port of these
        (CLOSED.replace("action: Deny", "action: Allow"), None),
        (CLOSED.replace("[Ingress, Egress]", "[Egress]"), None),
        (CLOSED.replace("kind: Global", "kind: StagedGlobal"), None),
        (CLOSED.replace("zone == 'wan'", "all()"), None),
        (CLOSED + "---\n" + pod("web", "shop", "10.1.0.1", "router", zone="wan"), None),
        (CLOSED + MADE, None),
        (CLOSED + MADE.replace("{containers", "{hostNetwork: true, containers"), "tcp 22"),
    ],
)
def test_what_is_denied_in_vain(manifests: str, ports: str | None) -> None:
    found = list(find("failsafe_deny")(cluster_of(manifests), {}))
    assert [one.message.split(" denies ")[1].split(" in vain")[0] for one in found] == [ports] * bool(ports)


def test_a_list_in_the_environment_of_calico_node_is_not_read() -> None:
    import json

    told = json.dumps(calico_node(FELIX_FAILSAFEINBOUNDHOSTPORTS="tcp:6443"))
    assert not list(find("failsafe_deny")(cluster_of(CLOSED + "---\n" + told), {}))


def test_one_node_where_the_port_is_open_is_enough() -> None:
    second = (
        ROUTER.replace("node: router", "node: second").replace("name: wan", "name: wan-2").replace("lan,", "lan-2,")
    )
    here = FELIX.replace("PORT", "6443").replace("default", "node.router")
    (found,) = find("failsafe_deny")(cluster_of(f"{second}---\n{CLOSED}{here}"), {})
    assert 'open at node "second"' in found.message
