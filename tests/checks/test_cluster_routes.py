"""Who programs the routes between nodes: every pair of settings against what each side does by itself."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from callint.calico import Release, Target
from callint.checks import Breach, find
from callint.objects import Cluster, Intent
from manifests import calico, cluster_of, installation

POOLS: dict[str, dict[str, Any]] = {
    "IPIP": {"cidr": "10.1.0.0/16", "ipipMode": "Always"},
    "plain": {"cidr": "10.2.0.0/16"},
    "VXLAN": {"cidr": "10.3.0.0/16", "vxlanMode": "CrossSubnet"},
}
SETTINGS = (None, "Enabled", "Disabled", "EnabledIPIPOnly", "EnabledNoEncapOnly")


def told(cluster: Cluster, problem: str = "owner") -> list[Breach]:
    return list(find("cluster_routes")(cluster, {"problem": problem}))


def described(
    bird: dict[str, Any] | None,
    felix: dict[str, Any] | None,
    *pools: str,
    release: Release = (3, 32),
    complete: tuple[str, ...] = (),
    more: tuple[Any, ...] = (),
) -> Cluster:
    objects = [calico("IPPool", name.lower(), POOLS[name]) for name in pools]
    objects += [] if bird is None else [calico("BGPConfiguration", "default", bird)]
    objects += [] if felix is None else [calico("FelixConfiguration", "default", felix)]
    return cluster_of([*objects, *more], target=Target(release), intent=Intent(complete=complete))


def field(value: str | None) -> dict[str, Any]:
    return {} if value is None else {"programClusterRoutes": value}


def programs(side: str, value: str | None, pool: str, release: Release) -> bool:
    """One side alone, as the descriptions in its own CRD have it."""
    if pool == "VXLAN":
        return side == "felix"
    if value is None:
        if release == (3, 32):
            return side == "bird"
        return (side == "bird") is (pool == "plain")
    return value == "Enabled" or value == {"IPIP": "EnabledIPIPOnly", "plain": "EnabledNoEncapOnly"}[pool]


@pytest.mark.parametrize("release", [(3, 32), (3, 33)])
@pytest.mark.parametrize("pool", POOLS)
def test_each_pool_has_one_owner(pool: str, release: Release) -> None:
    for bird, felix in product(SETTINGS, SETTINGS):
        found = told(described(field(bird), field(felix), pool, release=release))
        owners = [programs("bird", bird, pool, release), programs("felix", felix, pool, release)].count(True)
        assert [("both" in one.message, "nobody" in one.message) for one in found] == (
            [] if owners == 1 else [(owners == 2, owners == 0)]
        ), (bird, felix)
        assert not any(one.undecided for one in found)


def test_pools_of_two_kinds_can_fail_in_two_ways() -> None:
    cluster = described(field("EnabledIPIPOnly"), field("EnabledIPIPOnly"), "IPIP", "plain", release=(3, 33))
    assert ['"ipip"' in one.message and "both" in one.message for one in told(cluster)] == [True, False]
    assert [dict(one.witness.facts)["programmed_by"] for one in told(cluster) if one.witness] == [("BIRD", "Felix"), ()]


def test_a_side_that_is_not_there_leaves_it_open() -> None:
    alone = told(described(field("Disabled"), None, "plain"))
    assert [one.undecided for one in alone] == [True]
    assert "not among the manifests" in alone[0].message
    assert [one.undecided for one in told(described(None, field("Enabled"), "plain"))] == [True]
    complete = described(field("Disabled"), None, "plain", complete=("FelixConfiguration",))
    assert [one.undecided for one in told(complete)] == [False]
    assert told(described(field("Enabled"), None, "plain")) == []  # as it is without


def test_without_pools_it_is_open() -> None:
    assert [one.undecided for one in told(described(field("Disabled"), field("Disabled")))] == [True]
    assert told(described(field("Disabled"), field("Disabled"), "VXLAN")) == []


def test_before_the_routes_were_shared_nothing_is_said() -> None:
    assert told(described(field("Disabled"), field("Disabled"), "plain", release=(3, 31))) == []


def test_one_node_needs_no_routes_between_nodes() -> None:
    node = calico("Node", "router", {"bgp": {"ipv4Address": "10.0.0.1/24"}})
    fight = field("Enabled"), field("Enabled"), "plain"
    assert told(described(*fight, complete=("Node",), more=(node,))) == []
    second = calico("Node", "worker", {"bgp": {"ipv4Address": "10.0.0.2/24"}})
    assert len(told(described(*fight, complete=("Node",), more=(node, second)))) == 1


def test_where_bird_does_not_run_felix_may_do_all() -> None:
    switch = installation(calicoNetwork={"bgp": "Disabled", "ipPools": [{"cidr": "10.2.0.0/16"}]})
    assert told(described({}, field("Enabled"), "plain", more=(switch,))) == []


def test_what_the_operator_writes_need_not_be_written() -> None:
    operator = installation(calicoNetwork={"clusterRoutingMode": "Felix", "ipPools": [{"cidr": "10.2.0.0/16"}]})
    assert told(described({}, field("Enabled"), "plain", more=(operator,))) == []
    assert len(told(described(field("Enabled"), field("Enabled"), "plain", more=(operator,)))) == 1


def test_settings_of_one_node_count_for_it() -> None:
    mine = calico("FelixConfiguration", "node.worker", field("Enabled"))
    found = told(described({}, {}, "plain", more=(mine,)))
    assert [one.object.name for one in found if one.object] == ["node.worker"]
    unheeded = calico("FelixConfiguration", "worker", field("Enabled"))
    assert told(described({}, {}, "plain", more=(unheeded,))) == []


@pytest.mark.parametrize(
    ("bird", "felix", "found"),
    [
        ({}, {}, 0),
        ({}, {"ipv4NormalRoutePriority": 1024}, 0),
        ({}, {"ipv4NormalRoutePriority": 512}, 1),
        ({"ipv4NormalRoutePriority": 512}, {}, 1),
        ({"ipv4NormalRoutePriority": 512}, {"ipv4NormalRoutePriority": 512}, 0),
        ({}, {"ipv6NormalRoutePriority": 512}, 0),
    ],
)
def test_priorities(bird: dict[str, Any], felix: dict[str, Any], found: int) -> None:
    assert len(told(described(bird, felix, "plain"), "priority")) == found


def test_priorities_of_pools_that_no_manifest_defines() -> None:
    (found,) = told(described({"ipv4NormalRoutePriority": 512}, {}), "priority")
    assert found.undecided
    assert told(described({}, {}), "priority") == []
    assert told(described({"ipv4NormalRoutePriority": 512}, {}, "VXLAN"), "priority") == []
