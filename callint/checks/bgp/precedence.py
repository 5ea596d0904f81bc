"""Rules of BGPFilters, and whole filters, that never decide because earlier ones take every route."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from callint.bgp.deciding import Dead, closing, dead
from callint.bgp.filtering import filtering, filters_of
from callint.bgp.rules import DIRECTIONS, LISTS, Direction, Rule
from callint.checks.bgp.peers import families
from callint.checks.breach import Breach, Question, asked
from callint.finding import Path, Related, witness
from callint.net.address import Family
from callint.net.prefixes import everything
from callint.objects import Cluster, Resource
from callint.steps import Steps

# So many parts of a set of prefixes are written out
_MOST_PARTS = 4


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """What never decides.

    Parameter `problem`: `unreachable` (a rule of which earlier rules take every route, at least one of them with the
    other action), `redundant` (the same where all of them have its own action), `filter` (a filter of a peer behind
    others that decide on every route).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _unreachable(cluster: Cluster) -> Iterator[Breach]:
    for one in _dead(cluster):
        if one.other is not None:
            rule, decide = one.rule, _earlier(one, "already decide")
            yield _breach(
                one,
                f"{rule} is never reached: {decide} on {_prefixes(rule)}, and the action is not "
                f'"{rule.rule.action}" but "{one.other.rule.action}"',
            )


def _redundant(cluster: Cluster) -> Iterator[Breach]:
    for one in _dead(cluster):
        if one.other is None:
            others = _earlier(one, "with the same action cover")
            yield _breach(one, f"{one.rule} changes nothing: {others} it")


def _earlier(dead: Dead, verb: str) -> str:
    return f"an earlier rule {verb}s" if dead.number == 1 else f"{dead.number} earlier rules {verb}"


def _prefixes(rule: Rule) -> str:
    return (
        "every route"
        if rule.prefixes == everything(rule.prefixes.family)
        else f"all of {rule.prefixes.said(_MOST_PARTS)}"
    )


def _breach(dead: Dead, message: str) -> Breach:
    rule, covering = dead.rule, dead.first
    return Breach.at(
        rule.resource,
        (*rule.rule.path, "action"),
        message,
        tuple(_decides_first(other.resource, other.rule.path, other.rule.action) for other in covering),
        witness(
            "route",
            prefix=str(rule.prefixes.witness()),
            direction=str(rule.rule.path[1])[:6],
            verdict=covering[0].verdict,
            decided_by=str(covering[0]),
        ),
    )


@lru_cache(maxsize=256)
def _decides_first(resource: Resource, path: Path, action: str | None) -> Related:
    """Where a rule stands that decides before others, which may be thousands."""
    return Related(resource.span(*path, "action"), f"decides first ({action})")


@lru_cache(maxsize=8)
def _dead(cluster: Cluster) -> tuple[Dead, ...]:
    """Rules that ask for something and never get it, each with the fewest earlier rules that take it all."""
    known = filtering(cluster)
    found: list[Dead] = []
    for name in cluster.bgp_filters:
        for direction, family in LISTS:
            rules = known.rules((name,), direction, family)
            if rules and not known.broken((name,), direction, family):
                found += dead(known, (name,), direction, family, Steps(cluster, "rules of a BGPFilter"))
    return tuple(found)


def _filters(cluster: Cluster) -> Iterator[Breach]:
    known: dict[object, list[Rule | None]] = {}
    for peer in cluster.bgp_peers:
        names = filters_of(peer)
        if len(names) < 2 or peer.resource.unreadable("spec", "filters"):
            continue
        ways = [(direction, family) for family in families(cluster, peer) for direction in DIRECTIONS]
        for way in ways:
            if (names, way) not in known:
                known[names, way] = _closed(cluster, names, *way)
        for place, (index, name) in enumerate(peer.filters):
            mine = cluster.bgp_filters.get(name)
            before = [known[names, way][place] for way in ways if mine is not None and mine.rules(*way)]
            last = before[-1] if before and None not in before else None
            if last is not None:
                yield Breach.at(
                    peer.resource,
                    ("spec", "filters", index),
                    f'BGPFilter "{name}" is never asked for BGPPeer "{peer.resource.name}": BGPFilter '
                    f'"{last.resource.name}", which comes first, decides on every route',
                    (Related(last.span, "no route gets past this rule"),),
                    witness(
                        "route",
                        prefix=str(last.prefixes.witness()),
                        peer=peer.resource.name,
                        verdict=last.verdict,
                        decided_by=str(last),
                    ),
                )


def _closed(cluster: Cluster, names: Sequence[str], direction: Direction, family: Family) -> list[Rule | None]:
    """For each of some filters the last rule before it, if all before it are known and leave it no route."""
    filters, ends = filtering(cluster), [0]
    known = 0
    for name in names:
        one = ((name,), direction, family)
        if name not in cluster.bgp_filters or filters.broken(*one):
            break
        known += 1
        ends.append(ends[-1] + len(filters.rules(*one)))
    rules = filters.rules(tuple(names), direction, family)
    last = closing(filters, tuple(names), direction, family)
    found = [None if last is None or last >= end else rules[end - 1] for end in ends]
    return found + [None] * (len(names) - known)


QUESTIONS: dict[str, Question] = {
    "unreachable": _unreachable,
    "redundant": _redundant,
    "filter": _filters,
}
