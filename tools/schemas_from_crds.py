"""Make `schemas/` from the CRD files of every release.

    tools/schemas_from_crds.py CRDS [CRDS...] [--overlay schemas/overlay.json] [--out schemas] [--cel]

Each CRDS is a folder named by its release (`v3.20.6`, `HEAD` for the unreleased one) with CRD files, and a folder
`v3-native` in it where that release has native projectcalico.org/v3 CRDs. One file a kind is written; `docs/schemas.md`
describes its form. With `--cel` the CEL rules of the newest release are listed instead: they stay in Python.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from callint.calico import OLDEST, UNRELEASED, Release, parse_release
from callint.calico.kinds import CALICO_GROUPS, CANONICAL, V3, group_of
from callint.schema.from_crds import Kind, definitions
from callint.schema.history import APIS, SINCE, UNTIL, VARIANTS, Schema

CHILDREN = ("properties", "items", "additionalProperties")
NATIVE = "v3-native"
SHARED_SIZE = 150
WIDTH = 120

Forms = dict[Release, Schema]


def text(release: Release) -> str:
    """`3.29`."""
    return f"{release[0]}.{release[1]}"


def release_of_folder(folder: Path) -> Release:
    """The minor release that a folder's name says."""
    return UNRELEASED if folder.name == "HEAD" else parse_release(folder.name)


def load(folder: Path) -> Iterator[Any]:
    """Every document of the YAML files in one folder."""
    for file in sorted(folder.glob("*.y*ml")):
        with file.open(encoding="utf-8") as stream:
            yield from yaml.load_all(stream, Loader=yaml.CSafeLoader)


class History:
    """All forms of one kind: by release from the CRDs that Calico stores, and from the native v3 ones."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.apis: dict[str, set[str]] = {}
        self.scope = ""
        self.stored: Forms = {}
        self.native: Forms = {}

    def add(self, release: Release, kind: Kind, *, native: bool) -> None:
        """Take in one CRD version of one release."""
        self.apis.setdefault(kind.api_version, set()).add(kind.kind)
        self.scope = kind.scope
        (self.native if native else self.stored)[release] = kind.schema


def collect(folders: list[Path]) -> dict[str, History]:
    """The histories of all kinds by canonical name."""
    histories: dict[str, History] = {}
    for folder in folders:
        release = release_of_folder(folder)
        for part in (folder, folder / NATIVE):
            for kind in definitions(load(part)):
                name = CANONICAL.get(kind.kind, kind.kind)
                histories.setdefault(name, History(name)).add(release, kind, native=part.name == NATIVE)
    return histories


def own(node: Schema) -> Schema:
    """The keywords of a node without its children."""
    return {key: value for key, value in node.items() if key not in CHILDREN or value is False}


def merge(stored: Forms, native: Forms, life: list[Release], path: str = "") -> Schema:
    """One node for all releases: the newest form, and variants for where another held; `life` is its parent's."""
    forms = stored or native
    present = sorted(forms)
    if [release for release in life if present[0] <= release <= present[-1]] != present:
        raise SystemExit(f"{path}: comes, goes and comes again: {present}")
    newest = own(forms[present[-1]])
    node: Schema = dict(newest)
    if present[0] != life[0]:
        node[SINCE] = text(present[0])
    if present[-1] != life[-1]:
        node[UNTIL] = text(present[-1])
    variants = list(runs(present, lambda release: change(newest, own(forms[release]))))
    if stored:
        variants += native_variants(stored, native, life, path)
    if variants:
        node[VARIANTS] = variants
    everywhere = (*stored.values(), *native.values())
    for key in CHILDREN:
        if key == "properties":
            names = sorted({name for form in everywhere for name in form.get(key, ())})
            if names:
                node[key] = {
                    name: merge(step(stored, key, name), step(native, key, name), present, f"{path}.{name}")
                    for name in names
                    if path or name not in ("apiVersion", "kind", "metadata")
                }
        elif any(isinstance(form.get(key), dict) for form in everywhere):
            node[key] = merge(step(stored, key), step(native, key), present, f"{path}[]")
    return node


def step(forms: Forms, key: str, name: str | None = None) -> Forms:
    """The forms of a child, where it exists."""
    found = {release: form.get(key) for release, form in forms.items()}
    if name is not None:
        found = {release: (value or {}).get(name) for release, value in found.items()}
    return {release: value for release, value in found.items() if isinstance(value, dict)}


def change(newest: Schema, form: Schema) -> Schema:
    """The keywords to put over `newest` so that it becomes `form`."""
    return {key: form.get(key) for key in sorted({*newest, *form}) if newest.get(key) != form.get(key)}


def runs(releases: list[Release], change_at: Callable[[Release], Schema]) -> Iterator[Schema]:
    """Variants, newest first: neighbouring releases with the same change share one."""
    groups: list[tuple[list[Release], Schema]] = []
    for release in reversed(releases):
        changed = change_at(release)
        if groups and groups[-1][1] == changed:
            groups[-1][0].append(release)
        else:
            groups.append(([release], changed))
    for members, changed in groups:
        if changed:
            bounds: Schema = {} if members[-1] == releases[0] else {"since": text(members[-1])}
            if members[0] != releases[-1]:
                bounds["until"] = text(members[0])
            yield {**bounds, **changed}


def native_variants(stored: Forms, native: Forms, life: list[Release], path: str) -> Iterator[Schema]:
    """Where the native CRDs differ from the stored ones.

    Below the root they show the v3 API's Go types, which calicoctl decodes into as well; the root's `required` is the
    API server's alone.
    """

    def change_at(release: Release) -> Schema:
        if release not in native:
            return {}
        if release not in stored:
            return {SINCE: text(release)} if min(stored) != life[0] else {}
        return change(own(stored[release]), own(native[release]))

    for variant in runs(sorted({*native, *stored}), change_at):
        bounds: Schema = {key: variant.pop(key) for key in ("since", "until") if key in variant}
        yield {**bounds, "roads": ["calicoctl", "native"] if path else ["native"], **variant}


def expand(pattern: str) -> list[str]:
    """`spec.{ingress,egress}[]` is two paths."""
    choice = re.search(r"\{([^{}]+)\}", pattern)
    if not choice:
        return [pattern]
    return [
        path
        for word in choice[1].split(",")
        for path in expand(f"{pattern[: choice.start()]}{word}{pattern[choice.end() :]}")
    ]


def read_overlay(file: Path) -> dict[str, Schema]:
    """The hand-written facts by kind and path; a group of kinds may share some."""
    data = json.loads(file.read_text(encoding="utf-8"))
    kinds: dict[str, Schema] = data["kinds"]
    for group in data["shared"]:
        for kind in group["kinds"]:
            kinds.setdefault(kind, {}).update(group["fields"])
    return kinds


def lay_over(kind: str, schema: Schema, overlay: Schema) -> None:
    """Put hand-written facts on the nodes that their paths name; variants are added to those of the CRDs."""
    for pattern, facts in overlay.items():
        for path in expand(pattern):
            node = schema
            for name in filter(None, re.split(r"\.|(?=\[\])", path)):
                node = node.get("items", {}) if name == "[]" else node.get("properties", {}).get(name, {})
            if not node:
                raise SystemExit(f"overlay: {kind} has no {path}")
            extra = {key: value for key, value in facts.items() if key != VARIANTS}
            node.update(extra)
            for variant in facts.get(VARIANTS, ()):
                add_variant(node, variant)


def add_variant(node: Schema, variant: Schema) -> None:
    """Add one; where it only keeps what a CRD variant takes away, that one is confined to the other roads instead."""
    kept = {key: value for key, value in variant.items() if key not in ("since", "until", "roads")}
    bounds = {key: value for key, value in variant.items() if key in ("since", "until")}
    if variant.get("roads") == ["calicoctl"] and all(node.get(key) == value for key, value in kept.items()):
        for other in node.get(VARIANTS, ()):
            if "roads" not in other and other == {**bounds, **dict.fromkeys(kept)}:
                other["roads"] = ["native", "crd"]
                return
    node.setdefault(VARIANTS, []).append(variant)


def profile(policy: Schema) -> Schema:
    """Profile has no CRD: rules as in a policy, and labels (api/pkg/apis/projectcalico/v3/profile.go)."""
    rules = {name: policy["properties"]["spec"]["properties"][name] for name in ("egress", "ingress")}
    rules = {name: {"type": "array", "items": rule["items"]} for name, rule in rules.items()}
    labels = {"type": "object", "additionalProperties": {"type": "string"}}
    spec = {"type": "object", "additionalProperties": False, "properties": {**rules, "labelsToApply": labels}}
    head = {key: policy[key] for key in ("$schema", "type", "additionalProperties")}
    properties = {key: policy["properties"][key] for key in ("apiVersion", "kind", "metadata")}
    return {
        **head,
        "title": "Profile",
        APIS: {V3: ["Profile"]},
        "x-callint-scope": "Cluster",
        "properties": {**properties, "spec": spec},
        "$defs": policy["$defs"],
    }


def share(schema: Schema) -> Schema:
    """Give subtrees that occur more than once a place of their own in `$defs`."""
    counted: dict[str, list[str]] = {}

    def count(node: Any, name: str) -> None:
        if isinstance(node, dict):
            if "properties" in node and len(key := json.dumps(node, sort_keys=True)) > SHARED_SIZE:
                counted.setdefault(key, []).append(name)
                if len(counted[key]) > 1:
                    return
            for key in CHILDREN:
                child = node.get(key)
                if key == "properties":
                    for word, value in (child or {}).items():
                        count(value, word)
                elif isinstance(child, dict):
                    count(child, name)

    count(schema, "")
    names: dict[str, str] = {}
    for key, places in counted.items():
        if len(places) > 1:
            word = min(places)
            names[key] = word if word not in names.values() else f"{word}{len(names)}"

    def replace(node: Any, top: bool = False) -> Any:
        if not isinstance(node, dict):
            return node
        name = None if top else names.get(json.dumps(node, sort_keys=True))
        if name is not None:
            return {"$ref": f"#/$defs/{name}"}
        out = {}
        for key, value in node.items():
            if key == "properties":
                out[key] = {word: replace(child) for word, child in value.items()}
            else:
                out[key] = replace(value) if key in CHILDREN else value
        return out

    shared: Schema = replace(schema)
    if names:
        by_name = {name: json.loads(key) for key, name in names.items()}
        shared["$defs"] = {name: replace(by_name[name], top=True) for name in sorted(by_name)}
    return shared


def finish(history: History, overlay: Schema) -> Schema:
    """The whole file of one kind."""
    everything = [(OLDEST[0], minor) for minor in range(OLDEST[1], UNRELEASED[1] + 1)]
    body = merge(history.stored, history.native, everything)
    lay_over(history.name, body, overlay)
    calico = any(group_of(api) in CALICO_GROUPS for api in history.apis)
    if calico:
        history.apis.setdefault(V3, {history.name})
    meta = "kubernetes/ObjectMeta.json" if calico else "ObjectMeta.json"
    body["properties"] = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"$ref": meta},
        **body["properties"],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": history.name,
        APIS: {api: sorted(kinds) for api, kinds in sorted(history.apis.items())},
        "x-callint-scope": history.scope,
        **share(body),
    }


ORDER = [
    *("$schema", "title", "x-callint-apis", "x-callint-scope", "$ref", "type", "format", "enum", "pattern", "required"),
    *("default", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems"),
    *("minProperties", "maxProperties", "additionalProperties"),
]
LAST = [VARIANTS, "properties", "items", "$defs"]


def ordered(node: Any) -> Any:
    """The same schema with its keywords in one order: what it is, its bounds, its marks, its children."""
    if not isinstance(node, dict):
        return node
    known = [key for key in ORDER if key in node]
    marks = sorted(key for key in node if key not in ORDER and key not in LAST)
    keys = [*known, *marks, *(key for key in LAST if key in node)]
    out = {}
    for key in keys:
        value = node[key]
        if key in ("properties", "$defs"):
            out[key] = {name: ordered(child) for name, child in value.items()}
        else:
            out[key] = ordered(value) if key in CHILDREN else value
    return out


def pretty(value: Any, indent: int = 0, lead: int = 0) -> str:
    """JSON with what fits on a line on one line."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or not value or indent + lead + len(line) <= WIDTH - 1:
        return line
    pad = " " * (indent + 1)
    if isinstance(value, dict):
        inner = [f"{pad}{json.dumps(k)}: {pretty(v, indent + 1, len(k) + 4)}" for k, v in value.items()]
        return "{\n" + ",\n".join(inner) + "\n" + " " * indent + "}"
    return "[\n" + ",\n".join(pad + pretty(v, indent + 1) for v in value) + "\n" + " " * indent + "]"


def cel_rules(node: Schema, path: str = "") -> Iterator[tuple[str, str]]:
    """Every CEL rule of a CRD's schema with its path."""
    for rule in node.get("x-kubernetes-validations", ()):
        yield path or ".", " ".join(str(rule.get("rule", "")).split())
    for name, child in node.get("properties", {}).items():
        yield from cel_rules(child, f"{path}.{name}".lstrip("."))
    for key, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(node.get(key), dict):
            yield from cel_rules(node[key], path + mark)


def main() -> None:
    """Read the arguments and write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("crds", nargs="+", type=Path)
    parser.add_argument("--overlay", type=Path, default=Path("schemas/overlay.json"))
    parser.add_argument("--out", type=Path, default=Path("schemas"))
    parser.add_argument("--cel", action="store_true")
    options = parser.parse_args()
    folders = sorted(options.crds, key=release_of_folder)
    if options.cel:
        for crd in load(folders[-1]):
            for version in crd["spec"]["versions"]:
                for path, rule in cel_rules(version["schema"]["openAPIV3Schema"]):
                    print(f"{crd['spec']['names']['kind']}\t{path}\t{rule}")
        return
    overlay = read_overlay(options.overlay)
    for history in collect(folders).values():
        schema = finish(history, overlay.get(history.name, {}))
        write(options.out, schema)
        if history.name == "NetworkPolicy":
            write(options.out, profile(schema))


def write(out: Path, schema: Schema) -> None:
    """One file: Calico's own kinds at the top, those of Kubernetes' groups in a folder."""
    calico = any(group_of(api) in CALICO_GROUPS for api in schema[APIS])
    target = out / ("" if calico else "kubernetes") / f"{schema['title']}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(pretty(ordered(schema)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
