"""One endpoint's chains: tiers, end of tier, profiles (felix/rules/endpoints.go endpointIptablesChain)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from callint.finding import Path
from callint.net.address import Family
from callint.objects import Resource
from callint.objects.policy import Rule
from callint.policy.address_inventory import AddressInventory
from callint.policy.admission import hidden, hidden_rule, readable
from callint.policy.doubt import Doubts, UndecidedError, explore
from callint.policy.inventory import Endpoint, HostMember
from callint.policy.labels import holds
from callint.policy.match import Criteria, criteria, matches
from callint.policy.packet import Flow, Step, Verdict
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.record import NamedTuple

Kind = Literal["normal", "forward", "preDNAT", "untracked"]
Direction = Literal["ingress", "egress"]


class Decision(NamedTuple):
    """What a chain says: `finish` ends the table with an accept, `allow` sets the mark, `none` leaves it cleared."""

    kind: Literal["finish", "allow", "drop", "none"]
    reason: str
    policy: Resource | None = None
    path: Path = ()


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


class Entry(NamedTuple):
    """A policy that selects an endpoint, or may: then `doubt` is the question."""

    policy: CompiledPolicy
    doubt: str | None


class Stage(NamedTuple):
    """One tier of one chain; staged policies are among the entries."""

    tier: PlacedTier
    entries: tuple[Entry, ...]


class EndpointChains:
    """The stages of one endpoint for each kind of chain (felix/calc/event_sequencer.go tierInfoToProtoTierInfo)."""

    def __init__(self, endpoint: Endpoint, tiers: Sequence[tuple[PlacedTier, Sequence[CompiledPolicy]]]) -> None:
        """Find the policies that select the endpoint."""
        self.endpoint = endpoint
        self.host = isinstance(endpoint, HostMember)
        self.stages: dict[Kind, tuple[Stage, ...]] = {}
        self.hidden: str | None = None
        found: dict[Kind, list[Stage]] = {"normal": [], "forward": [], "preDNAT": [], "untracked": []}
        for tier, policies in tiers:
            lists: dict[Kind, list[Entry]] = {kind: [] for kind in found}
            for compiled in policies:
                placed = compiled.placed
                answer = holds(placed.selector, endpoint.labels)
                if answer is False:
                    continue
                doubt = placed.hidden_selection
                if answer is None and doubt is None:
                    missing = endpoint.labels.missing or "labels that no manifest holds"
                    doubt = f'whether policy "{placed.policy.name}" selects "{endpoint.about.name}": {missing}'
                self.hidden = self.hidden or placed.hidden_place or tier.hidden
                for kind in kinds_of(compiled.placed, host=self.host):
                    lists[kind].append(Entry(compiled, doubt))
            for kind, entries in lists.items():
                if entries:
                    found[kind].append(Stage(tier, tuple(entries)))
        self.stages = {kind: tuple(stages) for kind, stages in found.items()}

    def has(self, kind: Kind, doubts: Doubts) -> bool:
        """Whether the endpoint has policy of a kind."""
        if self.hidden is not None and doubts.ask(f"{self.hidden}: whether it makes {kind} policy"):
            return True
        entries = (entry for stage in self.stages[kind] for entry in stage.entries)
        return any(entry.doubt is None or doubts.ask(entry.doubt) for entry in entries)

    def resolved(self, kind: Kind, doubts: Doubts) -> list[tuple[PlacedTier, list[CompiledPolicy]]]:
        """The policies of a kind by tier, doubts settled; raises UndecidedError if a place in the order is hidden."""
        if self.hidden is not None:
            raise UndecidedError(self.hidden)
        found = []
        for stage in self.stages[kind]:
            sure = [entry.policy for entry in stage.entries if entry.doubt is None or doubts.ask(entry.doubt)]
            if sure:
                found.append((stage.tier, sure))
        return found


def kinds_of(placed: PlacedPolicy, *, host: bool) -> tuple[Kind, ...]:
    """In which chains of an endpoint a policy that selects it is (felix/calc/event_sequencer.go)."""
    policy = placed.policy
    if policy.do_not_track:
        return ("untracked",) if host else ()
    if policy.pre_dnat:
        return ("preDNAT",) if host and policy.governs("ingress") else ()
    return ("normal", "forward") if host and policy.apply_on_forward else ("normal",)


class Profiles:
    """The rules of profiles by name: written ones, those of namespaces and service accounts, and the built-in one."""

    def __init__(self, inventory: AddressInventory) -> None:
        """Compile nothing yet."""
        self._inventory = inventory
        self._rules: dict[tuple[str, Direction], tuple[CompiledRule, ...]] = {}

    def decide(
        self, names: Sequence[str], direction: Direction, flow: Flow, doubts: Doubts, *, ebpf: bool
    ) -> Decision | None:
        """What the profiles say in order; None if no rule matches."""
        for name in names:
            unwritten = self._inventory.unwritten(name)
            if unwritten is not None:
                if unwritten[0] == "none":
                    continue
                return Decision(*unwritten)
            resource = self._inventory.profiles[name].resource
            for rule in self._of(name, direction):
                if not rule.matches(flow, doubts):
                    continue
                action = rule.action_now(doubts)
                reason = f"profile {name} {direction} rule {rule.number}"
                if action == "Allow":
                    return Decision("allow", reason, resource, rule.path)
                if action == "Deny" or (action == "Pass" and ebpf):
                    return Decision("drop", reason, resource, rule.path)
                if action == "Pass":
                    break
        return None

    def _of(self, name: str, direction: Direction) -> tuple[CompiledRule, ...]:
        found = self._rules.get((name, direction))
        if found is None:
            profile = self._inventory.profiles[name]
            found = self._rules[name, direction] = tuple(
                CompiledRule(rule, profile.resource, None, self._inventory) for rule in profile.rules_of(direction)
            )
        return found


class Chain(NamedTuple):
    """One of Felix's chains: whose, of which kind, in which direction, by which name."""

    chains: EndpointChains
    kind: Kind
    direction: Direction
    name: str

    def step(self, outcome: str, reason: str, tier: str | None = None, decision: Decision | None = None) -> Step:
        """A step of this chain."""
        about = self.chains.endpoint.about
        policy, path = (decision.policy, decision.path) if decision else (None, ())
        return Step(self.name, "accept" if outcome == "finish" else outcome, reason, about.name, tier, policy, path)


def missing_fact(chains: EndpointChains, direction: Direction, flow: Flow) -> str | None:
    """Which fact is missing where an endpoint's own policy leaves a packet undecided; None where it does not."""

    def decide(doubts: Doubts) -> Verdict:
        decision = through_tiers(Chain(chains, "normal", direction, ""), flow, doubts, [])
        kind = decision.kind if decision is not None else "none"
        return Verdict("accept" if kind == "allow" else "drop" if kind == "drop" else "no-verdict", "")

    return explore(decide).unknown


def through_tiers(chain: Chain, flow: Flow, doubts: Doubts, steps: list[Step]) -> Decision | None:
    """What policy decides; None if the packet leaves the last tier. Profiles come after this.

    A tier is asked only if it has a policy in the direction, and ends in its default action only if one of those is
    not staged; chains before DNAT and without tracking have no default action.
    """
    ends = chain.kind in ("normal", "forward")
    stages = chain.chains.resolved(chain.kind, doubts)
    for tier, policies in stages:
        asked = [one for one in policies if one.placed.policy.governs(chain.direction) and not one.placed.policy.staged]
        if not asked:
            continue
        action, decision = _ask(chain, asked, flow, doubts)
        if decision is not None:
            steps.append(chain.step(decision.kind, decision.reason, tier.name, decision))
            if action != "Pass":
                return decision
            continue
        if ends and tier.default_action != "Pass":
            last = asked[-1].placed.policy.resource
            reason = f"end of tier {tier.name} ({chain.direction}, {chain.name})"
            decision = Decision("drop", reason, last, ("spec", chain.direction))
            steps.append(chain.step("drop", reason, tier.name, decision))
            return decision
        steps.append(chain.step("none", f"no rule of tier {tier.name} matches", tier.name))
    if chain.kind == "forward" and not stages:
        decision = Decision("allow", f"no applyOnForward policy ({chain.name})")
        steps.append(chain.step("allow", decision.reason))
        return decision
    return None


def _ask(chain: Chain, policies: list[CompiledPolicy], flow: Flow, doubts: Doubts) -> tuple[str, Decision | None]:
    """The first rule that matches and is no Log, with its action."""
    for compiled in policies:
        policy = compiled.placed.policy
        for rule in compiled.rules(chain.direction):
            if not rule.matches(flow, doubts):
                continue
            action = rule.action_now(doubts)
            if action == "Log":
                continue
            reason = f"policy {policy.name} {chain.direction} rule {rule.number}"
            if action == "Allow":
                return action, Decision("allow", reason, policy.resource, rule.path)
            if action == "Deny":
                return action, Decision("drop", reason, policy.resource, rule.path)
            return action, Decision("none", f"{reason} passes", policy.resource, rule.path)
    return "", None
