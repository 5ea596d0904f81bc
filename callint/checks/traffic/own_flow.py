"""What becomes of every packet of a flow, with one that proves that it does not pass, or does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach, CheckError, decider, decision_place
from callint.checks.proof import told
from callint.checks.traffic.flow_cases import Case, cases, engine_of
from callint.checks.traffic.flow_terms import Terms, read_terms
from callint.finding import Path, Related, Span, counted, witness
from callint.net.address import Family
from callint.net.diagrams import TooLargeError
from callint.net.packets import Packet as Point
from callint.net.packets import PacketSet
from callint.objects import Cluster, Resource
from callint.policy import evaluate
from callint.policy.chains import missing_fact
from callint.policy.doubt import UndecidedError
from callint.policy.links import listed, not_listed
from callint.policy.packet import read
from callint.policy.symbolic.block import Cause
from callint.policy.symbolic.flow import End, FlowError, Place, Stage, places
from callint.policy.symbolic.partition import Partition
from callint.policy.symbolic.point import ANOTHER, SOMEBODY, SOURCE_PORT, USUAL_PORT, packet_at
from callint.suggest import did_you_mean, nearest


def judge(cluster: Cluster, parameters: Mapping[str, Any], *, must_pass: bool) -> Iterator[Breach]:
    """The first breach at each place with the number of those like it, and at most one doubt.

    Takes the parameters of `flow-required`. Raises CheckError for those that make no flow.
    """
    terms = read_terms(parameters)
    if not cluster.all:
        return
    for end in (terms.source, terms.target):
        absent = _absent(cluster, end)
        if absent is not None:
            yield _undecided(cluster, terms, absent)
            return
    found: dict[Span, tuple[Breach, set[tuple[str, str]]]] = {}
    doubt: Breach | None = None
    try:
        for case, breach in _answers(cluster, terms, must_pass=must_pass):
            if case is None:
                doubt = breach
            else:
                _, pairs = found.setdefault(breach.span, (breach, set()))
                pairs.add((case.source.words, case.target.words))
    except FlowError as error:
        raise CheckError(str(error)) from error
    except (UndecidedError, TooLargeError) as error:
        missing = error.missing if isinstance(error, UndecidedError) else f"a question that is too large: {error}"
        doubt = _undecided(cluster, terms, missing)
    for breach, pairs in found.values():
        others = len(pairs) - 1
        more = f"; so it is between {counted(others, 'other pair')} of places" if others else ""
        yield breach._replace(message=breach.message + more)
    if doubt is not None:
        yield doubt


def _answers(cluster: Cluster, terms: Terms, *, must_pass: bool) -> Iterator[tuple[Case | None, Breach]]:
    """The breach of each case that has one, and last, of no case, a doubt.

    Those of pods that no manifest holds count if all of them have one.
    """
    assumed: list[tuple[Case, Breach | None]] = []
    doubt: Breach | None = None
    for case in cases(cluster, terms):
        breach = _proven(cluster, terms, case, must_pass=must_pass)
        if breach is None:
            doubt = doubt or _open(cluster, terms, case, must_pass=must_pass)
        if case.assumed:
            assumed.append((case, breach))
        elif breach is not None:
            yield case, breach
    broken = [(case, breach) for case, breach in assumed if breach is not None]
    if len(broken) == len(assumed):
        yield from broken
    elif broken or doubt is None:
        doubt = _assumed(cluster, terms, assumed, must_pass=must_pass)
    doubt = doubt or _nobody(cluster, terms)
    if doubt is not None:
        yield None, doubt


def _assumed(cluster: Cluster, terms: Terms, assumed: list[tuple[Case, Breach | None]], *, must_pass: bool) -> Breach:
    """A doubt about pods that no manifest holds: some of those that may be would break the rule, or none would."""
    missing = "the labels of pods that no manifest holds"
    for _, breach in assumed:
        if breach is not None:
            words = _undecided(cluster, terms, f"{missing}; {breach.message}").message
            return breach._replace(message=words, undecided=True)
    first = assumed[0][0]
    does = "passes" if must_pass else "does not pass"
    others = len(assumed) - 1
    more = f", and so between {counted(others, 'other pair')}" if others else ""
    return _undecided(cluster, terms, f"{missing}; it {does} from {first.source.words} to {first.target.words}{more}")


def _absent(cluster: Cluster, end: End) -> str | None:
    """The end, where it is behind an interface that its node has not."""
    if end.node is None or end.interface is None or not not_listed(cluster, end.node, end.interface):
        return None
    near = nearest(end.interface, listed(cluster, end.node))
    return f"{end.words}, which its facts do not list{did_you_mean(near)}"


def _nobody(cluster: Cluster, terms: Terms) -> Breach | None:
    """A doubt about an end that no endpoint of the manifests is."""
    engine = engine_of(cluster, terms, 4)
    for end in (terms.source, terms.target):
        if not places(engine, end, by_node=False):
            missing = "an endpoint" if end.selector is not None else "an interface"
            return _undecided(cluster, terms, f"{end.words}, of which neither manifests nor facts hold {missing}")
    return None


def _proven(cluster: Cluster, terms: Terms, case: Case, *, must_pass: bool) -> Breach | None:
    """A breach with its packet: whatever is not known, it breaks the rule."""
    if must_pass:
        for stage in case.stages:
            dropped = case.packets & stage.partition.drop
            if dropped and (case.doubt is None or dropped == case.packets):
                return _breach(cluster, terms, case, stage, dropped)
        return None
    passing = case.packets
    for stage in case.stages:
        passing &= _passing(stage.partition)
    if passing and (case.doubt is None or passing == case.packets):
        return _breach(cluster, terms, case, case.stages[-1], passing)
    return None


def _open(cluster: Cluster, terms: Terms, case: Case, *, must_pass: bool) -> Breach | None:
    """A doubt, where some packet may break the rule."""
    for stage in case.stages:
        at_risk = case.packets - (_passing(stage.partition) if must_pass else stage.partition.drop)
        if not at_risk:
            if must_pass:
                continue
            return None
        missing = case.doubt or _missing(case, stage, at_risk & stage.partition.unknown)
        if must_pass or stage is case.stages[-1]:
            return _undecided(cluster, terms, missing, case)
    return None


def _passing(partition: Partition) -> PacketSet:
    return partition.accept | partition.no_verdict


def _missing(case: Case, stage: Stage, unknown: PacketSet) -> str:
    """The fact that decides about one of the packets."""
    for part in stage.partition.parts():
        if part.cause.kind == "unknown" and part.packets & unknown:
            return part.cause.reason
    point = unknown.witness(source_port=(SOURCE_PORT,))
    if point is None:
        return "facts that several rules wait for"
    here = case.engine.model.at(stage.node)
    packet = packet_at(case.engine.space.family, point, stage.arriving, stage.leaving)
    if stage.endpoint is not None and stage.endpoint in here.inventory.workloads:
        chains = case.engine.model.chains(stage.endpoint)
        found = missing_fact(chains, stage.direction, read(packet))
    else:
        found = evaluate(here, packet).unknown
    return found or "facts that several rules wait for"


def _breach(cluster: Cluster, terms: Terms, case: Case, stage: Stage, found: PacketSet) -> Breach:
    point = found.witness(
        source=_usual(cluster, case, case.source, SOMEBODY),
        destination=_usual(cluster, case, case.target, ANOTHER),
        destination_port=(USUAL_PORT,),
        source_port=(SOURCE_PORT,),
    )
    assert point is not None, "a breach has a packet"
    cause, outcome = _decision(stage, point)
    resource, path, at_key = _place(cluster, stage, cause)
    reason = decider(cause.policy, cause.path, cause.reason)
    way = f"{terms.services} from {case.source.words} to {case.target.words}"
    if outcome == "drop":
        message = f"{way} must pass, but a packet of it is dropped by {reason}"
    elif outcome == "accept":
        message = f"{way} must not pass, but a packet of it is accepted by {reason}"
    else:
        message = f"{way} must not pass, but a packet of it is left to the host's own firewall: {reason}"
    packet = packet_at(case.engine.space.family, point, stage.arriving, stage.leaving)
    endpoint = None if stage.endpoint is None else stage.endpoint.written
    related = []
    if endpoint is not None and endpoint is not resource:
        related.append(Related(endpoint.span("metadata", "name"), "the endpoint whose policy is asked"))
    return Breach.at(
        resource,
        path,
        message,
        tuple(related),
        witness(
            "packet",
            node=stage.node or None,
            endpoint=endpoint.name if endpoint is not None else None,
            direction=stage.direction,
            **told(packet),
            verdict=outcome,
            decided_by=cause.reason,
        ),
        key=at_key,
    )


def _usual(cluster: Cluster, case: Case, place: Place, stranger: Mapping[Family, int]) -> tuple[int, ...]:
    """Addresses that one expects at an end: of neighbours behind an interface, else a stranger's."""
    family = case.engine.space.family
    interface = listed(cluster, place.node).get(place.interface) if place.kind == "interface" else None
    own = [one for one in (interface.addresses if interface else None) or () if one.version == family]
    beside = [value for one in own for value in (one.value + 1, one.value - 1) if one.first < value < one.last]
    return (*beside, stranger[family])


def _decision(stage: Stage, point: Point) -> tuple[Cause, str]:
    """What decides about a packet, the cause that an object stands for first."""
    here = [one for one in stage.partition.parts() if one.outcome != "unknown" and point in one.packets]
    best = next((one for one in here if one.cause.policy is not None), here[0])
    return best.cause, best.outcome


def _place(cluster: Cluster, stage: Stage, cause: Cause) -> tuple[Resource, Path, bool]:
    """The action of the deciding rule or the key of its list, else the endpoint, else what names the node."""
    if cause.policy is not None:
        return cause.policy, *decision_place(cause.path)
    if stage.endpoint is not None and stage.endpoint.written is not None:
        return stage.endpoint.written, ("metadata", "name"), False
    for host in cluster.host_endpoints:
        if host.node == stage.node:
            return host.resource, ("spec", "node"), False
    return cluster.all[0], ("kind",), False


def _undecided(cluster: Cluster, terms: Terms, missing: str, case: Case | None = None) -> Breach:
    source, target = (case.source.words, case.target.words) if case else (terms.source.words, terms.target.words)
    stage = case.stages[0] if case else None
    resource: Resource = cluster.all[0]
    path: Path = ("kind",)
    if stage is not None and stage.endpoint is not None and stage.endpoint.written is not None:
        resource, path = stage.endpoint.written, ("metadata", "name")
    return Breach.at(
        resource,
        path,
        f"whether {terms.services} from {source} to {target} passes is not known: it depends on {missing}",
        undecided=True,
    )
