"""Clusters below a megabyte with thousands of rules of BGPFilters, advertisements or ranges, each unlike the others."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice, permutations

V3 = "apiVersion: projectcalico.org/v3\n"
POOL = f"{V3}kind: IPPool\nmetadata: {{name: p}}\nspec: {{cidr: 10.0.0.0/8}}\n"


def net(number: int, length: int = 24) -> str:
    return f"10.{number // 256 % 256}.{number % 256}.0/{length}"


def filtered(export: Callable[[int], str], count: int, *more: str) -> str:
    """A router with a filter of so many rules for export, every other of which accepts, and some more."""
    rules = [f"{{action: {('Reject', 'Accept')[n % 2]}, {export(n)}}}" for n in range(count)]
    return (
        f"{POOL}---\n{V3}kind: BGPPeer\nmetadata: {{name: p}}\n"
        "spec: {peerIP: 192.0.2.1, asNumber: 64000, filters: [f]}\n"
        f"---\n{V3}kind: BGPFilter\nmetadata: {{name: f}}\nspec: {{exportV4: [{', '.join([*rules, *more])}]}}\n"
    )


def advertisements(cidr: Callable[[int], str], count: int) -> str:
    return (
        f"{POOL}---\n{V3}kind: BGPConfiguration\nmetadata: {{name: default}}\nspec:\n  prefixAdvertisements:\n"
        + "".join(f"  - {{cidr: {cidr(n)}, communities: ['1:{n}']}}\n" for n in range(count))
    )


def shared(rules: list[str], several: Callable[[int], str], count: int, other: str = "{action: Reject}") -> str:
    """A filter of many rules, and for each of so many peers another list with it and with one of its own."""
    return (
        f"{POOL}---\n{V3}kind: BGPFilter\nmetadata: {{name: f}}\nspec: {{exportV4: [{', '.join(rules)}]}}\n"
        + "".join(
            f"---\n{V3}kind: BGPFilter\nmetadata: {{name: f{n}}}\nspec: {{exportV4: [{other}]}}\n"
            f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\n"
            f"spec: {{peerIP: 192.0.{n // 256}.{n % 256}, asNumber: 64000, filters: [{several(n)}]}}\n"
            for n in range(count)
        )
    )


NETS = [f"{{action: Accept, cidr: {net(n)}, matchOperator: In}}" for n in range(2_000)]
TAGGED = [
    f"{{action: Accept, cidr: {net(n)}, matchOperator: NotIn, communities: {{values: ['1:{n}']}}}}" for n in range(300)
]

FILTERS: dict[str, Callable[[], str]] = {
    "blank lines above what cannot be read, where a filter may stand": lambda: (
        f"{V3}kind: BGPPeer\nmetadata: {{name: p}}\nspec: {{peerIP: 192.0.2.1, asNumber: 64000, filters: [out]}}\n"
        "---\n# out\n" + "\n" * 500_000 + "\f\n"
    ),
    "filters of as many peers that a text of words which cannot be read names": lambda: (
        "".join(
            f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\n"
            f"spec: {{peerIP: 192.0.{n // 256}.{n % 256}, asNumber: 64000, filters: [f{n}]}}\n"
            for n in range(3_000)
        )
        + "---\nkind: BGPFilter\n"
        + "".join(f"# f{n}\n" for n in range(50_000))
        + "\f\n"
    ),
    "a filter of communities": lambda: filtered(lambda n: f"communities: {{values: ['1:{n}']}}", 15_000),
    "a filter of interfaces": lambda: filtered(lambda n: f"interface: 'eth{n}*'", 18_000),
    "a filter of interfaces that end differently": lambda: filtered(lambda n: f"interface: '*{n}'", 18_000),
    "a filter of AS paths": lambda: filtered(lambda n: f"asPathPrefix: [64512, {n + 1}]", 15_000),
    "a filter of longer AS paths": lambda: filtered(
        lambda n: f"asPathPrefix: [{', '.join(str(one + 1) for one in range(n % 400 + 1))}]", 700
    ),
    "a filter of all at once": lambda: filtered(
        lambda n: (
            f"interface: 'eth{n}*', communities: {{values: ['1:{n}']}}, priority: {n + 1}, "
            f"cidr: {net(n)}, matchOperator: {('NotIn', 'In', 'In')[n % 3]}"
        ),
        6_500,
    ),
    "rules behind some with conditions": lambda: filtered(
        lambda n: (
            f"communities: {{values: ['1:{n}']}}"
            if n < 50
            else f"communities: {{values: ['1:{n % 50}']}}, cidr: {net(n)}, matchOperator: In"
        ),
        9_000,
    ),
    "rules behind many with conditions": lambda: filtered(
        lambda n: f"communities: {{values: ['1:{n % 5_000}']}}, cidr: {net(n)}, matchOperator: NotIn",
        9_000,
    ),
    "many filters of a few peers": lambda: (
        POOL
        + "".join(
            f"---\n{V3}kind: BGPFilter\nmetadata: {{name: f{n}}}\n"
            f"spec: {{exportV4: [{{action: Accept, cidr: {net(n)}, matchOperator: In}}]}}\n"
            for n in range(2_500)
        )
        + "".join(
            f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\nspec: {{peerIP: 192.0.2.{n + 1}, asNumber: 64000, "
            f"filters: [{', '.join(f'f{one}' for one in range(2_500))}]}}\n"
            for n in range(25)
        )
    ),
    "pools and as many rules": lambda: (
        filtered(lambda n: f"cidr: {net(n)}, matchOperator: In", 8_000)
        + "".join(
            f"---\n{V3}kind: IPPool\nmetadata: {{name: p{n}}}\n"
            f"spec: {{cidr: {net(n)}, disableBGPExport: {('true', 'false')[n % 2]}}}\n"
            for n in range(3_700)
        )
    ),
    "advertisements inside of each other": lambda: (
        advertisements(lambda n: net(n // 9 * 256, 16 + n % 9), 2_000)
        + "".join(f"  - {{cidr: {net(n)}, communities: ['2:{n}']}}\n" for n in range(17_000))
    ),
    "advertisements of one network": lambda: advertisements(lambda _: "10.0.0.0/8", 17_000),
    "service ranges and as many services": lambda: (
        f"{V3}kind: BGPConfiguration\nmetadata: {{name: default}}\nspec:\n  serviceLoadBalancerIPs:\n"
        + "".join(f"  - {{cidr: 172.{16 + n // 256}.{n % 256}.0/24}}\n" for n in range(4_000))
        + "".join(
            f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: s{n}}}\n"
            f"spec: {{type: LoadBalancer, loadBalancerIP: 172.{16 + n // 256}.{n % 256}.9, ports: [{{port: 80}}]}}\n"
            for n in range(5_500)
        )
    ),
    "lists of filters that begin alike": lambda: shared(NETS, lambda n: f"f, f{n}", 3_000),
    "lists of filters that end alike": lambda: shared(NETS, lambda n: f"f{n}, f", 3_000, NETS[0]),
    "lists of filters with conditions": lambda: shared(TAGGED, lambda n: f"f, f{n}", 3_000),
    "lists of ten filters in any order": lambda: "---\n".join(
        [
            POOL,
            *(
                f"{V3}kind: BGPFilter\nmetadata: {{name: f{n}}}\n"
                f"spec: {{importV4: [{', '.join(NETS[n * 200 : n * 200 + 200])}]}}\n"
                for n in range(10)
            ),
            *(
                f"{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\n"
                f"spec: {{peerIP: 192.0.{n // 256}.{n % 256}, asNumber: 64000, filters: [{', '.join(names)}]}}\n"
                for n, names in enumerate(islice(permutations([f"f{n}" for n in range(10)]), 4_000))
            ),
        ]
    ),
}
