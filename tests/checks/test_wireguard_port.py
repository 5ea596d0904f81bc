"""The port of Calico's WireGuard on a node: in use by another one, or perhaps by its own interface."""

from __future__ import annotations

import pytest

from callint.checks import find
from manifests import calico, cluster_of

FACTS = """
version: 1
node: router
interfaces:
  - {name: lan0, addresses: [10.0.0.1/24]}
  - {name: wg0, addresses: [10.1.0.2/24], kind: wireguard}
listening:
  - {protocol: udp, port: 51820}
"""
ON = {"wireguardEnabled": True}


@pytest.mark.parametrize(
    ("spec", "facts", "told"),
    [
        (ON, FACTS, "wireguardEnabled"),
        ({**ON, "wireguardListeningPort": 4500}, FACTS.replace("51820", "4500"), "wireguardListeningPort"),
        ({"wireguardEnabledV6": True, "wireguardListeningPortV6": 51820}, FACTS, "wireguardListeningPortV6"),
        ({"wireguardEnabledV6": True}, FACTS, None),
        ({"wireguardEnabled": False}, FACTS, None),
        ({**ON, "wireguardListeningPort": 4500}, FACTS, None),
        (ON, FACTS.replace("udp", "tcp"), None),
        (ON, FACTS.replace(", kind: wireguard", ""), None),  # it may be any program's
        (ON, FACTS.replace("name: lan0", "name: wireguard.cali"), None),  # it is Calico's own socket
        ({**ON, "wireguardInterfaceName": "wg0"}, FACTS, None),
        (ON, "", None),
    ],
)
def test_whose_port_it_is(spec: dict[str, object], facts: str, told: str | None) -> None:
    cluster = cluster_of([calico("FelixConfiguration", "default", spec)], facts=facts)
    assert [one.path[-1] for one in find("wireguard_port")(cluster, {})] == [told] * bool(told)
