"""Host endpoints: those that are written, and all of them to be found by selectors."""

from __future__ import annotations

from collections.abc import Iterator

from callint.objects import Cluster
from callint.policy import model_of
from callint.policy.inventory import HostMember
from callint.policy.selectable import Selectable
from callint.source import placeholder
from callint.steps import Steps


def written_endpoints(cluster: Cluster) -> Iterator[HostMember]:
    """The host endpoints that manifests hold and that can be read."""
    for member in model_of(cluster).inventory.host_endpoints:
        resource = member.about.resource
        if resource.kind == "HostEndpoint" and resource.legible and placeholder(member.about.node) is None:
            yield member


def selectable_hosts(cluster: Cluster) -> Selectable[HostMember]:
    """All of them, for one question with steps of its own."""
    return model_of(cluster).inventory.hosts.within(Steps(cluster, "selectors with labels"))
