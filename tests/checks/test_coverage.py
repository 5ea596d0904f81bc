"""Interfaces that forward and have no host endpoint: what they are ports of is looked up, not searched for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from callint.checks.hosts import coverage
from callint.facts import Interface
from calls import calls
from manifests import calico, cluster_of

ENDPOINT = calico("HostEndpoint", "lan", {"node": "router", "interfaceName": "lan0"})


class Counted(tuple[Interface, ...]):
    """Interfaces that know how often somebody goes through them."""

    times = 0

    def __iter__(self) -> Iterator[Interface]:
        Counted.times += 1
        return super().__iter__()


def times(ports: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often the interfaces of a node are gone through that has so many ports of a switch."""
    links = "".join(
        f"- {{name: p{number}, forwarding: true, addresses: ['fe80::1/64'], master: ovs}}\n" for number in range(ports)
    )
    facts = f"version: 1\nnode: router\nroles: [router]\ninterfaces:\n- {{name: ovs, kind: openvswitch}}\n{links}"
    cluster = cluster_of([ENDPOINT], facts=facts)
    about = cluster.facts["router"]
    cluster.facts["router"] = about._replace(interfaces=Counted(about.interfaces or ()))
    monkeypatch.setattr(Counted, "times", 0)
    assert list(coverage.check(cluster, {})) == []
    return Counted.times


def test_interfaces_are_gone_through_as_often_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert times(20, monkeypatch) == times(2, monkeypatch)


def work(interfaces: int) -> int:
    links = "".join(f"- {{name: e{n}, forwarding: true, addresses: [10.0.{n}.1/24]}}\n" for n in range(interfaces))
    facts = f"version: 1\nnode: router\nroles: [router]\ninterfaces:\n- {{name: lan0}}\n{links}"
    cluster = cluster_of([ENDPOINT], facts=facts)
    return calls(lambda: list(coverage.check(cluster, {})))


def test_what_is_covered_is_gone_through_once() -> None:
    assert work(180) - work(100) < 1.3 * (work(100) - work(20))


TRUNKS = """
version: 1
node: router
roles: [router]
forwarding: true
interfaces:
- {name: lan0, addresses: [10.0.0.1/24]}
- {name: enp1s0}
- {name: wan0}
- {name: ppp0, addresses: [203.0.113.7/32]}
- {name: wg0, kind: wireguard}
"""
ROUTES = "routes: [{to: default, interface: ppp0}, {to: 192.0.2.0/24, interface: wan0}]"


@pytest.mark.parametrize(
    ("facts", "open_at", "unknown"),
    [
        (TRUNKS, ["enp1s0", "wan0", "ppp0", "wg0"], []),
        (TRUNKS + ROUTES, ["wan0", "ppp0", "wg0"], ["enp1s0"]),
        (TRUNKS + "routes: []", ["enp1s0", "wan0", "ppp0", "wg0"], []),
    ],
)
def test_no_addresses_in_facts_and_no_route_that_leaves_there(
    facts: str, open_at: list[str], unknown: list[str]
) -> None:
    told = list(coverage.check(cluster_of([ENDPOINT], facts=facts), {}))
    names = [(one.message.split('"')[1], one.undecided) for one in told]
    assert [name for name, undecided in names if not undecided] == open_at
    assert [name for name, undecided in names if undecided] == unknown
