"""What holds of validation whatever the object: roads in the messages, gaps, half-read documents, hostile texts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.calico import Release, Road, Target
from callint.objects import Resource
from callint.schema.catalogue import read
from callint.schema.history import resolve
from callint.source import parse
from callint.validate import MODULES, validate

RULE = "spec: {types: [Ingress], ingress: [{action: Allow, protocol: TCP, source: {nets: [%s], ports: [%s]}}]}"
POLICY = "apiVersion: %s\nkind: GlobalNetworkPolicy\nmetadata: {name: x}\n"
V3, RAW = "projectcalico.org/v3", "crd.projectcalico.org/v1"
RELEASES = st.sampled_from(["v3.20", "v3.26", "v3.29", "v3.31", "v3.32", "v3.33"])
ROADS = st.sampled_from(["calicoctl", "native"])
APIS = st.sampled_from([V3, RAW])


def only(judged) -> str:
    (problem,) = judged.problems
    return problem.message


FELIX = f"apiVersion: {V3}\nkind: FelixConfiguration\nmetadata: {{name: default}}\n"


def test_a_failsafe_port_without_protocol_is_told_in_whole_words(judge) -> None:
    message = only(judge(FELIX + "spec: {failsafeInboundHostPorts: [{port: 22}]}"))
    assert message.endswith('needs its "protocol", "TCP" or "UDP"; Felix does not start without it')


@pytest.mark.parametrize(
    ("api", "kind", "rest"),
    [
        (V3, "BGPPeer", "metadata: {name: x}\nspec: {peerIP: 10.0.0.1, asNumber: $AS}"),
        (V3, "Node", "metadata: {name: x}\nspec: {bgp: {ipv4Address: 10.0.0.1/24, asNumber: '${AS}'}}"),
        (V3, "BGPConfiguration", "metadata: {name: '${NODE}'}\nspec: {asNumber: 64512}"),
        (V3, "FelixConfiguration", "metadata: {name: '${NODE}'}\nspec: {ipv6Support: true}"),
        (
            V3,
            "BGPConfiguration",
            "metadata: {name: default}\nspec: {communities: [{name: '$NAME', value: '64512:1'}], "
            "prefixAdvertisements: [{cidr: 10.1.0.0/16, communities: [pods]}]}",
        ),
        (
            "networking.k8s.io/v1",
            "NetworkPolicy",
            "metadata: {name: x}\nspec: {podSelector: {}, ingress: [{ports: [{port: '${PORT}'}]}]}",
        ),
        (
            "networking.k8s.io/v1",
            "NetworkPolicy",
            "metadata: {name: x}\nspec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: '${OFFICE}'}}]}]}",
        ),
        (
            "operator.tigera.io/v1",
            "Installation",
            "metadata: {name: default}\nspec: {calicoNetwork: {ipPools: [{cidr: '${PODS}'}]}}",
        ),
    ],
)
@pytest.mark.parametrize("road", ["calicoctl", "native"])
def test_what_a_later_step_fills_in_is_said_to_be_that_alone(api: str, kind: str, rest: str, road: str, judge) -> None:
    judged = judge(f"apiVersion: {api}\nkind: {kind}\n{rest}", road=road)
    assert [problem.kind for problem in judged.problems] == ["variable-left"]


@pytest.mark.parametrize(
    ("kind", "rest"),
    [
        ("Node", "metadata: {name: x, annotations: {projectcalico.org/IPv4Address: '${ADDRESS}'}}"),
        ("Pod", "metadata: {name: x}\nspec: {containers: [{name: x, args: [--address=$(POD_IP)]}]}"),
    ],
)
def test_variables_of_objects_that_others_judge_are_theirs(kind: str, rest: str, judge) -> None:
    assert judge(f"apiVersion: v1\nkind: {kind}\n{rest}").problems == []


@pytest.mark.parametrize(
    ("cidr", "kind"),
    [("10.244.0.0", "missing-prefix-length"), ("10.244.0/16", "bad-address"), ("10.244.0.0/16", None), ("''", None)],
)
def test_networks_of_an_installation(cidr: str, kind: str | None, judge) -> None:
    head = "apiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\n"
    judged = judge(head + f"spec: {{calicoNetwork: {{ipPools: [{{cidr: {cidr}, blockSize: 26}}]}}}}")
    assert [problem.kind for problem in judged.problems] == [kind] * bool(kind)


@pytest.mark.parametrize(
    ("cidr", "meant"),
    [
        ("10.244.0.0", 'a network such as "10.244.0.0/16", or "10.244.0.0/32" for this one address, was expected'),
        ("10.0.0.0", 'a network such as "10.0.0.0/8", or "10.0.0.0/32" for this one address, was expected'),
        ("fd00:10:244::", 'a network such as "fd00:10:244::/64", or "fd00:10:244::/128" for this one address, was'),
        ("10.0.0.1", '"10.0.0.1/32" was expected'),
        ("fd00::1:0:0:0", '"fd00::1:0:0:0/128" was expected'),
    ],
)
def test_a_network_is_meant_by_its_first_address(cidr: str, meant: str, judge) -> None:
    (problem,) = judge(f"apiVersion: {V3}\nkind: IPPool\nmetadata: {{name: x}}\nspec: {{cidr: '{cidr}'}}").problems
    assert problem.kind == "missing-prefix-length"
    assert f'"{cidr}" has no prefix length; {meant}' in problem.message


@pytest.mark.parametrize(
    "spec", ["5", "{calicoNetwork: 5}", "{calicoNetwork: {ipPools: 5}}", "{calicoNetwork: {ipPools: [5]}}"]
)
def test_an_installation_of_which_a_part_is_something_else(spec: str, judge) -> None:
    head = "apiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\n"
    assert [problem.kind for problem in judge(f"{head}spec: {spec}").problems] == ["wrong-type"]


@pytest.mark.parametrize(("rules", "types"), [("", "Egress"), ("ingress: [{action: Allow}], ", "Ingress, Egress")])
def test_types_to_write_keep_the_rules_that_there_are(rules: str, types: str, judge) -> None:
    (problem,) = judge(POLICY % V3 + f"spec: {{{rules}egress: []}}").problems
    assert (problem.kind, problem.help) == ("misleading-default", f'write "types: [{types}]"')


@pytest.mark.parametrize(
    ("api", "release", "road", "words"),
    [
        (V3, "v3.32", "calicoctl", "calicoctl and the API server refuse it"),
        (V3, "v3.32", "native", "kubectl stores it, and Felix then treats the whole policy as missing"),
        (RAW, "v3.30", "calicoctl", "kubectl stores it, and Felix then treats the whole policy as missing"),
    ],
)
def test_the_message_names_the_road_where_roads_differ(api: str, release: str, road: str, words: str, judge) -> None:
    message = only(judge(POLICY % api + "spec: {selector: a = 'b', types: [Ingress]}", release, road))
    assert message.endswith(words)


@pytest.mark.parametrize(
    ("selector", "words"),
    [
        ("matchLabels: {a b: c}", '"a b" is no label'),
        ("matchLabels: {'': c}", '"" is no label'),
        ("matchExpressions: [{key: a/, operator: Exists}]", '"a/" is no label'),
        ("matchExpressions: [{key: a, operator: In, values: ['it''s a \"b\"']}]", "stands where"),
        ("matchExpressions: [{operator: Exists}]", '"" is no label'),
        ("matchExpressions: [{operator: NotIn, values: [a]}]", '"" is no label'),
        (f"matchExpressions: [{{key: a, operator: In, values: [{'b' * 100_000}]}}]", "longer than"),
    ],
)
@pytest.mark.parametrize("place", [("podSelector",), ("ingress", 0, "from", 0, "namespaceSelector")])
def test_a_label_selector_of_which_calico_makes_none_is_a_gap(
    selector: str, words: str, place: tuple[str | int, ...], judge
) -> None:
    spec = f"{{podSelector: {{{selector}}}}}"
    if len(place) > 1:
        spec = f"{{podSelector: {{}}, ingress: [{{from: [{{namespaceSelector: {{{selector}}}}}]}}]}}"
    judged = judge(f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: x}}\nspec: {spec}")
    assert list(judged.validated[0].gaps) == [("spec", *place)]
    assert words in only(judged)


@pytest.mark.parametrize("road", ["calicoctl", "native"])
@pytest.mark.parametrize("release", ["v3.31", "v3.32"])
def test_an_interface_name_that_is_too_long_is_a_gap_whoever_tells_of_it(release: str, road: str, judge) -> None:
    text = f"apiVersion: {V3}\nkind: HostEndpoint\nmetadata: {{name: x}}\nspec: {{node: a, interfaceName: {'a' * 16}}}"
    assert list(judge(text, release, road).validated[0].gaps) == [("spec", "interfaceName")]


def test_what_all_roads_refuse_names_none(judge) -> None:
    message = only(judge(POLICY % V3 + "spec: {doNotTrack: true, types: [Ingress]}"))
    assert message == '"doNotTrack" needs "applyOnForward: true" beside it'


@pytest.mark.parametrize(
    ("spec", "gaps"),
    [
        (RULE % ("10.0.0", "80"), [("spec", "ingress", 0, "source", "nets", 0)]),
        (RULE % ("10.0.0.0/8", "80-90"), [("spec", "ingress", 0, "source", "ports", 0)]),
        ("spec: {selector: a = b, types: [Ingress]}", [("spec", "selector")]),
        ("spec: {doNotTrack: true, types: [Ingress]}", []),
        ("spec: {types: [Ingress], egress: [{action: Allow}]}", []),
    ],
)
def test_values_that_cannot_be_read_are_gaps(spec: str, gaps: list[object], judge) -> None:
    assert list(judge(POLICY % V3 + spec).validated[0].gaps) == gaps


@pytest.mark.parametrize(
    "text",
    [
        "kind: BGPPeer\nmetadata: {name: x}\nspec: {peerIP: 10.0.0.1, asNumber: [1]}",
        "kind: BGPPeer\nmetadata: {name: x}\nspec: {peerIP: {a: b}, asNumber: 1}",
        "kind: HostEndpoint\nmetadata: {name: x}\nspec: {node: a, interfaceName: {a: b}}",
        "kind: BGPFilter\nmetadata: {name: x}\n"
        "spec: {exportV4: [{action: Accept, cidr: 10.0.0.0/8, matchOperator: [In]}]}",
        "kind: GlobalNetworkPolicy\nmetadata: {name: x}\nspec: {doNotTrack: true, applyOnForward: maybe}",
        "kind: GlobalNetworkPolicy\nmetadata: {name: x}\n"
        "spec: {types: [Ingress], ingress: [{action: Allow, protocol: [TCP], source: {ports: [1]}}]}",
        "kind: IPPool\nmetadata: {name: x}\nspec: {CIDR: 10.0.0.0/16}",
        "kind: FelixConfiguration\nmetadata: {name: x}\nspec: {nodeselector: all()}",
        "kind: GlobalNetworkPolicy\nmetadata: {name: [x]}\nspec: {typs: [Ingress], egress: []}",
        "kind: HostEndpoint\nmetadata: {name: <name>}\nspec: {node: <node>, expectedIPs: [<ip>]}",
    ],
)
def test_what_the_schema_stage_muted_is_not_missed(text: str, judge) -> None:
    """A field that is there and unreadable is no reason to call another one wrong."""
    judged = judge(f"apiVersion: {V3}\n{text}")
    assert judged.problems
    assert judged.validated[0].problems == ()


def test_a_half_read_document_lacks_nothing(judge) -> None:
    text = f"apiVersion: {V3}\nkind: BGPPeer\nmetadata: {{name: x}}\nspec:\n  peerIP: 10.0.0.1/24\n  node: 'a\n"
    judged = judge(text)
    assert [problem.kind for problem in judged.validated[0].problems] == ["bad-address"]


@pytest.mark.parametrize(
    ("spec", "kinds"),
    [
        ("podSelector: {matchExpressions: [{key: a, operator: In, values: [", []),
        ("podSelector: {matchExpressions: [{key: a, operator", []),
        ("podSelector: {matchExpressions: [{operator: Exists, key", []),
        ("podSelector: {}\n  ingress: [{from: [{", []),
        ("podSelector: {}\n  ingress: [{ports: [{endPort: 80", []),
        ("podSelector: {matchExpressions: [{key: a/, operator: Equals", ["value-not-allowed", "bad-label"]),
        ("podSelector: {}\n  ingress: [{ports: [{port: 80, endPort: 70", ["reversed-range"]),
    ],
)
def test_no_more_does_a_policy_of_kubernetes(spec: str, kinds: list[str], judge) -> None:
    text = f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: x}}\nspec:\n  {spec}\n"
    assert [problem.kind for problem in judge(text).validated[0].problems] == kinds


def test_objects_inside_lists_are_shown_where_they_stand(judge) -> None:
    pool = f"{{apiVersion: {V3}, kind: IPPool, metadata: {{name: x}}, spec: {{cidr: 10.0.0.1/8}}}}"
    text = f"apiVersion: v1\nkind: List\nitems:\n- {pool}\n"
    (problem,) = judge(text).problems
    assert problem.path == ("items", 0, "spec", "cidr")
    assert (problem.span.line, text.splitlines()[3][problem.span.column - 1 :][:10]) == (4, "10.0.0.1/8")


def test_other_groups_are_no_affair_of_ours(judge) -> None:
    text = "apiVersion: v1\nkind: Service\nmetadata: {name: A_b}\nspec: {ports: [{port: 80}]}"
    assert judge(text).validated == [((), ())]
    text = """\
apiVersion: crd.antrea.io/v1beta1
kind: NetworkPolicy
metadata: {name: x, namespace: a}
spec: {egress: [{action: Allow, to: [{fqdn: example.com}, {group: db}], ports: [{protocol: ICMP, endPort: 9}]}]}
"""
    assert judge(text).problems == []


texts = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="abAB01 .:/-=!&|(){}'\"\n\t,$<*", max_size=40),
    st.sampled_from(["global()", "has(", "10.0.0.0/", "::", "1:", "0x10", "1e3", "é", "\ud7ff", "\u0661"]),
)
SPECS = st.one_of(
    st.fixed_dictionaries({"selector": texts, "namespaceSelector": texts, "serviceAccountSelector": texts}),
    st.fixed_dictionaries(
        {
            "ingress": st.lists(
                st.fixed_dictionaries(
                    {"action": st.just("Allow")},
                    optional={
                        "protocol": texts | st.integers(),
                        "icmp": st.dictionaries(st.sampled_from(["type", "code"]), st.integers(-1, 300)),
                        "ipVersion": st.integers(3, 7) | st.just([4]),
                        "source": st.dictionaries(
                            st.sampled_from(["nets", "notNets", "ports", "notPorts"]),
                            st.lists(
                                texts | st.integers(-5, 70000) | st.floats(allow_nan=False, allow_infinity=False),
                                max_size=3,
                            ),
                        ),
                        "destination": st.dictionaries(
                            st.sampled_from(["selector", "namespaceSelector", "services"]),
                            texts | st.fixed_dictionaries({"name": texts}),
                        ),
                    },
                ),
                max_size=3,
            )
        }
    ),
)


@given(SPECS, RELEASES, ROADS, APIS)
def test_any_text_in_a_policy(judge, spec: dict[str, object], release: str, road: str, api: str) -> None:
    value = {"apiVersion": api, "kind": "GlobalNetworkPolicy", "metadata": {"name": "x"}, "spec": spec}
    text = json.dumps(value)
    for problem in judge(text, release, road).validated[0].problems:
        assert problem.message.isprintable()
        assert len(problem.message) < 1000
        assert problem.span.line == problem.span.end_line == 1
        assert 1 <= problem.span.column < problem.span.end_column <= len(text) + 1


address = st.integers(0, 2**32 - 1).map(lambda n: ".".join(str(n >> shift & 255) for shift in (24, 16, 8, 0)))
network = st.tuples(st.integers(0, 32), st.integers(0, 2**32 - 1)).map(
    lambda pair: (
        ".".join(str((pair[1] >> (32 - pair[0]) << (32 - pair[0])) >> s & 255) for s in (24, 16, 8, 0)) + f"/{pair[0]}"
    )
)
port = st.one_of(
    st.integers(1, 65535),
    st.tuples(st.integers(1, 65535), st.integers(1, 65535)).map(lambda pair: f"{min(pair)}:{max(pair)}"),
    st.from_regex(r"[a-z]{1,7}(-[a-z0-9]{1,7})?", fullmatch=True),
)
literal = st.from_regex(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,8}[A-Za-z0-9])?", fullmatch=True).map(lambda text: f'"{text}"')
key = st.from_regex(r"[a-z]{1,8}(/[a-z.-]{1,5}[a-z])?", fullmatch=True)
atom = st.one_of(
    key.map(lambda name: f"has({name})"),
    st.just("all()"),
    st.tuples(key, st.sampled_from(["==", "!=", "contains", "starts with", "ends with"]), literal).map(" ".join),
    st.tuples(key, st.sampled_from(["in", "not in"]), st.lists(literal, max_size=3)).map(
        lambda three: f"{three[0]} {three[1]} {{{', '.join(three[2])}}}"
    ),
)
selector = st.recursive(
    atom,
    lambda inner: st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda p: f"({' '.join(p)})"),
    max_leaves=4,
)
side = st.fixed_dictionaries(
    {},
    optional={
        "nets": st.lists(network, max_size=3, unique=True),
        "selector": selector,
        "namespaceSelector": selector,
        "ports": st.lists(port, max_size=3),
    },
)
good_rule = st.fixed_dictionaries(
    {
        "action": st.sampled_from(["Allow", "Deny", "Pass", "Log"]),
        "protocol": st.sampled_from(["TCP", "UDP", "SCTP", 6]),
    },
    optional={"source": side, "destination": side, "ipVersion": st.just(4)},
)
good_policy = st.fixed_dictionaries(
    {"types": st.just(["Ingress", "Egress"]), "selector": selector},
    optional={
        "ingress": st.lists(good_rule, max_size=3),
        "egress": st.lists(good_rule, max_size=3),
        "order": st.floats(0, 1e6),
    },
)


@given(SPECS | good_policy, RELEASES, st.sampled_from(["calicoctl", "native", "crd"]))
def test_a_policy_that_is_found_right_is_admitted(
    refused_unsaid, spec: dict[str, object], release: str, road: str
) -> None:
    """Native CRDs came with v3.32."""
    release = "v3.32" if road == "native" else release
    assert refused_unsaid("GlobalNetworkPolicy", f"spec: {json.dumps(spec)}", "", release, road) == []


good_filter = st.fixed_dictionaries(
    {
        "exportV4": st.lists(
            st.one_of(
                st.fixed_dictionaries({"action": st.sampled_from(["Accept", "Reject"])}),
                st.fixed_dictionaries(
                    {
                        "action": st.just("Accept"),
                        "matchOperator": st.sampled_from(["In", "NotIn", "Equal", "NotEqual"]),
                        "cidr": network,
                    }
                ),
            ),
            max_size=4,
        )
    }
)
GOOD = st.one_of(
    st.tuples(st.just("GlobalNetworkPolicy"), good_policy),
    st.tuples(st.just("BGPFilter"), good_filter),
    st.tuples(
        st.just("GlobalNetworkSet"),
        st.fixed_dictionaries({"nets": st.lists(network | address, max_size=4, unique=True)}),
    ),
    st.tuples(
        st.just("HostEndpoint"),
        st.fixed_dictionaries(
            {"node": st.just("a"), "expectedIPs": st.lists(address, min_size=1, max_size=3, unique=True)}
        ),
    ),
)


@given(GOOD, st.sampled_from(["v3.29", "v3.31", "v3.32", "v3.33"]), ROADS, APIS)
def test_generated_good_objects_are_accepted(
    judge, good: tuple[str, object], release: str, road: str, api: str
) -> None:
    kind, spec = good
    text = json.dumps({"apiVersion": api, "kind": kind, "metadata": {"name": "x"}, "spec": spec})
    assert judge(text, release, road).problems == []


@given(
    st.text(alphabet="abAB01 ./:=!&|(){}'\"\n\t,*", max_size=40).filter(
        lambda text: "'" not in text and "\n" not in text
    )
)
def test_a_selector_s_word_is_marked_inside_the_scalar(judge, text: str) -> None:
    head = (
        f"apiVersion: {V3}\nkind: GlobalNetworkPolicy\nmetadata: {{name: x}}\nspec:\n  types: [Ingress]\n  selector: "
    )
    for problem in judge(f"{head}'{text}'\n").problems:
        assert problem.span.line == 6
        assert 14 <= problem.span.column < problem.span.end_column <= 14 + len(text)


def test_a_long_value_does_not_fill_the_message(judge) -> None:
    message = only(judge(POLICY % V3 + RULE % ("a" * 100_000, "80")))
    assert len(message) < 500
    assert message.endswith("calicoctl and the API server refuse it")


KINDS = sorted(kind for kinds in MODULES.values() for kind in kinds)
plain = st.text(alphabet="ab0.:/*-", max_size=8) | st.sampled_from(["Allow", "TCP", "10.0.0.0/8", "all()", "global()"])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(plain, inner, max_size=3),
    max_leaves=6,
)


def of_shape(node: Any, root: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that have the fields of a schema, and now and then something else in their place."""
    node = resolve(root, node)
    properties = {
        name: child for name, child in node.get("properties", {}).items() if name not in ("apiVersion", "kind")
    }
    if properties and depth < 7:
        fields = {name: of_shape(child, root, depth + 1) for name, child in properties.items()}
        return (
            st.fixed_dictionaries({}, optional=fields)
            if depth == 0
            else st.fixed_dictionaries({}, optional=fields) | anything
        )
    if isinstance(node.get("items"), dict):
        return st.lists(of_shape(node["items"], root, depth + 1), max_size=3) | anything
    return anything


SHAPES = st.sampled_from(KINDS).flatmap(
    lambda kind: st.tuples(st.just(kind), st.deferred(lambda: of_shape(read(kind), read(kind))))
)


@given(
    SHAPES,
    st.sampled_from([(3, 20), (3, 26), (3, 31), (3, 32), (3, 33)]),
    st.sampled_from(["calicoctl", "native", "crd"]),
)
def test_whatever_stands_in_a_field_is_no_error_of_ours(shape: tuple[str, Any], release: Release, road: Road) -> None:
    """Without the schema stage before it, which mutes what has the wrong type."""
    kind, value = shape
    text = json.dumps({"apiVersion": V3, **value, "kind": kind})
    (document,) = parse(text, "m.yaml").documents
    validate(Resource(document, (), document.value), Target(release), road)


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (
            "namespaceSelector: kube-system",
            "a namespace of that name is selected by `projectcalico.org/name == 'kube-sy",
        ),
        (
            "serviceAccountSelector: web",
            "a service account of that name is selected by `projectcalico.org/name == 'web'",
        ),
        ("selector: web", 'write "has(web)"'),
        ("namespaceSelector: kube-system ||", 'write "has(kube-system)"'),
        ("namespaceSelector: team = 'a'", 'write "=="'),
    ],
)
def test_a_name_in_place_of_a_selector(judge, spec: str, told: str) -> None:
    (problem,) = judge(POLICY % V3 + f"spec: {{types: [Ingress], {spec}}}").problems
    assert problem.kind == "bad-selector"
    assert problem.help.startswith(told)


@pytest.mark.parametrize("field", ["ipipMode", "vxlanMode"])
def test_the_tunnel_of_a_pool_of_an_installation(judge, field: str) -> None:
    head = "apiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\n"
    pool = "spec: {calicoNetwork: {ipPools: [{cidr: 10.0.0.0/16, %s: Always}]}}"
    (problem,) = judge(head + pool % field).problems
    assert (problem.kind, problem.path[-1]) == ("unknown-field", field)
    assert '"encapsulation" takes its place' in problem.message
