"""Ports of one service at one interface that policy treats alike: one question instead of many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from callint.checks.traffic.answer import Answers
from callint.checks.traffic.need import Need
from callint.checks.traffic.place import Site
from callint.checks.traffic.question import points
from callint.net.diagrams import TooLargeError


def together(answers: Answers, sites: Sequence[tuple[Need, Site]]) -> list[tuple[Need, Site]]:
    """The first of all that differ in nothing but the port, and in this not for policy, with their number."""
    alike = [(id(need), site._replace(port=None, span=None)) for need, site in sites]
    several = {key for key, count in Counter(alike).items() if count > 1}
    found: dict[object, list[tuple[Need, Site]]] = {}
    for place, (one, key) in enumerate(zip(sites, alike, strict=True)):
        told = _told(answers, *one) if key in several else None
        found.setdefault((key, told) if told is not None else place, []).append(one)
    return [(need, site._replace(stands_for=len(group))) for group in found.values() for need, site in group[:1]]


def _told(answers: Answers, need: Need, site: Site) -> object:
    """What policy tells ports apart by; None where other things count, too, or that is not known."""
    if site.port is None or site.calls is not None or need.direction == "either":
        return None
    try:
        return tuple(answers.port(point, site.port) for point in points(need, site))
    except TooLargeError:
        return None
