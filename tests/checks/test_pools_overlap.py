"""Pools that overlap earlier ones, against a look at every pair."""

from __future__ import annotations

from ipaddress import ip_network
from itertools import combinations

from hypothesis import example, given
from hypothesis import strategies as st

from callint.checks.pools.pools import check
from manifests import calico, cluster_of

_NETWORKS = st.builds(
    lambda third, length: f"10.0.{third >> (24 - length) << (24 - length) if length < 24 else third}.0/{length}",
    st.integers(0, 7),
    st.integers(20, 25),
)


@given(st.lists(_NETWORKS, max_size=7))
@example(["10.0.0.0/22", "10.0.0.0/24", "10.0.0.0/21", "10.0.0.0/23"])
def test_a_pool_is_told_once_if_an_earlier_one_has_its_addresses(networks: list[str]) -> None:
    cluster = cluster_of(calico("IPPool", f"p{place}", {"cidr": net}) for place, net in enumerate(networks))
    found = list(check(cluster, {"problem": "overlap"}))
    places = {pool.span("cidr"): place for place, pool in enumerate(cluster.pools)}
    nets = [ip_network(net) for net in networks]
    overlapping = [(one, other) for one, other in combinations(range(len(nets)), 2) if nets[one].overlaps(nets[other])]

    later = [places[breach.span] for breach in found]
    assert len(set(later)) == len(later)
    pairs = {(places[earlier.span], places[breach.span]) for breach in found for earlier in breach.related}
    assert pairs <= set(overlapping)
    assert set(later) == {second for _, second in overlapping}
    # Whatever overlaps is part of a finding, as the later or as the earlier one.
    assert {place for pair in pairs for place in pair} == {place for pair in overlapping for place in pair}


def test_many_equal_pools_are_told_one_by_one() -> None:
    pools = [calico("IPPool", f"p{place}", {"cidr": "10.0.0.0/16"}) for place in range(400)]
    found = list(check(cluster_of(pools), {"problem": "overlap"}))
    assert len(found) == 399
    assert max(len(breach.related) for breach in found) <= 10
