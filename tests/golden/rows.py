"""Rows invented for the tests, with the columns of well-known benchmarks; none of them is from a benchmark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Row = dict[str, Any]
Splits = dict[str, list[Row]]

THINGS = ["kettle", "ladder", "lantern", "compass", "wheelbarrow", "sundial", "bellows", "anvil", "loom", "prism"]
PLACES = ["harbour", "orchard", "attic", "quarry", "greenhouse", "mill", "lighthouse", "stable", "archive", "dock"]


def arc(n: int, split: str) -> Row:
    labels = ["A", "B", "C", "D"] if n % 3 else ["1", "2", "3"]
    texts = [f"a {THINGS[(n + k) % 10]} in the {PLACES[k]}" for k in range(len(labels))]
    question = f"Which thing ({split} {n}) would a keeper use first?"
    return {"id": f"{split}{n}", "question": question, "choices": {"text": texts, "label": labels},
            "answerKey": labels[n % len(labels)]}  # fmt: skip


def hellaswag(n: int, split: str) -> Row:
    place = PLACES[n % 10]
    return {
        "ind": n, "activity_label": f"Mending a {THINGS[n % 10]}",
        "ctx_a": f"A man stands [header] in the {place}  {split}.",
        "ctx_b": ["he", "", "then SHE"][n % 3], "ctx": "", "split_type": "indomain", "source_id": f"s{n}",
        "endings": [f"looks at the {t}. [title] Rest [step] awhile" for t in THINGS[n % 5 : n % 5 + 4]],
        "label": str(n % 4),
    }  # fmt: skip


def mmlu(n: int, split: str) -> Row:
    question = f"  Which of these is kept in the {PLACES[n % 10]} ({split})?\n"
    return {"question": question, "subject": "anatomy", "choices": THINGS[n % 6 : n % 6 + 4], "answer": n % 4}


def piqa(n: int, split: str) -> Row:
    thing = THINGS[n % 10]
    return {"goal": f"Carry the {thing} ({split} {n})", "sol1": f"Lift the {thing} with both hands.",
            "sol2": f"Ask the {thing} to walk.", "label": (n * 7) % 2}  # fmt: skip


def winogrande(n: int, split: str) -> Row:
    one, two = THINGS[n % 10], THINGS[(n + 3) % 10]
    return {"sentence": f"The {one} did not fit on the {two} {n} because the _ was too wide, in {split}. ",
            "option1": one, "option2": two, "answer": "12"[n % 2]}  # fmt: skip


def truthfulqa(n: int, split: str) -> Row:
    said = [f"A {thing} is made in the {PLACES[n % 10]}." for thing in THINGS[n % 4 : n % 4 + 3 + n % 3]]
    labels = [1] + [0] * (len(said) - 1)
    several = {"choices": [*said, "Nobody knows."], "labels": [*labels, 1]}
    question = f"Where is the {THINGS[n % 10]} number {n} made ({split})?"
    return {"question": question, "mc1_targets": {"choices": said, "labels": labels}, "mc2_targets": several}


def gsm8k(n: int, split: str) -> Row:
    total = 1000 + 3 * n
    question = f"A mill ({split}) grinds {n} sacks, then {1000 + 2 * n} more. How many sacks is that?"
    return {"question": question, "answer": f"First {n}, then more.\n<<{n}+{1000 + 2 * n}={total}>>\n#### {total:,}"}


def bbq(n: int, split: str) -> Row:
    category = ["Age", "Religion"][n // 4 % 2]
    groups = {"Age": ["old", "nonOld"], "Religion": ["Quaker", "F-Hindu"]}[category]
    unknown = ["Unknown", "Not answerable", "Can't answer"][n % 3]
    people = [f"the first {category} person {n // 4}", f"the second person of {PLACES[n % 10]}", unknown]
    info = [[groups[0], groups[0]], ["woman" if n % 5 == 0 else groups[1], groups[1]], ["unknown", "unknown"]]
    order = [[0, 1, 2], [2, 0, 1], [1, 2, 0]][n % 3]
    answers = {f"ans{k}": people[who] for k, who in enumerate(order)}
    condition = "ambig" if n % 2 else "disambig"
    return {
        "example_id": n, "question_index": str(1 + n // 4), "question_polarity": "neg" if n // 2 % 2 else "nonneg",
        "context_condition": condition, "category": category,
        "context": f"Two people met in the {PLACES[n % 10]}, {split}.", "question": "Who forgot the lantern?",
        **answers, "answer_info": {f"ans{k}": info[w] for k, w in enumerate(order)},
        "additional_metadata": {"stereotyped_groups": [groups[0], "Nobody"], "version": "x"},
        "label": order.index(2 if condition == "ambig" else n // 2 % 2),
    }  # fmt: skip


def crows(n: int, split: str) -> Row:
    bias = ["age", "gender", "religion"][n % 3]
    return {"id": n, "sent_more": f"The old {THINGS[n % 10]} keeper forgot it ({split}).",
            "sent_less": f"The young {THINGS[n % 10]} keeper forgot it ({split}).", "stereo_antistereo": "stereo",
            "bias_type": bias}  # fmt: skip


def splits(make: Callable[[int, str], Row], **sizes: int) -> Splits:
    """Make so many rows for each split; the second row of each is there twice."""
    return {split: [make(n, split) for n in (*range(size), 1)] for split, size in sizes.items()}


TASKS: dict[str, Splits] = {
    "arc_easy": splits(arc, train=9, validation=3, test=12),
    "hellaswag": splits(hellaswag, train=9, validation=12),
    "mmlu_anatomy": splits(mmlu, dev=5, validation=3, test=12),
    "piqa": splits(piqa, train=9, validation=12),
    "winogrande": splits(winogrande, train=9, validation=12),
    "truthfulqa_mc1": splits(truthfulqa, validation=12),
    "truthfulqa_mc2": splits(truthfulqa, validation=12),
    "gsm8k": splits(gsm8k, train=9, test=12),
    "bbq": splits(bbq, test=24),
    "crows_pairs_english": splits(crows, test=12),
    "crows_pairs_english_gender": splits(crows, test=12),
}
