"""What a grader is: settings, declared measures, and a pure function from one written answer to their values.

A grader knows nothing of models, requests or the ledger; whoever owns a task's rows gives it the text, the right
answers and the row.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import ValidationError

from fairtrial.errors import DataError, SpecError
from fairtrial.plugins import PluginTable
from fairtrial.records import COUNT, Answer, CorpusScore, GenerateRequest, Measure, Observation
from fairtrial.records.hashing import content_hash
from fairtrial.records.held_back import HeldBack, find_held_back
from fairtrial.records.trace import Trace
from fairtrial.spec.graders import read_grader_settings
from fairtrial.spec.references import GraderSettings
from fairtrial.spec.regular import read_regular
from fairtrial.tasks.base import JudgeUse, Task
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.reading import is_near_miss

S = TypeVar("S", bound=GraderSettings)
Grades = Mapping[str, tuple[float, float]]
"""Measure name to (value, weight); see `fairtrial.records.Measure` for the weight, 1 for a plain mean."""

MOST_BYTES = 1 << 20
"""Of a file that a grader's settings name."""


class Grader(ABC, Generic[S]):
    """Judges written answers.

    Args:
        settings: what stands after its name, an instance of `Settings`.
    """

    Settings: ClassVar[type[GraderSettings]]
    """What may be set; a pydantic model.  Its first field may be written in short, as in ``number: 0.01``."""
    needs_expected: bool = True
    """Whether a row without a right answer cannot be graded."""
    expects_json: bool = False
    """Whether a row's right answer is one JSON value, given as its JSON text, where others take a list of answers."""
    measures: tuple[Measure, ...] = ()
    """What `grade` returns, with bounds and direction; the first is the main one."""
    corpus: tuple[CorpusScore, ...] = ()
    """Scores of all answers together, beside the measures; then `count` says what one answer counts for each."""
    chance: float | None = None
    """Expected main measure of blind guessing, or None if unknown."""

    def __init__(self, settings: S) -> None:
        self.settings = settings

    @abstractmethod
    def grade(self, answer: str, expected: Sequence[str], row: Row) -> Grades:
        """Return the value and weight of each measure that applies.

        Args:
            answer: what the model wrote, without thoughts.
            expected: right answers, any of which counts.
            row: the task's own row, for columns that settings name.

        Pure: the same three give the same grades.  Raises DataError for a row that `check_row` refuses.
        """

    def write_held_back(self, answer: str, held: HeldBack) -> str:
        """Return what is graded of an answer that a guard ended in its own words; pure."""
        return answer

    def count(self, answer: str, expected: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
        """Return, by the names of `corpus`, the counts of one answer (`fairtrial.stats.corpus`); pure."""
        return {}

    def check_row(self, expected: Sequence[str], row: Row) -> None:
        """Raise DataError if answers to this row cannot be graded; called for every row before anything is asked."""
        if self.needs_expected and not any(text.strip() for text in expected):
            raise DataError("there is no right answer to compare with")

    def find_signs(self, answer: str, expected: Sequence[str], row: Row, grades: Grades) -> Sequence[str]:
        """Return names of signs of how the answer was given (`fairtrial.tasks.signs`), e.g. ``unread``."""
        return ["near_miss"] if self.is_wrong(grades) and is_near_miss(answer, expected) else []

    def read_columns(self) -> Sequence[str]:
        """Return the columns that only graders may see and that are not written in the settings."""
        return ()

    def is_wrong(self, grades: Grades) -> bool:
        """Return whether the main measure has its worst value."""
        main = self.measures[0]
        value, _ = grades.get(main.name, (None, 0.0))
        return main.bounds is not None and value == main.bounds[1 if main.higher_is_better is False else 0]

    def identity(self) -> Mapping[str, object]:
        """Return, as JSON values, all that can change a grade: the settings, files by their content."""
        files = {name: content_hash([read_setting_file(Path(path))]) for name, path in self.settings.referred("file")}
        return {**self.settings.own(), **files}


class TracingGrader(Grader[S]):
    """A grader that judges what happened on the way to an answer, as its trace tells; the text may be anything."""

    needs_expected = False

    @abstractmethod
    def grade_trace(self, trace: Trace, row: Row) -> Grades:
        """Return the value and weight of each measure that applies; nothing if `explain_absence` tells why; pure."""

    @abstractmethod
    def explain_absence(self, trace: Trace, row: Row) -> str:
        """Return why an answer with such a trace has none of the measures, in a few words; empty if it can."""

    def list_relevant(self, row: Row) -> Sequence[str]:
        """Return what a perfect search would find for a row, as requests name it."""
        return ()

    def grade(self, answer: str, expected: Sequence[str], row: Row) -> Grades:
        """Return nothing: the trace is what is graded."""
        return {}

    def find_signs(self, answer: str, expected: Sequence[str], row: Row, grades: Grades) -> Sequence[str]:
        """Tell nothing: how the answer was written is no matter."""
        return []


class JudgingGrader(Grader[S]):
    """A grader that has another candidate read the answer: it makes the request, and reads what comes back.

    `grade` returns nothing; the value comes from `read_grade`.  It has one measure, with bounds.
    """

    judge: str
    """Name of the one who judges."""

    @abstractmethod
    def make_request(self, question: str, answer: str, expected: Sequence[str], row: Row) -> GenerateRequest:
        """Return what the judge is asked about one answer; pure."""

    @abstractmethod
    def read_grade(self, answer: Answer) -> float | None:
        """Return the value that the judge's answer gives, within the measure's bounds; None if none can be read."""

    def labelled_answers(self) -> Task | None:
        """Return answers that people have graded, as a task for the judge itself; None if there are none."""
        return None

    def grade(self, answer: str, expected: Sequence[str], row: Row) -> Grades:
        """Return nothing: that is for the judge."""
        return {}


def read_setting_file(path: Path) -> str:
    """Return the text of a file that a grader's settings name.  Raises SpecError if it cannot be read."""
    try:
        return read_regular(path, MOST_BYTES).decode()
    except OSError as error:
        raise SpecError(f"the file {str(path)!r} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"the file {str(path)!r} is no text in UTF-8: {error.reason}.") from error


def _is_grader(found: object) -> bool:
    declares = isinstance(found, type) and issubclass(found, Grader) and hasattr(found, "Settings")
    return declares and issubclass(found.Settings, GraderSettings)  # type: ignore[attr-defined]


GRADERS: PluginTable[type[Grader[Any]]] = PluginTable(
    "grader",
    {
        "exact": "fairtrial.tasks.graders.exact:ExactGrader",
        "contains": "fairtrial.tasks.graders.contains:ContainsGrader",
        "regex": "fairtrial.tasks.graders.regex:RegexGrader",
        "number": "fairtrial.tasks.graders.number:NumberGrader",
        "one_of": "fairtrial.tasks.graders.one_of:OneOfGrader",
        "json": "fairtrial.tasks.graders.json_answer:JsonGrader",
        "similar": "fairtrial.tasks.graders.similar:SimilarGrader",
        "set": "fairtrial.tasks.graders.listed:SetGrader",
        "list": "fairtrial.tasks.graders.listed:ListGrader",
        "anls": "fairtrial.tasks.graders.anls:AnlsGrader",
        "relaxed": "fairtrial.tasks.graders.relaxed:RelaxedGrader",
        "point_in_box": "fairtrial.tasks.graders.point_in_box:PointInBoxGrader",
        "code": "fairtrial.tasks.graders.code:CodeGrader",
        "judge": "fairtrial.tasks.graders.judge:JudgeGrader",
        "retrieved": "fairtrial.tasks.graders.retrieved:RetrievedGrader",
        "overlap": "fairtrial.tasks.graders.overlap:OverlapGrader",
        "conduct": "fairtrial.tasks.graders.conduct:ConductGrader",
    },
    "a subclass of fairtrial.tasks.graders.base.Grader that declares its Settings",
    _is_grader,
)
"""Grader name, as a trial file writes it, to the grader."""


@dataclass(frozen=True)
class GraderSet:
    """The graders of one task; the first measure of the first one is the task's main measure.

    Attributes:
        graders: each with its name.
    """

    graders: tuple[tuple[str, Grader[Any]], ...]

    @property
    def measures(self) -> tuple[Measure, ...]:
        """All measures, in order."""
        return tuple(measure for _, grader in self.graders for measure in grader.measures)

    @property
    def corpus(self) -> tuple[CorpusScore, ...]:
        """Scores of all answers together."""
        return tuple(score for _, grader in self.graders for score in grader.corpus)

    def count(self, answer: str, expected: Sequence[str]) -> list[Observation]:
        """Return what one answer counts for the scores of all answers; see `fairtrial.tasks.base.CountsForCorpus`."""
        return [
            Observation(f"{COUNT}{score}:{name}", value)
            for _, grader in self.graders
            for score, counts in (grader.count(answer, expected) if grader.corpus else {}).items()
            for name, value in counts.items()
        ]

    @property
    def needs_expected(self) -> bool:
        """Whether a row without a right answer cannot be graded."""
        return any(grader.needs_expected for _, grader in self.graders)

    @property
    def expects_json(self) -> bool:
        """Whether a row's right answer is one JSON value."""
        return any(grader.expects_json for _, grader in self.graders)

    @property
    def chance(self) -> float | None:
        """Expected main measure of blind guessing, or None if unknown."""
        return self.graders[0][1].chance

    def document(self) -> list[dict[str, object]]:
        """Return what the graders are as JSON values, for a task's card: all that can change a grade."""
        return [
            {name: dict(grader.identity()), **({"plugin": plugin} if (plugin := GRADERS.find_origin(name)) else {})}
            for name, grader in self.graders
        ]

    def check_row(self, expected: Sequence[str], row: Row) -> None:
        """Raise DataError if answers to this row cannot be graded."""
        for name, grader in self.graders:
            try:
                grader.check_row(expected, row)
            except DataError as error:
                raise DataError(f"grader {name}: {error.message}", fix=error.fix) from error

    @property
    def judging(self) -> tuple[JudgingGrader[Any], ...]:
        """Those that have another candidate read the answer."""
        return tuple(grader for _, grader in self.graders if isinstance(grader, JudgingGrader))

    def judges(self) -> Sequence[JudgeUse]:
        """Return who judges what; see `fairtrial.tasks.base.NeedsJudge`."""
        return [JudgeUse(one.judge, one.measures[0], one.read_grade, one.labelled_answers()) for one in self.judging]

    def judge_requests(
        self, question: str, answer: str, expected: Sequence[str], row: Row
    ) -> Sequence[GenerateRequest | None]:
        """Return what each judge is asked about an answer; None where it has no text."""
        return [one.make_request(question, answer, expected, row) if answer.strip() else None for one in self.judging]

    @property
    def tracing(self) -> tuple[TracingGrader[Any], ...]:
        """Those that judge what happened on the way to an answer."""
        return tuple(grader for _, grader in self.graders if isinstance(grader, TracingGrader))

    def read_columns(self) -> list[str]:
        """Return the columns that only graders may see and that are not written in the settings."""
        return [column for _, grader in self.graders for column in grader.read_columns()]

    def explain_absences(self, trace: Trace, row: Row) -> dict[str, str]:
        """Return the measures that an answer with such a trace cannot have, and why."""
        return {
            measure.name: why
            for grader in self.tracing
            if (why := grader.explain_absence(trace, row))
            for measure in grader.measures
        }

    def observe(self, answer: str, expected: Sequence[str], row: Row, trace: Trace = ()) -> list[Observation]:
        """Return the grades of one answer; see `Grader.grade`.

        Raises PluginError if a plugin's grader returns something else than it declares.
        """
        return [
            Observation(measure.name, *grades[measure.name], measure.unit)
            for name, grader in self.graders
            if (grades := _grade(name, grader, answer, expected, row, trace)) is not None
            for measure in grader.measures
            if measure.name in grades
        ]

    def find_signs(self, answer: str, expected: Sequence[str], row: Row, trace: Trace = ()) -> list[str]:
        """Return the signs of one answer, as the first grader sees them and as judges do."""
        return [
            sign
            for i, (name, grader) in enumerate(self.graders)
            if i == 0 or isinstance(grader, JudgingGrader)
            for sign in grader.find_signs(
                _write_graded(grader, answer, trace), expected, row, _grade(name, grader, answer, expected, row, trace)
            )
        ]


def _write_graded(grader: Grader[Any], answer: str, trace: Trace) -> str:
    """Return the text that a grader reads."""
    held = find_held_back(answer, trace)
    return answer if held is None else grader.write_held_back(answer, held)


def _grade(name: str, grader: Grader[Any], answer: str, expected: Sequence[str], row: Row, trace: Trace = ()) -> Grades:
    if isinstance(grader, TracingGrader):
        grades = grader.grade_trace(trace, row)
    else:
        grades = grader.grade(_write_graded(grader, answer, trace), expected, row)
    bounds = {measure.name: measure.bounds for measure in grader.measures}
    fine = isinstance(grades, Mapping) and all(
        measure in bounds and _is_sound(given, bounds[measure]) for measure, given in grades.items()
    )
    promise = f"`grade` must return (value, weight) of {', '.join(bounds)}, finite and within their bounds"
    return GRADERS.expect(name, grades, promise, fine)


def _is_sound(given: object, bounds: tuple[float, float] | None) -> bool:
    if not (isinstance(given, tuple) and len(given) == 2 and all(isinstance(one, int | float) for one in given)):
        return False
    value, weight = given
    inside = bounds is None or bounds[0] <= value <= bounds[1]
    return isfinite(value) and isfinite(weight) and weight >= 0 and inside


def make_graders(written: Sequence[Mapping[str, Any]]) -> GraderSet:
    """Return the graders that a checked ``grade:`` names (see `fairtrial.spec.graders.Graders`).

    Raises SpecError for wrong settings, files that cannot be read, and two graders with one measure; UnknownNameError
    or PluginError if there is no such grader.
    """
    made: list[tuple[str, Grader[Any]]] = []
    for one in written:
        [(name, given)] = one.items()
        kind = GRADERS.find(name)
        try:
            made.append((name, kind(read_grader_settings(name, given))))
        except ValidationError as error:
            raise SpecError(f"grade: {name}: {error.errors()[0]['msg']}.") from error
    found = GraderSet(tuple(made))
    names = [measure.name for measure in found.measures]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise SpecError(f"two graders measure {twice!r}.", fix="Name one of them only.")
    return found
