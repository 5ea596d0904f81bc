"""What the rules that callint ships find in a cluster."""

from __future__ import annotations

from callint import rule
from callint.checks import Breach, find
from callint.objects import Cluster

RULES = {one.id: one for one in rule.load()}


def told_by(cluster: Cluster, identifier: str) -> list[Breach]:
    """What one rule finds."""
    one = RULES[identifier]
    return list(find(one.check)(cluster, one.parameters))
