"""What callint reads, and therefore writes neither a report nor a baseline over."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from callint.cli import output
from callint.source.bounds import target

if TYPE_CHECKING:
    from callint.intake import Reading


def spare_inputs(
    destinations: Iterable[str], reading: Reading, settings: Mapping[str, str | None], facts: tuple[str, ...]
) -> None:
    """End before a report is written over what it is about, or what it depends on; an earlier report is neither.

    `settings` are other files by what they are.
    """
    from callint.source.discover import show

    known = {target(file): what for what, file in settings.items() if file}
    for path in destinations:
        place = target(path)
        if place in known and os.path.isfile(path):
            output.fail(f'a report would be written over the {known[place]} "{path}"')
        file = reading.texts.file(show(path)) or reading.texts.file(show(place))
        if file and any("apiVersion" in value for value in _mappings(file.text)):
            output.fail(f'a report would be written over the manifests in "{path}"')
        if os.path.isfile(path) and _among(place, facts) and any("node" in value for value in _mappings(_text(path))):
            output.fail(f'a report would be written over the facts in "{path}"')


def spare_all_but_baseline(file: str) -> None:
    """End before a baseline is written over what is none; a broken one is."""
    if not os.path.isfile(file):  # a device may be
        return
    text = _text(file)
    if text.strip() and not any("findings" in value for value in _mappings(text)):
        output.fail(f'"{file}" holds something else than a baseline, and is not written over')


def _among(place: str, facts: tuple[str, ...]) -> bool:
    from callint.source.discover import discover

    return any(place == target(one.path) for one in discover(facts).places)


def _text(file: str) -> str:
    from callint.source import Limits
    from callint.source.files import UnreadableError, read_text

    try:
        return read_text(file, limit=Limits().file_bytes)
    except UnreadableError as error:
        output.fail(f"{file}: {error}")


def _mappings(text: str) -> list[dict[str, Any]]:
    from callint.source import parse

    return [document.value for document in parse(text).documents if isinstance(document.value, dict)]
