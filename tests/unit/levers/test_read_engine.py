"""The engine of the read lever, with readers that are told what they see."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from fairtrial.engines import EngineSettings
from fairtrial.engines.fake import FakeEngine
from fairtrial.errors import CapabilityError, ImageError, TooLongError
from fairtrial.images import encode_png
from fairtrial.levers import read_lever, wrap_engine
from fairtrial.levers.read.engine import ReadingEngine
from fairtrial.levers.read.layout import Line
from fairtrial.measures.speed import AloneProbe
from fairtrial.records import GenerateRequest, ImagePart, Pair, Prompt, ScoreRequest, place_images
from fairtrial.records.trace import READ_NOTHING, READ_PART
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.read import Read

IMAGES = {shade: encode_png(np.full((4, 4, 3), shade, np.uint8)) for shade in (0, 1, 2, 255)}
PARTS = {shade: ImagePart.of(data, "image/png") for shade, data in IMAGES.items()}
BYTES = {PARTS[shade].hash: data for shade, data in IMAGES.items()}


class Told:
    """Reads ``text N`` where all pixels are N; nothing where they are white."""

    def __init__(self, text: Callable[[int], str] = lambda shade: f"text {shade}") -> None:
        self.text, self.read_so_far = text, list[int]()

    def read(self, pixels: NDArray[np.uint8]) -> list[Line]:
        shade = int(pixels[0, 0, 0])
        self.read_so_far.append(shade)
        texts = [] if shade == 255 else [(self.text(shade), 0.9), ("smudge", 0.2)]
        return [Line(0, 30.0 * i, 100, 30.0 * i + 20, text, sure) for i, (text, sure) in enumerate(texts)]


def fake(name: str = "a", **more: object) -> FakeEngine:
    return FakeEngine(name, Candidate.model_validate({"id": name, "model": f"fake:{name}", **more}))


def reading(
    reader: Told, settings: Read | None = None, engine: FakeEngine | None = None, captioner: FakeEngine | None = None
) -> ReadingEngine:
    made = ReadingEngine(
        engine or fake(), "read", settings or Read(), reader, ("eyes", captioner) if captioner else None
    )
    made.use_settings(EngineSettings(threads=2, read_image=lambda image: BYTES[image.hash]))
    return made


def ask(*shades: int, label: str = "item 1") -> GenerateRequest:
    parts = place_images("<image>" * len(shades) + "\nWhat?", [PARTS[shade] for shade in shades])
    return GenerateRequest(Prompt(parts), 4, label=label)


def test_it_sees_images_and_asks_with_their_text() -> None:
    reader = Told()
    engine = reading(reader)
    assert engine.can.images
    [answer] = engine.generate([ask(1)])
    [step] = answer.trace
    assert step.prompt == "[Image 1: text read from it]\n> text 1\n[End of image 1]\nWhat?"
    assert step.sources == (f"image {PARTS[1].hash}: 1 line, least confidence 0.90, 1 unsure line left out",)
    [same] = fake().generate([GenerateRequest(Prompt(step.prompt), 4)])
    assert (same.text, same.prompt_tokens) == (answer.text, answer.prompt_tokens)


def test_scores_are_those_of_the_text_and_each_image_is_read_once() -> None:
    reader = Told()
    engine = reading(reader)
    prompts = [ask(shade).prompt for shade in (1, 2, 1)]
    requests = [ScoreRequest((Pair(p, "yes"), Pair(p, "no")), label=f"{i}") for i, p in enumerate(prompts)]
    first, _, third = engine.score(requests)
    assert sorted(reader.read_so_far) == [1, 2]
    assert first.logprobs == third.logprobs
    again = list(engine.score(requests))
    assert sorted(reader.read_so_far) == [1, 2] and again[0].logprobs == first.logprobs


def test_an_image_in_which_nothing_is_read_is_told() -> None:
    [answer, other] = reading(Told()).generate([ask(255), ask(1)])
    assert answer.trace[0].action == READ_NOTHING and "no text could be read" in answer.trace[0].prompt
    assert other.trace[0].action == ""


def test_a_request_without_images_is_left_alone() -> None:
    request = GenerateRequest(Prompt("What?"), 4)
    [answer] = reading(Told()).generate([request])
    assert answer.trace == ()


def test_checking_reads_nothing() -> None:
    reader = Told()
    engine = reading(reader, engine=fake(context=64))
    with pytest.raises(TooLongError, match="item 1"):
        engine.check([ask(1, 2)])  # even without their text
    engine = reading(reader, engine=fake(context=200))
    engine.check([ask(1)])
    assert reader.read_so_far == []


def test_text_that_does_not_fit_is_shortened_and_told_or_refused() -> None:
    def long(shade: int) -> str:
        return "word " * 400

    [answer] = reading(Told(long), engine=fake(context=900)).generate([ask(1)])
    assert answer.trace[0].action == READ_PART
    assert 500 < answer.prompt_tokens < 900 and answer.trace[0].prompt.endswith("End of image 1]\nWhat?")
    with pytest.raises(TooLongError, match="150"):
        list(reading(Told(long), engine=fake(context=150)).generate([ask(1)]))
    [cut] = reading(Told(long), Read(max_characters=300)).generate([ask(1)])
    assert cut.trace[0].action == READ_PART


def test_readings_that_were_let_go_are_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairtrial.levers.read.engine.KEPT_BYTES", 300)
    reader = Told()
    engine = reading(reader)
    [answer] = engine.generate([ask(0, 1, 2)])
    assert [f"> text {i}" in answer.trace[0].prompt for i in range(3)] == [True] * 3
    assert len(reader.read_so_far) > 3


def test_an_image_that_cannot_be_decoded_names_its_item(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BYTES, PARTS[1].hash, b"no image at all")
    with pytest.raises(ImageError, match="table item 7"):
        list(reading(Told()).generate([ask(1, label="table item 7")]))


def test_captions_are_asked_once_an_image_and_paid_for() -> None:
    asked: list[str] = []

    class Eyes(FakeEngine):
        def generate(self, requests):  # type: ignore[no-untyped-def]
            asked.extend(request.label for request in requests)
            return super().generate(requests)

    eyes = Eyes("eyes", Candidate(id="eyes", model="fake:eyes"))
    engine = reading(Told(), Read(caption_tokens=5), captioner=eyes)
    first, second = engine.generate([ask(1), ask(1, 2)])
    assert sorted(asked) == sorted(f"image {PARTS[i].hash[:12]}" for i in (1, 2))
    assert [step.by for step in first.trace] == ["eyes", "read"]
    assert first.trace[0].tokens_out == 5
    assert "[Image 1: described by another model]" in first.trace[1].prompt
    assert [step.by for step in second.trace] == ["eyes", "read"]
    applied = read_lever({"read": {"caption": "eyes"}})
    blind = fake("blind")
    blind.can = blind.can.__class__(True, True, False, False, 100, True)
    with pytest.raises(CapabilityError, match="'eyes' describe images, which cannot see"):
        wrap_engine(applied, fake(), {"eyes": blind})


def test_an_item_asked_alone_takes_the_time_of_reading_its_image_as_well() -> None:
    engine = reading(Told())
    list(engine.generate([ask(1)]))
    engine._known[PARTS[1].hash] = engine._known[PARTS[1].hash].__class__("text 1", seconds=30.0)
    probe = AloneProbe(lambda: engine.work)
    probe.start()
    answers = list(engine.generate([ask(1)]))
    probe.stop()
    assert next(o.value for o in probe.observe(answers) if o.measure == "latency") > 30
