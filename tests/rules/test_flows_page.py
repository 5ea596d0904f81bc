"""The rules in docs/flows.md find what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from callint import config, rule
from callint.engine import Plan
from callint.lint import Options, lint
from callint.source import load
from rule_pages import rules_of_page

FILES = rules_of_page("flows.md")
FACTS = """
version: 1
node: router
interfaces:
  - {name: lan0, addresses: [10.0.0.1/24], forwarding: true}
  - {name: wan0, addresses: [203.0.113.2/24], forwarding: true}
services: {lan0: [{name: metrics, protocol: tcp, port: 9100}]}
"""
HOSTS = "".join(
    f"""
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {{name: {name}, labels: {{zone: {name}}}}}
spec: {{node: router, interfaceName: {name}0}}
---"""
    for name in ("lan", "wan")
)
POLICY = """
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: %s}
spec:
  selector: zone == '%s'
  applyOnForward: true
  types: [Ingress]
  ingress: [{action: %s}]
"""


@pytest.mark.parametrize(
    ("lan", "wan", "expected"),
    [("Allow", "Deny", []), ("Deny", "Deny", ["HOME011", "HOME012"]), ("Allow", "Allow", ["HOME010"])],
)
def test_rules_find(lan: str, wan: str, expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)
    Path("callint.yaml").write_text("rules: {paths: [policy]}\n")
    Path("facts.yaml").write_text(FACTS)
    Path("manifests.yaml").write_text(HOSTS + POLICY % ("lan", "lan", lan) + "---" + POLICY % ("wan", "wan", wan))
    settings = config.load("callint.yaml")
    catalogue = rule.load(settings.rule_paths)
    plan = Plan(catalogue, settings.settings(catalogue))
    result = lint(load(["manifests.yaml"]), settings, plan, Options(facts=("facts.yaml",)))
    assert result.crashes == []
    assert sorted({one.rule for one in result.report.findings if one.rule.startswith("HOME")}) == expected
