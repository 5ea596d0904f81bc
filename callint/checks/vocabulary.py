"""The labels that there are, and which of them was probably meant by a selector that names others."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache, cached_property

from callint.calico.defaults import CONTROL_PLANE_LABELS
from callint.finding import Span
from callint.objects import Resource
from callint.policy.labels import Labels
from callint.policy.selectable import Selectable
from callint.record import NamedTuple
from callint.selector import Selector
from callint.selector.satisfy import satisfiable
from callint.selector.syntax import And, Compare, Has, Member, atoms
from callint.source import placeholder
from callint.steps import Steps
from callint.suggest import Words, is_slip, letters

_SHORTEST = 5
# Kubernetes v1.24 took the former label from nodes
_RENAMED = {CONTROL_PLANE_LABELS[1]: CONTROL_PLANE_LABELS[0]}
# Labels that only have to be there are given any of these values
_YES = ("", "true", "yes", "enabled", "1")


class Known(NamedTuple):
    """The labels of one object that a selector can meet, and the object."""

    labels: Labels
    resource: Resource

    @property
    def place(self) -> Span:
        """Where the object is named."""
        return self.resource.span("metadata", "name")


class Slip(NamedTuple):
    """What was mistyped in words, what was probably meant, and who has it; the label, and its value if it is that.

    `plain`: no slip of the pen, but a name of former times, or one of the values that labels have for yes.
    """

    written: str
    meant: str
    bearer: Known
    key: str
    value: str | None = None
    plain: bool = False

    @property
    def word(self) -> str:
        """What stands there for what was meant."""
        return self.key if self.value is None else self.value


class Vocabulary:
    """The labels that anything has with their values, and what was probably meant by a selector that names others."""

    def __init__(self, known: Iterable[Known]) -> None:
        """Put the first that has a label with a value under both."""
        self._values: dict[str, dict[str, Known]] = {}
        for item in known:
            for key, value in item.labels.known.items():
                self._values.setdefault(key, {}).setdefault(value, item)
        self._keys = Meant(self._values)
        self._meant = cache(lambda key: Meant(self._values[key]))
        self._slip = cache(self._first)

    def slip(self, selector: Selector) -> Slip | None:
        """What was probably mistyped: in words, what was meant, and who has it; each part of many is looked at once."""
        parts = selector.operands if isinstance(selector, And) else (selector,)
        return next(filter(None, map(self._slip, parts)), None)

    def _first(self, selector: Selector) -> Slip | None:
        for atom in atoms(selector):
            if isinstance(atom, (Has, Compare, Member)):
                found = self._in_value(atom) if atom.key in self._values else self._in_key(atom.key)
                if found is not None:
                    return found
        return None

    def _in_key(self, key: str) -> Slip | None:
        renamed = _RENAMED.get(key)
        plain = renamed in self._values
        near = renamed if plain else self._keys.by(key)
        if near is None:
            return None
        bearer = next(iter(self._values[near].values()))
        return Slip(f'nothing known has the label "{key}"', near, bearer, key, plain=plain)

    def _in_value(self, atom: Has | Compare | Member) -> Slip | None:
        known = self._values[atom.key]
        for value in _wanted(atom):
            if value not in known:
                plain = value.lower() in _YES and all(one.lower() in _YES for one in known)
                near = min(known) if plain else self._meant(atom.key).by(value)
                if near is not None:
                    what = f'nothing known has the label "{atom.key}" with "{value}"'
                    return Slip(what, near, known[near], atom.key, value, plain)
        return None


def _wanted(atom: Has | Compare | Member) -> Iterable[str]:
    """The values of which a label is to have one, where a selector names them."""
    if isinstance(atom, Compare):
        return (atom.value,) if atom.operator == "==" else ()
    return sorted(atom.values) if isinstance(atom, Member) and not atom.negated else ()


class Labelled:
    """What selectors may be about: its labels as words, and itself to be found by them."""

    def __init__(self, known: Collection[Known], steps: Steps) -> None:
        """Sort nothing yet; whoever asks takes steps."""
        self._known = known
        self._steps = steps

    @cached_property
    def words(self) -> Vocabulary:
        """The labels."""
        return Vocabulary(self._known)

    @cached_property
    def things(self) -> Selectable[Known]:
        """All that it may be about."""
        return Selectable(((one.labels, one) for one in self._known), self._steps)

    def missed(self, selector: Selector) -> Slip | None:
        """The slip of the pen by which a selector matches nothing, where not all that it may be about need be known."""
        slip = self.words.slip(selector)
        if slip is None or not (slip.plain or is_slip(slip.word, slip.meant)):
            return None
        return None if self.things.any(selector) or satisfiable(selector) is None else slip


class Meant:
    """Known words by what is written for them; each is looked for once."""

    def __init__(self, known: Iterable[str]) -> None:
        """Sort nothing yet."""
        self._known = Words(known)

    def by(self, word: str) -> str | None:
        """Another case, or a few letters of a long word; `node1` is no slip for `node2`."""
        found = self._known.nearest(word)
        if found is None or found.lower() == word.lower():
            return found
        long = min(len(word), len(found)) >= _SHORTEST
        return found if long and letters(word) != letters(found) else None


class NodeNames:
    """Nodes, of which one may be meant by another name."""

    def __init__(self, known: Collection[str], *, complete: bool = False) -> None:
        """Sort them by their machines; `complete` if there are no others.

        A name that holds a variable may be any, so that none is another one's slip.
        """
        if any(placeholder(name) is not None for name in known):
            known = ()
        self._known = frozenset(known)
        self._loosely = Meant(known) if complete else None
        self._hosts: dict[str, str | None] = {}
        for name in known:
            if "." in name:
                self._hosts[_host(name)] = None if _host(name) in self._hosts else name
        self._words = Words(known)

    def meant(self, name: str) -> str | None:
        """The node of the same machine, or the one whose name was mistyped."""
        host = _host(name)
        same = self._hosts.get(name) or (host if host in self._known else None)
        if same is not None:
            return same
        near = self._words.nearest(name)
        return near if near is not None and is_slip(name, near) else None

    def unknown(self, name: str) -> tuple[str, str | None] | None:
        """In a clause, that no node has a name, and the node that was meant; None where one may have it."""
        near = self.meant(name)
        if self._loosely is not None:
            return "which does not exist", near or self._loosely.by(name)
        return None if near is None else ("a name that no known Node has", near)


def _host(name: str) -> str:
    """A machine that is called with its domain may be called by its name alone."""
    return name.partition(".")[0]
