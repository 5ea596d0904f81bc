"""One object as Calico's own code judges it beyond its shape: values, fields against each other, names, defaults.

By release and by road: what the Go validator and clientv3 refuse on the road of calicoctl and the API server, what the
CRDs' CEL rules refuse on the others, and what is ignored, widened or poisonous where nobody refuses it
(libcalico-go/lib/validator/v3, clientv3, the CRDs of libcalico-go/config/crd and api/config/crd).
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

from callint.calico import Road, Target
from callint.calico.kinds import POLICIES, is_calico
from callint.objects import Resource
from callint.schema import NOTHING, Examined
from callint.schema.catalogue import KUBERNETES
from callint.source import Limits
from callint.validate.metadata import common_metadata, metadata
from callint.validate.scope import Scope
from callint.validate.shape import Check, pruned

__all__ = ["validate"]

MODULES = {
    "bgp": ("BGPConfiguration", "BGPPeer"),
    "controllers": ("KubeControllersConfiguration",),
    "endpoint": ("HostEndpoint", "WorkloadEndpoint", "GlobalNetworkSet", "NetworkSet"),
    "felix": ("FelixConfiguration",),
    "filters": ("BGPFilter",),
    "node": ("Node", "CalicoNodeStatus"),
    "policy": (*POLICIES, "StagedKubernetesNetworkPolicy", "Profile", "Tier"),
    "pool": (
        "IPPool",
        "IPReservation",
        "IPAMConfiguration",
        "IPAMBlock",
        "IPAMHandle",
        "BlockAffinity",
        "ClusterInformation",
    ),
}
"""Which module has the checks of which kinds; it is loaded when the first object of one of them comes."""

_HOMES = {kind: module for module, kinds in MODULES.items() for kind in kinds}


DEFAULT = Limits()


def validate(resource: Resource, target: Target, road: Road, limits: Limits = DEFAULT) -> Examined:
    """Judge an object whose shape the schema stage has examined; its gaps are not looked at.

    Objects of other groups have no problems, but for the annotations of a Kubernetes Node that Calico reads, the pools
    of an Installation, and policies: selectors that cannot be read, and whatever the API server refuses of them, their
    metadata included.
    """
    if not is_calico(resource.api_version):
        return _of_kubernetes(resource, target, road, limits)
    if () in resource.gaps:
        return NOTHING
    scope = Scope(resource, target, road, limits)
    plain = pruned(resource.plain, resource.gaps) if resource.gaps else resource.plain
    metadata(scope, plain)
    check = _checks(resource.kind)
    if check is not None:
        if road != "native" and plain.get("spec") is None:
            plain = {**plain, "spec": {}}  # as Go's decoder leaves it
        check(scope, (), plain)
    return _told(scope)


def _told(scope: Scope) -> Examined:
    if not scope.problems and not scope.gaps:
        return NOTHING
    # what a half-read document lacks may stand in the part that could not be read
    problems = scope.problems if scope.resource.document.complete else scope.of_values
    return Examined(tuple(problems), tuple(scope.gaps))


@lru_cache(maxsize=64)
def _checks(kind: str) -> Check | None:
    home = _HOMES.get(kind)
    if home is None:
        return None
    check: Check = import_module(f"callint.validate.{home}").KINDS[kind]
    return check


def _of_kubernetes(resource: Resource, target: Target, road: Road, limits: Limits) -> Examined:
    kind = resource.kind
    policy = kind.endswith("NetworkPolicy")
    if not (policy or kind in ("Installation", "Node")):
        return NOTHING
    if (resource.api_version, kind) not in KUBERNETES:
        return NOTHING  # others have kinds of these names too, such as Antrea
    scope = Scope(resource, target, road, limits)
    plain = pruned(resource.plain, resource.gaps) if resource.gaps else resource.plain
    if policy:
        common_metadata(scope, plain)
        if kind == "NetworkPolicy":
            from callint.validate.network_policy import network_policy

            network_policy(scope, (), plain)
        else:
            from callint.validate.cluster_policy import cluster_policy

            cluster_policy(scope, (), plain)
    elif kind == "Installation":
        from callint.validate.pool import installation

        installation(scope, plain.get("spec"))
    elif resource.annotations:
        from callint.validate.node import node_annotations

        node_annotations(scope, resource)
    return _told(scope)
