"""Facts and services whose node the manifests call otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from callint import config
from callint.checks import Breach, find
from callint.checks.objects.node_names import check
from manifests import calico, cluster_of

FACTS = {"problem": "facts"}
ENDPOINT = """
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: lan}
spec: {node: NAME, interfaceName: lan0}
"""
NODE = """
---
apiVersion: v1
kind: Node
metadata: {name: NAME}
"""


def said(named: str, *facts: str, nodes: str = "") -> list[str]:
    cluster = cluster_of(
        ENDPOINT.replace("NAME", named) + nodes,
        facts="\n---\n".join(f"version: 1\nnode: {name}" for name in facts),
    )
    return [breach.message for breach in check(cluster, FACTS)]


@pytest.mark.parametrize(
    ("named", "facts"),
    [
        ("router", "ruoter"),
        ("router", "routr"),
        ("router", "rourter"),
        ("router", "router.home.arpa"),
        ("router.home.arpa", "router"),
    ],
)
def test_nearly_the_name(named: str, facts: str) -> None:
    (message,) = said(named, facts)
    assert message == (
        f'these are facts of node "{facts}", which neither a Node nor a HostEndpoint names, did you mean "{named}"'
    )


@pytest.mark.parametrize(
    ("named", "facts"),
    [
        ("router", "router"),
        ("router", "jump"),
        ("worker1", "worker2"),
        ("worker12", "worker21"),
        ("worker1", "worker11"),
        ("edge-a", "edge-b"),
        ("north", "south"),
        ("10.0.0.1", "10.0.0.2"),
        ("rack.one", "rack.two"),
    ],
)
def test_another_node(named: str, facts: str) -> None:
    assert said(named, facts) == []


def test_a_node_that_has_facts_lacks_none() -> None:
    assert said("router", "router", "ruoter") == []


def test_a_name_that_a_node_bears_is_right() -> None:
    assert said("router", "ruoter", nodes=NODE.replace("NAME", "ruoter")) == []


def test_the_place_that_is_meant_is_shown() -> None:
    (breach,) = check(cluster_of(ENDPOINT.replace("NAME", "router"), facts="version: 1\nnode: ruoter"), FACTS)
    assert [(one.span.line, one.label) for one in breach.related] == [(5, "the nearest name")]


def wanted(folder: Path, services: str, named: str = "router", facts: str = "") -> list[Breach]:
    file = folder / "callint.yaml"
    file.write_text(f"nodes: {services}\n")
    cluster = cluster_of(ENDPOINT.replace("NAME", named), facts=facts, intent=config.load(str(file)).clusters[0].intent)
    return list(check(cluster, {"problem": "services"}))


LISTED = "version: 1\nnode: router\ninterfaces: [{name: lan0}, {name: wan0}]"


def test_services_of_another_node(tmp_path: Path) -> None:
    (found,) = wanted(tmp_path, "{ruoter: {services: {lan0: [dns]}}}")
    assert found.message == (
        'the configuration asks for services of node "ruoter", which neither a Node nor a HostEndpoint names, '
        'did you mean "router"'
    )
    assert (found.span.line, found.span.column) == (1, 9)


def test_services_at_another_interface(tmp_path: Path) -> None:
    (found,) = wanted(tmp_path, "{router: {services: {lan1: [dns], wan0: [dns]}}}", facts=LISTED)
    assert found.message == (
        'the configuration asks for services of node "router" at "lan1", which is none of the interfaces that its '
        'facts list, did you mean "lan0"'
    )
    assert (found.span.line, found.span.column) == (1, 29)


def test_of_many_interfaces_some_are_named(tmp_path: Path) -> None:
    """Or as many services at others would name all of them as often."""
    names = [f"lan{number}" for number in range(30)]
    facts = "version: 1\nnode: router\ninterfaces: [" + ", ".join(f"{{name: {name}}}" for name in names) + "]"
    (found,) = wanted(tmp_path, "{router: {services: {wan0: [dns]}}}", facts=facts)
    assert found.witness is not None
    shown = found.witness.as_dict()
    assert (shown["known"], shown["known_in_all"]) == (tuple(names[:20]), 30)


@pytest.mark.parametrize(
    ("services", "facts"),
    [
        ("{router: {services: {lan0: [dns]}}}", LISTED),
        ("{router: {services: {'*': [dns]}}}", LISTED),
        ("{router: {services: {tunl0: [dns]}}}", LISTED),
        ("{router: {services: {lan1: [dns]}}}", ""),
        ("{router: {services: {lan1: [dns]}}}", "version: 1\nnode: router\n"),
        ("{ruoter: {services: {lan0: [dns]}}}", "version: 1\nnode: ruoter\n"),
        ("{jump: {services: {lan0: [dns]}}}", ""),
    ],
)
def test_services_that_may_be_there(tmp_path: Path, services: str, facts: str) -> None:
    assert wanted(tmp_path, services, facts=facts) == []


ABOUT: dict[str, tuple[str, str, dict[str, object]]] = {
    "HostEndpoint": ("host_endpoint", "unknown-node", {"node": "NAME", "interfaceName": "eth0"}),
    "BGPPeer": ("usage", "node", {"node": "NAME", "peerIP": "192.0.2.1", "asNumber": 64512}),
    "BGPConfiguration": ("usage", "node", {"listenPort": 1790}),
}


@pytest.mark.parametrize("kind", ABOUT)
@pytest.mark.parametrize(
    ("name", "nodes", "meant"),
    [
        ("storage", ["storage.example.org", "other.example.org"], "storage.example.org"),
        ("storage.example.org", ["storage", "other"], "storage"),
        ("storgae", ["storage"], "storage"),
        ("storage", ["storage"], None),
        ("storage", ["other.example.org"], None),
        ("storage", ["storage.a", "storage.b"], None),
        ("storage.a", ["storage.b"], None),
        ("node1", ["node2"], None),
    ],
)
def test_objects_about_a_node_that_is_called_otherwise(
    kind: str, name: str, nodes: list[str], meant: str | None
) -> None:
    check, problem, spec = ABOUT[kind]
    object_name = f"node.{name}" if kind == "BGPConfiguration" else "one"
    about = calico(kind, object_name, {key: name if value == "NAME" else value for key, value in spec.items()})
    known = [{"apiVersion": "v1", "kind": "Node", "metadata": {"name": one}} for one in nodes]
    found = list(find(check)(cluster_of([about, *known]), {"problem": problem}))
    assert [f'"{meant}"' in one.message for one in found] == [True] * (meant is not None)
    described = f"version: 1\nnode: {name}\n"
    assert not list(find(check)(cluster_of([about, *known], facts=described), {"problem": problem}))
