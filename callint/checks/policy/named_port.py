"""Ports that rules name, held against those that endpoints have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from string import digits
from typing import Any

from callint.calico.defaults import NAMESPACE_LABEL
from callint.calico.kinds import is_calico
from callint.checks.breach import Breach, nobody, rule_words
from callint.checks.pod_template import pod_templates
from callint.finding import Path, Related
from callint.net.ports import PROTOCOL_NAMES, parse_port, parse_protocol
from callint.objects import Cluster, Resource, fields
from callint.objects.endpoint import EndpointPort
from callint.objects.policy import Policy, Rule
from callint.policy import model_of
from callint.policy.labels import Labels
from callint.policy.match import entity_selectors
from callint.policy.selectable import Selectable
from callint.policy.tiers import policies_of, selector_of
from callint.record import NamedTuple
from callint.selector import Selector, SelectorError
from callint.selector.rewrite import both
from callint.steps import Steps
from callint.suggest import Words

_WITH_TLS = frozenset(("amqp", "coap", "ftp", "grpc", "http", "imap", "ldap", "mqtt", "pop3", "sip", "smtp"))
"""Protocols called by one letter more where they go over TLS."""
_LETTERS = 4


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Rules that match by names of ports that nothing known has, where one that they are about has a similar one.

    No parameters. Nothing is said of a rule that names a number, too, or whose endpoints are not known
    (felix/labelindex/named_port_index.go: an endpoint without the port is not in the set).
    """
    known = _Ports(_bearers(cluster), Steps(cluster, "selectors with labels"))
    if not known:
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
                protocol = parse_protocol(rule.protocol, any_case=True)
            except (SelectorError, ValueError):
                continue
            hint = known.meant(names, protocol, selector) if selector is not None else None
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
    """The name that is written, what was probably meant, in words, and who has it."""

    name: str
    words: str
    bearer: _Bearer


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
                    protocol = parse_protocol(port.protocol, any_case=True)
                except ValueError:
                    unread.append(bearer)
                    continue
                found.setdefault(protocol, {}).setdefault(port.name, []).append(bearer)
        self._bearers = found
        self._words = {protocol: Words(sorted(names)) for protocol, names in found.items()}
        self._steps = steps
        self._unread = self._selectable(unread)
        self._having: dict[tuple[int, str], Selectable[_Bearer]] = {}

    def __bool__(self) -> bool:
        return bool(self._bearers)

    def meant(self, names: Sequence[str], protocol: int, selector: Selector) -> _Hint | None:
        """For those that the selector surely matches; None also where one of the names is known."""
        mine = self._bearers.get(protocol, {})
        if any(name in mine for name in names) or self._unread.any(selector):
            return None
        for name in names:
            for other in self._bearers:
                bearer = self._bearer(other, name, selector)
                if bearer is not None:
                    words = PROTOCOL_NAMES[other]
                    return _Hint(name, f"for {words} there is one", bearer)
            near = self._words[protocol].nearest(name) if mine else None
            bearer = self._bearer(protocol, near, selector) if near is not None and not _apart(name, near) else None
            if bearer is not None:
                return _Hint(name, f'did you mean "{near}"', bearer)
        return None

    def _bearer(self, protocol: int, name: str, selector: Selector) -> _Bearer | None:
        key = (protocol, name)
        if key not in self._having:
            self._having[key] = self._selectable(self._bearers[protocol].get(name, ()))
        return self._having[key].first(selector)

    def _selectable(self, bearers: Iterable[_Bearer]) -> Selectable[_Bearer]:
        return Selectable(((one.labels, one) for one in bearers), self._steps)


def _apart(name: str, near: str) -> bool:
    """Whether names are alike and both meant: short ones, numbered ones, and a protocol with TLS and without."""
    if max(len(name), len(near)) < _LETTERS or name.strip(digits) == near.strip(digits):
        return True
    return name.rstrip("s") == near.rstrip("s") in _WITH_TLS


def _breach(policy: Policy, rule: Rule, hint: _Hint) -> Breach:
    resource, path = policy.resource, place_of_port(policy.resource, rule, hint.name)
    return Breach.at(
        resource,
        path,
        f"{rule_words(resource, rule.path)} matches nothing that is known, for no endpoint that it is about has a port "
        f'called "{hint.name}" for {rule.protocol}; {hint.words}',
        (Related(hint.bearer.resource.span("metadata", "name"), "is what the rule is about"),),
        nobody(f"port {hint.name}", sorted({one.name for one in hint.bearer.ports})),
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
