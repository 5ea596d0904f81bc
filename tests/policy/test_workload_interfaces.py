"""Interfaces of workloads are known by the prefix that Felix is told, wherever that is written."""

from __future__ import annotations

import pytest

from callint.checks import find
from callint.nat.host_networks import host_addresses
from callint.objects import Cluster
from callint.policy import model_of
from callint.policy.links import interfaces_of
from callint.policy.representative import with_labels
from callint.policy.settings import workload_prefixes
from manifests import calico, cluster_of, hosts, pod

FACTS = """
version: 1
node: router
roles: [router]
interfaces:
  - {name: lan0, addresses: [10.0.0.1/24], forwarding: true}
  - {name: eni0123456789a, addresses: [10.9.0.1/32], forwarding: true}
"""
DEFAULT = """
---
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {name: default}
spec: {interfacePrefix: "eni, veth"}
"""
OF_NODE = DEFAULT.replace("name: default", "name: node.router")
TOLD = FACTS + "workload-prefixes: [eni, veth]\n"
PODS = hosts(lan="10.0.0.1") + "---\n" + pod("web", "shop", "10.244.0.5", "router")


def cluster(felix: str = "", facts: str = FACTS) -> Cluster:
    return cluster_of(PODS + felix, facts=facts)


@pytest.mark.parametrize(("felix", "facts"), [(DEFAULT, FACTS), (OF_NODE, FACTS), ("", TOLD), (OF_NODE, TOLD)])
def test_they_are_no_host_interfaces(felix: str, facts: str) -> None:
    found = cluster(felix, facts)
    here = model_of(found).at("router")
    (workload,) = here.inventory.workloads
    assert workload.about.interface == "eni" + interface().removeprefix("cali")
    assert here.governance.is_workload(workload.about.interface)
    assert set(interfaces_of(found, "router")) == {"lan0"}
    assert {one.interface for one in host_addresses(found)} == {"lan0"}
    assert list(find("coverage")(found, {})) == []


def interface() -> str:
    """The interface of the pod where nothing is told."""
    (workload,) = model_of(cluster()).inventory.workloads
    return workload.about.interface


def test_without_a_word_they_begin_with_cali() -> None:
    found = cluster()
    assert interface().startswith("cali")
    assert set(interfaces_of(found, "router")) == {one.interface for one in host_addresses(found)}
    assert len(interfaces_of(found, "router")) == len(list(find("coverage")(found, {}))) + 1 == 2


def test_an_endpoint_makes_no_host_interface_of_another_kind() -> None:
    names = ("lo", "cali1", "lan0")
    found = cluster_of([calico("HostEndpoint", name, {"node": "router", "interfaceName": name}) for name in names])
    assert set(interfaces_of(found, "router")) == {"lan0"}


def test_each_node_has_its_own() -> None:
    found = cluster(OF_NODE)
    assert [workload_prefixes(found, node) for node in ("router", "other")] == [("eni", "veth"), ("cali",)]


def test_facts_know_better_than_objects() -> None:
    assert workload_prefixes(cluster(DEFAULT, FACTS + "workload-prefixes: [tap]\n"), "router") == ("tap",)


def test_what_cannot_be_read_tells_nothing() -> None:
    hidden = DEFAULT.replace(
        "name: default", 'name: default, annotations: {config.projectcalico.org/InterfacePrefix: ""}'
    )
    assert workload_prefixes(cluster(hidden), "router") == ("cali",)


def test_a_pod_that_no_manifest_holds_has_one_too() -> None:
    objects = [calico("FelixConfiguration", "default", {"interfacePrefix": "eni"})]
    found = with_labels(model_of(cluster_of(objects)), "shop", "default", {"app": "web"}, "10.244.0.9")
    assert found.about.interface.startswith("eni")
