"""Clients outside of whom pods see the address of a node."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.checks import Breach, find
from callint.source import Limits
from calls import calls
from manifests import calico, cluster_of

FAR = "203.0.113.0/24"
NODES = [calico("Node", name, {"bgp": {"ipv4Address": f"10.0.0.{n}/24"}}) for n, name in enumerate("ab", 1)]
POOL = calico("IPPool", "pods", {"cidr": "10.244.0.0/16", "natOutgoing": True})
LABELS = {"app": "shop"}


def core(kind: str, spec: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": "shop", "namespace": "web", **metadata},
        "spec": spec,
    }


def service(**spec: Any) -> dict[str, Any]:
    usual = {"type": "NodePort", "selector": LABELS, "ports": [{"port": 80, "targetPort": 8080}]}
    return core("Service", {**usual, **spec})


def pod(port: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    containers = [{"name": "shop", "ports": [port or {"containerPort": 8080}]}]
    return core("Pod", {"containers": containers, **spec}, labels=LABELS)


def rule(*nets: str, port: int | str = 8080, action: str = "Allow", **source: Any) -> dict[str, Any]:
    whole = {**({"nets": list(nets)} if nets else {}), **source}
    return {"action": action, "protocol": "TCP", "source": whole, "destination": {"ports": [port]}}


def policy(*rules: dict[str, Any], name: str = "shop", **spec: Any) -> dict[str, Any]:
    whole = {"selector": "app == 'shop'", "types": ["Ingress"], "ingress": list(rules), **spec}
    return calico("NetworkPolicy", name, whole, namespace="web")


def kubernetes(*peers: dict[str, Any]) -> dict[str, Any]:
    rules = [{"from": list(peers), "ports": [{"port": 8080}]}]
    spec = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": rules}
    return {**core("NetworkPolicy", spec), "apiVersion": "networking.k8s.io/v1"}


def told(*objects: dict[str, Any], around: list[dict[str, Any]] | None = None, **more: Any) -> list[Breach]:
    known = [*NODES, POOL] if around is None else around
    return list(find("hidden_client")(cluster_of([*known, *objects], **more), {}))


@pytest.mark.parametrize(
    ("objects", "path"),
    [
        ((service(), pod(), policy(rule(FAR))), ("spec", "ingress", 0, "source", "nets", 0)),
        (
            (service(type="LoadBalancer"), pod(), policy(rule(selector="app == 'web'"), rule(FAR))),
            ("spec", "ingress", 1, "source", "nets", 0),
        ),
        (
            (service(externalTrafficPolicy="Cluster"), pod(), kubernetes({"ipBlock": {"cidr": FAR}})),
            ("spec", "ingress", 0, "from", 0, "ipBlock", "cidr"),
        ),
        (
            (
                service(ports=[{"port": 80, "targetPort": "http"}]),
                pod({"name": "http", "containerPort": 8080}),
                policy(rule(FAR)),
            ),
            ("spec", "ingress", 0, "source", "nets", 0),
        ),
    ],
)
def test_rules_for_clients_alone(objects: tuple[dict[str, Any], ...], path: tuple[Any, ...]) -> None:
    (found,) = told(*objects)
    assert found.path == path
    assert 'Service "web/shop"' in found.message


OPEN: dict[str, tuple[dict[str, Any], ...]] = {
    "local": (service(externalTrafficPolicy="Local"), pod()),
    "inside": (service(type="ClusterIP"), pod()),
    "class": (service(loadBalancerClass="service.k8s.aws/nlb"), pod()),
    "cloud": (
        {**service(), "metadata": {**service()["metadata"], "annotations": {"cloud.google.com/neg": "{}"}}},
        pod(),
    ),
    "straight to pods": (service(type="LoadBalancer", allocateLoadBalancerNodePorts=False), pod()),
    "a local one besides": (
        service(),
        {**service(externalTrafficPolicy="Local"), "metadata": {"name": "b", "namespace": "web"}},
        pod(),
    ),
    "on the network of the host": (service(), pod(hostNetwork=True)),
    "port of the host": (service(), pod({"containerPort": 8080, "hostPort": 8080})),
    "no pods": (service(),),
    "pods of others": (service(selector={"app": "other"}), pod()),
    "another port": (service(ports=[{"port": 80, "targetPort": 9090}]), pod({"containerPort": 9090})),
    "eBPF by a switch": (service(), pod(), calico("FelixConfiguration", "default", {"bpfEnabled": True})),
    "nodes let in": (service(), pod(), policy(rule("10.0.0.0/24"), name="nodes")),
    "anybody let in": (service(), pod(), policy(rule(), name="any")),
    "all but some": (service(), pod(), policy(rule(notNets=["192.0.2.0/24"]), name="any")),
    "tunnels let in": (service(), pod(), policy(rule("10.244.0.0/16"), name="pods")),
    "passed on": (service(), pod(), policy(rule(action="Pass"), name="pass", order=1)),
    "sets of networks": (
        service(),
        pod(),
        policy(rule(selector="role == 'node'"), name="nodes"),
        calico("NetworkSet", "nodes", {"nets": ["10.0.0.0/24"]}, namespace="web", labels={"role": "node"}),
    ),
}


@pytest.mark.parametrize("objects", OPEN.values(), ids=OPEN)
def test_clients_that_pods_see_and_nodes_that_are_let_in(objects: tuple[dict[str, Any], ...]) -> None:
    assert told(*objects, policy(rule(FAR))) == []


@pytest.mark.parametrize("nets", [("10.0.0.0/8",), (FAR, "10.0.0.2"), ("0.0.0.0/0",), ("10.244.8.0/24",)])
def test_networks_of_nodes_and_pods_are_no_clients(nets: tuple[str, ...]) -> None:
    assert told(service(), pod(), policy(rule(*nets))) == []


@pytest.mark.parametrize("around", [NODES, [NODES[0], POOL], [POOL]])
def test_without_two_nodes_and_the_network_of_pods_nothing_is_sure(around: list[dict[str, Any]]) -> None:
    assert told(service(), pod(), policy(rule(FAR)), around=around) == []


def test_pods_that_no_policy_shuts_in() -> None:
    assert told(service(), pod(), policy(rule(FAR), types=["Egress"], ingress=[], egress=[])) == []
    assert told(service(), pod(), policy(rule(FAR), selector="app == 'other'")) == []


def test_ebpf_shows_the_client() -> None:
    assert told(service(), pod(), policy(rule(FAR)), target=Target(dataplane="ebpf")) == []


def test_networks_of_a_rule_are_read_once_for_many_pods() -> None:
    def work(pods: int) -> int:
        several = [{**pod(), "metadata": {**pod()["metadata"], "name": f"p{number}"}} for number in range(pods)]
        clients = rule(*(f"203.0.{number}.0/24" for number in range(250)))
        cluster = cluster_of([*NODES, POOL, service(), *several, policy(clients)])
        return calls(lambda: list(find("hidden_client")(cluster, {})))

    work(1)
    assert work(30) < 3 * work(1)


def test_ports_of_rules_are_counted_for_each_pod() -> None:
    ports = {"action": "Deny", "protocol": "TCP", "destination": {"ports": list(range(1, 1000))}}
    cluster = cluster_of([*NODES, POOL, service(), pod(), policy(ports, rule(FAR))])
    cluster.limits = Limits(comparisons=500)
    (found,) = find("hidden_client")(cluster, {})
    assert found.undecided


def test_the_environment_of_calico_node_may_switch_on_ebpf() -> None:
    container = {"name": "calico-node", "env": [{"name": "FELIX_BPFENABLED", "value": "true"}]}
    daemon = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "calico-node", "namespace": "kube-system"},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }
    assert told(service(), pod(), policy(rule(FAR)))
    assert told(service(), pod(), policy(rule(FAR)), daemon) == []
