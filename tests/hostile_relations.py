"""Clusters below a megabyte in which many objects of one kind meet as many of another one."""

from __future__ import annotations

from collections.abc import Callable

from hostile_bgp import V3, node
from hostile_filters import net
from hostile_hosts import host_endpoint, policy
from hostile_selectors import NONE, head

RELATIONS: dict[str, Callable[[], str]] = {
    "pools and as many sessions of one node": lambda: (
        f"{V3}kind: BGPFilter\nmetadata: {{name: f}}\n"
        "spec: {exportV4: [{action: Accept, cidr: 10.0.0.0/8, matchOperator: In}, {action: Reject}]}\n"
        + "".join(
            f"---\n{V3}kind: IPPool\nmetadata: {{name: p{n}}}\nspec: {{cidr: 10.{n // 256}.{n % 256}.0/24}}\n"
            f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\n"
            f"spec: {{node: n, peerIP: 172.16.{n // 256}.{n % 256}, asNumber: {64512 + n}, filters: [f]}}\n"
            for n in range(3_700)
        )
    ),
    "host endpoints and as many routers that all nodes call": lambda: "".join(
        f"---\n{V3}kind: Node\nmetadata: {{name: n{n}}}\n"
        f"spec: {{bgp: {{ipv4Address: 10.{n // 256}.{n % 256}.1/24}}}}\n"
        f"---\n{V3}kind: HostEndpoint\nmetadata: {{name: h{n}}}\n"
        f"spec: {{node: n{n}, interfaceName: eth0, expectedIPs: [10.{n // 256}.{n % 256}.1]}}\n"
        f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\n"
        f"spec: {{peerIP: 192.0.{n // 256}.{n % 256}, asNumber: {64512 + n}}}\n"
        for n in range(2_400)
    ),
    "reflectors and as many peers that select none of them": lambda: "".join(
        head("Node", n)
        + f"spec: {{bgp: {{ipv4Address: 10.{n // 256}.{n % 256}.1/24, routeReflectorClusterID: 1.0.0.1}}}}\n"
        + f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\n"
        + f'spec: {{nodeSelector: "{NONE.format(n)}", peerSelector: "{NONE.format(n)}"}}\n'
        for n in range(2_600)
    ),
    "nodes and as many peers with ttlSecurity that select none of them": lambda: "".join(
        head("Node", n)
        + f"spec: {{bgp: {{ipv4Address: 10.{n // 256}.{n % 256}.1/24}}}}\n"
        + f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\n"
        + f'spec: {{ttlSecurity: 1, peerSelector: "{NONE.format(n)}"}}\n'
        for n in range(3_500)
    ),
    "workloads and as many peers that select none of them": lambda: (
        node(1)
        + "".join(
            head("Pod", n, "apiVersion: v1\n", "d")
            + f"spec: {{nodeName: n1}}\n---\n{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\n"
            + f'spec: {{localWorkloadSelector: "{NONE.format(n)}", asNumber: 64600}}\n'
            for n in range(3_400)
        )
    ),
    "pools and as many addresses of machines": lambda: (
        "apiVersion: kubeadm.k8s.io/v1beta3\nkind: JoinConfiguration\nnodeRegistration: {kubeletExtraArgs: {node-ip: '"
        + ",".join(f"10.{n // 256}.{n % 256}.1" for n in range(30_000))
        + "'}}\n"
        + "".join(head("IPPool", n) + f"spec: {{cidr: 172.{n // 256}.{n % 256}.0/24}}\n" for n in range(3_500))
    ),
    "ends of one range of MetalLB": lambda: (
        f"{V3}kind: BGPConfiguration\nmetadata: {{name: default}}\n"
        "spec: {serviceLoadBalancerIPs: [{cidr: 'fd::/64'}]}\n"
        + head("IPAddressPool", 0, "apiVersion: metallb.io/v1beta1\n", "d")
        + f"spec: {{addresses: ['{'::-' * 250_000}8000::']}}\n"
    ),
    "names of ports of pods, and as many others in rules": lambda: "".join(
        head("Pod", n, "apiVersion: v1\n", "d")
        + f"spec: {{containers: [{{name: c, ports: [{{name: q{n}, containerPort: 80}}]}}]}}\n"
        + f"---\n{V3}kind: NetworkPolicy\nmetadata: {{name: p{n}, namespace: d}}\nspec: {{selector: c == 'd', "
        + f"ingress: [{{action: Allow, protocol: TCP, destination: {{ports: [{('', f'q{n}, ')[n % 2]}r{n}]}}}}]}}\n"
        for n in range(2_400)
    ),
    "pods without addresses, and as many rules that select none of them": lambda: (
        "".join(head("Pod", n, "apiVersion: v1\n", "d") + "spec: {}\n" for n in range(4_500))
        + host_endpoint(1)
        + policy(
            "all()",
            "g",
            "types: [Egress], egress: ["
            + ", ".join(f'{{action: Allow, destination: {{selector: "{NONE.format(n)}"}}}}' for n in range(5_000))
            + "]",
        )
    ),
    "interfaces out of which each rule lets nothing": lambda: "".join(
        host_endpoint(n).replace(f"name: h{n}", f"name: h{n}, labels: {{a: b{n}}}")
        + policy(
            f"a == 'b{n}'",
            f"g{n}",
            "applyOnForward: true, ingress: [{action: Allow, protocol: TCP, destination: {ports: [80]}}]",
        )
        for n in range(2_600)
    ),
    "failsafe ports of networks and as many host endpoints": lambda: (
        f"{V3}kind: FelixConfiguration\nmetadata: {{name: default}}\nspec:\n  failsafeInboundHostPorts:\n"
        + "".join(f"  - {{protocol: tcp, port: {n}, net: 10.{n // 256}.{n % 256}.0/24}}\n" for n in range(1, 9_000))
        + "".join(
            f"---\n{V3}kind: HostEndpoint\nmetadata: {{name: h{n}}}\n"
            f"spec: {{node: n{n}, expectedIPs: [10.{n // 256}.{n % 256}.7]}}\n"
            for n in range(4_500)
        )
    ),
    "networks of one rule, and rules that each leave one out": lambda: (
        policy(
            "all()",
            "a",
            f"ingress: [{{action: Allow, source: {{nets: [{', '.join(map(net, range(15_000)))}], "
            f"notNets: [{', '.join(f'10.{n // 256}.{n % 256}.7/32' for n in range(15_000))}]}}}}]",
        )
        + policy(
            "all()",
            "b",
            "ingress: ["
            + ", ".join(
                f"{{action: {('Allow', 'Deny')[n % 2]}, source: {{notNets: [{net(n)}]}}}}" for n in range(6_500)
            )
            + "]",
        )
    ),
    "host endpoints of as many nodes, of which not all can be read": lambda: "".join(
        f"---\n{V3}kind: HostEndpoint\nmetadata: {{name: h{n}, labels: {{a: b, null: c}}}}\n"
        f"spec: {{node: n{n}, interfaceName: eth0}}\n"
        for n in range(3_500)
    ),
    "installations and the pools that each has": lambda: (
        f"{V3}kind: BGPConfiguration\nmetadata: {{name: default}}\nspec: {{nodeToNodeMeshEnabled: false}}\n"
        + "".join(
            f"---\napiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {{name: i{n}}}\n"
            f"spec: {{calicoNetwork: {{ipPools: [{{cidr: 10.{n // 256}.{n % 256}.0/24, encapsulation: None}}]}}}}\n"
            for n in range(5_500)
        )
    ),
    "pools and as many nodes that announce prefixes of their own": lambda: (
        "".join(
            f"---\n{V3}kind: IPPool\nmetadata: {{name: p{n}}}\nspec: {{cidr: 10.{n // 256}.{n % 256}.0/24}}\n"
            f"---\n{V3}kind: BGPConfiguration\nmetadata: {{name: node.n{n}}}\n"
            f"spec: {{prefixAdvertisements: [{{cidr: 10.{n // 256}.{n % 256}.0/24, communities: ['64512:300']}}]}}\n"
            for n in range(1_400)
        )
        + f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p}}\nspec: {{localWorkloadSelector: all(), asNumber: 65001}}\n"
    ),
}
