"""Whole clusters in BIRD, and every session's table against the engine."""

from __future__ import annotations

from typing import Any

from lab_clusters import CLUSTERS, OUTSIDE, SERVICE, Plan, Running


def test_clusters(lab: Any) -> None:
    """All clusters at once, each on a wire of its own."""
    plans = {kind: Plan(kind, seed) for kind, seed in CLUSTERS.items()}
    running = {kind: Running(plan, lab) for kind, plan in plans.items()}
    lab.wait(lambda: all(one.up() for one in running.values()), 30, "the sessions come up")
    lab.settled(lambda: sum(one.routes() for one in running.values()))
    counts = [one.compare() for one in running.values()]
    told, certain = (sum(numbers) for numbers in zip(*counts, strict=True))
    assert told > 150
    assert certain > told // 4
    assert running["reflector"].heard_from(OUTSIDE, f"{SERVICE}/32") > {"n1"}, "others pass the address on"
