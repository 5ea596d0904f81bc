"""Calico's selector language: read, print, evaluate; `satisfy` reasons about all labels at once, `rewrite` converts."""

from callint.selector.parse import SelectorError, mentions, parse, parse_or_none
from callint.selector.plain import keys
from callint.selector.syntax import Selector, evaluate, keys_and_values

__all__ = ["Selector", "SelectorError", "evaluate", "keys", "keys_and_values", "mentions", "parse", "parse_or_none"]
