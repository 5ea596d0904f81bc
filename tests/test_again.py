"""A question asked again has the same answer, and whatever changes makes it another question."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from callint import config, encoded, rule
from callint.checks.objects import duplicate
from callint.cli import main
from callint.engine import Plan
from callint.lint import lint, lint_together
from callint.source import load

OWN = """\
id: ACME001
name: no-pool
summary: a pool that there is not
severity: warning
check: reference
with: {kind: BGPPeer, field: spec.filters, to: IPReservation}
"""


ODD = """apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: odd}
spec: {selector: has(odd), types: [Ingress], ingress: [{action: allow}]}
"""
CONFIG = """calico: {release: v3.31}
clusters:
  network: {manifests: [network], facts: [facts]}
  sessions: {manifests: [sessions], facts: [sessions-facts]}
fail-on: warning
ignore:
  - {rule: REF001, object: IPPool/pods, reason: half done}
"""


@pytest.fixture
def tree(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tree"
    for name in ("network", "facts", "sessions", "sessions-facts"):
        shutil.copytree(repository / "examples" / "home-router-broken" / name, folder / name)
    (folder / "network" / "odd.yaml").write_text(ODD, encoding="utf-8")
    (folder / "callint.yaml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


def check(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", "--format", "json", *arguments])


def same(*arguments: str) -> str:
    """The output with the cache, which must be that without."""
    expected = check("--no-cache", *arguments)
    for _ in range(2):
        found = check("--cache", *arguments)
        assert (found.exit_code, found.stdout) == (expected.exit_code, expected.stdout)
    return expected.stdout


def count(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Each time that an answer was worked out."""
    worked: list[object] = []

    def counted(*about: object) -> object:
        worked.append(about)
        return lint_together(*about)  # type: ignore[arg-type]

    monkeypatch.setattr("callint.again.lint_together", counted)
    return worked


def test_an_answer_is_worked_out_once(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worked = count(monkeypatch)
    same()
    assert len(worked) == 1
    text = check("--cache", "--format", "text")
    assert len(worked) == 1
    assert text.stdout == check("--no-cache", "--format", "text").stdout


CHANGES: dict[str, Callable[[Path], object]] = {
    "manifest": lambda tree: (tree / "network" / "bgp.yaml").write_text("a: 1\n"),
    "new manifest": lambda tree: (tree / "network" / "new.yaml").write_text("a: [\n"),
    "gone manifest": lambda tree: (tree / "network" / "bgp.yaml").unlink(),
    "moved manifest": lambda tree: (tree / "network" / "bgp.yaml").rename(tree / "network" / "z.yaml"),
    "unreadable manifest": lambda tree: (tree / "network" / "dangling.yaml").symlink_to("nowhere"),
    "facts": lambda tree: (tree / "facts" / "router.yaml").write_text("a: 1\n"),
    "configuration": lambda tree: (tree / "callint.yaml").write_text("fail-on: error\n"),
    "configuration gone": lambda tree: (tree / "callint.yaml").unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_files_is_seen(change: str, tree: Path) -> None:
    before = same()
    CHANGES[change](tree)
    assert same() != before


@pytest.mark.parametrize(
    "arguments",
    [
        ("--calico-version", "v3.26"),
        ("--dataplane", "ebpf"),
        ("--applied-with", "native"),
        ("--no-config",),
        ("--no-ignores",),
        ("--select", "BGP"),
        ("--disable", "BGP"),
        ("--facts", "sessions-facts"),
        ("network",),
    ],
    ids=" ".join,
)
def test_another_question_has_another_answer(arguments: tuple[str, ...], tree: Path) -> None:
    before = same()
    assert same(*arguments) != before
    assert same() == before


def test_rules_of_the_users_are_part_of_the_question(tree: Path) -> None:
    (tree / "own").mkdir()
    own = tree / "own" / "ACME001-no-pool.yaml"
    own.write_text(OWN, encoding="utf-8")
    (tree / "callint.yaml").write_text("rules: {paths: [own]}\n", encoding="utf-8")
    before = same()
    assert "ACME001" in before
    own.write_text(OWN.replace("warning", "info"), encoding="utf-8")
    assert same() != before


def test_another_day_is_another_question(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Tomorrow:
        @staticmethod
        def today() -> str:
            return "tomorrow"

    worked = count(monkeypatch)
    assert check("--cache").exit_code == 1
    assert check("--cache").exit_code == 1
    assert len(worked) == 1
    monkeypatch.setattr("callint.again.date", Tomorrow)
    assert check("--cache").exit_code == 1
    assert len(worked) == 2


def test_what_crashed_is_asked_again(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("on purpose")

    with monkeypatch.context() as patched:
        patched.setattr(duplicate, "check", crash)
        assert "check-crashed" in check("--cache").stdout
    assert "check-crashed" not in same()


def test_every_finding_comes_back_as_it_was(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    settings = config.load("examples/home-router-broken/callint.yaml")
    catalogue = rule.load()
    plan = Plan(catalogue, settings.settings(catalogue))
    report = lint(load(["examples/home-router-broken"], limits=settings.limits), settings, plan).report
    found = [*report.findings, *report.suppressed]
    assert len({one.rule for one in found}) > 150
    back = [encoded.finding(json.loads(json.dumps(one))) for one in found]
    assert back == found
    assert [repr(one) for one in back] == [repr(one) for one in found]
