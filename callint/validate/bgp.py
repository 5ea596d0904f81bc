"""BGPConfiguration and BGPPeer (validateBGPConfigurationSpec, validateBGPPeerSpec, clientv3/bgpconfig.go)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from callint.finding import Path
from callint.net import read
from callint.objects import Resource
from callint.objects.fields import as_text, items
from callint.validate import values
from callint.validate.numbers import as_number, duration, int32, within
from callint.validate.scope import CEL, LATE_CEL, Effect, Scope, Verdict, judge
from callint.validate.selectors import selector
from callint.validate.shape import UNREADABLE, Check, each, exclusive, fields, has, lacks, on, place_of, text

_AS_IT_WAS = "so that the nodes that get it keep the BGP configuration they had"
BIRD_REFUSES = Effect("bird-refuses-value", f"BIRD refuses the whole file, {_AS_IT_WAS}")
"""Felix's neighbour confd checks the rendered file with `bird -p` (confd/pkg/resource/template/resource.go)."""
NOT_RENDERED = Effect(BIRD_REFUSES.kind, f"confd makes no file of it, {_AS_IT_WAS}")
"""confd/pkg/backends/calico/bgp_processor.go filterStatement: an error, and the file stays as it was."""

PEER_IGNORED = Effect("silently-ignored", "the whole peer is ignored")

_NOT_PER_NODE = (
    "nodeToNodeMeshEnabled",
    "asNumber",
    "serviceClusterIPs",
    "serviceExternalIPs",
    "serviceLoadBalancerIPs",
    "nodeMeshPassword",
    "nodeMeshMaxRestartTime",
)
_PER_NODE = ("prefixAdvertisements", "communities", "listenPort", "logSeverityScreen")


def network(verdict: Verdict, unsized: str = "") -> Check:
    """A network without host bits, for BIRD, and with its length from v3.32 on, for the schema.

    `unsized` is what comes of one without before that, if it is nothing good.
    """

    def check(scope: Scope, path: Path, value: Any) -> None:
        said = as_text(value)
        if not said:
            return
        flaw = verdict(said)
        if flaw is not None:
            stored = BIRD_REFUSES if flaw.kind == "cidr-host-bits" else None
            since = CEL if flaw.kind == "bad-address" else None
            judge(scope, path, flaw, since=since, stored=stored, malformed=True)
        elif "/" not in said and (flaw := values.sized_cidr(said)) is not None:
            if scope.release >= CEL:
                judge(scope, path, flaw, since=CEL)
            elif unsized:
                scope.say(flaw.kind, path, f"{flaw.message}; {unsized}")

    return check


def _community(scope: Scope, path: Path, value: Any) -> None:
    if value.__class__ is str and value:
        judge(scope, path, values.community(value), stored=BIRD_REFUSES)


def _named_community(scope: Scope, path: Path, item: dict[str, Any]) -> None:
    for name in ("name", "value"):
        if lacks(item, name):
            scope.refuse("missing-field", place_of(path, item, name), f'a community needs its "{name}"')


def _advertisement(scope: Scope, path: Path, item: dict[str, Any]) -> None:
    if lacks(item, "cidr"):
        place = place_of(path, item, "cidr")
        scope.refuse("missing-field", place, 'an item of "prefixAdvertisements" needs its "cidr"')
    if item.get("communities") is None:
        scope.refuse("missing-field", path, 'an item of "prefixAdvertisements" needs its "communities"')
        return
    known = _defined(scope.resource)
    for index, value in items(item, "communities"):
        name = as_text(value)
        if name is None or known is None or name in known:
            continue
        place = (*path, "communities", index)
        if values.looks_like_community(name):
            _community(scope, place, name)
            continue
        stored = Effect("undefined-community", "the name is dropped: the prefix goes out without it")
        message = f'"{name}" is no community that "communities" of the same object defines, and none in the form "a:b"'
        scope.refuse("undefined-community", place, message, stored=stored)


@lru_cache(maxsize=1)
def _defined(resource: Resource) -> frozenset[str | None] | None:
    """The names of an object's communities, of which each of its advertisements asks; None if not all can be read."""
    listed = resource.spec.get("communities")
    if not isinstance(listed, list):
        return frozenset()
    if any(resource.unreadable("spec", "communities", index, "name") for index in range(len(listed))):
        return None
    return frozenset(as_text(one.get("name")) for one in listed if isinstance(one, dict))


_interface = values.interface("*")


def _ignored_interface(scope: Scope, path: Path, value: Any) -> None:
    said = as_text(value)
    if said == "*":
        scope.refuse("bad-interface", path, '"*" alone would ignore every interface')
    elif said is not None:
        judge(scope, path, _interface(said))


def _configuration(scope: Scope, path: Path, spec: dict[str, Any]) -> None:
    name = scope.name
    if name.startswith("node."):
        _per_node(scope, path, spec)
    elif name and name != "default":
        message = f'"{name}" is read by nobody; a BGPConfiguration is named "default", or "node." and a node\'s name'
        scope.say("name-ignored", ("metadata", "name"), message)
    if has(spec, "communities") and lacks(spec, "prefixAdvertisements"):
        message = '"communities" needs "prefixAdvertisements" that use them'
        scope.refuse("missing-companion", (*path, "communities"), message, since=LATE_CEL, key=True)
    if spec.get("nodeToNodeMeshEnabled") is False:
        for field in ("nodeMeshPassword", "nodeMeshMaxRestartTime"):
            if spec.get(field) is not None:
                scope.refuse(
                    "exclusive-fields",
                    (*path, field),
                    f'"{field}" is of the mesh, and "nodeToNodeMeshEnabled" is false',
                    since=CEL,
                    key=True,
                    related=scope.related(*path, "nodeToNodeMeshEnabled", label="no mesh"),
                )


def _per_node(scope: Scope, path: Path, spec: dict[str, Any]) -> None:
    for field, value in spec.items():
        if value is None or field in _PER_NODE:
            continue
        said = f'"{field}" is read from the BGPConfiguration "default" alone, and this one is of a node'
        if field in _NOT_PER_NODE:
            stored = Effect("not-per-node", "it is ignored")
            scope.refuse("not-per-node", (*path, field), said, stored=stored, key=True)
        else:
            scope.say("not-per-node", (*path, field), f"{said}: it is ignored", key=True)


def _peer(scope: Scope, path: Path, spec: dict[str, Any]) -> None:
    exclusive(scope, path, spec, "node", "nodeSelector", CEL)
    exclusive(scope, path, spec, "peerIP", "peerSelector", CEL)
    exclusive(scope, path, spec, "peerIP", "localWorkloadSelector", CEL)
    exclusive(scope, path, spec, "peerSelector", "localWorkloadSelector", CEL)
    _peer_as(scope, path, spec)
    if lacks(spec, "peerIP") and lacks(spec, "peerSelector") and lacks(spec, "localWorkloadSelector"):
        message = 'the peer has no "peerIP", "peerSelector" or "localWorkloadSelector", so that it is ignored'
        scope.say("missing-companion", path, message, key=True)
    if has(spec, "reachableBy"):
        _reachable(scope, path, spec)
    if on(spec, "keepOriginalNextHop") and spec.get("nextHopMode") is not None and scope.release >= (3, 30):
        order = list(spec)
        last = max("keepOriginalNextHop", "nextHopMode", key=order.index)
        message = '"keepOriginalNextHop" and "nextHopMode" cannot both be set'
        scope.refuse("exclusive-fields", (*path, last), message, since=LATE_CEL, key=True)


def _peer_as(scope: Scope, path: Path, spec: dict[str, Any]) -> None:
    if has(spec, "asNumber") and spec["asNumber"] not in (0, "0"):
        if has(spec, "peerSelector"):
            message = '"asNumber" cannot be set with "peerSelector", for the nodes have their own'
            scope.refuse("exclusive-fields", (*path, "asNumber"), message, since=CEL, key=True)
        return
    if spec.get("asNumber") is UNREADABLE:
        return
    if has(spec, "localWorkloadSelector"):
        message = '"localWorkloadSelector" needs "asNumber" beside it'
        scope.refuse("missing-companion", (*path, "localWorkloadSelector"), message, since=CEL, key=True)
    elif has(spec, "peerIP") and lacks(spec, "peerSelector"):
        message = f'"peerIP" needs "asNumber" beside it; without one {BIRD_REFUSES.text}'
        scope.say("bird-refuses-value", (*path, "peerIP"), message, key=True)


def _reachable(scope: Scope, path: Path, spec: dict[str, Any]) -> None:
    place = (*path, "reachableBy")
    if lacks(spec, "peerIP"):
        message = '"reachableBy" needs "peerIP" beside it'
        scope.refuse("missing-companion", place, message, since=LATE_CEL, stored=PEER_IGNORED, key=True)
        return
    gateway = read.address(as_text(spec["reachableBy"]) or "")
    text = as_text(spec["peerIP"]) or ""
    if gateway is None or values.peer(text) is not None:
        return
    family = 4 if text.count(":") < 2 else 6
    host = read.address(text.partition("]")[0].lstrip("["))
    family = host.family if host is not None else family
    if gateway.family != family:
        message = f'"reachableBy" is IPv{gateway.family}, and "peerIP" is IPv{family}'
        scope.refuse("wrong-family", place, message, stored=PEER_IGNORED)


_NETWORK = network(values.net)
_SERVICE = each(fields(cidr=_NETWORK))
_SELECTOR = selector()
KINDS: dict[str, Check] = {
    "BGPConfiguration": fields(
        spec=fields(
            _configuration,
            asNumber=as_number,
            serviceClusterIPs=_SERVICE,
            serviceExternalIPs=_SERVICE,
            serviceLoadBalancerIPs=_SERVICE,
            communities=each(fields(_named_community, name=text(values.subdomain), value=_community)),
            prefixAdvertisements=each(fields(_advertisement, cidr=_NETWORK)),
            nodeMeshMaxRestartTime=duration,
            ignoredInterfaces=each(_ignored_interface),
            localWorkloadPeeringIPV4=text(values.ip_v4, malformed=True),
            localWorkloadPeeringIPV6=text(values.ip_v6, malformed=True),
        )
    ),
    "BGPPeer": fields(
        spec=fields(
            _peer,
            node=text(values.subdomain),
            nodeSelector=_SELECTOR,
            peerSelector=_SELECTOR,
            localWorkloadSelector=_SELECTOR,
            peerIP=text(values.peer, stored=PEER_IGNORED),
            reachableBy=text(values.ip, stored=PEER_IGNORED),
            asNumber=as_number,
            localASNumber=as_number,
            maxRestartTime=duration,
            keepaliveTime=duration,
            numAllowedLocalASNumbers=int32,
            ttlSecurity=within(0, 255),
            filters=each(text(values.subdomain, empty=False)),
        )
    ),
}
