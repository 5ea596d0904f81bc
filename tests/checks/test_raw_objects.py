"""Objects of the stored API: those that people write, and those that Calico or a cluster wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest

from callint.calico import Road, Target
from callint.calico.kinds import V1, V3
from callint.checks import Breach, find
from callint.objects import Cluster, Resource, unpack
from callint.source import parse


def made(kind: str = "IPPool", api: str = V1, name: str = "one", **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, **metadata}, "spec": {}}


def told(*files: list[dict[str, Any]], road: Road = "calicoctl") -> list[Breach]:
    documents = [
        document
        for number, objects in enumerate(files)
        for document in parse("\n---\n".join(map(json.dumps, objects)), f"{number}.yaml").documents
    ]
    resources = [Resource(document, *found) for document in documents for found in unpack(document)]
    return list(find("raw_objects")(Cluster(resources, Target(road=road)), {}))


def test_one_word_for_all_of_a_cluster() -> None:
    found = told([made(api=V3), made(name="two")], [made("BGPPeer", name="three"), made("Tier", name="four")])
    assert [(one.object.name if one.object else "", one.path, one.span.file) for one in found] == [
        ("two", ("apiVersion",), "0.yaml")
    ]
    assert found[0].witness is not None
    assert found[0].witness.as_dict()["objects"] == 3
    assert told([made(api=V3)]) == []


@pytest.mark.parametrize(("road", "count"), [("calicoctl", 1), ("native", 1), ("crd", 0)])
def test_whoever_says_so_is_not_told(road: Road, count: int) -> None:
    assert len(told([made()], road=road)) == count


@pytest.mark.parametrize("kind", ["BlockAffinity", "ClusterInformation", "IPAMBlock", "IPAMConfig", "IPAMHandle"])
def test_what_calico_alone_writes(kind: str) -> None:
    assert told([made(kind)]) == []


def test_what_a_cluster_printed() -> None:
    assert told([made(uid="0a1b")]) == []


@pytest.mark.parametrize(
    ("kind", "api", "name", "count"),
    [
        ("CustomResourceDefinition", "apiextensions.k8s.io/v1", "ippools.crd.projectcalico.org", 0),
        ("DaemonSet", "apps/v1", "calico-node", 0),
        ("DaemonSet", "apps/v1", "canal", 0),
        ("DaemonSet", "apps/v1", "kube-proxy", 1),
        ("Deployment", "apps/v1", "calico-node", 1),
    ],
)
def test_what_installs_calico_in_the_same_file(kind: str, api: str, name: str, count: int) -> None:
    installer = made(kind, api, name)
    assert len(told([installer, made()])) == count
    assert len(told([installer], [made()])) == 1
