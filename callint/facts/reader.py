"""Facts documents to values; what is broken is told once and is unknown from then on, nothing else with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from callint.facts.shape import Misfit, misfits, quoted, without
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
from callint.finding import Path, Problem, Related, Span
from callint.net.address import Family, Prefix, parse_cidr
from callint.source import Document

_MOST_PROBLEMS = 100
_ANY: dict[str, tuple[Family, ...]] = {"*": (4, 6), "::": (6,), "0.0.0.0": (4,)}


def read(documents: Iterable[Document]) -> tuple[tuple[NodeFacts, ...], tuple[Problem, ...]]:
    """Read facts documents, one node each; empty documents are passed over.

    Problems are `facts-invalid` (at the offending key or value) and `facts-duplicate` (a second document for a node,
    which is left out). Nodes stay in the order of the documents.
    """
    nodes: dict[str, NodeFacts] = {}
    broken: dict[str, list[_Reading]] = {}
    for document in documents:
        if document.value is None:
            continue
        reading = _Reading(document)
        facts = reading.facts()
        if facts is not None:
            reading.compare(facts, nodes.setdefault(facts.node, facts))
        if reading.count:
            broken.setdefault(document.file, []).append(reading)
    return tuple(nodes.values()), tuple(chain.from_iterable(map(_bounded, broken.values())))


def _bounded(readings: list[_Reading]) -> list[Problem]:
    """What is wrong with one file, no more than a person may read; the last problem counts those that are not told."""
    told = list(islice(chain.from_iterable(one.problems() for one in readings), _MOST_PROBLEMS + 1))
    more = sum(one.count for one in readings) - _MOST_PROBLEMS
    if more > 0:
        told[-1] = Problem(told[-1].kind, told[-1].span, f"{more} more problems with these facts begin here")
    return told


def no_facts(file: str) -> Problem:
    """The problem that a file which was named for its facts holds nothing at all."""
    return Problem("facts-invalid", Span(file, 1, 1, 1, 1), "nothing stands in this file, expected the facts of a node")


class _Reading:
    """One document on its way to values: the pruned value, and the problems met so far."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._root: dict[str, Any] = {}
        self._gaps: set[str] = set()
        self._broken: list[tuple[Misfit, tuple[Related, ...]]] = []
        self._again: list[Problem] = []

    @property
    def count(self) -> int:
        """How many problems there are."""
        return len(self._broken) + len(self._again)

    def facts(self) -> NodeFacts | None:
        """The facts, None where the document does not say of which node or is of another version."""
        value = self._document.value
        if isinstance(value, dict) and "apiVersion" in value and "kind" in value:
            message = f"a Kubernetes object of kind {quoted(value['kind'])} stands where facts of a node are expected"
            self._problem(Misfit(("kind",), False, message))
            return None
        broken = misfits(value)
        for misfit in broken:
            self._problem(misfit)
        if not isinstance(value, dict) or value.get("version", 1) != 1:
            return None
        self._root = without(value, broken)
        node = self._root.get("node")
        if node is None:
            return None
        if not self._document.complete:
            self._gaps.update(self._root)
        forwarding = self._forwarding((), self._root)
        interfaces = self._interfaces(forwarding) if self._has("interfaces") else None
        return NodeFacts(
            node=node,
            span=self._document.span(("node",)),
            interfaces=interfaces,
            routes=tuple(self._routes()) if self._has("routes") else None,
            listeners=tuple(self._listeners()) if self._has("listening") else None,
            services=tuple(self._services(interfaces)) if self._has("services") else None,
            roles=self._strings("roles"),
            firewall=self._firewall(),
            forwarding=forwarding,
            workload_prefixes=self._strings("workload-prefixes"),
            notes=self._strings("notes") or (),
            gaps=frozenset(self._gaps),
        )

    def _interfaces(self, default: Forwarding) -> tuple[Interface, ...]:
        found: dict[str, Interface] = {}
        for path, item in self._items("interfaces"):
            name = item["name"]
            span = self._document.span((*path, "name"))
            if name in found:
                related = (Related(found[name].span, "the first one"),)
                self._problem(Misfit((*path, "name"), False, f'the interface "{name}" is listed twice'), related)
                continue
            stated = self._forwarding(path, item)
            found[name] = Interface(
                name=name,
                span=span,
                addresses=self._addresses((*path, "addresses"), item.get("addresses")),
                forwarding=Forwarding(
                    default.ipv4 if stated.ipv4 is None else stated.ipv4,
                    default.ipv6 if stated.ipv6 is None else stated.ipv6,
                    stated.span or default.span,
                ),
                up=item.get("up"),
                kind=item.get("kind"),
                master=item.get("master"),
                mtu=item.get("mtu"),
            )
        return tuple(found.values())

    def _addresses(self, path: Path, texts: list[str | None] | None) -> tuple[Address, ...] | None:
        if texts is None:
            return None
        read = (self._address((*path, index), text) for index, text in enumerate(texts))
        return tuple(address for address in read if address is not None)

    def _routes(self) -> Iterator[Route]:
        for path, item in self._items("routes"):
            gateway = self._address((*path, "via"), item.get("via"))
            to = item["to"]
            if to == "default":
                to = "::/0" if gateway is not None and gateway.version == 6 else "0.0.0.0/0"
            destination = self._address((*path, "to"), to, network=True)
            source = self._address((*path, "source"), item.get("source"))
            if destination is None or (gateway is None and "via" in item) or (source is None and "source" in item):
                continue
            yield Route(
                destination=destination,
                span=destination.span,
                gateway=gateway,
                interface=item.get("interface"),
                source=source,
                protocol=item.get("protocol"),
                metric=item.get("metric"),
                table=item.get("table", "main"),
                type=item.get("type", "unicast"),
            )

    def _listeners(self) -> Iterator[Listener]:
        for path, item in self._items("listening"):
            text = item.get("address", "*")
            address = None if text in _ANY else self._address((*path, "address"), text)
            if text not in _ANY and address is None:
                continue
            yield Listener(
                protocol=item["protocol"],
                port=item.get("port"),
                span=self._document.span((*path, "port" if "port" in item else "protocol")),
                address=address,
                versions=_ANY[text] if address is None else (address.version,),
                interface=item.get("interface"),
                process=item.get("process"),
            )

    def _services(self, interfaces: tuple[Interface, ...] | None) -> Iterator[Service]:
        known = {interface.name: None for interface in interfaces or ()}
        for name, items in self._root["services"].items():
            if interfaces is not None and name not in known and "interfaces" not in self._gaps:
                message = f"services at {quoted(name)}, which is none of the interfaces listed"
                self._problem(Misfit(("services", name), True, message, near=(name, known)))
                continue
            for index, item in enumerate(items or ()):
                path: Path = ("services", name, index)
                if isinstance(item, str):
                    yield Service(item, name, self._document.span(path))
                elif item is not None and None not in item.values():
                    span = self._document.span((*path, "name"))
                    yield Service(item["name"], name, span, item.get("protocol"), item.get("port"))

    def _firewall(self) -> Firewall:
        chains = self._root.get("firewall") or {}
        return Firewall(
            **{
                chain: Policy(verdict, self._document.span(("firewall", chain)))
                for chain, verdict in chains.items()
                if verdict is not None
            }
        )

    def _forwarding(self, path: Path, item: dict[str, Any]) -> Forwarding:
        value = item.get("forwarding")
        if value is None:
            return Forwarding()
        span = self._document.span((*path, "forwarding"), key=True)
        if isinstance(value, bool):
            return Forwarding(value, value, span)
        return Forwarding(value.get("ipv4"), value.get("ipv6"), span)

    def _address(self, path: Path, text: str | None, network: bool = False) -> Address | None:
        """Parse what the schema's pattern let through; the length must be given, except for hosts."""
        if text is None:
            return None
        try:
            prefix = _prefix(text)
        except ValueError:
            self._problem(Misfit(path, False, f"{quoted(text)} is not an address{' or prefix' if '/' in text else ''}"))
            return None
        if network and prefix.value != prefix.first:
            message = f'"{text}" has bits set behind its prefix length, expected "{prefix.masked()}"'
            self._problem(Misfit(path, False, message))
            return None
        shown = str(prefix if "/" in text or network else prefix.address)
        return Address(shown, prefix.family, prefix.value, prefix.length, self._document.span(path))

    def _has(self, section: str) -> bool:
        return self._root.get(section) is not None

    def _items(self, section: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        """The usable mappings of a list, with their places: half an interface is one, half a route is another route."""
        for index, item in enumerate(self._root[section]):
            if item is None or item.get("name", "") is None:
                continue
            if section == "interfaces" or None not in item.values():
                yield (section, index), item

    def _strings(self, section: str) -> tuple[str, ...] | None:
        values = self._root.get(section)
        return None if values is None else tuple(value for value in values if value is not None)

    def _problem(self, misfit: Misfit, related: tuple[Related, ...] = ()) -> None:
        if misfit.path and isinstance(misfit.path[0], str):
            self._gaps.add(misfit.path[0])
        self._broken.append((misfit, related))

    def compare(self, facts: NodeFacts, first: NodeFacts) -> None:
        """Note that the node has facts already, if it has."""
        if facts is not first:
            message = f'the node "{facts.node}" has facts already, these are left out'
            related = (Related(first.span, "the facts that count"),)
            self._again.append(Problem("facts-duplicate", facts.span, message, related, ("node",)))

    def problems(self) -> Iterator[Problem]:
        """The problems in the order of the text, each put into words when it is asked for."""
        placed = [(self._span(misfit), misfit, related) for misfit, related in self._broken]
        for span, misfit, related in sorted(placed, key=lambda one: one[0]):
            yield Problem("facts-invalid", span, misfit.sentence, related, misfit.path, misfit.help)
        yield from self._again

    def _span(self, misfit: Misfit) -> Span:
        """The key of a list and of what the key itself is wrong with, else the value (of a mapping its first key)."""
        value = self._document.value
        for step in misfit.path:
            value = value[step]
        named = bool(misfit.path) and isinstance(misfit.path[-1], str)
        return self._document.span(misfit.path, key=named and (misfit.names_key or isinstance(value, list)))


def _prefix(text: str) -> Prefix:
    """An address with its length; one of IPv4 that is written as one of IPv6 stays that, which to Go it does not."""
    if ":" not in text:
        return parse_cidr(text)
    import ipaddress

    found = ipaddress.IPv6Interface(text)
    return Prefix(6, int(found.ip), found.network.prefixlen)
