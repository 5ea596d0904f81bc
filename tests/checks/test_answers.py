"""Rules about packets that servers send, and policies that leave out the only endpoints with their labels."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import find
from manifests import calico, cluster_of, pod

TCP = {"action": "Allow", "protocol": "TCP"}


def policy(rule: dict[str, Any], direction: str = "ingress", **spec: Any) -> dict[str, Any]:
    types = spec.pop("types", [direction.capitalize()])
    return calico("GlobalNetworkPolicy", "p", {"selector": "a == 'b'", "types": types, direction: [rule], **spec})


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (policy({**TCP, "source": {"ports": [443]}}), True),
        (policy({**TCP, "source": {"ports": [80, 443], "nets": ["192.0.2.0/24"]}}), True),
        (policy({**TCP, "protocol": 6, "source": {"ports": [443]}}), True),
        (policy({**TCP, "source": {"ports": [443]}}, "egress"), True),
        (policy({**TCP, "source": {"ports": [443, 179]}}), False),
        (policy({**TCP, "source": {"ports": ["1:1023"]}}), False),
        (policy({**TCP, "source": {"ports": [20]}}), False),
        (policy({**TCP, "source": {"ports": [443]}, "destination": {"ports": [443]}}), False),
        (policy({**TCP, "destination": {"ports": [443]}}), False),
        (policy({**TCP, "protocol": "UDP", "source": {"ports": [443]}}), False),
        (policy({**TCP, "action": "Deny", "source": {"ports": [443]}}), False),
        (policy({**TCP, "source": {"ports": [443]}}, types=["Egress"]), False),
        (policy({**TCP, "source": {"ports": [443]}}, doNotTrack=True, applyOnForward=True), False),
    ],
)
def test_what_servers_send(one: dict[str, Any], told: bool) -> None:
    found = list(find("answers")(cluster_of([one]), {}))
    assert [breach.path[-3:] for breach in found] == [("source", "ports", 0)] * told


def listening(*ports: int, **spec: Any) -> dict[str, Any]:
    containers = [{"name": "a", "ports": [{"containerPort": port} for port in ports]}]
    metadata = {"name": "web", "namespace": "shop", "labels": {"a": "b"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers, **spec}}


@pytest.mark.parametrize(
    ("one", "server", "told"),
    [
        (policy({**TCP, "source": {"ports": [8080]}}), listening(8080), True),
        (policy({**TCP, "source": {"ports": [8080], "nets": ["192.0.2.0/24"]}}), listening(9090, 8080), True),
        (policy({**TCP, "source": {"ports": [8080, 9090]}}), listening(8080), False),
        (policy({**TCP, "source": {"ports": ["8000:8100"]}}), listening(8080), False),
        (policy({**TCP, "source": {"ports": [40000]}}), listening(40000), False),
        (policy({**TCP, "source": {"ports": [8080]}}), listening(8080, hostNetwork=True), False),
        (policy({**TCP, "source": {"ports": [8080]}, "destination": {"ports": [8080]}}), listening(8080), False),
        (policy({**TCP, "source": {"ports": [8080]}}, "egress"), listening(8080), False),  # it may be an answer
        (
            policy({**TCP, "source": {"ports": [8080]}, "destination": {"selector": "a == 'b'"}}, "egress"),
            listening(8080),
            True,
        ),
        (policy({**TCP, "source": {"ports": [8080]}}, selector="a == 'c'"), listening(8080), False),
    ],
)
def test_the_port_of_the_pods_themselves(one: dict[str, Any], server: dict[str, Any], told: bool) -> None:
    found = list(find("answers")(cluster_of([one, server]), {}))
    assert [breach.path[-3:] for breach in found] == [("source", "ports", 0)] * told
    assert all('at which Pod "shop/web" listens' in breach.message for breach in found)


LAN = {"node": "r", "interfaceName": "lan0", "profiles": ["projectcalico-default-allow"]}
HOST = calico("HostEndpoint", "lan", LAN, labels={"a": "b", "c": "d"})
PODS = "---\n" + pod("web", "shop", "10.244.0.7", "r", app="web")


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"namespaceSelector": "all()"}, "namespaceSelector"),
        ({"serviceAccountSelector": "all()"}, "serviceAccountSelector"),
        ({"namespaceSelector": "projectcalico.org/name == 'shop'"}, "namespaceSelector"),
        ({"namespaceSelector": "projectcalico.org/name == 'edge'"}, None),  # of which no pod is known
        ({"namespaceSelector": "has("}, None),
        ({"namespaceSelector": "all()", "applyOnForward": True}, None),  # which POL048 says
        ({"namespaceSelector": "all()", "selector": "app == 'web'"}, None),
        ({"namespaceSelector": "all()", "selector": "!has(x)"}, None),
        ({"namespaceSelector": "all()", "selector": "all()"}, None),
        ({"namespaceSelector": "!has(x)"}, None),
        ({}, None),
    ],
)
def test_hosts_that_a_policy_leaves_out(spec: dict[str, Any], told: str | None) -> None:
    objects = cluster_of([HOST, policy(TCP, **spec)]).all
    known = cluster_of([*(one.plain for one in objects), *(one.plain for one in cluster_of(PODS).all)])
    found = list(find("policy_scope")(known, {"problem": "hosts-kept-out"}))
    assert [one.path for one in found] == [("spec", told)] * bool(told)
    chart = {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "x"}, "spec": {}}
    with_more = cluster_of([*(one.plain for one in known.all), chart])
    assert list(find("policy_scope")(with_more, {"problem": "hosts-kept-out"})) == []
    alone = cluster_of([HOST, policy(TCP, **spec)])
    assert list(find("policy_scope")(alone, {"problem": "hosts-kept-out"})) == []
