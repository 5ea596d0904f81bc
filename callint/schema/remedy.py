"""What to write in place of a value of the wrong type, where that can be told."""

from __future__ import annotations

import re
from typing import Any

from callint.calico.kinds import NETWORKING
from callint.finding import Path
from callint.schema.history import APIS, Schema
from callint.source.scalars import go_text

_LABEL = re.compile(r"[A-Za-z0-9][-A-Za-z0-9_./]{0,62}")
_LONGEST = 60
_GO_TYPES = frozenset({"v1", "apps/v1", "batch/v1", "discovery.k8s.io/v1", NETWORKING})
"""Whose objects the API server decodes into types of its own: a null in a list becomes an empty item."""
_BOOLEANS = {"true": ("on", "yes"), "false": ("off", "no")}


def instead(history: Schema, path: Path, value: Any) -> str:
    """How a word in place of labels is one of them, labels in place of a selector, and an empty item of a list."""
    last = path[-1] if path else ""
    if value is None and isinstance(last, int) and history.get(APIS, {}).keys() & _GO_TYPES:
        return "Kubernetes takes it for an item in which no field is set: write `{}` if that is meant, else remove it"
    if isinstance(value, dict) and str(last).lower().endswith("selector"):
        return _as_selector(value)
    if last != "labels" or not isinstance(value, str) or not _LABEL.fullmatch(value):
        return ""
    return f'a label without a value is written `{{{value}: ""}}`'


def _as_selector(value: dict[str, Any]) -> str:
    labels = value.get("matchLabels")
    pairs = labels.items() if isinstance(labels, dict) and len(value) == 1 else ()
    for key, label in pairs:
        if not (isinstance(label, str) and _LABEL.fullmatch(key) and _LABEL.fullmatch(label or "0")):
            return ""
    text = " && ".join(f"{key} == '{label}'" for key, label in pairs)
    return f"a selector is a text here: `{text}`" if 0 < len(text) <= _LONGEST else ""


def in_quotes(value: Any, words: list[Any]) -> str:
    """How a word that YAML takes for a boolean is written, where one of several is such a word."""
    boolean = go_text(value) if isinstance(value, bool) else value
    near = _BOOLEANS.get(boolean, ()) if isinstance(boolean, str) else ()
    word = next((word for word in words if isinstance(word, str) and word.lower() in near), None)
    return f'without quotes YAML takes {word} for the boolean {boolean}: write "{word}"' if word else ""
