"""A log's rows as the ledger keeps them: requests, answers and observations.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fairtrial.measures import MEASURES
from fairtrial.planning.base import PlannedCandidate, PlannedTask
from fairtrial.planning.requests import ItemRequests
from fairtrial.planning.sampling import hash_to_int
from fairtrial.recorded.graded.base import LoggedRow
from fairtrial.records import (
    Answer,
    GenerateAnswer,
    GenerateRequest,
    Item,
    Observation,
    Pair,
    Prompt,
    Request,
    ScoreAnswer,
    ScoreRequest,
)
from fairtrial.records.content import ROLES, Message, TextPart
from fairtrial.tasks.signs import find_signs
from fairtrial.thoughts import separate


@dataclass(frozen=True, slots=True)
class LoggedItem:
    """One row: what was asked, what came back (nothing for a bare grade), and how it was graded."""

    asked: ItemRequests
    answers: tuple[Answer, ...]
    observations: tuple[Observation, ...]


@dataclass(frozen=True, slots=True)
class LoggedGrades:
    """One candidate's rows about one task: (item, repeat, what the log says) in the order of the items."""

    candidate: PlannedCandidate
    task: PlannedTask
    rows: Sequence[tuple[Item, int, LoggedRow]]

    def read(self) -> Iterator[LoggedItem]:
        """Yield the rows."""
        units = {measure.name: measure.unit for measure in self.task.plain.card.measures}
        seen: dict[str, str] = {}
        for item, repeat, row in self.rows:
            grades = [
                Observation(n, value, weight, units[n]) for n, (value, weight) in row.grades.items() if n in units
            ]
            costs = [Observation(n, value, 1.0, MEASURES[n].unit) for n, value in row.costs.items()]
            calls = list(self._make_calls(item, repeat, row, seen))
            answers = tuple(answer for _, answer in calls)
            signs = find_signs(self.task.plain, item, answers, grades) if calls else []
            asked = ItemRequests(item, repeat, tuple(request for request, _ in calls))
            yield LoggedItem(asked, answers, (*grades, *signs, *costs))

    def _make_calls(
        self, item: Item, repeat: int, row: LoggedRow, seen: dict[str, str]
    ) -> Iterator[tuple[Request, Answer]]:
        """Yield what was asked and answered; ``seen``: texts by request, of all rows before."""
        if row.scores:
            pairs = tuple(Pair(Prompt(prompt), continuation) for prompt, continuation, _, _ in row.scores)
            logprobs, greedy = tuple(s for _, _, s, _ in row.scores), tuple(g for _, _, _, g in row.scores)
            yield ScoreRequest(pairs, delimiter="", label=item.id), ScoreAnswer(logprobs, greedy, (0,) * len(pairs))
        elif row.text is not None:
            thought, answer, ended, _ = separate(row.text, self.candidate.spec.tags)
            request = GenerateRequest(make_prompt(row.prompt), max_tokens=1 << 20, label=item.id)
            if seen.setdefault(request.id, row.text) != row.text:  # the same prompt again, with another answer
                seed = hash_to_int(f"{item.id} {repeat}") >> 1
                request = GenerateRequest(request.prompt, request.max_tokens, temperature=1.0, seed=seed, label=item.id)
            wrote, read = (round(row.costs.get(name, 0)) for name in ("tokens_out", "tokens_in"))
            yield request, GenerateAnswer(answer, wrote, "stop" if ended else "length", read, thought=thought)


def make_prompt(messages: Sequence[tuple[str, str]]) -> Prompt:
    """Return logged messages as a prompt; what is none in our sense becomes one text."""
    known = [Message(own, (TextPart(text),)) for role, text in messages for own in ROLES if own == role]
    try:
        return Prompt.from_messages(known)
    except ValueError:
        return Prompt("\n\n".join(f"{role}: {text}" for role, text in messages))
