"""A report like a real one, hostile reports, and what a GitHub runner would make of a log."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import inf, nan
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import strategies as st

from callint.catalogue import Example, Explanation, Rule, RuleText
from callint.finding import Finding, ObjectRef, Related, Span, Suppression, Witness, witness
from callint.report import Report

SOURCES = {
    "manifests/bgp.yaml": [
        "apiVersion: projectcalico.org/v3",
        "kind: BGPPeer",
        "metadata:",
        "  name: router",
        "spec:",
        "  peerIP: 10.0.0.1",
        "  filters:",
        "    - bgp-filter",
    ],
    "manifests/filter.yaml": ["kind: BGPFilter", "metadata: {name: bgp-filters}"],
    "manifests/wide.yaml": ["\t# 日本語: \x1b[31m##[error]x\u202e", "x: " + "a, " * 60 + "needle" + ", b" * 60],
}


FILTER_MISSING = Rule(
    "BGP001",
    "filter-missing",
    "BGPPeer names a BGPFilter that does not exist",
    "error",
    "reference",
    {"kind": "BGPPeer", "field": "spec.filters", "to": ["BGPFilter"]},
    "",
)


def example(title: str, bad: str, good: str) -> Example:
    return Example(title, bad, good, "", "", "", "", "utf-8", "yaml")


EXPLANATION = Explanation(
    "Calico ignores a filter that it cannot find, and the peer is then told every route that the node knows, "
    "which is seldom what the author of the filter had in mind.",
    "Define the filter, or mend its name.",
    ("https://docs.tigera.io/calico/latest/reference/resources/bgppeer",),
    (example("a misspelt name", "filters: [bgp-filter]  # expect: BGP001\n", "filters: [bgp-filters]\n"),),
)


def line(file: str, number: int) -> str:
    """The source line that a report may quote."""
    lines = SOURCES.get(file, [])
    return lines[number - 1] if number <= len(lines) else ""


@pytest.fixture(scope="session")
def catalogue() -> list[Rule]:
    """Three rules of two groups."""
    return [
        FILTER_MISSING,
        Rule("BGP002", "session-without-import", "a session imports nothing", "warning", "session", {}, ""),
        Rule(
            "NAT001",
            "pool-enabled",
            "an IPPool would hand out the LAN's addresses",
            "info",
            "pool",
            {"on": True},
            "",
            enabled=False,
        ),
    ]


@pytest.fixture(scope="session")
def explained(catalogue) -> RuleText:
    """The first of them, with its explanation."""
    return RuleText(catalogue[0], EXPLANATION)


@pytest.fixture(scope="session")
def report() -> Report:
    """Three findings of three severities with related places and witnesses, and a suppressed one."""
    missing = Finding(
        "BGP001",
        "filter-missing",
        "error",
        'BGPPeer "router" names BGPFilter "bgp-filter", which no document defines',
        Span("manifests/bgp.yaml", 8, 7, 8, 17),
        ObjectRef("projectcalico.org/v3", "BGPPeer", None, "router"),
        "/spec/filters/0",
        related=(
            Related(Span("manifests/filter.yaml", 2, 18, 2, 29), "a filter of a like name"),
            Related(Span("manifests/gone.yaml", 120, 1, 120, 4), "could not be read"),
        ),
        witness=witness("reference", name="bgp-filter", kind="BGPFilter", namespace=None),
        help='write "bgp-filters"',
    )
    dhcp = Finding(
        "POL001",
        "service-cut-off",
        "warning",
        'DHCP requests to node "router" are dropped',
        Span("manifests/wide.yaml", 1, 4, 1, 7),
        ObjectRef("projectcalico.org/v3", "HostEndpoint", None, "router-lan0"),
        "/spec",
        "home",
        witness=witness(
            "packet",
            protocol="udp",
            source="0.0.0.0",
            source_port=68,
            destination="255.255.255.255",
            destination_port=67,
            in_interface="lan0",
            node="router",
            verdict="drop",
            decided_by="end of tier default",
        ),
    )
    needle = Finding(
        "OBJ009",
        "odd-item",
        "info",
        "an item is odd",
        Span("manifests/wide.yaml", 2, 184, 2, 190),
    )
    hushed = dhcp._replace(rule="POL002", name="open-door", suppressed=Suppression("on purpose", in_source=True))
    rules = {"BGP001": RuleText(FILTER_MISSING, EXPLANATION)}
    return Report((missing, dhcp, needle), (hushed,), 3, 4, 5, "v3.32", "1.2.3", rules.get, line)


TRAPS = st.sampled_from(
    ["::error::x", "##[error]x", "##vso[task.complete]", "\x1b[31m", "\u202e", "\n", "\r", "\r\n", "\x85", "\u2028",
     "\x00", "\ud800", "\udcff", "\ufffe", "%0A", "%", ",", ":", "=", "](1)", "|", "<b>", "]]>", "&", "&#10;", "\\",
     "`", '"', "'", "#", "[", "]", " ", "\u00a0", "\U0001f600"]
)  # fmt: skip
ANY_TEXT = st.lists(TRAPS | st.text(max_size=8), max_size=6).map("".join)


def hostile_reports(text: st.SearchStrategy[str] = ANY_TEXT) -> st.SearchStrategy[Report]:
    """Reports in which every text that can come from a tree is one of a few drawn from `text`."""
    return st.builds(_hostile, st.lists(text, min_size=2, max_size=8), st.integers(0, 2**32))


def _hostile(texts: list[str], seed: int) -> Report:
    """A report of random shape: hypothesis would spend its time on the shape, which matters less than the texts."""
    dice = Random(seed)

    def text() -> str:
        return dice.choice(texts)

    def span() -> Span:
        return Span(text() or "f", *(dice.randint(1, 60) for _ in range(4)))

    def ref() -> ObjectRef:
        return ObjectRef(text(), text(), dice.choice([None, text()]), text())

    def fact() -> Any:
        values: list[Any] = [None, True, dice.randint(-9, 2**130), dice.random(), inf, nan, ref(), [text(), text()]]
        return dice.choice([*values, frozenset(texts), {text(): text()}, text(), text(), text()])

    def proof() -> Witness:
        names = ["source", "source_port", "protocol", "prefix", "verdict", "decided_by", "node", "name", text()]
        kind = dice.choice(["packet", "route", "interface", "address", "selector", "reference"])
        return Witness(kind, tuple((name, fact()) for name in dice.sample(names, dice.randint(0, 5))))

    def finding(suppressed: Suppression | None = None) -> Finding:
        return Finding(
            text() or "R",
            text(),
            dice.choice(["error", "warning", "info"]),
            text(),
            span(),
            dice.choice([None, ref()]),
            text(),
            text(),
            tuple(Related(span(), text()) for _ in range(dice.randint(0, 2))),
            dice.choice([None, proof()]),
            text(),
            suppressed,
        )

    about = Rule(text(), text(), text(), "error", text(), {}, "")
    told = Explanation(text(), text(), (text(),), (example(text(), text(), text()),))
    rule = dice.choice([None, RuleText(about, told)])
    source = text()
    found = tuple(finding() for _ in range(dice.randint(0, 4)))
    hushed = tuple(finding(Suppression(text(), dice.choice([True, False]))) for _ in range(dice.randint(0, 2)))
    return Report(found, hushed, 1, 2, 3, text(), "1.2.3", lambda _: rule, lambda *_: source)


@pytest.fixture(scope="session")
def hostile() -> Callable[..., st.SearchStrategy[Report]]:
    """Makes strategies of hostile reports."""
    return hostile_reports


class Command(NamedTuple):
    """A workflow command as the runner understands it."""

    name: str
    properties: dict[str, str]
    data: str


_REGISTERED = {
    "error", "warning", "notice", "debug", "group", "endgroup", "add-mask", "add-matcher", "remove-matcher", "echo",
    "stop-commands", "set-output", "save-state",
}  # fmt: skip


def _unescaped(text: str, *escapes: tuple[str, str]) -> str:
    for escape, character in (*escapes, ("%25", "%")):
        text = text.replace(escape, character)
    return text


_DATA = (("%0D", "\r"), ("%0A", "\n"))
_PROPERTY = (*_DATA, ("%3A", ":"), ("%2C", ","))


def _modern(line: str) -> Command | None:
    line = line.lstrip()
    if not line.startswith("::") or (stop := line.find("::", 2)) < 0:
        return None
    name, _, rest = line[2:stop].partition(" ")
    if name.lower() not in _REGISTERED:
        return None
    properties = {}
    for pair in filter(None, rest.strip().split(",")):
        key, equals, value = pair.partition("=")
        if equals:
            properties[key] = _unescaped(value, *_PROPERTY)
    return Command(name.lower(), properties, _unescaped(line[stop + 2 :], *_DATA))


def _legacy(line: str) -> Command | None:
    start = line.find("##[")
    stop = line.find("]", start)
    if start < 0 or stop < 0:
        return None
    name, _, rest = line[start + 3 : stop].partition(" ")
    if name.lower() not in _REGISTERED:
        return None
    pairs = (pair.partition("=") for pair in rest.split(";"))
    return Command(name.lower(), {key: value for key, _, value in pairs}, line[stop + 1 :])


def log_commands(log: str) -> list[Command]:
    """All workflow commands that the runner acts on in a log (actions/runner, ActionCommand.cs)."""
    lines = re.split(r"\r\n|\r|\n", log)
    return [command for line in lines if (command := _modern(line) or _legacy(line))]


@pytest.fixture(scope="session")
def commands() -> Callable[[str], list[Command]]:
    """The runner's reading of a log."""
    return log_commands
