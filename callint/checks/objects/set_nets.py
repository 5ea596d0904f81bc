"""Networks of network sets that are read as more or less than is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach
from callint.finding import witness
from callint.net.address import Prefix
from callint.net.read import cidr
from callint.objects import Cluster, fields

_NETWORKS = {f"{last}/{length}" for length in range(24, 33) for last in range(0, 256, 1 << (32 - length))}
_ADDRESSES = set(map(str, range(1, 256)))
_USUAL = frozenset(_NETWORKS | _ADDRESSES)
"""How nearly all entries of IPv4 end, which are then read as they are written."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Networks with bits behind their length, and addresses that end like networks without one.

    Both are accepted on every road (libcalico-go/lib/net ParseCIDROrIP). In a list of single addresses one that ends
    in 0 may be meant, such as a host of a wider network, unless it ends in two. Takes no parameters.
    """
    for one in cluster.network_sets:
        usual = _USUAL if ":" not in "\n".join(one.nets) else frozenset()
        odd = {text for text in one.nets if text.rpartition(".")[2] not in usual}
        singly = bool(odd) and any(text.rpartition(".")[2] in _ADDRESSES for text in one.nets)
        for index, text in fields.items(one.resource.spec, "nets") if odd else ():
            if not isinstance(text, str) or text not in odd:
                continue
            net = cidr(text)
            said = _otherwise(text, net, singly) if net is not None else None
            if net is not None and said is not None:
                yield Breach.at(
                    one.resource,
                    ("spec", "nets", index),
                    f'"{text}" of {one.resource.kind} "{one.resource.name}" is read as "{net.masked()}": {said}',
                    (),
                    witness("address", address=str(net.masked())),
                    "write the network with its length and nothing behind it, or one address with all of its bits",
                )


def _otherwise(text: str, net: Prefix, singly: bool) -> str | None:
    if net.value != net.first:
        return "what stands behind the prefix length does not count"
    zeros = 0xFFFF if singly else 0xFF
    if "/" not in text and net.family == 4 and net.value & zeros == 0 and net.value:
        return "without a prefix length it is this one address, and it ends like a network"
    return None
