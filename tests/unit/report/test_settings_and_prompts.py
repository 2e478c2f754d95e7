"""What candidates differ in, and the whole prompt as each was sent it, in page and words."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast
from unittest.mock import patch

import pytest

from fairtrial.api import run
from fairtrial.ledger import Ledger
from fairtrial.report import settings
from fairtrial.report.html.page import render_report
from fairtrial.report.prompts import PromptExamples, find_prompt_examples
from fairtrial.report.settings import (
    describe_candidates,
    describe_shared_settings,
    find_differing_settings,
    shorten_setting,
)
from fairtrial.report.summary import Summary, summarise
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.trial import Trial

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> tuple[Summary, list[PromptExamples], str]:
    base = {"model": "fake:x", "context": 2048}
    trial = Trial.model_validate(
        {
            "candidates": [
                {"id": "plain", **base},
                {"id": "twin", **base, "decoding": {"temperature": 0.5}},
                {"id": "steps", **base, "prompt": f"Think.\n{HOSTILE}\n{{{{prompt}}}}"},
                {"id": "chat", **base, "chat": "model", "system": "Be short."},
            ],
            "tasks": [{"task": "table", "limit": 3, "shots": 1}, {"task": "arithmetic_open", "limit": 3, "shots": 0}],
        }
    )
    path = tmp_path_factory.mktemp("prompts") / "l.db"
    found = run(trial, ledger=path)
    with Ledger.open(path, create=False) as ledger:
        summary = summarise(ledger, found.trial_id)
        return summary, find_prompt_examples(ledger, summary), render_report(ledger, summary)


def test_settings_that_differ_and_those_that_do_not(seen: tuple[Summary, list[PromptExamples], str]) -> None:
    rows = {row.name: row.values for row in find_differing_settings(seen[0])}
    assert rows["temperature"] == ("", "0.5", "", "") and rows["system"] == ("", "", "", "Be short.")
    assert set(rows) == {"temperature", "prompt", "chat", "system"}
    assert describe_shared_settings(seen[0]) == "The same for all: model fake:x, context 2048."
    plain, twin, steps, chat = describe_candidates(seen[0])
    assert plain == "plain: the defaults" and twin == "twin: temperature 0.5"
    assert steps.startswith('steps: prompt "Think.\\n<script>') and chat == 'chat: chat model, system "Be short."'
    assert shorten_setting("word " * 40).endswith("…")


def test_of_long_levers_the_settings_that_differ_are_told() -> None:
    lever = {"archive": "an/archive/with/a/long/name/in/a/folder.db", "k": 3, "max_words": 25, "retracted": False}
    levers = {"closed": (), "open": ("search",), "oracle": ("oracle",)}
    spec = [
        Candidate(id=name, model="fake:x", levers=tuple({"retrieve": {**lever, "passages": how}} for how in all_))
        for name, all_ in levers.items()
    ]
    summary = cast(Summary, SimpleNamespace(candidates=[SimpleNamespace(name=one.id, spec=one) for one in spec]))
    with patch.object(settings, "_list_settings", lambda one: {"levers": str(one.spec.levers or "")}):
        assert describe_candidates(summary) == [
            "closed: the defaults",
            'open: levers "[{retrieve: {passages: search}}]"',
            'oracle: levers "[{retrieve: {passages: oracle}}]"',
        ]


def test_the_whole_prompt_as_sent(seen: tuple[Summary, list[PromptExamples], str]) -> None:
    table, written = seen[1]
    alone, steps, chat = table.prompts
    assert alone.candidates == ("plain", "twin") and len(alone.scored) == 4
    [(role, text)], [(_, with_steps)] = alone.messages, steps.messages
    assert role == "" and text.count("Question:") == 2 and with_steps.count("Think.") == 1
    assert with_steps.partition("Think.")[0] == text[: len(with_steps.partition("Think.")[0])]
    assert [role for role, _ in chat.messages] == ["system", "user", "assistant", "user"]
    assert chat.messages[0][1].startswith("Be short.\n\n") and not chat.begun
    assert not written.prompts[0].scored and written.task == "arithmetic_open"
    assert HOSTILE not in seen[2] and "&lt;script&gt;alert(1)" in seen[2]
    assert "The same for all: model fake:x, context 2048." in seen[2]
