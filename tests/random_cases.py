"""How many random cases a test takes that needs more or fewer than others."""

from __future__ import annotations

from hypothesis import settings

_USUAL = 100
_LEAST = 5


def examples(number: int) -> int:
    """So many, or where the profile has fewer than usual, as many fewer."""
    return max(_LEAST, number * settings().max_examples // _USUAL)
