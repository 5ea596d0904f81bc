"""Pools for pods that hold what an installer calls the address of a machine."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import Breach, find
from manifests import calico, cluster_of

POOL = calico("IPPool", "pods", {"cidr": "192.168.0.0/16"})
OTHER = calico("IPPool", "other", {"cidr": "10.42.0.0/16"})
KUBEADM = "kubeadm.k8s.io/v1beta4"


def told(*objects: Any, pool: dict[str, Any] = POOL) -> list[Breach]:
    return list(find("masquerade")(cluster_of([pool, *objects]), {"problem": "enabled"}))


def kubeadm(kind: str, **plain: Any) -> dict[str, Any]:
    return {"apiVersion": KUBEADM, "kind": kind, **plain}


NODE_IP = {"name": "node-ip", "value": "192.168.1.31"}
INIT = kubeadm("InitConfiguration", localAPIEndpoint={"advertiseAddress": "192.168.1.31"})


def arguments(value: Any) -> dict[str, Any]:
    return {"nodeRegistration": {"kubeletExtraArgs": value}}


@pytest.mark.parametrize(
    ("said", "held"),
    [
        (INIT, True),
        (
            kubeadm("JoinConfiguration", controlPlane={"localAPIEndpoint": {"advertiseAddress": "192.168.1.32"}}),
            True,
        ),
        (kubeadm("InitConfiguration", **arguments({"node-ip": "fd00::1,192.168.1.31"})), True),
        (kubeadm("JoinConfiguration", **arguments([{"name": "v", "value": "2"}, NODE_IP])), True),
        (kubeadm("ClusterConfiguration", controlPlaneEndpoint="192.168.1.30:6443"), True),
        ({"cluster-cidr": "192.168.0.0/16", "node-ip": ["fd00::1", "192.168.1.31"]}, True),
        ({"cluster-cidr": "192.168.0.0/16", "node-ip": "192.168.1.31"}, True),
        ({"cluster-cidr": "192.168.0.0/16", "advertise-address": "192.168.1.31"}, True),
        (kubeadm("ClusterConfiguration", controlPlaneEndpoint="k8s.home.arpa:6443"), False),
        (kubeadm("InitConfiguration", localAPIEndpoint={"advertiseAddress": "10.0.0.31"}), False),
        (kubeadm("InitConfiguration", localAPIEndpoint={"advertiseAddress": "${ADDRESS}"}), False),
    ],
)
def test_addresses_that_an_installer_names(said: dict[str, Any], held: bool) -> None:
    assert len(told(said)) == held
    assert told(said, pool=OTHER) == []


def test_where_the_api_server_is_for_calico_node() -> None:
    data = {"KUBERNETES_SERVICE_HOST": "192.168.1.30", "KUBERNETES_SERVICE_PORT": "6443"}
    metadata = {"name": "kubernetes-services-endpoint", "namespace": "tigera-operator"}
    (found,) = told({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    assert found.message == (
        'IPPool "pods" is enabled and holds 192.168.1.30, where a machine is by the ConfigMap, so pods would be given '
        "addresses of that network"
    )


def test_a_pool_is_told_once() -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "one"}}
    node["status"] = {"addresses": [{"type": "InternalIP", "address": "192.168.1.31"}]}
    assert len(told(INIT, node)) == 1


@pytest.mark.parametrize(
    "objects",
    [
        [INIT, calico("IPReservation", "lan", {"reservedCIDRs": ["192.168.1.0/24"]})],
        [INIT, kubeadm("ClusterConfiguration"), kubeadm("ClusterConfiguration", clusterName="other")],
    ],
)
def test_reserved_addresses_and_several_clusters(objects: list[dict[str, Any]]) -> None:
    assert told(*objects) == []


@pytest.mark.parametrize("changed", [{"disabled": True}, {"allowedUses": ["LoadBalancer"]}])
def test_pools_that_are_not_for_pods(changed: dict[str, Any]) -> None:
    assert told(INIT, pool=calico("IPPool", "pods", {"cidr": "192.168.0.0/16", **changed})) == []
