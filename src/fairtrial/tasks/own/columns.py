"""Which column means what: by its usual names, or as the trial says.  Knows names only, no cells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from string import ascii_lowercase

from fairtrial.errors import SpecError, did_you_mean
from fairtrial.spec.own import OwnData

WHOLE_PROMPTS = (
    "prompt", "userprompt", "fullprompt", "input", "inputs", "userinput", "instruction", "instructions", "message",
    "usermessage", "request",
)  # fmt: skip
"""Columns whose texts are asked as they stand, without ``Question:`` before them."""

QUESTIONS = (
    "question", "questions", "questiontext", "questionstem", "stem", "query", "problem", "goal", "q", *WHOLE_PROMPTS,
    "ctx", "sentence", "text", "statement", "claim", "ticket", "review", "comment", "email", "tweet", "post",
    "headline", "body", "utterance", "task", "frage", "pregunta", "domanda",
)  # fmt: skip
CONTEXTS = ("context", "passage", "paragraph", "article", "support", "background", "document", "story")
ANSWERS = (
    "answer", "answers", "gold", "goldanswer", "goldlabel", "label", "labels", "target", "targets", "expected",
    "expectedanswer", "expectedoutput", "expectedresponse", "correct", "correctanswer", "correctoption",
    "correctchoice", "correctindex", "rightanswer", "answerkey", "answerindex", "answeridx", "answerletter", "solution",
    "groundtruth", "reference", "referenceanswer", "referenceoutput", "ideal", "idealanswer", "bestanswer", "key",
    "antwort", "respuesta", "risposta",
)  # fmt: skip
WEAK_ANSWERS = (
    "output", "response", "completion", "category", "class", "sentiment", "intent", "topic", "tag", "team",
    "department", "priority", "verdict",
)  # fmt: skip
"""Taken for right answers only where no column has a clearer name."""

LISTS = ("choices", "options", "endings", "alternatives", "answerchoices", "answeroptions", "possibleanswers")
ITEMS = ("id", "itemid", "item", "qid", "questionid", "rowid", "exampleid", "uid", "uuid", "docid", "idx", "index")
CLUSTERS = ("cluster", "clusterid", "passageid", "contextid")
WRONGS = ("incorrectanswers", "wronganswers", "distractors", "incorrect", "wrong")

_OPTION = re.compile(
    r"(?:choice|choices|option|options|answer|ending|alternative|sol|opt|op|mc|a|)(?P<mark>[a-z]|[0-9]{1,2})"
)
_WRONG = re.compile(r"(?:incorrectanswer|incorrect|wronganswer|wrong|wrongoption|distractor)(?P<mark>[a-z]|[0-9]{1,2})")


def fold_name(name: str) -> str:
    """Return a column's name without case, spaces and signs: ``Correct Answer`` and ``correct_answer`` are one."""
    return "".join(char for char in name.casefold() if char.isalnum())


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of a file mean; empty where there is no such column.

    Attributes:
        question: what is asked.
        context: what stands before the question.
        options: one column an option, in their order.
        listed: one column with a list of options.
        fixed: the options of every row, where they stand in no column.
        answers: columns that may hold the right answer, the likeliest first; one unless several have usual names.
        wrong: columns of wrong options; the right answer is then an option beside them.
        item: the rows' own ids.
        cluster: which rows belong together.
        images: columns of images.
    """

    question: str = ""
    context: str = ""
    options: tuple[str, ...] = ()
    listed: str = ""
    fixed: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    item: str = ""
    cluster: str = ""
    images: tuple[str, ...] = ()

    @property
    def has_choices(self) -> bool:
        """Whether there are options to choose from."""
        return bool(self.options or self.listed or self.fixed or self.wrong)

    def used(self) -> set[str]:
        """Return the columns that mean something."""
        named = {self.question, self.context, self.listed, self.item, self.cluster}
        return {*named, *self.options, *self.answers, *self.wrong, *self.images} - {""}

    def document(self) -> dict[str, object]:
        """Return what means something as JSON values."""
        found = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items() if value}

    @property
    def is_whole_prompt(self) -> bool:
        """Whether the question is asked as it stands."""
        return fold_name(self.question) in WHOLE_PROMPTS


def recognise_columns(names: Sequence[str], said: OwnData, images: Sequence[str] = ()) -> Columns:
    """Return what columns mean: what is said of them, and the others by their names.

    Args:
        names: of all columns.
        said: what the trial says.
        images: the columns of images.

    Raises SpecError for a column that does not exist.
    """
    for key, name in (*_list_said(said), *(("image", name) for name in images)):
        if name not in names:
            raise make_unknown_column(key, name, names)
    found = replace(_recognise_choices([name for name in names if name not in images], said), images=tuple(images))
    taken = {*found.options, *found.wrong, found.listed, *images, *(name for _, name in _list_said(said))} - {""}
    free = {fold: name for name in reversed(names) if name not in taken and (fold := fold_name(name))}
    answers = (said.answer.column,) if said.answer else _find_answers(free)
    taken |= {*answers}

    def pick(written: str, usual: Sequence[str]) -> str:
        name = written or next((free[one] for one in usual if one in free and free[one] not in taken), "")
        taken.add(name)
        return name

    question = "" if said.prompt and not said.question else pick(said.question, QUESTIONS)
    return replace(
        found,
        answers=answers,
        question=question,
        context="" if said.prompt and not said.context else pick(said.context, CONTEXTS),
        item=pick(said.item, ITEMS),
        cluster=pick(said.cluster, CLUSTERS),
    )


def make_unknown_column(key: str, name: str, names: Sequence[str]) -> SpecError:
    """Return the error about a column that is not there."""
    return SpecError(
        f"{key}: there is no column {name!r}.{did_you_mean(name, names)}", fix=f"The file has: {', '.join(names)}."
    )


def _list_said(said: OwnData) -> Iterator[tuple[str, str]]:
    """Yield the key and the name of each column that is named, those of choices left out."""
    if said.answer:
        yield "answer", said.answer.column
    for key in ("question", "context", "item", "cluster", "group"):
        if name := getattr(said, key):
            yield key, name


def _recognise_choices(names: Sequence[str], said: OwnData) -> Columns:
    """Return the columns of options."""
    if said.choices:
        return _read_choices_said(names, said.choices)
    named = {name for _, name in _list_said(said)}
    free = [name for name in names if name not in named]
    folded = {fold_name(name): name for name in reversed(free)}
    if listed := next((folded[one] for one in LISTS if one in folded), ""):
        return Columns(listed=listed)
    if wrong := next((folded[one] for one in WRONGS if one in folded), ""):
        return Columns(wrong=(wrong,))
    if wrongs := _find_series(free, _WRONG, fewest=1):
        return Columns(wrong=wrongs)
    return Columns(options=_find_series(free, _OPTION, fewest=2))


def _read_choices_said(names: Sequence[str], choices: Sequence[str]) -> Columns:
    there = [name for name in choices if name in names]
    if len(there) == len(choices):
        return Columns(listed=choices[0]) if len(choices) == 1 else Columns(options=tuple(choices))
    if there or len(choices) == 1:
        raise make_unknown_column("choices", next(name for name in choices if name not in names), names)
    return Columns(fixed=tuple(choices))


def _find_series(names: Sequence[str], pattern: re.Pattern[str], fewest: int) -> tuple[str, ...]:
    """Return the columns of one series: A, B, C ... or 1, 2, 3 ..., without gaps, the longest if there are several."""
    series: dict[tuple[str, bool], dict[int, str]] = {}
    for name in names:
        if match := pattern.fullmatch(fold_name(name)):
            mark, stem = match["mark"], fold_name(name)[: match.start("mark")]
            if not stem and mark.isdigit():
                continue  # a column called 1 is as a rule one without a name
            number = int(mark) if mark.isdigit() else ascii_lowercase.index(mark)
            series.setdefault((stem, mark.isdigit()), {}).setdefault(number, name)
    best: tuple[str, ...] = ()
    for (_, counted), members in series.items():
        first = min(members)
        numbers = sorted(members)
        fits = numbers == list(range(first, first + len(numbers))) and first <= (1 if counted else 0)
        if fits and len(numbers) >= fewest and len(numbers) > len(best):
            best = tuple(members[number] for number in numbers)
    return best


def _find_answers(free: Mapping[str, str]) -> tuple[str, ...]:
    """Return the columns that may hold right answers."""
    strong = tuple(free[one] for one in ANSWERS if one in free)
    return strong or tuple(free[one] for one in WEAK_ANSWERS if one in free)[:1]
