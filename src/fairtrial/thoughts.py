"""What a model thought, told apart from what it answered.

Reasoning models write a thought before their answer, between tags that differ by model.  A thought is no part of the
answer: it is separated before stop strings, grading and the reading of letters.  Only a thought at the beginning of a
text counts, after white space at most, or one that the prompt has opened already; an answer may talk about the tags.
Pure; knows no engine.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import cache
from typing import Literal, NamedTuple

Tags = Sequence[tuple[str, str]]
"""Pairs of what opens a thought and what closes it."""

TAGS: tuple[tuple[str, str], ...] = (
    ("<think>", "</think>"),  # DeepSeek-R1, Qwen3, QwQ, GLM, MiniMax, Hunyuan, Phi-4-reasoning, SmolLM3, OLMo 3
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),  # EXAONE Deep, Marco-o1
    ("<reasoning>", "</reasoning>"),
    ("<reason>", "</reason>"),
    ("<seed:think>", "</seed:think>"),  # Seed-OSS
    ("<longcat_think>", "</longcat_think>"),  # LongCat-Flash-Thinking
    ("[THINK]", "[/THINK]"),  # Magistral
    ("◁think▷", "◁/think▷"),  # Kimi-VL
    ("<|begin_of_thought|>", "<|end_of_thought|>"),  # OpenThinker
    ("<|START_THINKING|>", "<|END_THINKING|>"),  # Command A Reasoning
    ("<|channel>thought", "<channel|>"),  # Gemma 4
    ("<unused94>thought", "<unused95>"),  # MedGemma
)
"""The usual tags.  Harmony, the format of gpt-oss, has channels instead; it is understood where these tags are."""

WRAPPERS: Tags = (
    ("<|begin_of_solution|>", "<|end_of_solution|>"),
    ("<|START_RESPONSE|>", "<|END_RESPONSE|>"),
    ("<response>", "</response>"),
)
"""What some models put around an answer that follows a thought."""

CHANNEL, START, MESSAGE = "<|channel|>", "<|start|>", "<|message|>"
HEADER = re.compile(r"(?:<\|start\|>assistant)?<\|channel\|>\s*+(\w++)[^<]*+(?:<\|constrain\|>[^<]*+)?<\|message\|>")
LAST_HEADER = re.compile(HEADER.pattern + r"\Z")
LONGEST = 200
"""Characters of a header of Harmony at most."""

BODY_ENDS = re.compile(r"<\|(?:end|return|call|start)\|>")
SPACE = re.compile(r"\s*+")
BARE, BARE_FINAL = "analysis", "assistantfinal"
"""Harmony after a decoder has left out its special tokens: what begins it, and what stands before the answer."""

QUOTES = "`'\"“”‘’«»"


HARMONY = (f"{CHANNEL}analysis{MESSAGE}", f"<|end|>{START}assistant{CHANNEL}final{MESSAGE}")
"""What stands before and after a thought in Harmony."""


class Separated(NamedTuple):
    """A text in its two parts.

    Attributes:
        thought: without its tags; several thoughts with an empty line between.
        answer: what follows; the text as it was if there is no thought.
        ended: whether the thought, if there is one, came to its end.
        found: whether there is a thought at all, be it an empty one.
    """

    thought: str
    answer: str
    ended: bool
    found: bool


class _Place(NamedTuple):
    """Where a growing text stands.

    Attributes:
        state: ``undecided`` as long as what comes next may still be a thought, ``thinking``, or ``answering``.
        at: where the answer begins, or will.
        thoughts: (start, end) of each thought, without its tags.
    """

    state: Literal["undecided", "thinking", "answering"]
    at: int
    thoughts: tuple[tuple[int, int], ...] = ()


def separate(text: str, tags: Tags = TAGS, opened: str = "") -> Separated:
    """Return the thought and the answer of a whole text.

    Args:
        text: as the model wrote it.
        tags: those that it may use; none leaves every text as it is.
        opened: the tag with which the prompt ended, so that the text begins inside the thought (see `opened_by`).
    """
    if not tags:
        return Separated("", text, True, False)
    whole = opened + text
    place = locate(whole, tags)
    if place.thoughts:
        thought = "\n\n".join(filter(None, (whole[start:end].strip() for start, end in place.thoughts)))
        if place.state == "thinking":
            return Separated(thought, "", False, True)
        return Separated(thought, _unwrap_answer(whole[place.at :].lstrip()), True, True)
    if tags is TAGS and text.lstrip().startswith(BARE) and BARE_FINAL in text:
        thought, _, answer = text.lstrip().removeprefix(BARE).partition(BARE_FINAL)
        return Separated(thought.strip(), answer.lstrip(), True, True)
    if place.at and whole.startswith((CHANNEL, START)):
        return Separated("", _unwrap_answer(whole[place.at :]), True, False)
    return _closed_only(text, tags) or Separated("", text, True, False)


def locate(text: str, tags: Tags = TAGS) -> _Place:
    """Return where a text stands that may grow still."""
    at = 0
    thoughts: list[tuple[int, int]] = []
    while True:
        begin = _after_space(text, at)
        found = _thought_at(text, begin, tags)
        if isinstance(found, str):
            state: Literal["undecided", "answering"] = "undecided" if found == "undecided" else "answering"
            return _Place(state, begin if thoughts else at, tuple(thoughts))
        start, end, after, thought = found
        if thought:
            thoughts.append((start, len(text) if end is None else end))
        if end is None:
            return _Place("thinking", len(text), tuple(thoughts))
        if not thought:
            return _Place("answering", start, tuple(thoughts))
        at = after


def opened_by(prompt: str, tags: Tags = TAGS) -> str:
    """Return the tag with which a prompt ends, so that what is written after it is a thought; empty if it ends so not.

    White space after the tag does not matter.
    """
    end = prompt.rstrip()
    if tags and (header := LAST_HEADER.search(end[-LONGEST:])) and header[1] != "final":
        return header[0]
    return next((end[-len(tag) :] for tag, _ in tags if end[-len(tag) :].casefold() == tag.casefold()), "")


def closed_by(opened: str, tags: Tags = TAGS) -> str:
    """Return what closes a thought that was opened by a tag; empty if that is no tag that a text may simply close."""
    return next((close for tag, close in tags if tag.casefold() == opened.casefold()), "")


def find_own_tags(tags: Tags, opened: str, template: str, special: Collection[str]) -> tuple[str, str] | None:
    """Return the tags between which a model thinks; None if nothing says that it does.

    Args:
        tags: those that it may use; ones that the candidate names are its own.
        opened: the tag with which its prompts end; empty if they open no thought.
        template: source of its chat template.
        special: its vocabulary's special tokens, as text.
    """
    if tags and (CHANNEL in special or CHANNEL in template):
        return HARMONY
    for tag, close in tags:
        if tag == opened or tags is not TAGS or (tag in special and close in special) or tag in template:
            return tag, close
    return None


def frame_thought(own: tuple[str, str], opened: str) -> tuple[str, str]:
    """Return what a model writes before a thought, and what between its end and the answer.

    Args:
        own: the tags between which it thinks.
        opened: the tag that the prompt has written already; empty if none.
    """
    begin, close = own
    line = "\n" if begin.startswith("<") and "|" not in begin else ""
    return ("" if opened else begin) + line, line + close + 2 * line


def find_markers(tags: Tags, special: Collection[str]) -> frozenset[str]:
    """Return those of a vocabulary's special tokens, as text, that tell thoughts from answers.

    Decoders leave special tokens out; these have to stay.
    """
    pieces = {piece for pair in (*tags, *WRAPPERS) for piece in pair} if tags else set()
    if tags and CHANNEL in special:
        pieces |= {CHANNEL, START, MESSAGE, "<|end|>", "<|return|>", "<|call|>", "<|constrain|>"}
    return frozenset(text for text in special if any(piece.startswith(text) for piece in pieces) and len(text) > 2)


def _thought_at(text: str, begin: int, tags: Tags) -> tuple[int, int | None, int, bool] | Literal["undecided", "none"]:
    """Return (start, end, what follows, whether it is a thought) of what begins there; the end is None while it grows.

    Of a final message of Harmony, which is no thought, the start counts.
    """
    if begin == len(text):
        return "undecided"
    for tag, close in tags:
        start = begin + len(tag)
        if text[begin:start].casefold() == tag.casefold():
            match = _compile_closer(close).search(text, start)
            return (start, match.start(), match.end(), True) if match else (start, None, len(text), True)
    if text.startswith((CHANNEL, START), begin) and tags:
        header = HEADER.match(text, begin)
        if header is None:  # it grows still, or is none
            return "none" if MESSAGE in text[begin:] else (len(text), None, len(text), True)
        if header[1] == "final":
            return header.end(), len(text), len(text), False
        end = BODY_ENDS.search(text, header.end())
        if end is None:
            return header.end(), None, len(text), True
        return header.end(), end.start(), end.start() if end[0] == START else end.end(), True
    rest = text[begin:].casefold()
    longest = (*(tag for tag, _ in tags), *((START + "assistant" + CHANNEL, CHANNEL) if tags else ()))
    return "undecided" if any(tag.casefold().startswith(rest) for tag in longest) else "none"


def _after_space(text: str, at: int) -> int:
    match = SPACE.match(text, at)
    return match.end() if match else at


@cache
def _compile_closer(close: str) -> re.Pattern[str]:
    return re.compile(re.escape(close), re.IGNORECASE)


def _closed_only(text: str, tags: Tags) -> Separated | None:
    """Return the parts of a text whose thought was opened by a prompt that is not known.

    The closing tag stands in it once, without quotes and with no opening tag before it; an answer that mentions the tag
    is not cut.
    """
    for tag, close in tags:
        found = list(_compile_closer(close).finditer(text))
        if len(found) != 1 or tag.casefold() in text.casefold():
            continue
        before, after = text[: found[0].start()], text[found[0].end() :]
        if (before and before[-1] in QUOTES) or (after and after[0] in QUOTES):
            continue
        return Separated(before.strip(), _unwrap_answer(after.lstrip()), True, True)
    return None


def _unwrap_answer(answer: str) -> str:
    """Return an answer without what some models put around it."""
    if end := BODY_ENDS.search(answer):
        answer = answer[: end.start()]
    for begin, end_tag in WRAPPERS:
        if answer.startswith(begin):
            return answer[len(begin) :].partition(end_tag)[0].strip()
    return answer
