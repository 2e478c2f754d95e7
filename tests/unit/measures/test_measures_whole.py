"""What is measured about a candidate as a whole: memory, loading, rates; and where a run keeps it."""

from __future__ import annotations

import json
import mmap
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from fairtrial import api
from fairtrial.errors import SpecError
from fairtrial.ledger import Ledger, query
from fairtrial.measures import MEASURES, WHOLE_MEASURES, AloneProbe
from fairtrial.measures.memory import MemoryMeter, MemorySpan
from fairtrial.measures.sampling import RepeatingTimer
from fairtrial.measures.whole import CandidateWatch, Whole
from fairtrial.models.record import count_weight_bytes
from fairtrial.records import GenerateAnswer, ScoreAnswer
from fairtrial.spec.source import load_trial
from fairtrial.spec.stated import StatedMachine
from fairtrial.spec.trial import Trial

ANSWERS = [[GenerateAnswer(text="4", tokens=5, finish="stop", prompt_tokens=50)]]
MEGABYTE = 1 << 20


def megabytes(before: int, peak: int, after: int) -> MemorySpan:
    return MemorySpan(before * MEGABYTE, after * MEGABYTE, peak * MEGABYTE)


def touched() -> None:
    """Take 40 MB from the system, use them, give them back."""
    with mapped():
        pass


def mapped() -> mmap.mmap:
    """Return 40 MB in use that come from the system, and not from what an earlier test left free."""
    block = mmap.mmap(-1, 40 * MEGABYTE)
    np.frombuffer(block, dtype=np.uint8)[:] = 1
    return block


@pytest.mark.parametrize("root", [Path("/proc/self"), Path("/nowhere")], ids=["kernel", "sampled"])
def test_the_peak_is_seen_after_it_has_gone(root: Path) -> None:
    meter = MemoryMeter(root)
    assert ("sampled" in meter.method) == (not root.exists())
    meter.start()
    with mapped():
        if "sampled" in meter.method:
            meter._sample()
    span = meter.stop()
    assert span.peak - span.before > 30 * MEGABYTE
    assert span.after - span.before < 30 * MEGABYTE
    meter.start()
    assert meter.stop().peak < span.peak - 20 * MEGABYTE  # the next batch has its own peak


def test_repeating_stops_and_tells_what_went_wrong() -> None:
    def broken() -> None:
        raise ValueError("no")

    again = RepeatingTimer(broken, 0.0001)
    again.start()
    while again._error is None:
        pass
    with pytest.raises(ValueError, match="no"):
        again.stop()
    again.stop()  # nothing runs any more


def test_growth_belongs_to_the_candidate_that_was_at_work() -> None:
    a, b = CandidateWatch(MemoryMeter(), {}), CandidateWatch(MemoryMeter(), {})
    a.add(megabytes(100, 320, 300))  # a is loaded: holds 200, peaked at 220
    b.add(megabytes(300, 450, 440))  # b is loaded: holds 140
    a.add(megabytes(441, 500, 451))  # a grows to 210, and is at 200 + 59 for a moment
    b.add(megabytes(451, 452, 430))  # b gives back 21
    for watch in (a, b):
        watch.load_seconds = 1.0
        watch.observe(ANSWERS)
    assert {o.measure: o.value / MEGABYTE for o in a.whole()[0]}["memory_bytes"] == 259
    assert {o.measure: o.value / MEGABYTE for o in b.whole()[0]}["memory_bytes"] == 150


def test_what_an_engine_does_not_say_has_a_reason() -> None:
    watch = CandidateWatch(MemoryMeter(), {"bytes": 98_362_432})
    with watch.watch_opening():
        touched()
    assert watch.whole() == Whole()  # it has answered nothing
    watch.observe(ANSWERS)
    seen, missing = watch.whole()
    assert {o.measure for o in seen} == {"model_bytes", "load_seconds", "memory_bytes"}
    assert missing.keys() == {"prefill_tokens_per_second", "decode_tokens_per_second"}
    told = {"prefill_tokens": 50.0, "prefill_seconds": 1.0, "decode_tokens": 0.0, "kv_bytes": 4096.0}
    watch.work = lambda: told  # 50 tokens were read before, by nobody's batch
    watch.start()
    told = {**told, "prefill_tokens": 950.0, "prefill_seconds": 3.0}
    watch.stop()
    told = {**told, "prefill_tokens": 2000.0, "prefill_seconds": 99.0}  # and some after
    seen, missing = watch.whole()
    values = {o.measure: o.value for o in seen}
    assert (values["prefill_tokens_per_second"], values["kv_bytes"]) == (450, 4096)
    assert "decode_tokens_per_second" not in values
    assert missing == {}
    assert all(WHOLE_MEASURES[o.measure].unit == o.unit for o in seen)


def test_weights_on_disk_are_counted_with_all_their_parts(tmp_path: Path) -> None:
    for part in (1, 2):
        (tmp_path / f"big-0000{part}-of-00002.gguf").write_bytes(b"x" * 100 * part)
    assert count_weight_bytes(tmp_path / "big-00001-of-00002.gguf") == 300
    assert count_weight_bytes(tmp_path / "absent.gguf") is None
    (tmp_path / "a.safetensors").write_bytes(b"x" * 7)
    assert count_weight_bytes(tmp_path) == 7


def test_memory_of_answers_made_elsewhere_is_not_ours() -> None:
    watch = CandidateWatch(MemoryMeter(), {"elsewhere": True})
    with watch.watch_opening():
        touched()
    watch.observe(ANSWERS)
    seen, missing = watch.whole()
    assert seen == []
    assert missing.keys() == {"load_seconds", "memory_bytes"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"watts_per_core": 5},
        {"grid_g_per_kwh": 300, "source": " "},
        {"watts_per_core": 0, "source": "x"},
        {"usd_per_hour": -1},
        {"usd_per_hour": "1"},
        {"watts": 5},
    ],
)
def test_a_number_without_a_source_or_a_meaning_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        StatedMachine.model_validate(wrong)


def trial(latency_items: int = 0, **machine: object) -> Trial:
    return Trial.model_validate(
        {
            "name": "costs",
            "latency_items": latency_items,
            "candidates": [{"id": "a", "model": "fake:a"}, {"id": "b", "model": "fake:b"}],
            "tasks": [{"task": "table", "level": 1, "limit": 60}],
            "machine": machine,
        }
    )


def test_a_run_keeps_what_was_stated_and_stays_the_same_trial(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    first = api.run(trial(), path)
    second = api.run(trial(usd_per_hour=2.0), path)
    assert first.trial_id == second.trial_id
    with Ledger.open(path, create=False) as ledger:
        facts = [session.facts for session in query.read_sessions(ledger, first.trial_id)]
        assert [f["stated"] for f in facts] == [{}, {"usd_per_hour": 2.0}]
        assert all(f["measured_by"].keys() == {"energy", "memory"} for f in facts)
        runs = ledger.connection.execute("SELECT DISTINCT repeat FROM observations WHERE task_id = ''").fetchall()
        assert runs == [(1,)]  # the second run had nothing to ask
        absent = {row["measure"]: row["reason"] for row in query.read_absences(ledger, first.trial_id)}
    assert "machine.usd_per_hour" in absent["usd"]
    assert {"cpu_seconds", "seconds"} <= {e.measure for e in second.estimates}
    assert "usd" not in {e.measure for e in second.estimates}
    json.dumps(second.summary.document(), allow_nan=False)


def test_stated_prices_are_estimated_for_every_item(tmp_path: Path) -> None:
    stated = {"usd_per_hour": 3.6, "watts_per_core": 10.0, "grid_g_per_kwh": 360.0, "source": "made up"}
    result = api.run(trial(**stated), tmp_path / "t.db")
    found = {e.measure: e for e in result.estimates if e.candidate == "a"}
    assert found["usd"].items == 60
    assert found["usd"].mean >= found["seconds"].mean * 0.001 > 0  # its clock runs around that of the seconds
    estimated = {name: e.mean for name, e in found.items() if name == "joules_estimated"}
    expected = {} if "joules" in found else {"joules_estimated": pytest.approx(10 * found["cpu_seconds"].mean)}
    assert estimated == expected


class Counting:
    """Work as an engine tells it, one step further each time."""

    def __init__(self) -> None:
        self.told = {"prefill_seconds": 1.0, "decode_seconds": 2.0, "decode_tokens": 100.0}

    def __call__(self) -> dict[str, float]:
        now = dict(self.told)
        self.told = {"prefill_seconds": 1.5, "decode_seconds": 2.2, "decode_tokens": 107.0}
        return now


def test_one_item_alone_has_its_first_token_and_its_rate() -> None:
    probe = AloneProbe(Counting())
    probe.start()
    probe.stop()
    seen = {o.measure: o for o in probe.observe(ANSWERS[0])}
    assert seen["first_token_seconds"].value == pytest.approx(0.5)
    assert seen["tokens_per_second"].value == pytest.approx(35)
    assert seen["tokens_per_second"].weight == pytest.approx(0.2)
    assert all(MEASURES[name].unit == o.unit for name, o in seen.items())
    scored = ScoreAnswer(logprobs=(-1.0,), greedy=(True,), tokens=(2,), prompt_tokens=45)
    assert {o.measure for o in probe.observe([scored])} == {"latency"}
    silent = AloneProbe(dict)
    silent.start()
    silent.stop()
    assert {o.measure for o in silent.observe(ANSWERS[0])} == {"latency"}


def test_items_are_timed_alone_once_and_the_same_for_all(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    untimed = api.run(trial(), path)
    timed = api.run(trial(latency_items=5), path)
    assert untimed.trial_id == timed.trial_id

    def rows() -> list[tuple[str, str, float]]:
        with Ledger.open(path, create=False) as ledger:
            sql = "SELECT candidate_id, item_id, value FROM observations WHERE measure = 'latency' ORDER BY 1, 2"
            return ledger.connection.execute(sql).fetchall()

    first = rows()
    candidates = sorted({row[0] for row in first})
    [a, b] = [{row[1] for row in first if row[0] == candidate} for candidate in candidates]
    assert a == b and len(a) == 5
    more = api.run(trial(latency_items=8), path)
    assert [row for row in rows() if row[1] in a] == first  # what was timed stays
    assert {e.items for e in more.estimates if e.measure == "latency"} == {8}
    assert api.run(trial(latency_items=100), path).estimates
    assert len(rows()) == 2 * 60


def test_a_verdict_on_latency_needs_items_to_time() -> None:
    whole = trial(latency_items=5).model_dump()
    assert Trial.model_validate({**whole, "measures": ["latency"]}).measures == ("latency",)
    with pytest.raises(ValidationError, match="latency_items"):
        Trial.model_validate({**whole, "latency_items": 0, "measures": ["latency"]})


def test_mistakes_about_the_machine_have_their_line(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    start = "name: x\ncandidates: [{id: a, model: fake:a}]\ntasks:\n  - {task: table, level: 1, measures: [latency]}\n"
    for machine, told in (
        ("machine: {wats_per_core: 5}", r"t\.yaml:5: unknown key 'wats_per_core'. Did you mean 'watts_per_core'"),
        ("machine: {watts_per_core: 5}", r"t\.yaml:5: watts_per_core needs a source"),
        ("machine: {usd_per_hour: 5}", r"t\.yaml:4: tasks\[0\]\.measures: latency is only measured with latency_items"),
    ):
        path.write_text(start + machine)
        with pytest.raises(SpecError, match=told):
            load_trial(path)


def test_memory_that_cannot_be_told_says_why() -> None:
    watch = CandidateWatch(MemoryMeter(), {"bytes": 5})
    watch.load_seconds = 1.0
    watch.add(megabytes(900, 900, 300))
    watch.observe(ANSWERS)
    found = watch.whole()
    assert "memory_bytes" not in {one.measure for one in found.observations}
    assert "gave back more memory than the candidate took" in found.absences["memory_bytes"]
