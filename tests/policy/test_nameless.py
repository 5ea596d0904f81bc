"""Host endpoints that tell addresses alone: they govern the interface that has these, whatever it is called."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint import rule
from callint.engine import Plan, run
from callint.net.address import parse_ip
from callint.objects import Cluster
from callint.objects.endpoint import HostEndpoint
from callint.policy.links import interfaces_of
from callint.policy.nodes import is_nameless, with_nameless
from manifests import calico, cluster_of

PLAN = Plan(rule.load())
FACTS = """
version: 1
node: router
interfaces: [{name: lan0, addresses: [10.0.0.1/24]}]
"""


def node(name: str, address: str, *labels: str) -> dict[str, Any]:
    status = {"addresses": [{"type": "InternalIP", "address": address}]}
    metadata = {"name": name, "labels": dict.fromkeys(labels, "")}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "status": status}


def host(name: str, interface: str | None, *addresses: str) -> dict[str, Any]:
    spec = {"node": "router", "expectedIPs": list(addresses), **({"interfaceName": interface} if interface else {})}
    return calico("HostEndpoint", name, spec, labels={"role": "router"})


def policy(*ports: int, default: str, failsafe: bool) -> list[dict[str, Any]]:
    allow = [{"action": "Allow", "protocol": "TCP", "destination": {"ports": list(ports)}}] if ports else []
    spec = {"selector": "role == 'router'", "types": ["Ingress", "Egress"], "ingress": [*allow, {"action": default}]}
    none = {} if failsafe else {"failsafeInboundHostPorts": [], "failsafeOutboundHostPorts": []}
    return [calico("GlobalNetworkPolicy", "g", spec), calico("FelixConfiguration", "default", none)]


NODES = [
    {
        **node("router", "10.0.0.1"),
        "metadata": {"name": "router", "labels": {"node-role.kubernetes.io/control-plane": ""}},
    },
    node("worker", "10.0.0.2"),
]


def told(cluster: Cluster, interface: str) -> list[tuple[str, str, str]]:
    found, crashes = run(PLAN, cluster)
    assert crashes == []
    return [(one.rule, str(one.span[1:]), one.message.replace(f'"{interface}"', '"it"')) for one in found]


@given(
    ports=st.sets(st.sampled_from((22, 53, 179, 6443, 10250)), max_size=4),
    default=st.sampled_from(("Allow", "Deny")),
    failsafe=st.booleans(),
)
def test_what_is_said_of_it_is_what_is_said_of_a_named_one(ports: set[int], default: str, failsafe: bool) -> None:
    """All rules; what they say of names of interfaces aside."""
    rest = [*NODES, *policy(*sorted(ports), default=default, failsafe=failsafe)]
    named = told(cluster_of([host("h", "eth0", "10.0.0.1"), *rest]), "eth0")
    nameless = told(cluster_of([host("h", None, "10.0.0.1"), *rest]), "10.0.0.1")
    assert [(one, message) for one, _, message in nameless] == [(one, message) for one, _, message in named]


def test_a_lockout_is_seen() -> None:
    cluster = cluster_of([host("h", None, "10.0.0.1"), *NODES, *policy(22, default="Deny", failsafe=False)])
    assert {"POL003", "HEP014"} <= {one for one, _, _ in told(cluster, "")}


def endpoint(name: str, interface: str, *addresses: str) -> HostEndpoint:
    return HostEndpoint(None, name, "router", interface, addresses, (), ())  # type: ignore[arg-type]


def test_an_address_that_an_interface_has_makes_no_other() -> None:
    one, other = parse_ip("10.0.0.1"), parse_ip("10.0.0.2")
    assert with_nameless({"eth0": (one,)}, [endpoint("a", "", "10.0.0.1", "10.0.0.2")]) == {"eth0": (one,)}
    assert with_nameless({"eth0": None}, [endpoint("a", "", "10.0.0.1")]) == {"eth0": None, "10.0.0.1": (one,)}
    rivals = [
        endpoint("a", "", "10.0.0.1", "10.0.0.2"),
        endpoint("b", "", "10.0.0.2"),
        endpoint("c", "eth1", "10.0.0.3"),
    ]
    assert with_nameless({}, rivals) == {"10.0.0.1": (one, other)}
    assert with_nameless({}, [endpoint("a", "", "?"), endpoint("b", "")]) == {}


def test_facts_know_the_interfaces() -> None:
    lan, elsewhere = host("a", None, "10.0.0.1"), host("b", None, "10.9.0.1")
    cluster = cluster_of([lan, elsewhere], facts=FACTS)
    assert list(interfaces_of(cluster, "router")) == ["lan0"]
    assert list(interfaces_of(cluster_of([lan, elsewhere]), "router")) == ["10.0.0.1", "10.9.0.1"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("10.0.0.1", True), ("2001:db8::1", True), ("eth0", False), ("eth0.100", False), ("wg.10", False), ("*", False)],
)
def test_names(name: str, expected: bool) -> None:
    assert is_nameless(name) is expected
