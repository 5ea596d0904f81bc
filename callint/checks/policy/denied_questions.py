"""Questions for names that a policy allows after it denied all that is sent to pods, by their networks."""

from __future__ import annotations

from functools import cached_property

from callint.checks.policy.dns_questions import may_be_question
from callint.net import intervals
from callint.objects import Cluster
from callint.objects.cluster_networks import pod_networks
from callint.objects.first_pools import pools_from_start
from callint.objects.policy import Entity, Policy, Rule
from callint.policy import model_of
from callint.policy.match import entity_selectors
from callint.policy.ranges import Ranges, ranges
from callint.steps import Steps


class DeniedQuestions:
    """The rules for the pods of the cluster's DNS that come too late, where the networks of pods are known."""

    def __init__(self, cluster: Cluster, steps: Steps) -> None:
        """Read no network yet."""
        self._cluster = cluster
        inventory = model_of(cluster).inventory
        self._others = inventory.network_sets.within(steps), inventory.hosts.within(steps)
        self._denials: dict[int, Rule | None] = {}

    def denial(self, policy: Policy, rule: Rule) -> Rule | None:
        """The rule of the policy that denies, before it comes to this one, all questions that this one is for."""
        first = self._first(policy)
        late = first is not None and int(first.number) < int(rule.number)
        return first if late and self._for_pods(policy, rule) else None

    @cached_property
    def _pods(self) -> Ranges:
        pools = [str(net) for pool in pools_from_start(self._cluster) if pool.for_pods and (net := pool.net)]
        return ranges(pools or [str(one.prefix) for one in pod_networks(self._cluster)])

    def _first(self, policy: Policy) -> Rule | None:
        """The first rule of a policy that denies questions to whatever pod."""
        if id(policy) not in self._denials:
            found = (rule for rule in policy.egress if rule.action == "Deny" and self._denies(rule))
            self._denials[id(policy)] = next(found, None)
        return self._denials[id(policy)]

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
