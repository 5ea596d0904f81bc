"""The program: `callint`, or `python -m callint`."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from types import ModuleType
from typing import Any


class _Inspect(ModuleType):
    """`inspect`, which reads Python's syntax, but for the one function that click calls in every run."""

    def __getattr__(self, name: str) -> Any:
        import inspect

        return getattr(inspect, name)

    def cleandoc(self, text: str) -> str:
        """The text itself, if there is nothing to clean."""
        return text if "\n" not in text and text == text.strip() else self.__getattr__("cleandoc")(text)


def _import_click() -> None:
    """Import click without two modules of which it needs next to nothing, and which cost as much as the rest of it.

    Whoever else imports them gets the true ones.
    """
    if not {"click", "inspect", "uuid"}.isdisjoint(sys.modules):
        return
    uuid = ModuleType("uuid")
    uuid.UUID = type("UUID", (), {})  # type: ignore[attr-defined]  # the type of an option, which no command has
    sys.modules.update(uuid=uuid, inspect=_Inspect("inspect"))
    try:
        import click  # noqa: F401  # for the others to find
    finally:
        del sys.modules["uuid"], sys.modules["inspect"]


def run() -> None:
    """Run the command line in a process of its own.

    What a linter makes lives as long as it does: collecting garbage in between, and taking everything apart at the end,
    would cost a small run a tenth of its time.
    """
    gc.disable()
    import callint

    callint.alone = True
    code: object = 2
    try:
        _import_click()
        from callint.cli import main

        main(prog_name="callint")
    except SystemExit as ending:
        code = ending.code or 0
        kept = ending  # noqa: F841  # with the frames that it holds, and all that was made in them
    except KeyboardInterrupt:
        code = 130
    except OSError as error:  # what click prints itself, to a full disk
        if sys.stderr:
            sys.stderr.write(f"callint: {error.strerror or error}\n")
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError):  # closed or full: nobody is there to be told
            stream.flush()
    os._exit(code if isinstance(code, int) else 2)


if __name__ == "__main__":
    run()
