"""Names that pods may ask for by a rule that comes after the networks of all pods are denied."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import Breach, find
from manifests import calico, cluster_of

POOL = calico("IPPool", "pods", {"cidr": "10.244.0.0/16", "natOutgoing": True})
SIX = calico("IPPool", "six", {"cidr": "fd00::/64"})
BY_HAND = calico("IPPool", "hand", {"cidr": "100.64.0.0/24", "nodeSelector": "!all()"})
SET = calico("GlobalNetworkSet", "names", {"nets": ["192.0.2.53/32"]}, labels={"k8s-app": "kube-dns"})
OF_PODS = {"namespaceSelector": "projectcalico.org/name == 'kube-system'", "selector": "k8s-app == 'kube-dns'"}
DENY = {"action": "Deny", "destination": {"nets": ["10.0.0.0/8", "192.168.0.0/16"]}}
WEB = {"action": "Allow", "protocol": "TCP", "destination": {"ports": [443], "notNets": ["10.0.0.0/8"]}}


def deny(action: str = "Deny", source: dict[str, Any] | None = None, **destination: Any) -> dict[str, Any]:
    return {"action": action, "destination": destination, **({"source": source} if source else {})}


def ask(**destination: Any) -> dict[str, Any]:
    return {"action": "Allow", "protocol": "UDP", "destination": {"ports": [53], **destination}}


def found(*egress: dict[str, Any], others: tuple[dict[str, Any], ...] = (POOL,)) -> list[Breach]:
    spec = {"selector": "app == 'web'", "types": ["Egress"], "egress": list(egress)}
    policy = calico("NetworkPolicy", "web", spec, namespace="shop")
    return list(find("name_resolution")(cluster_of([*others, policy]), {}))


def test_what_is_said() -> None:
    (breach,) = found(DENY, ask(**OF_PODS), WEB)
    assert breach.message == (
        'NetworkPolicy "web" lets pods send to others, but egress[0] denies what they ask the pods of DNS before '
        "egress[1] allows it, for these have addresses out of its networks"
    )
    assert "before the Deny" in breach.help


@pytest.mark.parametrize(
    ("egress", "others", "told"),
    [
        ([{**DENY, "protocol": "UDP"}, ask(**OF_PODS), WEB], (POOL,), True),
        ([deny(nets=["10.244.0.0/16"], ports=["1:1000"]) | {"protocol": "UDP"}, ask(**OF_PODS), WEB], (POOL,), True),
        ([DENY, ask(**OF_PODS), ask(namespaceSelector="all()"), WEB], (POOL,), True),
        ([ask(**OF_PODS), DENY, WEB], (POOL,), False),
        ([DENY, ask(**OF_PODS), ask(nets=["169.254.20.10/32"]), WEB], (POOL,), False),
        ([DENY, ask(**OF_PODS), ask(), WEB], (POOL,), False),  # others outside may be asked
        ([DENY, ask(services={"name": "kube-dns", "namespace": "kube-system"}), WEB], (POOL,), False),
        ([DENY, ask(**OF_PODS), WEB], (), False),  # where pods are is not known
        ([DENY, ask(**OF_PODS), WEB], (POOL, SIX), False),  # they may ask by IPv6
        ([DENY, ask(**OF_PODS), WEB], (POOL, BY_HAND), False),
        ([DENY, ask(selector="k8s-app == 'kube-dns'", namespaceSelector="global()"), WEB], (POOL, SET), False),
        ([{**DENY, "protocol": "TCP"}, ask(**OF_PODS), WEB], (POOL,), False),
        ([deny("Log", nets=["10.0.0.0/8"]), ask(**OF_PODS), WEB], (POOL,), False),
        ([deny(nets=["10.244.0.0/17"]), ask(**OF_PODS), WEB], (POOL,), False),
        ([deny(nets=["10.0.0.0/8"], notNets=["10.244.3.0/24"]), ask(**OF_PODS), WEB], (POOL,), False),
        ([deny(nets=["10.0.0.0/8"], notSelector="k8s-app == 'kube-dns'"), ask(**OF_PODS), WEB], (POOL,), False),
        ([deny(source={"selector": "x == 'y'"}, nets=["10.0.0.0/8"]), ask(**OF_PODS), WEB], (POOL,), False),
        ([deny(nets=["10.0.0.0/8"], ports=[80]) | {"protocol": "UDP"}, ask(**OF_PODS), WEB], (POOL,), False),
    ],
)
def test_what_is_too_late(egress: list[dict[str, Any]], others: tuple[dict[str, Any], ...], told: bool) -> None:
    assert bool(found(*egress, others=others)) is told


def policy(name: str, order: int, *egress: dict[str, Any], selector: str = "app == 'web'") -> dict[str, Any]:
    spec = {"order": order, "selector": selector, "types": ["Egress"], "egress": list(egress)}
    return calico("NetworkPolicy", name, spec, namespace="shop")


TCP = {"action": "Allow", "protocol": "TCP", "destination": {"ports": [53], **OF_PODS}}


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ([policy("private", 1, DENY, WEB), policy("dns", 2, ask(**OF_PODS), TCP)], 1),
        ([policy("private", 1, DENY), policy("dns", 2, ask(**OF_PODS)), policy("web", 3, WEB)], 1),
        ([policy("private", 1, DENY, WEB, selector="all()"), policy("dns", 2, ask(**OF_PODS))], 1),
        ([policy("private", 3, DENY, WEB), policy("dns", 2, ask(**OF_PODS), TCP)], 0),
        ([policy("private", 1, DENY, WEB), policy("dns", 2, ask(**OF_PODS), selector="all()")], 1),
        ([policy("private", 1, DENY, selector="all()"), policy("dns", 2, ask(**OF_PODS)), policy("web", 3, WEB)], 1),
        ([policy("private", 1, DENY, selector="x == 'y'"), policy("web", 3, WEB), policy("dns", 4, ask(**OF_PODS))], 0),
        ([policy("private", 1, ask(**OF_PODS), DENY, WEB), policy("dns", 2, ask(**OF_PODS))], 0),
        ([policy("private", 1, DENY, selector="app == 'db'"), policy("dns", 2, ask(**OF_PODS))], 0),
        ([policy("pass", 0, {"action": "Pass"}), policy("private", 1, DENY, WEB), policy("dns", 2, ask(**OF_PODS))], 0),
    ],
)
def test_what_another_policy_denies_before_is_told_once(objects: list[dict[str, Any]], told: int) -> None:
    assert len(list(find("name_resolution")(cluster_of([POOL, *objects]), {}))) == told
