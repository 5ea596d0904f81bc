"""The same question once more: its whole answer from the cache, as long as nothing changed that it depends on."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date
from functools import cached_property, partial
from typing import Any

from callint import __version__
from callint.config import Config
from callint.encoded import MisfitError, count, decoded, finding, text, truth
from callint.engine import Plan
from callint.given import beside
from callint.intake import Reading
from callint.lint import Facts, Lint, Options, lint_together, read_facts, source_line, text_by_id
from callint.report import Report
from callint.source import Sources


class Question:
    """What is wrong with the files that were read, under a configuration, a plan and options."""

    def __init__(self, reading: Reading, config: Config, plan: Plan, options: Options) -> None:
        """Nothing is asked yet."""
        self._reading = reading
        self._config = config
        self._plan = plan
        self._options = options

    def answer(self) -> Lint:
        """The answer, known or worked out; as `lint.lint`."""
        with suppress(MisfitError):
            return decoded(self._reading.answer(lambda: self._text), self._told)
        found = self._lint()
        if found.crashes and self._reading.forget():  # whatever the cache holds, it is not what ends a check
            found = self._lint()
        return found

    def _lint(self) -> Lint:
        return lint_together(self._reading, self._config, self._plan, self._options, self._facts)

    def _told(self, plain: list[Any]) -> Lint:
        found, suppressed, files, documents, objects, calico, nothing_read = plain
        report = Report(
            findings=tuple(finding(one) for one in found),
            suppressed=tuple(finding(one) for one in suppressed),
            files=count(files),
            documents=count(documents),
            objects=count(objects),
            calico=text(calico),
            version=__version__,
            rule=partial(text_by_id, self._plan.catalogue),
            line=partial(source_line, [self._reading.texts, *self._fact_files], self._config, self._options.baseline),
        )
        return Lint(report, [], truth(nothing_read))

    def keep(self, answer: Lint) -> None:
        """Put into the cache what was read, and the answer, unless something crashed or can end differently next time.

        Expressions of the user's can: their library may change, and they have so much time and no more.
        """
        expressions = any(rule.check == "expression" and self._plan.enabled(rule) for rule in self._plan.catalogue)
        if answer.crashes or self._reading.died or expressions:
            self._reading.keep()
            return
        report = answer.report
        counts = (report.files, report.documents, report.objects, report.calico, answer.nothing_read)
        plain = json.dumps((report.findings, report.suppressed, *counts), separators=(",", ":"))
        self._reading.keep(lambda: self._text, plain.encode())

    @cached_property
    def _facts(self) -> Facts:
        return read_facts(self._config, self._options)

    @property
    def _fact_files(self) -> list[Sources]:
        return [read for _, _, read in self._facts.values()]

    @cached_property
    def _text(self) -> str:
        """All that the answer depends on besides the program and the manifests."""
        config, plan, options = self._config, self._plan, self._options
        about = config.document.source.text if config.document else ""
        rules = [(rule, plan.settings.get(rule.id)) for rule in plan.catalogue]
        facts = [([(file.path, file.text) for file in read.files], read.problems) for read in self._fact_files]
        baseline = options.baseline
        known = baseline and (baseline.document.file, baseline.document.source.text, sorted(baseline.gone))
        others = beside(config, options.paths)
        given = options.calico, options.facts, options.paths, others, options.sought, options.suppress
        left = config.excluded.unused()
        return repr((config.file, about, left, rules, facts, known, given, options.today or date.today()))
