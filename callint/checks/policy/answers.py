"""Rules that allow what servers answer, where those who open connections are meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.breach import Breach, object_words, rule_words
from callint.checks.policy.behind_service import Backend, backends
from callint.checks.policy.named_port import at_the_end
from callint.finding import Related, witness
from callint.net.ports import CLIENT_PORTS, TCP
from callint.net.read import decimal
from callint.objects import Cluster
from callint.objects.policy import Policy, Rule
from callint.policy.selectable import Selectable
from callint.selector import SelectorError
from callint.steps import Steps

# From none of these does anybody open a connection, as it happens with those of FTP's data, NFS and BGP
_OF_SERVERS = frozenset(("22", "25", "80", "110", "143", "389", "443", "465", "587", "636", "993", "995"))


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Allow rules for TCP from the ports of servers, or of pods that they are to get to, to any port.

    Answers belong to a connection that is known, of which no rule is asked (policy-rules of Felix: `ctstate
    RELATED,ESTABLISHED`, and conntrack of eBPF), but for policy with doNotTrack. Takes no parameters.
    """
    pods: Selectable[Backend] | None = None
    for policy in cluster.policies:
        if policy.staged or policy.do_not_track or not policy.resource.legible:
            continue
        for rule in policy.governing:
            if not rule.source.ports or not _of_answers(rule):
                continue
            if _OF_SERVERS.issuperset(rule.source.ports):
                yield _breach(policy, rule, "which is what a server answers: these packets")
                continue
            if pods is None:
                found = ((one.labels, one) for one in backends(cluster) if one.ports and not one.host_network)
                pods = Selectable(found, Steps(cluster, "selectors with labels"))
            server = _listening(pods, policy, rule)
            if server is not None:
                where = Related(server.resource.span("metadata", "name"), "listens there")
                yield _breach(
                    policy,
                    rule,
                    f"at which {object_words(server.resource, server.resource.home)} listens: answers",
                    where,
                )


def _of_answers(rule: Rule) -> bool:
    there = rule.destination
    return (
        rule.action == "Allow"
        and (rule.protocol or "").lower() in ("tcp", str(TCP))
        and not (there.ports or there.not_ports or there.services)
    )


def _listening(pods: Selectable[Backend], policy: Policy, rule: Rule) -> Backend | None:
    """Who gets the packets of a rule, and listens at the ports from which they come."""
    ports = {decimal(text) for text in rule.source.ports}
    try:
        there = at_the_end(policy, rule)
    except SelectorError:
        return None
    if there is None or not all(port and port < CLIENT_PORTS[0] for port in ports):
        return None
    return next(
        (one for one in pods.surely(there) if ports <= {port.port for port in one.ports if port.protocol == "tcp"}),
        None,
    )


def _breach(policy: Policy, rule: Rule, which: str, *related: Related) -> Breach:
    ports = rule.source
    return Breach.at(
        policy.resource,
        (*ports.path, "ports", 0),
        f"{rule_words(policy.resource, rule.path)} allows TCP from port {', '.join(ports.ports)}, {which} "
        "pass without any rule, and who opens a connection does so from another port",
        related,
        witness("packet", protocol="tcp", source_port=int(ports.ports[0]), destination="any"),
        "write the port into destination.ports, on the side of the server",
    )
