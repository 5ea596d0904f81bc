"""The ranges of services that nodes announce, against pools, machines and the addresses that services have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from callint.bgp.network import network
from callint.bgp.services import EXCLUDE_LABEL
from callint.checks.bgp.announceable import FOR_OUTSIDE, LISTS, announceable, announced_ranges
from callint.checks.bgp.peers import far_ends
from callint.checks.bgp.unannounced import kept_in, unannounced
from callint.checks.breach import Breach, Question, asked
from callint.finding import Related, Span, witness
from callint.nat.host_networks import HostAddress, hosts_in
from callint.net.address import BITS, Address, Prefix
from callint.net.enclosing import Enclosing
from callint.net.overlapping import Networks
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer
from callint.objects.cluster_networks import ClusterNetwork
from callint.policy.doubt import UndecidedError
from callint.policy.settings import Settings
from callint.source import placeholder
from callint.steps import Steps, counted

# What a finding takes
_OF_BREACH = 30


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Service ranges of BGPConfiguration `default`.

    Parameter `problem`: `pool` (a range that overlaps a pool for pods), `machines` (one that holds a node, or a router
    that is peered with), `outside` (an address of a Service in no range of its kind), `kept-in` (a range of which
    filters reject everything on every session with a router outside), `label` (a node with the label that excludes it,
    at a value that does not).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _pool(cluster: Cluster) -> Iterator[Breach]:
    ranges, dropped = announced_ranges(cluster, *LISTS), _drops_forwarded(cluster)
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
    every = [one for one in announced_ranges(cluster, *LISTS) if one.prefix.length < BITS[one.prefix.family]]
    ranges = {one.prefix: one for one in reversed(every)}
    meant = {one.network for one in announceable(cluster)} if ranges else set()
    outside = {one.prefix for one in every if one.path[1] in FOR_OUTSIDE}
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


def _label(cluster: Cluster) -> Iterator[Breach]:
    announced = announced_ranges(cluster, *LISTS)
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
    "outside": unannounced,
    "kept-in": kept_in,
    "label": _label,
}
