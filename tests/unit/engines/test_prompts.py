"""Prompts: what a model is shown, what does not fit, and what has nothing to score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fairtrial.engines.chat import ChatTemplate
from fairtrial.engines.fake import FakeEngine
from fairtrial.engines.local.prefix_tree.trie import Tokens
from fairtrial.engines.local.vocabulary import EMPTY, Vocabulary
from fairtrial.engines.prompts import Encoder, PromptFormat
from fairtrial.errors import DataError, SpecError, TooLongError
from fairtrial.ledger.encoding import decode_request, encode_request, pack
from fairtrial.models import identify_candidate
from fairtrial.models.record import ResolvedModel
from fairtrial.planning.requests import settle_request
from fairtrial.records import GenerateRequest, Pair, Prompt, ScoreRequest, make_example
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.problems import validate_section
from fairtrial.spec.yamlfile import Places

CHATML = """{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}
{%- if add_generation_prompt %}<assistant>{% endif %}"""
THINKS = CHATML.replace("<assistant>{% endif", "<assistant><think>\n{% endif")
SHOTS = (*make_example("Q: 1 + 1?\nA:", "2"), *make_example("Q: 1 + 2?\nA:", "3"))


class Bytes(Vocabulary):
    """One token a byte."""

    size, bos, prefix, adds_bos, bos_text, eos_text, cuts_lines = 257, 256, 256, False, "", "", False

    def __init__(self) -> None:
        super().__init__([])

    def _encode(self, text: str, special: bool) -> Tokens:
        return np.frombuffer(text.encode(), dtype=np.uint8).astype(np.int32) if text else EMPTY

    def piece(self, token: int) -> bytes:
        return bytes([token]) if token < 256 else b""

    def ends(self, token: int) -> bool:
        return token == 256


def encoder(template: str | None = None, context: int = 512, truncate: bool = False, system: str = "") -> Encoder:
    return Encoder(Bytes(), PromptFormat(template and ChatTemplate(template), system, context, truncate))


def read(tokens: Tokens) -> str:
    return bytes(tokens[tokens < 256].tolist()).decode()


def scored(encoder: Encoder, request: ScoreRequest) -> list[tuple[str, str]]:
    return [(read(s.tokens[: s.start]), read(s.tokens[s.start :])) for [s] in encoder.score(request)]


def test_requests_without_turns_have_the_ids_that_they_always_had() -> None:
    written = GenerateRequest(Prompt("2 + 2 =", "Add.", "It is"), max_tokens=32, stop=("\n",))
    assert written.id == "6afee1865ea1efa03aa2e097e93c883b"
    choices = ScoreRequest((Pair(Prompt("2 + 2 =", "Add."), "4"), Pair(Prompt("2 + 2 ="), "5")))
    assert choices.id == "675eb3a9190e3764a0b2122da4161b72"


def test_turns_are_part_of_what_is_asked_and_kept_in_the_ledger() -> None:
    prompt = Prompt("Q: 2 + 2?\nA:", "Add.", examples=SHOTS)
    for request in (GenerateRequest(prompt, 8), ScoreRequest((Pair(prompt, "4"), Pair(Prompt(""), "4")))):
        alone = [
            GenerateRequest(p, 8)
            if isinstance(request, GenerateRequest)
            else ScoreRequest((Pair(p, "4"), Pair(Prompt(""), "4")))
            for p in (prompt.in_one_turn(), Prompt(prompt.user, prompt.system))
        ]
        assert len({request.id, *(one.id for one in alone)}) == 3
        assert decode_request(pack(encode_request(request)), None) == request
        assert b"turns" in encode_request(request) and b"turns" not in encode_request(alone[0])


@pytest.mark.parametrize(
    ("settings", "kept"),
    [({"chat": "model"}, True), ({}, False), ({"chat": "model", "fewshot_as_multiturn": False}, False)],
)
def test_who_is_shown_examples_as_turns(settings: dict[str, object], kept: bool) -> None:
    candidate = Candidate.model_validate({"id": "a", "model": "fake:a", **settings})
    prompt = Prompt("Q: 2 + 2?\nA:", "Add.", examples=SHOTS)
    expected = prompt if kept else prompt.in_one_turn()
    generate, score = (
        settle_request(GenerateRequest(prompt, 8), candidate, 0),
        settle_request(ScoreRequest((Pair(prompt, "4"),)), candidate, 0),
    )
    assert isinstance(generate, GenerateRequest) and generate.prompt == expected
    assert isinstance(score, ScoreRequest) and score.pairs[0].prompt == expected


def test_turns_through_a_chat_template() -> None:
    prompt = Prompt("Q: 2 + 2?\nA:", "Add.", examples=SHOTS)
    shown = read(encoder(CHATML, system="Be brief.").generate(GenerateRequest(prompt, 8)).tokens)
    assert shown == (
        "<system>Be brief.\n\nAdd.<user>Q: 1 + 1?\nA:<assistant>2<user>Q: 1 + 2?\nA:<assistant>3"
        "<user>Q: 2 + 2?\nA:<assistant>"
    )


def test_an_opened_thought_is_closed_before_given_answers_and_left_open_for_written_ones() -> None:
    closed = "<user>Q<assistant><think>\n\n</think>\n\n"
    assert scored(encoder(THINKS), ScoreRequest((Pair(Prompt("Q"), "A"),))) == [(closed, "A")]
    asked = encoder(THINKS).generate(GenerateRequest(Prompt("Q"), 8))
    assert read(asked.tokens) == "<user>Q<assistant><think>\n" and asked.thinking.opened == "<think>"
    begun = encoder(THINKS).generate(GenerateRequest(Prompt("Q", assistant="It is"), 8))
    assert read(begun.tokens) == "<user>Q<assistant>It is" and begun.thinking.opened == ""


@pytest.mark.parametrize("template", [None, CHATML])
def test_a_continuation_without_tokens_is_refused_by_name(template: str | None) -> None:
    request = ScoreRequest((Pair(Prompt("Q"), "yes"), Pair(Prompt("Q"), "")), delimiter="", label="quiz item 7")
    engine = FakeEngine("a", Candidate(id="a", model="fake:a", chat="model" if template else "none"))
    for ask in (encoder(template).score, lambda r: engine.check([r]), lambda r: list(engine.score([r]))):
        with pytest.raises(DataError, match="choice 2 of 2, '', has no tokens") as caught:
            ask(request)
        assert caught.value.where == "quiz item 7"
    with pytest.raises(DataError, match="the document"):
        encoder(template).score(ScoreRequest((Pair(Prompt(""), ""),), rolling=True))


def test_a_chat_template_leaves_the_delimiter_out_so_an_empty_choice_is_empty() -> None:
    request = ScoreRequest((Pair(Prompt("Q"), "yes"), Pair(Prompt("Q"), "")), label="quiz item 7")
    assert [continuation for _, continuation in scored(encoder(None), request)] == [" yes", " "]
    with pytest.raises(DataError, match="choice 2"):
        encoder(CHATML).score(request)


@pytest.mark.parametrize("truncate", [False, True])
def test_advice_about_what_does_not_fit_can_be_followed(truncate: bool) -> None:
    narrow = encoder(None, 64, truncate)
    fake = FakeEngine("a", Candidate(id="a", model="fake:a", context=64, overflow="truncate" if truncate else "error"))
    choice = ScoreRequest((Pair(Prompt("Q"), "x" * 90),), label="quiz item 7")
    answer = GenerateRequest(Prompt("Q"), 90, label="quiz item 8")
    for ask in (narrow.score, lambda r: fake.check([r])):
        with pytest.raises(TooLongError, match="A choice of 91 tokens leaves no room") as caught:
            ask(choice)
        assert "truncate" not in caught.value.fix and caught.value.where == "quiz item 7"
    for write in (narrow.generate, lambda r: fake.check([r])):
        with pytest.raises(TooLongError, match="An answer of up to 90 tokens leaves no room") as caught:
            write(answer)
        assert "truncate" not in caught.value.fix and "max_tokens" in caught.value.fix
    long = ScoreRequest((Pair(Prompt("Q" * 90), "x"),))
    assert encoder(None, 64, True).score(long)[0][0].truncated > 0
    with pytest.raises(TooLongError, match="tokens of prompt") as caught:
        encoder(None, 64, False).score(long)
    assert "`overflow: truncate`" in caught.value.fix


def test_the_date_is_a_setting_and_part_of_the_identity(tmp_path: Path) -> None:
    def read_candidate(**more: object) -> Candidate:
        return validate_section(Candidate, {"id": "a", "model": "fake:a", **more}, Places(Path("c.yaml")))

    def identity(**more: object) -> str:
        model = ResolvedModel("fake:a", "fake", None, "0", "a", {})
        return identify_candidate(read_candidate(**more), model, base_dir=tmp_path, engine_version="1")

    assert read_candidate().date == "2026-01-01"
    assert identity() == identity(date="2030-01-01")
    assert identity(chat="model") != identity(chat="model", date="2030-01-01")
    assert len({identity(), identity(chat="model"), identity(thoughts="none")}) == 3
    for wrong in ("today", 20260101, "2026-13-01", "01.02.2026"):
        with pytest.raises(SpecError, match="date must be a day as YYYY-MM-DD"):
            read_candidate(date=wrong)
