"""The version of the rules is that of what they read: who changes a reading raises it, so that grades never mix."""

from __future__ import annotations

from fairtrial.conduct import METHOD, find_personal_data
from fairtrial.conduct.sample import load_labelled_answers
from fairtrial.records import content_hash

READINGS = {1: "f7c5c766793e027aad4f267903528057", 2: "95ec58baa81e4a4726205ef46580cb9f"}
"""Version to the hash of what the rules of that version say of the labelled answers."""


def test_other_readings_are_another_version() -> None:
    told = []
    for one in load_labelled_answers():
        read, personal = one.read, [found.kind for found in find_personal_data(one.answer)]
        signs = [read.refers, read.abstains, read.corrects, read.withholds, read.moralises]
        told.append([read.kind, *signs, read.hedges, read.words, round(read.sentiment, 6), personal])
    assert len(told) > 400
    assert content_hash(told) == READINGS[METHOD], "raise fairtrial.conduct.METHOD, and note the hash here"
