"""Rules and policies one behind the other."""

from __future__ import annotations

from collections.abc import Iterator

from callint.net.packets import PacketSpace
from callint.policy.symbolic.block import Block, Cause, in_order


def test_what_stands_behind_a_block_that_matches_everything_is_not_made() -> None:
    space = PacketSpace(4)
    tcp = space.box(protocol=((6, 6),))

    def blocks() -> Iterator[Block]:
        yield Block({Cause("allow"): tcp}, tcp)
        yield Block({Cause("drop"): space.everything}, space.everything)
        raise AssertionError("a third is asked for")

    found = in_order(space, blocks())
    assert found.surely == space.everything
    assert found.shares == {Cause("allow"): tcp, Cause("drop"): space.everything - tcp}
