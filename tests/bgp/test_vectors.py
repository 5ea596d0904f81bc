"""Every recorded vector: objects of a world in, verdicts of BIRD daemons that ran Calico's own configuration out."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from callint.bgp.candidates import Routes
from callint.bgp.decision import Decision
from callint.bgp.export import keeps_next_hop
from callint.bgp.route import DEFAULT_LOCAL_PREF, Attributes
from callint.bgp.routes import Engine, Source, engine
from callint.bgp.session import Session
from callint.net.address import parse_cidr
from callint.net.community import parse_community
from callint.net.prefixes import exactly
from callint.objects import Intent

# The second address of the nodes whose worlds have IPv6 sessions; the worlds themselves only name the peers.
SECOND = {
    "services": {"kube-master": "fdf5:10::2", "kube-node-1": "fdf5:10::3"},
    "f_operators": {"kube-master": "2001::102", "kube-node-1": "2001::103"},
}
# Worlds restate peers by a selector; the labels that it asks for are those of the recorded input.
LABELS = {"kube-node-1": "global-peer", "kube-node-2": "global-peer"}
_WORD = re.compile(r"(\w+)=(\[[^\]]*\]|\S+)")


def _vectors() -> list[Any]:
    """The vectors; one that is skipped with the reason where they are absent."""
    beside = Path(__file__).resolve().parents[3] / "shared"
    path = Path(os.environ.get("CALLINT_SHARED", beside)) / "vectors" / "bgp.yaml"
    return yaml.safe_load(path.read_text())["vectors"] if path.exists() else [{"id": "absent"}]


@pytest.fixture(scope="session")
def recorded(shared: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((shared / "vectors" / "bgp.yaml").read_text())
    return loaded


def world_of(recorded: dict[str, Any], name: str) -> dict[str, Any]:
    world = recorded["worlds"][name]
    return {**world_of(recorded, world["extends"]), **world} if "extends" in world else world


def rule_of(text: str) -> dict[str, Any]:
    """A rule from its short form: action, operator and network, then conditions and operations by name."""
    words = text.split()
    rule: dict[str, Any] = {"action": words[0]}
    operations = []
    for index, word in enumerate(words):
        if word in ("In", "NotIn", "Equal", "NotEqual"):
            rule |= {"matchOperator": word, "cidr": words[index + 1]}
        if word == "RemotePeers":
            rule["source"] = word
    for key, value in _WORD.findall(text):
        if key in ("source", "interface", "peerType"):
            rule[key] = value
        elif key == "communities":
            rule[key] = {"values": [value]}
        elif key == "asPathPrefix":
            rule[key] = json.loads(value)
        elif key == "priority":
            rule[key] = int(value)
        elif key == "setPriority":
            operations.append({key: {"value": int(value)}})
        elif key == "addCommunity":
            operations.append({key: {"value": value}})
        elif key == "prependASPath":
            operations.append({key: {"prefix": json.loads(value)}})
        else:
            raise AssertionError(key)
    return rule | ({"operations": operations} if operations else {})


def filter_of(name: str, rules: dict[str, list[str]]) -> dict[str, Any]:
    spec = {key: [rule_of(text) for text in texts] for key, texts in rules.items()}
    return {"kind": "BGPFilter", "metadata": {"name": name}, "spec": spec}


def objects_of(recorded: dict[str, Any], name: str) -> list[dict[str, Any]]:
    world = world_of(recorded, name)
    found: list[dict[str, Any]] = []
    second = SECOND.get(name, {})
    for node, about in world["nodes"].items():
        about = about if isinstance(about, dict) else {"ip": about}
        bgp = {"ipv4Address": about["ip"] + "/16", "routeReflectorClusterID": about.get("routeReflectorClusterID", "")}
        if node in second:
            bgp["ipv6Address"] = second[node] + "/64"
        labels = dict.fromkeys(about.get("labels", []), "") | dict.fromkeys(
            [LABELS[node]] if node in LABELS else [], ""
        )
        labels |= world.get("node_labels", {}).get(node, {})
        found.append({"kind": "Node", "metadata": {"name": node, "labels": labels}, "spec": {"bgp": bgp}})
    configuration = {"asNumber": world["as"], "nodeToNodeMeshEnabled": world["mesh"]}
    for about, own in ((world.get("bgpconfig", {}), False), (world.get("bgpconfig_node", {}), True)):
        spec: dict[str, Any] = {} if own else dict(configuration)
        spec |= {key: value for key, value in about.items() if key != "name"}
        if "communities" in about:
            spec["communities"] = [{"name": key, "value": value} for key, value in about["communities"].items()]
        for key in ("serviceClusterIPs", "serviceExternalIPs", "serviceLoadBalancerIPs"):
            if key in about:
                spec[key] = [{"cidr": cidr} for cidr in about[key]]
        if not own or about:
            name_ = about["name"] if own else "default"
            found.append({"kind": "BGPConfiguration", "metadata": {"name": name_}, "spec": spec})
    for index, pool in enumerate(world.get("pools", [])):
        found.append({"kind": "IPPool", "metadata": {"name": f"pool-{index}"}, "spec": pool})
    filters = [key for key in ("filter_1", "filter_2") if key in world]
    if not filters and isinstance(world.get("filter"), dict):
        filters = ["filter"]
    if "was deleted" not in world.get("note", ""):
        found += [filter_of(key.replace("_", "-"), world[key]) for key in filters]
    if "filter_rules" in world:
        found.append(filter_of("unattached", world["filter_rules"]))
    for index, peer in enumerate(world.get("peers", [])):
        spec = {key: value for key, value in peer.items() if key != "filters"}
        if "filters" in peer:
            spec["filters"] = [key.replace("_", "-") for key in filters]
        if name == "rr_keep" and index == 0:
            spec["keepOriginalNextHop"] = True
        found.append({"kind": "BGPPeer", "metadata": {"name": f"peer-{index}"}, "spec": spec})
    for index, block in enumerate(recorded["defaults"]["blocks_of_kube_master"]):
        spec = {"cidr": block["cidr"], "state": block["state"], "node": "kube-master", "deleted": "false"}
        found.append({"kind": "BlockAffinity", "metadata": {"name": f"block-{index}"}, "spec": spec})
    found = [{"apiVersion": "projectcalico.org/v3", **one} for one in found]
    for service in world.get("services", []):
        key = {"name": service["name"], "namespace": "default"}
        spec = {field: value for field, value in service.items() if field not in ("name", "ready_endpoints_on")}
        addresses = [{"ip": "10.9.9.9", "nodeName": node} for node in service["ready_endpoints_on"]]
        found.append({"apiVersion": "v1", "kind": "Service", "metadata": key, "spec": spec})
        subsets = [{"addresses": addresses}]
        found.append({"apiVersion": "v1", "kind": "Endpoints", "metadata": key, "subsets": subsets})
    return found


def facts_of(recorded: dict[str, Any], route: dict[str, Any]) -> str:
    """What the kernel of the node holds: the route of the vector, and nothing else that is known."""
    interfaces: list[dict[str, Any]] = [{"name": "lo"}]
    routes = []
    if route["origin"] == "connected":
        interfaces.append({"name": route["ifname"], "addresses": [route["address"]]})
    elif route["origin"] == "kernel":
        entry = {"to": route["prefix"], "interface": route["ifname"], "protocol": "80"}
        routes.append(entry | ({"metric": route["metric"]} if "metric" in route else {}))
    node = recorded["defaults"]["local"]
    return json.dumps({"version": 1, "node": node, "interfaces": interfaces, "routes": routes})


def session_to(model: Engine, node: str, address: str) -> Session:
    found = [one for one in model.network if one.local.name == node and str(one.address) == address]
    assert len(found) == 1, found
    return found[0]


def announced(route: dict[str, Any], source: Session) -> Routes:
    """What the fake peer of the recording sent over eth0: it put its own AS behind the path that the vector names."""
    own = [source.form.remote_as] if source.peer_type == "eBGP" else []
    path = tuple(route.get("as_path", ())) + tuple(number for number in own if number is not None)
    communities = tuple(parse_community(text) for text in route.get("communities", ()))
    preference = DEFAULT_LOCAL_PREF if source.peer_type == "eBGP" else route.get("local_pref", DEFAULT_LOCAL_PREF)
    attributes = Attributes("bgp", "eth0", communities, path, preference)
    return Routes(exactly(parse_cidr(route["prefix"])), "all", attributes, route["from"])


def decide(model: Engine, vector: dict[str, Any], node: str) -> tuple[Decision | None, Session]:
    """The decision that accepts the route, None where nothing does; it must be the only one and certain."""
    route, session = vector["route"], session_to(model, node, vector["peer"])
    if route["origin"] == "bgp":
        source = session_to(model, node, route["from"])
        received = [one for one in model.received(source, announced(route, source)) if one.accepted]
        if vector["direction"] == "export" and received:
            learned = source.form.passage
            routes = Routes(received[0].prefixes, "all", received[0].result, "", learned)
            source_of = Source(source, 1 if source.address == session.address else 2)
            decisions = [one for one in model.passed_on(session, source_of, routes) if one.accepted]
        else:
            decisions = received
    else:
        prefix = parse_cidr(route["address"] if route["origin"] == "connected" else route["prefix"]).masked()
        origins = {"static": ("block", "service"), "none": ("block", "service", "static", "connected", "kernel")}
        wanted = origins.get(route["origin"], (route["origin"],))
        found = [one for one in model.own_exported(session) if prefix in one.prefixes and one.routes.origin in wanted]
        assert bool(found) == (route["origin"] != "none")
        assert all(one.routes.presence == "all" for one in found)
        decisions = [one for one in found if one.accepted]
    assert len(decisions) <= 1
    assert all(one.certain for one in decisions)
    return (decisions[0] if decisions else None), session


@pytest.mark.parametrize("vector", [pytest.param(vector, id=vector["id"]) for vector in _vectors()])
def test_vector(vector: dict[str, Any], recorded: dict[str, Any], make_cluster: Any) -> None:
    text = "---\n".join(json.dumps(one) + "\n" for one in objects_of(recorded, vector["world"]))
    node, expected = recorded["defaults"]["local"], vector["expect"]
    whole = Intent(complete=("Service",))
    cluster = make_cluster(text, facts_of(recorded, vector["route"]), release=(3, 33), intent=whole)
    model = engine(cluster)
    decision, session = decide(model, vector, node)
    assert ("accept" if decision else "reject") == expected["verdict"]
    if decision is None:
        return
    result = decision.result
    if "local_pref" in expected:
        arrives = DEFAULT_LOCAL_PREF if result.local_pref is None else result.local_pref
        assert arrives == (expected["local_pref"] or DEFAULT_LOCAL_PREF)
    if "communities" in expected:
        assert set(result.communities or ()) == {parse_community(text) for text in expected["communities"]}
    if "as_path" in expected:
        assert list(result.as_path or ()) == expected["as_path"]
    if "next_hop" in expected:
        keeps = keeps_next_hop(decision.routes, session.form)
        assert expected["next_hop"] == (vector["route"]["from"] if keeps else recorded["defaults"]["node_ip"])
    if "in_fib" in expected:
        programmed = list(model.kernels[session.family].divide(decision.prefixes))
        assert [one.in_kernel for one in programmed] == [expected["in_fib"]]


def test_all_vectors_are_there(recorded: dict[str, Any]) -> None:
    """None is left out: each of them can be said in objects and facts."""
    assert len(_vectors()) == len(recorded["vectors"]) >= 77
