"""Tiers of equal order of which only names say which is asked first."""

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
HOST = calico("HostEndpoint", "h", {"node": "n", "interfaceName": "eth0"}, labels={"zone": "lan"})
KUBERNETES = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "k", "namespace": "x"},
    "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": []},
}


def tier(name: str, order: int | None = 10, **spec: Any) -> dict[str, Any]:
    return calico("Tier", name, {**({} if order is None else {"order": order}), **spec})


def policy(of: str, *ingress: dict[str, Any], name: str = "p", **spec: Any) -> dict[str, Any]:
    whole = {"tier": of, "selector": "zone == 'lan'", "types": ["Ingress"], "ingress": list(ingress), **spec}
    return calico("GlobalNetworkPolicy", f"{of}.{name}", whole)


def ties(*objects: dict[str, Any], limits: Limits | None = None) -> list[Breach]:
    cluster = cluster_of(objects, Target(release=(3, 32)))
    cluster.limits = limits or cluster.limits
    return list(find("tier_tie")(cluster, {}))


A, B, TIED = policy("a", ALLOW, PASS), policy("b", DENY, PASS), [tier("a"), tier("b")]


def test_the_witness_is_decided_by_the_name() -> None:
    (found,) = ties(*TIED, A, B, HOST)
    assert found.message == (
        'tier "b" has the order 10, like tier "a", and nothing but names says that "a" is asked first: rule ingress[0] '
        'of GlobalNetworkPolicy "a.p" allows what rule ingress[0] of GlobalNetworkPolicy "b.p" denies'
    )
    assert (found.path, found.help) == (("spec", "order"), "give the tiers different orders")
    assert found.witness is not None
    shown = found.witness.as_dict()
    packet = Packet("eth0", None, *(shown[key] for key in ("source", "destination", "protocol", "source_port")), 443)
    renamed = [tier("z"), tier("b"), policy("z", ALLOW, PASS), B, HOST]
    outcomes = [evaluate(NodePolicy(cluster_of(one), "n"), packet).outcome for one in ([*TIED, A, B, HOST], renamed)]
    assert outcomes == ["accept", "drop"]


@pytest.mark.parametrize(
    ("objects", "count"),
    [
        ([tier("a", 10), tier("b", 11), A, B], 0),
        ([tier("a", None), tier("b", None), A, B], 1),
        ([*TIED, A, policy("b", ALLOW, PASS)], 0),
        ([*TIED, A, policy("b", ALLOW)], 0),
        ([*TIED, A, policy("b", {**ALLOW, "protocol": "UDP"})], 1),
        ([*TIED, A, policy("b", PASS)], 0),
        ([*TIED, policy("a", ALLOW), policy("b", PASS)], 0),
        ([tier("a", defaultAction="Pass"), tier("b", defaultAction="Pass"), policy("a", ALLOW), policy("b", DENY)], 1),
        ([tier("a"), tier("b", defaultAction="Pass"), policy("a", ALLOW), policy("b", {**DENY, "protocol": "UDP"})], 0),
        ([*TIED, A, policy("b", DENY, PASS, selector="zone == 'wan'")], 0),
        ([*TIED, A, policy("b", DENY, PASS, selector="all()")], 1),
        ([*TIED, A, policy("b", DENY, PASS, selector="has(role)")], 0),
        ([*TIED, A, policy("b", DENY, PASS, types=["Egress"])], 0),
        ([*TIED, A, calico("StagedGlobalNetworkPolicy", "b.p", B["spec"])], 0),
        ([*TIED, A, policy("b", DENY, PASS, preDNAT=True, applyOnForward=True)], 0),
        ([*TIED, policy("a", {"action": "Deny", "protocol": "TCP"}, name="first", order=1), A, B], 0),
        ([tier("a"), A, policy("b", DENY, PASS)], 0),
        ([*TIED, tier("c"), A, policy("b", PASS), policy("c", DENY, PASS)], 1),
        ([*TIED, tier("c"), A, policy("b", DENY, PASS), policy("c", ALLOW, PASS)], 1),
        ([*TIED, tier("first", 1), policy("first", {"action": "Deny", "protocol": "TCP"}, PASS), A, B], 0),
        ([*TIED, tier("first", 1), policy("first", {"action": "Pass", "protocol": "UDP"}), A, B], 0),
        ([*TIED, tier("first", 1), policy("first", {"action": "Pass", "protocol": "TCP"}), A, B], 1),
        ([*TIED, tier("first", 1), policy("first", DENY, selector="zone == 'wan'"), A, B], 1),
        ([*TIED, tier("first", 1, defaultAction="Pass"), policy("first", {**DENY, "protocol": "UDP"}), A, B], 1),
    ],
)
def test_what_ties(objects: list[dict[str, Any]], count: int) -> None:
    assert len(ties(*objects)) == count


@pytest.mark.parametrize(("name", "first"), [("b", "b"), ("z", "default")])
def test_a_tier_without_order_beside_the_default(name: str, first: str) -> None:
    own = policy(name, ALLOW, selector="projectcalico.org/namespace == 'x'")
    (found,) = ties(tier(name, None), own, KUBERNETES)
    assert found.path == ("metadata", "name")
    allows, denies = f'rule ingress[0] of GlobalNetworkPolicy "{name}.p" allows', 'the end of tier "default" denies'
    decides = f"{allows} what {denies}" if first == name else f"{denies} what {allows}"
    assert found.message == (
        f'tier "{name}" has the order 1000000, like tier "default", and nothing but names says that "{first}" is asked '
        f"first: {decides}"
    )


def test_so_many_comparisons() -> None:
    rules = [{**ALLOW, "destination": {"ports": [number]}} for number in range(1, 40)]
    (found,) = ties(*TIED, policy("a", *rules, PASS), policy("b", *rules, PASS), limits=Limits(comparisons=1_000))
    assert found.undecided
    assert found.message == (
        'whether names alone decide between the tiers "a" and "b" was not examined: '
        "more than 1,000 comparisons of rules and selectors would be needed"
    )


@pytest.mark.parametrize("wide", [{"nets": [f"10.{n}.0.0/24" for n in range(200)]}, {"selector": "role == 'far'"}])
def test_what_comes_after_long_rules_takes_as_many_steps(wide: dict[str, Any]) -> None:
    far = calico("GlobalNetworkSet", "far", {"nets": [f"10.{n}.0.0/24" for n in range(200)]}, labels={"role": "far"})
    rules = [{**ALLOW, "destination": {"ports": [number]}} for number in range(1, 10)]
    first = policy("a", {"action": "Deny", "source": wide}, *rules, PASS)
    assert not ties(*TIED, policy("a", *rules, PASS), B, far, limits=Limits(comparisons=3_000))[0].undecided
    assert ties(*TIED, first, B, far, limits=Limits(comparisons=3_000))[0].undecided
