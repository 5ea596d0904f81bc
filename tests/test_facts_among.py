"""Facts that lie among the manifests and that nobody names are told, and nothing else is taken for facts."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from callint.cli import main

FACTS = "version: 1\nnode: router\ninterfaces: [{name: lan0, addresses: [10.0.0.1/24]}]\n"
POOL = "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: a}\nspec: {cidr: 10.244.0.0/16}\n"
SAID = 'info[SRC082] facts-unread: these look like facts of node "router", and they are not read as facts\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "facts").mkdir()
    (tmp_path / "facts" / "router.yaml").write_text(FACTS)
    (tmp_path / "pool.yaml").write_text(POOL)
    return tmp_path


def check(*arguments: str) -> str:
    return CliRunner().invoke(main, ["check", "--format", "concise", *arguments]).stdout


def test_facts_that_nobody_names() -> None:
    assert check() == f"facts/router.yaml:2:7: {SAID}"
    assert check("facts/router.yaml") == f"facts/router.yaml:2:7: {SAID}"
    assert check("pool.yaml") == ""


def test_facts_that_somebody_names(folder: Path) -> None:
    assert check("--facts", "facts", ".") == ""
    (folder / "callint.yaml").write_text("facts: [facts]\n")
    assert check() == ""
    (folder / "callint.yaml").write_text(
        "clusters: {a: {manifests: [.], facts: [facts]}, b: {manifests: [pool.yaml]}}\n"
    )
    assert check() == ""


def test_facts_that_are_named_by_a_link(folder: Path) -> None:
    (folder / "current").symlink_to("facts")
    assert check("--facts", "current", ".") == ""
    (folder / "facts" / "other.yaml").write_text(FACTS.replace("node: router", "node: other"))
    assert check("--facts", "current/router.yaml", ".") == f"facts/other.yaml:2:7: {SAID.replace('router', 'other')}"


def test_once_a_file_and_also_when_something_is_wrong_inside(folder: Path) -> None:
    (folder / "facts" / "router.yaml").write_text(FACTS.replace("10.0.0.1/24", "lan") + "---\n" + FACTS)
    assert check() == f"facts/router.yaml:2:7: {SAID}"


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\nnode: router\n",
        "version: 2\nnode: router\ninterfaces: []\n",
        "node: router\ninterfaces: []\n",
        "version: 1\nnode: 18\nroles: [worker]\n",
        "version: 1\nnode: router\nroles: [worker]\nimage: busybox\n",
        "- {version: 1, node: router, interfaces: []}\n",
    ],
)
def test_what_only_resembles_facts(folder: Path, text: str) -> None:
    (folder / "facts" / "router.yaml").write_text(text)
    assert check() == ""
