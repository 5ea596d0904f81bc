"""Policies of both ends of a connection: what each opens for the other, and what else may open it."""

from __future__ import annotations

import pytest

from callint.calico import Target
from callint.checks import Breach, find
from callint.checks.policy.opened_ports import ANY, meet, opened, words
from callint.objects.calico_policy import rules as read
from callint.objects.policy import Rule
from callint.source import Limits
from manifests import cluster_of

WEB, DATABASE = "{podSelector: {matchLabels: {app: web}}}", "{podSelector: {matchLabels: {app: database}}}"


def network(name: str, spec: str, namespace: str = "shop") -> str:
    scope = f", namespace: {namespace}" if namespace else ""
    return f"""
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: {name}{scope}}}
spec: {{{spec}}}
"""


def egress(ports: str, to: str = DATABASE, who: str = "app: web", name: str = "web", namespace: str = "shop") -> str:
    spec = f"podSelector: {{matchLabels: {{{who}}}}}, policyTypes: [Egress], egress: [{{to: [{to}], ports: [{ports}]}}]"
    return network(name, spec, namespace)


def ingress(
    ports: str, of: str = WEB, who: str = "app: database", name: str = "database", namespace: str = "shop"
) -> str:
    rule = f"{{from: [{of}], ports: [{ports}]}}"
    spec = f"podSelector: {{matchLabels: {{{who}}}}}, policyTypes: [Ingress], ingress: [{rule}]"
    return network(name, spec, namespace)


def calico(kind: str, name: str, spec: str, scope: str = ", namespace: shop") -> str:
    return f"""
---
apiVersion: projectcalico.org/v3
kind: {kind}
metadata: {{name: {name}{scope}}}
spec: {{{spec}}}
"""


def told(manifests: str, limits: Limits | None = None) -> list[Breach]:
    cluster = cluster_of(manifests, Target((3, 32)))
    cluster.limits = limits or cluster.limits
    return list(find("ends")(cluster, {}))


SENT, HEARD = egress("{port: 5432}"), ingress("{port: 5433}")
RULE = "{action: Allow, protocol: TCP, source: {FROM}, destination: {TO}}"
THERE, HERE = "selector: app == 'database'", "selector: app == 'web'"
SEND = f"{HERE}, types: [Egress], egress: [{RULE}]".replace("FROM", "").replace("TO", f"{THERE}, ports: [5432]")
HEAR = f"{THERE}, types: [Ingress], ingress: [{RULE}]".replace("FROM", HERE).replace("TO", "ports: [5433]")
OTHER = "podSelector: {}, policyTypes: [Ingress, Egress], "
IN_DATA, IN_SHOP = (f"{{matchLabels: {{kubernetes.io/metadata.name: {name}}}}}" for name in ("data", "shop"))
ELSEWHERE = f"{{namespaceSelector: {IN_DATA}, {DATABASE[1:]}"
FROM_SHOP = f"{{namespaceSelector: {IN_SHOP}, {WEB[1:]}"


@pytest.mark.parametrize(
    ("manifests", "told_of"),
    [
        (SENT + HEARD, True),
        (HEARD + SENT, True),
        (SENT + ingress("{port: 5432}"), False),
        (SENT + ingress("{port: 5000, endPort: 6000}"), False),
        (SENT + ingress("{port: 5432, protocol: UDP}"), True),
        (SENT + ingress(""), False),
        (SENT + ingress("{port: sql}"), False),  # whichever port that is
        (SENT + ingress("{protocol: UDP}"), True),
        (SENT, False),
        (HEARD, False),
        (SENT + ingress("{port: 5433}", DATABASE), False),
        (SENT + ingress("{port: 5433}", who="app: database, role: primary"), False),
        (egress("{port: 5432}", who="app: web, role: front") + HEARD, False),
        (SENT + HEARD + ingress("{port: 5432}", name="more", of="{podSelector: {}}"), False),
        (SENT + HEARD + ingress("{port: 5432}", name="more", of="{podSelector: {matchLabels: {app: mail}}}"), True),
        (SENT + HEARD + ingress("{port: 5432}", name="more", who="app: database, role: primary"), False),
        (SENT + HEARD + ingress("{port: 5432}", name="more", who="app: mail"), True),
        (SENT + HEARD + egress("{port: 5433}", name="more", to="{ipBlock: {cidr: 10.0.0.0/8}}"), False),
        (SENT + HEARD + egress("{port: 5434}", name="more", to="{ipBlock: {cidr: 10.0.0.0/8}}"), True),
        (SENT + HEARD + network("all", OTHER + "egress: [{}]"), False),
        (SENT + HEARD + network("none", OTHER + "egress: []"), True),
        (egress("{port: 5432}", ELSEWHERE) + ingress("{port: 5433}", FROM_SHOP, namespace="data"), True),
        (egress("{port: 5432}", ELSEWHERE) + HEARD, False),
        (egress("{port: 5432}", ELSEWHERE) + ingress("{port: 5433}", WEB, namespace="data"), False),
        (egress("{port: 5432}", namespace="") + ingress("{port: 5433}", namespace=""), False),
        (egress("{port: 5432}", who="") + ingress("{port: 5433}", "{podSelector: {}}"), True),
        (egress("{port: 7000}", WEB, name="a") + ingress("{port: 7001}", WEB, "app: web", "b"), True),
        (SENT + calico("NetworkPolicy", "database", HEAR), True),
        (calico("NetworkPolicy", "web", SEND) + calico("NetworkPolicy", "database", HEAR), True),
        (
            calico("NetworkPolicy", "web", SEND.replace("Allow", "Deny")) + calico("NetworkPolicy", "database", HEAR),
            False,
        ),
        (calico("StagedNetworkPolicy", "web", SEND) + calico("NetworkPolicy", "database", HEAR), False),
        (SENT + calico("NetworkPolicy", "database", HEAR + ", tier: open"), False),  # it may pass on what it leaves out
        (
            SENT
            + HEARD
            + calico("GlobalNetworkPolicy", "p", "order: 1, types: [Egress], egress: [{action: Pass}]", ""),
            False,
        ),
        (
            SENT
            + HEARD
            + calico("GlobalNetworkPolicy", "p", "selector: app == 'x', types: [Egress], egress: [{action: Pass}]", ""),
            True,
        ),
        (SENT + HEARD + calico("GlobalNetworkPolicy", "p", "types: [Egress], egress: [{action: Deny}]", ""), True),
        (SENT + calico("NetworkPolicy", "database", HEAR.replace("source: {", "source: {nets: [10.0.0.0/8], ")), False),
    ],
)
def test_what_passes_at_neither_end(manifests: str, told_of: bool) -> None:
    tier = (
        "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: open}\nspec: {order: 1, defaultAction: Pass}\n"
    )
    assert ["nothing passes at both ends" in one.message for one in told(tier + manifests)] == [True] * told_of


def test_what_is_told() -> None:
    (found,) = told(SENT + HEARD)
    assert found.path == ("spec", "egress", 0, "ports")
    assert found.message == (
        'NetworkPolicy "shop/web" lets its pods send TCP 5432 to those of NetworkPolicy "shop/database", which lets '
        "them in by TCP 5433 alone: nothing passes at both ends"
    )


def test_so_many_comparisons() -> None:
    (found,) = told(SENT + HEARD, Limits(comparisons=3))
    assert found.undecided


def test_a_policy_that_sends_to_many_is_not_asked_for_each_of_its_rules() -> None:
    count = 100
    to = [f"{{to: [{{podSelector: {{matchLabels: {{app: b{n}}}}}}}], ports: [{{port: 1}}]}}" for n in range(count)]
    sender = network(
        "web", f"podSelector: {{matchLabels: {{app: web}}}}, policyTypes: [Egress], egress: [{', '.join(to)}]"
    )
    hearers = "".join(ingress("{port: 2}", who=f"app: b{n}", name=f"b{n}") for n in range(count))
    found = told(sender + hearers, Limits(comparisons=50 * count))
    assert len(found) == count
    assert not any(one.undecided for one in found)


def ports(protocol: str | int | None, *numbers: str | int) -> Rule:
    plain = {"action": "Allow", "protocol": protocol, "destination": {"ports": list(numbers)}}
    return read({"egress": [plain]}, "egress")[0]


def test_ports_of_rules() -> None:
    web = opened([ports("TCP", 80, 443), ports("TCP", "444:450")])
    assert words(web) == "TCP 80, 443-450"
    assert words(opened([ports("UDP"), ports("TCP", 1, 3, 5, 7, 9)])) == "TCP 1, 3, 5, 7 and others and UDP"
    assert words(opened([ports(None), ports(47)])) == "anything and protocol 47"
    assert opened([ports(None)]).keys() == {ANY}
    assert opened([ports("TCP", 80, "http")]) == opened([ports("TCP")])
    assert meet(web, opened([ports("TCP", 445)]))
    assert meet(web, opened([ports(None)]))
    assert not meet(web, opened([ports("UDP", 80)]))
    assert not meet(web, opened([]))
