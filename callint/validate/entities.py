"""The two sides of a rule: addresses, selectors, ports, services (validateEntityRule, validateRule)."""

from __future__ import annotations

from typing import Any

from callint.calico import Release
from callint.finding import Path
from callint.net import read
from callint.net.address import BITS
from callint.objects.fields import as_text, integer
from callint.validate import values
from callint.validate.ports import POLICY_IGNORED, carries_ports, port_list
from callint.validate.scope import CEL, LATE_CEL, Effect, Flaw, Scope, judge
from callint.validate.selectors import no_global, only_global, selector
from callint.validate.shape import UNREADABLE, Check, fields, has, lacks

_ENTRY_DROPPED = Effect("silently-ignored", "Felix drops the entry", modelled=True)
_MASKED = Effect("net-read-otherwise", "Felix reads the whole network", modelled=True)
_NO_PACKET = Effect("silently-ignored", "no packet ever matches the rule")
_NETS = ("nets", "notNets")
_SELECTS = ("nets", "notNets", "selector", "notSelector", "namespaceSelector", "serviceAccounts")

_whole_policy = selector(stored=POLICY_IGNORED)
_ENTITY: dict[str, Check] = {
    "selector": selector(stored=POLICY_IGNORED, global_=no_global((3, 20), LATE_CEL, 'the "selector" of a rule')),
    "notSelector": _whole_policy,
    "namespaceSelector": selector(stored=POLICY_IGNORED, global_=only_global),
    "serviceAccounts": fields(selector=_whole_policy),
}


def entity(
    scope: Scope,
    path: Path,
    side: dict[str, Any],
    number: int | None,
    may_name_services: bool,
    is_destination: bool,
    clusterwide: bool,
) -> None:
    for name, child in side.items():
        if child is None or child is UNREADABLE:
            continue
        if name == "nets":
            _nets(scope, (*path, name), child)
        elif name == "notNets":
            _not_nets(scope, (*path, name), child)
        elif name in ("ports", "notPorts"):
            _ports(scope, (*path, name), child, number)
        elif name == "services":
            _services(scope, path, side, may_name_services, is_destination, clusterwide)
        else:
            check = _ENTITY.get(name)
            if check is not None:
                check(scope, (*path, name), child)


def _ports(scope: Scope, path: Path, ports: Any, number: int | None) -> None:
    needed = port_list(scope, path, ports, POLICY_IGNORED)
    if not ports or number is None or carries_ports(number):
        return
    if number:
        message = f'"{path[-1]}" needs a protocol with ports: TCP, UDP or SCTP'
    elif needed:
        newer = "" if scope.release < (3, 32) else ", unless all of them are names"
        message = f'"{path[-1]}" needs the protocol TCP, UDP or SCTP beside it{newer}'
    else:
        return
    scope.refuse("port-without-protocol", path, message, stored=POLICY_IGNORED, key=True)


def _nets(scope: Scope, path: Path, nets: Any) -> None:
    if nets.__class__ is not list:
        return
    bad = [(index, found) for index, item in enumerate(nets) if (found := _net(item)) is not None]
    if not bad:
        return
    garbage = sum(found.kind == "bad-address" for _, found in bad)
    effect = _ENTRY_DROPPED
    if garbage == len(nets):
        effect = Effect("silently-widened", "as no entry is left the rule matches any address", modelled=True)
    for index, found in bad:
        judge(scope, (*path, index), found, stored=_becomes(found, effect))


def _not_nets(scope: Scope, path: Path, nets: Any) -> None:
    if nets.__class__ is not list:
        return
    matched = "Felix drops the entry, so that the rule matches the addresses it excludes"
    widened = Effect("silently-widened", matched, modelled=True)
    for index, item in enumerate(nets):
        found = _net(item)
        if found is not None:
            judge(scope, (*path, index), found, stored=_becomes(found, widened))
            continue
        prefix = read.cidr(item) if item.__class__ is str else None
        if prefix is not None and prefix.length == 0 and (item == "0.0.0.0/0" or prefix.family == 6):
            message = f'"notNets" excludes "{item}", which is every address of IPv{prefix.family}'
            stored = Effect("silently-ignored", f"no IPv{prefix.family} packet ever matches the rule")
            if scope.road == "calicoctl" and not scope.target.refuses_catch_all:
                scope.say(stored.kind, (*path, index), f"{message}; {stored.text}")
            else:
                scope.refuse("excludes-everything", (*path, index), message, stored=stored)


def _becomes(found: Flaw, dropped: Effect) -> Effect | None:
    """What becomes of a net that the CRDs let in; one without a length is the address alone, as it says."""
    if found.kind == "cidr-host-bits":
        return _MASKED
    return dropped if found.kind == "bad-address" else None


def _net(item: Any) -> Flaw | None:
    text = as_text(item)
    return values.strict_net(text) if text is not None else None


def families(scope: Scope, path: Path, rule: dict[str, Any], source: Any, destination: Any) -> None:
    """One address family in all nets of a rule; on the other roads it is only a pity if no packet can match."""
    named: set[int] = set()
    for side in (source, destination):
        if side.__class__ is dict and ("nets" in side or "notNets" in side):
            for name in _NETS:
                nets = side.get(name)
                if nets.__class__ is list:
                    named.update(map(_family, nets))
    if not named:
        return
    version = integer(rule, "ipVersion")
    if version in BITS:
        named.add(version)
    named.discard(0)
    if len(named) > 1:
        sides = [(name, side) for name, side in (("source", source), ("destination", destination)) if side]
        if scope.road == "calicoctl":
            _one_family(scope, path, version, sides)
        else:
            _some_packet(scope, path, version, sides)


def _family(item: Any) -> int:
    """The address family of a net, 0 where it cannot be read."""
    prefix = read.cidr(item) if item.__class__ is str else None
    return prefix.family if prefix else 0


def _one_family(scope: Scope, path: Path, version: int | None, sides: list[tuple[str, Any]]) -> None:
    """Report the first net that is of another family than the rule, or than the first net before it."""
    expected, why, related = version, f'the rule has "ipVersion" {version}', None
    if expected in BITS:
        related = scope.related(*path, "ipVersion", label=f"IPv{version} here")
    for side, entity_ in sides:
        for name in _NETS:
            nets = entity_.get(name) if entity_.__class__ is dict else None
            for index, item in enumerate(nets if nets.__class__ is list else ()):
                family = _family(item)
                if not family:
                    continue
                if expected not in BITS:
                    expected, why = family, f'"{item}" in the same rule is IPv{family}'
                elif family != expected:
                    message = f'"{item}" is IPv{family}, and {why}'
                    scope.refuse("mixed-families", (*path, side, name, index), message, related=related or ())
                    return


def _some_packet(scope: Scope, path: Path, version: int | None, sides: list[tuple[str, Any]]) -> None:
    """Report a rule whose sides have no family in common: Felix renders each family apart, and neither has it all."""
    left = {version} if version in BITS else set(BITS)
    place: Path | None = None
    for side, entity_ in sides:
        nets = entity_.get("nets") if entity_.__class__ is dict else None
        if nets.__class__ is list and nets:
            found = set(map(_family, nets))
            left &= set(BITS) if 0 in found else found
            place = place or (*path, side, "nets", 0)
    if place is not None and not left:
        message = "the addresses of the rule are of different families, so that no packet ever matches it"
        scope.say("silently-ignored", place, message)


def _services(
    scope: Scope, path: Path, side: dict[str, Any], allowed: bool, is_destination: bool, clusterwide: bool
) -> None:
    place = (*path, "services")
    services = side["services"]
    if services.__class__ is not dict:
        return
    if lacks(services, "name"):
        scope.refuse("missing-field", place, '"services" needs the "name" of a Service', since=LATE_CEL, key=True)
    if clusterwide and lacks(services, "namespace"):
        message = 'in a global policy "services" needs a "namespace"'
        scope.refuse("missing-companion", place, message, stored=_NO_PACKET, key=True)
    elif allowed and lacks(services, "namespace") and has(services, "name"):
        message = '"services" without a "namespace" matches nothing, for no release of Calico takes that of the policy'
        own = scope.resource.namespace
        scope.say("missing-companion", place, message, key=True, hint=f'write "namespace: {own}"' if own else "")
    if not allowed:
        message = '"services" is allowed in the destination of egress rules and in the source of ingress rules only'
        scope.refuse("misplaced-services", place, message, key=True)
    for other in _SELECTS:
        found = side.get(other) if other == "serviceAccounts" else has(side, other)
        if found is not None and found is not False and found is not UNREADABLE:
            _beside_services(scope, path, other, LATE_CEL)
    if is_destination:
        for other in ("ports", "notPorts"):
            if has(side, other):
                _beside_services(scope, path, other, CEL)


def _beside_services(scope: Scope, path: Path, other: str, since: Release) -> None:
    scope.refuse(
        "exclusive-fields",
        (*path, other),
        f'"{other}" cannot stand beside "services", which says addresses and ports itself',
        since=since,
        key=True,
        related=scope.related(*path, "services", label="the services"),
    )
