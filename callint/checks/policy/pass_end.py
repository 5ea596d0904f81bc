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
from callint.policy.selectable import Selectable
from callint.policy.symbolic.dead import Dead
from callint.policy.tiers import PlacedPolicy, PlacedTier


def pass_to_nothing(cluster: Cluster) -> Iterator[Breach]:
    """A Pass that selects host endpoints without profile, in the last tier that has policy for them."""
    model = model_of(cluster)
    last = _Last(model)
    bare = Selectable((one.labels, one) for one in model.inventory.host_endpoints if not one.about.profiles)
    for position, tier in enumerate(model.tiers):
        for placed in tier.policies:
            passing = _passing(placed.policy)
            hosts = bare.surely(placed.selector) if passing else []
            for rule in passing if hosts else ():
                ends = [host for host in hosts if last.tier(host.labels, rule.direction) <= position]
                if ends and _dead(cluster).isdisjoint(_key(placed.policy, path) for path in (rule.path, rule.path[:2])):
                    yield _breach(tier, placed.policy, rule, ends)


def _passing(policy: Policy) -> list[Rule]:
    """The rules of a policy that pass on packets, in the directions that it governs."""
    if policy.staged or policy.early or not policy.resource.legible:
        return []
    return [rule for rule in policy.rules if rule.action == "Pass" and policy.governs(rule.direction)]


def _breach(tier: PlacedTier, policy: Policy, rule: Rule, ends: list[HostMember]) -> Breach:
    direction, name = rule.direction, ends[0].about.name
    return Breach.at(
        policy.resource,
        (*rule.path, "action"),
        f'policy "{policy.name}" passes {direction} of HostEndpoint "{name}" on, but no tier after "{tier.name}" has '
        f"policy for it and it has no profile: packets {'to' if direction == 'ingress' else 'from'} the node are "
        "dropped",
        tuple(Related(host.about.resource.span("metadata", "name"), "has no profile") for host in ends[:3]),
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


class _Last:
    """In which tier a packet of an endpoint is asked about last."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._known: dict[tuple[int, str], int] = {}

    def tier(self, labels: Labels, direction: str) -> int:
        """The number of the last tier with policy of a direction that may select the labels, -1 without any."""
        key = (id(labels), direction)
        if key not in self._known:
            near = self._model.selecting.candidates(labels.known, labels.present, labels.open)
            found = ((number, self._model.tiers[number].policies[place]) for number, place in near)
            self._known[key] = max((number for number, one in found if _governs(one, labels, direction)), default=-1)
        return self._known[key]


def _governs(placed: PlacedPolicy, labels: Labels, direction: str) -> bool:
    policy = placed.policy
    return not policy.staged and policy.governs(direction) and holds(placed.selector, labels) is not False
