"""Manifests, as text or as objects, to clusters: what the tests of the later stages begin with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from textwrap import dedent
from typing import Any

from callint.calico import Target
from callint.facts.reader import read
from callint.objects import Cluster, Intent, resources
from callint.schema import examine
from callint.source import parse

CLOSED = """
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: hosts}
spec: {selector: all(), types: [Ingress, Egress], ingress: [], egress: [{action: Allow}]}
---
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {name: default}
spec: {failsafeInboundHostPorts: [], failsafeOutboundHostPorts: []}
"""
"""Policy of hosts that lets nothing in, without any failsafe port."""


def calico(kind: str, name: str, spec: Mapping[str, Any], **metadata: Any) -> dict[str, Any]:
    """An object of Calico's own API."""
    return {
        "apiVersion": "projectcalico.org/v3",
        "kind": kind,
        "metadata": {"name": name, **metadata},
        "spec": dict(spec),
    }


def installation(*pools: Mapping[str, Any], name: str = "default", **spec: Any) -> dict[str, Any]:
    """An Installation of the operator; pools are those of its `calicoNetwork`."""
    network = {"calicoNetwork": {"ipPools": list(pools)}} if pools else {}
    head = {"apiVersion": "operator.tigera.io/v1", "kind": "Installation", "metadata": {"name": name}}
    return {**head, "spec": {**network, **spec}}


AUTOMATIC = calico(
    "KubeControllersConfiguration", "default", {"controllers": {"node": {"hostEndpoint": {"autoCreate": "Enabled"}}}}
)
"""Each node is to have a host endpoint of all its interfaces."""
BACKEND_ELSEWHERE = {"configMapKeyRef": {"name": "calico-config", "key": "calico_backend"}}
"""Where a variable of calico-node is that the manifests of Calico take from a ConfigMap."""


def hosts(**addresses: str) -> str:
    """HostEndpoints of the node `router` as text: `lan` is at the interface `lan0` and has the label `zone: lan`."""
    return "---\n".join(
        f"""\
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {{name: {name}, labels: {{zone: {name}}}}}
spec: {{node: router, interfaceName: {name}0, expectedIPs: [{address}]}}
"""
        for name, address in addresses.items()
    )


ROUTER = hosts(wan="192.168.0.2", lan="10.0.0.1")
"""Two host endpoints, and what facts say of their interfaces."""
ROUTER_FACTS = """
version: 1
node: router
interfaces:
  - {name: wan0, addresses: [192.168.0.2/24], forwarding: true}
  - {name: lan0, addresses: [10.0.0.1/24], forwarding: true}
"""


def pod(name: str, namespace: str, address: str, node: str, spec: str = "containers: []", **labels: str) -> str:
    """A Pod that runs, as text; `spec` is the rest of its spec."""
    shown = ", ".join(f"{key}: {value}" for key, value in labels.items())
    return f"""\
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: {namespace}, labels: {{{shown}}}}}
spec: {{nodeName: {node}, {spec}}}
status: {{podIP: {address}}}
"""


def calico_node(name: str = "calico-node", **variables: Any) -> dict[str, Any]:
    """The DaemonSet with variables by name; a mapping says where the value comes from."""
    env = [
        {"name": key, **({"valueFrom": value} if isinstance(value, dict) else {"value": value})}
        for key, value in variables.items()
    ]
    containers = [{"name": "other"}, {"name": name, "env": env}]
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": "kube-system"},
        "spec": {"template": {"spec": {"containers": containers}}},
    }


def cluster_of(
    manifests: str | Iterable[Mapping[str, Any]],
    target: Target | None = None,
    intent: Intent | None = None,
    *,
    facts: str = "",
    judged: bool = False,
) -> Cluster:
    """The cluster of manifests and facts, all whole; `judged` admits broken ones, with their gaps."""
    text = dedent(manifests) if isinstance(manifests, str) else "\n---\n".join(map(json.dumps, manifests))
    sources = parse(text, "m.yaml")
    assert judged or not sources.problems, sources.problems
    nodes, problems = read(parse(dedent(facts), "facts.yaml").documents)
    assert not problems, problems
    target = target or Target()
    objects = [one for document in sources.documents for one in resources(document)]
    if judged:
        for one in objects:
            one.gaps = examine(one.document, one.base, one.plain, target, target.road_of(one.api_version)).gaps
    return Cluster(objects, target, facts=nodes, intent=intent, documents=sources.documents)
