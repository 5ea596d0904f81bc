"""SARIF 2.1.0 (OASIS), with the fields that GitHub code scanning shows, within its limits.

A result has no `kind`, beside which its level could be wrong (3.27.9). A witness is a sentence of the message and data
in the property bag. Related locations are linked from the message, for GitHub shows no others. The only fingerprint is
callint's own; upload-sarif computes GitHub's line hash itself. What the configuration or a baseline accepts is
suppressed `external`, not `inSource` (3.35.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from callint.catalogue import RuleText
from callint.finding import SEVERITIES, Finding, Related, Severity, Span, counted
from callint.report import Report
from callint.report.fingerprint import fingerprints
from callint.report.machine import encode, plain, rows
from callint.report.place import rooted
from callint.report.witness import sentence

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}
_PROBLEM_SEVERITIES: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "recommendation"}
_MOST_RESULTS = 25_000
_MOST_RELATED = 100
_LONGEST_DESCRIPTION = 1024
_LONGEST_NAME = 255
_BRACKET = re.compile(r"[\[\]\\]")
_BACKSLASHED = r"\\\g<0>"
_NO_BYTE = re.compile(r"[\ud800-\udc7f\udd00-\udfff]")


def render(report: Report) -> Iterator[str]:
    """One log with one run: rules that were met, results in order, suppressed ones after them and marked so."""
    every = (*report.findings, *report.suppressed)
    names = (*fingerprints(report.findings), *fingerprints(report.suppressed))
    chosen = _most_severe(every)
    rules = {every[place].rule: every[place] for place in reversed(chosen)}
    indexes = {rule: index for index, rule in enumerate(sorted(rules))}
    driver = {
        "name": "callint",
        "semanticVersion": report.version,
        "rules": [_rule(rules[id_], report.rule(id_)) for id_ in indexes],
    }
    invocation: dict[str, Any] = {"executionSuccessful": True}
    if len(chosen) < len(every):
        left_out = f"{counted(len(every) - len(chosen), 'result')} left out, the least severe, for a run holds 25000"
        invocation["toolExecutionNotifications"] = [{"level": "warning", "message": {"text": left_out}}]
    yield (
        f'{{"$schema": "{_SCHEMA}", "version": "2.1.0", "runs": [{{\n'
        f'"tool": {encode({"driver": driver})},\n'
        f'"columnKind": "unicodeCodePoints",\n'
        f'"originalUriBaseIds": {encode({"%SRCROOT%": {"description": {"text": "the root of the repository"}}})},\n'
        f'"invocations": {encode([invocation])},\n'
        f'"results": '
    )
    yield from rows(
        encode(_result(every[place], names[place], indexes[every[place].rule], report.prefix)) for place in chosen
    )
    yield "}]}\n"


def _most_severe(findings: tuple[Finding, ...]) -> Sequence[int]:
    """The places of as many as GitHub takes of a run, in their order; it refuses a file that holds more."""
    if len(findings) <= _MOST_RESULTS:
        return range(len(findings))
    ranks = [(finding.suppressed is not None, SEVERITIES.index(finding.severity)) for finding in findings]
    return sorted(sorted(range(len(findings)), key=ranks.__getitem__)[:_MOST_RESULTS])


def _rule(finding: Finding, text: RuleText | None) -> dict[str, Any]:
    """A reportingDescriptor; a rule without text is described by its name."""
    severity = text.rule.severity if text else finding.severity
    summary = (text and text.rule.summary) or finding.name or finding.rule
    why, fix, references, _ = text.explanation if text else ("", "", (), ())
    parts = [part for part in (why, fix) if part] or [summary]
    markdown = [
        f"**{summary}**",
        why,
        f"**How to fix it.** {fix}" if fix else "",
        *(f"- {line}" for line in references),
    ]
    return {
        "id": finding.rule,
        "name": finding.name[:_LONGEST_NAME] or finding.rule,
        "shortDescription": {"text": summary[:_LONGEST_DESCRIPTION]},
        "fullDescription": {"text": (why or summary)[:_LONGEST_DESCRIPTION]},
        "help": {
            "text": "\n\n".join([*parts, *references]),
            "markdown": "\n\n".join(part for part in markdown if part),
        },
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": {"problem.severity": _PROBLEM_SEVERITIES[severity], "tags": ["calico"]},
    }


def _result(finding: Finding, fingerprint: str, rule_index: int, prefix: str) -> dict[str, Any]:
    location: dict[str, Any] = {"physicalLocation": _place(finding.span, prefix)}
    if finding.object is not None:
        location["logicalLocations"] = [
            {"name": finding.object.name, "fullyQualifiedName": str(finding.object), "kind": "resource"}
        ]
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [location],
    }
    if finding.related:
        result["relatedLocations"] = [
            {"id": number, "message": {"text": place.label}, "physicalLocation": _place(place.span, prefix)}
            for number, place in _numbered(finding.related)
        ]
    result["partialFingerprints"] = {"callintFinding/v1": fingerprint}
    if finding.suppressed is not None:
        reason, in_source = finding.suppressed
        kind = "inSource" if in_source else "external"
        result["suppressions"] = [{"kind": kind, "status": "accepted", "justification": reason}]
    properties: dict[str, Any] = {"cluster": finding.cluster}
    if finding.path:
        properties["path"] = finding.path
    if finding.witness is not None:
        properties["witness"] = plain(finding.witness.as_dict())
    result["properties"] = properties
    return result


def _message(finding: Finding) -> str:
    """The finding's sentence first, since GitHub shows it alone where room is short; then links, witness and help."""
    sentences = [_unlinked(finding.message)]
    if finding.related:
        links = (
            f"[{_BRACKET.sub(_BACKSLASHED, _unlinked(_name(place)))}]({number})"
            for number, place in _numbered(finding.related)
        )
        sentences.append(f"See {', '.join(links)}")
    if finding.witness is not None:
        sentences.append(f"Witness: {_unlinked(sentence(finding.witness))}")
    if finding.help:
        sentences.append(f"Help: {_unlinked(finding.help)}")
    return ". ".join(sentences)


def _numbered(related: tuple[Related, ...]) -> Iterable[tuple[int, Related]]:
    return enumerate(related[:_MOST_RELATED], start=1)


def _name(place: Related) -> str:
    return place.label or f"{place.span.file}:{place.span.line}"


def _unlinked(text: str) -> str:
    """Text in which nothing reads as an embedded link (3.11.6)."""
    return text.replace("](", "] (")


def _place(span: Span, prefix: str) -> dict[str, Any]:
    return {
        "artifactLocation": _artifact(rooted(span.file, prefix)),
        "region": {
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": span.end_line,
            "endColumn": span.end_column,
        },
    }


@lru_cache(maxsize=1024)
def _artifact(path: str) -> dict[str, str]:
    """A percent-encoded reference to a file, relative to the repository's root where it can be.

    Of a name that is no UTF-8 the span holds the printable form, and so does the reference; directories that lead to
    the root are their very bytes.
    """
    uri = quote(_NO_BYTE.sub("\ufffd", path), errors="surrogateescape")
    if path.startswith("/"):
        return {"uri": f"file://{uri}"}
    return {"uri": uri, "uriBaseId": "%SRCROOT%"}
