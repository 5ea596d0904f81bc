"""What is built and installed: the wheel carries rules and schemas, and works wherever it is installed from."""

from __future__ import annotations

import json
import re
import shutil
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import callint

pytestmark = pytest.mark.slow

Run = Callable[..., str]
Install = Callable[..., Path]


def build(kind: str, source: Path, folder: Path, run: Run) -> Path:
    """Build without pip and without a network, so that only hatchling has a say."""
    run(sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", folder, cwd=source)
    (built,) = folder.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


def content(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def wheel(snapshot: Path, tmp_path_factory: pytest.TempPathFactory, run: Run) -> Path:
    return build("wheel", snapshot, tmp_path_factory.mktemp("dist"), run)


@pytest.fixture(scope="module")
def elsewhere(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example of the home router, outside the checkout."""
    return Path(shutil.copytree(repository / "examples" / "home-router", tmp_path_factory.mktemp("elsewhere") / "home"))


def test_the_wheel_is_the_package_with_its_data_and_nothing_else(wheel: Path, snapshot: Path) -> None:
    assert wheel.name == f"callint-{callint.__version__}-py3-none-any.whl"
    expected = {f"callint/{file.relative_to(snapshot / 'callint').as_posix()}" for file in files(snapshot / "callint")}
    for data in ("rules", "schemas"):
        held = {file.relative_to(snapshot / data).as_posix(): file for file in files(snapshot / data)}
        expected |= {f"callint/data/{data}/{name}" for name in held}
        for name, file in held.items():
            assert content(wheel)[f"callint/data/{data}/{name}"] == file.read_bytes()
    expected.add("callint/data/rules.json")
    assert {name for name in content(wheel) if ".dist-info/" not in name} == expected
    assert "callint/py.typed" in expected


def test_the_index_of_rules_says_what_their_files_say(wheel: Path, snapshot: Path) -> None:
    index = dict(json.loads(content(wheel)["callint/data/rules.json"]))
    root = snapshot / "rules"
    heads = {file.relative_to(root).as_posix(): next(yaml.safe_load_all(file.read_bytes())) for file in files(root)}
    assert index == heads


def files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts]


def test_the_sdist_builds_the_same_wheel(wheel: Path, snapshot: Path, tmp_path: Path, run: Run) -> None:
    sdist = build("sdist", snapshot, tmp_path / "sdist", run)
    with tarfile.open(sdist) as archive:
        if sys.version_info >= (3, 12):
            archive.extractall(tmp_path, filter="data")
        else:
            archive.extractall(tmp_path)
    again = build("wheel", tmp_path / sdist.name.removesuffix(".tar.gz"), tmp_path / "wheel", run)
    assert content(again) == content(wheel)


def test_a_shallow_clone_without_tags_builds_the_same_wheel(
    wheel: Path, snapshot: Path, tmp_path: Path, run: Run
) -> None:
    run("git", "clone", "--quiet", "--depth=1", "--no-tags", snapshot.as_uri(), "clone", cwd=tmp_path)
    assert content(build("wheel", tmp_path / "clone", tmp_path / "dist", run)) == content(wheel)


@pytest.mark.parametrize("editable", [False, True])
def test_installed_it_lists_its_rules_and_checks_manifests(
    editable: bool, wheel: Path, snapshot: Path, elsewhere: Path, tmp_path: Path, install: Install, run: Run
) -> None:
    callint_ = install(tmp_path / "venv", *(["--editable", snapshot] if editable else [wheel])) / "callint"
    strict = {"PYTHONWARNINGS": "error"}
    assert run(callint_, "--version", cwd=elsewhere, env=strict) == f"callint {callint.__version__}\n"
    listed = set(re.findall(r"\b[A-Z0-9]{3}[0-9]{3}\b", run(callint_, "rules", cwd=elsewhere, env=strict)))
    assert listed >= {file.name[:6] for file in files(snapshot / "rules")}
    assert run(callint_, "check", cwd=elsewhere, env=strict) == ""
    broken = elsewhere.parent / "broken.yaml"
    broken.write_text("apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: a}\nspec: {cird: 10.0.0.0/8}\n")
    assert '"cird"' in run(callint_, "check", broken, cwd=elsewhere, env=strict, code=1)


def test_the_readme_begins_with_two_commands_that_work(
    repository: Path, snapshot: Path, tmp_path: Path, offline: dict[str, str], run: Run
) -> None:
    readme = (repository / "README.md").read_text(encoding="utf-8")
    first = re.search(r"^```sh\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    assert first, "README.md has no block of shell commands"
    commands = first[1].splitlines()
    assert len(commands) == 2
    run("git", "clone", "--quiet", snapshot, "callint", cwd=tmp_path)
    env = {**offline, "HOME": str(tmp_path)}
    run("bash", "-ec", commands[0], cwd=tmp_path / "callint", env=env)
    assert "error[" in run("bash", "-ec", commands[1], cwd=tmp_path / "callint", env=env, code=1)
