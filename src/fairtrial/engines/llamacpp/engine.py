"""The llama.cpp engine: GGUF models on this machine, in this process.

Puts the parts together: vocabulary, prompts, prefix-tree scoring, batched generation.  Knows nothing of tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from fairtrial.engines.arrays import Floats32
from fairtrial.engines.llamacpp.binding import Model, get_library_version, get_system_info
from fairtrial.engines.llamacpp.embedding import find_embeddings
from fairtrial.engines.llamacpp.generate import generate_all
from fairtrial.engines.llamacpp.live import LlamaLive
from fairtrial.engines.llamacpp.probe import check_adapts, check_opens, check_packing, check_sees
from fairtrial.engines.llamacpp.projector import Projector
from fairtrial.engines.llamacpp.session import LlamaCppSession, SessionSizes
from fairtrial.engines.llamacpp.speed import SpeedSettings, choose_live_flash, measure_speed
from fairtrial.engines.llamacpp.tokens import GgufVocabulary
from fairtrial.engines.local.engine import LocalEngine
from fairtrial.engines.local.generation import Prompted
from fairtrial.engines.local.images import ImageTable
from fairtrial.engines.local.pixels import make_pixel_reader
from fairtrial.engines.local.prefix_tree.trie import Tokens
from fairtrial.engines.local.scoring import SequenceScores, score_each, score_sequences, score_tree
from fairtrial.engines.prompts import Encoder, ScoredSequence, make_prompt_format
from fairtrial.engines.settings import EngineSettings
from fairtrial.errors import ModelError
from fairtrial.models import ResolvedModel
from fairtrial.records import GenerateAnswer, content_hash
from fairtrial.spec.candidate import Candidate


class LlamaCppEngine(LocalEngine[LlamaCppSession]):
    """See `fairtrial.engines.base.Engine`."""

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
        if model.projector:
            check_sees(model.path, model.projector, content_hash([model.sha256, model.projector_sha256]))
        if model.adapter:
            check_adapts(model.path, model.adapter, content_hash([model.sha256, model.adapter_sha256]))
        packed = check_packing(model.path)
        loaded = Model(model.path, packed=packed, adapter=model.adapter)
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
        source = loaded.read_metadata("tokenizer.chat_template")
        asking = make_prompt_format(candidate, vocabulary, source, trained=loaded.n_ctx_train, where=str(model.path))
        flash = {None: -1, False: 0, True: 1}[settings.flash_attention]
        speed = _choose_speed(settings, loaded, model.sha256, packed=packed, flash=flash)
        sizes = SessionSizes.fit(batch=speed.batch, threads=speed.threads, vocabulary=loaded.n_vocab, flash=flash)
        facts = {
            "engine": "llamacpp",
            "version": get_library_version(),
            "system": get_system_info(),
            "model": model.name,
            "model_sha256": model.sha256,
            **loaded.describe(),
            "threads": sizes.threads,
            "batch_tokens": sizes.batch,
            "speed_settings": speed.source,
            "flash_attention": {-1: "automatic; off for answers after long prompts", 0: "off", 1: "on"}[flash],
            "packed_weights": packed,
            "prefix_tree": loaded.scores_prefixes(),
            **({"adapter_sha256": model.adapter_sha256} if model.adapter else {}),
        }
        images, embeddings = None, None
        if model.projector:
            facts["projector_sha256"] = model.projector_sha256
            read = make_pixel_reader(settings.read_image)
            images = ImageTable(Projector(model.projector, loaded, read, threads=sizes.threads, flash=flash))
            embeddings = find_embeddings(loaded, sizes.threads)
        session = LlamaCppSession(loaded, sizes, images, embeddings)
        if images:
            facts["passes"] = "text and images together" if session.mixes else "text and images apart"
        return cls(session, Encoder(vocabulary, asking, images, "" if images else _explain_blindness(candidate)), facts)

    def open_live(self, places: int) -> LlamaLive | None:
        """Return what answers live; see `fairtrial.engines.live.CanAnswerLive`.

        None for a model that sees images, or that cannot go back to a prefix.
        """
        session = self._get_session()
        if self._encoder.images or not session.model.scores_prefixes():
            return None
        flash = choose_live_flash(session.model, str(self.record["model_sha256"]), session.sizes)
        return LlamaLive(session, self._encoder, places, flash)

    def _score(self, session: LlamaCppSession, sequences: Sequence[ScoredSequence]) -> SequenceScores:
        """Score sequences through one tree, or each by itself where a model cannot go back to a prefix."""
        way = partial(score_tree, session)
        shares = session.model.scores_prefixes()
        return score_sequences(sequences, way if shares else lambda some: score_each(some, way))

    def _write(self, session: LlamaCppSession, prompts: Sequence[Prompted]) -> list[GenerateAnswer]:
        return generate_all(session, self._encoder.vocabulary, prompts)

    def _logits_along(self, session: LlamaCppSession, tokens: Tokens, longest: int | None) -> Floats32:
        return session.read_along(tokens, longest)


def _explain_blindness(candidate: Candidate) -> str:
    """Return why a candidate sees no images."""
    if candidate.projector == "none":
        return "`projector: none` leaves out what it would see with"
    return "there is no projector beside its model (a file whose name has mmproj); give one with `projector: PATH`"


def _choose_speed(settings: EngineSettings, model: Model, sha256: str, *, packed: bool, flash: int) -> SpeedSettings:
    """Return what the settings say, and where they leave it open what suits the machine."""
    if settings.threads and settings.batch_tokens:
        return SpeedSettings(settings.threads, settings.batch_tokens, "given")
    found = measure_speed(model, sha256, packed=packed, flash=flash)
    return SpeedSettings(settings.threads or found.threads, settings.batch_tokens or found.batch, found.source)
