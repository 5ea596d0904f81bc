"""`callint routes`: the BGP sessions that a cluster will have, and what goes over each of them, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from callint.cli import inputs, output

if TYPE_CHECKING:
    from callint.bgp.decision import Decision
    from callint.bgp.imports import Programmed
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


@click.command("routes")
@click.argument("paths", nargs=-1, type=click.Path(path_type=str))
@click.option("--node", metavar="NAME", help="Only sessions of this node.")
@click.option("--peer", metavar="NAME|ADDRESS", help="Only sessions by this BGPPeer, to this address or node, or mesh.")
@click.option("--prefix", metavar="CIDR", help="Follow one network: where it originates, who exports it to whom, why.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--cluster", "cluster_name", metavar="NAME", help="Which of the configuration's clusters.")
@inputs.options
def command(
    paths: tuple[str, ...],
    node: str | None,
    peer: str | None,
    prefix: str | None,
    form: str,
    cluster_name: str | None,
    config_file: str | None,
    no_config: bool,
    calico_version: str | None,
    applied_with: str | None,
    dataplane: str | None,
    facts: tuple[str, ...],
) -> None:
    """Tell each BGP session: whether it comes up, what it exports and imports, with which communities, and why.

    PATHS as for `callint check`. Nodes that no manifest and no facts describe are told together, as every node.

    Exit codes: 0 the sessions are told, also if there is none, 2 callint could not do its job.
    """
    from callint.report.routes import render, render_json

    config = inputs.configuration(paths, config_file, no_config)
    calico = inputs.target(calico_version, applied_with, dataplane)
    cluster = inputs.cluster(paths, config, calico, facts, cluster_name)
    routes = _routes(cluster, node, peer, _network(prefix))
    output.write(render_json(routes) if form == "json" else render(routes))


def _network(text: str | None) -> Prefix | None:
    from callint.net.address import parse_net

    try:
        return parse_net(text) if text is not None else None
    except ValueError as error:
        output.fail(str(error))


def _routes(cluster: Cluster, node: str | None, peer: str | None, followed: Prefix | None) -> Routes:
    from callint.bgp.routes import engine
    from callint.calico import format_release
    from callint.report.routes import Routes

    model = engine(cluster)
    _known(model, node, peer)
    region, origins = _origins(model, node, followed)
    rows = []
    for session, alike in _sessions(model, node):
        if _meant(session, peer) and (followed is None or followed.family == session.family):
            rows.append(_row(model, session, alike, region))
    name = str(followed) if followed is not None else None
    return Routes(format_release(cluster.target.release), cluster.name, tuple(rows), name, tuple(origins))


def _known(model: Engine, node: str | None, peer: str | None) -> None:
    """Names that are no node's and no peer's are slips of the pen."""
    from callint.bgp.nodes import ANY

    names = sorted(name for name in model.network.speakers if name != ANY)
    if node is not None and node not in names:
        listed = f"the nodes known are {', '.join(names)}" if names else "no node is known by name"
        output.fail(f'no manifest and no facts name a node "{node}", {listed}')
    if peer is not None and not any(_meant(session, peer) for session, _ in _sessions(model, None)):
        peers = [one.resource.name for one in model.cluster.bgp_peers]
        listed = f"the BGPPeers are {', '.join(peers)}" if peers else "there is no BGPPeer"
        output.fail(f'no session is by or to "{peer}", {listed}')


def _meant(session: Session, peer: str | None) -> bool:
    if peer is None:
        return True
    name = session.peer.resource.name if session.peer is not None else "mesh"
    return peer in (name, str(session.address), session.remote.name if session.remote is not None else "")


def _sessions(model: Engine, node: str | None) -> Iterator[tuple[Session, int]]:
    """The sessions of a node one by one; of all nodes too, while there are few; else those that are alike together."""
    network = model.network
    if node is not None or len(network) <= _LISTED:
        for session in network.explicit():
            if node in (None, session.local.name):
                yield session, 1
        for family in network.families:
            local = network.speakers[node] if node is not None else None
            yield from ((one, 1) for one in network.mesh(family) if local in (None, one.local))
    else:
        yield from ((group.session, group.size) for group in model.groups())


def _origins(model: Engine, node: str | None, followed: Prefix | None) -> tuple[PrefixSet | None, list[Origin]]:
    """The routes to tell: the one that is followed if a node has it, else those inside it; and the nodes that do."""
    from callint.bgp.candidates import own_routes
    from callint.bgp.nodes import ANY
    from callint.net.prefixes import exactly, within
    from callint.report.routes import Origin

    if followed is None:
        return None, []
    found = []
    if followed.family in model.network.families:
        for speaker in model.network.speakers.values():
            if node in (None, speaker.name):
                profile = model.profile(speaker, followed.family)
                found += [(speaker, routes) for routes in own_routes(profile)]
    present = any(followed in routes.prefixes for _, routes in found if routes.presence != "any")
    inside = any(routes.prefixes.overlaps(within(followed)) for _, routes in found if routes.presence != "any")
    # everything is inside the default route, which is asked for alone
    region = within(followed) if inside and not present and followed.length else exactly(followed)
    origins = [
        Origin(speaker.name if speaker.name != ANY else None, _texts(hit), routes.presence, routes.because)
        for speaker, routes in found
        if (hit := routes.prefixes & region)
    ]
    return region, origins


def _row(model: Engine, session: Session, alike: int, region: PrefixSet | None) -> Row:
    from callint.bgp.nodes import ANY
    from callint.report.routes import Session as Row

    status, form, peer = session.status, session.form, session.peer
    live = status.state in ("up", "unknown")
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
        far_end=_far_end(session),
        filters=form.filters,
        state=status.state,
        why=status.why,
        missing=status.missing,
        alike=alike,
        exported=tuple(_told(model, session, model.exported(session), region, importing=False)) if live else (),
        imported=tuple(_told(model, session, model.imported(session), region, importing=True)) if live else (),
    )


def _far_end(session: Session) -> str:
    from callint.bgp.nodes import ANY

    if session.remote is not None and session.remote.name == ANY:
        return f"{session.address} (another node)" if session.address is not None else "other nodes"
    return session.far_end.replace('"', "")


def _told(
    model: Engine, session: Session, decisions: Iterable[Decision], region: PrefixSet | None, *, importing: bool
) -> Iterator[Route]:
    """Decisions as lines; what is refused and perhaps not even there is told only where one network is followed."""
    from callint.net.community import format_community
    from callint.report.routes import Route

    for one in decisions:
        prefixes = one.prefixes if region is None else one.prefixes & region
        if not prefixes:
            continue
        if region is None and not one.accepted and not importing and one.routes.presence == "any":
            continue
        communities = one.result.communities if one.accepted else ()
        path = one.result.as_path if one.accepted else None
        kernel = model.kernels[session.family]
        installed = tuple(_installed(kernel.divide(prefixes))) if importing and one.accepted else ()
        yield Route(
            prefixes=_texts(prefixes),
            presence=one.routes.presence,
            source=_source(session, one, importing=importing),
            verdict=one.verdict,
            why=_why(one, importing=importing),
            decided=_decided(model, session, one, prefixes),
            when=tuple(map(str, one.when)),
            unless=tuple(" and ".join(map(str, together)) for together in one.unless),
            communities=None if communities is None else tuple(map(format_community, communities)),
            local_pref=one.result.local_pref if one.accepted else None,
            as_path=path,
            changes=tuple(_changes(one)),
            tagged=tuple(_place(tag.configuration.resource, (*tag.advertisement.path, "cidr")) for tag in one.tags),
            installed=installed,
        )


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
    return because.replace('node "*"', "other nodes").replace('"', "")


def _why(one: Decision, *, importing: bool) -> str:
    if one.rule is None and one.step == "default":
        return "no rule matches, and what none matches is imported" if importing else "in no pool and no service range"
    return one.why


def _decided(model: Engine, session: Session, one: Decision, prefixes: PrefixSet) -> Place | None:
    """The action of the rule that decided, else the pool that did."""
    from callint.bgp.pools import pools_of
    from callint.net.prefixes import within

    if one.rule is not None:
        return _place(one.rule.resource, (*one.rule.rule.path, "action"))
    if one.step not in ("pool-exported", "pool-withheld"):
        return None
    withheld = one.step == "pool-withheld"
    for pool, inside in pools_of(model.cluster, session.family).pools:
        if pool.disable_bgp_export is withheld and prefixes.overlaps(within(inside)):
            return _place(pool.resource, ("spec", "cidr"))
    return None


def _installed(parts: Iterable[Programmed]) -> Iterator[tuple[str, bool, str]]:
    from callint.bgp.imports import KERNEL_STEPS

    for part in parts:
        yield str(part.prefixes), part.in_kernel, KERNEL_STEPS[part.step]


def _texts(prefixes: PrefixSet) -> tuple[str, ...]:
    """The set in the shorter of two forms: its parts, or everything but what is missing."""
    text = str(prefixes)
    return (text,) if text.startswith("everything") else tuple(map(str, prefixes.parts()))


def _place(resource: Resource, path: Path) -> Place:
    from callint.engine import pointer
    from callint.report.place import Place

    return Place(resource.ref, pointer(path), resource.span(*path))
