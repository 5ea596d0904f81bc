"""The rule catalogue (`callint rules`) and what `callint explain` says, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from callint.catalogue import Rule, RuleText
from callint.report.visible import guarded, visible

_WIDTH = 80


def render_rules(rules: Iterable[Rule]) -> str:
    """The list of rules in the order given, one line a rule, "off" if it does not run; a blank line between groups."""
    rows = [
        (rule.group, *map(visible, (rule.id, rule.severity if rule.enabled else "off", rule.name, rule.summary)))
        for rule in rules
    ]
    ids, severities, names = (max((len(row[column]) for row in rows), default=0) for column in (1, 2, 3))
    blocks = [
        "".join(
            f"{guarded(identifier):{ids}}  {severity:{severities}}  {name:{names}}  {summary}".rstrip() + "\n"
            for _, identifier, severity, name, summary in group
        )
        for _, group in groupby(rows, key=lambda row: row[0])
    ]
    return "\n".join(blocks)


def render_rules_json(rules: Iterable[Rule]) -> str:
    """The list of rules as a JSON array, one object a line, without the explanations."""
    from callint.report.machine import encode, rows

    return "".join([*rows(encode({**_entry(rule), "enabled": rule.enabled}) for rule in rules), "\n"])


def render_rule(text: RuleText) -> str:
    """One rule explained: what it finds, why that is bad, how to mend it, examples and sources."""
    rule, told = text
    lines = [
        f"{visible(rule.id)} {visible(rule.name)} ({visible(rule.severity)})",
        *_paragraphs(rule.summary, ""),
    ]
    for title, reason in (("Why", told.why), ("How to fix it", told.fix)):
        if reason.strip():
            lines += ["", title, *_paragraphs(reason, "  ")]
    for example in told.examples:
        lines += ["", f"Example: {visible(example.title)}"]
        for kind, source in (("reported", example.bad), ("right", example.good)):
            if source.strip():
                lines += [f"  {kind}:", *(f"    {line}".rstrip() for line in _lines(source))]
    if told.references:
        lines += ["", "References", *(f"  - {visible(reference)}" for reference in told.references)]
    lines += ["", f"Check: {visible(rule.check)}", *(f"  {visible(one)}" for one in _parameters(rule.parameters))]
    return "\n".join(map(guarded, lines)) + "\n"


def render_rule_json(text: RuleText) -> str:
    """One rule with its explanation as a JSON object."""
    from callint.report.machine import encode

    rule, told = text
    examples = [{"title": one.title, "bad": one.bad, "good": one.good} for one in told.examples]
    explained = {"why": told.why, "fix": told.fix, "references": list(told.references), "examples": examples}
    return encode({**_entry(rule), **explained}) + "\n"


def render_check(name: str, about: str, rules: Sequence[str]) -> str:
    """A check: what it looks for and takes, and the ids of the rules that name it."""
    lines = [name, "", *_lines(about)]
    if rules:
        lines += ["", *_paragraphs(f"Rules: {', '.join(rules)}", "")]
    return "\n".join(map(guarded, lines)) + "\n"


def render_check_json(name: str, about: str, rules: Sequence[str]) -> str:
    """The same as a JSON object."""
    from callint.report.machine import encode

    return encode({"check": name, "about": about, "rules": list(rules)}) + "\n"


def _entry(rule: Rule) -> dict[str, Any]:
    from callint.report.machine import plain

    return {
        "id": rule.id,
        "name": rule.name,
        "summary": rule.summary,
        "severity": rule.severity,
        "group": rule.group,
        "check": rule.check,
        "parameters": plain(dict(rule.parameters)),
    }


def _parameters(parameters: Mapping[str, Any]) -> Iterator[str]:
    from callint.report.witness import shown

    for name, value in parameters.items():
        yield f"{name}: {shown(value)}"


def _lines(text: str) -> list[str]:
    return [visible(line) for line in text.strip("\n").expandtabs(4).split("\n")]


def _paragraphs(text: str, indent: str) -> Iterator[str]:
    """Filled lines of text: those that follow each other are one paragraph; indented lines and items stay."""
    from textwrap import wrap

    paragraph: list[str] = []
    for line in [*_lines(text), ""]:
        own = line.startswith((" ", "-"))
        if paragraph and (own or not line):
            yield from wrap(" ".join(paragraph), _WIDTH, initial_indent=indent, subsequent_indent=indent)
            paragraph = []
        if own:
            yield f"{indent}{line}".rstrip()
        elif line:
            paragraph.append(line)
