"""Services with what is known of the pods behind them, and the rules of a policy that let packets out to these."""

from __future__ import annotations

from collections.abc import Iterable

from callint.checks.policy.opened_ports import ANY, Ports, meet, opened
from callint.net import intervals
from callint.net.ports import parse_protocol
from callint.objects import Resource, fields
from callint.objects.policy import Entity, Policy, Rule
from callint.objects.service import service_ports
from callint.policy.labels import pod_in
from callint.policy.match import entity_selectors
from callint.record import NamedTuple
from callint.selector import Selector, SelectorError
from callint.selector.overlap import OverlapIndex
from callint.selector.rewrite import both
from callint.selector.satisfy import overlaps
from callint.selector.syntax import Compare
from callint.selector.values import Budget

_EVERY_PORT = ((0, 65535),)
_OF_RULE = 10
"""Steps that it takes to see whether a rule is about some pods."""


class Behind(NamedTuple):
    """A service, by namespace and name, that selects pods: what all of them match, and the ports at which they listen.

    A port that the service calls by a name may be any.
    """

    name: tuple[str | None, str]
    pods: Selector
    ports: Ports


def behind(service: Resource) -> Behind | None:
    """What a Service says of the pods behind it; None for one that selects none."""
    chosen = fields.labels(service.spec, "selector")
    if not chosen:
        return None
    known = pod_in(service.home, chosen).known
    ports: Ports = {}
    for port in service_ports(service):
        protocol = parse_protocol(port.protocol)
        target = _EVERY_PORT if isinstance(port.target, str) else ((port.target, port.target),)
        ports[protocol] = intervals.union(ports.get(protocol, ()), target)
    pods = both(*(Compare(key, "==", value) for key, value in known.items()))
    return Behind((service.home, service.name), pods, ports or {ANY: _EVERY_PORT})


class Allowed:
    """The rules of a policy that let packets out and name no networks."""

    def __init__(self, policy: Policy, budget: Budget) -> None:
        """Nothing is asked yet."""
        self.policy = policy
        self._services: set[tuple[str | None, str]] = set()
        self._budget = budget
        self._answers: dict[int, bool] = {}
        anybody: list[Rule] = []
        selecting: list[tuple[Selector, tuple[Selector, Rule]]] = []
        for rule in policy.egress:
            there = rule.destination
            if rule.action != "Allow" or there.nets:
                continue
            selector = _selector(there, policy.namespace)
            if there.services is not None:
                self._services.add((there.services.namespace, there.services.name))
            elif selector is None:
                anybody.append(rule)
            else:
                selecting.append((selector, (selector, rule)))
        self._to_anybody = opened(anybody)
        self._selecting = OverlapIndex(selecting)

    def anybody(self, rules: Iterable[Rule]) -> bool:
        """Whether what some rules allow may go to anybody."""
        return meet(self._to_anybody, opened(rules))

    def may_reach(self, service: Behind) -> bool:
        """Whether packets may go to the pods of a service, of which many rules may ask; raises ExhaustedError."""
        found = self._answers.get(id(service))
        if found is None:
            found = self._answers[id(service)] = self._reaches(service)
        return found

    def _reaches(self, service: Behind) -> bool:
        self._budget.spend(_OF_RULE)
        if service.name in self._services or meet(self._to_anybody, service.ports):
            return True
        return any(self._meets(rule, selector, service) for selector, rule in self._selecting.candidates(service.pods))

    def _meets(self, rule: Rule, selector: Selector, service: Behind) -> bool:
        self._budget.spend(_OF_RULE)
        return meet(opened([rule]), service.ports) and overlaps(selector, service.pods, self._budget) is not False


def _selector(there: Entity, namespace: str | None) -> Selector | None:
    """What selects an end; None for anybody, which is also who may be meant where a selector cannot be read."""
    try:
        return entity_selectors(there, namespace)[0]
    except SelectorError:
        return None
