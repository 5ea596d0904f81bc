"""What reading and judging one file gave, as bytes: two lines of JSON, for other processes and other runs.

Places are not among it: a document finds them in its text, which whoever takes the piece has read. A piece is held
against what callint writes before it is believed, for what lies on a disk may be anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from callint.calico import Target
from callint.encoded import MisfitError, count, decoded, problem, steps, truth
from callint.finding import Problem
from callint.intake.judge import Judged, unjudged
from callint.rule import load
from callint.source import Document, SourceFile

_DEEPEST = 200
"""Lists and mappings within each other, as many as any limit of callint.yaml admits."""

Told = tuple[list[Document], list[Problem]]


def encode_documents(documents: Sequence[Document], problems: Sequence[Problem]) -> bytes:
    """The first line: the documents of a file, and what is wrong with its text.

    Empty if one of the documents knows more than its text tells.
    """
    if not all(document.portable for document in documents):
        return b""
    return _line([[(one.start, one.end, one.value, one.lined, one.complete) for one in documents], problems])


def decode_documents(files: Iterable[SourceFile], lines: Sequence[bytes | memoryview]) -> list[Told]:
    """What the first lines tell of their files; all are read at once, so that equal keys are one string."""

    def told(plain: list[Any]) -> list[Told]:
        for line, (documents, _) in zip(lines, plain, strict=True):
            if _brackets(line) > _DEEPEST:
                _shallow([value for _, _, value, _, _ in documents])
        return [
            ([_document(file, *about) for about in enumerate(documents)], _problems(problems))
            for file, (documents, problems) in zip(files, plain, strict=True)
        ]

    return decoded(b"[%b]" % b",".join(lines), told)


def _document(file: SourceFile, index: int, about: list[Any]) -> Document:
    start, end, value, lined, complete = about
    end = count(end, len(file.text))
    return Document(file, index, count(start, end), end, value, lined=truth(lined), complete=truth(complete))


def _problems(plain: list[Any]) -> list[Problem]:
    problems = [problem(one) for one in plain]
    if not {one.kind for one in problems} <= (_kinds() if problems else frozenset()):
        raise MisfitError("no rule is about such a problem")
    return problems


@cache
def _kinds() -> frozenset[str]:
    return frozenset(rule.name for rule in load())


def _brackets(line: bytes | memoryview) -> int:
    text = bytes(line)
    return text.count(b"[") + text.count(b"{")


def _shallow(values: list[Any]) -> None:
    """Raise MisfitError unless whoever walks over the values may recurse."""
    for _ in range(_DEEPEST):
        values = [
            child
            for value in values
            for child in (value.values() if value.__class__ is dict else value)
            if child.__class__ is dict or child.__class__ is list
        ]
        if not values:
            return
    raise MisfitError("nested too deeply")


def encode_judged(target: Target, judged: Iterable[Judged]) -> bytes:
    """The second line: which of the objects have gaps or problems, if they are for this target."""
    known = [
        (number, resource.gaps, problems)
        for number, (resource, problems) in enumerate(judged)
        if resource.gaps or problems
    ]
    return _line([_name(target), known]) if known else _sound(target)


@cache
def _sound(target: Target) -> bytes:
    """The second line of the files with which nothing is wrong, which are most."""
    return _line([_name(target), []])


def decode_judged(target: Target, documents: Iterable[Document], line: bytes | memoryview) -> list[Judged] | None:
    """The objects of the documents as they were judged; None if nobody knows that, or for another target only."""

    def told(plain: list[Any]) -> list[Judged] | None:
        name, known = plain
        return _judged(documents, known) if name == _name(target) else None

    if line == _sound(target):
        return _judged(documents, [])
    try:
        return decoded(bytes(line), told)
    except MisfitError:
        return None


def _judged(documents: Iterable[Document], known: list[Any]) -> list[Judged]:
    objects = unjudged(documents)
    for resource, _ in objects:
        resource.sound = resource.document.complete
    for number, gaps, problems in known:
        resource = objects[count(number)].resource
        resource.sound = False
        resource.gaps = tuple(map(steps, gaps))
        objects[number] = Judged(resource, tuple(_problems(problems)))
    return objects


def _name(target: Target) -> list[Any]:
    return [*target.exact, target.road]


def _line(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
