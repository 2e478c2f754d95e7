"""Our own checks of IFEval: whether an answer follows the instructions that its row names.

Source: Zhou et al. 2023, Instruction-Following Evaluation for Large Language Models, arXiv 2311.07911; the checks are
those of lm-evaluation-harness 0.4.13.  Languages are told by langdetect, started from a fixed seed (the harness does
not fix it), sentences by nltk's Punkt, whose data is not installed with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from fairtrial.errors import DataError, MissingExtraError, TaskError
from fairtrial.tasks.patterns import compile_pattern

_Arguments = Mapping[str, Any]
_Check = Callable[[str, _Arguments], bool]
_OPTIONS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")


@cache
def _load_langdetect() -> Any:
    try:
        import langdetect
    except ImportError as error:
        raise MissingExtraError("Telling the language of an answer (langdetect)", "graders") from error
    langdetect.DetectorFactory.seed = 0
    return langdetect


@cache
def _load_nltk() -> Any:
    try:
        import nltk
    except ImportError as error:
        raise MissingExtraError("Finding sentences (nltk)", "graders") from error
    try:
        nltk.data.find("tokenizers/punkt_tab")
    except LookupError as error:
        raise TaskError(
            "IFEval counts sentences with nltk's data 'punkt_tab', which is not on this machine",
            fix="Fetch it with: python -m nltk.downloader punkt_tab",
        ) from error
    return nltk


@cache
def _load_sentence_tokenizer() -> Any:
    return _load_nltk().tokenize.PunktTokenizer("english")


def _is_language(text: str, wanted: str) -> bool:
    """Whether a text is in a language; one that cannot be told counts as right."""
    library = _load_langdetect()
    try:
        return bool(library.detect(text) == wanted)
    except library.LangDetectException:
        return True


def _compare(count: int, relation: str, limit: int) -> bool:
    return count < limit if relation == "less than" else count >= limit


def _count(pattern: str, text: str) -> int:
    return len(re.findall(pattern, text, re.MULTILINE))


def _search(pattern: str, text: str) -> int:
    """How often a row's own pattern matches, in either case."""
    return len(compile_pattern(f"(?i:{pattern})").findall(text))


def _check_highlights(text: str, given: _Arguments) -> bool:
    single = [one for one in re.findall(r"\*[^\n\*]*\*", text) if one.strip("*").strip()]
    double = [one for one in re.findall(r"\*\*[^\n\*]*\*\*", text) if one[2:-2].strip()]
    return bool(len(single) + len(double) >= given["num_highlights"])


def _check_sections(text: str, given: _Arguments) -> bool:
    mark = compile_pattern(r"\s?" + str(given["section_spliter"]).strip() + r"\s?\d+\s?")
    return bool(len(mark.findall(text)) >= given["num_sections"])


def _check_paragraphs(text: str, given: _Arguments) -> bool:
    parts = re.split(r"\s?\*\*\*\s?", text)
    if not all(part.strip() for part in parts[1:-1]):
        return False
    empty = sum(not parts[end].strip() for end in {0, len(parts) - 1})
    return bool(len(parts) - empty == given["num_paragraphs"])


def _check_first_word(text: str, given: _Arguments) -> bool:
    parts = text.split("\n\n")
    count, place = sum(bool(part.strip()) for part in parts), given["nth_paragraph"]
    chosen = parts[place - 1].strip() if 1 <= place <= count else ""
    if not chosen:
        return False
    word = chosen.split()[0].lstrip("'").lstrip('"')
    first = re.split(r"[.,?!'\"]", word)[0].lower()
    return count == given["num_paragraphs"] and first == str(given["first_word"]).lower()


def _check_postscript(text: str, given: _Arguments) -> bool:
    mark = str(given["postscript_marker"]).strip()
    usual = {"P.P.S": r"\s*p\.\s?p\.\s?s.*$", "P.S.": r"\s*p\.\s?s\..*$"}
    pattern = usual.get(mark) or r"\s*" + mark.lower() + r".*$"
    return bool(compile_pattern(f"(?m:{pattern})").findall(text.lower()))


def _check_json(text: str, _: _Arguments) -> bool:
    text = text.strip()
    for fence in ("```json", "```Json", "```JSON", "```"):
        text = text.removeprefix(fence)
    try:
        json.loads(text.removesuffix("```").strip())
    except (ValueError, RecursionError):
        return False
    return True


def _check_two_responses(text: str, _: _Arguments) -> bool:
    parts = text.split("******")
    if not all(part.strip() for part in parts[1:-1]):
        return False
    said = [part.strip() for part in parts if part.strip()]
    return len(said) == 2 and said[0] != said[1]


def _check_letters(text: str, given: _Arguments) -> bool:
    count = text.lower().count(str(given["letter"]).strip().lower())
    return _compare(count, given["let_relation"], given["let_frequency"])


def _check_capitals(text: str, given: _Arguments) -> bool:
    count = sum(word.isupper() for word in _load_nltk().word_tokenize(text))
    return _compare(count, given["capital_relation"], given["capital_frequency"])


def _check_sentences(text: str, given: _Arguments) -> bool:
    return _compare(len(_load_sentence_tokenizer().tokenize(text)), given["relation"], given["num_sentences"])


def _check_end(text: str, given: _Arguments) -> bool:
    return text.strip().strip('"').lower().endswith(str(given["end_phrase"]).strip().lower())


def _check_bullets(text: str, given: _Arguments) -> bool:
    return bool(_count(r"^\s*\*[^\*].*$", text) + _count(r"^\s*-.*$", text) == given["num_bullets"])


def _check_words_absent(text: str, given: _Arguments) -> bool:
    return not any(_search(rf"\b{word}\b", text) for word in given["forbidden_words"])


CHECKS: Mapping[str, tuple[tuple[str, ...], _Check]] = {
    "keywords:existence": (("keywords",), lambda text, given: all(_search(word, text) for word in given["keywords"])),
    "keywords:frequency": (
        ("keyword", "frequency", "relation"),
        lambda text, given: _compare(_search(given["keyword"].strip(), text), given["relation"], given["frequency"]),
    ),
    "keywords:forbidden_words": (("forbidden_words",), _check_words_absent),
    "keywords:letter_frequency": (("letter", "let_frequency", "let_relation"), _check_letters),
    "language:response_language": (("language",), lambda text, given: _is_language(text, given["language"])),
    "length_constraints:number_sentences": (("num_sentences", "relation"), _check_sentences),
    "length_constraints:number_paragraphs": (("num_paragraphs",), _check_paragraphs),
    "length_constraints:number_words": (
        ("num_words", "relation"),
        lambda text, given: _compare(_count(r"\w+", text), given["relation"], given["num_words"]),
    ),
    "length_constraints:nth_paragraph_first_word": (
        ("num_paragraphs", "nth_paragraph", "first_word"), _check_first_word
    ),
    "detectable_content:number_placeholders": (
        ("num_placeholders",), lambda text, given: _count(r"\[.*?\]", text) >= given["num_placeholders"]
    ),
    "detectable_content:postscript": (("postscript_marker",), _check_postscript),
    "detectable_format:number_bullet_lists": (("num_bullets",), _check_bullets),
    "detectable_format:constrained_response": ((), lambda text, _: any(one in text for one in _OPTIONS)),
    "detectable_format:number_highlighted_sections": (("num_highlights",), _check_highlights),
    "detectable_format:multiple_sections": (("section_spliter", "num_sections"), _check_sections),
    "detectable_format:json_format": ((), _check_json),
    "detectable_format:title": (
        (), lambda text, _: any(one.lstrip("<").rstrip(">").strip() for one in re.findall(r"<<[^\n]+>>", text))
    ),
    "combination:two_responses": ((), _check_two_responses),
    "combination:repeat_prompt": (
        ("prompt_to_repeat",),
        lambda text, given: text.strip().lower().startswith(given["prompt_to_repeat"].strip().lower()),
    ),
    "startend:end_checker": (("end_phrase",), _check_end),
    "startend:quotation": ((), lambda text, _: len(said := text.strip()) > 1 and said[0] == said[-1] == '"'),
    "change_case:capital_word_frequency": (("capital_frequency", "capital_relation"), _check_capitals),
    "change_case:english_capital": ((), lambda text, _: text.isupper() and _is_language(text, "en")),
    "change_case:english_lowercase": ((), lambda text, _: text.islower() and _is_language(text, "en")),
    "punctuation:no_comma": ((), lambda text, _: "," not in text),
}  # fmt: skip
"""By the instruction's id: the arguments that it needs, and whether a text follows it."""

_NEED_LANGUAGE = ("language:response_language", "change_case:english_capital", "change_case:english_lowercase")
_NEED_SENTENCES = ("length_constraints:number_sentences", "change_case:capital_word_frequency")


class InstructionGrader:
    """A ``process_results`` over written answers: whether every instruction is followed, strictly and loosely."""

    def prepare(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Check all rows, and load what their instructions need, before anything is asked.

        Raises DataError for a row with an unknown instruction or without an argument that it needs, MissingExtraError
        or TaskError if a library or its data is missing.
        """
        named = {name for row in rows for name in row["instruction_id_list"]}
        for row in rows:
            self._pair(row)
        if not named.isdisjoint(_NEED_LANGUAGE):
            _load_langdetect()
        if not named.isdisjoint(_NEED_SENTENCES):
            _load_nltk()

    def __call__(self, row: Mapping[str, Any], results: Sequence[Any]) -> dict[str, Any]:
        """Return whether all instructions are followed, and which; loosely: by a text without its first or last line,
        or without asterisks.
        """
        text, pairs = str(results[0]), self._pair(row)
        lines = text.split("\n")
        cut = [text, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))]
        loose = [version for one in cut for version in (one, one.replace("*", ""))]
        strictly = [_follows(text, *pair) for pair in pairs]
        loosely = [any(_follows(version, *pair) for version in loose) for pair in pairs]
        return {
            "prompt_level_strict_acc": all(strictly), "inst_level_strict_acc": strictly,
            "prompt_level_loose_acc": all(loosely), "inst_level_loose_acc": loosely,
        }  # fmt: skip

    @staticmethod
    def _pair(row: Mapping[str, Any]) -> list[tuple[_Check, _Arguments]]:
        pairs: list[tuple[_Check, _Arguments]] = []
        for name, given in zip(row["instruction_id_list"], row["kwargs"], strict=True):
            if name not in CHECKS:
                raise DataError(f"IFEval has no instruction {name!r}; it has {', '.join(CHECKS)}")
            needed, check = CHECKS[name]
            kept = {key: value for key, value in (given or {}).items() if value}
            if lost := [key for key in needed if key not in kept]:
                raise DataError(f"the instruction {name!r} of row {row.get('key')!r} has no {lost[0]!r}")
            pairs.append((check, kept))
        return pairs


def _follows(text: str, check: _Check, given: _Arguments) -> bool:
    return bool(text.strip()) and bool(check(text, given))
