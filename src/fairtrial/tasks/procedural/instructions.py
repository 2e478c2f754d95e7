"""Generates instructions whose answer has exactly one right form, and checks each part of it by code.

The parts: the right words in the right order, the separator between them, the case of the letters, the frame round the
whole.  A part is followed or not; nothing counts unless one of the wanted words is there, so text written without
reading the instruction earns nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fairtrial.records import Item, Measure, Observation
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.procedural.base import Question, Scene, WrittenTask
from fairtrial.tasks.procedural.draw import Draw
from fairtrial.tasks.procedural.suite import Suite, SuiteLevel, load_suite, load_words

_WORD = re.compile(r"[A-Za-z]+|\d+")
PARTS = ("words", "separator", "case", "frame")


def build_instructions(options: TaskOptions) -> InstructionsTask:
    """Return the task ``instructions``."""
    return InstructionsTask(load_suite("instructions"), make_scene, options)


class InstructionsTask(WrittenTask):
    """``followed``: share of the instruction's parts that the answer follows; ``followed_all``: whether it follows all.

    ``followed_words``, ``followed_separator``, ``followed_case``, ``followed_frame``: each part alone, for the items
    that ask for it.
    """

    main_measure = "followed"
    max_tokens = 64

    def measures(self, suite: Suite) -> tuple[Measure, ...]:
        """Return the two totals and one measure a part that the level asks for."""
        how = self._level.settings
        asked = {"case": how["cases"], "frame": how["frames"]}
        parts = [part for part in PARTS if asked.get(part, True)]
        return (Measure("followed"), Measure("followed_all"), *(Measure(f"followed_{part}") for part in parts))

    def judge(self, item: Item, text: str) -> Sequence[Observation]:
        """Return the measures that apply, each in [0, 1]."""
        parts = check_parts(item.data["facts"], text)
        done = sum(parts.values())
        return [
            Observation("followed", done / len(parts)),
            Observation("followed_all", float(done == len(parts))),
            *(Observation(f"followed_{part}", float(kept)) for part, kept in parts.items()),
        ]


def check_parts(facts: Mapping[str, Any], text: str) -> dict[str, bool]:
    """Return for each part that ``facts`` ask for whether ``text`` follows it; pure.

    Args:
        facts: ``items``: the wanted words; ``separator``; ``case``: upper, lower, title or None; ``frame``: what
            stands before and after, or None.
        text: the answer; spaces round it do not matter.
    """
    text = text.strip()
    frame = facts["frame"]
    framed = frame is not None and text.startswith(frame[0]) and text.endswith(frame[1])
    body = text[len(frame[0]) : len(text) - len(frame[1])] if framed else text
    wanted = [str(word).casefold() for word in facts["items"]]
    found = [word.casefold() for word in _WORD.findall(body)]
    parts = {
        "words": found == wanted,
        "separator": _is_separated(body, facts["separator"], len(wanted)),
    }
    if facts["case"] is not None:
        parts["case"] = any(c.isalpha() for c in body) and CASES[facts["case"]](body) == body
    if frame is not None:
        parts["frame"] = framed
    if not set(found) & set(wanted):
        return dict.fromkeys(parts, False)
    return parts


def _is_separated(body: str, separator: str, count: int) -> bool:
    """Whether ``body`` is ``count`` single words with ``separator``, to the character, between them."""
    pieces = body.split(separator)
    return len(pieces) == count and all(_WORD.fullmatch(piece) for piece in pieces)


def _make_title(body: str) -> str:
    return _WORD.sub(lambda found: found.group().capitalize(), body)


CASES: Mapping[str, Callable[[str], str]] = {"upper": str.upper, "lower": str.lower, "title": _make_title}


def make_scene(draw: Draw, suite: Suite, level: SuiteLevel) -> Scene:
    """Return one instruction."""
    how, texts = level.settings, suite.texts
    content = draw.pick(how["contents"])
    theme = draw.pick(suite.read_lines("themes"))
    ask, items = _draw_content(draw, suite, how, content, theme)
    mark = draw.pick(how["marks"])
    case, frame = _draw_extras(draw, how, has_letters=content != "numbers")
    asked = [ask, texts["marks"][mark]["ask"]]
    framing = None if frame is None else (texts["frames"][frame]["before"], texts["frames"][frame]["after"])
    gold = texts["marks"][mark]["text"].join(items)
    if case is not None:
        asked.append(texts["cases"][case]["ask"])
        gold = CASES[case](gold)
    if framing is not None and frame is not None:
        asked.append(texts["frames"][frame]["ask"])
        gold = framing[0] + gold + framing[1]
    facts = {
        "items": items,
        "separator": texts["marks"][mark]["text"],
        "case": case,
        "frame": None if framing is None else list(framing),
    }
    kind = "/".join(part for part in (content, theme, mark, case, frame) if part)
    return Scene(kind, (Question(" ".join(asked), gold, (), facts),))


def _draw_extras(draw: Draw, how: Mapping[str, Any], has_letters: bool) -> tuple[str | None, str | None]:
    """Return the case and the frame to ask for: none, one of them or both."""
    many = how.get("extras", 0)
    use_case, use_frame = many == 2, many == 2
    if many == 1:
        use_case = draw.chance(1, 2)
        use_frame = not use_case
    if use_case and not has_letters:
        use_case, use_frame = False, True
    return draw.pick(how["cases"]) if use_case else None, draw.pick(how["frames"]) if use_frame else None


def _draw_content(draw: Draw, suite: Suite, how: Mapping[str, Any], kind: str, theme: str) -> tuple[str, list[str]]:
    """Return the first sentence of an instruction and the words that are wanted; at least two."""
    template = draw.pick(suite.texts["contents"][kind])
    if kind == "repeat":
        word, times = draw.pick(load_words()[theme]), draw.draw_between(2, 2 + how["words"][0])
        return template.format(word=word, times=suite.texts["counts"][min(times, 5)]), [word] * min(times, 5)
    if kind == "numbers":
        low = draw.draw_between(2, 60)
        high = low + draw.draw_between(*how["words"]) - 1
        return template.format(low=low, high=high), [str(n) for n in range(low, high + 1)]
    while True:
        given = draw.sample(load_words()[theme], draw.draw_between(*how["words"]))
        limit, letter = draw.draw_between(4, 5), draw.pick("aeiourstl" if kind.startswith("without") else "ghijklmnop")
        kept = _keep_fitting(kind, given, limit, letter)
        if len(kept) >= 2 and (kept != given or kind == "copy"):
            return template.format(words=", ".join(given), limit=limit, letter=letter.upper()), kept


def _keep_fitting(kind: str, given: Sequence[str], limit: int, letter: str) -> list[str]:
    chosen, _, order = kind.partition("_")
    kept = list(given)
    if chosen == "longer":
        kept = [word for word in kept if len(word) > limit]
    elif chosen == "without":
        kept = [word for word in kept if letter not in word]
    elif chosen == "starts":
        kept = [word for word in kept if word[0] < letter]
    order = order or chosen
    if order in ("sort", "reverse") and kind != "reverse":
        return sorted(kept, reverse=order == "reverse")
    return kept[::-1] if kind == "reverse" else kept
