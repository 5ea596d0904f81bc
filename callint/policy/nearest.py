"""Why a packet met its verdict and no other: the rules that were asked, and the nearest that would have changed it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal

from callint.finding import Path
from callint.net.address import format_address
from callint.objects.policy import Policy, Rule
from callint.policy.admission import readable
from callint.policy.chains import HOST_CHAINS, Chain
from callint.policy.doubt import Doubts, UndecidedError
from callint.policy.match import Criteria, Side, criteria, matches
from callint.policy.model import NodePolicy
from callint.policy.packet import Direction, Flow, Packet, Step, Verdict, protocol_name, read
from callint.record import NamedTuple

_WHOLE = {"protocol": "protocol", "not_protocol": "notProtocol", "icmp": "icmp", "not_icmp": "notICMP"}
_SIDE = {
    "nets": "nets",
    "not_nets": "notNets",
    "inside": "selector",
    "outside": "notSelector",
    "ports": "ports",
    "not_ports": "notPorts",
    "service": "services",
}
_NOTHING = Criteria(None, None, None, None, Side(), Side())


class Alternative(NamedTuple):
    """A rule that would have changed the verdict.

    `later` rules match but come after the one that decided; `near` ones were asked and fail by one criterion, which
    `path` leads to and `reason` names in a clause.
    """

    kind: Literal["later", "near"]
    policy: Policy
    rule: Rule
    path: Path
    reason: str


class _Asked(NamedTuple):
    """A rule in its chain's order, and whether the packet came so far."""

    policy: Policy
    rule: Rule
    evaluated: bool


class Way:
    """The chains that one packet visited, as its verdict's steps tell."""

    def __init__(self, here: NodePolicy, packet: Packet, verdict: Verdict) -> None:
        """`verdict` is what `evaluate` says of the packet."""
        self._here = here
        self._verdict = verdict
        self._flow = read(packet)
        self._wire = read(packet, pre_dnat=True)
        self._visits = {one.name: one for one in self._visited(packet)}

    def passed_over(self, step: Step) -> tuple[Policy, ...]:
        """The policies of a step's tier that were asked there before the one that decided, and decided nothing."""
        asked = self._asked.get((step.chain, step.tier), ())
        return tuple(policy for policy in asked if policy.resource is not step.policy)

    @cached_property
    def _asked(self) -> dict[tuple[str, str | None], list[Policy]]:
        """By chain and tier the policies of which the packet met a rule, each once: its rules follow each other."""
        found: dict[tuple[str, str | None], list[Policy]] = {}
        for name in self._visits:
            for policy, _, evaluated in self._rules(name):
                several = found.setdefault((name, policy.tier), [])
                if evaluated and not (several and several[-1] is policy):
                    several.append(policy)
        return found

    def alternatives(self) -> tuple[Alternative, ...]:
        """At most one rule that comes later and one that nearly matched, in this order."""
        if self._verdict.outcome == "unknown" or not self._verdict.steps:
            return ()
        last = self._verdict.steps[-1]
        found = (self._later(last), self._near(last))
        return tuple(one for one in found if one is not None)

    def _later(self, last: Step) -> Alternative | None:
        decided = "Deny" if self._verdict.outcome == "drop" else "Allow"
        rules = list(self._rules(last.chain))
        reached = max((index for index, one in enumerate(rules) if one.evaluated), default=-1)
        for policy, rule, _ in rules[reached + 1 :]:
            if rule.action not in ("Log", decided) and self._failing(last.chain, policy, rule) == []:
                return Alternative("later", policy, rule, (*rule.path, "action"), "matches, but is never asked")
        return None

    def _near(self, last: Step) -> Alternative | None:
        outcome = self._verdict.outcome
        for name in dict.fromkeys(step.chain for step in self._verdict.steps):
            wanted = {"Allow"} if outcome == "drop" else {"Deny"}
            if outcome == "drop" and name != last.chain:
                continue
            if outcome == "no-verdict" and name == last.chain:
                wanted = {"Allow", "Deny"}
            for policy, rule, evaluated in self._rules(name):
                if not evaluated or rule.action not in wanted:
                    continue
                failing = self._failing(name, policy, rule)
                if failing is not None and len(failing) == 1:
                    path = failing[0]
                    return Alternative("near", policy, rule, (*rule.path, *path), self._clause(name, path))
        return None

    def _visited(self, packet: Packet) -> Iterator[Chain]:
        """Every chain that the packet's interfaces could lead it through."""
        ends: tuple[tuple[str | None, Direction, Direction], ...] = (
            (packet.in_interface, "ingress", "egress"),
            (packet.out_interface, "egress", "ingress"),
        )
        governance = self._here.governance
        for interface, of_host, of_workload in ends:
            if interface is None:
                continue
            chains = self._here.workload_chains(interface) if governance.is_workload(interface) else None
            if chains is not None:
                yield Chain.at(interface, chains, "normal", of_workload)
            hosts = (one for one in (governance.of(interface).endpoint, governance.wildcard) if one is not None)
            for chains in map(self._here.chains, hosts):
                for kind, direction in HOST_CHAINS:
                    if direction == of_host:
                        yield Chain.at(interface, chains, kind, direction)

    def _rules(self, name: str) -> Iterator[_Asked]:
        """The rules of a chain in the order in which Felix asks them."""
        visit = self._visits.get(name)
        if visit is None:
            return
        steps = {step.tier: step for step in self._verdict.steps if step.chain == name and step.tier is not None}
        try:
            stages = visit.chains.resolved(visit.kind, Doubts())
        except UndecidedError:
            return
        for tier, policies in stages:
            step = steps.get(tier.name)
            evaluated = step is not None
            for compiled in policies:
                policy = compiled.placed.policy
                for rule in () if policy.staged else policy.governed(visit.direction):
                    yield _Asked(policy, rule, evaluated)
                    if step is not None and step.policy is policy.resource and step.path == rule.path:
                        evaluated = False

    def _flow_in(self, name: str) -> Flow:
        return self._wire if self._visits[name].kind in ("preDNAT", "untracked") else self._flow

    def _failing(self, name: str, policy: Policy, rule: Rule) -> list[Path] | None:
        """The demands of a rule that the packet does not meet; None where the whole is not certain."""
        if policy.resource.unreadable(*rule.path):
            return None
        flow, doubts = self._flow_in(name), Doubts()
        demand = criteria(readable(rule, policy.resource), flow.family, self._here.inventory, policy.namespace)
        if demand is None:
            return None
        failing = [path for path, part in _parts(demand) if not matches(part, flow, doubts)]
        return None if doubts.asked else failing

    def _clause(self, name: str, path: Path) -> str:
        """What one would have to change, as a clause about the packet."""
        flow = self._flow_in(name)
        key = path[-1]
        if key in ("protocol", "notProtocol"):
            return f"the protocol is {protocol_name(flow.protocol)}"
        if key in ("icmp", "notICMP"):
            return "the ICMP type or code is another" if key == "icmp" else "the ICMP type and code are excluded"
        side = path[0]
        address = format_address(flow.family, flow.source if side == "source" else flow.destination)
        port = flow.source_port if side == "source" else flow.destination_port
        if key in ("ports", "notPorts"):
            return f"the {side} port is {port}"
        words = {
            "nets": "is in none of its nets",
            "notNets": "is in its notNets",
            "selector": "is the address of nothing that its selector matches",
            "notSelector": "is the address of something that its notSelector matches",
            "services": "is no endpoint of its service",
        }
        return f"the {side} {address} {words[str(key)]}"


def _parts(demand: Criteria) -> Iterator[tuple[Path, Criteria]]:
    """Every single demand of a rule, alone, with the way to it from the rule."""
    for field, key in _WHOLE.items():
        if getattr(demand, field) is not None:
            yield (key,), _NOTHING._replace(**{field: getattr(demand, field)})
    for name in ("source", "destination"):
        side: Side = getattr(demand, name)
        for field, key in _SIDE.items():
            value = getattr(side, field)
            if value not in (None, ()):
                alone: dict[str, Any] = {name: Side(service_ports=side.service_ports)._replace(**{field: value})}
                yield (name, key), _NOTHING._replace(**alone)
