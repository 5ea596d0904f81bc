"""The words in which a rule describes what nodes need: which of them, which packets, and with whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from callint.calico.defaults import API_SERVER_PORT
from callint.checks.breach import CheckError
from callint.checks.traffic.flow_terms import known_keys, read_ports, services
from callint.net import intervals
from callint.net.address import Family, parse_cidr
from callint.net.internet import INTERNET
from callint.net.intervals import Intervals
from callint.net.packets import Box
from callint.net.ports import ICMP, ICMPV6, WITH_PORTS, parse_protocol
from callint.objects import Cluster
from callint.objects.cluster_networks import api_server_port
from callint.policy.ranges import Ranges, ranges
from callint.record import NamedTuple

DIRECTIONS = ("in", "out", "either")
PLACES = (
    "declared",
    "listener",
    "role",
    "nodes",
    "outward",
    "way",
    "endpoint",
    "route",
    "tunnel",
    "session",
    "deployed",
    "ipv6",
)
"""Where a need may be seen; `callint.checks.traffic.sites` looks."""
_ALONE = ("outward", "endpoint", "ipv6")
_LISTENER = frozenset({"ports", "process", "bound"})
PEERS = ("somebody", "neighbours", "nodes", "calico-nodes", "control-plane", "etcd", "pods", "session")
"""Who may be at the far end; `callint.checks.traffic.peer_addresses` knows them."""
_KEYS = (
    "name",
    "at",
    "direction",
    "peers",
    "own",
    "protocol",
    "ports",
    "sourcePorts",
    "icmpTypes",
    "because",
)


class Evidence(NamedTuple):
    """One way to see that a node needs something: the word, what it asks for, and what one would have to know."""

    word: str
    value: Any
    missing: str | None = None


class Packets(NamedTuple):
    """The packets of a need, whatever their addresses; None is any."""

    protocol: int
    ports: Intervals | None = None
    source_ports: Intervals | None = None
    icmp_types: Intervals | None = None

    def to_port(self, port: int | None) -> Packets:
        """The same to another port, if one is given."""
        return self if port is None else self._replace(ports=((port, port),))

    def box(self, family: Family) -> Box | None:
        """Those of one family; None if they are of the other one."""
        if self.protocol == (ICMPV6 if family == 4 else ICMP):
            return None
        sides = {"destination_port": self.ports, "source_port": self.source_ports, "icmp_type": self.icmp_types}
        protocol = ((self.protocol, self.protocol),)
        return {"protocol": protocol, **{name: side for name, side in sides.items() if side is not None}}

    @property
    def words(self) -> str:
        """`TCP port 53`."""
        return services(self.protocol, self.ports, self.icmp_types)


def merged(asked: Iterable[Packets]) -> Iterator[Packets]:
    """The same packets, those to different ports together."""
    found: dict[Packets, dict[Intervals | None, None]] = {}
    for one in asked:
        found.setdefault(one._replace(ports=None), {})[one.ports] = None
    for bare, ports in found.items():
        known = [side for side in ports if side is not None]
        yield bare if len(known) < len(ports) else bare._replace(ports=intervals.merge(chain.from_iterable(known)))


class Need(NamedTuple):
    """Packets that must pass wherever one of `at` is seen.

    `peers` are tried in order until one names an address; `own` stands for the node's own addresses.
    """

    name: str
    at: tuple[Evidence, ...]
    direction: str
    peers: tuple[str | Ranges, ...]
    own: Ranges | None
    packets: Packets
    because: str


def read_needs(cluster: Cluster, parameters: Mapping[str, Any]) -> tuple[Need, ...]:
    """The needs of a rule: what stands beside `flows` holds for each of them; raises CheckError."""
    shared = {key: value for key, value in parameters.items() if key not in ("flows", "governed")}
    flows = parameters.get("flows", [{}])
    if not isinstance(flows, list) or not flows or not all(isinstance(one, dict) for one in flows):
        raise CheckError('"flows" must be a list of flows', "flows")
    return tuple(_need(cluster, {**shared, **one}) for one in flows)


def _need(cluster: Cluster, given: Mapping[str, Any]) -> Need:
    known_keys(given, _KEYS)
    direction = given.get("direction", "in")
    if direction not in DIRECTIONS:
        raise CheckError(f'"direction" is needed: {", ".join(DIRECTIONS)}', "direction")
    try:
        protocol = parse_protocol(given.get("protocol"))
        ports = _ports(cluster, given.get("ports"))
        source_ports = read_ports(given.get("sourcePorts"))
        types = given.get("icmpTypes")
        icmp_types = None if types is None else intervals.from_values(_byte(one) for one in _listed(types))
        peers = tuple(_peer(one) for one in _listed(given.get("peers", "somebody")))
        own = None if given.get("own") is None else _addresses(given["own"])
    except ValueError as error:
        raise CheckError(str(error)) from error
    if (ports or source_ports) and protocol not in WITH_PORTS:
        raise CheckError("ports need the protocol TCP, UDP or SCTP")
    if icmp_types and protocol not in (ICMP, ICMPV6):
        raise CheckError('"icmpTypes" need the protocol ICMP or ICMPv6')
    name, because = (_text(given, key, default) for key, default in (("name", "traffic"), ("because", "")))
    at = tuple(map(_evidence, _listed(given["at"]))) if "at" in given else ()
    if not at:
        raise CheckError(f'"at" is needed, a list of {", ".join(PLACES)}', "at")
    return Need(name, at, direction, peers, own, Packets(protocol, ports, source_ports, icmp_types), because)


def _evidence(given: Any) -> Evidence:
    """`outward`, or `{role: control-plane}` with, maybe, `missing`."""
    if isinstance(given, str):
        given = {given: True}
    if isinstance(given, dict):
        missing = given.get("missing")
        words = [key for key in given if key != "missing"]
        if len(words) == 1 and words[0] in PLACES and (missing is None or isinstance(missing, str)):
            return Evidence(words[0], _looked_for(words[0], given[words[0]]), missing)
    raise CheckError(f'each of "at" is one of {", ".join(PLACES)}', "at")


def _looked_for(place: str, value: Any) -> Any:
    if place == "listener":
        if not isinstance(value, dict) or not value.keys() <= _LISTENER:
            raise CheckError('"listener" is a map of ports, process and bound, maybe empty', "at")
        try:
            read_ports(value.get("ports"))
        except ValueError as error:
            raise CheckError(f'"listener": {error}', "at") from error
    elif place not in _ALONE and not isinstance(value, str):
        raise CheckError(f'"{place}" of "at" must be text', "at")
    return value


def _peer(given: Any) -> str | Ranges:
    if given == "any":
        return ranges(("0.0.0.0/0", "::/0"))
    if given == "internet":
        return INTERNET
    if isinstance(given, dict) and given.keys() == {"addresses"}:
        return _addresses(given["addresses"])
    if isinstance(given, str) and given in PEERS:
        return given
    raise ValueError(f'"peers" are any, internet, {", ".join(PEERS)}, or a map with "addresses"')


def _addresses(given: Any) -> Ranges:
    texts = _listed(given)
    for text in texts:
        if not isinstance(text, str):
            raise ValueError(f"{text} is no address")
        parse_cidr(text)
    return ranges(texts)


def _ports(cluster: Cluster, given: Any) -> Intervals | None:
    """Ports as numbers; `api-server` is the one that the configuration gives, or else the manifests."""
    if given != "api-server":
        return read_ports(given)
    port = cluster.intent.api_server_port or api_server_port(cluster) or API_SERVER_PORT
    return ((port, port),)


def _byte(given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= 255:
        raise ValueError(f'"icmpTypes" are numbers from 0 to 255, not "{given}"')
    return given


def _listed(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


def _text(given: Mapping[str, Any], key: str, default: str) -> str:
    found = given.get(key, default)
    if not isinstance(found, str):
        raise CheckError(f'"{key}" must be text', key)
    return found
