"""Every feature of task files that we support, one small task each: prompts and grades equal lm-evaluation-harness."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

os.environ.setdefault("HF_HUB_OFFLINE", "1")
pytest.importorskip("lm_eval", reason="the golden tests compare with lm-eval, which is not installed")

import parity

from fairtrial.engines.chat import list_for_template, make_conversation
from fairtrial.planning.requests import settle_request
from fairtrial.records import GenerateRequest, Prompt
from fairtrial.spec.candidate import Candidate
from fairtrial.tasks.base import Task, TaskOptions
from fairtrial.tasks.lmeval import LmEvalCatalog

THINGS = ["kettle", "ladder", "lantern", "compass", "wheelbarrow", "sundial", "bellows", "anvil"]


def row(n: int, split: str) -> dict[str, Any]:
    one, two = THINGS[n % 8], THINGS[(n + 3) % 8]
    return {
        "question": f"Which is heavier ({split} {n}), ({one}) or ({two})?", "options": [one, two, "Zürich clock"],
        "choices": [one, two, one + " and more"], "right": n % 3, "both": [n % 2, 2] if n % 2 else [1],
        "word": one.upper() if n % 4 else one, "names": [one, two + "."], "letter": "AB"[n % 2], "yes": n % 2,
        "number": n if n % 2 else None, "inner": {"hint": f"see {two}"}, "lead": "The answer is",
        "document": f"In the {split} there was a {one}.\n\n Then  {n} more: é.",
    }  # fmt: skip


SPLITS = {
    "train": [row(n, "train") for n in range(7)],
    "test": [row(n, "test") for n in (*range(10), 3, 3, 3)],
    "tiny": [row(n, "test") for n in (0, 0, 0, 1, 2)],
}
CHOICES = {"output_type": "multiple_choice", "doc_to_choice": "options", "doc_to_target": "right"}
ASK = {"test_split": "test", "training_split": "train", "doc_to_text": "Q: {{question}}\nA:", **CHOICES}
WRITE = {**ASK, "output_type": "generate_until", "doc_to_choice": None, "doc_to_target": "{{word}}"}
LOGLIKELIHOOD = {**WRITE, "output_type": "loglikelihood", "generation_kwargs": None}


def metrics(*names: str) -> list[dict[str, Any]]:
    usual = {"brier_score": "brier_score", "f1": "f1", "perplexity": "perplexity"}
    return [{"metric": name, "aggregation": usual.get(name, "mean"), "higher_is_better": True} for name in names]


def pipeline(*steps: str | dict[str, Any], name: str = "f") -> dict[str, Any]:
    return {"name": name, "filter": [{"function": step} if isinstance(step, str) else step for step in steps]}


def regex(pattern: str, **settings: Any) -> dict[str, Any]:
    return {"function": "regex", "regex_pattern": pattern, **settings}


FEATURES: dict[str, dict[str, Any]] = {
    "default_metrics": {**ASK, "num_fewshot": 2},
    "all_choice_metrics": {
        **ASK,
        "metric_list": metrics("acc", "acc_norm", "acc_bytes", "acc_mutual_info", "brier_score", "exact_match"),
    },
    "two_classes": {**ASK, "doc_to_choice": ["no", "yes"], "doc_to_target": "yes", "metric_list": metrics("acc", "f1")},
    "several_right": {**ASK, "doc_to_target": "both", "metric_list": metrics("acc", "acc_norm", "exact_match")},
    "text_target": {**ASK, "doc_to_target": "{{options[right]}}", "num_fewshot": 3},
    "no_right_choice": {**ASK, "doc_to_target": "{{right - 1}}", "metric_list": metrics("acc", "acc_norm")},
    "choices_from_a_mapping": {**ASK, "doc_to_choice": {"a": "one", "b": "two", "c": "three"}, "num_fewshot": 1},
    "description": {**ASK, "description": "About {{inner.hint}}: {{lead}}.\n\n", "num_fewshot": 2},
    "description_is_a_column": {**ASK, "description": "lead"},
    "delimiters": {**ASK, "target_delimiter": "\n", "fewshot_delimiter": "\n###\n", "num_fewshot": 2},
    "no_delimiter": {**ASK, "target_delimiter": "", "num_fewshot": 2},
    "prefix": {**ASK, "gen_prefix": "It is", "num_fewshot": 2},
    "prefix_column": {**ASK, "gen_prefix": "lead", "num_fewshot": 2},
    "prefix_after_space": {**ASK, "doc_to_text": "Q: {{question}} ", "gen_prefix": "It is: ", "num_fewshot": 2},
    "prefix_in_examples_only": {**ASK, "fewshot_config": {"gen_prefix": "Look:"}, "num_fewshot": 2},
    "empty_answer": {**ASK, "fewshot_config": {"doc_to_target": "", "doc_to_choice": None}, "num_fewshot": 2},
    "trailing_newline": {**ASK, "doc_to_text": "{{question}}\n", "num_fewshot": 1},
    "regex_replace": {**ASK, "doc_to_text": "{{question | regex_replace('[aeiou]+', '*')}}"},
    "missing_value": {**ASK, "doc_to_text": "{{number}} {% if number %}n{% endif %}"},
    "number_as_text": {**WRITE, "doc_to_text": "{{right}}", "num_fewshot": 1},
    "examples_from_test": {**ASK, "training_split": None, "fewshot_split": "test", "num_fewshot": 4},
    "first_examples_of_test": {
        **ASK,
        "training_split": None,
        "fewshot_split": "test",
        "fewshot_config": {"sampler": "first_n"},
        "num_fewshot": 4,
    },
    "repeated_rows_in_pool": {**ASK, "test_split": "tiny", "fewshot_split": "tiny", "num_fewshot": 2},
    "no_test_split": {**ASK, "test_split": None, "validation_split": "test", "num_fewshot": 3},
    "examples_from_validation": {**ASK, "training_split": None, "validation_split": "train", "num_fewshot": 3},
    "given_examples": {
        **ASK,
        "fewshot_config": {"samples": SPLITS["train"][:4], "sampler": "first_n"},
        "num_fewshot": 3,
    },
    "examples_asked_otherwise": {
        **ASK,
        "fewshot_split": "train",
        "fewshot_config": {
            "doc_to_text": "Ex: {{question}}",
            "doc_to_choice": "choices",
            "doc_to_target": "{{right}}",
            "target_delimiter": " -> ",
            "fewshot_delimiter": "\n",
        },
        "num_fewshot": 3,
    },
    "contexts_differ": {
        **ASK,
        "doc_to_text": "{{right}}",
        "doc_to_choice": "{{['It was the ' ~ options[0], 'It was the ' ~ options[1], 'It was a clock']}}",
        "doc_to_target": "which fell.",
        "num_fewshot": 2,
        "metric_list": metrics("acc"),
    },
    "written": {**WRITE, "num_fewshot": 2},
    "written_from_column": {**WRITE, "doc_to_target": "word", "doc_to_text": "question", "num_fewshot": 1},
    "written_any_of": {**WRITE, "doc_to_target": "names", "num_fewshot": 1},
    "written_list_in_template": {**WRITE, "doc_to_target": "{{names}}"},
    "written_choice": {**WRITE, "doc_to_choice": "options", "doc_to_target": "right"},
    "written_number": {**WRITE, "doc_to_target": "right"},
    "written_forgiving": {
        **WRITE,
        "metric_list": [
            {
                "metric": "exact_match",
                "aggregation": "mean",
                "higher_is_better": True,
                "ignore_case": True,
                "ignore_punctuation": True,
                "ignore_numbers": True,
                "regexes_to_ignore": ["^the ", " \\(.*\\)"],
            }
        ],
    },
    "filters": {
        **WRITE,
        "filter_list": [
            pipeline("lowercase", "remove_whitespace", "take_first", name="low"),
            pipeline(regex("(\\d+)|([a-z]+)", group_select=-1), "take_first", name="last"),
            pipeline({"function": "map", "mapping_dict": {"KETTLE": "kettle"}, "default_value": "x"}, "take_first"),
            pipeline("uppercase", regex("Q+", fallback="LADDER"), "take_first", name="fallback"),
        ],
    },
    "letters": {
        **WRITE,
        "doc_to_target": "({{letter}})",
        "filter_list": [
            pipeline(
                {
                    "function": "multi_choice_regex",
                    "regex_pattern": "(\\([A-Z]\\))",
                    "ignore_case": True,
                    "ignore_punctuation": True,
                    "regexes_to_ignore": ["the "],
                },
                "take_first",
            )
        ],
    },
    "repeats": {
        **WRITE,
        "repeats": 3,
        "generation_kwargs": {"until": ["\n", "Q:"], "do_sample": True, "temperature": 0.7, "max_gen_toks": 33},
        "filter_list": [
            pipeline("majority_vote", "take_first", name="vote"),
            pipeline("lowercase", {"function": "take_first_k", "k": 2}, "majority_vote", "take_first", name="two"),
            pipeline("take_first", name="first"),
            pipeline("remove_whitespace", name="all"),
        ],
    },
    "continuation": {**LOGLIKELIHOOD, "doc_to_target": " {{word}}", "metric_list": metrics("perplexity", "acc")},
    "continuation_defaults": {**LOGLIKELIHOOD, "doc_to_target": "{{' ' + word}}", "num_fewshot": 1},
    "document": {
        **LOGLIKELIHOOD,
        "output_type": "loglikelihood_rolling",
        "doc_to_text": "",
        "doc_to_target": "document",
    },
}
WRITTEN = ["kettle", "THE Ladder.", " lantern 7 ", "KETTLE", "", "(B)", "so: A", "the kettle and more", "Anvil (big)"]


def written(items: int, repeats: int) -> list[list[str]]:
    """Invented answers; the repeats of some items differ."""
    return [[WRITTEN[(n * 5 + k * (n % 3)) % 9] for k in range(repeats)] for n in range(items)]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return parity.write_rows(tmp_path_factory.mktemp("rows"), SPLITS)


def build(name: str, files: dict[str, str], folder: Path, chat: bool = False) -> tuple[Any, Task]:
    config = {key: value for key, value in FEATURES[name].items() if value is not None}
    data = {"dataset_path": "json", "dataset_kwargs": {"data_files": files}}
    (folder / "task.yaml").write_text(yaml.safe_dump({"task": name, **data, **config}, sort_keys=False))
    cache = Path(files["test"]).parent / "cache"
    theirs = parity.their_task(folder / "task.yaml", files, cache)
    return theirs, LmEvalCatalog([folder]).build(name, TaskOptions(chat=chat))


@pytest.mark.parametrize("name", FEATURES)
def test_feature(name: str, files: dict[str, str], tmp_path: Path) -> None:
    theirs, ours = build(name, files, tmp_path)
    expected = parity.their_arguments(theirs)
    repeats = theirs.config.repeats
    if theirs.OUTPUT_TYPE == "generate_until":
        how = [(c, tuple(k["until"]), k.get("max_gen_toks", 256), k.get("temperature", 0.0)) for c, k in expected]
        expected = [one for one in how for _ in range(repeats)]
    assert parity.our_arguments(ours) == expected

    texts = written(len(ours.items()), repeats)
    scores = [] if theirs.OUTPUT_TYPE == "generate_until" else parity.invented_scores(len(theirs.instances), len(name))
    raw, graded = parity.their_values(theirs, scores, texts), parity.our_values(ours, scores, texts)
    assert {m.name for m in ours.card.measures} == {key for one in raw for key in one}
    for measure in ours.card.measures:
        whole = theirs.aggregation()[measure.name.partition(",")[0]]
        values = [one[measure.name] for one in raw]
        mine = [one for item in graded for one in item]
        assert len([one for one in mine if one.measure == measure.name]) == len(values)
        assert parity.aggregate(measure, mine) == pytest.approx(float(whole(values)), abs=1e-9)


@pytest.mark.parametrize("name", ["several_right", "written_any_of", "letters", "repeats", "filters"])
def test_invented_answers_are_neither_all_right_nor_all_wrong(name: str, files: dict[str, str], tmp_path: Path) -> None:
    _, ours = build(name, files, tmp_path)
    repeats = FEATURES[name].get("repeats", 1)
    texts = written(len(ours.items()), repeats)
    choosing = FEATURES[name]["output_type"] == "multiple_choice"
    scores = parity.invented_scores(3 * len(ours.items()), len(name)) if choosing else []
    assert {0.0, 1.0} <= {one.value for item in parity.our_values(ours, scores, texts) for one in item}


def joined(messages: list[dict[str, Any]]) -> str:
    """A chat template that shows where each message begins."""
    return "".join(f"<{m['role']}>{m['content']}" for m in messages)


CHATS = [
    "default_metrics",
    "text_target",
    "description",
    "description_is_a_column",
    "delimiters",
    "no_delimiter",
    "prefix",
    "prefix_column",
    "prefix_after_space",
    "prefix_in_examples_only",
    "empty_answer",
    "trailing_newline",
    "given_examples",
    "examples_asked_otherwise",
    "contexts_differ",
    "written",
    "written_any_of",
    "continuation_defaults",
]


@pytest.mark.parametrize("turns", [True, False], ids=["turns", "one turn"])
@pytest.mark.parametrize("system", ["", "Be brief.", "Be brief.\n"])
@pytest.mark.parametrize("name", CHATS)
def test_messages_for_a_chat_template(
    name: str, system: str, turns: bool, files: dict[str, str], tmp_path: Path
) -> None:
    theirs, ours = build(name, files, tmp_path, chat=True)
    theirs.set_fewshot_seed(1234)
    # They join system message and description by the task's delimiter between examples, we by the usual one of these.
    system = "" if FEATURES[name].get("fewshot_delimiter") else system
    theirs.build_all_requests(
        apply_chat_template=True,
        fewshot_as_multiturn=turns,
        system_instruction=system or None,
        chat_template=lambda messages, **_: joined(messages),
    )
    candidate = Candidate(id="c", model="fake:c", chat="model", fewshot_as_multiturn=turns, system=system)
    mine: list[tuple[Any, ...]] = []
    for item in ours.items():
        for request in (settle_request(request, candidate, 0) for request in ours.requests(item)):
            if isinstance(request, GenerateRequest):
                mine.append((shown(request.prompt, system),))
            else:
                mine += [(shown(p.prompt, system), request.delimiter + p.continuation) for p in request.pairs]
    assert mine == [
        args[:1] if theirs.OUTPUT_TYPE == "generate_until" else args for args in parity.their_arguments(theirs)
    ]


def shown(prompt: Prompt, system: str) -> str:
    """What our messages look like in that template."""
    begun = [{"role": "assistant", "content": prompt.assistant}] if prompt.assistant else []
    return joined([*list_for_template(make_conversation(prompt, system)), *begun])


def test_their_default_is_a_turn_an_example() -> None:
    from lm_eval.config.evaluate_config import EvaluatorConfig

    theirs = EvaluatorConfig(model="dummy", tasks=["t"], apply_chat_template=True)._configure()
    assert theirs.fewshot_as_multiturn is Candidate(id="c", model="fake:c").fewshot_as_multiturn is True
