"""A run over images that is killed ends with the ledger of a run that was left alone, bit for bit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.test_kill_and_resume import answers, command, exported, finish
from tests.support.pausing import start_paused
from tests.support.tiny_lmm import tiny_lmm

for name in ("llama_cpp", "torch", "transformers"):
    pytest.importorskip(name)

TRIAL = """
name: seen
candidates:
  - id: tiles
    model: gguf:{tiles}
    context: 1024
  - id: plane
    model: gguf:{plane}
    decoding: {{temperature: 0.8, max_tokens: 8}}
    context: 1024
tasks:
  - {{task: counting, limit: 60}}
  - {{task: spatial_open, limit: 12, repeats: 2}}
"""


@pytest.mark.model
@pytest.mark.slow
def test_killed_and_resumed_equals_unbroken(tmp_path: Path) -> None:
    trial = tmp_path / "seen.yaml"
    trial.write_text(TRIAL.format(tiles=tiny_lmm("idefics3").text, plane=tiny_lmm("qwen2_vl").text))
    unbroken, broken = tmp_path / "unbroken.db", tmp_path / "broken.db"
    finish(trial, unbroken)
    process = start_paused(2, *command(trial, broken))
    process.kill()
    process.communicate()
    assert 0 < answers(broken) < answers(unbroken)
    finish(trial, broken)
    assert exported(broken) == exported(unbroken)
