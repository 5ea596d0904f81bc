"""A real kernel with the chains of the policy semantics agrees about every packet with what callint says of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from lab_kernel import (
    LAN_HOST,
    LAN_ROUTER,
    NODE_PORT,
    SERVICE_PORT,
    WAN_HOST,
    WAN_ROUTER,
    Network,
    Sent,
    tables,
    why_not,
)

from callint.objects import Cluster
from callint.policy import NodePolicy, Packet, evaluate
from manifests import calico, cluster_of

ALLOW = [{"action": "Allow"}]
FORWARD: dict[str, Any] = {"applyOnForward": True, "types": ["Ingress", "Egress"], "ingress": ALLOW, "egress": ALLOW}
DENY_DNS = {"action": "Deny", "protocol": "UDP", "destination": {"ports": [53]}}
BEFORE: dict[str, Any] = {
    "preDNAT": True,
    "applyOnForward": True,
    "types": ["Ingress"],
    "ingress": [{"action": "Deny", "protocol": "UDP", "destination": {"ports": [NODE_PORT]}}],
}

# the node port is not among what it allows: the kernel does not translate what it does not track
UNTRACKED: dict[str, Any] = {
    "doNotTrack": True,
    "applyOnForward": True,
    "types": ["Ingress", "Egress"],
    "ingress": [DENY_DNS, {"action": "Allow", "protocol": "UDP", "destination": {"ports": [67, 5000]}}],
    "egress": [{"action": "Allow", "protocol": "UDP", "destination": {"ports": [123]}}],
}
SOFT: dict[str, Any] = {**FORWARD, "tier": "soft", "ingress": [DENY_DNS], "egress": [{"action": "Pass"}]}

CASES: dict[str, tuple[list[str], list[dict[str, Any]]]] = {
    "no host endpoint": ([], []),
    "no policy": (["lan0", "wan0"], []),
    "both directions": (["lan0", "wan0"], [FORWARD]),
    "ingress only": (["lan0", "wan0"], [{**FORWARD, "types": ["Ingress"]}]),
    "egress only": (["lan0", "wan0"], [{**FORWARD, "types": ["Egress"]}]),
    "ingress without rules": (["lan0", "wan0"], [{**FORWARD, "ingress": []}]),
    "not on forward": (["lan0", "wan0"], [{**FORWARD, "applyOnForward": False}]),
    "one endpoint": (["wan0"], [FORWARD]),
    "pass": (["lan0", "wan0"], [{**FORWARD, "ingress": [{"action": "Pass"}], "egress": [{"action": "Pass"}]}]),
    "pass, then a policy that is never asked": (
        ["lan0", "wan0"],
        [{**FORWARD, "ingress": [{"action": "Pass"}]}, {**FORWARD, "ingress": [{"action": "Deny"}]}],
    ),
    "deny before allow": (["lan0", "wan0"], [{**FORWARD, "ingress": [DENY_DNS]}, FORWARD]),
    "by source": (
        ["lan0", "wan0"],
        [{**FORWARD, "ingress": [{"action": "Allow", "source": {"nets": ["10.0.0.0/24"]}}]}],
    ),
    "before DNAT": (["lan0", "wan0"], [BEFORE, FORWARD]),
    "allowed before DNAT": (["lan0", "wan0"], [{**BEFORE, "ingress": ALLOW}]),
    "a mark from before DNAT skips one forward chain": (
        ["lan0", "wan0"],
        [
            {**BEFORE, "ingress": [{"action": "Allow", "protocol": "UDP"}]},
            {
                **FORWARD,
                "ingress": [{"action": "Deny"}],
                "egress": [{"action": "Allow", "destination": {"nets": ["192.168.0.0/24"]}}],
            },
        ],
    ),
    "denied before DNAT, allowed after": (["lan0", "wan0"], [{**BEFORE, "ingress": [{"action": "Deny"}]}, FORWARD]),
    "untracked": (["lan0", "wan0"], [UNTRACKED]),
    "untracked, and forward policy that denies": (
        ["lan0", "wan0"],
        [UNTRACKED, {**FORWARD, "ingress": [{"action": "Deny"}]}],
    ),
    "a tier that passes": (["lan0", "wan0"], [SOFT]),
    "a tier that passes, and one that ends": (["lan0", "wan0"], [SOFT, {**FORWARD, "egress": []}]),
    "an endpoint of all interfaces": (["*"], [{**FORWARD, "egress": [DENY_DNS]}]),
    "an endpoint of all interfaces beside another": (["*", "wan0"], [{**FORWARD, "types": ["Egress"]}]),
    "all interfaces before DNAT and without tracking": (["*"], [BEFORE, UNTRACKED]),
}
PACKETS = {
    "lan to wan": Sent("lan", "wan", "udp", 5000),
    "lan to wan, tcp": Sent("lan", "wan", "tcp", 8443),
    "wan to lan": Sent("wan", "lan", "udp", 5000),
    "dns from lan": Sent("lan", "router", "udp", 53),
    "dns from wan": Sent("wan", "router", "udp", 53),
    "dhcp discover": Sent("lan", "router", "udp", 67, discover=True),
    "ssh, a failsafe port": Sent("lan", "router", "tcp", 22),
    "time server in wan": Sent("router", "wan", "udp", 123),
    "dns server in wan, a failsafe port": Sent("router", "wan", "udp", 53),
    "node port": Sent("lan", "wan", "udp", SERVICE_PORT, before=(LAN_ROUTER, NODE_PORT)),
}


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    with ExitStack() as stack:
        yield Network(stack)


def router(interfaces: list[str], policies: list[dict[str, Any]]) -> Cluster:
    addresses = {"lan0": LAN_ROUTER, "wan0": WAN_ROUTER}
    labels = {"role": "router"}
    objects = [calico("Tier", "soft", {"order": 1, "defaultAction": "Pass"})]
    objects += [
        calico(
            "HostEndpoint",
            name.replace("*", "all"),
            {"node": "router", "interfaceName": name, "expectedIPs": [addresses.get(name, WAN_ROUTER)]},
            labels=labels,
        )
        for name in interfaces
    ]
    for order, policy in enumerate(policies):
        directions = [kind.lower() for kind in policy["types"]]
        kept = {key: value for key, value in policy.items() if key not in ("ingress", "egress") or key in directions}
        name = f"{policy['tier']}.p{order}" if "tier" in policy else f"p{order}"
        objects.append(calico("GlobalNetworkPolicy", name, {"order": order, "selector": "role == 'router'", **kept}))
    return cluster_of(objects)


def packet_of(sent: Sent) -> Packet:
    links = {"lan": "lan0", "wan": "wan0", "router": None}
    router = LAN_ROUTER if "lan" in (sent.origin, sent.target) else WAN_ROUTER
    addresses = {"lan": LAN_HOST, "wan": WAN_HOST, "router": router}
    source, destination = addresses[sent.origin], addresses[sent.target]
    source_port = 40000
    if sent.discover:
        source, source_port, destination = "0.0.0.0", 68, "255.255.255.255"
    return Packet(
        links[sent.origin],
        links[sent.target],
        source,
        destination,
        sent.protocol,
        source_port,
        sent.port,
        pre_dnat_destination=sent.before[0] if sent.before else None,
        pre_dnat_port=sent.before[1] if sent.before else None,
    )


@pytest.mark.slow
@pytest.mark.parametrize("default", ["ACCEPT", "DROP"])
@pytest.mark.parametrize("name", CASES)
def test_the_kernel_agrees(network: Network, name: str, default: str) -> None:
    """What Calico leaves open is decided by the host's own chains: tried with both of their policies, it shows."""
    interfaces, policies = CASES[name]
    cluster = router(interfaces, policies)
    network.load(tables(interfaces, policies, default))
    interfaces_of_router = {"lan0": [f"{LAN_ROUTER}/24"], "wan0": [f"{WAN_ROUTER}/24"]}
    said = {}
    for title, sent in PACKETS.items():
        outcome = evaluate(NodePolicy(cluster, "router", interfaces_of_router), packet_of(sent)).outcome
        assert outcome != "unknown", title
        said[title] = outcome == "accept" or (outcome == "no-verdict" and default == "ACCEPT")
    assert network.passing(PACKETS, said) == said


def test_the_cases_tell_the_three_verdicts_apart() -> None:
    """Without each of them among the packets, the comparison would prove little."""
    seen = {
        evaluate(NodePolicy(router(*case), "router", {"lan0": None, "wan0": None}), packet_of(sent)).outcome
        for case in CASES.values()
        for sent in PACKETS.values()
    }
    assert seen == {"accept", "drop", "no-verdict"}
