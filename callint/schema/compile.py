"""Plain JSON Schema to closures: a valid object is recognised cheaply, every fault of a broken one is found.

A checker takes a value and gives None, or the faults below it with paths relative to that value. Only the keywords that
CRDs use exist here; `jsonschema` is the reference that the tests compare with. Three differences are meant (Go's JSON
decoding, and pruning of nulls in apiextensions-apiserver): a null property is an absent one, a required property that
has a default is never missing, and a whole number has 64 bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from callint.schema.constraints import CIDR, repeated, text_tests
from callint.schema.fault import CASE, DEPRECATED, PLACEHOLDER, UNKNOWN, Fault, under
from callint.schema.history import POINTER, Schema
from callint.source.scalars import go_text

TEXT = "x-callint-text"
EXACT = "x-callint-exact"
FREE = "x-callint-free"

_INT64 = 1 << 63
_NO_WORDS: frozenset[str] = frozenset()
Faults = list[Fault] | None
Checker = Callable[[Any], Faults]


def checker(schema: Schema, *, lenient: bool = False, placeholders: bool = False, spelling: bool = False) -> Checker:
    """Compile one schema.

    `lenient` reads as Go's decoder behind calicoctl does (sigs.k8s.io/yaml: scalars become text where text is wanted,
    names match in any case, an empty optional value is absent); `placeholders` reports text such as `<node-name>`;
    `spelling` reports fields in another case where others than those of the schema may be.
    """
    return _Compiler(schema, lenient, placeholders, spelling).build(schema)


def _anything(value: Any) -> Faults:
    return None


def _rendered(text: str) -> bool:
    """Whether there is no sign of a placeholder in a text."""
    return "<" not in text and "$" not in text and "{{" not in text


def _plain_text(value: Any) -> Faults:
    return None if value.__class__ is str else [Fault((), "type", value, "string")]


def _marked_text(value: Any) -> Faults:
    if value.__class__ is not str:
        return [Fault((), "type", value, "string")]
    return None if _rendered(value) else [Fault((), PLACEHOLDER, value, None)]


def _boolean(value: Any) -> Faults:
    return None if value is True or value is False else [Fault((), "type", value, "boolean")]


class _Compiler:
    def __init__(self, root: Schema, lenient: bool, placeholders: bool, spelling: bool) -> None:
        self.root = root
        self.lenient = lenient
        self.spelling = spelling
        self.text = _marked_text if placeholders else _plain_text
        # What most values are is recognised by their owner, without a call of the field's own checker.
        self.any_text: set[Checker] = {self.text}
        self.words: dict[Checker, frozenset[str]] = {}
        self.built: dict[str, Checker] = {}

    def build(self, node: Schema) -> Checker:
        reference = node.get("$ref")
        if reference is not None:
            if reference not in self.built:
                self.built[reference] = self.build(self.root["$defs"][reference.rpartition("/")[2]])
            return self.built[reference]
        wanted = node.get("type")
        if wanted == "object" or (wanted is None and "properties" in node):
            return self.object(node)
        if wanted == "array":
            return self.array(node)
        if wanted == "string":
            return self.string(node)
        if wanted == "boolean":
            return _boolean
        if wanted in ("integer", "number"):
            return self.number(node, wanted)
        if isinstance(wanted, list):
            return self.either(node, wanted)
        return _anything

    def string(self, node: Schema) -> Checker:
        tests = text_tests(node)
        text = _plain_text if node.get(FREE) else self.text
        coerce = self.lenient and not node.get(EXACT)
        if not tests and not coerce:
            return text

        def check(value: Any) -> Faults:
            if value.__class__ is not str:
                if not (coerce and value.__class__ in (int, float, bool)):
                    return [Fault((), "type", value, "string")]
                value = go_text(value)
            for keyword, expected, holds in tests:
                if not holds(value):
                    return [Fault((), keyword, value, expected)]
            return text(value)

        if not tests and text is self.text:
            self.any_text.add(check)
        if node.keys() >= {"enum"} and len(tests) == 1:
            self.words[check] = frozenset(word for word in node["enum"] if isinstance(word, str) and _rendered(word))
        return check

    def number(self, node: Schema, wanted: str) -> Checker:
        whole = wanted == "integer"
        low, high = node.get("minimum", -_INT64 if whole else None), node.get("maximum", _INT64 - 1 if whole else None)
        values = node.get("enum")
        text_too, marked = self.lenient and bool(node.get(TEXT)), self.text

        def check(value: Any) -> Faults:
            kind = value.__class__
            if kind is not int and not (kind is float and (not whole or value.is_integer())):
                return marked(value) if text_too and kind is str else [Fault((), "type", value, wanted)]
            if low is not None and value < low:
                return [Fault((), "minimum", value, low)]
            if high is not None and value > high:
                return [Fault((), "maximum", value, high)]
            if values is not None and value not in values:
                return [Fault((), "enum", value, values)]
            return None

        return check

    def either(self, node: Schema, wanted: list[str]) -> Checker:
        """A list of types: the first that has the value's own type judges it.

        What is a number or a text has a decoder of its own in Go (numorstring), which turns no boolean into text.
        """
        node = {**node, EXACT: True} if "integer" in wanted else node
        choices = [self.build({**node, "type": name}) for name in wanted if name != "null"]
        null = "null" in wanted
        any_whole = "integer" in wanted and node.keys().isdisjoint({"minimum", "maximum", "enum"})

        def check(value: Any) -> Faults:
            if (value is None and null) or (any_whole and value.__class__ is int and value.bit_length() < 64):
                return None
            other: Faults = None
            for choice in choices:
                faults = choice(value)
                if not faults:
                    return None
                if faults[0].path or faults[0].keyword != "type":
                    other = faults
            return other or [Fault((), "type", value, wanted)]

        if not self.any_text.isdisjoint(choices):
            self.any_text.add(check)
        return check

    def array(self, node: Schema) -> Checker:
        item = self.build(node["items"]) if isinstance(node.get("items"), dict) else _anything
        least, most, unique = node.get("minItems", 0), node.get("maxItems"), node.get("uniqueItems", False)
        any_text = item in self.any_text
        words = self.words.get(item, _NO_WORDS)

        def check(value: Any) -> Faults:
            if value.__class__ is not list:
                return [Fault((), "type", value, "array")]
            out: list[Fault] = []
            if not (any_text and value and value[0].__class__ is str and _rendered_texts(value)):
                for index, element in enumerate(value):
                    if element.__class__ is str and (element in words or (any_text and _rendered(element))):
                        continue
                    faults = item(element)
                    if faults:
                        out += under(index, faults)
            if len(value) < least:
                out.append(Fault((), "minItems", value, least))
            if most is not None and len(value) > most:
                out.append(Fault((), "maxItems", value, most))
            if unique and len(value) > 1:
                out += repeated(value)
            return out or None

        return check

    def object(self, node: Schema) -> Checker:
        properties: Schema = node.get("properties", {})
        required = [name for name in node.get("required", ()) if "default" not in properties.get(name, {})]
        fields = {name: self.field(child, name in required) for name, child in properties.items()}
        rest = node.get("additionalProperties", True)
        other = self.build(rest) if isinstance(rest, dict) else None
        closed = rest is False
        least, most = node.get("minProperties", 0), node.get("maxProperties")
        bounded = least > 0 or most is not None
        lenient, spelling = self.lenient, self.spelling
        get = fields.get
        any_text = frozenset(name for name, field in fields.items() if field in self.any_text)
        words = {name: self.words[field] for name, field in fields.items() if field in self.words}
        spelled: dict[str, str] = {}

        def check(value: Any) -> Faults:
            if value.__class__ is not dict:
                return [Fault((), "type", value, "object")]
            out: Faults = None
            for name, child in value.items():
                if child.__class__ is str:
                    if name in any_text:
                        if "<" not in child and "$" not in child and "{{" not in child:  # `_rendered`, for speed
                            continue
                    elif child in words.get(name, _NO_WORDS):
                        continue
                field = get(name) or other
                if field is None:
                    if not spelled and (lenient or spelling):
                        spelled.update((known.lower(), known) for known in reversed(fields))
                    if closed:
                        out = out or []
                        out += _stray(name, child, fields, spelled if lenient else {})
                    elif spelling and spelled.get(name.lower(), name) not in value:
                        out = [*(out or ()), Fault((name,), UNKNOWN, child, tuple(fields))]
                elif child is not None:
                    faults = field(child)
                    if faults:
                        out = out or []
                        out += under(name, faults)
            for name in required:
                if value.get(name) is None and not (out and any(f.keyword == CASE and f.expected == name for f in out)):
                    out = out or []
                    out.append(Fault((name,), "required", value, name))
            if bounded:
                size = sum(child is not None for child in value.values())
                if size < least:
                    out = [*(out or ()), Fault((), "minProperties", value, least)]
                elif most is not None and size > most:
                    out = [*(out or ()), Fault((), "maxProperties", value, most)]
            return out

        return check

    def field(self, node: Schema, required: bool) -> Checker:
        """A property; Go leaves empty optional values out when it stores them (`omitempty`), so they are as absent."""
        check = self.build(node)
        if node.get("deprecated"):
            return _with_note(check)
        if not self.lenient or required or node.get(POINTER):
            return check
        constrained = node.get("enum") or node.get("pattern") or node.get("minLength") or node.get("minItems")
        if not constrained and node.get("format") != CIDR:
            return check

        def optional(value: Any) -> Faults:
            return None if value == "" or value == [] else check(value)

        if check in self.words:
            self.words[optional] = self.words[check]
        return optional


def _rendered_texts(values: list[Any]) -> bool:
    """Whether all are texts without a sign of a placeholder; False decides nothing."""
    try:
        return _rendered("".join(values))
    except TypeError:
        return False


def _with_note(check: Checker) -> Checker:
    """Report a deprecated field wherever it is set, whatever else is wrong with it."""
    return lambda value: [Fault((), DEPRECATED, value, None), *(check(value) or ())]


def _stray(name: str, value: Any, fields: dict[str, Checker], spelled: dict[str, str]) -> list[Fault]:
    """A name that is not known: with Go's decoder, another spelling of it (by small letters) is, and is judged."""
    known = spelled.get(name.lower())
    if known is None:
        return [Fault((name,), UNKNOWN, value, tuple(fields))]
    faults = fields[known](value) if value is not None else None
    return [Fault((name,), CASE, value, known), *under(name, faults or [])]
