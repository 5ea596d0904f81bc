"""Services that rules name: which name is surely a slip of the pen."""

from __future__ import annotations

import pytest

from callint.checks import find
from manifests import cluster_of

POLICY = """
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: app == 'web'
  types: [Egress]
  egress: [{action: Allow, destination: {services: {name: NAME, namespace: shop}}}]
"""


def service(name: str, namespace: str | None = "shop", kind: str = "Service") -> str:
    place = "" if namespace is None else f", namespace: '{namespace}'"
    return f"\n---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: '{name}'{place}}}\n"


DATABASE = service("database")
SLICE = """
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: x, namespace: shop, labels: {kubernetes.io/service-name: databse}}
endpoints: [{addresses: [10.0.0.1]}]
"""


@pytest.mark.parametrize(
    ("name", "others", "meant"),
    [
        ("databse", DATABASE, "database"),
        ("databsae", DATABASE, "database"),
        ("orders-databse", service("orders-database"), "orders-database"),
        ("database", DATABASE, None),
        ("databases", DATABASE, None),  # there may be both
        ("database2", DATABASE, None),
        ("database-1", service("database-2"), None),
        ("service-b", service("service-a"), None),
        ("auth", service("oauth"), None),
        ("databse", service("database", "other"), None),  # what is in this namespace is kept elsewhere
        ("databse", service("database", None), None),
        ("databse", DATABASE + service("databse"), None),
        ("databse", DATABASE + service("databse", None), None),
        ("databse", DATABASE + service("databse", kind="Endpoints"), None),
        ("databse", DATABASE + SLICE, None),
        ("databse", DATABASE + service("${NAME}"), None),
        ("databse", DATABASE + service("queue", "${NAMESPACE}"), None),
    ],
)
def test_slips(name: str, others: str, meant: str | None) -> None:
    found = list(find("named_service")(cluster_of(POLICY.replace("NAME", name) + others), {}))
    assert [one.message.endswith(f'did you mean "{meant}"') for one in found] == [True] * (meant is not None)


@pytest.mark.parametrize(
    ("others", "told"),
    [
        ("", 1),
        (DATABASE, 1),
        (service("kubernetes", "default"), 1),
        (service("kubernetes"), 0),
        (service("kubernetes", None), 0),
        (service("kubernetes", kind="Endpoints"), 0),
        (service("kubernetes", None, kind="Endpoints"), 0),
        (SLICE.replace("databse", "kubernetes"), 0),
        (service("${NAME}"), 0),
        (service("queue", "${NAMESPACE}"), 0),
    ],
)
def test_api_server_elsewhere(others: str, told: int) -> None:
    found = list(find("named_service")(cluster_of(POLICY.replace("NAME", "kubernetes") + others), {}))
    assert [one.path[-1] for one in found] == ["namespace"] * told


@pytest.mark.parametrize("namespace", ["default", "${NAMESPACE}"])
def test_api_server_where_it_is(namespace: str) -> None:
    policy = POLICY.replace("name: NAME, namespace: shop", f"name: kubernetes, namespace: '{namespace}'")
    assert not list(find("named_service")(cluster_of(policy + DATABASE), {}))


@pytest.mark.parametrize(
    "policy",
    [
        POLICY.replace("kind: Net", "kind: StagedNet"),
        POLICY.replace("name: NAME, namespace: shop", "name: databse"),  # refused, or without effect by itself
    ],
)
def test_policies_of_which_nothing_is_told(policy: str) -> None:
    assert not list(find("named_service")(cluster_of(policy.replace("NAME", "databse") + DATABASE), {}))
