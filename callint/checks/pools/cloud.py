"""Pools against what a cloud lets through between its machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks.bgp.backend import connects_pods
from callint.checks.breach import Breach, Question, asked
from callint.finding import Path, Related, Span, witness
from callint.objects import Cluster, fields
from callint.objects.calico_node import environment
from callint.objects.first_pools import pools_from_start
from callint.objects.pool import IPPool
from callint.record import NamedTuple

_FIELD: Path = ("spec", "awsSrcDstCheck")


class _Said(NamedTuple):
    """What Felix is to do about the check, and where that is said."""

    word: str
    span: Span


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Pools whose packets the network between the machines of a cloud drops.

    Parameter `problem`: `aws` (untunnelled, where AWS checks the source), `azure` (by IPIP, or untunnelled inside of a
    subnet).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _azure(cluster: Cluster) -> Iterator[Breach]:
    """Azure carries no IPIP between its machines, and nothing that has the addresses of pods outside of a tunnel."""
    machines = _machines(cluster, "AKS", "azure://")
    for pool in pools_from_start(cluster) if machines is not None else ():
        found = next((one for one in _modes(pool) if one[1] != "Never"), None)
        used = pool.for_pods and not pool.unreadable
        if machines is None or not used or found is None or found == ("vxlanMode", "Always"):
            continue
        field, _ = found
        if field == "ipipMode":
            way, what = "tunnels by IPIP", "which Azure drops between its machines"
            unreached, protocol = "other nodes", "ipip"
        else:
            way, what = "tunnels between subnets alone", "and Azure drops what has the addresses of pods untunnelled"
            unreached, protocol = "other nodes of their subnet", "any"
        yield Breach.at(
            pool.resource,
            pool.path(field),
            f'IPPool "{pool.name}" {way}, {what}: pods do not reach those on {unreached}',
            (Related(machines, "on Azure"),),
            witness("packet", protocol=protocol, source=pool.cidr, verdict="drop", decided_by="Azure"),
            "tunnel all by VXLAN: `vxlanMode: Always` and `ipipMode: Never`, or `encapsulation: VXLAN`",
        )


def _aws(cluster: Cluster) -> Iterator[Breach]:
    """Pools whose packets travel untunnelled in a network of AWS, which drops them unless told otherwise.

    A machine's own check of source and destination may be off by other means than Felix, which is not known
    (felix/aws, FelixConfiguration awsSrcDstCheck).
    """
    machines = _machines(cluster, "EKS", "aws://")
    pool = next(_untunnelled(cluster), None) if machines is not None else None
    said = list(_said(cluster))
    if machines is None or pool is None or any(one.word == "disable" for one in said):
        return
    field, mode = next((name, value) for name, value in _modes(pool) if value in ("CrossSubnet", "Never"))
    switched_on = next((one for one in said if one.word == "enable"), None)
    way = "inside of one subnet" if mode == "CrossSubnet" else "between nodes"
    what = (
        "AWS drops packets whose source is not the machine's own address, as awsSrcDstCheck tells Felix to see to"
        if switched_on
        else "whether AWS still checks that their source is the machine's own, and drops them, is not known"
    )
    yield Breach.at(
        pool.resource,
        pool.path(field),
        f'IPPool "{pool.name}" sends what pods say to each other untunnelled {way}: {what}',
        (Related(switched_on.span if switched_on else machines, "the check is on" if switched_on else "on AWS"),),
        witness("reference", reference="FelixConfiguration/default", field="awsSrcDstCheck"),
        "`awsSrcDstCheck: Disable` in FelixConfiguration `default`, with the permission for it, or a tunnel always",
        undecided=switched_on is None,
    )


def _machines(cluster: Cluster, provider: str, scheme: str) -> Span | None:
    """Where it is said that the nodes are machines of a cloud and that Calico connects the pods."""
    if not connects_pods(cluster):
        return None
    for one in cluster.installations:
        if one.spec.get("kubernetesProvider") == provider:
            return one.span("spec", "kubernetesProvider")
    for one in cluster.kubernetes("Node", "v1"):
        if (fields.text(one.spec, "providerID") or "").startswith(scheme):
            return one.span("spec", "providerID")
    return None


def _untunnelled(cluster: Cluster) -> Iterator[IPPool]:
    for pool in pools_from_start(cluster):
        used = pool.for_pods and "awsSubnetID" not in pool.plain
        if used and not pool.unreadable and pool.net is not None and pool.net.family == 4:
            values = [value for _, value in _modes(pool)]
            if "CrossSubnet" in values or values == ["Never", "Never"]:
                yield pool


def _modes(pool: IPPool) -> tuple[tuple[str, str], ...]:
    """The mode that tunnels first, for it is the one to be shown."""
    modes = (("ipipMode", pool.ipip_mode), ("vxlanMode", pool.vxlan_mode))
    return modes if pool.vxlan_mode == "Never" else modes[::-1]


def _said(cluster: Cluster) -> Iterator[_Said]:
    for one in cluster.felix:
        word = fields.text(one.values, "awsSrcDstCheck")
        if word is not None:
            yield _Said(word.lower(), one.resource.span(*_FIELD))
    variable = environment(cluster).get("FELIX_AWSSRCDSTCHECK")
    if variable is not None:
        yield _Said((variable.value or "disable").lower(), variable.span)


QUESTIONS: dict[str, Question] = {"aws": _aws, "azure": _azure}
