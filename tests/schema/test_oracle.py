"""The closures against `jsonschema`: the same verdict and the same places on valid and on mutated objects."""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from callint.calico import Release, Road
from callint.schema.catalogue import calico_kinds, read
from callint.schema.compile import Checker, checker
from callint.schema.explain import explain
from callint.schema.history import Schema, at, form, resolve
from callint.schema.lookup import Lookup
from callint.schema.patterns import compiled

KINDS = sorted(calico_kinds())
RELEASES: list[Release] = [(3, 20), (3, 26), (3, 29), (3, 31), (3, 32), (3, 33)]
ROADS: list[Road] = ["crd", "native"]
Place = tuple[Any, ...]


def without_defaulted(node: Any) -> Any:
    """The API server fills defaults in before it asks what is missing, and an empty text has no format."""
    if isinstance(node, list):
        return [without_defaulted(item) for item in node]
    if not isinstance(node, dict):
        return node
    out = {key: without_defaulted(value) for key, value in node.items()}
    if isinstance(out.get("required"), list):
        properties = out.get("properties", {})
        out["required"] = [name for name in out["required"] if "default" not in properties.get(name, {})]
    if out.get("format") == "cidr":
        out.setdefault("minLength", 1)
    if isinstance(out.get("pattern"), str):
        out["pattern"] = compiled(out["pattern"]).pattern  # type: ignore[union-attr]
    return out


def without_nulls(value: Any) -> Any:
    """The API server prunes null properties."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


@lru_cache(maxsize=64)
def pair(kind: str, release: Release, road: Road) -> tuple[Schema, Checker, Draft202012Validator] | None:
    history = read(kind)
    if form(history, release, road) is None:
        return None
    plain = at(history, release, road)
    return plain, checker(plain), Draft202012Validator(without_defaulted(plain))


def theirs(validator: Draft202012Validator, value: Any) -> set[Place]:
    found: set[Place] = set()
    for error in validator.iter_errors(value):
        path = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            known = error.schema.get("properties", {})
            found |= {(*path, name) for name in error.instance if name not in known}
        elif error.validator == "required":
            found |= {(*path, name) for name in error.validator_value if name not in error.instance}
        else:
            found.add(path)
    return found


def ours(check: Checker, value: Any) -> set[Place]:
    """Our places, but for unknown names without a value, which the oracle does not see."""
    return {
        fault.path[:-1] if fault.keyword == "uniqueItems" else fault.path
        for fault in check(value) or ()
        if fault.keyword != "deprecated" and not (fault.keyword == "additionalProperties" and fault.value is None)
    }


def texts(node: Schema) -> st.SearchStrategy[Any]:
    if "enum" in node:
        return st.sampled_from(node["enum"])
    if "pattern" in node:
        words = st.from_regex(compiled(node["pattern"]), alphabet="abcdefghijklmnopqrstuvwxyzAMST0123456789:./=_-, \\")  # type: ignore[arg-type]
        return words.filter(lambda text: len(text) <= node.get("maxLength", 999))
    least = node.get("minLength", int(node.get("format") == "cidr"))
    return st.text("ab0.:/-", min_size=least, max_size=min(8, node.get("maxLength", 8)))


def values(root: Schema, node: Schema) -> st.SearchStrategy[Any]:
    """Valid values of a schema."""
    node = resolve(root, node)
    wanted = node.get("type")
    if isinstance(wanted, list):
        return st.one_of([values(root, {**node, "type": name}) for name in wanted if name != "null"])
    if wanted == "object":
        return objects(root, node)
    if wanted == "array":
        return st.lists(
            values(root, node.get("items", {})),
            min_size=node.get("minItems", 0),
            max_size=min(3, node.get("maxItems", 3)),
            unique_by=repr if node.get("uniqueItems") else None,
        )
    if wanted == "string":
        return texts(node)
    if wanted == "boolean":
        return st.booleans()
    if wanted in ("integer", "number"):
        if "enum" in node:
            return st.sampled_from(node["enum"])
        return st.integers(node.get("minimum", -5), node.get("maximum", 99))
    return st.integers()


def objects(root: Schema, node: Schema) -> st.SearchStrategy[Any]:
    properties = node.get("properties", {})
    required = node.get("required", [])
    rest = node.get("additionalProperties")
    if not properties and isinstance(rest, dict):
        return st.dictionaries(st.text("ab./", min_size=1, max_size=4), values(root, rest), max_size=3)

    @st.composite
    def build(draw: st.DrawFn) -> dict[str, Any]:
        optional = sorted(set(properties) - set(required))
        most = min(4, node.get("maxProperties", 4))
        chosen = (
            draw(
                st.lists(
                    st.sampled_from(optional),
                    unique=True,
                    min_size=min(node.get("minProperties", 0), len(optional)),
                    max_size=most,
                )
            )
            if optional
            else []
        )
        return {name: draw(values(root, properties[name])) for name in [*required, *chosen]}

    return build()


def containers(value: Any, path: Place = ()) -> list[Place]:
    found = [path]
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, child in pairs:
        found += containers(child, (*path, step))
    return found


JUNK = st.one_of(
    *(st.integers(-3, 10**10), st.floats(0, 9), st.booleans(), st.text("aZ ,=:.<$", max_size=70)),
    *(st.just([]), st.just({}), st.just([1, 1]), st.just({"zz": 1})),
)


def mutated(draw: st.DrawFn, value: Any) -> tuple[Any, Place]:
    """One change somewhere: a value replaced, removed, added, renamed or doubled."""
    value = copy.deepcopy(value)
    path = draw(st.sampled_from(containers(value)[1:] or [()]))
    if not path:
        return draw(JUNK), ()
    holder = value
    for step in path[:-1]:
        holder = holder[step]
    step = path[-1]
    action = draw(st.sampled_from(["replace", "remove", "add", "rename", "null"]))
    if isinstance(holder, list):
        if action == "add":
            holder.append(copy.deepcopy(holder[step]))
        else:
            holder[step] = draw(JUNK)
    elif action == "remove":
        del holder[step]
    elif action == "rename":
        holder[f"{step}s"] = holder.pop(step)
    elif action == "add":
        holder["zz"] = draw(JUNK)
    else:
        holder[step] = None if action == "null" else draw(JUNK)
    return value, path


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, Release, Road, Any]:
    kind = draw(st.sampled_from(KINDS))
    release = draw(st.sampled_from(RELEASES))
    road = draw(st.sampled_from(ROADS))
    both = pair(kind, release, road)
    return kind, release, road, draw(values(both[0], both[0])) if both else None


SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@SLOW
@given(cases(), st.data())
def test_same_verdict_and_same_places_as_jsonschema(case: tuple[str, Release, Road, Any], data: st.DataObject) -> None:
    kind, release, road, value = case
    both = pair(kind, release, road)
    if both is None:
        return
    _, check, validator = both
    assert ours(check, value) == theirs(validator, without_nulls(value)) == set()
    for _ in range(3):
        value, _ = data.draw(st.composite(mutated)(value))
        assert ours(check, value) == theirs(validator, without_nulls(value))


@SLOW
@given(cases(), st.data())
def test_one_mutation_is_reported_at_its_place(case: tuple[str, Release, Road, Any], data: st.DataObject) -> None:
    kind, release, road, value = case
    both = pair(kind, release, road)
    if both is None:
        return
    _, check, _ = both
    broken, path = data.draw(st.composite(mutated)(value))
    for fault in check(broken) or ():
        if fault.keyword == "deprecated":
            continue
        near = min(len(fault.path), len(path)) - 1
        assert fault.path[:near] == path[:near]
        story = explain(Lookup(kind, read(kind), release, road), fault)
        assert story is None or story.message


@SLOW
@given(cases(), st.data())
def test_what_the_strict_reading_accepts_calicoctl_accepts(
    case: tuple[str, Release, Road, Any], data: st.DataObject
) -> None:
    kind, release, _, _ = case
    history = read(kind)
    if form(history, release, "calicoctl") is None:
        return
    plain = at(history, release, "calicoctl")
    strict, lenient = checker(plain), checker(plain, lenient=True)
    value = data.draw(values(plain, plain))
    broken, _ = data.draw(st.composite(mutated)(value))
    assert ours(lenient, value) == set()
    assert ours(lenient, broken) <= ours(strict, broken) | {
        fault.path for fault in lenient(broken) or () if len(fault.path) > 1 or fault.keyword == "case"
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_schema_is_a_json_schema(kind: str) -> None:
    Draft202012Validator.check_schema(read(kind))
    for release in RELEASES:
        if form(read(kind), release, "calicoctl") is not None:
            Draft202012Validator.check_schema(at(read(kind), release, "calicoctl"))
