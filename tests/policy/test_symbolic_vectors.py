"""The reference cases, asked of the engine over sets: each packet lies in the part that the case says."""

from __future__ import annotations

from typing import Any

from callint.net.packets import Packet as Point
from callint.policy import Model, NodePolicy, Packet
from callint.policy.packet import read
from callint.policy.symbolic.engine import Engine
from callint.policy.symbolic.node import Node
from callint.policy.symbolic.partition import Partition
from callint.policy.symbolic.way import Wire


def partition(node: Node, packet: Packet) -> Partition:
    wire = None
    if packet.translated:
        before = read(packet, pre_dnat=True)
        wire = Wire(before.destination, packet.pre_dnat_port)
    return node.went(packet.in_interface, packet.out_interface, wire)


def point(packet: Packet) -> Point:
    flow = read(packet)
    return Point(
        flow.source,
        flow.destination,
        flow.protocol,
        flow.source_port,
        flow.destination_port,
        flow.icmp_type,
        flow.icmp_code,
    )


def test_vectors(vectors: list[Any]) -> None:
    asked = 0
    wrong = []
    for case in vectors:
        if case.raw.get("kind", "packet") != "packet":
            continue
        here = NodePolicy(Model(case.cluster), case.node, case.interfaces)
        for packet, expected in case.packets:
            if packet.conntrack != "new":
                continue
            engine = Engine(here.model, read(packet).family)
            found = partition(Node(here, engine.chains(ebpf=here.settings.ebpf)), packet)
            asked += 1
            if point(packet) not in found.of(expected["verdict"]):
                wrong.append((case.raw["id"], packet, expected))
    assert wrong == []
    assert asked > 120
