"""Values that selectors ask for, and that no label can have (IsValidLabelValue of apimachinery, validateObjectMeta)."""

from __future__ import annotations

import re
from functools import lru_cache

from callint.calico.defaults import KUBERNETES_NAME_LABEL
from callint.selector.parse import mentions
from callint.selector.tokens import Token
from callint.validate.values import label_value

_LEGAL = r"[-A-Za-z0-9_.]*"
_FILLED_IN = r"[$<>{}\[\]~^`]|\(\(|^__.*__$|([%@#]).*\1"
"""What a value holds in whose place a later step may put another."""
_INNER = "-_."
"""What stands inside of values alone."""
_OF_CALICO = "projectcalico.org/"
_PARTS = {"contains": "contain", "starts with": "start with", "ends with": "end with"}
_NEGATED = ("!=", "not in")
_FALSE, _TRUE = "the comparison is never true", "the comparison is always true"
_IN_VAIN = "the set holds it in vain"


def impossible_value(text: str) -> tuple[Token, str] | None:
    """Of a selector that can be read the first value that no label can have, and a sentence."""
    quote = "'" if '"' not in text else '"' if "'" not in text else None
    if quote and all(map(_usual, text.split(quote)[1::2])):
        return None
    for one in mentions(text):
        for token in one.values:
            said = impossible(one.key.value, token.value, one.operator)
            if said is not None:
                further = len(one.values) > 1
                return token, f"{said}; {_IN_VAIN if further else _TRUE if one.operator in _NEGATED else _FALSE}"
    return None


@lru_cache(maxsize=1 << 12)
def _usual(value: str) -> bool:
    return label_value(value) is None


def impossible(key: str, value: str, operator: str = "==") -> str | None:
    """Why a label cannot have a value, or a part of one; None if it can, or a later step may put another in its place.

    Labels that Calico sets may be longer, as the names of service accounts are; names of namespaces have a rule of
    their own.
    """
    if re.search(_FILLED_IN, value) or (
        re.fullmatch(_LEGAL, value) and (_OF_CALICO in key or key.endswith(KUBERNETES_NAME_LABEL))
    ):
        return None
    whole = value
    if operator in ("contains", "starts with"):
        whole = whole.rstrip(_INNER)
    if operator in ("contains", "ends with"):
        whole = whole.lstrip(_INNER)
    said = label_value(whole)
    verb = _PARTS.get(operator, "be")
    return None if said is None else f'the value of the label "{key}" cannot {verb} "{value}": {said}'
