"""Kubernetes' own policies as the Calico policies that Felix gets (libcalico-go/lib/backend/k8s/conversion)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from callint.calico import Release
from callint.calico.defaults import DEFAULT_TIER, KUBERNETES_POLICY_ORDER, ORCHESTRATOR_LABEL
from callint.finding import Path
from callint.net.read import cidr
from callint.objects import fields
from callint.objects.policy import Entity, Policy, Rule
from callint.objects.resource import Resource
from callint.record import NamedTuple
from callint.selector.syntax import Compare, Has, Member, Not, Selector

_PODS = f"{ORCHESTRATOR_LABEL} == 'k8s'"
_ACTIONS = {"Allow": "Allow", "Accept": "Allow", "Deny": "Deny", "Pass": "Pass"}


class ConversionError(ValueError):
    """A rule that Calico cannot convert."""


class Ports(NamedTuple):
    """One protocol (None: any) and destination ports (none: all)."""

    protocol: str | None
    ports: tuple[str, ...]


def label_selector(plain: Any) -> list[str]:
    """The terms of a Kubernetes label selector as Calico selectors, to be ANDed; raises ConversionError."""
    if not isinstance(plain, dict):
        return []
    found: list[Selector] = [
        Compare(key, "==", value) for key, value in sorted(fields.labels(plain, "matchLabels").items())
    ]
    for _, item in fields.items(plain, "matchExpressions"):
        if not isinstance(item, dict):
            raise ConversionError("a term of a label selector is no map")
        key, operator = fields.text(item, "key") or "", fields.text(item, "operator")
        values = fields.texts(item, "values")
        if operator in ("In", "NotIn"):
            found.append(Member(key, values, negated=operator == "NotIn"))
        elif operator == "Exists":
            found.append(Has(key))
        elif operator == "DoesNotExist":
            found.append(Not(Has(key)))
        else:
            raise ConversionError(f'the operator "{operator}" of a label selector is not known')
    return [str(term) for term in found]


def _pod_selector(plain: Any) -> str:
    """A selector of pods; Kubernetes policies never select anything else."""
    return " && ".join([_PODS, *label_selector(plain)])


def _readable_selector(plain: Any) -> str:
    """As `_pod_selector`; whoever asks whom a policy selects asks first whether that could be read."""
    try:
        return _pod_selector(plain)
    except ConversionError:
        return _PODS


def namespace_selector(plain: Any) -> str | None:
    """A selector of namespaces: absent is None (the policy's own), empty is all of them."""
    return None if plain is None else " && ".join(label_selector(plain)) or "all()"


def policy_types(spec: dict[str, Any]) -> tuple[str, ...]:
    """`policyTypes` or, where they are absent, what the API server fills in: Ingress, and Egress if it has rules."""
    return fields.texts(spec, "policyTypes") or (("Ingress", "Egress") if spec.get("egress") else ("Ingress",))


def network_policy(resource: Resource, release: Release) -> Policy:
    """A networking.k8s.io NetworkPolicy: Allow rules in tier `default`, order 1000, one for each peer and protocol."""
    spec = resource.spec
    name = resource.name if release >= (3, 32) else f"knp.default.{resource.name}"
    return Policy(
        resource=resource,
        kind="KubernetesNetworkPolicy",
        name=name,
        namespace=resource.home,
        tier=DEFAULT_TIER,
        order=KUBERNETES_POLICY_ORDER,
        selector=_readable_selector(spec.get("podSelector")),
        namespace_selector=None,
        service_account_selector=None,
        types=policy_types(spec),
        ingress=tuple(_network_rules(spec, "ingress", "from")),
        egress=tuple(_network_rules(spec, "egress", "to")),
    )


def _network_rules(spec: dict[str, Any], direction: str, side: str) -> Iterator[Rule]:
    for index, item in fields.items(spec, direction):
        if not isinstance(item, dict):
            continue
        path: Path = ("spec", direction, index)
        peers = fields.items(item, side) or [(0, None)]
        try:
            found = [_network_peer(peer, (*path, side, place) if peer else path) for place, peer in peers]
            for ports in _network_ports(item):
                for entity in found:
                    yield _rule("Allow", path, side, entity, ports)
        except ConversionError:
            continue  # Calico drops a rule that it cannot convert, which allows less


def _network_peer(peer: Any, path: Path) -> Entity:
    if not isinstance(peer, dict):
        return Entity(path)
    block = peer.get("ipBlock")
    if isinstance(block, dict):
        net = fields.text(block, "cidr")
        if net is None or cidr(net) is None:
            return Entity(path)
        return Entity(path, nets=(net,), not_nets=tuple(filter(cidr, fields.texts(block, "except"))))
    return Entity(
        path,
        selector=_pod_selector(peer.get("podSelector")),
        namespace_selector=namespace_selector(peer.get("namespaceSelector")),
    )


def _network_ports(item: dict[str, Any]) -> list[Ports]:
    """Ports by protocol; an empty entry is everything, one without number every port of its protocol."""
    found: dict[str, list[str] | None] = {}
    entries = fields.items(item, "ports")
    for _, entry in entries:
        if not entry or not isinstance(entry, dict):
            return [Ports(None, ())]
        protocol = fields.text(entry, "protocol") or "TCP"
        port, end = fields.text(entry, "port"), fields.integer(entry, "endPort")
        if port is None:
            found[protocol] = None
            continue
        known = found.setdefault(protocol, [])
        if known is not None:
            known.append(f"{port}:{end}" if end else port)
    return [Ports(protocol, tuple(ports or ())) for protocol, ports in found.items()] if entries else [Ports(None, ())]


def _rule(action: str, path: Path, side: str, peer: Entity, ports: Ports) -> Rule:
    """Ports always constrain the destination."""
    other = Entity((*path, "destination"), ports=ports.ports)
    source, destination = (peer, other) if side == "from" else (Entity(path), peer._replace(ports=ports.ports))
    return Rule(path, action, None, ports.protocol, None, None, None, source, destination, http=False)


def cluster_policy(resource: Resource, release: Release) -> Policy | None:
    """A ClusterNetworkPolicy, AdminNetworkPolicy or BaselineAdminNetworkPolicy; None where Calico ignores it.

    ClusterNetworkPolicy is read from v3.32 on, the other two from v3.29 and v3.30 to v3.31.
    """
    spec = resource.spec
    if resource.kind == "ClusterNetworkPolicy":
        tier = {"Admin": "kube-admin", "Baseline": "kube-baseline"}.get(fields.text(spec, "tier") or "")
        name, order = resource.name, fields.number(spec, "priority")
        alive = release >= (3, 32)
    elif resource.kind == "AdminNetworkPolicy":
        tier, order = "adminnetworkpolicy", fields.number(spec, "priority")
        name, alive = f"kanp.adminnetworkpolicy.{resource.name}", (3, 29) <= release < (3, 32)
    else:
        tier, order = "baselineadminnetworkpolicy", KUBERNETES_POLICY_ORDER
        name, alive = f"kbanp.baselineadminnetworkpolicy.{resource.name}", (3, 30) <= release < (3, 32)
    subject = fields.mapping(spec, "subject")
    if not alive or tier is None or not subject:
        return None
    try:
        who = _cluster_peer(subject, ())
    except ConversionError:
        return None
    ingress = tuple(_cluster_rules(spec, "ingress", "from"))
    egress = tuple(_cluster_rules(spec, "egress", "to"))
    types = [name for name, key in (("Ingress", "ingress"), ("Egress", "egress")) if fields.items(spec, key)]
    return Policy(
        resource=resource,
        kind=f"Kubernetes{resource.kind}",
        name=name,
        namespace=None,
        tier=tier,
        order=order,
        selector=who.selector,
        namespace_selector=who.namespace_selector,
        service_account_selector=None,
        types=tuple(types),
        ingress=ingress,
        egress=egress,
    )


def _cluster_rules(spec: dict[str, Any], direction: str, side: str) -> Iterator[Rule]:
    """One rule per protocol and peer; what cannot be converted fails closed (clusternetworkpolicy.go)."""
    for index, item in fields.items(spec, direction):
        path: Path = ("spec", direction, index)
        plain = item if isinstance(item, dict) else {}
        action = _ACTIONS.get(fields.text(plain, "action") or "")
        try:
            if action is None:
                raise ConversionError("the action is not known")
            peers = [_cluster_peer(peer, (*path, side, place)) for place, peer in fields.items(plain, side)]
            yield from [_rule(action, path, side, peer, ports) for ports in _cluster_ports(plain) for peer in peers]
        except ConversionError:
            if action != "Allow":
                yield _rule("Deny", path, side, Entity(path), Ports(None, ()))


def _cluster_peer(peer: Any, path: Path) -> Entity:
    if isinstance(peer, dict) and isinstance(peer.get("pods"), dict):
        pods = peer["pods"]
        namespaces = namespace_selector(pods.get("namespaceSelector") or {})
        return Entity(path, selector=_pod_selector(pods.get("podSelector")), namespace_selector=namespaces)
    if isinstance(peer, dict) and isinstance(peer.get("namespaces"), dict):
        return Entity(path, selector=_PODS, namespace_selector=namespace_selector(peer["namespaces"]))
    if isinstance(peer, dict) and isinstance(peer.get("networks"), list) and "to" in path:
        nets = fields.texts(peer, "networks")
        if nets and all(map(cidr, nets)):
            return Entity(path, nets=nets)
    raise ConversionError("the kind of peer is not known")


def _cluster_ports(item: dict[str, Any]) -> list[Ports]:
    """`protocols` of ClusterNetworkPolicy, `ports` of the older kinds; neither is everything."""
    entries = fields.items(item, "protocols") or fields.items(item, "ports")
    return [_cluster_port(entry) for _, entry in entries] or [Ports(None, ())]


def _cluster_port(entry: Any) -> Ports:
    if not isinstance(entry, dict):
        raise ConversionError("a port is no map")
    named = fields.text(entry, "destinationNamedPort") or fields.text(entry, "namedPort")
    if named:
        return Ports(None, (named,))
    for key in ("portNumber", "portRange"):
        if isinstance(entry.get(key), dict):
            return Ports(fields.text(entry[key], "protocol") or "TCP", (_port(entry[key], "port"),))
    for key in ("tcp", "udp", "sctp"):
        if isinstance(entry.get(key), dict):
            port = fields.mapping(entry[key], "destinationPort")
            return Ports(key.upper(), (_port(fields.mapping(port, "range") or port, "number"),) if port else ())
    raise ConversionError("the kind of port is not known")


def _port(plain: dict[str, Any], key: str) -> str:
    number, start, end = fields.integer(plain, key), fields.integer(plain, "start"), fields.integer(plain, "end")
    if number is not None:
        return str(number)
    if start is None or end is None:
        raise ConversionError("a port has no number")
    return f"{start}:{end}"
