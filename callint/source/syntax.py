"""What libyaml's complaints mean to the person who wrote the text."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

_CONFLICT = re.compile(r"(?:<{7}|={7}|>{7}|\|{7})(?=[ \r\n]|\Z)")
_CONFLICT_LINE = re.compile(r"^(?:<{7}|>{7})(?=[ \r\n]|\Z)", re.MULTILINE)
_INDENT_TAB = re.compile(r"[ ]*\t[ \t]*")
_KEY = re.compile(r"(?:-[ \t]+)*([^\s:][^:\r\n]*)")
_QUOTED = 40


class Complaint(NamedTuple):
    """A sentence about the text between two offsets; `related` is the offset of what was being read, or -1."""

    kind: str
    start: int
    end: int
    message: str
    help: str = ""
    related: int = -1
    label: str = ""


def explain(text: str, error: Any) -> Complaint:
    """Say what is wrong where libyaml stopped (its ScannerError or ParserError) in `text`."""
    problem = str(error.problem or "")
    context = str(error.context or "")
    at = min(error.problem_mark.index, len(text)) if error.problem_mark else 0
    since = min(error.context_mark.index, len(text)) if error.context_mark else -1
    line = _line_start(text, at)
    tab = _tab(text, line, at)
    if "tab character" in problem or (tab and "cannot start any token" in problem):
        start, end = tab or (at, at + 1)
        return Complaint(
            "tab-indentation", start, end, "a tab indents this line; YAML is indented with spaces", "use spaces instead"
        )
    conflict = _conflict(text, line, since)
    if conflict:
        return conflict
    for needle, answer in _ANSWERS:
        if needle in problem or needle in context:
            return answer(text, at, since, problem)
    return Complaint("syntax-error", at, at, f"this is not YAML: {_unread(text, at)} cannot stand here")


def _mapping_value(text: str, at: int, since: int, problem: str) -> Complaint:
    line = _line_start(text, at)
    start = line + len(text[line:at]) - len(text[line:at].lstrip(" "))
    head = text[start:at]
    if len(head) > 1000:
        return Complaint("syntax-error", start, at, "a key longer than 1024 characters cannot be read")
    if ": " in head or head.endswith(":"):
        first = head.find(":")
        quoted = f'the value of {_name(head[:first])} holds a second ": " and must be quoted'
        return Complaint("syntax-error", start + first + 1, at + 1, quoted, "put the value in quotes", -1)
    above, key, value = _above(text, line)
    if key and value:
        message = f"{_name(head)} is indented below {_name(key)}, which already has the value {_name(value)}"
        return Complaint("syntax-error", start, at, message, "", above, f"{_name(key)} has its value here")
    return Complaint(
        "syntax-error", start, at, f"{_name(head)} cannot be a key here: check the indentation and the quotes"
    )


def _missing_colon(text: str, at: int, since: int, problem: str) -> Complaint:
    start = since if since >= 0 else at
    end = _line_end(text, start)
    word = text[start:end].rstrip()
    return Complaint(
        "syntax-error", start, start + len(word), f'{_name(word)} stands where a key is expected, but no ":" follows it'
    )


def _bad_start(text: str, at: int, since: int, problem: str) -> Complaint:
    sign = text[at : at + 1]
    if sign and sign in "@`%":
        message = f'a value cannot begin with "{sign}" unless it is quoted'
        return Complaint("syntax-error", at, _value_end(text, at), message, "put the value in quotes")
    return Complaint("syntax-error", at, at, f"{_unread(text, at)} cannot stand here")


def _bad_item(text: str, at: int, since: int, problem: str) -> Complaint:
    message = 'a list item cannot begin here: "- " belongs on a line of its own, at the indentation of its list'
    return Complaint("syntax-error", at, at + 1, message)


def _bad_key(text: str, at: int, since: int, problem: str) -> Complaint:
    return Complaint("syntax-error", at, at + 1, f"{_unread(text, at)} cannot begin a key here")


def _open_quote(text: str, at: int, since: int, problem: str) -> Complaint:
    if "end of stream" in problem or "document indicator" in problem:
        start = since if since >= 0 else at
        return Complaint("syntax-error", start, _line_end(text, start), "the quote that opens here is never closed")
    if "escape" in problem or "hexdecimal" in problem:
        return Complaint(
            "syntax-error",
            at,
            at + 1,
            "a double-quoted text knows no such escape sequence",
            'write "\\\\" for a backslash, or use single quotes',
            since,
            "the text begins here",
        )
    return Complaint("syntax-error", at, at + 1, f"{_unread(text, at)} cannot stand in a quoted text")


def _block_scalar(text: str, at: int, since: int, problem: str) -> Complaint:
    message = 'only an indentation digit, "+", "-" and a comment may follow "|" or ">" on its line'
    return Complaint(
        "syntax-error", at, at, message, "quote the value if it is not meant to span lines", since, "begins here"
    )


def _anchor(text: str, at: int, since: int, problem: str) -> Complaint:
    start = since if since >= 0 else at
    sign = text[start : start + 1]
    what = "an alias" if sign == "*" else "an anchor"
    message = f'"{sign}" begins {what} in YAML, and no name follows that it could have'
    return Complaint("syntax-error", start, _value_end(text, start), message, "put the value in quotes")


def _tag(text: str, at: int, since: int, problem: str) -> Complaint:
    start = since if since >= 0 else at
    message = f'{_name(text[start : _value_end(text, start)])} begins with "!", which YAML reads as a tag, and is none'
    return Complaint("syntax-error", start, _value_end(text, start), message, "put the value in quotes")


def _directive(text: str, at: int, since: int, problem: str) -> Complaint:
    start = _line_start(text, since if since >= 0 else at)
    return Complaint(
        "syntax-error", start, _line_end(text, start), "kubectl reads no YAML directives", "remove the line"
    )


def _document_start(text: str, at: int, since: int, problem: str) -> Complaint:
    directive = re.search(r"^%[^\r\n]*", text, re.MULTILINE)
    if directive:
        return _directive(text, directive.start(), -1, problem)
    return Complaint("syntax-error", at, at, f"{_unread(text, at)} follows a document that has already ended")


def _flow_colon(text: str, at: int, since: int, problem: str) -> Complaint:
    start = since if since >= 0 else at
    message = f'{_name(text[start : at + 1])} ends with ":" inside brackets and must be quoted'
    return Complaint("syntax-error", start, at + 1, message, "put the value in quotes")


def _flow_end(text: str, at: int, since: int, problem: str) -> Complaint:
    start = since if since >= 0 else at
    sign = text[start : start + 1]
    close = "}" if sign == "{" else "]"
    if not text[at:].strip() or _line_start(text, at) != _line_start(text, start):
        message = f'the "{sign}" that opens here is not closed: "," or "{close}" is expected before {_unread(text, at)}'
        return Complaint("syntax-error", start, start + 1, message, "", at, "reading stopped here")
    message = f'"," or "{close}" is expected before {_unread(text, at)}'
    return Complaint("syntax-error", at, at, message, "", start, f'the "{sign}" opens here')


def _flow_content(text: str, at: int, since: int, problem: str) -> Complaint:
    return Complaint("syntax-error", at, at, f"a value is expected here, not {_unread(text, at)}")


def _block_end(text: str, at: int, since: int, problem: str) -> Complaint:
    what = "list" if "'-' indicator" in problem else "mapping"
    unread = _unread(text, at)
    key = _KEY.match(text, at)
    end = at
    if text.startswith("- ", at):
        unread, end = 'a list item ("- ")', at + 1
    elif key and text[key.end() : key.end() + 1] == ":":
        unread, end = _name(key[1]), key.end()
    column = at - _line_start(text, at)
    expected = since - _line_start(text, since) if since >= 0 else 0
    message = f"{unread} does not fit into the {what} it stands in"
    if column != expected:
        message = f"{unread} is indented by {column}, but the {what} it would belong to by {expected}"
    return Complaint("syntax-error", at, end, message, "", since, f"the {what} begins here")


def _depth(text: str, at: int, since: int, problem: str) -> Complaint:
    message = "lists and mappings are nested too deeply here: the rest of the document is not read"
    return Complaint("nesting-limit", at, at, message)


_ANSWERS = (
    ("maximum nesting depth", _depth),
    ("mapping values are not allowed", _mapping_value),
    ("could not find expected ':'", _missing_colon),
    ("cannot start any token", _bad_start),
    ("block sequence entries are not allowed", _bad_item),
    ("mapping keys are not allowed", _bad_key),
    ("scanning a quoted scalar", _open_quote),
    ("parsing a quoted scalar", _open_quote),
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
    ("expected node content", _flow_content),
    ("expected '-' indicator", _block_end),
    ("did not find expected key", _block_end),
)


def _conflict(text: str, line: int, since: int) -> Complaint | None:
    starts = [line] if since < 0 else [line, _line_start(text, since)]
    for start in starts:
        match = _CONFLICT.match(text, start)
        if match and _CONFLICT_LINE.search(text):
            return Complaint(
                "syntax-error",
                start,
                match.end(),
                "a merge conflict was left in the file",
                "resolve it and remove the markers",
            )
    return None


def _tab(text: str, line: int, at: int) -> tuple[int, int] | None:
    match = _INDENT_TAB.match(text, line)
    if match and at <= match.end() and "\t" in match[0]:
        return line + match[0].index("\t"), match.end()
    return None


def _above(text: str, line: int) -> tuple[int, str, str]:
    """Offset, key and value of the nearest line above that is more than a comment; empty if it sets no plain value."""
    while above := text[:line].rstrip():
        line = _line_start(above, len(above))
        content = above[line:].lstrip()
        if content[0] == "#":
            continue
        content = content.removeprefix("- ").lstrip()
        key, colon, value = content.partition(": ")
        if colon and value and value[0] not in "#|>&!":
            return len(above) - len(content), key, value.split(" #")[0]
        break
    return -1, "", ""


def _line_start(text: str, at: int) -> int:
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def _line_end(text: str, at: int) -> int:
    ends = [end for end in (text.find("\n", at), text.find("\r", at)) if end >= 0]
    return min(ends, default=len(text))


def _value_end(text: str, at: int) -> int:
    return at + len(text[at : _line_end(text, at)].split(" #")[0].rstrip())


def _unread(text: str, at: int) -> str:
    rest = text[at : _line_end(text, at)].strip()
    if rest:
        return _name(rest.split()[0])
    return "the end of the line" if text[at:].strip() else "the end of the document"


def _name(text: str) -> str:
    text = text.strip().strip("\"'")
    return f'"{text[:_QUOTED]}…"' if len(text) > _QUOTED else f'"{text}"'
