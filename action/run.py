"""What action.yml runs: install callint beside the job, check, annotate, and tell the outputs. Standard library only.

Inputs come as CALLINT_* variables and are untrusted, like the manifests: a pull request may choose both. Every Python
is started isolated (-I), so that a `pip` folder in the working directory is never imported.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping
from typing import NamedTuple

REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ISOLATED = ("-I", "-X", "utf8")
PLAIN_INPUTS = ("config", "calico-version", "fail-on")


class InputError(Exception):
    """An input that cannot be used; the text names it."""


class Inputs(NamedTuple):
    """The inputs of action.yml, checked: `options` and `paths` are for `callint check`."""

    options: tuple[str, ...]
    paths: tuple[str, ...]
    sarif_file: str
    annotations: bool
    summary: bool
    cel: bool


def inputs(environ: Mapping[str, str]) -> Inputs:
    """Read the inputs; raises InputError for one that is malformed or would be taken for an option."""

    def given(name: str) -> str:
        return environ.get("CALLINT_" + name.upper().replace("-", "_"), "").strip()

    options = _words(given("args"))
    for name in PLAIN_INPUTS:
        if given(name):
            options.append(f"--{name}={_no_option(name, given(name))}")
    lines = (line.strip() for line in given("paths").split("\n"))
    return Inputs(
        options=tuple(options),
        paths=tuple(_no_option("paths", line) for line in lines if line),
        sarif_file=_no_option("sarif-file", given("sarif-file")),
        annotations=_switch("annotations", given("annotations")),
        summary=_switch("summary", given("summary")),
        cel=_switch("cel", given("cel"), otherwise=False),
    )


def _words(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InputError(f'the input "args" cannot be read: {error}') from error
    if "--" in words:
        raise InputError('the input "args" holds options alone, "--" was found: give paths in the input "paths"')
    return words


def _no_option(name: str, value: str) -> str:
    if value.startswith("-"):
        raise InputError(f'the input "{name}" has "{value}", which begins with "-": write "./{value}" if it is a file')
    if "\n" in value or "\r" in value:
        raise InputError(f'the input "{name}" has more than one line')
    return value


def _switch(name: str, value: str, *, otherwise: bool = True) -> bool:
    if not value:
        return otherwise
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise InputError(f'the input "{name}" is "{value}", expected true or false')


def install(folder: str, *, cel: bool) -> str:
    """A virtual environment with this very callint; returns its Python. The user's own Python is left alone."""
    venv.create(folder, with_pip=True)
    python = os.path.join(folder, *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
    subprocess.run([python, *ISOLATED, "-m", "pip", "install", *quiet, REPOSITORY + "[cel]" * cel], check=True)
    return python


def check(python: str, wanted: Inputs, folder: str) -> int:
    """Run `callint check` once, with a report for people in the log and annotations after it; the exit code.

    Whatever quotes the manifests is printed while workflow commands are off, behind a token nobody can guess.
    """
    text, report = os.path.join(folder, "report.txt"), os.path.join(folder, "report.json")
    outputs = [f"text={text}", f"json={report}", *([f"sarif={wanted.sarif_file}"] if wanted.sarif_file else [])]
    command = [python, *ISOLATED, "-m", "callint", "check", *wanted.options, "--format=github"]
    command += [f"--output={output}" for output in outputs]
    environment = dict(os.environ)
    if not wanted.summary:
        environment.pop("GITHUB_STEP_SUMMARY", None)
    before = _stamp(wanted.sarif_file)
    token = secrets.token_hex(16)
    _print(f"::stop-commands::{token}\n".encode())
    done = subprocess.run(
        [*command, "--", *wanted.paths], env=environment, stdin=subprocess.DEVNULL, capture_output=True
    )
    _print(done.stderr + _content(text) + f"\n::{token}::\n".encode())
    made = _content(report)
    code = done.returncode
    if code == 2 or not made:  # said first, since the runner shows ten errors
        undone = "do all of its job" if made else "check anything"
        *_, said = [b"see the log above", *done.stderr.splitlines()]
        reason = said.decode("utf-8", "backslashreplace").removeprefix("callint: ").removeprefix("Error: ")
        code = _fail(f"callint could not {undone}: {reason}")
    if wanted.annotations:
        _print(done.stdout)
    tell(_outputs(made, wanted.sarif_file if _stamp(wanted.sarif_file) != before else ""))
    return code


def _stamp(file: str) -> tuple[int, int] | None:
    """What changes when a file is written; None where there is none."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _outputs(report: bytes, sarif_file: str) -> dict[str, str]:
    if not report:
        return {}
    plain = json.loads(report)
    counts = {"findings": str(len(plain["findings"])), "errors": str(plain["summary"]["errors"])}
    return {**counts, "sarif-file": sarif_file} if sarif_file else counts


def tell(outputs: Mapping[str, str]) -> None:
    """Append to GITHUB_OUTPUT, each value between delimiters that it cannot contain by guess."""
    file = os.environ.get("GITHUB_OUTPUT")
    if not file:
        return
    with open(file, "a", encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
        for name, value in outputs.items():
            delimiter = f"end-{secrets.token_hex(16)}"
            stream.write(f"{name}<<{delimiter}\n{value}\n{delimiter}\n")


def _content(file: str) -> bytes:
    try:
        with open(file, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return b""


def _print(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _fail(message: str) -> int:
    escaped = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    _print(f"::error title=callint::{escaped}\n".encode("utf-8", "backslashreplace"))
    return 2


def main() -> int:
    """The exit code of `callint check`, or 2 when it could not be asked."""
    try:
        wanted = inputs(os.environ)
    except InputError as error:
        return _fail(str(error))
    with tempfile.TemporaryDirectory(prefix="callint-", dir=os.environ.get("RUNNER_TEMP")) as folder:
        try:
            python = install(os.path.join(folder, "venv"), cel=wanted.cel)
        except (subprocess.CalledProcessError, SystemExit):  # the second of a venv of Debian that lacks its package
            return _fail("callint could not be installed: see the log above")
        return check(python, wanted, folder)


if __name__ == "__main__":
    sys.exit(main())
