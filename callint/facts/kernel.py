"""The kernel's forwarding switches and the firewall's policies, from their printed forms."""

from __future__ import annotations

import re
from typing import Literal

from callint.facts.iproute import INTERFACE, bounded
from callint.record import NamedTuple

_LINE = re.compile(
    r"(?P<proc>/proc/sys/)?net[./]ipv(?P<version>[46])[./]conf[./](?P<interface>[^\s:]{1,64}?)"
    r"[./](?P<switch>forwarding|force_forwarding)[ \t]{0,8}[:=][ \t]{0,8}(?P<value>[01])\s*"
)
_CHAIN = re.compile(r"(?:-P |:)(?P<chain>INPUT|FORWARD|OUTPUT) (?P<policy>ACCEPT|DROP)\b.*")


class Switches(NamedTuple):
    """The switches of all interfaces, by name; `all` and `default` are among the names."""

    ipv4: dict[str, bool]
    ipv6: dict[str, bool]
    forced_ipv6: dict[str, bool]

    def forwards(self, interface: str, version: Literal[4, 6]) -> bool | None:
        """Whether the kernel forwards what comes in by the interface, None where that was not printed.

        IPv4 asks the interface's own switch (net/ipv4/route.c), IPv6 that of `all`, and since Linux 6.17 also the
        interface's force_forwarding (net/ipv6/ip6_output.c).
        """
        if version == 4:
            return self.ipv4.get(interface)
        everywhere = self.ipv6.get("all")
        return True if self.forced_ipv6.get(interface) else everywhere


def switches(text: str) -> Switches:
    """Read `grep . /proc/sys/net/ipv[46]/conf/*/*forwarding` or `sysctl -a`; other lines are passed over.

    Raises ValueError where there is no switch in it at all.
    """
    bounded(text, "sysctl")
    found = Switches({}, {}, {})
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        name = match["interface"]
        if match["proc"] is None:
            # sysctl swaps the two separators: net.ipv4.conf.eth0/100.forwarding is of eth0.100.
            name = name.replace("/", ".")
        if not INTERFACE.fullmatch(name):
            continue
        if match["version"] == "4" and match["switch"] == "forwarding":
            found.ipv4[name] = match["value"] == "1"
        elif match["version"] == "6":
            target = found.ipv6 if match["switch"] == "forwarding" else found.forced_ipv6
            target[name] = match["value"] == "1"
    if not found.ipv4 and not found.ipv6:
        raise ValueError('no line like "net.ipv4.conf.eth0.forwarding = 1" is in the forwarding switches')
    return found


def policies(text: str) -> dict[str, str]:
    """The policies of the chains input, forward and output from `iptables -S` or `iptables-save`.

    Raises ValueError where no policy is in it.
    """
    bounded(text, "iptables -S")
    found, table = {}, "*filter"
    for line in text.splitlines():
        table = line.strip() if line.startswith("*") else table
        match = _CHAIN.fullmatch(line)
        if match is not None and table == "*filter":
            found[match["chain"].lower()] = match["policy"].lower()
    if not found:
        raise ValueError('no line like "-P FORWARD DROP" is in the output of "iptables -S"')
    return found
