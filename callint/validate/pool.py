"""IPPool, IPReservation, IPAMConfiguration, BlockAffinity (validateIPPoolSpec, clientv3/ippool.go)."""

from __future__ import annotations

from typing import Any

from callint.calico import Release
from callint.calico.defaults import BLOCK_SIZES, POOL_USES
from callint.finding import Path
from callint.net import read
from callint.net.address import Prefix, parse_cidr
from callint.objects.fields import as_text, integer, items, mapping
from callint.validate import values
from callint.validate.scope import CEL, LATE_CEL, Scope, judge
from callint.validate.selectors import no_global, selector
from callint.validate.shape import UNREADABLE, Check, each, fields, has, lacks, off, on, text

_LINK_LOCAL = {4: parse_cidr("169.254.0.0/16"), 6: parse_cidr("fe80::/10")}
_ALLOWED_SIZES = {4: (20, 32), 6: (116, 128)}
# With the one that is laid over it (tigera/operator pkg/controller/utils), and that of Calico Enterprise once
_INSTALLATIONS = ("default", "overlay", "tigera-secure")
_SELECTORS_CHECKED: Release = (3, 31)


def _pool(scope: Scope, path: Path, spec: dict[str, Any]) -> None:
    said = as_text(spec.get("cidr"))
    prefix = _cidr(scope, (*path, "cidr"), said) if said else None
    if prefix is not None:
        _size(scope, path, spec, prefix)
    colon = ":" in (said or "") and scope.road != "calicoctl"  # which the CRD of v3.32 looks for
    _encapsulation(scope, path, spec, colon or (prefix is not None and prefix.family == 6))
    _uses(scope, path, spec)


def _cidr(scope: Scope, path: Path, said: str) -> Prefix | None:
    flaw = values.net(said)
    if flaw is None and scope.release >= CEL:
        flaw = values.sized_cidr(said)
    if flaw is None and scope.release >= LATE_CEL and scope.road != "calicoctl":  # clientv3 writes it anew
        flaw = values.cel_cidr(said)
    if flaw is not None:
        since = LATE_CEL if flaw.kind == "cidr-host-bits" else CEL
        judge(scope, path, flaw, since=since, malformed=True)
        return None if flaw.kind in ("bad-address", "missing-prefix-length") else read.cidr(said)
    prefix = read.cidr(said)
    if prefix is not None and prefix.overlaps(_LINK_LOCAL[prefix.family]):
        message = f'"{said}" overlaps the link-local network "{_LINK_LOCAL[prefix.family]}", which no pool may'
        scope.refuse("link-local-pool", path, message, since=LATE_CEL)
    return prefix


def _size(scope: Scope, path: Path, spec: dict[str, Any], prefix: Prefix) -> None:
    size = integer(spec, "blockSize")
    if size is None and spec.get("blockSize") is not None:
        return
    message = _beyond(size, prefix) if size else None
    if message is not None:
        scope.refuse("bad-block-size", (*path, "blockSize"), message, since=LATE_CEL)
    elif prefix.length > (size or BLOCK_SIZES[prefix.family]) and off(spec, "disabled"):
        block = size or BLOCK_SIZES[prefix.family]
        default = "" if size else ', the default "blockSize"'
        message = f'the pool "{prefix}" is smaller than one block of /{block}{default}'
        scope.refuse("bad-block-size", (*path, "blockSize" if size else "cidr"), message, since=LATE_CEL)


def _beyond(size: int, prefix: Prefix) -> str | None:
    low, high = _ALLOWED_SIZES[prefix.family]
    if low <= size <= high:
        return None
    return f'"blockSize" is {size}, {low} to {high} was expected in a pool of IPv{prefix.family}'


_OF_IP_POOLS = frozenset({"ipipMode", "vxlanMode"})
_METHODS = ("firstFound", "kubernetes", "interface", "skipInterface", "canReach", "cidrs")


def installation(scope: Scope, spec: Any) -> None:
    """What the operator refuses of an Installation, of its pools above all.

    Source: tigera/operator pkg/controller/ippool/validation.go, pkg/controller/installation/validation.go.
    """
    if scope.name and scope.name not in _INSTALLATIONS:
        unread = f'"{scope.name}" is read by nobody; the operator knows the Installation "default" alone'
        scope.say("name-ignored", ("metadata", "name"), unread)
    network = mapping(spec, "calicoNetwork") if isinstance(spec, dict) else {}
    for family in (4, 6):
        _one_method(scope, ("spec", "calicoNetwork", f"nodeAddressAutodetectionV{family}"), network)
    for index, pool in items(network, "ipPools"):
        if not isinstance(pool, dict):
            continue
        path: Path = ("spec", "calicoNetwork", "ipPools", index)
        for field in sorted(_OF_IP_POOLS & pool.keys()):
            instead = f'"{field}" is a field of IPPools, and here "encapsulation" takes its place'
            scope.say("unknown-field", (*path, field), instead, key=True)
        _NODE_SELECTOR(scope, (*path, "nodeSelector"), pool.get("nodeSelector"))
        said = as_text(pool.get("cidr")) or ""
        flaw = values.sized_cidr(said) if said else None
        if flaw is not None:
            scope.say(flaw.kind, (*path, "cidr"), f"{flaw.message}; the operator refuses the Installation")
        size, prefix = integer(pool, "blockSize"), read.cidr(said)
        message = _beyond(size, prefix) if size is not None and prefix is not None else None
        if message is not None:
            scope.say("bad-block-size", (*path, "blockSize"), f"{message}; the operator refuses the Installation")
        if prefix is not None and prefix.family == 6 and str(pool.get("encapsulation")).startswith("IPIP"):
            message = "IPIP carries IPv4 only, and the pool is IPv6; the operator refuses the Installation"
            scope.say("exclusive-fields", (*path, "encapsulation"), message)


def _one_method(scope: Scope, path: Path, network: dict[str, Any]) -> None:
    told = mapping(network, str(path[-1]))
    asked = [one for one in told if one in _METHODS and told[one] and told[one] is not UNREADABLE]
    if len(asked) > 1:
        message = f'"{asked[0]}" and "{asked[1]}" cannot both be set; the operator refuses the Installation'
        scope.say("exclusive-fields", (*path, asked[1]), message, key=True)


def _on(spec: dict[str, Any], mode: str) -> bool:
    return has(spec, mode) and spec[mode] != "Never"


def _encapsulation(scope: Scope, path: Path, spec: dict[str, Any], six: bool) -> None:
    ipip, vxlan = _on(spec, "ipipMode"), _on(spec, "vxlanMode")
    if ipip and vxlan:
        order = list(spec)
        last = max("ipipMode", "vxlanMode", key=order.index)
        message = '"ipipMode" and "vxlanMode" cannot both be on'
        scope.refuse("exclusive-fields", (*path, last), message, since=CEL)
    if ipip and six:
        scope.refuse("exclusive-fields", (*path, "ipipMode"), "IPIP carries IPv4 only, and the pool is IPv6", since=CEL)


def _uses(scope: Scope, path: Path, spec: dict[str, Any]) -> None:
    uses = spec.get("allowedUses")
    if uses is UNREADABLE or (uses is not None and uses.__class__ is not list) or (uses and UNREADABLE in uses):
        return
    named = list(uses or ())
    if "LoadBalancer" in named:
        _load_balancer(scope, path, spec, named)
    by_default = not named and scope.road == "calicoctl" and scope.release >= _SELECTORS_CHECKED
    if not (by_default or "Tunnel" in named) or lacks(spec, "namespaceSelector"):
        return
    why = 'which it is without "allowedUses"' if by_default else 'and "allowedUses" says so'
    message = f'"namespaceSelector" is not allowed in a pool for tunnels, {why}'
    hint = 'write "allowedUses: [Workload]"' if by_default else ""
    scope.refuse("pool-use-conflict", (*path, "namespaceSelector"), message, since=LATE_CEL, key=True, hint=hint)


def _load_balancer(scope: Scope, path: Path, spec: dict[str, Any], named: list[Any]) -> None:
    for index, use in enumerate(named):
        if use in POOL_USES:
            message = f'"LoadBalancer" and "{use}" cannot be uses of one pool'
            scope.refuse("pool-use-conflict", (*path, "allowedUses", index), message, since=CEL)
    for mode in ("ipipMode", "vxlanMode"):
        if _on(spec, mode):
            message = f'a pool for load balancers has no encapsulation, and "{mode}" is on'
            scope.refuse("pool-use-conflict", (*path, mode), message, since=CEL, key=True)
    if on(spec, "disableBGPExport"):
        message = 'a pool for load balancers cannot set "disableBGPExport"'
        scope.refuse("pool-use-conflict", (*path, "disableBGPExport"), message, since=LATE_CEL, key=True)
    empty = scope.road != "calicoctl" and spec.get("nodeSelector") == ""  # CEL's `has` finds an empty text
    if (has(spec, "nodeSelector") or empty) and spec["nodeSelector"] != "all()":
        message = 'a pool for load balancers is for all nodes; "nodeSelector" must be "all()"'
        scope.refuse("pool-use-conflict", (*path, "nodeSelector"), message, since=LATE_CEL)


def _reserved(scope: Scope, path: Path, value: Any) -> None:
    said = as_text(value)
    if said is not None:
        flaw = values.cidr(said)
        if flaw is not None:
            judge(scope, path, flaw, since=LATE_CEL, malformed=True)
        elif scope.release >= LATE_CEL:
            judge(scope, path, values.sized_cidr(said), since=LATE_CEL)


def _ipam(scope: Scope, path: Path, spec: dict[str, Any]) -> None:
    blocks = spec.get("autoAllocateBlocks")
    if blocks is False and off(spec, "strictAffinity"):
        message = 'with "strictAffinity" and "autoAllocateBlocks" both off no node ever takes a block of addresses'
        scope.say("exclusive-fields", (*path, "autoAllocateBlocks"), message)
    elif blocks is None and scope.road == "calicoctl" and scope.release >= LATE_CEL:
        message = (
            'calicoctl stores a left-out "autoAllocateBlocks" as false, the API server as true; '
            "with false no node takes a block of addresses"
        )
        scope.say("misleading-default", path, message, key=True, hint='write "autoAllocateBlocks: true"')


def _affinity(scope: Scope, path: Path, value: Any) -> None:
    said = as_text(value)
    if said:
        native = scope.road == "native"
        flaw = values.net(said) or (values.sized_cidr(said) if native else None)
        if flaw is not None:
            judge(scope, path, flaw, since=CEL if native and flaw.kind != "cidr-host-bits" else None)


def _deleted(scope: Scope, path: Path, value: Any) -> None:
    if value is True or value == "true":
        scope.refuse("value-not-allowed", path, '"deleted" is what Calico itself sets, and must not be true')


def only_default(scope: Scope, path: Path, plain: dict[str, Any]) -> None:
    """A singleton: created under another name nobody reads it."""
    name = scope.name
    if name and name != "default":
        kind = scope.resource.kind
        message = f'"{name}" is read by nobody; the only {kind} is named "default"'
        scope.say("name-ignored", ("metadata", "name"), message)


def _information(scope: Scope, path: Path, plain: dict[str, Any]) -> None:
    if scope.road != "crd" and not scope.resource.printed:
        refuses = "calicoctl" if scope.road == "calicoctl" else "Calico's admission webhook"
        message = f"ClusterInformation is written by Calico itself; {refuses} refuses it from anybody else"
        scope.say("read-only-object", ("kind",), message)


def _bookkeeping(scope: Scope, path: Path, plain: dict[str, Any]) -> None:
    if not scope.resource.printed:
        message = (
            f"{scope.resource.kind} is what IPAM remembers of addresses that are taken: applied from a file it writes "
            "over what was taken or given back since, and one address goes to two pods"
        )
        scope.say("read-only-object", ("kind",), message)


_NODE_SELECTOR = selector(since=None, global_=no_global(_SELECTORS_CHECKED, LATE_CEL, "the nodeSelector of a pool"))
_NAMESPACES = selector(since=None, global_=no_global(_SELECTORS_CHECKED, LATE_CEL, "the namespaceSelector of a pool"))

KINDS: dict[str, Check] = {
    "IPPool": fields(spec=fields(_pool, nodeSelector=_NODE_SELECTOR, namespaceSelector=_NAMESPACES)),
    "IPReservation": fields(spec=fields(reservedCIDRs=each(_reserved))),
    "IPAMConfiguration": fields(only_default, spec=fields(_ipam)),
    "BlockAffinity": fields(spec=fields(deleted=_deleted, cidr=_affinity, node=text(values.subdomain))),
    "ClusterInformation": fields(only_default, _information),
    "IPAMBlock": fields(_bookkeeping),
    "IPAMHandle": fields(_bookkeeping),
}
