"""Before a model is trusted with images: do they score as in the model's own plain forward?

Prompts with made-up pictures are read in our way, each picture encoded once and its cells shared, and by the model
itself with what its own processor makes of the whole prompt.  Tokens must be the same, scores too; else the model is
asked about no image.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.local.images import FIRST_IMAGE_TOKEN, Pixels
from fairtrial.engines.local.vocabulary import Vocabulary
from fairtrial.engines.pictures import make_picture
from fairtrial.engines.prompts import Encoder, PromptFormat, ScoredSequence
from fairtrial.engines.transformers.images import HubImages, UnseenError
from fairtrial.engines.transformers.network import compute_log_probabilities
from fairtrial.engines.transformers.session import TransformersSession
from fairtrial.engines.transformers.trust import ALLOWED, SupportedWays, compare_ways
from fairtrial.records import ImagePart, Pair, Part, Prompt, ScoreRequest, TextPart

SIZES = ((96, 160), (150, 70))
"""Heights and widths of the pictures."""
TEXTS = ("The first one is red. The second one is blue.\n", "\n\nAfter it comes this:", "\nThe first one is")
LONGEST = 1 << 20
"""Tokens of a prompt; pictures may take many."""
ENDS = (" red. The second one is blue.", " blue.\nThe second one is red.")


def check_images(
    session: TransformersSession, vocabulary: Vocabulary, eyes: HubImages, window: int | None
) -> SupportedWays:
    """Return in which ways a model may be asked about images.

    Args:
        session: of the model, with a table of the images that ``eyes`` encode.
        vocabulary: of the model.
        eyes: its own.
        window: tokens up to which every layer attends to everything before; None if there is no limit.

    Raises:
        UnseenError: in none.
    """
    pictures = {f"made up {i}": make_picture(*size, seed=i) for i, size in enumerate(SIZES)}
    shown = [ImagePart(name, "image/png") for name in pictures]
    first, second, last = map(TextPart, TEXTS)
    two: tuple[Part, ...] = (first, shown[0], second, shown[1], last)
    one: tuple[Part, ...] = (first, shown[0], last)
    encoder = Encoder(vocabulary, PromptFormat(None, "", LONGEST, truncate=False), session.images)
    read, eyes.read = eyes.read, lambda image: pictures[image.hash]
    try:
        encoder.begin_call()
        for prompts in ((two, one), (one, one)):
            pairs = [Pair(Prompt(parts), end) for parts, end in zip(prompts, ENDS, strict=True)]
            sequences = [encoder.score(ScoreRequest((pair,), delimiter=""))[0][0] for pair in pairs]
            longest = max(len(scored.tokens) for scored in sequences)
            if window is None or longest <= window:
                break
        else:
            raise UnseenError(f"a prompt with a picture has {longest} tokens, and its layers attend to {window} only")
        plain = [
            _score_plainly(eyes, vocabulary, session, (*parts, TextPart(end)), pictures, scored)
            for parts, end, scored in zip(prompts, ENDS, sequences, strict=True)
        ]
        ways = compare_ways(session, sequences, np.array(plain), ("packed tree", "branch by branch", "one by one"))
    finally:
        eyes.read = read
        eyes.close()
        encoder.begin_call()
    if not ways.any:
        raise UnseenError(
            f"a made-up picture scores differently here and in the model's own forward ({ways.why}; allowed: "
            f"{ALLOWED[session.network.dtype]})"
        )
    return ways


def _score_plainly(
    eyes: HubImages,
    vocabulary: Vocabulary,
    session: TransformersSession,
    parts: tuple[Part, ...],
    pictures: dict[str, Pixels],
    scored: ScoredSequence,
) -> float:
    """Return what the model itself makes of a prompt; raises UnseenError if it reads other tokens."""
    text = "".join(part.text if isinstance(part, TextPart) else eyes.get_placeholder() for part in parts)
    inputs = eyes.prepare(
        (vocabulary.bos_text if vocabulary.adds_bos else "") + text,
        [pictures[part.hash] for part in parts if isinstance(part, ImagePart)],
    )
    ids = inputs["input_ids"][0].cpu().numpy()
    _compare_tokens(scored.tokens.astype(np.int64), ids, eyes.find_cells(ids))
    logits = session.network.forward(inputs)[0, scored.start - 1 : -1]
    values, _ = compute_log_probabilities(logits, np.arange(len(logits)), scored.tokens[scored.start :])
    return float(values.sum())


def _compare_tokens(ours: NDArray[np.int64], theirs: NDArray[np.int64], cells: NDArray[np.bool_]) -> None:
    if len(ours) != len(theirs) or not np.array_equal(
        np.where(ours >= FIRST_IMAGE_TOKEN, -1, ours), np.where(cells, -1, theirs)
    ):
        raise UnseenError(
            f"its processor makes {len(theirs)} tokens of a prompt with pictures ({int(cells.sum())} cells), and "
            f"piece by piece there are {len(ours)}, or others"
        )
