"""Rules that never decide, found through indexes and shapes, against comparing each with all that come before it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callint.objects import Cluster, Resource, unpack
from callint.objects.policy import Policy, Rule
from callint.policy import model_of
from callint.policy.packet import DIRECTIONS, Direction
from callint.policy.symbolic import earlier
from callint.policy.symbolic.covering import Taken, fewest
from callint.policy.symbolic.dead import Dead, dead
from callint.policy.symbolic.order import Item, decides, items
from callint.policy.symbolic.products import Sets
from callint.policy.symbolic.shadow import Shadows
from callint.policy.symbolic.shape import Shape
from callint.policy.tiers import PlacedPolicy, PlacedTier
from callint.selector.satisfy import implies, overlaps
from callint.source import parse
from callint.source.limits import UNLIMITED
from calls import calls
from manifests import cluster_of

V3 = "projectcalico.org/v3"
WHO = st.sampled_from(
    ["", "all()", "app == 'a'", "app in {'a', 'b'}", "has(app)", "app == 'a' && !has(old)", "!has(app)"]
)
NETS = st.lists(
    st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "::/0", "10.9.0.1/32"]), min_size=1, max_size=2
)
PORTS = st.lists(st.sampled_from([80, "1:100", "81:65535", "1:80", "web"]), min_size=1, max_size=2)


def uncounted(steps: int) -> None:
    """Steps that nobody bounds."""


def maybe(strategy: st.SearchStrategy[Any], odds: int = 3) -> st.SearchStrategy[Any]:
    return st.integers(0, odds - 1).flatmap(lambda number: st.none() if number else strategy)


def filled(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(fields).map(lambda one: {key: item for key, item in one.items() if item is not None})


@st.composite
def written_rules(draw: st.DrawFn) -> dict[str, Any]:
    protocol = draw(st.sampled_from([None, None, "TCP", "UDP", "ICMP"]))
    rule: dict[str, Any] = {"action": draw(st.sampled_from(["Allow", "Allow", "Deny", "Pass", "Log"]))}
    rule |= {} if protocol is None else {"protocol": protocol}
    if protocol is None and draw(st.integers(0, 5)) == 0:
        rule["notProtocol"] = "TCP"
    if protocol == "ICMP" and draw(st.booleans()):
        rule["icmp"] = {"type": 8}
    numbers = PORTS if protocol in ("TCP", "UDP") else st.none()
    side = filled(
        nets=maybe(NETS),
        notNets=maybe(st.just(["10.0.0.0/9"]), 6),
        selector=maybe(WHO.filter(bool)),
        notSelector=maybe(st.just("has(old)"), 6),
        ports=maybe(numbers),
        notPorts=maybe(numbers, 6),
    )
    for name in ("source", "destination"):
        rule |= {name: one} if (one := draw(side)) else {}
    return rule


HALVES = {"nets": [["0.0.0.0/1"], ["128.0.0.0/1"], ["0.0.0.0/0"]], "ports": [["1:99"], ["100:199"], ["1:199"]]}


@st.composite
def halves(draw: st.DrawFn) -> dict[str, Any]:
    """Rules of which several together take what another one asks for."""
    side = {key: draw(st.sampled_from(several)) for key, several in HALVES.items() if draw(st.booleans())}
    far = {"nets": draw(st.sampled_from(HALVES["nets"]))} if draw(st.integers(0, 2)) == 0 else {}
    protocol = {} if "ports" not in side and draw(st.booleans()) else {"protocol": "TCP"}
    return {"action": draw(st.sampled_from(["Allow", "Deny"])), **protocol, "destination": side, "source": far}


@st.composite
def policies(draw: st.DrawFn, number: int) -> dict[str, Any]:
    kind = draw(st.sampled_from(["GlobalNetworkPolicy", "GlobalNetworkPolicy", "NetworkPolicy", "StagedNetworkPolicy"]))
    metadata = {"name": f"p{number}"} | (
        {} if kind.startswith("Global") else {"namespace": draw(st.sampled_from("xy"))}
    )
    spec: dict[str, Any] = {"order": number, "selector": draw(WHO), "types": ["Ingress", "Egress"]}
    spec["tier"] = draw(st.sampled_from(["t1", "t2", "default", "default", "elsewhere"]))
    if kind.startswith("Global") and draw(st.integers(0, 3)) == 0:
        spec["applyOnForward"] = True
        spec["doNotTrack"] = draw(st.sampled_from([False, False, True]))
    of_halves = draw(st.booleans())
    spec["ingress"] = draw(
        st.lists(halves(), min_size=3, max_size=6) if of_halves else st.lists(written_rules(), max_size=3)
    )
    spec["egress"] = draw(st.lists(written_rules(), max_size=1))
    return {"apiVersion": V3, "kind": kind, "metadata": metadata, "spec": spec}


@st.composite
def of_kubernetes(draw: st.DrawFn, number: int) -> dict[str, Any]:
    labels = st.sampled_from([{}, {"app": "a"}])
    pods = labels.map(lambda one: {"podSelector": {"matchLabels": one}})
    block = st.sampled_from(["10.0.0.0/8", "10.1.0.0/16"]).map(lambda cidr: {"ipBlock": {"cidr": cidr}})
    ports = st.sampled_from([{"port": 80}, {"port": 1, "endPort": 100}, {"protocol": "UDP", "port": 80}])
    rule = filled(
        **{"from": maybe(st.lists(pods | block, min_size=1, max_size=2), 2)},
        ports=maybe(st.lists(ports, min_size=1), 2),
    )
    spec = {"podSelector": {"matchLabels": draw(labels)}, "ingress": draw(st.lists(rule, max_size=3))}
    metadata = {"name": f"k{number}", "namespace": draw(st.sampled_from("xy"))}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


@st.composite
def decisive(draw: st.DrawFn, number: int) -> dict[str, Any]:
    """A policy of hardly any criteria, so that much depends on which policies come before it for certain."""
    rule = st.builds(
        lambda action, protocol: {"action": action} | ({"protocol": protocol} if protocol else {}),
        st.sampled_from(["Allow", "Deny", "Deny", "Pass"]),
        st.sampled_from([None, None, "TCP"]),
    )
    selector = draw(st.sampled_from(["all()", "all()", "app == 'a'", "has(app)", "app in {'a', 'b'}"]))
    spec: dict[str, Any] = {
        "order": number,
        "selector": selector,
        "tier": draw(st.sampled_from(["t1", "t2", "default"])),
    }
    kind = draw(st.sampled_from(["GlobalNetworkPolicy", "GlobalNetworkPolicy", "StagedGlobalNetworkPolicy"]))
    chains = draw(st.sampled_from([{}, {}, {"applyOnForward": True}, {"applyOnForward": True, "doNotTrack": True}]))
    types = draw(st.sampled_from([["Ingress", "Egress"], ["Ingress"]]))
    sides = {kind.lower(): draw(st.lists(rule, min_size=1, max_size=2)) for kind in types}
    return {
        "apiVersion": V3,
        "kind": kind,
        "metadata": {"name": f"p{number}"},
        "spec": {**spec, **chains, "types": types, **sides},
    }


@st.composite
def clusters(draw: st.DrawFn) -> Cluster:
    tiers = [("t1", "Deny"), ("t2", "Pass")]
    objects: list[dict[str, Any]] = [
        {"apiVersion": V3, "kind": "Tier", "metadata": {"name": name}, "spec": {"order": 1, "defaultAction": action}}
        for name, action in tiers
    ]
    if draw(st.booleans()):
        objects += [draw(decisive(number)) for number in range(draw(st.integers(3, 8)))]
    else:
        objects += [draw(policies(number)) for number in range(draw(st.integers(1, 5)))]
        objects += [draw(of_kubernetes(number)) for number in range(draw(st.integers(0, 2)))]
    if draw(st.booleans()):
        nets = {"nets": ["10.0.0.0/8"]}
        objects.append(
            {
                "apiVersion": V3,
                "kind": "GlobalNetworkSet",
                "metadata": {"name": "s", "labels": {"app": "a"}},
                "spec": nets,
            }
        )
    documents = parse("\n---\n".join(map(json.dumps, objects)), "m.yaml").documents
    unread = maybe(st.sampled_from([(("spec", "order"),), (("spec", "selector"),)]), 12).map(lambda gaps: gaps or ())
    return Cluster(
        [Resource(document, base, plain, draw(unread)) for document in documents for base, plain in unpack(document)]
    )


def kinds(placed: PlacedPolicy) -> set[str]:
    if placed.policy.do_not_track:
        return {"untracked"}
    return {"normal", "forward"} if placed.policy.apply_on_forward else {"normal"}


def precedes(one: PlacedPolicy, placed: PlacedPolicy, direction: Direction) -> bool:
    governs = one.policy.resource.whole and not one.policy.staged and direction.capitalize() in one.policy.types
    return governs and kinds(placed) <= kinds(one) and implies(placed.selector, one.selector) is True


def deciding(tier: PlacedTier, placed: PlacedPolicy, direction: Direction) -> Iterator[Item]:
    last = None
    for one in () if tier.hidden else tier.policies:
        if precedes(one, placed, direction):
            last = one
            for item in items(one.policy, direction):
                if item.action == "Pass":
                    return
                yield item
        elif passes(one, direction) and overlaps(one.selector, placed.selector) is not False:
            return
    if last is not None and tier.default_action != "Pass" and not placed.policy.do_not_track:
        yield Item(last.policy, direction, None, "Deny")


def passes(one: PlacedPolicy, direction: Direction) -> bool:
    enforced = not one.policy.staged and any(item.action == "Pass" for item in items(one.policy, direction))
    return enforced or not one.policy.resource.whole


def before(shadows: Shadows, tier: PlacedTier, placed: PlacedPolicy, direction: Direction) -> Iterator[Item]:
    for other in shadows.tiers if tier.exists else ():
        if other is tier:
            break
        yield from deciding(other, placed, direction)
    for one in tier.policies:
        if one is placed:
            break
        if precedes(one, placed, direction):
            yield from items(one.policy, direction)


def naively(shadows: Shadows) -> Iterator[tuple[object, ...]]:
    for tier, placed in shadows.subjects:
        policy = placed.policy
        for direction in DIRECTIONS:
            if not policy.governed(direction):
                continue
            taken = Taken()
            for item in () if policy.staged else before(shadows, tier, placed, direction):
                taken.add(item, shadows.surely(item, None))
            if not any(taken.left(shadows.everything)):
                covering = fewest(shadows, taken, shadows.everything, {}, uncounted)
                if {one.action for one in covering} != {one.action for one in policy.governed(direction)}:
                    yield policy.name, direction, None, shown(covering)
                    continue
            for rule in policy.governed(direction):
                packets = shadows.may(policy, rule)
                left = taken.left(packets)
                more: dict[int, Sets] = {}
                if any(left) and shadows.selects(policy, rule):
                    more = shadows.implied_by(taken.items, policy, rule)
                    for sets in more.values():
                        left = (left[0] - sets[0], left[1] - sets[1])
                if any(packets) and not any(left):
                    covering = fewest(shadows, taken, packets, more, uncounted)
                    yield policy.name, direction, place(policy, rule), shown(covering)
                if decides(rule):
                    item = Item(policy, direction, rule, rule.action)
                    taken.add(item, shadows.surely(item, None))


def place(policy: Policy, rule: Rule) -> int:
    """The number of a rule; those of Kubernetes' policies may be equal but for that."""
    return next(n for n, one in enumerate((*policy.ingress, *policy.egress)) if one is rule)


def shown(covering: Sequence[Item]) -> list[object]:
    return [(one.policy.name, one.direction, one.rule and place(one.policy, one.rule)) for one in covering]


@settings(deadline=None)
@given(clusters(), st.sampled_from([0, 16]))
def test_the_same_rules_are_dead_because_of_the_same_rules(cluster: Cluster, few: int) -> None:
    """Rules are found through tables where there are more than a `few`."""
    shadows = Shadows(cluster)
    with patch.object(earlier, "_FEW", few):
        found = [one for one in dead(shadows, UNLIMITED) if isinstance(one, Dead)]
    assert [
        (one.policy.name, one.direction, one.rule and place(one.policy, one.rule), shown(one.covering)) for one in found
    ] == list(naively(shadows))
    assert all(is_meant(shadows, one) for one in found if one.rule is not None)


def is_meant(shadows: Shadows, one: Dead) -> bool:
    """Whether the packet that is shown is one that the rule may match."""
    if one.rule is None or one.packet is None:
        return False
    family, packet = one.packet
    return packet in shadows.may(one.policy, one.rule)[0 if family == 4 else 1]


def in_tier(tier: str, number: int, selector: str, action: str, kind: str = "GlobalNetworkPolicy") -> dict[str, Any]:
    rule = {"action": action, "protocol": "TCP"}
    spec = {"tier": tier, "order": number, "selector": selector, "types": ["Ingress"], "ingress": [rule]}
    return {"apiVersion": V3, "kind": kind, "metadata": {"name": f"p{number}"}, "spec": spec}


def tier(name: str, action: str) -> dict[str, Any]:
    return {
        "apiVersion": V3,
        "kind": "Tier",
        "metadata": {"name": name},
        "spec": {"order": int(name[1:]), "defaultAction": action},
    }


def shadows_of(*objects: dict[str, Any]) -> Shadows:
    documents = parse("\n---\n".join(map(json.dumps, objects)), "m.yaml").documents
    return Shadows(Cluster([Resource(one, base, plain) for one in documents for base, plain in unpack(one)]))


def decided_on(*policies: dict[str, Any], tiers: Sequence[dict[str, Any]] = (tier("t1", "Deny"),)) -> list[str]:
    found = dead(shadows_of(*tiers, *policies), UNLIMITED)
    return [one.policy.name for one in found if isinstance(one, Dead)]


def test_a_tier_ends_for_some_and_not_for_others_with_the_same_policies_before() -> None:
    before = [in_tier("t1", 0, "all()", "Log"), in_tier("t1", 1, "app == 'a'", "Pass")]
    after = [in_tier("default", 2, "has(app)", "Allow"), in_tier("default", 3, "app == 'b'", "Allow")]
    assert decided_on(*before, *after) == ["p3"]
    after = [in_tier("default", 2, "app == 'b'", "Allow"), in_tier("default", 3, "has(app)", "Allow")]
    assert decided_on(*before, *after) == ["p2"]


def test_nothing_passes_by_a_policy_that_is_staged() -> None:
    first, last = in_tier("t1", 0, "all()", "Log"), in_tier("default", 2, "app == 'b'", "Allow")
    assert decided_on(first, in_tier("t1", 1, "all()", "Pass", "StagedGlobalNetworkPolicy"), last) == ["p2"]
    assert decided_on(first, in_tier("t1", 1, "all()", "Pass"), last) == []


A, B = "app == 'a'", "app == 'b'"


@pytest.mark.parametrize(
    ("of_t1", "of_t2"),
    [
        pytest.param([(A, "TCP"), (B, "UDP")], [("all()", "SCTP")], id="the same in the later tier"),
        pytest.param([("all()", "SCTP")], [(A, "TCP"), (B, "UDP")], id="the same in the first tier"),
        pytest.param([(A, "TCP"), (B, "UDP")], [(A, "SCTP"), (B, "SCTP")], id="others in both"),
    ],
)
def test_what_two_tiers_decide_together_is_told_apart(
    of_t1: list[tuple[str, str]], of_t2: list[tuple[str, str]]
) -> None:
    """Each policy of the last tier is decided on where both tiers before it, taken together, have decided for it."""
    before = [*(("t1", *one) for one in of_t1), *(("t2", *one) for one in of_t2)]
    after = [("default", who, protocol) for who in (A, B) for protocol in ("TCP", "UDP", "SCTP")]
    policies = [
        one_rule(name, number, selector, {"action": "Deny", "protocol": protocol})
        for number, (name, selector, protocol) in enumerate([*before, *after])
    ]
    gone = {(A, "TCP"), (B, "UDP"), (A, "SCTP"), (B, "SCTP")}
    expected = [
        f"p{number}"
        for number, (name, *one) in enumerate([*before, *after])
        if name == "default" and tuple(one) in gone
    ]
    assert decided_on(*policies, tiers=[tier("t1", "Pass"), tier("t2", "Pass")]) == expected


def one_rule(tier: str, number: int, selector: str, rule: dict[str, Any]) -> dict[str, Any]:
    policy = in_tier(tier, number, selector, "Allow")
    return {**policy, "spec": {**policy["spec"], "ingress": [rule]}}


DIFFERENT: list[dict[str, Any]] = [
    {"protocol": "TCP"},
    {"protocol": "UDP"},
    {"protocol": "TCP", "source": {"ports": [80]}},
    {"protocol": "TCP", "destination": {"ports": [80]}},
    {"protocol": "TCP", "source": {"nets": ["10.0.0.0/8"]}},
    {"protocol": "TCP", "destination": {"nets": ["10.0.0.0/8"]}},
    {"protocol": "TCP", "ipVersion": 6},
    {"protocol": "TCP", "source": {"nets": ["10.0.0.0/8"], "selector": A}},
]


NOBODY = {"protocol": "TCP", "source": {"selector": f"{A} && {B}"}}


@pytest.mark.parametrize("order", [1, -1])
def test_rules_that_differ_in_one_thing_are_shown_with_packets_of_their_own(order: int) -> None:
    """All come after a rule for everything; what asks for nobody has no packet to show."""
    rules = [{"action": "Deny", **one} for one in [*DIFFERENT, NOBODY][::order]]
    policy = one_rule("default", 0, "all()", {"action": "Allow"})
    policy["spec"]["ingress"] += rules
    shadows = shadows_of(policy)
    found = [one for one in dead(shadows, UNLIMITED) if isinstance(one, Dead) and one.rule is not None]
    expected = [
        number
        for number, rule in enumerate(rules, 1)
        if "selector" not in rule.get("source", {}) or "nets" in rule["source"]
    ]
    assert [one.rule and one.rule.path[-1] for one in found] == expected
    assert all(is_meant(shadows, one) for one in found)


def test_what_comes_before_in_one_direction_is_nothing_to_the_other() -> None:
    spec = {"selector": "all()", "types": ["Ingress", "Egress"]}
    deny, udp = {"action": "Deny", "protocol": "TCP"}, {"action": "Deny", "protocol": "UDP"}
    policies = [
        {"apiVersion": V3, "kind": "GlobalNetworkPolicy", "metadata": {"name": f"p{number}"}, "spec": {**spec, **sides}}
        for number, sides in enumerate(
            [{"order": 0, "ingress": [deny], "egress": [udp]}, {"order": 1, "ingress": [deny], "egress": [deny]}]
        )
    ]
    found = [
        (one.policy.name, one.direction) for one in dead(shadows_of(*policies), UNLIMITED) if isinstance(one, Dead)
    ]
    assert found == [("p1", "ingress")]


def test_what_comes_before_in_one_chain_is_nothing_to_a_policy_in_another() -> None:
    policies = [one_rule("default", number, "all()", {"action": "Deny", "protocol": "TCP"}) for number in range(4)]
    for policy in policies[:2]:
        policy["spec"] |= {"doNotTrack": True, "applyOnForward": True}
    assert decided_on(*policies) == ["p1", "p3"]


def test_ports_that_many_rules_share_are_read_once() -> None:
    """Calico makes a rule of each peer of a NetworkPolicy of Kubernetes, with all of the ports."""
    peers = [{"podSelector": {"matchLabels": {"app": f"a{n}"}}} for n in range(200)]
    rule = {"from": peers, "ports": [{"protocol": "TCP", "port": n} for n in range(1, 500)]}
    meta = {"name": "a", "namespace": "shop"}
    written = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta}
    ((_, placed),) = model_of(cluster_of([{**written, "spec": {"podSelector": {}, "ingress": [rule]}}])).policies
    policy = placed.policy
    assert len(policy.ingress) == 200
    assert calls(lambda: [Shape(one, "shop") for one in policy.ingress]) < 200 * 100
