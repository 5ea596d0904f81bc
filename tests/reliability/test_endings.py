"""Whatever happens around it, the program ends in one sentence and with the right exit code, and never waits."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from callint.report.formats import FORMATS

CALLINT = [sys.executable, "-m", "callint"]
BROKEN = "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: a}\nspec: {cird: 10.0.0.0/8}\n"

posix = pytest.mark.skipif(os.name != "posix", reason="pipes, devices and signals of POSIX")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "broken.yaml").write_text(BROKEN, encoding="utf-8")
    return tmp_path


def shell(line: str, folder: Path) -> tuple[int, str, str]:
    """Run a line in which `callint` is the program."""
    script = f'callint() {{ "{sys.executable}" -m callint "$@"; }}; {line}'
    run = subprocess.run(
        ["/bin/sh", "-c", script], cwd=folder, capture_output=True, stdin=subprocess.DEVNULL, text=True, timeout=30
    )
    assert "Traceback" not in run.stderr
    assert "internal error" not in run.stderr
    return run.returncode, run.stdout, run.stderr


@posix
@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (
            "callint check broken.yaml > /dev/full",
            2,
            "callint: the report cannot be printed: no space left on device\n",
        ),
        ("callint --version > /dev/full", 2, "callint: No space left on device\n"),
        ("callint check --help > /dev/full", 2, "callint: No space left on device\n"),
        ("callint schema --help 1< /dev/null", 2, "callint: Bad file descriptor\n"),
        ("callint rules 1< /dev/null", 2, "callint: the report cannot be printed: bad file descriptor\n"),
        ("callint check broken.yaml >&-", 1, ""),
        ("callint check broken.yaml >&- 2>&-", 1, ""),
        ("callint check broken.yaml | true", 0, ""),
        ("callint check --config none 2> /dev/full", 2, ""),
        ("callint check --jobs none 2> /dev/full", 2, ""),
        ("callint --version > /dev/full 2> /dev/full", 2, ""),
        ("mkdir gone; cd gone; rmdir ../gone; callint check", 2, "callint: the working directory is gone\n"),
        ("mkfifo p; callint check broken.yaml --config p", 2, "callint: p: cannot be read: it is a pipe, "),
        ("callint check broken.yaml --config /dev/zero", 2, "callint: /dev/zero: cannot be read: it is a device\n"),
        ("mkdir callint.yaml; callint check broken.yaml --config callint.yaml", 2, "callint: callint.yaml: cannot be "),
        ("mkfifo p; callint facts --node a --address p", 2, "callint: p: this file cannot be read: it is a pipe, "),
        ("callint facts --node a --route /dev/zero", 2, "callint: /dev/zero: this file cannot be read: it is a device"),
        ("callint facts --node a --route - < /dev/zero", 2, "callint: <stdin>: this file is larger than the limit of "),
        ("callint facts --node a --route - <&-", 2, "callint: <stdin>: this file cannot be read: standard input is "),
        ("callint facts --node a --route none", 2, "callint: none: this file cannot be read: no such file"),
        ("yes | callint facts --node a --route ''", 2, "callint: a saved output cannot be read: an empty path leads"),
        ("callint facts --workload-prefix ''", 2, 'callint: no name of an interface begins with "": 1 to 15 char'),
        ("callint routes ''", 2, "callint: .: this file cannot be read: an empty path leads to no file\n"),
        ("truncate -s 200M a; callint facts --node a --route a", 2, "callint: a: this file is larger than the limit "),
        (
            "mkdir own; mkfifo own/p.yaml; echo 'rules: {paths: [own]}' > callint.yaml; callint check broken.yaml",
            2,
            "callint: own/p.yaml: cannot be read: it is a pipe, ",
        ),
    ],
)
def test_an_ending_on_standard_error(folder: Path, line: str, code: int, said: str) -> None:
    ended, _, errors = shell(line, folder)
    assert (ended, errors[: len(said)]) == (code, said)
    assert said or not errors


FORGED = r"x\n::error::forged ##[error]\x1b[31m\0"
SHOWN = r"x\n::error::forged ##\[error]\x1b[31m\x00"


@posix
@pytest.mark.parametrize(
    ("configuration", "arguments", "said"),
    [
        ("rules: {FORGED: off}", "", f'callint: callint.yaml:1:9: "{SHOWN}" is no rule, `callint rules` lists them\n'),
        ("FORGED: off", "", f'callint: callint.yaml:1:1: "{SHOWN}" is no known key, known are '),
        ("rules: {paths: [FORGED]}", "", f'callint: no rule files in "{SHOWN}"\n'),
        ("baseline: FORGED", "", f"callint: {SHOWN}: cannot be read: no path holds a NUL byte\n"),
        (
            "baseline: FORGED",
            "--write-baseline",
            f'callint: report cannot be written to "{SHOWN}": no path holds a NUL byte\n',
        ),
    ],
)
def test_a_configuration_forges_nothing(folder: Path, configuration: str, arguments: str, said: str) -> None:
    (folder / "callint.yaml").write_text(configuration.replace("FORGED", f'"{FORGED}"'), encoding="utf-8")
    code, printed, errors = shell(f"callint check broken.yaml {arguments}", folder)
    assert (code, printed, errors[: len(said)]) == (2, "", said)


@pytest.mark.parametrize("words", [{}, {"COMP_WORDS": "callint", "COMP_CWORD": "x"}])
def test_a_shell_that_completes_and_says_nothing_sees_no_traceback(words: dict[str, str]) -> None:
    environment = os.environ | words | {"_CALLINT_COMPLETE": "bash_complete"}
    run = subprocess.run(CALLINT, env=environment, capture_output=True, text=True, timeout=30)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("callint: internal error: ")
    assert run.stderr.count("\n") == 1


@posix
def test_no_name_of_a_configuration_is_none_given(folder: Path) -> None:
    (folder / "callint.yaml").write_text("fail-on: never", encoding="utf-8")
    assert shell('callint check broken.yaml --config ""', folder)[0] == 0


@posix
@pytest.mark.parametrize("arguments", ["--help", "--version", "trace --help", "rules", "explain BGP001"])
def test_a_reader_that_went_away_ends_it_quietly(arguments: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        run = subprocess.run([*CALLINT, *arguments.split()], stdout=writer, stderr=subprocess.PIPE, timeout=30)
    finally:
        os.close(writer)
    assert (run.returncode, run.stderr) == (141, b"")


@posix
@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("callint check /dev/zero", "SRC009"),
        ("callint check /dev/null", "SRC009"),
        ("mkfifo p.yaml; callint check p.yaml", "SRC009"),
        ("ln -s loop loop; callint check loop", "SRC009"),
        ("callint check missing.yaml", "SRC009"),
        ("callint check ''", "SRC009"),
        ("callint check - < /dev/zero", "SRC014"),
        ("callint check - <&-", "SRC009"),
        ("truncate -s 200M large.yaml; callint check large.yaml", "SRC014"),
        ("mkfifo p; callint check broken.yaml --facts p", "SRC009"),
    ],
)
def test_an_ending_as_a_finding(folder: Path, line: str, rule: str) -> None:
    code, printed, errors = shell(f"{line} ", folder)
    assert f"[{rule}]" in printed
    assert errors == ""
    assert code == (1 if "broken.yaml" in line else 2)


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root, to become somebody else")
def test_a_file_that_may_not_be_read_hides_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from callint.source import load

    (folder / "secret.yaml").write_text(BROKEN, encoding="utf-8")
    (folder / "secret.yaml").chmod(0)
    folder.chmod(0o755)
    monkeypatch.chdir(folder)
    assert load(["broken.yaml"]).documents  # whoever may not read the manifest may not import modules either
    os.seteuid(65534)
    try:
        sources = load(["."])
    finally:
        os.seteuid(0)
    assert [(problem.kind, problem.span.file) for problem in sources.problems] == [("unreadable-file", "secret.yaml")]
    assert [document.file for document in sources.documents] == ["broken.yaml"]


@pytest.mark.usefixtures("interruptible")
@posix
def test_an_interrupt_ends_quietly(folder: Path) -> None:
    process = subprocess.Popen(
        [*CALLINT, "check", "-"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    for _ in range(50):  # an interrupt before Python has started is Python's own affair
        time.sleep(0.1)
        if "pipe" in waits_for(process.pid):
            break
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate(timeout=30)
    assert (process.returncode, printed, errors) == (130, b"", b"callint: interrupted\n")


@posix
@pytest.mark.parametrize("module", ["callint.cli.output", "callint.cli.check", "callint.config"])
def test_an_interrupt_while_modules_are_imported(folder: Path, module: str) -> None:
    script = f"""
import sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            sys.meta_path.remove(self)
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
from callint.__main__ import run
run()
"""
    arguments = [sys.executable, "-c", script, "check", "broken.yaml"]
    run = subprocess.run(arguments, cwd=folder, capture_output=True, timeout=30)
    assert (run.returncode, run.stdout, run.stderr) == (130, b"", b"callint: interrupted\n")


@posix
def test_no_memory_is_told_at_once(folder: Path) -> None:
    script = """
import sys
import callint.lint
def exhausted(*_):
    raise MemoryError
callint.lint.lint_together = exhausted
from callint.__main__ import run
run()
"""
    arguments = [sys.executable, "-c", script, "check", "broken.yaml"]
    run = subprocess.run(arguments, cwd=folder, capture_output=True, timeout=30)
    assert (run.returncode, run.stdout, run.stderr) == (2, b"", b"callint: out of memory\n")


def waits_for(process: int) -> str:
    """What the kernel says that a process waits for; `pipe` in its name when it reads its empty input."""
    try:
        return Path(f"/proc/{process}/wchan").read_text(encoding="utf-8")
    except OSError:
        time.sleep(3)
        return "pipe"


NAMES = [
    b"new\nline.yaml",
    b"co:lon.yaml",
    b"per%cent%0A.yaml",
    b"com,ma.yaml",
    b"not-utf8-\xff.yaml",
    b"\x1b[31mred.yaml",
    b"::error::x.yaml",
    b"##[error]x.yaml",
    b"--config.yaml",
    b"a b\t'\"&<>.yaml",
    b"[a]#b?c.yaml",
    b"surrogate-\xed\xa0\x80.yaml",
]
URI = re.compile(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+")
ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii:strict"}


@posix
@pytest.mark.parametrize("form", FORMATS)
def test_names_of_files_forge_nothing(tmp_path: Path, form: str) -> None:
    for name in NAMES:
        (tmp_path / os.fsdecode(name)).write_text(BROKEN, encoding="utf-8")
    run = subprocess.run([*CALLINT, "check", "--format", form, "."], cwd=tmp_path, capture_output=True, timeout=30)
    assert (run.returncode, run.stderr) == (1, b"")
    text = run.stdout.decode("utf-8")
    again = [*CALLINT, "check", "--format", form, "--output", f"{form}=report", "."]
    assert subprocess.run(again, cwd=tmp_path, capture_output=True, env=os.environ | ASCII).stdout == run.stdout
    assert (tmp_path / "report").read_bytes() == run.stdout
    assert "\x1b" not in text
    if form in ("json", "sarif", "gitlab"):
        json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8")  # which would not take half a character
        uris = re.findall('"uri": "(.*?)"', text)
        assert bool(uris) == (form == "sarif")
        assert all(map(URI.fullmatch, uris))
    elif form == "junit":
        ElementTree.fromstring(text)
    lines = text.splitlines()
    commands = [line for line in lines if line.lstrip().startswith("::")]
    assert not any("##[" in line for line in lines)
    if form == "github":
        assert {line.partition(" ")[0] for line in commands} <= {"::error", "::warning", "::notice"}
        assert 0 < len(commands) <= 3 * len(NAMES)
    else:
        assert commands == []
