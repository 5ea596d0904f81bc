"""What nodes need that policy treats alike, and that loses it by different rules."""

from __future__ import annotations

import pytest

from callint.checks import find
from callint.checks.traffic import answer
from callint.net.address import Family
from callint.policy.packet import Direction
from callint.policy.symbolic.engine import Engine
from callint.policy.symbolic.partition import Partition
from manifests import calico, cluster_of

ADDRESSES = {"a": "10.0.0.1", "b": "10.0.0.2", "c": "10.0.0.3"}
NEED = {"name": "quotes", "at": [{"listener": {"ports": 99}}], "direction": "in", "peers": ["somebody"]}


def test_nodes_that_anybody_may_ask_are_told_of_by_the_rule_that_drops_theirs() -> None:
    ends = [
        calico("HostEndpoint", name, {"node": name, "interfaceName": "eth0", "expectedIPs": [address]})
        for name, address in ADDRESSES.items()
    ]
    deny = [{"action": "Deny", "destination": {"nets": [f"10.0.0.{number}/32"]}} for number in (1, 2)]
    closed = calico("GlobalNetworkPolicy", "hosts", {"selector": "all()", "types": ["Ingress"], "ingress": deny})
    facts = "---\n".join(
        f"version: 1\nnode: {name}\ninterfaces: [{{name: eth0, addresses: [{address}/24]}}]\n"
        f"listening: [{{protocol: udp, port: 99, address: {address}}}]\n"
        for name, address in ADDRESSES.items()
    )
    breaches = list(
        find("flow-required")(cluster_of([*ends, closed], facts=facts), {**NEED, "protocol": "UDP", "ports": 99})
    )
    assert [(breach.message.partition('" at')[0], breach.path) for breach in breaches] == [
        ('quotes to node "a', ("spec", "ingress", 0, "action")),
        ('quotes to node "b', ("spec", "ingress", 1, "action")),
        ('quotes to node "c', ("spec", "ingress")),
    ]


def test_ports_of_a_service_are_told_of_by_the_rule_that_drops_each_and_how_many_more_there_are() -> None:
    box = calico("HostEndpoint", "box", {"node": "box", "interfaceName": "eth0", "expectedIPs": ["10.0.0.1"]})
    deny = [
        {"action": "Deny", "protocol": "TCP", "destination": {"ports": ["2:9"]}},
        {"action": "Allow", "protocol": "TCP", "destination": {"ports": [4, "30:39"]}},
        {"action": "Deny", "protocol": "TCP", "source": {"nets": ["10.9.0.0/16"]}, "destination": {"ports": ["40:49"]}},
        {"action": "Allow", "protocol": "TCP", "destination": {"ports": ["40:49"]}},
    ]
    closed = calico("GlobalNetworkPolicy", "hosts", {"selector": "all()", "types": ["Ingress"], "ingress": deny})
    ports = "".join(f"  - {{name: quotes, protocol: tcp, port: {port}}}\n" for port in range(1, 60))
    facts = (
        f"version: 1\nnode: box\ninterfaces: [{{name: eth0, addresses: [10.0.0.1/24]}}]\nservices:\n  eth0:\n{ports}"
    )
    # port 22 is a failsafe port
    need = {**NEED, "at": [{"declared": "quotes"}], "protocol": "TCP"}
    for anybody, more in (("somebody", {0: 7, "end": 29}), ("any", {0: 7, 2: 9, "end": 29})):
        cluster = cluster_of([box, closed], facts=facts)
        found = list(find("flow-required")(cluster, {**need, "peers": [anybody]}))
        told = {one.path[2] if len(one.path) > 2 else "end": one.message.rpartition("; ")[2] for one in found}
        assert told == {key: f"{count} more flows end there too" for key, count in more.items()}


def test_policy_is_not_asked_about_ipv6_where_the_ends_have_no_such_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: set[Family] = set()

    class Asked(Engine):
        def own(self, name: str, interface: str, direction: Direction) -> Partition:
            asked.add(self.space.family)
            return super().own(name, interface, direction)

    monkeypatch.setattr(answer, "Engine", Asked)
    facts = (
        "version: 1\nnode: box\ninterfaces: [{name: eth0, addresses: [10.0.0.1/24]}]\n"
        "listening: [{protocol: udp, port: 99, address: 10.0.0.1}]\n"
    )
    box = calico("HostEndpoint", "box", {"node": "box", "interfaceName": "eth0"})
    closed = calico("GlobalNetworkPolicy", "hosts", {"selector": "all()", "types": ["Ingress"]})
    need = {**NEED, "protocol": "UDP", "ports": 99}
    assert len(list(find("flow-required")(cluster_of([box, closed], facts=facts), need))) == 1
    assert asked == {4}
