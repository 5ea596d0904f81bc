"""Addresses of services, and ranges of such, that no node announces or no router outside hears of."""

from __future__ import annotations

from collections.abc import Iterator

from callint.bgp.network import network
from callint.bgp.routes import engine
from callint.bgp.rules import Rule
from callint.checks.bgp.announceable import (
    FOR_OUTSIDE,
    LISTS,
    Announceable,
    Reached,
    announceable,
    announced_ranges,
    balanced,
)
from callint.checks.bgp.kept_in import Gates
from callint.checks.breach import Breach
from callint.checks.left_open import EXPORTS, left_open
from callint.finding import Related, witness
from callint.nat.host_networks import HostAddress
from callint.net.address import FAMILIES, Family, Prefix
from callint.net.enclosing import Enclosing
from callint.net.overlapping import Networks
from callint.net.prefixes import exactly, within
from callint.objects import Cluster, fields
from callint.objects.cluster_networks import ClusterNetwork, of_services, service_networks
from callint.steps import Steps


def unannounced(cluster: Cluster) -> Iterator[Breach]:
    """Addresses that no range holds, where ranges are given for their kind: others may be announced by other means."""
    yield from _of_others(cluster)
    reached: Reached | None = None
    ranges = {key: announced_ranges(cluster, key) for key in LISTS}
    networks = {key: Networks((one.prefix, one) for one in several) for key, several in ranges.items()}
    for one in announceable(cluster):
        own = ranges[one.wanted]
        if left_open(cluster, (("BGPConfiguration", ("spec", one.wanted)),)):
            continue
        if next(networks[one.wanted].overlapping(one.network), None) is not None:
            continue
        others = (
            (key, found.span)
            for key in LISTS
            for _, found in networks[key].overlapping(one.network)
            if key != one.wanted
        )
        crossed = next(others, None)
        if not own and crossed is None:
            continue
        if reached is None:
            reached = Reached(cluster)
        perhaps = one.resource.kind != "IPPool"
        if perhaps and reached.otherwise(one, crossed=crossed is not None):
            continue
        neighbour = reached.neighbour(one.network) if perhaps and crossed is None else None
        if neighbour is not None:
            yield _perhaps_near(one, neighbour)
            continue
        where = f', though it is in "{crossed[0]}"' if crossed else ""
        labelled = [(near.span, "the range that is announced") for near in own[:3]]
        if crossed is not None:
            labelled = [(crossed[1], f'"{crossed[0]}" counts for another kind of address')]
        yield Breach.at(
            one.resource,
            one.path,
            f'{one.words} is announced by no node: it is not in "{one.wanted}" of the BGPConfiguration{where}',
            tuple(Related(span, label) for span, label in labelled),
            one.proof,
        )


def _of_others(cluster: Cluster) -> Iterator[Breach]:
    """Ranges of cluster addresses beside all networks out of which services get theirs, and all that they have."""
    key, networks = "serviceClusterIPs", service_networks(cluster)
    ranges = [] if left_open(cluster, (("BGPConfiguration", ("spec", key)),)) else announced_ranges(cluster, key)
    known = Networks((one.prefix, one) for one in of_services(cluster) if ranges)
    for family in FAMILIES:
        own = [one for one in networks if one.prefix.family == family]
        said = [one for one in ranges if one.prefix.family == family]
        if not own or any(any(known.overlapping(one.prefix)) for one in said):
            continue
        for one in said[:1]:
            named = " and ".join(dict.fromkeys(str(there.prefix) for there in own))
            yield Breach.at(
                one.resource,
                one.path,
                f'the range "{one.prefix}" has no address of a service: these get theirs out of {named}, which no node '
                "announces",
                tuple(Related(there.span, "the network of services") for there in own[:3]),
                witness("address", address=str(own[0].prefix.address), range=str(one.prefix)),
            )


def kept_in(cluster: Cluster) -> Iterator[Breach]:
    """Ranges that filters reject on every session with a router outside.

    Those of the cluster's own addresses are not meant for these: they may be named for Felix to drop loops.
    """
    if left_open(cluster, EXPORTS):
        return
    steps, by_others = Steps(cluster, "service ranges with BGPFilters"), balanced(cluster)
    model = network(cluster)
    outside = [one for one in model.peerings if model.leads_out(one)]
    gates = {family: Gates(cluster, outside, family, steps) for family in FAMILIES}
    wide = {net for each in engine(cluster).profiles.shared.values() for net in each.ranges.announced}
    kept: list[tuple[ClusterNetwork, Rule]] = []
    for one in announced_ranges(cluster, *FOR_OUTSIDE):
        if by_others and one.path[1] == "serviceLoadBalancerIPs":
            continue
        mine = gates[one.prefix.family]
        rule = mine.keeper(within(one.prefix))
        itself = mine.keeper(exactly(one.prefix)) if rule is None and one.prefix in wide else None
        if itself is not None:
            kept.append((one, itself))
        if rule is not None:
            yield Breach.at(
                one.resource,
                one.path,
                f'no router outside hears of the service range "{one.prefix}": {rule} rejects all of it, and so does '
                "every session",
                (Related(rule.span, "keeps it in"),),
                witness("route", prefix=str(one.prefix), direction="export", verdict="reject", decided_by=str(rule)),
                f"accept {one.prefix} before that rule, with `matchOperator: In`",
            )
    yield from _announced_by_range(cluster, kept, gates) if kept else ()


def _announced_by_range(
    cluster: Cluster, kept: list[tuple[ClusterNetwork, Rule]], gates: dict[Family, Gates]
) -> Iterator[Breach]:
    """Of each range that is kept in itself a Service whose address nodes announce as part of it alone."""
    shared, reached = engine(cluster).profiles.shared, Reached(cluster)
    ranges = Enclosing((one.prefix, (one, rule)) for one, rule in kept)
    single = {host.prefix for each in shared.values() for host in each.hosts}
    announced = (net for each in shared.values() for net in each.ranges.announced)
    heard = Enclosing((net, None) for net in announced if gates[net.family].open_to(exactly(net)))
    said: set[Prefix] = set()
    for each in announceable(cluster):
        for net, (one, rule) in ranges.of(each.network):
            local = fields.text(each.resource.spec, "externalTrafficPolicy") == "Local"
            if each.resource.kind != "Service" or local or each.wanted != one.path[1] or net in said:
                continue
            if each.network in single or heard.of(each.network) or reached.otherwise(each, crossed=False):
                continue
            said.add(net)
            yield Breach.at(
                each.resource,
                each.path,
                f'no router outside hears of {each.words}: nodes announce it as part of "{net}" alone, which {rule} '
                "rejects, and so does every session",
                (Related(rule.span, "keeps the range in"), Related(one.span, "the range")),
                witness("route", prefix=str(net), direction="export", verdict="reject", decided_by=str(rule)),
                f"accept {net} itself in the filter, too",
            )


def _perhaps_near(one: Announceable, neighbour: HostAddress) -> Breach:
    address = neighbour.prefix.address
    return Breach.at(
        one.resource,
        one.path,
        f"{one.words} is announced by no node; whether it is found without, in the network of nodes, is not known: it "
        f'depends on how far the network of node "{neighbour.node}" with {address} goes, which nothing here tells',
        (Related(neighbour.span, f"has {address}, without the length of its network"),),
        undecided=True,
    )
