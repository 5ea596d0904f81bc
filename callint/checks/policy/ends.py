"""Policies of both ends of a connection that open different ports for it, so that nothing passes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from callint.calico.defaults import NAMESPACE_LABEL
from callint.calico.kinds import NETWORKING
from callint.checks.breach import Breach, object_words, unexamined
from callint.checks.policy.opened_ports import Ports, meet, opened, words
from callint.checks.policy.pod_terms import Terms, by_labels, named, terms
from callint.finding import Path, Related, witness
from callint.objects import Cluster, Resource, fields
from callint.objects.policy import Policy, Rule
from callint.policy import model_of
from callint.policy.packet import Direction
from callint.policy.tiers import PlacedPolicy
from callint.record import NamedTuple
from callint.selector import Selector
from callint.selector.overlap import OverlapIndex
from callint.selector.satisfy import overlaps
from callint.selector.syntax import ALL, Compare
from callint.selector.values import Budget, ExhaustedError

_OF_RULE = 5
"""Steps that it takes to see whom and what a policy, or a rule, lets through."""


class _Opening(NamedTuple):
    """A rule that allows something between pods that it and its policy name."""

    placed: PlacedPolicy
    rule: Rule


class _Allowed(NamedTuple):
    """A rule that allows something, and the pods at the other end; None if it may be anybody."""

    rule: Rule
    far: Selector | None


_Openings = dict[tuple[Terms, Terms], list[_Opening]]
"""By the pods that send and those that hear."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Pods of which one policy lets some send to others, and another lets these hear them, at ports that never meet.

    Each of the two selects exactly the pods that the other names, and nothing else opens a port for both. Takes no
    parameters.
    """
    if cluster.incomplete or any(one.namespace is None for one in cluster.kubernetes("NetworkPolicy", NETWORKING)):
        return  # who applies them says where they go
    sending = _openings(cluster, "egress", None)
    hearing = _openings(cluster, "ingress", {there for _, there in sending}) if sending else {}
    others = _Others(cluster)
    for pods, sent in sending.items():
        heard = hearing.get(pods)
        if heard is None or meet(_ports(sent), _ports(heard)):
            continue
        try:
            if others.open_nothing(sent[0].placed, heard[0].placed):
                yield _breach(sent, heard)
        except ExhaustedError:
            reason = cluster.limits.too_many("selectors")
            yield unexamined("whether anything passes by both ends of what is sent by", _resource(sent[0]), reason)
            return


def _openings(cluster: Cluster, direction: Direction, subjects: set[Terms] | None) -> _Openings:
    """What policies open that close the rest: for pods that they select by name; of given ones, if any are given."""
    found: _Openings = {}
    closing = {id(tier) for tier in model_of(cluster).tiers if tier.closes}
    for tier, placed in model_of(cluster).policies:
        policy = placed.policy
        opening = [one for one in policy.governed(direction) if _by_selector(one)]
        if not opening or id(tier) not in closing or not policy.resource.whole or not policy.tracked:
            continue
        own = terms(placed.selector)
        if not _in_namespace(own) or (subjects is not None and own not in subjects):
            continue
        for rule in opening:
            far = terms(named(rule, policy) or ALL)
            if _in_namespace(far):
                pods = (own, far) if direction == "egress" else (far, own)
                found.setdefault(pods, []).append(_Opening(placed, rule))
    return found


def _by_selector(rule: Rule) -> bool:
    """Whether it allows packets of which it says only who is at the other end, and ports."""
    _, far = rule.ends
    return bool(far.selector) and rule.action == "Allow" and by_labels(rule)


def _in_namespace(terms: Terms) -> bool:
    return any(isinstance(one, Compare) and (one.key, one.operator) == (NAMESPACE_LABEL, "==") for one in terms)


def _ports(openings: list[_Opening]) -> Ports:
    return opened(one.rule for one in openings)


def _resource(opening: _Opening) -> Resource:
    return opening.placed.policy.resource


class _Others:
    """What all policies open."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._budget = Budget(cluster.limits.comparisons)
        self._index = cache(self._make_index)
        self._allowing: dict[tuple[int, Direction], OverlapIndex[_Allowed]] = {}

    def _make_index(self, direction: Direction) -> OverlapIndex[PlacedPolicy]:
        placed = (one for _, one in model_of(self._cluster).policies if one.policy.tracked)
        asked = (one for one in placed if not one.policy.resource.whole or one.policy.governed(direction))
        return OverlapIndex((one.selector, one) for one in asked)

    def open_nothing(self, sender: PlacedPolicy, hearer: PlacedPolicy) -> bool:
        """Whether no port may be open at both ends between the pods of two policies; raises ExhaustedError."""
        sent = self._opened("egress", sender.selector, hearer.selector)
        heard = None if sent is None else self._opened("ingress", hearer.selector, sender.selector)
        return sent is not None and heard is not None and not meet(sent, heard)

    def _opened(self, direction: Direction, own: Selector, far: Selector) -> Ports | None:
        """What may be open at one end towards pods at the other; None if that cannot be read."""
        found: list[Rule] = []
        for placed in self._index(direction).candidates(own):
            policy = placed.policy
            self._budget.spend(_OF_RULE)
            if overlaps(placed.selector, own, self._budget) is False:
                continue
            if not policy.resource.whole:
                return None
            found += self._allowed(policy, direction, far)
        self._budget.spend(_OF_RULE * len(found))
        return opened(found)

    def _allowed(self, policy: Policy, direction: Direction, far: Selector) -> Iterator[Rule]:
        """The rules of a policy that may let packets through to or from some pods."""
        index = self._allowing.get((id(policy), direction))
        if index is None:
            own = policy.governed(direction)
            self._budget.spend(_OF_RULE * len(own))
            allowed = (_Allowed(one, named(one, policy)) for one in own if one.opens)
            index = self._allowing[id(policy), direction] = OverlapIndex((one.far or ALL, one) for one in allowed)
        for one in index.candidates(far):
            self._budget.spend(1)
            if one.far is None or overlaps(one.far, far, self._budget) is not False:
                yield one.rule


def _breach(sent: list[_Opening], heard: list[_Opening]) -> Breach:
    here, there = sent[0], heard[0]
    out, into = words(_ports(sent)), words(_ports(heard))
    return Breach.at(
        _resource(here),
        _place(here),
        f"{_named(here)} lets its pods send {out} to those of {_named(there)}, which lets them in by {into} alone: "
        "nothing passes at both ends",
        (Related(_resource(there).span(*_place(there), key=True), f"lets them in by {into}"),),
        witness(
            "packet",
            direction="ingress",
            source=f"pods of {_resource(here).namespace}/{_resource(here).name}",
            destination=f"pods of {_resource(there).namespace}/{_resource(there).name}",
            verdict="drop",
            decided_by="end of tier, of either end",
        ),
        "open the port at which the pods listen, in both",
        key=True,
    )


def _named(opening: _Opening) -> str:
    policy = opening.placed.policy
    return object_words(policy.resource, policy.namespace)


def _place(opening: _Opening) -> Path:
    """Where its ports are written, or its protocol, or the rule."""
    path = opening.rule.path
    places: tuple[Path, ...] = ((*path, "ports"), (*path, "destination", "ports"), (*path, "protocol"))
    plain = opening.placed.policy.resource.plain
    return next((one for one in places if fields.at(plain, one) is not None), path)
