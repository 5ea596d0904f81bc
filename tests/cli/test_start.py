"""A process of callint's own starts in a hurry, and says the same as one that does not."""

from __future__ import annotations

import subprocess
import sys

import pytest

LEAN = "from callint.__main__ import run; run()"
AS_A_LIBRARY = "import inspect, uuid; from callint.cli import main; main(prog_name='callint')"


def output(code: str, *words: str) -> tuple[int, str, str]:
    process = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=60)
    return process.returncode, process.stdout, process.stderr


@pytest.mark.parametrize(
    "words",
    [("--help",), ("check", "--help"), ("trace", "--help"), ("--version",), ("check", "--format", "none"), ("no",), ()],
    ids=" ".join,
)
def test_it_says_the_same(words: tuple[str, ...]) -> None:
    assert output(LEAN, *words) == output(AS_A_LIBRARY, *words)


def test_what_imports_the_modules_that_click_did_without_gets_the_true_ones() -> None:
    code = (
        "import callint.__main__, sys; callint.__main__._import_click()\n"
        "print('inspect' in sys.modules, 'uuid' in sys.modules, 'click' in sys.modules)\n"
        "import click, inspect, uuid\n"
        "print(inspect.signature(click.echo).parameters['err'], uuid.UUID(int=1).version)\n"
        "print(click.core.inspect.isfunction(print), click.core.inspect.cleandoc(' a\\n   b'))\n"
    )
    assert output("import sys; assert 'inspect' not in sys.modules\n" + code) == (
        0,
        "False False True\nerr: 'bool' = False None\nFalse a\nb\n",
        "",
    )


def test_a_process_that_has_click_already_keeps_it() -> None:
    code = (
        "import click, uuid, callint.__main__\n"
        "callint.__main__._import_click()\n"
        "value = click.UUID.convert(str(uuid.UUID(int=1)), None, None)\n"
        "print(type(value) is uuid.UUID, value)\n"
    )
    assert output(code) == (0, "True 00000000-0000-0000-0000-000000000001\n", "")


def test_a_small_run_imports_no_network_model() -> None:
    code = (
        "import sys, os\n"
        "os._exit = lambda code: print(code, [name for name in sorted(sys.modules) if name in (\n"
        "    'inspect', 'uuid', 'yaml', 'callint.policy', 'callint.schema.explain', 'jsonschema')])\n"
        "sys.argv = ['callint', 'check', '--no-config', '-']\n"
    )
    text = (
        "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata:\n  name: a\nspec:\n  nets: [10.0.0.0/8]\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", code + LEAN], input=text, capture_output=True, text=True, timeout=60, check=True
    )
    assert process.stdout.splitlines()[-1] == "0 []"
