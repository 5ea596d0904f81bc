"""`callint routes`: the BGP sessions that a cluster will have, and what goes over each of them, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from callint.cli import inputs, output

if TYPE_CHECKING:
    from callint.bgp.division import Group
    from callint.bgp.follow import Source
    from callint.bgp.routes import Engine
    from callint.bgp.session import Session
    from callint.net.address import Prefix
    from callint.objects import Cluster
    from callint.report.routes import Origin, Routes
    from callint.selector.values import Budget

# Up to so many sessions each one is listed; of more, those that are alike are told once with their number
_LISTED = 200


@click.command(
    "routes",
    epilog="""\b
Examples:
  callint routes --node router
  callint routes --peer jump-server --prefix 10.0.0.0/24 manifests
""",
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=str))
@click.option("--node", metavar="NAME", help="Only sessions of this node.")
@click.option("--peer", metavar="NAME|ADDRESS", help="Only sessions by this BGPPeer, to this address or node, or mesh.")
@click.option("--prefix", metavar="CIDR", help="Follow one network: where it originates, who exports it to whom, why.")
@inputs.FORM
@inputs.CLUSTER
@inputs.options
def command(
    paths: tuple[str, ...],
    node: str | None,
    peer: str | None,
    prefix: str | None,
    form: str,
    cluster_name: str | None,
    given: inputs.Given,
) -> None:
    """Tell each BGP session: whether it comes up, what it exports and imports, with which communities, and why.

    PATHS as for `callint check`. Nodes that no manifest and no facts describe are told together, as every node.

    Exit codes: 0 the sessions are told, also if there is none, 2 callint could not do its job.
    """
    from callint.objects.charts import pod_pools_unknown
    from callint.report.routes import render, render_json
    from callint.steps import TooManyStepsError

    cluster = inputs.cluster(paths, given, cluster_name)
    try:
        routes = _routes(cluster, node, peer, _network(prefix))
    except TooManyStepsError as error:
        output.fail_of(error, "" if node and peer else ", and --node with --peer asks about fewer sessions")
    unknown = pod_pools_unknown(cluster)
    if unknown is not None and routes.sessions:
        output.tell(f"routes to pods may be missing here for want of {unknown}")
    output.write_all(render_json(routes) if form == "json" else render(routes))


def _network(text: str | None) -> Prefix | None:
    from callint.net.address import parse_net

    try:
        return parse_net(text) if text is not None else None
    except ValueError as error:
        output.fail(str(error))


def _routes(cluster: Cluster, node: str | None, peer: str | None, followed: Prefix | None) -> Routes:
    from callint.bgp.follow import follow, hop
    from callint.bgp.routes import engine
    from callint.calico import format_release
    from callint.cli.sessions import Sessions
    from callint.report.routes import Routes
    from callint.steps import Steps

    model = engine(cluster)
    _known(model, node, peer)
    every = f"all {len(model.network):,} " if node is None and peer is None else ""
    steps = Steps(cluster, f"routes of {every}BGP sessions")
    groups = (group for group in _sessions(model, node, steps) if _meant(group.session, peer))
    name, origins = None, []
    if followed is None:
        hops = [hop(model, group, steps) for group in groups]
    else:
        nodes = [one for one in model.network.speakers.values() if node in (None, one.name)]
        trail = follow(cluster, followed, nodes, groups, steps)
        name, hops, origins = str(followed), list(trail.hops), [_origin(source) for source in trail.sources]
    told = Sessions(model, steps, everything=followed is not None)
    rows = tuple(map(told.row, hops))
    return Routes(format_release(cluster.target.exact), cluster.name, rows, name, tuple(origins))


def _origin(source: Source) -> Origin:
    from callint.bgp.nodes import ANY
    from callint.cli.sessions import texts
    from callint.report.routes import Origin

    name, routes = source.node.name, source.routes
    return Origin(name if name != ANY else None, texts(routes.prefixes), routes.presence, routes.because)


def _known(model: Engine, node: str | None, peer: str | None) -> None:
    """Names that are no node's and no peer's are slips of the pen."""
    from callint.bgp.nodes import ANY
    from callint.steps import Steps

    names = sorted(name for name in model.network.speakers if name != ANY)
    if node is not None and node not in names:
        listed = f"the nodes known are {', '.join(names)}" if names else "no node is known by name"
        output.fail(f'no manifest and no facts name a node "{node}", {listed}')
    steps = Steps(model.cluster, "BGP sessions")
    if peer is not None and not any(
        _meant(group.session, peer) for one in dict.fromkeys((node, None)) for group in _sessions(model, one, steps)
    ):
        peers = [one.resource.name for one in model.cluster.bgp_peers]
        listed = f"the BGPPeers are {', '.join(peers)}" if peers else "there is no BGPPeer"
        output.fail(f'no session is by or to "{peer}", {listed}')


def _meant(session: Session, peer: str | None) -> bool:
    if peer is None:
        return True
    name = session.peer.resource.name if session.peer is not None else "mesh"
    return peer in (name, str(session.address), session.remote.name if session.remote is not None else "")


def _sessions(model: Engine, node: str | None, steps: Budget) -> Iterator[Group]:
    """The sessions of a node one by one; of all nodes too, while there are few; else those that are alike together."""
    from callint.bgp.division import Group

    network = model.network
    if node is None and len(network) > _LISTED:
        yield from model.division.groups(steps)
        return
    local = network.speakers[node] if node is not None else None
    yield from (Group(one, 1) for one in network.sessions(local))
