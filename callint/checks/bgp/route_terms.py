"""The words in which a rule describes routes: a network, the far ends of sessions, and nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from callint.bgp.nodes import Speaker
from callint.bgp.rules import Direction
from callint.checks.breach import CheckError
from callint.net.address import Address, Prefix, parse_ip, parse_net
from callint.net.prefixes import PrefixSet, exactly, within
from callint.record import NamedTuple
from callint.selector import Selector, SelectorError, parse

MESH = "mesh"
"""What stands for the node-to-node mesh where a BGPPeer is named."""

_ENDS: dict[str, Direction] = {"to": "export", "from": "import"}


class Terms(NamedTuple):
    """Routes of `region`, which is a network or all inside of it, on their way over some sessions.

    Without `peer` and `address` these are all that lead to routers outside of the cluster.
    """

    prefix: Prefix
    region: PrefixSet
    direction: Direction
    peer: str | None
    address: Address | None
    node: str | None
    selector: Selector | None
    must: bool

    @property
    def end(self) -> str:
        """The far end in words."""
        if self.peer == MESH:
            return "the mesh"
        if self.peer is not None:
            return f'BGPPeer "{self.peer}"'
        return "routers outside the cluster" if self.address is None else str(self.address)

    @property
    def passive(self) -> str:
        """What is asked of routes: `announced to BGPPeer "edge"`."""
        where = f' by node "{self.node}"' if self.node is not None else ""
        return f"{'announced' if self.direction == 'export' else 'taken'}{where} {self.preposition} {self.end}"

    @property
    def preposition(self) -> str:
        """Which way routes go."""
        return "to" if self.direction == "export" else "from"

    @property
    def subject(self) -> str:
        """The network, as messages name it."""
        return str(self.prefix) if self.region == exactly(self.prefix) else f"{self.prefix} or a part of it"

    def about(self, speaker: Speaker) -> bool | None:
        """Whether it is about the sessions of a node; None if its labels are not known."""
        if self.selector is not None:
            return speaker.selected(self.selector)
        return self.node is None or self.node == speaker.name


def read_terms(parameters: Mapping[str, Any], *, must: bool) -> Terms:
    """Read the parameters of a rule; raises CheckError."""
    given = [key for key in _ENDS if key in parameters]
    if len(given) != 1:
        raise CheckError('either "to" or "from" is needed', given[1] if given else "")
    (end,) = given
    prefix = _prefix(parameters.get("prefix"))
    peer, address = _end(end, parameters[end])
    if address is not None and address.family != prefix.family:
        raise CheckError(
            f'"{end}": sessions with {address} carry no routes of IPv{prefix.family} such as {prefix}', end
        )
    node, selector = _node(parameters.get("node"))
    longer = parameters.get("longer")
    if longer is not None and must:
        raise CheckError(
            '"longer" is for route-forbidden alone: a route that is required is that of the prefix', "longer"
        )
    if longer is not None and not isinstance(longer, bool):
        raise CheckError('"longer" must be true or false', "longer")
    if longer is None:
        longer = not must and prefix.length > 0
    region = within(prefix) if longer else exactly(prefix)
    return Terms(prefix, region, _ENDS[end], peer, address, node, selector, must)


def _prefix(value: Any) -> Prefix:
    if not isinstance(value, str):
        raise CheckError('"prefix" is needed: a network such as 10.0.0.0/24', "prefix" if value is not None else "")
    try:
        return parse_net(value)
    except ValueError as error:
        raise CheckError(f'"prefix": {error}', "prefix") from error


def _end(key: str, value: Any) -> tuple[str | None, Address | None]:
    if value == "any":
        return None, None
    if not isinstance(value, dict) or len(value) != 1 or not value.keys() <= {"peer", "address"}:
        raise CheckError(f'"{key}" must be any, {{peer: NAME}}, {{peer: mesh}} or {{address: IP}}', key)
    ((kind, text),) = value.items()
    if not isinstance(text, str) or not text:
        raise CheckError(f'"{kind}" of "{key}" must be text', key)
    if kind == "peer":
        return text, None
    try:
        return None, parse_ip(text)
    except ValueError as error:
        raise CheckError(f'"{key}": {error}', key) from error


def _node(value: Any) -> tuple[str | None, Selector | None]:
    if value is None or (isinstance(value, str) and value):
        return value, None
    text = value.get("selector") if isinstance(value, dict) and len(value) == 1 else None
    if not isinstance(text, str):
        raise CheckError('"node" must be a name or {selector: SELECTOR}', "node")
    try:
        return None, parse(text)
    except SelectorError as error:
        raise CheckError(f'"node": {error}', "node") from error
