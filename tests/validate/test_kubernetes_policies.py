"""What the API server refuses of Kubernetes' own policies, and that it is told where it stands."""

from __future__ import annotations

import pytest

from callint.calico import Target
from callint.intake.judge import judge as judge_objects
from callint.source import parse

NETWORK = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {%s}, ingress: [{%s}]}
"""
ADMIN = """\
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: web}
spec:
  priority: 1
  subject: {namespaces: {%s}}
  egress: [{action: Deny, to: [{%s}], ports: [{%s}]}]
"""
CLUSTER = """\
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: web}
spec:
  tier: Admin
  priority: 1
  subject: {namespaces: {}}
  ingress: [{action: Deny, from: [{namespaces: {}}], protocols: [{%s}]}]
"""


@pytest.mark.parametrize(
    ("rule", "kinds"),
    [
        ("ports: [{protocol: TCP, port: 80, endPort: 90}, {port: http}, {protocol: UDP}, {}]", ""),
        ("ports: [{port: 80, endPort: 80}]", ""),
        ("ports: [{protocol: «HTTP», port: 80}]", "value-not-allowed"),
        ("ports: [{protocol: «tcp»}]", "value-not-allowed"),
        ("ports: [{protocol: «ICMP»}]", "value-not-allowed"),
        ("ports: [{port: «0»}]", "out-of-range"),
        ("ports: [{port: «65536»}]", "out-of-range"),
        ("ports: [{port: «'80'»}]", "bad-port"),
        ("ports: [{port: «a_B»}]", "bad-port"),
        ("ports: [{port: «abcdefghijklmnop»}]", "bad-port"),
        ("ports: [{port: 80, endPort: «79»}]", "reversed-range"),
        ("ports: [{port: http, endPort: «90»}]", "exclusive-fields"),
        ("ports: [{«endPort»: 90}]", "missing-companion"),
        ("from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.0.0.0/9]}}, {podSelector: {}}]", ""),
        ("from: [{ipBlock: {cidr: 10.0.0.1/8}}]", ""),
        ("from: [{ipBlock: {cidr: 'fd00::/8', except: ['fd00:1::/32']}}]", ""),
        ("from: [{ipBlock: {cidr: «10.0.0.0/33»}}]", "bad-address"),
        ("from: [{ipBlock: {cidr: «10.0.0.1»}}]", "missing-prefix-length"),
        ("from: [{ipBlock: {cidr: 10.0.0.0/8, except: [«x»]}}]", "bad-address"),
        ("from: [{ipBlock: {cidr: 10.0.0.0/8, except: [«11.0.0.0/16»]}}]", "value-not-allowed"),
        ("from: [{ipBlock: {cidr: 10.0.0.0/8, except: [«10.0.0.0/8»]}}]", "value-not-allowed"),
        ("from: [{ipBlock: {cidr: 10.0.0.0/8, except: [«0.0.0.0/0»]}}]", "value-not-allowed"),
        ("from: [{«ipBlock»: {cidr: 10.0.0.0/8}, podSelector: {}}]", "exclusive-fields"),
        ("from: [{podSelector: {}, namespaceSelector: {}}]", ""),
        ("«to»: [{podSelector: {}}]", "unknown-field"),
    ],
)
def test_rules_of_a_network_policy(rule: str, kinds: str, hold) -> None:
    hold("", NETWORK % ("", rule), kinds)


def test_a_peer_that_names_nobody(judge) -> None:
    (problem,) = judge(NETWORK % ("", "from: [{}]")).problems
    assert (problem.kind, problem.path) == ("missing-field", ("spec", "ingress", 0, "from", 0))


@pytest.mark.parametrize(
    ("terms", "kinds"),
    [
        ("{key: a, operator: In, values: [b]}, {key: a, operator: Exists}", ""),
        ("{key: a, operator: DoesNotExist, values: []}", ""),
        ("{key: a, operator: «Equals», values: [b]}", "value-not-allowed"),
        ("{key: a, operator: «In»}", "missing-companion"),
        ("{key: a, operator: «NotIn», values: []}", "missing-companion"),
        ("{key: a, operator: Exists, «values»: [b]}", "exclusive-fields"),
    ],
)
def test_terms_of_label_selectors(terms: str, kinds: str, hold) -> None:
    selector = f"matchExpressions: [{terms}]"
    hold("", NETWORK % (selector, ""), kinds)
    hold("", NETWORK % ("", f"from: [{{namespaceSelector: {{{selector}}}}}]"), kinds)
    hold("", ADMIN % (selector, "namespaces: {}", "namedPort: http"), kinds, "v3.30")


@pytest.mark.parametrize(
    ("selector", "kinds"),
    [
        ("matchLabels: {a: b, c: '', d: «e f»}", "impossible-label-value"),
        ("matchLabels: {a: «-b», c: «'*'»}", "impossible-label-value impossible-label-value"),
        ("matchExpressions: [{key: a, operator: In, values: [b, «c/d»]}]", "impossible-label-value"),
        ("matchExpressions: [{key: a, operator: NotIn, values: [«b=c»]}]", "impossible-label-value"),
        ("matchExpressions: [{key: a, operator: NotIn, values: ['%A%']}]", ""),
        ("matchLabels: {a: «%s»}" % ("b" * 64), "impossible-label-value"),
        ("matchLabels: {a: %s}" % ("b" * 63), ""),
    ],
)
def test_values_that_no_label_can_have(selector: str, kinds: str, hold) -> None:
    hold("", NETWORK % (selector, ""), kinds)
    hold("", NETWORK % ("", f"from: [{{namespaceSelector: {{{selector}}}}}]"), kinds)
    hold("", ADMIN % (selector, "namespaces: {}", "namedPort: http"), kinds, "v3.30")


@pytest.mark.parametrize(
    ("peer", "port", "kinds"),
    [
        ("networks: [10.0.0.0/8]", "portRange: {protocol: TCP, start: 80, end: 90}", ""),
        ("networks: [«10.0.0.0/33»]", "namedPort: http", "bad-address"),
        ("namespaces: {}", "portNumber: {protocol: «HTTP», port: 80}", "bad-protocol"),
        ("namespaces: {}", "portRange: {protocol: TCP, start: 90, end: «80»}", "reversed-range"),
        ("namespaces: {}", "namedPort: «'a b'»", "bad-port"),
        ("namespaces: {}", "namedPort: «'80'»", "bad-port"),
    ],
)
def test_an_admin_network_policy(peer: str, port: str, kinds: str, hold) -> None:
    hold("", ADMIN % ("", peer, port), kinds, "v3.30")


@pytest.mark.parametrize(
    ("protocol", "kinds"),
    [
        ("tcp: {destinationPort: {range: {start: 80, end: 90}}}", ""),
        ("udp: {destinationPort: {range: {start: 90, end: «80»}}}", "reversed-range"),
        ("destinationNamedPort: «'a b'»", "bad-port"),
    ],
)
def test_a_cluster_network_policy(protocol: str, kinds: str, hold) -> None:
    hold("", CLUSTER % protocol, kinds)


@pytest.mark.parametrize(
    "text", [NETWORK % ("", "ports: [{protocol: HTTP}]"), ADMIN % ("", "namespaces: {}", "namedPort: 'a b'")]
)
def test_what_is_refused_is_a_gap(text: str) -> None:
    (whole,) = judge_objects(parse(text, "m.yaml").documents, Target((3, 30)))
    assert len(whole.resource.gaps) == 1
