"""Untracked policy of host endpoints: what answers to the packets that it lets in, and what it has no part in."""

from __future__ import annotations

from typing import Any

import pytest

from manifests import calico, cluster_of
from shipped_rules import told_by

WAN = "zone == 'wan'"
ALLOW = [{"action": "Allow"}]


def host(profiles: list[str] | None = None) -> dict[str, Any]:
    spec = {"node": "router", "interfaceName": "wan0", "expectedIPs": ["10.0.0.1"], "profiles": profiles or []}
    return calico("HostEndpoint", "wan", spec, labels={"zone": "wan"})


def policy(name: str, **spec: Any) -> dict[str, Any]:
    return calico("GlobalNetworkPolicy", name, {"selector": WAN, **spec})


def untracked(name: str, **spec: Any) -> dict[str, Any]:
    return policy(name, doNotTrack=True, applyOnForward=True, **spec)


def inwards(*protocols: str) -> dict[str, Any]:
    rules = [{"action": "Allow", "protocol": name, "destination": {"ports": [53]}} for name in protocols]
    return untracked("early", types=["Ingress"], ingress=rules)


@pytest.mark.parametrize(
    ("protocols", "tracked", "profiles", "told"),
    [
        (["UDP"], [], [], True),
        (["UDP"], [{"action": "Deny"}], [], True),
        (["UDP"], ALLOW, [], False),
        (["UDP"], [], ["projectcalico-default-allow"], False),
        (["TCP"], ALLOW, ["projectcalico-default-allow"], True),
        (["UDP", "TCP"], ALLOW, [], True),
    ],
)
def test_tracked_policy_may_let_out_what_answers_to_udp(
    protocols: list[str], tracked: list[dict[str, str]], profiles: list[str], told: bool
) -> None:
    """To conntrack the answer is the first packet of a connection; that of TCP is invalid."""
    late = policy("late", types=["Ingress", "Egress"], egress=tracked)
    assert bool(told_by(cluster_of([host(profiles), inwards(*protocols), late]), "POL040")) is told


@pytest.mark.parametrize("protocol", ["UDP", "TCP"])
@pytest.mark.parametrize("early", [True, False])
def test_a_policy_that_may_select_anything_lets_out_what_it_could(protocol: str, *, early: bool) -> None:
    broken = (untracked if early else policy)("broken", selector="zone == ", types=["Egress"], egress=ALLOW)
    told = protocol == "TCP" and not early
    assert bool(told_by(cluster_of([host(), inwards(protocol), broken]), "POL040")) is told


@pytest.mark.parametrize("make", [policy, untracked])
def test_what_is_passed_on_meets_no_untracked_policy(make: Any) -> None:
    passing = policy("passing", types=["Ingress"], ingress=[{"action": "Pass"}])
    later = make("later.allow", tier="later", types=["Ingress"], ingress=ALLOW)
    tier = calico("Tier", "later", {"order": 2_000_000})
    assert bool(told_by(cluster_of([tier, host(), passing, later]), "POL043")) is (make is untracked)
