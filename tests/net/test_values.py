"""The value grammars, against tables of what Calico takes and refuses, and patterns against words one by one."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.net.asn import parse_as_number
from callint.net.community import format_community, parse_community
from callint.net.duration import parse_duration
from callint.net.interface import glob_covers, glob_matches, parse_interface
from callint.net.ports import parse_port, parse_protocol


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((80, (80, 80)), ("80", (80, 80)), ("080", (80, 80)), ("80:90", (80, 90)), ("1:65535", (1, 65535))),
        *((65535, (65535, 65535)), ("http", "http"), ("a-1", "a-1"), ("1a", "1a"), ("x" * 15, "x" * 15)),
    ],
)
def test_ports(value: object, expected: object) -> None:
    assert parse_port(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        *(
            0,
            -1,
            65536,
            "0",
            "65536",
            "0:100",
            "90:80",
            "80-90",
            "80:",
            ":80",
            "80:90:100",
            "",
            "Http",
            "a--b",
            "-a",
            "a-",
        ),
        *("x" * 16, "a_b", "a.b", "1-2", True, 80.5, None, "+80", " 80", "9" * 5000, "\uff18"),
    ],
)
def test_no_ports(value: object) -> None:
    with pytest.raises(ValueError, match="port"):
        parse_port(value)


def test_a_dash_is_no_range() -> None:
    with pytest.raises(ValueError, match='"80:90" was expected'):
        parse_port("80-90")


@pytest.mark.parametrize(
    ("value", "expected"), [("TCP", 6), ("ICMPv6", 58), ("UDPLite", 136), (1, 1), (255, 255), ("17", 17), ("SCTP", 132)]
)
def test_protocols(value: object, expected: int) -> None:
    assert parse_protocol(value) == parse_protocol(value, strict=True) == expected


@pytest.mark.parametrize("value", ["tcp", "icmpv6", "ALL", "", 0, 256, "0", "256", -1, True, None, 6.0, "9" * 5000])
def test_no_protocols(value: object) -> None:
    with pytest.raises(ValueError, match="is no protocol"):
        parse_protocol(value, strict=True)


def test_case_of_protocols() -> None:
    assert parse_protocol("tcp") == parse_protocol("Tcp") == 6
    with pytest.raises(ValueError, match='"ICMPv6" was expected'):
        parse_protocol("icmpv6", strict=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0),
        (64512, 64512),
        ("64512", 64512),
        (4294967295, 4294967295),
        ("1.10", 65546),
        ("0.1", 1),
        ("65535.65535", 2**32 - 1),
        (64512.0, 64512),
    ],
)
def test_as_numbers(value: object, expected: int) -> None:
    assert parse_as_number(value) == expected


@pytest.mark.parametrize(
    "value",
    [-1, 4294967296, "4294967296", "1.65536", "65536.1", "1.", ".1", "1.2.3", "", "AS1", "+1", 1.10, True, None],
)
def test_no_as_numbers(value: object) -> None:
    with pytest.raises(ValueError, match="AS number"):
        parse_as_number(value)


@pytest.mark.parametrize("text", ["0:0", "65535:65535", "64512:120", "1:2:3", "4294967295:4294967295:4294967295"])
def test_communities(text: str) -> None:
    assert format_community(parse_community(text)) == text


@pytest.mark.parametrize("text", ["", "1", "65536:0", "1:2:4294967296", "1:2:3:4", "a:b", "1:", ":1", "-1:1", "1 :1"])
def test_no_communities(text: str) -> None:
    with pytest.raises(ValueError, match="is no community"):
        parse_community(text)


def test_leading_zeros_in_communities() -> None:
    assert parse_community("0064512:020") == (64512, 20)


def test_interfaces() -> None:
    assert parse_interface("eth0.100") == "eth0.100"
    assert parse_interface("*", extra="*") == "*"
    for text in ("", "x" * 16, "*", "eth0:1", "eth 0"):
        with pytest.raises(ValueError, match="is no interface"):
            parse_interface(text)


GLOBS = st.text(alphabet="ab*", max_size=4)
WORDS = ["".join(word) for length in range(8) for word in itertools.product("abc", repeat=length)]


def patmatch(pattern: str, word: str) -> bool:
    """As BIRD does it, step by step."""
    if not pattern:
        return not word
    first, rest = pattern[0], pattern[1:]
    if first == "*":
        return not rest or any(word[at] == rest[0] and patmatch(rest, word[at:]) for at in range(len(word)))
    return word[:1] == first and patmatch(rest, word[1:])


def matching(pattern: str) -> set[str]:
    return {word for word in WORDS if patmatch(pattern, word)}


@given(GLOBS, st.sampled_from(WORDS))
def test_patterns_match_as_in_bird(pattern: str, word: str) -> None:
    assert glob_matches(pattern, word) == (word in matching(pattern))


@given(GLOBS, GLOBS)
def test_cover_by_trying_words(a: str, b: str) -> None:
    # Two patterns of four characters part within words of seven characters if at all.
    never = "**" in a or "**" in b
    assert glob_covers(a, b) == (not never and matching(b) <= matching(a))


def test_the_star_alone_matches_a_route_without_interface() -> None:
    assert glob_matches("*", "")
    assert not glob_matches("eth*", "")
    assert not glob_matches("eth**", "eth0")


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        *(
            ("0", 0),
            ("90s", 90_000_000_000),
            ("1m30s", 90_000_000_000),
            ("1.5h", 5_400_000_000_000),
            ("-1s", -1_000_000_000),
        ),
        *(("0.5s", 500_000_000), (".5s", 500_000_000), ("5.s", 5_000_000_000), ("10us", 10_000), ("10\u00b5s", 10_000)),
        *(("0s", 0), ("+5ms", 5_000_000), ("1h1h", 7_200_000_000_000), ("100ns", 100)),
    ],
)
def test_durations(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "5", "s", ".s", "1 s", "5d", "-", "1.5.5s", "1s ", "0.", "1e3s", "9" * 200 + "s"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        parse_duration(text)


def test_durations_have_an_end() -> None:
    with pytest.raises(ValueError, match="longer than Go can count"):
        parse_duration("2562048h")
