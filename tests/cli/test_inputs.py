"""An answer about manifests and facts says what it could not read of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from callint.cli import main

NODE = """\
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: router}
spec: {bgp: {ipv4Address: 10.0.0.1/24, asNumber: 64512}}
---
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: pods}
spec: {cidr: 10.244.0.0/16}
"""
FACTS = "version: 1\nnode: router\ninterfaces: [{name: lan0, addresses: [10.0.0.1/24]}]\nroutes: []\n"
QUESTIONS = ["routes", "trace --node router --in lan0 --src 10.0.0.2 --dst 10.0.0.1 --tcp 22"]
PARTLY = "could not be read as a whole, `callint check` says why: the rest is not known here\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "node.yaml").write_text(NODE)
    (tmp_path / "facts.yaml").write_text(FACTS)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "facts.txt").write_text(FACTS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ask(question: str, *more: str) -> Result:
    return CliRunner().invoke(main, [*question.split(), *more])


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(
    "named",
    [
        ["manifests", "none.yaml"],
        ["manifests", "*.none"],
        ["manifests", "--facts", "none.yaml"],
        ["manifests", "--facts", "notes"],
    ],
)
def test_what_is_named_must_be_there(question: str, named: list[str]) -> None:
    done = ask(question, *named)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"callint: {named[-1]}: this file cannot be read: no ")


@pytest.mark.parametrize("question", [*QUESTIONS, "check"])
def test_standard_input_is_not_two_things(question: str) -> None:
    done = CliRunner().invoke(main, [*question.split(), "-", "--facts", "-"], input=NODE)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "callint: standard input is read once, as manifests or as facts\n"


def test_a_folder_without_facts_is_a_finding(here: Path) -> None:
    (here / "callint.yaml").write_text("facts: [facts.yaml, notes]\n")
    done = ask("check", "--format", "concise", "manifests")
    told = "this file cannot be read: no YAML or JSON lies in this folder, or git ignores it"
    assert (done.exit_code, done.stdout) == (1, f"notes:1:1: error[SRC009] unreadable-file: {told}\n")
    (here / "notes" / "more.yaml").write_text("version: 1\nnode: other\n")
    assert ask("check", "manifests").exit_code == 0


@pytest.mark.parametrize("text", ["", "\n", "# later\n", "---\n", "null\n", "---\n---\n~\n"])
def test_a_file_without_facts_is_a_finding(here: Path, text: str) -> None:
    (here / "notes").mkdir(exist_ok=True)
    (here / "notes" / "empty.yaml").write_text(text)
    done = ask("check", "--format", "concise", "manifests", "--facts", "facts.yaml", "--facts", "notes")
    told = "nothing stands in this file, expected the facts of a node"
    assert (done.exit_code, done.stdout) == (1, f"notes/empty.yaml:1:1: error[SRC080] facts-invalid: {told}\n")
    done = ask("routes", "manifests", "--facts", "notes/empty.yaml")
    assert (done.exit_code, done.stderr) == (0, f"callint: notes/empty.yaml {PARTLY}")
    (here / "notes" / "empty.yaml").write_text(f"{text}---\nversion: 1\nnode: other\n")
    assert ask("check", "manifests", "--facts", "facts.yaml", "--facts", "notes").exit_code == 0
    (here / "notes" / "empty.yaml").write_text(f"{text}---\n'\n")
    assert "SRC001" in (broken := ask("check", "manifests", "--facts", "notes").stdout)
    assert told not in broken


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("broken", ["facts.yaml", "manifests/broken.yaml"])
def test_what_is_read_in_part_is_told_beside_the_answer(here: Path, question: str, broken: str) -> None:
    whole = ask(question, "manifests", "--facts", "facts.yaml")
    assert (whole.exit_code, whole.stderr) == (0, "")
    with (here / broken).open("a") as file:
        file.write("a: [\n")
    done = ask(question, "manifests", "--facts", "facts.yaml")
    assert (done.exit_code, done.stdout, done.stderr) == (0, whole.stdout, f"callint: {broken} {PARTLY}")
    (here / "manifests" / "gone.yaml").symlink_to("nowhere")
    first = min(broken, "manifests/gone.yaml")
    assert ask(question, "manifests", "--facts", "facts.yaml").stderr == f"callint: {first} and 1 other file {PARTLY}"


@pytest.mark.parametrize("odd", ["version: 1\nnode: other\nbogus: 1\n", FACTS])
def test_facts_that_are_left_out_are_told(here: Path, odd: str) -> None:
    (here / "odd.yaml").write_text(odd)
    done = ask("routes", "manifests", "--facts", "facts.yaml", "--facts", "odd.yaml")
    assert (done.exit_code, done.stderr) == (0, f"callint: odd.yaml {PARTLY}")


def test_facts_of_the_configuration_may_be_missing(here: Path) -> None:
    (here / "callint.yaml").write_text("facts: [none.yaml]\n")
    done = ask("routes", "manifests")
    assert (done.exit_code, done.stderr) == (0, f"callint: none.yaml {PARTLY}")
    (here / "callint.yaml").write_text("clusters: {a: {manifests: [manifests]}, b: {manifests: [other]}}\n")
    (here / "other").mkdir()
    (here / "other" / "broken.yaml").write_text("a: [\n")
    assert ask("routes", "--cluster", "a").stderr == "", "what another cluster lacks is none of this one's"
    assert ask("routes", "--cluster", "b").stderr.startswith(f"callint: other/broken.yaml {PARTLY}")


def test_a_cluster_without_manifests_is_one_all_the_same(here: Path) -> None:
    (here / "callint.yaml").write_text("clusters: {a: {manifests: [a]}, b: {manifests: [b]}}\n")
    for folder in ("a", "b"):
        (here / folder).mkdir()
    nothing = "callint: no manifests found in a, b\n"
    for named in ((), ("--cluster", "a"), ("--cluster", "b")):
        done = ask("routes", *named)
        assert (done.exit_code, done.stderr) == (2, nothing)
    assert ask("routes", "--cluster", "c").stderr == 'callint: no cluster "c" in the configuration, these are: a, b\n'
    (here / "a" / "node.yaml").write_text(NODE)
    assert ask("routes").exit_code == ask("routes", "--cluster", "a").exit_code == 0
    assert ask("routes", "--cluster", "b").stderr == nothing


@pytest.mark.parametrize("question", [*QUESTIONS, "check"])
def test_a_road_that_the_release_has_not(question: str) -> None:
    done = ask(question, "--calico-version", "v3.31", "--applied-with", "native")
    said = "callint: Calico v3.31 has no native v3 CRDs, which came with v3.32\n"
    assert (done.exit_code, done.stderr) == (2, said)
