"""Checks about hosts, policies, selectors and pools: what they must not say, beyond the examples of their rules."""

from __future__ import annotations

import json
from typing import Any

import pytest

from callint import config, rule
from callint.config import Calico
from callint.engine import Plan
from callint.finding import Finding
from callint.lint import Options, lint
from callint.source import parse
from manifests import AUTOMATIC, calico, cluster_of
from shipped_rules import told_by

CATALOGUE = rule.load()
OPEN: dict[str, Any] = {
    "types": ["Ingress", "Egress"],
    "ingress": [{"action": "Allow"}],
    "egress": [{"action": "Allow"}],
}
MINE = ("HEP", "POL03", "POL04", "REF02", "K8S", "NAT")


def host(name: str = "lan", **spec: Any) -> dict[str, Any]:
    labels = spec.pop("labels", {"zone": name})
    whole = {"node": "router", "interfaceName": f"{name}0", "expectedIPs": ["10.0.0.1"], **spec}
    return calico(
        "HostEndpoint", name, {key: value for key, value in whole.items() if value is not None}, labels=labels
    )


def policy(name: str = "p", **spec: Any) -> dict[str, Any]:
    return calico("GlobalNetworkPolicy", name, spec)


def pod(name: str, labels: dict[str, str], namespace: str = "shop") -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"nodeName": "w"}}


def found(*objects: dict[str, Any], **calico_is: Any) -> list[Finding]:
    sources = parse("\n---\n".join(map(json.dumps, objects)), "m.yaml")
    settings = config.Config()
    options = Options(Calico(calico_is.get("release"), calico_is.get("road"), calico_is.get("dataplane")))
    findings = lint(sources, settings, Plan(CATALOGUE, settings.settings(CATALOGUE)), options).report.findings
    return [one for one in findings if one.rule.startswith(MINE)]


def ids(*objects: dict[str, Any], **calico_is: Any) -> list[str]:
    return [one.rule for one in found(*objects, **calico_is)]


LAN = "zone == 'lan'"
SSH = [{"action": "Allow", "protocol": "TCP", "destination": {"ports": [22, 10250]}}]
SILENT: dict[str, list[dict[str, Any]]] = {
    "a profile is enough": [
        host(profiles=["projectcalico-default-allow"]),
        policy(selector="zone == 'wan' || zone == 'lan'"),
    ],
    "labels that only a rule names are used": [
        host(profiles=["projectcalico-default-allow"]),
        policy(selector="app == 'web'", types=["Ingress"], ingress=[{"action": "Allow", "source": {"selector": LAN}}]),
    ],
    "host endpoints with a profile need no policy": [host(profiles=["projectcalico-default-allow"], labels={})],
    "two policies, one direction each": [
        host(),
        policy("in", selector=LAN, types=["Ingress"], ingress=[{"action": "Allow"}]),
        policy("out", selector=LAN, types=["Egress"], egress=[{"action": "Allow"}]),
    ],
    "an endpoint by address and one by another name": [
        host(profiles=["projectcalico-default-allow"], labels={}),
        host(
            "wan", interfaceName=None, expectedIPs=["192.168.0.2"], profiles=["projectcalico-default-allow"], labels={}
        ),
    ],
    "kns and ksa are profiles": [host(profiles=["kns.default", "ksa.default.default"], labels={})],
    "a deny list with an allow in another policy": [
        policy(
            "deny",
            selector="app == 'web'",
            types=["Ingress"],
            ingress=[{"action": "Deny", "source": {"nets": ["192.0.2.0/24"]}}],
        ),
        policy("allow", selector="has(app)", types=["Ingress"], ingress=[{"action": "Allow"}]),
    ],
    "a default deny that says so": [policy(selector="app == 'web'", types=["Ingress"], ingress=[{"action": "Deny"}])],
    "a default deny for every address": [
        policy(
            selector="app == 'web'",
            types=["Egress"],
            egress=[{"action": "Deny", "destination": {"nets": ["0.0.0.0/0"]}}],
        )
    ],
    "a deny list in a tier that passes": [
        calico("Tier", "edge", {"order": 10, "defaultAction": "Pass"}),
        policy(
            tier="edge",
            selector="app == 'web'",
            types=["Ingress"],
            ingress=[{"action": "Deny", "source": {"nets": ["192.0.2.0/24"]}}],
        ),
    ],
    "subjects in rules of a tier that passes": [
        calico("Tier", "edge", {"order": 10, "defaultAction": "Pass"}),
        policy(tier="edge", types=["Ingress"], ingress=[{"action": "Deny", "destination": {"selector": "has(web)"}}]),
    ],
    "subjects in rules of a policy before NAT, which denies nothing at its end": [
        policy(
            applyOnForward=True,
            preDNAT=True,
            types=["Ingress"],
            ingress=[{"action": "Deny", "destination": {"selector": "has(web)"}}],
        )
    ],
    "forwarded traffic that is passed on, and that of pods with it": [
        policy(applyOnForward=True, types=["Ingress"], ingress=[{"action": "Pass"}])
    ],
    "a staged policy that only logs": [
        calico(
            "StagedGlobalNetworkPolicy",
            "look",
            {"selector": "app == 'web'", "types": ["Ingress"], "ingress": [{"action": "Log"}]},
        )
    ],
    "pass with a profile behind it": [
        host(profiles=["projectcalico-default-allow"]),
        policy(selector=LAN, types=["Ingress", "Egress"], ingress=[{"action": "Pass"}], egress=[{"action": "Allow"}]),
    ],
    "pass to a later tier, which allows": [
        calico("Tier", "edge", {"order": 10}),
        host(),
        policy("edge.a", tier="edge", selector=LAN, types=["Ingress"], ingress=[{"action": "Pass"}]),
        policy("b", selector=LAN, **OPEN),
    ],
    "pass to which no packet gets": [
        host(),
        policy("a", selector=LAN, **OPEN),
        policy("b", selector=LAN, types=["Ingress"], ingress=[{"action": "Pass"}]),
    ],
    "an allow for everything without selector is no closed host": [
        host(profiles=["projectcalico-default-allow"], labels={}),
        policy(**OPEN),
    ],
    "service accounts alone": [
        host(labels={}, profiles=["projectcalico-default-allow"]),
        policy(
            selector="all()",
            serviceAccountSelector="role != 'admin'",
            types=["Ingress"],
            ingress=[{"action": "Allow"}],
        ),
    ],
    "namespaces alone": [
        host(profiles=["projectcalico-default-allow"], labels={}),
        policy(namespaceSelector="all()", types=["Ingress"]),
    ],
    "node1 is no slip for node2": [
        host(labels={"name": "node2"}, profiles=["projectcalico-default-allow"]),
        policy(selector="name == 'node1'", types=["Ingress"], ingress=[{"action": "Allow"}]),
    ],
    "lan is no slip for wan": [
        host(profiles=["projectcalico-default-allow"]),
        policy(selector="zone == 'wan'", types=["Ingress"], ingress=[{"action": "Allow", "source": {"selector": LAN}}]),
    ],
    "a template of pods is known": [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "gateway"},
            "spec": {"template": {"metadata": {"labels": {"app": "gatewey"}}}},
        },
        pod("a", {"app": "gateway"}),
        policy(selector="app == 'gatewey'", types=["Ingress"], ingress=[{"action": "Allow"}]),
    ],
    "two lists of networks are enforced": [
        policy(
            selector="app == 'web'",
            types=["Ingress"],
            ingress=[
                {
                    "action": "Allow",
                    "protocol": "TCP",
                    "source": {"nets": ["192.0.2.0/24", "198.51.100.0/24"]},
                    "destination": {"nets": ["10.0.0.1/32", "10.0.0.2/32"], "ports": list(range(1, 16))},
                }
            ],
        )
    ],
    "one network of each family is no list": [
        policy(
            selector="app == 'web'",
            types=["Ingress"],
            ingress=[
                {
                    "action": "Allow",
                    "protocol": "TCP",
                    "source": {"nets": ["192.0.2.0/24"], "ports": list(range(1, 17))},
                    "destination": {"nets": ["10.0.0.1/32", "10.0.0.2/32"]},
                }
            ],
        )
    ],
    "tiers that are kept elsewhere": [
        policy(tier="platform", selector="app == 'web'", types=["Ingress"], ingress=[{"action": "Allow"}])
    ],
    "a tier of the operator": [
        calico("Tier", "platform", {"order": 10}),
        policy("a", tier="platform", selector="app == 'web'", types=["Ingress"], ingress=[{"action": "Allow"}]),
        policy("b", tier="calico-system", selector="app == 'web'", types=["Ingress"], ingress=[{"action": "Allow"}]),
    ],
    "pools side by side": [
        calico("IPPool", "a", {"cidr": "10.244.0.0/17"}),
        calico("IPPool", "b", {"cidr": "10.244.128.0/17"}),
    ],
    "a list of whom to deny for hosts as well, which passes on the rest": [
        calico("Tier", "security", {"order": 10}),
        host(),
        policy(
            "threats",
            tier="security",
            types=["Ingress", "Egress"],
            ingress=[{"action": "Deny", "source": {"nets": ["198.51.100.0/24"]}}, {"action": "Pass"}],
            egress=[{"action": "Deny", "destination": {"nets": ["198.51.100.0/24"]}}, {"action": "Pass"}],
        ),
        policy("hosts", selector=LAN, types=["Ingress", "Egress"], ingress=SSH, egress=[{"action": "Allow"}]),
    ],
    "a deny of all that is left, where hosts have policy of their own": [
        host(),
        policy("hosts", order=10, selector=LAN, types=["Ingress", "Egress"], ingress=SSH, egress=[{"action": "Allow"}]),
        policy(
            "rest", order=1000, selector="all()", types=["Ingress"], ingress=[{"action": "Log"}, {"action": "Deny"}]
        ),
    ],
    "labels of an endpoint that is left to its profile": [
        host(profiles=["projectcalico-default-allow"]),
        policy(selector="app == 'web'", types=["Ingress"], ingress=[{"action": "Allow"}]),
    ],
    "a small pool, and nobody says how many nodes": [calico("IPPool", "a", {"cidr": "10.244.0.0/26"})],
    "an endpoint for a node that nobody described": [host(profiles=["projectcalico-default-allow"], labels={})],
}


NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "labels": {"a": "b"}}}


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ([AUTOMATIC, policy(types=["Ingress"])], True),
        ([AUTOMATIC, policy(types=["Ingress"]), NODE], True),
        ([AUTOMATIC, policy(types=["Ingress"], namespaceSelector="all()")], False),
        ([AUTOMATIC, policy(types=["Ingress"], selector="app == 'web'")], False),
        ([AUTOMATIC, policy(**OPEN)], False),
        (
            [AUTOMATIC, policy(types=["Ingress"]), policy("hosts", selector="has(kubernetes.io/hostname)", **OPEN)],
            False,
        ),
        ([AUTOMATIC, policy(types=["Ingress"]), policy("pods", namespaceSelector="all()", **OPEN)], True),
        ([calico("KubeControllersConfiguration", "default", {}), policy(types=["Ingress"])], False),
        ([policy(types=["Ingress"])], False),
    ],
)
def test_a_default_deny_closes_hosts_that_are_made_automatically(objects: list[dict[str, Any]], told: bool) -> None:
    assert ("POL030" in ids(*objects)) is told


@pytest.mark.parametrize("title", SILENT)
def test_silent(title: str) -> None:
    assert [(one.rule, one.message) for one in found(*SILENT[title])] == []


SPEAKS: dict[str, tuple[list[str], list[dict[str, Any]]]] = {
    "policy before DNAT alone leaves egress closed": (
        ["HEP003"],
        [
            host(),
            policy(selector=LAN, applyOnForward=True, preDNAT=True, types=["Ingress"], ingress=[{"action": "Allow"}]),
        ],
    ),
    "a staged policy governs nothing": (
        ["HEP002"],
        [
            host(labels={}),
            calico("StagedGlobalNetworkPolicy", "p", {"selector": "all()", **OPEN}),
            policy("other", selector="app == 'web'", **OPEN),
        ],
    ),
    "two wildcards on a node": (
        ["HEP005"],
        [
            host("a", interfaceName="*", profiles=["projectcalico-default-allow"], labels={}),
            host("b", interfaceName="*", profiles=["projectcalico-default-allow"], labels={}),
        ],
    ),
    "a key that is nearly known": (
        ["REF021"],
        [
            pod("a", {"component": "web"}),
            policy(selector="componnet == 'web'", types=["Ingress"], ingress=[{"action": "Allow"}]),
        ],
    ),
    "a contradiction with the own namespace": (
        ["REF020"],
        [
            calico(
                "NetworkPolicy",
                "p",
                {
                    "selector": "projectcalico.org/namespace == 'other'",
                    "types": ["Ingress"],
                    "ingress": [{"action": "Allow"}],
                },
                namespace="shop",
            )
        ],
    ),
    "one list of ports with ranges is a block": (
        ["POL037"],
        [
            policy(
                selector="app == 'web'",
                types=["Ingress"],
                ingress=[
                    {
                        "action": "Allow",
                        "protocol": "TCP",
                        "source": {"nets": ["192.0.2.0/24", "198.51.100.0/24"]},
                        "destination": {
                            "nets": ["10.0.0.1/32", "10.0.0.2/32"],
                            "ports": [f"{port}:{port + 1}" for port in range(1, 32, 4)],
                        },
                    }
                ],
            )
        ],
    ),
    "all service accounts but some, and hosts have none": (
        ["POL032"],
        [
            host(labels={}, profiles=["projectcalico-default-allow"]),
            policy(serviceAccountSelector="role != 'admin'", types=["Ingress"], ingress=[{"action": "Allow"}]),
        ],
    ),
    "forwarded traffic of pods alone": (
        ["POL048"],
        [policy(namespaceSelector="team == 'shop'", applyOnForward=True, **OPEN)],
    ),
    "untracked policy of pods alone": (
        ["POL033"],
        [policy(namespaceSelector="team == 'shop'", applyOnForward=True, doNotTrack=True, **OPEN)],
    ),
    "pods and hosts, and only the rules of pods are known": (
        ["POL030"],
        [
            host(labels={}, profiles=["projectcalico-default-allow"]),
            policy(
                types=["Ingress"], ingress=[{"action": "Allow", "protocol": "TCP", "destination": {"ports": [443]}}]
            ),
        ],
    ),
}


@pytest.mark.parametrize("title", SPEAKS)
def test_speaks(title: str) -> None:
    expected, objects = SPEAKS[title]
    assert ids(*objects) == expected


@pytest.mark.parametrize("title", SPEAKS)
def test_every_finding_has_a_small_span_and_a_proof(title: str) -> None:
    for one in found(*SPEAKS[title][1]):
        assert one.span.line == one.span.end_line
        assert one.witness is not None
        assert one.object is not None
        assert one.path


@pytest.mark.parametrize("selector", ["has(node-role.kubernetes.io/worker)", "has(projectcalico.org/created-by)"])
def test_hosts_of_nodes_may_be_made_automatically(selector: str) -> None:
    """Whether they are is not known where no manifest configures it."""
    before = {"preDNAT": True, "applyOnForward": True, "types": ["Ingress"], "ingress": [{"action": "Deny"}]}
    objects = [host(labels={}, profiles=["projectcalico-default-allow"]), policy(selector=selector, **before)]
    off = calico("KubeControllersConfiguration", "default", {"controllers": {"node": {}}})
    assert "REF022" not in ids(*objects)
    assert "REF022" in ids(*objects, off, NODE)


def test_hosts_that_are_meant_in_one_direction_are_closed_in_the_other() -> None:
    hosts = [host(), host("wan", profiles=["projectcalico-default-allow"])]
    meant = policy("hosts", order=10, selector=LAN, types=["Ingress"], ingress=SSH)
    rest = policy("rest", order=1000, types=["Ingress", "Egress"], ingress=SSH)
    (told,) = (one for one in found(*hosts, meant, rest) if one.rule == "POL030")
    assert "it closes ingress and egress of 2 HostEndpoints" in told.message
    (told,) = (one for one in found(host(), meant, rest) if one.rule == "POL030")
    assert "it closes egress of 1 HostEndpoint" in told.message


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["lan"], "does not select the only one that is known"),
        (["lan", "wan"], "selects none of the 2 that are known"),
    ],
)
def test_host_endpoints_that_no_policy_selects_are_counted(names: list[str], words: str) -> None:
    hosts = [host(name, profiles=["projectcalico-default-allow"]) for name in names]
    forward = policy(selector="gateway == 'yes'", applyOnForward=True, **OPEN)
    assert [one.message.endswith(words) for one in found(*hosts, forward) if one.rule == "REF022"] == [True]


@pytest.mark.parametrize(
    ("net", "words"),
    [
        ("10.96.0.1/32", "10.96.0.1/32, the address of a service:"),
        ("10.96.0.0/16", "10.96.0.0/16, addresses of services:"),
    ],
)
def test_addresses_of_services_are_one_or_several(net: str, words: str) -> None:
    ranges = calico("BGPConfiguration", "default", {"serviceClusterIPs": [{"cidr": "10.96.0.0/12"}]})
    rules = [{"action": "Allow", "protocol": "TCP", "destination": {"nets": [net], "ports": [443]}}]
    (told,) = found(ranges, policy(selector="has(app)", types=["Egress"], egress=rules))
    assert words in told.message


def test_blocks_are_a_matter_of_iptables() -> None:
    objects = SPEAKS["one list of ports with ranges is a block"][1]
    assert ids(*objects, dataplane="ebpf") == []
    (told,) = found(*objects, dataplane="nftables")
    assert "more than one match of nftables (" in told.message


def test_what_could_not_be_read_is_not_judged() -> None:
    """A policy that may or may not select the endpoint leaves the question open."""
    unreadable = policy(selector=["zone"], **OPEN)
    assert "HEP002" not in ids(host(), unreadable, policy("q", selector="zone == 'lan' && has(x)", **OPEN))


@pytest.mark.parametrize(
    "check", ["host_endpoint", "host_traffic", "policy_scope", "policy_rules", "tier_end", "pools"]
)
def test_a_problem_that_is_none(check: str) -> None:
    from callint.checks import CheckError, find
    from callint.objects import Cluster

    with pytest.raises(CheckError, match="problem"):
        list(find(check)(Cluster([]), {"problem": "nonsense"}))


def test_an_endpoint_of_addresses_alone_denies_like_one_of_an_interface() -> None:
    one_way = policy(selector=LAN, types=["Ingress"], ingress=[{"action": "Allow"}])
    named = next(one for one in found(host(), one_way) if one.rule == "HEP003")
    unnamed = next(one for one in found(host(interfaceName=None), one_way) if one.rule == "HEP003")
    assert unnamed.message == named.message
    assert unnamed.witness is not None
    assert unnamed.witness.as_dict()["source"] == "10.0.0.1"
    # Another endpoint of the node has the name that would be made up first, and policy of its own.
    beside = [
        host("wan", interfaceName="eth0", expectedIPs=["192.0.2.9"]),
        policy("q", selector="zone == 'wan'", **OPEN),
    ]
    again = next(one for one in found(host(interfaceName=None), one_way, *beside) if one.rule == "HEP003")
    assert again.message == named.message


@pytest.mark.parametrize(
    ("made", "spec", "told"),
    [
        ("Enabled", "namespaceSelector: name != 'shop'", True),
        ("Enabled", "serviceAccountSelector: name != 'shop'", True),
        ("Disabled", "namespaceSelector: name != 'shop'", False),
        ("Enabled", "namespaceSelector: name != 'shop', selector: all()", False),
        ("Enabled", "namespaceSelector: name != 'shop', selector: app != 'web'", False),  # nodes may have the label
        ("Enabled", "namespaceSelector: has(name)", False),
        ("Enabled", "namespaceSelector: name != 'shop', applyOnForward: true", False),
    ],
)
def test_endpoints_that_are_made_of_nodes_have_no_namespace_either(made: str, spec: str, told: bool) -> None:
    controllers = {"controllers": {"node": {"hostEndpoint": {"autoCreate": made}}}}
    policy = f"{{apiVersion: projectcalico.org/v3, kind: GlobalNetworkPolicy, metadata: {{name: p}}, spec: {{{spec}}}}}"
    configuration = json.dumps(calico("KubeControllersConfiguration", "default", controllers))
    found = told_by(cluster_of(f"{configuration}\n---\n{policy}"), "POL032")
    assert ["the HostEndpoints of all nodes" in one.message for one in found] == [True] * told
