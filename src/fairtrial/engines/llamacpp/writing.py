"""One answer of the llama.cpp engine as it grows beside others: tokens, text, and notes of how likely they were.

Knows rows of logits and bytes; nothing of caches.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.arrays import Floats32
from fairtrial.engines.live import AnswerPiece, TokenNote, Wishes, settle_pieces
from fairtrial.engines.llamacpp.binding import Model
from fairtrial.engines.llamacpp.grammar import MOST_SECONDS, Grammar
from fairtrial.engines.local.generation import Job
from fairtrial.engines.local.prefix_tree.trie import Tokens, count_common_prefix
from fairtrial.engines.local.vocabulary import Vocabulary
from fairtrial.engines.prompts import EncodedPrompt, Encoder
from fairtrial.engines.refusing import RequestLimits, make_long_answer_error
from fairtrial.engines.sampling import ThoughtFormat, compute_token_surprisal, sample_token
from fairtrial.engines.tool_prompts import encode_with_tools
from fairtrial.errors import CapabilityError, FairtrialError, SpecError
from fairtrial.records import GenerateAnswer, GenerateRequest


class LlamaWriting:
    """See `fairtrial.engines.live.Writing`.

    Attributes:
        job: the request on its way.
        wishes: what is wanted beside the text.
        read: how many tokens of its prompt have been read.
    """

    def __init__(self, job: Job, wishes: Wishes, vocabulary: Vocabulary, grammar: Grammar | None) -> None:
        self.job, self.wishes, self.vocabulary, self._grammar = job, wishes, vocabulary, grammar
        self._holds = not wishes.after
        self.notes: list[TokenNote] = []
        self.read = 0
        self._sent = 0
        self._given = AnswerPiece()
        self._error: FairtrialError | None = None

    @classmethod
    def begin(cls, request: GenerateRequest, wishes: Wishes, encoder: Encoder, model: Model) -> LlamaWriting:
        """Make a writing of a request.  Raises TooLongError, CapabilityError, or SpecError for tokens that are none."""
        asked = _encode(request, wishes, encoder)
        grammar = Grammar(model, wishes.grammar) if wishes.grammar else None
        return cls(Job(request, asked, 0), wishes, encoder.vocabulary, grammar)

    @property
    def tokens(self) -> Tokens:
        """The prompt's."""
        return self.job.tokens

    @property
    def cells(self) -> int:
        """Tokens of prompt and answer, at most."""
        return self.job.cells

    @property
    def answer(self) -> GenerateAnswer | None:
        """See `fairtrial.engines.live.Writing`."""
        return self.job.answer

    @property
    def error(self) -> FairtrialError | None:
        """See `fairtrial.engines.live.Writing`."""
        return self._error

    @property
    def reads(self) -> bool:
        """Whether some of its prompt is unread."""
        return self.read < len(self.tokens)

    def take(self) -> AnswerPiece:
        """See `fairtrial.engines.live.Writing`."""
        if self._error is not None:
            raise self._error
        answer = self.job.answer
        thought, text = (answer.thought, answer.text) if answer else self.job.text.settle()
        new, self._given = settle_pieces(self._given, text, thought)
        return new

    def count_held(self, held: Tokens, noted: LlamaWriting | None) -> int:
        """Return how many tokens of its prompt need not be read where some are held already."""
        common = min(count_common_prefix(held, self.tokens), len(self.tokens) - 1)
        if not self.wishes.echo:
            return common
        same = noted is not None and noted.wishes.top == self.wishes.top
        # The last of them is read again: its logits are about the next one.
        return max(0, min(common, len(noted.notes)) - 1) if same and noted is not None else 0

    def count_shared(self, other: LlamaWriting) -> int:
        """Return how many leading tokens its prompt shares with another one's, as far as that is of use."""
        if self.wishes.echo and (not other.wishes.echo or other.wishes.top != self.wishes.top):
            return 0
        return min(count_common_prefix(other.tokens, self.tokens), len(self.tokens) - 1)

    def enter(self, have: int, noted: LlamaWriting | None) -> None:
        """Begin with so many tokens that are held, and their notes."""
        self.read = have
        if self.wishes.echo:
            first = TokenNote(int(self.tokens[0]), self.vocabulary.piece(int(self.tokens[0])), None)
            self.notes = noted.notes[: have + 1] if noted is not None and have else [first]

    def count_next(self, outputs: int) -> int:
        """Return how many tokens may come next, where so many rows of logits can still be wanted."""
        if not self.reads:
            return 1 if outputs > 0 else 0
        left = len(self.tokens) - self.read
        if self.wishes.echo:
            return min(left, outputs)
        return left if outputs > 0 else left - 1

    def next_tokens(self, count: int) -> Tokens:
        """Return the tokens that come next."""
        if self.reads:
            return self.tokens[self.read : self.read + count]
        return np.array(self.job.new[-1:], dtype=np.int32)

    def mark_wanted(self, count: int) -> NDArray[np.int8]:
        """Return after which of its next tokens logits are wanted."""
        wanted = np.zeros(count, dtype=np.int8)
        if not self.reads or self.wishes.echo:
            wanted[:] = 1
        elif self.read + count == len(self.tokens):
            wanted[-1] = 1
        return wanted

    def note_read(self, count: int) -> None:
        """Note that so many tokens are sent."""
        self._sent = count
        self.read += count if self.reads else 0

    def take_logits(self, rows: Floats32) -> bool:
        """Take the logits after the tokens that were sent; return whether the answer has ended."""
        if self.wishes.echo and not self.job.new:
            self._note_prompt(rows)
        if self.reads:
            return False
        if self.job.request.max_tokens == 0:
            return self._end_unwritten()
        row = rows[-1]
        token = self._choose(row)
        if self._grammar is not None and self._grammar.seconds > MOST_SECONDS:
            told = f"Holding this answer to its form has taken more than {MOST_SECONDS:g} s; simplify the schema."
            self.fail(CapabilityError(told))
            return True
        if self.wishes.top is not None:
            self.notes.append(self._note(row, token))
        ended = self.job.take(token, self.vocabulary)
        if ended:
            self.end()
        return ended

    def _choose(self, row: NDArray[np.float32]) -> int:
        job = self.job
        if self._grammar is None or not self._begin_holding(self._grammar):
            return job.choose(row)
        token = sample_token(row, job.request, job.rng)
        if not self._grammar.allows(token):
            token = sample_token(self._grammar.mask(row), job.request, job.rng)
        self._grammar.accept(token)
        job.logprob -= compute_token_surprisal(row, token)
        return token

    def _begin_holding(self, grammar: Grammar) -> bool:
        """Return whether the grammar holds what comes next; it is told what stands behind its beginning already."""
        if self._holds:
            return True
        _, found, rest = self.job.text.read_answer().partition(self.wishes.after)
        if not found:
            return False
        for token in map(int, self.vocabulary.encode(rest)):
            if not grammar.allows(token):
                self.end()  # it has begun otherwise, within one token: nothing holds it any more
                return False
            grammar.accept(token)
        self._holds = True
        return True

    def _note_prompt(self, rows: Floats32) -> None:
        """Note the tokens of the prompt that these logits predict."""
        first = self.read - self._sent + 1
        for row, at in zip(rows, range(first, min(first + len(rows), len(self.tokens))), strict=False):
            if at == len(self.notes):
                self.notes.append(self._note(row, int(self.tokens[at])))

    def _note(self, row: NDArray[np.float32], token: int) -> TokenNote:
        peak = row.max()
        mass = float(peak) + float(np.log(np.exp(row - peak).sum(dtype=np.float64)))
        count = self.wishes.top or 0
        top: tuple[tuple[bytes, float], ...] = ()
        if count:
            best = np.argpartition(row, -count)[-count:]
            best = best[np.argsort(-row[best], kind="stable")]
            top = tuple((self.vocabulary.piece(int(one)), float(row[one]) - mass) for one in best)
        return TokenNote(token, self.vocabulary.piece(token), float(row[token]) - mass, top)

    def _end_unwritten(self) -> bool:
        asked = self.job.asked
        self.job.answer = GenerateAnswer("", 0, "length", len(asked.tokens), asked.truncated, logprob=0.0)
        self.end()
        return True

    def fail(self, error: FairtrialError) -> None:
        """End without an answer."""
        self._error = error
        self.end()

    def end(self) -> None:
        """Free what only a growing answer needs."""
        if self._grammar is not None:
            self._grammar.close()
            self._grammar = None


def _encode(request: GenerateRequest, wishes: Wishes, encoder: Encoder) -> EncodedPrompt:
    if wishes.tokens is not None:
        return _take_tokens(request, wishes.tokens, encoder)
    if wishes.talk is None:
        return encoder.generate(request)
    asked, context = encode_with_tools(encoder, wishes.talk), encoder.asking.context
    if len(asked.tokens) + request.max_tokens > context:
        limits = RequestLimits(context, False, request.label)
        raise make_long_answer_error(len(asked.tokens), request.max_tokens, limits)
    return asked


def _take_tokens(request: GenerateRequest, tokens: tuple[int, ...], encoder: Encoder) -> EncodedPrompt:
    """Return a prompt that comes as tokens."""
    size, context = encoder.vocabulary.size, encoder.asking.context
    check_tokens(tokens, size)
    if not tokens:
        raise SpecError("the prompt has no token.")
    if len(tokens) + request.max_tokens > context:
        raise make_long_answer_error(len(tokens), request.max_tokens, RequestLimits(context, False, request.label))
    return EncodedPrompt(np.array(tokens, dtype=np.int32), 0, ThoughtFormat())


def check_tokens(tokens: Sequence[int], size: int) -> None:
    """Raise SpecError if some number is no token of a vocabulary of that size."""
    odd = next((token for token in tokens if not 0 <= token < size), None)
    if odd is not None:
        raise SpecError(f"there is no token {odd}; this model's tokens go from 0 to {size - 1}.")
