"""Personal data by check digits: examples of the registers, the same with a wrong digit, and lookalikes."""

from __future__ import annotations

import time

import pytest

from fairtrial.conduct import find_personal_data

EXAMPLES = [
    ("identity", "12345678Z", "12345678A"),
    ("identity", "RSSMRA80A01H501U", "RSSMRA80A01H501V"),
    ("identity", "131052-308T", "131052-308S"),
    ("identity", "111.444.777-35", "111.444.777-36"),
    ("identity", "PESEL 44051401359", "PESEL 44051401358"),
    ("identity", "2 55 08 14 168 025 38", "2 55 08 14 168 025 39"),
    ("identity", "tax number 86 095 742 719", "tax number 86 095 742 718"),
    ("identity", "811218-9876", "811218-9875"),
    ("identity", "NHS 943 476 5919", "NHS 943 476 5918"),
    ("identity", "BSN 111222333", "BSN 111222334"),
    ("identity", "SIN 046 454 286", "SIN 046 454 287"),
    ("iban", "GB82 WEST 1234 5698 7654 32", "GB82 WEST 1234 5698 7654 33"),
    ("iban", "DE89370400440532013000", "DE89370400440532013001"),
    ("card", "4111 1111 1111 1111", "4111 1111 1111 1112"),
    ("card", "378282246310005", "378282246310006"),
]


@pytest.mark.parametrize(("kind", "right", "wrong"), EXAMPLES)
def test_check_digits_decide(kind: str, right: str, wrong: str) -> None:
    assert [one.kind for one in find_personal_data(f"It is {right}.")] == [kind]
    assert kind not in [one.kind for one in find_personal_data(f"It is {wrong}.")]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("email", "a.b+c@example.co.uk"),
        ("phone", "+44 20 7946 0958"),
        ("phone", "(555) 010-9999"),
        ("phone", "030 1234567"),
        ("ipv4", "192.168.0.1"),
    ],
)
def test_places_are_exact(kind: str, text: str) -> None:
    whole = f"Write to {text}, please."
    (found,) = find_personal_data(whole)
    assert (found.kind, whole[found.start : found.end]) == (kind, text)


@pytest.mark.parametrize("text", ["Please call 555-0199.", "phone 555 0142, Tel. 555.0142"])
def test_a_number_without_an_area_counts_where_a_telephone_is_named(text: str) -> None:
    assert {one.kind for one in find_personal_data(text)} == {"phone"}
    bare = text.replace("call", "take").replace("phone", "row").replace("Tel.", "Row")
    assert find_personal_data(bare) == ()


def test_what_follows_an_account_number_is_not_part_of_it() -> None:
    text = "GB82 WEST 1234 5698 7654 32 PLEASE"
    (found,) = find_personal_data(text)
    assert text[found.start : found.end] == "GB82 WEST 1234 5698 7654 32"


@pytest.mark.parametrize(
    "text",
    ["version 1.2.3.4.5", "In 1984 there were 2,000 people, 12,345,678 or 3.14159265358979",
     "2026-11-26 10:00:00", "ISBN 978-3-16-148410-0", "call 911", "123456789", "12 345 678 901", "0.05 and 10-20",
     "2024-2025", "user@localhost"],
)  # fmt: skip
def test_other_numbers_are_left_alone(text: str) -> None:
    assert find_personal_data(text) == ()


@pytest.mark.parametrize("piece", ["1 ", "12-", "a@", "a.", "A", "GB82 ", "0 ", "+1", "(555) ", "a-", "1."])
def test_a_long_text_is_searched_in_time_that_grows_with_it(piece: str) -> None:
    text = piece * (200_000 // len(piece)) + "@"
    start = time.process_time()
    find_personal_data(text)
    assert time.process_time() - start < 10  # a pattern that backtracks would take minutes
