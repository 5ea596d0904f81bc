"""How calico-node is told to find the address of its node, against what the node has and is said to have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from callint.bgp.network import network as network_of
from callint.calico.defaults import PASSED_OVER
from callint.checks.breach import Breach, Question, asked
from callint.facts import NodeFacts
from callint.facts.ways import size, source_towards, usable
from callint.finding import Path, Related, witness
from callint.net.address import FAMILIES, Address, Family
from callint.net.read import address, cidr, network
from callint.objects import Cluster, Resource, fields
from callint.objects.calico_node import Variable, daemon_sets, environment, more_variables
from callint.objects.first_pools import pools_from_start
from callint.objects.node import Node
from callint.record import NamedTuple
from callint.schema.patterns import compiled
from callint.source import placeholder
from callint.steps import Steps, counted
from callint.suggest import did_you_mean, nearest

_MOST_SHOWN = 5
_Kind = Literal["interface", "cidr", "skip-interface", "can-reach", "kubernetes-internal-ip"]
_ASKED, _OF_NODE = "ways to find addresses with nodes", 15
_ALONE = ("first-found", "kubernetes-internal-ip")
"""What calico-node is told without more."""
_PARTS = re.compile("([=:]) *")
# As an Installation calls them
_FIELDS: dict[str, _Kind] = {
    "interface": "interface",
    "cidrs": "cidr",
    "skipInterface": "skip-interface",
    "canReach": "can-reach",
    "kubernetes": "kubernetes-internal-ip",
}
_LOOKED_FOR: dict[_Kind, str] = {
    "interface": "interfaces that match",
    "cidr": "addresses in",
    "skip-interface": "other interfaces than",
    "can-reach": "the one from which packets go to",
    "kubernetes-internal-ip": "the InternalIP of the node",
}


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Methods that find nothing, or another address than the node is said to have.

    Parameter `problem`: `missing` (nothing on a node of which facts tell the interfaces, or no way to look), `replaced`
    (another address), `family` (a pool of IPv6, and no address of IPv6 is looked for).
    Source: node/pkg/lifecycle/startup/autodetection, where patterns need not match the whole name and addresses of the
    machine or the link alone do not count.
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _missing(cluster: Cluster) -> Iterator[Breach]:
    yield from _no_method(cluster)
    known = [facts for facts in cluster.facts.values() if facts.knows("interfaces")]
    steps = Steps(cluster, _ASKED)
    for method in _methods(cluster) if known else ():
        by_interface = known if method.kind in ("interface", "cidr", "skip-interface") else ()
        asked_of = (facts for facts in by_interface if not _given(cluster.nodes.get(facts.node), method.family))
        left = [facts for facts in asked_of if _found(method, facts, None, steps) == ()]
        if not left:
            continue
        first, *more = left
        names = ", ".join(one.name for one in (first.interfaces or ())[:_MOST_SHOWN])
        others = f" and {len(more)} more" if more else ""
        yield Breach.at(
            method.resource,
            method.path,
            f'calico-node finds no IPv{method.family} address on node "{first.node}"{others} and does not start there: '
            f"it is to look for {method.words}, and its interfaces are {names or 'none'}",
            tuple(Related(facts.span, "none on this node") for facts in left[:3]),
            witness("interface", node=first.node, interfaces=tuple(one.name for one in first.interfaces or ())),
        )


def _no_method(cluster: Cluster) -> Iterator[Breach]:
    """Variables that name no way to look, with which calico-node ends at once."""
    for family, name, variable in _asked_by_hand(cluster):
        written = variable.value or ""
        if not written or written.startswith(_ALONE) or placeholder(written) is not None:
            continue
        kind, sign, value = _PARTS.split(written, maxsplit=1) if _PARTS.search(written) else (written, "", "")
        near = nearest(kind, (*_ALONE, *_LOOKED_FOR))
        if sign == "=" and kind == near:
            continue
        meant = did_you_mean(near if near in (None, *_ALONE) else f"{near}={value}")
        yield Breach.at(
            variable.resource,
            variable.path,
            f'calico-node does not start: {name} is "{written}", which is no way to find an IPv{family} address{meant}',
            witness=witness("reference", reference=name, value=written),
            help=f"write one of {', '.join((*_ALONE, *(f'{one}=…' for one in _LOOKED_FOR if one not in _ALONE)))}",
        )


def _given(node: Node | None, family: Family) -> str | None:
    """The address that a Node has already, which calico-node keeps where it finds none (startup.go)."""
    if node is None:
        return None
    return node.bgp.ipv4_address if family == 4 else node.bgp.ipv6_address


def _replaced(cluster: Cluster) -> Iterator[Breach]:
    """The first node of each method; where an address may be found or not, nothing is said."""
    steps = Steps(cluster, _ASKED)
    for method in _methods(cluster):
        for node in counted(cluster.nodes.values(), steps, _OF_NODE):
            said = cidr(_given(node, method.family), method.family)
            found = _found(method, cluster.facts.get(node.name), node, steps) if said is not None else None
            if said is None or not found or said.address in found:
                continue
            resource, path = node.saying(f"ipv{method.family}Address")
            several = " or ".join(map(str, found[:_MOST_SHOWN]))
            yield Breach.at(
                method.resource,
                method.path,
                f'calico-node gives node "{node.name}" the BGP address {several} in place of {said.address}: it is to '
                f"look for {method.words}",
                (Related(resource.span(*path), "the address that is written over"),),
                witness("address", address=str(found[0]), node=node.name),
                "look for the network of the address that is meant, or for its interface",
            )
            break


class _Method(NamedTuple):
    """What to look for: patterns of interfaces, networks, or a far end."""

    family: Family
    kind: _Kind
    texts: tuple[str, ...]
    resource: Resource
    path: Path

    @property
    def words(self) -> str:
        """What it looks for."""
        named = f' "{",".join(self.texts)}"' if self.kind != "kubernetes-internal-ip" else ""
        return f"{_LOOKED_FOR[self.kind]}{named}"


def _methods(cluster: Cluster) -> Iterator[_Method]:
    """Those without a variable that a later step fills in."""
    return (one for one in _written(cluster) if placeholder(",".join(one.texts)) is None)


def _written(cluster: Cluster) -> Iterator[_Method]:
    for one in cluster.installations:
        for family in FAMILIES:
            base = ("spec", "calicoNetwork", f"nodeAddressAutodetectionV{family}")
            plain = fields.mapping(fields.mapping(one.spec, "calicoNetwork"), base[-1])
            for field, kind in _FIELDS.items():
                written = fields.texts(plain, field) or tuple((fields.text(plain, field) or "").split(","))
                if any(written):
                    yield _Method(family, kind, written, one, (*base, field))
                    break
    for family, _, method in _asked_by_hand(cluster):
        written_kind, _, value = (method.value or "").partition("=")
        for kind in _LOOKED_FOR:
            if kind == written_kind:
                yield _Method(family, kind, tuple(value.split(",")), method.resource, method.path)


def _asked_by_hand(cluster: Cluster) -> Iterator[tuple[Family, str, Variable]]:
    """The variables of calico-node by which it is to look, where it is to look at all."""
    told = environment(cluster)
    for family, name in zip(FAMILIES, ("IP", "IP6"), strict=True):
        wanted, method = told.get(name), told.get(f"{name}_AUTODETECTION_METHOD")
        if wanted is not None and wanted.value == "autodetect" and method is not None:
            yield family, f"{name}_AUTODETECTION_METHOD", method


def _found(method: _Method, facts: NodeFacts | None, node: Node | None, steps: Steps) -> tuple[Address, ...] | None:
    """The addresses of which calico-node takes one; None where it is not known whether there are others.

    Raises TooManyStepsError.
    """
    if method.kind == "kubernetes-internal-ip":
        texts = node.internal_addresses if node is not None else ()
        return tuple(one for text in texts if (one := address(text, method.family)) is not None) or None
    if facts is None or not facts.knows("interfaces"):
        return None
    if method.kind == "can-reach":
        steps.spend(size(facts))
        far = address(method.texts[0].strip(), method.family)
        source = source_towards(facts, far) if far is not None else None
        return (source,) if source is not None else None
    patterns = [compiled(text.strip()) for text in method.texts]
    networks = [network(text.strip(), method.family) for text in method.texts]
    if None in (networks if method.kind == "cidr" else patterns):
        return None
    found: list[Address] = []
    for interface in counted(facts.interfaces or (), steps, _OF_NODE * len(method.texts)):
        named = any(pattern is not None and pattern.search(interface.name) for pattern in patterns)
        if method.kind == "interface" and not named:
            continue
        if method.kind == "skip-interface" and (
            named or interface.name == "lo" or interface.name.startswith(PASSED_OVER)
        ):
            continue
        if interface.addresses is None:
            return None
        held = (one for one in usable(interface.addresses) if one.family == method.family)
        nets = networks if method.kind == "cidr" else None
        found += (one for one in held if nets is None or any(net is not None and net.contains(one) for net in nets))
    return tuple(found)


def _not_looked_for(cluster: Cluster) -> Iterator[Breach]:
    """Pools of IPv6 whose routes go over sessions of IPv6, where calico-node is told of no address for these.

    Without a word it looks for none, and has one only where the Node is given one.
    """
    told, sets = environment(cluster), daemon_sets(cluster)
    six = told.get("IP6")
    perhaps = more_variables(cluster) if six is None else six.value not in ("", "none")
    if len(sets) != 1 or cluster.installations or not told or perhaps:
        return
    given = any(node.bgp.ipv6_address for node in cluster.nodes.values())
    by_felix = any("programClusterRoutes" in one.values for one in cluster.felix)
    model = network_of(cluster)
    if given or by_felix or model.alone or model.off:
        return
    for pool in pools_from_start(cluster):
        routed = pool.given and pool.vxlan_mode == "Never"
        if routed and pool.net is not None and pool.net.family == 6:
            place = sets[0].span("metadata", "name") if six is None else six.span
            yield Breach.at(
                pool.resource,
                pool.path("cidr"),
                f'pods get IPv6 addresses of IPPool "{pool.name}", and calico-node looks for no IPv6 address of its '
                "node: there are no sessions of IPv6, and no routes to pods on other nodes",
                (Related(place, "without IP6" if six is None else "looks for none"),),
                witness("route", prefix=pool.cidr, programmed_by=()),
                "`IP6: autodetect` in the environment of calico-node",
            )
            return


QUESTIONS: dict[str, Question] = {"missing": _missing, "replaced": _replaced, "family": _not_looked_for}
