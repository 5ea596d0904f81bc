"""Isolation of Kubernetes' policies, and what undoes it: only what is certain is told."""

from __future__ import annotations

import pytest

from callint import rule
from callint.calico import Release, Target
from callint.checks import find
from callint.engine import Plan, Setting, run
from calls import calls
from manifests import cluster_of

ISOLATING = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: database, namespace: shop}
spec: {podSelector: {matchLabels: {app: database}}, policyTypes: [Ingress], ingress: []}
"""
OPEN = """
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: open}
spec: {order: 2000, namespaceSelector: all(), types: [Ingress, Egress], ingress: [{action: Allow}], egress: []}
"""
DENY = """
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: deny}
spec: {order: 1500, selector: app == 'database', types: [Ingress], ingress: [{action: Deny, protocol: TCP}]}
"""
FIRST = """
---
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: first}
spec: {order: 100}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: first.shop}
spec: {tier: first, selector: has(app), types: [Ingress], ingress: [{action: Allow, protocol: TCP}]}
"""
ALLOW = "ingress: [{action: Allow}]"


@pytest.mark.parametrize(
    ("manifests", "told"),
    [
        (ISOLATING + OPEN, True),
        (ISOLATING + OPEN.replace("namespaceSelector: all()", "selector: has(app)"), True),
        (ISOLATING + OPEN.replace(ALLOW, "ingress: [{action: Log}, {action: Allow}]"), True),
        (ISOLATING + OPEN.replace("order: 2000, ", ""), True),
        (ISOLATING + OPEN.replace(ALLOW, ALLOW[:-2] + ", source: {nets: [0.0.0.0/0]}}]"), True),
        (ISOLATING + OPEN.replace(ALLOW, ALLOW[:-2] + ", ipVersion: 6}]"), True),
        (ISOLATING + OPEN.replace(ALLOW, ALLOW[:-2] + ", ipVersion: 4, source: {nets: [10.0.0.0/8]}}]"), False),
        (ISOLATING + OPEN.replace(ALLOW, ALLOW[:-2] + ", ipVersion: 6, source: {nets: [0.0.0.0/0]}}]"), False),
        (ISOLATING + OPEN.replace(ALLOW, ALLOW[:-2] + ", destination: {nets: [0.0.0.0/0]}}]"), False),
        (ISOLATING.replace("[]", "[{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]") + OPEN, False),
        (ISOLATING + OPEN.replace("order: 2000", "order: 500"), False),
        (ISOLATING + OPEN.replace("namespaceSelector: all()", "selector: has(role)"), False),
        (ISOLATING + OPEN.replace("namespaceSelector: all()", "selector: app != 'database'"), False),
        (ISOLATING + OPEN.replace(ALLOW, "ingress: [{action: Allow, protocol: TCP}]"), False),
        (ISOLATING + OPEN.replace(ALLOW, "ingress: [{action: Deny, protocol: UDP}, {action: Allow}]"), True),
        (ISOLATING + OPEN.replace(ALLOW, "ingress: [{action: Deny}, {action: Allow}]"), False),
        (ISOLATING + OPEN.replace(ALLOW, "ingress: [{action: Pass, protocol: UDP}, {action: Allow}]"), False),
        (ISOLATING + OPEN.replace("kind: Global", "kind: StagedGlobal"), False),
        (ISOLATING.replace("ingress: []", "ingress: [{}]") + OPEN, False),
        (ISOLATING.replace("policyTypes: [Ingress]", "policyTypes: [Egress]") + OPEN, False),
        (ISOLATING + DENY + OPEN, False),
        (ISOLATING + DENY.replace("app == 'database'", "app == 'web'") + OPEN, True),
        (ISOLATING + DENY.replace("order: 1500", "order: 2500") + OPEN, True),
        (ISOLATING + FIRST + OPEN, False),
        (ISOLATING + FIRST.replace("order: 100", "order: 100, defaultAction: Pass") + OPEN, True),
    ],
)
def test_what_is_undone(manifests: str, told: bool) -> None:
    cluster = cluster_of(manifests, Target(release=(3, 32)))
    assert [one.path for one in find("isolation")(cluster, {"problem": "undone"})] == [
        ("spec", "ingress", 1 if "Log" in manifests or "UDP" in manifests else 0, "action")
    ] * told


def test_a_list_of_denials_that_ends_in_an_allow_says_so() -> None:
    """calico issues 4474 and 6216: an Allow was added as the cure for a list that only denied."""
    rules = "ingress: [{action: Deny, source: {nets: [203.0.113.0/24]}}, {action: Allow}]"
    cluster = cluster_of(ISOLATING + OPEN.replace(ALLOW, rules), Target(release=(3, 32)))
    (found,) = find("isolation")(cluster, {"problem": "undone"})
    assert found.message == (
        'rule ingress[1] of GlobalNetworkPolicy "open" allows all other ingress that NetworkPolicy "shop/database" '
        "before it leaves out: it isolates nothing of that any more"
    )
    assert found.help == "put what it denies into a tier before `default`, with a Pass in place of this Allow"


def test_all_that_are_undone_are_counted() -> None:
    others = "".join("---" + ISOLATING.replace("database", name) for name in ("web", "cache"))
    (found,) = find("isolation")(cluster_of(ISOLATING + others + OPEN, Target(release=(3, 32))), {"problem": "undone"})
    assert 'NetworkPolicy "shop/cache" and 2 more before it leave out: they isolate nothing any more' in found.message
    assert len(found.related) == 3


FOUR, SIX = (f"{{action: Allow, source: {{nets: ['{net}']}}}}" for net in ("0.0.0.0/0", "::/0"))


@pytest.mark.parametrize(
    ("rules", "subject", "version"),
    [
        ([FOUR], "rule ingress[0]", " of IPv4"),
        ([FOUR, SIX], "rules ingress[0] and ingress[1]", ""),
        (["{action: Log}", SIX, "{action: Allow}"], "rules ingress[1] and ingress[2]", ""),
        ([FOUR, FOUR], "rule ingress[0]", " of IPv4"),
        ([FOUR, "{action: Deny, protocol: TCP}", SIX], "rule ingress[0]", " of IPv4"),
        (["{action: Allow, source: {nets: [0.0.0.0/0, '::/0']}}"], "rule ingress[0]", ""),
        (["{action: Allow, ipVersion: 6, source: {nets: [0.0.0.0/0, '::/0']}}"], "rule ingress[0]", " of IPv6"),
    ],
)
def test_the_versions_that_are_open(rules: list[str], subject: str, version: str) -> None:
    written = f"ingress: [{', '.join(rules)}]"
    for problem, order, before in (("undone", 2000, "leaves out"), ("overtaken", 500, "is asked")):
        manifests = ISOLATING + OPEN.replace(ALLOW, written).replace("order: 2000", f"order: {order}")
        (found,) = find("isolation")(cluster_of(manifests, Target(release=(3, 32))), {"problem": problem})
        verb = "allow" if subject.startswith("rules") else "allows"
        assert found.message.startswith(f'{subject} of GlobalNetworkPolicy "open" {verb} all ingress{version} ')
        assert f"{before}: it isolates nothing{version}" in found.message


EARLY = OPEN.replace("order: 2000", "order: 500")
OTHER = FIRST.replace("selector: has(app)", "namespaceSelector: all()").replace("Allow, protocol: TCP", "Allow")


BUT_SYSTEM = EARLY.replace("all()", "\"has(projectcalico.org/name) && projectcalico.org/name not in {'kube-system'}\"")


@pytest.mark.parametrize(
    ("manifests", "told"),
    [
        (ISOLATING + EARLY, True),
        (ISOLATING + EARLY.replace("namespaceSelector: all()", "selector: all()"), True),
        (ISOLATING + EARLY.replace(ALLOW, "ingress: [{action: Log}, {action: Allow}]"), True),
        (ISOLATING + EARLY + DENY.replace("1500", "100"), True),
        (ISOLATING + OTHER, True),
        (ISOLATING + FIRST.replace("Allow, protocol: TCP", "Deny, protocol: TCP") + EARLY, True),
        (ISOLATING + FIRST.replace("Allow, protocol: TCP", "Pass") + EARLY, False),
        (ISOLATING + FIRST.replace("Allow, protocol: TCP", "Pass") + OTHER.replace("first.shop", "first.z"), False),
        (ISOLATING + OPEN, False),
        (ISOLATING + EARLY.replace("namespaceSelector: all()", "selector: has(app)"), False),
        (ISOLATING + EARLY.replace("all()", "projectcalico.org/name == 'kube-system'"), False),
        (ISOLATING + EARLY.replace("all()", "team != 'shop'"), False),
        (ISOLATING + EARLY.replace(ALLOW, "ingress: [{action: Allow, protocol: TCP}]"), False),
        (ISOLATING + EARLY.replace(ALLOW, "ingress: [{action: Allow, source: {nets: [10.0.0.0/8]}}]"), False),
        (ISOLATING + EARLY.replace(ALLOW, "ingress: [{action: Deny}, {action: Allow}]"), False),
        (ISOLATING + EARLY.replace(ALLOW, "ingress: [{action: Pass, protocol: UDP}, {action: Allow}]"), False),
        (ISOLATING + BUT_SYSTEM.replace("'kube-system'", "'kube-system', 'shop'"), False),
        (ISOLATING + BUT_SYSTEM.replace("{'kube-system'}", "{'kube-system'} && tier != 'web'"), False),
        (ISOLATING + EARLY.replace("kind: Global", "kind: StagedGlobal"), False),
        (ISOLATING.replace("ingress: []", "ingress: [{}]") + EARLY, False),
        (ISOLATING.replace("policyTypes: [Ingress]", "policyTypes: [Egress]") + EARLY, False),
        (EARLY, False),
    ],
)
@pytest.mark.parametrize("release", [(3, 31), (3, 32)])  # which call Kubernetes' policies otherwise
def test_what_is_never_asked(manifests: str, told: bool, release: Release) -> None:
    cluster = cluster_of(manifests, Target(release=release))
    found = list(find("isolation")(cluster, {"problem": "overtaken"}))
    assert len(found) == told
    if told:
        assert 'allows all ingress of every pod before NetworkPolicy "shop/database" is asked' in found[0].message


DENIED = "ingress: [{action: Deny, source: {nets: [192.0.2.0/24]}}, "


@pytest.mark.parametrize(
    ("manifests", "index", "said"),
    [
        (EARLY.replace("ingress: [", DENIED), 1, "rule ingress[1] of {} allows all other ingress of every pod before"),
        (
            EARLY.replace(ALLOW, DENIED + SIX + ", {action: Deny}, {action: Allow}]"),
            1,
            "rule ingress[1] of {} allows all other ingress of IPv6 of every pod before",
        ),
        (
            EARLY.replace(ALLOW, "ingress: [" + FOUR.replace("Allow", "Deny") + ", {action: Allow}]"),
            1,
            "rule ingress[1] of {} allows all other ingress of IPv6 of every pod before",
        ),
        (
            BUT_SYSTEM,
            0,
            "rule ingress[0] of {} allows all ingress of every pod outside of the namespaces that it names",
        ),
    ],
)
def test_some_is_denied_before_or_some_namespaces_are_left_out(manifests: str, index: int, said: str) -> None:
    system = "---" + ISOLATING.replace("namespace: shop", "namespace: kube-system")
    cluster = cluster_of(ISOLATING + (system if manifests == BUT_SYSTEM else "") + manifests)
    (found,) = find("isolation")(cluster, {"problem": "overtaken"})
    assert found.path == ("spec", "ingress", index, "action")
    assert found.message.startswith(said.format('GlobalNetworkPolicy "open"'))
    assert 'before NetworkPolicy "shop/database" is asked: it isolates nothing' in found.message
    assert found.help is not None
    assert ("Pass in place of this Allow" in found.help) is ("other" in said)


def test_all_that_are_never_asked_are_counted() -> None:
    others = "".join("---" + ISOLATING.replace("database", name) for name in ("web", "cache"))
    cluster = cluster_of(ISOLATING + others + EARLY, Target(release=(3, 32)))
    (found,) = find("isolation")(cluster, {"problem": "overtaken"})
    assert 'NetworkPolicy "shop/cache" and 2 more are asked: they isolate nothing' in found.message
    assert len(found.related) == 3


def test_policies_behind_what_opens_are_not_looked_at() -> None:
    def work(behind: int) -> int:
        isolating = "---".join(ISOLATING.replace("name: database,", f"name: d{number},") for number in range(100))
        late = "".join(DENY.replace("name: deny", f"name: z{n}").replace("1500", "3000") for n in range(behind))
        cluster = cluster_of(isolating + OPEN + late)
        list(find("isolation")(cluster, {"problem": "undone"}))
        return calls(lambda: list(find("isolation")(cluster, {"problem": "undone"})))

    assert work(200) < work(10) + 100 * 190


def test_a_rule_about_domains_is_not_known_to_open_everything() -> None:
    named = OPEN.replace("{action: Allow}", "{action: Allow, source: {domains: [a.example]}}")
    for problem, manifests in (("undone", named), ("overtaken", named.replace("order: 2000", "order: 500"))):
        assert not list(find("isolation")(cluster_of(ISOLATING + manifests, judged=True), {"problem": problem}))


NARROW = ISOLATING.replace("ingress: []", "ingress: [{ports: [{port: 80}]}, {ports: [{port: 80}]}]")


@pytest.mark.parametrize(
    ("settings", "told"), [({}, ["POL052"]), ({"POL052": Setting(enabled=False)}, ["POL011", "POL011"])]
)
def test_who_is_not_told_of_what_is_overtaken_hears_of_its_rules(settings: dict[str, Setting], told: list[str]) -> None:
    found, _ = run(Plan(rule.load(), settings), cluster_of(NARROW + OPEN.replace("2000", "500")))
    assert [one.rule for one in found if one.rule in ("POL011", "POL052")] == told


def test_rules_of_what_is_overtaken_are_not_told_again() -> None:
    early = OPEN.replace("2000", "500")
    redundant = {"problem": "redundant"}
    assert find("isolation")(cluster_of(NARROW + early), {"problem": "overtaken"})
    assert not list(find("unreachable")(cluster_of(NARROW + early), redundant))
    (twice,) = find("unreachable")(cluster_of(NARROW + OPEN), redundant)
    assert twice.path[:3] == ("spec", "ingress", 1)
    some = early.replace("namespaceSelector: all()", "selector: app == 'database'")
    assert len(list(find("unreachable")(cluster_of(NARROW + some), redundant))) == 2
