"""What rules about routes find in random clusters, against what `callint routes` tells of each session."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bgp_clusters import SELECTORS, Cluster, clusters, manifests
from callint.bgp.division import Group
from callint.bgp.follow import hop
from callint.bgp.routes import engine
from callint.calico import Target
from callint.checks import find
from callint.cli.sessions import Sessions
from callint.report.routes import Routes, render_json
from callint.steps import Steps
from manifests import calico, cluster_of

RULES: dict[str, list[dict[str, Any]]] = {
    "none": [{"action": "Reject"}],
    "all": [{"action": "Accept"}],
    "inside": [{"action": "Accept", "cidr": "10.244.0.0/16", "matchOperator": "In"}, {"action": "Reject"}],
    "remote": [{"action": "Reject", "source": "RemotePeers"}],
    "long": [{"action": "Reject", "cidr": "10.244.0.0/16", "matchOperator": "In", "prefixLength": {"min": 26}}],
    "but": [{"action": "Accept", "cidr": "10.0.0.0/24", "matchOperator": "NotEqual"}, {"action": "Reject"}],
    "six": [{"action": "Reject", "cidr": "fd00::/8", "matchOperator": "In"}],
    "tagged": [{"action": "Accept", "communities": {"values": ["1:1"]}}, {"action": "Reject"}],
    "eth": [{"action": "Accept", "interface": "eth0"}],
}
FILTERS: dict[str, dict[str, Any]] = {
    "inside": {"exportV4": RULES["inside"]},
    "own": {"exportV4": RULES["remote"], "importV4": RULES["remote"]},
    "lengths": {"exportV4": RULES["long"], "importV4": RULES["but"]},
    "six": {"exportV6": RULES["all"], "importV6": RULES["six"]},
    "unknown": {"exportV4": RULES["eth"], "importV4": RULES["tagged"]},
    "closed": {"exportV4": RULES["none"], "importV6": RULES["none"]},
}
NAMES = st.lists(st.sampled_from(list(FILTERS)), max_size=2, unique=True)
OUTSIDE = st.lists(st.tuples(st.sampled_from([64512, 64999]), NAMES), max_size=3)
PREFIXES = ["10.0.0.0/24", "10.244.0.0/26", "10.244.0.0/16", "10.96.0.0/12", "0.0.0.0/0", "fd00::/64", "10.9.0.0/24"]
ENDS: list[Any] = [
    "any",
    {"peer": "mesh"},
    *({"peer": f"{kind}{number}"} for kind in ("p", "out") for number in range(2)),
    *({"address": one} for one in ("10.0.0.1", "10.0.0.2", "192.0.2.11", "fd00::1")),
]
NODES: list[Any] = [None, None, "n0", "n1", *({"selector": one} for one in list(SELECTORS)[1:4])]
LIVE = ("up", "unknown")


def objects(cluster: Cluster, blocks: list[bool], outside: list[tuple[int, list[str]]]) -> Iterator[dict[str, Any]]:
    for one in manifests(cluster):
        if one["kind"] == "BGPConfiguration" and one["metadata"]["name"] == "default":
            one["spec"]["serviceClusterIPs"] = [{"cidr": "10.96.0.0/12"}]
        yield one
    yield calico("IPPool", "lan", {"cidr": "10.0.0.0/24", "disabled": True})
    yield calico("IPPool", "lan6", {"cidr": "fd00::/64", "disabled": True})
    for name, spec in FILTERS.items():
        yield calico("BGPFilter", name, spec)
    for number, (node, has) in enumerate(zip(cluster.nodes, blocks, strict=False)):
        if has:
            spec = {"cidr": f"10.244.0.{number % 4 * 64}/26", "node": node.name, "state": "confirmed"}
            yield calico("BlockAffinity", f"b{number}", spec)
    for number, (as_number, filters) in enumerate(outside):
        spec = {"peerIP": f"192.0.2.{number + 11}", "asNumber": as_number, "filters": filters}
        yield calico("BGPPeer", f"out{number}", spec)


def holds(texts: list[str], prefix: str) -> bool:
    """Whether prefixes as BIRD writes them have a network."""
    if texts and texts[0].startswith("everything"):
        return not holds(re.findall(r"[0-9a-f:.]+/\d+(?:{\d+,\d+})?", texts[0]), prefix)
    wanted = ip_network(prefix)
    for one in texts:
        text, _, lengths = one.partition("{")
        part = ip_network(text)
        low, high = map(int, lengths.rstrip("}").split(",")) if lengths else (part.prefixlen, part.prefixlen)
        if part.version == wanted.version and wanted.subnet_of(part) and low <= wanted.prefixlen <= high:
            return True
    return False


def passes(session: dict[str, Any], direction: str, prefix: str) -> bool | None:
    """Whether a route for the network goes over a session, by what the routes that there are come to."""
    near = [one for one in session[direction] if holds(one["prefixes"], prefix)]
    outside = session["remote"] is None
    there = [one for one in near if one["presence"] == "all" or (outside and direction == "imported")]
    sure = [one for one in there if one["verdict"] == "accept" and not one["when"] and not one["unless"]]
    if sure and (len(sure) == len(there) or not (outside and direction == "exported")):
        return True
    return None if any(one["verdict"] != "reject" for one in near) else False


def about(session: dict[str, Any], end: Any, node: Any, labels: dict[str, dict[str, str]]) -> bool:
    if isinstance(node, str) and session["node"] != node:
        return False
    if isinstance(node, dict):
        own = labels.get(session["node"])
        if own is None or not SELECTORS[node["selector"]](own):
            return False
    if end == "any":
        return session["remote"] is None
    if "address" in end:
        return session["address"] == end["address"]
    if end["peer"] == "mesh":
        return session["kind"] == "mesh"
    return (
        session["kind"] != "reverse"
        and session["peer"] is not None
        and session["peer"]["object"]["name"] == end["peer"]
    )


def expected(sessions: list[dict[str, Any]], direction: str, prefix: str, *, must: bool) -> tuple[Any, Any]:
    """Whether a rule finds a breach, and whether it names a missing fact; None is either."""
    live = [(passes(one, direction, prefix), one["state"]) for one in sessions if one["state"] in LIVE]
    unsure = any(passing is None for passing, _ in live)
    if not live:
        return must, False if must else None  # a name that nothing bears is told
    wrong = [state for passing, state in live if passing is (not must)]
    if not must:
        breach = True if "up" in wrong else None if unsure else False
        return breach, True if "unknown" in wrong else None if unsure else False
    every = len(wrong) == len(live)
    breach = every or "up" in wrong
    if unsure:
        return breach, None
    return breach, not every and ("unknown" in wrong or (not breach and all(state == "unknown" for _, state in live)))


@settings(deadline=None, max_examples=40)
@given(clusters(), st.lists(st.booleans(), max_size=6), OUTSIDE, st.data())
def test_rules_find_what_callint_routes_tells(
    cluster: Cluster, blocks: list[bool], outside: list[tuple[int, list[str]]], data: st.DataObject
) -> None:
    made = cluster_of(objects(cluster, blocks, outside), Target(cluster.release))
    model, steps = engine(made), Steps(made, "routes")
    told = Sessions(model, steps, everything=True)
    rows = tuple(told.row(hop(model, Group(one, 1), steps)) for one in model.network.sessions())
    sessions = json.loads("".join(render_json(Routes("v3.31", "default", rows, None, ()))))["sessions"]
    labels = {node.name: node.labels for node in cluster.nodes}
    for _ in range(12):
        prefix, end, node = (data.draw(st.sampled_from(several)) for several in (PREFIXES, ENDS, NODES))
        key, must = data.draw(st.sampled_from(["to", "from"])), data.draw(st.booleans())
        if "address" in end and (":" in end["address"]) != (":" in prefix):
            continue
        family = 6 if ":" in prefix else 4
        mine = [one for one in sessions if one["family"] == family and about(one, end, node, labels)]
        if any(one["instead"] for one in mine):
            continue
        wanted = expected(mine, {"to": "exported", "from": "imported"}[key], prefix, must=must)
        rule: dict[str, Any] = {"prefix": prefix, key: end, **({"node": node} if node is not None else {})}
        rule |= {} if must else {"longer": False}
        found = list(find("route-required" if must else "route-forbidden")(made, rule))
        assert sum(one.undecided for one in found) <= 1
        for expects, is_there in zip(
            wanted, (any(not one.undecided for one in found), any(one.undecided for one in found)), strict=True
        ):
            assert expects in (None, is_there), (rule, [one.message for one in found])
        if not must and wanted[0]:
            whole = list(find("route-forbidden")(made, {**rule, "longer": True}))
            assert any(not one.undecided for one in whole), "what is forbidden with its parts is forbidden itself"
