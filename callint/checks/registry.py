"""The checks that rules can name; a module is imported when a rule first needs it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial, update_wrapper
from importlib import import_module
from types import ModuleType
from typing import Any, cast

from callint.calico.kinds import POLICIES
from callint.checks.breach import Breach, Check, CheckError, unanswered
from callint.objects import Cluster, Resource
from callint.steps import MORE, TooManyStepsError
from callint.suggest import nearest

_BGP = ("BGPPeer", "BGPConfiguration", "Node")
_POOLS = ("IPPool", "Installation")
_HOSTS = ("HostEndpoint", "KubeControllersConfiguration")
_POLICIES = (
    *POLICIES,
    "StagedKubernetesNetworkPolicy",
    "AdminNetworkPolicy",
    "BaselineAdminNetworkPolicy",
    "ClusterNetworkPolicy",
)
_FACTS = "facts of a node"
"""Stands among kinds, and is none."""
_PODS = ("Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "Job", "CronJob")

_KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "callint.checks.bgp": {
        "advertisement": ("BGPConfiguration",),
        "autodetection": ("Installation", "DaemonSet"),
        "backend": ("BGPPeer", *_POOLS, "Node", "DaemonSet"),
        "cluster_routes": ("BGPConfiguration", "FelixConfiguration"),
        "community": ("BGPConfiguration",),
        "condition": ("BGPFilter",),
        "connectivity": _BGP,
        "exposure": ("BGPPeer",),
        "fallthrough": ("BGPPeer",),
        "far_end": ("BGPPeer",),
        "filter_family": ("BGPPeer",),
        "mesh_beside": ("BGPConfiguration", "Node"),
        "node_address": ("Node",),
        "origin": ("BGPPeer",),
        "other_speaker": ("BGPPeer",),
        "passed_on": ("BGPPeer",),
        "password": ("Secret", "Role", "ClusterRole"),
        "peer_field": ("BGPPeer",),
        "peering": ("BGPPeer",),
        "precedence": ("BGPFilter",),
        "route-forbidden": (),
        "route-required": (),
        "service_range": ("BGPConfiguration",),
        "session": _BGP,
    },
    "callint.checks.hosts": {
        "absent_interface": _HOSTS,
        "between_nodes": _HOSTS,
        "coverage": ("HostEndpoint",),
        "failsafe_deny": _HOSTS,
        "felix_scopes": ("FelixConfiguration",),
        "foreign_address": ("HostEndpoint",),
        "forwarded_rule": _HOSTS,
        "host_endpoint": _HOSTS,
        "host_firewall": _HOSTS,
        "host_traffic": _HOSTS,
        "loopback": _HOSTS,
        "mtu": (_FACTS,),
        "unattached": (_FACTS,),
        "wireguard_port": ("FelixConfiguration",),
    },
    "callint.checks.objects": {
        "annotation": ("Pod", "Namespace", "Service", "Node", *_PODS),
        "duplicate": (),
        "environment": ("FelixConfiguration", "BGPConfiguration"),
        "near_label": ("BGPPeer", *_POOLS, "FelixConfiguration", "KubeControllersConfiguration"),
        "installation": ("Installation",),
        "node_names": ("Node", "HostEndpoint"),
        "raw_objects": (),
        "reference": (),
        "set_nets": ("NetworkSet", "GlobalNetworkSet"),
        "usage": ("BGPPeer", "BGPConfiguration", "BGPFilter", "FelixConfiguration"),
        "variable": ("DaemonSet",),
    },
    "callint.checks.policy": {
        "answers": _POLICIES,
        "contradiction": _POLICIES,
        "dns_over_udp": _POLICIES,
        "ends": _POLICIES,
        "hidden_client": _POLICIES,
        "isolation": ("NetworkPolicy",),
        "kubernetes_policy": ("NetworkPolicy",),
        "name_resolution": _POLICIES,
        "named_port": _POLICIES,
        "named_service": _POLICIES,
        "namespace_label": _POLICIES,
        "namespace_scope": _POLICIES,
        "node_local_dns": ("DaemonSet", "KubeletConfiguration"),
        "node_port": _HOSTS,
        "own_node": ("FelixConfiguration", "DaemonSet"),
        "policy_rules": _POLICIES,
        "policy_scope": _POLICIES,
        "policy_tie": _POLICIES,
        "selection": _POLICIES,
        "service_port": _POLICIES,
        "tier_end": (*_POLICIES, "Tier"),
        "tier_tie": ("Tier",),
        "unreachable": _POLICIES,
        "unsaid_egress": _POLICIES,
    },
    "callint.checks.pools": {
        "cloud": (*_POOLS, "DaemonSet"),
        "cluster_network": (*_POOLS, "DaemonSet"),
        "first_pool": ("DaemonSet",),
        "kept_in": _HOSTS,
        "masquerade": (*_POOLS, "DaemonSet"),
        "node_pools": _POOLS,
        "pool_request": ("Namespace", "Pod", "Service", *_PODS),
        "pools": (*_POOLS, "FelixConfiguration"),
        "small_blocks": _POOLS,
        "public_pool": _POOLS,
        "return_path": _POOLS,
        "switched_off": ("FelixConfiguration", "DaemonSet"),
    },
    "callint.checks.traffic": {
        "flow-forbidden": (),
        "flow-required": _HOSTS,
    },
    "callint.checks": {"expression": ()},
}
"""The checks of each package, and the kinds of which a cluster holds one if a check says anything; with none it may."""

CHECKS = {name: (package, kinds) for package, checks in _KINDS.items() for name, kinds in checks.items()}


def unknown_parameters(name: str, given: Collection[str]) -> Iterator[tuple[str, str]]:
    """Of parameters those that a check does not take, with a sentence; some judge theirs when they run."""
    if not given or name not in CHECKS:
        return
    module = _module(name)
    known: tuple[str, ...] | None = getattr(module, "PARAMETERS", ("problem",) if hasattr(module, "QUESTIONS") else ())
    if known is None:
        return
    for one in given:
        if one not in known:
            yield one, f'check "{name}" has no parameter "{one}", it has {", ".join(known) or "none"}'


def concerns(name: str, cluster: Cluster) -> bool:
    """Whether a check, with parameters as the rules that callint ships have them, may say anything about a cluster."""
    _, kinds = CHECKS.get(name, ("", ()))
    return not kinds or cluster.holds(*kinds) or (_FACTS in kinds and bool(cluster.facts))


def find(name: str) -> Check:
    """The check of that name; raises CheckError, naming those that exist."""
    if name not in CHECKS:
        near = nearest(name, CHECKS)
        hint = f'did you mean "{near}"' if near else f"these are: {', '.join(sorted(CHECKS))}"
        raise CheckError(f'no check is called "{name}", {hint}')
    check = cast("Check", getattr(_module(name), name.partition("-")[2] or "check"))
    return update_wrapper(partial(_bounded, name, check), check)


def _module(name: str) -> ModuleType:
    package, _ = CHECKS[name]
    return import_module(f"{package}.{name.partition('-')[0]}")


def _bounded(name: str, check: Check, cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """What a check finds, and, if it met a limit, that it did not look at all."""
    for parameter, unknown in unknown_parameters(name, parameters):
        raise CheckError(unknown, parameter)
    try:
        yield from check(cluster, parameters)
    except CheckError as error:
        raise CheckError(f'check "{name}": {error}', error.parameter) from error
    except TooManyStepsError as error:
        yield unanswered(f"not all that this rule is about was examined: {error}", _about(cluster), MORE)


def _about(cluster: Cluster) -> Resource:
    """An object of those that sessions come from."""
    nodes = (resource for node in cluster.nodes.values() for resource in node.resources)
    return next(iter(cluster.of("BGPPeer", "BGPConfiguration")), None) or next(nodes, cluster.all[0])
