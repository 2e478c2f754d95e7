"""The study reasoning-per-token: candidates at several lengths of thinking."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from fairtrial.spec.trial import Trial

BASE: dict[str, Any] = {
    "candidates": [
        {"id": "llm", "model": "fake:a"},
        {"id": "lmm", "model": "fake:b", "levers": [{"quantize": "q2_k"}]},
    ],
    "tasks": ["arithmetic"],
}


def trial(**study: Any) -> Trial:
    more = {key: study.pop(key) for key in ("baseline", "candidates") if key in study}
    return Trial.model_validate({**BASE, **more, "study": {"name": "reasoning-per-token", **study}})


def test_a_candidate_is_made_for_every_length() -> None:
    made = trial(budgets=[0, 64, "native"], limits=[512], think={"by": "steps"}, baseline="llm")
    names = ["llm-0", "llm-64", "llm-native", "llm-limit512", "lmm-0", "lmm-64", "lmm-native", "lmm-limit512"]
    assert [candidate.id for candidate in made.candidates] == names
    assert made.baseline == "llm-limit512"
    assert made.candidates[5].levers == ({"quantize": "q2_k"}, {"think": {"budget": 64, "by": "steps"}})
    assert made.candidates[7].levers[-1] == {"think": {"limit": 512, "by": "steps"}}


def test_a_trial_that_was_written_out_stays_as_it_is() -> None:
    made = trial(budgets=[0, 64], multimodal=["lmm"], language=["llm"])
    again = Trial.model_validate(made.model_dump(mode="json"))
    assert again == made


def test_candidates_with_lengths_of_their_own_keep_them() -> None:
    own = {"id": "own-7", "model": "fake:a", "levers": [{"think": 7}]}
    assert [one.id for one in trial(budgets=[0, 9], candidates=[own]).candidates] == ["own-7"]


@pytest.mark.parametrize(
    ("study", "words"),
    [
        ({"budgets": [0, 0]}, "0 is listed twice"),
        ({"budgets": [0, "nativ"]}, "Did you mean 'native'"),
        ({"budgets": [0], "multimodal": ["lmm"]}, "takes both"),
        ({"budgets": [0], "multimodal": ["lmm"], "language": ["llm2"]}, "Did you mean 'llm'"),
        ({"budgets": [0], "multimodal": ["lmm"], "language": ["lmm"]}, "both sides"),
        ({"budgets": [0], "contrasts": [["lmm"]]}, "at least 2"),
        ({"budgets": [0], "contrasts": [["lmm", "small"]]}, "'small' is not a candidate"),
        ({"budgets": [0], "think": {"by": "magic"}}, "'auto', 'tags' or 'steps'"),
        ({"budgets": [0], "think": {"limit": 3}}, "lengths are written as budgets"),
        ({"budgets": [0], "tokens": [64, 8]}, "lower one"),
        ({"budgets": [0], "margin": 5}, "5"),
    ],
)
def test_mistakes_are_told(study: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        trial(**study)


def test_a_name_that_gets_too_long_is_refused() -> None:
    with pytest.raises(ValidationError, match="too long"):
        trial(budgets=[1024], candidates=[{"id": "x" * 62, "model": "fake:a"}])


@pytest.mark.parametrize("page", ["docs/reasoning-per-token.md", "examples/reasoning.yaml"])
def test_what_the_pages_show_can_be_run(page: str) -> None:
    text = (Path(__file__).parents[3] / page).read_text(encoding="utf-8")
    shown = text.partition("```yaml\n")[2].partition("```")[0] if page.endswith(".md") else text
    made = Trial.model_validate(yaml.safe_load(shown))
    assert len(made.candidates) == 2 * len(made.study.budgets)
    assert all(candidate.levers[-1].keys() == {"think"} for candidate in made.candidates)
