"""Training speed beside plain PEFT and beside TRL: the same rows, model, settings, order of rows and machine.

    python -m bench.tune MODEL ROWS.jsonl [--steps 12] [--rank 16] [--batch 16] [--threads 2] [--only fairtrial,trl]

* ``fairtrial``: the tune lever's own loop.
* ``peft``: what anybody writes with PEFT and transformers: rows of a step padded to the longest, PEFT's own layers,
  logits of every token, torch's AdamW.
* ``trl``: TRL's SFTTrainer with ``completion_only_loss``, packing off, where the package is installed.

Every system runs in a process of its own, one after the other, and computes in bfloat16 with float32 adapters.  Told
are seconds a step (the first two left out), tokens a second (tokens of rows, padding not counted), processor seconds,
resident memory at most, and the loss of each step: curves must be the same within the noise of bfloat16.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

from fairtrial.engines.transformers.loading import load_network
from fairtrial.levers.tune.libraries import import_peft, import_torch
from fairtrial.levers.tune.network import LearningNetwork
from fairtrial.levers.tune.objectives import SupervisedObjective
from fairtrial.levers.tune.packing import TokenRow, draw_steps
from fairtrial.levers.tune.preparing import make_encoder
from fairtrial.levers.tune.rows import read_rows
from fairtrial.levers.tune.training import BETAS, TrainingWork, TuningRun
from fairtrial.models import resolve
from fairtrial.spec.schemes import SCHEMES
from fairtrial.spec.tune import Tune

SYSTEMS = ("fairtrial", "peft", "trl")
WARMING = 2
Stepped = list[tuple[float, float, float]]
"""Of each step: loss, seconds, processor seconds."""


def main() -> None:
    """Run the systems and print what they took."""
    given = read_arguments()
    if given.system:
        print(json.dumps(run_system(given)))
        return
    print(f"{'system':<10} {'s/step':>8} {'CPU s/step':>11} {'tokens/s':>9} {'tok/CPU s':>10} {'MB':>7}  loss by step")
    for name in given.only.split(","):
        done = subprocess.run(
            [sys.executable, "-m", "bench.tune", *sys.argv[1:], "--system", name], capture_output=True, text=True
        )
        if done.returncode:
            print(f"{name}: {done.stderr.strip().splitlines()[-1][:300]}", flush=True)
            continue
        told = json.loads(done.stdout.splitlines()[-1])
        curve = " ".join(f"{loss:.3f}" for loss in told["losses"])
        print(
            f"{name:<10} {told['seconds']:>8.2f} {told['processor']:>11.2f} {told['tokens_per_second']:>9.0f} "
            f"{told['tokens_per_processor_second']:>10.0f} {told['peak'] / 1e6:>7.0f}  {curve}",
            flush=True,
        )


def read_arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("rows", type=Path)
    for name, default in (("steps", 12), ("rank", 16), ("batch", 16), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--only", default=",".join(SYSTEMS))
    parser.add_argument("--system", default="")
    return parser.parse_args()


def run_system(given: argparse.Namespace) -> dict[str, Any]:
    """Train with one system and return what it took."""
    import_torch().set_num_threads(given.threads)
    model = resolve(given.model if given.model.partition(":")[0] in SCHEMES else f"gguf:{given.model}", Path.cwd())
    settings = Tune(
        data=str(given.rows), rank=given.rank, batch=given.batch, steps=given.steps, learning_rate=given.rate,
        schedule="constant", warmup=0.0, threads=given.threads,
    )  # fmt: skip
    loaded = load_network(model, "bfloat16")
    rows = make_encoder(settings, model, loaded).encode(read_rows(given.rows).rows).rows
    order = [numbers for _, numbers in draw_steps(len(rows), given.batch, 0, 0, given.steps)]
    ways: dict[str, Callable[..., Stepped]] = {"fairtrial": run_own, "peft": run_peft, "trl": run_trl}
    stepped = ways[given.system](loaded, settings, rows, order)
    timed = stepped[WARMING:]
    tokens = sum(len(rows[i].tokens) for numbers in order[WARMING:] for i in numbers)
    return {
        "losses": [loss for loss, _, _ in stepped],
        "seconds": mean(seconds for _, seconds, _ in timed),
        "processor": mean(processor for _, _, processor in timed),
        "tokens_per_second": tokens / sum(seconds for _, seconds, _ in timed),
        "tokens_per_processor_second": tokens / sum(processor for _, _, processor in timed),
        "peak": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


def run_own(loaded: Any, settings: Tune, rows: Sequence[TokenRow], order: Sequence[Sequence[int]]) -> Stepped:
    """Train by the lever's own loop."""
    network = LearningNetwork(loaded, settings)
    network.choose_way(rows, packing=True)
    work = TrainingWork(rows, (), settings, SupervisedObjective(), len(order), 1024, settings.threads or 1)
    training = TuningRun(network, work, lambda _: None)
    learned = list(network.list_learned().values())
    optimizer = import_torch().optim.AdamW(learned, lr=settings.learning_rate, betas=BETAS, weight_decay=0.0)
    return [measure(partial(training._step, step, numbers, optimizer, learned)) for step, numbers in enumerate(order)]


def add_adapter(network: Any, settings: Tune) -> Any:
    """Return the network with an adapter, first weights drawn as the lever draws them."""
    torch, peft = import_torch(), import_peft()
    names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    config = peft.LoraConfig(
        r=settings.rank, lora_alpha=2 * settings.rank, target_modules=sorted(names), task_type="CAUSAL_LM"
    )
    torch.manual_seed(settings.seed)
    return peft.get_peft_model(network, config)


def pad(rows: Sequence[TokenRow]) -> dict[str, Any]:
    """Return rows as a padded batch with labels, -100 where nothing is learned."""
    torch = import_torch()
    longest = max(len(row.tokens) for row in rows)
    batch = {name: torch.full((len(rows), longest), fill) for name, fill in (("input_ids", 0), ("labels", -100))}
    batch["attention_mask"] = torch.zeros((len(rows), longest), dtype=torch.long)
    for at, row in enumerate(rows):
        tokens, size = torch.tensor(row.tokens.astype("int64")), len(row.tokens)
        batch["input_ids"][at, :size] = tokens
        batch["attention_mask"][at, :size] = 1
        batch["labels"][at, :size] = torch.where(torch.tensor(row.learned), tokens, -100)
    return batch


def run_peft(loaded: Any, settings: Tune, rows: Sequence[TokenRow], order: Sequence[Sequence[int]]) -> Stepped:
    """Train as one does by hand with PEFT and transformers."""
    torch = import_torch()
    network = add_adapter(loaded.model, settings).train()
    learned = [weight for weight in network.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=settings.learning_rate, betas=BETAS, weight_decay=0.0)

    def step(numbers: Sequence[int]) -> float:
        optimizer.zero_grad()
        loss = network(**pad([rows[i] for i in numbers])).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, settings.max_norm)
        optimizer.step()
        return float(loss.detach())

    return [measure(partial(step, numbers)) for numbers in order]


def run_trl(loaded: Any, settings: Tune, rows: Sequence[TokenRow], order: Sequence[Sequence[int]]) -> Stepped:
    """Train by TRL's trainer, its own collator and loss over rows that are tokens already, in the same order."""
    import tempfile

    import datasets
    import transformers
    from trl import SFTConfig, SFTTrainer  # type: ignore[import-not-found]

    torch = import_torch()
    chosen = [rows[i] for numbers in order for i in numbers]
    data = datasets.Dataset.from_list(
        [{"input_ids": row.tokens.tolist(), "completion_mask": row.learned.astype(int).tolist()} for row in chosen]
    )
    stepped: Stepped = []

    class Watch(transformers.TrainerCallback):  # type: ignore[misc]
        def on_step_begin(self, *args: Any, **named: Any) -> None:
            self.begun = time.perf_counter(), time.process_time()

        def on_step_end(self, *args: Any, **named: Any) -> None:
            clock, processor = self.begun
            stepped.append((0.0, time.perf_counter() - clock, time.process_time() - processor))

    with tempfile.TemporaryDirectory() as folder:
        config = SFTConfig(
            output_dir=folder, per_device_train_batch_size=settings.batch, max_steps=len(order), bf16=False,
            learning_rate=settings.learning_rate, lr_scheduler_type="constant", warmup_steps=0, weight_decay=0.0,
            max_grad_norm=settings.max_norm, logging_steps=1, report_to=[], save_strategy="no", packing=False,
            completion_only_loss=True, gradient_checkpointing=False, use_cpu=not torch.cuda.is_available(),
            train_sampling_strategy="sequential", seed=settings.seed, disable_tqdm=True, max_length=2048,
        )  # fmt: skip
        trainer = SFTTrainer(
            model=add_adapter(loaded.model, settings), args=config, train_dataset=data,
            processing_class=loaded.tokenizer, callbacks=[Watch()],
        )  # fmt: skip
        trainer.train()
        losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return [(loss, clock, processor) for loss, (_, clock, processor) in zip(losses, stepped, strict=True)]


def measure(step: Callable[[], float | tuple[float, float]]) -> tuple[float, float, float]:
    """Return a step's loss, seconds and processor seconds."""
    clock, processor = time.perf_counter(), time.process_time()
    found = step()
    loss = found[0] if isinstance(found, tuple) else found  # the lever tells the norm of the gradient, too
    return loss, time.perf_counter() - clock, time.process_time() - processor


if __name__ == "__main__":
    main()
