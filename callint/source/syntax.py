"""What libyaml's complaints mean to the person who wrote the text."""

from __future__ import annotations

import re
from typing import Any

from callint.record import NamedTuple

_CONFLICT = re.compile(r"^(?:<{7}|>{7})(?=[ \r\n]|\Z)", re.MULTILINE)
_INDENT_TAB = re.compile(r"[ ]*(\t[ \t]*)")
_INDENT_BLANK = re.compile("[ ]*([\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000])")
_DIRECTIVE = re.compile(r"^%[^\r\n]*", re.MULTILINE)
_KEY = re.compile(r"[^\s:][^:\r\n]*(?=:)")
_FLOW_TEXT = re.compile(r"[^\s,\[\]{}]+")
_LONGEST_KEY = 1000
_SHOWN = 40
_SIGNS = ("{", "[", "}", "]", ",", ":", '"', "'")
"""Behind these, no plain text goes on inside brackets."""
_QUOTE_VALUE = "put the value in quotes"


class Complaint(NamedTuple):
    """A sentence about the text between two offsets; `related` is the offset of a place that explains it, or -1."""

    start: int
    end: int
    message: str
    help: str = ""
    related: int = -1
    label: str = ""
    kind: str = "syntax-error"


class _Stop(NamedTuple):
    """Where libyaml stopped: at `at`, while it read what began at `since` (-1 if it does not say), for `problem`."""

    text: str
    at: int
    since: int
    problem: str

    @property
    def begun(self) -> int:
        return self.since if self.since >= 0 else self.at


def explain(text: str, error: Any) -> Complaint:
    """Say what is wrong where libyaml stopped (its ScannerError or ParserError) in `text`."""
    problem, context = str(error.problem or ""), str(error.context or "")
    at = min(error.problem_mark.index, len(text)) if error.problem_mark else 0
    since = min(error.context_mark.index, len(text)) if error.context_mark else -1
    conflict = _CONFLICT.search(text)
    if conflict:
        message = "a merge conflict was left in the file"
        return Complaint(*conflict.span(), message, "resolve it and remove the markers")
    tab = _INDENT_TAB.match(text, _line_start(text, at))
    if "tab character" in problem or (tab and at <= tab.end() and "cannot start any token" in problem):
        start, end = tab.span(1) if tab else (at, at + 1)
        message = "a tab indents this line; YAML is indented with spaces"
        return Complaint(start, end, message, "use spaces instead", kind="tab-indentation")
    line = _line_start(text, at)
    above = _line_start(text, max(_above(text, line)[0], 0))
    blank = _INDENT_BLANK.match(text, line) or _INDENT_BLANK.match(text, above)
    if blank:
        message = f"this line begins with U+{ord(blank[1]):04X}, which looks like a space and is none to YAML"
        return Complaint(*blank.span(1), message, "type spaces instead")
    for needle, answer in _ANSWERS:
        if needle in problem or needle in context:
            return answer(_Stop(text, at, since, problem))
    return Complaint(at, at, f"{_unread(text, at)} cannot stand here")


def _mapping_value(stop: _Stop) -> Complaint:
    text, at = stop.text, stop.at
    line = _line_start(text, at)
    head = text[line:at].lstrip(" ")
    start = at - len(head)
    if len(head) > _LONGEST_KEY:
        return Complaint(start, at, "a key longer than 1024 characters cannot be read")
    key, colon, value = head.partition(": ")
    if colon:
        message = f'the value of {_name(key)} holds a second ": " and must be quoted'
        return Complaint(at - len(value.lstrip()), at + 1, message, _QUOTE_VALUE)
    above, key, value = _above(text, line)
    if value:
        message = f"{_name(head)} is indented below {_name(key)}, which already has the value {_name(value)}"
        advice = f"put it on the level of {_name(key)}, or take the value beside {_name(key)} away"
        return Complaint(start, at, message, advice, above, f"{_name(key)} has its value here")
    if ":" in key:
        return _glued(above, key)
    if above >= 0 and text[above + len(key)] != ":" and _above(text, _line_start(text, above))[0] < 0:
        return _no_key(above, key)
    return Complaint(start, at, f"{_name(head)} cannot be a key here: check the indentation and the quotes")


def _missing_colon(stop: _Stop) -> Complaint:
    start = stop.begun
    line = stop.text[start : _line_end(stop.text, start)].rstrip()
    if ":" in line:
        return _glued(start, line)
    return _no_key(start, line)


def _no_key(start: int, line: str) -> Complaint:
    message = f'{_name(line)} stands where a key is expected, but no ":" follows it'
    return Complaint(start, start + len(line), message)


def _glued(start: int, line: str) -> Complaint:
    message = f'{_name(line)} sets no key, because no blank follows its ":"'
    return Complaint(start, start + len(line), message, 'write a blank behind the ":"')


def _bad_start(stop: _Stop) -> Complaint:
    sign = stop.text[stop.at : stop.at + 1]
    if stop.text.startswith("```", stop.at):
        message = 'a Markdown fence ("```") stands here, which is no YAML'
        return Complaint(stop.at, _value_end(stop.text, stop.at), message, "remove it, and the one that closes it")
    if sign and sign in "@`%":
        message = f'a value cannot begin with "{sign}" unless it is quoted'
        return Complaint(stop.at, _value_end(stop.text, stop.at), message, _QUOTE_VALUE)
    return Complaint(stop.at, stop.at, f"{_unread(stop.text, stop.at)} cannot stand here")


def _bad_item(stop: _Stop) -> Complaint:
    message = 'a list item cannot begin here: "- " belongs on a line of its own, at the indentation of its list'
    return Complaint(stop.at, stop.at + 1, message)


def _bad_key(stop: _Stop) -> Complaint:
    return Complaint(stop.at, stop.at + 1, f"{_unread(stop.text, stop.at)} cannot begin a key here")


def _quoted(stop: _Stop) -> Complaint:
    if "end of stream" in stop.problem or "document indicator" in stop.problem:
        return Complaint(stop.begun, _line_end(stop.text, stop.begun), "the quote that opens here is never closed")
    message = "a double-quoted text knows no such escape sequence"
    advice = 'write "\\\\" for a backslash, or use single quotes'
    return Complaint(stop.at, stop.at + 2, message, advice, stop.since, "the text begins here")


def _block_scalar(stop: _Stop) -> Complaint:
    message = 'only an indentation digit, "+", "-" and a comment may follow "|" or ">" on its line'
    return Complaint(stop.at, stop.at, message, _QUOTE_VALUE, stop.since, "the text begins here")


def _anchor(stop: _Stop) -> Complaint:
    sign = stop.text[stop.begun : stop.begun + 1]
    what = "an alias" if sign == "*" else "an anchor"
    message = f'"{sign}" begins {what} in YAML, and what follows is no name for one'
    return Complaint(stop.begun, _value_end(stop.text, stop.begun), message, _QUOTE_VALUE)


def _tag(stop: _Stop) -> Complaint:
    end = _value_end(stop.text, stop.begun)
    message = f'{_name(stop.text[stop.begun : end])} begins with "!", which begins a tag in YAML, and this is none'
    return Complaint(stop.begun, end, message, _QUOTE_VALUE)


def _directive(stop: _Stop) -> Complaint:
    start = _line_start(stop.text, stop.begun)
    return Complaint(start, _line_end(stop.text, start), "kubectl reads no YAML directives", "remove the line")


def _document_start(stop: _Stop) -> Complaint:
    directive = _DIRECTIVE.search(stop.text)
    if directive:
        return _directive(stop._replace(since=directive.start()))
    return Complaint(stop.at, stop.at, f"{_unread(stop.text, stop.at)} follows a document that has already ended")


def _flow_colon(stop: _Stop) -> Complaint:
    message = f'{_name(stop.text[stop.begun : stop.at + 1])} ends with ":" inside brackets and must be quoted'
    return Complaint(stop.begun, stop.at + 1, message, _QUOTE_VALUE)


def _flow_end(stop: _Stop) -> Complaint:
    text, at, start = stop.text, stop.at, stop.begun
    sign = text[start : start + 1]
    close = "}" if sign == "{" else "]"
    if not text[at:].strip() or _line_start(text, at) != _line_start(text, start):
        message = f'the "{sign}" that opens here is not closed by "{close}"'
        return Complaint(start, start + 1, message, "", at, "reading stopped here")
    message = f'"," or "{close}" is expected before {_unread(text, at)}'
    in_text = text[at : at + 1] in ("{", "[") and text[start:at].rstrip()[-1:] not in _SIGNS
    return Complaint(at, at, message, _QUOTE_VALUE if in_text else "", start, f'the "{sign}" opens here')


def _no_content(stop: _Stop) -> Complaint:
    if stop.text[stop.at : stop.at + 1] == ":":
        message = 'a value inside brackets cannot begin with ":" unless it is quoted'
        match = _FLOW_TEXT.match(stop.text, stop.at)
        return Complaint(stop.at, match.end() if match else stop.at, message, _QUOTE_VALUE)
    return Complaint(stop.at, stop.at, f"a value is expected here, not {_unread(stop.text, stop.at)}")


def _does_not_fit(stop: _Stop) -> Complaint:
    text, at = stop.text, stop.at
    line = _line_start(text, at)
    what = "list" if "'-' indicator" in stop.problem else "mapping"
    key = _KEY.match(text, at)
    unread, end = (_name(key[0]), key.end()) if key else (_unread(text, at), at)
    if text.startswith("- ", at):
        unread, end = 'a list item ("- ")', at + 1
    if text[line:at].strip(" -"):
        message = f"{unread} follows a value that has already ended"
        return Complaint(at, end, message, "put the whole value in quotes, and double a quote inside it")
    indent, expected = at - line, stop.begun - _line_start(text, stop.begun)
    message = f"{unread} does not fit into the {what} it stands in"
    if indent != expected:
        message = f"{unread} is indented by {indent}, but the {what} that it would belong to by {expected}"
    return Complaint(at, end, message, "", stop.since, f"the {what} begins here")


def _too_deep(stop: _Stop) -> Complaint:
    message = "lists and mappings are nested too deeply here: the rest of the document is not read"
    return Complaint(stop.at, stop.at, message, kind="nesting-limit")


_ANSWERS = (
    ("maximum nesting depth", _too_deep),
    ("mapping values are not allowed", _mapping_value),
    ("could not find expected ':'", _missing_colon),
    ("cannot start any token", _bad_start),
    ("block sequence entries are not allowed", _bad_item),
    ("mapping keys are not allowed", _bad_key),
    ("a quoted scalar", _quoted),
    ("scanning a block scalar", _block_scalar),
    ("scanning an anchor", _anchor),
    ("scanning an alias", _anchor),
    ("scanning a directive", _directive),
    ("scanning a %", _directive),
    ("tag handle", _tag),
    ("scanning a tag", _tag),
    ("parsing a tag", _tag),
    ("incompatible YAML document", _directive),
    ("%YAML directive", _directive),
    ("%TAG directive", _directive),
    ("expected <document start>", _document_start),
    ("found unexpected ':'", _flow_colon),
    ("expected ',' or", _flow_end),
    ("expected node content", _no_content),
    ("expected '-' indicator", _does_not_fit),
    ("did not find expected key", _does_not_fit),
)


def _above(text: str, line: int) -> tuple[int, str, str]:
    """Offset, key and value of the nearest line above that is more than a comment; no value if it is not plain."""
    while above := text[:line].rstrip():
        line = _line_start(above, len(above))
        content = above[line:].lstrip()
        if content[0] != "#":
            content = content.removeprefix("- ").lstrip()
            key, _, value = content.partition(": ")
            return len(above) - len(content), key, "" if value[:1] in tuple("#|>&!") else value.split(" #")[0]
    return -1, "", ""


def _line_start(text: str, at: int) -> int:
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def _line_end(text: str, at: int) -> int:
    return min((end for end in (text.find("\n", at), text.find("\r", at)) if end >= 0), default=len(text))


def _value_end(text: str, at: int) -> int:
    return at + len(text[at : _line_end(text, at)].split(" #")[0].rstrip())


def _unread(text: str, at: int) -> str:
    rest = text[at : _line_end(text, at)].strip()
    if rest:
        return _name(rest.split()[0])
    return "the end of the line" if text[at:].strip() else "the end of the document"


def _name(text: str) -> str:
    text = text.strip().strip("\"'")
    return f'"{text[:_SHOWN]}…"' if len(text) > _SHOWN else f'"{text}"'
