"""Selectors of policies held against the labels that there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.calico.defaults import (
    HOST_NETWORK_PODS,
    INHERITED,
    INHERITED_NAMES,
    NAMESPACE_LABEL,
    NAMESPACE_PREFIX,
    ORCHESTRATOR_LABEL,
)
from callint.checks.breach import Breach, Question, asked, unexamined
from callint.checks.hosts.written import selectable_hosts
from callint.checks.pod_template import PodTemplate, pod_templates
from callint.checks.policy.namespace_names import misnamed, mistyped
from callint.checks.policy.written import Written, written_selectors
from callint.checks.vocabulary import Known, Labelled, Vocabulary
from callint.finding import ObjectRef, Related, witness
from callint.objects import Cluster, fields
from callint.objects.policy import Policy
from callint.policy import model_of
from callint.policy.autohep import CREATED_BY
from callint.policy.labels import ADDED, Labels
from callint.policy.selectable import Selectable
from callint.policy.tiers import selector_of
from callint.selector import Selector, SelectorError, keys, parse
from callint.selector.satisfy import Unknown, implies, satisfiable
from callint.selector.syntax import And, Compare, Has, Member, Not, atoms
from callint.steps import Steps

_COMMON = {next(iter(labels)) for labels in HOST_NETWORK_PODS}


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Selectors that fail in one way, which `problem` names.

    `contradiction` (no labels can meet it), `near-miss` (nothing known meets it, and a known label is a letter away),
    `hosts-unselected` (policy for hosts alone that selects none), `network-set` (a policy's subject is a network set),
    `unlabelled-set`, `namespace-name` (a namespace is asked for by a label that it lacks), `host-network` (what it
    matches is on the network of its host, and no endpoint).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _contradiction(cluster: Cluster) -> Iterator[Breach]:
    unknown: dict[ObjectRef, Policy] = {}
    for one in written_selectors(cluster):
        if _may_be_met(one):
            continue
        found = satisfiable(one.selector)
        if isinstance(found, Unknown):
            unknown.setdefault(one.policy.resource.ref, one.policy)
        if found is not None:
            continue
        what = "the policy applies to nothing" if one.subject else "the rule matches nothing"
        yield _breach(one, f"no labels can meet the selector {_quoted(one.text)} in its scope, so that {what}")

    for policy in list(unknown.values())[:1]:
        question = "whether any labels can meet a selector of"
        yield unexamined(question, policy.resource, "it has too many alternatives", len(unknown) - 1)


def _may_be_met(one: Written) -> bool:
    """Whether that is plain to see: it asks one thing each of several labels, none of which its scope asks about."""
    if not one.alone:
        return False
    parts = one.own.operands if isinstance(one.own, And) else (one.own,)
    keys = set(map(_key, parts))
    return len(keys) == len(parts) and keys.isdisjoint((None, NAMESPACE_LABEL))


def _key(part: Selector) -> str | None:
    """The label of which a part asks one thing that can be met; None if it asks for anything else."""
    if isinstance(part, (Compare, Has)) or (isinstance(part, Member) and part.values):
        return part.key
    return part.operand.key if isinstance(part, Not) and isinstance(part.operand, Has) else None


def _quoted(text: str) -> str:
    return f"`{text}`" if '"' in text else f'"{text}"'


def _breach(one: Written, message: str, related: tuple[Related, ...] = (), **facts: Any) -> Breach:
    resource = one.policy.resource
    proof = witness("selector", selector=str(one.selector), **facts)
    return Breach.at(resource, one.path, message, related, proof)


def _subjects(cluster: Cluster) -> list[Known]:
    """Everything that a policy can apply to, pods of templates included."""
    found = [Known(one.labels, one.about.resource) for one in model_of(cluster).inventory.endpoints]
    return [*found, *(Known(one.labels, one.resource) for one in pod_templates(cluster))]


def _selectable(cluster: Cluster, found: list[Known]) -> Selectable[Known]:
    return Selectable(((one.labels, one) for one in found), Steps(cluster, "selectors with labels"))


def _sets(cluster: Cluster) -> list[Known]:
    found = []
    for one in cluster.network_sets:
        labels = {**one.labels, **({NAMESPACE_LABEL: one.namespace} if one.namespace else {})}
        opened = (NAMESPACE_PREFIX,) if one.namespace else ()
        found.append(Known(Labels(labels, opened), one.resource))
    return found


def _near_miss(cluster: Cluster) -> Iterator[Breach]:
    subjects, sets = _subjects(cluster), _sets(cluster)
    pods = [one for one in subjects if ORCHESTRATOR_LABEL in one.labels.known]
    steps = Steps(cluster, "selectors with labels")
    of_calico = {True: Labelled(subjects, steps), False: Labelled([*subjects, *sets], steps)}
    of_kubernetes = Labelled(pods, steps)
    for one in written_selectors(cluster):
        known = of_calico[one.subject] if one.of_calico else of_kubernetes
        slip = known.words.slip(one.own)
        if slip is None or satisfiable(one.selector) is None or known.things.any(one.selector):
            continue
        path, is_key = one.place(slip.key)
        yield Breach.at(
            one.policy.resource,
            path,
            f"{slip.written}, so that the {'policy selects' if one.subject else 'rule matches'} nothing that is known; "
            f'did you mean "{slip.meant}"',
            (Related(slip.bearer.place, f'has "{slip.meant}"'),),
            witness("selector", selector=str(one.selector)),
            key=is_key and slip.value is None,
        )
    yield from mistyped(cluster)


def _hosts_unselected(cluster: Cluster) -> Iterator[Breach]:
    hosts = model_of(cluster).inventory.host_endpoints
    automatic = cluster.of("KubeControllersConfiguration")
    if not hosts or (automatic and not cluster.nodes):
        return
    labels = Vocabulary(Known(one.labels, one.about.resource) for one in hosts)
    selectable = selectable_hosts(cluster)
    for policy in cluster.policies:
        if not (policy.apply_on_forward or policy.early) or policy.staged:
            continue
        # what namespaces and accounts select are pods, and a slip of the pen is said as such
        for_pods = policy.namespace_selector or policy.service_account_selector
        if for_pods or not policy.resource.legible:
            continue
        try:
            selector = selector_of(policy)
        except SelectorError:
            continue
        if (
            satisfiable(selector) is None
            or (not automatic and _of_nodes(selector))
            or selectable.any(selector)
            or labels.slip(parse(policy.selector or "")) is not None
        ):
            continue
        field = "preDNAT" if policy.pre_dnat else "doNotTrack" if policy.do_not_track else "applyOnForward"
        key = "selector" if policy.selector else field
        resource = policy.resource
        yield Breach.at(
            resource,
            ("spec", key),
            f'policy "{policy.name}" has {field}, which concerns host endpoints alone, and '
            f"{_none_of(len(hosts))} known",
            tuple(Related(one.about.resource.span("metadata", "name"), "is not selected") for one in hosts[:3]),
            witness("selector", selector=str(selector), endpoints=()),
        )


def _of_nodes(selector: Selector) -> bool:
    """Whether it asks for what endpoints have that are made for nodes: labels of Kubernetes, or that of their maker."""
    return any(key in CREATED_BY or key.partition("/")[0].endswith("kubernetes.io") for key in keys(selector))


def _none_of(known: int) -> str:
    return "does not select the only one that is" if known == 1 else f"selects none of the {known} that are"


def _network_set(cluster: Cluster) -> Iterator[Breach]:
    if not cluster.network_sets:
        return
    subjects, sets = _selectable(cluster, _subjects(cluster)), _selectable(cluster, _sets(cluster))
    for one in written_selectors(cluster):
        if not one.subject or one.own.matches({}):
            continue
        meant = next((item for item, sure in sets.classes(one.own) if sure), None)
        if meant is None or subjects.any(one.selector):
            continue
        yield _breach(
            one,
            f'the policy selects nothing that is known but {meant.resource.kind} "{meant.resource.name}", and a policy '
            "never applies to a network set: it names the far end, in source or destination of a rule",
            (Related(meant.place, "has the labels"),),
        )


def _host_network(cluster: Cluster) -> Iterator[Breach]:
    """Pods on the network of their host, of manifests or such as nearly every cluster has."""
    steps = Steps(cluster, "selectors with labels")
    on_host = [*_pods_on_host(cluster), *(one for one in pod_templates(cluster) if one.host_network)]
    asking = [one for one in written_selectors(cluster) if on_host or any(map(one.text.__contains__, _COMMON))]
    if not asking:
        return
    outside, everywhere = Selectable(map(_placed, on_host), steps), Selectable(_everywhere(), steps)
    others = [Known(one.labels, one.about.resource) for one in model_of(cluster).inventory.endpoints]
    others += [Known(one.labels, one.resource) for one in pod_templates(cluster) if not one.host_network]
    endpoints = {True: _selectable(cluster, others), False: _selectable(cluster, [*others, *_sets(cluster)])}
    for one in asking:
        if one.own.matches({}) or endpoints[one.subject].any(one.selector):
            continue
        what = "policy applies to" if one.subject else "rule matches"
        pods, common = outside.first(one.selector), everywhere.first(one.selector)
        if pods is not None and _named(one.own, pods.labels.known):
            meant = pods.resource
            yield _breach(
                one,
                f'the {what} nothing that is known but {meant.kind} "{meant.name}", which runs on the network of its '
                "host: it has no endpoint, no selector matches it, and its traffic is the node's own",
                (Related(meant.span("metadata", "name"), "has hostNetwork"),),
                endpoint=meant.name,
            )
        elif common is not None and _named(one.own, common):
            name = next(iter(common.values()))
            yield _breach(
                one,
                f"the {what} nothing that is known but the pods of {name}, which run on the network of their host: "
                "they have no endpoint, no selector matches them, and their traffic is the node's own",
                endpoint=name,
            )


def _everywhere() -> Iterator[tuple[Labels, dict[str, str]]]:
    """Labels of pods on the network of their host that nearly every cluster has in kube-system."""
    scope = {ORCHESTRATOR_LABEL: "k8s", **dict.fromkeys((NAMESPACE_LABEL, *INHERITED_NAMES), "kube-system")}
    for labels in HOST_NETWORK_PODS:
        yield Labels({**labels, **scope}, INHERITED), labels


def _named(selector: Selector, labels: Mapping[str, str]) -> bool:
    """Whether a selector asks for these values alone: where others would do, pods that nobody knows may have them."""
    asked = {atom.key for atom in atoms(selector) if isinstance(atom, (Compare, Has, Member)) and _asks_for(atom)}
    here = sorted(asked & labels.keys())
    return bool(here) and all(implies(selector, Compare(key, "==", labels[key])) for key in here)


def _asks_for(atom: Compare | Has | Member) -> bool:
    return not atom.negated if isinstance(atom, Member) else isinstance(atom, Has) or atom.operator != "!="


def _pods_on_host(cluster: Cluster) -> Iterator[PodTemplate]:
    for resource in cluster.kubernetes("Pod", "v1"):
        if fields.flag(resource.spec, "hostNetwork") and not resource.unreadable("metadata", "labels"):
            yield PodTemplate(resource, Labels(resource.labels), (), True)


def _placed(one: PodTemplate) -> tuple[Labels, PodTemplate]:
    """With the labels that the pods would have as endpoints, as far as manifests tell."""
    known = {**one.labels.known, ORCHESTRATOR_LABEL: "k8s"}
    namespace = one.resource.namespace
    if namespace is None:
        return Labels(known, ADDED), one
    scope = dict.fromkeys((NAMESPACE_LABEL, *INHERITED_NAMES), namespace)
    return Labels({**known, **scope}, INHERITED), one


def _unlabelled_set(cluster: Cluster) -> Iterator[Breach]:
    """Only where rules select anything: without any, the policies are kept elsewhere."""
    if all(one.subject or not one.of_calico for one in written_selectors(cluster)):
        return
    for one in cluster.network_sets:
        resource = one.resource
        if one.labels or resource.unreadable("metadata") or not resource.document.complete:
            continue
        yield Breach.at(
            resource,
            ("metadata", "name"),
            f'{resource.kind} "{resource.name}" has no labels, by which alone rules can single out a network set',
            (),
            witness("selector", selector="none", endpoint=resource.name),
            "give it a label, and select that in source or destination of a rule",
        )


QUESTIONS: dict[str, Question] = {
    "contradiction": _contradiction,
    "near-miss": _near_miss,
    "hosts-unselected": _hosts_unselected,
    "network-set": _network_set,
    "unlabelled-set": _unlabelled_set,
    "namespace-name": misnamed,
    "host-network": _host_network,
}
