"""What manifests cannot say about a node: its interfaces, routes, sockets and firewall (schemas/facts.json)."""

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

__all__ = [
    "Address",
    "Firewall",
    "Forwarding",
    "Interface",
    "Listener",
    "NodeFacts",
    "Policy",
    "Route",
    "Service",
]
