"""What becomes of all packets of one traffic class: accepted, dropped, left to the host, or not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from callint.net.packets import PacketSet, PacketSpace
from callint.policy.packet import Outcome
from callint.policy.symbolic.block import Cause, Shares
from callint.record import NamedTuple

OUTCOMES: tuple[Outcome, ...] = ("accept", "drop", "no-verdict")
_UNKNOWN: Outcome = "unknown"


class Part(NamedTuple):
    """Packets with one outcome, and what decides about them."""

    outcome: Outcome
    cause: Cause
    packets: PacketSet


class Partition:
    """Every packet of the family under exactly one outcome.

    A packet is `unknown` where missing facts, each taken by itself, leave it more than one outcome: a few of those have
    only one after all if two rules wait for the same fact, but what is said to be known is.
    """

    def __init__(self, space: PacketSpace, ends: Mapping[Outcome, Shares]) -> None:
        """`ends`: what may become of which packets, and by which cause."""
        self.space = space
        self._ends = ends
        possible = {outcome: space.union_all(ends.get(outcome, {}).values()) for outcome in (*OUTCOMES, _UNKNOWN)}
        sure = {
            outcome: possible[outcome] - space.union_all(may for other, may in possible.items() if other != outcome)
            for outcome in OUTCOMES
        }
        self.accept, self.drop, self.no_verdict = sure["accept"], sure["drop"], sure["no-verdict"]
        self.unknown = space.everything - (self.accept | self.drop | self.no_verdict)

    def of(self, outcome: Outcome) -> PacketSet:
        """The packets with an outcome."""
        return {"accept": self.accept, "drop": self.drop, "no-verdict": self.no_verdict}.get(outcome, self.unknown)

    def parts(self) -> Iterator[Part]:
        """Every cause with the packets that it decides; those of one outcome overlap where a fact decides on the cause.

        An unknown part stands under each cause that might decide about its packets.
        """
        for outcome in (*OUTCOMES, _UNKNOWN):
            for cause, packets in self._ends.get(outcome, {}).items():
                for result in dict.fromkeys((outcome, _UNKNOWN)):
                    if here := packets & self.of(result):
                        yield Part(result, cause, here)
