"""What an owner recognises of its values without asking is what the values' own checkers say."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from callint.schema.compile import Checker, checker
from callint.schema.fault import under

SCHEMAS = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "x-callint-exact": True},
        {"type": "string", "x-callint-free": True},
        {"type": "string", "enum": ["Allow", "<Deny>", ""]},
        {"type": "string", "enum": ["Allow"], "maxLength": 2},
        {"type": "string", "maxLength": 2},
        {"type": ["integer", "string"]},
        {"type": ["string", "null"]},
        {"type": ["integer", "string"], "minimum": 3},
        {"type": "integer"},
    ]
)
VALUES = st.sampled_from(["", "a", "Allow", "<Deny>", "<a>", "$A", "{", "{{ a }}", 1, 5, 2.0, True, [], {}])


def made(schema: dict[str, Any], lenient: bool, placeholders: bool) -> Checker:
    return checker(schema, lenient=lenient, placeholders=placeholders)


@given(SCHEMAS, st.lists(VALUES, max_size=4), st.booleans(), st.booleans())
def test_items(schema: dict[str, Any], values: list[Any], lenient: bool, placeholders: bool) -> None:
    item = made(schema, lenient, placeholders)
    whole = made({"type": "array", "items": schema}, lenient, placeholders)
    found = [fault for index, value in enumerate(values) for fault in under(index, item(value) or [])]
    assert (whole(values) or []) == found


@given(SCHEMAS, SCHEMAS, VALUES, VALUES, st.booleans(), st.booleans())
def test_fields(one: dict[str, Any], other: dict[str, Any], a: Any, b: Any, lenient: bool, placeholders: bool) -> None:
    schema = {"type": "object", "properties": {"a": one}, "required": ["a"], "additionalProperties": other}
    own, rest = made(one, lenient, placeholders), made(other, lenient, placeholders)
    found = [*under("a", own(a) or []), *under("b", rest(b) or [])]
    assert (made(schema, lenient, placeholders)({"a": a, "b": b}) or []) == found


def test_a_known_word_in_a_deprecated_field_is_reported() -> None:
    word = {"type": "string", "enum": ["Allow"], "deprecated": True}
    (fault,) = made({"type": "object", "properties": {"a": word}}, True, True)({"a": "Allow"}) or []
    assert (fault.path, fault.keyword) == (("a",), "deprecated")
