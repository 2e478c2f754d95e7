"""A benchmark read from a task file: its items, what to ask about each, and how answers are graded.

It puts the parts of this folder together and knows nothing of how files are found.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar, cast

from fairtrial.errors import DataError, FairtrialError, TaskError
from fairtrial.records import (
    Answer,
    GenerateAnswer,
    GenerateRequest,
    ImagePart,
    Item,
    Measure,
    Observation,
    Pair,
    Prompt,
    Request,
    ScoreAnswer,
    ScoreRequest,
    content_hash,
)
from fairtrial.tasks.base import TaskCard, TaskOptions
from fairtrial.tasks.data.datasets import DatasetRows, DataSource, convert_to_json, open_rows
from fairtrial.tasks.data.rows import RowDict
from fairtrial.tasks.lmeval.config import TaskConfig
from fairtrial.tasks.lmeval.fewshot import draw
from fairtrial.tasks.lmeval.golds import convert_to_plain
from fairtrial.tasks.lmeval.grading import (
    count_choices,
    count_texts,
    find_text_signs,
    grade,
    grade_texts,
    list_corpus_scores,
    list_measures,
)
from fairtrial.tasks.lmeval.ifeval import InstructionGrader
from fairtrial.tasks.lmeval.keys import KeyMaker
from fairtrial.tasks.lmeval.native import ChoiceGrader
from fairtrial.tasks.lmeval.pictures import Pictures, hide_names
from fairtrial.tasks.lmeval.processing import check_code, process_rows, read_samples
from fairtrial.tasks.lmeval.prompts import Prompter
from fairtrial.tasks.lmeval.scorers import load_libraries
from fairtrial.tasks.lmeval.template import Fields
from fairtrial.tasks.reading import clean

MOST_EXAMPLES = 128
T = TypeVar("T")


class LmEvalTask:
    """A task of lm-evaluation-harness, asked and graded as they do.

    Args:
        config: the task file, parsed.
        dataset: its ``dataset_path``, ``dataset_name`` and ``dataset_kwargs``.
        folder: folder of the task file, which relative data files are relative to.
        options: what the trial says.

    Raises DataError if rows are missing or do not fit the task file, TaskError if the options do not.
    """

    def __init__(self, config: TaskConfig, dataset: Mapping[str, Any], folder: Path, options: TaskOptions) -> None:
        self._config = config
        self._options = options
        self._where = f"task {config.name}"
        self._cleans = _should_strip(config, folder, options.clean)
        self._shots = self._number_of_shots()
        load_libraries([metric.text.likeness for metric in config.metrics if metric.text and metric.text.likeness])
        rows = self._open(dataset, folder)
        splits = [config.eval_split]
        self._pictures = Pictures(config.images, rows.folder(config.eval_split) if config.images is not None else None)
        read = self._pictures.name(rows.split(config.eval_split))
        self._docs = process_rows(read, config.process_docs, self._where)
        check_code(config, read, self._docs)
        if isinstance(config.process_results, InstructionGrader):
            config.process_results.prepare(self._docs)
        if not self._docs:
            raise DataError(f"the split {config.eval_split!r} has no rows", where=self._where)
        self._rows = rows
        pool, pool_split = self._pick_pool(rows) if self._shots else ([], None)
        if pool_split and pool_split not in splits:
            splits.append(pool_split)
        self._fields = Fields(frozenset(self._docs[0]), config.asking.choices is not None)
        self._draws = draw(
            pool, self._docs, self._shots, config.examples.sampler,
            exclude_self=config.examples.split == config.test_split, seed=options.seed,
        )  # fmt: skip
        first = self._docs[0]
        question = self._name_item(0, lambda: convert_to_plain(self._fields.text(config.asking.text, first)))
        contexts_differ = self._fields.with_choices and isinstance(question, int)
        maker = KeyMaker(config, self._fields, contexts_differ, self._row_located)
        self._key = maker.make(self._docs)
        answer = maker.shown(config.shot, self._key, pool)
        self._prompter = Prompter(config, self._fields, pool, contexts_differ, options.chat, answer, self._pictures)
        self.card = self._make_card(rows.revision(splits))

    def _number_of_shots(self) -> int:
        own, wanted = self._config.shots, self._options.shots
        if wanted and own == 0:
            raise TaskError(
                f"has num_fewshot: 0, which fixes its prompt; {wanted} shots were asked for",
                fix="Leave the shots out, or use a copy of the task file without num_fewshot.",
                where=self._where,
            )
        return (own or 0) if wanted is None else wanted

    def _open(self, dataset: Mapping[str, Any], folder: Path) -> DatasetRows:
        path, name, options = (dataset.get(key) for key in ("dataset_path", "dataset_name", "dataset_kwargs"))
        if not isinstance(path, str):
            raise TaskError(f"has no dataset_path; got {path!r}", where=self._where)
        source = DataSource(path, None if name is None else str(name), options or {}, folder, self._options.data_dir)
        return open_rows(source)

    def _pick_pool(self, rows: DatasetRows) -> tuple[list[RowDict], str | None]:
        """Rows to take examples from, and the split that they are, if they are one."""
        examples, config = self._config.examples, self._config
        if examples.split:
            return process_rows(
                self._pictures.name(rows.split(examples.split)), examples.process_docs, self._where
            ), examples.split
        if examples.samples is not None:
            return read_samples(examples.samples, self._where), None
        split = config.pools[0]
        if split == config.eval_split:
            return self._docs, split
        return process_rows(self._pictures.name(rows.split(split)), config.process_docs, self._where), split

    def _make_card(self, revision: str) -> TaskCard:
        config, metadata = self._config, self._config.metadata
        found = self._list_measures()
        return TaskCard(
            name=config.name,
            version=str(metadata.get("version", "unknown")),
            revision=revision,
            licence=str(metadata.get("license") or metadata.get("licence") or "unknown"),
            measures=found,
            main_measure=found[0].name,
            description=str(metadata.get("description", "")),
            citation=str(metadata.get("citation", "")),
            chance=self._compute_chance(),
            corpus=list_corpus_scores(config),
            settings={
                "format": "lm-evaluation-harness 0.4",
                "task_file": config.raw,
                "shots": self._shots,
                "seed": self._options.seed if self._shots and config.examples.sampler == "default" else 0,
                "clusters": list(config.clusters),
                "left_out": list(config.left_out),
                "trusted_code": dict(config.code),
                **({"restricted_code": dict(config.restricted)} if config.restricted else {}),
                "answers": {"hash": content_hash(self._key.texts), **self._key.notes},
                **({"clean": True} if self._cleans else {}),
            },
        )

    def _list_measures(self) -> tuple[Measure, ...]:
        """The task's measures, less those that apply to no row (bias scores of absent categories)."""
        found, grader = list_measures(self._config), self._config.process_results
        if not isinstance(grader, ChoiceGrader):
            return found
        rows = zip(self._docs, self._items, strict=True)
        applying = {name for doc, item in rows for name in grader(doc, [0.0] * len(item.choices))}
        return tuple(measure for measure in found if measure.name.partition(",")[0] in applying)

    def _compute_chance(self) -> float | None:
        """Expected accuracy of guessing among the choices, where every item has the same number of them."""
        config = self._config
        graded_as_usual = config.process_results is None and config.metrics[0].name.startswith("acc")
        if config.output != "multiple_choice" or not graded_as_usual:
            return None
        if len({len(item.choices) for item in self._items}) != 1:
            return None
        return sum(len(item.gold) for item in self._items) / sum(len(item.choices) for item in self._items)

    def items(self) -> Sequence[Item]:
        """Return all items in the order of the rows."""
        return self._items

    @cached_property
    def _items(self) -> tuple[Item, ...]:
        seen: Counter[str] = Counter()
        found: list[Item] = []
        for number, doc in enumerate(self._docs):
            data = convert_to_json(doc)
            key = content_hash(data)
            seen[key] += 1
            item_id = key if seen[key] == 1 else content_hash([data, seen[key]])
            found.append(self._name_item(number, partial(self._make_item, number, item_id, data)))
        return tuple(found)

    def _make_item(self, number: int, item_id: str, data: RowDict) -> Item:
        config, doc = self._config, self._docs[number]
        choices = self._key.choices[number]
        if self._prompter.contexts_differ:
            question = " / ".join(choices)
        else:
            question = str(self._fields.text(config.asking.text, doc))
        images = self._pictures.of(doc, self._fields)
        missing = [column for column in config.clusters if column not in data]
        if missing:
            raise DataError(f"the row has no column {missing[0]!r}, which is to name its cluster")
        cluster = "/".join(str(data[column]) for column in config.clusters)
        cluster = cluster or (content_hash([image.hash for image in images]) if images else item_id)
        shown = {name: hide_names(value) for name, value in data.items()} if images else data
        return Item(item_id, number, question, choices, self._key.texts[number], cluster, shown, images)

    def images(self, item: Item) -> Iterable[tuple[ImagePart, bytes]]:
        """Return the images that the requests about an item show, with their bytes."""
        if not self._pictures.shown:
            return []
        shown = [image for asked in self.requests(item) for prompt in asked.prompts for image in prompt.images]
        return [(image, self._pictures.read(image)) for image in dict.fromkeys(shown)]

    def answer_columns(self) -> Collection[str] | None:
        """Return the columns that the target is made from; None where a function makes it, or grades by the row."""
        target = self._config.raw.get("doc_to_target")
        if self._config.code or self._config.process_results is not None or not isinstance(target, str | int):
            return None
        words = set(re.findall(r"\w+", str(target)))
        return [column for column in self._docs[0] if column in words]

    def examples(self) -> Sequence[str]:
        """Return rows of the few-shot split, evenly spread, with their answers; none if that is the split asked."""
        pool, split = self._pick_pool(self._rows)
        if split == self._config.eval_split or not pool:
            return []
        spread = pool[:: -(-len(pool) // MOST_EXAMPLES)]
        return replace(self._prompter, pool=spread).examples()

    def requests(self, item: Item) -> Sequence[Request]:
        """Return one request; several only where a task samples several answers (``repeats``)."""
        return self._name_item(item.doc_id, lambda: self._make_requests(item))

    def _make_requests(self, item: Item) -> Sequence[Request]:
        config, doc = self._config, self._docs[item.doc_id]
        label = f"{config.name} item {item.doc_id}"
        if config.output == "loglikelihood_rolling":
            return [ScoreRequest((Pair(Prompt(""), item.gold[0]),), delimiter="", rolling=True, label=label)]
        prompts = self._prompter.prompts(doc, self._draws[item.doc_id], item.choices)
        if config.output == "generate_until":
            return self._make_generation(prompts[0], label)
        if config.output == "loglikelihood":
            return [ScoreRequest((Pair(prompts[0], item.gold[0]),), delimiter="", label=label)]
        return [self._make_scoring(item, prompts, label)]

    def _make_scoring(self, item: Item, prompts: Sequence[Prompt], label: str) -> ScoreRequest:
        config, doc = self._config, self._docs[item.doc_id]
        if self._prompter.contexts_differ:
            rest = str(self._fields.target(config.asking.target, doc))
            pairs = [Pair(prompt, rest) for prompt in prompts]
        else:
            pairs = [Pair(prompts[0], choice) for choice in item.choices]
        if any(metric.name == "acc_mutual_info" for metric in config.metrics):
            pairs += [Pair(Prompt(""), choice) for choice in item.choices]
        delimiter = self._prompter.delimiter
        if self._options.chat and delimiter:  # the engine leaves a delimiter out after a template; this one stays
            pairs = [Pair(pair.prompt, delimiter + pair.continuation) for pair in pairs]
            delimiter = ""
        return ScoreRequest(tuple(pairs), delimiter, label=label)

    def _make_generation(self, prompt: Prompt, label: str) -> list[Request]:
        how = self._config.generation
        greedy = how.temperature == 0.0
        seeds = [0] if greedy else range(1, self._config.repeats + 1)
        return [
            GenerateRequest(prompt, how.max_tokens, how.until, how.temperature, how.top_p, how.top_k, seed, label)
            for seed in seeds
        ]

    def grade(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Judge the answers; a greedy answer counts for all repeats, which would be the same."""
        return self._name_item(item.doc_id, lambda: self._grade(item, answers))

    def _grade(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        doc = self._docs[item.doc_id]
        if self._config.output != "generate_until":
            targets = self._key.positions[item.doc_id]
            text = "" if item.choices else item.gold[0]
            return grade(self._config, doc, item.choices, targets, text, cast(ScoreAnswer, answers[0]))
        several = self._key.several[item.doc_id]
        return grade_texts(self._config, doc, self._list_golds(item), several, self._list_texts(answers))

    def counts(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return what an item counts for scores of all answers together."""
        return (
            self._name_item(item.doc_id, lambda: self._count_for_corpus(item, answers)) if self._config.corpus else ()
        )

    def _count_for_corpus(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        config = self._config
        if config.output != "generate_until":
            targets = self._key.positions[item.doc_id]
            return count_choices(config, targets, cast(ScoreAnswer, answers[0]), len(item.choices))
        return count_texts(config, self._docs[item.doc_id], self._list_golds(item), self._list_texts(answers))

    def signs(self, item: Item, answers: Sequence[Answer], grades: Sequence[Observation]) -> Sequence[str]:
        """Return whether a written answer could not be read, or misses by white space, case or a full stop only."""
        if self._config.output != "generate_until":
            return []
        doc, texts = self._docs[item.doc_id], self._list_texts(answers)
        return self._name_item(
            item.doc_id,
            lambda: find_text_signs(self._config, doc, self._list_golds(item), texts, grades),
        )

    def _list_texts(self, answers: Sequence[Answer]) -> list[str]:
        """Return what is graded: one text a repeat, cleaned where the task cleans."""
        texts = [cast(GenerateAnswer, answer).text for answer in answers]
        texts = [clean(text) for text in texts] if self._cleans else texts
        return texts * (self._config.repeats if len(texts) == 1 else 1)

    def _list_golds(self, item: Item) -> Sequence[str]:
        return [clean(text) for text in item.gold] if self._cleans else item.gold

    def _row_located(self, number: int, work: Callable[[], T]) -> T:
        """Do ``work`` about a right answer and name the item, its file and row in what it raises."""
        try:
            return self._name_item(number, work)
        except DataError as error:
            split, plain = self._config.eval_split, self._config.process_docs is None
            error.where = f"{self._where}, item {number}{self._rows.place(split, number if plain else None)}"
            raise

    def _name_item(self, number: int, work: Callable[[], T]) -> T:
        """Do ``work`` and name the item in what it raises."""
        try:
            return work()
        except TaskError as error:
            error.where = error.where or f"{self._where}, item {number}"
            raise
        except FairtrialError:
            raise
        except Exception as error:  # code of the task may raise anything
            kind = type(error).__name__
            raise DataError(
                f"the row does not fit the task file: {kind}: {error}", where=f"{self._where}, item {number}"
            ) from error


def _should_strip(config: TaskConfig, folder: Path, wanted: bool | None) -> bool:
    """Return whether white space is taken off the ends of written answers, and of gold, before they are graded.

    The file's own ``metadata: {strip: ...}`` decides, then what the trial wants.  Else answers are cleaned unless the
    file says itself how answers are read (filters, code), or is one of lm-evaluation-harness's own, whose grades are to
    be theirs.

    Args:
        config: the task file.
        folder: where it lies; the harness's own files lie in ``lm_eval/tasks``.
        wanted: by the trial; None leaves it to the task.

    Raises TaskError if ``strip`` is neither true nor false.
    """
    if config.output != "generate_until":
        return False
    own = config.metadata.get("strip")
    if own is not None and not isinstance(own, bool):
        raise TaskError(f"metadata has strip: {own!r}; write true or false", where=f"task {config.name}")
    if own is not None or wanted is not None:
        return bool(wanted if own is None else own)
    theirs = "/lm_eval/tasks/" in f"{folder.resolve().as_posix()}/"
    return not theirs and config.process_results is None and not config.raw.get("filter_list")
