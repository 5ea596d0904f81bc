"""A cache whose digests are right and whose content is not counts as none: what fits nowhere is not believed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callint.cache import opened, sealed
from callint.cache.pack import _seal
from callint.cli import main
from random_cases import examples

RAW = {
    "deep lists": "[" * 900 + "]" * 900,
    "deeper lists": "[" * 90_000 + "]" * 90_000,
    "deep maps": '{"a":' * 400 + "1" + "}" * 400,
    "a huge number": "9" * 5_000,
    "a large number": "9" * 400,
    "a negative number": "-1",
    "infinity": "1e999",
    "half a character": '"\\ud800"',
}
ODD: list[Any] = [*RAW, None, True, 0, 5, 1.5, "", "10.0.0.0/8", "all()", [], {}, [[]], {"a": [None]}, ["a", "b"]]


class Made(NamedTuple):
    """A cache, what it says, and what is said without it."""

    folder: Path
    expected: tuple[int, str, str]


def check(*arguments: str) -> tuple[int, str, str]:
    found = CliRunner().invoke(main, ["check", "--format", "json", "--output", "text=report.txt", *arguments])
    return found.exit_code, found.output, Path("report.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def made(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """The cache that a first run makes of a tree, in which all tests here then stand."""
    top = tmp_path_factory.mktemp("made")
    (top / ".git").mkdir()
    shutil.copytree(repository / "examples", top / "examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(top / "examples" / "home-router-broken")
        patch.setenv("XDG_CACHE_HOME", str(top / "cache"))
        expected = check("--no-cache")
        assert check("--cache") == expected
        yield Made(top / "cache", expected)


class Kept(NamedTuple):
    """The files of pieces and of the answer."""

    pieces: Path
    answer: Path


def kept(made: Made, folder: Path) -> Kept:
    """A copy of the cache, in place of the last one."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(made.folder, folder)
    pieces, answer = sorted((folder / "callint").iterdir())
    assert answer.name == f"{pieces.name}-answer"
    return Kept(pieces, answer)


@pytest.fixture
def cache(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """A cache of its own for each test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return kept(made, tmp_path)


def written(value: Any) -> bytes:
    """A line of JSON in which the names of raw texts stand for these."""
    line = json.dumps(value, separators=(",", ":"))
    for name, raw in RAW.items():
        line = line.replace(json.dumps(name), raw)
    return line.encode()


def holders(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every list and map inside, with each of its steps."""
    for step, child in enumerate(value) if isinstance(value, list) else value.items():
        yield value, step
        if isinstance(child, (list, dict)):
            yield from holders(child)


def changed(value: Any, data: st.DataObject) -> Any:
    """The value with something odd in one place, or without something."""
    for _ in range(data.draw(st.integers(1, 3))):
        places = list(holders(value))
        if not places:
            return value
        holder, step = data.draw(st.sampled_from(places))
        if data.draw(st.booleans()):
            holder[step] = json.loads(json.dumps(data.draw(st.sampled_from(ODD))))
        else:
            del holder[step]
    return value


WRONG: dict[str, Callable[[bytes], bytes]] = {
    "no line": lambda piece: b"",
    "one line": lambda piece: piece.split(b"\n")[0],
    "no JSON": lambda piece: b"a\nb",
    "no UTF-8": lambda piece: b"\xff\n\xff",
    "half of it": lambda piece: piece[: len(piece) // 2],
    "numbers": lambda piece: b"1\n1",
    "nothing": lambda piece: b"null\nnull",
    "maps": lambda piece: b"{}\n{}",
    "too few": lambda piece: b"[[]]\n[[]]",
    "too many": lambda piece: piece.replace(b"]]\n", b"]],[[],[]]\n"),
    "documents that are none": lambda piece: piece.replace(b"[[[", b"[[1,[", 1),
    "an end beyond the file": lambda piece: b'[[[0,99999999,{"a":1},true,true]],[]]\n' + piece.split(b"\n")[1],
    "an end before the start": lambda piece: b'[[[9,3,{"a":1},true,true]],[]]\n' + piece.split(b"\n")[1],
    "a number for yes": lambda piece: piece.replace(b"true,true", b"1,1"),
    "lists too deep": lambda piece: piece.replace(b"{", b'{"a":' + RAW["deep lists"].encode() + b",", 1),
    "maps too deep": lambda piece: piece.replace(b"{", b'{"a":' + RAW["deep maps"].encode() + b",", 1),
    "a problem that nobody finds": lambda piece: piece.replace(
        b"],[]]\n", b'],[["no-such-rule",["a",1,1,1,1],"",[],[],""]]]\n'
    ),
    "a problem on line 0": lambda piece: piece.replace(
        b"],[]]\n", b'],[["duplicate-key",["a",0,1,1,1],"",[],[],""]]]\n'
    ),
    "a problem whose text is a number": lambda piece: piece.replace(
        b"],[]]\n", b'],[["duplicate-key",["a",1,1,1,1],7,[],[],""]]]\n'
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_piece_that_is_none_is_read_anew_and_replaced(wrong: str, made: Made, cache: Kept) -> None:
    right = cache.pieces.read_bytes()
    forged = {name: WRONG[wrong](bytes(piece)) for name, piece in opened(right).items()}
    assert forged != {name: bytes(piece) for name, piece in opened(right).items()}
    cache.pieces.write_bytes(sealed(forged))
    cache.answer.unlink()
    assert check("--cache") == made.expected
    assert cache.pieces.read_bytes() == right


INDEXES = {
    "": "",
    "null": "null",
    "1": "1",
    "{}": "{}",
    "[1]": "[1]",
    "names": '["a"]',
    "lengths": '[["a",null]]',
    **RAW,
}


@pytest.mark.parametrize("wrong", INDEXES.values(), ids=INDEXES)
def test_an_index_that_is_none_leaves_nothing(wrong: str, made: Made, cache: Kept) -> None:
    for file in cache:
        body = b"\n" + wrong.encode() + b"\n" + file.read_bytes()[32:]
        file.write_bytes(_seal(body) + body)
    assert check("--cache") == made.expected


ANSWERS: dict[str, Callable[[list[Any]], Any]] = {
    "no list": lambda told: None,
    "too few": lambda told: told[:5],
    "too many": lambda told: [*told, 1],
    "a count that is text": lambda told: [*told[:2], "many", *told[3:]],
    "a count that is yes": lambda told: [*told[:2], True, *told[3:]],
    "yes that is a count": lambda told: [*told[:6], 0],
    "a release that is none": lambda told: [*told[:5], 3.32, told[6]],
    "findings that are none": lambda told: [[1], *told[1:]],
    "a finding without a rule": lambda told: [[told[0][0][1:]], *told[1:]],
    "an unknown severity": lambda told: [[[*told[0][0][:2], "fatal", *told[0][0][3:]]], *told[1:]],
    "a message that is none": lambda told: [[[*told[0][0][:3], 7, *told[0][0][4:]]], *told[1:]],
    "a line that is none": lambda told: [[[*told[0][0][:4], ["a", 1.5, 1, 1, 1], *told[0][0][5:]]], *told[1:]],
    "a line beyond all": lambda told: [
        [[*told[0][0][:4], ["a", "a large number", 1, 1, 1], *told[0][0][5:]]],
        *told[1:],
    ],
    "an object that is none": lambda told: [[[*told[0][0][:5], ["a"], *told[0][0][6:]]], *told[1:]],
    "a proof that is a map": lambda told: [
        [[*told[0][0][:9], ["route", [["a", {"b": 1}]]], *told[0][0][10:]]],
        *told[1:],
    ],
    "a proof too deep": lambda told: [
        [[*told[0][0][:9], ["route", [["a", "deep lists"]]], *told[0][0][10:]]],
        *told[1:],
    ],
}


@pytest.mark.parametrize("wrong", ANSWERS)
def test_an_answer_that_is_none_is_worked_out_anew(wrong: str, made: Made, cache: Kept) -> None:
    right = cache.answer.read_bytes()
    forged = {name: written(ANSWERS[wrong](json.loads(bytes(piece)))) for name, piece in opened(right).items()}
    cache.answer.write_bytes(sealed(forged))
    assert check("--cache") == made.expected
    assert cache.answer.read_bytes() == right


@settings(max_examples=examples(40), suppress_health_check=list(HealthCheck), deadline=None)
@given(st.data())
def test_whatever_the_cache_says_the_ending_is_decent(made: Made, cache: Kept, data: st.DataObject) -> None:
    """Values that another file could have, and findings about it, are believed; nothing crashes over them."""
    pieces, answer = kept(made, cache.pieces.parent.parent)
    if data.draw(st.booleans()):
        told = {name: json.loads(bytes(piece)) for name, piece in opened(answer.read_bytes()).items()}
        answer.write_bytes(sealed({name: written(changed(value, data)) for name, value in told.items()}))
    else:
        answer.unlink()
        forged = {}
        for name, piece in opened(pieces.read_bytes()).items():
            lines = [json.loads(line) for line in bytes(piece).split(b"\n")]
            if data.draw(st.booleans()):
                lines = [changed(line, data) if data.draw(st.booleans()) else line for line in lines]
            forged[name] = b"\n".join(map(written, lines))
        pieces.write_bytes(sealed(forged))
    code, printed, _ = check("--cache")
    assert code in (0, 1), printed
    assert "internal error" not in printed
    assert "check-crashed" not in printed
