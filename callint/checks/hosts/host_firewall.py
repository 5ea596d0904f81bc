"""Host endpoints where Calico accepts for good what the host's own firewall drops."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from callint.checks.breach import Breach
from callint.checks.hosts.shut_in import arriving
from callint.checks.hosts.written import written_endpoints
from callint.checks.proof import judged
from callint.finding import Path, Related
from callint.objects import Cluster
from callint.objects.endpoint import HostEndpoint
from callint.policy import evaluate, model_of
from callint.policy.doubt import UndecidedError
from callint.steps import Steps

# RFC 863: a service that nobody offers, so that a rule which lets strangers ask for it is for everything
_DISCARD = 9


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Nodes of which facts tell that INPUT drops, at an interface where Calico accepts everything before it is asked.

    Felix puts its chains in front (chainInsertMode), and iptables asks no other rule about what these accept; tables
    of nftables are each asked. Source: felix/rules/static.go filterAllowAction. Takes no parameters.
    """
    if cluster.target.dataplane != "iptables" or not any(one.firewall.input for one in cluster.facts.values()):
        return
    rules = sum(1 + len(one.policy.rules) for _, one in model_of(cluster).policies)
    spend = partial(Steps(cluster, "rules with host endpoints").spend, rules)
    for member in written_endpoints(cluster):
        facts = cluster.facts.get(member.about.node)
        dropping = facts.firewall.input if facts is not None else None
        if dropping is not None and dropping.verdict == "drop":
            found = _accepted(cluster, member.about, spend)
            if found is not None:
                path, proof, key = found
                yield Breach.at(
                    member.about.resource,
                    path,
                    f'at HostEndpoint "{member.about.name}" Calico accepts whatever comes to node '
                    f'"{member.about.node}", and the firewall of the node, which drops what it does not allow, is not '
                    "asked any more",
                    (Related(dropping.span, "the chain INPUT drops"),),
                    proof,
                    f"allow there what is meant alone, or set `{key}: Return`",
                )


def _accepted(cluster: Cluster, about: HostEndpoint, spend: Callable[[], None]) -> tuple[Path, Any, str] | None:
    """Where that is said, the proof, and the setting that would leave it to the firewall."""
    here = model_of(cluster).at(about.node)
    packet = arriving(here, about, _DISCARD)
    try:
        first = here.settings.word("chainInsertMode", "Insert") == "insert"
        if packet is None or here.settings.perhaps_ebpf or not first:
            return None
        verdict = evaluate(here, packet, spend)
    except (ValueError, UndecidedError):
        return None
    path: Path = ("spec", "profiles", 0) if about.profiles else ("metadata", "name")
    accepted = verdict.outcome == "accept"
    return (path, judged(here, packet, verdict), here.settings.allow_action_key) if accepted else None
