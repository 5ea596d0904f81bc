"""Policies of the whole cluster of one priority, which nobody's API puts in order."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.checks import Breach, find
from callint.source import Limits
from manifests import calico, cluster_of

Plain = dict[str, Any]
EVERY: Plain = {"namespaces": {}}
OPS: Plain = {"namespaces": {"matchLabels": {"team": "ops"}}}
SHOP: Plain = {"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}
BANK: Plain = {"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "bank"}}}
WEB: Plain = {"pods": {"namespaceSelector": SHOP["namespaces"], "podSelector": {"matchLabels": {"app": "web"}}}}
INTERNET: Plain = {"networks": ["0.0.0.0/0"]}
HTTPS: Plain = {"tcp": {"destinationPort": {"number": 443}}}
HTTP: Plain = {"tcp": {"destinationPort": {"range": {"start": 80, "end": 90}}}}
NAMED: Plain = {"destinationNamedPort": "web"}


def rule(action: str, peer: Plain, *protocols: Plain, side: str = "from") -> Plain:
    return {"action": action, side: [peer], **({"protocols": list(protocols)} if protocols else {})}


def policy(name: str, *rules: Plain, subject: Plain = EVERY, priority: int = 10, direction: str = "ingress") -> Plain:
    spec = {"tier": "Admin", "priority": priority, "subject": subject, direction: list(rules)}
    version = "policy.networking.k8s.io/v1alpha2"
    return {"apiVersion": version, "kind": "ClusterNetworkPolicy", "metadata": {"name": name}, "spec": spec}


def admin(name: str, *rules: Plain) -> Plain:
    whole = policy(name, *rules)
    del whole["spec"]["tier"]
    return {**whole, "apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "AdminNetworkPolicy"}


def told(*objects: Plain, release: tuple[int, int] = (3, 32), limits: Limits | None = None) -> list[Breach]:
    cluster = cluster_of(objects, Target(release))
    cluster.limits = limits or cluster.limits
    return list(find("policy_tie")(cluster, {}))


ALLOW, DENY, DENY_OPS = rule("Accept", OPS), rule("Deny", EVERY), rule("Deny", OPS)
EARLY = {"selector": "all()", "namespaceSelector": "all()", "types": ["Ingress"]}


@pytest.mark.parametrize(
    ("objects", "count"),
    [
        ([policy("a", ALLOW), policy("b", DENY)], 1),
        ([policy("a", DENY), policy("b", ALLOW)], 1),
        ([policy("a", ALLOW), policy("b", DENY_OPS)], 1),
        ([policy("a", ALLOW), policy("b", DENY_OPS), policy("c", ALLOW)], 1),
        ([policy("a", ALLOW), policy("b", rule("Pass", EVERY))], 1),
        ([policy("a", ALLOW), policy("b", rule("Accept", EVERY))], 0),
        ([policy("a", ALLOW), policy("b", DENY, priority=11)], 0),
        ([policy("a", ALLOW), policy("b", rule("Deny", SHOP))], 0),  # nobody says that shop is not of the team
        ([policy("a", ALLOW, subject=SHOP), policy("b", DENY)], 1),
        ([policy("a", ALLOW, subject=SHOP), policy("b", DENY, subject=WEB)], 1),
        ([policy("a", ALLOW, subject=SHOP), policy("b", DENY, subject=OPS)], 0),
        ([policy("a", ALLOW), policy("b", rule("Deny", EVERY, side="to"), direction="egress")], 0),
        ([policy("a", rule("Accept", OPS, HTTPS)), policy("b", DENY)], 1),
        ([policy("a", rule("Accept", OPS, HTTPS)), policy("b", rule("Deny", EVERY, HTTP))], 0),
        ([policy("a", rule("Accept", OPS, HTTP)), policy("b", rule("Deny", EVERY, HTTP))], 1),
        ([policy("a", rule("Accept", OPS, NAMED)), policy("b", DENY)], 0),
        ([policy("a", rule("Accept", INTERNET, side="to"), direction="egress"), policy("b", DENY)], 0),
        ([policy("a", DENY_OPS, rule("Accept", OPS)), policy("b", DENY)], 0),  # the first of both is the same
        ([policy("a", rule("Deny", OPS, HTTP), rule("Accept", OPS, HTTPS)), policy("b", rule("Deny", EVERY))], 1),
        ([policy("a", rule("Deny", OPS), rule("Accept", EVERY)), policy("b", DENY)], 1),  # about all others
        ([policy("a", ALLOW), policy("b", rule("Accept", OPS), DENY)], 0),
        ([policy("a", ALLOW), policy("b", DENY), policy("first", DENY, priority=1)], 0),
        ([policy("a", ALLOW), policy("b", DENY), policy("first", DENY_OPS, priority=1)], 0),
        ([policy("a", ALLOW), policy("b", DENY), policy("first", rule("Deny", SHOP), priority=1)], 1),
        ([policy("a", ALLOW, subject=SHOP), policy("b", DENY), policy("x", DENY, priority=1, subject=WEB)], 0),
        ([policy("a", ALLOW, subject=SHOP), policy("b", DENY), policy("x", DENY, priority=1, subject=BANK)], 1),
        ([policy("a", ALLOW), policy("b", DENY), policy("last", DENY, priority=20)], 1),
        ([policy("a", ALLOW), policy("b", DENY), policy("c", DENY)], 1),
    ],
)
def test_what_contradicts(objects: list[Plain], count: int) -> None:
    assert len(told(*objects)) == count


def test_a_tier_of_calico_before_theirs() -> None:
    tier = calico("Tier", "first", {"order": 1})
    deny = {**EARLY, "tier": "first", "ingress": [{"action": "Deny", "source": {"selector": "app == 'x'"}}]}
    both = policy("a", rule("Accept", WEB)), policy("b", DENY)
    assert len(told(*both, tier, calico("GlobalNetworkPolicy", "first", deny))) == 1
    anybody = {**deny, "ingress": [{"action": "Deny"}]}
    assert told(*both, tier, calico("GlobalNetworkPolicy", "first", anybody)) == []


def test_what_is_told_of_admin_network_policies() -> None:
    (found,) = told(admin("a", rule("Allow", OPS)), admin("b", DENY), release=(3, 31))
    assert found.path == ("spec", "priority")
    assert found.message == (
        'AdminNetworkPolicy "a" of Kubernetes has the priority 10, like AdminNetworkPolicy "b" of Kubernetes, and '
        'nothing but names says that "a" is asked first: rule ingress[0] of "b" denies what rule ingress[0] of "a" '
        "allows"
    )


def test_so_many_comparisons() -> None:
    (found,) = told(policy("a", ALLOW), policy("b", DENY), limits=Limits(comparisons=25))
    assert found.undecided
