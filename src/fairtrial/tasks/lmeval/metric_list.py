"""Parses ``metric_list`` of a task file, entry by entry; what has no value for single items is refused here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairtrial.errors import FairtrialError, TaskCodeError, TaskError
from fairtrial.tasks.graders.corpus import PER_SENTENCE
from fairtrial.tasks.lmeval.known_metrics import Known, TextMetric, find_aggregation, find_metric
from fairtrial.tasks.lmeval.loading import CodeRef
from fairtrial.tasks.lmeval.metrics import (
    AGGREGATIONS,
    BY_OUTPUT,
    DEFAULTS,
    IN_PAIRS,
    LOWER_IS_BETTER,
    CorpusMetric,
    Metric,
    read_exact_match,
)
from fairtrial.tasks.lmeval.native import UNDIRECTED, RatioOfSums
from fairtrial.tasks.lmeval.scorers import make_likeness_scorer

_Entry = Mapping[str, Any]
_SETTINGS = {"metric", "aggregation", "higher_is_better", "hf_evaluate"}


@dataclass(frozen=True, slots=True)
class Metrics:
    """What a task measures.

    Attributes:
        metrics: those with values for single items.
        corpus: scores of all answers together.
        left_out: names of those that are not computed.
    """

    metrics: tuple[Metric, ...]
    corpus: tuple[CorpusMetric, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class MetricParser:
    """Parses the metrics of one task.

    Attributes:
        output: the task's output type.
        own_grading: the task grades by a ``process_results`` of its own.
        function: resolves a ``!function``, given the key that it stands under; raises TaskCodeError.
    """

    output: str
    own_grading: bool
    function: Callable[[str, CodeRef], Any]

    def entries(self, given: Any) -> list[_Entry]:
        """Return the entries of a ``metric_list``, which may be missing.  Raises TaskError if they are malformed."""
        if given is None:
            return [{"metric": name} for name in DEFAULTS[self.output]]
        if not isinstance(given, Sequence) or not all(isinstance(e, Mapping) and "metric" in e for e in given):
            raise TaskError("metric_list must be a list of mappings with a 'metric'")
        return list(given)

    def parse(self, given: Any) -> Metrics:
        """Return the metrics.  Raises TaskError for what is not supported, and where nothing is left."""
        found: dict[str, Metric] = {}
        corpus: list[CorpusMetric] = []
        left_out: list[str] = []
        refused: FairtrialError | None = None
        for entry in self.entries(given):
            try:
                one = self.parse_entry(entry)
            except TaskCodeError as error:
                if not self._can_be_left_out(entry):
                    raise
                one, refused = None, error
            if one is None:
                left_out.append(str(entry["metric"]))
            elif isinstance(one, CorpusMetric):
                corpus.append(one)
                found.setdefault(one.paired, self._make_paired(one))
            else:
                found[one.name] = one
        if not found:
            if refused is not None:
                raise refused
            raise TaskError(f"has no metric with a value for single items: {', '.join(left_out) or 'none at all'}")
        return Metrics(tuple(found.values()), tuple(corpus), tuple(left_out))

    def _can_be_left_out(self, entry: _Entry) -> bool:
        """Whether it is only the aggregation that is unknown code, so that other metrics are none the worse."""
        return isinstance(entry.get("aggregation"), CodeRef) and not isinstance(entry["metric"], CodeRef)

    def _make_paired(self, corpus: CorpusMetric) -> Metric:
        """Return the metric that is compared in the place of a corpus score."""
        if corpus.name not in PER_SENTENCE:
            return Metric(corpus.paired, "mean", True)
        return Metric(
            corpus.paired, "mean", True, text=TextMetric(make_likeness_scorer(corpus.name), likeness=corpus.name)
        )

    def parse_entry(self, entry: _Entry) -> Metric | CorpusMetric | None:
        """Parse a metric; None if its aggregation is trusted code, which says nothing about single items.

        Raises TaskError for what is not supported, TaskCodeError for code that is neither known nor trusted.
        """
        name, aggregation = entry["metric"], entry.get("aggregation")
        better = entry.get("higher_is_better")
        if not (better is None or isinstance(better, bool)):
            raise TaskError(f"higher_is_better of {name!r} must be true or false; got {better!r}")
        if isinstance(name, CodeRef):
            if entry.get("k", 1) not in (1, [1]):
                raise TaskError(f"{name} with k: {entry['k']} is not supported; allowed: 1 (with repeats, its mean)")
            return self._parse_function(name, aggregation, better)
        name = str(name)
        if isinstance(aggregation, CodeRef) and (known := find_aggregation(aggregation)) is not None:
            return self._apply(known, name, better)
        usual = BY_OUTPUT[self.output].get(name)
        aggregation = aggregation or usual or "mean"
        if isinstance(aggregation, CodeRef):
            aggregation = self.function(f"the aggregation of {name}", aggregation)
            if not isinstance(aggregation, str | RatioOfSums):
                return None
        if not self.own_grading and (usual is None or entry.get("hf_evaluate")):
            known_names = ", ".join(BY_OUTPUT[self.output])
            how = " with hf_evaluate" if entry.get("hf_evaluate") else ""
            raise TaskError(
                f"the metric {name!r}{how} is not supported.", fix=f"Supported for {self.output}: {known_names}."
            )
        self._check_aggregation(name, aggregation, usual)
        if not self.own_grading and name in IN_PAIRS:
            return CorpusMetric(name, name, IN_PAIRS[name])
        if not self.own_grading and name == "ter":
            return Metric(name, "mean", False, text=TextMetric(make_likeness_scorer(name), None, name))
        return self._make(name, aggregation, entry)

    def _make(self, name: str, aggregation: str | RatioOfSums, entry: _Entry) -> Metric:
        options = {key: value for key, value in entry.items() if key not in _SETTINGS}
        if not self.own_grading and name == "exact_match":
            try:
                options = read_exact_match(options)
            except TaskError as error:
                raise TaskError(f"exact_match: {error.message}", fix=error.fix) from error
        directed = name not in UNDIRECTED and not (isinstance(aggregation, RatioOfSums) and not aggregation.directed)
        higher = bool(entry.get("higher_is_better", name not in LOWER_IS_BETTER)) if directed else None
        return Metric(name, aggregation, higher, options)

    def _parse_function(self, name: CodeRef, aggregation: Any, better: bool | None) -> Metric:
        """Parse a metric that is a function."""
        known = None if self.own_grading else find_metric(name, aggregation)
        if known is None:
            self.function("metric_list", name)
            raise TaskError(f"metric function {name} is not supported, even for trusted code")
        return Metric(name.name, "mean", True if better is None else better, text=known)

    def _apply(self, known: Known, name: str, better: bool | None) -> Metric | CorpusMetric:
        """Return a metric whose aggregation is one of those that are known."""
        higher = True if better is None else better
        if isinstance(known, RatioOfSums):
            if not self.own_grading and name not in BY_OUTPUT[self.output]:
                raise TaskError(f"the metric {name!r} is not supported.")
            return Metric(name, known, higher if known.directed else None)
        if isinstance(known, TextMetric):
            if self.own_grading or self.output != "generate_until":
                raise TaskError(f"the aggregation of {name!r} is about written answers that are graded as they are")
            return Metric(name, "mean", higher, text=known)
        if self.own_grading or self.output != "multiple_choice":
            raise TaskError(f"the aggregation of {name!r} is about choices")
        return CorpusMetric(name, known, "acc")

    def _check_aggregation(self, name: str, aggregation: Any, usual: str | None) -> None:
        if not isinstance(aggregation, str | RatioOfSums):
            raise TaskError(f"the aggregation of {name!r} must be a name; got {aggregation!r}")
        if isinstance(aggregation, str) and not self._fits(usual, aggregation):
            allowed = ", ".join(AGGREGATIONS) if self.own_grading else usual
            raise TaskError(f"the aggregation {aggregation!r} of {name!r} is not supported; allowed: {allowed}")

    def _fits(self, usual: str | None, aggregation: str) -> bool:
        if self.own_grading:
            return aggregation in AGGREGATIONS
        return aggregation == usual or (usual == "mean" and aggregation == "nanmean")
