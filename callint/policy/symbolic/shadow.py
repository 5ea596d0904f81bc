"""The packets that a rule may match, and those on which it surely decides, whatever endpoints there are.

Selectors are taken for what they say, not for the endpoints that manifests happen to hold: what a selector may match is
any address, and what it surely matches is what an earlier selector that is implied by it matches too, or addresses that
are written down.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property, lru_cache
from typing import Any

from callint.finding import Path
from callint.net.address import LAST
from callint.net.intervals import contains
from callint.net.packets import PacketSpace
from callint.objects import Cluster
from callint.objects.policy import Entity, Policy, Rule
from callint.policy.address_inventory import AddressInventory
from callint.policy.address_set import AddressSet, NamedPort, Service
from callint.policy.match import Criteria, criteria, entity_selectors
from callint.policy.model import model_of
from callint.policy.ranges import EVERYWHERE, NO_RANGES
from callint.policy.symbolic.implication import Implication
from callint.policy.symbolic.order import Item, Order
from callint.policy.symbolic.products import Sets
from callint.policy.symbolic.sets import rule_sets
from callint.policy.symbolic.subjects import Namespaces, with_subjects_known
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.selector import Selector
from callint.selector.satisfy import satisfiable
from callint.selector.syntax import ALL

_NAMES = {"notProtocol": "not_protocol", "notICMP": "not_icmp", "notNets": "not_nets", "notPorts": "not_ports"}

_Pair = tuple["Selector | None", "Selector | None"]


class _OpenInventory(AddressInventory):
    """The endpoints that are written down, and any others that there may be.

    The former are looked for where they count: to see what a rule matches `surely`, or else what it leaves out.
    """

    def __init__(self, written: AddressInventory, *, surely: bool) -> None:
        super().__init__(written.cluster)
        self.written = written
        self._surely = surely

    def address_set(self, selector: Selector) -> AddressSet:
        return self._open(selector, certain=self._surely)

    def excluded_set(self, selector: Selector) -> AddressSet:
        return self._open(selector, certain=not self._surely)

    def _open(self, selector: Selector, *, certain: bool) -> AddressSet:
        if satisfiable(selector) is None:
            return AddressSet(NO_RANGES, NO_RANGES, "")
        sure = self.written.certain(selector) if certain else NO_RANGES
        return AddressSet(sure, EVERYWHERE, f'what "{selector}" selects')

    def named_port(self, selector: Selector, name: str) -> NamedPort:
        return NamedPort({}, AddressSet(NO_RANGES, EVERYWHERE, f'who has a port "{name}"'))

    def service(self, namespace: str | None, name: str) -> Service:
        found = AddressSet(NO_RANGES, EVERYWHERE, f'the endpoints of "{name}"') if namespace else None
        return self.written.service(namespace, name) if found is None else Service(found, {})


class Shadows:
    """The rules of a cluster by the packets that each may and surely does match."""

    def __init__(self, cluster: Cluster) -> None:
        """Read no rule yet."""
        self._model = model_of(cluster)
        self.namespaces, self.tiers = _known_subjects(cluster)
        self.implication = Implication(cluster.limits.comparisons)
        written = self._model.inventory
        self._written = written
        self._inventories = {surely: _OpenInventory(written, surely=surely) for surely in (False, True)}
        self._spaces: tuple[PacketSpace, PacketSpace] | None = None
        self._sets: dict[object, Sets] = {}
        self.members = cache(written.certain)
        """The addresses of what is written down and surely selected."""
        self._selectors: dict[int, tuple[_Pair, _Pair]] = {}

    @cached_property
    def order(self) -> Order:
        """What is asked before what."""
        return Order(self.tiers, self._model.selecting, self.implication)

    @property
    def spaces(self) -> tuple[PacketSpace, PacketSpace]:
        """All packets of IPv4 and of IPv6."""
        if self._spaces is None:
            self._spaces = PacketSpace(4), PacketSpace(6)
        return self._spaces

    @property
    def everything(self) -> Sets:
        """All packets."""
        return self.spaces[0].everything, self.spaces[1].everything

    @property
    def crowded(self) -> bool:
        """Whether so many sets are remembered that it is time to forget them."""
        return self._spaces is not None and any(space.diagrams.crowded for space in self._spaces)

    def forget(self) -> None:
        """Remember no set any more; those made before must not meet those made from now on."""
        self._spaces = None
        self._sets.clear()

    @cached_property
    def subjects(self) -> tuple[tuple[PlacedTier, PlacedPolicy], ...]:
        """The policies about which something can be told: those that could be read as a whole."""
        readable = (tier for tier in self.tiers if not tier.hidden)
        return tuple((tier, one) for tier in readable for one in tier.policies if one.policy.resource.whole)

    @cached_property
    def far_known(self) -> bool:
        """Whether anything that is written down has the last address of IPv6."""
        return contains(self.members(ALL)[1], LAST[6])

    def near(self, selector: Selector) -> int:
        """How much of what is written down has to be looked at for that."""
        return self._written.near(selector)

    def may(self, policy: Policy, rule: Rule) -> Sets:
        """The packets that a rule may match."""
        return self._both(policy, rule, surely=False, known=(False, False))

    def bare(self, policy: Policy, rule: Rule, fields: Sequence[Path]) -> Sets | None:
        """The packets that a rule with nothing but some of its fields may match; None if it lacks one of them."""
        kept: dict[str, Any] = {}
        sides = {"source": Entity(rule.source.path), "destination": Entity(rule.destination.path)}
        for path in fields:
            *side, field = (_NAMES.get(str(step), str(step)) for step in path)
            value = getattr(getattr(rule, side[0]) if side else rule, field)
            if not value:
                return None
            if side:
                sides[side[0]] = sides[side[0]]._replace(**{field: value})
            else:
                kept[field] = value
        if any(path[-1] in ("ports", "notPorts") for path in fields):
            kept["protocol"] = rule.protocol
        nothing = dict.fromkeys(("ip_version", "protocol", "not_protocol", "icmp", "not_icmp"))
        return self._read(policy, rule._replace(**{**nothing, **sides, **kept}), surely=False, known=(False, False))

    def surely(self, item: Item, beside: tuple[Policy, Rule] | None) -> Sets:
        """The packets that an item decides on; of those that may match the rule `beside`, if one is given."""
        if item.rule is None:
            return self.everything
        known = (False, False) if beside is None else self._known(item.policy, item.rule, *beside)
        return self._both(item.policy, item.rule, surely=True, known=known)

    def selects(self, policy: Policy, rule: Rule) -> bool:
        """Whether a rule has any selector."""
        return any(one is not None for pair in self._pairs(policy, rule) for one in pair)

    def implied_by(self, earlier: Sequence[Item], policy: Policy, rule: Rule) -> dict[int, Sets]:
        """What earlier things, by number, decide on besides where a rule may match, for its selectors imply theirs."""
        return {
            number: self.surely(item, (policy, rule))
            for number, item in enumerate(earlier)
            if item.rule is not None and any(self._known(item.policy, item.rule, policy, rule))
        }

    def implies(self, given: Selector, other: Selector) -> bool:
        """Whether whatever the selector of a rule matches is surely matched by another's."""
        return self.implication.holds(self.namespaces.of_rule(given), other)

    def _known(self, policy: Policy, rule: Rule, other_policy: Policy, other: Rule) -> tuple[bool, bool]:
        """Of source and destination, whether what the other rule's selectors match meets this rule's."""
        found = []
        for own, given in zip(self._pairs(policy, rule), self._pairs(other_policy, other), strict=True):
            if own[0] is not None:
                found.append(given[0] is not None and self.implies(given[0], own[0]))
            else:
                found.append(own[1] is not None and own[1] == given[1])
        return found[0], found[1]

    def _pairs(self, policy: Policy, rule: Rule) -> tuple[_Pair, _Pair]:
        """The selectors of source and destination, what must and what must not match."""
        found = self._selectors.get(id(rule))
        if found is None:
            source, destination = (entity_selectors(one, policy.namespace) for one in (rule.source, rule.destination))
            found = self._selectors[id(rule)] = (source, destination)
        return found

    def _both(self, policy: Policy, rule: Rule, *, surely: bool, known: tuple[bool, bool]) -> Sets:
        key = (id(rule), surely, known)
        found = self._sets.get(key)
        if found is None:
            found = self._sets[key] = self._read(policy, rule, surely=surely, known=known)
        return found

    def _read(self, policy: Policy, rule: Rule, *, surely: bool, known: tuple[bool, bool]) -> Sets:
        if surely and rule.http:
            return self.spaces[0].nothing, self.spaces[1].nothing
        found = []
        for space in self.spaces:
            demand = criteria(rule, space.family, self._inventories[surely], policy.namespace)
            sets = rule_sets(space, None if demand is None else _granted(demand, known))
            found.append(sets.surely if surely else sets.possibly)
        return found[0], found[1]


@lru_cache(maxsize=2)
def shadows_of(cluster: Cluster) -> Shadows:
    """The rules of a cluster, read once."""
    return Shadows(cluster)


@lru_cache(maxsize=2)
def _known_subjects(cluster: Cluster) -> tuple[Namespaces, tuple[PlacedTier, ...]]:
    """What is known of namespaces, and the tiers with that."""
    tiers = model_of(cluster).tiers
    namespaces = Namespaces(cluster, tiers)
    return namespaces, with_subjects_known(cluster, tiers, namespaces)


def _granted(demand: Criteria, known: tuple[bool, bool]) -> Criteria:
    """A demand without the selectors that are known to be met."""
    source, destination = (
        side._replace(inside=None, outside=None) if met else side
        for side, met in zip((demand.source, demand.destination), known, strict=True)
    )
    return demand._replace(source=source, destination=destination)
