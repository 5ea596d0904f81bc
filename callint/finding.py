"""The values that every floor shares: where something stands, what is wrong there, and the proof."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from callint.record import NamedTuple

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")

Step = str | int
Path = tuple[Step, ...]


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def all_of(number: int, noun: str) -> str:
    """Of two or more: `both files`, `all 3 files`."""
    return f"both {noun}s" if number == 2 else f"all {number} {noun}s"


def quoted(names: Sequence[str], most: int) -> str:
    """Names in quotes with commas; of many the first, and how many more there are."""
    more = len(names) - most
    return ", ".join([f'"{name}"' for name in names[:most]]) + (f" and {more} more" if more > 0 else "")


class Span(NamedTuple):
    """A stretch of one file; lines and columns are 1-based, columns count characters, the end column is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    @property
    def start(self) -> str:
        """Where it begins, as editors and people read it."""
        return f"{self.file}:{self.line}:{self.column}"


class Related(NamedTuple):
    """A second place that explains a finding, with a label of a few words."""

    span: Span
    label: str


class Problem(NamedTuple):
    """What a stage before the rules found in the text or shape of a document.

    `kind` is the kebab-case name of the rule that reports it (`duplicate-key`); the catalogue has its id and severity.
    `path` leads from the document's root to the value, where there is one.
    """

    kind: str
    span: Span
    message: str
    related: tuple[Related, ...] = ()
    path: Path = ()
    help: str = ""


class Witness(NamedTuple):
    """Structured evidence; `type` is packet, route, interface, address, selector or reference, facts are pairs."""

    type: str
    facts: tuple[tuple[str, Any], ...]

    def as_dict(self) -> dict[str, Any]:
        """The JSON form: the type first, facts without a value left out."""
        return {"type": self.type, **{name: value for name, value in self.facts if value is not None}}


def witness(type_: str, **facts: Any) -> Witness:
    """Make a witness; the order of the keywords is the order in which it is shown, lists become tuples."""
    return Witness(
        type_, tuple([(name, tuple(value) if isinstance(value, list) else value) for name, value in facts.items()])
    )


class ObjectRef(NamedTuple):
    """The identity of one Kubernetes object."""

    api_version: str
    kind: str
    namespace: str | None
    name: str

    def __str__(self) -> str:
        """`Kind/name`, or `Kind/namespace/name`."""
        return f"{self.kind}/{self.namespace}/{self.name}" if self.namespace else f"{self.kind}/{self.name}"


class Suppression(NamedTuple):
    """Why somebody accepted a finding, and whether they wrote it beside what is found or elsewhere."""

    reason: str
    in_source: bool


class Finding(NamedTuple):
    """One thing that is wrong: which rule, where, why, how to fix it and the witness that proves it."""

    rule: str
    name: str
    severity: Severity
    message: str
    span: Span
    object: ObjectRef | None = None
    path: str = ""
    cluster: str = "default"
    related: tuple[Related, ...] = ()
    witness: Witness | None = None
    help: str = ""
    suppressed: Suppression | None = None
