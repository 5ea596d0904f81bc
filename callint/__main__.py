"""The program: `callint`, or `python -m callint`."""

from __future__ import annotations

import gc
import os
import sys


def run() -> None:
    """Run the command line in a process of its own.

    What a linter makes lives as long as it does: collecting garbage in between, and taking everything apart at the end,
    would cost a small run a tenth of its time.
    """
    gc.disable()
    import callint

    callint.alone = True
    from callint.cli import main

    try:
        main(prog_name="callint")
    except SystemExit as ending:
        if ending.code is not None and not isinstance(ending.code, int):
            raise
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ending.code or 0)


if __name__ == "__main__":
    run()
