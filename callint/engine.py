"""Catalogue and cluster to findings: runs the checks, isolates a crash of one, gives everything an order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any

from callint.catalogue import Catalogue, Rule
from callint.checks import Breach, CheckError, concerns, find
from callint.finding import SEVERITIES, Finding, Problem, Severity, Span
from callint.objects import Cluster, Resource
from callint.record import NamedTuple
from callint.rule import placed
from callint.shipped import directory


class Setting(NamedTuple):
    """What the configuration says about one rule, and where; None leaves the rule as it is.

    One that is not `selected` does not run either, but nobody switched it off.
    """

    enabled: bool | None = None
    severity: Severity | None = None
    parameters: Mapping[str, Any] = {}
    place: str = ""
    selected: bool = True


_SILENT = Setting()


class Crash(NamedTuple):
    """A check that raised: the rule, one line about the error, and the traceback for --debug."""

    rule: Rule
    cluster: str
    reason: str
    trace: str


class Plan(NamedTuple):
    """The catalogue under a configuration: which rules run, with which severity and parameters; settings by rule id."""

    catalogue: Catalogue
    settings: Mapping[str, Setting] = {}

    def enabled(self, rule: Rule) -> bool:
        """Whether the rule runs."""
        return self.wanted(rule) and self.settings.get(rule.id, _SILENT).selected

    def wanted(self, rule: Rule) -> bool:
        """Whether nobody switched the rule off, be it among those that are asked for now or not."""
        said = self.settings.get(rule.id, _SILENT).enabled
        return rule.enabled if said is None else said

    def severity(self, rule: Rule) -> Severity:
        """The severity of a proven breach."""
        return self.settings.get(rule.id, _SILENT).severity or rule.severity

    def weighed(self, identifier: str) -> bool:
        """Whether the configuration gives the rule a severity of its own."""
        return self.settings.get(identifier, _SILENT).severity is not None

    def parameters(self, rule: Rule) -> Mapping[str, Any]:
        """The rule's parameters with the configuration's over them.

        `told_by` is a rule that tells of some of what this one looks for; None where that is switched off.
        """
        own = self.settings.get(rule.id, _SILENT).parameters
        given = {**rule.parameters, **own} if own else rule.parameters
        other = given.get("told_by")
        silent = isinstance(other, str) and self.settings.get(other, _SILENT).enabled is False
        return {**given, "told_by": None} if silent else given

    def place(self, rule: Rule, parameter: str) -> str:
        """Where a parameter is given: file, line and column; where none is named, what the configuration gives."""
        setting = self.settings.get(rule.id, _SILENT)
        configured = parameter in setting.parameters if parameter else bool(setting.parameters)
        return setting.place if configured else placed(rule, parameter)


def _finding(rule: Rule, severity: Severity, breach: Breach, cluster: str) -> Finding:
    return Finding(
        rule.id,
        rule.name,
        "info" if breach.undecided else severity,
        breach.message,
        breach.span,
        breach.object,
        pointer(breach.path),
        cluster,
        breach.related,
        breach.witness,
        breach.help,
    )


def pointer(path: Iterable[str | int]) -> str:
    """A path as a JSON pointer (RFC 6901)."""
    return "".join(["/" + str(step).replace("~", "~0").replace("/", "~1") for step in path])


def report_problems(
    plan: Plan,
    problems: Iterable[Problem],
    cluster: str = "default",
    resource: Resource | None = None,
    *,
    selected: bool = True,
) -> list[Finding]:
    """Findings for what an earlier stage saw; `path` is cut to be the object's own where one is given.

    Unless they have to be `selected`, errors are told that nobody switched off: what was not read is not clean.
    A problem whose kind no rule reports is a mistake in the catalogue: KeyError.
    """
    about, above = (resource.ref, len(resource.base)) if resource else (None, 0)
    found = []
    for kind, span, message, related, path, help_ in problems:
        rule = plan.catalogue.get(kind)
        if rule is None:
            raise KeyError(f'no rule reports the problem "{kind}"')
        if plan.enabled(rule) or (not selected and rule.severity == "error" and plan.wanted(rule)):
            if not message.isprintable():
                from callint.validate.scope import shown

                message = shown(message)
            breach = Breach(message, span, about, path[above:], related, None, help_)
            found.append(_finding(rule, plan.severity(rule), breach, cluster))
    return found


def run(plan: Plan, cluster: Cluster) -> tuple[list[Finding], list[Crash]]:
    """All findings of all enabled checks about one cluster, in no particular order, and the checks that crashed."""
    findings: list[Finding] = []
    crashes: list[Crash] = []
    for rule in plan.catalogue:
        if rule.staged or not plan.enabled(rule) or _idle(plan, rule, cluster):
            continue
        try:
            breaches = list(find(rule.check)(cluster, plan.parameters(rule)))
        except CheckError as error:
            raise CheckError(f"{plan.place(rule, error.parameter)}: {error}") from error
        except Exception as error:  # whatever a check raises must not hide the findings of the others
            import traceback

            reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
            crashes.append(Crash(rule, cluster.name, reason, traceback.format_exc()))
            continue
        severity = plan.severity(rule)
        findings += [_finding(rule, severity, breach, cluster.name) for breach in breaches]
    return findings, crashes


def _idle(plan: Plan, rule: Rule, cluster: Cluster) -> bool:
    """Whether nothing can come of a rule, so that its check is not even imported; parameters of users are looked at."""
    ours = plan.parameters(rule) is rule.parameters and rule.file.startswith(directory("rules"))
    return ours and not concerns(rule.check, cluster)


def crash_finding(plan: Plan, crash: Crash, where: Span) -> Finding:
    """The one finding that names a check which crashed."""
    rule = plan.catalogue.get("check-crashed")
    if rule is None:
        raise KeyError('no rule reports "check-crashed"')
    message = f'rule "{crash.rule.id} {crash.rule.name}" could not be checked: {crash.reason}'
    return _finding(rule, plan.severity(rule), Breach(message, where, help=_CRASH_HELP), crash.cluster)


_CRASH_HELP = "this is a bug in callint: please report it with the output of --debug"


def order(findings: Iterable[Finding]) -> list[Finding]:
    """Sort by place, then severity and rule; the same finding said twice, or of several aliases, is kept once."""
    ordered: list[Finding] = []
    for _, here in groupby(sorted(findings, key=_PLACE), _PLACE):
        several = list(here)
        if len(several) > 1:
            first: dict[Finding, Finding] = {}
            for one in sorted(several, key=_rank):
                first.setdefault(one._replace(path=""), one)
            several = list(first.values())
        ordered += several
    return ordered


_PLACE = attrgetter("span")


def _rank(one: Finding) -> tuple[int | str, ...]:
    """What decides about the order of findings at one place."""
    return SEVERITIES.index(one.severity), one.rule, one.message, one.cluster, one.path, str(one.witness)
