"""Pods that may ask for names over UDP, and whether anything lets them ask again over TCP."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import find
from manifests import calico, cluster_of

UDP = {"action": "Allow", "protocol": "UDP", "destination": {"ports": [53]}}
TCP = {**UDP, "protocol": "TCP"}
WEB = "app == 'web'"


def policy(*egress: dict[str, Any], name: str = "p", selector: str = WEB, **spec: Any) -> dict[str, Any]:
    rules = {"selector": selector, "types": ["Egress"], "egress": list(egress), **spec}
    return calico("NetworkPolicy", name, rules, namespace="shop")


def kubernetes(*ports: dict[str, Any]) -> dict[str, Any]:
    spec = {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"], "egress": [{"ports": [*ports]}]}
    head = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
    return {**head, "metadata": {"name": "k", "namespace": "shop"}, "spec": spec}


@pytest.mark.parametrize(
    ("objects", "names"),
    [
        ([policy(UDP)], ["p"]),
        ([policy({**UDP, "protocol": 17})], ["p"]),
        ([policy({**UDP, "destination": {"selector": "has(dns)", "ports": [5353]}})], ["p"]),
        ([policy({**UDP, "destination": {"ports": [5353]}})], []),
        ([policy({**UDP, "destination": {"nets": ["224.0.0.251/32"], "ports": [5353]}})], []),
        ([policy(UDP, TCP)], []),
        ([policy(UDP, {"action": "Allow", "destination": {"selector": "k8s-app == 'kube-dns'"}})], ["p"]),  # its own
        ([policy(UDP, {"action": "Allow", "destination": {"namespaceSelector": "all()"}})], []),
        ([policy(UDP, {"action": "Pass"})], []),
        ([policy(UDP, {"action": "Allow", "protocol": "TCP", "destination": {"ports": ["1:1023"]}})], []),
        ([policy(UDP, {**TCP, "destination": {"ports": [443]}})], ["p"]),
        ([policy({**UDP, "destination": {"ports": ["1:65535"]}})], []),
        ([policy({**UDP, "action": "Deny"})], []),
        ([policy(UDP, types=["Ingress"])], []),
        ([policy(UDP), policy(TCP, name="q")], []),
        ([policy(UDP), policy(TCP, name="q", selector="all()")], []),
        ([policy(UDP), policy(TCP, name="q", selector="tier == 'front'")], []),  # a pod may have both labels
        ([policy(UDP), policy(TCP, name="q", selector="app == 'db'")], ["p"]),
        ([policy(UDP), policy(name="q")], ["p"]),
        ([kubernetes({"port": 53, "protocol": "UDP"})], ["k"]),
        ([kubernetes({"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"})], []),
    ],
)
def test_over_which_protocols_names_are_asked_for(objects: list[dict[str, Any]], names: list[str]) -> None:
    found = list(find("dns_over_udp")(cluster_of(objects), {}))
    assert [one.object and one.object.name for one in found] == names
    assert all(one.path[:2] == ("spec", "egress") and not one.undecided for one in found)


@pytest.mark.parametrize(
    ("spec", "count"),
    [({"selector": "zone == 'lan'"}, 0), ({"selector": WEB, "namespaceSelector": "all()"}, 1), ({"selector": ""}, 1)],
)
def test_policy_that_may_be_for_hosts_is_not_meant(spec: dict[str, Any], count: int) -> None:
    everywhere = calico("GlobalNetworkPolicy", "p", {**spec, "types": ["Egress"], "egress": [UDP]})
    assert len(list(find("dns_over_udp")(cluster_of([everywhere]), {}))) == count
