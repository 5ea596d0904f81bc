"""A file of pieces is whole or worth nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callint.cache import opened, sealed

PIECES = st.dictionaries(st.text(max_size=8), st.binary(max_size=40), max_size=6)
SMALL = sealed({"a": b"one\ntwo", "b": b"", "\u00e9\n": b"\x00\xff"})


def plain(data: bytes) -> dict[str, bytes]:
    return {name: bytes(piece) for name, piece in opened(data).items()}


@given(PIECES)
def test_pieces_come_back_in_their_order(pieces: dict[str, bytes]) -> None:
    assert list(plain(sealed(pieces)).items()) == list(pieces.items())


def test_any_changed_byte_leaves_nothing() -> None:
    for place in range(len(SMALL)):
        for bit in range(8):
            damaged = bytearray(SMALL)
            damaged[place] ^= 1 << bit
            assert opened(bytes(damaged)) == {}


def test_any_shorter_or_longer_file_leaves_nothing() -> None:
    assert plain(SMALL)
    for length in range(len(SMALL)):
        assert opened(SMALL[:length]) == {}
    assert opened(SMALL + b"\n") == {}


@given(PIECES, st.data())
def test_damage_of_several_bytes_leaves_nothing(pieces: dict[str, bytes], data: st.DataObject) -> None:
    whole = sealed(pieces)
    start = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(start, len(whole)))
    damaged = whole[:start] + data.draw(st.binary(max_size=20)) + whole[end:]
    assert plain(damaged) == (pieces if damaged == whole else {})


@given(st.binary(max_size=200))
def test_any_other_file_holds_nothing(data: bytes) -> None:
    assert opened(data) == {}
