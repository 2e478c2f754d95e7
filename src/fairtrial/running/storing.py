"""Storing: everything that a run writes to the ledger, and nothing else.

Answers come from `fairtrial.running.answering`, wherever that was done; only whoever conducts the trial has a
`LedgerWriter`.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from fairtrial.analysis.verdicts import find_earlier_answers
from fairtrial.errors import TaskError
from fairtrial.images import examine
from fairtrial.ledger import Chunk, Ending, Ledger, query
from fairtrial.ledger.blobs import add_images, read_task_facts
from fairtrial.ledger.known import was_asked, was_asked_otherwise
from fairtrial.ledger.plan import make_plan_record
from fairtrial.levers import NotesLedgers
from fairtrial.measures import Whole, describe_unloaded
from fairtrial.planning.base import PlannedCandidate, PlannedTask
from fairtrial.planning.plan import Plan
from fairtrial.planning.requests import ItemRequests
from fairtrial.planning.tasks import make_card_document
from fairtrial.records import Answer, ImageFacts, ImagePart, Item, Observation, Request
from fairtrial.running.answering import Answered, OnAnswer
from fairtrial.tasks.base import list_images

AbsentValue = tuple[str, int, str, str]
"""Item id, repeat, measure, and why there is no value of it."""

KEPT_AT_ONCE = 8
"""Answers of an endpoint that are written in one transaction: each may have cost money."""


def write_plan(plan: Plan, text: str, ledger: Ledger) -> None:
    """Write what the trial is about: candidates, tasks, items and their order, and whose earlier answers help."""
    note_ledger(plan, ledger)
    for candidate in plan.candidates:
        for one in candidate.with_parts():
            ledger.add_candidate(one.id, one.name, one.spec.model_dump(mode="json"))
    for judge in plan.judges.named:
        for one in judge.with_parts():
            ledger.add_candidate(one.id, one.name, one.spec.model_dump(mode="json"))
    document = plan.document()
    for task, entry in zip(plan.tasks, document["tasks"], strict=True):
        ledger.add_task(task.id, task.name, entry["card"])
        every = [*task.items, *task.tuning]
        add_images(ledger, task.id, give_images(task, every, read_task_facts(ledger, task.id)))
        ledger.add_items(task.id, every)
    items = {task.id: [item.id for item in task.items] for task in plan.tasks}
    for judging in plan.judges.judgings:
        card = make_card_document(judging.task.plain, judging.task.plugin, (), judging.task.judged_by)
        ledger.add_task(judging.id, f"{judging.task.name}, judged", card)
    for examination in plan.judges.examinations:
        ledger.add_task(examination.task.id, examination.task.name, make_card_document(examination.task.plain))
        ledger.add_items(examination.task.id, examination.task.items)
        items[examination.task.id] = [item.id for item in examination.task.items]
    if read := plan.passages:
        ledger.add_task(read.id, "text", read.card())
        ledger.add_items(read.id, read.items)
        items[read.id] = [item.id for item in read.items]
    if helpers := find_earlier_answers(ledger, make_plan_record(document), items):
        document["earlier"] = helpers
    ledger.add_trial(plan.id, plan.trial.name, text, document, items)


def note_ledger(plan: Plan, ledger: Ledger) -> None:
    """Tell the archives behind a trial's candidates which ledger is going to hold something of them."""
    for candidate in (*plan.candidates, *plan.judges.named):
        for one in candidate.with_parts():
            if one.lever is not None and isinstance(one.lever.lever, NotesLedgers):
                one.lever.lever.note_ledger(one.lever.settings, str(ledger.path.resolve()))


def find_changed_sources(plan: Plan, ledger: Ledger) -> list[str]:
    """Return the names of candidates that were asked before with another state of the archive behind them."""
    return [
        one.name
        for one in plan.candidates
        if any(part.lever is not None and isinstance(part.lever.lever, NotesLedgers) for part in one.with_parts())
        and was_asked_otherwise(ledger, one.id, one.name, one.spec.model_dump(mode="json"))
    ]


def give_images(
    task: PlannedTask, items: Sequence[Item], known: Collection[str] = ()
) -> Iterator[tuple[ImagePart, bytes, ImageFacts | None]]:
    """Yield the images that a task shows, each once, with what they are; None for those that are known.

    Raises TaskError if it names one and does not give its bytes, and ImageError if these cannot be shown.
    """
    given: set[ImagePart] = set()
    for item in items:
        shown = [*list_images(task.plain, item), *(list_images(task.chat, item) if task.chat is not task.plain else ())]
        for image, data in shown:
            if image not in given:
                given.add(image)
                where = f"task {task.name} item {item.doc_id}"
                yield image, data, None if image.hash in known else examine(data, where)
        if lost := [image.hash for image in item.images if image not in given]:
            raise TaskError(
                f"the image {lost[0]} is named, and its bytes are not given.",
                where=f"task {task.name} item {item.doc_id}",
                fix="The method `images` of the task must return every image with its bytes.",
            )


class AnswerKeeper:
    """Keeps a candidate's answers as they come, a few in one transaction: a `runners.base.Keeps`."""

    def __init__(self, ledger: Ledger, candidate_id: str) -> None:
        self.ledger, self.candidate_id = ledger, candidate_id
        self._rows: list[tuple[Request, Answer]] = []

    def __call__(self, request: Request, answer: Answer) -> None:
        """Take an answer."""
        self._rows.append((request, answer))
        if len(self._rows) >= KEPT_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what was taken."""
        if self._rows:
            rows, self._rows = tuple(self._rows), []
            self.ledger.commit(self.candidate_id, Chunk(rows))


class LedgerWriter:
    """Writes what one run of a trial finds out; see `open_writer`.

    Attributes:
        ledger: what is written to.
        trial_id: of the trial.
        session: number of the run.
        ending: how the run ends, as the ledger keeps it.
    """

    def __init__(self, ledger: Ledger, trial_id: str, facts: Mapping[str, Any]) -> None:
        self.ledger, self.trial_id = ledger, trial_id
        self.session = ledger.open_session(trial_id, facts)
        self._facts = dict(facts)
        self._places: dict[str, dict[str, dict[str, int]]] = {}
        self._told = self._telling = 0.0
        self.ending = Ending("failed")

    def add_facts(self, facts: Mapping[str, Any], soon: bool = False) -> None:
        """Write more facts about the run, and which machine answered which chunk.

        Args:
            facts: those facts, as JSON values.
            soon: a little later will do, too, so that a run of many chunks does not spend its time on it.
        """
        began = time.monotonic()
        if soon and began < self._told + 1 + 50 * self._telling:
            return
        if not facts and not self._places:
            return
        places = {"answered_on": self._places} if self._places else {}
        self.ledger.replace_facts(self.session, {**self._facts, **facts, **places})
        self._told, self._telling = time.monotonic(), time.monotonic() - began

    @contextmanager
    def keep_answers(self, candidate_id: str) -> Iterator[OnAnswer]:
        """Yield a function that keeps a candidate's answers as they come, a few in one transaction."""
        keeper = AnswerKeeper(self.ledger, candidate_id)
        try:
            yield keeper
        finally:
            keeper.flush()

    def make_keeper(self, candidate_id: str) -> AnswerKeeper:
        """Return what keeps a candidate's answers as they come."""
        return AnswerKeeper(self.ledger, candidate_id)

    def write_chunk(
        self,
        task_id: str,
        candidate_id: str,
        chunk: Sequence[ItemRequests],
        answered: Answered,
        observations: Sequence[Sequence[Observation]] = (),
        absent: Sequence[AbsentValue] = (),
    ) -> None:
        """Write a chunk: the new answers, what was observed of each item, and what was not.

        All of it is one transaction, but for what is known of others than the candidate as a whole.
        """
        answers = answered.answers
        if answered.machine is not None and answers and chunk:
            of_task = self._places.setdefault(candidate_id, {}).setdefault(task_id, {})
            of_task[chunk[0].item.id] = answered.machine
        requests = {r.id: r for asked in chunk for r in asked.requests if r.id in answers}
        others = dict(answered.wholes)
        whole = self._whole_rows(others.pop(candidate_id, Whole()))
        rows = Chunk(
            [(request, answers[request_id]) for request_id, request in requests.items()],
            [(task_id, asked.item.id, asked.repeat, tuple(r.id for r in asked.requests)) for asked in chunk],
            [
                (task_id, asked.item.id, asked.repeat, observation)
                for asked, seen in zip(chunk, observations, strict=False)
                for observation in seen
            ],
            [
                *((task_id, "", 0, measure, why) for measure, why in answered.absences.items()),
                *((task_id, *value) for value in absent),
                *whole.absences,
            ],
            whole.whole,
            answered.cells,
        )
        self.ledger.commit(candidate_id, rows, again=all(one.sent_bytes is None for one in answers.values()))
        self.write_wholes(others)

    def write_item(self, task_id: str, candidate_id: str, item_id: str, observations: Sequence[Observation]) -> None:
        """Write what was observed of one item beside its answers."""
        rows = [(task_id, item_id, 0, observation) for observation in observations]
        self.ledger.commit(candidate_id, Chunk(observations=rows))

    def write_absences(self, task_id: str, candidate_id: str, absences: Mapping[str, str]) -> None:
        """Write why measures of a task are absent."""
        rows = [(task_id, "", 0, measure, why) for measure, why in absences.items()]
        self.ledger.commit(candidate_id, Chunk(absences=rows))

    def write_wholes(self, wholes: Mapping[str, Whole]) -> None:
        """Write what is known of candidates as a whole, by their ids; it takes the place of what this run knew before.

        The run is the repeat: one row a measure and run.
        """
        for candidate_id, whole in wholes.items():
            self.ledger.commit(candidate_id, self._whole_rows(whole), again=True)

    def write_unloaded(self, candidates: Sequence[PlannedCandidate]) -> None:
        """Write of the candidates that no run of the trial has measured what is known without loading, and why no more.

        Their answers are of another trial, or of a run that ended before it could say how it came to them.
        """
        measured = query.find_measured_whole(self.ledger, self.trial_id)
        for candidate in candidates:
            if was_asked(self.ledger, candidate.id) and not candidate.recorded and candidate.id not in measured:
                self.write_wholes({candidate.id: describe_unloaded(candidate.model.record())})

    def write_look(self, pair: tuple[str, str], at: tuple[str, str, int], look: Mapping[str, Any]) -> None:
        """Write one look at a pair (names of a and b) at a task id, measure and number of items."""
        self.ledger.add_look(self.trial_id, pair, at, look)

    def _whole_rows(self, whole: Whole) -> Chunk:
        return Chunk(
            absences=[("", "", self.session, measure, why) for measure, why in whole.absences.items()],
            whole=[(self.session, observation) for observation in whole.observations],
        )


@contextmanager
def open_writer(ledger: Ledger, trial_id: str, facts: Mapping[str, Any]) -> Iterator[LedgerWriter]:
    """Yield the writer of a run that begins, and enter how the run has ended."""
    writer = LedgerWriter(ledger, trial_id, facts)
    try:
        yield writer
    except KeyboardInterrupt:
        writer.ending = Ending("interrupted")
        raise
    finally:
        ledger.close_session(writer.session, writer.ending)
