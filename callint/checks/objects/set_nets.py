"""Networks of network sets that are read as more or less than is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach
from callint.finding import witness
from callint.net.address import Prefix
from callint.net.read import cidr
from callint.objects import Cluster, fields


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Networks with bits behind their length, and addresses that end like networks without one.

    Both are accepted on every road (libcalico-go/lib/net ParseCIDROrIP). Takes no parameters.
    """
    for one in cluster.network_sets:
        for index, text in fields.items(one.resource.spec, "nets"):
            net = cidr(text) if isinstance(text, str) else None
            said = _otherwise(text, net) if net is not None else None
            if net is not None and said is not None:
                yield Breach.at(
                    one.resource,
                    ("spec", "nets", index),
                    f'"{text}" of {one.resource.kind} "{one.resource.name}" is read as "{net.masked()}": {said}',
                    (),
                    witness("address", address=str(net.masked())),
                    "write the network with its length and nothing behind it, or one address with all of its bits",
                )


def _otherwise(text: str, net: Prefix) -> str | None:
    if net.value != net.first:
        return "what stands behind the prefix length does not count"
    if "/" not in text and net.family == 4 and net.value & 0xFF == 0 and net.value:
        return "without a prefix length it is this one address, and it ends like a network"
    return None
