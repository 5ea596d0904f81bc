"""What is said of rules and policies that never decide: what decides in their place, and what would mend it."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.checks import Breach, find
from callint.finding import Span
from callint.objects import Resource
from manifests import calico, cluster_of

ALLOW: dict[str, Any] = {"action": "Allow", "protocol": "TCP"}
DENY: dict[str, Any] = {"action": "Deny"}
HTTP: dict[str, Any] = {**DENY, "protocol": "TCP", "destination": {"ports": [80]}}
TIER = calico("Tier", "t", {"order": 1})


def gnp(name: str, *ingress: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return calico("GlobalNetworkPolicy", name, {"types": ["Ingress"], "ingress": list(ingress), **spec})


def of_kubernetes(*ports: int) -> dict[str, Any]:
    rules = [{"ports": [{"port": port}]} for port in ports]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "k", "namespace": "x"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": rules},
    }


def of_cluster(name: str, priority: int, action: str) -> dict[str, Any]:
    rule = {"action": action, "from": [{"namespaces": {}}]}
    return {
        "apiVersion": "policy.networking.k8s.io/v1alpha2",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": name},
        "spec": {"tier": "Admin", "priority": priority, "subject": {"namespaces": {}}, "ingress": [rule]},
    }


def told(problem: str, *objects: dict[str, Any]) -> Breach:
    (found,) = find("unreachable")(cluster_of(objects, Target(release=(3, 32))), {"problem": problem})
    return found


@pytest.mark.parametrize(
    ("problem", "objects", "who", "cure"),
    [
        ("rule", [gnp("a", ALLOW, HTTP)], "the earlier rule ingress[0] already decides", "move the rule in front of"),
        (
            "rule",
            [gnp("a", ALLOW, order=1), gnp("b", HTTP, {"action": "Allow"}, order=2)],
            'the earlier rule ingress[0] of GlobalNetworkPolicy "a" already decides',
            "give its policy a lower `order`, or delete the rule",
        ),
        (
            "rule",
            [TIER, gnp("t.a", ALLOW, DENY, tier="t"), gnp("b", HTTP, DENY)],
            'the earlier rule ingress[0] of GlobalNetworkPolicy "t.a" already decides',
            'let tier "t" pass on what the rule is to decide, or delete the rule',
        ),
        (
            "redundant",
            [gnp("a", DENY, HTTP)],
            "the earlier rule ingress[0] with the same action covers it",
            "delete it,",
        ),
        (
            "policy",
            [TIER, gnp("t.a", ALLOW, tier="t"), gnp("b", {"action": "Allow"})],
            'the end of tier "t" leaves none',
            'let tier "t" pass on what the policy is to decide, or delete the policy',
        ),
        (
            "policy",
            [gnp("a", DENY, order=1), gnp("b", ALLOW, order=2)],
            'the earlier rule ingress[0] of GlobalNetworkPolicy "a" leaves none',
            "give the policy a lower `order`, or delete the policy",
        ),
        (
            "policy",
            [gnp("a", DENY, order=1), of_kubernetes(80)],
            'the earlier rule ingress[0] of GlobalNetworkPolicy "a" leaves none',
            "give what comes before a higher `order` than 1000, or delete the policy",
        ),
        (
            "rule",
            [of_cluster("a", 1, "Accept"), of_cluster("b", 2, "Deny")],
            'the earlier rule ingress[0] of ClusterNetworkPolicy "a" already decides',
            "give its policy a lower `priority`, or delete the rule",
        ),
    ],
)
def test_who_decides_and_what_mends_it(problem: str, objects: list[dict[str, Any]], who: str, cure: str) -> None:
    found = told(problem, *objects)
    assert f": {who}" in found.message
    assert found.help.startswith(cure)


def test_several_are_counted() -> None:
    rules = [{**ALLOW, "destination": {"ports": [ports]}} for ports in ("1:80", "81:200")]
    found = told("rule", gnp("a", *rules, {**HTTP, "destination": {"ports": ["70:90"]}}))
    assert ": 2 earlier rules already decide on all of its packets" in found.message


def test_the_place_of_a_rule_that_covers_many_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []
    span = Resource.span

    def counted(self: Resource, *path: str | int, key: bool = False) -> Span:
        asked.append(path)
        return span(self, *path, key=key)

    monkeypatch.setattr(Resource, "span", counted)
    cluster = cluster_of([gnp("p", {"action": "Allow"}, *[{"action": "Deny"}] * 9)])
    assert len(list(find("unreachable")(cluster, {"problem": "rule"}))) == 9
    assert asked.count(("spec", "ingress", 0, "action")) == 1
