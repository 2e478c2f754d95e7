"""The settings of the read lever: how images are read to a model that knows text alone.

Knows what may be written; what the lever does is in `fairtrial.levers.read`.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from fairtrial.spec.references import LeverSettings, Refers
from fairtrial.spec.section import Positive, Switch, Text
from fairtrial.spec.shares import Share

CAPTION_PROMPT = "Describe this image in one paragraph: what it shows, its labels, its numbers."


class Read(LeverSettings):
    """Settings of the read lever."""

    confidence: Share = Field(0.5, description="Lines that the reader is less sure of than this are left out.")
    language: Text = Field("en", description="Language of the text, as rapidocr names it, e.g. en, de, fr, ch, japan.")
    tables: Switch = Field(True, description="Whether what stands in rows and columns becomes a Markdown table.")
    quote: Switch = Field(
        True, description="Whether every line read begins with '> ', so that no text in an image begins a line."
    )
    max_characters: Positive = Field(6000, description="Characters of one image at most; more are cut off, and told.")
    template: Text | None = Field(
        None,
        description="What stands for an image, a template: {{number}}, {{images}}, {{text}} (empty if nothing was "
        "read), {{caption}}.",
    )
    caption: Annotated[Text | dict[str, Any] | None, Refers("candidate", unnamed="captioner")] = Field(
        None, description="Who also describes each image: a candidate that sees, by its id or written out."
    )
    caption_prompt: Text = Field(CAPTION_PROMPT, description="What the captioner is asked, after the image.")
    caption_tokens: Positive = Field(96, description="Tokens of a description at most.")
    detector: Annotated[Text | None, Refers("file")] = Field(
        None, description="Another model that finds lines (ONNX, PP-OCR); default: that of the rapidocr package."
    )
    recognizer: Annotated[Text | None, Refers("file")] = Field(
        None, description="Another model that reads lines (ONNX, PP-OCR, its characters inside), e.g. for Cyrillic."
    )
