"""Calico objects as a BIRD 1.6 configuration, rendered from what they say, and the engine's predictions as tables."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from callint.bgp.decision import Decision
from callint.bgp.route import DEFAULT_LOCAL_PREF
from callint.bgp.session import Session
from callint.calico import Target
from callint.net.address import parse_cidr
from callint.objects import Cluster
from callint.objects.bgp import FilterRule
from manifests import cluster_of

V3 = "projectcalico.org/v3"
HIGHEST = 2**31 - 1
OPERATORS = {"In": "~", "NotIn": "!~", "Equal": "=", "NotEqual": "!="}


def bird_community(text: str) -> tuple[str, str]:
    kind = "bgp_community" if text.count(":") == 1 else "bgp_large_community"
    return kind, f"({text.replace(':', ', ')})"


def bird_rule(rule: FilterRule, internal: bool) -> str:
    """One rule in BIRD's language, from the object as it is written."""
    if rule.peer_type is not None and (rule.peer_type == "iBGP") != internal:
        return ""
    asks = []
    if rule.cidr is not None:
        network = rule.cidr
        if rule.min_length is not None or rule.max_length is not None:
            low = max(int(network.split("/")[1]), rule.min_length or 0)
            whole = 128 if ":" in network else 32
            network = f"[ {network}{{{low},{whole if rule.max_length is None else rule.max_length}}} ]"
        asks.append(f"net {OPERATORS[rule.operator or '']} {network}")
    if rule.source is not None:
        asks.append("source = RTS_BGP")
    if rule.interface is not None:
        asks.append(f'ifname ~ "{rule.interface}"')
    for text in rule.communities:
        kind, value = bird_community(text)
        asks.append(f"{value} ~ {kind}")
    if rule.as_path_prefix:
        asks.append(f"bgp_path ~ [= {' '.join(map(str, rule.as_path_prefix))} * =]")
    if rule.priority is not None:
        asks.append(f"defined(bgp_local_pref) && bgp_local_pref = {HIGHEST - rule.priority}")
    does = []
    for step in rule.operations if rule.action == "Accept" else ():
        if "addCommunity" in step:
            kind, value = bird_community(step["addCommunity"]["value"])
            does.append(f"{kind}.add({value});")
        elif "prependASPath" in step:
            does += [f"bgp_path.prepend({number});" for number in reversed(step["prependASPath"]["prefix"])]
        else:
            does.append(f"bgp_local_pref = {HIGHEST - step['setPriority']['value']};")
    return f"if {' && '.join(f'({one})' for one in asks) or 'true'} then {{ {' '.join(does)} {rule.action.lower()}; }}"


def bird_rules(cluster: Cluster, session: Session, direction: str) -> str:
    rules = (
        rule for name in session.form.filters for rule in cluster.bgp_filters[name].rules(direction, session.family)
    )
    return "\n  ".join(bird_rule(rule, session.peer_type == "iBGP") for rule in rules)


def bird_export(cluster: Cluster, node: str, session: Session) -> str:
    """What confd renders for an export, v3.32: priorities, BGPFilters, then Calico's own filter, in its order."""
    internal, family = session.peer_type == "iBGP", session.family
    pools = [pool for pool in cluster.pools if is_of(pool.cidr, family)]
    text = [
        f"if source = RTS_BGP && defined(bgp_local_pref) then krt_metric = {HIGHEST} - bgp_local_pref;",
        f"else {{ if !defined(krt_metric) then krt_metric = 1024; bgp_local_pref = {HIGHEST} - krt_metric; }}",
        bird_rules(cluster, session, "export"),
    ]
    text += [f"if net ~ {pool.cidr} then reject;" for pool in pools if pool.disable_bgp_export]
    patterns = ["*.cali", "*.calico"] if internal else []
    text += [f'if ifname ~ "{pattern}" then reject;' for pattern in (*patterns, "bpf*.cali")]
    configuration = next(iter(cluster.bgp_configurations))
    for entry in (one for one in configuration.prefix_advertisements if is_of(one.cidr, family)):
        adds = (f"{kind}.add({value});" for kind, value in map(bird_community, entry.communities))
        text.append(f"if net ~ {entry.cidr} then {{ {' '.join(adds)} }}")
    for block in blocks(cluster, node, family):
        text.append(f"if net = {block} then accept;")
        text.append(f"if net ~ {block} && krt_metric < 1024 then accept;")
        text.append(f"if net ~ {block} then reject;")
    text += [f"if net ~ {net} then accept;" for net in services(cluster, node, family)]
    text += [f"if net ~ {pool.cidr} then accept;" for pool in pools if not pool.disable_bgp_export]
    return "\n  ".join([*text, "reject;"])


def bird_import(cluster: Cluster, session: Session) -> str:
    return bird_rules(cluster, session, "import") + "\n  accept;"


def is_of(network: str, family: int) -> bool:
    return (":" in network) == (family == 6)


def blocks(cluster: Cluster, node: str, family: int) -> list[str]:
    mine = (one.spec["cidr"] for one in cluster.of("BlockAffinity") if one.spec["node"] == node)
    return [net for net in mine if is_of(net, family)]


def services(cluster: Cluster, node: str, family: int) -> list[str]:
    """The ranges, and the addresses of Local Services with an endpoint on the node (confd routes.go)."""
    found = list(next(iter(cluster.bgp_configurations)).service_cluster_ips)
    for one in cluster.kubernetes("Service", "v1"):
        slices = cluster.kubernetes("EndpointSlice", "discovery.k8s.io/v1")
        here = {endpoint["nodeName"] for each in slices for endpoint in each.plain["endpoints"]}
        found += [f"{one.spec['clusterIP']}/32"] if node in here else []
    return [net for net in found if is_of(net, family)]


def bird_node(cluster: Cluster, node: str, family: int = 4) -> str:
    """The protocols of a node, but for BGP."""
    statics = [*blocks(cluster, node, family), *services(cluster, node, family)]
    text = ["log stderr all;", "router id 10.255.0.1;", "protocol device { scan time 1; }"]
    text.append('protocol direct { interface -"cali*", -"kube-ipvs*", "*"; }')
    text.append(f"protocol static {{ {' '.join(f'route {net} blackhole;' for net in statics)} }}")
    return "\n".join([*text, "protocol kernel { learn; persist; scan time 1; import all; export none; }\n"])


def bird_session(name: str, own: str, own_as: int, other: str, other_as: int, *options: str) -> str:
    """A session, bound to an address unless that is empty."""
    bound = f" source address {own};" if own else ""
    return (
        f"protocol bgp {name} {{ local as {own_as}; neighbor {other} as {other_as};{bound} multihop;\n"
        f" add paths on; connect delay time 1; connect retry time 1; error wait time 1, 2; {' '.join(options)}\n}}\n"
    )


def make_cluster(objects: Iterable[dict[str, Any]], facts: dict[str, Any]) -> Cluster:
    return cluster_of(objects, Target((3, 32)), facts=json.dumps(facts))


Table = dict[str, tuple[frozenset[tuple[int, ...]], tuple[int, ...], int]]
"""What a far end holds: prefix to communities, AS path and LOCAL_PREF."""


def predicted(decisions: Iterable[Decision], universe: Iterable[str]) -> Table:
    """What the engine says will arrive, for the prefixes that exist; it must not leave anything open."""
    found: Table = {}
    for one in decisions:
        if one.accepted and one.routes.presence == "all":
            assert one.certain
            preference = DEFAULT_LOCAL_PREF if one.result.local_pref is None else one.result.local_pref
            for text in universe:
                if parse_cidr(text) in one.prefixes:
                    assert text not in found
                    found[text] = (frozenset(one.result.communities or ()), one.result.as_path or (), preference)
    return found


def seen(host: Any, selection: str) -> Table:
    return {
        one.prefix: (one.communities, one.as_path, DEFAULT_LOCAL_PREF if one.local_pref is None else one.local_pref)
        for one in host.routes(selection)
    }
