"""What every command reads alike: manifests, configuration, facts, and the Calico that they are for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from callint.calico.target import DATAPLANES, ROADS
from callint.cli import output
from callint.record import NamedTuple

if TYPE_CHECKING:
    from callint.config import Calico, Config
    from callint.lint import Described
    from callint.objects import Cluster

_READ_ONCE = "standard input is read once, as manifests or as facts"
FILE = click.Path(readable=False)
"""A path that shells complete; who reads it says what is wrong with it."""

CONFIGURATION = click.option(
    "--config",
    "config_file",
    type=FILE,
    metavar="FILE",
    help="Configuration; else callint.yaml is searched upwards.",
)
CLUSTER = click.option("--cluster", "cluster_name", metavar="NAME", help="Which of the configuration's clusters.")
FORM = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="What to print."
)
_OPTIONS = (
    CONFIGURATION,
    click.option("--no-config", is_flag=True, help="Do not look for a configuration."),
    click.option(
        "--calico-version",
        metavar="RELEASE",
        help="Calico release that the manifests are for, such as v3.30 or v3.30.2.",
    ),
    click.option(
        "--applied-with",
        type=click.Choice(ROADS),
        help="How objects reach the cluster: calicoctl or the API server, or kubectl to native v3 or raw v1 CRDs.",
    ),
    click.option("--dataplane", type=click.Choice(DATAPLANES), help="Felix's dataplane."),
    click.option(
        "--facts",
        type=FILE,
        metavar="PATH",
        multiple=True,
        help="Facts of nodes, a file or a folder; can be given several times.",
    ),
)


class Given(NamedTuple):
    """What the command line says of configuration and facts, and of the Calico that the manifests are for."""

    config_file: str | None
    no_config: bool
    calico_version: str | None
    applied_with: str | None
    dataplane: str | None
    facts: tuple[str, ...]

    def configuration(self, paths: tuple[str, ...]) -> Config:
        """The configuration named, or found above the first path; an unusable one ends the program."""
        from callint import config

        if self.no_config:
            if self.config_file is not None:
                output.fail("--config and --no-config exclude each other")
            return config.Config()
        try:
            if self.config_file:
                return config.load(self.config_file)
            first = next((path for path in paths if path != "-"), ".")
            return config.sought(first.split("*")[0] or ".")
        except config.ConfigError as error:
            output.fail(str(error))

    def calico(self) -> Calico:
        """The Calico that is asked for; a release that is none ends the program."""
        from callint.calico import no_road, parse_exact
        from callint.config import Calico

        try:
            release = parse_exact(self.calico_version) if self.calico_version else None
        except ValueError as error:
            output.fail(str(error))
        if said := no_road(release, self.applied_with):
            output.fail(said)
        return Calico(release, self.applied_with, self.dataplane)  # type: ignore[arg-type]  # Choice admits these words


def options(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command with the options that say what is read, and as what; they arrive together, as `given`."""

    @wraps(command)
    def gathered(**values: Any) -> None:
        command(given=Given(*(values.pop(name) for name in Given._fields)), **values)

    for option in reversed(_OPTIONS):
        gathered = option(gathered)
    return gathered


def standing_in(
    paths: tuple[str, ...], stdin_name: str | None, given: Given
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The paths with a file in place of `-`, and this file, if standard input is what it holds."""
    if stdin_name is None:
        return paths, ()
    if not stdin_name or os.path.isdir(stdin_name):
        output.fail(f'--stdin-filename takes the name of a file, and "{stdin_name}" is none')
    if "-" in given.facts:
        output.fail(_READ_ONCE)
    return tuple(stdin_name if path == "-" else path for path in paths), (stdin_name,)


def manifests(paths: tuple[str, ...], given: Given, config: Config) -> tuple[str, ...]:
    """The paths given, else those of the configuration, else the working directory."""
    if "-" in paths and "-" in given.facts:
        output.fail(_READ_ONCE)
    return paths or tuple(root for about in config.clusters for root in about.manifests) or (".",)


def values(files: tuple[str, ...]) -> list[Any]:
    """The documents of files, all of which must be readable."""
    from callint.source import load

    sources = load(files)
    for problem in sources.problems:
        output.fail(f"{problem.span.start}: {problem.message}")
    return [document.value for document in sources.documents]


def cluster(paths: tuple[str, ...], given: Given, name: str | None) -> Cluster:
    """The one cluster that a question is about, which must hold something; `name` chooses among several."""
    from callint.catalogue import RuleError
    from callint.engine import Plan
    from callint.lint import Options, describe
    from callint.rule import load as rules
    from callint.source import load

    config, calico = given.configuration(paths), given.calico()
    where = manifests(paths, given, config)
    sources = load(where, limits=config.limits, excluded=config.excluded)
    try:
        plan = Plan(rules(config.rule_paths))
    except RuleError as error:
        output.fail(str(error))
    described = describe(sources, config, Options(calico, given.facts), plan)
    names = dict.fromkeys([about.name for about in config.clusters] + [one.name for one in described.clusters])
    if name is not None and name not in names:
        output.fail(f'no cluster "{name}" in the configuration, these are: {", ".join(names)}')
    found = [one for one in described.clusters if name in (None, one.name)]
    if len(found) > 1:
        output.fail(
            f"there are {len(found)} clusters, say with --cluster which: {', '.join(one.name for one in found)}"
        )
    _tell_unread(found, described, (*paths, *given.facts))
    if not any(one.all for one in found):
        output.fail(f"no manifests found in {', '.join(where)}")
    return found[0]


def _tell_unread(asked: Iterable[Cluster], described: Described, named: Iterable[str]) -> None:
    """End where a path that the command line names leads nowhere; say of which other files not all is known."""
    from callint.finding import counted
    from callint.source.discover import STDIN, show

    shown = {STDIN if path == "-" else show(path) for path in named}
    facts = [document for sources in described.facts for document in sources.documents if not document.complete]
    partly = {document.file for documents in (facts, *(one.incomplete for one in asked)) for document in documents}
    partly |= {one.span.file for one in described.findings if one.name in ("facts-invalid", "facts-duplicate")}
    for sources in (described.sources, *described.facts):
        for problem in sources.problems:
            file = problem.span.file
            if file in sources.unreadable and file in shown:
                output.fail(f"{file}: {problem.message}")
            if file in sources.unreadable or problem.kind == "document-limit":
                partly.add(file)
    if partly:
        first, *others = sorted(partly)
        more = f" and {counted(len(others), 'other file')}" if others else ""
        output.tell(f"{first}{more} could not be read as a whole, `callint check` says why: the rest is not known here")
