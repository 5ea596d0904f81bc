"""Pools against networks of the configuration and of VPNs: what a plain scan of all pairs finds."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callint.checks.pools import masquerade, pools
from callint.finding import Span
from callint.net.address import parse_cidr
from callint.objects import Intent
from manifests import calico, cluster_of

IPV4 = ["10.0.0.0/8", "10.0.0.0/16", "10.0.1.0/24", "10.0.1.1/16", "10.0.1.1/32", "10.1.0.0/16", "0.0.0.0/0", "none"]
NETWORKS = st.lists(st.sampled_from([*IPV4, "fd00::/8", "fd00::/64", "fd00:1::/32"]), max_size=6)


def overlap(a: str, b: str) -> bool:
    return "none" not in (a, b) and parse_cidr(a).masked().overlaps(parse_cidr(b).masked())


@given(NETWORKS, NETWORKS)
@example(["10.0.0.0/16", "10.0.0.0/16"], ["10.0.1.0/24", "10.0.0.0/8"])
def test_networks_called_masqueraded(cidrs: list[str], said: list[str]) -> None:
    intent = Intent(masqueraded=tuple((text, Span("c", line, 1, line, 2)) for line, text in enumerate(said, 1)))
    cluster = cluster_of((calico("IPPool", f"p{n}", {"cidr": cidr}) for n, cidr in enumerate(cidrs)), intent=intent)
    found = {
        breach.object.name: breach.related[0].span.line
        for breach in masquerade.check(cluster, {"problem": "enabled"})
        if breach.object
    }
    near = {f"p{n}": [line for line, text in enumerate(said, 1) if overlap(cidr, text)] for n, cidr in enumerate(cidrs)}
    assert found == {name: lines[0] for name, lines in near.items() if lines}
    uncovered = [breach.span.line for breach in masquerade.check(cluster, {"problem": "inert"}) if not breach.object]
    assert uncovered == [
        line for line, text in enumerate(said, 1) if text != "none" and not any(overlap(cidr, text) for cidr in cidrs)
    ]


@pytest.mark.parametrize(
    ("kept", "named"),
    [((), "10.0.1.5"), (("10.0.1.5",), "10.0.2.5"), (("10.0.1.5", "10.0.2.0/24"), ""), (("10.0.0.0/8",), "")],
)
def test_addresses_of_nodes_that_a_reservation_keeps_from_pods(kept: tuple[str, ...], named: str) -> None:
    nodes = [calico("Node", f"n{n}", {"bgp": {"ipv4Address": f"10.0.{n}.5/24"}}) for n in (1, 2)]
    reservation = calico("IPReservation", "kept", {"reservedCIDRs": list(kept)})
    cluster = cluster_of([*nodes, reservation, calico("IPPool", "pods", {"cidr": "10.0.0.0/16"})])
    found = list(masquerade.check(cluster, {"problem": "enabled"}))
    assert [breach.witness.as_dict()["address"] for breach in found if breach.witness] == ([named] if named else [])


def test_a_network_called_masqueraded_that_a_reservation_keeps_from_pods() -> None:
    intent = Intent(masqueraded=(("10.0.0.0/16", Span("c", 1, 1, 1, 2)),))
    pool = calico("IPPool", "pods", {"cidr": "10.0.0.0/16"})
    for kept, count in (("10.0.0.0/17", 1), ("10.0.0.0/15", 0)):
        reservation = calico("IPReservation", "kept", {"reservedCIDRs": [kept]})
        cluster = cluster_of([pool, reservation], intent=intent)
        assert len(list(masquerade.check(cluster, {"problem": "enabled"}))) == count


@given(
    st.lists(st.sampled_from(["10.0.0.0/16", "10.0.1.0/24", "192.168.0.0/16", "fd00::/64"]), max_size=3),
    st.lists(st.sampled_from(["10.0.1.5/24", "10.0.2.5/24", "172.16.0.1/24", "fd00::1/64", "fd01::1/64"]), max_size=4),
    st.lists(st.sampled_from(["10.0.1.9", "10.0.2.9", "172.16.0.9", "172.16.0.8", "fd01::9", "x"]), max_size=4),
)
def test_networks_of_a_vpn(cidrs: list[str], addresses: list[str], peers: list[str]) -> None:
    spec = {"disabled": True, "natOutgoing": True}
    objects = [calico("IPPool", f"p{n}", {"cidr": cidr, **spec}) for n, cidr in enumerate(cidrs)]
    objects += [calico("BGPPeer", f"b{n}", {"peerIP": ip, "asNumber": 64512}) for n, ip in enumerate(peers)]
    interfaces = "".join(
        f"- {{name: wg{n}, kind: wireguard, addresses: ['{text}']}}\n" for n, text in enumerate(addresses)
    )
    facts = f"version: 1\nnode: box\ninterfaces:\n{interfaces}" if interfaces else ""
    cluster = cluster_of(objects, facts=facts)
    found = [
        (breach.object.name if breach.object else "", breach.witness and breach.witness.as_dict()["destination"])
        for breach in pools.check(cluster, {"problem": "vpn-masqueraded"})
    ]
    expected = []
    for net in dict.fromkeys(parse_cidr(text).masked() for text in addresses):
        pool = next((f"p{n}" for n, cidr in enumerate(cidrs) if parse_cidr(cidr).family == net.family), None)
        peer = next((ip for ip in peers if ip != "x" and net.contains(parse_cidr(ip))), None)
        if pool and peer and not any(parse_cidr(cidr).contains(net) for cidr in cidrs):
            expected.append((pool, peer))
    assert found == expected
