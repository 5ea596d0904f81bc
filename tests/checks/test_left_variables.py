"""References that a later step fills in: nothing is said to be missing, or to be unused for want of them."""

from __future__ import annotations

import pytest

from callint.objects import Intent
from manifests import cluster_of
from shipped_rules import told_by

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
    assert [breach.path for breach in told_by(cluster, identifier)] == ([] if left else places)


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
    assert bool(told_by(cluster, identifier)) is not left


def _peer(spec: str) -> str:
    return f"---\napiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata: {{name: other}}\nspec: {{{spec}}}\n"


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("node: three, peerIP: '${NAME}', asNumber: 65000", True),
        ("node: one, peerIP: '${NAME}', asNumber: 65000", False),
        ("node: two, peerIP: '${NAME}', asNumber: 65000", False),
        ("peerIP: '${NAME}', asNumber: 65000", False),
        ("nodeSelector: has(other), peerIP: '${NAME}', asNumber: 65000", True),
        ("nodeSelector: rr == 'yes', peerIP: '${NAME}', asNumber: 65000", False),
        ("nodeSelector: \"rr == '${NAME}'\", peerIP: 192.0.2.1, asNumber: 65000", True),
        ("nodeSelector: \"rr == '${NAME}'\", peerIP: 10.0.0.2, asNumber: 65000", False),
        ("node: '${NAME}', peerIP: 10.0.0.3, asNumber: 65000", True),
        ("node: '${NAME}', peerIP: 10.0.0.1, asNumber: 65000, nodeSelector: all()", False),
        ("peerIP: 192.0.2.1, asNumber: '${NAME}'", True),
        ("peerIP: 10.0.0.2, asNumber: '${NAME}'", False),
        ("node: three, peerSelector: \"rack == '${NAME}'\"", True),
        ("node: one, peerSelector: \"rack == '${NAME}'\"", False),
        ("nodeSelector: rr == 'yes', peerSelector: '!has(rr)', sourceAddress: '${NAME}'", False),
        ("nodeSelector: rr == 'yes', peerSelector: rr == 'yes', sourceAddress: '${NAME}'", True),
        ("node: one, localWorkloadSelector: \"app == '${NAME}'\", asNumber: 65000", False),
        ("node: three, localWorkloadSelector: \"app == '${NAME}'\", asNumber: 65000", True),
        ("node: one, localWorkloadSelector: app == 'x', asNumber: '${NAME}'", False),
        ("node: one, peerIP: 192.168.0.9, asNumber: 65000, filters: ['${NAME}'], nextHopMode: '${NAME}'", True),
    ],
)
def test_a_session_is_open_where_a_peer_may_be_between_its_ends(spec: str, told: bool) -> None:
    """The node `one`, at the far end of the session of `two`, has no peering with `two` unless this peer is one."""
    cluster = cluster_of(SESSIONS + _peer(spec), judged=True)
    found = [breach for breach in told_by(cluster, "BGP024") if '"reflector"' in breach.message]
    assert bool(found) is told


@pytest.mark.parametrize(
    ("written", "left", "told"),
    [
        ("10.0.0.3/24", "'${NAME}'", True),
        ("10.0.0.2/24", "'${NAME}'", False),
        ("1.0.0.1", "'${NAME}'", False),
        ("name: three", "name: '${NAME}'", False),
        ("metadata: {name: default}", "metadata: {name: '${NAME}'}", False),
        ("nodeToNodeMeshEnabled: false", "nodeToNodeMeshEnabled: '${NAME}'", False),
        ("nodeToNodeMeshEnabled", "logSeverityScreen: '${NAME}'\n  nodeToNodeMeshEnabled", True),
    ],
)
def test_a_session_is_open_where_a_node_at_its_ends_is(written: str, left: str, told: bool) -> None:
    cluster = cluster_of(SESSIONS.replace(written, left, 1), judged=True)
    assert bool(told_by(cluster, "BGP024")) is told


KUBERNETES = """
---
apiVersion: v1
kind: Node
metadata: {name: '%s', labels: {rr: '${NAME}'}}
---
apiVersion: v1
kind: Node
metadata: {name: %s, annotations: {projectcalico.org/ASNumber: '%s'}}
"""


@pytest.mark.parametrize(
    ("labelled", "numbered", "number", "told"),
    [
        ("three", "three", "64512", True),
        ("one", "three", "64512", False),
        ("three", "three", "${NAME}", True),
        ("three", "one", "${NAME}", False),
        ("${NAME}", "three", "64512", False),
    ],
)
def test_nodes_of_kubernetes_leave_as_much_open(labelled: str, numbered: str, number: str, told: bool) -> None:
    """Nothing else tells that variables are left in them."""
    cluster = cluster_of(SESSIONS + KUBERNETES % (labelled, numbered, number), judged=True)
    (breach,) = told_by(cluster, "BGP024")
    assert breach.undecided is not told
    left = labelled if labelled != "three" else numbered
    assert told or (breach.object is not None and breach.object.name == left)


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("node: three, peerIP: 192.0.2.7, asNumber: 65000", True),
        ("node: one, peerIP: '${NAME}', asNumber: 65000", False),
        ("node: three, peerIP: '${NAME}', asNumber: 65000", True),
    ],
)
def test_a_node_is_also_at_the_addresses_that_facts_tell(spec: str, told: bool) -> None:
    """The node `two` calls another address of the node `one` than its BGP address."""
    called = SESSIONS.replace("peerIP: 10.0.0.1", "peerIP: 192.168.0.2")
    cluster = cluster_of(called + _peer(spec), facts=FACTS, judged=True)
    found = [breach for breach in told_by(cluster, "BGP024") if '"reflector"' in breach.message]
    assert bool(found) is told


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("node: one, peerIP: 10.0.7.9, asNumber: '${NAME}'", True),
        ("node: one, peerIP: 10.0.7.2, asNumber: '${NAME}'", False),
        ("node: '${NAME}', peerIP: 10.0.7.2, asNumber: 64512", False),
    ],
)
def test_the_far_end_may_call_another_address_of_the_node(spec: str, told: bool) -> None:
    facts = "{version: 1, node: two, interfaces: [{name: eth0, addresses: [10.0.0.2/24, 10.0.7.2/24]}]}"
    cluster = cluster_of(SESSIONS + _peer(spec), facts=facts, judged=True)
    assert bool(told_by(cluster, "BGP024")) is told


RIVALS = """
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: default}
spec: {nodeToNodeMeshEnabled: false, listenPort: 1790}
---
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: one}
spec: {bgp: {ipv4Address: 10.0.0.1/24}}
---
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: two}
spec: {bgp: {ipv4Address: '%s'}}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: everywhere}
spec: {peerIP: 10.0.0.9, asNumber: 64512}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: late}
spec: {node: one, peerIP: '10.0.0.9:179', asNumber: 64512}
"""


@pytest.mark.parametrize(
    ("address", "spec", "told"),
    [
        ("10.0.0.2/24", "", True),
        ("${NAME}", "", False),  # at 10.0.0.9 the node would listen on another port than 179
        ("10.0.0.2/24", "node: two, peerIP: '10.0.0.9:179', asNumber: '${NAME}'", True),
        ("10.0.0.2/24", "node: '${NAME}', peerIP: '10.0.0.9:179', asNumber: 64512", False),
        ("10.0.0.2/24", "node: '${NAME}', peerIP: '10.0.0.8:179', asNumber: 64512", True),
    ],
)
def test_of_several_sessions_with_an_address_another_may_be_left(address: str, spec: str, told: bool) -> None:
    cluster = cluster_of(RIVALS % address + (_peer(spec) if spec else ""), judged=True)
    found = [breach for breach in told_by(cluster, "BGP026") if '"late"' in breach.message]
    assert bool(found) is told


@pytest.mark.parametrize(
    ("identifier", "spec", "told"),
    [
        ("BGP038", "node: two, peerIP: 192.0.2.1, asNumber: 65000, filters: ['${NAME}']", True),
        ("BGP038", "node: two, peerIP: 192.0.2.1, asNumber: '${NAME}'", True),
        ("BGP038", "peerIP: 192.0.2.1, asNumber: '${NAME}'", False),
        ("BGP038", "peerIP: 192.0.2.1, asNumber: 64512, password: {secretKeyRef: {name: '${NAME}', key: a}}", False),
        ("BGP038", "node: one, peerIP: '${NAME}', asNumber: 65000", False),
        ("BGP038", "nodeSelector: has(other), peerIP: '${NAME}', asNumber: 65000", True),
        ("BGP038", "node: two, peerSelector: rr == 'yes', numAllowedLocalASNumbers: '${NAME}'", True),
        ("BGP039", "node: two, peerIP: 192.0.2.1, asNumber: '${NAME}'", True),
        ("BGP039", "node: two, peerIP: '${NAME}', asNumber: 65000", False),
        ("BGP039", "nodeSelector: \"rr == '${NAME}'\", peerIP: 192.0.2.1, asNumber: 65000", False),
        ("BGP037", "", True),
    ],
)
def test_what_does_not_decide_may_be_left(identifier: str, spec: str, told: bool) -> None:
    """For want of a peer of the reflector, or of any, a label that is left makes no difference."""
    text = SESSIONS
    if identifier != "BGP038":
        before, _, after = text.partition("kind: BGPPeer")
        text = before.rpartition("---")[0] + "---" + after.partition("---")[2]
    text = text + _peer(spec) if spec else text.replace("rr: 'yes'", "rr: '${NAME}'")
    assert bool(told_by(cluster_of(text, judged=True), identifier)) is told


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
    assert bool(told_by(cluster, identifier)) is not left


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
    assert bool(told_by(cluster, identifier)) is not left
