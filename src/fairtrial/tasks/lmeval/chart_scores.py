"""What an answer about a chart is worth, as lm-evaluation-harness's ChartQA counts it.

Numbers count within 5% of the right one (relaxed accuracy: arXiv 2203.10244, section 5.1), texts if they are the same
without case.  The answer stands behind the last ``answer:`` of the text.  Knows nothing of task files.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence

TOLERANCE = 0.05

_STATED = re.compile(r"(?:Final Answer|FINAL ANSWER): (.+)$", re.IGNORECASE)
_EMPHASISED = re.compile(r"([aA]nswer)\**:\**")
_MARKUP = re.compile(r"[*_\[\]()]")
_QUOTES = ("''", '""')


def score_stated(texts: Sequence[str], gold: Sequence[str]) -> tuple[float, float]:
    """Return whether the text ends with ``Final Answer:`` and the right answer, case and one full stop apart."""
    return _average(texts, lambda text: _is_stated(text, gold[0] if gold else ""))


def score_relaxed(texts: Sequence[str], gold: Sequence[str]) -> tuple[float, float]:
    """Return whether the answer that the text ends with is right within the tolerance."""
    return _average(texts, lambda text: _is_near(find_final_answer(text), gold))


def score_anywhere(texts: Sequence[str], gold: Sequence[str]) -> tuple[float, float]:
    """Return the same; where no answer is stated, whether a right one stands anywhere in the text."""
    return _average(
        texts, lambda text: _is_near(answer, gold) if (answer := find_final_answer(text)) else _is_mentioned(text, gold)
    )


def _average(texts: Sequence[str], judge: Callable[[str], bool]) -> tuple[float, float]:
    return sum(float(judge(text)) for text in texts) / len(texts), 1.0


def _is_stated(text: str, right: str) -> bool:
    found = _STATED.search(text)
    return found is not None and found[1].strip().lower().removesuffix(".") == right.strip().lower()


def find_final_answer(text: str) -> str:
    """Return the first line with something on it behind the last ``answer:``, without markup; empty if none."""
    text = _EMPHASISED.sub(r"\1:", text)
    at = text.lower().rfind("answer:")
    lines = text[at + len("answer:") :].split("\n") if at >= 0 else []
    return _MARKUP.sub("", next((line.strip() for line in lines if line.strip()), ""))


def _is_near(answer: str, gold: Sequence[str]) -> bool:
    return bool(answer) and any(_compare(_strip_text(answer), _strip_text(right)) for right in gold)


def _strip_text(text: str) -> str:
    """Return a text without the quotation marks round it, or, with a number in it, without what stands round that."""
    if not any(char.isdigit() for char in text):
        return text[1:-1] if len(text) >= 1 and text[0] + text[-1] in _QUOTES else text
    while text and text[-1] != "%" and (text[-1] in string.punctuation or text[-1].isspace()):
        text = text[:-1]
    return text.replace(",", "").replace("$", "")


def _compare(said: str, right: str) -> bool:
    number, wanted = _read_number(said), _read_number(right)
    if number is not None and wanted is not None:
        return _compare_numbers(number, wanted, said.strip().endswith("%"), right.strip().endswith("%"))
    if len(right) == 1 and right.isalpha() and said:
        return said[0].lower() == right.lower()
    return said.rstrip(string.punctuation).lower() == right.lower()


def _read_number(text: str) -> float | None:
    try:
        return float(text.strip().rstrip("%"))
    except ValueError:
        return None


def _compare_numbers(said: float, right: float, said_percent: bool, right_percent: bool) -> bool:
    pairs = [(said, right)]
    if said_percent or right_percent:
        pairs += [(said / 100 if said_percent else said, right), (said, right / 100 if right_percent else right)]
    return any(abs(one - other) / max(abs(other), 1e-10) <= TOLERANCE for one, other in pairs)


def _is_mentioned(text: str, gold: Sequence[str]) -> bool:
    for right in gold:
        try:
            number = float(right)
            shown = int(number) if number == int(number) else number
        except (ValueError, OverflowError):
            marks = (f"is {right}", f"was {right}", f" {right}.", f"are {right}", f"\n\n{right}")
            if any(mark.lower() in text for mark in marks):
                return True
            continue
        if f"{shown:,}" in text or str(shown) in text:
            return True
    return False
