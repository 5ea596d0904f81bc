"""The rules that the pages about flows and routes show have the form of rules."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from callint.source import parse
from rule_pages import REPOSITORY, rules_of_page

WRITTEN = {page: rules_of_page(page) for page in ("flows.md", "routes.md")}


@pytest.mark.parametrize(("page", "rules"), [("flows.md", 3), ("routes.md", 2)])
def test_a_page_has_rules(page: str, rules: int) -> None:
    assert len(WRITTEN[page]) == rules


@pytest.mark.parametrize("text", [text for rules in WRITTEN.values() for text in rules.values()])
def test_a_rule_has_the_form(text: str) -> None:
    schema = json.loads((REPOSITORY / "schemas" / "rule.json").read_text("utf-8"))
    documents = [document.value for document in parse(text).documents]
    assert [error.message for error in Draft202012Validator(schema).iter_errors(documents)] == []
