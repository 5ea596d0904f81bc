"""`flow-required` at the interfaces of nodes that need it: every packet of a service, after all policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from callint.calico.defaults import DEFAULT_TIER
from callint.checks.breach import Breach, decider, decision_place, ended_tier, switched
from callint.checks.proof import told
from callint.checks.traffic.answer import Answer, Answers, Drop, questions, together
from callint.checks.traffic.need import read_needs
from callint.checks.traffic.place import abouts
from callint.checks.traffic.question import Point, Question, wanted
from callint.checks.traffic.sites import sites
from callint.finding import Path, Related, Span, Witness, counted, witness
from callint.net.diagrams import TooLargeError
from callint.net.packets import Packet as One
from callint.objects import Cluster, Resource
from callint.policy import Model, Packet, Verdict, evaluate, model_of
from callint.policy.symbolic.block import Cause
from callint.policy.symbolic.partition import Part, Partition
from callint.policy.symbolic.point import ANOTHER, SOMEBODY, SOURCE_PORT, packet_at
from callint.record import NamedTuple

_TOO_LARGE = "a question that is too large"
_OF_SETS = 100
"""Steps of `limits.comparisons` that it takes to hold two sets of packets against each other."""


def required(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Packets that nodes need and Calico drops, at the interfaces where the need is evident.

    Parameters: `name`; `at`, the evidence (`sites.py`); `direction`: in, out or either; `peers`, who is at
    the far end, the first that is known (`peer_addresses.py`): all of them must get through, or
    `somebody`; `own` addresses instead of the node's; `protocol`, `ports`, `sourcePorts`, `icmpTypes`; `because`, where
    the evidence says too little; `flows`, a list of maps with these keys, for which those beside it hold as well. With
    `governed` true only what a policy governs counts, not what is dropped for want of any.
    """
    governed = switched(parameters, "governed")
    needs = read_needs(cluster, parameters)
    model = model_of(cluster)
    nodes = abouts(model)
    if not nodes:
        return
    found = [(need, site) for need in needs for site in sites(nodes.values(), need)]
    answers = Answers(model, (packets for one in found for packets in wanted(*one)), governed=governed)
    breaches: dict[Span, tuple[Breach, int]] = {}
    doubts: dict[str, Breach] = {}
    left: list[_Judged] = []
    for one in _judge(model, answers, questions(nodes, answers, together(answers, found))):
        if one.missing is not None:
            doubts.setdefault(one.missing, one.breach)
        elif one.breach.undecided:
            left.append(one)
        else:
            first, before = breaches.get(one.breach.span, (one.breach, 0))
            breaches[one.breach.span] = (first, before + one.size)
    for breach, count in breaches.values():
        more = "" if count == 1 else f"; {count - 1} more flow{'s end' if count > 2 else ' ends'} there too"
        yield breach._replace(message=breach.message + more)
    if doubts and not governed and not _said(cluster):
        yield from doubts.values()
    if left:
        breach, others = left[0].breach, sum(one.size for one in left) - 1
        so_too = f", and so it is with {counted(others, 'more flow')}" if others else ""
        yield breach._replace(message=breach.message + so_too)


class _Judged(NamedTuple):
    """Of so many questions a breach, or a doubt with the fact that is missing; without one they were too large."""

    breach: Breach
    size: int
    missing: str | None


def _judge(model: Model, answers: Answers, asked: Iterable[Question]) -> Iterator[_Judged]:
    """A breach for each cause by which questions fail, or a doubt."""
    alike: dict[tuple[object, ...], list[tuple[Question, list[Answer]]]] = {}
    for one in asked:
        try:
            found = [answers.of(one, connection) for connection in one.connections]
        except TooLargeError as error:
            yield _Judged(_open(model, one, f"{_TOO_LARGE}: {error}"), one.site.stands_for, None)
            continue
        if not any(answer.passes for answer in found):
            drops = tuple(
                (answer.fails, answers.alike(drop)) for answer in found for drop in (*answer.dropped, *answer.unknown)
            )
            key = (one.connections[0].packets, one.need.direction, one.site.missing, one.anybody, drops)
            alike.setdefault(key, []).append((one, found))
    failed: dict[object, tuple[Question, Drop, int]] = {}
    for (asked_packets, direction, missing, *_), group in alike.items():
        one, found = group[0]
        if not all(answer.fails for answer in found):
            _, verdict = _proof(model, next(answer.unknown for answer in found if not answer.fails)[0])
            unknown = verdict.unknown or "facts that several rules wait for"
            yield _Judged(_open(model, one, unknown), len(group), unknown)
            continue
        try:
            for one, cause, drop, count in _causes(group, model.cluster.limits.comparisons):
                place = (asked_packets, direction, missing, cause)
                first, its, before = failed.get(place, (one, drop, 0))
                failed[place] = (first, its, before + count)
        except TooLargeError as error:
            yield _Judged(_open(model, one, f"{_TOO_LARGE}: {error}"), len(group), None)
    for one, drop, count in failed.values():
        yield _Judged(_breach(model, one, drop), count, one.site.missing)


def _causes(group: list[tuple[Question, list[Answer]]], steps: int) -> Iterator[tuple[Question, Cause, Drop, int]]:
    """What decides about the packets that each of the questions loses, with what it drops and of how many questions.

    Where any packets would do, one that a question loses stands for all that it does. After so many steps the other
    questions, which are about what policy treats alike, are left for when the first are mended.
    """
    deciding: dict[Partition, list[Part]] = {}
    for one, (answer, *_) in group:
        found: dict[Cause, Drop] = {}
        for drop in answer.dropped:
            parts = deciding.get(drop.partition)
            if parts is None:
                parts = deciding[drop.partition] = _deciding(drop.partition)
            steps -= _OF_SETS * len(parts)
            if one.anybody:
                point = _point(drop)
                found[next(part.cause for part in parts if point in part.packets)] = drop
                break
            found = {**_shares(drop, parts), **found}
        yield from ((one, cause, drop, one.site.stands_for) for cause, drop in found.items())
        if steps < 0:
            return


def _deciding(partition: Partition) -> list[Part]:
    """The parts that are dropped, those of an object's rule first."""
    found = [part for part in partition.parts() if part.outcome == "drop"]
    return sorted(found, key=lambda part: part.cause.policy is None)


def _shares(drop: Drop, parts: Iterable[Part]) -> dict[Cause, Drop]:
    """The packets of a drop by what decides about them."""
    found = {}
    left = drop.packets
    for part in parts:
        here = left & part.packets
        if here:
            found[part.cause] = drop._replace(packets=here)
            left = left - here
    return found


def _said(cluster: Cluster) -> bool:
    """Whether a policy or endpoint could not be read: that is told where it stands, and the doubt is its shadow."""
    resources = cluster.of("HostEndpoint", "GlobalNetworkPolicy", "Tier", "FelixConfiguration", "GlobalNetworkSet")
    return any(not resource.whole for resource in resources) or bool(cluster.incomplete)


def _about(one: Question) -> str:
    need, site = one.need, one.site
    way = {"in": "to", "out": "from", "either": "of"}[need.direction]
    where = "" if site.interface == "*" else f' at "{site.interface}"'
    return f'{need.name} {way} node "{site.node}"{where} ({one.connections[0].packets.words})'


def _breach(model: Model, one: Question, drop: Drop) -> Breach:
    missing = one.site.missing
    packet, verdict = _proof(model, drop)
    resource, path, at_key = _place(model, drop.point, verdict)
    both = ", as are connections the other way" if len(one.connections) > 1 else ""
    reason = f"though {one.site.reason}" if missing is None else f"and whether it is needed depends on {missing}"
    return Breach.at(
        resource,
        path,
        f"{_about(one)} is dropped by {decider(verdict.policy, verdict.path, verdict.decided_by)}{both}, {reason}",
        _related(model, one, drop.point, resource),
        _witness(drop.point, packet, verdict),
        help=_cure(one, drop, verdict) if missing is None else "",
        undecided=missing is not None,
        key=at_key,
    )


def _open(model: Model, one: Question, missing: str) -> Breach:
    resource, path, at_key = _endpoint(model, one.connections[0].points[0])
    message = f"whether {_about(one)} is let through is not known: it depends on {missing}"
    return Breach.at(resource, path, message, undecided=True, key=at_key)


def _point(drop: Drop) -> One:
    """One of the packets, preferably with strangers, and not of one to itself if there are others."""
    somebody, another = (SOMEBODY[drop.family],), (ANOTHER[drop.family],)
    point = drop.packets.witness(source_port=(SOURCE_PORT,), source=somebody, destination=somebody)
    if point is not None and point.source == point.destination:
        point = drop.packets.witness(source_port=(SOURCE_PORT,), source=somebody, destination=another)
    assert point is not None, "there is a packet"
    return point


def _proof(model: Model, drop: Drop) -> tuple[Packet, Verdict]:
    """One of the packets, and its trace."""
    ends = (drop.point.interface, None) if drop.point.direction == "ingress" else (None, drop.point.interface)
    packet = packet_at(drop.family, _point(drop), *ends)
    return packet, evaluate(model.at(drop.point.node), packet)


def _witness(point: Point, packet: Packet, verdict: Verdict) -> Witness:
    return witness(
        "packet",
        node=point.node,
        **told(packet),
        verdict=verdict.outcome,
        decided_by=verdict.decided_by,
        trace=[f"{step.chain}: {step.outcome}, {step.reason}" for step in verdict.steps],
    )


def _cure(one: Question, drop: Drop, verdict: Verdict) -> str:
    where = " before that rule" if verdict.policy is not None and len(verdict.path) > 2 else ""
    tier = ended_tier(verdict.decided_by)
    if tier not in (None, DEFAULT_TIER):  # what is allowed in later tiers is not asked
        where = f' in tier "{tier}", or pass on there what it has no rule for'
    words, point = one.connections[0].packets.words, drop.point
    interface = "all interfaces" if point.interface == "*" else point.interface
    return f"allow {point.direction} of {words} at the host endpoint of {interface}{where}"


def _place(model: Model, point: Point, verdict: Verdict) -> tuple[Resource, Path, bool]:
    """The action of the rule or the key of the list that decided, else the endpoint whose policy is missing."""
    if verdict.policy is not None:
        return verdict.policy, *decision_place(verdict.path)
    return _endpoint(model, point)


def _endpoint(model: Model, point: Point) -> tuple[Resource, Path, bool]:
    """The host endpoint of an interface, else one of the node."""
    governor = model.at(point.node).governance.of(point.interface).endpoint
    resource = (
        next(one.about.resource for one in model.inventory.hosts_of(point.node) if one.about.node == point.node)
        if governor is None
        else governor.about.resource
    )
    if resource.kind != "HostEndpoint":
        return resource, ("metadata", "name"), False
    return resource, ("spec", "interfaceName" if governor is not None and governor.about.interface else "node"), False


def _related(model: Model, one: Question, point: Point, place: Resource) -> tuple[Related, ...]:
    found = [Related(one.site.span, f"{one.need.name}: {one.site.reason}")] if one.site.span else []
    endpoint = _endpoint(model, point)[0]
    if endpoint is not place:
        found.append(Related(endpoint.span("metadata", "name"), "the host endpoint"))
    return tuple(found)
