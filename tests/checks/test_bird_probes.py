"""Probes of calico-node that ask for BIRD, and whether it runs."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import find
from manifests import calico, cluster_of, installation

PROBES = ("livenessProbe", "readinessProbe")
VXLAN = {"name": "CALICO_NETWORKING_BACKEND", "value": "vxlan"}
FROM_MAP = {
    "name": "CALICO_NETWORKING_BACKEND",
    "valueFrom": {"configMapKeyRef": {"name": "calico-config", "key": "calico_backend"}},
}
FROM_ANOTHER = {**FROM_MAP, "valueFrom": {"configMapKeyRef": {"name": "mine", "key": "calico_backend"}}}
TAKEN = {"configMapRef": {"name": "settings"}}
LIVE = ["/bin/calico-node", "-felix-live", "-bird-live"]
READY = ["/bin/calico-node", "-felix-ready", "-bird-ready"]


def in_kube_system(api_version: str, kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "kube-system"}, **more}


def daemon_set(live: Any, ready: Any, *env: dict[str, Any]) -> dict[str, Any]:
    probes = {probe: {"exec": {"command": command}} for probe, command in zip(PROBES, (live, ready), strict=True)}
    container = {"name": "calico-node", "image": "quay.io/calico/node:v3.31.2", "env": list(env), **probes}
    spec = {"template": {"metadata": {}, "spec": {"containers": [container]}}}
    return in_kube_system("apps/v1", "DaemonSet", "calico-node", spec=spec)


def config_map(backend: str, key: str = "calico_backend", name: str = "calico-config") -> dict[str, Any]:
    return in_kube_system("v1", "ConfigMap", name, data={key: backend})


OFF = installation(calicoNetwork={"bgp": "Disabled"})


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ([daemon_set(LIVE, READY, VXLAN)], PROBES),
        ([daemon_set(LIVE, READY, {**VXLAN, "value": "none"})], PROBES),
        ([daemon_set(LIVE, READY, FROM_MAP), config_map("vxlan")], PROBES),
        ([daemon_set(["calico-node", "--bird6-live"], READY[:2], VXLAN)], PROBES[:1]),
        ([daemon_set(LIVE[:2], ["calico-node", "-felix-ready", "-bird6-ready"], VXLAN)], PROBES[1:]),
        ([daemon_set(LIVE[:2], READY[:2], VXLAN)], ()),
        ([daemon_set(["sh", "-c", "bird-live"], None, VXLAN)], ()),
        ([daemon_set("-bird-live", [None, 1], VXLAN)], ()),
        ([daemon_set(LIVE, READY, {**VXLAN, "value": "bird"})], ()),
        ([daemon_set(LIVE, READY, FROM_MAP), config_map("bird")], ()),
        ([daemon_set(LIVE, READY, {"name": "IP", "value": "autodetect"}), config_map("vxlan")], ()),
        ([daemon_set(LIVE, READY, FROM_MAP)], ()),
        ([daemon_set(LIVE, READY, FROM_ANOTHER), config_map("vxlan")], ()),
        ([daemon_set(LIVE, READY, {**VXLAN, "value": "$(BACKEND)"}), config_map("vxlan")], ()),
        ([daemon_set(LIVE, READY), OFF], ()),  # the operator has a DaemonSet of its own
        ([daemon_set(LIVE[:2], READY[:2], VXLAN), daemon_set(LIVE, READY)], ()),  # that of another cluster, perhaps
        ([daemon_set(LIVE, READY, FROM_MAP), config_map("vxlan"), config_map("bird")], ()),
        ([config_map("vxlan")], ()),
    ],
)
def test_probes_that_ask_for_a_bird_that_does_not_run(objects: list[dict[str, Any]], told: tuple[str, ...]) -> None:
    found = list(find("backend")(cluster_of(objects), {"problem": "probed"}))
    assert tuple(one.message.partition(" ")[0] for one in found) == told
    for one, probe in zip(found, told, strict=True):
        assert one.path[:7] == ("spec", "template", "spec", "containers", 0, probe, "exec")
        again = "is started again and again" if probe == "livenessProbe" else "never becomes ready"
        assert one.message.endswith(f"so that BIRD does not run: calico-node {again}")
        assert [related.label for related in one.related] == ["BIRD does not run"]


@pytest.mark.parametrize(
    ("env", "told"), [((FROM_MAP,), True), (({"name": "IP", "value": "autodetect"},), False), ((), True)]
)
def test_a_config_map_counts_where_calico_node_may_take_the_backend_from_it(env: Any, told: bool) -> None:
    peer = calico("BGPPeer", "tor", {"peerIP": "192.0.2.1", "asNumber": 65000})
    objects = [daemon_set(LIVE, READY, *env), config_map("vxlan"), peer]
    assert bool(list(find("backend")(cluster_of(objects), {"problem": "disabled"}))) is told


@pytest.mark.parametrize("env", [(), ({"name": "IP", "value": "autodetect"},)])
def test_what_a_config_map_that_is_not_given_says_of_the_backend_is_not_known(env: Any) -> None:
    """`envFrom` takes the variable from it, or BIRD runs: nothing takes it from the ConfigMap of Calico's manifest."""
    node = daemon_set(LIVE, READY, *env)
    node["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [TAKEN]
    probed = {"problem": "probed"}
    assert not list(find("backend")(cluster_of([node, config_map("vxlan")]), probed))
    given = config_map("vxlan", VXLAN["name"], "settings")
    assert len(list(find("backend")(cluster_of([node, config_map("bird"), given]), probed))) == 2
