"""Pools that pods ask for by annotations: which of them surely give no address, and annotations that pods never get."""

from __future__ import annotations

from typing import Any

import pytest

from callint.calico import Target
from callint.checks import find
from callint.objects import Intent
from manifests import calico, cluster_of, installation

COMPLETE = Intent(complete=("IPPool",))
KEYS = {4: "cni.projectcalico.org/ipv4pools", 6: "cni.projectcalico.org/ipv6pools"}
PHOTOS = calico("IPPool", "photos", {"cidr": "10.1.0.0/16"})
OLD = calico("IPPool", "old", {"cidr": "10.2.0.0/16", "disabled": True})
SIX = calico("IPPool", "six", {"cidr": "fd00:1::/64"})
DEFAULT = calico("IPPool", "default-ipv4-ippool", {"cidr": "192.168.0.0/16"})
INSTALLED = installation({"name": "pods", "cidr": "10.9.0.0/16"})
AMAZON = installation(cni={"type": "AmazonVPC"})
HOST_LOCAL = installation(cni={"type": "Calico", "ipam": {"type": "HostLocal"}})


def namespace(text: str, family: int = 4) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "home", "annotations": {KEYS[family]: text}}}


def pod(text: str, spec: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": "home", "annotations": {KEYS[4]: text}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec or {}, "status": status}


def template(text: str | None, **spec: Any) -> dict[str, Any]:
    annotations = {} if text is None else {KEYS[4]: text}
    return {"metadata": {"labels": {"app": "web"}, "annotations": annotations}, "spec": spec}


def deployment(inside: str | None, own: str | None = None, **spec: Any) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": "home", "annotations": {} if own is None else {KEYS[4]: own}}
    made = {"template": template(inside, **spec)}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": made}


def cron_job(text: str) -> dict[str, Any]:
    spec = {"jobTemplate": {"spec": {"template": template(text)}}}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "web", "namespace": "home"}, "spec": spec}


def told(problem: str, *objects: dict[str, Any], intent: Intent | None = None) -> list[str]:
    return [one.message for one in find("pool_request")(cluster_of(objects, intent=intent), {"problem": problem})]


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        ((OLD, namespace('["old"]')), 'pods of Namespace "home" get no address: they ask for IPPool "old", which is'),
        ((OLD, deployment('["10.2.0.0/16"]')), 'Deployment "web" get no address: they ask for IPPool "old", which is'),
        ((OLD, PHOTOS, cron_job('["photos", "old"]')), 'CronJob "web" get no address: they ask for IPPool "old"'),
        ((OLD, pod('["old"]')), 'pods of Pod "web" get no address'),
        ((PHOTOS, namespace('["fotos"]'), DEFAULT), "the IPPools known are"),
        ((PHOTOS, namespace('["photo"]')), 'which does not exist, did you mean "photos"'),
        ((PHOTOS, namespace('["10.1.0.0/24"]')), 'no IPPool but overlaps "photos" of 10.1.0.0/16'),
        ((PHOTOS, namespace('["10.0.0.0/8"]')), 'no IPPool but overlaps "photos" of 10.1.0.0/16'),
        ((PHOTOS, INSTALLED, namespace('["10.3.0.0/16"]')), 'known are "photos", "pods"'),
        ((SIX, namespace('["six"]')), '"six" of IPv6 by an annotation for IPv4'),
        ((PHOTOS, namespace('["10.1.0.0/16"]', 6)), '"10.1.0.0/16" of IPv4 by an annotation for IPv6'),
        ((PHOTOS, namespace("photos")), "is no list of texts in JSON"),
        ((PHOTOS, namespace("[photos]")), "is no list of texts in JSON"),
        ((PHOTOS, namespace('"photos"')), "is no list of texts in JSON"),
        ((PHOTOS, namespace("[" * 100_000)), "is no list of texts in JSON"),
    ],
)
def test_pools_that_give_no_address(objects: tuple[dict[str, Any], ...], words: str) -> None:
    (message,) = told("unavailable", *objects)
    assert words in message


@pytest.mark.parametrize(
    "objects",
    [
        (PHOTOS, namespace('["photos"]'), deployment('["10.1.0.0/16"]'), cron_job('["photos", "10.1.0.0/16"]')),
        (PHOTOS, namespace('["10.1.7.7/16"]')),  # masked, as Go reads it
        (SIX, namespace('["six"]', 6)),
        (namespace('["elsewhere"]'), deployment('["10.7.0.0/16"]')),  # no pool is in the manifests
        (PHOTOS, namespace('["default-ipv4-ippool"]'), deployment('["192.168.0.0/16"]')),  # made by calico-node
        (PHOTOS, INSTALLED, namespace('["default-ipv4-ippool"]')),
        (PHOTOS, namespace('["pool-of-other-people"]')),
        (calico("IPPool", "zone-a", {"cidr": "10.3.0.0/16"}), namespace('["zone-b"]')),
        (calico("IPPool", "pool1", {"cidr": "10.3.0.0/16"}), namespace('["pool2"]')),
        (calico("IPPool", "by-hand", {"cidr": "10.3.0.0/16", "nodeSelector": "!all()"}), namespace('["by-hand"]')),
        (OLD, deployment('["old"]', hostNetwork=True), pod('["old"]', {"hostNetwork": True})),
        (OLD, pod('["old"]', podIP="10.2.0.7")),  # given before the pool was switched off
        (PHOTOS, namespace('["${POOL}"]'), deployment("${POOLS}")),
        (PHOTOS, namespace("null"), deployment("[]"), cron_job("")),
        (AMAZON, OLD, namespace('["old"]')),
        (HOST_LOCAL, OLD, namespace('["old"]')),
    ],
)
def test_pools_that_may_give_addresses(objects: tuple[dict[str, Any], ...]) -> None:
    assert told("unavailable", *objects) == []


def test_all_pools_are_known_where_the_configuration_says_so() -> None:
    assert told("unavailable", PHOTOS, namespace('["elsewhere"]')) == []
    (message,) = told("unavailable", PHOTOS, namespace('["elsewhere"]'), intent=COMPLETE)
    assert message.endswith('they ask for IPPool "elsewhere", which does not exist, the only IPPool known is "photos"')


def test_a_pool_that_cannot_be_read_may_be_any() -> None:
    unsure = calico("IPPool", "${NAME}", {"cidr": "10.3.0.0/16"})
    assert told("unavailable", PHOTOS, unsure, namespace('["elsewhere"]'), intent=COMPLETE) == []
    broken = calico("IPPool", "else", {"cidr": "10.3.0.0"})
    (message,) = told("unavailable", SIX, namespace('["six"]', 6), namespace('["old"]'), intent=COMPLETE)
    assert message.endswith("which does not exist, no IPPool is known")
    assert told("unavailable", OLD, broken, namespace('["elsewhere", "old"]'), intent=COMPLETE) != []


@pytest.mark.parametrize(
    ("objects", "misplaced"),
    [
        ((deployment(None, '["photos"]'),), True),
        ((deployment('["photos"]', '["photos"]'),), False),
        ((deployment('["photos"]'),), False),
        ((deployment(None, '["photos"]', hostNetwork=True),), False),
        ((namespace('["photos"]'), deployment(None, '["photos"]')), False),
        ((namespace('["six"]', 6), deployment(None, '["photos"]')), True),
        ((HOST_LOCAL, deployment(None, '["photos"]')), False),
    ],
)
def test_annotations_of_what_makes_the_pods(objects: tuple[dict[str, Any], ...], misplaced: bool) -> None:
    assert bool(told("misplaced", *objects)) is misplaced


BALANCED = calico("IPPool", "lb", {"cidr": "192.0.2.0/24", "allowedUses": ["LoadBalancer"]})
BALANCED_OFF = calico("IPPool", "off", {"cidr": "192.0.3.0/24", "allowedUses": ["LoadBalancer"], "disabled": True})
BALANCED_SIX = calico("IPPool", "lb6", {"cidr": "2001:db8::/112", "allowedUses": ["LoadBalancer"]})


def service(text: str, family: int = 4, status: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    annotations = {f"projectcalico.org/ipv{family}pools": text, **more.pop("annotations", {})}
    metadata = {"name": "shop", "namespace": "shop", "annotations": annotations}
    spec = {"type": "LoadBalancer", "ports": [{"port": 80}], **more}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec, "status": status or {}}


@pytest.mark.parametrize(
    ("asking", "words"),
    [
        (service('["photos"]'), 'it asks for IPPool "photos", which is not for load balancers'),
        (service('["10.1.0.0/16"]'), 'it asks for IPPool "photos", which is not for load balancers'),
        (service('["off"]', loadBalancerClass="calico"), 'it asks for IPPool "off", which is disabled'),
        (service('["lb6"]'), 'it asks for IPPool "lb6", which is of IPv6'),
        (service('["lb"]', family=6), 'it asks for IPPool "lb", which is of IPv4'),
        (service("lb"), "its annotation is no list of texts in JSON"),
        (service('["off", "photos"]'), 'it asks for IPPool "off", which is disabled'),
        (service('["of"]'), 'it asks for IPPool "of", which does not exist, did you mean "off"'),
        (service('["192.0.2.0/25"]'), 'it asks for 192.0.2.0/25, which is no IPPool but overlaps "lb" of 192.0.2.0/24'),
        (service('["photo"]'), None),  # a slip for a pool of pods
        (service('["2001:db9::/112"]'), None),
        (service('["lb"]'), None),
        (service('["192.0.2.0/24"]'), None),
        (service('["lb6"]', family=6), None),
        (service("[]"), None),
        (service('["photos", "lb"]'), None),  # it may have the other
        (service('["elsewhere"]'), None),
        (service("${POOLS}"), None),
        (service('["photos"]', type="ClusterIP"), None),
        (service('["photos"]', loadBalancerClass="metallb"), None),
        (service('["photos"]', loadBalancerIP="192.0.2.1"), None),
        (service('["photos"]', annotations={"projectcalico.org/loadBalancerIPs": '["192.0.2.1"]'}), None),
        (service('["photos"]', status={"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}), None),
    ],
)
def test_load_balancers(asking: dict[str, Any], words: str | None) -> None:
    found = told("unavailable", PHOTOS, BALANCED, BALANCED_OFF, BALANCED_SIX, asking)
    assert [message.split(": ", 1)[1] for message in found] == [words] * (words is not None)


def test_a_pool_for_load_balancers_that_is_nowhere() -> None:
    objects = PHOTOS, BALANCED, service('["elsewhere"]')
    (found,) = told("unavailable", *objects, intent=Intent(complete=frozenset({"IPPool"})))
    assert 'it asks for IPPool "elsewhere", which does not exist' in found
    assert told("unavailable", *objects) == []


def naming(text: str, **more: Any) -> dict[str, Any]:
    return service("[]", annotations={"projectcalico.org/loadBalancerIPs": text}, **more)


@pytest.mark.parametrize(
    ("asking", "words"),
    [
        (naming('["198.51.100.1"]'), "it asks for 198.51.100.1, which is in no IPPool"),
        (naming('["192.0.2.1", "2001:db9::1"]'), "it asks for 2001:db9::1, which is in no IPPool"),
        (naming('["192.0.3.1"]'), 'it asks for 192.0.3.1 of IPPool "off", which is disabled'),
        (naming('["192.0.2"]'), 'it asks for "192.0.2", which is no address'),
        (naming("192.0.2.1"), "its annotation is no list of texts in JSON"),
        (naming('["192.0.2.1", "2001:db8::1"]'), None),
        (naming('["10.1.0.1"]'), None),
        (naming("[]"), None),
        (naming("null"), None),
        (naming("${ADDRESSES}"), None),
        (naming('["198.51.100.1"]', type="ClusterIP"), None),
        (naming('["198.51.100.1"]', loadBalancerClass="metallb"), None),
        (naming('["198.51.100.1"]', status={"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}), None),
    ],
)
def test_addresses_that_load_balancers_ask_for(asking: dict[str, Any], words: str | None) -> None:
    found = told("unavailable", PHOTOS, BALANCED, BALANCED_OFF, BALANCED_SIX, asking, intent=COMPLETE)
    assert [message.split("gets no address: ", 1)[1] for message in found] == [words] * (words is not None)


def test_an_address_may_be_of_a_pool_that_is_kept_elsewhere() -> None:
    asking = naming('["198.51.100.1"]')
    unsure = calico("IPPool", "more", {"cidr": "${NETWORK}"})
    assert told("unavailable", BALANCED, asking) == []
    assert told("unavailable", BALANCED, unsure, asking, intent=COMPLETE) == []


def test_a_release_without_load_balancers_reads_no_addresses() -> None:
    objects, problem = (BALANCED, naming("192.0.2.1")), {"problem": "unavailable"}
    before, first = (cluster_of(objects, Target(release=release)) for release in ((3, 29), (3, 30)))
    assert not list(find("pool_request")(before, problem))
    assert list(find("pool_request")(first, problem))


def fixed(text: str, *, as_template: bool = False, **status: Any) -> dict[str, Any]:
    named = {"cni.projectcalico.org/ipAddrs": text}
    if not as_template:
        return {**pod("", **status), "metadata": {"name": "web", "namespace": "home", "annotations": named}}
    made = deployment(None)
    made["spec"]["template"]["metadata"]["annotations"] = named
    return made


@pytest.mark.parametrize("as_template", [False, True])
@pytest.mark.parametrize(
    ("text", "pools", "words"),
    [
        ('["10.2.0.7"]', [OLD, PHOTOS], '10.2.0.7 of IPPool "old", which is disabled'),
        ('["192.0.2.7"]', [DEFAULT], "192.0.2.7, which is in no IPPool"),
        ('["192.0.2.7"]', [INSTALLED], "192.0.2.7, which is in no IPPool"),
        ('["fd00:9::7"]', [DEFAULT], ""),
        ('["fd00:9::7"]', [DEFAULT, SIX], "fd00:9::7, which is in no IPPool"),
        ("10.1.0.7", [PHOTOS], "no list of texts in JSON"),
        ('["web"]', [PHOTOS], '"web", which is no address'),
        ('["10.1.0.7"]', [PHOTOS], ""),
        ('["192.0.2.7"]', [PHOTOS], ""),
        ('["10.9.0.7", "fd00:1::7"]', [INSTALLED, SIX], ""),
        ("${ADDRESS}", [DEFAULT], ""),
    ],
)
def test_addresses_that_pods_ask_for(as_template: bool, text: str, pools: list[dict[str, Any]], words: str) -> None:
    found = told("unavailable", fixed(text, as_template=as_template), *pools)
    assert [words in one for one in found] == [True] * bool(words)


def test_a_pod_that_has_its_address_asks_no_more() -> None:
    assert told("unavailable", fixed('["192.0.2.7"]', podIP="192.0.2.7", podIPs=[{"ip": "192.0.2.7"}]), DEFAULT) == []


@pytest.mark.parametrize(
    ("kind", "spec", "words"),
    [
        ("Deployment", {"replicas": 3}, '3 pods of Deployment "home/web" ask for one and the same address'),
        ("StatefulSet", {"replicas": 2}, '2 pods of StatefulSet "home/web" ask'),
        ("ReplicaSet", {"replicas": 2}, '2 pods of ReplicaSet "home/web" ask'),
        ("Deployment", {}, 'no update of Deployment "home/web" ends'),
        ("Deployment", {"replicas": 1, "strategy": {"type": "RollingUpdate"}}, "no update of"),
        ("Deployment", {"strategy": {"rollingUpdate": {"maxUnavailable": "99%"}}}, "no update of"),
        ("Deployment", {"strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}}, "no update of"),
        ("Deployment", {"strategy": {"rollingUpdate": {"maxUnavailable": 1}}}, ""),
        ("Deployment", {"strategy": {"rollingUpdate": {"maxUnavailable": "100%"}}}, ""),
        ("Deployment", {"strategy": {"rollingUpdate": {"maxUnavailable": "9" * 5000 + "%"}}}, ""),
        ("Deployment", {"strategy": {"rollingUpdate": {"maxSurge": 0}}}, ""),
        ("Deployment", {"strategy": {"type": "Recreate"}}, ""),
        ("Deployment", {"replicas": 0}, ""),
        ("Deployment", {"paused": True}, ""),
        ("Deployment", {"paused": True, "replicas": 3}, ""),
        ("Deployment", {"paused": "${HOLD}", "replicas": 3}, ""),
        ("Deployment", {"paused": False, "replicas": 3}, "3 pods of"),
        ("Deployment", {"replicas": "${REPLICAS}"}, ""),
        ("StatefulSet", {}, ""),
        ("DaemonSet", {}, ""),
        ("Job", {}, ""),
    ],
)
def test_one_address_for_several_pods(kind: str, spec: dict[str, Any], words: str) -> None:
    made = fixed('["10.244.0.7"]', as_template=True)
    made |= {"kind": kind, "apiVersion": "batch/v1" if kind == "Job" else "apps/v1", "spec": {**made["spec"], **spec}}
    assert [one.startswith(words) for one in told("shared", made)] == [True] * bool(words)


def test_a_kustomization_may_make_one_pod_of_several() -> None:
    made = fixed('["10.244.0.7"]', as_template=True)
    made |= {"kind": "StatefulSet", "apiVersion": "apps/v1", "spec": {**made["spec"], "replicas": 3}}
    for name, told_of in (("web", 0), ("other", 1)):
        counts = [{"name": name, "count": 1}, "web", {"name": None}]
        built = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "replicas": counts}
        assert len(told("shared", made, built)) == told_of


def test_no_address_is_none_for_several_pods() -> None:
    for text in ("[]", "web", "${ADDRESS}"):
        made = fixed(text, as_template=True)
        assert not told("shared", {**made, "spec": {**made["spec"], "replicas": 2}})
