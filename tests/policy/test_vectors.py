"""Every reference case through the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from callint.policy import NodePolicy, evaluate, model_of
from callint.policy.interfaces import matches_pattern

if TYPE_CHECKING:
    from conftest import Case

INEXPRESSIBLE: dict[str, str] = {}
"""Cases that do not apply, by id, with the reason."""


def of_kind(vectors: list[Case], kind: str) -> list[Case]:
    found = [case for case in vectors if case.raw.get("kind", "packet") == kind and case.raw["id"] not in INEXPRESSIBLE]
    assert found
    return found


def test_inexpressible_cases_exist(vectors: list[Case]) -> None:
    assert INEXPRESSIBLE.keys() <= {case.raw["id"] for case in vectors}


def test_packets(vectors: list[Case]) -> None:
    wrong = []
    count = 0
    for case in of_kind(vectors, "packet"):
        here = NodePolicy(case.cluster, case.node, case.interfaces)
        for index, (packet, expected) in enumerate(case.packets):
            verdict = evaluate(here, packet)
            count += 1
            if verdict.outcome != expected["verdict"] or expected.get("by", "") not in verdict.decided_by:
                wrong.append(f"{case.raw['id']}[{index}]: {verdict.outcome} by {verdict.decided_by!r}, not {expected}")
    assert not wrong, "\n".join(wrong)
    assert count > 100


def test_order(vectors: list[Case]) -> None:
    for case in of_kind(vectors, "order"):
        model = model_of(case.cluster)
        endpoint = (*model.inventory.workloads, *model.inventory.host_endpoints)[0]
        stages = model.chains(endpoint).stages["normal"]
        names = [f"{stage.tier.name}/{one.policy.placed.policy.name}" for stage in stages for one in stage.entries]
        assert names == case.raw["expectOrder"], case.raw["id"]


def test_host_endpoints_of_interfaces(vectors: list[Case]) -> None:
    for case in of_kind(vectors, "hep-match"):
        here = NodePolicy(case.cluster, case.node, case.interfaces)
        found = {name: here.governance.of(name) for name in here.interfaces}
        named = {
            name: governor.endpoint.about.name
            for name, governor in found.items()
            if governor.endpoint and not governor.wildcard
        }
        if here.governance.wildcard:
            named["*"] = here.governance.wildcard.about.name
        assert named == case.raw["expectMatch"], case.raw["id"]


def test_interface_patterns(vectors: list[Case]) -> None:
    for case in of_kind(vectors, "iface-pattern"):
        names = case.raw["matches"] + case.raw["rejects"]
        assert [name for name in names if matches_pattern(case.raw["pattern"], name)] == case.raw["matches"]


@pytest.mark.parametrize("name", ["wan0", "a-very-long-interface-name", ""])
def test_no_pattern_matches_what_is_no_link(name: str) -> None:
    assert not matches_pattern("^(eth|wlan).*", name)
