"""Clusters from YAML text, and the reference cases as clusters and packets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from callint.calico import Target
from callint.calico.failsafe import FailsafePort
from callint.objects import Cluster, Intent
from callint.policy import Packet
from manifests import cluster_of

API_VERSIONS = {
    "Namespace": "v1",
    "Node": "v1",
    "Pod": "v1",
    "ServiceAccount": "v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "ClusterNetworkPolicy": "policy.networking.k8s.io/v1alpha2",
}


@pytest.fixture
def make_cluster() -> Callable[..., Cluster]:
    return cluster_of


class Case:
    """One reference case: the cluster of its environment and objects."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self.environment = raw.get("environment", {})
        self.node = self.environment.get("node", "")
        self.interfaces = self.environment.get("interfaces")

    @property
    def cluster(self) -> Cluster:
        written_via = self.environment.get("writtenVia", "v3")
        group = "crd.projectcalico.org/v1" if written_via == "crd" else "projectcalico.org/v3"
        road = "native" if written_via == "v3-native-crd" else "calicoctl"
        objects = [{"apiVersion": API_VERSIONS.get(o["kind"], group), **o} for o in self.raw.get("objects", [])]
        objects += [self._workload(one) for one in self.environment.get("workloads", ())]
        objects += self._homes(objects)
        objects += self._nodes()
        if "felix" in self.environment:
            objects.append(self._felix(group))
        return cluster_of(objects, Target(road=road), Intent(complete=("WorkloadEndpoint", "EndpointSlice")))

    @property
    def packets(self) -> Iterator[tuple[Packet, dict[str, Any]]]:
        """Each packet with what is expected of it."""
        return ((_packet(one["packet"]), one["expect"]) for one in self.raw["cases"])

    def _workload(self, about: dict[str, Any]) -> dict[str, Any]:
        namespace = about.get("namespace", "default")
        account = about.get("serviceAccount")
        profiles = [f"kns.{namespace}", *([f"ksa.{namespace}.{account}"] if account else [])]
        return {
            "apiVersion": "projectcalico.org/v3",
            "kind": "WorkloadEndpoint",
            "metadata": {"name": about["name"], "namespace": namespace, "labels": about.get("labels", {})},
            "spec": {
                "node": about.get("node", self.node),
                "orchestrator": "k8s",
                "interfaceName": about.get("interface", ""),
                "ipNetworks": about["ips"],
                "profiles": about.get("profiles", profiles),
                "serviceAccountName": account,
                "ports": about.get("ports", []),
            },
        }

    def _homes(self, objects: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
        """Namespaces and service accounts of workloads that the case does not write: they have no labels."""
        written = {(o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]) for o in objects}
        workloads = [(one.get("namespace", "default"), one) for one in self.environment.get("workloads", ())]
        wanted: dict[tuple[str, str | None, str], None] = {("Namespace", None, home): None for home, _ in workloads}
        wanted |= {("ServiceAccount", home, a): None for home, one in workloads if (a := one.get("serviceAccount"))}
        for kind, home, name in wanted:
            if (kind, home, name) not in written:
                metadata = {"name": name} | ({"namespace": home} if home else {})
                yield {"apiVersion": "v1", "kind": kind, "metadata": metadata}

    def _nodes(self) -> Iterable[dict[str, Any]]:
        for index, address in enumerate(self.environment.get("calicoNodeIPs", ())):
            key = "IPv6Address" if ":" in address else "IPv4Address"
            annotations = {f"projectcalico.org/{key}": address}
            yield {"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"node{index}", "annotations": annotations}}

    def _felix(self, group: str) -> dict[str, Any]:
        spec: dict[str, Any] = {}
        for key, value in self.environment["felix"].items():
            if key in ("failsafeInbound", "failsafeOutbound"):
                spec[f"{key}HostPorts"] = [_failsafe(entry) for entry in value]
            else:
                spec[key] = value
        return {"apiVersion": group, "kind": "FelixConfiguration", "metadata": {"name": "default"}, "spec": spec}


def _failsafe(text: str) -> dict[str, Any]:
    protocol, _, rest = (text if ":" in text else f"tcp:{text}").partition(":")
    net, _, port = rest.rpartition(":")
    found = FailsafePort(protocol, int(port), net.strip("[]") or None)
    return {key: value for key, value in found._asdict().items() if value is not None}


def _packet(raw: dict[str, Any]) -> Packet:
    before = raw.get("preDNAT", {})
    return Packet(
        in_interface=raw.get("in"),
        out_interface=raw.get("out"),
        source=raw["src"],
        destination=raw["dst"],
        protocol=raw["protocol"],
        source_port=raw.get("sport"),
        destination_port=raw.get("dport"),
        icmp_type=raw.get("icmpType"),
        icmp_code=raw.get("icmpCode"),
        pre_dnat_destination=before.get("dst"),
        pre_dnat_port=before.get("dport"),
        conntrack=raw.get("ct", "new"),
    )


@pytest.fixture(scope="session")
def vectors(shared: Path) -> list[Case]:
    loaded = yaml.safe_load((shared / "vectors" / "policy.yaml").read_text("utf-8"))
    return [Case(raw) for raw in loaded["vectors"]]
