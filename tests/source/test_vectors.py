"""Every recorded answer of Go's YAML (goyaml.v2 below sigs.k8s.io/yaml) is matched, or the difference has a reason."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from callint.source.decode import decode
from callint.source.document import SourceFile
from callint.source.limits import Limits
from callint.source.lines import Lines
from callint.source.load import Sources, parse
from callint.source.reader import read as read_file
from callint.source.scalars import Typed, go_text


def rows(path: Path) -> list[dict[str, str]]:
    lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    names = lines[0].split("\t")
    return [dict(zip(names, line.split("\t"), strict=False)) for line in lines[1:]]


def load_bytes(data: bytes, limits: Limits | None = None) -> Sources:
    text, bad = decode(data)
    file = SourceFile("f.yaml", text)
    return Sources([file], *read_file(file, Lines(Typed(), limits or Limits()), bad))


def same(ours: Any, theirs: Any) -> bool:
    """Equal, and of the same type: True is not 1, 1 is not 1.0; NaN equals itself."""
    if isinstance(theirs, float) and math.isnan(theirs):
        return isinstance(ours, float) and math.isnan(ours)
    return type(ours) is type(theirs) and bool(ours == theirs)


def go_value(cell: str) -> Any:
    """The value that a cell like `float64 8` records."""
    kind, _, text = cell.partition(" ")
    if kind == "bool":
        return text == "true"
    if kind in ("int", "int64", "uint64"):
        return int(text)
    if kind == "float64":
        return float(text)
    return None if kind == "<nil>" else text


def test_every_scalar_has_the_type_that_go_gives_it(shared: Path) -> None:
    table = rows(shared / "vectors" / "yaml-scalars.tsv")
    assert len(table) > 70
    for row in table:
        sources = parse(f"v: {row['scalar']}\n")
        if row["goyaml.v2"] == "ERR":
            assert [problem.kind for problem in sources.problems] == ["syntax-error"], row["scalar"]
        else:
            value = sources.documents[0].value["v"]
            assert same(value, go_value(row["goyaml.v2"])), (row["scalar"], value)


def test_every_scalar_is_printed_into_a_string_as_calicoctl_prints_it(shared: Path) -> None:
    for row in rows(shared / "vectors" / "yaml-scalars.tsv"):
        if row["calicoctl into Go string"].startswith('"'):
            value = parse(f"v: {row['scalar']}\n").documents[0].value["v"]
            printed = go_text(value) if isinstance(value, (int, float)) else value or ""
            assert printed == json.loads(row["calicoctl into Go string"]), row["scalar"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((1e300, "+Inf"), (-1e300, "-Inf"), (3.5e38, "+Inf"), (float("nan"), "NaN"), (1e-60, "0"), (-1e-60, "-0")),
        *((0.1, "0.1"), (16777217.0, "1.6777216e+07"), (123456.7, "123456.7"), (0.0001, "0.0001"), (0.00001, "1e-05")),
    ],
)
def test_a_number_has_the_shortest_digits_of_32_bits(value: float, text: str) -> None:
    assert go_text(value) == text


# A key that the tables leave blank is refused by Go, or is no key; what we make of it instead.
KEYS_WITHOUT_ANSWER = {"null", "Null", "~", "", "<<", "18446744073709551615", "%a", "@a", "`a", "- a", "? a", "!"}


def test_every_key_is_printed_as_kubectl_prints_it(shared: Path) -> None:
    seen = set()
    for row in rows(shared / "vectors" / "yaml-scalars.tsv"):
        text, cell = row["scalar"], row["as key"]
        if not cell.startswith("{"):
            seen.add(text)
            continue
        # Its row for the key -.Inf was made with -.inf.
        sources = parse(f"kind: x\nv:\n  {'-.inf' if text == '-.Inf' else text}: x\n")
        assert list(sources.documents[0].value["v"]) == list(json.loads(cell)), text
    assert seen <= KEYS_WITHOUT_ANSWER


@pytest.mark.parametrize("key", ["null", "~", "18446744073709551615"])
def test_a_key_that_kubectl_refuses_is_reported_and_left_out(key: str) -> None:
    sources = parse(f"kind: x\nv:\n  {key}: x\n  b: z\n")
    assert sources.documents[0].value["v"] == {"b": "z"}
    assert [problem.kind for problem in sources.problems] == ["null-key"]
    assert not sources.documents[0].complete


CASES: dict[str, bytes] = {
    "dup key": b"a: 1\na: 2\n",
    "dup key typed (1, '1')": b"1: a\n'1': b\n",
    "dup via merge": b"x: &x {a: 1}\ny: {a: 2, <<: *x}\n",
    "merge after (order)": b"x: &x {a: 1, b: 1}\ny:\n  <<: *x\n  a: 2\n",
    "merge then key first": b"x: &x {a: 1}\ny:\n  a: 2\n  <<: *x\n",
    "alias": b"a: &a {b: 1}\nc: *a\n",
    "unknown alias": b"a: *b\n",
    "recursive alias": b"a: &a [*a]\n",
    "alias bomb 9^8": b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 9)) for i in range(8)),
    "nest 500 flow": b"a: " + b"[" * 500 + b"]" * 500 + b"\n",
    "nest 5000 flow": b"a: " + b"[" * 5000 + b"]" * 5000 + b"\n",
    "nest 100000 flow": b"a: " + b"[" * 100000 + b"]" * 100000 + b"\n",
    "nest 2000 block": b"".join(b" " * i + b"a:\n" for i in range(2000)),
    "nest 2000 '- '": b"- " * 2000 + b"a\n",
    "tab indent": b"a:\n\tb: 1\n",
    "tab after colon": b"a:\t1\n",
    "BOM": b"\xef\xbb\xbfa: 1\n",
    "BOM 2nd doc": b"a: 1\n---\n\xef\xbb\xbfb: 1\n",
    "UTF-16LE BOM": "\ufeffa: 1\n".encode("utf-16-le"),
    "CRLF": b"a: 1\r\nb:\r\n  - x\r\n",
    "CR only": b"a: 1\rb: 2\r",
    "NUL in value": b"a: x\0y\n",
    "NUL at end": b"a: 1\n\0",
    "invalid UTF-8": b"a: \xff\xfe\n",
    "invalid UTF-8 in comment": b"# \xe9t\xe9\na: 1\n",
    "surrogate utf8": b"a: \xed\xa0\x80\n",
    "control \\x07": b"a: x\x07y\n",
    "DEL 0x7f": b"a: x\x7fy\n",
    "NEL U+0085": "a: x\u0085b: 1\n".encode(),
    "LS U+2028": "a: x\u2028y\n".encode(),
    "emoji": "a: \U0001f600 # c\nb: 1\n".encode(),
    "empty": b"",
    "only comment": b"# x\n",
    "only ---": b"---\n",
    "%YAML 1.2": b"%YAML 1.2\n---\na: on\n",
    "%YAML 1.1": b"%YAML 1.1\n---\na: on\n",
    "%YAML 2.0": b"%YAML 2.0\n---\na: on\n",
    "%TAG": b"%TAG ! tag:x,2000:\n---\na: !b c\n",
    "2 docs '...'": b"a: 1\n...\nb: 2\n",
    "doc2 after ---": b"a: 1\n---\nb: 2\n",
    "--- inline": b"--- {a: 1}\n",
    "JSON stream {}{}": b'{"a":1}\n{"b":2}\n',
    "JSON w/ tabs": b'{\n\t"a": 1\n}\n',
    'colon no space {"a":1}': b'{"a":1}\n',
    "trailing garbage": b"a: 1\nb\n",
    "unclosed quote": b"a: 'x\nb: 1\n",
    "unclosed flow": b"a: [1, 2\nb: 1\n",
    "complex key": b"? [a, b]\n: 1\n",
    "null key": b"~: 1\n",
    "float key": b"1.5: a\n",
    "!!python": b"a: !!python/object/apply:os.system [x]\n",
    "!!binary": b"a: !!binary aGk=\n",
    "!!set": b"a: !!set {x, y}\n",
    "block scalar": b"a: |\n  x\n   y\nb: >-\n  q\n  r\n",
    "very long key 2000": b"k" * 2000 + b": 1\n",
    "key 1025 quoted": b'"' + b"k" * 1025 + b'": 1\n',
    "100k-char scalar": b"a: " + b"x" * 100000 + b"\n",
    "helm {{ }}": b"a: {{ .Values.x }}\n",
    "helm {{- if}}": b"{{- if .x }}\na: 1\n{{- end }}\n",
    "merge conflict": b"a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> x\n",
    "indent mismatch": b"a:\n    b: 1\n  c: 2\n",
    "seq same indent": b"a:\n- b\n- c\nd: 1\n",
}

DEEPER = "we stop at 100 levels, so that every later walk may recurse"
SPLIT = "kubectl cuts the file at --- before Go's YAML sees it, so the directive stands alone and is refused"
# kubectl column -> what we do instead, and why.
INTENDED: dict[str, str] = {
    "nest 500 flow": DEEPER,
    "nest 5000 flow": DEEPER,
    "nest 2000 block": DEEPER,
    "nest 2000 '- '": DEEPER,
    "%YAML 1.1": SPLIT,
    "%YAML 1.2": SPLIT,
    "%YAML 2.0": SPLIT,
    "%TAG": SPLIT,
    "--- inline": "kubectl's reader takes nothing but a comment behind ---, before Go's YAML sees it",
    "2 docs '...'": "the second document is silently ignored by kubectl: we report it",
    "invalid UTF-8 in comment": "the document is kept, as incomplete, besides the problem",
}
# Accepted by kubectl in silence, but worth a finding.
TOLD = {
    "dup key": ["duplicate-key"],
    "dup via merge": ["merge-overwrites"],
    "merge then key first": ["merge-overwrites"],
}


def test_every_structure_is_read_as_kubectl_reads_it(shared: Path) -> None:
    table = {row["case"]: row["kubectl (sigs)"] for row in rows(shared / "vectors" / "yaml-structure.tsv")}
    assert set(table) == set(CASES)
    for case, cell in table.items():
        # A manifest's note on its keys is not what is compared: none of the cases names a kind.
        sources = load_bytes(CASES[case])
        kinds = [problem.kind for problem in sources.problems]
        if case in INTENDED:
            assert kinds, case
            continue
        body, told, error = cell.rpartition("| err: ")
        if not told:  # a long answer that the table cuts short: Go read it
            assert kinds == [], case
        elif error == "<nil>":
            assert kinds == TOLD.get(case, []), case
            value = sources.documents[0].value if sources.documents else None
            ours = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
            assert ours == body.strip(), case
        elif case not in ("complex key", "null key"):  # told in manifests only, and tested there
            assert kinds, case
            assert not any(document.complete for document in sources.documents), case


def test_the_second_bom_and_every_json_value_are_read() -> None:
    for data, value, line in ((CASES["BOM 2nd doc"], 1, 3), (CASES["JSON stream {}{}"], 2, 2)):
        sources = load_bytes(data)
        assert [document.value for document in sources.documents] == [{"a": 1}, {"b": value}]
        assert sources.documents[1].span(("b",)).line == line
        assert sources.problems == ()
