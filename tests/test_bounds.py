"""What a stranger writes leads to no file outside of what is checked, by a path of the configuration or by a link."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from callint import config, rule
from callint.catalogue import RuleError
from callint.cli import main

OUTSIDE = "out of the folder of the configuration, its git work tree and the working directory"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git work tree beside a secret, and the working directory in it."""
    (tmp_path / "secret").write_text("TOKEN=abc\n")
    repository = tmp_path / "repository"
    (repository / ".git").mkdir(parents=True)
    (repository / ".git" / "config").write_text("token = abc\n")
    (repository / "link").symlink_to("..", target_is_directory=True)
    (repository / "link.yaml").symlink_to("../secret")
    (repository / "clusters" / "home").mkdir(parents=True)
    (repository / "clusters" / "home" / "up").symlink_to("../..", target_is_directory=True)
    monkeypatch.chdir(repository)
    return repository


def loaded(folder: Path, text: str) -> config.Config:
    (folder / "callint.yaml").write_text(text)
    return config.load("callint.yaml")


@pytest.mark.parametrize(
    ("text", "place", "leads_to", "instead"),
    [
        ("facts: [own, ../secret]", '1:14: "../secret"', "secret", "it with --facts"),
        ("facts: [link.yaml]", '1:9: "link.yaml"', "secret", "it with --facts"),
        ("facts: [link/secret]", '1:9: "link/secret"', "secret", "it with --facts"),
        ("facts: [link/sec*]", '1:9: "link/sec*"', "", "it with --facts"),
        ("facts: [.git/config]", '1:9: ".git/config"', "repository/.git/config", "it with --facts"),
        ("facts: [.GIT/config]", '1:9: ".GIT/config"', "repository/.GIT/config", "it with --facts"),
        ("baseline: link.yaml", '1:11: "link.yaml"', "secret", "it with --baseline"),
        ("manifests: [link]", '1:13: "link"', "", "it as an argument"),
        ("rules: {paths: [..]}", '1:17: ".."', "", "a configuration beside it with --config"),
        (
            "clusters:\n  home: {manifests: [home, ../**/*.yaml]}",
            '2:28: "../**/*.yaml"',
            "",
            "a configuration beside it with --config",
        ),
        ("clusters: {home: {manifests: [home], facts: [..]}}", '1:46: ".."', "", "it with --facts"),
    ],
)
def test_a_configuration_leads_nowhere_outside(
    repository: Path, text: str, place: str, leads_to: str, instead: str
) -> None:
    with pytest.raises(config.ConfigError) as caught:
        loaded(repository, text)
    where = str(repository.parent / leads_to) if leads_to else str(repository.parent)
    assert str(caught.value) == f'callint.yaml:{place} leads to "{where}", {OUTSIDE}, name {instead} instead'


@pytest.mark.parametrize("working", [".", "clusters/home", "../elsewhere"])
def test_a_configuration_may_name_what_lies_in_its_git_work_tree(
    repository: Path, monkeypatch: pytest.MonkeyPatch, working: str
) -> None:
    file = repository / "clusters" / "home" / "callint.yaml"
    file.write_text("facts: [../../facts, up/facts, ., '*.yaml']\nbaseline: ../known.json\n")
    (repository.parent / "elsewhere").mkdir()
    monkeypatch.chdir(repository / working)
    assert len(config.load(str(file)).clusters[0].facts) == 4
    (repository / ".git").rename(repository.parent / "git")
    if working == ".":
        assert config.load(str(file)).baseline, "the working directory may be shown"
    else:
        with pytest.raises(config.ConfigError, match=r'callint.yaml:2:11: "../known.json" leads to'):
            config.load(str(file))


@pytest.mark.parametrize("text", ["facts: ['-']", "clusters: {home: {manifests: ['-']}}", "baseline: '-'"])
def test_a_configuration_reads_no_standard_input(repository: Path, text: str) -> None:
    with pytest.raises(config.ConfigError, match="which arguments alone may name"):
        loaded(repository, text)


def test_a_link_that_is_found_is_no_configuration_if_it_leads_outside(repository: Path) -> None:
    (repository / "callint.yaml").symlink_to("../secret")
    with pytest.raises(config.ConfigError) as caught:
        config.find("clusters/home")
    secret = repository.parent / "secret"
    said = f'callint.yaml: this file leads to "{secret}", {OUTSIDE}, name it with --config instead'
    assert str(caught.value) == said
    (repository / "clusters" / "callint.yaml").symlink_to("home/shared.yaml")
    (repository / "clusters" / "home" / "shared.yaml").write_text("fail-on: info\n")
    assert config.find("clusters/home") == "clusters/callint.yaml"


RULE = """\
id: HOME003
name: filter-idle
summary: nobody uses a filter
severity: error
check: usage
with: {problem: filter}
"""


def test_a_link_among_rules_shows_nothing_outside(repository: Path) -> None:
    def explained() -> tuple[int, str]:
        run = CliRunner().invoke(main, ["explain", "HOME003"])
        return run.exit_code, run.output

    (repository / "callint.yaml").write_text("rules: {paths: [own]}")
    (repository / "shared.yaml").write_text(RULE)
    (repository / "own").mkdir()
    (repository / "own" / "rule.yaml").symlink_to("../shared.yaml")
    assert explained()[0] == 0, "the working directory may be shown"
    (repository / "own" / "secret.yaml").symlink_to("../../secret")
    said = "it is a link out of the folder of rules, name the file itself to have it read"
    assert explained() == (2, f"callint: own/secret.yaml: {said}\n")


def test_a_link_that_takes_the_place_of_a_file_of_callint_leads_nowhere_outside(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "cannot be read: another file has taken its place meanwhile, which lies outside"
    found = loaded(repository, "rules: {paths: [own]}\nbaseline: known.json\n")
    (repository / "known.json").symlink_to("../secret")
    with pytest.raises(config.ConfigError, match=f"^known.json: {said}$"):
        config.known_findings("known.json", found.bounds)
    with pytest.raises(config.ConfigError, match=r"^known.json:1:1: "):
        config.known_findings("known.json")
    monkeypatch.setattr("os.path.islink", lambda path: False)  # as it was when it was looked at
    (repository / "own").mkdir()
    (repository / "own" / "rule.yaml").symlink_to("../../secret")
    with pytest.raises(RuleError, match=f"^own/rule.yaml: {said}$"):
        rule.load(found.rule_paths)
    (repository / "callint.yaml").unlink()
    (repository / "callint.yaml").symlink_to("../secret")
    with pytest.raises(config.ConfigError, match=f"^callint.yaml: {said}$"):
        config.sought("clusters")
    with pytest.raises(config.ConfigError, match=r"^callint.yaml:1:1: "):
        config.load("callint.yaml")
