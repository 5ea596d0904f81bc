"""Is there a label value that meets many conditions at once? The shortest one, found by search through an automaton."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

KUBERNETES_LENGTH = 63
_USUAL = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_ALPHANUMERIC = frozenset(_USUAL)
_KUBERNETES = _ALPHANUMERIC | frozenset("-_.")


class ExhaustedError(Exception):
    """The budget ran out before the answer was found."""


class Budget:
    """Steps that a question may still take; a step is about a microsecond."""

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Take steps away; raises ExhaustedError when there are none left."""
        self.left -= steps
        if self.left < 0:
            raise ExhaustedError


class Conditions(NamedTuple):
    """What a value must and must not be. `among`, if given, are the only candidates."""

    among: frozenset[str] | None = None
    starts: frozenset[str] = frozenset()
    ends: frozenset[str] = frozenset()
    contains: frozenset[str] = frozenset()
    not_among: frozenset[str] = frozenset()
    not_starts: frozenset[str] = frozenset()
    not_ends: frozenset[str] = frozenset()
    not_contains: frozenset[str] = frozenset()

    def hold(self, value: str) -> bool:
        """Whether the value meets all of them."""
        return (
            (self.among is None or value in self.among)
            and value not in self.not_among
            and all(map(value.startswith, self.starts))
            and all(map(value.endswith, self.ends))
            and all(piece in value for piece in self.contains)
            and not any(map(value.startswith, self.not_starts))
            and not any(map(value.endswith, self.not_ends))
            and not any(piece in value for piece in self.not_contains)
        )


def find_value(conditions: Conditions, budget: Budget, *, kubernetes: bool = False) -> str | None:
    """The shortest value that meets the conditions, or `None` if there is none; raises ExhaustedError.

    `kubernetes` admits only what Kubernetes takes as a label's value: nothing, or up to 63 letters, digits and inner
    dashes, underscores and dots.
    """
    budget.spend(sum(len(word) + 1 for words in conditions if words for word in words))
    if conditions.among is not None:
        candidates = sorted(conditions.among, key=lambda value: (len(value), value))
        budget.spend(len(candidates) * sum(map(len, conditions[1:])))
        usable = (value for value in candidates if not kubernetes or is_kubernetes_value(value))
        return next(filter(conditions.hold, usable), None)
    if "" in conditions.not_starts | conditions.not_ends | conditions.not_contains:
        return None
    start, end = max(conditions.starts, key=len, default=""), max(conditions.ends, key=len, default="")
    if not all(map(start.startswith, conditions.starts)) or not all(map(end.endswith, conditions.ends)):
        return None
    if kubernetes and not (_KUBERNETES.issuperset(start) and len(start) <= KUBERNETES_LENGTH):
        return None
    return _search(conditions, start, end, budget, kubernetes=kubernetes)


def is_kubernetes_value(value: str) -> bool:
    """Whether Kubernetes takes the text as the value of a label."""
    if not value:
        return True
    inside = len(value) <= KUBERNETES_LENGTH and _KUBERNETES.issuperset(value)
    return inside and value[0] in _ALPHANUMERIC and value[-1] in _ALPHANUMERIC


class _Words:
    """A trie of words; node 0 is the root, -1 is nowhere."""

    def __init__(self, words: Iterable[str]) -> None:
        self.children: list[dict[str, int]] = [{}]
        self.ends: dict[str, int] = {}
        for word in words:
            node = 0
            for character in word:
                child = self.children[node].get(character)
                if child is None:
                    child = self.children[node][character] = len(self.children)
                    self.children.append({})
                node = child
            self.ends[word] = node

    def step(self, node: int, character: str) -> int:
        return -1 if node < 0 else self.children[node].get(character, -1)


class _Pieces(_Words):
    """Aho and Corasick's automaton: the node after a text is its longest end that begins some word."""

    def __init__(self, words: Iterable[str]) -> None:
        super().__init__(words)
        self.known: dict[tuple[int, str], int] = {}
        self.fallback = [0] * len(self.children)
        self.order = [0]
        for node in self.order:
            for character, child in self.children[node].items():
                self.order.append(child)
                self.fallback[child] = self.step(self.fallback[node], character) if node else 0

    def step(self, node: int, character: str) -> int:
        passed: list[int] = []
        while (found := self.children[node].get(character, self.known.get((node, character), -1))) < 0:
            if not node:
                found = 0
                break
            passed.append(node)
            node = self.fallback[node]
        self.known.update(((one, character), found) for one in passed)
        return found

    def ending(self, words: Iterable[str]) -> list[int]:
        """For each node, which of the words (a bit each) end the text there."""
        bits = [0] * len(self.children)
        for index, word in enumerate(words):
            bits[self.ends[word]] |= 1 << index
        for node in self.order:
            bits[node] |= bits[self.fallback[node]]
        return bits


class _State(NamedTuple):
    """What matters of a text so far: the whole, its end, the required pieces it has had, and if it may end here."""

    whole: int
    ending: int
    had: int
    closed: bool


def _search(conditions: Conditions, start: str, end: str, budget: Budget, *, kubernetes: bool) -> str | None:
    """Breadth first over the states of texts that begin with `start` until one also ends as it must."""
    wanted = sorted(conditions.contains - {""})
    whole = _Words((*conditions.not_among, *conditions.not_starts))
    pieces = _Pieces((*wanted, end, *conditions.not_contains, *conditions.not_ends))
    bad_whole = {whole.ends[word] for word in conditions.not_among}
    bad_start = {whole.ends[word] for word in conditions.not_starts}
    bad_piece, bad_end = pieces.ending(conditions.not_contains), pieces.ending(conditions.not_ends)
    has_piece, has_end = pieces.ending(wanted), pieces.ending([end])
    alphabet = _alphabet(conditions, kubernetes=kubernetes)

    def step(state: _State, character: str) -> _State | None:
        place, node = whole.step(state.whole, character), pieces.step(state.ending, character)
        if place in bad_start or bad_piece[node]:
            return None
        return _State(place, node, state.had | has_piece[node], not kubernetes or character in _ALPHANUMERIC)

    def done(state: _State) -> bool:
        ended = state.closed and has_end[state.ending] and not bad_end[state.ending]
        return bool(ended and state.whole not in bad_whole and state.had == (1 << len(wanted)) - 1)

    state: _State | None = _State(0, 0, 0, closed=True)
    for character in start:
        state = step(state, character) if state else None
    if not state or (kubernetes and start and start[0] not in _ALPHANUMERIC):
        return None
    came_from: dict[_State, tuple[_State, str] | None] = {state: None}
    level = [state]
    length = len(start)
    while level:
        for state in level:
            if done(state):
                return start + _path(came_from, state)
        if kubernetes and length == KUBERNETES_LENGTH:
            return None
        following: list[_State] = []
        for state in level:
            budget.spend(len(alphabet))
            for character in alphabet:
                reached = step(state, character) if length or not kubernetes or character in _ALPHANUMERIC else None
                if reached and reached not in came_from:
                    came_from[reached] = (state, character)
                    following.append(reached)
        level, length = following, length + 1
    return None


def _path(came_from: dict[_State, tuple[_State, str] | None], state: _State) -> str:
    characters: list[str] = []
    before = came_from[state]
    while before:
        characters.append(before[1])
        before = came_from[before[0]]
    return "".join(reversed(characters))


def _alphabet(conditions: Conditions, *, kubernetes: bool) -> list[str]:
    """The characters that some condition names, and one that stands for all others."""
    named = set().union(*(word for words in conditions[1:] if words for word in words))
    usual = (character for character in f"xyz{_USUAL}" if character not in named)
    strange = (chr(code) for code in range(0xA1, 0x10FFFF) if not kubernetes and chr(code) not in named)
    other = next(usual, "") or next(strange, "")
    return sorted(
        character for character in {*named, other} if character and (not kubernetes or character in _KUBERNETES)
    )
