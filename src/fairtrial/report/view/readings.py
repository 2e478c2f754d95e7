"""One candidate's answers to one item: how they were graded, read and given, and in short what was said."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairtrial.ledger.answers import Call
from fairtrial.ledger.cards import MeasureRecord
from fairtrial.ledger.signs import PREFIX
from fairtrial.records import Item

TRAINED = "trained"
SIGNS: Mapping[str, str] = {
    "unread": "no answer could be read",
    "refused": "refused by its server",
    "unfinished": "cut off while still reasoning",
    "empty": "no text",
    "cut": "wrong, and cut off at the limit of tokens",
    "near_miss": "wrong only in its form",
    "ends_right": "wrong, but ends with a right answer",
    "unreachable": "every right answer contains a stop string",
    "masked": "a secret was masked",
    "changed": "the server refused settings of the request",
    "shortened": "the prompt was cut to fit the context",
    "unjudged": "the judge's answer gives no grade",
    "spoke_to_judge": "the answer addresses its grader",
    TRAINED: "the candidate was trained on this item",
}
"""Signs of answers in words, in the order of their bits; what else a ledger says of answers is not shown."""

CHOSE = "chose:"
SHORT = 48
"""Characters of an answer in the list."""

SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class AnswerReading:
    """One repeat of one item as one candidate answered it.

    Attributes:
        calls: requests with their answers, in the order of asking.
        values: (value, weight) by measure, without signs.
        signs: names, of `SIGNS`.
        read: what was read as the answer; None where the ledger does not say.
        shares: of the choices, adding up to 1; empty where they were not scored.
        judgements: the name of each judge, with what it was asked about the answer and said.
    """

    calls: Sequence[Call]
    values: Mapping[str, tuple[float, float]]
    signs: tuple[str, ...]
    read: str | None
    shares: tuple[float, ...]
    judgements: Sequence[tuple[str, Sequence[Call]]] = ()

    @property
    def every_call(self) -> list[Call]:
        """What the candidate was asked, and then the judges."""
        return [*self.calls, *(call for _, found in self.judgements for call in found)]

    @property
    def text(self) -> str | None:
        """What was written first; None where nothing was."""
        return next((str(call.answer["text"]) for call in self.calls if "text" in call.answer), None)

    @property
    def length(self) -> int:
        """Characters written, thoughts included."""
        return sum(len(str(call.answer.get(name, ""))) for call in self.calls for name in ("text", "thought"))

    @property
    def short(self) -> str:
        """What was said, on one line."""
        if "refused" in self.signs:
            return "refused"
        if "empty" in self.signs:
            return "(no text)"
        said = self.read if self.read is not None else self.text
        return cut_line(said or "", SHORT)


def make_reading(
    item: Item,
    measure: MeasureRecord,
    calls: Sequence[Call],
    observed: Mapping[str, tuple[float, float]],
    judgements: Sequence[tuple[str, Sequence[Call]]] = (),
    signs: Sequence[str] = (),
) -> AnswerReading:
    """Return a reading of what the ledger holds of one repeat of an item, and what is known of it beside that."""
    told = {*signs, *(name.removeprefix(PREFIX) for name in observed if name.startswith(PREFIX))}
    if any(call.answer.get("truncated_tokens") for call in calls):
        told.add("shortened")
    values = {name: value for name, value in observed.items() if not name.startswith(PREFIX)}
    shares = _share_choices(item, calls)
    right = grade_of(measure, values)
    return AnswerReading(
        calls,
        values,
        tuple(name for name in SIGNS if name in told),
        _read_letter(item, told) or _pick_choice(item, measure, calls, right),
        shares,
        judgements,
    )


def grade_of(measure: MeasureRecord, values: Mapping[str, tuple[float, float]]) -> float | None:
    """Return a value as a grade from 0, the worst, to 1; None without bounds or value."""
    if measure.name not in values or measure.bounds is None or measure.higher_is_better is None:
        return None
    low, high = measure.bounds
    share = (values[measure.name][0] - low) / (high - low) if high > low else 0.0
    return share if measure.higher_is_better else 1 - share


def cut_line(text: str, most: int) -> str:
    """Return a text on one line, cut to so many characters."""
    line = SPACE.sub(" ", text[: 4 * most]).strip()
    return line if len(line) <= most else line[: most - 1] + "…"


def _read_letter(item: Item, told: set[str]) -> str | None:
    """Return the letter that was read, with the choice that it stands for where it stands for one."""
    letter = next((name.removeprefix(CHOSE) for name in sorted(told) if name.startswith(CHOSE)), None)
    if letter is None:
        return None
    at = ord(letter) - ord("A") if len(letter) == 1 else -1
    if not 0 <= at < len(item.choices) or item.choices[at].strip().strip("().:").upper() == letter:
        return letter
    return f"{letter} · {item.choices[at].strip()}"


def _scores_of(item: Item, calls: Sequence[Call]) -> list[float]:
    """Return the log-probabilities of the choices; empty where something else was asked."""
    if not calls or "logprobs" not in calls[0].answer or len(item.choices) < 2:
        return []
    scores = [-math.inf if value is None else float(value) for value in calls[0].answer["logprobs"]]
    return scores if len(scores) == len(item.choices) else []


def _share_choices(item: Item, calls: Sequence[Call]) -> tuple[float, ...]:
    scores = _scores_of(item, calls)
    top = max(scores, default=-math.inf)
    if not math.isfinite(top):
        return ()
    weights = [math.exp(score - top) for score in scores]
    return tuple(weight / sum(weights) for weight in weights)


def _pick_choice(item: Item, measure: MeasureRecord, calls: Sequence[Call], grade: float | None) -> str | None:
    """Return the choice that a grade was given for, if its log-probability tells it.

    Which one counts depends on the measure (some divide by the length of the choice): only a choice that is as right
    as the grade says is taken for the one.
    """
    scores = _scores_of(item, calls)
    if not scores or not math.isfinite(max(scores)):
        return None
    by_length = [score / max(1, len(choice)) for score, choice in zip(scores, item.choices, strict=True)]
    ways = (by_length, scores) if "norm" in measure.name else (scores, by_length)
    for way in ways:
        choice = item.choices[way.index(max(way))]
        if grade is None or (choice in item.gold) == (grade >= 0.5):
            return choice.strip()
    return None


def describe_answer(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer for the page: as the ledger has it, its numbers to six digits."""
    return {name: _round(value) for name, value in answer.items() if value not in (None, 0, "", False)}


def _round(value: Any) -> Any:
    if isinstance(value, float):
        return round_number(value)
    if isinstance(value, list):
        return [_round(one) for one in value]
    if isinstance(value, dict):
        return {name: _round(one) for name, one in value.items()}
    return value


def round_number(value: float) -> float:
    """Return a number with six significant digits; a whole one without its point."""
    short = float(f"{value:.6g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short
