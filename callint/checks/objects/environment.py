"""Settings of a FelixConfiguration, or of a BGPConfiguration, that the environment of calico-node overrules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from callint.calico.defaults import FELIX_FALSE, FELIX_TRUE
from callint.checks.breach import Breach
from callint.finding import Related, witness
from callint.net.address import BITS, FAMILIES, Family
from callint.net.intervals import Interval, Intervals, merge
from callint.net.read import address, decimal, network
from callint.objects import Cluster, Resource
from callint.objects.calico_node import (
    CLUSTER_IPS,
    Variable,
    daemon_sets,
    environment,
    felix_environment,
    felix_variable,
)
from callint.objects.felix import FelixConfiguration
from callint.policy.failsafes import Failsafe, of_configuration, of_environment
from callint.record import NamedTuple

# Words of enumerations and names of interfaces; durations begin with a digit, and patterns with something else
_WORD = "[a-z][a-z0-9.+_-]*"
_FAILSAFE = ("failsafeInboundHostPorts", "failsafeOutboundHostPorts")


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """What says something else than a variable that counts more: numbers, words, switches, failsafe ports.

    Source: felix/config/config_params.go, where an environment variable has priority over the datastore; one that is
    empty counts for nothing, and what other types are written as differs. And the networks of services, which a
    variable of confd (client.go) names in place of BGPConfiguration `default`. Takes no parameters.
    """
    told, counting = felix_environment(cluster), cache(lambda variable: _let_by(of_environment(variable)))
    for felix in cluster.felix if told else ():
        for field, value in felix.values.items():
            name = felix_variable(field)
            variable = told.get(name)
            if variable is None or felix.resource.unreadable("spec", field):
                continue
            if _other_ports(counting(variable), felix, field) if field in _FAILSAFE else _contradicts(variable, value):
                yield _breach(felix.resource, field, name, variable)
    advertised = environment(cluster).get(CLUSTER_IPS) if len(daemon_sets(cluster)) == 1 else None
    default = next((one for one in cluster.bgp_configurations if one.resource.name == "default"), None)
    if advertised is not None and advertised.value and default is not None and default.service_cluster_ips:
        written = {network(text.strip()) for text in advertised.value.split(",")}
        listed = set(map(network, default.service_cluster_ips))
        if None not in written | listed and written != listed:
            yield _breach(default.resource, "serviceClusterIPs", CLUSTER_IPS, advertised)


def _breach(resource: Resource, field: str, name: str, variable: Variable) -> Breach:
    return Breach.at(
        resource,
        ("spec", field),
        f'"{field}" of {resource.kind} "{resource.name}" has no effect: calico-node has '
        f'{name} "{variable.value}" in its environment, and that counts more',
        (Related(variable.span, "the variable"),),
        witness("reference", reference=name, value=variable.value),
        f"drop {name} from the {variable.resource.kind}, or write there what is meant",
    )


def _contradicts(variable: Variable, value: Any) -> bool:
    """Whether both are of one simple type, and differ; the case of words is all one (felix/config/param_types.go).

    Of numbers that begin with 0 the base is not sure.
    """
    text = (variable.value or "").lower()
    if isinstance(value, bool):
        return text in (FELIX_FALSE if value else FELIX_TRUE)
    if isinstance(value, int):
        return decimal(text) not in (None, value) and (text == "0" or text[0] != "0")
    if not isinstance(value, str) or text in ("", "none", value.lower()):
        return False
    mine, theirs = address(value), address(variable.value)
    return mine != theirs if mine and theirs else all(re.fullmatch(_WORD, one) for one in (value.lower(), text))


class _LetBy(NamedTuple):
    """What failsafe ports let by: for each protocol and port the far ends, by family."""

    four: dict[tuple[str, int], Intervals]
    six: dict[tuple[str, int], Intervals]
    names_six: bool


def _let_by(ports: tuple[Failsafe, ...] | str) -> _LetBy | None:
    """An entry without a net is one of both families; None where the ports are not known."""
    if isinstance(ports, str):
        return None
    four, six = (_far_ends(ports, family) for family in FAMILIES)
    return _LetBy(four, six, any(one.net is not None and one.net.family == 6 for one in ports))


def _far_ends(ports: tuple[Failsafe, ...], family: Family) -> dict[tuple[str, int], Intervals]:
    found: dict[tuple[str, int], list[Interval]] = {}
    for port, net, *_ in ports:
        if net is None or net.family == family:
            ends = (0, (1 << BITS[family]) - 1) if net is None else (net.first, net.last)
            found.setdefault((port.protocol, port.port), []).append(ends)
    return {port: merge(ends) for port, ends in found.items()}


def _other_ports(counting: _LetBy | None, felix: FelixConfiguration, field: str) -> bool:
    """Whether other failsafe ports are listed; IPv6 counts for who names a net of it."""
    listed = _let_by(of_configuration(felix.resource, field)) if isinstance(felix.values[field], list) else None
    if counting is None or listed is None:
        return False
    return counting.four != listed.four or ((counting.names_six or listed.names_six) and counting.six != listed.six)
