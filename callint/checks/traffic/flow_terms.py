"""The words in which a rule describes a flow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from callint.checks.breach import CheckError
from callint.net import intervals
from callint.net.address import parse_cidr
from callint.net.internet import INTERNET
from callint.net.intervals import Intervals
from callint.net.packets import PacketSet, PacketSpace
from callint.net.ports import ICMP, ICMPV6, PROTOCOL_NAMES, WITH_PORTS, parse_port, parse_protocol
from callint.policy.match import namespaces
from callint.policy.ranges import ranges
from callint.record import NamedTuple
from callint.selector import SelectorError, parse
from callint.selector.rewrite import both

if TYPE_CHECKING:
    from callint.policy.symbolic.flow import End

_KEYS = ("from", "to", "protocol", "ports", "sourcePorts")
_END_KEYS = ("selector", "namespaceSelector", "node", "interface", "addresses")


class Terms(NamedTuple):
    """A flow: its two ends, and its packets as protocol and ports."""

    source: End
    target: End
    protocol: int | None
    ports: Intervals | None
    source_ports: Intervals | None

    @property
    def services(self) -> str:
        """`TCP port 443`, or `traffic`."""
        return "traffic" if self.protocol is None else services(self.protocol, self.ports)

    def packets(self, space: PacketSpace) -> PacketSet:
        """All packets that go with the protocol and the ports; ICMP is that of the IP version."""
        if self.protocol == (ICMPV6 if space.family == 4 else ICMP):
            return space.nothing
        return space.box(
            protocol=None if self.protocol is None else ((self.protocol, self.protocol),),
            destination_port=self.ports,
            source_port=self.source_ports,
        )


def services(protocol: int, ports: Intervals | None = None, icmp_types: Intervals | None = None) -> str:
    """Packets in words: `TCP port 443`, `ICMPv6 type 135`, `IP protocol 112`."""
    words = PROTOCOL_NAMES.get(protocol, f"IP protocol {protocol}")
    for what, numbers in (("port", ports), ("type", icmp_types)):
        shown = [str(low) if low == high else f"{low}-{high}" for low, high in numbers or ()]
        words += f" {what} {', '.join(shown)}" if shown else ""
    return words


def read_terms(parameters: Mapping[str, Any]) -> Terms:
    """Read the parameters of a rule; raises CheckError."""
    known_keys(parameters, _KEYS)
    protocol = parameters.get("protocol")
    try:
        number = None if protocol is None else parse_protocol(protocol)
        ports, source_ports = (read_ports(parameters.get(name)) for name in ("ports", "sourcePorts"))
    except ValueError as error:
        raise CheckError(str(error)) from error
    if (ports or source_ports) and number not in WITH_PORTS:
        raise CheckError("ports need the protocol TCP, UDP or SCTP")
    return Terms(_end(parameters, "from"), _end(parameters, "to"), number, ports, source_ports)


def read_ports(value: Any) -> Intervals | None:
    """A port, a range such as "80:90", or a list of them; None is none given. Raises ValueError."""
    if value is None:
        return None
    found = []
    for one in value if isinstance(value, list) else [value]:
        port = parse_port(one if isinstance(one, (str, int)) else str(one))
        if isinstance(port, str):
            raise ValueError(f'"{port}" is no port; a number or a range such as "80:90" was expected')
        found.append(port)
    return intervals.merge(found)


def _end(parameters: Mapping[str, Any], key: str) -> End:
    from callint.policy.symbolic.flow import End

    value = parameters.get(key)
    if value == "any":
        return End("anywhere")
    if value == "internet":
        return End("the Internet", INTERNET)
    if not isinstance(value, dict) or not value:
        raise CheckError(f'"{key}" is needed: any, internet, or a map of {", ".join(_END_KEYS)}', key)
    known_keys(value, _END_KEYS)
    texts = value.get("addresses")
    addresses = [texts] if isinstance(texts, str) else texts
    node, interface = (_text(value, name) for name in ("node", "interface"))
    selector, scope = (_text(value, name) for name in ("selector", "namespaceSelector"))
    if interface is not None and node is None:
        raise CheckError(f'"{key}" names an interface, but no node', key)
    if (selector is not None or scope is not None) and len(value.keys() - {"selector", "namespaceSelector"}) > 0:
        raise CheckError(f'"{key}" has a selector, so it has no node, interface or addresses', key)
    try:
        for text in addresses or ():
            parse_cidr(text)
        parts = [parse(text) for text in (selector,) if text is not None]
        parts += [namespaces(text) for text in (scope,) if text is not None]
    except (ValueError, TypeError, AttributeError, SelectorError) as error:
        raise CheckError(f'"{key}": {error}', key) from error
    return End(
        _words(addresses, node, interface, [text for text in (selector, scope) if text is not None]),
        None if addresses is None else ranges(addresses),
        node,
        interface,
        both(*parts) if parts else None,
    )


def _text(value: Mapping[str, Any], key: str) -> str | None:
    found = value.get(key)
    if found is not None and not (isinstance(found, str) and found):
        raise CheckError(f'"{key}" must be text')
    return found


def _words(addresses: list[str] | None, node: str | None, interface: str | None, selectors: list[str]) -> str:
    if selectors:
        return f'endpoints with "{" && ".join(selectors)}"'
    shown = ", ".join(addresses or ())
    if node is None:
        return shown
    place = f'interface "{interface}" of node "{node}"' if interface else f'node "{node}"'
    return f"{shown} behind {place}" if shown and interface else f"{shown} of {place}" if shown else place


def known_keys(value: Mapping[str, Any], keys: Iterable[str]) -> None:
    """Raise CheckError for a key that is none of those."""
    for name in value:
        if name not in keys:
            raise CheckError(f'there is no "{name}", these are: {", ".join(keys)}', name)
