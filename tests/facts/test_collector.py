from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from callint.facts.collector import collect
from callint.facts.emitter import render
from callint.facts.reader import read

Saved = Callable[[str], str]

SCHEMA = Draft202012Validator(json.loads((Path(__file__).parents[2] / "schemas" / "facts.json").read_text("utf-8")))
DATA = Path(__file__).parent / "data"
SOURCES = {
    "address": "address-details.json",
    "route": "route.json",
    "route6": "route6.json",
    "forwarding": "forwarding.txt",
    "sockets": "ss.txt",
    "firewall": "iptables.txt",
}


@pytest.fixture(scope="module")
def router(saved: Saved) -> dict[str, Any]:
    return collect("router", **{source: saved(name) for source, name in SOURCES.items()})


def by_name(facts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {interface["name"]: interface for interface in facts["interfaces"]}


def test_interfaces_of_a_real_ip(router: dict[str, Any]):
    found = by_name(router)
    assert list(found) == ["br0", "lan0", "lo", "tun9", "wan0"]
    assert found["lan0"] == {
        "name": "lan0",
        "addresses": ["203.0.113.1/25", "203.0.113.126/32", "2001:db8:5::1/64", "fe80::74db:15ff:fe6d:3752/64"],
        "kind": "veth",
        "up": True,
        "mtu": 1500,
        "forwarding": True,
    }
    assert found["br0"]["kind"] == "bridge"
    assert found["br0"]["forwarding"] == {"ipv4": False, "ipv6": True}
    assert found["lo"]["kind"] == "loopback"
    assert found["tun9"]["addresses"] == ["10.7.0.1/32"]


def test_routes_of_a_real_ip(router: dict[str, Any]):
    def route(**parts: Any) -> bool:
        return parts in router["routes"]

    assert route(to="default", via="192.0.2.1", interface="wan0", protocol="dhcp", metric=100)
    assert route(to="default", via="2001:db8:5::ff", interface="lan0", protocol="boot", metric=10)
    assert route(to="10.244.7.0/26", type="blackhole", protocol="80")
    assert route(to="198.51.100.0/24", via="192.0.2.1", interface="wan0", protocol="bird")
    assert route(to="198.51.100.0/25", via="192.0.2.7", interface="wan0", protocol="boot")
    assert route(to="198.51.100.0/25", via="203.0.113.9", interface="lan0", protocol="boot")
    assert route(to="198.51.200.0/24", via="fe80::1", interface="lan0", protocol="boot")
    assert route(to="203.0.113.0/25", interface="lan0", source="203.0.113.1", protocol="kernel")
    assert not [entry for entry in router["routes"] if entry.get("interface", "").startswith(("cali", "veth77"))]


def test_sockets_of_a_real_ss(router: dict[str, Any]):
    assert [tuple(value for key, value in entry.items() if key != "process") for entry in router["listening"]] == [
        (112, "0.0.0.0"),
        ("tcp", 53, "203.0.113.1"),
        ("tcp", 2381, "127.0.0.1"),
        ("tcp", 6443, "*"),
        ("tcp", 8443, "192.0.2.2"),
        ("tcp", 10250, "::"),
        ("udp", 53, "2001:db8:5::1"),
        ("udp", 53, "203.0.113.1"),
        ("udp", 67, "0.0.0.0", "lan0"),
    ]
    assert {entry["process"] for entry in router["listening"]} == {"python3"}


def test_what_was_left_out_is_counted(router: dict[str, Any]):
    assert router["notes"] == [
        "left out: 2 workload interfaces with their routes",
        "left out: 1 veth interface without an address",
    ]
    assert router["firewall"] == {"input": "accept", "forward": "accept", "output": "accept"}


def test_workloads_are_kept_on_request(saved: Saved):
    texts = {source: saved(name) for source, name in SOURCES.items()}
    facts = collect("router", **texts, workloads=True)
    assert {"cali0a1b2c3d4e5", "cali1a1b2c3d4e5", "veth77aa"} < set(by_name(facts))
    assert {"to": "10.244.7.5/32", "interface": "cali0a1b2c3d4e5", "protocol": "boot"} in facts["routes"]
    assert "notes" not in facts
    other = collect("router", **texts, workload_prefixes=["tun", "wan"])
    assert {"tun9", "wan0"}.isdisjoint(by_name(other))
    assert other["workload-prefixes"] == ["tun", "wan"]
    assert "workload-prefixes" not in collect("router", **texts)
    assert SCHEMA.is_valid(facts)


def test_other_forms_of_the_same_outputs_say_the_same(router: dict[str, Any], saved: Saved):
    facts = collect(
        "router",
        address=saved("address.json"),
        route=saved("route-all.json"),
        route6=saved("route6.json"),
        forwarding=saved("sysctl.txt"),
        sockets=saved("ss-header.txt"),
        firewall=saved("iptables.txt"),
    )
    without_kinds = [{k: v for k, v in entry.items() if k != "kind"} for entry in router["interfaces"]]
    assert [{k: v for k, v in entry.items() if k != "kind"} for entry in facts["interfaces"]] == without_kinds
    assert {key: facts[key] for key in facts if key != "interfaces"} == {
        key: router[key] for key in router if key != "interfaces"
    }


def test_rendered_facts_are_valid_and_read_back(router: dict[str, Any], documents: Any):
    SCHEMA.validate(router)
    (node,), problems = read(documents(render(router)))
    assert problems == ()
    assert [interface.name for interface in node.interfaces] == list(by_name(router))
    assert [address.text for address in node.interface("lan0").addresses] == by_name(router)["lan0"]["addresses"]
    assert node.interface("br0").forwarding[:2] == (False, True)
    versions = [route.destination.version for route in node.routes]
    assert versions == sorted(versions)
    assert len(node.routes) == len(router["routes"])
    assert [listener.port for listener in node.listeners] == [entry.get("port") for entry in router["listening"]]
    assert render(router) == render(json.loads(json.dumps(router)))


def test_what_was_not_saved_is_named(documents: Any):
    facts = collect("router")
    assert set(facts) == {"version", "node", "notes"}
    assert len(facts["notes"]) == 6
    assert facts["notes"][0] == 'the interfaces are unknown: no output of "ip -details -json address" was given'
    (node,), problems = read(documents(render(facts)))
    assert (node.interfaces, node.routes, node.listeners, problems) == (None, None, None, ())


def test_tunnels_keep_their_kind():
    links = [
        {
            "ifname": "wireguard.cali",
            "flags": ["UP"],
            "mtu": 1440,
            "link_type": "none",
            "linkinfo": {"info_kind": "wireguard"},
        },
        {"ifname": "vxlan.calico", "flags": [], "mtu": 0, "link_type": "ether", "linkinfo": {"info_kind": "vxlan"}},
        {},
        {"ifname": "tunl0", "flags": ["NOARP"], "link_type": "ipip", "master": "vrf1"},
    ]
    assert collect("a", address=json.dumps(links))["interfaces"] == [
        {"name": "tunl0", "addresses": [], "kind": "ipip", "up": False, "master": "vrf1"},
        {"name": "vxlan.calico", "addresses": [], "kind": "vxlan", "up": False},
        {"name": "wireguard.cali", "addresses": [], "kind": "wireguard", "up": True, "mtu": 1440},
    ]


def test_switches_alone_name_the_interfaces():
    text = "net.ipv4.conf.all.forwarding = 1\nnet.ipv4.conf.eth0/100.forwarding = 1\nnet.ipv4.conf.b0.forwarding=0\n"
    assert collect("a", forwarding=text)["interfaces"] == [
        {"name": "b0", "forwarding": {"ipv4": False}},
        {"name": "eth0.100", "forwarding": {"ipv4": True}},
    ]


@pytest.mark.parametrize(
    ("everywhere", "own", "forced", "forwards"),
    [(0, 1, None, False), (1, 0, None, True), (0, 0, 1, True), (0, 1, 0, False), (None, 1, None, None)],
)
def test_ipv6_is_forwarded_by_the_switch_of_all(everywhere: Any, own: int, forced: Any, forwards: Any):
    values = {"all/forwarding": everywhere, "a0/forwarding": own, "a0/force_forwarding": forced}
    lines = [f"/proc/sys/net/ipv6/conf/{key}:{value}" for key, value in values.items() if value is not None]
    (a0,) = collect("a", forwarding="\n".join(lines))["interfaces"]
    assert a0.get("forwarding", {}).get("ipv6") is forwards


def test_policies_come_from_the_filter_table_of_iptables_save():
    text = (
        "*nat\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n*filter\n:FORWARD DROP [5:300]\n:OUTPUT DROP [0:0]\n-A FORWARD -j ACCEPT\n"
    )
    text += "COMMIT\n*mangle\n:FORWARD ACCEPT [0:0]\nCOMMIT\n"
    assert collect("a", firewall=text)["firewall"] == {"forward": "drop", "output": "drop"}


def test_hard_lines_of_ss():
    text = """\
udp   UNCONN 0      0      127.0.0.53%lo:53        0.0.0.0:*    users:(("systemd-resolve",pid=1,fd=12),("x",pid=2,fd=1))
udp   UNCONN 0      0      [fe80::1]%eth0:546      [::]:*
udp   UNCONN 0      0      [fe80::2%eth0]:546      [::]:*
udp   ESTAB  0      0      192.0.2.1:40000         192.0.2.2:53
raw   UNCONN 0      0      *:58                    *:*          users:(("tmux: \\"s\\"",pid=1,fd=1))
nl    UNCONN 0      0      rtnl:kernel             *
p_raw UNCONN 0      0      arp:eth0                *
udp   UNCONN 0      0      0.0.0.0:51820           0.0.0.0:*
udp   UNCONN 0      0      0.0.0.0:51820           0.0.0.0:*

"""
    assert collect("a", sockets=text)["listening"] == [
        {"protocol": 58, "address": "*", "process": 'tmux: \\"s\\"'},
        {"protocol": "udp", "port": 53, "address": "127.0.0.53", "interface": "lo", "process": "systemd-resolve"},
        {"protocol": "udp", "port": 546, "address": "fe80::1", "interface": "eth0"},
        {"protocol": "udp", "port": 546, "address": "fe80::2", "interface": "eth0"},
        {"protocol": "udp", "port": 51820, "address": "0.0.0.0"},
    ]


REFUSED = [
    ("address", "Usage: ip [ OPTIONS ]", 'the output of "ip -json address" is not JSON'),
    ("address", "[" * 100_000, "is not JSON"),
    ("address", "{}", "is not a list of mappings"),
    ("address", "[1]", "is not a list of mappings"),
    ("address", '[{"ifname": "a/b"}]', "an interface without a usable name"),
    ("address", '[{"ifname": "a", "flags": "UP"}]', '"flags" that is not a list'),
    ("address", '[{"ifname": "a", "addr_info": [1]}]', "an address that is not a mapping"),
    ("address", '[{"ifname": "a", "addr_info": [{"local": "1.2.3", "prefixlen": 8}]}]', "an address that is none"),
    ("address", '[{"ifname": "a", "addr_info": [{"local": "1.2.3.4", "prefixlen": true}]}]', "no usable prefix length"),
    ("address", '[{"ifname": "a", "addr_info": [{"local": "1.2.3.4", "prefixlen": 33}]}]', "no usable prefix length"),
    ("route", '[{"dst": "10.0.0.1/8"}]', 'the output of "ip -json route" has a destination that is no prefix'),
    ("route6", '[{"dst": 5}]', 'the output of "ip -json -6 route" has a destination that is no prefix'),
    ("route", '[{"dst": "default", "metric": -1}]', "a metric that is no number"),
    ("route", '[{"dst": "default", "protocol": "a b"}]', "a protocol or table that is no word"),
    ("route", '[{"dst": "default", "nexthops": [1]}]', "a next hop that is not a mapping"),
    ("forwarding", "hello", "no line like"),
    ("firewall", "hello", "no line like"),
    ("firewall", "", 'the output of "iptables -S" is empty, as if the command had failed'),
    ("address", "", 'the output of "ip -details -json address" is empty'),
    ("route", "\n", 'the output of "ip -json route" is empty'),
    ("sockets", "", 'the output of "ss -H -lntuwp" is empty'),
    ("sockets", "hello", 'line 1 of the output of "ss" is not a socket'),
    ("sockets", "udp UNCONN 0 0 192.0.2.1:domain 0.0.0.0:*", "a port that is no number"),
    ("sockets", "udp UNCONN 0 0 192.0.2.1:0 0.0.0.0:*", "a port outside 1 to 65535"),
    ("sockets", "udp UNCONN 0 0 192.0.2.1 0.0.0.0:*", "no local address and port"),
    ("sockets", "udp UNCONN 0 0 192.0.2.256:53 0.0.0.0:*", "an address that is none"),
]


@pytest.mark.parametrize(("source", "text", "sentence"), REFUSED)
def test_what_is_no_output_is_refused_in_a_sentence(source: str, text: str, sentence: str):
    with pytest.raises(ValueError, match=r"^[^\n]*$") as refused:
        collect("a", **{source: text})
    assert sentence in str(refused.value)


def test_output_without_protocols_is_refused_with_the_right_command(saved: Saved):
    with pytest.raises(ValueError, match=r'line 1 .* does not name the protocol: use "ss -H -lntuwp"'):
        collect("a", sockets=saved("ss-udp.txt"))


def test_a_name_that_no_node_has_is_refused():
    with pytest.raises(ValueError, match="no name of a node"):
        collect("My Router")


def check(facts: dict[str, Any]) -> None:
    assert list(SCHEMA.iter_errors(facts)) == []


@given(st.sampled_from(sorted(SOURCES)), st.text(max_size=200))
def test_garbage_is_refused_or_becomes_valid_facts(source: str, text: str):
    try:
        facts = collect("a", **{source: text})
    except ValueError:
        return
    check(facts)


KEYS = [
    "ifname", "addr_info", "local", "prefixlen", "flags", "linkinfo", "info_kind", "link_type", "master", "dst",
    "gateway", "via", "host", "dev", "nexthops", "metric", "protocol", "table", "type", "prefsrc", "address",
    "mtu",
]  # fmt: skip
LIKELY = ["a0", "192.0.2.1", "::1", "10.0.0.0/8", "default", "veth", "blackhole", "UP"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(LIKELY),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=12,
)


@given(st.sampled_from(["address", "route", "route6"]), st.lists(JSON, max_size=3))
def test_hostile_json_is_refused_or_becomes_valid_facts(source: str, value: list[Any]):
    likely = [{"ifname": "a0", "dst": "default", **item} if isinstance(item, dict) else item for item in value]
    for form in (value, likely):
        try:
            facts = collect("a", **{source: json.dumps(form)})
        except ValueError:
            continue
        check(facts)


@given(st.sampled_from(sorted(SOURCES)), st.data())
def test_damaged_outputs_are_refused_or_become_valid_facts(source: str, data: st.DataObject):
    text = (DATA / SOURCES[source]).read_text("utf-8")
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    damaged = text[:start] + data.draw(st.text(max_size=10)) + text[end:]
    try:
        facts = collect("a", **{source: damaged})
    except ValueError:
        return
    check(facts)


@pytest.mark.parametrize("prefix", ["", "a/b", "a" * 16])
def test_a_prefix_that_no_interface_has_is_refused(prefix: str):
    with pytest.raises(ValueError, match="no name of an interface begins with"):
        collect("router", workload_prefixes=("cali", prefix))
