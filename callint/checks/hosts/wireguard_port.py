"""Calico's WireGuard on nodes where another one listens at its port."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.calico import Release
from callint.calico.defaults import WIREGUARD_INTERFACES, WIREGUARD_PORT, WIREGUARD_PORT_V6
from callint.checks.breach import Breach
from callint.facts import Interface, Listener, NodeFacts
from callint.finding import Path, Related, witness
from callint.net.address import FAMILIES, Family
from callint.objects import Cluster, Resource
from callint.policy import model_of
from callint.policy.doubt import UndecidedError
from callint.policy.settings import Settings
from callint.record import NamedTuple

_SUFFIX: dict[Family, str] = {4: "", 6: "V6"}
_DROPPING: Release = (3, 32)
_PORTS: dict[Family, int] = {4: WIREGUARD_PORT, 6: WIREGUARD_PORT_V6}


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """UDP ports that facts show in use where Calico's own interface does not exist yet, so that they are not its.

    Two interfaces of WireGuard cannot listen at one port (felix/wireguard/wireguard.go). Where Calico's own is off, the
    first patches of v3.32 drop with eBPF what comes to the port all the same. Takes no parameters.
    """
    for facts in cluster.facts.values():
        names = [one.name for one in facts.interfaces or ()]
        if not names or not facts.knows("interfaces") or not set(names).isdisjoint(WIREGUARD_INTERFACES):
            continue
        settings = model_of(cluster).at(facts.node).settings
        for family in FAMILIES:
            yield from _taken(facts, settings, family)
        if cluster.target.release == _DROPPING and settings.ebpf:
            yield from _dropped(facts, settings)


class _Wanted(NamedTuple):
    """The port of Calico's WireGuard, the name of its interface where it is given one, and what says so."""

    port: int
    interface: str
    resource: Resource
    path: Path


def _wanted(settings: Settings, family: Family) -> _Wanted | None:
    enabled, field, name = (
        f"wireguard{word}{_SUFFIX[family]}" for word in ("Enabled", "ListeningPort", "InterfaceName")
    )
    try:
        port, own = settings.number(field, _PORTS[family]), settings.text(name, "")
        on = settings.flag(enabled, default=False)
    except UndecidedError:
        return None
    said = settings.said(field) or settings.said(enabled)
    return _Wanted(port, own, said.resource, said.path) if on and said is not None else None


def _dropped(facts: NodeFacts, settings: Settings) -> Iterator[Breach]:
    """The port of another WireGuard, which Felix's programs take for Calico's (felix/bpf-gpl/parsing.h)."""
    said = settings.said("bpfEnabled")
    try:
        port = settings.number("wireguardListeningPort", WIREGUARD_PORT)
        off = not settings.flag("wireguardEnabled", default=False)
    except UndecidedError:
        return
    found = _listening(facts, port)
    if found is None or said is None or not off:
        return
    other, socket = found
    yield Breach.at(
        said.resource,
        said.path,
        f'"{other.name}" of node "{facts.node}" hears nothing at UDP port {port}, if this is Calico v3.32.0 or '
        "v3.32.1, which is not known: with eBPF these drop what comes to the port of Calico's WireGuard from others, "
        "though that is off",
        (Related(socket.span, "listens there"), Related(other.span, "another WireGuard")),
        witness("interface", interface=other.name, node=facts.node, protocol="udp", port=port),
        "give Calico another port by `wireguardListeningPort`, or use a later patch",
        undecided=True,
    )


def _listening(facts: NodeFacts, port: int) -> tuple[Interface, Listener] | None:
    """Another WireGuard, where somebody listens at a port."""
    other = next((one for one in facts.interfaces or () if one.kind == "wireguard"), None)
    socket = next((one for one in facts.listeners or () if (one.protocol, one.port) == ("udp", port)), None)
    return None if other is None or socket is None else (other, socket)


def _taken(facts: NodeFacts, settings: Settings, family: Family) -> Iterator[Breach]:
    wanted = _wanted(settings, family)
    if wanted is None or facts.interface(wanted.interface) is not None:
        return
    found = _listening(facts, wanted.port)
    if found is None:
        return
    other, socket = found
    yield Breach.at(
        wanted.resource,
        wanted.path,
        f'the interface of Calico\'s WireGuard cannot listen at UDP port {wanted.port} of node "{facts.node}": it is '
        f'in use there, and "{other.name}" is another WireGuard',
        (Related(socket.span, "in use"), Related(other.span, "another WireGuard")),
        witness("interface", interface=other.name, node=facts.node, protocol="udp", port=wanted.port),
        f"give Calico another port by `wireguardListeningPort{_SUFFIX[family]}`",
    )
