"""Rules of BGPFilters whose conditions hold for no route at all, or for every one, against what they look like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from callint.bgp.filtering import Filters, filtering, filters_of
from callint.bgp.network import network
from callint.bgp.nodes import ANY
from callint.bgp.route import PeerType
from callint.bgp.rules import DIRECTIONS, LISTS, Direction, Rule
from callint.bgp.tagging import Tag, tags
from callint.checks.bgp.block_lengths import Missed, missed
from callint.checks.bgp.peers import families, peerings, rules_of, used_by
from callint.checks.breach import Breach, Question, asked
from callint.finding import Related, witness
from callint.net.address import FAMILIES, Family
from callint.net.community import Community, format_community
from callint.net.prefixes import everything, union_all
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer
from callint.record import NamedTuple
from callint.steps import Steps

# So many ASes are named
_MOST_NAMED = 3


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Conditions that cannot mean what they say.

    Parameter `problem`: `length` (`prefixLength` beside Equal or NotEqual), `never` (a peerType or an AS path that no
    session with the filter has), `tag` (an export rule that asks for a community which is attached after it), `all`
    (rules that reject all but their own network, one after another).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _rules(cluster: Cluster) -> Iterator[tuple[Direction, Family, Rule]]:
    known = filtering(cluster)
    for name in cluster.bgp_filters:
        for direction, family in LISTS:
            for rule in known.rules((name,), direction, family):
                if not rule.broken:
                    yield direction, family, rule


def _length(cluster: Cluster) -> Iterator[Breach]:
    for direction, _, rule in _rules(cluster):
        written = rule.rule
        if written.operator not in ("Equal", "NotEqual") or (written.min_length is None and written.max_length is None):
            continue
        often, instead = ("never", "In") if written.operator == "Equal" else ("always", "NotIn")
        yield Breach.at(
            rule.resource,
            (*written.path, "matchOperator"),
            f'{rule} has a "prefixLength" beside "{written.operator}", and that {often} matches: BIRD compares the '
            f'prefix with a set, and "{instead}" is what looks inside it',
            (Related(rule.resource.span(*written.path, "prefixLength", key=True), "turns the network into a set"),),
            witness("route", prefix=written.cidr, direction=direction, matches=often == "always"),
            help=f"use `matchOperator: {instead}`, or leave `prefixLength` out",
        )


class _Sessions(NamedTuple):
    """What the sessions with a filter are, in one family: types, ASes of both ends, and the peers with one."""

    types: set[PeerType]
    own: set[int]
    far: set[int | None]
    peers: list[BGPPeer]


def _sessions(cluster: Cluster, used: Iterable[BGPPeer], family: Family) -> _Sessions:
    of_peer = [(peer, [one for one in peerings(cluster, peer) if one.family == family]) for peer in used]
    found = [one for _, those in of_peer for one in those]
    own = {number for one in found for number in one.local_as_numbers}
    types, far = {one.form.peer_type for one in found}, {one.form.remote_as for one in found}
    return _Sessions(types, own, far, [peer for peer, those in of_peer if those])


def _never(cluster: Cluster) -> Iterator[Breach]:
    users = _users(cluster)
    known: dict[tuple[str, Family], _Sessions] = {}
    lists = _lists(cluster)
    steps = Steps(cluster, "rules of BGPFilters with IPPools")
    for direction, family, rule in _rules(cluster):
        name = rule.resource.name
        used = users.get(name, [])
        sessions = known.get((name, family))
        if sessions is None:
            sessions = known[name, family] = _sessions(cluster, used, family)
        if not sessions.types:
            continue
        blocks = missed(cluster, rule, family, lists[name], steps) if direction == "export" else None
        if blocks is not None:
            yield _leaves_out(rule, blocks, sessions.peers)
        for condition in rule.conditions:
            if condition.kind == "peer-type" and condition.value not in sessions.types:
                types = " and ".join(sorted(sessions.types))
                yield _inert(
                    rule,
                    direction,
                    "peerType",
                    sessions.peers,
                    f'asks for "{condition.value}", but every session with the filter is {types}',
                )
            elif condition.kind == "as-path" and direction == "export":
                first = condition.value[0]
                # A node in the AS of the far end has no session with another AS.
                sure = sessions.far == {first} or _sure_of_as(cluster)
                if sessions.types == {"eBGP"} and first not in sessions.own and sure:
                    own = _few(sorted(map(str, sessions.own)))
                    yield _inert(
                        rule,
                        direction,
                        "asPathPrefix",
                        sessions.peers,
                        f"asks for a path that begins with {first}, but on export to another AS it begins with the "
                        f"session's own AS {own} already",
                    )


def _lists(cluster: Cluster) -> dict[str, list[Filters]]:
    """The lists in which each filter is, each once; what cannot be read is a filter without a name, not known."""
    found: dict[str, list[Filters]] = {}
    unread = ((peer, peer.resource.unreadable("spec", "filters")) for peer in cluster.bgp_peers)
    for filters in dict.fromkeys((*filters_of(peer), *([""] if left else [])) for peer, left in unread):
        for name in dict.fromkeys(filters):
            found.setdefault(name, []).append(filters)
    return found


def _leaves_out(rule: Rule, blocks: Missed, used: list[BGPPeer]) -> Breach:
    pool, block = blocks.pool, blocks.block
    itself = blocks.field == "matchOperator"
    return Breach.at(
        rule.resource,
        (*rule.rule.path, blocks.field),
        f'{rule} lets out no block of IPPool "{pool.name}": it asks for {blocks.wanted}, and nodes announce the pool '
        f"in blocks of /{block.length}",
        (Related(pool.span("cidr"), "the pool"), *used_by(used, rule.resource.name)),
        witness("route", prefix=str(block), direction="export", matches=False),
        help="`matchOperator: In` takes the blocks inside the network" if itself else "",
        key=not itself,
    )


def _few(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return f"{', '.join(names[:_MOST_NAMED])} and {more} more" if more > 0 else " and ".join(names)


def _sure_of_as(cluster: Cluster) -> bool:
    """Nodes have AS numbers of their own, which no manifest shows where the nodes are not listed."""
    model = network(cluster)
    return model.listed or all(peer.local_as_number is not None for peer in cluster.bgp_peers)


def _inert(rule: Rule, direction: Direction, field: str, used: list[BGPPeer], reason: str) -> Breach:
    return Breach.at(
        rule.resource,
        (*rule.rule.path, field),
        f"{rule} matches no route: it {reason}",
        used_by(used, rule.resource.name),
        witness("route", prefix=str(rule.prefixes.witness()), direction=direction, matches=False),
        key=field != "peerType",
    )


def _tag(cluster: Cluster) -> Iterator[Breach]:
    users = _users(cluster)
    attached = {family: _attached(cluster, family) for family in FAMILIES}
    for direction, family, rule in _rules(cluster):
        if direction != "export" or rule.resource.name not in users:
            continue
        if any(condition.kind == "source" for condition in rule.conditions):
            continue
        wanted: list[Community] = [one.value for one in rule.conditions if one.kind == "community"]
        for community in wanted:
            tag = attached[family].get(community)
            if tag is not None:
                place = tag.configuration.resource.span(*tag.advertisement.path, "cidr")
                yield Breach.at(
                    rule.resource,
                    (*rule.rule.path, "communities", "values", 0),
                    f"{rule} asks for the community {format_community(community)}, which prefixAdvertisements attach "
                    "only after the filters, so that it never matches the node's own routes",
                    (Related(place, "attached to these routes, after the filter"),),
                    witness("route", prefix=str(tag.network), direction="export", communities=(), matches=False),
                    help=f"match the network instead: `matchOperator: In, cidr: {tag.network}`",
                )


def _attached(cluster: Cluster, family: Family) -> dict[Community, Tag]:
    """The communities that prefixAdvertisements attach on any node."""
    settings = network(cluster).settings
    names = {name.removeprefix("node.") for name in settings.configurations if name.startswith("node.")} | {ANY}
    return {
        community: tag
        for name in sorted(names)
        for tag in tags(settings, name, family).tags
        for community in tag.communities
    }


def _users(cluster: Cluster) -> dict[str, list[BGPPeer]]:
    found: dict[str, list[BGPPeer]] = {}
    for peer in cluster.bgp_peers:
        for _, name in peer.filters:
            found.setdefault(name, []).append(peer)
    return found


def _all(cluster: Cluster) -> Iterator[Breach]:
    """Each rule was meant to let its own network through, and the others reject it."""
    said: set[tuple[object, ...]] = set()
    known: set[tuple[Filters, Family, Direction]] = set()
    for peer in cluster.bgp_peers:
        filters = filters_of(peer)
        for family in families(cluster, peer):
            for direction in DIRECTIONS:
                rules = rules_of(cluster, peer, direction, family)
                if rules is None or (filters, family, direction) in known:
                    continue
                known.add((filters, family, direction))
                exclusive = [rule for rule in rules if _rejects_all_but_its_own(rule)]
                places = tuple(rule.place for rule in exclusive)
                if len(exclusive) < 2 or places in said or any(rule.verdict == "accept" for rule in rules):
                    continue
                if union_all(family, (rule.prefixes for rule in exclusive)) == everything(family):
                    said.add(places)
                    yield _contradiction(peer, direction, exclusive)


def _rejects_all_but_its_own(rule: Rule) -> bool:
    return rule.verdict == "reject" and rule.rule.operator in ("NotIn", "NotEqual") and not rule.conditions


def _contradiction(peer: BGPPeer, direction: Direction, exclusive: list[Rule]) -> Breach:
    first, last = exclusive[0], exclusive[-1]
    return Breach.at(
        last.resource,
        (*last.rule.path, "matchOperator"),
        f'BGPPeer "{peer.resource.name}" {direction}s nothing: {last} rejects all but "{last.rule.cidr}", and '
        f'{first} has rejected all but "{first.rule.cidr}" before',
        tuple(Related(one.span, f'rejects all but "{one.rule.cidr}"') for one in exclusive[:-1][:3]),
        witness(
            "route",
            prefix=last.rule.cidr,
            peer=peer.resource.name,
            direction=direction,
            verdict="reject",
            decided_by=str(first),
        ),
        help="accept each network with `matchOperator: In` and end with one Reject",
    )


QUESTIONS: dict[str, Question] = {
    "length": _length,
    "never": _never,
    "tag": _tag,
    "all": _all,
}
