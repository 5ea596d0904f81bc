"""The JSON formats against their schemas, ours and the facts of others."""

from __future__ import annotations

import json
from math import inf, nan
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from callint.finding import Finding, ObjectRef, Related, Span, witness
from reports import render


def closed(required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": required.split(), "properties": properties}


TEXT = {"type": "string", "minLength": 1}
MESSAGE = closed("text", text={"type": "string"}, markdown=TEXT)
TITLE = closed("text", text={**TEXT, "maxLength": 1024})
POSITION = {"type": "integer", "minimum": 1}
BAG = {"type": "object"}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
PLACE = closed(
    "artifactLocation region",
    artifactLocation=closed("uri", uri={"type": "string", "pattern": r"^[A-Za-z0-9._~%/:-]+$"}, uriBaseId=TEXT),
    region=closed("startLine", startLine=POSITION, startColumn=POSITION, endLine=POSITION, endColumn=POSITION),
)
LOCATION = closed(
    "physicalLocation",
    id={"type": "integer", "minimum": 0},
    message=MESSAGE,
    physicalLocation=PLACE,
    logicalLocations={"type": "array", "items": closed("", name={}, fullyQualifiedName={}, kind=TEXT)},
)
RULE = closed(
    "id shortDescription fullDescription help",
    id=TEXT,
    name={"type": "string", "maxLength": 255},
    shortDescription=TITLE,
    fullDescription=TITLE,
    help=MESSAGE,
    defaultConfiguration=closed("level", level=LEVEL),
    properties={
        "type": "object",
        "properties": {
            "problem.severity": {"enum": ["error", "warning", "recommendation"]},
            "tags": {"type": "array", "items": TEXT, "maxItems": 10},
        },
    },
)
RESULT = closed(
    "ruleId message locations",
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level=LEVEL,
    message=MESSAGE,
    locations={"type": "array", "items": LOCATION, "minItems": 1, "maxItems": 1},
    relatedLocations={"type": "array", "items": {**LOCATION, "required": ["id", "physicalLocation"]}, "maxItems": 100},
    partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
    suppressions={
        "type": "array",
        "items": closed(
            "kind",
            kind={"enum": ["inSource", "external"]},
            status={"enum": ["accepted", "underReview", "rejected"]},
            justification={"type": "string"},
        ),
    },
    properties=BAG,
)
RUN = closed(
    "tool results",
    tool=closed(
        "driver", driver=closed("name", name=TEXT, semanticVersion=TEXT, rules={"type": "array", "items": RULE})
    ),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    originalUriBaseIds={"type": "object", "additionalProperties": closed("", uri=TEXT, description=MESSAGE)},
    invocations={
        "type": "array",
        "items": closed(
            "executionSuccessful",
            executionSuccessful={"type": "boolean"},
            toolExecutionNotifications={"type": "array", "items": closed("message", level=LEVEL, message=MESSAGE)},
        ),
    },
    results={"type": "array", "items": RESULT, "maxItems": 25_000},
)
SARIF = closed(
    "$schema version runs",
    version={"const": "2.1.0"},
    runs={"type": "array", "items": RUN, "minItems": 1, "maxItems": 20},
    **{"$schema": {"type": "string", "format": "uri"}},
)
GITLAB = {
    "type": "array",
    "items": closed(
        "description check_name fingerprint severity location",
        description=TEXT,
        check_name=TEXT,
        fingerprint={"type": "string"},
        severity={"enum": ["info", "minor", "major", "critical", "blocker"]},
        location=closed(
            "path lines",
            path={"type": "string", "pattern": r"^(?!\./)"},
            lines=closed("begin", begin=POSITION, end=POSITION),
        ),
    ),
}


@pytest.fixture(scope="session")
def schema(repository) -> dict[str, Any]:
    return json.loads((repository / "schemas" / "report.json").read_text())


def test_the_schema_is_one(schema) -> None:
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("change", [{"rule": 1}, {"severity": "fatal"}, {"line": 0}, {"extra": 1}, {"witness": {}}])
def test_the_schema_refuses(schema, report, change) -> None:
    document = json.loads(render("json", report))
    document["findings"][0].update(change)
    assert not Draft202012Validator(schema).is_valid(document)


@given(st.data())
def test_every_document_keeps_its_schema(hostile, schema, data) -> None:
    report = data.draw(hostile())
    for form, expected in (("json", schema), ("sarif", SARIF), ("gitlab", GITLAB)):
        Draft202012Validator(expected).validate(json.loads(render(form, report)))


def run(report, *findings: Finding, prefix: str = "") -> dict[str, Any]:
    return json.loads(render("sarif", report._replace(findings=findings, prefix=prefix)))["runs"][0]


def test_sarif_rules_are_where_results_say(report) -> None:
    told = run(report, *report.findings)
    for result in told["results"]:
        assert told["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_sarif_links_every_related_place_and_nothing_else(report) -> None:
    place = report.findings[0].span
    labels = ("a", "b [x](9)", "\\](8)", "")
    finding = report.findings[0]._replace(
        message="[click](http://example.org) [a\\](1)", related=tuple(Related(place, label) for label in labels)
    )
    [result, *_] = run(report, finding)["results"]
    assert [location["id"] for location in result["relatedLocations"]] == [1, 2, 3, 4]
    links = result["message"]["text"].split("](")[1:]
    assert [link[:2] for link in links] == ["1)", "2)", "3)", "4)"]
    assert r"See [a](1), [b \[x\] (9)](2), [\\\] (8)](3), [" in result["message"]["text"]


@given(st.binary(min_size=1, max_size=20).filter(lambda name: not set(b"/\0.") & set(name)))
def test_sarif_addresses_the_files_very_bytes(report, name: bytes) -> None:
    file = name.decode("utf-8", "surrogateescape")
    [result, *_] = run(report, report.findings[0]._replace(span=Span(file, 1, 1, 1, 2)), prefix="a b")["results"]
    address = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert unquote_to_bytes(address["uri"]) == b"a b/" + name
    assert address["uriBaseId"] == "%SRCROOT%"


def test_sarif_addresses_no_bytes_that_no_file_has(report) -> None:
    [result, *_] = run(report, report.findings[0]._replace(span=Span("a\ud800\udcff.yaml", 1, 1, 1, 2)))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%EF%BF%BD%FF.yaml"


def test_sarif_leaves_out_the_least_severe_and_says_so(report) -> None:
    info, error = report.findings[2], report.findings[0]._replace(related=(), witness=None)
    told = run(report._replace(suppressed=()), *[info] * 20_000, *[error] * 6_000)
    levels = [result["level"] for result in told["results"]]
    assert (levels.count("note"), levels.count("error")) == (19_000, 6_000)
    [notification] = told["invocations"][0]["toolExecutionNotifications"]
    assert notification["message"]["text"].startswith("1000 results left out")


def test_witnesses_hold_only_what_json_can_say(report) -> None:
    ref = ObjectRef("v1", "Node", None, "n")
    proof = witness(
        "address", address=ref, none=None, odd=nan, endless=inf, share=0.5, both={"b", "a"}, map={1: (ref,)}
    )
    document = json.loads(render("json", report._replace(findings=(report.findings[0]._replace(witness=proof),))))
    assert document["findings"][0]["witness"] == {
        "type": "address", "address": "Node/n", "odd": "nan", "endless": "inf", "share": 0.5, "both": ["a", "b"],
        "map": {"1": ["Node/n"]},
    }  # fmt: skip
