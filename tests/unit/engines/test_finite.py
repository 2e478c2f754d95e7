"""Numbers that are none: who is named, what is kept, and that no answer comes of them.  Fake and tiny models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from fairtrial.engines import EngineSettings, open_engine
from fairtrial.engines.base import Engine, GivesDistributions
from fairtrial.engines.fake import FakeEngine
from fairtrial.engines.finite import find_flaw
from fairtrial.engines.sampling import compute_token_surprisal, sample_token
from fairtrial.errors import EngineError
from fairtrial.ledger import Ledger
from fairtrial.models import resolve
from fairtrial.planning.passages import make_passage_item
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.planning.requests import make_requests
from fairtrial.records import GenerateAnswer, GenerateRequest, Pair, Prompt, ScoreAnswer, ScoreRequest
from fairtrial.running.conductor import run
from fairtrial.running.divergence import PassageReading
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.cascade import Cascade
from fairtrial.spec.trial import Trial
from fairtrial.stats.divergence import compute_divergence
from tests.support.levers import cascade
from tests.support.small_gguf import write_model

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (ScoreAnswer((-1.0, -2.0), (True, False), (1, 1)), ""),
        (ScoreAnswer((-1.0, -INF), (True, False), (1, 1)), ""),
        (ScoreAnswer((-1.0, NAN), (True, False), (1, 1)), "a log-probability is nan"),
        (ScoreAnswer((INF, -1.0), (True, False), (1, 1)), "a log-probability is inf"),
        (ScoreAnswer((-INF, -INF), (True, False), (1, 1)), "every log-probability is -inf"),
        (ScoreAnswer((-1.0,), (True,), (-1,)), "a number of tokens is -1"),
        (GenerateAnswer("a", 1, "stop"), ""),
        (GenerateAnswer("a", 1, "stop", logprob=-0.5), ""),
        (GenerateAnswer("a", 1, "stop", logprob=NAN), "a log-probability is nan"),
        (GenerateAnswer("a", 1, "stop", logprob=-INF), "a log-probability is -inf"),
    ],
)
def test_what_is_wrong_with_an_answer(answer: ScoreAnswer | GenerateAnswer, told: str) -> None:
    assert find_flaw(answer) == told


@pytest.mark.parametrize("broken", [NAN, INF])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_row_that_is_not_numbers_is_not_certain(broken: float, temperature: float) -> None:
    row = np.array([1.0, broken, 2.0, 0.0], dtype=np.float32)
    request = GenerateRequest(Prompt("x"), 1, temperature=temperature, top_k=2, top_p=0.9)
    token = sample_token(row, request, np.random.default_rng(1) if temperature else None)
    assert math.isnan(compute_token_surprisal(row, token))
    assert math.isnan(compute_token_surprisal(np.full(4, -INF, dtype=np.float32), 0))


class Spoilt(FakeEngine):
    """Computes nothing sensible after the letter Z."""

    def _draw_logits(self, tail: bytes) -> np.ndarray:
        found = super()._draw_logits(tail)
        return np.full_like(found, NAN) if b"Z" in tail else found


def spoilt() -> Spoilt:
    return Spoilt("one", Candidate(id="one", model="fake:one"))


def test_a_trial_names_candidate_and_item_and_keeps_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(tmp_path)
    real = FakeEngine.score
    bad = plan.tasks[0].items[7]

    def score(self: FakeEngine, requests: Sequence[ScoreRequest]) -> list[ScoreAnswer]:
        answers = list(real(self, requests))
        [[request]] = make_requests(plan.tasks[0].plain, plan.candidates[0].spec, bad)
        asked = request.id
        broken = ScoreAnswer((NAN, -1.0, -1.0, -1.0), (False,) * 4, (1,) * 4)
        return [broken if one.id == asked else got for one, got in zip(requests, answers, strict=True)]

    monkeypatch.setattr(FakeEngine, "score", score)
    ledger = Ledger.open(tmp_path / "t.db")
    with pytest.raises(EngineError, match="not a number: a log-probability is nan") as caught, ledger.writing():
        run(plan, "text", ledger, EngineSettings(), lambda _: None)
    assert caught.value.exit_code == 4
    assert "candidate a" in caught.value.where
    assert plan.tasks[0].plain.requests(bad)[0].label in caught.value.where
    assert list(ledger.read("SELECT count(*) FROM answers", ())) == [(19,)]
    assert list(ledger.read("SELECT count(*) FROM observations", ())) == [(0,)]


def planned(tmp_path: Path) -> Plan:
    candidates = (Candidate(id="a", model="fake:a"), Candidate(id="b", model="fake:b"))
    return plan_trial(
        Trial.model_validate({"candidates": candidates, "tasks": [{"task": "table", "level": 1, "limit": 20}]}),
        tmp_path,
    )


def test_the_fake_engine_hands_over_what_it_computed() -> None:
    engine = spoilt()
    asked = [GenerateRequest(Prompt(text), 4) for text in ("a", "Z", "b")]
    assert [bool(find_flaw(answer)) for answer in engine.generate(asked)] == [False, True, False]


def cascade_by(signal: str) -> Engine:
    larger = FakeEngine("two", Candidate(id="two", model="fake:two"))
    settings = Cascade.model_validate({"to": "two", "threshold": 0.5, "signal": signal})
    return cascade(settings, spoilt(), {"two": larger})


def test_a_cascade_that_asks_several_times_refuses_it() -> None:
    asked = [GenerateRequest(Prompt(text), 4, label=f"item {text}") for text in ("a", "Z")]
    with pytest.raises(EngineError, match="not a number") as caught:
        list(cascade_by("self_agreement").generate(asked))
    assert "item Z" in caught.value.where


def test_a_cascade_does_not_take_it_for_certainty() -> None:
    engine = cascade_by("mean_logprob")
    asked = [GenerateRequest(Prompt(text), 4, label=f"item {text}") for text in ("a", "Z")]
    assert [bool(find_flaw(answer)) for answer in engine.generate(asked)] == [False, True]
    scored = [ScoreRequest((Pair(Prompt(text), "a"), Pair(Prompt(text), "b"))) for text in ("a", "Z")]
    assert [bool(find_flaw(answer)) for answer in engine.score(scored)] == [False, True]


class Telling:
    """Tells logits, some of which are what the test says."""

    def __init__(self, value: float) -> None:
        self.value = value

    def text_tokens(self, text: str) -> np.ndarray:
        return np.array([0, 1, 2], dtype=np.int32)

    def text_logits(self, tokens: np.ndarray) -> np.ndarray:
        return np.array([[0.0, 1.0, 2.0], [self.value, 1.0, 0.0]], dtype=np.float32)


def test_distributions_that_are_none_are_told_with_the_candidate() -> None:
    passage = make_passage_item(0, "some text")
    assert isinstance(Telling(0.0), GivesDistributions)
    for value in (NAN, INF):
        with pytest.raises(EngineError, match="not a number") as caught:
            PassageReading(Telling(value), passage, "small")
        assert caught.value.where == "candidate small, reading the study's text"
    whole, masked = PassageReading(Telling(0.0), passage, "a"), PassageReading(Telling(-INF), passage, "b")
    with pytest.raises(EngineError, match="KL divergence from the parent is inf"):
        masked.observe_beside(whole)
    far = whole.observe_beside(masked)  # what the parent holds impossible adds nothing
    assert far[0].measure == "kl_divergence"
    assert 0 < far[0].value < 1
    same = compute_divergence(masked.logits, masked.logits)
    assert same.kl.tolist() == [0.0, 0.0]


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("llama_cpp")
    return write_model(tmp_path_factory.mktemp("models") / "damaged.gguf", spoilt="Z")


def opened(path: Path, flash: bool | None) -> Engine:
    spec = f"gguf:{path}"
    candidate = Candidate(id="damaged", model=spec, context=256)
    return open_engine(candidate, resolve(spec, path.parent), EngineSettings(1, 64, flash))


@pytest.mark.model
@pytest.mark.parametrize("flash", [True, False])
def test_llama_cpp_spoils_no_answer_but_those_that_cannot_be_had(damaged: Path, flash: bool) -> None:
    engine = opened(damaged, flash)
    texts = ["the cat sat", "the caZ sat", "the dog sat", "the doZ sat", "the hen sat"]
    scored = [ScoreRequest((Pair(Prompt(text), "down"), Pair(Prompt(text), "up"))) for text in texts]
    written = [GenerateRequest(Prompt(text), 5) for text in texts]
    for _ in range(2):
        answers = [*engine.score(scored), *engine.generate(written)]
        assert [bool(find_flaw(answer)) for answer in answers] == [False, True, False, True, False] * 2
    clean = opened(damaged, flash)
    again = [
        *(next(iter(clean.score([r]))) for r in scored[::2]),
        *(next(iter(clean.generate([r]))) for r in written[::2]),
    ]
    assert again == [answers[i] for i in (0, 2, 4, 5, 7, 9)]
    engine.close()
    clean.close()
