"""What `ip -json address` and `ip -json route` print, as entries of a facts file.

Both functions take the text of one output and raise ValueError with a sentence where that is not what they read.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

Entry = dict[str, Any]

LONGEST_TEXT = 64 << 20
INTERFACE = re.compile(r"[^\s/:\x00-\x1f]{1,15}")
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,32}")
_ROUTE_TYPES = ("unicast", "blackhole", "unreachable", "prohibit", "throw")


def interfaces(text: str) -> list[Entry]:
    """The interfaces of `ip -json address`, with `kind` where it was run with -details.

    The entry `foreign` (not part of a facts file) marks a link whose other end is in another network namespace.
    """
    command = "ip -json address"
    found = []
    for link in _array(text, command):
        entry: Entry = {"name": _interface(link.get("ifname"), command)}
        held = {_held(one, command) for one in _list(link, "addr_info", command) if one}
        entry["addresses"] = sorted(held, key=order)
        link_type = link.get("link_type")
        info = link.get("linkinfo")
        kind = info.get("info_kind") if isinstance(info, dict) else None
        if kind is None and link_type in ("loopback", "ipip", "sit", "gre"):
            kind = link_type
        if isinstance(kind, str) and _WORD.fullmatch(kind):
            entry["kind"] = kind
        entry["up"] = "UP" in _list(link, "flags", command)
        mtu = link.get("mtu")
        if mtu.__class__ is int and 0 < mtu < 1 << 32:
            entry["mtu"] = mtu
        if link.get("master") is not None:
            entry["master"] = _interface(link["master"], command)
        entry["foreign"] = "link_netnsid" in link
        found.append(entry)
    return found


def routes(text: str, version: Literal[4, 6]) -> list[Entry]:
    """The routes of `ip -json route` (version 4) or `ip -json -6 route`, one for each next hop, without table local."""
    command = "ip -json route" if version == 4 else "ip -json -6 route"
    found = []
    for route in _array(text, command):
        kind = route.get("type", "unicast")
        if route.get("table") == "local" or kind not in _ROUTE_TYPES:
            continue
        for hop in _list(route, "nexthops", command) or [{}]:
            if not isinstance(hop, dict):
                raise ValueError(f'the output of "{command}" has a next hop that is not a mapping')
            found.append(_route({**route, **hop}, kind, version, command))
    return found


def order(text: str) -> tuple[int, int, int]:
    """The sort key of an address or prefix: version, value, length."""
    parsed = ipaddress.ip_interface(text)
    return parsed.version, int(parsed.ip), parsed.network.prefixlen


def _route(route: Entry, kind: str, version: int, command: str) -> Entry:
    entry: Entry = {}
    via = route.get("via")
    gateway = via.get("host") if isinstance(via, dict) else route.get("gateway")
    if gateway is not None:
        entry["via"] = _address(gateway, command)
    destination = route.get("dst")
    six = version == 6 or ":" in str(route.get("gateway", ""))
    if destination == "default":
        destination = "::/0" if six else "0.0.0.0/0"
    prefix = _prefix(destination, command)
    # "default" is read as IPv6 where the gateway is, else as IPv4.
    implied = "::/0" if ":" in entry.get("via", "") else "0.0.0.0/0"
    entry = {"to": "default" if prefix == implied else prefix, **entry}
    if kind != "unicast":
        entry["type"] = kind
    if route.get("dev") is not None:
        entry["interface"] = _interface(route["dev"], command)
    if route.get("prefsrc") is not None:
        entry["source"] = _address(route["prefsrc"], command)
    # ip leaves out the protocol boot, which is what `ip route add` sets, and no other.
    entry["protocol"] = _word(route.get("protocol", "boot"), command)
    metric = route.get("metric")
    if metric is not None:
        if isinstance(metric, bool) or not isinstance(metric, int) or not 0 <= metric < 1 << 32:
            raise ValueError(f'the output of "{command}" has a metric that is no number from 0 to 4294967295')
        entry["metric"] = metric
    table = route.get("table")
    if table not in (None, "main", 254):
        entry["table"] = _word(table, command)
    return entry


def _held(held: Any, command: str) -> str:
    """An address of an interface; the prefix length of a point-to-point address belongs to the other end."""
    if not isinstance(held, dict):
        raise ValueError(f'the output of "{command}" has an address that is not a mapping')
    local = _address(held.get("local"), command)
    longest = 128 if ":" in local else 32
    length = longest if "address" in held else held.get("prefixlen")
    if isinstance(length, bool) or not isinstance(length, int) or not 0 <= length <= longest:
        raise ValueError(f'the output of "{command}" gives no usable prefix length for {local}')
    return f"{local}/{length}"


def _array(text: str, command: str) -> Iterator[Entry]:
    """The mappings of a JSON array; some versions of ip print empty ones for what a filter left out."""
    bounded(text, command)
    try:
        value = json.loads(text or "[]")
    except (ValueError, RecursionError):
        raise ValueError(f'the output of "{command}" is not JSON') from None
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError(f'the output of "{command}" is not a list of mappings')
    return (item for item in value if item)


def bounded(text: str, command: str) -> None:
    """Refuse an output of more than 64 MiB."""
    if len(text) > LONGEST_TEXT:
        raise ValueError(f'the output of "{command}" is larger than 64 MiB')


def _list(item: Entry, key: str, command: str) -> list[Any]:
    value = item.get(key, [])
    if not isinstance(value, list):
        raise ValueError(f'the output of "{command}" has "{key}" that is not a list')
    return value


def _interface(value: Any, command: str) -> str:
    if not isinstance(value, str) or not INTERFACE.fullmatch(value):
        raise ValueError(f'the output of "{command}" has an interface without a usable name')
    return value


def _word(value: Any, command: str) -> str:
    text = str(value) if isinstance(value, (str, int)) else ""
    if not _WORD.fullmatch(text):
        raise ValueError(f'the output of "{command}" has a protocol or table that is no word')
    return text


def _address(value: Any, command: str) -> str:
    return _normal(ipaddress.ip_address, value, command, "an address that is none")


def _prefix(value: Any, command: str) -> str:
    return _normal(ipaddress.ip_network, value, command, "a destination that is no prefix")


def _normal(parse: Callable[[str], object], value: Any, command: str, what: str) -> str:
    try:
        if isinstance(value, str) and "%" not in value:
            return str(parse(value))
    except ValueError:
        pass
    raise ValueError(f'the output of "{command}" has {what}')
