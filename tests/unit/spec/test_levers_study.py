"""The study levers: which candidates come of a base and some steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from fairtrial.errors import FairtrialError
from fairtrial.planning.plan import plan_trial
from fairtrial.spec.source import load_trial
from fairtrial.spec.steps import LeversStudy, iterate_arms, list_chains
from fairtrial.spec.trial import Trial

STEPS = {"small": {"quantize": "q4_k_m"}, "slow": [{"think": 64}, "read"]}


def trial(**study: Any) -> Trial:
    more = {key: study.pop(key) for key in ("baseline", "candidates") if key in study}
    base = {"candidates": [{"id": "smol", "model": "fake:a", "levers": [{"quantize": "f16"}]}], "tasks": ["table"]}
    return Trial.model_validate({**base, **more, "study": {"name": "levers", "levers": STEPS, **study}})


def ids(made: Trial) -> list[str]:
    return [candidate.id for candidate in made.candidates]


def test_base_each_step_alone_and_all_of_them() -> None:
    made = trial()
    assert ids(made) == ["smol", "smol-small", "smol-slow", "smol-small-slow"]
    assert made.candidates[3].levers == ({"quantize": "f16"}, {"quantize": "q4_k_m"}, {"think": 64}, {"read": {}})


def test_a_list_of_levers_names_its_steps() -> None:
    assert ids(trial(levers=[{"quantize": "q4_k_m"}, "read"])) == [
        "smol",
        "smol-quantize",
        "smol-read",
        "smol-quantize-read",
    ]


def test_combinations_have_their_beginnings() -> None:
    steps = {"a": {"quantize": "q4_k_m"}, "b": {"think": 8}, "c": "read"}
    made = trial(levers=steps, combine=[["b", "c", "a"], ["b", "c"]])
    assert ids(made)[4:] == ["smol-b-c", "smol-b-c-a"]
    assert list_chains(["a", "b", "c"], [["b", "c", "a"], ["b", "c"], ["a", "c"]]) == [("b", "c", "a"), ("a", "c")]
    assert ids(trial(levers=steps, combine=[])) == ["smol", "smol-a", "smol-b", "smol-c"]


def test_a_factorial_design_has_every_combination() -> None:
    arms = list(iterate_arms(["a", "b", "c"], "factorial", None))
    assert arms[:5] == [(), ("a",), ("b",), ("c",), ("a", "b")]
    assert len(set(arms)) == 8 and arms[-1] == ("a", "b", "c")
    assert len(trial(design="factorial").candidates) == 4


def test_the_base_is_the_baseline_and_others_stay() -> None:
    others = [{"id": "other", "model": "fake:b"}, {"id": "smol", "model": "fake:a"}]
    made = trial(candidates=others, base="smol")
    assert ids(made) == ["other", "smol", "smol-small", "smol-slow", "smol-small-slow"]
    assert made.baseline == "smol"
    assert ids(trial(candidates=others))[1] == "other-small"
    assert trial(candidates=others, base="smol", baseline="other").baseline == "other"


@pytest.mark.parametrize("study", [{}, {"design": "factorial"}, {"base": "smol"}, {"levers": ["read", {"think": 3}]}])
def test_a_trial_that_was_written_out_stays_as_it_is(study: dict[str, Any]) -> None:
    made = trial(**study)
    again = Trial.model_validate(made.model_dump(mode="json"))
    assert again == made
    assert isinstance(again.study, LeversStudy)


@pytest.mark.parametrize(
    ("study", "words"),
    [
        ({"levers": [{"quantize": "q4_k_m"}, {"quantize": "q2_k"}]}, "two steps are called 'quantize'"),
        ({"levers": {}}, "name 1 to 12 steps; got 0"),
        ({"levers": {"a-b": "read"}}, "names are joined by '-'"),
        ({"levers": {"a": {"quantise": "q4_k_m"}}}, "Did you mean 'quantize'"),
        ({"levers": [3]}, "each entry is one lever"),
        ({"levers": {"a": []}}, "at least 1 item"),
        ({"levers": {3: "read"}}, "valid string"),
        ({"levers": ["read"], "design": "factorial"}, "takes 2 to 5 steps; got 1"),
        ({"levers": {x: "read" for x in "abcdef"}, "design": "factorial"}, "which would be 64 candidates"),
        ({"design": "factorial", "combine": [["small", "slow"]]}, "has every combination"),
        ({"combine": [["small", "slw"]]}, "Did you mean 'slow'"),
        ({"combine": [["small"]]}, "at least 2 items"),
        ({"base": "smoll"}, "Did you mean 'smol'"),
        ({"domain": ["tabel"]}, "Did you mean 'table'"),
        ({"candidates": [{"id": "x" * 60, "model": "fake:a"}]}, "too long"),
        ({"candidates": [{"id": "a", "model": "fake:a"}, {"id": "a-slow", "model": "fake:b"}]}, "'a-slow' of its own"),
    ],
)
def test_mistakes_are_told(study: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        trial(**study)


@pytest.mark.parametrize("page", ["docs/levers-study.md", "examples/levers.yaml"])
def test_what_the_pages_show_can_be_run(page: str) -> None:
    text = (Path(__file__).parents[3] / page).read_text(encoding="utf-8")
    shown = text.partition("```yaml\n")[2].partition("```")[0] if page.endswith(".md") else text
    assert ids(Trial.model_validate(yaml.safe_load(shown))) == ["smol", "smol-small", "smol-steps", "smol-small-steps"]


def test_the_page_tells_every_setting() -> None:
    text = (Path(__file__).parents[3] / "docs" / "levers-study.md").read_text(encoding="utf-8")
    told = [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")]
    assert told == [name for name in LeversStudy.model_fields if name != "name"]


FILE = """name: t
candidates:
  - {id: other, model: "fake:a"}
  - {id: smol, model: "fake:a", levers: [{quantize: f16}]}
  - {id: last, model: "fake:a"}
tasks: [table]
study:
  name: levers
  base: smol
  levers:
    small:
      quantize: q4_k_m
    slow:
      - think: 64
      - read
"""


@pytest.mark.parametrize(
    ("i", "part", "line"),
    [
        (0, (), 3),
        (1, ("levers", 0), 4),
        (2, (), 11),
        (2, ("model",), 4),
        (2, ("levers", 0), 4),
        (2, ("levers", 1), 11),
        (3, (), 15),
        (3, ("levers", 1), 14),
        (4, ("levers", 2), 14),
        (5, ("model",), 5),
    ],
)
def test_what_is_wrong_with_a_made_candidate_is_where_its_step_is(
    tmp_path: Path, i: int, part: tuple[str | int, ...], line: int
) -> None:
    (tmp_path / "t.yaml").write_text(FILE)
    loaded = load_trial(tmp_path / "t.yaml")
    assert ids(loaded.trial) == ["other", "smol", "smol-small", "smol-slow", "smol-small-slow", "last"]
    assert loaded.where("candidates", i, *part) == f"{tmp_path / 't.yaml'}:{line}"


def test_steps_in_a_list_have_lines_too_and_so_have_lengths_of_thinking(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(f"{FILE.partition('  levers:')[0]}  levers:\n  - quantize: q2_k\n  - read\n")
    assert load_trial(tmp_path / "t.yaml").where("candidates", 3).endswith("t.yaml:12")
    study = "study: {name: reasoning-per-token, budgets: [8, 16]}\n"
    (tmp_path / "r.yaml").write_text(
        FILE.partition("study:")[0].replace("levers: [{quantize: f16}]", "levers: []") + study
    )
    loaded = load_trial(tmp_path / "r.yaml")
    assert [loaded.where("candidates", i)[-1] for i in range(6)] == list("334455")


def test_an_error_in_a_step_names_the_candidate(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(FILE.replace("[{quantize: f16}]", "[]"))
    loaded = load_trial(tmp_path / "t.yaml")
    with pytest.raises(FairtrialError, match="candidate 'smol-small': ") as caught:
        plan_trial(loaded.trial, tmp_path, where=loaded.where)
    assert caught.value.where == f"{tmp_path / 't.yaml'}:11"


def test_a_step_that_refers_to_nobody_is_told_in_its_line(tmp_path: Path) -> None:
    cascade = "cascade: {to: nobody, threshold: 0.5}"
    (tmp_path / "t.yaml").write_text(FILE.replace("quantize: q4_k_m", cascade).replace("[{quantize: f16}]", "[]"))
    with pytest.raises(FairtrialError, match="of 'smol-small' refers to 'nobody'") as caught:
        load_trial(tmp_path / "t.yaml")
    assert caught.value.where == f"{tmp_path / 't.yaml'}:11"
