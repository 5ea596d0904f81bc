"""JSON that lies beside manifests: broken or not, it is none of callint's business, unless somebody names it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from callint.cli import main

EDITOR = '{\n  // a comment\n  "editor.tabSize": 2,\n}\n'
POOL = '{\n  // a comment\n  "apiVersion": "projectcalico.org/v3", "kind": "IPPool",\n}\n'
NO_VERSION = '{"kind": "IPPool", "kind": "IPPool"}\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", "--format", "concise", "--no-cache", *arguments])


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_what_editors_write_is_left_alone(folder: Path, jobs: str) -> None:
    (folder / "settings.json").write_text(EDITOR)
    (folder / "twice.json").write_text('{"a": 1, "a": 2}')
    (folder / "binary.json").write_bytes(b"\xff\x00\x01")
    (folder / "pool.yaml").write_text(
        "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: pods}\nspec: {cidr: 10.244.0.0/16}\n"
    )
    for arguments in ((), (".",), ("*.json", "*.yaml")):
        done = check("--jobs", jobs, *arguments)
        assert (done.exit_code, done.output) == (0, "")


def test_it_hides_nothing_that_is_missing(folder: Path) -> None:
    """A manifest of which a part cannot be read may hold what is missing; an editor's settings do not."""
    (folder / "settings.json").write_text(EDITOR)
    (folder / "bgp.yaml").write_text(
        "apiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata: {name: a}\n"
        "spec: {peerIP: 10.1.0.1, asNumber: 64600}\n---\n"
        "apiVersion: projectcalico.org/v3\nkind: BGPFilter\nmetadata: {name: f}\n"
        "spec: {importV4: [{action: Reject}], exportV4: [{action: Reject}]}\n"
    )
    assert "REF010" in check("--select", "REF010").output


@pytest.mark.parametrize("text", [POOL, NO_VERSION])
def test_what_may_be_a_manifest_is_told(folder: Path, text: str) -> None:
    (folder / "a.json").write_text(text)
    done = check()
    assert done.exit_code in (1, 2)
    assert "a.json:" in done.output


@pytest.mark.parametrize("path", ["settings.json", "./settings.json"])
def test_what_is_named_is_told(folder: Path, path: str) -> None:
    (folder / "settings.json").write_text(EDITOR)
    done = check(path)
    assert done.exit_code == 2
    assert "settings.json:1:1: error[SRC001]" in done.output


def test_yaml_is_told(folder: Path) -> None:
    (folder / "settings.yaml").write_text("a: 1\na: 2\n")
    assert "SRC002" in check().output
