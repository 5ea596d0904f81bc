"""Clusters below a megabyte whose selectors each match nearly all of thousands of things, or none of them."""

from __future__ import annotations

from collections.abc import Callable

from hostile_bgp import V3
from hostile_hosts import policy

NONE = "c == 'd' && a contains 'z{}'"
"""What asks for a label that all have, and for one that none has."""
MOST = "c == 'd' && a != 'b{}'"


def head(kind: str, number: int, api: str = V3, namespace: str = "") -> str:
    """An object that differs from the others in one of its labels."""
    home = f", namespace: {namespace}" if namespace else ""
    return f"---\n{api}kind: {kind}\nmetadata: {{name: x{number}{home}, labels: {{a: b{number}, c: d}}}}\n"


def hosts(count: int, selector: str, more: str) -> str:
    """Host endpoints and as many policies."""
    return "".join(
        head("HostEndpoint", n)
        + f"spec: {{node: n{n}, interfaceName: '*'}}\n"
        + policy(selector.format(n), f"g{n}", more.format(n))
        for n in range(count)
    )


def pods(count: int, rule: str, spec: str = "") -> str:
    """Pods and as many policies of their namespace."""
    return "".join(
        head("Pod", n, "apiVersion: v1\n", "d")
        + f"spec: {{{spec}}}\n---\n{V3}kind: NetworkPolicy\nmetadata: {{name: p{n}, namespace: d}}\n"
        + f"spec: {{{rule.format(n)}}}\n"
        for n in range(count)
    )


def sets(count: int, selector: str) -> str:
    """Network sets, and as many rules of a policy for a host endpoint that select some of them."""
    rules = ", ".join(f'{{action: Allow, source: {{selector: "{selector.format(n)}"}}}}' for n in range(count))
    return (
        "".join(head("GlobalNetworkSet", n) + f"spec: {{nets: [10.{n // 256}.{n % 256}.0/24]}}\n" for n in range(count))
        + head("HostEndpoint", count)
        + "spec: {node: box, interfaceName: '*'}\n"
        + policy("c == 'd'", "g", f"ingress: [{rules}]")
    )


def opening(selector: str) -> str:
    """Policies of Kubernetes that leave pods out, and behind each one that allows all of these."""
    return "".join(
        f"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: k{n}, namespace: d}}\n"
        f"spec: {{podSelector: {{matchExpressions: [{{key: a, operator: NotIn, values: [b{n}]}}]}}, "
        "ingress: [{from: [{podSelector: {}}]}]}\n"
        + policy(selector.format(n), f"z{n}", "order: 2000, ingress: [{action: Allow}]")
        for n in range(2_300)
    )


NODE_PORTS = (
    "applyOnForward: true, ingress: [{{action: Allow, protocol: TCP, destination: {{ports: ['30000:32767']}}}}]"
)
FAILSAFE = "ingress: [{{action: Deny, protocol: TCP, destination: {{ports: [22, 2379]}}}}, {{action: Allow}}]"
PEERS = ", ".join(f"{{podSelector: {{matchLabels: {{app: b{n}}}}}}}" for n in range(4_000))
PORTS = range(1, 8_001)

SELECTORS: dict[str, Callable[[], str]] = {
    "node ports of policies that select no host": lambda: hosts(2_500, NONE, NODE_PORTS),
    "failsafe ports of policies that select no host": lambda: hosts(2_500, NONE, FAILSAFE),
    "namespaces and nearly all hosts": lambda: hosts(
        2_500, MOST, "namespaceSelector: '!has(x)', ingress: [{{action: Allow}}]"
    ),
    "a policy for everything beside many for hosts": lambda: (
        policy("all()", "z", "ingress: [{action: Deny}]") + hosts(2_800, MOST, "types: [Ingress, Egress]")
    ),
    "rules that select no host": lambda: hosts(
        2_400, "all()", "ingress: [{{action: Deny, source: {{selector: \"c == 'd' && a contains 'z{}'\"}}}}]"
    ),
    "rules of a namespace that select no pod": lambda: pods(
        2_500, f'selector: all(), ingress: [{{{{action: Allow, source: {{{{selector: "{NONE}"}}}}}}}}]'
    ),
    "policies that select no pod, all on the network of their host": lambda: pods(
        2_600, f'selector: "{NONE}", ingress: [{{{{action: Allow}}}}]', "hostNetwork: true"
    ),
    "rules that select nearly all network sets": lambda: sets(4_200, MOST),
    "isolation of nearly all pods, undone": lambda: opening("a != 'b{}'"),
    "a policy of Kubernetes for many peers and ports of a service": lambda: (
        "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: d}\nspec:\n  selector: {c: d}\n"
        f"  ports: [{', '.join(f'{{port: {n}, targetPort: {n + 30_000}}}' for n in PORTS)}]\n"
        + head("Pod", 1, "apiVersion: v1\n", "d")
        + "spec: {}\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: k, namespace: d}\n"
        f"spec: {{podSelector: {{matchLabels: {{c: d}}}}, policyTypes: [Ingress], ingress: [{{from: [{PEERS}], "
        f"ports: [{', '.join(f'{{port: {n}}}' for n in PORTS)}]}}]}}\n"
    ),
    "pods with sixty labels of their own": lambda: "".join(
        f"---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: p{n}\n  namespace: d\n"
        f"  labels: {{{', '.join(f'k{m}-{n}: v' for m in range(60))}}}\nspec: {{}}\n"
        f"---\n{V3}kind: NetworkPolicy\nmetadata: {{name: p{n}, namespace: d}}\n"
        f"spec: {{selector: k1-{n} == 'v', ingress: [{{action: Allow}}]}}\n"
        for n in range(950)
    ),
    "host endpoints that expect each other's addresses": lambda: "".join(
        f"---\n{V3}kind: HostEndpoint\nmetadata: {{name: h{n}}}\n"
        f"spec: {{node: box, expectedIPs: [{address(n)}, {address(n + 1)}]}}\n"
        for n in range(7_000)
    ),
}


def address(number: int) -> str:
    return f"10.{number // 256}.{number % 256}.1"
