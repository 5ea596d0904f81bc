"""`callint routes`: sessions, their routes, one network followed, and what cannot be asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from callint.cli import main

HOME = """\
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: default}
spec:
  nodeToNodeMeshEnabled: false
  prefixAdvertisements:
    - {cidr: 10.244.0.0/16, communities: ["64512:300"]}
---
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: pods}
spec: {cidr: 10.244.0.0/16, natOutgoing: true}
---
apiVersion: projectcalico.org/v3
kind: BGPFilter
metadata: {name: jump}
spec:
  exportV4:
    - action: Accept
      matchOperator: In
      cidr: 10.0.0.0/24
  importV4:
    - action: Accept
      matchOperator: In
      cidr: 10.1.0.0/16
    - action: Reject
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: jump}
spec: {node: router, peerIP: 10.1.0.1, asNumber: 65048, sourceAddress: None, filters: [jump]}
"""
NODE = """\
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: NAME}
spec: {bgp: {ipv4Address: ADDRESS/24}}
"""
FACTS = """\
version: 1
node: router
interfaces:
  - {name: wan0, addresses: [192.0.2.2/24]}
  - {name: wg0, addresses: [10.1.0.2/24]}
  - {name: lan0, addresses: [10.0.0.1/24]}
routes:
  - {to: default, via: 192.0.2.1, interface: wan0, protocol: dhcp}
  - {to: 192.0.2.0/24, interface: wan0, protocol: kernel}
  - {to: 10.1.0.0/24, interface: wg0, protocol: kernel}
  - {to: 10.0.0.0/24, interface: lan0, protocol: kernel}
"""


def node(name: str, address: str) -> str:
    return "---\n" + NODE.replace("NAME", name).replace("ADDRESS", address)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home.yaml").write_text(HOME + node("router", "192.0.2.2"))
    (tmp_path / "facts.yaml").write_text(FACTS)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["routes", *arguments])


def told(*arguments: str) -> dict[str, Any]:
    done = run(*arguments, "--format", "json")
    assert done.exit_code == 0, done.output
    value: dict[str, Any] = json.loads(done.output)
    return value


def leaving(routes: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {text: one for one in routes if one["verdict"] == "accept" for text in one["prefixes"]}


@pytest.fixture
def validator(repository: Path) -> Draft202012Validator:
    schema = json.loads((repository / "schemas" / "routes.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_a_session_says_what_leaves_and_which_line_decides(folder: Path) -> None:
    (session,) = told("home.yaml", "--facts", "facts.yaml")["sessions"]
    assert (session["node"], session["address"], session["state"]) == ("router", "10.1.0.1", "up")
    assert (session["local_as"], session["remote_as"], session["type"]) == (64512, 65048, "eBGP")
    assert session["peer"]["object"]["name"] == "jump"
    exported = leaving(session["exported"])
    assert set(exported) == {"10.0.0.0/24", "10.244.0.0/16{26,26}"}
    lan, pods = exported["10.0.0.0/24"], exported["10.244.0.0/16{26,26}"]
    assert (lan["presence"], lan["source"], lan["communities"]) == ("all", "network of lan0", [])
    assert (lan["decided"]["file"], lan["decided"]["line"], lan["decided"]["path"]) == (
        "home.yaml",
        19,
        "/spec/exportV4/0/action",
    )
    assert pods["communities"] == ["64512:300"]
    assert [(one["line"], one["path"]) for one in pods["tagged"]] == [(7, "/spec/prefixAdvertisements/0/cidr")]


def test_imports_are_what_the_filter_lets_in(folder: Path) -> None:
    (session,) = told("home.yaml", "--facts", "facts.yaml")["sessions"]
    imported = leaving(session["imported"])
    assert set(imported) == {"10.1.0.0/16{16,32}"}
    assert imported["10.1.0.0/16{16,32}"]["installed"] == [
        {"prefixes": "10.1.0.0/16{16,32}", "installed": True, "why": "BIRD programs it", "metric": 2147483547}
    ]
    refused = [one for one in session["imported"] if one["verdict"] == "reject"]
    assert [one["decided"]["path"] for one in refused] == ["/spec/importV4/1/action"]


@pytest.mark.parametrize(("release", "metric"), [("v3.31", 0), ("v3.32", 2147483547)])
def test_the_default_route_comes_into_the_kernel_with_a_metric(folder: Path, release: str, metric: int) -> None:
    (folder / "home.yaml").write_text(HOME.replace("    - action: Reject\n", "") + node("router", "192.0.2.2"))
    (session,) = told("home.yaml", "--facts", "facts.yaml", "--calico-version", release)["sessions"]
    (rest,) = [one for one in session["imported"] if one["prefixes"] == ["everything but 10.1.0.0/16{16,32}"]]
    assert {(one["installed"], one["metric"]) for one in rest["installed"]} == {(True, metric)}


@pytest.mark.parametrize(
    ("other", "instead"),
    [
        ("{node: router, peerIP: 10.1.0.1, asNumber: 65049}", ["also"]),
        ("{node: router, peerIP: 10.1.0.9, asNumber: 65049}", []),
        ("{peerIP: 10.1.0.1, asNumber: 65049}", []),  # a global one goes first, and nothing is left to chance
        ("{node: router, peerIP: 10.1.0.1, asNumber: 65048, sourceAddress: None, filters: [jump]}", []),
    ],
)
def test_of_two_peers_with_one_far_end_either_may_be_in_effect(folder: Path, other: str, instead: list[str]) -> None:
    also = f"---\napiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata: {{name: also}}\nspec: {other}\n"
    (folder / "home.yaml").write_text(HOME + node("router", "192.0.2.2") + also)
    sessions = told("home.yaml", "--facts", "facts.yaml")["sessions"]
    found = {one["peer"]["object"]["name"]: one["instead"] for one in sessions}
    assert found.get("jump", []) == instead
    assert found.get("also", []) == []
    shown = run("home.yaml", "--facts", "facts.yaml").output
    assert ("or by BGPPeer also, of the same far end: chance decides" in shown) is bool(instead)


def test_one_network_is_followed(folder: Path) -> None:
    value = told("home.yaml", "--facts", "facts.yaml", "--prefix", "192.0.2.0/24")
    assert value["prefix"] == "192.0.2.0/24"
    assert value["origins"] == [
        {"node": "router", "prefixes": ["192.0.2.0/24"], "presence": "all", "source": "network of wan0"}
    ]
    (session,) = value["sessions"]
    assert {(text, one["verdict"]) for one in session["exported"] for text in one["prefixes"]} == {
        ("192.0.2.0/24", "reject")
    }


def test_blocks_are_followed_where_the_pool_is_asked_for(folder: Path) -> None:
    value = told("home.yaml", "--facts", "facts.yaml", "--prefix", "10.244.0.0/16")
    assert [one["prefixes"] for one in value["origins"]] == [["10.244.0.0/16{26,26}"]]
    assert "10.244.0.0/16{26,26}" in leaving(value["sessions"][0]["exported"])


def test_filters_are_named_and_those_that_are_missing(folder: Path) -> None:
    (folder / "home.yaml").write_text(HOME.replace("[jump]", "[jump, gone]") + node("router", "192.0.2.2"))
    (session,) = told("home.yaml")["sessions"]
    assert (session["filters"], session["undefined_filters"]) == (["jump", "gone"], ["gone"])
    assert "  filters jump, gone (not defined, and passed over)\n  state up" in run("home.yaml").output


def test_conditions_are_those_of_each_route(folder: Path) -> None:
    """A kernel route with a small metric leaves from inside a block, a connected network does not."""
    (folder / "home.yaml").write_text(HOME.replace("filters: [jump]", "filters: []") + node("router", "192.0.2.2"))
    text = run("home.yaml").output
    assert "10.244.0.0/16{27,32} if there are any, networks of its interfaces\n" in text
    assert "10.244.0.0/16{27,32} if there are any, routes of its kernel\n" in text
    assert "inside an IPAM block of the node and with a metric of 1024 or more\n" in text
    assert "block of the node, or inside an IPAM block" not in text


def test_the_default_route_is_followed_alone(folder: Path) -> None:
    value = told("home.yaml", "--prefix", "0.0.0.0/0")
    assert {text for one in value["origins"] for text in one["prefixes"]} == {"0.0.0.0/0"}
    (session,) = value["sessions"]
    assert {text for one in session["exported"] + session["imported"] for text in one["prefixes"]} == {"0.0.0.0/0"}


def test_preference_and_path_are_told_and_what_rules_make_of_them(folder: Path) -> None:
    operations = "operations: [{setPriority: {value: 512}}, {prependASPath: {prefix: [65010]}}]"
    (folder / "home.yaml").write_text(
        HOME.replace("cidr: 10.0.0.0/24\n", f"cidr: 10.0.0.0/24\n      {operations}\n")
        + node("router", "192.0.2.2")
        + node("worker", "192.0.2.3")
    )
    (session,) = told("home.yaml", "--facts", "facts.yaml")["sessions"]
    exported = leaving(session["exported"])
    assert (exported["10.0.0.0/24"]["local_pref"], exported["10.0.0.0/24"]["as_path"]) == (None, [65010, 64512])
    assert exported["10.0.0.0/24"]["changes"] == [
        "AS 65010 in front of the path",
        "priority 512, which is LOCAL_PREF 2147483135",
    ]
    assert exported["10.244.0.0/16{26,26}"]["as_path"] == [64512]
    text = run("home.yaml", "--facts", "facts.yaml").output
    assert "      with AS 65010 in front of the path\n      with priority 512, which is LOCAL_PREF 2147483135\n" in text
    (folder / "home.yaml").write_text(HOME.replace("asNumber: 65048", "asNumber: 64512") + node("router", "192.0.2.2"))
    (session,) = told("home.yaml", "--facts", "facts.yaml")["sessions"]
    pods = leaving(session["exported"])["10.244.0.0/16{26,26}"]
    assert (pods["local_pref"], pods["as_path"]) == (2147482623, [])


def test_a_network_that_nobody_has(folder: Path) -> None:
    done = run("home.yaml", "--facts", "facts.yaml", "--prefix", "203.0.113.0/24")
    assert "203.0.113.0/24 originates\n  nowhere: no node has a route to it or inside it\n" in done.output


def test_text_names_files_and_lines(folder: Path) -> None:
    text = run("home.yaml", "--facts", "facts.yaml").output
    assert "node router (AS 64512) to 10.1.0.1 (AS 65048)\n  IPv4 eBGP by BGPPeer jump  (home.yaml:30)\n" in text
    assert "    10.0.0.0/24, network of lan0\n      BGPFilter/jump exportV4[0]  (home.yaml:19)\n" in text
    assert "      with community 64512:300  (home.yaml:7)\n" in text


def test_nodes_that_nobody_describes_are_every_node(folder: Path) -> None:
    peer = HOME.replace("{node: router, ", "{")
    (folder / "home.yaml").write_text(peer)
    value = told("home.yaml")
    assert [(one["node"], one["state"]) for one in value["sessions"]] == [(None, "unknown")]
    assert value["sessions"][0]["missing"] == "the IPv4 BGP address of other nodes"
    assert run("home.yaml").output.startswith("every node (AS 64512) to 10.1.0.1 (AS 65048)\n")
    assert '"*"' not in run("home.yaml").output


def test_sessions_of_a_mesh_that_are_alike_are_told_once(folder: Path) -> None:
    mesh = HOME.replace("  nodeToNodeMeshEnabled: false\n", "")
    nodes = "".join(node(f"n{number}", f"192.0.2.{number}") for number in range(3, 6))
    (folder / "home.yaml").write_text(mesh + nodes)
    sessions = told("home.yaml", "--peer", "mesh")["sessions"]
    assert len(sessions) == 6
    assert {(one["node"], one["remote"]) for one in sessions} == {
        (a, b) for a in ("n3", "n4", "n5") for b in ("n3", "n4", "n5") if a != b
    }
    text = run("home.yaml", "--peer", "mesh").output
    assert text.count("by the node-to-node mesh") == 1
    assert "and 2 more like them" in text


def test_a_large_mesh_is_told_by_groups_and_a_node_one_by_one(folder: Path) -> None:
    mesh = HOME.replace("  nodeToNodeMeshEnabled: false\n", "")
    nodes = "".join(node(f"n{number}", f"192.0.2.{number}") for number in range(3, 33))
    (folder / "home.yaml").write_text(mesh + nodes)
    sessions = told("home.yaml", "--peer", "mesh")["sessions"]
    assert sum(one["alike"] for one in sessions) == 30 * 29
    assert len(sessions) < 10
    assert len(told("home.yaml", "--node", "n7", "--peer", "mesh")["sessions"]) == 29


@pytest.mark.parametrize("arguments", [(), ("--prefix", "10.244.0.0/16"), ("--node", "router"), ("--peer", "jump")])
def test_json_is_as_the_schema_says(folder: Path, validator: Draft202012Validator, arguments: tuple[str, ...]) -> None:
    validator.validate(told("home.yaml", *arguments))
    validator.validate(told("home.yaml", "--facts", "facts.yaml", *arguments))


def test_the_schema_refuses_what_is_not_said(folder: Path, validator: Draft202012Validator) -> None:
    value = told("home.yaml")
    value["sessions"][0]["state"] = "asleep"
    assert not validator.is_valid(value)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--node", "ruoter"], 'no manifest and no facts name a node "ruoter", the nodes known are router'),
        (["--peer", "jumb"], 'no session is by or to "jumb", the BGPPeers are jump'),
        (["--prefix", "10.0.0.1/24"], '"10.0.0.1/24" has host bits set; the network is 10.0.0.0/24'),
        (["--prefix", "lan"], '"lan" is no'),
        (["--cluster", "home"], 'no cluster "home" in the configuration, these are: default'),
        (["--calico-version", "2.6"], "2.6"),
    ],
)
def test_two_and_one_sentence_for_what_cannot_be_asked(folder: Path, arguments: list[str], says: str) -> None:
    done = run("home.yaml", *arguments)
    assert done.exit_code == 2
    assert says in done.output
    assert "Traceback" not in done.output


def test_no_bgp_at_all_is_no_error(folder: Path) -> None:
    (folder / "home.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n")
    assert run("home.yaml").exit_code == 0
    assert json.loads(run("home.yaml", "--format", "json").stdout)["version"] == 1


def test_that_pools_are_elsewhere_is_said(folder: Path) -> None:
    assert run("home.yaml").stderr == ""
    missing = "callint: routes to pods may be missing here for want of"
    (folder / "values.yaml").write_text(
        "apiVersion: helm.cattle.io/v1\nkind: HelmChartConfig\nmetadata: {name: rke2-calico}\nspec: {}\n"
    )
    said = f"{missing} the IPPools that come with the installation of Calico, which no manifest shows\n"
    assert run("home.yaml", "values.yaml").stderr == said
    (folder / "home.yaml").write_text(HOME.replace("kind: IPPool", "kind: GlobalNetworkSet").replace("cidr:", "nets:"))
    assert run("home.yaml").stderr == f"{missing} IPPools, of which the manifests hold none\n"


def test_hostile_names_do_no_harm(folder: Path) -> None:
    (folder / "home.yaml").write_text(
        HOME.replace("metadata: {name: jump}\nspec: {node", 'metadata: {name: "\\u001b[2J::error"}\nspec: {node')
    )
    text = run("home.yaml").output
    assert "\x1b" not in text
    assert "\\x1b[2J" in text


@pytest.mark.parametrize(
    ("field", "own", "learned"),
    [
        ("", "own", "own"),
        ("keepOriginalNextHop: true, ", "own", "kept"),
        ("nextHopMode: Self, keepOriginalNextHop: true, ", "own", "own"),
    ],
)
def test_the_next_hop_that_the_far_end_is_told(folder: Path, field: str, own: str, learned: str) -> None:
    home = HOME.replace("sourceAddress: None, filters: [jump]", f"{field}reversePeering: Auto")
    home = home.replace("nodeToNodeMeshEnabled: false", "nodeToNodeMeshEnabled: true")
    (folder / "home.yaml").write_text(home + node("router", "192.0.2.2") + node("other", "192.0.2.3"))
    (session,) = told("home.yaml", "--peer", "jump")["sessions"]
    found = {(one["verdict"], one["source"].startswith("the mesh"), one["next_hop"]) for one in session["exported"]}
    assert found == {("accept", False, own), ("accept", True, learned), ("reject", False, None)}
    assert {one["next_hop"] for one in session["imported"]} == {None}
    assert ("next hop that it has on the node" in run("home.yaml", "--peer", "jump").output) is (learned == "kept")
