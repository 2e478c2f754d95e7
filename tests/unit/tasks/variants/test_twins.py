"""Modality twins, the blind baseline and the swapped picture: what they show, and what a trial makes of them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import fairtrial.running.pool as bench
from fairtrial.engines import EngineSettings
from fairtrial.errors import CapabilityError, SpecError, TaskError
from fairtrial.images import decode
from fairtrial.ledger import Ledger
from fairtrial.models import ResolvedModel
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.records import GenerateRequest, ImagePart, Item, Measure, Observation, Prompt, ScoreRequest, TextPart
from fairtrial.report.summary import Summary, summarise
from fairtrial.running.conductor import run
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.trial import Trial
from fairtrial.tasks.base import TaskCard, TaskOptions
from fairtrial.tasks.check import check_task
from fairtrial.tasks.find import TaskFinder
from fairtrial.tasks.variants.blind import NOTHING, BlindTask, SwappedTask, shows_images
from fairtrial.tasks.variants.forms import make_form
from fairtrial.tasks.variants.letters import ASK, LetterTask
from fairtrial.tasks.variants.twins import INSTRUCTION, RenderedTask, split_asking
from tests.support.seeing import CANNOT, SEES, Seer, list_golds

TWINS = ("rendered", "distractor", "chart", "grid")


def table(items: int = 9, shots: int = 1) -> Any:
    return TaskFinder().build("table", TaskOptions(items=items, shots=shots))


def asked(task: Any, item: Item) -> Prompt:
    [request] = task.requests(item)
    prompt: Prompt = request.prompts[0]
    return prompt


@pytest.mark.parametrize("form", TWINS)
def test_a_twin_keeps_items_and_grades_and_shows_a_picture(form: str) -> None:
    task, twin = table(), make_form(table(), form)
    assert check_task(lambda: make_form(table(), form)) == []
    assert [(i.id, i.cluster, i.gold) for i in twin.items()] == [(i.id, i.cluster, i.gold) for i in task.items()]
    assert twin.card.settings["form"] == form
    item = twin.items()[0]
    prompt = asked(twin, item)
    [image] = prompt.images
    bytes_of = dict(twin.images(item))
    assert decode(bytes_of[image]).pixels.shape[2] == 3
    assert twin.show_item(item).images == (image,)
    assert prompt.examples == asked(task, item).examples
    assert prompt.system == asked(task, item).system
    assert prompt.user.endswith("\nAnswer:")


def test_rendered_leaves_only_the_cue_as_text_and_charts_only_the_table_out() -> None:
    item = table().items()[0]
    question = str(item.data["question"])
    assert asked(make_form(table(), "rendered"), item).user == "<image>\nAnswer:"
    for form in ("chart", "grid"):
        user = asked(make_form(table(), form), item).user
        assert user == f"Table:\n<image>\nQuestion: {question}\nAnswer:"
    assert asked(make_form(table(), "distractor"), item).user.endswith(asked(table(), item).user)


def test_inside_shows_one_sentence_and_takes_no_examples() -> None:
    inside = make_form(table(shots=0), "inside")
    prompt = asked(inside, inside.items()[0])
    assert prompt.plain() == f"<image>\n{INSTRUCTION}\nAnswer:"
    with pytest.raises(TaskError, match="no few-shot examples"):
        make_form(table(shots=2), "inside").requests(inside.items()[0])


def test_the_line_that_asks_for_a_letter_stays_text() -> None:
    rendered = make_form(LetterTask(table(shots=0)), "rendered")
    [request] = rendered.requests(rendered.items()[0])
    assert isinstance(request, GenerateRequest)
    assert request.prompt.user == f"<image>\n{ASK}\nAnswer:"
    assert split_asking("Sort this ticket: help") == ("Sort this ticket: help", "")
    inside = make_form(LetterTask(table(shots=0)), "inside")
    assert asked(inside, inside.items()[0]).user == f"<image>\n{INSTRUCTION}\nAnswer:"


class Pictures:
    """A task of images: how dark is this square?  Its examples show images, too."""

    def __init__(self, count: int = 12) -> None:
        self.bytes: dict[ImagePart, bytes] = {}
        self.made = [self._make(number) for number in range(count)]
        self.example = self._draw(250)
        self.card = TaskCard("dark", "1", "1", "CC0-1.0", (Measure("acc"),), "acc", chance=0.5)

    def _draw(self, shade: int) -> ImagePart:
        out = io.BytesIO()
        Image.new("L", (8, 8), shade).save(out, "PNG")
        part = ImagePart.of(out.getvalue(), "image/png")
        self.bytes[part] = out.getvalue()
        return part

    def _make(self, number: int) -> Item:
        image, gold = self._draw(number), "yes" if number % 2 else "no"
        return Item(f"i{number}", number, "Is it odd?", ("yes", "no"), (gold,), f"c{number // 2}", {}, (image,))

    def items(self) -> list[Item]:
        return self.made

    def images(self, item: Item) -> list[tuple[ImagePart, bytes]]:
        return [(part, self.bytes[part]) for part in (*item.images, self.example)]

    def requests(self, item: Item) -> list[GenerateRequest]:
        shown = [item.images[0], TextPart("\nIs it odd?\nAnswer:")]
        shot = Prompt([self.example, TextPart("\nIs it odd?\nAnswer: no\n\n")])
        return [GenerateRequest(Prompt([*shot.question.parts, *shown]), max_tokens=4, label=f"dark item {item.doc_id}")]

    def grade(self, item: Item, answers: Any) -> list[Observation]:
        return [Observation("acc", float(answers[0].text == item.gold[0]))]


def test_blind_takes_every_image_away_and_nothing_else() -> None:
    task = Pictures()
    blind = BlindTask(task)
    assert shows_images(task)
    assert not shows_images(blind)
    item = blind.items()[0]
    assert asked(blind, item).images == ()
    assert asked(blind, item).user == "Is it odd?\nAnswer: no\n\n\nIs it odd?\nAnswer:"
    assert blind.show_item(item).images == ()
    assert [i.id for i in blind.items()] == [i.id for i in task.items()]
    bare = blind.write_prompt(Prompt([item.images[0]]), item)
    assert bare.user == NOTHING


def test_swapped_shows_the_same_other_picture_every_time() -> None:
    task = Pictures()
    swapped = SwappedTask(task)
    for item in swapped.items():
        [first, second] = asked(swapped, item).images
        assert first == task.example
        assert second not in item.images
        assert swapped.show_item(item).images == (second,)
        given = dict(swapped.images(item))
        assert {first, second} <= {*given}
        assert item.images[0] not in given
        other = next(one for one in task.items() if one.images == (second,))
        assert set(other.gold).isdisjoint(item.gold)
    assert asked(swapped, task.made[0]) == asked(SwappedTask(Pictures()), task.made[0])
    with pytest.raises(TaskError, match="cannot be shown the images of another"):
        SwappedTask(Pictures(1)).requests(task.made[0])


def test_text_that_cannot_be_drawn_is_refused_with_its_item() -> None:
    task = Pictures()
    text = "\u4f60\u597d"

    class Asks(Pictures):
        def requests(self, item: Item) -> list[GenerateRequest]:
            return [GenerateRequest(Prompt(text), max_tokens=4)]

    with pytest.raises(TaskError, match=r"U\+4F60") as caught:
        RenderedTask(Asks(), 20).requests(task.made[3])
    assert "item 3" in str(caught.value)


def planned(folder: Path, tasks: list[Any], candidates: list[Any] | None = None, **more: Any) -> Plan:
    trial = Trial.model_validate(
        {"candidates": candidates or [{"id": "a", "model": "fake:a"}, {"id": "b", "model": "fake:b"}], "tasks": tasks}
        | more
    )
    return plan_trial(trial, folder)


def answered(plan: Plan, folder: Path, monkeypatch: pytest.MonkeyPatch, shares: dict[str, Any]) -> Summary:
    golds = list_golds(plan)

    def opener(candidate: Candidate, model: ResolvedModel, settings: EngineSettings) -> Seer:
        return Seer(golds, shares[candidate.id], CANNOT if candidate.blind else SEES)

    monkeypatch.setattr(bench, "open_engine", opener)
    ledger = Ledger.open(folder / "t.db")
    with ledger.writing():
        run(plan, "text", ledger, EngineSettings())
    return summarise(ledger, plan.id)


READS = {"text": 0.9, "image": 0.9, "blind": 0.3}
LOOKS = {"text": 0.9, "image": 0.2, "blind": 0.3}


def test_twins_are_planned_beside_their_task_and_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(tmp_path, [{"task": "table", "limit": 90, "shots": 0, "forms": ["rendered", {"chart": 28}]}])
    assert [t.name for t in plan.tasks] == ["table", "table-rendered", "table-chart-28"]
    first, *twins = plan.tasks
    assert all([i.id for i in t.items] == [i.id for i in first.items] for t in twins)
    assert all(t.of == first.id and t.measures == first.measures for t in twins)
    summary = answered(plan, tmp_path, monkeypatch, {"a": READS, "b": LOOKS})
    verdicts = {v.task: v.verdict for v in summary.verdicts}
    assert verdicts == {"table": "undecided", "table-rendered": "worse", "table-chart-28": "worse"}
    assert summary.standings.tasks == ("table",)


def test_tasks_with_images_are_asked_blind_unless_told_otherwise(tmp_path: Path) -> None:
    named = [t.name for t in planned(tmp_path, [{"task": "charts", "limit": 10}]).tasks]
    assert named == ["charts", "charts-blind"]
    assert [t.name for t in planned(tmp_path, [{"task": "charts", "limit": 10, "blind": False}]).tasks] == ["charts"]
    with pytest.raises(SpecError, match="shows no images"):
        planned(tmp_path, [{"task": "table", "limit": 10, "blind": True}])


def test_a_blind_candidate_answers_without_images_and_is_not_asked_to_see(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidates = [{"id": "sees", "model": "fake:a"}, {"id": "reads", "model": "fake:b", "blind": True}]
    tasks = [{"task": "charts", "limit": 60, "shots": 0, "forms": ["swapped"]}]
    plan = planned(tmp_path, tasks, candidates)
    assert plan.candidates[0].id != plan.candidates[1].id
    assert [sorted(t.unasked) for t in plan.tasks] == [[], [], ["reads"]]
    summary = answered(plan, tmp_path, monkeypatch, {"sees": READS, "reads": READS})
    scores = {(e.task, e.candidate): e.mean for e in summary.estimates if e.measure == "acc"}
    assert scores["charts", "reads"] == scores["charts-blind", "reads"] == scores["charts-blind", "sees"]
    assert ("charts-swapped", "reads") not in scores
    assert {(v.task, v.a): v.verdict for v in summary.verdicts} == {("charts", "reads"): "worse"}
    assert summary.finished


def test_a_candidate_that_cannot_see_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(tmp_path, [{"task": "charts", "limit": 10, "shots": 0}])
    monkeypatch.setattr(bench, "open_engine", lambda *_: Seer({}, READS, CANNOT))
    ledger = Ledger.open(tmp_path / "t.db")
    with ledger.writing(), pytest.raises(CapabilityError, match="cannot see") as caught:
        run(plan, "text", ledger, EngineSettings())
    assert "blind: true" in str(caught.value.fix)


def test_a_chart_is_scored_over_its_choices() -> None:
    twin = make_form(table(), "chart")
    [request] = twin.requests(twin.items()[0])
    assert isinstance(request, ScoreRequest)
    assert len(request.pairs) == len(twin.items()[0].choices)


@pytest.mark.parametrize("prompt", ["{{question}}", "{{row.context}} {{prompt}}"])
def test_a_prompt_that_gives_the_text_away_is_refused(tmp_path: Path, prompt: str) -> None:
    candidates = [{"id": "a", "model": "fake:a", "prompt": prompt}]
    with pytest.raises(SpecError, match="show as text what this form shows as a picture"):
        planned(tmp_path, [{"task": "table", "limit": 10, "shots": 0, "forms": ["rendered"]}], candidates)
    candidates = [{"id": "a", "model": "fake:a", "prompt": "Look. {{prompt}}"}]
    plan = planned(tmp_path, [{"task": "table", "limit": 10, "shots": 0, "forms": ["rendered"]}], candidates)
    assert len(plan.tasks) == 2


def test_a_function_that_takes_rows_is_not_asked_to_see(tmp_path: Path) -> None:
    def answer(row: dict[str, Any]) -> str:
        return "x"

    tasks = [{"task": "table", "limit": 10, "ask": "letter", "forms": ["rendered"]}]
    with pytest.raises(SpecError, match="takes `row`"):
        planned(tmp_path, tasks, [{"id": "f", "model": answer}])
