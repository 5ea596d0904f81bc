"""What the formats have in common, and the small parts: fingerprints, witnesses, summaries, limits, imports."""

from __future__ import annotations

import subprocess
import sys

import pytest

from callint.finding import ObjectRef, Related, Span, Witness, witness
from callint.report.fingerprint import fingerprints
from callint.report.formats import FORMATS, pieces
from callint.report.witness import sentence
from reports import render


def test_an_unknown_format_is_refused(report) -> None:
    with pytest.raises(ValueError, match='unknown format "xml", expected one of text'):
        render("xml", report)


@pytest.mark.parametrize("form", FORMATS)
def test_findings_keep_the_order_given(form, report) -> None:
    alike = tuple(report.findings[0]._replace(message=f"message {name}", rule=name) for name in "cab")
    output = render(form, report._replace(findings=alike))
    assert output.index("message c") < output.index("message a") < output.index("message b")


@pytest.mark.parametrize("form", FORMATS)
def test_nobody_has_to_hold_a_whole_report(form, report) -> None:
    many = report._replace(findings=tuple(report.findings[0]._replace(rule=f"R{n}") for n in range(200)))
    whole = list(pieces(form, many))
    assert "".join(whole) == render(form, many)
    if form != "sarif":  # whose head describes every rule
        assert max(map(len, whole)) < 2_000


def test_text_needs_nothing_heavy(repository) -> None:
    program = (
        "import sys; from callint.finding import Finding, Span; from callint.report import Report;"
        "from callint.report.formats import pieces;"
        "report = Report((Finding('R', 'n', 'error', 'm', Span('f', 1, 1, 1, 2)),), (), 1, 1, 1, '', '', None,"
        " lambda *_: 'line'); print(*pieces('text', report)); print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=True)
    *_, modules = run.stdout.splitlines()
    assert not {"json", "unicodedata", "hashlib", "urllib", "textwrap", "dataclasses"} & set(modules.split())


def test_fingerprints_survive_other_lines_and_tell_equals_apart(report) -> None:
    first, second, third = report.findings
    moved = first._replace(span=Span(first.span.file, 99, 1, 99, 2), message="other words")
    names = fingerprints([first, second, third, moved])
    assert names[0] == fingerprints([first])[0]
    assert len(set(names)) == 4
    assert names[3] == names[0].removesuffix(":1") + ":2"
    for change in (
        {"rule": "X"},
        {"path": "/x"},
        {"object": None},
        {"object": ObjectRef("projectcalico.org/v3", "BGPPeer", "ns", "router")},
        {"span": Span("other", 8, 7, 8, 17)},
    ):
        assert fingerprints([first._replace(**change)])[0] not in names


def test_fingerprints_stay_the_same_between_releases(report) -> None:
    assert fingerprints([report.findings[0]]) == ["4ff00852a87aab518f3bcf0f14ccffb4:1"]


@pytest.mark.parametrize(
    ("evidence", "text"),
    [
        (
            witness(
                "packet", source="fd00::1", source_port=68, destination=None, protocol="udp", out_interface="e0",
                endpoint="HostEndpoint/h", direction="egress", verdict="no-verdict",
            ),
            "packet udp [fd00::1]:68 -> any out e0 at HostEndpoint/h (direction egress): no verdict",
        ),
        (witness("packet", protocol="tcp", decided_by="rule 1"), "packet tcp: decided by rule 1"),
        (witness("packet", destination_port=[53, 54]), "packet any -> any:53, 54"),
        (
            witness("route", prefix="10.0.0.0/8", peer="p", node="n", communities=["64512:20", "64512:21"], best=False),
            "route 10.0.0.0/8 on n (peer p, communities 64512:20, 64512:21, best no)",
        ),
        (witness("interface", interface="eth0", node="n"), "interface eth0 on n"),
        (witness("address", address="10.0.0.1", labels={"a": "b"}), "address 10.0.0.1 (labels a=b)"),
        (witness("selector", selector="has(x)", matches=()), "selector has(x) (matches none)"),
        (witness("reference", name=ObjectRef("v1", "Node", "a", "b")), "reference Node/a/b"),
        (Witness("address", ()), "address"),
    ],
)  # fmt: skip
def test_a_witness_in_words(evidence, text) -> None:
    assert sentence(evidence) == text


def test_concise_is_one_line_a_finding_and_nothing_else(report) -> None:
    odd = report.findings[0]._replace(span=Span("::a:b\n.yaml", 2, 3, 4, 5), message="one\ntwo \x1b[31m")
    lines = render("concise", report._replace(findings=(*report.findings, odd))).splitlines()
    assert lines[0].startswith("manifests/bgp.yaml:8:7: error[BGP001] filter-missing: BGPPeer")
    assert lines[3:] == ["\\::a:b\\n.yaml:2:3: error[BGP001] filter-missing: one\\ntwo \\x1b[31m"]


def test_text_shows_ten_related_places(report) -> None:
    places = tuple(Related(Span("f", n, 1, n, 2), f"place {n}") for n in range(1, 14))
    output = render("text", report._replace(findings=(report.findings[0]._replace(related=places),)))
    assert "place 10" in output
    assert "place 11" not in output
    assert "= related: 3 more places" in output


def test_text_asks_once_for_a_place_that_many_findings_point_to(report) -> None:
    asked: list[int] = []

    def line(_: str, number: int) -> str:
        asked.append(number)
        return "x: y"

    beside = Related(Span("a.yaml", 1, 1, 1, 2), "decides first")
    findings = [report.findings[0]._replace(span=Span("a.yaml", n, 1, n, 2), related=(beside,)) for n in range(2, 9)]
    text = render("text", report._replace(findings=tuple(findings), line=line))
    assert text.count("decides first") == 7
    assert asked.count(1) == 1


def test_text_marks_the_first_line_of_a_long_span_to_its_end(report) -> None:
    finding = report.findings[0]._replace(span=Span("manifests/bgp.yaml", 3, 1, 5, 3), related=())
    output = render("text", report._replace(findings=(finding,)))
    assert "3 | metadata:\n  | ^^^^^^^^^\n" in output


def test_a_summary_stays_below_the_runners_limit(report) -> None:
    many = (report.findings[0],) * 20_000
    output = render("summary", report._replace(findings=many))
    assert 900_000 < len(output.encode()) < 1_000_000
    shown = output.count("\n| error |")
    assert output.endswith(f"\n... and {20_000 - shown} more findings\n")
