"""Pods that may send but not ask for names: cases by hand, and random policies held against the policy engine."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.calico import Target, parse_release
from callint.checks import Breach, find
from manifests import calico, cluster_of

DATABASE: dict[str, Any] = {
    "action": "Allow",
    "protocol": "TCP",
    "destination": {"selector": "app == 'db'", "ports": [5432]},
}
IN_SYSTEM = {"namespaceSelector": "projectcalico.org/name == 'kube-system'"}
DNS: dict[str, Any] = {"action": "Allow", "protocol": "UDP", "destination": {"ports": [53]}}
BANKS = calico("GlobalNetworkSet", "banks", {"nets": ["192.0.2.0/24"]}, labels={"partner": "bank"})
PARTNERS = calico("NetworkSet", "partners", {"nets": ["192.0.2.0/24"]}, namespace="shop", labels={"partner": "bank"})
HOST = calico("HostEndpoint", "h", {"node": "n", "interfaceName": "eth0"}, labels={"app": "web"})


def policy(name: str, *egress: dict[str, Any], **spec: Any) -> dict[str, Any]:
    whole = {"selector": "app == 'web'", "types": ["Egress"], "egress": list(egress), **spec}
    return calico("NetworkPolicy", name, whole, namespace="shop")


def everywhere(name: str, *egress: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return calico("GlobalNetworkPolicy", name, {"types": ["Egress"], "egress": list(egress), **spec})


def kubernetes(name: str, *egress: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": list(egress)},
    }


def to(protocol: str | None = None, **destination: Any) -> dict[str, Any]:
    return {"action": "Allow", "protocol": protocol, "destination": destination}


BUT_SYSTEM = "has(projectcalico.org/name) && projectcalico.org/name != 'kube-system'"


def found(*objects: dict[str, Any]) -> list[Breach]:
    return list(find("name_resolution")(cluster_of(objects), {}))


def test_what_is_said() -> None:
    (breach,) = found(policy("web", DATABASE))
    assert breach.message == (
        'NetworkPolicy "web" lets pods send to others, but no policy lets them ask DNS for their addresses: '
        "UDP to port 53 is dropped"
    )
    assert breach.path == ("spec", "egress")
    (breach,) = found(policy("web", DATABASE, to("TCP", ports=[53])))
    assert "ask DNS except over TCP" in breach.message
    stored = cluster_of([kubernetes("a", {"to": [{"podSelector": {}}]})], Target(parse_release("v3.30")))
    (breach,) = find("name_resolution")(stored, {})
    assert breach.message.startswith('NetworkPolicy "a" lets pods')


def test_port_443_of_anybody_may_be_the_api_server() -> None:
    (breach,) = found(policy("web", to("TCP", ports=[443])))
    assert breach.undecided
    assert breach.message == (
        'whether NetworkPolicy "web" lets pods send to others at port 443 than the API server, whose address they '
        "have, is not known; if so, no policy lets them ask DNS for their addresses: UDP to port 53 is dropped"
    )
    others = [[to("TCP", ports=[80, 443])], [DATABASE, to("TCP", ports=[443])], [to("TCP", selector="x", ports=[443])]]
    assert not any(breach.undecided for rules in others for breach in found(policy("web", *rules)))


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ([policy("a", DATABASE)], ["a"]),
        ([policy("a", DATABASE, {"action": "Deny"})], ["a"]),
        ([policy("a", DATABASE, DNS)], []),
        ([policy("a", DATABASE, to("UDP", selector="x == 'y'", ports=["50:60"]))], []),
        ([policy("a", DATABASE, to("UDP", ports=[5353], **IN_SYSTEM))], []),
        ([policy("a", DATABASE, to("UDP", ports=["dns"]))], []),
        ([policy("a", DATABASE, to("UDP", ports=[123]))], ["a"]),
        ([policy("a", DATABASE, to("UDP", notPorts=[53, 5353]))], ["a"]),
        ([policy("a", DATABASE, {"action": "Allow", "notProtocol": "UDP"})], ["a"]),
        ([policy("a", DATABASE, {"action": "Allow", "notProtocol": "TCP"})], []),
        ([policy("a", {"action": "Allow"})], []),
        ([policy("a", DATABASE, {"action": "Pass"})], []),
        ([policy("a", DATABASE, {"action": "Pass", "protocol": "TCP"})], ["a"]),
        ([policy("a", DATABASE, to(**IN_SYSTEM))], []),
        ([policy("a", DATABASE, to(selector="k8s-app == 'kube-dns'", **IN_SYSTEM))], []),
        ([policy("a", DATABASE, to(selector="k8s-app == 'metrics'", **IN_SYSTEM))], ["a"]),
        ([policy("a", DATABASE, to(selector="app == 'cache'"))], ["a"]),
        ([policy("a", DATABASE, to(namespaceSelector="team == 'core'"))], []),
        ([policy("a", to("TCP", nets=["10.0.0.5/32"]))], []),
        ([policy("a", DATABASE, to("UDP", nets=["10.96.0.10/32"]))], []),
        ([policy("a", to("TCP", services={"name": "kubernetes", "namespace": "default"}))], []),
        ([policy("a", to("TCP", services={"name": "shop", "namespace": "shop"}))], ["a"]),
        ([policy("a", to(services={"name": "shop", "namespace": "shop"}))], []),
        ([policy("a", to("ICMP"))], []),
        ([policy("a", to("112"))], []),
        ([policy("a", to("SCTP", selector="app == 'db'"))], ["a"]),
        ([policy("a", to("TCP", ports=[443, 6443]))], []),
        ([policy("a", to("TCP", ports=[443, 10250]))], []),
        ([policy("a", to("TCP", ports=[443]), to("TCP", ports=[6443]))], []),
        ([policy("a", DATABASE, to("TCP", ports=[6443]))], ["a"]),
        ([policy("a", to("TCP", ports=[443]))], ["a"]),
        ([policy("a", to("TCP", ports=[80, 6443]))], ["a"]),
        ([policy("a", to("TCP", selector="has(api)", ports=[6443]))], ["a"]),
        ([policy("a", to("TCP", namespaceSelector="global()", ports=[443]))], []),
        ([policy("a", to("TCP", selector="has(partner)")), PARTNERS], []),
        ([everywhere("a", to("TCP", selector="has(partner)"), namespaceSelector="all()"), BANKS], []),
        ([policy("a", to("TCP", selector="has(partner)")), BANKS], ["a"]),
        ([everywhere("a", to("TCP", selector="app != 'db'"), namespaceSelector="all()"), BANKS], ["a"]),
        ([policy("a")], []),
        ([policy("a", DATABASE, types=["Ingress"])], []),
        ([policy("a", DATABASE), policy("b", DNS)], []),
        ([policy("a", DATABASE), policy("b", DNS, selector="app == 'web' && version == '2'")], []),
        ([policy("a", DATABASE), policy("b", DNS, selector="app == 'db'")], ["a"]),
        ([policy("a", DATABASE), everywhere("b", DNS, namespaceSelector="all()")], ["b"]),  # which shuts DNS in as well
        ([policy("a", DATABASE), everywhere("b", DNS, namespaceSelector=BUT_SYSTEM)], []),
        ([policy("a", DATABASE), everywhere("b", DNS, tier="kube-admin")], []),
        ([policy("a", DATABASE), everywhere("b", DNS, applyOnForward=True, doNotTrack=True)], ["a"]),
        (
            [policy("a", DATABASE), calico("StagedNetworkPolicy", "b", policy("b", DNS)["spec"], namespace="shop")],
            ["a"],
        ),
        ([calico("Tier", "open", {"defaultAction": "Pass", "order": 5}), policy("open.a", DATABASE, tier="open")], []),
        ([calico("Tier", "shut", {"order": 5}), policy("shut.a", DATABASE, tier="shut")], ["shut.a"]),
        ([everywhere("a", DATABASE, selector="app == 'web'")], ["a"]),
        ([everywhere("a", DATABASE, selector="app == 'web'"), HOST], []),
        ([everywhere("a", DATABASE, selector="all()"), HOST], ["a"]),
        ([everywhere("a", DATABASE, namespaceSelector="all()"), HOST], ["a"]),
        ([kubernetes("a", {"to": [{"podSelector": {}}], "ports": [{"port": 80}]})], ["a"]),
        ([kubernetes("a", {"to": [{"podSelector": {}}]}, {"ports": [{"port": 53, "protocol": "UDP"}]})], []),
        ([kubernetes("a", {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]})], []),
        ([kubernetes("a", {})], []),
        ([kubernetes("a", {"to": [{"podSelector": {}}]}, {"ports": [{"port": 53}]})], []),
    ],
)
def test_who_cannot_ask(objects: list[dict[str, Any]], told: list[str]) -> None:
    assert [breach.object.name for breach in found(*objects) if breach.object] == told


@pytest.mark.parametrize(
    ("spec", "others", "sure"),
    [
        ({"selector": "app == 'web'"}, [], False),  # host endpoints may be elsewhere, and ask by a failsafe port
        ({"selector": "app == 'web'"}, ["web"], True),
        ({"selector": "app == 'web'"}, ["db"], False),
        ({"selector": "has(kubernetes.io/hostname)"}, ["web"], False),
        ({"selector": "projectcalico.org/orchestrator == 'k8s'"}, [], True),
        ({"selector": "app == 'web'", "namespaceSelector": "all()"}, [], True),
        ({}, [], True),
    ],
)
def test_a_global_policy_may_be_for_hosts(spec: dict[str, Any], others: list[str], sure: bool) -> None:
    pods = [pod(name, "shop", "10.244.0.9", app=name) for name in others]
    (breach,) = found(everywhere("a", DATABASE, **spec), *pods)
    assert breach.undecided is not sure
    assert breach.message.startswith("whether") is not sure


@pytest.mark.parametrize("on_host", [True, False])
def test_what_is_on_the_network_of_its_host_is_no_pod_of_a_policy(*, on_host: bool) -> None:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"hostNetwork": on_host, "containers": []}}
    made = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}}
    (breach,) = found(everywhere("a", DATABASE, selector="app == 'web'"), {**made, "spec": {"template": template}})
    assert breach.undecided is on_host


def pod(name: str, namespace: str, address: str, **labels: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"nodeName": "n", "containers": []},
        "status": {"podIP": address},
    }


SELECTORS = {"app == 'web'": ("web",), "app == 'db'": ("db",), "has(app)": ("web", "db"), "!has(app)": ()}
GIVEN = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"team": name}}}
    for name in ("shop", "kube-system")
]
GIVEN += [
    calico("IPPool", "pods", {"cidr": "10.244.0.0/16"}),
    pod("web", "shop", "10.244.0.1", app="web"),
    pod("db", "shop", "10.244.0.2", app="db"),
    pod("dns", "kube-system", "10.244.0.3", **{"k8s-app": "kube-dns"}),
]
DESTINATIONS: list[dict[str, Any]] = [
    {},
    {"selector": "app == 'db'"},
    {"selector": "k8s-app == 'kube-dns'", "namespaceSelector": "team == 'kube-system'"},
    {"namespaceSelector": "team == 'kube-system'"},
    {"namespaceSelector": "team == 'shop'"},
    {"nets": ["10.244.0.0/24"]},
    {"nets": ["10.0.0.0/8"]},
    {"notSelector": "app == 'db'"},
]
RULES = st.builds(
    lambda action, protocol, destination, ports: {
        "action": action,
        "protocol": protocol,
        "destination": {**destination, **({"ports": ports} if ports and protocol else {})},
    },
    st.sampled_from(["Allow", "Allow", "Allow", "Deny", "Pass", "Log"]),
    st.sampled_from(["TCP", "UDP", "UDP", None]),
    st.sampled_from(DESTINATIONS),
    st.sampled_from([[], [53], [80], ["1:100"], [5432]]),
)
TIERS = {"first": {"order": 1}, "second": {"order": 2, "defaultAction": "Pass"}}
POLICIES = st.lists(
    st.tuples(
        st.sampled_from(sorted(SELECTORS)),
        st.lists(RULES, max_size=3),
        st.booleans(),
        st.sampled_from(["default", "default", *TIERS]),
    ),
    min_size=1,
    max_size=4,
)


@given(POLICIES)
def test_who_is_told_can_really_not_ask(policies: list[tuple[str, list[dict[str, Any]], bool, str]]) -> None:
    objects = [
        everywhere(f"p{number}", *rules, selector=selector, namespaceSelector="team == 'shop'", tier=tier)
        if wide
        else policy(f"p{number}", *rules, selector=selector, tier=tier)
        for number, (selector, rules, wide, tier) in enumerate(policies)
    ]
    objects += [calico("Tier", name, spec) for name, spec in TIERS.items()]
    cluster = cluster_of([*GIVEN, *objects])
    for breach in find("name_resolution")(cluster, {}):
        assert breach.object is not None
        selector = policies[int(breach.object.name[1:])][0]
        for app in SELECTORS[selector]:
            question = {
                "from": {"selector": f"app == '{app}'"},
                "to": {"selector": "k8s-app == 'kube-dns'"},
                "protocol": "UDP",
                "ports": [53],
            }
            (answer,) = find("flow-required")(cluster, question)
            assert not answer.undecided
            assert "is dropped by" in answer.message


def closing(name: str = "deny", *ingress: dict[str, Any], **spec: Any) -> dict[str, Any]:
    whole = {"namespaceSelector": "all()", "types": ["Ingress"], "ingress": list(ingress), **spec}
    return calico("GlobalNetworkPolicy", name, whole)


ASKED: dict[str, Any] = {"action": "Allow", "protocol": "UDP", "destination": {"ports": [53]}}
IN_KUBE_SYSTEM = {"namespace": "kube-system"}


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ([closing()], True),
        ([closing(namespaceSelector="has(projectcalico.org/name)")], True),
        ([closing(namespaceSelector="kubernetes.io/metadata.name != 'shop'")], True),
        ([closing(namespaceSelector=None)], True),
        ([closing(namespaceSelector=None, selector="k8s-app == 'kube-dns'")], True),
        ([closing(namespaceSelector="projectcalico.org/name not in {'kube-system'}")], False),
        ([closing(namespaceSelector="!(projectcalico.org/name starts with 'openshift-')")], False),  # has its own DNS
        ([closing(namespaceSelector="projectcalico.org/name == 'kube-system'")], True),
        ([closing(namespaceSelector="team == 'shop'")], False),  # perhaps
        ([closing(selector="app == 'web'")], False),
        ([closing(selector="!has(trusted)")], False),  # perhaps
        ([closing("deny", {"action": "Allow"})], False),
        ([closing("deny", ASKED)], False),
        ([closing("deny", {"action": "Pass"})], False),
        ([closing("deny", {**ASKED, "destination": {"ports": [9153]}})], False),  # may be meant for others
        ([closing("deny", {**ASKED, "action": "Deny"})], True),
        ([closing(), closing("dns", ASKED, selector="k8s-app == 'kube-dns'")], False),
        ([closing(), calico("NetworkPolicy", "dns", {"ingress": [ASKED]}, **IN_KUBE_SYSTEM)], False),
        ([closing(), calico("NetworkPolicy", "dns", {"ingress": [ASKED]}, namespace="shop")], True),
        ([closing(tier="late"), calico("Tier", "late", {"order": 5, "defaultAction": "Pass"})], False),
        ([closing(tier="late"), calico("Tier", "late", {"order": 5})], True),
        ([closing(tier="late")], False),
        ([{**closing(), "kind": "StagedGlobalNetworkPolicy"}], False),
    ],
)
def test_the_pods_that_answer(objects: list[dict[str, Any]], told: bool) -> None:
    assert ["no policy lets anybody ask them" in one.message for one in found(*objects)] == [True] * told


def shutting(*egress: dict[str, Any], name: str = "shut", **spec: Any) -> dict[str, Any]:
    whole = {"namespaceSelector": "all()", "types": ["Egress"], "egress": list(egress), **spec}
    return calico("GlobalNetworkPolicy", name, whole)


SYSTEM_OPEN = calico("NetworkPolicy", "dns", {"egress": [{"action": "Allow"}], "types": ["Egress"]}, **IN_KUBE_SYSTEM)
ANSWERING = {"podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}, "policyTypes": ["Egress"], "egress": []}


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ([shutting()], True),
        ([shutting(DNS)], True),
        ([shutting(DNS, to("TCP", ports=[53]))], True),
        ([shutting(to("TCP", ports=["53:5353"]))], False),
        ([shutting(to("UDP"), to("ICMP"))], True),
        ([shutting(DNS, {"action": "Deny"})], True),
        ([{**kubernetes("k"), "metadata": {"name": "k", **IN_KUBE_SYSTEM}, "spec": ANSWERING}], True),
        ([shutting(DNS, selector="k8s-app == 'kube-dns'", namespaceSelector=None)], True),
        ([shutting(DNS, to("TCP", ports=[443]))], False),
        ([shutting(to("TCP", nets=["10.0.0.5/32"]))], False),
        ([shutting(to("TCP", ports=["https"]))], False),
        ([shutting({"action": "Allow", "notProtocol": "UDP"})], False),
        ([shutting({"action": "Allow", "notProtocol": "TCP"})], True),
        ([shutting({"action": "Pass"})], False),
        ([shutting(DNS, namespaceSelector=BUT_SYSTEM)], False),
        ([shutting(DNS, namespaceSelector="projectcalico.org/name not in {'openshift-dns'}")], False),
        ([shutting(DNS, selector="app == 'web'")], False),
        ([shutting(DNS), shutting({"action": "Allow"}, name="rest", order=9000)], False),
        ([shutting(DNS), SYSTEM_OPEN], False),
        ([shutting(DNS, tier="late"), calico("Tier", "late", {"order": 5, "defaultAction": "Pass"})], False),
        ([{**shutting(DNS), "kind": "StagedGlobalNetworkPolicy"}], False),
        ([shutting(DNS, types=["Ingress"])], False),
    ],
)
def test_the_pods_that_answer_ask_the_api_server(objects: list[dict[str, Any]], told: bool) -> None:
    said = [one.message for one in found(*objects) if "ask the API server" in one.message]
    assert len(said) == told
    assert all(one.endswith("no pod learns the address of a service") for one in said)


TIER = calico("Tier", "first", {"order": 1})
PASSING = calico("Tier", "first", {"order": 1, "defaultAction": "Pass"})
ANYBODY = policy("dns", DNS, selector="all()")


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ([TIER, policy("web", DATABASE, tier="first"), ANYBODY], True),
        ([TIER, policy("web", DATABASE, tier="first"), everywhere("dns", DNS, namespaceSelector="x == 'y'")], True),
        ([PASSING, policy("web", DATABASE, tier="first"), ANYBODY], False),
        ([TIER, policy("web", DATABASE, {"action": "Pass"}, tier="first"), ANYBODY], False),
        ([TIER, policy("web", DATABASE), policy("dns", DNS, tier="first", selector="all()")], False),
        ([TIER, policy("web", DATABASE, tier="first"), policy("dns", DNS)], False),  # told as unreachable
        ([TIER, policy("web", DATABASE, tier="first"), policy("dns", DNS, tier="unknown", selector="all()")], False),
        ([policy("web", DATABASE, tier="unknown"), ANYBODY], False),
    ],
)
def test_a_later_tier_is_not_asked(objects: list[dict[str, Any]], told: bool) -> None:
    breaches = found(*objects)
    assert bool(breaches) is told
    assert all('is dropped by tier "first", before' in one.message for one in breaches)


def test_who_is_asked_by_nobody_is_not_said_to_ask_nobody() -> None:
    (breach,) = found(shutting(types=["Ingress", "Egress"]))
    assert "no policy lets anybody ask them" in breach.message
