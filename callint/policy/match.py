"""The semantics of one rule: what a rule demands of a packet, as sets, and whether a packet meets it.

Source: felix/rules/policy.go, felix/calc/rule_scanner.go, libcalico-go/.../updateprocessors/rules.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache

from callint.calico.defaults import (
    NAMESPACE_LABEL,
    NAMESPACE_PREFIX,
    SERVICE_ACCOUNT_LABEL,
    SERVICE_ACCOUNT_PREFIX,
)
from callint.net import intervals
from callint.net.address import Family, Prefix
from callint.net.intervals import Intervals
from callint.net.ports import WITH_PORTS, parse_port, parse_protocol
from callint.net.read import prefixes
from callint.objects.policy import Entity, Icmp, Policy, Rule
from callint.policy.address_inventory import AddressInventory
from callint.policy.address_set import AddressSet, NamedPort, Service
from callint.policy.doubt import Doubts
from callint.policy.packet import Flow, is_icmp
from callint.policy.ranges import NO_RANGES
from callint.record import NamedTuple
from callint.selector import Selector, SelectorError, parse
from callint.selector.rewrite import both, negate, replace_all, with_prefix
from callint.selector.syntax import ALL, And, Compare, Has, Member

_IN_NAMESPACE = Has(NAMESPACE_LABEL)


class PortSet(NamedTuple):
    """Numbers, or ports that endpoints declare by name."""

    numbers: Intervals
    named: tuple[NamedPort, ...]


class Side(NamedTuple):
    """What a rule demands of one end of a packet; None is no demand. Nets are those of the side's IP version."""

    nets: Intervals | None = None
    not_nets: Intervals = ()
    inside: AddressSet | None = None
    outside: AddressSet | None = None
    ports: PortSet | None = None
    not_ports: PortSet | None = None
    service: Service | None = None
    service_ports: bool = False


class Criteria(NamedTuple):
    """All that a rule demands of packets of one IP version; every part must hold."""

    protocol: int | None
    not_protocol: int | None
    icmp: Icmp | None
    not_icmp: Icmp | None
    source: Side
    destination: Side


def criteria(rule: Rule, family: Family, inventory: AddressInventory, namespace: str | None) -> Criteria | None:
    """What a rule demands of packets of one IP version; None if Felix renders no rule for it there.

    `namespace` is that of a namespaced policy. Selectors, ports and protocols must be valid (see `admission`).
    """
    if ip_version(rule) not in (None, family):
        return None
    source = _side(rule.source, family, inventory, namespace, is_destination=False)
    destination = _side(rule.destination, family, inventory, namespace, is_destination=True)
    if source is None or destination is None:
        return None
    return Criteria(
        protocol=_protocol(rule.protocol),
        not_protocol=_protocol(rule.not_protocol),
        icmp=_demand(rule.icmp),
        not_icmp=_demand(rule.not_icmp),
        source=source,
        destination=destination,
    )


def matches(demand: Criteria, flow: Flow, doubts: Doubts) -> bool:
    """Whether the packet meets all that is demanded."""
    if demand.protocol is not None and flow.protocol != demand.protocol:
        return False
    if demand.not_protocol is not None and flow.protocol == demand.not_protocol:
        return False
    if demand.icmp is not None and not _icmp(demand.icmp, flow, doubts):
        return False
    if demand.not_icmp is not None and _icmp(demand.not_icmp, flow, doubts):
        return False
    if not _meets(demand.source, flow, flow.source, flow.source_port, "source", doubts):
        return False
    return _meets(demand.destination, flow, flow.destination, flow.destination_port, "destination", doubts)


def _meets(side: Side, flow: Flow, address: int, port: int | None, name: str, doubts: Doubts) -> bool:
    if side.nets is not None and not intervals.contains(side.nets, address):
        return False
    if side.not_nets and intervals.contains(side.not_nets, address):
        return False
    if side.ports is not None and not _in_ports(side.ports, flow, address, port, name, doubts):
        return False
    if side.not_ports is not None and _in_ports(side.not_ports, flow, address, port, name, doubts):
        return False
    if side.inside is not None and not side.inside.holds(flow.family, address, doubts):
        return False
    if side.outside is not None and side.outside.holds(flow.family, address, doubts):
        return False
    return side.service is None or _in_service(side, side.service, flow, address, port, doubts)


def _in_ports(ports: PortSet, flow: Flow, address: int, port: int | None, name: str, doubts: Doubts) -> bool:
    if flow.protocol not in WITH_PORTS:
        return False
    if port is None:
        return doubts.ask(f"the {name} port of the packet")
    if intervals.contains(ports.numbers, port):
        return True
    service = (flow.protocol, port)
    return any(named.holds(flow.family, address, service, doubts) for named in ports.named)


def _in_service(side: Side, service: Service, flow: Flow, address: int, port: int | None, doubts: Doubts) -> bool:
    """A destination is an endpoint's address, protocol and port, a source its address alone."""
    if service.addresses.maybe != NO_RANGES or not side.service_ports:
        return service.addresses.holds(flow.family, address, doubts)
    found = service.ports.get((flow.protocol, port or 0))
    return found is not None and found.holds(flow.family, address, doubts)


def _icmp(demand: Icmp, flow: Flow, doubts: Doubts) -> bool:
    if not is_icmp(flow):
        return False
    if flow.icmp_type is not None and flow.icmp_type != demand.type:
        return False
    if flow.icmp_type is None or (flow.icmp_code is None and demand.code is not None):
        return doubts.ask("the ICMP type and code of the packet")
    return demand.code in (None, flow.icmp_code)


def _demand(icmp: Icmp | None) -> Icmp | None:
    return None if icmp is None or icmp.type is None else icmp


def ip_version(rule: Rule) -> int | None:
    """The IP version that a rule is confined to; of the protocols only the words ICMP and ICMPv6 imply one."""
    if rule.ip_version is not None:
        return rule.ip_version
    return {"icmp": 4, "icmpv6": 6}.get((rule.protocol or "").lower())


def _protocol(text: str | None) -> int | None:
    return None if text is None else parse_protocol(text)


def _side(
    entity: Entity, family: Family, inventory: AddressInventory, namespace: str | None, *, is_destination: bool
) -> Side | None:
    """One end of the rule; None if its nets leave no rule for this IP version (FilterRuleToIPVersion)."""
    # What cannot be read is dropped, and with the last net the demand itself (ConvertStringsToNets).
    nets, not_nets = list(prefixes(entity.nets)), list(prefixes(entity.not_nets))
    wanted, unwanted = _ranges(nets, family), _ranges(not_nets, family)
    if (nets and not wanted) or (not_nets and not unwanted) or any(_is_all(net, family) for net in not_nets):
        return None
    positive, negative = entity_selectors(entity, namespace)
    scope = positive or ALL
    services = entity.services
    return Side(
        nets=wanted if nets else None,
        not_nets=unwanted,
        inside=None if positive is None else inventory.address_set(positive),
        outside=None if negative is None else inventory.excluded_set(negative),
        ports=_ports(entity.ports, scope, inventory),
        not_ports=_ports(entity.not_ports, scope, inventory),
        service=None if services is None else inventory.service(services.namespace, services.name),
        service_ports=is_destination,
    )


def entity_selectors(entity: Entity, namespace: str | None) -> tuple[Selector | None, Selector | None]:
    """What an address must be selected by, and what it must not (rule_scanner.go, rules.go GetEntityRuleSelector).

    A `notSelector` beside anything positive narrows that; alone it also lets unknown addresses in, but not in a
    namespaced policy, where the namespace is the positive part. Raises SelectorError.
    """
    accounts = entity.service_account_names or entity.service_account_selector
    if not (entity.selector or entity.not_selector or entity.namespace_selector or accounts):
        return None, None
    return _entity_selectors(
        entity.selector,
        entity.not_selector,
        entity.namespace_selector,
        entity.service_account_names,
        entity.service_account_selector,
        namespace,
    )


def policy_selectors(policy: Policy) -> Iterator[tuple[Selector | None, Selector | None]]:
    """Those of all ends of a policy's rules, as far as they can be read."""
    for side in policy.sides():
        with suppress(SelectorError):
            yield entity_selectors(side, policy.namespace)


@lru_cache(maxsize=1 << 18)
def _entity_selectors(
    selector: str | None,
    not_selector: str | None,
    namespace_selector: str | None,
    account_names: tuple[str, ...],
    account_selector: str | None,
    namespace: str | None,
) -> tuple[Selector | None, Selector | None]:
    own = parse(selector) if selector else None
    accounts = _accounts(account_names, account_selector)
    excluded = parse(not_selector) if not_selector else None
    scope: Selector | None = None
    if namespace_selector:
        scope = namespaces(namespace_selector)
    elif namespace is not None and (own or accounts or excluded):
        scope = Compare(NAMESPACE_LABEL, "==", namespace)
    parts = [part for part in (scope, accounts, own) if part is not None]
    if not parts:
        return None, excluded
    positive = both(*parts)
    return (positive if excluded is None else And((positive, negate(excluded)))), None


def namespaces(text: str) -> Selector:
    """A namespace selector as one over endpoints: prefixed labels; `all()` is any namespace, `global()` none."""
    selector = with_prefix(parse(text), NAMESPACE_PREFIX)
    return replace_all(selector, all_=_IN_NAMESPACE, global_=negate(_IN_NAMESPACE))


def _accounts(names: tuple[str, ...], selector: str | None) -> Selector | None:
    parts: list[Selector] = []
    if selector:
        parts.append(with_prefix(parse(selector), SERVICE_ACCOUNT_PREFIX))
    if names:
        parts.append(Member(SERVICE_ACCOUNT_LABEL, names))
    return both(*parts) if parts else None


def _ports(texts: tuple[str, ...], scope: Selector, inventory: AddressInventory) -> PortSet | None:
    if not texts:
        return None
    numbers, named = [], []
    for found in map(parse_port, texts):
        if isinstance(found, str):
            named.append(inventory.named_port(scope, found))
        else:
            numbers.append(found)
    return PortSet(intervals.merge(numbers), tuple(named))


def _ranges(nets: list[Prefix], family: Family) -> Intervals:
    return intervals.from_prefixes(net for net in nets if net.family == family)


def _is_all(net: Prefix, family: Family) -> bool:
    return net.family == family and net.length == 0
