"""Checks that look among many objects at once find what a plain scan of all pairs finds."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from callint.bgp.network import network
from callint.checks import find
from callint.checks.bgp import condition
from callint.checks.breach import nobody
from callint.checks.hosts import host_endpoint
from callint.checks.objects import reference, usage
from callint.checks.policy import namespace_scope, selection, tier_end
from callint.objects import Cluster
from callint.policy.labels import Labels
from callint.policy.match import entity_selectors
from callint.policy.selectable import Selectable
from callint.policy.tiers import selector_of
from callint.selector import parse
from callint.selector.satisfy import satisfiable
from callint.selector.syntax import ALL
from callint.source import Limits
from callint.suggest import Words
from calls import calls
from manifests import calico, cluster_of

TEXTS = ("a == 'x'", "a == 'y'", "has(b)", "a == 'x' && has(b)", "b in {'x', 'z'}", "has(c)")
LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"), max_size=2)


@st.composite
def policies(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for number in range(draw(st.integers(1, 6))):
        actions = draw(st.lists(st.sampled_from(["Allow", "Deny", "Log", "Pass"]), min_size=1, max_size=3))
        sides = [draw(st.sampled_from([{}, *({"selector": text} for text in TEXTS)])) for _ in actions]
        spec: dict[str, Any] = {
            "selector": draw(st.sampled_from(TEXTS)),
            "types": ["Ingress"],
            "ingress": [
                {"action": action, "protocol": "TCP", **({"source": side} if side else {})}
                for action, side in zip(actions, sides, strict=True)
            ],
        }
        if draw(st.booleans()):
            found.append(calico("NetworkPolicy", f"p{number}", spec, namespace=draw(st.sampled_from("mn"))))
        else:
            found.append(calico("GlobalNetworkPolicy", f"p{number}", spec))
    return found


ENDPOINTS = st.lists(st.tuples(LABELS, st.booleans()), max_size=4)


def endpoints(drawn: list[tuple[dict[str, str], bool]]) -> list[dict[str, Any]]:
    return [
        calico(
            "HostEndpoint",
            f"h{number}",
            {"node": "n", "interfaceName": f"eth{number}", **({"profiles": ["q"]} if with_profile else {})},
            labels=labels,
        )
        for number, (labels, with_profile) in enumerate(drawn)
    ]


def named(module: Any, cluster: Cluster, **parameters: Any) -> list[str]:
    return sorted({breach.object.name for breach in module.check(cluster, parameters) if breach.object})


@given(policies(), ENDPOINTS)
def test_labels_that_no_selector_names(written: list[dict[str, Any]], drawn: list[tuple[dict[str, str], bool]]) -> None:
    texts = [one["spec"]["selector"] for one in written]
    texts += [
        rule["source"]["selector"] for one in written for rule in one["spec"]["ingress"] if rule.get("source", {})
    ]
    keys = {key for key in "abc" if any(f"({key})" in text or f"{key} " in text for text in texts)}
    known = any(one["kind"] == "GlobalNetworkPolicy" for one in written)
    expected = [f"h{number}" for number, (labels, _) in enumerate(drawn) if known and labels and not keys & set(labels)]
    assert named(host_endpoint, cluster_of(endpoints(drawn) + written), problem="unused-labels") == expected


@given(policies(), ENDPOINTS)
def test_hosts_of_which_policy_leaves_a_direction_closed(
    written: list[dict[str, Any]], drawn: list[tuple[dict[str, str], bool]]
) -> None:
    """Endpoints that the same policies select are judged once; all policies here are of ingress."""
    texts = [one["spec"]["selector"] for one in written if one["kind"] == "GlobalNetworkPolicy"]
    bare = {f"h{number}": labels for number, (labels, with_profile) in enumerate(drawn) if not with_profile}
    governed = [name for name, labels in bare.items() if any(parse(text).matches(labels) for text in texts)]
    cluster = cluster_of(endpoints(drawn) + written)
    assert named(host_endpoint, cluster, problem="one-direction") == governed
    closed = [name for name in bare if name not in governed]
    closed = closed if texts else closed[:1]  # one stands for all of which it is not known
    assert named(host_endpoint, cluster, problem="default-deny") == closed


@given(policies(), ENDPOINTS)
def test_a_pass_to_nothing(written: list[dict[str, Any]], drawn: list[tuple[dict[str, str], bool]]) -> None:
    """There is one tier, so that what passes there goes to nothing wherever a host has no profile.

    A pass to which packets surely get is told: the first rule of the first policy of a host.
    """
    bare = [labels for labels, with_profile in drawn if not with_profile]
    passing: list[str] = []
    first: list[str] = []
    before: list[Any] = []
    for one in written:
        if one["kind"] != "GlobalNetworkPolicy":
            continue
        selector = parse(one["spec"]["selector"])
        hosts = [labels for labels in bare if selector.matches(labels)]
        actions = [rule["action"] for rule in one["spec"]["ingress"]]
        if "Pass" in actions and hosts:
            passing.append(one["metadata"]["name"])
            alone = [labels for labels in hosts if not any(other.matches(labels) for other in before)]
            if actions[0] == "Pass" and alone:
                first.append(one["metadata"]["name"])
        before.append(selector)
    found = named(tier_end, cluster_of(endpoints(drawn) + written), problem="pass-to-nothing")
    assert set(first) <= set(found) <= set(passing)


@given(policies())
def test_logging_alone(written: list[dict[str, Any]]) -> None:
    """Beside a policy of a lone log only one that selects nothing in common with it leaves it alone."""
    alone = calico(
        "GlobalNetworkPolicy",
        "log",
        {"selector": "a == 'x' && !has(b)", "types": ["Ingress"], "ingress": [{"action": "Log"}]},
    )
    # what a namespace adds, a label of its own, keeps nobody from being selected
    opened = any(
        rule["action"] in ("Allow", "Pass")
        for one in written
        for rule in one["spec"]["ingress"]
        if one["spec"]["selector"] in ("a == 'x'", "has(c)")
    )
    found = named(tier_end, cluster_of([*written, alone]), problem="log-only")
    assert ("log" in found) is not opened


@given(policies(), st.lists(LABELS, max_size=3), st.lists(st.tuples(st.sampled_from("mn"), LABELS), max_size=3))
def test_a_selector_that_stays_in_its_namespace(
    written: list[dict[str, Any]], everywhere: list[dict[str, str]], inside: list[tuple[str, dict[str, str]]]
) -> None:
    sets = [
        calico("GlobalNetworkSet", f"g{n}", {"nets": ["192.0.2.0/24"]}, labels=one) for n, one in enumerate(everywhere)
    ]
    sets += [
        calico("NetworkSet", f"s{n}", {"nets": ["192.0.2.0/24"]}, labels=labels, namespace=namespace)
        for n, (namespace, labels) in enumerate(inside)
    ]
    expected = []
    for one in written:
        space = one["metadata"].get("namespace")
        selectors = [parse(rule["source"]["selector"]) for rule in one["spec"]["ingress"] if rule.get("source")]
        if space is not None and any(
            any(map(selector.matches, filter(None, everywhere)))
            and not any(selector.matches(labels) for namespace, labels in inside if namespace == space)
            for selector in selectors
        ):
            expected.append(one["metadata"]["name"])
    assert named(namespace_scope, cluster_of(sets + written)) == expected


PARTS = (
    *("a == 'x'", "a == 'y'", "a in {'x', 'z'}", "a not in {'x'}", "has(a)", "!has(a)", "b in {}", "!has(b)", "all()"),
    *("projectcalico.org/namespace == 'm'", "!has(projectcalico.org/namespace)", "(has(a) || has(b))", "!all()"),
)
TEXT = st.lists(st.sampled_from(PARTS), min_size=1, max_size=3).map(" && ".join)
SIDES = st.fixed_dictionaries(
    {"selector": TEXT},
    optional={"notSelector": TEXT, "namespaceSelector": TEXT, "serviceAccounts": st.just({"names": ["s"]})},
)


@example("n", "projectcalico.org/namespace == 'm'", {"selector": "a == 'x'"})
@example(None, None, {"selector": "projectcalico.org/serviceaccount == 't'", "serviceAccounts": {"names": ["s"]}})
@given(st.sampled_from([None, "m", "n"]), st.one_of(st.none(), TEXT), SIDES)
def test_selectors_that_no_labels_meet(namespace: str | None, subject: str | None, side: dict[str, Any]) -> None:
    spec = {"ingress": [{"action": "Allow", "source": side}], **({"selector": subject} if subject else {})}
    kind, metadata = ("GlobalNetworkPolicy", {}) if namespace is None else ("NetworkPolicy", {"namespace": namespace})
    cluster = cluster_of([calico(kind, "p", spec, **metadata)])
    (written,) = cluster.policies
    scoped = {
        ("spec", "selector"): selector_of(written) if subject else ALL,
        ("spec", "ingress", 0, "source", "selector"): entity_selectors(written.ingress[0].source, namespace)[0] or ALL,
    }
    found = [breach.path for breach in selection.check(cluster, {"problem": "contradiction"})]
    assert found == [path for path, selector in scoped.items() if satisfiable(selector) is None]


VALUES = st.sampled_from(["gateway", "gatewey", "frontend", "frontent", "backend"])


@given(st.lists(st.lists(VALUES, min_size=1, max_size=3), min_size=1, max_size=4), st.lists(VALUES, max_size=3))
def test_slips_of_the_pen(several: list[list[str]], bearers: list[str]) -> None:
    """What is written is compared with what there is, part by part: the first slip is told, if it selects nothing."""
    hosts = [
        calico("HostEndpoint", f"h{n}", {"interfaceName": "e"}, labels={"app": one}) for n, one in enumerate(bearers)
    ]
    written = [" && ".join(f"app in {{'{value}'}}" for value in values) for values in several]
    policies = [calico("GlobalNetworkPolicy", f"p{n}", {"selector": text}) for n, text in enumerate(written)]
    expected = []
    for number, values in enumerate(several):
        slips = (Words(bearers).nearest(value) for value in values if value not in bearers)
        met = any(parse(written[number]).matches({"app": one}) for one in bearers)
        if any(slips) and not met and len(set(values)) == 1:
            expected.append(f"p{number}")
    assert named(selection, cluster_of(hosts + policies), problem="near-miss") == expected


PEERS = st.lists(st.lists(st.sampled_from(["f1", "f2", "f3"]), max_size=2, unique=True), max_size=4)


@given(st.sets(st.sampled_from(["f1", "f2"])), PEERS)
def test_filters_that_peers_name(there: set[str], peers: list[list[str]]) -> None:
    written = [calico("BGPFilter", name, {}) for name in sorted(there)]
    written += [
        calico("BGPPeer", f"p{n}", {"peerIP": f"192.0.2.{n + 1}", "asNumber": 64512, "filters": filters})
        for n, filters in enumerate(peers)
    ]
    cluster = cluster_of(written)
    missing = [f"p{n}" for n, filters in enumerate(peers) if set(filters) - there]
    assert named(reference, cluster, kind="BGPPeer", field="spec.filters", to="BGPFilter") == missing
    unused = sorted(there - {name for filters in peers for name in filters}) if peers and not missing else []
    assert named(usage, cluster, problem="filter") == unused


def test_a_proof_names_no_more_than_twenty() -> None:
    names = [f"n{number:02}" for number in range(30)]
    assert nobody("Node/x", names[:20]).as_dict()["known"] == tuple(names[:20])
    facts = nobody("Node/x", names).as_dict()
    assert (facts["known"], facts["known_in_all"]) == (tuple(names[:20]), 30)


ASES = st.sampled_from([None, 64513, 64514, 65000])


@given(
    nodes=st.lists(ASES, min_size=1, max_size=4),
    peers=st.lists(st.tuples(ASES, st.sampled_from(["f", "g"])), max_size=3),
    rules=st.lists(st.sampled_from([{"peerType": "eBGP"}, {"peerType": "iBGP"}, 64513, 64514, 65000]), max_size=5),
)
def test_conditions_that_no_session_meets(
    nodes: list[int | None], peers: list[tuple[int | None, str]], rules: list[dict[str, str] | int]
) -> None:
    written = [one if isinstance(one, dict) else {"asPathPrefix": [one]} for one in rules]
    cluster = cluster_of(
        [
            *(
                calico(
                    "Node", f"n{n}", {"bgp": {"ipv4Address": f"10.0.0.{n}/24", **({"asNumber": own} if own else {})}}
                )
                for n, own in enumerate(nodes, 1)
            ),
            *(
                calico("BGPPeer", f"p{n}", {"peerIP": f"192.0.2.{n}", "asNumber": own or 64512, "filters": [name]})
                for n, (own, name) in enumerate(peers)
            ),
            *(
                calico("BGPFilter", name, {"exportV4": [{"action": "Accept", **one} for one in written]})
                for name in ("f", "g")
            ),
        ]
    )
    expected = []
    for name in ("f", "g"):
        sessions = [one.form for one in network(cluster) if one.form.filters == (name,)]
        for index, one in enumerate(rules):
            never = (
                all(form.peer_type != one["peerType"] for form in sessions)
                if isinstance(one, dict)
                else all(form.peer_type == "eBGP" and form.local_as != one for form in sessions)
            )
            if sessions and never:
                expected.append((name, index))
    breaches = condition.check(cluster, {"problem": "never"})
    assert [(one.object and one.object.name, one.path[2]) for one in breaches] == expected


def test_a_pass_is_asked_about_the_hosts_whose_last_tier_it_is_in() -> None:
    """Not each of many tiers about each of many host endpoints."""

    def work(count: int) -> int:
        written = cluster_of(
            one
            for n in range(count)
            for one in (
                calico("Tier", f"t{n}", {"order": n}),
                calico(
                    "GlobalNetworkPolicy",
                    f"t{n}.a",
                    {"tier": f"t{n}", "selector": "has(a)", "types": ["Ingress"], "ingress": [{"action": "Pass"}]},
                ),
                calico("HostEndpoint", f"h{n}", {"node": f"n{n}", "interfaceName": "eth0"}, labels={"a": "b"}),
            )
        )
        list(find("unreachable")(written, {"problem": "rule"}))  # which is known then
        found: list[object] = []
        many = calls(lambda: found.extend(find("tier_end")(written, {"problem": "pass-to-nothing"})))
        assert len(found) == 1
        return many

    assert work(160) < 6 * work(40)


def test_of_many_host_endpoints_that_a_pass_leaves_few_are_looked_at() -> None:
    things = [(Labels({"a": f"b{n}"}), n) for n in range(200)] + [(Labels({}, ("",)), 200)]
    known = Selectable(things)
    selector = parse("a != 'b1'")
    assert known.few(selector, 3, surely=True) == known.surely(selector)[:3] == [0, 2, 3]
    assert known.few(parse("a == 'b1'"), 3, surely=True) == [1]
    assert known.few(parse("a == 'b1'"), 3) == [1, 200]
    assert 3 * calls(lambda: known.few(selector, 3, surely=True)) < calls(lambda: known.surely(selector))


def test_so_many_slips() -> None:
    """Of a pod that something will make nobody knows what its namespace has: each slip is asked about each."""
    rule = {"podSelector": {"matchLabels": {"app": "frontned"}}, "namespaceSelector": {"matchLabels": {"team": "web"}}}
    spec = {"podSelector": {}, "ingress": [{"from": [rule]}]}
    written = cluster_of(
        {"apiVersion": api, "kind": kind, "metadata": {"name": f"{n}", "namespace": "a"}, "spec": own}
        for n in range(10)
        for api, kind, own in (
            ("apps/v1", "Deployment", {"template": {"metadata": {"labels": {"app": "frontend", "n": f"{n}"}}}}),
            ("networking.k8s.io/v1", "NetworkPolicy", spec),
        )
    )
    assert len(list(find("selection")(written, {"problem": "near-miss"}))) == 10
    written.limits = Limits(comparisons=200)  # eight for each pod
    *found, last = find("selection")(written, {"problem": "near-miss"})
    assert (len(found), last.undecided) == (2, True)
    assert "200 comparisons of selectors with labels" in last.message
