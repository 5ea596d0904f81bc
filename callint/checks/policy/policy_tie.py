"""Policies of one tier and equal order that decide differently: nothing but their names says which is asked first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from callint.calico.kinds import is_calico
from callint.checks.breach import Breach, unanswered
from callint.checks.proof import decided
from callint.finding import Path, Related, Witness
from callint.net.diagrams import TooLargeError
from callint.objects import Cluster
from callint.objects.policy import Policy
from callint.policy import model_of
from callint.policy.symbolic.order import Item, decides
from callint.policy.symbolic.products import packet_of
from callint.policy.symbolic.selection import Entry, Selections
from callint.policy.symbolic.shadow import Shadows
from callint.policy.symbolic.subjects import idle
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.selector.index import SelectorIndex
from callint.selector.values import Budget, ExhaustedError

if TYPE_CHECKING:
    from callint.policy.symbolic.tie import Tie

_OF_PAIR = 5
"""Steps that it takes to see whether two policies surely select a common endpoint."""

VERBS = {"Allow": "allows", "Deny": "denies", "Pass": "passes on"}
"""What is done with packets by an action."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Pairs of policies whose order decides about a packet and is told by their names alone.

    Policies are compared that select a common endpoint of the manifests, or of which one selects whatever the other
    does; those of Kubernetes for the whole cluster by whom their rules mean as well. Takes no parameters.
    """
    shadows = Shadows(cluster)
    tied = [(tier, group) for tier in shadows.tiers if not tier.hidden for group in _groups(tier)]
    if not tied:
        return
    from callint.checks.policy.equal_priority import contradictions
    from callint.policy.symbolic.tie import Tie, Ties

    model = model_of(cluster)
    selections = Selections(model.tiers, model.selecting)
    selections.limit(model.inventory.endpoints, cluster.limits.comparisons // _OF_PAIR)
    if selections.limited:
        reason = cluster.limits.too_many("selectors and labels of endpoints")
        yield _unasked(tied[0][1][0], "that select a common endpoint of the manifests", reason)
    alike = {selections.of(one).entries for one in model.inventory.endpoints}
    together = _together(shadows.tiers, [group for _, group in tied], alike)
    budget, contradicting = Budget(cluster.limits.comparisons), Budget(cluster.limits.comparisons)
    for number, (tier, group) in enumerate(tied):
        found: dict[int, list[Tie]] = defaultdict(list)
        known: set[tuple[int, int]] = set()
        exhausted = False
        try:
            later = _later(shadows, group, together[number], budget)
            ties = Ties(shadows, tier, group, budget)
            for place, one in enumerate(group):
                for at, tie in ties.with_later(place, later[place]):
                    other = group[at]
                    found[id(other if is_calico(other.policy.resource.api_version) else one)].append(tie)
                    known.add((id(one), id(other)))
            nothing = (shadows.spaces[0].nothing, shadows.spaces[1].nothing)
            for one, first, other, second in contradictions(shadows.tiers, tier, group, contradicting):
                if (id(one), id(other)) not in known:
                    found[id(one)].append(Tie(first, second, nothing))
        except TooLargeError as error:
            yield _unasked(group[0], "of equal order", f"the sets of packets are too large ({error})")
        except ExhaustedError:
            exhausted = True
            after = len(tied) - number - 1
            which = "of equal order" + (f", these and those of {after} more," if after else "")
            yield _unasked(group[0], which, cluster.limits.too_many("rules and selectors"))
        for placed in group:
            if id(placed) in found:
                yield _breach(placed, found[id(placed)])
        if exhausted:
            return


def _groups(tier: PlacedTier) -> Iterator[list[PlacedPolicy]]:
    """Policies of equal order that are enforced and apply to something, if they do not all do the same."""
    by_order: dict[float | None, list[PlacedPolicy]] = defaultdict(list)
    for placed in tier.policies:
        if placed.policy.resource.whole and not placed.policy.staged:
            by_order[placed.policy.order].append(placed)
    for alike in by_order.values():
        group = [placed for placed in alike if len(alike) > 1 and not idle(placed)]
        actions = {rule.action for one in group for rule in one.policy.governing if decides(rule)}
        if len(group) > 1 and len(actions) > 1:
            yield group


def _together(
    tiers: Sequence[PlacedTier], groups: Sequence[Sequence[PlacedPolicy]], selecting: Iterable[Sequence[Entry]]
) -> list[set[tuple[int, ...]]]:
    """For each group the places, in order, of those that surely select one endpoint together."""
    found: list[set[tuple[int, ...]]] = [set() for _ in groups]
    places = {id(one): (number, place) for number, group in enumerate(groups) for place, one in enumerate(group)}
    for entries in selecting:
        selected: dict[int, list[int]] = defaultdict(list)
        for entry in entries:
            placed = tiers[entry.tier].policies[entry.place]
            if entry.doubt is None and id(placed) in places:
                number, place = places[id(placed)]
                selected[number].append(place)
        for number, ours in selected.items():
            found[number].add(tuple(sorted(ours)))
    return found


def _later(
    shadows: Shadows, group: Sequence[PlacedPolicy], together: Iterable[tuple[int, ...]], budget: Budget
) -> list[set[int]]:
    """Of each policy the later ones that surely select an endpoint that it selects.

    One of the manifests, or any, for one of the two selects whatever the other does.
    """
    found: list[set[int]] = [set() for _ in group]
    for places in together:
        budget.spend(_OF_PAIR * len(places) * len(places) // 2)
        for position, place in enumerate(places, 1):
            found[place].update(places[position:])
    index = SelectorIndex((one.selector, place) for place, one in enumerate(group))
    implication = shadows.implication
    for place, one in enumerate(group):
        candidates = implication.candidates(one.selector, index)
        others = range(len(group)) if candidates is None else candidates
        budget.spend(_OF_PAIR * len(others))
        for other in others:
            if other != place and implication.holds(one.selector, group[other].selector):
                found[min(place, other)].add(max(place, other))
    return found


def _breach(placed: PlacedPolicy, ties: Sequence[Tie]) -> Breach:
    from callint.checks.policy.equal_priority import KINDS

    tie = ties[0]
    here, there = (tie.second, tie.first) if tie.second.policy is placed.policy else (tie.first, tie.second)
    policy, other = placed.policy, there.policy
    field = "priority" if policy.kind in KINDS else "order"
    order = "has no order, like" if policy.order is None else f"has the {field} {policy.order:.15g}, like"
    others = len(ties) - 1
    more = f"; so it is with {others} other {'policy' if others == 1 else 'policies'}" if others else ""
    message = (
        f"{_named(policy)} {order} {_named(other)}, and nothing but names says that "
        f'"{tie.first.policy.resource.name}" is asked first: {_does(there)} what {_does(here)}{more}'
    )
    written = policy.order is not None and field in policy.resource.spec
    path = ("spec", field) if written else ("metadata", "name")
    related = (decider(here), decider(there))
    return Breach.at(policy.resource, path, message, related, proof(tie))


def _named(policy: Policy) -> str:
    whose = "" if is_calico(policy.resource.api_version) else " of Kubernetes"
    return f'{policy.resource.kind} "{policy.resource.name}"{whose}'


def _does(item: Item) -> str:
    assert item.rule is not None
    return f'rule {item.direction}[{item.rule.number}] of "{item.policy.resource.name}" {VERBS[item.action]}'


def decider(item: Item) -> Related:
    """Where a rule stands, or the policy for the end of its tier, and what that does with the packet."""
    resource = item.policy.resource
    path: Path = ("metadata", "name") if item.rule is None else item.rule.path
    if item.rule is not None and is_calico(resource.api_version):
        path = (*path, "action")
    return Related(resource.span(*path), f"{VERBS[item.action]} the packet")


def proof(tie: Tie) -> Witness | None:
    """A packet about which they decide differently."""
    found = packet_of(tie.packets)
    return None if found is None else decided(tie.first.direction, *found, tie.first)


def _unasked(placed: PlacedPolicy, which: str, reason: str) -> Breach:
    what = f"whether names alone decide between policies {which} was not examined"
    return unanswered(f"{what}: {reason}", placed.policy.resource)
