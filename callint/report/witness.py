"""What stands under a finding, above all its witness as one line.

`packet udp 10.0.0.7:68 -> 255.255.255.255:67 in lan0 on router: dropped by ...`
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from callint.finding import Finding, ObjectRef, Witness

_HEADLINES = {
    "route": ("prefix",),
    "interface": ("interface", "name"),
    "address": ("address",),
    "selector": ("selector",),
    "reference": ("reference", "name", "to"),
}
_VERDICTS = {"accept": "accepted", "allow": "allowed", "drop": "dropped", "deny": "denied", "no-verdict": "no verdict"}
_CLAUSES = {"in_interface": "in", "out_interface": "out", "node": "on", "endpoint": "at"}


def remarks(finding: Finding) -> Iterator[tuple[str, str]]:
    """`witness` and `help` with their texts, as far as the finding has them; not yet made harmless."""
    if finding.witness is not None:
        yield "witness", sentence(finding.witness)
    if finding.help:
        yield "help", finding.help


def sentence(witness: Witness) -> str:
    """The whole witness in one line; the text is not yet made harmless."""
    # the trace of a packet is for those who read JSON: its last step is the verdict
    facts = dict(witness.facts)
    facts.pop("trace", None)
    if None in facts.values():
        facts = {name: value for name, value in facts.items() if value is not None}
    words = [witness.type]
    if witness.type == "packet":
        words += _packet(facts)
    for name in _HEADLINES.get(witness.type, ()):
        if name in facts:
            words.append(shown(facts.pop(name)))
            break
    verdict = _verdict(facts)
    for name, word in _CLAUSES.items():
        if name in facts:
            words += [word, shown(facts.pop(name))]
    rest = ", ".join([f"{name.replace('_', ' ')} {shown(value)}" for name, value in facts.items()])
    return " ".join(words) + (f" ({rest})" if rest else "") + verdict


def shown(value: Any) -> str:
    """A fact's value as people write it: lists with commas, mappings as `name=value`, booleans as yes and no."""
    if isinstance(value, (str, ObjectRef)):
        return str(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name}={shown(item)}" for name, item in value.items()) or "none"
    if isinstance(value, (set, frozenset)):
        return ", ".join(sorted(map(shown, value))) or "none"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(shown, value)) or "none"
    return str(value)


def _packet(facts: dict[str, Any]) -> list[str]:
    """Protocol and both ends, taken out of the facts."""
    words = [shown(facts.pop("protocol"))] if "protocol" in facts else []
    ends = [
        _end(facts.pop("source", None), facts.pop("source_port", None)),
        _end(facts.pop("destination", None), facts.pop("destination_port", None)),
    ]
    return words if ends == ["any", "any"] else [*words, ends[0], "->", ends[1]]


def _end(address: Any, port: Any) -> str:
    host = "any" if address is None else shown(address)
    if port is None:
        return host
    return f"[{host}]:{shown(port)}" if ":" in host else f"{host}:{shown(port)}"


def _verdict(facts: dict[str, Any]) -> str:
    """`: dropped by X`, taken out of the facts."""
    verdict, by = facts.pop("verdict", None), facts.pop("decided_by", None)
    if verdict is None and by is None:
        return ""
    word = "decided" if verdict is None else _VERDICTS.get(str(verdict), shown(verdict))
    return f": {word}" if by is None else f": {word} by {shown(by)}"
