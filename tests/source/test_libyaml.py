"""callint's own process has the parser without PyYAML's other modules; others who share a process have all of it."""

from __future__ import annotations

import subprocess
import sys


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout


def test_a_process_of_its_own_does_without_the_rest() -> None:
    assert run(
        "import callint, sys; callint.alone = True\n"
        "from callint.source import parse\n"
        "print([problem.kind for text in ('a: [1', 'a: \\x01', 'a: {b: c}') for problem in parse(text).problems])\n"
        "names = ['yaml', 'yaml.reader', 'yaml.resolver', 'yaml.constructor']\n"
        "print([name for name in names if name in sys.modules])\n"
    ).splitlines() == ["['syntax-error', 'control-character']", "[]"]


def test_what_imports_pyyaml_later_still_can() -> None:
    assert run(
        "import callint; callint.alone = True\n"
        "from callint.source import parse; parse('a: b')\n"
        "import yaml\n"
        "print(yaml.load('a: {b: 1}', yaml.CSafeLoader), yaml.safe_load('[c]'))\n"
        "try: yaml.load('[', yaml.CSafeLoader)\n"
        "except yaml.YAMLError: print('refused')\n"
    ).splitlines() == ["{'a': {'b': 1}} ['c']", "refused"]


def test_a_library_touches_nothing() -> None:
    assert run(
        "from callint.source import parse; parse('a: b')\n"
        "import sys, yaml.error, yaml.reader\n"
        "print(yaml.error.YAMLError.__module__, yaml.reader.ReaderError.__module__)\n"
    ).split() == ["yaml.error", "yaml.reader"]
