"""The rule catalogue (`callint rules`) and one rule's explanation (`callint explain`), for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from callint.catalogue import Rule, RuleText
from callint.report.visible import guarded, visible


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


def render_rule(rule: RuleText, *, width: int = 80) -> str:
    """One rule explained: what it finds, why that is bad, how to mend it, examples and sources."""
    lines = [
        f"{visible(rule.id)} {visible(rule.name)} ({visible(rule.severity)})",
        *_paragraphs(rule.summary, width, ""),
    ]
    for title, text in (("Why", rule.why), ("How to fix it", rule.fix)):
        if text.strip():
            lines += ["", title, *_paragraphs(text, width, "  ")]
    for title, bad, good in rule.examples:
        lines += ["", f"Example: {visible(title)}"]
        for kind, source in (("reported", bad), ("right", good)):
            if source.strip():
                lines += [f"  {kind}:", *(f"    {line}".rstrip() for line in _lines(source))]
    if rule.references:
        lines += ["", "References", *(f"  - {visible(reference)}" for reference in rule.references)]
    lines += ["", f"Check: {visible(rule.check)}", *(f"  {visible(text)}" for text in _parameters(rule.parameters))]
    return "\n".join(map(guarded, lines)) + "\n"


def render_rule_json(rule: RuleText) -> str:
    """One rule with its explanation as a JSON object."""
    from callint.report.machine import encode

    examples = [{"title": title, "bad": bad, "good": good} for title, bad, good in rule.examples]
    explained = {"why": rule.why, "fix": rule.fix, "references": list(rule.references), "examples": examples}
    return encode({**_entry(rule), **explained}) + "\n"


def _entry(rule: Rule | RuleText) -> dict[str, Any]:
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


def _paragraphs(text: str, width: int, indent: str) -> Iterator[str]:
    """Text filled to `width`: lines that follow each other are one paragraph; indented lines and items stay."""
    from textwrap import wrap

    paragraph: list[str] = []
    for line in [*_lines(text), ""]:
        own = line.startswith((" ", "-"))
        if paragraph and (own or not line):
            yield from wrap(" ".join(paragraph), width, initial_indent=indent, subsequent_indent=indent)
            paragraph = []
        if own:
            yield f"{indent}{line}".rstrip()
        elif line:
            paragraph.append(line)
