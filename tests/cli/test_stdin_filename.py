"""`--stdin-filename`: an editor gives what it holds of a file, and gets the findings of this very file."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from callint.cli import main

PEER = """\
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: jump}
spec: {peerIP: 10.1.0.1, asNumber: 65048, filters: [out]}
"""
FILTER = """\
apiVersion: projectcalico.org/v3
kind: BGPFilter
metadata: {name: out}
spec: {exportV4: [{action: Accept}]}
"""
IN_EDITOR = PEER.replace("jump", "office").replace("[out]", "[in]")
FOUND = 'm/peer.yaml:4:53: error[BGP001] filter-missing: BGPPeer "office" names BGPFilter "in", which'


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "m").mkdir()
    (tmp_path / "m/peer.yaml").write_text(PEER)
    (tmp_path / "m/filter.yaml").write_text(FILTER)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*arguments: str, text: str = IN_EDITOR) -> Result:
    command = ["check", "--select", "BGP001,REF001,SRC", "--format", "concise", *arguments]
    return CliRunner().invoke(main, command, input=text)


@pytest.mark.parametrize("paths", [(), (".",), ("m",), ("m/*.yaml",), ("m/peer.yaml", "m/filter.yaml"), ("-", "m")])
def test_the_text_stands_for_the_file_among_the_others(tree: Path, paths: tuple[str, ...]) -> None:
    (found,) = check("--stdin-filename", "m/peer.yaml", *paths).stdout.splitlines()
    assert found.startswith(FOUND)
    assert check("--stdin-filename", str(tree / "m/peer.yaml"), *paths, text=PEER).stdout == ""


def test_a_lone_dash_is_this_file_alone(tree: Path) -> None:
    alone = check("--stdin-filename", "m/peer.yaml", "-", text=PEER).stdout
    assert 'BGPFilter "out", which no manifest defines' in alone
    assert 'beside the files that are given lie manifests that are not: "filter.yaml"' in alone


def test_the_configuration_is_that_of_the_file(tree: Path) -> None:
    (tree / "m/callint.yaml").write_text("rules: {BGP001: warning}\n")
    assert "warning[BGP001]" in check("--stdin-filename", "m/peer.yaml", "-").stdout
    (tree / "m/callint.yaml").write_text("exclude: [peer.yaml]\n")
    left_out = check("--stdin-filename", "m/peer.yaml", "-")
    assert (left_out.exit_code, left_out.stdout) == (0, "")
    assert check("--stdin-filename", "m/peer.yaml", "m").stdout == ""


def test_the_file_belongs_to_its_cluster(tree: Path) -> None:
    (tree / "other").mkdir()
    (tree / "other/filter.yaml").write_text(FILTER.replace("out", "in"))
    (tree / "callint.yaml").write_text("clusters: {m: {manifests: [m]}, other: {manifests: [other]}}\n")
    assert check("--stdin-filename", "m/peer.yaml").stdout.startswith(FOUND)
    assert check("--stdin-filename", "other/peer.yaml").stdout == ""


def test_a_file_that_is_not_there_yet_and_an_empty_one(tree: Path) -> None:
    new = check("--stdin-filename", "m/new.yaml", text=PEER)
    assert 'BGPPeer "jump" is defined again' in new.stdout
    assert "the first definition is in m/new.yaml:3" in new.stdout
    empty = check("--stdin-filename", "m/new.yaml", "-", text="")
    assert (empty.exit_code, empty.stdout) == (0, "")


@pytest.mark.parametrize("path", ["./m/new.yaml", "m/../m/new.yaml", "m//new.yaml"])
def test_a_file_that_is_not_there_yet_may_be_named_in_another_way(tree: Path, path: str) -> None:
    (tree / "m/filter.yaml").unlink()
    found = check("--stdin-filename", str(tree / "m/new.yaml"), path, text=IN_EDITOR).stdout
    assert "SRC009" not in found
    assert found.startswith("m/new.yaml:4:53: error[BGP001]")


def test_a_link_to_the_file_is_the_file(tree: Path) -> None:
    (tree / "m/link.yaml").symlink_to("peer.yaml")
    (found,) = check("--stdin-filename", "m/link.yaml").stdout.splitlines()
    assert found.startswith("m/link.yaml:4:53: error[BGP001]")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--stdin-filename", "m"], '--stdin-filename takes the name of a file, and "m" is none'),
        (["--stdin-filename", "", "-"], '--stdin-filename takes the name of a file, and "" is none'),
        (
            ["--stdin-filename", "m/peer.yaml", "--output", "json=m/peer.yaml"],
            'a report would be written over the manifests in "m/peer.yaml"',
        ),
        (["--stdin-filename", "m/peer.yaml", "--facts", "-"], "standard input is read once, as manifests or as facts"),
    ],
)
def test_refused(tree: Path, arguments: list[str], message: str) -> None:
    done = check(*arguments)
    assert (done.exit_code, done.stderr) == (2, f"callint: {message}\n")
