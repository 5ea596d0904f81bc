"""Whatever the bytes are: no exception, every span inside the file, and the text of a span is what was written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from callint.finding import Path, Span
from callint.source.decode import decode
from callint.source.document import Document, SourceFile
from callint.source.limits import Limits
from callint.source.lines import Lines
from callint.source.load import Sources, parse
from callint.source.reader import read as read_file
from callint.source.scalars import Typed

WORDS = (
    "a: 1|b:|  - x|---|...|&a |*a|<<: *a|: |# c|!x |!!int |{{ x }}|%YAML 1.2|? |- |  |kind: x|ENC[AES256_GCM,x]|fd00::|"
    "\\u|<<<<<<< HEAD|=======|--- x|.inf|1_0|~|\r\n|>-\n"
)
PIECES = [*"\t\"',[]{}\r\n\0\x07\x85é😀\ufeff\u2028", *WORDS.split("|"), "|\n"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


def paths(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from paths(inner, (*path, index))


def inside(file: SourceFile, span: Span) -> bool:
    lines = file.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return (
        (span.line, span.column) <= (span.end_line, span.end_column)
        and 1 <= span.line <= span.end_line <= len(lines)
        and 1 <= span.column <= len(lines[span.line - 1]) + 1
        and 1 <= span.end_column <= len(lines[span.end_line - 1]) + 1
    )


def excerpt(file: SourceFile, span: Span) -> str:
    start = file.starts[span.line - 1] + span.column - 1
    return file.text[start : file.starts[span.end_line - 1] + span.end_column - 1]


def check_everything(sources: Sources) -> None:
    file = sources.files[0]
    for problem in sources.problems:
        assert inside(file, problem.span), problem
        assert all(inside(file, related.span) for related in problem.related), problem
    for document in sources.documents:
        assert 1 <= document.first_line <= document.last_line <= len(file.starts)
        for path, _ in paths(document.value):
            for key in (False, True):
                assert inside(file, document.span(path, key=key)), (path, key)
                assert inside(file, document.span((*path, "no such key", 7), key=key))
            document.style(path)
    for comment in file.comments:
        assert file.line(comment.line)[comment.column - 1 :] == comment.text
        assert comment.text.startswith("#")


@given(TEXTS, st.lists(st.integers(-1, 20)))
def test_lines_are_the_same_whatever_was_asked_before(text: str, numbers: list[int]) -> None:
    file, lines = SourceFile("f", text), text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    expected = [lines[number - 1] if 1 <= number <= len(lines) else "" for number in numbers]
    assert [file.line(number) for number in numbers] == expected


@given(st.one_of(st.binary(max_size=200), TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass"))))
@example(b"&0 $: *0")
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_survived_and_every_span_lies_inside_the_file(data: bytes) -> None:
    text, bad = decode(data)
    file = SourceFile("f", text)
    check_everything(Sources([file], *read_file(file, Lines(Typed(), Limits()), bad)))


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_a_document_reads_the_same_whatever_stands_before_and_behind_it(text: str) -> None:
    if "\ufeff" in text or "\0" in text:
        return
    alone = parse(text.strip("\ufeff") + "\n")
    between = parse(f"x: 1\n---\n{text}\n---\nz: 2\n")
    first, *inner, last = [document.value for document in between.documents]
    assert first == {"x": 1}
    assert last == {"z": 2}
    # The first line of a file has its own rule, and so has JSON at its head, which is read value by value.
    if not text.startswith("---") and not text.lstrip().startswith("{"):
        assert repr(inner) == repr([document.value for document in alone.documents])


SCALARS = st.one_of(
    st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=12),
    st.integers(-(2**63), 2**64 - 1),
    st.booleans(),
    st.none(),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcxyz- '#:", max_size=6), inner, max_size=4),
    max_leaves=15,
)


class Dumper(yaml.SafeDumper):
    """Quotes what YAML 1.2 and goyaml read otherwise than PyYAML does, and writes no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = text[:1].isalpha() and text.isalnum() and isinstance(Typed()[text], str)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


Dumper.add_representer(str, quoted)


@given(TREES, st.sampled_from([None, False, True]), st.integers(2, 6), st.booleans())
@settings(max_examples=200, deadline=None)
def test_what_was_written_is_read_and_every_scalar_is_found_where_it_stands(
    tree: Any, flow: bool | None, indent: int, crlf: bool
) -> None:
    layout: dict[str, Any] = {"default_flow_style": flow, "indent": indent, "width": 10**6, "sort_keys": False}
    text = yaml.dump(tree, Dumper=Dumper, allow_unicode=True, **layout)
    if crlf:
        text = text.replace("\n", "\r\n")
    sources = parse(text)
    assert [problem.kind for problem in sources.problems] == []
    (document,) = sources.documents
    assert document.value == tree
    check_everything(sources)
    check_spans(document, tree, yaml_scalar)


def key_of(written: str) -> str:
    (key,) = parse(f"? {written}\n").documents[0].value
    return str(key)


def yaml_scalar(written: str) -> Any:
    (value,) = parse(f"- {written}").documents[0].value
    return value


def check_spans(document: Document, tree: Any, scalar_of: Callable[[str], Any]) -> None:
    for path, value in paths(tree):
        if path and isinstance(path[-1], str):
            written = excerpt(document.source, document.span(path, key=True))
            assert key_of(written) == path[-1]
        written = excerpt(document.source, document.span(path))
        if not isinstance(value, (dict, list)):
            assert scalar_of(written) == value
        elif isinstance(value, dict) and value:
            assert key_of(written) == next(iter(value))
        elif not value:
            assert written in ("{}", "[]")
        else:
            assert written == "-" or written.startswith("[")


@given(TREES, st.sampled_from([None, 2, "\t"]))
@settings(max_examples=150, deadline=None)
def test_json_is_read_as_json_is(tree: Any, indent: int | str | None) -> None:
    text = json.dumps({"v": tree}, indent=indent)
    sources = parse(text)
    assert [problem.kind for problem in sources.problems] == []
    assert sources.documents[0].value == {"v": tree}
    check_spans(sources.documents[0], {"v": tree}, json.loads)
