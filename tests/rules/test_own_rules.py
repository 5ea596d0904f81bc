"""The rules in docs/rules.md are rules: they load, have the form of a rule file, and find what they say."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from callint import config, rule
from callint.checks import CheckError
from callint.cli import main
from callint.engine import Plan
from callint.lint import lint
from callint.source import load, parse

REPOSITORY = Path(__file__).resolve().parents[2]
TEXT = (REPOSITORY / "docs" / "rules.md").read_text("utf-8")
FILES = dict(re.findall(r"^```yaml\n# (\S+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
RULES = sorted(name for name in FILES if name.startswith("policy/"))
LIBRARY = pytest.mark.skipif(sys.version_info < (3, 11), reason="the CEL library needs Python 3.11")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the files that the page shows."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(manifests: str) -> list[tuple[str, int, str]]:
    settings = config.load("callint.yaml")
    catalogue = rule.load(settings.rule_paths)
    Path("manifests.yaml").write_text(manifests, encoding="utf-8")
    result = lint(load(["manifests.yaml"]), settings, Plan(catalogue, settings.settings(catalogue)))
    return [
        (one.rule, one.span.line, one.message) for one in result.report.findings if one.rule in ("HOME001", "HOME002")
    ]


@pytest.mark.parametrize("name", RULES)
def test_rule_has_the_form(name: str) -> None:
    schema = json.loads((REPOSITORY / "schemas" / "rule.json").read_text("utf-8"))
    documents = [document.value for document in parse(FILES[name]).documents]
    assert [error.message for error in Draft202012Validator(schema).iter_errors(documents)] == []


@LIBRARY
def test_examples_of_the_page(here: Path) -> None:
    pytest.importorskip("cel_expr_python", reason="the extra callint[cel] is not installed")
    own = rule.load(config.load("callint.yaml").rule_paths).get("HOME001")
    assert own is not None
    (example,) = rule.explanation(own).examples
    cluster = ("HOME002", 2, 'the cluster has no GlobalNetworkPolicy "default-deny"')
    pool = ("HOME001", 5, 'IPPool "more-pods" is outside 10.244.0.0/16, where the plan has the pods')
    assert found(example.bad) == [cluster, pool]
    assert "# expect: HOME001" in example.bad.splitlines()[4]
    assert found(example.good) == [cluster]
    policy = "---\napiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: default-deny}\n"
    assert found(example.good + policy) == []


def test_without_the_library_callint_says_for_which_pythons_there_is_one(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CheckError, match="CEL library") as raised:
        found(IDLE)
    assert "a Python from 3.11 to 3.14" in str(raised.value)
    assert "a Python from 3.11 to 3.14" in TEXT
    project = (REPOSITORY / "pyproject.toml").read_text("utf-8")
    assert "python_version >= '3.11' and python_version < '3.15'" in project, "pip finds none for another"


OWN = """\
id: HOME003
name: filter-idle
summary: nobody uses a filter
severity: error
check: usage
with: {problem: filter}
"""
IDLE = """\
apiVersion: projectcalico.org/v3
kind: BGPFilter
metadata: {name: a}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: a}
spec: {peerIP: 10.0.0.1, asNumber: 64512}
"""


def asked(folder: Path, own: str, *arguments: str) -> tuple[int, str]:
    """The exit code and all output of a command in a folder with one own rule and an idle BGPFilter."""
    (folder / "own").mkdir()
    (folder / "own" / "rule.yaml").write_bytes(own.encode())
    (folder / "callint.yaml").write_text("rules: {paths: [own]}", encoding="utf-8")
    (folder / "filter.yaml").write_text(IDLE, encoding="utf-8")
    result = CliRunner().invoke(main, arguments, env={"CALLINT_DEBUG": "1"})
    assert "Traceback" not in result.output
    return result.exit_code, result.output


@pytest.mark.parametrize("own", [OWN, OWN + "---\n", OWN.replace("\n", "\r\n") + "---\r\n"])
@pytest.mark.parametrize(
    "arguments",
    ["check --select HOME003 --format sarif filter.yaml", "explain HOME003", "explain --format json HOME003"],
)
def test_a_rule_may_lack_its_explanation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str, arguments: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, output = asked(tmp_path, own, *arguments.split())
    assert code == ("check" in arguments)
    assert "nobody uses a filter" in output


@pytest.mark.parametrize("command", ["check filter.yaml", "routes filter.yaml", "rules", "explain BGP001"])
@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("", "rule.yaml: the first document is empty\n"),
        ("a: [", "rule.yaml:1:4: a value is expected here, not the end of the document\n"),
        (OWN.replace("error", "grave"), 'rule.yaml:4:11: "grave" is none of error, warning, info\n'),
        (
            OWN.replace("usage", "schema"),
            'rule.yaml:5:8: "schema" is no check for rules of your own: its problems have rules already\n',
        ),
        (OWN + "? [a]\n: b\n", "rule.yaml:7:3: a list or mapping stands as a key, where a text is expected\n"),
        (OWN + "name: b\n", 'rule.yaml:7:1: "name" is set twice in this mapping, first in line 2\n'),
        (
            OWN + "---\nwhy: a\nfix: b\nreferences: [c]\n---\n\nid: HOME004\n",
            "rule.yaml:12: two documents were expected, here begins a third\n",
        ),
        (OWN + "---\nwhy: 3\n", 'rule.yaml:8:1: "fix" is missing\n'),
        (OWN + "---\nwhy: a\nfix: b\nreferences: c\n", 'rule.yaml:10:13: "c" stands where a list is expected\n'),
        (
            OWN + "---\nwhy: a\nfix: b\nreferences: [c]\nexamples: [3]\n",
            "rule.yaml:11:12: 3 stands where a mapping is expected\n",
        ),
    ],
)
def test_a_rule_without_the_form_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, own: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert asked(tmp_path, own, *command.split()) == (2, f"callint: own/{said}")


def test_a_problem_that_is_no_text_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, output = asked(tmp_path, OWN.replace("problem: filter", "problem: [filter]"), "check", "filter.yaml")
    assert (code, output) == (2, 'callint: own/rule.yaml:6:8: check "usage": the parameter "problem" must be a text\n')


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("  protocol: TCP\n  at: {declared: [dns]}\n", '8:3: check "flow-required": "declared" of "at" must be text'),
        ("  protocol: TCP\n  at: declared\n", '8:3: check "flow-required": "declared" of "at" must be text'),
        ("  protocol: TCP\n  at: {nodes: 3}\n", '8:3: check "flow-required": "nodes" of "at" must be text'),
        (
            "  protocol: TCP\n  at: {listener: {ports: name}}\n",
            '8:3: check "flow-required": "listener": "name" is no port',
        ),
        ("  protocol: TCP\n  at: outward\n  name: 7\n", '9:3: check "flow-required": "name" must be text'),
        ("  at: outward\n  protocol: TCP\n  ports: {a: 1}\n", '6:1: check "flow-required": "{\'a\': 1}" '),
        ("  protocol: TCP\n  at: outward\n  port: 7\n", '9:3: check "flow-required": there is no "port", '),
    ],
)
def test_wrong_parameters_are_told_with_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parameters: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    own = OWN.replace("usage", "flow-required").replace(" {problem: filter}", f"\n{parameters.rstrip()}")
    code, output = asked(tmp_path, own, "check", "filter.yaml")
    said = f"callint: own/rule.yaml:{said}"
    assert (code, output[: len(said)]) == (2, said)


@pytest.mark.parametrize(("own", "taken"), [("HOME003", "BGP001"), ("filter-idle", "filter-missing")])
def test_what_callint_calls_a_rule_is_not_given_a_second_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str, taken: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, output = asked(tmp_path, OWN.replace(own, taken), "rules")
    assert (code, output[:23]) == (2, "callint: own/rule.yaml:")
    assert output.endswith("BGP001-filter-missing.yaml\n")


def test_a_wrong_parameter_of_the_configuration_is_told_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    asked(tmp_path, OWN, "rules")
    (tmp_path / "callint.yaml").write_text("rules:\n  paths: [own]\n  HOME003: {problem: fliter}\n", encoding="utf-8")
    run = CliRunner().invoke(main, ["check", "filter.yaml"])
    said = 'callint: callint.yaml:3:3: check "usage": the parameter "problem" is needed: '
    assert (run.exit_code, run.output[: len(said)]) == (2, said)


def test_wrong_parameters_of_the_configuration_are_told_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "filter.yaml").write_text(IDLE, encoding="utf-8")
    (tmp_path / "callint.yaml").write_text("rules:\n  POL001: {ports: many}\n", encoding="utf-8")
    run = CliRunner().invoke(main, ["check", "filter.yaml"])
    said = 'callint: callint.yaml:2:3: check "flow-required": "many" is no port; '
    assert (run.exit_code, run.output[: len(said)]) == (2, said)


@pytest.mark.parametrize(
    ("asked_for", "place", "said"),
    [
        ("{problem: flter}", "6:8", "problem"),
        ("{kind: BGPPeers, field: spec.filters, to: BGPFilter}", "6:8", '"BGPPeers", did you mean "BGPPeer"'),
        ("{kind: BGPPeer, field: spec.filter, to: BGPFilter}", "6:23", 'no field "filter"'),
        ("{kind: BGPPeer, field: spec.filters, to: BGPFiltr}", "6:44", '"BGPFiltr", did you mean "BGPFilter"'),
        ("{from: {interface: lan0}, to: any}", "6:8", "names an interface, but no node"),
        ("{from: any, to: {selector: 'a ='}}", "6:19", '"to"'),
        ("{state: upp}", "6:8", "as-mismatch"),
        ("{kind: BGPPeer, expression: 'true'}", "6:1", '"message" is needed'),
        ("{kind: BGPPeer, message: 'a {b}', expression: 'true'}", "6:23", "not {b}"),
    ],
)
def test_what_a_check_cannot_use_is_told_at_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked_for: str, place: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    words = {"field": "reference", "from": "flow-forbidden", "state": "session", "expression": "expression"}
    check = next((name for word, name in words.items() if f"{word}:" in asked_for), "usage")
    own = OWN.replace("check: usage", f"check: {check}").replace("{problem: filter}", asked_for)
    code, output = asked(tmp_path, own, "check", "filter.yaml")
    assert code == 2
    assert output.startswith(f"callint: {Path('own', 'rule.yaml')}:{place}: ")
    assert said in output
