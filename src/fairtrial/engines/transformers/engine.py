"""The transformers engine: safetensors folders, models of the hub and some GGUF files, in this process.

Puts the parts together: vocabulary, prompts, prefix-tree scoring, batched generation.  Knows nothing of tasks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.base import Capabilities
from fairtrial.engines.finite import A, each_by_itself, flaw
from fairtrial.engines.prefix_tree.trie import Tokens
from fairtrial.engines.prompts import Encoder, asking_of
from fairtrial.engines.scoring import score_answers
from fairtrial.engines.settings import EngineSettings
from fairtrial.engines.transformers.generate import generate_all
from fairtrial.engines.transformers.libraries import library_version, torch
from fairtrial.engines.transformers.loading import Loaded, cores, load, longest_exact, trained_context
from fairtrial.engines.transformers.network import Network
from fairtrial.engines.transformers.score import score_sequences
from fairtrial.engines.transformers.session import Session
from fairtrial.engines.transformers.tokens import HubVocabulary
from fairtrial.engines.transformers.trust import Trust, examine
from fairtrial.errors import EngineError
from fairtrial.models import ResolvedModel
from fairtrial.records import GenerateAnswer, GenerateRequest, Request, ScoreAnswer, ScoreRequest
from fairtrial.spec.candidate import Candidate

BATCH: Mapping[str, int] = {"cpu": 512, "cuda": 4096}
"""Tokens of one step, by device; halved when memory runs out."""

OTHER_PASS = 32
"""Tokens of a pass where the same is to be computed in another shape."""


class TransformersEngine:
    """See `fairtrial.engines.base.Engine`."""

    def __init__(self, session: Session, encoder: Encoder, trust: Trust, window: int | None) -> None:
        self._session: Session | None = session
        self._encoder = encoder
        self._trust = trust
        self._window = window
        self.record: Mapping[str, object] = {}
        self.can = Capabilities(
            score=True,
            generate=True,
            chat=encoder.asking.template is not None,
            images=False,
            context_tokens=encoder.asking.context,
            batch_invariant=False,
        )

    @classmethod
    def open(cls, candidate: Candidate, model: ResolvedModel, settings: EngineSettings) -> TransformersEngine:
        """Load the weights; see `fairtrial.engines.open_engine`."""
        loaded = load(model, candidate.dtype)
        network, config = loaded.model, loaded.model.config
        threads = settings.threads or cores()
        torch().set_num_threads(threads)
        size = int(network.get_output_embeddings().weight.shape[0])
        vocabulary = HubVocabulary(loaded.tokenizer, network.generation_config, size)
        template = loaded.tokenizer.chat_template
        asking = asking_of(
            candidate,
            vocabulary,
            template if isinstance(template, str) else None,
            trained=trained_context(config),
            where=str(model.path),
        )
        session = Session(Network(loaded), settings.batch_tokens or BATCH[loaded.device], size)
        trust, window = examine(session), longest_exact(config)
        session.work.clear()  # what the examination took is nobody's answer
        engine = cls(session, Encoder(vocabulary, asking), trust, window)
        engine.record = {
            "engine": "transformers",
            "version": library_version(),
            "model": model.name,
            "model_sha256": model.sha256,
            "architecture": type(network).__name__,
            "parameters": int(network.num_parameters()),
            "context": asking.context,
            "threads": threads,
            "batch_tokens": session.batch,
            "scoring": trust.scoring(None, 0),
            "exact_up_to_tokens": window,
            "generation": trust.writing(None, 0),
            "checked_against_plain_evaluation": trust.why,
            "chat_template_sha256": asking.template.sha256 if asking.template else None,
            "bos": "added" if vocabulary.adds_bos else "not added",
            "special_tokens": "read in the chat template only, never in prompts",
            **device_facts(loaded),
        }
        return engine

    @property
    def nodes_computed(self) -> int:
        """Tokens that went through the network so far, the shared ones once a call."""
        return self._open().computed

    @property
    def work(self) -> Mapping[str, float]:
        """Tokens and seconds of passes so far; see `fairtrial.engines.base.Engine`."""
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
            longest = max((len(s.tokens) for s in flat), default=0)
            sums = score_sequences(session, flat, self._trust.scoring(self._window, longest))
        except BaseException as error:
            session.forget()
            raise translated(error) from error
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
        longest = max(len(asked.tokens) + request.max_tokens for request, asked in prompts)
        way = self._trust.writing(self._window, longest)
        try:
            answers = generate_all(session, self._encoder.vocabulary, prompts, way)
        except BaseException as error:
            session.forget()
            raise translated(error) from error
        return self._left_clean(answers)

    def _left_clean(self, answers: list[A]) -> list[A]:
        """Return answers; where one of them is not a number, nothing of it stays in memory."""
        if any(flaw(answer) for answer in answers):
            self._open().renew()
        return answers

    def text_tokens(self, text: str) -> Tokens:
        """Return the tokens of a text; see `fairtrial.engines.base.TellsDistributions`."""
        return self._encoder.text(text)

    def text_logits(self, tokens: Tokens) -> NDArray[np.float32]:
        """Return what is expected after each token of a text but the last; computed in the model's own way."""
        return self._along(tokens[:-1], len(tokens))

    def text_logits_again(self, tokens: Tokens) -> NDArray[np.float32]:
        """Return the same, computed a few tokens at a time; see `fairtrial.engines.base.TellsOwnRounding`."""
        return self._along(tokens[:-1], OTHER_PASS if self._trust.branches else len(tokens))

    def _along(self, tokens: Tokens, longest: int) -> NDArray[np.float32]:
        try:
            network = self._open().network
            cache = network.new_cache() if longest < len(tokens) else None
            parts = [network.plain(tokens[at : at + longest], cache) for at in range(0, len(tokens), longest)]
        except BaseException as error:
            raise translated(error) from error
        return np.concatenate([part.float().cpu().numpy() for part in parts])

    def close(self) -> None:
        """Free the model; safe to call twice."""
        self._session = None
        if torch().cuda.is_available():
            torch().cuda.empty_cache()

    def _open(self) -> Session:
        if self._session is None:
            raise EngineError("This engine has been closed.")
        return self._session


def device_facts(loaded: Loaded) -> dict[str, object]:
    """Return what is known about where and in what a network computes."""
    name = torch().cuda.get_device_name() if loaded.device == "cuda" else torch().backends.cpu.get_cpu_capability()
    return {"device": loaded.device, "device_name": name, "dtype": loaded.dtype}


def translated(error: BaseException) -> BaseException:
    """Return torch's own errors as ours, any other as it is."""
    if isinstance(error, RuntimeError):
        return EngineError(f"torch failed: {str(error).strip().splitlines()[0] if str(error).strip() else error!r}")
    return error
