"""Rules that open the port of a service, behind which pods listen at another one that nothing opens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from callint.checks.breach import Breach, rule_words, unexamined
from callint.checks.policy.behind_service import Backends, Translation
from callint.checks.policy.named_port import at_the_end, place_of_port
from callint.checks.policy.opened_ports import among, may_be_of
from callint.finding import Path, Related, witness
from callint.net.ports import PROTOCOL_NAMES, parse_protocol
from callint.objects import Cluster
from callint.objects.policy import Policy, Rule
from callint.policy import model_of
from callint.policy.labels import Labels, holds
from callint.policy.match import entity_selectors
from callint.policy.packet import DIRECTIONS
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.record import NamedTuple
from callint.selector import Selector
from callint.selector.overlap import OverlapIndex
from callint.selector.satisfy import overlaps
from callint.selector.values import Budget, ExhaustedError
from callint.steps import Steps, counted

_OF_SERVICE = 4
"""Steps that it takes to find the pods behind a service."""
_OF_CANDIDATE = 10
"""Steps that it takes to see whether a policy lets packets through; besides one for each rule and port."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Rules for pods of a service that name the port of the service, where policy shuts the one of the pods.

    What a client sends to a service is translated before policy sees it (felix/rules/static.go), with eBPF not always.
    Told where every pod that a rule is about is behind the service, and no policy may let anything to the pods' port.
    """
    if cluster.target.dataplane == "ebpf":
        return
    backends, steps = Backends(cluster), Steps(cluster, "ports of rules with services")
    for direction in DIRECTIONS:
        openers = _Openers(cluster, direction)
        for tier, placed in model_of(cluster).closing(direction):
            for meant in _meant(placed.policy, direction, backends, steps):
                opened = openers.open(placed.selector, meant)
                if opened is None:
                    reason = cluster.limits.too_many("selectors")
                    yield unexamined("whether ports of pods are closed by", placed.policy.resource, reason)
                    return
                if not opened:
                    yield _breach(tier, placed.policy, direction, meant)


class _Meant(NamedTuple):
    """A rule that names the port of a service, as it is written, and pods behind the service."""

    rule: Rule
    text: str
    labels: Labels
    service: Translation


def _meant(policy: Policy, direction: str, backends: Backends, steps: Steps) -> Iterator[_Meant]:
    """The rules that allow the port of a service, to pods behind it and to nobody else.

    Raises TooManyStepsError.
    """
    said: set[Path] = set()
    for rule in policy.rules_of(direction):
        there = rule.destination
        if rule.protocol is None or not there.ports or not (named := backends.named(there.ports)) or rule.path in said:
            continue
        selector = at_the_end(policy, rule)
        if rule.action != "Allow" or there.nets or there.services is not None or selector is None:
            continue
        protocol = parse_protocol(rule.protocol)
        for text in counted(named, steps, _OF_SERVICE):
            found = backends.behind(selector, protocol, int(text))
            if found is not None:
                said.add(rule.path)
                yield _Meant(rule, text, *found)
                break


class _Openers:
    """The policies that let packets through in a direction, to be found by whom they select."""

    def __init__(self, cluster: Cluster, direction: str) -> None:
        self._cluster = cluster
        self._budget = Budget(cluster.limits.comparisons)
        self._direction = direction

    @cached_property
    def _index(self) -> OverlapIndex[PlacedPolicy]:
        every = (one for _, one in model_of(self._cluster).policies if one.policy.tracks(self._direction))
        return OverlapIndex((one.selector, one) for one in every)

    def open(self, selector: Selector, meant: _Meant) -> bool | None:
        """Whether a policy for some of those may let packets through to the port of the pods; None if it takes long."""
        try:
            return any(self._may_let(one, selector, meant) for one in self._index.candidates(selector))
        except ExhaustedError:
            return None

    def _may_let(self, placed: PlacedPolicy, selector: Selector, meant: _Meant) -> bool:
        policy, port = placed.policy, meant.service
        rules = policy.rules_of(self._direction)
        ends = (rule.destination for rule in rules)
        self._budget.spend(_OF_CANDIDATE + sum(1 + len(one.ports) + len(one.not_ports) for one in ends))
        lets = not policy.resource.whole or any(
            may_open(rule, policy, meant.labels, port.protocol, port.target, port.names) for rule in rules
        )
        return lets and overlaps(placed.selector, selector, self._budget) is not False


def may_open(
    rule: Rule, policy: Policy, labels: Labels, protocol: int, port: int, names: frozenset[str] | None = None
) -> bool:
    """Whether a rule may let packets through, or leave them to others, to a port of pods with the labels.

    `names` are all that it has; without them it may have any.
    """
    there = rule.destination
    if not rule.opens or not may_be_of(rule, protocol) or among(there.not_ports, port, frozenset()):
        return False
    if there.ports and not among(there.ports, port, names):
        return False
    selector, _ = entity_selectors(there, policy.namespace)
    return selector is None or holds(selector, labels) is not False


def _breach(tier: PlacedTier, policy: Policy, direction: str, meant: _Meant) -> Breach:
    resource, service = policy.resource, meant.service
    path = place_of_port(resource, meant.rule, meant.text)
    protocol = PROTOCOL_NAMES[service.protocol]
    port = f"{protocol} port {service.target}"
    places = () if service.resource is None else (Related(service.resource.span("spec", "ports"), "translates ports"),)
    return Breach.at(
        resource,
        path,
        f'{rule_words(resource, meant.rule.path)} opens port {service.port} of Service "{service.service}", but its '
        f"pods listen at {service.target}, which is the port that policy sees, and no policy opens it",
        places,
        witness(
            "packet",
            direction=direction.lower(),
            destination=f"pods of {service.service}",
            protocol=protocol.lower(),
            destination_port=service.target,
            verdict="drop",
            decided_by=f"end of tier {tier.name}, or a Deny before it",
        ),
        f"allow {port}",
    )
