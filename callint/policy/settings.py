"""What Felix of one node is set to, merged from all FelixConfigurations that reach it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from callint.calico import failsafe
from callint.calico.defaults import INTERFACE_PREFIXES
from callint.calico.failsafe import FailsafePort
from callint.finding import Path
from callint.net.address import Prefix
from callint.net.read import prefixes
from callint.objects import Cluster, Resource, fields
from callint.objects.felix import FelixConfiguration
from callint.policy.doubt import UndecidedError
from callint.record import NamedTuple
from callint.selector import SelectorError, parse

_OVERRIDE = "config.projectcalico.org/"


class Failsafe(NamedTuple):
    """A failsafe port with its net as numbers, and where it is written, None for one of Felix's own."""

    port: FailsafePort
    net: Prefix | None
    resource: Resource | None
    path: Path


class Settings:
    """FelixConfiguration of one node: `default`, under those scoped by selector (v3.32), under `node.<name>`."""

    def __init__(self, cluster: Cluster, node: str) -> None:
        """Merge what applies to the node; `sources` are the objects that said it, the strongest last."""
        self._values: dict[str, tuple[Any, Resource]] = {}
        self._hidden: dict[str, Resource] = {}
        facts = cluster.facts.get(node)
        self._told_prefixes = facts.workload_prefixes if facts is not None else None
        layers = _layers(cluster, node)
        self.sources = tuple(one.resource for one in layers)
        for one in layers:
            for key, value in one.values.items():
                if value is not None:
                    self._values[key] = (value, one.resource)
                    self._hidden.pop(key, None)
            for gap in one.resource.gaps:
                if gap[:1] == ("spec",) and len(gap) > 1:
                    self._hidden[str(gap[1])] = one.resource
            for annotation in one.resource.annotations:
                if annotation.startswith(_OVERRIDE):
                    name = annotation.removeprefix(_OVERRIDE)
                    self._hidden[name[:1].lower() + name[1:]] = one.resource
        switched = "bpfEnabled" not in self._hidden and self.flag("bpfEnabled", default=False)
        self.ebpf = cluster.target.dataplane == "ebpf" or switched
        self.perhaps_ebpf = self.ebpf or "bpfEnabled" in self._hidden
        self._tables = "nftables" if cluster.target.dataplane == "nftables" else "iptables"

    def _value(self, key: str) -> Any:
        hidden = self._hidden.get(key)
        if hidden is not None:
            raise UndecidedError(f'{key} of FelixConfiguration "{hidden.name}", which could not be read')
        return self._values.get(key, (None, None))[0]

    def said(self, key: str) -> Resource | None:
        """The object that decides about a field; None where none says it."""
        return self._values.get(key, (None, None))[1]

    def flag(self, key: str, *, default: bool) -> bool:
        """A switch."""
        value = self._value(key)
        return value if isinstance(value, bool) else default

    def optional_flag(self, key: str) -> bool | None:
        """A switch that may be left to Felix."""
        value = self._value(key)
        return value if isinstance(value, bool) else None

    def word(self, key: str, default: str) -> str:
        """A word of an enumeration, in lower case, for Felix reads them in any case."""
        value = fields.as_text(self._value(key))
        return (value or default).lower()

    def text(self, key: str, default: str) -> str:
        """Text as it is written."""
        return fields.as_text(self._value(key)) or default

    def number(self, key: str, default: int) -> int:
        """A number; 0 is as good as none."""
        value = self._value(key)
        return value if isinstance(value, int) and not isinstance(value, bool) and value else default

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of text."""
        return fields.texts({key: self._value(key)}, key)

    @property
    def accepts(self) -> bool:
        """Whether what Felix allows is accepted for good, and not left to the rest of the host's firewall."""
        return self.ebpf or self.word(f"{self._tables}FilterAllowAction", "Accept") == "accept"

    @property
    def allow_action_key(self) -> str:
        """The field that `accepts` reads."""
        return f"{self._tables}FilterAllowAction"

    @property
    def workload_prefixes(self) -> tuple[str, ...]:
        """What names of workload interfaces begin with: Felix's default, unless something else can be read.

        Facts know what the environment of Felix says too.
        """
        if self._told_prefixes:
            return self._told_prefixes
        try:
            return _listed(self.text("interfacePrefix", "")) or INTERFACE_PREFIXES
        except UndecidedError:
            return INTERFACE_PREFIXES

    def failsafe(self, direction: str) -> tuple[Failsafe, ...]:
        """The failsafe ports for `Inbound` or `Outbound`; an empty list switches them off.

        Felix does not start with one that is neither tcp nor udp: UndecidedError (config/param_types.go PortListParam).
        """
        key = f"failsafe{direction}HostPorts"
        value = self._value(key)
        if not isinstance(value, list):
            ports = failsafe.INBOUND if direction == "Inbound" else failsafe.OUTBOUND
            return tuple(Failsafe(port, None, None, ()) for port in ports)
        found = _failsafe(self._values[key][1], key)
        if isinstance(found, str):
            raise UndecidedError(found)
        return found


@lru_cache(maxsize=16)
def _listed(text: str) -> tuple[str, ...]:
    return tuple(prefix.strip() for prefix in text.split(",") if prefix.strip())


@lru_cache(maxsize=16)
def _failsafe(resource: Resource, key: str) -> tuple[Failsafe, ...] | str:
    """The ports that a FelixConfiguration lists, read once for all nodes, or what of them cannot be told."""
    found = []
    for index, item in fields.items(resource.spec, key):
        plain = item if isinstance(item, dict) else {}
        protocol = (fields.text(plain, "protocol") or "tcp").lower()
        if protocol not in ("tcp", "udp"):
            return f'Felix does not start with the protocol "{protocol}" in {key} of "{resource.name}"'
        port = FailsafePort(protocol, fields.integer(plain, "port") or 0, fields.text(plain, "net"))
        net = next(iter(prefixes((port.net,))), None) if port.net else None
        if port.net and net is None:
            return f'the net "{port.net}" in {key} of "{resource.name}", which could not be read'
        found.append(Failsafe(port, net, resource, ("spec", key, index)))
    return tuple(found)


def workload_prefixes(cluster: Cluster, node: str) -> tuple[str, ...]:
    """What names of a node's workload interfaces begin with, as `Settings` has it."""
    return _prefixes(cluster, node) if _prefixes_told(cluster) else INTERFACE_PREFIXES


@lru_cache(maxsize=8)
def _prefixes_told(cluster: Cluster) -> bool:
    written = any(one.values.get("interfacePrefix") for one in cluster.felix)
    return written or any(facts.workload_prefixes for facts in cluster.facts.values())


@lru_cache(maxsize=1 << 12)
def _prefixes(cluster: Cluster, node: str) -> tuple[str, ...]:
    return Settings(cluster, node).workload_prefixes


def _layers(cluster: Cluster, node: str) -> list[FelixConfiguration]:
    """The configurations that reach the node, the strongest last; of several scoped ones the oldest counts."""
    default = [one for one in cluster.felix if one.name == "default"]
    own = [one for one in cluster.felix if one.name == f"node.{node}"]
    if cluster.target.release < (3, 32):
        return default + own
    about = cluster.nodes.get(node)
    labels = about.labels if about else {}
    scoped = [one for one in cluster.felix if _scoped(one) and _selects(one.node_selector or "", labels)]
    oldest = sorted(scoped, key=_age)[:1]
    return default + oldest + own


def _scoped(one: FelixConfiguration) -> bool:
    return one.name != "default" and not one.name.startswith("node.") and bool(one.node_selector)


def _selects(text: str, labels: dict[str, str]) -> bool:
    try:
        return parse(text).matches(labels)
    except SelectorError:
        return False


def _age(one: FelixConfiguration) -> tuple[str, str]:
    metadata = fields.mapping(one.resource.plain, "metadata")
    return (fields.text(metadata, "creationTimestamp") or "~", one.name)
