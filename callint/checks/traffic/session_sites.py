"""Where BGP sessions need packets: one site for all calls of a node that are alike, and each of them by itself."""

from __future__ import annotations

from collections.abc import Iterator

from callint.calico.defaults import BGP_PORT
from callint.checks.traffic.bgp_calls import Call, Calls, calls
from callint.checks.traffic.need import Evidence, Need
from callint.checks.traffic.place import About, Site
from callint.net.address import Address
from callint.policy.ranges import NO_RANGES, singles


def session_sites(about: About, need: Need, evidence: Evidence) -> Iterator[Site]:
    """BGP sessions of the node: `passive` ones are called from afar, `active` ones call, `open` ones may do both.

    Where facts may lead to each far end by an interface of its own, each call has its sites.
    """
    for several in calls(about.cluster, about.name):
        if several.role != evidence.value or several.far.addresses == NO_RANGES:
            continue
        if about.facts is not None:
            yield from _each(about, need, several)
            continue
        place = _holding(about, several)
        if place is not None:
            site = _site(about, need, several, *place)
            yield site._replace(far=site.among, calls=several, near=several.near.addresses)


def apart(about: About, need: Need, site: Site) -> Iterator[Site]:
    """The sites for which one stands."""
    if site.calls is not None:
        for one in _each(about, need, site.calls):
            yield one._replace(missing=site.missing, near=site.near)


def _each(about: About, need: Need, several: Calls) -> Iterator[Site]:
    for call in several.apart():
        for (name, own), far in _ways(about, several, call).items():
            site = _site(about, need, several, name, own)
            yield site._replace(far=singles(far), remote=call.remote)


def _site(about: About, need: Need, several: Calls, name: str, own: tuple[Address, ...]) -> Site:
    port = several.far_port if need.direction == "out" else several.local.port
    return Site(
        about.name,
        name,
        own,
        "a BGP session needs it",
        several.span,
        port or BGP_PORT,
        far_port=several.far_port or BGP_PORT,
        among=several.far.addresses,
    )


def _holding(about: About, several: Calls) -> tuple[str, tuple[Address, ...]] | None:
    """The interface with the node's BGP address."""
    return next(about.holding((several.own,)), None) if several.own is not None else None


def _ways(about: About, several: Calls, call: Call) -> dict[tuple[str, tuple[Address, ...]], list[Address]]:
    """The far ends by interface and own address there; those of which nothing tells the interface are left out."""
    holding = _holding(about, several)
    found: dict[tuple[str, tuple[Address, ...]], list[Address]] = {}
    for far in call.far:
        name = about.ways.to(far) if about.ways is not None else None
        place = holding
        if name is not None:
            here = tuple(one for one in about.interfaces.get(name, ()) if one.family == far.family)
            place = (name, (several.own,) if several.own in here and several.own is not None else here[:1])
        if place is not None and place[0] in about.interfaces:
            found.setdefault(place, []).append(far)
    return found
