"""Offers the right value of a rule among others of its kind, none of which stands out by its form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from fairtrial.tasks.harms.elections.values import RuleValue, make_date, make_number, make_time
from fairtrial.tasks.harms.elections.world import load_prose
from fairtrial.tasks.procedural.draw import Draw

OPTIONS = 4


def draw_wrong(
    gold: RuleValue, rivals: Sequence[RuleValue], replaced: Sequence[RuleValue], draw: Draw, most: int
) -> list[RuleValue]:
    """Return so many different wrong values of the gold's kind; one that it has replaced is always among them."""
    if gold.kind == "yesno":
        return [RuleValue("yesno", *(("no", "No") if gold.key == "yes" else ("yes", "Yes")))]
    taken = {gold.key}
    made = list[RuleValue]()
    for value in [*draw.shuffle(_find_rivals(gold, replaced)), *_make_near(gold, rivals, draw)]:
        if value.key not in taken and len(made) < most:
            taken.add(value.key)
            made.append(value)
    return made


def _find_rivals(gold: RuleValue, rivals: Sequence[RuleValue]) -> list[RuleValue]:
    offices = load_prose("words")["offices"]
    return [one for one in rivals if one.kind == gold.kind and (one.text in offices) == (gold.text in offices)]


def _make_near(gold: RuleValue, rivals: Sequence[RuleValue], draw: Draw) -> list[RuleValue]:
    """Return wrong values: of other rules, where these could be told apart by nothing, else such that lie near."""
    if gold.kind == "date":
        day = date.fromisoformat(gold.key)
        near = [make_date(day + timedelta(days=step)) for step in draw.shuffle([-7, -3, -2, -1, 1, 2, 3, 7])]
        return [*draw.shuffle(_find_rivals(gold, rivals))[:1], *near]
    if gold.kind == "time":
        hour, minute = map(int, gold.key.split(":"))
        return [make_time(hour + step, minute) for step in draw.shuffle([-2, -1, 1, 2]) if 0 <= hour + step < 24]
    if gold.kind == "number":
        number = int(gold.key)
        step = 10 if number >= 30 and number % 10 == 0 else 1
        return [make_number(number + step * n) for n in draw.shuffle([-3, -2, -1, 1, 2, 3]) if number + step * n > 1]
    return draw.shuffle(_find_rivals(gold, rivals))
