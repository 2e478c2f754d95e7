"""Signs: how an answer was given, apart from whether it is right; what makes a score doubtful is counted from them.

A sign is stored as an observation of value 1 beside an item's grades, and only where it occurs.  Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeGuard

from fairtrial.records import Answer, GenerateAnswer, GenerateRequest, Item, Measure, Observation, Request, ScoreAnswer
from fairtrial.records.held_back import find_held_back, knows_held_back
from fairtrial.records.trace import (
    ABSTAINED,
    CUT_QUOTES,
    DROPPED_PASSAGES,
    FOUND_NOTHING,
    GUARD_BLOCKED,
    GUARD_FAILED,
    GUARD_NOTED,
    GUARD_REFERRED,
    GUARD_REWROTE,
    READ_NOTHING,
    READ_PART,
    RIGHTS_CHANGED,
    SPOKEN_TO,
    STRIPPED,
    UNGUARDED,
    UNSHOWN_CITED,
    WITHHELD,
)
from fairtrial.tasks.base import Task, TellsSigns
from fairtrial.tasks.reading import ends_with, is_near_miss

PREFIX = "sign:"
"""Begins the measure name of every sign, so that none is taken for a grade or a cost."""

SIGNS: Mapping[str, str] = {
    "empty": "the answer has no text",
    "refused": "the server refused to answer",
    "unfinished": "all tokens went to reasoning, and no answer came",
    "unread": "no answer could be read from the text",
    "counted": "the server did not say how many tokens it took; they are our own count",
    "masked": "the server repeated the key, which was masked in the answer",
    "changed": "the server refused settings of the request, which was sent without them",
    "cut": "wrong, and cut off at the limit of tokens",
    "unreachable": "every right answer contains a string that ends an answer, so that none can be written",
    "near_miss": "wrong, and different from a right answer only in white space, case, final punctuation or how a "
    "number is written",
    "unjudged": "what the judge wrote gives no grade of the answer",
    "spoke_to_judge": "the answer addresses its grader",
    "outside": "wrong, and the place that it names lies outside the image",
    "read_nothing": "nothing could be read in an image that was shown as text",
    "read_part": "a part of the text in an image was left out because it is too long",
    "found_nothing": "no passage of the archive was found",
    "passages_dropped": "passages that were found did not fit the context",
    "abstained": "it says that there is too little evidence",
    "withheld": "the answer was withheld, for what it quotes",
    "cut_quotes": "what it repeated beyond a licence was cut",
    "cites_unshown": "it cites passages that were not shown",
    "rights_changed": "rights changed since the trial was planned",
    "spoken_to": "a passage that was shown reads like instructions to the model",
    "stripped": "sentences that read like instructions to the model were left out of passages",
    "guard_blocked": "a guard blocked the question or the answer",
    "guard_referred": "a guard gave an authority to ask in place of an answer",
    "guard_rewrote": "a guard changed the question or the answer",
    "guard_noted": "a guard noted something and let it pass",
    "guard_failed": "a check of a guard could not be made",
    "guard_right": "a guard's own words, graded as a right answer",
    "unguarded": "scores of given answers, which no guard looks at",
    "quotes_wrong": "a quotation stands in no passage that was shown",
    "ends_right": "wrong, and a longer text that ends with a right answer",
}
"""What each sign says of an answer."""

ON_THE_WAY: Mapping[str, str] = {
    "read_nothing": READ_NOTHING,
    "read_part": READ_PART,
    "found_nothing": FOUND_NOTHING,
    "passages_dropped": DROPPED_PASSAGES,
    "abstained": ABSTAINED,
    "withheld": WITHHELD,
    "cut_quotes": CUT_QUOTES,
    "cites_unshown": UNSHOWN_CITED,
    "rights_changed": RIGHTS_CHANGED,
    "spoken_to": SPOKEN_TO,
    "stripped": STRIPPED,
    "guard_blocked": GUARD_BLOCKED,
    "guard_referred": GUARD_REFERRED,
    "guard_rewrote": GUARD_REWROTE,
    "guard_noted": GUARD_NOTED,
    "guard_failed": GUARD_FAILED,
    "unguarded": UNGUARDED,
}
"""Signs of what levers did on the way to an answer, and the actions in its trace that they stand for."""

CHOSE = "chose:"
"""Begins the sign that tells which letter an answer gave, where the choices are letters."""


def find_signs(task: Task, item: Item, answers: Sequence[Answer], grades: Sequence[Observation]) -> list[Observation]:
    """Return the signs of the answers to one item.

    Args:
        task: which may tell of itself what its answers show.
        item: what was asked.
        answers: of its requests, in their order.
        grades: what the task made of them.
    """
    found = _find_signs_without_text(answers)
    if not found:
        told = (
            list(task.signs(item, answers, grades))
            if _tells_signs(task)
            else _find_signs_in_grades(task, item, answers, grades)
        )
        found = [
            *told,
            *_find_letter_chosen(item, answers),
            *([] if told else _find_signs_of_form(task, item, answers, grades)),
        ]
    return [
        Observation(PREFIX + name, 1.0)
        for name in dict.fromkeys(
            [
                *found,
                *_find_server_signs(answers),
                *_find_reading_signs(answers),
                *_find_guard_signs(task, answers, grades),
            ]
        )
    ]


def _tells_signs(task: Task) -> TypeGuard[TellsSigns]:
    """Return whether a task tells signs of itself: as `isinstance`, which takes longer than all that is found here."""
    return hasattr(task, "signs")


def grade_refusals_as_wrong(
    measures: Sequence[Measure], answers: Sequence[Answer], grades: Sequence[Observation]
) -> Sequence[Observation]:
    """Return the grades of one item, the worst of each measure where a server refused to answer.

    What a task makes of an empty text may well be a point: it has no forbidden word in it.
    """
    if not any(isinstance(answer, GenerateAnswer) and answer.finish == "refused" for answer in answers):
        return grades
    worst = {
        m.name: m.bounds[0 if m.higher_is_better else 1]
        for m in measures
        if m.bounds and m.higher_is_better is not None
    }
    return [replace(grade, value=worst.get(grade.measure, grade.value)) for grade in grades]


def _find_signs_without_text(answers: Sequence[Answer]) -> list[str]:
    """Return what can be said where there is no text to read, or none that is meant as an answer."""
    written = [answer for answer in answers if isinstance(answer, GenerateAnswer)]
    if any(answer.finish == "refused" for answer in written):
        return ["refused"]
    if any(answer.unfinished for answer in written):
        return ["unfinished"]
    if written and not any(answer.text.strip() for answer in written):
        return ["empty"]
    if written and all(_is_abstention(answer) for answer in written):
        return ["abstained"]
    return []


def _is_abstention(answer: GenerateAnswer) -> bool:
    """Return whether the last that happened to an answer is that it was declined: nothing is to be read in it."""
    return bool(answer.trace) and ABSTAINED in answer.trace[-1].action.split("; ")


def _find_signs_in_grades(
    task: Task, item: Item, answers: Sequence[Answer], grades: Sequence[Observation]
) -> list[str]:
    """Return what the grades of a task show that tells nothing of itself."""
    values = {grade.measure: grade.value for grade in grades}
    if values.get("unread", 0.0) > 0:
        return ["unread"]
    texts = [answer.text for answer in answers if isinstance(answer, GenerateAnswer)]
    wrong = values.get(task.card.main_measure) == 0.0 and not item.choices
    return ["near_miss"] if wrong and any(is_near_miss(text, item.gold) for text in texts) else []


def _find_signs_of_form(task: Task, item: Item, answers: Sequence[Answer], grades: Sequence[Observation]) -> list[str]:
    """Return what may have made free text wrong: it ended at the limit of tokens, or says more than the answer."""
    wrong = any(grade.measure == task.card.main_measure and grade.value == 0.0 for grade in grades)
    written = [answer for answer in answers if isinstance(answer, GenerateAnswer)]
    if item.choices or not wrong or not written:
        return []
    if any(ends_with(answer.text, item.gold) for answer in written):
        return ["ends_right"]
    cut = (answer for answer in written if answer.finish == "length")
    return ["cut"] if any(find_held_back(answer.text, answer.trace) is None for answer in cut) else []


def find_unreachable(item: Item, requests: Sequence[Request]) -> list[Observation]:
    """Return the sign of an item whose every right answer contains one of the request's stop strings."""
    stops = [stop for one in requests if isinstance(one, GenerateRequest) for stop in one.stop if stop]
    golds = [gold.strip() for gold in item.gold]
    if item.choices or not golds or not stops:
        return []
    lost = all(any(stop in gold for stop in stops) for gold in golds)
    return [Observation(PREFIX + "unreachable", 1.0)] if lost else []


def _find_letter_chosen(item: Item, answers: Sequence[Answer]) -> list[str]:
    """Return the likeliest choice where the choices are single letters and were scored."""
    answer = answers[0] if len(answers) == 1 else None
    names = [choice.strip().strip("().:") for choice in item.choices]
    if not isinstance(answer, ScoreAnswer) or len(names) < 2 or len(answer.logprobs) < len(names):
        return []
    if not all(len(name) == 1 and name.isalpha() for name in names):
        return []
    scores = answer.logprobs[: len(names)]
    return [CHOSE + names[scores.index(max(scores))].upper()]


def _find_server_signs(answers: Sequence[Answer]) -> list[str]:
    """Return what a server did otherwise than it was asked, whatever it answered."""
    written = [answer for answer in answers if isinstance(answer, GenerateAnswer)]
    return [name for name in ("counted", "masked", "changed") if any(getattr(answer, name) for answer in written)]


def _find_guard_signs(task: Task, answers: Sequence[Answer], grades: Sequence[Observation]) -> list[str]:
    """Return that a guard's own words got half of what the main measure can give or more, where nobody knows them."""
    written = [answer for answer in answers if isinstance(answer, GenerateAnswer) and answer.trace]
    if not any(find_held_back(one.text, one.trace) for one in written) or knows_held_back(task.card.settings):
        return []
    main = next((measure for measure in task.card.measures if measure.name == task.card.main_measure), None)
    if main is None or main.bounds is None or main.higher_is_better is None:
        return []
    low, high = main.bounds if main.higher_is_better else main.bounds[::-1]
    best = [grade.value for grade in grades if grade.measure == main.name]
    return ["guard_right"] if any(abs(value - low) >= abs(high - low) / 2 for value in best) else []


def _find_reading_signs(answers: Sequence[Answer]) -> list[str]:
    """Return what happened to a model's sources: to images that were read to it, and to what was found for it."""
    steps = [step for answer in answers for step in answer.trace]
    done = {action for step in steps for action in step.action.split("; ")}
    wrong = any(quote.result in ("not found", "stitched") for step in steps for quote in step.quotes)
    return [*(name for name, action in ON_THE_WAY.items() if action in done), *(["quotes_wrong"] if wrong else [])]
