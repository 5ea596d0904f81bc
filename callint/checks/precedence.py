"""Rules of BGPFilters, and whole filters, that never decide because earlier ones take every route."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from operator import or_
from typing import Any

from callint.bgp.filtering import filtering
from callint.bgp.filters import View, evaluate, matchers
from callint.bgp.route import Attributes, PeerType
from callint.bgp.rules import Direction, Rule
from callint.checks.breach import Breach, CheckError
from callint.checks.peers import families, rules_of
from callint.finding import Related, witness
from callint.net.address import Family
from callint.net.overlapping import Overlapping
from callint.net.prefixes import PrefixSet, everything, nothing
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer

_LISTS: tuple[tuple[Direction, Family], ...] = (("export", 4), ("import", 4), ("export", 6), ("import", 6))
_WAYS: tuple[Direction, Direction] = ("export", "import")
_TYPES: tuple[PeerType, ...] = ("iBGP", "eBGP")
# So many earlier rules are tried when the few that cover a rule are looked for, and so many are shown
_MOST_TRIED = 60
# So many parts of a set of prefixes are written out
_MOST_PARTS = 4


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """What never decides.

    Parameter `problem`: `unreachable` (a rule of which earlier rules take every route, at least one of them with the
    other action), `redundant` (the same where all of them have its own action), `filter` (a filter of a peer behind
    others that decide on every route).
    """
    problem = parameters.get("problem")
    if problem not in _PROBLEMS:
        raise CheckError(f'check "precedence" needs the parameter "problem": {", ".join(_PROBLEMS)}')
    yield from _PROBLEMS[problem](cluster)


def _unreachable(cluster: Cluster) -> Iterator[Breach]:
    for rule, covering in _dead(cluster):
        if any(other.verdict != rule.verdict for other in covering):
            decide = _earlier(covering, "already decide")
            yield _breach(
                rule,
                covering,
                f"{rule} is never reached: {decide} on {_prefixes(rule)}, and the action is not "
                f'"{rule.rule.action}" but "{_other(rule, covering)}"',
            )


def _redundant(cluster: Cluster) -> Iterator[Breach]:
    for rule, covering in _dead(cluster):
        if all(other.verdict == rule.verdict for other in covering):
            others = _earlier(covering, "with the same action cover")
            yield _breach(rule, covering, f"{rule} changes nothing: {others} it")


def _earlier(covering: Sequence[Rule], verb: str) -> str:
    return f"an earlier rule {verb}s" if len(covering) == 1 else f"{len(covering)} earlier rules {verb}"


def _other(rule: Rule, covering: Sequence[Rule]) -> str:
    return next(str(other.rule.action) for other in covering if other.verdict != rule.verdict)


def _prefixes(rule: Rule) -> str:
    return (
        "every route"
        if rule.prefixes == everything(rule.prefixes.family)
        else f"all of {rule.prefixes.said(_MOST_PARTS)}"
    )


def _breach(rule: Rule, covering: Sequence[Rule], message: str) -> Breach:
    path = (*rule.rule.path, "action")
    return Breach(
        message,
        rule.span,
        rule.resource.ref,
        path,
        tuple(Related(other.span, f"decides first ({other.rule.action})") for other in covering[:_MOST_TRIED]),
        witness(
            "route",
            prefix=str(rule.prefixes.witness()),
            direction=str(rule.rule.path[1])[:6],
            verdict=covering[0].verdict,
            decided_by=str(covering[0]),
        ),
    )


@lru_cache(maxsize=8)
def _dead(cluster: Cluster) -> tuple[tuple[Rule, list[Rule]], ...]:
    """Rules that ask for something and never get it, each with the fewest earlier rules that take it all."""
    return tuple(_find_dead(cluster))


def _find_dead(cluster: Cluster) -> Iterator[tuple[Rule, list[Rule]]]:
    known = filtering(cluster)
    for name in cluster.bgp_filters:
        for direction, family in _LISTS:
            rules = known.rules((name,), direction, family)
            if any(rule.broken for rule in rules):
                continue
            places = _deciding(rules, direction, everything(family))
            alive: list[Rule] = []  # what never decides takes nothing from others
            near: Overlapping[int] = Overlapping()
            alike: dict[object, list[Rule]] = {}
            for index, rule in enumerate(rules):
                if index in places:
                    near.add(rule.prefixes.addresses(), len(alive))
                    alive.append(rule)
                    alike.clear()
                elif rule.prefixes:
                    key = rule.prefixes, rule.conditions
                    if key not in alike:
                        others = sorted(set(near.near(rule.prefixes.addresses())))
                        alike[key] = _few([alive[place] for place in others], rule, direction)
                    if alike[key]:
                        yield rule, alike[key]


def _deciding(rules: Sequence[Rule], direction: Direction, prefixes: PrefixSet) -> set[int]:
    """The places of the rules that decide on some route with these prefixes, over sessions of any type."""
    decide: set[int] = set()
    # Nothing but conditions can ask for the type of a session.
    for peer_type in _TYPES if any(rule.conditions for rule in rules) else _TYPES[:1]:
        found = matchers(rules, Attributes(), View(direction, peer_type))
        places = {id(one.rule): index for index, one in found}
        # evaluate() keeps the rules that it is given: identity tells equal ones apart
        parts = evaluate([one for _, one in found], prefixes)
        decide |= {places[id(part.rule)] for part in parts if part.rule is not None}
    return decide


def _few(earlier: Sequence[Rule], rule: Rule, direction: Direction) -> list[Rule]:
    """A set of earlier rules that covers a rule and from which none can be left out; those nearest to it go first."""
    kept = [one for one in earlier if one.prefixes.overlaps(rule.prefixes)]
    if not rule.conditions and not any(one.conditions for one in kept):
        return _needed(kept, rule.prefixes) if len(kept) <= _MOST_TRIED else kept
    enough = False
    if len(kept) <= _MOST_TRIED:
        for one in reversed(list(kept)):
            without = [other for other in kept if other is not one]
            if _covered(without, rule, direction):
                kept, enough = without, True
    return kept if enough or _covered(kept, rule, direction) else []


def _needed(rules: Sequence[Rule], prefixes: PrefixSet) -> list[Rule]:
    """The same of rules without conditions, which are sets: together they are known to cover the prefixes."""
    none = nothing(prefixes.family)
    before = list(accumulate((one.prefixes & prefixes for one in rules), or_, initial=none))
    needed: list[Rule] = []
    after = none
    for place in reversed(range(len(rules))):
        if not prefixes <= before[place] | after:
            needed.append(rules[place])
            after |= rules[place].prefixes & prefixes
    return needed[::-1]


def _covered(earlier: Sequence[Rule], rule: Rule, direction: Direction) -> bool:
    return len(earlier) not in _deciding([*earlier, rule], direction, rule.prefixes)


def _filters(cluster: Cluster) -> Iterator[Breach]:
    for peer in cluster.bgp_peers:
        for index, name in peer.filters:
            closing = _closing(cluster, peer, index, name)
            if closing is not None:
                path = ("spec", "filters", index)
                yield Breach(
                    f'BGPFilter "{name}" is never asked for BGPPeer "{peer.resource.name}": BGPFilter '
                    f'"{closing.resource.name}", which comes first, decides on every route',
                    peer.resource.span(*path),
                    peer.resource.ref,
                    path,
                    (Related(closing.span, "no route gets past this rule"),),
                    witness(
                        "route",
                        prefix=str(closing.prefixes.witness()),
                        peer=peer.resource.name,
                        verdict=closing.verdict,
                        decided_by=str(closing),
                    ),
                )


def _closing(cluster: Cluster, peer: BGPPeer, index: int, name: str) -> Rule | None:
    """The last rule before a filter that leaves it no route, in every list that it has for the peer's sessions."""
    found: Rule | None = None
    if peer.filters[0][0] == index or name not in cluster.bgp_filters:
        return None
    first = peer._replace(filters=tuple(pair for pair in peer.filters if pair[0] < index))
    for family in families(cluster, peer):
        for direction in _WAYS:
            if not cluster.bgp_filters[name].rules(direction, family):
                continue
            rules = rules_of(cluster, first, direction, family)
            if not rules or _open(rules, direction, family):
                return None
            found = rules[-1]
    return found


def _open(rules: Sequence[Rule], direction: Direction, family: Family) -> bool:
    """Whether some route may pass the rules undecided."""
    for peer_type in _TYPES:
        found = matchers(rules, Attributes(), View(direction, peer_type))
        if any(part.rule is None for part in evaluate([one for _, one in found], everything(family))):
            return True
    return False


_PROBLEMS: dict[str, Callable[[Cluster], Iterator[Breach]]] = {
    "unreachable": _unreachable,
    "redundant": _redundant,
    "filter": _filters,
}
