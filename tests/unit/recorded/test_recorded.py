"""Recorded answers: other tools' logs are read, bounded and matched; hostile ones are errors with a place."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairtrial.errors import ModelError, SpecError
from fairtrial.recorded import read_log, rows
from fairtrial.records import GenerateAnswer, GenerateRequest, Pair, Prompt, ScoreAnswer, ScoreRequest
from fairtrial.spec.recorded import Recorded

TABLE = Recorded(format="table", key="q", answer="a")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def asked(text: str, stop: tuple[str, ...] = ()) -> GenerateRequest:
    return GenerateRequest(Prompt(text), max_tokens=8, stop=stop)


def text_of(path: Path, how: Recorded, prompt: str, stop: tuple[str, ...] = ()) -> str | None:
    found = read_log(path, how).answer(asked(prompt, stop))
    assert found is None or isinstance(found, GenerateAnswer)
    return None if found is None else found.text


def put(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value))
    return path


def test_a_question_is_found_where_it_stands_last_and_not_among_the_shots(tmp_path: Path) -> None:
    log = put(tmp_path / "log.json", [{"q": "What is 1+1?", "a": "2"}, {"q": "What is 2+2?", "a": " 4\nQ: more"}])
    shot = "Q: What is 1+1?\nA: 2\n\n"
    assert text_of(log, TABLE, f"{shot}Q:  What is\n2+2?\nA:", ("\nQ:",)) == " 4"
    assert text_of(log, TABLE, f"{shot}Q: What is 3+3?\nA:{' ' * 3}") != "4"
    assert text_of(log, TABLE, "Q: What is 1+1?" + " and then some more of it" * 5) is None


def test_different_answers_to_one_question_are_counted_and_not_used(tmp_path: Path) -> None:
    log = put(tmp_path / "log.json", [{"q": "x?", "a": "1"}, {"q": " x? ", "a": "2"}, {"q": "y?", "a": "1"}] * 2)
    found = read_log(log, TABLE)
    assert (found.size, found.ambiguous) == (6, 1)
    assert found.answer(asked("x?")) is None
    assert found.answer(asked("y?")) is not None


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("scenario_state.json", {"request_states": [
            {"request": {"prompt": "Say A:"}, "result": {"completions": [{"text": "A"}]}},
            {"request": {"prompt": "none"}, "result": None}]}),
        ("results.json", {"results": {"results": [{"prompt": {"raw": "Say A:"}, "response": {"output": "A"}}]}}),
        ("log.json", {"eval": {}, "samples": [{"input": [{"role": "user", "content": "Say A:"}],
                                               "output": {"choices": [{"message": {"content": "A"}}]}}]}),
    ],
)  # fmt: skip
def test_logs_of_other_tools_are_known_by_their_form(tmp_path: Path, name: str, body: object) -> None:
    assert text_of(put(tmp_path / name, body), Recorded(), "Say A:") == "A"


def test_an_inspect_archive_is_read_and_a_bomb_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "run.eval"
    with zipfile.ZipFile(log, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("samples/1_epoch_1.json", json.dumps({"input": "Say A:", "output": {"completion": "A"}}))
        archive.writestr("header.json", "not read")
    assert text_of(log, Recorded(), "Say A:") == "A"
    monkeypatch.setattr(rows, "MOST_UNPACKED", 10)
    with pytest.raises(ModelError, match="unpacked"):
        read_log(log, Recorded())
    whole = log.read_bytes()
    for cut in range(0, len(whole), 7):
        log.write_bytes(whole[:cut] + b"\xff" + whole[cut + 1 :])
        try:
            read_log(log, Recorded())
        except ModelError:
            continue


def test_scores_of_choices_become_score_answers(tmp_path: Path) -> None:
    log = tmp_path / "samples_t.jsonl"
    row = {"arguments": {f"gen_args_{i}": {"arg_0": "Q:", "arg_1": f" {c}"} for i, c in enumerate("ab")},
           "resps": [[["-1.5", "True"]], [["-2.5", "False"]]]}  # fmt: skip
    log.write_text(json.dumps(row) + "\n")
    found = read_log(log, Recorded())
    pairs = (Pair(Prompt("Q:"), "b"), Pair(Prompt("Q:"), "a"))
    assert found.answer(ScoreRequest(pairs)) == ScoreAnswer((-2.5, -1.5), (False, True), (0, 0))
    assert found.answer(ScoreRequest((*pairs, Pair(Prompt("Q:"), "c")))) is None


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("l.jsonl", '{"q": "x", "a": "1"}\n\n{"q": oops\n', "l.jsonl:3"),
        ("l.jsonl", '{"q": "x", "a": "1"}\n[1]\n', "l.jsonl:2"),
        ("l.jsonl", '{"q": "x"}\n', "there is no 'a'"),
        ("l.json", "[" * 200_000, "nested too deeply"),
        ("l.json", '{"q": 1}', "must be a list"),
        ("l.csv", 'q,a\n"x,1\n', "no CSV"),
        ("l.json", "[]", "no answers"),
    ],
)
def test_mistakes_are_named_with_their_place(tmp_path: Path, name: str, text: str, said: str) -> None:
    log = tmp_path / name
    log.write_text(text)
    with pytest.raises(ModelError, match=said.replace("[", r"\[")):
        read_log(log, TABLE)


def test_a_folder_is_not_left_by_a_link_and_a_long_line_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "log"
    inside.mkdir()
    put(tmp_path / "secret.json", [{"q": "secret", "a": "1"}])
    (inside / "link.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(ModelError, match="holds none"):
        read_log(inside, TABLE)
    put(inside / "own.jsonl", {"q": "x", "a": "1" * 100})
    assert read_log(inside, TABLE).size == 1
    monkeypatch.setattr(rows, "MOST_ROW", 50)
    with pytest.raises(ModelError, match=r"own\.jsonl:1 is longer"):
        read_log(inside, TABLE)


def test_a_template_computes_nothing_dangerous(tmp_path: Path) -> None:
    log = put(tmp_path / "l.json", [{"q": "x", "a": "1", "p": "in"}])
    assert text_of(log, Recorded(format="table", key="{{p}}: {{q}}", answer="a"), "in: x") == "1"
    with pytest.raises(ModelError, match="template"):
        read_log(log, Recorded(format="table", key="{{ q.__class__.__mro__ }}", answer="a"))


def test_rows_count_only_where_they_are_said_to(tmp_path: Path) -> None:
    log = put(
        tmp_path / "l.json", [{"q": "x", "a": "1", "by": {"name": "m"}}, {"q": "x", "a": "2", "by": {"name": "n"}}]
    )
    assert text_of(log, Recorded(format="table", key="q", answer="a", only={"by.name": "n"}), "x") == "2"


def test_a_table_without_a_mapping_is_refused() -> None:
    with pytest.raises((SpecError, ValueError), match="key"):
        Recorded(format="table")


def spoilt() -> Iterator[tuple[str, dict[str, object]]]:
    yield "lm-eval", {"arguments": [["Q", {}]], "resps": [["x"]]}
    yield "inspect", {"input": "Q", "output": {"completion": "x", "choices": []}}
    yield "helm", {"request": {"prompt": "Q"}, "result": {"completions": [{"text": "x"}]}}
    yield "promptfoo", {"prompt": {"raw": "Q"}, "response": {"output": "x"}}


@pytest.mark.parametrize(("kind", "good"), list(spoilt()))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_row_is_read_or_refused(tmp_path: Path, kind: str, good: dict[str, object], data: st.DataObject) -> None:
    row = {**good, data.draw(st.sampled_from(sorted(good))): data.draw(JSON)}
    log = tmp_path / "samples_x.jsonl"
    body: dict[str, object] = {
        "inspect": {"samples": [good, row]},
        "helm": {"request_states": [good, row]},
        "promptfoo": {"results": {"results": [good, row]}},
    }.get(kind, row)
    if kind != "lm-eval":
        log = tmp_path / "scenario_state.json"
    log.write_text(json.dumps(body))
    try:
        found = read_log(log, Recorded.model_validate({"format": kind}))
    except ModelError as error:
        assert log.name in str(error)
        return
    assert found.size >= 1


def test_logs_that_are_no_text_are_named(tmp_path: Path) -> None:
    (tmp_path / "l.json").write_bytes(b'[{"q": "\xff\xfe", "a": "1"}]')
    with pytest.raises(ModelError, match=r"l\.json is no UTF-8 text"):
        read_log(tmp_path / "l.json", TABLE)
