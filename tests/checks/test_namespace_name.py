"""Names that selectors of namespaces ask for, and that none can have."""

from __future__ import annotations

import pytest

from callint.checks import find
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
