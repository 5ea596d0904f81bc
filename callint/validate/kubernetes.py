"""Kubernetes' own policies: label selectors of which Calico can make none of its own, which the API server refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from callint.finding import Path
from callint.objects.kubernetes_policy import ConversionError, label_selector
from callint.selector import SelectorError, parse
from callint.selector.parse import MAX_LENGTH
from callint.validate.scope import Scope

_SCOPE = 60
"""Characters that may be put before a selector, to tell pods from others."""


def selectors(scope: Scope, plain: dict[str, Any]) -> None:
    """Tell each label selector that cannot be read, or is too long."""
    longest = min(scope.limits.selector_length, MAX_LENGTH - _SCOPE)
    for path, found in _label_selectors(plain.get("spec"), ("spec",)):
        try:
            text = " && ".join(label_selector(found))
        except ConversionError:
            continue
        if len(text) > longest:
            message = f"the selector is longer than {longest} characters and is not read"
            scope.everywhere("selector-limit", path, message, gap=True)
            continue
        try:
            parse(text)
        except SelectorError as error:
            scope.everywhere(
                "bad-selector", path, f"a label or value is none that Kubernetes admits: {error}", gap=True
            )


def _label_selectors(value: Any, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Maps with terms of a label selector, at any depth."""
    if isinstance(value, dict):
        if "matchLabels" in value or "matchExpressions" in value:
            yield path, value
            return
        for key, child in value.items():
            yield from _label_selectors(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _label_selectors(child, (*path, index))
