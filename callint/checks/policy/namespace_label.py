"""Selectors of pods that ask for labels which namespaces have, and pods do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from callint.calico.defaults import NAMESPACE_NAMES, ORCHESTRATOR_LABEL
from callint.calico.kinds import CHARTS, is_calico
from callint.checks.breach import Breach, object_words
from callint.checks.pod_template import written_pods
from callint.checks.policy.written import Written, written_selectors
from callint.finding import Path, Related, witness
from callint.objects import Cluster, fields
from callint.objects.node import Namespace
from callint.policy import model_of
from callint.selector import Selector, keys
from callint.selector.syntax import Compare, Member, atoms
from callint.source import placeholder

_NAMES = dict(zip(NAMESPACE_NAMES, ("Calico", "Kubernetes"), strict=True))
"""Labels with the name of a namespace, and who gives them (NamespaceToProfile of libcalico-go)."""
_POD = {ORCHESTRATOR_LABEL: "k8s"}
_WITH_PODS = ("apps", "batch", "autoscaling", "policy")
"""API groups of Kubernetes, beside those with its domain, whose objects make no pods, or such as manifests tell."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Selectors by the label with a namespace's name, or, in a rule of a namespaced policy, by another namespace's own.

    The latter where pods of the policy's namespace are known, and neither any pod nor the namespace has the label.
    Takes no parameters.
    """
    pods = _Pods(cluster)
    said: set[tuple[int, Path]] = set()
    for one in written_selectors(cluster):
        if any(name in one.text for name in _NAMES):
            found = _by_name(one, pods)
        else:
            found = _by_label(one, pods) if pods.homes and one.side is not None else None
        if found is not None and (key := (id(one.policy.resource), found.path)) not in said:
            said.add(key)
            yield found


class _Pods:
    """What is known of the labels that selectors of pods can meet."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    @cached_property
    def labels(self) -> frozenset[str]:
        """The keys on anything that a policy can select, or that makes it."""
        cluster = self._cluster
        found = {key for one in model_of(cluster).inventory.endpoints for key in one.labels.known}
        found.update(key for one in cluster.network_sets for key in one.labels)
        for resource, plain in written_pods(cluster):
            found.update(resource.labels, fields.labels(fields.mapping(plain, "metadata")))
        return frozenset(found)

    @cached_property
    def homes(self) -> dict[str, Namespace]:
        """The namespaces of which pods are known, and where nothing else makes any."""
        cluster = self._cluster
        if cluster.incomplete or cluster.holds(*CHARTS) or not self.namespaces:
            return {}
        strangers = {one.namespace for one in cluster.all if _may_make_pods(one.api_version)}
        if None in strangers:
            return {}
        with_pods = {resource.namespace for resource, _ in written_pods(cluster)} - strangers
        return {name: one for name, one in cluster.namespaces.items() if name in with_pods and one in self.namespaces}

    @cached_property
    def namespaces(self) -> list[Namespace]:
        """Those of which the labels are known."""
        return [
            one
            for one in self._cluster.namespaces.values()
            if one.resource.whole and not any(map(placeholder, one.labels.values()))
        ]


def _may_make_pods(api_version: str) -> bool:
    group, slash, _ = api_version.rpartition("/")
    return bool(slash) and not (group in _WITH_PODS or group.endswith(".k8s.io") or is_calico(api_version))


def _by_name(one: Written, pods: _Pods) -> Breach | None:
    """What asks for the name of a namespace, which neither pods nor host endpoints nor network sets have."""
    atom = next((atom for atom in atoms(one.own) if _key(atom) in _NAMES), None)
    key = _key(atom)
    if atom is None or key is None or key in pods.labels:
        return None
    leaves_out = isinstance(atom, (Compare, Member)) and _negates(atom)
    effect = "no pod has it, so that it leaves none out" if leaves_out else "no pod has it"
    subject = one.side is None and one.policy.namespace is not None
    cure = "drop it: the policy applies in its own namespace alone" if subject else "ask for it in `namespaceSelector`"
    message = f'{_who(one)} selects pods by "{key}", a label that {_NAMES[key]} gives to namespaces alone: {effect}'
    return _breach(one, key, message, (), cure)


def _key(atom: Selector | None) -> str | None:
    return getattr(atom, "key", None)


def _negates(atom: Compare | Member) -> bool:
    return atom.negated if isinstance(atom, Member) else atom.operator == "!="


def _by_label(one: Written, pods: _Pods) -> Breach | None:
    """What asks pods of the policy's own namespace for what another namespace has, and neither it nor any pod."""
    assert one.side is not None, "whose pods are meant by the subject, their namespace may tell"
    policy = one.policy
    home = pods.homes.get(policy.resource.namespace or "")
    if home is None or one.side.namespace_selector or policy.staged or not policy.resource.whole:
        return None
    asked = keys(one.own) - _POD.keys()
    if not asked or asked & pods.labels or one.own.matches(_POD) or one.own.matches({**home.labels, **_POD}):
        return None
    meant = next((other for other in pods.namespaces if one.own.matches({**other.labels, **_POD})), None)
    there = meant.labels if meant is not None else {}
    key = min((key for key in asked & there.keys() if home.labels.get(key) != there[key]), default=None)
    if meant is None or key is None:
        return None
    message = (
        f'{_who(one)} selects pods of its own namespace by "{key}", a label that namespace "{meant.name}" has and no '
        "pod: it matches none"
    )
    related = (Related(meant.resource.span("metadata", "labels", key), "a label of the namespace"),)
    return _breach(one, key, message, related, "select the namespace, by `namespaceSelector`")


def _who(one: Written) -> str:
    return ("" if one.side is None else "a rule of ") + object_words(one.policy.resource, one.policy.namespace)


def _breach(one: Written, key: str, message: str, related: tuple[Related, ...], cure: str) -> Breach:
    path, last = one.place(key)
    proof = witness("selector", selector=str(one.own), label=key, verdict="no match")
    return Breach.at(one.policy.resource, path, message, related, proof, cure, key=last)
