"""easy-vqa as a file of own rows: both engines score it as the plain library does, question by question and choice by
choice."""

from __future__ import annotations

import csv
import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest

from fairtrial import Trial, api
from fairtrial.images import decode
from fairtrial.ledger import Ledger, query

if any(importlib.util.find_spec(name) is None for name in ("easy_vqa", "llama_cpp", "torch", "transformers")):
    pytest.skip("needs easy-vqa, llama-cpp-python, torch and transformers", allow_module_level=True)

import easy_vqa
import torch
import transformers
from PIL import Image

from tests.support.tiny_lmm import tiny_lmm

pytestmark = pytest.mark.model

ROWS = 16
CHOICES = easy_vqa.get_answers()


def write_rows(folder: Path) -> list[tuple[bytes, str, str]]:
    """Write the first questions of the test set as CSV with its images beside; return image, question and answer."""
    questions, answers, images = easy_vqa.get_test_questions()
    places = easy_vqa.get_test_image_paths()
    (folder / "images").mkdir(parents=True)
    found = []
    with (folder / "easy.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "question", "answer"])
        for question, answer, image in zip(questions[:ROWS], answers, images, strict=False):
            shutil.copy(places[image], folder / "images" / f"{image}.png")
            writer.writerow([f"images/{image}.png", question, answer])
            found.append((Path(places[image]).read_bytes(), question, answer))
    return found


def score_plainly(rows: list[tuple[bytes, str, str]]) -> list[list[float]]:
    """Return the log-probability of each choice for each row, by one forward pass for each."""
    folder = tiny_lmm("idefics3").folder
    how = {"dtype": torch.float32, "attn_implementation": "eager", "local_files_only": True}
    network = transformers.AutoModelForImageTextToText.from_pretrained(folder, **how).eval()
    processor = transformers.AutoProcessor.from_pretrained(folder, local_files_only=True)
    tokenizer = processor.tokenizer
    found = []
    for data, question, _ in rows:
        picture = Image.fromarray(decode(data).pixels)
        asked = f"\nQuestion: {question}\nAnswer:"
        scores = []
        for choice in CHOICES:
            given = processor(text=f"<image>{asked} {choice}", images=[picture], return_tensors="pt")
            begins = len(tokenizer(f"{asked} {choice}").input_ids) - len(tokenizer(asked).input_ids)
            with torch.inference_mode():
                told = torch.log_softmax(network(**given).logits[0].double(), -1)
            tokens = given["input_ids"][0]
            places = range(len(tokens) - begins, len(tokens))
            scores.append(float(sum(told[at - 1, tokens[at]] for at in places)))
        found.append(scores)
    return found


def test_both_engines_are_as_right_as_the_plain_library(tmp_path: Path) -> None:
    rows = write_rows(tmp_path)
    model = tiny_lmm("idefics3")
    document = {
        "candidates": [
            {"id": "llama", "model": f"gguf:{model.text}", "context": 1024},
            {"id": "hf", "model": f"hf:{model.folder}", "context": 1024, "dtype": "float32"},
        ],
        "tasks": [{"file": str(tmp_path / "easy.csv"), "choices": CHOICES, "ask": "texts", "blind": False}],
    }
    result = api.run(Trial.model_validate(document), tmp_path / "easy.db")
    plain = score_plainly(rows)
    right = [CHOICES[int(np.argmax(scores))] == answer for scores, (_, _, answer) in zip(plain, rows, strict=True)]
    with Ledger.open(tmp_path / "easy.db", create=False) as ledger:
        [trial] = query.read_trials(ledger)
        [task] = trial.plan.tasks
        items = query.read_items(ledger, task.id)
        assert len(items) == ROWS and all(len(item.images) == 1 for item in items.values())
        for candidate, close in zip(trial.plan.candidates, (0.02, 0.0005), strict=True):
            for item in items.values():
                [(_, answer)] = query.read_item_answers(ledger, candidate.id, task.id, item.id)
                assert answer["logprobs"] == pytest.approx(plain[item.doc_id], abs=close)
            values = query.read_values(ledger, trial.id, candidate.id, task.id, "acc")
            assert values.values.mean() == np.mean(right)
    assert {estimate.mean for estimate in result.summary.estimates if estimate.measure == "acc"} == {np.mean(right)}
    assert "16 rows, 2 images (PNG, 64x64) in 'image', multiple choice of 13" in task.card.description
