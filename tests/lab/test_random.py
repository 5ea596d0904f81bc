"""Random filters against random routes of every origin, decided by BIRD itself."""

from __future__ import annotations

import ipaddress
import random
import re
from collections.abc import Iterable
from typing import Any

from lab_bird import (
    HIGHEST,
    Table,
    bird_community,
    bird_export,
    bird_import,
    bird_node,
    bird_session,
    make_cluster,
    predicted,
    seen,
)

from callint.bgp.candidates import Routes
from callint.bgp.route import DEFAULT_LOCAL_PREF, Attributes
from callint.bgp.routes import Engine, Source, engine
from callint.bgp.session import Session
from callint.net.address import parse_cidr
from callint.net.prefixes import exactly
from manifests import calico

SEED = 20240607
LISTS = 110
# BIRD queues eight connections that it has not accepted yet: no host has more sessions.
SHARE = 8
OWN_AS, FAR_AS, FEED_AS = 64512, 65500, 65100
FEEDS = {FEED_AS: 1000, OWN_AS: 1001}
COMMUNITIES = ("65000:1", "65000:2", "65000:1:2", "65535:65281", "65535:65282")
PATHS = ((), (65001,), (65001, 65002), (65002, 65001))
METRICS = (None, 100, 512, 1024, 2000)
INTERFACES = ("k0", "eth1", "cali1", "tun.calico", "bpfx.cali")


def random_prefix(chance: random.Random) -> str:
    length = chance.choice([8, 12, 16, 16, 20, 24, 24, 24, 26, 28, 32])
    address = 10 << 24 | chance.randrange(4) << 16 | chance.choice([0, 0, 1, 128]) << 8 | chance.choice([0, 64, 130])
    return str(ipaddress.ip_network((address >> (32 - length) << (32 - length), length)))


def random_rule(chance: random.Random) -> dict[str, Any]:
    rule: dict[str, Any] = {"action": chance.choice(["Accept", "Reject"])}
    if chance.random() < 0.7:
        rule |= {
            "cidr": random_prefix(chance),
            "matchOperator": chance.choice(["In", "In", "NotIn", "Equal", "NotEqual"]),
        }
        own = int(rule["cidr"].split("/")[1])
        if chance.random() < 0.3:
            high = chance.randint(own, 32)
            rule["prefixLength"] = chance.choice([{"min": chance.randint(0, high), "max": high}, {"max": high}])
        elif chance.random() < 0.05:
            rule["cidr"] = rule["cidr"].split("/")[0]
    if chance.random() < 0.15:
        rule["source"] = "RemotePeers"
    if chance.random() < 0.2:
        rule["interface"] = chance.choice(["*", "eth*", "k0", "*.cali*", "link0", "l*0", "*0", "**0"])
    if chance.random() < 0.15:
        rule["communities"] = {"values": [chance.choice(COMMUNITIES[:3])]}
    if chance.random() < 0.15:
        rule["asPathPrefix"] = list(
            chance.choice([(65001,), (65001, 65002), (OWN_AS,), (OWN_AS, FEED_AS), (FAR_AS, 65001)])
        )
    if chance.random() < 0.1:
        rule["priority"] = chance.choice([100, 512, 1024])
    if chance.random() < 0.1:
        rule["peerType"] = chance.choice(["iBGP", "eBGP"])
    if rule["action"] == "Accept" and chance.random() < 0.3:
        steps = [
            {"addCommunity": {"value": chance.choice(COMMUNITIES[:3])}},
            {"prependASPath": {"prefix": [65003, 65004][: chance.randint(1, 2)]}},
            {"setPriority": {"value": chance.choice([100, 512])}},
        ]
        rule["operations"] = chance.sample(steps, chance.randint(1, 3))
    return rule


def random_route(chance: random.Random) -> Attributes:
    communities = {text for text in COMMUNITIES if chance.random() < 0.2}
    numbers = tuple(tuple(map(int, text.split(":"))) for text in sorted(communities))
    return Attributes("bgp", "link0", numbers, chance.choice(PATHS), chance.choice([100, HIGHEST - 512, HIGHEST - 100]))


def bird_statics(table: str, routes: dict[str, Attributes], internal: bool) -> str:
    """A table of routes, and a filter of the same name that gives them their attributes on the way out."""
    statics = "\n".join(f"route {net} blackhole;" for net in routes)
    gives = []
    for net, about in routes.items():
        does = [f"{kind}.add({value});" for kind, value in map(bird_community, map(colons, about.communities or ()))]
        does += [f"bgp_path.prepend({number});" for number in reversed(about.as_path or ())]
        does += [f"bgp_local_pref = {about.local_pref};"] if internal else []
        gives.append(f"if net = {net} then {{ {' '.join(does)} }}")
    lines = (f"table {table}; protocol static s{table} {{ table {table};", statics, "}")
    return "\n".join([*lines, f"filter g{table} {{", *gives, "accept; }\n"])


def colons(community: tuple[int, ...]) -> str:
    return ":".join(map(str, community))


def arriving(about: Attributes, sender: int) -> Attributes:
    """A route as it arrives from a far end in the given AS."""
    if sender == OWN_AS:
        return about
    return about._replace(as_path=(*(about.as_path or ()), sender), local_pref=DEFAULT_LOCAL_PREF)


class Plan:
    """The objects and facts of a node with many peers, and what its kernel and its feeds hold."""

    def __init__(self, chance: random.Random) -> None:
        nets = list(dict.fromkeys(random_prefix(chance) for _ in range(900)))[:170]
        self.kernel = {net: (chance.choice(INTERFACES), chance.choice(METRICS)) for net in nets[:60]}
        self.blocks: list[str] = []
        for net in nets[60:100]:
            # IPAM never gives out a block inside another one.
            apart = not any(ipaddress.ip_network(net).overlaps(ipaddress.ip_network(one)) for one in self.blocks)
            if net.endswith(("/24", "/26", "/28")) and apart:
                self.blocks.append(net)
        self.service = "10.3.160.0/20"
        used = {*self.kernel, *self.blocks, self.service}
        feeds = [net for net in nets[60:] if net not in used]
        self.feeds = {
            FEED_AS: {net: random_route(chance) for net in feeds[:40]},
            OWN_AS: {net: random_route(chance) for net in feeds[40:80]},
        }
        self.offered = {net: random_route(chance) for net in nets}
        peers = [("x", index) for index in range(LISTS)] + [("m", index) for index in range(LISTS)]
        self.peers = {f"{kind}{index}": chance.choice([OWN_AS, FAR_AS]) for kind, index in peers}
        filters = {name: [random_rule(chance) for _ in range(chance.randint(1, 6))] for name in self.peers}
        objects = [calico("Node", "router", {"bgp": {"ipv4Address": "172.30.0.1/16"}})]
        spec: dict[str, Any] = {"nodeToNodeMeshEnabled": False, "serviceClusterIPs": [{"cidr": self.service}]}
        spec["prefixAdvertisements"] = [
            {"cidr": "10.0.0.0/16", "communities": ["65000:7"]},
            {"cidr": "10.0.0.0/24", "communities": ["65000:8", "65000:8:8"]},
        ]
        objects.append(calico("BGPConfiguration", "default", spec))
        for index, (cidr, withheld) in enumerate(
            (("10.0.0.0/14", False), ("10.1.128.0/20", True), ("10.2.0.0/24", True))
        ):
            objects.append(calico("IPPool", f"p{index}", {"cidr": cidr, "disableBGPExport": withheld}))
        for index, net in enumerate(self.blocks):
            about = {"cidr": net, "node": "router", "state": "confirmed", "deleted": "false"}
            objects.append(calico("BlockAffinity", f"b{index}", about))
        for index, (name, number) in enumerate(self.peers.items()):
            direction = "exportV4" if name[0] == "x" else "importV4"
            objects.append(calico("BGPFilter", name, {direction: filters[name]}))
            about = {"node": "router", "peerIP": self.far(index), "asNumber": number, "filters": [name]}
            objects.append(calico("BGPPeer", name, about))
        for number in self.feeds:
            about = {"node": "router", "peerIP": self.far(FEEDS[number]), "asNumber": number}
            objects.append(calico("BGPPeer", f"feed{number}", about))
        facts: dict[str, Any] = {"version": 1, "node": "router"}
        facts["interfaces"] = [{"name": name} for name in INTERFACES]
        facts["interfaces"].append({"name": "link0", "addresses": ["172.30.0.1/16"]})
        facts["routes"] = [
            {"to": net, "interface": interface, "protocol": "static"} | ({"metric": metric} if metric else {})
            for net, (interface, metric) in self.kernel.items()
        ]
        self.cluster = make_cluster(objects, facts)

    @staticmethod
    def own(index: int) -> str:
        return f"172.30.{10 + index // 200}.{1 + index % 200}"

    @staticmethod
    def far(index: int) -> str:
        return f"172.30.{100 + index // 200}.{1 + index % 200}"


def far_ends(plan: Plan, number: int) -> str:
    """The configuration of the far host with this number: its share of the peers, and for the first one the feeds."""
    text = ["log stderr all; router id 10.255.1.", f"{number + 1}; protocol device {{}}\n"]
    text.append("table direct0; protocol direct { table direct0; }\n")
    text += (bird_statics(f"offer{internal}", plan.offered, internal) for internal in (True, False))
    for sender, routes in plan.feeds.items() if number == 0 else ():
        index = FEEDS[sender]
        text.append(bird_statics(f"f{sender}", routes, sender == OWN_AS))
        options = f"table f{sender}; igp table direct0; passive on; import none; export filter gf{sender};"
        text.append(bird_session(f"feed{sender}", plan.far(index), sender, plan.own(index), OWN_AS, options))
    for index, (name, far_as) in enumerate(plan.peers.items()):
        if index // SHARE != number:
            continue
        if name[0] == "x":
            options = f"table t{name}; import all; export none;"
            text.append(f"table t{name};\n")
        else:
            table = f"offer{far_as == OWN_AS}"
            options = f"table {table}; import none; export filter g{table};"
        options += " igp table direct0; passive on;"
        text.append(bird_session(name, plan.far(index), far_as, plan.own(index), OWN_AS, options))
    return "".join(text)


def near_ends(plan: Plan, sessions: dict[str, Session]) -> str:
    """The configuration of the router."""
    text = [bird_node(plan.cluster, "router")]
    for sender, index in FEEDS.items():
        options = "import all; export none;"
        text.append(bird_session(f"feed{sender}", plan.own(index), OWN_AS, plan.far(index), sender, options))
    for index, (name, far_as) in enumerate(plan.peers.items()):
        if name[0] == "x":
            export = bird_export(plan.cluster, "router", sessions[name])
            options = f"next hop self; import none; export filter {{\n  {export}\n}};"
        else:
            text.append(f"table t{name};\n")
            accept = bird_import(plan.cluster, sessions[name])
            options = f"table t{name}; igp table master; export none; import filter {{\n  {accept}\n}};"
        text.append(bird_session(name, plan.own(index), OWN_AS, plan.far(index), far_as, options))
    return "".join(text)


def test_random_filters(lab: Any) -> None:
    """Many random filter lists in each direction against random routes of every origin, in one router."""
    plan = Plan(random.Random(SEED))
    model = engine(plan.cluster)
    sessions = {one.peer.resource.name: one for one in model.network if one.peer is not None}
    router = lab.host("router")
    router.ip("link add link0 type bridge", "link set link0 up", "address add 172.30.0.1/16 dev link0")
    fars = []
    for number in range(-(-len(plan.peers) // SHARE)):
        far = lab.host(f"far{number}")
        lab.wire(router, f"far{number}", far, "link0")
        indexes = [n for n in range(len(plan.peers)) if n // SHARE == number] + (
            list(FEEDS.values()) if not number else []
        )
        router.ip(f"link set far{number} master link0", *(f"address add {plan.own(n)}/16 dev link0" for n in indexes))
        far.ip(*(f"address add {plan.far(n)}/16 dev link0" for n in indexes))
        far.start(far_ends(plan, number))
        fars.append(far)
    for index, name in enumerate(INTERFACES):
        lab.wire(router, name, fars[0], f"x{index}")
    router.ip(
        *(
            f"route add {net} dev {interface} proto static" + (f" metric {metric}" if metric else "")
            for net, (interface, metric) in plan.kernel.items()
        )
    )
    router.start(near_ends(plan, sessions))
    wanted = len(plan.peers) + len(plan.feeds)
    lab.wait(lambda: router.established() == wanted, 30, "the sessions come up")
    lab.settled(lambda: total((router, *fars)))
    compared = 0
    for index, (name, far_as) in enumerate(plan.peers.items()):
        session = sessions[name]
        if name[0] == "x":
            expected, actual = exported(plan, model, sessions, session), seen(fars[index // SHARE], f"table t{name}")
        else:
            expected, actual = received(model, session, plan.offered, far_as), seen(router, f"table t{name}")
        assert actual == expected, f"{name}: {plan.cluster.bgp_filters[name]}"
        compared += len(actual)
    assert compared > 20 * LISTS


def total(hosts: Iterable[Any]) -> int:
    """The routes of all tables together."""
    counts = (re.findall(r"Routes: +(\d+) imported", " ".join(host.ask("show protocols all"))) for host in hosts)
    return sum(int(number) for found in counts for number in found)


def received(model: Engine, session: Session, routes: dict[str, Attributes], sender: int) -> Table:
    found: Table = {}
    for net, about in routes.items():
        routes_ = Routes(exactly(parse_cidr(net)), "all", arriving(about, sender), "the far end")
        found |= predicted(model.received(session, routes_), [net])
    return found


def exported(plan: Plan, model: Engine, sessions: dict[str, Session], session: Session) -> Table:
    own = [*plan.kernel, *plan.blocks, plan.service, "172.30.0.0/16"]
    found = predicted(model.own_exported(session), own)
    for number, routes in plan.feeds.items():
        source = sessions[f"feed{number}"]
        for net, about in routes.items():
            learned = source.form.passage
            routes_ = Routes(exactly(parse_cidr(net)), "all", arriving(about, number), "a feed", learned)
            found |= predicted(model.passed_on(session, Source(source, 1), routes_), [net])
    return found
