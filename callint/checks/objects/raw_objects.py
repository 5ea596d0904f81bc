"""Objects written as Calico stores them, past the API that checks them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.calico.kinds import V1, V3
from callint.checks.breach import Breach
from callint.finding import witness
from callint.objects import Cluster, Resource

# What Calico's own manifests install beside objects of this kind
_INSTALLERS = ("calico-node", "canal", "aws-node")
# Kinds that Calico alone writes, or that have no other form
_CALICOS_OWN = ("BlockAffinity", "ClusterInformation", "IPAMBlock", "IPAMConfiguration", "IPAMHandle")


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Objects of crd.projectcalico.org/v1, of which one word is said for all.

    Not where the configuration says that manifests are applied so, and not of what a cluster printed or Calico's own
    installation brings along.
    """
    raw = [one for one in cluster.all if one.api_version == V1 and one.kind not in _CALICOS_OWN]
    if not raw or cluster.target.road == "crd":
        return
    installing = {one.document.file for one in cluster.all if _installs(one)}
    written = [one for one in raw if one.document.file not in installing and not one.printed]
    if not written:
        return
    first, *more = written
    others = f" and {len(more)} more are raw objects" if more else " is a raw object"
    yield Breach.at(
        first,
        ("apiVersion",),
        f'{first.kind} "{first.name}"{others} of "{V1}", stored without Calico\'s own validation and defaults; the API '
        f'to be written is "{V3}"',
        (),
        witness("reference", reference=str(first.ref), objects=len(written)),
        "if this is how manifests are applied on purpose, say `calico: {applied-with: crd}` in callint.yaml",
    )


def _installs(resource: Resource) -> bool:
    if resource.kind == "CustomResourceDefinition":
        return True
    return resource.kind == "DaemonSet" and resource.name in _INSTALLERS
