"""Named communities and the lists of prefixAdvertisements that use them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callint.bgp.network import network
from callint.checks.breach import Breach, Question, asked
from callint.finding import Related, witness
from callint.net.read import community
from callint.net.read import network as network_of
from callint.objects import Cluster

# What a word in a name says of the value: how many numbers it has (RFC 1997, RFC 8092)
_WORDS = {"large": 3, "standard": 2}
_NUMBERS = {2: "two", 3: "three"}
_SHAPES = {2: "a standard community of two numbers", 3: "a large community of three numbers"}


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Communities that are not what one takes them for.

    Parameter `problem`: `replaced` (a node's prefixAdvertisements, in place of the default's), `twice` (a name with two
    values), `misnamed` (a name that says large or standard, of a value that is not).
    """
    yield from asked(QUESTIONS, parameters)(cluster)


def _replaced(cluster: Cluster) -> Iterator[Breach]:
    settings = network(cluster).settings
    default = settings.default
    for name, own in settings.configurations.items():
        if default is None or not name.startswith("node.") or not own.prefix_advertisements:
            continue
        if own.resource.unreadable("spec", "prefixAdvertisements"):
            continue
        covering = [net for one in own.prefix_advertisements if (net := network_of(one.cidr)) is not None]
        for entry in default.prefix_advertisements:
            inside = network_of(entry.cidr)
            if inside is None or any(net.contains(inside) for net in covering):
                continue
            yield Breach.at(
                own.resource,
                ("spec", "prefixAdvertisements"),
                f'the list of BGPConfiguration "{name}" takes the place of the default\'s on that node and has nothing '
                f'for "{entry.cidr}", whose routes leave it without communities',
                (Related(default.resource.span(*entry.path, "cidr"), "counts on the other nodes only"),),
                witness("route", prefix=str(inside), node=name.removeprefix("node."), communities=()),
                help="repeat the default's entries in the node's list",
                key=True,
            )
            break


def _twice(cluster: Cluster) -> Iterator[Breach]:
    for configuration in cluster.bgp_configurations:
        first: dict[str, int] = {}
        for index, one in enumerate(configuration.communities):
            known = configuration.communities[first.setdefault(one.name, index)]
            if not one.name or community(known.value) == community(one.value):
                continue
            yield Breach.at(
                configuration.resource,
                (*one.path, "name"),
                f'community "{one.name}" has the value {one.value} here and {known.value} before, and one of them is '
                "never used",
                (Related(configuration.resource.span(*known.path, "value"), "the other value"),),
                witness("reference", reference=one.name, values=(known.value, one.value)),
            )


def _misnamed(cluster: Cluster) -> Iterator[Breach]:
    for configuration in cluster.bgp_configurations:
        for one in configuration.communities:
            value = community(one.value)
            words = set(one.name.lower().replace("_", "-").replace(".", "-").split("-"))
            said = {_WORDS[word] for word in words & set(_WORDS)}
            if value is None or len(said) != 1 or said == {len(value)}:
                continue
            yield Breach.at(
                configuration.resource,
                (*one.path, "value"),
                f'community "{one.name}" is {one.value}, {_SHAPES[len(value)]}, where its name says '
                f"{_SHAPES[next(iter(said))]}",
                (Related(configuration.resource.span(*one.path, "name"), "says what it is"),),
                witness("reference", reference=one.name, value=one.value),
                f"give it {_NUMBERS[next(iter(said))]} numbers, or another name",
            )


QUESTIONS: dict[str, Question] = {
    "replaced": _replaced,
    "twice": _twice,
    "misnamed": _misnamed,
}
