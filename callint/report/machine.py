"""The report for programs: `check` in JSON, version 1, described by schemas/report.json; one finding a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from math import isfinite
from typing import Any

from callint.finding import Finding, ObjectRef, Span
from callint.report import Report
from callint.report.tally import tally
from callint.report.visible import LOG_COMMAND, UNSAFE

_ENCODER = json.JSONEncoder(ensure_ascii=False)


def render(report: Report) -> Iterator[str]:
    """The whole document."""
    counts = tally(report.findings)
    summary = {
        "files": report.files,
        "documents": report.documents,
        "objects": report.objects,
        "errors": counts["error"],
        "warnings": counts["warning"],
        "infos": counts["info"],
        "suppressed": len(report.suppressed),
    }
    yield f'{{"version": 1, "calico": {encode(report.calico)}, "findings": '
    yield from rows(map(_finding, report.findings))
    yield f',\n"summary": {encode(summary)}}}\n'


def encode(value: Any) -> str:
    """JSON on one line that harms no terminal and no CI log; lone surrogates are replaced, all else is kept."""
    text = _ENCODER.encode(value)
    if not text.isprintable():
        text = re.sub(UNSAFE, _escaped, text)
    return re.sub(LOG_COMMAND, r"\1\\u005b", text) if "##" in text else text


def rows(values: Iterable[Any]) -> Iterator[str]:
    """A JSON array with each element on a line of its own."""
    before = "["
    for value in values:
        yield f"{before}\n{encode(value)}"
        before = ","
    yield "[]" if before == "[" else "]"


def plain(value: Any) -> Any:
    """A witness's fact as JSON data: objects by their reference, sets sorted, anything else unknown to JSON as text."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, ObjectRef):
        return str(value)
    if isinstance(value, float) and isfinite(value):
        return value
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=str)
    return str(value)


def _finding(finding: Finding) -> dict[str, Any]:
    subject = finding.object
    return {
        "rule": finding.rule,
        "name": finding.name,
        "severity": finding.severity,
        "message": finding.message,
        **_span(finding.span),
        "object": subject
        and {
            "apiVersion": subject.api_version,
            "kind": subject.kind,
            "namespace": subject.namespace,
            "name": subject.name,
        },
        "path": finding.path,
        "cluster": finding.cluster,
        "related": [{**_span(place.span), "label": place.label} for place in finding.related],
        "witness": finding.witness and plain(finding.witness.as_dict()),
        "help": finding.help,
        "fingerprint": finding.fingerprint,
    }


def _span(span: Span) -> dict[str, Any]:
    return span._asdict()


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    return r"\ufffd" if "\ud800" <= character <= "\udfff" else json.dumps(character)[1:-1]
