"""Rules as data, by id and by name: what must hold, which check looks for it, and the text that explains it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from callint.finding import Severity, counted
from callint.record import NamedTuple

_SLIPS = 100
STAGES = ("source", "schema", "facts", "suppression", "engine")
"""Checks that are no functions of their own: the stage named finds the problem itself, under the rule's name."""


class RuleError(Exception):
    """A rule file that cannot be used; the text names the file and what is wrong with it."""


class Rule(NamedTuple):
    """The first document of a rule file; `parameters` go to the check as they stand."""

    id: str
    name: str
    summary: str
    severity: Severity
    check: str
    parameters: Mapping[str, Any]
    file: str
    enabled: bool = True

    @property
    def group(self) -> str:
        """The letters of the id: `BGP` of `BGP001`."""
        return self.id.rstrip("0123456789")

    @property
    def staged(self) -> bool:
        """Whether an earlier stage reports it rather than a check."""
        return self.check in STAGES


class Example(NamedTuple):
    """Manifests that break a rule, with `# expect: ID` on the lines reported, and the same mended.

    `good_facts` and `good_config` are those of `bad` unless given; `format` is the manifests' file ending.
    """

    title: str
    bad: str
    good: str
    facts: str
    config: str
    good_facts: str
    good_config: str
    encoding: str
    format: str


class Explanation(NamedTuple):
    """The second document of a rule file, for people and tests."""

    why: str
    fix: str
    references: tuple[str, ...]
    examples: tuple[Example, ...]


class RuleText(NamedTuple):
    """A rule with its explanation, as reports show it."""

    rule: Rule
    explanation: Explanation


class Catalogue:
    """Rules by id and by name; a stage's problem finds its rule by name."""

    __slots__ = ("_by_name", "_meant", "rules")

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Raises RuleError when a rule has the id or the name of an earlier one."""
        self._meant: dict[str, str] = {}
        self._by_name: dict[str, Rule] = {}
        by_id: dict[str, Rule] = {}
        for rule in rules:
            for known in (by_id.get(rule.id), self._by_name.get(rule.name)):
                if known is not None:
                    raise RuleError(f'{rule.file}: "{rule.id} {rule.name}" is taken by {known.file}')
            by_id[rule.id] = self._by_name[rule.name] = rule
        self.rules = dict(sorted(by_id.items()))

    def __iter__(self) -> Iterator[Rule]:
        """In the order of ids."""
        return iter(self.rules.values())

    def get(self, name_or_id: str) -> Rule | None:
        """A rule by id or by name."""
        return self.rules.get(name_or_id) or self._by_name.get(name_or_id)

    def meant(self, name: str, besides: Iterable[str] = ()) -> str:
        """What follows "is no rule" in a sentence: the name that was probably meant, or where all are listed.

        `besides` are names of others that may be meant. It is looked for so often as slips of the pen occur: whoever
        asks for more names makes them up.
        """
        if name not in self._meant and len(self._meant) < _SLIPS:
            self._meant[name] = self._near(name, besides)
        return self._meant.get(name) or ", `callint rules` lists them"

    def _near(self, name: str, besides: Iterable[str]) -> str:
        from callint.suggest import Words, did_you_mean

        number = re.fullmatch("([A-Za-z]+)[ _-]?([0-9]{1,3})", name)
        if number and (identifier := f"{number[1].upper()}{number[2]:0>3}") in self.rules:
            return did_you_mean(identifier)
        begun = [identifier for identifier in self.rules if name and identifier.startswith(name.upper())]
        if len(begun) > 1:
            return f", {begun[0]} and {counted(len(begun) - 1, 'other')} begin so"
        return did_you_mean(begun[0] if begun else Words([*self._by_name, *besides]).nearest(name))
