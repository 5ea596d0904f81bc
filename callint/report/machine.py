"""The report for programs: `check` in JSON, version 1, described by schemas/report.json; one finding a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from json.encoder import encode_basestring as quoted
from math import isfinite
from typing import Any

from callint.finding import Finding, ObjectRef, Span, Witness
from callint.report import Report
from callint.report.fingerprint import fingerprints
from callint.report.tally import tally
from callint.report.visible import LOG_COMMAND, UNSAFE

_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False)


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
    yield from rows(map(_finding, report.findings, fingerprints(report.findings)))
    yield f',\n"summary": {encode(summary)}}}\n'


def encode(value: Any) -> str:
    """JSON on one line that harms no terminal and no CI log; lone surrogates are replaced, all else is kept."""
    return _harmless(_ENCODER.encode(value))


def _harmless(text: str) -> str:
    if not text.isprintable():
        text = re.sub(UNSAFE, _escaped, text)
    return re.sub(LOG_COMMAND, r"\1\\u005b", text) if "##" in text else text


def rows(elements: Iterable[str]) -> Iterator[str]:
    """A JSON array with each element, which is JSON already, on a line of its own."""
    before = "["
    for element in elements:
        yield f"{before}\n{element}"
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


def _finding(finding: Finding, fingerprint: str) -> str:
    """A finding as JSON, put together here: a dictionary to be encoded would take three times as long."""
    rule, name, severity, message, span, subject, path, cluster, related, proof, help_, _ = finding
    proven = "null" if proof is None else _witness(proof)
    near = ", ".join([f'{{{_span(place.span)}, "label": {quoted(place.label)}}}' for place in related])
    return _harmless(
        f'{{"rule": {quoted(rule)}, "name": {quoted(name)}, "severity": "{severity}", "message": {quoted(message)}, '
        f'{_span(span)}, "object": {"null" if subject is None else _object(subject)}, "path": {quoted(path)}, '
        f'"cluster": {quoted(cluster)}, "related": [{near}], "witness": {proven}, '
        f'"help": {quoted(help_)}, "fingerprint": "{fingerprint}"}}'
    )


def _span(span: Span) -> str:
    file, line, column, end_line, end_column = span
    place = f'"file": {quoted(file)}, "line": {line}, "column": {column}'
    return f'{place}, "end_line": {end_line}, "end_column": {end_column}'


def _object(subject: ObjectRef) -> str:
    version, kind, namespace, name = subject
    within = "null" if namespace is None else quoted(namespace)
    return f'{{"apiVersion": {quoted(version)}, "kind": {quoted(kind)}, "namespace": {within}, "name": {quoted(name)}}}'


def _witness(proof: Witness) -> str:
    told = [
        f", {quoted(name)}: {quoted(value) if value.__class__ is str else _ENCODER.encode(plain(value))}"
        for name, value in proof.facts
        if value is not None
    ]
    return f'{{"type": {quoted(proof.type)}{"".join(told)}}}'


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    return r"\ufffd" if "\ud800" <= character <= "\udfff" else json.dumps(character)[1:-1]
