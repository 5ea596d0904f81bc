"""Pools of an installation that no manifest shows, and what is not concluded from those that are there."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import find
from callint.objects import Intent
from callint.objects.charts import pools_elsewhere
from manifests import calico, cluster_of


def thing(api: str, kind: str, spec: dict[str, Any] | None = None, **rest: Any) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "calico"}, "spec": spec or {}, **rest}


def calico_node(*env: dict[str, str]) -> dict[str, Any]:
    pod = {"containers": [{"name": "calico-node", "env": [{"name": "IP", "value": "autodetect"}, *env]}]}
    return thing("apps/v1", "DaemonSet", {"template": {"spec": pod}}, metadata={"name": "calico-node"})


FLUX = thing("helm.toolkit.fluxcd.io/v2", "HelmRelease", {"chart": {"spec": {"chart": "tigera-operator"}}})
OTHER = thing("helm.toolkit.fluxcd.io/v2", "HelmRelease", {"chart": {"spec": {"chart": "metallb"}}})
K3S = thing("helm.cattle.io/v1", "HelmChart", {"chart": "tigera-operator"})
RKE2 = thing("helm.cattle.io/v1", "HelmChartConfig", metadata={"name": "rke2-calico"})
ARGO = thing("argoproj.io/v1alpha1", "Application", {"source": {"chart": "tigera-operator"}})
SEVERAL = thing("argoproj.io/v1alpha1", "Application", {"sources": [{"path": "x"}, {"chart": "tigera-operator"}]})
REMOTE = thing(
    "kustomize.config.k8s.io/v1beta1",
    "Kustomization",
    resources=["pools.yaml", "https://raw.githubusercontent.com/projectcalico/calico/v3.30.2/manifests/calico.yaml"],
)
OWN = {**REMOTE, "resources": ["projectcalico/pools.yaml", "https://example.org/metallb.yaml"]}
SAID_OTHERWISE = calico_node({"name": "NO_DEFAULT_POOLS", "value": "TRUE"})
NO_POOLS = calico_node({"name": "NO_DEFAULT_POOLS", "value": "true"})

EXTRA = calico("IPPool", "extra", {"cidr": "10.66.0.0/24", "nodeSelector": "edge == 'true'"})
MASQUERADE = calico("IPPool", "lan", {"cidr": "192.0.2.0/24", "disabled": True, "natOutgoing": True})
DEFAULT = calico("IPPool", "default-ipv4-ippool", {"cidr": "10.244.0.0/16"})
INSTALLATION = thing("operator.tigera.io/v1", "Installation", metadata={"name": "default"})
BGP = calico(
    "BGPConfiguration",
    "default",
    {"prefixAdvertisements": [{"cidr": "10.244.0.0/16", "communities": ["64512:1"]}]},
)
PEER = calico("BGPPeer", "tor", {"peerIP": "192.0.2.1", "asNumber": 64500})
NODES = [calico("Node", name, {}, labels={"edge": said}) for name, said in (("one", "true"), ("two", "false"))]


@pytest.mark.parametrize("one", [FLUX, K3S, RKE2, ARGO, SEVERAL, REMOTE, calico_node(), SAID_OTHERWISE])
def test_an_installation_brings_pools_of_its_own(one: dict[str, Any]) -> None:
    assert pools_elsewhere(cluster_of([EXTRA, one]))
    for known in (DEFAULT, INSTALLATION):
        assert not pools_elsewhere(cluster_of([EXTRA, one, known]))
    assert not pools_elsewhere(cluster_of([EXTRA, one], intent=Intent(complete=("IPPool",))))


@pytest.mark.parametrize("others", [[], [OTHER], [OWN], [NO_POOLS]])
def test_without_one_the_pools_are_those_of_the_manifests(others: list[dict[str, Any]]) -> None:
    assert not pools_elsewhere(cluster_of([EXTRA, *others]))


@pytest.mark.parametrize(("others", "sure"), [([], True), ([FLUX], False)])
def test_pools_that_nobody_sees_may_serve_and_be_exported(others: list[dict[str, Any]], sure: bool) -> None:
    cluster = cluster_of([EXTRA, BGP, PEER, *NODES, *others])
    assert bool(list(find("node_pools")(cluster, {"problem": "unserved"}))) is sure
    (unexported,) = find("advertisement")(cluster, {"problem": "unexported"})
    assert unexported.undecided is not sure


FACTS = """
version: 1
node: one
interfaces: [{name: lan0, addresses: [192.0.2.2/24]}]
routes: [{to: 192.0.2.0/24, interface: lan0, protocol: kernel}]
"""


@pytest.mark.parametrize(
    ("pool", "others", "told"), [(EXTRA, [], True), (EXTRA, [FLUX], False), (MASQUERADE, [], False)]
)
def test_what_a_filter_lets_out_may_be_in_such_a_pool(
    pool: dict[str, Any], others: list[dict[str, Any]], told: bool
) -> None:
    out = {"exportV4": [{"action": "Accept", "matchOperator": "In", "cidr": "10.244.0.0/16"}, {"action": "Reject"}]}
    node = calico("Node", "one", {"bgp": {"ipv4Address": "192.0.2.2/24"}})
    peer = calico("BGPPeer", "tor", {"peerIP": "192.0.2.1", "asNumber": 64500, "filters": ["out"]})
    cluster = cluster_of([pool, calico("BGPFilter", "out", out), node, peer, *others], facts=FACTS)
    assert bool(list(find("origin")(cluster, {}))) is told


@pytest.mark.parametrize(
    ("pools", "complete", "missing"),
    [
        ([], (), "IPPools, of which the manifests hold none"),
        ([MASQUERADE], (), "IPPools for pods, of which the manifests hold none"),
        ([MASQUERADE, EXTRA], (), None),
        ([MASQUERADE], ("IPPool",), None),
    ],
)
def test_what_is_not_known_where_no_pool_is_for_pods(
    pools: list[dict[str, Any]], complete: tuple[str, ...], missing: str | None
) -> None:
    only = {"exportV4": [{"action": "Accept", "matchOperator": "In", "cidr": "192.0.2.0/24"}]}
    peer = calico("BGPPeer", "tor", {"peerIP": "192.0.2.1", "asNumber": 64500, "filters": ["out"]})
    objects = [*pools, calico("BGPFilter", "out", only), peer, BGP]
    told = {
        "fallthrough": {"problem": "export"},
        "advertisement": {"problem": "unexported"},
        "connectivity": {"problem": "no-peers"},
    }
    for check, parameters in told.items():
        some = [calico("BGPConfiguration", "default", {"nodeToNodeMeshEnabled": False})]
        cluster = cluster_of(pools + some if check == "connectivity" else objects, intent=Intent(complete=complete))
        unknown = [one.message for one in find(check)(cluster, parameters) if one.undecided]
        assert [one.endswith(f"it depends on {missing}") for one in unknown] == ([True] if missing else [])
