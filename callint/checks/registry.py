"""The checks that rules can name; a module is imported when a rule first needs it."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from callint.checks.breach import Check, CheckError

CHECKS = (
    "advertisement",
    "backend",
    "community",
    "condition",
    "connectivity",
    "coverage",
    "duplicate",
    "exposure",
    "expression",
    "fallthrough",
    "far_end",
    "filter_family",
    "flow-forbidden",
    "flow-required",
    "host_endpoint",
    "host_traffic",
    "kubernetes_policy",
    "masquerade",
    "origin",
    "peer_field",
    "peering",
    "policy_rules",
    "policy_scope",
    "pools",
    "precedence",
    "reference",
    "selection",
    "service",
    "service_range",
    "session",
    "tier_end",
    "usage",
)


def find(name: str) -> Check:
    """The check of that name; raises CheckError, naming those that exist."""
    if name not in CHECKS:
        raise CheckError(f'no check is called "{name}", these are: {", ".join(CHECKS)}')
    module, _, function = name.partition("-")
    return cast("Check", getattr(import_module(f"callint.checks.{module}"), function or "check"))
