"""Marks stand under the characters that they mean."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.report.excerpt import NARROWEST, excerpt

PLAIN = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="#."), min_size=1, max_size=200
)


@given(PLAIN, st.data(), st.integers(0, 120))
def test_marks_stand_under_the_span(line: str, data: st.DataObject, room: int) -> None:
    start = data.draw(st.integers(0, len(line) - 1))
    stop = data.draw(st.integers(start + 1, len(line)))
    shown = excerpt(line, start, stop, room)
    marked = shown.text[shown.indent : shown.indent + shown.length]
    assert line[start:stop].startswith(marked)
    assert marked
    assert len(shown.text) <= max(room, NARROWEST)
    if len(line) <= room:
        assert (shown.text, marked) == (line, line[start:stop])
    assert shown.text.strip(".") in line


@given(st.text(), st.integers(-5, 300), st.integers(-5, 300), st.integers(0, 120))
def test_any_line_and_span(line: str, start: int, stop: int, room: int) -> None:
    shown = excerpt(line, start, stop, room)
    assert shown.length >= 1
    assert shown.indent >= 0


@pytest.mark.parametrize(
    ("line", "start", "stop", "text", "indent", "length"),
    [
        ("\tx: 1", 1, 2, "    x: 1", 4, 1),
        ("ab\tx", 2, 3, "ab  x", 2, 2),
        ("日本: x", 4, 5, "日本: x", 6, 1),
        ("日本: x", 0, 2, "日本: x", 0, 4),
        ("e\u0301: x", 4, 5, "e\u0301: x", 3, 1),
        ("\x1b: x", 3, 4, "\\x1b: x", 6, 1),
        ("##[x", 3, 4, "##\\[x", 4, 1),
        ("x:", 2, 2, "x:", 2, 1),
    ],
)
def test_columns(line: str, start: int, stop: int, text: str, indent: int, length: int) -> None:
    assert excerpt(line, start, stop, 80) == (text, indent, length)


def test_a_huge_line_costs_no_more_than_its_window() -> None:
    line = "é" * 20_000_000
    begin = time.process_time()
    for start in range(0, len(line), 100_000):
        excerpt(line, start, start + 5, 80)
    assert time.process_time() - begin < 1
