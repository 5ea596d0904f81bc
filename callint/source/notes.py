"""The sentences for what is odd about single nodes of a document that could be read."""

from __future__ import annotations

from callint.finding import Problem, Related
from callint.source.document import Document
from callint.source.scalars import TAG, scalar
from callint.source.tree import Note

_FOR_GO = frozenset({"non-string-key", "null-key", "complex-key", "lost-tag", "no-number", "syntax-error"})


def untold(document: Document, note: Note, own: bool) -> bool:
    """Whether a note is about what Go's YAML makes of a value, or of two keys: that matters in manifests only."""
    if own and note.kind in _OWN:
        return False
    if note.kind != "duplicate-key" or note.first < 0:
        return note.kind in _FOR_GO
    first, second = _written(document, note.first), _written(document, note.start)
    return _type(first) is not _type(second) or (_type(first) is bool and first != second)


def problem_of(document: Document, note: Note, own: bool = False) -> Problem:
    """The problem that tells one note, at the key or scalar it is about; `own` as for `reader.read`."""
    span = document.span_at(note.start) if note.start >= 0 else document.span(note.path)
    message, advice = (own and _OWN.get(note.kind)) or _SENTENCES[note.kind]
    related: tuple[Related, ...] = ()
    if note.first >= 0:
        if (
            not own
            and note.kind == "duplicate-key"
            and len({_type(_written(document, at)) for at in (note.first, note.start)}) > 1
        ):
            message = _ALIKE
        first = document.span_at(note.first)
        message = message.replace("{line}", f"line {first.line}")
        related = (Related(first, f'"{_short(note.detail)}" is set here first'),)
    text = _short(note.detail.replace(TAG, "!!"))
    return Problem(note.kind, span, message.replace("{it}", text), related, note.path, advice.replace("{it}", text))


def _written(document: Document, start: int) -> str:
    """A key as it is written."""
    span = document.span_at(start)
    return document.source.line(span.line)[span.column - 1 : span.end_column - 1]


def _type(key: str) -> type:
    """What Go takes a written key for."""
    return str if key[:1] in ("'", '"') else scalar(key).__class__


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


_ALIKE = (
    '"{it}" is set twice in this mapping once its keys are texts, first in {line}: kubectl and calicoctl keep one of '
    "the two values"
)
_SENTENCES = {
    "duplicate-key": (
        '"{it}" is set twice in this mapping, first in {line}: kubectl takes the last one, calicoctl refuses the file',
        "remove one of them, or separate two objects by a line with ---",
    ),
    "merge-overwrites": (
        'the merge "<<" stands behind "{it}" and overwrites it, as kubectl reads it; calicoctl refuses the file',
        "write the values out: calicoctl takes no key that a merge brings in as well",
    ),
    "bad-merge": (
        'the value of "<<" is neither a mapping nor a list of mappings',
        "",
    ),
    "non-string-key": (
        'this key is no string: Go\'s YAML reads it as "{it}"',
        "put the key in quotes",
    ),
    "null-key": (
        "this key is empty, or a number that Go cannot hold: kubectl refuses the document",
        "",
    ),
    "complex-key": (
        "a list or mapping stands as a key: kubectl refuses the document",
        "",
    ),
    "lost-tag": (
        '"{it}" is read as a YAML tag and dropped, because "!" is not quoted',
        "put the whole value in quotes",
    ),
    "syntax-error": (
        'kubectl and calicoctl refuse the file for the "{it}" in this text',
        "put the text in single quotes",
    ),
    "wrong-tag": (
        'the value does not fit its tag "{it}": kubectl refuses the document',
        "remove the tag",
    ),
    "no-number": (
        "this value is infinite or not a number, for which JSON has no word: kubectl refuses the document",
        "put it in quotes if it is a text",
    ),
    "unknown-alias": (
        'the alias "*{it}" names an anchor that is not set before',
        "quote the value if it is a text",
    ),
    "recursive-alias": (
        'the alias "*{it}" stands inside the value that it names',
        "",
    ),
    "alias-bomb": (
        'the aliases of this file stand for too many values, "*{it}" goes over the limit: the rest is not read',
        "",
    ),
    "nesting-limit": (
        "lists and mappings are nested too deeply here: the rest of the document is not read",
        "",
    ),
}
_OWN = {
    "duplicate-key": (
        '"{it}" is set twice in this mapping, first in {line}',
        "remove one of them",
    ),
    "merge-overwrites": (
        'the merge "<<" stands behind "{it}" and overwrites it',
        "remove one of the two",
    ),
    "null-key": (
        "this key is empty, or too large a number",
        "",
    ),
    "complex-key": (
        "a list or mapping stands as a key, where a text is expected",
        "",
    ),
    "wrong-tag": (
        'the value does not fit its tag "{it}"',
        "remove the tag",
    ),
}
"""For a file that is read by callint alone."""
