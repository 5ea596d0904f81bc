"""The Calico that the manifests are meant for: release, road to the datastore, dataplane."""

from __future__ import annotations

from typing import Literal

from callint.record import NamedTuple

Release = tuple[int, int]
"""Major and minor; patch releases of one minor are alike but for the fields that came with one of them."""

Exact = tuple[int, int] | tuple[int, int, int]
"""A release with its patch, or without one, which means the last of its minor."""

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

_CATCH_ALL_REFUSED: dict[Release, int] = {(3, 29): 6, (3, 30): 3}
"""The minors in which a patch release began to refuse notNets of everything; those before never did."""

ROADS: tuple[Road, ...] = ("calicoctl", "native", "crd")
DATAPLANES: tuple[Dataplane, ...] = ("iptables", "nftables", "ebpf")


class Target(NamedTuple):
    """Release, road and dataplane for which a cluster's manifests are judged."""

    release: Release = NEWEST
    road: Road = "calicoctl"
    dataplane: Dataplane = "iptables"
    patch: int | None = None

    @classmethod
    def at(cls, release: Exact, road: Road = "calicoctl") -> Target:
        """That of a release of which the patch may be known."""
        return cls(release[:2], road, patch=release[2] if len(release) == 3 else None)

    @property
    def exact(self) -> Exact:
        """The release, with its patch where that is known."""
        return self.release if self.patch is None else (*self.release, self.patch)

    @property
    def refuses_catch_all(self) -> bool:
        """Whether Calico's validator refuses notNets that leave nothing (validation.md section 4.1)."""
        first = _CATCH_ALL_REFUSED.get(self.release, 0)
        return self.release >= min(_CATCH_ALL_REFUSED) and (self.patch is None or self.patch >= first)

    def road_of(self, api_version: str) -> Road:
        """The road of one object: raw CRD objects have no other road than their own (calico issue 6412)."""
        if api_version.startswith("crd.projectcalico.org/"):
            return "crd"
        return "native" if self.road == "native" else "calicoctl"


def parse_release(text: str) -> Release:
    """The minor of what `parse_exact` reads."""
    return parse_exact(text)[:2]


def parse_exact(text: str) -> Exact:
    """Read `v3.30`, `3.30` or `v3.30.2`; raises ValueError with a sentence for a person."""
    parts = text.strip().removeprefix("v").split("-")[0].split(".")
    if len(parts) not in (2, 3) or not all(part.isascii() and part.isdigit() and len(part) < 5 for part in parts):
        raise ValueError(f'"{text}" is not a Calico release such as v3.30')
    release = (int(parts[0]), int(parts[1]))
    if not OLDEST <= release <= UNRELEASED:
        raise ValueError(
            f'Calico release "{text}" is not known: {format_release(OLDEST)} to {format_release(UNRELEASED)} are'
        )
    return (*release, int(parts[2])) if len(parts) == 3 else release


def no_road(release: Exact | None, road: str | None) -> str:
    """Why a release cannot have the road that is said beside it; empty if it can, or if one of them is not said."""
    if road != "native" or release is None or release >= NATIVE:
        return ""
    return f"Calico {format_release(release)} has no native v3 CRDs, which came with {format_release(NATIVE)}"


def format_release(release: Exact) -> str:
    """Write a release as Calico does: `v3.30`, `v3.30.2`."""
    return "v" + ".".join(map(str, release))
