"""FelixConfiguration: what Go's validator refuses, and what Felix itself makes of the rest (felix/config)."""

from __future__ import annotations

import re
from typing import Any

from callint.calico import Release
from callint.finding import Path
from callint.objects.fields import as_text, integer, whole
from callint.validate import values
from callint.validate.numbers import INT32, STRICT_INT32, duration
from callint.validate.ports import POISON, port
from callint.validate.scope import CEL, LATE_CEL, Effect, Flaw, Scope, judge
from callint.validate.selectors import selector
from callint.validate.shape import UNREADABLE, Check, each, exclusive, fields, lacks, text, together

SELECTED: Release = (3, 32)
"""From here on a configuration of any name can be for the nodes of a selector (felix/calc/config_batcher.go)."""

FELIX_REFUSES = Effect("felix-refuses-value", "Felix does not start with it")
BY_DEFAULT = Effect("silently-ignored", "Felix logs it and uses the default")
MOST_TABLES = 65535

_INTERFACES = re.compile(r"[a-zA-Z0-9_.-]{1,15}(,[a-zA-Z0-9_.-]{1,15})*")
_PAIRS = re.compile(r"[^=,]+=[^,]*(,[^=,]+=[^,]*)*,?")
_HEALTH_NAME = re.compile(r"[a-zA-Z0-9_ -]+")

DURATIONS = (
    "bpfIPFragTimeout", "bpfKubeProxyMinSyncPeriod", "dataplaneWatchdogTimeout", "debugSimulateCalcGraphHangAfter",
    "debugSimulateDataplaneApplyDelay", "debugSimulateDataplaneHangAfter", "endpointReportingDelay",
    "flowLogsFlushInterval", "interfaceRefreshInterval", "ipsetsRefreshInterval", "iptablesLockProbeInterval",
    "iptablesLockTimeout", "iptablesPostWriteCheckInterval", "iptablesRefreshInterval",
    "liveMigrationRouteConvergenceTime", "localSubnetL2ReachabilityRefreshInterval", "netlinkTimeout",
    "nftablesRefreshInterval", "reportingInterval", "reportingTTL", "routeRefreshInterval",
    "usageReportingInitialDelay", "usageReportingInterval", "wireguardKeepAlive", "xdpRefreshInterval",
)  # fmt: skip
PATTERNS = (
    "bpfDataIfacePattern", "bpfDisableGROForIfaces", "bpfL3IfacePattern", "logDebugFilenameRegex", "mtuIfacePattern",
    "nftablesFlowTableDataIfacePattern",
)  # fmt: skip
WORDS = {
    "chainInsertMode": ("Insert", "Append"),
    "defaultEndpointToHostAction": ("Drop", "Accept", "Return"),
    "iptablesFilterAllowAction": ("Accept", "Return"),
    "iptablesFilterDenyAction": ("Drop", "Reject"),
    "iptablesMangleAllowAction": ("Accept", "Return"),
    "nftablesFilterAllowAction": ("Accept", "Return"),
    "nftablesFilterDenyAction": ("Drop", "Reject"),
    "nftablesMangleAllowAction": ("Accept", "Return"),
}
"""Parameters whose bad values keep Felix from starting, any case; the CRDs guard them from v3.27 on."""

PORTS = ("healthPort", "prometheusMetricsPort", "debugPort")


def _words(scope: Scope, path: Path, value: Any) -> None:
    allowed = WORDS[str(path[-1])]
    if value.__class__ is str and value and value.lower() not in [word.lower() for word in allowed]:
        message = f'"{path[-1]}" is "{value}", {" or ".join(allowed)} was expected; {FELIX_REFUSES.text}'
        scope.say(FELIX_REFUSES.kind, path, message, gap=True)


def _own_port(scope: Scope, path: Path, value: Any) -> None:
    number = whole(value)
    if number is not None and not 0 <= number <= 65535:
        message = f'"{path[-1]}" is {number}, 0 to 65535 was expected; {BY_DEFAULT.text}'
        scope.say(BY_DEFAULT.kind, path, message, gap=True)


def _metadata_port(scope: Scope, path: Path, value: Any) -> None:
    number = whole(value)
    if number is not None and not 0 <= number <= 65535:
        message = f'"{path[-1]}" is {number}, 0 to 65535 was expected; {FELIX_REFUSES.text}'
        scope.say(FELIX_REFUSES.kind, path, message, gap=True)


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
    if said is None or value.__class__ is bool:
        return
    if said not in values.DSCP and not (said.isascii() and said.isdigit() and len(said) < 3 and int(said) <= 63):
        message = f'"{said}" is no DSCP value; 0 to 63 or a name such as "EF" or "AF11" was expected'
        judge(scope, path, Flaw("malformed-text", message), stored=POISON)


def _failsafe(scope: Scope, path: Path, item: Any) -> None:
    """A port that policy cannot close; hardly anything looks at it before Felix does (PortListParam)."""
    if item.__class__ is not dict:
        return
    protocol = item.get("protocol")
    if protocol is None:
        if scope.release >= (3, 30):
            message = 'a failsafe port needs its "protocol", "TCP" or "UDP"; Felix does not start without it'
            scope.say(FELIX_REFUSES.kind, path, message)
    elif protocol is not UNREADABLE and as_text(protocol) not in ("TCP", "UDP", "tcp", "udp"):
        stands = f'the protocol of a failsafe port is "{protocol}"'
        message = f'{stands}, where "TCP" or "UDP" was expected; {FELIX_REFUSES.text}'
        scope.say(FELIX_REFUSES.kind, (*path, "protocol"), message, gap=True)
    number = integer(item, "port")
    if number is not None and not 1 <= number <= 65535:
        undecodable = not 0 <= number <= 65535
        flaw = Flaw("bad-port", f"{number} is no port; 1 to 65535 was expected")
        if undecodable:
            judge(scope, (*path, "port"), flaw, stored=POISON)
        else:
            scope.say(FELIX_REFUSES.kind, (*path, "port"), f"{flaw.message}; {FELIX_REFUSES.text}", gap=True)
    said = as_text(item["net"]) if item.get("net") not in (None, UNREADABLE) else None
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


def _health(scope: Scope, path: Path, item: Any) -> None:
    if item.__class__ is not dict:
        return
    name, timeout = item.get("name"), item.get("timeout")
    said = None if name is UNREADABLE else as_text(name)
    if said is not None and not _HEALTH_NAME.fullmatch(said):
        message = f'"{said}" is no health reporter; letters, digits, "_", "-" and spaces were expected'
        scope.refuse("malformed-text", (*path, "name"), message, stored=BY_DEFAULT)
    if timeout.__class__ is str:
        duration(scope, (*path, "timeout"), timeout)
        if timeout.startswith("-") and values.duration(timeout) is None:
            scope.refuse("bad-duration", (*path, "timeout"), f'the timeout "{timeout}" is negative', stored=BY_DEFAULT)


def _region(text_: str) -> Flaw | None:
    if len(text_) > 46:
        return Flaw("bad-name", f"the region has {len(text_)} characters, at most 46 are allowed")
    return values.dns_label(text_)


def _prefixes(text_: str) -> Flaw | None:
    if _INTERFACES.fullmatch(text_):
        return None
    return Flaw("bad-interface", f'"{text_}" is no list of interface prefixes; "cali,eth" was expected')


def _pairs(text_: str) -> Flaw | None:
    if _PAIRS.fullmatch(text_):
        return None
    return Flaw("malformed-text", f'"{text_}" is no list of settings; "name=value,name=value" was expected')


_filter = values.interface(":+")
_plain = values.interface()
_CIDRS = each(text(values.cidr, stored=BY_DEFAULT, empty=False))
_TABLE: dict[str, Check] = {
    **dict.fromkeys(DURATIONS, duration),
    **dict.fromkeys(PATTERNS, text(values.pattern, stored=BY_DEFAULT)),
    **dict.fromkeys(WORDS, _words),
    **dict.fromkeys(PORTS, _own_port),
    "metadataPort": _metadata_port,
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
    "natPortRange": _port_range,
    "bpfPSNATPorts": _port_range,
    "kubeNodePortRanges": _node_ports,
    "externalNodesList": each(text(values.cidr_v4, stored=FELIX_REFUSES, empty=False)),
    "openstackRegion": text(_region, stored=FELIX_REFUSES),
    "featureDetectOverride": text(_pairs, stored=BY_DEFAULT),
    "featureGates": text(_pairs, stored=BY_DEFAULT),
    "istioDSCPMark": _dscp,
    "failsafeInboundHostPorts": each(_failsafe),
    "failsafeOutboundHostPorts": each(_failsafe),
    "routeTableRange": _table,
    "routeTableRanges": _tables,
    "healthTimeoutOverrides": each(_health),
    "nodeSelector": selector(),
}


def _felix(scope: Scope, path: Path, plain: Any) -> None:
    spec = plain.get("spec")
    if spec is None and scope.road == "crd" and scope.release >= CEL and _own(scope.name):
        message = f'the FelixConfiguration "{scope.name}" needs a "spec", if only an empty one'
        place = "spec" if "spec" in plain else "kind"
        scope.say("missing-field", (place,), message, key=place == "spec", hint='write "spec: {}"')
    spec = spec or {}
    if spec.__class__ is not dict:
        return
    _name(scope, spec)
    exclusive(scope, ("spec",), spec, "routeTableRange", "routeTableRanges", CEL)
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
    name, place = scope.name, ("metadata", "name")
    own = _own(name)
    if not name:
        return
    if scope.release < SELECTED:
        if not own:
            message = (
                f'"{name}" is read by nobody; a FelixConfiguration is named "default", or "node." and a node\'s name'
            )
            scope.say("name-ignored", place, message)
    elif own and spec.get("nodeSelector") is not None:
        message = f'"nodeSelector" is not allowed in the FelixConfiguration "{name}"'
        scope.say("exclusive-fields", ("spec", "nodeSelector"), message, key=True)
    elif not own and lacks(spec, "nodeSelector"):
        message = (
            f'"{name}" is read by nobody; a FelixConfiguration is named "default", or "node." and a node\'s name, '
            'or has a "nodeSelector"'
        )
        scope.say("name-ignored", place, message)


KINDS: dict[str, Check] = {"FelixConfiguration": together(fields(spec=fields(**_TABLE)), _felix)}
