"""callint.yaml: found by walking up from the first path, checked against schemas/callint.json, turned into values."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from callint.calico import Dataplane, Exact, Road, parse_exact
from callint.catalogue import Catalogue, Rule
from callint.checks import unknown_parameters
from callint.engine import Setting
from callint.objects import Intent
from callint.record import NamedTuple
from callint.sense import nonsense, service
from callint.source import Document, Limits
from callint.source.bounds import Bounds, target, work_tree
from callint.source.exclude import NOTHING, Excluded
from callint.source.files import OWN, UnreadableError, read_text
from callint.source.gitignore import UnboundedError
from callint.source.globs import base_of
from callint.suggest import did_you_mean, nearest
from callint.suppress import Entry

if TYPE_CHECKING:
    from callint.baseline import Baseline
    from callint.finding import Path, Span

_SETTINGS = ("severity", "enabled")
NAMES = ("callint.yaml", ".callint.yaml", "callint.yml", ".callint.yml")


class ConfigError(Exception):
    """A configuration that cannot be used; the text carries the place and what was expected."""


class Calico(NamedTuple):
    """What the configuration says of the target; None where it is silent."""

    release: Exact | None = None
    road: Road | None = None
    dataplane: Dataplane | None = None


class ClusterConfig(NamedTuple):
    """One cluster: where its manifests and facts lie (paths usable from the working directory) and what it is like."""

    name: str
    calico: Calico
    manifests: tuple[str, ...]
    facts: tuple[str, ...]
    intent: Intent


REST = ClusterConfig("default", Calico(), (), (), Intent())
"""The cluster of documents that belong to none of those that are configured."""


class Config(NamedTuple):
    """Everything that callint.yaml can say, with defaults where it is silent."""

    file: str | None = None
    clusters: tuple[ClusterConfig, ...] = (REST,)
    fail_on: str = "error"
    rules: Mapping[str, Any] = {}
    rule_paths: tuple[str, ...] = ()
    ignores: tuple[Entry, ...] = ()
    baseline: str | None = None
    limits: Limits = Limits()
    jobs: int | None = None
    cache: bool | None = None
    document: Document | None = None
    excluded: Excluded = NOTHING

    @property
    def bounds(self) -> Bounds | None:
        """How far the paths in it may lead."""
        return _bounds(os.path.dirname(self.file)) if self.file else None

    def settings(self, catalogue: Catalogue) -> dict[str, Setting]:
        """The entries under `rules:` by rule id; raises ConfigError for a rule that does not exist."""
        found = {}
        for name, value in self.rules.items():
            rule = catalogue.get(name)
            if rule is None:
                raise ConfigError(self._at(("rules", name), f'"{name}" is no rule{catalogue.meant(name)}'))
            if rule.id in found:
                raise ConfigError(self._at(("rules", name), f"{rule.id} {rule.name} stands here by id and by name"))
            setting = _setting(value)
            if setting.parameters and self.document:
                setting = setting._replace(place=self.document.span(("rules", name), key=True).start)
            found[rule.id] = setting
            for key, message in _unknown(rule, setting.parameters):
                raise ConfigError(self._at(("rules", name, key), message))
        return found

    def _at(self, path: Path, message: str) -> str:
        if self.document is None:
            return message
        return str(_misplaced(self.document, path, message, at_key=True))


def find(start: str) -> str | None:
    """The nearest of NAMES at or above a file or folder, of several the first; raises ConfigError for a link out."""
    folder = os.path.abspath(start if os.path.isdir(start) else os.path.dirname(start))
    while True:
        for name in NAMES:
            candidate = os.path.join(folder, name)
            if os.path.isfile(candidate):
                file = os.path.relpath(candidate)
                if os.path.islink(candidate) and not _bounds(folder).hold(candidate):
                    raise ConfigError(f"{file}: this file {_outside(candidate)}, name it with --config instead")
                return file
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def load(file: str, bounds: Bounds | None = None) -> Config:
    """Read a configuration file; raises ConfigError with file, line and column for anything that cannot be used."""
    document = _document(file, "callint.json", bounds)
    return _config(file, document) if document else Config(file=file)


def sought(start: str) -> Config:
    """The configuration that `find` finds, the default if there is none; raises ConfigError as `load`."""
    file = find(start)
    return load(file, _bounds(os.path.dirname(file))) if file else Config()


def known_findings(file: str, bounds: Bounds | None = None) -> Baseline:
    """Read a baseline; raises ConfigError as `load`."""
    from callint.baseline import baseline

    if "\0" not in file and not os.path.lexists(file):
        raise ConfigError(f"{file}: there is no such baseline, `callint check --write-baseline` writes one")
    document = _document(file, "baseline.json", bounds, Limits().file_bytes)  # as long as the manifests it is about
    if document is None:
        raise ConfigError(f"{file}: this baseline is empty, `callint check --write-baseline` writes one")
    return baseline(document, os.path.dirname(os.path.abspath(file)))


def _document(file: str, schema: str, bounds: Bounds | None, limit: int = OWN) -> Document | None:
    """The one document of a file, which fits a schema of `schemas/`; None if there is none."""
    from callint.conform import violations
    from callint.source import parse

    try:
        text = read_text(file, bounds, limit)
    except UnreadableError as error:
        raise ConfigError(f"{file}: {error}") from error
    parsed = parse(text, file, own=True)
    if parsed.problems:
        first = parsed.problems[0]
        raise ConfigError(f"{first.span.start}: {first.message}")
    documents = parsed.documents
    if not documents or documents[0].value is None:
        return None
    if len(documents) > 1:
        raise ConfigError(f"{file}:{documents[1].first_line}: one document was expected, here begins a second")
    for problem in violations(schema, documents[0].value):
        raise _misplaced(documents[0], *problem)
    return documents[0]


def _misplaced(document: Document, path: Path, message: str, at_key: bool = False) -> ConfigError:
    return ConfigError(f"{document.span(path, key=at_key).start}: {message}")


def _setting(value: Any) -> Setting:
    if isinstance(value, bool):
        return Setting(enabled=value)
    if isinstance(value, str):
        return Setting(enabled=True, severity=value)  # type: ignore[arg-type]  # the schema admits severities only
    parameters = {key: item for key, item in value.items() if key not in _SETTINGS}
    return Setting(value.get("enabled", True), value.get("severity"), parameters)


def _unknown(rule: Rule, parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Keys beside those of every rule that are no parameters of its check either, with a sentence."""
    stage = ((key, f'"{key}" is no known key: {rule.id} takes {" and ".join(_SETTINGS)}') for key in parameters)
    for key, message in stage if rule.staged else unknown_parameters(rule.check, parameters):
        near = nearest(key, _SETTINGS)
        yield key, f'"{key}" is no known key{did_you_mean(near)}' if near else message


def _intent(document: Document, said: Mapping[str, Any], at: Mapping[str, Path]) -> Intent:
    """What a cluster is like; `at` is where the configuration says it, of the keys that have places."""
    services: dict[str, dict[str, dict[str, int | None]]] = {}
    places: dict[tuple[str, ...], Span] = {}
    for node, about in said.get("nodes", {}).items():
        path: Path = (*at["nodes"], "nodes", node)
        places[(node,)] = document.span(path, key=True)
        services[node] = {}
        for interface, names in about.get("services", {}).items():
            places[node, interface] = document.span((*path, "services", interface), key=True)
            services[node][interface] = dict(map(service, names))
    networks = said.get("masqueraded", [])
    masqueraded = tuple(
        (cidr, document.span((*at["masqueraded"], "masqueraded", index))) for index, cidr in enumerate(networks)
    )
    return Intent(services, masqueraded, said.get("api-server-port"), tuple(said.get("complete", ())), places)


def _config(file: str, document: Document) -> Config:
    plain: dict[str, Any] = document.value
    folder = os.path.dirname(file)
    for problem in nonsense(plain):
        raise _misplaced(document, *problem)
    _confine(document, folder)

    def here(paths: list[str]) -> tuple[str, ...]:
        return tuple(os.path.normpath(os.path.join(folder, path)) for path in paths)

    def cluster(name: str, own: Mapping[str, Any], base: Path) -> ClusterConfig:
        merged = {**plain, **own}
        calico = {**plain.get("calico", {}), **own.get("calico", {})}
        release = parse_exact(calico["release"]) if "release" in calico else None
        at = {key: base if key in own else () for key in ("nodes", "masqueraded")}
        return ClusterConfig(
            name,
            Calico(release, calico.get("applied-with"), calico.get("dataplane")),
            here(own.get("manifests", [])),
            here(merged.get("facts", [])),
            _intent(document, merged, at),
        )

    clusters = tuple(cluster(name, own, ("clusters", name)) for name, own in plain.get("clusters", {}).items())
    rules = dict(plain.get("rules", {}))
    rule_paths = here(rules.pop("paths", []))
    limits = {key.replace("-", "_"): value for key, value in plain.get("limits", {}).items()}
    return Config(
        file=file,
        clusters=clusters or (cluster("default", plain, ()),),
        fail_on=plain.get("fail-on", "error"),
        rules=rules,
        rule_paths=rule_paths,
        ignores=tuple(_ignore(document, folder, index, item) for index, item in enumerate(plain.get("ignore", []))),
        baseline=os.path.normpath(os.path.join(folder, plain["baseline"])) if "baseline" in plain else None,
        limits=Limits(**limits),
        jobs=plain.get("jobs"),
        cache=plain.get("cache"),
        document=document,
        excluded=_excluded(document, folder),
    )


def _excluded(document: Document, folder: str) -> Excluded:
    patterns = document.value.get("exclude", [])
    try:
        return Excluded(folder, patterns) if patterns else NOTHING
    except UnboundedError as error:
        message = f"files cannot be held against this: {error}"
        raise _misplaced(document, ("exclude",), message, at_key=True) from error


def _confine(document: Document, folder: str) -> None:
    """Raises ConfigError for a path that leads out of the bounds: whoever proposes a change writes it."""
    bounds = _bounds(folder)
    for at, path, instead in named(document.value):
        if path == "-":
            raise _misplaced(document, at, '"-" is standard input, which arguments alone may name')
        base, _ = base_of(os.path.normpath(os.path.join(folder, path)).replace(os.sep, "/"))
        if not bounds.hold(base):
            raise _misplaced(document, at, f'"{path}" {_outside(base)}, name {instead} instead')


def named(plain: Mapping[str, Any]) -> Iterator[tuple[Path, str, str]]:
    """All that is read: place of the path in the configuration, path, and what the command line may name instead."""
    beside = "a configuration beside it with --config"
    for number, path in enumerate(plain.get("rules", {}).get("paths", [])):
        yield ("rules", "paths", number), path, beside
    if "baseline" in plain:
        yield ("baseline",), plain["baseline"], "it with --baseline"
    for at, own in (((), plain), *((("clusters", name), own) for name, own in plain.get("clusters", {}).items())):
        for key, instead in (("facts", "it with --facts"), ("manifests", beside if at else "it as an argument")):
            yield from (((*at, key, number), path, instead) for number, path in enumerate(own.get(key, [])))


def _bounds(folder: str) -> Bounds:
    return Bounds(folder, os.curdir, work_tree(folder))


def _outside(path: str) -> str:
    bounds = "the folder of the configuration, its git work tree and the working directory"
    return f'leads to "{target(path)}", out of {bounds}'


def _ignore(document: Document, folder: str, index: int, item: Mapping[str, Any]) -> Entry:
    span = document.span(("ignore", index, "rule"))
    until = None
    if "until" in item:
        from datetime import date

        until = date.fromisoformat(item["until"])
    path = os.path.abspath(os.path.join(folder, item["path"])) if "path" in item else ""
    return Entry(item["rule"], item["reason"], span, (), item.get("object", ""), path, in_source=False, until=until)
