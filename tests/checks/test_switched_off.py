"""What pools need and Felix is told to leave off."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import find
from callint.checks.breach import Breach
from callint.objects import Intent
from manifests import calico, cluster_of

NAMES = {"ipv6Support": "IPV6SUPPORT", "ipipEnabled": "IPINIPENABLED", "vxlanEnabled": "VXLANENABLED"}
POOLS = {
    "ipv6Support": {"cidr": "fd00:10::/64"},
    "ipipEnabled": {"cidr": "10.244.0.0/16", "ipipMode": "Always"},
    "vxlanEnabled": {"cidr": "10.244.0.0/16", "vxlanMode": "Always"},
}
FIELDS = pytest.mark.parametrize("field", POOLS)


def felix(name: str = "default", **spec: Any) -> dict[str, Any]:
    return calico("FelixConfiguration", name, spec)


def node(field: str, value: str) -> dict[str, Any]:
    env = [{"name": f"FELIX_{NAMES[field]}", "value": value}, {"name": "NO_DEFAULT_POOLS", "value": "true"}]
    spec = {"template": {"spec": {"containers": [{"name": "calico-node", "env": env}]}}}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "calico-node"}, "spec": spec}


def told(*objects: dict[str, Any], intent: Intent | None = None, facts: str = "") -> list[Breach]:
    return list(find("switched_off")(cluster_of(objects, intent=intent, facts=facts, judged=True), {}))


@FIELDS
def test_each_switch_and_the_pool_that_needs_it(field: str) -> None:
    pools = [calico("IPPool", name, spec) for name, spec in POOLS.items() if name != field]
    needing = calico("IPPool", field, POOLS[field])
    (found,) = told(felix(**{field: False}), *pools, needing)
    assert found.path == ("spec", field)
    assert f'"{field}"' in found.message
    assert told(felix(**{field: False}), *pools) == []
    assert told(felix(**{field: True}), needing) == []
    assert told(felix(logSeverityScreen="Info"), needing) == []


@FIELDS
@pytest.mark.parametrize(("value", "count"), [("false", 1), ("No", 1), ("true", 0), ("", 0), ("none", 0)])
def test_the_environment(field: str, value: str, count: int) -> None:
    found = told(node(field, value), calico("IPPool", "pods", POOLS[field]))
    assert [one.path[-1] for one in found] == ["value"] * count


@FIELDS
def test_the_environment_counts_more(field: str) -> None:
    pool = calico("IPPool", "pods", POOLS[field])
    assert told(node(field, "true"), felix(**{field: False}), pool) == []
    assert [one.path[-1] for one in told(node(field, "false"), felix(**{field: True}), pool)] == ["value"]
    assert [one.path[-1] for one in told(node(field, ""), felix(**{field: False}), pool)] == [field]


@FIELDS
def test_some_nodes_alone_may_be_those_of_other_pools(field: str) -> None:
    pool = calico("IPPool", "pods", POOLS[field])
    assert told(felix("node.a", **{field: False}), pool) == []
    assert told(felix(**{field: False}), felix("node.a", **{field: True}), pool) == []


@pytest.mark.parametrize("spec", [{"disabled": True}, {"nodeSelector": "!all()"}, {"assignmentMode": "Manual"}])
@FIELDS
def test_pools_from_which_no_pod_need_get_an_address(field: str, spec: dict[str, Any]) -> None:
    assert told(felix(**{field: False}), calico("IPPool", "pods", {**POOLS[field], **spec})) == []


def test_between_nodes_of_one_network_there_is_no_tunnel() -> None:
    pool = {"cidr": "10.244.0.0/16", "vxlanMode": "CrossSubnet"}
    assert told(felix(vxlanEnabled=False, ipipEnabled=False), calico("IPPool", "pods", pool)) == []


@FIELDS
@pytest.mark.parametrize("nodes", [1, 2])
def test_one_node_needs_no_tunnel(field: str, nodes: int) -> None:
    cluster = [calico("Node", f"n{n}", {}) for n in range(nodes)]
    objects = (*cluster, calico("IPPool", "pods", POOLS[field]), felix(**{field: False}))
    needless = field != "ipv6Support" and nodes == 1
    assert len(told(*objects, intent=Intent(complete=("Node",)))) == (not needless)
    assert len(told(*objects)) == 1


@FIELDS
@pytest.mark.parametrize("complete", [(), ("Node",)])
def test_a_pool_of_nodes_that_nobody_knows_is_needed_by_none(field: str, complete: tuple[str, ...]) -> None:
    def found(zone: str, *nodes: dict[str, Any]) -> int:
        pool = calico("IPPool", "pods", {**POOLS[field], "nodeSelector": f"zone == '{zone}'"})
        return len(told(felix(**{field: False}), pool, *nodes, intent=Intent(complete=complete)))

    nodes = [calico("Node", name, {}, labels={"zone": name}) for name in "ab"]
    assert [found(zone, *nodes) for zone in "abc"] == [1, 1, 0]
    assert found("c") == 1


@FIELDS
def test_nodes_without_known_labels_may_be_of_any_pool(field: str) -> None:
    pool = calico("IPPool", "pods", {**POOLS[field], "nodeSelector": "zone == 'c'"})
    assert len(told(felix(**{field: False}), pool, facts="{version: 1, node: a}")) == 1
    unreadable = calico("Node", "a", {}, labels={"zone": []})
    assert len(told(felix(**{field: False}), pool, unreadable)) == 1
