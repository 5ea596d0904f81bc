"""Validation against the CRDs that a cluster has."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from callint.schema.from_crds import KEPT, load_crds

CRD = yaml.safe_load(
    r"""
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ippools.projectcalico.org}
spec:
  group: projectcalico.org
  names: {kind: IPPool, plural: ippools}
  scope: Cluster
  versions:
    - name: v3
      served: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            apiVersion: {type: string}
            kind: {type: string}
            metadata: {type: object}
            spec:
              type: object
              required: [cidr]
              properties:
                cidr: {type: string, description: prose}
                colour: {type: string, enum: [Red, Green]}
                level: {type: string, pattern: '^(?i)(High|Low)?$'}
                port: {anyOf: [{type: integer}, {type: string}], x-kubernetes-int-or-string: true}
                mark: {type: integer, x-kubernetes-int-or-string: true}
                names: {type: array, x-kubernetes-list-type: set, items: {type: string}}
                free: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {a: {type: string}}}
                time: {type: string, nullable: true}
"""
)


def pool(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "projectcalico.org/v3", "kind": "IPPool", "metadata": {"name": "a"}, "spec": spec}


@pytest.mark.parametrize(
    "wrap", [lambda crd: [crd], lambda crd: [{"kind": "List", "items": [crd]}], lambda crd: [[crd]]]
)
def test_a_cluster_decides(wrap: Any, judge: Any) -> None:
    crds = load_crds(wrap(CRD))

    def told(**spec: Any) -> list[tuple[str, str]]:
        problems = judge(pool(**spec), road="native", crds=crds).problems
        return [(problem.kind, ".".join(map(str, problem.path))) for problem in problems]

    assert told(cidr="10.0.0.0/8", colour="Red", level="hIGH", port=1, names=["a"], free={"a": "b", "c": 1}) == []
    assert told(cidr="10.0.0.0/8", time=None, port="http", mark="AF11") == []
    assert told(cidr="10.0.0.0/8", natOutgoing=True) == [("unknown-field", "spec.natOutgoing")]
    assert told(colour="red") == [("value-not-allowed", "spec.colour"), ("missing-field", "spec.cidr")]
    assert told(cidr="a", level="Medium") == [("malformed-text", "spec.level")]
    assert told(cidr="a", port=[]) == [("wrong-type", "spec.port")]
    assert told(cidr="a", names=["b", "b"]) == [("value-not-allowed", "spec.names.1")]


def test_other_kinds_keep_their_schemas(judge: Any) -> None:
    crds = load_crds([CRD])
    peer = {"apiVersion": "projectcalico.org/v3", "kind": "BGPPeer", "metadata": {"name": "a"}, "spec": {"nodes": "x"}}
    assert [problem.kind for problem in judge(peer, crds=crds).problems] == ["unknown-field"]


def test_kinds_of_others_are_read_as_kubectl_does(judge: Any) -> None:
    crds = load_crds([{**CRD, "spec": {**CRD["spec"], "group": "policy.networking.k8s.io"}}])
    other = {**pool(CIDR=1, cidr=1), "apiVersion": "policy.networking.k8s.io/v3"}
    found = judge(other, road="calicoctl", crds=crds).problems
    assert [problem.kind for problem in found] == ["unknown-field", "wrong-type"]


def test_one_schema_for_all_versions_of_an_old_crd() -> None:
    spec = CRD["spec"]
    old = {**spec, "validation": spec["versions"][0]["schema"], "versions": [{"name": "v3"}]}
    crds = load_crds([{**CRD, "apiVersion": "apiextensions.k8s.io/v1beta1", "spec": old}])
    assert "cidr" in crds.schemas["projectcalico.org/v3", "IPPool"]["properties"]["spec"]["properties"]


def test_the_crds_of_a_release_judge_as_our_schemas_do(shared: Path, judge: Any) -> None:
    folder = shared / "crds" / "v3.32.1" / "v3-native"
    crds = load_crds(yaml.safe_load(file.read_text()) for file in folder.glob("*.yaml"))
    assert len(crds.schemas) >= 22
    for value in (
        pool(cidr="a", ipipMode="x", banana=1),
        pool(),
        pool(cidr="a" * 99),
        pool(cidr=1, allowedUses=["a", "a"]),
    ):
        theirs, ours = judge(value, road="native", crds=crds), judge(value, road="native")
        assert theirs.problems == ours.problems
        assert theirs.gaps == ours.gaps


WORDS = [
    *("kind", "spec", "items", "versions", "names", "group", "schema", "openAPIV3Schema", "validation", "properties"),
    *("a", "name"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(WORDS),
            inner | st.just("CustomResourceDefinition"),
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.lists(JSON, max_size=3))
def test_anything_may_stand_where_crds_were_expected(documents: list[Any]) -> None:
    assert isinstance(load_crds(documents).schemas, dict)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Each container in a value, with each of its keys or indexes."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, child in inside for place in ((value, key), *places(child))]


KEYWORDS = [*KEPT, "allOf", "items", "additionalProperties", "properties", "pattern", "nullable", "$ref", "anyOf", "x"]
ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats() | st.sampled_from(["", "a", "string", "(", "[a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYWORDS), inner, max_size=3),
    max_leaves=6,
)


@given(st.data())
def test_a_crd_that_no_server_takes_judges_all_the_same(judge: Any, data: st.DataObject) -> None:
    crd = deepcopy(CRD)
    for _ in range(data.draw(st.integers(1, 3))):
        holder, key = data.draw(st.sampled_from(places(crd["spec"]["versions"])))
        if isinstance(holder, dict) and data.draw(st.booleans()):
            key = data.draw(st.sampled_from([*KEYWORDS, "x-kubernetes-validations", "x-kubernetes-list-type"]))
        holder[key] = data.draw(ODD)
    crds = load_crds([crd])
    for spec in ({"cidr": "a", "colour": "Red", "level": "x", "port": 1, "names": ["a"], "free": {"a": 1}}, {}):
        for road in ("native", "calicoctl"):
            assert judge(pool(**spec), road=road, crds=crds).problems is not None


def test_a_crd_in_which_objects_are_text(judge: Any) -> None:
    crd = deepcopy(CRD)
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["type"] = "string"
    (problem,) = judge(pool(cidr="a"), road="native", crds=load_crds([crd])).problems
    assert (problem.kind, problem.path) == ("wrong-type", ())
