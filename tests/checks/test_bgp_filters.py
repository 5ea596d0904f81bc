"""Rules about BGPFilters: proofs that hold, and the lists that look alike and are right."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest

from callint import config, rule
from callint.bgp.filters import View, decide
from callint.bgp.route import Attributes
from callint.bgp.rules import compile_filter
from callint.engine import Plan
from callint.finding import Finding
from callint.lint import Options, lint
from callint.net.address import parse_cidr
from callint.objects import Cluster, Resource, unpack
from callint.source import parse

CATALOGUE = rule.load()
POD_POOL = """\
---
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: pods}
spec: {cidr: 10.244.0.0/16, natOutgoing: true}
"""


def found(text: str, *names: str, release: tuple[int, int] | None = None) -> list[Finding]:
    """What the rules of these names say about a text."""
    sources = parse(dedent(text), "m.yaml")
    options = Options(calico=config.Calico(release=release)) if release else Options()
    result = lint(sources, config.Config(), Plan(CATALOGUE), options)
    assert result.crashes == []
    return [one for one in result.report.findings if one.name in names]


def filtered(
    rules: str, key: str = "importV4", peer: str = "peerIP: 192.0.2.1, asNumber: 65000", more: str = ""
) -> str:
    lines = indent(dedent(rules).strip(), "    ")
    return (
        "apiVersion: projectcalico.org/v3\nkind: BGPFilter\nmetadata: {name: f}\nspec:\n"
        f"  {key}:\n{lines}\n---\n"
        "apiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata: {name: p}\n"
        f"spec: {{{peer}, filters: [f]}}\n{more}"
    )


def fact(finding: Finding, name: str) -> Any:
    assert finding.witness is not None
    return finding.witness.as_dict()[name]


def test_import_falls_through_shows_the_default_route() -> None:
    (finding,) = found(filtered("- {action: Accept, matchOperator: In, cidr: 10.1.0.0/16}"), "import-falls-through")
    assert (finding.severity, finding.span.line, finding.path) == ("error", 5, "/spec/importV4")
    assert (fact(finding, "prefix"), fact(finding, "peer"), fact(finding, "direction")) == ("0.0.0.0/0", "p", "import")
    assert [one.span.line for one in finding.related] == [6, 11]


@pytest.mark.parametrize(
    "rules",
    [
        "- {action: Reject}",
        "- {action: Accept}",
        "- {action: Reject, matchOperator: Equal, cidr: 0.0.0.0/0}",
        # an exception to a rule that rejects has an effect
        "- {action: Accept, matchOperator: In, cidr: 10.1.0.0/16}\n"
        "- {action: Reject, matchOperator: In, cidr: 10.0.0.0/8}",
        # so has one that changes the route
        "- {action: Accept, matchOperator: In, cidr: 10.1.0.0/16, operations: [{addCommunity: {value: '1:2'}}]}",
        "- {action: Accept, matchOperator: In, cidr: 0.0.0.0/1}\n"
        "- {action: Accept, matchOperator: NotIn, cidr: 0.0.0.0/1}",
    ],
)
def test_import_lists_that_mean_what_they_say(rules: str) -> None:
    assert found(filtered(rules), "import-falls-through") == []


def test_a_missing_filter_may_hold_the_last_word() -> None:
    text = filtered("- {action: Accept, matchOperator: In, cidr: 10.1.0.0/16}").replace("[f]", "[f, elsewhere]")
    assert found(text, "import-falls-through") == []
    assert [one.name for one in found(text, "filter-missing")] == ["filter-missing"]


def test_the_witness_is_the_shortest_prefix_that_passes() -> None:
    rules = """
    - {action: Reject, matchOperator: Equal, cidr: 0.0.0.0/0}
    - {action: Accept, matchOperator: In, cidr: 10.1.0.0/16}
    """
    (finding,) = found(filtered(rules), "import-falls-through")
    assert fact(finding, "prefix") == "0.0.0.0/1"


def test_export_falls_through_names_what_leaves() -> None:
    rules = "- {action: Accept, matchOperator: In, cidr: 10.0.0.0/24}"
    (finding,) = found(filtered(rules, "exportV4", more=POD_POOL), "export-falls-through")
    assert finding.severity == "warning"
    assert parse_cidr("10.244.0.0/16").contains(parse_cidr(fact(finding, "prefix")))


def test_export_falls_through_is_open_without_pools_and_silent_without_leftovers() -> None:
    lan = "- {action: Accept, matchOperator: In, cidr: 10.0.0.0/24}"
    (finding,) = found(filtered(lan, "exportV4"), "export-falls-through")
    assert finding.severity == "info"
    assert "IPPools" in finding.message
    pods = "- {action: Accept, matchOperator: In, cidr: 10.244.0.0/16}"
    assert found(filtered(pods, "exportV4", more=POD_POOL), "export-falls-through") == []


def test_the_rules_that_cover_a_dead_one_are_few_and_enough() -> None:
    rules = """
    - {action: Reject, matchOperator: In, cidr: 192.168.0.0/16}
    - {action: Accept, matchOperator: In, cidr: 10.0.0.0/9}
    - {action: Reject, matchOperator: Equal, cidr: 10.0.0.0/8}
    - {action: Accept, matchOperator: In, cidr: 10.64.0.0/10}
    - {action: Accept, matchOperator: In, cidr: 10.128.0.0/9}
    - {action: Reject, matchOperator: In, cidr: 10.0.0.0/8}
    - {action: Reject}
    """
    dead = found(filtered(rules), "rule-unreachable", "rule-redundant")
    assert [(one.name, one.span.line) for one in dead] == [("rule-redundant", 9), ("rule-unreachable", 11)]
    assert [one.span.line for one in dead[0].related] == [7]
    assert [one.span.line for one in dead[1].related] == [7, 8, 10]


def test_two_session_types_together_cover_a_rule() -> None:
    rules = """
    - {action: Accept, matchOperator: In, cidr: 10.0.0.0/8, peerType: iBGP}
    - {action: Reject, matchOperator: In, cidr: 10.0.0.0/8, peerType: eBGP}
    - {action: Accept, matchOperator: In, cidr: 10.1.0.0/16}
    - {action: Reject}
    """
    (finding,) = found(filtered(rules), "rule-unreachable")
    assert finding.span.line == 8
    assert len(finding.related) == 2


@pytest.mark.parametrize(
    "first",
    [
        "communities: {values: ['64512:1']}",
        "interface: wg0",
        "asPathPrefix: [65000]",
        "peerType: iBGP",
        "priority: 100",
        "matchOperator: In, cidr: 10.1.0.0/16, prefixLength: {min: 17}",
    ],
)
def test_a_condition_of_the_earlier_rule_leaves_routes_to_the_later(first: str) -> None:
    last = "- {action: Accept, matchOperator: In, cidr: 10.1.0.0/16}\n- {action: Reject}"
    rules = f"- {{action: Reject, {first}}}\n{last}"
    assert found(filtered(rules), "rule-unreachable", "rule-redundant") == []


def test_on_import_every_route_comes_from_a_peer() -> None:
    rules = "- {action: Reject, source: RemotePeers}\n- {action: Accept, matchOperator: In, cidr: 10.1.0.0/16}"
    assert [one.span.line for one in found(filtered(rules), "rule-unreachable")] == [7]
    assert found(filtered(rules, "exportV4"), "rule-unreachable") == []


def test_a_rule_called_unreachable_decides_no_route() -> None:
    """Against the evaluation of single routes: the first rule that matches, for every prefix of a small network."""
    rules = """
    - {action: Accept, matchOperator: In, cidr: 10.0.0.0/29, prefixLength: {min: 30}}
    - {action: Reject, matchOperator: In, cidr: 10.0.0.0/29, prefixLength: {max: 30}}
    - {action: Reject, matchOperator: In, cidr: 10.0.0.0/30}
    - {action: Accept, matchOperator: NotIn, cidr: 10.0.0.4/30, prefixLength: {max: 31}}
    """
    text = filtered(rules)
    resources = [Resource(one, path, plain) for one in parse(text, "m.yaml").documents for path, plain in unpack(one)]
    compiled = compile_filter(Cluster(resources).bgp_filters["f"], "import", 4)
    universe = [
        parse_cidr(f"10.0.0.{start}/{length}") for length in range(28, 33) for start in range(0, 16, 1 << 32 - length)
    ]
    deciding = set()
    for prefix in [*universe, parse_cidr("0.0.0.0/0")]:
        for index, one in enumerate(compiled):
            met = all(decide(condition, Attributes(), View("import")) for condition in one.conditions)
            if prefix in one.prefixes and met:
                deciding.add(index)
                break
    dead = {one.span.line - 6 for one in found(text, "rule-unreachable", "rule-redundant")}
    assert dead == set(range(len(compiled))) - deciding == {2}


def test_networks_of_rules_that_leave_each_other_nothing() -> None:
    text = filtered(
        "- {action: Reject, matchOperator: NotIn, cidr: 10.1.0.0/16}\n"
        "- {action: Reject, matchOperator: NotIn, cidr: 10.1.2.0/24}"
    )
    assert found(text, "rejects-cancel-out") == []
    assert len(found(text.replace("10.1.2.0/24", "10.2.0.0/16"), "rejects-cancel-out")) == 1


def test_own_prefixes_only_from_outside_and_only_by_name() -> None:
    accept = "- {action: Accept, matchOperator: In, cidr: 10.0.0.0/8}\n- {action: Reject}"
    assert len(found(filtered(accept, more=POD_POOL), "own-prefixes-imported")) == 1
    off = POD_POOL.replace("natOutgoing: true", "disabled: true")
    assert found(filtered(accept, more=off), "own-prefixes-imported") == []
    among = filtered(accept, peer="nodeSelector: all(), peerSelector: has(reflector)", more=POD_POOL)
    assert found(among, "own-prefixes-imported") == []


MESH_OFF = """\
---
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: default}
spec: {asNumber: 64512, nodeToNodeMeshEnabled: false}
"""
RACKS = """\
---
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: a, labels: {rack: a}}
spec: {bgp: {asNumber: 65101, ipv4Address: 10.0.1.1/24}}
---
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: b, labels: {rack: b}}
spec: {bgp: {asNumber: 65102, ipv4Address: 10.0.2.1/24}}
"""
BETWEEN = """\
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: between}
spec: {nodeSelector: all(), peerSelector: all()}
"""


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (POD_POOL + MESH_OFF, False),
        (POD_POOL + MESH_OFF + RACKS, False),
        (POD_POOL + MESH_OFF + RACKS.rpartition("---")[0], False),
        (POD_POOL + MESH_OFF + BETWEEN + RACKS.rpartition("---")[0], True),
        (POD_POOL + RACKS, True),
        (POD_POOL + MESH_OFF + BETWEEN, True),
        (POD_POOL + MESH_OFF + RACKS + BETWEEN, True),
        (POD_POOL.replace("natOutgoing: true", "vxlanMode: Always") + MESH_OFF + RACKS, False),
    ],
)
def test_own_prefixes_come_from_routers_that_are_the_only_way_between_nodes(more: str, told: bool) -> None:
    accept = "- {action: Accept, matchOperator: In, cidr: 10.0.0.0/8}\n- {action: Reject}"
    peer = "nodeSelector: all(), peerIP: 192.0.2.1, asNumber: 65000"
    assert bool(found(filtered(accept, peer=peer, more=more), "own-prefixes-imported")) is told


@pytest.mark.parametrize(
    ("mode", "release", "told"),
    [
        ("vxlanMode: Always", (3, 30), False),
        ("vxlanMode: CrossSubnet", (3, 32), False),
        ("ipipMode: Always", (3, 32), True),
        ("ipipMode: Always", (3, 33), False),
        ("natOutgoing: true", (3, 33), True),
    ],
)
def test_own_prefixes_take_over_traffic_only_where_bird_installs_them(
    mode: str, release: tuple[int, int], told: bool
) -> None:
    """K4: routes inside VXLAN pools, and by default of v3.33 inside IPIP pools, stay out of the kernel."""
    accept = "- {action: Accept, matchOperator: In, cidr: 10.0.0.0/8}\n- {action: Reject}"
    text = filtered(accept, more=POD_POOL.replace("natOutgoing: true", mode))
    assert bool(found(text, "own-prefixes-imported", release=release)) is told


def test_unused_filters_without_any_peer_or_beside_a_dangling_name_are_not_told() -> None:
    alone = "apiVersion: projectcalico.org/v3\nkind: BGPFilter\nmetadata: {name: f}\nspec: {}\n"
    assert found(alone, "filter-unused") == []
    peer = (
        "---\napiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata: {name: p}\n"
        "spec: {peerIP: 192.0.2.1, asNumber: 1%s}\n"
    )
    (finding,) = found(alone + peer % "", "filter-unused")
    assert finding.severity == "warning"
    assert found(alone + peer % ", filters: [g]", "filter-unused") == []


FACTS = """\
version: 1
node: {name}
interfaces: [{{name: eth0, addresses: [192.0.2.{number}/24]}}]
routes: [{{to: default, via: 192.0.2.254, interface: eth0, protocol: static{more}}}]
"""


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        ("", "", "import-unfiltered"),
        ("", ", metric: 100", "default-route-replaced"),
        (", metric: 0", ", metric: 0", "import-unfiltered"),
        (", protocol: bird", "", "default-route-replaced"),
        (", table: '7'", "", "default-route-replaced"),
    ],
)
def test_a_default_route_of_the_best_metric_is_kept(tmp_path: Path, first: str, second: str, name: str) -> None:
    """BIRD asks for another one with the same metric, which the kernel refuses."""
    text = filtered("- {action: Reject}", "exportV4", more=RACKS)
    nodes = [("a", 2, first), ("b", 3, second)]
    facts = "---\n".join(FACTS.format(name=one, number=number, more=more) for one, number, more in nodes)
    facts = facts.replace("protocol: static, protocol: bird", "protocol: bird")
    (tmp_path / "facts.yaml").write_text(facts)
    options = Options(calico=config.Calico(release=(3, 30)), facts=(str(tmp_path / "facts.yaml"),))
    result = lint(parse(dedent(text), "m.yaml"), config.Config(), Plan(CATALOGUE), options)
    names = ("import-unfiltered", "default-route-replaced")
    assert [one.name for one in result.report.findings if one.name in names] == [name]
