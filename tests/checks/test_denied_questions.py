"""Names that pods may ask for by a rule that comes after the networks of all pods are denied."""

from __future__ import annotations

import json
from typing import Any

import pytest

from callint.calico import Target
from callint.checks import Breach, find
from callint.intake.judge import judge
from callint.objects import Cluster
from callint.source import Limits, parse
from manifests import calico, cluster_of

POOL = calico("IPPool", "pods", {"cidr": "10.244.0.0/16", "natOutgoing": True})
SIX = calico("IPPool", "six", {"cidr": "fd00::/64"})
BY_HAND = calico("IPPool", "hand", {"cidr": "100.64.0.0/24", "nodeSelector": "!all()"})
SET = calico("GlobalNetworkSet", "names", {"nets": ["192.0.2.53/32"]}, labels={"k8s-app": "kube-dns"})
OF_PODS = {"namespaceSelector": "projectcalico.org/name == 'kube-system'", "selector": "k8s-app == 'kube-dns'"}
DENY = {"action": "Deny", "destination": {"nets": ["10.0.0.0/8", "192.168.0.0/16"]}}
WEB = {"action": "Allow", "protocol": "TCP", "destination": {"ports": [443], "notNets": ["10.0.0.0/8"]}}


def deny(action: str = "Deny", source: dict[str, Any] | None = None, **destination: Any) -> dict[str, Any]:
    return {"action": action, "destination": destination, **({"source": source} if source else {})}


def ask(**destination: Any) -> dict[str, Any]:
    return {"action": "Allow", "protocol": "UDP", "destination": {"ports": [53], **destination}}


def found(*egress: dict[str, Any], others: tuple[dict[str, Any], ...] = (POOL,)) -> list[Breach]:
    spec = {"selector": "app == 'web'", "types": ["Egress"], "egress": list(egress)}
    policy = calico("NetworkPolicy", "web", spec, namespace="shop")
    return list(find("name_resolution")(cluster_of([*others, policy]), {}))


def test_what_is_said() -> None:
    (breach,) = found(DENY, ask(**OF_PODS), WEB)
    assert breach.message == (
        'NetworkPolicy "web" lets pods send to others, but egress[0] denies what they ask the pods of DNS before '
        "egress[1] allows it, for these have addresses out of its networks"
    )
    assert "before the Deny" in breach.help


@pytest.mark.parametrize(
    ("egress", "others", "told"),
    [
        ([{**DENY, "protocol": "UDP"}, ask(**OF_PODS), WEB], (POOL,), True),
        ([deny(nets=["10.244.0.0/16"], ports=["1:1000"]) | {"protocol": "UDP"}, ask(**OF_PODS), WEB], (POOL,), True),
        ([DENY, ask(**OF_PODS), ask(namespaceSelector="all()"), WEB], (POOL,), True),
        ([ask(**OF_PODS), DENY, WEB], (POOL,), False),
        ([DENY, ask(**OF_PODS), ask(nets=["169.254.20.10/32"]), WEB], (POOL,), False),
        ([DENY, ask(**OF_PODS), ask(), WEB], (POOL,), False),  # others outside may be asked
        ([DENY, ask(services={"name": "kube-dns", "namespace": "kube-system"}), WEB], (POOL,), False),
        ([DENY, ask(**OF_PODS), WEB], (), False),  # where pods are is not known
        ([DENY, ask(**OF_PODS), WEB], (POOL, SIX), False),  # they may ask by IPv6
        ([DENY, ask(**OF_PODS), WEB], (POOL, BY_HAND), False),
        ([DENY, ask(selector="k8s-app == 'kube-dns'", namespaceSelector="global()"), WEB], (POOL, SET), False),
        ([{**DENY, "protocol": "TCP"}, ask(**OF_PODS), WEB], (POOL,), False),
        ([deny("Log", nets=["10.0.0.0/8"]), ask(**OF_PODS), WEB], (POOL,), False),
        ([deny(nets=["10.244.0.0/17"]), ask(**OF_PODS), WEB], (POOL,), False),
        ([deny(nets=["10.0.0.0/8"], notNets=["10.244.3.0/24"]), ask(**OF_PODS), WEB], (POOL,), False),
        ([deny(nets=["10.0.0.0/8"], notSelector="k8s-app == 'kube-dns'"), ask(**OF_PODS), WEB], (POOL,), False),
        ([deny(source={"selector": "x == 'y'"}, nets=["10.0.0.0/8"]), ask(**OF_PODS), WEB], (POOL,), False),
        ([deny(nets=["10.0.0.0/8"], ports=[80]) | {"protocol": "UDP"}, ask(**OF_PODS), WEB], (POOL,), False),
    ],
)
def test_what_is_too_late(egress: list[dict[str, Any]], others: tuple[dict[str, Any], ...], told: bool) -> None:
    assert bool(found(*egress, others=others)) is told


def policy(name: str, order: int, *egress: dict[str, Any], selector: str = "app == 'web'") -> dict[str, Any]:
    spec = {"order": order, "selector": selector, "types": ["Egress"], "egress": list(egress)}
    return calico("NetworkPolicy", name, spec, namespace="shop")


TCP = {"action": "Allow", "protocol": "TCP", "destination": {"ports": [53], **OF_PODS}}


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ([policy("private", 1, DENY, WEB), policy("dns", 2, ask(**OF_PODS), TCP)], 1),
        ([policy("private", 1, DENY), policy("dns", 2, ask(**OF_PODS)), policy("web", 3, WEB)], 1),
        ([policy("private", 1, DENY, WEB, selector="all()"), policy("dns", 2, ask(**OF_PODS))], 1),
        ([policy("private", 3, DENY, WEB), policy("dns", 2, ask(**OF_PODS), TCP)], 0),
        ([policy("private", 1, DENY, WEB), policy("dns", 2, ask(**OF_PODS), selector="all()")], 1),
        ([policy("private", 1, DENY, selector="all()"), policy("dns", 2, ask(**OF_PODS)), policy("web", 3, WEB)], 1),
        ([policy("private", 1, DENY, selector="x == 'y'"), policy("web", 3, WEB), policy("dns", 4, ask(**OF_PODS))], 0),
        ([policy("private", 1, ask(**OF_PODS), DENY, WEB), policy("dns", 2, ask(**OF_PODS))], 0),
        ([policy("private", 1, DENY, selector="app == 'db'"), policy("dns", 2, ask(**OF_PODS))], 0),
        ([policy("pass", 0, {"action": "Pass"}), policy("private", 1, DENY, WEB), policy("dns", 2, ask(**OF_PODS))], 0),
    ],
)
def test_what_another_policy_denies_before_is_told_once(objects: list[dict[str, Any]], told: int) -> None:
    assert len(list(find("name_resolution")(cluster_of([POOL, *objects]), {}))) == told


@pytest.mark.parametrize(
    ("ports", "asked", "told"),
    [
        (["53"], [53], True),
        ([53, 5353], [5353], True),
        ([], [5353], True),
        ([5353], [53], False),
        ([53], [53, 5353], False),
        (["dns"], [53], False),  # pods of DNS may call another port so
        ([53], ["dns"], False),
        ([53], [], False),
    ],
)
def test_the_ports_that_are_denied_are_those_that_are_asked(ports: list[Any], asked: list[Any], told: bool) -> None:
    """DNS listens at one of two ports, and it is not known at which."""
    denial = deny(nets=["10.0.0.0/8"], ports=ports) | {"protocol": "UDP"}
    assert bool(found(denial, ask(**OF_PODS) | {"destination": {**OF_PODS, "ports": asked}}, WEB)) is told


def in_tier(tier: str, order: int, *egress: dict[str, Any], selector: str = "app == 'web'") -> dict[str, Any]:
    spec = {"tier": tier, "order": order, "selector": selector, "types": ["Egress"], "egress": list(egress)}
    return calico("NetworkPolicy", f"{tier}.{order}", spec, namespace="shop")


@pytest.mark.parametrize(
    ("order", "told"),
    [
        ({"order": 10}, True),
        ({"order": 2000000}, False),
        ({"order": "soon"}, False),
    ],
)
def test_a_deny_of_another_tier_comes_first_where_the_orders_are_known(order: dict[str, Any], told: bool) -> None:
    tier = calico("Tier", "again", {"defaultAction": "Pass", **order})
    objects = [tier, in_tier("again", 1, DENY), in_tier("default", 1, ask(**OF_PODS), WEB)]
    assert bool(list(find("name_resolution")(cluster_of([POOL, *objects], judged=True), {}))) is told


@pytest.mark.parametrize(
    ("tiers", "told"),
    [
        ([calico("Tier", "other", {"order": 2000000})], True),
        ([calico("Tier", "other", {"order": "soon"})], False),
        ([], False),  # a tier that no manifest holds may be anywhere
    ],
)
@pytest.mark.parametrize("egress", [(WEB,), (DENY, WEB)])
def test_a_tier_of_which_the_order_is_not_known_may_come_first(
    tiers: list[dict[str, Any]], told: bool, egress: tuple[dict[str, Any], ...]
) -> None:
    objects = [*tiers, in_tier("default", 1, *egress), in_tier("other", 1, ask(**OF_PODS), selector="all()")]
    assert bool(list(find("name_resolution")(cluster_of([POOL, *objects], judged=True), {}))) is told


def test_what_a_tier_drops_at_its_end_no_later_one_denies() -> None:
    """Though a later tier has a Deny before the rule for DNS: nothing comes there."""
    tiers = (calico("Tier", "first", {"order": 10}), calico("Tier", "second", {"order": 20}))
    second = in_tier("second", 1, DENY, ask(**OF_PODS), selector="all()")
    breach, _ = find("name_resolution")(cluster_of([POOL, *tiers, in_tier("first", 1, WEB), second]), {})
    assert 'dropped by tier "first"' in breach.message


def test_what_comes_after_a_denial_for_all_is_looked_at_once() -> None:
    """Two hundred policies open DNS too late, each for the pods of the others as well."""
    first = calico("GlobalNetworkPolicy", "a", {"order": 1, "namespaceSelector": "all()", "egress": [DENY]})
    late = [policy(f"p{n}", 2, ask(**OF_PODS), WEB, selector=f"has(l{n})") for n in range(200)]
    cluster = cluster_of([POOL, first, *late])
    cluster.limits = Limits(comparisons=4000)
    breaches = list(find("name_resolution")(cluster, {}))
    assert not [one for one in breaches if one.undecided]
    assert len([one for one in breaches if "denies what they ask" in one.message]) == 1


def test_another_policy_without_a_denial_lets_some_of_them_ask() -> None:
    """After the one that opens in vain, in a place that is looked at only then."""
    late = [policy(f"p{n}", 2, ask(**OF_PODS), WEB, selector=f"has(l{n})") for n in range(3)]
    objects = [policy("a", 1, DENY, selector="has(l0)"), *late, policy("z", 3, ask(), selector="has(l0)")]
    assert not list(find("name_resolution")(cluster_of([POOL, *objects]), {}))


@pytest.mark.parametrize("port", ["==", "70000", "90:80"])
def test_a_policy_that_cannot_be_read_as_a_whole_may_open_dns(port: str) -> None:
    """By a port that is none, beside a Deny of the networks of pods."""
    asking = policy("dns", 2, ask() | {"destination": {"ports": [port]}})
    text = "\n---\n".join(map(json.dumps, [POOL, policy("a", 1, DENY, WEB), asking]))
    judged = judge(parse(text, "m.yaml").documents, Target())
    assert not list(find("name_resolution")(Cluster([one.resource for one in judged], Target()), {}))
