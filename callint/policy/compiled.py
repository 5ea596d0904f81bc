"""Rules and policies with what they demand of packets, made when somebody asks and once for all endpoints."""

from __future__ import annotations

from callint.net.address import Family
from callint.objects import Resource
from callint.objects.policy import Rule
from callint.policy.address_inventory import AddressInventory
from callint.policy.admission import hidden, hidden_rule, readable
from callint.policy.doubt import Doubts, UndecidedError
from callint.policy.match import Criteria, criteria, matches
from callint.policy.packet import Direction, Flow
from callint.policy.tiers import PlacedPolicy


class CompiledRule:
    """A rule with its demands, made once for each IP version when a packet of it first comes by."""

    __slots__ = ("_criteria", "_inventory", "_namespace", "_rule", "action", "missing", "number", "path")

    def __init__(self, rule: Rule, resource: Resource, namespace: str | None, inventory: AddressInventory) -> None:
        """`missing` names what a schema error hides: then the demands are necessary, but not sufficient."""
        self.action = None if hidden(resource, (*rule.path, "action")) else rule.action
        self.missing = hidden(resource, rule.path)
        self.number = rule.number
        self.path = rule.path
        self._rule = readable(rule, resource)
        self._namespace = namespace
        self._inventory = inventory
        self._criteria: dict[Family, Criteria | None] = {}

    def matches(self, flow: Flow, doubts: Doubts) -> bool:
        """Whether the rule matches the packet."""
        family = flow.family
        if family not in self._criteria:
            self._criteria[family] = criteria(self._rule, family, self._inventory, self._namespace)
        demand = self._criteria[family]
        if demand is None or not matches(demand, flow, doubts):
            return False
        return self.missing is None or doubts.ask(self.missing)

    def action_now(self, doubts: Doubts) -> str:
        """The action; one that could not be read may be any."""
        if self.action is not None:
            return self.action
        for action in ("Allow", "Deny", "Pass"):
            if doubts.ask(f"{self.missing}: whether it is {action}"):
                return action
        return "Log"


class CompiledPolicy:
    """A policy with its rules compiled, shared by all endpoints that it selects."""

    __slots__ = ("_inventory", "_rules", "placed")

    def __init__(self, placed: PlacedPolicy, inventory: AddressInventory) -> None:
        """Compile nothing yet."""
        self.placed = placed
        self._inventory = inventory
        self._rules: dict[Direction, tuple[CompiledRule, ...]] = {}

    def rules(self, direction: Direction) -> tuple[CompiledRule, ...]:
        """The rules of a direction; raises UndecidedError if one of them could not be read at all."""
        found = self._rules.get(direction)
        if found is None:
            policy = self.placed.policy
            missing = hidden_rule(policy, direction)
            if missing is not None:
                raise UndecidedError(missing)
            found = self._rules[direction] = tuple(
                CompiledRule(rule, policy.resource, policy.namespace, self._inventory)
                for rule in policy.rules_of(direction)
            )
        return found
