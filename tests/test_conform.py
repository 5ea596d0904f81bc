"""What breaks a schema of ours is exactly what jsonschema finds."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from callint.conform import breaches, violations

REPOSITORY = Path(__file__).resolve().parent.parent
SEEDS: dict[str, list[Any]] = {
    "callint.json": [
        yaml.safe_load((REPOSITORY / "examples" / "home-router" / "callint.yaml").read_text(encoding="utf-8")),
        yaml.safe_load(
            """
            calico: {release: v3.30, applied-with: native, dataplane: ebpf}
            clusters:
              one: {manifests: [one], facts: [facts], nodes: {a: {services: {eth0: [dns]}}}, api-server-port: 443}
              two: {manifests: [two], masqueraded: [10.0.0.0/8], complete: [BGPPeer]}
            fail-on: never
            rules: {paths: [own], BGP001: true, BGP002: warning, NAT001: {severity: info, enabled: false, other: 1}}
            ignore: [{rule: BGP001, reason: why, object: BGPPeer/a, path: x, until: '2030-01-01'}]
            limits: {file-bytes: 10, nesting: 100.0}
            """
        ),
    ],
    "facts.json": [
        yaml.safe_load((REPOSITORY / "examples" / "home-router" / "facts" / "router.yaml").read_text(encoding="utf-8")),
        yaml.safe_load(
            """
            version: 1
            node: router
            forwarding: {ipv4: true}
            interfaces: [{name: eth0, addresses: [10.0.0.1/24], up: true, kind: bridge, forwarding: false, master: br0}]
            routes: [{to: default, via: 10.0.0.2, interface: eth0, metric: 5, table: main, type: unicast}]
            listening: [{protocol: tcp, port: 53, address: '*', process: dns}, {protocol: 89}]
            services: {eth0: [dns, {name: own, protocol: tcp, port: 80}, {name: ssh}]}
            firewall: {input: drop, forward: accept}
            """
        ),
    ],
    "rule.json": [
        list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
        for file in sorted((REPOSITORY / "rules").rglob("*.yaml"))[:20]
    ],
}
VALUES = (None, True, False, 0, 1, 1.0, 1.5, -1, 65536, "", "a", "v3.30", "10.0.0.1", "tcp", "on", [], {}, ["a", "a"])


def oracle(schema: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((REPOSITORY / "schemas" / schema).read_text(encoding="utf-8")))


def same(schema: str, value: Any) -> None:
    """The same places and keywords as the reference, which repeats `required` for each key that is missing."""
    theirs = {
        (tuple(one.absolute_path), tuple(one.absolute_schema_path)): (one.validator, one.instance)
        for one in oracle(schema).iter_errors(value)
    }
    expected = [(path, *error) for (path, _), error in theirs.items()]
    ours = [(one.path, one.keyword, one.value) for one in breaches(schema, value)]
    assert sorted(ours, key=repr) == sorted(expected, key=repr), value
    assert (list(violations(schema, value)) == []) == (not expected), value


def mutate(value: Any, draw: random.Random) -> Any:
    """One place of a value set to something else, removed or added."""
    value = copy.deepcopy(value)
    root: Any = [value]
    holder: Any = root
    step: Any = 0
    while isinstance(holder[step], (dict, list)) and holder[step] and draw.random() < 0.8:
        holder = holder[step]
        step = draw.choice(list(holder)) if isinstance(holder, dict) else draw.randrange(len(holder))
    how = draw.randrange(4)
    if how == 0 and isinstance(holder, dict):
        del holder[step]
    elif how == 1 and isinstance(holder, dict):
        holder[draw.choice(["port", "name", "unknown", "enabled", "protocol", "facts"])] = draw.choice(VALUES)
    elif how == 2 and isinstance(holder, list) and holder is not root:
        holder.append(copy.deepcopy(holder[step]))
    else:
        holder[step] = draw.choice(VALUES)
    return root[0]


@pytest.mark.parametrize("schema", SEEDS)
@given(seed=st.integers(0, 2**32))
def test_as_jsonschema_has_it(schema: str, seed: int) -> None:
    draw = random.Random(seed)
    value = draw.choice(SEEDS[schema])
    for _ in range(draw.randrange(4)):
        value = mutate(value, draw)
        same(schema, value)


@pytest.mark.parametrize("schema", SEEDS)
def test_what_is_in_use_is_valid(schema: str) -> None:
    for value in SEEDS[schema]:
        assert oracle(schema).is_valid(value)
        same(schema, value)


@pytest.mark.parametrize("schema", SEEDS)
@pytest.mark.parametrize("value", VALUES)
def test_any_value(schema: str, value: Any) -> None:
    same(schema, value)


def test_lists_of_collections_without_repetition() -> None:
    rule, explanation = SEEDS["rule.json"][0]
    references = [{"a": [1, True]}, {"a": [True, 1]}, {"a": [1, True]}, [1], [True], [1.0]]
    for count in range(len(references) + 1):
        same("rule.json", [rule, {**explanation, "references": references[:count]}])


def test_an_empty_list_is_called_one() -> None:
    head, body = SEEDS["rule.json"][0]
    ((path, message, _),) = violations("rule.json", [head, {**body, "examples": []}])
    assert (path, message) == ((1, "examples"), "an empty list stands here")
