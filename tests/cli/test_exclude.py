"""`exclude` in the configuration: what it leaves out of whatever is given, and what is said about that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from callint.cli import main

PEER = """\
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: jump}
spec: {peerIP: 10.1.0.1, asNumber: 65048, filters: [missing]}
"""
FILTER = """\
apiVersion: projectcalico.org/v3
kind: BGPFilter
metadata: {name: missing}
spec: {exportV4: [{action: Accept}]}
"""
MISSING = 'peer.yaml:4:53: error[BGP001] filter-missing: BGPPeer "jump" names BGPFilter "missing", which'


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "peer.yaml").write_text(PEER)
    (tmp_path / "chart").mkdir()
    (tmp_path / "chart/filter.yaml").write_text(FILTER)
    (tmp_path / "callint.yaml").write_text("exclude: [chart/]\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", "--select", "BGP001,SRC", "--format", "concise", *arguments])


@pytest.mark.parametrize("paths", [(), (".",), ("**/*.yaml",), ("peer.yaml", "chart/filter.yaml"), (".", "chart")])
def test_it_holds_whatever_is_given(tree: Path, paths: tuple[str, ...]) -> None:
    """As for yamllint, Prettier and ESLint, so that pre-commit may name the files that changed."""
    assert check("--no-config", *paths).stdout == ""
    assert (check(*paths).stdout.startswith(MISSING), check(*paths).exit_code) == (True, 1)


def test_named_files_that_are_all_left_out_are_no_error(tree: Path) -> None:
    done = check("chart/filter.yaml")
    told = "callint: nothing to check, `exclude` in callint.yaml leaves out chart/filter.yaml\n"
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", told)
    report = CliRunner().invoke(main, ["check", "--format", "json", "chart/filter.yaml"])
    summary = json.loads(report.stdout)["summary"]
    assert (summary["files"], summary["errors"]) == (0, 0)


def test_a_tree_of_which_nothing_is_left_is_one(tree: Path) -> None:
    (tree / "callint.yaml").write_text("manifests: [peer.yaml]\nexclude: [peer.yaml]\n")
    assert check().exit_code == 2
    (tree / "callint.yaml").write_text("exclude: ['*']\n")
    assert (check().exit_code, check(".").exit_code) == (2, 2)
    assert check().stderr == "callint: no manifests found in ., but for what `exclude` in callint.yaml leaves out\n"


@pytest.mark.parametrize("path", ["chart", "chart/*.yaml", "empty"])
def test_a_folder_of_which_nothing_is_left_is_one(tree: Path, path: str) -> None:
    (tree / "empty").mkdir()
    done = check(path)
    more = "" if path == "empty" else ", but for what `exclude` in callint.yaml leaves out"
    assert (done.exit_code, done.stderr) == (2, f"callint: no manifests found in {path}{more}\n")


def test_a_pattern_that_leaves_nothing_out_is_told_of_the_whole(tree: Path) -> None:
    (tree / "callint.yaml").write_text("manifests: [peer.yaml]\nexclude: ['!peer.yaml', 'chart/']\n")
    told = "callint.yaml:2:25: warning[SRC093] suppression-unused: this pattern leaves nothing out"
    assert told in check().stdout
    assert "SRC093" not in check(".").stdout
    assert "SRC093" not in check("--no-ignores").stdout


def test_of_a_folder_below_the_configuration_nobody_knows_which_patterns_are_of_use(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "callint.yaml").write_text("exclude: [nothing]\n")
    assert "SRC093" in check().stdout
    monkeypatch.chdir(tree / "chart")
    assert "SRC093" not in check().stdout
    (tree / "callint.yaml").write_text("manifests: [.]\nexclude: [nothing]\n")
    assert "SRC093" in check().stdout
    monkeypatch.chdir(tree.parent)
    assert "SRC093" in check("--config", str(tree / "callint.yaml")).stdout


def test_without_paths_the_whole_is_checked_though_all_that_a_pattern_finds_is_left_out(tree: Path) -> None:
    (tree / "callint.yaml").write_text("manifests: ['p*.yaml', gone.yaml]\nexclude: [peer.yaml, other.yaml]\n")
    unused, gone = check().stdout.splitlines()
    assert unused.startswith("callint.yaml:2:22: warning[SRC093] suppression-unused:")
    assert gone.startswith("gone.yaml:1:1: error[SRC009] unreadable-file:")


def test_what_facts_leave_out_counts_as_well(tree: Path) -> None:
    (tree / "facts").mkdir()
    (tree / "facts/a.yaml").write_text("node: 5\n")
    (tree / "facts/b.yaml").write_text("version: 1\nnode: b\ninterfaces: []\n")
    (tree / "callint.yaml").write_text("exclude: [chart, facts/a.yaml]\nmanifests: ['p*', chart]\nfacts: [facts]\n")
    (found,) = check().stdout.splitlines()
    assert found.startswith(MISSING)


def test_what_the_cache_tells_is_told_anew_when_a_pattern_is_of_no_use_any_more(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tree / "cache"))
    (tree / "callint.yaml").write_text("manifests: [p*, chart]\nexclude: [chart/f*]\ncache: true\n")
    (tree / "chart/other.yaml").write_text("a: 1\n")
    before = check().stdout
    assert check().stdout == before
    (tree / "chart/filter.yaml").unlink()
    told = "callint.yaml:2:11: warning[SRC093] suppression-unused: this pattern leaves nothing out"
    assert check().stdout.splitlines() == [told, *before.splitlines()]


def test_files_that_are_left_out_do_not_lie_beside_others(tree: Path) -> None:
    (tree / "filter.yaml").write_text(FILTER)
    assert "SRC028" in check("peer.yaml").stdout
    (tree / "callint.yaml").write_text("exclude: [filter.yaml]\n")
    assert "SRC028" not in check("peer.yaml").stdout


def test_all_that_is_left_may_be_given_one_by_one(tree: Path) -> None:
    (tree / "callint.yaml").write_text("manifests: [.]\nexclude: [chart/]\n")
    (found,) = check("peer.yaml").stdout.splitlines()
    assert found.startswith(MISSING)
    (tree / "callint.yaml").write_text("manifests: [.]\n")
    assert "SRC028" in check("peer.yaml").stdout


@pytest.mark.parametrize("excluded", ["chart/", "chart/*", "filter.yaml"])
@pytest.mark.parametrize("root", ["chart", "chart/filter.yaml", "chart/*.yaml"])
def test_manifests_of_the_configuration_that_it_excludes_are_not_missing(tree: Path, root: str, excluded: str) -> None:
    (tree / "callint.yaml").write_text(f"manifests: [peer.yaml, '{root}']\nexclude: [other.yaml]\n")
    assert "SRC028" in check("peer.yaml").stdout
    (tree / "callint.yaml").write_text(f"manifests: [peer.yaml, '{root}']\nexclude: ['{excluded}']\n")
    (found,) = check("peer.yaml").stdout.splitlines()
    assert found.startswith(MISSING)


def test_manifests_that_are_not_there_and_would_be_excluded_are_not_missing(tree: Path) -> None:
    (tree / "callint.yaml").write_text("manifests: [peer.yaml, chart/gone.yaml]\nexclude: [chart/]\n")
    assert "SRC028" not in check("peer.yaml").stdout


def test_other_commands_leave_out_the_same(tree: Path) -> None:
    (tree / "node.yaml").write_text("{apiVersion: projectcalico.org/v3, kind: Node, metadata: {name: a}, spec: {}}\n")
    assert "filters missing (not defined" in CliRunner().invoke(main, ["routes", "."]).stdout
    assert "filters missing (not defined" not in CliRunner().invoke(main, ["routes", "--no-config", "."]).stdout
