"""`anls`, `relaxed`, `point_in_box`: against their published definitions, computed by hand."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from fairtrial.errors import DataError
from fairtrial.spec.graders import Graders
from fairtrial.tasks.graders.anls import compute_edit_distance
from fairtrial.tasks.graders.base import GraderSet, make_graders
from fairtrial.tasks.graders.places import read_place
from fairtrial.tasks.graders.point_in_box import compute_iou
from tests.support.pages import edit_distance

READ: TypeAdapter[Any] = TypeAdapter(Graders)


def graders_of(written: object) -> GraderSet:
    return make_graders(READ.validate_python(written))


def values_of(written: object, answer: str, expected: list[str], row: dict[str, Any] | None = None) -> dict[str, float]:
    graders = graders_of(written)
    graders.check_row(expected, row or {})
    return {seen.measure: round(seen.value, 4) for seen in graders.observe(answer, expected, row or {})}


def test_edit_distance_is_that_of_the_textbook() -> None:
    drawn = random.Random(3)
    for _ in range(200):
        a, b = ("".join(drawn.choices("abc é", k=drawn.randint(0, 12))) for _ in range(2))
        assert compute_edit_distance(a, b) == edit_distance(a, b)
    assert compute_edit_distance("kitten", "sitting") == 3


@pytest.mark.parametrize(
    ("answer", "expected", "value"),
    [
        ("coca cola", ["Coca Cola"], 1.0),
        ("COCA  COLA ", ["coca cola"], 1.0),
        ("coca colla", ["coca cola"], 0.9),  # 1 edit of 10
        ("helo", ["hello"], 0.8),
        ("abxx", ["abcd"], 0.0),  # NL is 0.5: not below the threshold
        ("abcxx", ["abcde"], 0.6),
        ("ab", ["abcde"], 0.0),
        ("hotel", ["motel", "hotels"], 0.8333),  # the nearest: 1 of 6 against 1 of 5
        ("", ["x"], 0.0),
        ("The sign says EXIT", ["exit"], 0.0),
    ],
)
def test_anls(answer: str, expected: list[str], value: float) -> None:
    assert values_of("anls", answer, expected) == {"anls": value}


def test_anls_settings_and_time() -> None:
    assert values_of({"anls": 0.6}, "abxx", ["abcd"]) == {"anls": 0.5}
    assert values_of({"anls": {"ignore": ["case", "punctuation"]}}, "EXIT!", ["exit"]) == {"anls": 1.0}
    assert values_of("anls", "a" * 1_000_000, ["b" * 50]) == {"anls": 0.0}
    assert values_of({"anls": 1.0}, "a" * 300_000, ["b" * 5]) == {"anls": 0.0}
    with pytest.raises(DataError, match="has 10,001 characters; `anls` compares at most 10,000"):
        graders_of("anls").check_row(["a" * 10_001], {})
    assert values_of("anls", "a" * 2_000, ["a" * 1_500 + "b" * 500]) == {"anls": 0.75}


@pytest.mark.parametrize(
    ("answer", "expected", "value"),
    [
        ("105", "100", 1.0),  # 5% exactly
        ("105.01", "100", 0.0),
        ("95", "100", 1.0),
        ("94.9", "100", 0.0),
        ("-104", "-100", 1.0),
        ("0.001", "0", 0.0),  # 5% of nothing
        ("0.0", "0", 1.0),
        ("12%", "0.12", 1.0),
        ("12%", "12", 0.0),  # hundredths, as the published script has it
        ("12.5%", "12%", 1.0),
        ("36 of them (12%)", "0.36", 0.0),  # the sign belongs to another number
        ("36 (12%)", "36", 1.0),
        ("12% (120 of 1,000)", "0.12", 1.0),
        ("It is **12** %.", "12%", 1.0),
        ("About 12 per cent, not 15%", "12%", 1.0),
        (r"\boxed{12\%}", "0.12", 1.0),
        ("1,200% more", "12", 1.0),
        ("from 10% to 45", "45%", 0.0),
        ("about 12\u2030", "0.12", 0.0),
        ("About 1,030 people", "1000", 1.0),
        ("1000 or 2000", "1000", 0.0),
        ("Blue", "blue", 1.0),
        ("light blue", "blue", 0.0),
        ("2019", "2010", 1.0),  # years are numbers there, too
        ("Yes", "Yes", 1.0),
    ],
)
def test_relaxed(answer: str, expected: str, value: float) -> None:
    assert values_of("relaxed", answer, [expected]) == {"relaxed": value}


def test_relaxed_settings_and_signs() -> None:
    assert values_of({"relaxed": {"whole": True}}, "About 1,030 people", ["1000"]) == {"relaxed": 0.0}
    assert values_of({"relaxed": "10%"}, "109", ["100"]) == {"relaxed": 1.0}
    assert values_of({"relaxed": 0.0}, "101", ["100", "101"]) == {"relaxed": 1.0}
    graders = graders_of("relaxed")
    assert graders.find_signs("1 or 2", ["1"], {}) == ["unread"]
    assert graders.find_signs("12%", ["12"], {}) == ["near_miss"]
    assert graders.find_signs("pink", ["blue"], {}) == [] and graders.find_signs("12", ["12"], {}) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("(12, 34)", (12, 34)),
        ("[12 34]", (12, 34)),
        ("Click at (12.5, 34.0).", (12.5, 34)),
        ("[12, 34, 56, 78]", (12, 34, 56, 78)),
        ("[[12, 34, 56, 78]]", (12, 34, 56, 78)),
        ("(12, 34), (56, 78)", (12, 34, 56, 78)),
        ("<|box_start|>(12,34),(56,78)<|box_end|>", (12, 34, 56, 78)),
        ("<box>(12,34),(56,78)</box>", (12, 34, 56, 78)),
        ('<point x="61.5" y="40.4" alt="the cat">the cat</point>', (61.5, 40.4)),
        ('```json\n{"bbox_2d": [12, 34, 56, 78], "label": "cat"}\n```', (12, 34, 56, 78)),
        ('{"x": 12, "y": -3}', (12, -3)),
        ("x=0.25, y=.5", (0.25, 0.5)),
        ("x1: 1, y1: 2, x2: 3, y2: 4", (1, 2, 3, 4)),
        ("xmin=1 ymin=2 xmax=3 ymax=4", (1, 2, 3, 4)),
        ("left: 1, top: 2, right: 3, bottom: 4", (1, 2, 3, 4)),
        ('{"x": 12, "y": 34, "width": 44, "height": 46}', (12, 34, 56, 80)),
        ("left: 1, top: 2, width: 3, height: 4", (1, 2, 4, 6)),
        ("x=1 y=2 w=3 h=4", (1, 2, 4, 6)),
        ("width: 640, height: 480; x: 12, y: 34", (12, 34)),  # the size of the image
        ("x: 12, y: 34 in an image of width: 640, height: 480", (12, 34)),
        ("12, 34", (12, 34)),
        ("0.1 0.2 0.3 0.4", (0.1, 0.2, 0.3, 0.4)),
        ("The image is 640 wide; the button is at (12, 34)", (12, 34)),
        ("(12, 34). So: (12, 34)", (12, 34)),
        ("(12, 34) or then again (90, 80)?", None),
        ("x=1, y=2 and x=3, y=4", None),
        ("top left", None),
        ("12", None),
        ("", None),
    ],
)
def test_places_are_read_in_the_forms_in_which_models_write_them(text: str, place: tuple[float, ...] | None) -> None:
    assert read_place(text) == place


def test_numbers_with_names_say_themselves_which_they_are() -> None:
    assert read_place("(34, 12)", "yx") == read_place("y=34, x=12", "yx") == read_place("x=12, y=34", "yx") == (12, 34)
    assert read_place("[34, 12, 78, 56]", "yx") == (12, 34, 56, 78)


BOX = "[10, 20, 30, 60]"


@pytest.mark.parametrize(
    ("settings", "answer", "value"),
    [
        ({}, "(20, 40)", 1.0),
        ({}, "(10, 60)", 1.0),  # on the edge
        ({}, "(9.9, 40)", 0.0),
        ({}, "[0, 20, 40, 60]", 1.0),  # the middle of a box
        ({}, "nowhere", 0.0),
        ({"order": "yx"}, "(40, 20)", 1.0),
        ({"order": "yx"}, "(20, 40)", 0.0),
        ({"coordinates": "relative", "expected": "pixel", "width": 100, "height": 200}, "(0.2, 0.2)", 1.0),
        ({"coordinates": "thousand", "expected": "pixel", "width": "w", "height": "h"}, "(200, 200)", 1.0),
        ({"coordinates": "percent", "expected": "pixel", "width": "w", "height": "h"}, "(20, 35)", 0.0),
        ({"coordinates": "thousand", "expected": "percent"}, "(200, 400)", 1.0),
        ({"boxes": "size"}, "(39, 79)", 1.0),  # 30 across and 60 down from (10, 20)
    ],
)
def test_point_in_box(settings: dict[str, Any], answer: str, value: float) -> None:
    assert values_of({"point_in_box": settings}, answer, [BOX], {"w": 100, "h": "200"}) == {"point_in_box": value}


def test_several_boxes_are_right_each() -> None:
    for right in (["[[0, 0, 5, 5], [10, 20, 30, 60]]"], ["[0, 0, 5, 5]", BOX], ["(10, 20), (30, 60)"]):
        assert values_of("point_in_box", "(20, 40)", right) == {"point_in_box": 1.0}


def test_overlap() -> None:
    assert compute_iou((0, 0, 2, 2), (1, 1, 3, 3)) == pytest.approx(1 / 7)
    assert compute_iou((0, 0, 1, 1), (1, 0, 2, 1)) == 0 and compute_iou((0, 0, 0, 0), (0, 0, 0, 0)) == 0
    half = {"point_in_box": {"iou": 0.5}}
    assert values_of(half, "[10, 20, 30, 60]", [BOX]) == {"box_match": 1.0, "iou": 1.0}
    assert values_of(half, "[30, 60, 10, 20]", [BOX]) == {"box_match": 1.0, "iou": 1.0}
    assert values_of(half, "[10, 20, 30, 40]", [BOX]) == {"box_match": 1.0, "iou": 0.5}
    assert values_of(half, "[10, 20, 30, 39]", [BOX]) == {"box_match": 0.0, "iou": 0.475}
    assert values_of(half, "(20, 40)", [BOX]) == {"box_match": 0.0, "iou": 0.0}
    assert graders_of(half).find_signs("(20, 40)", [BOX], {}) == ["unread"]


def test_places_outside_the_image_and_none_are_told() -> None:
    relative = graders_of({"point_in_box": "relative"})
    right = ["[0.1, 0.1, 0.2, 0.2]"]
    assert relative.find_signs("(150, 150)", right, {}) == ["outside"]
    assert relative.find_signs("(0.9, 0.9)", right, {}) == [] and relative.find_signs("here", right, {}) == ["unread"]
    converted = graders_of({"point_in_box": {"coordinates": "thousand", "expected": "relative"}})
    assert converted.find_signs("(1500, 500)", right, {}) == ["outside"]
    shown = {"point_in_box": {"coordinates": "relative", "expected": "pixel", "width": 640, "height": 480}}
    assert graders_of(shown).find_signs("(0.5, 0.5)", [BOX], {}) == []
    sized = graders_of({"point_in_box": {"width": "w", "height": 65}})
    assert sized.find_signs("(20, 66)", [BOX], {"w": 100}) == ["outside"]


def test_rows_and_settings_that_cannot_be_graded_are_refused() -> None:
    graders = graders_of(
        {"point_in_box": {"coordinates": "relative", "expected": "pixel", "width": "w", "height": "h"}}
    )
    with pytest.raises(DataError, match=r"is no box; write four numbers"):
        graders.check_row(["(1, 2)"], {"w": 1, "h": 1})
    with pytest.raises(DataError, match="ends before it begins; `boxes: size`"):
        graders.check_row(["[10, 20, 5, 60]"], {"w": 1, "h": 1})
    for odd in ("[0, 0, Infinity, 5]", "[NaN, 0, 3, 5]", "[false, false, true, true]", f"[0, 0, 5, 1{'0' * 400}]"):
        with pytest.raises(DataError, match="is no box"):
            graders.check_row([odd], {"w": 1, "h": 1})
    for row in ({}, {"w": "wide", "h": 3}, {"w": 0, "h": 3}, {"w": 10, "h": "nan"}):
        with pytest.raises(DataError, match="should be the pixels of the image"):
            graders.check_row([BOX], row)
    with pytest.raises(ValidationError, match="write its width and height"):
        READ.validate_python({"point_in_box": {"coordinates": "relative", "expected": "pixel"}})
    with pytest.raises(ValidationError, match="belong together"):
        READ.validate_python({"point_in_box": {"width": 3}})


def test_hostile_places_take_no_time() -> None:
    for answer in ("(" * 100_000, "(1, 2" * 20_000, "x=" * 50_000, "1 " * 50_000, "<" * 50_000 + "1,2"):
        assert values_of("point_in_box", answer, [BOX]) == {"point_in_box": 0.0}
