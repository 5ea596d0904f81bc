"""The command line: one module a command, imported when it is called."""

from __future__ import annotations

from importlib import import_module

import click

from callint import __version__

COMMANDS = {
    "check": "Check manifests and report what is wrong.",
    "explain": "Explain one rule: why it matters, how to mend it, examples.",
    "facts": "Print the facts of a node that manifests cannot say, as YAML.",
    "rules": "List the rules.",
}


class _Commands(click.Group):
    """The commands by name; help is answered from COMMANDS without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"callint.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="callint", message="%(prog)s %(version)s")
def main() -> None:
    """Lint Calico manifests: BGP, IP pools, host endpoints and policy, as the network that they describe together."""
