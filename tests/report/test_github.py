"""Annotations stay within the runner's limits and say what they leave out."""

from __future__ import annotations

import pytest

from callint.finding import Finding, Span
from reports import render


def finding(number: int, severity: str = "error", rule: str | None = None, **other) -> Finding:
    place = Span(f"{number}.yaml", number + 1, 1, number + 1, 5)
    return Finding(rule or f"R{number}", "n", severity, f"message {number}", place)._replace(**other)


def messages(commands, report, *findings: Finding, **options) -> list[str]:
    return [command.data for command in commands(render("github", report._replace(findings=findings), **options))]


def test_ten_of_a_level_fit(commands, report) -> None:
    assert messages(commands, report, *map(finding, range(10))) == [f"message {n}" for n in range(10)]


def test_of_eleven_the_tenth_tells_of_the_rest(commands, report) -> None:
    found = messages(commands, report, *map(finding, range(11)))
    assert found[:9] == [f"message {n}" for n in range(9)]
    assert found[9:] == ["and 2 more errors: see the job summary or the log"]


def test_levels_are_counted_apart_and_the_worst_comes_first(commands, report) -> None:
    every = [finding(n, severity) for severity in ("info", "warning", "error") for n in range(20)]
    found = commands(render("github", report._replace(findings=tuple(every))))
    assert [command.name for command in found] == ["error"] * 10 + ["warning"] * 10 + ["notice"] * 10


def test_three_of_a_rule_in_a_file(commands, report) -> None:
    place = Span("a.yaml", 1, 1, 1, 2)
    found = messages(commands, report, *(finding(n, rule="R", span=place) for n in range(4)), finding(7, rule="R"))
    assert found == [
        "message 0",
        "message 1",
        "message 2",
        "message 7",
        "and 1 more error: see the job summary or the log",
    ]


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Span("f", 2, 3, 2, 5), {"line": "2", "endLine": "2", "col": "3", "endColumn": "5"}),
        (Span("f", 2, 3, 4, 5), {"line": "2", "endLine": "4"}),
        (Span("f", 2, 3, 3, 1), {"line": "2", "endLine": "2"}),
        (Span("f", 2, 3, 1, 1), {"line": "2", "endLine": "2"}),
    ],
)
def test_columns_are_sent_for_one_line_only(commands, report, span, expected) -> None:
    [command] = commands(render("github", report._replace(findings=(finding(0, span=span),))))
    assert {name: value for name, value in command.properties.items() if name not in ("file", "title")} == expected


@pytest.mark.parametrize(
    ("file", "prefix", "path"),
    [
        ("a.yaml", "", "a.yaml"),
        ("./a.yaml", "", "a.yaml"),
        ("a.yaml", "x/y", "x/y/a.yaml"),
        ("../a.yaml", "x/y", "x/a.yaml"),
    ],
)
def test_paths_start_at_the_root_of_the_repository(commands, report, file, prefix, path) -> None:
    [command] = commands(
        render("github", report._replace(findings=(finding(0, span=Span(file, 1, 1, 1, 2)),), prefix=prefix))
    )
    assert command.properties["file"] == path


@pytest.mark.parametrize("character", ["%", "\U0001f600", "x"])
def test_a_long_message_is_cut_between_escapes(commands, report, character) -> None:
    output = render("github", report._replace(findings=(finding(0, message="x" + character * 3999),)))
    data = output.rstrip("\n").split("::", 2)[2]
    [command] = commands(output)
    if character == "x":
        assert command.data == "x" * 4000
    else:
        assert 4090 <= len(data.encode("utf-16-le")) // 2 <= 4096
        assert command.data.rstrip("…").strip("x") == command.data.count(character) * character
        assert command.data.endswith("…")
