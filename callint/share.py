"""The checks of a plan shared by several processes: rules with one check go together, for they share what it works out.

What comes of it, and its order, is what `engine.run` gives.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from callint.catalogue import Catalogue, Rule
from callint.checks import CheckError
from callint.encoded import finding
from callint.engine import Crash, Plan, run
from callint.finding import Finding
from callint.objects import Cluster

if TYPE_CHECKING:
    from callint.processes import Team

_LONGEST = (
    ("unreachable duplicate", "flow host_endpoint host_traffic", "policy_tie"),
    (
        "selection",
        "namespace_scope namespace_label",
        "policy_scope",
        "name_resolution",
        "policy_rules",
        "tier_end",
        "named_port",
        "contradiction",
        "precedence condition",
    ),
)
"""The checks that take longest on large trees: begun first, so that no process is left alone with one in the end.

The first process begins with the first row, the others with the second: so mostly one process alone finds out what all
of a row ask. Those of the first ask which policies select an endpoint, and, as all checks that are not named here and
come after them, about sessions and nodes; those of the second ask about each policy. What is named together shares
most of its work, and is never parted; `duplicate` asks what the first process has to know in the end.
"""
_PILES = (2, 3)
"""The piles from which they are taken."""

Answers = dict[tuple[int, int], Any]
"""By the numbers of cluster and rule: its findings, its crashes, and the error of a rule that cannot be used."""


def run_shared(plan: Plan, clusters: Sequence[Cluster], team: Team) -> list[tuple[list[Finding], list[Crash]]]:
    """As `engine.run` for each of the clusters, by all of a team; the rules of a process that died count as crashed."""
    rules = [rule for rule in plan.catalogue if plan.enabled(rule) and not rule.staged]
    rows = _rows(rules)
    if team.number:
        rows.reverse()
    answers: Answers = {}
    for pile, row in rows:
        work = [(number, group) for group in row for number in range(len(clusters))]
        for ticket in team.share(pile, len(work)):
            number, group = work[ticket]
            answers |= {(number, rule): _answer(plan, rules[rule], clusters[number]) for rule in group}
    for message in team.end(json.dumps([(*key, answer) for key, answer in answers.items()]).encode()):
        answers |= {(number, rule): _decoded(*plain) for number, rule, plain in json.loads(message)}
    return [_together(rules, answers, cluster, number) for number, cluster in enumerate(clusters)]


def _rows(rules: Sequence[Rule]) -> list[tuple[int, list[list[int]]]]:
    """The numbers of rules, those with one check together, by the piles in which they lie."""
    groups: dict[str, list[int]] = {}
    for number, rule in enumerate(rules):
        groups.setdefault(rule.check.partition("-")[0], []).append(number)
    rows = [
        [[number for name in names.split() for number in groups.pop(name, ())] for names in row] for row in _LONGEST
    ]
    rows[0] += groups.values()
    return list(zip(_PILES, rows, strict=True))


def _answer(plan: Plan, rule: Rule, cluster: Cluster) -> Any:
    try:
        found, crashed = run(Plan(Catalogue([rule]), plan.settings), cluster)
    except CheckError as error:
        return [], [], str(error)
    return found, [(crash.reason, crash.trace) for crash in crashed], None


def _decoded(found: list[Any], crashed: list[Any], error: str | None) -> Any:
    return [finding(one) for one in found], crashed, error


def _together(
    rules: Sequence[Rule], answers: Answers, cluster: Cluster, number: int
) -> tuple[list[Finding], list[Crash]]:
    findings: list[Finding] = []
    crashes: list[Crash] = []
    died: Any = [], [("the process that checked it ended early", "")], None
    for place, rule in enumerate(rules):
        found, crashed, error = answers.get((number, place), died)
        if error is not None:
            raise CheckError(error)
        findings += found
        crashes += [Crash(rule, cluster.name, reason, trace) for reason, trace in crashed]
    return findings, crashes
