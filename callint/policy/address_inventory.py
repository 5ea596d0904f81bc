"""What selectors, named ports and services of rules stand for, as sets of addresses."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache, cached_property

from callint.net.read import prefixes
from callint.objects import Cluster
from callint.objects.endpoint import EndpointPort, NetworkSet
from callint.objects.workload import finished
from callint.policy.address_set import PORT_PROTOCOLS, AddressSet, NamedPort, Service, Services
from callint.policy.inventory import Inventory, WorkloadMember
from callint.policy.labels import ANY_POD, Labels, holds
from callint.policy.nodes import all_addresses
from callint.policy.ranges import EVERYWHERE, NO_RANGES, UNICAST, Ranges, ranges, union, without
from callint.policy.selectable import Selectable
from callint.selector import Selector
from callint.selector.index import LabelIndex
from callint.steps import TooManyStepsError

_ANYWHERE = ("0.0.0.0/0", "::/0")
_FEW = 256
"""For so many things any selector may be asked."""


class _Member:
    """Who has labels and addresses, which are read when somebody asks."""

    __slots__ = ("_ranges", "addresses", "labels", "ports")

    def __init__(self, labels: Labels, addresses: Sequence[str], ports: tuple[EndpointPort, ...] = ()) -> None:
        self.labels = labels
        self.addresses = addresses
        self.ports = ports
        self._ranges: Ranges | None = None

    @property
    def ranges(self) -> Ranges:
        if self._ranges is None:
            self._ranges = ranges(self.addresses)
        return self._ranges


class AddressInventory(Inventory):
    """Where all of an inventory is; sets of addresses are made once for each selector."""

    def __init__(
        self,
        cluster: Cluster,
        assumed: tuple[WorkloadMember, ...] = (),
        asked: Callable[[], Collection[Selector]] = tuple,
    ) -> None:
        """Read nothing yet; `asked` tells the selectors of which sets may be made."""
        super().__init__(cluster, assumed)
        self._asked = asked
        self._set_of = cache(self._address_set)
        self._port_of = cache(self._named_port)

    @cached_property
    def _members(self) -> tuple[_Member, ...]:
        found = [
            *(_Member(one.labels, one.about.expected_ips, one.about.ports) for one in self.host_endpoints),
            *(_Member(one.labels, one.about.addresses, one.about.ports) for one in self.workloads),
            *(_Member(self.set_labels(one), one.nets) for one in self.cluster.network_sets),
        ]
        return tuple(one for one in found if next(prefixes(one.addresses), None) is not None)

    @cached_property
    def _classes(self) -> LabelIndex[_Member]:
        """Members that no selector can tell apart, as one, to be found by selectors."""
        found: dict[object, tuple[Labels, list[str]]] = {}
        for member in self._members:
            found.setdefault(member.labels.alike, (member.labels, []))[1].extend(member.addresses)
        index: LabelIndex[_Member] = LabelIndex()
        for labels, addresses in found.values():
            index.add(_Member(labels, addresses), *labels.seen)
        return index

    @cached_property
    def _pod_networks(self) -> Ranges | None:
        """Where pods get their addresses; None if no manifest holds an IPPool, so that any address may be a pod's."""
        if not self.cluster.pools and "IPPool" not in self.cluster.intent.complete:
            return None
        return ranges(one.cidr for one in self.cluster.pools if one.for_pods)

    @cached_property
    def unknown_pods(self) -> Ranges:
        """Addresses at which there may be a pod that no manifest holds."""
        if self.pods_complete:
            return NO_RANGES
        pods, known = self._pod_networks, ranges(text for one in self.workloads for text in one.about.addresses)
        if pods is None:
            pods = without(UNICAST, self._hosts)
        return without(pods, known)

    @cached_property
    def _hosts(self) -> Ranges:
        """The addresses of nodes, at which no pod is."""
        nodes = (str(address) for name in self.cluster.nodes for address in all_addresses(self.cluster, name))
        return ranges((*nodes, *(text for one in self.host_endpoints for text in one.about.expected_ips)))

    @cached_property
    def _unplaced(self) -> tuple[_Member, ...]:
        """Workloads whose addresses no manifest tells: wherever pods may be."""
        pods = [one.cidr for one in self.cluster.pools if "Workload" in one.allowed_uses]
        anywhere = pods if ranges(pods) != NO_RANGES else _ANYWHERE
        return tuple(
            _Member(one.labels, anywhere, one.about.ports)
            for one in self.workloads
            if not one.about.addresses and not finished(one.about.resource)
        )

    @cached_property
    def _unplaced_labels(self) -> Selectable[_Member]:
        return Selectable((one.labels, one) for one in self._unplaced)

    @cached_property
    def _unread_sets(self) -> Selectable[NetworkSet]:
        """Network sets of which not all addresses are known: one could not be read, or stands behind a domain."""
        unread = (one for one in self.cluster.network_sets if one.resource.unreadable("spec", "nets"))
        return Selectable((self.set_labels(one), one) for one in unread)

    def certain(self, selector: Selector) -> Ranges:
        """The addresses of what is written down and surely matched by the selector."""
        found = [one.ranges for one in self._classes.each(selector) if holds(selector, one.labels)]
        return union(found) if found else NO_RANGES

    def near(self, selector: Selector) -> int:
        """How many things have to be looked at for their addresses; those that are labelled alike are one."""
        return self._classes.count(selector) + self._unplaced_labels.count(selector)

    @cached_property
    def _most(self) -> int | None:
        """For how many things one selector may be asked, where all selectors together are asked for too many.

        That is decided for all of them at once, so that no answer depends on what was asked before.
        """
        selectors, limit = self._asked(), self.cluster.limits.comparisons
        pairs = len(selectors) * (len(self._members) + len(self._unplaced))
        too_many = pairs > limit and sum(map(self.near, selectors)) > limit
        return max(_FEW, limit // len(selectors)) if too_many else None

    def check_limit(self) -> None:
        """Raises TooManyStepsError where the addresses of some selectors are not known for that."""
        if self._most is not None:
            raise TooManyStepsError(self.cluster.limits.too_many("selectors with labels"))

    def _too_many(self, selector: Selector) -> AddressSet | None:
        """What is known of the addresses of a selector that is asked for too many things: nothing."""
        near = self.near(selector)
        if near <= _FEW or self._most is None or near <= self._most:
            return None
        reason = self.cluster.limits.too_many("selectors with labels")
        return AddressSet(NO_RANGES, EVERYWHERE, f'what "{selector}" selects: {reason}')

    def address_set(self, selector: Selector) -> AddressSet:
        """The addresses of all endpoints and network sets that the selector matches."""
        return self._set_of(selector)

    def excluded_set(self, selector: Selector) -> AddressSet:
        """The same for one by which addresses are left out."""
        return self.address_set(selector)

    def _address_set(self, selector: Selector) -> AddressSet:
        return self._too_many(selector) or self._collect(selector, self._classes.each(selector))

    def _collect(self, selector: Selector, members: Iterable[_Member]) -> AddressSet:
        sure: list[Ranges] = []
        unknown: dict[str, list[Ranges]] = {}
        for member in members:
            answer = holds(selector, member.labels)
            if answer:
                sure.append(member.ranges)
            elif answer is None:
                unknown.setdefault(member.labels.missing, []).append(member.ranges)
        maybe = [
            (union(where), f'{missing + "," if missing else "labels"} for the selector "{selector}"')
            for missing, where in unknown.items()
        ]
        for one in self._unread_sets.few(selector, 1):
            resource = one.resource
            maybe.append((EVERYWHERE, f'not all addresses of {resource.kind} "{resource.name}" could be read'))
        if self._unplaced_labels.any(selector):
            maybe.append((self._unplaced[0].ranges, f"no manifest tells the address of a pod that {selector} selects"))
        if self.unknown_pods != NO_RANGES and holds(selector, ANY_POD) is not False:
            pool = ", nor an IPPool" if self._pod_networks is None else ""
            missing = f"no manifest holds the pod{pool}, if it is one that {selector} selects"
            maybe.append((self.unknown_pods, missing))
        return AddressSet(union(sure), union([where for where, _ in maybe]), reasons=tuple(maybe))

    def named_port(self, selector: Selector, name: str) -> NamedPort:
        """What a port name stands for among the endpoints that the selector matches."""
        return self._port_of(selector, name)

    def _named_port(self, selector: Selector, name: str) -> NamedPort:
        unknown = self._too_many(selector)
        if unknown is not None:
            return NamedPort({}, unknown)
        by_service: dict[tuple[int, int], list[_Member]] = {}
        for member in self._members:
            for port in member.ports:
                protocol = PORT_PROTOCOLS.get(port.protocol)
                if port.name == name and protocol:
                    by_service.setdefault((protocol, port.port), []).append(member)
        declared = {service: self._collect(selector, members) for service, members in by_service.items()}
        pods = self.unknown_pods if holds(selector, ANY_POD) is not False else NO_RANGES
        unplaced = (
            port.name for one in self._unplaced if holds(selector, one.labels) is not False for port in one.ports
        )
        if name in unplaced:
            pods = union([pods, self._unplaced[0].ranges])
        return NamedPort(declared, AddressSet(NO_RANGES, pods, f'no manifest holds the pod and its port "{name}"'))

    @cached_property
    def _services(self) -> Services:
        return Services(self.cluster)

    def service(self, namespace: str | None, name: str) -> Service:
        """The endpoints of a service."""
        return self._services.of(namespace, name)
