"""Rules that open the port of a service in place of the one at which its pods listen."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.checks import Breach, find
from callint.source import Limits
from manifests import calico, cluster_of

API = {"app": "api"}
OF_API = {"selector": "app == 'api'"}


def service(port: int, target: int | str | None, name: str = "api", **spec: Any) -> dict[str, Any]:
    ports = [{"port": port, **({} if target is None else {"targetPort": target})}]
    whole = {"selector": API, "ports": ports, **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"}, "spec": whole}


def deployment(*ports: int | dict[str, Any], name: str = "api", **spec: Any) -> dict[str, Any]:
    declared = [one if isinstance(one, dict) else {"containerPort": one} for one in ports]
    template = {
        "metadata": {"labels": {"app": "api", "version": name}},
        "spec": {"containers": [{"name": "a", "ports": declared}], **spec},
    }
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": template}}


def pod(*ports: int, name: str = "api-7") -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", "labels": API}
    spec = {"containers": [{"name": "a", "ports": [{"containerPort": one} for one in ports]}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def allow(*ports: int | str, protocol: str = "TCP", action: str = "Allow", **destination: Any) -> dict[str, Any]:
    return {"action": action, "protocol": protocol, "destination": {"ports": list(ports), **destination}}


def ingress(*rules: dict[str, Any], name: str = "api", **spec: Any) -> dict[str, Any]:
    whole = {"selector": "app == 'api'", "types": ["Ingress"], "ingress": list(rules), **spec}
    return calico("NetworkPolicy", name, whole, namespace="shop")


def egress(*rules: dict[str, Any], name: str = "web", **spec: Any) -> dict[str, Any]:
    whole = {"selector": "app == 'web'", "types": ["Egress"], "egress": list(rules), **spec}
    return calico("NetworkPolicy", name, whole, namespace="shop")


def kubernetes(spec: dict[str, Any], namespace: str = "shop") -> dict[str, Any]:
    metadata = {"name": "api", "namespace": namespace}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def everywhere(direction: str, *rules: dict[str, Any], **spec: Any) -> dict[str, Any]:
    whole = {"types": [direction.capitalize()], direction: list(rules), **spec}
    return calico("GlobalNetworkPolicy", "everywhere", whole)


def found(*objects: dict[str, Any], **more: Any) -> list[Breach]:
    return list(find("service_port")(cluster_of(objects, **more), {}))


def pod_of_other_app() -> dict[str, Any]:
    other = pod(80)
    return {**other, "metadata": {**other["metadata"], "labels": {"app": "photos"}}}


NARROW = service(80, 8080, selector={"app": "api", "version": "api"})
USUAL = (service(80, 8080), deployment(8080))
BY_NAME = (service(80, "web"), deployment({"name": "web", "containerPort": 8080}))
FROM_WEB = {"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 443}, {"port": 80}]}
TO_API = {"podSelector": {"matchLabels": API}}
IN_SHOP = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}
ELSEWHERE = kubernetes(
    {
        "podSelector": {},
        "policyTypes": ["Egress"],
        "egress": [{"to": [{**TO_API, **IN_SHOP}], "ports": [{"port": 80}]}],
    },
    "office",
)


@pytest.mark.parametrize(
    "objects",
    [
        (*USUAL, ingress(allow(80))),
        (*USUAL, ingress(allow(443, "80"))),
        (*BY_NAME, ingress(allow(80))),
        (service(80, 8080), deployment(), ingress(allow(80))),
        (service(80, 8080), pod(8080), ingress(allow(80))),
        (service(80, 8080), pod(8080), deployment(8080, 9090), ingress(allow(80))),
        (*USUAL, ingress(allow(80), selector="app == 'api' && version == 'api'")),
        (*USUAL, ingress(allow(80), allow(8080, protocol="UDP"))),
        (*USUAL, ingress(allow(80), allow(8080, action="Deny"), {"action": "Allow", "protocol": "UDP"})),
        (*USUAL, ingress(allow(80), allow("metrics"))),  # a name that the port does not have
        (*BY_NAME, ingress(allow(80), allow("metrics"))),
        (NARROW, deployment(8080), ingress(allow(80))),
        (NARROW, deployment(8080), pod_of_other_app(), egress(allow(80, **OF_API))),
        (*USUAL, egress(allow(80, **OF_API))),
        (*USUAL, egress(allow(80, **OF_API), allow(8080, selector="app == 'other'"))),
        (*USUAL, egress(allow(80, selector="app == 'api'", namespaceSelector="projectcalico.org/name == 'shop'"))),
        (*USUAL, egress(allow(80, **OF_API)), egress(allow(8080, **OF_API), name="b", selector="app == 'frame'")),
        (*USUAL, kubernetes({"podSelector": {"matchLabels": API}, "ingress": [FROM_WEB]})),
        (*USUAL, ELSEWHERE),
        (
            *USUAL,
            ingress(allow(80)),
            calico("StagedNetworkPolicy", "b", ingress(allow(8080))["spec"], namespace="shop"),
        ),
    ],
)
def test_ports_of_services_that_policy_never_sees(objects: tuple[dict[str, Any], ...]) -> None:
    (breach,) = found(*objects)
    assert 'opens port 80 of Service "shop/api", but its pods listen at 8080' in breach.message
    assert breach.path[-1] != "action"


@pytest.mark.parametrize(
    "objects",
    [
        (*USUAL, ingress(allow(8080))),
        (*BY_NAME, ingress(allow("web"))),
        (*BY_NAME, ingress(allow(80), allow("web"))),
        (*USUAL, ingress(allow(80, 8080))),
        (*USUAL, ingress(allow(80), allow("8000:9000"))),
        (*USUAL, ingress(allow(80), {"action": "Allow", "protocol": "TCP"})),
        (*USUAL, ingress(allow(80), {"action": "Pass"})),
        (NARROW, deployment(8080), pod(80), ingress(allow(80))),  # another of the application, which may listen there
        (NARROW, deployment(8080), pod(8080), ingress(allow(80))),
        (NARROW, deployment(8080), ingress(allow(80), selector="has(version)")),
        (NARROW, deployment(8080), everywhere("ingress", allow(80), selector="app == 'api'")),
        (*USUAL, ingress(allow(80)), ingress(allow(8080), name="b")),
        (*USUAL, ingress(allow(80)), ingress(allow(8080), name="b", selector="version == 'api'")),
        (*USUAL, ingress(allow(80)), everywhere("ingress", allow(8080), namespaceSelector="all()")),
        (*USUAL, egress(allow(80, **OF_API)), egress(allow(8080), name="b", selector="all()")),
        (*USUAL, egress(allow(80))),  # to anybody, the Internet too
        (*USUAL, egress(allow(80, selector="has(app)"))),  # others may listen there
        (*USUAL, egress(allow(80, nets=["10.0.0.0/8"], **OF_API))),
        (*USUAL, egress(allow(80, namespaceSelector="team == 'shop'", **OF_API))),
        (*USUAL, ingress(allow(80), selector="all()")),
        (*USUAL, ingress(allow(80), types=["Egress"])),
        (*USUAL, everywhere("ingress", allow(80), selector="app == 'api'")),  # of whatever namespace
        (*USUAL, calico("StagedNetworkPolicy", "api", ingress(allow(80))["spec"], namespace="shop")),
        (*USUAL, calico("Tier", "first", {"order": 5, "defaultAction": "Pass"}), ingress(allow(80), tier="first")),
        (service(80, 80), deployment(80), ingress(allow(80))),
        (service(80, None), deployment(80), ingress(allow(80))),
        (service(80, 8080), ingress(allow(80))),  # nobody is known to be behind it
        (service(80, "web"), deployment(8080), ingress(allow(80))),
        (service(80, 8080), deployment(80, 8080), ingress(allow(80))),  # reached by its address as well
        (service(80, 8080), deployment(3000), ingress(allow(80))),  # what it listens at is not known
        (service(80, 8080), deployment(8080), deployment(80, name="other"), ingress(allow(80))),
        (service(80, 8080), service(81, 80, "beside"), deployment(), ingress(allow(80))),
        (service(80, 8080, clusterIP="None"), deployment(8080), ingress(allow(80))),
        (service(80, 8080), service(80, 8080, "peers", clusterIP="None"), deployment(8080), ingress(allow(80))),
        (service(80, 8080, type="ExternalName"), deployment(8080), ingress(allow(80))),
        (service(80, 8080, selector={}), deployment(8080), ingress(allow(80))),
        (service(80, 8080, selector={"app": "other"}), deployment(8080), ingress(allow(80))),
        (service(80, 8080), deployment(8080, hostNetwork=True), egress(allow(80, **OF_API))),
        (service(53, 5353), deployment({"containerPort": 5353}), ingress(allow(53, protocol="UDP"))),
    ],
)
def test_nothing_is_said(objects: tuple[dict[str, Any], ...]) -> None:
    assert found(*objects) == []


def openshift(*ports: int, protocol: str = "UDP", where: str = "openshift-dns", **spec: Any) -> dict[str, Any]:
    rule = allow(*ports, protocol=protocol, namespaceSelector=f"kubernetes.io/metadata.name == '{where}'")
    return everywhere("egress", rule, namespaceSelector="team == 'shop'", **spec)


def test_the_names_of_openshift() -> None:
    (breach,) = found(openshift(53))
    assert breach.message == (
        'rule egress[0] of GlobalNetworkPolicy "everywhere" opens port 53 of Service "openshift-dns/dns-default", but '
        "its pods listen at 5353, which is the port that policy sees, and no policy opens it"
    )
    assert breach.path == ("spec", "egress", 0, "destination", "ports", 0)
    assert breach.related == ()
    assert found(openshift(53, 5353)) == []
    assert found(openshift(53, protocol="TCP")) != []
    assert found(openshift(53, where="kube-system")) == []
    assert found(openshift(53), egress(allow(5353, protocol="UDP", namespaceSelector="all()"))) == []


def test_where_a_port_stands() -> None:
    (breach,) = found(*USUAL, kubernetes({"podSelector": {"matchLabels": API}, "ingress": [FROM_WEB]}))
    assert breach.path == ("spec", "ingress", 0, "ports", 1, "port")
    assert [one.label for one in breach.related] == ["translates ports"]


def test_the_ebpf_dataplane_may_see_it() -> None:
    objects = (*USUAL, egress(allow(80, **OF_API)))
    assert found(*objects, target=Target(dataplane="nftables")) != []
    assert found(*objects, target=Target(dataplane="ebpf")) == []


def test_work_has_a_bound() -> None:
    cluster = cluster_of([*USUAL, *(ingress(allow(80), name=f"p{number}") for number in range(20))])
    assert len(list(find("service_port")(cluster, {}))) == 20
    cluster.limits = Limits(comparisons=300)
    *_, last = find("service_port")(cluster, {})
    assert last.undecided


def test_work_on_the_rules_of_one_policy_has_a_bound() -> None:
    cluster = cluster_of([*USUAL, ingress(*[allow(80)] * 60)])
    assert len(list(find("service_port")(cluster, {}))) == 60
    cluster.limits = Limits(comparisons=60 * 40)
    *_, last = find("service_port")(cluster, {})
    assert last.undecided


def test_work_on_services_has_a_bound() -> None:
    services = [service(80, 8080, f"s{number}", selector={"app": "api", f"k{number}": "v"}) for number in range(30)]
    pods = [deployment(8080, name=f"d{number}") for number in range(30)]
    for one in pods:
        one["spec"]["template"]["metadata"]["labels"].update({f"k{number}": "v" for number in range(30)})
    cluster = cluster_of([*services, *pods, ingress(allow(80))])
    cluster.limits = Limits(comparisons=1000)
    (one,) = find("service_port")(cluster, {})
    assert "comparisons of services with pods would be needed" in one.message
