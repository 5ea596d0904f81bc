"""Whatever the tree says, every output is well-formed and obeyed by nobody."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from xml.etree import ElementTree as ET

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from callint.catalogue import Explanation, RuleText
from callint.report.formats import FORMATS
from reports import render

OVERRIDES = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def acts_on_terminals(output: str) -> list[str]:
    return [
        character
        for character in output
        if (unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") and character != "\n")
        or unicodedata.bidirectional(character) in OVERRIDES
    ]


@given(st.data())
def test_nothing_raises_acts_on_a_terminal_or_fails_to_encode(hostile, data) -> None:
    report = data.draw(hostile())
    for form in FORMATS:
        output = render(form, report._replace(prefix=data.draw(st.sampled_from(["", "a/b", ".."]))))
        assert acts_on_terminals(output) == [], form
        output.encode("utf-8")


@given(st.data())
def test_colour_adds_only_colour(hostile, data) -> None:
    report = data.draw(hostile())
    assert COLOUR.sub("", render("text", report, colour=True)) == render("text", report)


@given(st.data())
def test_only_the_github_format_holds_workflow_commands(hostile, commands, data) -> None:
    report = data.draw(hostile())
    for form in set(FORMATS) - {"github"}:
        assert commands(render(form, report)) == [], form


@given(st.data(), st.text() | st.from_regex(r"\s*(::error::x|##\[error\]x)\s*", fullmatch=True))
def test_the_catalogue_holds_no_workflow_commands(explained, commands, data, text) -> None:
    from callint.report.catalogue import render_rule, render_rule_json, render_rules, render_rules_json

    words = "long words in front of it " * data.draw(st.integers(0, 4))
    rule = explained.rule._replace(id=text, name=text, summary=text)
    example = explained.explanation.examples[0]._replace(title=text, bad=text, good=text)
    told = RuleText(rule, Explanation(words + text, text, (text,), (example,)))
    for output in (render_rule(told), render_rule_json(told), render_rules([rule]), render_rules_json([rule])):
        assert commands(output) == []
        assert acts_on_terminals(output) == []


@given(st.data())
def test_github_holds_exactly_the_commands_meant(hostile, commands, data) -> None:
    report = data.draw(hostile())
    found = commands(render("github", report))
    assert [command.name for command in found] == sorted(
        (LEVELS[finding.severity] for finding in report.findings), key=list(LEVELS.values()).index
    )
    for command in found:
        assert set(command.properties) <= {"file", "line", "endLine", "col", "endColumn", "title"}


# What is neither made visible nor trimmed has to arrive unchanged.
HARMLESS = st.text(st.sampled_from("%:,;=\\[]() 0ADx2Cé日\U0001f600#"), min_size=1, max_size=30).map(
    lambda text: f"<{text}>".replace("##", "#.")
)


@given(st.data())
def test_github_data_arrives_exactly(hostile, commands, data) -> None:
    report = data.draw(hostile(HARMLESS))
    # Of more than three the fourth is only counted.
    assume(all(times <= 3 for times in Counter((one.rule, one.span.file) for one in report.findings).values()))
    found = commands(render("github", report))
    by_level = sorted(report.findings, key=lambda finding: list(LEVELS).index(finding.severity))
    assert len(found) == len(by_level)
    for command, finding in zip(found, by_level, strict=True):
        assert command.data.split("\n")[0] == finding.message
        assert command.properties["file"] == finding.span.file
        assert command.properties["title"] == f"{finding.rule} {finding.name}"
        assert command.properties["line"] == str(finding.span.line)


@given(st.data())
def test_machine_formats_keep_every_text(hostile, data) -> None:
    report = data.draw(hostile())
    found = json.loads(render("json", report))["findings"]
    for row, finding in zip(found, report.findings, strict=True):
        assert row["message"] == re.sub("[\ud800-\udfff]", "\ufffd", finding.message)
    assert len(json.loads(render("gitlab", report))) == len(report.findings)
    assert len(json.loads(render("sarif", report))["runs"][0]["results"]) == len(report.findings + report.suppressed)
    cases = ET.fromstring(render("junit", report)).iter("testcase")
    assert len(list(cases)) == max(1, len(report.findings + report.suppressed))


@given(st.data())
def test_a_summary_is_one_table(hostile, data) -> None:
    report = data.draw(hostile())
    if not report.findings:
        return
    _, table = render("summary", report).split("|---|---|---|---|\n")
    rows = table.splitlines()
    assert len(rows) == len(report.findings)
    assert all(row.count("|") == 5 for row in rows)
    assert all(set(re.findall("<[^>]*>", row)) <= {"<br>"} for row in rows)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 日本", "plain é 日本"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x1b[31m \x7f \x85", "\\x1b[31m \\x7f \\x85"),
        ("\u202e\u2066\u200b\ufeff\U000e0041", "\\u202e\\u2066\\u200b\\ufeff\\U000e0041"),
        ("a\u200c\u200d\u180e\U0001d173", "a\\u200c\\u200d\\u180e\\U0001d173"),
        ("\udcff", "\\udcff"),
        ("##[error]x ##vso[x] # [y]", "##\\[error]x ##vso\\[x] # [y]"),
        ("x" * 4001, "x" * 4000 + "... (1 more characters)"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    from callint.report.visible import visible

    assert visible(text) == shown


def test_guarded() -> None:
    from callint.report.visible import guarded

    assert guarded(" \u00a0::error::x") == " \u00a0\\::error::x"
    assert guarded("x ::error::x") == "x ::error::x"
