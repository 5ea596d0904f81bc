"""Calico's WireGuard on nodes where another one listens at its port."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.calico.defaults import WIREGUARD_INTERFACES, WIREGUARD_PORT, WIREGUARD_PORT_V6
from callint.checks.breach import Breach
from callint.facts import NodeFacts
from callint.finding import Path, Related, witness
from callint.net.address import FAMILIES, Family
from callint.objects import Cluster, Resource
from callint.policy import model_of
from callint.policy.doubt import UndecidedError
from callint.policy.settings import Settings
from callint.record import NamedTuple

_SUFFIX: dict[Family, str] = {4: "", 6: "V6"}
_PORTS: dict[Family, int] = {4: WIREGUARD_PORT, 6: WIREGUARD_PORT_V6}


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """UDP ports that facts show in use where Calico's own interface does not exist yet, so that they are not its.

    Two interfaces of WireGuard cannot listen at one port (felix/wireguard/wireguard.go). Takes no parameters.
    """
    for facts in cluster.facts.values():
        names = [one.name for one in facts.interfaces or ()]
        if not names or not facts.knows("interfaces") or not set(names).isdisjoint(WIREGUARD_INTERFACES):
            continue
        settings = model_of(cluster).at(facts.node).settings
        for family in FAMILIES:
            yield from _taken(facts, settings, family)


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


def _taken(facts: NodeFacts, settings: Settings, family: Family) -> Iterator[Breach]:
    wanted = _wanted(settings, family)
    if wanted is None or facts.interface(wanted.interface) is not None:
        return
    other = next((one for one in facts.interfaces or () if one.kind == "wireguard"), None)
    socket = next((one for one in facts.listeners or () if (one.protocol, one.port) == ("udp", wanted.port)), None)
    if other is None or socket is None:
        return
    yield Breach.at(
        wanted.resource,
        wanted.path,
        f'the interface of Calico\'s WireGuard cannot listen at UDP port {wanted.port} of node "{facts.node}": it is '
        f'in use there, and "{other.name}" is another WireGuard',
        (Related(socket.span, "in use"), Related(other.span, "another WireGuard")),
        witness("interface", interface=other.name, node=facts.node, protocol="udp", port=wanted.port),
        f"give Calico another port by `wireguardListeningPort{_SUFFIX[family]}`",
    )
