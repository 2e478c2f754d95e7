"""The transformers engine: safetensors folders, models of the hub and some GGUF files, in this process.

Puts the parts together: vocabulary, prompts, prefix-tree scoring, batched generation.  Knows nothing of tasks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.local.engine import LocalEngine
from fairtrial.engines.local.generation import Prompted
from fairtrial.engines.local.prefix_tree.trie import Tokens
from fairtrial.engines.local.scoring import SequenceScores
from fairtrial.engines.local.session import WorkCounter
from fairtrial.engines.prompts import Encoder, ScoredSequence, make_prompt_format
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
from fairtrial.engines.transformers.tokens import HubVocabulary
from fairtrial.engines.transformers.trust import SupportedWays, check_ways
from fairtrial.errors import EngineError
from fairtrial.machine import count_cores
from fairtrial.models import ResolvedModel
from fairtrial.records import GenerateAnswer
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
        window: int | None,
    ) -> None:
        super().__init__(session, encoder, facts)
        self._trust, self._window = trust, window

    @classmethod
    def open(cls, candidate: Candidate, model: ResolvedModel, settings: EngineSettings) -> TransformersEngine:
        """Load the weights; see `fairtrial.engines.open_engine`."""
        loaded = load_network(model, candidate.dtype)
        network, config = loaded.model, loaded.model.config
        threads = settings.threads or count_cores()
        import_torch().set_num_threads(threads)
        size = int(network.get_output_embeddings().weight.shape[0])
        vocabulary = HubVocabulary(loaded.tokenizer, network.generation_config, size)
        template = loaded.tokenizer.chat_template
        asking = make_prompt_format(
            candidate,
            vocabulary,
            template if isinstance(template, str) else None,
            trained=read_trained_context(config),
            where=str(model.path),
        )
        session = TransformersSession(Network(loaded), settings.batch_tokens or BATCH[loaded.device], size)
        trust, window = check_ways(session), find_exact_context(config)
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
            "scoring": trust.scoring(None, 0),
            "exact_up_to_tokens": window,
            "generation": trust.writing(None, 0),
            "checked_against_plain_evaluation": trust.why,
            **_describe_device(loaded),
        }
        return cls(session, Encoder(vocabulary, asking), facts, trust, window)

    def _score(self, session: TransformersSession, sequences: Sequence[ScoredSequence]) -> SequenceScores:
        longest = max((len(s.tokens) for s in sequences), default=0)
        with _translate_errors():
            return score_by(session, sequences, self._trust.scoring(self._window, longest))

    def _write(self, session: TransformersSession, prompts: Sequence[Prompted]) -> list[GenerateAnswer]:
        longest = max(len(asked.tokens) + request.max_tokens for request, asked in prompts)
        with _translate_errors():
            way = self._trust.writing(self._window, longest)
            return generate_all(session, self._encoder.vocabulary, prompts, way)

    def _logits_along(self, session: TransformersSession, tokens: Tokens, longest: int | None) -> NDArray[np.float32]:
        """Compute in the model's own way, with its own cache where a pass is to be shorter than the text."""
        size = longest if longest and self._trust.branches else len(tokens) + 1
        network = session.network
        with _translate_errors():
            cache = network.new_cache() if size < len(tokens) else None
            parts = [network.plain(tokens[at : at + size], cache) for at in range(0, len(tokens), size)]
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
