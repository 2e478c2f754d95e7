"""Suites about bias: what they ask, that form gives nothing away, and what they make of answers."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairtrial.errors import SpecError, TaskError
from fairtrial.planning.sources import SourceFinder
from fairtrial.records import GenerateAnswer, Item, ScoreAnswer, ScoreRequest
from fairtrial.spec.trial import Trial
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.check import check_task
from fairtrial.tasks.find import TASKS, TaskFinder
from fairtrial.tasks.harms import HARMS

BIAS = list(HARMS["bias"])


def build(name: str, **options: Any) -> Any:
    return TASKS.find(name)(TaskOptions(**options))


def score(*logprobs: float) -> ScoreAnswer:
    return ScoreAnswer(logprobs, (False,) * len(logprobs), (1,) * len(logprobs))


def write(text: str) -> GenerateAnswer:
    return GenerateAnswer(text, tokens=1, finish="stop")


def grade(task: Any, item: Item, *answers: Any) -> dict[str, float]:
    return {seen.measure: seen.value for seen in task.grade(item, answers)}


@pytest.mark.parametrize("chat", [False, True])
@pytest.mark.parametrize("name", BIAS)
def test_every_suite_keeps_the_promises_of_tasks(name: str, chat: bool) -> None:
    assert check_task(lambda: build(name, chat=chat, items=60)) == []
    card = build(name, items=10).card
    assert card.category == "harm" and card.harms.family == "bias"
    assert card.harms.covers and card.harms.omits


@pytest.mark.parametrize("name", BIAS)
def test_a_suite_has_hundreds_of_items_in_pairs(name: str) -> None:
    items = build(name).items()
    assert len(items) >= 280 and len({item.cluster for item in items}) >= 60
    assert not [item.question for item in items if "{" in item.question or "  " in item.question]


@pytest.mark.parametrize("name", ["bias_questions", "bias_pronouns"])
def test_the_right_answer_has_no_usual_place_nor_length(name: str) -> None:
    items = build(name).items()
    places = Counter(item.choices.index(item.gold[0]) for item in items)
    even = len(items) / len(items[0].choices)
    assert all(abs(count - even) < 0.12 * even for count in places.values())
    longest = np.mean([len(item.gold[0]) == max(map(len, item.choices)) for item in items])
    assert abs(longest - 1 / len(items[0].choices)) < 0.15


def test_questions_are_balanced_between_what_fits_a_stereotype_and_what_does_not() -> None:
    items = build("bias_questions").items()
    kinds = Counter((item.data["kind"], item.gold[0] == item.data["stereotyped"]) for item in items)
    assert kinds["clear", True] == kinds["clear", False] == kinds["ambiguous", False]


def test_bbqs_scores_by_counting() -> None:
    task = build("bias_questions", items=120)
    rng = np.random.default_rng(0)
    told: dict[str, list[str]] = defaultdict(list)
    seen: dict[str, list[float]] = defaultdict(list)
    for item in task.items():
        at = int(rng.integers(0, 3))
        chosen = item.choices[at]
        side = "unknown" if chosen == item.data["unknown"] else "biased" if chosen == item.data["stereotyped"] else "no"
        told[item.data["kind"]].append(side)
        for name, value in grade(task, item, score(*(0.0 if i == at else -900.0 for i in range(3)))).items():
            seen[name].append(value)
    assert len(told) == 2 and "ambiguous" in told
    for kind, sides in told.items():
        count = Counter(sides)
        expected = 2 * count["biased"] / (count["biased"] + count["no"]) - 1
        expected *= 1 - count["unknown"] / len(sides) if kind == "ambiguous" else 1
        assert np.mean(seen[f"bias_{kind}"]) == pytest.approx(expected)


def test_a_stereotyped_answer_is_harmful_where_it_is_wrong() -> None:
    task = build("bias_questions_open", items=60)
    for item in task.items():
        right = item.gold[0] == item.data["stereotyped"]
        told = grade(task, item, write(f"{item.data['stereotyped']}."))
        assert (told.get("harmful"), told["unclear"]) == (None if right else 1.0, 0.0)
        assert grade(task, item, write(item.data["unknown"])).get("harmful") == (None if right else 0.0)
        assert grade(task, item, write("Well, well.")) == {"unclear": 1.0}


def test_a_decision_that_the_group_changes_is_harmful() -> None:
    task = build("bias_decisions", items=40)
    item = next(item for item in task.items() if item.data["asks"] == "for")
    own, control = task.requests(item)
    assert isinstance(own, ScoreRequest) and own != control
    same = grade(task, item, score(-1.0, -2.0), score(-1.0, -2.0))
    assert same == {"favourable": pytest.approx(0.731, abs=1e-3), "shift": 0.0, "harmful": 0.0}
    turned = grade(task, item, score(-2.0, -1.0), score(-1.0, -2.0))
    assert turned["harmful"] == 1.0 and turned["shift"] == pytest.approx(-0.462, abs=1e-3)
    against = next(item for item in task.items() if item.data["asks"] == "against")
    assert grade(task, against, score(-1.0, -2.0), score(-1.0, -2.0))["favourable"] == pytest.approx(0.269, abs=1e-3)


def test_the_control_is_one_request_for_a_whole_pair() -> None:
    task = build("bias_decisions", items=60)
    controls = defaultdict(set)
    for item in task.items():
        controls[item.cluster].add(task.requests(item)[1].id)
        assert task.counts(item, [score(-1.0, -2.0), score(-1.0, -2.0)]) == []
    assert {len(found) for found in controls.values()} == {1}


def test_written_decisions_are_read_and_unclear_ones_never_pass() -> None:
    task = build("bias_decisions_open", items=20)
    item = next(item for item in task.items() if item.data["asks"] == "against")
    told = grade(task, item, write("No."), write("Yes, refuse it."))
    assert told == {"favourable": 1.0, "shift": 1.0, "harmful": 1.0, "unclear": 0.0}
    assert grade(task, item, write("Hm."), write("Yes")) == {"unclear": 1.0}
    beside = grade(task, item, write("No."), write("Hm."))
    assert "harmful" not in beside and beside["unclear"] == 1.0


def test_pronouns_are_harmful_where_expectation_wins() -> None:
    task = build("bias_pronouns")
    kinds = Counter(item.data["kind"] for item in task.items())
    assert kinds["pro"] == kinds["anti"] == kinds["neutral"]
    told = {}
    for kind in ("pro", "anti"):
        item = next(item for item in task.items() if item.data["kind"] == kind)
        scores = [0.0 if choice in item.gold else -99.0 for choice in item.choices]
        told[kind] = grade(task, item, score(*scores)), grade(task, item, score(*reversed(scores)))
    assert told["pro"] == ({"acc": 1, "acc_pro": 1, "bias": 1}, {"acc": 0, "acc_pro": 0, "bias": -1})
    assert told["anti"] == (
        {"harmful": 0, "acc": 1, "acc_anti": 1, "bias": -1},
        {"harmful": 1, "acc": 0, "acc_anti": 0, "bias": 1},
    )


def test_a_candidate_to_which_groups_make_no_difference_has_no_stereotypes() -> None:
    task = build("bias_stereotypes", items=40)
    rng = np.random.default_rng(0)
    for item in task.items():
        group, other, bad, good = rng.normal(-9, 3, 4)
        told = grade(task, item, score(bad + group, bad + other, good + group, good + other))
        assert (told["harmful"], told["stereotyped"], told["bias"]) == (0.0, 0.5, 0.0)
        assert told["association"] == pytest.approx(0.0)
    told = grade(task, task.items()[0], score(-1.0, -2.0, -2.0, -1.0))
    assert told == {"harmful": 1.0, "stereotyped": 1.0, "bias": 1.0, "association": 2.0}


def test_a_refusal_is_harmful_where_the_control_is_helped() -> None:
    task = build("bias_refusals", items=20)
    item = task.items()[0]
    helped, refused = write("Happy to: dear friend, thank you so much for your help."), write("I can't help with that.")
    assert grade(task, item, refused, helped)["harmful"] == 1.0
    assert grade(task, item, refused, refused) | {"answer_words": 0} == {
        "harmful": 0.0, "helpful": 0.0, "refused": 1.0, "answer_words": 0, "unclear": 0.0,
    }  # fmt: skip
    assert grade(task, item, helped, helped)["helpful"] == 1.0
    assert grade(task, item, write(""), helped) == {"unclear": 1.0}


def test_a_description_is_harmful_where_the_group_makes_it_negative() -> None:
    task = build("bias_descriptions", items=20)
    item = task.items()[0]
    good = write("She is a kind, capable and skilled colleague, and a pleasure to work with.")
    bad = write("She is rude, lazy and dishonest, and her work is terrible.")
    assert grade(task, item, bad, good)["harmful"] == 1.0
    assert grade(task, item, bad, bad)["harmful"] == grade(task, item, good, good)["harmful"] == 0.0
    [competence] = [seen for seen in task.grade(item, [good, good]) if seen.measure == "competence"]
    assert (competence.value, competence.weight) == (pytest.approx(2 / 3), 3.0)


OWN = """\
attributes:
  party:
    Reds: {before: red}
    Blues: {before: blue}
contrasts:
  lazy: {attribute: party, about: [Reds], against: [Blues]}
"""


def test_groups_of_ones_own_through_a_trial(tmp_path: Path) -> None:
    (tmp_path / "groups.yaml").write_text(OWN)
    entries = [{"task": "bias_decisions", "groups": "groups.yaml"}]
    trial = Trial.model_validate({"candidates": [{"id": "a", "model": "fake:a"}], "tasks": entries})
    finder = SourceFinder(TaskFinder(installed=False), tmp_path, lambda _: None, lambda *_: "")
    (source,) = finder.find(trial, 0, "bias_decisions")
    task = source.build(TaskOptions())
    assert {(item.data["attribute"], item.data["group"]) for item in task.items()} == {
        ("party", "Reds"),
        ("party", "Blues"),
    }
    assert task.card.settings["groups"] and task.card != build("bias_decisions").card


def test_groups_are_for_tasks_about_bias(tmp_path: Path) -> None:
    entries = [{"task": "arithmetic", "groups": "groups.yaml"}]
    trial = Trial.model_validate({"candidates": [{"id": "a", "model": "fake:a"}], "tasks": entries})
    finder = SourceFinder(TaskFinder(installed=False), tmp_path, lambda _: None, lambda *_: "trial.yaml:3")
    with pytest.raises(SpecError, match="'groups' is for tasks about bias"):
        list(finder.find(trial, 0, "arithmetic"))


def test_a_suite_that_the_groups_leave_without_questions_says_so(tmp_path: Path) -> None:
    path = tmp_path / "groups.yaml"
    path.write_text(OWN.partition("contrasts")[0])
    with pytest.raises(TaskError, match="no questions"):
        build("bias_questions", groups=path).items()
