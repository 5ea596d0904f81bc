"""Whatever the means, reading gives what reading one file after the other in one process gives."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callint import rule
from callint.calico import Target
from callint.finding import Problem
from callint.intake import Judged, Means, Measure, judge, read
from callint.objects import unpack
from callint.processes import Team
from callint.source import Limits, Sources, load, parse
from random_cases import examples

NEWEST = Target()
LIMITS = Limits()
VALUES = """\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: {name: values, labels: {same: same, again: same}}
texts: [a, "", "1", ünï, "\\U0001F600", "\\e", 'no', "two\\nlines"]
block: |-
  two
  lines
numbers: [0, -0.0, 1.0, 1e300, 0.1, -7, 9223372036854775807, 18446744073709551616, 1.7976931348623157e+400]
others: [true, false, null, ~, {}, [], {"": null}]
same: same
"""
"""Whatever a document can hold."""

MEANS = [Means(jobs, cache) for jobs in (1, 2, 3) for cache in (False, True)]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "callint"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the examples call bad of text and of single objects: whatever can be wrong with one file."""
    folder = tmp_path / "tree"
    folder.mkdir()
    for one in rule.load():
        if one.staged and one.group in ("SRC", "OBJ"):
            for number, example in enumerate(rule.explanation(one).examples):
                (folder / f"{one.id}-{number}.{example.format}").write_bytes(example.bad.encode(example.encoding))
    (folder / "empty.yaml").write_bytes(b"")
    (folder / "latin.yaml").write_bytes(b"a: \xe9\n---\nb: 1\n")
    (folder / "values.yaml").write_text(VALUES + f"deep: {'[' * 50}{']' * 50}\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def places(sources: Sources) -> Iterator[Any]:
    for document in sources.documents:
        yield document.file, document.index, document.complete, repr(document.value), document.text
        for base, plain in unpack(document):
            for key in (*plain, "absent"):
                yield document.span((*base, key)), document.span((*base, key), key=True)


def objects(judged: Iterator[Judged]) -> list[tuple[str, Any, tuple[Problem, ...]]]:
    return [(repr(one.resource), one.resource.gaps, one.problems) for one in judged]


class Told(NamedTuple):
    """All that is said of a tree."""

    files: list[tuple[str, str]]
    problems: set[Problem]
    unreadable: Any
    places: list[Any]
    objects: list[tuple[str, Any, tuple[Problem, ...]]]


def told(sources: Sources, judged: Iterator[Judged]) -> Told:
    files = [(file.path, file.text) for file in sources.files]
    return Told(files, set(sources.problems), sources.unreadable, list(places(sources)), objects(judged))


@functools.cache
def loaded(content: frozenset[tuple[str, bytes]], target: Target, limits: Limits) -> Told:
    """What is said of the working directory, whose content is given so that the same is looked at once."""
    sources = load(["."], limits=limits)
    return told(sources, judge(sources.documents, target, Measure(limits)))


def same_as_load(means: Means, target: Target = NEWEST, limits: Limits = LIMITS) -> None:
    content = frozenset((str(file), file.read_bytes()) for file in Path().rglob("*") if file.is_file())
    expected = loaded(content, target, limits)
    reading = read(["."], means, Measure(limits))

    def everywhere(team: Team | None) -> Sources:
        found = reading.sources
        assert told(found, reading.judge(found.documents, target)) == expected
        assert not reading.died
        if team:
            assert team.tell(b"the same here") == [b"the same here"] * team.size
        return found

    assert reading.together(everywhere) is reading.sources
    reading.keep()


@pytest.mark.parametrize("means", MEANS, ids=str)
def test_the_same_by_all_means(tree: Path, means: Means, cache: Path) -> None:
    for _ in range(2):
        same_as_load(means)
        assert cache.exists() is means.cache


def test_what_is_in_the_cache_is_used(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    same_as_load(Means(1, True))
    asked: list[str] = []

    def count(documents: Any, *about: Any) -> Iterator[Judged]:
        asked.extend(document.file for document in documents)
        return judge(documents, *about)

    monkeypatch.setattr("callint.intake.entry.judge", count)
    same_as_load(Means(1, True))
    odd = {document.file for document in load(["."]).documents if not document.portable}
    assert 0 < len(odd) < len(list(tree.iterdir())) / 2
    assert set(asked) == odd


def test_what_a_stage_tells_by_the_rule_of_a_check_is_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (about,) = [one for one in rule.load() if one.name == "net-read-otherwise"]
    (example,) = [one for one in rule.explanation(about).examples if one.config]
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.yaml").write_text(example.bad, encoding="utf-8")
    monkeypatch.chdir(tmp_path / "tree")
    target = Target(road="native")
    same_as_load(Means(1, True), target)
    monkeypatch.delattr("callint.intake.entry.judge")
    same_as_load(Means(1, True), target)


def test_what_changed_is_read_again(tree: Path) -> None:
    same_as_load(Means(1, True))
    (tree / "latin.yaml").write_bytes(b"apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: a}\n")
    (tree / "empty.yaml").unlink()
    (tree / "more").mkdir()
    next(tree.glob("OBJ001*")).rename(tree / "more" / "moved.yaml")
    for means in MEANS:
        same_as_load(means)


def test_another_target_and_other_limits_have_their_own_answers(tree: Path) -> None:
    for _ in range(2):
        for target in (Target(), Target((3, 26)), Target((3, 32), "native"), Target((3, 32), patch=1)):
            same_as_load(Means(1, True), target)
            same_as_load(Means(2, True), target)
        same_as_load(Means(1, True), limits=Limits(documents=1, nesting=3, problems=1))


@settings(max_examples=examples(15), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_damaged_cache_is_ignored_and_replaced(tree: Path, cache: Path, data: st.DataObject) -> None:
    same_as_load(Means(1, True))
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        file.write_bytes(whole[:place])
    else:
        file.write_bytes(whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :])
    same_as_load(Means(1, True))
    assert file.read_bytes() == whole


def test_the_cache_never_lies_in_the_tree(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tree / "inside"))
    before = sorted(tree.rglob("*"))
    same_as_load(Means(1, True))
    assert sorted(tree.rglob("*")) == before


@pytest.mark.parametrize("root", ["**/*.yaml", "./*", "../tree/*.yaml", "?*"])
def test_the_cache_never_lies_where_a_glob_is_matched(root: str, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tree / "inside"))
    reading = read([root], Means(1, True))
    assert reading.sources.documents
    reading.keep()
    assert not (tree / "inside").exists()


def test_files_that_are_gone_are_forgotten_in_the_end(tree: Path, cache: Path) -> None:
    for number in range(6):
        nets = ", ".join(f"10.{number}.{place // 256}.{place % 256}/32" for place in range(20_000))
        head = "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: a}\n"
        text = f"{head}spec: {{nets: [{nets}]}}\n"
        (tree / "large.yaml").write_text(text, encoding="utf-8")
        same_as_load(Means(1, True))
    (file,) = cache.iterdir()
    assert len(text) < file.stat().st_size < 5 * len(text) + (1 << 20)


def test_nothing_is_cached_of_a_small_tree_unasked(tree: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callint.alone", True)
    same_as_load(Means())
    assert not cache.exists()


def test_as_many_processes_as_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callint.processes.cores", lambda: 4)
    assert Means().processes(100_000_000) == 1  # inside another program nothing is done unasked
    assert not Means().caches(100_000_000)
    monkeypatch.setattr("callint.alone", True)
    assert [Means().processes(size) for size in (0, 999_999, 1_000_000, 1_500_000, 100_000_000)] == [1, 1, 2, 3, 4]
    assert Means(jobs=3).processes(0) == 3
    assert [Means().caches(size) for size in (999_999, 1_000_000)] == [False, True]
    assert [Means(cache=cache).caches(10) for cache in (False, True)] == [False, True]


def test_of_a_field_that_is_too_new_nothing_else_is_told() -> None:
    text = "{apiVersion: projectcalico.org/v3, kind: BGPPeer, metadata: {name: a}, spec: {%s}}"
    written = text % "peerIP: 10.0.0.1, asNumber: 64512, localWorkloadSelector: all()"
    documents = parse(written, "a.yaml").documents
    told = {
        release: [problem.kind for one in judge(documents, Target(release)) for problem in one.problems]
        for release in ((3, 29), (3, 30))
    }
    assert told == {(3, 29): ["field-too-new"], (3, 30): ["exclusive-fields"]}


def test_of_what_is_in_a_field_that_is_too_new_nothing_else_is_told() -> None:
    text = "{apiVersion: projectcalico.org/v3, kind: FelixConfiguration, metadata: {name: default}, spec: {%s}}"
    documents = parse(text % "bpfExcludeCIDRsFromNAT: [10.0.0.0/99]", "a.yaml").documents
    told = {
        patch: [problem.kind for one in judge(documents, Target((3, 27), patch=patch)) for problem in one.problems]
        for patch in (0, 1)
    }
    assert told == {0: ["field-too-new"], 1: ["bad-address"]}
