"""What nobody can know is named, and only where it matters."""

from __future__ import annotations

import pytest

from callint.finding import Path
from callint.objects import Cluster, Intent, Resource, unpack
from callint.policy import NodePolicy, Packet, Verdict, evaluate
from callint.policy.doubt import MOST_RUNS, Doubts, UndecidedError, explore
from callint.source import parse
from calls import calls

INTERFACES = {"eth0": ["172.17.0.10"], "cali1": []}
INTO = Packet("eth0", None, "172.17.0.11", "172.17.0.10", "tcp", 40000, 8055)
SSH = INTO._replace(destination_port=22)
HEP = """
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: h, labels: {role: router}}
spec: {node: box, interfaceName: eth0}
"""


def policy(spec: str, name: str = "p") -> str:
    return f"""
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {{name: {name}}}
spec: {{{spec}}}
"""


def run(
    packet: Packet, *parts: str, gaps: dict[str, tuple[Path, ...]] | None = None, intent: Intent | None = None
) -> Verdict:
    documents = parse("---".join(("", *parts)), "test.yaml").documents
    resources = [Resource(document, base, plain) for document in documents for base, plain in unpack(document)]
    for resource in resources:
        resource.gaps = (gaps or {}).get(resource.name, ())
    return evaluate(NodePolicy(Cluster(resources, intent=intent, documents=documents), "box", INTERFACES), packet)


ALLOW = policy("selector: role == 'router', ingress: [{action: Allow}]")


@pytest.mark.parametrize(
    ("name", "gap"),
    [
        ("p", ("spec", "selector")),
        ("p", ("spec", "order")),
        ("p", ("spec", "types")),
        ("p", ("spec", "applyOnForward")),
        ("p", ("spec", "ingress")),
        ("p", ("spec", "ingress", 0)),
        ("p", ("spec", "ingress", 0, "action")),
        ("p", ("spec", "ingress", 0, "protocol")),
        ("p", ("spec", "ingress", 0, "source", "nets", 0)),
        ("p", ("spec", "ingress", 7)),
        ("p", ("spec",)),
        ("h", ("metadata", "labels")),
    ],
)
def test_gaps_that_matter(name: str, gap: Path) -> None:
    verdict = run(INTO, HEP, ALLOW, gaps={name: (gap,)})
    assert verdict.outcome == "unknown"
    assert name in (verdict.unknown or "")
    failsafe = run(SSH, HEP, ALLOW, gaps={name: (gap,)})
    assert (failsafe.outcome, failsafe.unknown) == ("accept", None)


@pytest.mark.parametrize(
    ("name", "gap"),
    [
        ("p", ("spec", "egress", 0)),
        ("p", ("spec", "performanceHints")),
        ("p", ("metadata", "annotations")),
        ("h", ("spec", "expectedIPs")),
    ],
)
def test_gaps_that_do_not_matter(name: str, gap: Path) -> None:
    assert run(INTO, HEP, ALLOW, gaps={name: (gap,)}).outcome == "accept"


def test_a_gap_in_a_rule_behind_the_deciding_one() -> None:
    two = policy("selector: role == 'router', ingress: [{action: Allow}, {action: Deny, protocol: TCP}]")
    assert run(INTO, HEP, two, gaps={"p": (("spec", "ingress", 1, "protocol"),)}).outcome == "accept"


def test_a_rule_that_fails_by_what_can_be_read() -> None:
    rules = "{action: Deny, protocol: UDP, source: {nets: [x]}}, {action: Allow}"
    gap = ("spec", "ingress", 0, "source", "nets", 0)
    one = policy(f"selector: role == 'router', ingress: [{rules}]")
    assert run(INTO, HEP, one, gaps={"p": (gap,)}).outcome == "accept"
    assert run(INTO._replace(protocol="udp"), HEP, one, gaps={"p": (gap,)}).outcome == "unknown"


def test_both_answers_lead_to_the_same_end() -> None:
    hidden = policy("selector: x, ingress: [{action: Allow}]", "q")
    allow = policy("order: 1, selector: role == 'router', ingress: [{action: Allow}]")
    verdict = run(INTO, HEP, allow, hidden, gaps={"q": (("spec", "selector"),)})
    assert (verdict.outcome, verdict.unknown) == ("accept", None)


def test_a_policy_whose_document_breaks_off() -> None:
    broken = policy("order: 1, selector: role == 'router', ingress: [{action: Allow}]") + "  bad: [\n"
    verdict = run(INTO, HEP, ALLOW.replace("name: p", "name: other"), broken)
    assert verdict.outcome == "unknown"
    assert '"p"' in (verdict.unknown or "")


def test_an_endpoint_that_could_not_be_read_may_be_the_one() -> None:
    other = HEP.replace("name: h", "name: a")
    gaps: dict[str, tuple[Path, ...]] = {"a": (("spec", "interfaceName"),)}
    assert '"a"' in (run(INTO, HEP, other, ALLOW, gaps=gaps).unknown or "")
    later = HEP.replace("name: h", "name: z")
    assert run(INTO, HEP, later, ALLOW, gaps={"z": gaps["a"]}).outcome == "accept"


POOL = """
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: pods}
spec: {cidr: 10.48.0.0/16}
"""
FROM_PODS = policy("selector: role == 'router', ingress: [{action: Allow, source: {selector: app == 'x'}}]")


def test_a_pod_that_no_manifest_holds() -> None:
    pod = INTO._replace(source="10.48.1.2")
    assert "10.48.1.2" in (run(pod, HEP, POOL, FROM_PODS).unknown or "")
    assert run(INTO, HEP, POOL, FROM_PODS).outcome == "drop"
    assert run(pod, HEP, POOL, FROM_PODS, intent=Intent(complete=("Pod",))).outcome == "drop"
    assert run(pod, HEP, POOL.replace("cidr:", "disabled: true, cidr:"), FROM_PODS).outcome == "drop"
    everywhere = FROM_PODS.replace("app == 'x'", "'!has(projectcalico.org/namespace)'")
    assert run(pod, HEP, POOL, everywhere).outcome == "drop"


def test_without_a_pool_any_address_may_be_a_pods() -> None:
    verdict = run(INTO, HEP, FROM_PODS)
    assert (verdict.outcome, "nor an IPPool" in (verdict.unknown or "")) == ("unknown", True)
    for kind in ("IPPool", "Pod"):
        assert run(INTO, HEP, FROM_PODS, intent=Intent(complete=(kind,))).outcome == "drop"
    for source in ("127.0.0.5", "169.254.1.1", "255.255.255.255"):
        assert run(INTO._replace(source=source), HEP, FROM_PODS).outcome == "drop"
    expecting = HEP.replace("interfaceName: eth0", "interfaceName: eth0, expectedIPs: [172.17.0.11]")
    assert run(INTO, expecting, FROM_PODS).outcome == "drop"


WORKLOAD = """
apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata: {name: w, namespace: ns, labels: {app: x}}
spec: {node: box, interfaceName: cali1, ipNetworks: [10.48.1.2/32], profiles: [kns.ns], orchestrator: k8s}
"""


def test_labels_of_a_namespace_that_no_manifest_holds() -> None:
    named = policy("namespaceSelector: projectcalico.org/name == 'ns', types: [Egress]")
    coloured = policy("namespaceSelector: colour == 'red', types: [Egress]")
    packet = Packet("cali1", "eth0", "10.48.1.2", "8.8.8.8", "tcp", 40000, 80)
    assert run(packet, WORKLOAD, named).outcome == "drop"
    assert 'namespace "ns"' in (run(packet, WORKLOAD, coloured).unknown or "")
    namespace = "\napiVersion: v1\nkind: Namespace\nmetadata: {name: ns}\n"
    assert run(packet, WORKLOAD, coloured, namespace).outcome == "accept"
    likely = policy("selector: app == 'x', namespaceSelector: colour == 'red', types: [Egress]")
    assert run(packet, WORKLOAD, likely).outcome == "unknown"
    both = policy("selector: app == 'y', namespaceSelector: colour == 'red', types: [Egress]")
    assert run(packet, WORKLOAD, both).outcome == "accept"


def test_endpoints_of_a_service_that_no_manifest_holds() -> None:
    rule = "{action: Allow, source: {services: {name: s, namespace: ns}}}"
    from_service = policy(f"selector: role == 'router', ingress: [{rule}]")
    assert "ns/s" in (run(INTO, HEP, from_service).unknown or "")
    assert run(INTO, HEP, from_service, intent=Intent(complete=("EndpointSlice",))).outcome == "drop"


def verdict_of(outcome: str) -> Verdict:
    return Verdict(outcome, "because")  # type: ignore[arg-type]


def test_explore_tries_both_answers() -> None:
    def decide(doubts: Doubts) -> Verdict:
        if doubts.ask("a"):
            return verdict_of("drop" if doubts.ask("b") else "accept")
        return verdict_of("accept")

    assert explore(decide).unknown == "b"

    def shrug(doubts: Doubts) -> Verdict:
        doubts.ask("a")
        return verdict_of("accept")

    assert explore(shrug).unknown is None


def test_explore_gives_up_at_last() -> None:
    runs = 0

    def decide(doubts: Doubts) -> Verdict:
        nonlocal runs
        runs += 1
        assert runs <= MOST_RUNS
        for number in range(50):
            doubts.ask(str(number))
        return verdict_of("accept")

    assert explore(decide).unknown == "0"


def test_explore_notes_no_more_ways_than_it_goes() -> None:
    """The questions of a rule for each of many ports with names, once remembered with all answers before each."""

    def decide(doubts: Doubts) -> Verdict:
        for number in range(2_000):
            doubts.ask(str(number))
        return verdict_of("accept")

    way, all_ways = calls(lambda: decide(Doubts())), calls(lambda: explore(decide))
    assert all_ways < 3 * MOST_RUNS * way
    assert explore(decide).unknown == "0"


def test_explore_names_what_is_undecided() -> None:
    def decide(doubts: Doubts) -> Verdict:
        if doubts.ask("a"):
            raise UndecidedError("the moon")
        return verdict_of("accept")

    assert explore(decide).unknown == "the moon"


@pytest.mark.parametrize("gap", [("spec", "nets"), ("spec", "nets", 1), ("spec",)])
def test_a_network_set_that_could_not_be_read_as_a_whole_may_hold_any_address(gap: Path) -> None:
    known = """
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: {name: s, labels: {saas: "true"}}
spec: {nets: [198.51.100.0/24]}
"""
    pool = """
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: pods}
spec: {cidr: 10.244.0.0/16}
"""
    rule = policy("selector: role == 'router', ingress: [{action: Allow, source: {selector: saas == 'true'}}]")
    assert run(INTO, HEP, rule, known, pool).outcome == "drop"
    verdict = run(INTO, HEP, rule, known, pool, gaps={"s": (gap,)})
    assert verdict.outcome == "unknown"
    assert 'not all addresses of GlobalNetworkSet "s" could be read' in (verdict.unknown or "")
    other = policy("selector: role == 'router', ingress: [{action: Allow, source: {selector: saas == 'false'}}]")
    assert run(INTO, HEP, other, known, pool, gaps={"s": (gap,)}).outcome == "drop"


@pytest.mark.parametrize(("bgp", "outcome"), [("ipv4Address: 172.17.0.12/16", "drop"), ("", "unknown")])
def test_a_node_without_a_known_address_may_be_any_that_sends_through_the_tunnel(bgp: str, outcome: str) -> None:
    head = "\napiVersion: projectcalico.org/v3\nkind: {}\nmetadata: {{name: {}}}\nspec: {{{}}}\n"
    pool = head.format("IPPool", "pods", "cidr: 10.244.0.0/16, ipipMode: Always")
    first = head.format("Node", "box", "bgp: {ipv4Address: 172.17.0.10/16}")
    second = head.format("Node", "other", f"bgp: {{{bgp}}}")
    packet = Packet("eth0", None, "172.17.0.99", "172.17.0.10", 4)
    assert run(packet, HEP, pool, first, second).outcome == outcome


def test_the_fact_that_is_missing_is_one_about_the_address_in_question() -> None:
    pods = [
        f"""
apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata: {{name: w-{home}, namespace: {home}}}
spec: {{node: far, orchestrator: k8s, interfaceName: cali9, ipNetworks: [{address}/32], profiles: [kns.{home}]}}
"""
        for home, address in (("red", "10.65.0.1"), ("blue", "10.65.0.2"))
    ]
    chosen = policy("selector: all(), ingress: [{action: Allow, source: {namespaceSelector: team == 'a'}}]")
    for home, address in (("red", "10.65.0.1"), ("blue", "10.65.0.2")):
        said = run(INTO._replace(source=address), HEP, chosen, *pods, intent=Intent(complete=("WorkloadEndpoint",)))
        assert f'{address} is meant: the labels of namespace "{home}"' in (said.unknown or "")
    others = run(INTO._replace(source="10.66.0.1"), HEP, chosen, *pods)
    assert "10.66.0.1 is meant: no manifest holds the pod" in (others.unknown or "")
