"""What pods are to reach on their own node, where Felix drops what they send to it."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.checks import find
from callint.objects import Intent
from manifests import calico, cluster_of

DROP = calico("FelixConfiguration", "default", {"defaultEndpointToHostAction": "Drop"})
MASTER = {"node-role.kubernetes.io/control-plane": ""}
ALL = Intent(complete=("Node",))


def node(name: str, address: str, **labels: str) -> dict[str, Any]:
    status = {"addresses": [{"type": "InternalIP", "address": address}]}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "status": status}


def rule(*nets: str, **spec: Any) -> dict[str, Any]:
    egress = [{"action": "Allow", "protocol": "TCP", "destination": {"nets": [*nets], "ports": [9100]}}]
    written = {"selector": "app == 'monitor'", "types": ["Egress"], "egress": egress, **spec}
    return calico("NetworkPolicy", "scrape", written, namespace="mon")


def told(*objects: dict[str, Any], intent: Intent = ALL, dataplane: Any = "iptables") -> list[tuple[str, bool]]:
    found = find("own_node")(cluster_of(objects, Target(dataplane=dataplane), intent=intent), {})
    return [(one.message, one.undecided) for one in found]


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        ([node("a", "10.0.0.1", **MASTER)], "pods get no answer from the API server of their own node, the only one"),
        (
            [node("a", "10.0.0.1", **MASTER), node("b", "10.0.0.2", **MASTER)],
            "pods get no answer from the API server of",
        ),
        ([node("a", "10.0.0.1", **MASTER), node("b", "10.0.0.2")], None),  # pods are elsewhere
        ([node("a", "10.0.0.1")], None),
        ([], None),
    ],
)
def test_the_api_server_on_every_node(objects: list[dict[str, Any]], words: str | None) -> None:
    found = told(DROP, *objects)
    assert [undecided for _, undecided in found] == ([] if words is None else [False])
    assert words is None or found[0][0].startswith(words)
    assert told(DROP, *objects, intent=Intent()) == []


A, B = node("a", "10.0.0.1"), node("b", "10.0.0.2")


@pytest.mark.parametrize(
    ("objects", "intent", "undecided"),
    [
        ([A, B, rule("10.0.0.1/32", "10.0.0.2/32")], ALL, False),
        ([A, B, rule("10.0.0.1/32", "10.0.0.2/32")], Intent(), True),  # there may be other nodes
        ([A, B, rule("10.0.0.1/32")], ALL, True),  # the pods may be on the other one
        ([A, B, rule("10.0.0.0/24")], ALL, None),  # that is wider than nodes
        ([A, B, rule("10.0.0.1/32", "10.0.0.77/32")], ALL, None),
        ([A, B, rule("10.0.0.1/32", types=["Ingress"])], ALL, None),
        ([rule("10.0.0.1/32")], ALL, None),
    ],
)
def test_rules_that_name_nodes(objects: list[dict[str, Any]], intent: Intent, undecided: bool | None) -> None:
    assert [found for _, found in told(DROP, *objects, intent=intent)] == ([] if undecided is None else [undecided])


@pytest.mark.parametrize(
    "felix",
    [
        {},
        {"defaultEndpointToHostAction": "Accept"},
        {"defaultEndpointToHostAction": "Return"},
        {"defaultEndpointToHostAction": "Drop", "chainInsertMode": "Append"},
        {"defaultEndpointToHostAction": "Drop", "bpfEnabled": True},
    ],
)
def test_what_is_not_dropped(felix: dict[str, Any]) -> None:
    settings = calico("FelixConfiguration", "default", felix)
    assert told(settings, node("a", "10.0.0.1", **MASTER)) == []
