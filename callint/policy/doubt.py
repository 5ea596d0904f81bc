"""Questions that nobody can answer: both answers are tried, and only a verdict that depends on one is unknown."""

from __future__ import annotations

from collections.abc import Callable

from callint.policy.packet import Verdict

MOST_RUNS = 64


class UndecidedError(Exception):
    """The verdict cannot be told without the named fact, and there are not just two ways it could be."""

    def __init__(self, missing: str) -> None:
        """`missing` names the fact in a clause."""
        super().__init__(missing)
        self.missing = missing


class Doubts:
    """The questions asked on one way through the chains, and the answers assumed; a new question is denied."""

    __slots__ = ("_answers", "_known", "asked")

    def __init__(self, answers: tuple[bool, ...] = ()) -> None:
        """`answers` to the first questions, in the order in which they come up."""
        self._answers = answers
        self._known: dict[str, bool] = {}
        self.asked: list[str] = []

    def ask(self, question: str) -> bool:
        """The assumed answer; the same question always has the same one."""
        known = self._known.get(question)
        if known is None:
            index = len(self.asked)
            known = self._known[question] = index < len(self._answers) and self._answers[index]
            self.asked.append(question)
        return known

    def answers(self) -> tuple[bool, ...]:
        """The answers to all questions, in the order in which they came up."""
        return tuple(self._known.values())


def explore(decide: Callable[[Doubts], Verdict], spend: Callable[[], None] | None = None) -> Verdict:
    """The verdict on which all answers to all questions agree, or an unknown one that names a deciding question.

    `spend` is called before each time that it decides, and raises what ends it.
    """
    first: Verdict | None = None
    answers: tuple[bool, ...] = ()
    pending: list[tuple[tuple[bool, ...], int]] = []
    runs = 0
    while True:
        doubts = Doubts(answers)
        runs += 1
        if spend is not None:
            spend()
        try:
            verdict = decide(doubts)
        except UndecidedError as error:
            steps = first.steps if first else ()
            return Verdict("unknown", f"unknown: {error.missing}", steps=steps, unknown=error.missing)
        first = first or verdict
        missing = None
        if verdict.outcome != first.outcome:
            missing = doubts.asked[len(answers) - 1]
        elif runs == MOST_RUNS and (pending or len(doubts.asked) > len(answers)):
            missing = doubts.asked[0]
        if missing is not None:
            return first._replace(outcome="unknown", decided_by=f"unknown: {missing}", unknown=missing)
        # The last come first, so that of more than there are runs the others never come.
        given = doubts.answers()
        pending.extend((given, index) for index in range(max(len(answers), len(given) - MOST_RUNS), len(given)))
        if not pending:
            return first
        given, index = pending.pop()
        answers = (*given[:index], True)
