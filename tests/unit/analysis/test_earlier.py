"""Answers of earlier trials help a trial about the same benchmark, whoever resumes or reads it.  Fake engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fairtrial.analysis.earlier import find_earlier_candidates
from fairtrial.analysis.verdicts import find_verdicts
from fairtrial.engines import EngineSettings
from fairtrial.errors import LedgerError
from fairtrial.ledger import Chunk, Ending, Ledger, query
from fairtrial.ledger.gc import collect
from fairtrial.ledger.plan import LookRecord
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.records import Item, Observation
from fairtrial.running.conductor import run
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.trial import Decide, TaskEntry, Trial
from tests.support.ledgers import CARD, TASK, candidate_id, make_items, plan

FULL, EARLY = Decide(), Decide(target="benchmark", stop_early=True, margin=0.06)


def trial(names: str, decide: Decide, **changes: object) -> Trial:
    """A trial of fake models, the first one the baseline, on one procedural task."""
    candidates = tuple(Candidate(id=name, model=f"fake:{name}") for name in names)
    tasks = (TaskEntry(task="table", level=1, limit=600),)
    return Trial.model_validate({"candidates": candidates, "tasks": tasks, "decide": decide, **changes})


def conduct(plan: Plan, ledger: Ledger, rounds: int | None = None) -> None:
    with ledger.writing():
        run(plan, "", ledger, EngineSettings(), rounds=rounds)


def looks(ledger: Ledger, plan: Plan) -> list[LookRecord]:
    return query.read_looks(ledger, plan.id)


def test_a_trial_is_helped_and_a_resumed_one_just_so(tmp_path: Path) -> None:
    wanted = plan_trial(trial("bx", EARLY, name="wanted"), tmp_path)
    b, x = (c.id for c in wanted.candidates)
    known = plan_trial(trial("bs", FULL, name="known"), tmp_path)
    whole, resumed = Ledger.open(tmp_path / "whole.db"), Ledger.open(tmp_path / "resumed.db")
    for ledger in (whole, resumed):
        conduct(known, ledger)
    conduct(wanted, whole)
    [entry] = query.find_trial(whole, wanted.id).plan.earlier
    assert list(entry.candidates) == sorted([b, next(c.id for c in known.candidates if c.id != b)])
    assert entry.measure == "acc" and x not in entry.candidates

    conduct(wanted, resumed, rounds=1)
    later = plan_trial(trial("bt", FULL, name="later"), tmp_path)
    conduct(later, resumed)  # another source by now, but not when the trial began
    conduct(wanted, resumed)
    assert looks(resumed, wanted) == looks(whole, wanted)
    [found] = find_verdicts(resumed, wanted.id)
    assert "helped by earlier answers" in found.method
    last = looks(whole, wanted)[-1]
    assert (found.items_used, found.low, found.high) == (last.items, last.low, last.high)

    with resumed.writing():
        collect(resumed, ["known", "later"])
    assert find_verdicts(resumed, wanted.id) == [found]


def test_no_help_where_it_would_not_hold(tmp_path: Path) -> None:
    """Claims about new items; trials that look once; and answers that this very order may have brought about."""
    ledger = Ledger.open(tmp_path / "t.db")
    conduct(plan_trial(trial("bs", FULL, name="known"), tmp_path), ledger)
    for decide in (Decide(stop_early=True, margin=0.06), Decide(target="benchmark")):
        other = plan_trial(trial("bx", decide, name="other"), tmp_path)
        conduct(other, ledger, rounds=1)
        assert not query.find_trial(ledger, other.id).plan.earlier


def entered(ledger: Ledger, name: str, names: str, *, early: bool, seed: int, count: int = 40) -> str:
    """A finished trial on the test task, all candidates with answers to all of its items."""
    document = plan(tuple(names), items=count)
    document |= {"name": name, "seed": seed}
    document["decide"]["stop_early"] = early  # type: ignore[index]
    items = make_items(count)
    trial_id = f"{name:0>32}"
    ledger.add_task(TASK, "quiz", CARD)
    ledger.add_items(TASK, items)
    for c in names:
        ledger.add_candidate(candidate_id(c), c, {})
        ledger.commit(candidate_id(c), Chunk(observations=[seen(item, i % 2) for i, item in enumerate(items)]))
    ledger.add_trial(trial_id, name, "", document, {TASK: [item.id for item in items]})
    ledger.close_session(ledger.open_session(trial_id, {}), Ending("finished"))
    return trial_id


def seen(item: Item, value: float) -> tuple[str, str, int, Observation]:
    return (TASK, item.id, 0, Observation("acc", float(value)))


def test_a_source_was_asked_everything_whatever_the_order(tmp_path: Path) -> None:
    items = [item.id for item in make_items(40)]
    with Ledger.open(tmp_path / "t.db") as ledger, ledger.writing():
        entered(ledger, "1", "ab", early=True, seed=1)
        assert (
            find_earlier_candidates(ledger, 1, TASK, "acc", items) == []
        )  # it may have gone on to the end because of this order
        assert find_earlier_candidates(ledger, 2, TASK, "acc", items) == sorted(map(candidate_id, "ab"))
        entered(ledger, "2", "bc", early=False, seed=1)
        assert find_earlier_candidates(ledger, 1, TASK, "acc", items) == sorted(map(candidate_id, "bc"))
        assert find_earlier_candidates(ledger, 1, TASK, "ppl", items) == []
        assert find_earlier_candidates(ledger, 1, TASK, "acc", [*items, "0" * 32]) == []


def asked_until_settled(ledger: Ledger, known: str, seed: int, count: int = 600) -> int:
    """Items until a verdict on a against b, which is on a par, has answered all and errs elsewhere; s is like a."""
    rng, items = np.random.default_rng(seed), make_items(count)
    b = rng.random(count) < 0.6
    a = np.where(rng.random(count) < 0.25, rng.random(count) < 0.6, b)
    right = {"a": a, "b": b, "s": np.where(rng.random(count) < 0.1, ~a, a)}
    document = plan(("a", "b"), items=count)
    document["decide"] = EARLY.model_dump() | {"margin": 0.04}
    document["tasks"][0]["entry"]["repeats"] = 1  # type: ignore[index]
    document["earlier"] = [{"task": TASK, "measure": "acc", "candidates": [candidate_id(c) for c in known]}]
    order = [items[i] for i in rng.permutation(count)]
    ledger.add_task(TASK, "quiz", CARD)
    ledger.add_items(TASK, items)
    ledger.add_trial(f"{seed:032}", "t", "", document, {TASK: [item.id for item in order]})
    for c in "abs":
        ledger.add_candidate(candidate_id(c), c, {})
    values = {c: [seen(item, right[c][item.doc_id]) for item in order] for c in "abs"}
    for c in "bs":
        ledger.commit(candidate_id(c), Chunk(observations=values[c]))
    for start in range(0, count, 50):
        ledger.commit(candidate_id("a"), Chunk(observations=values["a"][start : start + 50]))
        [found] = find_verdicts(ledger, f"{seed:032}")
        if found.verdict != "undecided":
            break
    return found.items_used


def test_what_is_known_saves_items(tmp_path: Path) -> None:
    used = {}
    for known in ("", "bs"):
        used[known] = 0
        for seed in range(5):
            with Ledger.open(tmp_path / f"{known}{seed}.db") as ledger, ledger.writing():
                used[known] += asked_until_settled(ledger, known, seed)
    assert used["bs"] < 0.9 * used[""]


def test_answers_that_a_trial_began_with_are_missed(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "t.db") as ledger, ledger.writing():
        asked_until_settled(ledger, "bs", 1)
        ledger.connection.execute("DELETE FROM observations WHERE candidate_id = ?", (candidate_id("s"),))
        ledger.leads.clear()
        with pytest.raises(LedgerError, match="gone"):
            find_verdicts(ledger, f"{1:032}")
