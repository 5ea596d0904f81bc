"""Nodes that do not reach themselves, by policy at endpoints of all interfaces."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.checks import find
from manifests import AUTOMATIC, calico, cluster_of

ALLOW, SELF = {"action": "Allow"}, {"nets": ["127.0.0.0/8"]}
LAN = {**ALLOW, "source": {"nets": ["10.0.0.0/24"]}}


def endpoint(interface: str = "*", node: str = "a", name: str = "", **labels: str) -> dict[str, Any]:
    spec = {"node": node, "interfaceName": interface, "profiles": ["projectcalico-default-allow"]}
    return calico("HostEndpoint", name or f"{node}-all", spec, labels=labels or {"host": "yes"})


def policy(*ingress: dict[str, Any], egress: list[dict[str, Any]] | None = None, **spec: Any) -> dict[str, Any]:
    types = ["Ingress"] if egress is None else ["Ingress", "Egress"]
    rules = {"ingress": [*ingress], **({} if egress is None else {"egress": egress})}
    return calico("GlobalNetworkPolicy", "hosts", {"selector": "has(host)", "types": types, **rules, **spec})


def told(*objects: dict[str, Any], dataplane: str = "iptables", facts: str = "") -> list[tuple[tuple[Any, ...], str]]:
    cluster = cluster_of(objects, Target(dataplane=dataplane), facts=facts, judged=True)
    return [(one.path, one.message) for one in find("loopback")(cluster, {})]


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        (policy(LAN), ("spec", "ingress")),
        (policy(LAN, {"action": "Deny"}), ("spec", "ingress", 1, "action")),
        (policy(ALLOW, egress=[{**ALLOW, "destination": {"nets": ["10.0.0.0/24"]}}]), ("spec", "egress")),
        (policy(ALLOW), None),
        (policy(LAN, {**ALLOW, "source": SELF}), None),
        (policy(LAN, {**ALLOW, "destination": SELF}, egress=[ALLOW]), None),
        (policy(LAN, {**ALLOW, "protocol": "TCP", "destination": {"ports": [10259]}}), None),  # its author knows
        (policy(LAN, selector="has(other)"), None),
        (policy(LAN, types=["Ingress"], preDNAT=True, applyOnForward=True), None),
    ],
)
def test_policy_that_drops_what_a_node_says_to_itself(rules: dict[str, Any], path: tuple[Any, ...] | None) -> None:
    assert [found for found, _ in told(endpoint(), rules)] == ([] if path is None else [path])


@pytest.mark.parametrize(
    ("endpoints", "count"),
    [
        ([endpoint("eth0")], 0),
        ([endpoint("lo")], 0),
        ([calico("HostEndpoint", "a-all", {"node": "a", "interfaceName": "*"})], 0),  # no policy: it is not that
        ([endpoint(), endpoint("lo", name="a-lo", other="yes")], 0),
        ([endpoint(), endpoint(node="b")], 1),
    ],
)
def test_endpoints_that_govern_the_loopback_interface(endpoints: list[dict[str, Any]], count: int) -> None:
    found = told(*endpoints, policy(LAN))
    assert len(found) == count
    assert all(message.endswith("; so it is with 1 more") for _, message in found)


def test_endpoints_that_are_made_automatically() -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a", "labels": {"host": "yes"}}}
    ((_, message),) = told(node, AUTOMATIC, policy(LAN))
    assert 'HostEndpoint "a-auto-hep"' in message


def test_facts_need_not_list_the_loopback_interface_and_ebpf_is_left_alone() -> None:
    assert len(told(endpoint(), policy(LAN), facts="version: 1\nnode: a\ninterfaces: [{name: eth0}]\n")) == 1
    assert told(endpoint(), policy(LAN), dataplane="ebpf") == []
    assert told(endpoint(), policy(LAN), calico("FelixConfiguration", "default", {"bpfEnabled": "${BPF}"})) == []


def test_that_rules_select_too_many_things_is_told() -> None:
    """Each of 1,200 selectors matches nearly all of as many network sets: what a packet meets is not known then."""
    sets = [
        calico("GlobalNetworkSet", f"s{n}", {"nets": [f"10.{n // 250}.{n % 250}.0/24"]}, labels={"a": f"b{n}"})
        for n in range(1_200)
    ]
    rules = [{**ALLOW, "source": {"selector": f"a != 'b{n}'"}} for n in range(1_200)]
    ((_, few),) = told(endpoint(), policy(*rules), *sets[:100])
    assert few.startswith('node "a" does not reach itself')
    ((_, many),) = told(endpoint(), policy(*rules), *sets)
    assert "more than 1,000,000 comparisons of selectors with labels would be needed" in many


@pytest.mark.parametrize(
    ("rules", "cure"),
    [
        (policy(LAN), "as the source of ingress at"),
        (policy(ALLOW, egress=[]), "as the destination of egress at"),
        (policy(LAN, egress=[]), "as the destination of egress and as the source of ingress at"),
    ],
)
def test_no_direction_is_to_be_governed_that_was_open(rules: dict[str, Any], cure: str) -> None:
    (found,) = find("loopback")(cluster_of([endpoint(), rules], judged=True), {})
    assert cure in found.help
