"""How often yes is said: beside accuracy in the findings, and in the headline where a candidate leans to one side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import fairtrial.running.pool as bench
from fairtrial.analysis.yes_rates import iterate_yes_rates
from fairtrial.engines import EngineSettings
from fairtrial.ledger import Ledger, query
from fairtrial.planning.plan import plan_trial
from fairtrial.records import GenerateAnswer, GenerateRequest, ScoreAnswer, ScoreRequest
from fairtrial.report.summary import Summary, summarise
from fairtrial.running.conductor import run
from fairtrial.spec.trial import Trial
from fairtrial.studies import Interval
from tests.support.seeing import Seer, list_golds


class Leans(Seer):
    """Says what it is told to, whatever is asked; with ``right``, the right answer."""

    def __init__(self, golds: dict[str, str], says: str) -> None:
        super().__init__(golds, {})
        self.says = says

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[ScoreAnswer]:
        for request in requests:
            name = request.label.rpartition(" ")[2]
            said = self.golds[name] if self.says == "right" else self.says
            found = [pair.continuation == said for pair in request.pairs]
            yield ScoreAnswer(tuple(-1.0 if x else -2.0 for x in found), (False,) * len(found), (1,) * len(found), 10)

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        for request in requests:
            found = re.search(rf"([AB])\. {self.says}", request.prompt.user)
            yield GenerateAnswer(found[1] if found else "?", 1, "stop")


def conduct(folder: Path, patch: pytest.MonkeyPatch, task: dict[str, object], names: tuple[str, ...]) -> Summary:
    candidates = [{"id": name, "model": f"fake:{name}"} for name in names]
    plan = plan_trial(Trial.model_validate({"candidates": candidates, "tasks": [task]}), folder)
    golds = list_golds(plan)
    patch.setattr(bench, "open_engine", lambda c, *_: Leans(golds, c.id))
    ledger = Ledger.open(folder / "t.db")
    with ledger.writing():
        run(plan, "text", ledger, EngineSettings())
    return summarise(ledger, plan.id)


def test_who_says_yes_to_everything_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = {"task": "presence", "level": 1, "limit": 48}
    summary = conduct(tmp_path, monkeypatch, task, ("yes", "no", "right"))
    told = {doubt.kind: doubt for doubt in summary.doubts if doubt.kind.startswith("leans")}
    assert {*told} == {"leans_to_yes", "leans_to_no"} and all(doubt.headline for doubt in told.values())
    assert told["leans_to_yes"].text == (
        "yes says yes to 100% of what is asked on presence, and that is right for 50%: it sees what is not there."
    )
    assert told["leans_to_no"].text.startswith("no says yes to 0%")
    [found] = [one for one in summary.further if one.title == "What does seeing cost?"]
    table = found.tables[-1]
    assert [column.name for column in table.columns] == [
        "task", "candidate", "yes-rate", "right yes", "false yes", "items",
    ]  # fmt: skip
    rates = {row[1]: row[2:] for row in table.rows}
    assert isinstance(rates["right"][0], Interval) and rates["right"][0].value == 0.5
    assert (rates["yes"][2], rates["no"][2], rates["right"][2]) == (1.0, 0.0, 0.0)


def test_only_questions_for_yes_or_no_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conduct(tmp_path, monkeypatch, {"task": "graphs", "level": 2, "limit": 30}, ("yes",))
    with Ledger.open(tmp_path / "t.db") as ledger:
        [found] = iterate_yes_rates(ledger, query.find_trial(ledger, "").id)
    assert (found.items, found.rate.mean, found.right) == (20, 1.0, 0.5)


def test_letters_tell_the_yes_rate_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = {"task": "presence", "level": 1, "limit": 40, "ask": "letter"}
    summary = conduct(tmp_path, monkeypatch, task, ("yes", "right"))
    assert [doubt.candidate for doubt in summary.doubts if doubt.kind == "leans_to_yes"] == ["yes"]
