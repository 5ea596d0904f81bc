"""Untunnelled pools on AWS: which pools, whose machines, and who may have switched the check off."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import Breach, find
from manifests import calico, calico_node, cluster_of, installation

CIDR = "10.244.0.0/16"


def node(provider: str | None = "aws:///eu-central-1a/i-01") -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "one"}, "spec": {"providerID": provider}}


def installed(encapsulation: str = "VXLANCrossSubnet", **spec: Any) -> dict[str, Any]:
    return installation({"cidr": CIDR, "encapsulation": encapsulation}, **spec)


def pool(**spec: Any) -> dict[str, Any]:
    return calico("IPPool", "pods", {"cidr": CIDR, **spec})


def felix(word: str, name: str = "default") -> dict[str, Any]:
    return calico("FelixConfiguration", name, {"awsSrcDstCheck": word})


def told(*objects: Any) -> list[Breach]:
    return list(find("cloud")(cluster_of(objects), {"problem": "aws"}))


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"ipipMode": "CrossSubnet"}, "ipipMode"),
        ({"vxlanMode": "CrossSubnet"}, "vxlanMode"),
        ({}, "ipipMode"),
        ({"ipipMode": "Always"}, None),
        ({"vxlanMode": "Always"}, None),
        ({"cidr": "fd00::/64"}, None),
        ({"disabled": True}, None),
        ({"allowedUses": ["Tunnel"]}, None),
        ({"awsSubnetID": "subnet-01"}, None),
    ],
)
def test_pools_that_send_untunnelled(spec: dict[str, Any], field: str | None) -> None:
    assert [one.path[-1] for one in told(node(), pool(**spec))] == ([field] if field else [])


EKS: list[tuple[dict[str, Any], int]] = [
    ({"kubernetesProvider": "EKS", "cni": {"type": "Calico"}}, 1),
    ({"kubernetesProvider": "EKS", "cni": {"type": "AmazonVPC"}}, 0),
    ({"kubernetesProvider": "EKS"}, 0),
    ({"kubernetesProvider": "AKS", "cni": {"type": "Calico"}}, 0),
    ({}, 0),
]


@pytest.mark.parametrize(("spec", "count"), EKS)
def test_the_installation_tells_the_provider_and_the_plugin(spec: dict[str, Any], count: int) -> None:
    assert len(told(installed(**spec))) == count


def test_nodes_tell_the_provider() -> None:
    assert len(told(node(), installed())) == 1
    assert told(node(), installed(cni={"type": "AmazonVPC"})) == []
    assert told(node("gce://project/zone/one"), pool()) == []
    assert told(node(None), pool()) == []
    assert told(pool()) == []


@pytest.mark.parametrize(
    ("objects", "undecided"),
    [
        ([], True),
        ([felix("DoNothing")], True),
        ([felix("Enable")], False),
        ([felix("Disable")], None),
        ([felix("Enable"), felix("Disable", "node.one")], None),
        ([calico_node(FELIX_AWSSRCDSTCHECK="Disable")], None),
        ([calico_node(FELIX_AWSSRCDSTCHECK="Enable")], False),
        ([calico_node(FELIX_AWSSRCDSTCHECK="DoNothing")], True),
        ([calico_node(FELIX_IPINIPENABLED="true")], True),
    ],
)
def test_only_felix_tells_of_the_check(objects: list[dict[str, Any]], undecided: bool | None) -> None:
    found = told(node(), pool(ipipMode="CrossSubnet"), *objects)
    assert [one.undecided for one in found] == ([] if undecided is None else [undecided])


@pytest.mark.parametrize(
    ("provider", "spec", "said"),
    [
        ("azure:///subscriptions/1", {"ipipMode": "Always"}, 1),
        ("azure:///subscriptions/1", {"ipipMode": "CrossSubnet"}, 1),
        ("azure:///subscriptions/1", {"vxlanMode": "CrossSubnet"}, 1),
        ("azure:///subscriptions/1", {"vxlanMode": "Always"}, 0),
        ("azure:///subscriptions/1", {}, 0),  # routes of Azure's own may lead to the pods
        ("azure:///subscriptions/1", {"ipipMode": "Always", "disabled": True}, 0),
        ("aws:///eu-central-1a/i-01", {"ipipMode": "Always"}, 0),
        (None, {"ipipMode": "Always"}, 0),
    ],
)
def test_azure_drops_ipip_and_untunnelled_packets(provider: str | None, spec: dict[str, Any], said: int) -> None:
    cluster = cluster_of([node(provider), pool(**spec)])
    assert len(list(find("cloud")(cluster, {"problem": "azure"}))) == said


def test_on_azure_with_a_plugin_of_others_no_pool_tunnels() -> None:
    azure = installed("IPIP", kubernetesProvider="AKS", cni={"type": "AzureVNET"})
    assert not list(find("cloud")(cluster_of([azure]), {"problem": "azure"}))
