"""HostEndpoint, WorkloadEndpoint and network sets (validateHostEndpointSpec, validateEndpointPort)."""

from __future__ import annotations

from typing import Any

from callint.finding import Path
from callint.net import read
from callint.net.address import BITS, surely_all_v4
from callint.net.interface import LONGEST_NAME
from callint.objects.fields import as_text, integer, items
from callint.validate import values
from callint.validate.ports import POISON, carries_ports, protocol
from callint.validate.scope import CEL, Effect, Flaw, Scope, judge
from callint.validate.shape import UNREADABLE, Check, each, fields, lacks, place_of, text

ENDPOINT_IGNORED = Effect("silently-ignored", "Felix then treats the whole host endpoint as missing")
ENTRY_DROPPED = Effect("silently-ignored", "Felix drops the entry", modelled=True)
_NOBODY = Effect("silently-ignored", "it applies to nothing")
_NO_NODE = Effect("silently-ignored", "no node of Kubernetes has such a name")
_DSCP = "qos.projectcalico.org/dscp"
_interface = values.interface()


def _interface_name(scope: Scope, path: Path, value: Any) -> None:
    said = as_text(value)
    if not said or said == "*":
        return
    if len(said) > LONGEST_NAME and scope.release >= CEL:
        scope.gaps[path] = None  # the schema tells of it
    else:
        judge(scope, path, _interface(said), stored=ENDPOINT_IGNORED)


def _port(scope: Scope, path: Path, port: dict[str, Any]) -> None:
    """One port of an endpoint; Felix wants the protocol's word, whatever the validator before it takes."""
    written = port.get("protocol")
    place = (*path, "protocol")
    number = protocol(scope, place, written, ENDPOINT_IGNORED)
    if number is not None:
        if not carries_ports(number):
            message = f'"{written}" has no ports; TCP, UDP or SCTP was expected'
            scope.refuse("bad-protocol", place, message, stored=ENDPOINT_IGNORED, gap=True)
        elif str(written).isdigit():
            word = {6: "TCP", 17: "UDP", 132: "SCTP"}[number]
            message = f'the protocol of a host endpoint\'s port is {written}, "{word}" was expected'
            scope.say("silently-ignored", place, f"{message}; {ENDPOINT_IGNORED.text}")
    port_number = integer(port, "port")
    if port_number is not None and scope.road == "crd" and scope.release < CEL and not 1 <= port_number <= 65535:
        flaw = Flaw("bad-port", f"{port_number} is no port; 1 to 65535 was expected")
        judge(scope, (*path, "port"), flaw, stored=ENDPOINT_IGNORED if port_number == 0 else POISON)


def _host(scope: Scope, path: Path, spec: dict[str, Any]) -> None:
    if lacks(spec, "node"):
        message = 'a host endpoint needs the "node" that it is on'
        place = place_of(path, spec, "node")
        scope.refuse("missing-field", place, message, since=CEL, stored=_NOBODY, key=True)
    if lacks(spec, "interfaceName") and lacks(spec, "expectedIPs"):
        message = 'a host endpoint needs "interfaceName" or "expectedIPs"'
        scope.refuse("missing-companion", path, message, since=CEL, stored=_NOBODY, key=True)


def _annotation(scope: Scope, path: Path, plain: dict[str, Any]) -> None:
    mark = scope.resource.annotations.get(_DSCP)
    flaw = values.dscp(mark) if mark is not None else None
    if flaw is not None:
        scope.say("silently-ignored", ("metadata", "annotations", _DSCP), f"{flaw.message}; it is ignored")


def _only_host(scope: Scope, path: Path, value: Any) -> None:
    """An address of a workload: a network of one address."""
    said = as_text(value)
    if said is None:
        return
    judge(scope, path, values.cidr(said))
    prefix = read.cidr(said)
    if prefix is not None and prefix.length != BITS[prefix.family]:
        scope.refuse("bad-address", path, f'"{said}" is a network; a single address was expected', gap=True)


def _workload(scope: Scope, path: Path, spec: dict[str, Any]) -> None:
    if lacks(spec, "interfaceName"):
        place = place_of(path, spec, "interfaceName")
        scope.refuse("missing-field", place, 'a workload endpoint needs its "interfaceName"', key=True)
    listed = [item for _, item in items(spec, "ipNetworks")]
    known = [prefix for item in listed if item.__class__ is str and (prefix := read.cidr(item))]
    for index, nat in items(spec, "ipNATs"):
        inner = read.address(as_text(nat.get("internalIP")) or "") if nat.__class__ is dict else None
        if inner is None:
            continue
        place = (*path, "ipNATs", index)
        if UNREADABLE not in listed and not any(prefix.contains(inner) for prefix in known):
            message = f'"{inner}" is none of the addresses in "ipNetworks"'
            scope.refuse("missing-companion", (*place, "internalIP"), message)
        outer = read.address(as_text(nat.get("externalIP")) or "")
        if outer is not None and outer.family != inner.family:
            message = f'"{outer}" is IPv{outer.family}, and "internalIP" is IPv{inner.family}'
            scope.refuse("wrong-family", (*place, "externalIP"), message)


def _workload_port(scope: Scope, path: Path, port: dict[str, Any]) -> None:
    number = protocol(scope, (*path, "protocol"), port.get("protocol"), ENDPOINT_IGNORED)
    if number is not None and not carries_ports(number):
        message = f'"{port["protocol"]}" has no ports; TCP, UDP or SCTP was expected'
        scope.refuse("bad-protocol", (*path, "protocol"), message)
    if lacks(port, "name") and not port.get("hostPort"):
        scope.refuse("missing-field", path, 'a port without "hostPort" needs a "name"')
    value = integer(port, "port")
    if value is not None and not 1 <= value <= 65535:
        scope.refuse("bad-port", (*path, "port"), f"{value} is no port; 1 to 65535 was expected")


def _container(value: str) -> Flaw | None:
    if value.replace("-", "a").isalnum() and value.isascii() and value.strip("-") == value:
        return None
    return Flaw("malformed-text", f'"{value}" is no container; letters, digits and inner "-" were expected')


_entries = each(text(values.cidr, stored=ENTRY_DROPPED, empty=False))


def _nets(scope: Scope, path: Path, nets: Any) -> None:
    if nets.__class__ is not list or not surely_all_v4(nets, host_bits=True):
        _entries(scope, path, nets)


_SET = fields(spec=fields(nets=_nets))

KINDS: dict[str, Check] = {
    "HostEndpoint": fields(
        _annotation,
        spec=fields(
            _host,
            node=text(values.subdomain, stored=_NO_NODE),
            interfaceName=_interface_name,
            expectedIPs=each(text(values.ip, stored=ENTRY_DROPPED, empty=False)),
            profiles=each(text(values.subdomain, empty=False)),
            ports=each(fields(_port, name=text(values.port_name, empty=False))),
        ),
    ),
    "WorkloadEndpoint": fields(
        spec=fields(
            _workload,
            interfaceName=text(_interface),
            ipNetworks=each(_only_host),
            ipNATs=each(fields(internalIP=text(values.ip), externalIP=text(values.ip))),
            ipv4Gateway=text(values.ip_v4),
            ipv6Gateway=text(values.ip_v6),
            containerID=text(_container),
            mac=text(values.mac),
            ports=each(fields(_workload_port, name=text(values.port_name))),
        )
    ),
    "GlobalNetworkSet": _SET,
    "NetworkSet": _SET,
}
