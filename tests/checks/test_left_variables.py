"""References that a later step fills in: nothing is said to be missing, or to be unused for want of them."""

from __future__ import annotations

import pytest

from callint import rule
from callint.checks import find
from callint.objects import Intent
from manifests import cluster_of

MANIFESTS = """
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: one, labels: {rack: a}}
---
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: node.%s}
spec: {listenPort: 1790}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: named}
spec: {node: '%s', peerIP: 10.0.0.1, asNumber: 65000}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: selected}
spec: {nodeSelector: rack == '%s', peerSelector: rack == '%s'}
---
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: platform}
spec: {order: 10}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: x}
spec: {tier: '%s', selector: app == 'web', types: [Ingress]}
"""
RULES = {one.id: one for one in rule.load()}


@pytest.mark.parametrize(
    ("identifier", "places"),
    [
        ("REF011", [("spec", "node"), ("metadata", "name")]),
        ("REF012", [("spec", "nodeSelector"), ("spec", "peerSelector")]),
        ("REF025", [("spec", "tier")]),
        ("POL044", [("metadata", "name")]),
    ],
)
@pytest.mark.parametrize("left", [True, False])
def test_what_is_left_to_be_filled_in_may_be_anything(identifier: str, places: list[object], left: bool) -> None:
    written = "${NAME}" if left else "other"
    cluster = cluster_of(MANIFESTS % ((written,) * 5), intent=Intent(complete=("Node",)), judged=True)
    one = RULES[identifier]
    assert [breach.path for breach in find(one.check)(cluster, one.parameters)] == ([] if left else places)


SESSIONS = """
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: one, labels: {rr: 'yes'}}
spec: {bgp: {ipv4Address: 10.0.0.1/24, routeReflectorClusterID: 1.0.0.1}}
---
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: two}
spec: {bgp: {ipv4Address: 10.0.0.2/24}}
---
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: three}
spec: {bgp: {ipv4Address: 10.0.0.3/24}}
---
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: pods}
spec: {cidr: 10.244.0.0/16}
---
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: default}
spec:
  nodeToNodeMeshEnabled: false
  serviceLoadBalancerIPs: [{cidr: 192.0.2.0/24}]
  prefixAdvertisements: [{cidr: 192.0.2.0/24, communities: ['64512:1']}]
---
apiVersion: projectcalico.org/v3
kind: BGPFilter
metadata: {name: out}
spec: {exportV4: [{action: Reject}]}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: reflector}
spec: {node: two, peerIP: 10.0.0.1, asNumber: 64512, reversePeering: Manual, filters: [out]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: LoadBalancer, loadBalancerIP: 198.51.100.1}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: lan}
spec: {node: one, interfaceName: lan0}
"""
FACTS = """
version: 1
node: one
roles: [router]
interfaces:
  - {name: lan0, addresses: [10.0.0.1/24], forwarding: true}
  - {name: wan0, addresses: [192.168.0.2/24], forwarding: true}
"""


@pytest.mark.parametrize(
    ("identifier", "written"),
    [
        ("BGP024", "node: two"),
        ("BGP024", "asNumber: 64512"),
        ("BGP038", "peerIP: 10.0.0.1"),
        ("BGP038", "labels: {rr: 'yes'}"),
        ("BGP045", "cidr: 192.0.2.0/24}]\n  prefix"),
        ("BGP001", "name: out}"),
        ("HEP001", "interfaceName: lan0"),
    ],
)
@pytest.mark.parametrize("left", [True, False])
def test_what_is_not_known_yet_proves_nothing_of_others(identifier: str, written: str, left: bool) -> None:
    """Every finding is there without the variable."""
    text = SESSIONS if identifier != "BGP001" else SESSIONS.replace("filters: [out]", "filters: [in]")
    key, _, value = written.partition(": ")
    shown = value.rstrip("}")
    if identifier == "BGP045":
        written, shown = "cidr: 192.0.2.0/24", "192.0.2.0/24"
    if identifier == "BGP038" and key == "labels":
        written, shown = "rr: 'yes'", "'yes'"
    if left:
        text = text.replace(written, written.replace(shown, "'${NAME}'"), 1)
    cluster = cluster_of(text, facts=FACTS, judged=True)
    one = RULES[identifier]
    assert bool(list(find(one.check)(cluster, one.parameters))) is not left


HELD = """
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: default}
spec: {nodeToNodeMeshEnabled: true}
---
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: one}
spec: {bgp: {ipv4Address: 192.168.0.2/24}}
---
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: two}
spec: {bgp: {ipv4Address: 192.168.0.3/24}}
---
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: pods}
spec: {cidr: 10.244.0.0/16, disabled: false, disableBGPExport: true}
---
apiVersion: projectcalico.org/v3
kind: BGPFilter
metadata: {name: wide}
spec:
  exportV4:
    - {action: Reject, matchOperator: In, cidr: 10.99.0.0/16}
    - {action: Accept, matchOperator: In, cidr: 10.0.0.0/8}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: inside}
spec: {peerIP: 10.244.0.7, asNumber: 65000, filters: [wide]}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: lan}
spec: {node: one, peerIP: 10.0.0.9, asNumber: 65000, sourceAddress: UseNodeIP}
"""


@pytest.mark.parametrize(
    ("identifier", "value"),
    [
        ("BGP016", "10.99.0.0/16"),
        ("BGP031", "disabled: false"),
        ("BGP033", "UseNodeIP"),
        ("BGP048", "disabled: false"),
    ],
)
@pytest.mark.parametrize("left", [True, False])
def test_what_an_object_says_of_itself_may_be_left_too(identifier: str, value: str, left: bool) -> None:
    shown = value.rpartition(": ")[2]
    text = HELD.replace(value, value.replace(shown, "'${NAME}'"), 1) if left else HELD
    cluster = cluster_of(text, facts=FACTS, judged=True)
    one = RULES[identifier]
    assert bool(list(find(one.check)(cluster, one.parameters))) is not left


OTHERS = """
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: default}
spec:
  serviceClusterIPs: [{cidr: 10.96.0.0/12}]
  prefixAdvertisements: [{cidr: 10.244.0.0/16, communities: ['64512:1']}]
---
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: node.one}
spec: {prefixAdvertisements: [{cidr: 10.245.0.0/16, communities: ['64512:2']}]}
---
apiVersion: v1
kind: Node
metadata: {name: one, labels: {node.kubernetes.io/exclude-from-external-load-balancers: 'yes'}}
---
apiVersion: v1
kind: Secret
metadata: {name: bgp, namespace: elsewhere}
stringData: {password: secret}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: tor}
spec: {peerIP: 192.0.2.1, asNumber: 65000, password: {secretKeyRef: {name: bgp, key: password}}}
"""


@pytest.mark.parametrize(
    ("identifier", "value"), [("BGP041", "10.245.0.0/16"), ("BGP046", "'yes'"), ("REF028", "elsewhere")]
)
@pytest.mark.parametrize("left", [True, False])
def test_what_others_are_asked_of_may_be_left(identifier: str, value: str, left: bool) -> None:
    cluster = cluster_of(OTHERS.replace(value, "'${NAME}'") if left else OTHERS, judged=True)
    one = RULES[identifier]
    assert bool(list(find(one.check)(cluster, one.parameters))) is not left
