"""Pods that policy lets ask for names over UDP, and not again over TCP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.calico.defaults import DNS_PORTS
from callint.calico.kinds import is_calico
from callint.checks.breach import Breach, object_words
from callint.checks.policy.dns_questions import may_open, unanswerable
from callint.checks.policy.opened_ports import protocol_of
from callint.finding import witness
from callint.net.ports import TCP, UDP
from callint.objects import Cluster
from callint.objects.policy import Policy, Rule
from callint.policy import model_of
from callint.selector.syntax import ALL
from callint.selector.values import ExhaustedError

_PORTS = frozenset(map(str, DNS_PORTS))
_PORT = frozenset(("53",))


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """The first rule for DNS of policies whose pods no policy lets ask a resolver over TCP.

    One policy that may select one of the pods and may allow it is enough to be silent, and a selector of labels alone
    may be for host endpoints, whose questions `flow-required` looks at. Takes no parameters.
    """
    model = model_of(cluster)
    asking = [(one, rule) for _, one in model.closing("egress") if (rule := _asking(one.policy))]
    if not asking:
        return
    openers = may_open(cluster, (one for _, one in model.policies), TCP)
    for placed, rule in asking:
        policy = placed.policy
        if policy.kind == "GlobalNetworkPolicy" and not policy.of_pods and placed.selector != ALL:
            continue
        try:
            if not openers.meets(placed.selector):
                yield _breach(policy, rule)
        except ExhaustedError:
            yield unanswerable(cluster, policy.resource)
            return


def _asking(policy: Policy) -> Rule | None:
    """A rule for UDP to the port of DNS and no other; at 5353 only pods are resolvers, and others have mDNS."""
    for rule in policy.egress:
        there = rule.destination
        meant = _PORTS if there.selector or there.namespace_selector or there.services else _PORT
        if rule.action == "Allow" and protocol_of(rule) == UDP and there.ports and meant.issuperset(there.ports):
            return rule
    return None


def _breach(policy: Policy, rule: Rule) -> Breach:
    named = object_words(policy.resource, policy.namespace)
    return Breach.at(
        policy.resource,
        (*rule.path, "action") if is_calico(policy.resource.api_version) else rule.path,
        f"{named} lets pods ask for names over UDP alone, and no policy lets them ask over TCP: an answer that does "
        "not fit into a packet never comes",
        (),
        witness("packet", direction="egress", protocol="tcp", destination_port=int(rule.destination.ports[0])),
        "allow TCP to the same port",
    )
