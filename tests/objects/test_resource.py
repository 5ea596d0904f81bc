"""Gaps of an object, found through an index, against looking at each."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callint.finding import Path
from callint.objects import Resource, fields
from callint.source import parse

PATHS = st.lists(st.sampled_from(["spec", "ingress", 0, 1]), max_size=4).map(tuple)
DOCUMENT = parse("{}\n", "a.yaml").documents[0]


@given(st.lists(PATHS, max_size=6).map(tuple), PATHS)
def test_the_first_gap_at_in_or_above_a_path(gaps: tuple[Path, ...], path: Path) -> None:
    near = [gap for gap in gaps if gap[: len(path)] == path or path[: len(gap)] == gap]
    resource = Resource(DOCUMENT, (), {}, gaps)
    assert resource.gap(path) == next(iter(near), None)
    fields = {str(step) for gap in gaps for step in gap} | {"other"}
    assert resource.unreadable_fields(path, fields) == {key for key in fields if resource.unreadable(*path, key)}
    assert resource.unreadable(*path) == bool(near)


def test_a_label_that_is_null_is_the_empty_text() -> None:
    assert fields.labels({"labels": {"a": None, "b": 1e7, "c": []}}) == {"a": "", "b": "1e+07"}
