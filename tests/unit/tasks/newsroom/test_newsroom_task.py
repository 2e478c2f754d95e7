"""The task about the archive: its promises, what is right and wrong, and that no question betrays its answer."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise

import pytest

from fairtrial.errors import SpecError
from fairtrial.records import GenerateAnswer
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.check import check_task
from fairtrial.tasks.newsroom.archive import build_newsroom
from fairtrial.tasks.newsroom.questions import NewsQuestion
from fairtrial.tasks.newsroom.reading import ABSTAINS, declines
from fairtrial.tasks.newsroom.task import DECLINE, NewsroomTask


@pytest.fixture(scope="module")
def task() -> NewsroomTask:
    return NewsroomTask(TaskOptions())


def grade(task: NewsroomTask, sort: str, text: str, number: int = 0) -> Mapping[str, float]:
    item = [one for one in task.items() if one.data["sort"] == sort][number]
    golds, rivals = item.data["golds"], item.data["rivals"]
    filled = text.format(
        gold=golds[0][2] if golds else "",
        second=golds[1][2] if len(golds) > 1 else "",
        rival=rivals[0][2] if rivals else "",
    )
    return {seen.measure: seen.value for seen in task.grade(item, [GenerateAnswer(filled, 1, "stop")])}


@pytest.mark.parametrize("level", [1, 3])
def test_it_keeps_the_promises_of_a_task(level: int) -> None:
    assert check_task(lambda: NewsroomTask(TaskOptions(level=level)), limit=60) == []


def test_levels_hold_each_other_and_a_third_at_most_has_no_answer() -> None:
    asked = [{one.id for one in NewsroomTask(TaskOptions(level=level)).items()} for level in (1, 2, 3)]
    assert asked[0] < asked[1] < asked[2]
    for level in (1, 2, 3):
        task = NewsroomTask(TaskOptions(level=level))
        share = sum(not one.data["golds"] for one in task.items()) / len(task.items())
        assert 0.2 < share < 0.34 and f"declining is right in {share:.0%}" in task.card.description


def test_who_guesses_instead_of_declining_is_not_said_to_be_misread() -> None:
    assert NewsroomTask(TaskOptions(level=1)).card.chance is None, "declining is right by rule, not by guessing"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (TaskOptions(level=4), "level 4 does not exist"),
        (TaskOptions(shots=2), "2 examples were asked for"),
        (TaskOptions(items=0), "the number of items is 0"),
    ],
)
def test_what_cannot_be_is_refused(options: TaskOptions, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        NewsroomTask(options).items()


@pytest.mark.parametrize(
    ("sort", "text", "right"),
    [
        ("told", "{gold}", 1.0),
        ("told", "It was {gold} [2].", 1.0),
        ("told", DECLINE, 0.0),
        ("told", "{gold} or {rival}", 0.0),
        ("corrected", "{gold} [1][3]", 1.0),
        ("corrected", "{rival}", 0.0),
        ("satire beside", "{rival}", 0.0),
        ("contradicted", "One says {gold} [1], the other {second} [2].", 1.0),
        ("contradicted", "{gold}", 0.0),
        ("contradicted", "{second}", 0.0),
        ("denied", DECLINE, 1.0),
        ("denied", "I don't know.", 1.0),
        ("denied", "{rival}", 0.0),
        ("denied", "The archive does not say, but {rival}", 0.0),
        ("unheard", "", 0.0),
    ],
)
def test_answers_are_graded(task: NewsroomTask, sort: str, text: str, right: float) -> None:
    assert grade(task, sort, text)["acc"] == right


def test_abstention_has_two_rates(task: NewsroomTask) -> None:
    assert grade(task, "denied", DECLINE) == {"acc": 1.0, "abstention_recall": 1.0, "abstention_precision": 1.0}
    assert grade(task, "denied", "17") == {"acc": 0.0, "abstention_recall": 0.0}
    assert grade(task, "told", DECLINE) == {"acc": 0.0, "acc_answerable": 0.0, "abstention_precision": 0.0}
    assert grade(task, "told", "{gold}") == {"acc": 1.0, "acc_answerable": 1.0}


def test_every_stated_phrase_declines_and_no_right_answer_does(task: NewsroomTask) -> None:
    assert all(declines(f"Sorry, {phrase}.") for phrase in ABSTAINS)
    assert not any(declines(item.gold[0]) for item in task.items() if item.data["golds"])


def questions(seeds: Iterable[int]) -> list[NewsQuestion]:
    return [one for seed in seeds for one in build_newsroom(seed).questions]


def words(question: NewsQuestion) -> set[str]:
    """Words and pairs of words, with numbers as one, since their digits are drawn."""
    found = re.findall(r"\w+", re.sub(r"\d[\d.,]*", "7", question.text.lower()))
    return {*found, *map(" ".join, pairwise(found)), f"length {len(found)}", f"level {question.level}"}


def test_no_words_of_a_question_tell_whether_it_can_be_answered() -> None:
    """Naive Bayes, taught on other towns, must order questions no better than chance."""
    taught, asked = questions(range(1, 6)), questions([1234, 99])
    counts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    total = Counter(bool(one.golds) for one in taught)
    for one in taught:
        counts[bool(one.golds)].update(words(one))

    def score(question: NewsQuestion) -> float:
        return sum(
            math.log((counts[True][w] + 1) / (total[True] + 2)) - math.log((counts[False][w] + 1) / (total[False] + 2))
            for w in words(question)
        )

    yes = [score(one) for one in asked if one.golds]
    no = [score(one) for one in asked if not one.golds]
    area = sum((a > b) + (a == b) / 2 for a in yes for b in no) / (len(yes) * len(no))
    assert 0.42 < area < 0.58


def test_no_form_of_question_has_an_answer_that_can_be_guessed() -> None:
    """The answer that is most frequent in other towns, for each form, is right for few."""
    known: dict[str, Counter[str]] = defaultdict(Counter)
    for one in questions(range(1, 6)):
        if one.golds:
            known[one.form][one.golds[0].key] += 1
    asked = [one for one in questions([1234, 99]) if one.golds]
    right = sum(known[one.form].most_common(1)[0][0] == one.golds[0].key for one in asked if known[one.form])
    assert right / len(asked) < 0.05


def test_the_order_of_questions_tells_nothing(task: NewsroomTask) -> None:
    answered = [bool(item.data["golds"]) for item in task.items()]
    half = len(answered) // 2
    assert abs(sum(answered[:half]) / half - sum(answered[half:]) / (len(answered) - half)) < 0.12


def test_what_is_needed_is_named_where_there_is_an_answer(task: NewsroomTask) -> None:
    for item in task.items():
        assert bool(item.data["needs"]) == bool(item.data["golds"]) == all(item.data["needs"] or [[]])
