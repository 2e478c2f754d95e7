"""The engine that runs a network in this process: requests to tokens, answers to records; sessions do the arithmetic.

Everything is here that does not depend on a library: checking, scoring and writing as the protocol wants it, asking
again what a flaw has spoilt, forgetting what an error has left half done.  Knows nothing of tasks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.base import Capabilities
from fairtrial.engines.finite import A, find_flaw, retry_singly
from fairtrial.engines.local.generation import Prompted
from fairtrial.engines.local.prefix_tree.trie import Tokens
from fairtrial.engines.local.scoring import SequenceScores, score_answers
from fairtrial.engines.local.session import LocalSession
from fairtrial.engines.prompts import Encoder, ScoredSequence
from fairtrial.errors import EngineError, FairtrialError
from fairtrial.records import GenerateAnswer, GenerateRequest, Request, ScoreAnswer, ScoreRequest

OTHER_PASS = 32
"""Tokens of a pass where the same is to be computed in another shape."""

S = TypeVar("S", bound=LocalSession)


class LocalEngine(ABC, Generic[S]):
    """See `fairtrial.engines.base.Engine`, `GivesDistributions` and `MeasuresRounding`."""

    def __init__(self, session: S, encoder: Encoder, facts: Mapping[str, object]) -> None:
        """Answer through ``session``; ``facts`` are the library's part of the record."""
        self._session: S | None = session
        self._encoder = encoder
        asking = encoder.asking
        self.record: Mapping[str, object] = {
            **facts,
            "context": asking.context,
            "chat_template_sha256": asking.template.sha256 if asking.template else None,
            "bos": "added" if encoder.vocabulary.adds_bos else "not added",
            "special_tokens": "read in the chat template only, never in prompts",
            **({"images": dict(encoder.images.encoder.record)} if encoder.images else {}),
            **({"sees_no_images": encoder.blind} if encoder.blind else {}),
        }
        self.can = Capabilities(
            score=True,
            generate=True,
            chat=asking.template is not None,
            images=encoder.images is not None,
            context_tokens=asking.context,
            batch_invariant=False,
            thoughts=encoder.own_tags is not None,
        )
        self.nodes_computed = 0
        """Tokens that scoring has sent through the network so far, the shared ones once a call."""

    @abstractmethod
    def _score(self, session: S, sequences: Sequence[ScoredSequence]) -> SequenceScores:
        """Score sequences together."""

    @abstractmethod
    def _write(self, session: S, prompts: Sequence[Prompted]) -> list[GenerateAnswer]:
        """Answer prompts, at least one, side by side."""

    @abstractmethod
    def _logits_along(self, session: S, tokens: Tokens, longest: int | None) -> NDArray[np.float32]:
        """Return (n, vocabulary) logits, one row after each of (n,) tokens; ``longest`` limits the tokens of a pass."""

    @property
    def work(self) -> Mapping[str, float]:
        """Tokens and seconds of passes so far (`prefill_tokens`, `decode_seconds` ...), and `kv_bytes` of the cache."""
        return self._session.work.totals if self._session else {}

    def check(self, requests: Sequence[Request]) -> None:
        """Raise TooLongError naming the first request that does not fit, and CapabilityError as the protocol says."""
        self._get_session()
        self._encoder.begin_call()
        for request in requests:
            try:
                if isinstance(request, ScoreRequest):
                    self._encoder.score(request)
                else:
                    self._encoder.generate(request)
            except FairtrialError as error:
                error.where = error.where or request.label
                raise

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[ScoreAnswer]:
        """Yield one answer a request; all are computed before the first is given."""
        yield from retry_singly(requests, self._score_all(requests), lambda request: self._score_all([request])[0])

    def _score_all(self, requests: Sequence[ScoreRequest]) -> list[ScoreAnswer]:
        with self._using_session() as session:
            self._encoder.begin_call()
            encoded = [self._encoder.score(request) for request in requests]
            sums = self._score(session, [scored for request in encoded for parts in request for scored in parts])
        self.nodes_computed += sums.nodes
        return self._left_clean(list(score_answers(encoded, sums)))

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        """Yield one answer a request; all are computed before the first is given."""
        yield from retry_singly(
            requests, self._generate_all(requests), lambda request: self._generate_all([request])[0]
        )

    def _generate_all(self, requests: Sequence[GenerateRequest]) -> list[GenerateAnswer]:
        with self._using_session() as session:
            self._encoder.begin_call()
            prompts = [(request, self._encoder.generate(request)) for request in requests]
            return self._left_clean(self._write(session, prompts) if prompts else [])

    def _left_clean(self, answers: list[A]) -> list[A]:
        """Return answers; where one of them is not a number, nothing of it stays in memory."""
        if self._session and any(find_flaw(answer) for answer in answers):
            self._session.renew()
        return answers

    def text_tokens(self, text: str) -> Tokens:
        """Return the tokens of a text; see `fairtrial.engines.base.GivesDistributions`."""
        self._get_session()
        return self._encoder.encode_text(text)

    def text_logits(self, tokens: Tokens) -> NDArray[np.float32]:
        """Return what is expected after each token of a text but the last."""
        with self._using_session() as session:
            return self._logits_along(session, tokens[:-1], None)

    def text_logits_again(self, tokens: Tokens) -> NDArray[np.float32]:
        """Return the same, computed a few tokens at a time; see `fairtrial.engines.base.MeasuresRounding`."""
        with self._using_session() as session:
            return self._logits_along(session, tokens[:-1], OTHER_PASS)

    def close(self) -> None:
        """Free the model; safe to call twice."""
        session, self._session = self._session, None
        if session is not None:
            if self._encoder.images:
                self._encoder.images.encoder.close()
            session.close()

    @contextmanager
    def _using_session(self) -> Iterator[S]:
        """Give the session; after an error nothing that it may have left half done is used again."""
        session = self._get_session()
        try:
            yield session
        except BaseException:
            session.forget()
            raise

    def _get_session(self) -> S:
        """Return the session; a closed engine's vocabulary may be gone with its model."""
        if self._session is None:
            raise EngineError("This engine has been closed.")
        return self._session
