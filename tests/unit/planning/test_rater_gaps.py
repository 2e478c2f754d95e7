"""Several grades of one item: those that not every system has are left out for all, and what is left out is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairtrial.errors import SpecError
from fairtrial.planning.comparing import GradeColumns, find_graded_systems
from fairtrial.recorded.graded.raters import pair_grades
from fairtrial.recorded.graded.tables import read_scores
from fairtrial.report.summary import Summary
from fairtrial.report.words import list_headline_doubts
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.recorded import Recorded
from tests.unit.planning.test_logs import compared

WIDE = GradeColumns("ticket", ("a", "b"))


def judge(path: Path, columns: GradeColumns) -> Summary:
    made: list[Candidate] = [one.candidate for one in find_graded_systems(str(path), columns)]
    return compared(path.parent, made)


def write_wide(path: Path) -> Path:
    lines = [f"T{i},kind,5,5\nT{i},strict,1,{'' if i % 2 else 1}" for i in range(30)]
    path.write_text("ticket,rater,a,b\n" + "\n".join(lines), "utf-8")
    return path


def test_a_row_without_a_grade_is_left_out_for_both(tmp_path: Path) -> None:
    summary = judge(write_wide(tmp_path / "grades.csv"), WIDE)
    verdict = summary.verdicts[0]
    assert (verdict.verdict, verdict.difference) == ("undecided", 0)
    told = " ".join(list_headline_doubts(summary))
    assert "15 of 60 rows lack a grade (a: 0, b: 15) and are left out for all systems" in told


def test_the_scale_is_that_of_the_grades_not_of_their_means(tmp_path: Path) -> None:
    summary = judge(write_wide(tmp_path / "grades.csv"), WIDE)
    assert summary.tasks[0].measure("score").bounds == (1, 5)


def test_grades_on_no_scale_are_told(tmp_path: Path) -> None:
    path = tmp_path / "grades.csv"
    path.write_text("ticket,a,b\n" + "\n".join(f"T{i},{i + 0.5},{i}" for i in range(30)), "utf-8")
    told = " ".join(list_headline_doubts(judge(path, WIDE)))
    assert "No scale is recognised in the grades (from 0 to 29.5)" in told


@pytest.mark.parametrize("absent", ["T1,new,strict,\n", ""], ids=["empty", "no row"])
def test_rows_of_one_system_are_paired_by_rater(tmp_path: Path, absent: str) -> None:
    path = tmp_path / "long.csv"
    rows = "T0,old,kind,5\nT0,old,strict,2\nT0,new,strict,2\nT0,new,kind,5\n"
    path.write_text(f"ticket,system,rater,grade\n{rows}T1,old,kind,5\nT1,old,strict,2\nT1,new,kind,5\n{absent}")
    logs = {
        name: next(iter(read_scores([path], Recorded(id="ticket", score="grade", only={"system": name}))))
        for name in ("old", "new")
    }
    found = pair_grades(logs)
    values = {name: [row.grades["score"][0] for row in task.rows] for name, task in found.items()}
    assert values == {"old": [3.5, 5], "new": [3.5, 5]}
    assert found["old"].notes[-1].startswith("1 of 4 pairs of item and rater lack a grade (old: 0, new: 1)")


def test_grades_that_cannot_be_paired_are_told(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("ticket,system,grade\nT0,old,5\nT0,old,2\nT0,new,5\nT1,old,5\nT1,new,5\n")
    columns = GradeColumns("ticket", system="system", score="grade")
    told = " ".join(list_headline_doubts(judge(path, columns)))
    assert "cannot be paired, as no column tells their rows apart (1 of them)" in told


def test_an_item_in_two_clusters_is_refused(tmp_path: Path) -> None:
    path = write_wide(tmp_path / "grades.csv")
    with pytest.raises(SpecError, match=r'grades.csv:3: item "T0" stands in clusters "kind" and "strict"'):
        judge(path, GradeColumns("ticket", ("a", "b"), cluster="rater"))
