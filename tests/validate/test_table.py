"""For every constraint an object that is accepted and one that is refused, with the rule that says so and its place.

The rows stand in `rows/*.txt`, one a line: what is tested | Kind/name | release and road | kinds of problems | YAML.
`«` and `»` stand around the place of each problem, in the order of the kinds; `⏎` is a line break, `⟨a*64⟩` is "a" 64
times, and `ingress:`, `egress:`, `source:`, `tcp:` stand for a policy with that one rule or side of a rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from callint import rule

ROWS = Path(__file__).parent / "rows"
MACROS = {
    "ingress": "spec: {{types: [Ingress], ingress: [{}]}}",
    "egress": "spec: {{types: [Egress], egress: [{}]}}",
    "source": "spec: {{types: [Ingress], ingress: [{{action: Allow, source: {{{}}}}}]}}",
    "tcp": "spec: {{types: [Ingress], ingress: [{{action: Allow, protocol: TCP, source: {{{}}}}}]}}",
}
REPEATED = re.compile(r"⟨(.)\*([0-9]+)⟩")


def expanded(text: str) -> str:
    name, _, rest = text.partition(": ")
    if name in MACROS:
        text = MACROS[name].format(rest)
    return REPEATED.sub(lambda match: match[1] * int(match[2]), text.replace("⏎", "\n"))


def rows() -> Iterator[tuple[str, tuple[str, ...]]]:
    for file in sorted(ROWS.glob("*.txt")):
        for line in file.read_text("utf-8").splitlines():
            if line and not line.startswith("#"):
                title, kind, target, kinds, text = line.split(" | ", 4)
                about = () if target == "-" else tuple(target.split())
                yield f"{file.stem}: {title}", (expanded(kind), expanded(text), kinds.strip("-"), *about)


TABLE = list(rows())


@pytest.mark.parametrize("row", [row for _, row in TABLE], ids=[name for name, _ in TABLE])
def test_row(row: tuple[str, ...], hold) -> None:
    hold(*row)


@pytest.mark.parametrize("row", [row for _, row in TABLE], ids=[name for name, _ in TABLE])
def test_what_is_found_right_is_admitted(row: tuple[str, ...], refused_unsaid) -> None:
    assert refused_unsaid(*row) == []


def test_every_kind_of_the_stage_is_in_the_table() -> None:
    shown = {kind for _, row in TABLE for kind in row[2].split()}
    ours = {one.name for one in rule.load() if one.check == "schema" and "OBJ020" <= one.id <= "OBJ065"}
    assert ours - shown == set()


def test_the_table_has_both_answers() -> None:
    refused = sum(1 for _, row in TABLE if row[2])
    assert refused > 250
    assert len(TABLE) - refused > 150
