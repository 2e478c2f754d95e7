"""What a model expects after every token of one text.  Knows tokens and logits; nothing of text."""

from __future__ import annotations

import numpy as np

from fairtrial.engines.llamacpp.binding import Floats
from fairtrial.engines.llamacpp.session import Session
from fairtrial.engines.prefix_tree.trie import Tokens
from fairtrial.engines.vocabulary import EMPTY


def logits_along(session: Session, tokens: Tokens, longest: int | None = None) -> Floats:
    """Return (n, vocabulary) logits, one row after each of (n,) tokens; the session's cache is overwritten.

    ``longest`` limits the tokens of one pass.
    """
    context = session.begin(EMPTY, len(tokens) + session.sizes.batch)
    found = np.empty((len(tokens), session.model.n_vocab), dtype=np.float32)
    step = min(session.sizes.outputs, session.sizes.batch, longest or session.sizes.batch)
    for start in range(0, len(tokens), step):
        part = tokens[start : start + step]
        size = len(part)
        context.tokens[:size] = part
        context.positions[:size] = np.arange(start, start + size)
        context.set_sequences(np.zeros(size, dtype=np.int32), np.ones(size, dtype=np.int32))
        context.wanted[:size] = 1
        found[start : start + size] = session.run(size)
    return found
