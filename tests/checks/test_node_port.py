"""Rules for node ports in policies that are asked too late to see them: only what is certain is told."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.checks import find
from callint.checks.policy import node_port
from callint.source import Limits
from manifests import calico, cluster_of

HOST = calico("HostEndpoint", "wan", {"node": "router", "interfaceName": "wan0"}, labels={"zone": "wan"})
EVERY = "30000:32767"
ALLOW, DENY = {"action": "Allow"}, {"action": "Deny"}


def rule(action: str, *ports: int | str, protocol: str = "TCP", **source: Any) -> dict[str, Any]:
    return {"action": action, "protocol": protocol, "source": source, "destination": {"ports": list(ports)}}


def policy(name: str, *ingress: dict[str, Any], **spec: Any) -> dict[str, Any]:
    whole = {"selector": "zone == 'wan'", "types": ["Ingress"], "ingress": list(ingress), **spec}
    return calico("GlobalNetworkPolicy", name, whole)


def forward(name: str, *ingress: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return policy(name, *ingress, applyOnForward=True, **spec)


def early(name: str, *ingress: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return forward(name, *ingress, preDNAT=True, **spec)


def service(node_port: int, kind: str = "NodePort") -> dict[str, Any]:
    spec = {
        "type": kind,
        "selector": {"app": "web"},
        "ports": [{"port": 80, "targetPort": 8080, "nodePort": node_port}],
    }
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}, "spec": spec}


def service_of(name: str = "web", *ports: dict[str, Any], selector: dict[str, str] | None = None) -> dict[str, Any]:
    spec = {"type": "NodePort", "ports": list(ports), **({"selector": selector} if selector else {})}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def pods(port: int, **spec: Any) -> dict[str, Any]:
    template = {"metadata": {}, "spec": {"containers": [{"name": "a", "ports": [{"containerPort": port}]}], **spec}}
    metadata = {"name": "media", "namespace": "shop"}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata, "spec": {"template": template}}


def told(problem: str, *objects: dict[str, Any], dataplane: str = "iptables") -> list[str]:
    cluster = cluster_of(objects, Target(dataplane=dataplane))
    return [one.message for one in find("node_port")(cluster, {"problem": problem})]


@pytest.mark.parametrize(
    ("objects", "number"),
    [
        ((HOST, policy("a", rule("Deny", EVERY), ALLOW)), 1),
        ((HOST, policy("a", rule("Deny", 22, EVERY), rule("Deny", EVERY, protocol="UDP"), ALLOW)), 2),
        ((HOST, policy("a", rule("Deny", 30080), ALLOW), service(30080)), 1),
        ((HOST, policy("a", rule("Deny", "30000:30100"), ALLOW), service(30080, "LoadBalancer")), 1),
        ((HOST, forward("a", rule("Deny", EVERY), ALLOW)), 1),
        ((HOST, policy("a", rule("Deny", EVERY, nets=["192.0.2.0/24"]), ALLOW), pods(8080)), 1),
        ((HOST, policy("a", rule("Deny", EVERY), ALLOW), early("b", rule("Allow", 30080))), 1),
        ((HOST, early("a", rule("Deny", EVERY))), 0),
        ((HOST, forward("a", rule("Deny", EVERY), doNotTrack=True)), 0),
        ((HOST, policy("a", rule("Deny", EVERY), ALLOW), early("b", rule("Deny", EVERY))), 0),
        ((HOST, policy("a", rule("Deny", 30080), ALLOW)), 0),  # a process may listen there
        ((HOST, policy("a", rule("Deny", 30080), ALLOW), service(30081)), 0),
        ((HOST, policy("a", rule("Deny", "1:65535"), ALLOW), service(30080)), 0),
        ((HOST, policy("a", rule("Deny", "32000:33000"), ALLOW), service(32080)), 0),
        ((HOST, policy("a", rule("Deny", EVERY), ALLOW), pods(30500, hostNetwork=True)), 0),
        ((HOST, policy("a", rule("Allow", EVERY))), 0),
        ((HOST, policy("a", rule("Deny", EVERY), ALLOW, types=["Egress"])), 0),
        ((HOST, policy("a", rule("Deny", EVERY), ALLOW, selector="zone == 'lan'")), 0),
        ((policy("a", rule("Deny", EVERY), ALLOW),), 0),
        ((HOST, calico("StagedGlobalNetworkPolicy", "a", policy("a", rule("Deny", EVERY))["spec"])), 0),
    ],
)
def test_what_denies_too_late(objects: tuple[dict[str, Any], ...], number: int) -> None:
    found = told("denied", *objects)
    assert len(found) == number
    assert all("it never sees what is sent to node ports" in one for one in found)


@pytest.mark.parametrize(
    ("objects", "number"),
    [
        ((HOST, forward("a", rule("Allow", EVERY))), 1),
        ((HOST, forward("a", rule("Allow", EVERY), rule("Allow", 30080, protocol="UDP"), DENY), service(30080)), 1),
        ((HOST, forward("a", rule("Allow", 30080)), service(30080)), 1),
        ((HOST, forward("a", rule("Allow", EVERY)), policy("b", ALLOW)), 1),
        ((HOST, forward("a", rule("Allow", EVERY)), forward("b", ALLOW, selector="zone == 'lan'")), 1),
        ((HOST, forward("a", rule("Allow", EVERY)), forward("b", rule("Deny", 22))), 1),
        ((HOST, forward("a", rule("Allow", EVERY), rule("Allow", 8080))), 0),
        ((HOST, forward("a", rule("Allow", EVERY, 8080))), 0),
        ((HOST, forward("a", rule("Allow", EVERY), {"action": "Allow", "source": {"nets": ["10.0.0.0/8"]}})), 0),
        ((HOST, forward("a", rule("Allow", EVERY), {"action": "Pass"})), 0),
        ((HOST, forward("a", rule("Allow", EVERY)), forward("b", ALLOW)), 0),
        ((HOST, forward("a", rule("Allow", EVERY)), forward("b", rule("Allow", 8080), selector="has(zone)")), 0),
        ((HOST, forward("a", rule("Allow", EVERY)), early("b", rule("Allow", EVERY))), 0),
        ((HOST, early("a", rule("Allow", EVERY))), 0),
        ((HOST, policy("a", rule("Allow", EVERY))), 0),  # forwarded packets do not meet it
        ((HOST, forward("a", rule("Allow", EVERY)), pods(30500)), 0),
        ((HOST, forward("a", rule("Allow", 30080))), 0),
        ((HOST, forward("a")), 0),
        ((forward("a", rule("Allow", EVERY)),), 0),
        (
            (
                HOST,
                calico("Tier", "first", {"order": 5, "defaultAction": "Pass"}),
                forward("first.a", rule("Allow", EVERY), tier="first"),
            ),
            0,
        ),
    ],
)
def test_what_opens_too_late(objects: tuple[dict[str, Any], ...], number: int) -> None:
    found = told("opened", *objects)
    assert len(found) == number
    assert all('the end of tier "default" drops all of it' in one for one in found)


OFFICE, LAN = {"nets": ["192.0.2.0/24"]}, {"nets": ["10.0.0.0/8"]}
OPEN = rule("Allow", 30080, **OFFICE)
BESIDE = rule("Allow", 443)
WEB = {"app": "web"}
TO_WEB = {"port": 80, "targetPort": 8080, "nodePort": 30080}
TO_NAMES = {"port": 53, "targetPort": 5353, "nodePort": 30080, "protocol": "UDP"}


@pytest.mark.parametrize(
    ("objects", "number"),
    [
        ((HOST, service(30080), forward("a", OPEN, BESIDE)), 1),
        ((HOST, service(30080), forward("a", rule("Allow", 30080), BESIDE)), 1),
        ((HOST, service(30080), forward("a", OPEN, {**ALLOW, "source": LAN})), 1),
        ((HOST, service(30080), forward("a", OPEN, rule("Allow", 8080, protocol="UDP"))), 1),
        ((HOST, service(30080), forward("a", OPEN, rule("Allow", "80:100", **OFFICE))), 1),
        ((HOST, service(30080), forward("a", OPEN, BESIDE), policy("b", rule("Allow", 8080))), 1),
        ((HOST, service(30080), forward("a", OPEN, ALLOW)), 0),
        ((HOST, service(30080), forward("a", OPEN, {"action": "Pass"})), 0),
        ((HOST, service(30080), forward("a", OPEN, rule("Allow", "8000:9000", **OFFICE))), 0),
        ((HOST, service(30080), forward("a", OPEN, rule("Allow", 8080, nets=["192.0.0.0/16"]))), 0),
        ((HOST, service(30080), forward("a", OPEN, rule("Allow", 8080, selector="x == 'y'"))), 0),
        ((HOST, service(30080), forward("a", rule("Allow", 30080), {**ALLOW, "source": LAN})), 0),
        ((HOST, service(30080), forward("a", OPEN, BESIDE), forward("b", rule("Allow", 8080))), 0),
        ((HOST, service(30080), forward("a", OPEN, BESIDE), early("b", OPEN)), 0),
        ((HOST, service(30080), policy("a", OPEN, BESIDE)), 0),
        ((HOST, service(30081), forward("a", OPEN, BESIDE)), 0),
        ((HOST, service(30080), forward("a", rule("Allow", EVERY), BESIDE)), 0),  # other services may have others
        ((HOST, service(30080), forward("a", rule("Allow", 30080, 30081), BESIDE)), 0),
        ((service(30080), forward("a", OPEN, BESIDE)), 0),
        ((HOST, service_of("web", TO_WEB, TO_NAMES, selector=WEB), forward("a", OPEN, BESIDE)), 1),
        ((HOST, service_of("web", TO_NAMES, TO_WEB, selector=WEB), forward("a", OPEN, rule("Allow", 8080))), 0),
        ((HOST, service_of("web", TO_WEB, TO_NAMES, selector=WEB), forward("a", OPEN, rule("Allow", 8080))), 0),
        ((HOST, service_of("web", TO_NAMES, selector=WEB), forward("a", OPEN, BESIDE)), 0),
        ((HOST, service_of("web", TO_WEB), forward("a", OPEN, BESIDE)), 0),  # Endpoints say which port
        ((HOST, service(30080), pods(8080, hostNetwork=True), forward("a", OPEN, BESIDE)), 0),
        ((HOST, service(30080), pods(8080), forward("a", OPEN, BESIDE)), 1),
    ],
)
def test_what_opens_too_late_beside_others(objects: tuple[dict[str, Any], ...], number: int) -> None:
    found = told("opened", *objects)
    assert len(found) == number
    assert all('has port 8080 of the pods of Service "shop/web"' in one for one in found)


def test_nothing_is_said_with_ebpf() -> None:
    objects = (HOST, policy("a", rule("Deny", EVERY), ALLOW), forward("b", rule("Allow", EVERY)))
    assert told("denied", *objects) != []
    assert told("opened", *objects) != []
    assert told("denied", *objects, dataplane="ebpf") == []
    assert told("opened", *objects, dataplane="ebpf") == []


def test_each_policy_before_translation_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(node_port, "_denies", asked.append)
    late = [policy(f"late{number}", rule("Deny", EVERY)) for number in range(3)]
    assert len(told("denied", HOST, *late, early("a", ALLOW), early("b", ALLOW))) == 3
    assert len(asked) == 2


def test_work_on_policies_for_hosts_has_a_bound() -> None:
    opening = [forward(f"a{number}", rule("Allow", EVERY)) for number in range(20)]
    others = [forward(f"b{number}", ALLOW, selector=f"zone != 'wan' && x != '{number}'") for number in range(20)]
    cluster = cluster_of([HOST, *opening, *others])
    assert len(list(find("node_port")(cluster, {"problem": "opened"}))) == 20
    cluster.limits = Limits(comparisons=400)
    *_, last = find("node_port")(cluster, {"problem": "opened"})
    assert last.undecided
    assert "more than 400 comparisons of policies for hosts with each other would be needed" in last.message


OFFICE = {"nets": ["203.0.113.0/24"]}


@pytest.mark.parametrize(
    ("objects", "number"),
    [
        ((HOST, early("a", rule("Allow", EVERY, **OFFICE))), 1),
        ((HOST, early("a", rule("Allow", EVERY, selector="office == 'yes'"))), 1),
        ((HOST, service(30080), early("a", rule("Allow", 30080, **OFFICE))), 1),
        ((HOST, early("a", rule("Allow", EVERY, **OFFICE)), policy("b", ALLOW, rule("Deny", 22))), 1),
        ((HOST, early("a", rule("Allow", EVERY, **OFFICE), DENY)), 0),
        ((HOST, early("a", rule("Allow", EVERY, **OFFICE)), early("b", rule("Deny", EVERY))), 0),
        ((HOST, early("a", rule("Allow", EVERY, **OFFICE)), forward("b", DENY)), 0),
        ((HOST, early("a", rule("Allow", EVERY, **OFFICE)), forward("b", types=["Egress"], egress=[ALLOW])), 0),
        ((HOST, early("a", rule("Allow", EVERY))), 0),
        ((HOST, early("a", rule("Allow", 30080, **OFFICE))), 0),  # which no service has
        ((HOST, early("a", rule("Allow", 443, **OFFICE))), 0),
        ((HOST, early("a", rule("Allow", EVERY, **OFFICE), selector="zone == 'lan'")), 0),
        ((HOST, forward("a", rule("Allow", EVERY, **OFFICE), doNotTrack=True)), 0),
        ((early("a", rule("Allow", EVERY, **OFFICE)),), 0),
    ],
)
def test_node_ports_that_nothing_closes(objects: tuple[dict[str, Any], ...], number: int) -> None:
    found = told("unclosed", *objects)
    assert ["and no policy for hosts closes them to others" in one for one in found] == [True] * number
    assert not told("unclosed", *objects, dataplane="ebpf")


TRANSLATED = {"port": 80, "targetPort": 8080, "nodePort": 30080}


def in_front_of(port: int) -> dict[str, Any]:
    return service_of("web", {**TRANSLATED, "targetPort": port}, selector={"app": "web"})


IN_FRONT = in_front_of(8080)
BY_POD = (HOST, early("a", rule("Allow", 8080), rule("Deny", EVERY)))


def on_port(port: int) -> dict[str, Any]:
    template = {
        "metadata": {},
        "spec": {"containers": [{"name": "a", "ports": [{"containerPort": 1, "hostPort": port}]}]},
    }
    metadata = {"name": "edge", "namespace": "shop"}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata, "spec": {"template": template}}


@pytest.mark.parametrize(
    ("objects", "number"),
    [
        ((*BY_POD, IN_FRONT), 1),
        ((HOST, early("a", rule("Allow", 8080), DENY), IN_FRONT), 1),
        ((HOST, early("a", rule("Allow", 8080), rule("Allow", nets=["10.0.0.0/8"]), DENY), IN_FRONT), 1),
        ((HOST, early("a", rule("Allow", 8080)), early("b", DENY), IN_FRONT), 1),
        (BY_POD, 0),
        ((HOST, early("a", rule("Allow", 8080)), IN_FRONT), 0),
        ((HOST, policy("a", rule("Allow", 8080), rule("Deny", EVERY)), IN_FRONT), 0),
        ((HOST, early("a", rule("Allow", 8080), rule("Deny", EVERY, nets=["192.0.2.0/24"])), IN_FRONT), 0),
        ((HOST, early("a", rule("Allow", 8080), rule("Allow", 30080), DENY), IN_FRONT), 0),
        (
            (
                HOST,
                early("a", rule("Allow", 8080, nets=["10.0.0.0/8"]), rule("Allow", nets=["10.0.0.0/8"]), DENY),
                IN_FRONT,
            ),
            0,
        ),
        ((HOST, early("a", rule("Allow", 8080), rule("Deny", EVERY, protocol="UDP")), IN_FRONT), 0),
        ((HOST, early("a", rule("Allow", 8080, 22), DENY), IN_FRONT), 0),
        ((HOST, early("a", rule("Allow", 80), rule("Deny", EVERY)), IN_FRONT), 0),  # at addresses of the service
        ((*BY_POD, IN_FRONT, service_of("other", {**TRANSLATED, "nodePort": 30081}, selector={"app": "b"})), 0),
        ((*BY_POD, IN_FRONT, service_of("other", {"port": 8080, "nodePort": 30081}, selector={"app": "b"})), 0),
        ((*BY_POD, IN_FRONT, pods(8080, hostNetwork=True)), 0),
        ((HOST, early("a", rule("Allow", 22), DENY), in_front_of(22)), 0),  # the host's own, as far as anybody knows
        ((HOST, early("a", rule("Allow", 6443), DENY), in_front_of(6443)), 0),
        ((HOST, early("a", rule("Allow", 10250), DENY), in_front_of(10250)), 0),
        ((*BY_POD, IN_FRONT, on_port(8080)), 0),
        ((*BY_POD, IN_FRONT, on_port(8081)), 1),
    ],
)
def test_ports_of_pods_that_are_opened_before_translation(objects: tuple[dict[str, Any], ...], number: int) -> None:
    found = told("pod-ports", *objects)
    assert len(found) == number
    assert all("port 8080" in message and "node port 30080, which is denied" in message for message in found)
    assert told("pod-ports", *objects, dataplane="ebpf") == []
