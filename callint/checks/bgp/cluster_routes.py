"""Routes between nodes, which BIRD and Felix share: of each pool exactly one of them must program the routes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.bgp.daemon import switched_off
from callint.bgp.imports import programs_of_bird
from callint.bgp.network import network
from callint.calico.defaults import FELIX_TAKES_IPIP, NORMAL_ROUTE_PRIORITY, ROUTES_SHARED
from callint.checks.bgp.backend import has_routing_mode
from callint.checks.breach import Breach, Question, asked
from callint.finding import Related, Witness, witness
from callint.objects import Cluster, Resource
from callint.objects.pool import IPPool
from callint.record import NamedTuple

_OWNER = "programClusterRoutes"
_PRIORITY = {4: "ipv4NormalRoutePriority", 6: "ipv6NormalRoutePriority"}
_OF_POOLS = {
    "Enabled": frozenset(("tunnelled", "plain")),
    "EnabledIPIPOnly": frozenset(("tunnelled",)),
    "EnabledNoEncapOnly": frozenset(("plain",)),
    "Disabled": frozenset[str](),
}


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """BGPConfiguration and FelixConfiguration that do not go together about the routes between nodes.

    Parameter `problem`: `owner` (both or neither program the routes of a pool), `priority` (each gives its routes
    another one). Sources: api/pkg/apis/projectcalico/v3/bgpconfig.go and felixconfig.go, confd bgp_processor.go.
    """
    question = asked(QUESTIONS, parameters)
    shared = cluster.target.release >= ROUTES_SHARED and not network(cluster).alone
    if shared and not any(switched_off(cluster)):
        yield from question(cluster)


class _Said(NamedTuple):
    """What one side says in a field, and the object that does; None: it is not among the manifests."""

    kind: str
    resource: Resource | None
    field: str
    value: Any
    written: bool

    @property
    def words(self) -> str:
        """As messages put it."""
        name = self.resource.name if self.resource else "default"
        return f'"{self.value}" in {self.kind} "{name}"{"" if self.written else ", where it is not written,"}'


def _said(kind: str, resource: Resource | None, field: str, default: Any) -> _Said:
    value = None if resource is None else resource.spec.get(field)
    return _Said(kind, resource, field, default if value is None else value, value is not None)


def _both(cluster: Cluster, field: str, bird: Any, felix: Any) -> Iterator[tuple[_Said, _Said]]:
    """What BIRD goes by on all nodes, with what Felix does on all and then on some; `bird`, `felix` where none says."""
    configuration = cluster.find("BGPConfiguration", "default")
    shared = cluster.find("FelixConfiguration", "default")
    if any(one is not None and one.unreadable("spec", field) for one in (configuration, shared)):
        return
    one = _said("BGPConfiguration", configuration, field, bird)
    other = _said("FelixConfiguration", shared, field, felix)
    if one.written or other.written:
        yield one, other
    for scoped in cluster.felix:
        heeded = scoped.name.startswith("node.") or scoped.node_selector is not None
        if heeded and field in scoped.values and not scoped.resource.unreadable("spec", field):
            yield one, _said("FelixConfiguration", scoped.resource, field, felix)


def _owner(cluster: Cluster) -> Iterator[Breach]:
    release = cluster.target.release
    felix = "Disabled" if release < FELIX_TAKES_IPIP else "EnabledIPIPOnly"
    pools = {_tunnelled(pool): pool for pool in reversed(cluster.pools) if _shared(pool)}
    by_operator = any(map(has_routing_mode, cluster.installations))
    for one, other in _both(cluster, _OWNER, programs_of_bird(None, release), felix):
        if by_operator and not (one.written and other.written):
            continue
        by_bird, by_felix = (_OF_POOLS.get(said.value) for said in (one, other))
        if by_bird is None or by_felix is None:
            continue
        never = _OF_POOLS["Enabled"] - by_bird - by_felix
        for kinds, who in ((by_bird & by_felix, ("BIRD", "Felix")), (never, ())):
            pool = next((pool for kind, pool in pools.items() if kind in kinds), None)
            if pool is not None or (kinds and not cluster.pools):
                where = f'to IPPool "{pool.name}"' if pool else "to pools without VXLAN, if there are any"
                message = (
                    f"BIRD and Felix both program the routes between nodes {where}, and undo each other's"
                    if who
                    else f"nobody programs the routes between nodes {where}, so that their pods do not reach each other"
                )
                proof = witness("route", prefix=pool.cidr, programmed_by=who) if pool else None
                yield _breach(cluster, one, other, message, pool, proof)


def _tunnelled(pool: IPPool) -> str:
    return "plain" if pool.ipip_mode == "Never" else "tunnelled"


def _shared(pool: IPPool) -> bool:
    """Whether the routes to its pods are among those shared; with VXLAN they are always Felix's."""
    return pool.vxlan_mode == "Never" and not pool.unreadable and pool.for_pods


def _priority(cluster: Cluster) -> Iterator[Breach]:
    for family, field in _PRIORITY.items():
        pool = next((pool for pool in cluster.pools if _shared(pool) and pool.net and pool.net.family == family), None)
        for one, other in _both(cluster, field, NORMAL_ROUTE_PRIORITY, NORMAL_ROUTE_PRIORITY):
            if one.value != other.value and (pool is not None or not cluster.pools):
                message = f"BIRD and Felix mean different metrics by the normal one of routes to pods over IPv{family}"
                proof = witness("route", prefix=pool.cidr, bird=one.value, felix=other.value) if pool else None
                yield _breach(cluster, one, other, message, pool, proof)


def _breach(
    cluster: Cluster, one: _Said, other: _Said, message: str, pool: IPPool | None, proof: Witness | None
) -> Breach:
    """At what is written, Felix's before BIRD's; undecided where the other side may be written elsewhere."""
    at, beside = (other, one) if other.written else (one, other)
    assert at.resource is not None, "what is written is in an object"
    related = [Related(pool.span("cidr"), "its pods need these routes")] if pool else []
    if beside.resource is not None:
        key = ("spec", beside.field) if beside.written else ("metadata", "name")
        related.append(Related(beside.resource.span(*key), "the other side"))
    elsewhere = beside.resource is None and beside.kind not in cluster.intent.complete
    words = f"{message}: {at.field} is {beside.words} and {at.words}"
    return Breach.at(
        at.resource,
        ("spec", at.field),
        f"{words}, unless one that is not among the manifests says otherwise" if elsewhere else words,
        tuple(related),
        proof,
        undecided=elsewhere or pool is None,
    )


QUESTIONS: dict[str, Question] = {"owner": _owner, "priority": _priority}
