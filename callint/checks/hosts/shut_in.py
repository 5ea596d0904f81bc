"""Host endpoints at which no policy allows what their node itself gets or sends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache, partial
from itertools import chain

from callint.calico.defaults import ALLOW_ALL_PROFILE, KUBELET_PORT
from callint.checks.breach import Breach, unanswered, unexamined
from callint.checks.hosts.written import written_endpoints
from callint.checks.proof import judged, stranger
from callint.finding import Related, Witness, counted
from callint.objects import Cluster
from callint.objects.endpoint import HostEndpoint
from callint.objects.policy import Policy
from callint.policy import Model, NodePolicy, Packet, evaluate, model_of
from callint.policy.chains import Kind
from callint.policy.inventory import HostMember
from callint.policy.links import is_host_interface
from callint.policy.symbolic.engine import alike, selections
from callint.policy.symbolic.point import SOURCE_PORT
from callint.policy.symbolic.selection import Selection, Selections
from callint.selector.values import Budget, ExhaustedError

_FOR_HOSTS = "GlobalNetworkPolicy"
_OF_POLICY = 5
"""Steps that it takes to find a policy among those of an endpoint, and to ask it."""


def _governed(cluster: Cluster) -> Iterator[tuple[HostMember, set[str], list[Policy]]]:
    """The endpoints without profile of which it is sure what policy governs the node's own traffic there.

    With the directions in which it does, and that policy.
    """
    known = selections(model_of(cluster))
    enforced = cache(partial(_enforced, known))
    for member in written_endpoints(cluster):
        found = enforced(known.of(member)) if not member.about.profiles else None
        if found is not None:
            yield member, *found


def _enforced(known: Selections, selection: Selection) -> tuple[set[str], list[Policy]] | None:
    """The directions of the policy for own traffic, and that policy; None where something of it is not known."""
    kinds: tuple[Kind, ...] = ("normal", "preDNAT", "untracked")
    entries = [entry for kind in kinds for entry in selection.of_kind(kind)]
    if selection.hidden is not None or any(entry.doubt is not None for entry in entries):
        return None
    policies = (known.tiers[entry.tier].policies[entry.place].policy for entry in entries)
    enforced = [policy for policy in policies if not policy.staged]
    return {direction for policy in enforced for direction in policy.types}, enforced


def denied(
    model: Model, about: HostEndpoint, direction: str, spend: Callable[[], None] | None = None
) -> Witness | None:
    """A packet that no failsafe port lets through and its verdict, as a witness; None where it is not dropped.

    `spend` is called before each way through the rules, of which there is one for all endpoints that let it pass alike.
    """
    here = model.at(about.node)
    packet = arriving(here, about, KUBELET_PORT)
    if packet is None or packet.in_interface is None:
        return None
    known = not selections(model).limited
    policy = alike(model, here.node, packet.in_interface) if known else (here.node, packet.in_interface)
    passing, key = _passing(model), (policy, packet.source, packet.destination, direction)
    if key in passing:
        return None
    if direction != "Ingress":
        packet = Packet(None, packet.in_interface, packet.destination, packet.source, "udp", SOURCE_PORT, 123)
    try:
        verdict = evaluate(here, packet, spend)
    except ValueError:
        return None
    if verdict.outcome == "drop":
        return judged(here, packet, verdict)
    passing.add(key)
    return None


@lru_cache(maxsize=8)
def _passing(model: Model) -> set[object]:
    """Where a packet was not dropped, for endpoints that policy treats alike."""
    return set()


def arriving(here: NodePolicy, about: HostEndpoint, port: int) -> Packet | None:
    """What a stranger sends to a port of the node by an interface that an endpoint governs; None if it governs none."""
    name = _governed_by(here, about)
    own = next(iter(about.expected_ips), "192.0.2.2").split("/")[0]
    return Packet(name, None, stranger(own), own, "tcp", SOURCE_PORT, port) if name is not None else None


def _governed_by(here: NodePolicy, about: HostEndpoint) -> str | None:
    """An interface that an endpoint governs; None if others have all that it claims.

    One of all interfaces governs a further one where it has none that is known.
    """
    names: Iterable[str] = here.interfaces
    if about.interface == "*":
        known = (name for name in names if is_host_interface(here.inventory.cluster, here.node, name))
        names = chain(known, (f"eth{number}" for number, _ in enumerate(here.inventory.hosts_of(here.node))))
    elif about.interface:
        names = (about.interface,)
    governors = ((name, here.governance.of(name).endpoint) for name in names)
    return next((name for name, governor in governors if governor is not None and governor.about is about), None)


def default_deny(cluster: Cluster) -> Iterator[Breach]:
    """Endpoints with neither policy nor profile; a doubt where no policy for hosts is given: it may be elsewhere."""
    known = any(policy.kind == _FOR_HOSTS for policy in cluster.policies) or _FOR_HOSTS in cluster.intent.complete
    left: list[HostEndpoint] = []
    limited = list(written_endpoints(cluster)) if selections(model_of(cluster)).limited else []
    for member in limited[:1]:
        reason = cluster.limits.too_many("labels and selectors")
        yield unexamined("which policies govern", member.about.resource, reason, len(limited) - 1)
    for member, directions, _ in _governed(cluster):
        about = member.about
        if directions:
            continue
        proof = denied(model_of(cluster), about, "Ingress")
        if proof is None:
            continue
        if not known:
            left.append(about)
            continue
        yield Breach.at(
            about.resource,
            ("metadata", "name"),
            f'HostEndpoint "{about.name}" has neither policy nor profile: {_cut_off(about)}',
            (),
            proof,
            f"write the policy first, or give the endpoint the profile {ALLOW_ALL_PROFILE} until there is one",
        )
    if left:
        others = f" and {counted(len(left) - 1, 'other')}" if len(left) > 1 else ""
        yield unanswered(
            f'whether any policy is for HostEndpoint "{left[0].name}"{others} without profile is not known, for no '
            f"manifest holds a {_FOR_HOSTS}: if there is none, {_cut_off(left[0])}",
            left[0].resource,
            f"check the policies as well, or say that there are no more: `complete: [{_FOR_HOSTS}]` in callint.yaml",
        )


def _cut_off(about: HostEndpoint) -> str:
    where = f'"{about.interface}"' if about.interface else "its interface"
    return f'all traffic of node "{about.node}" through {where} is dropped, but for the failsafe ports'


def one_direction(cluster: Cluster) -> Iterator[Breach]:
    """Endpoints with policy for one direction alone and no profile."""
    budget = Budget(cluster.limits.comparisons)
    one_sided = [found for found in _governed(cluster) if len(found[1]) == 1]
    for number, (member, (governed,), policies) in enumerate(one_sided, 1):
        about = member.about
        missing = "Egress" if governed == "Ingress" else "Ingress"
        try:
            proof = denied(model_of(cluster), about, missing, partial(budget.spend, _OF_POLICY * len(policies)))
        except ExhaustedError:
            reason = cluster.limits.too_many("policies with host endpoints")
            yield unexamined(
                "whether anything passes without policy at", about.resource, reason, len(one_sided) - number
            )
            return
        if proof is None:
            continue
        what = "sends" if missing == "Egress" else "receives"
        policy = policies[0]
        whose = "a policy for it,"
        if all(one.pre_dnat for one in policies):
            whose = "a policy for it that is not preDNAT, as Egress is refused there,"
        yield Breach.at(
            about.resource,
            ("metadata", "name"),
            f'HostEndpoint "{about.name}" has policy for {governed.lower()} alone and no profile: everything that node '
            f'"{about.node}" itself {what} there is dropped, but for the failsafe ports',
            (Related(policy.resource.span("metadata", "name"), f"governs {governed.lower()}"),),
            proof,
            f"add {missing} to the types of {whose} with rules that allow what the node {what}",
        )
