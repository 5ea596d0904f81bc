"""BGPFilters over sets of routes: the first rule that matches decides, and what no rule matches falls through."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from callint.bgp.asked import Asked, Trail, Unless
from callint.bgp.numbered import Numbered
from callint.bgp.route import HIGHEST, Attributes, Condition, Conditions, PeerType
from callint.bgp.rules import Direction, Rule
from callint.net.interface import glob_matches
from callint.net.prefixes import PrefixSet
from callint.record import NamedTuple
from callint.selector.values import Budget
from callint.steps import FREE

# Beyond so many pieces those that differ only in unknown attributes are joined: bounded time for a less sharp answer.
MAX_PIECES = 100
_TOO_MANY: Conditions = (Condition("broken", "more combinations of conditions than are followed"),)
# What a rule and a piece that it is held against take
_OF_PIECE = 3


class Part(NamedTuple):
    """Routes with these prefixes which one rule decides, or none (`rule` None): they fall through.

    Such a route meets all of `when` and, for each tuple in `unless`, not all that it holds; both are about attributes
    that are unknown, so that of a part with neither every route is decided so.
    """

    prefixes: PrefixSet
    rule: Rule | None
    when: Conditions = ()
    unless: Unless = ()


class View(NamedTuple):
    """Where filters run: the direction, the type of the session (None: not known) and the AS it uses itself."""

    direction: Direction
    peer_type: PeerType | None = None
    local_as: int | None = None


TOLD_BY: dict[str, str] = {
    "source": "origin",
    "interface": "interface",
    "community": "communities",
    "as-path": "as_path",
    "priority": "local_pref",
}
"""Which attribute decides about a kind of condition, beside the session."""


def decide(condition: Condition, attributes: Attributes, view: View) -> bool | None:
    """Whether routes with these attributes meet a condition; None if that is not known."""
    kind, value = condition.kind, condition.value
    if kind == "peer-type":
        return None if view.peer_type is None else bool(view.peer_type == value)
    if kind == "source":
        if view.direction == "import":
            return True
        return None if attributes.origin is None else attributes.origin == "bgp"
    if kind == "interface":
        if not value.strip("*"):
            return True
        return None if attributes.interface is None else glob_matches(value, attributes.interface)
    if kind == "community":
        return None if attributes.communities is None else value in attributes.communities
    if kind == "as-path":
        return _starts_with(value, attributes, view)
    if kind == "priority":
        return None if attributes.local_pref is None else attributes.local_pref == HIGHEST - value
    return None


def _starts_with(wanted: tuple[int, ...], attributes: Attributes, view: View) -> bool | None:
    """On an eBGP export BIRD has put the session's own AS in front of the path before the filter runs."""
    path = attributes.as_path
    if view.direction == "export":
        if view.peer_type is None or (view.peer_type == "eBGP" and view.local_as is None):
            return None
        if view.peer_type == "eBGP":
            if wanted[0] != view.local_as:
                return False
            wanted = wanted[1:]
    if not wanted:
        return True
    return None if path is None else path[: len(wanted)] == wanted


class Matcher(NamedTuple):
    """A rule that can match, and the conditions of it that remain open."""

    rule: Rule
    when: Conditions


def matchers(rules: Sequence[Rule], attributes: Attributes, view: View) -> list[tuple[int, Matcher]]:
    """The rules whose conditions these attributes do not rule out, with their places among `rules`."""
    found = []
    for index, rule in enumerate(rules):
        if not rule.conditions and rule.verdict != "unknown":
            found.append((index, Matcher(rule, ())))
            continue
        answers = [(condition, decide(condition, attributes, view)) for condition in rule.conditions]
        if all(answer is not False for _, answer in answers):
            when = tuple(condition for condition, answer in answers if answer is None)
            if rule.verdict == "unknown":
                when = (*when, Condition("broken", rule.broken))
            found.append((index, Matcher(rule, when)))
    return found


def open_conditions(found: Iterable[Matcher], steps: Budget = FREE) -> Numbered:
    """What rules leave open, and what stands for that of too many."""
    return Numbered((*(when for _, when in found if when), _TOO_MANY), steps)


def evaluate(
    found: Iterable[Matcher], prefixes: PrefixSet, numbered: Numbered | None = None, steps: Budget = FREE
) -> tuple[Part, ...]:
    """Divide the prefixes among the rules in order; parts of the same rule are disjoint, empty ones are left out.

    What may fall through is in the parts without a rule, which come last. `numbered` is what the rules leave open, if
    somebody has it already. Raises TooManyStepsError.
    """
    found = tuple(found)
    asked = Asked(numbered or open_conditions(found, steps), steps)
    parts: list[Part] = []
    pieces: Pieces = {asked.nothing: Piece(0, prefixes)} if prefixes else {}
    for rule, when in found:
        implied, implying, excluded = asked.numbered.about(when) if when else (0, 0, 0)
        left: Pieces = {}
        steps.spend(_OF_PIECE * len(pieces))
        for trail, piece in pieces.items():
            asks, region = piece
            hit, rest = (None, region) if asks & implied else region.divide(rule.prefixes)
            if not hit:
                _add(left, trail, piece)
                continue
            parts.append(Part(hit, rule, when, asked.written(trail, asks, excluded)))
            if rest:
                _add(left, trail, Piece(asks, rest))
            if when:
                further, asks = asked.also(trail, asks, when, without=implying)
                _add(left, further, Piece(asks, hit))
        pieces = left if len(left) <= MAX_PIECES else _joined(left, asked)
        if not pieces:
            break
    return (*parts, *(Part(region, None, (), asked.written(trail, asks)) for trail, (asks, region) in pieces.items()))


class Piece(NamedTuple):
    """Prefixes of which no rule has decided all routes, and what earlier rules asked of these, as numbers in bits."""

    asks: int
    region: PrefixSet


Pieces = dict[Trail, Piece]
"""What no rule has decided yet: by the earlier rules' conditions, in order, that the routes must not meet."""


def _add(pieces: Pieces, trail: Trail, piece: Piece) -> None:
    known = pieces.get(trail)
    pieces[trail] = piece if known is None else Piece(piece.asks, known.region | piece.region)


def _joined(pieces: Pieces, asked: Asked) -> Pieces:
    several = iter(pieces.items())
    trail, (asks, union) = next(several)
    common = asks
    for _, piece in several:
        common &= piece.asks
        union = union | piece.region
    trail, asks = asked.also(trail, asks, _TOO_MANY, without=~common)
    return {trail: Piece(asks, union)}
