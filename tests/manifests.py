"""Manifests as text to clusters and findings, for tests of the later stages."""

from __future__ import annotations

from textwrap import dedent

from callint import config, rule
from callint.calico import Target
from callint.engine import Plan
from callint.finding import Finding
from callint.lint import Options, lint
from callint.objects import Cluster, Intent, Resource, unpack
from callint.schema import examine
from callint.source import Sources, parse


def resources(text: str, target: Target | None = None, path: str = "m.yaml") -> list[Resource]:
    """The objects of a text, with the gaps that the schema stage leaves in them."""
    target = target or Target()
    found = []
    for document in parse(dedent(text), path).documents:
        for base, plain in unpack(document):
            one = Resource(document, base, plain)
            one.gaps = examine(document, base, plain, target, target.road_of(one.api_version)).gaps
            found.append(one)
    return found


def cluster(text: str, target: Target | None = None, intent: Intent | None = None) -> Cluster:
    """The cluster that a text describes."""
    return Cluster(resources(text, target), target, intent=intent, documents=parse(dedent(text), "m.yaml").documents)


def findings(text: str, settings: config.Config | None = None, path: str = "m.yaml") -> tuple[Finding, ...]:
    """What callint finds in a text."""
    sources: Sources = parse(dedent(text), path)
    catalogue = rule.load()
    settings = settings or config.Config()
    plan = Plan(catalogue, settings.settings(catalogue))
    return lint(sources, settings, plan, Options()).report.findings
