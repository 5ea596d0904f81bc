"""prefixAdvertisements and export filters: what one names and the other does not let out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from callint.bgp.advertisement import Effect, Reach, advertisement_effects
from callint.bgp.explicit import explicit_accepts
from callint.bgp.network import network as bgp
from callint.bgp.rules import Rule
from callint.calico.defaults import FILTER_OPERATIONS
from callint.checks.breach import Breach, Question, asked
from callint.checks.left_open import EXPORTS, left_open
from callint.finding import Path, Related, Witness, witness
from callint.net.address import FAMILIES
from callint.net.community import Community, format_community
from callint.net.prefixes import PrefixSet, union_all, within
from callint.net.read import network
from callint.objects import Cluster, Resource
from callint.objects.charts import pod_pools_unknown


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Disagreements between prefixAdvertisements and what is exported.

    Parameter `problem`: `uncovered` (an exported network that no advertisement covers), `unexported` (an advertisement
    inside which nothing is exported), `untagged` (its communities are never attached where it is exported).
    """
    question = asked(QUESTIONS, parameters)
    if any(configuration.prefix_advertisements for configuration in cluster.bgp_configurations):
        yield from question(cluster)


def _uncovered(cluster: Cluster) -> Iterator[Breach]:
    """Rules that name a network, accept it for export and add no community of their own."""
    entries = [one for about in cluster.bgp_configurations for one in about.prefix_advertisements]
    networks = [net for one in entries if (net := network(one.cidr)) is not None]
    if len(networks) < len(entries):
        return
    said: set[tuple[str, Path]] = set()
    covered = {
        family: union_all(family, (within(net) for net in networks if net.family == family)) for family in FAMILIES
    }
    for peer in cluster.bgp_peers:
        for explicit in explicit_accepts(cluster, peer, "export"):
            rule = explicit.rule
            if rule.rule.operator not in ("In", "Equal") or rule.operations.communities or rule.place in said:
                continue
            rest = explicit.prefixes - covered[explicit.family]
            if rest:
                said.add(rule.place)
                yield _leaves_untold(rule, peer.resource.name, rest, [one.cidr for one in entries[:4]])


def _leaves_untold(rule: Rule, peer: str, rest: PrefixSet, advertised: list[str]) -> Breach:
    listed = ", ".join(f'"{cidr}"' for cidr in advertised[:3]) + (" and more" if len(advertised) > 3 else "")
    return Breach.at(
        rule.resource,
        (*rule.rule.path, "cidr"),
        f'BGPFilter "{rule.resource.name}" exports {rest} to BGPPeer "{peer}", which no prefixAdvertisement covers: '
        f"they name {listed}",
        (),
        witness("route", prefix=str(rest.witness()), peer=peer, direction="export"),
    )


def _unexported(cluster: Cluster) -> Iterator[Breach]:
    for effect in () if bgp(cluster).off else advertisement_effects(cluster):
        if effect.reached:
            continue
        entry, resource = effect.advertisement, effect.configuration.resource
        missing = _unknown_exports(cluster)
        if missing is not None:
            message = f'whether any session exports a route inside "{entry.cidr}" is not known: it depends on {missing}'
            yield Breach.at(resource, (*entry.path, "cidr"), message, undecided=True)
        else:
            yield Breach.at(
                resource,
                (*entry.path, "cidr"),
                f'prefixAdvertisement "{entry.cidr}" covers no route that a session{_of_nodes(cluster, resource)} '
                "exports, and it announces nothing itself",
                (),
                witness("route", prefix=entry.cidr, direction="export", peer="none"),
            )


def _of_nodes(cluster: Cluster, resource: Resource) -> str:
    """The nodes on which a list counts, where these are not all."""
    own = resource.name.removeprefix("node.")
    if own != resource.name:
        return f' of node "{own}"'
    return " of a node without a list of its own" if _lists_of_nodes(cluster) else ""


@lru_cache(maxsize=1)
def _lists_of_nodes(cluster: Cluster) -> bool:
    """Whether a node has a list of its own."""
    node_own = (one for one in cluster.bgp_configurations if one.resource.name.startswith("node."))
    return any(one.prefix_advertisements for one in node_own)


def _unknown_exports(cluster: Cluster) -> str | None:
    """The fact without which one cannot say that nothing is exported."""
    pools = pod_pools_unknown(cluster)
    if pools is not None:
        return pools
    if left_open(cluster, EXPORTS):
        return "variables that are left in the manifests"
    if not cluster.bgp_peers and not cluster.nodes:
        return "the cluster's nodes, of which the manifests hold none"
    return None


def _untagged(cluster: Cluster) -> Iterator[Breach]:
    """Advertisements that leave by BGPPeers, and by none of these with their communities; the mesh is not meant."""
    for effect in advertisement_effects(cluster):
        # what the rule that lets routes out attaches itself is not lacking
        wanted = set(effect.communities)
        lacking = (one for one in effect.untagged if not wanted.issubset(one.decision.result.communities or ()))
        outward = [one for one in lacking if one.group.session.form.kind != "mesh"]
        tagged = any(one.group.session.form.kind != "mesh" for one in effect.tagged)
        if outward and not tagged and not effect.undecided and wanted:
            yield _never_tagged(cluster, effect, outward)


def _never_tagged(cluster: Cluster, effect: Effect, outward: list[Reach]) -> Breach:
    entry, resource = effect.advertisement, effect.configuration.resource
    deciding = (reach.decision.rule for reach in outward if reach.decision.rule is not None)
    rules = list({str(rule): rule for rule in deciding}.values())
    rule = rules[0]
    return Breach.at(
        resource,
        (*entry.path, "cidr"),
        f'prefixAdvertisement "{entry.cidr}" attaches its communities to no route of any BGPPeer: {rule} accepts them '
        "first, and what a filter accepts is not tagged",
        tuple(Related(one.span, "this rule decides before the tagging") for one in rules[:3]),
        _route(effect, outward[0]),
        _attach(cluster, effect.communities),
    )


def _attach(cluster: Cluster, communities: tuple[Community, ...]) -> str:
    if cluster.target.release < FILTER_OPERATIONS:
        return "leave these routes to Calico's own filter, which attaches them to what it accepts"
    added = (f'{{addCommunity: {{value: "{format_community(one)}"}}}}' for one in communities)
    return f"let the rule attach them: `operations: [{', '.join(added)}]`"


def _route(effect: Effect, reach: Reach) -> Witness:
    session = reach.group.session
    return witness(
        "route",
        prefix=str(reach.prefixes.witness()),
        node=session.local.name,
        peer=session.peer.resource.name if session.peer else None,
        direction="export",
        communities=[format_community(one) for one in reach.decision.result.communities or ()],
        expected_communities=[format_community(one) for one in effect.communities],
    )


QUESTIONS: dict[str, Question] = {
    "uncovered": _uncovered,
    "unexported": _unexported,
    "untagged": _untagged,
}
