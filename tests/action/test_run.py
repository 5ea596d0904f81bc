"""action.yml and the program that it runs, in front of hostile inputs and hostile manifests."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

REPOSITORY = Path(__file__).resolve().parent.parent.parent
ACTION: dict[str, Any] = yaml.safe_load((REPOSITORY / "action.yml").read_text(encoding="utf-8"))
PEER = """\
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: upstream}
spec: {peerIP: 192.0.2.1, asNumber: 64512, filters: [gone]}
"""


def module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("action_run", REPOSITORY / "action" / "run.py")
    assert spec
    assert spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


action = module()


class Job:
    """A runner's environment around the working directory, and what the step left in it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in [name for name in os.environ if name.startswith(("GITHUB_", "CALLINT_", "RUNNER_"))]:
            monkeypatch.delenv(name)
        self.workspace = folder / "workspace"
        self.output, self.summary, self.reports = folder / "output", folder / "summary", folder / "reports"
        self.workspace.mkdir()
        self.reports.mkdir()
        monkeypatch.chdir(self.workspace)
        monkeypatch.setenv("GITHUB_WORKSPACE", str(self.workspace))
        monkeypatch.setenv("GITHUB_OUTPUT", str(self.output))
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(self.summary))

    def check(self, **inputs: str) -> int:
        wanted = action.inputs({f"CALLINT_{name.upper()}": value for name, value in inputs.items()})
        return int(action.check(sys.executable, wanted, str(self.reports)))

    def outputs(self) -> dict[str, str]:
        """As actions/runner reads the file (FileCommandManager.cs)."""
        found: dict[str, str] = {}
        lines = iter(self.output.read_text(encoding="utf-8").splitlines() if self.output.exists() else ())
        for line in lines:
            name, _, delimiter = line.partition("<<")
            assert delimiter, f"no assignment: {line}"
            value: list[str] = []
            for one in lines:
                if one == delimiter:
                    break
                value.append(one)
            found[name] = "\n".join(value)
        return found


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    installed = subprocess.run([sys.executable, "-I", "-c", "import callint"], capture_output=True)
    if installed.returncode:
        pytest.skip("callint is not installed in this Python: pip install -e '.[dev]'")
    return Job(tmp_path, monkeypatch)


def commands(log: str) -> list[str]:
    """The workflow commands that a runner obeys: none between ::stop-commands::TOKEN and ::TOKEN::."""
    obeyed, token = [], None
    for line in log.splitlines():
        if token is not None:
            token = None if line.strip() == f"::{token}::" else token
        elif line.lstrip().startswith("::stop-commands::"):
            token = line.strip().removeprefix("::stop-commands::")
        elif line.lstrip().startswith("::") or "##[" in line:
            obeyed.append(line)
    assert token is None, "workflow commands were left off"
    return obeyed


# the file that a runner reads


def test_no_input_is_pasted_into_shell_text() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
        assert set(step) == {"id", "shell", "env", "run"}


def test_each_input_reaches_the_program_through_its_own_variable() -> None:
    class Recorded(dict[str, str]):
        def get(self, name: str, default: Any = None) -> Any:
            read.add(name)
            return default

    read: set[str] = set()
    action.inputs(Recorded())
    passed = {f"CALLINT_{name.upper().replace('-', '_')}": f"${{{{ inputs.{name} }}}}" for name in ACTION["inputs"]}
    (step,) = ACTION["runs"]["steps"]
    assert step["env"] == passed
    assert read == set(passed)


def test_defaults_are_those_that_the_program_takes_for_empty() -> None:
    defaults = {f"CALLINT_{name.upper().replace('-', '_')}": one["default"] for name, one in ACTION["inputs"].items()}
    assert action.inputs(defaults) == action.inputs({}) == ((), (), "", True, True, False)
    assert all(one["description"] for one in (*ACTION["inputs"].values(), *ACTION["outputs"].values()))


def test_outputs_are_those_of_the_step() -> None:
    (step,) = ACTION["runs"]["steps"]
    for name, output in ACTION["outputs"].items():
        assert output["value"] == f"${{{{ steps.{step['id']}.outputs.{name} }}}}"


# inputs


def test_inputs_become_options_and_paths() -> None:
    wanted = action.inputs(
        {
            "CALLINT_PATHS": "clusters/home\n\n  clusters/my office/*.yaml \r\n",
            "CALLINT_CONFIG": "ci/callint.yaml",
            "CALLINT_CALICO_VERSION": "v3.30",
            "CALLINT_FAIL_ON": "warning",
            "CALLINT_ANNOTATIONS": "False",
            "CALLINT_SUMMARY": "true",
            "CALLINT_SARIF_FILE": "out/callint.sarif",
            "CALLINT_CEL": "true",
            "CALLINT_ARGS": "--disable 'BGP001, NAT' --no-ignores",
        }
    )
    assert wanted == (
        (
            *("--disable", "BGP001, NAT", "--no-ignores"),
            *("--config=ci/callint.yaml", "--calico-version=v3.30", "--fail-on=warning"),
        ),
        ("clusters/home", "clusters/my office/*.yaml"),
        "out/callint.sarif",
        False,
        True,
        True,
    )


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PATHS", "--help", 'begins with "-"'),
        ("PATHS", "good.yaml\n-", 'begins with "-"'),
        ("PATHS", "good.yaml\n \t--no-config", 'begins with "-"'),
        ("CONFIG", "-c", 'begins with "-"'),
        ("CALICO_VERSION", "--no-config", 'begins with "-"'),
        ("FAIL_ON", "error\n--select=X", "more than one line"),
        ("SARIF_FILE", "-", 'begins with "-"'),
        ("SARIF_FILE", "a\rb", "more than one line"),
        ("ANNOTATIONS", "maybe", "expected true or false"),
        ("SUMMARY", "0; true", "expected true or false"),
        ("CEL", "yes", "expected true or false"),
        ("ARGS", "--select 'BGP001", "cannot be read: No closing quotation"),
        ("ARGS", "--select BGP -- more.yaml", '"--" was found'),
    ],
)
def test_an_input_that_could_be_taken_for_something_else_is_refused(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(f"CALLINT_{name}", value)
    monkeypatch.setattr(action, "install", lambda folder, cel: pytest.fail("nothing may be installed for a bad input"))
    assert action.main() == 2
    (line,) = capfd.readouterr().out.splitlines()
    assert line.startswith("::error title=callint::")
    assert said in line


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_paths_are_lines_or_refused(text: str) -> None:
    lines = [line.strip() for line in text.split("\n")]
    wanted = [line for line in lines if line]
    if any(line.startswith("-") or "\r" in line for line in wanted):
        with pytest.raises(action.InputError):
            action.inputs({"CALLINT_PATHS": text})
    else:
        assert list(action.inputs({"CALLINT_PATHS": text}).paths) == wanted


# the run


def test_findings_are_counted_annotated_and_summed_up(job: Job, capfd: pytest.CaptureFixture[str]) -> None:
    Path("peer.yaml").write_text(PEER)
    assert job.check(args="--select=BGP001", sarif_file="callint.sarif") == 1
    log = capfd.readouterr().out
    (annotation,) = commands(log)
    assert annotation.startswith("::error file=peer.yaml,line=4,")
    assert "title=BGP001" in annotation
    assert "error[BGP001]" in log, "people read the log too"
    assert job.outputs() == {"findings": "1", "errors": "1", "sarif-file": "callint.sarif"}
    assert json.loads(Path("callint.sarif").read_bytes())["version"] == "2.1.0"
    assert "BGP001" in job.summary.read_text(encoding="utf-8")


def test_annotations_and_summary_can_be_refused(job: Job, capfd: pytest.CaptureFixture[str]) -> None:
    Path("peer.yaml").write_text(PEER)
    assert job.check(args="--select=BGP001", annotations="false", summary="false", fail_on="never") == 0
    log = capfd.readouterr().out
    assert commands(log) == []
    assert "error[BGP001]" in log
    assert not job.summary.exists()
    assert job.outputs() == {"findings": "1", "errors": "1"}


def test_a_sarif_report_that_was_not_written_is_no_output(job: Job, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither one in a folder that is missing nor one of an earlier run, in whose place another could not be put."""
    Path("peer.yaml").write_text(PEER)
    assert job.check(args="--select=BGP001", sarif_file="missing/callint.sarif") == 2
    said, annotation = commands(capfd.readouterr().out)
    why = 'report cannot be written to "missing/callint.sarif": no such file or directory'
    assert said == f"::error title=callint::callint could not do all of its job: {why}"
    assert "title=BGP001" in annotation
    assert "BGP001" in job.summary.read_text(encoding="utf-8")
    assert job.outputs() == {"findings": "1", "errors": "1"}
    assert job.check(paths="peer.yaml", sarif_file="peer.yaml") == 2
    assert "sarif-file" not in job.outputs()


def test_no_manifest_is_no_success(job: Job, capfd: pytest.CaptureFixture[str]) -> None:
    assert job.check() == 2
    said = capfd.readouterr()
    assert "\ncallint: no manifests found in .\n" in said.out
    (annotation,) = commands(said.out)
    assert annotation == "::error title=callint::callint could not check anything: no manifests found in ."
    assert job.outputs() == {}


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"fail_on": "loud"}, "Invalid value for '--fail-on': 'loud' is not one of "),
        ({"config": "none.yaml"}, "none.yaml: cannot be read: no such file or directory"),
        ({"config": "::error::x"}, "::error::x: cannot be read: no such file or directory"),
        ({"args": "--help"}, "see the log above"),
    ],
)
def test_that_nothing_could_be_checked_is_annotated(
    inputs: dict[str, str], reason: str, job: Job, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("peer.yaml").write_text(PEER)
    assert job.check(**inputs) == 2
    (annotation,) = commands(capfd.readouterr().out)
    assert annotation.startswith(f"::error title=callint::callint could not check anything: {reason}")


@pytest.mark.skipif(os.name == "nt", reason="Windows forbids these file names")
def test_a_pull_request_cannot_command_the_runner(job: Job, capfd: pytest.CaptureFixture[str]) -> None:
    names = [
        "::error file=x::pwned.yaml",
        "line\n::error::pwned.yaml",
        "$(touch pwned).yaml",
        "`touch pwned`.yaml",
        "; touch pwned;.yaml",
        "##[error]pwned.yaml",
        "-rf.yaml",
        "a b.yaml",
    ]
    hostile = PEER.replace("gone", '"::set-output name=x::pwned"')
    for number, name in enumerate(names):
        peer = hostile.replace("upstream", f'"##[add-path]{number}"')
        Path(name).write_text("x: ##[error]pwned\n::error::pwned: [\n" if "rf" in name else peer)
    assert job.check() == 1
    log = capfd.readouterr().out
    obeyed = commands(log)
    assert obeyed
    for line in obeyed:
        assert re.match(
            r"::(error|warning|notice) (file=[^:]*,)?[^:]*title=[A-Z]{3}\d{3} [^:]*::|::\w+ title=callint::", line
        )
        assert "##[" not in line
    assert not Path("pwned").exists()
    assert int(job.outputs()["findings"]) >= len(names)


@pytest.mark.parametrize("error", [subprocess.CalledProcessError(1, "pip"), SystemExit(1)])
def test_that_callint_could_not_be_installed_is_annotated(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def create(*arguments: Any, **options: Any) -> None:
        print("no ensurepip")
        raise error

    monkeypatch.setattr(action.venv, "create", create)
    assert action.main() == 2
    reason, said = capfd.readouterr().out.splitlines()
    assert (reason, said) == (
        "no ensurepip",
        "::error title=callint::callint could not be installed: see the log above",
    )


@pytest.mark.parametrize(("cel", "extra"), [(False, ""), (True, "[cel]")])
def test_what_expressions_need_is_installed_where_it_is_asked_for(
    cel: bool, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(action.venv, "create", lambda *arguments, **options: None)
    installed: list[str] = []
    monkeypatch.setattr(action.subprocess, "run", lambda command, check: installed.append(command[-1]))
    action.install(str(tmp_path), cel=cel)
    assert installed == [f"{REPOSITORY}{extra}"]


def test_what_is_printed_stays_in_order() -> None:
    program = "import runpy, sys; own = runpy.run_path(sys.argv[1]); print('venv says'); own['_print'](b'annotation')"
    command = [sys.executable, "-I", "-c", program, str(REPOSITORY / "action" / "run.py")]
    assert subprocess.run(command, capture_output=True).stdout.split() == [b"venv", b"says", b"annotation"]


def test_a_module_in_the_working_directory_is_not_imported(job: Job) -> None:
    Path("peer.yaml").write_text(PEER)
    for name in ("callint.py", "pip.py", "click.py", "yaml.py"):
        Path(name).write_text("raise SystemExit(42)\n")
    assert job.check(args="--select=BGP001") == 1


def test_values_with_several_lines_stay_one_output(job: Job) -> None:
    value = "a\nfindings=7\nend-0<<x\n::error::b"
    action.tell({"one": value, "two": ""})
    action.tell({"three": "3"})
    assert job.outputs() == {"one": value, "two": "", "three": "3"}
    delimiters = re.findall(r"<<(end-[0-9a-f]{32})$", job.output.read_text(), re.MULTILINE)
    assert len(set(delimiters)) == 3
