"""Services whose pods listen on other ports than those that clients name, and the pods behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from callint.calico.defaults import (
    DNS_PORTS,
    INHERITED_NAMES,
    NAMESPACE_LABEL,
    OPENSHIFT_DNS,
    ORCHESTRATOR_LABEL,
)
from callint.checks.pod_template import written_pods
from callint.net.ports import TCP, UDP, parse_protocol
from callint.objects import Cluster, Resource, fields
from callint.objects.endpoint import EndpointPort
from callint.objects.service import ServicePort, service_ports
from callint.objects.workload import declared_ports
from callint.policy import model_of
from callint.policy.labels import ADDED, Labels, Sources, inherit
from callint.policy.selectable import Selectable
from callint.record import NamedTuple
from callint.selector import Selector
from callint.selector.rewrite import both, either
from callint.selector.satisfy import implies
from callint.selector.syntax import And, Compare
from callint.steps import Steps, counted

_UNLABELLED = Sources({}, {}, {})


class Translation(NamedTuple):
    """A port of a service and the other one at which its pods get what is sent there; `selector` finds these pods.

    Without a `resource` nobody wrote the service down. `names` are those that pods have for the other port; None: any.
    """

    service: str
    resource: Resource | None
    selector: Selector
    protocol: int
    port: int
    target: int
    names: frozenset[str] | None


class PodService(NamedTuple):
    """A service that selects pods; a headless one leaves ports to its clients."""

    resource: Resource
    selector: Selector
    headless: bool
    ports: tuple[ServicePort, ...]


class Backend(NamedTuple):
    """A pod, or those of a template, with the ports that containers declare, and whether any is a port of its node."""

    labels: Labels
    ports: tuple[EndpointPort, ...]
    host_network: bool
    host_port: bool
    resource: Resource


_Translations = dict[tuple[int, int], Translation]


class Backends:
    """What is known to be behind services that translate ports; of OpenShift's DNS everybody knows."""

    def __init__(self, cluster: Cluster) -> None:
        """Raises TooManyStepsError."""
        found = [_openshift()]
        services = list(pod_services(cluster))
        pods: list[Backend] = []
        self._translated: dict[int, list[_Translations]] = {}
        if any(port.target != port.number for one in services for port in one.ports if not one.headless):
            pods = list(backends(cluster))
            self._translated = _behind(services, pods, Steps(cluster, "services with pods"))
            found += [(pods[number].labels, several) for number, several in self._translated.items()]
        self._ports = frozenset(str(port) for _, several in found for one in several for _, port in one)
        self._named: tuple[tuple[str, ...], list[str]] = ((), [])
        steps = Steps(cluster, "selectors with labels")
        self._index = Selectable(((labels, (labels, several)) for labels, several in found), steps)
        self._pods = Selectable(((one.labels, number) for number, one in enumerate(pods)), steps)

    def named(self, ports: tuple[str, ...]) -> list[str]:
        """Those that clients name, of ports as rules write them; Kubernetes' rules for many peers have the same."""
        if self._named[0] is not ports:
            some = [] if self._ports.isdisjoint(ports) else list(filter(self._ports.__contains__, ports))
            self._named = (ports, some)
        return self._named[1]

    def behind(self, selector: Selector, protocol: int, port: int) -> tuple[Labels, Translation] | None:
        """Pods that get at another port what is sent to this one of a service, if the selector matches none but such.

        Every pod that is matched is one of them, or at least all that are known, by a label that the service asks for.
        Raises TooManyStepsError.
        """
        found = self._index.first(selector)
        if found is None:
            return None
        labels, translations = found
        near = [one for several in translations if (one := several.get((protocol, port))) is not None]
        for one in near:
            if implies(selector, one.selector) or (
                _names_app_there(selector, one.selector) and self._all_behind(selector, protocol, port, one.target)
            ):
                return labels, one
        return None

    def _all_behind(self, selector: Selector, protocol: int, port: int, target: int) -> bool:
        """Whether all that is known of what the selector may match gets at one port what is sent to that one."""
        for number, _ in self._pods.all(selector):
            several = self._translated.get(number, ())
            if not any((one := found.get((protocol, port))) and one.target == target for found in several):
                return False
        return True


class _Group:
    """The pods behind services of one selector, and the ports at which they get packets that name these ports."""

    def __init__(self, found: list[tuple[int, bool | None]], pods: list[Backend]) -> None:
        """`found` are the numbers of the pods that the selector matches, or may match (None)."""
        self.numbers = [number for number, _ in found]
        self.sure = [number for number, answer in found if answer]
        self.services: list[PodService] = []
        self.host_network = any(pods[number].host_network for number in self.numbers)
        self._declared = {pods[number].ports for number in self.numbers}
        self.taken = {one.port for ports in self._declared for one in ports}

    def add(self, service: PodService, steps: Steps) -> None:
        """One more service."""
        self.services.append(service)
        for port in service.ports:
            steps.spend(len(self._declared))
            self.taken.update([port.number] if service.headless else self._targets(port))

    def translations(self, taken: set[int]) -> _Translations:
        """The ports that are translated to one and the same of all pods, without those at which some get packets."""
        found: _Translations = {}
        for service in self.services if not self.host_network else ():
            for port in service.ports if not service.headless else ():
                targets = self._targets(port)
                target = targets.pop() if len(targets) == 1 else 0
                if target and target != port.number and port.number not in taken:
                    one = _translation(service, port, target, self._names(target))
                    found[one.protocol, one.port] = one
        return found

    def _names(self, target: int) -> frozenset[str]:
        return frozenset(one.name for ports in self._declared for one in ports if one.port == target)

    def _targets(self, port: ServicePort) -> set[int]:
        return {port_of_pods(port, ports) for ports in self._declared}


def names_app(selector: Selector, of_service: Selector) -> bool:
    """Whether a selector of pods asks for a label that a service asks for as well, in whatever namespace."""
    return any(implies(selector, part) for part in _parts(of_service) if isinstance(part, Compare))


def _names_app_there(selector: Selector, of_service: Selector) -> bool:
    """The same in the namespace of the service."""
    return names_app(selector, of_service) and all(
        implies(selector, part) for part in _parts(of_service) if not isinstance(part, Compare)
    )


def _parts(of_service: Selector) -> Sequence[Selector]:
    return of_service.operands if isinstance(of_service, And) else ()


def _behind(services: list[PodService], pods: list[Backend], steps: Steps) -> dict[int, list[_Translations]]:
    """Pods by number that are behind services for certain.

    Left out are ports at which pods behind the service seem to get packets that name them, by other services as well.
    """
    index = Selectable(((one.labels, number) for number, one in enumerate(pods)), steps)
    groups: dict[Selector, _Group] = {}
    of_pod: dict[int, list[_Group]] = {}
    for service in services:
        if service.selector not in groups:
            group = groups[service.selector] = _Group(index.all(service.selector), pods)
            for number in counted(group.numbers, steps, 1):
                of_pod.setdefault(number, []).append(group)
        groups[service.selector].add(service, steps)
    translated: dict[int, list[_Translations]] = {}
    for group in groups.values():
        near: dict[int, _Group] = {}
        for number in group.numbers:
            steps.spend(len(of_pod[number]))
            near |= {id(one): one for one in of_pod[number]}
        steps.spend(sum(len(one.taken) for one in near.values()))
        found = group.translations(set().union(*(one.taken for one in near.values())))
        for number in group.sure if found else ():
            translated.setdefault(number, []).append(found)
    return translated


def _openshift() -> tuple[Labels, list[_Translations]]:
    namespace, key, value = OPENSHIFT_DNS
    port, target = DNS_PORTS
    service, selector = f"{namespace}/dns-default", _in_namespace(namespace)
    found = {
        (protocol, port): Translation(service, None, selector, protocol, port, target, None) for protocol in (UDP, TCP)
    }
    return _labels({key: value}, namespace, _UNLABELLED), [found]


def _in_namespace(namespace: str) -> Selector:
    """Pods of a namespace, by whichever of its names."""
    return either(*(Compare(key, "==", namespace) for key in (NAMESPACE_LABEL, *INHERITED_NAMES)))


def _labels(own: dict[str, str], namespace: str, sources: Sources) -> Labels:
    known = {**own, NAMESPACE_LABEL: namespace, ORCHESTRATOR_LABEL: "k8s"}
    return inherit(Labels(known, ADDED), (f"kns.{namespace}",), sources)


def pod_services(cluster: Cluster) -> Iterator[PodService]:
    """The services that select pods."""
    for resource in cluster.kubernetes("Service", "v1"):
        spec, chosen = resource.spec, fields.labels(resource.spec, "selector")
        if chosen and fields.text(spec, "type") != "ExternalName":
            own = (Compare(key, "==", value) for key, value in sorted(chosen.items()))
            selector = both(*own, _in_namespace(resource.home))
            headless = fields.text(spec, "clusterIP") == "None"
            yield PodService(resource, selector, headless, tuple(service_ports(resource)))


def backends(cluster: Cluster) -> Iterator[Backend]:
    """The pods that are written down, and templates of such."""
    sources = model_of(cluster).inventory.sources
    for resource, plain in written_pods(cluster):
        own = fields.labels(fields.mapping(plain, "metadata"))
        spec = fields.mapping(plain, "spec")
        yield Backend(
            _labels(own, resource.home, sources),
            declared_ports(spec),
            fields.flag(spec, "hostNetwork") or False,
            _at_host_port(spec),
            resource,
        )


def _at_host_port(spec: dict[str, Any]) -> bool:
    containers = (one for _, one in fields.items(spec, "containers") if isinstance(one, dict))
    ports = (port for one in containers for _, port in fields.items(one, "ports") if isinstance(port, dict))
    return any(port.get("hostPort") for port in ports)


def port_of_pods(port: ServicePort, declared: tuple[EndpointPort, ...]) -> int:
    """The number of the port at which pods get packets; 0 where it is a name that they do not have.

    Also for a number that is not among those that they declare: at what they listen is not known.
    """
    if isinstance(port.target, str):
        return next((one.port for one in declared if (one.protocol, one.name) == (port.protocol, port.target)), 0)
    return port.target if not declared or any(one.port == port.target for one in declared) else 0


def _translation(service: PodService, port: ServicePort, target: int, names: frozenset[str]) -> Translation:
    name = f"{service.resource.home}/{service.resource.name}"
    protocol = parse_protocol(port.protocol)
    return Translation(name, service.resource, service.selector, protocol, port.number, target, names)
