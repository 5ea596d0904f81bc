"""The ranges of services that nodes announce, against pools, services and nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from callint.bgp.network import network
from callint.bgp.read import address
from callint.bgp.read import network as network_of
from callint.bgp.services import EXCLUDE_LABEL
from callint.checks.breach import Breach, CheckError
from callint.finding import Path, Related, Span, witness
from callint.net.address import Prefix
from callint.objects import Cluster, Resource, fields

_LISTS = ("serviceClusterIPs", "serviceExternalIPs", "serviceLoadBalancerIPs")


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Service ranges of BGPConfiguration `default`.

    Parameter `problem`: `pool` (a range that overlaps a pool for pods), `outside` (an address of a Service in no range
    of its kind), `label` (a node with the label that excludes it, at a value that does not).
    """
    problem = parameters.get("problem")
    if problem not in _PROBLEMS:
        raise CheckError(f'check "service_range" needs the parameter "problem": {", ".join(_PROBLEMS)}')
    yield from _PROBLEMS[problem](cluster)


def _ranges(cluster: Cluster, *lists: str) -> list[tuple[Prefix, Span, Path]]:
    default = network(cluster).settings.default
    found = []
    for key in lists if default is not None else ():
        for index, item in fields.items(default.resource.spec if default is not None else {}, key):
            inside = network_of(fields.text(item, "cidr")) if isinstance(item, dict) else None
            if inside is not None and default is not None:
                path: Path = ("spec", key, index, "cidr")
                found.append((inside, default.resource.span(*path), path))
    return found


def _pool(cluster: Cluster) -> Iterator[Breach]:
    default, dropped = network(cluster).settings.default, _drops_forwarded(cluster)
    felix = "Felix drops what it forwards to a service range, and " if dropped else ""
    for inside, span, path in _ranges(cluster, *_LISTS):
        for pool in cluster.pools:
            net = network_of(pool.cidr)
            for_pods = not pool.disabled and "Workload" in pool.allowed_uses
            harmed = for_pods and (dropped or pool.vxlan_mode == "Never")
            if net is None or not harmed or not net.overlaps(inside) or default is None:
                continue
            both = net if net.length > inside.length else inside
            yield Breach(
                f'the service range "{inside}" overlaps IPPool "{pool.name}": {felix}BIRD installs no route inside '
                f"one, so that pods in {both} are not reached from other nodes",
                span,
                default.resource.ref,
                path,
                (Related(pool.span("cidr"), "pods get these addresses"),),
                witness("route", prefix=str(both), direction="import", verdict="reject", decided_by="service range"),
            )


def _drops_forwarded(cluster: Cluster) -> bool:
    """Whether Felix prevents loops of packets to services that there are not (serviceLoopPrevention)."""
    said = [one.values.get("serviceLoopPrevention") for one in cluster.felix if one.name == "default"]
    return not any(isinstance(one, str) and one.lower() == "disabled" for one in said)


def _outside(cluster: Cluster) -> Iterator[Breach]:
    """Only where ranges are given for the kind of address: a cluster may announce the others by other means."""
    for service in cluster.kubernetes("Service", "v1"):
        for kind, wanted, path, text in _addresses(service):
            own = _ranges(cluster, wanted)
            found = address(text)
            if found is None or any(inside.contains(found) for inside, _, _ in own):
                continue
            crossed = [
                (key, span)
                for key in _LISTS
                for inside, span, _ in _ranges(cluster, key)
                if key != wanted and inside.contains(found)
            ]
            if not own and not crossed:
                continue
            where = f', though it is in "{crossed[0][0]}"' if crossed else ""
            labelled = [(span, f'"{crossed[0][0]}" counts for another kind of address') for _, span in crossed[:1]]
            labelled = labelled or [(span, "the range that is announced") for _, span, _ in own[:3]]
            yield Breach(
                f'{kind} {text} of Service "{service.namespace or "default"}/{service.name}" is announced by no node: '
                f'it is not in "{wanted}" of the BGPConfiguration{where}',
                service.span(*path),
                service.ref,
                path,
                tuple(Related(span, label) for span, label in labelled),
                witness("address", address=text, service=f"{service.namespace or 'default'}/{service.name}"),
            )


def _addresses(service: Resource) -> Iterator[tuple[str, str, Path, str]]:
    for index, text in enumerate(fields.texts(service.spec, "externalIPs")):
        yield "the external address", "serviceExternalIPs", ("spec", "externalIPs", index), text
    asked = fields.text(service.spec, "loadBalancerIP")
    ours = fields.text(service.spec, "loadBalancerClass") in (None, "calico")
    if asked is not None and ours and fields.text(service.spec, "type") == "LoadBalancer":
        yield "the load balancer's address", "serviceLoadBalancerIPs", ("spec", "loadBalancerIP"), asked
    balancer = fields.mapping(fields.mapping(service.plain, "status"), "loadBalancer")
    for index, item in fields.items(balancer, "ingress"):
        given = fields.text(item, "ip") if isinstance(item, dict) else None
        if given is not None and given != asked:
            path: Path = ("status", "loadBalancer", "ingress", index, "ip")
            yield "the load balancer's address", "serviceLoadBalancerIPs", path, given


def _label(cluster: Cluster) -> Iterator[Breach]:
    default = network(cluster).settings.default
    announced = _ranges(cluster, *_LISTS)
    for node in cluster.kubernetes("Node", "v1") if announced and default is not None else ():
        value = node.labels.get(EXCLUDE_LABEL)
        if value is None or value == "true":
            continue
        path = ("metadata", "labels", EXCLUDE_LABEL)
        yield Breach(
            f'node "{node.name}" announces service ranges all the same: "{EXCLUDE_LABEL}" counts for Calico only with '
            f'the value "true", and here it is "{value}"',
            node.span(*path),
            node.ref,
            path,
            (Related(announced[0][1], "the node announces this range"),),
            witness("route", prefix=str(announced[0][0]), node=node.name, direction="export", verdict="accept"),
        )


_PROBLEMS: dict[str, Callable[[Cluster], Iterator[Breach]]] = {"pool": _pool, "outside": _outside, "label": _label}
