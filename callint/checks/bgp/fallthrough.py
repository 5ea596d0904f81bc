"""What the filters of a BGPPeer leave undecided: imported as it comes, or exported as Calico would without a filter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from callint.bgp.decision import Decision
from callint.bgp.existing import Existing
from callint.bgp.explicit import explicit_accepts, fall_through
from callint.bgp.filtering import Filters, filters_of
from callint.bgp.numbered import Numbered
from callint.bgp.rules import DIRECTIONS, Rule
from callint.calico import format_release
from callint.calico.defaults import BARE_FILTER_RULES
from callint.checks.bgp.outward import Outward, outward
from callint.checks.bgp.peers import at, families, peerings, rules_of, used_by
from callint.checks.bgp.unsettled import unsettled, withholding
from callint.checks.breach import Breach, asked, switched
from callint.checks.left_open import SELECTING, left_in, left_open
from callint.facts import NodeFacts
from callint.finding import Related, witness
from callint.net.address import Family
from callint.net.overlapping import Overlapping
from callint.net.prefixes import PrefixSet, nothing
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer
from callint.objects.charts import pod_pools_unknown
from callint.steps import Steps, counted

PARAMETERS = ("problem", "everywhere")
# From this release on an imported route has a worse kernel metric than any other (K2, bird_ipam.cfg.template)
_HARMLESS_DEFAULT = (3, 32)
# So many parts of a set of prefixes are written out, of which each takes steps to find
_MOST_PARTS, _OF_PART = 4, 2
# On what it depends which pools give addresses to pods
_GIVING = tuple(("IPPool", ("spec", field)) for field in ("disabled", "allowedUses", "assignmentMode", "nodeSelector"))


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Routes that no rule of a filter decides.

    Parameter `problem`: `import` (accepting rules without effect, for all else is imported, too), `export` (accepting
    rules alone, beside which Calico exports more), `unfiltered` (no import rule for a far end outside the cluster),
    `default-route` (the same where a default route from there replaces the node's own: up to v3.31, over IPv4).
    The last two look only where filters are used, for that peer or on import for another; with `everywhere` true they
    look at every peer.
    """
    yield from asked(QUESTIONS, parameters)(cluster, parameters)


def _import(cluster: Cluster, _: Mapping[str, Any]) -> Iterator[Breach]:
    """One breach for each list of rules, whoever uses it."""
    found: dict[tuple[str, Family], list[tuple[BGPPeer, list[Rule], PrefixSet]]] = {}
    known: dict[tuple[Filters, Family], tuple[list[Rule], PrefixSet]] = {}
    steps = Steps(cluster, "BGP sessions with BGPPeers that hold variables")
    for peer in cluster.bgp_peers:
        for family in _settled_families(cluster, peer, steps):
            rules = rules_of(cluster, peer, "import", family)
            if not rules:
                continue
            filters = filters_of(peer)
            if (filters, family) not in known:
                known[filters, family] = _idle(cluster, peer, rules, family)
            idle, rest = known[filters, family]
            if idle and rest:
                found.setdefault((idle[0].resource.name, family), []).append((peer, idle, rest))
    for (name, family), uses in found.items():
        peer, idle, rest = uses[0]
        resource, path = idle[0].resource, ("spec", f"importV{family}")
        more = f" and {len(uses) - 1} more" if len(uses) > 1 else ""
        route = rest.witness()
        yield Breach.at(
            resource,
            path,
            f'BGPFilter "{name}" does not reject the rest: what no rule matches is imported, so that BGPPeer '
            f'"{peer.resource.name}"{more} imports {route} as well, and the accepting rules change nothing',
            (
                *(Related(rule.span, "accepts what would be imported anyway") for rule in idle[:3]),
                *used_by([one for one, _, _ in uses], name),
            ),
            witness("route", prefix=str(route), peer=peer.resource.name, direction="import", verdict="accept"),
            f"end the list with {_reject_all(cluster, family)}",
            key=True,
        )


def _settled_families(cluster: Cluster, peer: BGPPeer, steps: Steps) -> Sequence[Family]:
    """Those of sessions of which no variable decides."""
    found, left = peerings(cluster, peer), unsettled(cluster)
    if not found:
        return () if any(left_in(peer.resource, ("spec", field)) for field in SELECTING) else families(cluster, peer)
    return sorted({one.family for one in found if not left.concerns(one, steps)})


def _idle(cluster: Cluster, peer: BGPPeer, rules: Sequence[Rule], family: Family) -> tuple[list[Rule], PrefixSet]:
    """The accepting rules of a peer, if none of them has an effect, and what no rule decides."""
    reached = {one.rule.place for one in explicit_accepts(cluster, peer, "import")}
    effective = [one for one in rules if one.verdict == "reject" or one.place in reached]
    idle = _without_effect(effective, Steps(cluster, "rules of BGPFilters"))
    return idle, fall_through(cluster, peer, "import", family)


def _reject_all(cluster: Cluster, family: Family) -> str:
    if cluster.target.release >= BARE_FILTER_RULES:
        return "a rule that has `action: Reject` and nothing else"
    everything = "0.0.0.0/0" if family == 4 else '"::/0"'
    return f"`{{action: Reject, matchOperator: In, cidr: {everything}}}`"


def _without_effect(rules: Sequence[Rule], steps: Steps) -> list[Rule]:
    """The accepting rules, if none of them has an effect: no operations, and no later rule rejects what they accept."""
    numbered = Numbered((rule.conditions for rule in rules if rule.conditions), steps)
    later: Overlapping[tuple[int, PrefixSet]] = Overlapping()
    asked = 0
    for rule in reversed(rules):
        if rule.verdict == "reject":
            # no conditions have a number of their own, which none exclude
            bit = 1 << (numbered.number(rule.conditions) if rule.conditions else len(numbered.several))
            later.add(rule.prefixes.addresses(), (bit, rule.prefixes))
            asked |= bit
        elif rule.verdict == "accept":
            if any(rule.operations):
                return []
            left = asked & ~numbered.about(rule.conditions).excluded if rule.conditions else asked
            near = later.near(rule.prefixes.addresses()) if left else ()
            if any(bit & left and rule.prefixes.overlaps(other) for bit, other in counted(near, steps, 1)):
                return []
    return [rule for rule in rules if rule.verdict == "accept"]


def _export(cluster: Cluster, _: Mapping[str, Any]) -> Iterator[Breach]:
    """Lists that only accept, towards far ends outside the cluster."""
    said: set[tuple[str, Family]] = set()
    undecided: dict[tuple[Filters, Family], PrefixSet] = {}
    steps = Steps(cluster, "routes that BGP sessions export")
    existing = Existing(cluster, steps)
    for one in outward(cluster) if not (withholding(cluster) or left_open(cluster, _GIVING)) else ():
        family = one.session.family
        rules = rules_of(cluster, one.peer, "export", family)
        if not rules:
            continue
        last = rules[-1]
        filters = filters_of(one.peer)
        left = undecided.get((filters, family))
        if left is None:
            only = all(rule.verdict == "accept" for rule in rules)
            left = fall_through(cluster, one.peer, "export", family) if only else nothing(family)
            undecided[filters, family] = left
        if (last.resource.name, family) in said or not left:
            continue
        said.add((last.resource.name, family))
        leaving = _leaving(existing, one, left)
        if leaving:
            steps.spend(_OF_PART * sum(len(decision.prefixes.starts) for decision in leaving))
            yield _leaves(cluster, one, rules, leaving)
        elif (missing := pod_pools_unknown(cluster)) is not None:
            resource, path = last.resource, ("spec", f"exportV{family}")
            yield Breach.at(
                resource,
                path,
                f'whether BGPPeer "{one.peer.resource.name}" exports more than BGPFilter "{resource.name}" accepts is '
                f"not known: it depends on {missing}",
                used_by([one.peer], resource.name),
                help=f"if nothing else is to leave, end the list with {_reject_all(cluster, family)}",
                key=True,
                undecided=True,
            )


def _leaving(existing: Existing, one: Outward, undecided: PrefixSet) -> list[Decision]:
    """What leaves because no rule decides, and certainly exists; a rule decides on all that is not `undecided`."""
    return [
        decision
        for decision in existing.exported(one.session, undecided)
        if decision.accepted and decision.rule is None and not decision.when
    ]


@lru_cache(maxsize=4096)
def _said(prefixes: PrefixSet) -> str:
    """What many peers export is put in words once."""
    return prefixes.said(_MOST_PARTS)


def _leaves(cluster: Cluster, one: Outward, rules: tuple[Rule, ...], leaving: list[Decision]) -> Breach:
    resource, path = rules[-1].resource, ("spec", f"exportV{one.session.family}")
    what = list(dict.fromkeys(f"{_said(decision.prefixes)} ({decision.routes.because})" for decision in leaving))
    listed = ", ".join(what[:3]) + (f" and {len(what) - 3} more" if len(what) > 3 else "")
    return Breach.at(
        resource,
        path,
        f'BGPFilter "{resource.name}" rejects nothing: beside what it accepts, BGPPeer "{one.peer.resource.name}" '
        f"exports {listed}, because Calico's own filter decides what no rule matches",
        (
            *(Related(rule.span, "accepts, and rejects nothing else") for rule in rules[-2:]),
            *used_by([one.peer], resource.name),
        ),
        witness(
            "route",
            prefix=str(leaving[0].prefixes.witness()),
            node=at(one.session),
            peer=one.peer.resource.name,
            direction="export",
            source=leaving[0].routes.because,
            verdict="accept",
            decided_by=leaving[0].why,
        ),
        f"if nothing else is to leave, end the list with {_reject_all(cluster, one.session.family)}",
        key=True,
    )


def _unfiltered(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    for one in _open(cluster, parameters):
        if not _replaces_default(cluster, one):
            yield _imports_all(cluster, one, f"the default route included{_own(cluster, one.session.family)}")


def _default_route(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    release = format_release(cluster.target.release)
    for one in _open(cluster, parameters):
        if _replaces_default(cluster, one):
            yield _imports_all(cluster, one, f"and {release} puts a default route from there before the node's own one")


def _replaces_default(cluster: Cluster, one: Outward) -> bool:
    """Without a metric a route comes before all others over IPv4; over IPv6 Linux gives it 1024, after most others.

    Linux takes no second one with the same metric, which BIRD does not insist on.
    """
    if cluster.target.release >= _HARMLESS_DEFAULT or one.session.family != 4:
        return False
    near = (speaker for peering in peerings(cluster, one.peer) for speaker in peering.here.members)
    return not all(_keeps_default(speaker.facts) for speaker in near)


def _keeps_default(facts: NodeFacts | None) -> bool:
    """Whether a node is known to have an IPv4 default route of the best metric."""
    routes = facts.default_routes(4) if facts is not None else ()
    return any(one.protocol != "bird" and one.usual_metric == 0 for one in routes)


def _open(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Outward]:
    """Peers without import rules; where their filters are of the other family altogether, that is said elsewhere."""
    used = {name for peer in cluster.bgp_peers for _, name in peer.filters}
    importing = any(one.import_v4 or one.import_v6 for name, one in cluster.bgp_filters.items() if name in used)
    everyone = switched(parameters, "everywhere") or importing
    for one in outward(cluster):
        filters = [cluster.bgp_filters[name] for _, name in one.peer.filters if name in cluster.bgp_filters]
        mine = any(rules.rules(way, one.session.family) for rules in filters for way in DIRECTIONS)
        wanted = mine or (everyone and not filters)
        if wanted and rules_of(cluster, one.peer, "import", one.session.family) == ():
            yield one


def _own(cluster: Cluster, family: Family) -> str:
    """Pools that give addresses to pods: routes inside them would take over traffic to pods."""
    mark = "." if family == 4 else ":"
    first = next((one.cidr for one in cluster.pools if not one.disabled and mark in one.cidr), None)
    return f" and routes inside IPPool {first}" if first is not None else ""


def _imports_all(cluster: Cluster, one: Outward, consequence: str) -> Breach:
    peer = one.peer
    filtered = [index for index, name in peer.filters if name in cluster.bgp_filters]
    path = ("spec", "filters", filtered[0]) if filtered else ("spec", "peerIP")
    reason = "whose filters have no import rules" if filtered else "which has no filters"
    return Breach.at(
        peer.resource,
        path,
        f'BGPPeer "{peer.resource.name}", {reason}, imports whatever {one.session.address} announces, {consequence}',
        (),
        witness(
            "route",
            prefix="0.0.0.0/0" if one.session.family == 4 else "::/0",
            node=at(one.session),
            peer=peer.resource.name,
            direction="import",
            verdict="accept",
        ),
        f"name the networks expected from there in `importV{one.session.family}` of a BGPFilter, a Reject last",
    )


QUESTIONS: dict[str, Callable[[Cluster, Mapping[str, Any]], Iterator[Breach]]] = {
    "import": _import,
    "export": _export,
    "unfiltered": _unfiltered,
    "default-route": _default_route,
}
