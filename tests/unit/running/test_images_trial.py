"""A trial that shows images: asked, stored, replayed and exported; refused where a candidate cannot see."""

from __future__ import annotations

import json
import zipfile
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fairtrial.engines import EngineSettings
from fairtrial.engines.fake import FakeEngine
from fairtrial.engines.openai_api.requests import make_messages
from fairtrial.errors import CapabilityError, TaskError
from fairtrial.images import decode, encode_png
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.blobs import LedgerImageReader
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.records import (
    Answer,
    GenerateAnswer,
    GenerateRequest,
    ImagePart,
    Item,
    Measure,
    Observation,
    Prompt,
    Request,
    content_hash,
    make_example,
    place_images,
)
from fairtrial.report.examples import make_flip_example
from fairtrial.report.export.inspect_log import write_log
from fairtrial.report.pictures import ReportPictures
from fairtrial.report.summary import summarise
from fairtrial.running.conductor import run
from fairtrial.spec.trial import Trial
from fairtrial.tasks.base import TaskCard
from fairtrial.tasks.find import TaskFinder


def draw(shade: int) -> bytes:
    pixels = np.full((8, 12, 3), 255, np.uint8)
    pixels[2:5, 3:8] = (shade, 0, 200)
    return encode_png(pixels)


SHOT_BYTES = draw(255)
SHOT = ImagePart.of(SHOT_BYTES, "image/png")


class Pictures:
    """What is in the picture?"""

    card = TaskCard("pictures", "1", "made up", "CC0-1.0", (Measure("acc"),), "acc")

    def items(self) -> Sequence[Item]:
        made = []
        for i in range(6):
            image = ImagePart.of(self.bytes_of(i), "image/png")
            made.append(Item(content_hash(["picture", i]), i, "What?", (), ("e",), f"c{i}", {"n": i}, (image,)))
        return made

    def bytes_of(self, i: int) -> bytes:
        return draw(i)

    def requests(self, item: Item) -> Sequence[Request]:
        shot = make_example(place_images("What? <image>", (SHOT,)), "a")
        prompt = Prompt(place_images("What? <image>", item.images), "Look.\n\n", examples=shot)
        return [GenerateRequest(prompt, 8, label=f"pictures item {item.doc_id}")]

    def grade(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        [answer] = answers
        assert isinstance(answer, GenerateAnswer)
        return [Observation("acc", float(item.gold[0] in answer.text))]

    def images(self, item: Item) -> Iterable[tuple[ImagePart, bytes]]:
        return [(SHOT, SHOT_BYTES), (item.images[0], self.bytes_of(item.doc_id))]


def planned(tmp_path: Path, task: Pictures, *candidates: dict[str, object]) -> Plan:
    trial = Trial.model_validate({"candidates": candidates, "tasks": [{"task": "table", "limit": 6}]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TaskFinder, "build", lambda *_: task)
        return plan_trial(trial, tmp_path)


A, B = {"id": "a", "model": "fake:a"}, {"id": "b", "model": "fake:b", "chat": "model"}


def test_images_are_asked_stored_and_exported(tmp_path: Path) -> None:
    plan = planned(tmp_path, Pictures(), A, B)
    path = tmp_path / "ledger.db"
    with Ledger.open(path) as ledger:
        with ledger.writing():
            trial_id = run(plan, "text", ledger, EngineSettings())
        assert ledger.connection.execute("SELECT count(*) FROM blobs").fetchone() == (7,)
        items = query.read_items(ledger, plan.tasks[0].id)
        answers = set()
        for item in plan.tasks[0].items:
            assert items[item.id] == item
            [(request, answer)] = query.read_item_answers(ledger, plan.candidates[0].id, plan.tasks[0].id, item.id)
            assert [image.hash for image in request.prompts[0].images] == [SHOT.hash, item.images[0].hash]
            answers.add(answer["text"])
        assert len(answers) > 1  # the image is part of what the model sees
        summary = summarise(ledger, trial_id)
        log = tmp_path / "log.eval"
        write_log(log, ledger, summary, summary.candidates[1], summary.tasks[0])
        with zipfile.ZipFile(log) as archive:
            sample = json.loads(archive.read("samples/3_epoch_1.json"))
        kinds = [[part["type"] for part in m["content"]] for m in sample["messages"] if m["role"] == "user"]
        assert kinds == [["text", "image"], ["text", "image"]]
        assert sample["input"][0]["content"][1]["image"] == "data:image/png;base64," + b64encode(draw(3)).decode()
        pair, item = (plan.candidates[0].id, plan.candidates[1].id), plan.tasks[0].items[3]
        [shown] = make_flip_example(ledger, pair, plan.tasks[0].id, item, ReportPictures(ledger)).images
        assert (shown.width, shown.height, shown.alt) == (12, 8, "image 1 of the question: What?")
        assert np.array_equal(decode(b64decode(shown.url.partition(",")[2])).pixels, decode(draw(item.doc_id)).pixels)
    replay = {"id": "again", "model": f"replay:{path}#a"}
    again = planned(tmp_path, Pictures(), replay, B)
    with Ledger.open(path) as ledger, ledger.writing():
        before = query.count_rows(ledger)["answers"]
        run(again, "text", ledger, EngineSettings())
        assert query.count_rows(ledger)["answers"] == before + 6


def test_a_candidate_that_cannot_see_is_refused_by_name_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = FakeEngine.__init__

    def blind(self: FakeEngine, name: str, candidate: object) -> None:
        opened(self, name, candidate)  # type: ignore[arg-type]
        self.can = replace(self.can, images=name != "b")

    monkeypatch.setattr(FakeEngine, "__init__", blind)
    plan = planned(tmp_path, Pictures(), A, B)
    with Ledger.open(tmp_path / "ledger.db") as ledger, ledger.writing():
        with pytest.raises(CapabilityError, match="'b' cannot see images, and pictures item 3 shows one"):
            run(plan, "text", ledger, EngineSettings())
        assert query.count_rows(ledger)["answers"] == 0


def test_a_task_that_does_not_give_an_image_is_an_error(tmp_path: Path) -> None:
    class Without(Pictures):
        def images(self, item: Item) -> Iterable[tuple[ImagePart, bytes]]:
            return [(SHOT, SHOT_BYTES)]

    plan = planned(tmp_path, Without(), A, B)
    with (
        Ledger.open(tmp_path / "ledger.db") as ledger,
        ledger.writing(),
        pytest.raises(TaskError, match="its bytes are not given"),
    ):
        run(plan, "text", ledger, EngineSettings())


def test_an_endpoint_is_sent_the_bytes(tmp_path: Path) -> None:
    task = Pictures()
    [request] = task.requests(task.items()[2])
    with Ledger.open(tmp_path / "ledger.db") as ledger, ledger.writing():
        run(planned(tmp_path, task, A, B), "text", ledger, EngineSettings())
    told = make_messages(request.prompts[0], "Be brief.", False, LedgerImageReader(tmp_path / "ledger.db"))
    assert [message["role"] for message in told] == ["user", "assistant", "user"]
    assert told[0]["content"][0] == {"type": "text", "text": "Be brief.\n\nLook.\n\nWhat? "}
    assert told[1]["content"] == "a"
    url = "data:image/png;base64," + b64encode(draw(2)).decode()
    assert told[2]["content"][1] == {"type": "image_url", "image_url": {"url": url}}
