"""Whether anything passes at host endpoints, where policy governs one direction or everything."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from callint import policy
from callint.checks.hosts import shut_in
from callint.policy import NodePolicy, Packet, Verdict
from manifests import cluster_of
from shipped_rules import told_by


def test_endpoints_that_policy_treats_alike_are_followed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a policy for everything that lets the packet pass; behind it a thousand may stand."""
    followed = []

    def evaluate(here: NodePolicy, packet: Packet, spend: Callable[[], None] | None = None) -> Verdict:
        followed.append(here.node)
        return policy.evaluate(here, packet, spend)

    monkeypatch.setattr(shut_in, "evaluate", evaluate)
    text = "".join(
        "---\napiVersion: projectcalico.org/v3\nkind: HostEndpoint\n"
        f"metadata: {{name: {node}, labels: {{role: {label}}}}}\n"
        f"spec: {{node: {node}, interfaceName: eth0}}\n"
        for node, label in (("n1", "lan"), ("n2", "lan"), ("n3", "lan"), ("n4", "wan"))
    ) + (
        "---\napiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: g}\n"
        "spec: {types: [Ingress], ingress: [{action: Allow, protocol: TCP}]}\n"
        "---\napiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: other}\n"
        "spec: {selector: role == 'wan', types: [Egress], egress: [{action: Deny}]}\n"
    )
    assert not told_by(cluster_of(text), "POL030")
    assert followed == ["n1", "n4"]
