"""What pods are to reach on their own node, where Felix drops all that they send to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach, rule_words
from callint.checks.hosts.written import selectable_hosts
from callint.checks.policy.name_resolution import for_hosts
from callint.checks.policy.node_cache import caches
from callint.finding import Related, witness
from callint.nat.host_networks import host_addresses
from callint.net.address import BITS, Prefix
from callint.net.read import prefixes
from callint.objects import Cluster
from callint.objects.policy import Rule
from callint.policy import model_of
from callint.policy.doubt import UndecidedError
from callint.policy.settings import Said, Settings, ebpf_somewhere

NOT_DROPPED = "Accept lets to the node what policy of the pods allows; Return leaves it to the firewall of the node"
_TO_HOST = "defaultEndpointToHostAction"


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """A setting that drops what pods send to their node, where every node has the API server or rules name nodes.

    The caches of names on nodes are `node_local_dns`'s, which tells of the same setting.
    """
    said = own_node_dropped(cluster)
    if said is None or any(caches(cluster)):
        return
    breach = _api_server(cluster, said) or _named(cluster, said)
    if breach is not None:
        yield breach


def own_node_dropped(cluster: Cluster) -> Said | None:
    """What says that Felix drops on every node what pods send to it, in rules that stand before those of others."""
    if ebpf_somewhere(cluster):
        return None
    settings = Settings(cluster, "")
    said = settings.said(_TO_HOST)
    try:
        dropped = said is not None and settings.to_host[0] == "drop"
        first = settings.word("chainInsertMode", "Insert") == "insert"
    except UndecidedError:
        return None
    if said is None or not dropped or not first:
        return None
    others = any(one.resource is not said.resource and _TO_HOST in one.values for one in cluster.felix)
    return None if others and said.resource.kind == "FelixConfiguration" else said


def _api_server(cluster: Cluster, said: Said) -> Breach | None:
    """Where all nodes are known and each is one of the control plane."""
    nodes = cluster.described_nodes
    if not cluster.nodes_complete or not nodes or not all(node.control_plane for node in nodes):
        return None
    node = nodes[0]
    alone = ", the only one that they have" if len(nodes) == 1 else ""
    return Breach.at(
        said.resource,
        said.path,
        f"pods get no answer from the API server of their own node{alone}: what they send to it is dropped, whatever "
        "policy says",
        (Related(node.resources[0].span("metadata", "name"), "has an API server"),),
        witness("packet", source="pods", node=node.name, verdict="drop"),
        NOT_DROPPED,
    )


def _named(cluster: Cluster, said: Said) -> Breach | None:
    """Where a rule lets pods reach nodes by their addresses alone; if not all nodes, pods may be on the others."""
    described = {node.name for node in cluster.described_nodes}
    nodes = {one.address: one.node for one in host_addresses(cluster) if one.node in described}
    hosts = selectable_hosts(cluster)
    for _, placed in model_of(cluster).policies if nodes else ():
        policy = placed.policy
        if policy.staged or not policy.governs("egress"):
            continue
        for rule in policy.egress:
            named = _hosts_of(rule) if rule.action == "Allow" else []
            if not named or not all(net in nodes for net in named) or for_hosts(placed, hosts):
                continue
            every = cluster.nodes_complete and {nodes[net] for net in named} >= cluster.nodes.keys()
            words, node = rule_words(policy.resource, rule.path), nodes[named[0]]
            reach = f'reach {named[0].address} of node "{node}"'
            return Breach.at(
                said.resource,
                said.path,
                f"{words} lets pods {reach}, but those of this node do not: what they send to their own node is dropped"
                if every
                else f"whether pods {reach} as {words} lets them is not known: what they send to their own node is "
                "dropped, and it depends on where they are",
                (Related(policy.resource.span(*rule.destination.path), "lets pods reach nodes"),),
                witness("packet", source="pods", destination=str(named[0].address), node=node, verdict="drop"),
                NOT_DROPPED,
                undecided=not every,
            )
    return None


def _hosts_of(rule: Rule) -> list[Prefix]:
    """The single addresses that are all which a rule lets reach; none where it says more or other things."""
    there = rule.destination
    found = list(prefixes(there.nets))
    single = len(found) == len(there.nets) and all(one.length == BITS[one.family] for one in found)
    return found if single else []
