"""Thoughts are told from answers: on a labelled list, as a text grows, and never by a stop string in a thought."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fairtrial.engines.sampling import TextBuilder, ThoughtFormat, make_answer
from fairtrial.errors import SpecError
from fairtrial.ledger import Chunk, Ledger
from fairtrial.levers.cascade.signals import measure_agreement, measure_text_probability
from fairtrial.recorded import open_replay, read_log
from fairtrial.records import GenerateAnswer, GenerateRequest, Prompt
from fairtrial.report.examples import quote_answer
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.problems import validate_section
from fairtrial.spec.recorded import Recorded
from fairtrial.spec.yamlfile import Places
from fairtrial.thoughts import TAGS, closed_by, find_markers, opened_by, separate

LABELLED: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parents[1] / "labelled" / "thoughts.yaml").read_text())


def expected(one: dict[str, Any]) -> tuple[str, str, bool, bool]:
    return one.get("thought", ""), one["answer"], one.get("ended", True), "thought" in one


def grown(text: str, stop: tuple[str, ...] = (), opened: str = "", waits: bool = True) -> TextBuilder:
    out = TextBuilder(stop, ThoughtFormat(TAGS, opened, waits))
    for letter in text:
        if out.push(letter.encode()):
            break
    return out


@pytest.mark.parametrize("one", LABELLED, ids=lambda one: one["text"][:40])
def test_labelled_list(one: dict[str, Any]) -> None:
    assert separate(one["text"], opened=one.get("opened", "")) == expected(one)


@pytest.mark.parametrize("one", LABELLED, ids=lambda one: one["text"][:40])
def test_a_growing_text_ends_in_the_same_parts(one: dict[str, Any]) -> None:
    thought, answer, ended, tokens = grown(one["text"], opened=one.get("opened", "")).build()
    assert (thought, answer, ended) == expected(one)[:3]
    assert tokens > 0 or not thought


@pytest.mark.parametrize(
    "text",
    [
        "<think></think>" * 100_000,
        "<think>" * 200_000,
        "analysis" + "assistantcommentary" * 100_000,
        "<|channel|>" + "a" * 1_000_000,
        "<|channel|>analysis<|message|>" * 50_000,
        "<|channel|>analysis<|message|>x<|end|><|start|>assistant" * 30_000,
        " " * 1_000_000 + "<",
        "</think>" * 200_000,
    ],
    ids=range(8),
)
def test_hostile_texts_take_no_longer_than_they_are_long(text: str) -> None:
    found = separate(text)  # hangs where a reader goes over the text again and again
    assert len(found.thought) + len(found.answer) <= len(text) + 400_000


def test_nothing_is_separated_where_that_is_switched_off() -> None:
    for one in LABELLED:
        assert separate(one["text"], ()) == ("", one["text"], True, False)


def test_own_tags_take_the_place_of_the_usual_ones() -> None:
    own = (("<plan>", "</plan>"),)
    assert separate("<plan>hm</plan>B", own)[:2] == ("hm", "B")
    assert separate("<think>hm</think>B", own)[:2] == ("", "<think>hm</think>B")


def test_stop_strings_in_a_thought_end_nothing() -> None:
    text = "<think>Q: is it A?\n\nNo.</think>\n\nIt is C.\n\nQ: next"
    out = grown(text, ("\n\n", "Q:"))
    thought, answer, ended, tokens = out.build()
    assert (thought, answer, ended) == ("Q: is it A?\n\nNo.", "It is C.", True)
    assert tokens == len("<think>Q: is it A?\n\nNo.</think>")


def test_stop_strings_in_a_thought_that_the_prompt_opened() -> None:
    assert grown("a\nb\n</think>\n\nC\nd", ("\n",), opened="<think>").build()[:3] == ("a\nb", "C", True)
    assert grown("a\nb", ("\n",), opened="<think>").build()[:3] == ("a\nb", "", False)


def test_stop_strings_in_harmony() -> None:
    text = "<|channel|>analysis<|message|>a\nb<|end|><|start|>assistant<|channel|>final<|message|>C\nd"
    assert grown(text, ("\n", "<|end|>")).build()[:2] == ("a\nb", "C")


@pytest.mark.parametrize(("waits", "answer"), [(True, ""), (False, "")])
def test_white_space_before_a_thought(waits: bool, answer: str) -> None:
    out = grown("\n<think>hm</think>B", ("\n",), waits=waits)
    assert out.build()[:2] == (("hm", "B") if waits else ("", answer))


def test_stop_strings_work_at_the_beginning_of_an_answer() -> None:
    assert grown("\n\nQ: next", ("\n\n",)).finish() == ""
    assert grown("\n\n", ("\n\n",)).finish() == ""
    assert grown("<b", ("<",)).finish() == ""
    assert grown("<", ("<",)).finish() == ""


TEXTS = st.sampled_from(["<think>", "</think>", "a", "\n", " ", "stop", "<", "[THINK]", "[/THINK]", "<|channel|>"])


@given(st.lists(TEXTS, max_size=8), st.booleans())
def test_growing_and_whole_texts_agree(parts: list[str], opened: bool) -> None:
    text, tag = "".join(parts), "<think>" if opened else ""
    thought, answer, ended, found = separate(text, opened=tag)
    written = grown(text, ("stop",), opened=tag).build()
    begun = found and not text.startswith("stop") and (text.lstrip().startswith(("<think>", "[THINK]")) or opened)
    decided = "stop" not in text or begun  # else a stop string may come before it is clear what is a thought
    assert not decided or written[:3] == (thought, answer.partition("stop")[0], ended)


def test_an_unfinished_thought_is_an_unfinished_answer() -> None:
    out = grown("<think>Is it", ())
    answer = make_answer(out, tokens=12, ended=True, prompt_tokens=3, truncated=0, logprob=-1.0)
    assert (answer.text, answer.thought, answer.finish, answer.reasoning_tokens) == ("", "Is it", "length", 12)
    assert answer.unfinished
    whole = make_answer(grown("<think>a</think>B"), tokens=17, ended=True, prompt_tokens=3, truncated=0, logprob=-1.0)
    assert (whole.text, whole.finish, whole.reasoning_tokens, whole.unfinished) == ("B", "stop", 16, False)


@pytest.mark.parametrize(
    ("prompt", "tag"),
    [
        ("<|im_start|>assistant\n<think>\n", "<think>"),
        ("Q: <think> is a tag. A:", ""),
        ("<|im_start|>assistant\n<think>\n\n</think>\n\n", ""),
        ("...[THINK]", "[THINK]"),
        ("<|start|>assistant<|channel|>analysis<|message|>", "<|start|>assistant<|channel|>analysis<|message|>"),
        ("<|start|>assistant<|channel|>final<|message|>", ""),
        ("<|start|>assistant", ""),
        ("", ""),
    ],
)
def test_whether_a_prompt_opens_a_thought(prompt: str, tag: str) -> None:
    assert opened_by(prompt) == tag
    assert opened_by(prompt, ()) == ""


def test_special_tokens_that_tell_thoughts_are_kept() -> None:
    assert find_markers(TAGS, {"<s>", "[THINK]", "[/THINK]", "<|end|>"}) == {"[THINK]", "[/THINK]"}
    assert find_markers(TAGS, {"<|channel|>", "<|end|>", "<|message|>", "<pad>"}) == {
        "<|channel|>",
        "<|end|>",
        "<|message|>",
    }
    assert find_markers(TAGS, {"<|channel>", "<channel|>", "<eos>"}) == {"<|channel>", "<channel|>"}
    assert find_markers((), {"[THINK]"}) == set()
    assert closed_by("[think]") == "[/THINK]" and closed_by("<other>") == ""


def test_settings_of_a_candidate() -> None:
    def read(**more: object) -> Candidate:
        return validate_section(Candidate, {"id": "a", "model": "fake:a", **more}, Places(Path("c.yaml")))

    assert read().tags is TAGS
    assert read(thoughts="none").tags == ()
    assert read(thoughts=[["<plan>", "</plan>"]]).tags == (("<plan>", "</plan>"),)
    for wrong in ("never", [], ["<plan>", "</plan>"], [["<plan>"]], 3):
        with pytest.raises(SpecError, match="thoughts must be 'auto', 'none', or pairs of tags"):
            read(thoughts=wrong)
    with pytest.raises(SpecError, match="must be some text"):
        read(thoughts=[["<plan>", " "]])


def test_thoughts_in_logs_are_told_apart_before_stop_strings(tmp_path: Path) -> None:
    rows = [
        {"q": "A or C?", "a": "<think>The answer is A?\n\nNo.</think>\n\n(C)\n\nmore"},
        {"q": "B or D?", "a": "Let me see.\n\nB?\n</think>\n\n(D)"},
        {"q": "X or Y?", "a": "<think>Is it"},
    ]
    (tmp_path / "log.json").write_text(json.dumps(rows))
    how = Recorded(format="table", key="q", answer="a")
    record = read_log(tmp_path / "log.json", how)
    found = [record.answer(GenerateRequest(Prompt(row["q"]), 8, stop=("\n\n",))) for row in rows]
    assert all(isinstance(answer, GenerateAnswer) for answer in found)
    assert [answer.text for answer in found] == ["(C)", "(D)", ""]
    assert [answer.thought for answer in found] == ["The answer is A?\n\nNo.", "Let me see.\n\nB?", "Is it"]
    assert [answer.unfinished for answer in found] == [False, False, True]
    plain = read_log(tmp_path / "log.json", how, ()).answer(GenerateRequest(Prompt("X or Y?"), 8))
    assert isinstance(plain, GenerateAnswer) and plain.text == "<think>Is it"


def test_thoughts_in_answers_of_older_ledgers_are_told_apart(tmp_path: Path) -> None:
    request = GenerateRequest(Prompt("A or C?"), 8)
    with closing(Ledger.open(tmp_path / "old.db")) as ledger, ledger.writing():
        ledger.add_candidate("c1", "small", {})
        ledger.commit("c1", Chunk(answers=[(request, GenerateAnswer("<think>A?</think> (C)", 9, "stop"))]))
    replay = open_replay(tmp_path / "old.db", "c1")
    found = replay.answer(request)
    replay.close()
    assert isinstance(found, GenerateAnswer)
    assert (found.text, found.thought, found.tokens, found.finish) == ("(C)", "A?", 9, "stop")


def test_no_answer_is_no_sure_answer() -> None:
    cut_off = GenerateAnswer("", 8, "length", logprob=-0.01, reasoning_tokens=8, thought="Is it")
    assert cut_off.unfinished and measure_text_probability(cut_off) == 0.0
    assert measure_agreement(cut_off, [cut_off, cut_off], "") == 0.0
    assert measure_agreement(GenerateAnswer("", 1, "stop"), [cut_off, GenerateAnswer("", 1, "stop")], "") == 0.5


def test_examples_show_the_end_of_a_thought_without_an_answer() -> None:
    assert quote_answer({"text": "B", "thought": "hm"}) == "B"
    assert quote_answer({"text": "", "thought": "x" * 300 + " is it"}).endswith("xxx is it)")
    assert "no answer after its reasoning" in quote_answer({"text": "", "thought": "hm"})
