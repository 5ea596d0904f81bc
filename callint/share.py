"""The checks of a plan shared by several processes: rules with one check go together, for they share what it works out.

What comes of it, and its order, is what `engine.run` gives.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from callint.checks import CheckError
from callint.encoded import finding
from callint.engine import Crash, Plan, run
from callint.finding import Finding
from callint.objects import Cluster
from callint.policy import model_of
from callint.processes import Channel, Crew, Tickets
from callint.rule import Catalogue, Rule

_LONGEST = (
    "unreachable",
    "selection",
    "host_endpoint",
    "policy_scope",
    "flow",
    "precedence",
    "host_traffic",
    "policy_rules",
    "policy_tie",
    "tier_end",
)
"""The checks that take longest on large trees: begun first, so that no process is left alone with one in the end."""

Answers = dict[int, Any]
"""By the number of a rule: its findings, its crashes, and the error of a rule that cannot be used."""


def run_shared(plan: Plan, cluster: Cluster, jobs: int) -> tuple[list[Finding], list[Crash]]:
    """As `engine.run`, by so many processes; the rules of one that died count as crashed."""
    rules = [rule for rule in plan.catalogue if plan.enabled(rule) and not rule.staged]
    groups: dict[str, list[int]] = {}
    for number, rule in enumerate(rules):
        groups.setdefault(rule.check.partition("-")[0], []).append(number)
    known = [groups.pop(name) for name in _LONGEST if name in groups]
    known += groups.values()
    tickets = Tickets(len(known))
    with suppress(Exception):  # whatever is wrong with them, the checks will meet it
        _ = model_of(cluster).selecting  # made once, before there are copies, for most checks need it

    def share() -> Answers:
        return {number: _answer(plan, rules[number], cluster) for ticket in tickets for number in known[ticket]}

    def work(channel: Channel) -> None:
        channel.send(json.dumps(list(share().items())).encode())

    with Crew(jobs - 1, work) as crew:
        answers = share()
        for _, message in crew.answers():
            answers.update((number, _decoded(*plain)) for number, plain in json.loads(message))
    tickets.close()
    return _together(rules, answers, cluster)


def _answer(plan: Plan, rule: Rule, cluster: Cluster) -> Any:
    try:
        found, crashed = run(Plan(Catalogue([rule]), plan.settings), cluster)
    except CheckError as error:
        return [], [], str(error)
    return found, [(crash.reason, crash.trace) for crash in crashed], None


def _decoded(found: list[Any], crashed: list[Any], error: str | None) -> Any:
    return [finding(one) for one in found], crashed, error


def _together(rules: Sequence[Rule], answers: Answers, cluster: Cluster) -> tuple[list[Finding], list[Crash]]:
    findings: list[Finding] = []
    crashes: list[Crash] = []
    for number, rule in enumerate(rules):
        found, crashed, error = answers.get(number, ([], [("the process that checked it ended early", "")], None))
        if error is not None:
            raise CheckError(error)
        findings += found
        crashes += [Crash(rule, cluster.name, reason, trace) for reason, trace in crashed]
    return findings, crashes
