"""IFEval: every check of ours says of invented answers what lm-evaluation-harness's says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
pytest.importorskip("lm_eval", reason="the golden tests compare with lm-eval, which is not installed")

import langdetect
import parity
from lm_eval.tasks.ifeval import instructions_registry, instructions_util, utils

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.lmeval import LmEvalCatalog, find_installed_lmeval_folder
from fairtrial.tasks.lmeval import ifeval as ours

GIVEN: list[tuple[str, dict[str, Any]]] = [
    ("keywords:existence", {"keywords": ["kettle", "mill"]}),
    ("keywords:frequency", {"keyword": " mill ", "frequency": 2, "relation": "at least"}),
    ("keywords:frequency", {"keyword": "mill", "frequency": 2, "relation": "less than"}),
    ("keywords:forbidden_words", {"forbidden_words": ["mill", "loom"]}),
    ("keywords:letter_frequency", {"letter": "M", "let_frequency": 3, "let_relation": "at least"}),
    ("language:response_language", {"language": "de"}),
    ("length_constraints:number_sentences", {"num_sentences": 2, "relation": "less than"}),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}),
    ("length_constraints:number_words", {"num_words": 8, "relation": "at least"}),
    ("length_constraints:nth_paragraph_first_word", {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Then"}),
    ("detectable_content:number_placeholders", {"num_placeholders": 2}),
    ("detectable_content:postscript", {"postscript_marker": "P.P.S"}),
    ("detectable_content:postscript", {"postscript_marker": "P.S."}),
    ("detectable_content:postscript", {"postscript_marker": "Note"}),
    ("detectable_format:number_bullet_lists", {"num_bullets": 3}),
    ("detectable_format:constrained_response", {}),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 2}),
    ("detectable_format:multiple_sections", {"section_spliter": "Section ", "num_sections": 2}),
    ("detectable_format:json_format", {}),
    ("detectable_format:title", {}),
    ("combination:two_responses", {}),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Tell of the mill."}),
    ("startend:end_checker", {"end_phrase": " That is all. "}),
    ("startend:quotation", {}),
    ("change_case:capital_word_frequency", {"capital_frequency": 2, "capital_relation": "at least"}),
    ("change_case:english_capital", {}),
    ("change_case:english_lowercase", {}),
    ("punctuation:no_comma", {}),
]
TEXTS = [
    "The old mill and the kettle stand by the MILL, my master made them.",
    "Der alte Müller mahlt sein Korn in der Mühle, und die Kinder spielen im Garten.",
    "First a word.\n\nThen, another one.",
    "First.\n\n'Then it was. \n\n  ",
    "One *** two",
    "*** one *** two ***",
    "a *** *** b",
    "Dear [name], come to [place].\nP.S. bring the kettle\np. p. s bring it now",
    "note: it is late\nP.P.S so it is",
    "* one\n* two\n- three",
    "**bold** text",
    "*so* it *is* * *",
    "I say: My answer is maybe. ",
    "Section 1 a Section 2 b",
    '```json\n{"mill": [1, 2]}\n```',
    "{not json}",
    "<<The Mill>>\nIt stands.",
    "<< >>",
    "one******two",
    "one******one",
    "a******\n******b",
    "tell of the MILL. It stands.",
    'It stands. "that is ALL."',
    '"quoted"',
    '"',
    "THE OLD MILL STANDS BY THE RIVER AND WE WALK THERE EVERY DAY",
    "the old mill stands by the river and we walk there",
    "* \n*a*\n**b**\n",
    "loom",
    "Title line\n\nmill kettle mill.\nThat is all.",
    "12 34 56",
    " \n ",
    "millstone, milling, mill",
]


@pytest.fixture(autouse=True)
def steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same languages for both, and sentences without nltk's data, which has to be fetched."""
    monkeypatch.setattr(langdetect.DetectorFactory, "seed", 0)

    class Sentences:
        def tokenize(self, text: str) -> list[str]:
            return [part for part in text.split(". ") if part]

    class Words:
        def word_tokenize(self, text: str) -> list[str]:
            return text.replace(",", " ,").split()

    monkeypatch.setattr(instructions_util, "_get_sentence_tokenizer", Sentences)
    monkeypatch.setattr(instructions_util, "nltk", type("Nltk", (), {
        "word_tokenize": Words().word_tokenize, "tokenize": instructions_util.nltk.tokenize,
    }))  # fmt: skip
    monkeypatch.setattr(ours, "_load_sentence_tokenizer", Sentences)
    monkeypatch.setattr(ours, "_load_nltk", Words)


def row_of(*numbers: int) -> dict[str, Any]:
    return {
        "key": 1, "prompt": "Tell of the mill.", "instruction_id_list": [GIVEN[n][0] for n in numbers],
        "kwargs": [{**GIVEN[n][1], "unused": None} for n in numbers],
    }  # fmt: skip


def test_every_instruction_is_known() -> None:
    assert ours.CHECKS.keys() == instructions_registry.INSTRUCTION_DICT.keys() == {name for name, _ in GIVEN}


@pytest.mark.parametrize("number", range(len(GIVEN)), ids=[name for name, _ in GIVEN])
def test_each_instruction(number: int) -> None:
    row = row_of(number)
    row["kwargs"] = [GIVEN[number][1]]
    ours.InstructionGrader().prepare([row])
    found = [ours.InstructionGrader()(row, [text]) for text in TEXTS]
    assert found == [utils.process_results(row, [text]) for text in TEXTS]
    assert len({one["prompt_level_loose_acc"] for one in found}) == 2


def test_the_whole_task(tmp_path: Path) -> None:
    folder = find_installed_lmeval_folder()
    assert folder is not None
    made = [row_of(*((n % 28, (n + 9) % 28)[: 1 + n % 2])) | {"key": n} for n in range(24)]
    names = {key: None for row in made for given in row["kwargs"] for key in given if key != "unused"}
    for row in made:  # one schema for all rows, as the data set has it
        row["kwargs"] = [{**names, **{k: v for k, v in given.items() if v}} for given in row["kwargs"]]
    files = parity.write_rows(tmp_path / "rows", {"train": made})
    catalog = LmEvalCatalog([folder])
    theirs = parity.their_task(catalog.list_names()["ifeval"].path, files, tmp_path / "cache")
    task = catalog.build("ifeval", TaskOptions(data_dir=tmp_path / "rows"))
    how = [(c, tuple(k["until"]), k["max_gen_toks"], k["temperature"]) for c, k in parity.their_arguments(theirs)]
    assert parity.our_arguments(task) == how
    texts = [[TEXTS[(n * 7) % len(TEXTS)]] for n in range(24)]
    raw, graded = parity.their_values(theirs, [], texts), parity.our_values(task, [], texts)
    for measure in task.card.measures:
        whole = theirs.aggregation()[measure.name]([one[measure.name] for one in raw])
        assert parity.aggregate(measure, [one for item in graded for one in item]) == pytest.approx(whole)
        assert 0 < whole < 1
