"""README and CONTRIBUTING never drift: what they show is what callint prints, loads and accepts.

`CALLINT_GOLDEN=update` writes the outputs in README.md, the numbers of rules and docs/catalogue.md anew.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from callint import config, rule
from callint.cli import COMMANDS
from callint.engine import Plan
from callint.lint import lint
from callint.report.formats import FORMATS
from callint.source import load

REPOSITORY = Path(__file__).resolve().parent.parent
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
OUTPUTS = re.findall(r"^<!-- output of: (.+?) -->\n```text\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
CONSOLES = [
    (path.name, command, shown)
    for path in sorted((REPOSITORY / "docs").glob("*.md"))
    for command, shown in re.findall(
        r"^```console\n\$ (callint [^\n]+)\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
]
PAGES = ("README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in sorted((REPOSITORY / "docs").glob("*.md"))))


def block(text: str, first_line: str) -> str:
    """The fenced block of YAML whose first line is a comment with a file's name."""
    found = re.search(rf"^```yaml\n(# {re.escape(first_line)}\n.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found, f'no block begins with "# {first_line}"'
    return found[1]


def printed_by(command: str) -> str:
    """What a command prints in the root of the repository, where it must do its job."""
    program, *arguments = shlex.split(command)
    assert program == "callint"
    keep = {name: value for name, value in os.environ.items() if name in ("PATH", "SYSTEMROOT", "HOME")}
    done = subprocess.run(
        [sys.executable, "-m", "callint", *arguments],
        cwd=REPOSITORY,
        env={**keep, "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert done.returncode in (0, 1)
    return done.stdout


@pytest.mark.parametrize(("page", "command", "shown"), CONSOLES, ids=[command for _, command, _ in CONSOLES])
def test_the_pages_show_what_callint_prints(page: str, command: str, shown: str) -> None:
    """A line of three dots stands for any lines."""
    lines = shown.splitlines()
    pattern = "".join(r"(?:.*\n)*?" if line.strip() == "..." else f"{re.escape(line)}\n" for line in lines)
    printed = printed_by(command)
    assert re.fullmatch(pattern, printed), f"docs/{page} shows something else than\n{printed}"


@pytest.mark.parametrize(("command", "shown"), OUTPUTS, ids=[command for command, _ in OUTPUTS])
def test_the_readme_shows_what_callint_prints(command: str, shown: str) -> None:
    printed = printed_by(command)
    if os.environ.get("CALLINT_GOLDEN") == "update":
        head = f"<!-- output of: {command} -->\n```text\n"
        text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
        (REPOSITORY / "README.md").write_text(
            text.replace(f"{head}{shown}```", f"{head}{printed}```"), encoding="utf-8"
        )
    else:
        assert shown == printed, "CALLINT_GOLDEN=update writes README.md anew"


def test_the_readme_shows_a_finding() -> None:
    assert any("error[" in shown for _, shown in OUTPUTS)


def test_the_readme_names_every_command() -> None:
    table = README.partition("\n## Commands\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `callint ([a-z]+)", table, re.MULTILINE)) == set(COMMANDS)


def test_the_readme_names_every_format() -> None:
    table = README.partition("\n## Reports\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `([a-z]+)` \|", table, re.MULTILINE) == list(FORMATS)


@pytest.mark.parametrize(("file", "phrase"), [("README.md", "There are {} rules"), ("CHANGELOG.md", "in {} rules")])
def test_the_rules_are_counted(file: str, phrase: str) -> None:
    path = REPOSITORY / file
    text = path.read_text(encoding="utf-8")
    true = phrase.format(len(list(rule.load())))
    found = re.search(phrase.format(r"\d+"), text)
    assert found, f'{file} does not say "{true}"'
    if os.environ.get("CALLINT_GOLDEN") == "update":
        path.write_text(f"{text[: found.start()]}{true}{text[found.end() :]}", encoding="utf-8")
    else:
        place = f"{file}:{text.count(chr(10), 0, found.start()) + 1}"
        assert found[0] == true, f"{place} is wrong, CALLINT_GOLDEN=update mends it"


def test_the_page_of_rules_lists_them_all() -> None:
    path = REPOSITORY / "docs" / "catalogue.md"
    page = path.read_text(encoding="utf-8")
    rows: dict[str, list[str]] = {}
    for one in rule.load():
        file = "/".join(("rules", *Path(one.file).parts[-2:]))  # a wheel holds them elsewhere
        rows.setdefault(one.group, []).append(
            f"| [{one.id}](../{file}) | {one.severity} | {one.name} | {one.summary} |\n"
        )
    assert re.findall(r"^## ([A-Z0-9]+):", page, re.MULTILINE) == list(rows)
    true = re.sub(
        r"^(## ([A-Z0-9]+): .*\n\n\|.*\n\|.*\n)(?:\|.*\n)*",
        lambda at: at[1] + "".join(rows[at[2]]),
        page,
        flags=re.MULTILINE,
    )
    if os.environ.get("CALLINT_GOLDEN") == "update":
        path.write_text(true, encoding="utf-8")
    else:
        assert page == true, "CALLINT_GOLDEN=update writes docs/catalogue.md anew"


def test_the_configuration_in_the_readme_can_be_loaded(tmp_path: Path) -> None:
    file = tmp_path / "callint.yaml"
    file.write_text(block(README, "callint.yaml"), encoding="utf-8")
    loaded = config.load(str(file))
    assert loaded.settings(rule.load())
    assert loaded.ignores
    assert loaded.fail_on == "warning"


def test_what_a_branch_adds_is_told_as_the_readme_says(tmp_path: Path) -> None:
    found = re.search(r"^```sh\n(git worktree .*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert found
    peer = "apiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata: {{name: {}}}\nspec: {{peerIP: {}, asNumbr: 1}}\n"
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "peers.yaml").write_text(peer.format("old", "10.0.0.1"))
    who = "-c user.name=a -c user.email=a@example.com"
    before = f"git init -q && git add . && git {who} commit -q -m a && git update-ref refs/remotes/origin/main HEAD"
    subprocess.run(before, shell=True, cwd=tree, check=True)
    (tree / "peers.yaml").write_text(f"{peer.format('new', '10.0.0.2')}---\n{peer.format('old', '10.0.0.1')}")
    callint = f'callint() {{ {shlex.quote(sys.executable)} -m callint "$@"; }}\n'
    done = subprocess.run(
        ["bash", "-c", callint + found[1].rstrip() + " --format concise"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        encoding="utf-8",
    )
    assert (done.returncode, done.stderr) == (1, 'callint: the baseline "before.json" knows 1 finding now\n')
    assert re.findall(r"^peers.yaml:(\d+):\d+: error\[OBJ002\]", done.stdout, re.MULTILINE) == ["4"]
    assert done.stdout.count("\n") == 1


def test_the_hooks_in_the_readme_exist() -> None:
    offered = {hook["id"] for hook in yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    plain = yaml.safe_load(block(README, ".pre-commit-config.yaml"))
    assert {hook["id"] for repository in plain["repos"] for hook in repository["hooks"]} <= offered
    assert set(re.findall(r"`id: (\S+)`", README)) <= offered


def test_the_job_for_gitlab_in_the_readme_makes_its_reports(tmp_path: Path) -> None:
    job = yaml.safe_load(block(README, ".gitlab-ci.yml"))["callint"]
    program, *arguments = shlex.split(job["script"][-1])
    assert program == "callint"
    (tmp_path / "peer.yaml").write_text("apiVersion: projectcalico.org/v3\nkind: BGPPear\nmetadata: {name: a}\n")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "CI_PROJECT_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-m", program, *arguments], cwd=tmp_path, env=environment)
    assert done.returncode == 1
    for file in job["artifacts"]["reports"].values():
        assert "OBJ001" in (tmp_path / file).read_text("utf-8")


def test_the_readme_names_every_input_and_output_of_the_action() -> None:
    action = yaml.safe_load((REPOSITORY / "action.yml").read_text("utf-8"))
    workflow = yaml.safe_load(block(README, ".github/workflows/callint.yaml"))
    used: dict[str, Any] = workflow["jobs"]["callint"]["steps"][-1]["with"]
    assert set(used) <= set(action["inputs"])
    prose = README.partition("## GitHub Actions")[2].partition("\n## ")[0].rpartition("```")[2]
    assert set(action["inputs"]) - set(used) <= set(re.findall(r"`([a-z-]+)`", prose))
    assert set(action["outputs"]) <= set(re.findall(r"`([a-z-]+)`", prose))


def test_the_rule_in_contributing_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = block(CONTRIBUTING, "rules/ref/REF042-host-endpoint-of-no-node.yaml")
    (tmp_path / "rule.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    catalogue = rule.load(["rule.yaml"])
    own = catalogue.get("REF042")
    assert own is not None
    (example,) = rule.explanation(own).examples
    for manifests, found in ((example.bad, {(10, "REF042"), (10, "HEP009")}), (example.good, set())):
        Path("manifests.yaml").write_text(manifests, encoding="utf-8")
        result = lint(load(["manifests.yaml"]), config.Config(), Plan(catalogue))
        assert {(one.span.line, one.rule) for one in result.report.findings} == found
        assert result.crashes == []
    assert "# expect: REF042" in example.bad.splitlines()[9]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    path = REPOSITORY / page
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []
