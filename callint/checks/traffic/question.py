"""What must hold at one site: connections, and the points where they meet policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from callint.checks.traffic.bgp_calls import Ends
from callint.checks.traffic.need import Need, Packets
from callint.checks.traffic.peer_addresses import Peers, peer_addresses
from callint.checks.traffic.place import About, Site, abouts
from callint.net.address import Address
from callint.policy import Model
from callint.policy.packet import Direction
from callint.policy.ranges import NO_RANGES, Ranges, singles
from callint.record import NamedTuple


class Point(NamedTuple):
    """Where packets meet policy: a node's interface, into the node or out of it."""

    node: str
    interface: str
    direction: Direction


class Connection(NamedTuple):
    """Packets with both ends and all points on their way; an end is None where nobody knows the node's own address.

    `sources` and `destinations` hold the ends of many connections, and are one value for all of these; `anyones` is
    that of `Peers`. `beyond` are the points of many far ends.
    """

    packets: Packets
    source: Ranges | None
    destination: Ranges | None
    sources: Ranges | None
    destinations: Ranges | None
    anyones: bool
    points: tuple[Point, ...]
    beyond: tuple[Point, ...] = ()


class Question(NamedTuple):
    """One of the connections must pass, for all addresses or, if `anybody`, for any one of them."""

    need: Need
    site: Site
    connections: tuple[Connection, ...]
    anybody: bool


def question(names: Mapping[str, About], need: Need, site: Site) -> Question | None:
    """The packets of a need at a site; None where nobody is at the far end."""
    peers = peer_addresses(names[site.node], need, site)
    if peers.addresses == NO_RANGES:
        return None
    places = ((site.interface, site.own), *site.others)
    own_known = need.own is not None or all(own for _, own in places)
    if need.direction == "either":
        found = tuple(_either(names, need, site, peers))
    else:
        found = tuple(
            _connection(need, one, site, own, peers) for one, (_, own) in zip(points(need, site), places, strict=True)
        )
    return Question(need, site, found, peers.somebody or not own_known)


def points(need: Need, site: Site) -> tuple[Point, ...]:
    """Where packets of a need that goes one way may pass: at the interface, or at one of the others."""
    direction: Direction = "ingress" if need.direction == "in" else "egress"
    return tuple(Point(site.node, name, direction) for name in (site.interface, *(name for name, _ in site.others)))


def _connection(need: Need, point: Point, site: Site, own: tuple[Address, ...], peers: Peers) -> Connection:
    here, near = need.own or (singles(own) if own else None), site.near if need.own is None else None
    far, among, packets = peers.addresses, peers.among, need.packets.to_port(site.port)
    if point.direction == "ingress":
        return Connection(packets, far, here, among, near, peers.anyones, (point,))
    return Connection(packets, here, far, near, among, peers.anyones, (point,))


def _either(names: Mapping[str, About], need: Need, site: Site, peers: Peers) -> Iterator[Connection]:
    """Connections from afar and to there; where the far end is a node with host endpoints, they pass those too."""
    ways: tuple[tuple[Direction, Direction, int | None], ...] = (
        ("ingress", "egress", site.port),
        ("egress", "ingress", site.far_port),
    )
    there = None if site.remote is None else _at(names.get(site.remote), peers.addresses)
    for direction, opposite, port in ways:
        point = Point(site.node, site.interface, direction)
        found = _connection(need, point, site._replace(port=port), site.own, peers)
        if there is not None:
            found = found._replace(points=(point, Point(*there, opposite)))
        elif site.calls is not None:
            found = found._replace(beyond=_beyond(names[site.node].model, site.calls.far, opposite))
        yield found


def _at(about: About | None, addresses: Ranges) -> tuple[str, str] | None:
    """The node and the interface that has just these addresses."""
    interfaces = about.interfaces.items() if about is not None else ()
    return next(((about.name, name) for name, own in interfaces if about and singles(own) == addresses), None)


@lru_cache(maxsize=1 << 10)
def _beyond(model: Model, ends: Ends, direction: Direction) -> tuple[Point, ...]:
    """The points of all nodes at one end of sessions, where they have host endpoints."""
    found = ((one.name, singles((address,))) for one, address, _ in ends.known)
    places = (_at(abouts(model).get(name), addresses) for name, addresses in found)
    return tuple(Point(*place, direction) for place in places if place is not None)


def wanted(need: Need, site: Site) -> tuple[Packets, ...]:
    """The packets that a site asks about."""
    ports = (site.port, site.far_port) if need.direction == "either" else (site.port,)
    return tuple(need.packets.to_port(port) for port in ports)
