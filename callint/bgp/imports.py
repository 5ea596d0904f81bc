"""What a session imports and what of it reaches the kernel (bgp_processor.go buildImportFilter, bird_ipam.cfg)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from callint.bgp.candidates import Routes
from callint.bgp.decision import Decision
from callint.bgp.filters import Part
from callint.bgp.pools import Pools, inside_all
from callint.bgp.route import HIGHEST
from callint.bgp.rules import UNCHANGED
from callint.bgp.services import Ranges
from callint.bgp.session import Form
from callint.calico import Release
from callint.calico.defaults import FELIX_TAKES_IPIP
from callint.facts.values import USUAL_METRIC
from callint.net.address import Family, Prefix
from callint.net.prefixes import PrefixSet
from callint.objects.bgp import BGPConfiguration
from callint.record import NamedTuple

KernelStep = Literal["service-range", "vxlan-pool", "ipip-pool", "felix-pool", "programmed"]

KERNEL_STEPS: dict[KernelStep, str] = {
    "service-range": "service networks are never programmed",
    "vxlan-pool": "Felix programs the routes of VXLAN pools",
    "ipip-pool": "Felix programs the routes of IPIP pools",
    "felix-pool": "Felix programs the routes of pools without encapsulation",
    "programmed": "BIRD programs it",
}


class Programmed(NamedTuple):
    """Prefixes of imported routes which BIRD programs into the kernel, or not."""

    prefixes: PrefixSet
    in_kernel: bool
    step: KernelStep


def loops(routes: Routes, form: Form) -> bool:
    """Whether BIRD drops the routes because the session's own AS is in their path too often (I1)."""
    path = routes.attributes.as_path or ()
    return path.count(form.local_as) > form.allowed_local_as


def imported(form: Form, routes: Routes, parts: Iterable[Part]) -> Iterator[Decision]:
    """Decide on routes that the far end sends; what no BGPFilter decides is accepted, whatever it is (I4)."""
    if loops(routes, form):
        yield Decision(routes, routes.prefixes, "reject", "own-as-in-path")
        return
    for part in parts:
        operations = part.rule.operations if part.rule else UNCHANGED
        verdict = part.rule.verdict if part.rule else "accept"
        step: Literal["filter", "default"] = "filter" if part.rule else "default"
        result = operations.on(routes.attributes)
        yield Decision(routes, part.prefixes, verdict, step, part.rule, part.when, part.unless, result)


def metric(release: Release, family: Family, local_pref: int | None) -> int | None:
    """The kernel metric of an imported route (K2), up to v3.31 that of Linux; None if it is not known."""
    if release < (3, 32):
        return USUAL_METRIC[family]
    return HIGHEST - local_pref if local_pref is not None else None


class Kernel(NamedTuple):
    """What BIRD keeps out of the kernel, in the order in which it is asked."""

    kept: tuple[tuple[KernelStep, PrefixSet], ...]

    def divide(self, prefixes: PrefixSet) -> Iterator[Programmed]:
        """Which of the prefixes are programmed."""
        left = prefixes
        for step, region in self.kept:
            if hit := left & region:
                yield Programmed(hit, False, step)
                left = left - hit
        if left:
            yield Programmed(left, True, "programmed")


def programs_of_bird(configuration: BGPConfiguration | None, release: Release) -> str:
    """Which routes between nodes BIRD programs, as programClusterRoutes says it (bgpconfig.go)."""
    written = configuration.program_cluster_routes if configuration is not None else None
    return written or ("Enabled" if release < FELIX_TAKES_IPIP else "EnabledNoEncapOnly")


def ipip_by_bird(configuration: BGPConfiguration | None, release: Release) -> bool:
    """Whether BIRD programs the routes of IPIP pools; by default it does up to v3.32."""
    return programs_of_bird(configuration, release) in ("Enabled", "EnabledIPIPOnly")


def kernel(pools: Pools, ranges: Ranges, configuration: BGPConfiguration | None, release: Release) -> Kernel:
    """What BIRD keeps out of the kernel on every node (K1, K4)."""
    kept: dict[KernelStep, list[Prefix]] = {
        "service-range": list(ranges.announced),
        "vxlan-pool": [],
        "ipip-pool": [],
        "felix-pool": [],
    }
    plain_by_bird = programs_of_bird(configuration, release) in ("Enabled", "EnabledNoEncapOnly")
    for pool, network in pools.pools:
        plain = pool.ipip_mode == "Never"
        if pool.vxlan_mode != "Never":
            kept["vxlan-pool"].append(network)
        elif not plain and not ipip_by_bird(configuration, release):
            kept["ipip-pool"].append(network)
        elif plain and not plain_by_bird:
            kept["felix-pool"].append(network)
    return Kernel(tuple((step, inside_all(networks, pools.exported.family)) for step, networks in kept.items()))
