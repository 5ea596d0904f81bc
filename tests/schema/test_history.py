"""The history in `schemas/` against the recorded ages of fields, and the comparing tool against all CRD files."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from callint.calico import Release, parse_exact, parse_release
from callint.calico.kinds import CANONICAL
from callint.schema.catalogue import KUBERNETES, calico_kinds, read
from callint.schema.history import Schema, at, form, node_at, releases, resolve

ONE_PATCH_ONLY = {("FelixConfiguration", "spec.bpfKubeProxyHealtzPort")}
"""Fields that no last patch of a minor release has: the schemas tell what later patches kept."""


def load(repository: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, repository / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def compare(repository: Path) -> ModuleType:
    return load(repository, "compare_schemas")


@pytest.fixture(scope="module")
def making(repository: Path) -> ModuleType:
    return load(repository, "schemas_from_crds")


def paths(root: Schema, node: Schema, path: str = "") -> dict[str, None]:
    """Every path of a plain schema, as the record writes them."""
    node = resolve(root, node)
    found: dict[str, None] = {path: None} if path else {}
    for name, child in node.get("properties", {}).items():
        found |= paths(root, child, f"{path}.{name}".lstrip("."))
    for key, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(node.get(key), dict):
            found |= paths(root, node[key], path + mark)
    return found


def minor(tag: str) -> Release:
    """The minor release of a tag; a development tag belongs to what came before it."""
    release = parse_release(tag.removeprefix("<="))
    return (release[0], release[1] - 1) if tag.endswith("-0.dev") else release


def schema_of(kind: str) -> Schema:
    name = CANONICAL.get(kind, kind)
    return read(name) if name in calico_kinds() else read(f"kubernetes/{kind}")


def test_every_field_has_the_age_that_is_recorded(shared: Path) -> None:
    record: dict[str, Any] = json.loads((shared / "crds" / "fields-since.json").read_text())
    compared = 0
    for kind, fields in record.items():
        for release in releases():
            schema = schema_of(kind)
            there = form(schema, release, "crd") is not None
            plain = at(schema, release, "crd") if there else {}
            known = set(paths(plain, plain))
            for path, ages in fields.items():
                if path.split(".")[0] in ("", "apiVersion", "kind", "metadata") or (kind, path) in ONE_PATCH_ONLY:
                    continue
                if ages["since"] == ["v3.34-dev"]:  # came and went between two releases
                    continue
                since = min(minor(tag) for tag in ages["since"])
                gone = ages.get("removed_after")
                alive = release >= since and not (gone and release > minor(gone))
                assert (path in known) == alive, (kind, path, release, ages)
                compared += 1
    assert compared > 10_000


def test_fields_that_patch_releases_brought_are_not_there_before(shared: Path) -> None:
    record: dict[str, Any] = json.loads((shared / "crds" / "fields-since.json").read_text())
    brought = {
        (kind, path, tag)
        for kind, fields in record.items()
        for path, ages in fields.items()
        for tag in ages["since"]
        if tag.count(".") == 2 and not tag.endswith(".0") and (kind, path) not in ONE_PATCH_ONLY
    }
    assert len(brought) >= 20
    for kind, path, tag in brought:
        release, patch = parse_release(tag), parse_exact(tag)[-1]
        for number, there in ((patch - 1, False), (patch, True), (99, True)):
            plain = at(schema_of(kind), (*release, number), "crd")
            assert (path in paths(plain, plain)) == there, (kind, path, tag, number)


FACTS: list[tuple[str, str, Release, str, str, Any]] = [
    # kind, path, release, road, keyword, value: read off the release notes in crd-history, not off the schemas
    ("BGPFilter", "spec.exportV4[]", (3, 26), "crd", "required", ["action", "cidr", "matchOperator"]),
    ("BGPFilter", "spec.exportV4[]", (3, 27), "crd", "required", ["action"]),
    ("BGPFilter", "spec.importV6[].prefixLength.max", (3, 29), "crd", "maximum", 128),
    ("BGPFilter", "spec.importV4[].prefixLength.max", (3, 29), "crd", "maximum", 32),
    ("BGPPeer", "spec.peerSelector", (3, 31), "crd", "maxLength", None),
    ("BGPPeer", "spec.peerSelector", (3, 32), "crd", "maxLength", 4096),
    ("BGPPeer", "spec.peerSelector", (3, 33), "crd", "maxLength", 1024),
    ("BGPPeer", "spec.sourceAddress", (3, 31), "crd", "enum", None),
    ("BGPPeer", "spec.sourceAddress", (3, 31), "native", "enum", None),
    ("BGPPeer", "spec.sourceAddress", (3, 31), "calicoctl", "enum", ["UseNodeIP", "None"]),
    ("BGPPeer", "spec.sourceAddress", (3, 32), "crd", "enum", ["UseNodeIP", "None"]),
    ("BlockAffinity", "spec.deleted", (3, 32), "crd", "type", "string"),
    ("BlockAffinity", "spec.deleted", (3, 32), "native", "type", "boolean"),
    ("FelixConfiguration", "spec.bpfRedirectToPeer", (3, 29), "crd", "enum", None),
    ("FelixConfiguration", "spec.bpfRedirectToPeer", (3, 30), "crd", "enum", ["Enabled", "Disabled", "L2Only"]),
    ("FelixConfiguration", "spec.bpfRedirectToPeer", (3, 32), "crd", "enum", ["Enabled", "Disabled"]),
    ("FelixConfiguration", "spec.iptablesMarkMask", (3, 32), "crd", "format", "int32"),
    ("FelixConfiguration", "spec.iptablesMarkMask", (3, 33), "crd", "maximum", 4294967295),
    ("FelixConfiguration", "spec.floatingIPs", (3, 22), "crd", "default", "Disabled"),
    ("FelixConfiguration", "spec.floatingIPs", (3, 23), "crd", "default", None),
    ("FelixConfiguration", "spec.istioDSCPMark", (3, 32), "crd", "type", ["integer", "string"]),
    ("IPAMConfiguration", "spec.maxBlocksPerHost", (3, 32), "crd", "maximum", 2147483647),
    ("IPAMConfiguration", "spec.maxBlocksPerHost", (3, 32), "native", "maximum", 1000000),
    ("IPAMConfiguration", "spec.maxBlocksPerHost", (3, 23), "crd", "minimum", None),
    ("IPPool", "spec.cidr", (3, 31), "crd", "x-callint-immutable", None),
    ("IPPool", "spec.cidr", (3, 32), "crd", "x-callint-immutable", True),
    ("IPPool", "spec.allowedUses", (3, 32), "crd", "uniqueItems", True),
    ("GlobalNetworkPolicy", "spec.ingress", (3, 33), "crd", "maxItems", 1024),
    ("GlobalNetworkPolicy", "spec.ingress[].ipVersion", (3, 26), "calicoctl", "enum", [4, 6]),
    ("GlobalNetworkPolicy", "spec.ingress[].icmp.type", (3, 32), "crd", "maximum", 254),
    ("Tier", "", (3, 31), "crd", "required", None),
    ("Tier", "", (3, 32), "crd", "required", ["metadata", "spec"]),
    ("IPPool", "", (3, 32), "native", "required", ["metadata", "spec"]),
    ("IPPool", "", (3, 32), "crd", "required", None),
]


@pytest.mark.parametrize(("kind", "path", "release", "road", "keyword", "value"), FACTS)
def test_facts_of_the_history(kind: str, path: str, release: Release, road: Any, keyword: str, value: Any) -> None:
    steps = tuple(0 if step == "[]" else step for step in path.replace("[]", ".[]").split(".") if step)
    node = node_at(read(kind), steps)
    assert node is not None
    current = form(node, release, road)
    assert current is not None
    assert current.get(keyword) == value


def test_schemas_agree_with_the_crds_of_every_release(
    compare: ModuleType, crd_folders: list[Path], repository: Path
) -> None:
    explained = compare.Explained(json.loads((repository / "tools" / "differences.json").read_text()))
    differences = [difference for folder in crd_folders for difference in compare.compare(folder)]
    assert [difference for difference in differences if explained.reason(difference) is None] == []
    assert explained.stale() == []


@pytest.mark.parametrize(
    ("path", "keyword", "value"),
    [
        ("cidr", "type", "integer"),
        ("cidr", "maxLength", 47),
        ("cidr", "format", None),
        ("ipipMode", "enum", ["Never", "Always"]),
        ("blockSize", "maximum", 127),
        ("blockSize", "x-callint-immutable", None),
        ("disabled", "x-callint-since", "3.33"),
        ("disabled", "x-callint-until", "3.31"),
        ("allowedUses", "uniqueItems", None),
        ("assignmentMode", "default", "Manual"),
    ],
)
def test_the_comparing_tool_sees_a_difference(
    compare: ModuleType, shared: Path, monkeypatch: pytest.MonkeyPatch, path: str, keyword: str, value: Any
) -> None:
    wrong = json.loads(json.dumps(read("IPPool")))
    wrong["properties"]["spec"]["properties"][path][keyword] = value
    monkeypatch.setattr(compare, "read", lambda name: wrong if name == "IPPool" else read(name))
    found = [d for d in compare.compare(shared / "crds" / "v3.32.1") if d.kind.endswith("IPPool")]
    assert {difference.path.split(".")[2].removesuffix("[]") for difference in found} == {path}


def test_the_schemas_are_what_the_tool_makes(making: ModuleType, crd_folders: list[Path], repository: Path) -> None:
    overlay = making.read_overlay(repository / "schemas" / "overlay.json")
    histories = making.collect(sorted(crd_folders, key=making.release_of_folder))
    assert len(histories) >= 24
    for name, history in histories.items():
        folder = "" if name in calico_kinds() else "kubernetes"
        made = making.pretty(making.ordered(making.finish(history, overlay.get(name, {})))) + "\n"
        assert (repository / "schemas" / folder / f"{name}.json").read_text() == made, name


def test_kinds_of_kubernetes_have_their_files() -> None:
    for (api, kind), name in KUBERNETES.items():
        assert kind in read(f"kubernetes/{name}")["x-callint-apis"][api]
