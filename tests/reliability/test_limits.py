"""Every limit can be set in callint.yaml, and whatever it cuts off is said in a finding."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from callint.source import Limits

V3 = "apiVersion: projectcalico.org/v3\n"
POOL = f"{V3}kind: IPPool\nmetadata: {{name: a}}\nspec: {{cidr: 10.0.0.0/16}}\n"
POLICY = f"""\
{V3}kind: GlobalNetworkPolicy
metadata: {{name: NAME}}
spec:
  selector: app in {{'shop', 'blog'}}
  types: [Ingress]
  ingress:
    - {{action: Allow, protocol: TCP, destination: {{ports: [80]}}}}
    - {{action: Allow, protocol: TCP, destination: {{ports: [443]}}}}
"""
POLICIES = f"{POLICY.replace('NAME', 'a')}---\n{POLICY.replace('NAME', 'b').replace('80', '53').replace('443', '22')}"
SLOW = """\
id: ACME001
name: slow
summary: takes its time
severity: error
check: expression
with: {kind: GlobalNetworkSet, expression: "EXPRESSION", message: "too slow"}
"""
SETS = "---\n".join(
    f"{V3}kind: GlobalNetworkSet\nmetadata: {{name: set-{number}}}\nspec: {{nets: [10.0.{number % 256}.0/24]}}\n"
    for number in range(1000)
)


class Case(NamedTuple):
    """A manifest that hits a limit as soon as it is so low, and words of the finding that says so."""

    text: str
    low: int
    enough: int
    rule: str
    words: str


CASES = {
    "file_bytes": Case(POOL, 10, 1000, "SRC014", "larger than the limit of 10 bytes"),
    "documents": Case(f"{POOL}---\na: 1\n", 1, 2, "SRC015", "more than 1 document: "),
    "nesting": Case(f"{POOL}---\na: [[[[]]]]\n", 3, 9, "SRC013", "nested too deeply"),
    "alias_nodes": Case(f"{POOL}---\na: &a [1, 2, 3]\nb: [*a, *a]\n", 4, 100, "SRC010", ""),
    "problems": Case(f"{POOL}kind: IPPool\nkind: IPPool\nkind: IPPool\n", 1, 9, "SRC002", "more"),
    "broken": Case("[\n---\n[\n---\n[\n", 1, 9, "SRC015", "1 documents of this file cannot be read"),
    "selector_length": Case(POLICIES, 20, 40, "SRC026", "longer than 20 characters and is not read"),
    "comparisons": Case(POLICIES, 1, 1000, "POL010", "more than 1 comparisons of rules"),
    "expression_seconds": Case(SETS, 1, 60, "ACME001", "more than 1 seconds"),
}


def findings(folder: Path, name: str, limit: int, text: str) -> list[dict[str, Any]]:
    config = f"limits: {{{name.replace('_', '-')}: {limit}}}\n"
    if name == "expression_seconds":
        config += "rules: {paths: [own]}\n"
        (folder / "own").mkdir(exist_ok=True)
        expression = "objects.all(a, objects == objects)" if limit == 1 else "true"
        (folder / "own" / "ACME001-slow.yaml").write_text(SLOW.replace("EXPRESSION", expression), encoding="utf-8")
    (folder / "callint.yaml").write_text(config, encoding="utf-8")
    (folder / "m.yaml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "callint", "check", "--format", "json", "m.yaml"]
    run = subprocess.run(command, cwd=folder, capture_output=True, timeout=90)
    assert run.stderr == b""
    found: list[dict[str, Any]] = json.loads(run.stdout)["findings"]
    return found


def test_every_limit_is_here() -> None:
    assert set(CASES) == set(Limits._fields)


@pytest.mark.parametrize("name", CASES)
def test_a_limit_is_set_and_said(name: str, tmp_path: Path) -> None:
    if name == "expression_seconds":
        pytest.importorskip("cel_expr_python", reason="the extra callint[cel] is not installed")
    case = CASES[name]
    said = [one["message"] for one in findings(tmp_path, name, case.low, case.text) if one["rule"] == case.rule]
    assert any(case.words in message for message in said), said
    beyond = [one["message"] for one in findings(tmp_path, name, case.enough, case.text) if one["rule"] == case.rule]
    assert not any(case.words in message for message in beyond), beyond


APART = "---\n".join(
    f"{V3}kind: GlobalNetworkPolicy\nmetadata: {{name: p{number}}}\n"
    f"spec: {{order: 1, selector: has(app) && app starts with '{number}', types: [Ingress, Egress], {rules}}}\n"
    for number, rules in enumerate(
        [
            "ingress: [{action: Deny, protocol: TCP}]",
            "ingress: [{action: Allow, protocol: TCP}]",
            "egress: [{action: Allow, protocol: TCP, destination: {domains: [a.example]}}]",
            "egress: [{action: Allow, protocol: UDP, destination: {ports: [53]}}]",
        ]
    )
)


@pytest.mark.parametrize("rule", ["POL010", "POL041", "POL070", "POL018"])
def test_selectors_that_are_compared_count(rule: str, tmp_path: Path) -> None:
    said = [one["message"] for one in findings(tmp_path, "comparisons", 1, APART) if one["rule"] == rule]
    assert any("comparisons of" in message for message in said), said
    beyond = [one["message"] for one in findings(tmp_path, "comparisons", 1000, APART) if one["rule"] == rule]
    assert not any("comparisons of" in message for message in beyond), beyond


HOSTS = "---\n".join(
    f"{V3}kind: HostEndpoint\nmetadata: {{name: h{number}, labels: {{role: r{number}}}}}\n"
    f"spec: {{node: n{number}, interfaceName: eth0}}\n"
    f"---\n{V3}kind: GlobalNetworkPolicy\nmetadata: {{name: p{number}}}\nspec: {{selector: role != 'r{number}'}}\n"
    for number in range(4)
)


def test_policies_of_hosts_count(tmp_path: Path) -> None:
    said = [one["message"] for one in findings(tmp_path, "comparisons", 15, HOSTS) if one["rule"] == "HEP002"]
    assert said == [
        'which policies govern HostEndpoint "h0" and 3 others was not examined: '
        "more than 15 comparisons of labels and selectors would be needed"
    ]
    beyond = [one["message"] for one in findings(tmp_path, "comparisons", 16, HOSTS) if one["rule"] == "HEP002"]
    assert not any("not examined" in message for message in beyond)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            ["check", "--select", "HEP003"],
            "not all that this rule is about was examined: more than 1,000 comparisons of ",
        ),
        (
            ["trace", "--node", "n0", "--in", "eth0", "--src", "192.0.2.1", "--dst", "10.0.0.0", "--tcp", "22"],
            "callint: ",
        ),
    ],
)
def test_templates_of_host_endpoints_count(command: list[str], said: str, tmp_path: Path) -> None:
    """Each may be about every node, so that few lines make millions of endpoints."""
    templates = ", ".join(
        f"{{generateName: t{n}, nodeSelector: all(), interfaceCIDRs: [10.0.0.0/8]}}" for n in range(50)
    )
    settings = f"{{autoCreate: Enabled, templates: [{templates}]}}"
    (tmp_path / "m.yaml").write_text(
        f"{V3}kind: KubeControllersConfiguration\nmetadata: {{name: default}}\n"
        f"spec: {{controllers: {{node: {{hostEndpoint: {settings}}}}}}}\n---\n{POLICY}"
        + "".join(
            f"---\n{V3}kind: Node\nmetadata: {{name: n{n}}}\nspec: {{bgp: {{ipv4Address: 10.0.0.{n}/24}}}}\n"
            for n in range(50)
        )
    )
    (tmp_path / "callint.yaml").write_text("limits: {comparisons: 1000}\n")
    run = subprocess.run(
        [sys.executable, "-m", "callint", *command, "m.yaml"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert said in run.stdout + run.stderr
    assert "templates of host endpoints with nodes would be needed" in run.stdout + run.stderr
    assert "internal error" not in run.stderr


def test_a_selector_that_is_too_hard(tmp_path: Path) -> None:
    pairs = [f"(!has(p{i}h{k}) || !has(p{j}h{k}))" for k in range(6) for i in range(7) for j in range(i)]
    places = [f"({' || '.join(f'has(p{i}h{k})' for k in range(6))})" for i in range(7)]
    text = POLICY.replace("NAME", "a").replace("app in {'shop', 'blog'}", " && ".join(places + pairs))
    said = [one["message"] for one in findings(tmp_path, "comparisons", 1000, text) if one["rule"] == "REF020"]
    assert said == [
        'whether any labels can meet a selector of GlobalNetworkPolicy "a" was not examined: '
        "it has too many alternatives"
    ]


def test_a_selector_beyond_the_limit_is_read_by_nobody(tmp_path: Path) -> None:
    text = POLICY.replace("NAME", "a").replace("app in {'shop', 'blog'}", "has(a) && !has(a) && has(b)")
    assert "REF020" in {one["rule"] for one in findings(tmp_path, "selector_length", 1000, text)}
    assert {one["rule"] for one in findings(tmp_path, "selector_length", 10, text)} == {"SRC026"}
