"""The node ports that services have, and the ports of pods behind them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from callint.calico.defaults import KUBELET_PORT, NODE_PORTS
from callint.calico.failsafe import INBOUND
from callint.checks.pod_template import written_pods
from callint.net.intervals import Interval
from callint.net.ports import PROTOCOLS, parse_port
from callint.net.read import decimal
from callint.objects import Cluster, Resource, fields
from callint.objects.cluster_networks import api_server_port
from callint.objects.workload import declared_ports
from callint.record import NamedTuple

_OF_NODES = frozenset((*range(1024), KUBELET_PORT, *(one.port for one in INBOUND)))
"""Ports that a host may have as well as a pod, as those of SSH, DNS and HTTPS; 0 is none."""


class Behind(NamedTuple):
    """A service that has a node port, and the port at which its pods get what is sent there; 0 if that is not known."""

    service: Resource
    target: int


class NodePorts:
    """The node ports that there are: all of them, and those of services."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    @cached_property
    def _of_services(self) -> dict[int, dict[int, Behind]]:
        """By number and protocol; what several services have is behind none of them for certain."""
        found: dict[int, dict[int, Behind]] = {}
        for service in self._cluster.kubernetes("Service", "v1"):
            for _, item in fields.items(service.spec, "ports"):
                number = fields.integer(item, "nodePort") if isinstance(item, dict) else None
                if number:
                    under = found.setdefault(number, {})
                    protocol = PROTOCOLS.get(fields.text(item, "protocol") or "TCP", 0)
                    target = _target(service, item) if protocol not in under else 0
                    under[protocol] = Behind(service, target)
        return found

    @cached_property
    def _of_pods(self) -> dict[tuple[int, int], list[tuple[int, Resource]]]:
        """The node ports by protocol and by the number at which pods get what is sent there, if none has that, too."""
        found: dict[tuple[int, int], list[tuple[int, Resource]]] = {}
        taken = self._of_hosts()
        for number, under in self._of_services.items():
            for protocol, behind in under.items():
                if behind.target not in taken and not self._declared.get(behind.target):
                    found.setdefault((protocol, behind.target), []).append((number, behind.service))
        return found

    def _of_hosts(self) -> set[int | None]:
        """The ports at which something is reached without the translation of a node port, as far as anything tells."""
        cluster = self._cluster
        found = {one.port for facts in cluster.facts.values() for one in facts.listeners or ()}
        found.update(number for one in cluster.kubernetes("Service", "v1") for number in _numbers(one))
        for _, plain in written_pods(cluster):
            for _, container in fields.items(fields.mapping(plain, "spec"), "containers"):
                ports = fields.items(container, "ports") if isinstance(container, dict) else ()
                found.update(fields.integer(port, "hostPort") for _, port in ports if isinstance(port, dict))
        return found | _OF_NODES | {cluster.intent.api_server_port, api_server_port(cluster)}

    def in_front(self, text: str, protocol: int) -> tuple[int, Resource] | None:
        """The only node port, and its service, of which a single port of pods is surely no other one."""
        port = parse_port(text)
        found = [] if isinstance(port, str) or port[0] < port[1] else self._of_pods.get((protocol, port[0]), [])
        return found[0] if len(found) == 1 else None

    @cached_property
    def _declared(self) -> dict[int, bool]:
        """The ports at which pods listen, and whether any on the network of its host, where none need be forwarded."""
        found: dict[int, bool] = {}
        for _, plain in written_pods(self._cluster):
            spec = fields.mapping(plain, "spec")
            on_host = fields.flag(spec, "hostNetwork") or False
            found |= {one.port: on_host or found.get(one.port, False) for one in declared_ports(spec)}
        return found

    def meant(self, text: str) -> bool:
        """Whether a rule's port is surely meant as one: the whole range, or some of it that services have."""
        port = parse_port(text) if text.startswith("3") else ""
        if isinstance(port, str) or not NODE_PORTS[0] <= port[0] <= port[1] <= NODE_PORTS[1]:
            return False
        return (port == NODE_PORTS or _some(port, self._of_services)) and not _some(port, self._declared)

    def behind(self, text: str, protocol: int) -> Behind | None:
        """What is behind a single node port, where it is known at which port of their own network its pods listen."""
        port = parse_port(text)
        under = {} if isinstance(port, str) or port[0] < port[1] else self._of_services.get(port[0], {})
        found = under.get(protocol)
        return found if found is not None and found.target and not self._declared.get(found.target) else None


def _target(service: Resource, port: fields.Plain) -> int:
    """The port of pods that a service sends to; 0 where pods or others say which it is."""
    if not fields.mapping(service.spec, "selector"):
        return 0
    target = fields.text(port, "targetPort")
    return (decimal(target) if target else fields.integer(port, "port")) or 0


def _numbers(service: Resource) -> Iterator[int]:
    """The ports at which a service is reached, at its addresses and at nodes."""
    for _, item in fields.items(service.spec, "ports"):
        for key in ("port", "nodePort") if isinstance(item, dict) else ():
            number = fields.integer(item, key)
            if number:
                yield number


def _some(port: Interval, numbers: Iterable[int]) -> bool:
    return any(port[0] <= number <= port[1] for number in numbers)
