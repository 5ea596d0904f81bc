"""What becomes of a host's packets beyond the services of `service`: forwarding and failsafe ports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache, partial
from typing import Any

from callint.calico import failsafe
from callint.checks.breach import Breach, Question, asked
from callint.checks.proof import forwarded, judged, stranger
from callint.finding import Related, witness
from callint.net import intervals
from callint.net.address import FAMILIES
from callint.net.internet import INTERNET
from callint.net.packets import Box
from callint.net.ports import TCP
from callint.net.read import address, prefixes
from callint.objects import Cluster, Resource
from callint.objects.policy import Policy
from callint.policy import NodePolicy, Packet, Verdict, evaluate, model_of
from callint.policy.doubt import UndecidedError
from callint.policy.failsafes import Failsafe
from callint.policy.inventory import HostMember, WorkloadMember
from callint.policy.links import leads_somewhere, listed
from callint.policy.model import Model
from callint.policy.representative import with_labels
from callint.policy.symbolic.engine import Engine, selections
from callint.policy.symbolic.point import SOURCE_PORT
from callint.policy.symbolic.selection import Selection, Selections
from callint.policy.symbolic.sets import only
from callint.source import placeholder
from callint.steps import Steps

_SSH_PORT = 22
_DHCP_ANSWERS = ("udp", 68)
_LISTED = 20
"""So many ports of a list are named."""
_OF_PACKET = 200
"""Steps that it takes to follow a packet from one interface to another."""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Traffic of host endpoints that policy or failsafe lists treat in one way, which `problem` names.

    `forward-accept-lost` (forward policy for one direction alone takes the default accept away), `failsafe-open`
    (failsafe ports open to everybody at a public address), `failsafe-cut` (a written failsafe list without ssh, which
    policy drops).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _members(cluster: Cluster) -> Iterator[tuple[NodePolicy, HostMember, str]]:
    """Every host endpoint with its node and the interface at which it is active, the first of several."""
    model = model_of(cluster)
    active: dict[str, dict[int, str]] = {}
    for member in model.inventory.host_endpoints:
        about = member.about
        if about.resource.kind != "HostEndpoint" or not about.node or placeholder(about.node) is not None:
            continue
        here = model.at(about.node)
        if about.interface in ("", "*"):
            if about.node not in active:
                active[about.node] = _active(here)
            name = active[about.node].get(id(member))
        else:
            name = about.interface if _governs(here, member, about.interface) else None
        if name is not None:
            yield here, member, name


def _active(here: NodePolicy) -> dict[int, str]:
    """The first interface of each endpoint that surely governs one of a node's."""
    found: dict[int, str] = {}
    for name in here.interfaces:
        governor = here.governance.of(name)
        if governor.endpoint is not None and governor.unknown is None:
            found.setdefault(id(governor.endpoint), name)
    return found


def _governs(here: NodePolicy, member: HostMember, name: str) -> bool:
    governor = here.governance.of(name)
    return governor.endpoint is member and governor.unknown is None


def _forward_accept_lost(cluster: Cluster) -> Iterator[Breach]:
    """Table 2.4 of the semantics: a chain with forward policy for the other direction alone clears the accept mark."""
    known = selections(model_of(cluster))
    alone = cache(partial(_ingress_alone, known))
    steps = Steps(cluster, "interfaces with host endpoints")
    for here, member, name in _members(cluster):
        decisive = alone(known.of(member))
        if decisive is None or not _carries(here, name):
            continue
        facts = cluster.facts.get(here.node)
        chain = facts.firewall.forward if facts else None
        fallback = chain.verdict if chain else None
        if fallback == "accept" or member.about.interface == "*":
            continue
        way = _through(here, name, steps)
        whose = "packets"
        if way is None and fallback == "drop" and any(pool.for_pods for pool in cluster.pools):
            way, whose = _from_pod(here, name), "packets of pods"
        if way is None or way[1].outcome != "no-verdict":
            continue
        packet, verdict = way
        resource = decisive.resource
        lost = "drops them" if fallback == "drop" else "may drop them"
        yield Breach.at(
            resource,
            ("spec", "applyOnForward"),
            f'policy "{resource.name}" with applyOnForward is of ingress alone, so {whose} forwarded out of "{name}" '
            f'of node "{here.node}" are no longer accepted by Calico, and the host\'s own FORWARD chain {lost}',
            (Related(member.about.resource.span("metadata", "name"), "packets leave here"),),
            judged(here, packet, verdict),
            "add Egress to its types with a rule that allows them"
            if fallback == "drop"
            else 'say in the facts of the node what the chain FORWARD does: "firewall: {forward: drop}" or accept',
            undecided=fallback is None,
        )


def _ingress_alone(known: Selections, selection: Selection) -> Policy | None:
    """The first policy of an endpoint's forward chains if all of them are surely known and none is of egress."""
    forward = selection.of_kind("forward")
    every = (known.tiers[one.tier].policies[one.place].policy for one in forward)
    enforced = [policy for policy in every if not policy.staged]
    sure = selection.hidden is None and not any(one.doubt for one in forward)
    return enforced[0] if sure and enforced and not any(policy.governs("egress") for policy in enforced) else None


def _through(here: NodePolicy, leaving: str, steps: Steps) -> tuple[Packet, Verdict] | None:
    """A packet forwarded out of an interface from another one that has an endpoint, which policy does not drop.

    Raises TooManyStepsError.
    """
    for arriving in here.interfaces:
        if arriving != leaving and _carries(here, arriving) and here.governance.of(arriving).endpoint is not None:
            steps.spend(_OF_PACKET)
            packet = forwarded(arriving, leaving)
            verdict = evaluate(here, packet)
            if verdict.outcome in ("accept", "no-verdict"):
                return packet, verdict
    return None


def _from_pod(here: NodePolicy, leaving: str) -> tuple[Packet, Verdict] | None:
    """A packet of a pod that is forwarded out of an interface, if all pods are not known already."""
    found = _with_pod(here.model)
    if found is None:
        return None
    model, pod = found
    packet = forwarded(pod.about.interface, leaving)._replace(source=pod.about.addresses[0])
    return packet, evaluate(model.at(here.node), packet)


@lru_cache(maxsize=8)
def _with_pod(model: Model) -> tuple[Model, WorkloadMember] | None:
    """The same cluster with a pod of which no more is known than that it has an IPv4 address."""
    pod = with_labels(model, "default", "default", {}, None) if not model.inventory.pods_complete else None
    if pod is None or not pod.about.addresses or ":" in pod.about.addresses[0]:
        return None
    return Model(model.cluster, (pod,)), pod


def _carries(here: NodePolicy, name: str) -> bool:
    """Whether packets of others may come and go by an interface."""
    known = listed(here.inventory.cluster, here.node).get(name)
    return name != "lo" and (known is None or leads_somewhere(known))


def _failsafe_open(cluster: Cluster) -> Iterator[Breach]:
    found: dict[tuple[Resource | None, bool], list[Failsafe]] = {}
    for here, member, name in _members(cluster):
        public = next(filter(_is_public, _addresses(here, member, name)), None)
        if public is None:
            continue
        try:
            ports = here.settings.failsafe("Inbound")
        except UndecidedError:
            continue
        key = ports[0].resource if ports else None, ":" in public
        if key not in found:
            found[key] = [one for one in ports if _open_to_all(one, public) and one.port[:2] != _DHCP_ANSWERS]
        closable = found[key]
        if not closable:
            continue
        listed = ", ".join(f"{one.port.protocol} {one.port.port}" for one in closable[:_LISTED])
        if len(closable) > _LISTED:
            listed += f" and {len(closable) - _LISTED} more"
        first = closable[0].port
        yield Breach.at(
            member.about.resource,
            ("metadata", "name"),
            f'failsafe ports of HostEndpoint "{member.about.name}" are open to everybody at the public address '
            f'"{public}", and no policy can close them: {listed}',
            _lists(closable),
            witness(
                "packet",
                node=here.node,
                in_interface=name,
                source=stranger(public),
                destination=public,
                protocol=first.protocol,
                destination_port=first.port,
                verdict="accept",
                decided_by="failsafe",
            ),
            "give each failsafe port in FelixConfiguration a `net` from which it is needed",
        )


def _open_to_all(one: Failsafe, address: str) -> bool:
    """A net counts for its own IP version alone."""
    return one.net is None or (one.net.length == 0 and (one.net.family == 6) is (":" in address))


def _addresses(here: NodePolicy, member: HostMember, name: str) -> Iterator[str]:
    yield from (str(address) for address in here.interfaces.get(name) or ())
    yield from (str(prefix.address) for prefix in prefixes(member.about.expected_ips))


def _is_public(text: str) -> bool:
    found = address(text)
    return found is not None and intervals.contains(INTERNET[0 if found.family == 4 else 1], found.value)


def _lists(ports: list[Failsafe]) -> tuple[Related, ...]:
    found = next((one for one in ports if one.resource is not None), None)
    if found is None or found.resource is None:
        return ()
    return (Related(found.resource.span(*found.path), "a failsafe port for everybody"),)


def _failsafe_cut(cluster: Cluster) -> Iterator[Breach]:
    """Remote administration, which nothing shows to be needed, and everybody misses; services have their own rules."""
    listed = [(one, said) for one in _members(cluster) if (said := one[0].settings.said("failsafeInboundHostPorts"))]
    if not listed:
        return
    model, ssh = model_of(cluster), next(one for one in failsafe.INBOUND if one.port == _SSH_PORT)
    box: Box = {"protocol": only(TCP), "destination_port": only(_SSH_PORT)}
    engines = [Engine(model, family, only=[box]) for family in FAMILIES]
    for (here, member, name), said in listed:
        try:
            kept = here.settings.failsafe("Inbound")
        except UndecidedError:
            continue
        if any((one.port.protocol, one.port.port) == (ssh.protocol, ssh.port) for one in kept):
            continue
        dropped = [engine.own(here.node, name, "ingress").drop for engine in engines]
        if any(drop != engine.space.everything for drop, engine in zip(dropped, engines, strict=True)):
            continue
        own = next(_addresses(here, member, name), "192.0.2.2")
        packet = Packet(name, None, stranger(own), own, "tcp", SOURCE_PORT, _SSH_PORT)
        yield Breach.at(
            said.resource,
            said.path,
            f"the failsafe list of {said} leaves out tcp {_SSH_PORT} (remote "
            f'administration), which no policy allows at "{name}" of node "{here.node}" to anybody',
            (Related(member.about.resource.span("metadata", "name"), "the host endpoint"),),
            judged(here, packet, evaluate(here, packet)),
            "keep the port in the list, with a `net` where that is possible, or allow it by policy first",
            key=True,
        )


QUESTIONS: dict[str, Question] = {
    "forward-accept-lost": _forward_accept_lost,
    "failsafe-open": _failsafe_open,
    "failsafe-cut": _failsafe_cut,
}
