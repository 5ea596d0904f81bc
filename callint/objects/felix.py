"""FelixConfiguration, as far as the network model reads it (api/pkg/apis/projectcalico/v3/felixconfig.go)."""

from __future__ import annotations

from typing import Any

from callint.objects import fields
from callint.objects.resource import Resource
from callint.record import NamedTuple


class FelixConfiguration(NamedTuple):
    """`default`, `node.<name>`, or from v3.32 one scoped by `node_selector`; `values` are the fields as written."""

    resource: Resource
    name: str
    node_selector: str | None
    values: dict[str, Any]


def felix_configuration(resource: Resource) -> FelixConfiguration:
    """Read a FelixConfiguration."""
    spec = resource.spec
    return FelixConfiguration(resource, resource.name, fields.text(spec, "nodeSelector"), spec)
