"""What `--help` shows can be typed, shells complete it, and what is mistyped is understood."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from callint.cli import COMMANDS, main


def examples(command: click.Command) -> Iterator[list[str]]:
    """The arguments of each example under a command's help, and of those below it."""
    for line in (command.epilog or "").splitlines():
        _, called, arguments = line.rpartition("callint ")
        if called:
            yield shlex.split(arguments.partition(" > ")[0])
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from examples(below)


def shown() -> Iterator[list[str]]:
    """The arguments of each call that a page shows with an option."""
    root = Path(__file__).resolve().parents[2]
    for page in (root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").glob("*.md"))):
        for call in re.findall(r"(?<=[/`( \n])callint ([a-z][^|>)&`\n]* --[^|>)&`\n]*)", page.read_text("utf-8")):
            yield shlex.split(call.removesuffix("--"))


@pytest.mark.parametrize("arguments", [*examples(main), *shown()], ids=" ".join)
def test_an_example_is_understood(arguments: list[str]) -> None:
    command: click.Command | None = main
    while isinstance(command, click.Group):
        command = command.get_command(click.Context(command), arguments[0])
        arguments = arguments[1:]
    assert command is not None
    assert command.make_context("callint", arguments).args == []


def test_there_are_examples_of_what_takes_many_options() -> None:
    assert {arguments[0] for arguments in examples(main)} == {"check", "explain", "facts", "routes", "schema", "trace"}


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("exp", ["explain"]),
        ("explain bgp00", [f"BGP00{number}" for number in range(1, 10)]),
        ("explain no-way", ["no-way-back"]),
        ("check --select no-way", ["no-way-back"]),
        ("check --select BGP001,nat,no-way", ["BGP001,nat,no-way-back"]),
        ("check --disable BGP001,BGP01", [f"BGP001,BGP01{number}" for number in range(10)]),
        ("explain BGP001,no-way", []),
        ("schema show bg", ["BGPConfiguration", "BGPFilter", "BGPPeer"]),
        ("check --fail-on n", ["never"]),
    ],
)
def test_a_shell_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, completed: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    *arguments, begun = typed.split()
    shell = ShellComplete(main, {}, "callint", "_CALLINT_COMPLETE")
    assert [one.value for one in shell.get_completions(arguments, begun)] == completed


def test_a_shell_goes_on_without_a_configuration_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "callint.yaml").write_text("rules: [")
    shell = ShellComplete(main, {}, "callint", "_CALLINT_COMPLETE")
    assert [one.value for one in shell.get_completions(["explain"], "no-way")] == ["no-way-back"]


def test_a_shell_has_nothing_for_what_is_no_command() -> None:
    assert ShellComplete(main, {}, "callint", "_CALLINT_COMPLETE").get_completions(["xyzzy"], "m") == []


@pytest.mark.parametrize("typed", ["check --config c", "check --facts f", "routes --facts f", "facts --address a"])
def test_a_shell_completes_paths(typed: str) -> None:
    *arguments, begun = typed.split()
    shell = ShellComplete(main, {}, "callint", "_CALLINT_COMPLETE")
    assert [one.type for one in shell.get_completions(arguments, begun)] == ["file"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("expain", 'did you mean "explain"'),
        ("manifests", "did you mean `callint check manifests`"),
        ("my manifests", "did you mean `callint check 'my manifests'`"),
        ("xyzzy", f"these are: {', '.join(COMMANDS)}"),
    ],
)
def test_what_is_no_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, meant: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "manifests").mkdir()
    (tmp_path / "my manifests").mkdir()
    done = CliRunner().invoke(main, [typed])
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (2, f'Error: "{typed}" is no command, {meant}')


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("--ignore POL001", "`--disable`"),
        ("--exit-zero", "`--fail-on never`"),
        ("-f json", "`--format`"),
        ("--exclude charts", "`exclude:` in callint.yaml"),
    ],
)
def test_an_option_may_be_called_as_other_linters_do(typed: str, meant: str) -> None:
    done = CliRunner().invoke(main, ["check", *typed.split()])
    said = f'Error: "{typed.split()[0]}" is no option, did you mean {meant}'
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (2, said)


def test_a_kind_alone_is_no_command_of_schema() -> None:
    done = CliRunner().invoke(main, ["schema", "BGPPeer"])
    said = 'Error: "BGPPeer" is no command, did you mean `callint schema show BGPPeer`'
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (2, said)
