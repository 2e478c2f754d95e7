"""A public suite with graders of the trial's author beside its own scoring, e.g. a judge with the suite's rubric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fairtrial.errors import SpecError
from fairtrial.records import Answer, GenerateAnswer, Item, Observation, Request
from fairtrial.tasks.base import CountsForCorpus, JudgeUse, Task, TaskCard, TellsSigns
from fairtrial.tasks.graders.base import GraderSet, make_graders


class GradedSuite:
    """See `fairtrial.tasks.base.Task`.

    Args:
        task: the suite.
        written: graders as the trial says them, their files as absolute paths.

    Raises SpecError for a grader that needs right answers, or a measure that the suite has already.
    """

    def __init__(self, task: Task, written: tuple[Mapping[str, Any], ...]) -> None:
        self.task = task
        self._graders: GraderSet = make_graders(tuple(dict(one) for one in written))
        self._check()
        card = task.card
        self.card: TaskCard = replace(
            card,
            measures=(*card.measures, *self._graders.measures),
            settings={**card.settings, "grade": self._graders.document()},
        )

    def _check(self) -> None:
        where = f"task {self.task.card.name}"
        for name, grader in self._graders.graders:
            if grader.needs_expected or grader.corpus:
                raise SpecError(
                    f"the grader {name!r} compares with right answers, and beside a suite only what reads the answer "
                    "alone may grade.",
                    fix="Leave it out, or use a judge: grade: {judge: {by: ID, rubric: FILE}}.",
                    where=where,
                )
        own = {measure.name for measure in self.task.card.measures}
        if twice := [measure.name for measure in self._graders.measures if measure.name in own]:
            raise SpecError(f"the suite has a measure {twice[0]!r} already.", fix="Name it otherwise.", where=where)

    def items(self) -> Sequence[Item]:
        """Return the suite's own."""
        return self.task.items()

    def requests(self, item: Item) -> Sequence[Request]:
        """Return the suite's own."""
        return self.task.requests(item)

    def grade(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return the suite's own measures, and those of the graders but of judges."""
        more = [one for answer in answers for one in self._observe(item, answer)]
        return [*self.task.grade(item, answers), *more]

    def _observe(self, item: Item, answer: Answer) -> Sequence[Observation]:
        if not isinstance(answer, GenerateAnswer):
            return ()
        return self._graders.observe(answer.text, (), item.data, answer.trace)

    def signs(self, item: Item, answers: Sequence[Answer], grades: Sequence[Observation]) -> Sequence[str]:
        """Return the suite's own, and what a judge's grader sees in the answer."""
        own = self.task.signs(item, answers, grades) if isinstance(self.task, TellsSigns) else ()
        written = [answer for answer in answers if isinstance(answer, GenerateAnswer)]
        more = [self._graders.find_signs(one.text, (), item.data, one.trace) for one in written]
        return [*own, *(sign for signs in more for sign in signs)]

    def counts(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return the suite's own."""
        return self.task.counts(item, answers) if isinstance(self.task, CountsForCorpus) else ()

    def judges(self) -> Sequence[JudgeUse]:
        """Return who judges what."""
        return self._graders.judges()

    def judge_requests(self, item: Item, answers: Sequence[Answer]) -> Sequence[Request | None]:
        """Return what each judge is asked about a written answer."""
        (answer,) = answers
        if not isinstance(answer, GenerateAnswer):
            return [None for _ in self.judges()]
        return self._graders.judge_requests(item.question, answer.text, (), item.data)
