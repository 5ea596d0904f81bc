"""Policies of equal order of which only names say which is asked first."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.checks import Breach, find
from callint.checks.policy.policy_tie import MOST_PAIRS
from callint.policy import NodePolicy, evaluate
from callint.policy.packet import Packet
from manifests import calico, cluster_of

ALLOW: dict[str, Any] = {"action": "Allow", "protocol": "TCP", "destination": {"ports": [443]}}
DENY: dict[str, Any] = {"action": "Deny", "source": {"nets": ["10.0.0.128/25"]}}
HOST = calico("HostEndpoint", "h", {"node": "n", "interfaceName": "eth0"}, labels={"zone": "lan", "role": "router"})


def gnp(name: str, *ingress: dict[str, Any], selector: str = "zone == 'lan'", **spec: Any) -> dict[str, Any]:
    whole = {"selector": selector, "types": ["Ingress"], "ingress": list(ingress), **spec}
    return calico("GlobalNetworkPolicy", name, whole)


def ties(*objects: dict[str, Any], release: tuple[int, int] = (3, 32)) -> list[Breach]:
    return list(find("policy_tie")(cluster_of(objects, Target(release=release)), {}))


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
        ([gnp("first", DENY, order=1), gnp("a", ALLOW), gnp("b", DENY)], 0),
        ([gnp("first", DENY, selector="x == 'y'", order=1), gnp("a", ALLOW), gnp("b", DENY)], 1),
        ([gnp("a", ALLOW), gnp("b", DENY, selector="role == 'router'")], 0),
        ([HOST, gnp("a", ALLOW), gnp("b", DENY, selector="role == 'router'")], 1),
        ([gnp("a", ALLOW), gnp("b", DENY, selector="zone == 'lan' && role == 'router'")], 1),
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


def test_more_pairs_than_can_be_compared() -> None:
    rules = [ALLOW, DENY]
    count = int(MOST_PAIRS**0.5) + 2
    apart = [gnp(f"p{number}", rules[number % 2], selector=f"x == '{number}'") for number in range(count)]
    assert ties(*apart) == []
    alike = [gnp(f"p{number}", rules[number % 2], selector=f"x != '{number}'") for number in range(count)]
    (found,) = ties(*alike)
    assert found.undecided
    assert f"of {count} of them more than {MOST_PAIRS} pairs had to be compared" in found.message
