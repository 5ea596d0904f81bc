"""Files of rules: read, held against the form of a rule, and asked for the place or the text of one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from callint.catalogue import STAGES, Catalogue, Example, Explanation, Rule, RuleError, RuleText
from callint.shipped import directory

if TYPE_CHECKING:
    from callint.finding import Span
    from callint.source.bounds import Bounds

_BETWEEN = "\n---\n"
"""What stands between the two documents of a file."""
_NEEDED = ("id", "name", "summary", "severity", "check")


def _files(root: str) -> Iterator[str]:
    for folder, folders, names in os.walk(root) if os.path.isdir(root) else ():  # no path with a NUL is one
        folders.sort()
        for name in sorted(names):
            if name.endswith((".yaml", ".yml")):
                yield os.path.join(folder, name)


def _read(file: str, bounds: Bounds | None = None) -> str:
    from callint.source.files import UnreadableError, read_text

    try:
        return read_text(file, bounds).replace("\r\n", "\n")
    except UnreadableError as error:
        raise RuleError(f"{file}: {error}") from error


def _rule(file: str, head: Any) -> Rule:
    """The first document of a rule file, which schemas/rule.json fits."""
    needed = {key: head[key] for key in _NEEDED}
    return Rule(**needed, parameters=head.get("with", {}), file=file, enabled=head.get("enabled", True))


def load(roots: Iterable[str] = ()) -> Catalogue:
    """The rules that callint ships, of which only the first document is parsed, and those of the user's folders."""
    shipped = directory("rules")
    heads = _indexed(shipped) or _parsed(shipped)
    for root in roots:
        heads += _own(root)
    return Catalogue(_rule(file, head) for file, head in heads)


def index(root: str) -> list[tuple[str, Any]]:
    """The first document of each rule file with its path below `root`, as a wheel holds them in `rules.json`."""
    return [(os.path.relpath(file, root).replace(os.sep, "/"), head) for file, head in _parsed(root)]


def _indexed(shipped: str) -> list[tuple[str, Any]]:
    """The heads of the rules in a wheel, nothing in a checkout."""
    file = f"{shipped}.json"
    if not os.path.isfile(file):
        return []
    import json

    with open(file, encoding="utf-8") as stream:
        return [(os.path.join(shipped, *name.split("/")), head) for name, head in json.load(stream)]


def _found(root: str) -> list[str]:
    """The rule files of a folder, or one file; raises RuleError if there is none."""
    files = [root] if os.path.isfile(root) else list(_files(root))
    if not files:
        raise RuleError(f'no rule files in "{root}"')
    return files


def _own(root: str) -> Iterator[tuple[str, Any]]:
    """The rules of a user's file or folder, as `_judged`; raises RuleError for a link to a file that it would show."""
    from callint.source.bounds import Bounds

    files = _found(root)
    if files == [root]:
        return _judged(files, own=True)
    bounds = Bounds(root, os.curdir)
    for file in files:
        if os.path.islink(file) and not bounds.hold(file):
            raise RuleError(f"{file}: it is a link out of the folder of rules, name the file itself to have it read")
    return _judged(files, bounds, own=True)


def _parsed(root: str) -> list[tuple[str, Any]]:
    """Each rule file of a folder with its first document, held against the schema only if something is missing.

    Raises RuleError.
    """
    from callint.source import parse

    files = _found(root)
    parsed = parse(_BETWEEN.join(_read(file).partition(_BETWEEN)[0] for file in files), root, own=True)
    heads = [document.value for document in parsed.documents]
    fit = len(heads) == len(files) and all(isinstance(one, dict) and one.keys() >= set(_NEEDED) for one in heads)
    return list(zip(files, heads, strict=True)) if fit and not parsed.problems else list(_judged(files))


def _judged(files: Iterable[str], bounds: Bounds | None = None, *, own: bool = False) -> Iterator[tuple[str, Any]]:
    """Each file with its first document, held against schemas/rule.json; raises RuleError where it does not fit.

    One of a user's `own` names no stage, which would never report it.
    """
    from callint.conform import violations
    from callint.source import parse

    for file in files:
        parsed = parse(_read(file, bounds), file, own=True)
        for problem in parsed.problems:
            raise _misplaced(problem.span, problem.message)
        documents = [document for document in parsed.documents if document.value is not None]
        if not documents:
            raise RuleError(f"{file}: the first document is empty")
        if len(documents) > 2:
            raise RuleError(f"{file}:{documents[2].first_line}: two documents were expected, here begins a third")
        for path, message, at_key in violations("rule.json", [document.value for document in documents]):
            raise _misplaced(documents[int(path[0])].span(path[1:], key=at_key), message)
        if own and documents[0].value["check"] in STAGES:
            said = f'"{documents[0].value["check"]}" is no check for rules of your own: its problems have rules already'
            raise _misplaced(documents[0].span(("check",)), said)
        yield file, documents[0].value


def _misplaced(span: Span, message: str) -> RuleError:
    return RuleError(f"{span.start}: {message}")


def placed(rule: Rule, parameter: str) -> str:
    """Where the file of a rule has a parameter of its check, or all of them: file, line and column."""
    from callint.source import parse

    try:
        (document,) = parse(_read(rule.file).partition(_BETWEEN)[0], rule.file).documents
    except (RuleError, ValueError):  # it was read before, and is another one by now
        return rule.file
    path = ("with", parameter) if parameter in rule.parameters else ("with",) if rule.parameters else ("check",)
    return document.span(path, key=True).start


def explanation(rule: Rule) -> Explanation:
    """The second document of a rule's file, which those of users may lack; raises RuleError when it is no map."""
    from callint.source import parse

    _, _, body = _read(rule.file).partition(_BETWEEN)
    parsed = parse(body, rule.file, own=True)
    plain = parsed.documents[0].value or {} if parsed.documents else {}
    if parsed.problems or not isinstance(plain, dict):
        raise RuleError(f"{rule.file}: the second document must be a map with why, fix, references and examples")
    examples = tuple(
        Example(
            title=str(one.get("title", "")),
            bad=str(one.get("bad", "")),
            good=str(one.get("good", "")),
            facts=str(one.get("facts", "")),
            config=str(one.get("config", "")),
            good_facts=str(one.get("good-facts", one.get("facts", ""))),
            good_config=str(one.get("good-config", one.get("config", ""))),
            encoding=str(one.get("encoding", "utf-8")),
            format=str(one.get("format", "yaml")),
        )
        for one in plain.get("examples", [])
    )
    return Explanation(
        str(plain.get("why", "")).strip(),
        str(plain.get("fix", "")).strip(),
        tuple(str(one) for one in plain.get("references", [])),
        examples,
    )


def text_of(rule: Rule) -> RuleText:
    """A rule with its explanation; raises RuleError when that cannot be read."""
    return RuleText(rule, explanation(rule))
