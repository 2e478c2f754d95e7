"""The llama.cpp engine: GGUF models on this machine, in this process.

Puts the parts together: vocabulary, prompts, prefix-tree scoring, batched generation.  Knows nothing of tasks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from fairtrial.engines.base import Capabilities
from fairtrial.engines.chat import ChatTemplate
from fairtrial.engines.llamacpp.binding import Model, library_version, system_info
from fairtrial.engines.llamacpp.calibrate import Speed, calibrated
from fairtrial.engines.llamacpp.generate import generate_all
from fairtrial.engines.llamacpp.probe import packing_works
from fairtrial.engines.llamacpp.prompts import Asking, Encoder
from fairtrial.engines.llamacpp.score import score_sequences
from fairtrial.engines.llamacpp.session import Session, Sizes
from fairtrial.engines.llamacpp.tokens import Vocabulary
from fairtrial.engines.settings import EngineSettings
from fairtrial.errors import EngineError, ModelError
from fairtrial.models import ResolvedModel
from fairtrial.records import GenerateAnswer, GenerateRequest, Request, ScoreAnswer, ScoreRequest
from fairtrial.spec.candidate import Candidate

DEFAULT_CONTEXT = 8192


class LlamaCppEngine:
    """See `fairtrial.engines.base.Engine`."""

    def __init__(self, session: Session, encoder: Encoder, record: Mapping[str, object]) -> None:
        self._session: Session | None = session
        self._encoder = encoder
        self.record = record
        self.can = Capabilities(
            score=True,
            generate=True,
            chat=encoder.asking.template is not None,
            images=False,
            context_tokens=encoder.asking.context,
            batch_invariant=False,
        )
        self.nodes_computed = 0
        """Tokens that scoring has sent through the network so far, the shared ones once a call."""

    @classmethod
    def open(cls, candidate: Candidate, model: ResolvedModel, settings: EngineSettings) -> LlamaCppEngine:
        """Load the model file; see `fairtrial.engines.open_engine`."""
        if model.path is None:
            raise ModelError(f"The model {model.spec!r} has no file for llama.cpp to load.")
        packed = packing_works(model.path)
        loaded = Model(model.path, packed=packed)
        try:
            return cls._set_up(candidate, model, settings, loaded, packed)
        except BaseException:
            loaded.close()
            raise

    @classmethod
    def _set_up(
        cls, candidate: Candidate, model: ResolvedModel, settings: EngineSettings, loaded: Model, packed: bool
    ) -> LlamaCppEngine:
        if not loaded.is_decoder():
            raise ModelError(
                "This model does not continue text from left to right, so it can neither score nor generate.",
                where=str(model.path),
            )
        vocabulary = Vocabulary(loaded)
        template = _template(candidate, loaded, vocabulary)
        asking = Asking(template, candidate.system, _context(candidate, loaded), candidate.overflow == "truncate")
        flash = {None: -1, False: 0, True: 1}[settings.flash_attention]
        speed = _speed(settings, loaded, model.sha256, packed=packed, flash=flash)
        sizes = Sizes.fitting(batch=speed.batch, threads=speed.threads, vocabulary=loaded.n_vocab, flash=flash)
        record = {
            "engine": "llamacpp",
            "version": library_version(),
            "system": system_info(),
            "model": model.name,
            "model_sha256": model.sha256,
            **loaded.description(),
            "context": asking.context,
            "threads": sizes.threads,
            "batch_tokens": sizes.batch,
            "speed_settings": speed.source,
            "flash_attention": {-1: "automatic", 0: "off", 1: "on"}[flash],
            "packed_weights": packed,
            "prefix_tree": loaded.scores_prefixes(),
            "chat_template_sha256": template.sha256 if template else None,
            "bos": "added" if vocabulary.adds_bos else "not added",
            "special_tokens": "read in the chat template only, never in prompts",
        }
        return cls(Session(loaded, sizes), Encoder(vocabulary, asking), record)

    def check(self, requests: Sequence[Request]) -> None:
        """Raise TooLongError naming the first request that does not fit."""
        for request in requests:
            if isinstance(request, ScoreRequest):
                self._encoder.score(request)
            else:
                self._encoder.generate(request)

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[ScoreAnswer]:
        """Yield one answer a request; all are computed before the first is given."""
        session = self._open()
        encoded = [self._encoder.score(request) for request in requests]
        flat = [scored for request in encoded for parts in request for scored in parts]
        try:
            sums = score_sequences(session, flat)
        except BaseException:
            session.forget()
            raise
        self.nodes_computed += sums.nodes
        at = 0
        for request in encoded:
            logprobs, greedy = [], []
            for parts in request:
                logprobs.append(float(sums.logprobs[at : at + len(parts)].sum()))
                greedy.append(bool(sums.greedy[at : at + len(parts)].all()))
                at += len(parts)
            every = [scored for parts in request for scored in parts]
            yield ScoreAnswer(
                logprobs=tuple(logprobs),
                greedy=tuple(greedy),
                tokens=tuple(sum(len(s.tokens) - s.start for s in parts) for parts in request),
                prompt_tokens=max((s.start for s in every), default=0),
                truncated_tokens=max((s.truncated for s in every), default=0),
            )

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        """Yield one answer a request; all are computed before the first is given."""
        session = self._open()
        prompts = [(request, *self._encoder.generate(request)) for request in requests]
        if not prompts:
            return
        try:
            answers = generate_all(session, self._encoder.vocabulary, prompts)
        except BaseException:
            session.forget()
            raise
        yield from answers

    def close(self) -> None:
        """Free the model; safe to call twice."""
        if self._session is not None:
            self._session.close()
        self._session = None

    def _open(self) -> Session:
        if self._session is None:
            raise EngineError("This engine has been closed.")
        return self._session


def _template(candidate: Candidate, model: Model, vocabulary: Vocabulary) -> ChatTemplate | None:
    """Return the chat template that the candidate asks for, or None for running text."""
    if candidate.chat == "none":
        return None
    if candidate.chat == "model":
        source, where = model.meta("tokenizer.chat_template"), str(model.path)
        if source is None:
            raise ModelError(
                "This model file has no chat template.",
                fix="Give one with `chat: PATH` (a Jinja file), or ask in running text with `chat: none`.",
                where=where,
            )
    else:
        where = candidate.chat
        try:
            source = Path(where).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError(
                f"The chat template cannot be read: {error}.",
                fix="Give `chat: none`, `chat: model`, or the path of a Jinja file.",
                where=where,
            ) from error
    return ChatTemplate(source, bos=vocabulary.bos_text, eos=vocabulary.eos_text, where=where)


def _speed(settings: EngineSettings, model: Model, sha256: str, *, packed: bool, flash: int) -> Speed:
    """Return what the settings say, and where they leave it open what suits the machine."""
    if settings.threads and settings.batch_tokens:
        return Speed(settings.threads, settings.batch_tokens, "given")
    found = calibrated(model, sha256, packed=packed, flash=flash)
    return Speed(settings.threads or found.threads, settings.batch_tokens or found.batch, found.source)


def _context(candidate: Candidate, model: Model) -> int:
    if candidate.context is None:
        return min(model.n_ctx_train, DEFAULT_CONTEXT)
    if candidate.context > model.n_ctx_train:
        raise ModelError(
            f"`context: {candidate.context}` is more than the {model.n_ctx_train} tokens of the model's training.",
            fix=f"Set `context` to at most {model.n_ctx_train}.",
            where=f"candidate {candidate.id}",
        )
    return candidate.context
