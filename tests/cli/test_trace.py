"""`callint trace`: the way of one packet, its verdict, and the rule that would have changed it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from callint.cli import main
from manifests import hosts, pod

ROUTER = "---\n".join(
    [
        hosts(lan="10.0.0.1", wan="192.168.0.2"),
        """\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: first}
spec:
  order: 10
  selector: zone == 'lan'
  types: [Ingress]
  ingress:
    - action: Log
    - action: Allow
      protocol: TCP
      source:
        nets: [10.0.0.0/24]
      destination:
        ports: [443]
    - action: Deny
      protocol: UDP
      destination:
        ports: [69]
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: second}
spec:
  order: 20
  selector: zone == 'lan'
  applyOnForward: true
  types: [Ingress]
  ingress:
    - action: Deny
      protocol: UDP
      destination:
        ports: [53]
    - action: Allow
      protocol: UDP
""",
        pod("web", "shop", "10.244.0.5", "router", app="web"),
        pod("db", "shop", "10.244.0.6", "router", app="db"),
        pod("far", "shop", "10.244.1.6", "other"),
        """\
apiVersion: v1
kind: Pod
metadata: {name: young, namespace: shop}
spec: {}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: web}}}]
      ports: [{protocol: TCP, port: 5432}]
""",
    ]
)
LINES = {name: ROUTER[: ROUTER.index(name)].count("\n") + 1 for name in ("name: first", "name: second")}
TO_ROUTER = ("--node", "router", "--in", "lan0", "--src", "10.0.0.7", "--dst", "10.0.0.1")


def run(folder: Path, *arguments: str, manifests: str = ROUTER) -> Result:
    path = folder / "m.yaml"
    path.write_text(manifests)
    return CliRunner().invoke(main, ["trace", str(path), "--no-config", *arguments], prog_name="callint")


def trace(folder: Path, *arguments: str, manifests: str = ROUTER) -> dict[str, Any]:
    done = run(folder, *arguments, "--format", "json", manifests=manifests)
    assert done.exit_code in (0, 2), done.output
    found: dict[str, Any] = json.loads(done.output)
    schema = json.loads((Path(__file__).parents[2] / "schemas/trace.json").read_text())
    Draft202012Validator(schema).validate(found)
    assert done.exit_code == (2 if found["verdict"] == "unknown" else 0)
    return found


def nearest(found: dict[str, Any], kind: str) -> tuple[str, str, str] | None:
    one = next((one for one in found["nearest"] if one["kind"] == kind), None)
    return one and (one["action"], one["rule"]["object"]["name"] + one["rule"]["path"], one["at"]["path"])


def test_the_rule_that_decides_is_named_with_its_line(tmp_path: Path) -> None:
    found = trace(tmp_path, *TO_ROUTER, "--udp", "53")
    assert found["verdict"] == "drop"
    assert found["decided"]["object"]["name"] == "second"
    assert found["decided"]["path"] == "/spec/ingress/0"
    assert ROUTER.splitlines()[found["decided"]["line"] - 1].strip() == "- action: Deny"
    step = found["steps"][0]
    assert (step["chain"], step["endpoint"], step["tier"]) == ("fh-lan0", "lan", "default")
    assert [(one["object"]["name"], one["line"]) for one in step["asked"]] == [("first", LINES["name: first"])]
    assert found["interfaces"][0]["endpoint"]["object"]["name"] == "lan"


def test_a_later_rule_that_matches_is_named(tmp_path: Path) -> None:
    found = trace(tmp_path, *TO_ROUTER, "--udp", "53")
    assert nearest(found, "later") == ("Allow", "second/spec/ingress/1", "/spec/ingress/1/action")


@pytest.mark.parametrize(
    ("packet", "verdict", "near"),
    [
        (("--tcp", "444"), "drop", ("Allow", "first/spec/ingress/1", "/spec/ingress/1/destination/ports")),
        (
            ("--tcp", "443", "--src", "10.0.1.7"),
            "drop",
            ("Allow", "first/spec/ingress/1", "/spec/ingress/1/source/nets"),
        ),
        (("--tcp", "444", "--src", "10.0.1.7"), "drop", ("Allow", "second/spec/ingress/1", "/spec/ingress/1/protocol")),
        (("--udp", "70"), "accept", ("Deny", "first/spec/ingress/2", "/spec/ingress/2/destination/ports")),
        (("--tcp", "443"), "accept", None),
    ],
)
def test_the_first_rule_that_fails_by_one_criterion_is_named(
    tmp_path: Path, packet: tuple[str, ...], verdict: str, near: tuple[str, str, str] | None
) -> None:
    found = trace(tmp_path, *TO_ROUTER, *packet)
    assert found["verdict"] == verdict
    assert nearest(found, "near") == near


def test_what_the_nearest_rule_names_is_true(tmp_path: Path) -> None:
    """Mending the one criterion that is named changes the verdict."""
    before = trace(tmp_path, *TO_ROUTER, "--tcp", "444")
    assert before["nearest"][0]["reason"] == "the destination port is 444"
    assert (
        trace(tmp_path, *TO_ROUTER, "--tcp", "444", manifests=ROUTER.replace("[443]", "[444]"))["verdict"] == "accept"
    )


def test_a_failsafe_port_hides_a_rule(tmp_path: Path) -> None:
    manifests = ROUTER.replace("ports: [69]", "ports: [68]")
    found = trace(tmp_path, *TO_ROUTER, "--udp", "68", manifests=manifests)
    assert (found["verdict"], found["decidedBy"]) == ("accept", "failsafe udp:68")
    assert nearest(found, "later") == ("Deny", "first/spec/ingress/2", "/spec/ingress/2/action")


def test_forwarding_visits_both_endpoints(tmp_path: Path) -> None:
    way = ("--node", "router", "--in", "lan0", "--out", "wan0", "--src", "10.0.0.7", "--dst", "192.0.2.1")
    found = trace(tmp_path, *way, "--udp", "123")
    assert [step["chain"] for step in found["steps"]] == ["fhfw-lan0", "thfw-wan0"]
    assert found["verdict"] == "accept"
    blocked = trace(tmp_path, *way, "--udp", "53")
    assert (blocked["verdict"], [step["chain"] for step in blocked["steps"]]) == ("drop", ["fhfw-lan0"])


def test_what_leaves_is_masqueraded_by_its_pool(tmp_path: Path) -> None:
    pool = """\
---
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: lan}
spec: {cidr: 10.0.0.0/24, natOutgoing: true, disabled: true}
"""
    way = ("--node", "router", "--in", "lan0", "--out", "wan0", "--src", "10.0.0.7")
    found = trace(tmp_path, *way, "--dst", "192.0.2.1", "--udp", "123", manifests=ROUTER + pool)["source"]
    assert (found["masqueraded"], found["pool"]["object"]["name"], found["pool"]["path"]) == (True, "lan", "/spec/cidr")
    kept = trace(tmp_path, *way, "--dst", "10.0.0.9", "--udp", "123", manifests=ROUTER + pool)["source"]
    assert (kept["masqueraded"], kept["reason"]) == (False, '10.0.0.9 is in the pool "lan"')
    assert trace(tmp_path, *way, "--dst", "192.0.2.1", "--udp", "53", manifests=ROUTER + pool)["source"] is None
    assert trace(tmp_path, *way, "--dst", "192.0.2.1", "--udp", "123")["source"] is None
    assert trace(tmp_path, *TO_ROUTER, "--udp", "70", manifests=ROUTER + pool)["source"] is None
    text = run(tmp_path, *way, "--dst", "192.0.2.1", "--udp", "123", manifests=ROUTER + pool).output
    assert 'source: masqueraded: the pool "lan" has natOutgoing  (' in text


def test_pods_bring_interface_address_and_node(tmp_path: Path) -> None:
    found = trace(tmp_path, "--from", "pod:shop/web", "--to", "pod:shop/db", "--tcp", "5432")
    packet = found["packet"]
    assert (packet["node"], packet["source"], packet["destination"]) == ("router", "10.244.0.5", "10.244.0.6")
    assert re.fullmatch("cali[0-9a-f]{11}", packet["in_interface"])
    assert found["verdict"] == "accept"
    assert found["decided"]["object"]["kind"] == "NetworkPolicy"
    wrong = trace(tmp_path, "--from", "pod:shop/web", "--to", "pod:shop/db", "--tcp", "5433")
    assert wrong["verdict"] == "drop"
    assert wrong["nearest"][0]["reason"] == "the destination port is 5433"


def test_policy_before_dnat_sees_the_address_on_the_wire(tmp_path: Path) -> None:
    manifests = (
        ROUTER
        + """\
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: before}
spec:
  selector: zone == 'lan'
  applyOnForward: true
  preDNAT: true
  ingress:
    - action: Deny
      protocol: TCP
      destination: {ports: [30443]}
"""
    )
    packet = (*TO_ROUTER, "--tcp", "443")
    assert trace(tmp_path, *packet, manifests=manifests)["verdict"] == "accept"
    found = trace(tmp_path, *packet, "--pre-dnat", "10.0.0.1:30443", manifests=manifests)
    assert (found["verdict"], found["steps"][0]["chain"]) == ("drop", "fh-mangle-lan0")


def test_what_nobody_knows_is_unknown_and_exits_with_2(tmp_path: Path) -> None:
    manifests = ROUTER.replace("order: 20", "order: [20]")
    done = run(tmp_path, *TO_ROUTER, "--udp", "53", manifests=manifests)
    assert done.exit_code == 2
    assert "verdict: unknown" in done.output
    assert "it depends on" in done.output
    assert "spec.order" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*TO_ROUTER,), "none is given"),
        ((*TO_ROUTER, "--udp", "53", "--tcp", "53"), "--tcp and --udp are given"),
        ((*TO_ROUTER, "--icmp", "300"), '"300" is no ICMP type'),
        ((*TO_ROUTER, "--protocol", "quic"), '"quic" is no protocol'),
        ((*TO_ROUTER, "--udp", "53", "--pre-dnat", "10.0.0.1:x"), "does not end in a port"),
        ((*TO_ROUTER, "--udp", "53", "--pre-dnat", f"10.0.0.1:{'1' * 5000}"), 'callint: "10.0.0.1:11'),
        (("--node", "router", "--in", "lan0", "--src", "10.0.0.7", "--udp", "53"), "no destination: --dst"),
        (("--node", "router", "--in", "lan0", "--dst", "10.0.0.7", "--udp", "53"), "no source: --src"),
        (("--node", "router", "--src", "10.0.0.7", "--dst", "10.0.0.1", "--udp", "53"), "--in"),
        (("--in", "lan0", "--src", "10.0.0.7", "--dst", "10.0.0.1", "--udp", "53"), "--node"),
        (("--node", "ruoter", *TO_ROUTER[2:], "--udp", "53"), "the nodes known are other, router"),
        ((*TO_ROUTER[:-1], "fe80::1", "--udp", "53"), "the other IP version"),
        ((*TO_ROUTER[:-1], "here", "--udp", "53"), '"here"'),
        (("--from", "pod:shop/wbe", "--dst", "10.0.0.1", "--udp", "53"), "pod:shop/web"),
        (("--from", "shop/web", "--dst", "10.0.0.1", "--udp", "53"), "pod:NAMESPACE/NAME"),
        (("--from", "pod:shop/young", "--node", "router", "--dst", "10.0.0.1", "--udp", "53"), "--src must"),
        (("--from", "pod:shop/web", "--to", "pod:shop/far", "--udp", "53"), "one node at a time"),
        ((*TO_ROUTER, "--udp", "53", "--cluster", "home"), 'no cluster "home"'),
    ],
)
def test_a_question_that_cannot_be_asked(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = run(tmp_path, *arguments)
    assert done.exit_code == 2
    assert said in done.output
    assert done.output.count("\n") == 1


def test_an_interface_that_facts_rule_out_is_a_slip(tmp_path: Path) -> None:
    facts = tmp_path / "facts.yaml"
    facts.write_text("version: 1\nnode: router\ninterfaces:\n  - {name: lan0, addresses: [10.0.0.1/24]}\n")
    packet = ("--node", "router", "--in", "lan1", *TO_ROUTER[4:], "--udp", "53", "--facts", str(facts))
    done = run(tmp_path, *packet)
    assert (done.exit_code, "its facts list lan0" in done.output) == (2, True)
    to_itself = ("--src", "127.0.0.1", "--dst", "127.0.0.1", "--tcp", "10248", "--facts", str(facts))
    assert "its facts list" not in run(tmp_path, "--node", "router", "--in", "lo", *to_itself).output


def test_no_escape_sequence_of_a_manifest_reaches_the_terminal(tmp_path: Path) -> None:
    done = run(tmp_path, *TO_ROUTER, "--udp", "53", manifests=ROUTER.replace("{name: second}", '{name: "a\\e[31m"}'))
    assert "\x1b" not in done.output


ALONE = """\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  selector: app == 'db'
  types: [Ingress]
  ingress:
    - action: Allow
      protocol: TCP
      source: {selector: app == 'web', namespaceSelector: projectcalico.org/name == 'front'}
      destination: {ports: [5432]}
---
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: pods}
spec: {cidr: 10.1.0.0/16}
"""


@pytest.mark.parametrize(
    ("sender", "port", "verdict"),
    [
        ("labels:app=web,ns=front", 5432, "accept"),
        ("labels:app=web,ns=front", 5433, "drop"),
        ("labels:app=web,ns=shop", 5432, "drop"),
        ("labels:app=web", 5432, "drop"),
        ("labels:ns=front", 5432, "drop"),
    ],
)
def test_pods_by_labels_alone(tmp_path: Path, sender: str, port: int, verdict: str) -> None:
    pods = ("--from", sender, "--to", "labels:app=db,ns=shop", "--tcp", str(port))
    found = trace(tmp_path, *pods, manifests=ALONE)
    assert found["verdict"] == verdict
    assert len(found["assumed"]) == 2
    assert found["assumed"][1] == '10.1.0.1 is a workload with labels app=db in namespace "shop"; none is given'
    assert "node" not in found["packet"]


def test_a_pod_of_both_ip_versions_has_two_addresses(tmp_path: Path) -> None:
    six = (
        ALONE
        + '---\n{apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {name: six}, spec: {cidr: "fd00:1::/64"}}\n'
    )
    found = trace(
        tmp_path, "--from", "labels:app=web,ns=front", "--to", "labels:app=db,ns=shop", "--udp", "1", manifests=six
    )
    assert found["assumed"][0].startswith("10.1.0.0 and fd00:1:: are addresses of a workload with labels app=web")


def test_labels_of_a_pod_that_is_given(tmp_path: Path) -> None:
    found = trace(
        tmp_path, "--node", "router", "--from", "labels:app=web,ns=shop", "--to", "pod:shop/db", "--tcp", "5432"
    )
    assert found["verdict"] == "accept"
    assert found["assumed"][0].endswith('namespace "shop"; pod:shop/web is given and has these too')


def test_labels_at_an_address(tmp_path: Path) -> None:
    pods = ("--from", "labels:app=web,ns=shop", "--src", "192.0.2.7", "--to", "pod:shop/db", "--tcp", "5432")
    text = run(tmp_path, *pods).output
    assert "  assumed: 192.0.2.7 is a workload with labels app=web" in text
    assert "verdict: accept" in text


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--from", "labels:app"), '"app" in "labels:app" is not of the form KEY=VALUE'),
        (("--from", "labels:=x"), "is not of the form KEY=VALUE"),
        (("--from", "label:a=b"), "is not of the form pod:NAMESPACE/NAME or labels:"),
        (("--from", "labels:a=b", "--src", "10.244.0.5"), "10.244.0.5 is the address of pod:shop/web"),
    ],
)
def test_labels_that_cannot_be_used(tmp_path: Path, arguments: tuple[str, ...], complaint: str) -> None:
    done = run(tmp_path, *arguments, "--node", "router", "--out", "wan0", "--dst", "8.8.8.8", "--tcp", "1")
    assert done.exit_code == 2
    assert complaint in done.output


NODE = """
---
apiVersion: v1
kind: Node
metadata: {name: router}
status: {addresses: [{type: InternalIP, address: 10.0.0.1}, {type: InternalIP, address: "fd00::1"}]}
"""


@pytest.mark.parametrize(
    ("way", "source", "destination", "told"),
    [
        (("--in", "lan0"), "10.0.0.7", "8.8.8.8", True),
        (("--in", "lan0"), "10.0.0.7", "10.0.0.1", False),
        (("--in", "lan0"), "10.0.0.7", "255.255.255.255", False),
        (("--in", "lan0"), "10.0.0.7", "224.0.0.251", False),
        (("--in", "lan0"), "10.0.0.7", "169.254.169.254", True),
        (("--in", "lan0"), "fd00::7", "2001:db8::8", True),
        (("--in", "lan0"), "fd00::7", "fd00::1", False),
        (("--in", "lan0", "--out", "wan0"), "10.0.0.7", "8.8.8.8", False),
        (("--out", "wan0"), "10.0.0.1", "8.8.8.8", False),
        (("--from", "pod:shop/web"), "10.244.0.5", "192.168.0.9", True),
        (("--from", "pod:shop/web", "--out", "wan0"), "10.244.0.5", "8.8.8.8", False),
    ],
)
def test_a_packet_that_leaves_by_nothing_is_taken_for_one_to_the_node(
    tmp_path: Path, way: tuple[str, ...], source: str, destination: str, told: bool
) -> None:
    packet = ("--node", "router", *way, "--src", source, "--dst", destination, "--tcp", "80")
    said = f'{destination} is an address of node "router": no --out says where the packet leaves'
    assert trace(tmp_path, *packet, manifests=ROUTER + NODE)["assumed"] == ([said] if told else [])


@pytest.mark.parametrize(
    ("way", "source", "told"),
    [
        (("--out", "wan0", "--dst", "10.0.0.9"), "8.8.8.8", True),
        (("--out", "wan0", "--dst", "10.0.0.9"), "10.0.0.1", False),
        (("--out", "wan0", "--dst", "255.255.255.255"), "0.0.0.0", False),
        (("--to", "pod:shop/web"), "8.8.8.8", True),
        (("--to", "pod:shop/web", "--in", "wan0"), "8.8.8.8", False),
        (("--to", "pod:shop/web", "--from", "pod:shop/db"), "10.244.0.6", False),
    ],
)
def test_a_packet_that_comes_in_by_nothing_is_taken_for_one_from_the_node(
    tmp_path: Path, way: tuple[str, ...], source: str, told: bool
) -> None:
    said = f'{source} is an address of node "router": no --in says where the packet comes in'
    packet = ("--node", "router", *way, "--src", source, "--udp", "67")
    assert trace(tmp_path, *packet, manifests=ROUTER + NODE)["assumed"] == ([said] if told else [])


def test_a_node_of_which_nothing_is_said(tmp_path: Path) -> None:
    packet = ("--node", "router", "--in", "lan0", "--src", "10.0.0.7", "--dst", "10.0.0.1", "--tcp", "80")
    found = trace(tmp_path, *packet, manifests=ALONE)
    assert (found["verdict"], found["decidedBy"]) == ("no-verdict", "no HostEndpoint on lan0")
    text = run(tmp_path, *packet, manifests=ALONE).stdout
    assert "\nverdict: no verdict: the rest of the host's firewall decides, no HostEndpoint on lan0\n" in text
    done = run(tmp_path, "--node", "ruoter", *packet[2:])
    assert done.exit_code == 2
    assert 'no manifest and no facts name a node "ruoter", the nodes known are other, router' in done.output


def test_as_if_staged_policy_were_enforced(tmp_path: Path) -> None:
    staged = ROUTER.replace(
        "kind: GlobalNetworkPolicy\nmetadata: {name: first}", "kind: StagedGlobalNetworkPolicy\nmetadata: {name: first}"
    )
    packet = (*TO_ROUTER, "--tcp", "443")
    now, then = trace(tmp_path, *packet, manifests=staged), trace(tmp_path, *packet, "--staged", manifests=staged)
    assert (now["verdict"], now["assumed"]) == ("drop", [])
    assert (then["verdict"], then["assumed"]) == ("accept", ["staged policies are enforced"])


MANY = """\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: many}
spec:
  selector: zone == 'lan'
  types: [Ingress]
  ingress:
    - action: Allow
      protocol: UDP
      source: {nets: [10.1.0.0/24, 10.2.0.0/24]}
      destination:
        nets: [10.0.0.1/32, 10.0.0.2/32]
        ports: [PORTS]
"""


@pytest.mark.parametrize(
    ("ports", "source", "destination", "verdict", "enforced"),
    [
        ("'1:2', '3:4', '5:6', '7:8', '9:10', '11:12', '13:14', '15:2000'", "10.1.0.1", "10.0.0.9", "drop", "accept"),
        ("'1:2', '3:4', '5:6', '7:8', '9:10', '11:12', '13:14', '15:2000'", "10.1.0.1", "10.0.0.1", "accept", None),
        ("'1:2', '3:4', '5:6', '7:8', '9:10', '11:12', '13:14', '15:2000'", "10.3.0.1", "10.0.0.9", "drop", None),
        ("'15:2000'", "10.1.0.1", "10.0.0.9", "drop", None),
    ],
)
def test_what_a_rule_of_many_lists_really_lets_through(
    tmp_path: Path, ports: str, source: str, destination: str, verdict: str, enforced: str | None
) -> None:
    manifests = "---\n".join([hosts(lan="10.0.0.1", wan="192.168.0.2"), MANY.replace("PORTS", ports)])
    packet = ("--node", "router", "--in", "lan0", "--src", source, "--dst", destination, "--udp", "2000")
    found = trace(tmp_path, *packet, manifests=manifests)
    assert found["verdict"] == verdict
    assert (found["enforced"] and found["enforced"]["verdict"]) == enforced
    told = run(tmp_path, *packet, manifests=manifests).output
    assert ("\niptables: accept, by policy many ingress rule 0" in told) is bool(enforced)
    assert trace(tmp_path, *packet, "--dataplane", "ebpf", manifests=manifests)["enforced"] is None


def test_what_is_enforced_may_be_that_nothing_decides(tmp_path: Path) -> None:
    ports = "'1:2', '3:4', '5:6', '7:8', '9:10', '11:12', '13:14', '15:2000'"
    many = MANY.replace("PORTS", ports).replace("action: Allow", "action: Pass") + "    - action: Allow\n"
    packet = ("--node", "router", "--in", "lan0", "--src", "10.1.0.1", "--dst", "10.0.0.9", "--udp", "2000")
    told = run(tmp_path, *packet, manifests="---\n".join([hosts(lan="10.0.0.1"), many])).output
    assert "\nverdict: accept, by policy many ingress rule 1" in told
    assert "\niptables: drop, no profile matched (ingress, fh-lan0)" in told
