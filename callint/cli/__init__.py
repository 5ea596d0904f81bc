"""The command line: one module a command, imported when it is called."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from callint import __version__

COMMANDS = {
    "check": "Check manifests and report what is wrong.",
    "explain": "Explain one rule: why it matters, how to mend it, examples.",
    "facts": "Print the facts of a node that manifests cannot say, as YAML.",
    "routes": "Tell the BGP sessions, what each exports and imports, and why.",
    "rules": "List the rules.",
    "schema": "Show the schema of a kind, or make schemas from a cluster's CRDs.",
    "trace": "Follow one packet through the chains of a node.",
}

_AS_OTHERS_CALL_IT = {
    "-f": "`--format`",
    "-o": "`--output`",
    "--exclude": "`exclude:` in callint.yaml",
    "--exit-zero": "`--fail-on never`",
    "--ignore": "`--disable`",
    "--no-color": "`--color never`",
    "--skip": "`--disable`",
    "--strict": "`--fail-on warning`",
}
"""What other linters have as options, and what says it here."""


class _Commands(click.Group):
    """The commands by name; help is answered from COMMANDS without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"callint.cli.{cmd_name}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """The command that is named first; of what is none, what was probably meant."""
        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            ctx.fail(f'"{args[0]}" is no command, {_meant(args[0])}')
        return super().resolve_command(ctx, args)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Read the arguments, some of which are answered at once; a reader that went away ends that quietly."""
        try:
            return super().make_context(*args, **extra)
        except KeyboardInterrupt:
            _interrupted()
        except BrokenPipeError:
            _end_quietly()

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a bug ends in one sentence and exit code 2, with the traceback only where it is asked for."""
        try:
            _stand_somewhere()
            return super().invoke(ctx)
        except click.NoSuchOption as error:
            here = _AS_OTHERS_CALL_IT.get(error.option_name)
            if here is None or error.ctx is None or error.ctx.command.name != "check":
                raise
            error.ctx.fail(f'"{error.option_name}" is no option, did you mean {here}')
        except (click.ClickException, click.exceptions.Exit, click.Abort, MemoryError):
            raise
        except KeyboardInterrupt:
            _interrupted()
        except BrokenPipeError:
            _end_quietly()
        except Exception as error:
            if isinstance(error, OSError) and error.filename is None:  # click could not print
                raise
            from callint.cli.output import asked_to_debug, show_trace, tell

            debug = asked_to_debug(ctx)
            if debug:
                from traceback import format_exc

                show_trace(format_exc())
            reason = f"{type(error).__name__}: {error}"[:200]
            tell(f"internal error: {reason}")
            tell(f"please report it, with {'this traceback' if debug else 'what CALLINT_DEBUG=1 prints'}")
            ctx.exit(2)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _meant(name: str) -> str:
    from callint.suggest import nearest

    if os.path.exists(name):
        from shlex import quote

        return f"did you mean `callint check {quote(name)}`"
    near = nearest(name, COMMANDS)
    return f'did you mean "{near}"' if near else f"these are: {', '.join(COMMANDS)}"


def _stand_somewhere() -> None:
    try:
        os.getcwd()
    except OSError:
        from callint.cli.output import fail

        fail("the working directory is gone")


def _interrupted() -> NoReturn:
    from callint.cli.output import tell

    tell("interrupted")
    sys.exit(130)


def _end_quietly() -> NoReturn:
    from callint.cli.output import end_quietly

    end_quietly()


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  callint check manifests
  callint explain BGP001
""",
)
@click.version_option(__version__, prog_name="callint", message="%(prog)s %(version)s")
def main() -> None:
    """Lint Calico manifests: BGP, IP pools, host endpoints and policy, as the network that they describe together."""
