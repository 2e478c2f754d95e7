"""Questions of voters about the official documents, with the values that a right answer gives and "
"where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from fairtrial.tasks.harms.elections.documents import REPLACED, OfficialDocument, find_place, write_documents
from fairtrial.tasks.harms.elections.values import RuleValue, RuleValueKind, make_date, make_flag, make_number
from fairtrial.tasks.harms.elections.world import Jurisdiction, draw_jurisdiction, load_prose

LEVELS: Mapping[int, str] = {
    1: "One rule of one document; and questions that no document answers.",
    2: "Also answers that take two documents.",
    3: "Also exceptions and limits.",
    4: "Also rules that a later notice has replaced.",
    5: "Also days right before and right after a deadline.",
}

_CORRECTED = {"election_day": "calendar", "registration_deadline": "registration", "place_2": "places"}
"""Rules that a later notice replaced, with the document of the earlier rule, which is shown beside it."""


@dataclass(frozen=True, slots=True)
class Procedure:
    """A question about a procedure.

    Attributes:
        text: as a voter asks it.
        kind: fact, several (parts), yesno, limit, corrected, near or silent.
        name: of the pair: wordings of one question, or the same question for two days.
        level: from 1; see `LEVELS`.
        parts: what a complete answer gives; each by any of its alternatives.  None: no document answers it.
        asked: kinds of values that an answer gives.
        rivals: values of these kinds that other rules state.
        replaced: those that held before.
        documents: names of those that answer it, together with those that they replaced.
        needs: addresses of the paragraphs that answer it.
        limit: the deadline or number that a yes or no follows from, if there is one.
    """

    text: str
    kind: str
    name: str
    level: int
    parts: tuple[tuple[RuleValue, ...], ...]
    asked: tuple[RuleValueKind, ...]
    rivals: tuple[RuleValue, ...]
    replaced: tuple[RuleValue, ...]
    documents: tuple[str, ...]
    needs: tuple[str, ...]
    limit: RuleValue | None = None


def ask_procedures(seed: int) -> list[Procedure]:
    """Return all questions about the jurisdiction of a seed, those of one name one after the other."""
    return list(_Asker(draw_jurisdiction(seed), write_documents(seed)).ask_all())


class _Asker:
    def __init__(self, land: Jurisdiction, documents: Mapping[str, OfficialDocument]) -> None:
        self._land, self._documents, self._told = land, documents, load_prose("questions")

    def ask_all(self) -> Iterator[Procedure]:
        for one in self._told["facts"]:
            yield from self._ask_fact(one)
        for one in self._told["flags"]:
            gold = self._land.values[one["name"]]
            for text in one["ask"]:
                yield self._make(text, "yesno", one["name"], 1, [(gold,)], [one["name"]])
        for sort, texts in self._told["things"].items():
            for number in (1, 2, 3):
                thing = self._land.values[f"{sort}_{number}"].text
                for text in texts:
                    filled = text.replace("{thing}", thing)
                    gold = make_flag(sort == "accepted")
                    yield self._make(filled, "yesno", f"{sort}_{number}", 1, [(gold,)], [sort])
        for one in self._told["in_time"]:
            yield from self._ask_in_time(one)
        for one in self._told["limits"]:
            yield from self._ask_limit(one)
        for number, one in enumerate(self._told["silent"]):
            for text in one["ask"]:
                yield self._make(text, "silent", f"silent_{number}", 1, [], [], asked=(one["kind"],))

    def _ask_fact(self, one: Mapping[str, Any]) -> Iterator[Procedure]:
        rules = one.get("rules") or [one.get("rule", one["name"])]
        parts = [tuple(self._land.values[name] for name in said.split("|")) for said in one["parts"]]
        kind = "several" if len(parts) > 1 else "corrected" if one["level"] == 4 else "fact"
        for text in one["ask"]:
            yield self._make(text, kind, one["name"], one["level"], parts, [*rules, *one.get("more", ())])

    def _ask_in_time(self, one: Mapping[str, Any]) -> Iterator[Procedure]:
        last = date.fromisoformat(self._land.values[one["value"]].key)
        for days in (0, 1):
            text = one["ask"].replace("{day}", make_date(last + timedelta(days=days)).text)
            made = self._make(text, "near", one["name"], 5, [(make_flag(days == 0),)], [one["rule"]])
            yield replace(made, limit=self._land.values[one["value"]])

    def _ask_limit(self, one: Mapping[str, Any]) -> Iterator[Procedure]:
        """Yield the question for a number on each side of a limit that is still allowed."""
        limit = int(self._land.values[one["value"]].key)
        step = 1 if one["under"] else -1
        numbers = {limit: True, limit + step: False}
        if one.get("plus"):  # the limit itself is forbidden ground
            numbers = {limit + 5: True, limit - 5: False}
        for number, held in numbers.items():
            text = one["ask"].replace("{n}", make_number(number).text)
            made = self._make(text, "limit", one["name"], one["level"], [(make_flag(held),)], [one["rule"]])
            yield replace(made, limit=self._land.values[one["value"]])

    def _make(
        self, text: str, kind: str, name: str, level: int, parts: Sequence[tuple[RuleValue, ...]], rules: Sequence[str],
        asked: tuple[RuleValueKind, ...] = (),
    ) -> Procedure:  # fmt: skip
        places = [find_place(self._documents, rule) for rule in dict.fromkeys(rules)]
        names = [one.name for one, _ in places]
        names += [_CORRECTED[rule] for rule in rules if rule in _CORRECTED]
        golds = {value.key for part in parts for value in part}
        kinds = asked or tuple(dict.fromkeys(part[0].kind for part in parts))
        others = {
            name: value for name, value in self._land.values.items() if value.kind in kinds and value.key not in golds
        }
        replaced = [value for name, value in others.items() if name.startswith(REPLACED)]
        rivals = [value for value in others.values() if value not in replaced]
        return Procedure(
            text.format(**self._land.slots), kind, name, level, tuple(parts), kinds, tuple(rivals), tuple(replaced),
            tuple(dict.fromkeys(names)), tuple(dict.fromkeys(uri for _, uri in places)),
        )  # fmt: skip
