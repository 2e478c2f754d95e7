"""The training loop: steps, validation, early stopping, checkpoints.

What a step does depends on its number, the rows, the settings and the weights alone, never on the clock or on where
training was interrupted.  Knows token rows; nothing of files of rows or of text.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from fairtrial.errors import ModelError
from fairtrial.levers.tune.checkpoints import (
    Checkpoint,
    TrainingProgress,
    list_moments,
    read_checkpoint,
    use_moments,
    write_checkpoint,
)
from fairtrial.levers.tune.libraries import import_torch
from fairtrial.levers.tune.network import LearningNetwork
from fairtrial.levers.tune.objectives import Objective
from fairtrial.levers.tune.packing import TokenRow, draw_steps, pack_rows
from fairtrial.measures.sampling import Heartbeat
from fairtrial.spec.tune import Tune

SAVE_SECONDS = 60.0
SAY_SECONDS = 30.0
"""Without a line, after which it is said which step is being done."""
LOWEST = 0.1
"""Share of the learning rate that a cosine schedule ends with."""
BETAS = (0.9, 0.999)
_SEEDS = 2**63


@dataclass(frozen=True)
class TrainingWork:
    """What is to be trained, and how.

    Attributes:
        rows: to learn from; of preferences, each chosen answer before its rejected one.
        validation: rows that are not learned.
        settings: of the lever.
        objective: what is made smaller.
        steps: of the optimiser.
        block: tokens that go through the network at once.
        threads: processor threads.
        folder: of checkpoints; None keeps none.
    """

    rows: Sequence[TokenRow]
    validation: Sequence[TokenRow]
    settings: Tune
    objective: Objective
    steps: int
    block: int
    threads: int
    folder: Path | None = None

    @property
    def examples(self) -> int:
        """Number of rows, or of pairs, to learn from."""
        return len(self.rows) // self.objective.group

    @property
    def evaluate_every(self) -> int:
        """Steps from one validation to the next."""
        return self.settings.evaluate or max(1, math.ceil(self.steps / 8))

    def find_rate(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0."""
        highest, warm = self.settings.learning_rate, round(self.settings.warmup * self.steps)
        if step < warm:
            return highest * (step + 1) / warm
        done = (step - warm) / max(1, self.steps - warm)
        if self.settings.schedule == "linear":
            return highest * (1 - done)
        if self.settings.schedule == "cosine":
            return highest * (LOWEST + (1 - LOWEST) * 0.5 * (1 + math.cos(math.pi * done)))
        return highest


@dataclass
class TuningRun:
    """Training under way.

    Attributes:
        network: that learns.
        work: what is to be done.
        tell: called with a line now and then.
        progress: how far it has come.
    """

    network: LearningNetwork
    work: TrainingWork
    tell: Callable[[str], None]
    progress: TrainingProgress = field(default_factory=TrainingProgress)
    _best: dict[str, Any] = field(default_factory=dict)
    _saved: float = 0.0

    def run(self) -> TrainingProgress:
        """Train to the end, from where an earlier process was stopped, and leave the best weights in the network.

        Raises ModelError if the loss is no number any more.
        """
        with Heartbeat(self.tell, SAY_SECONDS) as heart:
            return self._run(heart)

    def _run(self, heart: Heartbeat) -> TrainingProgress:
        torch = import_torch()
        learned = self.network.list_learned()
        optimizer = torch.optim.AdamW(
            list(learned.values()), lr=0.0, betas=BETAS, weight_decay=self.work.settings.weight_decay
        )
        self._resume(optimizer, learned)
        self.network.use_threads(self.progress.threads)
        self._saved = time.monotonic()
        memory = psutil.Process()
        steps = draw_steps(
            self.work.examples, self.work.settings.batch, self.work.settings.seed, self.progress.step, self.work.steps
        )
        heart.begin("computing the loss before the first step")
        if not self.progress.validations:
            self._validate()
        for step, examples in steps:
            if self.progress.stopped_early:
                break
            heart.begin(self._describe_step())
            begun, processor = time.perf_counter(), time.process_time()
            rate = self.work.find_rate(step)
            for group in optimizer.param_groups:
                group["lr"] = rate
            loss, norm = self._step(step, examples, optimizer, list(learned.values()))
            progress = self.progress
            progress.step = step + 1
            progress.losses.append((step + 1, loss, rate, norm))
            progress.seconds += time.perf_counter() - begun
            progress.processor_seconds += time.process_time() - processor
            progress.peak_bytes = max(progress.peak_bytes, memory.memory_info().rss)
            if (step + 1) % self.work.evaluate_every == 0 or step + 1 == self.work.steps:
                self._validate()
                heart.tell(self._describe_validated())
            self._save(optimizer, learned)
        self._save(optimizer, learned, always=True)
        self._use_best(learned)
        return self.progress

    def _step(self, step: int, examples: Sequence[int], optimizer: Any, learned: Sequence[Any]) -> tuple[float, float]:
        """Take one step; return its mean loss and the norm of its gradient before that was shortened."""
        torch, work = import_torch(), self.work
        group = work.objective.group
        numbers = [example * group + i for example in examples for i in range(group)]
        counted = max(1, work.objective.count(work.rows, numbers))
        blocks = pack_rows(work.rows, numbers, work.block, packing=self.network.packs, group=group)
        optimizer.zero_grad(set_to_none=True)
        self.network.use_dropout(True)
        total = 0.0
        with torch.random.fork_rng(devices=self._list_devices()):
            for number, block in enumerate(blocks):
                torch.manual_seed((work.settings.seed * 1_000_003 + step * 1_009 + number) % _SEEDS)  # of dropout
                loss = work.objective.compute(self.network, block).total / counted
                loss.backward()
                total += float(loss.detach())
                self.progress.tokens += len(block.tokens)
        norm = float(torch.nn.utils.clip_grad_norm_(learned, work.settings.max_norm))
        if not math.isfinite(total) or not math.isfinite(norm):
            raise ModelError(
                f"the loss is no number any more at step {step + 1} (loss {total}, norm of the gradient {norm}).",
                fix="Take a lower learning_rate, or dtype: float32.",
            )
        optimizer.step()
        return total, norm

    def _validate(self) -> None:
        """Note the loss of the validation rows; remember the weights if it is the lowest so far."""
        work, progress = self.work, self.progress
        if not work.validation:
            return
        begun, processor = time.perf_counter(), time.process_time()
        loss = self.compute_validation_loss()
        progress.validations.append((progress.step, loss))
        if progress.best_loss is None or loss < progress.best_loss:
            progress.best_step, progress.best_loss, progress.stale = progress.step, loss, 0
            self._best = {name: weight.detach().clone() for name, weight in self.network.list_learned().items()}
        else:
            progress.stale += 1
        progress.stopped_early = bool(work.settings.patience) and progress.stale >= work.settings.patience
        progress.stopped_early &= progress.step < work.steps
        progress.seconds += time.perf_counter() - begun
        progress.processor_seconds += time.process_time() - processor

    def compute_validation_loss(self) -> float:
        """Return the mean loss of the validation rows."""
        work = self.work
        numbers = range(len(work.validation))
        blocks = pack_rows(work.validation, numbers, work.block, packing=self.network.packs, group=work.objective.group)
        self.network.use_dropout(False)
        with import_torch().no_grad():
            total = sum(float(work.objective.compute(self.network, block).total) for block in blocks)
        return total / max(1, work.objective.count(work.validation, numbers))

    def _resume(self, optimizer: Any, learned: dict[str, Any]) -> None:
        """Go on from the last checkpoint, if there is one."""
        kept = read_checkpoint(self.work.folder) if self.work.folder else None
        if kept is None or set(kept.weights) != set(learned):
            self.progress = TrainingProgress(threads=self.work.threads)
            return
        torch = import_torch()
        self.progress, self._best = kept.progress, dict(kept.best)
        with torch.no_grad():
            for name, weight in learned.items():
                weight.copy_(kept.weights[name])
        use_moments(optimizer, learned, kept.moments, kept.progress.step, torch)
        self.tell(f"going on from step {kept.progress.step:,} of {self.work.steps:,}")

    def _save(self, optimizer: Any, learned: dict[str, Any], *, always: bool = False) -> None:
        if self.work.folder is None or (not always and time.monotonic() - self._saved < SAVE_SECONDS):
            return
        moments = list_moments(optimizer, learned)
        write_checkpoint(self.work.folder, Checkpoint(self.progress, learned, moments, self._best))
        self._saved = time.monotonic()

    def _use_best(self, learned: dict[str, Any]) -> None:
        with import_torch().no_grad():
            for name, weight in self._best.items():
                learned[name].copy_(weight)

    def _describe_step(self) -> str:
        progress, steps = self.progress, self.work.steps
        told = f"training, step {progress.step + 1:,} of {steps:,}"
        if not progress.losses:
            return told
        left = progress.seconds / progress.step * (steps - progress.step)
        return f"{told} (loss {progress.losses[-1][1]:.3f}; about {_write_minutes(left)} left)"

    def _describe_validated(self) -> str:
        progress, steps = self.progress, self.work.steps
        recent = [loss for _, loss, _, _ in progress.losses[-self.work.evaluate_every :]]
        left = progress.seconds / progress.step * (steps - progress.step)
        told = f"step {progress.step:,} of {steps:,}: loss {sum(recent) / len(recent):.3f}"
        if progress.validations:
            told += f", validation {progress.validations[-1][1]:.3f}"
        return f"{told}; about {_write_minutes(left)} left" if progress.step < steps else told

    def _list_devices(self) -> list[int]:
        return [0] if self.network.device == "cuda" else []


def _write_minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} s"
