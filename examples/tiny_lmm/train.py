"""Trains a small multimodal model on fairtrial's own pictures, and writes it for both engines.

python -m examples.tiny_lmm.train --out models/tiny-lmm
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from dataclasses import dataclass, field, fields, replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
import torch.distributed as together
import torch.multiprocessing as multiprocessing
import transformers
from torch.nn import functional

from examples.tiny_lmm.batches import Batch, BatchWriter, run_network
from examples.tiny_lmm.evaluate import Score, score_network
from examples.tiny_lmm.lessons import LABELS, Lesson, Styles, collect_texts, draw_lessons
from examples.tiny_lmm.network import IMAGE, Shape, make_network, save_network
from examples.tiny_lmm.vocabulary import make_tokenizer
from fairtrial.tasks.pictures import OPEN, PICTURES

ALL = tuple(name for name in PICTURES if not name.endswith(OPEN))
ROWS = 8
"""Of a pass: few enough for the caches of a processor."""
TAUGHT = ("charts", "counting", "documents", "gauges", "presence", "spatial")
"""What a network of this size learns in this time; all at once it learns each less well."""


@dataclass(frozen=True)
class Recipe:
    """How the network is trained.

    Attributes:
        families: tasks whose pictures it sees, in turn.
        pictures: how many it sees.
        batch: pictures a step.
        rate: how far Muon moves the matrices at a step.
        other_rate: how far AdamW moves all else.
        decay: of the matrices.
        warm: share of the steps in which the rates rise.
        cool: share of the steps in which they fall, at the end.
        looking: weight of naming what each cell shows, beside answering.
        styles: how often what is asked how.
        evenly: share of pictures that are taken from the families in turn; the others from those not yet learnt.
        shape: of the network.
        seed: of weights and pictures.
    """

    families: tuple[str, ...] = TAUGHT
    pictures: int = 50_000
    batch: int = 32
    rate: float = 0.005
    other_rate: float = 2e-3
    decay: float = 0.1
    warm: float = 0.02
    cool: float = 0.6
    looking: float = 0.5
    styles: Styles = field(default_factory=Styles)
    evenly: float = 0.5
    shape: Shape = field(default_factory=Shape)
    seed: int = 0

    @property
    def steps(self) -> int:
        """Steps in all."""
        return max(1, self.pictures // self.batch)


def make_writer(recipe: Recipe) -> tuple[Any, BatchWriter]:
    """Return a tokeniser for the words of the recipe's questions, and what writes batches with it."""
    streams = [draw_lessons(family, recipe.seed, recipe.styles) for family in recipe.families]
    tokenizer = make_tokenizer(
        collect_texts([lesson for stream in streams for lesson in islice(stream, 400)]), size=800, special=[IMAGE]
    )
    return tokenizer, BatchWriter(tokenizer)


def make_optimizers(recipe: Recipe, network: torch.nn.Module, eyes: torch.nn.Module) -> list[torch.optim.Optimizer]:
    """Return Muon for the matrices inside the network, and AdamW for the rest."""
    named = list(network.named_parameters())
    inside = [weight for name, weight in named if weight.ndim == 2 and "embed" not in name]
    others = [weight for name, weight in named if weight.ndim != 2 or "embed" in name] + list(eyes.parameters())
    return [
        torch.optim.Muon(inside, lr=recipe.rate, weight_decay=recipe.decay),
        torch.optim.AdamW(others, lr=recipe.other_rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def find_rate(recipe: Recipe, done: float) -> float:
    """Return by how much rates are scaled when a share of the steps is done: up, level, and down again."""
    return max(0.01, min(1.0, (done + 1 / recipe.steps) / recipe.warm, (1 - done) / recipe.cool))


@dataclass(frozen=True)
class Losses:
    """Of a batch.

    Attributes:
        whole: what is made smaller: of the answers, and of naming what each cell shows.
        rows: of the answers about each picture.
    """

    whole: torch.Tensor
    rows: torch.Tensor


def measure_loss(network: Any, eyes: torch.nn.Module, batch: Batch, looking: float) -> Losses:
    """Return the losses of a batch; ``looking`` is the weight of naming what each cell shows."""
    at = batch.answers >= 0
    with torch.autocast(batch.tokens.device.type, torch.bfloat16):
        logits, cells = run_network(network, batch, at)
        named = eyes(cells).float().split(LABELS, -1)
    each = functional.cross_entropy(logits.float(), batch.answers[at], reduction="none")
    whole = each.mean()
    for i, scores in enumerate(named):
        right = batch.looks[..., i]
        if looking and (right >= 0).any():
            whole = whole + looking * functional.cross_entropy(scores.flatten(0, 1), right.flatten(), ignore_index=-1)
    row = at.nonzero()[:, 0]
    sums = torch.zeros(len(at), device=each.device).index_add(0, row, each.detach())
    return Losses(whole, sums / at.sum(1).clamp(min=1))


class Curriculum:
    """Chooses lessons: some from each family in turn, the others the oftener the larger a family's loss still is."""

    def __init__(self, recipe: Recipe, part: int, parts: int) -> None:
        seed = recipe.seed * parts + part
        self._streams = {family: draw_lessons(family, seed, recipe.styles) for family in recipe.families}
        self._losses = dict.fromkeys(recipe.families, 1.0)
        self._draw = random.Random(seed)
        self._evenly = recipe.evenly

    def take(self, number: int) -> list[Lesson]:
        """Return the next lessons."""
        families = list(self._streams)
        turns = round(number * self._evenly)
        chosen = [families[self._draw.randrange(len(families))] for _ in range(turns)]
        chosen += self._draw.choices(families, [*self._losses.values()], k=number - turns)
        return [next(self._streams[family]) for family in chosen]

    def hear(self, lessons: list[Lesson], losses: list[float]) -> None:
        """Learn how large the loss of each lesson was."""
        for lesson, loss in zip(lessons, losses, strict=True):
            self._losses[lesson.family] += 0.02 * (loss - self._losses[lesson.family])


@dataclass(frozen=True)
class Trained:
    """What training gives.

    Attributes:
        network: of `make_network`.
        tokenizer: its tokeniser.
        writer: of batches for it.
        losses: of the answers, at each step.
    """

    network: Any
    tokenizer: Any
    writer: BatchWriter
    losses: list[float]


def train_network(
    recipe: Recipe, *, minutes: float = 20, device: str = "cpu", part: int = 0, parts: int = 1
) -> Trained:
    """Train a network.

    Args:
        recipe: how.
        minutes: of processor time at most, each process; where it gets short, rates fall earlier.
        device: ``cpu`` or ``cuda``.
        part: number of this process, of ``parts`` that share every batch.
    """
    torch.set_num_threads(1)
    tokenizer, writer = make_writer(recipe)
    network = make_network(tokenizer, recipe.shape, recipe.seed).to(device)
    eyes = torch.nn.Linear(recipe.shape.text_width, sum(LABELS)).to(device)
    optimizers = make_optimizers(recipe, network, eyes)
    weights = [*network.parameters(), *eyes.parameters()]
    curriculum = Curriculum(recipe, part, parts)
    found: list[float] = []
    began, done = time.process_time(), 0.0
    while done < 1:
        for group in (group for one in optimizers for group in one.param_groups):
            group["lr"] = group.setdefault("initial_lr", group["lr"]) * find_rate(recipe, done)
        for one in optimizers:
            one.zero_grad()
        lessons = curriculum.take(recipe.batch // parts)
        rows: list[float] = []
        for some in writer.split(lessons, ROWS):
            losses = measure_loss(network, eyes, writer.write(some).to(device), recipe.looking)
            (losses.whole * len(some) / len(lessons)).backward()
            curriculum.hear(some, losses.rows.tolist())
            rows += losses.rows.tolist()
        if parts > 1:
            _share_gradients(weights, parts)
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        for one in optimizers:
            one.step()
        found.append(sum(rows) / len(rows))
        minute = (time.process_time() - began) / 60
        done = max(len(found) / recipe.steps, _agree(minute / minutes, parts))
        if part == 0 and (len(found) % 100 == 0 or done >= 1):
            print(f"{len(found) * recipe.batch:6d} pictures: loss {found[-1]:.3f}, {minute:.1f} minutes", flush=True)
    return Trained(network, tokenizer, writer, found)


def _share_gradients(weights: list[torch.nn.Parameter], parts: int) -> None:
    whole = torch.cat([(torch.zeros_like(one) if one.grad is None else one.grad).flatten() for one in weights])
    together.all_reduce(whole)
    start = 0
    for one in weights:
        one.grad = whole[start : start + one.numel()].view_as(one) / parts
        start += one.numel()


def _agree(share: float, parts: int) -> float:
    """Return the largest share of the time that any process has used."""
    if parts == 1:
        return share
    most = torch.tensor(share)
    together.all_reduce(most, together.ReduceOp.MAX)
    return most.item()


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="folder for the model; none: scores only")
    parser.add_argument("--name", default="tiny-lmm", help="of the model's files")
    parser.add_argument("--minutes", type=float, default=20, help="of processor time at most, each process")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1), help="that share the work")
    parser.add_argument("--recipe", type=json.loads, default={}, help='other settings as JSON, e.g. {"pictures": 1000}')
    parser.add_argument("--score", type=int, default=200, help="held-out pictures of each family to score in the end")
    parser.add_argument("--device", default="cpu")
    told = parser.parse_args()
    transformers.logging.set_verbosity_error()
    known = {one.name for one in fields(Recipe)}
    if wrong := set(told.recipe) - known:
        parser.error(f"--recipe knows {', '.join(sorted(known))}; not {', '.join(sorted(wrong))}")
    for name, kind in (("shape", Shape), ("styles", Styles)):
        if name in told.recipe:
            told.recipe[name] = kind(**told.recipe[name])
    recipe = replace(Recipe(), **told.recipe)
    with tempfile.TemporaryDirectory() as folder:
        meet = f"file://{folder}/meet"
        multiprocessing.start_processes(_work, (told, recipe, meet), told.processes, start_method="spawn")


def _work(part: int, told: argparse.Namespace, recipe: Recipe, meet: str) -> None:
    if told.processes > 1:
        together.init_process_group("gloo", init_method=meet, rank=part, world_size=told.processes)
    found = train_network(recipe, minutes=told.minutes, device=told.device, part=part, parts=told.processes)
    if part:
        return
    if told.out:
        save_network(found.network.cpu(), found.tokenizer, told.out, told.name)
        print(f"Written to {told.out}.")
    network = found.network.to(told.device)
    for letters in (False, True) if recipe.styles.letters else (False,):
        show_scores(score_network(network, found.writer, ALL, told.score, letters=letters, device=told.device))


def show_scores(scores: list[Score]) -> None:
    """Print a table of scores."""
    print(f"{'question':28}  items  right  swapped  blind  chance")
    for one in scores:
        print(
            f"{one.kind:28}  {one.items:5}  {one.right:5.2f}  {one.swapped:7.2f}  {one.blind:5.2f}  {one.chance:6.2f}"
        )
    print(f"{'mean':28}  {'':5}  {sum(one.right for one in scores) / len(scores):5.3f}", flush=True)


if __name__ == "__main__":
    main()
