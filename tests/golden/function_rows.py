"""Invented rows, in the columns of well-known data sets, for tasks whose files name Python functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
THINGS = ["kettle", "ladder", "lantern", "compass", "wheelbarrow", "sundial", "bellows", "anvil", "spade", "churn"]


def _pro(n: int) -> Row:
    options = [f" {THINGS[(n + k) % 10]} no. {k} " for k in range(4 + n % 7)]
    right = n % len(options)
    return {
        "question_id": n, "question": f"Which of these did the smith mend on day {n}?", "options": options,
        "answer": "ABCDEFGHIJ"[right], "answer_index": right, "category": "biology" if n % 3 else "law",
        "cot_content": f"A: Let's think step by step. On day {n} he mended one. The answer is ({'ABCDEFGHIJ'[right]}).",
        "src": "invented",
    }  # fmt: skip


def _gpqa(n: int) -> Row:
    return {
        "Question": f"A rod of {n} m is heated. What grows? [title] It is iron.",
        "Correct Answer": f" length {n} [note]",
        "Incorrect Answer 1": f"mass  {n}", "Incorrect Answer 2": None if n == 3 else "charge",
        "Incorrect Answer 3": "colour",
    }  # fmt: skip


def _musr(n: int) -> Row:
    names = [THINGS[n % 10].title(), THINGS[(n + 1) % 10].title(), "Zoë's"][: 2 + n % 2]
    return {
        "narrative": f"In the barn {n} a thing was moved twice.", "question": "Who moved it?", "choices": str(names),
        "answer_index": n % len(names), "answer_choice": names[n % len(names)],
    }  # fmt: skip


def _drop(n: int) -> Row:
    def answer(kind: str) -> dict[str, Any]:
        date = {"day": "", "month": "", "year": ""}
        if kind == "number":
            return {"number": str(n), "date": date, "spans": []}
        if kind == "spans":
            return {"number": "", "date": date, "spans": [f"the {THINGS[n % 10]}", f"{n} sacks"][: 1 + n % 2]}
        return {"number": "", "date": {"day": "7", "month": "May", "year": f"18{n:02}"}, "spans": []}

    kinds = [["number"], ["spans", "number"], ["date", "spans", "date"]][n % 3]
    given = [answer(kind) for kind in kinds]
    columns = ("number", "date", "spans")
    return {
        "query_id": f"q{n}", "passage": f"In 18{n:02} there were {n} sacks and a {THINGS[n % 10]}.",
        "question": "What was there?", "answer": {**given[0], "hit_id": "h", "worker_id": "w"},
        "validated_answers": {column: [one[column] for one in given[1:]] for column in columns},
    }  # fmt: skip


def _race(n: int) -> Row:
    def problem(k: int) -> dict[str, Any]:
        blank = "The smith sold his" + "  _  ." if k % 2 else f"What was sold on day {k}?"
        return {
            "question": blank,
            "answer": "ABCD"[(n + k) % 4],
            "options": [f"{THINGS[(k + j) % 10]}" for j in range(4)],
        }

    return {"article": f"Story {n}: he sold it.", "problems": str([problem(k) for k in range(1 + n % 3)])}


def _maths(n: int) -> Row:
    answers = [r"\frac{1}{2}", "12", r"x^2+1", r"3\sqrt{2}", r"(1,2)", r"\text{even}", "1{,}200", r"\pi cm"]
    return {
        "problem": f"Find the value number {n}.", "level": "Level 5" if n % 4 else "Level 1", "type": "Algebra",
        "solution": f"We count and find $\\boxed{{{answers[n % 8]}}}$.",
    }  # fmt: skip


def _truth(n: int) -> Row:
    thing = THINGS[n % 10]
    return {
        "type": "Adversarial", "category": "Tools", "question": f" What is a {thing} for? ",
        "best_answer": "Work", "correct_answers": [f"A {thing} is for work.", f"Work with a {thing}", ""],
        "incorrect_answers": [f"A {thing} is for dancing", "Nothing at all."], "source": "invented",
    }  # fmt: skip


def _global(n: int) -> Row:
    return {
        "sample_id": f"s{n}", "subject": "anatomy" if n % 3 else "virology", "question": f"Which bone is number {n}?",
        "option_a": "shin", "option_b": f"rib {n}", "option_c": "skull", "option_d": "hand", "answer": "ABCD"[n % 4],
    }  # fmt: skip


def _prox(n: int) -> Row:
    options = {f"option_{k}": f"Stoff {k}" if k < 4 + n % 7 else None for k in range(10)}
    return {
        "question_id": n, "question": f"Was ist Nr. {n}?", "answer": "ABCD"[n % 4], "answer_index": n % 4,
        "category": "biology" if n % 2 else "law", "cot_content": f"A: Let's think. Nr. {n}. Die Antwort ist (B)",
        **options,
    }  # fmt: skip


def _mlqa(n: int) -> Row:
    thing = THINGS[n % 10]
    return {
        "id": f"m{n}", "context": f"There was the {thing}, and a churn.", "question": "What was there?",
        "answers": {"text": [f"the {thing}", f"{thing}!"][: 1 + n % 2], "answer_start": [10, 14][: 1 + n % 2]},
    }  # fmt: skip


def _mmmlu(n: int) -> Row:
    subjects = ["anatomy", "anatomy_test.csv_de-DE.csv", "virology"]
    return {"Question": f"Frage {n}?", "A": "eins", "B": "zwei", "C": "drei", "D": "vier", "Answer": "ABCD"[n % 4],
            "Subject": subjects[n % 3]}  # fmt: skip


_ASKED: Sequence[tuple[str, dict[str, Any]]] = [
    ("punctuation:no_comma", {}), ("length_constraints:number_words", {"relation": "at least", "num_words": 6}),
    ("keywords:existence", {"keywords": ["kettle", "churn"]}), ("startend:quotation", {}),
    ("keywords:letter_frequency", {"letter": "e", "let_frequency": 3, "let_relation": "at least"}),
    ("change_case:english_lowercase", {}), ("detectable_format:title", {}),
    ("detectable_content:number_placeholders", {"num_placeholders": 1}), ("detectable_format:json_format", {}),
    ("startend:end_checker", {"end_phrase": "and a churn"}), ("language:response_language", {"language": "en"}),
    ("combination:two_responses", {}), ("length_constraints:number_paragraphs", {"num_paragraphs": 1}),
]  # fmt: skip


def _instructions(n: int) -> Row:
    chosen = [_ASKED[(n * 3 + k) % len(_ASKED)] for k in range(1 + n % 3)]
    keys = sorted({key for _, settings in _ASKED for key in settings})
    return {
        "key": n, "prompt": f"Tell of day {n}.", "instruction_id_list": [name for name, _ in chosen],
        "kwargs": [{key: settings.get(key) for key in keys} for _, settings in chosen],
    }  # fmt: skip


def _rows(make: Any, count: int = 9, start: int = 0) -> Sequence[Row]:
    return [make(n) for n in range(start, start + count)]


TASKS: Mapping[str, Mapping[str, Sequence[Row]]] = {
    "mmlu_pro_biology": {"validation": _rows(_pro, 12, 50), "test": _rows(_pro)},
    "leaderboard_mmlu_pro": {"validation": _rows(_pro, 12, 50), "test": _rows(_pro)},
    "gpqa_main_zeroshot": {"train": _rows(_gpqa)},
    "gpqa_diamond_cot_zeroshot": {"train": _rows(_gpqa)},
    "leaderboard_gpqa_main": {"train": _rows(_gpqa)},
    "leaderboard_musr_murder_mysteries": {"murder_mysteries": _rows(_musr)},
    "drop": {"train": _rows(_drop, 6, 30), "validation": _rows(_drop)},
    "race": {"test": _rows(_race)},
    "minerva_math_algebra": {"train": _rows(_maths, 4, 40), "test": _rows(_maths)},
    "leaderboard_math_algebra_hard": {"train": _rows(_maths, 4, 40), "test": _rows(_maths)},
    "hendrycks_math_algebra": {"train": _rows(_maths, 4, 40), "test": _rows(_maths)},
    "truthfulqa_gen": {"validation": _rows(_truth)},
    "global_mmlu_full_en_anatomy": {"dev": _rows(_global, 9, 40), "test": _rows(_global)},
    "mmlu_prox_de_biology": {"validation": _rows(_prox, 12, 50), "test": _rows(_prox)},
    "ifeval": {"train": _rows(_instructions, 13)},
    "mlqa_en_en": {"validation": _rows(_mlqa, 5, 40), "test": _rows(_mlqa)},
}
"""Task, split, rows."""
