"""The router of somebody's home and its jump server: a recorded table, and BIRD itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from lab_bird import bird_export, bird_import, bird_node, bird_session, make_cluster, predicted, seen

from callint.bgp.candidates import Routes
from callint.bgp.route import DEFAULT_LOCAL_PREF, Attributes
from callint.bgp.routes import Engine, engine
from callint.bgp.session import Session
from callint.net.address import parse_cidr
from callint.net.prefixes import PrefixSet, exactly
from callint.objects import Cluster
from manifests import calico

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
    session = next(iter(model.network))
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
        session = next(iter(model.network))
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
