"""prefixAdvertisements of which no session exports anything, in clusters where nodes have settings of their own."""

from __future__ import annotations

from typing import Any

from callint.checks import find
from calls import calls
from manifests import calico, cluster_of

POOL = calico("IPPool", "pods", {"cidr": "10.244.0.0/16"})
NODES = [calico("Node", name, {"bgp": {"ipv4Address": f"10.0.0.{number}/24"}}) for number, name in enumerate("ab", 1)]


def entry(number: int) -> dict[str, Any]:
    return {"cidr": f"192.168.{number}.0/24", "communities": ["64512:1"]}


def test_settings_of_nodes_are_looked_through_once_for_all_entries() -> None:
    def asked(settings: int) -> int:
        own = [calico("BGPConfiguration", f"node.n{number}", {"listenPort": 178}) for number in range(settings)]
        default = calico("BGPConfiguration", "default", {"prefixAdvertisements": list(map(entry, range(100)))})
        cluster = cluster_of([POOL, *NODES, default, *own])
        found: list[Any] = []
        count = calls(lambda: found.extend(find("advertisement")(cluster, {"problem": "unexported"})))
        assert len(found) == 100
        return count

    asked(10)  # what is imported and remembered the first time
    assert asked(60) - asked(10) < 50 * 100
