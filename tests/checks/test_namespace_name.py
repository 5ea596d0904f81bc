"""Namespaces that selectors ask for by labels that they lack, by slips of the pen, or by what is no name."""

from __future__ import annotations

import pytest

from callint.checks import find
from calls import calls
from manifests import cluster_of

POLICY = """
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: deny}
spec:
  namespaceSelector: "%s"
  types: [Ingress]
"""


@pytest.mark.parametrize(
    ("selector", "named"),
    [
        ("projectcalico.org/name == 'kube_system'", ["kube_system"]),
        ("kubernetes.io/metadata.name != 'Kube-System'", ["Kube-System"]),
        ("projectcalico.org/name not in {'kube_system', 'a', 'kube.system'}", ["kube.system", "kube_system"]),
        ("projectcalico.org/name == 'kube-system'", []),
        ("projectcalico.org/name starts with 'team-'", []),
        ("projectcalico.org/name == '$(NAMESPACE)'", []),
        ("stage == 'kube_system'", []),
    ],
)
def test_no_namespace_has_such_a_name(selector: str, named: list[str]) -> None:
    found = find("selection")(cluster_of(POLICY % selector), {"problem": "namespace-name"})
    assert sorted(one.message.split('"')[1] for one in found) == named


def test_of_many_labels_some_are_named() -> None:
    """Or as many policies would name all of them as often."""
    labels = ", ".join(f"l{number:02}: a" for number in range(30))
    web = f"---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: web, labels: {{{labels}}}}}\n"
    (found,) = find("selection")(cluster_of(POLICY % "name == 'web'" + web), {"problem": "namespace-name"})
    assert found.witness is not None
    assert len(found.witness.as_dict()["labels"]) == 20


NAMESPACE = """
---
apiVersion: v1
kind: Namespace
metadata: {name: monitoring, labels: {team: observers}}
"""
POD = """
---
apiVersion: v1
kind: Pod
metadata: {name: one, namespace: monitorin}
spec: {containers: []}
"""


@pytest.mark.parametrize(
    ("selector", "told"),
    [
        ("name == 'monitoring'", True),
        ("name in {'monitoring'}", True),
        ("name in {'monitoring', 'prometheus'}", False),  # the other may have the label
        ("name not in {'monitoring'}", False),
    ],
)
def test_a_label_that_the_namespace_lacks(selector: str, told: bool) -> None:
    found = find("selection")(cluster_of(POLICY % selector + NAMESPACE), {"problem": "namespace-name"})
    assert ["lacks it too" in one.message for one in found] == [True] * told


@pytest.mark.parametrize(
    ("manifests", "meant"),
    [
        (POLICY % "projectcalico.org/name == 'monitorin'", "monitoring"),
        (POLICY % "kubernetes.io/metadata.name in {'monitornig'}", "monitoring"),
        (POLICY % "team == 'obsrevers'", "observers"),
        (POLICY % "team == 'observerx'", None),
        (POLICY % "projectcalico.org/name == 'monitorin'" + POD, None),  # there is one of that name
        (POLICY % "team == 'obsrevers' || all()", None),
    ],
)
def test_a_slip_of_the_pen(manifests: str, meant: str | None) -> None:
    found = find("selection")(cluster_of(manifests + NAMESPACE), {"problem": "near-miss"})
    assert [one.message.partition("did you mean ")[2] for one in found] == [f'"{meant}"'] * bool(meant)


def test_labels_of_namespaces_are_looked_at_once_for_all_selectors() -> None:
    def work(policies: int) -> int:
        several = "---".join((POLICY % "name == 'n1'").replace("deny", f"p{number}") for number in range(policies))
        spaces = "".join(NAMESPACE.replace("monitoring", f"n{number}") for number in range(200))
        cluster = cluster_of(several + spaces)
        list(find("selection")(cluster, {"problem": "namespace-name"}))
        return calls(lambda: list(find("selection")(cluster, {"problem": "namespace-name"})))

    assert work(20) < 6 * work(1)
