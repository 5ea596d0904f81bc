"""`callint schema`: the schemas that objects are judged by, as plain JSON Schema."""

from __future__ import annotations

import shlex
from typing import Any

import click

from callint.calico.target import ROADS
from callint.cli import inputs, output


class _Commands(click.Group):
    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """The command that is named first; what is none is the kind that is to be shown."""
        if args[0] not in self.commands and not args[0].startswith("-") and not ctx.resilient_parsing:
            ctx.fail(f'"{args[0]}" is no command, did you mean `callint schema show {shlex.quote(args[0])}`')
        return super().resolve_command(ctx, args)


@click.group("schema", cls=_Commands)
def command() -> None:
    """Show schemas, or make them from the CRDs that a cluster really has."""


def _known(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    from callint.schema.catalogue import OWN, calico_kinds

    return [name for name in (*sorted(calico_kinds()), *OWN) if name.lower().startswith(begun.lower())]


@command.command(
    "show",
    short_help="Print the schema of a kind in one release.",
    epilog="Example: callint schema show BGPPeer --calico-version v3.28",
)
@click.argument("kind", shell_complete=_known)
@click.option("--calico-version", metavar="RELEASE", help="Release; else the newest.")
@click.option(
    "--applied-with",
    type=click.Choice(ROADS),
    default="calicoctl",
    show_default=True,
    help="How objects reach the cluster.",
)
def show(kind: str, calico_version: str | None, applied_with: str) -> None:
    """Print the JSON Schema (2020-12) of a Calico KIND as one release has it.

    KIND may also be what callint itself reads or writes: callint (for callint.yaml), facts, rule, baseline, report,
    routes or trace.
    """
    from callint.calico import NEWEST, format_release, no_road, parse_exact
    from callint.schema import catalogue
    from callint.schema.history import at
    from callint.suggest import did_you_mean, nearest

    try:
        release = parse_exact(calico_version) if calico_version else NEWEST
    except ValueError as error:
        output.fail(str(error))
    if kind in catalogue.OWN:
        output.write(catalogue.read_own(kind))
        return
    kinds = catalogue.calico_kinds()
    if said := no_road(release, applied_with):
        output.fail(said)
    if kind not in kinds:
        output.fail(f'"{kind}" is no kind of Calico{did_you_mean(nearest(kind, kinds))}')
    try:
        schema = at(catalogue.read(kind), release, applied_with)  # type: ignore[arg-type]  # click.Choice admits roads only
    except LookupError:
        output.fail(f'Calico {format_release(release)} has no kind "{kind}"')
    output.write(_json(schema))


@command.command(
    "from-crds",
    short_help="Print the schemas of the CRDs of a cluster.",
    epilog="Example: kubectl get crd -o yaml | callint schema from-crds -",
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=str))
def from_crds(files: tuple[str, ...]) -> None:
    """Print the JSON Schemas of the CRDs in FILES, as `kubectl get crd -o yaml` gives them.

    `callint check --crds` takes the same FILES.
    """
    from callint.schema.from_crds import definitions

    found = {f"{one.api_version}/{one.kind}": one.schema for one in definitions(inputs.values(files))}
    if not found:
        output.fail(f"no CustomResourceDefinition in {', '.join(files)}")
    output.write(_json(found))


def _json(value: Any) -> str:
    import json

    return json.dumps(value, indent=2, sort_keys=True) + "\n"
