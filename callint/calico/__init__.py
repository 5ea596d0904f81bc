"""What Calico is, as data: releases, roads, kinds, defaults and limits."""

from callint.calico.target import (
    NEWEST,
    OLDEST,
    UNRELEASED,
    Dataplane,
    Exact,
    Release,
    Road,
    Target,
    format_release,
    no_road,
    parse_exact,
    parse_release,
)

__all__ = [
    "NEWEST",
    "OLDEST",
    "UNRELEASED",
    "Dataplane",
    "Exact",
    "Release",
    "Road",
    "Target",
    "format_release",
    "no_road",
    "parse_exact",
    "parse_release",
]
