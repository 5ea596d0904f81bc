"""Which fact is missing where an endpoint's own policy leaves a packet undecided."""

from __future__ import annotations

from callint.policy.chains import Chain, Direction, EndpointChains, through_tiers
from callint.policy.doubt import Doubts, explore
from callint.policy.packet import Flow, Verdict


def missing_fact(chains: EndpointChains, direction: Direction, flow: Flow) -> str | None:
    """What one would have to know of a packet's rules; None if one packet by itself is decided."""

    def decide(doubts: Doubts) -> Verdict:
        decision = through_tiers(Chain(chains, "normal", direction, ""), flow, doubts, [])
        kind = decision.kind if decision is not None else "none"
        return Verdict("accept" if kind == "allow" else "drop" if kind == "drop" else "no-verdict", "")

    return explore(decide).unknown
