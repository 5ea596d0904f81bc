"""Where reports go: standard output, files, colours, and decent endings."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import NoReturn

import click

from callint.report.visible import guarded, visible
from callint.source.files import why


class JobFailed(click.ClickException):
    """callint could not do its job: exit code 2, the text on standard error."""

    exit_code = 2

    def show(self, file: object = None) -> None:
        """Print the reason in one line."""
        tell(self.format_message())


def tell(message: str) -> None:
    """Say a sentence on standard error, where what it quotes of the tree does no harm, if anybody can hear it."""
    with suppress(OSError):
        click.echo(f"callint: {visible(message)}", err=True)


DEBUG = "callint.debug"
"""Where click's contexts keep whether a command was called with --debug."""


def asked_to_debug(ctx: click.Context) -> bool:
    """Whether tracebacks are wanted: by --debug, where a command has it, or by the environment."""
    return bool(ctx.meta.get(DEBUG) or os.environ.get("CALLINT_DEBUG"))


def show_trace(trace: str) -> None:
    """Print a traceback on standard error, where what it quotes of the tree does no harm."""
    with suppress(OSError):
        for line in trace.splitlines():
            click.echo(guarded(visible(line)), err=True)


def fail(message: str) -> NoReturn:
    """Stop with exit code 2 and one sentence."""
    raise JobFailed(message)


def fail_of(limit: Exception, more: str = "") -> NoReturn:
    """The same where more would be needed than the limit of comparisons allows; `more` is what else would do."""
    from callint.steps import MORE

    fail(f"{limit}: {MORE}{more}")


def colour(choice: str) -> bool:
    """Whether to colour: the flag, then NO_COLOR, FORCE_COLOR, TERM=dumb, then whether a terminal reads."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return os.environ.get("TERM") != "dumb" and bool(sys.stdout and sys.stdout.isatty())


def write(text: str) -> None:
    """Print a text to standard output (see `write_all`)."""
    write_all([text])


def write_all(pieces: Iterable[str]) -> None:
    """Print to standard output; a reader that went away (`| head`) ends the program quietly, a full disk does not."""
    if not sys.stdout:
        return
    try:
        sys.stdout.flush()
        stream = getattr(sys.stdout, "buffer", None)
        if stream is None:
            sys.stdout.writelines(pieces)
        else:
            for piece in pieces:
                stream.write(_encoded(piece))  # click's runner of tests hears of no `writelines`
            stream.flush()
    except BrokenPipeError:
        end_quietly()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        fail(f"the report cannot be printed: {why(error)}")


def end_quietly() -> NoReturn:
    """End as a program does that nobody reads any more (128 and SIGPIPE)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(141)


def write_file(path: str, pieces: Iterable[str], *, append: bool = False) -> None:
    """Write one report to a file; raises JobFailed when that cannot be done.

    A new file appears when it is whole. What is there already, be it a link or a device, stays that and is written to.
    """
    try:
        if append or os.path.lexists(path):
            with open(path, "ab" if append else "wb") as stream:
                stream.writelines(map(_encoded, pieces))
        else:
            _create(path, pieces)
    except (OSError, ValueError) as error:
        fail(f'report cannot be written to "{path}": {why(error)}')


def _create(path: str, pieces: Iterable[str]) -> None:
    unfinished = os.path.join(os.path.dirname(path), f".callint.{os.getpid()}.part")
    try:
        with open(unfinished, "xb") as stream:
            stream.writelines(map(_encoded, pieces))
        os.replace(unfinished, path)
    except BaseException:
        with suppress(OSError, ValueError):
            os.unlink(unfinished)
        raise


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
