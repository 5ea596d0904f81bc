"""What the environment of calico-node overrules, and what it does not."""

from __future__ import annotations

import pytest

from callint.checks import find
from manifests import cluster_of

NODE = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: calico-node, namespace: kube-system}
spec: {template: {spec: {containers: [{name: calico-node, env: [{name: NAME, VALUE}]}]}}}
"""
FELIX = """
---
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {name: default}
spec: {FIELD}
"""


@pytest.mark.parametrize(
    ("name", "value", "field", "told"),
    [
        ("BPFENABLED", "false", "bpfEnabled: true", True),
        ("BPFENABLED", "True", "bpfEnabled: true", False),
        ("BPFENABLED", "", "bpfEnabled: true", False),
        ("BPFENABLED", "none", "bpfEnabled: true", False),
        ("IPINIPMTU", "1440", "ipipMTU: 1400", True),
        ("IPINIPMTU", "1400", "ipipMTU: 1400", False),
        ("IPIPMTU", "1440", "ipipMTU: 1400", False),  # Felix does not know it by that name
        ("LOGSEVERITYSCREEN", "INFO", "logSeverityScreen: Debug", True),
        ("LOGSEVERITYSCREEN", "INFO", "logSeverityScreen: Info", False),
        ("LOGSEVERITYSCREEN", "INFO", "logSeverityFile: Debug", False),
        ("REPORTINGTTL", "90", "reportingTTL: 1m30s", False),
        ("FAILSAFEINBOUNDHOSTPORTS", "none", "failsafeInboundHostPorts: [{protocol: TCP, port: 22}]", False),
    ],
)
def test_what_differs(name: str, value: str, field: str, told: bool) -> None:
    node = NODE.replace("NAME", f"FELIX_{name}").replace("VALUE", f'value: "{value}"')
    found = list(find("environment")(cluster_of(node + FELIX.replace("FIELD", field)), {}))
    assert [one.path for one in found] == [("spec", field.partition(":")[0])] * told


def test_a_value_from_elsewhere_and_two_daemonsets_tell_nothing() -> None:
    elsewhere = NODE.replace("NAME", "FELIX_BPFENABLED").replace("VALUE", "valueFrom: {fieldRef: {fieldPath: x}}")
    here = NODE.replace("NAME", "FELIX_BPFENABLED").replace("VALUE", 'value: "false"')
    felix = FELIX.replace("FIELD", "bpfEnabled: true")
    for manifests in (elsewhere + felix, here + "---" + here.replace("kube-system", "other") + felix):
        assert not list(find("environment")(cluster_of(manifests), {}))
