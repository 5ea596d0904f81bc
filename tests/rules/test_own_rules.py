"""The rules in docs/rules.md are rules: they load, have the form of a rule file, and find what they say."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from callint import config, rule
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
