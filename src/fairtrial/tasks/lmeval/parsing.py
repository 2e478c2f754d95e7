"""Parses the mapping of a task file, once, into a `TaskConfig`; what is not supported is refused here.

It resolves every ``!function``: to our own re-implementation, to trusted code, or to an error that names it.  It knows
nothing of rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, cast

from fairtrial.errors import TaskCodeError, TaskError, did_you_mean
from fairtrial.spec.yamlnodes import shorten
from fairtrial.tasks.lmeval.config import DocFields, FewShotConfig, GenerationConfig, Output, TaskConfig
from fairtrial.tasks.lmeval.filters import Pipeline, build_pipeline
from fairtrial.tasks.lmeval.loading import CodeRef
from fairtrial.tasks.lmeval.metrics import (
    AGGREGATIONS,
    BY_OUTPUT,
    DEFAULTS,
    LOWER_IS_BETTER,
    Metric,
    check_exact_match,
)
from fairtrial.tasks.lmeval.native import CLUSTERS, UNDIRECTED, RatioOfSums
from fairtrial.tasks.lmeval.recognise import find_replacement, name_replacement
from fairtrial.tasks.lmeval.template import Field, compile_template
from fairtrial.tasks.lmeval.trusted import TaskCode

_FIELDS = ("doc_to_text", "doc_to_target", "doc_to_choice")
_KEYS = {
    *_FIELDS, "task", "task_alias", "tag", "dataset_path", "dataset_name", "dataset_kwargs", "training_split",
    "validation_split", "test_split", "fewshot_split", "fewshot_config", "process_docs", "process_results",
    "description", "target_delimiter", "fewshot_delimiter", "num_fewshot", "metric_list", "output_type",
    "generation_kwargs", "repeats", "filter_list", "gen_prefix", "metadata", "cluster_key",
}  # fmt: skip
_IGNORED = {"should_decontaminate", "doc_to_decontamination_query", "group", "group_alias", "task_list", "unsafe_code"}
_REFUSED = {
    "doc_to_image": "images", "doc_to_audio": "audio", "custom_dataset": "data made by Python code",
    "class": "a task that is a Python class", "use_prompt": "promptsource templates",
}  # fmt: skip
_LONGEST_MESSAGE = 600
_PLACES = {"data_files", "data_dir", "cache_dir", "trust_remote_code"}
_SHOT_KEYS = {
    *_FIELDS, "sampler", "split", "samples", "fewshot_indices", "process_docs", "gen_prefix", "fewshot_delimiter",
    "target_delimiter",
}  # fmt: skip
_GENERATION_KEYS = {
    "until", "do_sample", "temperature", "top_p", "top_k", "max_gen_toks", "max_new_tokens", "max_tokens",
    "max_completion_tokens",
}  # fmt: skip


def parse_config(raw: Mapping[str, Any], trust_code: bool = False) -> TaskConfig:
    """Return what a merged task file means.

    Raises:
        TaskCodeError: it needs Python code that is neither ours nor trusted.
        TaskError: it uses something that is not supported, or misuses something that is; says what is supported.
    """
    return _Parser(raw, trust_code).parse()


_MOST = 10_000  # repeats or examples of one item


class _Parser:
    def __init__(self, raw: Mapping[str, Any], trust_code: bool) -> None:
        self._raw = raw
        self._trust = trust_code
        self._name = str(raw.get("task") or "?")
        self._where = f"task {self._name}"
        self._families: set[str] = set()
        self._code = TaskCode()

    def parse(self) -> TaskConfig:
        self._refuse()
        raw = self._raw
        output = self._output()
        asking = self._asking()
        results = self._function("process_results", raw.get("process_results"))
        metrics, left_out = self._metrics(output, results)
        process_docs = self._function("process_docs", raw.get("process_docs"))
        examples, shot = self._examples(asking, process_docs)
        training, validation, test = (self._split(f"{kind}_split") for kind in ("training", "validation", "test"))
        eval_split = test or validation
        if eval_split is None:
            raise self._error("names neither test_split nor validation_split, so it has no items")
        if output == "multiple_choice" and asking.choices is None:
            raise self._error("is multiple_choice and has no doc_to_choice")
        metadata = raw.get("metadata")
        return TaskConfig(
            name=self._name, raw=self._described(), output=output, asking=asking, shot=shot, examples=examples,
            description=self._text("description", ""), eval_split=eval_split, test_split=test,
            pools=tuple(split for split in (training, validation, test) if split),
            shots=self._whole("num_fewshot", 0) if raw.get("num_fewshot") is not None else None,
            process_docs=process_docs, process_results=results, metrics=metrics, left_out=left_out,
            pipelines=self._pipelines(output), generation=self._generation(),
            repeats=self._whole("repeats", 1) if raw.get("repeats") is not None else 1,
            clusters=self._clusters(), code=self._code.hashes,
            metadata=metadata if isinstance(metadata, Mapping) else {},
        )  # fmt: skip

    def _error(self, message: str, fix: str = "") -> TaskError:
        return TaskError(shorten(message, _LONGEST_MESSAGE), fix=fix, where=shorten(self._where, 200))

    def _refuse(self) -> None:
        for key, what in _REFUSED.items():
            value = self._raw.get(key)
            if isinstance(value, CodeRef):
                raise TaskCodeError(
                    f"{key} needs the Python function {value} ({what})",
                    fix="This is not supported, even for trusted code.",
                    where=f"{self._where} ({value.where})",
                )
            if value:
                raise self._error(f"needs {what} ({key}), which is not supported")
        if self._raw.get("unsafe_code"):
            raise self._error("runs the program that a model wrote (unsafe_code), which is not supported")
        if not isinstance(self._raw.get("dataset_kwargs") or {}, Mapping):
            raise self._error(f"dataset_kwargs must be a mapping; got {self._raw['dataset_kwargs']!r}")
        for key in ("dataset_path", "dataset_name"):
            if "\0" in str(self._raw.get(key)) or len(str(self._raw.get(key))) > _LONGEST_MESSAGE:
                raise self._error(f"{key} is no name: {self._raw[key]!r}")
        for key in self._raw:
            if key not in _KEYS | _IGNORED and key not in _REFUSED:
                hint = did_you_mean(key, _KEYS)
                raise self._error(f"unknown key {key!r}.{hint}", fix=f"Supported: {', '.join(sorted(_KEYS))}.")

    def _output(self) -> Output:
        value = self._raw.get("output_type", "generate_until")
        if not isinstance(value, str) or value not in BY_OUTPUT:
            raise self._error(f"output_type {value!r} is not one of {', '.join(BY_OUTPUT)}")
        return cast(Output, value)

    def _split(self, key: str) -> str | None:
        value = self._raw.get(key)
        if value is not None and not isinstance(value, str):
            raise self._error(f"{key} must be the name of a split; got {value!r}")
        return value or None

    def _text(self, key: str, default: str) -> str:
        value = self._raw.get(key, default)
        if isinstance(value, CodeRef):
            raise TaskCodeError(f"{key} is the Python function {value}, which is not supported", where=value.where)
        if isinstance(value, list | dict | set | bytes):
            raise self._error(f"{key} must be a text; got {value!r}")
        return default if value is None else str(value)

    def _whole(self, key: str, least: int) -> int:
        value = self._raw[key]
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _MOST:
            seen = repr(value)[:40]
            raise self._error(f"{key} must be a whole number from {least} to {_MOST:,}; got {seen}")
        return value

    def _function(self, key: str, value: Any) -> Any:
        """Resolve a ``!function``; anything else must be absent here."""
        if value is None:
            return None
        if not isinstance(value, CodeRef):
            raise self._error(f"{key} must be a !function; got {value!r}")
        ours = find_replacement(value)
        if ours is not None:
            self._families.add(ours.family)
            return ours.function
        if not self._trust:
            instead = name_replacement(value)
            or_ours = f" Or write {instead} to use fairtrial's own, which is for other code." if instead else ""
            raise TaskCodeError(
                f"{key} is the Python function {value} of {value.source.name}, and this code is not trusted.",
                fix=f"Read the file; if you trust it, run again with --trust-task-code.{or_ours}",
                where=f"{self._where} ({value.where})",
            )
        return self._code.function(value)

    def _field(self, key: str, value: Any) -> Field:
        if isinstance(value, CodeRef):
            return cast(Field, self._function(key, value))
        if value is None or isinstance(value, str | int | list | dict):
            if isinstance(value, str):
                self._check(value)
            return value
        raise self._error(f"{key} must be a text, a list or a !function; got {value!r}")

    def _check(self, template: str) -> None:
        try:
            compile_template(template)
        except TaskError as error:
            raise self._error(error.message) from error

    def _asking(self) -> DocFields:
        text, target, choices = (self._field(key, self._raw.get(key)) for key in _FIELDS)
        if text is None or target is None:
            raise self._error(f"has no {'doc_to_text' if text is None else 'doc_to_target'}")
        prefix = self._text("gen_prefix", "") or None
        delimiter, after = self._text("target_delimiter", " "), self._text("fewshot_delimiter", "\n\n")
        return DocFields(text, target, choices, prefix, delimiter, after)

    def _examples(self, asking: DocFields, process_docs: Any) -> tuple[FewShotConfig, DocFields]:
        given = self._raw.get("fewshot_config") or {}
        if not isinstance(given, Mapping):
            raise self._error(f"fewshot_config must be a mapping; got {given!r}")
        unknown = sorted(map(str, set(given) - _SHOT_KEYS))
        if unknown:
            hint = did_you_mean(unknown[0], _SHOT_KEYS)
            raise self._error(f"fewshot_config has an unknown key {unknown[0]!r}.{hint}")
        sampler = given.get("sampler", "default")
        if isinstance(sampler, CodeRef):
            self._function("fewshot_config.sampler", sampler)
        if sampler not in ("default", "first_n"):
            raise self._error(f"fewshot_config.sampler {sampler!r} is not one of default, first_n")
        samples = given.get("samples")
        if isinstance(samples, CodeRef):
            samples = self._function("fewshot_config.samples", samples)()
        if samples is not None and not (isinstance(samples, list) and all(isinstance(s, dict) for s in samples)):
            raise self._error("fewshot_config.samples must be a list of rows")
        if "process_docs" in given:
            process_docs = self._function("fewshot_config.process_docs", given["process_docs"])
        split = given.get("split", self._raw.get("fewshot_split"))
        if not (split is None or isinstance(split, str)):
            raise self._error(f"the split of few-shot examples must be a name; got {split!r}")
        for key in ("gen_prefix", "target_delimiter", "fewshot_delimiter"):
            if not (given.get(key) is None or isinstance(given[key], str)):
                raise self._error(f"fewshot_config.{key} must be a text; got {given[key]!r}")
        own = [self._field(f"fewshot_config.{k}", given[k]) if given.get(k) is not None else None for k in _FIELDS]
        text, target, choices = (
            mine if mine is not None else usual
            for mine, usual in zip(own, (asking.text, asking.target, asking.choices), strict=True)
        )
        shot = DocFields(
            text, target, choices, given.get("gen_prefix", asking.prefix),
            str(given.get("target_delimiter", asking.delimiter)), str(given.get("fewshot_delimiter", asking.after)),
        )  # fmt: skip
        return FewShotConfig(sampler, split, samples, process_docs), shot

    def _metrics(self, output: Output, results: Any) -> tuple[tuple[Metric, ...], tuple[str, ...]]:
        entries = self._raw.get("metric_list")
        if entries is None:
            names = DEFAULTS[output]
            return tuple(Metric(n, BY_OUTPUT[output][n], n not in LOWER_IS_BETTER) for n in names), ()
        if not isinstance(entries, Sequence) or not all(isinstance(e, Mapping) and "metric" in e for e in entries):
            raise self._error("metric_list must be a list of mappings with a 'metric'")
        found: list[Metric] = []
        left_out: list[str] = []
        for entry in entries:
            metric = self._metric(entry, output, results)
            if metric is None:
                left_out.append(str(entry["metric"]))
            else:
                found.append(metric)
        if not found:
            raise self._error(f"has no metric with a value for single items: {', '.join(left_out) or 'none at all'}")
        return tuple(found), tuple(left_out)

    def _metric(self, entry: Mapping[str, Any], output: Output, results: Any) -> Metric | None:
        """Parse a metric; None if its aggregation is trusted code, which says nothing about single items."""
        name = entry["metric"]
        if isinstance(name, CodeRef):
            self._function("metric_list", name)
            raise self._error(f"metric function {name} is not supported, even for trusted code")
        name = str(name)
        usual = BY_OUTPUT[output].get(name)
        aggregation = entry.get("aggregation", usual or "mean")
        if isinstance(aggregation, CodeRef):
            aggregation = self._function(f"the aggregation of {name}", aggregation)
            if not isinstance(aggregation, RatioOfSums):
                return None
        if results is None and (usual is None or entry.get("hf_evaluate")):
            known = ", ".join(BY_OUTPUT[output])
            how = " with hf_evaluate" if entry.get("hf_evaluate") else ""
            raise self._error(f"the metric {name!r}{how} is not supported.", fix=f"Supported for {output}: {known}.")
        if not isinstance(aggregation, str | RatioOfSums):
            raise self._error(f"the aggregation of {name!r} must be a name; got {aggregation!r}")
        if isinstance(aggregation, str) and not _fits(usual, aggregation, results is not None):
            allowed = ", ".join(AGGREGATIONS) if results else usual
            raise self._error(f"the aggregation {aggregation!r} of {name!r} is not supported; allowed: {allowed}")
        options = {
            k: v for k, v in entry.items() if k not in {"metric", "aggregation", "higher_is_better", "hf_evaluate"}
        }
        if results is None and name == "exact_match":
            try:
                check_exact_match(options)
            except TaskError as error:
                raise self._error(f"exact_match: {error.message}", error.fix) from error
        if not (entry.get("higher_is_better") is None or isinstance(entry["higher_is_better"], bool)):
            raise self._error(f"higher_is_better of {name!r} must be true or false; got {entry['higher_is_better']!r}")
        directed = name not in UNDIRECTED and not (isinstance(aggregation, RatioOfSums) and not aggregation.directed)
        higher = bool(entry.get("higher_is_better", name not in LOWER_IS_BETTER)) if directed else None
        return Metric(name, aggregation, higher, options)

    def _pipelines(self, output: Output) -> tuple[Pipeline, ...]:
        entries = self._raw.get("filter_list") or [{"name": "none", "filter": [{"function": "take_first"}]}]
        if not isinstance(entries, list) or not all(isinstance(e, Mapping) and "filter" in e for e in entries):
            raise self._error("filter_list must be a list of mappings with 'name' and 'filter'")
        for entry in entries:
            steps = entry["filter"]
            if not isinstance(steps, list) or not all(isinstance(step, Mapping) for step in steps):
                raise self._error(f"a filter must be a list of mappings with 'function'; got {steps!r}")
            for function in steps:
                for key, value in function.items():
                    if isinstance(value, CodeRef):
                        self._function(f"the filter setting {key}", value)
                if function.get("function") == "custom":
                    raise TaskCodeError("custom filters are not supported, even for trusted code", where=self._where)
        if output != "generate_until" and any(
            function.get("function") != "take_first" for entry in entries for function in entry["filter"]
        ):
            raise self._error(f"has filters over text, and {output} makes no text")
        return tuple(build_pipeline(str(e.get("name", "none")), e["filter"], self._where) for e in entries)

    def _generation(self) -> GenerationConfig:
        given = self._raw.get("generation_kwargs") or {}
        if not isinstance(given, Mapping):
            raise self._error(f"generation_kwargs must be a mapping; got {given!r}")
        unknown = sorted(map(str, set(given) - _GENERATION_KEYS)) if self._output() == "generate_until" else []
        if unknown and given.get(unknown[0]) not in (None, 1, 1.0, False):
            allowed = ", ".join(sorted(_GENERATION_KEYS))
            raise self._error(f"generation_kwargs has {unknown[0]!r}, which is not supported; allowed: {allowed}")
        until = given.get("until", [self._text("fewshot_delimiter", "\n\n")])
        limits = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")
        limit = next((key for key in limits if given.get(key) is not None), "")
        temperature, sample = self._number(given, "temperature", 0.0), given.get("do_sample")
        if sample and temperature == 0.0 and "temperature" not in given:
            temperature = 1.0
        return GenerationConfig(
            tuple(str(s) for s in (until if isinstance(until, list) else [until]) if s),
            int(self._number(given, limit, 256, 1)), 0.0 if sample is False else temperature,
            self._number(given, "top_p", 1.0) or 1.0, int(self._number(given, "top_k", 0)),
        )  # fmt: skip

    def _number(self, given: Mapping[str, Any], key: str, usual: float, least: float = 0) -> float:
        value = given.get(key)
        if value is None:
            return usual
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if isinstance(value, bool) or not least <= number <= 1e9:
            raise self._error(f"generation_kwargs.{key} must be a number from {least} on; got {value!r}")
        return number

    def _clusters(self) -> tuple[str, ...]:
        metadata = self._raw.get("metadata")
        given = self._raw.get("cluster_key") or (metadata.get("cluster") if isinstance(metadata, Mapping) else None)
        if given:
            return tuple(str(column) for column in (given if isinstance(given, list) else [given]))
        return next((CLUSTERS[family] for family in sorted(self._families) if family in CLUSTERS), ())

    def _described(self) -> dict[str, Any]:
        """The task file as JSON values, without what only says where files lie."""
        skipped = {"tag", "group", "task", "task_alias", "metadata", *_IGNORED}
        found = {key: _describe_value(value) for key, value in self._raw.items() if key not in skipped}
        if isinstance(options := found.get("dataset_kwargs"), dict):
            found["dataset_kwargs"] = {key: value for key, value in options.items() if key not in _PLACES}
        if isinstance(path := found.get("dataset_path"), str) and PurePath(path).is_absolute():
            found["dataset_path"] = PurePath(path).name
        return found


def _fits(usual: str | None, aggregation: str, own_grading: bool) -> bool:
    if own_grading:
        return aggregation in AGGREGATIONS
    return aggregation == usual or (usual == "mean" and aggregation == "nanmean")


def _describe_value(value: Any) -> Any:
    if isinstance(value, CodeRef):
        return f"!function {value}" + (" (fairtrial's own)" if find_replacement(value) else "")
    if isinstance(value, Mapping):
        return {str(key): _describe_value(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_describe_value(part) for part in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)
