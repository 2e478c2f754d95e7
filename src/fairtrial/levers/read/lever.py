"""Eyes as a lever: what identifies them, what they cost, and whom they ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fairtrial.engines.base import Engine
from fairtrial.errors import CapabilityError
from fairtrial.levers.base import Calls, ReferencedContent, WrapLever
from fairtrial.levers.read.engine import ReadingEngine
from fairtrial.levers.read.ocr import OcrReader, identify
from fairtrial.levers.read.writing import TEMPLATE, compile_reading_template
from fairtrial.records import Request, list_images
from fairtrial.spec.read import Read

METHOD = 1
"""Of putting lines into reading order; counts up when the same lines become another text."""


class ReadLever(WrapLever[Read]):
    """Shows a model that knows text alone what is written in an image."""

    Settings = Read

    def identity(self, settings: Read, referred: ReferencedContent) -> Sequence[object]:
        """Return the settings, what reads (versions and model files), our own method, and whoever describes."""
        compile_reading_template(settings.template or "")
        own = {**settings.own(), "template": settings.template or TEMPLATE}
        return [own, dict(identify(settings)), METHOD, list(referred.candidates.get("caption", ()))]

    def wrap(self, settings: Read, engine: Engine, others: Mapping[str, Engine]) -> ReadingEngine:
        """Return the engine that reads, and has the one other describe, if there is one.

        Raises CapabilityError if that one cannot see images or write text.
        """
        captioner = next(iter(others.items()), None)
        for name, other in others.items():
            if not (other.can.images and other.can.generate):
                lacks = "see images" if not other.can.images else "generate text"
                raise CapabilityError(
                    f"the lever 'read' has {name!r} describe images, which cannot {lacks}.",
                    fix="Name a candidate that sees as `caption`, or leave it out.",
                )
        made = ReadingEngine(engine, self.name, settings, OcrReader(settings), captioner)
        made.record = {**made.record, "reader": dict(identify(settings))}
        return made

    def calls(self, settings: Read, request: Request) -> tuple[Calls, Calls]:
        """Return one call, longer by the text of the images at most, and one of the captioner an image at most."""
        images = sum(len(prompt.images) for prompt in request.prompts[:1])
        words = settings.max_characters + (6 * settings.caption_tokens if settings.caption else 0)
        around = len((settings.template or TEMPLATE).encode())
        captions = len(list_images(request)) if settings.caption else 0
        return Calls(added=images * (4 * words + around), images=False), Calls(float(captions), captions)
