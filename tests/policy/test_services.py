"""Which services a node must offer or needs: from configuration, facts, sockets, and what the node evidently is."""

from __future__ import annotations

from textwrap import dedent

import pytest

from callint.facts import NodeFacts, read
from callint.objects import Cluster, Intent, Resource, unpack
from callint.policy import model_of
from callint.policy.probe import attempts
from callint.policy.services import Requirement, requirements
from callint.source import parse

ENDPOINTS = """
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: wan, labels: {zone: wan}}
spec: {node: router, interfaceName: wan0, expectedIPs: [192.168.0.2]}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: lan, labels: {zone: lan}}
spec: {node: router, interfaceName: lan0, expectedIPs: [10.0.0.1]}
"""
NODE = """
---
apiVersion: v1
kind: Node
metadata: {name: router, labels: {node-role.kubernetes.io/control-plane: ""}}
status: {addresses: [{type: InternalIP, address: 10.0.0.1}]}
---
apiVersion: v1
kind: Node
metadata: {name: worker}
status: {addresses: [{type: InternalIP, address: 10.0.0.2}]}
"""
FACTS = """
version: 1
node: router
interfaces:
  - {name: wan0, addresses: [192.168.0.2/24], forwarding: true}
  - {name: lan0, addresses: [10.0.0.1/24], forwarding: true}
routes:
  - {to: default, via: 192.168.0.1, interface: wan0}
"""


def facts(text: str) -> tuple[NodeFacts, ...]:
    found, problems = read(parse(dedent(text), "facts.yaml").documents)
    assert problems == ()
    return found


def cluster(text: str, about: str = "", intent: Intent | None = None) -> Cluster:
    documents = parse(dedent(text), "m.yaml").documents
    resources = [Resource(document, base, plain) for document in documents for base, plain in unpack(document)]
    return Cluster(resources, facts=facts(about) if about else (), intent=intent)


def services(one: Cluster) -> set[tuple[str, str]]:
    return {(required.interface, required.service) for required in requirements(one)}


CLIENT = {("wan0", "dns-client"), ("wan0", "api-client"), ("lan0", "dns-client"), ("lan0", "api-client")}


def test_every_node_asks_dns_and_the_api_server() -> None:
    assert services(cluster(ENDPOINTS)) == CLIENT


def test_with_routes_it_asks_where_the_default_route_leaves() -> None:
    assert services(cluster(ENDPOINTS, FACTS)) == {("wan0", "dns-client"), ("wan0", "api-client")}


def test_a_control_plane_node_offers_the_api_server_at_its_own_address() -> None:
    assert services(cluster(ENDPOINTS + NODE)) == CLIENT | {("lan0", "api-server")}


def test_nodes_without_host_endpoints_need_nothing_of_calico() -> None:
    assert services(cluster(NODE)) == set()


def test_a_node_that_is_a_placeholder_is_none_yet() -> None:
    assert services(cluster(ENDPOINTS.replace("router", "<node>"))) == set()


@pytest.mark.parametrize(
    ("socket", "expected"),
    [
        ("{protocol: udp, port: 53, address: 10.0.0.1}", {("lan0", "dns")}),
        ("{protocol: tcp, port: 53, interface: lan0}", {("lan0", "dns")}),
        ("{protocol: udp, port: 53}", {("lan0", "dns")}),
        ("{protocol: udp, port: 53, address: 127.0.0.53}", set()),
        ("{protocol: udp, port: 67}", {("lan0", "dhcp")}),
        ("{protocol: udp, port: 68, interface: wan0}", {("wan0", "dhcp-client")}),
        ("{protocol: tcp, port: 6443}", {("lan0", "api-server")}),
        ("{protocol: tcp, port: 8443, process: kube-apiserver, address: 10.0.0.1}", {("lan0", "api-server")}),
        ("{protocol: tcp, port: 6443, process: nginx}", set()),
        ("{protocol: tcp, port: 8443}", set()),
    ],
)
def test_sockets_tell(socket: str, expected: set[tuple[str, str]]) -> None:
    one = cluster(ENDPOINTS, FACTS + f"listening: [{socket}]\n")
    assert services(one) - {("wan0", "dns-client"), ("wan0", "api-client")} == expected


def test_a_socket_for_every_address_tells_nothing_while_routes_are_unknown() -> None:
    about = FACTS.split("routes:")[0] + "listening: [{protocol: udp, port: 53}]\n"
    assert ("lan0", "dns") not in services(cluster(ENDPOINTS, about))


def test_facts_declare() -> None:
    about = FACTS + "services: {lan0: [dns, {name: api-server, port: 443}]}\n"
    found = {one.service: one for one in requirements(cluster(ENDPOINTS, about)) if one.interface == "lan0"}
    assert set(found) == {"dns", "api-server"}
    assert [flow.port for flow in found["api-server"].flows] == [443]
    assert found["dns"].span is not None


def test_the_configuration_asks() -> None:
    intent = Intent({"router": {"*": ("dhcp",)}}, api_server_port=8443)
    found = requirements(cluster(ENDPOINTS, intent=intent))
    assert {one.interface for one in found if one.service == "dhcp"} == {"wan0", "lan0"}
    assert {flow.port for one in found if one.service == "api-client" for flow in one.flows} == {8443}


def required(one: Cluster, service: str) -> Requirement:
    return next(found for found in requirements(one) if found.service == service)


POLICY = """
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: lan}
spec:
  selector: zone == 'lan'
  types: [Ingress, Egress]
  ingress:
    - {action: Allow, protocol: UDP, source: {nets: [10.0.0.0/24]}, destination: {ports: [53, 67]}}
  egress:
    - {action: Allow}
"""


def test_dhcp_is_tried_from_no_address_to_all() -> None:
    one = cluster(ENDPOINTS + POLICY, FACTS + "services: {lan0: [dhcp]}\n")
    found = list(attempts(one, model_of(one).evaluator("router"), required(one, "dhcp")))
    packets = [(a.packet.source, a.packet.source_port, a.packet.destination, a.packet.destination_port) for a in found]
    assert packets == [("0.0.0.0", 68, "255.255.255.255", 67), ("10.0.0.1", 67, "255.255.255.255", 68)]
    assert [a.verdict.outcome for a in found] == ["drop", "accept"]


def test_dns_is_tried_by_a_neighbour() -> None:
    one = cluster(ENDPOINTS + POLICY, FACTS + "services: {lan0: [dns]}\n")
    found = list(attempts(one, model_of(one).evaluator("router"), required(one, "dns")))
    assert [(a.packet.source, a.packet.protocol, a.verdict.outcome) for a in found] == [
        ("10.0.0.2", "udp", "accept"),
        ("10.0.0.2", "tcp", "drop"),
    ]


def test_whom_policy_names_may_be_whom_it_is_for() -> None:
    about = FACTS.replace("10.0.0.1/24", "10.0.0.1/32") + "services: {lan0: [dns]}\n"
    one = cluster(ENDPOINTS + POLICY, about)
    first = next(iter(attempts(one, model_of(one).evaluator("router"), required(one, "dns"))))
    assert (first.packet.source, first.verdict.outcome) == ("10.0.0.1", "accept")


def test_the_api_server_is_tried_by_other_nodes() -> None:
    one = cluster(ENDPOINTS + NODE)
    found = list(attempts(one, model_of(one).evaluator("router"), required(one, "api-server")))
    assert [(a.packet.source, a.verdict.outcome) for a in found] == [("10.0.0.2", "accept")]
