"""Which host endpoint governs an interface, against the procedure as it is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.calico import Target
from callint.objects import Cluster
from callint.policy import Governor, NodePolicy
from callint.policy.model import GivenInterfaces
from manifests import calico, cluster_of

MakeCluster = Callable[..., Cluster]

NAMES = ["eth0", "eth1", "lo", "cali1", "wg0"]
ADDRESSES = ["10.0.0.1", "10.0.0.2", "fd00::1"]


def endpoints_on(endpoints: list[dict[str, Any]]) -> Cluster:
    return cluster_of(
        calico("HostEndpoint", one["name"], {key: value for key, value in one.items() if key != "name"})
        for one in endpoints
    )


def resolve(cluster: Cluster, node: str, interfaces: GivenInterfaces) -> dict[str, Governor]:
    """The governors of some interfaces, and by `*` of any other one, if there is one."""
    governance = NodePolicy(cluster, node, {**interfaces, "*": ()}).governance
    return {name: governance.of(name) for name in (*interfaces, *(("*",) if governance.wildcard else ()))}


def naive(endpoints: list[dict[str, Any]], interfaces: dict[str, list[str]]) -> dict[str, list[str]]:
    """The endpoints that claim each interface, the one that counts first."""
    mine = sorted((one for one in endpoints if one["node"] == "n"), key=lambda one: one["name"])
    wild = [one["name"] for one in mine if one.get("interfaceName") == "*"]
    found: dict[str, list[str]] = {}
    for name, addresses in interfaces.items():
        claimants = []
        for one in mine:
            if name.startswith("cali"):
                continue
            by_name = one.get("interfaceName") == name
            by_address = not one.get("interfaceName") and set(one.get("expectedIPs", ())) & set(addresses)
            if by_name or by_address:
                claimants.append(one["name"])
        found[name] = claimants or wild
    if wild:
        found["*"] = wild
    return found


ENDPOINTS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from("abcdefgh"), "node": st.sampled_from(["n", "n", "n", "m"])},
        optional={
            "interfaceName": st.sampled_from([*NAMES, "*", "gone"]),
            "expectedIPs": st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=2),
        },
    ),
    max_size=5,
    unique_by=lambda one: one["name"],
)
INTERFACES = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(ADDRESSES), max_size=2), max_size=5)


@given(ENDPOINTS, INTERFACES)
def test_against_the_procedure(endpoints: list[dict[str, Any]], interfaces: dict[str, list[str]]) -> None:
    found = resolve(endpoints_on(endpoints), "n", interfaces)
    claimants = {
        name: [claimant.about.name for claimant in (one.endpoint, *one.rivals) if claimant]
        for name, one in found.items()
    }
    assert claimants == naive(endpoints, interfaces)
    assert not any(one.unknown for one in found.values())


def test_losers_and_reasons() -> None:
    cluster = endpoints_on(
        [
            {"name": "b", "node": "n", "interfaceName": "eth0"},
            {"name": "a", "node": "n", "expectedIPs": ["10.0.0.1"]},
        ]
    )
    found = resolve(cluster, "n", {"eth0": ["10.0.0.1"], "eth1": []})
    assert found["eth0"].reason == 'HostEndpoint "a" expects 10.0.0.1, an address of "eth0"'
    assert [one.about.name for one in found["eth0"].rivals] == ["b"]
    assert found["eth1"].reason == "no HostEndpoint on eth1"


def test_unknown_addresses_are_named() -> None:
    cluster = endpoints_on(
        [
            {"name": "b", "node": "n", "interfaceName": "eth0"},
            {"name": "a", "node": "n", "expectedIPs": ["10.0.0.1"]},
            {"name": "c", "node": "n", "expectedIPs": ["10.0.0.2"]},
        ]
    )
    found = resolve(cluster, "n", {"eth0": None})
    assert found["eth0"].unknown == 'the addresses of interface "eth0", which HostEndpoint "a" may match'


@pytest.mark.parametrize(
    ("interface", "governed"),
    [("wan0", False), ("eth0", True), ("enp1s0", True), ("vxlan.calico", True), ("lo", True), ("wg0", False)],
)
def test_ebpf_looks_at_names(interface: str, governed: bool, make_cluster: MakeCluster) -> None:
    text = """
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: all}
spec: {node: box, interfaceName: "*"}
"""
    cluster = make_cluster(text, Target(dataplane="ebpf"))
    assert (resolve(cluster, "box", {interface: ()})[interface].endpoint is not None) is governed


def test_ebpf_layer_three_pattern(make_cluster: MakeCluster) -> None:
    text = """
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: tunnel}
spec: {node: box, interfaceName: wg0}
---
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {name: default}
spec: {bpfEnabled: true, bpfL3IfacePattern: "^wg.*"}
"""
    assert resolve(make_cluster(text), "box", {"wg0": ()})["wg0"].endpoint is not None


def test_an_endpoint_whose_port_has_a_number_for_protocol_is_ignored(make_cluster: MakeCluster) -> None:
    text = """
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: bad}
spec: {node: box, interfaceName: eth0, ports: [{name: web, protocol: 6, port: 80}]}
"""
    assert resolve(make_cluster(text), "box", {"eth0": ()})["eth0"].endpoint is None


@pytest.mark.parametrize("field", ["bpfDataIfacePattern", "bpfL3IfacePattern"])
def test_a_pattern_that_cannot_be_read_leaves_it_open(field: str) -> None:
    host = calico("HostEndpoint", "h", {"node": "n", "interfaceName": "lan0"})
    felix = calico("FelixConfiguration", "default", {"bpfEnabled": True, field: "$(PATTERN)"})
    found = resolve(cluster_of([host, felix], judged=True), "n", {"lan0": ["10.0.0.1"]})
    assert found["lan0"].unknown == f'{field} of FelixConfiguration "default", which could not be read'
