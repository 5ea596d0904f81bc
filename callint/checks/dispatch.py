"""Checks that answer several questions about one subject, told apart by the parameter `problem`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from callint.checks.breach import Breach, CheckError
from callint.objects import Cluster

Question = Callable[[Cluster], Iterator[Breach]]
Answering = TypeVar("Answering")


def asked(questions: Mapping[str, Answering], parameters: Mapping[str, Any]) -> Answering:
    """The question that `problem` names; raises CheckError, naming those that the check answers."""
    problem = parameters.get("problem", "")
    if not isinstance(problem, str):
        raise CheckError('the parameter "problem" must be a text', "problem")
    if problem not in questions:
        raise CheckError(f'the parameter "problem" is needed: {", ".join(questions)}', "problem")
    return questions[problem]
