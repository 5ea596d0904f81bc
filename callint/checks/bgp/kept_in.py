"""What BGPFilters reject on every session of several."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from callint.bgp.filtering import Filters, filtering
from callint.bgp.filters import Part, View
from callint.bgp.peering import Peering
from callint.bgp.route import Attributes
from callint.bgp.rules import Direction, Rule
from callint.bgp.session import Session
from callint.net.address import Family
from callint.net.prefixes import PrefixSet, everything, union_all
from callint.objects import Cluster
from callint.steps import Steps

_OF_FILTERS = 10


class Gates:
    """The filters of sessions of one family, asked which prefixes none of them may let through."""

    def __init__(
        self,
        cluster: Cluster,
        ends: Iterable[Peering | Session],
        family: Family,
        steps: Steps,
        direction: Direction = "export",
    ) -> None:
        """Raises TooManyStepsError."""
        self._cluster = cluster
        self._view = View(direction)
        near = [one.form for one in ends if one.family == family]
        self._filters = tuple(dict.fromkeys(form.filters for form in near))
        every = everything(family)
        # Any peer may tell one more router; what a node takes is up to those that it has.
        peers = cluster.bgp_peers if direction == "export" else (one.peer for one in near if one.peer is not None)
        known = all(one.resource.whole for one in peers) and all(map(self._known, self._filters))
        self._open = union_all(family, self._let_through(every, steps)) if known else every

    def open_to(self, prefixes: PrefixSet) -> bool:
        """Whether a route with one of these prefixes may pass on any session, as far as there are sessions."""
        return bool(prefixes) and (not self._filters or self._open.overlaps(prefixes))

    def keeper(self, prefixes: PrefixSet) -> Rule | None:
        """A rule that rejects routes with these prefixes, where all of them are surely rejected on every session."""
        if self.open_to(prefixes):
            return None
        return next(part.rule for part in self._parts(self._filters[0], prefixes))

    def _known(self, filters: Filters) -> bool:
        return bool(filters) and all(name in self._cluster.bgp_filters for name in filters)

    def _let_through(self, every: PrefixSet, steps: Steps) -> Iterator[PrefixSet]:
        for filters in self._filters:
            parts = self._parts(filters, every)
            steps.spend(_OF_FILTERS + len(parts))
            yield from (one.prefixes for one in parts if one.rule is None or one.rule.verdict != "reject")

    def _parts(self, filters: Filters, prefixes: PrefixSet) -> tuple[Part, ...]:
        return filtering(self._cluster).parts(filters, self._view, Attributes(), prefixes)
