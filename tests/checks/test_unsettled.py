"""Whatever a variable stands for: what is told while it is left holds once it is filled in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bgp_clusters import Cluster, clusters, manifests
from callint import rule
from callint.checks import find
from manifests import calico, cluster_of

RULES = [one for one in rule.load() if one.check in ("session", "connectivity")]


def _places(objects: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    """Every value that sessions are made of, by the map and the key."""
    for one in objects:
        labels, spec = one["metadata"]["labels"], one["spec"]
        if one["kind"] in ("Node", "BGPPeer", "BGPConfiguration"):
            for section in (labels, spec.get("bgp", spec)):
                yield from ((section, key) for key in section)


def _told(objects: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """The rules that speak, with the peer; of the mesh, or of what lacks a peer, they may speak of any node."""
    cluster = cluster_of(objects, judged=True)
    return {
        (one.id, breach.object.name if breach.object.kind == "BGPPeer" else "")
        for one in RULES
        for breach in find(one.check)(cluster, one.parameters)
        if breach.object is not None and not breach.undecided
    }


@given(clusters(), st.data())
def test_what_is_told_holds_once_the_variable_is_filled_in(cluster: Cluster, data: st.DataObject) -> None:
    whole = list(manifests(cluster))
    left = json.loads(json.dumps(whole))
    places = list(_places(left))
    section, key = places[data.draw(st.integers(0, len(places) - 1))]
    text = str(section[key])
    section[key] = text.replace("'a'", "'${NAME}'") if "'a'" in text else "${NAME}"
    assert _told(left) <= _told(whole)


def test_a_node_that_no_manifest_holds_may_be_between_others() -> None:
    nodes = [
        {
            "apiVersion": "projectcalico.org/v3",
            "kind": "Node",
            "metadata": {"name": f"n{number}", "labels": {}},
            "spec": {"bgp": {"ipv4Address": f"10.0.0.{number}/24"}},
        }
        for number in (1, 2)
    ]
    objects = [
        *nodes,
        calico("BGPConfiguration", "default", {"nodeToNodeMeshEnabled": False, "asNumber": 64512}),
        calico("IPPool", "pods", {"cidr": "10.244.0.0/16"}),
        calico("BGPPeer", "p", {"node": "n3", "peerSelector": "${NAME}"}),
        calico("BGPPeer", "q", {"node": "n1", "peerIP": "192.0.2.1", "asNumber": 64600}),
    ]
    assert ("BGP038", "") in _told([*objects[:-2], objects[-1]])
    assert ("BGP038", "") not in _told(objects)
