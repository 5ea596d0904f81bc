"""Rules that allow what servers answer, where those who open connections are meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach, rule_words
from callint.finding import witness
from callint.net.ports import TCP
from callint.objects import Cluster
from callint.objects.policy import Policy, Rule

# From none of these does anybody open a connection, as it happens with those of FTP's data, NFS and BGP
_OF_SERVERS = frozenset(("22", "25", "80", "110", "143", "389", "443", "465", "587", "636", "993", "995"))


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Allow rules for TCP from the ports of servers, to any port.

    Answers belong to a connection that is known, of which no rule is asked (policy-rules of Felix: `ctstate
    RELATED,ESTABLISHED`, and conntrack of eBPF), but for policy with doNotTrack. Takes no parameters.
    """
    for policy in cluster.policies:
        if policy.staged or policy.do_not_track:
            continue
        rules = [rule for rule in policy.governing if rule.source.ports and _of_answers(rule)]
        if rules and policy.resource.legible:
            yield from (_breach(policy, rule) for rule in rules)


def _of_answers(rule: Rule) -> bool:
    there = rule.destination
    return (
        rule.action == "Allow"
        and (rule.protocol or "").lower() in ("tcp", str(TCP))
        and _OF_SERVERS.issuperset(rule.source.ports)
        and not (there.ports or there.not_ports or there.services)
    )


def _breach(policy: Policy, rule: Rule) -> Breach:
    ports = rule.source
    return Breach.at(
        policy.resource,
        (*ports.path, "ports", 0),
        f"{rule_words(policy.resource, rule.path)} allows TCP from port {', '.join(ports.ports)}, which is what a "
        "server answers: these packets pass without any rule, and who opens a connection does so from another port",
        (),
        witness("packet", protocol="tcp", source_port=int(ports.ports[0]), destination="any"),
        "write the port into destination.ports, on the side of the server",
    )
