"""One packet's way through a node, for people and, as schemas/trace.json describes it, for programs."""

from __future__ import annotations

from collections.abc import Iterator

from callint.finding import Span, Witness
from callint.record import NamedTuple
from callint.report.machine import encode, plain
from callint.report.place import Place, aside, row
from callint.report.visible import visible
from callint.report.witness import nobody, sentence


class Interface(NamedTuple):
    """An interface that the packet passes, `in` or `out`, and the endpoint that governs it; `reason` in a clause."""

    way: str
    name: str
    reason: str
    endpoint: Place | None


class Stop(NamedTuple):
    """What one tier of a chain, or one chain, made of the packet; `asked` are policies that decided nothing."""

    chain: str
    outcome: str
    reason: str
    endpoint: str | None
    tier: str | None
    decided: Place | None
    asked: tuple[Place, ...]


class Nearest(NamedTuple):
    """A rule that would have changed the verdict: `later` than the one that decided, or `near` to matching."""

    kind: str
    action: str
    rule: Place
    at: Place
    reason: str


class Source(NamedTuple):
    """What becomes of the source address as the packet leaves; `masqueraded` None is not known."""

    masqueraded: bool | None
    reason: str
    pool: Place | None


class Enforced(NamedTuple):
    """Another verdict, which the dataplane gives because it does not enforce all lists of a rule."""

    dataplane: str
    outcome: str
    decided_by: str
    decided: Place | None


class Fallback(NamedTuple):
    """What the host's own chain does, by the facts, with what Calico leaves to it and none of its rules decides."""

    chain: str
    policy: str
    span: Span


class Trace(NamedTuple):
    """The whole way; `packet` is a witness of type packet, `unknown` names the fact that is missing, if one is.

    `assumed` are clauses about what no manifest says, such as pods, and all the rest depends on.
    """

    calico: str
    cluster: str
    packet: Witness
    assumed: tuple[str, ...]
    interfaces: tuple[Interface, ...]
    stops: tuple[Stop, ...]
    outcome: str
    decided_by: str
    decided: Place | None
    unknown: str | None
    fallback: Fallback | None
    enforced: Enforced | None
    source: Source | None
    nearest: tuple[Nearest, ...]


_OUTCOMES = {
    "allow": "accepts it",
    "accept": "accepts it",
    "finish": "accepts it",
    "drop": "drops it",
    "none": "goes on",
    "no-verdict": "says nothing",
}
_VERDICTS = {
    "accept": "accept",
    "drop": "drop",
    "no-verdict": "no verdict: the rest of the host's firewall decides",
    "unknown": "unknown",
}


def render(trace: Trace) -> str:
    """The way as text: a line for each interface, each chain and what decided there, then the verdict."""
    return "".join(f"{visible(line)}\n" for line in _lines(trace))


def _lines(trace: Trace) -> Iterator[str]:
    yield sentence(trace.packet)
    for clause in trace.assumed:
        yield f"  assumed: {clause}"
    for interface in trace.interfaces:
        yield f"  {interface.way} {interface.name}: {interface.reason}{aside(interface.endpoint)}"
    chain = ""
    for stop in trace.stops:
        if stop.chain and stop.chain != chain:
            yield f"  chain {stop.chain}" + (f" of {stop.endpoint}" if stop.endpoint else "")
        chain = stop.chain
        inner = "    " if stop.chain else "  "
        if stop.tier:
            yield f"{inner}tier {stop.tier}"
            inner += "  "
        for place in stop.asked:
            yield f"{inner}{place.object}: no rule matches{aside(place)}"
        yield f"{inner}{stop.reason}: {_OUTCOMES.get(stop.outcome, stop.outcome)}{aside(stop.decided)}"
    yield f"verdict: {_verdict(trace.outcome, trace.decided_by, trace.decided)}"
    if trace.unknown:
        yield f"  it depends on {trace.unknown}"
    if trace.fallback:
        chain, policy, span = trace.fallback
        where = f"  ({span.file}:{span.line})"
        yield f"firewall: chain {chain} of the node {policy}s what none of its own rules decides{where}"
    if trace.enforced:
        other = trace.enforced
        yield (
            f"{other.dataplane}: {_verdict(other.outcome, other.decided_by, other.decided)}: of a rule with more than "
            "two lists too long for one match it enforces the first two alone"
        )
    if trace.source:
        yield f"source: {_SOURCES[trace.source.masqueraded]}: {trace.source.reason}{aside(trace.source.pool)}"
    for one in trace.nearest:
        yield f"{_NEAREST[one.kind].format(one.action, one.rule.object, one.rule.path, one.reason)}{aside(one.at)}"


def _verdict(outcome: str, decided_by: str, decided: Place | None) -> str:
    """An outcome, and what decides it, if that is known."""
    by = "" if outcome == "unknown" else f", {'' if nobody(decided_by) else 'by '}{decided_by}"
    return f"{_VERDICTS[outcome]}{by}{aside(decided)}"


_SOURCES = {True: "masqueraded", False: "kept", None: "unknown"}
_NEAREST = {"later": "later: {} by {}{}, which {}", "near": "nearest: {} by {}{}, but {}"}


def render_json(trace: Trace) -> str:
    """The way as one JSON document."""
    packet = plain(trace.packet.as_dict())
    del packet["type"]
    value = {
        "version": 1,
        "calico": trace.calico,
        "cluster": trace.cluster,
        "packet": packet,
        "assumed": list(trace.assumed),
        "interfaces": [
            {"way": one.way, "name": one.name, "reason": one.reason, "endpoint": row(one.endpoint)}
            for one in trace.interfaces
        ],
        "steps": [
            {
                "chain": stop.chain,
                "endpoint": stop.endpoint,
                "tier": stop.tier,
                "asked": [row(place) for place in stop.asked],
                "outcome": stop.outcome,
                "reason": stop.reason,
                "decided": row(stop.decided),
            }
            for stop in trace.stops
        ],
        "verdict": trace.outcome,
        "decidedBy": trace.decided_by,
        "decided": row(trace.decided),
        "unknown": trace.unknown,
        "firewall": trace.fallback
        and {"chain": trace.fallback.chain, "policy": trace.fallback.policy, **trace.fallback.span._asdict()},
        "enforced": trace.enforced
        and {
            "dataplane": trace.enforced.dataplane,
            "verdict": trace.enforced.outcome,
            "decidedBy": trace.enforced.decided_by,
            "decided": row(trace.enforced.decided),
        },
        "source": trace.source and {**trace.source._asdict(), "pool": row(trace.source.pool)},
        "nearest": [
            {
                "kind": one.kind,
                "action": one.action,
                "reason": one.reason,
                "rule": row(one.rule),
                "at": row(one.at),
            }
            for one in trace.nearest
        ],
    }
    return encode(value) + "\n"
