"""What calico-node's environment says of Felix, which comes before every FelixConfiguration."""

from __future__ import annotations

import pytest

from callint.net.address import parse_cidr
from callint.net.packets import Packet as Point
from callint.policy.doubt import UndecidedError
from callint.policy.model import NodePolicy
from callint.policy.packet import Packet
from callint.policy.settings import Settings
from callint.policy.symbolic.engine import Engine
from callint.policy.symbolic.node import Node
from callint.policy.tunnels import Tunnels
from callint.policy.walk import evaluate
from manifests import calico_node, cluster_of

DAEMON_SET = """
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: calico-node, namespace: kube-system}
spec: {template: {spec: {containers: [{name: calico-node, env: [{name: FELIX_NAME, VALUE}]}]}}}
"""
FELIX = """
---
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {name: default}
spec: {SPEC}
"""
POD = """
---
apiVersion: v1
kind: Pod
metadata: {name: w, namespace: ns}
spec: {nodeName: f0}
status: {podIP: 10.65.0.2}
"""
OPERATOR = """
---
apiVersion: operator.tigera.io/v1
kind: Installation
metadata: {name: default}
spec: {variant: Calico}
"""


def told(name: str, value: str) -> str:
    return DAEMON_SET.replace("NAME", name).replace("VALUE", f'value: "{value}"')


def felix(spec: str) -> str:
    return FELIX.replace("SPEC", spec)


def to_host(manifests: str) -> tuple[str, str]:
    here = NodePolicy(cluster_of(POD + manifests), "f0")
    interface = next(one.about.interface for one in here.inventory.workloads)
    verdict = evaluate(here, Packet(interface, None, "10.65.0.2", "172.17.0.10", "tcp", 40000, 80))
    return verdict.outcome, verdict.decided_by


@pytest.mark.parametrize(
    ("manifests", "outcome", "why"),
    [
        ("", "drop", "Drop, Felix's default, which many installers change"),
        (told("DEFAULTENDPOINTTOHOSTACTION", "ACCEPT"), "accept", "accept"),
        (told("DEFAULTENDPOINTTOHOSTACTION", "RETURN"), "no-verdict", "Return"),
        (
            told("DEFAULTENDPOINTTOHOSTACTION", "ACCEPT") + felix("defaultEndpointToHostAction: Drop"),
            "accept",
            "accept",
        ),
        (
            told("DEFAULTENDPOINTTOHOSTACTION", "") + felix("defaultEndpointToHostAction: Return"),
            "no-verdict",
            "Return",
        ),
        (OPERATOR, "accept", "accept, which the operator sets"),
        (OPERATOR + felix("defaultEndpointToHostAction: Drop"), "drop", "Drop"),
    ],
)
def test_from_a_workload_to_its_node(manifests: str, outcome: str, why: str) -> None:
    assert to_host(manifests) == (outcome, f"defaultEndpointToHostAction {why}")


def test_a_variable_from_another_object_is_not_known() -> None:
    elsewhere = DAEMON_SET.replace("NAME", "DEFAULTENDPOINTTOHOSTACTION").replace("VALUE", "valueFrom: {}")
    outcome, _ = to_host(elsewhere + felix("defaultEndpointToHostAction: Drop"))
    assert outcome == "unknown"


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("none", []),
        ("tcp:22, udp:68,8080", [("tcp", 22, None), ("udp", 68, None), ("tcp", 8080, None)]),
        ("tcp:10.0.0.0/8:22,UDP:[fd00::/8]:53", [("tcp", 22, "10.0.0.0/8"), ("udp", 53, "fd00::/8")]),
    ],
)
def test_failsafe_ports(text: str, ports: list[tuple[str, int, str | None]]) -> None:
    listed = felix("failsafeInboundHostPorts: [{protocol: TCP, port: 1}]")
    settings = Settings(cluster_of(told("FAILSAFEINBOUNDHOSTPORTS", text) + listed), "f0")
    assert [one.port for one in settings.failsafe("Inbound")] == ports
    assert [one.net for one in settings.failsafe("Inbound")] == [net and parse_cidr(net) for _, _, net in ports]
    assert len(settings.failsafe("Outbound")) > len(ports)


def test_failsafe_ports_that_another_object_holds_are_not_known() -> None:
    elsewhere = DAEMON_SET.replace("NAME", "FAILSAFEINBOUNDHOSTPORTS").replace("VALUE", "valueFrom: {}")
    with pytest.raises(UndecidedError, match="which come from another object"):
        Settings(cluster_of(elsewhere), "f0").failsafe("Inbound")


@pytest.mark.parametrize("text", ["sctp:22", "tcp:22:10.0.0.0/8", "tcp:10.0.0.0/99:22", "ssh", "tcp:fd00::/8:22"])
def test_failsafe_ports_that_cannot_be_read_are_not_known(text: str) -> None:
    settings = Settings(cluster_of(told("FAILSAFEINBOUNDHOSTPORTS", text)), "f0")
    with pytest.raises(UndecidedError):
        settings.failsafe("Inbound")


@pytest.mark.parametrize("manifests", [felix("vxlanPort: 65536"), felix("vxlanPort: -1"), told("VXLANPORT", "99999")])
def test_a_number_that_no_port_has_is_not_known(manifests: str) -> None:
    with pytest.raises(UndecidedError, match=r"vxlanPort, which is .* and no port"):
        Tunnels(cluster_of(manifests), Settings(cluster_of(manifests), "f0"))
    assert to_host(manifests)[0] == "unknown"


@pytest.mark.parametrize(
    ("variables", "ipip", "vxlan"),
    [
        ({}, False, {4: False, 6: False}),
        ({"CALICO_IPV4POOL_IPIP": "Always"}, True, {4: False, 6: False}),
        ({"CALICO_IPV4POOL_VXLAN": "CrossSubnet", "FELIX_IPINIPENABLED": "true"}, True, {4: True, 6: False}),
        ({"CALICO_IPV4POOL_VXLAN": "Always", "FELIX_VXLANENABLED": "false"}, False, {4: False, 6: False}),
        ({"CALICO_IPV6POOL_CIDR": "fd00::/48", "CALICO_IPV6POOL_VXLAN": "Always"}, False, {4: False, 6: True}),
        ({"CALICO_IPV4POOL_IPIP": "Always", "NO_DEFAULT_POOLS": "true"}, False, {4: False, 6: False}),
    ],
)
def test_pools_that_calico_node_makes_ask_for_tunnels(
    variables: dict[str, str], ipip: bool, vxlan: dict[int, bool]
) -> None:
    cluster = cluster_of([calico_node(CALICO_IPV4POOL_CIDR="10.244.0.0/16", **variables)])
    tunnels = Tunnels(cluster, Settings(cluster, "f0"))
    assert (tunnels.ipip, tunnels.vxlan) == (ipip, vxlan)


def test_every_kind_of_value() -> None:
    def settings(name: str, value: str) -> Settings:
        return Settings(
            cluster_of(told(name, value) + felix("ipipEnabled: true, vxlanPort: 1, bpfEnabled: true")), "f0"
        )

    assert settings("IPINIPENABLED", "False").optional_flag("ipipEnabled") is False
    assert settings("VXLANPORT", "8472").number("vxlanPort", 4789) == 8472
    assert settings("EXTERNALNODESCIDRLIST", "1.2.3.0/24, 5.6.7.8").texts("externalNodesList") == (
        "1.2.3.0/24",
        "5.6.7.8",
    )
    assert settings("INTERFACEPREFIX", "cali,azv").workload_prefixes == ("cali", "azv")
    assert (settings("BPFENABLED", "false").ebpf, settings("BPFENABLED", "0").perhaps_ebpf) == (False, False)
    assert (settings("BPFENABLED", "perhaps").ebpf, settings("BPFENABLED", "perhaps").perhaps_ebpf) == (False, True)
    assert Settings(cluster_of(felix("vxlanPort: 0")), "f0").number("vxlanPort", 4789) == 4789
    said = settings("VXLANPORT", "8472").said("vxlanPort")
    assert (str(said), said and said.value) == ('DaemonSet "calico-node"', "8472")


def test_several_daemon_sets_tell_nothing() -> None:
    one = told("DEFAULTENDPOINTTOHOSTACTION", "ACCEPT")
    assert to_host(one + one.replace("kube-system", "other"))[0] == "drop"


def test_sets_of_packets_end_alike() -> None:
    here = NodePolicy(cluster_of(POD + told("DEFAULTENDPOINTTOHOSTACTION", "ACCEPT")), "f0")
    interface = next(one.about.interface for one in here.inventory.workloads)
    node = Node(here, Engine(here.model, 4).chains(ebpf=False))
    assert Point(0x0A410002, 0xAC11000A, 6, 40000, 80, None, None) in node.went(interface, None).of("accept")
