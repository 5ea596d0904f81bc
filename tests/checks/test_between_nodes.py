"""What pods of different nodes send each other past the host endpoints of their nodes."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.checks import find
from callint.checks.hosts import between_nodes
from callint.source import Limits
from manifests import calico, cluster_of

ALLOW, DENY = {"action": "Allow"}, {"action": "Deny"}
PODS = {"nets": ["10.244.0.0/16"]}
AMONG = {**ALLOW, "source": PODS, "destination": PODS}
EARLY = {"preDNAT": True, "applyOnForward": True, "types": ["Ingress"]}
CACHE = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "node-local-dns", "namespace": "kube-system"},
    "spec": {
        "template": {
            "spec": {
                "hostNetwork": True,
                "containers": [{"name": "cache", "args": ["-localip", "169.254.20.10,10.96.0.10"]}],
            }
        }
    },
}


def node(name: str, address: str, **labels: str) -> dict[str, Any]:
    return calico("Node", name, {"bgp": {"ipv4Address": address}}, labels=labels)


NODES = [node("a", "10.0.0.1/24"), node("b", "10.0.0.2/24")]


def pool(ipip: str = "Never", vxlan: str = "Never", cidr: str = "10.244.0.0/16", **spec: Any) -> dict[str, Any]:
    return calico("IPPool", "pods", {"cidr": cidr, "ipipMode": ipip, "vxlanMode": vxlan, **spec})


def endpoint(interface: str = "eth0", name: str = "a") -> dict[str, Any]:
    expected = {"expectedIPs": [f"10.0.0.{ord(name) - 96}"]}
    spec = {"node": name, "interfaceName": interface, **expected, "profiles": ["projectcalico-default-allow"]}
    return calico("HostEndpoint", name, spec, labels={"host": "yes"})


def policy(*ingress: Any, egress: list[Any] | None = None, name: str = "hosts", **spec: Any) -> dict[str, Any]:
    types = ["Ingress"] if egress is None else ["Ingress", "Egress"]
    rules = {"ingress": [*ingress], **({} if egress is None else {"egress": egress})}
    return calico(
        "GlobalNetworkPolicy", name, {"selector": "has(host)", "types": types, "applyOnForward": True, **rules, **spec}
    )


def told(*objects: dict[str, Any], dataplane: str = "iptables") -> list[tuple[tuple[Any, ...], str]]:
    cluster = cluster_of(objects, Target(dataplane=dataplane), judged=True)
    return [(one.path, one.message) for one in find("between_nodes")(cluster, {})]


@pytest.mark.parametrize(
    ("rules", "path", "words"),
    [
        (policy(DENY), ("spec", "ingress", 0, "action"), "all TCP and UDP that pods of other nodes"),
        (policy(), ("spec", "ingress"), "all TCP and UDP that pods of other nodes"),
        (policy(DENY, **EARLY), ("spec", "ingress", 0, "action"), "all TCP and UDP, but for failsafe ports, that"),
        (
            policy({**ALLOW, "source": {"nets": ["10.0.0.0/24"]}}, DENY, **EARLY),
            ("spec", "ingress", 1, "action"),
            "all",
        ),
        (policy({**ALLOW, "protocol": "TCP"}), ("spec", "ingress"), "DNS (UDP port 53) that pods of other nodes"),
        (policy(ALLOW, egress=[]), ("spec", "egress"), 'all TCP and UDP that pods of node "a" send'),
        (
            policy(ALLOW, egress=[{**ALLOW, "protocol": "TCP"}]),
            ("spec", "egress"),
            "DNS (UDP port 53) that pods of node",
        ),
        (policy(AMONG, DENY), None, ""),
        (policy(AMONG, DENY, egress=[AMONG]), None, ""),
        (policy(AMONG, DENY, **EARLY), None, ""),
        (policy({"action": "Log"}, **EARLY), None, ""),  # it drops nothing at its end
        (policy(DENY, applyOnForward=False), None, ""),
        (policy(DENY, selector="has(other)"), None, ""),
        (policy({**ALLOW, "protocol": "UDP", "destination": {"ports": [53]}}), None, ""),  # its author thought of pods
    ],
)
def test_policy_for_what_is_forwarded(rules: dict[str, Any], path: tuple[Any, ...] | None, words: str) -> None:
    found = told(*NODES, pool(), endpoint(), endpoint(name="b"), rules)
    assert [where for where, _ in found] == ([] if path is None else [path])
    assert all(message.startswith(words) for _, message in found)


@pytest.mark.parametrize(
    ("given", "interface", "lost"),
    [
        (pool(), "eth0", True),
        (pool("CrossSubnet"), "eth0", True),
        (pool(vxlan="CrossSubnet"), "eth0", True),
        (pool("Always"), "eth0", False),  # what comes in there is the tunnel's, for the node itself
        (pool(vxlan="Always"), "eth0", False),
        (pool("Always"), "*", True),
        (pool(vxlan="Always"), "*", True),
        (pool(vxlan="Always"), "vxlan.calico", True),
        (pool("Always"), "vxlan.calico", False),
        (pool(disabled=True), "eth0", False),
        (pool(allowedUses=["LoadBalancer"]), "eth0", False),
        (pool(nodeSelector="has(pods)"), "eth0", False),
        (pool(), "eth1", True),  # the endpoint has the address of the node
        (pool(cidr="fd00:244::/64"), "eth0", False),  # by which address of IPv6 other nodes know it is not known
    ],
)
def test_interfaces_by_which_packets_of_pods_go(given: dict[str, Any], interface: str, lost: bool) -> None:
    assert bool(told(*NODES, given, endpoint(interface), policy(DENY))) is lost


@pytest.mark.parametrize(
    ("nodes", "interface", "lost"),
    [
        (NODES, "eth0", True),
        (NODES[:1], "eth0", False),  # there are no others
        ([], "eth0", False),  # whether it is a node of the cluster is not known
        ([NODES[0], node("b", "10.1.0.2/24")], "eth0", False),  # all of it is tunnelled
        ([NODES[0], node("b", "10.1.0.2/24")], "*", True),
        ([*NODES, node("c", "10.1.0.3/24")], "eth0", False),  # some of it passes
        ([node("a", "10.0.0.1"), NODES[1]], "eth0", False),  # which of it is tunnelled is not known
    ],
)
def test_tunnels_between_subnets(nodes: list[dict[str, Any]], interface: str, lost: bool) -> None:
    assert bool(told(*nodes, pool("CrossSubnet"), endpoint(interface), policy(DENY))) is lost


def test_a_cache_of_names_on_each_node_asks_others_by_itself() -> None:
    rules = policy({**ALLOW, "protocol": "TCP"})
    assert len(told(*NODES, pool(), endpoint(), endpoint(name="b"), rules)) == 1
    assert told(*NODES, pool(), endpoint(), endpoint(name="b"), rules, CACHE) == []
    assert len(told(*NODES, pool(), endpoint(), policy(DENY), CACHE)) == 1


def test_who_answers_names_need_not_be_on_every_node() -> None:
    web = {**ALLOW, "protocol": "TCP", "destination": {"ports": [80, 443]}}
    assert told(*NODES, pool(), endpoint(), policy(web)) == []
    assert len(told(*NODES, pool(), endpoint(), endpoint(name="b"), policy(web))) == 1
    ((path, message),) = told(*NODES, pool(), endpoint(), policy(web, egress=[web]))
    assert path == ("spec", "egress")
    assert message.startswith('DNS (UDP port 53) that pods of node "a" send')


def test_wireguard_takes_all_of_it() -> None:
    felix = calico("FelixConfiguration", "default", {"wireguardEnabled": True})
    assert told(*NODES, pool(), endpoint(), policy(DENY), felix) == []
    assert len(told(*NODES, pool(), endpoint("*"), policy(DENY), felix)) == 1


def test_one_cause_is_told_once() -> None:
    ((_, message),) = told(*NODES, pool(), endpoint(), endpoint(name="b"), policy(DENY))
    assert message.endswith(
        'dropped at "eth0" by rule ingress[0] of GlobalNetworkPolicy "hosts"; so it is at 1 other node'
    )


def test_ebpf_is_not_asked() -> None:
    assert told(*NODES, pool(), endpoint(), policy(DENY), dataplane="ebpf") == []


def test_where_names_get_through_no_sets_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(between_nodes, "Engine")
    assert told(*NODES, pool(), endpoint(), policy(AMONG, DENY, egress=[AMONG])) == []


def test_a_failsafe_port_for_names_is_no_proof_for_the_others() -> None:
    felix = calico("FelixConfiguration", "default", {"failsafeInboundHostPorts": [{"protocol": "udp", "port": 53}]})
    ((_, message),) = told(*NODES, pool(), endpoint(), policy(DENY, **EARLY), felix)
    assert message.startswith("all TCP and UDP, but for failsafe ports,")


def test_parts_of_what_is_dropped_count() -> None:
    pods = [{"nets": [f"10.244.{n}.0/24"]} for n in range(40)]
    pools = [
        calico("IPPool", f"p{n}", {"cidr": one["nets"][0], "ipipMode": "Never", "vxlanMode": "Never"})
        for n, one in enumerate(pods)
    ]
    rules = [{**DENY, "source": one, "destination": one} for one in pods]
    cluster = cluster_of([*NODES, endpoint(), *pools, *(policy(one, name=f"r{n}") for n, one in enumerate(rules))])
    cluster.limits = Limits(comparisons=25_000)
    (found,) = find("between_nodes")(cluster, {})
    assert found.message.startswith("not all that this rule is about was examined")
