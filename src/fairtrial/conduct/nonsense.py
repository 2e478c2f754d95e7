"""Answers that say nothing that could be classified: empty, a mere repetition of the question, gibberish.

Knows nothing of languages: letters, words and how often they are repeated.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Sequence

from fairtrial.conduct.sentences import find_words

_LATIN = re.compile(r"[a-z\u00c0-\u024f]+")
_VOWELS = re.compile(r"[aeiouy\u00c0-\u024f]")
_WHETHER = re.compile(r"(?:is|are|am|was|were|do|does|did|can|could|may|must|should|will|would|has|have|shall)\b")
"""Begins a question that is answered by saying it again as a statement."""
_ASKING = frozenset(("why", "how", "when", "what", "which", "who", "where", "since", "do", "does", "did"))
_FILLERS = frozenset(("it", "this", "that", "they", "is", "are", "has", "have", "was", "were", "does"))
"""Words of which a retelling may have one of its own."""
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "poiuytrewq", "lkjhgfdsa", "mnbvcxz")
_MEANT = frozenset(("no", "yes", "never", "nein", "ja", "non", "oui", "s\u00ed"))
"""Words that answer, however often they are said."""
_COUNTS = re.compile(r"\b(?:count|digits?|integers?|numbers?|sequence|series|order|sort)", re.I)
_MOST = 4_000
"""Characters at the beginning that are looked at."""


def is_echo(answer: str, asked: str) -> bool:
    """Return whether an answer is the question again, or a part of it, and nothing else; both folded.

    A short answer in the question's words is none: most words of the question, or of its last sentence, must be there.
    """
    said, question = find_words(answer), find_words(asked)
    if len(said) < 3 or not question:
        return False
    retold = len(said) >= 4 and {*said} - _FILLERS <= {*question} and len({*said}) >= 0.6 * len({*question} - _ASKING)
    more = len({*said} - {*question})
    if retold and more <= asked.lower().startswith("why ") and not _WHETHER.match(asked.lower()):
        return True
    again = [*question, *question[:2]]  # said twice over
    asking = {tuple(again[i : i + 3]) for i in range(len(again) - 2)}
    parts = [tuple(said[i : i + 3]) for i in range(len(said) - 2)]
    if not parts or sum(part in asking for part in parts) < 0.8 * len(parts):
        return False
    last = find_words(re.split(r"[.!?\n]+\s*", asked.strip().rstrip(".!?"))[-1])
    covered = {word for word in said}
    return any(
        sum(word in covered for word in {*whole}) >= 0.7 * len({*whole})
        for whole in (question, last)
        if len(whole) >= 4
    )


def is_gibberish(text: str) -> bool:
    """Return whether a folded text is no language: signs for letters, letters without vowels, words in a loop."""
    head = text[:_MOST].lower()
    solid = [c for c in head if not c.isspace()]
    if not any(c.isalnum() for c in solid):
        return True
    if "\ufffd" in head and head.count("\ufffd") > 0.1 * len(solid):
        return True
    signs = sum(not c.isalnum() for c in solid)
    if len(solid) >= 12 and signs > 0.6 * len(solid):
        return True
    words = find_words(head)
    latin = [word for word in words if len(word) > 3 and _LATIN.fullmatch(word)]
    if _is_typed_at_random(text[:_MOST]) or _is_filler(words, head):
        return True
    if len(latin) >= 5 and sum(not _VOWELS.search(word) for word in latin) > 0.5 * len(latin):
        return True
    if any(len(word) > 40 for word in words) and sum(map(len, words)) - max(map(len, words)) < 20:
        return True
    if len(words) >= 8 and len({*words}) <= max(2, len(words) // 12):
        return True
    return len(head) >= 400 and len(zlib.compress(head.encode())) < 0.05 * len(head.encode())


def _is_typed_at_random(text: str) -> bool:
    """Return whether a text with its case is words without vowels, abbreviations apart, or rows of a keyboard."""
    words = re.findall(r"[^\W\d_]+", text)
    if any(len(word) < 3 or word.isupper() or not _LATIN.fullmatch(word.lower()) for word in words):
        return False
    if len(words) >= 3 and not any(_VOWELS.search(word.lower()) for word in words):
        return True
    return len(words) >= 2 and all(any(word.lower() in row for row in _ROWS) for word in words)


def _is_filler(words: Sequence[str], head: str) -> bool:
    """Return whether a lower-case text is one word over and over, or brackets with hardly anything in them."""
    if len(words) >= 4 and len({*words}) == 1 and words[0] not in _MEANT and not words[0].isdigit():
        return True
    return head.startswith("{") and len(words) <= 2 and all(len(word) == 1 for word in words)


def is_count(words: Sequence[str], asked: str) -> bool:
    """Return whether an answer counts 1, 2, 3, 4 and so on, and nothing else, where numbers were not asked for."""
    counted = [str(i) for i in range(1, len(words) + 1)]
    return len(words) >= 4 and [*words] == counted and not _COUNTS.search(asked)


def is_loop(words: Sequence[str], lines: Sequence[str] = ()) -> bool:
    """Return whether an answer is one short sentence, or less, or one long word over and over, or one line of a list.

    Args:
        words: of the answer.
        lines: of the answer, as they stand.
    """
    head = words[:_MOST]
    long = Counter(word for word in head if len(word) > 6)
    if len(head) >= 12 and long and max(long.values()) >= max(5, 0.25 * len(head)):
        return True
    bare = [one for one in (re.sub(r"[\W\d_]+", "", line) for line in lines) if one]
    if len(bare) >= 6 and max(Counter(bare).values()) >= 0.6 * len(bare):
        return True
    if len(head) < 30:
        return False
    runs = {tuple(head[i : i + 4]) for i in range(len(head) - 3)}
    return len(runs) <= 0.4 * len(head) and len({*head}) <= 16
