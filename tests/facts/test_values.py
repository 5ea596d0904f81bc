from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from callint.facts import Address, Forwarding, Interface, NodeFacts
from callint.finding import Span

HERE = Span("facts.yaml", 1, 1, 1, 2)


@given(st.ip_addresses(), st.integers(0, 128))
def test_a_prefix_spans_the_addresses_that_ipaddress_says(ip: ipaddress.IPv4Address | ipaddress.IPv6Address, n: int):
    length = n % (ip.max_prefixlen + 1)
    network = ipaddress.ip_network((ip, length), strict=False)
    address = Address(str(ip), 4 if ip.version == 4 else 6, int(ip), length, HERE)
    assert (address.first, address.last) == (int(network[0]), int(network[-1]))


def test_unknown_and_none_are_different():
    lan0 = Interface("lan0", HERE)
    unknown, none = NodeFacts("a", HERE), NodeFacts("a", HERE, interfaces=(), listeners=())
    assert not unknown.knows("interfaces")
    assert none.knows("interfaces")
    assert not none._replace(gaps=frozenset(["listening"])).knows("listeners")
    assert unknown.interface("lan0") is None
    assert NodeFacts("a", HERE, interfaces=(lan0,)).interface("lan0") is lan0


def test_forwarding_is_asked_by_version():
    assert Forwarding(True, None).of(4) is True
    assert Forwarding(True, None).of(6) is None
