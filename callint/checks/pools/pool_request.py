"""Pods that ask for addresses of certain IP pools by annotations, their own or their namespace's; services, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.bgp.pools import host_local
from callint.checks.breach import Breach, Question, asked, object_words
from callint.checks.pod_template import templates
from callint.checks.pools.known_pools import Pools
from callint.checks.pools.request import (
    ANNOTATIONS,
    METADATA,
    Request,
    address_requests,
    annotations_of,
    balancer_requests,
    fixed_requests,
    pod_requests,
    written_requests,
)
from callint.finding import Related, witness
from callint.net.read import decimal
from callint.objects import Cluster, fields

_MANY = ("Deployment", "ReplicaSet", "StatefulSet")


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Annotations that ask for pools in vain, where Calico's own IPAM reads them.

    Parameter `problem`: `unavailable` (no such pool gives addresses of the family: cni-plugin/pkg/k8s/k8s.go,
    cni-plugin/internal/pkg/utils ResolvePools, libcalico-go/lib/ipam/ipam.go determinePools; for load balancers
    kube-controllers/pkg/controllers/loadbalancer), `misplaced` (the annotation is that of an object whose pods do not
    get it), `shared` (it asks for one address, and there are several pods: libcalico-go/lib/ipam/ipam.go AssignIP).
    """
    question = asked(QUESTIONS, parameters)
    plugins = (fields.text(fields.mapping(one.spec, "cni"), "type") for one in cluster.installations)
    if not host_local(cluster) and all(plugin in (None, "", "Calico") for plugin in plugins):
        yield from question(cluster)


def _unavailable(cluster: Cluster) -> Iterator[Breach]:
    pools: Pools | None = None
    for requests, why, words in _REQUESTS:
        for one in requests(cluster):
            pools = pools or Pools(cluster)
            lack = why(pools, one)
            if lack is not None:
                yield Breach.at(
                    one.resource,
                    one.path,
                    f"{words(one)}: {lack.words}",
                    tuple(Related(pool.span(field), "the pool") for pool, field in lack.pools),
                    lack.proof,
                    lack.cure,
                )


def _pods(one: Request) -> str:
    return f'pods of {one.resource.kind} "{one.resource.name}" get no address'


def _balancer(one: Request) -> str:
    return f"the load balancer of {object_words(one.resource, one.resource.home)} gets no address"


def _pod(one: Request) -> str:
    name = object_words(one.resource, one.resource.home)
    return f"{name} gets no address" if one.resource.kind == "Pod" else f"no pod of {name} gets an address"


_REQUESTS = (
    (pod_requests, Pools.lack, _pods),
    (balancer_requests, Pools.useless, lambda one: f"{_balancer(one)} of IPv{one.family}"),
    (address_requests, Pools.outside, _balancer),
    (fixed_requests, Pools.outside, _pod),
)
"""What is asked for, why it is not given, and in words who does not get it."""


def _misplaced(cluster: Cluster) -> Iterator[Breach]:
    """Told where neither the pods nor their namespace say so as well: then it may be there for people.

    Pods on the network of their host take addresses of no pool.
    """
    for resource, path, template in templates(cluster):
        if fields.flag(fields.mapping(template, "spec"), "hostNetwork"):
            continue
        around = cluster.namespaces.get(resource.home)
        also = {*annotations_of(template), *(around.resource.annotations if around is not None else ())}
        for request in written_requests(resource, METADATA, resource.annotations):
            key = ANNOTATIONS[request.family]
            if key not in also:
                yield Breach.at(
                    resource,
                    request.path,
                    f'{resource.kind} "{resource.name}" asks for pools by an annotation of its own, which its pods do '
                    "not get: they take addresses of any pool",
                    (Related(resource.span(*path, "metadata"), "is what pods get"),),
                    witness("reference", reference=key, known=tuple(sorted(annotations_of(template)))),
                    f"move it to {'.'.join(map(str, path))}.metadata.annotations",
                )


def _shared(cluster: Cluster) -> Iterator[Breach]:
    """Not of what a kustomization gives another number of pods, nor of a Deployment that makes none: one on hold."""
    counted = set(_counted_elsewhere(cluster))
    for one in fixed_requests(cluster):
        resource, spec = one.resource, one.resource.spec
        on_hold = spec.get("paused") not in (None, False)
        if resource.kind not in _MANY or not one.wanted or resource.name in counted or on_hold:
            continue
        replicas = fields.integer(spec, "replicas") if spec.get("replicas") is not None else 1
        named = object_words(resource, resource.home)
        if replicas is not None and replicas > 1:
            yield Breach.at(
                resource,
                one.path,
                f"{replicas} pods of {named} ask for one and the same address: one gets it, and the others wait",
                (Related(resource.span("spec", "replicas"), "so many pods"),),
                witness("address", address=one.wanted[0], used_by=(f"{resource.kind}/{resource.name}",)),
                "leave the address out, or make it one pod",
            )
        elif replicas == 1 and resource.kind == "Deployment" and _waits(fields.mapping(spec, "strategy")):
            yield Breach.at(
                resource,
                one.path,
                f"no update of {named} ends: its new pod waits for the address of the old one, which stays until the "
                "new one is ready",
                (),
                witness("address", address=one.wanted[0], used_by=(f"{resource.kind}/{resource.name}",)),
                "set `strategy: {type: Recreate}`",
            )


def _counted_elsewhere(cluster: Cluster) -> Iterator[str | None]:
    for one in cluster.kubernetes("Kustomization", "kustomize.config.k8s.io/v1beta1"):
        for _, item in fields.items(one.plain, "replicas"):
            yield fields.text(item, "name") if isinstance(item, dict) else None


def _waits(strategy: dict[str, Any]) -> bool:
    """Whether the old one of one pod stays until the new one is ready (kubernetes ResolveFenceposts)."""
    rolling = fields.mapping(strategy, "rollingUpdate")
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    known = strategy.get("type") in (None, "RollingUpdate")
    return known and (unavailable is None or _none_of_one(unavailable)) and surge not in (0, "0%")


def _none_of_one(share: Any) -> bool:
    """Whether a number, or a share that is rounded down, leaves nothing of one pod."""
    percent = decimal(share.removesuffix("%")) if isinstance(share, str) else None
    return share == 0 or (percent is not None and percent < 100)


QUESTIONS: dict[str, Question] = {"unavailable": _unavailable, "misplaced": _misplaced, "shared": _shared}
