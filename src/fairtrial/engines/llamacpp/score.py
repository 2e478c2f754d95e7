"""Log-probabilities of given continuations, all requests of a call through one prefix tree.

Knows token sequences and logits; nothing of text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.llamacpp.binding import Floats
from fairtrial.engines.llamacpp.session import Session
from fairtrial.engines.prefix_tree import Limits, plan_steps
from fairtrial.engines.prefix_tree.trie import Counts
from fairtrial.engines.prompts import Scored
from fairtrial.engines.scoring import Sums, Work, add_up

ROWS_AT_ONCE = 16  # rows of logits turned into log-probabilities at once: they stay in the processor's cache


def score_sequences(session: Session, sequences: Sequence[Scored]) -> Sums:
    """Score all ``sequences``, each distinct prefix computed once."""
    logprobs = np.zeros(len(sequences))
    greedy = np.ones(len(sequences), dtype=np.bool_)
    nodes = 0
    for group in _groups(session, sequences):
        part = [sequences[i] for i in group]
        work = Work.of(part)
        nodes += work.tree.nodes
        found = add_up(part, *_run(session, work), work.tree.nodes)
        logprobs[group], greedy[group] = found.logprobs, found.greedy
    return Sums(logprobs, greedy, nodes)


def _groups(session: Session, sequences: Sequence[Scored]) -> Iterator[Counts]:
    """Yield which sequences share a tree: all, or each alone where a model cannot go back to a prefix."""
    some = [i for i, s in enumerate(sequences) if len(s.tokens) > s.start]
    if session.model.scores_prefixes():
        if some:
            yield np.array(some)
    else:
        yield from (np.array([i]) for i in some)


def _run(session: Session, work: Work) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return log-probability and likeliest flag of every target."""
    tree, sizes = work.tree, session.sizes
    wanted = np.zeros(tree.nodes, dtype=np.bool_)
    wanted[work.predicted_at] = True
    # The root is shared by all and no logits are wanted in it; it begins the first sequence.
    root = session.root_length(min(tree.common, int(work.predicted_at.min()), tree.nodes - 1))
    cells = int(tree.lengths.max()) + sizes.batch
    session.begin(tree.sequences[0][:root], cells)
    limits = Limits(sizes.batch, sizes.sequences - 1, sizes.outputs, cells)
    order = np.argsort(work.predicted_at, kind="stable")
    nodes, targets = work.predicted_at[order], work.targets[order]
    values, likeliest = np.empty(len(order)), np.empty(len(order), dtype=np.bool_)
    for step in plan_steps(tree, wanted, limits, start=root):
        logits = session.step(step)
        here = slice(*np.searchsorted(nodes, [step.start, step.stop]))
        rows = (np.cumsum(step.wanted) - 1)[nodes[here] - step.start]
        values[order[here]], likeliest[order[here]] = log_probabilities(logits, rows, targets[here])
    return values, likeliest


def log_probabilities(
    logits: Floats, rows: Counts, tokens: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the log-probability of given tokens, and whether each is the likeliest (of equals: the lowest number).

    Args:
        logits: (r, vocabulary) float32; not copied.
        rows: (k,) the row that each token is read from.
        tokens: (k,) token ids.

    Returns:
        (k,) float64 nats, NaN where some logit is NaN or infinite; (k,) bool.
    """
    top = np.empty(len(logits), dtype=np.int64)
    mass = np.empty(len(logits))
    scratch = np.empty((min(ROWS_AT_ONCE, len(logits)), logits.shape[1]), dtype=np.float32)
    for at in range(0, len(logits), ROWS_AT_ONCE):
        block = logits[at : at + ROWS_AT_ONCE]
        best = block.argmax(axis=1)
        peak = block[np.arange(len(block)), best]
        work = scratch[: len(block)]
        with np.errstate(invalid="ignore"):  # what is not a number stays so, and is told later
            np.subtract(block, peak[:, None], out=work)
        np.exp(work, out=work)
        top[at : at + ROWS_AT_ONCE] = best
        mass[at : at + ROWS_AT_ONCE] = np.log(work.sum(axis=1, dtype=np.float64)) + peak
    return logits[rows, tokens] - mass[rows], top[rows] == tokens
