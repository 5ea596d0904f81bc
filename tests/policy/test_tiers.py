"""The order of tiers and policies, whom policies select, and which never reach Felix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.calico import Release, Road, Target
from callint.objects import Cluster
from callint.policy import Model
from callint.policy.tiers import selector_of, tiers_of
from manifests import calico, cluster_of

MakeCluster = Callable[..., Cluster]


def order_of(cluster: Cluster) -> list[str]:
    return [f"{tier.name}/{one.policy.name}" for tier in tiers_of(cluster) for one in tier.policies]


def gnp(name: str, **spec: Any) -> dict[str, Any]:
    return calico("GlobalNetworkPolicy", name, spec)


def tier(name: str, **spec: Any) -> dict[str, Any]:
    return calico("Tier", name, spec)


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ((3, 28), ["default"]),
        ((3, 29), ["adminnetworkpolicy", "default"]),
        ((3, 31), ["adminnetworkpolicy", "default", "baselineadminnetworkpolicy"]),
        ((3, 32), ["kube-admin", "default", "kube-baseline"]),
    ],
)
def test_built_in_tiers(release: Release, expected: list[str]) -> None:
    found = tiers_of(cluster_of([], Target(release=release)))
    assert [one.name for one in found] == expected
    assert [one.default_action for one in found] == ["Deny" if name == "default" else "Pass" for name in expected]


@pytest.mark.parametrize(("road", "expected"), [("calicoctl", ["a", "default"]), ("native", ["default", "a"])])
def test_a_tier_without_order(road: Road, expected: list[str]) -> None:
    names = [one.name for one in tiers_of(cluster_of([tier("a")], Target(road=road)))]
    assert [name for name in names if not name.startswith("kube-")] == expected


def test_the_default_tier_may_be_written_down() -> None:
    found = {one.name: one for one in tiers_of(cluster_of([tier("default", defaultAction="Deny")]))}
    assert found["default"].order == 1_000_000
    assert found["default"].resource is not None


def test_equal_orders_by_release() -> None:
    objects = [gnp("b"), gnp("a.z"), gnp("default.c")]
    assert order_of(cluster_of(objects)) == ["default/a.z", "default/b", "default/default.c"]
    assert order_of(cluster_of(objects, Target(release=(3, 31)))) == ["default/a.z", "default/b", "default/default.c"]
    network = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "k", "namespace": "ns"},
        "spec": {"podSelector": {}},
    }
    same = [gnp("zz", order=1000), network, gnp("aa", order=1000)]
    assert order_of(cluster_of(same)) == ["default/aa", "default/k", "default/zz"]
    older = order_of(cluster_of(same, Target(release=(3, 31))))
    assert older == ["default/aa", "default/zz", "default/knp.default.k"]


ORDERS = st.one_of(st.none(), st.floats(-5, 5), st.integers(-3, 3))


@given(
    st.dictionaries(st.sampled_from("pqrs"), st.tuples(ORDERS, st.sampled_from(["t1", "t2", "gone"])), max_size=4),
    ORDERS,
    ORDERS,
)
def test_order_against_a_sort(
    policies: dict[str, tuple[float | None, str]], one: float | None, two: float | None
) -> None:
    tiers = {"t1": one, "t2": two}
    objects = [tier(name, **({} if order is None else {"order": order})) for name, order in tiers.items()]
    objects += [
        gnp(name, tier=where, **({} if order is None else {"order": order}))
        for name, (order, where) in policies.items()
    ]

    def last(order: float | None) -> float:
        return float("inf") if order is None else order

    def key(name: str) -> tuple[object, ...]:
        order, where = policies[name]
        return where not in tiers, last(tiers.get(where)), where, last(order), name

    expected = [f"{policies[name][1]}/{name}" for name in sorted(policies, key=key)]
    assert order_of(cluster_of(objects, Target(road="native"))) == expected


RULE = {"action": "Allow"}


@pytest.mark.parametrize(
    ("spec", "calicoctl", "crd"),
    [
        ({"selector": "a == 'b'"}, True, True),
        ({"selector": "a = 'b'"}, False, False),
        ({"namespaceSelector": "a = 'b'"}, False, True),
        ({"serviceAccountSelector": "a = 'b'"}, False, True),
        ({"selector": "global()"}, False, True),
        ({"ingress": [{**RULE, "source": {"selector": "has("}}]}, False, False),
        ({"ingress": [{**RULE, "source": {"namespaceSelector": "has("}}]}, False, False),
        ({"ingress": [{**RULE, "source": {"namespaceSelector": "global()"}}]}, True, True),
        ({"ingress": [{**RULE, "source": {"nets": ["10.0.0.1"]}}]}, False, True),
        ({"ingress": [{**RULE, "source": {"nets": ["10.0.0.1/8"]}}]}, False, True),
        ({"ingress": [{**RULE, "source": {"nets": ["garbage"]}}]}, False, True),
        ({"ingress": [{**RULE, "source": {"notNets": ["0.0.0.0/0"]}}]}, False, True),
        ({"ingress": [{**RULE, "destination": {"ports": [80]}}]}, False, False),
        ({"ingress": [{**RULE, "protocol": "ICMP", "destination": {"ports": [80]}}]}, False, False),
        ({"ingress": [{**RULE, "protocol": "TCP", "destination": {"ports": ["80-90"]}}]}, False, False),
        ({"ingress": [{**RULE, "destination": {"ports": ["web"]}}]}, True, True),
        ({"ingress": [{**RULE, "protocol": "tcp", "destination": {"ports": [80]}}]}, False, True),
        ({"ingress": [{**RULE, "protocol": "ICMP", "icmp": {"type": 255}}]}, False, False),
        ({"ingress": [{**RULE, "protocol": "ICMP", "icmp": {"code": 1}}]}, False, False),
        ({"ingress": [{"action": "allow"}]}, False, False),
        ({"preDNAT": True, "ingress": [RULE]}, False, False),
        ({"preDNAT": True, "applyOnForward": True, "ingress": [RULE]}, True, True),
        ({"preDNAT": True, "applyOnForward": True, "egress": [RULE]}, False, False),
        ({"ingress": [{**RULE, "destination": {"services": {"name": "a", "namespace": "b"}}}]}, False, True),
        ({"egress": [{**RULE, "destination": {"services": {"name": "a"}}}]}, False, True),
    ],
)
def test_what_reaches_felix(spec: dict[str, Any], calicoctl: bool, crd: bool) -> None:
    written = gnp("p", **spec)
    assert (order_of(cluster_of([written])) == ["default/p"]) is calicoctl
    raw = {**written, "apiVersion": "crd.projectcalico.org/v1"}
    assert (order_of(cluster_of([raw])) == ["default/p"]) is crd


def test_what_older_releases_take() -> None:
    raw = {**gnp("p", ingress=[{"action": "allow"}]), "apiVersion": "crd.projectcalico.org/v1"}
    assert order_of(cluster_of([raw], Target(release=(3, 31)))) == ["default/p"]
    named = gnp("p", ingress=[{"action": "Allow", "destination": {"ports": ["web"]}}])
    assert order_of(cluster_of([named], Target(release=(3, 31)))) == []


def test_line_breaks_in_selectors_are_for_validation_to_refuse() -> None:
    source = {"selector": "zone starts\nwith 'w'", "notSelector": "a not\n in {'b'}", "namespaceSelector": "all(\n)"}
    broken = gnp(
        "default.p",
        selector="has(\n zone\t)",
        namespaceSelector="has(\na)",
        ingress=[{"action": "Allow", "source": source}],
    )
    cluster = cluster_of([broken], Target(release=(3, 29)))
    assert order_of(cluster) == ["default/default.p"]
    (placed,) = (one for tier in tiers_of(cluster) for one in tier.policies)
    assert str(selector_of(placed.policy)) == "(has(zone) && has(pcns.a))"


def test_staged_deletions_are_not_sent() -> None:
    staged = {**gnp("p", stagedAction="Delete"), "kind": "StagedGlobalNetworkPolicy"}
    assert order_of(cluster_of([staged])) == []


ENDPOINTS = """
apiVersion: v1
kind: Namespace
metadata: {name: red, labels: {colour: red}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: sa, namespace: red, labels: {level: high}}
---
apiVersion: v1
kind: Pod
metadata: {name: pod, namespace: red, labels: {app: x}}
spec: {serviceAccountName: sa, containers: []}
status: {podIP: 10.0.0.1}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: host, labels: {app: x}}
spec: {node: n, interfaceName: eth0}
---
"""


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        ("GlobalNetworkPolicy", "", {"pod", "host"}),
        ("GlobalNetworkPolicy", "selector: all()", {"pod", "host"}),
        ("GlobalNetworkPolicy", "namespaceSelector: all()", {"pod"}),
        ("GlobalNetworkPolicy", "namespaceSelector: colour == 'red'", {"pod"}),
        ("GlobalNetworkPolicy", "namespaceSelector: colour != 'blue'", {"pod", "host"}),
        ("GlobalNetworkPolicy", "selector: all(), namespaceSelector: colour != 'blue'", {"pod"}),
        ("GlobalNetworkPolicy", "serviceAccountSelector: level == 'high'", {"pod"}),
        ("GlobalNetworkPolicy", "selector: all(), serviceAccountSelector: level != 'low'", {"pod"}),
        ("GlobalNetworkPolicy", "selector: app == 'x', serviceAccountSelector: level != 'low'", {"pod", "host"}),
        ("GlobalNetworkPolicy", "selector: projectcalico.org/orchestrator == 'k8s'", {"pod"}),
        ("NetworkPolicy", "selector: app == 'x'", {"pod"}),
        ("NetworkPolicy", "selector: app == 'y'", set()),
        ("NetworkPolicy", "serviceAccountSelector: level == 'high'", {"pod"}),
    ],
)
def test_whom_a_policy_selects(kind: str, spec: str, expected: set[str], make_cluster: MakeCluster) -> None:
    namespace = ", namespace: red" if kind == "NetworkPolicy" else ""
    text = f"apiVersion: projectcalico.org/v3\nkind: {kind}\nmetadata: {{name: p{namespace}}}\nspec: {{{spec}}}\n"
    model = Model(make_cluster(ENDPOINTS + text))
    every = (*model.inventory.host_endpoints, *model.inventory.workloads)
    assert {one.about.name for one in every if model.chains(one).stages["normal"]} == expected
    assert all(entry.doubt is None for one in every for s in model.chains(one).stages["normal"] for entry in s.entries)


def test_an_unreadable_namespace_selector_widens_a_raw_policy(make_cluster: MakeCluster) -> None:
    text = "apiVersion: crd.projectcalico.org/v1\nkind: GlobalNetworkPolicy\nmetadata: {name: p}\n"
    model = Model(make_cluster(ENDPOINTS + text + "spec: {selector: app == 'x', namespaceSelector: a = b}\n"))
    (host,) = model.inventory.host_endpoints
    assert model.chains(host).stages["normal"]


def test_accounts_are_those_of_the_namespace_of_a_policy(make_cluster: MakeCluster) -> None:
    """A NetworkPolicy without a selector of labels is for its own namespace, whichever accounts it names."""
    text = "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: p, namespace: red}\n"
    policy = text + "spec: {serviceAccountSelector: level == 'high'}\n---\n"
    elsewhere = (
        ENDPOINTS.replace("red", "blue").replace("name: pod", "name: other").partition("apiVersion: projectcal")[0]
    )
    model = Model(make_cluster(f"{ENDPOINTS}{policy}{elsewhere.strip().removesuffix('---')}"))
    asked = {one.about.name: bool(model.chains(one).stages["normal"]) for one in model.inventory.workloads}
    assert asked == {"pod": True, "other": False}


@pytest.mark.parametrize(
    ("action", "gap", "closes"),
    [("Deny", "name", True), ("Pass", "name", False), ("Deny", "defaultAction", False), ("Deny", "order", False)],
)
def test_a_tier_closes_unless_it_passes_on_or_might(action: str, gap: str, closes: bool) -> None:
    """What could not be read may be `Pass`, or put it behind another tier."""
    cluster = cluster_of([tier("t", order=5, defaultAction=action)])
    cluster.tiers[0].resource.gaps = (("spec", gap),)
    (found,) = [one for one in tiers_of(cluster) if one.name == "t"]
    assert found.closes is closes


@pytest.mark.parametrize(("spec", "expected"), [({}, "Pass"), ({"defaultAction": "Deny"}, "Deny")])
def test_a_built_in_tier_ends_as_it_is_written_or_else_as_it_was_made(spec: dict[str, Any], expected: str) -> None:
    name = "adminnetworkpolicy"
    found = {one.name: one for one in tiers_of(cluster_of([tier(name, **spec)], Target(release=(3, 31))))}
    assert found[name].default_action == expected
