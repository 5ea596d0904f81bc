"""What stands under a finding, above all its witness as one line.

`packet udp 10.0.0.7:68 -> 255.255.255.255:67 in lan0 on router: dropped by ...`
"""

from __future__ import annotations

from typing import Any

from callint.finding import Finding, ObjectRef, Witness

_HEADLINES = {
    "route": ("prefix",),
    "interface": ("interface", "name"),
    "address": ("address",),
    "selector": ("selector",),
    "reference": ("reference", "name", "to"),
}
_VERDICTS = {
    "accept": "accepted",
    "allow": "allowed",
    "drop": "dropped",
    "deny": "denied",
    "reject": "rejected",
    "no-verdict": "no verdict",
}
_CLAUSES = {"in_interface": "in", "out_interface": "out", "node": "on", "endpoint": "at"}


def remarks(finding: Finding) -> list[tuple[str, str]]:
    """`witness` and `help` with their texts, as far as the finding has them; not yet made harmless."""
    told = [("witness", sentence(finding.witness))] if finding.witness is not None else []
    if finding.help:
        told.append(("help", finding.help))
    return told


def sentence(witness: Witness) -> str:
    """The whole witness in one line; the text is not yet made harmless."""
    type_, pairs = witness
    # the trace of a packet is for those who read JSON: its last step is the verdict
    facts = {name: value for name, value in pairs if value is not None and name != "trace"}
    words = type_
    if type_ == "packet":
        words = " ".join([type_, *_packet(facts)])
    for name in _HEADLINES.get(type_, ()):
        if name in facts:
            words += f" {shown(facts.pop(name))}"
            break
    verdict = _verdict(facts)
    if not _CLAUSES.keys().isdisjoint(facts):
        words += "".join([f" {word} {shown(facts.pop(name))}" for name, word in _CLAUSES.items() if name in facts])
    rest = ", ".join([f"{name.replace('_', ' ')} {shown(value)}" for name, value in facts.items()])
    return f"{words} ({rest}){verdict}" if rest else words + verdict


def shown(value: Any) -> str:
    """A fact's value as people write it: lists with commas, mappings as `name=value`, booleans as yes and no."""
    if value.__class__ is str:
        return value
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
    if "verdict" not in facts and "decided_by" not in facts:
        return ""
    verdict, by = facts.pop("verdict", None), facts.pop("decided_by", None)
    word = "decided" if verdict is None else _VERDICTS.get(str(verdict), shown(verdict))
    if by is None:
        return f": {word}"
    by = shown(by)
    return f": {word}, {by}" if nobody(by) else f": {word} by {by}"


def nobody(decided_by: str) -> bool:
    """Whether what decides is that something is not there, as in `no profile matched`."""
    return decided_by.startswith("no ")
