"""What selectors demand of pods, without what holds of every pod, and what rules say by selectors alone."""

from __future__ import annotations

from callint.calico.defaults import NAMESPACE_LABEL, ORCHESTRATOR_LABEL
from callint.objects.policy import Policy, Rule
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


def by_labels(rule: Rule) -> bool:
    """Whether the sides of a rule say only who is at the other end, by labels, and to which ports packets go."""
    near, far = rule.ends
    others = far._replace(selector=None, namespace_selector=None, ports=()), near._replace(ports=())
    return not rule.source.ports and all(side.unconditional for side in others)


def named(rule: Rule, policy: Policy) -> Selector | None:
    """Whom a rule selects at the other end, namespaces by one label with their name; None if it may be anybody."""
    found, _ = entity_selectors(rule.ends[1], policy.namespace)
    return None if found is None else rewrite(found, by_namespace)
