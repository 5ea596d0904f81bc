"""Links that hold addresses and have nothing behind them: no packet comes in there, and no policy is missed."""

from __future__ import annotations

from typing import Any

import pytest

from manifests import calico, cluster_of
from shipped_rules import told_by

ALLOWED = ["projectcalico-default-allow"]
ALL = calico("HostEndpoint", "all", {"node": "router", "interfaceName": "*"}, labels={"z": "a"})
LAN = calico("HostEndpoint", "lan", {"node": "router", "interfaceName": "lan0", "profiles": ALLOWED})
CLOSED = calico("GlobalNetworkPolicy", "closed", {"selector": "z == 'a'", "types": ["Ingress"]})
FACTS = """
version: 1
node: router
roles: [router]
interfaces:
  - {name: lan0, addresses: [10.0.0.1/24], forwarding: true}
  - {%s, addresses: [169.254.25.10/32, 'fd00::53/128'], forwarding: true}
routes: [{to: 10.0.0.0/24, interface: lan0, protocol: kernel}]
listening: [{protocol: udp, port: 53, address: 169.254.25.10}]
"""


def told(identifier: str, link: str, *objects: dict[str, Any]) -> bool:
    cluster = cluster_of(objects, facts=FACTS % link)
    name = link.removeprefix("name: ").split(",")[0]
    return any(f'"{name}"' in breach.message for breach in told_by(cluster, identifier))


@pytest.mark.parametrize(
    ("link", "missed"),
    [
        ("name: lan1, kind: bridge", True),
        ("name: lan1, up: true", True),
        ("name: lan1, kind: dummy", False),
        ("name: ifb0, kind: ifb", False),
        ("name: nodelocaldns, up: true", False),
        ("name: dummy0, kind: vlan", True),  # whatever it is called
    ],
)
def test_nothing_comes_in_where_nothing_is_behind(link: str, missed: bool) -> None:
    assert told("HEP001", link, LAN) is missed
    assert told("POL001", link, ALL, CLOSED) is missed
    assert told("POL016", link, ALL, CLOSED) is missed
