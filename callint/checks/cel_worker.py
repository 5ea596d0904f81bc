"""A process of its own that evaluates one CEL expression: whatever it does, callint can end it and go on.

Its argument is the seconds that it may take. It reads one JSON value from standard input and writes JSON lines: what
the expression is, then one answer a subject. It is run as a file and imports nothing of callint.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

MEMORY = 2 << 30
_STATUS = re.compile(r"^[A-Z_]+: (.*?)(?: \[[A-Z_]+\])?$", re.DOTALL)
_PLACE = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): ([^\n]*)")


def main() -> None:
    """Evaluate `expression` for each of `subjects`; with `all`, `objects` is what the expression may ask for."""
    bound(int(sys.argv[1]))
    task = json.load(sys.stdin)
    for answer in answers(task["expression"], task["subjects"], task["all"]):
        print(json.dumps(answer), flush=True)


def bound(seconds: int) -> None:
    """Let the system end this process even when nobody waits for it any more; Windows has no such bounds."""
    try:
        import resource
    except ImportError:
        return
    for what, limit in ((resource.RLIMIT_CPU, seconds + 2), (resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
        _, most = resource.getrlimit(what)
        try:
            resource.setrlimit(what, (limit if most < 0 else min(limit, most), most))
        except (OSError, ValueError):  # macOS refuses RLIMIT_AS
            continue


def answers(text: str, subjects: list[Any], objects: list[Any] | None) -> Iterator[Any]:
    """First `{}`, or `{"error", "line", "column"}`; then for each subject true, false, or why it is neither.

    A subject that is null is the whole cluster: the expression has no `object` then.
    """
    cel = import_module("cel_expr_python.cel")
    names = ["objects"] if subjects == [None] else ["object", "objects"]
    environment = cel.NewEnv(variables=dict.fromkeys(names, cel.Type.DYN))
    try:
        expression = environment.compile(text)
    except RuntimeError as error:
        yield refused(str(error))
        return
    kind = expression.return_type().name()
    if kind not in ("BOOL", "DYN"):
        yield {"error": f"it yields a value of type {kind.lower()}, a boolean was expected"}
        return
    yield {}
    for subject in subjects:
        data = {"objects": objects} if subject is None else {"object": subject, "objects": objects}
        yield answer(expression, {name: data[name] for name in names})


def answer(expression: Any, data: dict[str, Any]) -> Any:
    """One evaluation; CEL knows errors as values, and the bounds of the library raise."""
    try:
        value = expression.eval(data=data)
        plain = value.plain_value()
    except Exception as error:  # the library raises what it likes
        return sentence(str(error))
    if value.type().name() == "ERROR":
        return sentence(str(plain))
    return plain if isinstance(plain, bool) else f"it yields a value of type {value.type().name().lower()}"


def refused(message: str) -> dict[str, Any]:
    """What the compiler says, with the first place that it names."""
    place = _PLACE.search(message)
    if place is None:
        return {"error": sentence(message)}
    line, column = int(place[1]), int(place[2])
    told: dict[str, Any] = {"error": sentence(place[3].split(" [INVALID")[0].split(" expecting {")[0])}
    return {**told, "line": line, "column": column} if line > 0 else told


def sentence(message: str) -> str:
    """The library's message without its status codes, on one line, with a small letter in front."""
    bare = _STATUS.match(message)
    text = " ".join((bare[1] if bare else message).split()).replace(" : ", ": ")[:200]
    return text[:1].lower() + text[1:]


if __name__ == "__main__":
    main()
