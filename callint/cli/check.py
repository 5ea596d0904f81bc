"""`callint check`: the linter."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from callint.cli import inputs, output
from callint.cli.catalogue import known_last, plan_of
from callint.finding import SEVERITIES, counted
from callint.report.formats import FORMATS, pieces

if TYPE_CHECKING:
    from callint.baseline import Baseline
    from callint.lint import Lint
    from callint.schema.from_crds import Crds
    from callint.source.bounds import Bounds


def _destinations(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for value in values:
        form, equals, path = value.partition("=")
        if form not in FORMATS or not equals or not path:
            raise click.BadParameter(f'"{value}" is not FORMAT=FILE with one of {", ".join(FORMATS)}')
        if path == "-":
            raise click.BadParameter("standard output is what --format is for")
        if os.path.realpath(path) in [os.path.realpath(known) for _, known in pairs]:
            raise click.BadParameter(f'two reports would be written to "{path}"')
        pairs.append((form, path))
    return pairs


def _debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    ctx.meta[output.DEBUG] = value


@click.command(
    "check",
    epilog="""\b
Examples:
  callint check --facts facts manifests
  callint check --select BGP,no-way-back --format concise
  kustomize build overlays/home | callint check -
  callint check --format github --output sarif=callint.sarif
""",
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=str))
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="What to print.")
@click.option(
    "--output",
    "destinations",
    metavar="FORMAT=FILE",
    multiple=True,
    callback=_destinations,
    help="Also write a report to a file; can be given several times.",
)
@inputs.options
@click.option(
    "--crds",
    type=inputs.FILE,
    metavar="PATH",
    multiple=True,
    help="Judge objects by these CRDs, which the cluster has.",
)
@click.option(
    "--select",
    metavar="RULES",
    multiple=True,
    shell_complete=known_last,
    help="Run only these rules: ids, their beginnings, or names. Manifests that cannot be read are told all the same.",
)
@click.option("--disable", metavar="RULES", multiple=True, shell_complete=known_last, help="Do not run these rules.")
@click.option(
    "--fail-on",
    type=click.Choice([*SEVERITIES, "never"]),
    help="Lowest severity with exit code 1; error, unless the configuration says otherwise.",
)
@click.option("--baseline", metavar="FILE", help="Findings that are known, and not reported again.")
@click.option(
    "--write-baseline", is_flag=True, help="Write all findings there are into the baseline, and report none of them."
)
@click.option(
    "--stdin-filename",
    "stdin_name",
    type=inputs.FILE,
    metavar="FILE",
    help="Take what this file holds from standard input; with - it alone is checked.",
)
@click.option("--no-ignores", is_flag=True, help="Report suppressed findings too.")
@click.option("--no-git-ignore", is_flag=True, help="In folders, read files that git ignores too.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    metavar="NUMBER",
    envvar="CALLINT_JOBS",
    help="How many processes; by default one, more for large trees.",
)
@click.option(
    "--cache/--no-cache",
    default=None,
    envvar="CALLINT_CACHE",
    help="Use what earlier runs found; by default for large trees.",
)
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="When to colour; auto is for terminals.",
)
@click.option(
    "--debug", is_flag=True, callback=_debug, expose_value=False, help="Print tracebacks of errors inside callint."
)
def command(
    paths: tuple[str, ...],
    form: str,
    destinations: list[tuple[str, str]],
    given: inputs.Given,
    crds: tuple[str, ...],
    select: tuple[str, ...],
    disable: tuple[str, ...],
    fail_on: str | None,
    baseline: str | None,
    write_baseline: bool,
    stdin_name: str | None,
    no_ignores: bool,
    no_git_ignore: bool,
    jobs: int | None,
    cache: bool | None,
    color: str,
) -> None:
    """Check manifests: files, folders, globs, or - for standard input.

    Without PATHS, the manifests that the configuration names are checked, else the working directory.

    Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 callint could not do its job.
    """
    from callint.catalogue import RuleError
    from callint.checks import CheckError
    from callint.given import named_singly
    from callint.intake import Means, Measure, read
    from callint.lint import Options, lint_together

    paths, named = inputs.standing_in(paths, stdin_name, given)
    config = given.configuration((*paths, *named))
    plan = plan_of(config, select, disable)
    calico = given.calico()
    where = (*inputs.manifests(paths, given, config), *named)
    own_crds = _crds(crds)
    debug = output.asked_to_debug(click.get_current_context())
    means = Means(jobs or (1 if debug else config.jobs), config.cache if cache is None else cache)
    reading = read(
        where,
        means,
        Measure(config.limits, own_crds),
        ignore=not no_git_ignore,
        excluded=config.excluded,
        stdin_name=stdin_name,
    )
    if reading.empty:
        said = f"`exclude` in {config.file} leaves out" if config.excluded.of_use else ""
        if not said or not paths or not all(path == stdin_name or os.path.isfile(path) for path in paths):
            output.fail(f"no manifests found in {', '.join(where)}{said and f', but for what {said}'}")
        output.tell(f"nothing to check, {said} {', '.join(paths)}")
    if where == ("-",) and not reading.sources.documents and not reading.sources.problems:
        output.fail("standard input is empty")
    known = baseline or config.baseline
    if write_baseline and known is None:
        output.fail("there is no baseline to write, say with --baseline which file is one")
    if write_baseline and destinations:
        output.fail("--write-baseline reports nothing, so there is nothing for --output to write")
    if destinations or write_baseline:
        from callint.cli.spared import spare_all_but_baseline, spare_inputs

        facts = (*given.facts, *(path for about in config.clusters for path in about.facts))
        settings = {"configuration": config.file, "baseline": known}
        spare_inputs([path for _, path in destinations], reading, settings, facts)
        if write_baseline and known:
            spare_all_but_baseline(known)
    options = Options(
        calico,
        given.facts,
        not no_ignores,
        own_crds,
        baseline=None if write_baseline else _baseline(known, None if baseline else config.bounds),
        paths=(*paths, *named_singly(config, paths, ignore=not no_git_ignore)),
        sought=not given.no_config,
    )
    question = None
    if reading.cached:
        from callint.again import Question

        question = Question(reading, config, plan, options)
    try:
        result = question.answer() if question else lint_together(reading, config, plan, options)
    except CheckError as error:
        output.fail(str(error))
    failed = bool(reading.died or result.crashes or result.nothing_read)
    made = result.report
    if failed and not made.findings:
        output.tell("not all was done, and the rule that says why is switched off")
    elif result.nothing_read and not any(one.severity == "error" for one in made.findings):
        output.tell(f"nothing could be read of {counted(made.files, 'file')}, so nothing was checked")
    elif made.files and not (made.objects or made.findings or made.suppressed):
        output.tell(f"no object in {counted(made.files, 'file')}, so nothing was checked")
    try:
        if write_baseline and known and not failed:
            _write_baseline(result, known)
        else:
            _write(result, form, destinations, color)
    except RuleError as error:  # a report explains the rules, whose files may be gone by now
        output.fail(str(error))
    if debug:
        for crash in result.crashes:
            output.show_trace(crash.trace)
    if question:
        question.keep(result)
    if failed:
        sys.exit(2)
    sys.exit(not write_baseline and _exit_code(result, fail_on or config.fail_on))


def _baseline(file: str | None, bounds: Bounds | None) -> Baseline | None:
    if file is None:
        return None
    from callint.config import ConfigError, known_findings

    try:
        return known_findings(file, bounds)
    except ConfigError as error:
        output.fail(str(error))


def _write_baseline(result: Lint, file: str) -> None:
    from callint.baseline import written

    findings = result.report.findings
    output.write_file(file, [written(findings, os.path.dirname(os.path.abspath(file)))])
    output.tell(f'the baseline "{file}" knows {counted(len(findings), "finding")} now')


def _crds(paths: tuple[str, ...]) -> Crds | None:
    if not paths:
        return None
    from callint.schema.from_crds import load_crds

    crds = load_crds(inputs.values(paths))
    if not crds.schemas:
        output.fail(f"no CustomResourceDefinition in {', '.join(paths)}")
    return crds


def _write(result: Lint, form: str, destinations: list[tuple[str, str]], color: str) -> None:
    report = result.report._replace(prefix=_prefix())
    output.write_all(pieces(form, report, colour=form == "text" and output.colour(color)))
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if form == "github" and summary:
        output.write_file(summary, pieces("summary", report), append=True)
    for kind, path in destinations:
        output.write_file(path, pieces(kind, report))


def _prefix() -> str:
    """The way from the repository's root to the working directory, as GitHub Actions or GitLab CI tells it."""
    workspace = os.environ.get("GITHUB_WORKSPACE") or os.environ.get("CI_PROJECT_DIR")
    if not workspace:
        return ""
    relative = os.path.relpath(os.getcwd(), workspace).replace(os.sep, "/")
    return "" if relative in (".", "..") or relative.startswith("../") else relative + "/"


def _exit_code(result: Lint, fail_on: str) -> int:
    if fail_on == "never":
        return 0
    bar = SEVERITIES.index(fail_on)
    return int(any(SEVERITIES.index(finding.severity) <= bar for finding in result.report.findings))
