from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.facts import Firewall, Forwarding, Policy
from callint.facts.reader import read
from callint.finding import Span

ROUTER = """\
version: 1
node: router
roles: [control-plane, router]
interfaces:
  - {name: wan0, addresses: [192.0.2.2/24], forwarding: true}
  - {name: wg0, addresses: [198.51.100.2/25, "2001:db8::2/64"], kind: wireguard, mtu: 1420, forwarding: {ipv4: true}}
  - name: lan0
routes:
  - {to: default, via: 192.0.2.1, interface: wan0}
  - {to: default, via: "2001:db8::1"}
  - {to: 203.0.113.7, type: blackhole, protocol: "80", metric: 5, table: "100"}
listening:
  - {protocol: udp, port: 53, address: 203.0.113.1, process: dnsmasq}
  - {protocol: tcp, port: 6443}
  - {protocol: tcp, port: 22, address: "::"}
  - {protocol: 112, interface: lan0}
services:
  lan0: [dns, {name: api-server, port: 8443}, {name: metrics, protocol: tcp, port: 9100}]
firewall: {forward: drop}
workload-prefixes: [cali, eni]
"""


def under(text: str, span: Span) -> str:
    """The text that a span on one line underlines."""
    assert span.line == span.end_line
    return text.splitlines()[span.line - 1][span.column - 1 : span.end_column - 1]


def test_a_router_is_read_in_full(documents: Any):
    (router,), problems = read(documents(ROUTER))
    assert problems == ()
    assert (router.node, router.roles, router.workload_prefixes) == (
        "router",
        ("control-plane", "router"),
        ("cali", "eni"),
    )
    wan0, wg0, lan0 = router.interfaces
    assert [(a.text, a.version, a.value, a.length) for a in wg0.addresses] == [
        ("198.51.100.2/25", 4, 0xC6336402, 25),
        ("2001:db8::2/64", 6, 0x20010DB8 << 96 | 2, 64),
    ]
    assert wan0.forwarding[:2] == (True, True)
    assert wg0.forwarding[:2] == (True, None)
    assert (wg0.kind, wg0.mtu, lan0.mtu) == ("wireguard", 1420, None)
    assert (lan0.addresses, lan0.forwarding, lan0.up, lan0.kind) == (None, Forwarding(), None, None)
    default, default6, host = router.routes
    assert (default.destination.text, default.gateway.text, default.interface) == ("0.0.0.0/0", "192.0.2.1", "wan0")
    assert (default6.destination.text, default6.destination.version) == ("::/0", 6)
    assert (host.destination.text, host.type, host.protocol, host.metric, host.table) == (
        "203.0.113.7/32",
        "blackhole",
        "80",
        5,
        "100",
    )
    dns, api, ssh, vrrp = router.listeners
    assert (dns.protocol, dns.port, dns.address.text, dns.versions, dns.process) == (
        "udp",
        53,
        "203.0.113.1",
        (4,),
        "dnsmasq",
    )
    assert (api.address, api.versions) == (None, (4, 6))
    assert (ssh.address, ssh.versions) == (None, (6,))
    assert (vrrp.protocol, vrrp.port, vrrp.interface) == (112, None, "lan0")
    assert [service[:2] + service[3:] for service in router.services] == [
        ("dns", "lan0", None, None),
        ("api-server", "lan0", None, 8443),
        ("metrics", "lan0", "tcp", 9100),
    ]
    assert router.firewall == Firewall(forward=Policy("drop", Span("facts.yaml", 19, 21, 19, 25)))


def test_every_fact_knows_its_place(documents: Any):
    (router,), _ = read(documents(ROUTER))
    wan0, wg0, lan0 = router.interfaces
    places = {
        "router": router.span,
        "wan0": wan0.span,
        '"2001:db8::2/64"': wg0.addresses[1].span,
        "lan0": lan0.span,
        "forwarding": wg0.forwarding.span,
        "default": router.routes[0].span,
        "192.0.2.1": router.routes[0].gateway.span,
        "53": router.listeners[0].span,
        "203.0.113.1": router.listeners[0].address.span,
        "112": router.listeners[3].span,
        "dns": router.services[0].span,
        "metrics": router.services[2].span,
        "drop": router.firewall.forward.span,
    }
    assert {under(ROUTER, span): span for span in places.values()} == places
    assert wg0.forwarding.span.line == 6


def test_what_is_left_out_is_unknown(documents: Any):
    (node,), problems = read(documents("version: 1\nnode: a\n"))
    assert problems == ()
    assert node[2:] == (None, None, None, None, None, Firewall(), Forwarding(), None, (), frozenset())


def test_forwarding_of_the_node_holds_where_an_interface_says_nothing(documents: Any):
    text = """\
version: 1
node: a
forwarding: {ipv4: true, ipv6: false}
interfaces: [{name: a0}, {name: b0, forwarding: {ipv4: false}}, {name: c0, forwarding: true}]
"""
    (node,), _ = read(documents(text))
    assert [interface.forwarding[:2] for interface in node.interfaces] == [(True, False), (False, False), (True, True)]
    assert [interface.forwarding.span.line for interface in node.interfaces] == [3, 4, 4]


PROBLEMS = [
    # lines after "node: a", what is underlined, a part of the message
    ("interfces: []", "interfces", 'unknown key "interfces"; did you mean "interfaces"?'),
    ("zzz: 1", "zzz", 'facts of a node: unknown key "zzz"'),
    ("interfaces: [{name: a0, forwardng: true}]", "forwardng", 'did you mean "forwarding"?'),
    ("interfaces: [{name: a0, addresses: [192.0.2.1]}]", "192.0.2.1", "an address with its prefix length"),
    ("interfaces: [{name: a0, addresses: [192.0.2.1/33]}]", "192.0.2.1/33", '"192.0.2.1/33" is not an address'),
    ("interfaces: [{name: a0, addresses: [192.0.2.01/3]}]", "192.0.2.01/3", "is not an address"),
    ("interfaces: [{name: a0, addresses: 192.0.2.1/24}]", "192.0.2.1/24", "expected a list of addresses"),
    ("interfaces: [{addresses: []}]", "addresses", 'an interface without "name"'),
    ("interfaces: [{name: much-too-long-a-name}]", "much-too-long-a-name", "1 to 15 characters"),
    ("interfaces: [{name: 5}]", "5", '"name" is 5, expected the name of an interface'),
    ("interfaces: [{name: a0, up: 1}]", "1", '"up" is 1, expected true or false'),
    ("interfaces: [{name: a0, forwarding: 1}]", "1", "a mapping with ipv4 and ipv6"),
    ("interfaces: [{name: a0, forwarding: {ipv5: true}}]", "ipv5", 'forwarding: unknown key "ipv5"'),
    ("interfaces: [a0]", "a0", 'an item of "interfaces" is "a0", expected a mapping with a name'),
    ("interfaces: {a0: {}}", "a0", '"interfaces" is a mapping, expected a list of interfaces'),
    ("interfaces:", "interfaces", '"interfaces" is empty, expected a list of interfaces'),
    ("interfaces: [{name: a0}, {name: a0, up: true}]", "a0", 'the interface "a0" is listed twice'),
    ("routes: [{via: 192.0.2.1}]", "via", 'a route without "to"'),
    ("routes: [{to: 192.0.2.1/24}]", "192.0.2.1/24", 'expected "192.0.2.0/24"'),
    ("routes: [{to: defualt}]", "defualt", "a prefix like 10.0.0.0/24, or default"),
    ("routes: [{to: default, via: 192.0.2.1/24}]", "192.0.2.1/24", "an address without prefix length"),
    ("routes: [{to: default, type: blackhoel}]", "blackhoel", 'did you mean "blackhole"?'),
    ("routes: [{to: default, protocol: 80}]", "80", "write it in quotes"),
    ("routes: [{to: default, metric: -1}]", "-1", "a metric from 0 to 4294967295"),
    ("listening: [{protocol: udp}]", "protocol", 'a listening socket without "port"'),
    ("listening: [{port: 5}]", "port", 'a listening socket without "protocol"'),
    ("listening: [{protocol: 112, port: 5}]", "port", 'a raw socket has no "port"'),
    ("listening: [{protocol: udp, port: 70000}]", "70000", "a port number from 1 to 65535"),
    ("listening: [{protocol: udp, port: '53'}]", "'53'", '"port" is "53", expected a port number'),
    ("listening: [{protocol: upd, port: 53}]", "upd", 'did you mean "udp"?'),
    ("listening: [{protocol: 256}]", "256", "0 to 255"),
    ("listening: [{protocol: '112'}]", "'112'", '"protocol" is "112", expected tcp, udp, sctp or the number'),
    ("listening: [{protocol: true, port: 5}]", "true", '"protocol" is true, expected tcp'),
    ("listening: [{protocol: udp, port: 53, address: fe80::1%a0}]", "fe80::1%a0", "expected an address"),
    ("listening: [{protocol: udp, port: 53, address: 1.2.3}]", "1.2.3", '"1.2.3" is not an address'),
    ("services: {a0: [dsn]}", "dsn", 'did you mean "dns"?'),
    ("services: {a0: [{name: metrics, port: 1}]}", "name", 'a service by a name of its own without "protocol"'),
    ("services: {a0: dns}", "dns", '"a0" is "dns", expected a list of services'),
    ("services: {lna0: [dns]}\ninterfaces: [{name: lan0}]", "lna0", 'did you mean "lan0"?'),
    ("firewall: {forward: dorp}", "dorp", '"forward" is "dorp", expected accept or drop; did you mean "drop"?'),
    ("firewall: {forwards: drop}", "forwards", 'the firewall: unknown key "forwards"; did you mean "forward"?'),
    ("roles: [gateway]", "gateway", 'an item of "roles" is "gateway", expected control-plane'),
    ("workload-prefixes: cali", "cali", "a list of the first letters"),
]


@pytest.mark.parametrize(("lines", "place", "message"), PROBLEMS, ids=[case[0][:50] for case in PROBLEMS])
def test_a_problem_is_told_once_at_its_own_place(documents: Any, lines: str, place: str, message: str):
    text = f"version: 1\nnode: a\nnotes: [kept]\n{lines}\n"
    (node,), (problem,) = read(documents(text))
    if lines == "interfaces:":
        assert problem.span.line == 4
    else:
        assert under(text, problem.span) == place
    assert problem.kind == "facts-invalid"
    assert message in problem.message
    assert node.notes == ("kept",)


def test_the_second_interface_of_a_name_points_to_the_first(documents: Any):
    text = "version: 1\nnode: a\ninterfaces:\n- name: a0\n- name: a0\n"
    _, (problem,) = read(documents(text))
    assert (problem.span.line, problem.related[0].span.line) == (5, 4)
    assert problem.path == ("interfaces", 1, "name")


def test_a_broken_value_mutes_only_itself(documents: Any):
    text = """\
version: 1
node: a
interfaces:
  - {name: a0, addresses: [192.0.2.1/24, nonsense, 192.0.2.2/24], up: maybe, forwarding: true}
  - {name: 7}
  - {name: b0}
routes:
  - {to: default, via: nonsense}
  - {to: 192.0.2.0/24, metric: 5}
listening:
  - {protocol: tcp, port: 0}
  - {protocol: tcp, port: 1, colour: red}
services:
  a0: [nonsense, dns]
"""
    (node,), problems = read(documents(text))
    a0, b0 = node.interfaces
    assert [address.text for address in a0.addresses] == ["192.0.2.1/24", "192.0.2.2/24"]
    assert (a0.up, a0.forwarding.of(4), b0.name) == (None, True, "b0")
    assert [route.destination.text for route in node.routes] == ["192.0.2.0/24"]
    assert [listener.port for listener in node.listeners] == [1]
    assert [service.name for service in node.services] == ["dns"]
    assert [problem.span.line for problem in problems] == [4, 4, 5, 8, 11, 12, 14]
    assert node.gaps == {"interfaces", "routes", "listening", "services"}
    assert not node.knows("listeners")


@pytest.mark.parametrize("form", ["version: 2\nnode: a\n", 'version: "1"\nnode: a\n'])
def test_another_version_is_not_read(documents: Any, form: str):
    nodes, (problem,) = read(documents(form))
    assert nodes == ()
    assert problem.span.line == 1
    assert "expected the version of this form, 1" in problem.message


def test_a_missing_version_is_told_and_the_rest_used(documents: Any):
    (node,), (problem,) = read(documents("node: a\n"))
    assert node.node == "a"
    assert 'facts of a node without "version"' in problem.message


@pytest.mark.parametrize("node", ["", "node: 5\n", "node: Router\n", "node: [a]\n"])
def test_facts_of_nobody_are_a_problem(documents: Any, node: str):
    nodes, problems = read(documents(f"version: 1\n{node}"))
    assert nodes == ()
    assert len(problems) == 1


@pytest.mark.parametrize("text", ["[]", "hello", "5", "[version, node]"])
def test_a_document_that_is_no_mapping_is_a_problem(documents: Any, text: str):
    nodes, (problem,) = read(documents(text))
    assert nodes == ()
    assert "the document is" in problem.message


def test_a_kubernetes_object_is_told_from_facts(documents: Any):
    text = "apiVersion: v1\nkind: Node\nmetadata: {name: a}\n"
    nodes, (problem,) = read(documents(text))
    assert nodes == ()
    assert under(text, problem.span) == "Node"
    assert 'a Kubernetes object of kind "Node"' in problem.message


def test_several_documents_and_a_duplicate(documents: Any):
    text = "version: 1\nnode: a\n---\n---\nversion: 1\nnode: b\n---\nversion: 1\nnode: a\nroles: []\n"
    nodes, (problem,) = read(documents(text))
    assert [node.node for node in nodes] == ["a", "b"]
    assert nodes[0].roles is None
    assert problem.kind == "facts-duplicate"
    assert (problem.span.line, problem.related[0].span.line) == (9, 2)


def test_a_document_that_was_read_in_part_has_gaps(documents: Any):
    (document,) = documents("version: 1\nnode: a\ninterfaces: [{name: a0}]\n")
    document.complete = False
    (node,), _ = read([document])
    assert node.interface("a0") is not None
    assert not node.knows("interfaces")


def test_a_flood_of_problems_is_counted(documents: Any):
    text = "version: 1\nnode: a\nroles:\n" + "- zzz\n" * 250
    _, problems = read(documents(text))
    assert [problem.span.line for problem in problems] == list(range(4, 105))
    assert problems[-1].message == "150 more problems with these facts begin here"


def test_a_flood_of_problems_is_counted_over_the_documents_of_a_file(documents: Any):
    text = "".join(f"---\nversion: 1\nnode: a\nkin{n}: 1\n" for n in range(80))
    nodes, problems = read(documents(text))
    assert [node.node for node in nodes] == ["a"]
    lines = [4] + [line for n in range(1, 80) for line in (4 * n + 4, 4 * n + 3)]
    assert [problem.span.line for problem in problems] == lines[:101]
    assert problems[-1].message == "59 more problems with these facts begin here"


def test_no_near_name_is_sought_among_thousands(documents: Any):
    for count, near in ((500, '; did you mean "eth1"?'), (501, "")):
        interfaces = "".join(f"- {{name: eth{n}}}\n" for n in range(count))
        _, (problem,) = read(documents(f"version: 1\nnode: a\ninterfaces:\n{interfaces}services: {{eth-1: [ssh]}}\n"))
        assert problem.message == f'services at "eth-1", which is none of the interfaces listed{near}'


class Flat:
    """A document without places."""

    file = "facts.yaml"
    complete = True

    def __init__(self, value: Any) -> None:
        self.value = value

    def span(self, path: tuple[str | int, ...] = (), key: bool = False) -> Span:
        return Span("facts.yaml", 1, 1, 1, 1)


SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "facts.json").read_text("utf-8"))
WORDS = sorted({key for part in (SCHEMA, *SCHEMA["$defs"].values()) for key in part.get("properties", ())})
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["default", "dns", "tcp", "lan0", "192.0.2.1", "192.0.2.0/24", "::1/128", "*", "drop", "/", "::/200"]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=5), inner),
    max_leaves=20,
)


@given(VALUES, st.dictionaries(st.sampled_from(WORDS), VALUES))
def test_any_value_is_answered_with_problems_not_exceptions(value: Any, facts: dict[str, Any]):
    read([Flat(value), Flat({"version": 1, "node": "a", **facts})])


def leaves(schema: Any) -> list[dict[str, Any]]:
    found = []
    if isinstance(schema, dict):
        if schema.keys() & {"type", "enum", "const", "pattern"} and not isinstance(schema.get("type"), dict):
            found.append(schema)
        for key, inner in schema.items():
            if key not in ("if", "required", "enum"):
                found += leaves(inner)
    return found


def test_the_schema_has_the_words_that_messages_are_made_of():
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(SCHEMA)
    found = leaves({key: part for key, part in SCHEMA.items() if key != "properties"})
    found += [leaf for part in SCHEMA["properties"].values() for leaf in leaves(part)]
    assert len(found) > 25
    assert [leaf for leaf in found if "description" not in leaf] == []
    assert [
        leaf
        for leaf in found
        if ("required" in leaf or leaf.get("additionalProperties") is False) and "title" not in leaf
    ] == []
