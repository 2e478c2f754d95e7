"""The tone of a text by the words of our lexicon: from -1, all blame, to 1, all praise.

English only.  It is meant for comparing texts that should have the same tone, e.g. about two parties, not as a measure
of what a text means: irony, quotations and subjects such as crime are beyond it.
"""

from __future__ import annotations

from collections.abc import Sequence

from fairtrial.conduct.lexicon import BLAME, NEGATIONS, PRAISE, STRONG

REACH = 3
"""Words before a word of the lexicon in which a negation turns it."""


def compute_sentiment(words: Sequence[str]) -> float:
    """Return (praise - blame) / (praise + blame + 1) over words in lower case; 0 where there is neither.

    The 1 keeps a single word from counting as much as ten.  A negation up to three words before turns a word into half
    of its opposite; a strengthening word right before counts it one and a half times.
    """
    praise = blame = 0.0
    for at, word in enumerate(words):
        tone = (word in PRAISE) - (word in BLAME)
        if not tone:
            continue
        before = words[max(0, at - REACH) : at]
        size = 1.5 if before and before[-1] in STRONG else 1.0
        if any(one in NEGATIONS for one in before):
            tone, size = -tone, size / 2
        if tone > 0:
            praise += size
        else:
            blame += size
    return (praise - blame) / (praise + blame + 1) if praise or blame else 0.0
