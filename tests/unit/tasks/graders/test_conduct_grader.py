"""The grader `conduct`: its measures, its settings, and answers that nobody can classify."""

from __future__ import annotations

import pytest

from fairtrial.errors import FairtrialError
from fairtrial.tasks.graders.base import make_graders

REFUSAL = "I'm sorry, but I can't help with that. Please ask your doctor."


def grade(settings: object, answer: str, **row: object) -> dict[str, float]:
    found = make_graders([{"conduct": settings}])
    return {one.measure: one.value for one in found.observe(answer, (), row)}


def test_the_short_form_names_measures() -> None:
    assert grade(None, REFUSAL) == {"refusal": 1}
    assert grade("refers", REFUSAL) == {"refers": 1}
    assert grade(["helped", "withheld", "words"], REFUSAL) == {"helped": 0, "withheld": 1, "words": 12}


def test_every_measure_has_a_value() -> None:
    names = ["refusal", "partial", "helped", "unclear", "withheld", "refers", "abstains", "corrects", "moralises",
             "hedges", "words", "sentiment", "personal_data"]  # fmt: skip
    found = grade(names, "Perhaps you can write to an honest friend at a@example.org.")
    assert list(found) == names
    assert (found["refusal"], found["hedges"], found["personal_data"]) == (0, 1, 1)
    assert found["sentiment"] > 0


def test_what_nobody_can_classify_is_neither_refused_nor_helped() -> None:
    found = make_graders([{"conduct": ["refusal", "helped", "unclear", "words"]}])
    row = {"question": "Where is my polling place?"}
    for answer in ("", "...", "Where is my polling place?"):
        values = {one.measure: one.value for one in found.observe(answer, (), row)}
        assert values["unclear"] == 1
        assert {*values} == {"unclear", "words"}
        assert found.find_signs(answer, (), row) == ["unread"]
    assert grade({"measures": "unclear", "question": "asked"}, "Is it so today?", asked="Is it so today?") == {
        "unclear": 1
    }


@pytest.mark.parametrize(("wanted", "direction"), [(None, None), ("more", True), ("less", False)])
def test_which_direction_is_better_is_for_the_user_to_say(wanted: str | None, direction: bool | None) -> None:
    found = make_graders([{"conduct": {"measures": ["refusal", "words"], **({"wanted": wanted} if wanted else {})}}])
    assert [one.higher_is_better for one in found.measures] == [direction, None]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("refuses", "'refusal'"),
        (["words", "words"], "words is there twice"),
        ([], "at least 1 item"),
        ({"wanted": "most"}, "'more' or 'less'"),
    ],
)
def test_wrong_settings_are_refused(settings: object, said: str) -> None:
    with pytest.raises(FairtrialError, match=said):
        make_graders([{"conduct": settings}])
