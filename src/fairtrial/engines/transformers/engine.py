"""The transformers engine: safetensors folders, models of the hub and some GGUF files, in this process.

Puts the parts together: vocabulary, prompts, prefix-tree scoring, batched generation.  Knows nothing of tasks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.local.engine import LocalEngine
from fairtrial.engines.local.generation import Prompted
from fairtrial.engines.local.pixels import make_pixel_reader
from fairtrial.engines.local.prefix_tree.trie import Tokens
from fairtrial.engines.local.scoring import SequenceScores
from fairtrial.engines.local.session import WorkCounter
from fairtrial.engines.prompts import Encoder, ScoredSequence, make_prompt_format
from fairtrial.engines.refusing import make_long_sight_error
from fairtrial.engines.settings import EngineSettings
from fairtrial.engines.transformers.generate import generate_all
from fairtrial.engines.transformers.libraries import get_library_version, import_torch
from fairtrial.engines.transformers.loading import (
    LoadedNetwork,
    find_exact_context,
    load_network,
    read_trained_context,
)
from fairtrial.engines.transformers.network import Network
from fairtrial.engines.transformers.score import score_by
from fairtrial.engines.transformers.session import TransformersSession
from fairtrial.engines.transformers.sight import Sight, open_sight
from fairtrial.engines.transformers.tokens import HubVocabulary
from fairtrial.engines.transformers.trust import SupportedWays, check_ways
from fairtrial.errors import EngineError
from fairtrial.machine import count_cores
from fairtrial.models import ResolvedModel
from fairtrial.records import GenerateAnswer, GenerateRequest, Request, list_images
from fairtrial.spec.candidate import Candidate

BATCH: Mapping[str, int] = {"cpu": 512, "cuda": 4096}
"""Tokens of one step, by device; halved when memory runs out."""


class TransformersEngine(LocalEngine[TransformersSession]):
    """See `fairtrial.engines.base.Engine`."""

    def __init__(
        self,
        session: TransformersSession,
        encoder: Encoder,
        facts: Mapping[str, object],
        trust: SupportedWays,
        sight: Sight,
        window: int | None,
    ) -> None:
        super().__init__(session, encoder, facts)
        self._trust, self._sight, self._window = trust, sight, window

    @classmethod
    def open(cls, candidate: Candidate, model: ResolvedModel, settings: EngineSettings) -> TransformersEngine:
        """Load the weights; see `fairtrial.engines.open_engine`."""
        loaded = load_network(model, candidate.dtype)
        network, config = loaded.model, loaded.model.config
        threads = settings.threads or count_cores()
        import_torch().set_num_threads(threads)
        size = int(network.get_output_embeddings().weight.shape[0])
        vocabulary = HubVocabulary(loaded.tokenizer, network.generation_config, size)
        asking = make_prompt_format(
            candidate,
            vocabulary,
            loaded.chat_template,
            trained=read_trained_context(config),
            where=str(model.path),
        )
        session = TransformersSession(Network(loaded), settings.batch_tokens or BATCH[loaded.device], size)
        trust, window = check_ways(session), find_exact_context(config)
        sight = open_sight(session, loaded, vocabulary, make_pixel_reader(settings.read_image))
        session.work = WorkCounter()  # what the examination took is nobody's answer
        facts = {
            "engine": "transformers",
            "version": get_library_version(),
            "model": model.name,
            "model_sha256": model.sha256,
            "architecture": type(network).__name__,
            "parameters": int(network.num_parameters()),
            "threads": threads,
            "batch_tokens": session.batch,
            "scoring": trust.pick_scoring(None, 0),
            "exact_up_to_tokens": window,
            "generation": trust.pick_writing(None, 0),
            "checked_against_plain_evaluation": trust.why,
            **({"adapter_sha256": model.adapter_sha256} if model.adapter else {}),
            **_describe_device(loaded),
        }
        unread = "transformers reads no projector (`projector`); leave out `engine`" if model.projector else ""
        encoder = Encoder(vocabulary, asking, session.images, sight.blind or unread)
        return cls(session, encoder, facts, trust, sight, window)

    def check(self, requests: Sequence[Request]) -> None:
        """Raise TooLongError and CapabilityError as the protocol says."""
        super().check(requests)
        if self._window is None or not self._sight.bound_by_window:
            return
        for request in requests:
            if list_images(request):
                longest = self._count_longest(request)
                if longest > self._window:
                    raise make_long_sight_error(longest, self._window, request.label)

    def _count_longest(self, request: Request) -> int:
        if isinstance(request, GenerateRequest):
            return len(self._encoder.generate(request).tokens) + request.max_tokens
        return max(len(scored.tokens) for parts in self._encoder.score(request) for scored in parts)

    def _trust_for(self, session: TransformersSession, sequences: Iterable[Tokens]) -> SupportedWays:
        return self._sight.ways if any(session.shows_image(tokens) for tokens in sequences) else self._trust

    def _score(self, session: TransformersSession, sequences: Sequence[ScoredSequence]) -> SequenceScores:
        longest = max((len(s.tokens) for s in sequences), default=0)
        ways = self._trust_for(session, (s.tokens for s in sequences))
        with _translate_errors():
            return score_by(session, sequences, ways.pick_scoring(self._window, longest))

    def _write(self, session: TransformersSession, prompts: Sequence[Prompted]) -> list[GenerateAnswer]:
        longest = max(len(asked.tokens) + request.max_tokens for request, asked in prompts)
        ways = self._trust_for(session, (asked.tokens for _, asked in prompts))
        with _translate_errors():
            way = ways.pick_writing(self._window, longest)
            return generate_all(session, self._encoder.vocabulary, prompts, way)

    def _logits_along(self, session: TransformersSession, tokens: Tokens, longest: int | None) -> NDArray[np.float32]:
        """Compute in the model's own way, with its own cache where a pass is to be shorter than the text."""
        size = longest if longest and self._trust.branches else len(tokens) + 1
        with _translate_errors():
            cache = session.network.new_cache() if size < len(tokens) else None
            parts = [session.continue_plainly(tokens[: at + size], at, cache) for at in range(0, len(tokens), size)]
            return np.concatenate([part.float().cpu().numpy() for part in parts])

    def close(self) -> None:
        """Free the model; safe to call twice."""
        super().close()
        if import_torch().cuda.is_available():
            import_torch().cuda.empty_cache()


def _describe_device(loaded: LoadedNetwork) -> dict[str, object]:
    """Return what is known about where and in what a network computes."""
    name = (
        import_torch().cuda.get_device_name()
        if loaded.device == "cuda"
        else import_torch().backends.cpu.get_cpu_capability()
    )
    return {"device": loaded.device, "device_name": name, "dtype": loaded.dtype}


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Raise torch's own errors as ours, any other as it is."""
    try:
        yield
    except RuntimeError as error:
        said = str(error).strip()
        raise EngineError(f"torch failed: {said.splitlines()[0] if said else repr(error)}") from error
