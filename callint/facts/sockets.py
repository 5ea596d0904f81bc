"""What `ss -H -lntuwp` prints, as listening sockets of a facts file."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from callint.facts.iproute import Entry, bounded

COMMAND = "ss -H -lntuwp"
_LISTENING = {"tcp": "LISTEN", "sctp": "LISTEN", "udp": "UNCONN", "raw": "UNCONN"}
_LOCAL = re.compile(
    r"(?P<address>\*|[0-9.]{7,15}|\[[0-9A-Fa-f:.]{2,45}(?:%[^\s\]/:]{1,15})?\])(?:%(?P<dev>[^\s/:]{1,15}))?:(?P<port>[^:\s]{1,64})"
)
_PROCESS = re.compile(r'users:\(\("(?P<name>.{1,64}?)",pid=')
_NETID = re.compile(r"[a-z][a-z0-9_]{0,15}")


def listening(text: str) -> list[Entry]:
    """The listening tcp, udp, sctp and raw sockets; other families, connected sockets and the header are passed over.

    Raises ValueError with the number of the line that is none of ss's.
    """
    bounded(text, COMMAND)
    found: dict[tuple[Any, ...], Entry] = {}
    for number, line in enumerate(text.splitlines(), 1):
        entry = _entry(line.split(maxsplit=5), number)
        if entry is not None:
            found[tuple(entry.items())] = entry
    return list(found.values())


def _entry(fields: list[str], number: int) -> Entry | None:
    if not fields or fields[0] in ("Netid", "State"):
        return None
    netid = fields[0]
    if netid in ("LISTEN", "UNCONN"):
        raise ValueError(f'line {number} of the output of "ss" does not name the protocol: use "{COMMAND}"')
    if not _NETID.fullmatch(netid) or len(fields) < 6:
        raise ValueError(f'line {number} of the output of "ss" is not a socket')
    if _LISTENING.get(netid) != fields[1]:
        return None
    return _socket(netid, fields[4], fields[5], number)


def _socket(netid: str, local: str, rest: str, number: int) -> Entry | None:
    match = _LOCAL.fullmatch(local)
    if match is None:
        raise ValueError(f'line {number} of the output of "ss" has no local address and port')
    port = match["port"]
    if port == "*":
        return None
    if not port.isascii() or not port.isdigit() or len(port) > 5:
        raise ValueError(f'line {number} of the output of "ss" has a port that is no number: use "{COMMAND}"')
    entry: Entry = {"protocol": netid, "port": int(port)}
    if netid == "raw":
        entry = {"protocol": int(port)}
        if int(port) > 255:
            return None
    elif not 0 < int(port) < 65536:
        raise ValueError(f'line {number} of the output of "ss" has a port outside 1 to 65535')
    text, _, zone = match["address"].strip("[]").partition("%")
    try:
        entry["address"] = text if text == "*" else _unmapped(text)
    except ValueError:
        raise ValueError(f'line {number} of the output of "ss" has an address that is none') from None
    if match["dev"] or zone:
        entry["interface"] = match["dev"] or zone
    process = _PROCESS.search(rest)
    if process is not None:
        entry["process"] = process["name"]
    return entry


def _unmapped(text: str) -> str:
    """An IPv4 address that a socket of IPv6 holds is an IPv4 address."""
    address = ipaddress.ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(address if mapped is None else mapped)
