"""Flows that must pass, and flows that must not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach
from callint.objects import Cluster

PARAMETERS = None
"""They depend on each other, and are judged when they are read."""


def required(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Packets of a flow that Calico drops.

    Parameters: `from` and `to`, each `any`, `internet`, or a map of `selector` and `namespaceSelector` (endpoints),
    `node` alone or with `interface` (the node itself, or what is behind the interface), and `addresses`; `protocol`,
    and with one that has them `ports` and `sourcePorts`. Left out is any. With `at` or `flows` it asks for every node
    that evidently needs something (`callint.checks.traffic.service`).
    """
    if "at" in parameters or "flows" in parameters:
        from callint.checks.traffic import service

        yield from service.required(cluster, parameters)
        return
    from callint.checks.traffic import own_flow

    yield from own_flow.judge(cluster, parameters, must_pass=True)


def forbidden(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Packets of a flow that Calico does not drop; parameters as for `flow-required`."""
    from callint.checks.traffic import own_flow

    yield from own_flow.judge(cluster, parameters, must_pass=False)
