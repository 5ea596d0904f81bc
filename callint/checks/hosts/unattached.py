"""Nodes to none of whose interfaces the eBPF dataplane attaches its programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.calico.defaults import BPF_DATA_INTERFACE_PATTERN
from callint.checks.breach import Breach, all_names
from callint.facts import Interface, NodeFacts
from callint.finding import Path, Related, Span, witness
from callint.objects import Cluster, Resource, fields
from callint.policy import model_of
from callint.policy.doubt import UndecidedError
from callint.policy.interfaces import matches_pattern
from callint.policy.links import is_host_interface
from callint.policy.settings import Settings

_MOST_SHOWN = 5
_DATAPLANE: Path = ("spec", "calicoNetwork", "linuxDataplane")


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Nodes of which facts list interfaces that `bpfDataIfacePattern` and `bpfL3IfacePattern` all pass over.

    A bridge, a bond or a VLAN may be served by what is below it, so that one name that fits is enough
    (felix/dataplane/linux/bpf_ep_mgr.go). Takes no parameters.
    """
    found: dict[Span, list[tuple[NodeFacts, tuple[str, ...]]]] = {}
    places: dict[Span, tuple[Resource, Path] | None] = {}
    for facts in cluster.facts.values():
        settings = model_of(cluster).at(facts.node).settings
        if not settings.ebpf or not facts.knows("interfaces"):
            continue
        own = [one for one in facts.interfaces or () if is_host_interface(cluster, facts.node, one.name)]
        if any(one.addresses for one in own) and not _attached(settings, own):
            at = _place(cluster, settings)
            span = facts.span if at is None else at[0].span(*at[1])
            places[span] = at
            found.setdefault(span, []).append((facts, tuple(one.name for one in own)))
    for span, several in found.items():
        yield _breach(places[span], span, several)


def _attached(settings: Settings, interfaces: list[Interface]) -> bool:
    """Whether eBPF takes any of the interfaces for a link to others, or perhaps does."""
    try:
        patterns = (
            settings.text("bpfDataIfacePattern", BPF_DATA_INTERFACE_PATTERN),
            settings.text("bpfL3IfacePattern", ""),
        )
    except UndecidedError:
        return True
    return any(pattern and matches_pattern(pattern, one.name) for pattern in patterns for one in interfaces)


def _place(cluster: Cluster, settings: Settings) -> tuple[Resource, Path] | None:
    """The pattern, or what chooses the dataplane."""
    said = settings.said("bpfDataIfacePattern") or settings.said("bpfEnabled")
    if said is not None:
        return said.resource, said.path
    chosen = (one for one in cluster.installations if fields.at(one.plain, _DATAPLANE) == "BPF")
    return next(((one, _DATAPLANE) for one in chosen), None)


def _breach(at: tuple[Resource, Path] | None, span: Span, several: list[tuple[NodeFacts, tuple[str, ...]]]) -> Breach:
    (facts, names), *more = several
    others = f" and {len(more)} more" if more else ""
    message = (
        f'the eBPF dataplane attaches to no interface of node "{facts.node}"{others}: of '
        f"{', '.join(names[:_MOST_SHOWN])} neither bpfDataIfacePattern nor bpfL3IfacePattern matches any"
    )
    related = tuple(Related(one.span, "its facts list all interfaces") for one, _ in several[:3])
    proof = witness("interface", node=facts.node, **all_names(names))
    if at is None:
        return Breach(message, span, related=related, witness=proof)
    return Breach.at(*at, message, related, proof, "set bpfDataIfacePattern so that it matches them")
