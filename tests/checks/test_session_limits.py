"""What grows with the pairs of nodes has a bound, and every rule that meets it says so and judges nothing by half."""

from __future__ import annotations

import pytest

from callint import config, rule
from callint.engine import Plan
from callint.finding import Finding
from callint.lint import lint
from callint.source import Limits, parse

V3 = "apiVersion: projectcalico.org/v3"
POOL = f"---\n{V3}\nkind: IPPool\nmetadata: {{name: pods}}\nspec: {{cidr: 10.244.0.0/16}}\n"


def node(number: int, own: str, labels: str = "") -> str:
    return (
        f"---\n{V3}\nkind: Node\nmetadata: {{name: n{number}, labels: {{{labels}}}}}\n"
        f"spec: {{bgp: {{ipv4Address: 10.0.{number}.1/24, {own}}}}}\n"
    )


def in_pairs(count: int) -> str:
    """Every two nodes are in an AS of theirs, and one is in none."""
    return POOL + "".join(node(number, f"asNumber: {65001 + number // 2}") for number in range(count)) + node(99, "")


def reflecting(count: int) -> str:
    off = f"---\n{V3}\nkind: BGPConfiguration\nmetadata: {{name: default}}\nspec: {{nodeToNodeMeshEnabled: false}}\n"
    peer = f"---\n{V3}\nkind: BGPPeer\nmetadata: {{name: p}}\nspec: {{nodeSelector: all(), peerSelector: has(rr)}}\n"
    ids = (f"routeReflectorClusterID: 1.0.0.{number // 2}" for number in range(count))
    return POOL + off + peer + "".join(node(number, own, "rr: ''") for number, own in enumerate(ids))


def findings(text: str, most: int | None = None) -> list[Finding]:
    catalogue = rule.load()
    given = config.Config(limits=Limits() if most is None else Limits(comparisons=most))
    report = lint(parse(text, "m.yaml"), given, Plan(catalogue)).report
    return [one for one in report.findings if one.rule.startswith("BGP")]


def test_sessions_of_too_many_pairs_are_a_question_for_each_rule_about_them() -> None:
    found = findings(in_pairs(20), most=1000)
    assert {"BGP023", "BGP024", "BGP025", "BGP026", "BGP027"} <= {one.rule for one in found}
    assert {one.severity for one in found} == {"info"}
    words = "more than 1,000 comparisons of BGP sessions of the node-to-node mesh would be needed"
    assert all(one.message.endswith(words) for one in found)


@pytest.mark.parametrize("most", [1, 30, 300, 3000])
def test_no_rule_judges_by_some_of_the_sessions(most: int) -> None:
    """Without the sessions that were not looked at, nodes would be without a way to each other."""
    found = findings(reflecting(20), most=most)
    assert found
    assert all("would be needed" in one.message for one in found)


def test_with_enough_comparisons_there_is_no_question() -> None:
    assert findings(reflecting(20)) == []
    (mismatch,) = findings(in_pairs(20))
    assert (mismatch.rule, mismatch.severity) == ("BGP023", "error")


def apart(nodes: int, pools: int) -> str:
    """Each pool is for all nodes but one, and a router outside takes some of their routes."""
    peer = (
        f"---\n{V3}\nkind: BGPPeer\nmetadata: {{name: p}}\nspec: {{peerIP: 192.0.2.1, asNumber: 64600, filters: [f]}}\n"
    )
    filter_ = f"---\n{V3}\nkind: BGPFilter\nmetadata: {{name: f}}\nspec: {{exportV4: [{{action: Reject}}]}}\n"
    for_others = (
        f"---\n{V3}\nkind: IPPool\nmetadata: {{name: p{number}}}\n"
        f"spec: {{cidr: 10.244.{number}.0/24, nodeSelector: \"rack != 'r{number}'\"}}\n"
        for number in range(pools)
    )
    racks = (node(number, "", f"rack: r{number}") for number in range(nodes))
    return peer + filter_ + "".join((*for_others, *racks))


def test_pools_are_held_against_nodes_so_often_and_no_more() -> None:
    """Each of ten nodes may have blocks of each of a hundred pools but one."""
    words = "more than 980 comparisons of IPPools with nodes would be needed"
    asked = [one.message for one in findings(apart(10, 100), most=980) if "would be needed" in one.message]
    assert asked
    assert all(message.endswith(words) for message in asked)
    assert not any("IPPools with nodes" in one.message for one in findings(apart(10, 100), most=1000))


def test_ports_of_one_neighbour() -> None:
    """Each session with it is held against the others."""
    peers = (
        f"---\n{V3}\nkind: BGPPeer\nmetadata: {{name: p{port}}}\n"
        f"spec: {{node: n0, peerIP: '10.0.1.1:{port}', asNumber: {64512 + port % 2}}}\n"
        for port in range(1, 41)
    )
    several = POOL + node(0, "") + node(1, "") + "".join(peers)
    found = [one for one in findings(several, most=15_000) if "with the same neighbour" in one.message]
    assert {"BGP023", "BGP024", "BGP025"} <= {one.rule for one in found}
    assert not any("would be needed" in one.message for one in findings(several))


def test_a_long_chain_of_reflectors() -> None:
    """A route keeps the ids of all that passed it on."""
    off = f"---\n{V3}\nkind: BGPConfiguration\nmetadata: {{name: default}}\nspec: {{nodeToNodeMeshEnabled: false}}\n"
    nodes = (node(number, f"routeReflectorClusterID: 1.0.0.{number}", f"place: p{number}") for number in range(60))
    peers = (
        f"---\n{V3}\nkind: BGPPeer\nmetadata: {{name: p{number}}}\n"
        f"spec: {{nodeSelector: place == 'p{number}', peerSelector: place == 'p{number + 1}'}}\n"
        for number in range(59)
    )
    chain = POOL + off + "".join((*nodes, *peers))
    words = "comparisons of ways for routes between nodes would be needed"
    assert any(words in one.message for one in findings(chain, most=30_000))
    assert findings(chain) == []
