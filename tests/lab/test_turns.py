"""Several sessions of one node with another: which of them BIRD brings up, against what is said of each."""

from __future__ import annotations

import json
import time
from typing import Any

from lab_bird import bird_session

from callint.bgp.network import network
from callint.bgp.session import Session
from callint.calico import Target
from manifests import calico, cluster_of

NODES = {"a": "10.0.0.1", "b": "10.0.0.2"}
KINDS = {"global": "Global", "mesh": "Mesh", "node": "Node"}
MANUAL = {"reversePeering": "Manual"}
SECOND = "10.9.0.2"
FACTS = {"version": 1, "node": "b", "interfaces": [{"name": "eth0", "addresses": ["10.0.0.2/24", f"{SECOND}/24"]}]}
# What a peer is beside the mesh, in which a waits for the calls of b
PEERS: dict[str, list[dict[str, Any]]] = {
    "of another AS, and the next one calls": [{"peerIP": "10.0.0.1", "asNumber": 65000}],
    "of another AS, and the next one waits": [{"peerIP": "10.0.0.2", "asNumber": 65000}],
    "of another AS at another port": [{"peerIP": "10.0.0.2:500", "asNumber": 65000}],
    "from another AS": [{"peerIP": "10.0.0.1", "asNumber": 64512, "localASNumber": 65000, **MANUAL}],
    "of another AS at both ends": [{"peerIP": far, "asNumber": 65000} for far in NODES.values()],
    "of the same AS": [{"node": "a", "peerIP": "10.0.0.2", "asNumber": 64512, **MANUAL}],
    "of another AS at another address, and one that waits there has the next turn": [
        {"peerIP": SECOND, "asNumber": 65000},
        {"node": "b", "peerIP": "10.0.0.1", "asNumber": 64512, **MANUAL},
    ],
}
WITHOUT_MESH: dict[str, list[dict[str, Any]]] = {
    "at another address, and the first one waits": [
        {"peerIP": "10.0.0.2", "asNumber": 64512},
        {"node": "a", "peerIP": SECOND, "asNumber": 64512},
    ],
    "at its own address": [{"peerIP": SECOND, "asNumber": 64512, "sourceAddress": "None"}],
    "at two ports, and the first one is called in vain": [
        {"node": "a", "peerIP": "10.0.0.2:100", "asNumber": 64512, **MANUAL},
        {"node": "a", "peerIP": "10.0.0.2:179", "asNumber": 64512, **MANUAL},
        {"node": "b", "peerIP": "10.0.0.1", "asNumber": 64512, **MANUAL},
    ],
}


def name(session: Session) -> str:
    """As confd names its protocols, which it sorts by name (bgp_processor.go)."""
    port = f"_port_{session.form.port}" if session.form.port else ""
    return f"{KINDS[session.form.kind]}_{str(session.address).replace('.', '_')}{port}"


def protocol(session: Session) -> str:
    form, address = session.form, str(session.address)
    assert form.remote_as is not None
    text = bird_session(name(session), NODES[session.local.name], form.local_as, address, form.remote_as)
    text = text.replace("; source", f" port {form.port}; source") if form.port else text
    # As all of Calico's, so that an end which has a session takes another call for it.
    text = text.replace("multihop;", "multihop; graceful restart;")
    return text.replace("multihop;", "multihop; passive on;") if session.passive else text


class Pair:
    """Two nodes on a wire."""

    def __init__(self, lab: Any, peers: list[dict[str, Any]], *, mesh: bool) -> None:
        objects = [calico("Node", one, {"bgp": {"ipv4Address": f"{address}/24"}}) for one, address in NODES.items()]
        objects += [calico("BGPPeer", f"p{number}", spec) for number, spec in enumerate(peers)]
        objects.append(calico("BGPConfiguration", "default", {"nodeToNodeMeshEnabled": mesh}))
        cluster = cluster_of(objects, Target((3, 32)), facts=json.dumps(FACTS))
        sessions = sorted(network(cluster), key=name)
        self.expected = {(one.local.name, name(one)) for one in sessions if one.status.state == "up"}
        self.hosts = {one: lab.host(one) for one in NODES}
        lab.wire(self.hosts["a"], "eth0", self.hosts["b"], "eth0")
        for one, address in NODES.items():
            second = address.replace("10.0.0", "10.9.0")
            self.hosts[one].ip(f"address add {address}/24 dev eth0", f"address add {second}/24 dev eth0")
            own = "".join(protocol(session) for session in sessions if session.local.name == one)
            self.hosts[one].start(f"log stderr all; router id {address}; protocol device {{}}\n{own}")

    def up(self) -> set[tuple[str, str]]:
        lines = ((one, line.split()) for one, host in self.hosts.items() for line in host.ask("show protocols"))
        return {(one, words[0]) for one, words in lines if words[-1:] == ["Established"]}


def test_turns(lab: Any) -> None:
    """All at once; those that are not told to come up have more than the time that the others need."""
    pairs = {about: Pair(lab, peers, mesh=True) for about, peers in PEERS.items()}
    pairs |= {about: Pair(lab, peers, mesh=False) for about, peers in WITHOUT_MESH.items()}
    start = time.monotonic()
    lab.wait(lambda: all(one.up() >= one.expected for one in pairs.values()), 60, "the sessions come up")
    time.sleep(5 + time.monotonic() - start)
    assert {about: one.up() for about, one in pairs.items()} == {about: one.expected for about, one in pairs.items()}
    assert {len(one.expected) for one in pairs.values()} == {0, 2}
