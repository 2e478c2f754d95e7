"""How the options of a file are asked for, where the trial does not say it."""

from __future__ import annotations

import pytest

from fairtrial import Trial
from fairtrial.planning.sources import choose_way_to_ask


@pytest.mark.parametrize(
    ("models", "entry", "way"),
    [
        (["fake:a", "gguf:a.gguf"], {}, "texts"),
        (["fake:a", "replay:l.db#a"], {}, "texts"),
        (["fake:a", "openai:gpt"], {}, "letter"),
        (["fake:a", "import:log.jsonl"], {}, "letter"),
        (["fake:a", "openai:gpt"], {"ask": "texts"}, "texts"),
        (["fake:a"], {"ask": "letter"}, "letter"),
    ],
)
def test_texts_are_scored_where_all_can(models: list[str], entry: dict[str, str], way: str) -> None:
    candidates = [{"id": f"c{n}", "model": model} for n, model in enumerate(models)]
    trial = Trial.model_validate({"candidates": candidates, "tasks": [{"file": "q.csv", **entry}]})
    assert choose_way_to_ask(trial, trial.tasks[0]) == way
