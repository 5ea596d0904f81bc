"""What manifests cannot say about a node: its interfaces, routes, sockets and firewall (schemas/facts.json).

The values are here at once; the functions, which few runs need, are imported when first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from callint.facts.values import (
    Address,
    Firewall,
    Forwarding,
    Interface,
    Listener,
    NodeFacts,
    Policy,
    Route,
    Service,
)

if TYPE_CHECKING:
    from callint.facts.collector import COMMANDS, collect
    from callint.facts.emitter import render
    from callint.facts.machine import local
    from callint.facts.reader import no_facts, read

__all__ = [
    "COMMANDS",
    "Address",
    "Firewall",
    "Forwarding",
    "Interface",
    "Listener",
    "NodeFacts",
    "Policy",
    "Route",
    "Service",
    "collect",
    "local",
    "no_facts",
    "read",
    "render",
]

_HOMES = {
    "COMMANDS": "collector",
    "collect": "collector",
    "local": "machine",
    "no_facts": "reader",
    "read": "reader",
    "render": "emitter",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"callint.facts.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
