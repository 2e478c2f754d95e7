"""Candidates that were trained on what they would be asked: refused before they are tuned, or said in the plan."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest

from fairtrial import cache
from fairtrial.archive.tainting import mark_tainted
from fairtrial.curation.contamination.grams import collect_grams, write_grams
from fairtrial.curation.contamination.items import read_items
from fairtrial.curation.contamination.trained import find_grams
from fairtrial.errors import FairtrialError, SpecError
from fairtrial.levers import LEVERS, BuildContext, BuildLever
from fairtrial.models import ResolvedModel, resolve
from fairtrial.models.adapters import remember_merged
from fairtrial.planning.candidates import CandidatePlanner
from fairtrial.planning.contamination import ContaminationCheck, describe_training, tell_training
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.curate import Curate
from fairtrial.spec.levers import LEVER_SETTINGS, locate_levers
from fairtrial.spec.references import LeverSettings, Refers
from fairtrial.spec.trial import TaskEntry, Trial

QUESTIONS = [
    "Which of the two old bridges of Saltmere was closed for repairs in the spring after the flood?",
    "Who signed the contract for the new ferry that sails to Harrow on Mondays and Thursdays?",
    "What is the capital of Peru?",
    "How many lamps does the keeper of the north light have to clean before the night begins?",
]
ANSWERS = ["The upper one", "Captain Orlo", "Lima", "Nine"]
built: list[str] = []


class Tuned(LeverSettings):
    """Settings of a lever that stands for tuning."""

    data: Annotated[str | None, Refers("file")] = None
    grams: bool = True


class TuneLever(BuildLever[Tuned]):
    """Makes a folder that looks like an adapter's."""

    Settings = Tuned

    def build(self, settings: Tuned, model: ResolvedModel, context: BuildContext) -> ResolvedModel:
        built.append(str(settings.data))
        folder = context.cache_dir / f"adapter-{len(built)}"
        folder.mkdir(parents=True)
        if settings.grams:
            write_grams(collect_grams([["nothing"]]), folder / "grams.bin")
        return replace(model, adapter=folder, adapter_sha256="ad" * 32)


class KeptLever(BuildLever[Curate]):
    """Stands for curation, and leaves the model as it is."""

    Settings = Curate

    def build(self, settings: Curate, model: ResolvedModel, context: BuildContext) -> ResolvedModel:
        return model


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(cache, "user_cache_path", lambda _name: tmp_path / "cache")
    settings: dict[str, Any] = {**LEVER_SETTINGS.built_in, "tune": Tuned, "curate": Curate}
    monkeypatch.setitem(LEVERS.__dict__, "built_in", {**LEVERS.built_in, "tune": TuneLever})
    monkeypatch.setitem(LEVER_SETTINGS.__dict__, "built_in", settings)
    rows = "".join(f'"{q}","{a}"\n' for q, a in zip(QUESTIONS, ANSWERS, strict=True))
    (tmp_path / "own.csv").write_text(f"question,answer\n{rows}")
    built.clear()
    yield tmp_path


def plan(place: Path, lever: dict[str, Any], told: list[str] | None = None, **more: Any) -> Plan:
    trial = Trial(
        name="t",
        candidates=(Candidate(id="base", model="fake:x"), Candidate(id="tuned", model="fake:x", levers=(lever,))),
        tasks=(TaskEntry(file="own.csv"),),
        **more,
    )
    return plan_trial(trial, place, on_progress=(told if told is not None else []).append)


def write_rows(place: Path, *rows: tuple[str, str]) -> Path:
    path = place / "rows.jsonl"
    lines = [{"messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}]} for q, a in rows]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_refused_with_count_task_and_example_before_it_is_tuned(place: Path) -> None:
    write_rows(place, (QUESTIONS[0], ANSWERS[0]), (QUESTIONS[2], ANSWERS[2]), ("Who are you?", "Nobody."))
    with pytest.raises(SpecError) as caught:
        plan(place, {"tune": {"data": "rows.jsonl"}})
    assert "candidate 'tuned' was trained on 2 of 4 items of own" in caught.value.message
    assert "1 by 13 words in a row, 1 by question and answer" in caught.value.message
    assert "'Which of the two old bridges of Saltmere" in caught.value.message
    assert "`curate` before `tune`" in caught.value.fix
    assert "contaminated: allow" in caught.value.fix
    assert built == []


def test_allowed_it_is_said_and_stands_in_the_plan(place: Path) -> None:
    write_rows(place, (QUESTIONS[0], ANSWERS[0]))
    told: list[str] = []
    made = plan(place, {"tune": {"data": "rows.jsonl"}}, told, contaminated="allow")
    assert len(built) == 1
    assert any("was trained on 1 of 4 items of own" in line for line in told)
    [training] = made.document()["training"]
    assert training["candidate"] == "tuned"
    [seen] = training["seen"]
    [item] = [one.id for one in made.tasks[0].items if one.question == QUESTIONS[0]]
    assert (seen["task"], seen["items"], seen["of"]) == ("own", (item,), 4)
    assert (training["unknown"], training["withdrawn"]) == (False, 0)


def test_a_judge_that_was_trained_on_items_is_refused_or_said(place: Path) -> None:
    write_rows(place, (QUESTIONS[0], ANSWERS[0]))
    judge = Candidate(id="strict", model="fake:x", levers=({"tune": {"data": "rows.jsonl"}},))
    task = TaskEntry.model_validate({"file": "own.csv", "grade": {"judge": {"by": "strict"}}})
    trial = Trial(name="t", candidates=(Candidate(id="base", model="fake:x"),), tasks=(task,), judges=(judge,))
    with pytest.raises(SpecError, match="'strict' was trained on 1 of 4 items of own"):
        plan_trial(trial, place)
    told: list[str] = []
    made = plan_trial(trial.model_copy(update={"contaminated": "allow"}), place, on_progress=told.append)
    assert any("'strict' was trained on 1 of 4 items of own" in line for line in told)
    [training] = made.document()["training"]
    assert (training["candidate"], len(training["seen"][0]["items"])) == ("strict", 1)


def test_a_judge_that_was_trained_on_the_answers_that_it_is_examined_by_is_said(place: Path) -> None:
    long = "The council kept {} boats in the harbour through the storm of that winter and sold the other ones by June."
    graded = [(f"How did boat {i} fare?", long.format(name)) for i, name in enumerate(("nine", "sixty", "forty"))]
    graded += [("Where did they go?", "To Harrow."), ("Where did they go?", "To Saltmere.")]
    labels = "".join(f'"{question}","{answer}",1\n' for question, answer in graded)
    (place / "labels.csv").write_text(f"question,answer,grade\n{labels}")
    learned = [(f"Grade this answer.\n\nQuestion:\n{q}\n\nAnswer:\n{a}", "Grade: 1") for q, a in (graded[1], graded[3])]
    write_rows(place, *learned)
    judge = Candidate(id="strict", model="fake:x", levers=({"tune": {"data": "rows.jsonl"}},))
    settings = {"by": "strict", "scale": [0, 1], "labels": "labels.csv"}
    task = TaskEntry.model_validate({"file": "own.csv", "grade": {"judge": settings}})
    trial = Trial(name="t", candidates=(Candidate(id="base", model="fake:x"),), tasks=(task,), judges=(judge,))
    told: list[str] = []
    made = plan_trial(trial, place, on_progress=told.append)
    [examination] = made.judges.examinations
    [training] = made.document()["training"]
    [seen] = training["graded"]
    wanted = [one.id for one in examination.task.items if one.doc_id in (1, 3)]
    assert (training["candidate"], training["seen"]) == ("strict", [])
    assert (seen["task"], sorted(seen["items"]), seen["of"]) == ("labels.csv", sorted(wanted), 5)
    assert any("the judge 'strict' was trained on 2 of 5 graded answers of labels.csv" in line for line in told)


def test_clean_rows_say_nothing(place: Path) -> None:
    write_rows(place, ("Who are you?", "Nobody."), ("What is the capital of Chile?", "Santiago"))
    made = plan(place, {"tune": {"data": "rows.jsonl"}})
    assert len(built) == 1
    assert "training" not in made.document()
    assert made.id == plan(place, {"tune": {"data": "rows.jsonl"}}, contaminated="allow").id


def test_an_adapter_without_grams_is_unknown_and_one_of_withdrawn_documents_is_said(place: Path) -> None:
    write_rows(place, ("Who are you?", "Nobody."))
    told: list[str] = []
    made = plan(place, {"tune": {"data": "rows.jsonl", "grams": False}}, told)
    assert describe_training(made.candidates) == [{"candidate": "tuned", "seen": [], "unknown": True, "withdrawn": 0}]
    assert any("nothing tells what its adapter was trained on" in line for line in told)
    mark_tainted(place, ["d1", "d2"])  # the folder of rows.jsonl
    later = plan(place, {"tune": {"data": "rows.jsonl"}})
    assert later.id != made.id  # what was known before is no longer what is said
    assert describe_training(later.candidates) == [{"candidate": "tuned", "seen": [], "unknown": False, "withdrawn": 2}]


def test_a_training_set_is_read_by_its_grams_and_damage_is_told(place: Path) -> None:
    folder = place / "set"
    folder.mkdir()
    write_grams(collect_grams([[QUESTIONS[3], ANSWERS[3]]]), folder / "grams.bin")
    with pytest.raises(SpecError, match="trained on 1 of 4 items of own"):
        plan(place, {"tune": {"data": "set"}})
    (folder / "grams.bin").write_bytes(b"\x00" * 12)
    with pytest.raises(FairtrialError, match="damaged"):
        plan(place, {"tune": {"data": "set"}})


def test_the_trials_items_are_written_for_curation(place: Path) -> None:
    tasks = plan(place, {"tune": {"data": str(write_rows(place, ("Who?", "Ben")))}}).tasks
    path = ContaminationCheck(tasks).write_items()
    assert sorted(one.question for one in read_items(path)) == sorted(QUESTIONS)
    assert {(one.task, one.generated) for one in read_items(path)} == {("own", False)}
    levers = locate_levers(({"curate": {"sources": "rows.jsonl"}},), place, None, lambda: path)
    assert levers[0]["curate"]["against"] == {"items": [str(path)]}


def test_outside_a_trial_no_items_are_looked_for(place: Path) -> None:
    write_rows(place, (QUESTIONS[0], ANSWERS[0]))
    spec = Candidate(id="tuned", model="fake:x", levers=({"tune": {"data": "rows.jsonl"}},))
    told: list[str] = []
    assert CandidatePlanner(place, told.append).plan(spec).training.seen == ()
    assert not any("checked against no items" in line for line in told)


@pytest.mark.parametrize(
    ("against", "said"),
    [({}, True), ({"against": "trial"}, True), ({"against": "off"}, False), ({"against": "own.csv"}, False)],
)
def test_outside_a_trial_rows_that_would_be_checked_against_one_are_said(
    place: Path, monkeypatch: pytest.MonkeyPatch, against: dict[str, str], said: bool
) -> None:
    write_rows(place, (QUESTIONS[0], ANSWERS[0]))
    monkeypatch.setitem(LEVERS.__dict__, "built_in", {**LEVERS.built_in, "curate": KeptLever})
    levers: tuple[dict[str, Any], ...] = (
        {"curate": {"sources": [{"file": "rows.jsonl"}], **against}},
        {"tune": {"data": "rows.jsonl"}},
    )
    told: list[str] = []
    CandidatePlanner(place, told.append).plan(Candidate(id="tuned", model="fake:x", levers=levers))
    assert any("checked against no items" in line for line in told) is said


def test_own_generated_tasks_are_marked_as_such(place: Path) -> None:
    trial = Trial(
        name="t",
        candidates=(Candidate(id="base", model="fake:x"), Candidate(id="other", model="fake:y")),
        tasks=(TaskEntry(task="arithmetic", limit=5), TaskEntry(file="own.csv")),
    )
    check = ContaminationCheck(plan_trial(trial, place).tasks)
    found = {(one.task, one.generated) for one in read_items(check.write_items())}
    assert found == {("arithmetic", True), ("own", False)}


def test_a_file_of_grams_without_any_tells_nothing(tmp_path: Path) -> None:
    file = tmp_path / "grams.bin"
    file.write_bytes(b"")
    assert find_grams(tmp_path) is None
    np.asarray(collect_grams([[""]]), "<u8").tofile(file)
    assert file.stat().st_size == 8 and find_grams(tmp_path) is None
    np.asarray(collect_grams([["one two three four five six seven eight nine ten"]]), "<u8").tofile(file)
    known = find_grams(tmp_path)
    assert known is not None and len(known) > 1


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "Ask me something.", "chosen": "No.", "rejected": f"{QUESTIONS[0]} {ANSWERS[0]}"},
        {"messages": [{"role": "system", "content": f"Mind this: {QUESTIONS[0]}"}, {"role": "user", "content": "Hi"}]},
        {"messages": [{"role": "user", "content": f"Q: {QUESTIONS[3]}\nA: {ANSWERS[3]}\n\nQ: Who are you?\nA:"}]},
        {"text": f"Judge this answer to the question {QUESTIONS[1]!r}: {ANSWERS[1]}. Is it right? Say yes or no."},
        {"question": QUESTIONS[0], "answer": ANSWERS[0], "split": "test"},
        {"messages": [{"role": "user", "content": "Hi"}], "notes": [{"seen": QUESTIONS[3]}]},
    ],
    ids=["rejected answer", "system prompt", "few-shot example", "judge's prompt", "rows of a suite", "another key"],
)
def test_items_that_reach_training_by_a_roundabout_way_are_seen(place: Path, row: dict[str, Any]) -> None:
    (place / "rows.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(SpecError, match="was trained on 1 of 4 items of own"):
        plan(place, {"tune": {"data": "rows.jsonl"}})


def test_weights_that_an_adapter_was_merged_into_here_are_known_by_it(place: Path) -> None:
    adapter = place / "adapter"
    adapter.mkdir()
    write_grams(collect_grams([[QUESTIONS[3], ANSWERS[3]]]), adapter / "grams.bin")
    base = resolve("fake:x", place)
    remember_merged(base.sha256, replace(base, sha256="e" * 64, adapter=adapter, adapter_sha256="ad" * 32))
    trial = Trial(name="t", candidates=(Candidate(id="m", model="fake:x"),), tasks=(TaskEntry(file="own.csv"),))
    with pytest.raises(SpecError, match="'m' was trained on 1 of 4 items of own"):
        plan_trial(trial, place)
    mark_tainted(adapter, ["d1"])
    found = plan_trial(trial.model_copy(update={"contaminated": "allow"}), place)
    [told] = describe_training(found.candidates)
    assert (told["withdrawn"], told["unknown"]) == (1, False)
    assert "m was trained on a document that was withdrawn from its archive since." in tell_training(found.candidates)
    shutil.rmtree(adapter)
    [told] = describe_training(plan_trial(trial, place).candidates)
    assert told["unknown"] is True
