"""Questions about all rules at once have a bound, and say so when it is hit; without hitting it nothing is left out."""

from __future__ import annotations

from callint import config, rule
from callint.engine import Plan
from callint.finding import Finding
from callint.lint import lint
from callint.source import Limits, parse

POLICY = """\
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {{name: p{number}}}
spec: {{selector: "{selector}", types: [Ingress], ingress: [{rules}]}}
"""
ALLOW = "{action: Allow, protocol: TCP}"
NAMES = ("POL010", "POL011", "POL012")


def findings(text: str, most: int | None = None) -> list[Finding]:
    catalogue = rule.load()
    settings = config.Config(rules={one.id: one.id in NAMES for one in catalogue}).settings(catalogue)
    given = config.Config(limits=Limits() if most is None else Limits(comparisons=most))
    report = lint(parse(text, "m.yaml"), given, Plan(catalogue, settings)).report
    return [one for one in report.findings if one.rule in NAMES]


def overlapping(count: int) -> str:
    return ", ".join(
        f"{{action: Allow, protocol: TCP, destination: {{ports: ['{low}:{low + 40000}']}}}}"
        for low in range(20_000, 20_000 - count, -1)
    )


def test_the_bound_is_one_question_about_the_first_that_was_not_examined() -> None:
    text = "".join(POLICY.format(number=number, selector="all()", rules=overlapping(10)) for number in range(9))
    (found,) = [one for one in findings(text, most=500) if one.rule == "POL010"]
    assert found.severity == "info"
    assert 'every rule of GlobalNetworkPolicy "p1" and of 7 policies after it' in found.message
    assert "more than 500 comparisons" in found.message


def test_nothing_is_a_question_with_more_comparisons() -> None:
    text = "".join(POLICY.format(number=number, selector="all()", rules=overlapping(10)) for number in range(9))
    assert not any("was not examined" in one.message for one in findings(text))


def test_many_policies_for_different_endpoints_are_examined() -> None:
    text = "".join(
        POLICY.format(number=number, selector=f"a == '{number}'", rules=f"{ALLOW}, {ALLOW}") for number in range(500)
    )
    assert [one.rule for one in findings(text)] == ["POL011"] * 500


def test_many_equal_rules_are_examined() -> None:
    text = POLICY.format(number=0, selector="all()", rules=", ".join([ALLOW] * 5000))
    assert len(findings(text)) == 4999
