"""Every case of cases.yaml: the engine for single packets, the one over sets, and the command line say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from click.testing import CliRunner

from callint.calico import Target, parse_release
from callint.cli import main
from callint.net.packets import Packet as Point
from callint.objects import Cluster, Intent, Resource, unpack
from callint.policy import Model, NodePolicy, Packet, evaluate
from callint.policy.packet import read
from callint.policy.symbolic.engine import Engine
from callint.policy.symbolic.node import Node
from callint.policy.symbolic.partition import Partition
from callint.policy.symbolic.way import Wire
from callint.source import parse

TABLE: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text("utf-8"))
CASES: dict[str, dict[str, Any]] = TABLE["cases"]
ALL = ["Pod", "WorkloadEndpoint", "EndpointSlice", "IPPool"]
LINKS = {
    "wan0": ["192.0.2.1"],
    "lan0": ["10.0.0.1"],
    "eth0": ["10.2.0.1"],
    "eth1": [],
    "eth7": [],
    "tunl0": [],
    "lo": ["127.0.0.1"],
}
LINE = re.compile(
    r"(?P<arriving>\S+)>(?P<leaving>\S+) (?P<protocol>\S+) (?P<source>\S+?)( (?P<sport>\d+))? "
    r"(?P<destination>[\w.:]*[.:][\w.:]*)"
    r"( (?P<port>[\d/]+))?( was (?P<wire>\S+) (?P<wire_port>\d+))? = (?P<verdict>[\w-]+)( by (?P<reason>.*))?"
)


class Expected(NamedTuple):
    """A packet and what becomes of it."""

    line: str
    packet: Packet
    verdict: str
    reason: str


def expected(line: str) -> Expected:
    found = LINE.fullmatch(line)
    assert found, line
    arriving, leaving = (None if found[name] == "host" else found[name] for name in ("arriving", "leaving"))
    protocol: str | int = int(found["protocol"]) if found["protocol"].isdigit() else found["protocol"]
    ports: list[int | None] = [None] * 4
    if protocol in ("icmp", "icmpv6"):
        ports[2:] = map(int, found["port"].split("/"))
    elif found["port"]:
        ports[:2] = int(found["sport"] or 40000), int(found["port"])
    wire_port = int(found["wire_port"]) if found["wire_port"] else None
    packet = Packet(
        arriving, leaving, found["source"], found["destination"], protocol, *ports, found["wire"], wire_port
    )
    return Expected(line, packet, found["verdict"], found["reason"] or "")


def objects(case: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for name in case.get("with", ()) for one in TABLE["bases"][name]] + case["objects"]


def target(case: dict[str, Any]) -> Target:
    release = parse_release(case.get("release", "v3.32"))
    return Target(release, case.get("road", "calicoctl"), case.get("dataplane", "iptables"))


def cluster(case: dict[str, Any]) -> Cluster:
    documents = parse("\n---\n".join(map(json.dumps, objects(case))), "test.yaml").documents
    resources = [Resource(document, base, plain) for document in documents for base, plain in unpack(document)]
    return Cluster(resources, target(case), intent=Intent(complete=tuple(case.get("complete", ALL))))


def partition(node: Node, packet: Packet) -> Partition:
    wire = Wire(read(packet, pre_dnat=True).destination, packet.pre_dnat_port) if packet.translated else None
    return node.went(packet.in_interface, packet.out_interface, wire)


def test_there_are_enough() -> None:
    lines = [line for case in CASES.values() for line in case["packets"]]
    assert len(lines) > 350
    assert all(len(set(case["packets"])) == len(case["packets"]) for case in CASES.values())


@pytest.mark.parametrize("name", CASES)
def test_engines(name: str) -> None:
    case = CASES[name]
    here = NodePolicy(Model(cluster(case)), "n1", case.get("interfaces", LINKS))
    nodes: dict[int, Node] = {}
    for family in (4, 6):
        engine = Engine(here.model, family)
        nodes[family] = Node(here, engine.chains(ebpf=here.settings.ebpf))
    wrong = []
    for one in map(expected, case["packets"]):
        verdict = evaluate(here, one.packet)
        said = verdict.unknown if verdict.outcome == "unknown" else verdict.decided_by
        if (verdict.outcome, one.reason in (said or "")) != (one.verdict, True):
            wrong.append(f"{one.line}\n    but it is {verdict.outcome} by {said}")
        flow = read(one.packet)
        header = flow.source, flow.destination, flow.protocol, flow.source_port, flow.destination_port
        point = Point(*header, flow.icmp_type, flow.icmp_code)
        found = partition(nodes[flow.family], one.packet)
        if point not in found.of(one.verdict):  # type: ignore[arg-type]  # the table's words are outcomes
            wrong.append(f"{one.line}\n    but over sets it is another")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", CASES)
def test_command_line(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES[name]
    monkeypatch.chdir(tmp_path)
    Path("m.yaml").write_text("\n---\n".join(map(json.dumps, objects(case))))
    links = [
        {"name": name, "addresses": [f"{address}/24" for address in addresses]}
        for name, addresses in case.get("interfaces", LINKS).items()
    ]
    Path("facts.yaml").write_text(json.dumps({"version": 1, "node": "n1", "interfaces": links}))
    Path("callint.yaml").write_text(json.dumps({"complete": case.get("complete", ALL)}))
    about = target(case)
    given = ["trace", "m.yaml", "--facts", "facts.yaml", "--node", "n1", "--format", "json"]
    given += ["--calico-version", case.get("release", "v3.32"), "--dataplane", about.dataplane]
    given += ["--applied-with", about.road]
    wrong = []
    for one in map(expected, case["packets"]):
        done = CliRunner().invoke(main, [*given, *flags(one.packet)])
        assert done.exit_code in (0, 2), done.output
        said = json.loads(done.stdout)
        reason = said["unknown"] if said["verdict"] == "unknown" else said["decidedBy"]
        if (said["verdict"], one.reason in reason) != (one.verdict, True):
            wrong.append(f"{one.line}\n    but it is {said['verdict']} by {reason}")
    assert not wrong, "\n".join(wrong)


def flags(packet: Packet) -> list[str]:
    found = ["--src", packet.source, "--dst", packet.destination]
    for option, name in (("--in", packet.in_interface), ("--out", packet.out_interface)):
        found += [option, name] if name else []
    if packet.icmp_type is not None:
        found += ["--icmp", f"{packet.icmp_type}/{packet.icmp_code}"]
    elif packet.protocol in ("tcp", "udp", "sctp"):
        found += [f"--{packet.protocol}", str(packet.destination_port), "--sport", str(packet.source_port)]
    else:
        found += ["--protocol", str(packet.protocol)]
    if packet.pre_dnat_destination is not None:
        found += ["--pre-dnat", f"{packet.pre_dnat_destination}:{packet.pre_dnat_port}"]
    return found
