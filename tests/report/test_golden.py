"""Whole outputs compared with stored ones; CALLINT_GOLDEN=update stores new ones, whose difference is then read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from callint.report import Report
from callint.report.formats import FORMATS
from reports import render

GOLDEN = Path(__file__).parent / "golden"


def check(name: str, output: str) -> None:
    path = GOLDEN / name
    if os.environ.get("CALLINT_GOLDEN") == "update":
        path.write_text(output, encoding="utf-8", newline="")
    assert output == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("form", FORMATS)
def test_format(form: str, report: Report) -> None:
    check(f"{form}.txt", render(form, report._replace(prefix="deploy")))


def test_text_in_colour(report: Report) -> None:
    check("text-colour.txt", render("text", report, colour=True))


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_found(form: str, report: Report) -> None:
    check(f"{form}-empty.txt", render(form, report._replace(findings=(), suppressed=())))


def test_catalogue(catalogue, explained) -> None:
    from callint.report.catalogue import render_rule, render_rule_json, render_rules, render_rules_json

    check("rules.txt", render_rules(catalogue))
    check("rules-json.txt", render_rules_json(catalogue))
    check("rule.txt", render_rule(explained))
    check("rule-json.txt", render_rule_json(explained))
