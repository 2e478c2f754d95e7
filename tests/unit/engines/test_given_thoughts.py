"""A thought that a prompt gives: how every engine writes it in the form in which its model thinks."""

from __future__ import annotations

import pytest

from fairtrial.engines.fake import FakeEngine
from fairtrial.engines.openai_api.requests import Begun, ServerQuirks, make_messages, make_request_body
from fairtrial.engines.prompts import Encoder
from fairtrial.ledger.encoding import decode_request, encode_request, pack
from fairtrial.levers import read_lever, wrap_engine
from fairtrial.records import GenerateRequest, Pair, Prompt, ScoreRequest
from fairtrial.spec.candidate import Candidate
from fairtrial.thoughts import TAGS, find_own_tags, frame_thought
from tests.unit.engines.test_prompts import CHATML, THINKS, encoder, read, scored

ASKED = Prompt("6 x 7?", assistant="It is", thought="Six by seven.")
NAMES_TAGS = CHATML + "{# answers may hold <think> #}"


def written(encoder: Encoder, prompt: Prompt) -> str:
    return read(encoder.generate(GenerateRequest(prompt, 8)).tokens)


@pytest.mark.parametrize("template", [THINKS, NAMES_TAGS])
def test_a_chat_template_is_gone_on_with(template: str) -> None:
    found = encoder(template)
    assert found.own_tags == ("<think>", "</think>")
    head = "<user>6 x 7?<assistant>"
    assert written(found, ASKED) == head + "<think>\nSix by seven.\n</think>\n\nIt is"
    assert written(found, Prompt("6 x 7?", thought="")) == head + "<think>\n\n</think>\n\n"
    pairs = (Pair(ASKED, " 42"),)
    assert scored(found, ScoreRequest(pairs)) == [(head + "<think>\nSix by seven.\n</think>\n\nIt is", " 42")]


def test_a_model_without_tags_does_not_think() -> None:
    assert encoder(CHATML).own_tags is None
    assert encoder(None).own_tags is None


def test_tags_by_template_vocabulary_and_candidate() -> None:
    assert find_own_tags(TAGS, "", "no tags", ()) is None
    assert find_own_tags(TAGS, "", "", {"[THINK]", "[/THINK]"}) == ("[THINK]", "[/THINK]")
    assert find_own_tags((("<plan>", "</plan>"),), "", "", ()) == ("<plan>", "</plan>")
    assert find_own_tags((), "", "<think>", ()) is None
    harmony = find_own_tags(TAGS, "", "", {"<|channel|>"})
    assert harmony is not None
    begin, end = frame_thought(harmony, "")
    assert f"{begin}hm{end}" == "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>"
    assert frame_thought(("[THINK]", "[/THINK]"), "[THINK]") == ("", "[/THINK]")


def test_an_endpoint_gets_it_as_the_assistants_last_message() -> None:
    asked = {"role": "user", "content": "6 x 7?"}
    whole = "<think>\nSix by seven.\n</think>\n\nIt is"
    assert make_messages(ASKED, "", begun=Begun("message")) == [asked, {"role": "assistant", "content": whole}]
    [_, last] = make_messages(ASKED, "", begun=Begun("prefix", (("<plan>", "</plan>"),)))
    assert last["prefix"] is True and last["content"].startswith("<plan>\n")
    assert make_messages(Prompt("6 x 7?"), "", begun=Begun("message")) == [asked]
    request = GenerateRequest(ASKED, 8)
    for how, more in (
        ("message", {}),
        ("continue_final_message", {"continue_final_message": True, "add_generation_prompt": False}),
    ):
        told = make_messages(ASKED, "", begun=Begun(how))
        body = make_request_body("m", told, request, ServerQuirks(), False, how)
        assert {key: body[key] for key in body if "final" in key or "generation" in key} == more


def test_running_text_shows_it_and_the_ledger_keeps_it() -> None:
    assert ASKED.plain() == "6 x 7?<think>\nSix by seven.\n</think>\n\nIt is"
    request = GenerateRequest(ASKED, 8)
    assert decode_request(pack(encode_request(request)), None) == request
    assert request.id != GenerateRequest(Prompt("6 x 7?", assistant="It is"), 8).id
    assert Prompt.from_document(Prompt("6 x 7?", thought="").document()).thought == ""


def test_the_fake_engine_thinks_where_it_is_told_how() -> None:
    engine = FakeEngine("a", Candidate(id="a", model="fake:a", chat="model"))
    wrapped = wrap_engine(read_lever({"think": {"budget": 5, "by": "tags"}}), engine, {})
    [answer] = wrapped.generate([GenerateRequest(Prompt("6 x 7?"), 8)])
    assert answer.tokens == 8  # it writes no tags, so nothing is cut
    steps = wrap_engine(read_lever({"think": {"budget": 5, "by": "steps"}}), engine, {})
    [answer] = steps.generate([GenerateRequest(Prompt("6 x 7?"), 8)])
    assert (answer.tokens, answer.reasoning_tokens) == (13, 5)
