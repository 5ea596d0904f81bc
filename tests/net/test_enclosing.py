"""Networks that hold a network, against asking each."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callint.net.address import Family, Prefix
from callint.net.enclosing import Enclosing


@st.composite
def networks(draw: st.DrawFn) -> Prefix:
    family: Family = draw(st.sampled_from([4, 6]))
    bits = 32 if family == 4 else 128
    return Prefix(family, draw(st.integers(0, 7)) << bits - 3, draw(st.sampled_from([0, 1, 2, 3, 5, bits])))


@given(st.lists(networks(), max_size=8), networks())
def test_networks_are_those_of_asking_each(several: list[Prefix], inner: Prefix) -> None:
    found = Enclosing((one, number) for number, one in enumerate(several)).of(inner)
    assert found == [(one, number) for number, one in enumerate(several) if one.contains(inner)]
