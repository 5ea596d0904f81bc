"""Which rules come before a rule wherever it applies, and whether they leave it anything, whatever endpoints there are.

Selectors are taken for what they say, not for the endpoints that manifests happen to hold: what a selector may match is
any address, and what it surely matches is what an earlier selector that is implied by it matches too, or addresses that
are written down.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from callint.finding import Path
from callint.net.address import Family
from callint.net.packets import PacketSet, PacketSpace
from callint.objects import Cluster
from callint.objects.policy import Entity, Policy, Rule
from callint.policy.chains import Direction
from callint.policy.inventory import AddressSet, Inventory, NamedPort, Service
from callint.policy.match import Criteria, Side, criteria, entity_selectors
from callint.policy.ranges import EVERYWHERE, NO_RANGES
from callint.policy.symbolic.products import Sets
from callint.policy.symbolic.sets import rule_sets
from callint.policy.tiers import PlacedPolicy, PlacedTier, tiers_of
from callint.selector import Selector
from callint.selector.satisfy import implies, overlaps, satisfiable

DIRECTIONS: tuple[Direction, ...] = ("ingress", "egress")
_FAMILIES: tuple[Family, ...] = (4, 6)
_NAMES = {"notProtocol": "not_protocol", "notICMP": "not_icmp", "notNets": "not_nets", "notPorts": "not_ports"}
_ENDING = frozenset(("Allow", "Deny", "Pass"))

_Pair = tuple["Selector | None", "Selector | None"]


class Item(NamedTuple):
    """Something that decides on packets before others are asked: a rule, or with None the end of a tier."""

    policy: Policy
    direction: Direction
    rule: Rule | None
    action: str


class _OpenInventory(Inventory):
    """The endpoints that are written down, and any others that there may be."""

    def address_set(self, selector: Selector) -> AddressSet:
        if satisfiable(selector) is None:
            return AddressSet(NO_RANGES, NO_RANGES, "")
        return AddressSet(super().address_set(selector).sure, EVERYWHERE, f'what "{selector}" selects')

    def named_port(self, selector: Selector, name: str) -> NamedPort:
        return NamedPort({}, AddressSet(NO_RANGES, EVERYWHERE, f'who has a port "{name}"'))

    def service(self, namespace: str | None, name: str) -> Service:
        found = AddressSet(NO_RANGES, EVERYWHERE, f'the endpoints of "{name}"') if namespace else None
        return super().service(namespace, name) if found is None else Service(found, {})


class Shadows:
    """The order of a cluster's rules, and the packets that each may and surely does match."""

    def __init__(self, cluster: Cluster) -> None:
        """Sort policies, read no rule yet."""
        self.tiers = tiers_of(cluster)
        self.spaces = (PacketSpace(4), PacketSpace(6))
        self._inventory = _OpenInventory(cluster)
        self._sets: dict[object, Sets] = {}
        self._implied: dict[tuple[Selector, Selector], bool] = {}
        self._selectors: dict[int, tuple[_Pair, _Pair]] = {}
        self._samples: dict[Selector, dict[str, str] | None] = {}

    @cached_property
    def subjects(self) -> tuple[tuple[PlacedTier, PlacedPolicy], ...]:
        """The policies about which something can be told: those that could be read as a whole."""
        return tuple((tier, one) for tier in self.tiers if not tier.hidden for one in tier.policies if _whole(one))

    def may(self, policy: Policy, rule: Rule) -> Sets:
        """The packets that a rule may match."""
        return self._both(policy, rule, surely=False, known=(False, False))

    def bare(self, policy: Policy, rule: Rule, fields: Sequence[Path]) -> Sets | None:
        """The packets that a rule with nothing but some of its fields may match; None if it lacks one of them."""
        kept: dict[str, Any] = {}
        sides = {"source": Entity(rule.source.path), "destination": Entity(rule.destination.path)}
        for path in fields:
            side, name = (path[0], str(path[1])) if len(path) > 1 else (None, str(path[0]))
            value = getattr(rule if side is None else getattr(rule, str(side)), _NAMES.get(name, name))
            if not value:
                return None
            if side is None:
                kept[_NAMES.get(name, name)] = value
            else:
                sides[str(side)] = sides[str(side)]._replace(**{_NAMES.get(name, name): value})
        if any(path[-1] in ("ports", "notPorts") for path in fields):
            kept["protocol"] = rule.protocol
        nothing = dict.fromkeys(("ip_version", "protocol", "not_protocol", "icmp", "not_icmp"))
        alone = rule._replace(**{**nothing, **sides, **kept})
        one, other = (self._read(space, policy, alone, False, (False, False)) for space in self.spaces)
        return one, other

    def surely(self, item: Item, beside: tuple[Policy, Rule] | None) -> Sets:
        """The packets that an item decides on; of those that may match the rule `beside`, if one is given."""
        if item.rule is None:
            return self.spaces[0].everything, self.spaces[1].everything
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

    def _known(self, policy: Policy, rule: Rule, other_policy: Policy, other: Rule) -> tuple[bool, bool]:
        """Of source and destination, whether what the other rule's selectors match meets this rule's."""
        found = []
        for own, given in zip(self._pairs(policy, rule), self._pairs(other_policy, other), strict=True):
            if own[0] is not None:
                found.append(given[0] is not None and self.implied(given[0], own[0]))
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
        key = (id(policy.resource), rule.path, surely, known)
        found = self._sets.get(key)
        if found is None:
            one, other = (self._read(space, policy, rule, surely, known) for space in self.spaces)
            found = self._sets[key] = (one, other)
        return found

    def _read(
        self, space: PacketSpace, policy: Policy, rule: Rule, surely: bool, known: tuple[bool, bool]
    ) -> PacketSet:
        demand = criteria(rule, space.family, self._inventory, policy.namespace)
        if demand is not None:
            demand = _granted(demand, known)
        sets = rule_sets(space, demand)
        if surely and rule.http:
            return space.nothing
        return sets.surely if surely else sets.possibly

    def implied(self, a: Selector, b: Selector) -> bool:
        """Whether whatever the one selects is surely selected by the other."""
        found = self._implied.get((a, b))
        if found is None:
            sample = self.sample(a)
            plainly_not = sample is not None and not b.matches(sample)
            found = self._implied[a, b] = not plainly_not and implies(a, b) is True
        return found

    def sample(self, selector: Selector) -> dict[str, str] | None:
        """Labels that the selector matches, if they are easily found."""
        if selector not in self._samples:
            found = satisfiable(selector)
            self._samples[selector] = found if isinstance(found, dict) else None
        return self._samples[selector]

    # the order

    def before(self, tier: PlacedTier, placed: PlacedPolicy, direction: Direction) -> list[Item]:
        """What surely is asked before a policy wherever it applies: of earlier tiers what decides for good.

        A tier that no manifest defines is kept elsewhere, and its place is not known.
        """
        found: list[Item] = []
        for earlier in self.tiers if tier.exists else ():
            if earlier is tier:
                break
            found += self._deciding(earlier, placed, direction)
        for one in tier.policies:
            if one is placed:
                break
            if self._precedes(one, placed, direction):
                found += items(one.policy, direction)
        return found

    def _precedes(self, one: PlacedPolicy, placed: PlacedPolicy, direction: Direction) -> bool:
        """Whether one policy is enforced wherever another is."""
        return (
            _whole(one)
            and not one.policy.staged
            and _governs(one, direction)
            and kinds(placed.policy) <= kinds(one.policy)
            and self.implied(placed.selector, one.selector)
        )

    def _deciding(self, tier: PlacedTier, placed: PlacedPolicy, direction: Direction) -> Iterator[Item]:
        """Of an earlier tier the rules that no rule can pass by; without any that passes, its end too."""
        if tier.hidden:
            return
        last: PlacedPolicy | None = None
        for one in tier.policies:
            if _whole(one) and (one.policy.staged or not _governs(one, direction)):
                continue
            if self._precedes(one, placed, direction):
                last = one
                for item in items(one.policy, direction):
                    if item.action == "Pass":
                        return
                    yield item
            else:
                passes = not _whole(one) or any(item.action == "Pass" for item in items(one.policy, direction))
                if passes and overlaps(one.selector, placed.selector) is not False:
                    return
        ends = kinds(placed.policy) <= {"normal", "forward"}
        if last is not None and ends and tier.default_action != "Pass":
            yield Item(last.policy, direction, None, "Deny")


def items(policy: Policy, direction: Direction) -> Iterator[Item]:
    """The rules of a policy that decide, in order."""
    return filter(None, (item_of(policy, direction, rule) for rule in rules(policy, direction)))


def item_of(policy: Policy, direction: Direction, rule: Rule) -> Item | None:
    """A rule as something that decides; None for one that only logs."""
    action = rule.action.capitalize()
    return Item(policy, direction, rule, action) if action in _ENDING else None


def rules(policy: Policy, direction: Direction) -> Sequence[Rule]:
    """The rules of a policy in a direction that it governs."""
    if direction.capitalize() not in policy.types:
        return ()
    return policy.ingress if direction == "ingress" else policy.egress


def _granted(demand: Criteria, known: tuple[bool, bool]) -> Criteria:
    """A demand without the selectors that are known to be met."""

    def granted(side: Side) -> Side:
        return side._replace(inside=None, outside=None)

    source, destination = known
    return demand._replace(
        source=granted(demand.source) if source else demand.source,
        destination=granted(demand.destination) if destination else demand.destination,
    )


def _whole(placed: PlacedPolicy) -> bool:
    return not placed.policy.resource.gaps and placed.hidden_place is None and placed.hidden_selection is None


def _governs(placed: PlacedPolicy, direction: Direction) -> bool:
    return direction.capitalize() in placed.policy.types


def kinds(policy: Policy) -> set[str]:
    """The kinds of chains that a policy is in, on host endpoints all of them."""
    if policy.do_not_track:
        return {"untracked"}
    if policy.pre_dnat:
        return {"preDNAT"}
    return {"normal", "forward"} if policy.apply_on_forward else {"normal"}
