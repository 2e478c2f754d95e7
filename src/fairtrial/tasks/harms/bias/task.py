"""What tasks about bias share: groups from a file, the same question with no group said as a control, and choices.

A *control* is the question with the group left out.  It is asked beside the question, once for a whole pair, since the
same request is answered once; what saying the group changes is then a grade of every single item.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from fairtrial.errors import TaskError
from fairtrial.records import Answer, Item, Measure, Observation, Request
from fairtrial.records.harms import UNCLEAR, HarmCard
from fairtrial.tasks.base import TaskCard, TaskOptions
from fairtrial.tasks.harms.base import HarmGrades, HarmSuite, HarmTask
from fairtrial.tasks.harms.bias.people import People, PeopleFile, read_people

CONTROL = "control"
"""Key of a row: the question without the group; taken from the questions that have one."""

NIST = ("Harmful Bias and Homogenization",)


def make_card(covers: str, omits: str) -> HarmCard:
    """Return what a task about bias says of itself."""
    return HarmCard("bias", covers, omits, nist=NIST)


class BiasSuite(HarmSuite):
    """Questions made of groups of people.

    Args:
        people: the groups.
    """

    def __init__(self, people: People) -> None:
        self.people = people

    def grade_beside(self, row: Mapping[str, Any], own: HarmGrades, control: HarmGrades) -> HarmGrades:
        """Return the grades of an answer, given those of the answer to its control; pure."""
        return own

    def choice_measures(self) -> Sequence[Measure]:
        """Return the measures that a choice has, however it was asked for."""
        return ()

    def measure_choice(self, row: Mapping[str, Any], chosen: str) -> HarmGrades:
        """Return their values; pure."""
        return {}


@dataclass(frozen=True)
class BiasTask(HarmTask):
    """See `fairtrial.tasks.base.Task`; two requests where a question has a control."""

    suite: BiasSuite
    options: TaskOptions
    people: PeopleFile

    @cached_property
    def card(self) -> TaskCard:
        """What the task is; with groups of the user's, their file's hash is part of it."""
        card = super().card
        return replace(card, settings={**card.settings, "groups": self.people.hash}) if self.people.hash else card

    def items(self) -> Sequence[Item]:
        """Return the questions.  Raises TaskError if the groups leave none."""
        found = super().items()
        if not found:
            raise TaskError(
                "there are no questions about these groups.",
                fix="Give the file of groups what this task needs: 'contrasts' for questions and stereotypes, 'roles' "
                "and 'pronoun' for pronouns.",
                where=f"task {self.suite.name}",
            )
        return found

    def requests(self, item: Item) -> Sequence[Request]:
        """Return the request for an item, and the one for its control if it has one."""
        question = self._questions[item.doc_id]
        asked = [question]
        if CONTROL in question.row:
            asked.append(replace(question, text=question.row[CONTROL]))
        return [self.ask(one, item.doc_id) for one in asked]

    def grade(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return the measures of the card that apply."""
        own, *control = [self.grade_answer(item, answer) for answer in answers]
        grades = self.suite.grade_beside(item.data, own, control[0]) if control else own
        return self.list_observations(grades)

    def counts(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return what the answer to the item itself counts for scores of all answers together."""
        return super().counts(item, answers[:1])

    def choice_measures(self) -> Sequence[Measure]:
        """Return the measures of a choice, however it is asked for.  Raises TaskError if there are none."""
        found = self.suite.choice_measures()
        if not found:
            raise TaskError(
                "it has no options with a right one, so that no letter can be asked for.", where=self.suite.name
            )
        return found

    def measure_choice(self, item: Item, chosen: str) -> Sequence[Observation]:
        """Return their values for the choice that was taken."""
        return self.list_observations(self.suite.measure_choice(item.data, chosen))


def make_task(suite: type[BiasSuite], options: TaskOptions) -> BiasTask:
    """Return a task with the groups that the options name, or our own."""
    found = read_people(options.groups)
    return BiasTask(suite(found.people), options, found)


UNREAD: HarmGrades = {UNCLEAR: 1.0}
"""Of an answer that nobody can classify: never a pass, and no value of `HARMFUL`."""
