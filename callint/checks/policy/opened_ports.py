"""The ports that rules may open: by protocol, whatever else they demand of a packet."""

from __future__ import annotations

from collections.abc import Iterable

from callint.net import intervals
from callint.net.intervals import Intervals
from callint.net.ports import PROTOCOL_NAMES, parse_port, parse_protocol
from callint.objects.policy import Rule

ANY = 0
"""Stands for every protocol."""
_ALL: Intervals = ((0, 65535),)
_SHOWN = 4

Ports = dict[int, Intervals]


def protocol_of(rule: Rule) -> int | None:
    """The number of the protocol that a rule names; may raise ValueError."""
    return None if rule.protocol is None else parse_protocol(rule.protocol)


def may_be_of(rule: Rule, protocol: int) -> bool:
    """Whether a rule may be about packets of a protocol, by what it says of protocols; may raise ValueError."""
    if protocol_of(rule) not in (None, protocol) or rule.icmp is not None:
        return False
    return rule.not_protocol is None or parse_protocol(rule.not_protocol) != protocol


def among(texts: tuple[str, ...], number: int, names: frozenset[str] | None) -> bool:
    """Whether a port is one of several, by number or by one of its names, which may be any (None)."""
    ports = (parse_port(text) for text in texts)
    return any(
        names is None or port in names if isinstance(port, str) else port[0] <= number <= port[1] for port in ports
    )


def opened(rules: Iterable[Rule]) -> Ports:
    """All that some rules may open; a port by its name may be any, and so may be what cannot be read."""
    found: Ports = {}
    for rule in rules:
        try:
            protocol = protocol_of(rule) or ANY
            numbers = [parse_port(port) for port in rule.destination.ports]
        except ValueError:
            protocol, numbers = ANY, []
        pairs = [one for one in numbers if not isinstance(one, str)]
        ports = intervals.merge(pairs) if numbers and len(pairs) == len(numbers) else _ALL
        found[protocol] = intervals.union(found.get(protocol, ()), ports)
    return found


def meet(one: Ports, other: Ports) -> bool:
    """Whether some packet may be of both."""
    if not one or not other:
        return False
    if ANY in one or ANY in other:
        return True
    return any(intervals.overlaps(ports, other[protocol]) for protocol, ports in one.items() if protocol in other)


def words(ports: Ports) -> str:
    """What is opened, as messages say it: `TCP 80, 443` or `UDP`."""
    return " and ".join(_of_protocol(protocol, found) for protocol, found in sorted(ports.items()))


def _of_protocol(protocol: int, ports: Intervals) -> str:
    name = "anything" if protocol == ANY else PROTOCOL_NAMES.get(protocol, f"protocol {protocol}")
    if ports == _ALL:
        return name
    shown = [str(low) if low == high else f"{low}-{high}" for low, high in ports[:_SHOWN]]
    return f"{name} {', '.join(shown)}{' and others' if len(ports) > _SHOWN else ''}"
