"""Every rule's examples, run from the rule files themselves: `bad` is reported where it says so, `good` is silent."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from callint import config, rule
from callint.catalogue import Example, Rule
from callint.engine import Plan
from callint.lint import Options, lint
from callint.source import load

CATALOGUE = rule.load()
EXPLAINED = {one.id: rule.explanation(one) for one in CATALOGUE}
EXAMPLES = [
    pytest.param(one, example, id=f"{one.id}-{number}")
    for one in CATALOGUE
    for number, example in enumerate(EXPLAINED[one.id].examples)
]
WITHOUT_EXAMPLE = {
    "SRC009": "is about a path of which nothing can be read",
    "SRC029": "is about a second configuration, of which an example has none",
    "SRC095": "reports a crash inside callint, which no manifest may cause",
    "SRC096": "is about a baseline, of which an example has none",
}

EXPECT = re.compile(r"#\s*expect(?P<above>-above)?:\s*(?P<ids>[A-Z][A-Z0-9]*[0-9](?:\s*,\s*[A-Z][A-Z0-9]*[0-9])*)")


def expected(text: str) -> Counter[tuple[int, str]]:
    found: Counter[tuple[int, str]] = Counter()
    for number, line in enumerate(text.splitlines(), 1):
        for match in EXPECT.finditer(line):
            found.update((number - bool(match["above"]), name.strip()) for name in match["ids"].split(","))
    return found


def reported(
    folder: Path, manifests: str, example: Example, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Counter[tuple[int, str]]]:
    files = {f"manifests.{example.format}": manifests, "facts.yaml": example.facts, "callint.yaml": example.config}
    for name, text in files.items():
        if text:
            (folder / name).write_bytes(text.encode(example.encoding))
    monkeypatch.chdir(folder)
    settings = config.load("callint.yaml") if example.config else config.Config()
    plan = Plan(CATALOGUE, settings.settings(CATALOGUE))
    facts = ("facts.yaml",) if example.facts else ()
    paths = (f"manifests.{example.format}",)
    result = lint(load(paths, limits=settings.limits), settings, plan, Options(facts=facts, paths=paths))
    assert result.crashes == []
    found: dict[str, Counter[tuple[int, str]]] = {name: Counter() for name in files}
    for finding in result.report.findings:
        found[finding.span.file][finding.span.line, finding.rule] += 1
    return found


@pytest.mark.parametrize(("one", "example"), EXAMPLES)
def test_bad_example_is_reported_where_it_says(
    one: Rule, example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = reported(tmp_path, example.bad, example, monkeypatch)
    wanted = {
        f"manifests.{example.format}": expected(example.bad),
        "facts.yaml": expected(example.facts),
        "callint.yaml": expected(example.config),
    }
    assert found == wanted
    assert any(name == one.id for spans in wanted.values() for _, name in spans), "the example expects another rule"


@pytest.mark.parametrize(("one", "example"), EXAMPLES)
def test_good_example_is_silent(one: Rule, example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mended = example._replace(facts=example.good_facts, config=example.good_config)
    found = reported(tmp_path, example.good, mended, monkeypatch)
    assert {name: dict(spans) for name, spans in found.items() if spans} == {}


@pytest.mark.parametrize("one", list(CATALOGUE), ids=lambda one: one.id)
def test_rule_explains_itself(one: Rule) -> None:
    text = EXPLAINED[one.id]
    assert text.why
    assert text.fix
    assert max(map(len, (*text.why.splitlines(), *text.fix.splitlines()))) <= 120
    assert text.references
    assert one.id in WITHOUT_EXAMPLE or text.examples, "a rule without examples cannot be trusted"
    assert all(example.title and example.bad and example.good for example in text.examples)
    assert not one.summary.endswith(".")
    assert one.summary[0].islower() or one.summary.split()[0].isupper() or one.summary.startswith(("BGP", "IPP"))


def test_file_name_is_id_and_name() -> None:
    for one in CATALOGUE:
        path = Path(one.file)
        assert path.stem == f"{one.id}-{one.name}"
        assert path.parent.name == one.group.lower()


def test_summaries_are_unique() -> None:
    summaries = Counter(one.summary for one in CATALOGUE)
    assert [text for text, count in summaries.items() if count > 1] == []
