"""Clusters below a megabyte in which many objects of one kind meet as many of another one."""

from __future__ import annotations

from collections.abc import Callable

from hostile_bgp import V3

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
}
