"""What is recognised as right at little cost is right, and judging it at length finds nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.calico import Release, Road, Target
from callint.net.address import parse_cidr, parse_net, surely_all_v4
from callint.net.ports import parse_port, surely_port
from callint.objects import Resource
from callint.source import Limits, parse
from callint.validate import plain, rules, validate
from callint.validate.scope import Scope

LIMITS = Limits(selector_length=40)
SELECTORS = st.sampled_from(
    [
        "",
        "a == 'b'",
        "a == 'b' && has(c)",
        "a == 'b c'",
        "a =",
        "global()",
        "a == 'global('",
        "has(\na)",
        "b in {'x'}" * 5,
        3,
        None,
    ]
)
NETS = st.sampled_from(
    ["10.0.0.0/8", "10.0.0.1/8", "10.0.0.1", "1/1.2.3.4", "10.0.0.0/33", "::/0", "10.0.0.0/8\n10.0.0.0/8", "", 4, None]
)
PORTS = st.sampled_from(
    [80, 0, 65535, 65536, "80", "80:90", "90:80", "0:80", "1:65536", "٣:٤", "1:2:3", ":80", "http", "", True, 4.0, None]
)
SIDES = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "nets": st.lists(NETS, max_size=3) | NETS,
        "ports": st.lists(PORTS, max_size=3) | PORTS,
        "selector": SELECTORS,
        "notSelector": SELECTORS,
    },
)
RULES = st.fixed_dictionaries(
    {},
    optional={
        "action": st.sampled_from(["Allow", "Pass", "allow", "", 1, ["Allow"], None]),
        "protocol": st.sampled_from(["TCP", "UDP", "SCTP", "ICMP", "tcp", 6, ["TCP"], None]),
        "source": SIDES,
        "destination": SIDES,
        "ipVersion": st.just(6),
    },
)
RELEASES = st.sampled_from([(3, 26), (3, 29), (3, 31), (3, 33)])
ROADS = st.sampled_from(["calicoctl", "native", "crd"])


@given(st.lists(RULES | SIDES, max_size=2), st.sampled_from(["ingress", "egress"]), RELEASES, ROADS)
def test_a_plain_rule_is_judged_alike_at_length(items: list[Any], direction: str, release: Release, road: Road) -> None:
    spec = {"types": ["Ingress", "Egress"], direction: items}
    text = {"apiVersion": "projectcalico.org/v3", "kind": "GlobalNetworkPolicy", "metadata": {"name": "x"}}
    (document,) = parse(json.dumps({**text, "spec": spec})).documents
    resource = Resource(document, (), document.value)
    short = validate(resource, Target(release), road, LIMITS)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rules, "plain", lambda scope, rule: False)
        assert validate(resource, Target(release), road, LIMITS) == short


def test_most_rules_are_plain() -> None:
    side = {"nets": ["10.0.0.0/8"], "selector": "a == 'b' && has(c)", "ports": [80, "1:2"]}
    (document,) = parse("{kind: GlobalNetworkPolicy}").documents
    scope = Scope(Resource(document, (), document.value), Target(), "calicoctl", LIMITS)
    assert plain.plain(scope, {"action": "Allow", "protocol": "TCP", "source": side, "destination": side})
    assert not plain.plain(scope, {"action": "Allow", "source": side})


@given(
    st.lists(st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}", fullmatch=True) | NETS, max_size=12),
    st.booleans(),
)
def test_networks_that_are_surely_right_are_read(texts: list[Any], host_bits: bool) -> None:
    read = parse_cidr if host_bits else parse_net
    if surely_all_v4(texts, host_bits=host_bits):
        assert {read(text, bare=False).family for text in texts} <= {4}


@given(st.lists(st.integers(0, 2**32 - 1), min_size=9), st.integers(0, 32))
def test_all_networks_are_surely_right(numbers: list[int], length: int) -> None:
    texts = [f"{'.'.join(str(one >> shift & 255) for shift in (24, 16, 8, 0))}/{length}" for one in numbers]
    assert surely_all_v4(texts, host_bits=True)
    assert not surely_all_v4([*texts, "10.0.0.0/33"], host_bits=True)
    assert not surely_all_v4(["10.0.0.256/8", *texts], host_bits=True)


@given(PORTS | st.integers(-1, 70000) | st.from_regex(r"[0-9]{1,6}:[0-9]{1,6}", fullmatch=True))
def test_ports_that_are_surely_right_are_read(value: Any) -> None:
    if surely_port(value):
        first, last = parse_port(value)
        assert 1 <= int(first) <= int(last) <= 65535
    elif isinstance(value, int) or (isinstance(value, str) and ":" in value and len(value) < 11):
        with pytest.raises(ValueError, match=r"\S"):
            parse_port(value)
