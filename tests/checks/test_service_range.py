"""Addresses of services that nobody announces, and those that are found without."""

from __future__ import annotations

import pytest

from callint.checks import find
from manifests import cluster_of

RANGES = """
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: default}
spec:
  serviceLoadBalancerIPs: [{cidr: 192.0.2.0/24}]
  serviceExternalIPs: [{cidr: 198.51.100.0/24}]
---"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: LoadBalancer, loadBalancerIP: 10.0.0.40, selector: {app: web}, ports: [{port: 443}]}
---"""
EXTERNAL = SERVICE.replace("type: LoadBalancer, loadBalancerIP: 10.0.0.40", "externalIPs: [10.0.0.11]")
CROSSED = SERVICE.replace("10.0.0.40", "198.51.100.7")
NODE = """
apiVersion: v1
kind: Node
metadata: {name: one}
status: {addresses: [{type: InternalIP, address: 10.0.0.11}]}
---"""
IN_NETWORK = """
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: one}
spec: {bgp: {ipv4Address: 10.0.0.11/24}}
---"""
ENDPOINT = """
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: one}
spec: {node: one, interfaceName: eth0, expectedIPs: [10.0.0.11]}
---"""
NAMED = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, annotations: {projectcalico.org/loadBalancerIPs: '["10.0.0.40"]'}}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 443}]}
---"""
METALLB = """
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {name: lan, namespace: metallb-system}
---"""
OPENELB = """
apiVersion: network.kubesphere.io/v1alpha2
kind: Eip
metadata: {name: lan}
spec: {address: 10.0.0.32-10.0.0.63, protocol: layer2}
---"""
POOL = """
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: balancers}
spec: {cidr: 10.0.0.32/27, allowedUses: [LoadBalancer]}
---"""


@pytest.mark.parametrize(
    ("manifests", "told"),
    [
        (SERVICE, 1),
        (SERVICE + NODE, 1),
        (SERVICE + IN_NETWORK, 0),
        (SERVICE + IN_NETWORK + ENDPOINT, 0),
        (SERVICE + METALLB, 0),
        (SERVICE + METALLB.replace("L2Advertisement", "IPAddressPool"), 1),  # which gives addresses to be announced
        (SERVICE + OPENELB, 0),
        (SERVICE.replace("namespace: shop", "annotations: {kube-vip.io/loadbalancerIPs: 10.0.0.40}"), 0),
        (NAMED, 1),
        (NAMED.replace("10.0.0.40", "192.0.2.40"), 0),
        (NAMED.replace("10.0.0.40", "192.0.2.40") + NAMED.replace('["10.0.0.40"]', '["192.0.2.40", "10.0.0.40"]'), 1),
        (NAMED + IN_NETWORK, 0),
        (NAMED.replace("type: LoadBalancer", "loadBalancerClass: other, type: LoadBalancer"), 0),
        (NAMED.replace("type: LoadBalancer", "type: ClusterIP"), 0),
        (NAMED[:-3] + "status: {loadBalancer: {ingress: [{ip: 192.0.2.7}]}}\n---", 0),  # it has another
        (CROSSED + METALLB, 1),
        (EXTERNAL, 1),
        (EXTERNAL + NODE, 0),
        (EXTERNAL + METALLB, 1),
        (POOL + IN_NETWORK + METALLB, 1),  # what Calico gives nobody but Calico announces
    ],
)
def test_addresses_that_nobody_announces(manifests: str, told: int) -> None:
    found = list(find("service_range")(cluster_of(RANGES + manifests), {"problem": "outside"}))
    assert len(found) == told


@pytest.mark.parametrize(
    ("manifests", "known"),
    [
        (SERVICE, True),
        (SERVICE + NODE, False),
        (SERVICE + ENDPOINT, False),
        (SERVICE.replace("10.0.0.40", "10.0.200.40") + NODE, False),
        (SERVICE.replace("10.0.0.40", "10.1.0.40") + NODE, True),
        (SERVICE.replace("10.0.0.40", "10.0.2.40") + NODE + IN_NETWORK, True),
        (CROSSED + NODE.replace("10.0.0.11", "198.51.100.1"), True),  # it was meant for Calico
        (POOL + NODE, True),
    ],
)
def test_the_network_of_an_address_without_length_may_hold_others(manifests: str, known: bool) -> None:
    """The status of a Node and a HostEndpoint tell addresses alone, which decides nothing of those beside them."""
    (found,) = find("service_range")(cluster_of(RANGES + manifests), {"problem": "outside"})
    assert found.undecided is not known


OF_CLUSTER = """
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: default}
spec: {serviceClusterIPs: [RANGES]}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
networking: {serviceSubnet: "10.96.0.0/12"}
"""


@pytest.mark.parametrize(
    ("ranges", "told"),
    [
        ("{cidr: 10.43.0.0/16}", True),
        ("{cidr: 10.43.0.0/16}, {cidr: 10.44.0.0/16}", True),
        ("{cidr: 10.96.0.0/12}", False),
        ("{cidr: 10.96.0.0/16}", False),  # some of them
        ("{cidr: 10.43.0.0/16}, {cidr: 10.96.0.0/12}", False),
        ("{cidr: fd00:43::/112}", False),  # of IPv6 nothing is known
        ("", False),
    ],
)
def test_a_range_that_is_of_no_network_of_services(ranges: str, told: bool) -> None:
    found = find("service_range")(cluster_of(OF_CLUSTER.replace("RANGES", ranges)), {"problem": "outside"})
    assert [one.path for one in found] == [("spec", "serviceClusterIPs", 0, "cidr")] * told


@pytest.mark.parametrize(("address", "told"), [("10.43.0.7", False), ("10.44.0.7", True)])
def test_what_a_service_has_is_an_address_of_services(address: str, told: bool) -> None:
    service = f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: a}}\nspec: {{clusterIP: {address}}}\n"
    cluster = cluster_of(OF_CLUSTER.replace("RANGES", "{cidr: 10.43.0.0/16}") + service)
    assert bool(list(find("service_range")(cluster, {"problem": "outside"}))) is told


def test_an_address_of_metallb_is_the_proof() -> None:
    pool = "apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nmetadata: {name: lan, namespace: m}\n"
    text = f"{RANGES}\n{pool}spec: {{addresses: [198.51.100.10-198.51.100.20]}}\n"
    (found,) = find("service_range")(cluster_of(text), {"problem": "outside"})
    assert found.witness is not None
    assert found.witness.as_dict()["address"] == "198.51.100.10"
