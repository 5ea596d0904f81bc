"""One rule of a BGPFilter as BIRD runs it: which prefixes, under which conditions, and what becomes of the route.

Rendered by confd (template_funcs.go filterStatement) and read by BIRD 1.6, which refuse some values that the API takes.
"""

from __future__ import annotations

from typing import Any, Literal

from callint.bgp.route import HIGHEST, Attributes, Condition, Conditions
from callint.finding import Path, Span
from callint.net.address import BITS, FAMILIES, Family, parse_cidr
from callint.net.asn import parse_as_number
from callint.net.community import Community, parse_community
from callint.net.prefixes import PrefixSet, everything, exactly, nothing, within
from callint.objects.bgp import BGPFilter, FilterRule
from callint.objects.resource import Resource
from callint.record import NamedTuple

Direction = Literal["export", "import"]
Verdict = Literal["accept", "reject", "unknown"]

DIRECTIONS: tuple[Direction, ...] = ("export", "import")
LISTS = tuple((direction, family) for family in FAMILIES for direction in DIRECTIONS)
"""The lists of rules that a BGPFilter has."""

_OPERATORS = ("In", "NotIn", "Equal", "NotEqual")
_VERDICTS: dict[str | None, Verdict] = {"Accept": "accept", "Reject": "reject"}


class Operations(NamedTuple):
    """What an accepting rule changes: communities added, AS numbers put in front, LOCAL_PREF by priority."""

    communities: tuple[Community, ...] = ()
    prepend: tuple[int, ...] = ()
    priority: int | None = None

    def __bool__(self) -> bool:
        """Whether anything is changed."""
        return self != UNCHANGED

    def on(self, attributes: Attributes, sender: tuple[int, ...] = ()) -> Attributes:
        """What becomes of a route with its sender in the path; what is not known stays so, unless it is set."""
        communities, path = attributes.communities, attributes.as_path
        if communities is not None:
            communities = tuple(dict.fromkeys((*communities, *self.communities)))
        if path is not None:
            path = (*self.prepend, *sender, *path)
        preference = attributes.local_pref if self.priority is None else HIGHEST - self.priority
        return Attributes("bgp", attributes.interface, communities, path, preference)


UNCHANGED = Operations()
"""What every rule has that changes nothing: this object, so that asking for it costs no comparison."""


class Rule(NamedTuple):
    """A rule of the filter `resource`. With the verdict `unknown` it is `broken`: refused, or not to be read."""

    resource: Resource
    rule: FilterRule
    verdict: Verdict
    prefixes: PrefixSet
    conditions: Conditions = ()
    operations: Operations = UNCHANGED
    broken: str = ""

    @property
    def span(self) -> Span:
        """The place of the rule: its action, which every rule has."""
        return self.resource.span(*self.rule.path, "action", key=self.rule.action is None)

    @property
    def place(self) -> tuple[str, Path]:
        """What tells it from all other rules: its filter, and where it stands in there."""
        return self.resource.name, self.rule.path

    def __str__(self) -> str:
        return f"BGPFilter/{self.resource.name} {self.rule.path[1]}[{self.rule.path[2]}]"


def compile_filter(bgp_filter: BGPFilter, direction: Direction, family: Family) -> list[Rule]:
    """The rules of one filter."""
    resource, key = bgp_filter.resource, f"{direction}V{family}"
    compiled = [_compile(resource, rule, family) for rule in bgp_filter.rules(direction, family)]
    if compiled or not (resource.unreadable("spec", key) or resource.unreadable("spec")):
        return compiled
    rule = FilterRule(("spec", key, 0), None, None, None, None, None, None, None, None, (), (), None, ())
    why = f'"{key}" of BGPFilter "{resource.name}" cannot be read'
    return [Rule(resource, rule, "unknown", everything(family), broken=why)]


def _compile(resource: Resource, rule: FilterRule, family: Family) -> Rule:
    """What confd or BIRD refuses in a rule freezes BGP configuration on every node."""
    if resource.unreadable(*rule.path):
        why = f'rule {rule.path[2]} of BGPFilter "{resource.name}" cannot be read'
        return Rule(resource, rule, "unknown", everything(family), broken=why)
    try:
        if rule.action not in _VERDICTS:
            raise ValueError(f'the action "{rule.action}" is neither "Accept" nor "Reject"')
        conditions, operations = _conditions(rule), _operations(rule)
        prefixes = _prefixes(rule, family)
    except ValueError as refused:
        return Rule(resource, rule, "unknown", everything(family), broken=str(refused))
    if prefixes is None:
        why = f'"{rule.cidr}" has no prefix length: BIRD fails at this rule and rejects every route that reaches it'
        # BIRD asks for the prefix before anything else but the type of the session, which confd decides.
        first = tuple(one for one in conditions if one.kind == "peer-type")
        return Rule(resource, rule, "reject", everything(family), first, broken=why)
    return Rule(resource, rule, _VERDICTS[rule.action], prefixes, conditions, operations)


def _prefixes(rule: FilterRule, family: Family) -> PrefixSet | None:
    """The prefixes that a rule asks for; None where BIRD meets a run-time error. Raises ValueError."""
    if rule.cidr is None:
        return everything(family)
    if rule.operator not in _OPERATORS:
        raise ValueError(
            f'the matchOperator "{rule.operator}" is none of {", ".join(_OPERATORS)}'
            if rule.operator
            else f'"{rule.cidr}" has no matchOperator'
        )
    network = parse_cidr(rule.cidr, family)
    if network.value != network.first:
        raise ValueError(f'"{rule.cidr}" has host bits set; the network is {network.masked()}')
    lengths = rule.min_length is not None or rule.max_length is not None
    if "/" not in rule.cidr:
        if lengths:
            raise ValueError(f'"{rule.cidr}" has a prefixLength and no prefix length of its own')
        if rule.operator in ("In", "NotIn"):
            return None
        return everything(family) if rule.operator == "NotEqual" else nothing(family)
    if not lengths:
        inside = within(network) if rule.operator in ("In", "NotIn") else exactly(network)
    else:
        low = max(network.length, rule.min_length or 0)
        high = BITS[family] if rule.max_length is None else min(BITS[family], rule.max_length)
        if low > high:
            raise ValueError(f'"{rule.cidr}" with lengths from {low} to {high} is an empty range')
        # BIRD compares a prefix with a set, which are never equal.
        inside = within(network, low, high) if rule.operator in ("In", "NotIn") else nothing(family)
    return ~inside if rule.operator in ("NotIn", "NotEqual") else inside


def _conditions(rule: FilterRule) -> Conditions:
    """The conditions besides the prefix; raises ValueError."""
    found: list[Condition] = []
    if rule.peer_type is not None:
        if rule.peer_type not in ("iBGP", "eBGP"):
            raise ValueError(f'the peerType "{rule.peer_type}" is neither "iBGP" nor "eBGP"')
        found.append(Condition("peer-type", rule.peer_type))
    if rule.source is not None:
        if rule.source != "RemotePeers":
            raise ValueError(f'the source "{rule.source}" is not "RemotePeers"')
        found.append(Condition("source", rule.source))
    if rule.interface is not None:
        found.append(Condition("interface", rule.interface))
    found += [Condition("community", parse_community(text)) for text in rule.communities[:1]]
    if rule.as_path_prefix:
        found.append(Condition("as-path", tuple(map(parse_as_number, rule.as_path_prefix))))
    if rule.priority is not None:
        found.append(Condition("priority", rule.priority))
    return tuple(found)


def _operations(rule: FilterRule) -> Operations:
    """What the rule changes; raises ValueError. Operations of a Reject do nothing."""
    done = UNCHANGED
    for step in rule.operations:
        if rule.action != "Accept":
            break
        community, prepend = _inner(step, "addCommunity", "value"), _inner(step, "prependASPath", "prefix")
        priority = _inner(step, "setPriority", "value")
        if isinstance(community, str):
            done = done._replace(communities=(*done.communities, parse_community(community)))
        elif isinstance(prepend, list):
            done = done._replace(prepend=(*map(parse_as_number, prepend), *done.prepend))
        elif isinstance(priority, int):
            done = done._replace(priority=priority)
    return done


def _inner(step: dict[str, Any], operation: str, key: str) -> Any:
    value = step.get(operation)
    return value.get(key) if isinstance(value, dict) else None
