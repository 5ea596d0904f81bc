"""Facts files through callint.source, the way that a run reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from callint.facts.collector import collect
from callint.facts.emitter import render
from callint.facts.reader import read
from callint.source import load

BROKEN = """\
# facts of two nodes
version: 1
node: a
interfaces:
  - {name: a0, adresses: [192.0.2.1/24]}
  - {addresses: ["2001:db8::1/64"]}
  - name: b0
    addresses:
      - 192.0.2.300/24
    up:
routes: default
---
version: 1
node: a
"""


def test_problems_stand_where_people_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("facts.yaml").write_text(BROKEN)
    sources = load(["facts.yaml"])
    (node,), problems = read(sources.documents)
    found = [
        (p.kind, p.span.line, BROKEN.splitlines()[p.span.line - 1][p.span.column - 1 : p.span.end_column - 1])
        for p in problems
    ]
    assert found == [
        ("facts-invalid", 5, "adresses"),
        ("facts-invalid", 6, "addresses"),
        ("facts-invalid", 9, "192.0.2.300/24"),
        ("facts-invalid", 10, "up"),
        ("facts-invalid", 11, "default"),
        ("facts-duplicate", 14, "a"),
    ]
    assert [interface.name for interface in node.interfaces] == ["a0", "b0"]


def test_collected_facts_are_read_without_a_problem(tmp_path: Path, saved: Callable[[str], str]):
    facts = collect(
        "router",
        address=saved("address-details.json"),
        route=saved("route.json"),
        route6=saved("route6.json"),
        forwarding=saved("forwarding.txt"),
        sockets=saved("ss.txt"),
    )
    file = tmp_path / "router.yaml"
    file.write_text(render(facts))
    sources = load([str(file)])
    (node,), problems = read(sources.documents)
    assert problems == ()
    assert list(sources.problems) == []
    assert (len(node.interfaces), len(node.routes), len(node.listeners)) == (5, 15, 9)
