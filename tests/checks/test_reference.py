"""Own rules about names that nothing bears."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import CheckError, find
from callint.checks.objects.reference import check
from manifests import cluster_of

PARAMETERS = {"kind": "HostEndpoint", "field": "spec.node", "to": "Node"}
NODES = """
apiVersion: v1
kind: Node
metadata: {name: router}
---
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: worker}
spec: {}
---
apiVersion: v1
kind: Secret
metadata: {name: bgp}
"""


def endpoint(node: str) -> str:
    return f"""
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {{name: lan}}
spec: {{node: {node}, interfaceName: lan0}}
"""


def said(text: str, **given: Any) -> list[str]:
    return [breach.message for breach in check(cluster_of(text), PARAMETERS | given)]


@pytest.mark.parametrize("node", ["router", "worker"])
def test_nodes_are_those_of_kubernetes_and_of_calico(node: str) -> None:
    assert said(NODES + endpoint(node)) == []


def test_what_nothing_bears() -> None:
    names = 'HostEndpoint "lan" names Node "garage", which '
    assert said(NODES + endpoint("garage")) == [names + 'does not exist, the Nodes known are "router", "worker"']
    assert said(endpoint("garage")) == [names + "no manifest defines, no Node is known"]
    assert said(endpoint("garage"), unless_unknown=True) == []
    (slip,) = check(
        cluster_of(NODES + endpoint("ruoter")), {"kind": "HostEndpoint", "field": "spec.node", "to": "Node"}
    )
    assert slip.message.endswith('did you mean "router"')
    assert [one.span.line for one in slip.related] == [4]


def test_kinds_that_calico_has_not() -> None:
    secret = 'HostEndpoint "lan" names Secret "garage", which does not exist, the only Secret known is "bgp"'
    assert said(NODES + endpoint("garage"), to="Secret") == [secret]
    assert said(NODES + endpoint("bgp"), to="Secret") == []
    profile = 'HostEndpoint "lan" names BFDProfile "fast", which no manifest defines, no BFDProfile is known'
    assert said(endpoint("fast"), to="BFDProfile") == [profile]  # MetalLB's


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"to": "Nod"}, 'check "reference": nothing is of the kind "Nod", did you mean "Node"'),
        (
            {"kind": "HostEndpont"},
            'check "reference": nothing is of the kind "HostEndpont", did you mean "HostEndpoint"',
        ),
        (
            {"field": "spec.nod"},
            'check "reference": HostEndpoint has no field "nod" in "spec.nod", did you mean "node"',
        ),
        (
            {"field": "sepc.node"},
            'check "reference": HostEndpoint has no field "sepc" in "sepc.node", did you mean "spec"',
        ),
        (
            {"unless_unkown": True},
            'check "reference" has no parameter "unless_unkown", it has kind, field, to, unless_unknown',
        ),
    ],
)
def test_parameters_that_cannot_be_meant(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CheckError) as raised:
        list(find("reference")(cluster_of(endpoint("router")), PARAMETERS | given))
    assert str(raised.value) == sentence


@pytest.mark.parametrize("field", ["spec.profiles", "spec.expectedIPs.first", "spec.garage", "metadata.labels.zone"])
def test_a_field_that_no_object_has_says_nothing(field: str) -> None:
    assert said(endpoint("router"), field=field) == []


def test_a_check_that_there_is_not() -> None:
    with pytest.raises(CheckError, match='no check is called "referense", did you mean "reference"'):
        find("referense")


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("kind: Node\nmetadata:\n  name: garage\n", 4),
        ("kind: Node\r\nmetadata:\r\n  'name' : \"garage\" # the new one\r\n", 4),
        ("kind: Node\nmetadata: {name: garage}\n", None),
        ("kind: Nodes\nmetadata:\n  name: garage\n", None),
        ("kind: Node\nmetadata:\n  name: garages\n", None),
        ("name: garage\n---\nkind: Node\nmetadata: {name: \f}\n", None),
    ],
)
def test_what_cannot_be_read_may_bear_the_name(written: str, line: int | None) -> None:
    cluster = cluster_of(endpoint("garage") + "---\n# \f\f\n" + written, judged=True)
    (breach,) = check(cluster, PARAMETERS)
    above = endpoint("garage").count("\n") + 1
    seen = [one.span.line - above for one in breach.related]
    assert seen == ([line] if line else [])
    assert ("looks as if it did" in breach.message) == bool(line)
