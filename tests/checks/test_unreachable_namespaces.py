"""Rules that never decide, for what the names and labels of namespaces say of whom they mean."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import find
from manifests import calico, cluster_of

RED = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"team": "red", "a": "b"}}}
STRANGE = calico("WorkloadEndpoint", "w", {"node": "n", "orchestrator": "libvirt", "interfaceName": "t"}, namespace="x")
SHOP = {"namespaceSelector": "projectcalico.org/name == 'shop'"}
BANK = {"namespaceSelector": "kubernetes.io/metadata.name == 'bank'", "selector": "app == 'web'"}


def dead(*objects: dict[str, Any], first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Whether the second of two rules of a policy in the namespace `shop` is never reached."""
    rules = [{"action": action, "source": source} for action, source in (("Deny", first), ("Allow", second))]
    spec = {"selector": "app == 'db'", "types": ["Ingress"], "ingress": rules}
    cluster = cluster_of([*objects, calico("NetworkPolicy", "p", spec, namespace="shop")])
    found = list(find("unreachable")(cluster, {"problem": "rule"}))
    assert [one.path for one in found] in ([], [("spec", "ingress", 1, "action")])
    return bool(found)


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ({"namespaceSelector": "team == 'red'"}, SHOP, True),
        ({"namespaceSelector": "team == 'red'"}, {"selector": "app == 'web'"}, True),
        ({"namespaceSelector": "has(team) && team != 'blue'"}, SHOP, True),
        ({"namespaceSelector": "team == 'blue'"}, SHOP, False),
        ({"namespaceSelector": "!has(exempt)"}, SHOP, False),
        ({"namespaceSelector": "team == 'red'"}, BANK, False),
        ({"namespaceSelector": "team == 'red'"}, {"namespaceSelector": "a == 'b'"}, False),
        ({"namespaceSelector": "projectcalico.org/name == 'bank'"}, BANK, True),
        (SHOP, {"selector": "app == 'web'"}, True),
        ({"namespaceSelector": "kubernetes.io/metadata.name == 'shop'"}, SHOP, True),
        ({"selector": "all()"}, SHOP, True),
        ({"selector": "app == 'web'"}, SHOP, False),
        (SHOP, BANK, False),
    ],
)
def test_whom_rules_mean(first: dict[str, str], second: dict[str, str], told: bool) -> None:
    assert dead(RED, first=first, second=second) is told


def test_a_namespace_that_nobody_wrote_has_its_names_alone() -> None:
    assert not dead(first={"namespaceSelector": "team == 'red'"}, second=SHOP)
    assert dead(first=SHOP, second={"selector": "app == 'web'"})


def test_who_is_not_of_kubernetes_has_no_labels_of_a_namespace() -> None:
    red = {"namespaceSelector": "team == 'red'"}
    assert dead(RED, first=red, second={"selector": "app == 'web'"})
    assert not dead(RED, STRANGE, first=red, second={"selector": "app == 'web'"})
