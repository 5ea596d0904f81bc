"""Questions about all policies at once have a bound, and say so when it is hit."""

from __future__ import annotations

from callint import config, rule
from callint.checks.unreachable import MOST_POLICIES, MOST_RULES
from callint.engine import Plan
from callint.finding import Finding
from callint.lint import lint
from callint.source import parse

POLICY = """\
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {{name: p{number}}}
spec: {{selector: "a == '{number}'", types: [Ingress], ingress: [{rules}]}}
"""
ALLOW = "{action: Allow, protocol: TCP}"


def findings(text: str) -> list[Finding]:
    catalogue = rule.load()
    names = ("POL010", "POL011", "POL012")
    settings = config.Config(rules={one.id: one.id in names for one in catalogue}).settings(catalogue)
    report = lint(parse(text, "m.yaml"), config.Config(), Plan(catalogue, settings)).report
    return [one for one in report.findings if one.rule in names]


def test_too_many_policies_are_one_question() -> None:
    text = "".join(POLICY.format(number=number, rules=ALLOW) for number in range(MOST_POLICIES + 1))
    (found,) = findings(text)
    assert found.severity == "info"
    assert f"there are {MOST_POLICIES + 1} policies" in found.message


def test_too_many_rules_are_one_question() -> None:
    rules = ", ".join([ALLOW] * (MOST_RULES + 1))
    (found,) = findings(POLICY.format(number=0, rules=rules))
    assert f"with {MOST_RULES + 1} rules" in found.message


def test_within_the_bounds_they_are_compared() -> None:
    (found,) = findings(POLICY.format(number=0, rules=f"{ALLOW}, {ALLOW}"))
    assert (found.rule, found.severity) == ("POL011", "info")
