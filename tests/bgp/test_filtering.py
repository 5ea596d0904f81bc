"""Lists of filters share what is compiled, and together take a bounded number of steps, whoever asks first."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.bgp.filtering import Filtering
from callint.bgp.filters import Part, View, evaluate, matchers
from callint.bgp.route import Attributes
from callint.bgp.rules import Rule, compile_filter
from callint.net.address import FAMILIES
from callint.net.prefixes import everything
from callint.objects import Cluster
from callint.source import Limits
from callint.steps import TooManyStepsError
from manifests import cluster_of

V3 = "projectcalico.org/v3"
NAMES = ("a", "b", "c")
CONDITIONS: list[dict[str, Any]] = [
    {},
    {"peerType": "iBGP"},
    {"interface": "eth*"},
    {"communities": {"values": ["65000:1"]}},
    {"asPathPrefix": [65001]},
    {"operations": [{"addCommunity": {"value": "65000:2"}}]},
]
NETWORKS: list[dict[str, Any]] = [
    {},
    {"cidr": "10.0.0.0/8", "matchOperator": "In"},
    {"cidr": "10.0.0.0/24", "matchOperator": "NotIn"},
    {"cidr": "10.0.0.1/24", "matchOperator": "In"},
    {"cidr": "10.0.1.0/24", "matchOperator": "Equal"},
]
ACTIONS = [{"action": "Accept"}, {"action": "Reject"}, {"action": "Perhaps"}]
RULES = st.builds(
    lambda *parts: {key: value for part in parts for key, value in part.items()},
    st.sampled_from(ACTIONS),
    st.sampled_from(NETWORKS),
    st.sampled_from(CONDITIONS),
)
SOME = st.lists(RULES, max_size=3)
FILTERS = st.fixed_dictionaries({name: st.fixed_dictionaries({"exportV4": SOME, "importV4": SOME}) for name in NAMES})
LISTS = st.lists(st.lists(st.sampled_from([*NAMES, "gone"]), max_size=4), min_size=1, max_size=4)
VIEWS = st.builds(View, st.sampled_from(["export", "import"]), st.sampled_from([None, "iBGP", "eBGP"]), st.just(65001))
ATTRIBUTES = st.builds(
    Attributes, st.just("bgp"), st.sampled_from([None, "eth0", "x"]), st.sampled_from([None, (), ((65000, 1),)])
)


def cluster(filters: dict[str, dict[str, Any]], lists: list[list[str]]) -> Cluster:
    made = [
        {"apiVersion": V3, "kind": "BGPFilter", "metadata": {"name": name}, "spec": spec}
        for name, spec in filters.items()
    ]
    for number, names in enumerate(lists):
        spec = {"peerIP": f"192.0.2.{number + 1}", "asNumber": 65010, "filters": names}
        made.append({"apiVersion": V3, "kind": "BGPPeer", "metadata": {"name": f"p{number}"}, "spec": spec})
    return cluster_of(made)


def said(parts: tuple[Part, ...]) -> list[object]:
    return [(str(one.rule), one.rule, one.prefixes, one.when, tuple(one.unless)) for one in parts]


@given(FILTERS, LISTS, st.lists(st.tuples(VIEWS, ATTRIBUTES), min_size=1, max_size=3))
def test_each_list_decides_as_its_rules_do_one_after_another(
    filters: dict[str, dict[str, Any]], lists: list[list[str]], asked: list[tuple[View, Attributes]]
) -> None:
    made = cluster(filters, lists)
    known = Filtering(made)
    for view, attributes in asked:
        for names in lists:
            for family in FAMILIES:
                plain: list[Rule] = []
                for name in names:
                    if name in filters:
                        plain += compile_filter(made.bgp_filters[name], view.direction, family)
                key = (tuple(names), view.direction, family)
                assert known.rules(*key) == tuple(plain)
                assert known.broken(*key) == any(rule.broken for rule in plain)
                expected = evaluate((one for _, one in matchers(plain, attributes, view)), everything(family))
                assert said(known.divided(tuple(names), view, attributes, family).parts) == said(expected)


BASE = [{"action": "Accept", "cidr": f"10.0.{n}.0/24", "matchOperator": "In"} for n in range(50)]
MANY = [["a", "b"], ["b", "a"], ["a", "a"], ["a"], ["b"]]


def examined(order: list[list[str]], comparisons: int) -> dict[tuple[str, ...], int | str]:
    """How many parts each list has, or why it is not divided, when they are asked in some order."""
    made = cluster({"a": {"exportV4": BASE}, "b": {"exportV4": [{"action": "Reject"}]}}, MANY)
    made.limits = Limits(comparisons=comparisons)
    known = Filtering(made)
    return {tuple(names): _asked(known, tuple(names)) for names in order}


def _asked(known: Filtering, names: tuple[str, ...]) -> int | str:
    try:
        return len(known.divided(names, View("export"), Attributes(), 4).parts)
    except TooManyStepsError as error:
        return str(error)


def test_lists_are_examined_in_the_order_of_peers_as_long_as_there_are_steps() -> None:
    refused = "more than 1,500 comparisons of rules in lists of BGPFilters would be needed"
    few = examined(MANY, 1500)
    assert few == {("a", "b"): 51, ("b", "a"): refused, ("a", "a"): refused, ("a",): 51, ("b",): 1}
    assert examined(MANY, 100_000) == {("a", "b"): 51, ("b", "a"): 1, ("a", "a"): 51, ("a",): 51, ("b",): 1}


@pytest.mark.parametrize("comparisons", [500, 1500, 2500, 100_000])
def test_who_asks_first_makes_no_difference(comparisons: int) -> None:
    assert examined(MANY, comparisons) == examined(MANY[::-1], comparisons)
