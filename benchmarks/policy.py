"""Policy over sets of packets: many rules, many endpoints, many tiers, all pairs, next to loading the same YAML.

python benchmarks/policy.py [rules|endpoints|tiers|pairs|assumed|unreachable|redundant|all] [most]

Each measurement is a process of its own: seconds of the processor, and the most memory that the process held.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from callint.objects import Cluster, Intent, Resource, unpack
from callint.policy import Model
from callint.policy.representative import of_policies
from callint.policy.symbolic.connectivity import connected
from callint.policy.symbolic.engine import Engine
from callint.source.load import parse

V3 = "projectcalico.org/v3"
APPS, TEAMS = 40, 10


def policy(name: str, order: int, tier: str, selector: str, ingress: list[str], egress: list[str]) -> str:
    """A GlobalNetworkPolicy as YAML."""
    lists = "".join(
        f"\n  {key}:\n{''.join(rules)}" for key, rules in (("ingress", ingress), ("egress", egress)) if rules
    )
    return (
        f"apiVersion: {V3}\nkind: GlobalNetworkPolicy\nmetadata: {{name: {name}}}\nspec:\n  tier: {tier}\n"
        f"  order: {order}\n  selector: {selector}\n  types: [Ingress, Egress]{lists}"
    )


def network_rule(chance: random.Random) -> str:
    """One rule over networks and well-known ports, as in clusters."""
    length = chance.choice((16, 24, 24, 32))
    value = (10 << 24 | chance.getrandbits(24)) >> (32 - length) << (32 - length)
    net = f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}/{length}"
    port = chance.choice((22, 53, 80, 443, 5432, 6379, 8080, 9090))
    action = chance.choice(("Allow", "Allow", "Allow", "Deny"))
    protocol = chance.choice(("TCP", "UDP"))
    return (
        f"    - action: {action}\n      protocol: {protocol}\n      source:\n        nets: [{net}]\n"
        f"      destination:\n        ports: [{port}]\n"
    )


def selector_rule(chance: random.Random, side: str) -> str:
    """One rule that names other workloads by label."""
    port = chance.choice((53, 80, 443, 5432, 8080))
    ports = f"      destination:\n        ports: [{port}]\n"
    who = f"        selector: app == 'a{chance.randrange(APPS)}'\n"
    action = chance.choice(("Allow", "Allow", "Allow", "Deny"))
    entity = f"      source:\n{who}{ports}" if side == "source" else f"{ports}{who}"
    return f"    - action: {action}\n      protocol: TCP\n{entity}"


def workloads(count: int, nodes: int = 10) -> Iterator[str]:
    """Pods of some applications and teams, each with a label of its own besides."""
    yield "apiVersion: v1\nkind: Namespace\nmetadata: {name: ns}\n"
    for number in range(count):
        address = f"10.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
        yield (
            f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: p{number}\n  namespace: ns\n  labels:\n"
            f"    app: a{number % APPS}\n    team: t{number // APPS % TEAMS}\n    pod: p{number}\n"
            f"spec: {{nodeName: node{number % nodes}, containers: []}}\nstatus: {{podIP: {address}}}\n"
        )


def rules_of(count: int) -> Iterator[str]:
    """One policy with all the rules on one host endpoint."""
    chance = random.Random(1)
    yield f"apiVersion: {V3}\nkind: HostEndpoint\nmetadata: {{name: h}}\nspec: {{node: node0, interfaceName: eth0}}\n"
    yield policy("p", 1, "default", "all()", [network_rule(chance) for _ in range(count)], [])


def endpoints_of(count: int) -> Iterator[str]:
    """Pods under 200 policies with 5 rules by selector."""
    chance = random.Random(1)
    yield from workloads(count)
    for number in range(200):
        yield selecting(chance, number, "default")


def tiers_of(count: int) -> Iterator[str]:
    """As many policies in 20 tiers, over 1,000 pods."""
    chance = random.Random(1)
    yield from workloads(1000)
    for number in range(20):
        yield (
            f"apiVersion: {V3}\nkind: Tier\nmetadata: {{name: tier{number}}}\n"
            f"spec: {{order: {number}, defaultAction: Pass}}\n"
        )
    for number in range(count):
        yield selecting(chance, number, f"tier{number % 20}")


def pairs_of(count: int) -> Iterator[str]:
    """As many pods under half as many policies with 5 rules each."""
    chance = random.Random(1)
    yield from workloads(count)
    for number in range(count // 2):
        yield selecting(chance, number, "default")


def assumed_of(count: int) -> Iterator[str]:
    """As many policies, and of the pods that they speak of not one."""
    chance = random.Random(1)
    yield "apiVersion: v1\nkind: Namespace\nmetadata: {name: ns}\n"
    for number in range(count):
        yield selecting(chance, number, "default")


def selecting(chance: random.Random, number: int, tier: str) -> str:
    """A policy for an application of a team: 3 rules in and 2 out."""
    who = f"app == 'a{chance.randrange(APPS)}' && team == 't{chance.randrange(TEAMS)}'"
    ingress = [selector_rule(chance, "source") for _ in range(3)]
    egress = [selector_rule(chance, "destination") for _ in range(2)]
    return policy(f"p{number}", number, tier, who, ingress, egress)


def load(text: str) -> Cluster:
    """The cluster of a text; every pod is known, if any is."""
    resources = [Resource(one, path, plain) for one in parse(text).documents for path, plain in unpack(one)]
    known = any(resource.kind != "GlobalNetworkPolicy" for resource in resources[1:])
    return Cluster(resources, intent=Intent(complete=("Pod", "EndpointSlice") if known else ()))


def analyse_rules(cluster: Cluster) -> str:
    """What happens to all packets to the host."""
    engine = Engine(Model(cluster), 4, causes=False, limit=100_000_000)
    found = engine.node("node0").went("eth0", None)
    return f"{sum(1 for _ in found.accept.boxes())} boxes accepted"


def analyse_endpoints(cluster: Cluster) -> str:
    """What happens to all packets of every workload, both ways."""
    engine = Engine(Model(cluster), 4)
    found = {
        engine.node(one.about.node).endpoint(one, direction).accept
        for one in engine.model.inventory.workloads
        for direction in ("ingress", "egress")
    }
    return f"{len(found)} different sets"


def analyse_pairs(cluster: Cluster) -> str:
    """What every workload may send to every other."""
    return f"{sum(bool(passing) for _, _, passing in connected(Engine(Model(cluster), 4)))} pairs connected"


def analyse_assumed(cluster: Cluster) -> str:
    """What the pods that policies speak of may send to each other."""
    assumed = of_policies(Model(cluster))
    pairs = connected(Engine(Model(cluster, assumed), 4))
    return f"{len(assumed)} workloads assumed, {sum(bool(passing) for _, _, passing in pairs)} pairs connected"


def analyse_unreachable(cluster: Cluster) -> str:
    """The rules and policies that never decide."""
    from callint.checks.policy.unreachable import check

    return f"{sum(1 for _ in check(cluster, {'problem': 'rule'}))} rules never reached"


def analyse_redundant(cluster: Cluster) -> str:
    """The rules that change nothing."""
    from callint.checks.policy.unreachable import check

    return f"{sum(1 for _ in check(cluster, {'problem': 'redundant'}))} rules redundant"


MEASURED: dict[str, tuple[Callable[[int], Iterator[str]], Callable[[Cluster], str], tuple[int, ...]]] = {
    "rules": (rules_of, analyse_rules, (10, 100, 1_000, 10_000, 100_000)),
    "endpoints": (endpoints_of, analyse_endpoints, (100, 1_000, 10_000)),
    "tiers": (tiers_of, analyse_endpoints, (1_000,)),
    "pairs": (pairs_of, analyse_pairs, (50, 100, 200)),
    "assumed": (assumed_of, analyse_assumed, (100, 1_000)),
    "unreachable": (rules_of, analyse_unreachable, (100, 1_000, 10_000)),
    "redundant": (pairs_of, analyse_redundant, (100, 200)),
}


def measure(name: str, size: int) -> None:
    """Print one line about one cluster."""
    documents, analyse, _ = MEASURED[name]
    text = "---\n".join(documents(size))
    start = time.process_time()
    cluster = load(text)
    loading = time.process_time() - start
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    result = analyse(cluster)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{name} {size:,}: {seconds:.3f} s, {seconds / loading:.1f} times loading {len(text) >> 10} KiB of YAML "
        f"({loading:.3f} s); {before >> 10} MiB loaded, {peak >> 10} MiB in the end; {result}",
        flush=True,
    )


def main() -> None:
    """Measure what the first argument names, up to the size that the second gives."""
    chosen = sys.argv[1] if len(sys.argv) > 1 else "all"
    most = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    if chosen == "one":
        measure(sys.argv[3], most)
        return
    for name, (_, _, sizes) in MEASURED.items():
        if chosen in (name, "all"):
            for size in sizes:
                if size <= most:
                    subprocess.run([sys.executable, __file__, "one", str(size), name], check=False)


if __name__ == "__main__":
    main()
