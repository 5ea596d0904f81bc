"""Calico's own policies as they are read: the short way of usual rules gives what the long one does."""

from __future__ import annotations

from typing import Any

import pytest

from callint.intake.judge import unjudged
from callint.objects import Cluster
from callint.objects.calico_policy import rules
from callint.source import parse

LONG = {"notProtocol": None}
LONG_SIDE = {"notNets": None}
SIDES = ("source", "destination")


@pytest.mark.parametrize(
    "written",
    [
        {"action": "Allow"},
        {
            "action": "deny",
            "protocol": "TCP",
            "source": {"selector": "a == 'b'"},
            "destination": {"ports": [80, "1:2"]},
        },
        {"action": None, "protocol": 17, "source": {"nets": ["10.0.0.0/8", 5]}, "destination": {"selector": 7}},
        {"action": ["Pass"], "protocol": {}, "source": {"selector": ""}, "destination": {"ports": {}, "nets": None}},
        {"protocol": True, "source": [], "destination": "all"},
    ],
)
def test_usual_rules_are_read_as_all_others(written: dict[str, Any]) -> None:
    sides = {
        name: {**LONG_SIDE, **written[name]}
        for name in ("source", "destination")
        if isinstance(written.get(name), dict)
    }
    for direction in ("ingress", "egress"):
        assert rules({direction: [written]}, direction) == rules({direction: [{**LONG, **written, **sides}]}, direction)


def test_a_policy_has_all_its_fields() -> None:
    text = """
    {apiVersion: projectcalico.org/v3, kind: GlobalNetworkPolicy, metadata: {name: web},
     spec: {tier: edge, order: 5, selector: all(), namespaceSelector: has(a), serviceAccountSelector: has(b),
            types: [Egress], ingress: [{action: Allow}], egress: [{action: Deny}, {action: Log}],
            applyOnForward: true, preDNAT: true, doNotTrack: false, stagedAction: Delete}}
    """
    cluster = Cluster(one.resource for one in unjudged(parse(text).documents))
    (policy,) = cluster.policies
    assert len(policy) == len(policy._fields)
    said = {name: value for name, value in policy._asdict().items() if name not in ("resource", "ingress", "egress")}
    assert said == {
        "kind": "GlobalNetworkPolicy",
        "name": "web",
        "namespace": None,
        "tier": "edge",
        "order": 5,
        "selector": "all()",
        "namespace_selector": "has(a)",
        "service_account_selector": "has(b)",
        "types": ("Egress",),
        "apply_on_forward": True,
        "pre_dnat": True,
        "do_not_track": False,
        "staged": False,
        "staged_action": "Delete",
    }
    assert policy.resource is cluster.all[0]
    assert [rule.action for rule in policy.ingress] == ["Allow"]
    assert [rule.action for rule in policy.egress] == ["Deny", "Log"]
