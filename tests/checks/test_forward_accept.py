"""Forward policy of one direction alone, which takes Calico's own accept from what goes the other way."""

from __future__ import annotations

import pytest

from callint.checks import Breach
from callint.checks.hosts import host_traffic
from callint.objects import Cluster
from manifests import calico, cluster_of

ENDPOINTS = [
    calico("HostEndpoint", zone, {"node": "gw", "interfaceName": f"{zone}0"}, labels={"zone": zone})
    for zone in ("lan", "wan")
]
SPEC = {"selector": "zone == 'lan'", "applyOnForward": True, "types": ["Ingress"], "ingress": [{"action": "Allow"}]}
FACTS = "version: 1\nnode: gw\ninterfaces: [{name: lan0}, {name: wan0}]\n"


def cluster(facts: str = "") -> Cluster:
    return cluster_of([*ENDPOINTS, calico("GlobalNetworkPolicy", "p", SPEC)], facts=f"{FACTS}{facts}")


def told(about: Cluster) -> list[Breach]:
    return list(host_traffic.check(about, {"problem": "forward-accept-lost"}))


@pytest.mark.parametrize(
    ("firewall", "words", "undecided"),
    [
        ("firewall: {forward: drop}", "the host's own FORWARD chain drops them", False),
        ("", "the host's own FORWARD chain may drop them", True),
        ("firewall: {forward: accept}", None, None),
    ],
)
def test_what_the_host_does_with_them(firewall: str, words: str | None, undecided: bool | None) -> None:
    found = [(one.message.rpartition("and ")[2], one.undecided) for one in told(cluster(firewall))]
    assert found == ([] if words is None else [(words, undecided)])


def test_of_endpoints_with_unknown_labels_nothing_is_told() -> None:
    known = cluster("firewall: {forward: drop}")
    (policed,) = [one for one in known.host_endpoints if one.name == "lan"]
    policed.resource.gaps = (("metadata", "labels"),)
    assert told(known) == []


@pytest.mark.parametrize("cidr", ["", "true", "fd00::/64"])
def test_without_addresses_of_ipv4_for_pods_none_is_followed(cidr: str) -> None:
    def alone(network: str) -> Cluster:
        (endpoint, _) = ENDPOINTS
        pool = calico("IPPool", "pods", {"cidr": network})
        return cluster_of(
            [endpoint, pool, calico("GlobalNetworkPolicy", "p", SPEC)], facts=f"{FACTS}firewall: {{forward: drop}}"
        )

    assert told(alone("10.244.0.0/16"))
    assert told(alone(cidr)) == []
