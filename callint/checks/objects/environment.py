"""Settings of a FelixConfiguration, or of a BGPConfiguration, that the environment of calico-node overrules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import Any

from callint.calico.defaults import FELIX_FALSE, FELIX_TRUE
from callint.checks.breach import Breach
from callint.finding import Related, witness
from callint.net.read import address, decimal, network
from callint.objects import Cluster, Resource
from callint.objects.calico_node import Variable, daemon_sets, environment, felix_environment, felix_variable
from callint.objects.felix import FelixConfiguration
from callint.policy.doubt import UndecidedError
from callint.policy.settings import Settings

# Words of enumerations and names of interfaces; durations begin with a digit, and patterns with something else
_WORD = "[a-z][a-z0-9.+_-]*"
_FAILSAFE = {f"failsafe{direction}HostPorts": direction for direction in ("Inbound", "Outbound")}
_ADVERTISED = "CALICO_ADVERTISE_CLUSTER_IPS"


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """What says something else than a variable that counts more: numbers, words, switches, failsafe ports.

    Source: felix/config/config_params.go, where an environment variable has priority over the datastore; one that is
    empty counts for nothing, and what other types are written as differs. And the networks of services, which a
    variable of confd (client.go) names in place of BGPConfiguration `default`. Takes no parameters.
    """
    told, counting = felix_environment(cluster), cache(partial(_ports, Settings(cluster, "")))
    for felix in cluster.felix if told else ():
        for field, value in felix.values.items():
            name = felix_variable(field)
            variable = told.get(name)
            if variable is None or felix.resource.unreadable("spec", field):
                continue
            direction = _FAILSAFE.get(field)
            differs = (
                _other_ports(counting(direction), felix, direction) if direction else _contradicts(variable, value)
            )
            if differs:
                yield _breach(felix.resource, field, name, variable)
    advertised = environment(cluster).get(_ADVERTISED) if len(daemon_sets(cluster)) == 1 else None
    default = next((one for one in cluster.bgp_configurations if one.resource.name == "default"), None)
    if advertised is not None and advertised.value and default is not None and default.service_cluster_ips:
        written = {network(text.strip()) for text in advertised.value.split(",")}
        if None not in written and written != set(map(network, default.service_cluster_ips)):
            yield _breach(default.resource, "serviceClusterIPs", _ADVERTISED, advertised)


def _breach(resource: Resource, field: str, name: str, variable: Variable) -> Breach:
    return Breach.at(
        resource,
        ("spec", field),
        f'"{field}" of {resource.kind} "{resource.name}" has no effect: calico-node has '
        f'{name} "{variable.value}" in its environment, and that counts more',
        (Related(variable.span, "the variable"),),
        witness("reference", reference=name, value=variable.value),
        f"drop {name} from the DaemonSet, or write there what is meant",
    )


def _contradicts(variable: Variable, value: Any) -> bool:
    """Whether both are of one simple type, and differ; the case of words is all one (felix/config/param_types.go)."""
    text = (variable.value or "").lower()
    if isinstance(value, bool):
        return text in (FELIX_FALSE if value else FELIX_TRUE)
    if isinstance(value, int):
        return decimal(text) not in (None, value)
    if not isinstance(value, str) or text in ("", "none", value.lower()):
        return False
    mine, theirs = address(value), address(variable.value)
    return mine != theirs if mine and theirs else all(re.fullmatch(_WORD, one) for one in (value.lower(), text))


def _ports(settings: Settings, direction: str) -> set[object] | None:
    """The failsafe ports that count; None where they are not known."""
    try:
        return {(*one.port[:2], one.net) for one in settings.failsafe(direction)}
    except UndecidedError:
        return None


def _other_ports(counting: set[object] | None, felix: FelixConfiguration, direction: str) -> bool:
    """Whether other failsafe ports are listed."""
    listed = felix.failsafe(direction)
    return None not in (counting, listed) and counting != {(*one[:2], network(one.net)) for one in listed or ()}
