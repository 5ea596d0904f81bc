"""Entries of network sets: which of them are read as something else."""

from __future__ import annotations

import pytest

from callint.checks import find
from manifests import calico, cluster_of


@pytest.mark.parametrize(
    ("net", "read"),
    [
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("2001:db8::1/64", "2001:db8::/64"),
        ("10.20.0.0", "10.20.0.0/32"),
        ("10.0.0.0/8", None),
        ("10.0.0.7", None),
        ("10.0.0.0/32", None),  # with its length it is meant
        ("0.0.0.0", None),
        ("2001:db8::", None),
        ("partner.example.com", None),  # which others tell
    ],
)
@pytest.mark.parametrize("kind", ["GlobalNetworkSet", "NetworkSet"])
def test_what_a_net_is_read_as(kind: str, net: str, read: str | None) -> None:
    found = list(find("set_nets")(cluster_of([calico(kind, "a", {"nets": ["10.9.0.0/16", net]})]), {}))
    assert [one.path for one in found] == [("spec", "nets", 1)] * (read is not None)
    assert [f'"{net}" of {kind} "a" is read as "{read}": ' in one.message for one in found] == [True] * len(found)


@pytest.mark.parametrize(
    ("nets", "told"),
    [
        (["192.0.2.7", "10.1.2.0", "10.1.0.0"], [2]),
        (["192.0.2.7/32", "10.1.2.0", "10.1.0.0"], [1, 2]),
        (["::ffff:10.1.2.0/24", ["192.0.2.1/25"], "192.0.2.128/25", "192.0.2.64/25", "192.0.2.1/32"], [0, 3]),
    ],
)
def test_a_list_of_single_addresses_may_hold_one_that_ends_in_zero(nets: list[object], told: list[int]) -> None:
    found = find("set_nets")(cluster_of([calico("GlobalNetworkSet", "a", {"nets": nets})]), {})
    assert [one.path[-1] for one in found] == told
