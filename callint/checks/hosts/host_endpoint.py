"""HostEndpoints that do not do what their author meant: nothing allows anything, nobody sees them, others win."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.calico.defaults import ALLOW_ALL_PROFILE
from callint.checks.bgp.peers import nodes_complete
from callint.checks.breach import Breach, nobody, unexamined
from callint.checks.dispatch import Question, asked
from callint.checks.proof import told
from callint.checks.vocabulary import Meant
from callint.finding import Path, Related, witness
from callint.objects import Cluster
from callint.objects.endpoint import HostEndpoint
from callint.objects.policy import Policy
from callint.policy import Model, NodePolicy, Packet, evaluate, model_of
from callint.policy.chains import Kind
from callint.policy.inventory import HostMember
from callint.policy.labels import holds
from callint.policy.match import entity_selectors
from callint.policy.nodes import prefixes
from callint.policy.symbolic.engine import selections
from callint.policy.symbolic.selection import Selection, Selections
from callint.policy.tiers import policies_of, selector_of
from callint.schema.suggest import Words
from callint.selector import SelectorError, keys
from callint.selector.index import SelectorIndex
from callint.source import placeholder


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Host endpoints that fail in one way, which `problem` names.

    `default-deny` (neither policy nor profile), `one-direction` (policy for one direction alone), `invisible` (rules
    select it and it has no addresses), `rivals` (another endpoint has the interface), `workload-interface`,
    `ebpf-ignores` (the interface is outside the pattern), `unused-labels`, `unknown-node`, `profile-missing`.
    """
    yield from asked("host_endpoint", _QUESTIONS, parameters)(cluster)


def _written(cluster: Cluster) -> Iterator[HostMember]:
    """The host endpoints that manifests hold and that can be read."""
    for member in model_of(cluster).inventory.host_endpoints:
        resource = member.about.resource
        if resource.kind == "HostEndpoint" and resource.legible and placeholder(member.about.node) is None:
            yield member


def _governed(cluster: Cluster) -> Iterator[tuple[HostMember, set[str], list[Policy]]]:
    """The endpoints without profile of which it is sure what policy governs the node's own traffic there.

    With the directions in which it does, and that policy.
    """
    known = selections(model_of(cluster))
    of_class: dict[Selection, tuple[set[str], list[Policy]] | None] = {}
    for member in _written(cluster):
        if member.about.profiles:
            continue
        selection = known.of(member)
        if selection not in of_class:
            of_class[selection] = _enforced(known, selection)
        found = of_class[selection]
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


def denied(model: Model, about: HostEndpoint, direction: str) -> Any:
    """A packet that no failsafe port lets through and its verdict, as a witness; None where it is not dropped."""
    here = model.at(about.node)
    name = _entered(here, about)
    own = next(iter(about.expected_ips), "192.0.2.2").split("/")[0]
    far = "2001:db8::1" if ":" in own else "192.0.2.1"
    arriving = direction == "Ingress"
    port = 10250 if arriving else 123
    protocol = "tcp" if arriving else "udp"
    packet = Packet(
        name if arriving else None,
        None if arriving else name,
        far if arriving else own,
        own if arriving else far,
        protocol,
        40000,
        port,
    )
    try:
        verdict = evaluate(here, packet)
    except ValueError:
        return None
    if verdict.outcome != "drop":
        return None
    return witness(
        "packet",
        node=here.node,
        **told(packet),
        verdict="drop",
        decided_by=verdict.decided_by,
    )


def _entered(here: NodePolicy, about: HostEndpoint) -> str:
    """An interface that an endpoint governs, "eth0" if nobody tells which."""
    if about.interface:
        return about.interface if about.interface != "*" else "eth0"
    expected = {prefix.address for prefix in prefixes(about.expected_ips)}
    known = here.interfaces.items()
    return next((name for name, addresses in known if not expected.isdisjoint(addresses or ())), "eth0")


def _default_deny(cluster: Cluster) -> Iterator[Breach]:
    """Only where some policy could select hosts: without any, the policies are kept elsewhere."""
    if not any(policy.kind == "GlobalNetworkPolicy" for policy in cluster.policies):
        return
    limited = [one.about.resource for one in _written(cluster)] if selections(model_of(cluster)).limited else []
    for resource in limited[:1]:
        reason = cluster.limits.too_many("labels and selectors")
        yield unexamined("which policies govern", resource, reason, len(limited) - 1)
    for member, directions, _ in _governed(cluster):
        about = member.about
        if directions:
            continue
        proof = denied(model_of(cluster), about, "Ingress")
        if proof is not None:
            where = f'"{about.interface}"' if about.interface else "its interface"
            yield Breach.at(
                about.resource,
                ("metadata", "name"),
                f'HostEndpoint "{about.name}" has neither policy nor profile: all traffic of node "{about.node}" '
                f"through {where} is dropped, but for the failsafe ports",
                (),
                proof,
                f"write the policy first, or give the endpoint the profile {ALLOW_ALL_PROFILE} until there is one",
            )


def _one_direction(cluster: Cluster) -> Iterator[Breach]:
    for member, directions, policies in _governed(cluster):
        about = member.about
        if len(directions) != 1:
            continue
        (governed,) = directions
        missing = "Egress" if governed == "Ingress" else "Ingress"
        proof = denied(model_of(cluster), about, missing)
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


def _invisible(cluster: Cluster) -> Iterator[Breach]:
    members = [one for one in _written(cluster) if not one.about.expected_ips and one.about.interface]
    sides = SelectorIndex((side[2], side) for side in _rule_selectors(cluster)) if members else None
    for member in members if sides else ():
        about, labels = member.about, member.labels
        for policy, path, selector in sides.candidates(labels.known, labels.present, labels.open) if sides else ():
            if keys(selector).isdisjoint(labels.known) or holds(selector, labels) is not True:
                continue
            does = (
                "that selects it matches none of its packets"
                if path[-1] == "selector"
                else "that is to leave it out does not"
            )
            yield Breach.at(
                about.resource,
                ("spec", "interfaceName"),
                f'HostEndpoint "{about.name}" has no `expectedIPs`, so a rule of policy "{policy.name}" {does}',
                (Related(policy.resource.span(*path), "selects it as a peer"),),
                witness("selector", selector=str(selector), endpoint=about.name, addresses=()),
                "list the interface's addresses in expectedIPs: Calico never learns them by itself",
            )
            break


def _rule_selectors(cluster: Cluster) -> Iterator[tuple[Policy, Path, Any]]:
    """What each side of each enforced rule selects, and where that is written."""
    for policy in policies_of(cluster):
        for entity in policy.sides():
            try:
                selectors = entity_selectors(entity, policy.namespace)
            except SelectorError:
                continue
            for key, selector in zip(("selector", "notSelector"), selectors, strict=True):
                if selector is not None:
                    yield policy, (*entity.path, key), selector


def _rivals(cluster: Cluster) -> Iterator[Breach]:
    said: set[str] = set()
    nodes: dict[str, list[HostMember]] = {}
    for member in _written(cluster):
        nodes.setdefault(member.about.node, []).append(member)
    model = model_of(cluster)
    for node, own in sorted(nodes.items()):
        if len(model.inventory.hosts_of(node)) < 2:
            continue
        here = model.at(node)
        governance = here.governance
        names = {*here.interfaces, *(one.about.interface for one in own)}
        for name in sorted(names - {"", "*"}):
            governor = governance.of(name)
            if governor.endpoint is None or governor.wildcard:
                continue
            for loser in governor.rivals:
                if loser.about.name not in said:
                    said.add(loser.about.name)
                    yield _rival(loser, governor.endpoint, name, f'interface "{name}"')
        wild = [one for one in own if one.about.interface == "*"]
        for loser in wild[1:]:
            yield _rival(loser, wild[0], "*", f'the other interfaces of node "{node}"')


def _rival(loser: HostMember, winner: HostMember, interface: str, what: str) -> Breach:
    resource = loser.about.resource
    path: Path = ("spec", "interfaceName") if loser.about.interface else ("spec", "expectedIPs")
    return Breach.at(
        resource,
        path,
        f'HostEndpoint "{loser.about.name}" is without effect on {what}: "{winner.about.name}" claims it too, and of '
        "several the first name in the alphabet counts",
        (Related(winner.about.resource.span("metadata", "name"), "counts"),),
        witness("interface", interface=interface, node=loser.about.node, endpoint=winner.about.name),
        "keep one endpoint for each interface, with the labels of both",
    )


def _workload_interface(cluster: Cluster) -> Iterator[Breach]:
    for member in _written(cluster):
        about = member.about
        here = model_of(cluster).at(about.node)
        if about.interface and here.governance.is_workload(about.interface):
            yield _at_interface(
                about,
                f'HostEndpoint "{about.name}" names "{about.interface}", which is a workload\'s interface by its name: '
                "the endpoint governs nothing",
            )


def _ebpf_ignores(cluster: Cluster) -> Iterator[Breach]:
    for member in _written(cluster):
        about = member.about
        if about.interface in ("", "*"):
            continue
        governor = model_of(cluster).at(about.node).governance.of(about.interface)
        if governor.endpoint is None and "eBPF ignores" in governor.reason:
            yield _at_interface(
                about,
                f'HostEndpoint "{about.name}" names "{about.interface}", which the eBPF dataplane ignores, for neither '
                "bpfDataIfacePattern nor bpfL3IfacePattern matches it: no policy applies there",
                tuple(_patterns(model_of(cluster).at(about.node))),
            )


def _patterns(here: NodePolicy) -> Iterator[Related]:
    """Where the patterns are written that do not match."""
    for key in ("bpfDataIfacePattern", "bpfL3IfacePattern"):
        said = here.settings.said(key)
        if said is not None:
            yield Related(said.span("spec", key), "does not match it")


def _at_interface(about: HostEndpoint, message: str, related: tuple[Related, ...] = ()) -> Breach:
    path: Path = ("spec", "interfaceName")
    proof = witness("interface", interface=about.interface, node=about.node, verdict="no-verdict")
    return Breach.at(about.resource, path, message, related, proof)


def _unused_labels(cluster: Cluster) -> Iterator[Breach]:
    policies = policies_of(cluster)
    nameless = [one for one in _written(cluster) if one.about.resource.labels]
    if not nameless or not any(policy.kind.endswith("GlobalNetworkPolicy") for policy in policies):
        return
    named: set[str] = set()
    for policy in policies:
        if not policy.resource.whole:
            return
        try:
            named |= keys(selector_of(policy))
        except SelectorError:
            return
    nameless = [one for one in nameless if named.isdisjoint(one.about.resource.labels)]
    if nameless:
        named = {key for _, _, selector in _rule_selectors(cluster) for key in keys(selector)}
    for member in nameless:
        resource, labels = member.about.resource, sorted(member.about.resource.labels)
        if not named.isdisjoint(labels):
            continue
        listed = ", ".join(f'"{key}"' for key in labels[:3])
        yield Breach.at(
            resource,
            ("metadata", "labels"),
            f'no selector of any policy names a label of HostEndpoint "{member.about.name}", which has {listed}: '
            "the labels tell nobody anything",
            (),
            witness("selector", selector="none", endpoint=member.about.name, labels=tuple(labels)),
            "select the endpoint by its labels in the policies meant for it",
            key=True,
        )


def _unknown_node(cluster: Cluster) -> Iterator[Breach]:
    known = {one.name: None for one in sorted(cluster.nodes.values(), key=lambda one: one.name)}
    words = Meant(known)
    described = [one for one in cluster.nodes.values() if one.resources]
    if not described or not nodes_complete(cluster):
        return
    for member in _written(cluster):
        about = member.about
        if not about.node or about.node in known:
            continue
        near = words.by(about.node)
        hint = f', did you mean "{near}"' if near else ""
        yield Breach.at(
            about.resource,
            ("spec", "node"),
            f'HostEndpoint "{about.name}" is for node "{about.node}", which does not exist{hint}: no Felix takes it up',
            tuple(Related(one.resources[0].span("metadata", "name"), "a node") for one in described[:3]),
            nobody(f"Node/{about.node}", tuple(known)),
        )


def _profile_missing(cluster: Cluster) -> Iterator[Breach]:
    known = dict.fromkeys((*sorted(model_of(cluster).inventory.profiles), ALLOW_ALL_PROFILE))
    words = Words(known)
    for member in _written(cluster):
        about = member.about
        for index, name in enumerate(about.profiles):
            if name in known or name.startswith(("kns.", "ksa.")):
                continue
            near = words.nearest(name)
            hint = f', did you mean "{near}"' if near else ""
            path: Path = ("spec", "profiles", index)
            yield Breach.at(
                about.resource,
                path,
                f'HostEndpoint "{about.name}" names the profile "{name}", which does not exist{hint}: packets that no '
                "policy decides are dropped there",
                (),
                nobody(f"Profile/{name}", tuple(known)),
            )


_QUESTIONS: dict[str, Question] = {
    "default-deny": _default_deny,
    "one-direction": _one_direction,
    "invisible": _invisible,
    "rivals": _rivals,
    "workload-interface": _workload_interface,
    "ebpf-ignores": _ebpf_ignores,
    "unused-labels": _unused_labels,
    "unknown-node": _unknown_node,
    "profile-missing": _profile_missing,
}
