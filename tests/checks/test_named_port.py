"""Ports by name: cases by hand, and random ones held against a plain look at every endpoint."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.checks import Breach, find
from callint.source import Limits
from manifests import calico, cluster_of

RULE = {"action": "Allow", "protocol": "TCP"}


def pod(name: str, *ports: dict[str, Any], namespace: str = "home", **labels: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels or {"app": "photos"}},
        "spec": {"containers": [{"name": "a", "ports": list(ports)}]},
    }


def deployment(*ports: dict[str, Any], namespace: str | None = "home", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "photos", **({"namespace": namespace} if namespace else {})},
        "spec": {
            "template": {
                "metadata": {"labels": {"app": "photos"}},
                "spec": {"containers": [{"name": "a", "ports": list(ports)}], **spec},
            }
        },
    }


def port(name: str, number: int = 8080, protocol: str | None = None) -> dict[str, Any]:
    return {"name": name, "containerPort": number, **({"protocol": protocol} if protocol else {})}


def ingress(*ports: str | int, protocol: str = "TCP", **spec: Any) -> dict[str, Any]:
    rule = {**RULE, "protocol": protocol, "destination": {"ports": list(ports)}}
    whole = {"selector": "app == 'photos'", "types": ["Ingress"], "ingress": [rule], **spec}
    return calico("NetworkPolicy", "photos", whole, namespace="home")


def egress(selector: str | None, *ports: str | int) -> dict[str, Any]:
    far = {"ports": list(ports), **({"selector": selector} if selector else {})}
    rule = {**RULE, "destination": far}
    return calico("GlobalNetworkPolicy", "out", {"types": ["Egress"], "egress": [rule]})


def kubernetes(*ports: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "photos", "namespace": "home"},
        "spec": {"podSelector": {"matchLabels": {"app": "photos"}}, "ingress": [{"ports": list(ports)}]},
    }


def service(name: str | None, target: str | int, number: int = 80, app: str = "photos", **port: Any) -> dict[str, Any]:
    ports = [{"port": number, "targetPort": target, **({"name": name} if name else {}), **port}]
    metadata = {"name": "photos", "namespace": "home"}
    spec = {"selector": {"app": app}, "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def told(*objects: Any) -> list[Breach]:
    return list(find("named_port")(cluster_of(objects), {}))


@pytest.mark.parametrize(
    ("names", "more", "meant"),
    [
        (("metrics", "htps"), [], "https"),
        (("http", "htps"), [], "https"),  # the nearest is there already
        (("http", "https"), [], None),
        (("metrics", "frontend"), [], None),
        (("metrics", "https", "htps"), [], None),
        (("metrics", "htps"), [pod("b", port("htps", protocol="UDP"), app="b")], None),  # others may have it
        (("metrics", "htps", 8443), [], None),
        (("http", "http2"), [], None),
        (("http", "metrics-b"), [pod("b", port("metrics-a", 9091))], None),
        (("http", "dns-tls"), [pod("b", port("dns-tcp", 53))], None),
        (("metrics", "https-alt"), [pod("b", port("http-alt", 8008))], None),
        (("http", "metrcis"), [], "metrics"),
    ],
)
def test_a_slip_beside_names_that_are_known(
    names: tuple[str | int, ...], more: list[dict[str, Any]], meant: str | None
) -> None:
    for policy in (ingress(*names), kubernetes(*({"port": name} for name in names))):
        found = told(pod("a", port("http"), port("https", 8443), port("metrics", 9090)), *more, policy)
        assert [f'did you mean "{meant}"' in one.message for one in found] == [True] * bool(meant)
        assert all("matches nothing by one of its ports" in one.message for one in found)


@pytest.mark.parametrize(
    ("objects", "hint"),
    [
        ([deployment(port("metrics")), ingress("metric")], '"metrics"'),
        ([deployment(port("metrics")), ingress("metrics")], None),
        ([deployment(port("metrics")), ingress("grpc")], None),  # perhaps another one that these labels will have
        ([deployment(port("metrics")), ingress("metric", 80)], None),  # it matches something by number
        ([deployment(port("metrics")), ingress("metric", "metrics")], None),
        ([deployment(port("dns", 53, "UDP")), ingress("dns")], "for UDP there is one"),
        ([deployment(port("dns", 53, "UDP")), ingress("dns", protocol="UDP")], None),
        ([deployment(port("dns", 53, "UDP"), port("dns", 53)), ingress("dns")], None),
        ([deployment(port("metrics"), namespace=None), ingress("metric")], None),  # it may run anywhere
        ([deployment(port("metrics"), namespace="away"), ingress("metric")], None),
        ([deployment(port("metrics"), hostNetwork=True), ingress("metric")], None),
        ([pod("a", port("metrics")), ingress("metric")], '"metrics"'),
        ([pod("a", port("metrics")), pod("b", port("metric")), ingress("metric")], None),
        ([pod("a", port("metrics")), pod("b", port("metric"), app="other"), ingress("metric")], None),
        ([pod("a", port("metrics")), egress("app == 'photos'", "metric")], '"metrics"'),
        ([pod("a", port("metrics")), egress(None, "metric")], None),  # to whom is not said
        ([pod("a", port("metrics")), kubernetes({"port": "metric"})], '"metrics"'),
        ([pod("a", port("metrics")), kubernetes({"port": 80}, {"port": "metric"})], None),
        ([ingress("metric")], None),
        ([deployment(port("http")), ingress("https")], None),  # which a sidecar may have
        ([deployment(port("grpcs")), ingress("grpc")], None),
        ([deployment(port("http-web")), ingress("https-web")], None),
        ([deployment(port("http")), ingress("htpps")], '"http"'),
        ([deployment(port("http1")), ingress("http2")], None),
        ([deployment(port("http")), ingress("http2")], None),
        ([deployment(port("api")), ingress("app")], None),
        ([deployment(port("web")), ingress("wweb")], '"web"'),
    ],
)
def test_cases(objects: list[Any], hint: str | None) -> None:
    found = told(*objects)
    assert len(found) == (hint is not None)
    assert all(hint in one.message for one in found if hint)


PLAIN = {"containerPort": 8080}
ELSEWHERE = pod("b", port("metrics"), app="music")


@pytest.mark.parametrize(
    ("objects", "hint"),
    [
        ([deployment(port("web")), service("metrics", "web"), ingress("metrics")], 'calls so what its pods call "web"'),
        ([pod("a", port("web")), service("metrics", 8080), ingress("metrics")], 'calls so what its pods call "web"'),
        ([pod("a", PLAIN), service("metrics", 8080), ingress("metrics")], "calls so port 8080 of its pods"),
        ([pod("a", PLAIN), service("metrics", 8080), kubernetes({"port": "metrics"})], "calls so port 8080"),
        ([pod("a", PLAIN), service("metrics", 8080), egress("app == 'photos'", "metrics")], "calls so port 8080"),
        ([pod("a", PLAIN), service("metrics", 8080), ELSEWHERE, ingress("metrics")], "calls so port 8080"),
        ([pod("a", PLAIN), service("metrics", 15090), ingress("metrics")], None),  # which a sidecar may have
        ([pod("a"), service("metrics", 8080), ingress("metrics")], None),
        ([deployment(PLAIN, hostNetwork=True), service("metrics", 8080), ingress("metrics")], None),
        ([pod("a", port("web")), service("metrics", "metrics"), ingress("metrics")], None),
        ([pod("a", port("metrics")), service("metrics", 8080), ingress("metrics")], None),
        ([pod("a", PLAIN), pod("b", port("metrics")), service("metrics", 8080), ingress("metrics")], None),
        ([pod("a", PLAIN), service(None, 8080), ingress("metrics")], None),
        ([pod("a", PLAIN), service("metrics", 8080, app="music"), ingress("metrics")], None),
        ([pod("a", PLAIN), service("metrics", 8080, protocol="UDP"), ingress("metrics")], None),
        ([pod("a", PLAIN), service("metrics", 8080), ingress("metrics", 8080)], None),
        # of all pods some that nobody shows may have the name
        ([pod("a", PLAIN), service("metrics", 8080), egress("all()", "metrics")], None),
        ([pod("a", PLAIN), service("metrics", 8080), egress(None, "metrics")], None),
        ([pod("a", PLAIN), service("metrics", 8080), egress("app in {'photos', 'db'}", "metrics")], None),
        ([pod("a", PLAIN), service("metrics", 8080), ingress("metrics", selector="all()")], None),
        ([deployment(PLAIN, namespace="away"), service("metrics", 8080), ingress("metrics")], None),
    ],
)
def test_names_that_services_have(objects: list[Any], hint: str | None) -> None:
    found = told(*objects)
    assert len(found) == (hint is not None)
    assert all(hint in one.message for one in found if hint)


def test_ports_of_a_host_endpoint() -> None:
    ports = [{"name": "metrics", "protocol": "TCP", "port": 9091}]
    host = calico(
        "HostEndpoint", "h", {"node": "n", "interfaceName": "eth0", "ports": ports}, labels={"role": "router"}
    )
    rule = {**RULE, "destination": {"ports": ["metric"]}}
    policy = calico("GlobalNetworkPolicy", "g", {"selector": "role == 'router'", "ingress": [rule]})
    assert [one.path for one in told(host, policy)] == [("spec", "ingress", 0, "destination", "ports", 0)]


def test_the_entry_of_a_kubernetes_policy_is_pointed_to() -> None:
    found = told(pod("a", port("metrics")), kubernetes({"port": 53, "protocol": "UDP"}, {"port": "metric"}))
    assert [one.path for one in found] == [("spec", "ingress", 0, "ports", 1, "port")]


NAMES = st.sampled_from(("metrics", "metric", "dns", "web"))
PORTS = st.lists(st.tuples(NAMES, st.sampled_from(("TCP", "UDP"))), max_size=3)


@given(pods=st.lists(st.tuples(st.sampled_from(("photos", "music")), PORTS), max_size=3), wanted=NAMES)
def test_random_pods(pods: list[tuple[str, list[tuple[str, str]]]], wanted: str) -> None:
    objects = [
        pod(f"p{n}", *(port(name, 1000 + at, protocol) for at, (name, protocol) in enumerate(ports)), app=app)
        for n, (app, ports) in enumerate(pods)
    ]
    mine = {one for app, ports in pods if app == "photos" for one in ports}
    everybody = {name for _, ports in pods for name, protocol in ports if protocol == "TCP"}
    like = {"metrics": "metric", "metric": "metrics"}
    near = (wanted, "UDP") in mine or (like.get(wanted), "TCP") in mine
    assert bool(told(*objects, ingress(wanted))) is (near and wanted not in everybody)


def test_services_of_the_same_pods_are_looked_at_once() -> None:
    """Forty services of forty pods are two for each of the pods, by their ports."""
    services = [
        {**service("http", 8080 + n % 2), "metadata": {"name": f"s{n}", "namespace": "home"}} for n in range(40)
    ]
    pods = [pod(f"p{n}", port("web"), app="photos", replica=str(n)) for n in range(40)]
    cluster = cluster_of([*services, *pods, ingress("http", selector="app == 'photos'")])
    cluster.limits = Limits(comparisons=1000)
    (found,) = find("named_port")(cluster, {})
    assert not found.undecided
