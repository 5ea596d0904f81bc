"""Rules as most are written, of which nothing is wrong on any road: recognised at little cost, and not judged further.

What is not recognised here may be right all the same: `rules` and `entities` judge it. The tests hold both against each
other.
"""

from __future__ import annotations

from typing import Any

from callint.net.address import surely_all_v4
from callint.net.ports import surely_port
from callint.validate.label_values import impossible_value
from callint.validate.scope import Scope
from callint.validate.selectors import readable

_RULE = frozenset({"action", "protocol", "source", "destination"})
_SIDE = frozenset({"nets", "selector", "ports"})
_ACTIONS = frozenset({"Allow", "Deny", "Log", "Pass"})
_WITH_PORTS = frozenset({"TCP", "UDP", "SCTP"})


def plain(scope: Scope, rule: Any) -> bool:
    """Whether a rule is surely right: an action, a protocol with ports, and sides of networks, selectors and ports."""
    if rule.__class__ is not dict or not _RULE.issuperset(rule):
        return False
    action, protocol = rule.get("action"), rule.get("protocol")
    if action.__class__ is not str or action not in _ACTIONS:
        return False
    if protocol is not None and (protocol.__class__ is not str or protocol not in _WITH_PORTS):
        return False
    for name in ("source", "destination"):
        if name in rule and not _side(scope, rule[name], protocol is not None):
            return False
    return True


def _side(scope: Scope, side: Any, may_have_ports: bool) -> bool:
    if side.__class__ is not dict or not _SIDE.issuperset(side):
        return False
    for name, value in side.items():
        if name == "selector":
            if value.__class__ is not str or "global(" in value or not readable(scope, value):
                return False
            if impossible_value(value) is not None:
                return False
        elif value.__class__ is not list:
            return False
        elif name == "nets":
            if not surely_all_v4(value, host_bits=False):
                return False
        elif not may_have_ports or not all(map(surely_port, value)):
            return False
    return True
