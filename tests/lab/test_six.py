"""Both families in one cluster, with pods that speak BGP themselves: every session and table against the engine."""

from __future__ import annotations

import json
from typing import Any

from lab_bird import bird_community, bird_export, bird_import, bird_node, bird_session
from lab_clusters import agree

from callint.bgp.routes import engine
from callint.bgp.session import Session
from callint.calico import Target
from callint.net.address import FAMILIES
from callint.objects import Intent
from manifests import calico, cluster_of

OWN_AS, FAR_AS, POD_AS = 64512, 65000, 65010
NODES = {"n1": 1, "n2": 2}
LINK = {4: "10.0.0.{}/24", 6: "fd00::{}/64"}
LAN = {4: "172.16.{}.1/24", 6: "fd17:16:{}::1/64"}
BLOCK = {4: "10.244.{}.0/26", 6: "fd10:244:{}::/122"}
POD = {4: "10.244.1.5", 6: "fd10:244:1::5"}
CALLED = {4: "169.254.1.179", 6: "fd10:244::b3"}
SERVICES = {4: "10.96.0.0/12", 6: "fd10:96::/108"}
POOLS = {4: ("10.244.0.0/16", "172.16.0.0/16"), 6: ("fd10:244::/32", "fd17:16::/32")}
OFFERS = {
    4: ("0.0.0.0/0", "10.244.9.0/24", "10.8.0.0/16", "10.8.4.0/24"),
    6: ("::/0", "fd10:244:9::/64", "fd10:8::/48", "fd10:8:4::/64"),
}
TAGGED = "65000:1"
LENGTH = {4: 32, 6: 128}


def bare(text: str) -> str:
    return text.split("/")[0]


def far(family: int) -> str:
    return bare(LINK[family].format(99))


def known(family: int) -> list[str]:
    nodes = [net.format(number) for number in NODES.values() for net in (BLOCK[family],)]
    lans = [LAN[family].format(number).replace(".1/", ".0/").replace("::1/", "::/") for number in NODES.values()]
    link = LINK[family].format(0).replace("::0/", "::/")
    return [*OFFERS[family], *POOLS[family], SERVICES[family], *nodes, *lans, link, f"{POD[family]}/{LENGTH[family]}"]


def rules(family: int) -> dict[str, list[dict[str, Any]]]:
    """One of each condition that may be otherwise for the other family."""
    specific, default = OFFERS[family][3], OFFERS[family][0]
    whole = OFFERS[family][2]
    longer = {"min": int(whole.split("/")[1]) + 1, "max": LENGTH[family]}
    return {
        f"exportV{family}": [
            {"action": "Accept", "cidr": whole, "matchOperator": "In", "prefixLength": longer},
            {"action": "Reject", "source": "RemotePeers", "cidr": POOLS[family][0], "matchOperator": "NotIn"},
            {"action": "Accept", "interface": "lan0", "operations": [{"addCommunity": {"value": "65000:9"}}]},
        ],
        f"importV{family}": [
            {"action": "Reject", "cidr": default, "matchOperator": "Equal"},
            {"action": "Accept", "communities": {"values": [TAGGED]}, "operations": [{"setPriority": {"value": 512}}]},
            {"action": "Reject", "cidr": specific, "matchOperator": "Equal"},
        ],
    }


def objects() -> list[dict[str, Any]]:
    made = [
        calico(
            "BGPConfiguration",
            "default",
            {
                "serviceClusterIPs": [{"cidr": net} for net in SERVICES.values()],
                "prefixAdvertisements": [{"cidr": POOLS[6][0], "communities": ["65000:7:7"]}],
                "localWorkloadPeeringIPV4": CALLED[4],
                "localWorkloadPeeringIPV6": CALLED[6],
            },
        ),
        calico("BGPFilter", "outside", rules(4) | rules(6)),
        calico("BGPPeer", "pods", {"localWorkloadSelector": "has(router)", "asNumber": POD_AS, "filters": ["outside"]}),
    ]
    for family in FAMILIES:
        about = {"peerIP": far(family), "asNumber": FAR_AS, "filters": ["outside"]}
        made.append(calico("BGPPeer", f"far{family}", about))
        for name, net in zip(("pods", "lan"), POOLS[family], strict=True):
            made.append(calico("IPPool", f"{name}{family}", {"cidr": net, "disabled": name == "lan"}))
        for node, number in NODES.items():
            about = {"cidr": BLOCK[family].format(number), "node": node, "state": "confirmed", "deleted": "false"}
            made.append(calico("BlockAffinity", f"{node}-{family}", about))
    for node, number in NODES.items():
        addresses = {f"ipv{family}Address": LINK[family].format(number) for family in FAMILIES}
        made.append(calico("Node", node, {"bgp": addresses}))
    status = {"podIP": POD[4], "podIPs": [{"ip": one} for one in POD.values()]}
    head = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "router", "labels": {"router": "yes"}}}
    return [*made, {**head, "spec": {"nodeName": "n1", "containers": []}, "status": status}]


def facts(node: str, number: int) -> dict[str, Any]:
    held = {name: [net[family].format(number) for family in FAMILIES] for name, net in (("eth0", LINK), ("lan0", LAN))}
    interfaces = [{"name": name, "addresses": addresses} for name, addresses in held.items()]
    routes = []
    if number == 1:
        interfaces.append({"name": "cali1", "addresses": [f"{CALLED[one]}/{LENGTH[one]}" for one in FAMILIES]})
        for family in FAMILIES:
            to = f"{POD[family]}/{LENGTH[family]}"
            # What has no metric has this one in the kernel.
            metric = {"metric": 1024} if family == 6 else {}
            routes.append({"to": to, "interface": "cali1", "protocol": "static"} | metric)
    return {"version": 1, "node": node, "interfaces": interfaces, "routes": routes}


class Both:
    """The hosts, each with a daemon for either family."""

    def __init__(self, lab: Any) -> None:
        text = "---\n".join(json.dumps(facts(*one)) + "\n" for one in NODES.items())
        self.cluster = cluster_of(objects(), Target((3, 32)), Intent(complete=("Pod",)), facts=text)
        self.model = engine(self.cluster)
        self.sessions = list(self.model.network)
        wire = lab.host("wire")
        wire.ip("link add wire type bridge", "link set wire up")
        hosts = {name: lab.host(name) for name in (*NODES, "far", "pod")}
        for name, number in {**NODES, "far": 99}.items():
            lab.wire(hosts[name], "eth0", wire, f"p{number}")
            wire.ip(f"link set p{number} master wire")
            hosts[name].ip(*(f"address add {LINK[one].format(number)} dev eth0 {nodad(one)}" for one in FAMILIES))
        for node, number in NODES.items():
            lab.wire(hosts[node], "lan0", wire, f"l{number}")
            hosts[node].ip(*(f"address add {LAN[one].format(number)} dev lan0 {nodad(one)}" for one in FAMILIES))
        lab.wire(hosts["n1"], "cali1", hosts["pod"], "eth0")
        for one in FAMILIES:
            hosts["n1"].ip(f"address add {CALLED[one]}/{LENGTH[one]} dev cali1 {nodad(one)}")
            hosts["n1"].ip(f"route add {POD[one]}/{LENGTH[one]} dev cali1 proto static")
            hosts["pod"].ip(f"address add {POD[one]}/{LENGTH[one]} dev eth0 {nodad(one)}")
            hosts["pod"].ip(f"route add {CALLED[one]}/{LENGTH[one]} dev eth0")
        self.daemons = {(name, 4): host for name, host in hosts.items()}
        self.daemons |= {(name, 6): lab.six(host) for name, host in hosts.items()}
        for (name, family), daemon in self.daemons.items():
            daemon.start(self.node(name, family) if name in NODES else self.other(name, family))

    def of(self, node: str, family: int) -> list[Session]:
        return [one for one in self.sessions if (one.local.name, one.family) == (node, family)]

    def node(self, name: str, family: int) -> str:
        """The configuration of a node."""
        text = [bird_node(self.cluster, name, family).replace("10.255.0.1", f"10.255.0.{NODES[name]}")]
        for number, session in enumerate(self.of(name, family)):
            options = [f"export filter {{\n  {bird_export(self.cluster, name, session)}\n}};"]
            options.append(f"import filter {{\n  {bird_import(self.cluster, session)}\n}};")
            options += ["passive on;"] if session.passive else []
            own, remote_as = str(session.source or ""), session.form.remote_as
            assert remote_as is not None
            text.append(
                bird_session(f"s{number}", own, session.form.local_as, str(session.address), remote_as, *options)
            )
        return "".join(text)

    def other(self, name: str, family: int) -> str:
        """The configuration of the router outside, or of the pod."""
        own, number = (far(family), FAR_AS) if name == "far" else (POD[family], POD_AS)
        called = {node: bare(LINK[family].format(end)) for node, end in NODES.items()}
        called = called if name == "far" else {"n1": CALLED[family]}
        kind, value = bird_community(TAGGED)
        offers = OFFERS[family]
        text = [f"log stderr all; router id 10.255.1.{number - 64999}; protocol device {{}} protocol direct {{}}\n"]
        text.append(f"protocol static {{ {' '.join(f'route {net} blackhole;' for net in offers)} }}\nfilter offer {{\n")
        text.append(f"if source != RTS_STATIC then reject; if net = {offers[2]} then {kind}.add({value}); accept; }}\n")
        for node, address in called.items():
            options = "allow local as 9; import all; export filter offer;"
            text.append(bird_session(f"s{node}", own, number, address, OWN_AS, options))
        return "".join(text)

    def up(self) -> bool:
        return all(
            self.daemons[node, one].established() == len(self.of(node, one)) for node in NODES for one in FAMILIES
        )

    def routes(self) -> int:
        return sum(len(daemon.ask("show route")) for daemon in self.daemons.values())

    def compare(self) -> list[tuple[str, int, int]]:
        """Of each session who it is with, how many routes came or left, and how many of them were certain."""
        found = []
        for node, family in ((node, family) for node in NODES for family in FAMILIES):
            for number, session in enumerate(self.of(node, family)):
                with_whom = session.form.kind
                sides = [(self.model.imported(session), self.daemons[node, family].routes(f"protocol s{number}"))]
                if with_whom != "mesh":
                    end = "pod" if with_whom == "workload" else "far"
                    left = self.daemons[end, family].routes(f"protocol s{node}")
                    sides.append((self.model.exported(session), left))
                for decisions, routes in sides:
                    certain = agree(session, [one for one in decisions if one.accepted], routes, known(family))
                    found.append((f"{with_whom}{family}", len(routes), certain))
        return found


def nodad(family: int) -> str:
    """An address of IPv6 is of use at once if nobody is asked for it first."""
    return "nodad" if family == 6 else ""


def test_both_families_and_pods_that_speak_bgp(lab: Any) -> None:
    both = Both(lab)
    assert {one.status.state for one in both.sessions} == {"up"}
    lab.wait(both.up, 40, "the sessions come up")
    lab.settled(both.routes)
    found = both.compare()
    for kind in ("workload", "global", "mesh"):
        four, six = (sum(told for name, told, _ in found if name == f"{kind}{one}") for one in FAMILIES)
        assert four > 3
        assert six > 3
    assert sum(certain for _, _, certain in found) > 20
