"""Packets that a Pass leaves to later tiers and profiles, of which none says anything."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from callint.checks.breach import Breach
from callint.checks.policy.unreachable import never_deciding
from callint.finding import Path, Related, witness
from callint.objects import Cluster
from callint.objects.policy import Policy, Rule
from callint.policy import Model, model_of
from callint.policy.inventory import HostMember
from callint.policy.labels import Labels, holds
from callint.policy.packet import DIRECTIONS
from callint.policy.selectable import Selectable
from callint.policy.symbolic.dead import Dead
from callint.policy.tiers import PlacedTier
from callint.steps import Steps, counted

_MOST_SHOWN = 3
_OF_POLICY = 4
"""Steps that it takes to see whether a policy selects labels."""


def pass_to_nothing(cluster: Cluster) -> Iterator[Breach]:
    """A Pass that selects host endpoints without profile, in the last tier that has policy for them."""
    model = model_of(cluster)
    ending = _ending(model)
    for position, tier in enumerate(model.tiers):
        for placed in tier.policies:
            for rule in _passing(placed.policy):
                # A later tier has policy for the others that it selects, and none before can be the last for them.
                here = ending.get((rule.direction, position))
                ends = here.few(placed.selector, _MOST_SHOWN, surely=True) if here is not None else []
                if ends and _dead(cluster).isdisjoint(_key(placed.policy, path) for path in (rule.path, rule.path[:2])):
                    yield _breach(tier, placed.policy, rule, ends)


def _passing(policy: Policy) -> list[Rule]:
    """The rules of a policy that pass on packets, in the directions that it governs."""
    if not policy.tracked or not policy.resource.legible:
        return []
    return [rule for rule in policy.rules if rule.action == "Pass" and policy.governs(rule.direction)]


def _breach(tier: PlacedTier, policy: Policy, rule: Rule, ends: list[HostMember]) -> Breach:
    direction, name = rule.direction, ends[0].about.name
    return Breach.at(
        policy.resource,
        (*rule.path, "action"),
        f'policy "{policy.name}" passes {direction} of HostEndpoint "{name}" on, but after tier "{tier.name}" no '
        f"policy is asked about it and it has no profile: packets {'to' if direction == 'ingress' else 'from'} the "
        "node are dropped",
        tuple(Related(host.about.resource.span("metadata", "name"), "has no profile") for host in ends),
        witness("packet", direction=direction, endpoint=name, verdict="drop", decided_by="no profile matched"),
        "allow what is to pass, or give the host endpoint a profile",
    )


def _key(policy: Policy, path: Path) -> tuple[int, Path]:
    return id(policy.resource), path


@lru_cache(maxsize=2)
def _dead(cluster: Cluster) -> frozenset[tuple[int, Path]]:
    """The rules, and whole directions of policies, of which it is known that no packet gets to them."""
    found = (one for one in never_deciding(cluster) if isinstance(one, Dead))
    return frozenset(_key(one.policy, one.rule.path if one.rule else ("spec", one.direction)) for one in found)


def _ending(model: Model) -> dict[tuple[str, int], Selectable[HostMember]]:
    """The host endpoints without profile by the number of the last tier with policy of a direction for them.

    Raises TooManyStepsError.
    """
    found: dict[tuple[str, int], list[HostMember]] = {}
    known: dict[object, int] = {}
    steps = Steps(model.cluster, "policies with labels of host endpoints")
    governing = {direction: _governing(model, direction) for direction in DIRECTIONS}
    for one in model.inventory.host_endpoints if model.tiers else ():
        for direction in DIRECTIONS if not one.about.profiles else ():
            key = (direction, one.labels.alike)
            if key not in known:
                known[key] = _last(model, one.labels, governing[direction], steps)
            found.setdefault((direction, known[key]), []).append(one)
    return {key: Selectable(((one.labels, one) for one in several), steps) for key, several in found.items()}


def _governing(model: Model, direction: str) -> frozenset[tuple[int, int]]:
    """The tiers and places of tracked policy in a direction."""
    return frozenset(
        (number, place)
        for number, tier in enumerate(model.tiers)
        for place, placed in enumerate(tier.policies)
        if placed.policy.tracks(direction)
    )


def _last(model: Model, labels: Labels, governing: frozenset[tuple[int, int]], steps: Steps) -> int:
    """The number of the last tier with policy, out of what is governing, that may select the labels; -1 without any."""
    near = model.selecting.latest(*labels.seen)
    for number, place in counted(near, steps, _OF_POLICY):
        selector = model.tiers[number].policies[place].selector
        if (number, place) in governing and holds(selector, labels) is not False:
            return number
    return -1
