"""What retrieval is worth: conditions of one model are found and paired, and its losses add up to all that is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

import fairtrial.running.pool as bench
from fairtrial.analysis.standings.values import TrialValues
from fairtrial.archive.adding import Rules, add_files
from fairtrial.archive.opening import open_archive
from fairtrial.engines import EngineSettings
from fairtrial.engines.base import Capabilities
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.cards import MeasureRecord
from fairtrial.ledger.plan import CandidateRecord
from fairtrial.planning.plan import plan_trial
from fairtrial.records import GenerateAnswer, GenerateRequest, Request, ScoreAnswer, ScoreRequest
from fairtrial.report.summary import summarise
from fairtrial.rights import Circumstances
from fairtrial.rights.agreements import load_agreements
from fairtrial.running.conductor import run
from fairtrial.spec.trial import Trial
from fairtrial.studies import Findings, Interval
from fairtrial.studies.retrieval import CAUSES, TITLE, find_families, find_withheld, measure_losses, tell_change
from fairtrial.tasks.newsroom.writing import AGREEMENTS, ARTICLES, write_example

CAN = Capabilities(False, True, False, False, 100_000, batch_invariant=True)


@dataclass
class Reader:
    """Gives the right answer, with a citation of the first passage, wherever it stands in the prompt; else a guess."""

    golds: Mapping[str, str]
    can: Capabilities = CAN
    record: Mapping[str, object] = field(default_factory=dict)

    def check(self, requests: Sequence[Request]) -> None:
        """All requests fit."""

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[ScoreAnswer]:
        """Nothing here asks for scores."""
        raise NotImplementedError

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        for request in requests:
            gold = self.golds[request.label.rpartition(" ")[2]]
            there = gold in request.prompt.plain().replace("The archive does not say", "")
            yield GenerateAnswer(f"{gold} [1]" if there else "It is 3,141,592.", 4, "stop", 10)

    def close(self) -> None:
        """Nothing to close."""


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    folder = tmp_path_factory.mktemp("retrieval")
    write_example(folder / "news", 1234)
    store = open_archive(folder / "news.db", create=True)
    rules = Rules(Circumstances(datetime.now(UTC)), load_agreements(folder / "news" / AGREEMENTS))
    with store.writing():  # no pages, which are slow to read: what they alone tell is not found
        add_files(store, [folder / "news" / ARTICLES / name for name in ("chronicle", "uferbote", "whistle")], rules)
    store.close()
    levers = {"closed": None, "found": "search", "perfect": "oracle", "beside": "distractors"}
    lever = {"archive": "news.db", "k": 4}
    candidates = [
        {"id": name, "model": "fake:m", "levers": [{"retrieve": {**lever, "passages": how}}] if how else []}
        for name, how in levers.items()
    ]
    said = {"candidates": candidates, "tasks": [{"task": "newsroom", "level": 1, "limit": 80}], "study": "retrieval"}
    plan = plan_trial(Trial.model_validate(said), folder)
    golds = {str(item.doc_id): item.gold[0] for item in plan.tasks[0].items}
    ledger = Ledger.open(folder / "t.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(bench, "open_engine", lambda *_: Reader(golds))
        with ledger.writing():
            run(plan, "text", ledger, EngineSettings())
    return ledger


def find(ledger: Ledger) -> Findings:
    study = summarise(ledger, "").study
    assert study is not None and study.title == TITLE
    return study


def rows_of(ledger: Ledger) -> TrialValues:
    [trial] = query.read_trials(ledger)
    return TrialValues(ledger, trial.id, trial.plan)


def test_conditions_of_one_model_are_one_family(ledger: Ledger) -> None:
    [family] = find_families(rows_of(ledger).plan.candidates)
    assert family.names == {
        "closed book": "closed", "retrieval": "found", "oracle passages": "perfect", "distractors only": "beside",
    }  # fmt: skip


def test_better_passages_are_seen_to_give_better_answers(ledger: Ledger) -> None:
    conditions, changes, _ = find(ledger).tables
    scores = {row[0]: row[2] for row in conditions.rows}
    values = {name: cell.value for name, cell in scores.items() if isinstance(cell, Interval)}
    assert values["oracle passages"] > values["retrieval"] > values["distractors only"] >= values["closed book"]
    assert changes.rows[0][0] == "retrieval less closed book"
    gain = changes.rows[0][1]
    assert isinstance(gain, Interval) and gain.low > 0
    assert gain.value == pytest.approx(values["retrieval"] - values["closed book"])


@pytest.mark.parametrize(
    "change, higher, told",
    [
        (Interval(0.123, 0.08, 0.16), True, "gains 12.3 points (8.0 to 16.0) against the closed book"),
        (Interval(-0.123, -0.16, -0.08), True, "loses 12.3 points (8.0 to 16.0) against the closed book"),
        (Interval(-0.123, -0.16, -0.08), False, "lowers harmful by 12.3 points (8.0 to 16.0) against the closed book"),
        (Interval(0.123, 0.08, 0.16), False, "raises harmful by 12.3 points (8.0 to 16.0) against the closed book"),
        (
            Interval(0.025, -0.15, 0.2),
            False,
            "is not shown to change anything against the closed book (−15.0 to +20.0 points)",
        ),
    ],
)
def test_a_change_is_told_in_the_measures_own_direction(change: Interval, higher: bool, told: str) -> None:
    measure = MeasureRecord("harmful", "1", higher, (0.0, 1.0), "identity")
    assert tell_change(change, measure, "the closed book") == told


def test_losses_add_up_to_all_that_is_lost(ledger: Ledger) -> None:
    rows = rows_of(ledger)
    task = rows.plan.tasks[0]
    for name in ("found", "perfect", "beside"):
        losses = measure_losses(rows, task, name)
        assert losses is not None
        lost = 1.0 - rows.cell(name, task, "acc").values
        assert sum(losses.causes[cause] for cause in CAUSES) == pytest.approx(lost)
    assert measure_losses(rows, task, "closed") is None


def test_a_perfect_search_leaves_what_is_not_in_the_archive(ledger: Ledger) -> None:
    losses = measure_losses(rows_of(ledger), rows_of(ledger).plan.tasks[0], "perfect")
    assert losses is not None
    assert losses.causes["nothing to be found"].sum() == 0
    assert losses.causes["not found"].sum() > 0


def test_without_a_lever_the_study_says_that_nothing_retrieves(ledger: Ledger) -> None:
    assert find_families([one for one in rows_of(ledger).plan.candidates if one.name == "closed"]) == []


def test_what_rights_withheld_is_no_fault_of_the_search(ledger: Ledger) -> None:
    rows = rows_of(ledger)
    task = rows.plan.tasks[0]
    before = measure_losses(rows, task, "found")
    assert before is not None and not before.causes["withheld by rights"].any()
    ids = query.read_order(ledger, rows.trial_id, task.id).item_ids
    missing = {ids[at] for at, lost in enumerate(before.causes["not found"]) if lost}
    after = measure_losses(rows, task, "found", {*sorted(missing)[:3], "another item"})
    assert after is not None
    assert after.causes["withheld by rights"].sum() == 3
    assert after.causes["not found"].sum() == before.causes["not found"].sum() - 3
    assert sum(after.causes.values()) == pytest.approx(sum(before.causes.values()))


def test_oracle_passages_tell_what_rights_withhold(ledger: Ledger) -> None:
    rows = rows_of(ledger)
    [family] = find_families(rows.plan.candidates)
    task = rows.plan.tasks[0]
    assert find_withheld(rows, family, task) == frozenset()
    assert "withheld by rights" not in {column.name for table in find(ledger).tables for column in table.columns}
    oracle = rows.candidate("perfect").id
    ledger.connection.execute("SAVEPOINT changed")
    try:
        uses = [{"uri": "u", "withheld": "not permitted: tdm-reserved"}], [{"uri": "u", "withheld": "did not fit"}]
        asked = list(ledger.read("SELECT item_id, request_id FROM asked WHERE candidate_id = ? LIMIT 2", (oracle,)))
        for (_, request), use in zip(asked, uses, strict=True):
            ledger.connection.execute(
                "UPDATE answers SET answer = json_set(answer, '$.trace[0].passages', json(?)) "
                "WHERE candidate_id = ? AND request_id = ?",
                (json.dumps(use), oracle, request),
            )
        assert find_withheld(rows, family, task) == {asked[0][0]}
        changed = replace(rows.plan, candidates=tuple(map(_go_abroad, rows.plan.candidates)))
        assert find_withheld(TrialValues(ledger, rows.trial_id, changed), family, task) == frozenset()
    finally:
        ledger.connection.execute("ROLLBACK TO changed")
        ledger.connection.execute("RELEASE changed")


def _go_abroad(one: CandidateRecord) -> CandidateRecord:
    """Return a candidate that searches in another territory if it is the one with oracle passages."""
    if one.name != "perfect":
        return one
    levers = tuple({"retrieve": {**lever["retrieve"], "territory": "US"}} for lever in one.spec.levers)
    return replace(one, spec=replace(one.spec, levers=levers))
