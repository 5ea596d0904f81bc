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

    def answers(self, count: int) -> tuple[bool, ...]:
        """The answers to the first `count` questions."""
        return tuple(self._known[question] for question in self.asked[:count])


def explore(decide: Callable[[Doubts], Verdict]) -> Verdict:
    """The verdict on which all answers to all questions agree, or an unknown one that names a deciding question."""
    first: Verdict | None = None
    pending: list[tuple[bool, ...]] = [()]
    runs = 0
    while pending:
        answers = pending.pop()
        doubts = Doubts(answers)
        runs += 1
        try:
            verdict = decide(doubts)
        except UndecidedError as error:
            steps = first.steps if first else ()
            return Verdict("unknown", f"unknown: {error.missing}", steps=steps, unknown=error.missing)
        if first is None:
            first = verdict
        missing = None
        if verdict.outcome != first.outcome:
            missing = doubts.asked[len(answers) - 1]
        elif runs == MOST_RUNS and (pending or len(doubts.asked) > len(answers)):
            missing = doubts.asked[0]
        if missing is not None:
            return first._replace(outcome="unknown", decided_by=f"unknown: {missing}", unknown=missing)
        # The last come first, so that of more than there are runs the others never come.
        new = range(max(len(answers), len(doubts.asked) - MOST_RUNS), len(doubts.asked))
        pending.extend((*doubts.answers(index), True) for index in new)
    assert first is not None
    return first
