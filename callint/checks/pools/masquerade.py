"""IP pools that hold a network of the nodes: meant to masquerade it, or about to hand its addresses to pods."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from callint.checks.breach import Breach, asked
from callint.finding import Related, Span, witness
from callint.nat.host_networks import HostAddress, hosts_in
from callint.net.address import Prefix
from callint.net.enclosing import Enclosing
from callint.net.read import network
from callint.objects import Cluster
from callint.objects.cluster_networks import ClusterNetwork
from callint.objects.first_pools import pools_from_start
from callint.objects.machines import machine_addresses
from callint.objects.pool import IPPool
from callint.objects.reservations import reserved


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Pools that hold addresses of nodes, or a network that the configuration calls masqueraded.

    Parameter `problem`: `enabled` (IPAM would hand the addresses out), `inert` (neither allocates nor masquerades),
    `ebpf` (the eBPF dataplane never masquerades what does not come from a pod).
    """
    question = asked(QUESTIONS, parameters)
    for pool, inside, named in _holding(cluster):
        yield from question(cluster, pool, inside, named)
    if question is _inert:
        yield from _uncovered(cluster)
    if question is _enabled:
        yield from _of_machines(cluster)


@lru_cache(maxsize=8)
def _holding(cluster: Cluster) -> list[tuple[IPPool, Sequence[HostAddress], Span | None]]:
    """Pools that hold addresses of nodes, with these, or what is called masqueraded, with the place that says so."""
    called, _ = _called(cluster)
    networks = ((pool, pool.net) for pool in pools_from_start(cluster) if not pool.unreadable)
    every = ((pool, hosts_in(cluster, net), called.get(net)) for pool, net in networks if net is not None)
    return [(pool, inside, named) for pool, inside, named in every if inside or named]


@lru_cache(maxsize=8)
def _called(cluster: Cluster) -> tuple[dict[Prefix, Span], set[Prefix]]:
    """Where the configuration first calls masqueraded what shares addresses with the network of each pool.

    And the networks that it calls so and that share addresses with one.
    """
    said: dict[Prefix, tuple[int, Span]] = {}
    for place, (text, span) in enumerate(cluster.intent.masqueraded):
        if net := network(text):
            said.setdefault(net, (place, span))
    pools = {net for pool in cluster.pools if (net := pool.net)} if said else set()
    around_pools, around_said = (Enclosing((net, net) for net in several) for several in (pools, said))
    pairs = {(pool, net) for net in said for pool, _ in around_pools.of(net)}
    pairs.update((pool, net) for pool in pools for net, _ in around_said.of(pool))
    first: dict[Prefix, Span] = {}
    for pool, net in sorted(pairs, key=lambda pair: said[pair[1]][0]):
        first.setdefault(pool, said[net][1])
    return first, {net for _, net in pairs}


def _owner(inside: Sequence[HostAddress], named: Span | None) -> tuple[str, tuple[Related, ...]]:
    """Who holds the addresses, in words, and the places that say so."""
    if inside or named is None:
        host = inside[0]
        at = f' at "{host.interface}"' if host.interface else ""
        more = f" and {len(inside) - 1} more" if len(inside) > 1 else ""
        words = f'{host.prefix.address} of node "{host.node}"{at}{more}'
        return words, tuple(Related(one.span, f"an address of node {one.node}") for one in inside[:3])
    return f"the network that {named.file} calls masqueraded", (Related(named, "called masqueraded here"),)


def _proof(pool: IPPool, inside: Sequence[HostAddress]) -> Any:
    if not inside:
        return None
    host = inside[0]
    return witness(
        "address", address=str(host.prefix.address), node=host.node, interface=host.interface, pool=pool.cidr
    )


def _enabled(cluster: Cluster, pool: IPPool, inside: Sequence[HostAddress], named: Span | None) -> Iterator[Breach]:
    if not _gives_to_pods(pool):
        return
    if pool.net is not None and inside:
        inside = hosts_in(cluster, pool.net, free=True)
    if not inside and (named is None or (pool.net is not None and reserved(cluster, pool.net))):
        return
    owner, related = _owner(inside, named)
    yield Breach.at(
        pool.resource,
        pool.path("cidr"),
        f'IPPool "{pool.name}" is enabled and holds {owner}, so pods would be given addresses of that network',
        related,
        _proof(pool, inside),
        "`disabled: true` keeps it to translation"
        if any(_gives_to_pods(other) for other in cluster.pools if other is not pool)
        else "give the pods a pool in which no machine has an address, before this one is disabled or removed",
    )


def _of_machines(cluster: Cluster) -> Iterator[Breach]:
    """Where neither manifests nor facts tell the addresses of nodes that the pool holds, and the installer does."""
    pools = [one for one in pools_from_start(cluster) if _gives_to_pods(one) and not one.unreadable and one.net]
    around = Enclosing((net, net) for net in {one.net for one in pools} if net is not None)
    first: dict[Prefix | None, ClusterNetwork] = {}
    for machine in machine_addresses(cluster) if pools else ():
        holding = around.of(machine.prefix)
        if holding and not reserved(cluster, machine.prefix):
            for net, _ in holding:
                first.setdefault(net, machine)
    for pool in pools:
        found = first.get(pool.net)
        if found is not None and pool.net is not None and not hosts_in(cluster, pool.net):
            yield Breach.at(
                pool.resource,
                pool.path("cidr"),
                f'IPPool "{pool.name}" is enabled and holds {found.prefix.address}, where a machine is by the '
                f"{found.resource.kind or 'configuration'}, so pods would be given addresses of that network",
                (Related(found.span, "an address of a machine"),),
                witness("address", address=str(found.prefix.address), pool=pool.cidr),
                "give the pods a pool in which no machine has an address, before this one is disabled or removed",
            )


def _gives_to_pods(pool: IPPool) -> bool:
    return pool.for_pods and not pool.of_no_node


def _inert(cluster: Cluster, pool: IPPool, inside: Sequence[HostAddress], named: Span | None) -> Iterator[Breach]:
    if not pool.disabled or pool.nat_outgoing:
        return
    exempts = any(other.nat_outgoing for other in cluster.pools)
    if not named and (exempts or cluster.bgp_peers):
        return
    owner, related = _owner(inside, named)
    yield Breach.at(
        pool.resource,
        pool.path("disabled"),
        f'IPPool "{pool.name}" is disabled without `natOutgoing: true`, so it gives out no addresses and '
        f"masquerades nothing, though it holds {owner}",
        related,
        _proof(pool, inside),
    )


def _uncovered(cluster: Cluster) -> Iterator[Breach]:
    """Networks that the configuration calls masqueraded and no pool covers."""
    _, called = _called(cluster)
    for text, span in cluster.intent.masqueraded:
        net = network(text)
        if net is not None and net not in called:
            yield Breach(
                f'"{text}" is called masqueraded, but no IPPool with `disabled: true` and `natOutgoing: true` holds it',
                span,
                witness=witness("address", address=str(net)),
            )


def _ebpf(cluster: Cluster, pool: IPPool, inside: Sequence[HostAddress], named: Span | None) -> Iterator[Breach]:
    if not (cluster.target.dataplane == "ebpf" and pool.disabled and pool.nat_outgoing):
        return
    owner, related = _owner(inside, named)
    source = str(inside[0].prefix.address) if inside else pool.cidr
    yield Breach.at(
        pool.resource,
        pool.path("natOutgoing"),
        f'IPPool "{pool.name}" is to masquerade {owner}, but the eBPF dataplane translates only packets that '
        "come from pods",
        related,
        witness("packet", source=source, destination="any", verdict="not masqueraded"),
    )


QUESTIONS: dict[str, Callable[[Cluster, IPPool, Sequence[HostAddress], Span | None], Iterator[Breach]]] = {
    "enabled": _enabled,
    "inert": _inert,
    "ebpf": _ebpf,
}
