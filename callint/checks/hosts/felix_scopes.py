"""FelixConfigurations for some nodes: where two select the same one, and where nodes are told apart that must agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.calico.defaults import SCOPED_FELIX, VXLAN_PORT, VXLAN_VNI, WIREGUARD_PORT, WIREGUARD_PORT_V6
from callint.checks.breach import Breach, Question, asked
from callint.finding import Related, witness
from callint.net.address import FAMILIES
from callint.objects import Cluster
from callint.objects.felix import FelixConfiguration
from callint.objects.first_pools import pools_from_start
from callint.policy.doubt import UndecidedError
from callint.policy.settings import Said, Settings, scoped, scoped_to
from callint.policy.tunnels import encrypts
from callint.record import NamedTuple
from callint.selector import parse_or_none
from callint.selector.syntax import ALL
from callint.steps import Steps, counted

_OF_NODE = 20


class _Field(NamedTuple):
    """What both ends of a tunnel must be set to alike, with Felix's default; `switch` turns the tunnel on."""

    name: str
    default: int
    tunnel: str
    switch: str = ""


_FIELDS = (
    _Field("vxlanPort", VXLAN_PORT, "VXLAN"),
    _Field("vxlanVNI", VXLAN_VNI, "VXLAN"),
    _Field("wireguardListeningPort", WIREGUARD_PORT, "WireGuard", "wireguardEnabled"),
    _Field("wireguardListeningPortV6", WIREGUARD_PORT_V6, "WireGuard", "wireguardEnabledV6"),
)


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Configurations of nodes that are known.

    Parameter `problem`: `overlap` (two with selectors that match one node: felix/calc/config_batcher.go), `tunnel` (a
    node at another port or VNI than others: felix/dataplane/linux/vxlan_mgr.go, felix/wireguard/wireguard.go, which
    call the far end at their own port).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _overlap(cluster: Cluster) -> Iterator[Breach]:
    """Two that say the same do no harm."""
    if cluster.target.release < SCOPED_FELIX or sum(map(scoped, cluster.felix)) < 2:
        return
    told: set[str] = set()
    for node in cluster.nodes.values():
        every = scoped_to(cluster, node.labels)
        first = next(every, None)
        for one in every:
            unreadable = any(other and other.resource.unreadable("spec", "nodeSelector") for other in (first, one))
            if first is None or unreadable or one.name in told or _settings(one) == _settings(first):
                continue
            told.add(one.name)
            yield Breach.at(
                one.resource,
                ("spec", "nodeSelector"),
                f'FelixConfigurations "{one.name}" and "{first.name}" both select node "{node.name}", which takes all '
                "from the older one and nothing from the other",
                (Related(first.resource.span("spec", "nodeSelector"), "selects it too"),),
                witness("selector", selector=one.node_selector, nodes=(node.name,)),
                "let each node be selected by one of them",
            )


def _settings(one: FelixConfiguration) -> dict[str, Any]:
    return {field: value for field, value in one.values.items() if field != "nodeSelector"}


def _tunnel(cluster: Cluster) -> Iterator[Breach]:
    """Of the values of one field those that less nodes have, where they are not said of all nodes."""
    apart = [one for one in cluster.felix if one.name != "default"]
    steps = Steps(cluster, "settings of Felix with nodes")
    for field in _FIELDS:
        if len(cluster.nodes) < 2 or not any(field.name in one.values for one in apart):
            continue
        found: dict[int, list[tuple[str, Said | None]]] = {}
        for name in counted(cluster.nodes, steps, _OF_NODE):
            settings = Settings(cluster, name)
            try:
                if settings.flag(field.switch, default=False) if field.switch else _by_vxlan(settings):
                    value = settings.number(field.name, field.default)
                    found.setdefault(value, []).append((name, settings.said(field.name)))
            except UndecidedError:
                continue
        if len(found) > 1 and (field.switch or _tunnelled(cluster)):
            yield from _apart(field, found)


def _by_vxlan(settings: Settings) -> bool:
    """Whether VXLAN of a node is not switched off, nor WireGuard on, which takes its place between nodes."""
    encrypted = any(encrypts(settings, family) for family in FAMILIES)
    return settings.flag("vxlanEnabled", default=True) and not encrypted


def _tunnelled(cluster: Cluster) -> bool:
    """Whether packets between nodes all go by VXLAN to pods of a pool that is for all nodes."""
    pools = (one for one in pools_from_start(cluster) if one.for_pods and one.legible)
    return any(one.vxlan_mode == "Always" and parse_or_none(one.node_selector) == ALL for one in pools)


def _apart(field: _Field, found: dict[int, list[tuple[str, Said | None]]]) -> Iterator[Breach]:
    most = max(found, key=lambda value: (len(found[value]), value == field.default))
    other, of_others = found[most][0]
    for value, nodes in found.items():
        name, said = nodes[0]
        told = said or of_others
        if value != most and told is not None:
            yield Breach.at(
                told.resource,
                told.path,
                f'{field.tunnel} of node "{name}" has `{field.name}` {value}, and that of node "{other}" has {most}: '
                "each sends to the other as to itself, so that nothing arrives",
                (),
                witness("interface", node=name, other=other, field=field.name, value=value, other_value=most),
                "set it for all nodes at once, in FelixConfiguration `default`",
            )


QUESTIONS: dict[str, Question] = {"overlap": _overlap, "tunnel": _tunnel}
