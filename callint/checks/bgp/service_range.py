"""The ranges of services that nodes announce, against pools, services and nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from callint.bgp.network import network
from callint.bgp.routes import engine
from callint.bgp.rules import Rule
from callint.bgp.services import EXCLUDE_LABEL
from callint.checks.bgp.announceable import Announceable, Reached, announceable, balanced
from callint.checks.bgp.kept_in import Gates
from callint.checks.bgp.peers import far_ends
from callint.checks.breach import Breach
from callint.checks.dispatch import Question, asked
from callint.checks.left_open import EXPORTS, left_open
from callint.finding import Related, Span, witness
from callint.nat.host_networks import HostAddress, hosts_in
from callint.net.address import BITS, FAMILIES, Address, Family, Prefix
from callint.net.enclosing import Enclosing
from callint.net.overlapping import Networks
from callint.net.prefixes import exactly, within
from callint.net.read import network as network_of
from callint.objects import Cluster, fields
from callint.objects.bgp import BGPPeer
from callint.objects.cluster_networks import ClusterNetwork, of_services, service_networks
from callint.policy.doubt import UndecidedError
from callint.policy.settings import Settings
from callint.source import placeholder
from callint.steps import Steps, counted

# What a finding takes
_OF_BREACH = 30
_FOR_OUTSIDE = ("serviceExternalIPs", "serviceLoadBalancerIPs")
_LISTS = ("serviceClusterIPs", *_FOR_OUTSIDE)


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Service ranges of BGPConfiguration `default`.

    Parameter `problem`: `pool` (a range that overlaps a pool for pods), `machines` (one that holds a node, or a router
    that is peered with), `outside` (an address of a Service in no range of its kind), `kept-in` (a range of which
    filters reject everything on every session with a router outside), `label` (a node with the label that excludes it,
    at a value that does not).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _ranges(cluster: Cluster, *lists: str) -> list[ClusterNetwork]:
    default = network(cluster).settings.default
    if default is None:
        return []
    found = []
    for key in lists:
        for index, item in fields.items(default.resource.spec, key):
            inside = network_of(fields.text(item, "cidr")) if isinstance(item, dict) else None
            if inside is not None:
                found.append(ClusterNetwork(inside, default.resource, ("spec", key, index, "cidr")))
    return found


def _pool(cluster: Cluster) -> Iterator[Breach]:
    ranges, dropped = _ranges(cluster, *_LISTS), _drops_forwarded(cluster)
    if not ranges:
        return
    felix = "Felix drops what it forwards to a service range, and " if dropped else ""
    steps = Steps(cluster, "service ranges with IPPools")
    harmed = Networks(
        (net, pool)
        for pool in cluster.pools
        if pool.for_pods and (dropped or pool.vxlan_mode == "Never")
        if (net := pool.net) is not None
    )
    for one in ranges:
        inside = one.prefix
        for net, pool in counted(harmed.overlapping(inside), steps, _OF_BREACH):
            both = net if net.length > inside.length else inside
            yield Breach.at(
                one.resource,
                one.path,
                f'the service range "{inside}" overlaps IPPool "{pool.name}": {felix}BIRD installs no route inside '
                f"one, so that pods in {both} are not reached from other nodes",
                (Related(pool.span("cidr"), "pods get these addresses"),),
                witness("route", prefix=str(both), direction="import", verdict="reject", decided_by="service range"),
            )


def _machines(cluster: Cluster) -> Iterator[Breach]:
    """A range that is there for others is asked for nodes and routers; one of cluster addresses holds no router.

    An address that is named by itself, or that a Service has, is meant, though a machine may hold it as well.
    """
    if cluster.target.dataplane == "ebpf" or not _drops_forwarded(cluster):
        return
    every = [one for one in _ranges(cluster, *_LISTS) if one.prefix.length < BITS[one.prefix.family]]
    ranges = {one.prefix: one for one in reversed(every)}
    meant = {one.network for one in announceable(cluster)} if ranges else set()
    outside = {one.prefix for one in every if one.path[1] in _FOR_OUTSIDE}
    inside = Enclosing((net, None) for net in outside)
    routers: dict[Prefix, tuple[BGPPeer, Address]] = {}
    for peer, address, _ in far_ends(cluster) if outside else ():
        for around, _ in inside.of(address.prefix()) if address.prefix() not in meant else ():
            routers.setdefault(around, (peer, address))
    alone = network(cluster).alone
    for net, one in ranges.items():
        hosts = [host for host in hosts_in(cluster, net) if host.address not in meant] if not alone else []
        if hosts:
            yield _of_nodes(one, hosts, more=len(cluster.nodes) > 1)
        elif net in routers:
            peer, address = routers[net]
            what = f'{address}, the far end of BGPPeer "{peer.resource.name}"'
            yield _unreached(one, str(address), what, peer.resource.span("spec", "peerIP"), "pods")


def _of_nodes(one: ClusterNetwork, hosts: Sequence[HostAddress], *, more: bool) -> Breach:
    """With `more` there is another node than one."""
    address, others = str(hosts[0].prefix.address), len({host.node for host in hosts}) - 1
    what = f'{address} of node "{hosts[0].node}"' + (f" and {others} more" if others else "")
    whom = "pods on other nodes" if more else "pods on other nodes, if there are any,"
    return _unreached(one, address, what, hosts[0].span, whom, undecided=not more)


def _unreached(
    one: ClusterNetwork, address: str, what: str, where: Span, whom: str, *, undecided: bool = False
) -> Breach:
    return Breach.at(
        one.resource,
        one.path,
        f'the service range "{one.prefix}" holds {what}: Felix drops what it forwards to a service range, so that '
        f"{whom} do not reach it",
        (Related(where, "the address of a machine"),),
        witness("address", address=address, range=str(one.prefix)),
        "announce addresses that no machine has, or set `serviceLoopPrevention: Disabled` in FelixConfiguration "
        "`default`",
        undecided=undecided,
    )


def _drops_forwarded(cluster: Cluster) -> bool:
    """Whether Felix of any node prevents loops of packets to services that there are not (serviceLoopPrevention)."""
    return any(_drops(Settings(cluster, node)) for node in cluster.nodes or ("",))


def _drops(settings: Settings) -> bool:
    try:
        return settings.word("serviceLoopPrevention", "drop") != "disabled"
    except UndecidedError:
        return False


def _outside(cluster: Cluster) -> Iterator[Breach]:
    """Only where ranges are given for the kind of address: a cluster may announce the others by other means."""
    yield from _of_others(cluster)
    reached: Reached | None = None
    ranges = {key: _ranges(cluster, key) for key in _LISTS}
    networks = {key: Networks((one.prefix, one) for one in several) for key, several in ranges.items()}
    for one in announceable(cluster):
        own = ranges[one.wanted]
        if left_open(cluster, (("BGPConfiguration", ("spec", one.wanted)),)):
            continue
        if next(networks[one.wanted].overlapping(one.network), None) is not None:
            continue
        others = (
            (key, found.span)
            for key in _LISTS
            for _, found in networks[key].overlapping(one.network)
            if key != one.wanted
        )
        crossed = next(others, None)
        if not own and crossed is None:
            continue
        if reached is None:
            reached = Reached(cluster)
        service = one.resource.kind == "Service"
        if service and reached.otherwise(one, crossed=crossed is not None):
            continue
        neighbour = reached.neighbour(one.network) if service and crossed is None else None
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
    ranges = [] if left_open(cluster, (("BGPConfiguration", ("spec", key)),)) else _ranges(cluster, key)
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


def _kept_in(cluster: Cluster) -> Iterator[Breach]:
    """Ranges that are there for others; those of the cluster's own addresses may be named for Felix to drop loops."""
    if left_open(cluster, EXPORTS):
        return
    steps, by_others = Steps(cluster, "service ranges with BGPFilters"), balanced(cluster)
    outside = [one for one in network(cluster).peerings if one.there is None and one.form.kind != "workload"]
    gates = {family: Gates(cluster, outside, family, steps) for family in FAMILIES}
    wide = {net for each in engine(cluster).profiles.shared.values() for net in each.ranges.announced}
    kept: list[tuple[ClusterNetwork, Rule]] = []
    for one in _ranges(cluster, *_FOR_OUTSIDE):
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


def _label(cluster: Cluster) -> Iterator[Breach]:
    announced = _ranges(cluster, *_LISTS)
    for node in cluster.kubernetes("Node", "v1") if announced else ():
        value = node.labels.get(EXCLUDE_LABEL)
        if value is None or value == "true" or placeholder(value) is not None:
            continue
        yield Breach.at(
            node,
            ("metadata", "labels", EXCLUDE_LABEL),
            f'node "{node.name}" announces service ranges all the same: "{EXCLUDE_LABEL}" counts for Calico only with '
            f'the value "true", and here it is "{value}"',
            (Related(announced[0].span, "the node announces this range"),),
            witness("route", prefix=str(announced[0].prefix), node=node.name, direction="export", verdict="accept"),
        )


QUESTIONS: dict[str, Question] = {
    "pool": _pool,
    "machines": _machines,
    "outside": _outside,
    "kept-in": _kept_in,
    "label": _label,
}
