"""Annotations whose names are nearly those that Calico reads."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import find
from manifests import cluster_of

CNI, OWN = "cni.projectcalico.org/", "projectcalico.org/"


def made(kind: str, *keys: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": "a", "annotations": dict.fromkeys(keys, "x")}
    if kind not in ("Namespace", "Node"):
        metadata["namespace"] = "home"
    if kind != "Deployment":
        return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": {}}
    template = {"metadata": {"annotations": metadata.pop("annotations")}, "spec": {"containers": []}}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": {"template": template}}


@pytest.mark.parametrize(
    ("kind", "key", "meant"),
    [
        ("Pod", CNI + "ipv4pool", CNI + "ipv4pools"),
        ("Pod", CNI + "ipv4Pools", CNI + "ipv4pools"),
        ("Pod", CNI + "ipAddr", CNI + "ipAddrs"),
        ("Pod", OWN + "ipAddrs", CNI + "ipAddrs"),
        ("Deployment", OWN + "ipv6pools", CNI + "ipv6pools"),
        ("Namespace", CNI + "ipv4pool", CNI + "ipv4pools"),
        ("Service", OWN + "loadBalancerIP", OWN + "loadBalancerIPs"),
        ("Service", CNI + "ipv4pools", OWN + "ipv4pools"),
        ("Node", OWN + "RouteReflectorClusterId", OWN + "RouteReflectorClusterID"),
        ("Node", OWN + "IPv4Adress", OWN + "IPv4Address"),
        ("Pod", CNI + "ipv4pools", None),
        ("Pod", CNI + "ipAddrsNoIpam", None),
        ("Pod", CNI + "podIP", None),
        ("Pod", CNI + "podIPs", None),
        ("Pod", CNI + "hwAddr", None),
        ("Pod", "example.org/ipv4pool", None),
        ("Pod", "ipv4pool", None),
        ("Service", OWN + "ipv6pools", None),
        ("Node", OWN + "IPv4IPIPTunnelAddr", None),
        ("Node", OWN + "IPv6Address", None),
        ("Node", OWN + "kube-labels", None),
        ("Namespace", OWN + "name", None),
    ],
)
def test_what_was_probably_meant(kind: str, key: str, meant: str | None) -> None:
    found = list(find("annotation")(cluster_of([made(kind, key)]), {}))
    assert [one.message.endswith(f'it is "{meant}" that Calico reads') for one in found] == [True] * bool(meant)
    assert [one.path[-2:] for one in found] == [("annotations", key)] * bool(meant)


def test_what_is_there_as_well_was_meant() -> None:
    assert not list(find("annotation")(cluster_of([made("Pod", CNI + "ipv4pool", CNI + "ipv4pools")]), {}))
