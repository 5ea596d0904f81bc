"""What reading and judging one file gave, as bytes: two lines of JSON, for other processes and other runs.

Places are not among it: a document finds them in its text, which whoever takes the piece has read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from callint.calico import Target
from callint.encoded import problem
from callint.finding import Problem
from callint.intake.judge import Judged, unjudged
from callint.source import Document, SourceFile


def encode_documents(documents: Sequence[Document], problems: Sequence[Problem]) -> bytes:
    """The first line: the documents of a file, and what is wrong with its text.

    Empty if one of the documents knows more than its text tells.
    """
    if not all(document.portable for document in documents):
        return b""
    return _line([[(one.start, one.end, one.value, one.lined, one.complete) for one in documents], problems])


def decode_documents(
    files: Iterable[SourceFile], lines: Sequence[bytes | memoryview]
) -> Iterator[tuple[list[Document], list[Problem]]]:
    """What the first lines tell of their files; all are read at once, so that equal keys are one string."""
    plain = json.loads(b"[%b]" % b",".join(lines))
    for file, (documents, problems) in zip(files, plain, strict=True):
        made = [
            Document(file, index, start, end, value, lined=lined, complete=complete)
            for index, (start, end, value, lined, complete) in enumerate(documents)
        ]
        yield made, [problem(one) for one in problems]


def encode_judged(target: Target, judged: Iterable[Judged]) -> bytes:
    """The second line: which of the objects have gaps or problems, if they are for this target."""
    known = [
        (number, resource.gaps, problems)
        for number, (resource, problems) in enumerate(judged)
        if resource.gaps or problems
    ]
    return _line([_name(target), known])


def decode_judged(target: Target, documents: Iterable[Document], line: bytes | memoryview) -> list[Judged] | None:
    """The objects of the documents as they were judged; None if that was for another target."""
    name, known = json.loads(bytes(line))
    if name != _name(target):
        return None
    objects = unjudged(documents)
    for resource, _ in objects:
        resource.sound = resource.document.complete
    for number, gaps, problems in known:
        resource = objects[number].resource
        resource.sound = False
        resource.gaps = tuple(tuple(path) for path in gaps)
        objects[number] = Judged(resource, tuple(problem(one) for one in problems))
    return objects


def _name(target: Target) -> list[Any]:
    return [*target.release, target.road]


def _line(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
