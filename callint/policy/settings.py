"""What Felix of one node is set to: by its environment, then by the FelixConfigurations that reach it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from callint.calico.defaults import FELIX_FALSE, FELIX_TRUE, INTERFACE_PREFIXES, SCOPED_FELIX
from callint.finding import Path
from callint.net.read import decimal
from callint.objects import Cluster, Resource, fields
from callint.objects.calico_node import felix_environment, felix_variable
from callint.objects.felix import FelixConfiguration
from callint.policy.doubt import UndecidedError
from callint.policy.failsafes import OWN, Failsafes, of_configuration, of_environment
from callint.policy.packet import Outcome
from callint.record import NamedTuple
from callint.selector import Selector, parse_or_none
from callint.selector.index import SelectorIndex
from callint.steps import Answer, Steps

_OVERRIDE = "config.projectcalico.org/"
_TO_HOST: dict[str, tuple[Outcome, str]] = {"accept": ("accept", "accept"), "drop": ("drop", "Drop")}


class Said(NamedTuple):
    """What decides about a setting: its value as it is written, and the place of it."""

    value: Any
    resource: Resource
    path: Path

    def __str__(self) -> str:
        return f'{self.resource.kind} "{self.resource.name}"'


class _Layer(NamedTuple):
    """What objects of one name say: their values, and the fields of which nobody knows what they are set to."""

    first: Resource
    said: dict[str, Said]
    hidden: dict[str, Resource]

    def add(self, one: FelixConfiguration) -> None:
        """Put one over what is there."""
        for key, value in one.values.items():
            if value is not None:
                self.said[key] = Said(value, one.resource, ("spec", key))
                self.hidden.pop(key, None)
        for gap in one.resource.gaps:
            if gap[:1] == ("spec",) and len(gap) > 1:
                self.hidden[str(gap[1])] = one.resource
        for annotation in one.resource.annotations:
            if annotation.startswith(_OVERRIDE):
                name = annotation.removeprefix(_OVERRIDE)
                self.hidden[name[:1].lower() + name[1:]] = one.resource


class Settings:
    """FelixConfiguration of one node: `default`, under those scoped by selector (v3.32), under `node.<name>`.

    The environment of calico-node comes before all of them (felix/config/config_params.go).
    """

    def __init__(self, cluster: Cluster, node: str) -> None:
        """Take what applies to the node; `sources` tells apart what applies to one from what does to another."""
        self._environment = felix_environment(cluster)
        self._operated = bool(cluster.installations)
        facts = cluster.facts.get(node)
        self._told_prefixes = facts.workload_prefixes if facts is not None else None
        layers = _layers(cluster, node)
        self.sources = tuple(one.first for one in layers)
        self._strongest_first = layers[::-1]
        self.ebpf = self.perhaps_ebpf = cluster.target.dataplane == "ebpf"
        try:
            self.ebpf = self.perhaps_ebpf = self.ebpf or self.flag("bpfEnabled", default=False)
        except UndecidedError:
            self.perhaps_ebpf = True
        self._tables = "nftables" if cluster.target.dataplane == "nftables" else "iptables"

    def _value(self, key: str, read: Callable[[str], Any]) -> Any:
        """What is said of a field; `read` makes it of the text of a variable, None where it cannot be read."""
        name = felix_variable(key)
        variable = self._environment.get(name)
        if variable is not None:
            told = read(variable.value) if variable.value is not None else None
            if told is None:
                raise UndecidedError(f"{name} in the environment of calico-node, which could not be read")
            return told
        for layer in self._strongest_first:
            hidden = layer.hidden.get(key)
            if hidden is not None:
                raise UndecidedError(f'{key} of FelixConfiguration "{hidden.name}", which could not be read')
            if key in layer.said:
                return layer.said[key].value
        return None

    def said(self, key: str) -> Said | None:
        """What decides about a field; None where nothing says it."""
        variable = self._environment.get(felix_variable(key))
        if variable is not None:
            return Said(variable.value, variable.resource, variable.path)
        return next((one.said[key] for one in self._strongest_first if key in one.said), None)

    def flag(self, key: str, *, default: bool) -> bool:
        """A switch."""
        value = self.optional_flag(key)
        return default if value is None else value

    def optional_flag(self, key: str) -> bool | None:
        """A switch that may be left to Felix."""
        value = self._value(key, _switch)
        return value if isinstance(value, bool) else None

    def word(self, key: str, default: str) -> str:
        """A word of an enumeration, in lower case, for Felix reads them in any case."""
        return self.text(key, default).lower()

    def text(self, key: str, default: str) -> str:
        """Text as it is written."""
        return fields.as_text(self._value(key, _text)) or default

    def number(self, key: str, default: int) -> int:
        """A number; 0 is as good as none."""
        value = self._value(key, decimal)
        return value if isinstance(value, int) and not isinstance(value, bool) and value else default

    def port(self, key: str, default: int) -> int:
        """The number of a port; UndecidedError for one that no packet has, of which the kernel refuses the rules."""
        number = self.number(key, default)
        if not 0 < number <= 65535:
            raise UndecidedError(f"{key}, which is {number} and no port")
        return number

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of text."""
        return fields.texts({key: self._value(key, _list)}, key)

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

    def failsafe(self, direction: str) -> Failsafes:
        """The failsafe ports for `Inbound` or `Outbound`; an empty list switches them off.

        Felix does not start with one that is neither tcp nor udp: UndecidedError (config/param_types.go PortListParam).
        """
        key = f"failsafe{direction}HostPorts"
        variable = self._environment.get(felix_variable(key))
        if variable is not None:
            found = of_environment(variable)
        elif isinstance(self._value(key, _text), list) and (said := self.said(key)) is not None:
            found = of_configuration(said.resource, key)
        else:
            found = OWN[direction]
        if isinstance(found, str):
            raise UndecidedError(found)
        return found

    @property
    def to_host(self) -> tuple[Outcome, str]:
        """What becomes of packets of a workload to its own node that its policy allows, and why.

        Calico's manifests set Accept in the environment, and so does its operator.
        """
        default = "Accept" if self._operated else "Drop"
        action = self.word("defaultEndpointToHostAction", default)
        outcome, word = _TO_HOST.get(action, ("no-verdict", "Return"))
        why = f"defaultEndpointToHostAction {word}"
        if self.said("defaultEndpointToHostAction") is None:
            why += ", which the operator sets" if self._operated else ", Felix's default, which many installers change"
        return outcome, why


@lru_cache(maxsize=16)
def _listed(text: str) -> tuple[str, ...]:
    return tuple(prefix.strip() for prefix in text.split(",") if prefix.strip())


def _switch(text: str) -> bool | None:
    word = text.lower()
    return True if word in FELIX_TRUE else False if word in FELIX_FALSE else None


def _text(text: str) -> str | None:
    return None if text.lower() == "none" else text


def _list(text: str) -> list[str] | None:
    return None if text.lower() == "none" else [one.strip() for one in text.split(",")]


def workload_prefixes(cluster: Cluster, node: str) -> tuple[str, ...]:
    """What names of a node's workload interfaces begin with, as `Settings` has it."""
    return _prefixes(cluster, node) if _prefixes_told(cluster) else INTERFACE_PREFIXES


@lru_cache(maxsize=8)
def _prefixes_told(cluster: Cluster) -> bool:
    written = any(one.values.get("interfacePrefix") for one in cluster.felix)
    written = written or felix_variable("interfacePrefix") in felix_environment(cluster)
    return written or any(facts.workload_prefixes for facts in cluster.facts.values())


@lru_cache(maxsize=1 << 12)
def _prefixes(cluster: Cluster, node: str) -> tuple[str, ...]:
    return Settings(cluster, node).workload_prefixes


def _layers(cluster: Cluster, node: str) -> list[_Layer]:
    """The configurations that reach the node, the strongest last; of several scoped ones the oldest counts."""
    known = _known(cluster)
    oldest: FelixConfiguration | None = None
    if cluster.target.release >= SCOPED_FELIX:
        about = cluster.nodes.get(node)
        oldest = next(scoped_to(cluster, about.labels if about else {}), None)
    wanted = ("default", oldest.resource if oldest is not None else None, f"node.{node}")
    return [known[one] for one in wanted if one in known]


@lru_cache(maxsize=8)
def _known(cluster: Cluster) -> dict[str | Resource | None, _Layer]:
    """What is said under each name, and by each of those for some nodes."""
    found: dict[str | Resource | None, _Layer] = {}
    for one in cluster.felix:
        found.setdefault(one.resource if scoped(one) else one.name, _Layer(one.resource, {}, {})).add(one)
    return found


def scoped_to(cluster: Cluster, labels: Mapping[str, str]) -> Iterator[FelixConfiguration]:
    """Those for some nodes that select one with these labels, the one that counts first (calc/config_batcher.go).

    Raises TooManyStepsError.
    """
    return (one for selector, one in _oldest_first(cluster).get().candidates(labels) if selector.matches(labels))


def ebpf_somewhere(cluster: Cluster) -> bool:
    """Whether Felix of any node may run the eBPF dataplane."""
    return any(Settings(cluster, node).perhaps_ebpf for node in (*cluster.nodes, ""))


@lru_cache(maxsize=8)
def _oldest_first(cluster: Cluster) -> Answer[SelectorIndex[tuple[Selector, FelixConfiguration]]]:
    """Those for some nodes, to be found by the labels of a node; an invalid selector selects none.

    There is no answer, whichever node is asked about, where all nodes together are too many for them.
    """

    def index() -> SelectorIndex[tuple[Selector, FelixConfiguration]]:
        ordered = sorted(filter(scoped, cluster.felix), key=_age)
        readable = ((parse_or_none(one.node_selector or ""), one) for one in ordered)
        found = SelectorIndex((selector, (selector, one)) for selector, one in readable if selector is not None)
        if ordered:
            steps = Steps(cluster, "selectors of FelixConfigurations with nodes")
            for node in cluster.nodes.values():
                steps.spend(found.count(node.labels))
        return found

    return Answer(index)


def scoped(one: FelixConfiguration) -> bool:
    """Whether a FelixConfiguration is for the nodes that its selector matches."""
    return one.name != "default" and not one.name.startswith("node.") and bool(one.node_selector)


def _age(one: FelixConfiguration) -> tuple[str, str]:
    metadata = fields.mapping(one.resource.plain, "metadata")
    return (fields.text(metadata, "creationTimestamp") or "~", one.name)
