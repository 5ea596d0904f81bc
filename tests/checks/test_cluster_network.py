"""Pools against the networks that a cluster was set up with: what each installer calls them, and whom it concerns."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.calico import Target
from callint.checks import Breach, find
from callint.net.address import Prefix
from callint.objects.cluster_networks import pod_networks, service_networks
from manifests import calico, cluster_of, installation

PODS, SERVICES = "10.244.0.0/16", "10.96.0.0/12"


def other(api_version: str, kind: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, **fields}


def kubeadm(pods: str = PODS, services: str = SERVICES, name: str = "a") -> dict[str, Any]:
    networking = {"podSubnet": pods, "serviceSubnet": services}
    return other("kubeadm.k8s.io/v1beta3", "ClusterConfiguration", clusterName=name, networking=networking)


def static_pod(name: str, *words: str, key: str = "command") -> dict[str, Any]:
    return other("v1", "Pod", metadata={"name": name}, spec={"containers": [{"name": "one", key: list(words)}]})


def k3d(*words: str) -> dict[str, Any]:
    told = [{"arg": word, "nodeFilters": ["server:*"]} for word in words]
    return other("k3d.io/v1alpha5", "Simple", options={"k3s": {"extraArgs": told}})


def pool(cidr: str, name: str = "pods", **spec: Any) -> dict[str, Any]:
    return calico("IPPool", name, {"cidr": cidr, **spec})


def service(address: Any, **spec: Any) -> dict[str, Any]:
    return other("v1", "Service", metadata={"name": "shop"}, spec={"clusterIP": address, **spec})


def told(problem: str, *objects: Any, target: Target | None = None) -> list[Breach]:
    return list(find("cluster_network")(cluster_of(objects, target), {"problem": problem}))


SETUPS = {
    "kubeadm": [kubeadm()],
    "kind": [other("kind.x-k8s.io/v1alpha4", "Cluster", networking={"podSubnet": PODS, "serviceSubnet": SERVICES})],
    "k0s": [
        other(
            "k0s.k0sproject.io/v1beta1",
            "ClusterConfig",
            spec={"network": {"podCIDR": PODS, "serviceCIDR": SERVICES}},
        )
    ],
    "openshift": [
        other(
            "config.openshift.io/v1",
            "Network",
            spec={"clusterNetwork": [{"cidr": PODS, "hostPrefix": 23}], "serviceNetwork": [SERVICES]},
        )
    ],
    "k3s and rke2": [{"flannel-backend": "none", "cluster-cidr": PODS, "service-cidr": [SERVICES]}],
    "k3d": [k3d(f"--cluster-cidr={PODS}", f"--service-cidr={SERVICES}")],
    "talos": [{"cluster": {"network": {"podSubnets": [PODS], "serviceSubnets": [SERVICES]}}}],
    "static pods": [
        static_pod("kube-controller-manager", "kube-controller-manager", f"--cluster-cidr={PODS}"),
        static_pod("kube-apiserver-one", f"--service-cluster-ip-range={SERVICES}", key="args"),
    ],
    "objects": [
        other("kubeproxy.config.k8s.io/v1alpha1", "KubeProxyConfiguration", clusterCIDR=PODS),
        other("networking.k8s.io/v1", "ServiceCIDR", metadata={"name": "kubernetes"}, spec={"cidrs": [SERVICES]}),
    ],
}


@pytest.mark.parametrize("objects", SETUPS.values(), ids=SETUPS)
def test_every_installer_is_understood(objects: list[dict[str, Any]]) -> None:
    cluster = cluster_of(objects)
    assert [str(one.prefix) for one in pod_networks(cluster)] == [PODS]
    assert [str(one.prefix) for one in service_networks(cluster)] == [SERVICES]
    assert {len(told(problem, *objects, pool("10.96.4.0/24"))) for problem in ("services", "outside")} == {1}
    assert [told(problem, *objects, pool("10.244.4.0/24")) for problem in ("services", "outside")] == [[], []]


def test_what_only_looks_like_the_configuration_of_an_installer_tells_nothing() -> None:
    for values in ({"values": {"cluster-cidr": PODS}}, [{"cluster-cidr": PODS}], {"cluster": {"network": PODS}}):
        assert told("outside", values, pool("10.96.4.0/24")) == []


def test_the_installation_names_the_network_of_services() -> None:
    mine = installation(serviceCIDRs=[SERVICES])
    assert len(told("services", mine, pool("10.96.4.0/24"))) == 1
    assert told("outside", mine, pool("10.96.4.0/24")) == []


def test_several_networks_stand_in_one_text() -> None:
    both = kubeadm(pods=f"{PODS}, fd00:10::/56")
    assert told("outside", both, pool(PODS), pool("fd00:10::/64", "six")) == []
    assert [one.object.name for one in told("outside", both, pool("fd00:11::/64", "six")) if one.object] == ["six"]


def test_a_family_of_which_nothing_is_said_is_left_alone() -> None:
    assert told("outside", kubeadm(), pool("fd00:10::/64")) == []


def test_configurations_that_differ_are_those_of_several_clusters() -> None:
    two = [kubeadm(), kubeadm("10.0.0.0/16", "10.1.0.0/16", "b")]
    assert [told(problem, *two, pool("10.1.0.0/16")) for problem in ("services", "outside")] == [[], []]
    assert len(told("services", kubeadm(), kubeadm(name="b"), pool(SERVICES))) == 1


def test_the_flags_of_other_pods_say_nothing() -> None:
    stranger = static_pod("flannel", f"--cluster-cidr={PODS}", f"--service-cluster-ip-range={SERVICES}")
    assert [told(problem, stranger, pool("10.96.0.0/16")) for problem in ("services", "outside")] == [[], []]


UNUSED: tuple[dict[str, Any], ...] = (
    {"disabled": True},
    {"allowedUses": ["Tunnel"]},
    {"allowedUses": ["LoadBalancer"]},
)
ASKED_FOR: tuple[dict[str, Any], ...] = ({"nodeSelector": "!all()"}, {"assignmentMode": "Manual"})


@pytest.mark.parametrize("spec", UNUSED)
def test_pools_from_which_pods_get_nothing_may_lie_anywhere(spec: dict[str, Any]) -> None:
    found = [told(problem, kubeadm(), pool("10.96.0.0/16", **spec)) for problem in ("services", "outside")]
    assert found == [[], []]


@pytest.mark.parametrize("spec", ASKED_FOR)
def test_pools_for_pods_that_ask_may_lie_outside_and_not_among_services(spec: dict[str, Any]) -> None:
    assert told("outside", kubeadm(), pool("10.96.0.0/16", **spec)) == []
    assert len(told("services", kubeadm(), pool("10.96.0.0/16", **spec))) == 1


def test_without_kube_proxy_nobody_but_the_operator_minds() -> None:
    ebpf = Target(dataplane="ebpf")
    proxy = other("kubeproxy.config.k8s.io/v1alpha1", "KubeProxyConfiguration", clusterCIDR=PODS)
    elsewhere = "192.168.0.0/16"
    assert told("outside", kubeadm(), pool(elsewhere), target=ebpf) == []
    assert told("outside", proxy, installation({"cidr": elsewhere}), target=ebpf) == []
    assert "operator refuses" in told("outside", kubeadm(), installation({"cidr": elsewhere}), target=ebpf)[0].message
    assert "kube-proxy" in told("outside", proxy, installation({"cidr": elsewhere}))[0].message


@pytest.mark.parametrize("address", ["None", "", 7, None])
def test_services_without_an_address(address: Any) -> None:
    assert told("services", service(address), pool("0.0.0.0/1")) == []


def metallb(*addresses: str) -> dict[str, Any]:
    return other("metallb.io/v1beta1", "IPAddressPool", metadata={"name": "lan"}, spec={"addresses": list(addresses)})


FROM_OUTSIDE = {
    "asked for": service(None, type="LoadBalancer", loadBalancerIP="10.96.4.9"),
    "given": {**service(None), "status": {"loadBalancer": {"ingress": [{"ip": "10.96.4.9"}, {"hostname": "a.b"}]}}},
    "external": service(None, externalIPs=["192.0.2.1", "10.96.4.9"]),
    "range of metallb": metallb("192.0.2.0/24", "10.96.4.9 - 10.96.4.19"),
    "network of metallb": metallb("10.96.4.0/28"),
}


@pytest.mark.parametrize("known", FROM_OUTSIDE.values(), ids=FROM_OUTSIDE)
def test_addresses_by_which_services_are_reached_from_outside_count(known: dict[str, Any]) -> None:
    (found,) = told("services", known, pool("10.96.0.0/16"))
    assert found.path == ("spec", "cidr")
    assert len(found.related) == 1
    assert told("services", known, pool("10.97.0.0/16")) == []


@pytest.mark.parametrize(("name", "count"), [("asked for", 0), ("given", 0), ("external", 1), ("range of metallb", 1)])
def test_a_pool_for_load_balancers_as_well_gives_no_address_to_both(name: str, count: int) -> None:
    shared = pool("10.96.0.0/16", allowedUses=["Workload", "LoadBalancer"])
    assert len(told("services", FROM_OUTSIDE[name], shared)) == count


def test_where_nodes_are_among_the_pods_no_more_is_said_of_load_balancers() -> None:
    node = calico("Node", "a", {"bgp": {"ipv4Address": "10.96.4.1/24"}})
    assert told("services", metallb("10.96.4.0/28"), node, pool("10.96.0.0/16")) == []
    assert len(told("services", kubeadm(), node, pool("10.96.0.0/16"))) == 1


@pytest.mark.parametrize(
    ("kept", "count"), [("10.96.0.0/12", 0), ("10.96.0.0/16", 0), ("10.96.4.9", 0), ("10.96.4.8", 1), ("::/0", 1)]
)
def test_no_pod_gets_what_a_reservation_keeps(kept: str, count: int) -> None:
    reservation = calico("IPReservation", "kept", {"reservedCIDRs": [kept]})
    assert len(told("services", service("10.96.4.9"), reservation, pool("10.96.0.0/16"))) == count


def test_each_address_of_a_service_counts() -> None:
    both = service("10.96.0.10", clusterIPs=["10.96.0.10", "fd00:10::a"])
    assert told("services", both, pool("fd00:11::/64")) == []
    found = told("services", both, pool("fd00:10::/64"))
    assert [(one.path, one.witness and one.witness.as_dict()["address"]) for one in found] == [
        (("spec", "cidr"), "fd00:10::a")
    ]


NETWORKS = st.builds(
    lambda value, length: Prefix(4, (10 << 24) + (value << 24 - 4), length).masked(),
    st.integers(0, 15),
    st.integers(8, 13),
)


@given(pools=st.lists(NETWORKS, max_size=4), services=st.lists(NETWORKS, max_size=4))
def test_networks_that_share_an_address(pools: list[Prefix], services: list[Prefix]) -> None:
    """Pool by pool and network by network."""
    ranges = [
        other("networking.k8s.io/v1", "ServiceCIDR", metadata={"name": f"s{n}"}, spec={"cidrs": [str(one)]})
        for n, one in enumerate(services)
    ]
    found = told("services", *ranges, *(pool(str(one), f"p{n}") for n, one in enumerate(pools)))
    expected = [f"p{n}" for n, one in enumerate(pools) if any(one.overlaps(other) for other in services)]
    assert [one.object.name for one in found if one.object] == expected


def calico_node(**env: str) -> dict[str, Any]:
    containers = [{"name": "calico-node", "env": [{"name": key, "value": value} for key, value in env.items()]}]
    spec = {"template": {"spec": {"containers": containers}}}
    return other("apps/v1", "DaemonSet", metadata={"name": "calico-node"}, spec=spec)


@pytest.mark.parametrize(
    ("env", "count"),
    [
        ({"CALICO_IPV4POOL_CIDR": "10.96.0.0/16"}, 1),
        ({"CALICO_IPV4POOL_CIDR": "10.96.0.0/16", "NO_DEFAULT_POOLS": "true"}, 0),
        ({"CALICO_IPV4POOL_CIDR": "10.96.0.0/16", "NO_DEFAULT_POOLS": "false"}, 1),
        ({"CALICO_IPV4POOL_CIDR": PODS}, 0),
        ({"CALICO_IPV4POOL_CIDR": ""}, 0),
        ({"CALICO_IPV6POOL_CIDR": "10.96.0.0/16"}, 0),
        ({"IP": "autodetect"}, 0),
    ],
)
def test_calico_node_makes_the_first_pool_where_there_is_none(env: dict[str, str], count: int) -> None:
    found = [told(problem, kubeadm(), calico_node(**env)) for problem in ("services", "outside")]
    assert [len(one) for one in found] == [count, count]
    assert [one.path[-1] for each in found for one in each] == ["value"] * 2 * count
    assert [told(problem, kubeadm(), pool(PODS), calico_node(**env)) for problem in ("services", "outside")] == [[], []]


PROXY = ("kubeproxy.config.k8s.io/v1alpha1", "KubeProxyConfiguration")


@pytest.mark.parametrize(
    ("setting", "minded"),
    [
        (other(*PROXY, detectLocalMode="ClusterCIDR"), True),
        (other(*PROXY, detectLocalMode=""), True),
        (other(*PROXY, detectLocalMode="InterfaceNamePrefix", detectLocal={"interfaceNamePrefix": "cali"}), False),
        (other("kubeadm.k8s.io/v1beta4", "InitConfiguration", skipPhases=["addon/coredns"]), True),
        (other("kubeadm.k8s.io/v1beta4", "InitConfiguration", skipPhases=["addon/kube-proxy"]), False),
        (other("kubeadm.k8s.io/v1beta4", "ClusterConfiguration", proxy={"disabled": True}), False),
        (other("kind.x-k8s.io/v1alpha4", "Cluster", networking={"kubeProxyMode": "ipvs"}), True),
        (other("kind.x-k8s.io/v1alpha4", "Cluster", networking={"kubeProxyMode": "none"}), False),
        (
            other("k0s.k0sproject.io/v1beta1", "ClusterConfig", spec={"network": {"kubeProxy": {"disabled": True}}}),
            False,
        ),
        ({"cluster-cidr": PODS, "disable-kube-proxy": False}, True),
        ({"cluster-cidr": PODS, "disable-kube-proxy": True}, False),
        ({"cluster-cidr": PODS, "kube-proxy-arg": ["detect-local-mode=NodeCIDR"]}, False),
        ({"cluster": {"network": {"podSubnets": [PODS]}, "proxy": {"disabled": True}}}, False),
        (k3d(f"--cluster-cidr={PODS}", "--disable-kube-proxy"), False),
    ],
)
def test_without_a_kube_proxy_that_goes_by_it_the_operator_alone_asks(setting: dict[str, Any], minded: bool) -> None:
    assert bool(told("outside", kubeadm(), setting, pool("172.29.0.0/20"))) is minded
    assert told("outside", kubeadm(), setting, installation({"cidr": "172.29.0.0/20"}))
