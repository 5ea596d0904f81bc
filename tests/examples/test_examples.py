"""examples/: the home router is right in every respect, and its broken twin shows every rule at work."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from callint import rule
from callint.catalogue import Rule

NOT_SHOWN = {
    "SRC095": "reports a crash inside callint, which no manifest may cause",
}
"""Rules that examples/home-router-broken shows nowhere, each with the reason."""


def check(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "callint", "check", *arguments]
    return subprocess.run(command, cwd=repository, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8")


@pytest.fixture(scope="module")
def shown(repository: Path) -> Counter[str]:
    """How often the broken example breaks each rule; what callint cannot decide does not count."""
    done = check(repository, "--format", "json", "examples/home-router-broken")
    assert (done.returncode, done.stderr) == (1, "")
    severities = {one.id: one.severity for one in rule.load()}
    findings = json.loads(done.stdout)["findings"]
    return Counter(one["rule"] for one in findings if one["severity"] == severities[one["rule"]])


@pytest.mark.parametrize("road", ["calicoctl", "native", "crd"])
@pytest.mark.parametrize("dataplane", ["iptables", "nftables"])
def test_nothing_is_wrong_with_the_home_router(repository: Path, road: str, dataplane: str) -> None:
    done = check(repository, "--applied-with", road, "--dataplane", dataplane, "examples/home-router")
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


@pytest.mark.parametrize("release", ["v3.27", "v3.29", "v3.30", "v3.31", "v3.32"])
def test_the_home_router_is_right_in_many_releases(repository: Path, release: str) -> None:
    done = check(repository, "--calico-version", release, "examples/home-router")
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_the_home_router_can_be_checked_from_its_own_folder(repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "callint", "check"],
        cwd=repository / "examples/home-router",
        env={"PYTHONPATH": str(repository)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
    )
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


@pytest.mark.parametrize("one", list(rule.load()), ids=lambda one: one.id)
def test_the_broken_router_shows_every_rule(one: Rule, shown: Counter[str]) -> None:
    assert (shown[one.id] > 0) is (one.id not in NOT_SHOWN), f"{one.id} {one.name} is shown {shown[one.id]} times"


def test_no_rule_that_is_gone_is_excused() -> None:
    assert set(NOT_SHOWN) <= {one.id for one in rule.load()}


def test_the_broken_router_is_told_by_heart_alone(repository: Path) -> None:
    """No comment gives an answer away: what is wrong, callint says."""
    said = [
        line
        for path in sorted((repository / "examples/home-router-broken").rglob("*.yaml"))
        for line in path.read_bytes().decode("utf-8", "replace").splitlines()
        if "#" in line and any(word in line.lower() for word in ("wrong", "mistake:", "broken", "expect:", "todo"))
    ]
    assert said == []
