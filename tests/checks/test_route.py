"""`route-required` and `route-forbidden`, as rules of a user's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from callint.calico import Target
from callint.checks import Breach, CheckError, find
from calls import calls
from manifests import calico, cluster_of

Objects = list[dict[str, Any]]
MESH_OFF = calico("BGPConfiguration", "default", {"nodeToNodeMeshEnabled": False, "asNumber": 64512})
PODS = calico("IPPool", "pods", {"cidr": "10.244.0.0/16"})
LAN = calico("IPPool", "lan", {"cidr": "10.0.0.0/24", "disabled": True})
EDGE = {"peer": "edge"}


def node(name: str, number: int, labels: dict[str, str] | None = None, **bgp: str) -> dict[str, Any]:
    spec = {"bgp": {"ipv4Address": f"10.0.0.{number}/24", **bgp}}
    return calico("Node", name, spec, labels=labels or {})


def peer(name: str = "edge", address: str = "10.0.0.254", **spec: Any) -> dict[str, Any]:
    ends = {} if "peerSelector" in spec else {"peerIP": address, "asNumber": 65000}
    return calico("BGPPeer", name, {**ends, **spec})


def bgp_filter(name: str = "out", **lists: list[dict[str, Any]]) -> dict[str, Any]:
    return calico("BGPFilter", name, lists)


def rule(action: str, cidr: str | None = None, operator: str = "In", **more: Any) -> dict[str, Any]:
    return {"action": action, **({"cidr": cidr, "matchOperator": operator} if cidr else {}), **more}


def facts(name: str, **networks: str) -> str:
    """All that the node has: its interfaces, and no routes besides."""
    listed = "".join(f"\n  - {{name: {one}, addresses: [{address}]}}" for one, address in networks.items())
    return f"version: 1\nnode: {name}\ninterfaces:{listed}\nroutes: []\n"


def ask(check: str, objects: Iterable[dict[str, Any]], facts: str = "", **parameters: object) -> list[Breach]:
    given = {("from" if key == "from_" else key): value for key, value in parameters.items()}
    cluster = cluster_of(objects, Target((3, 31)), facts=facts, judged=True)
    return list(find(f"route-{check}")(cluster, given))


def said(found: list[Breach]) -> list[tuple[str, bool]]:
    return [(one.message, one.undecided) for one in found]


A = node("a", 1)
KNOWN = facts("a", eth0="10.0.0.1/24")
BARE = [MESH_OFF, PODS, LAN, A, peer()]


def test_a_route_that_is_announced() -> None:
    assert ask("required", BARE, KNOWN, prefix="10.0.0.0/24", to=EDGE) == []
    (found,) = ask("forbidden", BARE, KNOWN, prefix="10.0.0.0/24", to=EDGE)
    assert found.message == (
        '10.0.0.0/24 or a part of it must not be announced to BGPPeer "edge", but node "a" announces it to '
        '10.0.0.254: it is inside IPPool "lan"'
    )
    assert (str(found.object), found.path, found.undecided) == ("IPPool/lan", ("spec", "cidr"), False)
    assert found.witness is not None
    assert found.witness.as_dict() == {
        "type": "route",
        "prefix": "10.0.0.0/24",
        "node": "a",
        "peer": "edge",
        "direction": "export",
        "verdict": "accept",
        "decided_by": "IPPool/lan",
    }


def test_a_route_that_a_rule_rejects() -> None:
    objects = [*BARE[:-1], bgp_filter(exportV4=[rule("Accept", "10.9.0.0/16"), rule("Reject")]), peer(filters=["out"])]
    assert ask("forbidden", objects, KNOWN, prefix="10.0.0.0/24", to="any") == []
    (found,) = ask("required", objects, KNOWN, prefix="10.0.0.0/24", to="any")
    assert found.message == (
        '10.0.0.0/24 must be announced to routers outside the cluster, but node "a" does not announce it to '
        "10.0.0.254: BGPFilter/out exportV4[1] rejects it"
    )
    assert (str(found.object), found.path) == ("BGPFilter/out", ("spec", "exportV4", 1, "action"))
    assert [one.label for one in found.related] == ["makes the session"]
    assert found.witness is not None
    assert found.witness.as_dict()["verdict"] == "reject"


def test_a_pool_that_is_kept_in() -> None:
    lan = calico("IPPool", "lan", {"cidr": "10.0.0.0/24", "disabled": True, "disableBGPExport": True})
    objects = [MESH_OFF, PODS, lan, A, peer()]
    assert ask("forbidden", objects, KNOWN, prefix="10.0.0.0/24", to=EDGE) == []
    (found,) = ask("required", objects, KNOWN, prefix="10.0.0.0/24", to=EDGE)
    assert found.message.endswith(': it is inside IPPool "lan" with `disableBGPExport`')
    assert (str(found.object), found.path) == ("IPPool/lan", ("spec", "disableBGPExport"))


@pytest.mark.parametrize(
    ("prefix", "why"),
    [("10.0.0.0/24", "it is in no pool and no service range"), ("10.0.7.0/24", "it has no such route")],
)
def test_a_route_that_no_line_lets_out_is_told_at_the_peer(prefix: str, why: str) -> None:
    (found,) = ask("required", [MESH_OFF, PODS, A, peer()], KNOWN, prefix=prefix, to=EDGE)
    assert found.message.endswith(f'node "a" does not announce it to 10.0.0.254: {why}')
    assert (str(found.object), found.path) == ("BGPPeer/edge", ("metadata", "name"))


@pytest.mark.parametrize(
    ("prefix", "longer", "broken"),
    [
        ("10.0.0.0/8", None, True),
        ("10.0.0.0/8", True, True),
        ("10.0.0.0/8", False, False),
        ("10.0.0.0/25", None, False),
        ("0.0.0.0/0", None, False),
        ("0.0.0.0/0", False, False),
        ("0.0.0.0/0", True, True),
    ],
)
def test_parts_of_a_network_are_forbidden_with_it_but_for_the_default_route(
    prefix: str, longer: bool | None, broken: bool
) -> None:
    """A route for a part leads there too, and one for a wider network is another one."""
    parameters = {} if longer is None else {"longer": longer}
    block = calico("BlockAffinity", "b", {"cidr": "10.244.0.0/26", "node": "a", "state": "confirmed"})
    found = ask("forbidden", [*BARE, block], KNOWN, prefix=prefix, to=EDGE, **parameters)
    assert bool(found) is broken
    if broken:
        assert not found[0].undecided
        assert 'node "a" announces 10.244.0.0/26 to' in found[0].message or "10.0.0.0/24 to" in found[0].message


@pytest.mark.parametrize(
    ("rules", "prefix", "announced"),
    [
        ([rule("Reject", "10.0.0.0/24", "Equal")], "10.0.0.0/24", False),
        ([rule("Reject", "10.0.0.0/24", "NotEqual")], "10.0.0.0/24", True),
        ([rule("Reject", "10.0.0.0/16", "NotIn")], "10.0.0.0/24", True),
        ([rule("Reject", "10.0.0.0/8", prefixLength={"min": 25})], "10.0.0.0/24", True),
        ([rule("Reject", "10.0.0.0/8", prefixLength={"max": 24})], "10.0.0.0/24", False),
        ([rule("Reject", source="RemotePeers")], "10.0.0.0/24", True),
        ([rule("Reject", interface="eth0")], "10.0.0.0/24", False),
        ([rule("Reject", interface="wan*")], "10.0.0.0/24", True),
        ([rule("Reject", peerType="iBGP")], "10.0.0.0/24", True),
        ([rule("Reject", peerType="eBGP")], "10.0.0.0/24", False),
    ],
)
def test_rules_by_what_they_ask(rules: list[dict[str, Any]], prefix: str, announced: bool) -> None:
    objects = [MESH_OFF, PODS, LAN, A, bgp_filter(exportV4=rules), peer(filters=["out"])]
    assert bool(ask("required", objects, KNOWN, prefix=prefix, to=EDGE)) is not announced
    assert bool(ask("forbidden", objects, KNOWN, prefix=prefix, to=EDGE)) is announced


def test_what_is_taken() -> None:
    rules = [rule("Accept", "10.1.0.0/16"), rule("Reject")]
    objects = [MESH_OFF, PODS, A, bgp_filter(importV4=rules), peer(filters=["out"])]
    assert ask("required", objects, KNOWN, prefix="10.1.0.0/16", from_=EDGE) == []
    (refused,) = ask("required", objects, KNOWN, prefix="10.2.0.0/16", from_={"address": "10.0.0.254"})
    assert refused.message == (
        '10.2.0.0/16 must be taken from 10.0.0.254, but node "a" does not take it from 10.0.0.254: '
        "BGPFilter/out importV4[1] rejects it"
    )
    (taken,) = ask("forbidden", objects, KNOWN, prefix="10.0.0.0/8", from_="any")
    assert taken.message.endswith("takes 10.1.0.0/16{16,32} from 10.0.0.254: BGPFilter/out importV4[0] accepts it")
    assert taken.path == ("spec", "importV4", 0, "action")
    (open_,) = ask("forbidden", BARE, KNOWN, prefix="0.0.0.0/0", from_=EDGE)
    assert open_.message.endswith('node "a" takes it from 10.0.0.254: no rule rejects it')
    assert str(open_.object) == "BGPPeer/edge"


def test_an_attribute_that_nobody_knows() -> None:
    rules = [rule("Accept", communities={"values": ["65000:7"]}), rule("Reject")]
    objects = [MESH_OFF, PODS, A, bgp_filter(importV4=rules), peer(filters=["out"])]
    for check in ("required", "forbidden"):
        (found,) = ask(check, objects, KNOWN, prefix="10.1.0.0/16", from_=EDGE)
        assert found.undecided
        assert found.message.endswith("is not known: it depends on what else the route has: community 65000:7")


def test_a_rule_that_cannot_be_read() -> None:
    rules = [rule("Maybe", "10.0.0.0/24"), rule("Reject")]
    (found,) = ask(
        "required",
        [*BARE[:-1], bgp_filter(exportV4=rules), peer(filters=["out"])],
        KNOWN,
        prefix="10.0.0.0/24",
        to=EDGE,
    )
    assert found.undecided
    assert 'depends on BGPFilter/out exportV4[0], for rule 0 of BGPFilter "out" cannot be read' in found.message


def test_several_nodes_and_those_that_a_rule_is_about() -> None:
    """Nodes that are told apart by the selector of the rule alone."""
    nodes = [node("a", 1), *(node(name, number, {"zone": "x"}) for name, number in (("b", 2), ("c", 3)))]
    rules = [rule("Reject", "10.0.0.0/24")]
    objects = [MESH_OFF, PODS, LAN, *nodes, bgp_filter(exportV4=rules), peer(filters=["out"])]
    known = "---\n".join(facts(name, eth0=f"10.0.0.{number}/24") for name, number in (("a", 1), ("b", 2), ("c", 3)))
    (found,) = ask("required", objects, known, prefix="10.0.0.0/24", to="any")
    assert found.message.endswith("BGPFilter/out exportV4[0] rejects it; so it is with 2 other sessions")
    (found,) = ask("required", objects, known, prefix="10.0.0.0/24", to="any", node="b")
    assert 'announced by node "b" to routers outside the cluster, but node "b" does' in found.message
    (found,) = ask("required", objects, known, prefix="10.0.0.0/24", to="any", node={"selector": "zone == 'x'"})
    assert found.message.endswith("so it is with 1 other session")
    assert 'but node "b"' in found.message
    assert ask("forbidden", objects, known, prefix="10.0.0.0/24", to="any", node={"selector": "!has(zone)"}) == []
    own = peer("own", "10.0.0.253", nodeSelector="zone == 'x'")
    (found,) = ask("forbidden", [*objects, own], known, prefix="10.0.0.0/24", to="any")
    assert 'node "b" announces it to 10.0.0.253' in found.message
    assert ask("forbidden", [*objects, own], known, prefix="10.0.0.0/24", to="any", node="a") == []
    assert ask("forbidden", [*objects, own], known, prefix="10.0.0.0/24", to=EDGE) == []


def test_ipv6() -> None:
    pools = [calico("IPPool", "lan6", {"cidr": "fd00:1::/64", "disabled": True}), PODS]
    six = node("a", 1, ipv6Address="fd00:1::1/64")
    edge = peer("edge6", "fd00:1::ffff", filters=["out"])
    objects = [MESH_OFF, *pools, six, bgp_filter(importV6=[rule("Reject", "::/0", "Equal")]), edge]
    known = "version: 1\nnode: a\ninterfaces:\n  - {name: eth0, addresses: [10.0.0.1/24, 'fd00:1::1/64']}\nroutes: []\n"
    ask6 = {"prefix": "fd00:1::/64", "to": "any"}
    assert ask("required", objects, known, **ask6) == []
    (found,) = ask("forbidden", objects, known, **ask6)
    assert 'node "a" announces it to fd00:1::ffff: it is inside IPPool "lan6"' in found.message
    (found,) = ask("required", objects, known, prefix="::/0", from_={"address": "fd00:1:0::ffff"})
    assert found.path == ("spec", "importV6", 0, "action")
    assert ask("forbidden", objects, known, prefix="::/0", from_={"peer": "edge6"}) == []
    (found,) = ask("required", objects, known, prefix="10.0.0.0/24", to="any")
    assert found.message.endswith("but there is no such session"), "IPv4 routes go over IPv4 sessions alone"


def test_reflectors_and_the_mesh_by_address() -> None:
    """A reflector hears the block of a node, and the other node that of the first by the reflector."""
    nodes = [node("rr", 1, {"rr": "x"}, routeReflectorClusterID="1.0.0.1"), node("b", 2), node("c", 3)]
    block = calico("BlockAffinity", "b", {"cidr": "10.244.0.0/26", "node": "b", "state": "confirmed"})
    reflecting = peer("rrs", nodeSelector="!has(rr)", peerSelector="has(rr)")
    objects = [MESH_OFF, PODS, *nodes, block, reflecting]
    known = "---\n".join(facts(name, eth0=f"10.0.0.{n}/24") for name, n in (("rr", 1), ("b", 2), ("c", 3)))
    assert ask("required", objects, known, prefix="10.244.0.0/26", to={"peer": "rrs"}, node="b") == []
    assert ask("required", objects, known, prefix="10.244.0.0/26", to={"address": "10.0.0.1"}, node="b") == []
    assert ask("required", objects, known, prefix="10.244.0.0/26", to={"address": "10.0.0.3"}) == []
    assert ask("required", objects, known, prefix="10.244.0.0/26", from_={"address": "10.0.0.2"}) == []
    (found,) = ask("forbidden", objects, known, prefix="10.244.0.0/16", to={"address": "10.0.0.3"})
    assert 'node "rr" announces 10.244.0.0/26 to 10.0.0.3 (node "c")' in found.message
    (found,) = ask("required", objects, known, prefix="10.244.0.0/26", to={"peer": "rrs"}, node="c")
    assert 'node "c" does not announce it to 10.0.0.1' in found.message
    assert ask("forbidden", objects, known, prefix="10.244.0.0/16", to="any") == [], "no router is outside"
    mesh, known = [PODS, *nodes[1:], block], known.partition("---")[2]
    assert ask("required", mesh, known, prefix="10.244.0.0/26", to={"address": "10.0.0.3"}) == []
    (found,) = ask("forbidden", mesh, known, prefix="10.244.0.0/26", from_={"address": "10.0.0.2"})
    assert 'node "c" takes it from 10.0.0.2 (node "b"): no rule rejects it' in found.message


def test_the_mesh_by_its_name() -> None:
    """One node of it has the block, and the other one tells no far end of the mesh what it heard there."""
    block = calico("BlockAffinity", "b", {"cidr": "10.244.0.0/26", "node": "b", "state": "confirmed"})
    objects, end = [PODS, node("b", 2), node("c", 3), block], {"peer": "mesh"}
    known = "---\n".join(facts(name, eth0=f"10.0.0.{number}/24") for name, number in (("b", 2), ("c", 3)))
    asked = {"prefix": "10.244.0.0/26", "node": "b", "to": end}
    assert ask("required", objects, known, **asked) == []
    (found,) = ask("forbidden", objects, known, **asked)
    assert found.message == (
        '10.244.0.0/26 or a part of it must not be announced by node "b" to the mesh, but node "b" announces it '
        'to 10.0.0.3 (node "c"): an IPAM block of the node, or inside one'
    )
    (found,) = ask("required", objects, known, prefix="10.244.0.0/26", to=end)
    assert 'to the mesh, but node "c" does not announce it to 10.0.0.2 (node "b")' in found.message
    assert ask("required", objects, known, prefix="10.244.0.0/26", node="c", from_=end) == []
    assert ask("forbidden", objects, known, prefix="10.0.0.0/24", to=end) == [], "no pool holds the network"
    assert ask("forbidden", [MESH_OFF, *objects], known, prefix="10.244.0.0/26", to=end) == []
    (found,) = ask("required", [MESH_OFF, *objects], known, prefix="10.244.0.0/26", to=end)
    assert found.message == "10.244.0.0/26 must be announced to the mesh, but there is no such session"


def test_addresses_of_services() -> None:
    default = {**MESH_OFF["spec"], "serviceClusterIPs": [{"cidr": "10.96.0.0/12"}]}
    objects = [calico("BGPConfiguration", "default", default), PODS, A, peer()]
    assert ask("required", objects, KNOWN, prefix="10.96.0.0/12", to=EDGE) == []
    (found,) = ask("forbidden", objects, KNOWN, prefix="10.96.0.0/12", to=EDGE)
    assert found.message.endswith("announces it to 10.0.0.254: inside an announced service network")
    assert str(found.object) == "BGPPeer/edge"


def test_what_facts_do_not_tell() -> None:
    """The node may have a network or route in a pool."""
    for check in ("required", "forbidden"):
        (found,) = ask(check, [MESH_OFF, PODS, LAN, A, peer()], prefix="10.0.0.0/25", to=EDGE)
        assert found.undecided
        assert 'it depends on networks of its interfaces on node "a"' in found.message
    assert ask("forbidden", [MESH_OFF, PODS, A, peer()], prefix="10.9.0.0/24", to=EDGE) == [], "no pool lets it out"
    (found,) = ask("forbidden", [MESH_OFF, A, peer()], prefix="10.9.0.0/24", to=EDGE)
    assert found.undecided
    assert "it depends on IPPools, of which the manifests hold none" in found.message


def test_blocks_of_which_one_is_surely_there() -> None:
    """A node with pods has a block, whichever."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "d"}}
    objects = [MESH_OFF, PODS, A, peer(), {**pod, "spec": {"nodeName": "a", "containers": []}}]
    (found,) = ask("forbidden", objects, KNOWN, prefix="10.244.0.0/16", to=EDGE)
    assert not found.undecided
    assert "announces some of 10.244.0.0/16{26,26} to" in found.message


def test_nodes_that_nobody_describes() -> None:
    """Whether their sessions come up is not known, and a route that none lets out is required in vain."""
    rules = [rule("Reject", "10.0.0.0/24")]
    objects = [PODS, LAN, bgp_filter(exportV4=rules), peer(filters=["out"])]
    for parameters in ({}, {"node": "router"}):
        (found,) = ask("required", objects, prefix="10.0.0.0/24", to="any", **parameters)
        assert not found.undecided
        assert "but a node that no manifest describes does not announce it to 10.0.0.254" in found.message
    (found,) = ask("required", objects, prefix="10.0.0.0/24", to="any", node={"selector": "has(x)"})
    assert not found.undecided
    (found,) = ask("forbidden", objects, prefix="10.0.0.0/24", from_="any")
    assert found.undecided
    assert found.message.endswith("it depends on the IPv4 BGP address of other nodes")
    inside = [PODS, calico("BGPPeer", "rr", {"peerIP": "10.0.0.9", "asNumber": 64512}), A]
    assert [one.undecided for one in ask("forbidden", inside, KNOWN, prefix="10.9.0.0/24", from_="any")] == [False]


def test_sessions_that_do_not_come_up() -> None:
    two = [MESH_OFF, PODS, node("a", 1), node("b", 2)]
    half = calico("BGPPeer", "half", {"node": "a", "peerIP": "10.0.0.2", "asNumber": 64512, "reversePeering": "Manual"})
    (found,) = ask("required", [*two, half], prefix="10.244.0.0/26", to={"peer": "half"})
    assert not found.undecided
    assert found.message.endswith(
        'the session of node "a" with 10.0.0.2 (node "b") is not up: node "b" has no peering with 10.0.0.1'
    )
    assert str(found.object) == "BGPPeer/half"
    assert ask("forbidden", [*two, half], prefix="10.244.0.0/26", to={"peer": "half"}) == []
    assert ask("forbidden", [*two, half], prefix="10.244.0.0/26", to={"address": "10.0.0.2"}) == []
    assert ask("forbidden", two, prefix="10.244.0.0/26", to={"address": "10.0.0.2"}) == [], "a node has that address"
    nobody = calico("BGPPeer", "nobody", {"nodeSelector": "has(x)", "peerIP": "10.0.0.254", "asNumber": 1})
    (found,) = ask("required", [*two, nobody], prefix="10.244.0.0/26", to={"peer": "nobody"})
    assert found.message == '10.244.0.0/26 must be announced to BGPPeer "nobody", but there is no such session'
    assert ask("forbidden", [*two, nobody], prefix="10.244.0.0/26", to={"peer": "nobody"}) == []


@pytest.mark.parametrize(
    ("parameters", "clause"),
    [
        ({"to": {"peer": "egde"}}, 'no manifest holds BGPPeer "egde", did you mean "edge"'),
        ({"to": {"peer": "mesch"}}, 'no manifest holds BGPPeer "mesch", did you mean "mesh"'),
        ({"to": EDGE, "node": "rooter"}, 'no manifest holds node "rooter"'),
        ({"to": {"address": "10.0.0.253"}}, "no node has a session with 10.0.0.253"),
        ({"to": {"address": "10.0.0.253"}, "node": "a"}, 'node "a" has no session with 10.0.0.253'),
    ],
)
def test_names_that_nothing_bears(parameters: dict[str, Any], clause: str) -> None:
    """A route that must not go there does not, but the author means another place."""
    (found,) = ask("required", BARE, KNOWN, prefix="10.0.0.0/24", **parameters)
    assert (found.message.endswith(f", but {clause}"), found.undecided) == (True, False)
    (found,) = ask("forbidden", BARE, KNOWN, prefix="10.0.0.0/24", **parameters)
    assert (found.message.endswith(f" is not known: {clause}"), found.undecided) == (True, True)
    assert ask("required", [], prefix="10.0.0.0/24", **parameters) == []


def test_variables_leave_sessions_and_pools_open() -> None:
    other = calico("BGPPeer", "${NAME}", {"nodeSelector": "has(x)", "peerIP": "10.0.0.9", "asNumber": 65000})
    edge = peer(filters=["${FILTER}"])
    pool = calico("IPPool", "more", {"cidr": "${CIDR}"})
    for objects in ([*BARE[:-1], edge], [*BARE, pool]):
        for check in ("required", "forbidden"):
            (found,) = ask(check, objects, KNOWN, prefix="10.0.0.0/24", to=EDGE)
            assert found.undecided
            assert found.message.endswith("it depends on variables that are left in the manifests")
    elsewhere = calico("BGPPeer", "else", {"node": "b", "peerIP": "10.0.0.9", "asNumber": 65000, "filters": ["${F}"]})
    objects = [*BARE, node("b", 2), elsewhere]
    assert [one.undecided for one in ask("forbidden", objects, KNOWN, prefix="10.9.0.0/24", to="any")] == [True]
    assert ask("forbidden", objects, KNOWN, prefix="10.9.0.0/24", to="any", node="a") == []
    joining = calico("BGPPeer", "joining", {"node": "${NODE}", "peerIP": "10.0.0.9", "asNumber": 65000})
    (found,) = ask("forbidden", [*BARE, joining], KNOWN, prefix="10.9.0.0/24", to="any")
    assert found.undecided
    assert ask("forbidden", [*BARE, joining], KNOWN, prefix="10.9.0.0/24", to=EDGE) == []
    assert ask("required", [*BARE, other], KNOWN, prefix="10.0.0.0/24", to=EDGE) == []


def test_of_two_peers_one_is_drawn() -> None:
    rules = bgp_filter(exportV4=[rule("Reject")])
    twins = [
        calico("BGPPeer", name, {**peer()["spec"], **more}) for name, more in (("x", {}), ("y", {"filters": ["out"]}))
    ]
    for check in ("required", "forbidden"):
        (found,) = ask(check, [*BARE[:-1], rules, *twins], KNOWN, prefix="10.0.0.0/24", to="any")
        assert found.undecided
        assert "which of BGPPeer" in found.message


def test_a_better_route_that_is_kept_may_be_in_the_way() -> None:
    """Two nodes have a network, and one of them a rule for what comes from others; BIRD takes a connected one first."""
    nodes = [node("a", 1), node("b", 2)]
    kernel = "version: 1\nnode: a\ninterfaces:\n  - {name: eth0, addresses: [10.0.0.1/24]}\nroutes:\n"
    kernel += "  - {to: 10.7.0.0/24, via: 10.0.0.9, interface: eth0, protocol: static}\n"
    other = facts("b", eth0="10.0.0.2/24", lan0="10.7.0.1/24")
    pool = calico("IPPool", "net", {"cidr": "10.7.0.0/24", "disabled": True})
    rules = bgp_filter(exportV4=[rule("Reject", source="RemotePeers")])
    objects = [PODS, LAN, pool, *nodes, rules, peer(filters=["out"], node="a")]
    for check in ("required", "forbidden"):
        (found,) = ask(check, objects, f"{kernel}---\n{other}", prefix="10.7.0.0/24", to=EDGE)
        assert found.undecided
        assert "whether 10.0.0.254 takes more than the best route of a network (ADD-PATH)" in found.message
        assert len(ask(check, objects, f"{kernel}---\n{other}", prefix="10.0.0.0/24", to=EDGE)) == (
            check == "forbidden"
        )


@pytest.mark.parametrize(
    ("parameters", "complaint", "parameter"),
    [
        ({"to": "any"}, '"prefix" is needed', ""),
        ({"prefix": 7, "to": "any"}, '"prefix" is needed', "prefix"),
        ({"prefix": ["10.0.0.0/8"], "to": "any"}, '"prefix" is needed', "prefix"),
        ({"prefix": "lan", "to": "any"}, '"prefix": "lan"', "prefix"),
        ({"prefix": "10.0.0.1/24", "to": "any"}, "host bits", "prefix"),
        ({"prefix": "10.0.0.0/33", "to": "any"}, '"prefix"', "prefix"),
        ({"prefix": "10.0.0.0/8"}, 'either "to" or "from"', ""),
        ({"prefix": "10.0.0.0/8", "to": "any", "from_": "any"}, 'either "to" or "from"', "from"),
        ({"prefix": "10.0.0.0/8", "to": "all"}, '"to" must be any', "to"),
        ({"prefix": "10.0.0.0/8", "to": None}, '"to" must be any', "to"),
        ({"prefix": "10.0.0.0/8", "to": {}}, '"to" must be any', "to"),
        ({"prefix": "10.0.0.0/8", "to": {1: "a"}}, '"to" must be any', "to"),
        ({"prefix": "10.0.0.0/8", "from_": {"peer": "a", "address": "10.0.0.1"}}, '"from" must be any', "from"),
        ({"prefix": "10.0.0.0/8", "from_": {"peer": ["a"]}}, '"peer" of "from" must be text', "from"),
        ({"prefix": "10.0.0.0/8", "from_": {"peer": ""}}, '"peer" of "from" must be text', "from"),
        ({"prefix": "10.0.0.0/8", "from_": {"address": "10.0.0.0/8"}}, '"from": "10.0.0.0/8" is a network', "from"),
        ({"prefix": "10.0.0.0/8", "to": {"address": "fd00::1"}}, "carry no routes of IPv4", "to"),
        ({"prefix": "10.0.0.0/8", "to": "any", "node": 3}, '"node" must be a name', "node"),
        ({"prefix": "10.0.0.0/8", "to": "any", "node": {"name": "a"}}, '"node" must be a name', "node"),
        ({"prefix": "10.0.0.0/8", "to": "any", "node": {"selector": "a b"}}, '"node": ', "node"),
        ({"prefix": "10.0.0.0/8", "to": "any", "longer": "no"}, '"longer" must be true or false', "longer"),
        ({"prefix": "10.0.0.0/8", "to": "any", "prefixes": []}, 'has no parameter "prefixes"', "prefixes"),
    ],
)
def test_parameters_that_cannot_be_used(parameters: dict[str, Any], complaint: str, parameter: str) -> None:
    with pytest.raises(CheckError) as error:
        ask("forbidden", BARE, KNOWN, **parameters)
    assert complaint in str(error.value)
    assert error.value.parameter == parameter
    assert "route-forbidden" in str(error.value)


def test_of_a_route_that_is_required_there_are_no_parts() -> None:
    with pytest.raises(CheckError, match='"longer" is for route-forbidden alone'):
        ask("required", BARE, KNOWN, prefix="10.0.0.0/24", to=EDGE, longer=False)


def test_checks_are_known_by_their_names() -> None:
    assert {find(name).__name__ for name in ("route-required", "route-forbidden")} == {"required", "forbidden"}


@pytest.mark.parametrize("mesh", [False, True])
def test_nodes_are_not_held_against_each_other(mesh: bool) -> None:
    """Each has a block of its own, and hears of those of all others."""

    def asked(count: int) -> int:
        nodes = [node(f"n{number}", number + 1, {"zone": "ab"[number % 2]}) for number in range(count)]
        blocks = [
            calico("BlockAffinity", f"b{number}", {"cidr": f"10.244.{number}.0/26", "node": f"n{number}"})
            for number in range(count)
        ]
        cluster = cluster_of([*([] if mesh else [MESH_OFF]), PODS, LAN, *nodes, *blocks, peer()], Target((3, 31)))
        rule = {"prefix": "10.244.1.0/26", "to": "any", "node": {"selector": "zone == 'a'"}}
        found: list[Breach] = []
        work = calls(lambda: found.extend(find("route-required")(cluster, rule)))
        assert all("is not known" in one.message for one in found)
        return work

    assert asked(120) < 5 * asked(30)


def test_a_limit_is_told() -> None:
    cluster = cluster_of(BARE, Target((3, 31)), facts=KNOWN)
    cluster.limits = cluster.limits._replace(comparisons=10)
    (found,) = find("route-required")(cluster, {"prefix": "10.0.0.0/24", "to": "any"})
    assert found.undecided
    assert "not all that this rule is about was examined" in found.message
