"""The article that the project began with: each of its published mistakes is told, with a proof and a way out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from callint.cli import main

PUBLISHED = [
    ("bgp-filter.yaml", 2, "unknown-kind", 'did you mean "BGPFilter"'),
    ("bgp-filter.yaml", 4, "syntax-error", 'put it on the level of "metadata:n"'),
    ("bgp-peer.yaml", 10, "filter-missing", "mend the document that could not be read"),
    ("bgp-peer.yaml", 12, "field-deprecated", 'use "nextHopMode: Keep"'),
    ("bgp-configuration.yaml", 9, "community-misnamed", "give it three numbers"),
    ("host-endpoints.yaml", 15, "wrong-type", '{defaultgateway: ""}'),
    ("host-endpoints.yaml", 26, "wrong-type", '{defaultgateway: ""}'),
    *(
        ("global-network-policy.yaml", line, "duplicate-key", "separate two objects by a line with ---")
        for line in (6, 7, 8, 10)
    ),
    ("global-network-policy.yaml", 11, "forward-policy-reaches-pods", "select the host endpoints by a label"),
]
# What is seen once the files can be read; `witness` is of the proof.
MENDED = [
    ("bgp-filter.yaml", "import-falls-through", "0.0.0.0/0", "end the list with a rule that has `action: Reject`"),
    ("bgp-configuration.yaml", "advertisement-never-tagged", "10.0.0.0/24", 'addCommunity: {value: "64512:0"}'),
    ("bgp-configuration.yaml", "community-misnamed", "64512:000", "give it three numbers"),
    ("global-network-policy.yaml", "forward-policy-reaches-pods", "all()", "select the host endpoints by a label"),
]


@pytest.fixture
def published(shared: Path, tmp_path: Path) -> Path:
    for file in (shared / "seed" / "as-published").iterdir():
        (tmp_path / file.name).write_text(file.read_text())
    return tmp_path


def told(folder: Path, *options: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(main, ["check", "--no-config", "--no-cache", "--format", "json", *options, str(folder)])
    findings: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    return [{**one, "file": Path(one["file"]).name} for one in findings]


def mend(folder: Path) -> None:
    for name, wrong, right in (
        ("bgp-filter.yaml", "BGPFilter [130]\nmetadata:n: projectcalico.org/v3", "BGPFilter\nmetadata:"),
        ("host-endpoints.yaml", "labels: defaultgateway", 'labels: {defaultgateway: ""}'),
    ):
        text = (folder / name).read_text()
        assert wrong in text
        (folder / name).write_text(text.replace(wrong, right))
    policy = folder / "global-network-policy.yaml"
    policy.write_text(policy.read_text().partition("spec:\n")[2])


def test_as_published(published: Path) -> None:
    found = {(one["file"], one["line"], one["name"]): one for one in told(published)}
    for file, line, name, way_out in PUBLISHED:
        one = found[file, line, name]
        assert way_out in one["message"] + (one["help"] or "")


def test_what_the_mended_files_mean(published: Path) -> None:
    mend(published)
    found = {(one["file"], one["name"]): one for one in told(published)}
    for file, name, proof, way_out in MENDED:
        one = found[file, name]
        assert proof in json.dumps(one["witness"])
        assert way_out in one["help"]
    assert (
        "IPPools for pods, of which the manifests hold none"
        in found["bgp-filter.yaml", "export-falls-through"]["message"]
    )
    unused = [one for one in told(published) if one["name"] == "endpoint-labels-unused"]
    assert {one["object"]["name"] for one in unused} == {"router-vpn", "router-cluster"}


def test_what_facts_and_the_dataplane_add(published: Path) -> None:
    mend(published)
    facts = Path(__file__).parents[2] / "examples" / "home-router" / "facts"
    names = [one["name"] for one in told(published, "--facts", str(facts))]
    assert "vpn-masqueraded" in names
    assert "masquerade-in-ebpf" in [one["name"] for one in told(published, "--dataplane", "ebpf")]
