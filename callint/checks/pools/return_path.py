"""Whether anybody outside knows the way back to pods that are not masqueraded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.bgp.alike import far_address
from callint.bgp.network import network
from callint.checks.bgp.backend import connects_pods
from callint.checks.bgp.kept_in import Gates
from callint.checks.breach import Breach
from callint.checks.left_open import EXPORTS, left_open
from callint.facts.values import NodeFacts
from callint.finding import Related, witness
from callint.net import intervals
from callint.net.address import FAMILIES, Family, Prefix, parse_cidr
from callint.net.internet import INTERNET
from callint.net.prefixes import within
from callint.objects import Cluster
from callint.objects.pool import IPPool
from callint.steps import Steps

# What every site takes for itself of IPv6 (RFC 4193)
_UNIQUE_LOCAL = parse_cidr("fc00::/7")


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Pools of private addresses that are neither masqueraded nor announced to anybody, of which one word is said.

    Where nothing is said of BGP, peers may be in another place, but not where IPv4 of the same pods is masqueraded;
    routes that somebody wrote by hand on a router outside are not known. What BGPFilters keep in counts where they let
    out another pool of pods.
    """
    if not connects_pods(cluster):
        return
    yield from _kept_in(cluster)
    about_peers = cluster.installations or cluster.of("BGPConfiguration") or "BGPPeer" in cluster.intent.complete
    beside = next((one for one in cluster.pools if one.given and one.nat_outgoing and _family(one) == 4), None)
    asked = [one for one in cluster.pools if about_peers or (beside is not None and _family(one) == 6)]
    told = _told(cluster) if asked else set()
    pools = [one for one in asked if _stays_unanswered(cluster, one, told, beside)] if len(told) < 2 else []
    if not pools:
        return
    first, *more = pools
    of_four = beside if beside is not None and _family(first) == 6 else None
    while_four = f', while those of "{of_four.name}" are masqueraded' if of_four is not None else ""
    yield _breach(
        first,
        more,
        f"no BGPPeer among the manifests tells anybody outside where they are{while_four}",
        Related(of_four.span("natOutgoing"), "is masqueraded") if of_four is not None else None,
        "a BGPPeer to the router",
    )


def _kept_in(cluster: Cluster) -> Iterator[Breach]:
    """Pools that every filter forgets which lets out another one: the rule that rejects them does not name them."""
    several = [(one, one.net) for one in cluster.pools if cluster.bgp_filters and one.for_pods and one.net is not None]
    if len(several) < 2 or left_open(cluster, EXPORTS):
        return
    model, steps = network(cluster), Steps(cluster, "IPPools with BGPFilters")
    outside = [one for one in model.peerings if model.leads_out(one)]
    for family in FAMILIES:
        gates = Gates(cluster, outside, family, steps)
        near = [(one, net, gates.keeper(within(net))) for one, net in several if net.family == family]
        lost = [
            (one, rule)
            for one, net, rule in near
            if rule is not None
            and rule.rule.operator not in ("In", "Equal")
            and not (one.nat_outgoing or one.of_no_node or one.disable_bgp_export)
            and one.legible
            and not intervals.intersection(((net.first, net.last),), INTERNET[0 if family == 4 else 1])
        ]
        if lost and any(rule is None for _, _, rule in near):
            (first, rule), *more = lost
            why = f"{rule} keeps their routes in, as every session with a router outside does"
            related = Related(rule.span, "rejects what no rule before it accepts")
            yield _breach(first, [one for one, _ in more], why, related, "an Accept for the pool before that rule")
            return


def _breach(first: IPPool, more: list[IPPool], why: str, related: Related | None, instead: str) -> Breach:
    others = f" and those of {len(more)} more" if more else ""
    said = "is off" if "natOutgoing" in first.plain else "is left out, which switches it off"
    return Breach.at(
        first.resource,
        first.path("natOutgoing" if "natOutgoing" in first.plain else "cidr"),
        f'pods of IPPool "{first.name}"{others} keep their private addresses on the way out, for `natOutgoing` {said}, '
        f"and {why}",
        (related,) if related is not None else (),
        witness("packet", source=str(first.cidr), destination="any", verdict="accept", decided_by="not masqueraded"),
        f"`natOutgoing: true`, or {instead}; a static route on the router does as well",
    )


def _told(cluster: Cluster) -> set[Family]:
    """Of which addresses routers may hear: the routes of a family go over sessions of that family alone."""
    found: set[Family] = set()
    for text in dict.fromkeys(peer.peer_ip for peer in cluster.bgp_peers if peer.peer_ip):
        far = far_address(text)
        found |= {far.family} if far is not None else set(FAMILIES)
    return found


def _family(pool: IPPool) -> Family | None:
    net = pool.net
    return None if net is None else net.family


def _stays_unanswered(cluster: Cluster, pool: IPPool, told: set[Family], beside: IPPool | None) -> bool:
    """Whether pods get addresses from it that nobody answers who is not told, and there is nobody to tell."""
    given = pool.for_pods and not pool.of_no_node
    if not given or pool.nat_outgoing or not pool.legible:
        return False
    net = pool.net
    return net is not None and net.family not in told and _private(cluster, pool, net, beside)


def _private(cluster: Cluster, pool: IPPool, net: Prefix, beside: IPPool | None) -> bool:
    """Whether no stranger can answer: of IPv6 where facts show a way to strangers, or IPv4 of the pods has one."""
    if net.family == 4:
        return not intervals.intersection(((net.first, net.last),), INTERNET[0])
    if not _UNIQUE_LOCAL.contains(net):
        return False
    return beside is not None or any(
        sure and any(one.facts is not None and _leads_out(one.facts) for one in alike.members)
        for alike, sure in network(cluster).nodes.selected(pool.node_selector)
    )


def _leads_out(facts: NodeFacts) -> bool:
    """Whether the node has a default route of IPv6."""
    return any(one.type == "unicast" for one in facts.default_routes(6))
