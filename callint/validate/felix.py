"""FelixConfiguration: what Go's validator refuses, and what Felix itself makes of the rest (felix/config)."""

from __future__ import annotations

import re
from typing import Any

from callint.calico import Release
from callint.finding import Path
from callint.objects.fields import as_text, integer, whole
from callint.validate import values
from callint.validate.numbers import INT32, STRICT_INT32, duration, within
from callint.validate.parameters import DURATIONS, MUST, PATTERNS, PORTS, SHOULD
from callint.validate.ports import POISON, port
from callint.validate.scope import CEL, LATE_CEL, Effect, Flaw, Scope, judge
from callint.validate.selectors import selector
from callint.validate.shape import UNREADABLE, Check, each, exclusive, fields, lacks, text, written

SELECTED: Release = (3, 32)
"""From here on a configuration of any name can be for the nodes of a selector (felix/calc/config_batcher.go)."""

FELIX_REFUSES = Effect("felix-refuses-value", "Felix does not start with it")
BY_DEFAULT = Effect("silently-ignored", "Felix logs it and uses the default")
MOST_TABLES = 65535

_INTERFACES = re.compile(r"[a-zA-Z0-9_.-]{1,15}(,[a-zA-Z0-9_.-]{1,15})*")
_PAIRS = re.compile(r"[^=,]+=[^,]*(,[^=,]+=[^,]*)*,?")
_HEALTH_NAME = re.compile(r"[a-zA-Z0-9_ -]+")
_HOST = re.compile(r"[a-zA-Z0-9:._+-]{1,64}")


def _word(allowed: tuple[str, ...], effect: Effect) -> Check:
    """One of some words in any case, to which that happens if it is none of them."""

    def check(scope: Scope, path: Path, value: Any) -> None:
        if value.__class__ is str and value and value.lower() not in [word.lower() for word in allowed]:
            message = f'"{path[-1]}" is "{value}", {" or ".join(allowed)} was expected; {effect.text}'
            scope.say(effect.kind, path, message, gap=True)

    return check


def _mask(scope: Scope, path: Path, value: Any) -> None:
    mask = whole(value)
    if mask is None:
        return
    if mask == 0:
        message = f'"{path[-1]}" is 0, a mask with bits for Felix\'s marks was expected; {FELIX_REFUSES.text}'
        scope.say(FELIX_REFUSES.kind, path, message)
    elif INT32 < mask <= 0xFFFFFFFF and scope.release < LATE_CEL:
        scope.say("number-above-int32", path, f"the mask {mask} is right for Felix, but {STRICT_INT32}")


def _port_range(scope: Scope, path: Path, value: Any) -> None:
    """A range of ports; a name decodes and then means nothing to Felix."""
    found = port(value)
    if found is None:
        return
    if found.flaw is not None:
        judge(scope, path, found.flaw, stored=POISON if found.undecodable else BY_DEFAULT)
    elif found.named:
        message = f'"{value}" is the name of a port, a number or a range such as "20000:29999" was expected'
        scope.say(BY_DEFAULT.kind, path, f"{message}; {BY_DEFAULT.text}", gap=True)


def _node_ports(scope: Scope, path: Path, value: Any) -> None:
    if value.__class__ is not list:
        return
    for index, item in enumerate(value):
        found = port(item)
        if found is not None and found.named:
            message = f'"{item}" is the name of a port; node ports are numbers and ranges'
            judge(scope, (*path, index), Flaw("bad-port", message), stored=BY_DEFAULT)
        elif found is not None and found.flaw is not None:
            judge(scope, (*path, index), found.flaw, stored=POISON if found.undecodable else BY_DEFAULT)
    if len(value) > 7 and scope.release < LATE_CEL:
        scope.refuse("out-of-range", path, f'"{path[-1]}" has {len(value)} ranges, at most 7 are allowed', key=True)


def _dscp(scope: Scope, path: Path, value: Any) -> None:
    said = as_text(value)
    if said is not None and value.__class__ is not bool:
        judge(scope, path, values.dscp(said), stored=POISON)


def _failsafe(scope: Scope, path: Path, item: dict[str, Any]) -> None:
    """A port that policy cannot close; hardly anything looks at it before Felix does (PortListParam)."""
    protocol = item.get("protocol")
    if protocol is None:
        if scope.release >= (3, 30) or scope.road == "calicoctl":  # else the schema asks for it; Go writes it as ""
            message = 'a failsafe port needs its "protocol", "TCP" or "UDP"; Felix does not start without it'
            scope.say(FELIX_REFUSES.kind, path, message)
    elif protocol is not UNREADABLE and as_text(protocol) not in ("TCP", "UDP", "tcp", "udp"):
        stands = f'the protocol of a failsafe port is "{protocol}"'
        message = f'{stands}, where "TCP" or "UDP" was expected; {FELIX_REFUSES.text}'
        scope.say(FELIX_REFUSES.kind, (*path, "protocol"), message, gap=True)
    number = integer(item, "port")
    if number is not None and not 1 <= number <= 65535:
        message = f"{number} is no port; 1 to 65535 was expected"
        if number == 0:
            scope.say(FELIX_REFUSES.kind, (*path, "port"), f"{message}; {FELIX_REFUSES.text}", gap=True)
        else:
            judge(scope, (*path, "port"), Flaw("bad-port", message), stored=POISON)
    said = as_text(item.get("net"))
    if said:
        found = values.cidr(said) or values.sized_cidr(said)
        if found is not None:
            message = f"{found.message}; Calico cannot pass the failsafe ports on to Felix with it"
            scope.say(FELIX_REFUSES.kind, (*path, "net"), message, gap=True)


def _tables(scope: Scope, path: Path, ranges: Any) -> None:
    """Ranges of routing tables; together they are no more than Felix can number."""
    if ranges.__class__ is not list:
        return
    total = 0
    for index, item in enumerate(ranges):
        bounds = _bounds(item)
        if bounds is None:
            continue
        low, high = bounds
        if low < 1:
            message = f'a range of routing tables begins at 1 or above, and "min" is {low}'
            scope.refuse("reversed-range", (*path, index, "min"), message, since=LATE_CEL, stored=FELIX_REFUSES)
        elif low > high:
            message = f"the range of routing tables ends at {high} before it begins at {low}"
            scope.refuse("reversed-range", (*path, index, "max"), message, since=LATE_CEL, stored=FELIX_REFUSES)
        else:
            total += high - low + 1
    if total > MOST_TABLES:
        message = f"the ranges hold {total} routing tables, at most {MOST_TABLES} are allowed"
        scope.refuse("out-of-range", path, message, stored=FELIX_REFUSES, key=True)


def _table(scope: Scope, path: Path, item: Any) -> None:
    bounds = _bounds(item)
    if bounds is not None and not 1 <= bounds[0] <= bounds[1] <= 250:
        message = f"the routing tables {bounds[0]} to {bounds[1]} are no range within 1 to 250"
        scope.refuse("reversed-range", path, message, since=LATE_CEL, stored=FELIX_REFUSES, key=True)


def _bounds(item: Any) -> tuple[int, int] | None:
    low, high = (integer(item, "min"), integer(item, "max")) if item.__class__ is dict else (None, None)
    return None if low is None or high is None else (low, high)


def _health(scope: Scope, path: Path, item: dict[str, Any]) -> None:
    said, timeout = as_text(item.get("name")), item.get("timeout")
    if said is not None and not _HEALTH_NAME.fullmatch(said):
        message = f'"{said}" is no health reporter; letters, digits, "_", "-" and spaces were expected'
        scope.refuse("malformed-text", (*path, "name"), message, stored=BY_DEFAULT)
    if timeout.__class__ is str:
        duration(scope, (*path, "timeout"), timeout)
        if timeout.startswith("-") and values.duration(timeout) is None:
            scope.refuse("bad-duration", (*path, "timeout"), f'the timeout "{timeout}" is negative', stored=BY_DEFAULT)


def _region(said: str) -> Flaw | None:
    if len(said) > 46:
        return Flaw("bad-name", f"the region has {len(said)} characters, at most 46 are allowed")
    return values.dns_label(said)


def _prefixes(said: str) -> Flaw | None:
    if _INTERFACES.fullmatch(said):
        return None
    return Flaw("bad-interface", f'"{said}" is no list of interface prefixes; "cali,eth" was expected')


def _host(said: str) -> Flaw | None:
    """What Felix takes for the name or address of a host (felix/config HostAddressRegexp)."""
    return None if _HOST.fullmatch(said) else Flaw("bad-address", f'"{said}" is neither a host name nor an address')


def _heard(scope: Scope, path: Path, value: Any) -> None:
    """A host that nobody judges before Felix."""
    flaw = _host(value) if value.__class__ is str and value else None
    if flaw is not None:
        scope.say(BY_DEFAULT.kind, path, f"{flaw.message}; {BY_DEFAULT.text}", gap=True)


def _pairs(said: str) -> Flaw | None:
    if _PAIRS.fullmatch(said):
        return None
    return Flaw("malformed-text", f'"{said}" is no list of settings; "name=value,name=value" was expected')


_filter = values.interface(":+")
_plain = values.interface()
_CIDRS = each(text(values.cidr, stored=BY_DEFAULT, empty=False))
_TABLE: dict[str, Check] = {
    **dict.fromkeys(DURATIONS, duration),
    **dict.fromkeys(PATTERNS, text(values.pattern, stored=BY_DEFAULT)),
    **{name: _word(words, FELIX_REFUSES) for name, words in MUST.items()},
    **{name: _word(words, BY_DEFAULT) for name, words in SHOULD.items()},
    **dict.fromkeys(PORTS, within(0, 65535, BY_DEFAULT)),
    "metadataPort": within(0, 65535, FELIX_REFUSES),
    "iptablesMarkMask": _mask,
    "nftablesMarkMask": _mask,
    "bpfDSROptoutCIDRs": _CIDRS,
    "bpfExcludeCIDRsFromNAT": _CIDRS,
    "bpfForceTrackPacketsFromIfaces": each(text(_filter, stored=BY_DEFAULT, empty=False)),
    "iptablesNATOutgoingInterfaceFilter": text(_filter, stored=BY_DEFAULT),
    "wireguardInterfaceName": text(_plain, stored=BY_DEFAULT),
    "wireguardInterfaceNameV6": text(_plain, stored=BY_DEFAULT),
    "interfacePrefix": text(_prefixes, stored=FELIX_REFUSES),
    "natOutgoingAddress": text(values.ip_v4, since=LATE_CEL, stored=BY_DEFAULT),
    "deviceRouteSourceAddress": text(values.ip_v4, since=LATE_CEL, stored=BY_DEFAULT),
    "deviceRouteSourceAddressIPv6": text(values.ip_v6, since=LATE_CEL, stored=BY_DEFAULT),
    "prometheusMetricsHost": text(_host, stored=BY_DEFAULT),
    "healthHost": _heard,
    "debugHost": _heard,
    "natPortRange": _port_range,
    "bpfPSNATPorts": _port_range,
    "kubeNodePortRanges": _node_ports,
    "externalNodesList": each(text(values.cidr_v4, stored=FELIX_REFUSES, empty=False)),
    "openstackRegion": text(_region, stored=FELIX_REFUSES),
    "featureDetectOverride": text(_pairs, stored=BY_DEFAULT),
    "featureGates": text(_pairs, stored=BY_DEFAULT),
    "istioDSCPMark": _dscp,
    "failsafeInboundHostPorts": each(fields(_failsafe)),
    "failsafeOutboundHostPorts": each(fields(_failsafe)),
    "routeTableRange": _table,
    "routeTableRanges": _tables,
    "healthTimeoutOverrides": each(fields(_health)),
    "nodeSelector": selector(),
}


def _felix(scope: Scope, path: Path, plain: dict[str, Any]) -> None:
    absent = scope.resource.plain.get("spec") is None
    if absent and scope.road == "crd" and scope.release >= CEL and _own(scope.name):
        message = f'the FelixConfiguration "{scope.name}" needs a "spec", if only an empty one'
        scope.say("missing-field", ("spec",), message, key=True, hint='write "spec: {}"')
    spec = plain.get("spec") or {}
    if spec.__class__ is not dict:
        return
    _name(scope, spec)
    exclusive(scope, ("spec",), spec, "routeTableRange", "routeTableRanges", CEL, written)
    old = spec.get("bpfConnectTimeLoadBalancingEnabled")
    if scope.road == "calicoctl" and scope.release >= (3, 27) and old.__class__ is bool:
        stored = {
            "bpfConnectTimeLoadBalancing": "Enabled" if old else "Disabled",
            "bpfHostNetworkedNATWithoutCTLB": "Disabled",
        }
        for name, value in stored.items():
            if spec.get(name) not in (None, UNREADABLE, value):
                message = f'"bpfConnectTimeLoadBalancingEnabled" overwrites "{name}" with "{value}"'
                scope.say("silently-ignored", ("spec", name), message)


def _own(name: str) -> bool:
    """Whether a name alone says of which nodes a configuration is."""
    return name == "default" or name.startswith("node.")


def _name(scope: Scope, spec: dict[str, Any]) -> None:
    """Which objects are read: by name, and from v3.32 on by selector."""
    name = scope.name
    if not name:
        return
    selected = scope.release >= SELECTED
    if not _own(name):
        if not selected or lacks(spec, "nodeSelector"):
            wanted = 'is named "default", or "node." and a node\'s name' + ', or has a "nodeSelector"' * selected
            scope.say(
                "name-ignored", ("metadata", "name"), f'"{name}" is read by nobody; a FelixConfiguration {wanted}'
            )
    elif selected and spec.get("nodeSelector") is not None:
        message = f'"nodeSelector" is not allowed in the FelixConfiguration "{name}"'
        scope.say("exclusive-fields", ("spec", "nodeSelector"), message, key=True)


KINDS: dict[str, Check] = {"FelixConfiguration": fields(_felix, spec=fields(**_TABLE))}
