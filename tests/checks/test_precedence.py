"""The few rules of a BGPFilter that keep another from deciding, against leaving out one after the other."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

from hypothesis import example, given, settings
from hypothesis import strategies as st

from callint.bgp.filtering import filtering
from callint.bgp.rules import Rule
from callint.checks import precedence
from callint.net.prefixes import PrefixSet, nothing
from callint.objects import Cluster, Resource, unpack
from callint.source import parse

NETWORKS = ["10.0.0.0/15", "10.0.0.0/16", "10.1.0.0/16", "10.0.0.0/17", "10.0.128.0/17"]
RULES = st.fixed_dictionaries(
    {
        "action": st.sampled_from(["Accept", "Reject"]),
        "matchOperator": st.sampled_from(["In", "In", "Equal"]),
        "cidr": st.sampled_from(NETWORKS),
    },
    optional={"interface": st.just("eth0"), "source": st.just("RemotePeers")},
)
EVERYWHERE = {"action": "Accept", "matchOperator": "In", "cidr": "10.0.0.0/16"}
ON_ETH0 = {**EVERYWHERE, "interface": "eth0"}
PLAIN = RULES.map(lambda rule: {key: rule[key] for key in ("action", "matchOperator", "cidr")})


def cluster_of(rules: list[dict[str, Any]]) -> Cluster:
    plain = {
        "apiVersion": "projectcalico.org/v3",
        "kind": "BGPFilter",
        "metadata": {"name": "f"},
        "spec": {"importV4": rules},
    }
    documents = parse(json.dumps(plain), "m.yaml").documents
    return Cluster([Resource(document, base, plain) for document in documents for base, plain in unpack(document)])


def leaving_out(deciding: list[Rule], rule: Rule) -> list[Rule]:
    kept = [one for one in deciding if one.prefixes.overlaps(rule.prefixes)]
    for one in reversed(list(kept)) if len(kept) <= precedence._MOST_TRIED else ():
        without = [other for other in kept if other is not one]
        if precedence._covered(without, rule, "import"):
            kept = without
    return kept if precedence._covered(kept, rule, "import") else []


@settings(deadline=None)
@example([ON_ETH0, EVERYWHERE, ON_ETH0, EVERYWHERE], 60)
@given(st.lists(RULES, max_size=12) | st.lists(PLAIN, max_size=12), st.sampled_from([1, 2, 60]))
def test_the_rules_that_cover_another_are_those_that_cannot_be_left_out(
    rules: list[dict[str, Any]], tried: int
) -> None:
    """More than are `tried` are all shown."""
    cluster = cluster_of(rules)
    with patch.object(precedence, "_MOST_TRIED", tried):
        found = {id(rule): covering for rule, covering in precedence._find_dead(cluster)}
        deciding: list[Rule] = []
        for rule in filtering(cluster).rules(("f",), "import", 4):
            if precedence._covered(deciding, rule, "import"):
                assert found.get(id(rule), []) == (leaving_out(deciding, rule) if rule.prefixes else [])
            else:
                assert id(rule) not in found
                deciding.append(rule)


@given(st.lists(PLAIN, min_size=1, max_size=12))
def test_rules_for_what_others_take_are_covered_by_them(rules: list[dict[str, Any]]) -> None:
    cluster = cluster_of(rules)
    for rule, covering in precedence._find_dead(cluster):
        taken: PrefixSet = nothing(4)
        for one in covering:
            taken |= one.prefixes
        assert rule.prefixes <= taken
