"""Host endpoints whose interface is another's, or none that Calico lets them govern."""

from __future__ import annotations

from collections.abc import Iterator

from callint.calico.defaults import TUNNEL_INTERFACES
from callint.checks.breach import Breach
from callint.checks.hosts.written import written_endpoints
from callint.finding import Path, Related, witness
from callint.objects import Cluster
from callint.objects.endpoint import HostEndpoint
from callint.policy import NodePolicy, model_of
from callint.policy.inventory import HostMember
from callint.policy.links import SERVICE_INTERFACES, not_listed


def rivals(cluster: Cluster) -> Iterator[Breach]:
    """Endpoints that lose each interface which they claim to another one."""
    said: set[str] = set()
    nodes: dict[str, list[HostMember]] = {}
    for member in written_endpoints(cluster):
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
    return Breach.at(
        resource,
        ("spec", "interfaceName") if loser.about.interface else ("spec", "expectedIPs"),
        f'HostEndpoint "{loser.about.name}" is without effect on {what}: "{winner.about.name}" claims it too, and of '
        "several the first name in the alphabet counts",
        (Related(winner.about.resource.span("metadata", "name"), "counts"),),
        witness("interface", interface=interface, node=loser.about.node, endpoint=winner.about.name),
        "keep one endpoint for each interface, with the labels of both",
    )


def unsupported_interface(cluster: Cluster) -> Iterator[Breach]:
    """Endpoints that name an interface of a workload, a tunnel of Calico, or one that holds addresses of services.

    api/pkg/apis/projectcalico/v3/hostendpoint.go supports those alone that lead out of the host.
    """
    for member in written_endpoints(cluster):
        about = member.about
        name = about.interface
        if name and model_of(cluster).at(about.node).governance.is_workload(name):
            why = "which is a workload's interface by its name: the endpoint governs nothing"
        elif name in TUNNEL_INTERFACES:
            why = (
                "the end of a tunnel of Calico: endpoints are for interfaces that lead out of the node, and what pods "
                "send through the tunnel meets the policy of the pods"
            )
        elif name.startswith(SERVICE_INTERFACES) and not not_listed(cluster, about.node, name):
            why = "which only holds addresses of services, so that no packet comes by it: the endpoint governs nothing"
        else:
            continue
        message = f'HostEndpoint "{about.name}" names "{name}", {why}'
        yield _at_interface(about, message, governs=name in TUNNEL_INTERFACES)


def ebpf_ignores(cluster: Cluster) -> Iterator[Breach]:
    """Endpoints that name an interface to which the eBPF dataplane attaches nothing."""
    for member in written_endpoints(cluster):
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
            yield Related(said.resource.span(*said.path), "does not match it")


def _at_interface(
    about: HostEndpoint, message: str, related: tuple[Related, ...] = (), *, governs: bool = False
) -> Breach:
    path: Path = ("spec", "interfaceName")
    verdict = {} if governs else {"verdict": "no-verdict"}
    proof = witness("interface", interface=about.interface, node=about.node, **verdict)
    return Breach.at(about.resource, path, message, related, proof)
