"""Egress to the addresses of services, in Calico's policies and in Kubernetes' own."""

from __future__ import annotations

import pytest

from callint.calico import Target, parse_release
from callint.checks import find
from callint.source import Limits
from manifests import cluster_of

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: database, namespace: shop}
spec: {clusterIP: 10.96.7.7, selector: {app: database}, ports: [{port: 5432}]}
---"""
RANGE = """
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: default}
spec: {serviceClusterIPs: [{cidr: 10.96.0.0/12}]}
---"""
SET_UP = """
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
networking: {podSubnet: 10.244.0.0/16, serviceSubnet: 10.96.0.0/12}
---"""
CIDR = ("ipBlock", "cidr")
CACHE = "podSelector: {matchLabels: {app: cache}}"
KUBERNETES = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - to: [{ipBlock: {cidr: 10.96.7.7/32}}, {podSelector: {matchLabels: {app: cache}}}]
      ports: [{port: 5432}, {port: 5432, protocol: UDP}]
"""
CALICO = """
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  types: [Egress]
  egress: [{action: Allow, protocol: TCP, destination: {nets: [10.96.7.7/32], ports: [5432]}}]
"""
NAMED = SERVICE.replace("port: 5432", "port: 5432, targetPort: db")
FIRST = ("spec", "egress", 0, "destination", "nets", 0)


def with_rule(further: str) -> str:
    return CALICO.replace("}}]", f"}}}}, {{action: Allow, {further}}}]")


@pytest.mark.parametrize(
    ("manifests", "path"),
    [
        (SERVICE + KUBERNETES, ("spec", "egress", 0, "to", 0, *CIDR)),
        (SERVICE + CALICO, ("spec", "egress", 0, "destination", "nets", 0)),
        (
            SERVICE + KUBERNETES.replace("[{ipB", f"[{{{CACHE}}}, {{ipB"),
            ("spec", "egress", 0, "to", 1, "ipBlock", "cidr"),
        ),
        (KUBERNETES, None),  # nothing tells that it is a service's
        (SERVICE + KUBERNETES.replace("10.96.7.7/32", "10.96.0.0/16"), None),  # not services alone
        (SERVICE + KUBERNETES.replace("egress", "ingress").replace("Egress", "Ingress").replace("to:", "from:"), None),
        (SERVICE + CALICO.replace("Allow", "Deny"), None),
        # the same to the pods, or perhaps to them, as other networks police before the address is translated
        (SERVICE + KUBERNETES.replace("app: cache", "app: database"), None),
        (SERVICE + KUBERNETES.replace("app: cache", "tier: back"), None),
        (RANGE + SERVICE + KUBERNETES.replace("app: cache", "app: database"), None),
        (
            SERVICE + KUBERNETES.replace("podSelector: {matchLabels: {app: cache}}", "ipBlock: {cidr: 10.0.0.1/32}"),
            None,
        ),
        (SERVICE + CALICO.replace("10.96.7.7/32", "10.96.7.7/32, 10.0.0.1/32"), None),
        (SERVICE + with_rule("protocol: TCP, destination: {selector: app == 'database', ports: [5432]}"), None),
        (SERVICE + with_rule("destination: {selector: app == 'database'}"), None),
        (SERVICE + with_rule("destination: {services: {name: database, namespace: shop}}"), None),
        (SERVICE + with_rule("protocol: TCP, destination: {ports: ['5000:6000']}"), None),
        (NAMED + with_rule("protocol: TCP, destination: {selector: app == 'database', ports: [1]}"), None),
        (SERVICE + with_rule("protocol: TCP, destination: {selector: app == 'cache', ports: [5432]}"), FIRST),
        (SERVICE + with_rule("protocol: TCP, destination: {selector: tier == 'back', ports: [53]}"), FIRST),
        (SERVICE + with_rule("protocol: UDP, destination: {selector: app == 'database'}"), FIRST),
        (SERVICE + with_rule("protocol: UDP, destination: {ports: [53]}"), FIRST),
        (SERVICE + with_rule("destination: {services: {name: database, namespace: bank}}"), FIRST),
        (RANGE + with_rule("protocol: UDP, destination: {ports: [53]}"), FIRST),
        (RANGE + with_rule("protocol: TCP"), None),
        # of whom no Service is known, what other networks may be
        (SET_UP + CALICO, FIRST),
        (SET_UP + with_rule("protocol: TCP, destination: {nets: [10.0.0.0/24], ports: [5432]}"), None),
        (SET_UP + with_rule("protocol: TCP, destination: {nets: [10.0.0.0/24], ports: [6443]}"), None),
        (SET_UP + with_rule("protocol: TCP, destination: {nets: [10.0.0.0/24], ports: [80]}"), FIRST),
        (SET_UP + SERVICE + with_rule("protocol: TCP, destination: {nets: [10.0.0.0/24], ports: [5432]}"), FIRST),
        (SET_UP + CALICO.replace("10.96.7.7/32", "10.112.0.1/32"), None),
        (SERVICE + KUBERNETES + "    - to: [{podSelector: {matchLabels: {app: database}}}]", None),
        (SERVICE + KUBERNETES + "    - ports: [{port: 53, protocol: UDP}]", ("spec", "egress", 0, "to", 0, *CIDR)),
    ],
)
def test_told_once_for_a_rule(manifests: str, path: tuple[str | int, ...] | None) -> None:
    found = find("policy_rules")(cluster_of(manifests), {"problem": "service-address"})
    assert [one.path for one in found] == ([path] if path else [])


def test_a_kubernetes_policy_is_called_what_it_is_called_there() -> None:
    older = Target(parse_release("v3.30"))
    (breach,) = find("policy_rules")(cluster_of(SERVICE + KUBERNETES, older), {"problem": "service-address"})
    assert breach.message.startswith('a rule of policy "web" allows egress to 10.96.7.7/32, the address of a service')


def test_kubernetes_policies_cannot_name_a_service() -> None:
    question = {"problem": "service-address"}
    (of_kubernetes,) = find("policy_rules")(cluster_of(SERVICE + KUBERNETES), question)
    (of_calico,) = find("policy_rules")(cluster_of(SERVICE + CALICO), question)
    assert "destination.services" in of_calico.help
    assert "destination.services" not in of_kubernetes.help


def test_so_many_comparisons() -> None:
    services = "".join(
        SERVICE.replace("database", f"d{number}").replace(".7.7", f".7.{number}") for number in range(20)
    )
    net = CALICO.split("egress: [")[1].rstrip()[:-1]
    nets = ", ".join(net.replace(".7.7", f".7.{number}") for number in range(20))
    pods = ", ".join(f"{{action: Allow, destination: {{selector: k{number} == 'x'}}}}" for number in range(20))
    cluster = cluster_of(services + CALICO.replace(net, f"{nets}, {pods}"))
    cluster.limits = Limits(comparisons=100)
    (found,) = find("policy_rules")(cluster, {"problem": "service-address"})
    assert found.undecided
    assert found.message == (
        'whether rules of NetworkPolicy "web" and of policies after it allow addresses of services alone was not '
        "examined: more than 100 comparisons of rules with services would be needed"
    )


def test_services_at_one_address_are_counted_for_all_policies_together() -> None:
    services = "".join(SERVICE.replace("database", f"d{number}") for number in range(20))
    policies = "---".join(CALICO.replace("name: web", f"name: web{number}") for number in range(20))
    cluster = cluster_of(services + policies)
    cluster.limits = Limits(comparisons=1000)
    *told, last = find("policy_rules")(cluster, {"problem": "service-address"})
    assert not any(one.undecided for one in told)
    assert 0 < len(told) < 10
    assert last.undecided


@pytest.mark.parametrize(
    ("odd", "elsewhere"),
    [
        ("protocol: foo", "protocol: foo, destination: {selector: app == 'cache'}"),
        ("protocol: 0", "protocol: 0, destination: {nets: [10.0.0.0/8]}"),
        ("destination: {ports: [99999]}", "destination: {ports: [99999], selector: app == 'cache'}"),
        ("destination: {selector: app ==}", "protocol: UDP, destination: {selector: app ==}"),
        ("destination: {namespaceSelector: '('}", "protocol: UDP, destination: {namespaceSelector: '('}"),
    ],
)
def test_what_cannot_be_read_may_let_packets_out(odd: str, elsewhere: str) -> None:
    asked = {"problem": "service-address"}
    assert not list(find("policy_rules")(cluster_of(SERVICE + with_rule(odd)), asked))
    assert list(find("policy_rules")(cluster_of(SERVICE + with_rule(elsewhere)), asked))
