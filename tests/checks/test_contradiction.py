"""Rules that select others where the policy's own pods stand: what is certain."""

from __future__ import annotations

import pytest

from callint.calico import Target
from callint.checks import find
from manifests import cluster_of

POLICY = """
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  selector: app == 'db'
  types: [Ingress]
  ingress: [{action: Allow, destination: {selector: app == 'web'}}]
"""
OF_CLUSTER = POLICY.replace("kind: Net", "kind: GlobalNet").replace(", namespace: shop", "")
EGRESS = POLICY.replace("Ingress", "Egress").replace("ingress", "egress")
NETWORK_SET = """
---
apiVersion: projectcalico.org/v3
kind: NetworkSet
metadata: {name: pods, namespace: shop, labels: {app: web}}
spec: {nets: [10.244.0.0/16]}
"""
HOST = """
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: lan, labels: {app: web}}
spec: {node: one, interfaceName: lan0, expectedIPs: [10.0.0.1]}
"""


@pytest.mark.parametrize(
    ("manifests", "told"),
    [
        (POLICY, True),
        (POLICY.replace("app == 'web'", "tier == 'web'"), False),  # a pod may have both
        (POLICY.replace("destination", "source"), False),
        (POLICY + NETWORK_SET, False),  # it holds the addresses of the pods
        (POLICY + NETWORK_SET.replace("web", "other"), True),
        (OF_CLUSTER, True),
        (OF_CLUSTER + HOST, False),  # it may be another host endpoint of the same node
        (OF_CLUSTER + HOST.replace("web", "other"), True),
        (OF_CLUSTER.replace("spec:", "spec:\n  applyOnForward: true"), False),  # hosts forward to pods
        (OF_CLUSTER.replace("spec:", "spec:\n  namespaceSelector: shop == 'yes'"), True),
        (OF_CLUSTER.replace("spec:", "spec:\n  applyOnForward: true\n  namespaceSelector: '!has(x)'"), False),
        (EGRESS, False),
        (EGRESS.replace("destination", "source"), True),
    ],
)
def test_others_in_the_place_of_the_subject(manifests: str, told: bool) -> None:
    found = list(find("contradiction")(cluster_of(manifests), {}))
    assert len(found) == told


def test_others_by_their_namespace() -> None:
    elsewhere = POLICY.replace("app == 'web'", "app == 'db', namespaceSelector: global()")
    (found,) = find("contradiction")(cluster_of(elsewhere), {})
    assert found.message.endswith('and "destination" matches none of these')


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("protocol: ICMPv6, icmp: {type: 8}", "an echo request of ICMPv6 has type 128"),
        ("protocol: ICMPv6, icmp: {type: 0, code: 0}", "an echo reply of ICMPv6 has type 129"),
        ("protocol: ICMPv6, icmp: {type: 11}", "time exceeded of ICMPv6 has type 3"),
        ("ipVersion: 6, protocol: 58, icmp: {type: 8}", "an echo request of ICMPv6 has type 128"),
        ("protocol: ICMP, icmp: {type: 128}", "an echo request of ICMP has type 8"),
        ("protocol: ICMP, icmp: {type: 135}", "a neighbour solicitation in ICMPv6 alone, and ICMP has none"),
        ("protocol: ICMP, icmp: {type: 8}", None),
        ("protocol: ICMP, icmp: {type: 3, code: 4}", None),
        ("protocol: ICMP, icmp: {type: 11}", None),
        ("protocol: ICMPv6, icmp: {type: 128}", None),
        ("protocol: ICMPv6, icmp: {type: 3}", None),
        ("protocol: ICMPv6, icmp: {type: 2, code: 0}", None),
        ("protocol: ICMPv6, icmp: {type: 143}", None),
        ("protocol: ICMPv6", None),
        ("protocol: ICMPv6, notICMP: {type: 8}", None),
    ],
)
def test_types_of_icmp_in_the_other_protocol(rule: str, told: str | None) -> None:
    manifest = POLICY.replace("destination: {selector: app == 'web'}", rule)
    found = [one.message for one in find("contradiction")(cluster_of(manifest), {})]
    assert [told in message for message in found] == [True] * (told is not None), found


@pytest.mark.parametrize(
    ("rule", "field", "on_native_alone"),
    [
        ("protocol: ICMP, source: {nets: ['fd00::/8']}", "nets", False),
        ("protocol: ICMPv6, destination: {nets: [10.0.0.0/8, 192.0.2.0/24]}", "nets", False),
        ("protocol: ICMP, source: {nets: ['fd00::/8', 10.0.0.0/8]}", None, False),
        ("protocol: ICMP, source: {nets: ['fd00::/8', '${LAN}']}", None, False),
        ("protocol: 1, source: {nets: ['fd00::/8']}", None, False),
        ("protocol: ICMP, source: {notNets: ['fd00::/8']}", None, False),
        ("protocol: ICMP, ipVersion: 6", "ipVersion", True),
        ("protocol: ICMPv6, ipVersion: 6, source: {nets: [10.0.0.0/8]}", "nets", True),
        ("protocol: ICMPv6, ipVersion: 6", None, False),
    ],
)
def test_the_protocol_of_one_ip_version_and_networks_of_the_other(
    rule: str, field: str | None, on_native_alone: bool
) -> None:
    text = OF_CLUSTER.replace("destination: {selector: app == 'web'}", rule)
    for road in ("native", "calicoctl"):
        cluster = cluster_of(text, Target(road=road))
        told = [one.path[-1] for one in find("contradiction")(cluster, {}) if "the protocol of IPv" in one.message]
        assert told == ([field] if field and (road == "native" or not on_native_alone) else [])
