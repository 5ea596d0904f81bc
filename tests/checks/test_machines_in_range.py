"""Service ranges that hold nodes or routers, to which Felix then forwards nothing."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.checks import find
from callint.policy import NodePolicy, Packet, evaluate
from manifests import calico, calico_node, cluster_of

LAN = [{"cidr": "10.0.0.0/24"}]
NODES = [calico("Node", f"n{number}", {"bgp": {"ipv4Address": f"10.0.0.{number}/24"}}) for number in (1, 2)]
ROUTER = calico("BGPPeer", "router", {"peerIP": "10.0.0.254", "asNumber": 65000})


HELD = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "home"},
    "spec": {"selector": {"app": "web"}, "externalIPs": ["10.0.0.1"], "ports": [{"port": 443}]},
}


def ranges(**spec: Any) -> dict[str, Any]:
    return calico("BGPConfiguration", "default", spec)


def felix(loops: str, name: str = "default") -> dict[str, Any]:
    return calico("FelixConfiguration", name, {"serviceLoopPrevention": loops})


OTHERS = (
    '10.0.0.1 of node "n1" and 1 more: Felix drops what it forwards to a service range, so that pods on other nodes'
)
FAR = '10.0.0.254, the far end of BGPPeer "router": Felix drops what it forwards to a service range, so that pods do'
HERE = [felix("Drop"), felix("Disabled", "node.n1")]
EACH = [felix("Disabled", f"node.n{number}") for number in (1, 2)]
DROP = {"FELIX_SERVICELOOPPREVENTION": "Drop"}


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ([ranges(serviceLoadBalancerIPs=LAN), *NODES], OTHERS),
        ([ranges(serviceExternalIPs=LAN), *NODES, ROUTER], OTHERS),
        ([ranges(serviceExternalIPs=LAN, serviceLoadBalancerIPs=LAN + LAN), *NODES, ROUTER], OTHERS),
        ([ranges(serviceClusterIPs=LAN), *NODES], OTHERS),
        ([ranges(serviceLoadBalancerIPs=LAN), ROUTER], FAR),
        ([ranges(serviceLoadBalancerIPs=LAN), NODES[0], ROUTER], FAR),
        ([ranges(serviceLoadBalancerIPs=LAN), NODES[0]], ""),
        ([ranges(serviceLoadBalancerIPs=LAN), *NODES, *HERE], OTHERS),
        ([ranges(serviceClusterIPs=LAN), ROUTER], ""),  # no router has such an address
        ([ranges(serviceLoadBalancerIPs=[{"cidr": "10.0.0.128/26"}]), *NODES, ROUTER], ""),
        ([ranges(serviceLoadBalancerIPs=LAN), *NODES, felix("Disabled")], ""),
        ([ranges(serviceLoadBalancerIPs=LAN), *NODES, *EACH], ""),
        ([ranges(serviceLoadBalancerIPs=LAN), ROUTER, calico_node(FELIX_SERVICELOOPPREVENTION="disabled")], ""),
        ([ranges(serviceLoadBalancerIPs=LAN), ROUTER, calico_node(FELIX_SERVICELOOPPREVENTION="$(LOOPS)")], ""),
        ([ranges(serviceLoadBalancerIPs=LAN), *NODES, felix("Disabled"), calico_node(**DROP)], OTHERS),
        ([ranges(serviceLoadBalancerIPs=[{"cidr": "10.0.0"}]), *NODES], ""),
        ([ranges(serviceLoadBalancerIPs=LAN)], ""),
        ([ranges(serviceExternalIPs=[{"cidr": "10.0.0.1/32"}, {"cidr": "10.0.0.254/32"}]), *NODES, ROUTER], ""),
        ([ranges(serviceExternalIPs=[{"cidr": "10.0.0.0/31"}]), *NODES, HELD], ""),
        (
            [ranges(serviceExternalIPs=LAN), calico("BGPPeer", "web", {"peerIP": "10.0.0.1", "asNumber": 65000}), HELD],
            "",
        ),
        ([ranges(serviceExternalIPs=LAN), *NODES, HELD], '10.0.0.2 of node "n2": Felix drops'),
        ([{**ranges(serviceLoadBalancerIPs=LAN), "metadata": {"name": "node.n1"}}, *NODES], ""),
    ],
)
def test_machines_in_a_service_range(objects: list[dict[str, Any]], said: str) -> None:
    found = list(find("service_range")(cluster_of(objects, judged=True), {"problem": "machines"}))
    assert [said in one.message for one in found] == [True] * bool(said)
    assert [one.undecided for one in found] == [False] * bool(said)
    assert [one.path[2:] for one in found] == [(0, "cidr")] * bool(said)


def test_one_node_of_which_facts_tell_may_have_others_beside_it() -> None:
    facts = "version: 1\nnode: n1\ninterfaces: [{name: eth0, addresses: [10.0.0.1/24]}]\n"
    cluster = cluster_of([ranges(serviceLoadBalancerIPs=LAN)], facts=facts)
    (found,) = find("service_range")(cluster, {"problem": "machines"})
    assert found.undecided
    assert "so that pods on other nodes, if there are any, do not reach it" in found.message


@pytest.mark.parametrize("link", ["kube-ipvs0", "nodelocaldns"])
def test_what_each_node_answers_for_is_an_address_of_a_service(link: str) -> None:
    facts = f"version: 1\nnode: n1\ninterfaces: [{{name: {link}, addresses: [10.96.0.10/32]}}]\n"
    cluster = cluster_of([ranges(serviceClusterIPs=[{"cidr": "10.96.0.0/12"}]), *NODES], facts=facts)
    assert not list(find("service_range")(cluster, {"problem": "machines"}))


def test_with_ebpf_nothing_is_said() -> None:
    cluster = cluster_of([ranges(serviceLoadBalancerIPs=LAN), *NODES], Target(dataplane="ebpf"))
    assert not list(find("service_range")(cluster, {"problem": "machines"}))


@pytest.mark.parametrize(("lan", "outcome"), [(LAN, "drop"), ([{"cidr": "192.0.2.0/24"}], "no-verdict")])
def test_what_is_said_to_be_dropped_is_dropped(lan: list[dict[str, Any]], outcome: str) -> None:
    cluster = cluster_of([ranges(serviceLoadBalancerIPs=lan), *NODES])
    told = list(find("service_range")(cluster, {"problem": "machines"}))
    interfaces = {"eth0": ["10.0.0.1"], "eth1": ["198.51.100.1"]}
    packet = Packet("eth1", "eth0", "198.51.100.9", "10.0.0.2", "tcp", 40000, 6443)
    assert evaluate(NodePolicy(cluster, "n1", interfaces), packet).outcome == outcome
    assert bool(told) is (outcome == "drop")
