"""What `route-required` and `route-forbidden` say of clusters that run in BIRD, against the tables of their routers."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any, NamedTuple

from lab_clusters import CLUSTERS, KNOWN, OUTSIDE, Plan, Running

from callint.bgp.session import Session
from callint.checks import find

# One more round of clusters for each of these; `LAB_SEEDS` names others for a longer run by hand.
SEEDS = tuple(map(int, os.environ.get("LAB_SEEDS", "100").split(",")))
# The kinds of clusters in which no far end drops a route for a loop, which it then never heard of as far as BIRD tells
WITHOUT_LOOPS = ("mesh", "reflector", "peers")


class Table(NamedTuple):
    """The routes that went over a session one way, and those of which that is known; None where that is all."""

    routes: frozenset[str]
    known: frozenset[str] | None

    def has(self, prefix: str, *, longer: bool) -> bool | None:
        """Whether there is a route for a network, or for a part of it."""
        inside = {one for one in KNOWN if one == prefix or (longer and part(one, prefix))}
        if self.routes & inside:
            return True
        return None if self.known is not None and not inside & self.known else False


def part(one: str, prefix: str) -> bool:
    return ip_network(one).subnet_of(ip_network(prefix))  # type: ignore[arg-type]


def tables(running: Running) -> Iterator[tuple[Session, str, Table]]:
    """What each session sends and takes; of routers outside it is known what they offer."""
    plan = running.plan
    numbers = {
        (node, str(session.address)): number
        for node in plan.nodes
        for number, session in enumerate(one for one in plan.sessions if one.local.name == node)
    }
    for session in plan.sessions:
        node, far = session.local.name, str(session.address)
        own = f"protocol s{numbers[node, far]}"
        offered = frozenset(plan.offers[far]) if far in OUTSIDE else None
        yield session, "from", Table(prefixes(running.hosts[node], own), offered)
        if session.remote is None:
            yield session, "to", Table(prefixes(running.hosts[far], f"protocol s{node}"), None)
        else:
            there, back = running.hosts[session.remote.name], numbers[session.remote.name, plan.nodes[node]]
            heard = prefixes(there, f"protocol s{back}") | prefixes(there, f"filtered protocol s{back}")
            yield session, "to", Table(heard, None if plan.kind in WITHOUT_LOOPS else frozenset())


def prefixes(host: Any, selection: str) -> frozenset[str]:
    return frozenset(one.prefix for one in host.routes(selection))


def said(plan: Plan, check: str, rule: dict[str, Any]) -> bool | None:
    """Whether a rule finds a breach; None where it names a missing fact instead."""
    found = list(find(f"route-{check}")(plan.cluster, rule))
    return True if any(not one.undecided for one in found) else None if found else False


def subjects(several: list[tuple[Session, str, Table]]) -> Iterator[tuple[dict[str, Any], str, list[Table]]]:
    """Each session alone, and those of one BGPPeer and with all routers outside together."""
    for session, way, table in several:
        yield {way: {"address": str(session.address)}, "node": session.local.name}, way, [table]
    for way in ("from", "to"):
        mine = [(session, table) for session, one, table in several if one == way]
        yield {way: "any"}, way, [table for session, table in mine if session.remote is None]
        by_peer: dict[str, list[Table]] = {}
        for session, table in mine:
            name = session.peer.resource.name if session.peer is not None else "mesh"
            if not session.form.reverse:
                by_peer.setdefault(name, []).append(table)
        for name, of_peer in by_peer.items():
            yield {way: {"peer": name}}, way, of_peer


def compare(running: Running) -> Counter[str]:
    """Every question about every network; what is said for certain must be so."""
    told: Counter[str] = Counter()
    plan = running.plan
    for ends, way, several in subjects(list(tables(running))):
        for prefix in KNOWN:
            there = [one.has(prefix, longer=False) for one in several]
            missing = True if False in there else None if None in there else False
            checks = [("required", {}, missing)]
            for longer in (False, True) if way == "to" else (False,):
                there = [one.has(prefix, longer=longer) for one in several]
                present = True if True in there else None if None in there else False
                checks.append(("forbidden", {"longer": longer}, present))
            for check, more, breach in checks:
                finding = said(plan, check, {"prefix": prefix, **ends, **more})
                told["open" if finding is None or breach is None else "broken" if breach else "kept"] += 1
                about = f"{plan.kind} {plan.seed}: {check} {prefix} {ends} {more}"
                assert None in (finding, breach) or finding == breach, f"{about}: {finding}, BIRD {breach}"
    return told


def test_rules_about_routes(lab: Any) -> None:
    """All clusters at once, each on a wire of its own."""
    plans = [Plan(kind, seed + number) for seed in SEEDS for kind, number in CLUSTERS.items()]
    running = [Running(plan, lab) for plan in plans]
    lab.wait(lambda: all(one.up() for one in running), 60, "the sessions come up")
    lab.settled(lambda: sum(one.routes() for one in running))
    told = sum(map(compare, running), Counter[str]())
    assert min(told["broken"], told["kept"]) > 1000
    assert told["broken"] + told["kept"] > told["open"]
