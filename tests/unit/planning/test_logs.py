"""Logs against logs: rows come together by what they are about, grades are the logs', and what is odd is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fairtrial.errors import ModelError, SpecError
from fairtrial.ledger import Ledger, query
from fairtrial.planning.comparing import GradeColumns, find_graded_systems, find_logged_systems
from fairtrial.planning.plan import plan_trial
from fairtrial.report.summary import Summary, summarise
from fairtrial.running.logged import store_logs
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.recorded import Recorded
from fairtrial.spec.trial import TaskEntry, Trial
from tests.support.logs import write_helm, write_inspect, write_lm_eval, write_promptfoo

GOOD = [i % 3 != 0 for i in range(60)]
FAIR = [i % 2 == 0 for i in range(60)]


def compared(place: Path, made: list[Candidate], task: str = "log:*") -> Summary:
    plan = plan_trial(Trial(candidates=tuple(made), tasks=(TaskEntry(task=task),)), place)
    with Ledger.open(place / "l.db") as ledger, ledger.writing():
        store_logs(plan, "text", ledger)
        return summarise(ledger, plan.id)


def named(*paths: Path) -> list[Candidate]:
    return [one.candidate for one in find_logged_systems([str(path) for path in paths])]


def kinds(summary: Summary) -> dict[str, bool]:
    return {doubt.kind: doubt.headline for doubt in summary.doubts}


def check_difference(summary: Summary, fixed: int = 20, broke: int = 10) -> None:
    [verdict] = summary.verdicts
    assert (verdict.flips_to_right, verdict.flips_to_wrong) == (fixed, broke)
    assert verdict.difference == pytest.approx((fixed - broke) / 60)
    assert verdict.items_used == 60


def test_lm_evals_logs_with_other_prompts_are_paired_by_document(tmp_path: Path) -> None:
    made = named(
        write_lm_eval(tmp_path / "runs" / "A", FAIR), write_lm_eval(tmp_path / "runs" / "B", GOOD, prompt="Question:")
    )
    assert [one.id for one in made] == ["A", "B"]
    summary = compared(tmp_path, made)
    check_difference(summary)
    assert kinds(summary)["prompts_differ"]
    assert not {"regraded", "unlike_golds", "joined_by_id"} & set(kinds(summary))
    with Ledger.open(tmp_path / "l.db") as ledger:
        task = summary.tasks[0].content_id
        items = list(query.read_items(ledger, task).values())
        asked = [query.read_item_answers(ledger, c.content_id, task, items[1].id)[0] for c in summary.candidates]
    assert [request.prompts[0].plain() for request, _ in asked] == [
        "Q: What is 1 plus 1?\nA:",
        "Question: What is 1 plus 1?\nA:",
    ]
    assert [answer["text"] for _, answer in asked] == [" It is 3.", " It is 2."]


def test_grades_that_the_configuration_contradicts_are_told_or_made_anew(tmp_path: Path) -> None:
    made = named(write_lm_eval(tmp_path / "A", FAIR), write_lm_eval(tmp_path / "B", [True] * 60, exact_match=0.0))
    [doubt] = [d for d in compared(tmp_path, made).doubts if d.kind == "regraded"]
    assert (doubt.candidate, doubt.count, doubt.of, doubt.headline) == ("B", 60, 60, True)
    assert compared(tmp_path, made).verdicts[0].difference == pytest.approx(-0.5)
    anew = compared(tmp_path, made, "regrade:*")
    assert anew.verdicts[0].difference == pytest.approx(0.5)
    assert "ours count here" in next(d.text for d in anew.doubts if d.kind == "regraded")


def test_what_a_log_lacks_repeats_or_contradicts_is_told(tmp_path: Path) -> None:
    path = next(write_lm_eval(tmp_path / "A", FAIR).glob("samples_*"))
    other = next(write_lm_eval(tmp_path / "B", GOOD).glob("samples_*"))
    lines = other.read_text().splitlines()
    changed = {**json.loads(lines[1]), "resps": [["other"]], "exact_match": 0.0}
    other.write_text("\n".join([*lines[:55], lines[0], json.dumps(changed)]) + "\n")
    summary = compared(tmp_path, named(path.parent, other.parent))
    assert summary.verdicts[0].items_used == 54
    found = kinds(summary)
    assert found["contradicting_rows"] and found["unmatched"] and "repeated_rows" in found
    other.write_text("\n".join(lines[:20]) + "\n")
    few = compared(tmp_path, named(path.parent, other.parent))
    assert (few.verdicts[0].verdict, kinds(few)["few_matches"]) == ("undecided", True)


def test_logs_with_other_documents_have_nothing_in_common(tmp_path: Path) -> None:
    write_lm_eval(tmp_path / "A", FAIR)
    write_lm_eval(tmp_path / "B", GOOD, doc={"question": "another"}, target="x", doc_id=99)
    with pytest.raises(SpecError, match="the logs have no item in common"):
        compared(tmp_path, named(tmp_path / "A", tmp_path / "B"))


def test_one_file_of_promptfoo_holds_several_systems(tmp_path: Path) -> None:
    right = {("openai:x", 0): FAIR, ("openai:x", 1): GOOD, ("openai:y", 0): FAIR, ("openai:y", 1): FAIR}
    found = find_logged_systems([str(write_promptfoo(tmp_path / "out.json", right))])
    assert [one.candidate.recorded.only["promptIdx"] for one in found] == [0, 1, 0, 1]
    assert found[1].candidate.id == "openai-x-prompt-1"
    assert "prompt 1 (Prompt 1: {{question}})" in found[1].about
    summary = compared(tmp_path, [one.candidate for one in found])
    assert [round(v.difference, 3) for v in summary.verdicts] == [round(10 / 60, 3), 0.0, 0.0]
    costs = {(e.candidate, e.measure): e.mean for e in summary.estimates}
    assert costs[found[0].candidate.id, "usd"] == pytest.approx(0.001)
    assert costs[found[0].candidate.id, "tokens_out"] == 2
    assert len(summary.best) == 1
    assert kinds(summary)["prompts_differ"]
    same = compared(tmp_path, [one.candidate for one in found[:2]])
    assert not kinds(same)["prompts_differ"]
    assert any("what differs is the prompt" in doubt.text for doubt in same.doubts)


def test_inspects_logs_are_compared(tmp_path: Path) -> None:
    one = write_inspect(tmp_path / "logs" / "a.eval", FAIR, "openai/x")
    other = write_inspect(tmp_path / "logs" / "b.eval", GOOD, "openai/y", prompt="Think. ")
    check_difference(compared(tmp_path, named(one, other)))
    together = find_logged_systems([str(tmp_path / "logs")])
    assert [system.candidate.id for system in together] == ["openai-x", "openai-y"]
    summary = compared(tmp_path, [system.candidate for system in together])
    check_difference(summary)
    assert summary.tasks[0].name == "whys"
    assert next(e.mean for e in summary.estimates if e.measure == "seconds") == pytest.approx(0.25)


def test_helms_runs_are_compared(tmp_path: Path) -> None:
    made = named(write_helm(tmp_path / "x", FAIR, "them/x"), write_helm(tmp_path / "y", GOOD, "them/y"))
    summary = compared(tmp_path, made)
    check_difference(summary)
    assert (summary.tasks[0].name, summary.verdicts[0].measure) == ("whys:topic=all", "exact_match")


def write_grades(path: Path) -> Path:
    rows = [
        f"q{i},{int(FAIR[i])},{'pass' if GOOD[i] else 'fail'},{1 + i % 5},{1 + (i + 2) % 5},t{i // 3}"
        for i in range(60)
    ]
    path.write_text("\n".join(["item,a,b,judge_a,judge_b,topic", *rows]) + "\n")
    return path


def graded(path: Path, **columns: object) -> list[Candidate]:
    return [one.candidate for one in find_graded_systems(str(path), GradeColumns("item", **columns))]  # type: ignore[arg-type]


def test_plain_grades_are_shares_where_they_are_0_and_1(tmp_path: Path) -> None:
    table = write_grades(tmp_path / "scores.csv")
    summary = compared(tmp_path, graded(table, columns=("a", "b"), cluster="topic"))
    [verdict] = summary.verdicts
    assert (verdict.unit, verdict.clusters_used, verdict.flips_to_right) == ("1", 20, 20)
    assert summary.tasks[0].measure("score").bounds == (0, 1)
    assert any("words in 'b' are read as right" in d.text.lower() for d in summary.doubts)


def test_a_scale_is_stated_or_seen(tmp_path: Path) -> None:
    table = write_grades(tmp_path / "scores.csv")
    seen = compared(tmp_path, graded(table, columns=("judge_a", "judge_b")))
    assert seen.tasks[0].measure("score").bounds == (1, 5)
    assert seen.verdicts[0].margin == pytest.approx(0.02 * 4)
    assert "guessed_scale" in kinds(seen)
    stated = compared(tmp_path, graded(table, columns=("judge_a", "judge_b"), scale=(0.0, 10.0)))
    assert stated.tasks[0].measure("score").bounds == (0, 10)
    assert "guessed_scale" not in kinds(stated)
    with pytest.raises(ModelError, match=r"scores\.csv:5: the grade 4 lies outside the scale from 1 to 3"):
        compared(tmp_path, graded(table, columns=("judge_a", "judge_b"), scale=(1.0, 3.0)))


def test_a_row_an_item_and_system(tmp_path: Path) -> None:
    rows = [f"{i},{name},{int(told[i])}" for i in range(60) for name, told in (("x", FAIR), ("y", GOOD))]
    table = tmp_path / "long.csv"
    table.write_text("\n".join(["item,system,grade", *rows, "0,x,1", "1,x,1"]) + "\n")
    made = graded(table, system="system", score="grade")
    assert [one.id for one in made] == ["x", "y"]
    summary = compared(tmp_path, made)
    told = next(d for d in summary.doubts if "several grades" in d.text)
    assert told.headline and "2 items have several grades, 1 of them with different grades" in told.text


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"columns": ("a", "bb")}, r"no column 'bb'"),
        ({"columns": ("a", "a")}, "is named twice"),
        ({}, "say where the grades are"),
        ({"system": "topic", "score": "a", "only": ("t99",)}, "names no system 't99'"),
    ],
)
def test_columns_that_do_not_fit_are_named(tmp_path: Path, columns: dict[str, object], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        graded(write_grades(tmp_path / "scores.csv"), **columns)


def test_a_grade_that_is_none_is_refused_by_its_line(tmp_path: Path) -> None:
    table = tmp_path / "scores.csv"
    table.write_text("item,a,b\n1,1,0\n2,great,1\n")
    with pytest.raises(ModelError, match=r"scores\.csv:3: the grade in 'a' is no number: \"great\""):
        compared(tmp_path, graded(table, columns=("a", "b")))


def test_candidates_without_grades_keep_their_identity() -> None:
    assert set(Recorded().model_dump()) == {"format", "rows", "key", "answer", "join", "id", "item", "only"}


def test_tasks_of_logs_need_logs(tmp_path: Path) -> None:
    write_lm_eval(tmp_path / "A", FAIR)
    made = (Candidate(id="log", model=f"import:{tmp_path / 'A'}"), Candidate(id="live", model="fake:x"))
    with pytest.raises(SpecError, match="'live' is no log"):
        plan_trial(Trial(candidates=made, tasks=(TaskEntry(task="log:sums"),)), tmp_path)
    with pytest.raises(SpecError, match="no task 'sum' in common"):
        plan_trial(Trial(candidates=(made[0],), tasks=(TaskEntry(task="log:sum"),)), tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("item,a,b\ni,1e308,0\n", r"scores\.csv:2: the grade 1e\+308 in 'a' is too large"),
        ("item,a,b\ni,1,0\nj,-1e-320,0\n", r"scores\.csv:3: the grade -9\.99989e-321 in 'a' is too small"),
        ("item,a,b,a\ni,1,0,1\n", r"scores\.csv has more than one column named 'a'"),
    ],
)
def test_grades_and_columns_that_cannot_be_computed_with_are_named(tmp_path: Path, text: str, message: str) -> None:
    table = tmp_path / "scores.csv"
    table.write_text(text)
    with pytest.raises(ModelError, match=message):
        compared(tmp_path, graded(table, columns=("a", "b")))
