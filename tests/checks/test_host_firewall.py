"""Where the firewall of a node is not asked any more, for Calico accepts everything first."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.checks import find
from manifests import calico, calico_node, cluster_of

FACTS = "version: 1\nnode: r\ninterfaces: [{name: eth0, addresses: [192.0.2.9/24]}]\nfirewall: {input: drop}\n"
OPEN = "projectcalico-default-allow"
IPTABLES = Target(dataplane="iptables")


def endpoint(*profiles: str) -> dict[str, Any]:
    spec = {"node": "r", "interfaceName": "eth0", "expectedIPs": ["192.0.2.9"], "profiles": list(profiles)}
    return calico("HostEndpoint", "wan", spec, labels={"zone": "wan"})


def policy(*ingress: dict[str, Any]) -> dict[str, Any]:
    spec = {"selector": "zone == 'wan'", "types": ["Ingress"], "ingress": list(ingress)}
    return calico("GlobalNetworkPolicy", "wan", spec)


def felix(**spec: Any) -> dict[str, Any]:
    return calico("FelixConfiguration", "default", spec)


@pytest.mark.parametrize(
    ("objects", "path"),
    [
        ([endpoint(OPEN)], ("spec", "profiles", 0)),
        ([endpoint(), policy({"action": "Allow"})], ("metadata", "name")),
        ([endpoint(), policy({"action": "Allow", "protocol": "TCP", "destination": {"ports": [22]}})], None),
        ([endpoint(), policy({"action": "Allow", "source": {"nets": ["10.0.0.0/8"]}})], None),
        ([endpoint()], None),
        ([endpoint(OPEN), felix(iptablesFilterAllowAction="Return")], None),
        ([endpoint(OPEN), felix(chainInsertMode="Append")], None),
        ([endpoint(OPEN), felix(bpfEnabled=True)], None),
        ([endpoint(OPEN), calico_node(FELIX_IPTABLESFILTERALLOWACTION="${ACTION}")], None),
    ],
)
def test_what_calico_accepts_first(objects: list[dict[str, Any]], path: tuple[Any, ...] | None) -> None:
    found = list(find("host_firewall")(cluster_of(objects, IPTABLES, facts=FACTS), {}))
    assert [one.path for one in found] == [path] * bool(path)


@pytest.mark.parametrize(
    ("facts", "dataplane"),
    [
        (FACTS.replace("drop", "accept"), "iptables"),
        (FACTS.replace("input", "forward"), "iptables"),
        ("", "iptables"),
        (FACTS, "nftables"),
    ],
)
def test_only_a_firewall_of_iptables_that_drops(facts: str, dataplane: Any) -> None:
    cluster = cluster_of([endpoint(OPEN)], Target(dataplane=dataplane), facts=facts)
    assert list(find("host_firewall")(cluster, {})) == []
