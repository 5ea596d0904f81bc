"""A service is asked for at each of its ports, and once at each."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks.traffic.need import read_needs
from callint.checks.traffic.place import abouts
from callint.checks.traffic.sites import sites
from callint.objects import Intent
from callint.policy import model_of
from callint.source import Limits
from manifests import ROUTER, ROUTER_FACTS, calico, cluster_of
from shipped_rules import told_by

AT = [{"declared": "ssh"}, {"listener": {"process": "sshd"}}]
LISTENING = "listening: [{protocol: tcp, port: 2222, process: sshd}]"


@pytest.mark.parametrize(
    ("facts", "configured", "expected"),
    [
        ("services: {lan0: [{name: ssh, port: 22}]}", {}, [("lan0", 22)]),
        (
            "services: {lan0: [{name: ssh, port: 22}, {name: ssh, port: 2222}]}",
            {},
            [("lan0", 22), ("lan0", 2222)],
        ),
        (
            "services: {lan0: [{name: ssh, port: 22}, {name: ssh, port: 22}], wan0: [ssh]}",
            {},
            [("lan0", 22), ("wan0", None)],
        ),
        ("services: {lan0: [{name: ssh, port: 22}]}\n" + LISTENING, {}, [("lan0", 22)]),
        (LISTENING, {}, [("lan0", 2222)]),
        ("services: {lan0: [{name: ssh, port: 22}]}", {"lan0": {"ssh": 2022}}, [("lan0", 2022)]),
    ],
)
def test_the_strongest_evidence_names_the_ports(
    facts: str, configured: dict[str, dict[str, int | None]], expected: list[tuple[str, int | None]]
) -> None:
    routes = "routes: [{to: default, via: 192.168.0.1, interface: wan0}]\n"
    cluster = cluster_of(ROUTER, facts=ROUTER_FACTS + routes + facts, intent=Intent({"router": configured}))
    parameters = {"name": "ssh", "protocol": "TCP", "at": AT, "flows": [{"direction": "in", "ports": 22}]}
    nodes = abouts(model_of(cluster)).values()
    found = [(site.interface, site.port) for need in read_needs(cluster, parameters) for site in sites(nodes, need)]
    assert found == expected


@pytest.mark.parametrize(
    ("sockets", "needed"),
    [
        ("", True),
        ("listening: [{protocol: tcp, port: 22}]", False),
        ("listening: [{protocol: udp, port: 10250}]", False),
        ("listening: [{protocol: tcp, port: 22}, {protocol: tcp, port: 10250}]", True),
    ],
)
def test_a_host_where_nothing_listens_is_no_site(sockets: str, needed: bool) -> None:
    node = "\n---\n{apiVersion: v1, kind: Node, metadata: {name: router}, status: {addresses: [%s]}}\n"
    cluster = cluster_of(ROUTER + node % "{type: InternalIP, address: 10.0.0.1}", facts=ROUTER_FACTS + sockets)
    parameters = {"name": "kubelet traffic", "protocol": "TCP", "at": {"nodes": "all()"}, "ports": 10250}
    nodes = abouts(model_of(cluster)).values()
    found = [site.interface for need in read_needs(cluster, parameters) for site in sites(nodes, need)]
    assert found == (["lan0"] if needed else [])


KUBEADM = {
    "apiVersion": "kubeadm.k8s.io/v1beta4",
    "kind": "ClusterConfiguration",
    "controlPlaneEndpoint": "api.example.com:8443",
}


def endpoint(host: str, port: str = "8443") -> dict[str, Any]:
    data = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    metadata = {"name": "kubernetes-services-endpoint", "namespace": "tigera-operator"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


@pytest.mark.parametrize(
    ("where", "role", "open_to", "told"),
    [
        (endpoint("api.example.com"), "worker", {"ports": [443]}, True),
        (endpoint("api.example.com"), "worker", {"ports": [8443]}, False),
        (endpoint("api.example.com"), "control-plane", {"ports": [443]}, False),  # the name may stand for itself
        (endpoint("api.example.com", "6443"), "worker", {"ports": [443]}, False),  # a failsafe port
        (endpoint("127.0.0.1", "7443"), "worker", {"ports": [443]}, False),  # a proxy on the node itself
        (endpoint("10.0.0.1"), "worker", {"ports": [443]}, False),
        (endpoint("10.9.0.1"), "worker", {"nets": ["10.9.0.1/32"]}, False),
        (endpoint("10.9.0.1"), "worker", {"nets": ["10.9.0.2/32"]}, True),
        (endpoint("", ""), "worker", {"ports": [443]}, False),
        (KUBEADM, "worker", {"ports": [443]}, True),
        ({**KUBEADM, "controlPlaneEndpoint": "[2001:db8::1]:8443"}, "worker", {"ports": [443]}, True),
        ({**KUBEADM, "controlPlaneEndpoint": "api.example.com"}, "worker", {"ports": [443]}, False),
    ],
)
def test_where_workers_ask_the_api_server(
    where: dict[str, Any], role: str, open_to: dict[str, Any], told: bool
) -> None:
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "a", "labels": {f"node-role.kubernetes.io/{role}": ""}},
    }
    own = "2001:db8::7" if "2001:" in str(where) else "10.0.0.1"
    host = calico("HostEndpoint", "a", {"node": "a", "interfaceName": "eth0", "expectedIPs": [own]})
    out = [{"action": "Allow", "protocol": "TCP", "destination": open_to}]
    policy = calico("GlobalNetworkPolicy", "hosts", {"selector": "all()", "types": ["Egress"], "egress": out})
    assert bool(told_by(cluster_of([where, node, host, policy]), "POL003")) is told


def test_ways_between_nodes_are_looked_for_so_often_and_no_more() -> None:
    nodes = [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": f"n{n}", "labels": {"node-role.kubernetes.io/control-plane": ""}},
            "status": {"addresses": [{"type": "InternalIP", "address": f"10.0.{n}.1"}]},
        }
        for n in range(10)
    ]
    hosts = [calico("HostEndpoint", f"h{n}", {"node": f"n{n}", "interfaceName": "eth0"}) for n in range(10)]
    cluster = cluster_of([*nodes, *hosts])
    cluster.limits = Limits(comparisons=399)
    (found,) = told_by(cluster, "POL003")
    assert "more than 399 comparisons of nodes with those of a role would be needed" in found.message
    cluster = cluster_of([*nodes, *hosts])
    cluster.limits = Limits(comparisons=4_000)
    assert told_by(cluster, "POL003") == []


@pytest.mark.parametrize(
    ("addresses", "allowed", "told"),
    [
        ({}, "ICMP", 0),
        ({}, "ICMPv6", 1),
        ({"expectedIPs": ["10.0.0.1"]}, "ICMP", 0),
        ({"expectedIPs": ["fd00::1"]}, "ICMP", 1),
        ({"expectedIPs": ["fd00::1"]}, "ICMPv6", 0),
    ],
)
def test_ping_is_asked_in_the_version_that_an_interface_has(
    addresses: dict[str, list[str]], allowed: str, told: int
) -> None:
    """Where no address is known, that is IPv4."""
    ingress = [{"action": "Allow", "protocol": allowed}]
    objects = [
        calico("HostEndpoint", "lan", {"node": "router", "interfaceName": "lan0", **addresses}),
        calico("GlobalNetworkPolicy", "lan", {"types": ["Ingress"], "ingress": ingress}),
    ]
    intent = Intent({"router": {"lan0": {"ping": None}}})
    assert len(told_by(cluster_of(objects, intent=intent), "POL060")) == told


def test_ping_is_asked_in_the_version_that_a_node_has() -> None:
    """At an interface without known addresses beside one with them."""
    ends = [("lan", {"interfaceName": "lan0"}), ("wan", {"interfaceName": "wan0", "expectedIPs": ["fd00::1"]})]
    objects = [
        *(calico("HostEndpoint", name, {"node": "router", **spec}, labels={"at": name}) for name, spec in ends),
        calico("GlobalNetworkPolicy", "lan", {"types": ["Ingress"], "ingress": []}),
    ]
    intent = Intent({"router": {"lan0": {"ping": None}}})
    (breach,) = told_by(cluster_of(objects, intent=intent), "POL060")
    assert "ICMPv6" in breach.message
