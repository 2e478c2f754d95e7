"""What a task file may say, and what is said about what it may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fairtrial.errors import TaskCodeError, TaskError
from fairtrial.tasks.lmeval.loading import CodeRef
from fairtrial.tasks.lmeval.parsing import parse_config

BASE: dict[str, Any] = {
    "task": "t",
    "test_split": "test",
    "output_type": "multiple_choice",
    "doc_to_text": "{{q}}",
    "doc_to_choice": ["a", "b"],
    "doc_to_target": 0,
}
WRITE = {**BASE, "output_type": "generate_until", "doc_to_choice": None}
CODE = CodeRef("utils", "go", Path("/tasks/somebody/t.yaml"), 7)


def metric(name: Any, **more: Any) -> dict[str, Any]:
    return {"metric_list": [{"metric": name, **more}]}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"doc_to_txt": "x"}, "unknown key 'doc_to_txt'. Did you mean 'doc_to_text'"),
        ({"output_type": "chat"}, "output_type 'chat' is not one of multiple_choice"),
        ({"test_split": None}, "names neither test_split nor validation_split"),
        ({"test_split": 3}, "test_split must be the name of a split; got 3"),
        ({"doc_to_choice": None}, "has no doc_to_choice"),
        ({"doc_to_text": None}, "has no doc_to_text"),
        ({"doc_to_text": "{{q"}, "not valid Jinja"),
        ({"doc_to_text": "{{q | nofilter}}"}, "not valid Jinja"),
        ({"doc_to_target": 0.5}, "doc_to_target must be a text"),
        ({"num_fewshot": -1}, "num_fewshot must be a whole number from 0 to 10,000; got -1"),
        ({"repeats": 10**9}, "repeats must be a whole number from 1 to 10,000; got 1000000000"),
        ({"repeats": True}, "repeats must be a whole number"),
        ({"doc_to_image": 3}, "doc_to_image must be a column, a template"),
        ({"doc_to_audio": "sound"}, "needs audio"),
        ({"use_prompt": "x"}, "promptsource"),
        ({"unsafe_code": True}, "runs programs that models write, and nobody has allowed that"),
        ({"process_docs": "x"}, "process_docs must be a !function"),
        ({"fewshot_config": {"sampler": "balanced"}}, "'balanced' is not one of default, first_n"),
        ({"fewshot_config": {"splitt": "x"}}, "unknown key 'splitt'. Did you mean 'split'?"),
        ({"fewshot_config": {"samples": "x"}}, "must be a list of rows"),
        ({"fewshot_config": [1]}, "fewshot_config must be a mapping"),
        (metric("bleu"), "the metric 'bleu' is not supported."),
        (metric("acc", hf_evaluate=True), "'acc' with hf_evaluate is not supported"),
        (metric("acc", aggregation="median"), "the aggregation 'median' of 'acc' is not supported; allowed: mean"),
        ({"metric_list": ["acc"]}, "metric_list must be a list of mappings"),
        ({"metric_list": []}, "no metric with a value for single items"),
        ({"filter_list": [{"filter": [{"function": "lowercase"}]}]}, "has filters over text"),
        ({"filter_list": [{"name": "x"}]}, "filter_list must be a list of mappings"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(TaskError) as caught:
        parse_config({**BASE, **changes})
    assert said in str(caught.value)
    assert caught.value.where.startswith("task t")
    assert not isinstance(caught.value, TaskCodeError)


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        (["lowercas"], "'lowercas' is not supported. Did you mean 'lowercase'"),
        (["take_first", "lowercase"], "stands after take_first"),
        ([{"function": "regex", "pattern": "x"}], "has no setting 'pattern'; allowed: regex_pattern"),
        ([{"function": "regex", "regex_pattern": "("}], "regular expression '(' is not valid"),
        (["take_first_k"], "needs the setting 'k'"),
    ],
)
def test_filters(filters: list[Any], said: str) -> None:
    steps = [{"function": step} if isinstance(step, str) else step for step in filters]
    with pytest.raises(TaskError) as caught:
        parse_config({**WRITE, "filter_list": [{"name": "x", "filter": steps}]})
    assert said in str(caught.value)


def test_written_answers_have_few_metrics_and_settings() -> None:
    with pytest.raises(TaskError, match="Supported for generate_until: exact_match, bleu, chrf"):
        parse_config({**WRITE, **metric("meteor")})
    with pytest.raises(TaskError, match="no option 'ignore_cases'"):
        parse_config({**WRITE, **metric("exact_match", ignore_cases=True)})
    with pytest.raises(TaskError, match="generation_kwargs has 'num_beams'"):
        parse_config({**WRITE, "generation_kwargs": {"num_beams": 4}})


@pytest.mark.parametrize(
    ("given", "temperature", "until", "limit"),
    [
        (None, 0.0, ("\n\n",), 256),
        ({"until": "x", "max_gen_toks": 5}, 0.0, ("x",), 5),
        ({"until": ["", "y"], "temperature": 0.7, "max_new_tokens": 9}, 0.7, ("y",), 9),
        ({"do_sample": False, "temperature": 0.7}, 0.0, ("\n\n",), 256),
        ({"do_sample": True}, 1.0, ("\n\n",), 256),
        ({"do_sample": True, "temperature": 0.0}, 0.0, ("\n\n",), 256),
    ],
)
def test_decoding(given: Any, temperature: float, until: tuple[str, ...], limit: int) -> None:
    how = parse_config({**WRITE, "generation_kwargs": given}).generation
    assert (how.temperature, how.until, how.max_tokens) == (temperature, until, limit)


@pytest.mark.parametrize(
    "changes",
    [
        {"process_docs": CODE},
        {"process_results": CODE},
        {"doc_to_text": CODE},
        {"doc_to_choice": CODE},
        {"fewshot_config": {"samples": CODE}},
        {"fewshot_config": {"doc_to_text": CODE}},
        {"fewshot_config": {"sampler": CODE}},
        metric(CODE),
        metric("acc", aggregation=CODE),
    ],
)
def test_untrusted_code_is_named_with_file_and_line(changes: dict[str, Any]) -> None:
    with pytest.raises(TaskCodeError) as caught:
        parse_config({**BASE, **changes})
    assert "utils.go" in str(caught.value)
    assert "/tasks/somebody/t.yaml:7" in str(caught.value)
    assert "--trust-task-code" in str(caught.value)


@pytest.mark.parametrize("changes", [{"custom_dataset": CODE}, {"class": CODE}, {"doc_to_audio": CODE}])
def test_code_that_is_never_run(changes: dict[str, Any]) -> None:
    with pytest.raises(TaskCodeError, match="not supported, even for trusted code"):
        parse_config({**BASE, **changes}, trust_code=True)


def test_the_description_of_a_task_file_does_not_say_where_it_lies() -> None:
    place = {"dataset_path": "/home/me/rows", "dataset_kwargs": {"data_files": "/home/me/x", "field": "rows"}}
    raw = parse_config({**BASE, **place}).raw
    assert raw["dataset_path"] == "rows"
    assert raw["dataset_kwargs"] == {"field": "rows"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"metric_list": [{"metric": "exact_match", "regexes_to_ignore": ["("]}]}, "'(' is not valid"),
        (
            {"metric_list": [{"metric": "exact_match", "regexes_to_ignore": "("}]},
            "must be a list of regular expressions",
        ),
        ({"metric_list": [{"metric": "exact_match", "regexes_to_ignore": [3]}]}, "must be a text; got 3"),
        ({"metric_list": [{"metric": "exact_match", "ignore_case": "yes"}]}, "ignore_case must be true or false"),
        ({"metric_list": [{"metric": "exact_match", "aggregation": 3}]}, "must be a name; got 3"),
        ({"metric_list": [{"metric": "exact_match", "higher_is_better": "no"}]}, "must be true or false; got 'no'"),
        ({"metric_list": [{"metric": "exact_match", 3: 4}]}, "no option '3'"),
        ({"filter_list": [{"name": "x", "filter": 3}]}, "a filter must be a list of mappings"),
        ({"filter_list": [{"name": "x", "filter": ["take_first"]}]}, "a filter must be a list of mappings"),
        ({"generation_kwargs": [1]}, "generation_kwargs must be a mapping"),
        ({"generation_kwargs": {"temperature": "hot"}}, "generation_kwargs.temperature must be a number"),
        ({"generation_kwargs": {"max_gen_toks": -1}}, "generation_kwargs.max_gen_toks must be a number from 1 on"),
        ({"dataset_kwargs": [1]}, "dataset_kwargs must be a mapping; got [1]"),
        ({"dataset_path": "a\0b"}, "dataset_path is no name"),
        ({"output_type": ["generate_until"]}, "output_type ['generate_until'] is not one of"),
        ({"description": ["a"]}, "description must be a text"),
        ({"fewshot_config": {"split": 3}}, "must be a name; got 3"),
        ({"fewshot_config": {"sampler": []}}, "sampler [] is not one of"),
        ({"doc_to_text": "{{ '9' * 5 }}{% break %}"}, "is not valid Jinja"),
        ({"doc_to_text": "{{ " + "9" * 5000 + " }}"}, "is not valid Jinja"),
    ],
)
def test_settings_are_checked_before_anything_is_asked(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(TaskError) as caught:
        parse_config({**WRITE, **changes})
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"function": "multi_choice_regex", "regexes_to_ignore": ["("]}, "'(' is not valid"),
        ({"function": "multi_choice_regex", "regexes_to_ignore": "("}, "must be a list of regular expressions"),
        ({"function": "regex", "regex_pattern": "a{99999999999}"}, "repetition number is too large"),
        ({"function": "regex", "regex_pattern": 3}, "must be a text; got 3"),
        ({"function": "regex", "group_select": "x"}, "group_select must be a whole number; got 'x'"),
        ({"function": "regex", "fallback": []}, "fallback must be a text"),
        ({"function": "take_first_k", "k": 0}, "k must be a whole number of at least 1"),
        ({"function": "map", "mapping_dict": [1]}, "mapping_dict must be a mapping"),
        ({"function": "regex", 3: 4}, "has no setting '3'"),
    ],
)
def test_settings_of_filters_are_checked_before_anything_is_asked(step: dict[str, Any], said: str) -> None:
    with pytest.raises(TaskError) as caught:
        parse_config({**WRITE, "filter_list": [{"name": "x", "filter": [step]}]})
    assert said in str(caught.value)
