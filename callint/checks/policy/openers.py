"""Which policies let pods ask for names, and what keeps them from it where none does."""

from __future__ import annotations

from callint.checks.policy.denied_questions import DeniedQuestions, Late
from callint.checks.policy.dns_questions import may_open
from callint.objects import Cluster
from callint.policy import model_of
from callint.policy.tiers import PlacedPolicy
from callint.record import NamedTuple
from callint.selector import Selector
from callint.selector.overlap import OverlapIndex
from callint.selector.satisfy import overlaps
from callint.selector.syntax import ALL
from callint.selector.values import Budget


class Kept(NamedTuple):
    """Why the first policy opens in vain, or else the first one that the end of the tier leaves unasked, if any."""

    late: Late | None
    behind: PlacedPolicy | None


class Openers:
    """The policies that may let pods ask for names, by the tiers in which they are asked."""

    def __init__(self, cluster: Cluster, denied: DeniedQuestions) -> None:
        """Those of all policies in their order."""
        self._index = may_open(cluster, (placed for _, placed in model_of(cluster).policies))
        self._budget = Budget(cluster.limits.comparisons)
        self._denied = denied
        self._tiers: dict[int, int] = {}
        self._known: dict[tuple[Selector, int], Kept | None] = {}
        self._not_in_vain: dict[tuple[int, int], OverlapIndex[PlacedPolicy]] = {}
        numbers: dict[str, int] = {}
        for tier, placed in model_of(cluster).policies:
            number = numbers.setdefault(tier.name, len(numbers))
            # one that is not among the manifests may be anywhere, or one with an order that cannot be read
            self._tiers[id(placed)] = number if tier.exists and not tier.hidden else -1

    def kept(self, placed: PlacedPolicy) -> Kept | None:
        """What keeps those whom a policy selects from asking; None where one may let them. Raises ExhaustedError."""
        key = placed.selector, self._tiers[id(placed)]
        if key not in self._known:
            self._known[key] = self._kept(placed)
        return self._known[key]

    def _kept(self, placed: PlacedPolicy) -> Kept | None:
        behind = None
        for other in self._index.candidates(placed.selector):
            if not self._near(placed, other):
                continue
            if self._behind(placed, other):
                behind = behind or other
                continue
            late = self._denied.late(placed, other)
            if late is None or self._asked_elsewhere(placed, late):
                return None
            return Kept(late, None)
        return Kept(None, behind)

    def _near(self, placed: PlacedPolicy, other: PlacedPolicy) -> bool:
        """Whether one policy may be for some of those whom another one selects."""
        self._budget.spend(1)
        return overlaps(other.selector, placed.selector, self._budget) is not False

    def _behind(self, placed: PlacedPolicy, other: PlacedPolicy) -> bool:
        return self._tiers[id(other)] > self._tiers[id(placed)]

    def _asked_elsewhere(self, placed: PlacedPolicy, late: Late) -> bool:
        """Whether some of those whom a policy selects may ask by another one than such as come after a denial."""
        others = self._other_than(placed, late).candidates(placed.selector)
        return any(self._near(placed, other) and not self._behind(placed, other) for other in others)

    def _other_than(self, placed: PlacedPolicy, late: Late) -> OverlapIndex[PlacedPolicy]:
        """The policies that do not open in vain, the same for all that one denial is the first for."""
        key = id(late.denying), id(late.denial)
        if key not in self._not_in_vain:
            openers = list(self._index.candidates(ALL))
            self._budget.spend(len(openers))
            opening = ((one.selector, one) for one in openers if self._denied.late(placed, one) is None)
            self._not_in_vain[key] = OverlapIndex(opening)
        return self._not_in_vain[key]
