"""Random clusters against an oracle that shares no code with callint: packets of a small universe."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from callint.objects import Intent
from callint.policy import Model, NodePolicy, Packet, evaluate
from manifests import calico, cluster_of
from policy_oracle import NAMESPACES, SELECTORS, TEAMS, Sent, World

LINKS = {"eth0": ["192.0.2.1"], "eth1": ["198.51.100.1"]}
ADDRESSES = {4: ("192.0.2.1", "10.0.0.1", "10.0.0.2", "203.0.113.9"), 6: ("fd00::1", "fd00::2", "2001:db8::9")}
NETS = ("10.0.0.0/24", "10.0.0.1/32", "192.0.2.0/24", "203.0.113.0/24", "fd00::/64", "2001:db8::/32")
WAYS = [
    *((one, None) for one in ("eth0", "eth1", "cali1", "cali2")),
    *((None, one) for one in ("eth0", "eth1", "cali1")),
    *(("eth0", "eth1"), ("eth1", "eth0"), ("eth0", "cali1"), ("cali1", "eth0"), ("cali1", "cali2")),
]
HEADERS: dict[int, list[dict[str, Any]]] = {
    4: [{"protocol": "icmp", "icmp": (8, 0)}, {"protocol": "icmp", "icmp": (3, 1)}],
    6: [{"protocol": "icmpv6", "icmp": (8, 0)}],
}
PORTED = [
    {"protocol": protocol, "source_port": source, "port": port}
    for protocol, source, port in (
        ("tcp", 40000, 80),
        ("tcp", 40000, 22),
        ("tcp", 80, 8080),
        ("udp", 40000, 53),
        ("udp", 53, 90),
        ("sctp", 40000, 80),
    )
]


class Maker:
    """Objects by chance, all of which calicoctl lets in."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def some(self, likely: float, value: Any) -> Any:
        return value if self.chance.random() < likely else None

    def pick(self, values: Any) -> Any:
        return self.chance.choice(list(values))

    def few(self, values: Any) -> list[Any]:
        return self.chance.sample(list(values), self.chance.randint(1, 2))

    def entity(self, ported: bool) -> dict[str, Any]:
        found = {
            "nets": self.some(0.25, self.few(NETS)),
            "notNets": self.some(0.15, self.few(NETS)),
            "selector": self.some(0.25, self.pick(SELECTORS)),
            "notSelector": self.some(0.15, self.pick(SELECTORS)),
            "namespaceSelector": self.some(0.2, self.pick(NAMESPACES)),
            "serviceAccounts": self.some(0.1, {"names": ["robot"]}),
            "ports": self.some(0.3, self.few([53, 80, "8000:8090", "web", "dns"])) if ported else None,
            "notPorts": self.some(0.1, self.few([22, "80:90", "web"])) if ported else None,
        }
        return {name: value for name, value in found.items() if value}

    def rule(self) -> dict[str, Any]:
        protocol = self.pick([None, None, "TCP", "TCP", "UDP", "SCTP", "ICMP", "ICMPv6", 6])
        ported = protocol in ("TCP", "UDP", "SCTP", 6)
        icmp = self.pick([{"type": 8}, {"type": 3, "code": 1}, {"type": 8, "code": 1}])
        found = {
            "protocol": protocol,
            "notProtocol": self.some(0.1, self.pick(["TCP", "UDP"])),
            "ipVersion": self.some(0.15, self.pick([4, 6])) if protocol not in ("ICMP", "ICMPv6") else None,
            "icmp": self.some(0.4, icmp) if protocol in ("ICMP", "ICMPv6") else None,
            "notICMP": self.some(0.3, icmp) if protocol in ("ICMP", "ICMPv6") else None,
            "source": self.entity(ported),
            "destination": self.entity(ported),
        }
        action = self.pick(["Allow", "Allow", "Allow", "Deny", "Pass", "Log"])
        return {"action": action, **{name: value for name, value in found.items() if value}}

    def policy(self, number: int) -> dict[str, Any]:
        kind = self.pick(["GlobalNetworkPolicy"] * 5 + ["NetworkPolicy"] * 2)
        kind = f"Staged{kind}" if self.chance.random() < 0.1 else kind
        tier = self.pick(["default", "default", "early", "soft"])
        clusterwide = kind.endswith("GlobalNetworkPolicy")
        special = self.pick([None] * 4 + ["preDNAT", "doNotTrack"]) if clusterwide else None
        ways = ["ingress"] if special == "preDNAT" else self.pick([["ingress"], ["egress"], ["ingress", "egress"]])
        spec: dict[str, Any] = {
            "tier": tier,
            "order": self.some(0.8, self.pick([1, 2, 2.5, -1])),
            "selector": self.pick(SELECTORS),
            "namespaceSelector": self.some(0.2, self.pick(name for name in NAMESPACES if name != "global()"))
            if clusterwide
            else None,
            "types": self.some(0.7, [way.capitalize() for way in ways]),
            "applyOnForward": (self.some(0.5, True) or special is not None) if clusterwide else None,
            **({special: True} if special else {}),
            **{way: [self.rule() for _ in range(self.chance.randint(0, 3))] for way in ways},
        }
        spec = {name: value for name, value in spec.items() if value not in (None, False)}
        name = f"{tier}.p{number}" if tier != "default" else f"p{number}"
        where = {} if clusterwide else {"namespace": self.pick(TEAMS)}
        return calico(kind, name, spec, **where)

    def cluster(self) -> list[dict[str, Any]]:
        found = [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
            for name, labels in TEAMS.items()
        ]
        found.append(calico("Tier", "early", {"order": 10}))
        found.append(calico("Tier", "soft", {"order": 20, "defaultAction": "Pass"}))
        for interface, addresses in self.pick(
            [LINKS, {"eth0": LINKS["eth0"]}, {"*": [], "eth1": []}, {"*": []}]
        ).items():
            spec = {"node": "n", "interfaceName": interface, "expectedIPs": self.some(0.7, addresses)}
            spec["profiles"] = self.some(0.3, ["projectcalico-default-allow"])
            spec["ports"] = self.some(0.5, [{"name": "web", "protocol": "TCP", "port": 80}])
            labels = self.pick([{"side": "in"}, {"side": "out"}, {"app": "web"}, {}])
            kept = {name: value for name, value in spec.items() if value}
            found.append(calico("HostEndpoint", interface.replace("*", "all"), kept, labels=labels))
        for number, namespace in ((1, "red"), (2, self.pick(TEAMS))):
            spec = {
                "node": "n",
                "orchestrator": "k8s",
                "interfaceName": f"cali{number}",
                "ipNetworks": [f"10.0.0.{number}/32", f"fd00::{number}/128"],
                "profiles": [f"kns.{namespace}"],
                "ports": [
                    {"name": "web", "protocol": "TCP", "port": 8080},
                    {"name": "dns", "protocol": "UDP", "port": 53},
                ],
            }
            spec |= {"serviceAccountName": "robot"} if self.chance.random() < 0.5 else {}
            labels = self.pick([{"app": "web"}, {"app": "db"}, {}])
            found.append(calico("WorkloadEndpoint", f"w{number}", spec, namespace=namespace, labels=labels))
        nets = self.pick([["203.0.113.0/25"], ["192.0.2.0/30", "2001:db8::/64"]])
        found.append(calico("GlobalNetworkSet", "g", {"nets": nets}, labels={"app": "set"}))
        found.append(calico("NetworkSet", "s", {"nets": nets}, namespace="blue", labels={"app": "web"}))
        return found + [self.policy(number) for number in range(self.chance.randint(1, 5))]


def universe() -> Iterator[Sent]:
    for (arriving, leaving), family in product(WAYS, (4, 6)):
        for source, destination in product(ADDRESSES[family], repeat=2):
            if source != destination:
                for header in (*HEADERS[family], *PORTED):
                    yield Sent(arriving, leaving, source, destination, **header)
        if arriving is None or not arriving.startswith("cali"):
            wire = ADDRESSES[family][-1]
            yield Sent(arriving, leaving, *ADDRESSES[family][:2], "tcp", 40000, 80, wire=wire)


def packet(sent: Sent) -> Packet:
    icmp = sent.icmp if sent.protocol.startswith("icmp") else (None, None)
    ports = (None, None) if sent.protocol.startswith("icmp") else (sent.source_port, sent.port)
    ends = sent.arriving, sent.leaving, sent.source, sent.destination
    return Packet(*ends, sent.protocol, *ports, *icmp, sent.wire)


SEEN: Counter[str] = Counter()


@pytest.mark.parametrize("seed", range(12))
def test_against_the_oracle(seed: int) -> None:
    for step in range(5):
        objects = Maker(1000 * seed + step).cluster()
        intent = Intent(complete=("Pod", "WorkloadEndpoint", "IPPool"))
        here = NodePolicy(Model(cluster_of(objects, intent=intent)), "n", LINKS)
        world = World(objects)
        for sent in random.Random(seed).sample(list(universe()), 250):
            wanted = world.verdict(sent)
            SEEN[wanted] += 1
            verdict = evaluate(here, packet(sent))
            assert verdict.outcome == wanted, (sent, verdict.decided_by, objects)


def test_the_oracle_sees_every_verdict() -> None:
    assert min(SEEN[outcome] for outcome in ("accept", "drop", "no-verdict")) > 500
