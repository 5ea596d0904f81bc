"""Failsafe ports, which Felix lets through before any policy (felix/config/config_params.go, unchanged since v3.22)."""

from __future__ import annotations

from callint.record import NamedTuple


class FailsafePort(NamedTuple):
    """Protocol, destination port, and the net it is confined to: the source inbound, the destination outbound."""

    protocol: str
    port: int
    net: str | None = None


_BOTH = (
    FailsafePort("tcp", 179),
    FailsafePort("tcp", 2379),
    FailsafePort("tcp", 2380),
    FailsafePort("tcp", 5473),
    FailsafePort("tcp", 6443),
    FailsafePort("tcp", 6666),
    FailsafePort("tcp", 6667),
)
INBOUND: tuple[FailsafePort, ...] = (FailsafePort("tcp", 22), FailsafePort("udp", 68), *_BOTH)
OUTBOUND: tuple[FailsafePort, ...] = (FailsafePort("udp", 53), FailsafePort("udp", 67), *_BOTH)
