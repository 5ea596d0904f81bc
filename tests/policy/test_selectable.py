"""Things found by selectors, labels not fully known among them, against asking each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callint.policy import model_of
from callint.policy.labels import Labels, holds
from callint.policy.ranges import ranges
from callint.policy.selectable import Selectable
from callint.selector import Selector, parse
from callint.selector.index import SelectorIndex
from callint.steps import Steps, TooManyStepsError
from manifests import calico, cluster_of

LABELS = st.builds(
    Labels,
    st.dictionaries(st.sampled_from(["a", "pc.a", "pc.b"]), st.sampled_from("xy"), max_size=2),
    st.sampled_from([(), ("pc.",), ("",)]),
    st.sampled_from([frozenset[str](), frozenset(("a",)), frozenset(("pc.b",))]),
)
SELECTORS = st.sampled_from(
    [
        parse(text)
        for text in (
            "a == 'x'",
            "a == 'x' && pc.b == 'y'",
            "pc.a in {'x', 'y'} || a == 'y'",
            "!has(pc.a) && a != 'x'",
            "has(pc.b)",
            "pc.a starts with 'x' && !(a not in {'x'})",
            "!(a == 'x' || has(pc.a))",
            "all()",
        )
    ]
)


@given(st.lists(LABELS, max_size=8), SELECTORS)
def test_things_are_those_of_asking_each(several: list[Labels], selector: Selector) -> None:
    things = Selectable((labels, number) for number, labels in enumerate(several))
    answers = [(number, holds(selector, labels)) for number, labels in enumerate(several)]
    wanted = [pair for pair in answers if pair[1] is not False]
    assert things.all(selector) == wanted
    assert things.surely(selector) == [number for number, answer in wanted if answer]
    assert things.few(selector, 3) == [number for number, _ in wanted[:3]]
    assert things.any(selector) is bool(wanted)
    seen: dict[object, int] = {}
    for number, labels in enumerate(several):
        seen.setdefault((frozenset(labels.known.items()), *labels[1:]), number)
    assert things.classes(selector) == [pair for pair in wanted if pair[0] in seen.values()]


def test_who_asks_for_more_than_there_are_steps_is_told() -> None:
    things = Selectable((Labels({"a": str(number), "c": "d"}), number) for number in range(100))
    nothing = parse("c == 'd' && a contains 'x'")
    few = things.within(Steps(cluster_of([]), "selectors with labels", share=0.0005))
    with pytest.raises(TooManyStepsError, match="more than 500 comparisons of selectors with labels"):
        few.first(nothing)
    assert things.first(nothing) is None
    assert few.within(Steps(cluster_of([]), "selectors with labels")).first(nothing) is None


@given(st.lists(SELECTORS, max_size=8), LABELS)
def test_selectors_that_may_match_are_found(several: list[Selector], labels: Labels) -> None:
    index = SelectorIndex((selector, number) for number, selector in enumerate(several))
    found = index.candidates(labels.known, labels.present, labels.open)
    assert {n for n, selector in enumerate(several) if holds(selector, labels) is not False} <= set(found)
    latest = list(index.latest(labels.known, labels.present, labels.open))
    assert latest == sorted(latest, reverse=True)
    assert set(latest) == set(found)


def test_of_many_things_selectors_are_asked_beside_one_that_cannot_be_read() -> None:
    sets = [calico("GlobalNetworkSet", f"s{n}", {"nets": ["10.0.0.0/24"]}, labels={"a": f"b{n}"}) for n in range(300)]
    rules = [{"action": "Allow", "source": {"selector": text}} for text in ("has(a)", "$(SELECTOR)")]
    cluster = cluster_of([*sets, calico("GlobalNetworkPolicy", "p", {"ingress": rules})], judged=True)
    assert model_of(cluster).inventory.address_set(parse("has(a)")).sure == ranges(["10.0.0.0/24"])
