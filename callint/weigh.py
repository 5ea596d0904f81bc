"""What findings are worth: one cause is told once, and what rests on an assumption is no proven error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from callint.calico import Release, format_release
from callint.engine import Plan
from callint.finding import Finding, Span
from callint.objects import Cluster

_RELEASE_BOUND = ("field-too-new", "field-removed", "field-deprecated")
_FOLDERS = "defined-twice"
PART = "manifests-left-out"
_CAUSED_ONCE = ("placeholder-left", "variable-left")
_IDLE = frozenset(
    {
        "filter-unused",
        "bgp-node-unknown",
        "peer-selects-no-node",
        "selector-near-miss",
        "host-policy-selects-no-host",
        "hosts-kept-out",
        "felix-of-no-node",
        "tier-unused",
    }
)
"""Rules about objects that find nothing to act upon."""
MISSING = _IDLE | {
    "filter-missing",
    "tier-missing",
    "profile-missing",
    "names-unresolvable-for-pods",
    "local-default-deny",
    "one-direction-default-deny",
    "deny-only-policy",
    "log-only-policy",
    "fewer-blocks-than-nodes",
    "node-ports-unclosed",
}
"""Rules that conclude from what there is not."""


def once_a_file(findings: Iterable[Finding]) -> list[Finding]:
    """Findings about placeholders cut to the first in each file, which counts the others: one cause, one cure."""
    alike: dict[tuple[str, str], list[Finding]] = {}
    kept: list[Finding] = []
    for finding in findings:
        several = alike.setdefault((finding.name, finding.span.file), []) if finding.name in _CAUSED_ONCE else kept
        several.append(finding)
    for first, *others in alike.values():
        are = "is" if len(others) == 1 else "are"
        more = f", and {len(others)} more {are} left in this file" if others else ""
        kept.append(first._replace(message=first.message + more))
    return kept


def in_all_clusters(findings: Iterable[Finding], clusters: Sequence[Cluster]) -> list[Finding]:
    """What clusters that share manifests find alike is told once, with the names of all of them.

    That something finds nothing to act upon is told if it does in none of them: a base has what one of them needs.
    """
    shared = Counter(file for cluster in clusters for file in {resource.document.file for resource in cluster.all})
    alike: dict[Finding, list[str]] = {}
    of: dict[tuple[str, Span], set[str]] = {}
    for one in findings:
        alike.setdefault(one._replace(cluster=""), []).append(one.cluster)
        if one.name in _IDLE:
            of.setdefault((one.rule, one.span), set()).add(one.cluster)
    return [
        one._replace(cluster=", ".join(dict.fromkeys(names)))
        for one, names in alike.items()
        if one.name not in _IDLE or len(of[one.rule, one.span]) >= shared[one.span.file]
    ]


def on_assumed_release(findings: Iterable[Finding], plan: Plan, release: Release) -> list[Finding]:
    """Findings that depend on the release become warnings while it is assumed, unless the configuration weighs them."""
    named = f"no manifest names a release, so {format_release(release)} is assumed"
    return [
        one._replace(severity="warning", help=one.help or f"{named}: `calico: {{release: …}}` in callint.yaml says it")
        if one.name in _RELEASE_BOUND and not plan.weighed(one.rule)
        else one
        for one in findings
    ]


def of_a_part(findings: Iterable[Finding], plan: Plan) -> list[Finding]:
    """While a `PART` of the cluster's manifests is not given, what seems to be missing is not proven to be."""
    return [
        one._replace(severity="info") if one.name in MISSING and not plan.weighed(one.rule) else one for one in findings
    ]


def _folder(file: str) -> str:
    return file.rpartition("/")[0] or "."


def across_folders(findings: Iterable[Finding], plan: Plan, cluster: Cluster) -> list[Finding]:
    """While folders may be clusters of their own, nothing that joins objects of two of them is proven: it is held back.

    The one finding about the folders says how many are; a rule that the configuration weighs is not held back.
    """
    findings = list(findings)
    if not cluster.apart:
        return findings
    files = {resource.document.file for resource in cluster.all}
    kept = [one for one in findings if one.name == _FOLDERS or plan.weighed(one.rule) or not _joins(one, files)]
    held = len(findings) - len(kept)
    if not held:
        return kept
    more = f"{held} findings that join them are held back" if held > 1 else "1 finding that joins them is held back"
    return [
        one._replace(help=f"{one.help}; {more}") if one.name == _FOLDERS and one.severity == "info" else one
        for one in kept
    ]


def _joins(finding: Finding, files: set[str]) -> bool:
    others = (related.span.file for related in finding.related if related.span.file in files)
    return any(_folder(other) != _folder(finding.span.file) for other in others)
