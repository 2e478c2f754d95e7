"""Made-up systems that think in steps, as functions: what they get right after how many tokens is known exactly."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from fairtrial.records import GenerateAnswer

ASKED = re.compile(r"What is (\d+) plus (\d+)\?")
OPENER = "step by step."


def write_questions(path: Path, count: int) -> Path:
    """Write a file of questions; number i is needed ``i`` modulo 10 times ten words of thought to answer."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["question", "answer"])
        rows.writerows([f"What is {i} plus {i * 7 % 50}?", str(i + i * 7 % 50)] for i in range(1, count + 1))
    return path


def answer_after(prompt: str, max_tokens: int, slow: int) -> GenerateAnswer:
    """Think in words of one token each, or answer: rightly after enough of them."""
    if prompt.rstrip().endswith(OPENER):
        return GenerateAnswer(" w" * max_tokens, max_tokens, "length", prompt_tokens=20)
    found = ASKED.findall(prompt)[-1]
    first, second = int(found[0]), int(found[1])
    thought = prompt.rpartition(OPENER)[2].split("\n")[0].split() if OPENER in prompt else []
    enough = len(thought) >= slow * 10 * (first % 10)
    return GenerateAnswer(f" {first + second if enough else 7000}", 3, "stop", prompt_tokens=20 + len(thought))


def quick(prompt: str, max_tokens: int) -> GenerateAnswer:
    """A tenth of the questions more is right for every 10 tokens."""
    return answer_after(prompt, max_tokens, 1)


def slow(prompt: str, max_tokens: int) -> GenerateAnswer:
    """A tenth of the questions more is right for every 40 tokens."""
    return answer_after(prompt, max_tokens, 4)
