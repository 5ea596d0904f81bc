from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from callint.facts.emitter import render

SCALARS = st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]))
FACTS = st.dictionaries(
    st.text(max_size=8),
    st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner), max_leaves=5),
    min_size=1,
)
AMBIGUOUS = [
    "", "1", "1_000", "on", "No", "y", "null", "~", "1e3", "0x1f", "12:30:45", "1.5", ".inf", "2024-01-01", "- a",
    "a: b", "a #b", "#", "&a", "*", "!x", "::", "::1/128", "10.0.0.1", "10.0.0.0/8", "a\nb", "\t", "\x00", "\x7f",
    "\x85", "\u2028", "\ufeff", "\ufffe", "\U0001f600", "'", '"', "\\", "{", "}", "[", ",", "=", "<<", "true", "%a",
    "@a", "`a",
]  # fmt: skip


@given(FACTS)
def test_yaml_reads_back_what_was_rendered(facts: dict[str, Any]):
    assert yaml.safe_load(render(facts)) == facts


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_text_stays_text(text: str):
    facts = {"notes": [text], "node": text, "deep": {"list": [text], text: 1}}
    assert yaml.safe_load(render(facts)) == facts
    assert yaml.load(render(facts), yaml.CSafeLoader) == facts


def test_half_a_surrogate_pair_is_replaced():
    assert yaml.safe_load(render({"node": "a\ud800b"})) == {"node": "a\ufffdb"}


def test_the_form_is_the_one_that_people_write():
    facts = {
        "version": 1,
        "interfaces": [{"name": "lan0", "addresses": ["10.0.0.1/24", "fe80::1/64"], "up": True}],
        "routes": [],
        "firewall": {"forward": "drop"},
    }
    assert render(facts) == (
        "version: 1\n"
        "interfaces:\n"
        '  - {name: lan0, addresses: [10.0.0.1/24, "fe80::1/64"], up: true}\n'
        "routes: []\n"
        "firewall: {forward: drop}\n"
    )


def test_what_facts_never_hold_is_refused():
    with pytest.raises(TypeError, match="no facts hold a float"):
        render({"metric": 1.5})
