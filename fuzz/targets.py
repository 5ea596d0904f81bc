"""What is fuzzed: each target takes bytes and raises when something that must always hold does not.

The targets need no fuzzer: `fuzz.py` drives them with atheris, and the tests replay past failures through them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
WORDS = (
    b"~", b"''", b"[]", b"{}", b"-1", b"0", b"1e400", b".nan", b"99999999999999999999", b"64512.10", b"14907:14",
    b"0.0.0.0/0", b"::/0", b"10.0.0.1/8", b"all()", b"!has(a)", b"a in {'b'}", b"&a [*a]", b"*a", b"<<", b"!foo x",
    b"'\\xff'", b"\xff", b"\0", b"\x85", b"{{ x }}", b"# callint: ignore[BGP001] why", b"---", b"...", b"\t", b"? [a]",
)  # fmt: skip


def loader(data: bytes) -> None:
    """Any bytes become documents and problems whose places lie inside the file, and values that JSON can hold."""
    from callint.source import load

    sources = load(["-"], stdin=lambda: data)
    for problem in sources.problems:
        _inside(sources, problem.span)
        for related in problem.related:
            _inside(sources, related.span)
    for document in sources.documents:
        json.dumps(document.value)
        for path in _paths(document.value):
            _inside(sources, document.span(path))
            _inside(sources, document.span(path, key=True))
    for file in sources.files:
        for line, column, text in file.comments:
            assert text.startswith("#"), text
            assert file.line(line)[column - 1 :].startswith(text.split("\x85")[0].split("\u2028")[0].split("\u2029")[0])


def lines(data: bytes) -> None:
    """A document that is read line by line is what libyaml makes of it, and everything stands where it says."""
    from callint.source.build import build
    from callint.source.comments import extents
    from callint.source.limits import Limits
    from callint.source.line_places import ends, trace
    from callint.source.lines import UNREAD, Lines, read
    from callint.source.scalars import Typed

    for text in (data.decode("utf-8", "replace"), mutated(data).decode("utf-8", "replace")):
        value = read(text, Lines(Typed(), Limits()))
        if value is UNREAD:
            continue
        tree = build(text, Typed(), Limits())
        assert not tree.odd, text
        assert repr(value) == repr(tree.value), text
        assert trace(text, value) == tree.trace, text
        assert all(ends(text, start)[start] == end for start, end in extents(text)), text


def selector(data: bytes) -> None:
    """Any text is refused with a place, or printed as a selector that reads as the same one."""
    from callint.selector import SelectorError, evaluate, keys_and_values, mentions, parse

    text = data.decode("utf-8", "replace")
    for strict in (False, True):
        try:
            read = parse(text, strict=strict)
        except SelectorError:
            continue
        mentions(text, strict=strict)
        known = {key: next(iter(values), "") for key, values in keys_and_values(read).items()}
        printed = parse(str(read))
        for labels in ({}, known):
            assert evaluate(read, labels) == evaluate(printed, labels), (text, str(read), labels)
        _agrees_with_solver(read)


def _agrees_with_solver(read: Any) -> None:
    from callint.selector import evaluate
    from callint.selector.satisfy import satisfiable

    found = satisfiable(read)
    if isinstance(found, dict):
        assert evaluate(read, found), (str(read), found)


def cidr(data: bytes) -> None:
    """Any text is refused with a sentence, or is a network that prints as itself."""
    from callint.net.address import parse_cidr, parse_ip, parse_net, parse_peer

    text = data.decode("utf-8", "replace")
    for parse in (parse_cidr, parse_net):
        with suppress(ValueError):
            network = parse(text)
            assert parse(str(network)) == network, text
            assert network.first <= network.value <= network.last, text
    with suppress(ValueError):
        address = parse_ip(text)
        assert parse_ip(str(address)) == address, text
    with suppress(ValueError):
        parse_peer(text)


def bgp_filter(data: bytes) -> None:
    """The parts of what a filter decides are all prefixes together, and those that are certain do not overlap."""
    from callint.bgp.filters import View, evaluate, matchers
    from callint.bgp.route import Attributes
    from callint.bgp.rules import compile_filter
    from callint.net.prefixes import everything, union_all
    from callint.objects import Cluster, Resource, unpack
    from callint.source import load

    head = b"apiVersion: projectcalico.org/v3\nkind: BGPFilter\nmetadata: {name: a}\nspec:\n"
    sources = load(["-"], stdin=lambda: head + b"".join(b"  " + line for line in data.splitlines(keepends=True)))
    resources = [Resource(document, *found) for document in sources.documents for found in unpack(document)]
    for one in Cluster(resources).bgp_filters.values():
        for direction in ("import", "export"):
            for family in (4, 6):
                rules = compile_filter(one, direction, family)[:50]
                view = View(direction, "eBGP", 64512)
                found = [matcher for _, matcher in matchers(rules, Attributes(), view)]
                parts = evaluate(found, everything(family))
                assert union_all(family, (part.prefixes for part in parts)) == everything(family)
                certain = [part.prefixes for part in parts if not part.when and not part.unless]
                for index, some in enumerate(certain):
                    assert not any(some.overlaps(other) for other in certain[index + 1 :])


def suppression(data: bytes) -> None:
    """Whatever stands in a comment or an annotation, each suppression counts once: used, unused or mistaken."""
    text = data.decode("utf-8", "replace")
    line = " ".join(text.split())
    annotation = json.dumps(text)
    _checked(
        f"# callint: {line}\n"
        "apiVersion: projectcalico.org/v3\nkind: BGPPeer\n"
        f"metadata: {{name: a, annotations: {{callint.dev/ignore: {annotation}}}}}\n"
        f"spec:\n  peerIP: 192.0.2.1\n  asNumber: 64512\n  # callint: ignore{line}\n  filters: [gone] #{line}\n".encode(
            "utf-8", "replace"
        )
    )


def check(data: bytes) -> None:
    """Any bytes are checked without a crash, and every format reports the findings."""
    _checked(data)


def manifest(data: bytes) -> None:
    """The same for real manifests with a few lines changed, as the bytes say."""
    _checked(mutated(data))


def mutated(data: bytes) -> bytes:
    """One of the repository's manifests; each three bytes after the first change a line of it."""
    seeds = manifests()
    lines = seeds[(data[0] if data else 0) % len(seeds)].split(b"\n")
    for at in range(1, len(data) - 2, 3):
        how, where, what = data[at : at + 3]
        index = where % len(lines)
        line = lines[index]
        indent = line[: len(line) - len(line.lstrip(b" -"))]
        key, colon, value = line.partition(b":")
        word = WORDS[what % len(WORDS)]
        if how % 8 == 0:
            del lines[index : index + 1 + what % 3]
        elif how % 8 == 1:
            lines.insert(index, lines[what % len(lines)])
        elif how % 8 == 2:
            lines[index] = key + colon + b" " + word
        elif how % 8 == 3:
            lines[index] = indent + word + colon + value
        elif how % 8 == 4:
            lines[index] = b" " * (what % 9) + line.lstrip()
        elif how % 8 == 5:
            lines[index] = key + colon + b" " + lines[what % len(lines)].partition(b":")[2].strip()
        elif how % 8 == 6:
            lines.insert(index, indent + word)
        else:
            place = what % (len(line) + 1)
            lines[index] = line[:place] + word + line[place:]
        lines = lines or [b""]
    return b"\n".join(lines)


def mixed(data: bytes) -> None:
    """Another target, which the first byte chooses: a short run of one process tries them all."""
    if data:
        SINGLE[data[0] % len(SINGLE)](data[1:])


SINGLE = (loader, lines, selector, bgp_filter, cidr, suppression, check, manifest)
TARGETS: dict[str, Callable[[bytes], None]] = {one.__name__: one for one in (*SINGLE, mixed)}


@cache
def manifests() -> list[bytes]:
    """The example's manifests, and those of every rule."""
    from callint import rule

    files = sorted((REPOSITORY / "examples").rglob("manifests/*.yaml"))
    examples = [example for one in rule.load() for example in rule.explanation(one).examples]
    return [
        *(file.read_bytes() for file in files),
        *(text.encode() for example in examples for text in (example.bad, example.good)),
    ]


@cache
def _plan() -> Any:
    from callint import rule
    from callint.engine import Plan

    return Plan(rule.load())


def _checked(data: bytes) -> None:
    from callint.config import Config
    from callint.lint import lint
    from callint.report.formats import FORMATS, pieces
    from callint.source import load

    sources = load(["-"], stdin=lambda: data)
    result = lint(sources, Config(), _plan())
    assert not result.crashes, "\n".join(crash.trace for crash in result.crashes)
    for finding in (*result.report.findings, *result.report.suppressed):
        _inside(sources, finding.span)
        for related in finding.related:
            _inside(sources, related.span)
    for form in FORMATS:
        text = "".join(pieces(form, result.report))
        text.encode()
        if form in ("json", "sarif", "gitlab"):
            json.loads(text)


def _inside(sources: Any, span: Any) -> None:
    file = sources.file(span.file)
    assert file is not None, span
    assert (1, 1) <= (span.line, span.column) <= (span.end_line, span.end_column), span
    last = file.text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    assert span.end_line <= last, (span, last)


def _paths(value: Any, limit: int = 200) -> list[tuple[Any, ...]]:
    """The first paths of a value, breadth first."""
    found: list[tuple[Any, ...]] = [()]
    todo: list[tuple[tuple[Any, ...], Any]] = [((), value)]
    for path, holder in todo:
        items = holder.items() if isinstance(holder, dict) else enumerate(holder) if isinstance(holder, list) else ()
        for step, child in items:
            if len(found) >= limit:
                return found
            found.append((*path, step))
            todo.append(((*path, step), child))
    return found
