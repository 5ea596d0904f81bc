"""Filters over sets of routes, against an evaluator that looks at one route at a time and knows nothing of sets."""

from __future__ import annotations

import ipaddress
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callint.bgp import filters
from callint.bgp.filters import Part, View, evaluate, matchers
from callint.bgp.route import Attributes, Condition, Conditions
from callint.bgp.rules import Rule, compile_filter
from callint.net.address import Prefix
from callint.net.prefixes import everything
from callint.objects import Resource
from callint.objects.bgp import bgp_filter
from callint.source.load import parse

UNIVERSE = [
    *(
        "0.0.0.0/0",
        "8.0.0.0/5",
        "10.0.0.0/8",
        "10.0.0.0/24",
        "10.0.0.0/27",
        "10.0.0.32/27",
        "10.0.1.0/24",
        "11.0.0.0/8",
    ),
    *(str(net) for length in range(28, 33) for net in ipaddress.ip_network("10.0.0.0/28").subnets(new_prefix=length)),
]
NETWORKS = [net for net in UNIVERSE if net not in ("8.0.0.0/5",)]
PATHS = ((), (65001,), (65001, 65002), (65002,), (65002, 65001))
PATTERNS = ("*", "eth*", "eth0", "cali*", "*0", "e*h*0")
COMMUNITIES = ("65000:1", "65000:2", "65000:1:2")


class One(NamedTuple):
    """A single route with everything about it known."""

    prefix: str
    attributes: Attributes


def naive(rules: list[dict[str, Any]], route: One, view: View) -> int | None:
    """The index of the rule that decides, by reading the rules as prose does."""
    net, attributes = ipaddress.ip_network(route.prefix), route.attributes
    for index, rule in enumerate(rules):
        holds = []
        if "cidr" in rule:
            cidr, lengths = ipaddress.ip_network(rule["cidr"]), rule.get("prefixLength")
            inside = net.subnet_of(cidr)  # type: ignore[arg-type]
            if rule["matchOperator"] in ("Equal", "NotEqual"):
                same = net == cidr and lengths is None
                holds.append(same if rule["matchOperator"] == "Equal" else not same)
            else:
                if lengths is not None:
                    inside = inside and lengths.get("min", 0) <= net.prefixlen <= lengths.get("max", 32)
                holds.append(inside if rule["matchOperator"] == "In" else not inside)
        if "source" in rule:
            holds.append(view.direction == "import" or attributes.origin == "bgp")
        if "peerType" in rule:
            holds.append(view.peer_type == rule["peerType"])
        if "interface" in rule:
            holds.append(globbed(rule["interface"], attributes.interface or ""))
        if "communities" in rule:
            wanted = tuple(map(int, rule["communities"]["values"][0].split(":")))
            holds.append(wanted in (attributes.communities or ()))
        if "asPathPrefix" in rule:
            path = list(attributes.as_path or ())
            if view.direction == "export" and view.peer_type == "eBGP":
                path = [view.local_as, *path]
            wanted_path = rule["asPathPrefix"]
            holds.append(path[: len(wanted_path)] == wanted_path)
        if "priority" in rule:
            holds.append(attributes.local_pref == 2**31 - 1 - rule["priority"])
        if all(holds):
            return index
    return None


def globbed(pattern: str, name: str) -> bool:
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(globbed(pattern[1:], name[start:]) for start in range(len(name) + 1))
    return bool(name) and name[0] == pattern[0] and globbed(pattern[1:], name[1:])


@st.composite
def rules_(draw: st.DrawFn) -> dict[str, Any]:
    rule: dict[str, Any] = {"action": draw(st.sampled_from(["Accept", "Reject"]))}
    if draw(st.integers(0, 3)):
        rule["cidr"] = draw(st.sampled_from(NETWORKS))
        rule["matchOperator"] = draw(st.sampled_from(["In", "NotIn", "Equal", "NotEqual"]))
        own = int(rule["cidr"].split("/")[1])
        if draw(st.integers(0, 2)) == 0:
            high = draw(st.integers(own, 32))
            low = draw(st.integers(0, high))
            rule["prefixLength"] = draw(st.sampled_from([{"min": low, "max": high}, {"max": high}, {"min": low}]))
    wanted = draw(
        st.sets(st.sampled_from(["source", "interface", "communities", "path", "priority", "peer"]), max_size=2)
    )
    if "source" in wanted:
        rule["source"] = "RemotePeers"
    if "peer" in wanted:
        rule["peerType"] = draw(st.sampled_from(["iBGP", "eBGP"]))
    if "interface" in wanted:
        rule["interface"] = draw(st.sampled_from(PATTERNS))
    if "communities" in wanted:
        rule["communities"] = {"values": [draw(st.sampled_from(COMMUNITIES))]}
    if "path" in wanted:
        rule["asPathPrefix"] = list(draw(st.sampled_from([path for path in PATHS if path])))
    if "priority" in wanted:
        rule["priority"] = draw(st.sampled_from([100, 1024]))
    return rule


VIEWS = st.builds(View, st.sampled_from(["export", "import"]), st.sampled_from(["iBGP", "eBGP"]), st.just(65001))
ATTRIBUTES = st.builds(
    Attributes,
    st.sampled_from(["bgp", "kernel", "connected", "block"]),
    st.sampled_from(["", "eth0", "eth1", "cali7", "tunl0"]),
    st.sets(st.sampled_from([(65000, 1), (65000, 2), (65000, 1, 2)])).map(lambda found: tuple(sorted(found))),
    st.sampled_from(PATHS),
    st.sampled_from([2**31 - 1 - 100, 2**31 - 1 - 1024, 100]),
)
LISTS = st.lists(rules_(), max_size=7)


def compiled(rules: list[dict[str, Any]], direction: str = "export") -> tuple[Rule, ...]:
    spec = {f"{direction}V4": rules}
    plain = {"apiVersion": "projectcalico.org/v3", "kind": "BGPFilter", "metadata": {"name": "f"}, "spec": spec}
    resource = Resource(parse("{}").documents[0], (), plain)
    return tuple(compile_filter(bgp_filter(resource), direction, 4))  # type: ignore[arg-type]


def prefix(text: str) -> Prefix:
    net = ipaddress.ip_network(text)
    return Prefix(4, int(net.network_address), net.prefixlen)


def meets(condition: Condition, route: Attributes, view: View) -> bool:
    """Whether a known route meets a condition, decided by the naive evaluator on a rule that asks only for that."""
    keys: dict[str, Any] = {
        "source": ("source", "RemotePeers"),
        "interface": ("interface", condition.value),
        "as-path": ("asPathPrefix", list(condition.value) if condition.kind == "as-path" else None),
        "priority": ("priority", condition.value),
        "peer-type": ("peerType", condition.value),
    }
    if condition.kind == "community":
        rule = {"communities": {"values": [":".join(map(str, condition.value))]}}
    else:
        key, value = keys[condition.kind]
        rule = {key: value}
    return naive([{"action": "Accept", **rule}], One("10.0.0.0/8", route), view) == 0


def holds(part: Part, route: One, view: View) -> bool:
    def every(conditions: Conditions) -> bool:
        return all(meets(one, route.attributes, view) for one in conditions)

    return prefix(route.prefix) in part.prefixes and every(part.when) and not any(every(one) for one in part.unless)


def index_of(rules: tuple[Rule, ...], part: Part) -> int | None:
    return None if part.rule is None else next(i for i, rule in enumerate(rules) if rule is part.rule)


def certain(part: Part) -> bool:
    return not part.when and not part.unless


def evaluated(rules: tuple[Rule, ...], attributes: Attributes, view: View) -> tuple[Part, ...]:
    return evaluate((one for _, one in matchers(rules, attributes, view)), everything(4))


@given(LISTS, ATTRIBUTES, VIEWS)
def test_known_routes_one_by_one(rules: list[dict[str, Any]], attributes: Attributes, view: View) -> None:
    """With all attributes known every part is certain, and each prefix lies in the part of the rule that decides it."""
    made = compiled(rules, view.direction)
    parts = evaluated(made, attributes, view)
    assert all(map(certain, parts))
    for text in UNIVERSE:
        found = [index_of(made, part) for part in parts if prefix(text) in part.prefixes]
        assert found == [naive(rules, One(text, attributes), view)], text


OWN_AS = [{"action": "Reject", "asPathPrefix": [65001]}]


@given(LISTS, ATTRIBUTES, VIEWS, st.booleans(), st.sampled_from([(), ("local_as",), ("peer_type", "local_as")]))
@example(OWN_AS, Attributes("bgp", "eth0", (), (), 100), View("export", "eBGP", 65001), False, ("local_as",))
def test_unknown_attributes(
    rules: list[dict[str, Any]], actual: Attributes, view: View, bgp_only: bool, hidden: tuple[str, ...]
) -> None:
    """Whatever an unknown attribute turns out to be, exactly one part takes each route, and it names the right rule."""
    made = compiled(rules, view.direction)
    known = Attributes(origin=actual.origin) if bgp_only else Attributes()
    seen = view._replace(**dict.fromkeys(hidden))
    parts = evaluated(made, known, seen)
    for text in UNIVERSE:
        route = One(text, actual)
        found = [index_of(made, part) for part in parts if holds(part, route, view)]
        assert found == [naive(rules, route, view)], text


DIVIDING = [
    {"action": "Accept", "cidr": cidr, "matchOperator": operator, "communities": {"values": [f"65000:{number}"]}}
    for number, (cidr, operator) in enumerate([("10.0.0.0/8", "In"), ("10.0.0.0/8", "NotIn"), ("10.0.0.0/24", "In")])
]


@given(LISTS, ATTRIBUTES, VIEWS, st.integers(1, 3))
@example(DIVIDING, Attributes("bgp", "eth0", ((65000, 1),), (), 100), View("export", "iBGP", 65001), 2)
def test_what_is_not_followed_is_left_open(
    rules: list[dict[str, Any]], actual: Attributes, view: View, most: int
) -> None:
    """Where pieces are joined several parts may take a route, and the one of the right rule is among them."""
    made = compiled(rules, view.direction)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filters, "MAX_PIECES", most)
        parts = evaluated(made, Attributes(), view)
    known = [part._replace(unless=tuple(one for one in part.unless if one[0].kind != "broken")) for part in parts]
    for text in UNIVERSE:
        route = One(text, actual)
        assert naive(rules, route, view) in [index_of(made, part) for part in known if holds(part, route, view)], text


@given(LISTS)
def test_every_part_has_a_route(rules: list[dict[str, Any]]) -> None:
    """No part is empty: the route that meets what it must and nothing more is decided there."""
    view = View("import", "iBGP", 65001)
    made = compiled(rules, "import")
    for part in evaluated(made, Attributes(), view):
        kinds: dict[str, list[Any]] = {}
        for condition in part.when:
            kinds.setdefault(condition.kind, []).append(condition.value)
        attributes = Attributes(
            "bgp",
            kinds.get("interface", ["?"])[0].replace("*", "?"),
            tuple(kinds.get("community", ())),
            max(kinds.get("as-path", [()]), key=len),
            2**31 - 1 - kinds.get("priority", [7])[0],
        )
        witness = part.prefixes.witness()
        assert witness is not None
        assert naive(rules, One(str(witness), attributes), view) == index_of(made, part)


@given(LISTS, ATTRIBUTES)
def test_the_address_family_does_not_matter(rules: list[dict[str, Any]], attributes: Attributes) -> None:
    """IPv6 rules that are shifted copies of IPv4 rules divide a shifted universe alike."""

    def shifted(text: str) -> str:
        net = ipaddress.ip_network(text)
        return f"{ipaddress.IPv6Address(int(net.network_address) << 96)}/{net.prefixlen}"

    view = View("export", "eBGP", 65001)
    six = [{**rule, "cidr": shifted(rule["cidr"])} if "cidr" in rule else rule for rule in rules]
    plain = {"apiVersion": "projectcalico.org/v3", "kind": "BGPFilter", "metadata": {"name": "f"}}
    resource = Resource(parse("{}").documents[0], (), {**plain, "spec": {"exportV6": six}})
    made = compile_filter(bgp_filter(resource), "export", 6)
    parts = evaluate((one for _, one in matchers(made, attributes, view)), everything(6))
    for text in UNIVERSE:
        net = ipaddress.ip_network(shifted(text))
        same = Prefix(6, int(net.network_address), net.prefixlen)
        found = [part for part in parts if same in part.prefixes]
        assert [index_of(made, part) for part in found] == [naive(rules, One(text, attributes), view)]


BROKEN = [
    ({"action": "Accept", "cidr": "10.0.0.0/8"}, "no matchOperator"),
    ({"action": "Accept", "cidr": "10.0.0.0/8", "matchOperator": "Within"}, "none of In"),
    ({"action": "Allow"}, 'neither "Accept" nor "Reject"'),
    ({"action": "Accept", "source": "Anyone"}, "RemotePeers"),
    ({"action": "Accept", "cidr": "10.0.0.1/8", "matchOperator": "In"}, "host bits"),
    ({"action": "Accept", "cidr": "fd00::/64", "matchOperator": "In"}, "IPv4 was expected"),
    ({"action": "Accept", "cidr": "10.0.0.0/24", "matchOperator": "In", "prefixLength": {"max": 16}}, "empty range"),
    ({"action": "Accept", "cidr": "10.0.0.0", "matchOperator": "In", "prefixLength": {"max": 32}}, "no prefix length"),
    ({"action": "Accept", "communities": {"values": ["70000:1"]}}, "at most 65535"),
    ({"action": "Accept", "peerType": "both"}, "iBGP"),
]


@pytest.mark.parametrize(("rule", "why"), BROKEN, ids=lambda value: value if isinstance(value, str) else "")
def test_refused_rules_make_everything_uncertain(rule: dict[str, Any], why: str) -> None:
    made = compiled([rule, {"action": "Reject"}])
    assert made[0].verdict == "unknown"
    assert why in made[0].broken
    parts = evaluated(made, Attributes("block", "", (), (), 100), View("export", "eBGP", 65001))
    assert [certain(part) for part in parts] == [False, False]
    assert [index_of(made, part) for part in parts] == [0, 1]


def test_a_bare_address_rejects_all_that_reaches_it() -> None:
    made = compiled(
        [
            {"action": "Accept", "cidr": "10.0.0.0/8", "matchOperator": "In"},
            {"action": "Accept", "cidr": "10.1.1.1", "matchOperator": "In", "interface": "eth0"},
            {"action": "Accept"},
        ]
    )
    parts = evaluated(made, Attributes("kernel", "wan0", (), (), 100), View("export", "eBGP", 65001))
    verdicts = {text: [p.rule.verdict for p in parts if prefix(text) in p.prefixes and p.rule] for text in UNIVERSE}
    assert verdicts["10.0.0.0/24"] == ["accept"]
    assert verdicts["0.0.0.0/0"] == verdicts["11.0.0.0/8"] == ["reject"]


def test_work_is_bounded_when_conditions_multiply() -> None:
    """A list made to divide without end is still answered; what remains open is said to be so, never guessed."""
    rules = [
        {
            "action": "Accept",
            "cidr": f"10.{index}.0.0/16" if index % 2 else "10.0.0.0/8",
            "matchOperator": "In" if index % 3 else "NotIn",
            "communities": {"values": [f"65000:{index}"]},
        }
        for index in range(256)
    ]
    parts = evaluated(compiled(rules), Attributes(), View("export", "iBGP", 65001))
    left = [part for part in parts if part.rule is None]
    assert not any(map(certain, left))
    reasons = {str(one) for part in left for unless in part.unless for one in unless}
    assert any("more combinations of conditions than are followed" in one for one in reasons)
    assert len(parts) < 256 * filters.MAX_PIECES
