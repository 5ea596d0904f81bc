"""What the paths given on the command line hold of the manifests that there are, and what they leave out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice

from callint.config import ClusterConfig, Config, named
from callint.finding import Problem, Related, Span, quoted
from callint.source.discover import SUFFIXES, discover, show
from callint.source.globs import WILDCARDS, base_of, compile_glob
from callint.suppress import above, absolute

_NAMED = 3
_NOWHERE = "unreadable-file"
_MOST_READ, _MOST_BYTES = 100, 1 << 20
_MARK = b"projectcalico.org/"


def named_singly(config: Config, given: Sequence[str], *, ignore: bool) -> Iterator[str]:
    """The manifests of the configuration, folders and patterns, of which the paths given hold every file one by one.

    With `ignore` but for those that git ignores; none where no path is given, which means all.
    """
    if not given or "-" in given or config.document is None:
        return
    held = frozenset(map(absolute, given)).union((absolute(config.file),) if config.file else ())
    folders = {folder for path in held for folder in above(path)}
    for root in dict.fromkeys(root for about in config.clusters for root in about.manifests):
        if held.isdisjoint(above(absolute(root))) and absolute(base_of(root)[0]) in folders:
            found = discover((root,), ignore, excluded=config.excluded)
            if not found.problems and not any(held.isdisjoint(above(absolute(one.path))) for one in found.places):
                yield root


def named_there(config: Config, problems: Sequence[Problem]) -> Sequence[Problem]:
    """The problems, those of paths that the configuration names and that lead nowhere with the place where it does."""
    if not config.file or not config.document or all(problem.kind != _NOWHERE for problem in problems):
        return problems
    folder = os.path.dirname(config.file)
    places: dict[str, Related] = {}
    for at, path, _ in named(config.document.value):
        places.setdefault(show(os.path.join(folder, path)), Related(config.document.span(at), "named here"))
    return [
        problem._replace(related=(places[problem.span.file],))
        if problem.kind == _NOWHERE and problem.span.file in places
        else problem
        for problem in problems
    ]


def left_out(config: Config, given: Sequence[str], cluster: ClusterConfig) -> Iterator[Problem]:
    """That the paths given on the command line do not hold all manifests of a cluster.

    None given is all of them, and what comes by standard input is taken to be; what is excluded is none of them.
    """
    if not given or "-" in given or config.document is None:
        return
    held = frozenset(map(absolute, given))
    patterns = [path for path in held if WILDCARDS.intersection(path)]
    roots = [
        (number, root)
        for number, root in enumerate(cluster.manifests)
        if held.isdisjoint(above(absolute(root)))
        and not any(compile_glob(pattern).fullmatch(absolute(root)) for pattern in patterns)
        and (not config.excluded or discover((root,), excluded=config.excluded).places)
    ]
    if roots:
        several = ("clusters", cluster.name) if "clusters" in config.document.value else ()
        span = config.document.span((*several, "manifests", roots[0][0]))
        names = quoted([show(root) for _, root in roots], _NAMED)
        message = (
            f'cluster "{cluster.name}" has manifests in {names} that are not given: what they define is missing here'
        )
        yield Problem("manifests-left-out", span, message)


def excluding_nothing(config: Config, given: Sequence[str]) -> Iterator[Problem]:
    """The patterns of the configuration that leave nothing out of all that it names; of a part nobody knows.

    Where it names nothing that is the folder in which it lies.
    """
    if given or config.document is None or config.file is None:
        return
    whole = any(about.manifests for about in config.clusters) or absolute(os.curdir) in above(absolute(config.file))
    if not whole:
        return
    for number in config.excluded.unused():
        span = config.document.span(("exclude", number))
        yield Problem("suppression-unused", span, "this pattern leaves nothing out")


def beside(config: Config, given: Sequence[str]) -> tuple[str, ...]:
    """Files with objects of Calico beside files that are given one by one, where nothing says what a cluster has.

    No more than are to be named, and one.
    """
    if not given or "-" in given or any(about.manifests for about in config.clusters):
        return ()
    held = frozenset(map(absolute, given))
    patterns = [compile_glob(path) for path in held if WILDCARDS.intersection(path)]
    folders = sorted({os.path.dirname(path) for path in held if os.path.isfile(path)})
    found = (path for folder in folders if held.isdisjoint(above(folder)) for path in _files(folder))
    others = (path for path in found if path not in held and not any(one.fullmatch(path) for one in patterns))
    others = (path for path in others if not config.excluded.reaches(path))
    return tuple(islice(filter(_of_calico, islice(others, _MOST_READ)), _NAMED + 1))


def _files(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            files = [entry.path for entry in entries if entry.is_file(follow_symlinks=False)]
    except OSError:
        return []
    return sorted(absolute(path) for path in files if path.endswith(SUFFIXES))


def _of_calico(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return _MARK in file.read(_MOST_BYTES)
    except OSError:
        return False


def left_beside(config: Config, given: Sequence[str], span: Span) -> Iterator[Problem]:
    """That manifests lie beside the files given and are not given, told at a place where they may be missed."""
    others = beside(config, given)
    if others:
        names = ", ".join(f'"{os.path.basename(path)}"' for path in others[:_NAMED])
        names += " and others" if len(others) > _NAMED else ""
        message = (
            f"beside the files that are given lie manifests that are not: {names}; what they define is missing here"
        )
        yield Problem("manifests-left-out", span, message, help="give the folder, not the files that changed")
