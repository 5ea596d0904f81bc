"""`callint check` as people and programs call it: arguments, exit codes, formats, decent endings."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PEER = """\
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: jump}
spec: {peerIP: 10.1.0.1, asNumber: 65048, filters: [missing]}
"""
POOL = """\
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: pods}
spec: {cidr: 10.244.0.0/16, natOutgoing: true}
"""
BROKEN = "apiVersion: projectcalico.org/v3\nkind: [\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def run(
    folder: Path, *arguments: str, stdin: bytes = b"", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The real command, in an environment of its own."""
    root = Path(__file__).resolve().parents[2]
    clean = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root), "LC_ALL": "C.UTF-8", **(environment or {})}
    command = [sys.executable, "-m", "callint", *arguments]
    done = subprocess.run(command, cwd=folder, env=clean, input=stdin, capture_output=True, timeout=60)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_silent_and_zero_when_nothing_is_wrong(folder: Path) -> None:
    (folder / "pool.yaml").write_text(POOL)
    done = run(folder, "check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


SHARED = """\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: shared}
spec:
  ingress:
  - &rule
    action: Allow
    protocol: tcp
  - {<<: *rule, action: Deny}
"""


def test_what_several_aliases_share_is_told_of_once(folder: Path) -> None:
    (folder / "policy.yaml").write_text(SHARED)
    (found,) = json.loads(run(folder, "check", "--format", "json", "--select", "OBJ").stdout)["findings"]
    assert (found["rule"], found["line"], found["path"]) == ("OBJ034", 8, "/spec/ingress/0/protocol")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (POOL.replace("IPPool", "IPPool\u00a0"), r'no kind "IPPool\xa0"; did you mean "IPPool"'),
        (POOL.replace("natOutgoing", "\u00a0natOutgoing"), r'"\xa0natOutgoing" is no field'),
        (POOL.replace("true", "true\u200b"), r'is the string "true\u200b"'),
    ],
)
def test_what_nobody_sees_in_a_name_or_value_is_shown(folder: Path, text: str, words: str) -> None:
    (folder / "pool.yaml").write_text(text, "utf-8")
    (found,) = json.loads(run(folder, "check", "--format", "json").stdout)["findings"]
    assert words in found["message"]


def test_files_without_an_object_are_told_of(folder: Path) -> None:
    (folder / "values.yaml").write_text("replicas: 2\n")
    done = run(folder, "check")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "callint: no object in 1 file, so nothing was checked\n"


def test_one_when_something_is(folder: Path) -> None:
    (folder / "peer.yaml").write_text(PEER)
    done = run(folder, "check", "peer.yaml")
    assert done.returncode == 1
    assert "error[BGP001] filter-missing: " in done.stdout
    assert "peer.yaml:4:53" in done.stdout


def test_fail_on(folder: Path) -> None:
    (folder / "peer.yaml").write_text(PEER + "---\n" + PEER)
    assert run(folder, "check", "--disable", "BGP001").returncode == 0
    assert run(folder, "check", "--disable", "BGP001", "--fail-on", "warning").returncode == 1
    assert run(folder, "check", "--fail-on", "never").returncode == 0
    (folder / "callint.yaml").write_text("fail-on: warning\n")
    assert run(folder, "check", "--disable", "BGP001").returncode == 1
    assert run(folder, "check", "--disable", "BGP001", "--no-config").returncode == 0


def test_a_key_of_facts_that_is_none_is_a_finding(folder: Path) -> None:
    (folder / "pool.yaml").write_text(POOL)
    (folder / "facts.yaml").write_text("version: 1\nnode: a\n[roles]: [router]\n")
    done = run(folder, "check", "--format", "concise", "--facts", "facts.yaml", "pool.yaml")
    assert "facts.yaml:3:1: error[SRC018] complex-key: a list or mapping stands as a key, where a text" in done.stdout
    assert done.returncode == 1


def test_an_unreadable_document_among_good_ones_is_a_finding(folder: Path) -> None:
    (folder / "a.yaml").write_text(POOL)
    (folder / "b.yaml").write_text(BROKEN)
    done = run(folder, "check")
    assert done.returncode == 1
    assert "error[SRC001]" in done.stdout


def test_templates_alone_are_nothing_that_could_be_checked(folder: Path) -> None:
    (folder / "templates").mkdir()
    (folder / "templates" / "peer.yaml").write_text("{{ if .Values.peer }}\nkind: BGPPeer\n{{ end }}\n")
    done = run(folder, "check", "templates")
    said = "callint: nothing could be read of 1 file, so nothing was checked\n"
    assert (done.returncode, done.stderr) == (2, said)


def test_nothing_readable_is_two(folder: Path) -> None:
    (folder / "b.yaml").write_text(BROKEN)
    done = run(folder, "check")
    assert done.returncode == 2
    assert "error[SRC001]" in done.stdout


def test_what_cannot_be_read_is_told_whatever_is_selected(folder: Path) -> None:
    (folder / "a.yaml").write_text(POOL)
    (folder / "b.yaml").write_text(BROKEN)
    done = run(folder, "check", "--select", "BGP001", "--format", "concise")
    assert done.returncode == 1
    assert re.findall(r"^(\S+):\d+:\d+: error\[(.*?)\]", done.stdout, re.MULTILINE) == [("b.yaml", "SRC001")]
    assert run(folder, "check", "--select", "BGP001", "--disable", "SRC001").stdout == ""


def test_facts_that_the_command_line_names_are_read_or_told_of(folder: Path) -> None:
    (folder / "a.yaml").write_text(POOL)
    done = run(folder, "check", "--select", "BGP001", "--facts", "fcts", "--format", "concise")
    assert (done.returncode, done.stdout.split(" ")[:2]) == (1, ["fcts:1:1:", "error[SRC009]"])


def test_two_is_never_silent(folder: Path) -> None:
    (folder / "b.yaml").write_text(BROKEN)
    done = run(folder, "check", "--disable", "SRC001")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "callint: not all was done, and the rule that says why is switched off\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "nowhere.yaml"],
        ["check"],
        ["check", "--format", "xml"],
        ["check", "--output", "sarif"],
        ["check", "--output", "json=-"],
        ["check", "--output", "json=a", "--output", "sarif=a"],
        ["check", "--output", "json=a", "--output", "sarif=./a"],
        ["check", "--config", "."],
        ["check", "--config", "callint.yaml", "--no-config"],
        ["check", "--select", ""],
        ["check", "-"],
        ["check", "--config", "nowhere.yaml"],
        ["check", "--calico-version", "2.6"],
        ["check", "--select", "XYZ"],
        ["frobnicate"],
        ["explain", "XYZ"],
    ],
)
def test_two_when_the_job_cannot_be_done(folder: Path, arguments: list[str]) -> None:
    done = run(folder, *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr + done.stdout


def test_bad_configuration_is_two_with_the_place(folder: Path) -> None:
    (folder / "pool.yaml").write_text(POOL)
    (folder / "callint.yaml").write_text("fail_on: error\n")
    done = run(folder, "check")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == 'callint: callint.yaml:1:1: "fail_on" is no known key, did you mean "fail-on"\n'


def test_standard_input(folder: Path) -> None:
    done = run(folder, "check", "-", stdin=PEER.encode())
    assert done.returncode == 1
    assert "<stdin>:4:53" in done.stdout


def test_several_reports_in_one_run(folder: Path) -> None:
    (folder / "peer.yaml").write_text(PEER)
    also = ("--output", "json=r.json", "--output", "sarif=r.sarif")
    done = run(folder, "check", "--format", "github", *also, "peer.yaml")
    assert done.stdout.startswith("::error file=peer.yaml,line=4,")
    assert json.loads((folder / "r.json").read_text())["findings"][0]["rule"] == "BGP001"
    assert json.loads((folder / "r.sarif").read_text())["version"] == "2.1.0"


def test_report_that_cannot_be_written_is_two(folder: Path) -> None:
    (folder / "peer.yaml").write_text(PEER)
    done = run(folder, "check", "--output", "json=no/such/folder/r.json")
    assert done.returncode == 2
    assert 'report cannot be written to "no/such/folder/r.json"' in done.stderr


def test_a_report_of_which_nothing_can_be_written_leaves_nothing(folder: Path) -> None:
    (folder / "many.yaml").write_text("---\n".join(PEER.replace("jump", f"jump{number}") for number in range(99)))
    module = f"{sys.executable} -m callint check many.yaml --output json=r.json > /dev/null"
    root = Path(__file__).resolve().parents[2]
    script = f"ulimit -f 8; trap '' XFSZ; PYTHONPATH={root} PYTHONDONTWRITEBYTECODE=1 {module}"
    done = subprocess.run(["sh", "-c", script], cwd=folder, capture_output=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == b'callint: report cannot be written to "r.json": file too large\n'
    assert os.listdir(folder) == ["many.yaml"]


def test_a_report_may_have_a_long_name(folder: Path) -> None:
    (folder / "peer.yaml").write_text(PEER)
    assert run(folder, "check", "--output", f"json={'r' * 255}").returncode == 1
    assert sorted(os.listdir(folder)) == ["peer.yaml", "r" * 255]


@pytest.mark.parametrize("output", ["peer.yaml", "./peer.yaml", "link.yaml"])
@pytest.mark.parametrize("path", [".", "peer.yaml"])
def test_a_report_is_not_written_over_manifests(folder: Path, output: str, path: str) -> None:
    (folder / "peer.yaml").write_text(PEER)
    (folder / "link.yaml").symlink_to("peer.yaml")
    done = run(folder, "check", "--output", f"json={output}", path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f'callint: a report would be written over the manifests in "{output}"\n'
    assert (folder / "peer.yaml").read_text() == PEER


@pytest.mark.parametrize(
    ("output", "what"),
    [
        ("set.yaml", 'the configuration "set.yaml"'),
        ("known.json", 'the baseline "known.json"'),
        ("nodes/a.yaml", 'the facts in "nodes/a.yaml"'),
        ("b.yaml", 'the facts in "b.yaml"'),
    ],
)
def test_a_report_is_not_written_over_what_else_is_read(folder: Path, output: str, what: str) -> None:
    (folder / "nodes").mkdir()
    for name, text in {
        "peer.yaml": PEER,
        "set.yaml": "facts: [nodes]\n",
        "known.json": '{"findings": []}\n',
        "nodes/a.yaml": "version: 1\nnode: a\n",
        "b.yaml": "version: 1\nnode: b\n",
    }.items():
        (folder / name).write_text(text)
    arguments = ["check", "--config=set.yaml", "--baseline=known.json", "--facts=b.yaml", "peer.yaml", "--output"]
    before = (folder / output).read_text()
    done = run(folder, *arguments, f"json={output}")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"callint: a report would be written over {what}\n")
    assert (folder / output).read_text() == before
    for _ in range(2):
        assert run(folder, *arguments, "sarif=nodes/report.sarif").returncode == 1


def test_a_report_in_the_tree_is_written_anew(folder: Path) -> None:
    (folder / "peer.yaml").write_text(PEER)
    for _ in range(2):
        assert run(folder, "check", "--output", "json=r.json").returncode == 1
    assert json.loads((folder / "r.json").read_text())["summary"]["objects"] == 1


def test_a_rule_that_went_away_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from callint import rule
    from callint.catalogue import Explanation, Rule, RuleError
    from callint.cli import main

    def gone(_: Rule) -> Explanation:
        raise RuleError("own/rule.yaml: cannot be read: no such file or directory")

    (folder / "peer.yaml").write_text(PEER)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(rule, "explanation", gone)
    done = CliRunner().invoke(main, ["check", "--format", "sarif", "--output", "json=r.json"])
    said = "callint: own/rule.yaml: cannot be read: no such file or directory\n"
    assert (done.exit_code, done.output, os.listdir(folder)) == (2, said, ["peer.yaml"])


def test_json_says_what_was_read(folder: Path) -> None:
    (folder / "all.yaml").write_text(PEER + "---\n" + POOL + "---\nkind: ConfigMap\napiVersion: v1\n")
    summary = json.loads(run(folder, "check", "--format", "json").stdout)["summary"]
    assert (summary["files"], summary["documents"], summary["objects"], summary["errors"]) == (1, 3, 3, 1)


def test_colour_only_where_it_is_wanted(folder: Path) -> None:
    (folder / "peer.yaml").write_text(PEER)
    assert "\x1b[" not in run(folder, "check").stdout
    assert "\x1b[" in run(folder, "check", "--color", "always").stdout
    assert "\x1b[" in run(folder, "check", environment={"FORCE_COLOR": "1"}).stdout
    assert "\x1b[" not in run(folder, "check", environment={"FORCE_COLOR": "1", "NO_COLOR": "1"}).stdout
    assert "\x1b[" not in run(folder, "check", "--format", "json", "--color", "always").stdout


def test_same_bytes_whatever_the_order_of_arguments_and_the_hash_seed(folder: Path) -> None:
    for number in range(6):
        (folder / f"{number}.yaml").write_text(PEER.replace("jump", f"jump{number}") + "---\n" + POOL)
    names = [f"{number}.yaml" for number in range(6)]
    outputs = {
        run(folder, "check", "--format", "json", *order, environment={"PYTHONHASHSEED": seed}).stdout
        for order, seed in ((names, "1"), (names[::-1], "2"), (["."], "3"))
    }
    assert len(outputs) == 1


def test_a_closed_pipe_is_no_error(folder: Path) -> None:
    (folder / "many.yaml").write_text("---\n".join(PEER.replace("jump", f"jump{number}") for number in range(400)))
    root = Path(__file__).resolve().parents[2]
    script = f"PYTHONPATH={root} {sys.executable} -m callint check many.yaml 2>err | head -1"
    done = subprocess.run(["sh", "-c", script], cwd=folder, capture_output=True, timeout=60)
    assert done.stdout.startswith(b"error[BGP001]")
    assert (folder / "err").read_bytes() == b""


def test_version_and_help(folder: Path) -> None:
    assert run(folder, "--version").stdout.startswith("callint ")
    done = run(folder, "--help")
    for name in ("check", "explain", "rules", "facts"):
        assert f"\n  {name} " in done.stdout


def test_rules_and_explain(folder: Path) -> None:
    rows = [line.split() for line in run(folder, "rules").stdout.splitlines()]
    assert ["BGP001", "error", "filter-missing"] in [row[:3] for row in rows]
    explained = run(folder, "explain", "bgp001").stdout
    assert explained.startswith("BGP001 filter-missing (error)")
    assert run(folder, "explain", "filter-missing").stdout == explained
    slip = 'callint: "Filter-mising" is no rule, did you mean "filter-missing"\n'
    assert run(folder, "explain", "Filter-mising").stderr == slip


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("BGP1", ', did you mean "BGP001"'),
        ("nat-01", ', did you mean "NAT001"'),
        ("refrence", ', did you mean "reference"'),
        ("POL00", ", POL001 and 8 others begin so"),
        ("XYZ001", ", `callint rules` lists them"),
        ("", ", `callint rules` lists them"),
    ],
)
def test_what_is_no_rule_may_be_near_one(folder: Path, name: str, meant: str) -> None:
    assert run(folder, "explain", name).stderr == f'callint: "{name}" is no rule{meant}\n'


def test_explained_for_programs(folder: Path) -> None:
    assert json.loads(run(folder, "explain", "BGP001", "--format", "json").stdout)["id"] == "BGP001"


@pytest.mark.parametrize("variable", ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"])
@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("github", "::error file=clusters/peer.yaml,"),
        ("gitlab", '"path": "clusters/peer.yaml"'),
        ("junit", 'classname="clusters/peer.yaml"'),
        ("sarif", '"uri": "clusters/peer.yaml"'),
        ("concise", "\npeer.yaml:4:"),
    ],
)
def test_what_is_matched_with_a_repository_says_where_a_file_is_in_it(
    folder: Path, variable: str, form: str, shown: str
) -> None:
    (folder / "clusters").mkdir()
    (folder / "clusters" / "peer.yaml").write_text(PEER)
    done = run(folder / "clusters", "check", "--format", form, environment={variable: str(folder)})
    assert shown in f"\n{done.stdout}"


@pytest.mark.parametrize(("name", "shown"), [("..clusters", "..clusters/peer.yaml"), (".", "peer.yaml")])
def test_a_folder_inside_is_told_from_one_above(folder: Path, name: str, shown: str) -> None:
    (folder / name).mkdir(exist_ok=True)
    (folder / name / "peer.yaml").write_text(PEER)
    done = run(folder / name, "check", "--format", "gitlab", environment={"CI_PROJECT_DIR": str(folder)})
    assert f'"path": "{shown}"' in done.stdout
    above = run(folder / name, "check", "--format", "gitlab", environment={"CI_PROJECT_DIR": str(folder / name / "a")})
    assert '"path": "peer.yaml"' in above.stdout


@pytest.mark.parametrize(("release", "told"), [("v3.30", "v3.30"), ("3.30.1", "v3.30.1")])
def test_the_report_names_the_release_down_to_the_patch_that_was_given(folder: Path, release: str, told: str) -> None:
    (folder / "pool.yaml").write_text(POOL)
    done = run(folder, "check", "--format", "json", "--calico-version", release)
    assert json.loads(done.stdout)["calico"] == told
