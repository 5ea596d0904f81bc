"""FelixConfiguration, as far as the network model reads it (api/pkg/apis/projectcalico/v3/felixconfig.go)."""

from __future__ import annotations

from typing import Any

from callint.calico.failsafe import FailsafePort
from callint.objects import fields
from callint.objects.resource import Resource
from callint.record import NamedTuple


class FelixConfiguration(NamedTuple):
    """`default`, `node.<name>`, or from v3.32 one scoped by `node_selector`; `values` are the fields as written."""

    resource: Resource
    name: str
    node_selector: str | None
    values: dict[str, Any]

    def failsafe(self, direction: str) -> tuple[FailsafePort, ...] | None:
        """The failsafe list for `Inbound` or `Outbound`; None when unset, empty when switched off."""
        key = f"failsafe{direction}HostPorts"
        if not isinstance(self.values.get(key), list):
            return None
        return tuple(
            FailsafePort(
                (fields.text(item, "protocol") or "tcp").lower(),
                fields.integer(item, "port") or 0,
                fields.text(item, "net"),
            )
            for _, item in fields.items(self.values, key)
            if isinstance(item, dict)
        )


def felix_configuration(resource: Resource) -> FelixConfiguration:
    """Read a FelixConfiguration."""
    spec = resource.spec
    return FelixConfiguration(resource, resource.name, fields.text(spec, "nodeSelector"), spec)
