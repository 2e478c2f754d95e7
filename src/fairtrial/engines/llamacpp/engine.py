"""The llama.cpp engine: GGUF models on this machine, in this process.

Puts the parts together: vocabulary, prompts, prefix-tree scoring, batched generation.  Knows nothing of tasks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fairtrial.engines.base import Capabilities
from fairtrial.engines.finite import A, each_by_itself, flaw
from fairtrial.engines.llamacpp.along import logits_along
from fairtrial.engines.llamacpp.binding import Floats, Model, library_version, system_info
from fairtrial.engines.llamacpp.calibrate import Speed, calibrated
from fairtrial.engines.llamacpp.generate import generate_all
from fairtrial.engines.llamacpp.probe import check_opens, packing_works
from fairtrial.engines.llamacpp.score import score_sequences
from fairtrial.engines.llamacpp.session import Session, Sizes
from fairtrial.engines.llamacpp.tokens import GgufVocabulary
from fairtrial.engines.prefix_tree.trie import Tokens
from fairtrial.engines.prompts import Encoder, asking_of
from fairtrial.engines.scoring import score_answers
from fairtrial.engines.settings import EngineSettings
from fairtrial.errors import EngineError, ModelError
from fairtrial.models import ResolvedModel
from fairtrial.records import GenerateAnswer, GenerateRequest, Request, ScoreAnswer, ScoreRequest
from fairtrial.spec.candidate import Candidate

OTHER_PASS = 32
"""Tokens of a pass where the same is to be computed in another shape."""


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
        if candidate.dtype != "auto":
            raise ModelError(
                f"candidate {candidate.id!r}: llama.cpp computes in what the file holds; `dtype` is for transformers.",
                fix="Leave out `dtype`, or add `engine: transformers`; the lever `quantize` changes a file's types.",
            )
        check_opens(model.path, model.sha256)
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
        vocabulary = GgufVocabulary(loaded)
        source = loaded.meta("tokenizer.chat_template")
        asking = asking_of(candidate, vocabulary, source, trained=loaded.n_ctx_train, where=str(model.path))
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
            "flash_attention": {-1: "automatic; off for answers after long prompts", 0: "off", 1: "on"}[flash],
            "packed_weights": packed,
            "prefix_tree": loaded.scores_prefixes(),
            "chat_template_sha256": asking.template.sha256 if asking.template else None,
            "bos": "added" if vocabulary.adds_bos else "not added",
            "special_tokens": "read in the chat template only, never in prompts",
        }
        return cls(Session(loaded, sizes), Encoder(vocabulary, asking), record)

    @property
    def work(self) -> Mapping[str, float]:
        """Tokens and seconds of passes so far (`prefill_tokens`, `decode_seconds` ...), and `kv_bytes` of the cache."""
        return self._session.work if self._session else {}

    def check(self, requests: Sequence[Request]) -> None:
        """Raise TooLongError naming the first request that does not fit."""
        for request in requests:
            if isinstance(request, ScoreRequest):
                self._encoder.score(request)
            else:
                self._encoder.generate(request)

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[ScoreAnswer]:
        """Yield one answer a request; all are computed before the first is given."""
        yield from each_by_itself(requests, self._scored(requests), lambda request: self._scored([request])[0])

    def _scored(self, requests: Sequence[ScoreRequest]) -> list[ScoreAnswer]:
        """Return the answers to requests through one tree."""
        session = self._open()
        encoded = [self._encoder.score(request) for request in requests]
        flat = [scored for request in encoded for parts in request for scored in parts]
        try:
            sums = score_sequences(session, flat)
        except BaseException:
            session.forget()
            raise
        self.nodes_computed += sums.nodes
        return self._left_clean(list(score_answers(encoded, sums)))

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        """Yield one answer a request; all are computed before the first is given."""
        yield from each_by_itself(requests, self._written(requests), lambda request: self._written([request])[0])

    def _written(self, requests: Sequence[GenerateRequest]) -> list[GenerateAnswer]:
        """Return the answers to requests that grow side by side."""
        session = self._open()
        prompts = [(request, self._encoder.generate(request)) for request in requests]
        if not prompts:
            return []
        try:
            answers = generate_all(session, self._encoder.vocabulary, prompts)
        except BaseException:
            session.forget()
            raise
        return self._left_clean(answers)

    def _left_clean(self, answers: list[A]) -> list[A]:
        """Return answers; where one of them is not a number, nothing of it stays in memory."""
        if any(flaw(answer) for answer in answers):
            self._open().renew()
        return answers

    def text_tokens(self, text: str) -> Tokens:
        """Return the tokens of a text; see `fairtrial.engines.base.TellsDistributions`."""
        return self._encoder.text(text)

    def text_logits(self, tokens: Tokens) -> Floats:
        """Return what is expected after each token of a text but the last."""
        return self._along(tokens, None)

    def text_logits_again(self, tokens: Tokens) -> Floats:
        """Return the same, computed a few tokens at a time; see `fairtrial.engines.base.TellsOwnRounding`."""
        return self._along(tokens, OTHER_PASS)

    def _along(self, tokens: Tokens, longest: int | None) -> Floats:
        session = self._open()
        try:
            return logits_along(session, tokens[:-1], longest)
        finally:
            session.forget()

    def close(self) -> None:
        """Free the model; safe to call twice."""
        if self._session is not None:
            self._session.close()
        self._session = None

    def _open(self) -> Session:
        if self._session is None:
            raise EngineError("This engine has been closed.")
        return self._session


def _speed(settings: EngineSettings, model: Model, sha256: str, *, packed: bool, flash: int) -> Speed:
    """Return what the settings say, and where they leave it open what suits the machine."""
    if settings.threads and settings.batch_tokens:
        return Speed(settings.threads, settings.batch_tokens, "given")
    found = calibrated(model, sha256, packed=packed, flash=flash)
    return Speed(settings.threads or found.threads, settings.batch_tokens or found.batch, found.source)
