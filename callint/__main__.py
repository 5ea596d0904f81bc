"""The program: `callint`, or `python -m callint`."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import Any


class _StandIn(ModuleType):
    """A module as far as click needs it in every run; whoever asks it for more gets that of the true one."""

    def __init__(self, name: str, **given: object) -> None:
        super().__init__(name)
        self.__dict__.update(given)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self.leave()
        return getattr(import_module(self.__name__), name)

    def leave(self) -> None:
        """Let the next import find the true module."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]


def _cleandoc(text: str) -> str:
    """The text itself, if there is nothing to clean."""
    if "\n" not in text and text == text.strip():
        return text
    import inspect

    return inspect.cleandoc(text)


def _stand_ins() -> list[_StandIn]:
    """For modules of which click needs next to nothing, and which cost as much as the rest of it.

    No command has an option of the two types, nobody has translated click, and one thread is all there is.
    """
    return [
        _StandIn("inspect", cleandoc=_cleandoc),
        _StandIn("uuid", UUID=type("UUID", (), {})),
        _StandIn("datetime", datetime=type("datetime", (), {})),
        _StandIn("gettext", gettext=lambda text: text, ngettext=lambda one, more, count: one if count == 1 else more),
        _StandIn("threading", local=type("local", (), {})),
        _StandIn("weakref", WeakKeyDictionary=dict),
    ]


def _import_click() -> None:
    """Import click with stand-ins for some of what it imports; whoever else imports these gets the true ones."""
    stand_ins = [] if "click" in sys.modules else [one for one in _stand_ins() if one.__name__ not in sys.modules]
    sys.modules.update((one.__name__, one) for one in stand_ins)
    try:
        import click  # noqa: F401  # for the others to find
    finally:
        for one in stand_ins:
            one.leave()


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
    except MemoryError:  # to take apart what was made would need some, and to say more
        with suppress(OSError):
            os.write(2, b"callint: out of memory\n")
        os._exit(2)
    except OSError as error:  # what click prints itself, to a full disk
        with suppress(AttributeError, OSError):  # as below
            sys.stderr.write(f"callint: {error.strerror or error}\n")
    except Exception as error:  # what a shell that completes gives to click, or a bug
        if os.environ.get("CALLINT_DEBUG"):
            raise
        with suppress(AttributeError, OSError):
            sys.stderr.write(f"callint: internal error: {type(error).__name__}: {error}\n")
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError):  # closed or full: nobody is there to be told
            stream.flush()
    os._exit(code if isinstance(code, int) else 2)


if __name__ == "__main__":
    run()
