"""Rules for clients outside of the cluster, of whom a service shows pods the address of a node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from callint.checks.breach import Breach, object_words
from callint.checks.policy.behind_service import Backend, PodService, backends, pod_services, port_of_pods
from callint.checks.policy.service_port import may_open
from callint.finding import Path, Related, Span, witness
from callint.nat.host_networks import host_addresses
from callint.net.address import Prefix
from callint.net.overlapping import Networks
from callint.net.ports import parse_protocol
from callint.net.read import cidr
from callint.objects import Cluster, Resource, fields
from callint.objects.first_pools import networks_of_pods
from callint.objects.policy import Entity, Policy, Rule
from callint.policy import model_of
from callint.policy.labels import holds
from callint.policy.match import entity_selectors
from callint.policy.settings import ebpf_somewhere
from callint.policy.tiers import PlacedPolicy
from callint.selector.index import SelectorIndex
from callint.steps import Steps

_OF_CANDIDATE = 5
"""Steps that it takes to see whether a selector matches a pod, or a rule its port, besides one for each port."""
# What else than pods a selector may find: these have addresses of nodes, too
_BESIDE_PODS = ("NetworkSet", "GlobalNetworkSet", "HostEndpoint", "KubeControllersConfiguration")
# Whose annotations say nothing of the way to the pods: balancers of clouds may send to pods themselves
_PLAIN = (
    "argocd.argoproj.io/",
    "callint.dev/",
    "external-dns.alpha.kubernetes.io/",
    "kube-vip.io/",
    "kubectl.kubernetes.io/",
    "meta.helm.sh/",
    "metallb.io/",
    "metallb.universe.tf/",
    "projectcalico.org/",
    "prometheus.io/",
)


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Pods behind a NodePort or LoadBalancer that let in clients by their networks, and no node.

    With `externalTrafficPolicy: Cluster` kube-proxy gives what it sends to another node the address of its own node
    (kubernetes pkg/proxy/iptables/proxier.go); with eBPF it is otherwise. The addresses of two nodes must be known, and
    the networks of pods, so that it is sure who is a client. Takes no parameters. Raises TooManyStepsError.
    """
    services = [one for one in pod_services(cluster) if not one.headless and _exposes(one.resource)]
    if not any(_hides(one.resource) for one in services) or ebpf_somewhere(cluster):
        return
    around = _Around(cluster)
    if not around.known:
        return
    steps = Steps(cluster, "pods behind services with policies")
    by_labels = SelectorIndex((one.selector, one) for one in services)
    policies = [one for one in model_of(cluster).policies if one[1].policy.tracks("ingress")]
    selecting = SelectorIndex((one[1].selector, one) for one in policies)
    told: set[Span] = set()
    for pod in backends(cluster):
        known = pod.labels
        near = list(by_labels.candidates(*known.seen))
        steps.spend(_OF_CANDIDATE * len(near))
        mine = [one for one in near if holds(one.selector, known) is not False]
        if pod.host_network or pod.host_port or not mine or not all(_hides(one.resource) for one in mine):
            continue
        candidates = list(selecting.candidates(*known.seen))
        steps.spend(_OF_CANDIDATE * len(candidates))
        about = [(tier, placed, holds(placed.selector, known)) for tier, placed in candidates]
        if any(answer and tier.shuts_in(placed.policy, "ingress") for tier, placed, answer in about):
            perhaps = [placed for _, placed, answer in about if answer is not False]
            found = (_of_service(one, pod, perhaps, around, steps) for one in mine if holds(one.selector, known))
            breach = next(filter(None, found), None)
            if breach is not None and breach.span not in told:
                told.add(breach.span)
                yield breach


def _exposes(service: Resource) -> bool:
    return fields.text(service.spec, "type") in ("NodePort", "LoadBalancer")


def _hides(service: Resource) -> bool:
    """Whether kube-proxy surely stands between clients outside and the pods, and sends them on to any node."""
    spec = service.spec
    everywhere = fields.text(spec, "externalTrafficPolicy") in (None, "Cluster")
    through_nodes = fields.flag(spec, "allocateLoadBalancerNodePorts") is not False and "loadBalancerClass" not in spec
    return (
        everywhere and through_nodes and service.legible and all(key.startswith(_PLAIN) for key in service.annotations)
    )


class _Around:
    """The addresses of nodes and of pods."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._admitting: dict[int, bool] = {}

    @cached_property
    def _pods(self) -> list[Prefix]:
        return networks_of_pods(self._cluster)

    @cached_property
    def _all(self) -> Networks[None]:
        hosts = (one.address for one in host_addresses(self._cluster))
        return Networks((net, None) for net in (*hosts, *self._pods))

    @property
    def known(self) -> bool:
        """Whether enough of both is."""
        return len({one.node for one in host_addresses(self._cluster)}) > 1 and bool(self._pods)

    def admits_nodes(self, rule: Rule, policy: Policy) -> bool:
        """Whether a rule may be about packets with the address of a node; of many pods each asks for the same rules."""
        found = self._admitting.get(id(rule))
        if found is None:
            found = self._admitting[id(rule)] = self._admits(rule.source, policy.namespace)
        return found

    def _admits(self, there: Entity, namespace: str | None) -> bool:
        if there.nets:
            return not self._outside(there.nets)
        selector, _ = entity_selectors(there, namespace)
        return selector is None or self._cluster.holds(*_BESIDE_PODS)

    def _outside(self, texts: tuple[str, ...]) -> bool:
        """Whether networks surely hold neither a node nor a pod."""
        nets = map(cidr, texts)
        return all(net is not None and next(self._all.overlapping(net.masked()), None) is None for net in nets)


def _of_service(
    service: PodService, pod: Backend, policies: list[PlacedPolicy], around: _Around, steps: Steps
) -> Breach | None:
    """The first rule for clients, if no rule may let a node in at a port by which the service sends them."""
    for port in service.ports:
        protocol, number = parse_protocol(port.protocol), port_of_pods(port, pod.ports)
        if not number:
            continue
        clients: list[tuple[Policy, Rule]] = []
        for policy in (placed.policy for placed in policies):
            if not policy.resource.whole:
                return None
            ends = (rule.destination for rule in policy.ingress)
            steps.spend(sum(_OF_CANDIDATE + len(one.ports) + len(one.not_ports) for one in ends))
            for rule in policy.ingress:
                if not may_open(rule, policy, pod.labels, protocol, number):
                    continue
                if around.admits_nodes(rule, policy):
                    return None
                if rule.source.nets and rule.action == "Allow":
                    clients.append((policy, rule))
        if clients:
            return _breach(service, *clients[0])
    return None


def _breach(service: PodService, policy: Policy, rule: Rule) -> Breach:
    there, resource = rule.source, service.resource
    kubernetes = policy.kind == "KubernetesNetworkPolicy"
    path: Path = (*there.path, "ipBlock", "cidr") if kubernetes else (*there.path, "nets", 0)
    said = "externalTrafficPolicy"
    place: Path = ("spec", said if said in resource.spec else "type")
    words = object_words(resource, resource.home)
    return Breach.at(
        policy.resource,
        path,
        f"clients in {there.nets[0]} get to the pods of {words} by the node of the pod alone: what comes by another "
        "one has the address of that node, which no rule lets in",
        (Related(resource.span(*place), "any node takes packets, and sends them on with its own address"),),
        witness("packet", source="a node", destination=f"pods of {resource.home}/{resource.name}", verdict="drop"),
        f"with `{said}: Local` the address of clients stays",
    )
