"""ICMP types beside a number of the protocol: where Felix renders a rule that the kernel refuses."""

from __future__ import annotations

import pytest

from callint.calico import Dataplane, Road, Target
from callint.checks import find
from manifests import cluster_of

POLICY = """
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: p}
spec: {selector: app == 'web', types: [Ingress], ingress: [{action: Allow, RULE}]}
"""
FELIX = """
---
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {name: default}
spec: {ipv6Support: false}
"""
DAEMON_SET = """
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: calico-node, namespace: kube-system}
spec: {template: {spec: {containers: [{name: calico-node, env: [{name: FELIX_IPV6SUPPORT, value: "VALUE"}]}]}}}
"""


def told(
    manifests: str, road: Road = "native", dataplane: Dataplane = "iptables", release: tuple[int, int] = (3, 32)
) -> list[str]:
    cluster = cluster_of(manifests, Target(release, road, dataplane))
    return [str(one.path[-1]) for one in find("policy_rules")(cluster, {"problem": "icmp-by-number"})]


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ("protocol: 1, icmp: {type: 8}", "icmp"),
        ("protocol: '58', icmp: {type: 128, code: 0}", "icmp"),
        ("protocol: 1, notICMP: {type: 8}", "notICMP"),
        ("protocol: 1, notICMP: {type: 8}, source: {nets: [10.0.0.0/8, 'fd00::/8']}", "notICMP"),
        ("protocol: 1", None),
        ("protocol: 1, icmp: {}", None),
        ("protocol: ICMP, icmp: {type: 8}", None),
        ("protocol: 1, ipVersion: 4, icmp: {type: 8}", None),
        ("protocol: 1, icmp: {type: 8}, source: {nets: [10.0.0.0/8]}", None),
        ("protocol: 1, icmp: {type: 8}, destination: {notNets: [10.0.0.0/8]}", None),
        ("protocol: 58, icmp: {type: 128}, destination: {nets: ['fd00::/8']}", None),
    ],
)
def test_where_the_rule_is_rendered_for_both_versions(rule: str, field: str | None) -> None:
    assert told(POLICY.replace("RULE", rule)) == ([field] if field else [])


def test_what_calicoctl_refuses_is_told_there() -> None:
    icmp, negated = (POLICY.replace("RULE", f"protocol: 1, {field}: {{type: 8}}") for field in ("icmp", "notICMP"))
    assert (told(icmp, "calicoctl"), told(negated, "calicoctl")) == ([], ["notICMP"])
    assert told(icmp, "calicoctl", release=(3, 33)) == ["icmp"]


def test_other_dataplanes_and_nodes_without_ipv6() -> None:
    four, six = (POLICY.replace("RULE", f"protocol: {number}, notICMP: {{type: 8}}") for number in (1, 58))
    assert told(four, dataplane="nftables") == told(four, dataplane="ebpf") == []
    assert (told(four + FELIX), told(six + FELIX)) == ([], ["notICMP"])
    assert told(four + DAEMON_SET.replace("VALUE", "false")) == []
    assert told(four + FELIX + DAEMON_SET.replace("VALUE", "true")) == ["notICMP"]
    assert told(four + DAEMON_SET.replace('value: "VALUE"', "valueFrom: {}")) == []
