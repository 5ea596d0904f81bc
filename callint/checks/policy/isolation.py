"""Kubernetes' policies that isolate by what they leave out, and policies before or behind them that allow all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import takewhile
from typing import Any

from callint.calico.defaults import DEFAULT_TIER
from callint.calico.kinds import NETWORKING, is_calico
from callint.checks.breach import Breach, Question, asked, object_words, rule_words, unexamined
from callint.finding import ObjectRef, Related, witness
from callint.net.address import FAMILIES, Family
from callint.net.read import network
from callint.objects import Cluster
from callint.objects.policy import Policy, Rule
from callint.policy import model_of
from callint.policy.labels import ANY_POD, POD_ELSEWHERE, holds, pod_in
from callint.policy.packet import DIRECTIONS, Direction
from callint.policy.selectable import Selectable
from callint.policy.tiers import PlacedPolicy
from callint.record import NamedTuple
from callint.selector import Selector
from callint.selector.overlap import OverlapIndex
from callint.selector.satisfy import implies, overlaps
from callint.selector.values import Budget, ExhaustedError
from callint.steps import Steps, TooManyStepsError

_OF_CANDIDATE = 30
"""Steps that it takes to see whether a policy is undone."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Rules of Calico's policies that allow everything to the pods of Kubernetes' policies.

    Parameter `problem`: `undone` (behind them, in one tier, where no policy before the rule may deny, or pass on,
    anything of these pods), `overtaken` (before them, to every pod or to those of all namespaces but some: whoever puts
    other pods first may mean to leave them out).
    """
    question = asked(QUESTIONS, parameters)
    if cluster.kubernetes("NetworkPolicy", NETWORKING):
        yield from question(cluster)


def _undone(cluster: Cluster) -> Iterator[Breach]:
    for direction in DIRECTIONS:
        yield from _Tiers(cluster, direction).undone()


def _overtaken(cluster: Cluster) -> Iterator[Breach]:
    for direction in DIRECTIONS:
        tiers = _Tiers(cluster, direction)
        found = tiers.overtaken()
        if found is not None:
            yield tiers.passing_by(*found)


def never_asked(cluster: Cluster) -> dict[tuple[Direction, ObjectRef], ObjectRef]:
    """Kubernetes' policies in the directions in which they are overtaken, each with the policy that does it."""
    found: dict[tuple[Direction, ObjectRef], ObjectRef] = {}
    if not cluster.kubernetes("NetworkPolicy", NETWORKING):
        return found
    for direction in DIRECTIONS:
        with suppress(TooManyStepsError):
            if one := _Tiers(cluster, direction).overtaken():
                found.update(((direction, policy.resource.ref), one[0].policy.resource.ref) for policy in one[2])
    return found


class _Asked(NamedTuple):
    """A policy with the number of its tier and its place among all."""

    tier: int
    place: int
    placed: PlacedPolicy


class _Opener(NamedTuple):
    """The first rules of a policy that together allow everything, or all of one IP version, told in a word.

    `rest` is a word, too, where rules before them deny something.
    """

    rules: list[Rule]
    rest: str
    version: str


class _Tiers:
    """The tiers in order, in one direction, each policy with its place among all."""

    def __init__(self, cluster: Cluster, direction: Direction) -> None:
        self._cluster = cluster
        self._tiers = model_of(cluster).tiers
        self._direction = direction

    def undone(self) -> Iterator[Breach]:
        """What allows all that policies before it leave out."""
        openers: list[tuple[_Asked, _Opener]] = []
        isolating: list[tuple[Selector, _Asked]] = []
        denying: list[tuple[Selector, tuple[int, Selector]]] = []
        place = 0
        for number, tier in enumerate(self._tiers):
            governing = [placed for placed in tier.policies if self._governs(placed.policy)]
            for placed in governing:
                place += 1
                opener = self._opener(placed)
                if opener is not None and isolating:
                    openers.append((_Asked(number, place, placed), opener))
                if self._isolates(placed):
                    isolating.append((placed.selector, _Asked(number, place, placed)))
                elif self._may(placed, "Deny", "Pass"):
                    denying.append((placed.selector, (place, placed.selector)))
            place += 1
            if tier.default_action != "Pass" or tier.hidden:
                denying += [(one.selector, (place, one.selector)) for one in governing]
        if not openers:
            return
        limits = self._cluster.limits
        most = limits.comparisons
        undoable, deniers, budget = OverlapIndex(isolating, most), OverlapIndex(denying, most), Budget(most)
        for opening, opener in openers:
            policy = opening.placed.policy
            try:
                found = [one.placed.policy for one in _undone_by(opening, undoable, deniers, budget)]
            except ExhaustedError:
                yield unexamined("whose isolation is undone by", policy.resource, limits.too_many("selectors"))
                return
            if found:
                yield self._breach(policy, opener, found)

    def overtaken(self) -> tuple[PlacedPolicy, _Opener, list[Policy]] | None:
        """What allows all to every pod, or to those of all namespaces but some, so that policies after are not asked.

        Raises TooManyStepsError.
        """
        if any(tier.hidden for tier in self._tiers):
            return None
        first: tuple[PlacedPolicy, _Opener] | None = None
        passed: list[Policy] = []
        for tier in self._tiers:
            for placed in tier.policies:
                if not self._governs(placed.policy):
                    continue
                if first is not None:
                    passed += [placed.policy] if self._isolates(placed) else []
                    continue
                opener = self._opener(placed) if holds(placed.selector, POD_ELSEWHERE) else None
                if opener is not None:
                    first = placed, opener
                elif tier.name != DEFAULT_TIER and self._may(placed, "Pass"):
                    return None
        if first is not None:
            steps = Steps(self._cluster, "namespaces with selectors")
            by_namespace = Selectable(((pod_in(one.namespace or ""), one) for one in passed), steps)
            if governed := by_namespace.surely(first[0].selector):
                return *first, governed
        return None

    def _may(self, placed: PlacedPolicy, *actions: str) -> bool:
        """Whether it may do one of these with packets."""
        rules = self._rules(placed.policy)
        return not placed.policy.resource.whole or any(rule.action in actions for rule in rules)

    def _governs(self, policy: Policy) -> bool:
        in_direction = policy.governs(self._direction) or bool(policy.resource.gaps)
        return in_direction and policy.tracked

    def _rules(self, policy: Policy) -> tuple[Rule, ...]:
        return policy.rules_of(self._direction)

    def _isolates(self, placed: PlacedPolicy) -> bool:
        """Whether it is one of Kubernetes' own, which promise to drop what they do not allow."""
        policy = placed.policy
        if policy.kind != "KubernetesNetworkPolicy" or not policy.resource.whole:
            return False
        return not any(map(_opened, self._rules(policy)))

    def _opener(self, placed: PlacedPolicy) -> _Opener | None:
        """The rules that allow everything, or all of one IP version, or after denials of something all the rest."""
        if not is_calico(placed.policy.resource.api_version) or not placed.policy.resource.whole:
            return None
        rules: list[Rule] = []
        opened: set[Family] = set()
        denied: set[Family] = set()
        rest = ""
        for rule in self._rules(placed.policy):
            if rule.action == "Pass" or (rule.action == "Deny" and rules):
                break
            if rule.action == "Deny":
                denied |= _opened(rule)
                rest = "other "
            elif rule.action == "Allow" and not _opened(rule) <= opened | denied:
                rules.append(rule)
                opened |= _opened(rule) - denied
        version = f" of IPv{next(iter(opened))}" if len(opened) == 1 else ""
        return _Opener(rules, rest, version) if rules else None

    def _breach(self, policy: Policy, opener: _Opener, undone: list[Policy]) -> Breach:
        effect = "leave out: they isolate" if len(undone) > 1 else "leaves out: it isolates"
        version = opener.version
        nothing = "nothing of that" if opener.rest else f"nothing{version}"
        what = f"{self._direction}{version} that {_named(undone)} before it {effect} {nothing} any more"
        return self._opening(policy, opener, undone, what, "is undone")

    def passing_by(self, placed: PlacedPolicy, opener: _Opener, passed: list[Policy]) -> Breach:
        """What is overtaken, told."""
        effect = "are asked: they isolate" if len(passed) > 1 else "is asked: it isolates"
        version = opener.version
        whom = "every pod" if holds(placed.selector, ANY_POD) else "every pod outside of the namespaces that it names"
        what = f"{self._direction}{version} of {whom} before {_named(passed)} {effect} nothing{version}"
        return self._opening(placed.policy, opener, passed, what, "is never asked")

    def _opening(self, policy: Policy, opener: _Opener, governed: list[Policy], what: str, label: str) -> Breach:
        resource, governing = policy.resource, governed[0]
        first, *further = opener.rules
        end = "destination" if self._direction == "ingress" else "source"
        subject = f"{rule_words(resource, first.path)} allows"
        if further:
            numbers = " and ".join(f"{self._direction}[{one.number}]" for one in opener.rules)
            subject = f'rules {numbers} of {resource.kind} "{resource.name}" allow'
        return Breach.at(
            resource,
            (*first.path, "action"),
            f"{subject} all {opener.rest}{what}",
            (
                *(Related(resource.span(*one.path, "action"), "allows the rest") for one in further),
                *(Related(one.resource.span("metadata", "name"), label) for one in governed[:3]),
            ),
            witness(
                "packet",
                direction=self._direction,
                **{end: f"pods of {governing.namespace}/{governing.resource.name}"},
                verdict="accept",
                decided_by=f"policy {policy.name} {self._direction} rule {first.number}",
            ),
            "put what it denies into a tier before `default`, with a Pass in place of this Allow"
            if opener.rest
            else "leave out the pods that other policies govern, or drop it: without any policy pods are open",
        )


def _opened(rule: Rule) -> set[Family]:
    """The IP versions of which a rule means all packets."""
    near, far = rule.ends
    anybody = near.unconditional and far._replace(nets=()).unconditional
    if not (anybody and rule._replace(ip_version=None, source=near, destination=near).unconditional):
        return set()
    every = {net.family for net in map(network, far.nets) if net is not None and net.length == 0}
    return {one for one in (every if far.nets else FAMILIES) if rule.ip_version in (None, one)}


def _undone_by(
    opening: _Asked, undoable: OverlapIndex[_Asked], deniers: OverlapIndex[tuple[int, Selector]], budget: Budget
) -> Iterator[_Asked]:
    """What is asked before in the same tier, about pods of which nothing may be denied by then.

    Raises ExhaustedError.
    """
    for one in undoable.candidates(opening.placed.selector):
        budget.spend(_OF_CANDIDATE)
        selector = one.placed.selector
        before = one.tier == opening.tier and one.place < opening.place
        if before and implies(selector, opening.placed.selector) is True:
            near = takewhile(lambda denier: denier[0] < opening.place, deniers.candidates(selector))
            budget.spend(_OF_CANDIDATE)
            if not any(_meet(about, selector, budget) for _, about in near):
                yield one


def _meet(denier: Selector, selector: Selector, budget: Budget) -> bool:
    budget.spend(1)
    return overlaps(denier, selector, budget) is not False


def _named(policies: list[Policy]) -> str:
    first, further = policies[0], len(policies) - 1
    return object_words(first.resource, first.namespace) + (f" and {further} more" if further else "")


QUESTIONS: dict[str, Question] = {"undone": _undone, "overtaken": _overtaken}
