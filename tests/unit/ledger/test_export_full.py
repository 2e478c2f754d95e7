"""From a full export alone, without the ledger, the numbers of a trial can be computed again."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

from fairtrial.analysis.standings.values import TrialValues
from fairtrial.analysis.verdicts import find_verdicts, iterate_questions
from fairtrial.cli.main import app
from fairtrial.errors import LedgerError
from fairtrial.ledger import Chunk, Ledger, query
from fairtrial.ledger.export import export_text
from fairtrial.ledger.plan import make_plan_record
from fairtrial.planning.passages import MEASURES as OF_TEXT
from fairtrial.records import Item, Observation, content_hash
from fairtrial.stats.arrays import Floats, Ints
from fairtrial.stats.intervals import estimate
from fairtrial.stats.paired import PairedSample, compare
from fairtrial.stats.sequential import decide
from fairtrial.studies.quantisation import find_text_value
from tests.support.standing_ledger import TRIAL, trial_ledger

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "schemas" / "ledger-export.schema.json").read_text())
Row = Mapping[str, Any]


def exported(ledger: Ledger) -> list[Row]:
    """Every line of a full export, each as the schema wants it."""
    out = io.StringIO()
    export_text(ledger, out, full=True)
    rows: list[Row] = [json.loads(line) for line in out.getvalue().splitlines()]
    for row in rows:
        jsonschema.Draft202012Validator(SCHEMA).validate(row)
    return rows


def column(rows: list[Row], candidate: str, task: str, measure: str) -> tuple[Floats, Floats, Ints]:
    """Values, weights and cluster numbers of one candidate, in the order of asking."""
    wanted = {"candidate": candidate, "task": task, "measure": measure}
    own = [row for row in rows if "value" in row and all(row.get(key) == value for key, value in wanted.items())]
    own.sort(key=lambda row: row["position"])
    clusters = np.unique([row["cluster"] for row in own], return_inverse=True)[1].astype(np.int64)
    return np.array([r["value"] for r in own]), np.array([r["weight"] for r in own]), clusters


def plan_of(rows: list[Row]) -> Mapping[str, Any]:
    [plan] = [row["plan"] for row in rows if "plan" in row]
    assert isinstance(plan, dict)
    return plan


def two(rng: np.random.Generator, clusters: int, size: int) -> dict[str, list[float]]:
    """Two candidates that are right or wrong on whole clusters together."""
    return {
        name: [float(x) for x in np.repeat(rng.random(clusters) < share, size)]
        for name, share in (("base", 0.5), ("new", 0.8))
    }


@pytest.mark.parametrize("early", [False, True])
def test_a_clustered_verdict(tmp_path: Path, early: bool) -> None:
    tasks = {t: {"acc": two(np.random.default_rng(seed), 40, 5)} for seed, t in enumerate(("one", "two"))}
    decide_by = {"stop_early": early, "margin": 0.03}
    with trial_ledger(tmp_path / "l.db", ["base", "new"], tasks, decide=decide_by, cluster=5) as ledger:
        rows, known = exported(ledger), find_verdicts(ledger, TRIAL)
    plan = plan_of(rows)
    for question, want in zip(iterate_questions(make_plan_record(plan)), known, strict=True):
        names = (question.task.name, question.measure.name)
        a_values, a_weights, clusters = column(rows, question.a.name, *names)
        b_values, b_weights, _ = column(rows, question.b.name, *names)
        sample = PairedSample(a_values, a_weights, b_values, b_weights, clusters)
        found = decide(sample, question.rule, last=True) if early else compare(sample, question.rule)
        assert (found.low, found.high, found.p_value) == (want.low, want.high, want.p_value)
        assert found.clusters_used == want.clusters_used == 40


def test_a_figure_of_a_study(tmp_path: Path) -> None:
    """How far a file's distributions are from its parent's, over passages of a text of many lengths."""
    rng = np.random.default_rng(3)
    passages = [Item(content_hash(["p", i]), i, f"passage {i}", (), (), f"p{i // 2}", {}) for i in range(30)]
    text = "7e" * 16
    with trial_ledger(
        tmp_path / "l.db", ["base", "q2"], {"t": {"acc": {"base": [1.0, 0.0], "q2": [1.0, 1.0]}}}
    ) as ledger:
        plan = json.loads(json.dumps(query.find_trial(ledger, TRIAL).document))
        card = {"name": "text", "main_measure": "perplexity", "settings": {}}
        card["measures"] = json.loads(json.dumps([
            {"name": m.name, "unit": m.unit, "higher_is_better": m.higher_is_better, "bounds": m.bounds,
             "transform": m.transform} for m in OF_TEXT
        ]))  # fmt: skip
        plan["text"] = {"id": text, "source": "t.txt", "card": card}
        ledger.add_task(text, "text", card)
        ledger.add_items(text, passages)
        with ledger.transaction() as db:
            db.execute("UPDATE trials SET plan = ?", (json.dumps(plan),))
            db.executemany(
                "INSERT INTO trial_items VALUES (?, ?, ?, ?)", [(TRIAL, text, i, p.id) for i, p in enumerate(passages)]
            )
        seen = [
            (
                text,
                p.id,
                0,
                Observation("kl_divergence", float(rng.gamma(2, 0.01)), float(rng.integers(50, 400)), "nat"),
            )
            for p in passages
        ]
        ledger.commit(content_hash(["c", "q2"]), Chunk(observations=seen))
        want = find_text_value(TrialValues(ledger, TRIAL, make_plan_record(plan)), "q2", "kl_divergence")
        rows = exported(ledger)
    told = plan_of(rows)
    values, weights, clusters = column(rows, "q2", "text", "kl_divergence")
    bounds = next(m["bounds"] for m in told["text"]["card"]["measures"] if m["name"] == "kl_divergence")
    found = estimate(values, weights, clusters, told["decide"]["confidence"], bounds)
    assert want is not None
    assert (found.mean, found.low, found.high) == (want.value, want.low, want.high)
    assert np.unique(clusters).size == 15


def test_looks_absences_and_earlier_answers(tmp_path: Path) -> None:
    columns = {"base": [1.0, 0.0, 1.0], "new": [1.0, 1.0, 0.0]}
    with trial_ledger(
        tmp_path / "l.db", ["base", "new"], {"t": {"acc": columns}}, decide={"stop_early": True}
    ) as ledger:
        plan = json.loads(json.dumps(query.find_trial(ledger, TRIAL).document))
        [task] = plan["tasks"]
        plan["earlier"] = [{"task": task["id"], "measure": "acc", "candidates": [content_hash(["c", "base"])]}]
        with ledger.transaction() as db:
            db.execute("UPDATE trials SET plan = ?", (json.dumps(plan),))
        ledger.add_look(TRIAL, ("new", "base"), (task["id"], "acc", 3), {"verdict": "undecided", "low": -1.0})
        first = content_hash(["t", 0])
        ledger.commit(content_hash(["c", "new"]), Chunk(absences=[(task["id"], first, 0, "joules", "no meter")]))
        rows = exported(ledger)
    [look] = [row["look"] for row in rows if "look" in row]
    assert (look["a"], look["task"], look["items"], look["low"]) == ("new", "t", 3, -1.0)
    [absence] = [row["absence"] for row in rows if "absence" in row]
    assert absence == {"candidate": "new", "task": "t", "measure": "joules", "reason": "no meter", "items": 1}
    helpers = [row for row in rows if "helper" in row]
    assert [(row["position"], row["value"]) for row in helpers] == [(0, 1.0), (1, 0.0), (2, 1.0)]


def test_the_verb(tmp_path: Path) -> None:
    trial_ledger(tmp_path / "l.db", ["a", "b"], {"t": {"acc": {"a": [1.0], "b": [0.0]}}}, cluster=2).close()
    run = CliRunner().invoke
    lines = run(app, ["ledger", "export", "--ledger", str(tmp_path / "l.db"), "--full"]).stdout.splitlines()
    assert sorted(json.loads(lines[0]))[0] == "name"
    plain = run(app, ["ledger", "export", "--ledger", str(tmp_path / "l.db")]).stdout.splitlines()
    assert [(json.loads(line)["cluster"], json.loads(line)["position"]) for line in plain] == [("0", 0), ("0", 0)]
    with (
        Ledger.open(tmp_path / "l.db") as ledger,
        pytest.raises(LedgerError, match="a full export does not fit in CSV"),
    ):
        export_text(ledger, io.StringIO(), "csv", full=True)


def test_an_empty_ledger_is_not_exported_as_nothing(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "l.db") as ledger, pytest.raises(LedgerError, match="no trial"):
        export_text(ledger, io.StringIO(), "csv")
