"""Nodes that do not reach themselves, for a host endpoint of all interfaces governs the loopback interface as well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach, decider, decision_place
from callint.checks.proof import judged
from callint.finding import Related
from callint.objects import Cluster
from callint.policy import NodePolicy, Packet, Verdict, evaluate, model_of
from callint.policy.inventory import HostMember
from callint.policy.symbolic.engine import selections
from callint.policy.symbolic.point import SOURCE_PORT
from callint.policy.symbolic.selection import Selection
from callint.source import placeholder

_LOOPBACK, _HOST = "lo", "127.0.0.1"
# where the kubelet and the scheduler tell their health, and a port of nobody in particular
_PORTS = (10248, 10259, 34567)

# rules of a direction that nothing governs would close it to everybody else
_HELP = {
    (True, False): "as the destination of egress",
    (False, True): "as the source of ingress",
    (True, True): "as the destination of egress and as the source of ingress",
}
_Dropped = tuple[NodePolicy, HostMember, Packet, Verdict, str]


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """What a node sends to 127.0.0.1, where policy drops it whatever the port; one node stands for those alike.

    Raises TooManyStepsError.
    """
    found: dict[object, list[_Dropped]] = {}
    for dropped in _all_dropped(cluster):
        verdict = dropped[3]
        found.setdefault((id(verdict.policy), verdict.path), []).append(dropped)
    for several in found.values():
        yield _breach(several)


def _all_dropped(cluster: Cluster) -> Iterator[_Dropped]:
    model = model_of(cluster)
    every = [one for one in model.inventory.host_endpoints if one.about.interface == "*" and one.about.node]
    if not every or (known := selections(model)).limited:
        return
    model.inventory.check_limit()
    of_class: dict[Selection, tuple[Packet, Verdict, str] | None] = {}
    for member in every:
        about = member.about
        if placeholder(about.node) is not None:
            continue
        here, selection = model.at(about.node), known.of(member)
        if here.governance.of(_LOOPBACK).endpoint is not member or here.settings.perhaps_ebpf:
            continue
        if selection not in of_class:
            of_class[selection] = _dropped(here)
        found = of_class[selection]
        if found is not None:
            yield here, member, *found


def _dropped(here: NodePolicy) -> tuple[Packet, Verdict, str] | None:
    """A packet that policy of one direction drops as it does those to other ports, first out, then in; and the cure."""
    ways = [_one_way(here, *way) for way in ((None, _LOOPBACK), (_LOOPBACK, None))]
    first = next(filter(None, ways), None)
    return first and (*first, _HELP[ways[0] is not None, ways[1] is not None])


def _one_way(here: NodePolicy, arriving: str | None, leaving: str | None) -> tuple[Packet, Verdict] | None:
    packets = [Packet(arriving, leaving, _HOST, _HOST, "tcp", SOURCE_PORT, port) for port in _PORTS]
    verdicts = [evaluate(here, packet) for packet in packets]
    return (packets[0], verdicts[0]) if all(map(_by_policy, verdicts)) else None


def _by_policy(verdict: Verdict) -> bool:
    """Whether a rule or the end of a tier drops it; where nothing selects the endpoint, its policy may be elsewhere."""
    return verdict.outcome == "drop" and verdict.policy is not None and verdict.policy.kind != "HostEndpoint"


def _breach(several: list[_Dropped]) -> Breach:
    here, member, packet, verdict, how = several[0]
    assert verdict.policy is not None, "only drops by policy are kept"
    path, at_key = decision_place(verdict.path)
    more = f"; so it is with {len(several) - 1} more" if len(several) > 1 else ""
    return Breach.at(
        verdict.policy,
        path,
        f'node "{here.node}" does not reach itself: what is sent to {_HOST} is dropped by '
        f'{decider(verdict.policy, verdict.path, verdict.decided_by)}, for HostEndpoint "{member.about.name}" is for '
        f'all interfaces, "{_LOOPBACK}" among them{more}',
        (Related(member.about.resource.span("metadata", "name"), "is for all interfaces"),),
        judged(here, packet, verdict),
        help=f"allow 127.0.0.0/8 {how} at endpoints of all interfaces",
        key=at_key,
    )
