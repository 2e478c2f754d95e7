"""A file of own rows as a task: options scored by their texts, or answers written and graded.

Letters, the other way to ask for options, are `fairtrial.tasks.variants.letters` around this task.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from fairtrial.errors import TaskError
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
    make_example,
)
from fairtrial.records.duplicates import fold_question
from fairtrial.tasks.base import JudgeUse, TaskCard, TaskOptions
from fairtrial.tasks.own.options import to_text
from fairtrial.tasks.own.rows import RowQuestion, count_contradictions, find_one_gold
from fairtrial.tasks.own.saying import describe_source
from fairtrial.tasks.own.source import OwnSource, list_settings

MAX_TOKENS = 256
"""Of a written answer, unless the candidate's decoding says otherwise."""

ACC, ACC_NORM = Measure("acc"), Measure("acc_norm")


class OwnTask:
    """The rows of a file as items.  See `fairtrial.tasks.base.Task`.

    Options are scored: ``acc``, whether the likeliest is right; ``acc_norm``, the same per character.  Written answers
    get what the graders measure.  An item's id is the hash of its row's cells, ids of the file's own left out
    unless the question shows them, so that a changed file changes the items of changed rows alone.

    Raises TaskError if more examples are wanted than there are rows.
    """

    def __init__(self, source: OwnSource, name: str, options: TaskOptions) -> None:
        self._source, self._options = source, options
        self._shots = options.shots or 0
        self._examples, self._asked = self._split_examples()
        self.card = self._make_card(name)

    def _split_examples(self) -> tuple[list[RowQuestion], list[RowQuestion]]:
        """Return rows that are shown as examples, drawn by the seed, and those that are asked: no copies of these."""
        every = self._source.questions.asked
        if not self._shots:
            return [], every
        drawn = random.Random(self._options.seed).sample(every, min(self._shots, len(every)))
        taken = {self._make_key(one) for one in drawn}
        clusters = {self._find_cluster(one) for one in drawn} - {""}
        asked = [one for one in every if self._make_key(one) not in taken and self._find_cluster(one) not in clusters]
        if not asked or len(drawn) < self._shots:
            raise TaskError(
                f"has {len(every):,} rows, and {self._shots} of them as examples leave none to ask.",
                fix="Ask for fewer shots.",
                where=f"task {self._source.name}",
            )
        return drawn, asked

    def _make_key(self, question: RowQuestion) -> str:
        return fold_question(self._source.asking.identify(question))

    def _make_card(self, name: str) -> TaskCard:
        source = self._source
        measures = (ACC, ACC_NORM) if source.has_choices else source.graders.measures
        graded = {} if source.has_choices else {"grade": source.graders.document()}
        return TaskCard(
            name=name,
            version="1",
            revision=f"rows:{content_hash([item.id for item in self._items])}",
            licence="unknown",
            measures=measures,
            main_measure=measures[0].name,
            description=describe_source(source),
            chance=self._compute_chance(),
            corpus=() if source.has_choices else source.graders.corpus,
            settings={
                "format": "own rows",
                "prompt": source.asking.template,
                "columns": source.columns.document(),
                "shots": self._shots,
                **(
                    {"seed": self._options.seed, "examples": list(map(self._identify, self._examples))}
                    if self._shots
                    else {}
                ),
                **graded,
                "own": self._count_odd(),
            },
        )

    def _count_odd(self) -> dict[str, Any]:
        """Return what the headline may have to say of the rows; counts of nothing are left out."""
        found = self._source.questions
        texts = list(map(self._source.asking.identify, self._asked))
        gold, times = find_one_gold(self._asked)
        counts: dict[str, Any] = {
            "rows": len(self._asked) if self._source.group else self._source.table.size,
            "skipped": len({fault.row for fault in found.faults}),
            "unanswered": found.unanswered,
            "contradicting": count_contradictions(self._asked, texts),
            "like_lists": found.counts.get("like_lists", 0),
            **self._source.table.counts,
            "without_image": sum(not one.images.parts for one in self._asked) if self._source.images else 0,
        }
        odd = {name: count for name, count in counts.items() if count}
        return {
            **odd,
            "choices": self._source.has_choices,
            **({"one_gold": gold, "one_gold_times": times} if gold else {}),
        }

    def _compute_chance(self) -> float | None:
        """Return the expected accuracy of guessing among the options."""
        if not self._source.has_choices:
            return self._source.graders.chance
        return sum(len(set(one.places)) / len(one.choices) for one in self._asked) / len(self._asked)

    def items(self) -> Sequence[Item]:
        """Return the rows that are asked, in the file's order."""
        return self._items

    @cached_property
    def _items(self) -> tuple[Item, ...]:
        seen: Counter[str] = Counter()
        found = []
        for number, question in enumerate(self._asked):
            key = self._identify(question)
            seen[key] += 1
            item_id = key if seen[key] == 1 else content_hash([key, seen[key]])
            text = self._source.asking.describe(question)
            cluster = self._find_cluster(question) or item_id
            images = self._source.asking.list_images(question)
            found.append(Item(item_id, number, text, question.choices, question.gold, cluster, question.row, images))
        return tuple(found)

    def _identify(self, question: RowQuestion) -> str:
        cells = {
            name: value
            for name, value in question.row.items()
            if value is not None and name != self._unseen_id and not name.startswith("Unnamed: ")
        }
        if not question.images.parts:
            return content_hash(cells)
        shown = [image.hash for image in question.images.parts]
        return content_hash([{name: cells[name] for name in cells if name not in self._source.columns.images}, shown])

    @cached_property
    def _unseen_id(self) -> str:
        """The column of the rows' own ids where no question shows it; empty if there is none, or a question does."""
        own = self._source.columns.item
        return "" if self._source.asking.shows(own) else own

    def _find_cluster(self, question: RowQuestion) -> str:
        """Return the cluster that a row names; else rows with one image, or one passage before them, are one."""
        columns = self._source.columns
        if columns.cluster:
            value = question.row[columns.cluster]
            return "" if value is None else to_text(value)
        if question.images.parts:
            return content_hash([image.hash for image in question.images.parts])
        value = question.row[columns.context] if columns.context else None
        return "" if value is None else content_hash(fold_question(to_text(value)))

    def requests(self, item: Item) -> Sequence[Request]:
        """Return the one request for a row."""
        question = self._asked[item.doc_id]
        prompt = Prompt(self._source.asking.ask_parts(question), examples=self._shown)
        asked = prompt if self._options.chat else prompt.in_one_turn()
        label = f"{self.card.name} {question.place}"
        if self._source.has_choices:
            delimiter = "" if prompt.user[-1:].isspace() else " "
            return [ScoreRequest(tuple(Pair(asked, choice) for choice in item.choices), delimiter, label=label)]
        stop = () if self._options.chat else self._stop
        query, relevant = self._find_sought(question)
        return [GenerateRequest(asked, MAX_TOKENS, stop, label=label, query=query, relevant=relevant)]

    def _find_sought(self, question: RowQuestion) -> tuple[str, tuple[str, ...]]:
        """Return what levers that search should search for and find; nothing where no grader asks what was found."""
        tracing = self._source.graders.tracing
        if not tracing:
            return "", ()
        column = self._source.columns.question
        relevant = dict.fromkeys(name for grader in tracing for name in grader.list_relevant(question.row))
        return to_text(question.row[column]) if column else "", tuple(relevant)

    @cached_property
    def _shown(self) -> tuple[Any, ...]:
        """The examples as messages."""
        ask = self._source.asking.ask_parts
        return tuple(m for one in self._examples for m in make_example(ask(one), one.gold[0] if one.gold else ""))

    @cached_property
    def _stop(self) -> tuple[str, ...]:
        """What ends a written answer in running text: a line's end where right answers are single lines."""
        lines = any("\n" in gold for question in self._asked for gold in question.gold)
        usual = not self._source.asking.template and not self._source.columns.is_whole_prompt
        return (
            ("\n",) if usual and not lines and self._source.graders.needs_expected else ("\n\n",) if not lines else ()
        )

    def images(self, item: Item) -> Iterable[tuple[ImagePart, bytes]]:
        """Return the images that the request for a row shows, with their bytes."""
        held = self._source.images
        if held is None:
            return []
        shown = [*item.images, *(image for message in self._shown for image in message.images)]
        return [(image, held.read(image)) for image in dict.fromkeys(shown)]

    def answer_columns(self) -> Collection[str]:
        """Return the columns of right and of wrong answers, those that graders read, and ids that no question shows."""
        columns = self._source.columns
        own = [self._unseen_id] if self._unseen_id else []  # no part of an item's identity, so nothing may depend on it
        graded = [*list_settings(self._source.written), *self._source.graders.read_columns()]
        return [*columns.answers, *columns.wrong, *graded, *own]

    def examples(self) -> Sequence[str]:
        """Return the rows that are shown as examples, with their right answers; none of them is an item."""
        ask = self._source.asking.ask
        return [f"{ask(one)} {one.gold[0]}" for one in self._examples if one.gold]

    def grade(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return the measures of the card."""
        (answer,) = answers
        if isinstance(answer, GenerateAnswer):
            return self._source.graders.observe(answer.text, item.gold, item.data, answer.trace)
        assert isinstance(answer, ScoreAnswer)
        right = set(self._asked[item.doc_id].places)
        scores = list(answer.logprobs)
        norm = [score / len(choice) for score, choice in zip(scores, item.choices, strict=True)]
        return [
            Observation(measure.name, float(values.index(max(values)) in right))
            for measure, values in ((ACC, scores), (ACC_NORM, norm))
        ]

    def signs(self, item: Item, answers: Sequence[Answer], grades: Sequence[Observation]) -> Sequence[str]:
        """Return how a written answer was given, as its grader sees it."""
        (answer,) = answers
        if isinstance(answer, GenerateAnswer):
            return self._source.graders.find_signs(answer.text, item.gold, item.data, answer.trace)
        return []

    def counts(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return what a written answer counts for scores of all answers together."""
        (answer,) = answers
        return self._source.graders.count(answer.text, item.gold) if isinstance(answer, GenerateAnswer) else []

    def traced_measures(self) -> Collection[str]:
        """Return the measures of what was found for written answers."""
        return [measure.name for grader in self._source.graders.tracing for measure in grader.measures]

    def absences(self, item: Item, answers: Sequence[Answer]) -> Mapping[str, str]:
        """Return which of these measures an answer cannot have, and why."""
        (answer,) = answers
        return self._source.graders.explain_absences(answer.trace, item.data)

    def judges(self) -> Sequence[JudgeUse]:
        """Return who judges written answers, if a grader says so."""
        return [] if self._source.has_choices else self._source.graders.judges()

    def judge_requests(self, item: Item, answers: Sequence[Answer]) -> Sequence[Request | None]:
        """Return what each judge is asked about a written answer."""
        (answer,) = answers
        assert isinstance(answer, GenerateAnswer)
        return self._source.graders.judge_requests(item.question, answer.text, item.gold, item.data)
