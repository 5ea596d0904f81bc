"""Every kind of problem: its exact place, what it says, and what is still read."""

from __future__ import annotations

from pathlib import Path

import pytest

from callint.finding import Problem
from callint.source import Limits, load, placeholder
from callint.source.decode import decode
from callint.source.load import parse


def place(problem: Problem) -> tuple[int, int, int, int]:
    return tuple(problem.span[1:])  # type: ignore[return-value]  # a Span without its file


def told(text: str, limits: Limits | None = None) -> list[tuple[str, tuple[int, int, int, int]]]:
    return [(problem.kind, place(problem)) for problem in parse(text, limits=limits).problems]


@pytest.mark.parametrize(
    ("text", "span", "words"),
    [
        ("a: b: c\n", (1, 4, 1, 6), 'the value of "a" holds a second ": "'),
        ("a: x\n  b: 1\n", (2, 3, 2, 4), '"b" is indented below "a", which already has the value "x"'),
        ("key:value\nb: 1\n", (1, 1, 1, 10), '"key:value" sets no key, because no blank follows its ":"'),
        ("a: 1\nb:2\nc: 3\n", (2, 1, 2, 4), '"b:2" sets no key'),
        ("a: 1\nword\nc: 3\n", (2, 1, 2, 5), '"word" stands where a key is expected'),
        ("a: @b # c\n", (1, 4, 1, 6), 'cannot begin with "@"'),
        ("a: - b\n", (1, 4, 1, 5), "a list item cannot begin here"),
        ("a: ? b\n", (1, 4, 1, 5), "cannot begin a key"),
        ("a: 'b\nc: d\n", (1, 4, 1, 6), "the quote that opens here is never closed"),
        ('a: "\\d"\n', (1, 5, 1, 7), "no such escape sequence"),
        ("a: |x\n  b\n", (1, 5, 1, 6), 'may follow "|"'),
        ("a: *.log\n", (1, 4, 1, 9), '"*" begins an alias'),
        ("a: &\n", (1, 4, 1, 5), '"&" begins an anchor'),
        ("a: !has(x), b\n", (1, 4, 1, 14), "begins a tag in YAML"),
        ("a: [b, c\nd: e\n", (1, 4, 1, 5), 'the "[" that opens here is not closed by "]"'),
        ("a: {b: [c}\n", (1, 10, 1, 11), '"," or "]" is expected before "}"'),
        ("a: [::1]\n", (1, 5, 1, 8), 'cannot begin with ":"'),
        ("a:\n    b: 1\n  c: 2\n", (3, 3, 3, 4), '"c" is indented by 2, but the mapping that it would belong to by 0'),
        ("a:\n  - b\n - c\n", (3, 2, 3, 3), 'a list item ("- ") is indented by 1'),
        ("a: 'it's'\n", (1, 8, 1, 9), '"s" follows a value that has already ended'),
        ("a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> x\n", (2, 1, 2, 8), "a merge conflict was left"),
        ("%YAML 1.2\n---\na: 1\n", (1, 1, 1, 10), "kubectl reads no YAML directives"),
        ("```yaml\na: 1\n```\n", (1, 1, 1, 8), "a Markdown fence"),
        ("# c\n$ kubectl get a\nb: 1\nc: 2\n", (2, 1, 2, 16), '"$ kubectl get a" stands where a key is expected'),
        ("a: b\n  c d\n  e: f\n", (3, 3, 3, 4), '"e" cannot be a key here'),
        ("a: &b c\n  e: f\n", (2, 3, 2, 4), '"e" cannot be a key here'),
        ("a:\n\u00a0 b: 1\n  c: 2\n", (2, 1, 2, 2), "begins with U+00A0, which looks like a space"),
        ("a: b: c\n\u00a0d: 1\n", (1, 4, 1, 6), 'the value of "a" holds a second ": "'),
        ("a:\n  b: 1\n \u3000c:2\nd: 1\n", (3, 2, 3, 3), "begins with U+3000"),
        ("k" * 1100 + ": 1\n", (1, 1, 1, 1101), "longer than 1024 characters"),
    ],
)
def test_a_syntax_error_is_told_in_plain_words_at_its_place(text: str, span: tuple[int, ...], words: str) -> None:
    (problem,) = parse(text).problems
    assert problem.kind == "syntax-error"
    assert place(problem) == span
    assert words in problem.message
    assert not problem.message.endswith(".")


def test_what_precedes_an_error_is_kept_and_what_follows_the_document_is_read() -> None:
    sources = parse("a: 1\nb:\n  - c\n  - d: e\n    f: [\n---\nx: 1\n---\n- w\n")
    assert [document.value for document in sources.documents] == [
        {"a": 1, "b": ["c", {"d": "e", "f": []}]},
        {"x": 1},
        ["w"],
    ]
    assert [document.complete for document in sources.documents] == [False, True, True]
    assert [document.first_line for document in sources.documents] == [1, 7, 9]
    assert [document.last_line for document in sources.documents] == [5, 7, 9]
    assert sources.documents[0].span(("b", 1, "d")).line == 4


def test_a_text_that_ran_into_the_broken_line_is_no_value() -> None:
    (document,) = parse("a: 1\nb: x\n  c: 2\n").documents
    assert document.value == {"a": 1}


@pytest.mark.parametrize(("text", "value"), [("a: {b: 1, c: d in {'e'}}\n", {"b": 1}), ("a: [b, c in [d]]\n", ["b"])])
def test_a_text_that_a_bracket_cuts_short_is_no_value_and_must_be_quoted(text: str, value: object) -> None:
    sources = parse(text)
    assert [document.value for document in sources.documents] == [{"a": value}]
    (problem,) = sources.problems
    assert problem.help == "put the value in quotes"


def test_no_quotes_help_where_a_bracket_is_missing() -> None:
    (problem,) = parse("a: {b: [c}\n").problems
    assert problem.help == ""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1\nb: 2\na: x\n  y: 3\n", {"b": 2}),
        ("a: 1\n<<: x\n  y: 3\n", {"a": 1}),
        ("<<: x\n  y: 3\n", {}),
        ("- 1\n- x\n  y: 3\n", [1]),
    ],
)
def test_it_takes_no_other_value_with_it(text: str, value: object) -> None:
    assert [document.value for document in parse(text).documents] == [value]


def test_the_seed_has_one_syntax_error_and_four_repeated_keys(shared: Path) -> None:
    seed = shared / "seed" / "as-published"
    sources = load([str(seed)])
    (broken,) = [problem for problem in sources.problems if problem.kind == "syntax-error"]
    assert broken.span.file.endswith("bgp-filter.yaml")
    assert place(broken) == (4, 3, 4, 7)
    assert broken.related[0].span.line == 3
    (document,) = [document for document in sources.documents if not document.complete]
    assert document.value == {"apiVersion": "projectcalico.org/v3", "kind": "BGPFilter [130]"}
    assert "name: bgp-filter" in document.text
    repeated = [problem for problem in sources.problems if problem.kind == "duplicate-key"]
    assert [(p.path, p.span.line, p.related[0].span.line) for p in repeated] == [
        (("apiVersion",), 6, 1),
        (("kind",), 7, 2),
        (("metadata",), 8, 3),
        (("spec",), 10, 5),
    ]
    assert len(sources.problems) == 5


@pytest.mark.parametrize(
    ("first", "second", "elsewhere", "refused"),
    [
        ("a", "'a'", True, True),
        ("1", "1", True, True),
        ("1", '"1"', False, False),
        ("'true'", "yes", False, False),
        ("on", "yes", False, True),
        ("on", "on", True, True),
    ],
)
def test_keys_that_go_alone_takes_for_one(first: str, second: str, elsewhere: bool, refused: bool) -> None:
    keys = f"{first}: 1\n{second}: 2\n"
    kinds = [problem.kind for problem in parse(keys).problems]
    assert kinds == ["duplicate-key"] * elsewhere
    manifest = parse(f"apiVersion: v1\nkind: Node\n{keys}")
    (problem,) = [problem for problem in manifest.problems if problem.kind == "duplicate-key"]
    assert ("calicoctl refuses the file" in problem.message) is refused
    assert problem.related[0].span.line == 3


def test_a_repeated_key_names_its_first_place_and_the_last_one_wins() -> None:
    sources = parse("a:\n  - {x: 1, 'y y': 2, x: 3}\n")
    (problem,) = sources.problems
    assert (problem.kind, place(problem), problem.path) == ("duplicate-key", (2, 22, 2, 23), ("a", 0, "x"))
    assert problem.related[0].span[1:] == (2, 6, 2, 7)
    assert sources.documents[0].value == {"a": [{"x": 3, "y y": 2}]}
    assert sources.documents[0].span(("a", 0, "x")).column == 25


def test_merges_overwrite_what_stands_before_them_and_yield_to_what_follows() -> None:
    text = "d: &d {a: 1, b: 2}\ne: &e {a: 5, c: 6}\nx:\n  a: 9\n  <<: [*d, *e]\n  b: 3\n"
    sources = parse(text)
    assert sources.documents[0].value["x"] == {"a": 1, "b": 3, "c": 6}
    (problem,) = sources.problems
    assert (problem.kind, place(problem)) == ("merge-overwrites", (5, 3, 5, 5))
    document = sources.documents[0]
    assert document.span(("x", "a"))[1:] == (1, 11, 1, 12)
    assert document.span(("x", "c"), key=True)[1:] == (2, 14, 2, 15)
    assert document.span(("x", "b"))[1:] == (6, 6, 6, 7)


@pytest.mark.parametrize(
    ("text", "kind", "span"),
    [
        ("a:\n\tb: 1\n", "tab-indentation", (2, 1, 2, 2)),
        ("a:\n  \t- b\n", "tab-indentation", (2, 3, 2, 4)),
        ("a: 1\nb: x\0y\n", "nul-byte", (2, 5, 2, 6)),
        ("a: é\x07\n", "control-character", (1, 5, 1, 6)),
        ("a: &a [*a]\n", "recursive-alias", (1, 8, 1, 10)),
        ("a: *b\n", "unknown-alias", (1, 4, 1, 6)),
        ("kind: x\n1: a\n", "non-string-key", (2, 1, 2, 2)),
        ("kind: x\ny: a\n", "non-string-key", (2, 1, 2, 2)),
        ("kind: x\n~: a\n", "null-key", (2, 1, 2, 2)),
        ("kind: x\n? [a]\n: b\n", "complex-key", (2, 3, 2, 4)),
        ("kind: x\nselector: !has(x)\n", "lost-tag", (2, 11, 2, 18)),
        ("kind: x\nselector: !a == 'b'\n", "lost-tag", (2, 14, 2, 20)),
        ("kind: x\nselector: ! has(x)\n", "lost-tag", (2, 13, 2, 19)),
        ("kind: x\na: [http://b/?c=d, e]\n", "syntax-error", (2, 5, 2, 18)),
        ("kind: x\na: {b: [c, 'd?'], e: f?}\n", "syntax-error", (2, 22, 2, 24)),
        ('kind: x\na: "b\\\\/\\/"\n', "syntax-error", (2, 4, 2, 12)),
        ("kind: x\na: !!int b\n", "wrong-tag", (2, 10, 2, 11)),
        ("kind: x\na: !!int 1.5\n", "wrong-tag", (2, 10, 2, 13)),
        ("kind: x\na: !!float b\n", "wrong-tag", (2, 12, 2, 13)),
        ("kind: x\na: !!float yes\n", "wrong-tag", (2, 12, 2, 15)),
        ("kind: x\na: !!bool 1\n", "wrong-tag", (2, 11, 2, 12)),
        ("kind: x\na: !!null b\n", "wrong-tag", (2, 11, 2, 12)),
        *(
            (f"kind: x\na: !!timestamp {text}\n", "wrong-tag", (2, 16, 2, 16 + len(text)))
            for text in (
                "b",
                "1",
                "'2020'",
                "1900-02-29",
                "2020-02-30",
                "2020-01-01T10:00:00",
                "2020-01-01T24:00:00Z",
                "20-01-01",
            )
        ),
        ("kind: x\na:\n - .inf\n", "no-number", (3, 4, 3, 8)),
        ("a: 1\n<<: 2\n", "bad-merge", (2, 1, 2, 3)),
        ("a: &a [{b: 1}]\n<<: *a\n", "bad-merge", (2, 1, 2, 3)),
        ("a: 1\n...\n# c\nb: 2\n", "text-after-document-end", (4, 1, 4, 5)),
        ("{a: 1}\nb: 2\n", "text-after-document-end", (2, 1, 2, 5)),
        ("  a: 1\nb: 2\n", "text-after-document-end", (2, 1, 2, 5)),
        ("a: 1\r---\rb: 2\r", "text-after-document-end", (2, 1, 2, 4)),
        ('# c\n{"a": 1}\n{"b": 2}\n', "text-after-document-end", (3, 1, 3, 9)),
        ("\t\n", "tab-indentation", (1, 1, 1, 2)),
        ("kind: x\n\ufeff# c\na: 1\n", "control-character", (2, 1, 2, 2)),
        ("---\n\ufeffkind: x\n", "control-character", (2, 1, 2, 2)),
        ("--- {b: 1}\n", "separator-with-content", (1, 5, 1, 11)),
        ("a: 1\n---  {b: 1}\n", "separator-with-content", (2, 6, 2, 12)),
        ("a: 1\n-----\nb: 1\n", "separator-with-content", (2, 4, 2, 6)),
        ("---\u00a0\na: 1\n", "separator-with-content", (1, 4, 1, 5)),
        ("a: 1\n---\n---\x0c\nb: 1\n", "separator-with-content", (3, 4, 3, 5)),
        ("a: x\nb: ENC[AES256_GCM,data:x,type:str]\n", "sops-encrypted", (2, 4, 2, 35)),
    ],
)
def test_each_kind_is_told_once_at_its_place(text: str, kind: str, span: tuple[int, ...]) -> None:
    assert told(text) == [(kind, span)]


@pytest.mark.parametrize(
    "text",
    ["2020-02-29", "0000-2-29", "2020-1-1T1:2:3.5+02:00", "'2020-01-01 10:00:00'", "2020-01-01t23:59:59,12345678901Z"],
)
def test_a_time_may_be_tagged_as_one_and_stays_a_text(text: str) -> None:
    (document,) = parse(f"kind: x\na: !!timestamp {text}\n", "a.yaml").documents
    assert document.value["a"] == text.strip("'")
    assert told(document.text) == []


@pytest.mark.parametrize("text", ["on: push\n", "a: !Ref b\n", "1: a\n", "? [a]\n: b\n", "a: .inf\n", "a: [b?]\n"])
def test_what_only_kubernetes_reads_otherwise_is_no_problem_elsewhere(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("a: {? [b] : c}\n", "complex-key", "a list or mapping stands as a key, where a text is expected"),
        ("a: {~: c}\n", "null-key", "this key is empty, or too large a number"),
        ("1: c\n'1': d\n", "duplicate-key", '"1" is set twice in this mapping, first in line 1'),
        ("b: c\n<<: {b: d}\n", "merge-overwrites", 'the merge "<<" stands behind "b" and overwrites it'),
    ],
)
def test_of_a_file_of_callint_s_own_no_key_is_dropped_in_silence(
    tmp_path: Path, text: str, kind: str, message: str
) -> None:
    (tmp_path / "facts.yaml").write_text(text)
    problems = load([str(tmp_path / "facts.yaml")], own=True).problems
    assert [(problem.kind, problem.message) for problem in problems] == [(kind, message)]


def test_an_unquoted_selector_that_begins_with_not_is_empty() -> None:
    (document,) = parse("kind: x\nselector: !has(x)\n").documents
    assert document.value["selector"] == ""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("kind: x\na: ! 010\n", "010"),
        ("kind: x\na: ! 'b'\n", "b"),
        ("kind: x\na: !!float 1\n", 1.0),
        ("kind: x\na: !!float 1.5\n", 1.5),
        ("kind: x\na: !!bool yes\n", True),
        ("kind: x\na: !!null ~\n", None),
        ("kind: x\na: !!float 9223372036854775808\n", "9223372036854775808"),
        ("kind: x\na: !!binary 'aG k='\n", "aG k="),
        ("kind: x\na: .1_6e1_0\n", 1.6e9),
        ("kind: x\na: .16_\n", ".16_"),
        ("kind: x\na: [!!str b:, ! c:, 08:]\n", ["b:", "c:", "08:"]),
    ],
)
def test_a_value_is_what_go_makes_of_it(text: str, value: object) -> None:
    assert repr(parse(text).documents[0].value["a"]) == repr(value)


@pytest.mark.parametrize(
    "text", ["---\n# c\n...\n", "a: 1\n...\n\t\n", "a: ! 'b'\n", "{a: 1}\n# c\n", "kind: b?\na: [c, 'd?']"]
)
def test_what_kubectl_reads_is_no_problem(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize("text", ["a: 1\n---\n# c\n...\n", "---#c\nkind: x\n"])
def test_a_separator_is_part_of_the_document_only_where_none_ends_at_it(text: str) -> None:
    assert [kind for kind, _ in told(text)] == ["syntax-error"]


@pytest.mark.parametrize(
    ("text", "values", "kinds"),
    [
        ('{"a": 1}\n{"b": "\\/"} {"c": "\\ud83d\\ude00\\ud83d"}\n', [{"a": 1}, {"b": "/"}, {"c": "😀\ufffd"}], []),
        ('{"a"\n:\t1}\n---\n{"b": 2}\n', [{"a": 1}, {"b": 2}], []),
        ('{"a": 1}\nb: 2\n', [{"a": 1}, {"b": 2}], ["text-after-document-end"]),
        ('{"a": 1}x\n', [{"a": 1}, "x"], ["text-after-document-end"]),
        ('{"a": 1}\n\t\n', [{"a": 1}], []),
        ('{"a": 1} # c\n', [{"a": 1}], []),
        ('{"a": 1}{"b": 2}\n---\n{"c": 3}\n', [{"a": 1}, {"b": 2}, {"c": 3}], ["syntax-error"]),
        ('{"a": 1}\n---\n{"b": 2}{"c": 3}\n', [{"a": 1}, {"b": 2}], ["text-after-document-end"]),
        ('{"a": NaN}{"b": 2}\n', [{"a": "NaN"}], ["text-after-document-end"]),
        ('{"a": 1}\n---\n{"b": "\\ud83d\\ude00"}\n', [{"a": 1}, None], ["syntax-error"]),
        ('kind: x\n---\n{"kind": "\\/"}\n', [{"kind": "x"}, {"kind": "/"}], ["syntax-error"]),
    ],
)
def test_json_is_read_only_at_the_head_of_a_file(text: str, values: list[object], kinds: list[str]) -> None:
    sources = parse(text)
    assert [document.value for document in sources.documents] == values
    assert [problem.kind for problem in sources.problems] == kinds


@pytest.mark.parametrize(
    ("data", "span"),
    [
        (b"a: \xff\n", (1, 4, 1, 5)),
        ("a: 1\nb: ü\n".encode("latin-1"), (2, 4, 2, 5)),
        (b"a: \xed\xa0\x80\n", (1, 4, 1, 5)),
        ("a: 1\n".encode("utf-16") + b"\x00", (2, 1, 2, 2)),
    ],
)
def test_bytes_that_are_no_text_are_found(tmp_path: Path, data: bytes, span: tuple[int, ...]) -> None:
    file = tmp_path / "f.yaml"
    file.write_bytes(data + b"---\nz: 1\n" if data[:1] == b"a" else data)
    sources = load([str(file)])
    assert [(problem.kind, place(problem)) for problem in sources.problems] == [("not-utf8", span)]
    assert not sources.documents[0].complete
    assert data[:1] != b"a" or sources.documents[1].value == {"z": 1}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_columns_are_right_whatever_the_encoding_and_the_line_ends(encoding: str, end: str) -> None:
    data = f"ä: 'é'{end}b: 😀 # c{end}{end}c: d".encode(encoding)
    text, bad = decode(data)
    sources = parse(text)
    (document,) = sources.documents
    assert bad == -1
    assert document.value == {"ä": "é", "b": "😀", "c": "d"}
    assert document.span(("ä",))[1:] == (1, 4, 1, 7)
    assert document.span(("b",))[1:] == (2, 4, 2, 5)
    assert document.span(("c",))[1:] == (4, 4, 4, 5)
    assert sources.line("<text>", 2) == "b: 😀 # c"
    assert sources.line("<text>", 5) == sources.line("other", 1) == ""


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("a: {{ .Values.x }}\n", (1, 4)),
        ("{{- if .x }}\na: 1\n{{- end }}\n", (1, 1)),
        ("a: 1\n{% if x %}\nb: [\n{% endif %}\n", (2, 1)),
        ("{# a: 1\nb: {{ x }}\n#}\n", (1, 1)),
        ("kind: x\nmetadata:\n  name: '{{ name }}'\n", (3, 10)),
        ("kind: x\nspec:\n  {{- toYaml .x | nindent 2 }}\n", (3, 3)),
        ("{{ if .x -}}\nkind: x\nmetadata: {name: y}\n{{- end }}\n", (1, 1)),
        ('{{ include "x" . }}\nkind: x\n', (1, 1)),
        ("kind: x\nspec:\n  cidr: #@ data.values.cidr\n", (3, 9)),
        ("#@overlay/match by=overlay.all\nkind: x\n", (1, 1)),
    ],
)
def test_a_template_is_told_once_a_file_and_not_analysed(text: str, at: tuple[int, int]) -> None:
    sources = parse(f"{text}---\n{text}---\nz: 1\n")
    assert [(problem.kind, place(problem)[:2]) for problem in sources.problems] == [("template", at)]
    assert [document.value for document in sources.documents] == [None, None, {"z": 1}]
    assert [document.complete for document in sources.documents] == [False, False, True]
    assert sources.documents[0].text.strip() == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "- hosts: all\n  tasks:\n    - debug: {msg: '{{ x }}'}\n",
        "kind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: |\n    {{ range .x }}\n    {{ end }}\n",
        "kind: x\n#@todo\nspec: {a: b#@ c, d: '#@ x'}\n",
        "on: push\njobs:\n  a:\n    if: ${{ github.ref }}\n",
    ],
)
def test_expressions_in_texts_of_other_programs_are_no_template(text: str) -> None:
    assert told(text) == []


def test_a_quoted_expression_does_not_hide_a_syntax_error() -> None:
    assert told("a: '{{ x }}'\nb: c: d\n") == [("syntax-error", (2, 4, 2, 6))]


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("<worker-node-name>", "<worker-node-name>"),
        ("10.0.0.0/<prefix length>", "<prefix length>"),
        ("${POD_CIDR}", "${POD_CIDR}"),
        ("$POD_CIDR", "$POD_CIDR"),
        ("$(POD_CIDR)", "$(POD_CIDR)"),
        ("{{ pod_cidr }}/16", "{{ pod_cidr }}"),
        ("ENC[AES256_GCM,data:x]", "ENC[AES256_GCM,data:x]"),
        ("a < b", None),
        ("app in {'a'}", None),
        ("x$", None),
        ("64512:100", None),
        (5, None),
        (None, None),
    ],
)
def test_placeholders_are_recognised(value: object, part: str | None) -> None:
    assert placeholder(value) == part


def test_each_limit_is_told_and_bounds_what_is_read() -> None:
    assert told("[[[[1]]]]\n", Limits(nesting=3)) == [("nesting-limit", (1, 4, 1, 5))]
    assert told("a: 1\n---\nb: 1\n---\nc: 1\n", Limits(documents=2)) == [("document-limit", (5, 1, 5, 2))]
    assert told("a: [\n---\n" * 3, Limits(broken=1))[1:] == [("document-limit", (3, 1, 3, 2))]
    bomb = parse("a: &a [1, 2, 3]\nb: &b [*a, *a]\nc: [*b, *b]\n", limits=Limits(alias_nodes=20))
    assert [(problem.kind, place(problem)) for problem in bomb.problems] == [("alias-bomb", (3, 9, 3, 11))]
    assert bomb.documents[0].value["b"] == [[1, 2, 3], [1, 2, 3]]
    many = parse("kind: x\n" + "".join(f"{n}: a\n" for n in range(10)), limits=Limits(problems=3)).problems
    assert len(many) == 3
    assert many[-1].message.endswith("(and at least 7 more in this file)")


def test_only_comments_are_comments() -> None:
    text = (
        "# one\na: 'x # y'  # two\nb: |  # three\n  # no\n  text\n# four\nc: \"p\n  # no\n  q\"\nd: e#f\n"
        "--- # five\ng: [1, # six\n  2]\n---\nh: [ # seven\n---\n- i # eight"
    )
    comments = parse(text).files[0].comments
    assert [(comment.line, comment.text) for comment in comments] == [
        (1, "# one"),
        (2, "# two"),
        (3, "# three"),
        (6, "# four"),
        (11, "# five"),
        (12, "# six"),
        (15, "# seven"),
        (17, "# eight"),
    ]
    assert comments[1].column == 13


def test_the_corpus_is_survived_and_its_faults_are_those_known(shared: Path) -> None:
    sources = load([str(shared / "corpus")])
    assert len(sources.files) > 290
    assert len(sources.documents) > 400
    assert sources.unreadable == ()
    assert [(p.kind, p.span.file.rpartition("/")[2], p.path) for p in sources.problems] == [
        ("duplicate-key", "17080307260.yaml", ("kind",)),
        ("duplicate-key", "17080307260.yaml", ("metadata",)),
    ]


def test_templates_and_markdown_of_the_corpus_give_no_syntax_error_for_a_template(shared: Path) -> None:
    names = sorted(str(path) for path in (shared / "corpus").rglob("*.j2"))
    sources = load(names)
    assert {problem.kind for problem in sources.problems} == {"template"}
    assert len(sources.files) == len(names)
    everything = load([str(path) for path in (shared / "corpus").rglob("*") if path.is_file()])
    for problem in everything.problems:
        assert everything.line(problem.span.file, problem.span.line) or problem.span.line == 1
