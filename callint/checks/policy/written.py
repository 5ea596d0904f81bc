"""Rules of policies, and their selectors of pods and network sets with the scope of each, as they are written."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from callint.calico.kinds import is_calico
from callint.finding import Path
from callint.objects import Cluster, fields
from callint.objects.policy import Entity, Policy, Rule
from callint.policy import model_of
from callint.policy.match import entity_selectors
from callint.policy.tiers import SELECTION_FIELDS, selector_of
from callint.record import NamedTuple
from callint.selector import Selector, SelectorError, parse


class Written(NamedTuple):
    """A selector of a policy, and the side of a rule where it stands; None: the policy's own.

    One that is `alone` has no other beside it: then its scope is a namespace, or everything.
    """

    policy: Policy
    side: Entity | None
    text: str
    own: Selector
    alone: bool

    @property
    def subject(self) -> bool:
        """Whether it says to whom the policy applies."""
        return self.side is None

    @property
    def selector(self) -> Selector:
        """The selector in its scope."""
        positive = selector_of(self.policy) if self.side is None else _positive(self.side, self.policy)
        assert positive is not None, "there is the selector itself"
        return positive

    @property
    def of_calico(self) -> bool:
        """Whether it is one text; Kubernetes' own are maps of labels."""
        return is_calico(self.policy.resource.api_version)

    @property
    def path(self) -> Path:
        """Where it stands."""
        base: Path = ("spec",) if self.side is None else self.side.path
        if self.of_calico:
            return (*base, "selector")
        if self.policy.resource.kind == "NetworkPolicy":
            return (*base, "podSelector")
        return (*base, *(("subject",) if self.side is None else ()), "pods", "podSelector")

    def place(self, key: str) -> tuple[Path, bool]:
        """Where it asks for a label, and whether that is a key there: the whole text where it is one."""
        if self.of_calico:
            return self.path, False
        plain = fields.at(self.policy.resource.plain, self.path) or {}
        if key in fields.mapping(plain, "matchLabels"):
            return (*self.path, "matchLabels", key), True
        terms = fields.items(plain, "matchExpressions")
        index = next((index for index, term in terms if isinstance(term, dict) and term.get("key") == key), None)
        return (self.path if index is None else (*self.path, "matchExpressions", index, "key")), False


@lru_cache(maxsize=2)
def written_selectors(cluster: Cluster) -> tuple[Written, ...]:
    """The selectors of policies that can be read."""
    return (*_readable(cluster), *_of_kubernetes(cluster))


def _of_kubernetes(cluster: Cluster) -> Iterator[Written]:
    """Those of Kubernetes' own policies; several rules stand for one of theirs."""
    for _, placed in model_of(cluster).policies:
        policy = placed.policy
        if is_calico(policy.resource.api_version) or not policy.resource.whole:
            continue
        for side in dict.fromkeys((None, *(side._replace(ports=()) for side in policy.sides()))):
            text = policy.selector if side is None else side.selector
            if text:
                yield Written(policy, side, text, parse(text), _alone(side or policy))


def _readable(cluster: Cluster) -> Iterator[Written]:
    for policy in cluster.policies:
        resource = policy.resource
        if not resource.document.complete:
            continue
        gaps = resource.gaps
        if policy.selector and not (gaps and any(resource.unreadable("spec", name) for name in SELECTION_FIELDS)):
            try:
                yield Written(policy, None, policy.selector, parse(policy.selector), _alone(policy))
            except SelectorError:
                continue
        for side in policy.sides():
            text = side.selector
            if text is None or (gaps and resource.unreadable(*side.path)):
                continue
            try:
                own, alone = parse(text), _alone(side)
                if not alone:
                    _positive(side, policy)
            except SelectorError:
                continue
            yield Written(policy, side, text, own, alone)


def _positive(side: Entity, policy: Policy) -> Selector | None:
    return entity_selectors(side, policy.namespace)[0]


def _alone(about: Policy | Entity) -> bool:
    beside = about.namespace_selector or about.service_account_selector
    return not (beside or (isinstance(about, Entity) and (about.not_selector or about.service_account_names)))


def written_rules(cluster: Cluster) -> Iterator[tuple[Policy, Rule]]:
    """The rules of Calico's own policies, but for staged ones and for what could not be read."""
    for policy in cluster.policies:
        if policy.staged or not policy.resource.document.complete:
            continue
        gaps = policy.resource.gaps
        for rule in policy.rules:
            if not (gaps and policy.resource.unreadable(*rule.path)):
                yield policy, rule
