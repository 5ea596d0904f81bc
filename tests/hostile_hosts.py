"""Clusters below a megabyte with thousands of host endpoints, or of what concerns all of these."""

from __future__ import annotations

from collections.abc import Callable

from hostile_bgp import V3


def policy(selector: str, name: str = "a", more: str = "ingress: [{action: Allow}]") -> str:
    return f'---\n{V3}kind: GlobalNetworkPolicy\nmetadata: {{name: {name}}}\nspec: {{selector: "{selector}", {more}}}\n'


def host_endpoint(number: int) -> str:
    return (
        f"---\n{V3}kind: HostEndpoint\nmetadata: {{name: h{number}}}\nspec: {{node: box, interfaceName: e{number}}}\n"
    )


HOSTS: dict[str, Callable[[], str]] = {
    "host endpoints of as many nodes": lambda: "".join(
        f"---\n{V3}kind: HostEndpoint\nmetadata: {{name: h{n}, labels: {{a: b}}}}\n"
        f"spec: {{node: n{n}, interfaceName: eth0, expectedIPs: [10.0.{n // 250}.{n % 250}]}}\n"
        for n in range(4_500)
    ),
    "policies for every host beside as many for a few": lambda: (
        host_endpoint(1)
        + "".join(policy(("all()", f"a == 'x{n}'")[n % 2], f"g{n}", "types: [Ingress, Egress]") for n in range(4_500))
    ),
    "host endpoints with ports of unknown number": lambda: (
        policy("all()", "closing", "types: [Ingress, Egress]")
        + "".join(
            policy("all()", f"g{n}", f"ingress: [{{action: Allow, protocol: TCP, destination: {{ports: [p{n}]}}}}]")
            for n in range(4_000)
        )
        + "".join("---\n" + host_endpoint(n) for n in range(200))
    ),
    "failsafe ports of many nodes": lambda: (
        f"{V3}kind: FelixConfiguration\nmetadata: {{name: default}}\nspec:\n  failsafeInboundHostPorts:\n"
        + "".join(f"  - {{protocol: tcp, port: {n}, net: 10.{n // 250}.{n % 250}.0/24}}\n" for n in range(1, 10_000))
        + "".join(
            f"---\n{V3}kind: HostEndpoint\nmetadata: {{name: h{n}}}\n"
            f"spec: {{node: n{n}, interfaceName: eth0, expectedIPs: [11.0.{n // 250}.{n % 250}]}}\n"
            for n in range(2_500)
        )
    ),
    "prefixes of interfaces at many nodes": lambda: (
        f"{V3}kind: FelixConfiguration\nmetadata: {{name: default}}\n"
        f"spec: {{interfacePrefix: '{','.join(f'cali{n}' for n in range(40_000))}'}}\n"
        + "".join(
            f"---\n{V3}kind: HostEndpoint\nmetadata: {{name: h{n}}}\nspec: {{node: n{n}, interfaceName: eth{n}}}\n"
            for n in range(3_500)
        )
    ),
    "external addresses beside as many ranges": lambda: (
        f"{V3}kind: BGPConfiguration\nmetadata: {{name: default}}\nspec:\n  serviceExternalIPs:\n"
        + "".join(f"  - cidr: 10.{n // 250}.{n % 250}.0/24\n" for n in range(10_000))
        + "---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: d}\nspec:\n"
        + "  ports: [{port: 80}]\n  externalIPs:\n"
        + "".join(f"  - 10.{n // 250}.{n % 250}.{n % 7}\n" for n in range(40_000))
    ),
    "nodes with host endpoints of their own beside as many pools": lambda: (
        f"{V3}kind: KubeControllersConfiguration\nmetadata: {{name: default}}\n"
        "spec: {controllers: {node: {hostEndpoint: {autoCreate: Enabled}}}}\n"
        + policy("all()", more="applyOnForward: true, types: [Ingress], ingress: [{action: Allow}]")
        + "".join(
            f"---\n{V3}kind: Node\nmetadata: {{name: n{n}}}\n"
            f"spec: {{bgp: {{ipv4Address: 10.{n // 250}.{n % 250}.1/8}}}}\n"
            f"---\n{V3}kind: IPPool\nmetadata: {{name: p{n}}}\n"
            f"spec: {{cidr: 11.{n // 250}.{n % 250}.0/24, ipipMode: CrossSubnet}}\n"
            for n in range(3_500)
        )
    ),
    "host endpoints beside as many addresses of the API server": lambda: (
        "".join(
            f"---\n{V3}kind: HostEndpoint\nmetadata: {{name: h{n}}}\nspec: {{node: n{n}, interfaceName: eth0}}\n"
            f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: kubernetes-services-endpoint, namespace: d{n}}}\n"
            f"data: {{KUBERNETES_SERVICE_HOST: api.example.com, KUBERNETES_SERVICE_PORT: '{7000 + n}'}}\n"
            for n in range(2_500)
        )
        + policy("all()", "out", "types: [Egress], egress: [{action: Allow, protocol: UDP}]")
    ),
    "host endpoints of one node": lambda: "".join(
        f"---\n{V3}kind: HostEndpoint\nmetadata: {{name: h{n}}}\nspec: {{node: n, interfaceName: eth{n}}}\n"
        for n in range(7_500)
    ),
    "host endpoints of one node and as many policies for all of them": lambda: "".join(
        host_endpoint(n) + policy("all()", f"g{n}", f"order: {n}, types: [Ingress]") for n in range(3_800)
    ),
    "a policy of many networks at the end of whose tier nothing is left": lambda: (
        f"{V3}kind: Tier\nmetadata: {{name: first}}\nspec: {{order: 100}}\n"
        f"---\n{V3}kind: NetworkPolicy\nmetadata: {{name: first.a, namespace: d}}\n"
        "spec:\n  tier: first\n  types: [Ingress]\n  ingress:\n"
        + "".join(
            "  - {action: Allow, protocol: TCP, "
            f"source: {{nets: [10.{n // 256}.{n % 256}.0/24]}}, destination: {{ports: [{n + 1}]}}}}\n"
            for n in range(9_500)
        )
        + f"---\n{V3}kind: NetworkPolicy\nmetadata: {{name: b, namespace: d}}\nspec: {{ingress: [{{action: Allow}}]}}\n"
    ),
}
