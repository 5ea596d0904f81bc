"""Go's patterns in Python: the same language, in linear time."""

from __future__ import annotations

import itertools
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.schema.catalogue import calico_kinds, read
from callint.schema.forms import expected
from callint.schema.patterns import LINEAR, bounded, compiled, portable

TIMEOUT = r"^(([0-9]*(\.[0-9]*)?(ms|s|h|m|us)+)+|Auto)$"
DURATION = r"^([0-9]+(\\.[0-9]+)?(ms|s|m|h))*$"


def patterns_of(node: Any) -> set[str]:
    if isinstance(node, list):
        return {found for item in node for found in patterns_of(item)}
    if not isinstance(node, dict):
        return set()
    own = {node["pattern"]} if isinstance(node.get("pattern"), str) else set()
    return own | {found for value in node.values() for found in patterns_of(value)}


ALL = sorted({pattern for kind in calico_kinds() for pattern in patterns_of(read(kind))})


def matches(pattern: str, text: str) -> bool:
    expression = compiled(pattern)
    assert expression is not None
    return expression.search(text) is not None


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        # what Go's regexp says
        (r"^(?i)(Drop|Reject)?$", "DROP", True),
        (r"^(?i)(Drop|Reject)?$", "", True),
        (r"^(?i)(Drop|Reject)?$", "Drop\n", False),
        (r"^(?i)(Drop|Reject)?$", "xDrop", False),
        (r"^eth[[:digit:]]+\z", "eth10", True),
        (r"^eth[[:digit:]]+\z", "eth1\n", False),
        (r"^eth[[:digit:]]+\z", "etht]", False),
        (r"^[_[:alpha:]-]+$", "wan_a-b", True),
        (r"^[^[:space:][:punct:]]+$", "a.b", False),
        (DURATION, "90s", True),
        (DURATION, "1m30s", True),
        (DURATION, "0.5s", False),
        (DURATION, r"0\.5s", True),
        (DURATION, r"0\x5s", True),
        (TIMEOUT, "Auto", True),
        (TIMEOUT, "1.5ms", True),
        (TIMEOUT, "10us", True),
        (TIMEOUT, "s", True),
        (TIMEOUT, "1", False),
        (TIMEOUT, "auto", False),
        (r"^(\d+):(\d+)$|^(\d+):(\d+):(\d+)$", "1:2:3", True),
        (r"^(\d+):(\d+)$|^(\d+):(\d+):(\d+)$", "1:\u0662", False),
        (r"^[1-9]\d{0,3}/(?:second|minute|hour|day)$", "10/minute", True),
        (r"[$]$", "a$", True),
        (r"\$$", "a$\n", False),
        (r"[]$]$", "]", True),
    ],
)
def test_patterns_mean_what_they_mean_in_go(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected


def test_the_rewritten_pattern_is_the_same_language() -> None:
    original = re.compile(TIMEOUT.replace("$", r"\Z"), re.ASCII)
    rewritten = compiled(TIMEOUT)
    assert rewritten is not None
    for length in range(6):
        for letters in itertools.product("1.msuhAx", repeat=length):
            text = "".join(letters)
            assert bool(original.search(text)) is bool(rewritten.search(text)), text


@pytest.mark.parametrize("pattern", [*ALL, *LINEAR], ids=lambda pattern: pattern[:40])
def test_no_pattern_takes_more_than_linear_time(pattern: str) -> None:
    tokens = [
        "ms",
        "s",
        "1",
        "1.",
        "a=",
        "a=b,",
        "-",
        "A",
        "a.",
        "0:",
        "host:",
        "Dd",
        " ",
        ",",
        "1h",
        "65535",
        "=",
        "1us",
    ]
    began = time.process_time()
    for token, end in itertools.product(tokens, ("!", "\n", "=", "X")):
        matches(pattern, token * (4000 // len(token)) + end)
    assert time.process_time() - began < 2


@given(st.text("ms1.uhA!", max_size=300))
def test_the_rewritten_pattern_never_hangs(text: str) -> None:
    began = time.process_time()
    matches(TIMEOUT, text)
    assert time.process_time() - began < 0.5


def test_a_pattern_that_python_cannot_read_claims_nothing() -> None:
    assert compiled(r"(?P<a>") is None
    assert compiled(r"\pL+[") is None


def test_stored_patterns_are_portable_already() -> None:
    assert [pattern for pattern in ALL if portable(pattern) != pattern] == []


def test_the_crds_hold_no_pattern_that_python_refuses(shared: Path) -> None:
    texts = {
        line
        for file in (shared / "crds").rglob("*.yaml")
        for line in file.read_text().splitlines()
        if "pattern: " in line
    }
    found = {line.split("pattern: ", 1)[1].strip("'\"") for line in texts}
    assert len(found) > 20
    assert [pattern for pattern in found if compiled(json.loads(json.dumps(pattern))) is None] == []


def test_every_pattern_of_calico_is_used() -> None:
    assert [pattern for pattern in ALL if not bounded(pattern)] == []


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"^[a-z]+$", True),
        (r"^[a-z]+:[0-9]{1,5}$", True),
        (r"^(?i:(a|b)?)$", True),
        (r"^[*+)]*$", True),
        (r"^(a+)+$", False),
        (r"^(a|aa)*$", False),
        (r"^(a|aa){1,}$", False),
        (r"a*$", False),
        (r"^a*a*a*$", False),
    ],
)
def test_patterns_of_a_cluster_are_used_if_they_are_bounded(pattern: str, expected: bool) -> None:
    assert bounded(pattern) is expected


def test_every_pattern_has_words() -> None:
    """Of fields that somebody writes: neither of the status nor of IPAMBlocks."""
    schemas = [read(kind) for kind in calico_kinds() if kind != "IPAMBlock"]
    for one in schemas:
        written = {name: node for name, node in one["properties"].items() if name != "status"}
        for pattern in patterns_of({**one, "properties": written}):
            assert "expected" in (expected(pattern, "a") or ""), pattern


@pytest.mark.parametrize(
    ("pattern", "value", "words"),
    [
        (
            r"(?i:^(Drop|Accept|Return)?$)",
            "Acept",
            'one of "Drop", "Accept", "Return" was expected; did you mean "Accept"',
        ),
        (r"(?i:^(Drop|Accept)?$)", "x", 'one of "Drop", "Accept" was expected'),
        (r"(?i:^(Drop|[a-z])?$)", "x", None),
        (r"^(Drop|Accept)$", "x", None),
        (r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))*$", "x", "numbers with ms, s, m or h were expected, as in 1m30s"),
        (r"^([0-9]+(\\.[0-9]+)?(ms|s|m|h))*$", "x", "whole numbers with ms, s, m or h were expected"),
    ],
)
def test_patterns_in_words(pattern: str, value: str, words: str | None) -> None:
    assert expected(pattern, value) == words


def test_nothing_is_claimed_about_what_python_cannot_say() -> None:
    assert compiled("^[[:^alpha:]]+$") is None
    assert compiled(r"^\pL+$") is None
