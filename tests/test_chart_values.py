"""The Installation that the values of the operator's chart describe is checked as one that is written by itself."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from click.testing import CliRunner

from callint import rule
from callint.calico import Target
from callint.cli import main
from callint.config import Config
from callint.engine import Plan
from callint.finding import Finding
from callint.intake.judge import judge, unjudged
from callint.lint import Lint, lint
from callint.objects.charts import pools_elsewhere
from callint.objects.dataplane import inferred_dataplane
from callint.source import Sources, parse
from manifests import cluster_of

SPEC = """\
registry: quay.io/
calicoNetwork:
  bgp: Disabled
  hostPorts: disabled
  linuxDataplane: BPF
  ipPools:
    - cidr: 10.42.0.0/16
      name: pods
      encapsulation: IPIP
      blockSize: 12
    - {cidr: 192.0.2.0/25, encapsulation: VXLAN}
"""
POOLS = "calicoNetwork: {ipPools: [{cidr: 10.42.0.0/16, name: pods, encapsulation: None}]}\n"
OTHERS = """
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: tor}
spec: {peerIP: 192.0.2.1, asNumber: 64500}
---
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: one}
spec: {bgp: {ipv4Address: 192.0.2.2/24}}
"""
PLAIN = """\
apiVersion: operator.tigera.io/v1
kind: Installation
metadata: {name: default}
spec:
"""
FLUX = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: calico, namespace: tigera-operator}
spec:
  chart: {spec: {chart: tigera-operator, version: v3.30.2}}
  values:
    apiServer: {enabled: true}
    installation:
"""
REFERRED = FLUX.replace("  chart: {spec: {chart: tigera-operator, version: v3.30.2}}\n", "  chartRef: {name: NAME}\n")
ARGO = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: calico, namespace: argocd}
spec:
  source:
    chart: tigera-operator
    targetRevision: v3.30.2
    helm:
      valuesObject:
        installation:
"""
SEVERAL = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: calico, namespace: argocd}
spec:
  sources:
    - {path: pools, repoURL: https://example.org/lab.git}
    - chart: tigera-operator
      helm:
        valuesObject:
          installation:
"""
LISTED = "apiVersion: v1\nkind: List\nitems:\n- " + indent(FLUX, "  ").strip() + "\n"


def installing(head: str, spec: str = SPEC) -> str:
    """A manifest whose last line is a key, with its value."""
    last = head.splitlines()[-1]
    return head + indent(spec, " " * (len(last) - len(last.lstrip()) + 2))


def linted(**files: str) -> Lint:
    parsed = [parse(text, f"{path.replace('__', '/')}.yaml") for path, text in files.items()]
    documents = [document for one in parsed for document in one.documents]
    return lint(Sources([file for one in parsed for file in one.files], documents), Config(), Plan(rule.load()))


def placed(finding: Finding, text: str) -> tuple[Any, ...]:
    """A finding, with its places counted from where the Installation begins."""
    lines = text.splitlines()
    first = next(number for number, line in enumerate(lines) if line.lstrip().startswith("registry"))
    aside = len(lines[first]) - len(lines[first].lstrip())
    end = first + SPEC.count("\n")

    def place(line: int, column: int) -> tuple[int, int]:
        return (line - first, column - aside) if first < line <= end else (line - end + 1000, column)

    related = [(place(one.span.line, one.span.column), one.label) for one in finding.related]
    about = str(finding.object), finding.path
    return finding.rule, place(finding.span.line, finding.span.column), finding.message, about, related


@pytest.mark.parametrize("head", [FLUX, REFERRED, ARGO, SEVERAL, LISTED])
@pytest.mark.parametrize("first", ["", "enabled: true\n"])
def test_what_is_found_is_what_is_found_of_an_installation(head: str, first: str) -> None:
    plain, text = installing(PLAIN) + OTHERS, installing(head, first + SPEC) + OTHERS
    expected = linted(m=plain).report
    found = linted(m=text).report
    told = {"BGP047", "OBJ005", "OBJ052", "NAT001"}
    assert told <= {one.rule for one in expected.findings}
    assert sorted(placed(one, text) for one in found.findings) == sorted(
        placed(one, plain) for one in expected.findings
    )
    assert found.objects == 3


def test_places_are_those_in_the_values() -> None:
    found = {(one.rule, one.span.line, one.span.column) for one in linted(m=installing(FLUX) + OTHERS).report.findings}
    assert {("BGP047", 11, 14), ("OBJ005", 12, 20), ("BGP047", 17, 28), ("OBJ052", 18, 24), ("NAT001", 19, 20)} <= found


@pytest.mark.parametrize("head", [FLUX, REFERRED, REFERRED.replace("NAME", "tigera-operator"), ARGO, SEVERAL])
def test_pools_and_the_dataplane_are_known(head: str) -> None:
    cluster = cluster_of(installing(head, "calicoNetwork: {linuxDataplane: BPF, ipPools: [{cidr: 10.42.0.0/16}]}\n"))
    assert [pool.cidr for pool in cluster.pools] == ["10.42.0.0/16"]
    assert inferred_dataplane(cluster) == "ebpf"
    assert not pools_elsewhere(cluster)


TEXT = FLUX.replace("    installation:", "    installation: |")
K3S = """
---
apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata: {name: calico, namespace: kube-system}
spec: {chart: tigera-operator, valuesContent: "installation: {}"}
"""


@pytest.mark.parametrize(
    "text",
    [
        installing(FLUX.replace("  values:", "  valuesFrom: [{kind: ConfigMap, name: calico}]\n  values:"), POOLS),
        installing(FLUX.replace("  values:", "  postRenderers: [{kustomize: {}}]\n  values:"), POOLS),
        installing(FLUX.replace("version: v3.30.2", "valuesFiles: [lab.yaml]"), POOLS),
        installing(ARGO.replace("    helm:\n", "    helm:\n      valueFiles: [lab.yaml]\n"), POOLS),
        installing(ARGO.replace("    helm:\n", "    helm:\n      parameters: [{name: a, value: b}]\n"), POOLS),
        installing(FLUX, "enabled: false\n" + POOLS),
        installing(FLUX, "enabled: ${ENABLED}\n" + POOLS),
        installing(FLUX, "calicoNetwork: {bgp: Disabled}\n"),
        installing(TEXT, POOLS),
        installing(ARGO.replace("valuesObject:", "values: |"), POOLS),
        installing(FLUX, POOLS) + "---\n" + installing(FLUX, POOLS),
        installing(FLUX, POOLS) + K3S,
        FLUX.replace("    installation:\n", ""),
    ],
)
def test_what_is_not_said_there_or_nowhere_else_stays_unknown(text: str) -> None:
    cluster = cluster_of(text)
    assert not cluster.pools
    assert pools_elsewhere(cluster)


@pytest.mark.parametrize(
    "head",
    [
        FLUX.replace("tigera-operator", "rke2-calico"),
        FLUX.replace("toolkit.fluxcd.io/v2", "example.org/v2"),
        REFERRED.replace("chartRef", "chartReference"),
    ],
)
def test_other_charts_describe_no_installation(head: str) -> None:
    assert not cluster_of(installing(head)).installations


def test_a_reference_alone_tells_of_no_chart() -> None:
    assert not cluster_of(installing(REFERRED, "registry: quay.io/\n")).installations


def test_an_installation_that_is_written_down_counts_alone() -> None:
    own = installing(PLAIN, "calicoNetwork: {ipPools: [{cidr: 10.43.0.0/16}]}\n")
    for text in (f"{own}---\n{installing(FLUX, POOLS)}", f"{installing(FLUX, POOLS)}---\n{own}"):
        cluster = cluster_of(text)
        assert [pool.cidr for pool in cluster.pools] == ["10.43.0.0/16"]
        assert [one.plain["spec"] for one in cluster.installations] == [
            {"calicoNetwork": {"ipPools": [{"cidr": "10.43.0.0/16"}]}}
        ]


def test_releases_of_several_clusters_are_not_joined() -> None:
    """The pool of one would hand out the address of a node of the other."""
    node = OTHERS.replace("192.0.2.2/24", "10.42.0.5/24")
    joined = linted(a__calico=installing(FLUX, POOLS), b__nodes=node).report.findings
    assert "NAT001" in {one.rule for one in joined}
    apart = linted(a__calico=installing(FLUX, POOLS), b__nodes=node, b__calico=installing(FLUX, "{}\n"))
    assert {one.rule for one in apart.report.findings}.isdisjoint({"NAT001", "REF001"})


def test_other_runs_count_objects_alike() -> None:
    documents = parse(installing(SEVERAL) + OTHERS, "m.yaml").documents
    judged, known = list(judge(documents, Target())), unjudged(documents)
    assert [str(one.resource.ref) for one in judged] == [str(one.resource.ref) for one in known]
    assert len(known) == 4


def test_sources_of_a_wrong_type_are_none() -> None:
    for spec in ("[]", "{source: []}", "{sources: [1, {helm: [], chart: tigera-operator}]}", "{sources: {}}"):
        text = f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: calico}}\nspec: {spec}\n"
        assert not cluster_of(text).installations
    for spec in (
        "[]",
        "{values: [], chartRef: [], chart: {spec: {chart: tigera-operator}}}",
        "{chartRef: {name: [a]}}",
    ):
        head = FLUX.partition("spec:")[0]
        assert not cluster_of(f"{head}spec: {spec}\n").installations


@pytest.mark.parametrize("head", [PLAIN, FLUX])
@pytest.mark.parametrize(("cidr", "known"), [("10.42.0.0/16", True), ("${PODS}", False)])
def test_a_pool_that_holds_a_variable_may_be_any(head: str, cidr: str, known: bool) -> None:
    advertised = """
---
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: default}
spec: {prefixAdvertisements: [{cidr: 10.99.0.0/16, communities: ["64512:1"]}]}
"""
    text = installing(head, POOLS.replace("10.42.0.0/16", f"'{cidr}'")) + OTHERS + advertised
    severity = {one.rule: one.severity for one in linted(m=text).report.findings}["BGP003"]
    assert (severity == "error") is known


PACKET = [
    "--node",
    "one",
    "--in",
    "lan0",
    "--src",
    "10.42.0.9",
    "--out",
    "eth0",
    "--dst",
    "203.0.113.9",
    "--tcp",
    "443",
]


@pytest.mark.parametrize("command", [["routes"], ["trace", *PACKET]])
def test_routes_and_packets_are_followed_with_its_pools(tmp_path: Path, command: list[str]) -> None:
    told = []
    for head in (PLAIN, REFERRED):
        (tmp_path / "m.yaml").write_text(installing(head, POOLS) + OTHERS, encoding="utf-8")
        run = CliRunner().invoke(main, [*command, "--no-config", "--format", "text", str(tmp_path)])
        assert run.exit_code == 0, run.output
        told.append(re.sub(r"m\.yaml:[0-9]+", "", run.output))
    assert told[0] == told[1]
    assert any(named in told[0] for named in ("IPAM blocks of 10.42.0.0/16", 'masqueraded: the pool "pods"'))
