"""`PacketSet`: exact sets of packets of one family, over addresses, protocols, ports and classes of interfaces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from callint.net import intervals
from callint.net.address import LAST, Family, format_address
from callint.net.diagrams import EMPTY, FULL, Node, Operation, Space, split
from callint.net.intervals import Interval, Intervals
from callint.net.ports import ICMP, ICMPV6, PROTOCOL_NAMES, PROTOCOLS, WITH_PORTS
from callint.record import NamedTuple

Box = dict[str, Intervals]
"""What a product of fields allows: field name to intervals; a field that is missing is free."""

_PORTS = (1 << 16) - 1
_BYTE = 255
# Destination first and ports last keeps diagrams small (measured). A packet without ports has the type of its ICMP
# message for a destination port and the code for a source port, or 0 for both, so that each packet is one point.
_FIELDS = ("destination", "source", "protocol", "destination_port", "source_port")
_ALIASES = {"icmp_type": "destination_port", "icmp_code": "source_port"}
_ICMP = (ICMP, ICMPV6)
_ANY_PROTOCOL: Intervals = ((0, _BYTE),)
_PORTED = intervals.from_values(WITH_PORTS)
_TYPED = intervals.from_values(_ICMP)


class Packet(NamedTuple):
    """One packet; `classes` are the numbers of its space's extra fields, such as interfaces, in their order."""

    source: int
    destination: int
    protocol: int
    source_port: int | None = None
    destination_port: int | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None
    classes: tuple[int, ...] = ()


class PacketSpace:
    """All packets of one family, and the maker of their sets; sets of different spaces must not meet.

    `extra` adds fields in front, each with its greatest value: `[("in_interface", 3)]` for four classes of interfaces.
    `limit` is that of `diagrams.Space`, whose TooLargeError every operation may raise. With `only`, the packets of
    these boxes are all there are: what asks about few of them is much quicker for it.
    """

    def __init__(
        self,
        family: Family,
        extra: Sequence[tuple[str, int]] = (),
        *,
        limit: int = 1_000_000,
        only: Iterable[Box] | None = None,
    ) -> None:
        self.family: Family = family
        self.extra = tuple(name for name, _ in extra)
        self.fields = (*self.extra, *_FIELDS)
        tops = (LAST[family], LAST[family], _BYTE, _PORTS, _PORTS)
        self.diagrams = Space([*(top for _, top in extra), *tops], limit=limit)
        with_ports = self._product({"protocol": _PORTED})
        icmp = self._product({"protocol": _TYPED, "icmp_type": ((0, _BYTE),), "icmp_code": ((0, _BYTE),)})
        others = intervals.complement(intervals.from_values((*WITH_PORTS, *_ICMP)), _BYTE)
        rest = self._product({"protocol": others, "destination_port": ((0, 0),), "source_port": ((0, 0),)})
        self.everything = PacketSet(self, self._all_of([with_ports, icmp, rest]))
        self.nothing = PacketSet(self, EMPTY)
        self.only = None if only is None else tuple(only)
        if self.only is not None:
            self.everything = self.union_all([self.box(**box) for box in self.only])

    def box(self, **sides: Intervals | None) -> PacketSet:
        """The packets whose fields lie in the given intervals; a field left out, or `None`, is free.

        Fields are those of `fields`, and `icmp_type` and `icmp_code`. Ports leave TCP, UDP and SCTP only, an ICMP type
        or code leaves ICMP and ICMPv6 only, whatever `protocol` says.
        """
        given = {name: side for name, side in sides.items() if side is not None}
        allowed = _ANY_PROTOCOL
        if "destination_port" in given or "source_port" in given:
            allowed = _PORTED
        if "icmp_type" in given or "icmp_code" in given:
            allowed = intervals.intersection(allowed, _TYPED)
        if not allowed:
            return self.nothing
        given["protocol"] = intervals.intersection(given.get("protocol", allowed), allowed)
        return PacketSet(self, self._product(given)) & self.everything

    def union_all(self, sets: Iterable[PacketSet]) -> PacketSet:
        """The union of many sets, combined as a balanced tree."""
        return PacketSet(self, self._all_of([one.node for one in sets]))

    def telling(self, sets: Iterable[PacketSet], field: str) -> Callable[[int], object]:
        """What is equal for values of a field only if each of the sets holds the same packets with either."""
        return self.diagrams.telling((one.node for one in sets), self.fields.index(field))

    def _product(self, sides: Mapping[str, Intervals]) -> Node:
        named = {_ALIASES.get(name, name): side for name, side in sides.items()}
        unknown = named.keys() - set(self.fields)
        if unknown:
            raise ValueError(f"no packet has the field {', '.join(sorted(unknown))}")
        return self.diagrams.product([named.get(field) for field in self.fields])

    def _all_of(self, nodes: list[Node]) -> Node:
        while len(nodes) > 1:
            pairs = [self.diagrams.apply("or", a, b) for a, b in zip(nodes[::2], nodes[1::2], strict=False)]
            nodes = [*pairs, nodes[-1]] if len(nodes) % 2 else pairs
        return nodes[0] if nodes else EMPTY


class PacketSet:
    """A set of packets; `|`, `&`, `-`, `~`, `<=`, `==`, `in` and truth are what they are for Python's sets.

    Equality is identity of the diagram. `~` is relative to `space.everything`.
    """

    __slots__ = ("node", "space")

    def __init__(self, space: PacketSpace, node: Node) -> None:
        self.space = space
        self.node = node

    def __or__(self, other: PacketSet) -> PacketSet:
        return self._with("or", other)

    def __and__(self, other: PacketSet) -> PacketSet:
        return self._with("and", other)

    def __sub__(self, other: PacketSet) -> PacketSet:
        return self._with("minus", other)

    def __invert__(self) -> PacketSet:
        return self.space.everything - self

    def __le__(self, other: PacketSet) -> bool:
        return not self - other

    def __bool__(self) -> bool:
        return self.node is not EMPTY

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PacketSet) and self.node is other.node and self.space is other.space

    @property
    def pieces(self) -> int:
        """How finely its first two fields are divided, which is what an operation takes for a small other set."""
        return len(self.node.bounds) + sum(len(child.bounds) for child in self.node.children)

    def __hash__(self) -> int:
        return hash(self.node)

    def __contains__(self, packet: Packet) -> bool:
        has_icmp = packet.protocol in _ICMP
        high, low = (packet.icmp_type, packet.icmp_code) if has_icmp else (packet.destination_port, packet.source_port)
        point = (*packet.classes, packet.destination, packet.source, packet.protocol, high or 0, low or 0)
        return self.space.diagrams.contains(self.node, point)

    def size(self) -> int:
        """How many packets the set holds."""
        return self.space.diagrams.count(self.node)

    def witness(self, **preferred: Sequence[int]) -> Packet | None:
        """One packet: of each field the first preferred value that is possible, else the lowest; TCP before others."""
        wishes = {
            "protocol": tuple(PROTOCOL_NAMES),
            **{_ALIASES.get(name, name): wish for name, wish in preferred.items()},
        }

        def choose(level: int, possible: Intervals) -> int:
            wish = wishes.get(self.space.fields[level], ())
            return next((value for value in wish if intervals.contains(possible, value)), possible[0][0])

        point = self.space.diagrams.pick(self.node, choose)
        if point is None:
            return None
        *classes, destination, source, protocol, high, low = point
        bare = Packet(source, destination, protocol, classes=tuple(classes))
        if protocol in _ICMP:
            return bare._replace(icmp_type=high, icmp_code=low)
        return bare._replace(destination_port=high, source_port=low) if protocol in WITH_PORTS else bare

    def boxes(self) -> Iterator[Box]:
        """The set as disjoint products, the same for equal sets; a field that is free is left out."""
        return _boxes(self.space, self.node, self.space.everything.node)

    def __str__(self) -> str:
        return self.describe()

    def describe(self, limit: int = 20) -> str:
        """The boxes, `; ` between them, as far as `limit` of them; `nothing` and `everything` by name."""
        shown: list[str] = []
        for box in self.boxes():
            if len(shown) == limit:
                return f"{'; '.join(shown)}; and more"
            sides = (f"{name.replace('_', ' ')} {self._side(name, side)}" for name, side in box.items())
            shown.append(", ".join(sides) or "everything")
        return "; ".join(shown) or "nothing"

    def __repr__(self) -> str:
        return f"<PacketSet {self.describe(3)}>"

    def _side(self, name: str, side: Intervals) -> str:
        if name in ("destination", "source"):
            return ", ".join(_addresses(self.space.family, pair) for pair in side)
        if name == "protocol":
            return ", ".join(
                PROTOCOL_NAMES.get(low, str(low)) if low == high else f"{low}-{high}"
                for pair in side
                for low, high in _singled(pair)
            )
        return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in side)

    def _with(self, operation: Operation, other: PacketSet) -> PacketSet:
        if self.space is not other.space:
            raise ValueError("sets of different packet spaces have no operations")
        return PacketSet(self.space, self.space.diagrams.apply(operation, self.node, other.node))


def _boxes(space: PacketSpace, node: Node, every: Node) -> Iterator[Box]:
    """Boxes of `node`, in which what fills `every`, the part of the universe reached so far, needs no word."""
    if node is every:
        yield {}
        return
    if node is EMPTY:
        return
    level = min(node.level, every.level)
    pieces: dict[tuple[Node, Node], list[Interval]] = {}
    whole: list[Interval] = []
    for pair, child, full in _together(node, every, level, space.diagrams.maxima[level]):
        if full is not EMPTY:
            whole.append(pair)
        if child is not EMPTY:
            pieces.setdefault((FULL, FULL) if child is full else (child, full), []).append(pair)
    name = space.fields[level]
    everywhere = intervals.merge(whole)
    for (child, full), pairs in pieces.items():
        side = intervals.merge(pairs)
        here: Box = {} if side == everywhere else {name: side}
        for rest in _boxes(space, child, full):
            yield _named({**here, **rest})


def _together(node: Node, every: Node, level: int, top: int) -> Iterator[tuple[Interval, Node, Node]]:
    left = list(split(node)) if node.level == level else [((0, top), node)]
    right = list(split(every)) if every.level == level else [((0, top), every)]
    for a, child in left:
        for b, full in right:
            low, high = max(a[0], b[0]), min(a[1], b[1])
            if low <= high:
                yield (low, high), child, full


def _named(box: Box) -> Box:
    """ICMP's fields under their own names where the protocols are ICMP's alone."""
    if not intervals.covers(_TYPED, box.get("protocol", ((0, _BYTE),))):
        return box
    names = {field: alias for alias, field in _ALIASES.items()}
    return {names.get(name, name): side for name, side in box.items()}


def _addresses(family: Family, pair: Interval) -> str:
    networks = intervals.to_prefixes((pair,), family)
    if len(networks) == 1:
        return str(networks[0])
    return f"{format_address(family, pair[0])}-{format_address(family, pair[1])}"


def _singled(pair: Interval) -> Iterator[Interval]:
    """A short range of protocols one by one, so that each can be named."""
    if pair[1] - pair[0] < len(PROTOCOLS):
        yield from ((value, value) for value in range(pair[0], pair[1] + 1))
    else:
        yield pair
