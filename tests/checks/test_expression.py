"""The check `expression`: what holds, what does not, what cannot be decided, and that nothing makes it hang."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

from callint.checks import Breach, CheckError, find
from callint.checks.expression import LONGEST
from callint.source import Limits
from manifests import cluster_of

if sys.version_info >= (3, 11):
    pytest.importorskip("cel_expr_python", reason="the extra callint[cel] is not installed")
else:
    pytest.skip("the CEL library needs Python 3.11", allow_module_level=True)

POOLS = """\
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: pods}
spec:
  cidr: 10.244.0.0/16
  natOutgoing: true
---
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: lan, labels: {site: home}}
spec:
  cidr: 10.0.0.0/24
  natOutgoing: false
---
apiVersion: v1
kind: Namespace
metadata: {name: web}
"""


def run(text: str, expression: str, **parameters: Any) -> list[Breach]:
    parameters = parameters or {"kind": "IPPool"}
    parameters |= {"message": '{kind} "{name}" is wrong', "expression": expression}
    return list(find("expression")(cluster_of(text, judged=True), parameters))


def places(breaches: list[Breach]) -> list[tuple[str, int, bool]]:
    return [(breach.message, breach.span.line, breach.undecided) for breach in breaches]


def test_object_that_breaks_it_is_reported_at_its_name() -> None:
    assert places(run(POOLS, "object.spec.natOutgoing")) == [('IPPool "lan" is wrong', 10, False)]


def test_object_that_keeps_it_is_not_reported() -> None:
    assert run(POOLS, "object.spec.cidr.startsWith('10.')") == []


@pytest.mark.parametrize(
    ("at", "line", "columns"),
    [
        ("spec.natOutgoing", 13, (16, 21)),
        ("spec", 11, (1, 5)),
        ("spec.ipipMode", 11, (1, 5)),
        ("metadata.labels.site", 10, (38, 42)),
    ],
)
def test_place_is_where_the_rule_says(at: str, line: int, columns: tuple[int, int]) -> None:
    (breach,) = run(POOLS, "object.metadata.name == 'pods'", kind="IPPool", at=at)
    assert (breach.span.line, breach.span.column, breach.span.end_column) == (line, *columns)
    assert breach.path == tuple(at.split("."))


def test_place_inside_a_list() -> None:
    text = """\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: {name: lan}
spec:
  nets:
    - 10.0.0.0/24
"""
    (breach,) = run(text, "size(object.spec.nets) > 1", kind="GlobalNetworkSet", at="spec.nets.0")
    assert (breach.span.line, breach.span.column, breach.path) == (6, 7, ("spec", "nets", 0))


def test_every_object_can_be_asked() -> None:
    found = run(POOLS, "has(object.metadata.labels)", each="object")
    assert [breach.message for breach in found] == ['IPPool "pods" is wrong', 'Namespace "web" is wrong']


def test_api_version_narrows_the_kind() -> None:
    assert run(POOLS, "false", kind="Namespace", apiVersion="v2") == []
    assert len(run(POOLS, "false", kind="Namespace", apiVersion="v1")) == 1


def test_objects_are_all_objects() -> None:
    assert run(POOLS, "size(objects) == 3") == []
    other = "objects.exists(other, other.kind == 'IPPool' && other.metadata.name != object.metadata.name)"
    assert run(POOLS, other) == []


def test_cluster_is_asked_once() -> None:
    question = "objects.exists(one, one.kind == 'FelixConfiguration')"
    (breach,) = run(POOLS, question, each="cluster")
    assert places([breach]) == [('cluster "default" is wrong', 2, False)]
    assert run(POOLS, f"!{question}", each="cluster") == []
    assert run("", question, each="cluster") == []


def test_last_definition_counts() -> None:
    again = POOLS + "---\n" + POOLS.replace("natOutgoing: false", "natOutgoing: true")
    assert run(again, "object.spec.natOutgoing") == []


def test_numbers_are_numbers() -> None:
    text = POOLS.replace("natOutgoing: true", "blockSize: 26")
    assert [
        breach.message for breach in run(text, "object.spec.blockSize >= 24 || false") if not breach.undecided
    ] == []
    assert (
        run("kind: A\napiVersion: b\nx: 18446744073709551615\nz: 1.5", "object.x > 0 && object.z > 1", each="object")
        == []
    )


class TestUndecided:
    def test_field_that_is_absent(self) -> None:
        (first, second) = run(POOLS, "object.spec.blockSize > 20")
        assert first.undecided
        assert second.undecided
        assert first.message.endswith('cannot be decided: key not found in map: "blockSize"')
        assert "has(" in first.help

    def test_error_that_another_answer_outweighs(self) -> None:
        assert run(POOLS, "object.spec.blockSize > 20 || true") == []

    def test_value_of_another_type(self) -> None:
        assert all(breach.undecided for breach in run(POOLS, "object.spec.cidr"))
        assert "string" in run(POOLS, "object.spec.cidr")[0].message

    def test_document_read_in_part(self) -> None:
        broken = POOLS.replace("natOutgoing: false", "natOutgoing: false\n  blockSize: *nothing")
        (breach,) = run(broken, "object.spec.natOutgoing")
        assert breach.undecided
        assert '"m.yaml" could be read only in part' in breach.message
        (breach,) = run(broken, "objects.exists(one, one.kind == 'Tier')", each="cluster")
        assert breach.undecided
        assert run(broken, "objects.exists(one, one.kind == 'IPPool')", each="cluster") == []

    def test_value_that_the_schema_refused_mutes_whoever_reads_it(self) -> None:
        broken = POOLS.replace("natOutgoing: false", "natOutgoing: nein")
        assert run(broken, "object.spec.natOutgoing == true") == []
        assert len(run(broken, "object.spec.cidr == '10.244.0.0/16'")) == 1
        assert run(broken, "object.spec.size() < 2 || object.metadata.name == 'pods'") == []


class TestUnusable:
    @pytest.mark.parametrize(
        ("parameters", "said"),
        [
            ({"kind": "IPPool", "expression": "1 +", "message": "m"}, "line 1, column 4: syntax error"),
            ({"kind": "IPPool", "expression": "true &&\n  pool.spec", "message": "m"}, "line 2, column 7: undeclared"),
            ({"kind": "Tier", "expression": "object.spec.(", "message": "m"}, "line 1"),
            ({"kind": "IPPool", "expression": "size(objects)", "message": "m"}, "of type int, a boolean was expected"),
            (
                {"each": "cluster", "expression": "object.kind == 'a'", "message": "m"},
                "undeclared reference to 'object.kind'",
            ),
            ({"kind": "IPPool", "message": "m"}, '"expression"'),
            ({"kind": "IPPool", "expression": "true"}, '"message"'),
            ({"kind": "IPPool", "expression": "true", "message": "m", "where": "x"}, "apiVersion, at, each"),
            (
                {"kind": "IPPool", "expression": "true", "message": "m {nme}"},
                "{namespace} and {name}, not {nme}",
            ),
            ({"kind": "IPPol", "expression": "true", "message": "m"}, 'did you mean "IPPool"'),
            ({"kind": ["IPPool"], "expression": "true", "message": "m"}, '"kind"'),
            ({"expression": "true", "message": "m"}, '"each"'),
            ({"each": "node", "expression": "true", "message": "m"}, '"each"'),
            ({"kind": "IPPool", "each": "cluster", "expression": "true", "message": "m"}, '"each"'),
            ({"kind": "IPPool", "expression": "1" * (LONGEST + 1), "message": "m"}, "characters"),
        ],
    )
    def test_rule_is_refused_with_a_sentence(self, parameters: dict[str, Any], said: str) -> None:
        with pytest.raises(CheckError) as raised:
            list(find("expression")(cluster_of(POOLS), parameters))
        assert said in str(raised.value)
        assert "\n" not in str(raised.value)

    def test_library_that_is_absent_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(CheckError, match=r"pip install 'callint\[cel\]'"):
            run(POOLS, "true")


MANY = "---\n".join(
    f"apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {{name: set-{number}}}\nspec: {{nets: []}}\n"
    for number in range(500)
)


class TestHostile:
    @pytest.mark.parametrize(
        "expression",
        [
            "objects.all(a, objects.all(b, objects.all(c, a.kind == b.kind && b.kind == c.kind)))",
            "size('a'" + ".matches('a')" * 300 + ") > 0",
            "(" * 1000 + "true" + ")" * 1000,
            "[" * 2000,
            '"' + "\\n" * 1000,
            "!" * 4000 + "true",
            "true ? " * 300 + "true" + " : false" * 300,
            "objects" + ".map(x, [x, x])" * 25 + " == objects",
            "'x'.matches('(((a{1,1000}){1,1000}){1,1000})')",
        ],
        ids=lambda text: text[:12],
    )
    def test_ends_soon_and_without_a_verdict(self, expression: str) -> None:
        begun = time.monotonic()
        try:
            found = run(MANY, expression, each="cluster")
        except CheckError:
            found = []
        assert time.monotonic() - begun < 5
        assert all(breach.undecided for breach in found)

    def test_what_the_library_cannot_bound_is_ended_by_the_clock(self) -> None:
        cluster = cluster_of(MANY, judged=True)
        cluster.limits = Limits(expression_seconds=1)
        begun = time.monotonic()
        expensive = "object.metadata.name == 'set-0' || objects.all(a, objects == objects)"
        found = list(
            find("expression")(cluster, {"kind": "GlobalNetworkSet", "expression": expensive, "message": "wrong"})
        )
        assert time.monotonic() - begun < 5
        assert found
        assert all(breach.undecided for breach in found)
        assert "took more than 1 seconds" in found[-1].message
        assert "more objects could not be judged" in found[-1].message

    def test_memory_is_bounded(self) -> None:
        doubled = "['aaaaaaaaaaaaaaaa']" + "".join(f".map(x{n}, x{n} + x{n})" for n in range(14))
        nested = f"{doubled}.map(s, [1].map(a, s + s + s + s).map(b, b + b + b + b))[0][0].size() > 1"
        found = run(POOLS, f"({nested}) && ({nested})")
        assert found == [] or all(breach.undecided for breach in found)

    def test_working_directory_gives_the_worker_no_code(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("json.py", "re.py", "cel_expr_python.py", "sitecustomize.py"):
            (tmp_path / name).write_text("raise SystemExit('taken over')\n")
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("PYTHONPATH", raising=False)
        assert len(run(POOLS, "object.spec.natOutgoing")) == 1
