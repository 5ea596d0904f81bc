"""The Calico that the manifests are meant for: release, road to the datastore, dataplane."""

from __future__ import annotations

from typing import Literal

from callint.record import NamedTuple

Release = tuple[int, int]
"""Major and minor; patch releases of one minor are alike for every fact that callint holds."""

Road = Literal["calicoctl", "native", "crd"]
"""How an object reaches the datastore.

`calicoctl`: calicoctl or the aggregated API server (Go validation, Go defaults);
`native`: kubectl to native projectcalico.org/v3 CRDs (schema, CEL, admission policies);
`crd`: kubectl to raw crd.projectcalico.org/v1 objects (schema only).
"""

Dataplane = Literal["iptables", "nftables", "ebpf"]

OLDEST: Release = (3, 20)
NEWEST: Release = (3, 32)
UNRELEASED: Release = (3, 33)

NATIVE: Release = (3, 32)
"""The first release with CRDs of projectcalico.org/v3, a technical preview there."""

ROADS: tuple[Road, ...] = ("calicoctl", "native", "crd")
DATAPLANES: tuple[Dataplane, ...] = ("iptables", "nftables", "ebpf")


class Target(NamedTuple):
    """Release, road and dataplane for which a cluster's manifests are judged."""

    release: Release = NEWEST
    road: Road = "calicoctl"
    dataplane: Dataplane = "iptables"

    def road_of(self, api_version: str) -> Road:
        """The road of one object: raw CRD objects have no other road than their own (calico issue 6412)."""
        if api_version.startswith("crd.projectcalico.org/"):
            return "crd"
        return "native" if self.road == "native" else "calicoctl"


def parse_release(text: str) -> Release:
    """Read `v3.30`, `3.30` or `v3.30.2`; raises ValueError with a sentence for a person."""
    parts = text.strip().removeprefix("v").split("-")[0].split(".")
    if len(parts) not in (2, 3) or not all(part.isascii() and part.isdigit() and len(part) < 5 for part in parts):
        raise ValueError(f'"{text}" is not a Calico release such as v3.30')
    release = (int(parts[0]), int(parts[1]))
    if not OLDEST <= release <= UNRELEASED:
        raise ValueError(
            f'Calico release "{text}" is not known: {format_release(OLDEST)} to {format_release(UNRELEASED)} are'
        )
    return release


def no_road(release: Release | None, road: str | None) -> str:
    """Why a release cannot have the road that is said beside it; empty if it can, or if one of them is not said."""
    if road != "native" or release is None or release >= NATIVE:
        return ""
    return f"Calico {format_release(release)} has no native v3 CRDs, which came with {format_release(NATIVE)}"


def format_release(release: Release) -> str:
    """Write a release as Calico does: `v3.30`."""
    return f"v{release[0]}.{release[1]}"
