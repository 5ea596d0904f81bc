"""One endpoint's chains: tiers, end of tier, profiles (felix/rules/endpoints.go endpointIptablesChain)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Literal

from callint.finding import Path
from callint.objects import Resource
from callint.policy.address_inventory import AddressInventory
from callint.policy.compiled import CompiledPolicy, CompiledRule
from callint.policy.doubt import Doubts, UndecidedError, explore
from callint.policy.inventory import Endpoint, HostMember
from callint.policy.packet import Direction, Flow, Outcome, Step, Verdict
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.record import NamedTuple

Kind = Literal["normal", "forward", "preDNAT", "untracked"]

_OF_ALL_INTERFACES = "any-interface-at-all"
HOST_CHAINS: dict[tuple[Kind, Direction], str] = {
    ("normal", "ingress"): "fh",
    ("normal", "egress"): "th",
    ("forward", "ingress"): "fhfw",
    ("forward", "egress"): "thfw",
    ("preDNAT", "ingress"): "fh-mangle",
    ("untracked", "ingress"): "fh-raw",
    ("untracked", "egress"): "th-raw",
}
"""How the names of a host endpoint's chains begin; what follows is the interface, or what stands for all of them."""
_WORKLOAD_CHAINS: dict[tuple[Kind, Direction], str] = {("normal", "ingress"): "tw", ("normal", "egress"): "fw"}

_DecisionKind = Literal["finish", "allow", "drop", "none"]
_KINDS: dict[str, _DecisionKind] = {"Allow": "allow", "Deny": "drop", "Pass": "none"}
_OUTCOMES: dict[_DecisionKind, Outcome] = {"finish": "accept", "allow": "accept", "drop": "drop", "none": "no-verdict"}


class Decision(NamedTuple):
    """What a chain says: `finish` ends the table with an accept, `allow` sets the mark, `none` leaves it cleared."""

    kind: _DecisionKind
    reason: str
    policy: Resource | None = None
    path: Path = ()

    @property
    def outcome(self) -> Outcome:
        """What becomes of a packet whose way ends so."""
        return _OUTCOMES[self.kind]


class Entry(NamedTuple):
    """A policy that selects an endpoint, or may: then `doubt` is the question."""

    policy: CompiledPolicy
    doubt: str | None


class Stage(NamedTuple):
    """One tier of one chain; staged policies are among the entries."""

    tier: PlacedTier
    entries: list[Entry]


class EndpointChains:
    """The stages of one endpoint for each kind of chain (felix/calc/event_sequencer.go tierInfoToProtoTierInfo)."""

    def __init__(self, endpoint: Endpoint, tiers: Sequence[tuple[PlacedTier, Sequence[CompiledPolicy]]]) -> None:
        """Find the policies that select the endpoint."""
        self.endpoint = endpoint
        self.host = isinstance(endpoint, HostMember)
        self.stages: dict[Kind, list[Stage]] = {"normal": [], "forward": [], "preDNAT": [], "untracked": []}
        self.hidden: str | None = None
        for tier, policies in tiers:
            found: dict[Kind, list[Entry]] = {}
            for compiled in policies:
                placed = compiled.placed
                answer = placed.selects(endpoint.labels, f'"{endpoint.about.name}"')
                if answer:
                    self.hidden = self.hidden or placed.hidden_place or tier.hidden
                    entry = Entry(compiled, None if answer is True else answer)
                    for kind in kinds_of(placed, host=self.host):
                        found.setdefault(kind, []).append(entry)
            for kind, entries in found.items():
                self.stages[kind].append(Stage(tier, entries))

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
        self._rules = cache(self._compile)

    def decide(
        self, names: Sequence[str], direction: Direction, flow: Flow, doubts: Doubts, *, ebpf: bool
    ) -> Decision | None:
        """What the profiles say in order; None if no rule matches."""
        for name in names:
            unwritten = self._inventory.unwritten(name)
            if unwritten is None:
                resource = self._inventory.profiles[name].resource
                found = _decide(self._rules(name, direction), f"profile {name} {direction}", resource, flow, doubts)
                if found is not None and found.kind == "none" and ebpf:
                    found = found._replace(kind="drop")
            else:
                found = Decision(*unwritten)
            if found is not None and found.kind != "none":
                return found
        return None

    def _compile(self, name: str, direction: Direction) -> list[CompiledRule]:
        profile = self._inventory.profiles[name]
        return [CompiledRule(rule, profile.resource, None, self._inventory) for rule in profile.rules_of(direction)]


class Chain(NamedTuple):
    """One of Felix's chains: whose, of which kind, in which direction, by which name."""

    chains: EndpointChains
    kind: Kind
    direction: Direction
    name: str

    @classmethod
    def at(cls, interface: str, chains: EndpointChains, kind: Kind, direction: Direction) -> Chain:
        """That of an endpoint at an interface."""
        prefix = (HOST_CHAINS if chains.host else _WORKLOAD_CHAINS)[kind, direction]
        everywhere = chains.host and chains.endpoint.about.interface == "*"
        return cls(chains, kind, direction, f"{prefix}-{_OF_ALL_INTERFACES if everywhere else interface}")

    def step(self, outcome: str, reason: str, tier: str | None = None, decision: Decision | None = None) -> Step:
        """A step of this chain."""
        about = self.chains.endpoint.about
        policy, path = (decision.policy, decision.path) if decision else (None, ())
        return Step(self.name, "accept" if outcome == "finish" else outcome, reason, about.name, tier, policy, path)


def missing_fact(chains: EndpointChains, direction: Direction, flow: Flow) -> str | None:
    """Which fact is missing where an endpoint's own policy leaves a packet undecided; None where it does not."""

    def decide(doubts: Doubts) -> Verdict:
        decision = through_tiers(Chain(chains, "normal", direction, ""), flow, doubts, [])
        return Verdict("no-verdict" if decision is None else decision.outcome, "")

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
        decision = _ask(chain, asked, flow, doubts)
        if decision is not None:
            steps.append(chain.step(decision.kind, decision.reason, tier.name, decision))
            if decision.kind != "none":
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


def _ask(chain: Chain, policies: list[CompiledPolicy], flow: Flow, doubts: Doubts) -> Decision | None:
    """What the first policy says that says anything."""
    for compiled in policies:
        policy, direction = compiled.placed.policy, chain.direction
        what = f"policy {policy.name} {direction}"
        found = _decide(compiled.rules(direction), what, policy.resource, flow, doubts)
        if found is not None:
            return found if found.kind != "none" else found._replace(reason=f"{found.reason} passes")
    return None


def _decide(
    rules: Iterable[CompiledRule], what: str, resource: Resource, flow: Flow, doubts: Doubts
) -> Decision | None:
    """What the first rule says that matches and is no Log; a Pass decides `none`."""
    for rule in rules:
        if rule.matches(flow, doubts):
            kind = _KINDS.get(rule.action_now(doubts))
            if kind is not None:
                return Decision(kind, f"{what} rule {rule.number}", resource, rule.path)
    return None
