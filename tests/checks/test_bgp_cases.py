"""Small broken clusters and their mended twins: bgp/*.yaml. Exactly the expected rules speak, at the expected lines."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from callint import config, rule
from callint.engine import Plan
from callint.finding import Finding
from callint.lint import Options, lint
from callint.source import parse

CATALOGUE = rule.load()
_HEADING = re.compile(r"(?m)^([A-Z]\w+)/([\w.-]+)(?: (\{.*\}))?((?:  # expect: \w+)?)$")
_EXPECTED = re.compile(r"# expect: (\w+)")


def _cases() -> list[Any]:
    found = []
    for path in sorted((Path(__file__).parent / "bgp").glob("*.yaml")):
        loaded = yaml.safe_load(path.read_text("utf-8"))
        for case in loaded["cases"]:
            given = "".join(loaded["shared"][name] for name in case.get("with", ())) + case.get("manifests", "")
            facts = loaded["shared"]["facts"] if case.get("facts") == "shared" else case.get("facts", "")
            for which in ("bad", "good"):
                if which == "bad" or which in case:
                    about = {**case, "text": _manifests(given + case.get(which, "")), "facts": facts, "which": which}
                    found.append(pytest.param(about, id=f"{path.stem}: {case['case']}, {which}"))
    return found


def _manifests(text: str) -> str:
    """Whole objects from their headings; what has none stands as it is."""

    def heading(match: re.Match[str]) -> str:
        kind, name, labels, expected = match.groups()
        metadata = f"{{name: {name}{f', labels: {labels}' if labels else ''}}}"
        return f"---\napiVersion: projectcalico.org/v3\nkind: {kind}\nmetadata: {metadata}{expected}\nspec:"

    return _HEADING.sub(heading, text)


def _findings(case: dict[str, Any], folder: Path) -> list[Finding]:
    facts: tuple[str, ...] = ()
    if case["facts"]:
        (folder / "facts.yaml").write_text(case["facts"])
        facts = (str(folder / "facts.yaml"),)
    major, minor = case.get("release", "3.32").split(".")
    options = Options(calico=config.Calico(release=(int(major), int(minor))), facts=facts)
    result = lint(parse(case["text"], "m.yaml"), config.Config(), Plan(CATALOGUE), options)
    assert result.crashes == []
    return [one for one in result.report.findings if one.rule not in case.get("beside", ())]


@pytest.mark.parametrize("case", _cases())
def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    lines = case["text"].splitlines()
    expected = {(match[1], number) for number, line in enumerate(lines, 1) for match in _EXPECTED.finditer(line)}
    found = _findings(case, tmp_path)
    assert {(one.rule, one.span.line) for one in found} == expected, [one.message for one in found]
    if case["which"] == "bad" and "says" in case:
        assert all(case["says"] in one.message for one in found)
    if case["which"] == "bad" and "witness" in case:
        key, _, value = case["witness"].partition("=")
        told = {str(dict(one.witness.facts).get(key)) for one in found if one.witness}
        assert told == {value}
