"""No input takes much memory or time: each is checked in a process that may have no more than so much of both."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hostile_bgp import NETWORKS, V3, advertised, nodes
from hostile_filters import FILTERS
from hostile_hosts import HOSTS, host_endpoint, policy
from hostile_relations import RELATIONS
from hostile_selectors import NONE, SELECTORS, head

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="address space is limited as Linux does it")

MEGABYTE = 1 << 20
MEMORY = 1024 * MEGABYTE
"""Bytes of address space; Python with its libraries takes a tenth of it."""
SECONDS = 40
"""Seconds of CPU: about ten times what the slowest takes, for machines that are busy."""
SOON = 10
"""Fewer of them, which some inputs took before they were bounded; now they take two to four at most."""
LITTLE = 250 * MEGABYTE
"""Fewer bytes of address space, for the same reason."""


def knotted(groups: int) -> str:
    selector = "has(a0)"
    for n in range(1, groups):
        selector = f"({selector} && has(a{n})) || !(a{n} in {{'x','y'}})"
    return selector


def hard(seed: int) -> str:
    """Alternatives of three labels each, about as many as can just be met or just not."""
    chance = random.Random(seed)
    literals = [f"{chance.choice(['', '!'])}has(a{chance.randrange(9)})" for _ in range(38 * 3)]
    return " && ".join(f"({' || '.join(literals[place : place + 3])})" for place in range(0, len(literals), 3))


def nets(number: int) -> str:
    """Three hundred networks, after the first twenty lists some of five of those."""
    base = [random.Random(seed).sample(range(1 << 16), 300) for seed in range(20)]
    chance = random.Random(number)
    every = [net for one in chance.sample(base, 5) for net in one]
    chosen = base[number] if number < len(base) else chance.sample(every, 300)
    return ", ".join(f"10.{net // 256}.{net % 256}.0/24" for net in chosen)


def pods(app: str) -> str:
    return f"{{podSelector: {{matchLabels: {{app: {app}}}}}}}"


def kubernetes(name: str, app: str, direction: str, rules: list[str]) -> str:
    """A NetworkPolicy of Kubernetes for pods of one label, of one direction."""
    spec = f"podSelector: {{matchLabels: {{app: {app}}}}}, policyTypes: [{direction}]"
    return (
        f"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: d}}\n"
        f"spec: {{{spec}, {direction.lower()}: [{', '.join(rules)}]}}\n"
    )


def apart(number: int, rule: int) -> str:
    """A rule about packets that those with other numbers have nothing to do with, which do something else."""
    return (
        f"{{action: {('Allow', 'Deny')[(number + rule) % 2]}, protocol: TCP, "
        f"source: {{nets: [10.{number}.{rule}.0/24]}}, destination: {{ports: [{1000 + rule}]}}}}"
    )


def bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 10)]
    return f"{V3}kind: IPPool\nmetadata: {{name: a}}\nspec:\n  " + "\n  ".join(lines) + "\n"


INPUTS: dict[str, Callable[[], str | bytes]] = {
    "alias bomb": bomb,
    "recursive anchors": lambda: f"{V3}kind: IPPool\nmetadata: &a {{name: a, labels: *a}}\nspec: &b [*b, *a]\n",
    "merges of merges": lambda: "a: &a {b: c}\n" + "".join(f"x{n}: {{<<: [*a, *a, *a]}}\n" for n in range(20_000)),
    "open brackets": lambda: "[" * 900_000,
    "closed brackets": lambda: "[" * 400_000 + "]" * 400_000,
    "deep block lists": lambda: "- " * 400_000,
    "deep block maps": lambda: "".join(" " * n + "a:\n" for n in range(1_300)),
    "large flow list": lambda: "[" + "a, " * 300_000 + "]",
    "large flow map": lambda: "{" + ", ".join(f"k{n}: {n}" for n in range(60_000)) + "}",
    "one key again": lambda: "a: 1\n" * 180_000,
    "a long key": lambda: "a" * 900_000 + ": 1\n",
    "a long text": lambda: f"{V3}kind: IPPool\nmetadata: {{name: {'a' * 900_000}}}\nspec: {{}}\n",
    "many documents": lambda: "---\n" * 200_000,
    "many small documents": lambda: "--- 1\n" * 100_000,
    "many broken documents": lambda: "---\n[\n" * 100_000,
    "many templates": lambda: "---\na: {{ b }}\n" * 60_000,
    "a long selector": lambda: policy(" || ".join(f"a{n} == 'b'" for n in range(50_000))),
    "a deep selector": lambda: policy("(" * 400_000 + "has(a)" + ")" * 400_000),
    "a negated selector": lambda: policy("!" * 800_000 + "has(a)"),
    "a knotted selector": lambda: policy(" && ".join(f"(a{n} == 'b' || a{n + 1} == 'c')" for n in range(3_000))),
    "a long selector of labels": lambda: (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\n"
        "spec: {podSelector: {matchExpressions: ["
        + "".join(f"{{key: k{n}, operator: NotIn, values: [a, b]}}, " for n in range(19_000))
        + "]}}\n"
    ),
    "labels that are none": lambda: "".join(
        f"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p{n}}}\n"
        f"spec: {{podSelector: {{matchLabels: {{a {n}: b}}}}}}\n"
        for n in range(6_000)
    ),
    "a long filter": lambda: (
        f"{V3}kind: BGPFilter\nmetadata: {{name: a}}\nspec:\n  exportV4:\n"
        + "".join(
            f"  - {{action: {('Accept', 'Reject')[n % 2]}, cidr: 10.{n // 256}.{n % 256}.0/24, "
            f"matchOperator: {('NotIn', 'In', 'In')[n % 3]}}}\n"
            for n in range(14_000)
        )
    ),
    "a tier for each policy": lambda: "".join(
        f"---\n{V3}kind: Tier\nmetadata: {{name: t{n}}}\nspec: {{order: {n}}}\n"
        f"---\n{V3}kind: GlobalNetworkPolicy\nmetadata: {{name: t{n}.a}}\n"
        f"spec: {{tier: t{n}, selector: all(), ingress: [{{action: Pass}}]}}\n"
        for n in range(3_500)
    ),
    "a missing tier for each policy": lambda: "".join(
        f"---\n{V3}kind: GlobalNetworkPolicy\nmetadata: {{name: t{n}.a}}\nspec: {{tier: t{n}, selector: all()}}\n"
        for n in range(7_500)
    ),
    "selectors of forty groups": lambda: "".join(policy(f"{knotted(40)} && b == 'v{n}'", f"g{n}") for n in range(600)),
    "selectors of the same label": lambda: "".join(
        policy(f"a starts with 'v{n}x' && has(b)", f"g{n}", f"ingress: [{{action: {('Log', 'Allow')[n % 2]}}}]")
        for n in range(4_500)
    ),
    "selectors of hard questions": lambda: "".join(policy(hard(n), f"g{n}") for n in range(600)),
    "pieces of one value": lambda: "".join(
        policy(f"a contains 'ab' && a contains 'bc' && a contains 'cd' && !(a contains 'q{n}')", f"g{n}")
        for n in range(4_000)
    ),
    "networks of sets": lambda: (
        "".join(
            f"---\n{V3}kind: GlobalNetworkSet\nmetadata: {{name: s{n}, labels: {{role: r{n % 10}}}}}\n"
            f"spec: {{nets: [10.{n // 256}.{n % 256}.0/24]}}\n"
            for n in range(5_000)
        )
        + "".join(
            policy("all()", f"g{n}", f"ingress: [{{action: Deny, source: {{selector: role == 'r{n % 10}'}}}}]")
            for n in range(1_600)
        )
    ),
    "networks that together cover others": lambda: "".join(
        policy("all()", f"g{n:03}", f"ingress: [{{action: {('Deny', 'Allow')[n % 2]}, source: {{nets: [{nets(n)}]}}}}]")
        for n in range(200)
    ),
    "policies for every host endpoint": lambda: "".join(
        f"---\n{V3}kind: HostEndpoint\nmetadata: {{name: h{n}, labels: {{role: r{n}, all: x}}}}\n"
        f"spec: {{node: n{n}, interfaceName: eth0}}\n"
        + policy(f"role == 'r{n}' || has(all)", f"g{n}", "doNotTrack: true, applyOnForward: true")
        for n in range(2_800)
    ),
    "untracked policies for nearly all host endpoints": lambda: "".join(
        f"---\n{V3}kind: HostEndpoint\nmetadata: {{name: h{n}, labels: {{a: b{n}, c: d}}}}\n"
        f"spec: {{node: n{n}, interfaceName: '*'}}\n"
        + policy(f"c == 'd' && a != 'b{n}'", f"g{n}", "doNotTrack: true, applyOnForward: true")
        for n in range(2_800)
    ),
    "invalid rules": lambda: (
        f"{V3}kind: GlobalNetworkPolicy\nmetadata: {{name: a}}\nspec:\n  selector: all()\n  ingress:\n"
        + "  - {action: alow, protocol: TPC, source: {nets: [300.0.0.0/8], ports: [99999]}}\n" * 12_000
    ),
    "references to nothing": lambda: (
        f"{V3}kind: BGPPeer\nmetadata: {{name: p}}\nspec:\n  peerIP: 192.0.2.1\n  asNumber: 64512\n  filters:\n"
        + "".join(f"  - gone{n}\n" for n in range(70_000))
    ),
    "pools that are wrong in every field": lambda: "".join(
        f"---\n{V3}kind: IPPool\nmetadata: {{name: p{n}}}\n"
        "spec: {cidr: x, blockSize: 999, ipipMode: Sometimes, nodeSelector: '(('}\n"
        for n in range(6_500)
    ),
    "the same slips": lambda: "".join(
        f"---\n{V3}kind: FelixConfiguration\nmetadata: {{name: node.n{n}}}\nspec: {{bpfEnabld: true, logScren: x}}\n"
        for n in range(7_000)
    ),
    "kinds that are none": lambda: "".join(
        f"---\n{V3}kind: IPPol{n}\nmetadata: {{name: a}}\nspec: {{cidr: x}}\n" for n in range(9_000)
    ),
    "annotations": lambda: "".join(
        f"---\n{V3}kind: IPPool\nmetadata: {{name: p{n}, annotations: {{callint.dev/ignore: 'OBJ002: why'}}}}\n"
        f"spec: {{cidr: 10.{n // 256}.{n % 256}.0/24, x: 1}}\n"
        for n in range(5_500)
    ),
    "a regular expression": lambda: (
        f"{V3}kind: FelixConfiguration\nmetadata: {{name: default}}\n"
        f"spec: {{bpfConntrackTimeouts: {{tcpEstablished: {'ms' * 400_000}X}}}}\n"
    ),
    "unknown fields": lambda: (
        f"{V3}kind: IPPool\nmetadata: {{name: a}}\nspec:\n" + "".join(f"  field{n}: 1\n" for n in range(50_000))
    ),
    "many rules": lambda: (
        f"{V3}kind: GlobalNetworkPolicy\nmetadata: {{name: a}}\nspec:\n  ingress:\n"
        + "".join(f"  - {{action: Allow, protocol: TCP, destination: {{ports: [{n}]}}}}\n" for n in range(1, 14_000))
    ),
    "port ranges that overlap": lambda: (
        f"{V3}kind: GlobalNetworkPolicy\nmetadata: {{name: a}}\nspec:\n  ingress:\n"
        + "".join(
            f"  - {{action: Allow, protocol: TCP, destination: {{ports: ['{n}:{n + 30_000}']}}}}\n"
            for n in range(1, 12_000)
        )
    ),
    "policies for everything": lambda: "".join(
        f"---\n{V3}kind: GlobalNetworkPolicy\nmetadata: {{name: p{n}}}\n"
        "spec: {selector: all(), ingress: [{action: Allow}]}\n"
        for n in range(5_000)
    ),
    "rules that are equal": lambda: (
        f"{V3}kind: GlobalNetworkPolicy\nmetadata: {{name: a}}\nspec:\n  ingress:\n"
        + "  - {action: Allow, protocol: TCP, source: {nets: [10.0.0.0/8]}}\n" * 15_000
    ),
    "policies that are equal, of a few orders": lambda: "".join(
        policy("a == 'x'", f"g{n}", f"order: {n % 7}, ingress: [{{action: Deny, source: {{selector: b == 'y'}}}}]")
        for n in range(5_500)
    ),
    "policies of one order with many rules": lambda: "".join(
        policy("all()", f"g{n}", f"ingress: [{', '.join(apart(n, rule) for rule in range(90))}]") for n in range(100)
    ),
    "policies of Kubernetes that are equal": lambda: "".join(
        f"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p{n}, namespace: d}}\n"
        "spec: {podSelector: {}, ingress: [{from: [{podSelector: {}}, {namespaceSelector: {}}]}]}\n"
        for n in range(5_400)
    ),
    "a policy that sends to as many that hear others": lambda: (
        kubernetes("o", "a", "Egress", [f"{{to: [{pods(f'b{n}')}], ports: [{{port: {n + 1}}}]}}" for n in range(3_000)])
        + "".join(
            kubernetes(f"i{n}", f"b{n}", "Ingress", [f"{{from: [{pods('a')}], ports: [{{port: 9999}}]}}"])
            for n in range(3_000)
        )
    ),
    "pods that nearly all policies select": lambda: "".join(
        f"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{n}, namespace: d, labels: {{k{n}: v}}}}\nspec: {{}}\n"
        + policy(f"!has(k{n})", f"g{n}", f"ingress: [{{action: {('Allow', 'Deny')[n % 2]}}}]")
        for n in range(4_000)
    ),
    "objects of one name": lambda: f"---\n{V3}kind: IPPool\nmetadata: {{name: a}}\nspec: {{}}\n" * 9_000,
    "many nets": lambda: (
        f"{V3}kind: GlobalNetworkSet\nmetadata: {{name: a}}\nspec:\n  nets:\n"
        + "".join(f"  - 10.{n // 256 % 256}.{n % 256}.0/24\n" for n in range(50_000))
    ),
    "one long line": lambda: b"a: " + b"x y: " * 180_000,
    "no text": lambda: bytes(range(256)) * 3_900,
    "nothing but NUL": lambda: b"\0" * 1_000_000,
    "comments": lambda: "# callint: ignore[BGP001] why\n" * 30_000,
    "an annotation": lambda: (
        f"{V3}kind: IPPool\nmetadata:\n  name: a\n  annotations:\n    callint.dev/ignore: |\n"
        + "      BGP001: why\n" * 50_000
    ),
    **HOSTS,
    **NETWORKS,
    **FILTERS,
    **SELECTORS,
    **RELATIONS,
}


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def pool(name: str = "a") -> str:
    return f"---\n{V3}kind: IPPool\nmetadata: {{name: {name}}}\nspec: {{cidr: 10.0.0.0/16, x: 1}}\n"


def interface(number: int) -> str:
    return f"- {{name: e{number}, addresses: [10.{number // 256}.{number % 256}.1/24]}}\n"


def with_facts(facts: str, manifest: str = host_endpoint(1)) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        write(folder / "m.yaml", manifest)
        write(folder / "facts.yaml", facts)
        return ["--facts", "facts.yaml", "m.yaml"]

    return make


def with_configuration(configuration: str, manifest: str = pool()) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        write(folder / "m.yaml", manifest)
        write(folder / "callint.yaml", configuration)
        return ["m.yaml"]

    return make


def clusters(folder: Path) -> list[str]:
    for number in range(1000):
        write(folder / f"c{number}/a.yaml", pool())
    lines = "".join(f"  c{number}: {{manifests: [c{number}]}}\n" for number in range(1000))
    write(folder / "callint.yaml", f"clusters:\n{lines}")
    return []


def patterns(folder: Path) -> list[str]:
    for number in range(300):
        write(folder / f"m{number}.yaml", "a: 1\n")
    return [f"*{number}.yaml" for number in range(3000)]


def gitignore(text: str) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        (folder / ".git").mkdir()
        write(folder / ".gitignore", text)
        for number in range(1000):
            write(folder / f"d{number % 50}/f{number}.yaml", "a: 1\n")
        return ["."]

    return make


def links(folder: Path) -> list[str]:
    for number in range(50):
        write(folder / f"d{number}/m.yaml", "a: 1\n")
        (folder / f"d{number}/next").symlink_to(f"../d{(number + 1) % 50}")
    (folder / "a.yaml").symlink_to("b.yaml")
    (folder / "b.yaml").symlink_to("a.yaml")
    return ["."]


def pattern_of_a_crd(folder: Path) -> list[str]:
    write(folder / "m.yaml", f"{V3}kind: IPPool\nmetadata: {{name: a}}\nspec: {{cidr: {'a' * 60}}}\n")
    write(
        folder / "crd.yaml",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        "metadata: {name: ippools.crd.projectcalico.org}\nspec:\n  group: crd.projectcalico.org\n"
        "  names: {kind: IPPool, plural: ippools}\n  versions:\n  - name: v1\n    schema:\n      openAPIV3Schema:\n"
        '        {type: object, properties: {spec: {properties: {cidr: {type: string, pattern: "^(a|aa)+$x"}}}}}\n',
    )
    return ["--crds", "crd.yaml", "m.yaml"]


TREES: dict[str, Callable[[Path], list[str]]] = {
    "facts of as many nodes": with_facts(
        "".join(f"---\nversion: 1\nnode: n{n}\ninterfaces:\n{interface(1)}" for n in range(10_000))
    ),
    "broken facts": with_facts("".join(f"---\nnod: n{n}\nx: 1\n" for n in range(40_000))),
    "facts that are unknown": with_facts(
        "version: 1\nnode: box\n" + "".join(f"interfaze{n}: 1\n" for n in range(50_000))
    ),
    "interfaces with host endpoints": with_facts(
        "version: 1\nnode: box\ninterfaces:\n" + "".join(map(interface, range(9_000))),
        "".join(map(host_endpoint, range(4_000))),
    ),
    "facts of nodes that advertise": with_facts(
        "---\n".join(
            f"version: 1\nnode: n{n}\ninterfaces: [{{name: eth0, addresses: [10.{n // 256}.{n % 256}.1/24]}}]\n"
            "routes: [{to: default, via: 10.0.0.254}]\n"
            for n in range(3_500)
        ),
        advertised() + nodes(3_500),
    ),
    "services at interfaces that are none": with_facts(
        "version: 1\nnode: box\ninterfaces:\n"
        + "".join(map(interface, range(8_000)))
        + "services:\n"
        + "".join(f"  f{n}: [dns]\n" for n in range(30_000))
    ),
    "ports of a service": with_facts(
        "version: 1\nnode: box\ninterfaces: [{name: e1, addresses: [10.0.0.1/24]}]\nservices:\n  e1:\n"
        + "".join(f"  - {{name: api-server, port: {n}}}\n" for n in range(10_000, 37_000)),
        host_endpoint(1) + policy("all()", "g", "types: [Ingress, Egress], egress: [{action: Allow}]"),
    ),
    "sockets and interfaces": with_facts(
        "version: 1\nnode: box\ninterfaces:\n"
        + "".join(map(interface, range(8_000)))
        + "listening:\n"
        + "".join(f"- {{protocol: tcp, port: {n + 1}, address: 10.0.{n % 256}.1}}\n" for n in range(8_000))
    ),
    "routers in the networks of many interfaces": with_facts(
        "version: 1\nnode: box\ninterfaces:\n" + "".join(map(interface, range(8_000))),
        "".join(
            f"---\n{V3}kind: BGPPeer\nmetadata: {{name: p{n}}}\n"
            f"spec: {{peerIP: 11.{n // 256}.{n % 256}.1, asNumber: 1, node: box}}\n"
            for n in range(5_500)
        ),
    ),
    "routers beside many addresses of one interface": with_facts(
        "version: 1\nnode: box\ninterfaces:\n- name: eth0\n  addresses:\n"
        + "".join(f"  - 10.9.{n // 256}.{n % 256}/8\n" for n in range(8_000)),
        "".join(head("BGPPeer", n) + "spec: {peerIP: 10.8.9.9, node: box, asNumber: 1}\n" for n in range(5_500)),
    ),
    "configurations of nodes that are none's": with_configuration(
        "calico: {release: v3.32}\n",
        "".join(
            head("Node", n) + f"spec: {{}}\n---\n{V3}kind: FelixConfiguration\nmetadata: {{name: f{n}}}\n"
            f'spec: {{nodeSelector: "{NONE.format(n)}", bpfEnabled: true}}\n'
            f"---\n{V3}kind: HostEndpoint\nmetadata: {{name: h{n}}}\nspec: {{node: x{n}, interfaceName: eth0}}\n"
            for n in range(2_600)
        ),
    ),
    "clusters": clusters,
    "the same accepted again": with_configuration(
        "ignore:\n" + "".join(f"- {{rule: OBJ002, reason: r{n}}}\n" for n in range(8_000)),
        "".join(pool(f"a{n}") for n in range(3_000)),
    ),
    "an object accepted for each finding": with_configuration(
        "ignore:\n" + "".join(f"- {{rule: OBJ002, object: IPPool/a{n}, reason: r}}\n" for n in range(6_000)),
        "".join(pool(f"a{n}") for n in range(6_000)),
    ),
    "an annotation for each finding": with_configuration(
        "jobs: 1\n",
        f"{V3}kind: IPPool\nmetadata: {{name: a, annotations: {{callint.dev/ignore: '{'OBJ002, ' * 90_000}: why'}}}}\n"
        f"spec: {{{', '.join(f'x{n}: 1' for n in range(5_000))}}}\n",
    ),
    "masqueraded networks": with_configuration(
        "masqueraded:\n" + "".join(f"- 10.{n // 256}.{n % 256}.0/24\n" for n in range(40_000)),
        "".join(pool(f"a{n}") for n in range(2_000)),
    ),
    "manifests named again": with_configuration("manifests:\n" + "- m.yaml\n" * 70_000),
    "patterns": patterns,
    "a .gitignore of names": gitignore("".join(f"**/x{n}/*a*\n/y/z{n}.yaml\n" for n in range(20_000))),
    "a .gitignore of parts of names": gitignore("".join(f"*f*x{n}*\n" for n in range(25_000))),
    "a .gitignore of stars": gitignore("".join(f"{'*a' * (n % 90)}*b\n" for n in range(10_000))),
    "links in rings": links,
    "a regular expression of a CRD": pattern_of_a_crd,
}
"""Folders, and the arguments with which they are checked."""


def check(
    folder: Path, *arguments: str, memory: int = MEMORY, seconds: int = SECONDS
) -> subprocess.CompletedProcess[bytes]:
    """Run `callint check` with little memory and time."""
    code = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))\n"
        f"resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))\n"
        "sys.argv[1:] = ['check', *sys.argv[1:]]\n"
        "from callint.__main__ import run; run()"
    )
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=30 * SECONDS)


def survived(run: subprocess.CompletedProcess[bytes]) -> None:
    assert run.returncode in (0, 1, 2), f"ended by signal {-run.returncode}"
    assert b"internal error" not in run.stderr
    assert b"Traceback" not in run.stderr
    assert b"check-crashed" not in run.stdout


@pytest.mark.parametrize("name", INPUTS)
def test_bounded(name: str, tmp_path: Path) -> None:
    made = INPUTS[name]()
    data = made if isinstance(made, bytes) else made.encode()
    assert len(data) < MEGABYTE
    (tmp_path / "hostile.yaml").write_bytes(data)
    limits = {"memory": LITTLE, "seconds": SOON} if name in SELECTORS | HOSTS | RELATIONS else {}
    survived(check(tmp_path, "--no-config", "hostile.yaml", **limits))


@pytest.mark.parametrize("name", [name for name in FILTERS if name.startswith("lists of ")])
def test_what_is_left_out_of_many_lists_is_told(name: str, tmp_path: Path) -> None:
    """Memory that runs out ends a run, too, but then nothing is told."""
    (tmp_path / "hostile.yaml").write_text(FILTERS[name]())
    run = check(tmp_path, "--no-config", "hostile.yaml")
    assert run.returncode in (0, 1)
    assert b"1,000,000 comparisons of rules in lists of BGPFilters would be needed" in run.stdout


@pytest.mark.parametrize("name", TREES)
def test_trees_are_bounded(name: str, tmp_path: Path) -> None:
    arguments = TREES[name](tmp_path)
    assert sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file()) < MEGABYTE
    survived(check(tmp_path, *arguments, memory=LITTLE if name == "ports of a service" else MEMORY))


def test_a_large_tree_is_read_file_by_file(tmp_path: Path) -> None:
    """200 MB in one file are refused unread; what stands beside it is checked."""
    with (tmp_path / "large.yaml").open("wb") as stream:
        stream.truncate(200 * MEGABYTE)
    (tmp_path / "pool.yaml").write_text(f"{V3}kind: IPPool\nmetadata: {{name: a}}\nspec: {{cird: b}}\n")
    code = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({MEMORY // 4}, {MEMORY // 4}))\n"
        "sys.argv[1:] = ['check', '--no-config', '.']\n"
        "from callint.__main__ import run; run()"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert "[SRC014]" in run.stdout
    assert "[OBJ002]" in run.stdout
    assert (run.returncode, run.stderr) == (1, "")


def test_the_limit_is_a_limit() -> None:
    """Otherwise the tests above would prove nothing."""
    code = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY})); b'a' * {MEMORY}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "MemoryError" in run.stderr
