"""The rules of C4: lines that are no sentences are left out, and pages with too little left, or with code, are dropped.

Source: Raffel et al., Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer, JMLR 21 (140),
2020, section 2.2; the rules about cookies, citations and long words are in its published code only.  Its list of bad
words is not part of this; see `fairtrial.curation.steps.toxicity`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from fairtrial.archive.sentences import find_sentence_spans
from fairtrial.curation.steps.quality.measuring import Broken
from fairtrial.spec.curate_steps import C4Settings

_CITATION = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")
_ENDS = (".", "?", "!", '"', "'", "”", "’")
_POLICIES = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")


@dataclass(frozen=True, slots=True)
class Cut:
    """What C4's rules leave of a text.

    Attributes:
        text: the lines that stay.
        removed: rule -> how many lines it took out, those that did.
        broken: the rule because of which nothing stays.
    """

    text: str
    removed: dict[str, int]
    broken: Broken | None = None


def cut_lines(text: str, settings: C4Settings) -> Cut:
    """Return what is left of a text.

    An empty line between two lines that stay, stays with `keep_paragraphs`; the published code has none left.
    """
    removed: Counter[str] = Counter()
    kept: list[str] = []
    sentences, gap = 0, False
    for line in map(str.strip, text.splitlines()):
        if not line and settings.keep_paragraphs:
            gap = bool(kept)
            continue
        line, rule = _judge_line(line, settings)
        if rule in ("lorem_ipsum", "curly_bracket"):
            return Cut("", dict(removed), Broken(rule))
        if rule:
            removed[rule] += 1
            continue
        kept += ["", line] if gap else [line]
        gap = False
        if settings.min_num_sentences is not None and sentences < settings.min_num_sentences:
            sentences += len(find_sentence_spans(line))
    told = dict(sorted(removed.items()))
    if settings.min_num_sentences is not None and sentences < settings.min_num_sentences:
        return Cut("", told, Broken("too_few_sentences", sentences, settings.min_num_sentences))
    return Cut("\n".join(kept).strip(), told, None if kept else Broken("empty"))


def _judge_line(line: str, settings: C4Settings) -> tuple[str, str]:
    """Return the line without citations, and the rule that it breaks; empty if none."""
    words = line.split()
    if settings.max_word_length is not None and max(map(len, words), default=0) > settings.max_word_length:
        return line, "too_long_word"
    if settings.remove_citations and "[" in line:
        line = _CITATION.sub("", line)
    if settings.filter_no_terminal_punct and (not line.endswith(_ENDS) or line.endswith("...")):
        return line, "no_terminal_punc"
    if settings.min_words_per_line is not None and len(words) < settings.min_words_per_line:
        return line, "too_few_words"
    low = line.lower()
    if settings.filter_lorem_ipsum and "lorem ipsum" in low:
        return line, "lorem_ipsum"
    if settings.filter_javascript and "javascript" in low:
        return line, "javascript"
    if settings.filter_curly_bracket and "{" in line:
        return line, "curly_bracket"
    return line, "policy" if settings.filter_policy and any(phrase in low for phrase in _POLICIES) else ""
