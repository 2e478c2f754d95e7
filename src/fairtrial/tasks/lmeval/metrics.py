"""Metrics of lm-evaluation-harness as measures: what one item contributes, and how contributions are put together.

Every measure is ``transform(sum(weight * value) / sum(weight))``, which their aggregations mean, perplexity,
weighted_perplexity, bits_per_byte, f1, brier_score and ter all are.  Those that are not (BLEU, chrF, F1 over several
classes, Matthews' correlation) have no value for a single item: a `CorpusMetric` names the measure that is compared in
their place, and they are reported as scores of all answers together.
"""

from __future__ import annotations

import math
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fairtrial.errors import DataError, TaskError
from fairtrial.records import Measure, Observation, ScoreAnswer
from fairtrial.tasks.graders.corpus import PER_SENTENCE
from fairtrial.tasks.lmeval.filters import compile_ignored
from fairtrial.tasks.lmeval.known_metrics import TextMetric
from fairtrial.tasks.lmeval.native import RatioOfSums
from fairtrial.tasks.patterns import compile_pattern


@dataclass(frozen=True, slots=True)
class Metric:
    """One entry of a task's ``metric_list``.

    Attributes:
        name: as the task file names it.
        aggregation: one of `AGGREGATIONS`, or the native one that replaces a function.
        higher_is_better: direction, None if neither is better.
        options: what else the entry says, e.g. ``ignore_case``.
        text: measures written answers; None for exact match, and where no text is graded.
    """

    name: str
    aggregation: str | RatioOfSums
    higher_is_better: bool | None
    options: Mapping[str, Any] = field(default_factory=dict)
    text: TextMetric | None = None


@dataclass(frozen=True, slots=True)
class CorpusMetric:
    """One entry of a task's ``metric_list`` that is a score of all answers together.

    Attributes:
        name: as the task file names it.
        formula: of `fairtrial.stats.corpus`.
        paired: the metric that is compared in its place.
    """

    name: str
    formula: str
    paired: str


AGGREGATIONS = ("mean", "nanmean", "perplexity", "weighted_perplexity", "bits_per_byte", "f1", "brier_score")

BY_OUTPUT: Mapping[str, Mapping[str, str]] = {
    "multiple_choice": {
        "acc": "mean", "acc_norm": "mean", "acc_bytes": "mean", "acc_mutual_info": "mean", "exact_match": "mean",
        "f1": "f1", "brier_score": "brier_score", "mcc": "matthews_corrcoef",
    },
    "loglikelihood": {"perplexity": "perplexity", "acc": "mean"},
    "loglikelihood_rolling": {
        "word_perplexity": "weighted_perplexity", "byte_perplexity": "weighted_perplexity",
        "bits_per_byte": "bits_per_byte",
    },
    "generate_until": {"exact_match": "mean", "bleu": "bleu", "chrf": "chrf", "chrf++": "chrf++", "ter": "ter"},
}  # fmt: skip
"""Metrics that can be computed for each output type, with their usual aggregation."""

DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "multiple_choice": ("acc", "acc_norm"),
    "loglikelihood": ("perplexity", "acc"),
    "loglikelihood_rolling": ("word_perplexity", "byte_perplexity", "bits_per_byte"),
    "generate_until": ("exact_match",),
}
IN_PAIRS: Mapping[str, str] = {"mcc": "acc", **PER_SENTENCE}
"""Metrics that are scores of all answers together, and the metric that is compared in their place."""

LOWER_IS_BETTER = {"ter", "perplexity", "word_perplexity", "byte_perplexity", "bits_per_byte", "brier_score"}
_SHARES = {"acc", "acc_norm", "acc_bytes", "acc_mutual_info", "exact_match", "f1", "pct_stereotype"}


def make_measure(metric: Metric, name: str) -> Measure:
    """Return the measure, called ``name``, that a metric is."""
    kind, better = metric.aggregation, metric.higher_is_better
    if metric.text is not None:
        return Measure(name, higher_is_better=better, bounds=metric.text.bounds)
    if isinstance(kind, RatioOfSums):
        return Measure(name, higher_is_better=better, bounds=kind.bounds)
    if kind in {"perplexity", "weighted_perplexity"}:
        return Measure(name, unit="nat", higher_is_better=better, bounds=None, transform="exp")
    if kind == "bits_per_byte":
        return Measure(name, unit="bit", higher_is_better=better, bounds=None)
    if kind == "brier_score":
        return Measure(name, higher_is_better=better, bounds=(0.0, 2.0))
    unit = "nat" if metric.name == "likelihood_diff" else "1"
    return Measure(name, unit=unit, higher_is_better=better, bounds=(0.0, 1.0) if metric.name in _SHARES else None)


def observe(metric: Metric, name: str, raw: Any) -> Observation | None:
    """Return what one item contributes, from what a ``process_results`` says about it; None if it contributes nothing.

    Args:
        metric: which says how ``raw`` is to be read: a number, a log-probability, or a pair of either with a count or
            a class.
        name: of the measure.
        raw: as their aggregation of that name takes it.

    Raises DataError if ``raw`` is not of that form.
    """
    measure = make_measure(metric, name)
    try:
        read = metric.aggregation.read if isinstance(metric.aggregation, RatioOfSums) else None
        value, weight = read(raw) if read else _compute_contribution(str(metric.aggregation), raw)
    except (TypeError, ValueError, IndexError) as error:
        raise DataError(f"the metric {metric.name!r} cannot be read from {str(raw)[:80]!r}: {error}") from error
    if math.isnan(value):
        return None
    return Observation(name, value, weight, measure.unit)


def _compute_contribution(aggregation: str, raw: Any) -> tuple[float, float]:
    if aggregation == "perplexity":
        return -float(raw), 1.0
    if aggregation in {"weighted_perplexity", "bits_per_byte"}:
        total, count = float(raw[0]), float(raw[1])
        scale = math.log(2) if aggregation == "bits_per_byte" else 1.0
        return (-total / count / scale, count) if count else (0.0, 0.0)
    if aggregation == "f1":
        gold, said = (_read_class(value) for value in raw)
        return float(gold and said), float(gold + said)
    if aggregation == "brier_score":
        gold, chances = raw
        if not 0 <= gold < len(chances):
            raise ValueError("there is no right choice")
        return sum((p - (n == gold)) ** 2 for n, p in enumerate(chances)), 1.0
    return float(raw), 1.0


def _read_class(value: Any) -> int:
    if int(value) not in {0, 1}:
        raise ValueError("f1 needs two classes, 0 and 1")
    return int(value)


def compute_choice_values(
    names: Sequence[str], choices: Sequence[str], targets: Sequence[int], answer: ScoreAnswer
) -> dict[str, Any]:
    """Return their raw value of each named metric for a multiple-choice item.

    Args:
        names: metrics wanted.
        choices: texts; the length that normalises leaves the delimiter out.
        targets: positions of the right ones, those out of range left out.
        answer: log-probabilities of the choices; with ``acc_mutual_info``, then those of the choices alone.
    """
    count = len(choices)
    scores = answer.logprobs[:count]
    lengths = {"acc": [1] * count, "acc_norm": [*map(len, choices)], "acc_bytes": [len(c.encode()) for c in choices]}
    found: dict[str, Any] = {}
    for name in names:
        if name in lengths:
            found[name] = float(
                _find_best([_divide_by_length(s, n) for s, n in zip(scores, lengths[name], strict=True)]) in targets
            )
        elif name == "acc_mutual_info":
            alone = answer.logprobs[count:]
            found[name] = float(_find_best([a - b for a, b in zip(scores, alone, strict=True)]) in targets)
        elif name == "exact_match":
            found[name] = float(any(answer.greedy[t] for t in targets))
        elif name in {"f1", "mcc"}:
            found[name] = (targets[0] if targets else -1, _find_best(scores))
        elif name == "brier_score":
            found[name] = (targets[0] if targets else -1, _compute_softmax(scores))
    return found


def _divide_by_length(score: float, length: int) -> float:
    return score / length if length else -math.inf


def _find_best(scores: Sequence[float]) -> int:
    return scores.index(max(scores)) if isinstance(scores, tuple) else list(scores).index(max(scores))


def _compute_softmax(scores: Sequence[float]) -> list[float]:
    top = max(scores)
    powers = [math.exp(s - top) for s in scores]
    return [p / sum(powers) for p in powers]


def compare_exactly(said: Any, gold: str, options: Mapping[str, Any]) -> float:
    """Return 1.0 if ``said`` is ``gold`` after what ``options`` say is to be ignored; for a list, the share that is.

    Options: ``regexes_to_ignore`` (in order), then ``ignore_case``, ``ignore_punctuation`` and ``ignore_numbers``.
    """
    if isinstance(said, list):
        return sum(compare_exactly(one, gold, options) for one in said) / len(said) if said else 0.0
    if not isinstance(said, str):
        return float(str(said) == gold) if said is not None else 0.0
    return float(_normalise(said, options) == _normalise(gold, options))


EXACT_MATCH_OPTIONS = {"regexes_to_ignore", "ignore_case", "ignore_punctuation", "ignore_numbers"}


def read_exact_match(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of exact_match; a flag that YAML read as a text beginning with ``true`` is true.

    Raises TaskError for an option that exact_match does not have, or a value that it cannot have.
    """
    options = dict(options)
    if unknown := sorted(str(key) for key in options if key not in EXACT_MATCH_OPTIONS):
        raise TaskError(f"there is no option {unknown[0]!r}; allowed: {', '.join(sorted(EXACT_MATCH_OPTIONS))}")
    compile_ignored(options)
    for key in sorted(EXACT_MATCH_OPTIONS - {"regexes_to_ignore"}):
        value = options.get(key, False)
        if isinstance(value, str) and value.split(" ")[0] == "true":  # a list was meant to follow; AfriQA has it
            options[key] = value = True
        if not isinstance(value, bool):
            raise TaskError(f"{key} must be true or false; got {value!r}")
    return options


def _normalise(text: str, options: Mapping[str, Any]) -> str:
    for pattern in options.get("regexes_to_ignore") or ():
        text = compile_pattern(pattern).sub("", text)
    if options.get("ignore_case"):
        text = text.lower()
    dropped = string.punctuation if options.get("ignore_punctuation") else ""
    dropped += string.digits if options.get("ignore_numbers") else ""
    return text.translate(str.maketrans("", "", dropped))
