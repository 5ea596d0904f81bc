"""Whether whatever one selector matches is matched by another, asked for many pairs of selectors."""

from __future__ import annotations

from callint.selector import Selector
from callint.selector.plain import implied, plain
from callint.selector.satisfy import implies, satisfiable


class Implication:
    """Answers made once; most are no because of one set of labels."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self._answers: dict[tuple[Selector, Selector], bool] = {}
        self._samples: dict[Selector, dict[str, str] | None] = {}

    def holds(self, a: Selector, b: Selector) -> bool:
        """Whether whatever `a` matches is surely matched by `b`."""
        if a is b:
            return True
        one, other = plain(a), plain(b)
        if one is not None and other is not None:
            return implied(one, other)
        sample = self.sample(a)
        if sample is not None and not b.matches(sample):
            return False
        found = self._answers.get((a, b))
        if found is None:
            found = self._answers[a, b] = implies(a, b) is True
        return found

    def sample(self, selector: Selector) -> dict[str, str] | None:
        """Labels that the selector matches, if there are any that are easily found."""
        if selector not in self._samples:
            found = satisfiable(selector)
            self._samples[selector] = found if isinstance(found, dict) else None
        return self._samples[selector]
