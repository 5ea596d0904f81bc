"""Rules of namespaced policies that mean what is outside of their namespace, and do not see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from callint.calico.defaults import CLUSTER_DNS, KUBERNETES_NAME_LABEL, NAME_LABEL, NAMESPACE_LABEL
from callint.calico.kinds import is_calico
from callint.checks.breach import Breach, object_words
from callint.checks.pod_template import all_pods
from callint.checks.policy.dns_questions import may_be_question
from callint.checks.policy.written import Written, written_selectors
from callint.finding import Path, Related, witness
from callint.net.enclosing import Enclosing
from callint.net.read import prefixes
from callint.objects import Cluster, Resource, fields
from callint.objects.first_pools import networks_of_pods
from callint.objects.policy import Entity, Policy
from callint.policy import model_of
from callint.policy.labels import Labels
from callint.policy.match import entity_selectors
from callint.policy.selectable import Selectable
from callint.record import NamedTuple
from callint.selector import Selector, keys
from callint.selector.satisfy import implies
from callint.selector.syntax import Compare
from callint.steps import Steps


class _Thing(NamedTuple):
    """Something that a selector may mean; `namespace` None: it is in none."""

    resource: Resource
    namespace: str | None

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return object_words(self.resource, self.namespace)


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Selectors of rules, without namespaceSelector, that match something elsewhere and nothing in their namespace.

    Others than global network sets are meant only where pods of the policy's own namespace are known, none of which may
    match. The pods of the cluster's DNS are known without manifests.
    """
    things = _Things(cluster)
    said: set[tuple[int, Path]] = set()
    for policy, there, found in _resolvers(cluster, things):
        said.add((id(policy.resource), there.path))
        yield _unasked(policy, there, found)
    if cluster.holds("ServiceAccount"):
        from callint.checks.policy.account_scope import accounts_elsewhere

        yield from accounts_elsewhere(cluster)
    yield from _excluding(cluster)
    if cluster.holds("GlobalNetworkSet"):
        from callint.checks.policy.set_scope import sets_in_namespaces

        yield from sets_in_namespaces(cluster)
    for one in written_selectors(cluster) if things.elsewhere else ():
        policy, side = one.policy, one.side
        if policy.namespace is None or policy.staged or not policy.resource.whole:
            continue
        if side is None or side.namespace_selector or one.own.matches({}):
            continue
        if (id(policy.resource), side.path) in said:
            continue
        meant = things.meant(policy, policy.namespace, one.own)
        if meant is not None:
            yield _breach(one, meant)


def _excluding(cluster: Cluster) -> Iterator[Breach]:
    """Networks of which a rule leaves out some by labels, and so means nothing but endpoints of its own namespace.

    Where networks are all of pods, or the namespace has network sets, these may be meant.
    """
    pools: Enclosing[None] | None = None
    with_sets = {one.namespace for one in cluster.network_sets}
    for policy in cluster.policies:
        if policy.namespace is None or policy.staged or not policy.resource.whole or policy.namespace in with_sets:
            continue
        for there in policy.sides():
            if there.not_selector is None or not there.nets or not _by_nets(there):
                continue
            if pools is None:
                pools = Enclosing((net, None) for net in networks_of_pods(cluster))
            beyond = [net for net in prefixes(there.nets) if not pools.of(net)]
            if beyond:
                yield _left_out(policy, there, str(beyond[0]))


def _by_nets(there: Entity) -> bool:
    """Whether nothing but networks, ports and a notSelector says whom an end of a rule is about."""
    return there._replace(not_selector=None, nets=(), not_nets=(), ports=(), not_ports=()).unconditional


def _left_out(policy: Policy, there: Entity, net: str) -> Breach:
    return Breach.at(
        policy.resource,
        (*there.path, "notSelector"),
        f"a rule of {object_words(policy.resource, policy.namespace)} has notSelector beside nets, and without "
        f"namespaceSelector that sees its own namespace alone: of {net} the rule means addresses of pods there, and no "
        "others",
        (Related(policy.resource.span(*there.path, "nets", key=True), "is not meant as a whole"),),
        witness("selector", selector=there.not_selector or "", verdict="no match"),
        "leave out addresses by notNets, or by a rule for those who have the labels in front of this one",
    )


def _breach(one: Written, meant: _Thing) -> Breach:
    policy, where = one.policy, "no namespace" if meant.namespace is None else "another namespace"
    return Breach.at(
        policy.resource,
        one.path,
        f"a rule of {object_words(policy.resource, policy.namespace)} selects by labels of {meant.name}, but without "
        "namespaceSelector it sees its own namespace alone",
        (Related(meant.resource.span("metadata", "name"), f"has the labels, and {where}"),),
        witness("selector", selector=one.text, endpoint=meant.resource.name, verdict="no match"),
        f"add `namespaceSelector: {_scope(one.of_calico, meant.namespace)}` beside the selector",
    )


def _scope(of_calico: bool, namespace: str | None) -> str:
    """What selects a namespace by its name."""
    if namespace is None:
        return "global()"
    name = f"{NAME_LABEL} == '{namespace}'"
    return name if of_calico else f"{{matchLabels: {{{KUBERNETES_NAME_LABEL}: {namespace}}}}}"


def _resolvers(cluster: Cluster, things: _Things) -> Iterator[tuple[Policy, Entity, tuple[str, str, str]]]:
    """Questions for names that a rule lets go to the pods of the cluster's DNS, in a namespace where these are not."""
    for _, placed in model_of(cluster).policies:
        policy, namespace, resource = placed.policy, placed.policy.namespace, placed.policy.resource
        unsaid = resource.namespace is None  # who applies it says where it goes
        if namespace is None or unsaid or policy.staged or not resource.whole:
            continue
        said: set[Path] = set()
        for rule in policy.egress:
            there = rule.destination
            if not there.selector or there.namespace_selector or there.path in said or not may_be_question(rule):
                continue
            selector, _ = entity_selectors(there, namespace)
            found = None if selector is None or things.at_home(namespace, selector) else _answering(selector, namespace)
            if found is not None:
                said.add(there.path)
                yield policy, there, found


def _answering(selector: Selector, namespace: str) -> tuple[str, str, str] | None:
    """The pods of a cluster's DNS that a selector asks for by their label, as (namespace, label, value)."""
    for found in CLUSTER_DNS:
        if found[0] != namespace and implies(selector, Compare(found[1], "==", found[2])):
            return None if any(one[0] == namespace for one in CLUSTER_DNS) else found
    return None


def _unasked(policy: Policy, there: Entity, found: tuple[str, str, str]) -> Breach:
    of_calico = is_calico(policy.resource.api_version)
    path = (*there.path, "selector" if of_calico else "podSelector")
    elsewhere, key, value = found
    return Breach.at(
        policy.resource,
        path,
        f"a rule of {object_words(policy.resource, policy.namespace)} selects the pods of the cluster's DNS by "
        f'"{key}", but without namespaceSelector it sees its own namespace alone, and they are in "{elsewhere}"',
        (),
        witness("selector", selector=f"{key} == '{value}'", endpoint=f"the pods of {elsewhere}", verdict="no match"),
        f"add `namespaceSelector: {_scope(of_calico, elsewhere)}` beside the selector",
    )


def _home(resource: Resource) -> str | None:
    """The namespace of a network set; one that it only lands in where nobody says another is not known."""
    told = fields.text(fields.mapping(resource.plain, "metadata"), "namespace") is not None
    return resource.namespace if told or resource.namespace != "default" else None


class _Things:
    """Network sets, host endpoints and pods by namespace, those that something makes of templates included."""

    def __init__(self, cluster: Cluster) -> None:
        self._inside: dict[str | None, list[tuple[Labels, _Thing]]] = {}
        self._of = cache(self._inside_of)
        self._with_pods: set[str] = set()
        sets = [(Labels(one.labels), _Thing(one.resource, None)) for one in cluster.network_sets if not one.namespace]
        self._steps = Steps(cluster, "selectors with labels")
        self._sets = Selectable(sets, self._steps)
        for one in cluster.network_sets:
            if one.namespace is not None:
                self._add(_home(one.resource), Labels(one.labels), one.resource)
        for labels, resource in all_pods(cluster):
            self._add(resource.namespace, labels, resource)
            if resource.namespace is not None:
                self._with_pods.add(resource.namespace)
        others = [pair for namespace, pairs in self._inside.items() if namespace is not None for pair in pairs]
        hosts = (one for one in model_of(cluster).inventory.host_endpoints if one.about.expected_ips)
        bearers = ((one.labels, _Thing(one.about.resource, None)) for one in hosts)
        self._others = Selectable([*bearers, *others], self._steps)
        self.elsewhere = bool(sets or self._with_pods)

    def _add(self, namespace: str | None, labels: Labels, resource: Resource) -> None:
        self._inside.setdefault(namespace, []).append((labels, _Thing(resource, namespace)))

    def meant(self, policy: Policy, namespace: str, selector: Selector) -> _Thing | None:
        """What a selector of a namespace's policy surely means elsewhere, and what surely is not at home."""
        found = self._sets.first(selector)
        if found is None and policy.resource.namespace not in self._with_pods:
            return None
        if NAMESPACE_LABEL in keys(selector) or self.at_home(namespace, selector):
            return None
        return found or self._others.first(selector)

    def at_home(self, namespace: str, selector: Selector) -> bool:
        """Whether something known in a namespace matches, or may."""
        return self._of(namespace).any(selector)

    def _inside_of(self, namespace: str) -> Selectable[_Thing]:
        return Selectable((*self._inside.get(namespace, ()), *self._inside.get(None, ())), self._steps)
