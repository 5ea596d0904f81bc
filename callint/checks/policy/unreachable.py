"""Rules of policies, and whole policies, that never decide because of what comes before them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from types import NoneType
from typing import Any

from callint.calico.defaults import KUBERNETES_POLICY_ORDER
from callint.calico.kinds import is_calico
from callint.checks.breach import Breach, CheckError, Question, asked, rule_words, unanswered
from callint.checks.proof import decided
from callint.finding import ObjectRef, Path, Related, Span, Witness
from callint.objects import Cluster, Resource
from callint.policy.packet import Direction
from callint.policy.symbolic.dead import Dead, Unexamined, dead
from callint.policy.symbolic.order import Item
from callint.policy.symbolic.shadow import shadows_of

PARAMETERS = ("problem", "told_by")


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """What never decides, whatever endpoints there are.

    Parameter `problem`: `rule` (earlier rules decide on every packet of a rule, at least one of them otherwise),
    `redundant` (the same where all of them have its own action), `policy` (no packet gets as far as the rules of a
    policy, and these would decide otherwise). Rules of policies that are overtaken as a whole, which another rule tells
    once, are redundant where `told_by` is null alone.
    """
    question = asked(QUESTIONS, parameters)
    if not isinstance(parameters.get("told_by", ""), (str, NoneType)):
        raise CheckError('the parameter "told_by" must be the id of a rule', "told_by")
    if question is _redundant and parameters.get("told_by", "") is None:
        question = _all_redundant
    yield from question(cluster)


_Found = Iterable[Dead | Unexamined]


@lru_cache(maxsize=4)
def never_deciding(cluster: Cluster) -> tuple[Dead | Unexamined, ...]:
    """Rules and policies that never decide, and those of which that was not examined."""
    return tuple(dead(shadows_of(cluster), cluster.limits))


def _by_rule(found: _Found, *, differs: bool) -> Iterator[Breach]:
    for one in _written(found):
        if isinstance(one, Unexamined):
            if differs:
                yield _undecided(one)
            continue
        if one.rule is None:
            continue
        action = one.rule.action
        other = next((item.action for item in one.covering if item.action != action), None)
        if (other is not None) is not differs:
            continue
        subject = rule_words(one.policy.resource, one.rule.path)
        if other is not None:
            message = (
                f"{subject} is never reached: {_deciding(one, 'already decide')} on all of its packets, "
                f'and the action is not "{action}" but "{other}"'
            )
        else:
            message = f"{subject} changes nothing: {_deciding(one, 'with the same action cover')} it"
        cure = _cure(one) if differs else "delete it, or narrow what covers it, if that was not meant to"
        yield _breach(one, message, cure, *_place(one.policy.resource, one.rule.path))


def _rule(cluster: Cluster) -> Iterator[Breach]:
    return _by_rule(never_deciding(cluster), differs=True)


def _all_redundant(cluster: Cluster) -> Iterator[Breach]:
    return _by_rule(never_deciding(cluster), differs=False)


def _redundant(cluster: Cluster) -> Iterator[Breach]:
    """What allows everything before Kubernetes' policies is told once, and not again for each of their rules."""
    found = never_deciding(cluster)
    overtaking: dict[tuple[Direction, ObjectRef], ObjectRef] = {}
    if any(isinstance(one, Dead) and one.rule is not None for one in found):
        from callint.checks.policy.isolation import never_asked

        overtaking = never_asked(cluster)

    def told(one: Dead | Unexamined) -> bool:
        if isinstance(one, Unexamined):
            return False
        before = overtaking.get((one.direction, one.policy.resource.ref))
        return before is not None and all(item.policy.resource.ref == before for item in one.covering)

    return _by_rule([one for one in found if not told(one)], differs=False)


def _policy(cluster: Cluster) -> Iterator[Breach]:
    for one in never_deciding(cluster):
        if isinstance(one, Dead) and one.rule is None:
            resource, path = one.policy.resource, ("spec", one.direction)
            message = (
                f"no packet gets as far as the {one.direction} rules of {resource.kind} "
                f'"{resource.name}": {_deciding(one, "leave")} none'
            )
            yield _breach(one, message, _cure(one), path, resource.span(*path, key=True))


def _written(found: _Found) -> Iterator[Dead | Unexamined]:
    """The same by rules as they are written: Kubernetes' own are several for Calico, and all of them must be dead."""
    pending: dict[object, list[Dead]] = {}
    parts: dict[int, Counter[Path]] = {}
    for one in found:
        if isinstance(one, Unexamined) or one.rule is None:
            yield one
            continue
        path, policy = one.rule.path, one.policy
        if id(policy) not in parts:
            parts[id(policy)] = Counter(part.path for part in policy.rules)
        in_all = parts[id(policy)][path]
        if in_all == len(one.covering) == 1:
            yield one
            continue
        several = pending.setdefault((id(policy), path), [])
        several.append(one)
        if len(several) == in_all:
            covering = {_identity(item): item for each in several for item in each.covering}
            yield several[0]._replace(covering=tuple(covering.values()))


def _identity(item: Item) -> object:
    return id(item.policy.resource), item.direction, item.rule and item.rule.path


def _deciding(dead: Dead, what: str) -> str:
    """Who does something, in words; the verb comes last."""
    rules = {_identity(item): (item.policy, item.rule.path) for item in dead.covering if item.rule is not None}
    ends = dict.fromkeys(f'the end of tier "{item.policy.tier}"' for item in dead.covering if item.rule is None)
    who = list(ends)
    if rules:
        policy, path = next(iter(rules.values()))
        words = rule_words(policy.resource, path)
        named = words.partition(" of ")[0] if policy is dead.policy and dead.rule is not None else words
        who.insert(0, f"the earlier {named}" if len(rules) == 1 else f"{len(rules)} earlier rules")
    return f"{' and '.join(who)} {what}{'s' if len(rules) + len(ends) == 1 else ''}"


def _cure(dead: Dead) -> str:
    """What would let it decide."""
    what = "the rule" if dead.rule is not None else "the policy"
    if all(item.policy is dead.policy for item in dead.covering):
        return f"move {what} in front of what covers it, or delete it"
    before = next((item.policy.tier for item in dead.covering if item.policy.tier != dead.policy.tier), None)
    if before is not None:
        return f'let tier "{before}" pass on what {what} is to decide, or delete {what}'
    whose = "its policy" if dead.rule is not None else "the policy"
    if dead.policy.kind == "KubernetesNetworkPolicy":
        return f"give what comes before a higher `order` than {KUBERNETES_POLICY_ORDER:g}, or delete {what}"
    field = "order" if is_calico(dead.policy.resource.api_version) else "priority"
    return f"give {whose} a lower `{field}`, or delete {what}"


@lru_cache(maxsize=64)
def _place(resource: Resource, rule: Path) -> tuple[Path, Span]:
    """The action of a rule; Kubernetes' NetworkPolicies have none, so that it is a field, or an empty rule itself.

    One rule may cover thousands of others.
    """
    _, direction, index = rule
    plain = resource.spec[str(direction)][index]
    if is_calico(resource.api_version) or (isinstance(plain, dict) and "action" in plain):
        path = (*rule, "action")
        return path, resource.span(*path)
    for key in plain if isinstance(plain, dict) else ():
        return (*rule, key), resource.span(*rule, key, key=True)
    return rule, resource.span(*rule)


def _breach(dead: Dead, message: str, cure: str, path: Path, span: Span) -> Breach:
    related = {}
    for item in dead.covering:
        if item.rule is None:
            place = item.policy.resource.span("spec", item.direction, key=True)
            related[place] = f'the tier "{item.policy.tier}" ends here and drops the rest'
        else:
            related[_place(item.policy.resource, item.rule.path)[1]] = f"decides first ({item.action})"
    shown = tuple(Related(place, label) for place, label in related.items())
    return Breach(message, span, dead.policy.resource.ref, path, shown, _proof(dead), cure)


def _proof(dead: Dead) -> Witness | None:
    """A packet that the rule is meant for, and what decides about it."""
    if dead.packet is None or not dead.covering:
        return None
    family, point = dead.packet
    return decided(dead.direction, family, point, dead.covering[0])


def _undecided(question: Unexamined) -> Breach:
    resource = question.policy.resource
    after = question.after
    further = f" and of {after} {'policy' if after == 1 else 'policies'} after it" if after else ""
    what = f'whether every rule of {resource.kind} "{resource.name}"{further} is reached was not examined'
    return unanswered(f"{what}: {question.reason}", resource)


QUESTIONS: dict[str, Question] = {
    "rule": _rule,
    "redundant": _redundant,
    "policy": _policy,
}
