"""Put together the facts file of one node from the outputs of a few commands, on the node or saved from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from callint.calico.defaults import INTERFACE_PREFIXES
from callint.facts import iproute, kernel
from callint.facts.iproute import INTERFACE, Entry
from callint.facts.sockets import COMMAND, listening
from callint.finding import counted

COMMANDS = {
    "address": ("ip", "-details", "-json", "address"),
    "route": ("ip", "-json", "route"),
    "route6": ("ip", "-json", "-6", "route"),
    "sockets": tuple(COMMAND.split()),
}
"""The commands whose outputs are read; `forwarding` and `firewall` come from files and by hand."""

_SUBJECTS = {
    "address": ("interfaces", " ".join(COMMANDS["address"])),
    "route": ("IPv4 routes", " ".join(COMMANDS["route"])),
    "route6": ("IPv6 routes", " ".join(COMMANDS["route6"])),
    "forwarding": ("forwarding interfaces", "sysctl -a"),
    "sockets": ("listening sockets", COMMAND),
    "firewall": ("policies of the chains INPUT, FORWARD and OUTPUT", "iptables -S"),
}
PARSERS: dict[str, Callable[[str], Any]] = {
    "address": iproute.interfaces,
    "route": partial(iproute.routes, version=4),
    "route6": partial(iproute.routes, version=6),
    "forwarding": kernel.switches,
    "sockets": listening,
    "firewall": kernel.policies,
}
"""What reads the text of each source."""
_NODE = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_LINK_LOCAL = ("fe80:", "169.254.")


def collect(
    node: str,
    *,
    workload_prefixes: Sequence[str] = INTERFACE_PREFIXES,
    workloads: bool = False,
    **outputs: str,
) -> Entry:
    """The facts of `node` as plain values of the form schemas/facts.json, from saved outputs, named as in PARSERS.

    Interfaces of workloads are left out, with their routes and sockets, and counted in `notes`, unless `workloads`.
    Raises ValueError with a sentence where a text is not the output it should be. None is empty: what `ip` prints of
    nothing is a list, and a node on which nothing listens is rarer than an `ss` that could not be started.
    """
    for source in PARSERS:
        if source in outputs and not outputs[source].strip():
            raise ValueError(f'the output of "{_SUBJECTS[source][1]}" is empty, as if the command had failed')
    parsed = {source: parse(outputs[source]) for source, parse in PARSERS.items() if source in outputs}
    missing = {source: f'no output of "{_SUBJECTS[source][1]}" was given' for source in PARSERS if source not in parsed}
    return assemble(node, parsed, missing, () if workloads else tuple(workload_prefixes))


def assemble(node: str, parsed: Mapping[str, Any], missing: Mapping[str, str], prefixes: tuple[str, ...]) -> Entry:
    """Facts from what was parsed, and the reasons why the other sources are `missing`; no prefixes: keep workloads."""
    if not _NODE.fullmatch(node):
        raise ValueError(f"{node!r} is no name of a node: lower-case letters, digits, '-' and '.'")
    for prefix in prefixes:
        if not INTERFACE.fullmatch(prefix):
            raise ValueError(f'no name of an interface begins with "{prefix}": 1 to 15 characters were expected')
    facts: Entry = {"version": 1, "node": node}
    if prefixes and prefixes != INTERFACE_PREFIXES:
        facts["workload-prefixes"] = list(prefixes)
    notes = []
    links: list[Entry] | None = parsed.get("address")
    switches: kernel.Switches | None = parsed.get("forwarding")
    if links is None and switches is not None:
        names = sorted({*switches.ipv4, *switches.ipv6} - {"all", "default"})
        links = [{"name": name} for name in names]
    pods, veths = _left_out(links or (), prefixes)
    dropped = pods | veths

    def kept(entries: Iterable[Entry]) -> list[Entry]:
        return [entry for entry in entries if not _of_workload(entry.get("interface", ""), dropped, prefixes)]

    if links is not None:
        own = [link for link in links if link["name"] not in dropped]
        facts["interfaces"] = sorted((_interface(link, switches) for link in own), key=lambda entry: entry["name"])
    routes = [entry for source in ("route", "route6") for entry in parsed.get(source, ())]
    if "route" in parsed or "route6" in parsed:
        unique = {tuple(entry.items()): entry for entry in kept(routes)}
        facts["routes"] = sorted(unique.values(), key=_route_order)
    if "sockets" in parsed:
        facts["listening"] = sorted(kept(parsed["sockets"]), key=_socket_order)
    if "firewall" in parsed:
        facts["firewall"] = parsed["firewall"]
    if pods:
        notes.append(f"left out: {counted(len(pods), 'workload interface')} with their routes")
    if veths:
        notes.append(f"left out: {counted(len(veths), 'veth interface')} without an address")
    notes += [f"the {_SUBJECTS[source][0]} are unknown: {missing[source]}" for source in _SUBJECTS if source in missing]
    if notes:
        facts["notes"] = notes
    return facts


def _interface(link: Entry, switches: kernel.Switches | None) -> Entry:
    entry = {key: value for key, value in link.items() if key != "foreign"}
    if switches is not None:
        ipv4, ipv6 = switches.forwards(entry["name"], 4), switches.forwards(entry["name"], 6)
        stated = {"ipv4": ipv4, "ipv6": ipv6}
        given = {version: value for version, value in stated.items() if value is not None}
        if given:
            entry["forwarding"] = ipv4 if ipv4 is not None and ipv4 == ipv6 else given
    return entry


def _left_out(links: Iterable[Entry], prefixes: tuple[str, ...]) -> tuple[set[str], set[str]]:
    """The workload interfaces, and the veths that only lead into a container: no address beyond the link's own."""
    pods, veths = set(), set()
    for link in links:
        if prefixes and link["name"].startswith(prefixes):
            pods.add(link["name"])
        elif prefixes and _leads_away(link) and all(text.startswith(_LINK_LOCAL) for text in link["addresses"]):
            veths.add(link["name"])
    return pods, veths


def _leads_away(link: Entry) -> bool:
    return link.get("kind") == "veth" or ("kind" not in link and bool(link.get("foreign")))


def _of_workload(interface: str, dropped: set[str], prefixes: tuple[str, ...]) -> bool:
    return interface in dropped or bool(prefixes and interface.startswith(prefixes))


def _route_order(route: Entry) -> tuple[Any, ...]:
    to = route["to"]
    if to == "default":
        to = "::/0" if ":" in route.get("via", "") else "0.0.0.0/0"
    rest = (route.get(key, "") for key in ("table", "via", "interface", "type", "source", "protocol"))
    return (*iproute.order(to), route.get("metric", 0), *rest)


def _socket_order(socket: Entry) -> tuple[Any, ...]:
    rest = (socket.get(key, "") for key in ("address", "interface", "process"))
    return (str(socket["protocol"]), socket.get("port", 0), *rest)
