"""From which of its addresses a node sends."""

from __future__ import annotations

import pytest

from callint.facts.reader import read
from callint.facts.ways import size, source_towards
from callint.net.address import parse_ip
from callint.source import parse

INTERFACES = """interfaces:
  - {name: lan0, addresses: [10.0.0.1/24, "fd00::1/64", "fe80::1/64", 169.254.0.1/16]}
  - {name: two0, addresses: [10.4.0.1/24, 10.4.1.1/24]}
  - {name: bare0}
"""
ROUTES = """routes:
  - {to: default, via: 10.0.0.9, interface: lan0}
  - {to: 10.0.0.0/24, interface: lan0, source: 10.9.9.9}
  - {to: 10.1.0.0/16, interface: two0, table: "100"}
  - {to: 10.2.0.0/16, interface: bare0}
  - {to: 10.3.0.0/16, type: unreachable, interface: lan0}
  - {to: 10.5.0.0/16, via: 10.0.0.9}
"""


def source(far: str, about: str) -> str | None:
    (facts,), problems = read(parse(f"version: 1\nnode: a\n{about}", "facts.yaml").documents)
    assert not problems
    found = source_towards(facts, parse_ip(far))
    return None if found is None else str(found)


@pytest.mark.parametrize(
    ("far", "own"),
    [
        ("8.8.8.8", "10.0.0.1"),  # not that of the link alone
        ("10.0.0.7", "10.9.9.9"),  # a route that is as long as the network of the interface
        ("10.1.0.1", "10.0.0.1"),  # not by another table
        ("10.2.0.1", None),
        ("10.3.0.1", None),
        ("10.4.1.7", "10.4.1.1"),
        ("10.5.0.1", None),
        ("fd00::7", "fd00::1"),
        ("fd01::7", None),
    ],
)
def test_the_longest_prefix_says_from_where(far: str, own: str | None) -> None:
    assert source(far, INTERFACES + ROUTES) == own


@pytest.mark.parametrize("about", [INTERFACES, ROUTES])
def test_nothing_is_concluded_from_half_of_it(about: str) -> None:
    assert source("8.8.8.8", about) is None
    assert source("10.0.0.7", about) is None


def test_what_there_is_to_look_at() -> None:
    (facts,), _ = read(parse(f"version: 1\nnode: a\n{INTERFACES}{ROUTES}", "facts.yaml").documents)
    assert size(facts) == 6 + 6
    (facts,), _ = read(parse("version: 1\nnode: a\n", "facts.yaml").documents)
    assert size(facts) == 0


@pytest.mark.parametrize(("state", "own"), [("true", "10.6.0.1"), ("false", "10.0.0.1")])
def test_nothing_is_sent_by_an_interface_that_is_down(state: str, own: str) -> None:
    down = f"  - {{name: eth9, addresses: [10.6.0.1/24], up: {state}}}\n"
    assert source("10.6.0.7", INTERFACES + down + ROUTES) == own
