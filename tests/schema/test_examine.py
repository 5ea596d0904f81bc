"""Each kind of problem: what is reported, where, and what it makes unreadable (cases.yaml)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

CASES = yaml.safe_load(Path(__file__).with_name("cases.yaml").read_text(encoding="utf-8"))
APIS = {"v3": "projectcalico.org/v3", "v1": "crd.projectcalico.org/v1"}


def text_of(case: dict[str, Any]) -> str:
    """The object of a case as YAML text."""
    for short, api_version in APIS.items():
        if short in case:
            return written(case[short], case.get("body", ""), api_version, case.get("metadata", {"name": "x"}))
    return str(case["text"])


def written(kind: str, body: str, api_version: str = APIS["v3"], metadata: Any = None) -> str:
    head = {"apiVersion": api_version, "kind": kind, "metadata": metadata or {"name": "x"}}
    return yaml.safe_dump(head) + body


def dotted(path: tuple[Any, ...]) -> str:
    return ".".join(map(str, path))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_problems_places_and_gaps(case: dict[str, Any], judge: Any) -> None:
    found = judge(text_of(case), case.get("release", "v3.32"), case.get("road", "calicoctl"))
    expected = case.get("expect", [])
    told = {(problem.kind, dotted(problem.path)): problem.message for problem in found.problems}
    assert len(told) == len(found.problems)
    assert set(told) == {(kind, place) for kind, place, _ in expected}
    for kind, place, words in expected:
        message = told[kind, place]
        assert words in message
        assert "\n" not in message
        assert not message.endswith(".")
    assert sorted(map(dotted, found.gaps)) == sorted(case.get("gaps", []))


def test_the_cases_cover_every_kind_of_problem() -> None:
    kinds = {kind for case in CASES for kind, _, _ in case.get("expect", [])}
    assert kinds == {
        *("unknown-kind", "enterprise-only", "v1-data-model", "unknown-field", "calicoctl-only", "wrong-type"),
        *("value-not-allowed", "out-of-range", "malformed-text", "missing-field", "field-too-new", "field-removed"),
        *("field-deprecated", "placeholder-left", "variable-left"),
    }


@pytest.mark.parametrize(
    ("kind", "body", "place"),
    [
        ("IPPool", "spec: {cidr: 10.0.0.0/16, banana: {a: 1}}", ("spec.banana", "key")),
        ("IPPool", "spec: {cidr: 10.0.0.0/16, ipipMode: x}", ("spec.ipipMode", "value")),
        ("BGPPeer", "spec: {filters: {a: b}}", ("spec.filters", "key")),
        ("BGPPeer", "spec: {filters: [{a: b}]}", ("spec.filters.0.a", "key")),
        ("BGPPeer", "spec: {filters: [[[a]]]}", ("spec.filters.0.0.0", "value")),
        ("BGPFilter", "spec: {exportV4: [{cidr: 10.0.0.0/8}]}", ("spec.exportV4.0.cidr", "key")),
        ("BGPFilter", "spec: {exportV4: [{}]}", ("spec.exportV4.0", "value")),
        ("IPPool", "spec: {}", ("spec", "key")),
        ("IPPool", "", ("kind", "value")),
        ("IPPol", "", ("kind", "value")),
    ],
)
def test_a_problem_is_shown_at_one_small_node(kind: str, body: str, place: tuple[str, str], judge: Any) -> None:
    (problem,) = judge(written(kind, body)).problems
    assert (problem.span.file, "key" if problem.span.column == 1 else "value") == place


def test_a_repeated_item_points_at_the_first(judge: Any) -> None:
    (problem,) = judge(written("NetworkSet", "spec: {nets: [a, b, a]}"), road="native").problems
    assert [related.span.file for related in problem.related] == ["spec.nets.0"]


@pytest.mark.parametrize(
    "value", [None, 3, "text", [], {}, {"kind": 3, "apiVersion": []}, {"kind": "List", "items": []}]
)
def test_what_is_no_object_is_no_affair_of_ours(value: object, judge: Any) -> None:
    assert judge(value) == ((), ())


@pytest.mark.parametrize(
    "kind", ["../facts", "facts", "report", "callint", "overlay", "kubernetes/Node", "", "a" * 5000]
)
def test_a_kind_never_names_another_file(kind: str, judge: Any) -> None:
    found = judge({"apiVersion": "projectcalico.org/v3", "kind": kind, "metadata": {"name": "x"}})
    assert [problem.kind for problem in found.problems] == ["unknown-kind"]


def test_of_thousands_of_faults_the_first_are_told_and_the_others_counted(judge: Any) -> None:
    fields = {f"field{number}": number for number in range(5000)}
    pool = {"apiVersion": "projectcalico.org/v3", "kind": "IPPool", "metadata": {"name": "a"}, "spec": fields}
    pool["spec"]["cidr"] = "10.0.0.0/8"
    examined = judge(pool)
    assert len(examined.problems) == 100
    assert examined.problems[-1].message.endswith(" (and 4900 more in this object)")
    assert ("spec", "field4999") in examined.gaps


@pytest.mark.parametrize(
    ("api_version", "kind", "body", "said"),
    [
        ("networking.k8s.io/v1", "NetworkPolicy", "spec: {podSelector: {}, ingress: [null]}", True),
        ("v1", "Service", "spec: {ports: [null]}", True),
        (APIS["v3"], "HostEndpoint", "spec: {node: a, expectedIPs: [null]}", False),
        ("operator.tigera.io/v1", "Installation", "spec: {calicoNetwork: {ipPools: [null]}}", False),
    ],
)
def test_kubernetes_takes_an_empty_item_of_its_own_kinds(
    judge: Any, api_version: str, kind: str, body: str, said: bool
) -> None:
    (problem,) = judge(written(kind, body, api_version), road="native").problems
    assert problem.kind == "wrong-type"
    assert problem.help.startswith("Kubernetes takes it for an item") if said else not problem.help


SPELLED = [
    ("operator.tigera.io/v1", "Installation", "{calicoNetwork: {linuxdataplane: BPF}}", "calicoNetwork.linuxDataplane"),
    ("v1", "Service", "{ports: [{port: 80, targetport: 8080}]}", "ports.0.targetPort"),
    ("v1", "Pod", "{HostNetwork: true, Volumes: []}", "hostNetwork"),
    ("v1", "Pod", "{hostnetwork: true, hostNetwork: true}", None),
    ("v1", "Pod", "{nodeSelector: {Zone: a, zone: b}}", None),
]


@pytest.mark.parametrize(("api_version", "kind", "spec", "meant"), SPELLED)
def test_a_field_in_another_case_is_none_of_a_kind_of_which_some_fields_are_known(
    judge: Any, api_version: str, kind: str, spec: str, meant: str | None
) -> None:
    examined = judge(written(kind, f"spec: {spec}", api_version))
    assert [dotted(gap) for gap in examined.gaps] == ([f"spec.{meant}"] if meant else [])
    for problem in examined.problems:
        assert problem.kind == "unknown-field"
        assert problem.message.endswith(f'it is written "{problem.message.split(chr(34))[-2]}"')
        assert str(meant).endswith(problem.message.split(chr(34))[-2])


ONE_OF = 'one of "Enabled", "Disabled" was expected'
POOL = "{{calicoNetwork: {{ipPools: [{{cidr: 10.0.0.0/16, natOutgoing: {}}}]}}}}"


@pytest.mark.parametrize(
    ("api_version", "kind", "spec", "said", "instead"),
    [
        ("operator.tigera.io/v1", "Installation", POOL.format("true"), f"is the boolean true, {ONE_OF}", ""),
        ("operator.tigera.io/v1", "Installation", POOL.format("1"), f"is the number 1, {ONE_OF}", ""),
        ("operator.tigera.io/v1", "Installation", POOL.format("{}"), "is a map, a string was expected", ""),
        (APIS["v1"], "FelixConfiguration", "{logFilePath: Off}", "is the boolean false, a string was expected", ""),
        (APIS["v3"], "FelixConfiguration", "{bpfExternalServiceMode: no}", 'is "false", one of "Tunnel", "DSR"', ""),
        (APIS["v3"], "FelixConfiguration", "{bpfLogLevel: Off}", 'is "false", one of "Off", "Info", "Debug"', "Off"),
        (APIS["v1"], "FelixConfiguration", "{bpfLogLevel: Off}", 'is the boolean false, one of "Off", "Info"', "Off"),
    ],
)
def test_words_that_are_no_booleans(
    judge: Any, api_version: str, kind: str, spec: str, said: str, instead: str
) -> None:
    road = "calicoctl" if api_version == APIS["v3"] else "crd"
    (problem,) = judge(written(kind, f"spec: {spec}", api_version), road=road).problems
    assert said in problem.message
    told = f'without quotes YAML takes {instead} for the boolean false: write "{instead}"' if instead else ""
    assert problem.help == told


@pytest.mark.parametrize(
    ("api_version", "kind", "spec", "other"),
    [
        (APIS["v3"], "NetworkPolicy", "{podSelector: {}}", "networking.k8s.io/v1"),
        (APIS["v1"], "GlobalNetworkPolicy", "{policyTypes: [Ingress]}", "networking.k8s.io/v1"),
        (APIS["v3"], "NetworkPolicy", "{ingress: [{action: Allow, from: []}]}", "networking.k8s.io/v1"),
        ("networking.k8s.io/v1", "NetworkPolicy", "{podSelector: {}, types: [Ingress]}", APIS["v3"]),
        ("networking.k8s.io/v1", "NetworkPolicy", "{podSelector: {}, egress: [{action: Allow}]}", APIS["v3"]),
        ("networking.k8s.io/v1", "NetworkPolicy", "{podSelector: {}, ingres: []}", None),
        (APIS["v3"], "NetworkSet", "{podSelector: {}}", None),
    ],
)
def test_a_field_of_the_other_network_policy(
    judge: Any, api_version: str, kind: str, spec: str, other: str | None
) -> None:
    (problem,) = judge(written(kind, f"spec: {spec}", api_version), road="native").problems
    assert problem.kind == "unknown-field"
    assert problem.message.partition("; NetworkPolicy of ")[2] == (f'"{other}" has it' if other else "")


@pytest.mark.parametrize(
    ("selector", "told"),
    [
        ("{matchLabels: {app: web, tier: front}}", "a selector is a text here: `app == 'web' && tier == 'front'`"),
        ("{matchLabels: {app: web}, matchExpressions: []}", ""),
        ('{matchLabels: {app: ""}}', "a selector is a text here: `app == ''`"),
        ("{matchLabels: {app: true}}", ""),
        ("{matchLabels: {app: null}}", ""),
        ('{matchLabels: {app: "it\'s"}}', ""),
        ("{matchLabels: {an app: web}}", ""),
        ("{matchLabels: {}}", ""),
        ("{app: web}", ""),
        ("[app]", ""),
    ],
)
def test_labels_in_place_of_a_selector(judge: Any, selector: str, told: str) -> None:
    (problem,) = judge(written("NetworkPolicy", f"spec: {{selector: {selector}}}")).problems
    assert (problem.kind, problem.help) == ("wrong-type", told)


def test_the_encapsulation_of_an_installation_is_no_field_of_a_pool(judge: Any) -> None:
    (problem,) = judge(written("IPPool", "spec: {cidr: 10.0.0.0/16, encapsulation: VXLAN}")).problems
    assert problem.message.endswith('"ipipMode" and "vxlanMode" say here what an Installation says by it')


def test_ports_of_admin_network_policies_are_protocols_of_cluster_network_policies(judge: Any) -> None:
    rule = "{action: Accept, from: [{namespaces: {}}], ports: [{portNumber: {protocol: TCP, port: 443}}]}"
    spec = f"spec: {{tier: Admin, priority: 1, subject: {{namespaces: {{}}}}, ingress: [{rule}]}}"
    text = f"apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {{name: a}}\n{spec}\n"
    judged = judge(text)
    (problem,) = judged.problems
    assert 'ports stand under "protocols"' in problem.message
    assert problem.path[-1] == "ports"
    assert judged.gaps == (("spec", "ingress", 0, "protocols"),)
