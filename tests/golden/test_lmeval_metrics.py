"""Metrics of an installed lm-evaluation-harness that are no plain means: our values of all answers are theirs."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
pytest.importorskip("lm_eval", reason="the golden tests compare with lm-eval, which is not installed")

import parity
import rows

from fairtrial.records import COUNT, Answer, CorpusScore, GenerateAnswer, GenerateRequest, ScoreAnswer
from fairtrial.stats.corpus import Counts, estimate_corpus, expand_counts
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.lmeval import LmEvalCatalog, find_installed_lmeval_folder
from fairtrial.tasks.lmeval.task import LmEvalTask

FOLDER = find_installed_lmeval_folder()
SAID = [
    "The {} stands in the old {}, he said.",
    "A {} near the {}.",
    "the {} the {}",
    "",
    "Nothing at all",
    "(the {}; {})",
]


def translation(n: int, split: str) -> rows.Row:
    thing, place = rows.THINGS[n % 10], rows.PLACES[n % 7]
    text = f"The {thing} stands in the old {place}, he said."
    return {
        "sentence_cat_Latn": f"{split} {n} {thing}",
        "sentence_eus_Latn": text,
        "text": f"{thing} {n}",
        "target": text,
    }


def pairs(n: int, split: str) -> rows.Row:
    row = rows.piqa(n, split)
    said = {"premise": f"A {rows.THINGS[n % 10]} {n}", "hypothesis": f"It is kept in the {rows.PLACES[n % 10]}."}
    return {**row, **said, "label": [0, 1, 1, 2, 0][n % 5] if split == "test" else n % 3}


def two_choices(n: int, split: str) -> rows.Row:
    return {**rows.piqa(n, split), "Sentence": f"{rows.THINGS[n % 10]} {split} {n}", "Label": int(n % 3 == 0)}


def named(n: int, split: str) -> rows.Row:
    person, place = rows.THINGS[n % 10].title(), rows.PLACES[n % 4].title()
    return {"text": f"{person} went to {place} ({split} {n}).", "target": f"PER: {person} $$ LOC: {place}"}


def span(n: int, split: str) -> rows.Row:
    text = f"the old {rows.THINGS[n % 10]} of the {rows.PLACES[n % 7]}"
    return {"question_lang": f"What {n}?", "context": f"{split} {text}", "answer_pivot": text}


SPANS = [
    "PERSON: {0}\nLOCATION: {1}", "Person: {0} $ Location: {1}, Nowhere", "location: none", "", "per: {1} $$ org: {0}",
    "PER: The {0} $ LOC: {1}.",
]  # fmt: skip
WRITTEN: dict[str, tuple[Callable[[int, str], rows.Row], list[str], Callable[[int], tuple[str, str]]]] = {
    "basque_bench_flores_ca-eu": (translation, SAID, lambda n: (rows.THINGS[n % 10], rows.PLACES[n % 5])),
    "afridiacritics_bbj_prompt_1": (translation, SAID, lambda n: (rows.THINGS[n % 9], rows.PLACES[n % 7])),
    "masakhaner_am_prompt_1": (named, SPANS, lambda n: (rows.THINGS[n % 10].title(), rows.PLACES[n % 4].title())),
    "afriqa_bem_prompt_1": (
        span,
        [*SAID[:4], "The old {} of the {}.", SAID[5]],
        lambda n: (rows.THINGS[n % 10], rows.PLACES[n % 7]),
    ),
}
CHOSEN: dict[str, Callable[[int, str], rows.Row]] = {
    "afrixnli_native_direct_amh": pairs,
    "catcola": two_choices,
    "AraDiCE_piqa_egy": two_choices,
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, LmEvalTask]]:
    """Each task as they build it, and as we do."""
    assert FOLDER is not None
    base, catalog = tmp_path_factory.mktemp("rows"), LmEvalCatalog([FOLDER])
    made = {}
    for name, make in {**{name: one[0] for name, one in WRITTEN.items()}, **CHOSEN}.items():
        config = catalog.read_config(name)
        splits = {config.eval_split: 17, **dict.fromkeys(config.pools[:1], 6), "train": 6, "validation": 6, "dev": 6}
        files = parity.write_rows(base / name, rows.splits(make, **{**splits, config.eval_split: 17}))
        theirs = parity.their_task(catalog.list_names()[name].path, files, base / "cache")
        ours = catalog.build(name, TaskOptions(data_dir=base / name))
        assert isinstance(ours, LmEvalTask)
        made[name] = theirs, ours
    return made


def answer_items(ours: LmEvalTask, scores: list[parity.Score], texts: list[list[str]]) -> list[list[Answer]]:
    rest, found = list(scores), []
    for item in ours.items():
        answers: list[Answer] = []
        for request in ours.requests(item):
            if isinstance(request, GenerateRequest):
                answers.append(GenerateAnswer(texts[item.doc_id][0], 1, "stop"))
            else:
                mine, rest = rest[: len(request.pairs)], rest[len(request.pairs) :]
                logprobs, greedy = zip(*mine, strict=True)
                answers.append(ScoreAnswer(logprobs, greedy, (1,) * len(mine)))
        found.append(answers)
    return found


def compute_whole(ours: LmEvalTask, score: CorpusScore, answers: list[list[Answer]]) -> float:
    """A corpus score of all items, from what each of them counts."""
    prefix = f"{COUNT}{score.name}:"
    every = []
    for item, given in zip(ours.items(), answers, strict=True):
        counts = ours.counts(item, given)
        own = {one.measure.removeprefix(prefix): one.value for one in counts if one.measure.startswith(prefix)}
        assert own
        every.append(expand_counts(score.formula, own))
    names = tuple(sorted({name for own in every for name in own}))
    values = np.array([[own.get(name, 0.0) for name in names] for own in every])
    found = estimate_corpus(score.formula, Counts(names, values, np.arange(len(every))), 0.95)
    assert found.low < found.mean < found.high
    return found.mean


def check(theirs: Any, ours: LmEvalTask, scores: list[parity.Score], texts: list[list[str]]) -> set[str]:
    """Compare every metric of theirs with our measure or corpus score of that name; return the names."""
    raw = parity.their_values(theirs, scores, texts)
    observed = [one for item in parity.our_values(ours, scores, texts) for one in item]
    answers = answer_items(ours, scores, texts)
    measures = {measure.name: measure for measure in ours.card.measures}
    corpus = {score.name: score for score in ours.card.corpus}
    assert {score.paired for score in ours.card.corpus} <= measures.keys()
    names = {key for one in raw for key in one}
    for name in names:
        whole = float(theirs.aggregation()[name.partition(",")[0]]([one[name] for one in raw]))
        if name in corpus:
            assert name not in measures
            mine = compute_whole(ours, corpus[name], answers)
        else:
            scale = 100 if name == "ter" else 1
            mine = scale * parity.aggregate(measures[name], observed)
        assert mine == pytest.approx(whole, abs=1e-9), name
        assert whole not in (0.0, 1.0, 100.0), name
    return names


@pytest.mark.parametrize("name", WRITTEN)
def test_written_answers(name: str, built: dict[str, tuple[Any, LmEvalTask]]) -> None:
    theirs, ours = built[name]
    given = [(context, tuple(how["until"])) for context, how in parity.their_arguments(theirs)]
    assert [arguments[:2] for arguments in parity.our_arguments(ours)] == given
    _, forms, words = WRITTEN[name]
    texts = [[forms[(n * 5) % 6].format(*words(n))] for n in range(len(ours.items()))]
    assert check(theirs, ours, [], texts)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", CHOSEN)
def test_choices(name: str, seed: int, built: dict[str, tuple[Any, LmEvalTask]]) -> None:
    theirs, ours = built[name]
    assert parity.our_arguments(ours) == parity.their_arguments(theirs)
    scores = parity.invented_scores(len(theirs.instances), seed)
    assert {"acc"} < check(theirs, ours, scores, [])
