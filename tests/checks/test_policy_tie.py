"""Policies of equal order of which only names say which is asked first."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.checks import Breach, find
from callint.policy import NodePolicy, evaluate
from callint.policy.packet import Packet
from callint.source import Limits
from manifests import calico, cluster_of

ALLOW: dict[str, Any] = {"action": "Allow", "protocol": "TCP", "destination": {"ports": [443]}}
DENY: dict[str, Any] = {"action": "Deny", "source": {"nets": ["10.0.0.128/25"]}}
PASS: dict[str, Any] = {"action": "Pass"}
PASS_UDP: dict[str, Any] = {"action": "Pass", "protocol": "UDP"}
EARLY = {"applyOnForward": True, "preDNAT": True}
TIER = calico("Tier", "t", {"order": 1})
BOTH = "zone == 'lan' && role == 'router'"
HOST = calico("HostEndpoint", "h", {"node": "n", "interfaceName": "eth0"}, labels={"zone": "lan", "role": "router"})


def gnp(name: str, *ingress: dict[str, Any], selector: str = "zone == 'lan'", **spec: Any) -> dict[str, Any]:
    whole = {"selector": selector, "types": ["Ingress"], "ingress": list(ingress), **spec}
    return calico("GlobalNetworkPolicy", name, whole)


def ties(*objects: dict[str, Any], release: tuple[int, int] = (3, 32), limits: Limits | None = None) -> list[Breach]:
    cluster = cluster_of(objects, Target(release=release))
    cluster.limits = limits or cluster.limits
    return list(find("policy_tie")(cluster, {}))


def test_the_witness_is_decided_by_the_name() -> None:
    objects = [HOST, gnp("a", ALLOW), gnp("b", DENY)]
    (found,) = ties(*objects)
    assert found.message == (
        'GlobalNetworkPolicy "b" has no order, like GlobalNetworkPolicy "a", and nothing but names says that "a" is '
        'asked first: rule ingress[0] of "a" allows what rule ingress[0] of "b" denies'
    )
    assert found.witness is not None
    shown = found.witness.as_dict()
    packet = Packet("eth0", None, *(shown[key] for key in ("source", "destination", "protocol", "source_port")), 443)
    renamed = [HOST, gnp("z", ALLOW), gnp("b", DENY)]
    outcomes = [evaluate(NodePolicy(cluster_of(one), "n"), packet).outcome for one in (objects, renamed)]
    assert outcomes == ["accept", "drop"]


@pytest.mark.parametrize(
    ("objects", "count"),
    [
        ([gnp("a", ALLOW, order=1), gnp("b", DENY, order=2)], 0),
        ([gnp("a", ALLOW, order=1), gnp("b", DENY, order=1)], 1),
        ([gnp("a", ALLOW), gnp("b", ALLOW)], 0),
        ([gnp("a", ALLOW), gnp("b")], 0),
        ([gnp("a", ALLOW), gnp("b", {**DENY, "protocol": "UDP"})], 0),
        ([gnp("a", ALLOW), gnp("b", {"action": "Pass", "protocol": "TCP"})], 1),
        ([gnp("a", ALLOW), gnp("b", {"action": "Log"}, DENY), gnp("c", DENY)], 2),
        ([gnp("a", ALLOW), gnp("b", DENY), gnp("c", ALLOW)], 1),
        ([gnp("a", ALLOW), gnp("b", DENY, selector="x == 'y' && x contains 'z'")], 0),
        ([gnp("a", ALLOW, **EARLY), gnp("b", DENY, **EARLY)], 1),
        ([gnp("a", ALLOW, **EARLY), gnp("b", DENY, namespaceSelector="has(team)", **EARLY)], 0),
        ([gnp("a", ALLOW, selector=BOTH), gnp("b", DENY), gnp("c", ALLOW)], 2),
        ([gnp("first", DENY, order=1), gnp("a", ALLOW), gnp("b", DENY)], 0),
        ([gnp("first", DENY, selector="x == 'y'", order=1), gnp("a", ALLOW), gnp("b", DENY)], 1),
        ([gnp("first", DENY, order=1), gnp("a", ALLOW, applyOnForward=True), gnp("b", DENY)], 0),
        ([gnp("first", DENY, order=1), gnp("a", ALLOW), gnp("b", DENY, applyOnForward=True)], 0),
        ([gnp("first", DENY, selector=BOTH, order=1), gnp("a", ALLOW), gnp("b", DENY, selector=BOTH)], 0),
        ([TIER, gnp("first", PASS_UDP, tier="t"), gnp("a", ALLOW), gnp("b", DENY)], 0),
        ([TIER, gnp("first", PASS_UDP, tier="t"), gnp("x", PASS, tier="t"), gnp("a", ALLOW), gnp("b", DENY)], 1),
        ([TIER, gnp("first", PASS_UDP, tier="t", selector="role == 'router'"), gnp("a", ALLOW), gnp("b", DENY)], 1),
        ([TIER, gnp("first", PASS_UDP, tier="t", types=["Egress"]), gnp("a", ALLOW), gnp("b", DENY)], 1),
        ([gnp("a", ALLOW), gnp("b", DENY, selector="role == 'router'")], 0),
        ([HOST, gnp("a", ALLOW), gnp("b", DENY, selector="role == 'router'")], 1),
        ([gnp("a", ALLOW), gnp("b", DENY, selector=BOTH)], 1),
        ([gnp("a", ALLOW), gnp("b", DENY, types=["Egress"])], 0),
        ([gnp("a", ALLOW, applyOnForward=True), gnp("b", DENY, applyOnForward=True, preDNAT=True)], 0),
        ([gnp("a", ALLOW), calico("StagedGlobalNetworkPolicy", "b", gnp("b", DENY)["spec"])], 0),
        ([gnp("a", {"action": "Deny", "protocol": "TCP"}, ALLOW), gnp("b", {**DENY, "protocol": "TCP"})], 0),
        ([gnp("a", ALLOW), gnp("b", {"action": "Deny", "source": {"selector": "app == 'x'"}})], 0),
    ],
)
def test_what_ties(objects: list[dict[str, Any]], count: int) -> None:
    assert len(ties(*objects)) == count


def test_kubernetes_policy_has_an_order_that_nobody_wrote() -> None:
    kubernetes = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "k", "namespace": "ns"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"ports": [{"port": 443}]}]},
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "ns", "labels": {"zone": "lan"}},
        "status": {"podIP": "10.1.0.1"},
    }
    for name in ("a", "z"):
        (found,) = ties(pod, kubernetes, gnp(name, DENY, order=1000))
        assert (found.object.name if found.object else "", found.path) == (name, ("spec", "order"))
        assert 'like NetworkPolicy "k" of Kubernetes' in found.message


def test_a_large_order_is_told_in_figures() -> None:
    (found,) = ties(gnp("a", ALLOW, order=2_500_000), gnp("b", DENY, order=2_500_000))
    assert 'GlobalNetworkPolicy "b" has the order 2500000, like' in found.message


def test_so_many_comparisons() -> None:
    rules = [ALLOW, DENY]
    apart = [gnp(f"p{number}", rules[number % 2], selector=f"x == '{number}'", order=1) for number in range(60)]
    alike = [gnp(f"q{number}", rules[number % 2], selector=f"x != '{number}'", order=2) for number in range(60)]
    last = [gnp(f"r{number}", rules[number % 2], order=3) for number in range(2)]
    (one,) = ties(*apart, *last, limits=Limits(comparisons=3_000))
    assert not one.undecided
    (found,) = ties(*apart, *alike, *last, limits=Limits(comparisons=3_000))
    assert found.undecided
    assert found.message == (
        "whether names alone decide between policies of equal order, these and those of 1 more, was not examined: "
        "more than 3,000 comparisons of rules and selectors would be needed"
    )


def test_endpoints_that_many_policies_select() -> None:
    hosts = [
        calico("HostEndpoint", f"h{number}", {"node": "n", "interfaceName": f"e{number}"}, labels={f"k{number}": "x"})
        for number in range(20)
    ]
    policies = [gnp(f"p{n}", (ALLOW, DENY)[n % 2], selector=f"!has(k{n}) && b != '{n}'") for n in range(20)]
    assert all(not one.undecided for one in ties(*hosts, *policies))
    found = ties(*hosts, *policies, limits=Limits(comparisons=1_500))
    assert found[0].message == (
        "whether names alone decide between policies that select a common endpoint of the manifests was not examined: "
        "more than 1,500 comparisons of selectors and labels of endpoints would be needed"
    )
