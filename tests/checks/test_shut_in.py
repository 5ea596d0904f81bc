"""Whether anything passes at host endpoints, where policy governs one direction or everything."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from callint import policy
from callint.checks.hosts import shut_in
from callint.policy import NodePolicy, Packet, Verdict
from callint.source import Limits
from manifests import calico, cluster_of
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


def test_endpoints_at_which_nothing_is_followed_cost_nothing() -> None:
    """A failsafe port lets the same packet out at each of them, where ten policies govern what comes in."""
    endpoint = {"interfaceName": "eth0"}
    objects = [
        *(calico("HostEndpoint", f"h{n}", {"node": f"n{n}", **endpoint}, labels={"a": "b"}) for n in range(4)),
        *(calico("GlobalNetworkPolicy", f"g{n}", {"selector": "a == 'b'", "types": ["Ingress"]}) for n in range(10)),
        calico("FelixConfiguration", "default", {"failsafeOutboundHostPorts": [{"protocol": "UDP", "port": 123}]}),
    ]
    cluster = cluster_of(objects)
    cluster.limits = Limits(comparisons=70)
    assert not told_by(cluster, "HEP003")


def test_endpoints_of_which_the_policy_was_not_looked_for_are_followed_each() -> None:
    """What a limit left open is no policy that several have in common."""
    objects = [
        *(
            calico("HostEndpoint", f"h{n}", {"node": f"n{n}", "interfaceName": "eth0"}, labels={"n": str(n)})
            for n in range(5)
        ),
        *(calico("GlobalNetworkPolicy", f"g{n}", {"selector": "has(n)", "types": ["Egress"]}) for n in range(8)),
        calico("GlobalNetworkPolicy", "all", {"selector": "all()", "types": ["Ingress"]}),
        calico("Tier", "early", {"order": 1}),
        calico(
            "GlobalNetworkPolicy",
            "early.h0",
            {"tier": "early", "selector": "n == '0'", "types": ["Ingress"], "ingress": [{"action": "Allow"}]},
        ),
    ]
    found = []
    for comparisons in (1000, 40):
        cluster = cluster_of(objects)
        cluster.limits = Limits(comparisons=comparisons)
        found.append([one for one in told_by(cluster, "POL030") if not one.undecided])
    assert found[0]
    assert found[1] == found[0]
