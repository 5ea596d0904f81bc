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


@pytest.mark.parametrize(
    ("block", "refused"),
    [
        ("cidr: 010.0.0.0/8", False),
        ("cidr: 010.0.0.0/33", True),
        ("cidr: 10.0.0.0/8, except: [10.010.0.0/16]", False),
        ("cidr: 10.00.0.0", True),
    ],
)
def test_octets_with_leading_zeros_only_calico_refuses(block: str, refused: bool, judge) -> None:
    (problem,) = judge(NETWORK % ("", f"from: [{{ipBlock: {{{block}}}}}]")).problems
    assert problem.message.endswith("the API server refuses it") == refused


@pytest.mark.parametrize(
    ("metadata", "kinds"),
    [
        ("{name: web.v2, labels: {a/b: C_d, e: ''}, annotations: {A/b: 'c d'}}", ""),
        ("{name: «Web»}", "bad-name"),
        ("{name: web, labels: {«a b»: c}}", "bad-label"),
        ("{name: web, labels: {a: «b c»}}", "bad-label"),
        ("{name: web, annotations: {«a b»: c}}", "bad-label"),
    ],
)
def test_metadata_of_policies(metadata: str, kinds: str, hold) -> None:
    for text in (NETWORK % ("", ""), ADMIN % ("", "namespaces: {}", "namedPort: http")):
        lines = [f"metadata: {metadata}" if line.startswith("metadata:") else line for line in text.splitlines()]
        hold("", "\n".join(lines), kinds, "v3.30")


@pytest.mark.parametrize("name", ["default", "other"])
def test_a_cluster_has_one_baseline(name: str, judge) -> None:
    text = ADMIN % ("", "namespaces: {}", "namedPort: http")
    text = text.replace("kind: Admin", "kind: BaselineAdmin").replace("name: web", f"name: {name}")
    found = [problem.path for problem in judge(text.replace("  priority: 1\n", ""), "v3.30").problems]
    assert found == ([] if name == "default" else [("metadata", "name")])


@pytest.mark.parametrize(
    ("peer", "port"),
    [
        ("networks: [10.0.0.0/33]", "namedPort: http"),
        ("namespaces: {}", "portRange: {protocol: TCP, start: 90, end: 80}"),
        ("namespaces: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}", "namedPort: http"),
    ],
)
def test_what_the_crd_of_a_policy_takes_nobody_is_said_to_refuse(peer: str, port: str, judge) -> None:
    (problem,) = judge(ADMIN % ("", peer, port), "v3.30").problems
    assert "refuses" not in problem.message


def test_a_kind_that_the_release_lacks_has_any_shape(judge) -> None:
    text = CLUSTER % "destinationNamedPort: http"
    text = text.replace("subject: {namespaces: {}}", "subject: {namespaces: [1]}")
    assert "[1]" in text
    assert [problem.kind for problem in judge(text, "v3.30").problems] == ["field-too-new"]


def test_unknown_operators_one_api_server_refuses(judge) -> None:
    term = "matchExpressions: [{key: a, operator: Equals, values: [b]}]"
    (mine,) = judge(NETWORK % (term, "")).problems
    (theirs,) = judge(ADMIN % (term, "namespaces: {}", "namedPort: http"), "v3.30").problems
    assert mine.message == theirs.message + "; the API server refuses it"


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
        ("«1»", "wrong-type"),
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
        ("matchExpressions: [{key: a, operator: NotIn, values: ['%A%', '@B@', '#{C}', '##D##']}]", ""),
        (
            "matchLabels: {owner: «bob@example.com», share: «50%», issue: «'#1'»}",
            " ".join(["impossible-label-value"] * 3),
        ),
        ("matchLabels: {a: «%s»}" % ("b" * 64), "impossible-label-value"),
        ("matchLabels: {a: %s}" % ("b" * 63), ""),
    ],
)
def test_values_that_no_label_can_have(selector: str, kinds: str, hold) -> None:
    hold("", NETWORK % (selector, ""), kinds)
    hold("", NETWORK % ("", f"from: [{{namespaceSelector: {{{selector}}}}}]"), kinds)
    hold("", ADMIN % (selector, "namespaces: {}", "namedPort: http"), kinds, "v3.30")


@pytest.mark.parametrize(
    ("selector", "kinds"),
    [
        ("matchLabels: {a.b/C_d: e, '1': g}", ""),
        ("matchLabels: {«A/b»: c, «-a»: d, «a//b»: e, «/f»: g}", "bad-label bad-label bad-label bad-label"),
        ("matchExpressions: [{key: «a b», operator: Exists}]", "bad-label"),
        ("matchExpressions: [{key: a, operator: Exists}, {key: «a_b/c», operator: In, values: [d]}]", "bad-label"),
        ("matchExpressions: [{key: «''», operator: DoesNotExist}]", "bad-label"),
        ("matchLabels: {«%s»: b}" % ("a" * 64), "bad-label"),
    ],
)
def test_keys_that_no_label_can_have(selector: str, kinds: str, hold) -> None:
    hold("", NETWORK % (selector, ""), kinds)
    hold("", NETWORK % ("", f"from: [{{namespaceSelector: {{{selector}}}}}]"), kinds)
    hold("", ADMIN % (selector, "namespaces: {}", "namedPort: http"), kinds, "v3.30")


def test_keys_of_a_custom_resource_are_judged_by_nobody_before_calico(judge) -> None:
    selector = "matchLabels: {-a: b}"
    (denied,) = judge(NETWORK % (selector, "")).problems
    (stored,) = judge(ADMIN % (selector, "namespaces: {}", "namedPort: http"), "v3.30").problems
    assert denied.message == f"{stored.message}; the API server refuses it"


@pytest.mark.parametrize(
    ("peer", "port", "kinds"),
    [
        ("networks: [10.0.0.0/8]", "portRange: {protocol: TCP, start: 80, end: 90}", ""),
        ("networks: [«10.0.0.0/33»]", "namedPort: http", "bad-address"),
        ("namespaces: {}", "portNumber: {protocol: «HTTP», port: 80}", "bad-protocol"),
        ("namespaces: {}", "portRange: {protocol: TCP, start: 90, end: «80»}", "reversed-range"),
        ("namespaces: {}", "portRange: {protocol: TCP, start: 80, end: 80}", ""),
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
        ("udp: {destinationPort: {range: {start: 80, end: «80»}}}", "reversed-range"),
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
