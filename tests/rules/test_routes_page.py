"""The rules in docs/routes.md find what they say."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from callint import config, rule
from callint.engine import Plan
from callint.lint import Options, lint
from callint.source import load
from rule_pages import REPOSITORY, rules_of_page

FILES = rules_of_page("routes.md")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", []),
        (
            "matchOperator: NotIn\n      cidr: 10.0.0.0/24",
            "matchOperator: In\n      cidr: 10.0.0.0/24",
            ["HOME020", "HOME021"],
        ),
        ("matchOperator: NotIn\n      cidr: 10.0.0.0/24", "matchOperator: In\n      cidr: 172.16.0.0/12", ["HOME021"]),
    ],
)
def test_rules_find(
    before: str, after: str, expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the router at home, whose filter rejects what it does not name."""
    monkeypatch.chdir(tmp_path)
    for folder in ("manifests", "facts"):
        shutil.copytree(REPOSITORY / "examples" / "home-router" / folder, folder)
    peers = Path("manifests/bgp.yaml")
    text = peers.read_text("utf-8")
    assert before in text
    peers.write_text(text.replace(before, after) if before else text, encoding="utf-8")
    for name, written in FILES.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(written, encoding="utf-8")
    Path("callint.yaml").write_text("rules: {paths: [policy]}\n", encoding="utf-8")
    settings = config.load("callint.yaml")
    catalogue = rule.load(settings.rule_paths)
    plan = Plan(catalogue, settings.settings(catalogue))
    facts = tuple(map(str, sorted(Path("facts").iterdir())))
    result = lint(load(["manifests"]), settings, plan, Options(facts=facts))
    assert result.crashes == []
    found = [one for one in result.report.findings if one.rule.startswith("HOME")]
    assert sorted({one.rule for one in found}) == expected
    assert all(one.severity == "error" for one in found)
