"""Routes of one node that others pass on to peers outside, because they learn them over the mesh or from reflectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from callint.bgp.candidates import Routes
from callint.bgp.decision import Decision
from callint.bgp.network import network
from callint.bgp.pools import block_length
from callint.bgp.route import BY_MESH, Attributes
from callint.bgp.routes import OF_PIECES, Engine, engine
from callint.bgp.rules import Rule
from callint.bgp.session import Session
from callint.checks.bgp.outward import Meeting, meetings, rely_on_others
from callint.checks.bgp.unsettled import unsettled, withholding
from callint.checks.breach import Breach, Question, asked, object_words
from callint.checks.left_open import RANGES, left_open
from callint.finding import Path, Related, all_of, witness
from callint.net.address import BITS, Family, Prefix
from callint.net.enclosing import Enclosing
from callint.net.prefixes import PrefixSet, exactly, union_all, within
from callint.net.read import address
from callint.objects import Cluster, Resource, fields
from callint.objects.pool import IPPool
from callint.objects.service import balancer_addresses
from callint.record import NamedTuple
from callint.steps import Steps, counted

_LOCAL: Path = ("spec", "externalTrafficPolicy")
_REJECT = "a BGPFilter that rejects `source: RemotePeers` for export leaves each node its own routes (from v3.27 on)"
_KEEP = (
    "`nextHopMode: Keep` (before v3.31, `keepOriginalNextHop: true`) tells the peer the node itself as next hop; a "
    "filter would hide the nodes that have no session of their own with a router outside"
)


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Peers of another AS that hear of what one node has from other nodes as well.

    Parameter `problem`: `local-service` (addresses of Services whose policy is Local, from nodes that drop what is sent
    there), `local-service-range` (the range of such an address alone, from all nodes), `pods` (blocks of pods, to which
    packets then take a detour).
    """
    question = asked(QUESTIONS, parameters)
    left = question is not _pods and left_open(cluster, RANGES)
    if not (left or unsettled(cluster).all or withholding(cluster)):
        yield from question(cluster)


def _passed_on(answers: Engine, session: Session, prefixes: PrefixSet, steps: Steps) -> PrefixSet:
    """Which of the routes that come over iBGP surely leave; raises TooManyStepsError."""
    steps.spend(len(prefixes.starts) // OF_PIECES)
    routes = Routes(prefixes, "some", Attributes("bgp", None, (), (), None), "other nodes", BY_MESH)
    mine = answers.profiles.of(session.local, session.family)
    decisions = counted(answers.decide(mine, session.form, routes), steps, 1)
    return union_all(session.family, (one.prefixes for one in decisions if one.accepted and one.certain))


class _Local(NamedTuple):
    """An address of a Service that only nodes with an endpoint serve; `nodes` are those, None if that is not known."""

    service: Resource
    prefix: Prefix
    nodes: frozenset[str] | None

    @property
    def name(self) -> str:
        """As messages have it."""
        return object_words(self.service, self.service.home)

    @property
    def droppers(self) -> Related:
        """Where the Service says so."""
        return Related(self.service.span(*_LOCAL), "nodes without an endpoint drop what is sent there")


@lru_cache(maxsize=8)
def _local(cluster: Cluster, family: Family) -> tuple[_Local, ...]:
    """Not the cluster's own addresses of Services: every node serves these."""
    announced = {one.prefix: one.nodes for one in engine(cluster).profiles.shared[family].hosts}
    found = []
    for service in cluster.kubernetes("Service", "v1"):
        if fields.text(service.spec, "externalTrafficPolicy") != "Local":
            continue
        given = (text for _, text in balancer_addresses(service))
        for text in (*fields.texts(service.spec, "externalIPs"), *given):
            prefix = one.prefix() if (one := address(text, family)) is not None else None
            if prefix is not None and prefix in announced:
                found.append(_Local(service, prefix, announced[prefix]))
    return tuple(found)


@lru_cache(maxsize=8)
def _addresses(cluster: Cluster, family: Family) -> PrefixSet:
    """All of these addresses."""
    return union_all(family, (exactly(one.prefix) for one in _local(cluster, family)))


def _local_services(cluster: Cluster) -> Iterator[Breach]:
    """Where the endpoints are not known, every node may have one."""
    answers = engine(cluster)
    steps = Steps(cluster, "routes that nodes pass on")
    open_ones: list[tuple[Meeting, _Local]] = []
    for meeting in meetings(cluster):
        local = _local(cluster, meeting.family)
        if not local:
            continue
        steps.spend(len(local))
        leaving = _passed_on(answers, meeting.session, _addresses(cluster, meeting.family), steps)
        heard = [one for one in local if one.prefix in leaving]
        lacking = [one for one in heard if one.nodes is not None and not one.nodes.issuperset(meeting.nodes)]
        if lacking:
            yield _dropped(cluster, meeting, lacking[0], len(lacking) - 1)
        open_ones += [(meeting, one) for one in heard if one.nodes is None]
    for meeting, one in open_ones[:1]:
        yield _at_peer(
            cluster,
            meeting,
            f'whether every node that announces {one.prefix.address} to BGPPeer "{meeting.peer.resource.name}" has an '
            f"endpoint of {one.name} is not known: all do, for they pass on what they learn from other nodes",
            one.droppers,
        )


def _dropped(cluster: Cluster, meeting: Meeting, one: _Local, more: int) -> Breach:
    node = next(name for name in meeting.nodes if name not in (one.nodes or ()))
    others = f", and so it is with {more} more" if more else ""
    return _at_peer(
        cluster,
        meeting,
        f'BGPPeer "{meeting.peer.resource.name}" hears of {one.prefix.address} from node "{node}" as well, which '
        f"learns of it from others and drops what is sent there: {one.name} is Local and has no endpoint "
        f"on it{others}",
        one.droppers,
        (one.prefix, node),
    )


def _at_peer(
    cluster: Cluster, meeting: Meeting, message: str, related: Related, heard: tuple[Prefix, str] | None = None
) -> Breach:
    """What a peer hears, from which node; that is not known without."""
    resource = meeting.peer.resource
    proof = None
    if heard is not None:
        prefix, node = str(heard[0]), heard[1]
        proof = witness("route", prefix=prefix, node=node, peer=resource.name, direction="export", verdict="accept")
    return Breach.at(
        resource,
        ("metadata", "name"),
        message,
        (related,),
        proof,
        _KEEP if rely_on_others(network(cluster), meeting.family) else _REJECT,
        undecided=proof is None,
    )


def _local_service_range(cluster: Cluster) -> Iterator[Breach]:
    """Where a filter keeps the address in, the range that every node announces leads to any of them."""
    answers = engine(cluster)
    steps = Steps(cluster, "addresses of services that filters keep in")
    for meeting in meetings(cluster, learning=False):
        local = _local(cluster, meeting.family) if meeting.session.form.filters else ()
        if not local:
            continue
        ranges = answers.profiles.shared[meeting.family].ranges.announced
        steps.spend(len(local))
        addresses, announced = _addresses(cluster, meeting.family), union_all(meeting.family, map(exactly, ranges))
        enclosing = Enclosing((net, net) for net in ranges)
        kept = [one for one in _decided(answers, meeting.session, addresses) if not one.accepted]
        wide = [one.prefixes for one in _decided(answers, meeting.session, announced) if one.accepted]
        for one in local:
            rule = next((each.rule for each in kept if one.prefix in each.prefixes), None)
            around = (net for net, _ in enclosing.of(one.prefix) if net != one.prefix)
            leading = next((net for net in around if any(net in each for each in wide)), None)
            lacking = one.nodes is None or not one.nodes.issuperset(meeting.nodes)
            if rule is not None and leading is not None and lacking:
                yield _kept_in(meeting, one, leading, rule)
                break


def _decided(answers: Engine, session: Session, prefixes: PrefixSet) -> list[Decision]:
    """What surely becomes of addresses or ranges of services that the node itself announces."""
    routes = Routes(prefixes, "all", Attributes("service", "", (), (), None), "addresses of services")
    mine = answers.profiles.of(session.local, session.family)
    return [one for one in answers.decide(mine, session.form, routes) if one.certain]


def _kept_in(meeting: Meeting, one: _Local, wide: Prefix, rule: Rule) -> Breach:
    known = one.nodes is not None
    return Breach.at(
        rule.resource,
        (*rule.rule.path, "action"),
        f'{rule} keeps {one.prefix.address} in, and BGPPeer "{meeting.peer.resource.name}" hears of {wide} alone, from '
        f"{all_of(len(meeting.nodes), 'node')}: those without an endpoint of {one.name}, which is Local, "
        f"drop what is sent there{'' if known else '; which ones these are is not known'}",
        (one.droppers,),
        witness(
            "route",
            prefix=str(one.prefix),
            peer=meeting.peer.resource.name,
            direction="export",
            verdict="reject",
            decided_by=str(rule),
        ),
        "let the single addresses out as well",
        undecided=not known,
    )


@lru_cache(maxsize=8)
def _blocks(cluster: Cluster, family: Family) -> tuple[tuple[IPPool, Prefix, PrefixSet], ...]:
    """The pools of pods, each with its network and its blocks."""
    usual = [
        (pool, inside, min(block_length(pool, inside), BITS[family]))
        for pool, inside in engine(cluster).profiles.shared[family].pools.pools
        if pool.for_pods and not pool.unreadable
    ]
    return tuple((pool, inside, within(inside, length, length)) for pool, inside, length in usual)


@lru_cache(maxsize=8)
def _all_blocks(cluster: Cluster, family: Family) -> PrefixSet:
    return union_all(family, (one for _, _, one in _blocks(cluster, family)))


def _pods(cluster: Cluster) -> Iterator[Breach]:
    """One word about all peers."""
    answers = engine(cluster)
    steps = Steps(cluster, "routes that nodes pass on")
    found: list[tuple[Meeting, PrefixSet]] = []
    for meeting in meetings(cluster):
        leaving = _passed_on(answers, meeting.session, _all_blocks(cluster, meeting.family), steps)
        if leaving:
            found.append((meeting, leaving))
    for meeting, leaving in found[:1]:
        pool, inside = next(
            (pool, inside) for pool, inside, one in _blocks(cluster, meeting.family) if one.overlaps(leaving)
        )
        others = len(found) - 1
        more = ("", ", and so does another one")[others] if others < 2 else f", and so do {others} others"
        yield _at_peer(
            cluster,
            meeting,
            f'BGPPeer "{meeting.peer.resource.name}" hears of the pods of each node from '
            f"{all_of(len(meeting.nodes), 'node')}{more}: they pass on what they learn from other nodes as "
            "their own, and packets take a detour",
            Related(pool.span("cidr"), "these pods"),
            (inside, meeting.nodes[0]),
        )


QUESTIONS: dict[str, Question] = {
    "local-service": _local_services,
    "local-service-range": _local_service_range,
    "pods": _pods,
}
