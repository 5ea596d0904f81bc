"""How the work is done: with how many processes, and whether what earlier runs found is used."""

from __future__ import annotations

import callint
from callint.record import NamedTuple

_WORTH_CACHE = 1_000_000
"""Bytes of manifests below which looking into the cache takes as long as reading them."""
_WORTH_COPIES = 1_000_000
"""Bytes to be read below which a second process gains less than it costs to start."""
_SHARE = 500_000
"""Bytes that each process should have to read."""
_MOST_JOBS = 8


class Means(NamedTuple):
    """What the user says; None leaves it to callint, which uses neither for small trees or inside another program."""

    jobs: int | None = None
    cache: bool | None = None

    def caches(self, size: int) -> bool:
        """Whether the cache serves for so many bytes of manifests."""
        return callint.alone and size >= _WORTH_CACHE if self.cache is None else self.cache

    def processes(self, size: int) -> int:
        """How many processes share the reading of so many bytes."""
        if self.jobs is not None:
            return self.jobs
        if not callint.alone or size < _WORTH_COPIES:
            return 1
        from callint.processes import cores

        return max(1, min(cores(), _MOST_JOBS, size // _SHARE))


ALONE = Means(1, False)
