"""Which networks of many hold a network."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Generic, TypeVar

from callint.net.address import BITS, Family, Prefix

T = TypeVar("T")


class Enclosing(Generic[T]):
    """Networks with something about each, by length: a question costs as much as there are lengths."""

    def __init__(self, networks: Iterable[tuple[Prefix, T]]) -> None:
        """Put each under its own bits."""
        self._found: dict[tuple[Family, int], dict[int, list[tuple[int, Prefix, T]]]] = {}
        for place, (network, about) in enumerate(networks):
            key = network.value >> BITS[network.family] - network.length
            same = self._found.setdefault((network.family, network.length), {})
            same.setdefault(key, []).append((place, network, about))

    def of(self, inner: Prefix) -> list[tuple[Prefix, T]]:
        """The networks of which all of `inner` is a part, in the order in which they were given."""
        found: list[tuple[int, Prefix, T]] = []
        for (family, length), same in self._found.items():
            if family == inner.family and length <= inner.length:
                found += same.get(inner.value >> BITS[family] - length, ())
        return [(network, about) for _, network, about in sorted(found, key=itemgetter(0))]
