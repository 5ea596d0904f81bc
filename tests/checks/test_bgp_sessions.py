"""Rules about sessions, far ends and who learns whose routes: also where nothing may be said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from callint import config, rule
from callint.checks import Breach, find
from callint.engine import Plan
from callint.finding import Finding
from callint.lint import Options, lint
from callint.objects import Intent
from callint.source import Limits, parse
from calls import calls
from manifests import calico, cluster_of

CATALOGUE = rule.load()
OFF = """\
---
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: default}
spec: {nodeToNodeMeshEnabled: false}
"""
POOL = """\
---
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: pods}
spec: {cidr: 10.244.0.0/16, natOutgoing: true%s}
"""


def node(name: str, number: int, extra: str = "", labels: str = "") -> str:
    return (
        "---\napiVersion: projectcalico.org/v3\nkind: Node\n"
        f"metadata: {{name: {name}, labels: {{{labels}}}}}\n"
        f"spec: {{bgp: {{ipv4Address: 10.0.{number >> 8}.{number & 255}/16{extra}}}}}\n"
    )


def peer(name: str, spec: str) -> str:
    return f"---\napiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n"


def found(text: str, *names: str, facts: str = "", folder: Path | None = None) -> list[Finding]:
    given: tuple[str, ...] = ()
    if folder is not None:
        (folder / "facts.yaml").write_text(facts)
        given = (str(folder / "facts.yaml"),)
    result = lint(parse(text, "m.yaml"), config.Config(), Plan(CATALOGUE), Options(facts=given))
    assert result.crashes == []
    return [one for one in result.report.findings if one.name in names]


def test_a_mismatch_of_the_mesh_is_one_finding_with_the_number() -> None:
    text = node("a", 1, ", asNumber: 64999") + node("b", 2) + node("c", 3)
    (finding,) = found(text, "as-mismatch")
    assert finding.path == "/spec/bgp/asNumber"
    assert "the same goes for" in finding.message


def test_a_mismatch_of_the_mesh_is_shown_where_the_number_is_said() -> None:
    """A node's Kubernetes object says nothing of BGP, though it stands first."""
    of_kubernetes = "---\napiVersion: v1\nkind: Node\nmetadata: {name: %s}\n"
    text = of_kubernetes % "a" + node("a", 1, ", asNumber: 64999") + of_kubernetes % "b" + node("b", 2)
    (finding,) = found(text, "as-mismatch")
    assert finding.path == "/spec/bgp/asNumber"
    assert text.splitlines()[finding.span.line - 1].endswith("asNumber: 64999}}")
    (far_end,) = finding.related
    assert text.splitlines()[far_end.span.line - 1].startswith("spec: {bgp: {ipv4Address: 10.0.0.2")


@pytest.mark.parametrize("own", ["", "logSeverityScreen: Info", "listenPort: 1791"])
def test_a_port_is_shown_where_it_is_said(own: str) -> None:
    """What a node's own configuration does not say the default says."""
    settings = OFF.replace("false}", "false, listenPort: 1790}")
    settings += OFF.replace("default", "node.a").replace("nodeToNodeMeshEnabled: false", own)
    text = settings + node("a", 1) + node("b", 2) + peer("p", 'node: b, peerIP: "10.0.0.1:179", asNumber: 64512')
    (finding,) = found(text, "wrong-peer-port")
    (place,) = finding.related
    assert f"listenPort: {'1791' if '1791' in own else '1790'}" in text.splitlines()[place.span.line - 1]


@pytest.mark.parametrize("last", [False, True])
def test_filters_that_cannot_be_read_keep_nobody_apart(last: bool) -> None:
    """Whatever another peer with the same readable filters does, and wherever it stands."""
    nodes = node("a", 1, labels="x: a") + node("e", 2, labels="x: e") + node("c", 4)
    nodes += node("b", 3, ", routeReflectorClusterID: 1.0.0.1", "rr: one")
    closed = calico("BGPFilter", "closed", {"importV4": [{"action": "Reject"}]})
    other = peer("other", "node: a, peerSelector: x == 'e', filters: [closed]")
    unread = peer("unread", "node: c, peerSelector: has(rr), filters: [{x: 1}, closed]")
    both = unread + other if last else other + unread
    text = OFF + POOL % "" + nodes + f"---\n{json.dumps(closed)}\n" + both
    assert found(text + peer("q", "nodeSelector: has(x), peerSelector: has(rr)"), "nodes-unconnected") == []


def test_the_mesh_is_shown_where_it_goes_first_and_not_where_another_peer_does() -> None:
    both = node("a", 1) + node("b", 2)
    for_one = peer("q", 'node: b, peerIP: "10.0.0.1:179", asNumber: 64512, reversePeering: Manual')
    (finding,) = found(OFF.replace("false", "true") + both + for_one, "peer-beside-mesh")
    assert [one.label for one in finding.related] == ["the far end, in AS 64512", "the mesh"]
    other = peer("r", "node: b, peerIP: 10.0.0.1, asNumber: 64512, reversePeering: Manual")
    (finding,) = found(OFF + both + for_one + other, "peer-beside-mesh")
    assert "the mesh" not in [one.label for one in finding.related]


def test_mesh_of_one_number_and_peers_outside_are_believed() -> None:
    text = node("a", 1) + node("b", 2) + peer("tor", "peerIP: 192.0.2.1, asNumber: 65000")
    names = ("as-mismatch", "one-sided-peering", "ends-contradict", "peer-beside-mesh", "peer-unreachable")
    assert found(text, *names) == []


def test_two_peers_with_one_far_end_are_one_session_if_they_say_the_same() -> None:
    one = peer("a", "peerIP: 192.0.2.1, asNumber: 65000")
    assert found(one + peer("b", "peerIP: 192.0.2.1, asNumber: 65000"), "peers-conflict") == []
    (finding,) = found(one + peer("b", "peerIP: 192.0.2.1, asNumber: 65001"), "peers-conflict")
    assert '"asNumber"' in finding.message


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ("peerIP: 192.0.2.1, asNumber: 65000, nodeSelector: rack == 'a'", 1),
        ("asNumber: 65000, nodeSelector: rack == 'a', peerIP: 192.0.2.1", 1),
        ("peerIP: 192.0.2.2, asNumber: 65000, nodeSelector: rack == 'a'", 0),
        ("peerIP: 192.0.2.1, asNumber: 65000, nodeSelector: rack == 'b'", 0),
        ("peerIP: 192.0.2.1, asNumber: 65001, nodeSelector: rack == 'a'", 0),
        ("peerIP: 192.0.2.1, asNumber: 65000", 0),
    ],
)
def test_two_peers_that_say_the_same_are_one_too_many(other: str, told: int) -> None:
    one = peer("a", "peerIP: 192.0.2.1, asNumber: 65000, nodeSelector: rack == 'a'")
    assert [finding.path for finding in found(one + peer("b", other), "peer-repeated")] == ["/spec/peerIP"] * told
    assert found(one + peer("a", other), "peer-repeated") == []  # which the name tells


def test_of_three_peers_that_say_the_same_two_are_one_too_many() -> None:
    text = "".join(peer(name, "peerSelector: has(reflector)") for name in "abc")
    assert [one.path for one in found(text, "peer-repeated")] == ["/spec/peerSelector"] * 2


@pytest.mark.parametrize("spec", ["peerIP: '${ROUTER}', asNumber: 65000", "peerIP: 192.0.2.1, asNumbr: 65000", ""])
def test_peers_that_are_not_known_as_a_whole_may_differ(spec: str) -> None:
    assert found(peer("a", spec) + peer("b", spec), "peer-repeated") == []


def test_nodes_that_nobody_describes_may_keep_two_peers_apart() -> None:
    text = peer("a", "nodeSelector: rack == 'a', peerIP: 192.0.2.1, asNumber: 65000")
    text += peer("b", "nodeSelector: rack == 'b', peerIP: 192.0.2.1, asNumber: 65001")
    assert found(text, "peers-conflict", "peer-shadowed") == []


def test_both_directions_by_hand_are_no_conflict() -> None:
    text = OFF + node("a", 1) + node("b", 2)
    text += peer("ab", "node: a, peerIP: 10.0.0.2, asNumber: 64512")
    text += peer("ba", "node: b, peerIP: 10.0.0.1, asNumber: 64512, keepaliveTime: 10s")
    assert found(text, "peers-conflict", "peer-shadowed") == []


def test_the_mesh_off_without_peers_matters_where_bgp_brings_routes() -> None:
    assert [one.severity for one in found(OFF + POOL % "", "mesh-off-without-peers")] == ["error"]
    assert [one.severity for one in found(OFF, "mesh-off-without-peers")] == ["info"]
    assert found(OFF + POOL % ", vxlanMode: Always", "mesh-off-without-peers") == []
    assert found(OFF + POOL % "" + node("a", 1), "mesh-off-without-peers") == []


def hub(extra: str, clients: int) -> str:
    text = OFF + POOL % "" + node("hub", 1, extra, "role: hub")
    text += "".join(node(f"n{number}", number + 2) for number in range(clients))
    return text + peer("hub", '"nodeSelector": "!has(role)", peerSelector: role == \'hub\'')


def test_a_hub_connects_its_clients_only_as_a_reflector() -> None:
    (finding,) = found(hub("", 3), "nodes-unconnected")
    assert "`routeReflectorClusterID`" in finding.message
    assert found(hub(", routeReflectorClusterID: 192.0.2.1", 3), "nodes-unconnected") == []


def test_two_reflectors_need_a_session_of_their_own() -> None:
    """Their clients pass nothing on, and shall not become reflectors for that."""
    text = hub(", routeReflectorClusterID: 192.0.2.1", 3)
    text += node("hub2", 9, ", routeReflectorClusterID: 192.0.2.1", "role: hub")
    (finding,) = found(text, "nodes-unconnected")
    assert finding.message == (
        'node "hub2" never learns the routes of node "hub": both are route reflectors and no BGPPeer is between them, '
        "and clients pass nothing on"
    )
    assert finding.help == ("add a BGPPeer with a `nodeSelector` and a `peerSelector` that both match the reflectors")
    between = peer("hubs", "nodeSelector: role == 'hub', peerSelector: role == 'hub'")
    assert found(text + between, "nodes-unconnected") == []


REFLECTOR = node("a", 1, ", routeReflectorClusterID: 192.0.2.1", "calico-rr: x") + node("b", 2)


@pytest.mark.parametrize(
    ("peers", "said"),
    [
        (peer("rr", "nodeSelector: all(), peerSelector: has(rr)"), True),
        (peer("rr", "nodeSelector: all(), peerSelector: has(calico-rr)"), False),
        (peer("rr", "nodeSelector: all(), peerSelector: has(rr)") + peer("x", "peerSelector: has(calico-rr)"), False),
        (peer("rr", "nodeSelector: all(), peerSelector: has(rr)") + peer("x", "peerSelector: '${RR}'"), False),
        (peer("rr", "peerSelector: has(rr)") + peer("x", "peerIP: 10.0.0.1, asNumber: 64512"), False),
        (peer("rr", "peerSelector: has(rr)") + peer("x", "peerIP: 10.0.9.9, asNumber: 64999"), True),
        (peer("rr", "nodeSelector: has(rr), peerIP: 10.0.9.9, asNumber: 64999"), False),
    ],
)
def test_a_reflector_is_meant_where_no_other_node_is_known(peers: str, said: bool) -> None:
    """More nodes may have the label; but then nobody speaks with the one that has left the mesh to reflect."""
    findings = found(REFLECTOR + peers, "peer-selects-no-node")
    assert ['not even "a" has such labels, which is a route reflector' in one.message for one in findings] == (
        [True] * said
    )
    assert not found(REFLECTOR.replace(", routeReflectorClusterID: 192.0.2.1", "") + peers, "peer-selects-no-node")


@pytest.mark.parametrize("labels", ["", "kubernetes.io/hostname: a, topology.kubernetes.io/zone: z"])
def test_labels_of_a_reflector_may_come_from_kubectl(labels: str) -> None:
    text = REFLECTOR.replace("calico-rr: x", labels) + peer("rr", "nodeSelector: all(), peerSelector: has(rr)")
    assert found(text, "peer-selects-no-node") == []


def test_a_router_outside_connects_whom_it_peers_with() -> None:
    nodes = node("a", 1, labels="tor: x") + node("b", 2, labels="tor: x") + node("c", 3)
    tor = peer("tor", "nodeSelector: has(tor), peerIP: 192.0.2.1, asNumber: 65000, numAllowedLocalASNumbers: 1")
    (finding,) = found(OFF + POOL % "" + nodes + tor, "nodes-unconnected")
    assert 'node "c"' in finding.message
    assert (
        found(OFF + POOL % "" + nodes.replace("c, labels: {}", "c, labels: {tor: x}") + tor, "nodes-unconnected") == []
    )


@pytest.mark.parametrize(
    ("rules", "kept_in"),
    [
        ("{action: Accept, matchOperator: In, cidr: 192.0.2.0/24}, {action: Reject}", True),
        ("{action: Reject, matchOperator: In, cidr: 10.244.0.0/16}", True),
        ("{action: Reject, matchOperator: In, cidr: 10.244.0.0/17}", False),
        ("{action: Accept, matchOperator: In, cidr: 10.244.0.0/16}, {action: Reject}", False),
        ("{action: Reject, matchOperator: In, cidr: '${NETWORK}'}", False),
        ("", False),
    ],
)
def test_a_router_outside_passes_on_what_it_is_told(rules: str, kept_in: bool) -> None:
    """The hubs have no session with each other, and the others do not pass on what they hear of them."""
    text = OFF + POOL % "" + "".join(node(name, at, labels="role: hub") for at, name in enumerate(("h1", "h2"), 1))
    text += node("c", 3) + peer("hub", "nodeSelector: '!has(role)', peerSelector: has(role)")
    text += peer("tor", "nodeSelector: has(role), peerIP: 192.0.2.1, asNumber: 65000, filters: [out]")
    text += "---\napiVersion: projectcalico.org/v3\nkind: BGPFilter\nmetadata: {name: out}\n"
    text += f"spec: {{exportV4: [{rules}]}}\n"
    findings = found(text, "nodes-unconnected", "pool-withheld-from-nodes")
    assert ["filters keep its pods from the routers outside" in one.message for one in findings] == [True] * kept_in
    with_another = text + peer("wan", "nodeSelector: '!has(role)', peerIP: 192.0.2.2, asNumber: 65001")
    assert found(with_another, "nodes-unconnected") == []  # the third node tells it what the hubs say
    without_hubs = text.replace("peerSelector: has(role)", "peerSelector: has(other)")
    assert not [one for one in found(without_hubs, "nodes-unconnected") if "filters" in one.message]


def test_own_as_loop_needs_one_as_on_both_sides() -> None:
    tor = peer("tor", "peerIP: 192.0.2.1, asNumber: 65000")
    text = OFF + POOL % "" + tor
    (told,) = found(text + node("a", 1) + node("b", 2), "own-as-loop")
    assert "unless the routers between replace the AS" in told.message  # no manifest shows whether they do
    own = node("a", 1, ", asNumber: 65001") + node("b", 2, ", asNumber: 65002")
    assert found(text + own, "own-as-loop") == []
    others = own + node("c", 3) + node("d", 4)
    assert [
        'node "d" refuses the routes of node "c"' in one.message for one in found(text + others, "own-as-loop")
    ] == [True]


def test_many_clients_of_one_reflector_cost_little() -> None:
    text = hub(", routeReflectorClusterID: 192.0.2.1", 600)
    assert found(text, "nodes-unconnected", "reflector-isolated", "own-as-loop") == []


def test_one_reflector_in_a_file_of_its_own_is_not_isolated() -> None:
    """The other nodes are there, only in no manifest."""
    text = OFF + node("rr", 1, ", routeReflectorClusterID: 192.0.2.1", "rr: 'yes'")
    text += peer("to-rr", "nodeSelector: '!has(rr)', peerSelector: has(rr)")
    assert found(text, "reflector-isolated", "peer-selects-no-node", "nodes-unconnected") == []


@pytest.mark.parametrize(
    ("selector", "said"), [("has(a) && !has(a)", True), ("rack == 'a'", False), ("all()", False), ("!all()", True)]
)
def test_a_selector_without_known_nodes_is_wrong_only_where_nothing_can_match(selector: str, said: bool) -> None:
    text = peer("tor", f'nodeSelector: "{selector}", peerIP: 192.0.2.1, asNumber: 65000')
    assert bool(found(text, "peer-selects-no-node")) is said


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ((), "there is no node"),
        (("a",), "the only node has no such labels"),
        (("a", "b"), "none of the 2 nodes has such labels"),
    ],
)
def test_nodes_that_no_selector_matches_are_counted(names: tuple[str, ...], words: str) -> None:
    nodes = [calico("Node", name, {"bgp": {"ipv4Address": "10.0.0.1/24"}}) for name in names]
    tor = calico("BGPPeer", "tor", {"nodeSelector": "rack == 'a'", "peerIP": "192.0.2.1", "asNumber": 65000})
    cluster = cluster_of([*nodes, tor], intent=Intent(complete=("Node",)))
    (breach,) = find("usage")(cluster, {"problem": "selector"})
    assert breach.message.endswith(f"so that it makes no session: {words}")


def selecting_nobody(*complete: str) -> Callable[[], list[Breach]]:
    """Ask about ninety selectors, none of which an index can tell to match none of ninety nodes."""
    objects = []
    for at in range(90):
        peers = {"nodeSelector": f"a contains 'x{at}'", "peerIP": f"192.0.2.{at}", "asNumber": 65000}
        objects.append(calico("Node", f"n{at}", {"bgp": {"ipv4Address": f"10.0.0.{at}/24"}}, labels={"a": f"v{at}"}))
        objects.append(calico("BGPPeer", f"p{at}", peers))
    cluster = cluster_of(objects, intent=Intent(complete=complete))
    cluster.limits = Limits(comparisons=1000)
    return lambda: list(find("usage")(cluster, {"problem": "selector"}))


def test_selectors_are_not_held_against_nodes_of_which_there_may_be_more() -> None:
    ask = selecting_nobody()
    assert ask() == []
    assert calls(ask) < 90 * 90


def test_selectors_are_held_against_all_nodes_as_far_as_limits_allow() -> None:
    told = [one.message for one in selecting_nobody("Node")() if one.undecided]
    assert told == [
        "not all that this rule is about was examined: more than 1,000 comparisons of selectors with labels would be "
        "needed"
    ]


@pytest.mark.parametrize(
    ("port", "rules"),
    [("", ["ends-contradict"] * 2), (":1790", []), (":1791", ["wrong-peer-port"] * 2)],
)
def test_a_port_that_is_not_looked_up_is_told_once(port: str, rules: list[str]) -> None:
    text = node("a", 1) + node("b", 2) + OFF.replace("false", "false, listenPort: 1790")
    text += peer("ab", f'node: a, peerIP: "10.0.0.2{port}", asNumber: 65001, localASNumber: 65002')
    text += peer("ba", f'node: b, peerIP: "10.0.0.1{port}", asNumber: 65002, localASNumber: 65001')
    assert [one.name for one in found(text, "ends-contradict", "wrong-peer-port")] == rules


@pytest.mark.parametrize(
    ("sessions", "keeper"), [("a-b a-c", "a-b"), ("a-d d-b a-c", "d-b"), ("a-d d-c c-b", "d-c"), ("a-c c-b", "a-c")]
)
def test_of_several_filters_that_is_named_at_which_the_routes_end(sessions: str, keeper: str) -> None:
    """Each session but those with d has a filter of its own that rejects pods; b is the first to learn nothing."""
    numbers = {name: number for number, name in enumerate("acdb", 1)}
    text = OFF + POOL % "" + "".join(node(name, at, f", asNumber: {65000 + at}") for name, at in numbers.items())
    reject = "importV4: [{action: Reject, matchOperator: In, cidr: 10.244.0.0/16}]"
    for name in sessions.split():
        near, far = name.split("-")
        text += POOL.replace("IPPool", "BGPFilter").replace("pods", name).partition("spec")[0] + f"spec: {{{reject}}}\n"
        filters = f", filters: [{name}]" if far != "d" else ""
        text += peer(name, f"node: {near}, peerIP: 10.0.0.{numbers[far]}, asNumber: {65000 + numbers[far]}{filters}")
    (finding,) = found(text, "nodes-unconnected")
    assert '"b" never learns the routes of node "a"' in finding.message
    assert f"BGPFilter/{keeper} " in finding.message


def test_nodes_printed_by_the_api_server_are_all_there_are() -> None:
    text = peer("tor", "node: worker, peerIP: 192.0.2.1, asNumber: 65000")
    written = node("a", 1)
    assert found(text + written, "bgp-node-unknown") == []
    printed = written.replace("{name: a", "{name: a, uid: 8a1f")
    assert len(found(text + printed, "bgp-node-unknown")) == 1


FACTS = """\
version: 1
node: router
interfaces:
  - {name: wan0, addresses: [192.0.2.2/24]}
  - {name: wg0, addresses: [10.1.0.2/24]}
routes:
  - {to: 192.0.2.0/24, interface: wan0, protocol: kernel}
  - {to: 10.1.0.0/24, interface: wg0, protocol: kernel}
"""
ROUTER = "---\napiVersion: projectcalico.org/v3\nkind: Node\nmetadata: {name: router}\nspec: {bgp: {ipv4Address: %s}}\n"
FAR_ENDS = {"near": "192.0.2.2", "far": "10.1.0.2"}
JUMP = peer("jump", "node: router, peerIP: 10.1.0.1, asNumber: 65048%s")


def test_the_source_address_is_right_behind_its_own_interface(tmp_path: Path) -> None:
    def says(manifests: str) -> list[str]:
        return [one.severity for one in found(manifests, "source-address-elsewhere", facts=FACTS, folder=tmp_path)]

    assert says(ROUTER % "192.0.2.2/24" + JUMP % "") == ["warning"]
    assert says(ROUTER % "10.1.0.2/24" + JUMP % "") == []
    assert says(ROUTER % "192.0.2.2/24" + JUMP % ", sourceAddress: None") == []
    assert says(JUMP % "") == ["info"]


def test_a_router_that_is_called_at_two_addresses_has_one_session(tmp_path: Path) -> None:
    """Whose own session of a peer about all nodes is as it should be."""
    text = OFF + node("a", 1) + ROUTER % "192.0.2.2/24"
    both = [peer(name, f"nodeSelector: all(), peerIP: {far}, asNumber: 64512") for name, far in FAR_ENDS.items()]
    findings = found(text + "".join(both), "ends-contradict", "one-sided-peering", facts=FACTS, folder=tmp_path)
    assert [(one.object.name if one.object else "", one.name, one.message) for one in findings] == [
        (
            name,
            "ends-contradict",
            f'the session of BGPPeer "{name}" on node "a" with {FAR_ENDS[name]} (node "router") does not stay '
            f'up: node "router" has one session for it and that with {FAR_ENDS[other]}, and each call ends the other',
        )
        for name, other in (("near", "far"), ("far", "near"))
    ]


def test_the_label_of_load_balancers_counts_as_true_alone() -> None:
    text = "---\napiVersion: v1\nkind: Node\nmetadata: {name: a, labels: {%s: %s}}\n"
    label = "node.kubernetes.io/exclude-from-external-load-balancers"
    ranges = OFF.replace("{nodeToNodeMeshEnabled: false}", "{serviceClusterIPs: [{cidr: 10.96.0.0/12}]}")
    assert len(found(ranges + text % (label, '""'), "exclude-label-ineffective")) == 1
    assert found(ranges + text % (label, '"true"'), "exclude-label-ineffective") == []
    assert found(text % (label, '""'), "exclude-label-ineffective") == []


def test_pools_of_load_balancers_lie_in_their_range() -> None:
    ranges = OFF.replace("{nodeToNodeMeshEnabled: false}", "{serviceLoadBalancerIPs: [{cidr: 10.244.0.0/16}]}")
    assert len(found(ranges + POOL % "", "service-range-in-pool")) == 1
    assert found(ranges + POOL % ", allowedUses: [LoadBalancer]", "service-range-in-pool") == []


BOTH = ', ipv6Address: "fd00::%d/64"'
SIX = POOL.replace("name: pods", "name: six").replace("10.244.0.0/16", "fd20::/48")


@pytest.mark.parametrize(("pools", "told"), [(POOL % "", 0), (SIX % "", 1), (SIX % ", vxlanMode: Always", 0)])
def test_nodes_need_no_routes_of_a_family_without_pools(pools: str, told: int) -> None:
    text = OFF + node("a", 1, BOTH % 1) + node("b", 2, BOTH % 2) + pools
    text += peer("four", "node: a, peerIP: 10.0.0.2, asNumber: 64512")
    assert len(found(text, "nodes-unconnected")) == told


def test_one_reflector_of_both_families_is_of_those_that_have_pools() -> None:
    text = OFF + SIX % ", vxlanMode: Always" + node("hub", 9, ", routeReflectorClusterID: 1.0.0.1" + BOTH % 9, "rr: ''")
    text += "".join(node(name, number, BOTH % number) for number, name in enumerate("abc", 1))
    text += peer("hub", "nodeSelector: '!has(rr)', peerSelector: has(rr)")
    assert found(text, "one-reflector") == []
    assert len(found(text + POOL % "", "one-reflector")) == 1


LAN = "10.1.0.0/16, matchOperator: In}, {action: Reject}]"
PODS = "10.244.0.0/24, matchOperator: In}, {action: Reject}]"


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (f"exportV4: [{{action: Accept, cidr: {LAN}", "BGPFilter/some exportV4[1]"),
        (f"importV4: [{{action: Accept, cidr: {LAN}", "BGPFilter/some importV4[1]"),
        (f"exportV4: [{{action: Accept, cidr: {PODS}", ""),
        ("exportV4: [{action: Reject, interface: eth0}]", ""),
        (f"exportV6: [{{action: Accept, cidr: {LAN.replace('10.1.0.0/16', 'fd01::/64')}", ""),
    ],
)
def test_filters_between_nodes_that_keep_pods_apart(rules: str, told: str) -> None:
    """A router hears of the pods, but the other node does not."""
    text = OFF + POOL % "" + node("a", 1) + node("b", 2)
    text += f"---\napiVersion: projectcalico.org/v3\nkind: BGPFilter\nmetadata: {{name: some}}\nspec: {{{rules}}}\n"
    text += peer("tor", "node: a, peerIP: 192.0.2.1, asNumber: 65000")
    text += peer("nodes", "node: a, peerIP: 10.0.0.2, asNumber: 64512, filters: [some]")
    findings = found(text, "nodes-unconnected", "pool-withheld-from-nodes")
    assert [told in one.message for one in findings] == [True] * bool(told)
    withheld = text.replace(peer("tor", "node: a, peerIP: 192.0.2.1, asNumber: 65000"), "")
    assert [one.name for one in found(withheld, "nodes-unconnected", "pool-withheld-from-nodes")] == (
        ["pool-withheld-from-nodes"] if "export" in told else ["nodes-unconnected"] * bool(told)
    )


def test_a_session_of_which_nobody_knows_may_lead_both_ways(tmp_path: Path) -> None:
    """From which address `b` calls no facts tell; what `a` calls is no node's that is known."""
    ends = ("a", "10.9.0.2"), ("b", "10.9.0.1")
    peers = "".join(
        peer(near, f"node: {near}, peerIP: {far}, asNumber: 64512, sourceAddress: None") for near, far in ends
    )
    facts = "{version: 1, node: a, interfaces: [{name: eth0, addresses: [10.0.0.1/16, 10.9.0.1/24]}]}"
    text = OFF + POOL % "" + node("a", 1) + node("b", 2) + peers
    assert found(text, "nodes-unconnected", "one-sided-peering", facts=facts, folder=tmp_path) == []
