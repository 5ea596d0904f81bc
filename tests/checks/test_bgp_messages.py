"""What findings about BGP say: whose words they repeat, what is left out, and which consequence holds where."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.checks.bgp import (
    backend,
    condition,
    connectivity,
    exposure,
    fallthrough,
    far_end,
    peer_field,
    service_range,
    session,
)
from callint.checks.breach import Breach
from callint.source import Limits
from manifests import calico, cluster_of, installation

MESH_OFF = calico("BGPConfiguration", "default", {"nodeToNodeMeshEnabled": False})


def node(name: str, **bgp: object) -> dict[str, Any]:
    return calico("Node", name, {"bgp": bgp})


def peer(name: str = "p", **spec: object) -> dict[str, Any]:
    return calico("BGPPeer", name, {"peerIP": "192.0.2.1", "asNumber": 65000, **spec})


def pool(**spec: object) -> dict[str, Any]:
    return calico("IPPool", "pods", {"cidr": "10.244.0.0/16", **spec})


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ({}, "accepts every route for export"),
        ({"matchOperator": "NotIn", "cidr": "10.244.0.0/16"}, 'every route but those in "10.244.0.0/16"'),
        ({"matchOperator": "NotEqual", "cidr": "10.244.0.0/16"}, 'every route but "10.244.0.0/16"'),
    ],
)
def test_a_rule_that_lets_the_default_route_out(rule: dict[str, str], what: str) -> None:
    accept = calico("BGPFilter", "f", {"exportV4": [{"action": "Accept", **rule}]})
    (breach,) = exposure.check(cluster_of([accept, peer(filters=["f"]), pool()]), {"problem": "default-route"})
    assert what in breach.message
    assert breach.message.endswith("learns the default route of the node with all the rest")


def test_the_mesh_of_nodes_that_are_not_listed_is_with_other_nodes() -> None:
    accept = calico(
        "BGPFilter", "f", {"exportV4": [{"action": "Accept", "matchOperator": "In", "cidr": "10.0.0.0/24"}]}
    )
    (breach,) = fallthrough.check(cluster_of([accept, peer(filters=["f"]), pool()]), {"problem": "export"})
    assert "(the mesh, other nodes)" in breach.message
    assert "*" not in breach.message


def test_routes_that_rules_decide_on_are_not_asked_about_for_each_of_many_filters() -> None:
    rule = {"action": "Accept", "matchOperator": "In", "cidr": "10.0.0.0/8"}
    cluster = cluster_of(
        one
        for number in range(50)
        for one in (
            calico("IPPool", f"p{number}", {"cidr": f"10.{number}.0.0/16"}),
            calico("BGPFilter", f"f{number}", {"exportV4": [rule]}),
            peer(f"p{number}", peerIP=f"192.0.2.{number + 1}", filters=[f"f{number}"]),
        )
    )
    cluster.limits = Limits(comparisons=50 * 50)
    assert list(fallthrough.check(cluster, {"problem": "export"})) == []


@pytest.mark.parametrize(("described", "kind"), [(["a", "b"], "Node"), (["b"], "Node"), ([], "IPPool")])
def test_nodes_that_facts_alone_describe_are_told_elsewhere(described: list[str], kind: str) -> None:
    facts = "---\n".join(
        f"version: 1\nnode: {name}\ninterfaces:\n- {{name: eth0, addresses: [10.0.0.{number}/24]}}\n"
        for number, name in enumerate("ab", 2)
    )
    nodes = [node(name, ipv4Address=f"10.0.0.{'ab'.index(name) + 2}/24") for name in described]
    speakers = node("c", ipv4Address="10.0.0.4/24")
    objects = [*nodes, speakers, MESH_OFF, pool(), peer(node="c", peerIP="10.0.0.9", asNumber=64512)]
    (breach,) = connectivity.check(cluster_of(objects, facts=facts), {"problem": "unconnected"})
    assert breach.object is not None
    assert breach.object.kind == kind


def test_a_session_that_is_bound_elsewhere_names_the_address_that_the_far_end_is_told() -> None:
    facts = "version: 1\nnode: a\ninterfaces:\n- {name: wan0, addresses: [192.0.2.2/24]}\n"
    facts += "- {name: wg0, addresses: [10.1.0.2/24]}\n"
    objects = [node("a", ipv4Address="192.0.2.2/24"), peer(node="a", peerIP="10.1.0.1")]
    (breach,) = far_end.check(cluster_of(objects, facts=facts), {"problem": "source"})
    assert breach.message.endswith("the far end is called from 192.0.2.2 and told it as next hop")


@pytest.mark.parametrize(
    ("field", "value", "workloads", "told"),
    [
        ("numAllowedLocalASNumbers", 1, True, True),
        ("localASNumber", 64999, True, False),
        ("numAllowedLocalASNumbers", 1, False, True),
        ("localASNumber", 64999, False, True),
    ],
)
def test_fields_that_count_for_other_kinds_of_peers(field: str, value: object, workloads: bool, told: bool) -> None:
    far = {"localWorkloadSelector": "all()", "asNumber": 65000} if workloads else {"peerSelector": "all()"}
    cluster = cluster_of([calico("BGPPeer", "p", {**far, field: value})])
    assert bool(list(peer_field.check(cluster, {"problem": "ignored"}))) is told


def overlapping(mode: str, prevention: str | None) -> list[Breach]:
    said = {"serviceLoopPrevention": prevention} if prevention else {}
    ranges = calico("BGPConfiguration", "default", {"serviceClusterIPs": [{"cidr": "10.244.0.0/20"}]})
    objects = [pool(vxlanMode=mode), ranges, calico("FelixConfiguration", "default", said)]
    return list(service_range.check(cluster_of(objects), {"problem": "pool"}))


def test_pods_in_a_service_range_are_not_reached_because_of_bird_or_felix_or_both() -> None:
    for mode in ("Never", "Always"):
        for prevention in (None, "Drop", "Reject"):
            (both,) = overlapping(mode, prevention)
            assert "Felix drops what it forwards" in both.message
            assert "BIRD installs no route" in both.message
    (bird,) = overlapping("Never", "disabled")
    assert "Felix" not in bird.message
    assert overlapping("Always", "Disabled") == []


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, True),
        ({"kubernetesProvider": "AKS"}, False),
        ({"kubernetesProvider": "AKS", "cni": {"type": "Calico"}}, True),
        ({"cni": {"type": "AmazonVPC"}}, False),
    ],
)
def test_the_operator_refuses_unrouted_pools_of_its_own_plugin_alone(more: dict[str, Any], told: bool) -> None:
    network = {"bgp": "Disabled", "ipPools": [{"cidr": "10.244.0.0/16", "encapsulation": "None"}]}
    cluster = cluster_of([installation(calicoNetwork=network, **more)])
    assert bool(list(backend.check(cluster, {"problem": "disabled"}))) is told


def test_a_mismatch_over_ipv6_points_at_the_address_of_that_family() -> None:
    objects = [
        node("a", ipv6Address="2001:db8::1/64"),
        node("b", ipv4Address="10.0.0.2/24", ipv6Address="2001:db8::2/64"),
        MESH_OFF,
        peer(node="a", peerIP="2001:db8::2", asNumber=64999),
    ]
    cluster = cluster_of(objects, Target())
    (breach,) = session.check(cluster, {"state": "as-mismatch"})
    assert breach.related[0].span == cluster.nodes["b"].resources[0].span("spec", "bgp", "ipv6Address")


@pytest.mark.parametrize(
    ("far", "release", "problem"),
    [
        ("192.0.2.1", (3, 31), "default-route"),
        ("2001:db8::1", (3, 31), "unfiltered"),
        ("192.0.2.1", (3, 32), "unfiltered"),
        ("2001:db8::1", (3, 32), "unfiltered"),
    ],
)
def test_a_default_route_from_a_peer_replaces_the_nodes_own_over_ipv4_alone(
    far: str, release: tuple[int, int], problem: str
) -> None:
    """Linux gives routes over IPv6 that have no metric 1024, which is after most default routes."""
    cluster = cluster_of([peer(peerIP=far)], Target(release=release))
    for asked in ("default-route", "unfiltered"):
        found = list(fallthrough.check(cluster, {"problem": asked, "everywhere": True}))
        assert bool(found) is (asked == problem)


def test_two_peers_of_one_neighbour_are_told_apart() -> None:
    objects = [
        node("a", ipv4Address="10.0.0.1/24"),
        MESH_OFF,
        peer(node="a"),
        peer("q", node="a", peerIP="192.0.2.1:179"),
    ]
    (breach,) = session.check(cluster_of(objects), {"state": "idle"})
    assert breach.message.endswith('never runs: the session of BGPPeer "p" has the same neighbour and goes first')


@pytest.mark.parametrize("release", [(3, 26), (3, 27), (3, 32)])
@pytest.mark.parametrize("family", [4, 6])
def test_the_rule_that_rejects_the_rest_is_one_that_the_release_takes(release: tuple[int, int], family: int) -> None:
    """The help, put into the manifest, mends it and breaks nothing else."""
    inside, everything = ("10.1.0.0/16", "0.0.0.0/0") if family == 4 else ("2001:db8::/32", "::/0")
    accept = {"action": "Accept", "matchOperator": "In", "cidr": inside}
    target, far = Target(release=release), peer(peerIP="192.0.2.1" if family == 4 else "2001:db8::1", filters=["f"])

    def found(*more: dict[str, str]) -> list[Breach]:
        rules = calico("BGPFilter", "f", {f"importV{family}": [accept, *more]})
        cluster = cluster_of([rules, far], target, judged=True)
        assert not cluster.bgp_filters["f"].resource.gaps
        return list(fallthrough.check(cluster, {"problem": "import"}))

    (breach,) = found()
    assert breach.help is not None
    reject = {"action": "Reject"} if release > (3, 26) else {**accept, "action": "Reject", "cidr": everything}
    assert all(f"{value}" in breach.help for value in reject.values())
    assert ("cidr" in breach.help) is (release == (3, 26))
    assert found(reject) == []


@pytest.mark.parametrize(
    ("spec", "release", "outside", "told"),
    [
        ({"vxlanMode": "Always"}, (3, 32), False, False),
        ({"vxlanMode": "Always"}, (3, 32), True, False),
        ({"vxlanMode": "Always", "disabled": True}, (3, 32), False, True),
        ({"vxlanMode": "Always", "disabled": True}, (3, 32), True, True),
        ({"ipipMode": "Always"}, (3, 33), False, False),
        ({"ipipMode": "Always", "disabled": True}, (3, 33), True, True),
        ({"ipipMode": "Always", "disabled": True}, (3, 32), True, False),
        ({"disabled": True}, (3, 33), True, False),
    ],
)
def test_routes_to_pods_are_installed_by_felix_and_those_of_others_by_nobody(
    spec: dict[str, Any], release: tuple[int, int], outside: bool, told: bool
) -> None:
    rules = [{"action": "Accept", "matchOperator": "In", "cidr": "10.244.0.0/16"}, {"action": "Reject"}]
    far = {"asNumber": 65000, "peerIP": "192.0.2.1"} if outside else {"peerSelector": "has(reflector)"}
    objects = [
        pool(**spec),
        calico("BGPFilter", "f", {"importV4": rules}),
        calico("BGPPeer", "p", {**far, "filters": ["f"]}),
    ]
    found = exposure.check(cluster_of(objects, Target(release=release)), {"problem": "unprogrammed"})
    assert bool(list(found)) is told


@pytest.mark.parametrize("outside", [True, False])
def test_routes_to_services_are_missed_only_if_they_come_from_outside(outside: bool) -> None:
    services = calico("BGPConfiguration", "default", {"serviceClusterIPs": [{"cidr": "10.96.0.0/12"}]})
    rules = [{"action": "Accept", "matchOperator": "In", "cidr": "10.96.0.0/16"}, {"action": "Reject"}]
    far = {"asNumber": 65000, "peerIP": "192.0.2.1"} if outside else {"peerSelector": "has(reflector)"}
    objects = [
        services,
        calico("BGPFilter", "f", {"importV4": rules}),
        calico("BGPPeer", "p", {**far, "filters": ["f"]}),
    ]
    assert bool(list(exposure.check(cluster_of(objects), {"problem": "unprogrammed"}))) is outside


@pytest.mark.parametrize(
    ("numbers", "own"),
    [
        ([64513], "AS 64513 already"),
        ([64515, 64513, 64514], "AS 64513 and 64514 and 64515 already"),
        ([64517, 64515, 64513, 64514, 64516], "AS 64513, 64514, 64515 and 2 more already"),
    ],
)
def test_a_path_that_no_session_has_names_few_of_many_ases(numbers: list[int], own: str) -> None:
    nodes = [node(f"n{n}", ipv4Address=f"10.0.0.{n - 64512}/24", asNumber=n) for n in numbers]
    asking = calico("BGPFilter", "f", {"exportV4": [{"action": "Accept", "asPathPrefix": [65000]}]})
    (breach,) = condition.check(cluster_of([*nodes, asking, peer(filters=["f"])]), {"problem": "never"})
    assert own in breach.message


@pytest.mark.parametrize(("first", "more", "told"), [(65000, [], 1), (65001, [], 0), (65000, [65001], 0)])
def test_a_path_from_the_far_end_goes_there_from_no_node_of_whatever_as(first: int, more: list[int], told: int) -> None:
    """Nodes that no manifest shows may be in an AS of their own, which is that of another far end perhaps."""
    asking = calico("BGPFilter", "f", {"exportV4": [{"action": "Reject", "asPathPrefix": [first]}]})
    peers = [peer(filters=["f"])]
    peers += [peer(f"p{number}", peerIP="192.0.2.2", asNumber=number, filters=["f"]) for number in more]
    assert len(list(condition.check(cluster_of([asking, *peers]), {"problem": "never"}))) == told


def test_a_rule_that_lets_several_withheld_pools_out_is_told_once() -> None:
    accept = calico("BGPFilter", "f", {"exportV4": [{"action": "Accept", "matchOperator": "In", "cidr": "10.0.0.0/8"}]})

    def told(count: int) -> str:
        pools = [calico("IPPool", f"p{n}", {"cidr": f"10.{n}.0.0/16", "disableBGPExport": True}) for n in range(count)]
        (breach,) = exposure.check(cluster_of([accept, peer(filters=["f"]), *pools]), {"problem": "withheld"})
        assert 'though IPPool "p0" has `disableBGPExport`: ' in breach.message
        assert len(breach.related) == min(count, 3) + 1
        return breach.message.rpartition(" is not asked again")[2]

    ends = [
        "",
        '; the same goes for "p1"',
        '; the same goes for "p1" and "p2"',
        '; the same goes for "p1" and "p2" and others',
    ]
    assert [told(count) for count in (1, 2, 3, 4)] == ends


def test_a_rule_of_ipv6_that_lets_nothing_out_is_used_by_peers_of_ipv6() -> None:
    """A router is often called at both its addresses with one filter, of which each session asks its own half."""
    written = {"action": "Accept", "matchOperator": "In", "cidr": "fd00:42::/64", "prefixLength": {"max": 64}}
    accept = calico("BGPFilter", "f", {"exportV6": [written]})
    both = [peer(f"up{n}", peerIP=address, filters=["f"]) for n, address in ((4, "192.0.2.1"), (6, "fd00:1::fe"))]
    nodes = [node("n1", ipv4Address="192.0.2.11/24", ipv6Address="fd00:1::1/64")]
    six = calico("IPPool", "six", {"cidr": "fd00:42::/64", "blockSize": 122})
    (breach,) = condition.check(cluster_of([accept, *both, *nodes, six]), {"problem": "never"})
    assert [one.label for one in breach.related] == ["the pool", 'BGPPeer "up6" uses it']


@pytest.mark.parametrize(("state", "named"), [("true", "eth1"), ("false", "wg0")])
def test_no_packet_leaves_by_an_interface_that_is_down(state: str, named: str) -> None:
    """It keeps its address, and another one has the network by now."""
    facts = f"""
    version: 1
    node: r
    interfaces:
      - {{name: lan0, addresses: [10.0.0.1/24], up: true}}
      - {{name: eth1, addresses: [10.1.0.9/24], up: {state}}}
      - {{name: wg0, addresses: [10.1.0.2/24], kind: wireguard, up: true}}
    """
    objects = [node("r", ipv4Address="10.0.0.1/24"), peer(peerIP="10.1.0.1")]
    (breach,) = far_end.check(cluster_of(objects, facts=facts), {"problem": "source"})
    assert f'10.1.0.1 is in the network of "{named}"' in breach.message


@pytest.mark.parametrize(("kept", "told"), [("10.244.0.0/26", False), ("10.244.0.64/26", True), (None, True)])
def test_a_router_may_have_an_address_that_is_kept_from_pods(kept: str | None, told: bool) -> None:
    more = [calico("IPReservation", "hosts", {"reservedCIDRs": [kept]})] if kept else []
    found = list(far_end.check(cluster_of([pool(), peer(peerIP="10.244.0.1"), *more]), {"problem": "inside"}))
    assert bool(found) is told
