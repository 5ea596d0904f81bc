"""From paths to a report: every stage in its order, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from callint import __version__
from callint.calico import NEWEST, Target, format_release
from callint.catalogue import Catalogue, RuleText
from callint.config import REST, Calico, Config
from callint.divide import divide, facts_among, unread
from callint.engine import Crash, Plan, crash_finding, order, report_problems, run
from callint.finding import Finding, Problem, Span
from callint.given import excluding_nothing, left_beside, left_out, named_there
from callint.intake import Judge, Judged, Measure, Reading
from callint.intake import judge as judge_here
from callint.intake.beside import manifests
from callint.intake.kustomize import built, kustomizations, namespaces, patches
from callint.objects import Cluster, Resource
from callint.record import NamedTuple
from callint.report import Report
from callint.rule import text_of
from callint.source import Document, Sources, load
from callint.suppress import annotated, apply, comments
from callint.weigh import MISSING, PART, across_folders, in_all_clusters, of_a_part, on_assumed_release, once_a_file

if TYPE_CHECKING:
    from datetime import date

    from callint.baseline import Baseline
    from callint.facts import NodeFacts
    from callint.processes import Team
    from callint.schema.from_crds import Crds
    from callint.source.exclude import Excluded


class Options(NamedTuple):
    """What the command line says over the configuration.

    `crds` are schemas of a cluster's own CRDs in place of callint's; what the `baseline` knows is suppressed as well;
    `today` makes expiry dates testable; `paths` are those of the manifests, if the configuration's are not meant. If a
    configuration was `sought`, others among the manifests are told.
    """

    calico: Calico = Calico()
    facts: tuple[str, ...] = ()
    suppress: bool = True
    crds: Crds | None = None
    today: date | None = None
    baseline: Baseline | None = None
    paths: tuple[str, ...] = ()
    sought: bool = False


DEFAULT = Options()

Facts = Mapping[tuple[str, ...], tuple[tuple["NodeFacts", ...], tuple[Problem, ...], Sources]]
"""By the paths at which they stand: the facts of nodes, what is wrong with the files, and these."""


class Lint(NamedTuple):
    """The report, the checks that crashed, and whether nothing at all could be read."""

    report: Report
    crashes: list[Crash]
    nothing_read: bool


class Described(NamedTuple):
    """The manifests, the clusters that they describe, what the stages before found, and the files of facts."""

    sources: Sources
    clusters: list[Cluster]
    findings: list[Finding]
    facts: list[Sources]


def describe(
    sources: Sources,
    config: Config,
    options: Options,
    plan: Plan,
    judge: Judge | None = None,
    told: Facts | None = None,
) -> Described:
    """The clusters of the documents, with the findings of the source, schema and facts stages.

    `judge` makes objects of documents; it is asked here and now if nobody else did it already. So it is with facts.
    """
    judge = judge or partial(judge_here, measure=Measure(config.limits, options.crds))
    known = told or read_facts(config, options)
    sources = manifests(sources, options.paths)
    findings = report_problems(plan, named_there(config, sources.problems), selected=False)
    places = {problem.span[:3] for problem in sources.problems}
    kustomizing = kustomizations(sources.documents)
    parts, unapplied = patches(kustomizing)
    spaces = namespaces(kustomizing)
    findings += report_problems(plan, unapplied)
    if options.sought:
        findings += report_problems(plan, unread(config, sources.documents))
    as_facts = (file.path for _, _, read in known.values() for file in read.files)
    findings += report_problems(plan, facts_among(sources.documents, as_facts))
    clusters = []
    files = []
    for about, documents in divide(sources.documents, config.clusters):
        findings += report_problems(plan, left_out(config, options.paths, about), about.name)
        target, assumed = _target(about.calico, options, documents)
        resources, shape = _resources(built(judge(documents, target), parts, spaces), plan, about.name, places)
        findings.extend(on_assumed_release(shape, plan, target.release) if assumed else shape)
        facts, problems, read = known[about.facts + options.facts]
        files.append(read)
        asked = not options.facts  # what the command line names is read, or told of
        findings.extend(report_problems(plan, named_there(config, problems), about.name, selected=asked))
        cluster = Cluster(
            resources,
            target,
            name=about.name,
            facts=facts,
            intent=about.intent,
            documents=documents,
            limits=config.limits,
        )
        dataplane = options.calico.dataplane or about.calico.dataplane
        if dataplane is None:
            from callint.objects.dataplane import inferred_dataplane

            dataplane = inferred_dataplane(cluster)
        if dataplane is not None:  # of which nothing that was asked so far knows
            cluster.target = target._replace(dataplane=dataplane)
        clusters.append(cluster)
    return Described(sources, clusters, findings, files)


def lint_together(reading: Reading, config: Config, plan: Plan, options: Options, told: Facts | None = None) -> Lint:
    """As `lint` of what a reading reads, by as many processes as help; what may be read only once is read before."""
    facts = told or read_facts(config, options)
    return reading.together(lambda team: lint(reading.sources, config, plan, options, reading.judge, facts, team))


def lint(
    sources: Sources,
    config: Config,
    plan: Plan,
    options: Options = DEFAULT,
    judge: Judge | None = None,
    told: Facts | None = None,
    team: Team | None = None,
) -> Lint:
    """Everything that is wrong with the documents of `sources`; `judge` and `told` as for `describe`, a team checks."""
    sources, clusters, findings, facts = describe(sources, config, options, plan, judge, told)
    crashes: list[Crash] = []
    in_part = _in_part(config, plan, options)
    for cluster, (found, crashed) in zip(clusters, _checked(plan, clusters, team), strict=True):
        missing = [one.span for one in found if one.name in MISSING]
        if missing:
            findings += report_problems(plan, left_beside(config, options.paths, min(missing)), cluster.name)
        if cluster.name in in_part:
            found = of_a_part(found, plan)
        findings.extend(across_folders(found, plan, cluster))
        crashes.extend(crashed)
        findings.extend(crash_finding(plan, crash, _somewhere(cluster, sources)) for crash in crashed)
    if len(clusters) > 1:
        findings = in_all_clusters(findings, clusters)
    suppressed: list[Finding] = []
    if options.suppress:
        findings, suppressed = _suppress(sources, clusters, config, plan, options, findings)
    objects = len({(id(one.document), one.base) for cluster in clusters for one in cluster.all if not one.of_chart})
    report = Report(
        findings=tuple(order(findings)),
        suppressed=tuple(order(suppressed)),
        files=len(sources.files),
        documents=len(sources.documents),
        objects=objects,
        calico=", ".join(dict.fromkeys(format_release(cluster.target.exact) for cluster in clusters)),
        version=__version__,
        rule=partial(text_by_id, plan.catalogue),
        line=partial(source_line, [sources, *facts], config, options.baseline),
    )
    readable = any(document.complete for document in sources.documents)
    return Lint(report, crashes, nothing_read=bool(sources.problems) and not readable)


def _in_part(config: Config, plan: Plan, options: Options) -> set[str]:
    """The clusters of which manifests are left out, unless the configuration takes what is given for the whole."""
    rule = plan.catalogue.get(PART)
    if rule is None or not plan.wanted(rule):
        return set()
    return {about.name for about in config.clusters if any(left_out(config, options.paths, about))}


def _checked(plan: Plan, clusters: Sequence[Cluster], team: Team | None) -> list[tuple[list[Finding], list[Crash]]]:
    if team is None:
        return [run(plan, cluster) for cluster in clusters]
    from callint.share import run_shared

    return run_shared(plan, clusters, team)


def _target(configured: Calico, options: Options, documents: Sequence[Document]) -> tuple[Target, bool]:
    """The release and the road; whether the release is only assumed.

    The command line decides, then the configuration, then what the manifests themselves show, then the newest. CRDs
    show the release too.
    """
    given = options.calico
    release = given.release or configured.release
    if release is None:
        from callint.schema.infer import inferred_release

        release = inferred_release(documents)
    if release is None and options.crds:
        from callint.schema.crd_release import release_of_crds

        release = release_of_crds(options.crds)
    road = given.road or configured.road or "calicoctl"
    return Target.at(release or NEWEST, road), release is None


def _resources(
    judged: Iterable[Judged], plan: Plan, cluster: str, told: set[tuple[str, int, int]]
) -> tuple[list[Resource], list[Finding]]:
    """The objects and what is wrong with each; nothing is told twice of a place in `told`."""
    resources: list[Resource] = []
    findings: list[Finding] = []
    for resource, problems in judged:
        if problems:
            untold = [one for one in problems if one.span[:3] not in told]
            findings.extend(report_problems(plan, untold, cluster, resource))
        resources.append(resource)
    return resources, once_a_file(findings)


def read_facts(config: Config, options: Options) -> Facts:
    """The facts of each cluster, and where there are several of what belongs to none, by their paths."""
    clusters = config.clusters if len(config.clusters) == 1 else (*config.clusters, REST)
    places = dict.fromkeys(about.facts + options.facts for about in clusters)
    return {paths: _facts(paths, config.excluded) for paths in places}


def _facts(paths: tuple[str, ...], excluded: Excluded) -> tuple[tuple[NodeFacts, ...], tuple[Problem, ...], Sources]:
    if not paths:
        return (), (), Sources()
    from callint.facts.reader import no_facts, read

    sources = load(paths, own=True, excluded=excluded)
    facts, problems = read(sources.documents)
    broken = {problem.span.file for problem in sources.problems}
    saying = {document.file for document in sources.documents if document.value is not None}
    silent = (no_facts(file.path) for file in sources.files if file.path not in broken | saying)
    return facts, (*sources.problems, *problems, *silent), sources


def source_line(read: Sequence[Sources], config: Config, baseline: Baseline | None, file: str, number: int) -> str:
    """A line of any file that a finding can point into."""
    for sources in read:
        found = sources.file(file)
        if found is not None:
            return found.line(number)
    for document in (config.document, baseline and baseline.document):
        if document is not None and document.file == file:
            return document.source.line(number)
    return ""


def _somewhere(cluster: Cluster, sources: Sources) -> Span:
    """A place for findings about no object: the first object of the cluster, else the first file."""
    if cluster.all:
        return cluster.all[0].span("kind")
    name = sources.files[0].path if sources.files else "."
    return Span(name, 1, 1, 1, 1)


def _suppress(
    sources: Sources, clusters: list[Cluster], config: Config, plan: Plan, options: Options, findings: list[Finding]
) -> tuple[list[Finding], list[Finding]]:
    entries, problems = comments(sources)
    for cluster in clusters:
        entries.extend(annotated(cluster.all))
    entries.extend(config.ignores)
    problems += excluding_nothing(config, options.paths)
    ran = {rule.id for rule in plan.catalogue if plan.enabled(rule)}
    applied = apply(entries, findings, plan.catalogue, ran, options.today)
    kept = [*applied.kept, *report_problems(plan, [*problems, *applied.problems])]
    if options.baseline is None:
        return kept, applied.suppressed
    from callint.baseline import accept

    known = accept(options.baseline, order(kept), plan.catalogue, ran, [file.path for file in sources.files])
    return [*known.kept, *report_problems(plan, known.problems)], [*applied.suppressed, *known.suppressed]


def text_by_id(catalogue: Catalogue, identifier: str) -> RuleText | None:
    """A rule with its explanation; None if there is none of that id."""
    rule = catalogue.get(identifier)
    return text_of(rule) if rule else None
