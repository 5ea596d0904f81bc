"""The nearest known name to a mistyped one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain

DIGITS = "0123456789"
"""As `string.digits`, which takes a millisecond to import."""
_LONGEST = 64
_WORD = re.compile("[a-z]+")
_JOINT = re.compile("[-_.]")
# Letters of a word in which a slip is told from another word
_OF_SLIP = 4
# What it takes to compare a word with a known one, a step being a look at the letters of some; and how many there are
_OF_WORD, _STEPS = 20, 1_000_000


def distance(one: str, other: str, bound: int) -> int:
    """Edits between two words (insert, delete, replace, swap of neighbours); anything above `bound` is `bound + 1`."""
    if abs(len(one) - len(other)) > bound:
        return bound + 1
    pairs = enumerate(zip(one, other, strict=False))
    same = next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))
    one, other = one[same:], other[same:]
    if bound == 1:
        return _up_to_one(one, other)
    return min(_all_edits(one, other), bound + 1)


def _all_edits(one: str, other: str) -> int:
    """Edits between two words: a column of the table at once, as bits that tell where it grows and where it shrinks.

    Hyyrö, "A bit-vector algorithm for computing Levenshtein and Damerau edit distances", 2003.
    """
    places: dict[str, int] = {}
    for place, letter in enumerate(one):
        places[letter] = places.get(letter, 0) | 1 << place
    edits = len(one)
    if not one:
        return len(other)
    every, last = (1 << edits) - 1, 1 << (edits - 1)
    grows, shrinks, same, before = every, 0, 0, 0
    for letter in other:
        here = places.get(letter, 0)
        swapped = ((~same & here) << 1) & before
        same = (((here & grows) + grows) ^ grows | here | shrinks | swapped) & every
        more, less = shrinks | (every & ~(same | grows)), same & grows
        edits += bool(more & last) - bool(less & last)
        more, less = more << 1 | 1, less << 1
        grows, shrinks = (less | ~(same | more)) & every, more & same
        before = here
    return edits


def _up_to_one(one: str, other: str) -> int:
    """Edits between what is left of two words from their first difference on; 2 for more than one."""
    if one == other:
        return 0
    rest, others = one[1:], other[1:]
    if rest in (others, other) or one == others:
        return 1
    return 1 if one[:2] == other[1::-1] and one[2:] == other[2:] else 2


def letters(word: str) -> str:
    """A word without its digits: what differs in these alone are two things, and no slip."""
    return "".join(letter for letter in word if not letter.isdigit())


def is_slip(name: str, meant: str) -> bool:
    """Another case or sign between words, or letters of one word that changed places, or one that is too many.

    Of short words many are near to others: `rack-a`, `rack-ab` and `rack-ba` are three, like `large` and `xlarge`.
    """
    one, other = (_JOINT.sub("-", word.lower()) for word in (name, meant))
    if one == other:
        return True
    if _WORD.sub("W", one) != _WORD.sub("W", other):
        return False
    pairs = zip(_WORD.findall(one), _WORD.findall(other), strict=True)
    (short, long), *more = (sorted(pair, key=len) for pair in pairs if pair[0] != pair[1])
    if more or len(short) < _OF_SLIP:
        return False
    if len(short) == len(long):
        return sorted(short) == sorted(long)
    return any(long[:at] + long[at + 1 :] == short for at in range(1, len(long)))


class Words:
    """Known names, among which that is looked for which was probably meant; each name is looked for once.

    What is one edit away has a spelling less one letter in common and is found by that, what is farther away is
    compared with names of about its length and its letters, as long as there are steps left.
    """

    __slots__ = ("_answers", "_exact", "_known", "_left", "_lengths", "_like", "_shorter")

    def __init__(self, known: Iterable[str]) -> None:
        """Sort nothing yet."""
        self._known: Iterable[str] = known
        self._answers: dict[str, str | None] = {}
        self._left = _STEPS
        self._exact: dict[str, str] = {}
        self._lengths: frozenset[int] = frozenset()
        self._shorter: dict[str, list[str]] = {}
        self._like: dict[int, dict[int, list[str]]] = {}

    def nearest(self, name: str) -> str | None:
        """The known name that was probably meant.

        Same letters first, then one edit for every four, at most three, then the longest with which the name begins,
        if it is two thirds of it: felix.cfg adds units to the names of its fields.
        """
        if name not in self._answers:
            self._answers[name] = self._find(name)
        return self._answers[name]

    def afresh(self) -> Words:
        """The same, with all the steps that there were, so that no answer depends on what was asked before."""
        self._left = _STEPS
        return self

    def slip(self, name: str) -> str | None:
        """The known name that has the same letters, or is one edit away: found without comparing with many."""
        if not self._exact:
            for word in sorted(self._known):
                self._exact.setdefault(word.lower(), word)
            self._lengths = frozenset(map(len, self._exact))
        lower = name.lower()
        if lower in self._exact or not 2 <= len(name) <= _LONGEST:
            return self._exact.get(lower)
        found = self._one_edit(lower)
        return None if found is None else self._exact[found]

    def _find(self, name: str) -> str | None:
        near = self.slip(name)
        if near is not None or not 2 <= len(name) <= _LONGEST:
            return near
        lower, most = name.lower(), min(3, (len(name) + 3) // 4)
        found = (self._edits(lower, most) if most > 1 else None) or self._beginning(lower)
        return None if found is None else self._exact[found]

    def _one_edit(self, lower: str) -> str | None:
        if self._lengths.isdisjoint(_around(lower, 1)):
            return None
        if not self._shorter:
            for word in self._exact:
                for spelling in _shortened(word) if len(word) <= _LONGEST + 3 else ():
                    self._shorter.setdefault(spelling, []).append(word)
        near = {word for spelling in _shortened(lower) for word in self._shorter.get(spelling, ())}
        return min((word for word in near if distance(lower, word, 1) == 1), key=self._order, default=None)

    def _edits(self, lower: str, most: int) -> str | None:
        if self._left < 0 or self._lengths.isdisjoint(_around(lower, most)):
            return None
        if not self._like:
            for word in self._exact:
                self._like.setdefault(len(word), {}).setdefault(_bits(word), []).append(word)
        best, bound, mine = None, most, _bits(lower)
        like = (self._like[length] for length in _around(lower, most) if length in self._like)
        for others, words in chain.from_iterable(found.items() for found in like):
            self._left -= 1
            if (mine & ~others).bit_count() > bound or (others & ~mine).bit_count() > bound:
                continue
            self._left -= _OF_WORD * len(words)
            if self._left < 0:
                return None
            for word in words:
                edits = distance(lower, word, bound)
                if edits < bound or (edits == bound and (best is None or self._order(word) < self._order(best))):
                    best, bound = word, edits
        return best

    def _beginning(self, lower: str) -> str | None:
        for length in range(len(lower), (2 * len(lower) + 2) // 3 - 1, -1):
            if length in self._lengths and lower[:length] in self._exact:
                return lower[:length]
        return None

    def _order(self, lower: str) -> str:
        return self._exact[lower]


def did_you_mean(near: str | None, sign: str = ",") -> str:
    """The end of a sentence that names what was probably meant; nothing where nothing was."""
    return f'{sign} did you mean "{near}"' if near else ""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant (`Words`); None if nothing is near."""
    return _words(tuple(known)).afresh().nearest(name)


@lru_cache(maxsize=64)
def _words(known: tuple[str, ...]) -> Words:
    """The same names are asked of again and again, where one mistake stands in many objects."""
    return Words(known)


def _shortened(word: str) -> set[str]:
    """The word, and what is left of it without one of its letters."""
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


def _around(word: str, edits: int) -> range:
    """The lengths of what is so many edits away from a word."""
    return range(len(word) - edits, len(word) + edits + 1)


def _bits(word: str) -> int:
    """The letters of a word as bits, some sharing one: what one word lacks of another's takes an edit each."""
    return sum({1 << (ord(letter) & 63) for letter in word})
