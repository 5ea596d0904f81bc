"""Nodes to which the eBPF dataplane attaches nothing."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.checks import Breach, find
from manifests import calico, cluster_of, installation

LAN = "version: 1\nnode: a\ninterfaces: [{name: lan0, addresses: [10.0.0.1/24]}, {name: wg0, kind: wireguard}]\n"
EBPF = Target(dataplane="ebpf")


def felix(name: str = "default", **spec: Any) -> dict[str, Any]:
    return calico("FelixConfiguration", name, {"bpfEnabled": True, **spec})


def told(*objects: dict[str, Any], facts: str = LAN, target: Target | None = None) -> list[Breach]:
    return list(find("unattached")(cluster_of(objects, target, facts=facts), {}))


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({}, "bpfEnabled"),
        ({"bpfDataIfacePattern": "^eth"}, "bpfDataIfacePattern"),
        ({"bpfL3IfacePattern": "^tun"}, "bpfEnabled"),
        ({"bpfDataIfacePattern": "^lan"}, None),
        ({"bpfL3IfacePattern": "^wg"}, None),
        ({"bpfEnabled": False}, None),
    ],
)
def test_patterns(spec: dict[str, Any], path: str | None) -> None:
    assert [one.path for one in told(felix(**spec))] == ([] if path is None else [("spec", path)])


@pytest.mark.parametrize(
    ("interfaces", "count"),
    [
        ("[{name: br0, addresses: [10.0.0.1/24]}, {name: eth0, master: br0, addresses: []}]", 0),
        ("[{name: br0, addresses: [10.0.0.1/24]}, {name: enp3s0}]", 0),
        ("[{name: br0, addresses: [10.0.0.1/24]}, {name: lo, addresses: [127.0.0.1/8]}]", 1),
        ("[{name: br0, addresses: [10.0.0.1/24]}, {name: vxlan.calico, addresses: [10.244.0.0/32]}]", 1),
        ("[{name: br0}, {name: lan0, addresses: []}]", 0),
        ("[]", 0),
    ],
)
def test_one_interface_that_fits_is_enough(interfaces: str, count: int) -> None:
    assert len(told(felix(), facts=f"version: 1\nnode: a\ninterfaces: {interfaces}\n")) == count


def test_several_nodes_are_told_together_but_for_those_with_settings_of_their_own() -> None:
    facts = f"{LAN}---\n{LAN.replace('node: a', 'node: b')}---\n{LAN.replace('node: a', 'node: c')}"
    (found,) = told(felix(), felix("node.b", bpfDataIfacePattern="^lan"), facts=facts)
    assert 'node "a" and 1 more' in found.message


def test_who_chose_the_dataplane() -> None:
    assert told(installation(calicoNetwork={"linuxDataplane": "BPF"}), target=EBPF)[0].path[-1] == "linuxDataplane"
    assert told(target=EBPF)[0].span.file == "facts.yaml"
    assert told(calico("FelixConfiguration", "default", {})) == []
