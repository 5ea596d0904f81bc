"""What a configuration leaves out of folders, patterns and files; git is the judge of what each pattern means."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from callint.source import Sources, load
from callint.source.exclude import NOTHING, Excluded

TREE = ("a.yaml", "charts/a.yaml", "charts/deep/b.yaml", "home/charts/a.yaml", "home/a.tpl.yaml", "home/b.yaml")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in TREE:
        write(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, text: str = "a: 1\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def names(sources: Sources) -> list[str]:
    assert not sources.problems
    return [file.path for file in sources.files]


@pytest.mark.parametrize(
    "patterns",
    [
        ["charts/"],
        ["/charts"],
        ["charts/*", "!charts/deep/"],
        ["*.tpl.yaml", "home/charts"],
        ["home/*", "!b.yaml"],
        ["**/deep/**", "# charts/", "a?yaml"],
        ["*"],
        ["chart"],
        ["../charts"],
    ],
)
def test_patterns_mean_what_they_mean_to_git(tree: Path, patterns: list[str]) -> None:
    (tree / ".gitignore").write_text("\n".join(patterns))
    environment = {"HOME": str(tree), "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.environ["PATH"]}
    subprocess.run(["git", "init", "-q"], env=environment, check=True)
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"], env=environment, check=True, capture_output=True
    )
    kept = [name for name in listed.stdout.decode().splitlines() if name in TREE]
    excluded = Excluded(".", patterns)
    assert names(load(["."], ignore=False, excluded=excluded)) == kept
    assert names(load(TREE, ignore=False, excluded=excluded)) == kept


def test_it_holds_from_wherever_the_tree_is_looked_at(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    excluded = Excluded("home", ["charts/", "/a.tpl.yaml"])
    assert names(load(["."], excluded=excluded)) == ["a.yaml", "charts/a.yaml", "charts/deep/b.yaml", "home/b.yaml"]
    assert names(load(["home", "home/charts", "home/**/*.yaml", str(tree / "home/a.tpl.yaml")], excluded=excluded)) == [
        "home/b.yaml"
    ]
    (tree / "link").symlink_to("home")
    assert names(load(["link/charts", "link/charts/a.yaml"], excluded=excluded)) == []
    monkeypatch.chdir(tree / "home/charts")
    assert names(load([".", "a.yaml", ".."], excluded=excluded)) == ["../b.yaml"]


def test_it_may_lie_in_the_root_of_everything(tree: Path) -> None:
    excluded = Excluded("/", [f"{tree}/home"])
    assert names(load(["home", "charts/deep", "home/b.yaml"], excluded=excluded)) == ["charts/deep/b.yaml"]
    assert excluded.holds(f"{excluded.place('/')}{tree}/home", is_directory=True)


def test_a_link_is_left_out_by_its_own_name(tree: Path) -> None:
    (tree / "home/other.yaml").symlink_to("../a.yaml")
    assert names(load(["home"], excluded=Excluded(".", ["/a.yaml", "charts", "*.tpl.yaml"]))) == [
        "home/b.yaml",
        "home/other.yaml",
    ]
    assert names(load(["home"], excluded=Excluded(".", ["other.yaml", "charts", "*.tpl.yaml"]))) == ["home/b.yaml"]


def test_names_of_any_bytes(tree: Path) -> None:
    write(tree / "äöü/a.yaml")
    assert names(load(["."], excluded=Excluded(".", ["ä*/", "charts", "home"]))) == ["a.yaml"]


def test_facts_that_are_named_and_left_out_are_told(tree: Path) -> None:
    excluded = Excluded(".", ["/charts", "a.yaml"])
    problems = load(["a.yaml", "charts"], own=True, excluded=excluded).problems
    assert [one.span.file for one in problems] == ["a.yaml", "charts"]
    assert {one.message for one in problems} == {
        "this file cannot be read: `exclude` in the configuration leaves it out"
    }


def test_which_patterns_were_of_use(tree: Path) -> None:
    patterns = ["charts/", "*.tpl.yaml", "charts/deep", "!b.yaml", "", "# a", "/home/nothing", "charts/"]
    excluded = Excluded(".", patterns)
    assert excluded.unused() == [*range(8)]
    load(["."], excluded=excluded)
    assert [patterns[at] for at in excluded.unused()] == ["charts/deep", "", "# a", "/home/nothing"]
    assert not NOTHING
    assert not NOTHING.unused()


@pytest.mark.parametrize(
    ("path", "patterns"),
    [
        ("home/a*.yaml", ["a.tpl.yaml"]),
        ("charts/*/b.yaml", ["/charts/deep/"]),
        ("**/b.yaml", ["charts", "home"]),
        ("charts/**/b.yaml", ["deep"]),
        ("charts/d*", ["deep"]),
    ],
)
def test_a_pattern_of_which_everything_is_left_out_is_not_wrong(tree: Path, path: str, patterns: list[str]) -> None:
    excluded = Excluded(".", patterns)
    assert names(load([path, "a.yaml"], excluded=excluded)) == ["a.yaml"]
    (problem,) = load([path], own=True, excluded=excluded).problems
    assert problem.message == "this file cannot be read: `exclude` in the configuration leaves it out"


@pytest.mark.parametrize(
    "path", ["home/c*.yaml", "charts/s*/b.yaml", "charts/x*", "**/z.yaml", "charts/**/*.yml", "**/deep/c*/**"]
)
def test_a_pattern_that_matches_nothing_is_told_beside_what_is_left_out(tree: Path, path: str) -> None:
    (problem,) = load([path], excluded=Excluded(".", ["a.tpl.yaml", "b.yaml", "deep"])).problems
    assert problem.message == "this file cannot be read: no file matches this pattern"


def test_a_folder_of_facts_that_are_left_out_is_told(tree: Path) -> None:
    (problem,) = load(["charts"], own=True, excluded=Excluded(".", ["charts/*"])).problems
    assert problem.message == "this file cannot be read: `exclude` in the configuration leaves it out"
    (tree / "empty").mkdir()
    (problem,) = load(["empty"], own=True, excluded=Excluded(".", ["charts/*"])).problems
    assert problem.message.endswith("no YAML or JSON lies in this folder, or git ignores it")
    (problem,) = load(["nothing"], own=True, excluded=Excluded(".", ["*"])).problems
    assert problem.message == "this file cannot be read: no such file or directory"
