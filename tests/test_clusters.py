"""Which of the configuration's clusters a file belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from callint import config, rule
from callint.cli import main
from callint.engine import Plan
from callint.lint import DEFAULT, Options, describe, lint
from callint.source import load

POOL = "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: a}\nspec: {cidr: 10.0.0.0/16}\n"


def divided(folder: Path, configuration: str, files: list[str]) -> dict[str, list[str]]:
    """The files of each cluster."""
    (folder / "callint.yaml").write_text(configuration)
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(POOL)
    clusters = describe(load(files), config.load("callint.yaml"), DEFAULT, Plan(rule.load())).clusters
    return {cluster.name: [one.span().file for one in cluster.all] for cluster in clusters}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_deepest_folder_counts(folder: Path) -> None:
    text = "clusters:\n  all: {manifests: [.]}\n  a: {manifests: [a/]}\n  ab: {manifests: [a/b, c/x.yaml]}\n"
    files = ["a/b/x.yaml", "a/bb/x.yaml", "a/x.yaml", "b/x.yaml", "c/x.yaml", "c/y.yaml", "x.yaml"]
    assert divided(folder, text, files) == {
        "all": ["b/x.yaml", "c/y.yaml", "x.yaml"],
        "a": ["a/bb/x.yaml", "a/x.yaml"],
        "ab": ["a/b/x.yaml", "c/x.yaml"],
    }


def test_what_no_cluster_holds_is_a_cluster_of_its_own(folder: Path) -> None:
    text = "clusters:\n  a: {manifests: [a]}\n  b: {manifests: [b]}\n"
    assert divided(folder, text, ["a/x.yaml", "c/x.yaml"]) == {"a": ["a/x.yaml"], "default": ["c/x.yaml"]}


def test_one_cluster_holds_everything(folder: Path) -> None:
    assert divided(folder, "clusters: {a: {manifests: [a]}}\n", ["c/x.yaml"]) == {"a": ["c/x.yaml"]}


def test_manifests_by_patterns_of_folders(folder: Path) -> None:
    text = "clusters:\n  a: {manifests: ['*/a']}\n  b: {manifests: ['*/b/']}\n"
    assert divided(folder, text, ["x/a/c/x.yaml", "x/a/x.yaml", "x/ab/x.yaml", "x/b/x.yaml", "y/a/x.yaml"]) == {
        "a": ["x/a/c/x.yaml", "x/a/x.yaml", "y/a/x.yaml"],
        "b": ["x/b/x.yaml"],
        "default": ["x/ab/x.yaml"],
    }


def test_manifests_by_pattern_and_by_absolute_path(folder: Path) -> None:
    text = f"clusters:\n  a: {{manifests: ['a/**/*.yaml']}}\n  b: {{manifests: ['?/b-*.yaml', {folder}/c]}}\n"
    files = ["a/d/x.yaml", "a/x.yaml", "b/b-x.yaml", "b/x.yaml", "c/x.yaml"]
    assert divided(folder, text, files) == {
        "a": ["a/d/x.yaml", "a/x.yaml"],
        "b": ["b/b-x.yaml", "c/x.yaml"],
        "default": ["b/x.yaml"],
    }


BASE = """\
apiVersion: projectcalico.org/v3
kind: BGPFilter
metadata: {name: racks}
spec: {exportV4: [{action: Reject, cidr: 10.0.0.0/8, matchOperator: In}], importV4: [{action: Reject}]}
"""
PEER = """\
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: rack}
spec: {peerIP: 192.168.0.1, asNumber: 64600, filters: [racks]}
"""
SHARED = "clusters:\n  a: {manifests: [base, a]}\n  b: {manifests: [base, b]}\n"


def shared(folder: Path, base: str = BASE, a: str = PEER, b: str = PEER) -> list[tuple[str, str, str]]:
    """Rule, cluster and file of what is found of references and objects, in clusters that share a base."""
    for name, text in (("base", base), ("a", a), ("b", b)):
        (folder / name).mkdir()
        (folder / name / "x.yaml").write_text(text)
    (folder / "callint.yaml").write_text(SHARED)
    report = lint(load(["base", "a", "b"]), config.load("callint.yaml"), Plan(rule.load())).report
    assert (report.files, report.documents, report.objects) == (3, 3, 3)
    told = ("BGP001", "OBJ", "REF")
    return [(one.rule, one.cluster, one.span.file) for one in report.findings if one.rule.startswith(told)]


def test_a_base_is_part_of_each_cluster_that_names_it(folder: Path) -> None:
    text = (
        "clusters:\n  all: {manifests: [., a]}\n  a: {manifests: [base, a/b]}\n  b: {manifests: [base/, base, a/b]}\n"
    )
    assert divided(folder, text, ["base/x.yaml", "a/b/x.yaml", "a/x.yaml", "x.yaml"]) == {
        "all": ["a/x.yaml", "x.yaml"],
        "a": ["a/b/x.yaml", "base/x.yaml"],
        "b": ["a/b/x.yaml", "base/x.yaml"],
    }


def test_what_is_named_is_found_in_the_base(folder: Path) -> None:
    assert shared(folder) == []


def test_what_is_wrong_with_the_base_is_told_once(folder: Path) -> None:
    assert shared(folder, BASE.replace("cidr: 10.0.0.0/8", "cidr: 10.0.0.0/33")) == [("OBJ026", "a, b", "base/x.yaml")]


def test_what_is_wrong_in_one_cluster_only_names_it(folder: Path) -> None:
    """And that the filter of the base is of no use to one of them is nothing wrong."""
    assert shared(folder, b=PEER.replace("[racks]", "[lamps]")) == [("BGP001", "b", "b/x.yaml")]


def test_what_no_cluster_has_a_use_for_is_told(folder: Path) -> None:
    peer = PEER.replace(", filters: [racks]", "")
    found = shared(folder, a=peer, b=peer)
    assert [one for one in found if one[0] == "REF010"] == [
        ("REF010", "a", "base/x.yaml"),
        ("REF010", "b", "base/x.yaml"),
    ]


def test_settings_for_a_node_of_one_cluster_are_of_use(folder: Path) -> None:
    node = "apiVersion: v1\nkind: Node\nmetadata: {name: %s}\n"
    felix = "apiVersion: projectcalico.org/v3\nkind: FelixConfiguration\nmetadata: {name: node.%s}\nspec: {}\n"
    here, there = node % "router.lan", node % "router"
    assert shared(folder, felix % "router.lan", here, there) == []


LONELY = """\
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: tor}
spec: {peerIP: 192.0.2.1, asNumber: 64512, filters: [standard]}
"""
LEFT_OUT = """\
clusters:
  a: {manifests: [base, a, 'more/*.yaml']}
  b: {manifests: [base, b]}
"""


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([], []),
        (["-", "a"], []),
        (["."], []),
        (["./"], []),
        (["../{name}"], []),
        (["base", "a/", "b", "more"], []),
        (["base", "a/", "b", "more/*.yaml"], []),
        (
            ["b", "base/x.yaml"],
            [("a", 'has manifests in "base", "a", "more/*.yaml" that'), ("b", 'has manifests in "base" that')],
        ),
        (["b"], [("b", 'has manifests in "base" that')]),
        (["[ab]", "more"], [("a", 'has manifests in "base" that')]),
    ],
)
def test_manifests_that_are_not_given(folder: Path, given: list[str], told: list[tuple[str, str]]) -> None:
    for name in ("base", "a", "b", "more"):
        (folder / name).mkdir()
        (folder / name / "x.yaml").write_text(POOL.replace("name: a", f"name: {name}"))
    (folder / "callint.yaml").write_text(LEFT_OUT)
    paths = tuple(path.replace("{name}", folder.name) for path in given)
    sources = load([path for path in paths if path != "-" and not path.startswith("[")] or ["a", "b", "base", "more"])
    report = lint(sources, config.load("callint.yaml"), Plan(rule.load()), Options(paths=paths)).report
    found = [one for one in report.findings if one.rule == "SRC028"]
    assert [one.cluster for one in found] == [cluster for cluster, _ in told]
    assert all(part in one.message for one, (_, part) in zip(found, told, strict=True))
    assert [one.span.line for one in found] == [2 if one.cluster == "a" else 3 for one in found]


@pytest.mark.parametrize(
    ("rules", "given", "severity"),
    [
        ("", ("a.yaml",), "info"),
        ("", ("a.yaml", "b.yaml"), "error"),
        ("", (), "error"),
        ("rules: {BGP001: error}\n", ("a.yaml",), "error"),
        ("rules: {SRC028: off}\n", ("a.yaml",), "error"),  # the part is taken for the whole
    ],
)
def test_what_the_rest_may_hold_is_not_proven_to_be_missing(
    folder: Path, rules: str, given: tuple[str, ...], severity: str
) -> None:
    (folder / "a.yaml").write_text(LONELY)
    (folder / "b.yaml").write_text(POOL)
    (folder / "callint.yaml").write_text(f"manifests: [a.yaml, b.yaml]\n{rules}")
    settings = config.load("callint.yaml")
    plan = Plan(rule.load(), settings.settings(rule.load()))
    report = lint(load(list(given) or ["a.yaml", "b.yaml"]), settings, plan, Options(paths=given)).report
    assert [one.severity for one in report.findings if one.rule == "BGP001"] == [severity]


@pytest.mark.parametrize(
    ("given", "beside", "settings", "told"),
    [
        (["a.yaml"], POOL, None, True),
        (["a.yaml"], POOL, "rules: {BGP002: off}\n", True),
        (["a.yaml"], POOL, "manifests: [a.yaml]\n", False),
        (["a.yaml"], "services: {web: {image: nginx}}\n", None, False),
        (["a.yaml", "b.yaml"], POOL, None, False),
        (["."], POOL, None, False),
        (["a.yaml", "."], POOL, None, False),
        (["a.yaml", "*.yaml"], POOL, None, False),
        (["*.yaml"], POOL, None, False),
    ],
)
@pytest.mark.parametrize("cache", ["--cache", "--no-cache"])
def test_manifests_beside_files_that_are_given(
    folder: Path, given: list[str], beside: str, settings: str | None, told: bool, cache: str
) -> None:
    """Whoever names files is told which others may hold what is missing; it is an error all the same."""

    def output() -> str:
        return CliRunner().invoke(main, ["check", *given, "--format", "concise", cache]).stdout

    (folder / "a.yaml").write_text(LONELY)
    (folder / "b.yaml").write_text("a: 1\n")
    assert cache == "--no-cache" or CliRunner().invoke(main, ["check", *given, cache])
    (folder / "b.yaml").write_text(beside)
    if settings is not None:
        (folder / "callint.yaml").write_text(settings)
    first = output()
    assert ("error[BGP001]" in first, 'not: "b.yaml"; what' in first) == (True, told)
    assert output() == first


@pytest.mark.parametrize(("asked", "severity"), [("--select=BGP001", "info"), ("--disable=SRC028", "error")])
def test_who_asks_for_one_rule_is_told_the_same(folder: Path, asked: str, severity: str) -> None:
    (folder / "a.yaml").write_text(LONELY)
    (folder / "callint.yaml").write_text("manifests: [a.yaml, b.yaml]\n")
    done = CliRunner().invoke(main, ["check", "a.yaml", asked, "--format", "concise"])
    assert f"{severity}[BGP001]" in done.stdout


@pytest.mark.parametrize(
    ("manifests", "given", "told"),
    [
        ("m", ["m/a.yaml"], True),
        ("m", ["m/a.yaml", "m/sub/b.yaml"], False),
        ("m", ["m/a.yaml", "m/sub"], False),
        ("m/*.yaml", ["m/a.yaml"], False),
        (".", ["m/a.yaml", "m/sub/b.yaml"], False),
        (".", ["m/sub"], True),
        ("elsewhere", ["m"], True),
    ],
)
@pytest.mark.parametrize("cache", ["--cache", "--no-cache"])
def test_files_that_are_named_one_by_one(
    folder: Path, manifests: str, given: list[str], told: bool, cache: str
) -> None:
    for path in ("m/a.yaml", "m/sub/b.yaml", "elsewhere/c.yaml"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if path != "elsewhere/c.yaml" or manifests == "elsewhere":
            (folder / path).write_text(POOL.replace("name: a", f"name: {path[-6]}"))
    (folder / "callint.yaml").write_text(f"manifests: ['{manifests}']\n")
    arguments = ["check", *given, cache, "--format", "concise"]
    assert ("SRC028" in CliRunner().invoke(main, arguments).stdout) is told
    (folder / "m" / "new.yaml").write_text(POOL.replace("name: a", "name: new"))
    assert "SRC028" in CliRunner().invoke(main, arguments).stdout


def test_of_many_that_are_not_given_three_are_named(folder: Path) -> None:
    (folder / "a.yaml").write_text(POOL)
    (folder / "callint.yaml").write_text("manifests: [a.yaml, b, c, d, e, f]\n")
    report = lint(load(["a.yaml"]), config.load("callint.yaml"), Plan(rule.load()), Options(paths=("a.yaml",))).report
    (found,) = (one for one in report.findings if one.rule == "SRC028")
    assert found.message.startswith('cluster "default" has manifests in "b", "c", "d" and 2 more that are not given')
    assert (found.span.file, found.span.line, found.span.column) == ("callint.yaml", 1, 21)


@pytest.mark.parametrize(
    ("above", "told"),
    [
        ("fail-on: never\n", 'this configuration is not read, "callint.yaml" is in force'),
        ("", "this configuration is not read, it is below the paths that were given"),
    ],
)
def test_another_configuration_is_not_read(folder: Path, above: str, told: str) -> None:
    (folder / "a").mkdir()
    (folder / "a" / "x.yaml").write_text(POOL)
    (folder / "a" / "callint.yaml").write_text("# of a alone\nmanifests: [x.yaml]\n")
    if above:
        (folder / "callint.yaml").write_text(above)
    settings = config.load("callint.yaml") if above else config.Config()
    for sought in (True, False):
        report = lint(load(["."]), settings, Plan(rule.load()), Options(paths=(".",), sought=sought)).report
        found = [one for one in report.findings if one.rule == "SRC029"]
        assert [(one.message, one.span.file, one.span.line) for one in found] == [(told, "a/callint.yaml", 2)] * sought


def test_of_two_configurations_in_one_folder_one_is_to_be_kept(folder: Path) -> None:
    for name in (".callint.yaml", "callint.yml"):
        (folder / name).write_text("fail-on: never\n")
    (folder / "x.yaml").write_text(POOL)
    report = lint(load(["."]), config.sought("."), Plan(rule.load()), Options(sought=True)).report
    (found,) = (one for one in report.findings if one.rule == "SRC029")
    assert (found.span.file, found.help) == ("callint.yml", "keep one of the two, or name this one with --config")


def test_a_workflow_or_manifest_that_is_called_like_a_configuration_is_none(folder: Path) -> None:
    (folder / ".github" / "workflows").mkdir(parents=True)
    (folder / ".github" / "workflows" / "callint.yaml").write_text("on: [push]\njobs: {}\n")
    (folder / "a").mkdir()
    (folder / "a" / "callint.yaml").write_text(POOL)
    report = lint(load(["."]), config.Config(), Plan(rule.load()), Options(sought=True)).report
    assert report.files == 2
    assert "SRC029" not in {one.rule for one in report.findings}


def test_the_configuration_in_force_is_read(folder: Path) -> None:
    (folder / "callint.yaml").write_text("fail-on: never\n")
    (folder / "x.yaml").write_text(POOL)
    report = lint(load(["."]), config.load("callint.yaml"), Plan(rule.load()), Options(sought=True)).report
    assert "SRC029" not in {one.rule for one in report.findings}
