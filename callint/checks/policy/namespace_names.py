"""Namespaces that policies ask for by labels, and that do not answer to them."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from itertools import islice

from callint.calico.defaults import NAME_LABEL, NAMESPACE_NAMES
from callint.checks.breach import Breach
from callint.checks.vocabulary import Known, Labelled
from callint.finding import Path, Related, witness
from callint.objects import Cluster, Resource
from callint.objects.node import Namespace
from callint.objects.policy import Policy
from callint.policy.labels import Labels
from callint.policy.tiers import policies_of
from callint.selector import Selector, parse_or_none
from callint.selector.syntax import Compare, Member, atoms
from callint.steps import Steps
from callint.validate.values import dns_label

_MOST_LABELS = 20
_WRITTEN_OUT = r"[A-Za-z0-9._-]+"
"""A value in which no later step puts anything in the place of a variable."""


def misnamed(cluster: Cluster) -> Iterator[Breach]:
    """Labels for the name of a namespace that it lacks, and names that no namespace can have."""
    known = cluster.namespaces
    lacking = {"name", "namespace"}.difference(*(one.labels for one in known.values()))
    for policy in policies_of(cluster):
        for path, text in dict(_namespace_selectors(policy)).items():
            yield from _by_name(known, lacking, policy, path, text)


def mistyped(cluster: Cluster) -> Iterator[Breach]:
    """Selectors that no known namespace meets, and one has a label that is a slip of the pen away.

    Where not all namespaces are known, `team-b` may be the label of another one than that of `team-a`, and where there
    is an object in one, it exists, whether anybody wrote it down or not.
    """
    named = ((one, {NAME_LABEL: one.name, **one.labels}) for one in cluster.namespaces.values() if _whole(one.resource))
    known = [Known(Labels(labels), one.resource) for one, labels in named]
    if not known:
        return
    labelled = Labelled(known, Steps(cluster, "selectors with labels"))
    homes = {one.namespace for one in cluster.all}
    for policy in policies_of(cluster):
        for path, text in dict(_namespace_selectors(policy)).items():
            selector = parse_or_none(text)
            slip = None if selector is None else labelled.missed(selector)
            if slip is not None and not (slip.key in NAMESPACE_NAMES and slip.word in homes):
                yield Breach.at(
                    policy.resource,
                    path,
                    f'{slip.written}, so that no namespace that is known is meant; did you mean "{slip.meant}"',
                    (Related(slip.bearer.place, f'has "{slip.meant}"'),),
                    witness("selector", selector=text, namespaces=()),
                )


def _whole(resource: Resource) -> bool:
    return not resource.unreadable("metadata")


def _namespace_selectors(policy: Policy) -> Iterator[tuple[Path, str]]:
    """Where they stand, repeatedly where several rules stand for one of Kubernetes' own."""
    if policy.namespace_selector:
        yield ("spec", "namespaceSelector"), policy.namespace_selector
    for entity in policy.sides():
        if entity.namespace_selector:
            yield (*entity.path, "namespaceSelector"), entity.namespace_selector


def _by_name(
    known: Mapping[str, Namespace], lacking: Container[str], policy: Policy, path: Path, text: str
) -> Iterator[Breach]:
    """Labels that are on no namespace, and taken for its name."""
    selector = parse_or_none(text)
    for atom in atoms(selector) if selector is not None else ():
        yield from _impossible(policy, path, text, atom)
        key, value = _one_value(atom)
        about = known.get(value) if key in lacking else None
        if about is None or not _whole(about.resource):
            continue
        resource = policy.resource
        yield Breach.at(
            resource,
            path,
            f'the label "{key}" is on no namespace, "{value}" lacks it too: the name of a namespace '
            'is the value of "kubernetes.io/metadata.name"',
            (Related(about.resource.span("metadata", "name"), "the namespace"),),
            witness("selector", selector=text, namespace=value, labels=sorted(islice(about.labels, _MOST_LABELS))),
        )


def _one_value(atom: Selector) -> tuple[str, str]:
    """The label and the one value that it must have."""
    if isinstance(atom, Compare) and atom.operator == "==":
        return atom.key, atom.value
    if isinstance(atom, Member) and not atom.negated and len(atom.values) == 1:
        return atom.key, min(atom.values)
    return "", ""


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
