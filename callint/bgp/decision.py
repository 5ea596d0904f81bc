"""What becomes of a set of routes on one session in one direction, and what decided it."""

from __future__ import annotations

from typing import Literal

from callint.bgp.asked import Unless
from callint.bgp.candidates import Routes
from callint.bgp.route import Attributes, Conditions, Presence
from callint.bgp.rules import Rule, Verdict
from callint.bgp.tagging import Tag
from callint.net.prefixes import PrefixSet
from callint.record import NamedTuple

Step = Literal[
    "no-echo",
    "no-reflection",
    "well-known-community",
    "own-as-in-path",
    "filter",
    "pool-withheld",
    "tunnel-interface",
    "own-block",
    "own-service",
    "reflected-service",
    "pool-exported",
    "default",
]

STEPS: dict[Step, str] = {
    "no-echo": "BIRD never sends a route back to where it came from",
    "no-reflection": "routes from iBGP go to iBGP only by way of a route reflector",
    "well-known-community": "NO_ADVERTISE or NO_EXPORT",
    "own-as-in-path": "the session's own AS is in the path",
    "filter": "a BGPFilter",
    "pool-withheld": "inside an IPPool with disableBGPExport",
    "tunnel-interface": "leaves by a tunnel or eBPF interface",
    "own-block": "an IPAM block of the node, or inside one",
    "own-service": "inside an announced service network",
    "reflected-service": "inside a service network that reflectors pass on",
    "pool-exported": "inside an IPPool",
    "default": "nothing else decided",
}


class Decision(NamedTuple):
    """Routes of one origin with these prefixes, accepted or rejected by one step, or by one rule of a BGPFilter.

    Such a route meets all of `when` and not all of any tuple in `unless` (see `filters.Part`). What leaves (or is in
    the table, on import) has the attributes of `result`; `tags` are the prefixAdvertisements that count on it.
    """

    routes: Routes
    prefixes: PrefixSet
    verdict: Verdict
    step: Step
    rule: Rule | None = None
    when: Conditions = ()
    unless: Unless = ()
    result: Attributes = Attributes()
    tags: tuple[Tag, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the routes pass, or may pass where a rule cannot be read."""
        return self.verdict != "reject"

    @property
    def certain(self) -> bool:
        """Whether every such route is decided here."""
        return not self.when and not self.unless and self.verdict != "unknown"

    @property
    def presence(self) -> Presence:
        """Whether there are such routes, once this has been decided on: there may be where something is left open."""
        return self.routes.presence if self.certain else "any"

    @property
    def why(self) -> str:
        """What decided, in words."""
        return str(self.rule) if self.rule is not None else STEPS[self.step]
