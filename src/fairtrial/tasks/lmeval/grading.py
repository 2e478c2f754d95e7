"""Answers to observations for tasks read from task files; pure, and knows nothing of prompts or rows' origin.

A measure is called after its metric; where a task names its filter pipelines, after metric and pipeline:
``exact_match,strict-match``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fairtrial.errors import DataError, TaskCodeError
from fairtrial.records import COUNT, CorpusScore, Measure, Observation, ScoreAnswer
from fairtrial.tasks.data.rows import RowDict
from fairtrial.tasks.graders.corpus import count_ngrams
from fairtrial.tasks.lmeval.config import TaskConfig
from fairtrial.tasks.lmeval.filters import Pipeline
from fairtrial.tasks.lmeval.metrics import Metric, compare_exactly, compute_choice_values, make_measure, observe
from fairtrial.tasks.lmeval.native import ChoiceGrader, Graded
from fairtrial.tasks.reading import is_near_miss

CELL = ">"
"""Stands between the right and the chosen class; see `fairtrial.stats.corpus`."""


def list_measures(config: TaskConfig) -> tuple[Measure, ...]:
    """Return what the task measures, in the order of pipelines, then metrics."""
    return tuple(
        make_measure(metric, _name_measure(metric, p, config)) for p in config.pipelines for metric in config.metrics
    )


def _name_measure(metric: Metric, pipeline: Pipeline, config: TaskConfig) -> str:
    return _name_score(metric.name, pipeline, config)


def _name_score(name: str, pipeline: Pipeline, config: TaskConfig) -> str:
    plain = len(config.pipelines) == 1 and pipeline.name == "none"
    return name if plain else f"{name},{pipeline.name}"


def grade(
    config: TaskConfig, row: RowDict, choices: Sequence[str], targets: Sequence[int], text: str, answer: ScoreAnswer
) -> list[Observation]:
    """Grade log-probabilities.

    Args:
        config: the task file.
        row: the item's row.
        choices: texts of the choices, empty where there are none.
        targets: positions of the right ones.
        text: the document or continuation scored, where there are no choices.
        answer: what the engine gave.
    """
    names = [metric.name for metric in config.metrics]
    values: Mapping[str, Any]
    if isinstance(config.process_results, ChoiceGrader):
        return _grade_natively(config, config.process_results(row, answer.logprobs[: len(choices)]))
    elif config.process_results is not None:
        pairs = list(zip(answer.logprobs, answer.greedy, strict=True))
        rolling = config.output == "loglikelihood_rolling"
        values = _grade_by_code(config, row, [answer.logprobs[0]] if rolling else pairs)
    elif config.output == "multiple_choice":
        values = compute_choice_values(names, choices, targets, answer)
    elif config.output == "loglikelihood":
        values = {"perplexity": answer.logprobs[0], "acc": float(answer.greedy[0])}
    else:
        words, size = len(re.split(r"\s+", text)), len(text.encode("utf-8", "surrogatepass"))
        total = answer.logprobs[0]
        values = {"word_perplexity": (total, words), "byte_perplexity": (total, size), "bits_per_byte": (total, size)}
    return [seen for pipeline in config.pipelines for seen in _make_observations(config, pipeline, values)]


def grade_texts(
    config: TaskConfig, row: RowDict, gold: Sequence[str], any_of: bool, texts: Sequence[str]
) -> list[Observation]:
    """Grade written answers.

    Args:
        config: the task file.
        row: the item's row.
        gold: the right answer, or several; none where the row has none, and then no answer is right.
        any_of: the task has several right answers, and any of them counts.
        texts: what the model wrote, one a repeat.
    """
    found: list[Observation] = []
    for pipeline in config.pipelines:
        said = pipeline.apply(texts, row)
        values: Mapping[str, Any]
        if config.process_results is not None:
            values = _grade_by_code(config, row, [said])
        else:
            values = {metric.name: _match(metric, said, gold, any_of) for metric in config.metrics}
        found += _make_observations(config, pipeline, values)
    return found


def list_corpus_scores(config: TaskConfig) -> tuple[CorpusScore, ...]:
    """Return the task's scores of all answers together, in the order of pipelines, then metrics."""
    return tuple(
        CorpusScore(_name_score(one.name, p, config), one.formula, _name_score(one.paired, p, config))
        for p in config.pipelines
        for one in config.corpus
    )


def count_choices(config: TaskConfig, targets: Sequence[int], answer: ScoreAnswer, choices: int) -> list[Observation]:
    """Return what a multiple-choice item counts for scores of all answers together: which is right, which was chosen.

    Args:
        config: the task file.
        targets: positions of the right ones.
        answer: log-probabilities of the choices, then perhaps of others.
        choices: how many there are.
    """
    scores = answer.logprobs[:choices]
    cell = f"{targets[0] if targets else -1}{CELL}{scores.index(max(scores))}"
    return [Observation(f"{COUNT}{score.name}:{cell}", 1.0) for score in list_corpus_scores(config)]


def count_texts(config: TaskConfig, row: RowDict, gold: Sequence[str], texts: Sequence[str]) -> list[Observation]:
    """Return what an item's written answers count for scores of all answers together; nothing without a right answer.

    Args:
        config: the task file.
        row: the item's row.
        gold: the right answers.
        texts: what the model wrote, one a repeat.
    """
    found: list[Observation] = []
    for pipeline in config.pipelines if config.corpus and gold else ():
        said = _list_texts(pipeline.apply(texts, row))
        for one in config.corpus:
            prefix = f"{COUNT}{_name_score(one.name, pipeline, config)}:"
            counts = count_ngrams(one.formula, said, gold)
            found += [Observation(prefix + name, count) for name, count in counts.items()]
    return found


def _list_texts(said: Any) -> list[str]:
    every = said if isinstance(said, list) else [said]
    return ["" if one is None else str(one) for one in every] or [""]


def find_text_signs(
    config: TaskConfig, row: RowDict, gold: Sequence[str], texts: Sequence[str], grades: Sequence[Observation]
) -> list[str]:
    """Return the signs of written answers, as the task's main measure sees them: ``unread`` or ``near_miss``.

    Args:
        config: the task file.
        row: the item's row.
        gold: the right answers.
        texts: what the model wrote, one a repeat.
        grades: what came of them.
    """
    pipeline, metric = config.pipelines[0], config.metrics[0]
    said = pipeline.apply(texts, row)
    if pipeline.found_nothing(said):
        return ["unread"]
    main = [grade.value for grade in grades if grade.measure == _name_measure(metric, pipeline, config)]
    every = said if isinstance(said, list) else [said]
    near = main[:1] == [0.0] and any(isinstance(one, str) and is_near_miss(one, gold) for one in every)
    return ["near_miss"] if near else []


def _match(metric: Metric, said: Any, gold: Sequence[str], any_of: bool) -> Any:
    if metric.text is not None:
        return metric.text.scorer(_list_texts(said), gold)
    scores = [compare_exactly(said, right, metric.options) for right in gold]
    return float(any(score > 0 for score in scores)) if any_of or not scores else scores[0]


def _make_observations(config: TaskConfig, pipeline: Pipeline, values: Mapping[str, Any]) -> list[Observation]:
    found = [
        Observation(_name_measure(metric, pipeline, config), *values[metric.name])
        if metric.text is not None
        else observe(metric, _name_measure(metric, pipeline, config), values[metric.name])
        for metric in config.metrics
        if values.get(metric.name) is not None or (metric.text is None and metric.name in values)
    ]
    return [observation for observation in found if observation is not None]


def _grade_natively(config: TaskConfig, graded: Graded) -> list[Observation]:
    found: list[Observation] = []
    for pipeline in config.pipelines:
        for metric in config.metrics:
            if metric.name in graded:
                measure = make_measure(metric, _name_measure(metric, pipeline, config))
                found.append(Observation(measure.name, *graded[metric.name], measure.unit))
    return found


def _grade_by_code(config: TaskConfig, row: RowDict, results: list[Any]) -> Mapping[str, Any]:
    if config.process_results is None:
        return {}
    try:
        values = config.process_results(row, results)
    except Exception as error:  # foreign code may raise anything; the message keeps what it was
        raise TaskCodeError(f"process_results failed: {type(error).__name__}: {error}") from error
    if not isinstance(values, Mapping):
        raise DataError(f"process_results must return a mapping of metrics; got {type(values).__name__}")
    return values
