"""The few rules of a BGPFilter that keep another from deciding, against leaving out one after the other."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

from hypothesis import example, given, settings
from hypothesis import strategies as st

from callint.bgp import deciding as deciding_rules
from callint.bgp.deciding import Dead, closing, dead
from callint.bgp.filtering import filtering
from callint.bgp.filters import View, evaluate, matchers
from callint.bgp.route import Attributes, PeerType
from callint.bgp.rules import Rule
from callint.net.prefixes import everything, union_all
from callint.objects import Cluster, Resource, unpack
from callint.source import parse
from callint.steps import Steps

NETWORKS = ["10.0.0.0/15", "10.0.0.0/16", "10.1.0.0/16", "10.0.0.0/17", "10.0.128.0/17"]
RULES = st.fixed_dictionaries(
    {
        "action": st.sampled_from(["Accept", "Reject"]),
        "matchOperator": st.sampled_from(["In", "In", "Equal"]),
        "cidr": st.sampled_from(NETWORKS),
    },
    optional={
        "interface": st.sampled_from(["eth0", "eth*"]),
        "source": st.just("RemotePeers"),
        "peerType": st.sampled_from(["iBGP", "eBGP"]),
    },
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


def steps() -> Steps:
    return Steps(Cluster([]), "rules")


def covered(earlier: list[Rule], rule: Rule) -> bool:
    """Whether a rule decides nothing behind others, on sessions of either type."""
    types: tuple[PeerType, ...] = ("iBGP", "eBGP")
    for view in (View("import", peer_type) for peer_type in types):
        found = [one for _, one in matchers([*earlier, rule], Attributes(), view)]
        if any(part.rule is rule for part in evaluate(found, everything(4))):
            return False
    return True


def leaving_out(deciding: list[Rule], rule: Rule) -> list[Rule]:
    kept = [one for one in deciding if one.prefixes.overlaps(rule.prefixes)]
    for one in reversed(list(kept)) if len(kept) <= deciding_rules.MOST_TRIED else ():
        without = [other for other in kept if other is not one]
        if covered(without, rule):
            kept = without
    return kept if covered(kept, rule) else []


@settings(deadline=None)
@example([ON_ETH0, EVERYWHERE, ON_ETH0, EVERYWHERE], 60)
@given(st.lists(RULES, max_size=12) | st.lists(PLAIN, max_size=12), st.sampled_from([1, 2, 60]))
def test_the_rules_that_cover_another_are_those_that_cannot_be_left_out(
    rules: list[dict[str, Any]], tried: int
) -> None:
    """More than are `tried` are all counted, and as many of them shown."""
    known = filtering(cluster_of(rules))
    made = known.rules(("f",), "import", 4)
    with patch.object(deciding_rules, "MOST_TRIED", tried):
        found = {id(one.rule): one for one in dead(known, ("f",), "import", 4, steps())}
        deciding: list[Rule] = []
        for rule in made:
            if not covered(deciding, rule):
                assert id(rule) not in found
                deciding.append(rule)
                continue
            others = leaving_out(deciding, rule) if rule.prefixes else []
            one = found.get(id(rule), Dead(rule, 0, (), None))
            assert (one.number, list(map(id, one.first))) == (len(others), list(map(id, others[:tried])))
            assert one.other is next((other for other in others if other.verdict != rule.verdict), None)


@given(st.lists(PLAIN, min_size=1, max_size=12))
def test_rules_for_what_others_take_are_covered_by_them(rules: list[dict[str, Any]]) -> None:
    for one in dead(filtering(cluster_of(rules)), ("f",), "import", 4, steps()):
        assert one.rule.prefixes <= union_all(4, (other.prefixes for other in one.first))


@given(st.lists(RULES, max_size=8))
def test_the_rule_that_closes_a_list_is_the_first_after_which_nothing_is_left(rules: list[dict[str, Any]]) -> None:
    rules = [*rules, {"action": "Reject", **({"interface": "eth0"} if len(rules) % 2 else {})}]
    known = filtering(cluster_of(rules))
    made = known.rules(("f",), "import", 4)
    rest = filtering(cluster_of([{"action": "Reject"}])).rules(("f",), "import", 4)[0]
    closed = (place for place in range(len(made)) if covered(list(made[: place + 1]), rest))
    assert closing(known, ("f",), "import", 4) == next(closed, None)
