"""Ports that rules name, held against those that endpoints have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from callint.calico.defaults import NAMESPACE_LABEL
from callint.calico.kinds import is_calico
from callint.checks.breach import Breach, nobody, rule_words
from callint.checks.pod_template import pod_templates
from callint.checks.policy.behind_service import Backend, PodService, backends, names_app, pod_services
from callint.finding import Path, Related
from callint.net.ports import PROTOCOL_NAMES, parse_port, parse_protocol
from callint.objects import Cluster, Resource, fields
from callint.objects.endpoint import EndpointPort
from callint.objects.policy import Policy, Rule
from callint.objects.service import ServicePort
from callint.policy import model_of
from callint.policy.labels import Labels
from callint.policy.match import entity_selectors
from callint.policy.selectable import Selectable
from callint.policy.tiers import policies_of, selector_of
from callint.record import NamedTuple
from callint.selector import Selector, SelectorError
from callint.selector.rewrite import both
from callint.steps import Steps, counted
from callint.suggest import DIGITS, Words, is_slip

_WITH_TLS = frozenset(("amqp", "coap", "ftp", "grpc", "http", "imap", "ldap", "mqtt", "pop3", "sip", "smtp"))
"""Protocols called by one letter more where they go over TLS."""
_LETTERS = 4
# What a service takes whose selector is held against that of a rule
_OF_SERVICE = 10
# What it takes to put a name where others find it
_OF_WORD = 20


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Rules that match by names of ports that nothing known has, where one that they are about has a similar one.

    Or where a Service calls a port so that its pods, which the rule is about, call otherwise or not at all.

    No parameters. Nothing is said of a rule that names a number, too, or whose endpoints are not known
    (felix/labelindex/named_port_index.go: an endpoint without the port is not in the set).
    """
    steps = Steps(cluster, "selectors with labels")
    known, called = _Ports(_bearers(cluster), steps), _CalledByServices(cluster, steps)
    if not known and not called:
        return
    for policy in policies_of(cluster):
        resource = policy.resource
        if not resource.whole:
            continue
        for rule in policy.rules:
            names = _names(rule)
            if not names:
                continue
            try:
                selector = at_the_end(policy, rule)
                protocol = parse_protocol(rule.protocol)
            except (SelectorError, ValueError):
                continue
            if selector is None:
                continue
            hint = known.meant(names, protocol, selector)
            if hint is None and not known.may_have(names, protocol, selector):
                hint = called.meant(names, protocol, selector)
            if hint is not None:
                yield _breach(policy, rule, hint)


class _Bearer(NamedTuple):
    """What may have named ports."""

    labels: Labels
    resource: Resource
    ports: Sequence[EndpointPort]


def _bearers(cluster: Cluster) -> Iterator[_Bearer]:
    for endpoint in model_of(cluster).inventory.endpoints:
        yield _Bearer(endpoint.labels, endpoint.about.resource, endpoint.about.ports)
    for one in pod_templates(cluster):
        if not one.host_network:
            namespace = one.resource.namespace
            known = {**one.labels.known, NAMESPACE_LABEL: namespace} if namespace else one.labels.known
            yield _Bearer(one.labels._replace(known=known), one.resource, one.ports)


def _names(rule: Rule) -> tuple[str, ...]:
    """The names in a rule that matches by names of ports alone."""
    ports = rule.destination.ports
    try:
        return ports if all(isinstance(parse_port(text), str) for text in ports) else ()
    except ValueError:
        return ()


def at_the_end(policy: Policy, rule: Rule) -> Selector | None:
    """To whom a packet goes that the rule may match, as far as selectors say; None: to anybody.

    Raises SelectorError.
    """
    positive, _ = entity_selectors(rule.destination, policy.namespace)
    if rule.direction == "egress":
        return positive
    return selector_of(policy) if positive is None else both(selector_of(policy), positive)


class _Hint(NamedTuple):
    """The name that is written, what was probably meant, in words, who has which ports, and a Service that has it.

    Not `alone` it stands beside names that are known.
    """

    name: str
    words: str
    bearer: Resource
    ports: Sequence[EndpointPort]
    service: Resource | None = None
    alone: bool = True


class _Ports:
    """The names of ports by protocol, each with those that have it."""

    def __init__(self, bearers: Iterable[_Bearer], steps: Steps) -> None:
        found: dict[int, dict[str, list[_Bearer]]] = {}
        unread = []
        for bearer in bearers:
            if not bearer.resource.whole:
                unread.append(bearer)
            for port in bearer.ports:
                try:
                    protocol = parse_protocol(port.protocol)
                except ValueError:
                    unread.append(bearer)
                    continue
                found.setdefault(protocol, {}).setdefault(port.name, []).append(bearer)
        self._bearers = found
        self._words = cache(self._other_words)
        self._steps = steps
        self._unread = self._selectable(unread)
        self._with = cache(self._find_with)

    def __bool__(self) -> bool:
        return bool(self._bearers)

    def meant(self, names: Sequence[str], protocol: int, selector: Selector) -> _Hint | None:
        """For those that the selector surely matches; beside a name that is known others may be for other endpoints.

        So only one that nobody has for any protocol is told there, and that is no word of its own either.
        """
        mine = self._bearers.get(protocol, {})
        if self._unread.any(selector):
            return None
        alone = not any(name in mine for name in names)
        for name in names:
            others = [other for other, named in self._bearers.items() if name in named]
            if others and not alone:
                continue
            for other in others:
                bearer = self._bearer(other, name, selector)
                if bearer is not None:
                    words = PROTOCOL_NAMES[other]
                    return _Hint(name, f"for {words} there is one", bearer.resource, bearer.ports)
            near = self._words(protocol, frozenset(filter(mine.__contains__, names))).nearest(name)
            if near is None or _apart(name, near) or not (alone or is_slip(name, near)):
                continue
            bearer = self._bearer(protocol, near, selector)
            if bearer is not None:
                return _Hint(name, f'did you mean "{near}"', bearer.resource, bearer.ports, alone=alone)
        return None

    def may_have(self, names: Sequence[str], protocol: int, selector: Selector) -> bool:
        """Whether something that the selector may match has a port of one of the names, or one that cannot be read."""
        mine = self._bearers.get(protocol, {})
        return self._unread.any(selector) or any(
            self._with(protocol, name).any(selector) for name in names if name in mine
        )

    def _bearer(self, protocol: int, name: str, selector: Selector) -> _Bearer | None:
        return self._with(protocol, name).first(selector)

    def _other_words(self, protocol: int, names: frozenset[str]) -> Words:
        """The names for a protocol but for those that a rule has."""
        others = sorted(self._bearers.get(protocol, {}).keys() - names)
        self._steps.spend(_OF_WORD * len(others))
        return Words(others)

    def _find_with(self, protocol: int, name: str) -> Selectable[_Bearer]:
        return self._selectable(self._bearers[protocol].get(name, ()))

    def _selectable(self, bearers: Iterable[_Bearer]) -> Selectable[_Bearer]:
        return Selectable(((one.labels, one) for one in bearers), self._steps)


class _CalledByServices:
    """The names that services give to ports of their pods, each with the pods, for which no rule has them."""

    def __init__(self, cluster: Cluster, steps: Steps) -> None:
        """Raises TooManyStepsError."""
        self._steps = steps
        found: dict[tuple[int, str], list[tuple[Labels, tuple[Selector, _Hint]]]] = {}
        named: dict[Selector, dict[object, tuple[PodService, ServicePort]]] = {}
        for service in pod_services(cluster):
            for port in service.ports:
                if port.name:
                    alike = (port.protocol, port.target, port.name)
                    named.setdefault(service.selector, {}).setdefault(alike, (service, port))
        pods: Selectable[Backend] = Selectable((), steps)
        if named:
            pods = Selectable(((one.labels, one) for one in backends(cluster) if _on_its_own(one)), steps)
        for selector, ports in named.items():
            for pod in pods.surely(selector):
                steps.spend(len(ports) * len(pod.ports))
                for service, port in ports.values():
                    hint = _as_service_calls(service, port, pod)
                    if hint is not None:
                        protocol = parse_protocol(port.protocol)
                        found.setdefault((protocol, hint.name), []).append((pod.labels, (selector, hint)))
        self._hints = {key: Selectable(hints, steps) for key, hints in found.items()}

    def __bool__(self) -> bool:
        return bool(self._hints)

    def meant(self, names: Sequence[str], protocol: int, selector: Selector) -> _Hint | None:
        """For those that the selector surely matches by a label of theirs: others may be meant by one for all pods."""
        for name in names:
            several = self._hints.get((protocol, name))
            services: dict[Selector, _Hint] = {}
            for service, hint in several.surely(selector) if several is not None else ():
                services.setdefault(service, hint)
            for service, hint in counted(services.items(), self._steps, _OF_SERVICE):
                if names_app(selector, service):
                    return hint
        return None


def _on_its_own(pod: Backend) -> bool:
    """Whether a pod is an endpoint of which all is known."""
    return pod.resource.whole and not pod.host_network


def _as_service_calls(service: PodService, port: ServicePort, pod: Backend) -> _Hint | None:
    """The name that a service alone has for a port, which some container declares; another may be a sidecar's."""
    mine = [one for one in pod.ports if one.protocol == port.protocol and port.target in (one.name, one.port)]
    if port.name is None or not mine or any(one.name == port.name for one in mine):
        return None
    resource, called = service.resource, f'what its pods call "{mine[0].name}"'
    words = called if mine[0].name else f"port {mine[0].port} of its pods, where it has no name"
    return _Hint(
        port.name, f'Service "{resource.home}/{resource.name}" calls so {words}', pod.resource, pod.ports, resource
    )


def _apart(name: str, near: str) -> bool:
    """Whether names are alike and both meant: short ones, numbered ones, and a protocol with TLS and without."""
    if max(len(name), len(near)) < _LETTERS or name.strip(DIGITS) == near.strip(DIGITS):
        return True
    words = zip(name.split("-"), near.split("-"), strict=False)
    different = [pair for pair in words if pair[0] != pair[1]]
    return name.count("-") == near.count("-") and all(a.rstrip("s") == b.rstrip("s") in _WITH_TLS for a, b in different)


def _breach(policy: Policy, rule: Rule, hint: _Hint) -> Breach:
    resource, path = policy.resource, place_of_port(policy.resource, rule, hint.name)
    what = "matches nothing that is known, for" if hint.alone else "matches nothing by one of its ports:"
    return Breach.at(
        resource,
        path,
        f"{rule_words(resource, rule.path)} {what} no endpoint that it is about has a port "
        f'called "{hint.name}" for {rule.protocol}; {hint.words}',
        (
            Related(hint.bearer.span("metadata", "name"), "is what the rule is about"),
            *(() if hint.service is None else (Related(hint.service.span("spec", "ports"), "names of the Service"),)),
        ),
        nobody(f"port {hint.name}", sorted({one.name for one in hint.ports if one.name})),
    )


def place_of_port(resource: Resource, rule: Rule, text: str) -> Path:
    """Where a rule names a destination port, whichever the kind of policy; its own place where that is not found."""
    if is_calico(resource.api_version):
        return (*rule.destination.path, "ports", rule.destination.ports.index(text))
    item = resource.spec[rule.direction][rule.number]
    for index, port in fields.items(item, "ports"):
        if isinstance(port, dict) and fields.text(port, "port") == text:
            return (*rule.path, "ports", index, "port")
    return rule.path
