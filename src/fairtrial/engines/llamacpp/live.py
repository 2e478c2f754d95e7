"""Answers to requests that come and go: a new one joins the next pass, whatever the others have come to.

Each place has cells of its own and keeps what it has read when its answer ends, so that a prompt begins with whatever
some place has in its cells: the system prompt that all users share, or the conversation so far.  Knows token sequences
and logits; text only through the vocabulary's bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import psutil

from fairtrial.engines.arrays import Floats32
from fairtrial.engines.finite import find_flaw
from fairtrial.engines.live import NOTHING, NoRoomError, Wishes
from fairtrial.engines.llamacpp.binding import Context, ContextShape
from fairtrial.engines.llamacpp.session import LlamaCppSession
from fairtrial.engines.llamacpp.writing import LlamaWriting, check_tokens
from fairtrial.engines.local.prefix_tree.trie import Tokens
from fairtrial.engines.local.vocabulary import EMPTY
from fairtrial.engines.prompts import Encoder
from fairtrial.engines.tool_prompts import explain_no_tools
from fairtrial.errors import EngineError, FairtrialError
from fairtrial.records import GenerateRequest

WORTH_COPYING = 32
"""Tokens that another place must have more than an answer's own, to be copied; or for which a prompt waits."""
MOST_BYTES = 2 << 30
"""Of keys and values, all places together."""
MEMORY_SHARE = 4
"""One part in so many of the memory that is free is taken at most."""
LEAST_CELLS = 512
"""Of a place; with less room there are fewer places."""
_STEP = 256  # cells that the library counts in


@dataclass(eq=False)
class _Place:
    """A sequence of the cache.

    Attributes:
        number: of the sequence.
        held: tokens whose keys and values are in its cells.
        writing: the answer that grows in it; None if it is free.
        last: when it was last used.
    """

    number: int
    held: Tokens = field(default_factory=EMPTY.copy)
    writing: LlamaWriting | None = None
    last: int = 0
    noted: LlamaWriting | None = field(default=None, repr=False)
    """Whose notes are those of the tokens held."""


class LlamaLive:
    """See `fairtrial.engines.live.LiveEngine`.

    Attributes:
        places: answers that grow at once.
        cells: tokens of prompt and answer that one of them may have.
    """

    def __init__(self, session: LlamaCppSession, encoder: Encoder, places: int, flash: int) -> None:
        """Answer with the model of ``session``, in a cache of its own; ``flash`` as in `ContextShape`."""
        self.session, self.encoder, self._flash = session, encoder, flash
        self.places, self.cells = _choose_sizes(session, places, encoder.asking.context)
        self._context: Context | None = None
        self._waiting: list[LlamaWriting] = []
        self._clock = 0
        self._spoilt = False
        self._places = [_Place(number) for number in range(self.places)]

    def begin(self, request: GenerateRequest, wishes: Wishes = NOTHING) -> LlamaWriting:
        """Begin an answer; see `fairtrial.engines.live.LiveEngine`."""
        writing = LlamaWriting.begin(request, wishes, self.encoder, self.session.model)
        if writing.cells > self.cells:
            writing.end()
            raise NoRoomError(f"{writing.cells:,} tokens are more than the {self.cells:,} of one place.")
        self._waiting.append(writing)
        return writing

    def cancel(self, writing: object) -> None:
        """Stop an answer; what it has read stays for others."""
        if not isinstance(writing, LlamaWriting):
            return
        if writing in self._waiting:
            self._waiting.remove(writing)
        for place in self._running():
            if place.writing is writing:
                self._free(place)
        writing.end()

    def advance(self) -> None:
        """Send one pass for all answers; where the library fails, all of them fail."""
        try:
            self._admit()
            if any(True for _ in self._running()):
                self._pass()
        except FairtrialError as error:
            for place in self._running():
                assert place.writing is not None
                place.writing.fail(error)
            self._renew()

    def tokenize(self, text: str, *, begins: bool = False) -> list[int]:
        """See `fairtrial.engines.live.ReadsTokens`."""
        vocabulary = self.encoder.vocabulary
        tokens = vocabulary.encode(text, special=text in vocabulary.special_texts)
        return [int(token) for token in (vocabulary.with_bos(tokens) if begins else tokens)]

    def detokenize(self, tokens: Sequence[int]) -> str:
        """See `fairtrial.engines.live.ReadsTokens`."""
        vocabulary = self.encoder.vocabulary
        check_tokens(tokens, vocabulary.size)
        return b"".join(vocabulary.piece(token) for token in tokens).decode("utf-8", "replace")

    def explain_no_tools(self) -> str:
        """See `fairtrial.engines.live.ReadsTools`."""
        return explain_no_tools(self.encoder.asking.template)

    def describe_tokens(self) -> dict[str, object]:
        """See `fairtrial.engines.live.ReadsTokens`."""
        vocabulary, template = self.encoder.vocabulary, self.encoder.asking.template
        return {
            "bos_token": vocabulary.bos_text or None,
            "eos_token": vocabulary.eos_text or None,
            "pad_token": None,
            "add_bos_token": vocabulary.adds_bos,
            "chat_template": template.source if template else None,
        }

    def close(self) -> None:
        """Free the cache."""
        for writing in self._waiting:
            writing.end()
        self._waiting.clear()
        self._renew()

    def _running(self) -> Iterator[_Place]:
        return (place for place in self._places if place.writing is not None)

    def _renew(self) -> None:
        """Give up all that was read."""
        if self._context is not None:
            self._context.close()
        self._context, self._spoilt = None, False
        self._places = [_Place(number) for number in range(self.places)]

    @property
    def context(self) -> Context:
        """The cache, made when it is first needed."""
        if self._context is None:
            self._context = _make_context(self.session, self.places, self.cells, self._flash)
            self.session.work.note_cache(self._context.cache_bytes)
        return self._context

    def _admit(self) -> None:
        """Give places to those that wait, unless a prompt that they share is just being read."""
        if self._spoilt:  # some numbers were none: nothing of the cache is used again
            if any(True for _ in self._running()):
                return
            self._renew()
        for writing in list(self._waiting):
            free = [place for place in self._places if place.writing is None]
            if not free:
                return
            if not self._is_worth_waiting(writing, free):
                self._waiting.remove(writing)
                self._enter(writing, free)

    def _is_worth_waiting(self, writing: LlamaWriting, free: Sequence[_Place]) -> bool:
        most = max(writing.count_held(place.held, place.noted) for place in self._places)
        for place in self._running():
            assert place.writing is not None
            common = writing.count_shared(place.writing)
            if place.writing.read < common and common - max(most, place.writing.read) >= WORTH_COPYING:
                return True
        return False

    def _enter(self, writing: LlamaWriting, free: Sequence[_Place]) -> None:
        """Let an answer begin in the place that has the most of its prompt, or in another one with a copy of that."""
        self._clock += 1
        own = max(free, key=lambda place: (writing.count_held(place.held, place.noted), -place.last))
        have = writing.count_held(own.held, own.noted)
        source = max(self._places, key=lambda place: writing.count_held(place.held, place.noted))
        more = writing.count_held(source.held, source.noted)
        lib, memory = self.context.lib, self.context.memory
        keeps = len(own.held) - have  # what would be forgotten for it
        if (more - have >= WORTH_COPYING) or (have and keeps >= WORTH_COPYING and len(free) > 1):
            target = min((place for place in free if place is not source), key=lambda place: place.last, default=own)
            if target is not source:
                lib.llama_memory_seq_rm(memory, target.number, -1, -1)
                lib.llama_memory_seq_cp(memory, source.number, target.number, -1, -1)
                own, have = target, more
                own.noted, own.held = source.noted, source.held
        lib.llama_memory_seq_rm(memory, own.number, have, -1)
        writing.enter(have, own.noted)
        own.held, own.writing, own.last = writing.tokens[:have], writing, self._clock
        own.noted = writing if writing.wishes.echo else None

    def _pass(self) -> None:
        """Send a token of each growing answer, then as much unread prompt as fits."""
        context, size, outputs = self.context, 0, 0
        asking: list[tuple[_Place, int]] = []
        for place in sorted(self._running(), key=lambda one: (one.writing is not None and one.writing.reads, one.last)):
            writing = place.writing
            assert writing is not None
            fits = min(context.shape.batch - size, writing.count_next(context.shape.outputs - outputs))
            if fits <= 0:
                break
            tokens = writing.next_tokens(fits)
            at = slice(size, size + len(tokens))
            context.tokens[at] = tokens
            context.positions[at] = np.arange(len(place.held), len(place.held) + len(tokens))
            context.slots[at] = place.number
            context.wanted[at] = writing.mark_wanted(len(tokens))
            wanted = int(np.count_nonzero(context.wanted[at]))
            place.held = np.concatenate([place.held, tokens])
            writing.note_read(len(tokens))
            asking.append((place, wanted))
            size, outputs = at.stop, outputs + wanted
        context.set_sequences(context.slots[:size].copy(), np.ones(size, dtype=np.int32))
        new = sum(place.writing is not None and bool(place.writing.job.new) for place, _ in asking)
        with self.session.work.count("decode" if new == size else None if new else "prefill", size):
            logits = context.run(size)
        self._choose(logits, asking)

    def _choose(self, logits: Floats32, asking: Sequence[tuple[_Place, int]]) -> None:
        row = 0
        for place, wanted in asking:
            rows, row = logits[row : row + wanted], row + wanted
            writing = place.writing
            assert writing is not None
            if wanted and writing.take_logits(rows):
                answer = writing.answer
                if answer is not None and (told := find_flaw(answer)):
                    self._spoilt = True
                    writing.fail(EngineError(f"the model's numbers are none: {told}."))
                self._free(place)

    def _free(self, place: _Place) -> None:
        place.writing = None


def _choose_sizes(session: LlamaCppSession, places: int, context: int) -> tuple[int, int]:
    """Return how many places there are, and the cells of each, within the memory that is to be had."""
    places = max(1, min(places, session.sizes.outputs))
    trial = _make_context(session, 1, _STEP, session.sizes.flash)
    a_cell = max(1, trial.cache_bytes // _STEP)
    trial.close()
    room = int(min(MOST_BYTES, psutil.virtual_memory().available // MEMORY_SHARE)) // a_cell
    wanted = -(-context // _STEP) * _STEP
    while places > 1 and room // places < min(LEAST_CELLS, wanted):
        places -= 1
    cells = min(wanted, max(_STEP, room // places // _STEP * _STEP))
    return places, cells


def _make_context(session: LlamaCppSession, places: int, cells: int, flash: int) -> Context:
    """Make a cache in which each place has so many cells of its own."""
    sizes = session.sizes
    shape = ContextShape(
        cells * places, sizes.batch, places, max(places, sizes.outputs), sizes.threads, flash, unified=False
    )
    return Context(session.model, shape)
