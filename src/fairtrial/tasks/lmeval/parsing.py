"""Parses the mapping of a task file, once, into a `TaskConfig`; what is not supported is refused here.

It resolves every ``!function``: to our own re-implementation, to trusted code, or to an error that names it.  It knows
nothing of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import PurePath
from typing import Any, TypeVar, cast

from fairtrial.errors import SpecError, TaskCodeError, TaskError, did_you_mean
from fairtrial.sandbox.programs import check_programs_allowed
from fairtrial.spec.yamlnodes import shorten
from fairtrial.tasks.lmeval.config import DocFields, FewShotConfig, GenerationConfig, OutputType, TaskConfig
from fairtrial.tasks.lmeval.decoding import parse_generation
from fairtrial.tasks.lmeval.filters import Pipeline, build_pipeline
from fairtrial.tasks.lmeval.functions import RestrictedCode, RestrictedFunction
from fairtrial.tasks.lmeval.known_filters import find_filter, replace_filter
from fairtrial.tasks.lmeval.loading import CodeRef
from fairtrial.tasks.lmeval.metric_list import MetricParser
from fairtrial.tasks.lmeval.metrics import BY_OUTPUT
from fairtrial.tasks.lmeval.native import CLUSTERS
from fairtrial.tasks.lmeval.reasons import Reason, TaskFilePart
from fairtrial.tasks.lmeval.recognise import find_replacement, name_replacement
from fairtrial.tasks.lmeval.template import TemplateField, compile_template
from fairtrial.tasks.lmeval.trusted import TaskCode

_FIELDS = ("doc_to_text", "doc_to_target", "doc_to_choice")
_KEYS = {
    *_FIELDS, "doc_to_image", "task", "task_alias", "tag", "dataset_path", "dataset_name", "dataset_kwargs",
    "training_split", "validation_split", "test_split", "fewshot_split", "fewshot_config", "process_docs",
    "process_results",
    "description", "target_delimiter", "fewshot_delimiter", "num_fewshot", "metric_list", "output_type",
    "generation_kwargs", "repeats", "filter_list", "gen_prefix", "metadata", "cluster_key",
}  # fmt: skip
_IGNORED = {"should_decontaminate", "doc_to_decontamination_query", "group", "group_alias", "task_list", "unsafe_code"}
_REFUSED = {
    "doc_to_audio": "audio", "custom_dataset": "data made by Python code",
    "class": "a task that is a Python class", "use_prompt": "promptsource templates",
}  # fmt: skip
_LONGEST_MESSAGE = 600
T = TypeVar("T")
_PLACES = {"data_files", "data_dir", "cache_dir", "trust_remote_code"}
_SHOT_KEYS = {
    *_FIELDS, "sampler", "split", "samples", "fewshot_indices", "process_docs", "gen_prefix", "fewshot_delimiter",
    "target_delimiter",
}  # fmt: skip


def parse_config(raw: Mapping[str, Any], trust_code: bool = False) -> TaskConfig:
    """Return what a merged task file means.

    Raises:
        TaskCodeError: it needs Python code that is neither ours nor trusted.
        TaskError: it uses something that is not supported, or misuses something that is; says what is supported.
    """
    return _Parser(raw, trust_code).parse()


def find_reasons(raw: Mapping[str, Any], trust_code: bool = False) -> list[Reason]:
    """Return all that `parse_config` would refuse in a merged task file, where it stops at the first."""
    parser = _Parser(raw, trust_code)
    whole = TaskFilePart("", None, parser.parse).find_reason()
    if whole is None:
        return []
    found = [reason for part in parser.parts() if (reason := part.find_reason()) is not None] or [whole]
    return list({(reason.key, reason.message): reason for reason in found}.values())


_MOST = 10_000  # repeats or examples of one item


class _Parser:
    def __init__(self, raw: Mapping[str, Any], trust_code: bool) -> None:
        self._raw = raw
        self._trust = trust_code
        self._name = str(raw.get("task") or "?")
        self._where = f"task {self._name}"
        self._families: set[str] = set()
        self._code = TaskCode()
        self._restricted = RestrictedCode(self._name)

    def parse(self) -> TaskConfig:
        self._refuse()
        raw = self._raw
        output = self._parse_output()
        asking = self._parse_asking()
        results = self._resolve_function("process_results", raw.get("process_results"))
        measured = self._name_task(
            lambda: self._make_metric_parser(output, results is not None).parse(raw.get("metric_list"))
        )
        process_docs = self._resolve_function("process_docs", raw.get("process_docs"))
        examples, shot = self._parse_examples(asking, process_docs)
        training, validation, test = (self._split(f"{kind}_split") for kind in ("training", "validation", "test"))
        eval_split = test or validation
        if eval_split is None:
            raise self._make_error("names neither test_split nor validation_split, so it has no items")
        if output == "multiple_choice" and asking.choices is None:
            raise self._make_error("is multiple_choice and has no doc_to_choice")
        metadata = raw.get("metadata")
        return TaskConfig(
            name=self._name, raw=self._describe_file(), output=output, asking=asking, shot=shot, examples=examples,
            description=self._parse_text("description", ""), eval_split=eval_split, test_split=test,
            pools=tuple(split for split in (training, validation, test) if split),
            shots=self._parse_whole("num_fewshot", 0) if raw.get("num_fewshot") is not None else None,
            process_docs=process_docs, process_results=results, metrics=measured.metrics,
            left_out=measured.left_out, corpus=measured.corpus,
            pipelines=self._parse_pipelines(output), generation=self._parse_generation(output),
            repeats=self._parse_whole("repeats", 1) if raw.get("repeats") is not None else 1,
            clusters=self._parse_clusters(), images=self._parse_images(),
            code=self._code.hashes, restricted=self._restricted.hashes,
            metadata=metadata if isinstance(metadata, Mapping) else {},
        )  # fmt: skip

    def parts(self) -> Iterator[TaskFilePart]:
        """Yield the parts of the file that can be parsed, and refused, each by itself."""
        raw = self._raw
        yield from self._walk_refusable()
        output = cast(OutputType, raw.get("output_type", "generate_until"))
        yield TaskFilePart("output_type", output, self._parse_output)
        if not isinstance(output, str) or output not in BY_OUTPUT:
            return
        for key in (*_FIELDS, "doc_to_image"):
            yield TaskFilePart(key, raw.get(key), partial(self._parse_field, key, raw.get(key)))
        for key in ("process_docs", "process_results"):
            yield TaskFilePart(key, raw.get(key), partial(self._resolve_function, key, raw.get(key)))
        metrics = self._make_metric_parser(output, raw.get("process_results") is not None)
        given = raw.get("metric_list")
        every = TaskFilePart("metric_list", None, lambda: self._name_task(lambda: metrics.parse(given)))
        entries = [entry for entry in (given if isinstance(given, list) else ()) if isinstance(entry, Mapping)]
        single = [
            TaskFilePart("metric_list", entry, partial(self._name_task, partial(metrics.parse_entry, entry)))
            for entry in entries
            if "metric" in entry
        ]
        if every.find_reason() is not None:
            yield from single if any(part.find_reason() for part in single) else [every]
        shots = raw.get("fewshot_config")
        asking = DocFields("", "", None, None, " ", "\n\n")
        yield TaskFilePart("fewshot_config", shots, lambda: self._parse_examples(asking, None))
        yield TaskFilePart("filter_list", raw.get("filter_list"), lambda: self._parse_pipelines(output))
        yield TaskFilePart("generation_kwargs", None, lambda: self._parse_generation(output))

    def _make_metric_parser(self, output: OutputType, own_grading: bool) -> MetricParser:
        return MetricParser(output, own_grading, self._resolve_function)

    def _parse_generation(self, output: OutputType) -> GenerationConfig:
        given, end = self._raw.get("generation_kwargs"), self._parse_text("fewshot_delimiter", "\n\n")
        return self._name_task(lambda: parse_generation(given, output == "generate_until", end))

    def _name_task(self, work: Callable[[], T]) -> T:
        """Do ``work`` and name the task in what it raises."""
        try:
            return work()
        except TaskError as error:
            if error.where:
                raise
            raise self._make_error(error.message, error.fix) from error

    def _make_error(self, message: str, fix: str = "") -> TaskError:
        return TaskError(shorten(message, _LONGEST_MESSAGE), fix=fix, where=shorten(self._where, 200))

    def _refuse(self) -> None:
        for part in self._walk_refusable():
            part.parse()

    def _walk_refusable(self) -> Iterator[TaskFilePart]:
        """Yield what may be refused whatever the rest of the file says."""
        raw = self._raw
        for key in _REFUSED:
            yield TaskFilePart(key, raw.get(key), partial(self._refuse_key, key))
        yield TaskFilePart("unsafe_code", None, self._refuse_program)
        for key in ("dataset_kwargs", "dataset_path", "dataset_name"):
            yield TaskFilePart(key, None, partial(self._check_data, key))
        for key in raw:
            yield TaskFilePart(key, None, partial(self._check_key, key))

    def _refuse_key(self, key: str) -> None:
        value, what = self._raw.get(key), _REFUSED[key]
        if isinstance(value, CodeRef):
            raise TaskCodeError(
                f"{key} needs the Python function {value} ({what})",
                fix="This is not supported, even for trusted code.",
                where=f"{self._where} ({value.where})",
            )
        if value:
            raise self._make_error(f"needs {what} ({key}), which is not supported")

    def _refuse_program(self) -> None:
        if self._raw.get("unsafe_code"):
            try:
                check_programs_allowed("it")
            except SpecError as error:
                raise self._make_error(error.message, error.fix) from error

    def _check_data(self, key: str) -> None:
        value = self._raw.get(key)
        if key == "dataset_kwargs" and not isinstance(value or {}, Mapping):
            raise self._make_error(f"dataset_kwargs must be a mapping; got {value!r}")
        if key != "dataset_kwargs" and ("\0" in str(value) or len(str(value)) > _LONGEST_MESSAGE):
            raise self._make_error(f"{key} is no name: {value!r}")

    def _check_key(self, key: str) -> None:
        if key not in _KEYS | _IGNORED and key not in _REFUSED:
            hint = did_you_mean(key, _KEYS)
            raise self._make_error(f"unknown key {key!r}.{hint}", fix=f"Supported: {', '.join(sorted(_KEYS))}.")

    def _parse_output(self) -> OutputType:
        value = self._raw.get("output_type", "generate_until")
        if not isinstance(value, str) or value not in BY_OUTPUT:
            raise self._make_error(f"output_type {value!r} is not one of {', '.join(BY_OUTPUT)}")
        return cast(OutputType, value)

    def _split(self, key: str) -> str | None:
        value = self._raw.get(key)
        if value is not None and not isinstance(value, str):
            raise self._make_error(f"{key} must be the name of a split; got {value!r}")
        return value or None

    def _parse_text(self, key: str, default: str) -> str:
        value = self._raw.get(key, default)
        if isinstance(value, CodeRef):
            raise TaskCodeError(f"{key} is the Python function {value}, which is not supported", where=value.where)
        if isinstance(value, list | dict | set | bytes):
            raise self._make_error(f"{key} must be a text; got {value!r}")
        return default if value is None else str(value)

    def _parse_whole(self, key: str, least: int) -> int:
        value = self._raw[key]
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _MOST:
            seen = repr(value)[:40]
            raise self._make_error(f"{key} must be a whole number from {least} to {_MOST:,}; got {seen}")
        return value

    def _resolve_function(self, key: str, value: Any) -> Any:
        """Resolve a ``!function``; anything else must be absent here."""
        if value is None:
            return None
        if not isinstance(value, CodeRef):
            raise self._make_error(f"{key} must be a !function; got {value!r}")
        ours = find_replacement(value)
        if ours is not None:
            self._families.add(ours.family)
            return ours.function
        if self._trust:
            return self._code.function(value)
        try:
            if key == "metric_list" or key.startswith("the aggregation of "):
                raise TaskCodeError("it measures in a way that is not known")
            return self._restricted.function(value)
        except TaskCodeError as error:
            instead = name_replacement(value)
            or_ours = f" Or write {instead} to use fairtrial's own, which is for other code." if instead else ""
            raise TaskCodeError(
                f"{key} is the Python function {value}, which cannot run restricted: {error.message}.",
                fix=f"Read the file; if you trust it, run again with --trust-task-code.{or_ours}",
                where=f"{self._where} ({value.where})",
            ) from error

    def _parse_field(self, key: str, value: Any) -> TemplateField:
        if isinstance(value, CodeRef):
            return cast(TemplateField, self._resolve_function(key, value))
        if value is None or isinstance(value, str | int | list | dict):
            if isinstance(value, str):
                self._check(value)
            return value
        raise self._make_error(f"{key} must be a text, a list or a !function; got {value!r}")

    def _check(self, template: str) -> None:
        try:
            compile_template(template)
        except TaskError as error:
            raise self._make_error(error.message) from error

    def _parse_asking(self) -> DocFields:
        text, target, choices = (self._parse_field(key, self._raw.get(key)) for key in _FIELDS)
        if text is None or target is None:
            raise self._make_error(f"has no {'doc_to_text' if text is None else 'doc_to_target'}")
        prefix = self._parse_text("gen_prefix", "") or None
        delimiter, after = self._parse_text("target_delimiter", " "), self._parse_text("fewshot_delimiter", "\n\n")
        return DocFields(text, target, choices, prefix, delimiter, after)

    def _parse_images(self) -> TemplateField:
        value = self._raw.get("doc_to_image")
        if isinstance(value, bool | int | dict):
            raise self._make_error(
                f"doc_to_image must be a column, a template, a list of these or a !function; got {value!r}"
            )
        return [self._parse_field("doc_to_image", one) for one in value] if isinstance(value, list) else (
            self._parse_field("doc_to_image", value)
        )  # fmt: skip

    def _parse_examples(self, asking: DocFields, process_docs: Any) -> tuple[FewShotConfig, DocFields]:
        given = self._raw.get("fewshot_config") or {}
        if not isinstance(given, Mapping):
            raise self._make_error(f"fewshot_config must be a mapping; got {given!r}")
        unknown = sorted(map(str, set(given) - _SHOT_KEYS))
        if unknown:
            hint = did_you_mean(unknown[0], _SHOT_KEYS)
            raise self._make_error(f"fewshot_config has an unknown key {unknown[0]!r}.{hint}")
        sampler = given.get("sampler", "default")
        if isinstance(sampler, CodeRef):
            self._resolve_function("fewshot_config.sampler", sampler)
        if sampler not in ("default", "first_n"):
            raise self._make_error(f"fewshot_config.sampler {sampler!r} is not one of default, first_n")
        samples = given.get("samples")
        if isinstance(samples, CodeRef):
            samples = self._resolve_function("fewshot_config.samples", samples)
            samples = samples if isinstance(samples, RestrictedFunction) else samples()
        if (
            not isinstance(samples, RestrictedFunction)
            and samples is not None
            and not (isinstance(samples, list) and all(isinstance(s, dict) for s in samples))
        ):
            raise self._make_error("fewshot_config.samples must be a list of rows")
        if "process_docs" in given:
            process_docs = self._resolve_function("fewshot_config.process_docs", given["process_docs"])
        split = given.get("split", self._raw.get("fewshot_split"))
        if not (split is None or isinstance(split, str)):
            raise self._make_error(f"the split of few-shot examples must be a name; got {split!r}")
        for key in ("gen_prefix", "target_delimiter", "fewshot_delimiter"):
            if not (given.get(key) is None or isinstance(given[key], str)):
                raise self._make_error(f"fewshot_config.{key} must be a text; got {given[key]!r}")
        own = [
            self._parse_field(f"fewshot_config.{k}", given[k]) if given.get(k) is not None else None for k in _FIELDS
        ]
        text, target, choices = (
            mine if mine is not None else usual
            for mine, usual in zip(own, (asking.text, asking.target, asking.choices), strict=True)
        )
        shot = DocFields(
            text, target, choices, given.get("gen_prefix", asking.prefix),
            str(given.get("target_delimiter", asking.delimiter)), str(given.get("fewshot_delimiter", asking.after)),
        )  # fmt: skip
        return FewShotConfig(sampler, split, samples, process_docs), shot

    def _parse_pipelines(self, output: OutputType) -> tuple[Pipeline, ...]:
        entries = self._raw.get("filter_list") or [{"name": "none", "filter": [{"function": "take_first"}]}]
        if not isinstance(entries, list) or not all(isinstance(e, Mapping) and "filter" in e for e in entries):
            raise self._make_error("filter_list must be a list of mappings with 'name' and 'filter'")
        for entry in entries:
            steps = entry["filter"]
            if not isinstance(steps, list) or not all(isinstance(step, Mapping) for step in steps):
                raise self._make_error(f"a filter must be a list of mappings with 'function'; got {steps!r}")
            for function in steps:
                for key, value in function.items():
                    if isinstance(value, CodeRef) and not (key in {"function", "filter_fn"} and find_filter(value)):
                        self._resolve_function(f"the filter setting {key}", value)
                if replace_filter(function).get("function") == "custom":
                    raise TaskCodeError("custom filters are not supported, even for trusted code", where=self._where)
        if output != "generate_until" and any(
            function.get("function") != "take_first" for entry in entries for function in entry["filter"]
        ):
            raise self._make_error(f"has filters over text, and {output} makes no text")
        return tuple(
            build_pipeline(str(e.get("name", "none")), [replace_filter(f) for f in e["filter"]], self._where)
            for e in entries
        )

    def _parse_clusters(self) -> tuple[str, ...]:
        metadata = self._raw.get("metadata")
        given = self._raw.get("cluster_key") or (metadata.get("cluster") if isinstance(metadata, Mapping) else None)
        if given:
            return tuple(str(column) for column in (given if isinstance(given, list) else [given]))
        return next((CLUSTERS[family] for family in sorted(self._families) if family in CLUSTERS), ())

    def _describe_file(self) -> dict[str, Any]:
        """The task file as JSON values, without what only says where files lie."""
        skipped = {"tag", "group", "task", "task_alias", "metadata", *_IGNORED}
        found = {key: _describe_value(value) for key, value in self._raw.items() if key not in skipped}
        if isinstance(options := found.get("dataset_kwargs"), dict):
            found["dataset_kwargs"] = {key: value for key, value in options.items() if key not in _PLACES}
        if isinstance(path := found.get("dataset_path"), str) and PurePath(path).is_absolute():
            found["dataset_path"] = PurePath(path).name
        return found


def _describe_value(value: Any) -> Any:
    if isinstance(value, CodeRef):
        return f"!function {value}" + (" (fairtrial's own)" if find_replacement(value) else "")
    if isinstance(value, Mapping):
        return {str(key): _describe_value(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_describe_value(part) for part in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)
