"""Workloads that stand for pods that no manifest holds."""

from __future__ import annotations

import pytest

from callint.objects import Cluster, Intent, Resource, unpack
from callint.policy import Model, model_of
from callint.policy.inventory import WorkloadMember
from callint.policy.representative import MOST, model_for, of_policies
from callint.policy.symbolic.connectivity import connected
from callint.policy.symbolic.engine import Engine
from callint.selector import parse as selector
from callint.source import parse
from calls import calls

POOL = """
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: pods}
spec: {cidr: 10.1.0.0/16}
"""
RED = """
apiVersion: v1
kind: Namespace
metadata: {name: red, labels: {team: red}}
"""
POD = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: red, labels: {app: web}}
status: {podIP: 10.1.0.9}
"""


def policy(spec: str, namespace: str = "red", name: str = "p") -> str:
    return f"""
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{{spec}}}
"""


def cluster_of(*parts: str, intent: Intent | None = None) -> Cluster:
    documents = parse("---".join(("", *parts)), "test.yaml").documents
    resources = [Resource(document, base, plain) for document in documents for base, plain in unpack(document)]
    return Cluster(resources, intent=intent, documents=documents)


def assumed(cluster: Cluster, *selectors: str) -> list[WorkloadMember]:
    return [one for one in model_for(cluster, map(selector, selectors)).inventory.workloads if one.stands_for]


def words(cluster: Cluster, *selectors: str) -> list[str]:
    return [one.stands_for.removeprefix("a workload ") for one in assumed(cluster, *selectors)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("app == 'db'", ['with labels app=db in namespace "red"']),
        ("app in {'a', 'b'} && !has(old)", ['with labels app=a in namespace "red"']),
        ("app not in {'db', 'web'}", ['without labels in namespace "red"']),
        ("app == 'x' && app == 'y'", []),
        ("projectcalico.org/namespace == 'blue'", ['without labels in namespace "blue"']),
        ("!has(projectcalico.org/namespace)", []),
        ("pcns.team == 'red' && app in {'a', 'web'} && app != 'web'", ['with labels app=a in namespace "red"']),
        ("pcns.team == 'green'", []),
        (
            "pcns.projectcalico.org/name == 'blue' && pcns.team == 'x'",
            ['without labels in namespace "blue" of labels team=x'],
        ),
        ("projectcalico.org/serviceaccount == 'sa'", ['without labels in namespace "red" as service account "sa"']),
        ("app == 'web'", []),
    ],
)
def test_what_stands_for_a_selector(text: str, expected: list[str]) -> None:
    cluster = cluster_of(RED, POD, policy("selector: role == 'nothing'"))
    assert words(cluster, text) == expected
    for one in assumed(cluster, text):
        assert selector(text).matches(one.labels.known)


def test_one_in_every_namespace_and_one_for_every_narrower_selector() -> None:
    narrower = policy("selector: app == 'db' && tier == 'data'", "blue")
    other = policy("selector: role == 'db'", "red", "q")
    assert words(cluster_of(RED, narrower, other), "app == 'db'") == [
        'with labels app=db in namespace "blue"',
        'with labels app=db in namespace "red"',
        'with labels app=db,tier=data in namespace "blue"',
    ]


def test_peers_of_rules_are_narrower_selectors_too() -> None:
    rule = "{action: Allow, source: {selector: app == 'web' && tier == 'front'}}"
    found = words(cluster_of(policy(f"selector: app == 'db', ingress: [{rule}]")), "app == 'web'")
    assert found == ['with labels app=web in namespace "red"', 'with labels app=web,tier=front in namespace "red"']


def test_nothing_is_assumed_where_all_pods_are_given() -> None:
    cluster = cluster_of(policy("selector: app == 'db'"), intent=Intent(complete=("Pod",)))
    assert assumed(cluster, "app == 'db'") == []
    assert of_policies(model_of(cluster)) == ()


def test_their_number_is_bounded() -> None:
    many = [policy("selector: app == 'db'", f"ns{number}") for number in range(3 * MOST)]
    assert len(assumed(cluster_of(*many), "app == 'db'")) == MOST


def test_addresses_are_those_that_no_rule_tells_from_others() -> None:
    rule = "{action: Allow, source: {nets: [10.1.0.0/30]}}"
    cluster = cluster_of(POOL, POD, policy(f"selector: app == 'db', ingress: [{rule}]"))
    (one, other) = assumed(cluster, "app == 'db'", "app == 'x'")
    assert (one.about.addresses, other.about.addresses) == (("10.1.0.4",), ("10.1.0.5",))
    both = POOL.replace("name: pods", "name: six").replace("10.1.0.0/16", "fd00::/64")
    (dual,) = assumed(cluster_of(POOL, both, policy("selector: app == 'db'")), "app == 'db'")
    assert dual.about.addresses == ("10.1.0.0", "fd00::")
    whole = POOL.replace("10.1.0.0/16", "10.1.0.0/30")
    (full,) = assumed(cluster_of(whole, policy(f"selector: app == 'db', ingress: [{rule}]")), "app == 'db'")
    assert full.about.addresses == ("10.1.0.0",)


def test_all_pairs_of_what_policies_speak_of() -> None:
    rule = "{action: Allow, protocol: TCP, source: {selector: app == 'web'}, destination: {ports: [5432]}}"
    base = model_of(cluster_of(POOL, policy(f"selector: app == 'db', ingress: [{rule}]")))
    engine = Engine(Model(base.cluster, of_policies(base)), 4)
    passing = {(one.about.name, other.about.name): packets for one, other, packets in connected(engine)}
    assert passing.keys() == {("app=db", "app=web"), ("app=web", "app=db")}
    space = engine.space
    assert passing["app=web", "app=db"] == space.box(protocol=((6, 6),), destination_port=((5432, 5432),))
    assert space.box(protocol=((6, 6),)) - passing["app=db", "app=web"] == space.nothing


def test_what_matches_a_set_or_a_pod_needs_none() -> None:
    networks = """
apiVersion: projectcalico.org/v3
kind: NetworkSet
metadata: {name: s, namespace: red, labels: {role: outside}}
spec: {nets: [203.0.113.0/24]}
"""
    rules = "{action: Allow, source: {selector: role == 'outside'}}, {action: Allow, source: {selector: app == 'web'}}"
    cluster = cluster_of(networks, POD, policy(f"selector: app == 'web', ingress: [{rules}]"))
    assert of_policies(model_of(cluster)) == ()


def test_many_selectors_take_no_longer_than_their_number() -> None:
    def effort(count: int) -> int:
        rules = ", ".join(f"{{action: Allow, source: {{selector: app == 'a{number}'}}}}" for number in range(count))
        cluster = cluster_of(policy(f"selector: app == 'db', ingress: [{rules}]"))

        def work() -> None:
            assert len(of_policies(model_of(cluster))) == min(count + 1, 256)
            assert assumed(cluster, "app == 'web'")

        return calls(work)

    assert effort(1000) < 10 * effort(100)


def test_namespaces_in_which_no_pod_can_be_are_not_tried_for_ever() -> None:
    namespaces = [RED.replace("name: red", f"name: n{number}") for number in range(120)]
    hosts = [
        policy(
            f"selector: \"has(x) && x != '{number}' && !has(projectcalico.org/namespace)\"", name=f"p{number}"
        ).replace("kind: NetworkPolicy", "kind: GlobalNetworkPolicy")
        for number in range(120)
    ]
    cluster = cluster_of(*namespaces, *hosts)

    def work() -> None:
        assert assumed(cluster, "has(x) && pcns.team == 'green'") == []
        assert len(assumed(cluster, "has(x)")) == MOST

    assert calls(work) < 1_000_000
