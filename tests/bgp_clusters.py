"""Random clusters of nodes with BGP sessions, small enough to count every session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from hypothesis import strategies as st

V3 = "projectcalico.org/v3"
GLOBAL_AS = 64512

Labels = dict[str, str]
SELECTORS: dict[str, Callable[[Labels], bool]] = {
    "all()": lambda labels: True,
    "x == 'a'": lambda labels: labels.get("x") == "a",
    "x == 'b'": lambda labels: labels.get("x") == "b",
    "has(y)": lambda labels: "y" in labels,
    "!has(y)": lambda labels: "y" not in labels,
    "x != 'a' && has(y)": lambda labels: labels.get("x") != "a" and "y" in labels,
    "y in {'a', 'b'} && x == 'a'": lambda labels: labels.get("y") in ("a", "b") and labels.get("x") == "a",
    "z == 'nobody'": lambda labels: False,
}


class Node(NamedTuple):
    """A node as the manifests tell of it; addresses by family."""

    name: str
    labels: Labels
    addresses: dict[int, str]
    own_as: int | None
    cluster_id: str
    port: int | None


class Cluster(NamedTuple):
    """All that the random manifests say."""

    nodes: list[Node]
    peers: list[dict[str, Any]]
    mesh: bool
    port: int | None
    release: tuple[int, int]


LONE = "lone"
"""What each node of a kind has of its own, and no other one."""
LONE_AS = range(65101, 65107)
LONE_PORTS = range(1001, 1007)
AS_NUMBERS = st.sampled_from([GLOBAL_AS, 65001, 65002, 65101])
PORTS = st.sampled_from([None, None, 179, 500])


@st.composite
def clusters(draw: st.DrawFn) -> Cluster:
    """Up to six nodes, of which some are alike, and up to four peers."""
    kinds = draw(st.lists(_kind(), min_size=1, max_size=3))
    nodes = []
    for index in range(draw(st.integers(1, 6))):
        families, *about = draw(st.sampled_from(kinds))
        addresses = {one: f"10.0.0.{index + 1}" if one == 4 else f"fd00::{index + 1}" for one in families}
        labels, own_as, cluster_id, port = about
        own_as = LONE_AS[index] if own_as == LONE else own_as
        cluster_id = f"9.0.0.{index + 1}" if cluster_id == LONE else cluster_id
        port = LONE_PORTS[index] if port == LONE else port
        nodes.append(Node(f"n{index}", labels, addresses, own_as, cluster_id, port))
    peers = [{"name": f"p{index}", **draw(_peer())} for index in range(draw(st.integers(0, 4)))]
    mesh, port = draw(st.booleans()), draw(st.sampled_from([None, 179]))
    return Cluster(nodes, peers, mesh, port, draw(st.sampled_from([(3, 31), (3, 32)])))


def _kind() -> st.SearchStrategy[tuple[Any, ...]]:
    """Families, labels, AS number, cluster id and port, which nodes that are alike have in common."""
    labels = st.sampled_from(["", "x", "y", "xy"]).flatmap(
        lambda keys: st.fixed_dictionaries({key: st.sampled_from("ab") for key in keys})
    )
    own_as = st.sampled_from([None, None, None, 65001, 65002, LONE, LONE])
    cluster_id = st.sampled_from(["", "", "", "1.0.0.1", "1.0.0.2", LONE])
    ports = PORTS | st.sampled_from([None, LONE])
    return st.tuples(st.sampled_from([(4,), (4, 6), (4, 6), (6,)]), labels, own_as, cluster_id, ports)


@st.composite
def _peer(draw: st.DrawFn) -> dict[str, Any]:
    spec: dict[str, Any] = {}
    scope = draw(st.sampled_from(["global", "node", "nodeSelector", "nodeSelector"]))
    if scope != "global":
        spec[scope] = f"n{draw(st.integers(0, 6))}" if scope == "node" else draw(st.sampled_from(list(SELECTORS)))
    if draw(st.booleans()):
        spec["peerSelector"] = draw(st.sampled_from(list(SELECTORS)))
    else:
        inside = st.integers(1, 6).map(lambda number: f"10.0.0.{number}")
        address = draw(inside | st.sampled_from(["192.0.2.1", "fd00::1", "fd00::2"]))
        port = draw(PORTS) if ":" not in address else None
        spec["peerIP"] = f"{address}:{port}" if port else address
        spec["asNumber"] = draw(AS_NUMBERS)
        if draw(st.integers(0, 5)) == 0:
            spec["localASNumber"] = draw(AS_NUMBERS)
    if draw(st.integers(0, 3)) == 0:
        spec["reversePeering"] = "Manual"
    return spec


def manifests(cluster: Cluster) -> Iterator[dict[str, Any]]:
    """The objects of a cluster, with one pool."""

    def made(kind: str, name: str, spec: dict[str, Any], labels: Labels | None = None) -> dict[str, Any]:
        return {"apiVersion": V3, "kind": kind, "metadata": {"name": name, "labels": labels or {}}, "spec": spec}

    default = {"nodeToNodeMeshEnabled": cluster.mesh} | ({"listenPort": cluster.port} if cluster.port else {})
    yield made("BGPConfiguration", "default", default)
    yield made("IPPool", "pods", {"cidr": "10.244.0.0/16"})
    for node in cluster.nodes:
        bgp: dict[str, Any] = {
            f"ipv{family}Address": f"{one}/64" if family == 6 else f"{one}/24" for family, one in node.addresses.items()
        }
        bgp |= {"asNumber": node.own_as} if node.own_as else {}
        bgp |= {"routeReflectorClusterID": node.cluster_id} if node.cluster_id else {}
        yield made("Node", node.name, {"bgp": bgp}, node.labels)
        if node.port:
            yield made("BGPConfiguration", f"node.{node.name}", {"listenPort": node.port})
    for peer in cluster.peers:
        yield made("BGPPeer", peer["name"], {key: value for key, value in peer.items() if key != "name"})
