"""The addresses of nodes that a network holds are found without asking each."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callint.nat.host_networks import host_addresses, hosts_in
from callint.net.address import Prefix, parse_cidr
from manifests import calico, cluster_of

V4 = st.builds("10.0.{}.{}".format, st.integers(0, 3), st.integers(0, 255))
V6 = st.builds("fd00::{:x}".format, st.integers(0, 300))
NETWORKS = st.one_of(
    st.builds(lambda text, length: f"{text}/{length}", V4, st.integers(0, 32)),
    st.builds(lambda text, length: f"{text}/{length}", V6, st.integers(100, 128)),
)


@given(st.lists(st.one_of(V4, V6), max_size=8), st.lists(V4, max_size=4), NETWORKS)
def test_as_if_each_were_asked(hosts: list[str], nodes: list[str], written: str) -> None:
    network: Prefix = parse_cidr(written).masked()
    objects = [
        calico("HostEndpoint", f"h{n}", {"node": f"n{n % 3}", "interfaceName": "eth0", "expectedIPs": [text]})
        for n, text in enumerate(hosts)
    ]
    objects += [calico("Node", f"n{n}", {"bgp": {"ipv4Address": f"{text}/16"}}) for n, text in enumerate(nodes)]
    cluster = cluster_of(objects)
    assert list(hosts_in(cluster, network)) == [one for one in host_addresses(cluster) if network.contains(one.address)]


def test_addresses_of_nodes_are_those_of_ip() -> None:
    """A cloud may call a host by an address of another place, and a name is none."""
    told = [{"type": "Hostname", "address": "router"}, {"type": "Hostname", "address": "10.9.9.9"}]
    told += [{"type": "InternalIP", "address": "10.0.0.1"}, {"type": "ExternalIP", "address": "fd00::1"}]
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "router"}, "status": {"addresses": told}}
    found = [str(one.prefix) for one in host_addresses(cluster_of([node]))]
    assert found == ["10.0.0.1/32", "fd00::1/128"]


def test_the_address_of_an_endpoint_is_that_of_its_node_where_it_has_one_interface_of_the_node() -> None:
    """Those of all interfaces and of a pod's are in any case no single one of the node's own."""
    spec = {"node": "router", "expectedIPs": ["10.0.0.1"]}
    named = {name: calico("HostEndpoint", "h", {**spec, "interfaceName": name}) for name in ("eth0", "*", "cali1234")}
    named["without"] = calico("HostEndpoint", "h", spec)
    found = {
        name: [str(one.prefix.address) for one in host_addresses(cluster_of([one]))] for name, one in named.items()
    }
    assert found == {"eth0": ["10.0.0.1"], "*": [], "cali1234": [], "without": ["10.0.0.1"]}


def test_addresses_are_told_in_their_order() -> None:
    """Not in that of their values."""
    spec = {"node": "router", "interfaceName": "eth0", "expectedIPs": ["10.0.0.9", "10.0.0.1", "10.0.1.1"]}
    cluster = cluster_of([calico("HostEndpoint", "h", spec)])
    assert [str(one.prefix.address) for one in hosts_in(cluster, parse_cidr("10.0.0.0/24"))] == ["10.0.0.9", "10.0.0.1"]
