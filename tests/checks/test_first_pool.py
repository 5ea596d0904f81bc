"""The pool that calico-node makes as it starts, where BIRD does not run to bring routes to its pods."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.checks import find
from callint.objects import Intent
from manifests import BACKEND_ELSEWHERE, calico, calico_node, cluster_of

BACKEND, IPIP = "CALICO_NETWORKING_BACKEND", "CALICO_IPV4POOL_IPIP"
POOL = calico("IPPool", "pods", {"cidr": "10.1.0.0/16", "vxlanMode": "Always"})
FELIX = calico("FelixConfiguration", "default", {"programClusterRoutes": "Enabled"})


def config_map(backend: str) -> dict[str, Any]:
    metadata = {"name": "calico-config", "namespace": "kube-system"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"calico_backend": backend}}


def told(*objects: dict[str, Any], release: tuple[int, int] = (3, 31)) -> list[str]:
    cluster = cluster_of(objects, Target(release=release), Intent())
    return [str(one.path[-2]) for one in find("backend")(cluster, {"problem": "disabled"})]


@pytest.mark.parametrize("mode", ["Always", "CrossSubnet", "cross-subnet"])
def test_ipip_lives_on_bird(mode: str) -> None:
    (variable,) = told(calico_node(**{IPIP: mode, BACKEND: "vxlan"}))
    assert variable == "0"
    assert told(calico_node(**{IPIP: mode, BACKEND: BACKEND_ELSEWHERE}), config_map("vxlan"))


@pytest.mark.parametrize(
    ("variables", "others"),
    [
        ({IPIP: "Never", BACKEND: "vxlan"}, []),
        ({BACKEND: "vxlan"}, []),
        ({IPIP: "${MODE}", BACKEND: "vxlan"}, []),
        ({IPIP: BACKEND_ELSEWHERE, BACKEND: "vxlan"}, []),
        ({IPIP: "Always", BACKEND: "bird"}, []),
        ({IPIP: "Always", BACKEND: "none"}, []),  # others bring the routes
        ({IPIP: "Always", BACKEND: "bird"}, [config_map("vxlan")]),  # of which the DaemonSet takes nothing
        ({IPIP: "Always", BACKEND: BACKEND_ELSEWHERE}, [config_map("bird")]),
        ({IPIP: "Always", BACKEND: "vxlan", "NO_DEFAULT_POOLS": "true"}, []),
        ({IPIP: "Always", BACKEND: "vxlan", "USE_POD_CIDR": "true"}, []),
        ({IPIP: "Always", BACKEND: "vxlan", "FELIX_PROGRAMCLUSTERROUTES": "Enabled"}, []),
        ({IPIP: "Always", BACKEND: "vxlan"}, [FELIX]),
        ({IPIP: "Always", BACKEND: "vxlan"}, [POOL]),
    ],
)
def test_pools_that_need_no_bird(variables: dict[str, Any], others: list[dict[str, Any]]) -> None:
    assert told(calico_node(**variables), *others) == []


def test_felix_brings_the_routes_of_ipip_in_later_releases() -> None:
    objects = calico_node(**{IPIP: "Always", BACKEND: "vxlan"})
    assert [bool(told(objects, release=release)) for release in ((3, 32), (3, 33))] == [True, False]


def test_peers_are_idle_whoever_names_the_backend() -> None:
    peer = calico("BGPPeer", "tor", {"peerIP": "192.0.2.1", "asNumber": 65000})
    assert told(calico_node(**{BACKEND: "none"}), peer)
    assert not told(calico_node(**{BACKEND: "bird"}), peer, config_map("none"))


@pytest.mark.parametrize(
    ("ipip", "vxlan", "more", "count"),
    [
        ("Always", "Always", {}, 1),
        ("CrossSubnet", "always", {}, 1),
        ("cross-subnet", "CrossSubnet", {"CALICO_IPV4POOL_CIDR": "10.244.0.0/16"}, 1),
        ("Always", "Never", {}, 0),
        ("Off", "Always", {}, 0),
        ("", "Always", {}, 0),
        ("x", "Always", {}, 0),
        (BACKEND_ELSEWHERE, "Always", {}, 0),
        ("Always", "Always", {"NO_DEFAULT_POOLS": "true"}, 0),
        ("Always", "Always", {"NO_DEFAULT_POOLS": "false"}, 1),
    ],
)
def test_both_tunnels_at_once(ipip: Any, vxlan: str, more: dict[str, Any], count: int) -> None:
    node = calico_node(CALICO_IPV4POOL_IPIP=ipip, CALICO_IPV4POOL_VXLAN=vxlan, **more)
    found = list(find("first_pool")(cluster_of([node]), {}))
    assert [one.path[-2:] for one in found] == [(1, "value")] * count
    assert not list(find("first_pool")(cluster_of([node, calico("IPPool", "pods", {"cidr": "10.0.0.0/16"})]), {}))
