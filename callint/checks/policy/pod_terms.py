"""What selectors demand of pods, without what holds of every pod."""

from __future__ import annotations

from callint.calico.defaults import NAMESPACE_LABEL, ORCHESTRATOR_LABEL
from callint.objects.policy import Entity, Policy
from callint.policy.match import entity_selectors
from callint.policy.tiers import by_namespace
from callint.selector import Selector
from callint.selector.rewrite import both, demands, rewrite
from callint.selector.syntax import Compare, Has, Member

_OF_EVERY_POD = {Compare(ORCHESTRATOR_LABEL, "==", "k8s"), Has(NAMESPACE_LABEL)}

Terms = frozenset[Selector]
"""What must hold of pods, all of it."""


def terms(selector: Selector) -> Terms:
    """The parts of a selector; a set of one value is a comparison."""
    return frozenset(map(_compared, demands(selector))) - _OF_EVERY_POD


def _compared(term: Selector) -> Selector:
    if isinstance(term, Member) and len(term.values) == 1 and not term.negated:
        return Compare(term.key, "==", next(iter(term.values)))
    return term


def stripped(selector: Selector) -> Selector:
    """The selector without what holds of every pod."""
    return both(*sorted(terms(selector), key=str))


def named(end: Entity, policy: Policy) -> Selector | None:
    """Whom one side of a rule selects, namespaces by one label of all with their name; None if it may be anybody."""
    found, _ = entity_selectors(end, policy.namespace)
    return None if found is None else rewrite(found, by_namespace)
