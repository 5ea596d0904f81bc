"""Pools of addresses and the nodes whose pods get addresses from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.bgp.pools import host_local
from callint.calico.defaults import SYSTEM_LABELS
from callint.checks.breach import Breach, Question, asked
from callint.finding import Path, Related, all_of, witness
from callint.net.address import BITS, FAMILIES, Family, Prefix
from callint.net.read import cidr
from callint.objects import Cluster, fields
from callint.objects.charts import pools_elsewhere
from callint.objects.node import Node, bgp_path, bgp_value
from callint.objects.pool import IPPool
from callint.selector import Selector, SelectorError, keys, parse, parse_or_none
from callint.selector.index import SelectorIndex
from callint.selector.syntax import ALL
from callint.steps import Steps, counted

_MOST_SHOWN = 3


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Nodes that pools do not go together with.

    Parameter `problem`: `unserved` (no pool gives addresses to the pods of a node: libcalico-go/lib/ipam/ipam.go),
    `lone-address` (a node's BGP address is a network of its own, and a pool tunnels between networks:
    felix/calc/l3_route_resolver.go), `windows` (a pool tunnels by IPIP, which Windows does not have).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _unserved(cluster: Cluster) -> Iterator[Breach]:
    """Without a word that all pools are given, only where they share out the nodes: one for all would make no sense.

    A node without labels may get any elsewhere; where a pool given by hand is for some nodes, their pods ask for it.
    """
    if not cluster.pools or cluster.incomplete or host_local(cluster) or pools_elsewhere(cluster):
        return
    try:
        every = [(pool, parse(pool.node_selector)) for pool in cluster.pools]
    except SelectorError:
        return
    if any(pool.unreadable for pool in cluster.pools):
        return
    giving = [(pool, selector) for pool, selector in every if pool.for_pods]
    pools = [(pool, selector) for pool, selector in giving if not pool.by_hand]
    asked = [selector for pool, selector in giving if pool.by_hand and selector != ALL]
    # Kubernetes labels nodes by itself, with such names
    unsaid = {key for _, selector in pools for key in keys(selector) if "/" in key}
    known = [node for node in cluster.nodes.values() if node.legible]
    steps = Steps(cluster, "selectors of IPPools with nodes")
    served = _selected(known, [selector for _, selector in pools], steps)
    content = served | _selected(known, asked, steps)
    left = [node for node in known if node.name not in content and unsaid <= node.labels.keys()]
    if left and (served or "IPPool" in cluster.intent.complete):
        yield _left_out(left, [pool for pool, _ in pools], len(cluster.pools), doubtful=bool(giving))


def _left_out(left: list[Node], pools: list[IPPool], all_pools: int, *, doubtful: bool) -> Breach:
    """Nodes that none of the pools that give addresses selects; doubtful are those without labels, if there are any."""
    sure = [node for node in left if any(one.labels for one in node.resources)]
    first, *more = sure or left
    further = f" and {len(more)} more" if more else ""
    if pools:
        why = f"the {len(pools)} that there are select" if pools[1:] else "the only one selects"
        why += " other nodes"
    else:
        why = f"{all_of(all_pools, 'IPPool')} are" if all_pools > 1 else "the only one is"
        why += " disabled, or for other uses"
    return Breach.at(
        first.resources[0],
        ("metadata", "name"),
        f'no IPPool gives addresses to the pods of node "{first.name}"{further}: {why}',
        tuple(Related(one.span("nodeSelector"), "does not select it") for one in pools[:_MOST_SHOWN]),
        witness(
            "selector",
            selector=pools[0].node_selector if pools else "none",
            nodes=tuple(node.name for node in (first, *more)[:_MOST_SHOWN]),
        ),
        "label the node as one of the pools wants it, or add a pool that selects it",
        undecided=doubtful and not sure,
    )


def _selected(nodes: list[Node], selectors: list[Selector], steps: Steps) -> set[str]:
    index = SelectorIndex((one, one) for one in dict.fromkeys(selectors))

    def near(node: Node) -> Iterator[Selector]:
        return counted(index.candidates(node.labels), steps, 1)

    return {node.name for node in nodes if any(one.matches(node.labels) for one in near(node))}


def _lone_address(cluster: Cluster) -> Iterator[Breach]:
    """Some nodes do have a network of one address: it is a slip without a length, or where another's network holds it.

    A node with such an address takes every other one for one outside its network, so that it tunnels to all of them.
    """
    for family in FAMILIES:
        pool, mode = next(_between_networks(cluster, family), (None, ""))
        if pool is None:
            continue
        found = {node.name: _address(node, family) for node in cluster.described_nodes}
        networks = {one.masked(): name for name, (_, one) in found.items() if one and one.length < BITS[family]}
        lengths = sorted({net.length for net in networks}, reverse=True)
        for name, (text, own) in found.items():
            if own is None or own.length < BITS[family]:
                continue
            nets = (Prefix(family, own.value, length).masked() for length in lengths)
            around = next((net for net in nets if net in networks), None)
            if "/" in text and around is None:
                continue
            field = f"ipv{family}Address"
            saying = (one for one in cluster.nodes[name].resources if bgp_value(one, field) == text)
            resource = next(saying, None)
            if resource is None:
                continue
            path = bgp_path(resource, field)
            beside = f', though it is inside {around} of node "{networks[around]}"' if around else ""
            yield Breach.at(
                resource,
                path,
                f'the BGP address "{text}" of node "{name}" is a network of one address{beside}: with `{mode}: '
                f'CrossSubnet` of IPPool "{pool.name}" it tunnels to every other node',
                (Related(pool.span(mode), "tunnels from one network to another"),),
                witness("address", address=text, node=name, pool=pool.cidr),
                f"write it with the length of its network{f', /{around.length}' if around else ''}",
            )


def _between_networks(cluster: Cluster, family: Family) -> Iterator[tuple[IPPool, str]]:
    for pool in cluster.pools:
        used = not pool.unreadable and not pool.disabled
        if used and pool.net is not None and pool.net.family == family:
            for mode, value in (("ipipMode", pool.ipip_mode), ("vxlanMode", pool.vxlan_mode)):
                if value == "CrossSubnet":
                    yield pool, mode


def _address(node: Node, family: Family) -> tuple[str, Prefix | None]:
    text = (node.bgp.ipv4_address if family == 4 else node.bgp.ipv6_address) or ""
    return text, cidr(text, family)


def _windows(cluster: Cluster) -> Iterator[Breach]:
    """Calico for Windows has VXLAN and routes without a tunnel, and no IPIP (its documentation, limitations).

    Pods that ask for a pool, or are in certain namespaces, may all be on other nodes.
    """
    nodes = [node for node in cluster.nodes.values() if node.labels.get(SYSTEM_LABELS[0]) == "windows"]
    installed = next((one for one in cluster.installations if fields.at(one.plain, _OF_WINDOWS) == "HNS"), None)
    if not nodes and installed is None:
        return
    steps = Steps(cluster, "selectors of IPPools with nodes")
    one_subnet = _of_one_subnet(cluster)
    for pool in cluster.pools:
        given = pool.given and not pool.namespace_selector
        selector = parse_or_none(pool.node_selector)
        crossing = pool.ipip_mode == "CrossSubnet"
        if not given or pool.ipip_mode == "Never" or selector is None or (crossing and one_subnet):
            continue
        node = next((node for node in counted(nodes, steps, 1) if selector.matches(node.labels)), None)
        if node is not None:
            who, place = f'node "{node.name}", which runs Windows', node.resources[0].span("metadata", "name")
        elif installed is not None and selector == ALL:
            who, place = "all nodes, of which some run Windows", installed.span(*_OF_WINDOWS)
        else:
            continue
        yield Breach.at(
            pool.resource,
            pool.path("ipipMode" if "ipipMode" in pool.plain or "encapsulation" in pool.plain else "cidr"),
            f'IPPool "{pool.name}" tunnels by IPIP and is for {who}: Windows has no IPIP, so that pods there are not '
            f"reached from {'nodes of other subnets' if crossing else 'other nodes'}",
            (Related(place, "Windows"),),
            witness("packet", protocol="ipip", source=pool.cidr, verdict="drop", decided_by="Windows"),
            "tunnel by VXLAN, or not at all, or give Windows a pool of its own by `nodeSelector`",
        )


def _of_one_subnet(cluster: Cluster) -> bool:
    """Whether all nodes have their BGP address in one network, so that nothing is tunnelled across subnets."""
    networks = {one and one.masked() for node in cluster.nodes.values() for one in (cidr(node.bgp.ipv4_address, 4),)}
    return len(networks) == 1 and None not in networks


_OF_WINDOWS: Path = ("spec", "calicoNetwork", "windowsDataplane")
QUESTIONS: dict[str, Question] = {"unserved": _unserved, "lone-address": _lone_address, "windows": _windows}
