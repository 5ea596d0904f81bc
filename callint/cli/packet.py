"""The packet of a question as the command line says it, and what manifests and facts say against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callint.cli import output
from callint.record import NamedTuple

if TYPE_CHECKING:
    from callint.objects import Cluster
    from callint.policy import NodePolicy, Packet

_USUAL_LINK = "eth0"
# RFC 1122, RFC 4291 and RFC 5771; clouds route 169.254.0.0/16, in which they have services
_NEVER_FORWARDED = ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "::/127", "fe80::/10", "ff00::/8")


class Wanted(NamedTuple):
    """The packet as the command line says it."""

    node: str | None
    arriving: str | None
    leaving: str | None
    source: str | None
    destination: str | None
    protocol: str | int
    port: int | None
    icmp: tuple[int | None, int | None]
    source_port: int | None
    before: tuple[str | None, int | None]
    sender: str | None
    receiver: str | None
    staged: bool


def protocol_and_ports(
    ports: dict[str, int | None], icmp: str | None, protocol: str | None
) -> tuple[str | int, int | None, tuple[int | None, int | None]]:
    """Protocol, destination port, and ICMP type and code."""
    every = {**ports, "icmp": icmp, "protocol": protocol}
    given = [f"--{name}" for name, value in every.items() if value is not None]
    if len(given) != 1:
        words = f"{' and '.join(given)} are given" if given else "none is given"
        output.fail(f"a packet has one of --tcp, --udp, --sctp, --icmp and --protocol, {words}")
    if icmp is not None:
        kind, _, code = icmp.partition("/")
        return "icmp", None, (_byte(kind, icmp), _byte(code, icmp) if code else None)
    if protocol is not None:
        from callint.policy.packet import protocol_number

        try:
            return protocol_number(protocol), None, (None, None)
        except ValueError as error:
            output.fail(str(error))
    name = given[0].removeprefix("--")
    return name, ports[name], (None, None)


def _byte(text: str, whole: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) < 256):
        output.fail(f'"{whole}" is no ICMP type, or type and code as in 3/1, from 0 to 255')
    return int(text)


def address_and_port(text: str | None) -> tuple[str | None, int | None]:
    """Address and port of `192.0.2.1:80`, `[2001:db8::1]:80`, or an address alone."""
    if text is None:
        return None, None
    address, port = text, ""
    if text.startswith("["):
        address, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        address, _, port = text.partition(":")
    if not port:
        return address, None
    if not (port.isascii() and port.isdigit() and len(port) < 6 and int(port) < 65536):
        output.fail(f'"{text}" does not end in a port')
    return address, int(port)


def packet_of(wanted: Wanted, source: str, destination: str) -> Packet:
    """The packet in the words of the network model; ICMP between addresses of IPv6 is ICMPv6."""
    from callint.policy import Packet

    protocol = wanted.protocol
    if protocol == "icmp" and ":" in destination:
        protocol = "icmpv6"
    return Packet(
        wanted.arriving,
        wanted.leaving,
        source,
        destination,
        protocol,
        wanted.source_port if wanted.port is not None else None,
        wanted.port,
        *wanted.icmp,
        *wanted.before,
    )


def known_interface(cluster: Cluster, here: NodePolicy, name: str | None) -> None:
    """A name that facts rule out is a slip of the pen; without facts any may exist, and lo does anyway."""
    facts = cluster.facts.get(here.node)
    if name in (None, "lo") or facts is None or facts.interfaces is None or not facts.knows("interfaces"):
        return
    if facts.interface(name) is None and not here.governance.is_workload(name):
        listed = ", ".join(one.name for one in facts.interfaces)
        output.fail(f'node "{here.node}" has no interface "{name}", its facts list {listed}')


def is_of_node(cluster: Cluster, node: str, address: str) -> bool:
    """Whether what manifests and facts say of a node, or the form of an address, makes it one of the node itself."""
    from callint.nat.host_networks import host_addresses
    from callint.net.address import parse_cidr, parse_ip
    from callint.policy.nodes import all_addresses

    sought = parse_ip(address)
    if sought in all_addresses(cluster, node) or any(parse_cidr(net).contains(sought) for net in _NEVER_FORWARDED):
        return True
    own = (one.prefix for one in host_addresses(cluster) if one.node == node)
    return any(sought == one.address or (sought.family, sought.value) == (4, one.last) for one in own)


def way_to_internet(cluster: Cluster, here: NodePolicy, address: str) -> str | None:
    """The interface by which a node forwards a pod's packet to an address of the Internet; None for any other address.

    Facts tell it, or it does not matter, as no endpoint guards one interface alone; else whoever asks has to say it.
    Raises ValueError for what is no address.
    """
    from callint.net.address import parse_ip
    from callint.net.internet import INTERNET
    from callint.net.intervals import contains
    from callint.policy.interfaces import WILDCARD
    from callint.policy.links import Ways
    from callint.policy.ranges import PLACE

    sought = parse_ip(address)
    if not contains(INTERNET[PLACE[sought.family]], sought.value) or is_of_node(cluster, here.node, address):
        return None
    facts = cluster.facts.get(here.node)
    ways = Ways(facts).all_to(sought) if facts is not None and facts.knows("routes") else ()
    if len(ways) == 1:
        return ways[0]
    if any(one.about.interface != WILDCARD for one in here.model.inventory.hosts_of(here.node)):
        output.fail(
            f'say with --out by which interface node "{here.node}" sends to {address}, for they differ in policy'
        )
    return _USUAL_LINK
