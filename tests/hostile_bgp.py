"""Clusters below a megabyte with thousands of nodes, peers or routes, each unlike the others."""

from __future__ import annotations

from collections.abc import Callable

V3 = "apiVersion: projectcalico.org/v3\n"


def node(number: int, more: str = "") -> str:
    """A node in a network of its own, which is in the pool of `advertised`."""
    address = f"10.{number // 256}.{number % 256}.1/24"
    return f"---\n{V3}kind: Node\nmetadata: {{name: n{number}}}\nspec: {{bgp: {{ipv4Address: {address}{more}}}}}\n"


def nodes(count: int) -> str:
    return "".join(map(node, range(count)))


def advertised() -> str:
    """A pool, all of which is to leave with a community, and a router that takes some of it."""
    return (
        f"{V3}kind: IPPool\nmetadata: {{name: p}}\nspec: {{cidr: 10.0.0.0/8}}\n"
        f"---\n{V3}kind: BGPConfiguration\nmetadata: {{name: default}}\n"
        "spec: {prefixAdvertisements: [{cidr: 10.0.0.0/8, communities: ['64512:1']}]}\n"
        f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p}}\n"
        "spec: {peerIP: 192.0.2.1, asNumber: 64000, filters: [f]}\n"
        f"---\n{V3}kind: BGPFilter\nmetadata: {{name: f}}\nspec: {{exportV4: "
        "[{action: Accept, cidr: 10.0.0.0/8, matchOperator: In, communities: {values: ['1:2']}}]}\n"
    )


NETWORKS: dict[str, Callable[[], str]] = {
    "a peer for each node": lambda: "".join(
        f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\n"
        f"spec: {{node: n{n}, peerIP: 192.0.{n // 256}.{n % 256}, asNumber: 64512}}\n"
        for n in range(7_000)
    ),
    "a pool for each node": lambda: "".join(
        f"---\napiVersion: v1\nkind: Node\nmetadata: {{name: n{n}, labels: {{rack: r{n}}}}}\n"
        f"---\n{V3}kind: IPPool\nmetadata: {{name: p{n}}}\n"
        f"spec: {{cidr: 10.{n // 256}.{n % 256}.0/24, nodeSelector: \"rack == 'r{n}'\"}}\n"
        for n in range(4_500)
    ),
    "nodes of one address": lambda: "".join(
        f"---\n{V3}kind: Node\nmetadata: {{name: n{n}}}\nspec: {{bgp: {{ipv4Address: 10.0.0.1/24}}}}\n"
        for n in range(9_000)
    ),
    "nodes of one address that call each other": lambda: (
        f"{V3}kind: BGPConfiguration\nmetadata: {{name: default}}\nspec: {{nodeToNodeMeshEnabled: false}}\n"
        f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p}}\nspec: {{nodeSelector: all(), peerSelector: all()}}\n"
        + "".join(
            f"---\n{V3}kind: Node\nmetadata: {{name: n{n}}}\nspec: {{bgp: {{ipv4Address: 10.0.0.1/24}}}}\n"
            for n in range(9_000)
        )
    ),
    "pools that are kept in and as many filters that let them out": lambda: "".join(
        f"---\n{V3}kind: IPPool\nmetadata: {{name: p{n}}}\n"
        f"spec: {{cidr: 10.{n // 256}.{n % 256}.0/24, disableBGPExport: true}}\n"
        f"---\n{V3}kind: BGPFilter\nmetadata: {{name: f{n}}}\n"
        "spec: {exportV4: [{action: Accept, cidr: 10.0.0.0/8, matchOperator: In}]}\n"
        f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\n"
        f"spec: {{peerIP: 192.0.{n // 256}.{n % 256}, asNumber: 64000, filters: [f{n}]}}\n"
        for n in range(2_000)
    ),
    "routers outside of nodes that pass on a Local Service": lambda: (
        f"{V3}kind: BGPConfiguration\nmetadata: {{name: default}}\n"
        "spec: {serviceExternalIPs: [{cidr: 172.16.0.0/12}]}\n"
        + nodes(2)
        + "---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {type: LoadBalancer, "
        "externalIPs: [172.16.0.9], externalTrafficPolicy: Local, ports: [{port: 80}]}\n"
        "---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: s}\n"
        "subsets: [{addresses: [{ip: 10.0.0.1, nodeName: n0}], ports: [{port: 80}]}]\n"
        + "".join(
            f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\n"
            f"spec: {{peerIP: 192.0.{n // 256}.{n % 256}, asNumber: 64000}}\n"
            for n in range(8_000)
        )
    ),
    "reflectors of as many racks, and nodes and pools of each": lambda: (
        f"{V3}kind: BGPConfiguration\nmetadata: {{name: default}}\n"
        "spec: {nodeToNodeMeshEnabled: false, serviceLoadBalancerIPs: [{cidr: 192.0.2.0/24}]}\n"
        + "".join(
            f"---\n{V3}kind: IPPool\nmetadata: {{name: p{n}}}\nspec: {{cidr: 10.{n // 250}.{n % 250}.0/24}}\n"
            f"---\n{V3}kind: Node\nmetadata: {{name: n{n}}}\n"
            f"spec: {{bgp: {{ipv4Address: 172.{16 + n // 250}.{n % 250}.1/24}}}}\n"
            f"---\n{V3}kind: Node\nmetadata: {{name: r{n}, labels: {{role: r{n}}}}}\nspec: {{bgp: {{ipv4Address: "
            f"172.{16 + n // 250}.{n % 250}.2/24, routeReflectorClusterID: 1.0.{n // 250}.{n % 250}}}}}\n"
            f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\n"
            f"spec: {{nodeSelector: '!has(role)', peerSelector: role == 'r{n}'}}\n"
            f"---\n{V3}kind: BGPPeer\nmetadata: {{name: q{n}}}\n"
            f"spec: {{nodeSelector: role == 'r{n}', peerIP: 172.{16 + n // 250}.{n % 250}.254, asNumber: 65000, "
            f"filters: [f{n}]}}\n"
            f"---\n{V3}kind: BGPFilter\nmetadata: {{name: f{n}}}\nspec: {{exportV4: [{{action: Accept, "
            f"matchOperator: In, cidr: 192.0.{n // 250}.0/24}}, {{action: Reject}}], importV4: [{{action: Reject}}]}}\n"
            for n in range(400)
        )
    ),
    "a filter for each peer": lambda: "".join(
        f"---\n{V3}kind: BGPFilter\nmetadata: {{name: f{n}}}\n"
        f"spec: {{exportV4: [{{action: Accept, cidr: 10.{n % 256}.0.0/16, matchOperator: In}}]}}\n"
        f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\n"
        f"spec: {{peerIP: 192.0.{n // 256}.{n % 256}, asNumber: {64512 + n % 1000}, filters: [f{n}]}}\n"
        for n in range(3_300)
    ),
    "a filter for each peer inside a pool": lambda: (
        f"{V3}kind: IPPool\nmetadata: {{name: p}}\nspec: {{cidr: 10.0.0.0/8}}\n"
        + "".join(
            f"---\n{V3}kind: BGPFilter\nmetadata: {{name: f{n}}}\n"
            f"spec: {{exportV4: [{{action: Accept, cidr: 10.{n % 256}.0.0/16, matchOperator: In}}]}}\n"
            f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\n"
            f"spec: {{peerIP: 192.0.{n // 256}.{n % 256}, asNumber: {64512 + n % 1000}, filters: [f{n}]}}\n"
            for n in range(3_300)
        )
    ),
    "nodes of all labels": lambda: (
        f"{V3}kind: BGPPeer\nmetadata: {{name: p}}\nspec: {{nodeSelector: has(a), peerSelector: has(b)}}\n"
        + "".join(
            f"---\n{V3}kind: Node\nmetadata: {{name: n{n}, labels: {{a: v{n}, b: v{n}}}}}\n"
            f"spec: {{bgp: {{ipv4Address: 10.{n // 256}.{n % 256}.1/24}}}}\n"
            for n in range(6_500)
        )
    ),
    "an AS for each node": lambda: "".join(
        f"---\n{V3}kind: Node\nmetadata: {{name: n{n}}}\n"
        f"spec: {{bgp: {{ipv4Address: 10.{n // 256}.{n % 256}.1/24, asNumber: {64512 + n}}}}}\n"
        for n in range(7_000)
    ),
    "a cluster id for each node": lambda: (
        f"{V3}kind: BGPPeer\nmetadata: {{name: p}}\nspec: {{nodeSelector: all(), peerSelector: has(rr)}}\n"
        + "".join(
            f"---\n{V3}kind: Node\nmetadata: {{name: n{n}, labels: {{rr: 'true'}}}}\nspec: {{bgp: "
            f"{{ipv4Address: 10.{n // 256}.{n % 256}.1/24, routeReflectorClusterID: 1.0.{n // 256}.{n % 256}}}}}\n"
            for n in range(5_500)
        )
    ),
    "an AS for two nodes each": lambda: "".join(
        f"---\n{V3}kind: Node\nmetadata: {{name: n{n}}}\n"
        f"spec: {{bgp: {{ipv4Address: 10.{n // 256}.{n % 256}.1/24, asNumber: {64512 + n // 2}}}}}\n"
        for n in range(7_000)
    ),
    "peers of all nodes, all different": lambda: (
        f"{V3}kind: BGPPeer\nmetadata: {{name: p}}\n"
        "spec: {nodeSelector: a contains 'v', peerSelector: a contains 'v'}\n"
        + "".join(
            f"---\n{V3}kind: Node\nmetadata: {{name: n{n}, labels: {{a: v{n}}}}}\n"
            f"spec: {{bgp: {{ipv4Address: 10.{n // 256}.{n % 256}.1/24}}}}\n"
            for n in range(7_000)
        )
    ),
    "peers of as many racks": lambda: "".join(
        f"---\n{V3}kind: Node\nmetadata: {{name: n{n}, labels: {{a: v{n}}}}}\n"
        f"spec: {{bgp: {{ipv4Address: 10.{n // 256}.{n % 256}.1/24}}}}\n"
        f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\n"
        f"spec: {{nodeSelector: a != 'v{n}', peerSelector: a == 'v{n}'}}\n"
        for n in range(3_500)
    ),
    "an AS and a network for each node": lambda: (
        advertised() + "".join(node(n, f", asNumber: {64512 + n}") for n in range(7_000))
    ),
    "a port for each node": lambda: "".join(
        node(n) + f"---\n{V3}kind: BGPConfiguration\nmetadata: {{name: node.n{n}}}\nspec: {{listenPort: {1000 + n}}}\n"
        for n in range(4_000)
    ),
    "an AS for each node, which a peer names": lambda: "".join(
        node(n, f", asNumber: {64512 + n}")
        + f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\n"
        + f"spec: {{node: n{n}, peerIP: 192.0.2.1, asNumber: {64512 + n}}}\n"
        for n in range(3_700)
    ),
    "blocks of each node": lambda: (
        advertised()
        + nodes(2_500)
        + "".join(
            f"---\n{V3}kind: BlockAffinity\nmetadata: {{name: b{n}}}\n"
            f"spec: {{cidr: 10.{n // 256}.{n % 256}.0/26, node: n{n % 2_500}, state: confirmed}}\n"
            for n in range(4_500)
        )
    ),
    "a Local Service for each node": lambda: (
        advertised().replace(
            "{prefixAdvertisements", "{serviceExternalIPs: [{cidr: 172.16.0.0/12}], prefixAdvertisements"
        )
        + nodes(2_000)
        + "".join(
            f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: s{n}}}\nspec: {{type: LoadBalancer, "
            f"externalIPs: [172.{16 + n // 256}.{n % 256}.9], externalTrafficPolicy: Local, ports: [{{port: 80}}]}}\n"
            f"---\napiVersion: v1\nkind: Endpoints\nmetadata: {{name: s{n}}}\n"
            f"subsets: [{{addresses: [{{ip: 10.{n // 256}.{n % 256}.1, nodeName: n{n}}}], ports: [{{port: 80}}]}}]\n"
            for n in range(2_000)
        )
    ),
    "advertisements of each node": lambda: (
        advertised()
        + "".join(
            node(n)
            + f"---\n{V3}kind: BGPConfiguration\nmetadata: {{name: node.n{n}}}\nspec: {{prefixAdvertisements: "
            + f"[{{cidr: 10.{n // 256}.{n % 256}.0/24, communities: ['1:{n}']}}]}}\n"
            for n in range(3_300)
        )
    ),
    "a gateway for each peer": lambda: (
        advertised()
        + nodes(3_000)
        + "".join(
            f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\nspec: {{peerIP: 192.0.{n // 256}.{n % 256}, "
            f"reachableBy: 10.0.{n // 256}.{n % 256}, asNumber: 64000}}\n"
            for n in range(3_800)
        )
    ),
    "workloads and as many peers": lambda: (
        nodes(1_000)
        + "".join(
            f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\n"
            f"spec: {{localWorkloadSelector: a {('==', '!=')[n % 2]} 'x{n}', asNumber: 64000}}\n"
            for n in range(3_000)
        )
        + "".join(
            f"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: w{n}, labels: {{a: x{n}}}}}\n"
            f"spec: {{nodeName: n{n % 1_000}}}\nstatus: {{podIP: 10.3.{n // 256}.{n % 256}}}\n"
            for n in range(3_000)
        )
    ),
    "reflectors with a peer each": lambda: "".join(
        f"---\n{V3}kind: Node\nmetadata: {{name: n{n}, labels: {{a: v{n}}}}}\n"
        f"spec: {{bgp: {{ipv4Address: 10.{n // 250}.{n % 250}.1/24, routeReflectorClusterID: 1.0.0.1}}}}\n"
        f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\n"
        f"spec: {{nodeSelector: a == 'w{n}', peerSelector: a == 'v{n}'}}\n"
        for n in range(3_000)
    ),
    "a chain of reflectors": lambda: (
        f"{V3}kind: BGPConfiguration\nmetadata: {{name: default}}\nspec: {{nodeToNodeMeshEnabled: false}}\n"
        f"---\n{V3}kind: IPPool\nmetadata: {{name: p}}\nspec: {{cidr: 10.0.0.0/8}}\n"
        + "".join(
            f"---\n{V3}kind: Node\nmetadata: {{name: n{n}, labels: {{a: v{n}}}}}\n"
            f"spec: {{bgp: {{ipv4Address: 10.{n // 250}.{n % 250}.1/24, "
            f"routeReflectorClusterID: 1.0.{n // 250}.{n % 250}}}}}\n"
            f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\n"
            f"spec: {{nodeSelector: a == 'v{n}', peerSelector: a == 'v{n + 1}'}}\n"
            for n in range(2_800)
        )
    ),
    "ports of one neighbour": lambda: (
        nodes(2)
        + "".join(
            f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\n"
            f"spec: {{node: n{n % 2}, peerIP: '10.0.{1 - n % 2}.1:{n + 1}', asNumber: {64512 + n % 3}}}\n"
            for n in range(7_000)
        )
    ),
    "named communities": lambda: (
        f"{V3}kind: BGPConfiguration\nmetadata: {{name: default}}\nspec:\n  communities:\n"
        + "".join(f"  - {{name: c{n}, value: '64512:{n}'}}\n" for n in range(9_000))
        + "  prefixAdvertisements:\n"
        + "".join(f"  - {{cidr: 10.{n // 256}.{n % 256}.0/24, communities: [c{n}]}}\n" for n in range(9_000))
    ),
}
