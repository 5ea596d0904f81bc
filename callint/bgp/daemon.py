"""Whether BIRD runs at all: the switch of the installation, and the router id without which it does not start."""

from __future__ import annotations

from collections.abc import Iterator

from callint.finding import Path
from callint.objects import Cluster, Resource, fields
from callint.objects.calico_node import CONFIG, configs, environment, more_variables

ROUTER_ID = "CALICO_ROUTER_ID"
_BACKEND = "CALICO_NETWORKING_BACKEND"
_OF_MAP = ("valueFrom", "configMapKeyRef", "name")
# node/filesystem/etc/rc.local: with these neither confd nor BIRD is started
_WITHOUT_BGP = ("none", "vxlan")


def switched_off(cluster: Cluster) -> Iterator[tuple[Resource, Path, str]]:
    """Where the installation says that BIRD does not run."""
    for one in cluster.installations:
        if fields.text(fields.mapping(one.spec, "calicoNetwork"), "bgp") == "Disabled":
            yield one, ("spec", "calicoNetwork", "bgp"), '"bgp" of the Installation is "Disabled"'
    told = environment(cluster)
    named = told.get(_BACKEND)
    if named is not None and named.value is not None:
        if named.value in _WITHOUT_BGP:
            yield named.resource, named.path, f'"{_BACKEND}" is "{named.value}"'
        return
    if named is None and (told or more_variables(cluster)):
        return
    if named is not None and fields.at(named.resource.plain, (*named.path[:-1], *_OF_MAP)) != CONFIG:
        return
    maps = configs(cluster)
    backends = [fields.text(fields.mapping(one.plain, "data"), "calico_backend") for one in maps]
    if all(backend in _WITHOUT_BGP for backend in backends):
        for one, backend in zip(maps, backends, strict=True):
            yield one, ("data", "calico_backend"), f'"calico_backend" is "{backend}"'


def has_router_id(cluster: Cluster) -> bool | None:
    """Whether BIRD has a router id on nodes without IPv4 (bird.cfg.template); None where nobody knows calico-node.

    Where calico-node looks for an IPv4 address it takes that one. The operator gives nodes without IPv4 an id.
    """
    told = environment(cluster)
    given, ipv4 = told.get(ROUTER_ID), told.get("IP")
    if not told or (given is None and more_variables(cluster)):
        return True if cluster.installations else None
    return (given is not None and given.value != "") or ipv4 is None or ipv4.value != "none"
