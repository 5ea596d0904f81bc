"""Policies that apply to more, less or other endpoints than their author meant, by what they select."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.calico.kinds import CHARTS
from callint.checks.breach import Breach, Question, asked
from callint.checks.hosts.written import selectable_hosts
from callint.checks.pod_template import pod_templates
from callint.checks.policy.for_everything import enforced, reaches_hosts, reaches_pods, shown, subject_in_rule
from callint.finding import Related, counted, witness
from callint.objects import Cluster
from callint.objects.policy import Policy
from callint.policy import model_of
from callint.policy.autohep import CREATED_BY, made_automatically
from callint.policy.labels import Labels
from callint.policy.match import namespaces
from callint.policy.selectable import Selectable
from callint.policy.tiers import selects_pods_alone
from callint.selector import Selector, parse_or_none
from callint.selector.syntax import ALL
from callint.steps import Steps


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Policies whose scope is not what it seems, in one way, which `problem` names.

    `reaches-hosts` (no selector, not for hosts, and host endpoints exist), `reaches-pods` (for forwarded traffic of
    hosts, and no selector), `namespaces-and-hosts` (a selector of namespaces or accounts that selects host endpoints),
    `pods-only` (before NAT or untracked, which is for hosts, and selects pods alone), `forward-pods-only` (for
    forwarded traffic of hosts, and selects pods alone), `hosts-kept-out` (known hosts alone have the labels, and a
    selector of namespaces leaves them out), `untracked-wildcard`, `subject-in-rule` (rules name the subject, the policy
    selects everything).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _namespaces_and_hosts(cluster: Cluster) -> Iterator[Breach]:
    hosts = selectable_hosts(cluster)
    automatic = None if cluster.nodes else next((one for one, _ in made_automatically(cluster)), None)
    for policy, selector in enforced(cluster):
        if not (policy.namespace_selector or policy.service_account_selector) or policy.apply_on_forward:
            continue
        selected = hosts.surely(selector)
        if selected:
            whom, related = counted(len(selected), "HostEndpoint"), shown(selected, "is selected")
        elif automatic is not None and not policy.selector and selector.matches(CREATED_BY):
            whom = "the HostEndpoints of all nodes"
            related = (Related(automatic.span("metadata", "name"), "makes them for every node"),)
        else:
            continue
        resource = policy.resource
        what, key = "namespace", "namespaceSelector"
        if not policy.namespace_selector:
            what, key = "service account", "serviceAccountSelector"
        yield Breach.at(
            resource,
            ("spec", key),
            f'{key} of policy "{policy.name}" selects {whom} as well: none has a '
            f"{what}, and a negation is true of what has no such label",
            related,
            witness("selector", selector=str(selector), endpoints=tuple(one.about.name for one in selected[:5])),
            f"add `selector: all()`, which beside a {key} leaves host endpoints out",
        )


def _pods_only(cluster: Cluster) -> Iterator[Breach]:
    for policy, selector in enforced(cluster):
        if policy.early:
            field = "preDNAT" if policy.pre_dnat else "doNotTrack"
            yield from _on_pods(policy, selector, field, "it is without any effect")


def _forward_pods_only(cluster: Cluster) -> Iterator[Breach]:
    for policy, selector in enforced(cluster):
        if policy.apply_on_forward and not policy.early:
            yield from _on_pods(policy, selector, "applyOnForward", "its rules apply to these as they do without it")


def _on_pods(policy: Policy, selector: Selector, field: str, effect: str) -> Iterator[Breach]:
    if not selects_pods_alone(selector):
        return
    resource = policy.resource
    key = next((name for name in ("namespaceSelector", "serviceAccountSelector") if name in resource.spec), "selector")
    yield Breach.at(
        resource,
        ("spec", key),
        f'policy "{policy.name}" has {field}, which is for host endpoints, and selects pods alone: {effect}',
        (Related(resource.span("spec", field), "is for host endpoints"),),
        witness("selector", selector=str(selector), endpoints=()),
    )


def _hosts_kept_out(cluster: Cluster) -> Iterator[Breach]:
    """Policies for pods of namespaces of which some are known, and not one with labels that host endpoints have."""
    hosts, steps = selectable_hosts(cluster), Steps(cluster, "selectors with labels")
    labels = [one.labels for one in model_of(cluster).inventory.workloads]
    labels += [one.labels for one in pod_templates(cluster)]
    pods = Selectable(((one, one) for one in labels), steps)
    for policy, selector in enforced(cluster) if hosts and pods and not cluster.holds(*CHARTS) else ():
        if policy.namespace is not None or not policy.of_pods or policy.apply_on_forward or policy.early:
            continue
        own = parse_or_none(policy.selector or "")
        if own is None or own == ALL or not selects_pods_alone(selector):
            continue
        matched = hosts.few(own, 3, surely=True) if not pods.any(own) else []
        if not matched or not _some_around(policy, pods):
            continue
        key = "namespaceSelector" if policy.namespace_selector else "serviceAccountSelector"
        yield Breach.at(
            policy.resource,
            ("spec", key),
            f'policy "{policy.name}" selects nothing that is known: its selector matches HostEndpoint '
            f'"{matched[0].about.name}" and no pod, and {key} leaves host endpoints out, which are in no namespace',
            shown(matched, "has the labels"),
            witness("selector", selector=str(selector), endpoints=()),
            f"drop {key}, if host endpoints are meant",
        )


def _some_around(policy: Policy, pods: Selectable[Labels]) -> bool:
    """Whether any pods are known of the namespaces that a policy selects."""
    text = policy.namespace_selector
    return text is None or (parse_or_none(text) is not None and bool(pods.few(namespaces(text), 1, surely=True)))


def _untracked_wildcard(cluster: Cluster) -> Iterator[Breach]:
    hosts = model_of(cluster).inventory.host_endpoints
    steps = Steps(cluster, "selectors with labels")
    wild = Selectable(((one.labels, one) for one in hosts if one.about.interface == "*"), steps)
    others = Selectable(((one.labels, one) for one in hosts if one.about.interface != "*"), steps)
    for policy, selector in enforced(cluster):
        if not policy.do_not_track or others.any(selector):
            continue
        selected = wild.few(selector, 5)
        if not selected:
            continue
        resource = policy.resource
        yield Breach.at(
            resource,
            ("spec", "doNotTrack"),
            f'policy "{policy.name}" has doNotTrack and selects nothing but endpoints of all interfaces, which Felix '
            "gives no untracked policy: it is without effect",
            shown(selected, 'is for "*"'),
            witness("selector", selector=str(selector), endpoints=tuple(one.about.name for one in selected)),
            "make HostEndpoints that name their interface, with the same labels and profiles",
        )


QUESTIONS: dict[str, Question] = {
    "reaches-hosts": reaches_hosts,
    "reaches-pods": reaches_pods,
    "namespaces-and-hosts": _namespaces_and_hosts,
    "pods-only": _pods_only,
    "forward-pods-only": _forward_pods_only,
    "hosts-kept-out": _hosts_kept_out,
    "untracked-wildcard": _untracked_wildcard,
    "subject-in-rule": subject_in_rule,
}
