"""What a session exports: BIRD's own limits, then BGPFilters, then Calico's filter (bgp_processor.go).

Calico's own filter is calico_export_to_bgp_peers in bird_ipam.cfg.template, its parts in the same order here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from callint.bgp.candidates import Routes
from callint.bgp.decision import Decision, Step
from callint.bgp.filters import Part
from callint.bgp.pools import Pools, inside_all
from callint.bgp.profile import Profile
from callint.bgp.route import (
    HIGHEST,
    NO_ADVERTISE,
    NO_EXPORT,
    NO_EXPORT_SUBCONFED,
    Attributes,
    Condition,
    Conditions,
    PeerType,
)
from callint.bgp.rules import UNCHANGED, Operations, Verdict
from callint.bgp.session import Form
from callint.bgp.tagging import Tag, Tagging
from callint.calico import Release
from callint.calico.defaults import IPIP_INTERFACE
from callint.net.interface import glob_matches
from callint.net.prefixes import PrefixSet, exactly, nothing, union_all, within
from callint.record import NamedTuple, known_by_itself
from callint.steps import Steps

_TUNNELS = ("*.cali", "*.calico")
_BPF = "bpf*.cali"


@known_by_itself
class Limits(NamedTuple):
    """What Calico's own filter asks for on a node, most of it prefixes; `node` is named where it is unlike others."""

    release: Release
    priority: int
    blocks_known: bool
    node: str
    tagging: Tagging
    withheld: PrefixSet
    blocks: PrefixSet
    inside_blocks: PrefixSet
    perhaps_inside: PrefixSet
    services: PrefixSet
    reflected: PrefixSet
    exported: PrefixSet


def limits(profile: Profile, pools: Pools) -> Limits:
    """The limits of nodes with this profile."""
    family, known = profile.family, [one.network for one in profile.blocks or () if one.settled]
    blocks = union_all(family, map(exactly, known))
    possible = (within(pool, length + 1) for pool, length, _ in profile.possible)
    return Limits(
        release=profile.release,
        priority=profile.priority,
        blocks_known=profile.blocks is not None,
        node=profile.node,
        tagging=profile.tagging,
        withheld=pools.withheld,
        blocks=blocks,
        inside_blocks=inside_all(known, family) - blocks,
        perhaps_inside=union_all(family, possible) if profile.blocks is None else nothing(family),
        services=inside_all(profile.services, family),
        reflected=inside_all(profile.reflected, family),
        exported=pools.exported,
    )


def stopped(routes: Routes, form: Form, *, same_session: bool) -> Step | None:
    """The step at which BIRD itself stops routes from BGP, before any filter (bird proto/bgp/attrs.c)."""
    if routes.learned is None:
        return None
    if same_session:
        return "no-echo"
    if not routes.learned.leads_to(form.passage):
        return "no-reflection"
    communities = routes.attributes.communities or ()
    if NO_ADVERTISE in communities:
        return "well-known-community"
    if form.peer_type == "eBGP" and (NO_EXPORT in communities or NO_EXPORT_SUBCONFED in communities):
        return "well-known-community"
    return None


class Outcome(NamedTuple):
    """What Calico's own filter does with some of the routes that reach it; see `Decision` for the fields."""

    prefixes: PrefixSet
    verdict: Verdict
    step: Step
    when: Conditions = ()
    unless: tuple[Conditions, ...] = ()
    tags: tuple[Tag, ...] = ()


def export(form: Form, routes: Routes, parts: Iterable[Part], outcomes: Iterable[Outcome]) -> Iterator[Decision]:
    """Decide on routes that BIRD does not stop.

    `parts` are what the session's BGPFilters make of them, `outcomes` what Calico's own filter does with all of them.
    """
    unchanged, nothing_said = sent(routes.attributes, form, UNCHANGED), Attributes()
    for left, rule, when, unless in parts:
        if rule is not None:
            verdict = rule.verdict
            result = unchanged if verdict != "reject" else nothing_said
            if rule.operations is not UNCHANGED:
                result = sent(routes.attributes, form, rule.operations)
            yield Decision(routes, left, verdict, "filter", rule, when, unless, result)
            continue
        whole = left == routes.prefixes
        for prefixes, verdict, step, when, other, tags in outcomes:
            if hit := prefixes if whole else prefixes & left:
                result = unchanged if verdict != "reject" else nothing_said
                if tags:
                    added = tuple(dict.fromkeys(one for tag in tags for one in tag.communities))
                    result = sent(routes.attributes, form, Operations(added))
                yield Decision(routes, hit, verdict, step, None, when, unless + other, result, tags)


def keeps_next_hop(routes: Routes, form: Form) -> bool:
    """Whether the next hop leaves as it came, or is the gateway of a route of the node's own.

    Otherwise it is the address that the session is bound to (bird proto/bgp/attrs.c bgp_create_attrs).
    """
    if not (routes.learned or routes.by_gateway) or form.next_hop == "self":
        return False
    return form.next_hop == "keep" or form.peer_type == "iBGP"


def sent(attributes: Attributes, form: Form, operations: Operations) -> Attributes:
    """The attributes that the far end sees; LOCAL_PREF does not cross an eBGP session."""
    external = form.peer_type == "eBGP"
    _, _, communities, path, preference = operations.on(attributes, (form.local_as,) if external else ())
    return Attributes("bgp", None, communities, path, None if external else preference)


def own_filter(
    limit: Limits, peer_type: PeerType, routes: Routes, steps: Steps, *, ipip_by_felix: bool
) -> Iterator[Outcome]:
    """What Calico's own filter does with routes, if no BGPFilter decides on them first; raises TooManyStepsError."""
    for one in _own_filter(limit, peer_type, routes, ipip_by_felix):
        if one.verdict == "reject":
            yield one
        else:
            for prefixes, tags in limit.tagging.divide(one.prefixes, steps):
                yield one._replace(prefixes=prefixes, tags=tags)


def _own_filter(limit: Limits, peer_type: PeerType, routes: Routes, ipip_by_felix: bool) -> Iterator[Outcome]:
    left = routes.prefixes
    unless: tuple[Conditions, ...] = ()
    if hit := left & limit.withheld:
        yield Outcome(hit, "reject", "pool-withheld")
        left = left - limit.withheld
    interface = routes.attributes.interface
    patterns = [_BPF] if peer_type == "eBGP" else [*_TUNNELS, *([IPIP_INTERFACE] if ipip_by_felix else []), _BPF]
    if interface is not None and any(glob_matches(pattern, interface) for pattern in patterns):
        if left:
            yield Outcome(left, "reject", "tunnel-interface")
        return
    if interface is None and routes.presence == "any":
        unless = tuple((Condition("interface", pattern),) for pattern in patterns)
    if hit := left & limit.blocks:
        yield Outcome(hit, "accept", "own-block", (), unless)
        left = left - limit.blocks
    if hit := left & limit.inside_blocks:
        yield from _inside_block(limit, routes, hit, "own-block", (), unless)
        left = left - limit.inside_blocks
    if routes.origin != "block" and (hit := left & limit.perhaps_inside):
        block = Condition("block", limit.node)
        accepting = hit & (limit.services | limit.reflected | limit.exported)
        yield from _inside_block(limit, routes, accepting, "pool-exported", (block,), unless)
        left = left - accepting
    elif routes.origin == "block" and not limit.blocks_known and left:
        yield Outcome(left, "accept", "own-block", (), unless)
        return
    last: tuple[tuple[PrefixSet, Step], ...] = (
        (left if routes.origin == "service" else limit.services, "own-service"),
        (limit.reflected, "reflected-service"),
        (limit.exported, "pool-exported"),
    )
    for wanted, step in last:
        if hit := left & wanted:
            yield Outcome(hit, "accept", step, (), unless)
            left = left - wanted
    if left:
        yield Outcome(left, "reject", "default", (), unless)


def _inside_block(
    limit: Limits,
    routes: Routes,
    prefixes: PrefixSet,
    step: Step,
    block: Conditions,
    unless: tuple[Conditions, ...],
) -> Iterator[Outcome]:
    """Inside a block only routes that come before the normal ones pass (v3.32); the block stands for the others."""
    if not prefixes:
        return
    preference = routes.attributes.local_pref
    normal: Conditions = ()
    if limit.release >= (3, 32):
        if preference is None:
            normal = (Condition("normal", limit.priority),)
        elif HIGHEST - preference < limit.priority:
            yield Outcome(prefixes, "accept", step, (), unless)
            return
    stays: Conditions = (*block, *normal)
    if stays:
        yield Outcome(prefixes, "accept", step, (), (*unless, stays))
    yield Outcome(prefixes, "reject", "own-block", stays, unless)
