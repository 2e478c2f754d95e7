"""What requests ask of a context: cells of the cache, tokens and logits of the largest pass.  Computes nothing else.

Goes through the same steps as scoring and writing do, without a network.  Knows token sequences only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from fairtrial.engines.llamacpp.generate import plan_cache
from fairtrial.engines.llamacpp.session import ROWS_AT_ONCE, SessionSizes, count_whole_cells, limit_steps
from fairtrial.engines.local.generation import count_shared
from fairtrial.engines.local.images import ImageTable
from fairtrial.engines.local.prefix_tree import plan_steps
from fairtrial.engines.local.prefix_tree.trie import Tokens
from fairtrial.engines.local.scoring import ScoringPlan
from fairtrial.engines.local.session import round_up_cells
from fairtrial.engines.prompts import Encoder, ScoredSequence
from fairtrial.records import GenerateRequest, Request, ScoreRequest


@dataclass(frozen=True, slots=True)
class Demand:
    """What some requests need at most.

    Attributes:
        cells: tokens in the cache.
        tokens: of one pass.
        rows: of logits of one pass.
        flash: flash attention: -1 automatic, 0 off, 1 on.
        scratch: rows of logits that are copied.
        seen: cells in use in the largest pass: without flash attention each of its tokens takes memory for each.
        image: cells of the largest block of an image that goes through the network in one pass; 0 if none has to.
    """

    cells: int
    tokens: int
    rows: int
    flash: int
    scratch: int
    seen: int
    image: int = 0

    def join(self, other: Demand) -> Demand:
        """Return what both need of one context; they agree on flash attention."""
        return Demand(
            max(self.cells, other.cells),
            max(self.tokens, other.tokens),
            max(self.rows, other.rows),
            self.flash,
            max(self.scratch, other.scratch),
            max(self.seen, other.seen),
            max(self.image, other.image),
        )


def predict_demands(
    chunks: Iterable[Sequence[Request]], encoder: Encoder, sizes: SessionSizes, *, shares: bool
) -> list[Demand]:
    """Return what each context needs that the session makes for chunks of requests, one after the other.

    A context is made anew when it has too few cells or the other kind of attention (see `LlamaCppSession.begin`); what
    an earlier one has touched is then given back.

    Args:
        chunks: requests that are asked together.
        encoder: makes their tokens; it may raise TooLongError.
        sizes: of the session.
        shares: whether requests share a cache (`Model.scores_prefixes`).
    """
    found: list[Demand] = []
    for chunk in chunks:
        for demand in _predict_chunk(chunk, encoder, sizes, shares):
            last = found[-1] if found else None
            if last is None or demand.flash != last.flash or round_up_cells(demand.cells) > round_up_cells(last.cells):
                found.append(demand)
            else:
                found[-1] = last.join(demand)
    return found


def _predict_chunk(chunk: Sequence[Request], encoder: Encoder, sizes: SessionSizes, shares: bool) -> Iterator[Demand]:
    """Yield what one chunk needs: to score, and to write."""
    encoder.begin_call()
    scored = [s for r in chunk if isinstance(r, ScoreRequest) for parts in encoder.score(r) for s in parts]
    scored = [s for s in scored if len(s.tokens) > s.start]
    if scored:
        yield from (_predict_scoring(g, sizes, encoder.images) for g in ([scored] if shares else [[s] for s in scored]))
    asked = [(encoder.generate(r).tokens, r.max_tokens) for r in chunk if isinstance(r, GenerateRequest)]
    if asked:
        yield from (
            replace(_predict_generation(group, sizes, shares), image=count_whole_cells(encoder.images))
            for group in ([asked] if shares else [[one] for one in asked])
        )


def _predict_scoring(sequences: Sequence[ScoredSequence], sizes: SessionSizes, images: ImageTable | None) -> Demand:
    """Return what the tree of some sequences needs."""
    plan = ScoringPlan.from_sequences(sequences)
    cells = plan.longest + sizes.batch
    image = count_whole_cells(images)
    mixed = images is None or not images.encoder.whole
    limits = limit_steps(sizes, cells, mixed=mixed, whole=image > 0)
    blocks = images.number_blocks(plan.tree) if images else None
    steps = plan_steps(plan.tree, plan.wanted, limits, blocks=blocks)
    passes = [(len(step.tokens), int(step.wanted.sum())) for step in steps]
    rows = max(rows for _, rows in passes)
    tokens = max(tokens for tokens, _ in passes)
    return Demand(cells, tokens, rows, sizes.flash, scratch=min(rows, ROWS_AT_ONCE), seen=cells, image=image)


def _predict_generation(asked: Sequence[tuple[Tokens, int]], sizes: SessionSizes, shares: bool) -> Demand:
    """Return what answers to some prompts need, each with its most new tokens."""
    prompts = [tokens for tokens, _ in asked]
    root = count_shared(prompts) // sizes.block * sizes.block if shares else 0
    room = plan_cache([(len(t), new) for t, new in asked], root, sizes, accelerated=False)
    read = sum(sorted((len(t) - root for t in prompts), reverse=True)[: room.places])
    flash = room.flash if sizes.flash == -1 else sizes.flash
    tokens, rows = min(sizes.batch, max(read, 1)), min(room.places, len(prompts))
    return Demand(room.cells, tokens, rows, flash, scratch=0, seen=min(room.cells, root + read))
