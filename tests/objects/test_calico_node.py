"""The environment of calico-node, as the kubelet puts it together."""

from __future__ import annotations

import json
from time import process_time
from typing import Any

import pytest

from callint.bgp.daemon import has_router_id
from callint.checks import find
from callint.objects import Cluster
from callint.objects.calico_node import environment, more_variables
from callint.objects.first_pools import pools_from_start
from manifests import cluster_of

MAP = {"configMapRef": {"name": "node"}}


def node(*containers: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "calico-node", "namespace": "kube-system"},
        "spec": {"template": {"spec": {"containers": list(containers)}}},
    }


def config_map(data: Any, name: str = "node", namespace: str = "kube-system") -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data}


def env(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def values(cluster: Cluster) -> dict[str, str | None]:
    return {name: one.value for name, one in environment(cluster).items()}


def test_of_a_variable_that_stands_twice_the_later_counts() -> None:
    cluster = cluster_of([node({"env": env(("A", "1"), ("B", "2"), ("A", "3"))})])
    assert values(cluster) == {"A": "3", "B": "2"}
    assert environment(cluster)["A"].path == ("spec", "template", "spec", "containers", 0, "env", 2, "value")


def test_of_two_containers_the_first_that_has_it_counts() -> None:
    assert values(cluster_of([node({"env": env(("A", "1"))}, {"env": env(("A", "2"), ("B", "3"))})])) == {
        "A": "1",
        "B": "3",
    }


def test_what_is_put_together_by_the_kubelet_is_not_known() -> None:
    assert values(cluster_of([node({"env": env(("A", "$(NODE)/24"))})])) == {"A": None}


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ([MAP], {"A": "1", "B": "env", "C": "true"}),
        ([{**MAP, "prefix": "P_"}], {"P_A": "1", "P_B": "2", "P_C": "true", "B": "env"}),
        ([MAP, {"configMapRef": {"name": "more"}}], {"A": "more", "B": "env", "C": "true"}),
        ([{"configMapRef": {"name": "more"}}, MAP], {"A": "1", "B": "env", "C": "true"}),
    ],
)
def test_what_a_config_map_says_counts_less(taken: list[Any], expected: dict[str, str]) -> None:
    maps = [config_map({"A": "1", "B": "2", "C": True}), config_map({"A": "more"}, "more")]
    cluster = cluster_of([node({"env": env(("B", "env")), "envFrom": taken}), *maps])
    assert values(cluster) == expected
    assert not more_variables(cluster)
    from_map = next(one for one in environment(cluster).values() if one.resource.kind == "ConfigMap")
    assert from_map.path[0] == "data"
    assert from_map.span.line > 1


@pytest.mark.parametrize(
    ("source", "more"),
    [
        (MAP, True),
        ({"secretRef": {"name": "node"}}, True),
        ({}, True),
        ({"configMapRef": {"name": ""}}, True),
        ({"configMapRef": {"name": "kubernetes-services-endpoint", "optional": True}}, False),
        (None, False),
    ],
)
def test_what_no_manifest_shows_may_hold_any_variable(source: Any, more: bool) -> None:
    elsewhere = [config_map({"IP6": "autodetect"}, namespace="other"), config_map({"IP6": "autodetect"}, name="")]
    told = env(("IP", "none"), ("CALICO_IPV6POOL_CIDR", "fd00::/48"))
    cluster = cluster_of([node({"env": told, "envFrom": [source]}), *elsewhere])
    assert more_variables(cluster) is more
    assert has_router_id(cluster) is (None if more else False)
    assert len(pools_from_start(cluster)) == (not more)
    assert len(list(find("autodetection")(cluster, {"problem": "family"}))) == (not more)
    given = cluster_of([node({"env": [*told, *env(("CALICO_ROUTER_ID", "hash"))], "envFrom": [source]})])
    assert has_router_id(given) is True


def test_of_two_config_maps_with_one_name_nobody_knows_which_is_there() -> None:
    named = {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "node", "key": "B"}}}
    maps = [config_map({"A": "1", "B": "1"}), config_map({"A": "2", "B": "1"})]
    cluster = cluster_of([node({"env": [named], "envFrom": [MAP]}), *maps])
    assert values(cluster) == {"B": None}
    assert more_variables(cluster)


def test_what_nobody_shows_may_say_otherwise_what_stands_before_it() -> None:
    cluster = cluster_of([node({"envFrom": [MAP, {"secretRef": {"name": "node"}}]}), config_map({"A": "1"})])
    assert values(cluster) == {}
    assert values(cluster_of([node({"envFrom": [{"secretRef": {}}, MAP]}), config_map({"A": "1"})])) == {"A": "1"}


def test_a_config_map_that_could_not_be_read_as_a_whole_may_hold_any_variable() -> None:
    broken = json.dumps(config_map({"A": "1", "B": "2"})).replace('"2"', "*none")
    cluster = cluster_of(f"{json.dumps(node({'envFrom': [MAP]}))}\n---\n{broken}\n", judged=True)
    assert values(cluster) == {}
    assert more_variables(cluster)


def test_a_list_in_place_of_a_text_is_not_known() -> None:
    assert values(cluster_of([node({"env": [None, {"name": "A", "value": []}, {"name": "B", "value": None}]})])) == {
        "A": None,
        "B": "",
    }


def test_without_a_namespace_both_lie_in_one() -> None:
    there = config_map({"A": "1"}, namespace="default")
    about = node({"envFrom": [MAP]})
    del about["metadata"]["namespace"]
    assert values(cluster_of([about, there])) == {"A": "1"}


@pytest.mark.parametrize("prefixes", [[""] * 3000, list(map(str, range(3000)))])
def test_a_map_that_is_taken_ever_again_has_an_end(prefixes: list[str]) -> None:
    taken = [{**MAP, "prefix": prefix} for prefix in prefixes]
    cluster = cluster_of([node({"envFrom": taken}), config_map({f"K{number}": "" for number in range(3000)})])
    begin = process_time()
    assert values(cluster) == {}
    assert more_variables(cluster)
    assert process_time() - begin < 2


@pytest.mark.parametrize(("source", "count"), [(MAP, 0), (None, 1)])
def test_first_pools_that_a_variable_may_forbid(source: Any, count: int) -> None:
    both = env(("CALICO_IPV4POOL_IPIP", "Always"), ("CALICO_IPV4POOL_VXLAN", "Always"))
    cluster = cluster_of([node({"env": both, "envFrom": [source]})])
    assert len(list(find("first_pool")(cluster, {}))) == count
    without = env(("CALICO_IPV4POOL_IPIP", "Always"), ("CALICO_NETWORKING_BACKEND", "vxlan"))
    cluster = cluster_of([node({"env": without, "envFrom": [source]})])
    assert len(list(find("backend")(cluster, {"problem": "disabled"}))) == count


def test_the_place_of_a_field_of_a_first_pool_is_in_its_own_object() -> None:
    told = {"env": env(("CALICO_IPV4POOL_CIDR", "10.244.0.0/16")), "envFrom": [MAP]}
    (pool,) = pools_from_start(cluster_of([node(told), config_map({"CALICO_IPV4POOL_IPIP": "Always"})]))
    assert pool.ipip_mode == "Always"
    assert pool.path("ipipMode") == pool.base


@pytest.mark.parametrize(
    ("key", "namespace", "value"),
    [("mtu", "kube-system", "1440"), ("other", "kube-system", None), ("mtu", "calico-system", None)],
)
def test_one_from_a_config_map_has_its_text_and_place(key: str, namespace: str, value: str | None) -> None:
    named = {"name": "FELIX_IPINIPMTU", "valueFrom": {"configMapKeyRef": {"name": "config", "key": key}}}
    said = cluster_of([node({"env": [named]}), config_map({"mtu": "1440"}, "config", namespace)])
    found = environment(said)["FELIX_IPINIPMTU"]
    assert (found.value, found.path[0]) == (value, "data" if value else "spec")
    felix = {"apiVersion": "projectcalico.org/v3", "kind": "FelixConfiguration", "metadata": {"name": "default"}}
    overruled = cluster_of([one.plain for one in said.all] + [{**felix, "spec": {"ipipMTU": 1480}}])
    assert [one.path for one in find("environment")(overruled, {})] == [("spec", "ipipMTU")] * bool(value)
