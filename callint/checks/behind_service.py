"""Services whose pods listen on other ports than those that clients name, and the pods behind them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from callint.calico.defaults import (
    DNS_PORTS,
    NAMESPACE_LABEL,
    NAMESPACE_PREFIX,
    OPENSHIFT_DNS,
    ORCHESTRATOR_LABEL,
)
from callint.checks.pod_template import INHERITED, declared_ports, templates
from callint.net.ports import TCP, UDP, parse_protocol
from callint.objects import Cluster, Resource, fields
from callint.policy import model_of
from callint.policy.labels import Labels, Sources, inherit
from callint.policy.selectable import Selectable
from callint.record import NamedTuple
from callint.selector import Selector
from callint.selector.rewrite import both, either
from callint.selector.syntax import Compare

_METADATA_NAME = NAMESPACE_PREFIX + "kubernetes.io/metadata.name"
_NAME = NAMESPACE_PREFIX + "projectcalico.org/name"
_UNLABELLED = Sources({}, {}, {})


class Translation(NamedTuple):
    """A port of a service and the other one at which its pods get what is sent there; `selector` finds these pods.

    Without a `resource` nobody wrote the service down.
    """

    service: str
    resource: Resource | None
    selector: Selector
    protocol: int
    port: int
    target: int


class _Port(NamedTuple):
    """A port of a service; the target is a number, or the name that containers give it."""

    protocol: str
    number: int
    target: int | str


class _Service(NamedTuple):
    """A service that selects pods; a headless one leaves ports to its clients."""

    resource: Resource
    selector: Selector
    headless: bool
    ports: tuple[_Port, ...]


class _Pods(NamedTuple):
    """A pod, or those of a template, with the ports that containers declare: all numbers, and those with names."""

    labels: Labels
    numbers: frozenset[int]
    named: dict[tuple[str, str], int]
    host_network: bool


def translations(cluster: Cluster) -> Iterator[tuple[Labels, Translation]]:
    """Pods that are known to be behind services that translate ports, by their labels; of OpenShift's DNS all know.

    Left out are ports at which pods behind the service seem to get packets that name them, too.
    """
    yield from _openshift()
    services = list(_services(cluster))
    if not any(port.target != port.number for one in services for port in one.ports if not one.headless):
        return
    pods = list(_pods(cluster))
    index = Selectable((one.labels, number) for number, one in enumerate(pods))
    behind = [index.all(one.selector) for one in services]
    taken = [set(one.numbers) for one in pods]
    for service, found in zip(services, behind, strict=True):
        for port in service.ports:
            for number, _ in found:
                taken[number].add(port.number if service.headless else _target(port, pods[number]) or 0)
    for service, found in zip(services, behind, strict=True):
        reached = [pods[number] for number, _ in found]
        if service.headless or any(one.host_network for one in reached):
            continue
        for port in service.ports:
            targets = {_target(port, one) for one in reached}
            target = targets.pop() if len(targets) == 1 else None
            if target and target != port.number and not any(port.number in taken[number] for number, _ in found):
                one = _translation(service, port, target)
                yield from ((pods[number].labels, one) for number, sure in found if sure)


def _openshift() -> Iterator[tuple[Labels, Translation]]:
    namespace, key, value = OPENSHIFT_DNS
    port, target = DNS_PORTS
    labels, selector = _labels({key: value}, namespace, _UNLABELLED), _in_namespace(namespace)
    for protocol in (UDP, TCP):
        yield labels, Translation(f"{namespace}/dns-default", None, selector, protocol, port, target)


def _in_namespace(namespace: str) -> Selector:
    """Pods of a namespace, by whichever of its names."""
    return either(*(Compare(key, "==", namespace) for key in (NAMESPACE_LABEL, _METADATA_NAME, _NAME)))


def _labels(own: dict[str, str], namespace: str, sources: Sources) -> Labels:
    known = {**own, NAMESPACE_LABEL: namespace, ORCHESTRATOR_LABEL: "k8s"}
    return inherit(Labels(known, INHERITED), (f"kns.{namespace}",), sources)


def _services(cluster: Cluster) -> Iterator[_Service]:
    for resource in cluster.kubernetes("Service", "v1"):
        spec, chosen = resource.spec, fields.labels(resource.spec, "selector")
        if chosen and fields.text(spec, "type") != "ExternalName":
            own = (Compare(key, "==", value) for key, value in sorted(chosen.items()))
            selector = both(*own, _in_namespace(resource.namespace or "default"))
            headless = fields.text(spec, "clusterIP") == "None"
            yield _Service(resource, selector, headless, tuple(_ports(spec)))


def _ports(spec: dict[str, Any]) -> Iterator[_Port]:
    for _, item in fields.items(spec, "ports"):
        number = fields.integer(item, "port") if isinstance(item, dict) else None
        if number:
            target = fields.integer(item, "targetPort") or fields.text(item, "targetPort") or number
            target = int(target) if isinstance(target, str) and target.isdecimal() and len(target) < 6 else target
            yield _Port((fields.text(item, "protocol") or "TCP").lower(), number, target)


def _pods(cluster: Cluster) -> Iterator[_Pods]:
    sources = model_of(cluster).inventory.sources
    every = [(one, (), one.plain) for one in cluster.kubernetes("Pod", "v1")]
    for resource, _, plain in (*every, *templates(cluster)):
        own = fields.labels(fields.mapping(plain, "metadata"))
        spec = fields.mapping(plain, "spec")
        ports = list(declared_ports(spec))
        yield _Pods(
            _labels(own, resource.namespace or "default", sources),
            frozenset(number for _, _, number in ports),
            {(protocol, name): number for protocol, name, number in ports},
            fields.flag(spec, "hostNetwork") or False,
        )


def _target(port: _Port, pods: _Pods) -> int | None:
    """The number of the port at which pods get packets; None where it is a name that they do not have.

    A number that is not among those that they declare is none either: what they listen at is not known.
    """
    if isinstance(port.target, str):
        return pods.named.get((port.protocol, port.target))
    return port.target if not pods.numbers or port.target in pods.numbers else None


def _translation(service: _Service, port: _Port, target: int) -> Translation:
    name = f"{service.resource.namespace or 'default'}/{service.resource.name}"
    protocol = parse_protocol(port.protocol, any_case=True)
    return Translation(name, service.resource, service.selector, protocol, port.number, target)
