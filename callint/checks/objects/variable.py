"""Variables of calico-node that are nearly ones that it reads, and that nobody does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from callint.checks.breach import Breach
from callint.finding import witness
from callint.objects import Cluster, fields
from callint.objects.calico_node import containers, environment, felix_variable
from callint.suggest import Words, letters

_FELIX = "FELIX_"
_POOL = ("CIDR", "BLOCK_SIZE", "VXLAN", "NAT_OUTGOING", "NODE_SELECTOR", "DISABLE_BGP_EXPORT")
_STARTUP = (
    "CALICO_ADVERTISE_CLUSTER_IPS",
    "CALICO_DISABLE_FILE_LOGGING",
    "CALICO_IPV4POOL_IPIP",
    "CALICO_MANAGE_CNI",
    "CALICO_NETWORKING_BACKEND",
    "CALICO_ROUTER_ID",
    "CALICO_STARTUP_LOGLEVEL",
    "CLUSTER_TYPE",
    "DATASTORE_TYPE",
    "IP6_AUTODETECTION_METHOD",
    "IP_AUTODETECTION_METHOD",
    "NO_DEFAULT_POOLS",
    "WAIT_FOR_DATASTORE",
    *(f"CALICO_IPV{family}POOL_{name}" for family in (4, 6) for name in _POOL),
)
"""Of those that calico-node reads as it starts the ones that people write (node/pkg/lifecycle/startup)."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Names of which a slip, or the name of the field that says the same, makes others.

    Felix takes the name of its setting behind `FELIX_`, in letters of any size (felix/config/env_var_loader.go).
    """
    told = environment(cluster)
    for resource, path, container in containers(cluster):
        for index, plain in fields.items(container, "env"):
            name = fields.text(plain, "name") if isinstance(plain, dict) else None
            meant = _meant(name) if name else None
            if meant is not None and meant not in told:
                yield Breach.at(
                    resource,
                    (*path, "env", index, "name"),
                    f'nobody reads the variable "{name}" of calico-node: it is "{meant}" that is read',
                    (),
                    witness("reference", reference=name, known=(meant,)),
                )


def _meant(name: str) -> str | None:
    felix = name.upper().startswith(_FELIX)
    words, names = _felix() if felix else _startup()
    written = name.upper().removeprefix(_FELIX).replace("_", "") if felix else name
    near = words.slip(written)
    meant = names[near] if near is not None else None
    if meant is None or meant == (name.upper() if felix else name):
        return None
    return None if near != written and letters(near or "") == letters(written) else meant


@lru_cache(maxsize=1)
def _felix() -> tuple[Words, dict[str, str]]:
    """The settings of Felix by the names of their fields and by its own."""
    from callint.schema.catalogue import read

    names: dict[str, str] = {}
    for field in read("FelixConfiguration")["properties"]["spec"]["properties"]:
        variable = felix_variable(field)
        names[field.upper()] = names[variable.removeprefix(_FELIX)] = variable
    return Words(names), names


@lru_cache(maxsize=1)
def _startup() -> tuple[Words, dict[str, str]]:
    names = {name: name for name in _STARTUP}
    return Words(names), names
