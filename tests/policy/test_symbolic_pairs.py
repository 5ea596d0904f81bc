"""All pairs of workloads against single packets, and the addresses of the Internet."""

from __future__ import annotations

import random
from collections.abc import Callable
from ipaddress import ip_address
from itertools import product

import pytest

from callint.net import intervals
from callint.net.internet import INTERNET
from callint.net.packets import Packet as Point
from callint.objects import Cluster, Intent
from callint.policy import Model, NodePolicy, Packet, evaluate
from callint.policy.symbolic.connectivity import connected
from callint.policy.symbolic.engine import Engine

POD = """
apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata: {{name: w{0}, namespace: ns, labels: {{app: a{1}, team: t{2}}}}}
spec: {{node: node1, orchestrator: k8s, interfaceName: cali{0}, ipNetworks: [10.0.0.{0}/32], profiles: [kns.ns]}}
"""
POLICY = """
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {{name: p{0}}}
spec:
  order: {0}
  selector: app == 'a{1}'
  types: [{2}]
  {3}:
    - {{action: {4}, protocol: TCP, {5}: {{selector: "app == 'a{6}'"}}}}
    - {{action: {7}, protocol: TCP, destination: {{ports: [{8}], selector: "team == 't{6}'"}}}}
"""


def test_pairs(make_cluster: Callable[..., Cluster]) -> None:
    chance = random.Random(7)
    parts = ["apiVersion: v1\nkind: Namespace\nmetadata: {name: ns}\n"]
    parts += [POD.format(number, number % 4, number % 3) for number in range(1, 9)]
    for number in range(8):
        kind, side = chance.choice((("Ingress", "source"), ("Egress", "destination")))
        actions = [chance.choice(("Allow", "Deny", "Pass")) for _ in range(2)]
        numbers = (chance.randrange(4), kind, kind.lower(), actions[0], side, chance.randrange(4))
        parts.append(POLICY.format(number, *numbers, actions[1], chance.choice((80, 443))))
    cluster = make_cluster("---".join(parts), None, Intent(complete=("Pod", "EndpointSlice")))
    here = NodePolicy(Model(cluster), "node1", {})
    asked = passed = 0
    for source, target, passing in connected(Engine(here.model, 4)):
        ends = (source.about.addresses[0].split("/")[0], target.about.addresses[0].split("/")[0])
        for protocol, port in product(("tcp", "udp"), (80, 443)):
            packet = Packet(source.about.interface, target.about.interface, *ends, protocol, 40000, port)
            point = Point(*(int(ip_address(one)) for one in ends), 6 if protocol == "tcp" else 17, 40000, port)
            outcome = evaluate(here, packet).outcome
            assert (point in passing) is (outcome == "accept"), packet
            asked += 1
            passed += outcome == "accept"
    assert asked == 8 * 7 * 4
    assert 0 < passed < asked


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("1.1.1.1", True),
        ("9.255.255.255", True),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("100.128.0.1", True),
        ("172.32.0.1", True),
        ("192.168.7.1", False),
        ("203.0.113.5", False),
        ("224.0.0.18", False),
        ("255.255.255.255", False),
        ("2606:4700::1111", True),
        ("2001:db8::1", False),
        ("fd00::1", False),
        ("fe80::1", False),
        ("::1", False),
    ],
)
def test_internet(address: str, expected: bool) -> None:
    parsed = ip_address(address)
    assert intervals.contains(INTERNET[0 if parsed.version == 4 else 1], int(parsed)) is expected
