"""Is there a label value that meets many conditions at once?

If any will do, one that puts what must be in it side by side: where that fails, none holds. The shortest one that
Kubernetes admits is found by search through an automaton.
"""

from __future__ import annotations

from collections.abc import Iterable

from callint.record import NamedTuple

_KUBERNETES_LENGTH = 63
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
            raise self.exhausted()

    def exhausted(self) -> ExhaustedError:
        """The error for those who want more."""
        return ExhaustedError()


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
    """A value that meets the conditions, or `None` if there is none; raises ExhaustedError.

    `kubernetes` admits only what Kubernetes takes as a label's value: nothing, or up to 63 letters, digits and inner
    dashes, underscores and dots. Then it is the shortest.
    """
    budget.spend(sum(1 + len(word) // 16 for words in conditions if words for word in words))
    if conditions.among is not None:
        return _among(conditions, conditions.among - conditions.not_among, budget, kubernetes=kubernetes)
    if "" in conditions.not_starts | conditions.not_ends | conditions.not_contains:
        return None
    start, end = max(conditions.starts, key=len, default=""), max(conditions.ends, key=len, default="")
    if not all(map(start.startswith, conditions.starts)) or not all(map(end.endswith, conditions.ends)):
        return None
    if kubernetes:
        return _search(conditions, start, end, budget) if _KUBERNETES.issuperset(start) else None
    return _joined(conditions, start, end, budget)


def _among(conditions: Conditions, values: frozenset[str], budget: Budget, *, kubernetes: bool) -> str | None:
    """The shortest of some values that meets the conditions, of equally long ones the first in the alphabet."""
    others = conditions._replace(among=None, not_among=frozenset())
    if any(others):
        budget.spend(len(values) * sum(map(len, others[1:])))
        values = frozenset(filter(others.hold, values))
    usable = filter(is_kubernetes_value, values) if kubernetes else values
    return min(usable, key=lambda value: (len(value), value), default=None)


def _joined(conditions: Conditions, start: str, end: str, budget: Budget) -> str | None:
    """What must be in a value, one after the other, or else with a letter between that no condition names.

    What the latter has and must not have lies within the start, the end or a piece, which every value has.
    """
    pieces = sorted(conditions.contains - {""})
    near = start
    for piece in (*pieces, end):
        near = _extended(near, piece)
    apart = _other(conditions, kubernetes=False).join((start, *pieces, end))
    budget.spend(len(apart) * sum(map(len, conditions[1:])) // 1000)
    return next(filter(conditions.hold, (near, apart)), None)


def _extended(text: str, piece: str) -> str:
    """A text that ends with a piece, some of which it may have."""
    most = min(len(text), len(piece), _KUBERNETES_LENGTH)
    return text + piece[next(size for size in range(most, -1, -1) if text.endswith(piece[:size])) :]


def is_kubernetes_value(value: str) -> bool:
    """Whether Kubernetes takes the text as the value of a label."""
    if not value:
        return True
    inside = len(value) <= _KUBERNETES_LENGTH and _KUBERNETES.issuperset(value)
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


def _search(conditions: Conditions, start: str, end: str, budget: Budget) -> str | None:
    """Breadth first over the states of texts that begin with `start` until one also ends as it must."""
    if len(start) > _KUBERNETES_LENGTH:
        return None
    wanted = sorted(conditions.contains - {""})
    whole = _Words((*conditions.not_among, *conditions.not_starts))
    pieces = _Pieces((*wanted, end, *conditions.not_contains, *conditions.not_ends))
    bad_whole = {whole.ends[word] for word in conditions.not_among}
    bad_start = {whole.ends[word] for word in conditions.not_starts}
    bad_piece, bad_end = pieces.ending(conditions.not_contains), pieces.ending(conditions.not_ends)
    has_piece, has_end = pieces.ending(wanted), pieces.ending([end])
    alphabet = _alphabet(conditions)

    def step(state: _State, character: str) -> _State | None:
        place, node = whole.step(state.whole, character), pieces.step(state.ending, character)
        if place in bad_start or bad_piece[node]:
            return None
        return _State(place, node, state.had | has_piece[node], character in _ALPHANUMERIC)

    def done(state: _State) -> bool:
        ended = state.closed and has_end[state.ending] and not bad_end[state.ending]
        return bool(ended and state.whole not in bad_whole and state.had == (1 << len(wanted)) - 1)

    state: _State | None = _State(0, 0, 0, closed=True)
    for character in start:
        state = step(state, character) if state else None
    if not state or (start and start[0] not in _ALPHANUMERIC):
        return None
    came_from: dict[_State, tuple[_State, str] | None] = {state: None}
    level = [state]
    length = len(start)
    while level:
        for state in level:
            if done(state):
                return start + _path(came_from, state)
        if length == _KUBERNETES_LENGTH:
            return None
        following: list[_State] = []
        for state in level:
            budget.spend(len(alphabet))
            for character in alphabet:
                reached = step(state, character) if length or character in _ALPHANUMERIC else None
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


def _alphabet(conditions: Conditions) -> list[str]:
    """The characters that some condition names, and one that stands for all others."""
    characters = {*_named(conditions), _other(conditions, kubernetes=True)}
    return sorted(character for character in characters if character in _KUBERNETES)


def _other(conditions: Conditions, *, kubernetes: bool) -> str:
    """A character that no condition names, if there is one that Kubernetes admits or need not admit."""
    named = _named(conditions)
    usual = (character for character in f"xyz{_USUAL}" if character not in named)
    strange = (chr(code) for code in range(0xA1, 0x10FFFF) if not kubernetes and chr(code) not in named)
    return next(usual, "") or next(strange, "")


def _named(conditions: Conditions) -> set[str]:
    return set().union(*(word for words in conditions[1:] if words for word in words))
