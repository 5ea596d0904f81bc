"""Which addresses an interface leads to, against the way to each of them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from callint.net import intervals
from callint.net.address import FAMILIES, Address, parse_ip
from callint.policy.links import Ways
from manifests import cluster_of

NAMES = ("eth0", "eth1", "wg0")
LINKS = st.sampled_from(["10.0.0.1/28", "10.0.0.17/28", "10.0.0.1/24", "fd00::1/124", "fd00::1/120"])
ROUTES = st.sampled_from(
    ["default", "10.0.0.0/26", "10.0.0.16/29", "10.0.0.20/32", "fd00::/126", "::/0", "10.0.0.0/28"]
)


@given(
    st.lists(st.lists(LINKS, max_size=2), min_size=3, max_size=3),
    st.lists(st.tuples(ROUTES, st.sampled_from(NAMES)), max_size=5),
)
def test_what_an_interface_leads_to(links: list[list[str]], routes: list[tuple[str, str]]) -> None:
    written: dict[str, Any] = {
        "version": 1,
        "node": "n",
        "interfaces": [{"name": name, "addresses": own} for name, own in zip(NAMES, links, strict=True)],
        "routes": [{"to": to, "interface": name} for to, name in routes],
    }
    (facts,) = cluster_of("", facts=json.dumps(written)).facts.values()
    for name in NAMES:
        led = Ways(facts).led_by(name)
        for family, first in ((4, 10 << 24), (6, 0xFD << 120)):
            for value in range(first - 1, first + 70):
                found = Ways(facts).to(Address(family, value)) in (None, name)
                assert intervals.contains(led[FAMILIES.index(family)], value) is found, (name, family, value - first)


def test_an_interface_that_is_down_leads_nowhere() -> None:
    """It keeps its address, and another one has the network by now."""
    links = "- {name: eth0, addresses: [10.0.0.1/24], up: false}\n- {name: wlan0, addresses: [10.0.0.2/24]}\n"
    (facts,) = cluster_of("", facts=f"version: 1\nnode: gw\ninterfaces:\n{links}").facts.values()
    assert Ways(facts).all_to(parse_ip("10.0.0.9")) == ("wlan0",)
