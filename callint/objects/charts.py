"""Calico installed by what no stage reads, a Helm chart or manifests elsewhere: the pools of it no manifest shows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from callint.calico.defaults import DEFAULT_POOLS
from callint.objects import fields
from callint.objects.calico_node import environment
from callint.objects.chart_values import CHARTS, INSTALLERS, releases
from callint.objects.cluster import Cluster

_ELSEWHERE = ("projectcalico", "tigera")
_POOLS = ("spec", "calicoNetwork", "ipPools")


@lru_cache(maxsize=4)
def pools_elsewhere(cluster: Cluster) -> bool:
    """Whether the installation makes pools that are not among the manifests, as far as these tell.

    The operator makes those of its Installation. calico-node makes one where there is none when it first starts
    (node/pkg/lifecycle/startup), which who writes others down deletes, or writes down too.
    """
    told = (not one.of_chart or fields.at(one.plain, _POOLS) is not None for one in cluster.installations)
    if "IPPool" in cluster.intent.complete or any(told):
        return False
    if any(pool.name in DEFAULT_POOLS.values() for pool in cluster.pools):
        return False
    variables = environment(cluster)
    without = variables.get("NO_DEFAULT_POOLS")
    if variables and (without is None or without.value != "true"):
        return True
    return any(chart in CHARTS for chart in _charts(cluster)) or any(
        name in source for source in _sources(cluster) for name in _ELSEWHERE
    )


def pod_pools_unknown(cluster: Cluster) -> str | None:
    """The fact without which one cannot say which networks pods have; None where their pools are known."""
    if "IPPool" in cluster.intent.complete:
        return None
    if not any(pool.for_pods for pool in cluster.pools):
        return f"IPPools{' for pods' if cluster.pools else ''}, of which the manifests hold none"
    if pools_elsewhere(cluster):
        return "the IPPools that come with the installation of Calico, which no manifest shows"
    return None


def _charts(cluster: Cluster) -> Iterator[str | None]:
    """The charts that Flux, Argo CD, k3s and RKE2 are told to install, or what values are for."""
    for kind, versions in INSTALLERS.items():
        for one in cluster.kubernetes(kind, *versions):
            yield from (release.chart for release in releases(one.plain))


def _sources(cluster: Cluster) -> Iterator[str]:
    """What kustomizations take from elsewhere."""
    for one in cluster.kubernetes("Kustomization", "kustomize.config.k8s.io/v1beta1"):
        yield from (path for path in fields.texts(one.plain, "resources") if "://" in path)
