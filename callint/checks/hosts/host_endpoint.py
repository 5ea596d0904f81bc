"""HostEndpoints that do not do what their author meant: nothing allows anything, nobody sees them, others win."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.calico.defaults import ALLOW_ALL_PROFILE
from callint.checks.breach import Breach, Question, asked, nobody
from callint.checks.hosts.claim import ebpf_ignores, rivals, unsupported_interface
from callint.checks.hosts.selected import invisible, unused_labels
from callint.checks.hosts.shut_in import default_deny, one_direction
from callint.checks.hosts.written import written_endpoints
from callint.checks.vocabulary import NodeNames
from callint.finding import Related
from callint.objects import Cluster
from callint.policy import model_of
from callint.suggest import Words, did_you_mean


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Host endpoints that fail in one way, which `problem` names.

    `default-deny` (neither policy nor profile), `one-direction` (policy for one direction alone), `invisible` (rules
    select it and it has no addresses), `rivals` (another endpoint has the interface), `unsupported-interface`,
    `ebpf-ignores` (the interface is outside the pattern), `unused-labels`, `unknown-node`, `profile-missing`.
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _unknown_node(cluster: Cluster) -> Iterator[Breach]:
    known = tuple(cluster.nodes)
    names = NodeNames(known, complete=cluster.nodes_complete)
    if not cluster.described_nodes:
        return
    for member in written_endpoints(cluster):
        about = member.about
        unknown = names.unknown(about.node) if about.node and about.node not in cluster.nodes else None
        if unknown is None:
            continue
        which, meant = unknown
        yield Breach.at(
            about.resource,
            ("spec", "node"),
            f'HostEndpoint "{about.name}" is for node "{about.node}", {which}{did_you_mean(meant)}: no Felix takes it '
            "up",
            tuple(Related(one.resources[0].span("metadata", "name"), "a node") for one in cluster.described_nodes[:3]),
            nobody(f"Node/{about.node}", known),
        )


def _profile_missing(cluster: Cluster) -> Iterator[Breach]:
    known = dict.fromkeys((*sorted(model_of(cluster).inventory.profiles), ALLOW_ALL_PROFILE))
    words, every = Words(known), tuple(known)
    for member in written_endpoints(cluster):
        about = member.about
        for index, name in enumerate(about.profiles):
            if name in known or name.startswith(("kns.", "ksa.")):
                continue
            hint = did_you_mean(words.nearest(name))
            yield Breach.at(
                about.resource,
                ("spec", "profiles", index),
                f'HostEndpoint "{about.name}" names the profile "{name}", which does not exist{hint}: packets that no '
                "policy decides are dropped there",
                (),
                nobody(f"Profile/{name}", every),
            )


QUESTIONS: dict[str, Question] = {
    "default-deny": default_deny,
    "one-direction": one_direction,
    "invisible": invisible,
    "rivals": rivals,
    "unsupported-interface": unsupported_interface,
    "ebpf-ignores": ebpf_ignores,
    "unused-labels": unused_labels,
    "unknown-node": _unknown_node,
    "profile-missing": _profile_missing,
}
