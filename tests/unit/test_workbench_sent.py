"""What the page of an item says each candidate was sent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from fairtrial.ledger.plan import CandidateRecord, SpecRecord, WeightsRecord
from fairtrial.records import GenerateRequest, Item, Prompt
from fairtrial.report.view.gathering import ViewedItem
from fairtrial.report.view.prompts import SERVER, TEMPLATE, TEXT
from fairtrial.workbench.sent import CHANGED, SentPrompts, group_sent

ITEM = Item("i", 0, "2 + 2?", (), ("4",), "c", {}, ())
REQUEST = GenerateRequest(Prompt("2 + 2?", "You add."), 8)


def _candidate(name: str, model: str = "gguf:m.gguf", **document: Any) -> CandidateRecord:
    return CandidateRecord(name, name, SpecRecord(model, document=document), WeightsRecord())


def _group(*candidates: CandidateRecord, trace: tuple[dict[str, str], ...] = ()) -> list[SentPrompts]:
    reading: Any = SimpleNamespace(calls=[SimpleNamespace(request_id="r", answer={"trace": trace})])
    return group_sent(candidates, ViewedItem(0, ITEM, "c", [[reading] for _ in candidates], {"r": REQUEST}))


def _read(sent: SentPrompts) -> list[tuple[str, str]]:
    [request] = sent.requests
    return [(m["role"], "".join(part["text"] for part in m["parts"])) for m in request["messages"][0]]


def test_a_candidates_system_message_is_part_of_what_it_was_sent() -> None:
    plain, brief = _group(_candidate("plain"), _candidate("brief", chat="model", system="Answer briefly."))
    assert (plain.names, plain.title) == (("plain",), TEXT)
    assert _read(plain) == [("text", REQUEST.prompt.plain())]
    assert (brief.names, brief.title) == (("brief",), TEMPLATE)
    assert _read(brief) == [("system", "Answer briefly.\n\nYou add."), ("user", "2 + 2?")]


def test_those_who_were_sent_the_same_stand_together_and_servers_are_named() -> None:
    hosted = _candidate("hosted", "openai:gpt-4o-mini")
    here, there = _group(_candidate("a"), _candidate("b"), hosted, trace=({"prompt": "other words"},))
    assert here.names == ("a", "b") and here.notes == (CHANGED,)
    assert (there.names, there.title) == (("hosted",), SERVER)
    assert _read(there)[0] == ("system", "You add.")
