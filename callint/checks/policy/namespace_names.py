"""Namespaces that policies ask for by name, and that do not answer to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from callint.calico.defaults import NAMESPACE_NAMES
from callint.checks.breach import Breach
from callint.finding import Path, Related, witness
from callint.objects import Cluster
from callint.objects.policy import Policy
from callint.policy.tiers import policies_of
from callint.selector import Selector, SelectorError, parse
from callint.selector.syntax import Compare, Member, atoms
from callint.validate.values import dns_label

_WRITTEN_OUT = r"[A-Za-z0-9._-]+"
"""A value in which no later step puts anything in the place of a variable."""


def misnamed(cluster: Cluster) -> Iterator[Breach]:
    """Labels for the name of a namespace that it lacks, and names that no namespace can have."""
    for policy in policies_of(cluster):
        for path, text in dict(_namespace_selectors(policy)).items():
            yield from _by_name(cluster, policy, path, text)


def _namespace_selectors(policy: Policy) -> Iterator[tuple[Path, str]]:
    """Where they stand, repeatedly where several rules stand for one of Kubernetes' own."""
    if policy.namespace_selector:
        yield ("spec", "namespaceSelector"), policy.namespace_selector
    for entity in policy.sides():
        if entity.namespace_selector:
            yield (*entity.path, "namespaceSelector"), entity.namespace_selector


def _by_name(cluster: Cluster, policy: Policy, path: Path, text: str) -> Iterator[Breach]:
    try:
        found = atoms(parse(text))
    except SelectorError:
        return
    for atom in found:
        yield from _impossible(policy, path, text, atom)
        if not (isinstance(atom, Compare) and atom.operator == "==" and atom.key in ("name", "namespace")):
            continue
        about = cluster.namespaces.get(atom.value)
        bearers = [one for one in cluster.namespaces.values() if atom.key in one.labels]
        if about is None or bearers or about.resource.unreadable("metadata"):
            continue
        resource = policy.resource
        yield Breach.at(
            resource,
            path,
            f'the label "{atom.key}" is on no namespace, "{atom.value}" lacks it too: the name of a namespace '
            'is the value of "kubernetes.io/metadata.name"',
            (Related(about.resource.span("metadata", "name"), "the namespace"),),
            witness("selector", selector=text, namespace=atom.value, labels=tuple(sorted(about.labels))),
        )


def _impossible(policy: Policy, path: Path, text: str, atom: Selector) -> Iterator[Breach]:
    """Names that no namespace can have, among those that are asked for as a whole or left out."""
    names: tuple[str, ...] = ()
    if isinstance(atom, Member) and atom.key in NAMESPACE_NAMES:
        names = tuple(atom.values)
    elif isinstance(atom, Compare) and atom.key in NAMESPACE_NAMES and atom.operator in ("==", "!="):
        names = (atom.value,)
    for name in names:
        if re.fullmatch(_WRITTEN_OUT, name) and dns_label(name) is not None:
            yield Breach.at(
                policy.resource,
                path,
                f'no namespace can be named "{name}": names are made of small letters, digits and "-"',
                (),
                witness("selector", selector=text, namespace=name, verdict="no match"),
            )
