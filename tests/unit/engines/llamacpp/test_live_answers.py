"""Answers that come and go side by side: the same as each alone, with whatever prompts share read once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fairtrial.engines import EngineSettings, open_engine
from fairtrial.engines.live import AnswerPiece, LiveEngine, NoRoomError, Wishes
from fairtrial.engines.llamacpp import speed
from fairtrial.engines.llamacpp.speed import choose_live_flash
from fairtrial.engines.sampling import TextBuilder
from fairtrial.errors import EngineError, SpecError, TooLongError
from fairtrial.models import resolve
from fairtrial.records import GenerateRequest, Pair, Prompt, ScoreRequest
from fairtrial.spec.candidate import Candidate
from tests.support.small_gguf import write_model

pytest.importorskip("llama_cpp")
pytestmark = pytest.mark.model

SETTINGS = EngineSettings(threads=1, batch_tokens=128, flash_attention=False)
SHARED = "All of the questions begin with these words, which are long enough to be worth a copy: "


def open_small(path: Path):
    spec = Candidate(id="small", model=f"gguf:{path}", context=512)
    return open_engine(spec, resolve(spec.model, path.parent), SETTINGS)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    opened = open_small(write_model(tmp_path_factory.mktemp("small") / "small.gguf"))
    yield opened
    opened.close()


@pytest.fixture
def live(engine) -> Iterator[LiveEngine]:
    found = engine.open_live(3)
    yield found
    found.close()


def ask(text: str, tokens: int = 12, **more) -> GenerateRequest:
    return GenerateRequest(Prompt(text), tokens, **more)


def finish(live: LiveEngine, *writings, most: int = 400) -> None:
    for _ in range(most):
        if all(one.answer is not None or one.error is not None for one in writings):
            return
        live.advance()
    raise AssertionError("it does not end")


def count_reads(engine, work: Callable[[], None]) -> float:
    before = engine.work.get("prefill_tokens", 0)
    work()
    return engine.work["prefill_tokens"] - before


def test_answers_side_by_side_are_those_that_are_asked_for_together(engine, live: LiveEngine) -> None:
    requests = [ask(f"{SHARED}{i}", 8 + i) for i in range(5)]  # more than there are places
    requests.append(ask("something else", temperature=0.9, seed=5))
    writings = [live.begin(request) for request in requests]
    finish(live, *writings)
    assert [one.answer.text for one in writings] == [one.text for one in engine.generate(requests)]
    assert [one.answer.tokens for one in writings] == [8, 9, 10, 11, 12, 12]


def test_a_new_one_joins_while_others_grow(engine, live: LiveEngine) -> None:
    first = live.begin(ask("a long answer", 60))
    for _ in range(5):
        live.advance()
    second = live.begin(ask("a short one", 4))
    finish(live, second)
    assert first.answer is None
    finish(live, first)
    assert [first.answer.text, second.answer.text] == [
        one.text for one in engine.generate([ask("a long answer", 60), ask("a short one", 4)])
    ]


def test_what_prompts_share_is_read_once(engine, live: LiveEngine) -> None:
    requests = [ask(f"{SHARED}{letter}", 2) for letter in "abc"]
    writings = [live.begin(request) for request in requests]
    read = count_reads(engine, lambda: finish(live, *writings))
    assert read < len(SHARED) + 12
    later = live.begin(ask(f"{SHARED}later", 2))
    assert count_reads(engine, lambda: finish(live, later)) <= len("later") + 1


def test_what_comes_early_is_the_beginning_of_the_whole(live: LiveEngine) -> None:
    writing = live.begin(ask("abc", 40, temperature=1.0, seed=2))
    pieces = []
    while writing.answer is None:
        live.advance()
        pieces.append(writing.take())
    assert "".join(one.text for one in pieces) == writing.answer.text
    assert sum(bool(one.text) for one in pieces) > 5
    assert writing.take() == AnswerPiece()


def test_one_that_nobody_waits_for_makes_room(live: LiveEngine) -> None:
    kept = [live.begin(ask(f"{i} grows", 300)) for i in range(3)]
    waiting = live.begin(ask("waits", 2))
    live.advance()
    live.advance()
    assert waiting.answer is None
    live.cancel(kept[0])
    finish(live, waiting, most=20)
    live.cancel(kept[1])
    live.cancel(kept[2])
    live.advance()


def test_notes_of_a_prompt_add_up_to_its_score_whatever_was_read_before(engine, live: LiveEngine) -> None:
    texts = [f"{SHARED}one", f"{SHARED}two", f"{SHARED}only"]
    scored = list(engine.score([ScoreRequest((Pair(Prompt(text[:1]), text[1:]),), "") for text in texts]))
    for text, score in zip(texts, scored, strict=True):
        tokens = tuple(live.tokenize(text))
        writing = live.begin(ask("", 0), Wishes(top=2, echo=True, tokens=tokens))
        finish(live, writing)
        assert [note.data for note in writing.notes] == [bytes([byte]) for byte in text.encode()]
        assert writing.notes[0].logprob is None
        assert sum(note.logprob for note in writing.notes[1:]) == pytest.approx(score.logprobs[0], rel=1e-4)
        assert writing.answer.tokens == 0
        assert all(note.logprob <= note.top[0][1] + 1e-9 for note in writing.notes[1:])


def test_notes_of_an_answer_add_up_to_its_log_probability(live: LiveEngine) -> None:
    writing = live.begin(ask("abc", 9), Wishes(top=1))
    finish(live, writing)
    assert sum(note.logprob for note in writing.notes) == pytest.approx(writing.answer.logprob, abs=1e-4)
    assert b"".join(note.data for note in writing.notes).decode("utf-8", "replace") == writing.answer.text


def test_a_grammar_holds(live: LiveEngine) -> None:
    writing = live.begin(ask("abc", 20), Wishes(grammar='root ::= "yes" | "no"'))
    other = live.begin(ask("abc", 20, temperature=1.5, seed=3), Wishes(grammar="root ::= [0-9] [0-9]?"))
    finish(live, writing, other)
    assert writing.answer.text in ("yes", "no") or writing.answer.text[:3] in ("yes", "no")
    assert other.answer.text[:1].isdigit()
    with pytest.raises(SpecError, match="grammar"):
        live.begin(ask("abc"), Wishes(grammar="root ::= ("))


def test_what_does_not_fit_is_told_before_it_begins(live: LiveEngine) -> None:
    with pytest.raises(TooLongError, match="600"):
        live.begin(ask("x" * 600))
    with pytest.raises(SpecError, match="no token 256"):
        live.begin(ask("", 1), Wishes(tokens=(1, 256)))
    live.cells = 20
    with pytest.raises(NoRoomError, match="20"):
        live.begin(ask("x" * 30))


def test_numbers_that_are_none_fail_one_answer_and_no_other(tmp_path: Path) -> None:
    engine = open_small(write_model(tmp_path / "spoilt.gguf", spoilt="~"))
    live = engine.open_live(2)
    fine, bad = live.begin(ask("abc", 6)), live.begin(ask("a~c", 6))
    finish(live, fine, bad)
    assert isinstance(bad.error, EngineError)
    with pytest.raises(EngineError, match="nan"):
        bad.take()
    after = live.begin(ask("abc", 6))
    finish(live, after)
    assert fine.answer.text == after.answer.text
    live.close()
    engine.close()


def test_a_text_is_settled_up_to_where_a_stop_string_may_begin() -> None:
    text = TextBuilder(["END", "\n\n"])
    assert text.settle() == ("", "")
    for data, settled in ((b"one E", "one "), (b"N", "one "), (b"x\n", "one ENx"), (b"two", "one ENx\ntwo")):
        assert not text.push(data)
        assert text.settle() == ("", settled)
    assert text.push(b"\n\nmore")
    assert text.settle() == ("", "one ENx\ntwo")


def test_flash_attention_is_chosen_by_a_measurement_that_is_remembered(engine, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    session = engine._session
    assert session.sizes.flash == 0
    assert choose_live_flash(session.model, "f" * 64, session.sizes) == 0
    free = replace(session.sizes, flash=-1)
    found = choose_live_flash(session.model, "f" * 64, free)
    assert found in (-1, 0)
    monkeypatch.setattr(speed, "_time_growing", lambda *_: pytest.fail("it is measured again"))
    assert choose_live_flash(session.model, "f" * 64, free) == found
    monkeypatch.setattr(speed, "_time_growing", lambda *_: None)
    assert choose_live_flash(session.model, "e" * 64, free) == -1
