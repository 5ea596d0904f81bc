"""How calico-node is told to find the address of its node, against what the node has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from callint.checks.breach import Breach
from callint.facts import Address as Assigned
from callint.facts import Interface, NodeFacts
from callint.finding import Path, Related, witness
from callint.net.address import FAMILIES, Address, Family, parse_cidr
from callint.net.read import network
from callint.objects import Cluster, Resource, fields
from callint.objects.calico_node import environment
from callint.record import NamedTuple
from callint.schema.patterns import compiled

_MOST_SHOWN = 5
_NOT_GLOBAL = tuple(map(parse_cidr, ("127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10")))
"""Go's IsGlobalUnicast, as far as interfaces have such addresses."""


def check(cluster: Cluster, _: Mapping[str, Any]) -> Iterator[Breach]:
    """Methods that find nothing on a node of which facts tell the interfaces.

    node/pkg/lifecycle/startup/autodetection: patterns need not match the whole name; addresses of the machine or the
    link alone do not count.
    """
    known = [facts for facts in cluster.facts.values() if facts.knows("interfaces")]
    for method in _methods(cluster) if known else ():
        left = [facts for facts in known if not _finds(method, facts)]
        if not left:
            continue
        first, *more = left
        names = ", ".join(one.name for one in (first.interfaces or ())[:_MOST_SHOWN])
        others = f" and {len(more)} more" if more else ""
        what = "interfaces that match" if method.kind == "interface" else "addresses in"
        yield Breach.at(
            method.resource,
            method.path,
            f'calico-node finds no IPv{method.family} address on node "{first.node}"{others} and does not start there: '
            f'it is to look for {what} "{",".join(method.texts)}", and its interfaces are {names or "none"}',
            tuple(Related(facts.span, "none on this node") for facts in left[:3]),
            witness("interface", node=first.node, interfaces=tuple(one.name for one in first.interfaces or ())),
        )


class _Method(NamedTuple):
    """What to look for: patterns of interfaces, or networks."""

    family: Family
    kind: Literal["interface", "cidr"]
    texts: tuple[str, ...]
    resource: Resource
    path: Path


def _methods(cluster: Cluster) -> Iterator[_Method]:
    for one in cluster.installations:
        for family in FAMILIES:
            base = ("spec", "calicoNetwork", f"nodeAddressAutodetectionV{family}")
            plain = fields.mapping(fields.mapping(one.spec, "calicoNetwork"), base[-1])
            if pattern := fields.text(plain, "interface"):
                yield _Method(family, "interface", tuple(pattern.split(",")), one, (*base, "interface"))
            elif networks := fields.texts(plain, "cidrs"):
                yield _Method(family, "cidr", networks, one, (*base, "cidrs"))
    told = environment(cluster)
    for family, name in ((4, "IP"), (6, "IP6")):
        wanted, method = told.get(name), told.get(f"{name}_AUTODETECTION_METHOD")
        if wanted is None or wanted.value != "autodetect" or method is None:
            continue
        kind, _, value = (method.value or "").partition("=")
        known: Literal["interface", "cidr"] = "interface" if kind == "interface" else "cidr"
        if kind == known:
            path: Path = (*method.path, "value")
            yield _Method(4 if family == 4 else 6, known, tuple(value.split(",")), method.resource, path)


def _finds(method: _Method, facts: NodeFacts) -> bool:
    """Whether there is such an address, or might be."""
    return any(_may_be(method, interface) for interface in facts.interfaces or ())


def _usable(addresses: Iterable[Assigned]) -> Iterator[Address]:
    found = (one.bare for one in addresses)
    return (one for one in found if not any(net.contains(one) for net in _NOT_GLOBAL))


def _may_be(method: _Method, interface: Interface) -> bool:
    addresses = None if interface.addresses is None else list(_usable(interface.addresses))
    if method.kind == "interface":
        patterns = [compiled(text.strip()) for text in method.texts]
        if not any(pattern is None or pattern.search(interface.name) for pattern in patterns):
            return False
        return addresses is None or any(one.family == method.family for one in addresses)
    networks = [network(text.strip(), method.family) for text in method.texts]
    if addresses is None or None in networks:
        return True
    return any(net is not None and net.contains(one) for net in networks for one in addresses)
