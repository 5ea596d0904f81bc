"""The router id of nodes without IPv4: what calico-node's environment must say, and where it does not matter."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import Breach, find
from callint.objects.calico_node import environment
from manifests import BACKEND_ELSEWHERE, calico_node, cluster_of


def backend(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "calico-config"},
        "data": {"calico_backend": name},
    }


def told(*objects: Any) -> list[Breach]:
    return list(find("backend")(cluster_of(objects), {"problem": "router-id"}))


@pytest.mark.parametrize(
    ("variables", "count"),
    [
        ({"IP": "none"}, 1),
        ({"IP": "none", "CALICO_ROUTER_ID": ""}, 1),
        ({"IP": "none", "CALICO_ROUTER_ID": "hash"}, 0),
        ({"IP": "none", "CALICO_ROUTER_ID": "192.0.2.1"}, 0),
        ({"IP": "none", "CALICO_ROUTER_ID": {"fieldRef": {"fieldPath": "status.hostIP"}}}, 0),
        ({"IP": "autodetect"}, 0),
        ({"IP": ""}, 0),
        ({"IP6": "none"}, 0),
        ({"IP": {"fieldRef": {"fieldPath": "status.hostIP"}}}, 0),
        ({"IP": "none", "CALICO_NETWORKING_BACKEND": "vxlan"}, 0),
        ({"IP": "none", "CALICO_NETWORKING_BACKEND": "none"}, 0),
        ({"IP": "none", "CALICO_NETWORKING_BACKEND": "bird"}, 1),
        ({"IP": "none", "CALICO_NETWORKING_BACKEND": BACKEND_ELSEWHERE}, 1),
    ],
)
def test_without_an_ipv4_address_a_router_id_must_be_given(variables: dict[str, Any], count: int) -> None:
    assert len(told(calico_node(**variables))) == count
    assert told(calico_node("kube-proxy", **variables)) == []


def test_without_bird_nobody_needs_one() -> None:
    assert len(told(calico_node(IP="none"), backend("vxlan"))) == 1, "it takes nothing of that ConfigMap, so BIRD runs"
    assert len(told(calico_node(IP="none"), backend("bird"))) == 1
    assert len(told(calico_node(IP="none", CALICO_NETWORKING_BACKEND="bird"), backend("vxlan"))) == 1
    assert told(calico_node(IP="none", CALICO_NETWORKING_BACKEND=BACKEND_ELSEWHERE), backend("vxlan")) == []


def test_it_is_shown_where_ipv4_is_switched_off() -> None:
    found = told(calico_node(IP6="autodetect", IP="none"))
    assert [one.path for one in found] == [("spec", "template", "spec", "containers", 1, "env", 1, "value")]


def test_a_variable_from_elsewhere_has_no_value_here() -> None:
    cluster = cluster_of([calico_node(A="", B=BACKEND_ELSEWHERE, C=6)])
    assert {name: one.value for name, one in environment(cluster).items()} == {"A": "", "B": None, "C": "6"}
