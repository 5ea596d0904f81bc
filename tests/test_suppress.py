"""Findings that somebody accepted, and suppressions that are wrong themselves."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint import config, rule
from callint.engine import Plan
from callint.finding import Finding, ObjectRef, Related, Span, Suppression
from callint.lint import Options, lint
from callint.report import Report
from callint.source import load, parse
from callint.suppress import Entry, apply

POOL = """\
apiVersion: projectcalico.org/v3
kind: IPPool
metadata:
  name: lan{annotations}
spec:
  cidr: 10.0.0.0/24
  {above}
  disabled: true{comment}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {{name: lan}}
spec: {{node: r, interfaceName: lan0, expectedIPs: [10.0.0.1], profiles: [projectcalico-default-allow]}}
"""
PLACE = Span("callint.yaml", 3, 5, 3, 11)


def report(
    comment: str = "", above: str = "", annotations: str = "", ignores: tuple[Entry, ...] = (), suppress: bool = True
) -> Report:
    text = POOL.format(comment=comment, above=above, annotations=annotations)
    settings = config.Config(ignores=ignores)
    plan = Plan(rule.load())
    options = Options(suppress=suppress, today=date(2026, 6, 1))
    return lint(parse(text, "m/pools.yaml"), settings, plan, options).report


def found(one: Report) -> list[tuple[str, int]]:
    return [(finding.rule, finding.span.line) for finding in one.findings]


def reasons(one: Report) -> list[str]:
    return [finding.suppressed.reason for finding in one.suppressed if finding.suppressed]


def test_without_suppression() -> None:
    assert found(report()) == [("NAT002", 8)]


@pytest.mark.parametrize(
    "comment",
    [
        "  # callint: ignore[NAT002] moved next year",
        "  # callint: ignore[masquerade-pool-inert] moved next year",
        "  # callint: ignore[BGP001, NAT002] -- moved next year",
        "  # callint:ignore[NAT002]: moved next year",
    ],
)
def test_on_the_line(comment: str) -> None:
    one = report(comment)
    assert reasons(one) == ["moved next year"]
    assert "NAT002" not in {finding.rule for finding in one.findings}


def test_on_the_line_above() -> None:
    one = report(above="# callint: ignore[NAT002] moved [one day]: a=b, c")
    assert found(one) == []
    assert reasons(one) == ["moved [one day]: a=b, c"]


def test_behind_a_value_it_covers_that_line_alone() -> None:
    one = report(above="blockSize: 26  # callint: ignore[NAT002] not this line")
    assert found(one) == [("SRC093", 7), ("NAT002", 8)]


def test_on_a_related_line() -> None:
    text = POOL.format(comment="", above="", annotations="").replace(
        "profiles: [projectcalico-default-allow]}",
        "profiles: [projectcalico-default-allow]}  # callint: ignore[NAT002] known",
    )
    one = lint(parse(text, "m.yaml"), config.Config(), Plan(rule.load())).report
    assert found(one) == []
    assert len(one.suppressed) == 1


def test_annotation() -> None:
    one = report(annotations='\n  annotations: {callint.dev/ignore: "NAT002: moved next year"}')
    assert found(one) == []
    assert reasons(one) == ["moved next year"]


def test_annotation_of_another_object_does_not_help() -> None:
    text = POOL.format(comment="", above="", annotations="").replace(
        "metadata: {name: lan}", 'metadata: {name: lan, annotations: {callint.dev/ignore: "NAT002: no"}}'
    )
    one = lint(parse(text, "m.yaml"), config.Config(), Plan(rule.load())).report
    assert sorted(rule for rule, _ in found(one)) == ["NAT002", "SRC093"]


def test_comment_without_reason_has_no_effect() -> None:
    assert found(report("  # callint: ignore[NAT002]")) == [("NAT002", 8), ("SRC092", 8)]


def test_unknown_rule() -> None:
    one = report("  # callint: ignore[NAT999, masquerade-pool-innert] moved")
    assert found(one) == [("NAT002", 8), ("SRC091", 8), ("SRC091", 8)]
    assert [finding.message for finding in one.findings[1:]] == [
        'suppression names "NAT999", which is no rule, `callint rules` lists them',
        'suppression names "masquerade-pool-innert", which is no rule, did you mean "masquerade-pool-inert"',
    ]


def test_annotation_without_its_colon() -> None:
    one = report(annotations='\n  annotations: {callint.dev/ignore: "NAT002 moved"}')
    (slip,) = (finding for finding in one.findings if finding.rule == "SRC091")
    assert slip.message == 'suppression names "NAT002 moved", which is no rule, expected `RULE: reason`'


def test_the_form_of_an_annotation_is_not_asked_of_a_configuration() -> None:
    ignore = Entry("NAT002 moved", "on purpose", PLACE, in_source=False)
    (slip,) = (finding for finding in report(ignores=(ignore,)).findings if finding.rule == "SRC091")
    assert slip.message == 'suppression names "NAT002 moved", which is no rule, `callint rules` lists them'


def test_a_comment_two_lines_above_is_told_how_far_it_reaches() -> None:
    one = report(above="# callint: ignore[NAT002] moved\n  # next year")
    (unused,) = (finding for finding in one.findings if finding.rule == "SRC093")
    assert unused.help == "a comment that stands alone is about what is reported in the next line"


@pytest.mark.parametrize("comment", ["# callint: ignore", "# callint: disable[NAT002] x", "# callint: ignore[] x"])
def test_malformed(comment: str) -> None:
    one = report(above=comment)
    assert found(one) == [("SRC090", 7), ("NAT002", 8)]
    assert one.findings[0].span == Span("m/pools.yaml", 7, 3, 7, 3 + len(comment))


def test_text_that_is_no_comment() -> None:
    assert found(report(above="nodeSelector: 'a == \"# callint: ignore[NAT002] no\"'")) == [("NAT002", 8)]


def test_unused_only_when_the_rule_ran() -> None:
    text = POOL.format(comment="  # callint: ignore[NAT002] x", above="natOutgoing: true", annotations="")
    plan = Plan(rule.load())
    assert [one.rule for one in lint(parse(text, "m"), config.Config(), plan).report.findings] == ["SRC093"]
    settings = config.Config(rules={"NAT002": False}).settings(plan.catalogue)
    assert lint(parse(text, "m"), config.Config(), Plan(plan.catalogue, settings)).report.findings == ()


@pytest.mark.parametrize(
    ("entry", "rest"),
    [
        ({"object": "IPPool/lan"}, []),
        ({"file": "m"}, []),
        ({"file": "m/pools.yaml"}, []),
        ({}, []),
        ({"object": "IPPool/other"}, [("SRC093", 3), ("NAT002", 8)]),
        ({"file": "m/pools"}, [("SRC093", 3), ("NAT002", 8)]),
    ],
)
def test_configuration(entry: dict[str, str], rest: list[tuple[str, int]]) -> None:
    ignore = Entry("NAT002", "on purpose", PLACE, **entry)
    assert found(report(ignores=(ignore,))) == rest


def test_configuration_until_its_last_day() -> None:
    entry = Entry("NAT002", "on purpose", PLACE)
    assert found(report(ignores=(entry._replace(until=date(2026, 6, 1)),))) == []
    assert found(report(ignores=(entry._replace(until=date(2026, 5, 31)),))) == [("SRC094", 3), ("NAT002", 8)]


def test_switched_off() -> None:
    one = report("  # callint: ignore[NAT002] moved", suppress=False)
    assert found(one) == [("NAT002", 8)]
    assert one.suppressed == ()


CATALOGUE = rule.load()
FILES = st.sampled_from(["a.yaml", "a/b.yaml", "a/b/c.yaml", "a/bc.yaml", "/a/b.yaml", "a//b.yaml", "."])
SPANS = st.builds(Span, FILES, st.integers(1, 4), st.just(1), st.just(1), st.just(2))
OBJECTS = st.builds(ObjectRef, st.just("v1"), st.just("Node"), st.sampled_from([None, "n"]), st.sampled_from("ab"))
ENTRIES = st.builds(
    Entry,
    st.sampled_from(["BGP001", "BGP002"]),
    st.sampled_from(["one", "two", "three"]),
    SPANS,
    st.sampled_from([(), (), (1, 2), (3,)]),
    st.sampled_from(["", "Node/a", "Node/n/b"]),
    st.sampled_from(["", "a", "a/", "a/b", "a/b.yaml", "/", "/a", "a//b.yaml", ".", str(Path.cwd().parent)]),
    st.booleans(),
)
NEAR = st.lists(st.builds(Related, SPANS, st.just("")), max_size=2).map(tuple)
FINDINGS = st.tuples(st.sampled_from(["BGP001", "BGP002"]), SPANS, st.none() | OBJECTS, NEAR).map(
    lambda drawn: Finding(drawn[0], "", "error", "", drawn[1], drawn[2], related=drawn[3])
)


def covers(entry: Entry, finding: Finding) -> bool:
    if entry.lines:
        spans = (finding.span, *(related.span for related in finding.related))
        return any(span.file == entry.span.file and span.line in entry.lines for span in spans)
    if entry.object and entry.object != str(finding.object):
        return False
    return not entry.file or Path(finding.span.file).absolute().is_relative_to(Path(entry.file).absolute())


@given(st.lists(ENTRIES, max_size=8), st.lists(FINDINGS, max_size=8))
def test_each_finding_meets_the_entries_that_cover_it(entries: list[Entry], findings: list[Finding]) -> None:
    applied = apply(entries, findings, CATALOGUE, {"BGP001", "BGP002"})
    covering = [[one for one in entries if one.rule == f.rule and covers(one, f)] for f in findings]
    assert applied.kept == [finding for finding, found in zip(findings, covering, strict=True) if not found]
    assert [one.suppressed for one in applied.suppressed] == [
        Suppression(found[0].reason, found[0].in_source) for found in covering if found
    ]
    used = {one for found in covering for one in found}
    assert [one.span for one in applied.problems] == [
        one.span
        for name in dict.fromkeys(one.rule for one in entries)
        for one in entries
        if one.rule == name and one not in used
    ]


@pytest.mark.parametrize("place", [".", "m", "m/pools.yaml", "./m/", "m/../m", "/absolute"])
@pytest.mark.parametrize(
    ("inside", "given"), [("", "."), ("", "m"), ("m", "."), ("m", "../m"), ("m", "pools.yaml"), ("elsewhere", "../m")]
)
def test_a_path_means_the_same_wherever_callint_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, inside: str, given: str
) -> None:
    repository = tmp_path / "repository"
    for folder in ("m", "elsewhere", "other"):
        (repository / folder).mkdir(parents=True)
    (repository / "m" / "pools.yaml").write_text(POOL.format(comment="", above="", annotations=""), "utf-8")
    path = str(repository / "m") if place == "/absolute" else place
    settings = repository / "callint.yaml"
    monkeypatch.chdir(repository / inside)
    outcome = {}
    for named in (path, "other"):
        settings.write_text(f"ignore: [{{rule: NAT002, path: {named}, reason: on purpose}}]\n", "utf-8")
        loaded = config.load(os.path.relpath(settings))
        one = lint(load([given]), loaded, Plan(rule.load())).report
        outcome[named] = [rule for rule, _ in found(one)], len(one.suppressed)
    assert outcome == {path: ([], 1), "other": (["SRC093", "NAT002"], 0)}
