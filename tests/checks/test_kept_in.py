"""Service ranges and pools that BGPFilters keep in or out on every session, and pools whose routes nobody brings."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.checks import find
from callint.objects import Cluster
from manifests import calico, cluster_of, installation

METALLB = {"apiVersion": "metallb.io/v1beta1", "kind": "L2Advertisement", "metadata": {"name": "all"}}
PODS = {"action": "Accept", "matchOperator": "In", "cidr": "10.244.0.0/16"}
RANGE = {"action": "Accept", "matchOperator": "In", "cidr": "192.0.2.0/24"}
REST = {"action": "Reject"}
POOL = calico("IPPool", "pods", {"cidr": "10.244.0.0/16"})
MORE = calico("IPPool", "more", {"cidr": "10.245.0.0/16"})


def configuration(**spec: Any) -> dict[str, Any]:
    return calico("BGPConfiguration", "default", spec)


BALANCERS = configuration(serviceLoadBalancerIPs=[{"cidr": "192.0.2.0/24"}])
NO_MESH = configuration(nodeToNodeMeshEnabled=False)


def peer(name: str = "tor", filters: tuple[str, ...] = ("f",), **spec: Any) -> dict[str, Any]:
    return calico("BGPPeer", name, {"peerIP": "10.0.0.254", "asNumber": 65001, "filters": [*filters], **spec})


def only(*rules: dict[str, Any], name: str = "f", **spec: Any) -> dict[str, Any]:
    return calico("BGPFilter", name, {"exportV4": [*rules], **spec})


def node(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}


def told(check: str, problem: str, cluster: Cluster) -> list[tuple[str, str]]:
    """Which rule keeps what in."""
    found = [one.witness.as_dict() for one in find(check)(cluster, {"problem": problem}) if one.witness]
    return [(one.get("prefix", ""), one.get("decided_by", "")) for one in found]


KEPT = [("192.0.2.0/24", "BGPFilter/f exportV4[1]")]


@pytest.mark.parametrize(
    ("objects", "found"),
    [
        ((peer(), only(PODS, REST)), KEPT),
        ((peer(), peer("other", peerIP="10.0.0.253", node="n"), only(PODS, REST)), KEPT),
        ((peer(), only(PODS, RANGE, REST)), []),
        ((peer(), only(PODS)), []),  # Calico's own filter lets it out
        ((peer(), only(PODS, {**RANGE, "prefixLength": {"min": 32}}, REST)), []),
        ((peer(), only(PODS, {**REST, "source": "RemotePeers"})), []),
        ((peer(), peer("open", (), peerIP="10.0.0.253"), only(PODS, REST)), []),
        ((peer(), peer("other", ("g",), peerIP="10.0.0.253"), only(PODS, REST), only(RANGE, REST, name="g")), []),
        ((peer(filters=("f", "missing")), only(PODS, REST)), []),
        ((peer(peerIP="fd00::1"), only(PODS, REST)), []),
        ((only(PODS, REST),), []),
        ((peer(), only(PODS, REST), METALLB), []),
    ],
)
def test_ranges_of_which_nobody_outside_hears(objects: tuple[dict[str, Any], ...], found: list[Any]) -> None:
    assert told("service_range", "kept-in", cluster_of([BALANCERS, POOL, *objects])) == found


def service(policy: str = "Cluster", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"type": "LoadBalancer", "clusterIP": "10.96.0.9", "externalTrafficPolicy": policy, **spec},
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}},
    }


SINGLE = {**RANGE, "prefixLength": {"min": 32}}
LISTED = [{"cidr": "192.0.2.0/24"}]


@pytest.mark.parametrize(
    ("ranges", "objects", "told_of"),
    [
        ({"serviceLoadBalancerIPs": LISTED}, (service(),), True),
        ({"serviceLoadBalancerIPs": LISTED}, (service(externalIPs=["192.0.2.9"]),), True),
        ({"serviceExternalIPs": LISTED}, (service(externalIPs=["192.0.2.9"]),), True),
        ({"serviceExternalIPs": LISTED}, (service(),), False),
        ({"serviceLoadBalancerIPs": LISTED}, (service("Local"),), False),
        ({"serviceLoadBalancerIPs": LISTED, "serviceLoadBalancerAggregation": "Disabled"}, (service(),), False),
        ({"serviceLoadBalancerIPs": [*LISTED, {"cidr": "192.0.2.7/32"}]}, (service(),), False),
        ({"serviceLoadBalancerIPs": LISTED}, (), False),
        ({"serviceLoadBalancerIPs": LISTED}, (service(), METALLB), False),
        ({"serviceLoadBalancerIPs": LISTED}, (service(), peer("open", (), peerIP="10.0.0.253")), False),
    ],
)
def test_services_that_are_announced_by_their_range_alone(
    ranges: dict[str, Any], objects: tuple[dict[str, Any], ...], told_of: bool
) -> None:
    """The filter lets single addresses out, and not the range itself, which nodes announce in their place."""
    cluster = cluster_of([configuration(**ranges), peer(), only(PODS, SINGLE, REST), *objects])
    found = told("service_range", "kept-in", cluster)
    assert found == ([("192.0.2.0/24", "BGPFilter/f exportV4[2]")] if told_of else [])


@pytest.mark.parametrize(
    ("field", "found"), [("serviceExternalIPs", KEPT), ("serviceLoadBalancerIPs", KEPT), ("serviceClusterIPs", [])]
)
def test_ranges_that_are_there_for_others(field: str, found: list[Any]) -> None:
    ranges = configuration(**{field: [{"cidr": "192.0.2.0/24"}]})
    assert told("service_range", "kept-in", cluster_of([ranges, peer(), only(PODS, REST)])) == found


@pytest.mark.parametrize(
    ("objects", "kept"),
    [
        ((NO_MESH, peer(), only(PODS, REST)), True),
        ((NO_MESH, peer("inside", peerIP=None, asNumber=None, peerSelector="all()"), only(PODS, REST)), True),
        ((NO_MESH, peer(), only(REST)), True),
        ((configuration(), peer(), only(PODS, REST)), False),
        ((NO_MESH, peer(), only(PODS, {**PODS, "cidr": "10.245.0.0/16"}, REST)), False),
        ((NO_MESH, peer(), only(PODS)), False),
        (
            (NO_MESH, peer(), peer("inside", (), peerIP=None, asNumber=None, peerSelector="all()"), only(PODS, REST)),
            False,
        ),
        ((NO_MESH, peer(asNumber="${AS}"), only(PODS, REST)), False),
        ((NO_MESH, only(PODS, REST)), False),
    ],
)
def test_pools_of_which_no_other_node_hears(objects: tuple[dict[str, Any], ...], kept: bool) -> None:
    given = [*objects, POOL, MORE]
    for one in given:
        one["spec"] = {key: value for key, value in one["spec"].items() if value is not None}
    assert ("10.245.0.0/16" in dict(told("backend", "withheld", cluster_of(given, judged=True)))) is kept


@pytest.mark.parametrize(
    ("objects", "undecided"),
    [
        ((peer(),), True),  # of nodes that nobody describes there may be one
        ((peer(node="a"),), None),
        ((peer(), node("a")), None),
        ((peer(), node("a"), node("b")), False),
        ((peer(node="a"), peer("other", node="b")), False),
    ],
)
def test_one_node_needs_no_routes(objects: tuple[dict[str, Any], ...], undecided: bool | None) -> None:
    cluster = cluster_of([NO_MESH, only(PODS, REST), MORE, *objects])
    found = [one.undecided for one in find("backend")(cluster, {"problem": "withheld"})]
    assert found == ([] if undecided is None else [undecided])


WITHOUT = [{"vxlanMode": "Always"}, {"disabled": True}, {"nodeSelector": "!all()"}, {"assignmentMode": "Manual"}]


@pytest.mark.parametrize("spec", WITHOUT)
def test_pools_that_need_no_routes(spec: dict[str, Any]) -> None:
    pool = calico("IPPool", "more", {"cidr": "10.245.0.0/16", **spec})
    assert told("backend", "withheld", cluster_of([NO_MESH, peer(), only(PODS, REST), POOL, pool])) == []


@pytest.mark.parametrize(
    ("settings", "pool", "release", "undecided"),
    [
        ({"bgp": "Disabled"}, {"ipipMode": "Always"}, (3, 31), [False]),
        ({"bgp": "Disabled"}, {}, (3, 31), [True]),
        ({"bgp": "Enabled"}, {"ipipMode": "Always"}, (3, 31), []),
        ({"bgp": "Disabled"}, {"vxlanMode": "Always"}, (3, 31), []),
        ({"bgp": "Disabled"}, {"ipipMode": "Always", "disabled": True}, (3, 31), []),
        ({"bgp": "Disabled", "clusterRoutingMode": "Felix"}, {"ipipMode": "Always"}, (3, 32), []),
    ],
)
def test_pools_without_bgp(
    settings: dict[str, Any], pool: dict[str, Any], release: tuple[int, int], undecided: list[bool]
) -> None:
    more = calico("IPPool", "more", {"cidr": "10.245.0.0/16", **pool})
    objects = [installation(calicoNetwork=settings), more]
    cluster = cluster_of(objects, Target(release))
    assert [one.undecided for one in find("backend")(cluster, {"problem": "disabled"})] == undecided


DEFAULT = {"action": "Accept", "matchOperator": "Equal", "cidr": "0.0.0.0/0"}


@pytest.mark.parametrize(
    ("objects", "told_of"),
    [
        ((peer(filters=()),), ["10.244.0.0/16"]),
        ((peer(), only(REST, importV4=[PODS, REST])), ["10.244.0.0/16"]),
        ((peer(), only(REST)), ["10.244.0.0/16"]),
        ((peer(), only(REST, importV4=[DEFAULT, REST])), []),  # its author wants a default route alone
        ((peer(), MORE, only(REST, importV4=[{**PODS, "action": "Reject"}])), ["10.245.0.0/16"]),
        ((peer(), only(REST, importV6=[REST])), ["10.244.0.0/16"]),
    ],
)
def test_routes_that_filters_keep_out_are_no_loop(objects: tuple[dict[str, Any], ...], told_of: list[str]) -> None:
    nodes = [calico("Node", f"n{n}", {"bgp": {"ipv4Address": f"10.0.0.{n}/24"}}) for n in (1, 2)]
    found = told("connectivity", "own-as", cluster_of([NO_MESH, POOL, *nodes, *objects]))
    assert [prefix for prefix, _ in found] == told_of
