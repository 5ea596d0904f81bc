"""Far ends that no router can have, since they stand for a network or for all that are in it."""

from __future__ import annotations

import pytest

from callint.checks import find
from manifests import calico, cluster_of

FACTS = """
version: 1
node: router
interfaces:
  - {name: wan0, addresses: [192.0.2.2/30]}
  - {name: lan0, addresses: [10.0.0.1/23]}
  - {name: link0, addresses: [10.9.0.1/31]}
"""


def told(peer: str, *addresses: str, facts: str = "", **spec: str) -> list[str]:
    nodes = [
        calico("Node", f"n{number}", {"bgp": {"ipv6Address" if ":" in one else "ipv4Address": one}})
        for number, one in enumerate(addresses)
    ]
    objects = [*nodes, calico("BGPPeer", "p", {"peerIP": peer, "asNumber": 65000, **spec})]
    cluster = cluster_of(objects, facts=facts)
    return [one.message for one in find("far_end")(cluster, {"problem": "network"})]


@pytest.mark.parametrize(
    ("peer", "addresses", "what"),
    [
        ("10.0.0.0", ("10.0.0.5/24",), "the address of 10.0.0.0/24 itself"),
        ("10.0.0.0:1790", ("10.0.0.5/24", "10.0.0.6/24"), "the address of 10.0.0.0/24 itself"),
        ("10.0.0.255", ("10.0.0.5/24",), "the broadcast address of 10.0.0.0/24"),
        ("10.0.0.7", ("10.0.0.5/30", "10.0.1.5/24"), "the broadcast address of 10.0.0.4/30"),
        ("10.0.1.0", ("10.0.0.5/24", "10.0.1.5/24"), '10.0.1.0/24 itself, in which node "n1" is'),
    ],
)
def test_addresses_that_no_router_has(peer: str, addresses: tuple[str, ...], what: str) -> None:
    (message,) = told(peer, *addresses)
    assert what in message


@pytest.mark.parametrize(
    ("peer", "addresses"),
    [
        ("10.0.0.1", ("10.0.0.5/24",)),
        ("10.0.0.254", ("10.0.0.5/24",)),
        ("10.0.0.0", ("10.0.0.1/31",)),  # both of a pair are routers (RFC 3021)
        ("10.0.0.1", ("10.0.0.0/31",)),
        ("10.0.0.5", ("10.0.0.5/32",)),
        ("10.0.0.0", ("10.0.0.5",)),  # without a length there is no network
        ("10.0.0.0", ("10.1.0.5/24",)),
        ("10.0.1.0", ("10.0.0.5/23",)),
        ("10.0.0.255", ("10.0.0.5/23", "10.0.0.6/24")),  # whose length is right is not known
        ("10.0.0.128", ("10.0.0.5/24",)),
        ("fd00::", ("fd00::5/64",)),
        ("fd00::", ("fd00::1/127",)),
    ],
)
def test_addresses_that_a_router_may_have(peer: str, addresses: tuple[str, ...]) -> None:
    assert told(peer, *addresses) == []


@pytest.mark.parametrize(
    ("peer", "several"),
    [("192.0.2.0", 1), ("192.0.2.3", 1), ("192.0.2.1", 0), ("10.0.0.255", 0), ("10.0.1.255", 1), ("10.9.0.0", 0)],
)
def test_networks_that_facts_tell(peer: str, several: int) -> None:
    assert len(told(peer, facts=FACTS)) == several


def test_peers_that_are_nodes_have_no_address_of_their_own() -> None:
    assert told("10.0.0.0", "10.0.0.5/24", peerSelector="all()") == []
