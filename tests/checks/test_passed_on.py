"""What nodes pass on to peers outside: addresses of Local Services and pods, of which others have the right routes."""

from __future__ import annotations

from typing import Any

import pytest

from callint.checks import Breach, find
from callint.source import Limits
from calls import calls
from manifests import calico, cluster_of

POOL = calico("IPPool", "pods", {"cidr": "10.244.0.0/16"})
TOR: dict[str, Any] = {"peerIP": "10.0.0.254", "asNumber": 65001}
ADDRESS = "192.0.2.5"


def node(number: int, **bgp: str) -> dict[str, Any]:
    labels = {"name": f"n{number}", **({"hub": ""} if bgp else {})}
    return calico("Node", f"n{number}", {"bgp": {"ipv4Address": f"10.0.0.{number}/24", **bgp}}, labels=labels)


NODES = [node(1), node(2), node(3)]


def configuration(mesh: bool = True, **spec: Any) -> dict[str, Any]:
    ranges = spec or {"serviceLoadBalancerIPs": [{"cidr": "192.0.2.0/24"}]}
    return calico("BGPConfiguration", "default", {"nodeToNodeMeshEnabled": mesh, **ranges})


def peer(name: str = "tor", **spec: Any) -> dict[str, Any]:
    return calico("BGPPeer", name, {**TOR, **spec})


def own_alone(**rule: Any) -> dict[str, Any]:
    return calico("BGPFilter", "f", {"exportV4": [{"action": "Reject", **rule}]})


def service(policy: str = "Local", ingress: str = ADDRESS, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "shop"},
        "spec": {"type": "LoadBalancer", "clusterIP": "10.96.0.9", "externalTrafficPolicy": policy, **spec},
        "status": {"loadBalancer": {"ingress": [{"ip": ingress}]}},
    }


def endpoints(*nodes: str) -> dict[str, Any]:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "shop", "labels": {"kubernetes.io/service-name": "shop"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.244.0.1"], "nodeName": one} for one in nodes],
    }


def told(problem: str, *objects: Any) -> list[Breach]:
    return list(find("passed_on")(cluster_of(objects), {"problem": problem}))


def local(*objects: Any, nodes: Any = NODES, on: Any = ("n1",)) -> list[tuple[bool, str]]:
    """Whether it is undecided, and of which node it is told."""
    found = told("local-service", *nodes, *objects, *([endpoints(*on)] if on is not None else []))
    return [(one.undecided, one.witness.as_dict()["node"] if one.witness else "") for one in found]


def test_nodes_without_an_endpoint_pass_the_address_on() -> None:
    assert local(configuration(), peer(), service()) == [(False, "n2")]
    assert local(configuration(), peer(), service(), on=("n1", "n2")) == [(False, "n3")]
    assert local(configuration(), peer(), service(), on=("n1", "n2", "n3")) == []


def test_endpoints_that_are_not_known_may_be_everywhere() -> None:
    assert local(configuration(), peer(), peer("other", peerIP="10.0.0.253"), service(), on=None) == [(True, "")]


def test_each_peer_is_told_of() -> None:
    assert len(local(configuration(), peer(), peer("other", peerIP="10.0.0.253"), service())) == 2


@pytest.mark.parametrize(
    ("service", "ranges"),
    [
        (service("Cluster"), {}),
        (service(ingress="198.51.100.1"), {}),
        (service(), {"serviceClusterIPs": [{"cidr": "10.96.0.0/16"}]}),
        (service(externalIPs=["198.51.100.1"]), {"serviceClusterIPs": [{"cidr": "10.96.0.0/16"}]}),
    ],
)
def test_addresses_that_are_not_announced_one_by_one_or_that_every_node_serves(service: Any, ranges: Any) -> None:
    assert local(configuration(**ranges), peer(), service) == []


def test_external_addresses_count() -> None:
    ranges = {"serviceExternalIPs": [{"cidr": "198.51.100.0/24"}]}
    assert local(configuration(**ranges), peer(), service(externalIPs=["198.51.100.1"])) == [(False, "n2")]


@pytest.mark.parametrize(
    ("rule", "count"),
    [
        ({"source": "RemotePeers"}, 0),
        ({"cidr": "192.0.2.0/24", "matchOperator": "In"}, 0),
        ({"cidr": "192.0.2.0/24", "matchOperator": "Equal"}, 1),
        ({"cidr": "10.244.0.0/16", "matchOperator": "In", "source": "RemotePeers"}, 1),
        ({"interface": "eth*"}, 0),
    ],
)
def test_filters_keep_what_others_have(rule: dict[str, Any], count: int) -> None:
    assert len(local(configuration(), peer(filters=["f"]), own_alone(**rule), service())) == count


def both(*objects: Any, nodes: Any = NODES) -> list[int]:
    """How often each of the two is told of."""
    return [len(local(*objects, service(), nodes=nodes)), len(told("pods", *nodes, POOL, *objects))]


def test_without_the_mesh_nodes_learn_nothing_to_pass_on() -> None:
    assert both(configuration(), peer()) == [1, 1]
    assert both(configuration(mesh=False), peer()) == [0, 0]


def test_reflectors_bring_routes_as_the_mesh_does() -> None:
    nodes = [node(1), node(2), node(3), node(9, routeReflectorClusterID="1.1.1.1")]
    hub = calico("BGPPeer", "hub", {"nodeSelector": "!has(hub)", "peerSelector": "has(hub)"})
    assert both(configuration(mesh=False), peer(), hub, nodes=nodes) == [1, 1]
    assert both(configuration(mesh=False), peer(nodeSelector="has(hub)"), hub, nodes=nodes) == [0, 0]


def test_advice_hides_no_node_that_others_announce() -> None:
    def advice(*nodes: dict[str, Any], **spec: Any) -> set[str]:
        objects = configuration(mesh=False), peer(**spec), hub, service(), POOL, *nodes, endpoints("n1")
        return {one.help.split(" ")[0] for problem in ("local-service", "pods") for one in told(problem, *objects)}

    hub = calico("BGPPeer", "hub", {"nodeSelector": "all()", "peerSelector": "has(hub)"})
    hubs = [node(8, routeReflectorClusterID="1.1.1.1"), node(9, routeReflectorClusterID="1.1.1.1")]
    assert advice(*NODES, *hubs, nodeSelector="has(hub)") == {"`nextHopMode:"}
    assert advice(*NODES, *hubs) == {"a"}
    assert advice(*hubs, nodeSelector="has(hub)") == {"a"}


@pytest.mark.parametrize("spec", [{"nodeSelector": "name == 'n2'"}, {"node": "n2"}, {"asNumber": 64512}])
def test_one_way_out_and_the_own_as(spec: dict[str, Any]) -> None:
    """A node that alone has a session must pass on; to its own AS none passes on what it learned inside."""
    assert both(configuration(), peer(**spec)) == [0, 0]


@pytest.mark.parametrize(
    ("spec", "count"), [({"nextHopMode": "Keep"}, 0), ({"keepOriginalNextHop": True}, 0), ({"nextHopMode": "Self"}, 1)]
)
def test_a_next_hop_that_is_kept_is_the_node_itself(spec: dict[str, Any], count: int) -> None:
    assert both(configuration(), peer(**spec)) == [count, count]


def test_nodes_that_nobody_describes_may_be_one() -> None:
    assert both(configuration(), peer(), nodes=[]) == [0, 0]
    assert both(configuration(), peer(), nodes=[node(2)]) == [0, 0]


@pytest.mark.parametrize(
    "spec", [{"disabled": True}, {"disableBGPExport": True}, {"allowedUses": ["LoadBalancer"]}, {"cidr": "fd00::/64"}]
)
def test_pools_whose_pods_stay_in(spec: dict[str, Any]) -> None:
    pool = calico("IPPool", "pods", {"cidr": "10.244.0.0/16", **spec})
    assert told("pods", *NODES, pool, configuration(), peer()) == []


@pytest.mark.parametrize(("count", "words"), [(1, ""), (2, "so does another one"), (3, "so do 2 others")])
def test_one_word_about_all_peers(count: int, words: str) -> None:
    peers = [peer(f"tor-{number}", peerIP=f"10.0.0.{250 + number}") for number in range(count)]
    found = told("pods", *NODES, POOL, configuration(), *peers)
    assert [one.object.name for one in found if one.object] == ["tor-0"]
    assert words in found[0].message


@pytest.mark.parametrize(("count", "words"), [(2, "from both nodes"), (3, "from all 3 nodes")])
def test_two_nodes_are_both(count: int, words: str) -> None:
    (about_pods,) = told("pods", *NODES[:count], POOL, configuration(), peer())
    assert words in about_pods.message
    (about_range,) = told(
        "local-service-range",
        *NODES[:count],
        *[configuration(), peer(filters=["f"]), service(), endpoints("n1"), bounded(24)],
    )
    assert words in about_range.message


def bounded(most: int, *more: dict[str, Any]) -> dict[str, Any]:
    rule = {"action": "Accept", "cidr": "192.0.2.0/24", "matchOperator": "In", "prefixLength": {"max": most}}
    return calico("BGPFilter", "f", {"exportV4": [*more, rule, {"action": "Reject"}]})


def kept_in(*objects: Any, nodes: Any = NODES, on: Any = ("n1",), **spec: Any) -> list[bool]:
    more = [*nodes, peer(filters=["f"], **spec), *objects, *([endpoints(*on)] if on is not None else [])]
    return [one.undecided for one in told("local-service-range", *more)]


@pytest.mark.parametrize("mesh", [True, False])
def test_the_range_alone_leads_to_any_node(mesh: bool) -> None:
    about = configuration(mesh)
    assert kept_in(about, service(), bounded(24)) == [False]
    assert kept_in(about, service(), bounded(31)) == [False]
    assert kept_in(about, service(), bounded(32)) == []
    assert kept_in(about, service(), bounded(24), on=None) == [True]
    assert kept_in(about, service(), bounded(24), on=("n1", "n2", "n3")) == []


def test_a_range_that_stays_in_leads_nobody() -> None:
    reject = {"action": "Reject", "cidr": "192.0.2.0/24", "matchOperator": "In"}
    assert kept_in(configuration(), service(), bounded(24, reject)) == []
    ranges = [{"cidr": "192.0.2.0/24"}]
    single = configuration(serviceLoadBalancerIPs=ranges, serviceLoadBalancerAggregation="Disabled")
    assert kept_in(single, service(), bounded(24)) == []


def test_one_node_and_services_of_all_nodes_are_no_matter() -> None:
    assert kept_in(configuration(), service("Cluster"), bounded(24)) == []
    assert kept_in(configuration(), service(), bounded(24), nodeSelector="name == 'n2'") == []
    assert kept_in(configuration(), service(), bounded(24), nodes=[node(2)]) == []


def test_interfaces_of_others_and_no_filter() -> None:
    by_interface = {"action": "Accept", "interface": "eth*"}
    assert kept_in(configuration(), service(), bounded(24, by_interface)) == [False]
    assert told("local-service-range", *NODES, peer(), configuration(), service(), endpoints("n1")) == []


def test_so_many_rules_for_so_many_peers() -> None:
    rules = [{"action": "Reject", "cidr": f"10.244.{number}.0/24", "matchOperator": "In"} for number in range(50)]
    peers = [peer(f"tor-{number}", peerIP=f"10.0.1.{number}", filters=["f"]) for number in range(50)]
    cluster = cluster_of([*NODES, POOL, configuration(), calico("BGPFilter", "f", {"exportV4": rules}), *peers])
    cluster.limits = Limits(comparisons=2500)
    (found,) = find("passed_on")(cluster, {"problem": "pods"})
    assert "2,500 comparisons of routes that nodes pass on" in found.message


def test_a_filter_of_many_peers_is_looked_through_for_variables_once() -> None:
    """Its gaps are as many as it has wrong types."""

    def asked(rules: int) -> int:
        written = calico("BGPFilter", "f", {"exportV4": [{"action": number} for number in range(rules)]})
        peers = [peer(f"tor-{number}", peerIP=f"10.0.1.{number}", filters=["f"]) for number in range(100)]
        cluster = cluster_of([*NODES, configuration(), written, *peers], judged=True)
        return calls(lambda: list(find("passed_on")(cluster, {"problem": "pods"})))

    asked(20)  # what is imported and remembered the first time
    assert asked(80) - asked(20) < 10_000


def test_nodes_with_facts_are_looked_through_for_variables_once() -> None:
    """What lets each reach others makes each a kind of its own, with the same ones at the far end."""

    def asked(count: int) -> int:
        numbers = range(1, count + 1)
        facts = "".join(
            f"---\nversion: 1\nnode: n{n}\ninterfaces: [{{name: eth0, addresses: [10.0.0.{n}/24]}}]\n"
            "routes: [{to: default, via: 10.0.0.254}]\n"
            for n in numbers
        )
        accept = calico("BGPFilter", "f", {"exportV4": [{"action": "Accept"}]})
        cluster = cluster_of([*map(node, numbers), POOL, configuration(), peer(filters=["f"]), accept], facts=facts)
        return calls(lambda: list(find("passed_on")(cluster, {"problem": "local-service"})))

    asked(20)
    assert asked(200) < 2.5 * asked(100)
