"""What a configuration leaves out is found in little time, however many patterns and files there are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="CPU time is limited as Linux does it")

SECONDS = 10
"""Seconds of CPU: several times what the slowest takes, for machines that are busy."""

PATTERNS = {
    "names": [f"**/x{number}/*a*" for number in range(12_000)],
    "stars": [f"{'*a' * (number % 90)}{number}*b" for number in range(2_800)],
    "parts of names": [f"*f*x{number}*" for number in range(19_000)],
    "one that is long": ["*a" * 120_000],
    "brackets": ["[" + "a" * 120_000, "[[:alpha:]]" * 300],
}


@pytest.mark.parametrize("name", PATTERNS)
def test_whatever_is_excluded_is_told_soon(name: str, tmp_path: Path) -> None:
    for folder in range(50):
        (tmp_path / f"d{folder}").mkdir()
        for number in range(20):
            (tmp_path / f"d{folder}/f{number}.yaml").write_text("a: 1\n")
    lines = "".join(f"- '{pattern}'\n" for pattern in PATTERNS[name])
    (tmp_path / "callint.yaml").write_text(f"exclude:\n{lines}")
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))\n"
        "import sys; sys.argv[1:] = ['check', '--format', 'concise']\n"
        "from callint.__main__ import run; run()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    refused = "files cannot be held against this" in done.stderr
    assert refused or done.stdout.count("SRC093") == len(PATTERNS[name])
    assert done.returncode == (2 if refused else 0)
