"""Blocks of IP pools: how many a node takes for its pods, and of which pools that is asked."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import Breach, find
from manifests import calico, cluster_of, installation

KUBELET = {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "maxPods": 30}

NODES = [{"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}} for name in ("one", "two", "three")]


def pool(name: str = "pods", **spec: Any) -> dict[str, Any]:
    return calico("IPPool", name, {"cidr": "10.244.0.0/16", **spec})


def most(blocks: int, name: str = "default") -> dict[str, Any]:
    return calico("IPAMConfiguration", name, {"maxBlocksPerHost": blocks})


def told(*objects: Any) -> list[Breach]:
    return list(find("small_blocks")(cluster_of(objects), {}))


@pytest.mark.parametrize(
    ("objects", "path"),
    [
        ([pool(blockSize=30)], "blockSize"),
        ([pool(blockSize=32)], "blockSize"),
        ([pool(blockSize=29)], None),
        ([pool()], None),
        ([pool(blockSize=126, cidr="fd00::/64")], "blockSize"),
        ([pool(blockSize=125, cidr="fd00::/64")], None),
        ([pool(blockSize=30), pool("six", cidr="fd00::/64")], "blockSize"),
        ([pool(blockSize=30), pool("more", cidr="10.245.0.0/16")], None),
        ([pool(blockSize=30), pool("more", cidr="10.245.0.0/16", disabled=True)], "blockSize"),
        ([pool(blockSize=30, nodeSelector="has(rack)")], None),
        ([pool(blockSize=30, namespaceSelector="has(team)", allowedUses=["Workload"])], None),
        ([pool(blockSize=30, assignmentMode="Manual")], None),
        ([pool(blockSize=30, allowedUses=["LoadBalancer"])], None),
        ([pool(blockSize=30, cidr="10.244.0.0/26")], None),  # no node has so many pods
        ([installation({"cidr": "10.244.0.0/16", "blockSize": 31})], "blockSize"),
        ([pool(), most(1)], "maxBlocksPerHost"),
        ([pool(), most(2)], None),
        ([pool(), most(0)], None),
        ([pool(), most(-1), KUBELET | {"maxPods": -1}], None),
        ([pool(), most(1, "other")], None),
        ([pool(), most(1), KUBELET], None),
        ([pool(blockSize=30), KUBELET], None),  # eight blocks
        ([pool(blockSize=32), KUBELET], "blockSize"),
        ([pool(blockSize=30, cidr="10.244.0.0/24")], "blockSize"),
        ([pool(blockSize=30, cidr="10.244.0.0/24"), *NODES], None),  # a node's share is 85 pods
        ([pool(blockSize=30, cidr="10.244.0.0/23"), *NODES], "blockSize"),
        ([pool(blockSize=30, cidr="10.244.0.0/25")], None),
        ([pool(cidr="10.244.0.0/24"), most(1)], "maxBlocksPerHost"),
        ([pool(cidr="10.244.0.0/24"), most(1), *NODES], None),
        ([pool(blockSize=28), most(7)], None),
        ([pool(blockSize=28), most(6)], "maxBlocksPerHost"),
    ],
)
def test_blocks_that_a_node_takes(objects: list[Any], path: str | None) -> None:
    assert [one.path[-1] for one in told(*objects)] == [path] * (path is not None)


def test_what_a_node_gets_and_what_it_needs() -> None:
    (found,) = told(pool(blockSize=28), most(6))
    assert found.message == (
        'IPAM gives a node 6 blocks of IPPool "pods" at most, for 96 addresses, and a node may have 110 pods'
    )
    assert found.help == "allow 7 blocks, or replace the pool by one with larger blocks"
    (found,) = told(pool(), most(1))
    assert "a node 1 block of" in found.message
    (found,) = told(pool(blockSize=30))
    assert "for 110 pods a node takes 28 blocks" in found.message
