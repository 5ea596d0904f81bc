"""How long the packets of pods are in tunnels, and what the interfaces take by which they leave."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import Breach, find
from callint.checks.hosts.mtu import _all_narrow
from callint.objects import Cluster
from callint.policy.settings import Settings
from calls import calls
from manifests import calico, calico_node, cluster_of, installation

PLAIN = [{"name": "eth0", "addresses": ["192.0.2.1/24"], "mtu": 1500}]
BEHIND = [
    {"name": "eth0", "addresses": ["198.51.100.7/24"], "mtu": 1500},
    {"name": "wg0", "addresses": ["192.0.2.1/24"], "kind": "wireguard", "mtu": 1420},
]
ELSEWHERE = {"configMapKeyRef": {"name": "calico-config", "key": "veth_mtu"}}


def node(name: str, four: str, six: str | None = None, **labels: str) -> dict[str, Any]:
    addresses = {"ipv4Address": four, **({"ipv6Address": six} if six else {})}
    return calico("Node", name, {"bgp": addresses}, labels=labels)


NEAR, FAR = node("a", "192.0.2.1/24"), node("b", "192.0.2.2/24")


def pool(cidr: str = "10.244.0.0/16", **spec: Any) -> dict[str, Any]:
    return calico("IPPool", "pods", {"cidr": cidr, **spec})


VXLAN = pool(vxlanMode="Always")


def felix(name: str = "default", **spec: Any) -> dict[str, Any]:
    return calico("FelixConfiguration", name, spec)


def cni(mtu: str, namespace: str = "kube-system") -> dict[str, Any]:
    metadata = {"name": "calico-config", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"veth_mtu": mtu}}


def flow(value: Any) -> str:
    """A value as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return f'"{value}"' if isinstance(value, str) and ":" in value else str(value).lower()


def told(problem: str, *objects: dict[str, Any], links: list[dict[str, Any]], more: str = "") -> list[Breach]:
    facts = f"version: 1\nnode: a\ninterfaces: {flow(links)}\n{more}"
    return list(find("mtu")(cluster_of(objects, facts=facts), {"problem": problem}))


@pytest.mark.parametrize(
    ("mode", "spec", "largest"),
    [
        ({"vxlanMode": "Always"}, {"vxlanMTU": 1500}, 1550),
        ({"vxlanMode": "Always"}, {"vxlanMTU": 1451}, 1501),
        ({"vxlanMode": "Always"}, {"vxlanMTU": 1450}, None),
        ({"vxlanMode": "Always"}, {"vxlanMTU": 0}, None),
        ({"vxlanMode": "Always"}, {"ipipMTU": 1500}, None),
        ({"vxlanMode": "Always"}, {"wireguardMTU": 1500}, None),
        ({"vxlanMode": "CrossSubnet"}, {"vxlanMTU": 1500}, None),
        ({"vxlanMode": "Always", "disabled": True}, {"vxlanMTU": 1500}, None),
        ({"vxlanMode": "Always", "nodeSelector": "has(rack)"}, {"vxlanMTU": 1500}, None),
        ({"ipipMode": "Always"}, {"ipipMTU": 1500}, 1520),
        ({"ipipMode": "Always"}, {"ipipMTU": 1480}, None),
        ({}, {"vxlanMTU": 1500, "ipipMTU": 1500}, None),
        ({}, {"wireguardEnabled": True, "wireguardMTU": 1441}, 1501),
        ({}, {"wireguardEnabled": True, "wireguardMTU": 1440}, None),
        ({"vxlanMode": "Always"}, {"wireguardEnabled": True, "vxlanMTU": 1500}, None),
        # packets of pods fit into every tunnel that there is
        ({"ipipMode": "Always"}, {"ipipMTU": 1500, "vxlanEnabled": True, "vxlanMTU": 1450}, None),
        ({"ipipMode": "Always"}, {"ipipMTU": 1500, "vxlanEnabled": True, "vxlanMTU": 1490}, 1510),
    ],
)
def test_what_is_set(mode: dict[str, Any], spec: dict[str, Any], largest: int | None) -> None:
    found = told("set", pool(**mode), felix(**spec), NEAR, FAR, links=PLAIN)
    assert [one.witness and one.witness.as_dict()["largest_packet"] for one in found] == [largest] * bool(largest)
    assert all(one.path[-1] in spec for one in found)


@pytest.mark.parametrize(
    ("family", "spec", "count"),
    [
        ({"vxlanMode": "Always"}, {"vxlanMTUV6": 1431}, 1),
        ({"vxlanMode": "Always"}, {"vxlanMTUV6": 1430}, 0),
        ({"vxlanMode": "Always"}, {"vxlanMTU": 1500}, 0),
        ({}, {"wireguardEnabledV6": True, "wireguardMTUV6": 1421}, 1),
        ({}, {"wireguardEnabledV6": True, "wireguardMTUV6": 1420}, 0),
    ],
)
def test_over_ipv6(family: dict[str, Any], spec: dict[str, Any], count: int) -> None:
    nodes = node("a", "192.0.2.1/24", "2001:db8::1/64"), node("b", "192.0.2.2/24", "2001:db8::2/64")
    links = [{**PLAIN[0], "addresses": ["192.0.2.1/24", "2001:db8::1/64"]}]
    assert len(told("set", pool("fd00::/64", **family), felix(**spec), *nodes, links=links)) == count


@pytest.mark.parametrize(
    ("links", "more", "count"),
    [
        (PLAIN, "", 1),
        ([{**PLAIN[0], "mtu": 1550}], "", 0),
        ([{"name": "eth0", "addresses": ["192.0.2.1/24"]}], "", 0),
        ([{**PLAIN[0], "up": False}], "", 0),
        ([{**PLAIN[0], "name": "dummy0"}], "", 0),
        ([*PLAIN, {"name": "eth1", "addresses": ["192.0.2.9/24"], "mtu": 9000}], "", 0),  # either may be taken
        ([*PLAIN, {"name": "eth1", "addresses": ["192.0.2.2/31"], "mtu": 9000}], "", 0),
        ([{**PLAIN[0], "addresses": ["192.0.2.1/32"]}], "", 0),
        ([{**PLAIN[0], "addresses": ["192.0.2.1/32"]}], "routes: [{to: 192.0.2.0/24, interface: eth0}]", 1),
        ([{**PLAIN[0], "addresses": ["192.0.2.1/32"]}], "routes: [{to: 192.0.2.0/24, interface: eth1}]", 0),
    ],
)
def test_by_which_interface_packets_leave(links: list[dict[str, Any]], more: str, count: int) -> None:
    found = told("set", VXLAN, felix(vxlanMTU=1500), NEAR, FAR, links=links, more=more)
    assert len(found) == count


@pytest.mark.parametrize("section", ["interfaces", "routes"])
def test_of_facts_that_could_not_be_read_as_a_whole_nothing_follows(section: str) -> None:
    cluster = cluster_of(
        [VXLAN, felix(vxlanMTU=1500), NEAR, FAR], facts=f"version: 1\nnode: a\ninterfaces: {flow(PLAIN)}"
    )
    assert len(list(find("mtu")(cluster, {"problem": "set"}))) == 1
    facts = cluster.facts["a"]._replace(gaps=frozenset((section,)))
    parted = Cluster(cluster.all, facts=(facts,))
    assert list(find("mtu")(parted, {"problem": "set"})) == []


@pytest.mark.parametrize(
    ("far", "count"),
    [([], 0), ([node("b", "198.51.100.2/24")], 1), ([FAR], 0), ([calico("Node", "b", {})], 0)],
)
def test_between_networks_alone(far: list[dict[str, Any]], count: int) -> None:
    way = "routes: [{to: default, interface: eth0, via: 192.0.2.254}]"
    crossing = pool(vxlanMode="CrossSubnet")
    assert len(told("set", crossing, felix(vxlanMTU=1500), NEAR, *far, links=PLAIN, more=way)) == count


@pytest.mark.parametrize(
    ("objects", "path"),
    [
        ([installation({"cidr": "10.244.0.0/16", "encapsulation": "VXLAN"}, name="default")], None),
        ([installation(calicoNetwork={"mtu": 1451}), VXLAN], ("spec", "calicoNetwork", "mtu")),
        ([installation(calicoNetwork={"mtu": 1450}), VXLAN, felix(vxlanMTU=1500)], None),
        ([*(installation(name=name, calicoNetwork={"mtu": 1451}) for name in ("default", "other")), VXLAN], None),
        ([calico_node(FELIX_VXLANMTU=ELSEWHERE), cni("1500"), VXLAN], ("data", "veth_mtu")),
        ([calico_node(FELIX_VXLANMTU=ELSEWHERE), cni("0"), VXLAN, felix(vxlanMTU=1500)], None),
        ([calico_node(FELIX_VXLANMTU=ELSEWHERE), VXLAN, felix(vxlanMTU=1500)], None),
        ([calico_node(FELIX_VXLANMTU="1500"), cni("1450"), VXLAN], None),
        ([calico_node(FELIX_VXLANMTU="1500"), cni("__MTU__"), VXLAN], None),
        ([felix("node.a", vxlanMTU=1500), VXLAN], ("spec", "vxlanMTU")),
        ([felix("node.b", vxlanMTU=1500), VXLAN], None),
    ],
)
def test_where_the_length_is_written(objects: list[dict[str, Any]], path: tuple[str, ...] | None) -> None:
    assert [one.path for one in told("set", *objects, NEAR, FAR, links=PLAIN)] == [path] * bool(path)


@pytest.mark.parametrize(
    ("links", "spec", "largest"),
    [
        (BEHIND, {}, 1500),
        (BEHIND, {"vxlanMTU": 1400}, None),
        (BEHIND, {"vxlanMTU": 1450}, None),  # which is told of the setting
        (BEHIND, {"mtuIfacePattern": "^(eth|wg)"}, None),
        (BEHIND, {"mtuIfacePattern": "^nothing"}, 1460),
        (BEHIND, {"mtuIfacePattern": "("}, None),
        ([{**BEHIND[0], "mtu": 1400}, BEHIND[1]], {}, None),
        ([{"name": "eth0", "addresses": []}, BEHIND[1]], {}, None),
        ([BEHIND[1]], {}, 1460),
        ([{**BEHIND[1], "mtu": 1460}], {}, None),
        (PLAIN, {}, None),
    ],
)
def test_what_felix_finds(links: list[dict[str, Any]], spec: dict[str, Any], largest: int | None) -> None:
    found = told("detected", VXLAN, felix(**spec), NEAR, FAR, links=links)
    assert [one.witness and one.witness.as_dict()["largest_packet"] for one in found] == [largest] * bool(largest)
    assert [one.path[-1] for one in found] == [next(iter(spec), "vxlanMode")] * bool(largest)
    where = 'from "eth0"' if largest == 1500 else "where no interface matches `mtuIfacePattern`"
    assert all(f"which Felix takes {where}, but" in one.message for one in found)


def test_wireguard_needs_both_ends() -> None:
    on, near = felix(wireguardEnabled=True), felix("node.a", wireguardEnabled=True)
    assert [one.path[-1] for one in told("detected", pool(), on, NEAR, FAR, links=BEHIND)] == ["wireguardEnabled"]
    assert told("detected", VXLAN, near, NEAR, FAR, links=BEHIND) == []


def test_several_nodes_are_told_together() -> None:
    more = f"---\nversion: 1\nnode: c\ninterfaces: {flow([{**PLAIN[0], 'addresses': ['192.0.2.3/24']}])}\n"
    (found,) = told("set", VXLAN, felix(vxlanMTU=1500), NEAR, FAR, links=PLAIN, more=more)
    assert found.message == (
        'packets of pods may be 1500 bytes long, which VXLAN makes 1550, but interface "eth0" of node "a" and 1 more, '
        'by which they go to node "b", takes 1500'
    )


def test_what_felix_of_a_node_is_set_to_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    plain = Settings.__init__

    def reading(self: Settings, cluster: Cluster, node: str) -> None:
        read.append(node)
        plain(self, cluster, node)

    monkeypatch.setattr(Settings, "__init__", reading)
    nodes = [node(f"n{one}", f"192.0.2.{one + 1}/24") for one in range(9)]
    facts = [f"version: 1\nnode: n{one}\ninterfaces: {flow(PLAIN)}\n" for one in range(4)]
    others = [felix(f"node.n{one}", wireguardEnabled=False) for one in range(9)]
    others[0] = felix(wireguardEnabled=True, wireguardMTU=1500)
    cluster = cluster_of([pool(), *nodes, *others], facts="---\n".join(facts))
    assert list(find("mtu")(cluster, {"problem": "set"})) == []
    assert sorted(read) == sorted(set(read))


def test_of_many_things_that_cni_is_told_the_least_counts() -> None:
    def work(number: int) -> int:
        maps = [cni(str(1401 + size), f"n{size}") for size in range(number)]
        nodes = [f"version: 1\nnode: x{one}\ninterfaces: {flow(PLAIN)}\n" for one in range(20)]
        cluster = cluster_of([VXLAN, *maps, cni("0", "z"), felix(vxlanMTU=1500)], facts="---\n".join(nodes))
        assert list(find("mtu")(cluster, {"problem": "detected"})) == []
        return calls(lambda: list(_all_narrow(cluster)))

    assert work(2) == work(50)
    assert told("set", VXLAN, cni("1400", "a"), cni("1460", "b"), felix(vxlanMTU=1500), NEAR, FAR, links=PLAIN) == []
    assert told("set", VXLAN, cni("x", "a"), cni("1460", "b"), felix(vxlanMTU=1500), NEAR, FAR, links=PLAIN) == []
