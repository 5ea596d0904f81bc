"""What makes all BGP objects, or a pool's part in BGP, idle: the switch of the installation, and pools kept in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.bgp.daemon import ROUTER_ID, has_router_id, switched_off
from callint.bgp.imports import ipip_by_bird
from callint.bgp.network import network
from callint.bgp.nodes import ANY
from callint.bgp.pools import block_length, host_local
from callint.checks.bgp.kept_in import Gates
from callint.checks.bgp.routed_pools import routed
from callint.checks.breach import Breach, Question, asked
from callint.checks.left_open import EXPORTS, left_open
from callint.finding import Path, Related, witness
from callint.net.address import BITS, Address, Prefix
from callint.net.prefixes import within
from callint.objects import Cluster, Resource, fields
from callint.objects.calico_node import containers, daemon_sets, environment, more_variables
from callint.objects.pool import IPPool
from callint.steps import Steps

# node/pkg/lifecycle/startup: what CALICO_IPV4POOL_IPIP may be besides never
_TUNNELLED = ("always", "cross-subnet", "crosssubnet")
# operator pkg/controller/ippool/validation.go
_ROUTED = ("IPIP", "IPIPCrossSubnet", "None")
# manifests/calico.yaml: probes of calico-node, and what becomes of it where BIRD does not answer
_PROBES = {
    "livenessProbe": "calico-node is started again and again",
    "readinessProbe": "calico-node never becomes ready",
}
_OF_BIRD = ("bird-live", "bird6-live", "bird-ready", "bird6-ready")
# without serviceClusterIPs, which may be there for Felix alone, that drops loops of packets to services
_ANNOUNCED = ("serviceExternalIPs", "serviceLoadBalancerIPs", "prefixAdvertisements")


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """BGP that does not run, or not for what needs it.

    Parameter `problem`: `disabled` (BGPPeers, and an installation without BGP), `withheld` (a pool whose routes between
    nodes go over BGP, with `disableBGPExport`, or with filters that keep it in on every session), `address` (two nodes
    with one BGP address), `router-id` (nodes without IPv4 are given no router id), `probed` (probes of calico-node ask
    for a BIRD that does not run).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _off(cluster: Cluster) -> Iterator[Breach]:
    yield from _unrouted(cluster)
    idle = [one.resource for one in cluster.bgp_peers] or list(_announcing(cluster))
    for resource, path, says in switched_off(cluster) if idle else ():
        first, *others = idle
        effect = "has no effect" if first.kind == "BGPPeer" else "announces nothing"
        does = f"and {len(others)} more have no effect" if others else effect
        yield Breach.at(
            resource,
            path,
            f'{says}, so that BIRD does not run on any node and {first.kind} "{first.name}" {does}',
            tuple(Related(one.span("metadata", "name"), effect) for one in idle[:3]),
            witness("reference", reference=f"{first.kind}/{first.name}", peers=len(cluster.bgp_peers)),
        )


def _announcing(cluster: Cluster) -> Iterator[Resource]:
    """BGPConfigurations that say more than how BGP is to be: addresses of services that nodes announce."""
    default = cluster.find("BGPConfiguration", "default")
    if default is not None and any(default.spec.get(field) for field in _ANNOUNCED):
        yield default


def _unrouted(cluster: Cluster) -> Iterator[Breach]:
    """Pools of an Installation that the operator refuses, for BIRD brings the routes to their pods."""
    if any(one.spec.get("programClusterRoutes") for one in cluster.of("FelixConfiguration")):
        return
    for one in cluster.installations:
        settings = fields.mapping(one.spec, "calicoNetwork")
        if fields.text(settings, "bgp") != "Disabled" or has_routing_mode(one) or not _own_plugin(one):
            continue
        for index, pool in fields.items(settings, "ipPools"):
            path: Path = ("spec", "calicoNetwork", "ipPools", index, "encapsulation")
            mode = fields.text(pool, "encapsulation") if isinstance(pool, dict) else None
            if mode is None or mode not in _ROUTED:
                continue
            yield Breach.at(
                one,
                path,
                f'"bgp" of the Installation is "Disabled", and with encapsulation "{mode}" it is BGP that brings the '
                "routes to the pods of other nodes: the operator refuses the Installation",
                (Related(one.span("spec", "calicoNetwork", "bgp"), "BIRD does not run"),),
                witness("route", prefix=fields.text(pool, "cidr") or "", programmed_by=()),
                help="enable BGP, or use VXLAN or VXLANCrossSubnet",
            )
    yield from _stranded(cluster)


def _stranded(cluster: Cluster) -> Iterator[Breach]:
    """Pools beside the Installation, where BIRD would bring the routes to their pods and does not run."""
    off = next((one for one in switched_off(cluster) if fields.at(one[0].plain, one[1]) != "none"), None)
    if off is None or not connects_pods(cluster) or any(map(has_routing_mode, cluster.installations)):
        return
    if network(cluster).alone or host_local(cluster):
        return
    for pool, _ in _routed(cluster):
        if pool.resource.kind != "Installation":
            yield Breach.at(
                pool.resource,
                pool.path("cidr"),
                f"{off[2]}, so that BIRD does not run, and without VXLAN it is BGP that brings the routes to the pods "
                f'of IPPool "{pool.name}" on other nodes, if there are any',
                (Related(off[0].span(*off[1]), "BIRD does not run"),),
                witness("route", prefix=pool.cidr, programmed_by=()),
                help="enable BGP, or use `vxlanMode`",
                undecided=pool.ipip_mode == "Never" and not network(cluster).listed,
            )
    yield from _first_pool(cluster, *off)


def _first_pool(cluster: Cluster, resource: Resource, path: Path, says: str) -> Iterator[Breach]:
    """The pool that calico-node makes as it starts where there is none, of a mode that lives on BIRD."""
    told = {} if cluster.pools or cluster.incomplete or more_variables(cluster) else environment(cluster)
    mode, makes_none = told.get("CALICO_IPV4POOL_IPIP"), told.get("NO_DEFAULT_POOLS")
    if mode is None or (mode.value or "").lower() not in _TUNNELLED or "FELIX_PROGRAMCLUSTERROUTES" in told:
        return
    makes = makes_none is None or makes_none.value != "true"
    if makes and ipip_by_bird(network(cluster).settings.default, cluster.target.release):
        yield Breach.at(
            mode.resource,
            mode.path,
            f"{says}, so that BIRD does not run, and with IPIP it is BGP that brings the routes to the pods on other "
            "nodes, if there are any",
            (Related(resource.span(*path), "BIRD does not run"),),
            witness("reference", reference="CALICO_IPV4POOL_IPIP", backend=str(fields.at(resource.plain, path))),
            help='set CALICO_IPV4POOL_IPIP to "Never" and CALICO_IPV4POOL_VXLAN to "Always", or the backend to "bird"',
        )


def _routed(cluster: Cluster) -> Iterator[tuple[IPPool, Prefix]]:
    """The pools of which pods get addresses unasked; those of a cloud's subnets are routed by the cloud."""
    for pool, inside in routed(cluster):
        if not (pool.on_request or "awsSubnetID" in pool.plain or pool.unreadable):
            yield pool, inside


def has_routing_mode(installation: Resource) -> bool:
    """Whether the operator is told who programs the routes between nodes, and writes it into both configurations."""
    return fields.mapping(installation.spec, "calicoNetwork").get("clusterRoutingMode") is not None


def connects_pods(cluster: Cluster) -> bool:
    """Whether Calico does, as far as anybody says."""
    return all(map(_own_plugin, cluster.installations))


def _own_plugin(installation: Resource) -> bool:
    """Whether Calico connects the pods; in clouds another plugin does, unless the Installation names Calico's."""
    plugin = fields.text(fields.mapping(installation.spec, "cni"), "type")
    return plugin == "Calico" if plugin else installation.spec.get("kubernetesProvider") not in ("AKS", "EKS", "GKE")


def _withheld(cluster: Cluster) -> Iterator[Breach]:
    model = network(cluster)
    if model.alone or model.off:
        return
    steps = Steps(cluster, "IPPools with BGPFilters")
    sessions = [one for one in model.peerings if one.form.kind != "workload"] if model.settings.mesh is False else []
    nodes = {one.here for one in sessions}
    several = sum(len(one.members) for one in nodes) > 1
    if not several and not any(one.first.name == ANY for one in nodes):
        sessions = []
    gates = {family: Gates(cluster, sessions, family, steps) for family in model.families}
    for pool, inside in _routed(cluster):
        if not pool.disable_bgp_export:
            yield from _filtered(cluster, pool, inside, gates[inside.family], several=several)
            continue
        yield Breach.at(
            pool.resource,
            pool.path("disableBGPExport"),
            f'IPPool "{pool.name}" is kept from the other nodes, too: `disableBGPExport` counts on '
            "every session, and without VXLAN it is BGP that brings the routes to its pods",
            (),
            witness("route", prefix=pool.cidr, direction="export", verdict="reject", decided_by="the pool"),
            help="keep the pool in with a BGPFilter on the peers outside, or let it use VXLAN",
        )


def _filtered(cluster: Cluster, pool: IPPool, inside: Prefix, gates: Gates, *, several: bool) -> Iterator[Breach]:
    """Without the mesh, filters decide alone whether anybody hears of a pool's blocks; one node needs nobody to."""
    size = block_length(pool, inside)
    if size > BITS[inside.family] or host_local(cluster) or left_open(cluster, EXPORTS):
        return
    rule = gates.keeper(within(inside, size, size))
    if rule is not None:
        yield Breach.at(
            pool.resource,
            pool.path("cidr"),
            f'IPPool "{pool.name}" is kept from {"the other nodes" if several else "other nodes, if there are any"}: '
            f"there is no mesh, and filters reject its blocks on every session, as {rule} does",
            (Related(rule.span, "keeps them in"),),
            witness("route", prefix=pool.cidr, direction="export", verdict="reject", decided_by=str(rule)),
            help=f"accept {inside} before that rule, with `matchOperator: In`",
            undecided=not several,
        )


def _address(cluster: Cluster) -> Iterator[Breach]:
    first: dict[Address, str] = {}
    for speaker in network(cluster).speakers.values():
        for family, held in speaker.networks.items():
            if held is None:
                continue
            known = first.setdefault(held.address, speaker.name)
            node, other = cluster.nodes.get(speaker.name), cluster.nodes.get(known)
            if known == speaker.name or node is None or other is None or not node.resources or not other.resources:
                continue
            there, where = other.saying(f"ipv{family}Address")
            yield Breach.at(
                *node.saying(f"ipv{family}Address"),
                f'{held.address} is the BGP address of node "{speaker.name}" and of node "{known}": calico-node starts '
                "with no address that another node has, and BIRD refuses two sessions of one name",
                (Related(there.span(*where), "has it, too"),),
                witness("address", address=str(held.address), node=speaker.name, other=known),
            )


def _router_id(cluster: Cluster) -> Iterator[Breach]:
    """BIRD's router id is the node's IPv4 address, unless calico-node is told otherwise (bird.cfg.template)."""
    told = environment(cluster)
    ipv4, given = told.get("IP"), told.get(ROUTER_ID)
    if ipv4 is None or has_router_id(cluster) is not False or any(switched_off(cluster)):
        return
    yield Breach(
        "calico-node is told to look for no IPv4 address, of which BIRD would take its router id, and CALICO_ROUTER_ID "
        "gives none: BIRD refuses its configuration and does not start, not for IPv6 either",
        ipv4.span,
        ipv4.resource.ref,
        ipv4.path,
        () if given is None else (Related(given.span, "empty"),),
        witness("reference", reference=ROUTER_ID),
        "`CALICO_ROUTER_ID: hash` makes one of the name of each node",
    )


def _probed(cluster: Cluster) -> Iterator[Breach]:
    """Probes of calico-node that ask for BIRD where the environment has it left off (node/pkg/health).

    Of several DaemonSets nobody knows which one runs.
    """
    backend = next((one for one in switched_off(cluster) if one[0].kind != "Installation"), None)
    if backend is None or len(daemon_sets(cluster)) > 1:
        return
    off, where, says = backend
    for resource, path, container in containers(cluster):
        for probe, index, option in _asking_for_bird(container):
            yield Breach.at(
                resource,
                (*path, probe, "exec", "command", index),
                f"{probe} of calico-node asks for BIRD, and {says}, so that BIRD does not run: {_PROBES[probe]}",
                (Related(off.span(*where), "BIRD does not run"),),
                witness("reference", reference=option, backend=str(fields.at(off.plain, where))),
                help="take it out of the command of the probe",
            )


def _asking_for_bird(container: dict[str, Any]) -> Iterator[tuple[str, int, str]]:
    """The options by which probes ask for BIRD: the probe, and the place in its command."""
    for probe in _PROBES:
        asking = fields.mapping(fields.mapping(container, probe), "exec")
        for index, option in fields.items(asking, "command"):
            if isinstance(option, str) and option.startswith("-") and option.lstrip("-") in _OF_BIRD:
                yield probe, index, option


QUESTIONS: dict[str, Question] = {
    "disabled": _off,
    "withheld": _withheld,
    "address": _address,
    "router-id": _router_id,
    "probed": _probed,
}
