"""Trials with a cascade ``c`` beside the models ``a`` and ``b``; fake engines."""

from __future__ import annotations

from pathlib import Path

from fairtrial.engines import EngineSettings
from fairtrial.ledger import Ledger
from fairtrial.planning.plan import Plan
from fairtrial.running.conductor import run
from fairtrial.spec.source import load_trial
from fairtrial.spec.trial import Trial


def written(folder: Path, levers: str, more: str = "") -> Trial:
    text = (
        "candidates:\n- {id: a, model: 'fake:a'}\n- {id: b, model: 'fake:b'}\n"
        f"- {{id: c, model: 'fake:a', levers: [{levers}]}}\n"
        f"tasks: [{{task: table, level: 1, limit: 60, shots: 0}}]\n{more}"
    )
    (folder / "trial.yaml").write_text(text)
    return load_trial(folder / "trial.yaml").trial


def conducted(plan: Plan, path: Path) -> Ledger:
    ledger = Ledger.open(path)
    with ledger.writing():
        run(plan, "text", ledger, EngineSettings())
    return ledger


LEARN = "{cascade: {to: b, learn: {escalate: 0.5, items: 40}}}"
