"""Requests come out of their packed form as they went in."""

from __future__ import annotations

import pickle
from dataclasses import replace

from fairtrial.records import GenerateRequest, ImagePart, Pair, Prompt, Request, ScoreRequest, TextPart, make_example
from fairtrial.records.packing import pack_requests, unpack_requests
from fairtrial.running.answering import AnswerItems

SHOTS = make_example("1+1?", "2")
PROMPT = Prompt([TextPart("see "), ImagePart("ab" * 16, "image/png")], "sys\ud800", "begun", SHOTS, thought="")
REQUESTS: list[Request] = [
    ScoreRequest(
        (Pair(PROMPT, " a"), Pair(PROMPT, " b"), Pair(Prompt("other"), " c")), "", True, "l", "key", "q", ("u#1-2",)
    ),
    GenerateRequest(PROMPT, 7, ("\n",), 0.5, 0.9, 3, 2**60, "label", "key", '{"a": 1}', "q", ("u",)),
    GenerateRequest(Prompt("plain"), 1),
    ScoreRequest((), " "),
]


def identified(requests: list[Request]) -> list[tuple[str, str, str, Request]]:
    return [(one.id, one.label, one.item_key, one) for one in requests]


def test_requests_come_back_as_they_were() -> None:
    packed = pickle.loads(pickle.dumps(pack_requests(REQUESTS)))
    back = unpack_requests(packed)
    assert identified(back) == identified(REQUESTS)
    assert back[0].prompts[0].messages == PROMPT.messages
    assert isinstance(back[0], ScoreRequest)
    assert back[0].pairs[0].prompt is back[0].pairs[1].prompt
    assert len(packed[0]) == 3


class OddRequest(GenerateRequest):
    """A plugin's own kind."""


def test_a_kind_of_its_own_stays_one() -> None:
    [back] = unpack_requests(pack_requests([OddRequest(PROMPT, 3)]))
    assert isinstance(back, OddRequest)
    assert (back, back.id) == (OddRequest(PROMPT, 3), OddRequest(PROMPT, 3).id)


def test_work_comes_back_item_by_item() -> None:
    work = AnswerItems(None, [REQUESTS[:1], (), REQUESTS[1:3]], "here")  # type: ignore[arg-type]
    back = pickle.loads(pickle.dumps(work))
    assert [[one.id for one in requests] for requests in back.items] == [
        [one.id for one in requests] for requests in work.items
    ]
    assert back.place == "here"


def test_an_id_is_not_kept_by_a_changed_copy() -> None:
    one = GenerateRequest(PROMPT, 7)
    first = one.id
    assert replace(one, max_tokens=8).id != first
    assert replace(one, max_tokens=7).id == first
    assert one == GenerateRequest(PROMPT, 7)
