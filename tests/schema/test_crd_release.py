"""The CRDs of a cluster tell of which release it is, and by that its objects of the other API are judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from callint.calico import NEWEST, OLDEST, UNRELEASED, Release, parse_release
from callint.calico.kinds import V1, V3
from callint.cli import main
from callint.schema.catalogue import find, kinds_of
from callint.schema.crd_release import release_of_crds
from callint.schema.from_crds import load_crds
from callint.schema.history import at, form
from callint.source import load

RELEASES = [(3, minor) for minor in range(OLDEST[1], UNRELEASED[1] + 1)]
PEER = """\
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: far}
spec: {peerIP: 192.0.2.1, asNumber: 64513, localASNumber: 64514}
"""


def crds_of(release: Release, *, api_version: str = V1, kinds: tuple[str, ...] | None = None) -> list[dict[str, Any]]:
    """The CRDs of a release as `kubectl get crd` gives them, made of callint's own schemas."""
    group, _, version = api_version.partition("/")
    road = "crd" if api_version == V1 else "native"
    made = []
    for kind in kinds or kinds_of(api_version):
        history = find(api_version, kind)
        if history and form(history, release, road) is not None:  # type: ignore[arg-type]
            schema = at(history, release, road)  # type: ignore[arg-type]
            versions = [{"name": version, "schema": {"openAPIV3Schema": schema}}]
            spec = {"group": group, "names": {"kind": kind}, "versions": versions}
            made.append({"kind": "CustomResourceDefinition", "spec": spec})
    return made


@pytest.mark.parametrize("release", RELEASES)
def test_each_release_is_known_by_its_fields(release: Release) -> None:
    assert release_of_crds(load_crds(crds_of(release))) == release


@pytest.mark.parametrize("release", [NEWEST, UNRELEASED])
def test_native_crds_tell_it_too(release: Release) -> None:
    assert release_of_crds(load_crds(crds_of(release, api_version=V3))) == release


def test_a_field_that_a_patch_release_added_may_be_missing() -> None:
    made = crds_of((3, 30))
    (peer,) = (crd for crd in made if crd["spec"]["names"]["kind"] == "BGPPeer")
    fields = peer["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    del fields["nextHopMode"], fields["reversePeering"]
    assert release_of_crds(load_crds(made)) == (3, 30)


def test_of_releases_that_do_not_differ_it_is_the_newest_that_is_out() -> None:
    assert release_of_crds(load_crds(crds_of((3, 26), kinds=("GlobalNetworkSet",)))) == NEWEST


def test_crds_of_others_tell_nothing() -> None:
    spec = {"group": "example.org", "names": {"kind": "BGPPeer"}, "versions": [{"name": "v3", "schema": {}}]}
    assert release_of_crds(load_crds([{"kind": "CustomResourceDefinition", "spec": spec}])) is None


def test_real_crds(shared: Path) -> None:
    for folder in sorted((shared / "crds").glob("v3.*")):
        for files in (folder, folder / "v3-native"):
            paths = [str(path) for path in sorted(files.glob("*.yaml"))]
            crds = load_crds(document.value for document in load(paths).documents)
            assert not paths or release_of_crds(crds) == parse_release(folder.name)


@pytest.mark.parametrize(("release", "told"), [((3, 28), True), ((3, 31), False)])
def test_objects_that_calicoctl_writes_are_judged_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, release: Release, told: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("crds.json").write_text(json.dumps({"kind": "List", "items": crds_of(release)}))
    Path("peer.yaml").write_text(PEER)
    arguments = ["check", "--no-config", "--select", "OBJ", "--format", "concise", "--crds", "crds.json", "peer.yaml"]
    place = "peer.yaml:4:44: error[OBJ008] field-too-new: "
    message = f'{place}"spec.localASNumber" needs Calico v3.31; the target is v3.28\n'
    assert CliRunner().invoke(main, arguments).stdout == (message if told else "")
    arguments += ["--calico-version", "v3.32"]
    assert CliRunner().invoke(main, arguments).stdout == ""
