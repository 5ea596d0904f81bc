"""Calls of BGP sessions are asked about together: the answer is that for every session and every packet by itself."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callint.bgp.network import network
from callint.bgp.session import LIVE, Session
from callint.checks import Breach
from callint.checks.traffic import answer
from callint.objects import Cluster, Intent
from callint.policy import Packet, evaluate, model_of
from manifests import calico, cluster_of
from random_cases import examples
from shipped_rules import told_by

ADDRESSES = {"a": "10.0.0.1", "b": "10.0.0.2", "c": "10.0.1.3", "d": "10.0.1.14", "e": "10.0.1.5"}
"""As text the address of d is less than that of c."""
NETS = ("10.0.0.0/24", "10.0.1.0/24", "10.0.0.0/16", "10.0.0.2/32", "192.0.2.0/24")


@st.composite
def rules(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for _ in range(draw(st.integers(0, 2))):
        ends: dict[str, dict[str, Any]] = {"source": {}, "destination": {}}
        for end in ends.values():
            if draw(st.booleans()):
                end["nets"] = [draw(st.sampled_from(NETS))]
        if draw(st.booleans()):
            ends["destination"]["ports"] = draw(st.sampled_from([[179], [1790], [179, 1790]]))
        action = draw(st.sampled_from(["Allow", "Allow", "Deny"]))
        found.append({"action": action, "protocol": "TCP", **{name: end for name, end in ends.items() if end}})
    return found


@st.composite
def clusters(draw: st.DrawFn) -> list[dict[str, Any]]:
    listen = draw(st.sampled_from([None, 1790]))
    default = {"nodeToNodeMeshEnabled": draw(st.integers(0, 2)) == 0, **({"listenPort": listen} if listen else {})}
    found = [
        calico("IPPool", "pods", {"cidr": "10.244.0.0/16"}),
        calico("FelixConfiguration", "default", {"failsafeInboundHostPorts": [], "failsafeOutboundHostPorts": []}),
        calico("BGPConfiguration", "default", default),
    ]
    for name, address in ADDRESSES.items():
        labels = {"kind": draw(st.sampled_from("xy"))}
        found.append(calico("Node", name, {"bgp": {"ipv4Address": f"{address}/16"}}, labels=labels))
        if draw(st.integers(0, 3)) == 0:
            found.append(calico("BGPConfiguration", f"node.{name}", {"listenPort": draw(st.sampled_from([179, 1790]))}))
        if draw(st.integers(0, 3)):
            spec = {"node": name, "interfaceName": "eth0", "expectedIPs": [address]}
            labels = {"host": draw(st.sampled_from("pq"))}
            found.append(
                calico("HostEndpoint", name, {**spec, "profiles": ["projectcalico-default-allow"]}, labels=labels)
            )
    kinds = ["kind == 'x'", "kind == 'y'", "has(kind)"]
    for number in range(draw(st.integers(0, 2))):
        ends = {"peerSelector": draw(st.sampled_from(kinds))}
        if draw(st.integers(0, 3)):
            ends["nodeSelector"] = draw(st.sampled_from(kinds))
        found.append(calico("BGPPeer", f"p{number}", ends))
    if draw(st.booleans()):
        found.append(calico("BGPPeer", "out", {"peerIP": "192.0.2.9", "asNumber": 64513}))
    for number in range(draw(st.integers(1, 2))):
        lists = {way: draw(rules()) for way in ("ingress", "egress")}
        types = draw(st.sampled_from([["Ingress"], ["Egress"], ["Ingress", "Egress"]]))
        kept = {way: lists[way] for way in map(str.lower, types)}
        selector = draw(st.sampled_from(["host == 'p'", "has(host)"]))
        found.append(calico("GlobalNetworkPolicy", f"g{number}", {"selector": selector, "types": types, **kept}))
    return found


def blocked(cluster: Cluster) -> list[Breach]:
    return told_by(cluster, "POL007")


def dropped(cluster: Cluster, session: Session, way: str) -> set[object]:
    """By what the ends drop the connection that comes `in` to the near one, or goes `out` of it."""
    assert session.address is not None
    near, far = str(session.local.address(session.family)), str(session.address)
    source, destination = (far, near) if way == "in" else (near, far)
    port = (session.local.port if way == "in" else session.form.port) or 179
    remote = session.remote.name if session.remote is not None and role(session) == "open" else ""
    found: set[object] = set()
    for node, arrives in ((session.local.name, way == "in"), (remote, way == "out")):
        if any(one.node == node for one in cluster.host_endpoints):
            interfaces = ("eth0", None) if arrives else (None, "eth0")
            packet = Packet(*interfaces, source, destination, "tcp", 40000, port)
            verdict = evaluate(model_of(cluster).at(node), packet)
            if verdict.outcome == "drop":
                found.add((verdict.policy, verdict.path, verdict.decided_by))
    return found


def role(session: Session) -> str:
    if session.form.kind == "node" or session.remote is None:
        return "open"
    return "passive" if session.passive else "active"


def broken(cluster: Cluster) -> int:
    """How often a call meets something that drops its packets, of those that fail.

    The calls of a node in the mesh with equal ports are one, and so is the same of two peers.
    """
    calls: dict[tuple[Any, ...], list[Session]] = {}
    for session in network(cluster):
        together = session.form.kind == "mesh"
        guarded = any(one.node == session.local.name for one in cluster.host_endpoints)
        if guarded and (together or session.status.state in LIVE):
            port = session.form.port if role(session) == "active" else session.local.port
            far = None if together else session.address
            calls.setdefault((session.local.name, role(session), port, far, together), []).append(session)
    found = {}
    for (node, way, port, *_), sessions in calls.items():
        ways = {"passive": ["in"], "active": ["out"], "open": ["in", "out"]}[way]
        if any(all(dropped(cluster, session, one) for one in ways) for session in sessions):
            causes = set().union(*(dropped(cluster, session, ways[0]) for session in sessions))
            found[node, way, port or 179, frozenset(session.address for session in sessions)] = causes
    return sum(map(len, found.values()))


def told(breaches: list[Breach]) -> int:
    """Of how many calls the breaches tell, taken together."""
    more = (re.search(r"; (\d+) more flow", breach.message) for breach in breaches)
    return sum(1 if one is None else 1 + int(one[1]) for one in more)


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(clusters())
def test_every_session_by_itself(objects: list[dict[str, Any]]) -> None:
    cluster = cluster_of(objects, intent=Intent(complete=("Pod",)))
    found = blocked(cluster)
    assert told(found) == broken(cluster)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answer, "_safe", lambda *about: False)
        assert blocked(cluster) == found
