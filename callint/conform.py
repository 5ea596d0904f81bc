"""Rare data against its JSON Schema: configuration, facts and rule files, validated by the library `jsonschema`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

from callint.finding import Path
from callint.shipped import directory


def violations(schema: str, value: Any) -> Iterator[tuple[Path, str, bool]]:
    """What breaks a schema of `schemas/`: the path, one sentence, and whether it is the key that is wrong.

    Unknown keys come one by one with the nearest known name.
    """
    from jsonschema import Draft202012Validator

    with open(os.path.join(directory("schemas"), schema), encoding="utf-8") as stream:
        rules = json.load(stream)
    errors = Draft202012Validator(rules).iter_errors(value)
    for error in sorted(errors, key=lambda one: [str(step) for step in one.absolute_path]):
        path = tuple(error.absolute_path)
        if error.validator == "additionalProperties" and isinstance(error.instance, dict):
            known = list(error.schema.get("properties", {}))
            for key in error.instance:
                if key not in known:
                    yield (*path, key), _unknown(key, known), True
        else:
            yield path, _sentence(error), False


def _unknown(key: str, known: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(key, known, 1)
    hint = f'did you mean "{near[0]}"' if near else "known are " + ", ".join(sorted(known))
    return f'"{key}" is no known key, {hint}'


def _sentence(error: Any) -> str:
    found = json.dumps(error.instance, ensure_ascii=False, default=str)
    if len(found) > 60:
        found = found[:57] + "..."
    match error.validator:
        case "type":
            expected = error.validator_value
            names = expected if isinstance(expected, str) else " or ".join(expected)
            return f"{found} is no {names}"
        case "enum":
            return f"{found} is none of " + ", ".join(str(one) for one in error.validator_value)
        case "required":
            missing = next(key for key in error.validator_value if key not in error.instance)
            return f'"{missing}" is missing'
        case "minimum" | "maximum":
            return f"{found} is out of range, the {error.validator} is {error.validator_value}"
        case "pattern":
            return f"{found} does not have the form {error.validator_value}"
        case "anyOf":
            return f"{found} is none of the forms that are possible here"
        case _:
            return f"{found} breaks {error.validator}: {error.validator_value}"[:200]
