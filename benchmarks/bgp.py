"""BGP engine: sessions and routes of large clusters, next to the time that loading their YAML takes.

python benchmarks/bgp.py [mesh|reflectors|all]

Garbage is not collected in between, for loading and engine alike, because the program itself never does.
"""

from __future__ import annotations

import gc
import random
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from callint.bgp.filtering import filtering
from callint.bgp.network import network
from callint.bgp.routes import engine
from callint.calico import Target
from callint.objects import Cluster, Resource, unpack
from callint.schema import examine
from callint.source import Document
from callint.source.load import parse
from callint.validate import validate

T = TypeVar("T")
V3 = "projectcalico.org/v3"


class Size(NamedTuple):
    """How large a cluster is."""

    nodes: int
    reflectors: int = 0
    filters: int = 0
    rules: int = 0


def manifests(size: Size) -> str:
    """A cluster as YAML: nodes with addresses, pools, and behind reflectors also racks with filters of their own."""
    return "---\n".join(_documents(size, random.Random(1)))


def _documents(size: Size, chance: random.Random) -> Iterator[str]:
    mesh = "true" if not size.reflectors else "false"
    yield f"""\
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {{name: default}}
spec:
  asNumber: 64512
  nodeToNodeMeshEnabled: {mesh}
  serviceClusterIPs:
    - cidr: 10.96.0.0/12
  prefixAdvertisements:
    - cidr: 10.128.0.0/9
      communities: ["64512:100"]
"""
    yield """\
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: pods}
spec: {cidr: 10.128.0.0/9, ipipMode: Never, natOutgoing: true}
"""
    for index in range(size.nodes):
        reflector = index < size.reflectors
        cluster_id = f"\n    routeReflectorClusterID: 1.0.0.{index + 1}" if reflector else ""
        role = "reflector" if reflector else "client"
        yield f"""\
apiVersion: projectcalico.org/v3
kind: Node
metadata:
  name: node-{index}
  labels:
    role: {role}
    rack: r{index % max(1, size.filters)}
spec:
  bgp:
    ipv4Address: 172.16.{index >> 8}.{index & 255}/12{cluster_id}
"""
    if size.reflectors:
        yield """\
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: reflectors}
spec:
  nodeSelector: role == 'client'
  peerSelector: role == 'reflector'
"""
    for index in range(size.filters):
        rules = "".join(_rule(chance) for _ in range(size.rules))
        yield f"apiVersion: {V3}\nkind: BGPFilter\nmetadata: {{name: f{index}}}\nspec:\n  exportV4:\n{rules}"
        yield f"""\
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {{name: tor-{index}}}
spec:
  nodeSelector: rack == 'r{index}'
  peerIP: 192.0.2.{index % 250 + 1}
  asNumber: {65000 + index}
  filters: [f{index}]
"""


def _rule(chance: random.Random) -> str:
    length = chance.randint(10, 28)
    value = (10 << 24 | chance.getrandbits(24)) >> (32 - length) << (32 - length)
    cidr = f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}/{length}"
    return f"    - action: {chance.choice(['Accept', 'Reject'])}\n      matchOperator: In\n      cidr: {cidr}\n"


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """The result, and the seconds of the processor that the fastest of three runs took."""
    seconds = []
    for _ in range(3):
        start = time.process_time()
        result = work()
        seconds.append(time.process_time() - start)
    return result, min(seconds)


def analyse(cluster: Cluster) -> tuple[int, int, int]:
    """Every session with its status, and what each kind of session exports and imports."""
    model = engine(cluster)
    groups = parts = 0
    for group in model.division.groups():
        groups += 1
        parts += len(model.exported(group.session)) + len(model.imported(group.session))
    return len(model.network), groups, parts


def objects(text: str) -> tuple[list[Resource], float, float]:
    """The objects of the text, the seconds for the YAML alone, and those for reading and checking the objects too."""
    documents, reading = timed(lambda: parse(text).documents)
    resources, checking = timed(lambda: _checked(documents))
    return resources, reading, reading + checking


def _checked(documents: Iterable[Document]) -> list[Resource]:
    found, target = [], Target()
    for document in documents:
        for path, plain in unpack(document):
            resource = Resource(document, path, plain)
            road = target.road_of(resource.api_version)
            resource.gaps = examine(document, path, plain, target, road, None).gaps
            resource.gaps += validate(resource, target, road).gaps
            found.append(resource)
    return found


def _peak(work: Callable[[], object]) -> int:
    """The bytes that the work has at most, besides what is there already."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def measure(name: str, size: Size) -> None:
    """Print one line for one cluster."""
    text = manifests(size)
    resources, reading, loading = objects(text)
    (sessions, groups, parts), engine_time = timed(lambda: analyse(Cluster(resources)))
    for known in (engine, network, filtering):
        known.cache_clear()
    peak = _peak(lambda: analyse(Cluster(resources)))
    loaded = _peak(lambda: _checked(parse(text).documents))
    print(
        f"{name}: {size.nodes} nodes, {sessions} sessions of {groups} kinds, {parts} parts; "
        f"{len(text) >> 10} KiB of YAML read in {reading:.2f} s, loaded as objects in {loading:.2f} s; "
        f"and {loaded >> 20} MiB; engine {engine_time:.2f} s, {peak >> 20} MiB: {engine_time / loading:.2f} of the time"
    )


def main() -> None:
    """Run what is asked for, each in three sizes so that the growth can be seen."""
    gc.disable()
    wanted = sys.argv[1] if len(sys.argv) > 1 else "all"
    if wanted in ("mesh", "all"):
        for nodes in (250, 500, 1000):
            measure("full mesh", Size(nodes))
    if wanted in ("reflectors", "all"):
        for nodes in (1250, 2500, 5000):
            measure("reflectors", Size(nodes, reflectors=4, filters=nodes // 25, rules=50))


if __name__ == "__main__":
    main()
