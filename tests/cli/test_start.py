"""A process of callint's own starts in a hurry, and says the same as one that does not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from callint import __version__

LEAN = "from callint.__main__ import run; run()"
STOOD_IN_FOR = ("datetime", "gettext", "inspect", "threading", "uuid", "weakref")
AS_A_LIBRARY = f"import {', '.join(STOOD_IN_FOR)}; from callint.cli import main; main(prog_name='callint')"


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
        f"print(sorted(sys.modules.keys() & {{'click', {', '.join(map(repr, STOOD_IN_FOR))}}}))\n"
        f"import click, {', '.join(STOOD_IN_FOR)}\n"
        "print(datetime.date(2026, 1, 2), gettext.NullTranslations().ngettext('one', 'more', 2))\n"
        "print(weakref.WeakKeyDictionary is dict, threading.local is type(click.globals._local))\n"
        "print(inspect.signature(click.echo).parameters['err'], uuid.UUID(int=1).version)\n"
        "print(click.core.inspect.isfunction(print), click.core.inspect.cleandoc(' a\\n   b'))\n"
    )
    assert output("import sys; assert 'inspect' not in sys.modules\n" + code) == (
        0,
        "['click']\n2026-01-02 more\nFalse False\nerr: 'bool' = False None\nFalse a\nb\n",
        "",
    )


def test_one_who_asks_a_stand_in_for_more_gets_it_from_the_true_module() -> None:
    code = (
        "import sys\n"
        "class Early:\n"  # as another version of click might ask, while it is imported
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'click.types':\n"
        "            import threading, weakref; print(threading.Lock().locked(), weakref.ref.__name__)\n"
        "sys.meta_path.insert(0, Early())\n"
        "from callint.__main__ import run; run()\n"
    )
    assert output(code, "--version") == (0, f"False ReferenceType\ncallint {__version__}\n", "")


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
        f"    {', '.join(map(repr, STOOD_IN_FOR))}, 'locale', 'string', 'yaml',\n"
        "    'callint.policy', 'callint.schema.explain', 'jsonschema')])\n"
        "sys.argv = ['callint', 'check', '--no-config', '-']\n"
    )
    text = (
        "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata:\n  name: a\nspec:\n  nets: [10.0.0.0/8]\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", code + LEAN], input=text, capture_output=True, text=True, timeout=60, check=True
    )
    assert process.stdout.splitlines()[-1] == "0 []"
