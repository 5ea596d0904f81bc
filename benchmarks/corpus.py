"""Manifests to measure with: made from a seed, valid, unlike each other, about 1 kB an object.

`python benchmarks/corpus.py FOLDER [OBJECTS]` writes a tree of files with ten objects each.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

OBJECTS_A_FILE = 10
OBJECTS_OF_CLUSTER = 1000
WORDS = ("web", "api", "front", "back", "cache", "queue", "store", "auth", "mail", "batch", "edge", "proxy")


def tree(folder: Path, objects: int) -> int:
    """Write files of ten objects below `folder`; returns the bytes written."""
    size = 0
    chance = random.Random(1)
    for start in range(0, objects, OBJECTS_A_FILE):
        number = start // OBJECTS_A_FILE
        file = folder / f"team-{number % 20:02}" / f"{number:05}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        texts = [_object(index, chance) for index in range(start, min(objects, start + OBJECTS_A_FILE))]
        size += file.write_text("---\n".join(texts), encoding="utf-8")
    return size


def cluster(folder: Path, nodes: int, policies: int, endpoints: int) -> int:
    """Write one cluster: its nodes, BGP with route reflectors, policies and host endpoints; returns the bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(2)
    parts = {
        "bgp": iter([_BGP]),
        "nodes": (_node(index) for index in range(nodes)),
        "policies": (_POLICIES[index % 2](index, chance) for index in range(policies)),
        "endpoints": (_host_endpoint(index, chance) for index in range(endpoints)),
    }
    size = 0
    for name, texts in parts.items():
        rest = list(texts)
        for start in range(0, len(rest), OBJECTS_OF_CLUSTER):
            file = folder / f"{name}-{start // OBJECTS_OF_CLUSTER:02}.yaml"
            size += file.write_text("---\n".join(rest[start : start + OBJECTS_OF_CLUSTER]), encoding="utf-8")
    return size


def few(folder: Path) -> Path:
    """Write one file with ten objects of the kinds that a small change touches."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(3)
    file = folder / "ten.yaml"
    file.write_text("---\n".join(_network_set(index, chance) for index in range(10)), encoding="utf-8")
    return file


def _object(index: int, chance: random.Random) -> str:
    share = index % 20
    if share < 9:
        return _network_policy(index, chance)
    if share < 13:
        return _global_policy(index, chance)
    if share < 17:
        return _network_set(index, chance)
    if share < 18:
        return _bgp_filter(index, chance)
    return _host_endpoint(index, chance) if share < 19 else _service(index, chance)


def _labels(chance: random.Random) -> str:
    return f"app: {chance.choice(WORDS)}-{chance.randrange(100)}\n    tier: {chance.choice(WORDS)}"


def _selector(chance: random.Random) -> str:
    app, tier = f"{chance.choice(WORDS)}-{chance.randrange(100)}", chance.choice(WORDS)
    return f"app == '{app}' && tier in {{'{tier}', '{chance.choice(WORDS)}'}} && !has(exempt)"


def _nets(count: int, chance: random.Random, indent: int) -> str:
    space = " " * indent
    places = chance.sample(range(256 * 256), count)
    made = (f"10.{place // 256}.{place % 256}.0/{chance.randrange(24, 29)}" for place in places)
    return "\n".join(f"{space}- {net}" for net in made)


def _rules(chance: random.Random) -> str:
    rules = []
    for _ in range(3):
        low = chance.randrange(1024, 60000)
        rules.append(
            "    - action: Allow\n"
            f"      protocol: {chance.choice(['TCP', 'UDP'])}\n"
            "      source:\n"
            f"        selector: {_selector(chance)}\n"
            "      destination:\n"
            "        ports:\n"
            f"          - {chance.randrange(1, 1024)}\n"
            f"          - {low}:{low + 100}\n"
        )
    return "".join(rules)


def _network_policy(index: int, chance: random.Random) -> str:
    return (
        "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\n"
        f"metadata:\n  name: allow-{index}\n  namespace: team-{index % 50}\n"
        "  annotations:\n    description: what this workload takes, and from whom, agreed with the team\n"
        f"spec:\n  order: {index % 1000}\n  selector: {_selector(chance)}\n  types:\n    - Ingress\n    - Egress\n"
        f"  ingress:\n{_rules(chance)}  egress:\n    - action: Allow\n      destination:\n        nets:\n"
        f"{_nets(4, chance, 10)}\n"
    )


def _global_policy(index: int, chance: random.Random) -> str:
    return (
        "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\n"
        f"metadata:\n  name: cluster-{index}\n"
        f"spec:\n  order: {index % 1000}\n  selector: {_selector(chance)}\n  types:\n    - Ingress\n"
        f"  ingress:\n{_rules(chance)}    - action: Allow\n      source:\n        nets:\n{_nets(6, chance, 10)}\n"
    )


def _network_set(index: int, chance: random.Random) -> str:
    return (
        "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\n"
        f"metadata:\n  name: set-{index}\n  labels:\n    partner: {chance.choice(WORDS)}\n    site: s{index % 9}\n"
        f"spec:\n  nets:\n{_nets(40, chance, 4)}\n"
    )


def _bgp_filter(index: int, chance: random.Random) -> str:
    rules = "".join(
        f"    - action: {chance.choice(['Accept', 'Reject'])}\n"
        f"      cidr: 172.{chance.randrange(16, 32)}.{chance.randrange(256)}.0/24\n"
        f"      matchOperator: {chance.choice(['Equal', 'In'])}\n"
        for _ in range(8)
    )
    return (
        "apiVersion: projectcalico.org/v3\nkind: BGPFilter\n"
        f"metadata:\n  name: routes-{index}\nspec:\n  exportV4:\n{rules}"
    )


def _host_endpoint(index: int, chance: random.Random) -> str:
    return (
        "apiVersion: projectcalico.org/v3\nkind: HostEndpoint\n"
        f"metadata:\n  name: host-{index}-eth0\n  labels:\n    {_labels(chance)}\n"
        f"spec:\n  node: node-{index}\n  interfaceName: eth0\n"
        f"  expectedIPs:\n    - {_address(index)}\n  profiles:\n    - projectcalico-default-allow\n"
    )


def _service(index: int, chance: random.Random) -> str:
    return (
        "apiVersion: v1\nkind: Service\n"
        f"metadata:\n  name: service-{index}\n  namespace: team-{index % 50}\n  labels:\n    {_labels(chance)}\n"
        f"spec:\n  selector:\n    app: {chance.choice(WORDS)}\n  ports:\n    - port: {chance.randrange(1, 60000)}\n"
    )


def _node(index: int) -> str:
    reflector = "    reflector: 'true'\n" if index < 6 else ""
    cluster_id = "    routeReflectorClusterID: 244.0.0.1\n" if index < 6 else ""
    return (
        "apiVersion: projectcalico.org/v3\nkind: Node\n"
        f"metadata:\n  name: node-{index}\n  labels:\n    rack: rack-{index // 40}\n{reflector}"
        f"spec:\n  bgp:\n    ipv4Address: {_address(index)}/16\n{cluster_id}"
    )


def _address(index: int) -> str:
    return f"192.168.{index // 250 % 250}.{index % 250 + 1}"


_POLICIES: tuple[Callable[[int, random.Random], str], ...] = (_network_policy, _global_policy)
_BGP = """\
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: default}
spec: {asNumber: 64512, nodeToNodeMeshEnabled: false}
---
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: pods}
spec: {cidr: 10.0.0.0/8, blockSize: 26, ipipMode: Never, vxlanMode: Never, natOutgoing: true}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: to-reflectors}
spec: {nodeSelector: "!has(reflector)", peerSelector: has(reflector)}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: between-reflectors}
spec: {nodeSelector: has(reflector), peerSelector: has(reflector)}
"""


def files(folder: Path) -> Iterator[Path]:
    """The manifests of a folder in order."""
    return iter(sorted(folder.rglob("*.yaml")))


if __name__ == "__main__":
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    print(f"{tree(Path(sys.argv[1]), count)} bytes")
