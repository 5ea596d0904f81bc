"""Rules of the user in CEL, for what no other check covers: an expression that must hold for every object.

The expression is evaluated by Google's CEL library (`pip install 'callint[cel]'`) in a process of its own, which has
neither the manifests' files nor the network to work with and is ended when it takes too long: `docs/rules.md`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from callint.checks import cel_worker
from callint.checks.breach import Breach, CheckError
from callint.finding import Path
from callint.objects import Cluster, Resource, fields
from callint.record import NamedTuple
from callint.schema.catalogue import meant_kind

LONGEST = 4096
"""Characters of an expression; the library itself bounds how deep it nests and how often its macros go round."""
PARAMETERS = ("apiVersion", "at", "each", "expression", "kind", "message")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ENDED = f"the evaluation ended early, it may use {cel_worker.MEMORY >> 30} GiB of memory"
_GUARD = "ask has(object.some.field) before you read a field that may be absent"


class Question(NamedTuple):
    """The parameters of the check, and the words of the expression."""

    expression: str
    message: str
    kind: str | None
    api_version: str | None
    each: str
    at: Path
    words: frozenset[str]


class Answers(NamedTuple):
    """One answer for each subject, as far as the evaluation came, and why it came no further."""

    given: list[bool | str]
    stopped: str = ""


def check(cluster: Cluster, parameters: Mapping[str, Any]) -> Iterator[Breach]:
    """Objects for which `expression` is false; undecided where it cannot be evaluated.

    Parameters: `expression`; `message`, in which {kind}, {namespace} and {name} stand for the object's; which objects:
    `kind`, perhaps with `apiVersion`, or `each: object` for all, or `each: cluster` for one question about the cluster;
    `at`, the dotted path of the place to show. The expression sees `object` (the object as written, a schema error's
    value left out) and `objects` (all of them). Raises CheckError for unusable parameters, an expression that is none
    (with its line and column), and a missing library.
    """
    question = _question(parameters)
    if question.each == "cluster":
        yield from _of_cluster(cluster, question)
    else:
        yield from _of_objects(cluster, question)


def _question(parameters: Mapping[str, Any]) -> Question:
    for name, value in parameters.items():
        if not isinstance(value, str) or not value.strip():
            raise CheckError(f'the parameter "{name}" must be text', name)
    for name in ("expression", "message"):
        if name not in parameters:
            raise CheckError(f'the parameter "{name}" is needed', name)
    text, kind = parameters["expression"], parameters.get("kind")
    each = parameters.get("each", "object" if kind else "")
    if each not in ("object", "cluster") or (kind and each == "cluster"):
        raise CheckError('either "kind" is needed, or "each" with the value object or cluster')
    if len(text) > LONGEST:
        raise CheckError(f"an expression has at most {LONGEST} characters, this one has {len(text)}", "expression")
    for name in re.findall(r"{\w+}", parameters["message"]):
        if name not in ("{kind}", "{namespace}", "{name}"):
            raise CheckError(f'"message" knows {{kind}}, {{namespace}} and {{name}}, not {name}', "message")
    at: Path = tuple(parameters.get("at", "metadata.name").split("."))
    words = frozenset(_WORD.findall(text))
    return Question(text, parameters["message"], kind, parameters.get("apiVersion"), each, at, words)


def _of_objects(cluster: Cluster, question: Question) -> Iterator[Breach]:
    resources = [one for one in _asked(cluster, question) if not _muted(one, question)]
    if question.kind and not resources and (meant := meant_kind(question.kind)):
        raise CheckError(f'nothing is of the kind "{question.kind}", did you mean "{meant}"', "kind")
    everything = [_readable(one) for one in cluster.all] if "objects" in question.words else None
    answers = _evaluate(question, [_readable(one) for one in resources], everything, cluster.limits.expression_seconds)
    for resource, answer in zip(resources, answers.given, strict=False):
        if answer is not True:
            yield _breach(cluster, question, resource, answer)
    left = resources[len(answers.given) :]
    if left:
        more = f" and {len(left) - 1} more objects" if len(left) > 1 else ""
        reason = f"{answers.stopped}; this object{more} could not be judged"
        yield _breach(cluster, question, left[0], reason)


def _of_cluster(cluster: Cluster, question: Question) -> Iterator[Breach]:
    if not cluster.all:
        return
    answers = _evaluate(question, [None], [_readable(one) for one in cluster.all], cluster.limits.expression_seconds)
    answer = answers.given[0] if answers.given else answers.stopped
    if answer is True:
        return
    place = cluster.all[0].span("kind")
    if answer is False and not cluster.incomplete:
        yield Breach(_filled(question.message, "cluster", "", cluster.name), place)
    else:
        reason = _partly(cluster.incomplete[0].file) if answer is False else str(answer)
        yield Breach(f'cluster "{cluster.name}": {_undecided(reason)}', place, help=_help(reason), undecided=True)


def _asked(cluster: Cluster, question: Question) -> list[Resource]:
    """The objects of that kind; of one defined twice, the last definition counts."""
    found = {
        one.identity: one
        for one in cluster.all
        if question.kind in (None, one.kind) and question.api_version in (None, one.api_version)
    }
    return list(found.values())


def _muted(resource: Resource, question: Question) -> bool:
    """Whether the expression seems to read a value that the schema stage has already called broken."""
    names = [next((step for step in reversed(gap) if isinstance(step, str)), None) for gap in resource.gaps]
    return any(name is None or name in question.words for name in names)


def _readable(resource: Resource) -> Any:
    """The object as written, without the values that a schema error made unreadable."""
    plain: Any = resource.plain
    for gap in resource.gaps:
        plain = _without(plain, gap)
    return plain


def _without(value: Any, path: Path) -> Any:
    step, *rest = path
    if isinstance(value, dict) and step in value:
        if not rest:
            return {key: child for key, child in value.items() if key != step}
        return {**value, str(step): _without(value[step], tuple(rest))}
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        changed = [_without(value[step], tuple(rest))] if rest else []
        return [*value[:step], *changed, *value[step + 1 :]]
    return value


def _breach(cluster: Cluster, question: Question, resource: Resource, answer: bool | str) -> Breach:
    path = _steps(resource.plain, question.at)
    value = fields.at(resource.plain, path)
    span = resource.span(*path, key=value is None or isinstance(value, (dict, list)))
    if answer is False:
        partial = [resource.document] if not resource.document.complete else []
        partial += cluster.incomplete if "objects" in question.words else []
        if not partial:
            message = _filled(question.message, resource.kind, resource.namespace or "", resource.name)
            return Breach(message, span, resource.ref, path)
        answer = _partly(partial[0].file)
    message = f'{resource.kind} "{resource.name}": {_undecided(str(answer))}'
    return Breach(message, span, resource.ref, path, help=_help(str(answer)), undecided=True)


def _filled(message: str, kind: str, namespace: str, name: str) -> str:
    return message.replace("{kind}", kind).replace("{namespace}", namespace).replace("{name}", name)


def _undecided(reason: str) -> str:
    return f"the rule's expression cannot be decided: {reason}"


def _partly(file: str) -> str:
    return f'a document of "{file}" could be read only in part'


def _help(reason: str) -> str:
    return _GUARD if reason.startswith("key not found") else ""


def _steps(value: Any, dotted: Path) -> Path:
    """The path with the numbers of list items as numbers."""
    steps: list[str | int] = []
    for step in dotted:
        index = isinstance(value, list) and str(step).isascii() and str(step).isdigit()
        steps.append(int(step) if index else step)
        value = fields.at(value, (steps[-1],))
    return tuple(steps)


def _evaluate(question: Question, subjects: list[Any], everything: list[Any] | None, seconds: int) -> Answers:
    """Ask the worker; it is asked even when there is no subject, so that a broken expression never goes unnoticed."""
    task = json.dumps({"expression": question.expression, "subjects": subjects, "all": everything})
    printed, stopped = _run(task, seconds)
    lines = [line for line in printed.split("\n")[:-1] if line]  # a line without its end was cut off
    head = json.loads(lines[0]) if lines else {"error": stopped or _ENDED}
    if "error" in head:
        place = f" at line {head['line']}, column {head['column']}" if "line" in head else ""
        raise CheckError(f"the CEL expression cannot be used{place}: {head['error']}", "expression")
    return Answers([json.loads(line) for line in lines[1:]], stopped or _ENDED)


def _run(task: str, seconds: int) -> tuple[str, str]:
    """What the worker printed, and why it was ended if it was."""
    _require()
    # -P: neither the working directory nor callint/checks may put modules in the worker's way.
    command = [sys.executable, "-P", os.path.abspath(cel_worker.__file__), str(seconds)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    ) as worker:
        try:
            return worker.communicate(task, timeout=seconds)[0], ""
        except subprocess.TimeoutExpired:
            worker.kill()
            return worker.communicate()[0], f"the evaluation took more than {seconds} seconds"


def _require() -> None:
    from importlib.util import find_spec

    if sys.version_info < (3, 11) or find_spec("cel_expr_python") is None or not sys.executable:
        raise CheckError("it needs a CEL library: `pip install 'callint[cel]'` adds it to a Python from 3.11 to 3.14")
