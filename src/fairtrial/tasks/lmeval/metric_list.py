"""Parses ``metric_list`` of a task file, entry by entry; what has no value for single items is refused here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairtrial.errors import TaskError
from fairtrial.tasks.lmeval.loading import CodeRef
from fairtrial.tasks.lmeval.metrics import (
    AGGREGATIONS,
    BY_OUTPUT,
    DEFAULTS,
    LOWER_IS_BETTER,
    Metric,
    check_exact_match,
)
from fairtrial.tasks.lmeval.native import UNDIRECTED, RatioOfSums

Entry = Mapping[str, Any]
_SETTINGS = {"metric", "aggregation", "higher_is_better", "hf_evaluate"}


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

    def entries(self, given: Any) -> list[Entry]:
        """Return the entries of a ``metric_list``, which may be missing.  Raises TaskError if they are malformed."""
        if given is None:
            return [{"metric": name} for name in DEFAULTS[self.output]]
        if not isinstance(given, Sequence) or not all(isinstance(e, Mapping) and "metric" in e for e in given):
            raise TaskError("metric_list must be a list of mappings with a 'metric'")
        return list(given)

    def parse(self, given: Any) -> tuple[tuple[Metric, ...], tuple[str, ...]]:
        """Return the metrics, and the names of those that are left out because they have no value for a single item.

        Raises TaskError for what is not supported, and where nothing is left.
        """
        found: list[Metric] = []
        left_out: list[str] = []
        for entry in self.entries(given):
            metric = self.parse_entry(entry)
            if metric is None:
                left_out.append(str(entry["metric"]))
            else:
                found.append(metric)
        if not found:
            raise TaskError(f"has no metric with a value for single items: {', '.join(left_out) or 'none at all'}")
        return tuple(found), tuple(left_out)

    def parse_entry(self, entry: Entry) -> Metric | None:
        """Parse a metric; None if its aggregation is trusted code, which says nothing about single items."""
        name = entry["metric"]
        if isinstance(name, CodeRef):
            self.function("metric_list", name)
            raise TaskError(f"metric function {name} is not supported, even for trusted code")
        name = str(name)
        usual = BY_OUTPUT[self.output].get(name)
        aggregation = entry.get("aggregation", usual or "mean")
        if isinstance(aggregation, CodeRef):
            aggregation = self.function(f"the aggregation of {name}", aggregation)
            if not isinstance(aggregation, RatioOfSums):
                return None
        if not self.own_grading and (usual is None or entry.get("hf_evaluate")):
            known = ", ".join(BY_OUTPUT[self.output])
            how = " with hf_evaluate" if entry.get("hf_evaluate") else ""
            raise TaskError(f"the metric {name!r}{how} is not supported.", fix=f"Supported for {self.output}: {known}.")
        self._check_aggregation(name, aggregation, usual)
        options = {key: value for key, value in entry.items() if key not in _SETTINGS}
        if not self.own_grading and name == "exact_match":
            try:
                check_exact_match(options)
            except TaskError as error:
                raise TaskError(f"exact_match: {error.message}", fix=error.fix) from error
        better = entry.get("higher_is_better")
        if not (better is None or isinstance(better, bool)):
            raise TaskError(f"higher_is_better of {name!r} must be true or false; got {better!r}")
        directed = name not in UNDIRECTED and not (isinstance(aggregation, RatioOfSums) and not aggregation.directed)
        higher = bool(entry.get("higher_is_better", name not in LOWER_IS_BETTER)) if directed else None
        return Metric(name, aggregation, higher, options)

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
