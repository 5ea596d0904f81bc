"""Host endpoints as they are written."""

from __future__ import annotations

from collections.abc import Iterator

from callint.objects import Cluster
from callint.policy import model_of
from callint.policy.inventory import HostMember
from callint.source import placeholder


def written_endpoints(cluster: Cluster) -> Iterator[HostMember]:
    """The host endpoints that manifests hold and that can be read."""
    for member in model_of(cluster).inventory.host_endpoints:
        resource = member.about.resource
        if resource.kind == "HostEndpoint" and resource.legible and placeholder(member.about.node) is None:
            yield member
