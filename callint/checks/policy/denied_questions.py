"""Questions for names that policy allows after it denied all that is sent to pods, by their networks."""

from __future__ import annotations

from functools import cached_property
from itertools import islice

from callint.checks.policy.dns_questions import asks, may_be_question
from callint.net import intervals
from callint.objects import Cluster
from callint.objects.cluster_networks import pod_networks
from callint.objects.first_pools import pools_from_start
from callint.objects.policy import Entity, Policy, Rule
from callint.policy import model_of
from callint.policy.match import entity_selectors
from callint.policy.ranges import Ranges, ranges
from callint.policy.tiers import PlacedPolicy
from callint.record import NamedTuple
from callint.selector import Selector
from callint.selector.overlap import OverlapIndex
from callint.selector.satisfy import implies
from callint.steps import Steps

_OF_PAIR = 5
"""Steps that it takes to see whether one policy selects all those whom another one does."""


class Late(NamedTuple):
    """A rule that allows questions, and the one that denied all of them before, each with its policy."""

    allowing: Policy
    rule: Rule
    denying: Policy
    denial: Rule


class DeniedQuestions:
    """The rules for the pods of the cluster's DNS that come too late, where the networks of pods are known."""

    def __init__(self, cluster: Cluster, steps: Steps) -> None:
        """Read no network yet."""
        self._cluster = cluster
        self._steps = steps
        inventory = model_of(cluster).inventory
        self._others = inventory.network_sets.within(steps), inventory.hosts.within(steps)
        self._first: dict[Selector, tuple[int, Policy, Rule] | None] = {}
        self._asking: dict[int, Rule | None] = {}

    def late(self, subject: PlacedPolicy, opener: PlacedPolicy) -> Late | None:
        """What denies all questions of those whom one policy selects before another one comes to allow them.

        Raises TooManyStepsError.
        """
        rule = self._asking_of(opener.policy) if any(self._pods) else None
        first = None if rule is None else self._denial_for(subject.selector)
        if rule is None or first is None:
            return None
        place, denying, denial = first
        where = self._places[id(opener)]
        behind = place < where or (place == where and int(denial.number) < int(rule.number))
        return Late(opener.policy, rule, denying, denial) if behind else None

    def _asking_of(self, policy: Policy) -> Rule | None:
        """The first rule by which a policy allows questions, if all of these are for pods."""
        if id(policy) not in self._asking:
            found = [rule for rule in policy.egress if rule.opens and asks(rule, policy)]
            late = policy.resource.whole and all(self._for_pods(policy, rule) for rule in found)
            self._asking[id(policy)] = found[0] if found and late else None
        return self._asking[id(policy)]

    def _denial_for(self, selector: Selector) -> tuple[int, Policy, Rule] | None:
        """What first denies questions of all whom a selector matches: the place of a policy, the policy, its rule."""
        if selector not in self._first:
            self._first[selector] = None
            for place, denying, denial in self._denials.candidates(selector):
                self._steps.spend(_OF_PAIR)
                if implies(selector, denying.selector) is True:
                    self._first[selector] = place, denying.policy, denial
                    break
        return self._first[selector]

    @cached_property
    def _places(self) -> dict[int, int]:
        return {id(one): place for place, (_, one) in enumerate(model_of(self._cluster).policies)}

    @cached_property
    def _denials(self) -> OverlapIndex[tuple[int, PlacedPolicy, Rule]]:
        """The policies, with their places, that deny questions to whatever pod, each with the first rule that does."""
        found: list[tuple[Selector, tuple[int, PlacedPolicy, Rule]]] = []
        for place, (_, placed) in enumerate(model_of(self._cluster).policies):
            policy = placed.policy
            if policy.tracks("egress") and policy.resource.whole and not placed.hidden_selection:
                denials = (rule for rule in policy.egress if rule.action == "Deny" and self._denies(rule))
                found += [(placed.selector, (place, placed, rule)) for rule in islice(denials, 1)]
        return OverlapIndex(found)

    @cached_property
    def _pods(self) -> Ranges:
        pools = [str(net) for pool in pools_from_start(self._cluster) if pool.for_pods and (net := pool.net)]
        return ranges(pools or [str(one.prefix) for one in pod_networks(self._cluster)])

    def _denies(self, rule: Rule) -> bool:
        there = rule.destination
        if not (there.nets and any(self._pods) and may_be_question(rule)):
            return False
        unconditional = rule._replace(protocol=None, destination=rule.source).unconditional
        alone = there._replace(path=(), nets=(), ports=()) == Entity(())
        return unconditional and alone and all(map(intervals.covers, ranges(there.nets), self._pods))

    def _for_pods(self, policy: Policy, rule: Rule) -> bool:
        """Whether a rule names whom it allows by labels, and nothing but pods is known to have them."""
        there = rule.destination
        positive, _ = entity_selectors(there, policy.namespace)
        if positive is None or there.nets or positive.matches({}):
            return False
        return not any(others.any(positive) for others in self._others)
