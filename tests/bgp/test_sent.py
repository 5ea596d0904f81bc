"""What sessions export with crowds taken together, against each session of each node for itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgp_clusters import SELECTORS, Cluster, Node, clusters, manifests
from callint.bgp import alike, crowd, lone, sent
from callint.bgp.decision import Decision
from callint.bgp.existing import Existing
from callint.bgp.explicit import fall_through
from callint.bgp.routes import Engine, engine
from callint.bgp.session import LIVE, Session
from callint.calico import Target
from callint.net.address import Prefix
from callint.net.prefixes import PrefixSet, everything, nothing, within
from callint.objects import Cluster as Objects
from callint.steps import Steps, TooManyStepsError
from calls import calls
from manifests import calico, cluster_of

FILTERS: dict[str, dict[str, Any]] = {
    "open": {"exportV4": [{"action": "Accept", "cidr": "10.244.0.0/16", "matchOperator": "In"}]},
    "remote": {
        "exportV4": [
            {"action": "Accept", "cidr": "10.244.0.64/26", "matchOperator": "Equal", "source": "RemotePeers"},
            {"action": "Accept", "asPathPrefix": [64999, 65101]},
            {"action": "Reject", "cidr": "10.244.1.0/24", "matchOperator": "In"},
        ]
    },
    "gated": {
        "importV4": [{"action": "Accept", "cidr": "10.244.2.0/24", "matchOperator": "In"}, {"action": "Reject"}],
        "exportV4": [{"action": "Reject", "communities": {"values": ["64512:1"]}}],
    },
    "pooled": {"exportV4": [{"action": "Accept", "cidr": "10.245.0.0/23", "matchOperator": "In"}]},
}
OUTSIDE = st.lists(st.sampled_from([64512, 64999]).flatmap(lambda n: st.tuples(st.just(n), _names())), max_size=3)

POOLS = st.lists(st.tuples(st.sampled_from(list(SELECTORS)), st.booleans()), max_size=3)


def _names() -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(list(FILTERS)), max_size=2, unique=True)


@pytest.fixture(autouse=True, scope="module")
def _two_are_a_crowd() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (lone, alike, crowd):
            patch.setattr(module, "CROWD", 2)
        yield


def objects(
    cluster: Cluster, blocks: list[bool], outside: list[tuple[int, list[str]]], pools: Iterable[tuple[str, bool]] = ()
) -> Iterator[dict[str, Any]]:
    yield from manifests(cluster)
    for number, (selector, withheld) in enumerate(pools):
        spec = {"cidr": f"10.245.{number}.0/24", "nodeSelector": selector, "disableBGPExport": withheld}
        yield calico("IPPool", f"pool{number}", spec)
    for name, spec in FILTERS.items():
        yield calico("BGPFilter", name, spec)
    for number, (node, has) in enumerate(zip(cluster.nodes, blocks, strict=False)):
        if has:
            spec = {"cidr": f"10.244.{number // 4}.{number % 4 * 64}/26", "node": node.name, "state": "confirmed"}
            yield calico("BlockAffinity", f"b{number}", spec)
    for number, (as_number, filters) in enumerate(outside):
        spec = {"peerIP": f"192.0.2.{number + 11}", "asNumber": as_number, "filters": filters}
        yield calico("BGPPeer", f"out{number}", spec)


@settings(deadline=None)
@given(clusters(), st.lists(st.booleans(), max_size=6), OUTSIDE, POOLS)
def test_the_same_routes_leave(
    cluster: Cluster, blocks: list[bool], outside: list[tuple[int, list[str]]], pools: list[tuple[str, bool]]
) -> None:
    """All that any session lets out is told of one that is like it."""
    made = cluster_of(objects(cluster, blocks, outside, pools), Target(cluster.release))
    model = engine(made)
    exact = ((one, model.exported(one)) for one in model.network if one.status.state in LIVE)
    found, expected = _together((group.session, told) for group, told in sent.sent(made)), _together(exact)
    for key, prefixes in expected.items():
        assert prefixes <= found[key]


def test_of_two_that_are_asked_one_is_another_node() -> None:
    """The first node has two sessions that are alike, and a block, inside of which it alone lets nothing out."""
    nodes = [Node(f"n{one}", {}, {4: f"10.0.0.{one + 1}"}, None, "", 1001 + one) for one in range(3)]
    peers = [
        {"name": f"p{one}", "peerIP": f"10.0.0.{one + 1}", "asNumber": 64512, "reversePeering": "Manual", **own}
        for one, own in enumerate(({}, {"localASNumber": 64512}))
    ]
    made = cluster_of(objects(Cluster(nodes, peers, True, None, (3, 31)), [True], []), Target((3, 31)))
    told = [one for _, decisions in sent.sent(made) for one in decisions if one.accepted]
    inside = Prefix(4, 0x0AF40000, 26)
    assert any(within(inside, 27, 32) <= one.prefixes for one in told)


@settings(deadline=None)
@given(clusters(), st.lists(st.booleans(), max_size=6), OUTSIDE, POOLS)
def test_no_more_leaves(
    cluster: Cluster, blocks: list[bool], outside: list[tuple[int, list[str]]], pools: list[tuple[str, bool]]
) -> None:
    """Of a crowd it is not told who brings what, so that some of it may go back where it came from."""
    made = cluster_of(objects(cluster, blocks, outside, pools), Target(cluster.release))
    model = engine(made)
    for group, decisions in sent.sent(made):
        session = group.session
        sources = model.sources(session.local, session.family, session.form)
        several = tuple(one._replace(size=one.size + 1) for one in sources)
        found, most = _told(decisions), _told(model.decided(session, several))
        assert all(prefixes <= most[key] for key, prefixes in found.items())


@settings(deadline=None)
@given(clusters(), st.lists(st.booleans(), max_size=6), OUTSIDE, POOLS)
def test_what_exists_is_the_same_node_by_node(
    cluster: Cluster, blocks: list[bool], outside: list[tuple[int, list[str]]], pools: list[tuple[str, bool]]
) -> None:
    made = cluster_of(objects(cluster, blocks, outside, pools), Target(cluster.release))
    for session in engine(made).network:
        if session.status.state in LIVE and session.remote is None:
            every = everything(session.family)
            told = _told(Existing(made, Steps(made, "routes")).exported(session, every))
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(crowd, "CROWD", len(cluster.nodes) + 1)
                assert _told(Existing(made, Steps(made, "routes")).exported(session, every)) == told


@settings(deadline=None)
@given(clusters(), st.lists(st.booleans(), max_size=6), OUTSIDE, POOLS)
def test_what_no_rule_decides_is_among_what_filters_leave_undecided(
    cluster: Cluster, blocks: list[bool], outside: list[tuple[int, list[str]]], pools: list[tuple[str, bool]]
) -> None:
    made = cluster_of(objects(cluster, blocks, outside, pools), Target(cluster.release))
    existing = Existing(made, Steps(made, "routes"))
    for session in engine(made).network:
        if session.status.state in LIVE and session.remote is None and session.peer is not None:
            undecided = fall_through(made, session.peer, "export", session.family)
            near, all_ = (existing.exported(session, one) for one in (undecided, everything(session.family)))
            wanted = [one for one in all_ if one.accepted and one.rule is None]
            assert [one for one in near if one.accepted and one.rule is None] == wanted


@settings(deadline=None, max_examples=20)
@given(clusters(), OUTSIDE)
def test_what_rules_decide_is_some_of_all(cluster: Cluster, outside: list[tuple[int, list[str]]]) -> None:
    made = cluster_of(objects(cluster, [], outside), Target(cluster.release))
    found = [(group.session.form, decisions) for group, decisions in sent.sent(made, ruled=True) if decisions]
    expected = ((group.session.form, _by_rules(decisions)) for group, decisions in sent.sent(made))
    assert found == [one for one in expected if one[1]]


def _filtered_peers(count: int, comparisons: int = 1_000_000) -> Objects:
    """Pools, and as many peers of which each has a filter for another network."""
    made = cluster_of(
        one
        for n in range(count)
        for one in (
            calico("IPPool", f"p{n}", {"cidr": f"10.{n}.0.0/16"}),
            calico(
                "BGPFilter",
                f"f{n}",
                {"exportV4": [{"action": "Accept", "cidr": f"11.{n}.0.0/16", "matchOperator": "In"}]},
            ),
            calico("BGPPeer", f"b{n}", {"peerIP": f"192.0.2.{n}", "asNumber": 64000, "filters": [f"f{n}"]}),
        )
    )
    made.limits = made.limits._replace(comparisons=comparisons)
    return made


def test_rules_are_asked_about_what_is_near_them() -> None:
    few, many = (partial(sent.sent, _filtered_peers(count), ruled=True) for count in (50, 200))
    assert calls(many) < 6 * calls(few)


def test_who_would_ask_too_much_asks_nothing() -> None:
    def asked(count: int) -> None:
        with pytest.raises(TooManyStepsError):
            sent.sent(_filtered_peers(count, comparisons=10_000))

    assert calls(lambda: asked(200)) < 3 * calls(lambda: asked(100))


def _by_rules(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    return tuple(one for one in decisions if one.rule is not None)


@settings(deadline=None)
@given(clusters(), st.lists(st.booleans(), max_size=6), OUTSIDE, st.integers(0, 5))
def test_sessions_of_a_group_let_out_and_in_the_same(
    cluster: Cluster, blocks: list[bool], outside: list[tuple[int, list[str]]], at: int
) -> None:
    written = list(objects(cluster, blocks, outside))
    for one in written:  # a peer of one node and of no other
        if one["metadata"]["name"] == "out0" and at < len(cluster.nodes):
            one["spec"]["node"] = cluster.nodes[at].name
    model = engine(cluster_of(written, Target(cluster.release)))
    expected = Counter(told for one in model.network for told in _exchanged(model, one))
    found: Counter[object] = Counter()
    for group in model.division.groups():
        for told in _exchanged(model, group.session):
            found[told] += group.size
    assert found == expected


def _exchanged(model: Engine, session: Session) -> Iterator[object]:
    if session.status.state in LIVE:
        for way, decisions in ("out", model.exported(session)), ("in", model.imported(session)):
            told = {key: str(prefixes) for key, prefixes in _told(decisions).items()}
            yield session.form.kind, session.family, way, frozenset(told.items())


def _together(sent: Iterable[tuple[Session, Iterable[Decision]]]) -> dict[tuple[object, ...], PrefixSet]:
    """The prefixes that sessions of a kind let out or decide by rule, and whether there are such routes."""
    found: dict[tuple[object, ...], PrefixSet] = {}
    for session, decisions in sent:
        for one in decisions:
            if one.accepted or one.rule is not None:
                exists = one.routes.presence != "any" or one.routes.learned is not None
                form = session.form
                key = form.kind, form.family, form.filters, one.verdict, str(one.rule), exists, one.result.communities
                found[key] = found.get(key, nothing(form.family)) | one.prefixes
    return found


def _told(decisions: Iterable[Decision]) -> dict[tuple[object, ...], PrefixSet]:
    """The prefixes of routes that are decided on alike."""
    found: dict[tuple[object, ...], PrefixSet] = {}
    for one in decisions:
        if one.step != "no-echo":
            about = one.verdict, one.step, str(one.rule), str(one.when), one.routes.presence, one.routes.learned
            key = (*about, one.result.communities)
            found[key] = found.get(key, nothing(one.prefixes.family)) | one.prefixes
    return found
