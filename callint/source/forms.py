"""Text that stands for other text: templates to be rendered, secrets to be decrypted, places to be filled in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from callint.source.tree import Tree

SOPS = "ENC[AES256_GCM,"

_EXPRESSION = r"\{[{%#]"
_YTT = r"(?m)(^|[ \t])#@(?: |(?:data|library|overlay|schema|template|yaml)/)"
_PLACEHOLDER = (
    r"(?s)<[A-Za-z][\w .:/|-]*>"  # <worker-node-name>
    r"|\$\{[A-Za-z_][^{}\r\n]*\}"  # ${POD_CIDR}
    r"|\$\([A-Za-z_][\w.-]*\)"  # $(POD_CIDR)
    r"|\{\{.*?\}\}|\{%.*?%\}"  # {{ pod_cidr }}
    r"|" + re.escape(SOPS) + r"[^\]]*\]?"
)
_VARIABLE = r"\$[A-Z_][A-Z0-9_]*"


def template(text: str) -> int:
    """The offset of the first template expression that stands for a piece of YAML, or -1.

    `{{ }}` inside quotes or a comment does not count: that is text, whoever will read it.
    """
    at = 0
    while match := re.compile(_EXPRESSION).search(text, at):
        line = text.rfind("\n", 0, match.start()) + 1
        before = text[line : match.start()]
        if "#" not in before and '"' not in before and "'" not in before:
            return match.start()
        end = text.find("\n", match.start())
        if end < 0:
            break
        at = end
    return -1


def ytt(text: str) -> int:
    """The offset of the first comment that is code for ytt, which makes values of it, or -1."""
    match = re.search(_YTT, text)
    return match.end(1) if match else -1


def placeholder(value: object) -> str | None:
    """The part of a scalar that somebody still has to fill in, or None.

    `<name>`, `${NAME}`, `$NAME` in capitals, `{{ name }}` and values encrypted by SOPS: what stands there is not
    what the cluster will get, so its form and meaning are unknown.
    """
    if value.__class__ is not str:
        return None
    text = str(value)
    if "<" not in text and "$" not in text and "{" not in text and SOPS not in text:
        return None
    match = re.search(_PLACEHOLDER, text) or re.search(_VARIABLE, text)
    return match[0] if match else None


def is_manifest(value: Any) -> bool:
    """Whether a value means to be a Kubernetes object, or a list of them: it names an apiVersion or a kind."""
    if isinstance(value, list):
        value = value[0] if value else None
    return isinstance(value, dict) and ("apiVersion" in value or "kind" in value)


def is_template(tree: Tree) -> bool:
    """Whether a template expression stands for a key, or for an object's own identity: nothing can be said of it."""
    value = tree.value
    if any(note.kind == "complex-key" for note in tree.notes):
        return True
    if not isinstance(value, dict):
        return False
    metadata = value.get("metadata")
    identity = [value.get("apiVersion"), value.get("kind")]
    if isinstance(metadata, dict):
        identity += [metadata.get("name"), metadata.get("namespace")]
    return any(isinstance(part, str) and ("{{" in part or "{%" in part) for part in identity)
