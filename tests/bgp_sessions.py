"""Nodes, peers and what becomes of their sessions, for the tests of who meets whom."""

from __future__ import annotations

from typing import Any

from callint.bgp.network import Network

V3 = "projectcalico.org/v3"


def node(name: str, address: str | None, as_number: int | None = None, cluster_id: str = "", **labels: str) -> Any:
    bgp: dict[str, Any] = {"ipv4Address": address, "asNumber": as_number, "routeReflectorClusterID": cluster_id}
    spec = {"bgp": {key: value for key, value in bgp.items() if value}}
    return {"apiVersion": V3, "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": spec}


def peer(name: str, **spec: Any) -> Any:
    return {"apiVersion": V3, "kind": "BGPPeer", "metadata": {"name": name}, "spec": spec}


def configuration(name: str = "default", **spec: Any) -> Any:
    return {"apiVersion": V3, "kind": "BGPConfiguration", "metadata": {"name": name}, "spec": spec}


NO_MESH = configuration(nodeToNodeMeshEnabled=False)
A, B, C = node("a", "10.0.0.1/24"), node("b", "10.0.0.2/24"), node("c", "10.0.0.3/24")


def table(model: Network) -> dict[str, tuple[str, str]]:
    """Every session as `kind local far`, with its state and why."""
    found = {}
    for one in model:
        key = f"{one.form.kind} {one.local.name} {one.address or (one.remote and one.remote.name)}"
        assert key not in found
        found[key] = (one.status.state, one.status.why)
    return found


def states(model: Network) -> dict[str, str]:
    return {key: state for key, (state, _) in table(model).items()}
