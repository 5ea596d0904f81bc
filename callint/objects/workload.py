"""What runs in pods and as whom: pods as Calico's workload endpoints, service accounts and profiles."""

from __future__ import annotations

from typing import Any

from callint.calico.defaults import INTERFACE_PREFIXES, NAMESPACE_LABEL, ORCHESTRATOR_LABEL, SERVICE_ACCOUNT_LABEL
from callint.objects import fields
from callint.objects.calico_policy import rules
from callint.objects.endpoint import EndpointPort, Workload, endpoint_ports
from callint.objects.policy import Rule
from callint.objects.resource import Resource
from callint.record import NamedTuple

_FINISHED = ("Succeeded", "Failed")
_CNI_ADDRESSES = "cni.projectcalico.org/podIPs"


class ServiceAccount(NamedTuple):
    """A Kubernetes service account; its labels reach its pods as `pcsa.*`."""

    namespace: str
    name: str
    labels: dict[str, str]


class Profile(NamedTuple):
    """Rules and labels that endpoints name directly (api/pkg/apis/projectcalico/v3/profile.go)."""

    resource: Resource
    name: str
    labels: dict[str, str]
    ingress: tuple[Rule, ...]
    egress: tuple[Rule, ...]

    def rules_of(self, direction: str) -> tuple[Rule, ...]:
        """Those of `ingress` or of `egress`."""
        return self.ingress if direction == "ingress" else self.egress


def pod(resource: Resource) -> Workload | None:
    """A pod as a workload endpoint; None for one on the host's network, which is host traffic (conversion.go).

    A finished pod has no addresses, and neither has one whose status nobody wrote down.
    """
    spec, status = resource.spec, fields.mapping(resource.plain, "status")
    if fields.flag(spec, "hostNetwork"):
        return None
    namespace = resource.home
    account = fields.text(spec, "serviceAccountName") or "default"
    written = [fields.text(item, "ip") for _, item in fields.items(status, "podIPs") if isinstance(item, dict)]
    written = written or [fields.text(status, "podIP")]
    if not any(written):
        written = list(resource.annotations.get(_CNI_ADDRESSES, "").split(","))
    return Workload(
        resource=resource,
        name=resource.name,
        namespace=namespace,
        node=fields.text(spec, "nodeName") or "",
        interface=host_interface(namespace, resource.name),
        addresses=() if finished(resource) else tuple(text.split("/")[0] for text in written if text),
        labels={
            **resource.labels,
            NAMESPACE_LABEL: namespace,
            ORCHESTRATOR_LABEL: "k8s",
            SERVICE_ACCOUNT_LABEL: account,
        },
        profiles=(f"kns.{namespace}", f"ksa.{namespace}.{account}"),
        ports=container_ports(spec),
    )


def finished(resource: Resource) -> bool:
    """Whether a pod is known to have run to its end."""
    return fields.text(fields.mapping(resource.plain, "status"), "phase") in _FINISHED


def workload(resource: Resource) -> Workload:
    """A WorkloadEndpoint with the labels that the datastore reader adds (workloadendpointprocessor.go)."""
    spec = resource.spec
    account = fields.text(spec, "serviceAccountName")
    added = {ORCHESTRATOR_LABEL: fields.text(spec, "orchestrator"), SERVICE_ACCOUNT_LABEL: account}
    return Workload(
        resource=resource,
        name=resource.name,
        namespace=resource.home,
        node=fields.text(spec, "node") or "",
        interface=fields.text(spec, "interfaceName") or "",
        addresses=tuple(net.split("/")[0] for net in fields.texts(spec, "ipNetworks")),
        labels={
            **resource.labels,
            NAMESPACE_LABEL: resource.home,
            **{key: value for key, value in added.items() if value},
        },
        profiles=fields.texts(spec, "profiles"),
        ports=endpoint_ports(resource),
    )


def host_interface(namespace: str, name: str, prefix: str = INTERFACE_PREFIXES[0]) -> str:
    """The name of a pod's interface on its host (k8s/conversion VethNameForWorkload)."""
    from hashlib import sha1

    return prefix + sha1(f"{namespace}.{name}".encode(), usedforsecurity=False).hexdigest()[:11]


def declared_ports(spec: dict[str, Any]) -> tuple[EndpointPort, ...]:
    """The ports that a pod's containers declare, those of init containers included; the name may be empty."""
    return tuple(
        EndpointPort(fields.text(port, "name") or "", (fields.text(port, "protocol") or "TCP").lower(), number)
        for containers in ("containers", "initContainers")
        for _, container in fields.items(spec, containers)
        if isinstance(container, dict)
        for _, port in fields.items(container, "ports")
        if isinstance(port, dict) and (number := fields.integer(port, "containerPort"))
    )


def container_ports(spec: dict[str, Any]) -> tuple[EndpointPort, ...]:
    """Those that have a name."""
    return tuple(port for port in declared_ports(spec) if port.name)


def service_account(resource: Resource) -> ServiceAccount:
    """Read a ServiceAccount."""
    return ServiceAccount(resource.home, resource.name, resource.labels)


def profile(resource: Resource) -> Profile:
    """Read a Profile."""
    spec = resource.spec
    labels = fields.labels(spec, "labelsToApply")
    return Profile(resource, resource.name, labels, rules(spec, "ingress"), rules(spec, "egress"))
