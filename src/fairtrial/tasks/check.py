"""Checks that a task keeps the promises of `fairtrial.tasks.base.Task`.  For our own tasks and for those of others.

    from fairtrial.tasks.check import check_task
    assert check_task(lambda: MyTask()) == []

It asks no model: it makes up answers, right ones and wrong ones, and looks at what the task makes of them.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from fairtrial.records import (
    Answer,
    GenerateAnswer,
    GenerateRequest,
    Item,
    Observation,
    Request,
    ScoreAnswer,
    ScoreRequest,
)
from fairtrial.tasks.base import Task, TaskCard

RIGHT, WRONG = -1.0, -1000.0


def check_task(build: Callable[[], Task], *, limit: int = 200, fewest_clusters: int = 2) -> list[str]:
    """Return what is wrong with the task that ``build`` returns, one sentence each; an empty list if nothing is.

    Args:
        build: makes the task anew; called twice, and both must be the same task.
        limit: look at this many items at most.
        fewest_clusters: different clusters that these items must have between them.
    """
    task, again = build(), build()
    found = [*_check_card(task.card)]
    if task.card != again.card:
        found.append("card: a second build has another card.")
    items = list(task.items())[:limit]
    if list(again.items())[:limit] != items or list(task.items())[:limit] != items:
        found.append("items: they are not the same every time.")
    found += _check_items(items, fewest_clusters)
    for item in items:
        found += [f"item {item.doc_id}: {what}" for what in _check_item(task, again, item)]
    return found


def _check_card(card: TaskCard) -> Iterator[str]:
    names = [measure.name for measure in card.measures]
    if not (card.name and card.version and card.revision and card.licence):
        yield "card: name, version, revision and licence must not be empty."
    if len(set(names)) < len(names):
        yield f"card: a measure is named twice: {names}."
    if card.main_measure not in names:
        yield f"card: the main measure {card.main_measure!r} is not among the measures {names}."
    if card.chance is not None and not math.isfinite(card.chance):
        yield f"card: chance is {card.chance}."
    if not _is_json(dict(card.settings)):
        yield "card: settings hold something that JSON cannot."


def _check_items(items: Sequence[Item], fewest_clusters: int) -> Iterator[str]:
    if not items:
        yield "items: there are none."
        return
    twice = [name for name, times in Counter(item.id for item in items).items() if times > 1]
    if twice:
        yield f"items: {len(twice)} ids are used more than once, e.g. {twice[0]}."
    if [item.doc_id for item in items] != list(range(len(items))):
        yield "items: doc_id does not count from 0 in the task's order."
    clusters = {item.cluster for item in items}
    if len(clusters) < min(fewest_clusters, len(items)) or "" in clusters:
        yield f"items: {len(clusters)} clusters, at least {fewest_clusters} with names are needed."


def _check_item(task: Task, again: Task, item: Item) -> Iterator[str]:
    if not _is_json(dict(item.data)):
        yield "data holds something that JSON cannot."
    if item.choices and not set(item.gold) <= set(item.choices):
        yield f"the right answer {item.gold} is not among the choices."
    if len(set(item.choices)) < len(item.choices):
        yield f"a choice is offered twice: {item.choices}."
    requests = list(task.requests(item))
    if not requests:
        yield "there is no request."
        return
    if [r.id for r in again.requests(item)] != [r.id for r in requests]:
        yield "a second build makes other requests of it."
    for request in requests:
        if isinstance(request, ScoreRequest) and not all(pair.continuation for pair in request.pairs):
            yield "a continuation is empty."
        if isinstance(request, GenerateRequest) and request.max_tokens < 1:
            yield f"max_tokens is {request.max_tokens}."
    yield from _check_grading(task, item, requests)


def _check_grading(task: Task, item: Item, requests: Sequence[Request]) -> Iterator[str]:
    main = next((m for m in task.card.measures if m.name == task.card.main_measure), None)
    for right in (True, False):
        answers = [_make_answer(item, request, right) for request in requests]
        graded = list(task.grade(item, answers))
        if list(task.grade(item, answers)) != graded:
            yield "grading the same answers twice gives different observations."
        yield from _check_observations(task.card, graded)
        if main is None or main.bounds is None or not item.gold:
            continue
        value = next((seen.value for seen in graded if seen.measure == main.name), None)
        best, worst = main.bounds if main.higher_is_better is False else main.bounds[::-1]
        if task.card.harms is not None and (not right or value is None):
            continue  # a wrong answer need not do harm
        if value != (best if right else worst):
            yield f"{'the right' if right else 'a wrong'} answer gets {main.name} = {value}."


def _check_observations(card: TaskCard, graded: Sequence[Observation]) -> Iterator[str]:
    known = {measure.name: measure for measure in card.measures}
    names = [seen.measure for seen in graded]
    if len(set(names)) < len(names):
        yield f"a measure is graded twice: {names}."
    for seen in graded:
        measure = known.get(seen.measure)
        if measure is None:
            yield f"{seen.measure!r} is graded and not on the card."
            continue
        if seen.unit != measure.unit:
            yield f"{seen.measure} has the unit {seen.unit!r}, the card says {measure.unit!r}."
        if not (math.isfinite(seen.value) and math.isfinite(seen.weight) and seen.weight >= 0):
            yield f"{seen.measure} has the value {seen.value} and the weight {seen.weight}."
        elif measure.bounds is not None and not measure.bounds[0] <= seen.value <= measure.bounds[1]:
            yield f"{seen.measure} = {seen.value} is outside its bounds {measure.bounds}."


def _make_answer(item: Item, request: Request, right: bool) -> Answer:
    """Return an answer that chooses, or writes, a right answer of ``item``, or one that does not."""
    if isinstance(request, GenerateRequest):
        return GenerateAnswer(text=item.gold[0] if right and item.gold else "", tokens=1, finish="stop")
    scores = [RIGHT if (pair.continuation.strip() in item.gold) == right else WRONG for pair in request.pairs]
    if item.choices and len(item.choices) == len(scores):
        scores = [RIGHT if (choice in item.gold) == right else WRONG for choice in item.choices]
    return ScoreAnswer(
        logprobs=tuple(scores),
        greedy=tuple(score == RIGHT for score in scores),
        tokens=tuple(max(1, len(pair.continuation.split())) for pair in request.pairs),
    )


def _is_json(value: object) -> bool:
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError):
        return False
