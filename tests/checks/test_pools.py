"""Rules about IP pools: what is masqueraded and by which address, and how blocks and pools are counted."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Release, Road, Target
from callint.checks.breach import Breach
from callint.checks.pools import masquerade, node_pools, pools
from callint.objects import Intent
from manifests import calico, calico_node, cluster_of

FACTS = """\
version: 1
node: router
interfaces:
  - {name: lan0, addresses: [10.0.0.1/24]}
  - {name: wan0, addresses: [192.168.0.2/24]}
  - {name: wg0, addresses: [10.1.0.2/24], kind: wireguard}
"""
LAN = calico("IPPool", "lan", {"cidr": "10.0.0.0/24", "disabled": True, "natOutgoing": True})
JUMP = calico("BGPPeer", "jump", {"node": "router", "peerIP": "10.1.0.1:179", "asNumber": 65001})


def node(name: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}


def felix(name: str, **spec: object) -> dict[str, Any]:
    return calico("FelixConfiguration", name, spec)


@pytest.mark.parametrize(
    ("more", "target", "told"),
    [
        ([], Target(), True),
        ([felix("default", iptablesNATOutgoingInterfaceFilter="wan0")], Target(), False),
        ([felix("node.router", iptablesNATOutgoingInterfaceFilter="wg+")], Target(), True),
        ([felix("node.other", iptablesNATOutgoingInterfaceFilter="wan0")], Target(), True),
        ([], Target(dataplane="ebpf"), False),
        ([felix("default", bpfEnabled=True)], Target(), False),
        ([calico("IPPool", "far", {"cidr": "10.1.0.0/28", "disabled": True})], Target(), False),
    ],
)
def test_a_vpn_is_masqueraded_only_where_the_node_translates_there(
    more: list[dict[str, Any]], target: Target, told: bool
) -> None:
    found = list(pools.check(cluster_of([LAN, JUMP, *more], target, facts=FACTS), {"problem": "vpn-masqueraded"}))
    assert bool(found) is told
    for breach in found:
        assert breach.witness is not None
        shown = breach.witness.as_dict()
        assert (shown["source"], shown["destination"], shown["out_interface"]) == ("10.0.0.254", "10.1.0.1", "wg0")


@pytest.mark.parametrize(
    ("pool", "interface", "source"),
    [
        ({}, "name: wg0, kind: wireguard", "10.0.0.254"),
        ({"cidr": "10.0.0.7/32"}, "name: wg0, kind: wireguard", "10.0.0.7"),
        ({"cidr": "10.0.0.6/31"}, "name: wg0, kind: wireguard", "10.0.0.6"),
        ({"disabled": False}, "name: wg0, kind: wireguard", None),  # that pods are masqueraded there is as it should be
        ({"natOutgoing": False}, "name: wg0, kind: wireguard", None),
        ({}, "name: lan1", None),
        ({}, "name: wireguard.cali, kind: wireguard", None),  # what Calico encrypts between nodes
    ],
)
def test_who_is_masqueraded_to_a_vpn(pool: dict[str, Any], interface: str, source: str | None) -> None:
    shown = "addresses: [10.1.0.2/24]"
    facts = FACTS.replace(f"name: wg0, {shown}, kind: wireguard", f"{interface}, {shown}")
    lan = {**LAN, "spec": {**LAN["spec"], **pool}}
    found = list(pools.check(cluster_of([lan, JUMP], facts=facts), {"problem": "vpn-masqueraded"}))
    assert [one.witness and one.witness.as_dict()["source"] for one in found] == ([source] if source else [])


@pytest.mark.parametrize(
    ("routes", "pools_there", "told"),
    [
        (["{to: 10.1.0.0/16, interface: wg0}"], [], "add an IPPool for 10.1.0.0/16 with"),
        (["{to: 10.1.0.0/16, interface: wg0}"], ["10.1.4.0/24"], "add an IPPool for the network of 10.1.0.1 with"),
        (["{to: 10.1.0.0/16, interface: wg0}"], ["10.0.0.0/8"], None),
        (["{to: 10.1.0.0/16, interface: wg0}", "{to: 10.1.0.0/24, interface: lan0}"], [], None),
        (["{to: 10.1.0.0/16, interface: wg0, table: vpn}"], [], None),
        (["{to: default, interface: wg0}"], [], None),
        (["{to: 0.0.0.0/1, interface: wg0}"], [], None),
        (["{to: 10.2.0.0/16, interface: wg0}"], [], None),
    ],
)
def test_routes_lead_to_networks_of_a_vpn(routes: list[str], pools_there: list[str], told: str | None) -> None:
    """An address without its network, and AllowedIPs, of which routes are made."""
    facts = FACTS.replace("10.1.0.2/24", "10.1.0.2/32") + f"routes: [{', '.join(routes)}]\n"
    more = [calico("IPPool", f"p{n}", {"cidr": cidr}) for n, cidr in enumerate(pools_there)]
    found = list(pools.check(cluster_of([LAN, JUMP, *more], facts=facts), {"problem": "vpn-masqueraded"}))
    assert [one.help[: len(told or "")] for one in found] == ([told] if told else [])


def test_what_one_pool_mends_is_told_once() -> None:
    """Routers that share the address of the LAN are all in the VPN."""
    facts = "".join(f"---\n{FACTS.strip()}\n".replace("node: router", f"node: {name}") for name in ("r1", "r2", "r3"))
    (breach,) = pools.check(cluster_of([LAN, JUMP], facts=facts), {"problem": "vpn-masqueraded"})
    assert 'behind "wg0" of node "r1" and 2 more are masqueraded' in breach.message


def test_a_peer_by_selector_is_not_at_the_address_that_it_names_besides() -> None:
    jump = calico("BGPPeer", "jump", {**JUMP["spec"], "peerSelector": "all()"})
    assert not list(pools.check(cluster_of([LAN, jump], facts=FACTS), {"problem": "vpn-masqueraded"}))


def one_address(*more: dict[str, Any]) -> list[Breach]:
    nodes = [node("a"), node("b", rack="2"), node("c")]
    default = felix("default", natOutgoingAddress="192.0.2.9")
    return list(pools.check(cluster_of([*nodes, default, *more]), {"problem": "one-address"}))


def test_nodes_with_an_address_of_their_own_do_not_share_the_one_of_all() -> None:
    (everybody,) = one_address()
    assert everybody.message.startswith("all 3 nodes translate to the one address")
    (others,) = one_address(felix("node.b", natOutgoingAddress="192.0.2.10"), felix("node.c", natPortRange="1024:2047"))
    assert others.message.startswith("2 nodes translate to the one address")
    assert [one.label for one in others.related] == ["a node"] * 2
    assert one_address(*(felix(f"node.{name}", natOutgoingAddress=f"192.0.2.1{name}") for name in "bc")) == []
    assert one_address(felix("rack", natOutgoingAddress="192.0.2.10", nodeSelector="rack == '2'")) == []


def known(name: str, bgp: str, internal: str) -> dict[str, Any]:
    about = node(name)
    about["metadata"]["annotations"] = {"projectcalico.org/IPv4Address": bgp}
    return {**about, "status": {"addresses": [{"type": "InternalIP", "address": internal}]}}


@pytest.mark.parametrize(
    ("address", "holder"),
    [("10.0.0.2", "b"), ("10.9.0.2", "b"), ("10.0.0.1", None), ("10.9.0.1", None), ("10.0.0.7", None), ("x", None)],
)
def test_the_address_of_another_node(address: str, holder: str | None) -> None:
    nodes = [known("a", "10.0.0.1/24", "10.9.0.1"), known("b", "10.0.0.2/24", "10.9.0.2")]
    cluster = cluster_of([*nodes, felix("node.a", natOutgoingAddress=address)])
    found = [one.message for one in pools.check(cluster, {"problem": "one-address"})]
    assert [f'the address of node "{holder}"' in one for one in found] == [True] * (holder is not None)


@pytest.mark.parametrize(("cidr", "says"), [("10.9.0.0/26", "1 block of /26"), ("10.9.0.0/25", "2 blocks of /26")])
def test_blocks_are_counted(cidr: str, says: str) -> None:
    objects = [*(node(f"n{n}") for n in range(3)), calico("IPPool", "pods", {"cidr": cidr})]
    cluster = cluster_of(objects, intent=Intent(complete=frozenset({"Node"})))
    (breach,) = pools.check(cluster, {"problem": "few-blocks"})
    assert f'"pods" has {says}, and there are 3 nodes' in breach.message
    of_kubernetes = cluster_of([*objects, calico_node(USE_POD_CIDR="true")], intent=cluster.intent)
    assert list(pools.check(of_kubernetes, {"problem": "few-blocks"})) == []


@pytest.mark.parametrize(
    ("pool", "other", "decided"),
    [
        # The installer makes these, and the others are in another repository perhaps.
        ("default-ipv4-ippool", {}, [True]),
        ("pods", {}, [False]),
        ("default-ipv4-ippool", {"cidr": "10.8.0.0/16", "disabled": True}, [True]),
        ("default-ipv4-ippool", {"cidr": "10.8.0.0/16", "assignmentMode": "Manual"}, [True]),
        ("default-ipv4-ippool", {"cidr": "fd00::/64"}, [True]),
        ("default-ipv4-ippool", {"cidr": "10.8.0.0/16", "allowedUses": ["LoadBalancer"]}, [True]),
        ("default-ipv4-ippool", {"cidr": "10.8.0.0/16"}, []),
    ],
)
def test_blocks_are_few_where_no_other_pool_has_more(pool: str, other: dict[str, Any], decided: list[bool]) -> None:
    objects = [*(node(f"n{n}") for n in range(3)), calico("IPPool", pool, {"cidr": "10.9.0.0/26"})]
    objects += [calico("IPPool", "other", other)] if other else []
    found = pools.check(cluster_of(objects), {"problem": "few-blocks"})
    assert [not one.undecided for one in found] == decided


@pytest.mark.parametrize(
    ("selectors", "disabled", "says"),
    [
        (["rack == 'a'"], False, ": the only one selects other nodes"),
        (["rack == 'a'", "rack == 'b'"], False, ": the 2 that there are select other nodes"),
        (["all()"], True, ": the only one is disabled, or for other uses"),
    ],
)
def test_one_pool_or_several_that_leave_a_node_out(selectors: list[str], disabled: bool, says: str) -> None:
    objects = [node("one", rack="a"), node("two", rack="c")]
    for place, selector in enumerate(selectors):
        spec = {"cidr": f"10.{place}.0.0/16", "nodeSelector": selector, "disabled": disabled}
        objects.append(calico("IPPool", f"p{place}", spec))
    cluster = cluster_of(objects, intent=Intent(complete=frozenset({"IPPool"})))
    (breach,) = node_pools.check(cluster, {"problem": "unserved"})
    assert breach.message.endswith(says)


def test_a_pool_is_disabled_only_where_pods_have_another() -> None:
    host = calico("HostEndpoint", "lan", {"node": "router", "interfaceName": "lan0", "expectedIPs": ["10.0.0.1"]})
    own = calico("IPPool", "lan", {"cidr": "10.0.0.0/24"})
    pods = {"cidr": "10.244.0.0/16"}
    for more, advice in (
        ([], "give the pods a pool"),
        ([calico("IPPool", "pods", pods)], "`disabled: true`"),
        ([calico("IPPool", "pods", {**pods, "disabled": True})], "give the pods a pool"),
        ([calico("IPPool", "pods", {**pods, "nodeSelector": "!all()"})], "give the pods a pool"),
    ):
        (breach,) = masquerade.check(cluster_of([host, own, *more]), {"problem": "enabled"})
        assert breach.help is not None
        assert breach.help.startswith(advice)


@pytest.mark.parametrize(
    ("road", "release", "disabled", "says"),
    [
        ("calicoctl", (3, 32), False, "calicoctl and the API server refuse the second"),
        ("calicoctl", (3, 32), True, "calicoctl and the API server refuse the second"),
        ("native", (3, 32), False, "both claim the same addresses"),
        ("native", (3, 33), False, "kube-controllers takes the later one out of use"),
        ("native", (3, 33), True, None),
        ("crd", (3, 33), False, "both claim the same addresses"),
        ("crd", (3, 30), True, None),
    ],
)
def test_what_becomes_of_pools_that_overlap(road: Road, release: Release, disabled: bool, says: str | None) -> None:
    objects = [
        calico("IPPool", "all", {"cidr": "10.0.0.0/8", "disabled": disabled}),
        calico("IPPool", "pods", {"cidr": "10.244.0.0/16"}),
    ]
    if road == "crd":
        objects = [{**one, "apiVersion": "crd.projectcalico.org/v1"} for one in objects]
    target = Target(release, "native" if road == "native" else "calicoctl")
    found = list(pools.check(cluster_of(objects, target), {"problem": "overlap"}))
    assert [breach.message.partition(": ")[2] for breach in found] == ([says] if says else [])


@pytest.mark.parametrize(
    ("api", "target", "first", "second", "told"),
    [
        ("crd.projectcalico.org/v1", Target((3, 30)), "pods", "x", "x"),
        ("crd.projectcalico.org/v1", Target((3, 30)), "x", "lan", "x"),
        ("projectcalico.org/v3", Target((3, 33), "native"), "a", "b", "b"),
        ("projectcalico.org/v3", Target((3, 32)), "a", "b", None),  # which is refused, and told so
    ],
)
def test_of_pools_with_one_network_the_first_name_is_seen(
    api: str, target: Target, first: str, second: str, told: str | None
) -> None:
    networks = {"cidr": "10.244.0.0/16"}
    objects = [calico("IPPool", first, networks), calico("IPPool", second, {**networks, "disabled": True})]
    cluster = cluster_of([{**one, "apiVersion": api} for one in objects], target)
    found = list(pools.check(cluster, {"problem": "overlap"}))
    unseen = [breach for breach in found if "see alone" in breach.message]
    assert [breach.message.split('"')[1] for breach in unseen] == ([told] if told else [])
    assert len(found) == 1


CARDS = "version: 1\nnode: a\ninterfaces: [{name: ens18}, {name: wg0}]\n"


@pytest.mark.parametrize(
    ("configurations", "facts", "told"),
    [
        ([felix("default", iptablesNATOutgoingInterfaceFilter="eth0")], CARDS, True),
        ([felix("default", iptablesNATOutgoingInterfaceFilter="ens")], CARDS, True),
        ([felix("default", iptablesNATOutgoingInterfaceFilter="ens+")], CARDS, False),
        ([felix("default", iptablesNATOutgoingInterfaceFilter="wg0")], CARDS, False),
        ([felix("default")], CARDS, False),
        ([felix("default", iptablesNATOutgoingInterfaceFilter="eth0", bpfEnabled=True)], CARDS, False),
        ([felix("default", iptablesNATOutgoingInterfaceFilter="eth0")], "version: 1\nnode: a\n", False),
        ([felix("default", iptablesNATOutgoingInterfaceFilter="eth0")], CARDS.replace("node: a", "node: b"), False),
        ([felix("node.a", iptablesNATOutgoingInterfaceFilter="eth0")], CARDS, True),
        (
            [felix("default", iptablesNATOutgoingInterfaceFilter="eth0"), node("b")],
            f"{CARDS}---\n{CARDS.replace('node: a', 'node: b')}",
            True,
        ),
        (
            [felix("node.a", iptablesNATOutgoingInterfaceFilter="eth0"), node("b")],
            f"{CARDS}---\n{CARDS.replace('node: a', 'node: b')}",
            False,
        ),
        (
            [felix("default", iptablesNATOutgoingInterfaceFilter="eth0"), node("b")],
            f"{CARDS}---\n{CARDS.replace('node: a', 'node: b').replace('ens18', 'eth0')}",
            False,
        ),
    ],
)
def test_interfaces_that_no_node_has(configurations: list[dict[str, Any]], facts: str, told: bool) -> None:
    pool = calico("IPPool", "pods", {"cidr": "10.244.0.0/16", "natOutgoing": True})
    objects, complete = [node("a"), *configurations], Intent(complete=("Node",))
    cluster = cluster_of([*objects, pool], intent=complete, facts=facts)
    assert bool(list(pools.check(cluster, {"problem": "nowhere"}))) is told
    assert not list(pools.check(cluster_of([*objects, pool], facts=facts), {"problem": "nowhere"}))
    assert not list(pools.check(cluster_of(objects, intent=complete, facts=facts), {"problem": "nowhere"}))


@pytest.mark.parametrize(
    ("named", "words"),
    [(("eth0", "eth0"), 'interface "eth0"'), (("eth0", "wan0"), "interface that its own filter names")],
)
def test_nodes_may_have_filters_of_their_own(named: tuple[str, str], words: str) -> None:
    objects = [calico("IPPool", "pods", {"cidr": "10.244.0.0/16", "natOutgoing": True}), node("a"), node("b")]
    objects += [
        felix(f"node.{one}", iptablesNATOutgoingInterfaceFilter=name) for one, name in zip("ab", named, strict=True)
    ]
    facts = f"{CARDS}---\n{CARDS.replace('node: a', 'node: b')}"
    cluster = cluster_of(objects, intent=Intent(complete=("Node",)), facts=facts)
    (found,) = pools.check(cluster, {"problem": "nowhere"})
    assert found.message.endswith(f"no node has an {words}")


@pytest.mark.parametrize(
    ("pool", "peer", "words"),
    [
        ({"ipipMode": "Always"}, {"peerIP": "10.1.0.1:179"}, ("10.1.0.1", 'BGPPeer "far"')),
        ({"vxlanMode": "CrossSubnet"}, {"peerIP": "10.1.0.1"}, ("10.1.0.1", 'BGPPeer "far"')),
        ({}, {"peerIP": "10.1.0.1"}, None),
        ({"ipipMode": "Always"}, {"peerIP": "10.2.0.1"}, None),
        ({"ipipMode": "Always", "disabled": False}, {"peerIP": "10.1.0.1"}, None),  # a mistake of another kind
        ({"ipipMode": "Always"}, {"localWorkloadSelector": "app == 'router'"}, None),
    ],
)
def test_a_tunnel_for_a_network_of_bgp_peers(
    pool: dict[str, Any], peer: dict[str, Any], words: tuple[str, str] | None
) -> None:
    written = calico("IPPool", "vpn", {"cidr": "10.1.0.0/24", "disabled": True, **pool})
    cluster = cluster_of([written, calico("BGPPeer", "far", {"asNumber": 65001, **peer})])
    found = [breach.message for breach in pools.check(cluster, {"problem": "tunnelled-host-network"})]
    assert len(found) == (words is not None)
    assert words is None or found[0].startswith(f'IPPool "vpn" holds {words[0]} of {words[1]} and has ')
