"""Kubernetes' own policies, by what they let through."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from callint.calico import Release, Target
from callint.objects import Cluster, Intent
from callint.policy import NodePolicy, Packet, evaluate
from manifests import pod

MakeCluster = Callable[..., Cluster]

PODS = "---\n".join(
    [
        """\
apiVersion: v1
kind: Namespace
metadata: {name: one, labels: {team: a}}
---
apiVersion: v1
kind: Namespace
metadata: {name: two, labels: {team: b}}
---
apiVersion: v1
kind: Pod
metadata: {name: server, namespace: one, labels: {app: server}}
spec:
  nodeName: box
  containers: [{name: c, ports: [{name: web, containerPort: 8080}, {name: dns, containerPort: 53, protocol: UDP}]}]
status: {podIPs: [{ip: 10.0.0.1}, {ip: "fd00::1"}]}
""",
        pod("client", "one", "10.0.0.2", "box", app="client"),
        pod("stranger", "two", "10.0.0.3", "box", app="client"),
        pod("host", "one", "10.0.0.4", "box", "hostNetwork: true, containers: []", app="client"),
        """\
apiVersion: v1
kind: Pod
metadata: {name: done, namespace: one, labels: {app: client}}
spec: {nodeName: box, containers: []}
status: {podIP: 10.0.0.5, phase: Succeeded}
---
""",
    ]
)


def reaches(
    make_cluster: MakeCluster,
    policy: str,
    source: str,
    port: int = 8080,
    protocol: str = "tcp",
    release: Release = (3, 32),
) -> bool:
    cluster = make_cluster(PODS + policy, Target(release=release), Intent(complete=("Pod",)))
    here = NodePolicy(cluster, "box", {"eth0": ["172.17.0.10"]})
    (interface,) = (one.about.interface for one in here.inventory.workloads if one.about.name == "server")
    destination = "fd00::1" if ":" in source else "10.0.0.1"
    verdict = evaluate(here, Packet("eth0", interface, source, destination, protocol, 40000, port))
    assert verdict.unknown is None
    return verdict.outcome == "accept"


def network_policy(spec: str) -> str:
    return f"""
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: p, namespace: one}}
spec: {{podSelector: {{matchLabels: {{app: server}}}}, {spec}}}
"""


INGRESS = [
    ("ingress: [{}]", "8.8.8.8", 1, "udp", True),
    ("ingress: []", "10.0.0.2", 8080, "tcp", False),
    ("policyTypes: [Egress]", "10.0.0.2", 8080, "tcp", True),
    ("ingress: [{from: [{podSelector: {}}]}]", "10.0.0.2", 8080, "tcp", True),
    ("ingress: [{from: [{podSelector: {}}]}]", "10.0.0.3", 8080, "tcp", False),
    ("ingress: [{from: [{podSelector: {}}]}]", "10.0.0.4", 8080, "tcp", False),
    ("ingress: [{from: [{podSelector: {}}]}]", "10.0.0.5", 8080, "tcp", False),
    ("ingress: [{from: [{namespaceSelector: {}}]}]", "10.0.0.3", 8080, "tcp", True),
    ("ingress: [{from: [{namespaceSelector: {}}]}]", "8.8.8.8", 8080, "tcp", False),
    ("ingress: [{from: []}]", "8.8.8.8", 8080, "tcp", True),
    ("ingress: [{from: [{ipBlock: {cidr: 9.0.0.0/8, except: [9.9.0.0/16]}}]}]", "9.1.1.1", 8080, "tcp", True),
    ("ingress: [{from: [{ipBlock: {cidr: 9.0.0.0/8, except: [9.9.0.0/16]}}]}]", "9.9.1.1", 8080, "tcp", False),
    ("ingress: [{from: [{ipBlock: {cidr: nonsense}}]}]", "9.9.1.1", 8080, "tcp", True),
    ("ingress: [{from: [{ipBlock: {cidr: 'fd00::/8'}}]}]", "fd00::9", 8080, "tcp", True),
    ("ingress: [{ports: [{port: 8080}]}]", "8.8.8.8", 8080, "tcp", True),
    ("ingress: [{ports: [{port: 8080}]}]", "8.8.8.8", 8080, "udp", False),
    ("ingress: [{ports: [{port: 8000, endPort: 8090}]}]", "8.8.8.8", 8090, "tcp", True),
    ("ingress: [{ports: [{port: 8000, endPort: 8090}]}]", "8.8.8.8", 8091, "tcp", False),
    ("ingress: [{ports: [{port: web}]}]", "8.8.8.8", 8080, "tcp", True),
    ("ingress: [{ports: [{port: web}]}]", "8.8.8.8", 8081, "tcp", False),
    ("ingress: [{ports: [{port: dns, protocol: UDP}]}]", "8.8.8.8", 53, "udp", True),
    ("ingress: [{ports: [{protocol: UDP}, {port: 80}]}]", "8.8.8.8", 999, "udp", True),
    ("ingress: [{ports: [{protocol: UDP}, {port: 80}]}]", "8.8.8.8", 999, "tcp", False),
    ("ingress: [{ports: [{}]}]", "8.8.8.8", 999, "udp", True),
    (
        "ingress: [{from: [{podSelector: {matchExpressions: [{key: app, operator: In, values: [client]}]}}]}]",
        "10.0.0.2",
        1,
        "tcp",
        True,
    ),
    (
        "ingress: [{from: [{podSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}}]}]",
        "10.0.0.2",
        1,
        "tcp",
        False,
    ),
    (
        "ingress: [{from: [{podSelector: {matchExpressions: [{key: app, operator: Near}]}}]}]",
        "10.0.0.2",
        1,
        "tcp",
        False,
    ),
    ("ingress: [{from: [{namespaceSelector: {matchLabels: {team: b}}, podSelector: {}}]}]", "10.0.0.3", 1, "tcp", True),
    (
        "ingress: [{from: [{namespaceSelector: {matchLabels: {team: b}}, podSelector: {}}]}]",
        "10.0.0.2",
        1,
        "tcp",
        False,
    ),
]


@pytest.mark.parametrize(("spec", "source", "port", "protocol", "expected"), INGRESS)
def test_network_policy(
    spec: str, source: str, port: int, protocol: str, expected: bool, make_cluster: MakeCluster
) -> None:
    assert reaches(make_cluster, network_policy(spec), source, port, protocol) is expected


def test_absent_policy_types_follow_the_egress_rules(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(PODS + network_policy("egress: [{ports: [{port: 443}]}]"))
    here = NodePolicy(cluster, "box", {"eth0": []})
    (interface,) = (one.about.interface for one in here.inventory.workloads if one.about.name == "server")
    out = Packet(interface, "eth0", "10.0.0.1", "8.8.8.8", "tcp", 40000, 443)
    assert evaluate(here, out).decided_by == "policy p egress rule 0"
    assert evaluate(here, out._replace(destination_port=80)).outcome == "drop"
    assert evaluate(here, Packet("eth0", interface, "8.8.8.8", "10.0.0.1", "tcp", 1, 443)).outcome == "drop"


def admin(kind: str, spec: str, version: str = "v1alpha2") -> str:
    return f"""
apiVersion: policy.networking.k8s.io/{version}
kind: {kind}
metadata: {{name: default}}
spec: {{{spec}}}
"""


SUBJECT = "subject: {pods: {podSelector: {matchLabels: {app: server}}}}"
CNP = f"tier: Admin, priority: 1, {SUBJECT}"


@pytest.mark.parametrize(
    ("ingress", "source", "port", "expected"),
    [
        ("{action: Deny, from: [{namespaces: {}}]}", "10.0.0.2", 80, False),
        ("{action: Deny, from: [{namespaces: {}}]}", "8.8.8.8", 80, True),
        ("{action: Deny, from: [{namespaces: {matchLabels: {team: b}}}]}", "10.0.0.2", 80, True),
        ("{action: Deny, from: [{pods: {podSelector: {}, namespaceSelector: {}}}]}", "10.0.0.3", 80, False),
        ("{action: Deny, from: [{namespaces: {}}], protocols: [{udp: {}}]}", "10.0.0.2", 80, True),
        ("{action: Deny, from: [{namespaces: {}}], protocols: [{tcp: {}}]}", "10.0.0.2", 80, False),
        ("{action: Deny, from: [{namespaces: {}}], protocols: [{destinationNamedPort: web}]}", "10.0.0.2", 8080, False),
        (
            "{action: Deny, from: [{namespaces: {}}], "
            "protocols: [{tcp: {destinationPort: {range: {start: 1, end: 9}}}}]}",
            "10.0.0.2",
            9,
            False,
        ),
        ("{action: Deny, from: [{networks: [9.0.0.0/8]}]}", "8.8.8.8", 80, False),
        ("{action: Accept, from: [{networks: [9.0.0.0/8]}]}", "8.8.8.8", 80, True),
        ("{action: Pass, from: [{nothing: {}}]}", "8.8.8.8", 80, False),
        ("{action: Pass, from: [{namespaces: {}}]}", "10.0.0.2", 80, True),
    ],
)
def test_cluster_network_policy(
    ingress: str, source: str, port: int, expected: bool, make_cluster: MakeCluster
) -> None:
    assert (
        reaches(make_cluster, admin("ClusterNetworkPolicy", f"{CNP}, ingress: [{ingress}]"), source, port) is expected
    )


@pytest.mark.parametrize(
    "spec",
    [
        f"tier: Middle, priority: 1, {SUBJECT}, ingress: [{{action: Deny, from: [{{namespaces: {{}}}}]}}]",
        "tier: Admin, priority: 1, ingress: [{action: Deny, from: [{namespaces: {}}]}]",
        "tier: Admin, priority: 1, subject: {gateways: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]",
    ],
)
def test_cluster_policies_that_calico_ignores(spec: str, make_cluster: MakeCluster) -> None:
    assert reaches(make_cluster, admin("ClusterNetworkPolicy", spec), "10.0.0.2")


DENY = f"{SUBJECT}, ingress: [{{action: Deny, from: [{{namespaces: {{}}}}], ports: [{{portNumber: {{port: 8080}}}}]}}]"


@pytest.mark.parametrize(
    ("kind", "spec", "version", "denying"),
    [
        ("AdminNetworkPolicy", f"priority: 1, {DENY}", "v1alpha1", [(3, 29), (3, 30), (3, 31)]),
        ("BaselineAdminNetworkPolicy", DENY, "v1alpha1", [(3, 30), (3, 31)]),
        (
            "ClusterNetworkPolicy",
            f"{CNP}, ingress: [{{action: Deny, from: [{{namespaces: {{}}}}]}}]",
            "v1alpha2",
            [(3, 32), (3, 33)],
        ),
    ],
)
def test_which_release_reads_what(
    kind: str, spec: str, version: str, denying: list[Release], make_cluster: MakeCluster
) -> None:
    releases: list[Release] = [(3, minor) for minor in range(28, 34)]
    text = admin(kind, spec, version)
    assert [one for one in releases if not reaches(make_cluster, text, "10.0.0.2", release=one)] == denying
    assert all(reaches(make_cluster, text, "8.8.8.8", release=one) for one in releases)
