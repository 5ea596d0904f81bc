"""On real documents: the exact place in the text, and never an exception."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.calico import Target
from callint.finding import Problem
from callint.objects.resource import unpack
from callint.schema import examine
from callint.schema.catalogue import calico_kinds
from callint.source import load

TARGET = Target()


def problems(folder: Path) -> list[Problem]:
    return [
        problem
        for document in load([str(folder)]).documents
        for base, value in unpack(document)
        for problem in examine(document, base, value, TARGET, TARGET.road_of(str(value.get("apiVersion")))).problems
    ]


def test_spans_are_those_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "apiVersion: projectcalico.org/v3\n"
        "kind: IPPool\n"
        "metadata: {name: a, labels: 3}\n"
        "spec:\n"
        "  cidr: 10.0.0.0/16\n"
        "  ipipMode: Sometimes\n"
        "  banana:\n"
        "    - 1\n"
        "  allowedUses: {a: b}\n"
    )
    found = {problem.path: problem.span[1:] for problem in problems(tmp_path)}
    assert found == {
        ("metadata", "labels"): (3, 29, 3, 30),
        ("spec", "ipipMode"): (6, 13, 6, 22),
        ("spec", "banana"): (7, 3, 7, 9),
        ("spec", "allowedUses"): (9, 3, 9, 14),
    }


def test_objects_in_a_list_have_paths_from_the_document(tmp_path: Path) -> None:
    pool = {"apiVersion": "projectcalico.org/v3", "kind": "IPPool", "metadata": {"name": "a"}, "spec": {}}
    (tmp_path / "a.json").write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": [pool]}))
    (problem,) = problems(tmp_path)
    assert problem.path == ("items", 0, "spec", "cidr")


def test_a_list_with_a_field_too_many_hides_no_item(tmp_path: Path) -> None:
    pool = {"apiVersion": "projectcalico.org/v3", "kind": "IPPool", "metadata": {"name": "a"}, "spec": {}}
    (tmp_path / "a.json").write_text(json.dumps({"kind": "List", "apiVersion": "v1", "item": 1, "items": [pool]}))
    assert [(problem.kind, problem.path) for problem in problems(tmp_path)] == [
        ("unknown-field", ("item",)),
        ("missing-field", ("items", 0, "spec", "cidr")),
    ]


def test_a_list_in_a_list_is_told_and_hides_no_item(tmp_path: Path) -> None:
    pool = {"apiVersion": "projectcalico.org/v3", "kind": "IPPool", "metadata": {"name": "a"}, "spec": {}}
    inner = {"kind": "IPPoolList", "apiVersion": "projectcalico.org/v3", "items": [pool]}
    (tmp_path / "a.json").write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": [inner]}))
    first, second = problems(tmp_path)
    assert (first.kind, first.path, first.span[1:]) == ("value-not-allowed", ("items", 0), (1, 57, 1, 69))
    assert first.message == '"items[0]" is a list, where an object was expected: kubectl refuses the list around it'
    assert second.path == ("items", 0, "items", 0, "spec", "cidr")


def test_items_and_fields_of_a_list_that_are_not_told_are_counted(tmp_path: Path) -> None:
    several = {"kind": "List", "apiVersion": "v1", "items": ["a"] * 103, **{f"f{one:03}": 1 for one in range(102)}}
    (tmp_path / "a.json").write_text(json.dumps(several))
    found = [problem.message for problem in problems(tmp_path)]
    assert len(found) == 200
    assert found[99] == '"f099" is no field of "List" (and 2 more in this object)'
    assert found[199] == '"items[99]" is the string "a", a map was expected (and 3 more in this object)'


def test_an_object_is_found_however_deep_in_lists(tmp_path: Path) -> None:
    nested: object = {"apiVersion": "projectcalico.org/v3", "kind": "IPPool", "metadata": {"name": "a"}, "spec": {}}
    for _ in range(30):
        nested = [nested]
    (tmp_path / "a.json").write_text(json.dumps(nested))
    assert [problem.path for problem in problems(tmp_path)] == [(*[0] * 30, "spec", "cidr")]


def test_of_a_key_with_characters_that_nobody_sees_it_is_said(tmp_path: Path) -> None:
    text = "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: a}\nspec:\n  cidr: 10.0.0.0/16\n%sfoo: 1\n"
    (tmp_path / "a.yaml").write_text(text % "  \u00a0", encoding="utf-8")
    (problem,) = problems(tmp_path)
    assert problem.help == "it holds characters that look like spaces or like nothing: type it anew"
    (tmp_path / "a.yaml").write_text(text % "  ", encoding="utf-8")
    (problem,) = problems(tmp_path)
    assert problem.help == ""


def test_an_item_that_says_no_kind_or_null_is_of_the_kind_of_its_list(tmp_path: Path) -> None:
    pool = {"metadata": {"name": "a"}, "spec": {}}
    items = [pool, {"kind": None, **pool}]
    of_pools = {"kind": "IPPoolList", "apiVersion": "projectcalico.org/v3", "items": items}
    (tmp_path / "a.json").write_text(json.dumps(of_pools))
    assert [(problem.kind, problem.path) for problem in problems(tmp_path)] == [
        ("missing-field", ("items", 0, "spec", "cidr")),
        ("missing-field", ("items", 1, "spec", "cidr")),
    ]


def test_the_article_as_published(shared: Path) -> None:
    found = problems(shared / "seed" / "as-published")
    told = [(Path(problem.span.file).name, problem.kind, problem.span.line) for problem in found]
    assert [line for file, _, line in told if file == "host-endpoints.yaml"] == [15, 26]
    assert {kind for file, kind, _ in told if file == "host-endpoints.yaml"} == {"wrong-type"}
    assert [kind for file, kind, _ in told if file not in ("host-endpoints.yaml", "bgp-filter.yaml")] == [
        "field-deprecated"
    ]


@pytest.mark.parametrize("folder", ["corpus"])
def test_manifests_that_people_wrote_have_few_problems(folder: str, shared: Path) -> None:
    """Every one of these was read; `_unnamed` holds excerpts of manifests for older releases and for Enterprise.

    One of them is a list whose item has lost its indentation, so that two fields stand beside the items.
    """
    kinds = [problem.kind for problem in problems(shared / folder)]
    assert "wrong-type" not in kinds or kinds.count("wrong-type") == 1
    assert kinds.count("unknown-field") <= 4 + 2
    assert kinds.count("missing-field") <= 1
    assert not {"value-not-allowed", "out-of-range", "malformed-text"} & set(kinds)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8) | st.just(10**900)
NAMES = st.sampled_from(
    ["spec", "metadata", "labels", "name", "cidr", "ingress", "ports", "nets", "action", "x", "Spec"]
)
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)


@given(
    kind=st.sampled_from(sorted(calico_kinds())),
    rest=st.dictionaries(NAMES, ANYTHING, max_size=5),
    api=st.sampled_from(["v3", "v1"]),
)
def test_any_object_has_an_answer(kind: str, rest: dict[str, Any], api: str, judge: Any) -> None:
    api_version = "projectcalico.org/v3" if api == "v3" else "crd.projectcalico.org/v1"
    for road in ("calicoctl", "native", "crd"):
        for problem in judge({**rest, "apiVersion": api_version, "kind": kind}, road=road).problems:
            assert problem.message
            assert len(problem.message) < 2000


def test_deep_nesting_is_no_matter(judge: Any) -> None:
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    value = {
        "apiVersion": "projectcalico.org/v3",
        "kind": "HostEndpoint",
        "metadata": {"name": "a", "labels": deep},
        "spec": {"node": deep, "expectedIPs": [deep, deep], "interfaceName": "a", "ports": deep},
    }
    assert {problem.kind for problem in judge(value).problems} == {"wrong-type"}
