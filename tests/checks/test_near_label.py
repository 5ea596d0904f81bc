"""Selectors of nodes that nothing known meets: which are slips, and which may mean nodes that nobody listed."""

from __future__ import annotations

import pytest

from callint.checks import find
from callint.objects import Intent
from manifests import cluster_of

NODE = """
apiVersion: v1
kind: Node
metadata: {name: one, labels: {rack: rack-a, router: "", node-role.kubernetes.io/control-plane: ""}}
---
"""
POOL = """
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: pods}
spec: {cidr: 10.244.0.0/16, nodeSelector: "SELECTOR"}
"""
PEER = """
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: tor}
spec: {nodeSelector: "SELECTOR", peerIP: 10.0.0.254, asNumber: 65001}
"""
HOSTS = """
apiVersion: projectcalico.org/v3
kind: KubeControllersConfiguration
metadata: {name: default}
spec:
  controllers:
    node:
      hostEndpoint:
        autoCreate: Enabled
        templates: [{generateName: lan, interfaceCIDRs: [10.0.0.0/8], nodeSelector: "SELECTOR"}]
"""


@pytest.mark.parametrize("form", [POOL, PEER, HOSTS])
@pytest.mark.parametrize(
    ("selector", "meant"),
    [
        ("rack == 'rakc-a'", "rack-a"),
        ("rack == 'Rack-A'", "rack-a"),
        ("has(routre)", "router"),
        ("rack == 'rack-b'", None),  # the label of another node
        ("rack == 'rack-1'", None),
        ("rack == 'xrack-a'", None),
        ("has(rooter)", None),
        ("router == 'true'", ""),
        ("router in {'True', 'yes'}", ""),
        ("router == 'true' || has(router)", None),
        ("router == 'edge'", None),
        ("rack == 'true'", None),
        ("has(node-role.kubernetes.io/master)", "node-role.kubernetes.io/control-plane"),
        ("node-role.kubernetes.io/master == ''", "node-role.kubernetes.io/control-plane"),
        ("has(node-role.kubernetes.io/worker)", None),
        ("rack == 'rakc-a' || has(router)", None),
        ("rack == 'rakc-a' && rack == 'rack-a'", None),  # no labels can meet it, which is said elsewhere
        ("kubernetes.io/hostname == 'one'", None),
        ("rack ==", None),
    ],
)
def test_slips(form: str, selector: str, meant: str | None) -> None:
    found = list(find("near_label")(cluster_of(NODE + form.replace("SELECTOR", selector)), {}))
    assert [one.message.partition("did you mean ")[2] for one in found] == [f'"{meant}"'] * (meant is not None)


def test_of_peers_nothing_is_said_twice() -> None:
    written = cluster_of(NODE + PEER.replace("SELECTOR", "rack == 'rakc-a'"), intent=Intent(complete=("Node",)))
    assert not list(find("near_label")(written, {}))
    assert len(list(find("usage")(written, {"problem": "selector"}))) == 1


def test_a_node_that_still_has_the_former_label() -> None:
    both = NODE.replace("{rack", '{node-role.kubernetes.io/master: "true", rack')
    worker = NODE.replace("one", "two").replace('router: ""', 'router: "false"')
    assert not list(find("near_label")(cluster_of(both + POOL.replace("SELECTOR", "rack == 'x'")), {}))
    written = POOL.replace("SELECTOR", "has(node-role.kubernetes.io/master) && rack == 'x'")
    assert not list(find("near_label")(cluster_of(both + written), {}))
    assert not list(find("near_label")(cluster_of(NODE + worker + POOL.replace("SELECTOR", "router == 'true'")), {}))


def test_templates_of_host_endpoints_where_all_nodes_are_known() -> None:
    intent = Intent(complete=("Node",))
    written = cluster_of(NODE + HOSTS.replace("SELECTOR", "rack == 'rakc-a'"), intent=intent)
    assert not list(find("near_label")(written, {}))
    assert [one.path[-1] for one in find("absent_interface")(written, {})] == ["nodeSelector"]
