"""An engine without a model, for tests and for trying out a trial: a small made-up language model over bytes.

The next byte's probabilities are a fixed function of the last bytes and of the model's name (``fake:NAME``), so scores
add up, greedy text is what scoring calls greedy, and two names are two models.  It knows nothing and its answers mean
nothing; its record says so.  Of an image it sees the hash.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.base import Capabilities
from fairtrial.engines.chat import ChatTemplate, make_conversation
from fairtrial.engines.refusing import RequestLimits, make_long_answer_error, make_long_choice_error, refuse_empty
from fairtrial.engines.sampling import (
    TextBuilder,
    ThoughtFormat,
    compute_token_surprisal,
    make_answer,
    make_generator,
    sample_token,
)
from fairtrial.engines.settings import EngineSettings
from fairtrial.errors import EngineError, TooLongError
from fairtrial.models import ResolvedModel
from fairtrial.records import (
    GenerateAnswer,
    GenerateRequest,
    ImagePart,
    Message,
    Prompt,
    Request,
    ScoreAnswer,
    ScoreRequest,
    TextPart,
    render_parts,
)
from fairtrial.spec.candidate import Candidate
from fairtrial.thoughts import frame_thought, opened_by

_END = 256  # the token after the 256 bytes
_IMAGE = re.compile(rb"\[image [0-9a-f]+\]")
_MEMORY = 6  # bytes that the next one depends on
_REMEMBERED = 20_000
_CONTEXT = 16_384
_COMMON = b" etaoinshrdlu\n0123456789ETAOINSHRDLU.,?"
_TEMPLATE = "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}[assistant] "


class FakeEngine:
    """See `fairtrial.engines.base.Engine`."""

    def __init__(self, name: str, candidate: Candidate) -> None:
        self._seed = name.encode()
        self._system = candidate.system
        self._tags = candidate.tags
        self._template = None if candidate.chat == "none" else ChatTemplate(_TEMPLATE)
        self._truncate = candidate.overflow == "truncate"
        self._known: dict[bytes, NDArray[np.float32]] = {}
        self._closed = False
        self._shown = b""
        self.can = Capabilities(
            score=True,
            generate=True,
            chat=self._template is not None,
            images=True,
            context_tokens=candidate.context or _CONTEXT,
            batch_invariant=True,
            thoughts=None if self._template and self._tags else False,
        )
        self.record = {
            "engine": "fake",
            "model": name,
            "note": "No model: made-up probabilities over bytes. The answers mean nothing.",
            "context": self.can.context_tokens,
            "chat_template_sha256": self._template.sha256 if self._template else None,
        }

    @classmethod
    def open(cls, candidate: Candidate, model: ResolvedModel, settings: EngineSettings) -> FakeEngine:
        """See `fairtrial.engines.open_engine`; the settings have nothing to act on here."""
        return cls(model.name, candidate)

    def check(self, requests: Sequence[Request]) -> None:
        """Raise TooLongError for the first request that does not fit."""
        for request in requests:
            if isinstance(request, GenerateRequest):
                self._cut_prompt(request.prompt, request.max_tokens, request.label, make_long_answer_error)
                continue
            pairs = list(self._walk_pairs(request))
            refuse_empty(request, [len(continuation) for _, continuation in pairs])
            for prompt, continuation in [] if request.rolling else pairs:
                self._cut_prompt(prompt, len(continuation), request.label)

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[ScoreAnswer]:
        """Yield one answer a request."""
        self._must_be_open()
        for request in requests:
            self.check([request])
            logprobs, greedy, tokens, seen, cut = [], [], [], 0, 0
            for prompt, continuation in self._walk_pairs(request):
                if request.rolling:
                    context, self._shown = b"", b""
                else:
                    context, excess = self._cut_prompt(prompt, len(continuation), request.label)
                    seen, cut = max(seen, len(context)), max(cut, excess)
                total, likeliest = self._sum(context, continuation)
                logprobs.append(total)
                greedy.append(likeliest)
                tokens.append(len(continuation))
            yield ScoreAnswer(tuple(logprobs), tuple(greedy), tuple(tokens), seen, cut)

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        """Yield one answer a request."""
        self._must_be_open()
        for request in requests:
            context, cut = self._cut_prompt(request.prompt, request.max_tokens, request.label, make_long_answer_error)
            thinking = ThoughtFormat(self._tags, opened_by(context.decode("utf-8", "replace"), self._tags))
            rng, text, ended, new = make_generator(request), TextBuilder(request.stop, thinking), False, 0
            seen, tail, logprob = _find_images(context), context[-_MEMORY:], 0.0
            while new < request.max_tokens and not ended:
                logits = self._draw_logits(seen + tail)
                token = sample_token(logits, request, rng)
                logprob -= compute_token_surprisal(logits, token)
                new += 1
                ended = token == _END or text.push(bytes([token]))
                tail = (tail + bytes([token % 256]))[-_MEMORY:]
            yield make_answer(text, tokens=new, ended=ended, prompt_tokens=len(context), truncated=cut, logprob=logprob)

    def close(self) -> None:
        """Make the engine unusable, as the protocol says."""
        self._closed = True

    def _must_be_open(self) -> None:
        if self._closed:
            raise EngineError("This engine has been closed.")

    def _walk_pairs(self, request: ScoreRequest) -> Iterator[tuple[Prompt, bytes]]:
        delimiter = "" if self._template or request.rolling else request.delimiter
        for pair in request.pairs:
            yield pair.prompt, (delimiter + pair.continuation).encode("utf-8", "replace")

    def _cut_prompt(
        self,
        prompt: Prompt,
        more: int,
        label: str,
        wrong: Callable[[int, int, RequestLimits], TooLongError] = make_long_choice_error,
    ) -> tuple[bytes, int]:
        """Return the prompt's bytes and how many were cut so that ``more`` tokens fit after them.

        The images that it shows are remembered: what comes next depends on them, however far back they stand.
        """
        self._shown = "".join(_name_image(image) for image in prompt.images).encode()
        if self._template is None:
            text = prompt.plain(_name_image)
        else:
            told = [_name_images(message) for message in make_conversation(prompt, self._system)]
            begun = (
                prompt.assistant if prompt.thought is None else self._write_thought(prompt.thought) + prompt.assistant
            )
            text = self._template.ask(told, begun)
        data = text.encode("utf-8", "replace")
        room = self.can.context_tokens - more
        if len(data) <= room:
            return data, 0
        if room < 1 or not self._truncate:
            raise wrong(len(data), more, RequestLimits(self.can.context_tokens, self._truncate, label))
        return data[-room:], len(data) - room

    def _write_thought(self, thought: str) -> str:
        before, after = frame_thought(self._tags[0], "")
        return before + thought + after

    def _sum(self, context: bytes, continuation: bytes) -> tuple[float, bool]:
        seen, tail, total, likeliest = _find_images(context), context[-_MEMORY:], 0.0, True
        for byte in continuation:
            logits = self._draw_logits(seen + tail)
            peak = float(logits.max())
            total += float(logits[byte]) - peak - float(np.log(np.exp(logits.astype(np.float64) - peak).sum()))
            likeliest &= int(logits.argmax()) == byte
            tail = (tail + bytes([byte]))[-_MEMORY:]
        return total, likeliest

    def _draw_logits(self, tail: bytes) -> NDArray[np.float32]:
        seen = tail + self._shown
        known = self._known.get(seen)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            digest = hashlib.blake2b(seen, digest_size=8, key=self._seed[:64]).digest()
            rng = np.random.default_rng(int.from_bytes(digest, "big"))
            known = rng.normal(0.0, 2.0, _END + 1).astype(np.float32)
            known[list(_COMMON)] += 8.0
            known[128:256] -= 8.0
            self._known[seen] = known
        return known


def _find_images(context: bytes) -> bytes:
    """Return the names of the images of a prompt, in order: what they show counts, wherever they stand."""
    return b"".join(_IMAGE.findall(context))


def _name_image(image: ImagePart) -> str:
    return f"[image {image.hash}]"


def _name_images(message: Message) -> Message:
    return replace(message, parts=(TextPart(render_parts(message.parts, _name_image)),))
