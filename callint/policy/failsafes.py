"""The failsafe ports of Felix: its own, those of a FelixConfiguration, and those in the environment of calico-node."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache

from callint.calico import failsafe
from callint.calico.failsafe import FailsafePort
from callint.finding import Path
from callint.net.address import Family, Prefix
from callint.net.read import cidr
from callint.objects import Resource, fields
from callint.objects.calico_node import Variable
from callint.policy.packet import protocol_number
from callint.record import NamedTuple

_PORT = r"(?i:(tcp|udp):(?:([0-9./]+|\[[0-9a-f:./]+\]):)?)?([0-9]{1,5})"


class Failsafe(NamedTuple):
    """A failsafe port with its net as numbers, and where it is written, None for one of Felix's own."""

    port: FailsafePort
    net: Prefix | None
    resource: Resource | None
    path: Path

    @property
    def reason(self) -> str:
        """Why it accepts, in the steps of a way."""
        return f"failsafe {self.port.protocol}:{self.port.port}"

    def meets(self, protocol: int, family: Family, peer: int) -> bool:
        """Whether it is of the protocol, and its net, if it has one, of the IP version and of the peer."""
        if protocol_number(self.port.protocol) != protocol:
            return False
        return self.net is None or (self.net.family == family and self.net.first <= peer <= self.net.last)


class Failsafes(tuple[Failsafe, ...]):
    """Failsafe ports in their order."""

    @cached_property
    def by_port(self) -> Mapping[int, Sequence[Failsafe]]:
        """Those of each port, in the same order."""
        found: dict[int, list[Failsafe]] = {}
        for one in self:
            found.setdefault(one.port.port, []).append(one)
        return found


OWN = {
    direction: Failsafes(Failsafe(port, None, None, ()) for port in ports)
    for direction, ports in (("Inbound", failsafe.INBOUND), ("Outbound", failsafe.OUTBOUND))
}
"""Those of Felix, where nothing is said."""


@lru_cache(maxsize=16)
def of_environment(variable: Variable) -> Failsafes | str:
    """The ports that a variable lists, or what of them cannot be told (felix/config/param_types.go PortListParam)."""
    if variable.value is None:
        return "the failsafe ports in the environment of calico-node, which come from another object"
    text, at = variable.value, (variable.resource, variable.path)
    found = []
    for item in () if text.lower() == "none" else text.split(","):
        match = re.fullmatch(_PORT, item.strip())
        protocol, bracketed, port = match.groups() if match is not None else (None, None, None)
        net = bracketed.strip("[]") if bracketed else None
        inside = cidr(net)
        if port is None or int(port) > 65535 or (net and inside is None):
            return "the failsafe ports in the environment of calico-node, of which one could not be read"
        found.append(Failsafe(FailsafePort((protocol or "tcp").lower(), int(port), net), inside, *at))
    return Failsafes(found)


@lru_cache(maxsize=16)
def of_configuration(resource: Resource, key: str) -> Failsafes | str:
    """The ports that a FelixConfiguration lists, read once for all nodes, or what of them cannot be told."""
    found = []
    for index, item in fields.items(resource.spec, key):
        plain = item if isinstance(item, dict) else {}
        protocol = (fields.text(plain, "protocol") or "tcp").lower()
        if protocol not in ("tcp", "udp"):
            return f'Felix does not start with the protocol "{protocol}" in {key} of "{resource.name}"'
        port = FailsafePort(protocol, fields.integer(plain, "port") or 0, fields.text(plain, "net"))
        net = cidr(port.net)
        if port.net and net is None:
            return f'the net "{port.net}" in {key} of "{resource.name}", which could not be read'
        found.append(Failsafe(port, net, resource, ("spec", key, index)))
    return Failsafes(found)
