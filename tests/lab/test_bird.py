"""The engine's predictions against BIRD itself, run with a configuration that these tests render from the objects."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from callint.bgp.candidates import Routes
from callint.bgp.decision import Decision
from callint.bgp.route import DEFAULT_LOCAL_PREF, Attributes
from callint.bgp.routes import Engine, engine
from callint.bgp.session import Session
from callint.calico import Target
from callint.facts import read
from callint.net.address import parse_cidr
from callint.net.prefixes import PrefixSet, exactly
from callint.objects import Cluster, Resource, unpack
from callint.objects.bgp import FilterRule
from callint.source.load import parse

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
            network = f"[ {network}{{{low},{32 if rule.max_length is None else rule.max_length}}} ]"
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
    rules = (rule for name in session.form.filters for rule in cluster.bgp_filters[name].rules(direction, 4))
    return "\n  ".join(bird_rule(rule, session.peer_type == "iBGP") for rule in rules)


def bird_export(cluster: Cluster, node: str, session: Session) -> str:
    """What confd renders for an export, v3.32: priorities, BGPFilters, then Calico's own filter, in its order."""
    internal = session.peer_type == "iBGP"
    text = [
        f"if source = RTS_BGP && defined(bgp_local_pref) then krt_metric = {HIGHEST} - bgp_local_pref;",
        f"else {{ if !defined(krt_metric) then krt_metric = 1024; bgp_local_pref = {HIGHEST} - krt_metric; }}",
        bird_rules(cluster, session, "export"),
    ]
    text += [f"if net ~ {pool.cidr} then reject;" for pool in cluster.pools if pool.disable_bgp_export]
    patterns = ["*.cali", "*.calico"] if internal else []
    text += [f'if ifname ~ "{pattern}" then reject;' for pattern in (*patterns, "bpf*.cali")]
    configuration = next(iter(cluster.bgp_configurations))
    for entry in configuration.prefix_advertisements:
        adds = (f"{kind}.add({value});" for kind, value in map(bird_community, entry.communities))
        text.append(f"if net ~ {entry.cidr} then {{ {' '.join(adds)} }}")
    for block in blocks(cluster, node):
        text.append(f"if net = {block} then accept;")
        text.append(f"if net ~ {block} && krt_metric < 1024 then accept;")
        text.append(f"if net ~ {block} then reject;")
    text += [f"if net ~ {cidr} then accept;" for cidr in configuration.service_cluster_ips]
    text += [f"if net ~ {pool.cidr} then accept;" for pool in cluster.pools if not pool.disable_bgp_export]
    return "\n  ".join([*text, "reject;"])


def bird_import(cluster: Cluster, session: Session) -> str:
    return bird_rules(cluster, session, "import") + "\n  accept;"


def blocks(cluster: Cluster, node: str) -> list[str]:
    return [one.spec["cidr"] for one in cluster.of("BlockAffinity") if one.spec["node"] == node]


def bird_node(cluster: Cluster, node: str) -> str:
    """The protocols of a node, but for BGP."""
    statics = [*blocks(cluster, node), *next(iter(cluster.bgp_configurations)).service_cluster_ips]
    text = ["log stderr all;", "router id 10.255.0.1;", "protocol device { scan time 1; }"]
    text.append('protocol direct { interface -"cali*", -"kube-ipvs*", "*"; }')
    text.append(f"protocol static {{ {' '.join(f'route {net} blackhole;' for net in statics)} }}")
    return "\n".join([*text, "protocol kernel { learn; persist; scan time 1; import all; export none; }\n"])


def bird_session(name: str, own: str, own_as: int, other: str, other_as: int, *options: str) -> str:
    return (
        f"protocol bgp {name} {{ local as {own_as}; neighbor {other} as {other_as}; source address {own}; multihop; add paths on;\n"
        f" connect delay time 1; connect retry time 1; error wait time 1, 2; {' '.join(options)}\n}}\n"
    )


def make_cluster(objects: Iterable[dict[str, Any]], facts: dict[str, Any]) -> Cluster:
    documents = parse("---\n".join(json.dumps(one) + "\n" for one in objects)).documents
    known, problems = read(parse(json.dumps(facts)).documents)
    assert not problems
    return Cluster(
        [Resource(d, path, plain) for d in documents for path, plain in unpack(d)], Target((3, 32)), facts=known
    )


def calico(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": V3, "kind": kind, "metadata": {"name": name}, "spec": spec}


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


# ---- the router of somebody's home and its jump server

ACCEPT_LAN = {"action": "Accept", "matchOperator": "In", "cidr": "10.0.0.0/24"}
ACCEPT_VPN = {"action": "Accept", "matchOperator": "In", "cidr": "10.1.0.0/16"}
REJECT = {"action": "Reject"}
LAN_POOL = {"cidr": "10.0.0.0/24", "disabled": True, "natOutgoing": True}
TAG = [{"cidr": "10.0.0.0/24", "communities": ["64512:100"]}]
OFFERED = ["0.0.0.0/0", "10.1.0.0/24", "10.1.1.0/24", "10.99.0.0/16", "10.0.0.128/25"]
BLOCK, POD, BEHIND = "10.244.62.64/26", "10.244.62.70/32", "172.20.0.0/16"
EVERYTHING = [*OFFERED, BLOCK, POD, BEHIND, "10.0.0.0/24", "192.168.0.0/24"]

HOME: dict[str, dict[str, Any]] = {
    "nothing": {},
    "export": {"exportV4": [ACCEPT_LAN]},
    "import": {"importV4": [ACCEPT_VPN]},
    "both": {"exportV4": [ACCEPT_LAN], "importV4": [ACCEPT_VPN]},
    "export-closed": {"exportV4": [ACCEPT_LAN, REJECT], "importV4": [ACCEPT_VPN]},
    "both-closed": {"exportV4": [ACCEPT_LAN, REJECT], "importV4": [ACCEPT_VPN, REJECT]},
    "pool": {"pool": LAN_POOL},
    "tagged-pool": {"pool": LAN_POOL, "tag": TAG},
    "accept-hides-tag": {"exportV4": [ACCEPT_LAN], "pool": LAN_POOL, "tag": TAG},
    "reject-others": {
        "exportV4": [{"action": "Reject", "matchOperator": "NotIn", "cidr": "10.0.0.0/24"}],
        "pool": LAN_POOL,
        "tag": TAG,
    },
    "tag-by-operation": {"exportV4": [{**ACCEPT_LAN, "operations": [{"addCommunity": {"value": "64512:100"}}]}]},
    "pool-withheld": {"exportV4": [ACCEPT_LAN], "pool": {**LAN_POOL, "disableBGPExport": True}},
    "everything": {"exportV4": [{"action": "Accept"}]},
    "not-pods": {"exportV4": [{"action": "Accept", "matchOperator": "NotIn", "cidr": "10.244.0.0/16"}]},
}
"""What a recorded laboratory saw of the LAN and of everything else: the LAN's communities, None if it did not leave."""
LAN_LEAVES: dict[str, set[tuple[int, ...]] | None] = {
    "nothing": None,
    "export": set(),
    "import": None,
    "both": set(),
    "export-closed": set(),
    "both-closed": set(),
    "pool": set(),
    "tagged-pool": {(64512, 100)},
    "accept-hides-tag": set(),
    "reject-others": {(64512, 100)},
    "tag-by-operation": {(64512, 100)},
    "pool-withheld": set(),
    "everything": set(),
    "not-pods": set(),
}


def home(case: dict[str, Any]) -> Cluster:
    rules = {key: case[key] for key in ("exportV4", "importV4") if key in case}
    objects = [
        calico("Node", "router", {"bgp": {"ipv4Address": "10.0.0.1/24"}}),
        calico("BGPConfiguration", "default", {"prefixAdvertisements": case.get("tag", [])}),
        calico("BGPFilter", "jump", rules),
        calico("BGPPeer", "jump", {"node": "router", "peerIP": "10.1.0.1", "asNumber": 65048, "filters": ["jump"]}),
        calico("IPPool", "pods", {"cidr": "10.244.0.0/16"}),
        calico("BlockAffinity", "a", {"cidr": BLOCK, "node": "router", "state": "confirmed", "deleted": "false"}),
    ]
    if "pool" in case:
        objects.append(calico("IPPool", "lan", case["pool"]))
    interfaces = [("wan0", "192.168.0.2/24"), ("wg0", "10.1.0.2/24"), ("lan0", "10.0.0.1/24"), ("cali1", None)]
    facts = {
        "version": 1,
        "node": "router",
        "interfaces": [{"name": name, "addresses": [text] if text else []} for name, text in interfaces],
        "routes": [
            {"to": "default", "via": "192.168.0.1", "interface": "wan0", "protocol": "dhcp", "metric": 100},
            {"to": POD, "interface": "cali1", "protocol": "80", "metric": 1024},
            {"to": BEHIND, "via": "10.0.0.254", "interface": "lan0", "protocol": "static"},
        ],
    }
    return make_cluster(objects, facts)


def offer(session: Session) -> Routes:
    nets = everything_of(OFFERED)
    return Routes(nets, "all", Attributes("bgp", None, (), (65048,), DEFAULT_LOCAL_PREF), "the jump server")


def everything_of(texts: Iterable[str]) -> PrefixSet:
    found = [exactly(parse_cidr(text)) for text in texts]
    union = found[0]
    for one in found[1:]:
        union = union | one
    return union


@pytest.mark.parametrize("name", HOME)
def test_home_as_recorded(name: str) -> None:
    """The engine alone says what a recorded laboratory saw: bgp-semantics, table of the seed's cases."""
    model = engine(home(HOME[name]))
    session = next(iter(model.network.explicit))
    leaves = predicted(model.exported(session), EVERYTHING)
    pods_leave = name not in ("export-closed", "both-closed", "reject-others")
    assert (BLOCK in leaves) == pods_leave
    assert ("10.0.0.0/24" in leaves) == (LAN_LEAVES[name] is not None)
    if LAN_LEAVES[name] is not None:
        assert leaves["10.0.0.0/24"][0] == LAN_LEAVES[name]
    assert ("0.0.0.0/0" in leaves) == ("192.168.0.0/24" in leaves) == (name in ("everything", "not-pods"))
    arrives = predicted(model.received(session, offer(session)), OFFERED)
    inside = {"10.1.0.0/24", "10.1.1.0/24"}
    assert set(arrives) == (inside if name == "both-closed" else set(OFFERED))


def test_home(lab: Any) -> None:
    """The router and its jump server, each case with two daemons of its own, all at once."""
    running: list[tuple[str, Engine, Session, Any, Any]] = []
    for name, case in HOME.items():
        cluster = home(case)
        model = engine(cluster)
        session = next(iter(model.network.explicit))
        router, jump = lab.host("router"), lab.host("jump")
        lab.wire(router, "wg0", jump, "wg0")
        for interface in ("wan0", "lan0", "cali1"):
            lab.wire(router, interface, jump, f"x{interface}")
        router.ip(
            "address add 10.1.0.2/24 dev wg0",
            "address add 192.168.0.2/24 dev wan0",
            "address add 10.0.0.1/24 dev lan0",
            "route add default via 192.168.0.1 dev wan0 proto dhcp metric 100",
            f"route add {POD} dev cali1 proto 80 metric 1024",
            f"route add {BEHIND} via 10.0.0.254 dev lan0 proto static",
        )
        jump.ip("address add 10.1.0.1/24 dev wg0")
        export = f"export filter {{\n  {bird_export(cluster, 'router', session)}\n}};"
        accept = f"import filter {{\n  {bird_import(cluster, session)}\n}};"
        router.start(
            bird_node(cluster, "router") + bird_session("jump", "10.1.0.2", 64512, "10.1.0.1", 65048, export, accept)
        )
        statics = " ".join(f"route {net} blackhole;" for net in OFFERED)
        jump.start(
            f"log stderr all; router id 10.255.0.2; protocol device {{}} protocol static {{ {statics} }}\n"
            + bird_session("home", "10.1.0.1", 65048, "10.1.0.2", 64512, "passive on;", "import all; export all;")
        )
        running.append((name, model, session, router, jump))
    hosts = [host for one in running for host in one[3:]]
    lab.wait(lambda: all(host.established() for host in hosts), 20, "the sessions come up")
    lab.settled(lambda: sum(len(host.routes()) for host in hosts))
    for name, model, session, router, jump in running:
        assert seen(jump, "protocol home") == predicted(model.own_exported(session), EVERYTHING), name
        assert seen(router, "protocol jump") == predicted(model.received(session, offer(session)), OFFERED), name
