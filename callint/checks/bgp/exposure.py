"""What accepting rules of BGPFilters let through, held against pools, service ranges and the routes that there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from callint.bgp.alike import Alike
from callint.bgp.explicit import Explicit, explicit_accepts
from callint.bgp.filtering import filters_of
from callint.bgp.imports import Kernel, KernelStep, Programmed
from callint.bgp.network import network
from callint.bgp.reach import RouteGraph
from callint.bgp.routes import engine
from callint.bgp.rules import Direction, Rule
from callint.calico.defaults import POOL_USES
from callint.checks.bgp.outward import Outward, outward
from callint.checks.bgp.peers import peerings, used_by
from callint.checks.bgp.unsettled import unsettled
from callint.checks.breach import Breach, Question, asked
from callint.facts.values import NodeFacts
from callint.finding import Path, Related, witness
from callint.net.address import FAMILIES, Family, Prefix
from callint.net.overlapping import Networks
from callint.net.prefixes import PrefixSet, exactly, union_all, within
from callint.objects import Cluster
from callint.objects.bgp import BGPPeer
from callint.objects.pool import IPPool
from callint.steps import Steps, counted

# Pools that are found near some addresses in one step
_NEAR = 8
# Pools that a finding names
_SHOWN = 3
# Why nobody installs what others than the cluster announce there (K1, K4 of bird_ipam.cfg.template)
_LOST: dict[KernelStep, str] = {
    "service-range": "BIRD installs none inside a service range",
    "vxlan-pool": "BIRD leaves those inside VXLAN pools to Felix, which installs routes to pods alone",
    "ipip-pool": "BIRD leaves those inside IPIP pools to Felix, which installs routes to pods alone",
}


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Accepting rules against the rest of the cluster.

    Parameter `problem`: `withheld` (exports what `disableBGPExport` keeps in), `default-route` (exports the node's
    default route), `own-prefixes` (imports and installs networks of pools), `unprogrammed` (imports what never reaches
    the kernel).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


class _Held:
    """Pools, found by what overlaps them."""

    def __init__(self, cluster: Cluster, pools: Iterable[IPPool]) -> None:
        self._steps = Steps(cluster, "rules of BGPFilters with IPPools")
        self._networks = Networks((net, pool) for pool in pools if (net := pool.net) is not None)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def overlapping(self, prefixes: PrefixSet) -> Iterator[tuple[IPPool, PrefixSet]]:
        """Each pool that holds some of the prefixes, with those that it holds; raises TooManyStepsError."""
        near = self._networks.near(prefixes.family, prefixes.addresses())
        self._steps.spend(len(near) // _NEAR)
        for inside, pool in counted(near, self._steps, 1):
            both = prefixes & within(inside)
            if both:
                yield pool, both


def _in_use(pool: IPPool) -> bool:
    """Whether pods, or tunnels of nodes, surely get addresses from it."""
    return not pool.disabled and not pool.unreadable and not set(POOL_USES).isdisjoint(pool.allowed_uses)


class _Accepts:
    """What rules accept in one direction, each until something is said of it."""

    def __init__(self, cluster: Cluster, direction: Direction) -> None:
        self._cluster, self._direction = cluster, direction
        self._seen: set[object] = set()
        self._said: set[tuple[str, Path]] = set()

    def of(self, peer: BGPPeer, family: Family | None = None, *, apart: bool = False) -> Iterator[Explicit]:
        """Those of a peer, of one family or both; of peers with the same filters the first, and one that is `apart`."""
        key = (filters_of(peer), family, apart)
        if key not in self._seen:
            self._seen.add(key)
            for accept in explicit_accepts(self._cluster, peer, self._direction):
                if family in (None, accept.family) and accept.rule.place not in self._said:
                    yield accept

    def breach(
        self,
        peer: BGPPeer,
        accept: Explicit,
        prefixes: PrefixSet,
        message: str,
        related: Iterable[Related] = (),
        advice: str = "",
    ) -> Breach:
        """One at the network that a rule names, or at its action where it names none; the rule is then said."""
        rule = accept.rule
        self._said.add(rule.place)
        return Breach.at(
            rule.resource,
            (*rule.rule.path, "cidr" if rule.rule.cidr else "action"),
            message,
            (*related, *used_by([peer], rule.resource.name)),
            witness(
                "route",
                prefix=str(prefixes.witness()),
                peer=peer.resource.name,
                direction=self._direction,
                verdict="accept",
                decided_by=str(rule),
            ),
            advice,
        )


def _withheld(cluster: Cluster) -> Iterator[Breach]:
    accepts = _Accepts(cluster, "export")
    withheld = _Held(cluster, (pool for pool in cluster.pools if pool.disable_bgp_export))
    for peer in cluster.bgp_peers if withheld else ():
        for accept in filter(_plain, accepts.of(peer)):
            held = list(islice(withheld.overlapping(accept.prefixes), _SHOWN + 1))
            if held:
                (pool, both), *others = held
                named = [f'"{one.name}"' for one, _ in others[: _SHOWN - 1]] + ["others"] * (len(held) > _SHOWN)
                more = f"; the same goes for {' and '.join(named)}" if named else ""
                yield accepts.breach(
                    peer,
                    accept,
                    both,
                    f'{accept.rule} lets {both} out to BGPPeer "{peer.resource.name}", though IPPool "{pool.name}" has '
                    f"`disableBGPExport`: what a filter accepts is not asked again{more}",
                    [Related(one.span("disableBGPExport"), "is to keep the pool in") for one, _ in held[:_SHOWN]],
                )


def _plain(accept: Explicit) -> bool:
    """Whether the rule asks for nothing but the prefix, and perhaps the type of the session.

    Among rules that cannot be read one may decide first.
    """
    rule = accept.rule
    return all(one.kind == "peer-type" for one in accept.when) and not rule.resource.unreadable(*rule.rule.path[:2])


def _having_default(cluster: Cluster) -> Iterator[Outward]:
    """Peers of which a node may have a default route, as far as facts tell."""
    asked: dict[tuple[Alike, Family], bool] = {}
    for one in outward(cluster):
        near = [(peering.here, peering.family) for peering in peerings(cluster, one.peer)]
        for here, family in near:
            if (here, family) not in asked:
                asked[here, family] = any(_may_have_default(speaker.facts, family) for speaker in here.members)
        if any(asked[each] for each in near):
            yield one


def _may_have_default(facts: NodeFacts | None, family: Family) -> bool:
    return facts is None or not facts.knows("routes") or bool(facts.default_routes(family))


def _default_route(cluster: Cluster) -> Iterator[Breach]:
    accepts = _Accepts(cluster, "export")
    for peer, session in _having_default(cluster):
        default = Prefix(session.family, 0, 0)
        for accept in filter(_plain, accepts.of(peer, session.family)):
            rule, asked = accept.rule, accept.rule.rule
            named = asked.operator == "Equal" or (asked.cidr or "").endswith("/0")
            if not named and default in accept.prefixes:
                but = "" if asked.operator == "NotEqual" else "those in "
                what = f'every route but {but}"{asked.cidr}"' if asked.cidr else "every route"
                yield accepts.breach(
                    peer,
                    accept,
                    exactly(default),
                    f'{rule} accepts {what} for export, so that BGPPeer "{peer.resource.name}" learns the default '
                    "route of the node with all the rest",
                    advice="name the networks that are to leave with `matchOperator: In`",
                )


def _own_prefixes(cluster: Cluster) -> Iterator[Breach]:
    accepts = _Accepts(cluster, "import")
    own = _Held(cluster, filter(_in_use, cluster.pools))
    kernels = engine(cluster).kernels
    for peer, session in outward(cluster) if own else ():
        family = session.family
        for accept in filter(_plain, accepts.of(peer, family)):
            for pool, both in own.overlapping(accept.prefixes) if _names_network(accept.rule) else ():
                if _installed(kernels.get(family), both) and not _through_routers(cluster, family):
                    yield accepts.breach(
                        peer,
                        accept,
                        both,
                        f'{accept.rule} imports {both} from BGPPeer "{peer.resource.name}", which is inside IPPool '
                        f'"{pool.name}": a more specific route from there takes over traffic to pods',
                        [Related(pool.span("cidr"), "the cluster's own network")],
                        "put a Reject for the cluster's own networks before this rule",
                    )
                    break


def _names_network(rule: Rule) -> bool:
    return rule.rule.operator in ("In", "Equal")


def _installed(kernel: Kernel | None, prefixes: PrefixSet) -> bool:
    """Whether any of it takes over traffic, which what stays out of the kernel does not."""
    return kernel is None or any(part.in_kernel for part in kernel.divide(prefixes))


@lru_cache(maxsize=8)
def _through_routers(cluster: Cluster, family: Family) -> bool:
    """Whether nodes hear of each other's pods through routers outside, as with one for each rack and no mesh.

    Variables leave it open, as long as there is no mesh.
    """
    model = network(cluster)
    if model.settings.mesh is not False:
        return False
    left = unsettled(cluster)
    if left.all or left.nodes or left.peers:
        return True
    if not model.listed or (model.alone and not cluster.nodes_complete):
        forms = (peering.form for peering in model.peerings if peering.form.kind != "workload")
        among = any(peer.peer_selector is not None for peer in cluster.bgp_peers)
        return not among and all(form.peer_type == "eBGP" for form in forms)
    graph = RouteGraph(model, family)
    speaking = {one for one in model.nodes.all if one.first.speaks(family) is not False}
    return any(not speaking <= graph.reach(start) for start in graph.starts(mesh=False) if start in speaking)


def _unprogrammed(cluster: Cluster) -> Iterator[Breach]:
    """Felix installs the routes to pods, and no node needs one to services; what others announce there is lost."""
    accepts = _Accepts(cluster, "import")
    kernels, pools = engine(cluster).kernels, _Held(cluster, cluster.pools)
    outside = {one.peer.resource.name for one in outward(cluster)} if cluster.bgp_filters else set()
    given = [pool.net for pool in cluster.pools if _in_use(pool) and pool.net is not None]
    pods = {family: union_all(family, (within(one) for one in given if one.family == family)) for family in FAMILIES}

    def lost(part: Programmed, peer: BGPPeer) -> bool:
        if part.step == "service-range":
            return peer.resource.name in outside
        return part.step in _LOST and not part.prefixes.overlaps(pods[part.prefixes.family])

    for peer in cluster.bgp_peers:
        for accept in accepts.of(peer, apart=peer.resource.name in outside):
            rule, kernel = accept.rule, kernels.get(accept.family)
            if kernel is None or not _names_network(rule) or rule.resource.unreadable(*rule.rule.path[:2]):
                continue
            parts = list(kernel.divide(accept.prefixes))
            if parts and all(lost(part, peer) for part in parts):
                yield accepts.breach(
                    peer,
                    accept,
                    accept.prefixes,
                    f'{rule} accepts routes from BGPPeer "{peer.resource.name}" that no node installs: '
                    f"{_LOST[parts[0].step]}",
                    _keeping_out(cluster, pools, parts[0].prefixes),
                )


def _keeping_out(cluster: Cluster, pools: _Held, prefixes: PrefixSet) -> list[Related]:
    """The pools and service ranges that the prefixes lie in."""
    found = [
        Related(pool.span("cidr"), f"this pool has vxlanMode {pool.vxlan_mode}, ipipMode {pool.ipip_mode}")
        for pool, _ in islice(pools.overlapping(prefixes), 3)
    ]
    default = network(cluster).settings.default
    if default is not None and not found:
        found.append(Related(default.resource.span("metadata", "name"), "its service ranges hold the network"))
    return found


QUESTIONS: dict[str, Question] = {
    "withheld": _withheld,
    "default-route": _default_route,
    "own-prefixes": _own_prefixes,
    "unprogrammed": _unprogrammed,
}
