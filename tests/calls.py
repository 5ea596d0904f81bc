"""How much work something is, told without a clock: by the calls of functions that it makes."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def calls(work: Callable[[], Any]) -> int:
    """The calls of Python's and of C's functions; the same each time, if what is remembered is."""
    count = 0

    def seen(_: FrameType, event: str, __: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    # The collector would call what ends with the garbage of others, and Python 3.11.7 crashed once in it, over a frame
    # that was seen.
    before, collecting = sys.getprofile(), gc.isenabled()
    gc.disable()
    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(before)
        if collecting:
            gc.enable()
    return count
