"""What conditions say of each other, many at once, against what two say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callint.bgp.numbered import Numbered
from callint.bgp.route import Condition, Conditions
from callint.net.interface import glob_covers

VALUES: dict[str, list[object]] = {
    "source": ["RemotePeers"],
    "interface": ["*", "**", "e*", "eth*", "*0", "e*0", "e*h*0", "eth0", "eth*0", "eth"],
    "community": [(1, 2), (1, 3)],
    "as-path": [(1,), (1, 2), (1, 2, 3), (2,), (2, 1)],
    "priority": [1, 2],
    "peer-type": ["iBGP", "eBGP"],
    "broken": ["no", "never"],
}
CONDITIONS = st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=3, unique=True).flatmap(
    lambda kinds: st.tuples(*(st.builds(Condition, st.just(kind), st.sampled_from(VALUES[kind])) for kind in kinds))
)


def implies(stronger: Conditions, weaker: Conditions) -> bool:
    """Whether all that `stronger` asks for entails all that `weaker` asks for."""
    return all(any(entails(one, other) for one in stronger) for other in weaker)


def entails(one: Condition, other: Condition) -> bool:
    if one.kind == other.kind == "as-path":
        return bool(one.value[: len(other.value)] == other.value)
    return one == other or (one.kind == other.kind == "interface" and glob_covers(other.value, one.value))


def excludes(some: Conditions, others: Conditions) -> bool:
    """Whether no route can meet all of both."""
    return any(rules_out(one, other) for one in some for other in others)


def rules_out(one: Condition, other: Condition) -> bool:
    if one.kind == other.kind == "as-path":
        return not (entails(one, other) or entails(other, one))
    return one.kind == other.kind and one.kind in ("priority", "peer-type") and one.value != other.value


@given(st.lists(CONDITIONS, min_size=1, max_size=12))
def test_all_at_once_as_two_by_two(several: list[Conditions]) -> None:
    numbered = Numbered(several)

    def chosen(bits: int) -> set[Conditions]:
        return {one for one in several if bits >> numbered.number(one) & 1}

    for when in several:
        implied, implying, excluded = numbered.about(when)
        assert chosen(implied) == {one for one in several if implies(when, one)}
        assert chosen(implying) == {one for one in several if implies(one, when)}
        assert chosen(excluded) == {one for one in several if excludes(when, one)}
