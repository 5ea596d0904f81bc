"""`callint trace`: what Calico does with one packet, chain by chain."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from callint.cli import inputs, output
from callint.cli.packet import (
    Wanted,
    address_and_port,
    is_of_node,
    known_interface,
    packet_of,
    protocol_and_ports,
    way_to_internet,
)
from callint.cli.pods import FORM, address, find, words

if TYPE_CHECKING:
    from callint.cli.pods import Pods
    from callint.finding import Path
    from callint.objects import Cluster, Resource
    from callint.policy import Model, NodePolicy, Packet, Verdict
    from callint.report.place import Place
    from callint.report.trace import Enforced, Fallback, Source, Trace


PORT = click.IntRange(0, 65535)


@click.command(
    "trace",
    epilog="""\b
Examples:
  callint trace --node router --in wan0 --src 192.0.2.7 --dst 10.0.0.1 --udp 53
  callint trace --from pod:shop/web-0 --to labels:app=db,ns=shop --tcp 5432
""",
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=str))
@click.option("--node", metavar="NAME", help="The node at which the packet is; that of --from or --to otherwise.")
@click.option("--in", "arriving", metavar="INTERFACE", help="Where it comes in; without it the node itself sends it.")
@click.option("--out", "leaving", metavar="INTERFACE", help="Where it leaves; without it the node itself receives it.")
@click.option("--from", "sender", metavar="POD", help=f"Who sends it, {FORM}.")
@click.option("--to", "receiver", metavar="POD", help="Who it goes to, as for --from.")
@click.option("--src", "source", metavar="ADDRESS", help="Source address; the pod's with --from.")
@click.option("--dst", "destination", metavar="ADDRESS", help="Destination address; the pod's with --to.")
@click.option("--tcp", type=PORT, metavar="PORT", help="TCP to this port.")
@click.option("--udp", type=PORT, metavar="PORT", help="UDP to this port.")
@click.option("--sctp", type=PORT, metavar="PORT", help="SCTP to this port.")
@click.option("--icmp", metavar="TYPE[/CODE]", help="ICMP of this type; ICMPv6 between IPv6 addresses.")
@click.option("--protocol", metavar="NAME|NUMBER", help="Another protocol.")
@click.option(
    "--sport", "source_port", type=PORT, metavar="PORT", default=40000, show_default=True, help="Source port."
)
@click.option("--pre-dnat", metavar="ADDRESS[:PORT]", help="Destination before DNAT, when it reached the node.")
@click.option("--staged", is_flag=True, help="As if staged policies were enforced, or had deleted what they delete.")
@inputs.FORM
@inputs.CLUSTER
@inputs.options
def command(
    paths: tuple[str, ...],
    node: str | None,
    arriving: str | None,
    leaving: str | None,
    sender: str | None,
    receiver: str | None,
    source: str | None,
    destination: str | None,
    tcp: int | None,
    udp: int | None,
    sctp: int | None,
    icmp: str | None,
    protocol: str | None,
    source_port: int,
    pre_dnat: str | None,
    staged: bool,
    form: str,
    cluster_name: str | None,
    given: inputs.Given,
) -> None:
    """Follow one packet through the chains of a node: endpoint, tier, policy, rule, and the verdict.

    PATHS as for `callint check`. The packet goes to the node with --in alone, from it with --out alone, and is
    forwarded with both.

    Exit codes: 0 the verdict is known, whatever it is, 2 it is not, or callint could not do its job.
    """
    from callint.report.trace import render, render_json
    from callint.steps import TooManyStepsError

    wanted = Wanted(
        node,
        arriving,
        leaving,
        source,
        destination,
        *protocol_and_ports({"tcp": tcp, "udp": udp, "sctp": sctp}, icmp, protocol),
        source_port,
        address_and_port(pre_dnat),
        sender,
        receiver,
        staged,
    )
    cluster = inputs.cluster(paths, given, cluster_name)
    try:
        trace = _follow(cluster, wanted)
    except TooManyStepsError as error:
        output.fail_of(error)
    output.write(render_json(trace) if form == "json" else render(trace))
    sys.exit(2 if trace.outcome == "unknown" else 0)


def _follow(cluster: Cluster, wanted: Wanted) -> Trace:
    from callint.policy import evaluate

    if wanted.node and not (cluster.facts or cluster.kubernetes("Node", "v1") or cluster.of("Node")):
        _with_automatic_endpoint(cluster, wanted.node)
    pods = find(cluster, wanted.sender, wanted.source, wanted.receiver, wanted.destination, staged=wanted.staged)
    wanted = _with_pods(pods, wanted)
    nodes = _nodes(cluster, pods.model)
    if wanted.node is None and pods.assumed and len(nodes) < 2:
        wanted = wanted._replace(node=next(iter(nodes), ""))
    if wanted.node is None:
        output.fail("say with --node where the packet is")
    if wanted.arriving is None and wanted.leaving is None:
        output.fail("say with --in where the packet comes in, with --out where it leaves, or both")
    source, destination = wanted.source, wanted.destination
    if source is None or destination is None:
        output.fail(f"the packet has no {'source: --src' if source is None else 'destination: --dst'}")
    if nodes and wanted.node not in nodes:
        listed = ", ".join(sorted(nodes))
        output.fail(f'no manifest and no facts name a node "{wanted.node}", the nodes known are {listed}')
    here = pods.model.at(wanted.node)
    for interface in (wanted.arriving, wanted.leaving):
        known_interface(cluster, here, interface)
    assumed = [words(pods.model, one) for one in pods.assumed]
    try:
        if pods.sender is not None and wanted.leaving is None:
            way = way_to_internet(cluster, here, destination)
            if way is not None:
                assumed.append(f'{destination} is reached by "{way}": no --out says it')
            wanted = wanted._replace(leaving=way)
        packet = packet_of(wanted, source, destination)
        verdict = evaluate(here, packet)
    except ValueError as error:
        output.fail(str(error))
    if wanted.staged:
        assumed.append("staged policies are enforced")
    for interface, end, option in (
        (wanted.arriving, packet.source, "--in says where the packet comes in"),
        (wanted.leaving, packet.destination, "--out says where the packet leaves"),
    ):
        if interface is None and not is_of_node(cluster, here.node, end):
            named = f'node "{here.node}"' if here.node else "the node"
            assumed.append(f"{end} is an address of {named}: no {option}")
    return _trace(cluster, here, packet, verdict, tuple(assumed))


def _with_automatic_endpoint(cluster: Cluster, node: str) -> None:
    """A node that nothing describes has the host endpoint that kube-controllers makes of each, with labels unknown."""
    from callint.facts import NodeFacts
    from callint.policy.autohep import made_automatically

    for resource, _ in made_automatically(cluster):
        cluster.facts[node] = NodeFacts(node, resource.span("metadata", "name"))


def _with_pods(pods: Pods, wanted: Wanted) -> Wanted:
    """The packet with the interfaces, addresses and node of the pods that send and receive it."""
    sender, receiver = pods.sender, pods.receiver
    if sender is not None:
        wanted = wanted._replace(
            node=wanted.node or sender.about.node or None,
            arriving=wanted.arriving or sender.about.interface,
            source=wanted.source or address(sender, wanted.destination, str(wanted.sender), "--src"),
        )
    if receiver is not None:
        here = receiver.about.node in (wanted.node, "") or wanted.node is None
        if not here and wanted.leaving is None:
            output.fail(
                f'{wanted.receiver} is on node "{receiver.about.node}" and the packet at "{wanted.node}": '
                "ask for one node at a time, with --out or --in for the interface between them"
            )
        wanted = wanted._replace(
            node=wanted.node or receiver.about.node or None,
            leaving=wanted.leaving or receiver.about.interface,
            destination=wanted.destination or address(receiver, wanted.source, str(wanted.receiver), "--dst"),
        )
    return wanted


def _nodes(cluster: Cluster, model: Model) -> set[str]:
    """The names of the nodes that manifests and facts name."""
    pods = (one.about.node for one in model.inventory.workloads)
    hosts = (one.node for one in cluster.host_endpoints)
    return {name for name in (*hosts, *cluster.nodes, *pods) if name}


def _trace(cluster: Cluster, here: NodePolicy, packet: Packet, verdict: Verdict, assumed: tuple[str, ...]) -> Trace:
    from callint.calico import format_release
    from callint.finding import witness
    from callint.policy.nearest import Way
    from callint.report.trace import Interface, Nearest, Stop, Trace

    way = Way(here, packet, verdict)
    interfaces = []
    for word, name in (("in", packet.in_interface), ("out", packet.out_interface)):
        if name is not None:
            governor = here.governance.of(name)
            about = governor.endpoint.about.resource if governor.endpoint else None
            place = _place(about, ("spec", "interfaceName")) if about else None
            interfaces.append(Interface(word, name, governor.unknown or governor.reason, place))
    stops = tuple(
        Stop(
            step.chain,
            step.outcome,
            step.reason,
            step.endpoint,
            step.tier,
            _place(step.policy, step.path) if step.policy else None,
            tuple(_place(one.resource, ("metadata", "name")) for one in way.passed_over(step)) if step.tier else (),
        )
        for step in verdict.steps
    )
    nearest = tuple(
        Nearest(
            one.kind,
            one.rule.action,
            _place(one.policy.resource, one.rule.path),
            _place(one.policy.resource, one.path),
            one.reason,
        )
        for one in way.alternatives()
    )
    named = {key: value for key, value in packet._asdict().items() if value is not None and key != "conntrack"}
    return Trace(
        format_release(cluster.target.exact),
        cluster.name,
        witness("packet", **({"node": here.node} if here.node else {}), **named),
        assumed,
        tuple(interfaces),
        stops,
        verdict.outcome,
        verdict.decided_by,
        _place(verdict.policy, verdict.path) if verdict.policy else None,
        verdict.unknown,
        _fallback(cluster, here, packet) if verdict.outcome == "no-verdict" else None,
        _enforced(cluster, here, packet, verdict),
        _source(cluster, here, packet, verdict),
        nearest,
    )


def _fallback(cluster: Cluster, here: NodePolicy, packet: Packet) -> Fallback | None:
    """What facts say of the chain that decides where Calico does not."""
    from callint.report.trace import Fallback

    facts = cluster.facts.get(here.node)
    if facts is None:
        return None
    input_, forward, output_ = facts.firewall
    if packet.in_interface is not None and packet.out_interface is not None:
        chain, told = "FORWARD", forward
    else:
        chain, told = ("INPUT", input_) if packet.out_interface is None else ("OUTPUT", output_)
    return Fallback(chain, *told) if told is not None else None


def _enforced(cluster: Cluster, here: NodePolicy, packet: Packet, verdict: Verdict) -> Enforced | None:
    """What iptables or nftables do instead, where a rule has more lists than they enforce (POL037)."""
    from callint.policy import evaluate
    from callint.policy.packet import read
    from callint.report.trace import Enforced

    model = None if here.settings.ebpf else here.model.enforced(read(packet).family)
    found = evaluate(model.at(here.node), packet) if model is not None else verdict
    if found.outcome == verdict.outcome:
        return None
    place = _place(found.policy, found.path) if found.policy else None
    return Enforced(cluster.target.dataplane, found.outcome, found.decided_by, place)


def _source(cluster: Cluster, here: NodePolicy, packet: Packet, verdict: Verdict) -> Source | None:
    """Whether the source is masqueraded; None where nothing leaves and where the manifests hold no pool."""
    from callint.nat.masquerade import Masquerading
    from callint.report.trace import Source

    if packet.out_interface is None or verdict.outcome in ("drop", "unknown") or not cluster.pools:
        return None
    found = Masquerading(here).of(packet)
    place = _place(found.pool.resource, found.pool.path("cidr")) if found.pool else None
    return Source(None if found.unknown else found.snat, found.reason, place)


def _place(resource: Resource, path: Path) -> Place:
    from callint.engine import pointer
    from callint.report.place import Place

    at_rule = bool(path) and isinstance(path[-1], int) and resource.span(*path, "action") != resource.span(*path)
    return Place(
        resource.ref, pointer(path), resource.span(*path, "action") if at_rule else resource.span(*path, key=True)
    )
