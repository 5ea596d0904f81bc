"""FelixConfigurations for some nodes (v3.32), of which the oldest that selects a node counts."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.objects import Cluster
from callint.policy.settings import Settings
from callint.source import Limits
from callint.steps import TooManyStepsError
from calls import calls
from manifests import calico, cluster_of


def scoped(name: str, selector: str, port: int, **metadata: Any) -> dict[str, Any]:
    return calico("FelixConfiguration", name, {"nodeSelector": selector, "wireguardListeningPort": port}, **metadata)


def of(*objects: dict[str, Any]) -> Cluster:
    nodes = [calico("Node", name, {}, labels={"rack": name, "zone": "z"}) for name in ("a", "b", "c")]
    return cluster_of([*nodes, *objects], Target(release=(3, 32)), judged=True)


@pytest.mark.parametrize(("node", "port"), [("a", 1), ("b", 2), ("c", 9)])
def test_the_oldest_that_selects_a_node_counts(node: str, port: int) -> None:
    cluster = of(
        scoped("younger", "zone == 'z' && rack != 'c'", 2, creationTimestamp="2026-02-01T00:00:00Z"),
        scoped("older", "rack == 'a'", 1, creationTimestamp="2026-01-01T00:00:00Z"),
        scoped("invalid", "rack ==", 3, creationTimestamp="2025-01-01T00:00:00Z"),
        calico("FelixConfiguration", "default", {"wireguardListeningPort": 8}),
        calico("FelixConfiguration", "node.c", {"wireguardListeningPort": 9}),
    )
    assert Settings(cluster, node).number("wireguardListeningPort", 0) == port


def test_too_many_for_too_many_nodes_are_a_question_whichever_node_is_asked_about() -> None:
    cluster = of(*(scoped(f"x{number}", f"zone contains 'x{number}'", 1) for number in range(40)))
    assert Settings(cluster, "a").number("wireguardListeningPort", 7) == 7
    cluster = of(*(scoped(f"x{number}", f"zone contains 'x{number}'", 1) for number in range(40)))
    cluster.limits = Limits(comparisons=100)
    for node in ("a", "elsewhere"):
        with pytest.raises(TooManyStepsError, match="100 comparisons of selectors of FelixConfigurations with nodes"):
            Settings(cluster, node)


def test_what_objects_say_is_read_once_for_all_nodes() -> None:
    def work(number: int) -> int:
        said = {f"x{one}": 1 for one in range(number)}
        fat = [calico("FelixConfiguration", "default", said) for _ in range(number)]
        cluster = of(*fat, calico("FelixConfiguration", "x", {**said, "nodeSelector": "has(zone)"}))
        Settings(cluster, "a")
        return calls(lambda: Settings(cluster, "b").number("vxlanPort", 0))

    assert work(10) == work(100)
