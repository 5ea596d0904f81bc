"""What sessions export and import in whole clusters, and what prefixAdvertisements do there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from callint.bgp.advertisement import advertisement_effects
from callint.bgp.decision import Decision
from callint.bgp.follow import follow
from callint.bgp.network import network
from callint.bgp.routes import Engine, engine
from callint.bgp.sent import senders
from callint.net.address import parse_cidr
from callint.net.prefixes import exactly, within
from manifests import installation

V3 = "projectcalico.org/v3"


def calico(kind: str, name: str, **spec: Any) -> Any:
    return {"apiVersion": V3, "kind": kind, "metadata": {"name": name}, "spec": spec}


def node(name: str, address: str, **bgp: Any) -> Any:
    return calico("Node", name, bgp={"ipv4Address": address, **bgp})


@pytest.fixture
def made(make_cluster: Any) -> Any:
    def make(*objects: Any, **options: Any) -> Any:
        return make_cluster("---\n".join(json.dumps(one) + "\n" for one in objects), **options)

    return make


def out(model: Engine, kind: str, local: str, prefix: str) -> list[Decision]:
    """What lets the prefix out on the only session of this kind and node; routes that may not exist left out."""
    (session,) = [one for one in model.network if one.form.kind == kind and one.local.name == local]
    wanted = parse_cidr(prefix)
    return [
        one
        for one in model.exported(session)
        if one.accepted and one.routes.presence != "any" and wanted in one.prefixes
    ]


A, B = node("a", "10.0.0.1/24"), node("b", "10.0.0.2/24")
PODS = calico("IPPool", "pods", cidr="10.244.0.0/16")
TOR = calico("BGPPeer", "tor", node="a", peerIP="10.0.0.254", asNumber=65000)


def test_blocks_of_all_nodes_leave_by_the_one_that_peers(made: Any) -> None:
    """M35: the node tells the outside of the other nodes' blocks too, which it learned over the mesh."""
    found = out(engine(made(A, B, PODS, TOR)), "node", "a", "10.244.5.0/26")
    assert [(one.routes.origin, one.step) for one in found] == [("block", "own-block"), ("bgp", "pool-exported")]
    assert {one.routes.presence for one in found} == {"some"}


def test_nothing_from_the_mesh_goes_back_into_it(made: Any) -> None:
    found = out(engine(made(A, B, PODS, TOR)), "mesh", "a", "10.244.5.0/26")
    assert [one.routes.origin for one in found] == ["block"]


def test_withheld_pool_and_closed_filter(made: Any) -> None:
    """M11, and a final Reject."""
    withheld = calico("IPPool", "pods", cidr="10.244.0.0/16", disableBGPExport=True)
    assert not out(engine(made(A, B, withheld, TOR)), "mesh", "a", "10.244.5.0/26")
    closed = calico("BGPFilter", "none", exportV4=[{"action": "Reject"}])
    tor = calico("BGPPeer", "tor", node="a", peerIP="10.0.0.254", asNumber=65000, filters=["none"])
    assert not out(engine(made(A, B, PODS, closed, tor)), "node", "a", "10.244.5.0/26")


def test_pools_that_give_a_node_no_blocks(made: Any) -> None:
    elsewhere = calico("IPPool", "pods", cidr="10.244.0.0/16", nodeSelector="has(gpu)")
    assert not out(engine(made(A, B, elsewhere)), "mesh", "a", "10.244.5.0/26")
    balancers = calico("IPPool", "pods", cidr="10.244.0.0/16", allowedUses=["LoadBalancer"])
    assert not out(engine(made(A, B, balancers)), "mesh", "a", "10.244.5.0/26")
    wide = calico("IPPool", "pods", cidr="10.244.0.0/16", blockSize=24)
    assert out(engine(made(A, B, wide)), "mesh", "a", "10.244.5.0/24")
    assert not out(engine(made(A, B, wide)), "mesh", "a", "10.244.5.0/26")


def test_the_network_of_the_node_leaves_by_a_pool_that_holds_it(made: Any) -> None:
    """M9: a disabled pool for translation hands the LAN to every peer, the mesh included."""
    lan = calico("IPPool", "lan", cidr="10.0.0.0/24", disabled=True, natOutgoing=True)
    model = engine(made(A, B, PODS, lan, TOR))
    for kind in ("node", "mesh"):
        found = out(model, kind, "a", "10.0.0.0/24")
        assert found
        assert {one.step for one in found} == {"pool-exported"}
    assert not out(engine(made(A, B, PODS, TOR)), "node", "a", "10.0.0.0/24")


def test_services_and_nodes_that_are_excluded(made: Any) -> None:
    services = calico(
        "BGPConfiguration",
        "default",
        serviceClusterIPs=[{"cidr": "10.96.0.0/12"}],
        serviceExternalIPs=[{"cidr": "1.2.3.4/32"}],
    )
    excluded = node("c", "10.0.0.3/24")
    label = "node.kubernetes.io/exclude-from-external-load-balancers"
    excluded["metadata"]["labels"] = {label: "true"}
    unaware = node("d", "10.0.0.4/24")
    unaware["metadata"]["labels"] = {label: ""}
    model = engine(made(services, A, excluded, unaware))
    leaves = {one.local.name: model.exported(one) for one in model.network}
    announcing = {
        name
        for name, decisions in leaves.items()
        if any(one.step == "own-service" and one.routes.origin == "service" for one in decisions)
    }
    assert announcing == {"a", "d"}
    single = [one for one in leaves["a"] if one.accepted and parse_cidr("1.2.3.4/32") in one.prefixes]
    assert {one.routes.presence for one in single} == {"any"}  # a Service may have it, and the range is not announced


def test_import_is_open_and_the_kernel_is_not(made: Any) -> None:
    """M1, M10: an Accept changes nothing; what lies in a VXLAN pool is learned and not programmed."""
    accepts = calico("BGPFilter", "in", importV4=[{"action": "Accept", "matchOperator": "In", "cidr": "10.1.0.0/16"}])
    tor = calico("BGPPeer", "tor", node="a", peerIP="10.0.0.254", asNumber=65000, filters=["in"])
    vpn = calico("IPPool", "vpn", cidr="10.1.0.0/16", disabled=True, vxlanMode="Always")
    model = engine(made(A, accepts, tor, vpn))
    (session,) = model.network
    by_rule, open_ = model.imported(session)
    assert (str(by_rule.rule), str(by_rule.prefixes)) == ("BGPFilter/in importV4[0]", "10.1.0.0/16{16,32}")
    assert (open_.step, open_.prefixes.witness()) == ("default", parse_cidr("0.0.0.0/0"))
    programmed = {one.step: one.in_kernel for one in model.kernels[4].divide(by_rule.prefixes | open_.prefixes)}
    assert programmed == {"vxlan-pool": False, "programmed": True}


@pytest.mark.parametrize(
    ("release", "owner", "ipip", "plain"),
    [
        ((3, 32), None, True, True),
        ((3, 33), None, False, True),
        ((3, 33), "Enabled", True, True),
        ((3, 33), "EnabledIPIPOnly", True, False),
        ((3, 33), "Disabled", False, False),
    ],
)
def test_who_programs_the_kernel(made: Any, release: Any, owner: Any, ipip: bool, plain: bool) -> None:
    """K4."""
    configuration = calico("BGPConfiguration", "default", **({"programClusterRoutes": owner} if owner else {}))
    tunnel = calico("IPPool", "tunnel", cidr="10.1.0.0/16", ipipMode="CrossSubnet")
    kernel = engine(made(configuration, A, tunnel, calico("IPPool", "p", cidr="10.2.0.0/16"), release=release)).kernels[
        4
    ]
    for cidr, expected in (("10.1.0.0/16", ipip), ("10.2.0.0/16", plain), ("10.3.0.0/16", True)):
        assert [one.in_kernel for one in kernel.divide(within(parse_cidr(cidr)))] == [expected]


def test_tunnel_interfaces_and_elevated_routes(made: Any) -> None:
    """X4, X6 and M51, from facts: in an own block only a route ahead of the normal ones leaves."""
    facts = """
version: 1
node: a
interfaces: [{name: eth0, addresses: [10.0.0.1/24]}]
routes:
  - {to: 10.244.1.0/24, interface: vxlan.calico, protocol: "80", metric: 1024}
  - {to: 10.244.5.7/32, interface: cali1, protocol: "80", metric: 1024}
  - {to: 10.244.5.8/32, interface: cali2, protocol: "80", metric: 512}
  - {to: 10.244.5.9/32, interface: eth0, protocol: static}
  - {to: 10.244.5.10/32, interface: eth0, protocol: kernel}
"""
    block = calico("BlockAffinity", "x", cidr="10.244.5.0/26", node="a", state="confirmed", deleted="false")
    model = engine(made(A, B, PODS, block, facts=facts))

    def leaves(prefix: str) -> bool:
        return bool(out(model, "mesh", "a", prefix))

    routes = ("10.244.5.0/26", "10.244.1.0/24", *(f"10.244.5.{last}/32" for last in (7, 8, 9, 10)))
    assert {prefix for prefix in routes if leaves(prefix)} == {"10.244.5.0/26", "10.244.5.8/32", "10.244.5.9/32"}


def test_advertisements_of_a_node_replace_those_of_all(made: Any) -> None:
    """M14."""
    default = calico(
        "BGPConfiguration", "default", prefixAdvertisements=[{"cidr": "10.244.0.0/16", "communities": ["1:1"]}]
    )
    own = calico(
        "BGPConfiguration",
        "node.b",
        communities=[{"name": "mine", "value": "2:2"}],
        prefixAdvertisements=[{"cidr": "10.0.0.0/8", "communities": ["mine", "unknown"]}],
    )
    model = engine(made(default, own, A, B, PODS))
    assert [one.result.communities for one in out(model, "mesh", "a", "10.244.5.0/26")] == [((1, 1),)]
    assert [one.result.communities for one in out(model, "mesh", "b", "10.244.5.0/26")] == [((2, 2),)]


def test_effects_of_advertisements(made: Any) -> None:
    """2.6: what is accepted by a filter is never tagged, what nobody exports neither, and nothing is originated."""
    accepts = calico("BGPFilter", "f", exportV4=[{"action": "Accept", "matchOperator": "In", "cidr": "10.0.0.0/24"}])
    tor = calico("BGPPeer", "tor", node="a", peerIP="10.0.0.254", asNumber=65000, filters=["f"])
    entries = [
        {"cidr": cidr, "communities": ["64512:100"]}
        for cidr in ("10.244.0.0/16", "10.0.0.0/24", "172.30.0.0/16", "10.244.0.0/27")
    ]
    configuration = calico("BGPConfiguration", "default", prefixAdvertisements=entries)
    facts = """
version: 1
node: a
interfaces: [{name: eth0, addresses: [10.0.0.1/24]}]
routes: []
"""
    effects = advertisement_effects(made(configuration, A, PODS, accepts, tor, facts=facts))
    found = [(one.advertisement.cidr, bool(one.tagged), bool(one.untagged), bool(one.undecided)) for one in effects]
    assert found == [
        ("10.244.0.0/16", True, False, False),
        ("10.0.0.0/24", False, True, False),
        ("172.30.0.0/16", False, False, False),
        ("10.244.0.0/27", False, False, False),
    ]
    (reach, *_) = effects[1].untagged
    assert (str(reach.decision.rule), str(reach.prefixes), reach.decision.routes.presence) == (
        "BGPFilter/f exportV4[0]",
        "10.0.0.0/24",
        "all",
    )


def test_a_filter_that_cannot_be_read_leaves_it_open(made: Any) -> None:
    broken = calico("BGPFilter", "f", exportV4=[{"action": "Accept", "matchOperator": "In", "cidr": "10.0.0.1/24"}])
    tor = calico("BGPPeer", "tor", node="a", peerIP="10.0.0.254", asNumber=65000, filters=["f"])
    entries = [{"cidr": "10.244.0.0/16", "communities": ["64512:100"]}]
    (effect,) = advertisement_effects(
        made(calico("BGPConfiguration", "default", prefixAdvertisements=entries), A, PODS, broken, tor)
    )
    assert effect.undecided
    assert not any(one.decision.certain for one in (*effect.tagged, *effect.undecided))


def test_following_a_prefix(made: Any) -> None:
    lan = calico("IPPool", "lan", cidr="10.0.0.0/24", disabled=True)
    trail = follow(made(A, B, PODS, lan, TOR), parse_cidr("10.0.0.0/24"))
    known = [one for one in trail.sources if one.routes.presence == "all"]
    assert [(one.node.name, one.routes.origin) for one in known] == [("a", "connected"), ("b", "connected")]
    sure = {
        (direction, hop.group.session.form.kind, hop.group.session.local.name, hop.group.size)
        for hop in trail.hops
        for direction, decisions in (("export", hop.exported), ("import", hop.imported))
        for one in decisions
        if one.accepted and one.routes.presence == "all"
    }
    mesh = {(direction, "mesh", node, 1) for direction in ("export", "import") for node in ("a", "b")}
    assert sure == {("export", "node", "a", 1), *mesh}  # what the router outside brings goes on from one node alone
    assert not follow(made(A, B), parse_cidr("fd00::/64")).hops


def test_a_network_without_routes_is_followed_by_those_inside_it(made: Any) -> None:
    for text, inside in (("10.244.0.0/20", True), ("10.244.1.0/26", False), ("10.244.1.0/24", True)):
        trail = follow(made(A, B, PODS), parse_cidr(text))
        assert trail.region == (within if inside else exactly)(parse_cidr(text)), text
    assert follow(made(A, B, PODS), parse_cidr("0.0.0.0/0")).region == exactly(parse_cidr("0.0.0.0/0"))


def test_equal_nodes_are_asked_once(made: Any) -> None:
    """A mesh of many nodes is one kind of session, and its number of sessions is exact."""
    nodes = [node(f"n{index}", f"10.1.{index >> 8}.{index & 255}/16") for index in range(300)]
    model = engine(made(PODS, *nodes))
    (group,) = model.division.groups()
    assert group.size == len(model.network) == 300 * 299


def test_the_seed_as_published(shared: Path, make_cluster: Any) -> None:
    """With the filter unreadable the jump server may send anything, and the pool tags the LAN."""
    texts = [path.read_text() for path in sorted((shared / "seed" / "as-published").glob("*.yaml"))]
    cluster = make_cluster("\n---\n".join(text for text in texts if "[130]" not in text), judged=True)
    assert "bgp-filter" not in cluster.bgp_filters
    model = engine(cluster)
    (session,) = (one for one in network(cluster) if one.peer is not None)
    (everything,) = model.imported(session)
    assert str(everything.prefixes) == "everything"
    (effect,) = advertisement_effects(cluster)
    assert effect.communities == ((64512, 0),)
    assert any(one.group.session.peer is not None for one in effect.tagged)


@pytest.mark.parametrize("switch", ["Installation", "DaemonSet", ""])
def test_with_host_local_addresses_each_node_has_its_pod_cidrs(made: Any, switch: str) -> None:
    def kubernetes(name: str, address: str, *cidrs: str) -> Any:
        about = {"name": name, "annotations": {"projectcalico.org/IPv4Address": address}}
        return {"apiVersion": "v1", "kind": "Node", "metadata": about, "spec": {"podCIDRs": list(cidrs)}}

    environment = [{"name": "CALICO_NETWORKING_BACKEND", "value": "bird"}, {"name": "USE_POD_CIDR", "value": "true"}]
    pod = {"containers": [{"name": "calico-node", "env": environment}]}
    switches = {
        "Installation": installation(cni={"type": "Calico", "ipam": {"type": "HostLocal"}}),
        "DaemonSet": {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": "calico-node", "namespace": "kube-system"},
            "spec": {"template": {"spec": pod}},
        },
    }
    nodes = (kubernetes("a", "10.0.0.1/24", "10.244.3.0/24"), kubernetes("b", "10.0.0.2/24"))
    model = engine(made(*nodes, PODS, *([switches[switch]] if switch else [])))
    for prefix, expected in (("10.244.3.0/24", bool(switch)), ("10.244.4.0/26", not switch)):
        found = out(model, "mesh", "a", prefix)
        assert bool(found) is expected, prefix
        assert all(one.routes.origin == "block" and one.step == "own-block" for one in found)
    assert out(model, "mesh", "b", "10.244.4.0/26")


@pytest.mark.parametrize("order", [("a", "b", "c"), ("a", "c", "b")])
def test_the_mesh_brings_what_some_of_its_nodes_have_from_routers(made: Any, order: tuple[str, ...]) -> None:
    """Whichever node comes first: to the mesh those with a router are like those without, what they pass on is not."""
    addresses = {name: f"10.0.0.{number}/24" for number, name in enumerate("abc", 1)}
    router = calico("BGPPeer", "router", node="c", peerIP="10.0.0.253", asNumber=65001)
    model = engine(made(PODS, TOR, router, *(node(name, addresses[name]) for name in order)))
    (session,) = (one for one in model.network if one.form.kind == "node" and one.local.name == "a")
    passed = [one for one in model.exported(session) if one.accepted and one.routes.attributes.communities is None]
    assert {one.routes.because for one in passed} == {'the mesh, 10.0.0.3 (node "c")'}


def test_nodes_with_blocks_of_their_own_export_each_for_itself(made: Any) -> None:
    """Who is at the far end does not matter for that: as many kinds of senders as nodes, not as pairs of nodes."""
    nodes = [node(f"n{index}", f"10.0.0.{index + 1}/24") for index in range(12)]
    blocks = [
        calico("BlockAffinity", f"b{index}", cidr=f"10.244.{index}.0/26", node=f"n{index}", state="confirmed")
        for index in range(12)
    ]
    model = engine(made(PODS, *nodes, *blocks))
    found = [group for group, _ in senders(model)]
    assert sorted(group.session.local.name for group in found) == sorted(f"n{index}" for index in range(12))
    assert {group.size for group in found} == {11}
    assert sum(group.size for group in model.division.groups()) == 12 * 11
