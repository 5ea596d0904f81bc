"""Rules that ask with a namespaceSelector for global network sets, which are in no namespace."""

from __future__ import annotations

from collections.abc import Iterator

from callint.checks.breach import Breach, object_words
from callint.checks.pod_template import known_pods
from callint.checks.policy.written import Written, written_selectors
from callint.finding import Related, witness
from callint.objects import Cluster, Resource
from callint.objects.policy import Entity
from callint.policy import model_of
from callint.policy.labels import Labels
from callint.policy.selectable import Selectable
from callint.steps import Steps


def sets_in_namespaces(cluster: Cluster) -> Iterator[Breach]:
    """Rules that match nothing known, and without their namespaceSelector a global network set that no rule sees.

    Calico makes of `all()` there what has a namespace (updateprocessors/rules.go GetEntityRuleSelector).
    """
    global_sets = [one for one in cluster.network_sets if one.namespace is None and one.resource.whole]
    asking = [one for one in written_selectors(cluster) if one.side is not None and not one.policy.staged]
    within = [(one, one.side) for one in asking if one.side and one.side.namespace_selector and one.of_calico]
    if not global_sets or not within:
        return
    steps, inventory = Steps(cluster, "selectors with labels"), model_of(cluster).inventory
    meant = Selectable([(Labels(one.labels), one) for one in global_sets], steps)
    known = [one.within(steps) for one in (inventory.network_sets, inventory.hosts, known_pods(cluster))]
    seen: set[str] | None = None
    for one, side in within:
        if not one.policy.resource.whole or one.own.matches({}):
            continue
        found = meant.first(one.own)
        if found is None or any(things.any(one.selector) for things in known):
            continue
        if seen is None:
            seen = {each.resource.name for other in asking for each in meant.surely(other.selector)}
        if found.resource.name not in seen:
            yield _breach(one, side, found.resource)


def _breach(one: Written, side: Entity, meant: Resource) -> Breach:
    whose = object_words(one.policy.resource, one.policy.namespace)
    return Breach.at(
        one.policy.resource,
        (*side.path, "namespaceSelector"),
        f"a rule of {whose} selects by labels of {object_words(meant, None)}, but its namespaceSelector leaves that "
        "out: the set is in no namespace",
        (Related(meant.span("metadata", "name"), "has the labels, and no namespace"),),
        witness("selector", selector=one.text, endpoint=meant.name, verdict="no match"),
        "write `namespaceSelector: global()`",
    )
