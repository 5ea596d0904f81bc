"""What findings are worth: told once a file, less where the release or the extent of the cluster is assumed."""

from __future__ import annotations

import pytest

from callint import config, rule
from callint.config import Calico
from callint.engine import Plan
from callint.finding import Finding
from callint.lint import Options, lint
from callint.source import Sources, parse
from callint.weigh import of_a_part

POOL = "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: pods}\nspec: {cidr: 10.244.0.0/16}\n"
LAN = "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: lan}\nspec: {cidr: 10.0.0.0/24}\n"
ENDPOINT = """\
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: lan}
spec: {node: router, interfaceName: lan0, expectedIPs: [10.0.0.1], profiles: [projectcalico-default-allow]}
"""


def findings(
    files: dict[str, str], settings: config.Config | None = None, calico: Calico | None = None
) -> list[Finding]:
    parsed = [parse(text, path) for path, text in files.items()]
    sources = Sources(
        [file for one in parsed for file in one.files], [document for one in parsed for document in one.documents]
    )
    settings = settings or config.Config()
    plan = Plan(rule.load(), settings.settings(rule.load()))
    options = Options(calico or Calico((3, 32)))
    return [one for one in lint(sources, settings, plan, options).report.findings if one.rule in RULES]


RULES = ("NAT001", "NAT004", "REF001", "OBJ008", "OBJ009", "OBJ010", "OBJ012", "OBJ015")


def test_placeholders_are_told_once_a_file() -> None:
    text = ENDPOINT.replace("router", "<node>").replace("10.0.0.1", "<ip>").replace("lan}", "<name>}")
    found = findings({"a.yaml": text, "b.yaml": text})
    assert [(one.rule, one.span.file) for one in found] == [("OBJ012", "a.yaml"), ("OBJ012", "b.yaml")]
    assert found[0].message.endswith(", and 2 more are left in this file")
    (found, *_) = findings({"a.yaml": text.replace("<ip>", "10.0.0.1")})
    assert found.message.endswith(", and 1 more is left in this file")


def test_an_assumed_release_proves_no_error() -> None:
    felix = (
        "apiVersion: projectcalico.org/v3\nkind: FelixConfiguration\nmetadata: {name: default}\n"
        "spec: {iptablesLockFilePath: /run/xtables.lock}\n"
    )
    assert [(one.rule, one.severity) for one in findings({"a.yaml": felix})] == [("OBJ009", "error")]
    (assumed,) = findings({"a.yaml": felix}, calico=Calico())
    assert (assumed.severity, "is assumed" in assumed.help) == ("warning", True)
    weighed = config.Config(rules={"OBJ009": "error"})
    assert [one.severity for one in findings({"a.yaml": felix}, weighed, Calico())] == ["error"]


def test_what_takes_the_place_of_a_deprecated_field_depends_on_the_release() -> None:
    """Up to v3.29 there is no `nextHopMode`, and `keepOriginalNextHop` is in order."""
    peer = (
        "apiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata: {name: tor}\n"
        "spec: {peerIP: 10.0.0.1, asNumber: 64512, keepOriginalNextHop: true}\n"
    )
    (known,) = findings({"a.yaml": peer})
    (assumed,) = findings({"a.yaml": peer}, calico=Calico())
    assert (known.severity, known.help) == ("warning", "")
    assert (assumed.severity, "is assumed" in assumed.help) == ("warning", True)
    assert findings({"a.yaml": peer}, calico=Calico((3, 29))) == []


def test_a_part_of_the_manifests_does_not_prove_that_nothing_closes_node_ports() -> None:
    ports = next(one for one in rule.load() if one.id == "POL059")
    parsed = parse(rule.explanation(ports).examples[0].bad, "a.yaml")
    plan = Plan(rule.load(), config.Config().settings(rule.load()))
    result = lint(Sources(parsed.files, parsed.documents), config.Config(), plan, Options())
    found = [one for one in result.report.findings if one.rule == ports.id]
    assert [one.severity for one in found] == ["warning"]
    assert [one.severity for one in of_a_part(found, plan)] == ["info"]


def test_folders_that_may_be_clusters_prove_nothing_together() -> None:
    joined = {"a/lan.yaml": LAN, "b/endpoint.yaml": ENDPOINT}
    assert [one.severity for one in findings(joined)] == ["error"]
    doubtful = {**joined, "a/pods.yaml": POOL, "b/pods.yaml": POOL}
    (held,) = findings(doubtful)
    assert (held.rule, held.severity) == ("REF001", "info")
    assert held.help.endswith("; 1 finding that joins them is held back")
    weighed = findings(doubtful, config.Config(rules={"NAT001": "error"}))
    assert {(one.rule, one.severity) for one in weighed} == {("NAT001", "error"), ("REF001", "info")}


def test_one_folder_alone_keeps_its_weight() -> None:
    files = {"a/lan.yaml": LAN, "a/endpoint.yaml": ENDPOINT, "a/pods.yaml": POOL, "b/pods.yaml": POOL}
    assert {(one.rule, one.severity) for one in findings(files)} == {("NAT001", "error"), ("REF001", "info")}


@pytest.mark.parametrize(
    ("kind", "apart"),
    [
        ("{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}}", True),
        ("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web, namespace: shop}}", True),
        ("{apiVersion: operator.tigera.io/v1, kind: Installation, metadata: {name: default}}", True),
        ("{apiVersion: v1, kind: Service, metadata: {name: web}}", False),  # in which namespace is not said
        ("{apiVersion: v1, kind: Service, metadata: {name: web, namespace: '${SHOP}'}}", False),
        ("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}", False),  # each part brings its own
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: web, namespace: shop}}", False),
    ],
)
def test_what_kubernetes_has_once_tells_folders_apart_as_well(kind: str, apart: bool) -> None:
    joined = {"a/lan.yaml": LAN, "b/endpoint.yaml": ENDPOINT, "a/k.yaml": kind, "b/k.yaml": kind}
    assert {one.rule for one in findings(joined)} & {"NAT001", "REF001"} == {"REF001" if apart else "NAT001"}
    beside = {"a/lan.yaml": LAN, "b/endpoint.yaml": ENDPOINT, "a/k.yaml": kind, "a/l.yaml": kind}
    assert {one.rule for one in findings(beside)} & {"NAT001", "REF001"} == {"NAT001"}


def test_pools_of_one_folder_overlap_whatever_another_cluster_has() -> None:
    settings = "apiVersion: projectcalico.org/v3\nkind: FelixConfiguration\nmetadata: {name: default}\nspec: {}\n"
    tree = {"a/felix.yaml": settings, "b/felix.yaml": settings}
    pools = {"a/blue": "10.244.0.0/16", "b/green": "10.244.0.0/16", "b/more": "10.244.5.0/24"}
    for place, net in pools.items():
        name = place.partition("/")[2]
        tree[f"{place}.yaml"] = (
            f"apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {{name: {name}}}\nspec: {{cidr: {net}}}\n"
        )
    (found,) = (one for one in findings(tree) if one.rule == "NAT004")
    assert found.message.startswith('the network of IPPool "more" overlaps that of "green"')
