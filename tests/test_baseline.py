"""Findings that were there before: written down, not reported again, and told when they are gone."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from callint import rule
from callint.baseline import KNOWN, accept, baseline, written
from callint.cli import main
from callint.finding import Finding, ObjectRef, Span
from callint.source import parse

PEERS = """\
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: office}
spec: {peerIP: 10.1.0.1, asNumber: 65048, filters: [in, out]}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: attic}
spec: {peerIP: 10.1.0.2, asNumber: 65048, filters: [in]}
"""
LINES = """\
{"findings": [
  {"rule": "BGP001", "file": "net/peers.yaml", "object": "BGPPeer/attic", "at": ["/spec/filters/0"]},
  {"rule": "BGP001", "file": "net/peers.yaml", "object": "BGPPeer/office", "at": ["/spec/filters/0", "/spec/filters/1"]}
]}
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "peers.yaml").write_text(PEERS)
    (tmp_path / "callint.yaml").write_text("baseline: known.json\nmanifests: [net]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def check(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", *arguments])


def write(*arguments: str) -> None:
    done = check("--write-baseline", "--select", "BGP001", *arguments)
    assert (done.exit_code, done.stdout) == (0, "")


def reported(*arguments: str) -> list[tuple[str, str, int, str]]:
    done = check("--format", "json", "--select", "BGP001,SRC09", *arguments)
    assert done.exit_code in (0, 1), done.output
    return [(one["rule"], one["file"], one["line"], one["message"]) for one in json.loads(done.stdout)["findings"]]


def test_a_baseline_is_a_line_for_each_rule_and_object(tree: Path) -> None:
    done = check("--write-baseline", "--select", "BGP001")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == 'callint: the baseline "known.json" knows 3 findings now\n'
    assert (tree / "known.json").read_text() == LINES


def test_what_it_knows_is_not_reported(tree: Path) -> None:
    write()
    done = check("--select", "BGP001")
    assert (done.exit_code, done.stdout) == (0, "")
    done = check("--select", "BGP001", "--format", "json")
    assert json.loads(done.stdout)["summary"]["suppressed"] == 3
    assert check("--select", "BGP001", "--no-ignores").exit_code == 1


def test_the_text_report_shows_lines_of_it(tree: Path) -> None:
    (tree / "known.json").write_text(LINES)
    (tree / "net" / "peers.yaml").write_text(PEERS.replace(", filters: [in]", ""))
    assert '2 |   {"rule": "BGP001"' in check("--select", "BGP001,SRC09").stdout


def test_one_more_is_new(tree: Path) -> None:
    write()
    (tree / "net" / "more.yaml").write_text(PEERS.replace("office", "cellar").split("---")[0])
    assert [(name, file) for name, file, *_ in reported()] == [("BGP001", "net/more.yaml")] * 2
    (tree / "net" / "more.yaml").unlink()
    (tree / "net" / "peers.yaml").write_text(PEERS.replace("[in]", "[in, outwards]"))
    (found,) = reported()
    assert found[:3] == ("BGP001", "net/peers.yaml", 9)
    assert "outwards" in found[3]


def test_nothing_is_new_because_something_stands_above_it(tree: Path) -> None:
    known = PEERS.replace("[in, out]", "[in, known, out]")
    known += "---\napiVersion: projectcalico.org/v3\nkind: BGPFilter\nmetadata: {name: known}\n"
    (tree / "net" / "peers.yaml").write_text(known)
    write()
    (tree / "net" / "peers.yaml").write_text("# hello\n" + known.replace("[in, known, out]", "[known, in, out]"))
    assert reported() == []


def test_what_is_gone_is_told_where_it_is_known(tree: Path) -> None:
    write()
    (tree / "net" / "peers.yaml").write_text(PEERS.replace("[in, out]", "[in]"))
    message = 'the baseline knows 2 findings of "BGP001" about "BGPPeer/office", and 1 is left'
    assert reported() == [("SRC096", "known.json", 3, message)]
    (tree / "net" / "peers.yaml").write_text(PEERS.replace("filters: [in, out]", ""))
    message = 'the baseline knows 2 findings of "BGP001" about "BGPPeer/office", and none is left'
    assert reported() == [("SRC096", "known.json", 3, message)]


def test_a_file_that_is_gone_is_told_and_one_that_was_not_read_is_not(tree: Path) -> None:
    (tree / "net" / "pool.yaml").write_text(
        "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: pods}\nspec: {cidr: 10.244.0.0/16}\n"
    )
    write()
    assert reported("net/pool.yaml") == []
    (tree / "net" / "peers.yaml").unlink()
    assert [found[:3] for found in reported("net/pool.yaml")] == [
        ("SRC096", "known.json", 2),
        ("SRC096", "known.json", 3),
    ]


def test_rules_that_do_not_run_are_not_asked_about(tree: Path) -> None:
    write()
    (tree / "net" / "peers.yaml").write_text("")
    assert check("--select", "BGP002,SRC09", "net").exit_code == 0
    assert json.loads(check("--select", "BGP002,SRC09", "--format", "json", "net").stdout)["findings"] == []


def test_files_are_found_from_anywhere(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write()
    monkeypatch.chdir(tree / "net")
    assert reported("peers.yaml") == []
    write("--baseline", "../known.json")
    assert (tree / "known.json").read_text() == LINES


def test_a_rule_that_there_is_not(tree: Path) -> None:
    (tree / "known.json").write_text(LINES.replace("BGP001", "BGP0011", 1))
    found = reported()
    assert [one[:3] for one in found] == [("SRC091", "known.json", 2), ("BGP001", "net/peers.yaml", 9)]
    assert found[0][3] == 'the baseline names "BGP0011", which is no rule, `callint rules` lists them'


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "known.json: this baseline is empty"),
        ("{}", 'known.json:1:1: "findings" is missing'),
        ("[", "known.json:1:1: "),
        (
            '{"findings": [\n  {"rule": "BGP001", "file": "a", "at": [], "why": ""}\n]}',
            'known.json:2:45: "why" is no known',
        ),
        ('{"findings": [\n  {"rule": "BGP001", "file": "a", "at": "/spec"}\n]}', "known.json:2:41: "),
    ],
)
def test_one_that_cannot_be_used(tree: Path, text: str, place: str) -> None:
    (tree / "known.json").write_text(text)
    done = check()
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"callint: {place}")


def test_one_that_is_not_there(tree: Path) -> None:
    done = check()
    assert done.exit_code == 2
    assert (
        done.stderr == "callint: known.json: there is no such baseline, `callint check --write-baseline` writes one\n"
    )
    assert check("--baseline", ".").exit_code == 2


def test_nothing_is_written_when_there_is_no_name_for_it_or_nothing_could_be_read(tree: Path) -> None:
    done = check("--no-config", "--write-baseline", "net")
    assert done.exit_code == 2
    assert "--baseline" in done.stderr
    (tree / "net" / "peers.yaml").write_text("a: [")
    assert check("--write-baseline").exit_code == 2
    assert not (tree / "known.json").exists()


def test_a_comment_goes_before_it(tree: Path) -> None:
    (tree / "net" / "peers.yaml").write_text(PEERS.replace("[in]}", "[in]}  # callint: ignore[BGP001] elsewhere"))
    write()
    assert (tree / "known.json").read_text() == LINES.splitlines()[0] + "\n" + LINES.splitlines()[2] + "\n]}\n"


def test_sarif_tells_suppressions_beside_what_they_suppress_from_others(tree: Path) -> None:
    annotated = PEERS.replace("{name: attic}", '{name: attic, annotations: {callint.dev/ignore: "BGP001: annotated"}}')
    commented = annotated.replace("in, out]}", "in,  # callint: ignore[BGP001] here\n out]}")
    (tree / "net" / "peers.yaml").write_text(commented)
    settings = (tree / "callint.yaml").read_text() + "ignore: [{rule: BGP001, path: more, reason: set}]\n"
    (tree / "callint.yaml").write_text(settings.replace("[net]", "[net, more]"))
    (tree / "more").mkdir()
    (tree / "more" / "peers.yaml").write_text(PEERS[: PEERS.index("---")].replace("office", "cellar"))
    write("--cache")
    for _ in range(2):
        (run,) = json.loads(check("--cache", "--format", "sarif", "--select", "BGP001").stdout)["runs"]
        found = {(one["kind"], one["justification"]) for result in run["results"] for one in result["suppressions"]}
        assert found == {
            ("inSource", "here"),
            ("inSource", "annotated"),
            ("external", "set"),
            ("external", KNOWN.reason),
        }


def test_an_answer_of_the_cache_knows_it(tree: Path) -> None:
    write("--cache")
    assert reported("--cache") == []
    assert reported("--cache") == []
    (tree / "known.json").write_text('{"findings": []}')
    assert len(reported("--cache")) == 3
    write("--cache")
    assert reported("--cache", "net", "callint.yaml") == []


FINDINGS = st.lists(
    st.builds(
        lambda name, line, about, path, file: Finding(
            name, "n", "error", f"line {line}", Span(file, line, 1, line, 2), about, path
        ),
        st.sampled_from(["BGP001", "BGP002"]),
        st.integers(1, 9),
        st.sampled_from([None, ObjectRef("v", "BGPPeer", None, "a"), ObjectRef("v", "NetworkSet", "b", "a")]),
        st.sampled_from(["", "/spec", "/spec/nets/0", "/spec/nets/1"]),
        st.sampled_from(["a.yaml", "b/\u00e9.yaml", '"\U0001f600, \\.yaml']),
    ),
    max_size=12,
)
CATALOGUE = rule.load()
RAN = {"BGP001", "BGP002"}


def known(findings: list[Finding]) -> Counter[tuple[str, str, str]]:
    return Counter((one.rule, one.span.file, str(one.object)) for one in findings)


def places(findings: list[Finding]) -> Counter[tuple[str, str, str, str]]:
    return Counter((one.rule, one.span.file, str(one.object), one.path) for one in findings)


@given(FINDINGS, FINDINGS)
def test_of_each_rule_object_and_file_as_many_are_known_as_were(before: list[Finding], now: list[Finding]) -> None:
    text = written(before, ".")
    (document,) = parse(text, "known.json").documents
    files = {one.span.file for one in (*before, *now)}
    applied = accept(baseline(document, "."), now, CATALOGUE, RAN, files)
    assert known(applied.suppressed) == known(before) & known(now)
    assert known(applied.kept) == known(now) - known(before)
    assert {one.suppressed for one in applied.suppressed} <= {KNOWN}
    left = known(before) - known(now)
    assert len(applied.problems) == len(left)
    where_they_were = places(before) & places(now)
    assert places(applied.suppressed) & where_they_were == where_they_were


@given(FINDINGS)
def test_what_is_written_does_not_depend_on_the_order(findings: list[Finding]) -> None:
    assert written(findings, ".") == written(findings[::-1], ".")
    (document,) = parse(written(findings, "."), "known.json").documents
    assert sum(len(one.at) for one in baseline(document, ".").known) == len(findings)


@pytest.mark.parametrize("text", ["a: 1\n", PEERS, "version: 1\nnode: a\n", "Read me.\n", "- findings\n"])
def test_it_is_written_over_nothing_but_a_baseline(tree: Path, text: str) -> None:
    file = tree / "known.json"
    file.write_text(text)
    done = check("--write-baseline")
    said = 'callint: "known.json" holds something else than a baseline, and is not written over\n'
    assert (done.exit_code, done.output, file.read_text()) == (2, said, text)


@pytest.mark.parametrize("text", ["", "\n", '{"findings": [\n<<<<<<< ours\n{"rule"', "findings: 3\n"])
def test_one_that_is_broken_is_written_anew(tree: Path, text: str) -> None:
    (tree / "known.json").write_text(text)
    write()
    assert (tree / "known.json").read_text() == LINES


def test_it_may_be_as_long_as_what_it_is_about(tree: Path) -> None:
    peers = [PEERS[: PEERS.index("---")].replace("office", f"office-{number:0>100}") for number in range(5000)]
    (tree / "net" / "peers.yaml").write_text("---\n".join(peers))
    write()
    assert (tree / "known.json").stat().st_size > 1 << 20
    assert reported() == []


def test_there_is_no_report_beside_it(tree: Path) -> None:
    done = check("--write-baseline", "--output", "json=r.json")
    said = "callint: --write-baseline reports nothing, so there is nothing for --output to write\n"
    assert (done.exit_code, done.output) == (2, said)
    assert not (tree / "known.json").exists()
