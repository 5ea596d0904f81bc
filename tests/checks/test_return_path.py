"""Pods that are not masqueraded: whose addresses nobody answers, and who may have been told of them."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import Breach, find
from callint.objects import Intent
from manifests import calico, cluster_of, installation

BGP = calico("BGPConfiguration", "default", {"asNumber": 64512})


def pool(cidr: str = "10.244.0.0/16", name: str = "pods", **spec: Any) -> dict[str, Any]:
    return calico("IPPool", name, {"cidr": cidr, **spec})


def told(*objects: Any, intent: Intent | None = None) -> list[Breach]:
    return list(find("return_path")(cluster_of(objects, intent=intent), {}))


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({}, "cidr"),
        ({"natOutgoing": False}, "natOutgoing"),
        ({"natOutgoing": True}, None),
        ({"disabled": True}, None),
        ({"allowedUses": ["LoadBalancer"]}, None),
        ({"nodeSelector": "!all()"}, None),
        ({"cidr": "192.168.7.0/24"}, "cidr"),
        ({"cidr": "198.18.0.0/16"}, "cidr"),
        ({"cidr": "100.64.0.0/10"}, "cidr"),
        ({"cidr": "8.8.0.0/16"}, None),
        ({"cidr": "fd00:10::/64"}, None),
    ],
)
def test_pools_of_private_addresses_that_are_not_masqueraded(spec: dict[str, Any], field: str | None) -> None:
    assert [one.path[-1] for one in told(BGP, calico("IPPool", "pods", {"cidr": "10.244.0.0/16", **spec}))] == (
        [field] if field else []
    )


def test_the_operator_masquerades_unless_told_otherwise() -> None:
    assert told(installation({"cidr": "10.244.0.0/16"})) == []
    assert len(told(installation({"cidr": "10.244.0.0/16", "natOutgoing": "Disabled"}))) == 1


def test_one_word_about_all_pools() -> None:
    found = told(BGP, pool(), pool("10.245.0.0/16", "more"), pool("10.246.0.0/16", "other", natOutgoing=True))
    assert [one.object.name for one in found if one.object] == ["pods"]
    assert "and those of 1 more" in found[0].message


@pytest.mark.parametrize(
    ("spec", "count"),
    [
        ({"peerIP": "10.0.0.254", "asNumber": 65001}, 0),
        ({"peerIP": "10.0.0.254:1790", "asNumber": 64512}, 0),
        ({"nodeSelector": "all()", "peerSelector": "has(hub)"}, 1),
    ],
)
def test_whoever_is_outside_may_be_told(spec: dict[str, Any], count: int) -> None:
    assert len(told(BGP, pool(), calico("BGPPeer", "router", spec))) == count


def test_where_nothing_is_said_of_bgp_peers_may_be_elsewhere() -> None:
    assert told(pool()) == []
    assert len(told(pool(), intent=Intent(complete=("BGPPeer",)))) == 1
    assert len(told(pool(), installation())) == 1


def test_another_plugin_sees_to_its_pods() -> None:
    assert told(pool(), installation(kubernetesProvider="EKS")) == []
    assert told(pool(), installation(cni={"type": "AzureVNET"})) == []


@pytest.mark.parametrize(
    ("objects", "count"),
    [
        ([pool(natOutgoing=True), pool("fd00:10::/64", "six")], 1),
        ([pool(natOutgoing=True), pool("fd00:10::/64", "six", natOutgoing=True)], 0),
        ([pool(natOutgoing=True), pool("2001:db8:10::/64", "six")], 0),
        ([pool(natOutgoing=True, disabled=True), pool("fd00:10::/64", "six")], 0),
        ([pool(), pool("fd00:10::/64", "six")], 0),
        ([pool(natOutgoing=True), pool("10.245.0.0/16", "more")], 0),
        (
            [installation({"cidr": "10.244.0.0/16"}, {"cidr": "fd00:10::/64", "natOutgoing": "Disabled"})],
            1,
        ),
    ],
)
def test_of_both_addresses_of_a_pod_one_is_masqueraded(objects: list[Any], count: int) -> None:
    found = told(*objects)
    assert [one.message.rpartition(", ")[2].startswith('while those of "') for one in found] == [True] * count


FACTS = """
version: 1
node: one
interfaces: [{name: eth0, addresses: [10.0.0.1/24, '2001:db8::1/64']}]
routes:
  - {to: default, via: 10.0.0.254, interface: eth0}
  - {to: '::/0', via: 'fe80::1', interface: eth0}
"""
LABELLED = calico("Node", "one", {}, labels={"rack": "a"})
UNIQUE_LOCAL: dict[str, Any] = {"cidr": "fd00:10::/64", "natOutgoing": False}
ROUTER = calico("BGPPeer", "router", {"peerIP": "10.0.0.254", "asNumber": 65001})
ROUTER_V6 = calico("BGPPeer", "router", {"peerIP": "2001:db8::fe", "asNumber": 65001})


@pytest.mark.parametrize(
    ("spec", "more", "facts", "count"),
    [
        ({}, [], FACTS, 1),
        ({}, [], "", 0),  # where no IPv6 leads out there is nobody to answer
        ({}, [], FACTS.replace("'::/0', via: 'fe80::1'", "'::/0', type: unreachable"), 0),
        ({}, [], FACTS.replace("'::/0', via", "'::/0', table: '100', via"), 0),
        ({}, [], FACTS.replace("'::/0'", "'2001:db8:1::/48'"), 0),
        ({"natOutgoing": True}, [], FACTS, 0),
        ({"cidr": "2001:db8:10::/64"}, [], FACTS, 0),  # whoever has such addresses routes them
        ({"nodeSelector": "rack == 'b'"}, [LABELLED], FACTS, 0),
        ({"nodeSelector": "rack == 'a'"}, [LABELLED], FACTS, 1),
        ({}, [ROUTER], FACTS, 1),  # a session of IPv4 brings no routes of IPv6
        ({}, [ROUTER_V6], FACTS, 0),
        ({"cidr": "10.244.0.0/16"}, [ROUTER_V6], FACTS, 1),
        ({}, [calico("BGPPeer", "router", {"peerIP": "${ROUTER}", "asNumber": 65001})], FACTS, 0),
    ],
)
def test_ipv6_where_facts_show_a_way_out(spec: dict[str, Any], more: list[Any], facts: str, count: int) -> None:
    cluster = cluster_of([BGP, *more, calico("IPPool", "pods", {**UNIQUE_LOCAL, **spec})], facts=facts, judged=True)
    assert len(list(find("return_path")(cluster, {}))) == count


OUT = [{"action": "Accept", "matchOperator": "In", "cidr": "10.244.0.0/16"}, {"action": "Reject"}]
ROUTER = calico("BGPPeer", "router", {"peerIP": "10.0.0.254", "asNumber": 65001, "filters": ["out"]})


def test_a_pool_that_the_filter_forgot() -> None:
    bgp_filter = calico("BGPFilter", "out", {"exportV4": OUT})
    (found,) = told(BGP, pool(), pool("10.245.0.0/16", "more", natOutgoing=False), bgp_filter, ROUTER)
    assert found.message == (
        'pods of IPPool "more" keep their private addresses on the way out, for `natOutgoing` is off, and '
        "BGPFilter/out exportV4[1] keeps their routes in, as every session with a router outside does"
    )
    assert [one.label for one in found.related] == ["rejects what no rule before it accepts"]


@pytest.mark.parametrize(
    ("more", "rules"),
    [
        ({"natOutgoing": True}, OUT),
        ({"disableBGPExport": True}, OUT),
        ({"disabled": True}, OUT),
        ({"cidr": "8.8.0.0/16"}, OUT),
        ({"cidr": "10.244.128.0/24"}, OUT),
        ({}, [{"action": "Reject", "matchOperator": "In", "cidr": "10.245.0.0/16"}, *OUT]),
        ({}, OUT[1:]),
        ({}, OUT[:1]),
        ({}, [*OUT[:1], {"action": "Reject", "interface": "eth0"}, *OUT[1:]][:2]),
    ],
)
def test_a_pool_that_is_kept_in_with_a_reason_or_let_out(more: dict[str, Any], rules: list[Any]) -> None:
    """By its own field or a rule that names it; or all pools are; or it is not."""
    bgp_filter = calico("BGPFilter", "out", {"exportV4": rules})
    assert told(BGP, pool(), pool(**{"cidr": "10.245.0.0/16", "name": "more", **more}), bgp_filter, ROUTER) == []


def test_another_session_tells_of_the_pool() -> None:
    objects = [BGP, pool(), pool("10.245.0.0/16", "more"), calico("BGPFilter", "out", {"exportV4": OUT}), ROUTER]
    assert len(told(*objects)) == 1
    assert told(*objects, calico("BGPPeer", "open", {"peerIP": "10.0.0.253", "asNumber": 65001})) == []
