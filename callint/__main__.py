"""The program: `callint`, or `python -m callint`."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress


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
        from callint.cli import main

        main(prog_name="callint")
    except SystemExit as ending:
        code = ending.code or 0
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
