"""The dataplane that manifests show of themselves."""

from __future__ import annotations

from typing import Any

import pytest

from callint import config, rule
from callint.config import Calico
from callint.engine import Plan
from callint.lint import Options, describe
from callint.objects.dataplane import inferred_dataplane
from callint.source import parse
from manifests import calico, calico_node, cluster_of, installation

EBPF = calico("FelixConfiguration", "default", {"bpfEnabled": True})
NFTABLES = calico("FelixConfiguration", "default", {"nftablesMode": "Enabled"})
FROM_MAP = {"configMapKeyRef": {"name": "felix", "key": "bpf"}}


def operator(dataplane: str) -> dict[str, Any]:
    return installation(calicoNetwork={"linuxDataplane": dataplane})


def config_map(**data: str) -> dict[str, Any]:
    metadata = {"name": "felix", "namespace": "kube-system"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def taking_all() -> dict[str, Any]:
    taken = calico_node()
    taken["spec"]["template"]["spec"]["containers"][1]["envFrom"] = [{"configMapRef": {"name": "felix"}}]
    return taken


@pytest.mark.parametrize(
    ("objects", "dataplane"),
    [
        ([operator("BPF")], "ebpf"),
        ([operator("Nftables")], "nftables"),
        ([operator("Iptables"), EBPF], "iptables"),
        ([operator("Other")], None),
        ([EBPF], "ebpf"),
        ([NFTABLES], "nftables"),
        ([calico("FelixConfiguration", "default", {"bpfEnabled": False, "nftablesMode": "Auto"})], None),
        ([calico("FelixConfiguration", "default", {"bpfEnabled": [], "nftablesMode": 5})], None),
        ([calico("FelixConfiguration", "node.a", {"bpfEnabled": True})], None),
        ([calico_node(FELIX_BPFENABLED="True")], "ebpf"),
        ([calico_node(FELIX_BPFENABLED="false")], None),
        ([calico_node("other", FELIX_BPFENABLED="true")], None),
        ([calico_node(FELIX_NFTABLESMODE="enabled")], "nftables"),
        ([EBPF, calico_node(FELIX_BPFENABLED="no")], None),
        ([EBPF, calico_node("other", FELIX_BPFENABLED="no")], "ebpf"),
        ([NFTABLES, calico_node(FELIX_NFTABLESMODE="Disabled")], None),
        ([calico_node(FELIX_BPFENABLED=FROM_MAP), config_map(bpf="true")], "ebpf"),
        ([calico_node(FELIX_BPFENABLED=FROM_MAP), config_map(bpf="false"), EBPF], None),
        ([calico_node(FELIX_BPFENABLED=FROM_MAP)], None),
        ([calico_node(FELIX_BPFENABLED=FROM_MAP), EBPF], "ebpf"),
        ([taking_all(), config_map(FELIX_BPFENABLED="true")], "ebpf"),
        ([taking_all(), config_map(bpf="true")], None),
    ],
)
def test_dataplane(objects: list[dict[str, Any]], dataplane: str | None) -> None:
    assert inferred_dataplane(cluster_of(objects)) == dataplane


LIST = """
apiVersion: v1
kind: List
items:
  - {apiVersion: projectcalico.org/v3, kind: FelixConfiguration, metadata: {name: default}, spec: {bpfEnabled: true}}
"""


@pytest.mark.parametrize(
    ("text", "said", "dataplane"),
    [
        (LIST, Calico(), "ebpf"),
        (LIST, Calico(dataplane="nftables"), "nftables"),
        (LIST.replace("true", '"true"'), Calico(), "iptables"),  # which Felix does not read
        ("{apiVersion: v1, kind: Namespace, metadata: {name: a}}", Calico(), "iptables"),
    ],
)
def test_it_is_that_of_the_cluster_unless_something_else_is_said(text: str, said: Calico, dataplane: str) -> None:
    plan = Plan(rule.load())
    for settings, options in (
        (config.Config(), Options(said)),
        (config.Config(clusters=(config.REST._replace(calico=said),)), Options()),
    ):
        (cluster,) = describe(parse(text, "a.yaml"), settings, options, plan).clusters
        assert cluster.target.dataplane == dataplane
