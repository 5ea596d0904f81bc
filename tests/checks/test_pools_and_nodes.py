"""What checks do for pools, nodes and networks grows with each of them, and not with pairs of them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from callint.checks import find
from callint.objects import Cluster
from manifests import calico, cluster_of

FEW, TWICE = 200, 400


def pools(number: int, **spec: Any) -> list[dict[str, Any]]:
    return [calico("IPPool", f"p{n}", {"cidr": "10.0.0.0/8", **spec}) for n in range(number)]


def speakers(number: int) -> list[dict[str, Any]]:
    return [
        {
            **calico("Node", f"n{n}", {"bgp": {"ipv4Address": f"10.0.{n // 250}.{n % 250}/8"}}),
            "metadata": {"name": f"n{n}", "labels": {"kubernetes.io/os": "windows"}},
        }
        for n in range(number)
    ]


def pods(number: int, annotation: str, text: str) -> list[dict[str, Any]]:
    key = f"cni.projectcalico.org/{annotation}"
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"s{n}", "namespace": "home", "annotations": {key: text % (n % 250)}},
            "spec": {},
        }
        for n in range(number)
    ]


def ranges(number: int) -> list[dict[str, Any]]:
    return [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "ServiceCIDR",
            "metadata": {"name": f"c{n}"},
            "spec": {"cidrs": ["10.0.0.0/8"]},
        }
        for n in range(number)
    ]


def template(number: int) -> list[dict[str, Any]]:
    nets = [f"11.{n // 250}.{n % 250}.0/24" for n in range(number)]
    made = {"autoCreate": "Enabled", "templates": [{"generateName": "t", "interfaceCIDRs": nets}]}
    return [calico("KubeControllersConfiguration", "default", {"controllers": {"node": {"hostEndpoint": made}}})]


INPUTS: dict[str, tuple[str, dict[str, str], Callable[[int], list[dict[str, Any]]]]] = {
    "Windows in one subnet": (
        "node_pools",
        {"problem": "windows"},
        lambda n: pools(n, ipipMode="CrossSubnet") + speakers(n),
    ),
    "addresses of nodes": (
        "masquerade",
        {"problem": "enabled"},
        lambda n: pools(n) + speakers(n) + [calico("IPReservation", "kept", {"reservedCIDRs": ["10.0.0.4/32"]})],
    ),
    "networks of services": ("cluster_network", {"problem": "services"}, lambda n: pools(n) + ranges(n)),
    "addresses that pods ask for": (
        "pool_request",
        {"problem": "unavailable"},
        lambda n: pools(n, disabled=True) + pods(n, "ipAddrs", '["10.0.0.%d"]'),
    ),
    "networks that pods ask for": (
        "pool_request",
        {"problem": "unavailable"},
        lambda n: pools(n) + pods(n, "ipv4pools", '["10.%d.0.0/16"]'),
    ),
    "networks of templates": ("host_endpoint", {"problem": "rivals"}, lambda n: template(n) + speakers(n)),
}


def calls(check: str, parameters: dict[str, str], cluster: Cluster) -> int:
    """How many functions are called, those of C as well."""
    found = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal found
        found += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        list(find(check)(cluster, parameters))
    finally:
        sys.setprofile(None)
    return found


@pytest.mark.parametrize("name", INPUTS)
def test_no_pairs(name: str) -> None:
    check, parameters, make = INPUTS[name]
    few, twice = (calls(check, parameters, cluster_of(make(n))) for n in (FEW, TWICE))
    assert few < twice < 2.2 * few
