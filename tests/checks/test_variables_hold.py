"""What is told of small random clusters with a variable in them is told whatever the variable stands for."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

import pytest

from manifests import calico, cluster_of
from shipped_rules import told_by

RULES = tuple(
    f"BGP{number:03}" for number in (5, 6, 7, 8, 16, 17, 18, 19, 23, 24, 25, 26, 28, 29, 30, 38, 40, 56, 57, 58, 60)
)
SELECTORS = ["all()", "x == 'a'", "x == 'b'", "has(rr)", "!has(rr)", "x != 'a'"]
FILLINGS: dict[str, list[Any]] = {
    "nodeSelector": SELECTORS,
    "peerSelector": SELECTORS,
    "node": ["n1", "n2", "n3", "nobody"],
    "peerIP": ["10.0.0.254", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.1:179", "10.0.0.254:1790"],
    "asNumber": [64512, 65000, 65001],
    "localASNumber": [64512, 65000, 65001],
    "numAllowedLocalASNumbers": [0, 1],
    "reversePeering": ["Manual", "Auto"],
    "nextHopMode": ["Self", "Keep"],
    "nodeToNodeMeshEnabled": [True, False],
    "matchOperator": ["In", "NotIn", "Equal", "NotEqual"],
    "action": ["Accept", "Reject"],
    "disableBGPExport": [True, False],
    "disabled": [True, False],
    "routeReflectorClusterID": ["1.0.0.1", "2.0.0.2"],
    "ipv4Address": ["10.0.0.9/24", "10.0.0.254/24"],
    "x": ["a", "b"],
    "rr": ["", "1"],
    "filters": ["f", "g"],
    "IPPool": ["10.244.0.0/16", "10.0.0.0/8", "192.0.2.0/24", "10.245.0.0/16"],
    "BGPFilter": ["10.244.0.0/16", "192.0.2.0/24", "192.0.2.5/32", "0.0.0.0/0"],
    "BGPConfiguration": ["192.0.3.0/24", "192.0.2.5/32"],
}
Objects = list[dict[str, Any]]


def clusters(chance: random.Random) -> Objects:
    """Nodes that learn each other's routes over a mesh, a reflector or a router outside, or not at all."""
    style, number = chance.choice(["mesh", "reflector", "router", "router"]), chance.randint(2, 5)
    objects = []
    for index in range(1, number + 1):
        labels, bgp = {"x": chance.choice("ab")}, {"ipv4Address": f"10.0.0.{index}/24"}
        if style == "reflector" and index == 1:
            bgp["routeReflectorClusterID"], labels["rr"] = "1.0.0.1", ""
        objects.append(calico("Node", f"n{index}", {"bgp": bgp}, labels=labels))
    ranges = {"serviceLoadBalancerIPs": [{"cidr": "192.0.2.0/24"}]}
    objects.append(calico("BGPConfiguration", "default", {"nodeToNodeMeshEnabled": style == "mesh", **ranges}))
    for name, cidr, disabled in (("pods", "10.244.0.0/16", False), ("lan", "10.245.0.0/16", True)):
        about = {"cidr": cidr, "disabled": disabled, "disableBGPExport": chance.random() < 0.1}
        objects.append(calico("IPPool", name, about))
    for name in "fg":
        rules = [
            {
                "action": chance.choice(FILLINGS["action"]),
                "matchOperator": chance.choice(FILLINGS["matchOperator"]),
                "cidr": chance.choice(FILLINGS["BGPFilter"]),
            }
            for _ in range(chance.randint(1, 2))
        ]
        objects.append(calico("BGPFilter", name, {chance.choice(["exportV4", "importV4"]): rules}))
    if style == "reflector":
        objects.append(calico("BGPPeer", "reflector", {"nodeSelector": "!has(rr)", "peerSelector": "has(rr)"}))
    count = chance.randint(style == "router", 3)
    objects += [calico("BGPPeer", f"p{index}", _peer(chance)) for index in range(count)]
    service = {"type": "LoadBalancer", "clusterIP": "10.96.0.5", "externalTrafficPolicy": "Local"}
    balanced = {"loadBalancer": {"ingress": [{"ip": "192.0.2.5"}]}}
    web = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": service, "status": balanced}
    about = {"name": "web", "labels": {"kubernetes.io/service-name": "web"}}
    ends = [{"addresses": ["10.244.0.1"], "nodeName": "n1"}]
    objects += [
        web,
        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": about, "endpoints": ends},
    ]
    return objects


def _peer(chance: random.Random) -> dict[str, Any]:
    spec: dict[str, Any] = {}
    scope = chance.choice(["everywhere", "node", "nodeSelector", "nodeSelector"])
    if scope != "everywhere":
        spec[scope] = chance.choice(FILLINGS[scope])
    if chance.random() < 0.25:
        spec["peerSelector"] = chance.choice(SELECTORS)
    else:
        far = chance.choice(["10.0.0.254", "10.0.0.254", "10.0.0.253", "10.0.0.1"])
        spec |= {"peerIP": far, "asNumber": chance.choice([65000, 65000, 64512])}
    for field in ("filters", "nextHopMode", "reversePeering", "numAllowedLocalASNumbers"):
        if chance.random() < 0.2:
            value = chance.choice(FILLINGS[field])
            spec[field] = [value] if field == "filters" else value
    return spec


def scalars(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from scalars(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from scalars(each, (*path, index))
    else:
        yield path


def put(objects: Objects, path: tuple[Any, ...], value: Any) -> Objects:
    changed: Any = copy.deepcopy(objects)
    at = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return list(changed)


def told(objects: Objects) -> set[str]:
    cluster = cluster_of(objects, judged=True)
    return {rule for rule in RULES if any(not one.undecided for one in told_by(cluster, rule))}


@pytest.mark.parametrize("seed", range(16))
def test_whatever_a_variable_stands_for(seed: int) -> None:
    chance = random.Random(seed)
    kept, lost = 0, 0
    while kept < 8:
        objects = clusters(chance)
        known = told(objects)
        if not known:
            continue
        ours = ("BGPPeer", "BGPPeer", "BGPConfiguration", "BGPFilter", "IPPool", "Node")
        kind = chance.choice(ours)
        numbers = [number for number, one in enumerate(objects) if one["kind"] == kind]
        paths = [(number, "spec", *path) for number in numbers for path in scalars(objects[number]["spec"])]
        paths += [
            (number, "metadata", "labels", key)
            for number in numbers
            for key in objects[number]["metadata"].get("labels", {})
        ]
        if not paths:
            continue
        path = chance.choice(paths)
        still = told(put(objects, path, "${NAME}"))
        kept, lost = kept + bool(still), lost + (not still)
        field = next(key for key in reversed(path) if isinstance(key, str))
        for filling in FILLINGS[kind if field == "cidr" else field]:
            assert still <= told(put(objects, path, filling)), (path, filling, objects)
    assert lost < 10 * kept


OUTWARD = [
    *(calico("Node", f"n{index}", {"bgp": {"ipv4Address": f"10.0.0.{index}/24"}}) for index in (1, 2)),
    calico("BGPConfiguration", "default", {"nodeToNodeMeshEnabled": True}),
    calico("IPPool", "pods", {"cidr": "10.244.0.0/16", "disabled": False}),
    calico("BGPFilter", "in", {"importV4": [{"action": "Accept", "matchOperator": "In", "cidr": "10.0.0.0/8"}]}),
    calico("BGPFilter", "out", {"exportV4": [{"action": "Accept", "matchOperator": "In", "cidr": "192.0.2.0/24"}]}),
    calico("BGPPeer", "in", {"node": "n1", "peerIP": "10.0.0.254", "asNumber": 65000, "filters": ["in"]}),
    calico("BGPPeer", "out", {"node": "n1", "peerIP": "10.0.0.253", "asNumber": 65000, "filters": ["out"]}),
]
BESIDE = calico("BGPPeer", "beside", {"node": "n1", "peerIP": "10.0.0.252", "asNumber": 65000})


@pytest.mark.parametrize(
    ("rules", "path", "holds"),
    [
        (("BGP005", "BGP007", "BGP018"), (1, "spec", "bgp", "ipv4Address"), False),  # n2 may be the far end
        (("BGP005", "BGP007", "BGP018"), (8, "spec", "peerIP"), False),  # two peers of one far end are at odds
        (("BGP005", "BGP007", "BGP018"), (8, "spec", "asNumber"), True),
        (("BGP018",), (2, "spec", "nodeToNodeMeshEnabled"), False),  # nodes may hear of pods from outside
        (("BGP006",), (3, "spec", "disabled"), False),
        (("BGP006",), (6, "spec", "asNumber"), True),
    ],
)
def test_a_variable_that_may_take_a_session_or_a_pool_away(
    rules: tuple[str, ...], path: tuple[Any, ...], holds: bool
) -> None:
    def found(objects: Objects) -> dict[str, bool]:
        return {rule: bool(told_by(cluster_of(objects, judged=True), rule)) for rule in rules}

    objects = [*OUTWARD, BESIDE]
    assert all(found(objects).values())
    assert set(found(put(objects, path, "${NAME}")).values()) == {holds}


@pytest.mark.parametrize("name", ["n2", "${NAME}"])
def test_no_name_is_a_slip_where_another_may_be_any(name: str) -> None:
    """REF011 and HEP009 tell of names that are nearly those of Nodes."""
    objects = [
        *(calico("Node", one, {"bgp": {"ipv4Address": f"10.0.0.{at}/24"}}) for at, one in enumerate(("router", name))),
        calico("BGPPeer", "p", {"node": "ruoter", "peerIP": "10.0.0.254", "asNumber": 65000}),
        calico("HostEndpoint", "h", {"node": "ruoter", "interfaceName": "eth0"}),
    ]
    cluster = cluster_of(objects, judged=True)
    assert [bool(told_by(cluster, rule)) for rule in ("REF011", "HEP009")] == [name == "n2"] * 2
