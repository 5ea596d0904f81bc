"""Masquerading against the reference cases and against the rule as iptables would evaluate it."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from callint.calico import Target
from callint.nat.masquerade import Masquerade, Masquerading
from callint.objects import Cluster
from callint.policy import Packet, model_of
from manifests import calico, cluster_of


def masquerade(cluster: Cluster, node: str, packet: Packet) -> Masquerade:
    return Masquerading(model_of(cluster).at(node)).of(packet)


def pool(name: str, cidr: str, **spec: object) -> dict[str, Any]:
    return calico("IPPool", name, {"cidr": cidr, **spec})


def felix(**spec: object) -> dict[str, Any]:
    return calico("FelixConfiguration", "default", spec)


def node(name: str, address: str) -> dict[str, Any]:
    annotations = {"projectcalico.org/IPv4Address": address}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "annotations": annotations}}


def packet(source: str, destination: str, arriving: str | None = "lan0", leaving: str | None = "wan0") -> Packet:
    return Packet(arriving, leaving, source, destination, "tcp", destination_port=443)


LAN = pool("lan", "192.168.10.0/24", natOutgoing=True, disabled=True)


def test_reference_cases(shared: Path) -> None:
    count = 0
    for raw in yaml.safe_load((shared / "vectors" / "policy.yaml").read_text("utf-8"))["vectors"]:
        environment = raw.get("environment", {})
        objects = [{"apiVersion": "projectcalico.org/v3", **one} for one in raw.get("objects", [])]
        objects += [node(f"n{i}", address) for i, address in enumerate(environment.get("calicoNodeIPs", []))]
        objects.append(felix(**environment.get("felix", {})))
        for case in raw.get("cases", []):
            if "snat" in case["expect"]:
                one = case["packet"]
                given_packet = packet(one["src"], one["dst"], one.get("in"), one.get("out"))
                found = masquerade(cluster_of(objects), environment["node"], given_packet)
                assert found.unknown is None
                assert found.snat is case["expect"]["snat"], (raw["id"], one, found)
                count += 1
    assert count >= 7


def test_a_packet_to_the_host_is_not_translated() -> None:
    assert not masquerade(cluster_of([LAN]), "router", packet("192.168.10.5", "192.168.10.1", leaving=None)).snat


def test_an_enabled_pool_names_itself() -> None:
    found = masquerade(cluster_of([LAN]), "router", packet("192.168.10.5", "1.1.1.1"))
    assert found.snat
    assert found.pool is not None
    assert found.pool.resource.name == "lan"


@pytest.mark.parametrize(
    ("uses", "snat"),
    [(["LoadBalancer"], True), (["Workload", "LoadBalancer"], False), (["Tunnel"], False)],
)
def test_only_pools_for_load_balancers_alone_exempt_nothing(uses: list[str], snat: bool) -> None:
    other = pool("other", "10.99.0.0/24", allowedUses=uses)
    assert masquerade(cluster_of([LAN, other]), "router", packet("192.168.10.5", "10.99.0.2")).snat is snat


def test_pools_for_load_balancers_alone_masquerade_all_the_same() -> None:
    other = pool("other", "10.99.0.0/24", allowedUses=["LoadBalancer"], natOutgoing=True)
    cluster = cluster_of([LAN, other])
    assert masquerade(cluster, "router", packet("10.99.0.2", "1.1.1.1")).snat
    assert masquerade(cluster, "router", packet("10.99.0.2", "10.99.0.3")).snat
    assert not masquerade(cluster, "router", packet("10.99.0.2", "192.168.10.5")).snat


def test_of_two_pools_with_one_cidr_the_first_name_counts() -> None:
    twin = pool("a-twin", "192.168.10.0/24", natOutgoing=False)
    assert not masquerade(cluster_of([LAN, twin]), "router", packet("192.168.10.5", "1.1.1.1")).snat
    twin = pool("z-twin", "192.168.10.0/24", natOutgoing=False)
    assert masquerade(cluster_of([LAN, twin]), "router", packet("192.168.10.5", "1.1.1.1")).snat


def test_ebpf_translates_for_workloads_alone() -> None:
    cluster = cluster_of([LAN], Target(dataplane="ebpf"))
    assert not masquerade(cluster, "router", packet("192.168.10.5", "1.1.1.1")).snat
    assert masquerade(cluster, "router", packet("192.168.10.5", "1.1.1.1", "cali1")).snat
    assert not masquerade(cluster_of([LAN, felix(bpfEnabled=True)]), "router", packet("192.168.10.5", "1.1.1.1")).snat


def test_ebpf_translates_nothing_for_the_node_itself() -> None:
    facts = "{version: 1, node: router, interfaces: [{name: wan0, addresses: [203.0.113.7/24]}]}"
    cluster = cluster_of([LAN], Target(dataplane="ebpf"), facts=facts)
    assert not masquerade(cluster, "router", packet("192.168.10.5", "203.0.113.7", "cali1")).snat
    assert masquerade(cluster, "router", packet("192.168.10.5", "203.0.113.8", "cali1")).snat
    assert masquerade(cluster_of([LAN], facts=facts), "router", packet("192.168.10.5", "203.0.113.7")).snat


def test_hosts_are_exempt_when_asked_and_unknown_without_nodes() -> None:
    asked = felix(natOutgoingExclusions="IPPoolsAndHostIPs")
    known = cluster_of([LAN, asked, node("peer", "203.0.113.3/24")])
    assert not masquerade(known, "router", packet("192.168.10.5", "203.0.113.3")).snat
    assert masquerade(known, "router", packet("192.168.10.5", "203.0.113.4")).snat
    missing = masquerade(cluster_of([LAN, asked]), "router", packet("192.168.10.5", "203.0.113.3"))
    assert not missing.snat
    assert "203.0.113.3" in (missing.unknown or "")


@pytest.mark.parametrize(
    ("field", "known"), [("cidr", False), ("natOutgoing", False), ("allowedUses", False), ("ipipMode", True)]
)
def test_a_pool_that_cannot_be_read_may_hold_either_end(field: str, known: bool) -> None:
    cluster = cluster_of([LAN, pool("other", "10.9.0.0/16")])
    (other,) = [one for one in cluster.pools if one.name == "other"]
    other.resource.gaps = (("spec", field),)
    found = masquerade(cluster, "router", packet("192.168.10.5", "1.1.1.1"))
    assert (found.snat, found.unknown is None) == (known, known)
    assert known or 'IPPool "other"' in found.reason


CIDRS = st.builds(
    lambda value, length: str(ipaddress.ip_network((value & 15 | 10 << 24, length), strict=False)),
    st.integers(0, 15),
    st.integers(28, 32),
)
POOLS = st.lists(st.tuples(CIDRS, st.booleans(), st.booleans()), max_size=5, unique_by=lambda one: one[0])


@given(POOLS, st.integers(0, 15), st.integers(0, 15))
def test_against_the_two_sets(pools: list[tuple[str, bool, bool]], source: int, destination: int) -> None:
    objects = [
        pool(f"p{index}", cidr, natOutgoing=nat, disabled=disabled) for index, (cidr, nat, disabled) in enumerate(pools)
    ]
    a, b = (ipaddress.ip_address(10 << 24 | value) for value in (source, destination))
    masq = any(a in ipaddress.ip_network(cidr) for cidr, nat, _ in pools if nat)
    exempt = any(b in ipaddress.ip_network(cidr) for cidr, _, _ in pools)
    assert masquerade(cluster_of(objects), "router", packet(str(a), str(b))).snat is (masq and not exempt)
