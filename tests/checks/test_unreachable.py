"""Rules and policies that never decide: against brute force, and case by case where several policies meet."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callint.checks import Breach, CheckError, find
from callint.policy.address_inventory import AddressInventory
from callint.policy.doubt import Doubts
from callint.policy.match import criteria, matches
from callint.policy.packet import Flow, Packet, read
from manifests import cluster_of

V3 = "projectcalico.org/v3"


def made(kind: str, name: str, namespace: str | None = None, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": V3, "kind": kind, "metadata": metadata, "spec": spec}


def gnp(name: str, *ingress: dict[str, Any], selector: str = "all()", **spec: Any) -> dict[str, Any]:
    return made("GlobalNetworkPolicy", name, selector=selector, types=["Ingress"], ingress=list(ingress), **spec)


def breaches(problem: str, *objects: dict[str, Any]) -> list[Breach]:
    return list(find("unreachable")(cluster_of(list(objects)), {"problem": problem}))


def dead(*objects: dict[str, Any]) -> dict[str, list[tuple[str, int]]]:
    """Per problem the policies and numbers of rules found."""
    return {
        problem: [
            (one.object.name, int(one.path[2]) if len(one.path) > 2 else -1)
            for one in breaches(problem, *objects)
            if one.object is not None
        ]
        for problem in ("rule", "redundant", "policy")
    }


def only(**expected: list[tuple[str, int]]) -> dict[str, list[tuple[str, int]]]:
    return {"rule": [], "redundant": [], "policy": []} | expected


ALLOW, DENY, PASS, LOG = ({"action": action} for action in ("Allow", "Deny", "Pass", "Log"))


def tcp(action: str, *ports: Any, **source: Any) -> dict[str, Any]:
    rule: dict[str, Any] = {"action": action, "protocol": "TCP"}
    if ports:
        rule["destination"] = {"ports": list(ports)}
    return rule | ({"source": source} if source else {})


NETS = ["10.0.0.0/24", "10.0.0.0/25", "10.0.0.128/25", "10.0.0.0/26"]
PORTS: list[Any] = [80, "80:81", "81:90"]


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    rule: dict[str, Any] = {"action": draw(st.sampled_from(["Allow", "Deny", "Pass", "Log"]))}
    protocol = draw(st.sampled_from([None, "TCP", "UDP", "ICMP"]))
    if protocol is not None:
        rule["protocol"] = protocol
    source: dict[str, Any] = {}
    for key in ("nets", "notNets"):
        if draw(st.integers(0, 2)) == 0:
            source[key] = draw(st.lists(st.sampled_from(NETS), min_size=1, max_size=2))
    target: dict[str, Any] = {}
    for key in ("ports", "notPorts"):
        if protocol in ("TCP", "UDP") and draw(st.integers(0, 2)) == 0:
            target[key] = draw(st.lists(st.sampled_from(PORTS), min_size=1, max_size=2))
    if protocol == "ICMP" and draw(st.booleans()):
        rule[draw(st.sampled_from(["icmp", "notICMP"]))] = {"type": 8}
    return rule | ({"source": source} if source else {}) | ({"destination": target} if target else {})


SOURCES = [0x0A000000 + last for last in (1, 65, 129)] + [0x0B000000]
FLOWS = [
    *(Flow(4, src, 1, proto, 1, port, None, None) for src, proto, port in product(SOURCES, (6, 17), (79, 80, 81, 82))),
    *(Flow(4, src, 1, 1, None, None, kind, 0) for src, kind in product(SOURCES, (0, 8))),
    *(Flow(4, src, 1, 99, None, None, None, None) for src in SOURCES),
    *(Flow(6, 1, 1, proto, 1, port, None, None) for proto, port in product((6, 17), (79, 80, 81, 82))),
    *(Flow(6, 1, 1, 58, None, None, kind, 0) for kind in (0, 8)),
    *(Flow(6, 1, 1, proto, None, None, None, None) for proto in (1, 99)),
]
"""One packet of every region that the nets and ports above cut out."""


def witnessed(breach: Breach) -> tuple[Flow, str]:
    """The packet that proves a breach, and what it says decides about it."""
    assert breach.witness is not None
    shown = breach.witness.as_dict()
    by = shown.pop("decided_by")
    fields = {key: value for key, value in shown.items() if key in Packet._fields}
    return read(Packet(**{"in_interface": "eth0", "out_interface": None} | fields)), by


@settings(deadline=None, max_examples=60)
@given(st.lists(rules(), min_size=1, max_size=5))
def test_against_brute_force(written: list[dict[str, Any]]) -> None:
    cluster = cluster_of([gnp("p", *written)])
    (policy,) = cluster.policies
    inventory = AddressInventory(cluster)
    demands = [{family: criteria(rule, family, inventory, None) for family in (4, 6)} for rule in policy.ingress]

    def hits(number: int, flow: Flow) -> bool:
        demand = demands[number][flow.family]
        return demand is not None and matches(demand, flow, Doubts())

    hit = [{n for n, flow in enumerate(FLOWS) if hits(number, flow)} for number in range(len(written))]
    deciding = [one["action"] != "Log" for one in written]
    expected = [
        index
        for index, mine in enumerate(hit)
        if mine and mine <= set().union(*(hit[i] for i in range(index) if deciding[i]))
    ]
    found = breaches("rule", gnp("p", *written)) + breaches("redundant", gnp("p", *written))
    assert sorted(int(one.path[2]) for one in found) == expected
    lines = [cluster.policies[0].resource.span(*rule.path, "action") for rule in policy.ingress]
    for one in found:
        index = int(one.path[2])
        covering = [lines.index(related.span) for related in one.related]
        assert covering == sorted(covering)
        assert all(number < index and deciding[number] for number in covering)
        assert hit[index] <= set().union(*(hit[number] for number in covering))
        for left_out in covering:
            rest = [hit[number] for number in covering if number != left_out]
            assert not hit[index] <= set().union(*rest)
        packet, by = witnessed(one)
        assert hits(index, packet)
        first = next(number for number in range(index) if deciding[number] and hits(number, packet))
        assert by == f"policy p ingress rule {first}"
        differs = any(written[number]["action"] != written[index]["action"] for number in covering)
        assert ("is never reached" in one.message) is differs
    empty = list(find("contradiction")(cluster, {}))
    assert [one.path[2] for one in empty] == [index for index, mine in enumerate(hit) if not mine]


WEB = "app == 'web'"


CASES: dict[str, tuple[list[dict[str, Any]], dict[str, list[tuple[str, int]]]]] = {
    "an equal selector": (
        [gnp("a", tcp("Allow", selector=WEB), tcp("Deny", 80, selector=WEB))],
        only(rule=[("a", 1)]),
    ),
    "a wider selector": (
        [gnp("a", tcp("Allow", selector="has(app)"), tcp("Allow", 80, selector=WEB))],
        only(redundant=[("a", 1)]),
    ),
    "a narrower selector": ([gnp("a", tcp("Allow", selector=WEB), tcp("Deny", 80, selector="has(app)"))], only()),
    "addresses that a set has today": (
        [
            {
                **made("GlobalNetworkSet", "s", nets=["10.0.0.0/8"]),
                "metadata": {"name": "s", "labels": {"app": "web"}},
            },
            gnp("a", tcp("Allow", selector=WEB), tcp("Deny", nets=["10.1.0.0/16"])),
        ],
        only(rule=[("a", 1)]),
    ),
    "addresses of a set do not bound a selector": (
        [
            {
                **made("GlobalNetworkSet", "s", nets=["10.0.0.0/8"]),
                "metadata": {"name": "s", "labels": {"app": "web"}},
            },
            gnp("a", tcp("Allow", nets=["10.0.0.0/8"]), tcp("Deny", selector=WEB)),
        ],
        only(),
    ),
    "the policy before": (
        [gnp("a", tcp("Allow"), order=1), gnp("b", tcp("Deny", 80), ALLOW, order=2)],
        only(rule=[("b", 0)]),
    ),
    "the policy before selects less": (
        [gnp("a", tcp("Allow"), order=1, selector=WEB), gnp("b", tcp("Deny", 80), order=2)],
        only(),
    ),
    "a whole policy": ([gnp("a", DENY, order=1), gnp("b", ALLOW, order=2)], only(policy=[("b", -1)])),
    "a whole policy, by a pass": ([gnp("a", PASS, order=1), gnp("b", ALLOW, order=2)], only(policy=[("b", -1)])),
    "a whole policy, with what was decided anyway": (
        [gnp("a", ALLOW, order=1), gnp("b", ALLOW, order=2)],
        only(redundant=[("b", 0)]),
    ),
    "a log decides nothing": ([gnp("a", LOG, DENY)], only()),
    "equal rules": ([gnp("a", tcp("Allow", "web"), tcp("Allow", "web"))], only()),
    "a staged policy covers nothing": (
        [{**gnp("a", DENY, order=1), "kind": "StagedGlobalNetworkPolicy"}, gnp("b", ALLOW, order=2)],
        only(),
    ),
    "another direction": (
        [
            gnp("a", DENY, order=1),
            {**gnp("b", order=2), "spec": {"types": ["Egress"], "egress": [ALLOW], "order": 2}},
        ],
        only(),
    ),
    "for forwarded packets too": (
        [gnp("a", DENY, order=1), gnp("b", ALLOW, order=2, applyOnForward=True)],
        only(),
    ),
    "of forwarded packets": (
        [gnp("a", DENY, order=1, applyOnForward=True), gnp("b", ALLOW, order=2)],
        only(policy=[("b", -1)]),
    ),
    "before DNAT": (
        [gnp("a", DENY, order=1, applyOnForward=True, preDNAT=True), gnp("b", ALLOW, order=2)],
        only(),
    ),
    "an earlier tier denies the rest": (
        [made("Tier", "t", order=1), gnp("a", tcp("Allow"), tier="t"), gnp("b", ALLOW)],
        only(policy=[("b", -1)]),
    ),
    "a tier that is kept elsewhere": (
        [gnp("a", tcp("Allow")), gnp("b", ALLOW, tier="t")],
        only(),
    ),
    "within a tier that is kept elsewhere": (
        [gnp("a", DENY, tier="t", order=1), gnp("b", ALLOW, tier="t", order=2)],
        only(policy=[("b", -1)]),
    ),
    "an earlier tier passes": (
        [made("Tier", "t", order=1), gnp("a", tcp("Allow"), PASS, tier="t"), gnp("b", tcp("Deny", 1), ALLOW)],
        only(rule=[("b", 0)]),
    ),
    "an earlier tier passes some before it denies": (
        [made("Tier", "t", order=1), gnp("a", tcp("Pass"), DENY, tier="t"), gnp("b", tcp("Deny", 1), ALLOW)],
        only(),
    ),
    "another policy of the tier may pass": (
        [
            made("Tier", "t", order=1),
            gnp("a", PASS, tier="t", order=1, selector=WEB),
            gnp("b", DENY, tier="t", order=2),
            gnp("c", ALLOW),
        ],
        only(),
    ),
    "another policy of the tier passes elsewhere": (
        [
            made("Tier", "t", order=1),
            gnp("a", PASS, tier="t", order=1, selector="app == 'db'"),
            gnp("b", tcp("Deny"), tier="t", order=2),
            gnp("c", ALLOW, selector=WEB),
        ],
        only(policy=[("c", -1)]),
    ),
    "a tier whose default is to pass": (
        [made("Tier", "t", order=1, defaultAction="Pass"), gnp("a", tcp("Allow"), tier="t"), gnp("b", ALLOW)],
        only(),
    ),
    "all of a namespace": (
        [
            gnp("a", DENY, order=1),
            made("NetworkPolicy", "b", "ns", order=2, selector=WEB, types=["Ingress"], ingress=[ALLOW]),
        ],
        only(policy=[("b", -1)]),
    ),
    "a policy for nothing": (
        [
            gnp("a", DENY, order=1),
            gnp("b", ALLOW, selector="x == 'y' && x contains 'z'", order=2),
            gnp("c", ALLOW, ALLOW, selector="x == 'y' && x contains 'z'", order=3),
        ],
        only(redundant=[("c", 1)]),
    ),
    "another namespace": (
        [
            made("NetworkPolicy", "a", "one", order=1, types=["Ingress"], ingress=[DENY]),
            made("NetworkPolicy", "b", "two", order=2, types=["Ingress"], ingress=[ALLOW]),
        ],
        only(),
    ),
    "rules over HTTP cover nothing": (
        [gnp("a", {**tcp("Allow"), "http": {"methods": ["GET"]}}, tcp("Deny", 80))],
        only(),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_comes_first(case: str) -> None:
    written, wanted = CASES[case]
    assert dead(*written) == wanted


def test_the_packet_and_what_decides() -> None:
    rules = [tcp("Allow", "1:100"), tcp("Allow", "101:200"), DENY, tcp("Allow", 443)]
    found = {int(one.path[2]): one for one in breaches("rule", gnp("p", *rules))}
    assert list(found) == [3]
    assert found[3].message == (
        'rule ingress[3] of GlobalNetworkPolicy "p" is never reached: the earlier rule ingress[2] already decides on '
        'all of its packets, and the action is not "Allow" but "Deny"'
    )
    assert found[3].witness is not None
    facts = found[3].witness.as_dict()
    assert (facts["protocol"], facts["destination_port"]) == ("tcp", 443)
    assert facts["decided_by"] == "policy p ingress rule 2"


def test_where_the_tier_ends() -> None:
    objects = [made("Tier", "t", order=1), gnp("a", tcp("Allow"), tier="t"), gnp("b", ALLOW)]
    (found,) = breaches("policy", *objects)
    assert [one.label for one in found.related] == ['the tier "t" ends here and drops the rest']


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ({**tcp("Deny"), "notProtocol": "TCP"}, ("protocol", "notProtocol")),
        ({**ALLOW, "source": {"nets": ["10.1.0.0/16"], "notNets": ["10.0.0.0/8"]}}, ("source.nets", "source.notNets")),
        (
            {**tcp("Allow"), "destination": {"ports": [80], "notPorts": ["1:100"]}},
            ("destination.ports", "destination.notPorts"),
        ),
        ({**ALLOW, "protocol": "ICMP", "icmp": {"type": 8, "code": 0}, "notICMP": {"type": 8}}, ("icmp", "notICMP")),
    ],
)
def test_conditions_that_exclude_each_other(rule: dict[str, Any], fields: tuple[str, str]) -> None:
    (found,) = find("contradiction")(cluster_of([gnp("p", rule, ALLOW)]), {})
    assert found.message == (
        'rule ingress[0] of GlobalNetworkPolicy "p" can match no packet: '
        f'"{fields[0]}" and "{fields[1]}" leave nothing between them'
    )
    assert dead(gnp("p", rule, ALLOW)) == only()


def test_parameter() -> None:
    with pytest.raises(CheckError, match="rule, redundant, policy"):
        list(find("unreachable")(cluster_of([]), {"problem": "dead"}))
    with pytest.raises(CheckError, match='"told_by" must be the id of a rule'):
        list(find("unreachable")(cluster_of([]), {"problem": "redundant", "told_by": 5}))


def knp(name: str, *ingress: dict[str, Any], pods: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "x"},
        "spec": {"podSelector": {"matchLabels": pods or {}}, "ingress": list(ingress)},
    }


def anp(name: str, priority: int, *ingress: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "policy.networking.k8s.io/v1alpha2",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": name},
        "spec": {"tier": "Admin", "priority": priority, "subject": {"namespaces": {}}, "ingress": list(ingress)},
    }


def late(namespace: str, **spec: Any) -> dict[str, Any]:
    whole = {"tier": "late", "types": ["Ingress"], "ingress": [tcp("Allow", 80)], **spec}
    return made("NetworkPolicy", "late.b", namespace, **whole)


LATE = made("Tier", "late", order=2_000_000)
OPENSTACK = made("WorkloadEndpoint", "vm", "x", orchestrator="openstack", node="n", workload="vm", endpoint="eth0")
PODS = [{"podSelector": {}}]
BOTH = [{"podSelector": {"matchLabels": {"app": "a"}}}, {"ipBlock": {"cidr": "10.1.0.0/16"}}]
WIDE = {"from": [{"podSelector": {}}, {"ipBlock": {"cidr": "10.0.0.0/8"}}]}
EVERYONE = [{"namespaces": {}}]


@pytest.mark.parametrize(
    ("objects", "wanted"),
    [
        ([knp("a", WIDE, {"from": BOTH})], only(redundant=[("a", 1)])),
        ([knp("a", {"from": PODS}, {"from": BOTH})], only()),
        ([knp("a", {"from": PODS}), knp("b", {"from": PODS}, pods={"app": "a"})], only(redundant=[("b", 0)])),
        ([knp("a", {"from": PODS}), knp("b", {"ports": [{"port": 80}]}, pods={"app": "a"})], only()),
        ([knp("a", {}), knp("b", {"from": PODS}, pods={"app": "a"})], only(redundant=[("b", 0)])),
        (
            [anp("a", 1, {"action": "Deny", "from": EVERYONE}), anp("b", 2, {"action": "Accept", "from": EVERYONE})],
            only(rule=[("b", 0)]),
        ),
        ([gnp("a", DENY, order=1), knp("b", {"from": PODS})], only(policy=[("b", -1)])),
        ([LATE, knp("a"), late("x")], only(policy=[("late.b", -1)])),
        ([LATE, knp("a", {"from": PODS}), late("x", selector="app == 'a'")], only(policy=[("late.b", -1)])),
        ([LATE, knp("a"), late("y")], only()),
        ([LATE, knp("a", pods={"app": "a"}), late("x")], only()),
        ([LATE, knp("a"), late("x"), gnp("c", PASS)], only()),
        ([LATE, knp("a"), late("x"), OPENSTACK], only()),
        ([knp("a", {}), late("x", tier="default")], only(redundant=[("late.b", 0)])),
    ],
)
def test_policies_of_kubernetes(objects: list[dict[str, Any]], wanted: dict[str, list[tuple[str, int]]]) -> None:
    assert dead(*objects) == wanted


@pytest.mark.parametrize(
    ("namespaces", "reached"),
    [
        ("projectcalico.org/name == 'x'", False),
        ("kubernetes.io/metadata.name == 'x'", False),
        ("kubernetes.io/metadata.name in {'x', 'away'}", False),
        ("has(projectcalico.org/name)", False),
        ("kubernetes.io/metadata.name not in {'kube-system'}", False),
        ("projectcalico.org/name != 'x'", True),
        ("kubernetes.io/metadata.name == 'away'", True),
        ("team == 'x'", True),
    ],
)
def test_a_namespace_has_its_name_as_a_label(namespaces: str, reached: bool) -> None:
    first = gnp("deny", DENY, namespaceSelector=namespaces, order=900)
    mine = [(first, knp("web", {"from": PODS})), (first, made("NetworkPolicy", "web", "x", ingress=[ALLOW]))]
    assert [dead(*objects)["policy"] for objects in mine] == [[] if reached else [("web", -1)]] * 2


@pytest.mark.parametrize(
    ("namespaces", "reached"),
    [
        ("team == 'red'", False),
        ("has(team)", False),
        ("team in {'red', 'blue'} && projectcalico.org/name == 'x'", False),
        ("team != 'blue'", False),
        ("team == 'blue'", True),
        ("!has(exempt)", True),
        ("team == 'red' && has(exempt)", True),
    ],
)
def test_labels_of_a_namespace_that_is_written(namespaces: str, reached: bool) -> None:
    red = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x", "labels": {"team": "red", "a": "b"}}}
    first = gnp("deny", DENY, namespaceSelector=namespaces, order=900)
    of_namespace = gnp("web", ALLOW, selector="app == 'web'", namespaceSelector="projectcalico.org/name == 'x'")
    for mine in (knp("web", {"from": PODS}), made("NetworkPolicy", "web", "x", ingress=[ALLOW]), of_namespace):
        assert dead(red, first, mine)["policy"] == ([] if reached else [("web", -1)])
    elsewhere = made("NetworkPolicy", "web", "y", ingress=[ALLOW])
    of_no_pod = made("WorkloadEndpoint", "w", "x", node="n", orchestrator="libvirt", interfaceName="tap0")
    assert dead(red, first, elsewhere) == dead(red, of_no_pod, first, mine) == only()


def test_what_is_said_of_a_rule_of_kubernetes() -> None:
    (found,) = breaches("redundant", knp("a", WIDE, {"ports": [{"port": 1}], "from": BOTH}))
    assert found.message == (
        'rule ingress[1] of NetworkPolicy "a" changes nothing: '
        "the earlier rule ingress[0] with the same action covers it"
    )
    assert found.path == ("spec", "ingress", 1, "ports")
    assert len(found.related) == 1


def test_blocks_of_kubernetes_that_leave_nothing() -> None:
    block = {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/9", "10.128.0.0/9"]}
    rule = {"ports": [{"port": 1}, {"port": 1, "protocol": "UDP"}], "from": [*PODS, {"ipBlock": block}]}
    (found,) = find("contradiction")(cluster_of([knp("a", rule)]), {})
    assert found.path == ("spec", "ingress", 0, "from", 1, "ipBlock", "except")
    assert found.message == (
        'rule ingress[0] of NetworkPolicy "a" can match no packet: '
        '"from.1.ipBlock.cidr" and "from.1.ipBlock.except" leave nothing between them'
    )


UNREACHABLE = {"action": "Allow", "protocol": "ICMP", "icmp": {"type": 3, "code": 1}}


@pytest.mark.parametrize(
    ("objects", "packet", "rule"),
    [
        ([gnp("a", tcp("Allow", "1:1000"), tcp("Allow"), tcp("Deny", "80:2000"))], (4, 6, 1001, None, None), 1),
        ([gnp("a", tcp("Allow"), tcp("Deny"))], (4, 6, 443, None, None), 0),
        ([gnp("a", {**ALLOW, "ipVersion": 6}, {**ALLOW, "ipVersion": 4}, DENY)], (6, 6, 443, None, None), 0),
        ([gnp("a", tcp("Allow"), DENY, order=1), gnp("b", ALLOW, order=2)], (4, 17, 443, None, None), 1),
        ([gnp("a", UNREACHABLE, {**UNREACHABLE, "action": "Deny"})], (4, 1, None, 3, 1), 0),
        ([gnp("a", {**ALLOW, "protocol": "ICMP"}, {**DENY, "protocol": "ICMP"})], (4, 1, None, 8, 0), 0),
    ],
)
def test_what_decides_about_the_packet_that_is_shown(
    objects: list[dict[str, Any]], packet: tuple[int | None, ...], rule: int
) -> None:
    (found,) = (one for problem in ("rule", "policy") for one in breaches(problem, *objects))
    flow, by = witnessed(found)
    assert (flow.family, flow.protocol, flow.destination_port, flow.icmp_type, flow.icmp_code) == packet
    assert by == f"policy a ingress rule {rule}"


def test_addresses_behind_names_of_domains_are_not_known() -> None:
    def found(**destinations: Any) -> list[Breach]:
        egress = [{"action": "Allow", "destination": {key: value}} for key, value in destinations.items()]
        policy = made("GlobalNetworkPolicy", "a", types=["Egress"], egress=egress)
        return list(find("unreachable")(cluster_of([policy], judged=True), {"problem": "redundant"}))

    assert found(notNets=[], nets=["192.0.2.0/24"])
    assert not found(domains=["a.example"], nets=["192.0.2.0/24"])
