"""The port of Calico's WireGuard on a node: in use by another one, or perhaps by its own interface."""

from __future__ import annotations

import pytest

from callint.calico import Target
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


EBPF = {"bpfEnabled": True}


@pytest.mark.parametrize(
    ("spec", "release", "facts", "told"),
    [
        (EBPF, (3, 32), FACTS, True),
        (EBPF, (3, 31), FACTS, False),
        (EBPF, (3, 33), FACTS, False),
        ({"bpfEnabled": False}, (3, 32), FACTS, False),
        ({**EBPF, "wireguardListeningPort": 4500}, (3, 32), FACTS, False),
        (EBPF, (3, 32), FACTS.replace("51820", "51821"), False),
        (EBPF, (3, 32), FACTS.replace(", kind: wireguard", ""), False),
    ],
)
def test_ebpf_drops_what_comes_to_the_port(
    spec: dict[str, object], release: tuple[int, int], facts: str, told: bool
) -> None:
    """calico issue 12900: in v3.32.0 and v3.32.1, though Calico's own WireGuard is off."""
    cluster = cluster_of([calico("FelixConfiguration", "default", spec)], Target(release=release), facts=facts)
    found = list(find("wireguard_port")(cluster, {}))
    assert [(one.path[-1], one.undecided) for one in found] == [("bpfEnabled", True)] * told
