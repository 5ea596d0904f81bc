"""Host endpoints that kube-controllers makes for every node (controllers/node/hostendpoints.go)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from callint.calico.defaults import ALLOW_ALL_PROFILE
from callint.finding import Path
from callint.net.address import Address
from callint.net.intervals import contains
from callint.net.read import cidr
from callint.objects import Cluster, Resource, fields
from callint.objects.endpoint import HostEndpoint
from callint.policy.labels import Labels, holds
from callint.policy.nodes import all_addresses, node_interfaces
from callint.policy.ranges import EVERYWHERE, PLACE, Ranges, ranges
from callint.record import NamedTuple
from callint.schema.patterns import compiled
from callint.selector import Selector, parse_or_none
from callint.steps import Steps, counted

CREATED_BY = {"projectcalico.org/created-by": "calico-kube-controllers"}
"""The label that shows who made them; they have those of their node besides."""

HOST_ENDPOINT = ("spec", "controllers", "node", "hostEndpoint")
"""Where a KubeControllersConfiguration tells of host endpoints."""
TEMPLATES: Path = (*HOST_ENDPOINT, "templates")

_OF_TEMPLATE, _OF_INTERFACE, _OF_ENDPOINT = 4, 3, 10
"""Steps that it takes to see whether a template is about a node, whether an interface or an address of one fits, and
what an endpoint costs, which is then asked about."""


def made_automatically(cluster: Cluster) -> Iterator[tuple[Resource, dict[str, Any]]]:
    """The configuration that makes host endpoints for every node, with its settings for these."""
    for resource in cluster.of("KubeControllersConfiguration"):
        controllers = fields.mapping(resource.spec, "controllers")
        settings = fields.mapping(fields.mapping(controllers, "node"), "hostEndpoint")
        if resource.name == "default" and fields.text(settings, "autoCreate") == "Enabled":
            yield resource, settings


class _Template(NamedTuple):
    """What `templates` says of further endpoints of a node."""

    nodes: Selector
    nets: Ranges
    labels: dict[str, str]
    name: str
    pattern: str | None

    def added(self, labels: Labels) -> Labels:
        """The labels of a node with those of the template."""
        return labels._replace(known={**labels.known, **self.labels})


def automatic_host_endpoints(cluster: Cluster) -> Iterator[tuple[HostEndpoint, Labels]]:
    """The endpoints that `autoCreate: Enabled` makes, with their labels; they stand at the configuration's place.

    Raises TooManyStepsError.
    """
    steps = Steps(cluster, "templates of host endpoints with nodes")
    for resource, settings in made_automatically(cluster):
        templates = [template for _, template in _templates(settings)]
        for node in cluster.nodes:
            labels = _labels(cluster, node)
            if fields.text(settings, "createDefaultHostEndpoint") != "Disabled":
                addresses = map(str, all_addresses(cluster, node))
                yield _endpoint(resource, f"{node}-auto-hep", node, "*", tuple(addresses)), labels
            for template in counted(templates, steps, _OF_TEMPLATE):
                made = _from_template(cluster, resource, template, node, labels, steps)
                yield from counted(made, steps, _OF_ENDPOINT)


def idle_templates(cluster: Cluster) -> Iterator[tuple[Resource, int, tuple[str, ...]]]:
    """Templates by their numbers that surely make no endpoint, with the nodes that they select.

    All nodes must be known, and of these the facts. Raises TooManyStepsError.
    """
    steps = Steps(cluster, "templates of host endpoints with nodes")
    for resource, settings in made_automatically(cluster) if cluster.nodes_complete else ():
        for index, template in _templates(settings) if resource.whole else ():
            nodes = counted(cluster.nodes, steps, _OF_TEMPLATE)
            answers = {node: holds(template.nodes, _labels(cluster, node)) for node in nodes}
            about = tuple(node for node, answer in answers.items() if answer)
            if None not in answers.values() and all(_makes_none(cluster, template, node, steps) for node in about):
                yield resource, index, about


def _makes_none(cluster: Cluster, template: _Template, node: str, steps: Steps) -> bool:
    """Whether facts show that nothing of the node fits."""
    facts = cluster.facts.get(node)
    if facts is None or not facts.knows("interfaces"):
        return False
    matcher = compiled(template.pattern or "")
    for interface in counted(facts.interfaces or (), steps, _OF_INTERFACE):
        if matcher is None:
            return False
        if not matcher.search(interface.name):
            continue
        found = interface.addresses
        if found is None or not any(template.nets) or _inside([one.bare for one in found], template.nets, steps):
            return False
    return template.pattern is not None or not _inside(all_addresses(cluster, node), template.nets, steps)


def _templates(settings: dict[str, Any]) -> Iterator[tuple[int, _Template]]:
    """The templates that can be read, with their numbers."""
    for index, template in fields.items(settings, "templates"):
        if isinstance(template, dict):
            nets = fields.texts(template, "interfaceCIDRs")
            selector = parse_or_none(fields.text(template, "nodeSelector") or "")
            if selector is None or None in map(cidr, nets):
                continue
            name, pattern = fields.text(template, "generateName") or "", fields.text(template, "interfacePattern")
            yield index, _Template(selector, ranges(nets), fields.labels(template), name, pattern)


def _labels(cluster: Cluster, node: str) -> Labels:
    about = cluster.nodes[node]
    if not about.resources:
        return Labels(CREATED_BY, ("",), frozenset(), f'the labels of node "{node}"')
    return Labels({**about.labels, **CREATED_BY})


def _endpoint(resource: Resource, name: str, node: str, interface: str, addresses: tuple[str, ...]) -> HostEndpoint:
    return HostEndpoint(resource, name, node, interface, addresses, (ALLOW_ALL_PROFILE,), ())


def _from_template(
    cluster: Cluster, resource: Resource, template: _Template, node: str, labels: Labels, steps: Steps
) -> Iterator[tuple[HostEndpoint, Labels]]:
    """One endpoint by addresses in some networks, or one for each interface that a pattern names."""
    if not holds(template.nodes, labels):
        return
    nets, prefix = template.nets, f"{node}-{template.name}"
    if template.pattern is None:
        inside = _inside(all_addresses(cluster, node), nets, steps)
        if inside:
            yield _endpoint(resource, f"{prefix}-auto-hep", node, "", inside), template.added(labels)
        return
    matcher = compiled(template.pattern)
    interfaces = node_interfaces(cluster, node).items() if matcher else ()
    for name, addresses in counted(interfaces, steps, _OF_INTERFACE):
        if matcher and matcher.search(name):
            inside = _inside(addresses or (), nets if any(nets) else EVERYWHERE, steps)
            if inside or not any(nets):
                yield _endpoint(resource, f"{prefix}-{name}-auto-hep", node, name, inside), template.added(labels)


def _inside(addresses: Iterable[Address], nets: Ranges, steps: Steps) -> tuple[str, ...]:
    """The addresses that the networks of a template hold."""
    every = counted(addresses, steps, _OF_INTERFACE)
    return tuple(str(one) for one in every if contains(nets[PLACE[one.family]], one.value))
