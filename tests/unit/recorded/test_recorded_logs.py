"""Rows as lm-eval 0.4.13, promptfoo, HELM and inspect_ai 0.3 write them, cut to what is read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from fairtrial.errors import ModelError
from fairtrial.recorded import read_log
from fairtrial.recorded.matching import AnswerMatcher
from fairtrial.records import GenerateRequest, Pair, Prompt, ScoreAnswer, ScoreRequest
from fairtrial.spec.recorded import Recorded

CHAT = '[{"role":"system","content":"Be brief."},{"role":"user","content":"What is 1 plus 1?"}]'


def record(path: Path, body: Any, how: Recorded | None = None) -> AnswerMatcher:
    rows = body if path.suffix == ".jsonl" else [body]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_log(path, how or Recorded())


def said(found: AnswerMatcher, prompt: str) -> str | None:
    answer = found.answer(GenerateRequest(Prompt(prompt), 9))
    return getattr(answer, "text", None)


def lm_eval(calls: Sequence[Mapping[str, Any]], resps: Sequence[Any]) -> dict[str, Any]:
    return {"arguments": {f"gen_args_{i}": call for i, call in enumerate(calls)}, "resps": resps, "filter": "none"}


def test_lm_eval_choices_in_contexts_of_their_own(tmp_path: Path) -> None:
    calls = [{"arg_0": f"Number 0: the {who}", "arg_1": " barked."} for who in ("cat", "dog")]
    row = lm_eval(calls, [[["-0.7", "False"]], [["-0.2", "True"]]])
    found = record(tmp_path / "samples_w.jsonl", [row])
    pairs = tuple(Pair(Prompt(f"Number 0: the {who}"), "barked.") for who in ("cat", "dog"))
    answer = found.answer(ScoreRequest(pairs))
    assert isinstance(answer, ScoreAnswer)
    assert (found.size, answer.logprobs, answer.greedy) == (1, (-0.7, -0.2), (False, True))


def test_lm_eval_documents_scored_whole(tmp_path: Path) -> None:
    rows = [lm_eval([{"arg_0": f"A document {i}."}], [[f"-{i}.5"]]) for i in range(2)]
    found = record(tmp_path / "samples_r.jsonl", rows)
    answer = found.answer(ScoreRequest((Pair(Prompt(""), "A document 1."),), delimiter="", rolling=True))
    assert isinstance(answer, ScoreAnswer) and answer.logprobs == (-1.5,)


def promptfoo(prompt: str, index: int, provider: str, response: Mapping[str, Any]) -> dict[str, Any]:
    own = {"promptIdx": index, "testIdx": 0, "vars": {"q": "x"}, "provider": {"id": provider, "label": ""}}
    return {**own, "prompt": {"raw": prompt, "label": "l", "config": {}}, "response": response}


PROMPTFOO = [
    promptfoo("Question: What is 1 plus 1?\nAnswer:", 0, "mine", {"output": "two"}),
    promptfoo("Question: What is 1 plus 1?\nAnswer:", 0, "other", {"output": "three"}),
    promptfoo(CHAT, 1, "mine", {"output": "2"}),
    promptfoo("Question: What is 2 plus 2?\nAnswer:", 0, "mine", {"error": "it broke"}),
]


@pytest.mark.parametrize("name", ["out.json", "out.jsonl"])
def test_promptfoo_as_json_and_jsonl(tmp_path: Path, name: str) -> None:
    body = PROMPTFOO if name.endswith("l") else {"evalId": "e", "results": {"version": 3, "results": PROMPTFOO}}
    both = record(tmp_path / name, body)
    assert (both.facts["format"], both.size, both.ambiguous) == ("promptfoo", 3, 1)
    mine = record(tmp_path / name, body, Recorded(only={"provider.id": "mine"}))
    assert (mine.size, mine.ambiguous) == (2, 0)
    assert said(mine, "Question: What is 1 plus 1?\nAnswer:") == "two"
    assert said(mine, "Be brief. What is 1 plus 1?") == "2"
    assert said(mine, "Question: What is 2 plus 2?\nAnswer:") is None


def helm(prompt: str, text: str | None, **request: Any) -> dict[str, Any]:
    completions = [] if text is None else [{"text": text, "logprob": 0.0, "tokens": []}]
    result = {"success": text is not None, "embedding": [], "completions": completions, "cached": False}
    return {"instance": {"id": "id1"}, "request": {"model": "m", "prompt": prompt, **request}, "result": result}


def test_helm_without_what_failed_or_was_only_scored(tmp_path: Path) -> None:
    states = [
        helm("Q: 1\nA:", " one"),
        helm("Q: 2\nA:", None),
        helm("Q: 3\nA: three", "Q: 3\nA: three", echo_prompt=True),
        helm("", "four", messages=[{"role": "system", "content": "s"}, {"role": "user", "content": "Q: 4"}]),
    ]
    found = record(tmp_path / "scenario_state.json", {"adapter_spec": {}, "request_states": states})
    assert (found.facts["format"], found.size) == ("helm", 2)
    assert [said(found, f"Q: {i}") for i in (1, 2, 3, 4)] == [None, None, None, "four"]
    assert said(found, "Q: 1\nA:") == " one"


SAMPLE = {
    "input": "Which one?",
    "choices": ["left", "right"],
    "messages": [{"role": "user", "content": "Choose.\n\nWhich one?\n\nA) left\nB) right"}],
    "output": {"completion": "ANSWER: B", "choices": [{"message": {"content": "ANSWER: B"}}]},
    "scores": {"choice": {"value": "C", "answer": "B"}},
}


@pytest.mark.parametrize(
    ("key", "prompt"),
    [
        ("", "Which one?"),
        ("messages.0.content", "Choose.\n\nWhich one?\n\nA) left\nB) right"),
        ("{{input}}\nA. {{choices[0]}}\nB. {{choices[1]}}", "Question: Which one?\nA. left\nB. right\nAnswer:"),
    ],
)
def test_a_mapping_says_what_was_asked_where_the_log_has_the_question_alone(
    tmp_path: Path, key: str, prompt: str
) -> None:
    body = {"version": 2, "status": "success", "eval": {}, "samples": [SAMPLE]}
    found = record(tmp_path / "l.json", body, Recorded(format="inspect", key=key))
    assert said(found, prompt) == "ANSWER: B"
    letter = record(tmp_path / "l.json", body, Recorded(key=key, answer="scores.choice.answer"))
    assert said(letter, prompt) == "B"


def test_a_log_of_inspect_without_samples_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="without its samples"):
        record(tmp_path / "l.json", {"version": 2, "status": "error", "eval": {}, "plan": {}, "stats": {}})
