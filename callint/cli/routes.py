"""`callint routes`: the BGP sessions that a cluster will have, and what goes over each of them, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from callint.cli import inputs, output

if TYPE_CHECKING:
    from callint.bgp.decision import Decision
    from callint.bgp.division import Group
    from callint.bgp.follow import Hop, Source
    from callint.bgp.routes import Engine
    from callint.bgp.session import Session
    from callint.finding import Path
    from callint.net.address import Prefix
    from callint.net.prefixes import PrefixSet
    from callint.objects import Cluster, Resource
    from callint.report.place import Place
    from callint.report.routes import Origin, Route, Routes
    from callint.report.routes import Session as Row

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
    from callint.report.routes import render, render_json
    from callint.steps import TooManyStepsError

    cluster = inputs.cluster(paths, given, cluster_name)
    try:
        routes = _routes(cluster, node, peer, _network(prefix))
    except TooManyStepsError as error:
        output.fail_of(error)
    output.write(render_json(routes) if form == "json" else render(routes))


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
    from callint.report.routes import Routes

    model = engine(cluster)
    _known(model, node, peer)
    groups = [group for group in _sessions(model, node) if _meant(group.session, peer)]
    name, origins = None, []
    if followed is None:
        hops = [hop(model, group) for group in groups]
    else:
        nodes = [one for one in model.network.speakers.values() if node in (None, one.name)]
        trail = follow(cluster, followed, nodes, groups)
        name, hops, origins = str(followed), list(trail.hops), [_origin(source) for source in trail.sources]
    rows = tuple(_row(model, one, everything=followed is not None) for one in hops)
    return Routes(format_release(cluster.target.release), cluster.name, rows, name, tuple(origins))


def _origin(source: Source) -> Origin:
    from callint.bgp.nodes import ANY
    from callint.report.routes import Origin

    name, routes = source.node.name, source.routes
    return Origin(name if name != ANY else None, _texts(routes.prefixes), routes.presence, routes.because)


def _known(model: Engine, node: str | None, peer: str | None) -> None:
    """Names that are no node's and no peer's are slips of the pen."""
    from callint.bgp.nodes import ANY

    names = sorted(name for name in model.network.speakers if name != ANY)
    if node is not None and node not in names:
        listed = f"the nodes known are {', '.join(names)}" if names else "no node is known by name"
        output.fail(f'no manifest and no facts name a node "{node}", {listed}')
    if peer is not None and not any(_meant(group.session, peer) for group in _sessions(model, None)):
        peers = [one.resource.name for one in model.cluster.bgp_peers]
        listed = f"the BGPPeers are {', '.join(peers)}" if peers else "there is no BGPPeer"
        output.fail(f'no session is by or to "{peer}", {listed}')


def _meant(session: Session, peer: str | None) -> bool:
    if peer is None:
        return True
    name = session.peer.resource.name if session.peer is not None else "mesh"
    return peer in (name, str(session.address), session.remote.name if session.remote is not None else "")


def _sessions(model: Engine, node: str | None) -> Iterator[Group]:
    """The sessions of a node one by one; of all nodes too, while there are few; else those that are alike together."""
    from callint.bgp.division import Group

    network = model.network
    if node is None and len(network) > _LISTED:
        yield from model.division.groups()
        return
    local = network.speakers[node] if node is not None else None
    yield from (Group(one, 1) for one in network.explicit(local))
    for family in network.families:
        yield from (Group(one, 1) for one in network.mesh(family, local))


def _row(model: Engine, hop: Hop, *, everything: bool) -> Row:
    """Sessions with their routes; `everything` includes what is refused and perhaps not even there."""
    from callint.bgp.nodes import ANY
    from callint.report.routes import Session as Row

    session = hop.group.session
    status, form, peer = session.status, session.form, session.peer
    return Row(
        node=session.local.name if session.local.name != ANY else None,
        peer=_place(peer.resource, ("metadata", "name")) if peer is not None else None,
        kind="mesh" if peer is None else "reverse" if form.reverse else form.kind,
        family=session.family,
        type=session.peer_type,
        local_as=form.local_as,
        remote_as=form.remote_as,
        address=str(session.address) if session.address is not None else None,
        remote=session.remote.name if session.remote is not None and session.remote.name != ANY else None,
        far_end=session.far_end.replace('"', ""),
        instead=model.network.instead(session),
        filters=form.filters,
        undefined_filters=tuple(name for name in form.filters if name not in model.cluster.bgp_filters),
        state=status.state,
        why=status.why,
        missing=status.missing,
        alike=hop.group.size,
        exported=tuple(
            _told(model, session, one, importing=False)
            for one in hop.exported
            if everything or one.accepted or one.routes.presence != "any"
        ),
        imported=tuple(_told(model, session, one, importing=True) for one in hop.imported),
    )


def _told(model: Engine, session: Session, one: Decision, *, importing: bool) -> Route:
    from callint.net.community import format_community
    from callint.report.routes import Route

    communities = one.result.communities if one.accepted else ()
    return Route(
        prefixes=_texts(one.prefixes),
        presence=one.routes.presence,
        source=_source(session, one, importing=importing),
        verdict=one.verdict,
        why=_why(one, importing=importing),
        decided=_decided(model, session, one),
        when=tuple(map(str, one.when)),
        unless=tuple(" and ".join(map(str, together)) for together in one.unless),
        communities=None if communities is None else tuple(map(format_community, communities)),
        local_pref=one.result.local_pref if one.accepted else None,
        as_path=one.result.as_path if one.accepted else None,
        next_hop=_next_hop(session, one) if one.accepted and not importing else None,
        changes=tuple(_changes(one)),
        tagged=tuple(_place(tag.configuration.resource, (*tag.advertisement.path, "cidr")) for tag in one.tags),
        installed=tuple(_installed(model, session, one)) if importing and one.accepted else (),
    )


def _next_hop(session: Session, one: Decision) -> str:
    from callint.bgp.export import keeps_next_hop

    return "kept" if keeps_next_hop(one.routes, session.form) else "own"


def _changes(one: Decision) -> Iterator[str]:
    """What the rule that decided makes of the routes, but for communities."""
    from callint.bgp.route import HIGHEST

    operations = one.rule.operations if one.rule is not None and one.accepted else None
    if operations and operations.prepend:
        yield f"AS {' '.join(map(str, operations.prepend))} in front of the path"
    if operations and operations.priority is not None:
        yield f"priority {operations.priority}, which is LOCAL_PREF {HIGHEST - operations.priority}"


def _source(session: Session, one: Decision, *, importing: bool) -> str:
    """Where routes come from; of the far end's routes where it has them from, for its name stands above."""
    because = one.routes.because
    if importing and session.remote is not None:
        because = because.partition(": ")[2] or because
    return because.replace('"', "")


def _why(one: Decision, *, importing: bool) -> str:
    if one.rule is None and one.step == "default":
        return "no rule matches, and what none matches is imported" if importing else "in no pool and no service range"
    return one.why


def _decided(model: Engine, session: Session, one: Decision) -> Place | None:
    """The action of the rule that decided, else the pool that did."""
    from callint.bgp.pools import pools_of
    from callint.net.prefixes import within

    if one.rule is not None:
        return _place(one.rule.resource, (*one.rule.rule.path, "action"))
    if one.step not in ("pool-exported", "pool-withheld"):
        return None
    withheld = one.step == "pool-withheld"
    for pool, inside in pools_of(model.cluster, session.family).pools:
        if pool.disable_bgp_export is withheld and one.prefixes.overlaps(within(inside)):
            return _place(pool.resource, pool.path("cidr"))
    return None


def _installed(model: Engine, session: Session, one: Decision) -> Iterator[tuple[str, bool, str, int | None]]:
    from callint.bgp.imports import KERNEL_STEPS, metric

    known = metric(model.cluster.target.release, session.family, one.result.local_pref)
    for part in model.kernels[session.family].divide(one.prefixes):
        yield str(part.prefixes), part.in_kernel, KERNEL_STEPS[part.step], known if part.in_kernel else None


def _texts(prefixes: PrefixSet) -> tuple[str, ...]:
    """The set in the shorter of two forms: its parts, or everything but what is missing."""
    text = str(prefixes)
    return (text,) if text.startswith("everything") else tuple(map(str, prefixes.parts()))


def _place(resource: Resource, path: Path) -> Place:
    from callint.engine import pointer
    from callint.report.place import Place

    return Place(resource.ref, pointer(path), resource.span(*path))
