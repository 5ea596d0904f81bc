"""Whole clusters in BIRD: mesh, reflectors and routers outside, with tables to hold against what the engine says."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from typing import Any

from lab_bird import bird_community, bird_export, bird_import, bird_node, bird_session
from test_random import random_rule

from callint.bgp.decision import Decision
from callint.bgp.routes import Engine, engine
from callint.bgp.session import Session
from callint.calico import Target
from callint.net.address import parse_cidr
from manifests import calico, cluster_of

CLUSTERS = {"mesh": 11, "own-as-mesh": 12, "reflector": 13, "two-reflectors": 14, "peers": 15}
OWN_AS = 64512
OUTSIDE = {"10.0.0.253": OWN_AS, "10.0.0.254": 65000}
NETWORKS = ("10.244.1.0/26", "10.244.0.0/16", "172.16.0.0/16", "10.244.3.0/24", "10.96.0.0/12", "0.0.0.0/0")
KERNEL = ("10.244.3.0/24", "172.16.103.0/24", "10.244.1.5/32", "0.0.0.0/0")
SERVICE = "10.96.0.9"
OFFERS = ("0.0.0.0/0", "10.244.9.0/24", "172.16.9.0/24", "10.8.0.0/16")
OF_NODES = [net for number in range(1, 5) for net in (f"10.244.{number}.0/26", f"172.16.{number}.0/24")]
KNOWN = list(dict.fromkeys([*NETWORKS, *KERNEL, *OFFERS, "10.0.0.0/24", f"{SERVICE}/32", *OF_NODES]))

# A Service that n1 alone announces by its address
LOCAL: list[dict[str, Any]] = [
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "shop"},
        "spec": {"type": "LoadBalancer", "clusterIP": SERVICE, "externalTrafficPolicy": "Local"},
    },
    {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "shop", "labels": {"kubernetes.io/service-name": "shop"}},
        "endpoints": [{"addresses": ["10.244.1.9"], "nodeName": "n1"}],
    },
]


class Plan:
    """The objects and facts of one cluster, and what its routers outside offer."""

    def __init__(self, kind: str, seed: int) -> None:
        self.kind, self.seed = kind, seed
        chance = self.chance = random.Random(seed)
        self.nodes = {f"n{number}": f"10.0.0.{number}" for number in range(1, 5)}
        self.routes = {
            node: [(net, chance.choice([None, 100, 1024, 2000])) for net in chance.sample(KERNEL, 2)]
            for node in self.nodes
        }
        self.offers = {far: {net: self._communities() for net in chance.sample(OFFERS, 3)} for far in OUTSIDE}
        facts = []
        for node, address in self.nodes.items():
            interfaces = [{"name": "eth0", "addresses": [f"{address}/24"]}]
            interfaces.append({"name": "lan0", "addresses": [f"172.16.{address[-1]}.1/24"]})
            routes = [
                {"to": net, "interface": "lan0", "protocol": "static"} | ({"metric": metric} if metric else {})
                for net, metric in self.routes[node]
            ]
            facts.append({"version": 1, "node": node, "interfaces": interfaces, "routes": routes})
        text = "---\n".join(json.dumps(one) + "\n" for one in facts)
        self.cluster = cluster_of(list(self._objects(kind)), Target((3, 32)), facts=text)
        self.model: Engine = engine(self.cluster)
        self.sessions = [one for one in self.model.network if one.status.state == "up"]

    def _communities(self) -> list[str]:
        return self.chance.sample(["65000:1", "65000:2", "65000:1:2"], self.chance.randint(0, 2))

    def _rule(self) -> dict[str, Any]:
        rule = random_rule(self.chance)
        rule.pop("prefixLength", None)
        rule.pop("interface", None)
        return rule | ({"cidr": self.chance.choice(NETWORKS)} if "cidr" in rule else {})

    def _objects(self, kind: str) -> Iterator[dict[str, Any]]:
        chance = self.chance
        reflectors = {"reflector": 1, "two-reflectors": 2}.get(kind, 0)
        for number, (node, address) in enumerate(self.nodes.items(), 1):
            bgp: dict[str, Any] = {"ipv4Address": f"{address}/24"}
            if kind == "own-as-mesh":
                bgp["asNumber"] = OWN_AS + number % 3
            if number <= reflectors:
                bgp["routeReflectorClusterID"] = "1.0.0.1"
            role = "reflector" if number <= reflectors else "worker"
            yield calico("Node", node, {"bgp": bgp}, labels={"role": role, "side": str(number % 2)})
            block = {"cidr": f"10.244.{number}.0/26", "node": node, "state": "confirmed", "deleted": "false"}
            yield calico("BlockAffinity", node, block)
        yield calico("IPPool", "pods", {"cidr": "10.244.0.0/16", "disableBGPExport": chance.random() < 0.2})
        yield calico("IPPool", "lan", {"cidr": "172.16.0.0/16", "disabled": True})
        yield from LOCAL
        tags = [{"cidr": chance.choice(NETWORKS), "communities": [chance.choice(["65000:1", "65000:7:7"])]}]
        about = {"nodeToNodeMeshEnabled": "mesh" in kind, "serviceClusterIPs": [{"cidr": "10.96.0.0/12"}]}
        yield calico("BGPConfiguration", "default", about | {"prefixAdvertisements": tags})
        for name in "fghi":
            rules = {way: [self._rule() for _ in range(chance.randint(0, 3))] for way in ("exportV4", "importV4")}
            yield calico("BGPFilter", name, rules)
        if reflectors:
            peer = {"nodeSelector": "all()", "peerSelector": "role == 'reflector'"}
            yield calico("BGPPeer", "reflectors", peer | {"filters": chance.sample("fghi", 1)})
        elif kind == "peers":
            peer = {"nodeSelector": "side == '0'", "peerSelector": "side == '1'"}
            yield calico("BGPPeer", "sides", peer | {"filters": chance.sample("fghi", 1)})
        for far, number in OUTSIDE.items():
            where = chance.choice(["all()", "side == '1'"])
            about = {"nodeSelector": where, "peerIP": far, "asNumber": number, "filters": chance.sample("fghi", 2)}
            yield calico("BGPPeer", f"as{number}", about)

    def node(self, name: str) -> str:
        """The configuration of a node."""
        own = self.nodes[name]
        text = [bird_node(self.cluster, name).replace("10.255.0.1", own)]
        for number, session in enumerate(one for one in self.sessions if one.local.name == name):
            form = session.form
            assert form.remote_as is not None
            options = [f"export filter {{\n  {bird_export(self.cluster, name, session)}\n}};"]
            options.append(f"import filter {{\n  {bird_import(self.cluster, session)}\n}};")
            options.append("import keep filtered;")
            options += ["passive on;"] if session.remote is not None and str(session.address) > own else []
            options += [f"rr client; rr cluster id {session.local.cluster_id};"] if form.rr_client else []
            far = str(session.address)
            text.append(bird_session(f"s{number}", own, form.local_as, far, form.remote_as, *options))
        return "".join(text)

    def far(self, address: str) -> str:
        """The configuration of a router outside."""
        offers = self.offers[address]
        text = [f"log stderr all; router id {address}; protocol device {{}} protocol direct {{}}\n"]
        text.append(f"protocol static {{ {' '.join(f'route {net} blackhole;' for net in offers)} }}\nfilter offer {{\n")
        text.append("if source != RTS_STATIC then reject;\n")
        for net, communities in offers.items():
            adds = " ".join(f"{kind}.add({value});" for kind, value in map(bird_community, communities))
            text.append(f"if net = {net} then {{ {adds} }}\n")
        text.append("accept; }\n")
        for session in self.sessions:
            if str(session.address) == address:
                name, own_as = f"s{session.local.name}", session.form.local_as
                options = "passive on; allow local as 9; import all; export filter offer;"
                text.append(bird_session(name, address, OUTSIDE[address], str(session.source), own_as, options))
        return "".join(text)


class Running:
    """A plan in the laboratory: all hosts on one wire."""

    def __init__(self, plan: Plan, lab: Any) -> None:
        self.plan = plan
        wire = lab.host("wire")
        wire.ip("link add wire type bridge", "link set wire up")
        self.hosts: dict[str, Any] = {}
        for number, (name, address) in enumerate([*plan.nodes.items(), *((far, far) for far in OUTSIDE)]):
            host = self.hosts[name] = lab.host(f"h{number}")
            lab.wire(host, "eth0", wire, f"p{number}")
            wire.ip(f"link set p{number} master wire")
            host.ip(f"address add {address}/24 dev eth0")
            if name in plan.nodes:
                lab.wire(host, "lan0", wire, f"l{number}")
                metrics = ((net, f" metric {metric}" if metric else "") for net, metric in plan.routes[name])
                host.ip(f"address add 172.16.{address[-1]}.1/24 dev lan0")
                host.ip(*(f"route add {net} dev lan0 proto static{metric}" for net, metric in metrics))
        for name, host in self.hosts.items():
            host.start(plan.node(name) if name in plan.nodes else plan.far(name))

    def up(self) -> bool:
        """Whether all sessions are."""
        expected = {name: sum(one.local.name == name for one in self.plan.sessions) for name in self.plan.nodes}
        return all(self.hosts[name].established() == number for name, number in expected.items())

    def routes(self) -> int:
        """How many routes there are."""
        return sum(len(host.ask("show route")) for host in self.hosts.values())

    def heard_from(self, outside: Iterable[str], prefix: str) -> set[str]:
        """The nodes that announce a prefix to routers outside."""
        return {
            name
            for name in self.plan.nodes
            for far in outside
            for route in self.hosts[far].routes(f"protocol s{name}")
            if route.prefix == prefix
        }

    def compare(self) -> tuple[int, int]:
        """Every session's table against what is said of it; how many routes there are, and how many were certain."""
        told, certain = 0, 0
        for name in self.plan.nodes:
            mine = (one for one in self.plan.sessions if one.local.name == name)
            for number, session in enumerate(mine):
                arrived = self.hosts[name].routes(f"protocol s{number}")
                sides = [(self.plan.model.imported(session), arrived)]
                if session.remote is None:
                    left = self.hosts[str(session.address)].routes(f"protocol s{name}")
                    sides.append((self.plan.model.exported(session), left))
                for decisions, routes in sides:
                    told += len(routes)
                    certain += agree(session, [one for one in decisions if one.accepted], routes, KNOWN)
        return told, certain


def agree(session: Session, accepted: list[Decision], routes: Iterable[Any], known: Iterable[str]) -> int:
    """No route that was not told of, and none told of as certain that is not there; how many were certain."""
    sure = (one for one in accepted if one.presence == "all")
    unseen = {(id(one), text): one for one in sure for text in known if parse_cidr(text) in one.prefixes}
    certain = 0
    for route in routes:
        fitting = [one for one in accepted if parse_cidr(route.prefix) in one.prefixes and _fits(one, session, route)]
        assert fitting, f"{session}: {route}"
        certain += any(one.presence == "all" for one in fitting)
        for one in fitting:
            unseen.pop((id(one), route.prefix), None)
    assert not unseen, f"{session}: {[(text, one.why, one.result) for (_, text), one in unseen.items()]}"
    return certain


def _fits(one: Decision, session: Session, route: Any) -> bool:
    """Whether a route has the attributes that were told, as far as they were known."""
    about = one.result
    external = session.peer_type == "eBGP" and about.local_pref is None
    preference = 100 if external else about.local_pref
    return (
        (about.communities is None or frozenset(about.communities) == route.communities)
        and (about.as_path is None or about.as_path == route.as_path)
        and preference in (None, 100 if route.local_pref is None else route.local_pref)
    )
