"""Pods that ask for addresses of certain IP pools by annotations, their own or their namespace's; services, too."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from string import digits
from typing import Any

from callint.bgp.pools import host_local
from callint.bgp.read import network
from callint.calico import Release
from callint.calico.defaults import DEFAULT_POOLS
from callint.checks.breach import Breach, nobody
from callint.checks.dispatch import Question, asked
from callint.checks.objects.reference import listed
from callint.checks.pod_template import templates
from callint.finding import Path, Related, Witness, witness
from callint.net.address import FAMILIES, Family, Prefix, parse_cidr
from callint.net.overlapping import InOrder
from callint.objects import Cluster, Resource, fields
from callint.objects.pool import IPPool
from callint.objects.workload import pod
from callint.record import NamedTuple
from callint.schema.suggest import Words, distance
from callint.source import placeholder

_ANNOTATIONS: dict[Family, str] = {family: f"cni.projectcalico.org/ipv{family}pools" for family in FAMILIES}
_BALANCED: dict[Family, str] = {family: f"projectcalico.org/ipv{family}pools" for family in FAMILIES}
_BALANCER_ADDRESSES = "projectcalico.org/loadBalancerIPs"
_BALANCES: Release = (3, 30)
_METADATA: Path = ("metadata", "annotations")
_SHORT = 2
_MOST_SHOWN = 5


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Annotations that ask for pools in vain, where Calico's own IPAM reads them.

    Parameter `problem`: `unavailable` (no such pool gives addresses of the family: cni-plugin/pkg/k8s/k8s.go,
    cni-plugin/internal/pkg/utils ResolvePools, libcalico-go/lib/ipam/ipam.go determinePools; for load balancers
    kube-controllers/pkg/controllers/loadbalancer), `misplaced` (the annotation is that of an object whose pods do not
    get it).
    """
    question = asked("pool_request", _QUESTIONS, parameters)
    plugins = (fields.text(fields.mapping(one.spec, "cni"), "type") for one in cluster.installations)
    if not host_local(cluster) and all(plugin in (None, "", "Calico") for plugin in plugins):
        yield from question(cluster)


class _Request(NamedTuple):
    """An annotation that asks for pools of one family, and the object whose pods ask."""

    resource: Resource
    path: Path
    family: Family
    text: str


def _requests(cluster: Cluster) -> Iterator[_Request]:
    """A pod on the network of its host asks for nothing, and one that has its address does not ask again."""
    for resource in cluster.kubernetes("Namespace", "v1"):
        yield from _written(resource, _METADATA, resource.annotations)
    for resource in cluster.kubernetes("Pod", "v1"):
        if not resource.annotations.keys().isdisjoint(_ANNOTATIONS.values()):
            endpoint = pod(resource)
            if endpoint is not None and not endpoint.addresses:
                yield from _written(resource, _METADATA, resource.annotations)
    for resource, path, template in templates(cluster):
        annotations = _annotations(template)
        if annotations and not fields.flag(fields.mapping(template, "spec"), "hostNetwork"):
            yield from _written(resource, (*path, *_METADATA), annotations)


def _annotations(plain: dict[str, Any]) -> dict[str, Any]:
    return fields.mapping(fields.mapping(plain, "metadata"), "annotations")


def _written(
    resource: Resource, path: Path, annotations: Mapping[str, Any], keys: Mapping[Family, str] = _ANNOTATIONS
) -> Iterator[_Request]:
    for family, key in keys.items():
        text = annotations.get(key)
        if isinstance(text, str) and text and placeholder(text) is None:
            yield _Request(resource, (*path, key), family, text)


def _unavailable(cluster: Cluster) -> Iterator[Breach]:
    pools: _Pools | None = None
    for request in _requests(cluster):
        pools = pools or _Pools(cluster)
        wanted = _items(request.text)
        lacks = [pools.form(request)] if wanted is None else (pools.lack(one, request.family) for one in wanted)
        lack = next((one for one in lacks if one is not None), None)
        if lack is not None:
            yield Breach.at(
                request.resource,
                request.path,
                f'pods of {request.resource.kind} "{request.resource.name}" get no address: {lack.words}',
                tuple(Related(pool.span(field), "the pool") for pool, field in lack.pools),
                lack.proof,
                lack.cure,
            )
    for request in _balancers(cluster):
        pools = pools or _Pools(cluster)
        useless = pools.useless(request)
        if useless is not None:
            service = request.resource
            yield Breach.at(
                service,
                request.path,
                f'the load balancer of Service "{service.namespace or "default"}/{service.name}" gets no address of '
                f"IPv{request.family}: {useless.words}",
                tuple(Related(pool.span(field), "the pool") for pool, field in useless.pools),
                useless.proof,
                useless.cure,
            )


def _balancers(cluster: Cluster) -> Iterator[_Request]:
    """Services that ask Calico for an address of certain pools, and neither name nor have one."""
    if cluster.target.release < _BALANCES:
        return
    for service in cluster.kubernetes("Service", "v1"):
        spec, annotations = service.spec, service.annotations
        if annotations.keys().isdisjoint(_BALANCED.values()) or fields.text(spec, "type") != "LoadBalancer":
            continue
        ours = fields.text(spec, "loadBalancerClass") in (None, "calico")
        given = fields.mapping(fields.mapping(service.plain, "status"), "loadBalancer").get("ingress")
        if ours and not given and not spec.get("loadBalancerIP") and _BALANCER_ADDRESSES not in annotations:
            yield from _written(service, _METADATA, annotations, _BALANCED)


def _items(text: str) -> list[str] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if found is None:
        return []
    return found if isinstance(found, list) and all(isinstance(one, str) for one in found) else None


class _Lack(NamedTuple):
    """Why pods or a load balancer get no address: in words, with the pool and field that tell, and what would help."""

    words: str
    pools: tuple[tuple[IPPool, str], ...]
    proof: Witness
    cure: str = ""


class _Pools:
    """The pools that are known, by name and by network."""

    def __init__(self, cluster: Cluster) -> None:
        readable = [pool for pool in cluster.pools if not pool.unreadable and placeholder(pool.name) is None]
        self._networks = [(net, pool) for pool in readable if (net := network(pool.cidr)) is not None]
        self._names = {pool.name: (net, pool) for net, pool in self._networks}
        self._known = sorted(self._names)
        self._of = {family: _OfFamily(one for one in self._networks if one[0].family == family) for family in FAMILIES}
        self._readable = not cluster.incomplete and len(self._networks) == len(cluster.pools)
        self._complete = "IPPool" in cluster.intent.complete
        self._all = self._complete or any(
            pool.name in DEFAULT_POOLS.values() or pool.resource.kind == "Installation" for _, pool in self._networks
        )

    def form(self, request: _Request) -> _Lack:
        """That an annotation cannot be read."""
        key, names = _ANNOTATIONS[request.family], [pool.name for net, pool in self._networks]
        words = f"their annotation {key} is no list of texts in JSON"
        cure = f"""write it as '["{names[0] if names else "name"}"]'"""
        return _Lack(words, (), witness("reference", reference=request.text, known=tuple(names[:_MOST_SHOWN])), cure)

    def useless(self, request: _Request) -> _Lack | None:
        """Why a load balancer gets nothing of what it asks for."""
        wanted = _items(request.text)
        if wanted is None:
            return _Lack("its annotation is no list of texts in JSON", (), witness("reference", reference=request.text))
        found = [self._useless(request.text, one, request.family) for one in wanted]
        return found[0] if found and all(found) else None

    def _useless(self, text: str, wanted: str, family: Family) -> _Lack | None:
        net = _slashed(wanted)
        known = [self._names[wanted]] if wanted in self._names else self._of[net.family].equal(net) if net else []
        if not known and self._readable and (net is None or net.family == family):
            lack = self._unknown("it asks", wanted, net, family)
            balancing = lack is not None and any("LoadBalancer" in pool.allowed_uses for pool, _ in lack.pools)
            return lack if balancing or self._complete else None
        if len(known) != 1:
            return None
        ((inside, pool),) = known
        said = f'it asks for IPPool "{pool.name}", which is'
        proof = witness("reference", reference=text, pool=pool.name)
        if "LoadBalancer" not in pool.allowed_uses:
            field = "allowedUses" if pool.plain.get("allowedUses") else "cidr"
            return _Lack(f"{said} not for load balancers", ((pool, field),), proof)
        if inside.family != family:
            return _Lack(f"{said} of IPv{inside.family}", ((pool, "cidr"),), proof)
        return _Lack(f"{said} disabled", ((pool, "disabled"),), proof) if pool.disabled else None

    def lack(self, wanted: str, family: Family) -> _Lack | None:
        """Why a pool that is asked for by network or name gives no addresses; None if nobody can tell."""
        net = _slashed(wanted)
        if net is not None:
            found = self._of[net.family].equal(net)
        else:
            found = [self._names[wanted]] if wanted in self._names else []
            net = found[0][0] if found else None
        if net is not None and net.family != family:
            words = f'they ask for "{wanted}" of IPv{net.family} by an annotation for IPv{family}'
            proof = witness("address", address=str(net), family=family)
            return _Lack(words, tuple((one, "cidr") for _, one in found[:1]), proof, f"use {_ANNOTATIONS[net.family]}")
        if found:
            pool = found[0][1]
            if not all(one.disabled for _, one in found):
                return None
            words = f'they ask for IPPool "{pool.name}", which is disabled'
            proof = witness("address", address=str(net), pool=pool.name)
            return _Lack(words, ((pool, "disabled"),), proof, "ask for another pool, or enable this one")
        return self._unknown("they ask", wanted, net, family) if self._readable else None

    def _unknown(self, who: str, wanted: str, net: Prefix | None, family: Family) -> _Lack | None:
        """A pool that no manifest holds, where all that there are are known, or one that leaves no room for it."""
        mine = self._of[family]
        near = mine.alike(wanted) if net is None else mine.overlapping(net)
        proof = nobody(f"IPPool/{wanted}", self._known)
        if near is not None and net is not None:
            words = f'{who} for {wanted}, which is no IPPool but overlaps "{near.name}" of {near.cidr}'
            return _Lack(words, ((near, "cidr"),), proof, f'ask for the whole pool, by its name "{near.name}"')
        words = f'{who} for IPPool "{wanted}", which does not exist'
        if near is not None:
            return _Lack(f'{words}, did you mean "{near.name}"', ((near, "cidr"),), proof)
        if not self._all or (wanted in DEFAULT_POOLS.values() and not self._complete):
            return None
        return _Lack(f"{words}, {mine.listed}", (), proof)


class _OfFamily:
    """The pools of one family, to be found by network and by name."""

    def __init__(self, pools: Iterable[tuple[Prefix, IPPool]]) -> None:
        self._pools = list(pools)
        self._names = {pool.name: pool for _, pool in self._pools}
        self._near_name = Words(self._names).slip
        self._equal: dict[Prefix, list[tuple[Prefix, IPPool]]] = {}
        self._near: InOrder[tuple[Prefix, IPPool]] = InOrder()
        for net, pool in self._pools:
            self._equal.setdefault(net, []).append((net, pool))
            self._near.add(((net.first, net.last),), (net, pool))

    def equal(self, net: Prefix) -> list[tuple[Prefix, IPPool]]:
        """Those of just this network."""
        return self._equal.get(net, [])

    def overlapping(self, net: Prefix) -> IPPool | None:
        """One that leaves no room for a network, for pools do not overlap."""
        near = self._near.near(((net.first, net.last),))
        return next((pool for inside, pool in near if inside.overlaps(net)), None)

    def alike(self, name: str) -> IPPool | None:
        """The one that was surely meant by a name, for it differs by one letter."""
        found = self._near_name(name)
        if found is None or distance(name, found, 1) != 1 or _apart(name.split("-"), found.split("-")):
            return None
        return self._names[found]

    @cached_property
    def listed(self) -> str:
        """All of them, in words."""
        return listed("IPPool", list(self._names))


def _slashed(text: str) -> Prefix | None:
    try:
        return parse_cidr(text, bare=False).masked()
    except ValueError:
        return None


def _apart(words: list[str], others: list[str]) -> bool:
    """Whether names are alike and both meant: they differ in a number, or in a word of a letter or two."""
    pairs = [(one, two) for one, two in zip(words, others, strict=False) if one != two]
    return len(words) == len(others) and all(
        max(len(one), len(two)) <= _SHORT or one.strip(digits) == two.strip(digits) for one, two in pairs
    )


def _misplaced(cluster: Cluster) -> Iterator[Breach]:
    """Told where neither the pods nor their namespace say so as well: then it may be there for people.

    Pods on the network of their host take addresses of no pool.
    """
    for resource, path, template in templates(cluster):
        if fields.flag(fields.mapping(template, "spec"), "hostNetwork"):
            continue
        around = cluster.namespaces.get(resource.namespace or "default")
        also = {*_annotations(template), *(around.resource.annotations if around is not None else ())}
        for request in _written(resource, _METADATA, resource.annotations):
            key = _ANNOTATIONS[request.family]
            if key not in also:
                yield Breach.at(
                    resource,
                    request.path,
                    f'{resource.kind} "{resource.name}" asks for pools by an annotation of its own, which its pods do '
                    "not get: they take addresses of any pool",
                    (Related(resource.span(*path, "metadata"), "is what pods get"),),
                    witness("reference", reference=key, known=tuple(sorted(_annotations(template)))),
                    f"move it to {'.'.join(map(str, path))}.metadata.annotations",
                )


_QUESTIONS: dict[str, Question] = {"unavailable": _unavailable, "misplaced": _misplaced}
