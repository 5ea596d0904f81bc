"""Findings that a tree had before callint came: written down once, not reported again, and told when they are gone."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from callint.catalogue import Catalogue
from callint.finding import Finding, Problem, Span, Suppression, counted
from callint.record import NamedTuple
from callint.source import Document
from callint.suppress import Applied, absolute

KNOWN = Suppression("known since the baseline was written", in_source=False)

Place = tuple[str, str, str]
"""Rule, file and object."""


class Known(NamedTuple):
    """Findings of one rule about one object (empty: about none) in one file, and at which JSON pointers they were."""

    rule: str
    file: str
    object: str
    at: tuple[str, ...]
    span: Span


class Baseline(NamedTuple):
    """The findings that are known, which of their files, all absolute, are gone, and the document that says so."""

    known: tuple[Known, ...]
    gone: frozenset[str]
    document: Document


def baseline(document: Document, folder: str) -> Baseline:
    """What a document says that fits schemas/baseline.json; its files are relative to `folder`."""
    known: dict[Place, Known] = {}
    for number, one in enumerate(document.value["findings"]):
        place = one["rule"], absolute(os.path.join(folder, one["file"])), one.get("object", "")
        before = known.get(place)
        span = before.span if before else document.span(("findings", number, "rule"))
        known[place] = Known(*place, (*(before.at if before else ()), *one["at"]), span)
    gone = frozenset(one.file for one in known.values() if not os.path.exists(one.file))
    return Baseline(tuple(known.values()), gone, document)


def written(findings: Iterable[Finding], folder: str) -> str:
    """The text of a baseline that lies in `folder` and knows these findings, a line for each rule and object."""
    places = sorted((*_key(finding), finding.path) for finding in findings)
    entries = []
    for (rule, file, about), alike in groupby(places, lambda place: place[:3]):
        entry: dict[str, object] = {"rule": rule, "file": os.path.relpath(file, folder).replace(os.sep, "/")}
        if about:
            entry["object"] = about
        entry["at"] = [path for *_, path in alike]
        entries.append(f"  {json.dumps(entry)}")
    body = ",\n".join(entries)
    return f'{{"findings": [\n{body}\n]}}\n' if entries else '{"findings": []}\n'


def accept(
    baseline: Baseline, findings: Sequence[Finding], catalogue: Catalogue, ran: set[str], read: Iterable[str]
) -> Applied:
    """Take the known findings out, of each object those that are where they were and then as many others as were known.

    So a rule that is inserted above makes none of them new. What is known of rules that `ran` and files that were
    `read`, or are gone, and was not found, is a problem.
    """
    left = {one[:3]: Counter(one.at) for one in baseline.known}
    of_each = [left.get(_key(finding), Counter()) for finding in findings]
    where_it_was = [_take(paths, finding.path) for finding, paths in zip(findings, of_each, strict=True)]
    kept, suppressed = [], []
    for finding, paths, taken in zip(findings, of_each, where_it_was, strict=True):
        if taken or _take(paths, next(iter(paths), None)):
            suppressed.append(finding._replace(suppressed=KNOWN))
        else:
            kept.append(finding)
    judged = baseline.gone.union(map(absolute, read))
    return Applied(kept, suppressed, list(_outdated(baseline, left, catalogue, ran, judged)))


def _take(paths: Counter[str], path: str | None) -> bool:
    """One from where it is known to be, if it is; whether it was."""
    if path is None or path not in paths:
        return False
    paths[path] -= 1
    if not paths[path]:
        del paths[path]
    return True


def _outdated(
    baseline: Baseline, left: dict[Place, Counter[str]], catalogue: Catalogue, ran: set[str], judged: frozenset[str]
) -> Iterator[Problem]:
    for one in baseline.known:
        if catalogue.get(one.rule) is None:
            yield Problem(
                "suppression-unknown-rule",
                one.span,
                f'the baseline names "{one.rule}", which is no rule{catalogue.meant(one.rule)}',
            )
            continue
        gone = left[one[:3]].total()
        if gone and one.rule in ran and one.file in judged:
            about = f' about "{one.object}"' if one.object else ""
            left_over = len(one.at) - gone
            still = "none is" if not left_over else "1 is" if left_over == 1 else f"{left_over} are"
            message = f'the baseline knows {counted(len(one.at), "finding")} of "{one.rule}"{about}, and {still} left'
            cure = "write the baseline anew with --write-baseline, or take out what is mended"
            yield Problem("baseline-outdated", one.span, message, help=cure)


def _key(finding: Finding) -> Place:
    return finding.rule, absolute(finding.span.file), str(finding.object or "")
