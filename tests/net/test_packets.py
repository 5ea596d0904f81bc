"""Packet sets against a naive matcher, packet by packet, over packets at and around every bound in use."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.net import intervals
from callint.net.address import parse_cidr
from callint.net.intervals import Intervals
from callint.net.packets import Packet, PacketSet, PacketSpace

SPACE = PacketSpace(4, [("in_interface", 2)])
ADDRESSES = (0, 9, 10, 19, 20, 2**32 - 1)
NUMBERS = (0, 1, 7, 8, 255)
PORTS = (0, 1, 7, 8, 255, 256, 65535)
PACKETS = [
    *(
        Packet(source, destination, protocol, source_port, destination_port, classes=(interface,))
        for source, destination in itertools.product(ADDRESSES[1:4], ADDRESSES[:5])
        for protocol, source_port, destination_port in itertools.product((6, 17), PORTS[2:4], PORTS[1:5])
        for interface in (0, 2)
    ),
    *(
        Packet(source, 10, protocol, icmp_type=type_, icmp_code=code, classes=(interface,))
        for source in ADDRESSES
        for protocol, type_, code in itertools.product((1, 58), NUMBERS, NUMBERS[:2])
        for interface in (0,)
    ),
    *(Packet(9, 20, protocol, classes=(interface,)) for protocol in (0, 2, 47, 136, 255) for interface in (0, 1, 2)),
]
Sides = dict[str, Intervals]
Case = tuple[PacketSet, frozenset[Packet]]


def matches(packet: Packet, sides: Sides) -> bool:
    """What a rule says: a condition on a field that the packet has not got fails."""
    values = {**packet._asdict(), "in_interface": packet.classes[0]}
    return all(
        values[name] is not None and any(low <= values[name] <= high for low, high in side)
        for name, side in sides.items()
    )


def one_of(values: tuple[int, ...]) -> st.SearchStrategy[Intervals]:
    pair = st.tuples(st.sampled_from(values), st.sampled_from(values)).map(lambda two: (min(two), max(two)))
    return st.lists(pair, min_size=1, max_size=2).map(intervals.merge)


SIDES = st.fixed_dictionaries(
    {},
    optional={
        "source": one_of(ADDRESSES),
        "destination": one_of(ADDRESSES),
        "protocol": one_of((0, 1, 6, 17, 58, 255)),
        "in_interface": one_of((0, 1, 2)),
    },
)
L4: st.SearchStrategy[Sides] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({}, optional={"source_port": one_of(PORTS), "destination_port": one_of(PORTS)}),
    st.fixed_dictionaries({"icmp_type": one_of(NUMBERS)}, optional={"icmp_code": one_of(NUMBERS)}),
)
RULES = st.builds(lambda sides, more: {**sides, **more}, SIDES, L4)


def case(sides: Sides) -> Case:
    return SPACE.box(**sides), frozenset(packet for packet in PACKETS if matches(packet, sides))


EVERY = frozenset(PACKETS)
CASES = st.recursive(
    RULES.map(case),
    lambda inner: st.one_of(
        inner.map(lambda one: (~one[0], EVERY - one[1])),
        st.tuples(inner, inner).map(lambda two: (two[0][0] | two[1][0], two[0][1] | two[1][1])),
        st.tuples(inner, inner).map(lambda two: (two[0][0] & two[1][0], two[0][1] & two[1][1])),
        st.tuples(inner, inner).map(lambda two: (two[0][0] - two[1][0], two[0][1] - two[1][1])),
    ),
    max_leaves=6,
)


@given(CASES)
def test_every_packet_by_itself(one: Case) -> None:
    found, expected = one
    assert {packet for packet in PACKETS if packet in found} == expected
    assert found or not expected
    assert ~~found == found
    assert found <= SPACE.everything


@given(CASES)
def test_a_witness_is_in_the_set_and_is_a_real_packet(one: Case) -> None:
    found, _ = one
    witness = found.witness(source=(10,), destination_port=(53, 443))
    assert (witness is None) == (not found)
    if witness is None:
        return
    assert witness in found
    assert (witness.destination_port is not None) == (witness.protocol in (6, 17, 132))
    assert (witness.icmp_type is not None) == (witness.protocol in (1, 58))
    assert witness.icmp_type is None or max(witness.icmp_type, witness.icmp_code or 0) <= 255


@given(CASES)
def test_boxes_are_disjoint_and_make_up_the_set(one: Case) -> None:
    found, _ = one
    sets = [SPACE.box(**box) for box in found.boxes()]
    assert SPACE.union_all(sets) == found
    assert sum(part.size() for part in sets) == found.size()


def test_text() -> None:
    space = PacketSpace(4)
    net = parse_cidr("10.0.0.0/8")
    dns = space.box(destination=((net.first, net.last),), protocol=((6, 6), (17, 17)), destination_port=((53, 53),))
    assert str(dns) == "destination 10.0.0.0/8, protocol TCP, UDP, destination port 53"
    assert str(space.box(protocol=((6, 6),))) == "protocol TCP"
    assert str(space.box(protocol=((1, 1),), icmp_type=((8, 8),))) == "protocol ICMP, icmp type 8"
    assert str(space.box(destination_port=((80, 90),))) == "protocol TCP, UDP, SCTP, destination port 80-90"
    assert str(space.everything) == "everything"
    assert str(space.nothing) == "nothing"
    assert str(~space.box(source=((1, 5),))) == "source 0.0.0.0/32, 0.0.0.6-255.255.255.255"
    assert space.box(source=((1, 1), (3, 3)), destination=((2, 2),)).describe(0).endswith("and more")
    assert str(PacketSpace(6).box(source=((0, 2**128 - 1),))) == "everything"


def test_of_packets_that_there_are_what_is_all_there_is_needs_no_word() -> None:
    """Whatever that is in each place."""
    ways = [("10.0.0.1", 6), ("10.0.0.2", 17), ("10.0.0.4", 132)]
    only = [
        {"destination": intervals.from_values([parse_cidr(text).value]), "protocol": intervals.from_values([number])}
        for text, number in ways
    ]
    space = PacketSpace(4, only=only)
    assert str(space.everything) == "everything"
    assert str(space.box(**only[0]) | space.box(**only[1])) == "destination 10.0.0.1-10.0.0.2"


def test_witness_prefers() -> None:
    space = PacketSpace(6, [("in_interface", 3), ("out_interface", 1)])
    witness = space.everything.witness(protocol=(17,), destination_port=(53,), in_interface=(2,))
    assert witness == Packet(0, 0, 17, 0, 53, classes=(2, 0))
    default = space.everything.witness()
    assert default is not None
    assert default.protocol == 6
    assert space.nothing.witness() is None


def test_contradictions_are_empty_and_misuse_is_refused() -> None:
    assert not SPACE.box(protocol=((1, 1),), destination_port=((53, 53),))
    assert not SPACE.box(icmp_type=((8, 8),), protocol=((6, 6),))
    assert not SPACE.box(icmp_type=((8, 8),), destination_port=((53, 53),))
    assert not SPACE.box(source=())
    with pytest.raises(ValueError, match="no packet has"):
        SPACE.box(colour=((8, 8),))
    with pytest.raises(ValueError, match="different packet spaces"):
        _ = SPACE.everything | PacketSpace(4).everything
