"""Single quotes that are escaped in double quotes, as goyaml.v2 reads them (measured with sigs.k8s.io/yaml v1.6.0)."""

from __future__ import annotations

from typing import Any

import pytest

from callint.source import parse

ODD = "\\'"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"a: \"x{ODD}y\"\nb: 'c\\'\n", {"a": "x'y", "b": "c\\"}),
        (f'k: ["a", "b{ODD}c\\\\\'"]\n', {"k": ["a", "b'c\\'"]}),
        (f'"k{ODD}": {{a: "{ODD}"}}\nb: [fd00::]\n', {"k'": {"a": "'"}, "b": ["fd00::"]}),
        (f'a: &x {{"{ODD}": "{ODD}"}}\nb: *x\n', {"a": {"'": "'"}, "b": {"'": "'"}}),
        (f'{{"a": "x{ODD}y", "b": [1]}}\n', {"a": "x'y", "b": [1]}),
        (f'a: "x{ODD}\n  z{ODD}"\n', {"a": "x' z'"}),
    ],
)
def test_what_go_reads_is_read(text: str, value: Any) -> None:
    sources = parse(text)
    assert sources.problems == ()
    (document,) = sources.documents
    assert document.value == value
    assert document.complete


def test_places_are_those_of_the_text_as_it_is_written() -> None:
    (document,) = parse(f'"{ODD}": "{ODD}{ODD}"\nc: d\n').documents
    assert document.span(("'",))[1:] == (1, 7, 1, 13)
    assert document.span(("'",), key=True)[1:] == (1, 1, 1, 5)
    assert document.span(("c",))[1:] == (2, 4, 2, 5)


def test_what_go_refuses_is_told() -> None:
    (problem,) = parse(f'a: "{ODD}"\nb: "\\q"\n').problems
    assert problem.kind == "syntax-error"
    assert problem.span[1:3] == (2, 5)
