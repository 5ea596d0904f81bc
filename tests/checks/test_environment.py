"""What the environment of calico-node overrules, and what it does not."""

from __future__ import annotations

import pytest

from callint.checks import find
from calls import calls
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
        ("IPINIPMTU", "01400", "ipipMTU: 1400", False),
        ("IPINIPMTU", "01440", "ipipMTU: 1400", False),  # of base 8, maybe
        ("IPIPMTU", "1440", "ipipMTU: 1400", False),  # Felix does not know it by that name
        ("LOGSEVERITYSCREEN", "INFO", "logSeverityScreen: Debug", True),
        ("LOGSEVERITYSCREEN", "INFO", "logSeverityScreen: Info", False),
        ("LOGSEVERITYSCREEN", "INFO", "logSeverityFile: Debug", False),
        ("REPORTINGTTL", "90", "reportingTTL: 1m30s", False),
        ("REPORTINGTTL", "1m30s", "reportingTTL: 90s", False),
        ("MTUIFACEPATTERN", "^eth.*", "mtuIfacePattern: ^ens.*", False),
        ("IPTABLESNATOUTGOINGINTERFACEFILTER", "eth0", "iptablesNATOutgoingInterfaceFilter: wan+", True),
        ("IPTABLESNATOUTGOINGINTERFACEFILTER", "wan+", "iptablesNATOutgoingInterfaceFilter: wan+", False),
        ("NATOUTGOINGADDRESS", "192.0.2.1", "natOutgoingAddress: 192.0.2.2", True),
        ("NATOUTGOINGADDRESS", "192.0.2.1", "natOutgoingAddress: 192.0.2.1", False),
        ("DEVICEROUTESOURCEADDRESSIPV6", "fd00:0::1", "deviceRouteSourceAddressIPv6: fd00::1", False),
        ("FAILSAFEINBOUNDHOSTPORTS", "none", "failsafeInboundHostPorts: [{protocol: TCP, port: 22}]", True),
        ("FAILSAFEINBOUNDHOSTPORTS", "tcp:22", "failsafeInboundHostPorts: [{protocol: TCP, port: 22}]", False),
        ("FAILSAFEINBOUNDHOSTPORTS", "22", "failsafeInboundHostPorts: []", True),
        ("FAILSAFEINBOUNDHOSTPORTS", "x", "failsafeInboundHostPorts: []", False),
        ("FAILSAFEOUTBOUNDHOSTPORTS", "tcp:10.0.0.0/8:22", "failsafeOutboundHostPorts: [{port: 22}]", True),
        (
            "FAILSAFEOUTBOUNDHOSTPORTS",
            "tcp:10.0.0.0/8:22, udp:53",
            "failsafeOutboundHostPorts: [{protocol: UDP, port: 53}, {port: 22, net: 10.0.0.0/8}]",
            False,
        ),
        *(
            ("FAILSAFEINBOUNDHOSTPORTS", variable, f"failsafeInboundHostPorts: [{entries}]", told)
            for variable, entries, told in (
                ("tcp:0.0.0.0/0:22", "{port: 22}", False),
                ("tcp:22", "{port: 22, net: 0.0.0.0/0}", False),
                ("tcp:0.0.0.0/0:22,tcp:[::/0]:22", "{port: 22}", False),
                ("tcp:0.0.0.0/0:22", "{port: 22, net: 0.0.0.0/0}, {port: 22, net: '::/0'}", True),
                ("tcp:[::/0]:22", "{port: 22}", True),
                ("tcp:10.0.0.1/8:22", "{port: 22, net: 10.0.0.2/8}", False),
                ("tcp:10.0.0.1:22", "{port: 22, net: 10.0.0.1/32}", False),
                ("tcp:[fd00:0::/64]:22", "{port: 22, net: 'fd00::/64'}", False),
                ("tcp:[fd00::/64]:22", "{port: 22, net: 'fd00::/65'}", True),
                ("tcp:10.0.0.0/8:22", "{port: 22, net: 10.0.0.0/9}, {port: 22, net: 10.128.0.0/9}", False),
                ("udp:53,TCP:22,tcp:22,22", "{port: 22}, {protocol: UDP, port: 53}", False),
                ("22", "{port: 22, protocol: UDP}", True),
                ("65536", "{port: 22}", False),
                ("22", "{port: 22, protocol: SCTP}", False),
            )
        ),
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


@pytest.mark.parametrize(
    ("value", "ranges", "told"),
    [
        ("10.96.0.0/12", "[{cidr: 10.43.0.0/16}]", True),
        ("10.96.0.0/12,fd00::/112", "[{cidr: 10.96.0.0/12}]", True),
        ("fd00::/112, 10.96.0.0/12", "[{cidr: 10.96.0.0/12}, {cidr: 'fd00::/112'}]", False),
        ("", "[{cidr: 10.43.0.0/16}]", False),
        ("x", "[{cidr: 10.43.0.0/16}]", False),
        ("10.96.0.0/12", "[]", False),
        ("10.96.0.0/12", "[{cidr: 10.96.0.0/12}, {cidr: x}]", False),
    ],
)
def test_networks_of_services_that_a_variable_names(value: str, ranges: str, told: bool) -> None:
    node = NODE.replace("NAME", "CALICO_ADVERTISE_CLUSTER_IPS").replace("VALUE", f'value: "{value}"')
    bgp = FELIX.replace("Felix", "BGP").replace("FIELD", f"serviceClusterIPs: {ranges}")
    found = list(find("environment")(cluster_of(node + bgp), {}))
    assert [one.path for one in found] == [("spec", "serviceClusterIPs")] * told
    assert not list(find("environment")(cluster_of(node + bgp.replace("default", "node.a")), {}))


def test_a_long_list_in_the_environment_is_read_once() -> None:
    def work(configurations: int) -> int:
        ports = ",".join(f"tcp:{number}" for number in range(1, 500))
        node = NODE.replace("NAME", "FELIX_FAILSAFEINBOUNDHOSTPORTS").replace("VALUE", f'value: "{ports}"')
        felix = FELIX.replace("FIELD", "failsafeInboundHostPorts: [{protocol: TCP, port: 22}]")
        several = "".join(felix.replace("default", f"node.n{number}") for number in range(configurations))
        cluster = cluster_of(node + several)
        return calls(lambda: list(find("environment")(cluster, {})))

    work(1)
    assert work(30) < 3 * work(1)
