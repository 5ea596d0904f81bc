from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.net.address import Address, Prefix, format_address, parse_cidr, parse_ip, parse_net, parse_peer

V4 = st.integers(0, 2**32 - 1)
GROUP = st.one_of(st.just(0), st.integers(0, 0xFFFF))
V6 = st.lists(GROUP, min_size=8, max_size=8).map(lambda groups: sum(g << (16 * i) for i, g in enumerate(groups)))
ADDRESS_TEXT = st.text(alphabet="0123456789abcdefF:./%", max_size=24)


@given(V4)
def test_v4_round_trip_agrees_with_ipaddress(value: int) -> None:
    assert format_address(4, value) == str(ipaddress.IPv4Address(value))
    assert parse_ip(format_address(4, value)) == Address(4, value)


@given(V6)
def test_v6_round_trip_agrees_with_ipaddress(value: int) -> None:
    oracle = ipaddress.IPv6Address(value)
    if oracle.ipv4_mapped is not None:
        assert parse_ip(oracle.exploded) == Address(4, int(oracle.ipv4_mapped))
        return
    assert format_address(6, value) == str(oracle)
    assert parse_ip(str(oracle)) == parse_ip(oracle.exploded.upper()) == Address(6, value)


@given(ADDRESS_TEXT)
def test_a_text_is_an_address_exactly_when_ipaddress_says_so(text: str) -> None:
    try:
        oracle = ipaddress.ip_address(text)
        if "%" in text or "/" in text:
            raise ValueError
    except ValueError:
        with pytest.raises(ValueError, match=r"^\""):
            parse_ip(text)
        return
    mapped = oracle.ipv4_mapped if isinstance(oracle, ipaddress.IPv6Address) else None
    assert parse_ip(text) == (Address(4, int(mapped)) if mapped else Address(oracle.version, int(oracle)))


@given(V4, st.integers(0, 32))
def test_network_bounds_agree_with_ipaddress(value: int, length: int) -> None:
    oracle = ipaddress.IPv4Network((value, length), strict=False)
    prefix = Prefix(4, value, length)
    assert (prefix.first, prefix.last) == (int(oracle.network_address), int(oracle.broadcast_address))
    assert str(prefix.masked()) == str(oracle)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.0/08", "10.0.0.0/8"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("10.0.0.0/00000", "10.0.0.0/0"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::FFFF:10.0.0.1/128", "10.0.0.1/32"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("10.1.2.3/8", "10.1.2.3/8"),
        ("10.1.2.3", "10.1.2.3/32"),
        ("::1", "::1/128"),
    ],
)
def test_cidrs_that_go_reads(text: str, expected: str) -> None:
    assert str(parse_cidr(text)) == expected


def test_a_mask_that_swallows_the_mapping_leaves_ipv6() -> None:
    assert parse_cidr("::ffff:10.0.0.0/64") == Prefix(6, 0xFFFF_0A00_0000, 64)
    assert str(parse_cidr("::ffff:10.0.0.0/64").masked()) == "::/64"


@pytest.mark.parametrize(
    "text",
    [
        *("", "/", "/8", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/ 8", "10.0.0.0/\uff18", "10.0.0.0/33", "10.0.0.0/-1"),
        *("010.0.0.0/8", "10.0.0.00/8", "10.0.0/8", "10.0.0.0.0/8", "10.0.0.256/8", "10.0.0.0/8/8", "10.0.0.0/8 "),
        *("10.0.0.0/255.0.0.0", "10.0.0.0/0.255.255.255", "fe80::1%eth0", "fe80::%1/64", "::/129", ":::", "1::2::3"),
        *("1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "12345::", "1:", ":1", "1.2.3.4::", "::1.2.3.4:5", "::1.2.3.04"),
        *("1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:1.2.3.4", "::g", "1e1.0.0.1", "10.0.0.0/" + "9" * 5000),
        *("\uff11.2.3.4", "0x7f.0.0.1", "2130706433", "10.0.0.1\n"),
    ],
)
def test_texts_that_go_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"^\""):
        parse_cidr(text)


def test_messages_say_what_is_wrong() -> None:
    def message(text: str, **options: Any) -> str:
        with pytest.raises(ValueError) as error:  # noqa: PT011 (the message is what the test looks at)
            parse_net(text, **options)
        return str(error.value)

    assert message("10.0.0.1/24") == '"10.0.0.1/24" has host bits set; the network is 10.0.0.0/24'
    with pytest.raises(ValueError, match=r'^"10.0.0.0/24" is IPv4; IPv6 was expected$'):
        parse_cidr("10.0.0.0/24", 6)
    assert message("10.0.0.1", bare=False).startswith('"10.0.0.1" has no prefix length')
    assert "leading zeros" in message("10.010.0.0/16")
    assert "above 255" in message("10.300.0.0/16")
    assert "0 to 32" in message("10.0.0.0/64")


@pytest.mark.parametrize("text", ["10.0.0.0/24", "10.0.0.1", "2001:db8::/32", "::ffff:10.0.0.0/120"])
def test_networks_without_host_bits(text: str) -> None:
    assert parse_net(text) == parse_cidr(text).masked()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.1", (Address(4, 0x0A000001), None)),
        ("10.0.0.1:179", (Address(4, 0x0A000001), 179)),
        ("::1", (Address(6, 1), None)),
        ("[::1]:65535", (Address(6, 1), 65535)),
    ],
)
def test_peer_addresses(text: str, expected: tuple[Address, int | None]) -> None:
    assert parse_peer(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "[10.0.0.1]:179", "[::1]", "[::1]:", "[::1]179", "::1%eth0"),
        *("[fe80::1%eth0]:179", ":179", "10.0.0.0/24", "10.0.0.1:+1", "host:179", "[::1", "10.0.0.1:" + "1" * 5000),
    ],
)
def test_texts_that_are_no_peer_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"^\""):
        parse_peer(text)


TINY = st.builds(Prefix, st.just(4), st.integers(0, 15), st.integers(28, 32))


@given(TINY, TINY)
def test_containment_and_overlap_by_counting_addresses(a: Prefix, b: Prefix) -> None:
    addresses_a, addresses_b = set(range(a.first, a.last + 1)), set(range(b.first, b.last + 1))
    assert a.contains(b) == (addresses_b <= addresses_a)
    assert a.overlaps(b) == b.overlaps(a) == bool(addresses_a & addresses_b)
    assert a.contains(Address(4, b.value)) == (b.value in addresses_a)
    assert not a.contains(Prefix(6, b.value, b.length))
    assert len(addresses_a) == 1 << (32 - a.length)
