"""Compare `schemas/` at each release with the CRD files of that release, and list every difference.

    tools/compare_schemas.py CRDS [CRDS...] [--differences tools/differences.json]

The folders are those of `schemas_from_crds.py`. The CRDs are read here with no help of the code that made the schemas.
Every kind, field, type, enum, bound, pattern, format, default, required list and set list is compared, in both
directions. A difference that `differences.json` explains is counted, any other is printed; the exit code is 1 if there
is one, or if an explanation explains nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from callint.calico import UNRELEASED, Release, Road, parse_release
from callint.calico.kinds import CANONICAL, V1, V3
from callint.schema.catalogue import KUBERNETES, calico_kinds, read
from callint.schema.history import APIS, Schema, at, form, resolve

SAME = (
    *("default", "format", "maximum", "minimum", "maxItems", "minItems", "maxLength", "minLength"),
    *("maxProperties", "minProperties", "pattern"),
)
Facts = dict[tuple[str, str], Any]


class Difference(NamedTuple):
    """One keyword of one path in which a CRD and our schema differ; None is absent."""

    release: str
    kind: str
    path: str
    keyword: str
    crd: Any
    ours: Any


def facts_of_crd(node: Schema, path: str = "") -> Iterator[tuple[tuple[str, str], Any]]:
    """What one CRD says, keyword by keyword."""
    yield (path, "type"), types_of_crd(node)
    for key in SAME:
        if key in node:
            yield (path, key), node[key]
    enums = [part["enum"] for part in (node, *node.get("allOf", ())) if "enum" in part]
    if enums:
        yield (path, "enum"), [value for value in enums[-1] if all(value in enum for enum in enums)]
    if node.get("required"):
        yield (path, "required"), sorted(node["required"])
    if node.get("x-kubernetes-list-type") == "set":
        yield (path, "set"), True
    if any("self == oldSelf" in rule["rule"] for rule in node.get("x-kubernetes-validations", ())):
        yield (path, "immutable"), True
    yield from children(node, path, facts_of_crd)


def types_of_crd(node: Schema) -> list[str]:
    """The JSON types that a structural schema admits."""
    found = [node["type"]] if "type" in node else []
    if node.get("x-kubernetes-int-or-string"):
        found = ["integer", "string"]
    return sorted([*found, "null"] if node.get("nullable") else found)


def facts_of_ours(root: Schema, node: Schema, path: str = "") -> Iterator[tuple[tuple[str, str], Any]]:
    """What our schema says at one release, keyword by keyword."""
    node = resolve(root, node)
    found = node.get("type", [])
    yield (path, "type"), sorted([found] if isinstance(found, str) else found)
    for key in (*SAME, "enum"):
        if key in node:
            yield (path, key), node[key]
    if node.get("required"):
        yield (path, "required"), sorted(node["required"])
    if node.get("uniqueItems"):
        yield (path, "set"), True
    if node.get("x-callint-immutable"):
        yield (path, "immutable"), True
    if "properties" in node and node.get("additionalProperties") is not False:
        yield (path, "open"), True
    yield from children(node, path, lambda child, below: facts_of_ours(root, child, below))


def children(node: Schema, path: str, walk: Any) -> Iterator[tuple[tuple[str, str], Any]]:
    """The facts below a node; `metadata` is Kubernetes' own."""
    for name, child in node.get("properties", {}).items():
        if path or name != "metadata":
            yield from walk(child, f"{path}.{name}")
    for key, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(node.get(key), dict):
            yield from walk(node[key], path + mark)


def compare(folder: Path) -> Iterator[Difference]:
    """Every difference of one release."""
    release = UNRELEASED if folder.name == "HEAD" else parse_release(folder.name)
    seen: dict[Road, set[str]] = {"crd": set(), "native": set()}
    for part, road in ((folder, "crd"), (folder / "v3-native", "native")):
        for file in sorted(part.glob("*.yaml")):
            for crd in yaml.load_all(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader):
                spec = crd["spec"]
                for version in spec["versions"]:
                    kind = spec["names"]["kind"]
                    api = f"{spec['group']}/{version['name']}"
                    seen["native" if road == "native" else "crd"].add(f"{api} {kind}")
                    ours = named(api, kind)
                    theirs = version["schema"]["openAPIV3Schema"]
                    yield from compare_kind(
                        folder.name, release, "native" if road == "native" else "crd", api, kind, ours, theirs
                    )
                    if ours and ours["x-callint-scope"] != spec["scope"]:
                        yield Difference(folder.name, kind, "", "scope", spec["scope"], ours["x-callint-scope"])
    yield from missing(folder.name, release, seen)


def named(api: str, kind: str) -> Schema | None:
    """Our file for a kind."""
    if (api, kind) in KUBERNETES:
        return read(f"kubernetes/{KUBERNETES[api, kind]}")
    name = CANONICAL.get(kind, kind)
    return read(name) if name in calico_kinds() and kind in read(name)[APIS].get(api, ()) else None


def compare_kind(
    folder: str, release: Release, road: Road, api: str, kind: str, ours: Schema | None, theirs: Schema
) -> Iterator[Difference]:
    """Every difference of one kind at one release."""
    label = f"{api} {kind}"
    if ours is None or form(ours, release, road) is None:
        yield Difference(folder, label, "", "kind", True, None)
        return
    plain = at(ours, release, road)
    left: Facts = dict(facts_of_crd(theirs))
    right: Facts = dict(facts_of_ours(plain, plain))
    for place in sorted({*left, *right}):
        if left.get(place) != right.get(place):
            yield Difference(folder, label, *place, left.get(place), right.get(place))


def missing(folder: str, release: Release, seen: dict[Road, set[str]]) -> Iterator[Difference]:
    """Kinds that we have at that release and the CRDs have not."""
    for name in sorted(calico_kinds()):
        schema = read(name)
        apis: list[tuple[Road, str]] = [("crd", V1)]
        if seen["native"]:
            apis.append(("native", V3))
        for road, api in apis:
            for kind in schema[APIS].get(api, ()):
                if form(schema, release, road) is not None and f"{api} {kind}" not in seen[road]:
                    yield Difference(folder, f"{api} {kind}", "", "kind", None, True)


class Explained:
    """The differences by intent, each with a reason; the ones that never occur are stale."""

    def __init__(self, entries: list[dict[str, Any]]) -> None:
        self.entries = entries
        self.used: Counter[int] = Counter()

    def reason(self, difference: Difference) -> str | None:
        """The reason of a difference, or None."""
        for number, entry in enumerate(self.entries):
            if entry["keyword"] != difference.keyword or not difference.kind.endswith(entry.get("kind", "")):
                continue
            if entry.get("crd") == difference.crd and entry.get("ours") == difference.ours:
                self.used[number] += 1
                return str(entry["reason"])
        return None

    def stale(self) -> list[dict[str, Any]]:
        """Entries that explained nothing."""
        return [entry for number, entry in enumerate(self.entries) if not self.used[number]]


def main() -> int:
    """Read the arguments, print what is unexplained."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("crds", nargs="+", type=Path)
    parser.add_argument("--differences", type=Path, default=Path(__file__).with_name("differences.json"))
    options = parser.parse_args()
    explained = Explained(json.loads(options.differences.read_text(encoding="utf-8")))
    open_count = 0
    for folder in options.crds:
        for difference in compare(folder):
            if explained.reason(difference) is None:
                open_count += 1
                print("\t".join(map(str, difference)))
    for entry in explained.stale():
        print(f"explains nothing: {json.dumps(entry)}")
    print(f"{open_count} unexplained, {sum(explained.used.values())} explained", file=sys.stderr)
    return 1 if open_count or explained.stale() else 0


if __name__ == "__main__":
    sys.exit(main())
