"""Which policies let pods ask for names, and what keeps them from it where none does."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import islice

from callint.calico.defaults import DNS_PORTS
from callint.checks.policy.dns_questions import asks, may_be_question, may_open, of_dns
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
from callint.selector.satisfy import implies, overlaps
from callint.selector.syntax import ALL
from callint.selector.values import Budget
from callint.steps import Steps

_OF_PAIR = 5
"""Steps that it takes to see whether one policy selects all those whom another one does."""


class Late(NamedTuple):
    """A rule that allows questions, and the one that denied all of them before, each with its policy."""

    allowing: Policy
    rule: Rule
    denying: Policy
    denial: Rule


_Denial = tuple[int, PlacedPolicy, Rule]
"""The place of a policy, the policy, and its first rule that denies questions to whatever pod."""


class _Search:
    """The denials that may be about those whom a selector matches, as far as they were looked through."""

    __slots__ = ("following", "found", "rest")

    def __init__(self, rest: Iterator[_Denial]) -> None:
        self.rest = rest
        self.following = next(rest, None)
        self.found: _Denial | None = None


class _DeniedQuestions:
    """The rules for the pods of the cluster's DNS that come too late, where the networks of pods are known."""

    def __init__(self, cluster: Cluster, steps: Steps) -> None:
        """Read no network yet."""
        self._cluster = cluster
        self._steps = steps
        inventory = model_of(cluster).inventory
        self._others = inventory.network_sets.within(steps), inventory.hosts.within(steps)
        self._searches: dict[Selector, _Search] = {}
        self._asking: dict[int, Rule | None] = {}
        self._ports: dict[int, frozenset[int]] = {}

    def late(self, subject: PlacedPolicy, opener: PlacedPolicy) -> Late | None:
        """What denies all questions of those whom one policy selects before another one comes to allow them.

        Raises TooManyStepsError.
        """
        rule = self._asking_of(opener.policy) if any(self._pods) else None
        where = self._places[id(opener)]
        first = None if rule is None else self._denial_for(subject.selector, where)
        if rule is None or first is None:
            return None
        place, denying, denial = first
        behind = self._before(place, where) if place != where else int(denial.number) < int(rule.number)
        if not behind or not self._ports[id(opener.policy)] <= _ports(denial, by_name=False):
            return None
        return Late(opener.policy, rule, denying.policy, denial)

    def _before(self, place: int, other: int) -> bool:
        """Whether the policy at a place is surely asked before another one: tiers may stand elsewhere than it seems."""
        tiers = [model_of(self._cluster).policies[one][0] for one in (place, other)]
        return place < other and (tiers[0] is tiers[1] or all(one.exists and not one.hidden for one in tiers))

    def _asking_of(self, policy: Policy) -> Rule | None:
        """The first rule by which a policy allows questions, if all of these are for pods."""
        if id(policy) not in self._asking:
            egress = policy.egress if policy.resource.whole else ()
            found = [rule for rule in egress if rule.opens and asks(rule, policy)]
            late = all(self._for_pods(policy, rule) for rule in found)
            self._asking[id(policy)] = found[0] if found and late else None
            self._ports[id(policy)] = frozenset().union(*(_ports(rule, by_name=True) for rule in found))
        return self._asking[id(policy)]

    def _denial_for(self, selector: Selector, last: int) -> _Denial | None:
        """What first denies questions of all whom a selector matches, at a place that is not behind the last one."""
        search = self._searches.get(selector)
        if search is None:
            search = self._searches[selector] = _Search(self._denials.candidates(selector))
        while search.found is None and search.following is not None and search.following[0] <= last:
            self._steps.spend(_OF_PAIR)
            if implies(selector, search.following[1].selector) is True:
                search.found = search.following
            search.following = next(search.rest, None)
        return search.found

    @cached_property
    def _places(self) -> dict[int, int]:
        return {id(one): place for place, (_, one) in enumerate(model_of(self._cluster).policies)}

    @cached_property
    def _denials(self) -> OverlapIndex[_Denial]:
        found: list[tuple[Selector, _Denial]] = []
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
        if not (there.nets and any(self._pods) and may_be_question(rule) and _ports(rule, by_name=False)):
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


class Kept(NamedTuple):
    """Why the first policy opens in vain, or else the first one that the end of the tier leaves unasked, if any."""

    late: Late | None
    behind: PlacedPolicy | None


class Openers:
    """The policies that may let pods ask for names, by the tiers in which they are asked."""

    def __init__(self, cluster: Cluster, steps: Steps) -> None:
        """Those of all policies in their order; the steps are for networks of pods and selectors of their DNS."""
        self._index = may_open(cluster, (placed for _, placed in model_of(cluster).policies))
        self._budget = Budget(cluster.limits.comparisons)
        self._denied = _DeniedQuestions(cluster, steps)
        self._tiers: dict[int, int] = {}
        self._known: dict[tuple[Selector, int], Kept | None] = {}
        self._not_in_vain: dict[tuple[int, int], OverlapIndex[PlacedPolicy]] = {}
        numbers: dict[str, int] = {}
        for tier, placed in model_of(cluster).policies:
            number = numbers.setdefault(tier.name, len(numbers))
            # one that is not among the manifests may be anywhere, or one with an order that cannot be read
            self._tiers[id(placed)] = number if tier.exists and not tier.hidden else -1

    def kept(self, placed: PlacedPolicy) -> Kept | None:
        """What keeps those whom a policy selects from asking; None where one may let them. Raises ExhaustedError."""
        key = placed.selector, self._tiers[id(placed)]
        if key not in self._known:
            self._known[key] = self._kept(placed)
        return self._known[key]

    def _kept(self, placed: PlacedPolicy) -> Kept | None:
        behind = None
        for other in self._index.candidates(placed.selector):
            if not self._near(placed, other):
                continue
            if self._behind(placed, other):
                behind = behind or other
                continue
            late = self._denied.late(placed, other)
            if late is None or self._asked_elsewhere(placed, late):
                return None
            return Kept(late, None)
        return Kept(None, behind)

    def _near(self, placed: PlacedPolicy, other: PlacedPolicy) -> bool:
        """Whether one policy may be for some of those whom another one selects."""
        self._budget.spend(1)
        return overlaps(other.selector, placed.selector, self._budget) is not False

    def _behind(self, placed: PlacedPolicy, other: PlacedPolicy) -> bool:
        return self._tiers[id(other)] > self._tiers[id(placed)]

    def _asked_elsewhere(self, placed: PlacedPolicy, late: Late) -> bool:
        """Whether some of those whom a policy selects may ask by another one than such as come after a denial."""
        others = self._other_than(placed, late).candidates(placed.selector)
        return any(self._near(placed, other) and not self._behind(placed, other) for other in others)

    def _other_than(self, placed: PlacedPolicy, late: Late) -> OverlapIndex[PlacedPolicy]:
        """The policies that do not open in vain, the same for all that one denial is the first for."""
        key = id(late.denying), id(late.denial)
        if key not in self._not_in_vain:
            openers = list(self._index.candidates(ALL))
            self._budget.spend(len(openers))
            opening = ((one.selector, one) for one in openers if self._denied.late(placed, one) is None)
            self._not_in_vain[key] = OverlapIndex(opening)
        return self._not_in_vain[key]


def _ports(rule: Rule, *, by_name: bool) -> frozenset[int]:
    """The ports of DNS to which a rule matches questions, or with `by_name` may match them."""
    ports = rule.destination.ports
    return of_dns(ports, by_name=by_name) if ports else frozenset(DNS_PORTS)
