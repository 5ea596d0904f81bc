"""Where the data that belongs to callint lies: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

import os
from functools import cache


@cache
def directory(name: str) -> str:
    """The folder `rules` or `schemas`: `callint/data/<name>` in a wheel, `<checkout>/<name>` in an editable install."""
    package = os.path.dirname(os.path.abspath(__file__))
    installed = os.path.join(package, "data", name)
    return installed if os.path.isdir(installed) else os.path.join(os.path.dirname(package), name)
