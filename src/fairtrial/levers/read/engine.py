"""The engine of the read lever: reads the images of prompts and asks the engine inside with text alone."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.base import Engine, get_work
from fairtrial.engines.settings import EngineSettings
from fairtrial.errors import CapabilityError, FairtrialError, TooLongError
from fairtrial.images import decode
from fairtrial.levers.read.layout import Line, write_page
from fairtrial.levers.read.writing import ImageReading, ReadingStyle, write_request
from fairtrial.levers.wrapping import R, WrappedEngine, get_prompt
from fairtrial.machine import count_cores
from fairtrial.records import GenerateRequest, ImagePart, Prompt, Request, TextPart, TraceStep, list_images
from fairtrial.records.trace import READ_NOTHING, READ_PART, Trace, trace_of_part
from fairtrial.spec.read import Read

KEPT_BYTES = 64 << 20
"""Of readings that are kept in memory; the longest unused go first."""

READERS = 4
"""Images read at a time at most; each reader takes some hundred megabytes."""

UNSPACED = ("ch", "chinese_cht", "japan")
"""Languages whose words are not parted by spaces."""

SPARE = 512
"""Tokens of a context that a chat template may take; no text has more tokens than bytes."""

SHORTER = 0.75
"""By which the text of images is shortened, again and again, until a request fits the context."""

SHORTEST = 100
"""Characters of an image's text below which a request is refused as too long instead."""


class ReadsPixels(Protocol):
    """What reads; see `fairtrial.levers.read.ocr.OcrReader`."""

    def read(self, pixels: NDArray[np.uint8], /) -> list[Line]:
        """Return the lines found in pixels (h, w, 3), red first."""
        ...


class ReadingEngine(WrappedEngine):
    """See `fairtrial.engines.base.Engine`.

    Each image is read once and kept by its hash.  That is done when its first question is asked, so that its time and
    memory are the candidate's; `check` reads nothing.  Text that does not fit the context is shortened, which the
    answer's trace tells.
    """

    def __init__(
        self,
        engine: Engine,
        name: str,
        settings: Read,
        reader: ReadsPixels,
        captioner: tuple[str, Engine] | None = None,
    ) -> None:
        super().__init__(engine, name)
        self.settings, self.reader, self.captioner = settings, reader, captioner
        self.can = replace(engine.can, images=True)
        self._look = ReadingStyle(settings.template or "", settings.quote, settings.max_characters)
        self._here = EngineSettings()
        self._known: OrderedDict[str, ImageReading] = OrderedDict()
        self._kept_bytes = 0
        self._kept_seconds = 0.0
        self._calls: dict[str, Trace] = {}
        self._shortened: dict[str, int] = {}

    def use_settings(self, settings: EngineSettings) -> None:
        """Learn whence the bytes of images come and how many threads there are."""
        self._here = settings

    @property
    def work(self) -> Mapping[str, float]:
        """What the engine inside has computed, and the seconds that were spared because an image was known already."""
        return {**get_work(self.engine), "kept_seconds": self._kept_seconds}

    def check(self, requests: Sequence[Request]) -> None:
        """Raise what the engine inside raises for the requests without the text of images not read yet."""
        self.engine.check([write_request(one, self._recall, self._look) for one in requests])

    def prepare(self, requests: Sequence[Request]) -> None:
        """Read all images of some requests that are not known yet."""
        self._shortened.clear()
        shown = {image.hash: (image, one.label) for one in reversed(requests) for image in list_images(one)}
        self._kept_seconds += sum(self._known[key].seconds for key in shown if key in self._known)
        new = [pair for key, pair in shown.items() if key not in self._known]
        if not new:
            return
        threads = min(self._here.threads or count_cores(), READERS, len(new))
        if threads > 1:
            with ThreadPoolExecutor(threads, thread_name_prefix="read") as crew:
                found = list(crew.map(lambda pair: self._read(*pair), new))
        else:
            found = [self._read(*pair) for pair in new]
        captions = self._describe([image for image, _ in new])
        for (image, _), reading, (caption, seconds) in zip(new, found, captions, strict=True):
            self._keep(image, replace(reading, caption=caption, seconds=reading.seconds + seconds))

    def change_request(self, request: R) -> R:
        """Return the request with text in place of its images, shortened as far as it must be."""
        if not list_images(request):
            return request
        look = self._look
        while True:
            sent = write_request(request, self._find, look)
            try:
                self._check_fit(sent)
            except TooLongError:
                shorter = replace(look, most=int(SHORTER * min(look.most, self._find_longest(request))))
                if shorter.most < SHORTEST:
                    raise
                look = shorter
                continue
            if look.most < self._look.most:
                self._shortened[request.id] = look.most
            return sent  # type: ignore[return-value]

    def tell_change(self, request: Request, sent: Request) -> Trace:
        """Return what was read in each image, how surely, who described it, and the prompt really sent."""
        images = list_images(request)
        if not images:
            return ()
        readings = [self._find(image) for image in images]
        most = self._shortened.get(request.id, self._look.most)
        actions = [READ_NOTHING] if any(not one.text for one in readings) else []
        actions += [READ_PART] if any(len(one.text) > most for one in readings) else []
        sources = [f"image {image.hash}: {one.describe()}" for image, one in zip(images, readings, strict=True)]
        calls = [step for image in images for step in self._calls.pop(image.hash, ())]
        own = TraceStep(self.name, prompt=get_prompt(sent).plain(), sources=tuple(sources), action="; ".join(actions))
        return (*calls, own)

    def _check_fit(self, sent: Request) -> None:
        """Raise TooLongError if a request does not fit; asks the engine only where it might not."""
        most = max(len(prompt.plain().encode(errors="replace")) for prompt in sent.prompts)
        answer = sent.max_tokens if isinstance(sent, GenerateRequest) else 0
        if most + answer + SPARE >= self.engine.can.context_tokens:
            self.engine.check([sent])

    def _find_longest(self, request: Request) -> int:
        return max(len(self._find(image).text) for image in list_images(request))

    def _recall(self, image: ImagePart) -> ImageReading:
        return self._known.get(image.hash, ImageReading(""))

    def _find(self, image: ImagePart) -> ImageReading:
        """Return the reading of an image, read anew if it was let go."""
        if image.hash not in self._known:
            [(caption, _)] = self._describe([image])
            self._keep(image, replace(self._read(image, ""), caption=caption))
        self._known.move_to_end(image.hash)
        return self._known[image.hash]

    def _read(self, image: ImagePart, label: str) -> ImageReading:
        """Return what is read in an image.  Raises FairtrialError, naming the item, for one that cannot be decoded."""
        started = time.perf_counter()
        where = f"{label or 'a request'}, image {image.hash[:12]}"
        try:
            lines = self.reader.read(decode(self._here.read_image(image), where=where).pixels)
        except CapabilityError as error:
            raise CapabilityError(error.message, fix=error.fix, where=where) from error
        sure = [line for line in lines if line.text and line.confidence >= self.settings.confidence]
        text = write_page(sure, self.settings.tables, self.settings.language not in UNSPACED)
        least = min((line.confidence for line in sure), default=1.0)
        unsure = sum(bool(line.text) for line in lines) - len(sure)
        return ImageReading(text, len(sure), unsure, least, seconds=time.perf_counter() - started)

    def _describe(self, images: Sequence[ImagePart]) -> list[tuple[str, float]]:
        """Return what the captioner says of each image, and the seconds that it took."""
        if self.captioner is None:
            return [("", 0.0)] * len(images)
        name, engine = self.captioner
        asked = [make_caption_request(image, self.settings) for image in images]
        started = time.perf_counter()
        try:
            answers = list(engine.generate(asked))
        except FairtrialError as error:
            error.where = f"captions by {name}" + (f", {error.where}" if error.where else "")
            raise
        seconds = (time.perf_counter() - started) / len(images)
        self._calls.update({i.hash: trace_of_part(name, a) for i, a in zip(images, answers, strict=True)})
        return [(" ".join(answer.text.split()), seconds) for answer in answers]

    def _keep(self, image: ImagePart, reading: ImageReading) -> None:
        self._known[image.hash] = reading
        self._kept_bytes += _count_bytes(reading)
        while self._kept_bytes > KEPT_BYTES and len(self._known) > 1:
            _, gone = self._known.popitem(last=False)
            self._kept_bytes -= _count_bytes(gone)


def _count_bytes(reading: ImageReading) -> int:
    return 200 + 4 * (len(reading.text) + len(reading.caption))


def make_caption_request(image: ImagePart, settings: Read) -> GenerateRequest:
    """Return what the captioner is asked about an image; greedy."""
    prompt = Prompt((image, TextPart(f"\n{settings.caption_prompt}\n")))
    return GenerateRequest(prompt, settings.caption_tokens, label=f"image {image.hash[:12]}")
