"""The order in which several processes take the checks."""

from __future__ import annotations

from callint import rule, share


def test_the_checks_that_take_longest_are_those_of_rules() -> None:
    named = [name for row in share._LONGEST for names in row for name in names.split()]
    assert len(named) == len(set(named))
    assert set(named) <= {one.check.partition("-")[0] for one in rule.load()}


def test_every_rule_lies_in_one_pile_once() -> None:
    rules = list(rule.load())
    taken = [number for _, row in share._rows(rules) for group in row for number in group]
    assert sorted(taken) == list(range(len(rules)))


def test_checks_that_are_named_together_are_never_parted() -> None:
    rules = list(rule.load())
    groups = [
        {rules[number].check.partition("-")[0] for number in group} for _, row in share._rows(rules) for group in row
    ]
    for names in ("flow host_endpoint host_traffic", "namespace_scope namespace_label", "precedence condition"):
        assert set(names.split()) in groups
