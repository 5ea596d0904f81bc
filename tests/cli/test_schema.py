"""`callint schema`: what it prints is JSON Schema that the library takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from callint.cli import main
from callint.schema.catalogue import OWN

CRD = """\
apiVersion: v1
kind: List
items:
  - apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: ippools.crd.projectcalico.org}
    spec:
      group: crd.projectcalico.org
      scope: Cluster
      names: {kind: IPPool, plural: ippools}
      versions:
        - name: v1
          schema:
            openAPIV3Schema:
              type: object
              properties:
                spec:
                  type: object
                  properties: {cidr: {type: string, maxLength: 43}}
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["schema", *arguments], prog_name="callint")


def shown(*arguments: str) -> dict[str, Any]:
    done = run("show", *arguments)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_show_is_a_schema_of_that_release() -> None:
    old, new = shown("BGPFilter", "--calico-version", "v3.28"), shown("BGPFilter", "--calico-version", "v3.29")
    Draft202012Validator.check_schema(new)
    plain = {
        "apiVersion": "projectcalico.org/v3",
        "kind": "BGPFilter",
        "metadata": {"name": "a"},
        "spec": {
            "exportV4": [
                {"action": "Accept", "matchOperator": "In", "cidr": "10.0.0.0/8", "prefixLength": {"min": 9, "max": 24}}
            ]
        },
    }
    assert not Draft202012Validator(old).is_valid(plain)
    assert Draft202012Validator(new).is_valid(plain)


def test_show_knows_what_callint_itself_reads_and_writes(repository: Path) -> None:
    files = {path.stem: path for path in (repository / "schemas").glob("[a-z]*.json")}
    del files["overlay"]  # which is no schema, but a part of many
    assert set(OWN) == set(files)
    for name, path in files.items():
        assert shown(name) == json.loads(path.read_text("utf-8"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "BGPPer"], 'callint: "BGPPer" is no kind of Calico, did you mean "BGPPeer"\n'),
        (["show", "Tier", "--calico-version", "3.26"], 'callint: Calico v3.26 has no kind "Tier"\n'),
        (["show", "Tier", "--calico-version", "9"], 'callint: "9" is not a Calico release such as v3.30\n'),
        (
            ["show", "Tier", "--calico-version", "3.31", "--applied-with", "native"],
            "callint: Calico v3.31 has no native v3 CRDs, which came with v3.32\n",
        ),
        (["from-crds", "nowhere.yaml"], None),
    ],
)
def test_refusals(arguments: list[str], message: str | None) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert message is None or done.stderr == message
    assert done.stderr.startswith("callint: ")


def test_from_crds(tmp_path: Path) -> None:
    file = tmp_path / "crds.yaml"
    file.write_text(CRD)
    found = json.loads(run("from-crds", str(file)).stdout)
    assert list(found) == ["crd.projectcalico.org/v1/IPPool"]
    spec = found["crd.projectcalico.org/v1/IPPool"]["properties"]["spec"]
    assert spec == {
        "type": "object",
        "additionalProperties": False,
        "properties": {"cidr": {"type": "string", "maxLength": 43}},
    }


def test_check_by_the_crds_of_a_cluster(tmp_path: Path) -> None:
    crds, manifest = tmp_path / "crds.yaml", tmp_path / "pool.yaml"
    crds.write_text(CRD)
    manifest.write_text(
        "apiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata: {name: a}\n"
        "spec: {cidr: 10.0.0.0/16, natOutgoing: true}\n"
    )
    arguments = ["check", "--no-config", "--format", "json", "--disable", "OPS003", str(manifest)]
    assert json.loads(CliRunner().invoke(main, arguments).stdout)["findings"] == []
    (finding,) = json.loads(CliRunner().invoke(main, [*arguments, "--crds", str(crds)]).stdout)["findings"]
    assert (finding["rule"], finding["path"]) == ("OBJ002", "/spec/natOutgoing")


def test_from_crds_without_any(tmp_path: Path) -> None:
    file = tmp_path / "other.yaml"
    file.write_text("kind: ConfigMap\n")
    assert "no CustomResourceDefinition in" in run("from-crds", str(file)).stderr
