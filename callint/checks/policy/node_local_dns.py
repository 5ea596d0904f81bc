"""Pods that ask a cache of names on their own node, where policy lets them ask the pods of the cluster's DNS alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.calico.defaults import NAMESPACE_LABEL
from callint.checks.breach import Breach, Question, asked, unexamined
from callint.checks.pod_template import PodTemplate, pod_templates
from callint.checks.policy.dns_questions import asks, may_be_question
from callint.checks.policy.name_resolution import for_hosts
from callint.checks.policy.node_cache import NodeCache, caches
from callint.checks.policy.own_node import NOT_DROPPED, own_node_dropped
from callint.checks.vocabulary import Known
from callint.finding import Related, witness
from callint.net import intervals
from callint.objects import Cluster
from callint.objects.policy import Entity, Policy
from callint.policy import model_of
from callint.policy.address_inventory import AddressInventory
from callint.policy.labels import holds
from callint.policy.match import entity_selectors
from callint.policy.ranges import PLACE, ranges
from callint.policy.selectable import Selectable
from callint.policy.settings import ebpf_somewhere
from callint.policy.tiers import PlacedPolicy
from callint.selector import Selector
from callint.selector.index import SelectorIndex
from callint.selector.overlap import OverlapIndex
from callint.selector.values import ExhaustedError
from callint.steps import Steps, counted

_OF_CANDIDATE = 2


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """NodeLocal DNSCache where no pod gets past it: it has the address of the cluster's DNS, or kubelets name its own.

    Parameter `problem`: `policy` (egress policies of pods have rules for DNS, and none for the addresses of the cache),
    `host` (Felix drops what pods send to their own node: felix/rules/static.go, filterInputChain).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _host(cluster: Cluster) -> Iterator[Breach]:
    cache, said = next(caches(cluster), None), own_node_dropped(cluster)
    if cache is None or said is None:
        return
    yield Breach.at(
        said.resource,
        said.path,
        f"pods get no answer from {cache.name}, the cache of names on their node: what they send to their own node "
        "is dropped, whatever policy says",
        (cache.place,),
        witness("packet", source="pods", destination=str(cache.addresses[0]), destination_port=53, verdict="drop"),
        NOT_DROPPED,
    )


def _policy(cluster: Cluster) -> Iterator[Breach]:
    """Rules for DNS that are none for the cache."""
    cache = next(caches(cluster), None)
    if cache is None or ebpf_somewhere(cluster):
        return
    model, steps = model_of(cluster), Steps(cluster, "selectors with labels")
    hosts = model.inventory.hosts.within(steps)
    opening = [(one.selector, one) for _, one in model.policies if _opens(one, cache, model.inventory, steps)]
    openers = OverlapIndex(opening, cluster.limits.comparisons)
    left_out = _LeftOut(cluster, opening)
    for tier, one in model.closing("egress"):
        policy = one.policy
        if not _for_dns(policy) or for_hosts(one, hosts):
            continue
        try:
            opened = openers.meets(one.selector)
            left = left_out.first(one.selector) if opened else None
            if left is not None or not opened:
                yield _breach(policy, cache, tier.name, left)
        except ExhaustedError:
            reason = cluster.limits.too_many("selectors")
            yield unexamined("whether the cache of names can be asked by whom is selected by", policy.resource, reason)
            return


class _LeftOut:
    """The pods that are known, of which some may be let ask the cache while others are not."""

    def __init__(self, cluster: Cluster, opening: list[tuple[Selector, PlacedPolicy]]) -> None:
        pods = [Known(one.labels, one.about.resource) for one in model_of(cluster).inventory.workloads]
        pods += [_of_template(one) for one in pod_templates(cluster) if one.resource.namespace and not one.host_network]
        self._pods = Selectable(((one.labels, one) for one in pods), Steps(cluster, "selectors with labels"))
        self._openers = SelectorIndex((selector, selector) for selector, _ in opening)
        self._steps = Steps(cluster, "policies for the cache of names with pods")

    def first(self, selector: Selector) -> Known | None:
        """One that the selector surely matches, and no policy that opens the cache can."""
        for pod, sure in self._pods.classes(selector):
            near = self._openers.candidates(pod.labels.known, pod.labels.present, pod.labels.open)
            if sure and all(holds(other, pod.labels) is False for other in counted(near, self._steps, _OF_CANDIDATE)):
                return pod
        return None


def _of_template(one: PodTemplate) -> Known:
    known = {**one.labels.known, NAMESPACE_LABEL: one.resource.home}
    return Known(one.labels._replace(known=known), one.resource)


def _for_dns(policy: Policy) -> bool:
    """Whether rules with selectors let pods ask the cluster's DNS."""
    allowing = (rule for rule in policy.egress if rule.action == "Allow")
    return any(
        asks(rule, policy) and rule.destination.ports and entity_selectors(rule.destination, policy.namespace)[0]
        for rule in allowing
    )


def _opens(placed: PlacedPolicy, cache: NodeCache, inventory: AddressInventory, steps: Steps) -> bool:
    """Whether a policy may let those whom it selects ask the cache, or leaves them to others that may."""
    policy = placed.policy
    if not policy.tracks("egress"):
        return False
    if not policy.resource.whole:
        return True
    return any(
        rule.opens and may_be_question(rule) and _reaches(rule.destination, policy.namespace, cache, inventory, steps)
        for rule in policy.egress
    )


def _reaches(there: Entity, namespace: str | None, cache: NodeCache, inventory: AddressInventory, steps: Steps) -> bool:
    """Whether the cache is among the destinations of a rule: by its address, for it is no endpoint."""
    if there.services is not None:
        return False
    positive, _ = entity_selectors(there, namespace)
    every = [ranges(there.nets)] if there.nets else []
    if positive is not None:
        steps.spend(inventory.near(positive))
        every.append(inventory.certain(positive))
    return any(
        all(intervals.contains(one[PLACE[address.family]], address.value) for one in every)
        for address in cache.addresses
    )


def _breach(policy: Policy, cache: NodeCache, tier: str, left: Known | None) -> Breach:
    whom = "them" if left is None else f'those of {left.resource.kind} "{left.resource.name}"'
    others = () if left is None else (Related(left.place, "asks it in vain"),)
    resource, path = policy.resource, ("spec", "egress")
    destination = next((one for one in cache.addresses if not one.link_local), cache.addresses[0])
    return Breach.at(
        resource,
        path,
        f'{resource.kind} "{resource.name}" lets pods ask the pods of the cluster\'s DNS, but {cache.answers}, and no '
        f"policy lets {whom} ask it",
        (cache.place, *others),
        witness(
            "packet",
            direction="egress",
            source="any",
            destination=str(destination),
            protocol="udp",
            destination_port=53,
            verdict="drop",
            decided_by=f"end of tier {tier}, or a Deny before it",
        ),
        f"allow UDP and TCP port 53 to {', '.join(map(str, cache.addresses))} as well",
        key=True,
    )


QUESTIONS: dict[str, Question] = {"policy": _policy, "host": _host}
