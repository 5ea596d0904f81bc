"""`callint trace` at a node of which facts tell the firewall, or of which nothing is told at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from callint.cli import main

AUTOMATIC = """\
apiVersion: projectcalico.org/v3
kind: KubeControllersConfiguration
metadata: {name: default}
spec: {controllers: {node: {hostEndpoint: {autoCreate: Enabled}}}}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: nodes}
spec:
  selector: has(kubernetes-host)
  types: [Ingress]
  ingress: [{action: Allow, protocol: TCP, destination: {ports: [10250]}}]
"""
FORWARD = """\
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: lan, labels: {role: router}}
spec: {node: router, interfaceName: lan0, expectedIPs: [10.0.0.1]}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: wan, labels: {role: router}}
spec: {node: router, interfaceName: wan0}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: forward}
spec: {selector: role == 'router', applyOnForward: true, types: [Ingress], ingress: [{action: Allow}]}
"""


def run(folder: Path, manifests: str, *packet: str, facts: str = "") -> Result:
    (folder / "m.yaml").write_text(manifests)
    given = [str(folder / "m.yaml"), "--no-config"]
    if facts:
        (folder / "facts.yaml").write_text(facts)
        given += ["--facts", str(folder / "facts.yaml")]
    return CliRunner().invoke(main, ["trace", *given, *packet])


def asked(folder: Path, manifests: str, *packet: str, facts: str = "") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(folder, manifests, *packet, "--format", "json", facts=facts).stdout)
    schema = json.loads((Path(__file__).parents[2] / "schemas/trace.json").read_text())
    Draft202012Validator(schema).validate(found)
    return found


@pytest.mark.parametrize(
    ("port", "verdict", "missing"),
    [
        ("22", "accept", None),  # a failsafe port, whatever the labels
        ("10250", "accept", None),  # the policy allows it, and so does the profile without it
        ("9100", "unknown", 'whether policy "nodes" selects "n1-auto-hep": the labels of node "n1"'),
    ],
)
def test_every_node_has_the_endpoint_that_is_made_of_it(
    tmp_path: Path, port: str, verdict: str, missing: str | None
) -> None:
    packet = ("--node", "n1", "--in", "eth0", "--src", "10.0.0.2", "--dst", "10.0.0.1", "--tcp", port)
    found = asked(tmp_path, AUTOMATIC, *packet)
    assert (found["verdict"], found["unknown"]) == (verdict, missing)
    assert found["interfaces"][0]["endpoint"]["object"]["kind"] == "KubeControllersConfiguration"


def test_a_node_beside_those_that_are_described_is_a_slip(tmp_path: Path) -> None:
    node = "---\n{apiVersion: v1, kind: Node, metadata: {name: n2}}\n"
    packet = ("--node", "n1", "--in", "eth0", "--src", "10.0.0.2", "--dst", "10.0.0.1", "--tcp", "22")
    done = run(tmp_path, AUTOMATIC + node, *packet)
    assert done.exit_code == 2
    assert 'name a node "n1", the nodes known are n2' in done.output


FORWARDED = ("--node", "router", "--in", "lan0", "--out", "wan0", "--src", "10.0.0.7", "--dst", "192.0.2.1")


@pytest.mark.parametrize(
    ("firewall", "told"),
    [
        ("firewall: {forward: drop}", ("FORWARD", "drop", 3)),
        ("firewall: {forward: accept}", ("FORWARD", "accept", 3)),
        ("firewall: {input: drop}", None),
    ],
)
def test_what_the_firewall_of_the_node_does_with_the_rest(
    tmp_path: Path, firewall: str, told: tuple[str, str, int] | None
) -> None:
    facts = f"version: 1\nnode: router\n{firewall}\n"
    found = asked(tmp_path, FORWARD, *FORWARDED, "--tcp", "443", facts=facts)
    rest = found["firewall"]
    assert found["verdict"] == "no-verdict"
    assert (rest and (rest["chain"], rest["policy"], rest["line"])) == told
    text = run(tmp_path, FORWARD, *FORWARDED, "--tcp", "443", facts=facts).stdout
    line = told and f"\nfirewall: chain FORWARD of the node {told[1]}s what none of its own rules decides  ("
    assert (line in text) if line else "firewall: chain" not in text


def test_where_calico_decides_the_firewall_is_not_told(tmp_path: Path) -> None:
    facts = "version: 1\nnode: router\nfirewall: {forward: drop, input: drop, output: drop}\n"
    manifests = FORWARD.replace("[Ingress], ingress", "[Ingress, Egress], egress: [{action: Allow}], ingress")
    found = asked(tmp_path, manifests, *FORWARDED, "--tcp", "443", facts=facts)
    assert (found["verdict"], found["firewall"]) == ("accept", None)
    packet = ("--node", "router", "--in", "eth9", "--src", "10.0.0.7", "--dst", "10.0.0.1", "--tcp", "443")
    assert asked(tmp_path, manifests, *packet, facts=facts)["firewall"]["chain"] == "INPUT"
    packet = ("--node", "router", "--out", "eth9", "--src", "10.0.0.1", "--dst", "10.0.0.7", "--tcp", "443")
    assert asked(tmp_path, manifests, *packet, facts=facts)["firewall"]["chain"] == "OUTPUT"


POLICED = """\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec: {selector: app == 'db', types: [Egress], egress: [{action: Allow, destination: {nets: [9.9.9.0/24]}}]}
---
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: pods}
spec: {cidr: 10.244.0.0/16, natOutgoing: true}
"""
ALL_LINKS = """\
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: all}
spec: {node: router, interfaceName: "*", profiles: [projectcalico-default-allow]}
"""
ROUTES = """\
node: router
interfaces: [{name: lan0, addresses: [10.0.0.1/24]}, {name: wan0, addresses: [192.168.0.2/24]}]
routes:
  - {to: default, via: 192.168.0.1, interface: wan0}
"""
VPN = f"{ROUTES}  - {{to: 0.0.0.0/1, interface: wg0}}\n  - {{to: 128.0.0.0/1, interface: wg0}}\n"
OF_DB = ("--node", "router", "--from", "labels:app=db,ns=shop", "--tcp", "443")


@pytest.mark.parametrize(
    ("manifests", "facts", "destination", "leaving"),
    [
        (POLICED, "", "9.9.9.9", "eth0"),
        (POLICED, "", "10.0.0.1", None),
        (POLICED + ALL_LINKS, "", "9.9.9.9", "eth0"),
        (POLICED, ROUTES, "9.9.9.9", "wan0"),
        (POLICED, VPN, "9.9.9.9", "wg0"),
        (f"{POLICED}---\n{FORWARD}", ROUTES, "9.9.9.9", "wan0"),
        (POLICED, ROUTES.replace("192.168.0.2/24", "9.9.9.9/24"), "9.9.9.9", None),
    ],
)
def test_what_a_pod_sends_to_the_internet_leaves_the_node(
    tmp_path: Path, manifests: str, facts: str, destination: str, leaving: str | None
) -> None:
    found = asked(tmp_path, manifests, *OF_DB, "--dst", destination, facts=facts)
    assert found["packet"].get("out_interface") == leaving
    said = f'{destination} is reached by "{leaving}": no --out says it'
    assert (said in found["assumed"]) == (leaving is not None)


def test_where_links_differ_in_policy_one_has_to_be_said(tmp_path: Path) -> None:
    done = run(tmp_path, f"{POLICED}---\n{FORWARD}", *OF_DB, "--dst", "9.9.9.9")
    assert done.exit_code == 2
    assert 'say with --out by which interface node "router" sends to 9.9.9.9, for they differ in policy' in done.stderr
    assert run(tmp_path, f"{POLICED}---\n{FORWARD}", *OF_DB, "--dst", "9.9.9.9", "--out", "wan0").exit_code == 0


def test_the_release_is_named_down_to_the_patch(tmp_path: Path) -> None:
    packet = (*OF_DB, "--dst", "10.0.0.1", "--calico-version")
    assert asked(tmp_path, POLICED, *packet, "v3.30.1")["calico"] == "v3.30.1"
    assert asked(tmp_path, POLICED, *packet, "v3.30")["calico"] == "v3.30"


@pytest.mark.parametrize(
    ("release", "verdict"), [("v3.29.5", "drop"), ("v3.29.6", "accept"), ("v3.30.2", "drop"), ("v3.30.3", "accept")]
)
def test_a_rule_that_excludes_everything_is_refused_from_a_patch_on(tmp_path: Path, release: str, verdict: str) -> None:
    manifests = POLICED.replace("nets: [9.9.9.0/24]", "notNets: [0.0.0.0/0]")
    assert asked(tmp_path, manifests, *OF_DB, "--dst", "9.9.9.9", "--calico-version", release)["verdict"] == verdict
