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
